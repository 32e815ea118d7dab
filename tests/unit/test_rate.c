#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bot/err.h"
#include "core/rate.h"
#include "core/tail.h"

#define S BOT_NS_PER_S
#define MS BOT_NS_PER_MS
#define T0 (INT64_C(1500000000) * S) /* also the venue's clock in these tests: the two differ by nothing */

struct flow {
    struct bot__rate *rate;
    void *memory;
    bot_ts now;
    test_rng rng;
    int drops, releases; /* of instrument 0 */
    bot_ts dropped_at, released_at;
};

static struct flow flow_open(const bot__rate_options *opts, unsigned long long seed)
{
    struct flow f = { .now = T0, .rng = { seed }, .dropped_at = BOT_TS_NEVER, .released_at = BOT_TS_NEVER };
    f.memory = malloc(bot__rate_size(opts));
    ck_assert_ptr_nonnull(f.memory);
    ck_assert_int_eq(bot__rate_init(f.memory, bot__rate_size(opts), opts, f.now, &f.rate), BOT_OK);
    return f;
}

static struct flow flow_new(unsigned long long seed)
{
    bot__rate_options opts;
    bot__rate_options_init(&opts);
    return flow_open(&opts, seed);
}

static void flow_free(struct flow *f) { free(f->memory); }

static double uniform(struct flow *f) { return ((double)(test_rng_next(&f->rng) >> 11) + 0.5) / 9007199254740992.0; }

static void pass(struct flow *f, bot_ts until)
{
    while (bot__rate_deadline(f->rate) <= until) {
        bot__rate_change c;
        const bot_ts at = bot__rate_deadline(f->rate);
        bot__rate_tick(f->rate, at);
        while (bot__rate_next_change(f->rate, &c)) {
            if (c.instrument != 0)
                continue;
            if (c.view.state == BOT__RATE_DROPPED && f->dropped_at == BOT_TS_NEVER) {
                f->drops++;
                f->dropped_at = at;
                f->released_at = BOT_TS_NEVER;
            } else if (c.view.state == BOT__RATE_NORMAL && f->dropped_at != BOT_TS_NEVER) {
                f->releases++;
                f->released_at = at;
                f->dropped_at = BOT_TS_NEVER;
            }
        }
    }
    if (until > f->now) f->now = until;
}

/* A flow at `per_s` sweeps a second whose rate wanders by a factor of three within minutes. */
static void run(struct flow *f, uint32_t instrument, double per_s, bot_ts length)
{
    const bot_ts until = f->now + length;
    while (f->now < until) {
        const double minutes = (double)(f->now - T0) / 60e9;
        const double wander = per_s * exp(0.5 * sin(minutes / 3) + 0.5 * sin(minutes / 17));
        const bot_ts gap = (bot_ts)(-log(uniform(f)) / wander * 1e9) + 1;
        if (f->now + gap >= until)
            break;
        pass(f, f->now + gap);
        bot__rate_trade(f->rate, instrument, f->now, f->now, BOT_BUY);
    }
    pass(f, until);
}

static bot__rate_view view(const struct flow *f)
{
    bot__rate_view v;
    bot__rate_get(f->rate, 0, &v);
    return v;
}

TEST(rate, options_out_of_range_are_refused)
{
    bot__rate_options o;
    bot__rate_options_init(&o);
    ck_assert_uint_gt(bot__rate_size(&o), 0);
    o.alarms_per_day = 0;
    ck_assert_uint_eq(bot__rate_size(&o), 0);
    bot__rate_options_init(&o);
    o.alarms_per_day = NAN;
    ck_assert_uint_eq(bot__rate_size(&o), 0);
    bot__rate_options_init(&o);
    o.instruments = 0;
    ck_assert_uint_eq(bot__rate_size(&o), 0);
    bot__rate_options_init(&o);
    struct bot__rate *rate = NULL;
    double little[4];
    ck_assert_int_eq(bot__rate_init(little, sizeof little, &o, T0, &rate), BOT_ERR_OPTIONS);
    ck_assert_ptr_null(rate);
}

