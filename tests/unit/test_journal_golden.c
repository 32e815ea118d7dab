/* Journals of every released format, kept in tests/data, must stay readable; and botctl's commands on them.
 *
 * LIBBOT_WRITE_GOLDEN=<dir> makes those of the current format anew (two journals and a text beside them). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "journal/checkpoint.h"
#include "journal/crc.h"
#include "journal/format.h"
#include "journal/item.h"
#include "journal/reader.h"
#include "journal/replay.h"
#include "journal_events.h"
#include "journal_story.h"

#define STORY_MAX 400
static bot_event story[STORY_MAX];

static struct journal *open_new(const char *path, uint64_t segment_bytes)
{
    struct journal_config c = { .venue = "bybit", .account = "main", .inline_rounds = true };
    struct journal_recovery rec;
    struct journal *j;
    bot_journal_options_init(&c.options);
    c.options.path = path;
    c.options.segment_bytes = segment_bytes;
    int e = bot__journal_open(&c, &j, &rec);
    ck_assert_msg(e == BOT_OK, "%s", rec.text);
    return j;
}

static void write_story_with(const char *path, uint64_t segment_bytes, uint32_t fills_seen_max)
{
    bot_core_options o;
    char text[8192];
    struct journal *j = open_new(path, segment_bytes);
    const unsigned n = story_make(story, STORY_MAX, 1000000);
    story_options(&o);
    if (fills_seen_max != 0)
        o.fills_seen_max = fills_seen_max;
    int len = bot__core_options_format(&o, text, sizeof text);
    ck_assert_int_eq(bot__journal_append_options(j, story[0].ts, text, (size_t)len), BOT_OK);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_int_eq(bot__journal_append(j, &story[i]), BOT_OK);
        if (i % 20 == 0)
            bot__journal_round(j);
    }
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
}

static void write_story(const char *path) { write_story_with(path, 12288, 0); }

static void write_kinds(const char *path)
{
    test_rng rng = { 1 };
    struct journal *j = open_new(path, 65536);
    for (int round = 0; round < 3; round++)
        for (int kind = 1; kind < BOT_EV_KIND_COUNT; kind++) {
            bot_event ev;
            if (!test_event_is_journaled((bot_event_kind)kind))
                continue;
            test_event_random(&rng, (bot_event_kind)kind, &ev);
            ck_assert_int_eq(bot__journal_append(j, &ev), BOT_OK);
        }
    ck_assert_int_eq(bot__journal_append_raw(j, 5, BOT_SOURCE_REST, "<html>", 6), BOT_OK);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
}

/* Counts, and what the fills made of the position: what no later version may see otherwise. */
static void summary(const char *path, char *buf, size_t size)
{
    bot_journal_reader *r;
    bot_journal_item item;
    bot_journal_place place;
    struct journal_core jc;
    unsigned events = 0, fills = 0, runs = 0;
    int e;
    ck_assert_int_eq(bot_journal_open_read(path, "bybit", "main", &r, &place), BOT_OK);
    e = bot__journal_core_open(&jc, NULL, path, r, UINT64_MAX);
    ck_assert_int_eq(e, BOT_OK);
    while ((e = bot_journal_next(r, &item, &place)) == 1) {
        runs += item.kind == BOT_JOURNAL_RUN;
        events += bot__journal_core_step(&jc, &item) == 1;
        fills += item.kind == BOT_JOURNAL_EVENT && item.event.kind == BOT_EV_FILL;
    }
    ck_assert_msg(e == 0, "%s", place.text);
    bot_position p;
    char qty[BOT_DEC_TEXT_MAX], entry[BOT_DEC_TEXT_MAX], realised[BOT_DEC_TEXT_MAX], cost[BOT_DEC_TEXT_MAX];
    bot_core_position(jc.core, 0, BOT_LEG_NET, &p);
    bot_fixed_format(p.qty.v, qty);
    bot_fixed_format(p.avg_entry.v, entry);
    bot_fixed_format(p.realised.v, realised);
    bot_fixed_format(p.cost.v, cost);
    snprintf(buf, size, "events %u fills %u runs %u\nqty %s entry %s realised %s cost %s\n", events, fills, runs, qty, entry, realised, cost);
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);
}

