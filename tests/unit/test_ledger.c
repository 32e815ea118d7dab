#include "ledger_kit.h"

#define NET BOT_LEG_NET

TEST(ledger, linear_average_is_exact_cost_over_quantity)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    ck_assert_int_eq(kit_trade(l, BOT_BUY, "0.5", "5000"), LEDGER_NEW);
    ck_assert_int_eq(kit_trade(l, BOT_BUY, "0.3", "6000"), LEDGER_NEW);
    ck_assert_str_eq(kit_position(l, NET), "0.8 @ 5375, pnl 0");
    ck_assert_int_eq(kit_trade(l, BOT_SELL, "0.2", "6000"), LEDGER_NEW);
    ck_assert_str_eq(kit_position(l, NET), "0.6 @ 5375, pnl 125");
    ck_assert_int_eq(kit_trade(l, BOT_SELL, "0.6", "5000"), LEDGER_NEW);
    ck_assert_str_eq(kit_position(l, NET), "0 @ 0, pnl -100");
    KIT_IS(bot__ledger_position(l, 0, NET)->cost, "0");
}

TEST(ledger, a_multiplier_scales_value_and_not_quantity)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "0.001", "USDT");
    kit_trade(l, BOT_SELL, "7", "65000.5");
    ck_assert_str_eq(kit_position(l, NET), "-7 @ 65000.5, pnl 0");
    KIT_IS(bot__ledger_position(l, 0, NET)->cost, "-455.0035");
    kit_trade(l, BOT_BUY, "3", "65000");
    ck_assert_str_eq(kit_position(l, NET), "-4 @ 65000.5, pnl 0.0015");
}

TEST(ledger, an_average_without_end_is_rounded_only_when_shown)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    kit_trade(l, BOT_BUY, "1", "1");
    kit_trade(l, BOT_BUY, "2", "2");
    ck_assert_str_eq(kit_position(l, NET), "3 @ 1.666666666667, pnl 0");
    kit_trade(l, BOT_SELL, "1", "2");
    kit_trade(l, BOT_SELL, "1", "2");
    kit_trade(l, BOT_SELL, "1", "2");
    ck_assert_str_eq(kit_position(l, NET), "0 @ 0, pnl 1"); /* what rounding took on the way has come back */
}

TEST(ledger, inverse_averages_harmonically)
{
    struct ledger *l = kit_ledger_of(BOT_INVERSE, "1", "BTC");
    kit_trade(l, BOT_BUY, "1000", "5000");
    kit_trade(l, BOT_BUY, "2000", "6000");
    ck_assert_str_eq(kit_position(l, NET), "3000 @ 5625, pnl 0");
    kit_trade(l, BOT_SELL, "3000", "7500");
    KIT_IS(bot__ledger_position(l, 0, NET)->realised, "0.133333333333333333");
}

TEST(ledger, a_venue_that_settles_in_whole_satoshi_is_matched_to_the_satoshi)
{
    struct ledger_options o = kit_options();
    struct ledger *l = kit_ledger(&o);
    struct instrument in = kit_instrument("X", BOT_INVERSE, "1", "XBT");
    in.round_unit.v = fixed_of("0.00000001");
    in.round_lot.v = fixed_of("1");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 0, NULL, NULL), 0);
    kit_trade(l, BOT_BUY, "885", "7299");
    kit_trade(l, BOT_SELL, "400", "6635.5");
    kit_trade(l, BOT_SELL, "485", "6635.5");
    KIT_IS(bot__ledger_position(l, 0, NET)->realised, "-0.01211565");
}

TEST(ledger, a_rounding_rule_keeps_partial_closes_in_whole_units)
{
    struct ledger_options o = kit_options();
    struct ledger *l = kit_ledger(&o);
    struct instrument in = kit_instrument("X", BOT_INVERSE, "1", "XBT");
    in.round_unit.v = fixed_of("0.00000001");
    in.round_lot.v = fixed_of("100");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 0, NULL, NULL), 0);
    kit_trade(l, BOT_BUY, "100", "29800");
    kit_trade(l, BOT_BUY, "200", "30000");
    KIT_IS(bot__ledger_position(l, 0, NET)->cost, "0.01002236");
    kit_trade(l, BOT_SELL, "100", "31000");
    KIT_IS(bot__ledger_position(l, 0, NET)->cost, "0.00668157"); /* 1002236 / 3 to a whole satoshi */
    KIT_IS(bot__ledger_position(l, 0, NET)->realised, "0.00011498");
}