TEST(rate, a_sweep_that_fills_forty_makers_counts_once)
{
    struct flow f = flow_new(1);
    for (int i = 0; i < 40; i++) bot__rate_trade(f.rate, 0, T0 + 5 * MS, T0, BOT_BUY);
    ck_assert_uint_eq(view(&f).sweeps, 1);
    ck_assert_uint_eq(view(&f).trades, 40);
    bot__rate_trade(f.rate, 0, T0 + 5 * MS, T0, BOT_SELL); /* the other side at the same time is another sweep */
    bot__rate_trade(f.rate, 0, T0 + 6 * MS, T0 + MS, BOT_SELL);
    ck_assert_uint_eq(view(&f).sweeps, 3);
    bot__rate_trade(f.rate, 0, T0 + 7 * MS, 0, BOT_SELL); /* without a venue time each is one */
    bot__rate_trade(f.rate, 0, T0 + 7 * MS, 0, BOT_SELL);
    ck_assert_uint_eq(view(&f).sweeps, 5);
    flow_free(&f);
}

/* As run(), but each sweep fills one to four orders, of whose fills a part arrives. */
static void run_fills(struct flow *f, double per_s, double part, int fills_most, bot_ts length)
{
    const bot_ts until = f->now + length;
    for (;;) {
        const double minutes = (double)(f->now - T0) / 60e9;
        const bot_ts gap = (bot_ts)(-log(uniform(f)) / (per_s * exp(0.5 * sin(minutes / 3) + 0.5 * sin(minutes / 17))) * 1e9) + 1;
        if (f->now + gap >= until)
            break;
        pass(f, f->now + gap);
        const int fills = 1 + (int)(uniform(f) * fills_most);
        for (int i = 0; i < fills; i++)
            if (uniform(f) < part) bot__rate_trade(f->rate, 0, f->now, f->now, BOT_BUY);
    }
    pass(f, until);
}

/* A quarter of the fills is nearly half of the sweeps, which a lull may be; but of two fills both must have come. */
TEST(rate, a_feed_that_loses_three_fills_in_four_is_told_by_the_sweeps_of_several)
{
    struct flow f = flow_new(5);
    run_fills(&f, 5, 1, 4, 7200 * S);
    ck_assert_int_eq(f.drops, 0);
    run_fills(&f, 5, 0.25, 4, 180 * S);
    ck_assert_int_eq(f.drops, 1);
    ck_assert_int_eq(view(&f).reason, BOT__RATE_REASON_SLOW);
    run_fills(&f, 5, 0.25, 4, 900 * S);
    ck_assert_int_eq(f.releases, 0);
    run_fills(&f, 5, 1, 4, 300 * S);
    ck_assert_int_eq(f.releases, 1);
    flow_free(&f);
}

/* The market is three times as busy when a stop ends: as many sweeps as ever come, but three fills in four do not. */
TEST(rate, a_feed_that_comes_back_without_most_of_its_fills_is_not_back)
{
    struct flow f = flow_new(7);
    run_fills(&f, 5, 1, 4, 7200 * S);
    pass(&f, f.now + 60 * S);
    ck_assert_int_eq(f.drops, 1);
    run_fills(&f, 15, 0.25, 4, 900 * S);
    ck_assert_int_eq(f.releases, 0);
    run_fills(&f, 15, 1, 4, 60 * S);
    ck_assert_int_eq(f.releases, 1);
    flow_free(&f);
}

TEST(rate, a_venue_that_comes_to_write_one_trade_a_sweep_has_not_dropped)
{
    struct flow f = flow_new(6);
    run_fills(&f, 5, 1, 4, 7200 * S);
    run_fills(&f, 5, 1, 1, 7200 * S);
    ck_assert_int_eq(f.drops, 0);
    flow_free(&f);
}

TEST(rate, learns_first_and_says_so)
{
    struct flow f = flow_new(2);
    ck_assert_int_eq(view(&f).state, BOT__RATE_LEARNING);
    run(&f, 0, 1, 30 * S);
    ck_assert_int_eq(view(&f).state, BOT__RATE_LEARNING);
    run(&f, 0, 1, 300 * S);
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    flow_free(&f);
}

