/* Whole clients against the paper exchange on virtual time. */
#include "session/state.h"
#include "simrig.h"

#include <stdio.h>
#include <stdlib.h>

#include "bot/decimal.h"

TEST(world, a_healthy_venue_opens_the_gate_and_never_shuts_it)
{
    struct simrig_options o;
    simrig_options_init(&o);
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 10 * BOT_NS_PER_S);
    ck_assert_msg(simrig_open(r), "shut\n%s", simrig_tail(r));
    simrig_run(r, 600 * BOT_NS_PER_S);
    simrig_check(r);
    ck_assert_msg(r->gate_shuts == 0, "shut %u times\n%s", r->gate_shuts, simrig_tail(r));
    ck_assert_uint_gt(r->fills, 100);
    ck_assert_uint_gt(r->refused, 0); /* the limit was met */
    simrig_free(r);
}

/* A fault file of tools/faults, three seeds, for so many minutes: whatever the venue does, no limit is passed, nothing leaves through a
 * shut gate, no position is wrong while the gate is open and quiet; within twenty minutes of the last fault the gate opens by itself, or has
 * been latched for a stated reason. Fewer than a position verdict a second on average, the venue down or not. */
static void shape(const char *file, unsigned minutes, int64_t quiet_s, uint32_t may_latch)
{
    char path[200];
    snprintf(path, sizeof path, "tools/faults/%s", file);
    char *text = test_read_file(test_source(path), NULL);
    for (unsigned long long seed = 1; seed <= 3; seed++) {
        struct simrig_options o;
        simrig_options_init(&o);
        o.seed = seed;
        o.faults = text;
        o.monitors = true;
        o.quiet_ns = quiet_s * BOT_NS_PER_S;
        struct simrig *r = simrig_new(&o);
        simrig_run(r, (int64_t)minutes * 60 * BOT_NS_PER_S);
        bot_gate_state gate = { 0 };
        uint32_t latched = 0;
        for (int i = 0; i < 120 && !simrig_open(r) && latched == 0; i++) {
            simrig_run(r, 10 * BOT_NS_PER_S);
            bot_core_gate_state(r->core, bot__world_time(r->world, r->client).now, &gate);
            latched = gate.reasons & bot_gate_latches();
        }
        simrig_check(r);
        ck_assert_msg(simrig_open(r) || (latched != 0 && (latched & ~may_latch) == 0), "%s, seed %llu: still shut (0x%x) twenty minutes after\n%s", file,
                      seed, (unsigned)gate.reasons, simrig_tail(r));
        ck_assert_msg(r->gate_shuts > 0, "%s, seed %llu: nothing shut the gate", file, seed);
        ck_assert_uint_gt(r->fills, 20);
        bot_core_stats stats;
        bot_core_stats_get(r->core, &stats);
        uint64_t verdicts = 0;
        for (int v = 0; v < 8; v++) verdicts += stats.reads[v];
        ck_assert_uint_lt(verdicts, (uint64_t)(minutes + 20) * 60);
        ck_assert_uint_eq(stats.effects_lost, 0);
        simrig_free(r);
    }
    free(text);
}

TEST(shape, founding_stale_success_then_a_hanging_request) { shape("founding.fault", 12, 3, 0); }
TEST(shape, s1_silent_stop) { shape("shape1-silent-stop.fault", 31, 3, 0); }
TEST(shape, s3_lagging_feed) { shape("shape3-lagging-feed.fault", 16, 3, 0); }
TEST(shape, s4_partial_feed) { shape("shape4-partial-feed.fault", 41, 3, 0); }
/* Fills come 40 s late and REST shows the state of a minute before: nobody can know. What holds is the limit. */
TEST(shape, s5_private_lag) { shape("shape5-private-lag.fault", 28, 70, BOT_GATE_DRIFT); }
TEST(shape, s6_ambiguous_orders) { shape("shape6-ambiguous-orders.fault", 21, 3, BOT_GATE_REJECT_STORM); }
TEST(shape, s7_resume) { shape("shape7-resume.fault", 17, 3, 0); }
TEST(shape, s9_bad_data) { shape("shape9-bad-data.fault", 23, 3, BOT_GATE_DRIFT); }

static struct simrig *shape_rig(const char *file, unsigned long long seed, int64_t trade_every_ns)
{
    char path[200];
    snprintf(path, sizeof path, "tools/faults/%s", file);
    struct simrig_options o;
    simrig_options_init(&o);
    o.seed = seed;
    char *text = test_read_file(test_source(path), NULL);
    o.faults = text;
    o.monitors = true;
    o.trade_every_ns = trade_every_ns;
    struct simrig *r = simrig_new(&o);
    free(text);
    return r;
}

