/* The numbered scenarios that a journal decides: 9, 17, 19, 20, 23. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "journal/checkpoint.h"
#include "journal/format.h"
#include "journal/reader.h"
#include "journal/replay.h"
#include "journal_events.h"
#include "journal_memfs.h"
#include "journal_story.h"

#define STORY_MAX 6000
#define STORY_SHORT 400 /* for what is done over and over with it */
#define STATE_MAX 2048

static struct journal_config config(const struct journal_fs *fs, const char *path)
{
    struct journal_config c = { .venue = "bybit", .account = "main", .fs = fs, .inline_rounds = fs != NULL };
    bot_journal_options_init(&c.options);
    c.options.path = path;
    c.options.segment_bytes = 16384;
    c.options.ring_bytes = 1 << 20;
    c.options.sync_interval_ns = BOT_NS_PER_MS;
    c.options.retry_interval_ns = BOT_NS_PER_MS;
    return c;
}

static void append_story_options(struct journal *j, bot_ts begin)
{
    bot_core_options o;
    char text[8192];
    story_options(&o);
    int len = bot__core_options_format(&o, text, sizeof text);
    ck_assert_int_gt(len, 0);
    ck_assert_int_eq(bot__journal_append_options(j, begin, text, (size_t)len), BOT_OK);
}

/* The state after each event of the story, uninterrupted. */
static void expected_states(const bot_event *story, unsigned n, char (*ret)[STATE_MAX])
{
    void *block;
    bot_core_options o;
    story_options(&o);
    bot_core *core = story_core(&o, story[0].ts, &block);
    for (unsigned i = 0; i < n; i++) {
        bot_core_step(core, &story[i]);
        story_state(core, story[i].ts, ret[i], STATE_MAX);
    }
    free(block);
}

/* Replays the journal; checks that it is a beginning of the story and that the state is the one of that moment. Returns how
 * many events came back. */
static unsigned check_replay(const struct journal_fs *fs, const char *path, const bot_event *story, unsigned n,
                             char (*states)[STATE_MAX])
{
    bot_journal_reader *r;
    bot_journal_item item;
    bot_journal_place place;
    struct journal_core jc;
    char state[STATE_MAX];
    unsigned events = 0;
    int e = bot__journal_open_read(fs, path, "bybit", "main", &r, &place);
    ck_assert_msg(e == BOT_OK, "%s", place.text);
    e = bot__journal_core_open(&jc, fs, path, r, UINT64_MAX);
    if (e == BOT_ERR_NOT_FOUND) { /* killed before even the options were written */
        bot_journal_close_read(r);
        return 0;
    }
    ck_assert_int_eq(e, BOT_OK);
    while ((e = bot_journal_next(r, &item, &place)) != 0) {
        ck_assert_msg(e == 1, "%s", place.text);
        if (bot__journal_core_step(&jc, &item) != 1)
            continue;
        ck_assert_uint_lt(events, n);
        ck_assert_msg(memcmp(&item.event, &story[events], sizeof item.event) == 0, "event %u", events);
        story_state(jc.core, item.event.ts, state, sizeof state);
        ck_assert_msg(strcmp(state, states[events]) == 0, "after event %u:\n%s, but it was\n%s", events, state, states[events]);
        events++;
    }
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);
    return events;
}

