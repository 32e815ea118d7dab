#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/exchange.h"
#include "sim/flow.h"
#include "sim/tape.h"
#include "sim_alloc.h"

#define S INT64_C(1000000000)

/* A protocol of what happened, and sums over it. */
struct watch {
    char     text[8192];
    size_t   len;
    uint64_t hash;
    uint64_t trades, sweeps;
    int64_t  last_trade_seq;
    uint64_t order_events, fill_events;
    int64_t  trade_lots;
};

static void say(struct watch *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct watch *w, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(w->text + w->len, sizeof w->text - w->len, format, ap);
    va_end(ap);
    if (n > 0 && w->len + (size_t)n < sizeof w->text) w->len += (size_t)n;
    for (const char *p = w->text + w->len - (n > 0 ? n : 0); n > 0 && *p != '\0'; p++)
        w->hash = (w->hash ^ (uint8_t)*p) * UINT64_C(1099511628211);
    if (w->len > sizeof w->text / 2) w->len = 0; /* keeps the hash, forgets the text */
}

static void on_event(void *self, const struct exchange_event *ev)
{
    struct watch *w = self;
    static const char *const statuses[] = { "none", "open", "partial", "filled", "canceled" };
    switch (ev->kind) {
    case EXCHANGE_EV_ORDER:
        w->order_events++;
        say(w, "order %u#%s %s %lld/%lld end %u\n", ev->account, ev->order->link_id, statuses[ev->order->status],
            (long long)ev->order->cum_lots, (long long)ev->order->lots, ev->order->end);
        break;
    case EXCHANGE_EV_FILL:
        w->fill_events++;
        say(w, "fill %u#%s %s %lld@%lld %s\n", ev->account, ev->fill->link_id, ev->fill->side == BOT_BUY ? "buy" : "sell",
            (long long)ev->fill->lots, (long long)ev->fill->price_ticks, ev->fill->liquidity == BOT_MAKER ? "maker" : "taker");
        break;
    case EXCHANGE_EV_TRADE:
        w->trades++;
        w->trade_lots += ev->trade->lots;
        w->sweeps += ev->seq != w->last_trade_seq;
        w->last_trade_seq = ev->seq;
        break;
    default: break;
    }
}

static struct exchange *exchange_open(struct watch *w, uint32_t accounts)
{
    static struct exchange_instrument all[3];
    struct exchange_options o;
    bot__exchange_options_init(&o);
    o.instruments_n = bot__exchange_instruments_default(all, 3);
    o.instruments = all;
    o.seed = 7;
    o.accounts_max = accounts;
    o.orders_max = 2048;
    o.fills_max = 4096;
    o.history_max = 4096;
    o.self = w;
    o.event = on_event;
    struct exchange *x = bot__exchange_new(&o, test_sim_alloc(), S);
    ck_assert_ptr_nonnull(x);
    for (uint32_t i = 0; i < accounts; i++)
        ck_assert_int_eq(bot__exchange_account_add(x, (bot_money){ (bot_i128)1000000 * 1000000000000000000 }), (int)i + 1);
    return x;
}

static struct exchange_request limit(uint32_t account, bot_side side, int64_t lots, int64_t price, const char *link)
{
    struct exchange_request r = { .account = account, .side = side, .type = BOT_LIMIT, .tif = BOT_GTC, .leg = BOT_LEG_NET,
                                  .lots = lots, .price_ticks = price };
    snprintf(r.link_id, sizeof r.link_id, "%s", link);
    return r;
}

static int put(struct exchange *x, struct exchange_request r) { return bot__exchange_submit(x, 2 * S, &r, NULL); }

static int64_t lots_of(const struct exchange *x, uint32_t account) { return bot__exchange_position(x, account, 0, BOT_LEG_NET)->lots; }

TEST(exchange, fills_the_best_price_first_and_the_oldest_order_of_a_price_first)
{
    struct watch w = { 0 };
    struct exchange *x = exchange_open(&w, 4);
    put(x, limit(1, BOT_SELL, 10, 650020, "late"));
    put(x, limit(2, BOT_SELL, 10, 650010, "first"));
    put(x, limit(3, BOT_SELL, 10, 650010, "second"));
    w.len = 0;
    memset(w.text, 0, sizeof w.text);
    put(x, limit(4, BOT_BUY, 25, 650020, "taker"));
    ck_assert_str_eq(w.text, "fill 2#first sell 10@650010 maker\n"
                             "fill 4#taker buy 10@650010 taker\n"
                             "order 2#first filled 10/10 end 0\n"
                             "fill 3#second sell 10@650010 maker\n"
                             "fill 4#taker buy 10@650010 taker\n"
                             "order 3#second filled 10/10 end 0\n"
                             "fill 1#late sell 5@650020 maker\n"
                             "fill 4#taker buy 5@650020 taker\n"
                             "order 1#late partial 5/10 end 0\n"
                             "order 4#taker filled 25/25 end 0\n");
    bot__exchange_free(x);
}

