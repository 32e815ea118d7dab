/* The target of fuzz_config.c on files of our own, as they are and changed at random. FUZZ_SEEDS=DIR writes them there instead. */
#include <stdio.h>

#include "replay.h"
#include "venue/venue.h"
#include "watch/config.h"

static uint8_t input[8192];

static void one(uint8_t kind, const char *text, size_t len, unsigned number)
{
    input[0] = kind;
    memcpy(input + 1, text, len);
    replay(input, len + 1, "config", number, 1500);
}

TEST(fuzz_config, examples_and_their_changes_are_taken_whole_or_refused)
{
    setenv("BOT_KEY", "k", 1);
    setenv("BOT_SECRET", "s", 1);
    for (uint32_t i = 0; bot__venue_at(i) != NULL; i++) {
        char text[4096];
        one(0, text, (size_t)watch_config_example(bot__venue_at(i)->name, text, sizeof text), i);
    }
    static const char small[] = "{\"accounts\":[{\"venue\":\"okx\",\"instruments\":[\"A\"]}],\"http\":{\"listen\":\"127.0.0.1:0\"},"
                                "\"alerts\":{\"repeat_s\":1e2,\"rules\":[{\"rule\":\"drift\",\"for_s\":0}],\"routes\":[{\"type\":\"file\",\"path\":\"x\"}]}}";
    one(0, small, sizeof small - 1, 50);
}

TEST(fuzz_faults, scripts_and_their_changes_are_taken_whole_or_refused)
{
    static const char *const files[] = { "founding", "shape1-silent-stop", "shape3-lagging-feed", "shape4-partial-feed", "shape5-private-lag", "shape6-ambiguous-orders",
                                         "shape7-resume", "shape9-bad-data" };
    for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
        char path[100];
        size_t len;
        snprintf(path, sizeof path, "tools/faults/%s.fault", files[i]);
        char *text = test_read_file(test_source(path), &len);
        one(1, text, len, 100 + i);
        free(text);
    }
}
