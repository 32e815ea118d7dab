/* What a disk can do to a journal, one thing at a time and each of them everywhere. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "journal/crc.h"
#include "journal/format.h"
#include "journal/reader.h"
#include "journal/replay.h"
#include "journal/writer.h"
#include "journal_events.h"
#include "journal_memfs.h"

#define FILLS 60u

static struct journal_config config(struct memfs *m)
{
    struct journal_config c = { .venue = "bybit", .account = "main", .fs = &m->fs, .inline_rounds = true };
    bot_journal_options_init(&c.options);
    c.options.path = "j";
    c.options.ring_bytes = 65536;
    c.options.segment_bytes = 4096;
    c.options.sync_interval_ns = BOT_NS_PER_MS;
    c.options.retry_interval_ns = BOT_NS_PER_MS;
    return c;
}

static int append_fill(struct journal *j, unsigned number)
{
    bot_event ev;
    test_event_fill(number, (bot_ts)number * 1000, &ev);
    return bot__journal_append(j, &ev);
}

struct seen {
    unsigned char fill[4 * FILLS]; /* how often each number was read */
    unsigned fills, damages, lost_items, runs;
    uint64_t lost;
    int      open_err;
    bool     in_order, tail;
};

static void read_all(struct memfs *m, struct seen *s)
{
    bot_journal_reader *r;
    bot_journal_item item;
    bot_journal_place place;
    bot_event want;
    int64_t last = -1;
    int e;
    memset(s, 0, sizeof *s);
    s->in_order = true;
    s->open_err = bot__journal_open_read(&m->fs, "j", "bybit", "main", &r, &place);
    if (s->open_err != BOT_OK)
        return;
    while ((e = bot_journal_next(r, &item, &place)) != 0) {
        if (e < 0) {
            ck_assert_int_ne(place.damage, BOT_DAMAGE_NONE);
            ck_assert_str_ne(place.text, "");
            s->damages++;
            ck_assert_uint_lt(s->damages, 1000);
            continue;
        }
        s->runs += item.kind == BOT_JOURNAL_RUN;
        if (item.kind == BOT_JOURNAL_LOST)
            s->lost_items++, s->lost += item.lost.items;
        if (item.kind != BOT_JOURNAL_EVENT)
            continue;
        ck_assert_int_eq(item.event.kind, BOT_EV_FILL);
        ck_assert_uint_lt((unsigned)item.event.seq, sizeof s->fill);
        test_event_fill((unsigned)item.event.seq, item.event.seq * 1000, &want);
        ck_assert_int_eq(memcmp(&want, &item.event, sizeof want), 0); /* never a wrong one */
        s->in_order &= item.event.seq > last;
        last = item.event.seq;
        s->fill[item.event.seq]++;
        s->fills++;
    }
    bot_journal_tail(r, &place);
    s->tail = place.damage != BOT_DAMAGE_NONE;
    bot_journal_close_read(r);
}

/* Appends fills [from, FILLS), a few a round; stops when the process is dead. Returns how many were appended before the last
 * round after which all was written (safe[0]) and synced (safe[1]). */
static void work(struct memfs *m, struct journal *j, unsigned from, unsigned safe[2])
{
    bot_journal_stats stats;
    for (unsigned i = from; i < FILLS && !m->dead;) {
        for (unsigned n = 0; n < 4 && i < FILLS; n++, i++)
            ck_assert_int_eq(append_fill(j, i), BOT_OK);
        m->now += 600 * BOT_NS_PER_US;
        bot__journal_round(j);
        bot__journal_stats_get(j, &stats);
        if (!m->dead && bot__journal_state(j, m->now) == JOURNAL_OK) {
            safe[0] = i;
            if (stats.durable_record == stats.next_record)
                safe[1] = i;
        }
    }
}

