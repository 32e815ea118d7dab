#include "harness.h"

#include <string.h>

#include "core/lag.h"

#define S BOT_NS_PER_S
#define MS BOT_NS_PER_MS
#define T0 (1000 * S)
#define VENUE0 (INT64_C(1700000000) * S)

struct feed {
    struct bot__lag lag;
    bot_ts now;
    int64_t clocks; /* venue clock minus host clock */
    test_rng rng;
    bot_ts late_at, ok_at;
};

static struct feed feed_new(int64_t clocks)
{
    struct feed f = { .now = T0, .clocks = clocks, .rng = { 1 }, .late_at = BOT_TS_NEVER, .ok_at = BOT_TS_NEVER };
    bot__lag_init(&f.lag, NULL, f.now);
    return f;
}

static bot__lag_view view(const struct feed *f)
{
    bot__lag_view v;
    bot__lag_get(&f->lag, &v);
    return v;
}

static void tick(struct feed *f, bot_ts now)
{
    const bool was_ok = view(f).ok;
    if (!bot__lag_tick(&f->lag, now))
        return;
    if (was_ok && !view(f).ok) f->late_at = now;
    if (!was_ok && view(f).ok) f->ok_at = now;
}

/* A message every so often, delayed by 20 to 80 ms and `extra`, which grows by `growth` a second. */
static void run_every(struct feed *f, bot_ts every, bot_ts length, bot_ts extra, double growth)
{
    const bot_ts from = f->now, until = f->now + length;
    while (f->now < until) {
        f->now += every;
        const bot_ts behind = extra + (bot_ts)(growth * (double)(f->now - from));
        const bot_ts delay = 20 * MS + (bot_ts)test_rng_below(&f->rng, 60 * MS) + behind;
        if (bot__lag_deadline(&f->lag) <= f->now) tick(f, bot__lag_deadline(&f->lag));
        bot__lag_arrival(&f->lag, f->now, f->now + f->clocks - delay);
        tick(f, f->now);
    }
}

static void run(struct feed *f, bot_ts length, bot_ts extra, double growth)
{
    run_every(f, 50 * MS, length, extra, growth);
}

TEST(lag, clocks_that_are_off_by_seconds_do_not_matter)
{
    static const int64_t off[] = { 0, 1270 * MS, -1520 * MS, 30 * S, -30 * S, VENUE0 };
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        struct feed f = feed_new(off[i]);
        run(&f, 600 * S, 0, 0);
        ck_assert_int_eq(f.late_at, BOT_TS_NEVER);
        ck_assert_int_lt(view(&f).value_ns, 100 * MS);
        ck_assert_int_eq(view(&f).reason, BOT__LAG_NONE);
    }
}

TEST(lag, a_ramp_of_a_third_of_a_second_a_second_is_found_within_four_seconds)
{
    struct feed f = feed_new(VENUE0);
    run(&f, 600 * S, 0, 0);
    const bot_ts from = f.now;
    run(&f, 7 * S, 0, 0.35);
    ck_assert(f.late_at != BOT_TS_NEVER);
    ck_assert_int_le(f.late_at - from, 4 * S);
    run(&f, 60 * S, 0, 0);
    ck_assert(view(&f).ok);
    ck_assert_int_ge(f.ok_at - from, 10 * S); /* held for some seconds after it was over */
}

TEST(lag, a_ramp_is_found_within_four_seconds_where_messages_are_few)
{
    struct feed f = feed_new(VENUE0);
    run_every(&f, 1250 * MS, 600 * S, 0, 0);
    const bot_ts from = f.now;
    run_every(&f, 1250 * MS, 7 * S, 0, 0.35);
    ck_assert(f.late_at != BOT_TS_NEVER);
    ck_assert_int_le(f.late_at - from, 3 * S); /* the second message of the ramp */
    ck_assert_int_eq(view(&f).reason, BOT__LAG_RAMP);
}

