/* Any bytes through any codec: no crash, no read outside the buffer, no position out of a failure. The input's first line
 * is "VENUE ws" or "VENUE CALL-NUMBER"; the rest is the message or body. JSON reader and printed form come along.
 *
 * The corpus is made by hand and stands in the repository, so that this runs where the recordings are not.
 *
 * With -fsanitize=fuzzer (option `fuzzers`) this is a libFuzzer target; otherwise main replays the files of its arguments
 * as they stand and in mutations of each, so that the corpus is a plain test. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "venue/venue.h"

#define LEVELS_MAX 10000
static bot_level levels[LEVELS_MAX];
static int positions;

static int sink(void *user_data, const bot_event *ev)
{
    (void)user_data;
    char out[2048];
    positions += ev->kind == BOT_EV_POSITION;
    if (ev->kind == BOT_EV_FILL && ((ev->has & BOT_HAS_QTY) == 0 || bot_dec_sign(ev->fill.qty) <= 0))
        abort();
    const int n = bot_event_format(ev, "v", out, sizeof out);
    if (n > 0 && ev->kind != BOT_EV_BOOK) { /* what we print is JSON */
        struct json j;
        bot__json_init(&j, out, (size_t)n);
        bot__json_skip(&j);
        if (bot__json_end(&j) != BOT_OK)
            abort();
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = memchr(data, '\n', size < 64 ? size : 64);
    const uint8_t *blank = line == NULL ? NULL : memchr(data, ' ', (size_t)(line - data));
    if (blank == NULL)
        return 0;
    char name[64] = "", what[64] = "";
    memcpy(name, data, (size_t)(blank - data));
    memcpy(what, blank + 1, (size_t)(line - blank - 1));
    const struct venue *v = bot__venue_find(name);
    if (v == NULL)
        return 0;
    const size_t len = size - (size_t)(line + 1 - data);
    char *exact = malloc(len + 1); /* of just this size: a sanitizer sees one byte too far */
    void *state = calloc(1, v->state_size + 1);
    if (exact == NULL || state == NULL)
        abort();
    memcpy(exact, line + 1, len);
    struct venue_context ctx = { .scratch = { levels, LEVELS_MAX }, .state = state };
    const struct slice text = { exact, len };
    positions = 0;
    if (strcmp(what, "ws") == 0) {
        (void)v->decode_ws(&ctx, BOT_SOURCE_WS_PRIVATE, text, sink, NULL);
    } else {
        struct venue_reply reply;
        const int call = atoi(what);
        if (call > VENUE_CALL_NONE && call < VENUE_CALL_COUNT) {
            (void)v->decode_rest(&ctx, (enum venue_call)call, 200, NULL, 0, text, sink, NULL, &reply);
            if (reply.outcome != BOT_OUTCOME_OK && positions != 0)
                abort();
        }
    }
    free(exact);
    free(state);
    return 0;
}

#ifndef BOT_LIBFUZZER
static uint64_t rng = 88172645463325252u;
static size_t below(size_t n)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return n == 0 ? 0 : (size_t)(rng % n);
}

static int replay(const char *path)
{
    static uint8_t data[1 << 16], mutated[1 << 16];
    static const char *const tokens[] = { "\"\"", "null", "-1", "0", "1e9", "{", "}", "[", "]", "\\u0000", "\"", ",", "true", "99999999999999999999" };
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return 1;
    const size_t size = fread(data, 1, sizeof data, f);
    fclose(f);
    const uint8_t *line = memchr(data, '\n', size);
    if (line == NULL)
        return 1;
    const size_t head = (size_t)(line + 1 - data);
    LLVMFuzzerTestOneInput(data, size);
    for (size_t cut = head; cut < size; cut++)
        LLVMFuzzerTestOneInput(data, cut);
    for (int i = 0; i < 3000; i++) {
        memcpy(mutated, data, size);
        for (size_t k = 1 + below(4); k > 0; k--) {
            const size_t at = head + below(size - head);
            if (below(2)) {
                mutated[at] = (uint8_t)below(256);
            } else {
                const char *token = tokens[below(sizeof tokens / sizeof *tokens)];
                const size_t n = strlen(token);
                memcpy(mutated + at, token, n < size - at ? n : size - at);
            }
        }
        LLVMFuzzerTestOneInput(mutated, size);
    }
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0, files = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (dir == NULL)
            return 1;
        for (struct dirent *e; (e = readdir(dir)) != NULL;) {
            char path[4096];
            if (e->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            failed |= replay(path);
            files++;
        }
        closedir(dir);
    }
    printf("%d files\n", files);
    return failed || files == 0;
}
#endif