/* One life that ends at mutation k, and the next one, which must find what was safe and go on. False: k lies behind its end. */
static bool live_and_die(unsigned long long k, size_t kill_bytes, bool power, test_rng *rng)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    struct seen s;
    unsigned safe[2] = { 0, 0 };
    memfs_init(&m);
    struct journal_config c = config(&m);
    m.kill_at = k;
    m.kill_bytes = kill_bytes;
    int e = bot__journal_open(&c, &j, &rec);
    if (e == BOT_OK) {
        work(&m, j, 0, safe);
        if (!m.dead && bot__journal_close(j) == BOT_OK)
            safe[0] = safe[1] = FILLS;
        else if (m.dead && safe[0] < FILLS)
            bot__journal_close(j); /* frees memory only: the file system is dead */
    } else {
        ck_assert_str_ne(rec.text, "");
    }
    const bool died = m.dead;
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_restart(&m, power, rng);

    e = bot__journal_open(&c, &j, &rec);
    ck_assert_msg(e == BOT_OK, "kill at %llu: %s", k, rec.text);
    read_all(&m, &s);
    for (unsigned i = 0; i < safe[power]; i++)
        ck_assert_msg(s.fill[i] == 1, "kill at %llu + %zu: fill %u of %u safe ones", k, kill_bytes, i, safe[power]);
    unsigned end = 0;
    for (unsigned i = 0; i < FILLS; i++)
        end = s.fill[i] ? i + 1 : end;
    /* What is there is a beginning without holes; where luck kept later sectors only, the hole is reported. */
    ck_assert(s.in_order && (end == s.fills || s.damages > 0));
    if (rng == NULL)
        ck_assert_uint_eq(s.damages, 0);

    unsigned again[2];
    work(&m, j, end, again);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    const unsigned missing = end - s.fills;
    read_all(&m, &s);
    ck_assert_uint_eq(s.fills, FILLS - missing);
    ck_assert(s.in_order && !s.tail);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
    return died;
}

TEST(journal_faults, a_kill_at_every_write_boundary_loses_nothing_that_was_written)
{
    static const size_t bytes[] = { 0, 1, 39, 255, 256, 257, 600, 100000 };
    for (size_t b = 0; b < sizeof bytes / sizeof *bytes; b++) {
        unsigned long long k = 1;
        while (live_and_die(k, bytes[b], false, NULL))
            k++;
        ck_assert_uint_gt(k, 30); /* the life has that many boundaries */
    }
}

TEST(journal_faults, a_power_cut_at_every_write_boundary_loses_nothing_that_was_synced)
{
    for (unsigned long long k = 1; live_and_die(k, 100000, true, NULL); k++) {}
    const unsigned seeds = test_rounds(4, 40);
    for (unsigned seed = 0; seed < seeds; seed++) {
        test_rng rng = { seed };
        for (unsigned long long k = 1; live_and_die(k, 100000, true, &rng); k++) {}
    }
}

TEST(journal_faults, every_operation_that_fails_once_is_survived_or_reported)
{
    static const int errnos[] = { EIO, ENOSPC };
    unsigned failures = 0, opens_refused = 0;
    for (int op = 0; op < MEMFS_OPS; op++)
        for (int which = 0; which < 2; which++)
            for (unsigned long long nth = 1;; nth++) {
                static struct memfs m;
                struct journal_recovery rec;
                struct journal *j;
                struct seen s;
                unsigned safe[2];
                memfs_init(&m);
                struct journal_config c = config(&m);
                /* A first run, so that recovery has something to do. */
                ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
                for (unsigned i = 0; i < 20; i++)
                    append_fill(j, i);
                ck_assert_int_eq(bot__journal_close(j), BOT_OK);
                memset(m.ops, 0, sizeof m.ops);

                m.fail_op = (enum memfs_op)op;
                m.fail_nth = nth;
                m.fail_errno = errnos[which];
                int e = bot__journal_open(&c, &j, &rec);
                if (e != BOT_OK) {
                    opens_refused++;
                    ck_assert_str_ne(rec.text, "");
                    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
                }
                work(&m, j, 20, safe);
                bot_journal_stats stats;
                bot__journal_stats_get(j, &stats);
                failures += (unsigned)stats.failures;
                for (int i = 0; i < 3; i++) {
                    m.now += 2 * BOT_NS_PER_MS;
                    bot__journal_round(j);
                }
                ck_assert_int_eq(bot__journal_state(j, m.now), JOURNAL_OK);
                bot__journal_stats_get(j, &stats);
                ck_assert_uint_eq(stats.lost, 0);
                bot_event ev;
                for (unsigned i = 0; i < FILLS - 1; i++) {
                    test_event_fill(i, 0, &ev);
                    int has = bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev));
                    if (has < 0) /* the operation that fails is one of the search: it says so, it does not say no */
                        has = bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev));
                    ck_assert_int_eq(has, 1);
                }
                const bool reached = m.fail_nth == 0;
                e = bot__journal_close(j);
                m.fail_nth = 0;
                if (e == BOT_OK) {
                    read_all(&m, &s);
                    ck_assert_msg(s.fills == FILLS && s.damages == 0 && s.in_order, "op %d errno %d nth %llu: %u fills, %u damages", op,
                                  errnos[which], nth, s.fills, s.damages);
                }
                ck_assert_int_eq(m.live_allocs, 0);
                memfs_done(&m);
                if (!reached)
                    break;
            }
    ck_assert_uint_gt(failures, 10);
    ck_assert_uint_gt(opens_refused, 10);
}