TEST(scenario, s09_the_same_exec_id_a_thousand_times_from_everywhere_is_applied_once)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    memfs_init(&m);
    m.step = 0;
    struct journal_config c = config(&m.fs, "j");
    void *block;
    bot_core_options o;
    static bot_event story[60];
    story_make(story, 60, m.now);
    story_options(&o);
    struct journal_older older;
    bot__journal_older_init(&older, &m.fs, "j");
    o.older_fill = bot__journal_older_fill;
    o.user_data = &older;
    bot_core *core = story_core(&o, m.now, &block);
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    bot__journal_older_live(&older, j);
    append_story_options(j, m.now);
    bot__journal_append(j, &story[0]);
    bot_core_step(core, &story[0]); /* the instrument */
    /* The window of ids is 256. 600 fills, then the first ones again and again, by socket and by REST. */
    bot_event ev;
    for (unsigned i = 0; i < 1600; i++) {
        const unsigned number = i < 600 ? i : i % 10;
        test_event_fill(number, m.now + i, &ev);
        ev.source = i % 2 == 0 ? BOT_SOURCE_WS_PRIVATE : BOT_SOURCE_REST;
        bot__journal_append(j, &ev);
        bot_core_step(core, &ev);
        if (i % 5 == 0)
            bot__journal_round(j);
    }
    bot_core_stats stats;
    bot_core_stats_get(core, &stats);
    ck_assert_uint_eq(stats.fills_applied, 600);
    char live[STATE_MAX], replayed[STATE_MAX];
    story_state(core, m.now, live, sizeof live);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    bot__journal_older_live(&older, NULL);

    bot_journal_reader *r;
    bot_journal_item item;
    struct journal_core jc;
    ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", NULL, NULL, &r, NULL), BOT_OK);
    ck_assert_int_eq(bot__journal_core_open(&jc, &m.fs, "j", r, UINT64_MAX), BOT_OK);
    while (bot_journal_next(r, &item, NULL) == 1)
        ck_assert_int_ge(bot__journal_core_step(&jc, &item), 0);
    story_state(jc.core, m.now, replayed, sizeof replayed);
    ck_assert_str_eq(replayed, live);
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);
    free(block);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

TEST(scenario, s17_an_id_older_than_the_window_is_recognised_through_the_index_in_flat_memory)
{
    const char *env = getenv("LIBBOT_JOURNAL_FILLS");
    const unsigned long long fills = env != NULL ? strtoull(env, NULL, 10) : 200000;
    char dir[] = "/tmp/libbot-s17-XXXXXX", path[64], command[80];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/j", dir);
    struct journal_config c = config(NULL, path);
    c.options.segment_bytes = 4 << 20;
    c.options.durability = BOT_DURABILITY_NONE;
    c.inline_rounds = true;
    struct journal *j;
    struct journal_recovery rec;
    bot_event ev;
    struct rusage before, after;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    for (unsigned long long i = 0; i < fills; i++) {
        test_event_fill(i, (bot_ts)i, &ev);
        ck_assert_int_eq(bot__journal_append(j, &ev), BOT_OK);
        if (i % 1000 == 999)
            bot__journal_round(j);
        if (i == fills / 10)
            getrusage(RUSAGE_SELF, &before);
    }
    bot__journal_round(j);
    for (unsigned long long i = 0; i < 300; i++) {
        test_event_fill(i * (fills / 300), 0, &ev);
        ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), 1);
        test_event_fill(fills + i, 0, &ev);
        ck_assert_int_eq(bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)), 0);
    }
    getrusage(RUSAGE_SELF, &after);
    ck_assert(test_sanitized() || after.ru_maxrss - before.ru_maxrss < 8 * 1024); /* KiB */
    bot__journal_close(j);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

static bot_event story[STORY_MAX];
static char states[STORY_MAX][STATE_MAX];

