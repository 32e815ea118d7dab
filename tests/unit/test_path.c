#include "harness.h"

#include "core/path.h"

#define STEPS 64

static struct path_step steps[STEPS];

static void push(struct path *p, bot_ts ts, long qty) { bot__path_push(p, ts, ts * 10, ts * 100, qty); }

TEST(path, knows_what_was_held_in_a_span)
{
    struct path p;
    bot__path_init(&p, steps, STEPS);
    push(&p, 0, 0);
    push(&p, 10, 1);
    push(&p, 20, 2);
    push(&p, 30, 0);
    bot_ts until = -1;
    ck_assert_int_eq(bot__path_held(&p, 1, 12, 15, &until), 1);
    ck_assert_int_eq(until, 20);
    ck_assert_int_eq(bot__path_held(&p, 1, 20, 25, NULL), 1); /* the change itself cannot be told from before it */
    ck_assert_int_eq(bot__path_held(&p, 1, 21, 40, NULL), 0);
    ck_assert_int_eq(bot__path_held(&p, 2, 12, 15, NULL), 0);
    ck_assert_int_eq(bot__path_held(&p, 2, 12, 20, NULL), 1);
    ck_assert_int_eq(bot__path_held(&p, 0, 100, 200, &until), 1);
    ck_assert(until == BOT_TS_NEVER);
    ck_assert_int_eq(bot__path_held(&p, 0, 5, 200, &until), 1);
    ck_assert(until == BOT_TS_NEVER);
    ck_assert_int_eq(bot__path_held(&p, 0, 5, 25, &until), 1);
    ck_assert_int_eq(until, 10);
}

TEST(path, before_its_first_step_nothing_is_known)
{
    struct path p;
    bot__path_init(&p, steps, STEPS);
    bot_i128 qty;
    bot_ts at;
    ck_assert_int_eq(bot__path_held(&p, 0, 0, 9, NULL), BOT_ERR_TRUNCATED);
    push(&p, 10, 1);
    ck_assert_int_eq(bot__path_held(&p, 0, 0, 9, NULL), BOT_ERR_TRUNCATED);
    ck_assert_int_eq(bot__path_held(&p, 0, 5, 15, NULL), BOT_ERR_TRUNCATED);
    ck_assert_int_eq(bot__path_held(&p, 1, 5, 15, NULL), 1);
    ck_assert_int_eq(bot__path_last(&p, 0, 100, &at), BOT_ERR_TRUNCATED);
    ck_assert_int_eq(bot__path_at(&p, 9, &qty), BOT_ERR_TRUNCATED);
    ck_assert_int_eq(bot__path_at(&p, 10, &qty), BOT_OK);
    ck_assert(qty == 1);
}

TEST(path, two_steps_of_one_moment_were_both_held)
{
    struct path p;
    bot__path_init(&p, steps, STEPS);
    push(&p, 0, 0);
    push(&p, 10, 1);
    push(&p, 10, 2);
    bot_ts at = -1;
    ck_assert_int_eq(bot__path_held(&p, 1, 5, 15, NULL), 1);
    ck_assert_int_eq(bot__path_held(&p, 1, 11, 15, NULL), 0);
    ck_assert_int_eq(bot__path_last(&p, 1, 50, &at), 1);
    ck_assert_int_eq(at, 10);
    bot_i128 qty;
    ck_assert_int_eq(bot__path_at(&p, 10, &qty), BOT_OK);
    ck_assert(qty == 2);
}