TEST(ledger, contract_or_rounding_of_a_known_instrument_cannot_change)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    struct instrument in = kit_instrument("X", BOT_LINEAR, "10", "USDT");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 0, NULL, NULL), BOT_ERR_CONFLICT);
    in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    in.tick.v = fixed_of("0.5");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 0, NULL, NULL), 0);
    KIT_IS(bot__ledger_instrument(l, 0)->tick.v, "0.5");
    ck_assert_uint_eq(bot__ledger_instruments(l), 1);
}

TEST(ledger, funding_moves_money_and_never_size)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    kit_trade(l, BOT_BUY, "1", "100");
    bot_event ev = kit_funding("f1", "0.25", "USDT");
    struct ledger_result r;
    ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, &r), LEDGER_NEW);
    ck_assert(r.moved == 0);
    ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, &r), LEDGER_KNOWN);
    ev = kit_funding("f2", "-0.1", "USDT");
    ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, &r), LEDGER_NEW);
    KIT_IS(bot__ledger_position(l, 0, NET)->funding, "0.15");
    ck_assert_str_eq(kit_position(l, NET), "1 @ 100, pnl 0");
    ev = kit_funding("f3", "1", "DOGE");
    ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, &r), BOT_ERR_MALFORMED);
    ev = kit_funding("f2", "9", "USDT");
    ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, &r), BOT_ERR_CONFLICT);
    KIT_IS(bot__ledger_position(l, 0, NET)->funding, "0.15");
}

TEST(ledger, funding_without_an_id_is_known_by_time_and_amount)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    bot_event ev = kit_funding("", "0.25", "USDT");
    ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, NULL), BOT_ERR_MALFORMED);
    ev.venue_ns = 1000;
    ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, NULL), LEDGER_NEW);
    ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, NULL), LEDGER_KNOWN);
    ev.funding.amount = dec_of("0.26");
    ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, NULL), LEDGER_NEW);
    ev.venue_ns = 1001;
    ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, NULL), LEDGER_NEW);
    KIT_IS(bot__ledger_position(l, 0, NET)->funding, "0.77");
}

TEST(ledger, a_funding_id_and_an_exec_id_may_be_equal)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    ck_assert_int_eq(kit_apply(l, kit_fill("17", BOT_BUY, "1", "100", NULL, NULL)), LEDGER_NEW);
    bot_event ev = kit_funding("17", "1", "USDT");
    ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, NULL), LEDGER_NEW);
}

/* Everything that a failed apply could have touched. */
struct snapshot {
    struct position account, external;
    uint32_t        currencies, path_n;
    uint64_t        added;
};

static struct snapshot take(const struct ledger *l)
{
    struct snapshot s = { .account = *bot__ledger_position(l, 0, NET), .external = *bot__ledger_owner_position(l, 0, NET, LEDGER_EXTERNAL),
                          .currencies = bot__ledger_currencies(l), .path_n = bot__ledger_path(l, 0, NET)->n };
    struct ledger_stats stats;
    bot__ledger_stats(l, &stats);
    s.added = stats.fills;
    return s;
}

static void check_same(const struct snapshot *a, const struct snapshot *b)
{
    ck_assert(a->account.qty == b->account.qty && a->account.cost == b->account.cost && a->account.realised == b->account.realised);
    ck_assert(a->external.qty == b->external.qty && a->external.cost == b->external.cost && a->external.realised == b->external.realised);
    ck_assert(a->account.fills == b->account.fills && a->currencies == b->currencies && a->path_n == b->path_n && a->added == b->added);
}