TEST(rate, a_stop_is_found_and_names_itself)
{
    struct flow f = flow_new(3);
    run(&f, 0, 5, 3600 * S);
    ck_assert_int_eq(f.drops, 0);
    const bot_ts stop = f.now;
    pass(&f, stop + 30 * S);
    ck_assert_int_eq(f.drops, 1);
    ck_assert_int_lt((f.dropped_at - stop) / MS, 15000);
    const bot__rate_view v = view(&f);
    ck_assert_int_eq(v.state, BOT__RATE_DROPPED);
    ck_assert_int_eq(v.reason, BOT__RATE_REASON_STOPPED);
    ck_assert(v.depth > 0.99 && v.evidence >= 1 && v.rate_milli == 0);
    ck_assert_int_gt(v.reference_milli, 1500);
    flow_free(&f);
}

/* No window that may raise an alarm would have seen enough of one sweep in twenty seconds before seven minutes are over. */
TEST(rate, a_thin_instruments_silence_is_told_before_its_windows_fill)
{
    struct flow f = flow_new(3);
    run(&f, 0, 0.05, 24 * 3600 * S);
    ck_assert_int_eq(f.drops, 0);
    pass(&f, f.now + 300 * S);
    ck_assert_int_eq(f.drops, 1);
    flow_free(&f);
}

TEST(rate, a_trickle_does_not_hide_a_starved_venue)
{
    struct flow f = flow_new(4);
    run(&f, 0, 10, 1800 * S);
    run(&f, 0, 0.1, 120 * S);
    ck_assert_int_eq(f.drops, 1);
    flow_free(&f);
}

TEST(rate, natural_wandering_stays_within_the_budget)
{
    int drops = 0;
    for (unsigned long long seed = 10; seed < 14; seed++) {
        struct flow f = flow_new(seed);
        run(&f, 0, seed % 2 == 0 ? 2 : 0.1, 24 * 3600 * S);
        drops += f.drops;
        flow_free(&f);
    }
    ck_assert_int_le(drops, 4); /* four days at one a day */
}

TEST(rate, a_larger_budget_finds_sooner)
{
    bot_ts delay[2];
    for (int i = 0; i < 2; i++) {
        bot__rate_options o;
        bot__rate_options_init(&o);
        o.alarms_per_day = i == 0 ? 0.01 : 100;
        struct flow f = flow_open(&o, 5);
        run(&f, 0, 5, 4 * 3600 * S);
        /* The generous budget may be in an alarm just now. */
        while (view(&f).state == BOT__RATE_DROPPED) run(&f, 0, 5, 10 * S);
        const bot_ts stop = f.now;
        pass(&f, stop + 60 * S);
        ck_assert(f.dropped_at != BOT_TS_NEVER);
        delay[i] = f.dropped_at - stop;
        flow_free(&f);
    }
    ck_assert_int_lt(delay[1], delay[0]);
}

TEST(rate, the_reference_does_not_learn_from_an_outage)
{
    struct flow f = flow_new(6);
    run(&f, 0, 5, 3600 * S);
    const bot_ts stop = f.now;
    pass(&f, stop + 3 * 3600 * S);
    const int64_t reference = view(&f).reference_milli;
    run(&f, 0, 5, 120 * S); /* back, ... */
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    ck_assert_int_eq(f.drops, 1);
    const bot_ts again = f.now; /* ... and gone again while a naive average still remembers the stop */
    pass(&f, again + 30 * S);
    ck_assert_int_eq(f.drops, 2);
    ck_assert_int_lt((f.dropped_at - again) / MS, 15000);
    ck_assert_int_gt(view(&f).reference_milli * 3, reference);
    flow_free(&f);
}