static void on_change(void *user_data) { ++*(unsigned *)user_data; }

TEST(journal_faults, a_full_disk_is_visible_at_once_and_nothing_is_lost_while_the_ring_holds)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    struct seen s;
    char text[160];
    unsigned changes = 0;
    memfs_init(&m);
    struct journal_config c = config(&m);
    c.on_change = on_change;
    c.user_data = &changes;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    bot__journal_round(j);
    m.fail_op = MEMFS_WRITE, m.fail_nth = 1, m.fail_times = 1000000, m.fail_errno = ENOSPC;
    append_fill(j, 0);
    bot__journal_round(j);
    ck_assert_int_eq(bot__journal_state(j, m.now), JOURNAL_FAILED);
    ck_assert_uint_eq(changes, 1);
    bot__journal_state_text(j, m.now, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "No space left"));
    for (unsigned i = 1; i < FILLS; i++) {
        ck_assert_int_eq(append_fill(j, i), BOT_OK);
        m.now += 2 * BOT_NS_PER_MS;
        bot__journal_round(j);
    }
    ck_assert_uint_eq(changes, 1); /* once, not at every try */
    m.fail_nth = 0;
    m.now += 2 * BOT_NS_PER_MS;
    bot__journal_round(j);
    ck_assert_int_eq(bot__journal_state(j, m.now), JOURNAL_OK);
    ck_assert_uint_eq(changes, 2);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    read_all(&m, &s);
    ck_assert(s.fills == FILLS && s.damages == 0 && s.lost_items == 0);
    memfs_done(&m);
}

static int count_fill(void *user_data, const bot_journal_item *item)
{
    unsigned char *fills = user_data;
    if (item->kind == BOT_JOURNAL_EVENT)
        fills[item->event.seq]++;
    return 0;
}

TEST(journal_faults, a_full_ring_is_a_failure_and_the_hole_is_marked)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    struct seen s;
    bot_journal_stats stats;
    memfs_init(&m);
    struct journal_config c = config(&m);
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    m.fail_op = MEMFS_WRITE, m.fail_nth = 1, m.fail_times = 1000000;
    unsigned taken = 0, refused = 0;
    bot_event ev;
    test_event_fill(0, 0, &ev);
    for (unsigned i = 0; i < 2000; i++) {
        int e = bot__journal_append(j, &ev);
        taken += e == BOT_OK;
        refused += e == BOT_ERR_FULL;
        ck_assert_uint_eq(taken + refused, i + 1);
        if (refused == 0)
            ck_assert_int_ne(bot__journal_state(j, m.now), JOURNAL_FULL);
    }
    ck_assert_uint_gt(refused, 1000);
    ck_assert_int_eq(bot__journal_state(j, m.now), JOURNAL_FULL);
    m.fail_nth = 0;
    for (int i = 0; i < 4; i++) {
        m.now += 2 * BOT_NS_PER_MS;
        bot__journal_round(j);
    }
    ck_assert_int_eq(append_fill(j, 1), BOT_OK);
    bot__journal_round(j);
    ck_assert_int_eq(bot__journal_state(j, m.now), JOURNAL_OK);
    bot__journal_stats_get(j, &stats);
    ck_assert_uint_eq(stats.lost, refused);
    ck_assert_int_eq(bot__journal_close(j), BOT_ERR_IO); /* it is not whole */
    read_all(&m, &s);
    ck_assert_uint_eq(s.fill[0], taken % 256);
    ck_assert_uint_eq(s.lost_items, 1);
    ck_assert_uint_eq(s.lost, refused);
    ck_assert_uint_eq(s.damages, 0);
    unsigned char fills[4 * FILLS] = { 0 };
    bot_journal_reader *r;
    struct journal_replay_result result;
    ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", "bybit", "main", &r, NULL), BOT_OK);
    ck_assert_int_eq(bot__journal_replay(r, UINT64_MAX, false, count_fill, fills, &result), BOT_OK);
    bot_journal_close_read(r);
    ck_assert(result.hole && result.hole_venue_ns == ev.venue_ns);
    memfs_done(&m);
}

