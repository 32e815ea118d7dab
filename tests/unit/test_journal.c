/* The writer and the reader together, over a file system in memory and once over the real one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "journal/crc.h"
#include "journal/format.h"
#include "journal/reader.h"
#include "journal/replay.h"
#include "journal/segment.h"
#include "journal/writer.h"
#include "journal_events.h"
#include "journal_memfs.h"

static struct journal_config config(struct memfs *m)
{
    struct journal_config c = { .venue = "bybit", .account = "main", .fs = &m->fs, .inline_rounds = true };
    bot_journal_options_init(&c.options);
    c.options.path = "j";
    c.options.ring_bytes = 1 << 20;
    return c;
}

static struct journal *open_ok(struct memfs *m, const struct journal_config *c, struct journal_recovery *ret)
{
    struct journal *j;
    int e = bot__journal_open(c, &j, ret);
    ck_assert_msg(e == BOT_OK, "%s: %s", bot_err_name(e), ret->text);
    (void)m;
    return j;
}

static void append_fills(struct journal *j, unsigned long long from, unsigned long long to)
{
    bot_event ev;
    for (unsigned long long i = from; i < to; i++) {
        test_event_fill(i, (bot_ts)i * 1000, &ev);
        ck_assert_int_eq(bot__journal_append(j, &ev), BOT_OK);
    }
}

/* Reads everything; checks that fills number from 0 to `fills`. Returns damages met. */
static int read_fills(struct memfs *m, const char *path, unsigned long long fills, unsigned *ret_runs)
{
    bot_journal_reader *r;
    bot_journal_item item;
    bot_journal_place place;
    bot_event want;
    unsigned long long n = 0;
    unsigned runs = 0;
    int e, damages = 0;
    e = bot__journal_open_read(&m->fs, path, "bybit", "main", &r, &place);
    ck_assert_msg(e == BOT_OK, "%s", place.text);
    while ((e = bot_journal_next(r, &item, &place)) != 0) {
        if (e < 0) {
            damages++;
            continue;
        }
        runs += item.kind == BOT_JOURNAL_RUN;
        if (item.kind != BOT_JOURNAL_EVENT || item.event.kind != BOT_EV_FILL)
            continue;
        test_event_fill(n, (bot_ts)n * 1000, &want);
        ck_assert_msg(memcmp(&want, &item.event, sizeof want) == 0, "fill %llu", n);
        n++;
    }
    bot_journal_close_read(r);
    ck_assert_uint_eq(n, fills);
    if (ret_runs != NULL)
        *ret_runs = runs;
    return damages;
}