TEST(journal_golden, format_1_replays_to_the_state_it_had)
{
    char text[512], path[512];
    const char *write_to = getenv("LIBBOT_WRITE_GOLDEN");
    if (write_to != NULL) {
        snprintf(path, sizeof path, "%s/journal-1-kinds", write_to);
        write_kinds(path);
        snprintf(path, sizeof path, "%s/journal-1", write_to);
        write_story(path);
        summary(path, text, sizeof text);
        snprintf(path, sizeof path, "%s/journal-1.expected", write_to);
        FILE *f = fopen(path, "w");
        ck_assert_ptr_nonnull(f);
        fputs(text, f);
        fclose(f);
    }
    summary(test_source("tests/data/journal-1"), text, sizeof text);
    char *expected = test_read_file(test_source("tests/data/journal-1.expected"), NULL);
    ck_assert_str_eq(text, expected);
    free(expected);
}

TEST(journal_golden, format_1_keeps_every_kind_of_event_bit_for_bit)
{
    bot_journal_reader *r;
    bot_journal_item item;
    unsigned seen[BOT_EV_KIND_COUNT] = { 0 }, raw = 0;
    int e;
    ck_assert_int_eq(bot_journal_open_read(test_source("tests/data/journal-1-kinds"), NULL, NULL, &r, NULL), BOT_OK);
    while ((e = bot_journal_next(r, &item, NULL)) == 1) {
        unsigned char again[JOURNAL_EVENT_ITEM_MAX + 16];
        raw += item.kind == BOT_JOURNAL_RAW;
        if (item.kind != BOT_JOURNAL_EVENT)
            continue;
        seen[item.event.kind]++;
        bot_journal_item back;
        int len = bot__item_encode_event(&item.event, again);
        ck_assert_int_gt(len, 0);
        ck_assert_int_eq(bot__item_decode(again, (size_t)len, &back), BOT_OK);
        ck_assert_int_eq(memcmp(&back.event, &item.event, sizeof back.event), 0);
    }
    ck_assert_int_eq(e, 0);
    ck_assert_uint_eq(raw, 1);
    for (int kind = 1; kind <= BOT_EV_CHECKPOINT; kind++)
        ck_assert_uint_eq(seen[kind], test_event_is_journaled((bot_event_kind)kind) ? 3 : 0);
    bot_journal_close_read(r);
}

/* Output of botctl, until the next call, and its exit status. */
static char *botctl(int *ret_status, const char *format, ...) __attribute__((format(printf, 2, 3)));
static char *botctl(int *ret_status, const char *format, ...)
{
    char arguments[10000], command[15000];
    va_list ap;
    va_start(ap, format);
    vsnprintf(arguments, sizeof arguments, format, ap);
    va_end(ap);
    const char *program = test_build("tools/botctl/botctl");
    if (access(program, X_OK) != 0)
        test_skip("botctl is not built: %s", program);
    snprintf(command, sizeof command, "'%s' %s 2>&1", program, arguments);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    static char out[1 << 20];
    size_t n = fread(out, 1, sizeof out - 1, f);
    out[n] = '\0';
    *ret_status = WEXITSTATUS(pclose(f));
    return out;
}

