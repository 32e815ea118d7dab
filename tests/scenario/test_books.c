/* The live order book of a client against the exchange's own, on virtual time. */
#include "simrig.h"

static int64_t price_ticks(const struct exchange_instrument *in, const bot_level *l)
{
    int64_t ticks = -1;
    ck_assert_int_eq(bot__exchange_ticks(in, (bot_dec){ .coef = l->price_coef, .scale = l->price_scale }, &ticks), BOT_OK);
    return ticks;
}

/* The exchange stands still, and what was under way has arrived: the fifty best levels a side are the exchange's. */
static void same_book(const struct simrig *r)
{
    const struct exchange *x = bot__world_exchange(r->world);
    const uint16_t i = (uint16_t)bot__exchange_instrument_find(x, r->symbol.s, r->symbol.len);
    const struct exchange_instrument *in = bot__exchange_instrument(x, i);
    bot_level ours[2][50];
    uint32_t n[2] = { 50, 50 };
    ck_assert_msg(bot__session_book(r->session, &r->symbol, ours[0], &n[0], ours[1], &n[1]), "the book is not whole\n%s", simrig_tail(r));
    for (int side = 0; side < 2; side++) {
        struct exchange_level theirs[50];
        const uint32_t want = bot__exchange_book(x, i, side == 0 ? BOT_BUY : BOT_SELL, theirs, 50);
        ck_assert_uint_eq(n[side], want);
        ck_assert_uint_gt(want, 5);
        for (uint32_t k = 0; k < want; k++) {
            int64_t lots = -1;
            ck_assert_int_eq(bot__exchange_lots(in, (bot_dec){ .coef = ours[side][k].qty_coef, .scale = ours[side][k].qty_scale }, &lots), BOT_OK);
            ck_assert_msg(price_ticks(in, &ours[side][k]) == theirs[k].price_ticks && lots == theirs[k].lots, "side %d level %u differs", side, k);
        }
    }
    bot_px bid, ask, reference;
    bot_ts at;
    ck_assert(bot__session_best(r->session, &r->symbol, &bid, &ask, &at));
    ck_assert(bid.v < ask.v);
    ck_assert(bot__session_reference(r->session, &r->symbol, &reference, &at));
    ck_assert(reference.v == bid.v + (ask.v - bid.v) / 2);
}

static struct simrig *run(const char *faults, struct session_stats *ret)
{
    struct simrig_options o;
    simrig_options_init(&o);
    o.public_data = true;
    o.trade_until_ns = 90 * BOT_NS_PER_S;
    o.faults = faults;
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 130 * BOT_NS_PER_S);
    simrig_check(r);
    bot__session_stats_get(r->session, ret);
    return r;
}

TEST(books, a_healthy_feed_gives_the_exchanges_book)
{
    struct session_stats stats;
    struct simrig *r = run("at 100s for 100s market.halt\n", &stats);
    ck_assert_uint_eq(stats.book_gaps, 0);
    ck_assert_uint_eq(stats.book_resyncs, 0);
    same_book(r);
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
    same_book(r);
    simrig_free(r);
}

TEST(books, a_cut_socket_begins_a_new_book)
{
    struct session_stats stats;
    struct simrig *r = run("at 40s ws.cut stream=public\nat 100s for 100s market.halt\n", &stats);
    ck_assert_uint_gt(stats.ws_losses, 0);
    same_book(r);
    simrig_free(r);
}