/* A venue's hiccup: for a second it falls behind, then all comes at once. Usual where it is usual. */
TEST(lag, a_rise_as_large_as_those_of_every_minute_is_no_ramp)
{
    struct feed f = feed_new(VENUE0);
    for (int minute = 0; minute < 60; minute++) {
        run(&f, 60 * S, 0, 0);
        run(&f, 1 * S, 0, minute < 59 ? 0.3 : 0.33);
    }
    ck_assert_int_eq(f.late_at, BOT_TS_NEVER);
    run(&f, 2 * S, 0, 0.5);
    ck_assert(f.late_at != BOT_TS_NEVER);
}

TEST(lag, a_slow_ramp_cannot_teach_its_own_limit)
{
    struct feed f = feed_new(VENUE0);
    run(&f, 600 * S, 0, 0);
    run(&f, 60 * S, 0, 0.02);
    ck_assert(f.late_at != BOT_TS_NEVER);
    ck_assert(!view(&f).ok);
}

TEST(lag, a_feed_that_is_polled_learns_how_late_it_always_is)
{
    struct feed f = feed_new(VENUE0);
    for (int page = 0; page < 2000; page++) { /* every 20 s a page whose newest row is 0 to 15 s old */
        f.now += 20 * S;
        const bot_ts age = (bot_ts)test_rng_below(&f.rng, 15 * S);
        for (int row = 5; row >= 0; row--) {
            bot__lag_arrival(&f.lag, f.now, f.now + f.clocks - age - row * S);
            tick(&f, f.now);
        }
        tick(&f, bot__lag_deadline(&f.lag));
    }
    ck_assert_int_eq(f.late_at, BOT_TS_NEVER);
    ck_assert_int_gt(view(&f).reference_ns, 20 * S);
}

TEST(lag, one_stray_message_is_no_alarm)
{
    struct feed f = feed_new(VENUE0);
    run(&f, 600 * S, 0, 0);
    f.now += 50 * MS;
    bot__lag_arrival(&f.lag, f.now, f.now + f.clocks - 1 * S);
    run(&f, 60 * S, 0, 0);
    ck_assert_int_eq(f.late_at, BOT_TS_NEVER);
}

TEST(lag, a_venue_clock_set_back_is_no_lag)
{
    struct feed f = feed_new(VENUE0);
    run(&f, 600 * S, 0, 0);
    f.clocks -= 30 * S;
    run(&f, 20 * S, 0, 0); /* late at first sight, until it is seen that times went back and stay back */
    ck_assert(view(&f).ok);
    ck_assert_int_eq(f.lag.steps, 1);
    run(&f, 7 * S, 0, 0.35);
    ck_assert(!view(&f).ok); /* and lag is still told */
}

TEST(lag, a_venue_clock_set_forward_is_no_lag)
{
    struct feed f = feed_new(VENUE0);
    run(&f, 600 * S, 0, 0);
    f.clocks += 30 * S;
    run(&f, 120 * S, 0, 0);
    ck_assert_int_eq(f.late_at, BOT_TS_NEVER);
}

TEST(lag, half_a_second_of_stamps_from_the_future_is_not_what_the_rest_is_compared_with)
{
    struct feed f = feed_new(VENUE0);
    run(&f, 600 * S, 0, 0);
    f.clocks += 940 * MS;
    run(&f, 500 * MS, 0, 0);
    f.clocks -= 940 * MS;
    run(&f, 600 * S, 0, 0);
    ck_assert_int_eq(f.late_at, BOT_TS_NEVER);
}

TEST(lag, a_venue_clock_set_forward_and_back_is_no_lag_for_long)
{
    for (int64_t by = 700 * MS; by <= 8 * S; by += 900 * MS) {
        struct feed f = feed_new(VENUE0);
        run(&f, 600 * S, 0, 0);
        f.clocks += by;
        run(&f, 60 * S, 0, 0);
        f.clocks -= by;
        run(&f, 20 * S, 0, 0);
        ck_assert_msg(view(&f).ok, "by %lld ms", (long long)(by / MS));
        run(&f, 7 * S, 0, 0.35);
        ck_assert(!view(&f).ok); /* and lag is still told */
    }
}