/* Runs until world second `s`. */
static void to(struct simrig *r, int64_t s) { simrig_run(r, s * BOT_NS_PER_S - bot__world_now(r->world)); }

/* Runs until the gate has that state, at most until second `s`; the second in which it came. */
static int64_t until(struct simrig *r, bool open, int64_t s)
{
    while (bot__world_now(r->world) < s * BOT_NS_PER_S && simrig_open(r) != open)
        simrig_run(r, BOT_NS_PER_S / 10);
    simrig_check(r);
    return bot__world_now(r->world) / BOT_NS_PER_S;
}

static uint64_t requests(const struct simrig *r)
{
    struct session_stats s;
    bot__session_stats_get(r->session, &s);
    return s.http_requests;
}

/* Decay of seven minutes, then a trickle: paused at the latest two minutes into it, asking no more than in usual times, and open
 * again by itself within five minutes of its end. The bot trades little: its own trades are trades, too. */
TEST(shape, s2_starvation)
{
    enum { DECAY = 1800, STARVED = 2220, OVER = 3060 };
    for (unsigned long long seed = 1; seed <= 3; seed++) {
        struct simrig *r = shape_rig("shape2-starvation.fault", seed, 10 * BOT_NS_PER_S);
        to(r, DECAY - 300);
        const uint64_t before = requests(r);
        to(r, DECAY);
        const uint64_t usual = requests(r) - before; /* in five minutes */
        ck_assert_msg(simrig_open(r), "seed %llu\n%s", seed, simrig_tail(r));
        const int64_t shut = until(r, false, OVER);
        to(r, STARVED + 180);
        const uint64_t starved = requests(r);
        to(r, STARVED + 480);
        const uint64_t asked = requests(r) - starved;
        to(r, OVER);
        const int64_t open = until(r, true, OVER + 1200);
        fprintf(stderr, "seed %llu: shut %lld s into the starvation, open %lld s after it; %llu requests in five minutes, usually %llu\n", seed,
                (long long)(shut - STARVED), (long long)(open - OVER), (unsigned long long)asked, (unsigned long long)usual);
        ck_assert_int_le(shut, STARVED + 120);
        ck_assert_int_le(open, OVER + 300);
        ck_assert_uint_le(asked, usual + usual / 2);
        simrig_check(r);
        simrig_free(r);
    }
}

/* Cancel-only for 25 minutes, then maintenance of ten: paused by the first order that is refused for it and by the lease, never
 * latched, fewer requests than usual, open again by itself. */
TEST(shape, s8_reduced_modes)
{
    enum { CANCEL_ONLY = 120, TAKES_ALL = 1620, STOPPED = 2400, BACK = 3000 };
    for (unsigned long long seed = 1; seed <= 3; seed++) {
        struct simrig *r = shape_rig("shape8-reduced-modes.fault", seed, BOT_NS_PER_S);
        to(r, CANCEL_ONLY);
        uint64_t from = requests(r);
        ck_assert(simrig_open(r));
        const int64_t shut = until(r, false, TAKES_ALL);
        ck_assert_msg((r->reasons_seen & BOT_GATE_VENUE_STATUS) != 0, "0x%x", (unsigned)r->reasons_seen);
        to(r, TAKES_ALL);
        const double usual = (double)from / CANCEL_ONLY, closed = (double)(requests(r) - from) / (TAKES_ALL - CANCEL_ONLY);
        const int64_t open = until(r, true, STOPPED);
        to(r, STOPPED);
        const int64_t stopped = until(r, false, BACK);
        to(r, STOPPED + 60);
        from = requests(r);
        to(r, BACK);
        const double stop = (double)(requests(r) - from) / (BACK - STOPPED - 60);
        const int64_t back = until(r, true, BACK + 1200);
        fprintf(stderr, "seed %llu: cancel-only: shut after %lld s, open after %lld s; stop: shut after %lld s, open after %lld s; requests a second: "
                "%.2f usually, %.2f cancel-only, %.2f in the stop\n", seed, (long long)(shut - CANCEL_ONLY), (long long)(open - TAKES_ALL),
                (long long)(stopped - STOPPED), (long long)(back - BACK), usual, closed, stop);
        ck_assert_int_le(shut, CANCEL_ONLY + 10);
        ck_assert_int_le(open, TAKES_ALL + 310); /* the longest wait before an order may try */
        ck_assert_int_le(stopped, STOPPED + 20);
        ck_assert_int_le(back, BACK + 600); /* the trade rate has to be a usual one again */
        ck_assert(closed <= usual && stop <= usual / 2);
        ck_assert_uint_eq(r->alerts[BOT_ALERT_REJECT_STORM], 0);
        simrig_check(r);
        simrig_free(r);
    }
}