TEST(ledger, a_refused_fill_leaves_everything_as_it_was_and_may_come_again)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    kit_trade(l, BOT_BUY, "1", "100");
    const struct snapshot before = take(l);
    struct { bot_event ev; int expected; } cases[] = {
        { kit_fill("a", BOT_BUY, "0", "100", NULL, NULL), BOT_ERR_MALFORMED },
        { kit_fill("a", BOT_BUY, "-1", "100", NULL, NULL), BOT_ERR_MALFORMED },
        { kit_fill("a", BOT_BUY, "1", "0", NULL, NULL), BOT_ERR_MALFORMED },
        { kit_fill("a", BOT_BUY, "1", "-5", NULL, NULL), BOT_ERR_MALFORMED },
        { kit_fill("a", BOT_SIDE_NONE, "1", "5", NULL, NULL), BOT_ERR_MALFORMED },
        { kit_fill("", BOT_BUY, "1", "5", NULL, NULL), BOT_ERR_MALFORMED },
        { kit_fill("a", BOT_BUY, "0.0000000000000000001", "5", NULL, NULL), BOT_ERR_MALFORMED },
        { kit_fill("a", BOT_BUY, "0.0000000001", "0.0000000001", NULL, NULL), BOT_ERR_MALFORMED }, /* 20 digits of value */
        { kit_fill("a", BOT_BUY, "100000000000", "100000000000", NULL, NULL), BOT_ERR_OVERFLOW },
        { kit_fill("a", BOT_BUY, "170000000000000000000", "1", NULL, NULL), BOT_ERR_OVERFLOW },
        { kit_fill("a", BOT_BUY, "99999999999999999999999999999999999999", "1", NULL, NULL), BOT_ERR_OVERFLOW },
        { kit_fill("a", BOT_BUY, "1", "1", "1000000000000000000000", "USDT"), BOT_ERR_OVERFLOW },
    };
    kit_trade(l, BOT_BUY, "169999999999999999999", "1");
    const struct snapshot large = take(l);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct snapshot was = take(l);
        ck_assert_msg(kit_apply(l, cases[i].ev) == cases[i].expected, "case %zu", i);
        const struct snapshot is = take(l);
        check_same(&was, &is);
    }
    ck_assert(before.account.qty != large.account.qty);
    bot_event ev = kit_fill("a", BOT_BUY, "1", "5", NULL, NULL);
    ev.has &= ~(uint32_t)BOT_HAS_PRICE;
    ck_assert_int_eq(kit_apply(l, ev), BOT_ERR_MALFORMED);
    ck_assert_int_eq(kit_apply(l, kit_fill("a", BOT_SELL, "1", "5", NULL, NULL)), LEDGER_NEW); /* its id was not used up */
    struct ledger_stats stats;
    bot__ledger_stats(l, &stats);
    ck_assert_uint_eq(stats.refused, 13);
}

TEST(ledger, a_kind_that_nobody_knows_is_refused_with_its_own_code)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    bot_event ev = kit_fill("a", BOT_BUY, "1", "5", NULL, NULL);
    ev.fill.kind = BOT_FILL_UNKNOWN;
    ck_assert_int_eq(kit_apply(l, ev), BOT_ERR_UNSUPPORTED);
    ck_assert_str_eq(kit_position(l, NET), "0 @ 0, pnl 0");
    ev.instrument = symbol_of("NOT-LOADED");
    ck_assert_int_eq(kit_apply(l, ev), BOT_ERR_UNSUPPORTED);
}

TEST(ledger, too_many_currencies_are_refused_and_nothing_is_applied)
{
    struct ledger_options o = kit_options();
    o.currencies_max = 2;
    struct ledger *l = kit_ledger(&o);
    const struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    bot__ledger_instrument_put(l, &in, 0, NULL, NULL);
    ck_assert_int_eq(kit_apply(l, kit_fill("a", BOT_BUY, "1", "5", "1", "AAA")), LEDGER_NEW);
    ck_assert_int_eq(kit_apply(l, kit_fill("b", BOT_BUY, "1", "5", "1", "BBB")), LEDGER_NEW);
    ck_assert_int_eq(kit_apply(l, kit_fill("c", BOT_BUY, "1", "5", "1", "CCC")), BOT_ERR_FULL);
    ck_assert_str_eq(kit_position(l, NET), "2 @ 5, pnl 0");
    ck_assert_int_eq(kit_apply(l, kit_fill("c", BOT_BUY, "1", "5", "1", "AAA")), LEDGER_NEW);
    ck_assert_str_eq(kit_fee(l, "AAA"), "2");
}

TEST(ledger, a_repeated_row_brings_the_fee_that_the_first_lacked_once)
{
    struct ledger *l = kit_ledger_of(BOT_SPOT, "1", "USDT");
    ck_assert_int_eq(kit_apply(l, kit_fill("a", BOT_BUY, "1", "100", NULL, NULL)), LEDGER_NEW);
    struct ledger_result r = { 0 };
    bot_event ev = kit_fill("a", BOT_BUY, "1", "100", "0.001", "BTC");
    ck_assert_int_eq(bot__ledger_apply_fill(l, &ev, LEDGER_EXTERNAL, NET, &r), LEDGER_KNOWN);
    ck_assert_uint_eq(r.flags, LEDGER_FEE_ONLY);
    ck_assert_int_eq(kit_apply(l, ev), LEDGER_KNOWN);
    ck_assert_str_eq(kit_position(l, NET), "0.999 @ 100, pnl 0");
    ck_assert_str_eq(kit_fee(l, "BTC"), "0.001");
    kit_check_owners(l, 8);
}