/* A feed where times never go back, so that only the venue's clock itself can tell a step from lag: measured when the monitor asks
 * (and every two minutes), with 25 ms of error. `words`: somebody answers. */
static void run_slow(struct feed *f, bot_ts length, bot_ts extra, int64_t rest_clock, bool words)
{
    const bot_ts until = f->now + length;
    while (f->now < until) {
        run_every(f, 3 * S, 3 * S, extra, 0);
        if (words && (bot__lag_asks(&f->lag) || f->now - f->lag.clock.at > 120 * S))
            bot__lag_clock(&f->lag, f->now, f->clocks + rest_clock + (int64_t)test_rng_below(&f->rng, 50 * MS) - 25 * MS, 25 * MS);
    }
}

TEST(lag, a_clock_that_went_ahead_and_came_back_on_a_quiet_feed_is_no_lag)
{
    for (int64_t by = 700 * MS; by <= 40 * S; by = by * 3 / 2)
        for (bot_ts length = 3 * S; length < 400 * S; length *= 2) {
            struct feed f = feed_new(VENUE0);
            run_slow(&f, 600 * S, 0, 0, true);
            f.clocks += by;
            run_slow(&f, length, 0, 0, true);
            f.clocks -= by;
            run_slow(&f, 18 * S, 0, 0, true);
            ck_assert_msg(view(&f).ok, "by %lld ms for %lld s", (long long)(by / MS), (long long)(length / S));
            run_slow(&f, 30 * S, 3 * S, 0, true);
            ck_assert(!view(&f).ok); /* and lag is still told */
        }
}

TEST(lag, a_clock_that_was_ahead_while_nobody_could_be_asked_is_no_lag_once_somebody_can)
{
    struct feed f = feed_new(VENUE0);
    run_slow(&f, 600 * S, 0, 0, true);
    f.clocks += 1160 * MS;
    run_slow(&f, 90 * S, 0, 0, false);
    f.clocks -= 1160 * MS;
    run_slow(&f, 60 * S, 0, 0, false);
    ck_assert(!view(&f).ok);
    run_slow(&f, 15 * S, 0, 0, true);
    ck_assert(view(&f).ok);
}

TEST(lag, a_constant_lag_is_late_however_often_the_clock_is_asked)
{
    struct feed f = feed_new(VENUE0);
    run_slow(&f, 600 * S, 0, 0, true);
    run_slow(&f, 9 * S, 1160 * MS, 0, true);
    ck_assert(!view(&f).ok);
    run_slow(&f, 3600 * S, 1160 * MS, 0, true);
    ck_assert(!view(&f).ok);
    ck_assert_int_eq(f.ok_at, BOT_TS_NEVER);
    ck_assert_int_eq(f.lag.steps, 0);
}

TEST(lag, lag_stays_late_through_a_step_of_the_clock_by_either_sign)
{
    for (int64_t by = -5 * S; by <= 5 * S; by += 2 * S) {
        struct feed f = feed_new(VENUE0);
        run_slow(&f, 600 * S, 0, 0, true);
        f.now += 10 * S; /* what is late comes in order: first nothing comes */
        run_slow(&f, 60 * S, 10 * S, 0, true);
        ck_assert(!view(&f).ok);
        f.clocks += by;
        run_slow(&f, 120 * S, 10 * S, 0, true);
        ck_assert(!view(&f).ok);
        run_slow(&f, 60 * S, 0, 0, true); /* the lag is gone, the clock stays where it is */
        ck_assert_msg(view(&f).ok, "by %lld s", (long long)(by / S));
        run_slow(&f, 30 * S, 3 * S, 0, true);
        ck_assert(!view(&f).ok);
    }
}

