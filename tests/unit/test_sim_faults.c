#include "harness.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/faults.h"
#include "sim_alloc.h"

#define S INT64_C(1000000000)
#define START (1000 * S)

static struct faults open_faults(void)
{
    struct faults f;
    ck_assert_int_eq(bot__faults_init(&f, test_sim_alloc(), 5, START), 0);
    return f;
}

static int parse(struct faults *f, const char *text, char *error) { return bot__faults_parse(f, text, strlen(text), error, 160); }

TEST(faults, hold_from_their_time_for_their_duration)
{
    struct faults f = open_faults();
    char error[160] = "";
    ck_assert_msg(parse(&f, "# the founding incident\nat 60s for 2m rest.stale on=positions,fills age=60s..299s # old\n\n"
                            "every 10m for 30s ws.mute stream=private\nalways ws.duplicate topic=execution p=0.5\n", error) == 0, "%s", error);
    ck_assert_uint_eq(f.n, 3);
    ck_assert_ptr_null(bot__faults_holds(&f, FAULT_REST_STALE, FAULT_ON_POSITIONS, 1, START + 59 * S));
    const struct fault *ft = bot__faults_holds(&f, FAULT_REST_STALE, FAULT_ON_POSITIONS, 1, START + 60 * S);
    ck_assert_ptr_nonnull(ft);
    ck_assert_int_eq(ft->low_ns, 60 * S);
    ck_assert_int_eq(ft->high_ns, 299 * S);
    ck_assert_ptr_null(bot__faults_holds(&f, FAULT_REST_STALE, FAULT_ON_BALANCE, 1, START + 60 * S));
    ck_assert_ptr_null(bot__faults_holds(&f, FAULT_REST_STALE, FAULT_ON_POSITIONS, 1, START + 180 * S));
    ck_assert_ptr_null(bot__faults_holds(&f, FAULT_WS_MUTE, FAULT_STREAM_PRIVATE, 1, START + 599 * S));
    ck_assert_ptr_nonnull(bot__faults_holds(&f, FAULT_WS_MUTE, FAULT_STREAM_PRIVATE, 1, START + 1229 * S));
    ck_assert_ptr_null(bot__faults_holds(&f, FAULT_WS_MUTE, FAULT_STREAM_PRIVATE, 1, START + 1230 * S));
    ck_assert_ptr_null(bot__faults_holds(&f, FAULT_WS_MUTE, FAULT_STREAM_PUBLIC, 1, START + 1229 * S));
    int hits = 0;
    for (int i = 0; i < 1000; i++) hits += bot__faults_hit(&f, FAULT_WS_DUPLICATE, FAULT_TOPIC_EXECUTION, 1, START + i) != NULL;
    ck_assert_int_gt(hits, 420);
    ck_assert_int_lt(hits, 580);
    ck_assert_uint_eq(f.used[FAULT_WS_DUPLICATE], (unsigned)hits);
    ck_assert_int_eq(bot__faults_next(&f, START), START + 60 * S);
    ck_assert_int_eq(bot__faults_next(&f, START + 60 * S), START + 180 * S);
    bot__faults_done(&f);
}

TEST(faults, events_happen_once_or_every_time)
{
    struct faults f = open_faults();
    char error[160] = "";
    ck_assert_msg(parse(&f, "at 5s trade side=buy qty=0.1\nevery 10s fund rate=-0.0001\n", error) == 0, "%s", error);
    ck_assert_ptr_null(bot__faults_due(&f, START + 4 * S));
    const struct fault *ft = bot__faults_due(&f, START + 5 * S);
    ck_assert(ft != NULL && ft->kind == FAULT_TRADE && ft->side == BOT_BUY);
    ck_assert_ptr_null(bot__faults_due(&f, START + 6 * S));
    ck_assert_int_eq(bot__faults_due(&f, START + 10 * S)->rate_e8, -10000);
    ck_assert_ptr_null(bot__faults_due(&f, START + 19 * S));
    ck_assert_ptr_nonnull(bot__faults_due(&f, START + 20 * S));
    bot__faults_done(&f);
}