TEST(exchange, keeps_the_place_when_an_order_shrinks_and_loses_it_when_it_grows)
{
    struct watch w = { 0 };
    struct exchange *x = exchange_open(&w, 3);
    uint64_t first, second;
    struct exchange_request r = limit(1, BOT_SELL, 10, 650000, "a");
    bot__exchange_submit(x, S, &r, &first);
    r = limit(2, BOT_SELL, 10, 650000, "b");
    bot__exchange_submit(x, S, &r, &second);
    ck_assert_int_eq(bot__exchange_amend(x, S, 1, first, 6, 0), EXCHANGE_TAKEN);
    put(x, limit(3, BOT_BUY, 6, 650000, "t"));
    ck_assert_int_eq(lots_of(x, 1), -6);
    ck_assert_int_eq(lots_of(x, 2), 0);
    r = limit(1, BOT_SELL, 5, 650000, "c");
    bot__exchange_submit(x, S, &r, &first);
    ck_assert_int_eq(bot__exchange_amend(x, S, 2, second, 20, 0), EXCHANGE_TAKEN);
    put(x, limit(3, BOT_BUY, 5, 650000, "u"));
    ck_assert_int_eq(lots_of(x, 1), -11);
    ck_assert_int_eq(bot__exchange_amend(x, S, 2, second, 20, 650000), EXCHANGE_NOTHING_CHANGED);
    bot__exchange_free(x);
}

TEST(exchange, ends_orders_as_their_time_in_force_says)
{
    struct watch w = { 0 };
    struct exchange *x = exchange_open(&w, 2);
    put(x, limit(1, BOT_SELL, 10, 650000, "rest"));
    struct exchange_request r = limit(2, BOT_BUY, 10, 650000, "post");
    r.tif = BOT_POST_ONLY;
    ck_assert_int_eq(put(x, r), EXCHANGE_TAKEN);
    ck_assert_int_eq(bot__exchange_order_by_link(x, 2, "post")->end, EXCHANGE_END_POST_ONLY);
    ck_assert_int_eq(lots_of(x, 2), 0);
    r = limit(2, BOT_BUY, 11, 650000, "fok");
    r.tif = BOT_FOK;
    put(x, r);
    ck_assert_int_eq(bot__exchange_order_by_link(x, 2, "fok")->end, EXCHANGE_END_NO_FILL);
    ck_assert_int_eq(lots_of(x, 2), 0);
    r = limit(2, BOT_BUY, 15, 650000, "ioc");
    r.tif = BOT_IOC;
    put(x, r);
    const struct exchange_order *o = bot__exchange_order_by_link(x, 2, "ioc");
    ck_assert_int_eq(o->status, BOT_ORDER_CANCELED);
    ck_assert_int_eq(o->cum_lots, 10);
    ck_assert_int_eq(lots_of(x, 2), 10);
    bot__exchange_free(x);
}

TEST(exchange, reduce_only_never_turns_a_position_round)
{
    struct watch w = { 0 };
    struct exchange *x = exchange_open(&w, 2);
    struct exchange_request r = limit(1, BOT_SELL, 5, 650000, "flat");
    r.reduce_only = true;
    ck_assert_int_eq(put(x, r), EXCHANGE_REDUCE_ONLY);
    put(x, limit(2, BOT_SELL, 10, 650000, "s"));
    put(x, limit(1, BOT_BUY, 10, 650000, "b"));
    r = limit(1, BOT_SELL, 8, 650100, "r1");
    r.reduce_only = true;
    ck_assert_int_eq(put(x, r), EXCHANGE_TAKEN);
    r = limit(1, BOT_SELL, 8, 650100, "r2");
    r.reduce_only = true;
    ck_assert_int_eq(put(x, r), EXCHANGE_TAKEN);
    put(x, limit(2, BOT_BUY, 30, 650100, "t"));
    ck_assert_int_eq(lots_of(x, 1), 0);
    ck_assert_int_eq(bot__exchange_order_by_link(x, 1, "r2")->end, EXCHANGE_END_REDUCE_ONLY);
    ck_assert_int_eq(bot__exchange_order_by_link(x, 1, "r2")->cum_lots, 2);
    struct exchange_truth truth;
    bot__exchange_truth(x, 1, 0, &truth);
    ck_assert(truth.open_sell.v == 0 && truth.open_orders == 0);
    bot__exchange_free(x);
}