TEST(path, age_of_a_stale_answer_is_measured_from_the_last_moment_it_was_true)
{
    struct path p;
    bot__path_init(&p, steps, STEPS);
    push(&p, 0, 0);
    push(&p, 100, 5);
    push(&p, 160, 0);
    push(&p, 200, 5);
    push(&p, 300, 7);
    bot_ts at;
    ck_assert_int_eq(bot__path_last(&p, 5, 1000, &at), 1);
    ck_assert_int_eq(at, 299);
    ck_assert_int_eq(bot__path_last(&p, 5, 180, &at), 1);
    ck_assert_int_eq(at, 159);
    ck_assert_int_eq(bot__path_last(&p, 5, 150, &at), 1);
    ck_assert_int_eq(at, 149);
    ck_assert_int_eq(bot__path_last(&p, 0, 1000, &at), 1);
    ck_assert_int_eq(at, 199);
    ck_assert_int_eq(bot__path_last(&p, 9, 1000, &at), BOT_ERR_TRUNCATED);
}

TEST(path, the_oldest_step_leaves_and_the_answer_becomes_unknown)
{
    struct path p;
    bot__path_init(&p, steps, STEPS);
    for (int i = 0; i < 1000; i++)
        push(&p, i, i);
    ck_assert_int_eq(bot__path_held(&p, 5, 5, 5, NULL), BOT_ERR_TRUNCATED);
    ck_assert_int_eq(bot__path_held(&p, 1000 - STEPS, 1000 - STEPS, 1000, NULL), 1);
    ck_assert_int_eq(bot__path_held(&p, 5, 1000 - STEPS + 1, 1000, NULL), 0);
    ck_assert_int_eq(p.newest_venue_ns, 9990);
    ck_assert_int_eq(p.newest_seq, 99900);
}

TEST(path, late_fills_do_not_turn_time_or_the_newest_sequence_back)
{
    struct path p;
    bot__path_init(&p, steps, STEPS);
    push(&p, 0, 0);
    push(&p, 50, 1);
    bot__path_push(&p, 40, 30, 20, 2); /* an older execution, found by a backfill */
    ck_assert_int_eq(p.newest_venue_ns, 500);
    ck_assert_int_eq(p.newest_seq, 5000);
    bot_i128 qty;
    ck_assert_int_eq(bot__path_at(&p, 49, &qty), BOT_OK);
    ck_assert(qty == 0);
    ck_assert_int_eq(bot__path_at(&p, 50, &qty), BOT_OK);
    ck_assert(qty == 2);
}

TEST(path, agrees_with_a_plain_list)
{
    test_rng rng = { 7 };
    static struct { bot_ts ts; long qty; } list[STEPS];
    struct path p;
    bot__path_init(&p, steps, STEPS);
    bot_ts now = 0;
    for (int i = 0; i < STEPS; i++) {
        list[i].ts = now;
        list[i].qty = (long)test_rng_below(&rng, 6);
        push(&p, now, list[i].qty);
        now += (bot_ts)test_rng_below(&rng, 3);
    }
    for (int round = 0; round < 100000; round++) {
        const bot_ts from = (bot_ts)test_rng_below(&rng, (unsigned long long)now + 5), to = from + (bot_ts)test_rng_below(&rng, 9);
        const long qty = (long)test_rng_below(&rng, 7);
        int held = 0, last = 0;
        bot_ts at = 0, got = 0;
        for (int i = 0; i < STEPS; i++) {
            const bot_ts end = i + 1 < STEPS ? list[i + 1].ts : BOT_TS_NEVER;
            held |= list[i].qty == qty && list[i].ts <= to && end >= from;
            if (list[i].qty == qty && list[i].ts < from) {
                last = 1;
                at = end < from ? end : from;
                at = at > list[i].ts ? at - 1 : list[i].ts;
            }
        }
        const int r = bot__path_held(&p, qty, from, to, NULL);
        ck_assert_msg(r == held || (held == 0 && r == BOT_ERR_TRUNCATED && from <= list[0].ts), "round %d", round);
        if (last) {
            ck_assert_int_eq(bot__path_last(&p, qty, from, &got), 1);
            ck_assert_msg(got == at, "round %d: %lld %lld", round, (long long)got, (long long)at);
        } else {
            ck_assert_int_eq(bot__path_last(&p, qty, from, &got), BOT_ERR_TRUNCATED);
        }
    }
}