TEST(ledger, held_fills_are_applied_in_order_when_their_instrument_is_known)
{
    struct ledger_options o = kit_options();
    o.held_max = 3;
    struct ledger *l = kit_ledger(&o);
    ck_assert_int_eq(kit_apply(l, kit_fill("a", BOT_BUY, "1", "100", NULL, NULL)), LEDGER_HELD);
    bot_event other = kit_fill("z", BOT_BUY, "1", "100", NULL, NULL);
    other.instrument = symbol_of("Y");
    ck_assert_int_eq(kit_apply(l, other), LEDGER_HELD);
    ck_assert_int_eq(kit_apply(l, kit_fill("a", BOT_BUY, "1", "100", NULL, NULL)), LEDGER_HELD); /* the same again: once when applied */
    ck_assert_int_eq(kit_apply(l, kit_fill("b", BOT_SELL, "3", "110", NULL, NULL)), BOT_ERR_FULL);
    const struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 50, NULL, NULL), 0);
    ck_assert_str_eq(kit_position(l, NET), "1 @ 100, pnl 0");
    struct ledger_stats stats;
    bot__ledger_stats(l, &stats);
    ck_assert_uint_eq(stats.held, 1);
    const struct instrument y = kit_instrument("Y", BOT_LINEAR, "1", "USDT");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &y, 60, NULL, NULL), 1);
    KIT_IS(bot__ledger_position(l, 1, NET)->qty, "1");
}

TEST(ledger, owners_and_the_remainder_add_up_to_the_account)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    const struct { uint32_t owner; bot_side side; const char *qty, *price; } fills[] = {
        { 0, BOT_BUY, "3", "100" }, { 1, BOT_SELL, "2", "103" }, { LEDGER_EXTERNAL, BOT_BUY, "1", "99.5" }, { 1, BOT_SELL, "5", "101" },
        { 0, BOT_SELL, "1", "104" }, { 1, BOT_BUY, "7", "98" }, { LEDGER_EXTERNAL, BOT_SELL, "2", "97.25" }, { 0, BOT_SELL, "2", "97" },
    };
    for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
        char id[16];
        snprintf(id, sizeof id, "f%zu", i);
        const bot_event ev = kit_fill(id, fills[i].side, fills[i].qty, fills[i].price, i % 2 ? "0.01" : "-0.002", i % 3 ? "USDT" : "BNB");
        ck_assert_int_eq(bot__ledger_apply_fill(l, &ev, fills[i].owner, NET, NULL), LEDGER_NEW);
        kit_check_owners(l, 8);
    }
    KIT_IS(bot__ledger_owner_position(l, 0, NET, 0)->qty, "0");
    KIT_IS(bot__ledger_owner_position(l, 0, NET, 0)->realised, "-2");
    KIT_IS(bot__ledger_owner_position(l, 0, NET, 1)->qty, "0");
    KIT_IS(bot__ledger_owner_position(l, 0, NET, 1)->realised, "25");
    KIT_IS(bot__ledger_owner_position(l, 0, NET, LEDGER_EXTERNAL)->qty, "-1");
    const bot_event ev = kit_fill("g", BOT_BUY, "1", "1", NULL, NULL);
    ck_assert_int_eq(bot__ledger_apply_fill(l, &ev, 8, NET, NULL), BOT_ERR_INVALID);
}

TEST(ledger, a_fill_moves_from_external_to_its_bot_when_its_order_is_known)
{
    struct ledger *l = kit_ledger_of(BOT_INVERSE, "1", "BTC");
    kit_trade(l, BOT_BUY, "300", "30000");
    ck_assert_int_eq(bot__ledger_transfer(l, 0, NET, fixed_of("100"), fixed_of("30000"), LEDGER_EXTERNAL, 2), BOT_OK);
    KIT_IS(bot__ledger_owner_position(l, 0, NET, 2)->qty, "100");
    KIT_IS(bot__ledger_owner_position(l, 0, NET, LEDGER_EXTERNAL)->qty, "200");
    ck_assert_str_eq(kit_position(l, NET), "300 @ 30000, pnl 0");
    kit_check_owners(l, 8);
    ck_assert_int_eq(bot__ledger_transfer(l, 0, NET, 1, 1, 2, 2), BOT_ERR_INVALID);
    ck_assert_int_eq(bot__ledger_transfer(l, 0, NET, 1, 1, 2, 99), BOT_ERR_INVALID);
}