TEST(exchange, refuses_what_the_venue_refuses)
{
    struct watch w = { 0 };
    struct exchange *x = exchange_open(&w, 1);
    ck_assert_int_eq(put(x, limit(1, BOT_BUY, 0, 650000, "")), EXCHANGE_BAD_QTY);
    ck_assert_int_eq(put(x, limit(1, BOT_BUY, 1, 800000, "")), EXCHANGE_PRICE_BAND);
    ck_assert_int_eq(put(x, limit(1, BOT_BUY, 1, 0, "")), EXCHANGE_BAD_PRICE);
    ck_assert_int_eq(put(x, limit(1, BOT_BUY, 1, 600000, "one")), EXCHANGE_TAKEN);
    ck_assert_int_eq(put(x, limit(1, BOT_BUY, 1, 600000, "one")), EXCHANGE_DUPLICATE_LINK);
    ck_assert_int_eq(put(x, limit(1, BOT_BUY, 1190000, 650000, "big")), EXCHANGE_NO_BALANCE);
    struct exchange_request r = limit(1, BOT_BUY, 1, 600000, "leg");
    r.leg = BOT_LEG_LONG;
    ck_assert_int_eq(put(x, r), EXCHANGE_BAD_LEG);
    ck_assert_int_eq(bot__exchange_hedge_set(x, 1, 0, true), EXCHANGE_MODE_IN_USE);
    ck_assert_int_eq(bot__exchange_cancel_all(x, S, 1, 0), 1);
    ck_assert_int_eq(bot__exchange_hedge_set(x, 1, 0, true), EXCHANGE_TAKEN);
    ck_assert_int_eq(put(x, r), EXCHANGE_TAKEN);
    bot__exchange_mode_set(x, EXCHANGE_CANCEL_ONLY);
    ck_assert_int_eq(put(x, limit(1, BOT_BUY, 1, 600000, "no")), EXCHANGE_CLOSED);
    ck_assert_int_eq(bot__exchange_cancel(x, S, 1, bot__exchange_order_by_link(x, 1, "leg")->id), EXCHANGE_TAKEN);
    ck_assert_int_eq(bot__exchange_cancel(x, S, 1, bot__exchange_order_by_link(x, 1, "leg")->id), EXCHANGE_ALREADY_DONE);
    ck_assert_int_eq(bot__exchange_cancel(x, S, 1, 999999), EXCHANGE_NOT_FOUND);
    bot__exchange_free(x);
}

/* Positions, money and fees over all accounts, the house included. */
static void check_conservation(const struct exchange *x)
{
    for (uint16_t i = 0; i < bot__exchange_instruments(x); i++) {
        const bool inverse = bot__exchange_instrument(x, i)->contract == BOT_INVERSE;
        int64_t lots = 0;
        bot_i128 money = 0, fees = 0;
        for (uint32_t a = 0; a < bot__exchange_accounts(x); a++)
            for (int leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
                const struct exchange_position *p = bot__exchange_position(x, a, i, (bot_leg)leg);
                lots += p->lots;
                money += p->realised.v + (inverse ? p->cost.v : -p->cost.v);
                fees += p->fees.v;
                ck_assert((p->lots > 0) == (p->cost.v > 0) && (p->lots < 0) == (p->cost.v < 0));
                if (leg == BOT_LEG_LONG) ck_assert_int_ge(p->lots, 0);
                if (leg == BOT_LEG_SHORT) ck_assert_int_le(p->lots, 0);
            }
        ck_assert_int_eq(lots, 0);
        ck_assert(money == 0);
        ck_assert(fees == bot__exchange_venue_fees(x, i).v);
        struct exchange_level bids[64], asks[64];
        const uint32_t b = bot__exchange_book(x, i, BOT_BUY, bids, 64), n = bot__exchange_book(x, i, BOT_SELL, asks, 64);
        ck_assert(b == 0 || n == 0 || bids[0].price_ticks < asks[0].price_ticks);
        for (uint32_t k = 0; k < b; k++) ck_assert(bids[k].lots > 0 && bids[k].orders > 0 && (k == 0 || bids[k].price_ticks < bids[k - 1].price_ticks));
        for (uint32_t k = 0; k < n; k++) ck_assert(asks[k].lots > 0 && (k == 0 || asks[k].price_ticks > asks[k - 1].price_ticks));
    }
}

