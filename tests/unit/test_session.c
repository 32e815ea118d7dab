/* The session on a scripted venue: what becomes of public data, of sockets that say nothing, of what a strategy tells. */
#include "session_kit.h"

#include "core/rate.h"

static bot_limits wide(void)
{
    return (bot_limits){ .position_max = { kit_num("10") } };
}

/* ---- public data ---- */

/* What a venue sends again on subscribing is history: no price of now, no flow, no evidence of lateness. */
TEST(session, trades_that_are_played_again_are_not_flow)
{
    static struct kit k;
    kit_init(&k);
    kit_open(&k);
    const bot_limits limits = wide();
    kit_start(&k, &limits);
    bot_event ev = kit_trade(&k, 0, "100");
    ev.trade.replayed = true;
    ev.venue_ns -= 600 * BOT_NS_PER_S; /* ten minutes ago: taken for news it would be a feed that is late by that */
    for (int i = 0; i < 100; i++)
        kit_message(&k, BOT_STREAM_PUBLIC, &ev);
    bot_px price;
    bot_ts at;
    ck_assert(!bot__session_reference(k.session, &ev.instrument, &price, &at));
    bot__rate_view v;
    ck_assert(bot__session_rate(k.session, &ev.instrument, &v));
    ck_assert_uint_eq(v.trades, 0);
    struct session_stats stats;
    bot__session_stats_get(k.session, &stats);
    ck_assert_uint_eq(stats.public_trades, 0);
    kit_run(&k, 5 * BOT_NS_PER_S);
    ck_assert_uint_eq(kit_reasons(&k), 0);

    ev = kit_trade(&k, 0, "101");
    kit_message(&k, BOT_STREAM_PUBLIC, &ev);
    ck_assert(bot__session_reference(k.session, &ev.instrument, &price, &at));
    ck_assert(price.v == kit_num("101") && at == k.now);
    ck_assert(bot__session_rate(k.session, &ev.instrument, &v));
    ck_assert_uint_eq(v.trades, 1);
}

/* Forty trades a second on the first, four on the second, evenly. */
static void flow(struct kit *k, int64_t ns, bool first, bool second)
{
    for (bot_ts until = k->now + ns; k->now < until; kit_run(k, 25 * BOT_NS_PER_MS)) {
        const bot_event a = kit_trade(k, 0, "100"), b = kit_trade(k, 1, "50");
        if (first)
            kit_message(k, BOT_STREAM_PUBLIC, &a);
        if (second && k->now / (25 * BOT_NS_PER_MS) % 10 == 0)
            kit_message(k, BOT_STREAM_PUBLIC, &b);
    }
}

/* All together lose a tenth only, which is nothing: the one that stopped must be seen by itself, whichever it is. */
TEST(session, an_instrument_that_stops_shuts_though_a_busier_one_goes_on)
{
    static struct kit k;
    kit_init(&k);
    kit_open(&k);
    const bot_limits limits = wide();
    kit_start(&k, &limits);
    flow(&k, 420 * BOT_NS_PER_S, true, true);
    ck_assert_uint_eq(kit_reasons(&k), 0);
    flow(&k, 60 * BOT_NS_PER_S, true, false);
    ck_assert_uint_ne(kit_reasons(&k) & BOT_GATE_TRADE_RATE, 0);
    bot__rate_view v;
    const bot_symbol busy = kit_symbol(0), stopped = kit_symbol(1);
    ck_assert(bot__session_rate(k.session, &busy, &v));
    ck_assert_int_eq(v.state, BOT__RATE_NORMAL);
    ck_assert(bot__session_rate(k.session, &stopped, &v));
    ck_assert_int_eq(v.state, BOT__RATE_DROPPED);
    ck_assert_str_eq(k.monitor[BOT_MONITOR_TRADE_RATE].monitor.reason, bot__rate_reason_name(v.reason)); /* told of the one that it is about */
}

/* ---- sockets ---- */