TEST(journal, what_was_appended_is_read_back_in_order)
{
    struct memfs m;
    struct journal_recovery rec;
    memfs_init(&m);
    struct journal_config c = config(&m);
    struct journal *j = open_ok(&m, &c, &rec);
    ck_assert(!rec.existed && rec.next_record == 0);
    for (int i = 0; i < 50; i++) {
        append_fills(j, (unsigned long long)i * 20, (unsigned long long)i * 20 + 20);
        bot__journal_round(j);
    }
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    unsigned runs;
    ck_assert_int_eq(read_fills(&m, "j", 1000, &runs), 0);
    ck_assert_uint_eq(runs, 1);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

TEST(journal, resumes_where_it_stopped_and_marks_each_run)
{
    struct memfs m;
    struct journal_recovery rec;
    memfs_init(&m);
    struct journal_config c = config(&m);
    uint64_t next = 0;
    for (unsigned long long run = 0; run < 5; run++) {
        struct journal *j = open_ok(&m, &c, &rec);
        ck_assert_uint_eq(rec.next_record, next);
        append_fills(j, run * 10, run * 10 + 10);
        ck_assert_int_eq(bot__journal_close(j), BOT_OK);
        next = (memfs_find(&m, "j/00000001.journal")->size - JOURNAL_HEADER_SIZE) / JOURNAL_RECORD_SIZE;
    }
    unsigned runs;
    ck_assert_int_eq(read_fills(&m, "j", 50, &runs), 0);
    ck_assert_uint_eq(runs, 5);
    memfs_done(&m);
}

TEST(journal, segments_roll_by_size_and_read_as_one)
{
    struct memfs m;
    struct journal_recovery rec;
    memfs_init(&m);
    struct journal_config c = config(&m);
    c.options.segment_bytes = 16384;
    struct journal *j = open_ok(&m, &c, &rec);
    append_fills(j, 0, 500);
    bot__journal_round(j);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    ck_assert_ptr_nonnull(memfs_find(&m, "j/00000005.journal"));
    ck_assert_ptr_nonnull(memfs_find(&m, "j/00000001.index"));
    ck_assert_uint_le(memfs_find(&m, "j/00000001.journal")->size, 16384);
    ck_assert_int_eq(read_fills(&m, "j", 500, NULL), 0);

    j = open_ok(&m, &c, &rec);
    ck_assert_uint_eq(rec.indexes_rebuilt, 0);
    append_fills(j, 500, 600);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    ck_assert_int_eq(read_fills(&m, "j", 600, NULL), 0);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

TEST(journal, long_items_cross_records_and_raw_bytes_stand_before_their_error)
{
    struct memfs m;
    struct journal_recovery rec;
    static unsigned char raw[5000];
    memfs_init(&m);
    struct journal_config c = config(&m);
    struct journal *j = open_ok(&m, &c, &rec);
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (unsigned char)(i * 7);
    bot_event ev = { .kind = BOT_EV_ERROR, .seq = BOT_SEQ_NONE, .ts = 10, .error = { .code = BOT_ERR_MALFORMED, .detail = "<html>" } };
    ck_assert_int_eq(bot__journal_append_raw(j, 10, BOT_SOURCE_REST, raw, sizeof raw), BOT_OK);
    ck_assert_int_eq(bot__journal_append(j, &ev), BOT_OK);
    append_fills(j, 0, 3);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);

    bot_journal_reader *r;
    bot_journal_item item;
    ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", NULL, NULL, &r, NULL), BOT_OK);
    ck_assert_int_eq(bot_journal_next(r, &item, NULL), 1); /* run */
    ck_assert_int_eq(bot_journal_next(r, &item, NULL), 1);
    ck_assert_int_eq(item.kind, BOT_JOURNAL_RAW);
    ck_assert_uint_eq(item.bytes_len, 4096);
    ck_assert_uint_eq(item.bytes_total, 5000);
    ck_assert_int_eq(memcmp(item.bytes, raw, 4096), 0);
    ck_assert_uint_gt(item.record_end, item.record + 15);
    ck_assert_int_eq(bot_journal_next(r, &item, NULL), 1);
    ck_assert_int_eq(memcmp(&item.event, &ev, sizeof ev), 0);
    bot_journal_close_read(r);
    ck_assert_int_eq(read_fills(&m, "j", 3, NULL), 0);
    memfs_done(&m);
}

TEST(journal, raw_bytes_are_bounded_in_each_segment)
{
    struct memfs m;
    struct journal_recovery rec;
    bot_journal_stats stats;
    memfs_init(&m);
    struct journal_config c = config(&m);
    c.options.raw_segment_max = 10000;
    struct journal *j = open_ok(&m, &c, &rec);
    char text[1000] = { 'x' };
    for (int i = 0; i < 25; i++)
        ck_assert_int_eq(bot__journal_append_raw(j, 1, BOT_SOURCE_REST, text, sizeof text), BOT_OK);
    bot__journal_stats_get(j, &stats);
    ck_assert_uint_eq(stats.raw_kept, 10);
    ck_assert_uint_eq(stats.raw_dropped, 15);
    bot__journal_close(j);
    memfs_done(&m);
}

TEST(journal, ticks_share_a_record_and_wait_a_second_at_most)
{
    struct memfs m;
    struct journal_recovery rec;
    bot_journal_stats stats;
    memfs_init(&m);
    m.step = 0;
    struct journal_config c = config(&m);
    struct journal *j = open_ok(&m, &c, &rec);
    bot__journal_round(j); /* the run's own record */
    for (int i = 0; i < 5; i++) {
        bot_event ev = { .kind = BOT_EV_TICK, .seq = BOT_SEQ_NONE, .ts = m.now };
        bot__journal_append(j, &ev);
        bot__journal_round(j);
        m.now += 100 * BOT_NS_PER_MS;
    }
    bot__journal_stats_get(j, &stats);
    ck_assert_uint_eq(stats.next_record, 1);
    m.now += 600 * BOT_NS_PER_MS;
    bot__journal_round(j);
    bot__journal_stats_get(j, &stats);
    ck_assert_uint_eq(stats.next_record, 2);
    /* A fill takes what waits along at once. */
    bot_event ev = { .kind = BOT_EV_TICK, .seq = BOT_SEQ_NONE, .ts = m.now };
    bot__journal_append(j, &ev);
    append_fills(j, 0, 1);
    bot__journal_round(j);
    bot__journal_stats_get(j, &stats);
    ck_assert_uint_ge(stats.next_record, 3);
    bot__journal_close(j);
    memfs_done(&m);
}

TEST(journal, any_aligned_slice_reads_by_itself)
{
    struct memfs m;
    struct journal_recovery rec;
    memfs_init(&m);
    struct journal_config c = config(&m);
    struct journal *j = open_ok(&m, &c, &rec);
    append_fills(j, 0, 200);
    bot__journal_close(j);
    struct memfs_file *f = memfs_find(&m, "j/00000001.journal");
    const size_t records = (f->size - JOURNAL_HEADER_SIZE) / JOURNAL_RECORD_SIZE;
    for (size_t from = 0; from < records; from += 7)
        for (size_t n = 1; from + n <= records; n += 13) {
            bot_journal_reader *r;
            bot_journal_item item;
            int e, items = 0;
            memfs_put(&m, "slice", f->data + JOURNAL_HEADER_SIZE + from * JOURNAL_RECORD_SIZE, n * JOURNAL_RECORD_SIZE);
            ck_assert_int_eq(bot__journal_open_read(&m.fs, "slice", NULL, NULL, &r, NULL), BOT_OK);
            while ((e = bot_journal_next(r, &item, NULL)) == 1) {
                ck_assert_uint_ge(item.record, from);
                ck_assert_uint_lt(item.record_end, from + n);
                items++;
            }
            ck_assert_int_eq(e, 0);
            ck_assert_int_ge(items, (int)n - 2); /* a fill is shorter than a record */
            bot_journal_close_read(r);
        }
    memfs_done(&m);
}

TEST(journal, seeks_by_record_and_by_time_even_when_the_clock_was_set_back)
{
    struct memfs m;
    struct journal_recovery rec;
    memfs_init(&m);
    m.step = 0;
    struct journal_config c = config(&m);
    c.options.segment_bytes = 8192;
    struct journal *j = open_ok(&m, &c, &rec);
    const int64_t start = m.wall;
    for (unsigned long long i = 0; i < 100; i++) {
        append_fills(j, i, i + 1);
        bot__journal_round(j);
        m.wall += BOT_NS_PER_S;
        if (i == 50)
            m.wall -= 3600 * BOT_NS_PER_S;
    }
    bot__journal_close(j);

    bot_journal_reader *r;
    bot_journal_item item;
    ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", NULL, NULL, &r, NULL), BOT_OK);
    for (uint64_t n = 0; n < 100; n += 9) {
        ck_assert_int_eq(bot_journal_seek_record(r, n), BOT_OK);
        ck_assert_int_eq(bot_journal_next(r, &item, NULL), 1);
        ck_assert_uint_ge(item.record, n);
        ck_assert_uint_le(item.record, n + 1);
    }
    ck_assert_int_eq(bot_journal_seek_record(r, 100000), BOT_ERR_NOT_FOUND);
    ck_assert_int_eq(bot_journal_seek_time(r, start + 30 * BOT_NS_PER_S), BOT_OK);
    ck_assert_int_eq(bot_journal_next(r, &item, NULL), 1);
    ck_assert_int_eq(item.wall_ns, start + 30 * BOT_NS_PER_S);
    ck_assert_int_eq(bot_journal_seek_time(r, start + 51 * BOT_NS_PER_S), BOT_ERR_NOT_FOUND);
    bot_journal_close_read(r);
    memfs_done(&m);
}

TEST(journal, a_reader_follows_a_writer_across_segments)
{
    struct memfs m;
    struct journal_recovery rec;
    memfs_init(&m);
    struct journal_config c = config(&m);
    c.options.segment_bytes = 4096;
    struct journal *j = open_ok(&m, &c, &rec);
    bot__journal_round(j);
    bot_journal_reader *r;
    bot_journal_item item;
    bot_journal_place place;
    unsigned long long seen = 0;
    ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", NULL, NULL, &r, NULL), BOT_OK);
    for (unsigned long long i = 0; i < 200; i += 5) {
        append_fills(j, i, i + 5);
        bot__journal_round(j);
        int e;
        while ((e = bot_journal_next(r, &item, &place)) == 1)
            if (item.kind == BOT_JOURNAL_EVENT) {
                ck_assert_int_eq(item.event.seq, (int64_t)seen);
                seen++;
            }
        ck_assert_msg(e == 0, "%s", place.text);
        ck_assert_uint_eq(seen, i + 5);
    }
    bot_journal_close_read(r);
    bot__journal_close(j);
    memfs_done(&m);
}

TEST(journal, a_fill_of_any_age_is_found_by_its_id_and_no_other)
{
    struct memfs m;
    struct journal_recovery rec;
    memfs_init(&m);
    struct journal_config c = config(&m);
    c.options.segment_bytes = 65536;
    struct journal *j = open_ok(&m, &c, &rec);
    bot_event ev;
    append_fills(j, 0, 2000);
    bot__journal_round(j);
    for (int pass = 0; pass < 3; pass++) {
        for (unsigned long long i = 0; i < 2000; i += 37) {
            test_event_fill(i, 0, &ev);
            ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), 1);
            ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FUNDING, test_exec(&ev)), 0);
            ev.instrument.s[0] = 'X';
            ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), 0);
            test_event_fill(i + 5000, 0, &ev);
            ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), 0);
        }
        bot__journal_close(j);
        if (pass == 0) /* an index is derived: without it nothing is forgotten */
            memfs_remove(&m, "j/00000002.index");
        if (pass == 1) /* and a damaged one is noticed */
            memfs_find(&m, "j/00000001.index")->data[4096 + 99] ^= 1;
        j = open_ok(&m, &c, &rec);
        ck_assert_uint_eq(rec.indexes_rebuilt, pass == 0 ? 1 : 0);
    }
    bot__journal_close(j);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