TEST(scenario, s40_a_flapping_socket_loses_no_fill_and_respects_the_connect_limit)
{
    struct simrig_options o;
    simrig_options_init(&o);
    o.faults = "every 6s ws.cut stream=private\n";
    o.trade_until_ns = 330 * BOT_NS_PER_S;
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 330 * BOT_NS_PER_S);
    struct session_stats stats;
    bot__session_stats_get(r->session, &stats);
    ck_assert_uint_ge(stats.ws_losses, 15); /* the back-off makes them fewer than the cuts */
    ck_assert_uint_lt(stats.ws_connects, 500);
    simrig_check(r);
    ck_assert_uint_gt(r->fills, 5);
    simrig_run(r, 5 * BOT_NS_PER_S); /* between two cuts it is down for less than a second */
    ck_assert_msg(simrig_truth(r) == simrig_belief(r), "a fill was lost\n%s", simrig_tail(r));
    simrig_free(r);
}

/* The rest of the address's requests belongs to others. With a read after every fill the minute's share would be gone within
 * seconds, and the lease that only reads renew would run out in every minute. */
TEST(scenario, s59_reads_are_spread_over_a_scarce_budget)
{
    struct simrig_options o;
    simrig_options_init(&o);
    o.venue = "binance-usdm";
    o.budget_permille = 100; /* of 2400 units a minute: a read of positions is 5, of orders 40, a book 20 */
    o.trade_every_ns = BOT_NS_PER_S;
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 60 * BOT_NS_PER_S);
    const uint32_t shuts = r->gate_shuts;
    ck_assert(simrig_open(r));
    simrig_run(r, 600 * BOT_NS_PER_S);
    simrig_check(r);
    ck_assert_msg(r->gate_shuts == shuts, "the gate shut %u times: %s", r->gate_shuts - shuts, simrig_tail(r));
    struct session_stats st;
    bot__session_stats_get(r->session, &st);
    ck_assert_uint_gt(st.reads_paced, 60);
    ck_assert_uint_eq(bot__simvenue_stats(bot__world_venue(r->world)).limited, 0);
    simrig_free(r);
}

/* Found by setting the wall clock back at each of its readings in turn: nothing was read while the private stream was down, so that
 * nobody noticed for two minutes why its logins were refused. */
TEST(scenario, s43_logins_that_a_set_clock_makes_stale_have_the_clock_measured_again)
{
    for (int64_t skew = -3600 * BOT_NS_PER_S; skew <= 3600 * BOT_NS_PER_S; skew += 7200 * BOT_NS_PER_S) {
        struct simrig_options o;
        simrig_options_init(&o);
        o.trade_every_ns = 0;
        o.faults = "at 10s ws.cut stream=private\n";
        struct simrig *r = simrig_new(&o);
        simrig_run(r, 10 * BOT_NS_PER_S - 1);
        ck_assert(simrig_open(r));
        bot__world_client_skew(r->world, r->client, skew);
        simrig_run(r, 10 * BOT_NS_PER_S);
        struct session_stats stats;
        bot__session_stats_get(r->session, &stats);
        ck_assert_msg(stats.ready[BOT_STREAM_PRIVATE], "still not logged in\n%s", simrig_tail(r));
        ck_assert(stats.clock_offset_ns <= -skew + BOT_NS_PER_S && stats.clock_offset_ns >= -skew - BOT_NS_PER_S);
        ck_assert_uint_ne(r->reasons_seen & BOT_GATE_CLOCK, 0); /* corrected, and told: an hour is more than clocks drift apart */
        simrig_free(r);
    }
}

/* ---- streams that live and say nothing ---------------------------------------------------------------------------- */

static struct simrig *quiet_rig(const char *venue, const char *faults, unsigned long long seed)
{
    struct simrig_options o;
    simrig_options_init(&o);
    o.venue = venue;
    o.seed = seed;
    o.faults = faults;
    o.monitors = true;
    o.trade_every_ns = 0;
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 30 * BOT_NS_PER_S);
    bot_event ev = { .kind = BOT_EV_LIMITS, .limits = { .bot = 0, .instrument = r->symbol, .limits = { .position_max = { r->limit } } } };
    ck_assert_int_eq(bot__session_command(r->session, bot__world_time(r->world, r->client), &ev), 0);
    return r;
}