TEST(faults, conditions_come_true_once)
{
    struct faults f = open_faults();
    char error[160] = "";
    ck_assert_msg(parse(&f, "when position>=0.5 for 10s rest.freeze on=positions\n", error) == 0, "%s", error);
    ck_assert(bot__faults_observes(&f));
    bot__faults_observe(&f, 1, (bot_qty){ 499999999999999999 }, 0, 0, START + S);
    ck_assert_ptr_null(bot__faults_holds(&f, FAULT_REST_FREEZE, FAULT_ON_POSITIONS, 1, START + S));
    bot__faults_observe(&f, 2, (bot_qty){ 600000000000000000 }, 0, 0, START + S);
    ck_assert_ptr_null(bot__faults_holds(&f, FAULT_REST_FREEZE, FAULT_ON_POSITIONS, 1, START + S));
    bot__faults_observe(&f, 1, (bot_qty){ 500000000000000000 }, 0, 0, START + 2 * S);
    const struct fault *ft = bot__faults_holds(&f, FAULT_REST_FREEZE, FAULT_ON_POSITIONS, 1, START + 3 * S);
    ck_assert_ptr_nonnull(ft);
    ck_assert_int_eq(bot__fault_since(&f, ft, START + 3 * S), START + 2 * S);
    ck_assert_ptr_null(bot__faults_holds(&f, FAULT_REST_FREEZE, FAULT_ON_POSITIONS, 1, START + 12 * S));
    ck_assert(!bot__faults_observes(&f));
    bot__faults_done(&f);
}

TEST(faults, errors_name_the_line_and_nothing_is_added)
{
    static const struct { const char *text, *error; } cases[] = {
        { "at 1s rest.stal\n", "line 1: unknown fault 'rest.stal'" },
        { "always rest.hang\n\nat 1x rest.hang\n", "line 3: '1x' is no duration (30s, 250ms, 10m)" },
        { "at 1s rest.stale on=positions\n", "line 1: rest.stale needs age=" },
        { "at 1s rest.hang on=position\n", "line 1: unknown name 'position'" },
        { "at 1s rest.hang p=1.5\n", "line 1: p must lie between 0 and 1" },
        { "at 1s rest.hang age=3s\n", "line 1: rest.hang has no key 'age'" },
        { "at 1s for 5s ws.cut\n", "line 1: ws.cut happens once: it takes no 'for'" },
        { "every 1m rest.hang\n", "line 1: 'every' needs a 'for'" },
        { "at 1s rest.slow delay=5s..1s\n", "line 1: range '5s..1s' ends before it begins" },
        { "at 1s rest.hang p\n", "line 1: 'p' is no key=value" },
        { "at 1s rest.hang p=0.1 p=0.2\n", "line 1: 'p' is given twice" },
        { "rest.hang\n", "line 1: 'rest.hang': a statement begins with at, every, always or when" },
        { "when balance>=3 rest.hang\n", "line 1: unknown condition 'balance'" },
        { "at 1s\n", "line 1: which fault?" },
        { "at 1s trade side=up qty=1", "line 1: side is buy or sell" },
        { "at 1s trade qty=1", "line 1: trade needs side=" },
        { "at 1s order.reject", "line 1: order.reject needs code=" },
        { "at 1s rest.limbo", "line 1: rest.limbo needs delay=" },
        { "at 1s for 2s cancel_all", "line 1: cancel_all happens once: it takes no 'for'" },
        { "at 1s ws.blind topic=order", "line 1: ws.blind has no key 'topic'" },
        { "at 1s rest.partial on=positions", "line 1: rest.partial needs keep= or drop=" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct faults f = open_faults();
        char error[160] = "";
        ck_assert_int_eq(parse(&f, cases[i].text, error), BOT_ERR_MALFORMED);
        ck_assert_str_eq(error, cases[i].error);
        ck_assert_uint_eq(f.n, 0);
        bot__faults_done(&f);
    }
}

TEST(faults, every_script_that_comes_with_the_tools_is_readable)
{
    DIR *d = opendir(test_source("tools/faults"));
    ck_assert_ptr_nonnull(d);
    int n = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        const char *dot = strrchr(e->d_name, '.');
        if (dot == NULL || strcmp(dot, ".fault") != 0) continue;
        char path[512], error[160] = "";
        snprintf(path, sizeof path, "tools/faults/%s", e->d_name);
        size_t len;
        char *text = test_read_file(test_source(path), &len);
        struct faults f = open_faults();
        ck_assert_msg(bot__faults_parse(&f, text, len, error, sizeof error) == 0, "%s: %s", path, error);
        ck_assert_msg(f.n > 0, "%s has no statement", path);
        bot__faults_done(&f);
        free(text);
        n++;
    }
    closedir(d);
    ck_assert_int_ge(n, 10);
}
