/* Scenarios of the monitors, told at module level: what is seen by whom, when, and for which reason. */
#include "harness.h"
#include "words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bot/err.h"
#include "core/lag.h"
#include "core/rate.h"
#include "core/silent.h"

#define S BOT_NS_PER_S
#define MS BOT_NS_PER_MS
#define T0 (5000 * S)                      /* the host's monotonic clock */
#define VENUE0 (INT64_C(1700000000) * S)   /* the venue's, at T0 */

static bot_px px(int whole) { return (bot_px){ (bot_i128)whole * 1000000000000000000 }; }

/* ---- 37 ---- */

TEST(scenario, s37_the_private_stream_is_silent_while_our_price_is_traded_through)
{
    struct bot__private p;
    bot__private_init(&p, NULL);
    const bot_id ours = id_of("bot1-42");
    const bot_ts placed = T0;
    bot__private_view v;

    /* Pings are answered all along; they are not asked. Public trades come down to our bid and stop there: no evidence. */
    for (int i = 0; i < 600; i++) {
        const bot_ts now = placed + i * 100 * MS;
        bot__private_trade(&p, now, px(64010 - i / 60), VENUE0 + i * 100 * MS, &ours, BOT_BUY, px(64000), placed, VENUE0);
        bot__private_tick(&p, now);
    }
    bot__private_get(&p, &v);
    ck_assert_int_eq(v.reason, BOT__PRIVATE_OK);

    /* Now one goes below it. Our fill must be on its way. */
    const bot_ts through = placed + 60 * S;
    ck_assert(bot__private_trade(&p, through, px(63999), VENUE0 + 60 * S, &ours, BOT_BUY, px(64000), placed, VENUE0));
    bot_ts suspected = BOT_TS_NEVER;
    for (bot_ts now = through; now < through + 10 * S; now += 10 * MS) {
        if (bot__private_tick(&p, now)) {
            suspected = now;
            break;
        }
    }
    ck_assert_int_le(suspected - through, 2 * S);
    bot__private_get(&p, &v);
    ck_assert_int_eq(v.reason, BOT__PRIVATE_TRADED_THROUGH);
    ck_assert_str_eq(v.client_id.s, "bot1-42"); /* the targeted query asks for this one */

    /* The query says filled: confirmed, and it stays so until the stream was replaced. */
    bot__private_rest_fill(&p, suspected + 200 * MS, &ours);
    ck_assert(bot__private_tick(&p, suspected + 200 * MS));
    bot__private_get(&p, &v);
    ck_assert_int_eq(v.reason, BOT__PRIVATE_FILLED_PER_REST);
    ck_assert(!bot__private_tick(&p, suspected + 60 * S));
    bot__private_reset(&p, suspected + 61 * S);
    ck_assert(bot__private_tick(&p, suspected + 61 * S));
    bot__private_get(&p, &v);
    ck_assert_int_eq(v.reason, BOT__PRIVATE_OK);
}

/* ---- 41 ---- */

struct market {
    struct bot__rate *rate;
    void *memory;
    bot_ts now;
    test_rng rng;
    bot_ts dropped_at, normal_at;
    unsigned drops;
};

static struct market market_open(unsigned long long seed)
{
    bot__rate_options o;
    bot__rate_options_init(&o);
    struct market m = { .now = T0, .rng = { seed }, .dropped_at = BOT_TS_NEVER, .normal_at = BOT_TS_NEVER };
    m.memory = malloc(bot__rate_size(&o));
    ck_assert_ptr_nonnull(m.memory);
    ck_assert_int_eq(bot__rate_init(m.memory, bot__rate_size(&o), &o, T0, &m.rate), BOT_OK);
    return m;
}

static void pass(struct market *m, bot_ts until)
{
    while (bot__rate_deadline(m->rate) <= until) {
        bot__rate_change c;
        const bot_ts at = bot__rate_deadline(m->rate);
        bot__rate_tick(m->rate, at);
        while (bot__rate_next_change(m->rate, &c)) {
            if (c.view.state == BOT__RATE_DROPPED && m->dropped_at == BOT_TS_NEVER) {
                m->dropped_at = at;
                m->drops++;
            } else if (c.view.state == BOT__RATE_NORMAL && m->dropped_at != BOT_TS_NEVER) {
                m->normal_at = at;
                m->dropped_at = BOT_TS_NEVER;
            }
        }
    }
    m->now = until;
}