/* Runs in small steps until the gate has one of the reasons (or, 0, until it is open), at most until second `s`; the moment in ms. */
static int64_t until_reason(struct simrig *r, uint32_t reasons, int64_t s)
{
    bot_gate_state gate;
    for (;;) {
        bot_core_gate_state(r->core, bot__world_time(r->world, r->client).now, &gate);
        if (reasons == 0 ? gate.reasons == 0 : (gate.reasons & reasons) != 0)
            return bot__world_now(r->world) / BOT_NS_PER_MS;
        ck_assert_msg(bot__world_now(r->world) < s * BOT_NS_PER_S, "0x%x never came by second %lld\n%s", (unsigned)reasons, (long long)s, simrig_tail(r));
        simrig_run(r, 10 * BOT_NS_PER_MS);
    }
}

static uint32_t reasons_now(const struct simrig *r)
{
    bot_gate_state gate;
    bot_core_gate_state(r->core, bot__world_time(r->world, r->client).now, &gate);
    return gate.reasons;
}

/* The private socket answers pings and says nothing else, while public trades come and go below our bid: within two seconds of the
 * first one the gate is shut for just that, fills are asked for, the socket is replaced; the fill is found and nothing is sent meanwhile. */
TEST(scenario, s37_a_private_stream_that_only_answers_pings_is_found_out_by_the_public_tape)
{
    static const char *const venues[] = { "bybit", "binance-usdm" };
    for (size_t v = 0; v < 2; v++) {
        struct simrig *r = quiet_rig(venues[v], "at 60s for 60s ws.mute stream=private\nat 62s for 30s market.trend ticks=-30\n", 3 + v);
        simrig_run(r, 28 * BOT_NS_PER_S); /* 58 s */
        ck_assert_msg(simrig_open(r), "%s\n%s", venues[v], simrig_tail(r));
        bot_px reference;
        bot_ts at;
        ck_assert(bot__session_reference(r->session, &r->symbol, &reference, &at));
        const bot_i128 unit = (bot_i128)1000000000000000000, price = (reference.v / unit - 30) * unit;
        char text[BOT_DEC_TEXT_MAX];
        bot_fixed_format(price, text);
        ck_assert_int_eq(simrig_submit(r, BOT_BUY, "0.1", text, NULL), 0);
        simrig_run(r, 3 * BOT_NS_PER_S); /* it rests, and the socket is mute */
        ck_assert_int_eq(simrig_truth(r) == 0, 1);
        struct session_stats before, after;
        bot__session_stats_get(r->session, &before);
        int64_t through = 0;
        while (through == 0) {
            simrig_run(r, 10 * BOT_NS_PER_MS);
            ck_assert_msg(bot__world_now(r->world) < 92 * BOT_NS_PER_S, "%s: the market never came down\n%s", venues[v], simrig_tail(r));
            if (r->session->feeds[0].last.v < price)
                through = bot__world_now(r->world) / BOT_NS_PER_MS;
            ck_assert_int_eq((reasons_now(r) & BOT_GATE_PRIVATE_STREAM) != 0, 0); /* pongs renew that lease all along */
        }
        const int64_t suspected = until_reason(r, BOT_GATE_PRIVATE_SILENT, 110);
        ck_assert_msg(suspected - through <= 2000, "%s: %lld ms after the trade\n%s", venues[v], (long long)(suspected - through), simrig_tail(r));
        ck_assert_int_eq(simrig_submit(r, BOT_BUY, "0.1", text, NULL), BOT_ERR_GATE_SHUT);
        simrig_run(r, 3 * BOT_NS_PER_S);
        bot__session_stats_get(r->session, &after);
        ck_assert_uint_gt(after.http_requests, before.http_requests); /* asked at once, */
        ck_assert_uint_gt(after.ws_losses, before.ws_losses);         /* and not trusted any longer */
        (void)until_reason(r, 0, 300); /* by another socket, and with the fill that the first one kept to itself */
        ck_assert(simrig_truth(r) == unit / 10 && simrig_belief(r) == unit / 10);
        ck_assert_uint_eq(r->sent_while_shut, 0);
        simrig_check(r);
        simrig_free(r);
    }
}

/* The whole client: a feed of which one half has died shuts the gate for that and for nothing else that it could be confused with, and
 * opens by itself when both are back. */