TEST(lag, what_is_late_besides_a_step_of_the_clock_is_told_as_before)
{
    struct feed f = feed_new(VENUE0);
    run_slow(&f, 600 * S, 0, 0, true);
    for (int k = 0; k < 20; k++) { /* too little to be late: it must not become what is compared with, step after step */
        f.clocks += k % 2 == 0 ? 2 * S : -2 * S;
        run_slow(&f, 60 * S, 200 * MS, 0, true);
        ck_assert_int_gt(view(&f).value_ns, 150 * MS);
    }
}

TEST(lag, a_feed_that_was_faster_for_a_while_is_late_when_it_is_as_before)
{
    struct feed f = feed_new(VENUE0);
    run_slow(&f, 1200 * S, 2 * S, 0, true);
    ck_assert(view(&f).ok); /* nobody knows: it was so from the beginning */
    run_slow(&f, 60 * S, 0, 0, true);
    run_slow(&f, 600 * S, 2 * S, 0, true);
    ck_assert(!view(&f).ok);
    ck_assert_int_eq(f.ok_at, BOT_TS_NEVER);
}

TEST(lag, the_clock_of_the_machine_that_is_asked_is_not_the_feeds)
{
    for (int64_t by = -2 * S; by <= 2 * S; by += 4 * S) {
        struct feed f = feed_new(VENUE0);
        run_slow(&f, 600 * S, 0, 0, true);
        run_slow(&f, 600 * S, 0, by, true);
        ck_assert_int_eq(f.late_at, BOT_TS_NEVER);
        f.clocks += 1500 * MS; /* and a true step is told from it */
        run_slow(&f, 30 * S, 0, by, true);
        f.clocks -= 1500 * MS;
        run_slow(&f, 18 * S, 0, by, true);
        ck_assert(view(&f).ok);
        run_slow(&f, 30 * S, 2 * S, by, true);
        ck_assert(!view(&f).ok);
    }
}

TEST(lag, a_measurement_that_took_too_long_says_nothing)
{
    struct feed f = feed_new(VENUE0);
    run_slow(&f, 600 * S, 0, 0, true);
    run_slow(&f, 30 * S, 1160 * MS, 0, false);
    ck_assert(!view(&f).ok);
    bot__lag_clock(&f.lag, f.now, f.clocks - 1160 * MS, 1200 * MS); /* as it would look after a step of the clock */
    run_slow(&f, 30 * S, 1160 * MS, 0, false);
    ck_assert(!view(&f).ok);
}

TEST(lag, one_publisher_that_is_late_behind_another_is_no_clock_set_back)
{
    struct feed f = feed_new(VENUE0);
    run(&f, 600 * S, 0, 0);
    run(&f, 5 * S, 2 * S, 0);
    ck_assert(!view(&f).ok);
    for (int i = 0; i < 20; i++) { /* the other trades rarely */
        run(&f, 50 * MS, 0, 0);
        run(&f, 8 * S, 2 * S, 0);
        ck_assert(!view(&f).ok);
    }
    ck_assert_int_eq(f.lag.steps, 0);
}

TEST(lag, lasting_lag_stays_late)
{
    struct feed f = feed_new(VENUE0);
    run(&f, 600 * S, 0, 0);
    f.now += 10 * S; /* what is late comes in order: first nothing comes */
    run(&f, 3600 * S, 10 * S, 0);
    ck_assert(!view(&f).ok);
    ck_assert_int_eq(f.ok_at, BOT_TS_NEVER);
}

TEST(lag, venue_internal_delay_needs_no_clock_of_ours)
{
    struct bot__lag lag;
    bot__lag_init(&lag, NULL, T0);
    for (int i = 0; i < 1000; i++) bot__lag_sample(&lag, T0 + i * (50 * MS), i % 10 == 0 ? 150 * MS : 5 * MS);
    bot__lag_tick(&lag, T0 + 50 * S);
    bot__lag_view v;
    bot__lag_get(&lag, &v);
    ck_assert(v.ok);
    for (int i = 0; i < 3; i++) bot__lag_sample(&lag, T0 + 51 * S + i * (50 * MS), 2 * S);
    ck_assert(bot__lag_tick(&lag, T0 + 52 * S));
    bot__lag_get(&lag, &v);
    ck_assert(!v.ok);
    ck_assert_int_eq(v.reason, BOT__LAG_LATE);
}