/* It was written for the end of a segment that then went on: the next one could not be made, and the process ended. */
TEST(journal, an_index_of_a_part_of_its_segment_is_not_asked)
{
    struct memfs m;
    struct journal_recovery rec;
    struct journal_older older;
    bot_event ev;
    memfs_init(&m);
    struct journal_config c = config(&m);
    c.options.segment_bytes = 4096;
    struct journal *j = open_ok(&m, &c, &rec);
    append_fills(j, 0, 5);
    bot__journal_round(j);
    m.fail_op = MEMFS_OPEN, m.fail_nth = 2, m.fail_times = 1000000; /* the next segment, behind the index of the first */
    append_fills(j, 5, 100);
    for (int i = 0; i < 3; i++, m.now += 2 * BOT_NS_PER_S)
        bot__journal_round(j);
    ck_assert_int_eq(bot__journal_close(j), BOT_ERR_IO);
    memfs_restart(&m, false, NULL);
    ck_assert_ptr_nonnull(memfs_find(&m, "j/00000001.index"));
    ck_assert_ptr_null(memfs_find(&m, "j/00000002.journal"));
    c.options.segment_bytes = 1 << 20;
    j = open_ok(&m, &c, &rec);
    append_fills(j, 200, 300);
    bot__journal_close(j);
    bot__journal_older_init(&older, &m.fs, "j");
    ck_assert_int_eq(bot__journal_older_from(&older, UINT64_MAX), BOT_OK);
    test_event_fill(3, 0, &ev);
    ck_assert(bot__journal_older_fill(&older, test_exec(&ev)));
    test_event_fill(210, 0, &ev);
    ck_assert(bot__journal_older_fill(&older, test_exec(&ev)));
    test_event_fill(400, 0, &ev);
    ck_assert(!bot__journal_older_fill(&older, test_exec(&ev)));
    bot__journal_older_live(&older, NULL);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

TEST(journal, the_event_that_is_being_decided_on_does_not_count_as_older)
{
    struct memfs m;
    struct journal_recovery rec;
    bot_event ev;
    memfs_init(&m);
    struct journal_config c = config(&m);
    struct journal *j = open_ok(&m, &c, &rec);
    append_fills(j, 0, 10);
    test_event_fill(9, 0, &ev);
    ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), 0); /* in the ring */
    bot__journal_round(j);
    ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), 0); /* in the file */
    append_fills(j, 9, 10); /* a second time: the first one is older, wherever the second is by now */
    ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), 1);
    bot__journal_round(j);
    ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), 1);
    bot__journal_close(j);
    memfs_done(&m);
}