TEST(scenario, s42_one_half_of_the_feed_dies_and_the_gate_says_which)
{
    static const struct {
        const char *faults;
        uint32_t    reason, not_reason;
        int64_t     within_s; /* how long the flow of trades must be missed for depends on how bursty it is */
    } acts[] = {
        { "at 300s for 240s pub.stop topic=trades\n", BOT_GATE_FEED_PARTIAL | BOT_GATE_TRADE_RATE, BOT_GATE_PUBLIC_STREAM | BOT_GATE_PRIVATE_STREAM, 150 },
        { "at 300s for 240s pub.stop topic=book\n", BOT_GATE_FEED_PARTIAL, BOT_GATE_TRADE_RATE | BOT_GATE_PUBLIC_STREAM | BOT_GATE_PRIVATE_STREAM, 150 },
        { "at 300s for 240s ws.halfopen stream=public\n", BOT_GATE_PUBLIC_STREAM, BOT_GATE_FEED_PARTIAL | BOT_GATE_PRIVATE_STREAM, 11 },
        { "at 300s for 240s ws.refuse stream=public\nat 300s ws.cut stream=public\n", BOT_GATE_PUBLIC_STREAM, BOT_GATE_FEED_PARTIAL | BOT_GATE_PRIVATE_STREAM, 11 },
    };
    for (size_t a = 0; a < sizeof acts / sizeof *acts; a++) {
        struct simrig *r = quiet_rig("bybit", acts[a].faults, 5);
        simrig_run(r, 270 * BOT_NS_PER_S);
        ck_assert_msg(simrig_open(r), "act %zu: 0x%x\n%s", a, (unsigned)reasons_now(r), simrig_tail(r));
        r->reasons_seen = 0;
        const int64_t shut = until_reason(r, acts[a].reason, 535);
        ck_assert_msg(shut <= (300 + acts[a].within_s) * 1000, "act %zu: %lld ms\n%s", a, (long long)shut - 300000, simrig_tail(r));
        ck_assert_int_eq(simrig_submit(r, BOT_BUY, "0.1", "1", NULL), BOT_ERR_GATE_SHUT);
        simrig_run(r, 535 * BOT_NS_PER_S - bot__world_now(r->world));
        ck_assert_msg((r->reasons_seen & acts[a].not_reason) == 0, "act %zu: 0x%x\n%s", a, (unsigned)r->reasons_seen, simrig_tail(r));
        ck_assert(!simrig_open(r));
        (void)until_reason(r, 0, 2400);
        simrig_check(r);
        simrig_free(r);
    }
}

/* A bot that is most of its market: while the gate is shut for another reason the flow is a sixth of what it was, and that must not keep
 * the gate shut. */
TEST(world, a_gate_that_was_shut_opens_again_though_the_bot_was_most_of_the_flow)
{
    static const char *const venues[] = { "bybit", "binance-usdm" };
    for (size_t v = 0; v < 2; v++) {
        struct simrig_options o;
        struct flow_options flows[EXCHANGE_INSTRUMENTS_MAX];
        for (int i = 0; i < EXCHANGE_INSTRUMENTS_MAX; i++) {
            bot__flow_options_init(&flows[i]);
            flows[i].sweeps_per_1000s = 400;
            flows[i].regime_spread_pct = 100; /* no lulls of its own */
            flows[i].burstiness_pct = 0;
        }
        simrig_options_init(&o);
        o.venue = venues[v];
        o.seed = 7;
        o.monitors = true;
        o.takes_only = true;
        o.order_qty = "0.01";
        o.limit = "5";
        o.trade_every_ns = 500 * BOT_NS_PER_MS;
        o.faults = "at 600s for 60s rest.hang on=positions\n";
        o.world.venue.flows = flows;
        struct simrig *r = simrig_new(&o);
        simrig_run(r, 600 * BOT_NS_PER_S);
        ck_assert_msg(simrig_open(r) && r->orders > 800, "%s: %u orders\n%s", venues[v], r->orders, simrig_tail(r));
        bot__rate_view view;
        ck_assert(bot__session_rate(r->session, &r->symbol, &view));
        ck_assert_msg(view.sweeps < r->orders / 2, "%s: %llu sweeps are counted of a market in which the bot made %u", venues[v], (unsigned long long)view.sweeps, r->orders);
        simrig_run(r, 60 * BOT_NS_PER_S);
        ck_assert(!simrig_open(r));
        simrig_run(r, 30 * BOT_NS_PER_S);
        ck_assert_msg(simrig_open(r), "%s\n%s", venues[v], simrig_tail(r));
        simrig_run(r, 300 * BOT_NS_PER_S);
        ck_assert_msg((r->reasons_seen & BOT_GATE_TRADE_RATE) == 0, "%s\n%s", venues[v], simrig_tail(r));
        simrig_check(r);
        simrig_free(r);
    }
}