/* Bursty: clusters of sweeps, and an hour-long swell. */
static void trade_for(struct market *m, double per_s, bot_ts length)
{
    const bot_ts until = m->now + length;
    for (;;) {
        const double swell = exp(0.6 * sin((double)(m->now - T0) / 3600e9 * 2));
        const double u = ((double)(test_rng_next(&m->rng) >> 11) + 0.5) / 9007199254740992.0;
        const bot_ts gap = (bot_ts)(-log(u) / (per_s * swell / 3) * 1e9) + 1;
        if (m->now + gap >= until)
            break;
        pass(m, m->now + gap);
        const unsigned sweeps = 1 + (unsigned)test_rng_below(&m->rng, 5);
        for (unsigned i = 0; i < sweeps; i++)
            bot__rate_trade(m->rate, 0, m->now, VENUE0 + (m->now - T0) + i * MS, BOT_BUY);
    }
    pass(m, until);
}

static bot__rate_view look(const struct market *m)
{
    bot__rate_view v;
    bot__rate_get(m->rate, 0, &v);
    return v;
}

TEST(scenario, s41_the_trade_rate_falls_from_20_to_a_half_a_second_while_the_socket_lives)
{
    struct market m = market_open(41);
    trade_for(&m, 20, 4 * 3600 * S);
    ck_assert_uint_eq(m.drops, 0);
    const bot_ts fell = m.now;
    trade_for(&m, 0.5, 120 * S);
    ck_assert_uint_eq(m.drops, 1);
    ck_assert_int_lt(m.dropped_at - fell, 30 * S);
    ck_assert_int_gt(look(&m).reference_milli, 8000);
    const bot_ts back = m.now;
    trade_for(&m, 20, 120 * S);
    ck_assert_int_eq(look(&m).state, BOT__RATE_NORMAL);
    ck_assert_int_gt(m.normal_at - back, 2 * S);  /* not at the first trade, */
    ck_assert_int_lt(m.normal_at - back, 60 * S); /* and not for ever */
    ck_assert_uint_eq(m.drops, 1);
    free(m.memory);
}

TEST(scenario, s41_a_market_that_is_normally_at_a_tenth_a_second_is_not_paused)
{
    struct market m = market_open(42);
    trade_for(&m, 0.1, 24 * 3600 * S);
    ck_assert_uint_le(m.drops, 1);
    free(m.memory);
}

TEST(scenario, s41_a_venue_that_is_slow_but_trades_more_is_told_by_its_delay)
{
    struct market m = market_open(43);
    struct bot__lag feed, ack;
    bot__lag_options o;
    bot__lag_init(&feed, NULL, T0);
    bot__lag_options_init_ack(&o);
    bot__lag_init(&ack, &o, T0);
    bot_ts late_at = BOT_TS_NEVER;
    const bot_ts slow_from = T0 + 3600 * S;
    bool slow_ack_seen = false;
    unsigned drops = 0; /* before: this flow is clumpier than any venue's */
    for (int i = 0; m.now < slow_from + 60 * S; i++) {
        const bool slow = m.now >= slow_from;
        if (!slow) drops = m.drops;
        trade_for(&m, slow ? 40 : 20, 200 * MS);
        const bot_ts behind = slow ? (m.now - slow_from) * 35 / 100 : 0;
        bot__lag_arrival(&feed, m.now, VENUE0 + (m.now - T0) - 30 * MS - behind);
        if (bot__lag_tick(&feed, m.now) && late_at == BOT_TS_NEVER) {
            bot__lag_view v;
            bot__lag_get(&feed, &v);
            if (!v.ok) late_at = m.now;
        }
        if (i % 25 == 0) bot__lag_sample(&ack, m.now, slow ? 8 * S : 120 * MS);
        bot__lag_tick(&ack, m.now);
        bot__lag_view v;
        bot__lag_get(&ack, &v);
        slow_ack_seen |= !v.ok;
    }
    ck_assert_uint_le(drops, 1);
    ck_assert_uint_eq(m.drops, drops); /* the rate says nothing: it is twice the usual */
    ck_assert_int_eq(look(&m).state, BOT__RATE_NORMAL);
    ck_assert_int_le(late_at - slow_from, 4 * S);
    ck_assert(slow_ack_seen);
    free(m.memory);
}

/* ---- 42 ---- */