TEST(journal_faults, a_stalled_disk_is_seen_from_the_loop)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    char text[160];
    memfs_init(&m);
    m.step = 0;
    struct journal_config c = config(&m);
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    bot__journal_round(j);
    /* The thread is away from here on. */
    ck_assert_int_eq(bot__journal_state(j, m.now + c.options.stall_ns), JOURNAL_OK);
    const bot_ts late = m.now + c.options.stall_ns + c.options.commit_interval_ns + 1;
    ck_assert_int_eq(bot__journal_state(j, late), JOURNAL_STALLED);
    bot__journal_state_text(j, late, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "no progress for 2010 ms"));
    m.now = late;
    bot__journal_round(j);
    ck_assert_int_eq(bot__journal_state(j, late), JOURNAL_OK);
    bot__journal_close(j);
    memfs_done(&m);
}

TEST(journal_faults, after_a_failed_sync_the_same_bytes_are_written_again_before_the_next)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    bot_journal_stats stats;
    memfs_init(&m);
    struct journal_config c = config(&m);
    c.options.segment_bytes = 1 << 20;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    append_fill(j, 0);
    m.now += 5 * BOT_NS_PER_MS;
    m.fail_op = MEMFS_SYNC, m.fail_nth = 1;
    bot__journal_round(j);
    ck_assert_int_eq(bot__journal_state(j, m.now), JOURNAL_FAILED);
    bot__journal_stats_get(j, &stats);
    ck_assert_uint_eq(stats.durable_record, 0);
    const unsigned long long writes = m.ops[MEMFS_WRITE];
    m.now += 5 * BOT_NS_PER_MS;
    bot__journal_round(j);
    ck_assert_int_eq(bot__journal_state(j, m.now), JOURNAL_OK);
    ck_assert_uint_eq(m.ops[MEMFS_WRITE], writes + 1);
    bot__journal_stats_get(j, &stats);
    ck_assert_uint_eq(stats.durable_record, stats.next_record);

    /* And where the file system has thrown the pages away, what is left is not called durable: a new segment. */
    append_fill(j, 1);
    m.now += 5 * BOT_NS_PER_MS;
    m.fail_nth = 1;
    bot__journal_round(j);
    struct memfs_file *f = memfs_find(&m, "j/00000001.journal");
    memset(f->data + f->size - 256, 0, 256);
    for (int i = 0; i < 3; i++) {
        m.now += 5 * BOT_NS_PER_MS;
        bot__journal_round(j);
    }
    append_fill(j, 2);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    ck_assert_ptr_nonnull(memfs_find(&m, "j/00000002.journal"));
    struct seen s;
    read_all(&m, &s);
    ck_assert(s.fill[0] == 1 && s.fill[2] == 1 && s.damages > 0);
    memfs_done(&m);
}

/* ---- damage ------------------------------------------------------------------------------------------------- */

static void journal_of(struct memfs *m, const char *account, int64_t begun, unsigned from, unsigned to)
{
    struct journal_recovery rec;
    struct journal *j;
    memfs_init(m);
    m->wall += begun;
    struct journal_config c = config(m);
    c.account = account;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    for (unsigned i = from; i < to; i++)
        append_fill(j, i);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
}

static void small_journal(struct memfs *m)
{
    journal_of(m, "main", 0, 0, 25);
    ck_assert_ptr_nonnull(memfs_find(m, "j/00000002.journal"));
    ck_assert_ptr_null(memfs_find(m, "j/00000003.journal"));
}