TEST(exchange, conserves_contracts_and_money_under_a_hundred_thousand_random_calls)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct watch w = { 0 };
        struct exchange *x = exchange_open(&w, 5);
        bot__exchange_hedge_set(x, 5, 0, true);
        test_rng rng = { seed };
        uint64_t ids[64] = { 0 };
        uint32_t owners[64] = { 0 };
        for (int step = 0; step < 20000; step++) {
            const int64_t now = S * (2 + step);
            const uint32_t slot = (uint32_t)test_rng_below(&rng, 64);
            const uint16_t i = (uint16_t)test_rng_below(&rng, 3);
            const uint32_t account = (uint32_t)test_rng_below(&rng, 6);
            switch (test_rng_below(&rng, 12)) {
            case 0: bot__exchange_cancel(x, now, owners[slot], ids[slot]); break;
            case 1: bot__exchange_amend(x, now, owners[slot], ids[slot], (int64_t)test_rng_below(&rng, 60), 0); break;
            case 2: if (step % 50 == 0) bot__exchange_fund(x, now, i, (int32_t)test_rng_below(&rng, 2000) - 1000); break;
            case 3: if (step % 40 == 0) bot__exchange_adl(x, now, account, i, 5); break;
            case 4: if (step % 60 == 0) bot__exchange_liquidate(x, now, account, i, 7); break;
            case 5: if (step % 30 == 0) bot__exchange_cancel_all(x, now, account, i); break;
            default: {
                const struct exchange_instrument *in = bot__exchange_instrument(x, i);
                struct exchange_request r = limit(account, test_rng_below(&rng, 2) ? BOT_BUY : BOT_SELL, 1 + (int64_t)test_rng_below(&rng, 50),
                                                  in->price_ticks + (int64_t)test_rng_below(&rng, 41) - 20, "");
                r.instrument = i;
                r.type = test_rng_below(&rng, 6) == 0 ? BOT_MARKET : BOT_LIMIT;
                r.tif = (bot_tif)(BOT_GTC + test_rng_below(&rng, 4));
                r.reduce_only = test_rng_below(&rng, 5) == 0;
                if (account == 5 && i == 0) r.leg = test_rng_below(&rng, 2) ? BOT_LEG_LONG : BOT_LEG_SHORT;
                owners[slot] = account;
                bot__exchange_submit(x, now, &r, &ids[slot]);
            }
            }
            if (step % 16 == 0) check_conservation(x);
        }
        check_conservation(x);
        ck_assert_uint_gt(bot__exchange_stats(x).trades, 2000);
        bot__exchange_free(x);
    }
}

TEST(exchange, knows_how_things_were)
{
    struct watch w = { 0 };
    struct exchange *x = exchange_open(&w, 2);
    uint64_t id;
    struct exchange_request r = limit(1, BOT_BUY, 10, 650000, "a");
    bot__exchange_submit(x, 10 * S, &r, &id);
    r = limit(2, BOT_SELL, 4, 650000, "");
    bot__exchange_submit(x, 20 * S, &r, NULL);
    bot__exchange_cancel(x, 30 * S, 1, id);
    struct exchange_order o[4];
    struct exchange_position p;
    struct exchange_fill f;
    ck_assert_uint_eq(bot__exchange_orders_at(x, 1, -1, 9 * S, EXCHANGE_ORDERS_OPEN, o, 4), 0);
    ck_assert_uint_eq(bot__exchange_orders_at(x, 1, -1, 15 * S, EXCHANGE_ORDERS_OPEN, o, 4), 1);
    ck_assert_int_eq(o[0].cum_lots, 0);
    ck_assert_uint_eq(bot__exchange_orders_at(x, 1, -1, 25 * S, EXCHANGE_ORDERS_OPEN, o, 4), 1);
    ck_assert_int_eq(o[0].leaves_lots, 6);
    ck_assert_uint_eq(bot__exchange_orders_at(x, 1, -1, INT64_MAX, EXCHANGE_ORDERS_OPEN, o, 4), 0);
    ck_assert_uint_eq(bot__exchange_orders_at(x, 1, -1, INT64_MAX, EXCHANGE_ORDERS_DONE, o, 4), 1);
    bot__exchange_position_at(x, 1, 0, BOT_LEG_NET, 19 * S, &p);
    ck_assert_int_eq(p.lots, 0);
    bot__exchange_position_at(x, 1, 0, BOT_LEG_NET, 20 * S, &p);
    ck_assert_int_eq(p.lots, 4);
    ck_assert(!bot__exchange_fill_at(x, 1, 19 * S, 0, &f));
    ck_assert(bot__exchange_fill_at(x, 1, 21 * S, 0, &f));
    ck_assert_int_eq(f.lots, 4);
    bot__exchange_free(x);
}