TEST(journal, time_goes_on_in_the_journal_after_a_reboot_set_the_clock_to_zero)
{
    struct memfs m;
    struct journal_recovery rec;
    memfs_init(&m);
    struct journal_config c = config(&m);
    struct journal *j = open_ok(&m, &c, &rec);
    ck_assert_int_eq(rec.ts_offset, 0);
    bot_event ev = { .kind = BOT_EV_TICK, .seq = BOT_SEQ_NONE, .ts = 5000 * BOT_NS_PER_S };
    bot__journal_append(j, &ev);
    bot__journal_close(j);
    m.now = 10 * BOT_NS_PER_S;
    j = open_ok(&m, &c, &rec);
    ck_assert_int_eq(rec.ts_last, ev.ts);
    ck_assert_int_ge(m.now + rec.ts_offset, ev.ts);
    ck_assert_int_le(m.now + rec.ts_offset, ev.ts + BOT_NS_PER_S);
    bot__journal_close(j);
    memfs_done(&m);
}

TEST(journal, another_account_or_a_newer_format_is_refused_in_words)
{
    struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    memfs_init(&m);
    struct journal_config c = config(&m);
    bot__journal_close(open_ok(&m, &c, &rec));
    c.account = "other";
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(rec.text, "belongs to account main at bybit"));
    ck_assert_ptr_nonnull(strstr(rec.text, "give each account a path of its own"));
    c.account = "main";
    c.venue = "okx";
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_ERR_CONFLICT);
    bot_journal_reader *r;
    bot_journal_place why;
    ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", "okx", NULL, &r, &why), BOT_ERR_CONFLICT);

    struct memfs_file *f = memfs_find(&m, "j/00000001.journal");
    put_u16(f->data + 8, 2);
    put_u32(f->data + 252, bot__crc32c(0, f->data, 252));
    c.venue = "bybit";
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_ERR_VERSION);
    ck_assert_ptr_nonnull(strstr(rec.text, "newer libbot"));
    ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", NULL, NULL, &r, &why), BOT_ERR_VERSION);
    ck_assert_ptr_nonnull(strstr(why.text, "newer libbot"));
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