/* A window's past lies in the outage for as long again as the window is. */
TEST(rate, what_an_outage_lacked_does_not_hide_the_next_drop)
{
    struct flow f = flow_new(6);
    run(&f, 0, 5, 3600 * S);
    pass(&f, f.now + 3 * 3600 * S);
    run(&f, 0, 5, 240 * S);
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    run(&f, 0, 1, 240 * S); /* one in five */
    ck_assert_int_eq(f.drops, 2);
    ck_assert_int_eq(view(&f).state, BOT__RATE_DROPPED);
    flow_free(&f);
}

TEST(rate, release_needs_flow_that_lasts)
{
    struct flow f = flow_new(7);
    run(&f, 0, 2, 3600 * S);
    pass(&f, f.now + 300 * S);
    ck_assert_int_eq(view(&f).state, BOT__RATE_DROPPED);
    for (int i = 0; i < 500; i++) { /* one burst within a tenth of a second */
        f.now += MS / 5;
        bot__rate_trade(f.rate, 0, f.now, f.now, BOT_BUY);
    }
    pass(&f, f.now + 60 * S);
    ck_assert_int_eq(f.releases, 0);
    const bot_ts back = f.now;
    run(&f, 0, 2, 120 * S);
    ck_assert_int_eq(f.releases, 1);
    ck_assert_int_gt(f.released_at - back, 3 * S);
    flow_free(&f);
}

TEST(rate, a_backlog_of_old_trades_does_not_release)
{
    struct flow f = flow_new(8);
    run(&f, 0, 5, 3600 * S);
    const bot_ts stop = f.now;
    pass(&f, stop + 600 * S);
    /* What was matched meanwhile comes in a minute at ten times its speed. */
    for (int i = 0; i < 3000; i++) {
        pass(&f, stop + 600 * S + i * (20 * MS));
        bot__rate_trade(f.rate, 0, f.now, stop + i * (200 * MS), BOT_BUY);
        const bot_ts behind = f.now - (stop + i * (200 * MS));
        if (behind > 5 * S) ck_assert_msg(f.releases == 0, "let go %d s behind", (int)(behind / S));
    }
    run(&f, 0, 5, 300 * S);
    ck_assert_int_eq(f.releases, 1);
    flow_free(&f);
}

TEST(rate, a_backlog_is_named)
{
    struct flow f = flow_new(8);
    run(&f, 0, 5, 3600 * S);
    const bot_ts stop = f.now;
    pass(&f, stop + 600 * S);
    for (int i = 0; i < 100; i++) {
        pass(&f, stop + 600 * S + i * (20 * MS));
        bot__rate_trade(f.rate, 0, f.now, stop + i * (200 * MS), BOT_BUY);
    }
    ck_assert_int_eq(view(&f).reason, BOT__RATE_REASON_BACKLOG);
    flow_free(&f);
}

/* As run(), of trades that carry a venue time `behind` before now. */
static void run_behind(struct flow *f, double per_s, bot_ts behind, bot_ts length)
{
    const bot_ts until = f->now + length, gap = (bot_ts)(1e9 / per_s);
    while (f->now + gap < until) {
        pass(f, f->now + gap);
        bot__rate_trade(f->rate, 0, f->now, f->now - behind, BOT_BUY);
    }
    pass(f, until);
}

TEST(rate, a_steady_delay_after_a_stop_does_not_keep_it_dropped_for_long)
{
    struct flow f = flow_new(8);
    run(&f, 0, 5, 3600 * S);
    pass(&f, f.now + 600 * S);
    ck_assert_int_eq(f.drops, 1);
    const bot_ts back = f.now;
    run_behind(&f, 5, 5 * S, 120 * S); /* the venue's clock was set back, or its path is longer */
    ck_assert_int_eq(f.releases, 0);
    ck_assert_int_eq(view(&f).reason, BOT__RATE_REASON_BACKLOG);
    run_behind(&f, 5, 5 * S, 300 * S);
    ck_assert_int_eq(f.releases, 1);
    ck_assert_int_lt(f.released_at - back, 420 * S);
    flow_free(&f);
}