static unsigned lines_of(const char *text)
{
    unsigned n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

TEST(journal_golden, botctl_verifies_replays_explains_exports_and_tails_it)
{
    char path[4096]; /* the harness's own buffers go round */
    snprintf(path, sizeof path, "%s", test_source("tests/data/journal-1"));
    int status;
    unsigned events, fills, runs;
    char *expected = test_read_file(test_source("tests/data/journal-1.expected"), NULL), qty[64], realised[64], wanted[160];
    ck_assert_int_eq(sscanf(expected, "events %u fills %u runs %u qty %63s entry %*s realised %63s", &events, &fills, &runs, qty, realised), 5);

    char *out = botctl(&status, "verify '%s'", path);
    ck_assert_msg(status == 0, "%s", out);
    snprintf(wanted, sizeof wanted, "\"events\":%u,\"fills\":%u,\"runs\":%u", events, fills, runs);
    ck_assert_msg(strstr(out, wanted) != NULL && strstr(out, "\"whole\":true") != NULL, "%s", out);
    ck_assert_uint_eq(lines_of(out), 1);

    out = botctl(&status, "verify '%s' '%s-kinds'", path, path);
    ck_assert_int_eq(status, 1);
    ck_assert_ptr_nonnull(strstr(out, "\"differs\""));
    out = botctl(&status, "verify '%s' '%s'", path, path);
    ck_assert_int_eq(status, 0);

    out = botctl(&status, "replay '%s'", path);
    ck_assert_msg(status == 0, "%s", out);
    snprintf(wanted, sizeof wanted, "\"qty\":\"%s\"", qty);
    ck_assert_msg(strstr(out, wanted) != NULL, "%s", out);
    ck_assert_ptr_nonnull(strstr(out, "\"gate\":"));
    out = botctl(&status, "replay '%s' --record 20", path);
    ck_assert_int_eq(status, 0);
    ck_assert_msg(strstr(out, wanted) == NULL, "%s", out);
    ck_assert_ptr_nonnull(strstr(out, "\"record\":19"));

    out = botctl(&status, "explain '%s'", path);
    ck_assert_int_eq(status, 0);
    ck_assert_ptr_nonnull(strstr(out, "fill       BTCUSDT buy 0.004 at 65000.7"));
    ck_assert_ptr_nonnull(strstr(out, "-> GATE  "));
    ck_assert_ptr_nonnull(strstr(out, "REFUSED"));
    ck_assert_ptr_nonnull(strstr(out, "stream     private LOST: connection reset"));
    ck_assert_ptr_nonnull(strstr(out, "-> AGREE BTCUSDT"));
    const unsigned whole = lines_of(out);
    out = botctl(&status, "explain --brief '%s'", path);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_lt(lines_of(out), whole * 2 / 3);
    ck_assert_ptr_nonnull(strstr(out, "fill       BTCUSDT buy 0.004 at 65000.7"));
    ck_assert_ptr_nonnull(strstr(out, "-> GATE  "));
    ck_assert_ptr_nonnull(strstr(out, " more answers about BTCUSDT agreed"));
    ck_assert_msg(strstr(out, "ack  ") == NULL && strstr(out, "request submit") == NULL, "%s", out);

    out = botctl(&status, "export '%s' --csv", path);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(lines_of(out), fills + 1);
    out = botctl(&status, "export '%s' --json", path);
    ck_assert_uint_eq(lines_of(out), fills);
    snprintf(wanted, sizeof wanted, "\"realised_total\":\"%s\"", realised);
    ck_assert_msg(strstr(out, wanted) != NULL, "%s", out);

    out = botctl(&status, "tail '%s' -n 3", path);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(lines_of(out), 3);
    out = botctl(&status, "tail '%s' --record 0", path);
    ck_assert_uint_eq(lines_of(out), events + 2); /* the run and its options */

    out = botctl(&status, "replay '%s' --at yesterday", path);
    ck_assert_int_eq(status, 2);
    out = botctl(&status, "replay '%s' --at 2001-01-01T00:00:00Z", path); /* before it begins: not an empty state */
    ck_assert_msg(status == 1 && strstr(out, "\"gate\"") == NULL, "%s", out);
    out = botctl(&status, "verify /nonexistent/journal");
    ck_assert_int_eq(status, 1);
    free(expected);
}

/* At a start fills may be there before the row of their instrument. They are rows all the same, each with the position behind it. */
TEST(journal_golden, botctl_exports_fills_that_waited_for_their_instrument)
{
    char dir[] = "/tmp/libbot-golden-XXXXXX", path[128], text[8192];
    bot_core_options o;
    bot_event ev;
    int status;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/j", dir);
    struct journal *j = open_new(path, 65536);
    story_make(story, STORY_MAX, 1000000);
    ck_assert_int_eq(story[0].kind, BOT_EV_INSTRUMENT);
    story_options(&o);
    o.manual_policy = BOT_MANUAL_IGNORE;
    const int len = bot__core_options_format(&o, text, sizeof text);
    ck_assert_int_eq(bot__journal_append_options(j, 1000000, text, (size_t)len), BOT_OK);
    for (unsigned i = 0; i < 3; i++) {
        test_event_fill(i, 1000000, &ev);
        bot__journal_append(j, &ev);
    }
    ev = (bot_event){ .kind = BOT_EV_FUNDING, .source = BOT_SOURCE_WS_PRIVATE, .ts = 1000000, .seq = BOT_SEQ_NONE, .instrument = story[0].instrument,
                      .funding = { .exec_id = { .len = 2, .s = "p1" }, .amount = { 25, 2 }, .currency = { .len = 4, .s = "USDT" } } };
    bot__journal_append(j, &ev);
    bot__journal_append(j, &story[0]);
    test_event_fill(3, 1000001, &ev);
    bot__journal_append(j, &ev);
    ev.fill.kind = BOT_FILL_LIQUIDATION; /* told by its order first */
    ev.fill.derived = true;
    ev.fill.cum_qty = ev.fill.qty = (bot_dec){ 2, 3 };
    ev.has |= BOT_HAS_CUM_QTY;
    ev.fill.order_id = (bot_id){ .len = 3, .s = "liq" };
    ev.fill.client_id.len = 0;
    ev.fill.side = BOT_BUY;
    ev.fill.exec_id = (bot_id){ .len = 9, .s = "liq:0.002" };
    bot__journal_append(j, &ev);
    ev.fill.derived = false;
    ev.has &= ~(uint32_t)BOT_HAS_CUM_QTY;
    ev.fill.exec_id = (bot_id){ .len = 4, .s = "real" };
    bot__journal_append(j, &ev);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    char *out = botctl(&status, "export '%s'", path);
    ck_assert_int_eq(status, 0);
    ck_assert_msg(lines_of(out) == 7, "%s", out);
    static const char *const positions[] = { "0.001", "-0.001", "0.002", "-0.002" };
    const char *p = out;
    for (unsigned i = 0; i < 4; i++) {
        char wanted[64], id[64];
        snprintf(wanted, sizeof wanted, "\"position\":\"%s\"", positions[i]);
        snprintf(id, sizeof id, "%012u\"", i);
        p = strstr(p, id);
        ck_assert_msg(p != NULL && strstr(p, wanted) != NULL && strstr(p, wanted) < strchr(p, '\n'), "%u: %s", i, out);
    }
    ck_assert_msg(strstr(out, "\"row\":\"funding\"") != NULL, "%s", out);
    p = strstr(out, "\"exec_id\":\"real\"");
    ck_assert_msg(p != NULL && strstr(p, "\"qty\":\"0\"") != NULL && strstr(p, "\"confirms\":true") != NULL && strstr(p, "\"position\":\"0\"") != NULL, "%s", out);
    snprintf(text, sizeof text, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(text), 0);
}

static int64_t wall_now;
static int64_t wall_of_the_test(void *self)
{
    (void)self;
    return wall_now;
}

/* The first run's clock was a day ahead: what came after it is not hidden by that. */
TEST(journal_golden, botctl_finds_a_time_behind_a_run_whose_clock_was_ahead)
{
    static const int64_t day_ns = 86400 * BOT_NS_PER_S, noon = INT64_C(1700049600000000000); /* 2023-11-15T12:00:00Z */
    char dir[] = "/tmp/libbot-golden-XXXXXX", path[128], text[8192];
    struct journal_fs fs = bot__journal_fs;
    bot_core_options o;
    bot_event ev;
    int status;
    fs.wall = wall_of_the_test;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/j", dir);
    story_make(story, STORY_MAX, 1000000);
    story_options(&o);
    o.manual_policy = BOT_MANUAL_IGNORE;
    const int len = bot__core_options_format(&o, text, sizeof text);
    for (unsigned run = 0; run < 3; run++) {
        struct journal_config c = { .venue = "bybit", .account = "main", .fs = &fs, .inline_rounds = true };
        struct journal_recovery rec;
        struct journal *j;
        bot_journal_options_init(&c.options);
        c.options.path = path;
        wall_now = run == 0 ? noon + day_ns : noon + 3600 * BOT_NS_PER_S * run;
        ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
        const bot_ts now = fs.now(fs.self) + rec.ts_offset;
        ck_assert_int_eq(bot__journal_append_options(j, now, text, (size_t)len), BOT_OK);
        story[0].ts = now;
        if (run == 0) bot__journal_append(j, &story[0]);
        for (unsigned i = 0; i < 2; i++) {
            test_event_fill(2 * run + i, now + BOT_NS_PER_S * (bot_ts)i, &ev);
            bot__journal_append(j, &ev);
        }
        ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    }
    /* Fills 0 and 1 in the first run, 2 and 3 from 13:00, 4 and 5 from 14:00: +1 -2 +3 -4 +5 -6 thousandths. */
    static const struct { const char *at, *qty; } at[] = { { "2023-11-15T13:00:00.500Z", "0.002" }, { "2023-11-15T13:30:00Z", "-0.002" },
                                                           { "2023-11-15T14:00:00.500Z", "0.003" }, { "2023-11-15T18:00:00Z", "-0.003" } };
    for (unsigned i = 0; i < 4; i++) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "\"qty\":\"%s\"", at[i].qty);
        const char *out = botctl(&status, "replay '%s' --at %s", path, at[i].at);
        ck_assert_msg(status == 0 && strstr(out, wanted) != NULL, "at %s: %s", at[i].at, out);
    }
    const char *before = botctl(&status, "replay '%s' --at 2023-11-15T11:00:00Z", path);
    ck_assert_msg(status == 1 && strstr(before, "2023-11-16T12:00:00") != NULL && strstr(before, "\"gate\"") == NULL, "%s", before);
    const char *out = botctl(&status, "explain '%s' --from 2023-11-15T12:30:00Z --to 2023-11-15T13:30:00Z", path);
    ck_assert_msg(status == 0 && strstr(out, "000000000002") != NULL && strstr(out, "000000000003") != NULL, "%s", out);
    ck_assert_msg(strstr(out, "000000000001") == NULL && strstr(out, "000000000004") == NULL, "%s", out);
    snprintf(text, sizeof text, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(text), 0);
}