TEST(journal, a_second_writer_is_refused_and_told_who_the_first_is)
{
    struct memfs m;
    struct journal_recovery rec;
    struct journal *second;
    memfs_init(&m);
    struct journal_config c = config(&m);
    struct journal *j = open_ok(&m, &c, &rec);
    ck_assert_int_eq(bot__journal_open(&c, &second, &rec), BOT_ERR_LOCKED);
    ck_assert_ptr_nonnull(strstr(rec.text, "pid 4711"));
    bot__journal_close(j);
    j = open_ok(&m, &c, &rec);
    bot__journal_close(j);
    memfs_done(&m);
}

TEST(journal, options_out_of_range_are_named)
{
    struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    memfs_init(&m);
    struct journal_config c = config(&m);
    c.options.segment_bytes = 5000;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_ERR_OPTIONS);
    ck_assert_ptr_nonnull(strstr(rec.text, "segment_bytes"));
    c = config(&m);
    c.options.ring_bytes = 100000;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_ERR_OPTIONS);
    c = config(&m);
    c.options.path = NULL;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_ERR_OPTIONS);
    memfs_done(&m);
}

TEST(journal, its_thread_and_the_real_disk_keep_every_event)
{
    char dir[] = "/tmp/libbot-journal-XXXXXX", path[64], command[80];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/j", dir);
    struct journal_config c = { .venue = "bybit", .account = "main" };
    bot_journal_options_init(&c.options);
    c.options.path = path;
    c.options.durability = BOT_DURABILITY_EVERY_FILL;
    c.options.segment_bytes = 1 << 20;
    c.options.commit_interval_ns = BOT_NS_PER_MS;
    struct journal *j, *second;
    struct journal_recovery rec;
    bot_event ev;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    ck_assert_int_eq(bot__journal_open(&c, &second, &rec), BOT_ERR_LOCKED);
    for (unsigned long long i = 0; i < 20000; i++) {
        test_event_fill(i, (bot_ts)i * 1000, &ev);
        ev.fill.leaves_qty = (bot_dec){ .coef = (bot_i128)(i % 5), .scale = 3 }; /* a short number at the end: decoding it looks behind it */
        while (bot__journal_append(j, &ev) == BOT_ERR_FULL)
            ck_abort_msg("4 MiB are enough for 20,000 fills");
        if (i % 1000 == 999)
            usleep(2000);
        if (i == 15000) {
            test_event_fill(3, 0, &ev);
            ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), 1);
        }
    }
    ck_assert_int_eq(bot__journal_state(j, 0), JOURNAL_OK);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);

    bot_journal_reader *r;
    bot_journal_item item;
    bot_journal_place place;
    unsigned long long n = 0;
    int e;
    ck_assert_int_eq(bot_journal_open_read(path, "bybit", "main", &r, &place), BOT_OK);
    while ((e = bot_journal_next(r, &item, &place)) == 1)
        if (item.kind == BOT_JOURNAL_EVENT)
            ck_assert_int_eq(item.event.seq, (int64_t)n++);
    ck_assert_msg(e == 0, "%s", place.text);
    ck_assert_uint_eq(n, 20000);
    bot_journal_close_read(r);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