TEST(scenario, s19_killed_at_every_write_boundary_the_state_is_that_of_an_uninterrupted_run)
{
    static struct memfs m;
    struct journal_recovery rec;
    memfs_init(&m);
    const bot_ts begin = m.now;
    const unsigned n = story_make(story, STORY_SHORT, begin);
    ck_assert_uint_gt(n, 300);
    expected_states(story, n, states);
    ck_assert_ptr_nonnull(strstr(states[n - 1], "gate 00000000")); /* it opened, */
    ck_assert_ptr_null(strstr(states[n - 1], "qty 0 ")); /* and something is held */
    memfs_done(&m);
    bool died = true;
    unsigned kills = 0;
    for (unsigned long long k = 1; died; k++) {
        struct journal *j;
        unsigned safe = 0;
        memfs_init(&m);
        struct journal_config c = config(&m.fs, "j");
        m.kill_at = k;
        m.kill_bytes = (size_t)(k * 97 % 700);
        if (bot__journal_open(&c, &j, &rec) == BOT_OK) {
            append_story_options(j, begin);
            for (unsigned i = 0; i < n && !m.dead; i++) {
                bot__journal_append(j, &story[i]);
                if (i % 3 == 0) {
                    m.now += 2 * BOT_NS_PER_S;
                    bot_journal_stats stats;
                    bot__journal_round(j);
                    bot__journal_stats_get(j, &stats);
                    safe = stats.written > 0 ? (unsigned)stats.written - 1 : 0; /* the options are one of them */
                }
            }
            bot__journal_close(j);
        }
        died = m.dead;
        kills += died;
        memfs_restart(&m, false, NULL);
        ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
        const unsigned back = check_replay(&m.fs, "j", story, n, states);
        ck_assert_msg(back >= safe, "kill at %llu: %u of %u written events came back", k, back, safe);
        bot__journal_close(j);
        ck_assert_int_eq(m.live_allocs, 0);
        memfs_done(&m);
    }
    ck_assert_uint_gt(kills, 200);
}

static int resume_step(void *user_data, const bot_journal_item *item)
{
    const int r = bot__journal_core_step(user_data, item);
    return r < 0 ? r : 0;
}

/* Starts as an account does, from a checkpoint if there is one; the state is that after `back` events. True: it was. */
static bool check_resume(const char *path, uint64_t next_record, unsigned back)
{
    bot_journal_reader *r;
    struct journal_core jc;
    bot_core_options o;
    struct journal_replay_result result;
    struct checkpoint from;
    char text[400], state[STATE_MAX];
    if (back == 0)
        return false;
    story_options(&o);
    ck_assert_int_eq(bot_journal_open_read(path, "bybit", "main", &r, NULL), BOT_OK);
    ck_assert_int_eq(bot__journal_core_open_as(&jc, NULL, path, r, &o), BOT_OK);
    const struct journal_resume how = { .path = path, .core = jc.core, .options = &jc.options, .begin = jc.begin, .older = &jc.older,
                                        .next_record = next_record, .checkpoint_bytes = UINT64_C(1) << 40, .step = resume_step, .user_data = &jc };
    ck_assert_int_eq(bot__journal_resume(&how, r, &result, &from, text, sizeof text), BOT_OK);
    ck_assert_str_eq(text, ""); /* each that is there can be used */
    ck_assert_uint_eq(from.events + result.events, back);
    story_state(jc.core, story[back - 1].ts, state, sizeof state);
    ck_assert_msg(strcmp(state, states[back - 1]) == 0, "after event %u:\n%s, but it was\n%s", back - 1, state, states[back - 1]);
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);
    return from.record > 0;
}

/* A process that lives the story against a real disk until it is killed, and tells through a pipe what the journal has
 * confirmed as written. stays: also when the story is over, until it is killed. */
static void victim(const char *path, unsigned n, int out, bool stays)
{
    struct journal_config c = config(NULL, path);
    c.options.commit_interval_ns = 200 * BOT_NS_PER_US;
    c.options.checkpoint_bytes = 65536;
    struct journal *j;
    struct journal_recovery rec;
    if (bot__journal_open(&c, &j, &rec) != BOT_OK)
        _exit(3);
    append_story_options(j, story[0].ts);
    for (unsigned i = 0; i < n || stays; i++) {
        bot_journal_stats stats;
        if (i < n)
            bot__journal_append(j, &story[i]);
        if (i % 32 == 31) {
            usleep(300);
            bot__journal_stats_get(j, &stats);
            const unsigned confirmed = stats.written > 0 ? (unsigned)stats.written - 1 : 0; /* the options are one of them */
            if (write(out, &confirmed, sizeof confirmed) != sizeof confirmed)
                _exit(4);
        }
    }
    bot__journal_close(j);
    _exit(0);
}