TEST(ledger, a_baseline_takes_the_venue_at_its_word_and_says_when_cost_is_unproven)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    ck_assert_int_eq(bot__ledger_baseline(l, 0, NET, fixed_of("-2"), 0, 100, 0, BOT_SEQ_NONE), BOT_OK);
    ck_assert(bot__ledger_position(l, 0, NET)->unproven);
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "-2");
    ck_assert_int_eq(bot__path_held(bot__ledger_path(l, 0, NET), fixed_of("-2"), 100, 200, NULL), 1);
    ck_assert_int_eq(bot__ledger_baseline(l, 0, NET, fixed_of("-2"), fixed_of("50"), 300, 0, BOT_SEQ_NONE), BOT_OK);
    ck_assert(bot__ledger_position(l, 0, NET)->unproven); /* a price that the venue told is used, and proves nothing */
    ck_assert_str_eq(kit_position(l, NET), "-2 @ 50, pnl 0");
    kit_check_owners(l, 8);
    /* Bots keep theirs; what the venue knows better belongs to nobody here. */
    const bot_event ev = kit_fill("a", BOT_BUY, "1", "40", NULL, NULL);
    ck_assert_int_eq(bot__ledger_apply_fill(l, &ev, 3, NET, NULL), LEDGER_NEW);
    ck_assert_int_eq(bot__ledger_baseline(l, 0, NET, fixed_of("1"), fixed_of("45"), 400, 0, BOT_SEQ_NONE), BOT_OK);
    KIT_IS(bot__ledger_owner_position(l, 0, NET, 3)->qty, "1");
    KIT_IS(bot__ledger_owner_position(l, 0, NET, LEDGER_EXTERNAL)->qty, "0");
    ck_assert_str_eq(kit_position(l, NET), "1 @ 45, pnl 10");
    ck_assert(bot__ledger_position(l, 0, NET)->unproven);
    const bot_event out = kit_fill("flips", BOT_SELL, "2", "46", NULL, NULL), back = kit_fill("back", BOT_BUY, "2", "46", NULL, NULL);
    ck_assert_int_eq(kit_apply(l, out), LEDGER_NEW);
    ck_assert(!bot__ledger_position(l, 0, NET)->unproven); /* what is open now was opened by a fill */
    ck_assert_int_eq(kit_apply(l, back), LEDGER_NEW);
    kit_check_owners(l, 8);
    ck_assert_int_eq(bot__ledger_baseline(l, 0, BOT_LEG_LONG, fixed_of("5"), 0, 400, 0, BOT_SEQ_NONE), BOT_OK);
    bot_event sell = kit_fill("b", BOT_SELL, "5", "41", NULL, NULL);
    sell.fill.leg = BOT_LEG_LONG;
    ck_assert_int_eq(kit_apply(l, sell), LEDGER_NEW);
    ck_assert(!bot__ledger_position(l, 0, BOT_LEG_LONG)->unproven);
    kit_check_owners(l, 8);
}

/* ---- derived fills ---- */

static bot_event order(const char *id, bot_side side, const char *cum, const char *average, int64_t venue_ns)
{
    bot_event ev = { .kind = BOT_EV_ORDER, .has = BOT_HAS_CUM_QTY | BOT_HAS_AVG_PRICE, .seq = BOT_SEQ_NONE, .instrument = symbol_of("X"), .venue_ns = venue_ns };
    ev.order = (bot_ev_order){ .order_id = id_of(id), .side = side, .cum_qty = dec_of(cum), .avg_price = dec_of(average) };
    return ev;
}

static int update(struct ledger *l, bot_event ev, struct ledger_result *ret) { return bot__ledger_apply_order(l, &ev, 1, BOT_LEG_NONE, ret); }

static int execution(struct ledger *l, const char *exec_id, const char *order_id, bot_side side, const char *qty, const char *price, struct ledger_result *ret)
{
    bot_event ev = kit_fill(exec_id, side, qty, price, "0.01", "USDT");
    ev.fill.order_id = id_of(order_id);
    return bot__ledger_apply_fill(l, &ev, 1, BOT_LEG_NONE, ret);
}

