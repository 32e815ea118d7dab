#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "base/json.h"
#include "journal/format.h"
#include "journal/reader.h"
#include "journal/replay.h"
#include "journal_events.h"
#include "journal_memfs.h"

TEST(journal_options, every_number_survives_and_none_is_forgotten)
{
    bot_core_options defaults, o, back;
    char text[8192];
    bot_core_options_init(&defaults);
    int len = bot__core_options_format(&defaults, text, sizeof text);
    ck_assert_int_gt(len, 0);
    ck_assert_int_eq(bot__core_options_parse(text, (size_t)len, &back), BOT_OK);
    ck_assert_int_eq(memcmp(&defaults, &back, sizeof back), 0);

    /* Each byte of the struct that stands for a number, pointers and size aside, changes the text: a field that someone adds
     * and forgets here fails this test, unless it is padding. */
    unsigned unseen = 0;
    for (size_t at = offsetof(bot_core_options, venue); at < offsetof(bot_core_options, older_fill); at++) {
        char other[8192];
        memcpy(&o, &defaults, sizeof o);
        ((unsigned char *)&o)[at] ^= 1;
        int n = bot__core_options_format(&o, other, sizeof other);
        ck_assert_int_gt(n, 0);
        unseen += n == len && memcmp(text, other, (size_t)n) == 0;
    }
    /* Padding behind the bools and between the members of 4 and 8 bytes, and the alphabet behind its NUL. */
    ck_assert_uint_le(unseen, 8 * 8 + sizeof defaults.venue.client_id_alphabet);

    o = defaults;
    o.session_id = UINT64_MAX, o.drift_policy = BOT_DRIFT_ADOPT, o.private_lease_ns = -1, o.hedge = true;
    len = bot__core_options_format(&o, text, sizeof text);
    ck_assert_int_eq(bot__core_options_parse(text, (size_t)len, &back), BOT_OK);
    ck_assert_int_eq(memcmp(&o, &back, sizeof back), 0);
}

TEST(journal_options, a_name_from_the_future_is_refused)
{
    bot_core_options o;
    ck_assert_int_eq(bot__core_options_parse("new_rule_ns=5\n", 14, &o), BOT_ERR_UNSUPPORTED);
    ck_assert_int_eq(bot__core_options_parse("grace_ns=x\n", 11, &o), BOT_ERR_MALFORMED);
    ck_assert_int_eq(bot__core_options_parse("grace_ns=5", 10, &o), BOT_ERR_MALFORMED);
    ck_assert_int_eq(bot__core_options_parse("hedge=7\n", 8, &o), BOT_ERR_MALFORMED);
    ck_assert_int_eq(bot__core_options_parse("", 0, &o), BOT_OK);
}

static int see(void *user_data, const bot_journal_item *item)
{
    return bot__journal_older_see(user_data, item);
}