TEST(scenario, s19_real_processes_killed_at_any_moment)
{
    const char *env = getenv("LIBBOT_JOURNAL_KILLS");
    const unsigned kills = env != NULL ? (unsigned)atoi(env) : 20;
    char dir[] = "/tmp/libbot-s19-XXXXXX", path[64], command[80];
    test_rng rng = { 19 };
    ck_assert_ptr_nonnull(mkdtemp(dir));
    const unsigned n = story_make(story, STORY_MAX, 1000);
    expected_states(story, n, states);
    unsigned cut = 0, resumed = 0;
    for (unsigned k = 0; k < kills; k++) {
        int fds[2];
        unsigned confirmed = 0, got;
        const bool behind_checkpoint = k % 5 == 4; /* however slow the machine is */
        snprintf(path, sizeof path, "%s/%u", dir, k);
        ck_assert_int_eq(pipe(fds), 0);
        fflush(NULL);
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            close(fds[0]);
            victim(path, n, fds[1], behind_checkpoint);
        }
        close(fds[1]);
        const unsigned reads = (unsigned)test_rng_below(&rng, STORY_MAX / 32);
        for (unsigned i = 0; i < reads && read(fds[0], &got, sizeof got) == sizeof got; i++)
            confirmed = got;
        uint64_t records[CHECKPOINTS_LISTED];
        if (behind_checkpoint)
            while (bot__checkpoint_list(&bot__journal_fs, path, records) <= 0 && read(fds[0], &got, sizeof got) == sizeof got)
                confirmed = got;
        usleep((useconds_t)test_rng_below(&rng, 3000));
        kill(pid, SIGKILL);
        while (read(fds[0], &got, sizeof got) == sizeof got)
            confirmed = got;
        close(fds[0]);
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        cut += WIFSIGNALED(status);

        struct journal_config c = config(NULL, path);
        struct journal *j;
        struct journal_recovery rec;
        int e = bot__journal_open(&c, &j, &rec); /* the lock has died with its holder */
        ck_assert_msg(e == BOT_OK, "%s", rec.text);
        ck_assert_int_eq(rec.damage.damage, BOT_DAMAGE_NONE);
        const unsigned back = check_replay(&bot__journal_fs, path, story, n, states);
        ck_assert_msg(back >= confirmed, "kill %u: %u of %u confirmed events came back", k, back, confirmed);
        resumed += check_resume(path, rec.next_record, back);
        ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    }
    ck_assert_uint_gt(cut, kills / 3);
    ck_assert_uint_ge(resumed, kills / 10); /* they have checkpoints while they live */
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

TEST(scenario, s20_a_warm_restart_brings_the_position_back_and_no_fill_of_its_own)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    memfs_init(&m);
    struct journal_config c = config(&m.fs, "j");
    const unsigned n = story_make(story, 200, m.now);
    expected_states(story, n, states);
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    append_story_options(j, story[0].ts);
    unsigned fills = 0;
    for (unsigned i = 0; i < n; i++) {
        bot__journal_append(j, &story[i]);
        fills += story[i].kind == BOT_EV_FILL;
    }
    bot__journal_close(j);

    /* The next run: a session of its own. */
    bot_core_options o;
    char text[8192];
    m.now += 100 * BOT_NS_PER_S;
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    ck_assert(rec.existed);
    story_options(&o);
    o.session_id = 78;
    int len = bot__core_options_format(&o, text, sizeof text);
    ck_assert_int_eq(bot__journal_append_options(j, m.now, text, (size_t)len), BOT_OK);
    bot_event lost = { .kind = BOT_EV_STREAM, .seq = BOT_SEQ_NONE, .ts = m.now };
    lost.stream.stream = BOT_STREAM_PRIVATE;
    snprintf(lost.stream.reason, sizeof lost.stream.reason, "restart");
    bot__journal_append(j, &lost);
    bot__journal_close(j);

    bot_journal_reader *r;
    bot_journal_item item;
    struct journal_core jc;
    ck_assert_int_eq(bot__journal_open_read(&m.fs, "j", NULL, NULL, &r, NULL), BOT_OK);
    ck_assert_int_eq(bot__journal_core_open(&jc, &m.fs, "j", r, UINT64_MAX), BOT_OK);
    while (bot_journal_next(r, &item, NULL) == 1)
        ck_assert_int_ge(bot__journal_core_step(&jc, &item), 0);
    bot_core_stats stats;
    bot_position p;
    bot_gate_state gate;
    char before[BOT_DEC_TEXT_MAX + 16], now[BOT_DEC_TEXT_MAX];
    bot_core_stats_get(jc.core, &stats);
    ck_assert_uint_eq(stats.fills_applied, fills);
    bot_core_position(jc.core, 0, BOT_LEG_NET, &p);
    bot_fixed_format(p.qty.v, now);
    snprintf(before, sizeof before, "qty %s in", now);
    ck_assert_int_ne(p.qty.v != 0, 0);
    ck_assert_msg(strstr(states[n - 1], before) != NULL, "%s after, but before: %s", before, states[n - 1]);
    bot_core_gate_state(jc.core, m.now, &gate);
    ck_assert_uint_ne(gate.reasons, 0); /* not tradable until it has been proven again */
    ck_assert_int_eq(gate.open_until <= m.now, 1);
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);
    memfs_done(&m);
}

