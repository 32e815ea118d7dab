/* Public data of venues that spread it over two addresses, over TLS: books of the client beside the exchange's own. */
#include <string.h>

#include "live.h"

#define LIVELY "always market.rate x=12\n"

static struct live l;
static const char *wanted;

/* The exchange stands still: sooner or later the best levels are the same. */
static bool has_the_venues_book(struct live_account *a)
{
    const struct exchange *x = bot__simvenue_exchange(paper_venue(l.paper));
    const uint16_t i = (uint16_t)bot__exchange_instrument_find(x, wanted, strlen(wanted));
    const struct exchange_instrument *in = bot__exchange_instrument(x, i);
    bot_level ours[2][20];
    uint32_t n[2] = { 20, 20 };
    if (bot_get_book(a->bots[0], wanted, ours[0], &n[0], ours[1], &n[1]) != BOT_OK)
        return false;
    for (int side = 0; side < 2; side++) {
        struct exchange_level theirs[20];
        if (bot__exchange_book(x, i, side == 0 ? BOT_BUY : BOT_SELL, theirs, 20) != n[side] || n[side] < 5)
            return false;
        for (uint32_t k = 0; k < n[side]; k++) {
            int64_t ticks, lots;
            if (bot__exchange_ticks(in, (bot_dec){ .coef = ours[side][k].price_coef, .scale = ours[side][k].price_scale }, &ticks) != BOT_OK ||
                bot__exchange_lots(in, (bot_dec){ .coef = ours[side][k].qty_coef, .scale = ours[side][k].qty_scale }, &lots) != BOT_OK ||
                ticks != theirs[k].price_ticks || lots != theirs[k].lots)
                return false;
        }
    }
    bot_px bid, ask;
    return bot_best_prices(a->bots[0], wanted, &bid, &ask) && bid.v < ask.v;
}

static bool has_a_book(struct live_account *a)
{
    bot_px bid, ask;
    return bot_best_prices(a->bots[0], wanted, &bid, &ask);
}
static bool is_public_ready(struct live_account *a) { return live_stats(a).public_ready; }
static bool is_public_lost(struct live_account *a) { return !live_stats(a).public_ready; }

static struct live_account *begin(const char *venue, const char *const *instruments, uint32_t n)
{
    live_begin_at(&l, venue);
    live_fault(&l, LIVELY);
    bot_account_options o;
    live_options(&l, 0, &o);
    o.instruments = instruments;
    o.instruments_n = n;
    o.core.public_lease_ns = (int64_t)live_ms(10000) * BOT_NS_PER_MS;
    struct live_account *a = live_open(&l, 0, &o, 1, "1");
    LIVE_UNTIL(a, live_is_open, 8000);
    ck_assert(is_public_ready(a));
    return a;
}

/* Cut, refused for a while, back: the gate is shut in between, and the book begins anew. */
static void cut_the_second(struct live_account *a)
{
    a->reasons_seen = 0;
    live_fault(&l, "always ws.refuse stream=public_2\nat 0s ws.cut stream=public_2\n");
    LIVE_UNTIL(a, is_public_lost, 3000);
    LIVE_UNTIL(a, live_is_shut, 1000);
    ck_assert_uint_ne(live_reasons(a) & BOT_GATE_PUBLIC_STREAM, 0);
    bot_px bid, ask;
    ck_assert(!bot_best_prices(a->bots[0], wanted, &bid, &ask));
    live_heal(&l);
    live_fault(&l, LIVELY);
    LIVE_UNTIL(a, live_is_open, 8000);
    ck_assert(is_public_ready(a));
    LIVE_UNTIL(a, has_a_book, 8000); /* a snapshot is nothing without the change behind it */
}

TEST(live_feeds, books_come_from_the_second_address_of_binance)
{
    struct live_account *a = begin("binance-usdm", (const char *const[]){ "BTCUSDT", "ETHUSDT" }, 2);
    wanted = "ETHUSDT";
    cut_the_second(a);
    live_fault(&l, "always market.halt\n");
    LIVE_UNTIL(a, has_the_venues_book, 5000);
    wanted = "BTCUSDT";
    LIVE_UNTIL(a, has_the_venues_book, 5000);
    ck_assert_uint_eq(live_stats(a).ws_undecodable, 0);
    live_end(&l);
}

TEST(live_feeds, linear_and_inverse_contracts_of_bybit_in_one_account)
{
    struct live_account *a = begin(NULL, (const char *const[]){ "BTCUSDT", "BTCUSD" }, 2);
    wanted = "BTCUSD";
    cut_the_second(a);
    live_fault(&l, "always market.halt\n");
    LIVE_UNTIL(a, has_the_venues_book, 5000);
    wanted = "BTCUSDT";
    LIVE_UNTIL(a, has_the_venues_book, 5000);
    ck_assert_uint_eq(live_stats(a).ws_undecodable, 0);
    live_end(&l);
}