/* The two sides of a self-trade: one id, the far side, another order. */
static bot_event other_side(unsigned long long number)
{
    bot_event ev;
    test_event_fill(number, 0, &ev);
    ev.fill.side = ev.fill.side == BOT_BUY ? BOT_SELL : BOT_BUY;
    ev.fill.order_id.s[0] = 'z';
    return ev;
}

static void check_sides(struct journal *j, unsigned long long number, int first, int second)
{
    bot_event ev, other = other_side(number);
    test_event_fill(number, 0, &ev);
    ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), first);
    ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&other)), second);
    other.fill.order_id = ev.fill.order_id; /* a damaged repetition is none: what it repeats is known */
    ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&other)), first);
}

TEST(journal, one_side_of_a_self_trade_does_not_answer_for_the_other)
{
    struct memfs m;
    struct journal_recovery rec;
    memfs_init(&m);
    struct journal_config c = config(&m);
    c.options.segment_bytes = 64 * 1024;
    struct journal *j = open_ok(&m, &c, &rec);
    append_fills(j, 0, 50);
    bot_event other = other_side(7);
    ck_assert_int_eq(bot__journal_append(j, &other), BOT_OK);
    for (int i = 0; i < 8; i++) { /* so often that the index keeps no more of them */
        bot_event again;
        test_event_fill(8, 0, &again);
        ck_assert_int_eq(bot__journal_append(j, &again), BOT_OK);
    }
    other = other_side(8);
    ck_assert_int_eq(bot__journal_append(j, &other), BOT_OK);
    append_fills(j, 50, 60);
    for (int pass = 0; pass < 3; pass++) {
        bot__journal_round(j);
        check_sides(j, 7, 1, 1);
        check_sides(j, 8, 1, 1);
        check_sides(j, 9, 1, 0);
        if (pass == 0) {
            append_fills(j, 60, 3000); /* sealed segments, with indexes */
        } else if (pass == 1) {
            bot__journal_close(j);
            j = open_ok(&m, &c, &rec);
        }
    }
    /* The one that is being decided on does not count, and neither does its other side. */
    other = other_side(20);
    ck_assert_int_eq(bot__journal_append(j, &other), BOT_OK);
    check_sides(j, 20, 1, 0);
    bot__journal_round(j);
    check_sides(j, 20, 1, 0);
    bot__journal_close(j);

    /* The same of the files alone, as a replay asks. */
    for (int indexed = 1; indexed >= 0; indexed--) {
        struct journal_older older;
        bot__journal_older_init(&older, &m.fs, "j");
        ck_assert_int_eq(bot__journal_older_from(&older, UINT64_MAX), BOT_OK);
        for (unsigned n = 7; n <= 9; n++) {
            bot_event ev;
            test_event_fill(n, 0, &ev);
            other = other_side(n);
            ck_assert(bot__journal_older_fill(&older, test_exec(&ev)));
            ck_assert_int_eq(bot__journal_older_fill(&older, test_exec(&other)), n != 9);
        }
        ck_assert(!older.guessed);
        bot__journal_older_live(&older, NULL);
        if (indexed) memfs_remove(&m, "j/00000001.index");
    }

    /* A record that its index names and that cannot be read: either side may stand in it. For ever, so that it is no guess. */
    struct journal_older older;
    bot_event ev;
    test_event_fill(100, 0, &ev);
    j = open_ok(&m, &c, &rec); /* makes the index again */
    bot__journal_close(j);
    bot__journal_older_init(&older, &m.fs, "j");
    ck_assert_int_eq(bot__journal_older_from(&older, UINT64_MAX), BOT_OK);
    other = other_side(100);
    ck_assert(!bot__journal_older_fill(&older, test_exec(&other)));
    for (size_t at = 4096; at < memfs_find(&m, "j/00000001.journal")->size; at += 64)
        memfs_find(&m, "j/00000001.journal")->data[at] ^= 1;
    ck_assert(bot__journal_older_fill(&older, test_exec(&other)));
    memfs_remove(&m, "j/00000001.journal"); /* or is gone */
    ck_assert(bot__journal_older_fill(&older, test_exec(&other)));
    ck_assert(!older.guessed);
    bot__journal_older_live(&older, NULL);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}