TEST(journal_golden, botctl_names_the_place_of_a_flipped_bit)
{
    char dir[] = "/tmp/libbot-golden-XXXXXX", path[128], command[1024];
    int status;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(command, sizeof command, "cp -r '%s' '%s/j'", test_source("tests/data/journal-1"), dir);
    ck_assert_int_eq(system(command), 0);
    snprintf(path, sizeof path, "%s/j/00000001.journal", dir);
    FILE *f = fopen(path, "r+b");
    ck_assert_ptr_nonnull(f);
    fseek(f, 256 + 256 * 7 + 100, SEEK_SET);
    int c = fgetc(f);
    fseek(f, -1, SEEK_CUR);
    fputc(c ^ 1, f);
    fclose(f);
    char *out = botctl(&status, "verify '%s/j'", dir);
    ck_assert_int_eq(status, 1);
    ck_assert_msg(strstr(out, "\"damage\":\"checksum\",\"segment\":1,\"offset\":2048,\"record\":7,\"records\":1") != NULL, "%s", out);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

/* Its numbers begin anew: read as the end of this journal it would tell another account's story with confidence. */
TEST(journal_golden, a_segment_copied_in_from_another_journal_is_refused)
{
    char dir[] = "/tmp/libbot-golden-XXXXXX", command[1024];
    static const char *const commands[] = { "verify", "replay", "explain", "export --csv", "tail" };
    int status;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(command, sizeof command, "cp -r '%s' '%s/j'", test_source("tests/data/journal-1"), dir);
    ck_assert_int_eq(system(command), 0);
    snprintf(command, sizeof command, "cp '%s' '%s/j/00000003.journal'", test_source("tests/data/journal-1-kinds/00000001.journal"), dir);
    ck_assert_int_eq(system(command), 0);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char *out = botctl(&status, "%s '%s/j' 2>&1", commands[i], dir);
        ck_assert_msg(status == 1 && strstr(out, "segment 3 of ") != NULL && strstr(out, "is of another journal (main at bybit, from record 0 on); move it away") != NULL,
                      "%s: %d %s", commands[i], status, out);
    }
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

/* What goes by the status must learn of damage, whichever command it uses. */
TEST(journal_golden, every_command_ends_with_1_on_a_damaged_journal)
{
    char dir[] = "/tmp/libbot-golden-XXXXXX", command[1024];
    static const char *const commands[] = { "verify", "replay", "explain", "export --csv" };
    int status;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(command, sizeof command, "cp -r '%s' '%s/j' && chmod -R u+w '%s/j' && printf 'damage' | dd of='%s/j/00000001.journal' bs=1 seek=5000 conv=notrunc 2>/dev/null",
             test_source("tests/data/journal-1"), dir, dir, dir);
    ck_assert_int_eq(system(command), 0);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *out = botctl(&status, "%s '%s/j' 2>&1", commands[i], dir);
        ck_assert_msg(status == 1, "%s: %d %.400s", commands[i], status, out);
    }
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

/* A segment by itself: whether a fill that the ring has forgotten was known before stands in the files beside it, which are not asked. */
TEST(journal_golden, a_state_that_rests_on_what_could_not_be_looked_up_says_so)
{
    char dir[] = "/tmp/libbot-golden-XXXXXX", path[300], command[1024];
    static const char *const commands[] = { "replay", "explain", "export --csv" };
    int status;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/j", dir);
    write_story_with(path, 1 << 20, 2);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *out = botctl(&status, "%s '%s'", commands[i], path);
        ck_assert_msg(status == 0 && strstr(out, "looked up") == NULL, "%s: %d %.400s", commands[i], status, out);
        out = botctl(&status, "%s '%s/00000001.journal'", commands[i], path);
        ck_assert_msg(status == 1 && strstr(out, "taken for known") != NULL, "%s: %d %.400s", commands[i], status, out);
    }
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

static int step_to_60(void *user_data, const bot_journal_item *item)
{
    if (item->record >= 60)
        return 1;
    return bot__journal_core_step(user_data, item) < 0 ? BOT_ERR_INVALID : 0;
}

/* Flips a bit of the core's clock in a checkpoint; forged: with all checksums as its writer would have made them (journal/checkpoint.h). */
static void flip_state(const char *path, bool forged)
{
    enum { STEP = 8 + CHECKPOINT_PAGE };
    FILE *f = fopen(path, "r+b");
    ck_assert_ptr_nonnull(f);
    fseek(f, 0, SEEK_END);
    const long size = ftell(f);
    ck_assert(size > CHECKPOINT_PAGE && (size - CHECKPOINT_PAGE) % STEP == 0);
    unsigned char *all = malloc((size_t)size);
    rewind(f);
    ck_assert_uint_eq(fread(all, 1, (size_t)size, f), (size_t)size);
    all[CHECKPOINT_PAGE + 8 + 416] ^= 1;
    if (forged) {
        uint32_t crc = bot__crc32c(0, all + 16, 16);
        for (long at = CHECKPOINT_PAGE; at < size; at += STEP) {
            crc = bot__crc32c(crc, all + at + 4, STEP - 4);
            put_u32(all + at, crc);
        }
        put_u32(all + 92, crc);
        put_u32(all + 4092, bot__crc32c(0, all, 4092));
    }
    rewind(f);
    ck_assert_uint_eq(fwrite(all, 1, (size_t)size, f), (size_t)size);
    fclose(f);
    free(all);
}

TEST(journal_golden, botctl_verify_replays_to_each_checkpoint_and_compares)
{
    char dir[] = "/tmp/libbot-golden-XXXXXX", path[128], command[1024];
    int status;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(command, sizeof command, "cp -r '%s' '%s/j'", test_source("tests/data/journal-1"), dir);
    ck_assert_int_eq(system(command), 0);
    snprintf(path, sizeof path, "%s/j", dir);
    bot_journal_reader *r;
    struct journal_core jc;
    struct core_image im;
    struct journal_replay_result result;
    struct checkpoint c = { .record = 60 };
    ck_assert_int_eq(bot_journal_open_read(path, NULL, NULL, &r, NULL), BOT_OK);
    ck_assert_int_eq(bot__journal_core_open(&jc, NULL, path, r, UINT64_MAX), BOT_OK);
    ck_assert_int_eq(bot__image_init(&im, NULL, jc.core, &jc.options, jc.begin), BOT_OK);
    ck_assert_int_eq(bot__journal_replay(r, UINT64_MAX, false, step_to_60, &jc, &result), BOT_OK);
    ck_assert_int_eq(bot__checkpoint_save(&im, path, r, &c), BOT_OK);
    bot__image_done(&im);
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);

    char *out = botctl(&status, "verify '%s'", path);
    ck_assert_msg(status == 0 && strstr(out, "{\"checkpoint\":60,\"says\":\"equals the records\"") != NULL, "%s", out);

    /* One byte of the state: by itself it is damage, with every checksum made to fit it is a lie. */
    snprintf(path, sizeof path, "%s/j/%020d.checkpoint", dir, 60);
    flip_state(path, false);
    out = botctl(&status, "verify '%s/j'", dir);
    ck_assert_msg(status == 0 && strstr(out, "\"says\":\"not used: it is damaged\"") != NULL, "%s", out);
    flip_state(path, false);
    flip_state(path, true);
    out = botctl(&status, "verify '%s/j'", dir);
    ck_assert_msg(status == 1 && strstr(out, "\"says\":\"differs from the records\"") != NULL, "%s", out);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

TEST(journal_golden, a_web_server_with_range_serves_any_slice)
{
    char dir[] = "/tmp/libbot-nginx-XXXXXX", command[4096], slice[160];
    int status;
    if (system("command -v nginx >/dev/null && command -v curl >/dev/null") != 0)
        test_skip("nginx and curl are not installed");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    const unsigned port = 20000 + (unsigned)getpid() % 20000;
    snprintf(command, sizeof command,
             "cd '%s' && cp -r '%s' j && printf 'daemon off;\\nmaster_process off;\\npid %s/pid;\\nerror_log %s/log;\\nevents {}\\n"
             "http { access_log off; client_body_temp_path %s/t1; proxy_temp_path %s/t2; fastcgi_temp_path %s/t3; uwsgi_temp_path %s/t4;"
             " scgi_temp_path %s/t5; server { listen 127.0.0.1:%u; root %s; } }\\n' > conf && (nginx -p '%s' -c conf >out 2>&1 & echo $! > nginx.pid)",
             dir, test_source("tests/data/journal-1"), dir, dir, dir, dir, dir, dir, dir, port, dir, dir);
    ck_assert_int_eq(system(command), 0);
    /* Records 5 to 24 of the first segment, by offset alone. */
    snprintf(slice, sizeof slice, "%s/slice", dir);
    snprintf(command, sizeof command,
             "for i in 1 2 3 4 5 6 7 8 9 10; do curl -sf --noproxy '*' --max-time 5 -r %u-%u -o '%s' http://127.0.0.1:%u/j/00000001.journal && exit 0;"
             " sleep 0.2; done; exit 1", 256 * 6, 256 * 26 - 1, slice, port);
    const int fetched = system(command);
    snprintf(command, sizeof command, "kill $(cat '%s/nginx.pid')", dir);
    (void)!system(command);
    if (fetched != 0)
        test_skip("nginx could not serve on loopback here");
    bot_journal_reader *r;
    bot_journal_item item;
    int e, items = 0;
    ck_assert_int_eq(bot_journal_open_read(slice, NULL, NULL, &r, NULL), BOT_OK);
    while ((e = bot_journal_next(r, &item, NULL)) == 1) {
        ck_assert(item.record >= 5 && item.record_end < 25);
        items++;
    }
    ck_assert_int_eq(e, 0);
    ck_assert_int_gt(items, 15);
    bot_journal_close_read(r);
    char *out = botctl(&status, "verify '%s'", slice);
    ck_assert_msg(status == 0, "%s", out);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}