TEST(ledger, growth_of_an_order_is_a_fill_and_its_executions_do_not_count_again)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    struct ledger_result r;
    ck_assert_int_eq(update(l, order("o", BOT_BUY, "1", "100", 10), &r), LEDGER_NEW);
    ck_assert_uint_eq(r.flags, LEDGER_DERIVED);
    ck_assert_int_eq(update(l, order("o", BOT_BUY, "1", "100", 10), &r), LEDGER_KNOWN);
    ck_assert_int_eq(update(l, order("o", BOT_BUY, "3", "102", 20), &r), LEDGER_NEW);
    ck_assert_str_eq(kit_position(l, NET), "3 @ 102, pnl 0");
    /* The executions: 1 @ 100, 1 @ 102, 1 @ 104.5 (the average was rounded by the venue). */
    ck_assert_int_eq(execution(l, "e1", "o", BOT_BUY, "1", "100", &r), LEDGER_NEW);
    ck_assert(r.moved == 0 && (r.flags & LEDGER_ABSORBED) != 0);
    ck_assert_int_eq(execution(l, "e2", "o", BOT_BUY, "1", "102", &r), LEDGER_NEW);
    ck_assert_int_eq(execution(l, "e3", "o", BOT_BUY, "1", "104.5", &r), LEDGER_NEW);
    ck_assert_int_eq(execution(l, "e3", "o", BOT_BUY, "1", "104.5", &r), LEDGER_KNOWN);
    KIT_IS(bot__ledger_position(l, 0, NET)->cost, "306.5");
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "3");
    ck_assert_str_eq(kit_fee(l, "USDT"), "0.03");
    kit_check_owners(l, 8);
}

/* A venue with a fills channel, whose liquidations come without an id in the stream and with one in the history (OKX). */
static struct ledger *ledger_where_fills_come(void)
{
    struct ledger_options o = kit_options();
    o.derived_orders_max = 4;
    o.fills_come = true;
    struct ledger *l = kit_ledger(&o);
    const struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 0, NULL, NULL), 0);
    return l;
}

TEST(ledger, a_fee_told_with_a_liquidation_and_with_its_execution_is_paid_once)
{
    struct ledger *l = ledger_where_fills_come();
    struct ledger_result r;
    ck_assert_int_eq(execution(l, "t1", "mine", BOT_BUY, "5", "100", &r), LEDGER_NEW);
    bot_event ev = kit_fill("88:2", BOT_SELL, "2", "90", "0.5", "USDT");
    ev.fill.order_id = id_of("88");
    ev.fill.kind = BOT_FILL_LIQUIDATION;
    ev.fill.derived = true;
    ev.fill.cum_qty = dec_of("2");
    ev.has |= BOT_HAS_CUM_QTY;
    ck_assert_int_eq(bot__ledger_apply_fill(l, &ev, LEDGER_EXTERNAL, BOT_LEG_NET, &r), LEDGER_NEW);
    KIT_IS(bot__ledger_fee(l, 0, NET, LEDGER_EXTERNAL, 0), "0.5");
    ev.fill.derived = false;
    ev.has &= ~(uint32_t)BOT_HAS_CUM_QTY;
    ev.fill.exec_id = id_of("-15");
    for (int i = 0; i < 2; i++) { /* and when the list is read again */
        ck_assert_int_eq(bot__ledger_apply_fill(l, &ev, LEDGER_EXTERNAL, BOT_LEG_NET, &r), i == 0 ? LEDGER_NEW : LEDGER_KNOWN);
        KIT_IS(bot__ledger_fee(l, 0, NET, LEDGER_EXTERNAL, 0), "0.5");
    }
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "3");
}

static int liquidation(struct ledger *l, const char *exec_id, const char *order_id, const char *qty, const char *price, const char *cum, struct ledger_result *ret)
{
    bot_event ev = kit_fill(exec_id, BOT_SELL, qty, price, NULL, NULL);
    ev.fill.order_id = id_of(order_id);
    ev.fill.kind = BOT_FILL_LIQUIDATION;
    if (cum != NULL) { /* as the stream tells it */
        ev.fill.derived = true;
        ev.fill.cum_qty = dec_of(cum);
        ev.has |= BOT_HAS_CUM_QTY;
    }
    return bot__ledger_apply_fill(l, &ev, LEDGER_EXTERNAL, BOT_LEG_NET, ret);
}