TEST(rate, a_backlog_that_drains_slowly_is_one_to_its_end)
{
    struct flow f = flow_new(8);
    run(&f, 0, 5, 3600 * S);
    const bot_ts stop = f.now;
    pass(&f, stop + 1800 * S);
    /* At three times its speed: 900 s until it has caught up. */
    for (int i = 0; i < 13000; i++) {
        pass(&f, stop + 1800 * S + i * (66 * MS));
        bot__rate_trade(f.rate, 0, f.now, stop + i * (200 * MS), BOT_BUY);
        const bot_ts behind = f.now - (stop + i * (200 * MS));
        if (behind > 5 * S) ck_assert_msg(f.releases == 0, "let go %d s behind", (int)(behind / S));
    }
    flow_free(&f);
}

TEST(rate, a_known_closure_is_neither_judged_nor_learned)
{
    bot__rate_options o;
    bot__rate_options_init(&o);
    o.closures_n = 1;
    o.closures[0] = (bot__rate_closure){ .from_s = T0 / S + 3600, .length_s = 900, .period_s = 86400 };
    struct flow f = flow_open(&o, 9);
    bot__rate_set_wall(f.rate, 0);
    run(&f, 0, 5, 3600 * S);
    pass(&f, f.now + 800 * S);
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    ck_assert_int_eq(view(&f).reason, BOT__RATE_REASON_CLOSED);
    pass(&f, f.now + 100 * S);
    run(&f, 0, 5, 600 * S);
    ck_assert_int_eq(f.drops, 0);
    pass(&f, f.now + 30 * S); /* and as keen as before */
    ck_assert_int_eq(f.drops, 1);
    flow_free(&f);
}

TEST(rate, a_market_that_went_quiet_is_not_shut_out_for_ever)
{
    struct flow f = flow_new(11);
    run(&f, 0, 10, 3600 * S);
    run(&f, 0, 1, 12 * 3600 * S);
    ck_assert_int_ge(f.drops, 1);
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    flow_free(&f);
}

TEST(rate, a_reference_of_minutes_gives_way_to_a_quieter_market_within_half_an_hour)
{
    struct flow f = flow_new(12);
    run(&f, 0, 3, 300 * S);
    const bot_ts fell = f.now;
    run(&f, 0, 0.3, 600 * S);
    ck_assert_int_eq(f.drops, 1);
    run(&f, 0, 0.3, 1200 * S);
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    ck_assert_int_lt(f.released_at - fell, 1800 * S);
    flow_free(&f);
}

/* A page every `poll` with what a steady `per_s` traded since the page before. */
static void run_polled(struct flow *f, double per_s, bot_ts poll, bot_ts length)
{
    const bot_ts until = f->now + length;
    while (f->now + poll <= until) {
        const int rows = (int)(per_s * (double)poll / 1e9 * (0.8 + 0.4 * uniform(f)));
        pass(f, f->now + poll);
        for (int i = rows; i > 0; i--)
            bot__rate_trade(f->rate, 0, f->now, f->now - i * poll / (rows + 1), BOT_BUY);
    }
}

TEST(rate, a_feed_that_comes_to_be_polled_more_seldom_is_not_shut_out_for_ever)
{
    struct flow f = flow_new(14);
    run_polled(&f, 1, 15 * S, 420 * S);
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    run_polled(&f, 1, 60 * S, 3600 * S);
    ck_assert_int_ge(f.drops, 1); /* a minute without a trade was unheard of; */
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    ck_assert_int_lt(f.released_at, T0 + 2400 * S);
    flow_free(&f);
}

TEST(rate, what_is_seldom_seen_is_learned_for_five_minutes)
{
    struct flow f = flow_new(15);
    run(&f, 0, 0.5, 290 * S);
    ck_assert_int_eq(view(&f).state, BOT__RATE_LEARNING);
    run(&f, 0, 0.5, 20 * S);
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    flow_free(&f);
    f = flow_new(15); /* and what is seen often for a minute */
    run(&f, 0, 20, 65 * S);
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    flow_free(&f);
}