TEST(scenario, s42_trades_stop_but_the_book_moves_and_the_reverse)
{
    struct bot__feed f;
    bot__feed_init(&f, NULL, T0);
    bot_ts now = T0, since;
    struct {
        bool trades, book;
        bot__feed_reason expected;
        const char *name;
    } acts[] = {
        { true, true, BOT__FEED_OK, "none" },
        { false, true, BOT__FEED_TRADES_DEAD, "trades_dead" },
        { true, true, BOT__FEED_OK, "none" },
        { true, false, BOT__FEED_BOOK_DEAD, "book_dead" },
        { true, true, BOT__FEED_OK, "none" },
        { false, false, BOT__FEED_DEAD, "feed_dead" },
        { true, true, BOT__FEED_OK, "none" },
    };
    for (size_t a = 0; a < sizeof acts / sizeof *acts; a++) {
        for (int i = 0; i < 900; i++) {
            now += 100 * MS;
            if (acts[a].book) bot__feed_book(&f, now);
            if (acts[a].trades && i % 5 == 0) bot__feed_trade(&f, now);
            bot__feed_tick(&f, now);
        }
        ck_assert_msg(bot__feed_get(&f, &since) == acts[a].expected, "act %zu: %s", a, bot__feed_reason_name(f.reason));
        ck_assert_str_eq(bot__feed_reason_name(f.reason), acts[a].name);
        if (a > 0) ck_assert_int_lt(since - (now - 90 * S), 15 * S); /* known within seconds of the act's beginning */
    }
}

/* ---- 43 ---- */

TEST(scenario, s43_thirty_seconds_of_clock_skew_and_a_leap_change_no_verdict)
{
    static const int64_t skews[] = { 30 * S, -30 * S };
    for (size_t k = 0; k < 2; k++) {
        struct market m = market_open(44);
        struct bot__lag lag;
        bot__lag_init(&lag, NULL, T0);
        int64_t venue_minus_host = VENUE0 - T0 + skews[k];
        unsigned late = 0;
        for (int i = 0; i < 36000; i++) { /* an hour; the venue's clock leaps by a second in the middle, back and forth */
            m.now += 100 * MS;
            if (i == 18000) venue_minus_host -= 1 * S;
            if (i == 24000) venue_minus_host += 1 * S;
            while (bot__rate_deadline(m.rate) <= m.now) bot__rate_tick(m.rate, bot__rate_deadline(m.rate));
            const int64_t venue = m.now + venue_minus_host - 20 * MS;
            bot__rate_trade(m.rate, 0, m.now, venue, BOT_BUY);
            bot__lag_arrival(&lag, m.now, venue);
            bot__lag_view v;
            if (bot__lag_tick(&lag, m.now)) {
                bot__lag_get(&lag, &v);
                late += !v.ok;
            }
        }
        bot__lag_view v;
        bot__lag_get(&lag, &v);
        ck_assert(v.ok);
        ck_assert_uint_le(late, 1); /* the leap back looks like lag until times are seen to have gone back */
        ck_assert_int_eq(look(&m).state, BOT__RATE_NORMAL);
        free(m.memory);
    }
}

/* ---- incident shapes ---- */

TEST(scenario, a_stop_of_95_seconds_is_found_and_its_backlog_does_not_reopen)
{
    struct market m = market_open(45);
    trade_for(&m, 5, 2 * 3600 * S);
    ck_assert_int_eq(look(&m).state, BOT__RATE_NORMAL);
    const unsigned drops = m.drops; /* this flow is clumpier than any venue's */
    const bot_ts stop = m.now;
    pass(&m, stop + 95 * S);
    ck_assert_uint_eq(m.drops, drops + 1);
    ck_assert_int_lt(m.dropped_at - stop, 30 * S);
    for (int i = 0; i < 4000; i++) { /* twelve times the usual for a while, all of it old */
        pass(&m, stop + 95 * S + i * 2 * MS);
        bot__rate_trade(m.rate, 0, m.now, VENUE0 + (stop - T0) + i * 20 * MS, BOT_BUY);
        if (i < 3900) ck_assert_int_eq(look(&m).state, BOT__RATE_DROPPED);
    }
    trade_for(&m, 5, 120 * S);
    ck_assert_int_eq(look(&m).state, BOT__RATE_NORMAL);
    ck_assert_uint_eq(m.drops, drops + 1);
    free(m.memory);
}

TEST(scenario, the_second_stop_is_found_while_the_first_is_still_in_the_averages)
{
    struct market m = market_open(46); /* 2020-05-19: back at +20 min for three minutes, gone again */
    trade_for(&m, 10, 2 * 3600 * S);
    pass(&m, m.now + 20 * 60 * S);
    trade_for(&m, 10, 3 * 60 * S);
    ck_assert_int_eq(look(&m).state, BOT__RATE_NORMAL);
    const unsigned drops = m.drops;
    const bot_ts again = m.now;
    pass(&m, again + 60 * S);
    ck_assert_uint_eq(m.drops, drops + 1);
    ck_assert_int_lt(m.dropped_at - again, 20 * S);
    free(m.memory);
}