TEST(exchange, liquidates_who_cannot_cover_his_loss_and_funds_who_holds)
{
    struct watch w = { 0 };
    struct exchange *x = exchange_open(&w, 1);
    /* A third account would be rich; account 1 gets 10x of what 1,000,000 USDT allow. */
    put(x, limit(EXCHANGE_HOUSE, BOT_SELL, 150000, 650000, ""));
    put(x, limit(EXCHANGE_HOUSE, BOT_BUY, 400000, 560000, ""));
    ck_assert_int_eq(put(x, limit(1, BOT_BUY, 150000, 650000, "all")), EXCHANGE_TAKEN);
    ck_assert_int_eq(lots_of(x, 1), 150000);
    const bot_i128 before = bot__exchange_balance(x, 1, &bot__exchange_instrument(x, 0)->settle).v;
    bot__exchange_fund(x, 3 * S, 0, 10000); /* 1 bp */
    struct exchange_truth truth;
    bot__exchange_truth(x, 1, 0, &truth);
    ck_assert(truth.funding.v > 0 && bot__exchange_balance(x, 1, &bot__exchange_instrument(x, 0)->settle).v == before - truth.funding.v);
    ck_assert_int_eq(lots_of(x, 1), 150000);
    put(x, limit(EXCHANGE_HOUSE, BOT_SELL, 10, 560100, "")); /* the middle falls by 14 % */
    ck_assert_int_eq(lots_of(x, 1), 0);
    struct exchange_fill f;
    ck_assert(bot__exchange_fill_at(x, 1, INT64_MAX, 0, &f));
    ck_assert_int_eq(f.kind, BOT_FILL_LIQUIDATION);
    check_conservation(x);
    bot__exchange_free(x);
}

/* Runs the drawn flow and measures the variance-to-mean ratio of trades per second. */
static double run_flow(uint64_t seed, uint32_t burstiness, int64_t seconds, struct watch *w, double *ret_mean)
{
    struct exchange *x = exchange_open(w, 1);
    struct flow_options o;
    bot__flow_options_init(&o);
    o.seed = seed;
    o.burstiness_pct = burstiness;
    if (burstiness == 0) {
        o.regime_spread_pct = 100;
        o.fills_per_sweep = 1;
    }
    struct flow *f = bot__flow_new(&o, test_sim_alloc(), S);
    bot__flow_open(f, x, S);
    double sum = 0, squares = 0;
    for (int64_t s = 1; s <= seconds; s++) {
        const uint64_t before = w->sweeps;
        bot__flow_step(f, x, S + s * S);
        const double n = (double)(w->sweeps - before);
        sum += n;
        squares += n * n;
        if (s % 500 == 0) check_conservation(x);
    }
    const double mean = sum / (double)seconds;
    *ret_mean = mean;
    bot__flow_free(f);
    bot__exchange_free(x);
    return (squares / (double)seconds - mean * mean) / mean;
}

TEST(flow, is_over_dispersed_by_its_parameter)
{
    struct watch w = { 0 };
    double mean;
    const double calm = run_flow(3, 0, 20000, &w, &mean);
    ck_assert_msg(calm > 0.8 && calm < 1.3, "Poisson sweeps have a ratio of 1, this one %.2f", calm);
    ck_assert_msg(mean > 0.9 && mean < 1.1, "one sweep a second was asked for, %.2f came", mean);
    struct watch b = { 0 };
    const double bursty = run_flow(3, 60, 20000, &b, &mean);
    ck_assert_msg(bursty > 2.0, "ratio %.2f", bursty);
    ck_assert_msg(mean > 0.6 && mean < 1.6, "mean %.2f", mean);
    ck_assert_msg((double)b.trades / (double)b.sweeps > 1.3, "trades per sweep %.2f", (double)b.trades / (double)b.sweeps);
}