TEST(journal_faults, a_flipped_bit_anywhere_in_a_segment_is_reported)
{
    static struct memfs m;
    struct seen whole, s;
    small_journal(&m);
    read_all(&m, &whole);
    ck_assert(whole.fills == 25 && whole.damages == 0 && !whole.tail);
    static const char *const names[] = { "j/00000001.journal", "j/00000002.journal" };
    for (int n = 0; n < 2; n++) {
        struct memfs_file *f = memfs_find(&m, names[n]);
        for (size_t bit = 0; bit < f->size * 8; bit += test_sanitized() ? 9 : n == 0 ? 1 : 3) { /* at least one bit of each byte */
            f->data[bit / 8] ^= (unsigned char)(1u << bit % 8);
            read_all(&m, &s);
            ck_assert_msg(s.open_err != BOT_OK || s.damages > 0 || s.tail, "file %d bit %zu went unnoticed", n, bit);
            /* All that lies outside the record is still read: it touches three items at most. */
            if (s.open_err == BOT_OK)
                ck_assert_msg(s.fills >= 22 && s.in_order, "file %d bit %zu: only %u fills left", n, bit, s.fills);
            f->data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
    }
    memfs_done(&m);
}

/* Whoever resumes must know from when on the venue's history is to be read again. */
TEST(journal_faults, a_hole_is_told_with_the_venues_time_before_it)
{
    static struct memfs m;
    small_journal(&m);
    struct memfs_file *f = memfs_find(&m, "j/00000001.journal");
    unsigned holes = 0;
    for (size_t at = 512; at < f->size; at += 256) {
        unsigned char fills[4 * FILLS] = { 0 };
        bot_journal_reader *r;
        struct journal_replay_result result;
        f->data[at] ^= 1;
        ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", "bybit", "main", &r, NULL), BOT_OK);
        ck_assert_int_eq(bot__journal_replay(r, UINT64_MAX, false, count_fill, fills, &result), BOT_OK);
        bot_journal_close_read(r);
        unsigned first = 0;
        while (first < 25 && fills[first] == 1) first++;
        ck_assert_msg(result.hole == (result.damages != 0), "byte %zu", at);
        ck_assert(first == 25 || result.hole);
        if (first < 25) {
            bot_event before;
            test_event_fill(first - 1, 0, &before);
            ck_assert_int_eq(result.hole_venue_ns, first == 0 ? 0 : before.venue_ns);
            holes++;
        }
        f->data[at] ^= 1;
    }
    ck_assert_uint_gt(holes, 3);
    memfs_done(&m);
}

TEST(journal_faults, writing_goes_on_behind_damage_which_is_kept_and_named)
{
    static struct memfs m;
    for (size_t at = 0; at < 2500; at += 97) {
        struct journal_recovery rec;
        struct journal *j;
        struct seen s;
        small_journal(&m);
        struct memfs_file *f = memfs_find(&m, "j/00000002.journal");
        if (at >= f->size) {
            memfs_done(&m);
            break;
        }
        const size_t size = f->size;
        const bool in_last = at >= size - 256;
        f->data[at] ^= 0x40;
        struct journal_config c = config(&m);
        int e = bot__journal_open(&c, &j, &rec);
        ck_assert_msg(e == BOT_OK, "byte %zu: %s", at, rec.text);
        ck_assert(in_last ? rec.torn_bytes == 256 : rec.damage.damage != BOT_DAMAGE_NONE && rec.damage.segment == 2);
        ck_assert_uint_eq(f->size, in_last ? size - 256 : size);
        append_fill(j, 100);
        ck_assert_int_eq(bot__journal_close(j), BOT_OK);
        read_all(&m, &s);
        ck_assert(s.fill[100] == 1 && s.in_order && s.runs >= 1 && (in_last || s.damages > 0));
        ck_assert_int_eq(m.live_allocs, 0);
        memfs_done(&m);
    }
}

/* What lies behind a damaged place is replayed: a run whose time began before that would ask for reads that look older than what they
 * are to answer. */
TEST(journal_faults, a_run_behind_damage_begins_after_everything_that_can_be_read)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    memfs_init(&m);
    struct journal_config c = config(&m);
    c.options.segment_bytes = 1 << 16;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    for (int i = 0; i < 50; i++) { /* many to a record, which carries the time of its first */
        const bot_event tick = { .kind = BOT_EV_TICK, .ts = (bot_ts)i * BOT_NS_PER_S, .seq = BOT_SEQ_NONE };
        ck_assert_int_eq(bot__journal_append(j, &tick), BOT_OK);
    }
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    struct memfs_file *f = memfs_find(&m, "j/00000001.journal");
    ck_assert_uint_gt(f->size, JOURNAL_HEADER_SIZE + 2 * JOURNAL_RECORD_SIZE);
    f->data[JOURNAL_HEADER_SIZE + 100] ^= 0x40;
    m.now = 5;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    ck_assert_int_ne(rec.damage.damage, BOT_DAMAGE_NONE);
    ck_assert_int_gt(m.now + rec.ts_offset, 49 * BOT_NS_PER_S);
    bot__journal_close(j);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

/* Of which nothing at all can be read: after a reboot the core's clock would stand still until the machine's has caught up, and no lease
 * would end. */
TEST(journal_faults, a_run_behind_a_segment_that_is_gone_begins_after_those_before_it)
{
    static struct memfs m;
    static const unsigned char nothing[300];
    for (size_t size = 0; size <= sizeof nothing; size += 100) {
        struct journal_recovery rec;
        struct journal *j;
        memfs_init(&m);
        struct journal_config c = config(&m);
        ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
        const bot_event tick = { .kind = BOT_EV_TICK, .ts = 5000 * BOT_NS_PER_S, .seq = BOT_SEQ_NONE };
        ck_assert_int_eq(bot__journal_append(j, &tick), BOT_OK);
        ck_assert_int_eq(bot__journal_close(j), BOT_OK);
        memfs_put(&m, "j/00000002.journal", nothing, size);
        memfs_put(&m, "j/00000003.journal", nothing, size);
        for (int run = 0; run < 2; run++) { /* the first ends before it has written anything */
            m.now = 10 * BOT_NS_PER_S;
            ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
            ck_assert_int_ne(rec.damage.damage, BOT_DAMAGE_NONE);
            ck_assert_int_gt(m.now + rec.ts_offset, tick.ts);
            ck_assert_uint_ge(rec.next_record, 1);
            m.dead = run == 0;
            bot__journal_close(j);
            if (run == 0)
                memfs_restart(&m, false, NULL);
        }
        ck_assert_int_eq(m.live_allocs, 0);
        memfs_done(&m);
    }
}

/* Its index is made anew from what can be read, all of it. */
TEST(journal_faults, a_moment_behind_a_damaged_place_is_found_by_its_time)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    bot_journal_reader *r;
    bot_journal_item item;
    memfs_init(&m);
    m.step = 0;
    struct journal_config c = config(&m);
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    const int64_t start = m.wall;
    for (unsigned i = 0; i < 40; i++) {
        append_fill(j, i);
        bot__journal_round(j);
        m.wall += BOT_NS_PER_S;
    }
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    memfs_remove(&m, "j/00000001.index");
    memfs_find(&m, "j/00000001.journal")->data[JOURNAL_HEADER_SIZE + JOURNAL_RECORD_SIZE + 100] ^= 0x40;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    ck_assert_uint_eq(rec.indexes_rebuilt, 1);
    bot__journal_close(j);
    ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", NULL, NULL, &r, NULL), BOT_OK);
    ck_assert_int_eq(bot_journal_seek_time(r, start + 6 * BOT_NS_PER_S), BOT_OK);
    ck_assert_int_eq(bot_journal_next(r, &item, NULL), 1);
    ck_assert_int_le(item.wall_ns, start + 7 * BOT_NS_PER_S);
    bot_journal_close_read(r);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

TEST(journal_faults, a_flipped_bit_in_an_index_changes_no_answer)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    small_journal(&m);
    struct memfs_file *f = memfs_find(&m, "j/00000001.index");
    for (size_t at = 0; at < f->size; at += at < 600 || (at > 4000 && at < 4600) ? 1 : 61) {
        f->data[at] ^= 0x10;
        struct journal_config c = config(&m);
        ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
        for (unsigned i = 0; i < 40; i += 3) {
            bot_event ev;
            test_event_fill(i, 0, &ev);
            ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), i < 25);
        }
        bot__journal_close(j);
        memfs_done(&m);
        small_journal(&m);
        f = memfs_find(&m, "j/00000001.index");
    }
    memfs_done(&m);
}