TEST(rate, the_pool_speaks_for_an_instrument_too_thin_to_tell)
{
    bot__rate_options o;
    bot__rate_options_init(&o);
    o.instruments = 3;
    struct flow f = flow_open(&o, 12);
    const bot_ts until = T0 + 2 * 3600 * S;
    double next[3] = { 0, 0, 0 };
    const double per_s[3] = { 0.05, 5, 5 };
    while (f.now < until) {
        int i = 0;
        for (int k = 1; k < 3; k++)
            if (next[k] < next[i]) i = k;
        pass(&f, T0 + (bot_ts)(next[i] * 1e9));
        bot__rate_trade(f.rate, (uint32_t)i, f.now, f.now, BOT_BUY);
        next[i] += -log(uniform(&f)) / per_s[i];
    }
    ck_assert_int_eq(f.drops, 0);
    const bot_ts stop = f.now;
    pass(&f, stop + 90 * S); /* a minute and a half: nothing for an instrument with a trade in 20 s */
    ck_assert_int_eq(f.drops, 1);
    ck_assert_int_eq(view(&f).reason, BOT__RATE_REASON_POOL);
    bot__rate_view pool;
    bot__rate_get(f.rate, BOT__RATE_POOL, &pool);
    ck_assert_int_eq(pool.state, BOT__RATE_DROPPED);
    flow_free(&f);
}

TEST(rate, a_lost_stream_is_not_the_markets_doing)
{
    struct flow f = flow_new(13);
    run(&f, 0, 5, 3600 * S);
    pass(&f, f.now + 60 * S);
    ck_assert_int_eq(view(&f).state, BOT__RATE_DROPPED);
    bot__rate_resume(f.rate, f.now);
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    flow_free(&f);
}

TEST(rate, a_suspended_host_judges_nothing)
{
    struct flow f = flow_new(14);
    run(&f, 0, 5, 3600 * S);
    bot__rate_tick(f.rate, f.now + 3600 * S); /* one tick, an hour late */
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    ck_assert_int_gt(bot__rate_deadline(f.rate), f.now + 3600 * S - 1);
    flow_free(&f);
}

TEST(rate, times_that_go_back_do_no_harm)
{
    struct flow f = flow_new(15);
    run(&f, 0, 5, 600 * S);
    bot__rate_trade(f.rate, 0, f.now - 300 * S, f.now, BOT_BUY);
    bot__rate_tick(f.rate, f.now - 300 * S);
    run(&f, 0, 5, 600 * S);
    ck_assert_int_eq(f.drops, 0);
    ck_assert_int_eq(view(&f).state, BOT__RATE_NORMAL);
    flow_free(&f);
}

TEST(rate, the_same_trades_give_the_same_answers)
{
    bot__rate_view v[2];
    for (int i = 0; i < 2; i++) {
        struct flow f = flow_new(16);
        run(&f, 0, 3, 3600 * S);
        pass(&f, f.now + 60 * S);
        v[i] = view(&f);
        flow_free(&f);
    }
    ck_assert_mem_eq(&v[0], &v[1], sizeof v[0]);
}

TEST(rate, counts_of_minutes_tell_a_stop_after_its_first_minute)
{
    bot__rate_options o;
    bot__rate_options_init(&o);
    o.step_ns = 60 * S;
    struct flow f = flow_open(&o, 17);
    for (int i = 0; i < 24 * 60; i++) {
        bot__rate_count(f.rate, 0, f.now + 60 * S - 1, 150 + test_rng_below(&f.rng, 300));
        pass(&f, f.now + 60 * S);
    }
    ck_assert_int_eq(f.drops, 0);
    pass(&f, f.now + 60 * S);
    ck_assert_int_eq(f.drops, 1);
    flow_free(&f);
}

TEST(rate, changes_are_handed_out_once_each)
{
    bot__rate_options o;
    bot__rate_options_init(&o);
    o.instruments = 2;
    struct flow f = flow_open(&o, 18);
    for (int i = 0; i < 2000; i++) {
        f.now += 100 * MS;
        bot__rate_trade(f.rate, 0, f.now, f.now, BOT_BUY);
        bot__rate_trade(f.rate, 1, f.now, f.now, BOT_BUY);
        while (bot__rate_deadline(f.rate) <= f.now) bot__rate_tick(f.rate, bot__rate_deadline(f.rate));
    }
    unsigned seen[3] = { 0 };
    bot__rate_change c;
    while (bot__rate_next_change(f.rate, &c)) seen[c.instrument == BOT__RATE_POOL ? 2 : c.instrument]++;
    ck_assert_uint_eq(seen[0], 1);
    ck_assert_uint_eq(seen[1], 1);
    ck_assert_uint_eq(seen[2], 1);
    ck_assert_int_eq(bot__rate_next_change(f.rate, &c), 0);
    flow_free(&f);
}