TEST(ledger, a_liquidation_told_without_an_id_and_listed_with_one_counts_once)
{
    struct ledger *l = ledger_where_fills_come();
    struct ledger_result r;
    ck_assert_int_eq(execution(l, "t1", "mine", BOT_BUY, "5", "100", &r), LEDGER_NEW);
    ck_assert_int_eq(liquidation(l, "88:1", "88", "1", "90", "1", &r), LEDGER_NEW);
    ck_assert_int_eq(liquidation(l, "88:3", "88", "2", "89", "3", &r), LEDGER_NEW);
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "2");
    ck_assert_int_eq(liquidation(l, "-15", "88", "1", "90", NULL, &r), LEDGER_NEW);
    ck_assert(r.moved == 0 && (r.flags & LEDGER_ABSORBED) != 0);
    ck_assert_int_eq(liquidation(l, "-16", "88", "2", "89", NULL, &r), LEDGER_NEW);
    ck_assert(r.moved == 0);
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "2");
    /* The list first, the stream behind it. */
    ck_assert_int_eq(liquidation(l, "-17", "99", "1", "80", NULL, &r), LEDGER_NEW);
    ck_assert_int_eq(liquidation(l, "99:1", "99", "1", "80", "1", &r), LEDGER_KNOWN);
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "1");
    /* Binance's list does not say what a row came from. */
    ck_assert_int_eq(liquidation(l, "77:1", "77", "1", "70", "1", &r), LEDGER_NEW);
    ck_assert_int_eq(execution(l, "t9", "77", BOT_SELL, "1", "70", &r), LEDGER_NEW);
    ck_assert(r.moved == 0);
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "0");
    /* Ordinary fills of ordinary orders are not touched by any of it. */
    ck_assert_int_eq(execution(l, "t2", "mine", BOT_BUY, "1", "100", &r), LEDGER_NEW);
    ck_assert_int_eq(execution(l, "t3", "mine", BOT_BUY, "1", "100", &r), LEDGER_NEW);
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "2");
    kit_check_owners(l, 8);
}

TEST(ledger, executions_before_the_update_leave_nothing_to_derive)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    struct ledger_result r;
    ck_assert_int_eq(execution(l, "e1", "o", BOT_SELL, "2", "100", &r), LEDGER_NEW);
    ck_assert_int_eq(update(l, order("o", BOT_SELL, "2", "100", 10), &r), LEDGER_KNOWN);
    ck_assert_int_eq(update(l, order("o", BOT_SELL, "5", "99.4", 20), &r), LEDGER_NEW); /* 3 more at 99 */
    KIT_IS(bot__ledger_position(l, 0, NET)->cost, "-497");
    /* One execution over both: one unit was derived of it... and two more are new. */
    ck_assert_int_eq(execution(l, "e2", "o", BOT_SELL, "2", "99", &r), LEDGER_NEW);
    ck_assert(r.moved == 0);
    ck_assert_int_eq(execution(l, "e3", "o", BOT_SELL, "3", "99", &r), LEDGER_NEW);
    KIT_IS(r.moved, "-2");
    ck_assert_int_eq(update(l, order("o", BOT_SELL, "7", "99.2857", 30), &r), LEDGER_KNOWN);
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "-7");
    KIT_IS(bot__ledger_position(l, 0, NET)->cost, "-695");
    kit_check_owners(l, 8);
}

TEST(ledger, a_late_execution_of_a_closed_position_corrects_the_realised_pnl)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    struct ledger_result r;
    ck_assert_int_eq(update(l, order("o", BOT_BUY, "2", "100", 10), &r), LEDGER_NEW);
    ck_assert_int_eq(execution(l, "x", "p", BOT_SELL, "2", "110", &r), LEDGER_NEW);
    ck_assert_str_eq(kit_position(l, NET), "0 @ 0, pnl 20");
    ck_assert_int_eq(execution(l, "e1", "o", BOT_BUY, "2", "101", &r), LEDGER_NEW);
    ck_assert_str_eq(kit_position(l, NET), "0 @ 0, pnl 18");
    KIT_IS(r.realised, "-2");
    kit_check_owners(l, 8);
}

TEST(ledger, an_order_that_left_the_table_is_not_derived_again)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT"); /* 16 orders */
    struct ledger_result r;
    char id[16], exec[16];
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "o%d", i);
        snprintf(exec, sizeof exec, "e%d", i);
        ck_assert_int_eq(update(l, order(id, BOT_BUY, "1", "100", 1000 + i), &r), LEDGER_NEW);
        ck_assert_int_eq(execution(l, exec, id, BOT_BUY, "1", "100", &r), LEDGER_NEW);
    }
    ck_assert_int_eq(update(l, order("o3", BOT_BUY, "1", "100", 1003), &r), BOT_ERR_NOT_FOUND);
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "40");
    /* Sixteen with open derived quantities: no room, and no guess. */
    for (int i = 0; i < 16; i++) {
        snprintf(id, sizeof id, "p%d", i);
        ck_assert_int_eq(update(l, order(id, BOT_BUY, "1", "100", 2000 + i), &r), LEDGER_NEW);
    }
    ck_assert_int_eq(update(l, order("q", BOT_BUY, "1", "100", 3000), &r), BOT_ERR_FULL);
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "56");
    kit_check_owners(l, 8);
}