/* Another account's segment, or one of another journal of this account, among ours. What it holds is whole and none of ours: read, it
 * would be applied to our positions. */
TEST(journal_faults, a_foreign_segment_in_the_middle_is_named_with_its_place_and_passed_over)
{
    static struct memfs ours, other;
    for (int same_account = 0; same_account < 2; same_account++) {
        journal_of(&ours, "main", 0, 0, 50);
        journal_of(&other, same_account ? "main" : "someone else", 1, 50, 60);
        struct memfs_file *from = memfs_find(&other, "j/00000001.journal");
        ck_assert(from != NULL && memfs_find(&ours, "j/00000002.journal") != NULL && memfs_find(&ours, "j/00000003.journal") != NULL);
        memfs_put(&ours, "j/00000002.journal", from->data, from->size);

        bot_journal_reader *r;
        bot_journal_item item;
        bot_journal_place place, named = { 0 };
        unsigned fills = 0, damages = 0, missing = 0;
        ck_assert_int_eq(bot__journal_open_read(&ours.fs, "j", "bybit", "main", &r, &place), BOT_OK);
        for (int e; (e = bot_journal_next(r, &item, &place)) != 0;) {
            if (e < 0 && place.damage == BOT_DAMAGE_HEADER)
                named = place;
            damages += e < 0;
            missing += e < 0 && place.damage == BOT_DAMAGE_MISSING;
            if (e == 1 && item.kind == BOT_JOURNAL_EVENT) {
                ck_assert_int_lt(item.event.seq, 50); /* none of the stranger's */
                fills++;
            }
        }
        bot_journal_close_read(r);
        ck_assert(named.damage == BOT_DAMAGE_HEADER && named.segment == 2 && named.offset == 0);
        ck_assert_msg(strstr(named.text, same_account ? "segment 2, byte 0, record 14: it is of another journal (main at bybit, from record 0 on)"
                                                      : "it is of another journal (someone else at bybit, from record 0 on)") != NULL, "%s", named.text);
        ck_assert_msg(strstr(named.text, "; move it away") != NULL, "the remedy is cut: %s", named.text);
        ck_assert_uint_eq(missing, 1); /* ours, that it stands in the place of */
        ck_assert_uint_le(damages, 3); /* and an item that was cut in two */
        ck_assert_uint_ge(fills, 10);
        memfs_done(&ours);
        memfs_done(&other);
    }
}