TEST(flow, is_the_same_for_the_same_seed)
{
    struct watch a = { 0 }, b = { 0 }, c = { 0 };
    double mean;
    run_flow(11, 60, 300, &a, &mean);
    run_flow(11, 60, 300, &b, &mean);
    run_flow(12, 60, 300, &c, &mean);
    ck_assert_uint_eq(a.trades, b.trades);
    ck_assert_uint_ne(a.trades, c.trades);
}

TEST(flow, plays_a_tape_row_by_row)
{
    struct watch w = { 0 };
    struct exchange *x = exchange_open(&w, 1);
    const struct flow_row rows[] = { { 0, BOT_BUY, 650000, 3 }, { S, BOT_SELL, 649990, 5 }, { S, BOT_SELL, 649980, 500 }, { 3 * S, BOT_BUY, 651000, 1 } };
    struct flow_options o;
    bot__flow_options_init(&o);
    struct flow *f = bot__flow_new(&o, test_sim_alloc(), S);
    bot__flow_tape(f, rows, 4, 10 * S, false);
    bot__flow_open(f, x, S);
    bot__flow_step(f, x, 11 * S);
    ck_assert_int_eq(bot__exchange_last(x, 0), 649980);
    bot__flow_step(f, x, 20 * S);
    ck_assert_int_eq(bot__exchange_last(x, 0), 651000);
    ck_assert_int_eq(bot__flow_next(f), INT64_MAX);
    ck_assert_uint_ge(w.trades, 4);
    check_conservation(x);
    bot__flow_free(f);
    bot__exchange_free(x);
}

TEST(tape, reads_named_columns_in_any_order_and_names_the_line_that_is_wrong)
{
    struct exchange_instrument in[1];
    bot__exchange_instruments_default(in, 1);
    struct flow_row rows[4];
    char error[160] = "";
    const char *named = "exchange,price,side,timestamp,amount\nx,65000.17,Buy,1582329602111000,0.0129\nx,65000,sell,1582329602110000,0.0001\r\n";
    ck_assert_int_eq(bot__tape_read(named, strlen(named), in, rows, 4, error, sizeof error), 2);
    ck_assert(rows[0].at_ns == 0 && rows[0].side == BOT_BUY && rows[0].price_ticks == 650001 && rows[0].lots == 12);
    ck_assert(rows[1].at_ns == 0 && rows[1].side == BOT_SELL && rows[1].lots == 1);
    const char *bare = "1582329602.5,buy,65000,1\n1582329604,sell,65000,1\n";
    ck_assert_int_eq(bot__tape_read(bare, strlen(bare), in, rows, 4, error, sizeof error), 2);
    ck_assert_int_eq(rows[1].at_ns, 3 * S / 2);
    const char *wrong = "1582329602,buy,65000,1\n1582329604,up,65000,1\n";
    ck_assert_int_eq(bot__tape_read(wrong, strlen(wrong), in, rows, 4, error, sizeof error), BOT_ERR_MALFORMED);
    ck_assert_str_eq(error, "line 2: the side is neither buy nor sell");
}

TEST(tape, a_recorded_tape_drives_the_exchange_trade_by_trade)
{
    size_t len;
    char *text = test_read_gz(test_shared("data/market/binance/usdm_btcusdt_trades_20200222.tardis.csv.gz"), &len);
    struct watch w = { 0 };
    struct exchange *x = exchange_open(&w, 1);
    const struct exchange_instrument *in = bot__exchange_instrument(x, 0);
    const size_t max = bot__tape_rows_max(text, len);
    struct flow_row *rows = malloc(max * sizeof *rows);
    char error[160] = "";
    const long n = bot__tape_read(text, len, in, rows, max, error, sizeof error);
    ck_assert_msg(n == 9999, "%ld rows, %s", n, error);
    struct flow_options o;
    bot__flow_options_init(&o);
    struct flow *f = bot__flow_new(&o, test_sim_alloc(), S);
    bot__flow_tape(f, rows, (size_t)n, 10 * S, false);
    bot__flow_open(f, x, S);
    int64_t traded = 0, recorded = 0;
    for (long i = 0; i < n; i++) recorded += rows[i].lots;
    for (long i = 0; i < n; i++) {
        bot__flow_step(f, x, 10 * S + rows[i].at_ns);
        if (i + 1 == n || rows[i + 1].at_ns != rows[i].at_ns) ck_assert_int_eq(bot__exchange_last(x, 0), rows[i].price_ticks);
    }
    traded = w.trade_lots;
    ck_assert_int_eq(traded, recorded);
    check_conservation(x);
    bot__flow_free(f);
    bot__exchange_free(x);
    free(rows);
    free(text);
}