TEST(ledger, what_a_baseline_holds_of_an_order_is_not_derived)
{
    struct ledger *l = kit_ledger_of(BOT_INVERSE, "1", "BTC");
    const bot_id id = id_of("o");
    ck_assert_int_eq(bot__ledger_order_counted(l, 0, &id, BOT_BUY, fixed_of("100"), fixed_of("20000"), 5), BOT_OK);
    ck_assert_int_eq(bot__ledger_order_counted(l, 0, &id, BOT_BUY, 0, 0, 5), BOT_ERR_CONFLICT);
    struct ledger_result r;
    ck_assert_int_eq(update(l, order("o", BOT_BUY, "100", "20000", 6), &r), LEDGER_KNOWN);
    ck_assert_int_eq(update(l, order("o", BOT_BUY, "300", "24000", 7), &r), LEDGER_NEW);
    KIT_IS(bot__ledger_position(l, 0, NET)->cost, "0.0075"); /* 300/24000 - 100/20000 */
}

TEST(ledger, size_refuses_bounds_out_of_range)
{
    struct ledger_options o = kit_options();
    ck_assert_uint_gt(bot__ledger_size(&o), 0);
    o.path_steps_max = 4095;
    ck_assert_uint_eq(bot__ledger_size(&o), 0);
    o = kit_options();
    o.currencies_max = 65;
    ck_assert_uint_eq(bot__ledger_size(&o), 0);
    o = kit_options();
    o.execs_max = 0;
    ck_assert_uint_eq(bot__ledger_size(&o), 0);
}

TEST(ledger, a_self_trade_whose_sides_share_an_id_is_booked_once_for_each)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    struct ledger_result r;
    bot_event buy = kit_fill("t1", BOT_BUY, "2", "100", "0.2", "USDT"), sell = kit_fill("t1", BOT_SELL, "2", "100", "0.1", "USDT");
    buy.fill.order_id = id_of("o1");
    sell.fill.order_id = id_of("o2");
    ck_assert_int_eq(bot__ledger_apply_fill(l, &buy, 0, BOT_LEG_NET, &r), LEDGER_NEW);
    ck_assert(r.after == fixed_of("2"));
    ck_assert_int_eq(bot__ledger_apply_fill(l, &sell, 1, BOT_LEG_NET, &r), LEDGER_NEW);
    ck_assert(r.after == 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(bot__ledger_apply_fill(l, &sell, 1, BOT_LEG_NET, &r), LEDGER_KNOWN);
        ck_assert_int_eq(bot__ledger_apply_fill(l, &buy, 0, BOT_LEG_NET, &r), LEDGER_KNOWN);
    }
    KIT_IS(bot__ledger_fee(l, 0, BOT_LEG_NET, LEDGER_ACCOUNT, 0), "0.3");
    KIT_IS(bot__ledger_owner_position(l, 0, BOT_LEG_NET, 0)->qty, "2");
    KIT_IS(bot__ledger_owner_position(l, 0, BOT_LEG_NET, 1)->qty, "-2");
    sell.fill.order_id = id_of("o1"); /* a bit of the first that turned over on its way */
    ck_assert_int_eq(bot__ledger_apply_fill(l, &sell, 0, BOT_LEG_NET, &r), BOT_ERR_CONFLICT);
    ck_assert(bot__ledger_position(l, 0, BOT_LEG_NET)->qty == 0);
}

TEST(ledger, both_sides_of_a_self_trade_wait_for_their_instrument)
{
    const struct ledger_options o = kit_options();
    struct ledger *l = kit_ledger(&o);
    struct ledger_result r;
    bot_event buy = kit_fill("t1", BOT_BUY, "2", "100", NULL, NULL), sell = kit_fill("t1", BOT_SELL, "2", "100", NULL, NULL);
    buy.fill.order_id = id_of("o1");
    sell.fill.order_id = id_of("o2");
    ck_assert_int_eq(bot__ledger_apply_fill(l, &buy, 0, BOT_LEG_NET, &r), LEDGER_HELD);
    ck_assert_int_eq(bot__ledger_apply_fill(l, &sell, 0, BOT_LEG_NET, &r), LEDGER_HELD);
    ck_assert_int_eq(bot__ledger_apply_fill(l, &sell, 0, BOT_LEG_NET, &r), LEDGER_HELD);
    const struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 0, NULL, NULL), 0);
    ck_assert(bot__ledger_position(l, 0, BOT_LEG_NET)->qty == 0);
    ck_assert_uint_eq(bot__ledger_position(l, 0, BOT_LEG_NET)->fills, 2);
}