TEST(journal_faults, missing_swapped_repeated_and_foreign_records_are_found)
{
    static struct memfs m;
    struct seen s;
    unsigned char record[256];

    small_journal(&m);
    struct memfs_file *f = memfs_find(&m, "j/00000001.journal");
    unsigned char *five = f->data + bot__journal_offset(0, 5), *nine = f->data + bot__journal_offset(0, 9);
    memcpy(record, five, 256); /* swapped */
    memcpy(five, nine, 256);
    memcpy(nine, record, 256);
    read_all(&m, &s);
    ck_assert_uint_eq(s.damages, 2);
    memcpy(nine, five, 256); /* one of them twice */
    read_all(&m, &s);
    ck_assert_uint_eq(s.damages, 1);
    memcpy(five, record, 256);
    read_all(&m, &s);
    ck_assert_uint_eq(s.damages, 0);

    memmove(five, five + 256, f->size - bot__journal_offset(0, 6)); /* one is gone, the rest moved up */
    f->size -= 256;
    read_all(&m, &s);
    ck_assert_uint_ge(s.damages, 1);
    ck_assert_uint_lt(s.fills, 25);
    memfs_done(&m);

    small_journal(&m); /* the same number, out of another journal: all its own numbers and sums are right */
    f = memfs_find(&m, "j/00000001.journal");
    struct journal_record r;
    unsigned char *p = f->data + bot__journal_offset(0, 4);
    ck_assert_int_eq(bot__journal_record_decode(p, &r), BOT_OK);
    r.wall_ns += 1;
    bot__journal_record_seal(&r, p);
    read_all(&m, &s);
    ck_assert_uint_ge(s.damages, 1);
    memfs_done(&m);

    small_journal(&m); /* a whole segment */
    memfs_remove(&m, "j/00000001.journal");
    read_all(&m, &s);
    ck_assert_uint_lt(s.fills, 25);
    struct journal_recovery rec;
    struct journal *j;
    struct journal_config c = config(&m);
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    for (unsigned i = 30; i < 90; i++)
        append_fill(j, i);
    bot__journal_close(j);
    ck_assert_ptr_nonnull(memfs_find(&m, "j/00000004.journal"));
    memfs_remove(&m, "j/00000003.journal");
    read_all(&m, &s);
    ck_assert_uint_ge(s.damages, 1);
    memfs_done(&m);
}

static void ask_of(struct journal *j, struct journal_older *older, unsigned number, bool want)
{
    bot_event ev;
    test_event_fill(number, 0, &ev);
    ck_assert_int_eq(bot__journal_append(j, &ev), BOT_OK); /* an event is written down before the core decides on it */
    ck_assert_int_eq(bot__journal_older_fill(older, test_exec(&ev)), want);
}

/* One that is written to and asked for old ids. */
static struct journal *asked_journal(struct memfs *m, struct journal_older *ret_older)
{
    struct journal_recovery rec;
    struct journal *j;
    small_journal(m);
    struct journal_config c = config(m);
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    bot__journal_older_init(ret_older, &m->fs, "j");
    bot__journal_older_live(ret_older, j);
    return j;
}

static void unreadable(struct memfs *m)
{
    m->fail_op = MEMFS_OPEN;
    m->fail_errno = EIO;
    m->fail_nth = 1;
    m->fail_times = UINT32_MAX;
}