TEST(rate, reasons_have_distinct_names_that_fit_a_monitor_event)
{
    for (int a = 0; a <= BOT__RATE_REASON_CLOSED; a++) {
        ck_assert_uint_lt(strlen(bot__rate_reason_name((bot__rate_reason)a)), 32);
        for (int b = 0; b < a; b++)
            ck_assert_str_ne(bot__rate_reason_name((bot__rate_reason)a), bot__rate_reason_name((bot__rate_reason)b));
    }
}

TEST(tail, the_limit_of_an_exponential_tail_is_near_its_true_place)
{
    static const struct bot__tail_law law = { .slope = 1, .slope_least = 0.5 };
    double sum = 0;
    for (unsigned long long seed = 1; seed <= 20; seed++) {
        struct bot__tail t = { 0 };
        test_rng rng = { seed };
        for (int i = 0; i < 80000; i++) { /* 80,000 s, one value a second */
            bot__tail_insert(&t, -3 * log(((double)(test_rng_next(&rng) >> 11) + 0.5) / 9007199254740992.0));
            bot__tail_pass(&t, 1, 1);
        }
        sum += bot__tail_limit(&t, &law, 1.0 / 86400, 1, NULL);
    }
    const double truth = 3 * log(86400);
    ck_assert_msg(fabs(sum / 20 - truth) < 0.08 * truth, "%f, should be %f", sum / 20, truth);
}

/* Values that never exceed 3: a straight line through the largest ones would go far beyond. */
TEST(tail, a_tail_that_ends_sooner_is_followed_where_its_law_allows)
{
    double sum[2] = { 0, 0 };
    for (int bends = 0; bends < 2; bends++) {
        const struct bot__tail_law law = { .slope = 0.3, .slope_least = 0.05, .bend_least = bends ? -0.5 : 0 };
        for (unsigned long long seed = 1; seed <= 20; seed++) {
            struct bot__tail t = { 0 };
            test_rng rng = { seed };
            for (int i = 0; i < 400; i++) { /* 80,000 s, one value in 200 */
                bot__tail_insert(&t, 3 * (((double)(test_rng_next(&rng) >> 11) + 0.5) / 9007199254740992.0));
                bot__tail_pass(&t, 1, 200);
            }
            sum[bends] += bot__tail_limit(&t, &law, 0.1 / 86400, 1.0 / 200, NULL) / 20;
        }
    }
    ck_assert_msg(fabs(sum[1] - 3) < 0.24, "%f with the bend, should be 3", sum[1]);
    ck_assert_msg(sum[0] - sum[1] > 0.15, "%f without it", sum[0]);
}

TEST(tail, is_cautious_before_data_and_forgets_after_two_days)
{
    static const struct bot__tail_law law = { .slope = 1, .slope_least = 0.5 };
    struct bot__tail t = { 0 };
    ck_assert(bot__tail_limit(&t, &law, 1.0 / 86400, 1, NULL) > 7);
    bot__tail_insert(&t, 1000);
    for (int i = 0; i < 100; i++) {
        bot__tail_insert(&t, 1);
        bot__tail_pass(&t, 1000, 1000);
    }
    ck_assert(bot__tail_limit(&t, &law, 1.0 / 86400, 1, NULL) > 100);
    for (int i = 0; i < 100; i++) {
        bot__tail_insert(&t, 1);
        bot__tail_pass(&t, 1000, 1000);
    }
    ck_assert(bot__tail_limit(&t, &law, 1.0 / 86400, 1, NULL) < 20);
}
