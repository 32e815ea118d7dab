/* The live order book of a client against the exchange's own, on virtual time. */
#include "simrig.h"

#include <string.h>

static int64_t price_ticks(const struct exchange_instrument *in, const bot_level *l)
{
    int64_t ticks = -1;
    ck_assert_int_eq(bot__exchange_ticks(in, (bot_dec){ .coef = l->price_coef, .scale = l->price_scale }, &ticks), BOT_OK);
    return ticks;
}

/* The exchange stands still, and what was under way has arrived: the fifty best levels a side are the exchange's. */
static void same_book(const struct simrig *r, const char *instrument)
{
    const struct exchange *x = bot__world_exchange(r->world);
    bot_symbol symbol;
    bot__symbol_set(&symbol, instrument, strlen(instrument));
    const uint16_t i = (uint16_t)bot__exchange_instrument_find(x, symbol.s, symbol.len);
    const struct exchange_instrument *in = bot__exchange_instrument(x, i);
    bot_level ours[2][50];
    uint32_t n[2] = { 50, 50 };
    ck_assert_msg(bot__session_book(r->session, &symbol, ours[0], &n[0], ours[1], &n[1]), "%s: the book is not whole\n%s", instrument, simrig_tail(r));
    for (int side = 0; side < 2; side++) {
        struct exchange_level theirs[50];
        const uint32_t want = bot__exchange_book(x, i, side == 0 ? BOT_BUY : BOT_SELL, theirs, 50);
        ck_assert_uint_eq(n[side], want);
        ck_assert_uint_gt(want, 5);
        for (uint32_t k = 0; k < want; k++) {
            int64_t lots = -1;
            ck_assert_int_eq(bot__exchange_lots(in, (bot_dec){ .coef = ours[side][k].qty_coef, .scale = ours[side][k].qty_scale }, &lots), BOT_OK);
            ck_assert_msg(price_ticks(in, &ours[side][k]) == theirs[k].price_ticks && lots == theirs[k].lots, "%s: side %d level %u differs", instrument, side, k);
        }
    }
    bot_px bid, ask, reference;
    bot_ts at;
    ck_assert(bot__session_best(r->session, &symbol, &bid, &ask, &at));
    ck_assert(bid.v < ask.v);
    ck_assert(bot__session_reference(r->session, &symbol, &reference, &at));
    ck_assert(reference.v == bid.v + (ask.v - bid.v) / 2);
}

static struct simrig *run_at(const char *venue, const char *instrument, const char *watched, const char *faults, struct session_stats *ret)
{
    struct simrig_options o;
    simrig_options_init(&o);
    o.venue = venue;
    o.instrument = instrument;
    o.watched = watched;
    o.core.public_lease_ns = 10 * BOT_NS_PER_S;
    o.trade_until_ns = strcmp(instrument, "BTCUSD") == 0 ? 1 : 90 * BOT_NS_PER_S; /* quantities of the rig are of linear contracts */
    o.faults = faults;
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 130 * BOT_NS_PER_S);
    simrig_check(r);
    bot__session_stats_get(r->session, ret);
    return r;
}

static struct simrig *run(const char *faults, struct session_stats *ret) { return run_at("bybit", "BTCUSDT", NULL, faults, ret); }

TEST(books, a_healthy_feed_gives_the_exchanges_book)
{
    struct session_stats stats;
    struct simrig *r = run("at 100s for 100s market.halt\n", &stats);
    ck_assert_uint_eq(stats.book_gaps, 0);
    ck_assert_uint_eq(stats.book_resyncs, 0);
    same_book(r, "BTCUSDT");
    simrig_free(r);
}

TEST(books, a_gap_is_mended_by_a_new_snapshot_without_shutting_the_gate)
{
    struct session_stats stats;
    struct simrig *r = run("at 10s for 85s pub.gap\nat 100s for 100s market.halt\n", &stats);
    ck_assert_uint_gt(stats.book_gaps, 2);
    ck_assert_uint_gt(stats.book_resyncs, 1);
    ck_assert_uint_lt(stats.book_resyncs, 12); /* backs off: a feed that keeps breaking is not asked each time */
    ck_assert_uint_eq(r->gate_shuts, 0);
    ck_assert_uint_eq(stats.ws_losses, 0);
    same_book(r, "BTCUSDT");
    simrig_free(r);
}

TEST(books, a_cut_socket_begins_a_new_book)
{
    struct session_stats stats;
    struct simrig *r = run("at 40s ws.cut stream=public\nat 100s for 100s market.halt\n", &stats);
    ck_assert_uint_gt(stats.ws_losses, 0);
    same_book(r, "BTCUSDT");
    simrig_free(r);
}

/* ---- public data over two sockets -------------------------------------------------------------------------------- */

TEST(books, a_venue_whose_books_have_an_address_of_their_own_fills_them_from_there)
{
    struct session_stats stats;
    struct simrig *r = run_at("binance-usdm", "BTCUSDT", "ETHUSDT", "at 100s for 100s market.halt\n", &stats);
    ck_assert(stats.ready[BOT_STREAM_PUBLIC] && stats.ready[BOT_STREAM_PUBLIC_2]);
    ck_assert_uint_eq(stats.ws_losses, 0);
    ck_assert_uint_eq(stats.book_gaps, 0);
    ck_assert_uint_eq(r->gate_shuts, 0);
    ck_assert_uint_gt(stats.public_trades, 50);
    ck_assert_uint_eq(stats.book_resyncs, 2); /* one snapshot each */
    same_book(r, "BTCUSDT");
    same_book(r, "ETHUSDT");
    simrig_free(r);
}