/* While the disk cannot be read every fill is taken for a known one, for one that counts twice is worse; but it is in the journal by
 * then, and must not be its own witness when the venue's history brings it again. */
TEST(journal_faults, a_fill_that_could_not_be_looked_up_is_new_when_it_comes_again_and_a_known_one_still_known)
{
    static struct memfs m;
    struct journal_older older;
    struct journal *j = asked_journal(&m, &older);
    ask_of(j, &older, 3, true);
    ask_of(j, &older, 50, false);
    bot__journal_round(j);
    unreadable(&m);
    for (int i = 0; i < 3; i++) { /* by the stream, and by two backfills */
        ask_of(j, &older, 51, true);
        ask_of(j, &older, 4, true);
    }
    ck_assert(older.guessed);
    m.fail_nth = 0;
    ask_of(j, &older, 51, true); /* not all of what must not count is written yet: no answer */
    ask_of(j, &older, 4, true);
    bot__journal_round(j);
    ask_of(j, &older, 4, true);
    ask_of(j, &older, 51, false); /* the first that counts */
    bot__journal_round(j);
    ask_of(j, &older, 51, true);
    ask_of(j, &older, 4, true);
    bot__journal_round(j);
    ask_of(j, &older, 50, true);
    ask_of(j, &older, 52, false);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    bot__journal_older_live(&older, NULL);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

/* A disk that stays unreadable, and a history that is asked for again and again: however often it came meanwhile. */
TEST(journal_faults, a_known_fill_stays_known_however_often_it_could_not_be_looked_up)
{
    for (unsigned rounds = 1; rounds <= 4; rounds++) {
        static struct memfs m;
        struct journal_older older;
        struct journal *j = asked_journal(&m, &older);
        for (unsigned i = 0; i < 30; i++) {
            unreadable(&m);
            m.fail_op = MEMFS_READ;
            ask_of(j, &older, 51, true);
            ask_of(j, &older, 4, true);
            m.fail_nth = 0;
            if (i % rounds == 0) bot__journal_round(j); /* several to a record, and several segments */
        }
        bot__journal_round(j);
        ask_of(j, &older, 4, true);
        ask_of(j, &older, 51, false);
        bot__journal_round(j);
        ask_of(j, &older, 51, true);
        ck_assert_int_eq(bot__journal_close(j), BOT_OK);
        struct journal_config c = config(&m);
        struct journal_recovery rec;
        c.options.segment_bytes = 1 << 20;
        ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK); /* and by the next run */
        bot__journal_older_live(&older, j);
        for (unsigned i = 0; i < 8; i++) {
            ask_of(j, &older, 4, true);
            bot__journal_round(j);
        }
        ck_assert_int_eq(bot__journal_close(j), BOT_OK);
        ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
        bot__journal_older_live(&older, j);
        ask_of(j, &older, 4, true);
        ask_of(j, &older, 60, false);
        ck_assert_int_eq(bot__journal_close(j), BOT_OK);
        bot__journal_older_live(&older, NULL);
        ck_assert_int_eq(m.live_allocs, 0);
        memfs_done(&m);
    }
}

TEST(journal_faults, a_fill_that_came_often_is_known_to_the_next_run)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    bot_event ev;
    memfs_init(&m);
    struct journal_config c = config(&m);
    c.options.segment_bytes = 1 << 20;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    for (unsigned i = 0; i < 8; i++) {
        append_fill(j, 4);
        bot__journal_round(j);
    }
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    test_event_fill(4, 0, &ev);
    ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), 1);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    memfs_done(&m);
}

/* More of them than are remembered: the rest is taken for known, and reconciliation finds it missing. */
TEST(journal_faults, fills_that_could_not_be_looked_up_are_remembered_within_a_bound)
{
    static struct memfs m;
    struct journal_older older;
    struct journal *j = asked_journal(&m, &older);
    unreadable(&m);
    for (unsigned i = 0; i < JOURNAL_DOUBTS_MAX + 5; i++) ask_of(j, &older, 100 + i, true);
    m.fail_nth = 0;
    for (int i = 0; i < 5; i++) {
        m.now += 2 * BOT_NS_PER_MS;
        bot__journal_round(j);
    }
    for (unsigned i = 0; i < JOURNAL_DOUBTS_MAX + 5; i++) ask_of(j, &older, 100 + i, i >= JOURNAL_DOUBTS_MAX);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    bot__journal_older_live(&older, NULL);
    memfs_done(&m);
}