TEST(journal_replay, stops_before_a_record_and_knows_the_options_of_each_run)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    bot_core_options o, back;
    char text[8192];
    uint64_t begin[4];
    memfs_init(&m);
    struct journal_config c = { .venue = "bybit", .account = "main", .fs = &m.fs, .inline_rounds = true };
    bot_journal_options_init(&c.options);
    c.options.path = "j";
    for (unsigned run = 0; run < 3; run++) {
        bot_event ev;
        ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
        begin[run] = rec.next_record;
        bot_core_options_init(&o);
        o.session_id = 100 + run;
        int len = bot__core_options_format(&o, text, sizeof text);
        ck_assert_int_eq(bot__journal_append_options(j, (bot_ts)(5000 + run), text, (size_t)len), BOT_OK);
        for (unsigned i = 0; i < 40; i++) {
            test_event_fill(run * 40 + i, m.now, &ev);
            bot__journal_append(j, &ev);
        }
        ev.kind = BOT_EV_FUNDING;
        ev.funding = (bot_ev_funding){ .amount = { 5, 1 } };
        bot__id_set(&ev.funding.exec_id, (const char[]){ 'f', (char)('0' + run) }, 2);
        bot__journal_append(j, &ev);
        ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    }
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    begin[3] = rec.next_record;
    bot__journal_close(j);

    bot_journal_reader *r;
    bot_ts ts;
    ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", NULL, NULL, &r, NULL), BOT_OK);
    ck_assert_int_eq(bot__journal_begin(r, &ts), BOT_OK);
    ck_assert_int_eq(ts, 5000);
    for (unsigned run = 0; run < 3; run++) {
        ck_assert_int_eq(bot__journal_options_at(r, begin[run + 1] - 1, &back), BOT_OK);
        ck_assert_uint_eq(back.session_id, 100 + run);
    }
    ck_assert_int_eq(bot__journal_options_at(r, 0, &back), BOT_OK);
    ck_assert_uint_eq(back.session_id, 100);

    struct journal_older older;
    struct journal_replay_result result;
    bot_event ev;
    bot__journal_older_init(&older, &m.fs, "j");
    ck_assert_int_eq(bot__journal_replay(r, begin[1], true, see, &older, &result), BOT_OK);
    ck_assert_uint_eq(result.events, 41);
    ck_assert_uint_eq(result.record_end, begin[1]);
    test_event_fill(39, 0, &ev);
    ck_assert(bot__journal_older_fill(&older, test_exec(&ev)));
    test_event_fill(40, 0, &ev); /* in the journal, but later */
    ck_assert(!bot__journal_older_fill(&older, test_exec(&ev)));
    bot_id fund;
    bot__id_set(&fund, "f0", 2); /* funding rows are found like fills */
    ck_assert(bot__journal_older_fill(&older, &(bot_exec_key){ .instrument = ev.instrument, .exec_id = fund }));
    bot__id_set(&fund, "f1", 2);
    ck_assert(!bot__journal_older_fill(&older, &(bot_exec_key){ .instrument = ev.instrument, .exec_id = fund }));
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    bot__journal_older_live(&older, j);
    ck_assert(bot__journal_older_fill(&older, &(bot_exec_key){ .instrument = ev.instrument, .exec_id = fund }));
    bot__id_set(&fund, "f9", 2);
    ck_assert(!bot__journal_older_fill(&older, &(bot_exec_key){ .instrument = ev.instrument, .exec_id = fund }));
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    bot__journal_older_live(&older, NULL);
    bot_journal_close_read(r);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

/* Whoever starts gives the rules himself: all that he needs of the first run is when it began. */
TEST(journal_replay, a_journal_whose_first_options_are_damaged_is_replayed_from_its_first_event)
{
    static struct memfs m;
    for (unsigned runs = 1; runs <= 2; runs++) {
        struct journal_recovery rec;
        struct journal *j;
        bot_core_options o;
        bot_event ev;
        char text[8192];
        memfs_init(&m);
        struct journal_config c = { .venue = "bybit", .account = "main", .fs = &m.fs, .inline_rounds = true };
        bot_journal_options_init(&c.options);
        bot_core_options_init(&o);
        c.options.path = "j";
        const int len = bot__core_options_format(&o, text, sizeof text);
        for (unsigned run = 0; run < runs; run++) {
            ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
            ck_assert_int_eq(bot__journal_append_options(j, (bot_ts)(5000 + 100 * run), text, (size_t)len), BOT_OK);
            for (unsigned i = 0; i < 40; i++) {
                test_event_fill(i, (bot_ts)(5001 + 100 * run + i), &ev);
                bot__journal_append(j, &ev);
            }
            ck_assert_int_eq(bot__journal_close(j), BOT_OK);
        }
        memfs_find(&m, "j/00000001.journal")->data[JOURNAL_HEADER_SIZE + 2 * JOURNAL_RECORD_SIZE + 77] ^= 1;
        bot_journal_reader *r;
        bot_ts ts;
        ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", NULL, NULL, &r, NULL), BOT_OK);
        ck_assert_int_eq(bot__journal_begin(r, &ts), BOT_OK);
        ck_assert_int_ge(ts, 5001);
        ck_assert_int_lt(ts, 5010);
        bot_journal_close_read(r);
        ck_assert_int_eq(m.live_allocs, 0);
        memfs_done(&m);
    }
}