TEST(books, a_gap_at_the_second_address_is_mended_by_a_snapshot_over_rest)
{
    struct session_stats stats;
    struct simrig *r = run_at("binance-usdm", "BTCUSDT", NULL, "at 10s for 85s pub.gap\nat 100s for 100s market.halt\n", &stats);
    ck_assert_uint_gt(stats.book_gaps, 2);
    ck_assert_uint_gt(stats.book_resyncs, 1);
    ck_assert_uint_lt(stats.book_resyncs, 14);
    ck_assert_uint_eq(r->gate_shuts, 0);
    ck_assert_uint_eq(stats.ws_losses, 0);
    same_book(r, "BTCUSDT");
    simrig_free(r);
}

/* Public data is one lease: it ends with the first socket that is lost, and comes back with the last. */
TEST(books, either_public_socket_lost_shuts_the_gate_until_both_are_back)
{
    for (int second = 0; second < 2; second++) {
        struct session_stats stats;
        struct simrig *r = run_at("binance-usdm", "BTCUSDT", NULL,
                                  second ? "at 40s ws.cut stream=public_2\nat 40s for 20s ws.refuse stream=public_2\nat 100s for 100s market.halt\n"
                                         : "at 40s ws.cut stream=public\nat 40s for 20s ws.refuse stream=public\nat 100s for 100s market.halt\n", &stats);
        ck_assert_uint_gt(stats.ws_losses, 0);
        ck_assert_uint_ne(r->reasons_seen & BOT_GATE_PUBLIC_STREAM, 0);
        ck_assert_msg(r->gate_shuts == 1 && simrig_open(r), "shut %u times\n%s", r->gate_shuts, simrig_tail(r));
        ck_assert_int_ge(r->shut_ns, 20 * BOT_NS_PER_S);
        same_book(r, "BTCUSDT");
        simrig_free(r);
    }
}

/* It still answers pings at the other address; here nothing comes at all. The lease of 10 s runs out before the socket is
 * given up for dead, and books are not shown that nobody keeps. */
TEST(books, a_public_socket_that_goes_silent_is_not_covered_by_the_other)
{
    struct session_stats stats;
    struct simrig *r = run_at("binance-usdm", "BTCUSDT", NULL, "at 40s for 40s ws.halfopen stream=public_2\nat 100s for 100s market.halt\n", &stats);
    ck_assert_uint_gt(stats.ws_losses, 0);
    ck_assert_uint_ne(r->reasons_seen & BOT_GATE_PUBLIC_STREAM, 0);
    ck_assert_int_ge(r->shut_ns, 25 * BOT_NS_PER_S); /* from 10 to 13 s after the silence began until it is over */
    ck_assert_msg(simrig_open(r), "%s", simrig_tail(r));
    same_book(r, "BTCUSDT");
    simrig_free(r);
}

TEST(books, linear_and_inverse_contracts_of_one_account_have_a_socket_each)
{
    struct session_stats stats;
    struct simrig *r = run_at("bybit", "BTCUSDT", "BTCUSD", "at 100s for 100s market.halt\n", &stats);
    ck_assert(stats.ready[BOT_STREAM_PUBLIC] && stats.ready[BOT_STREAM_PUBLIC_2]);
    ck_assert_uint_eq(r->gate_shuts, 0);
    same_book(r, "BTCUSDT");
    same_book(r, "BTCUSD");
    simrig_free(r);
}

TEST(books, inverse_contracts_alone_need_one_socket)
{
    struct session_stats stats;
    struct simrig *r = run_at("bybit", "BTCUSD", NULL, "at 100s for 100s market.halt\n", &stats);
    ck_assert(stats.ready[BOT_STREAM_PUBLIC]);
    ck_assert_uint_eq(stats.ws_connects, 2); /* the private one and this */
    ck_assert_msg(simrig_open(r), "%s", simrig_tail(r));
    same_book(r, "BTCUSD");
    simrig_free(r);
}

TEST(books, one_category_lost_keeps_the_books_of_the_other)
{
    struct session_stats stats;
    struct simrig *r = run_at("bybit", "BTCUSDT", "BTCUSD", "at 100s for 100s market.halt\nat 110s ws.cut stream=public_2\nat 110s for 60s ws.refuse stream=public_2\n", &stats);
    ck_assert(!simrig_open(r));
    ck_assert(!stats.ready[BOT_STREAM_PUBLIC] && !stats.ready[BOT_STREAM_PUBLIC_2]);
    same_book(r, "BTCUSDT");
    bot_px bid, ask;
    bot_ts at;
    bot_symbol inverse;
    bot__symbol_set(&inverse, "BTCUSD", 6);
    ck_assert(!bot__session_best(r->session, &inverse, &bid, &ask, &at));
    simrig_free(r);
}