TEST(lag, an_order_without_an_answer_is_late_while_it_waits)
{
    struct bot__lag lag;
    bot__lag_options o;
    bot__lag_options_init_ack(&o);
    bot__lag_init(&lag, &o, T0);
    for (int i = 0; i < 20; i++) bot__lag_sample(&lag, T0 + i * S, 150 * MS);
    bot__lag_waiting(&lag, T0 + 30 * S, T0 + 30 * S);
    const bot_ts due = bot__lag_deadline(&lag);
    ck_assert_int_gt(due, T0 + 32 * S);
    ck_assert_int_lt(due, T0 + 33 * S);
    ck_assert(!bot__lag_tick(&lag, due - 1) || lag.reason != BOT__LAG_WAITING);
    ck_assert(bot__lag_tick(&lag, due));
    bot__lag_view v;
    bot__lag_get(&lag, &v);
    ck_assert(!v.ok);
    ck_assert_int_eq(v.reason, BOT__LAG_WAITING);
    /* It came after all; then answers are prompt again for the hold time. */
    bot__lag_waiting(&lag, T0 + 40 * S, BOT_TS_NEVER);
    bot__lag_sample(&lag, T0 + 40 * S, 10 * S);
    for (int i = 0; i < 15; i++) bot__lag_sample(&lag, T0 + (41 + i) * S, 150 * MS);
    bot__lag_get(&lag, &v);
    ck_assert(v.ok);
}

/* While the gate is shut for it nothing is sent, and nothing would ever be acknowledged again. */
TEST(lag, late_acknowledgements_are_forgiven_when_no_order_has_been_late_for_a_while)
{
    struct bot__lag lag;
    bot__lag_options o;
    bot__lag_view v;
    bot__lag_options_init_ack(&o);
    bot__lag_init(&lag, &o, T0);
    for (int i = 0; i < 20; i++) bot__lag_sample(&lag, T0 + i * S, 20 * MS);
    for (int i = 20; i < 22; i++) bot__lag_sample(&lag, T0 + i * S, 4 * S);
    (void)bot__lag_tick(&lag, T0 + 22 * S);
    bot__lag_get(&lag, &v);
    ck_assert(!v.ok);
    ck_assert_int_eq(bot__lag_deadline(&lag), T0 + 51 * S);
    ck_assert(!bot__lag_tick(&lag, T0 + 50 * S));
    bot__lag_waiting(&lag, T0 + 50 * S, T0 + 49 * S); /* one that passed before still waits: not yet */
    ck_assert(!bot__lag_tick(&lag, T0 + 60 * S));
    bot__lag_waiting(&lag, T0 + 61 * S, BOT_TS_NEVER);
    ck_assert(bot__lag_tick(&lag, T0 + 61 * S));
    bot__lag_get(&lag, &v);
    ck_assert(v.ok);
    bot__lag_sample(&lag, T0 + 62 * S, 4 * S); /* and the next two tell whether it is so still */
    bot__lag_sample(&lag, T0 + 63 * S, 4 * S);
    ck_assert(bot__lag_tick(&lag, T0 + 63 * S));
    bot__lag_get(&lag, &v);
    ck_assert(!v.ok);
}

TEST(lag, reasons_have_distinct_names)
{
    for (int a = 0; a <= BOT__LAG_WAITING; a++)
        for (int b = 0; b < a; b++)
            ck_assert_str_ne(bot__lag_reason_name((bot__lag_reason)a), bot__lag_reason_name((bot__lag_reason)b));
}