TEST(scenario, s23_torn_tail_is_cut_a_flip_is_reported_a_full_disk_shuts_and_a_clock_set_back_harms_nothing)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    memfs_init(&m);
    struct journal_config c = config(&m.fs, "j");
    c.options.segment_bytes = 1 << 20;
    const unsigned n = story_make(story, 200, m.now);
    expected_states(story, n, states);
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    append_story_options(j, story[0].ts);
    for (unsigned i = 0; i < n; i++) {
        bot__journal_append(j, &story[i]);
        if (i % 10 == 0 && i != n / 2)
            bot__journal_round(j);
        if (i == n / 2) { /* with something to write */
            m.wall -= 3600 * BOT_NS_PER_S; /* the clock is set back by an hour */
            m.fail_op = MEMFS_WRITE, m.fail_nth = 1, m.fail_times = 20, m.fail_errno = ENOSPC; /* and the disk fills up */
            bot__journal_round(j);
            ck_assert_int_eq(bot__journal_state(j, m.now), JOURNAL_FAILED);
            bot_event ev = { .kind = BOT_EV_JOURNAL, .seq = BOT_SEQ_NONE, .ts = story[i].ts, .source = BOT_SOURCE_HOST };
            bot_core_options o;
            void *block;
            story_options(&o);
            bot_core *core = story_core(&o, ev.ts, &block);
            bot_gate_state gate;
            bot_core_step(core, &ev);
            bot_core_gate_state(core, ev.ts, &gate);
            ck_assert_uint_ne(gate.reasons & BOT_GATE_JOURNAL, 0); /* what the session makes of it */
            free(block);
            m.fail_nth = 0;
            m.now += 5 * BOT_NS_PER_MS;
        }
    }
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    ck_assert_uint_eq(check_replay(&m.fs, "j", story, n, states), n);

    struct memfs_file *f = memfs_find(&m, "j/00000001.journal");
    const size_t size = f->size;
    f->size -= 100; /* torn */
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    ck_assert_uint_eq(rec.torn_bytes, 156);
    ck_assert_uint_eq(f->size, size - 256);
    bot__journal_close(j);
    ck_assert_uint_ge(check_replay(&m.fs, "j", story, n, states), n - 12);

    f->data[JOURNAL_HEADER_SIZE + 256 * 9 + 77] ^= 4; /* a flip in the middle */
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    ck_assert_int_eq(rec.damage.damage, BOT_DAMAGE_CHECKSUM);
    ck_assert_uint_eq(rec.damage.record, 9);
    ck_assert_uint_eq(rec.damage.offset, JOURNAL_HEADER_SIZE + 256 * 9);
    bot__journal_close(j);
    memfs_done(&m);
}