/* Connected and dead: no byte, no pong, no error. It is given up after the venue's time for it, and opened anew. */
TEST(session, a_socket_on_which_nothing_comes_is_given_up)
{
    static const bot_stream streams[] = { BOT_STREAM_PRIVATE, BOT_STREAM_PUBLIC };
    for (int i = 0; i < 2; i++) {
        static struct kit k;
        kit_init(&k);
        kit_open(&k);
        const bot_limits limits = wide();
        kit_start(&k, &limits);
        const bot_stream s = streams[i];
        const unsigned opened = k.opened[s], closed = k.closed[s];
        const int64_t dead_ns = (s == BOT_STREAM_PRIVATE ? k.venue.private_plan : k.venue.public_plan).dead_after_ms * BOT_NS_PER_MS;
        k.silent[s] = true;
        kit_run(&k, dead_ns - 2 * BOT_NS_PER_S);
        ck_assert_uint_eq(k.closed[s], closed);
        ck_assert_uint_gt(k.pings[s], 0); /* asked whether it lives */
        kit_run(&k, 4 * BOT_NS_PER_S);
        ck_assert_uint_eq(k.closed[s], closed + 1);
        ck_assert_uint_eq(k.opened[s], opened + 1);
        struct session_stats stats;
        bot__session_stats_get(k.session, &stats);
        ck_assert(!stats.ready[s]);
        ck_assert_uint_ne(kit_reasons(&k) & (s == BOT_STREAM_PRIVATE ? BOT_GATE_PRIVATE_STREAM : BOT_GATE_PUBLIC_STREAM), 0);
    }
}

/* ---- what a strategy tells ---- */

/* The collar guards against a strategy's own mistake: its idea of the price cannot be what guards it. */
TEST(session, the_reference_of_the_collar_is_the_markets_and_never_the_strategys)
{
    static struct kit k;
    kit_init(&k);
    kit_open(&k);
    bot_limits limits = wide();
    limits.collar_bps = 100;
    kit_start(&k, &limits);
    bot_event order = { .kind = BOT_EV_SUBMIT, .submit = { .bot = 0 } };
    order.submit.order = (bot_order_request){ .instrument = kit_symbol(0), .side = BOT_BUY, .leg = BOT_LEG_NET, .type = BOT_LIMIT, .tif = BOT_GTC,
                                              .qty = { kit_num("1") }, .price = { kit_num("200") }, .ref_price = { kit_num("200") }, .ref_at = k.now };
    ck_assert_int_eq(kit_command(&k, order), BOT_ERR_NO_REFERENCE); /* nothing has traded yet */
    ck_assert(k.submit.submit.order.ref_price.v == 0);

    const bot_event trade = kit_trade(&k, 0, "100");
    kit_message(&k, BOT_STREAM_PUBLIC, &trade);
    order.submit.order.ref_at = k.now;
    ck_assert_int_eq(kit_command(&k, order), BOT_ERR_PRICE_COLLAR);
    ck_assert(k.submit.submit.order.ref_price.v == kit_num("100") && k.submit.submit.order.ref_at == k.now);
    order.submit.order.price.v = kit_num("101");
    ck_assert_int_eq(kit_command(&k, order), BOT_OK);
    ck_assert_uint_eq(k.asked[VENUE_CALL_SUBMIT], 1);
}

/* An amend moves an order to a price as a new one would. */
TEST(session, an_amend_is_held_by_the_collar_like_an_order)
{
    static struct kit k;
    kit_init(&k);
    kit_open(&k);
    bot_limits limits = wide();
    limits.collar_bps = 100;
    kit_start(&k, &limits);
    bot_event trade = kit_trade(&k, 0, "100");
    kit_message(&k, BOT_STREAM_PUBLIC, &trade);
    ck_assert_int_eq(kit_submit(&k, 0, BOT_BUY, "1", "99"), BOT_OK);
    kit_run(&k, BOT_NS_PER_S);
    const bot_id id = k.submit.submit.client_id;
    bot_event amend = { .kind = BOT_EV_AMEND, .amend = { .bot = 0, .client_id = id, .price = { kit_num("101.1") }, .ref_price = { kit_num("150") }, .ref_at = k.now } };
    ck_assert_int_eq(kit_command(&k, amend), BOT_ERR_PRICE_COLLAR);
    amend.amend.price.v = kit_num("101");
    kit_run(&k, 10 * BOT_NS_PER_S);
    ck_assert_int_eq(kit_command(&k, amend), BOT_ERR_NO_REFERENCE); /* of ten seconds ago */
    trade = kit_trade(&k, 0, "100");
    kit_message(&k, BOT_STREAM_PUBLIC, &trade);
    ck_assert_int_eq(kit_command(&k, amend), BOT_OK);
    ck_assert_uint_eq(k.asked[VENUE_CALL_AMEND], 1);
}
