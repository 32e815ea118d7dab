/* The ledger at the ends of its numbers and tables: what does not fit is refused by name, and a refusal has changed nothing. Sums of
 * money are 128 bits at 1e-18, so that 1.7e20 is the end; two amounts of 1e20 do not add up. */
#include "ledger_kit.h"

#define E20 "100000000000000000000"
#define E10 "10000000000"
#define FINEST "0.000000000000000001"
#define E38 ((bot_i128)fixed_of(E20))
#define MOST ((bot_i128)~POSITION_LOWEST)

static struct ledger *ledger;

/* ---- everything that a refused call might have touched ---- */

struct seen {
    struct position rows[4];
    bot_i128 fees[4][4];
    uint64_t fills, path;
};

static struct seen look(void)
{
    static const uint32_t owners[] = { LEDGER_ACCOUNT, 0, 1, LEDGER_EXTERNAL };
    struct seen s = { 0 };
    struct ledger_stats stats;
    for (int i = 0; i < 4; i++) {
        s.rows[i] = i == 0 ? *bot__ledger_position(ledger, 0, BOT_LEG_NET) : *bot__ledger_owner_position(ledger, 0, BOT_LEG_NET, owners[i]);
        for (uint32_t k = 0; k < 4; k++)
            s.fees[i][k] = bot__ledger_fee(ledger, 0, BOT_LEG_NET, owners[i], k);
    }
    bot__ledger_stats(ledger, &stats);
    s.fills = stats.fills;
    s.path = bot__ledger_path(ledger, 0, BOT_LEG_NET)->n;
    return s;
}

static void same_row(const struct position *a, const struct position *b)
{
    ck_assert(a->qty == b->qty && a->cost == b->cost && a->realised == b->realised && a->funding == b->funding);
    ck_assert(a->settlement == b->settlement && a->fee_value == b->fee_value && a->fills == b->fills && a->unproven == b->unproven);
}

/* A function, not part of the macro: a hundred copies of these comparisons take the sanitizers half a minute to compile. */
static void unchanged_since(const struct seen *before)
{
    const struct seen after = look();
    for (int i = 0; i < 4; i++)
        same_row(&before->rows[i], &after.rows[i]);
    ck_assert_mem_eq(before->fees, after.fees, sizeof before->fees);
    ck_assert(before->fills == after.fills && before->path == after.path);
}

#define REFUSED(call, err)                                 \
    do {                                                   \
        const struct seen before = look();                 \
        const int got = (call);                            \
        ck_assert_msg(got == (err), #call " is %d", got);  \
        unchanged_since(&before);                          \
    } while (0)

static int trade(const char *id, bot_side side, const char *qty, const char *price, uint32_t owner)
{
    const bot_event ev = kit_fill(id, side, qty, price, NULL, NULL);
    return bot__ledger_apply_fill(ledger, &ev, owner, BOT_LEG_NET, NULL);
}

static int charged(const char *id, bot_side side, const char *qty, const char *price, const char *fee, const char *currency, uint32_t owner)
{
    const bot_event ev = kit_fill(id, side, qty, price, fee, currency);
    return bot__ledger_apply_fill(ledger, &ev, owner, BOT_LEG_NET, NULL);
}

static int ordered(const char *id, const char *order, bot_side side, const char *qty, const char *price, uint32_t owner)
{
    bot_event ev = kit_fill(id, side, qty, price, NULL, NULL);
    ev.fill.order_id = id_of(order);
    return bot__ledger_apply_fill(ledger, &ev, owner, BOT_LEG_NET, NULL);
}

static int reported(const char *order, bot_side side, const char *cum, const char *average, uint32_t owner)
{
    bot_event ev = { .kind = BOT_EV_ORDER, .has = BOT_HAS_CUM_QTY | BOT_HAS_AVG_PRICE, .seq = BOT_SEQ_NONE, .instrument = symbol_of("X") };
    ev.order = (bot_ev_order){ .order_id = id_of(order), .side = side, .cum_qty = dec_of(cum), .avg_price = dec_of(average) };
    return bot__ledger_apply_order(ledger, &ev, owner, BOT_LEG_NET, NULL);
}

static void linear(void) { ledger = kit_ledger_of(BOT_LINEAR, "1", "USDT"); }

/* ---- options and lookups ---- */

#define OUT_OF_RANGE(field, value)                                                   \
    do {                                                                             \
        struct ledger_options o = kit_options();                                     \
        o.field = (value);                                                           \
        ck_assert_msg(bot__ledger_size(&o) == 0, #field " = " #value " was taken");  \
    } while (0)

TEST(ledger_bounds, every_option_out_of_its_range_is_refused_by_itself)
{
    const uint32_t beyond = (1u << 24) + 1;
    OUT_OF_RANGE(instruments_max, 0);
    OUT_OF_RANGE(instruments_max, beyond);
    OUT_OF_RANGE(currencies_max, 0);
    OUT_OF_RANGE(currencies_max, 65);
    OUT_OF_RANGE(owners_max, 0);
    OUT_OF_RANGE(owners_max, 65537);
    OUT_OF_RANGE(execs_max, 0);
    OUT_OF_RANGE(execs_max, beyond);
    OUT_OF_RANGE(path_steps_max, 4095);
    OUT_OF_RANGE(path_steps_max, beyond);
    OUT_OF_RANGE(held_max, beyond);
    OUT_OF_RANGE(derived_orders_max, beyond);
}

TEST(ledger_bounds, what_is_not_there_is_answered_with_nothing)
{
    struct ledger_options o = kit_options();
    ledger = kit_ledger(&o); /* one way: no long and short legs */
    const struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &in, 0, NULL, NULL), 0);
    ck_assert_int_eq(charged("1", BOT_BUY, "1", "1", "0.5", "USDT", 0), LEDGER_NEW);
    ck_assert_ptr_null(bot__ledger_position(ledger, 0, BOT_LEG_LONG));
    ck_assert_ptr_null(bot__ledger_position(ledger, 1, BOT_LEG_NET));
    ck_assert_ptr_null(bot__ledger_owner_position(ledger, 0, BOT_LEG_NET, 8));
    ck_assert_ptr_null(bot__ledger_owner_position(ledger, 1, BOT_LEG_NET, 0));
    ck_assert_ptr_null(bot__ledger_path(ledger, 0, BOT_LEG_SHORT));
    ck_assert_ptr_null(bot__ledger_instrument(ledger, 1));
    ck_assert_ptr_null(bot__ledger_currency(ledger, 1));
    ck_assert_ptr_nonnull(bot__ledger_currency(ledger, 0));
    ck_assert(bot__ledger_fee(ledger, 0, BOT_LEG_LONG, 0, 0) == 0);
    ck_assert(bot__ledger_fee(ledger, 0, BOT_LEG_NET, 0, 1) == 0);
    ck_assert(bot__ledger_fee(ledger, 0, BOT_LEG_NET, 77, 0) == 0);
    KIT_IS(bot__ledger_fee(ledger, 0, BOT_LEG_NET, 0, 0), "0.5");
    ck_assert(!bot__ledger_fee_seen(ledger, 0, BOT_LEG_LONG, 0));
    ck_assert(!bot__ledger_fee_seen(ledger, 0, BOT_LEG_NET, 1));
    ck_assert(bot__ledger_fee_seen(ledger, 0, BOT_LEG_NET, 0));
    /* And a leg that cannot be is no place for a fill, a funding or a baseline. */
    bot_event ev = kit_fill("2", BOT_BUY, "1", "1", NULL, NULL);
    REFUSED(bot__ledger_apply_fill(ledger, &ev, 0, BOT_LEG_LONG, NULL), BOT_ERR_MALFORMED);
    REFUSED(bot__ledger_apply_fill(ledger, &ev, 8, BOT_LEG_NET, NULL), BOT_ERR_INVALID);
    ev = kit_funding("f", "1", "USDT");
    REFUSED(bot__ledger_apply_funding(ledger, &ev, 0, BOT_LEG_LONG, NULL), BOT_ERR_MALFORMED);
    REFUSED(bot__ledger_apply_funding(ledger, &ev, 8, BOT_LEG_NET, NULL), BOT_ERR_INVALID);
    REFUSED(bot__ledger_baseline(ledger, 0, BOT_LEG_LONG, 1, 1, 0, 0, BOT_SEQ_NONE), BOT_ERR_INVALID);
    REFUSED(bot__ledger_baseline(ledger, 0, BOT_LEG_NET, 1, -1, 0, 0, BOT_SEQ_NONE), BOT_ERR_INVALID);
    /* Nothing is derived where the venue has a fills channel. */
    REFUSED(reported("o", BOT_BUY, "1", "1", 0), BOT_ERR_INVALID);
    const bot_id order = id_of("o");
    REFUSED(bot__ledger_order_counted(ledger, 0, &order, BOT_BUY, 0, 0, 0), BOT_ERR_INVALID);
}

/* ---- instruments ---- */

#define UNSOUND(contract_, field, value)                                                        \
    do {                                                                                        \
        struct instrument row = kit_instrument("Y", (contract_), "1", "USDT");                  \
        row.round_lot.v = row.round_unit.v = 0;                                                 \
        row.field = (value);                                                                    \
        ck_assert_msg(bot__ledger_instrument_put(ledger, &row, 0, NULL, NULL) == BOT_ERR_MALFORMED, #field " = " #value); \
        ck_assert_uint_eq(bot__ledger_instruments(ledger), 1);                                  \
    } while (0)

TEST(ledger_bounds, an_instrument_that_makes_no_sense_is_not_taken_up)
{
    linear();
    UNSOUND(BOT_LINEAR, symbol.len, 0);
    UNSOUND(BOT_LINEAR, symbol.len, BOT_SYMBOL_MAX + 1);
    UNSOUND(BOT_LINEAR, multiplier, 0);
    UNSOUND(BOT_LINEAR, multiplier, -1);
    UNSOUND(BOT_LINEAR, tick.v, -1);
    UNSOUND(BOT_LINEAR, lot.v, -1);
    UNSOUND(BOT_LINEAR, round_unit.v, 1);
    UNSOUND(BOT_INVERSE, round_unit.v, -1);
    UNSOUND(BOT_INVERSE, round_unit.v, 1); /* of no lot */
    UNSOUND(BOT_CONTRACT_NONE, tick.v, 0);
    UNSOUND((bot_contract)77, tick.v, 0);
    UNSOUND(BOT_SPOT, multiplier, 2);
}

#define OTHER(field, value)                                                                     \
    do {                                                                                        \
        struct instrument row = first;                                                          \
        row.field = (value);                                                                    \
        ck_assert_msg(bot__ledger_instrument_put(ledger, &row, 0, NULL, NULL) == BOT_ERR_CONFLICT, #field); \
    } while (0)

TEST(ledger_bounds, a_known_instrument_keeps_what_its_position_was_counted_with)
{
    struct ledger_options o = kit_options();
    ledger = kit_ledger(&o);
    struct instrument first = kit_instrument("I", BOT_INVERSE, "1", "BTC");
    first.round_unit.v = 1;
    first.round_lot.v = fixed_of("1");
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &first, 0, NULL, NULL), 0);
    OTHER(multiplier, fixed_of("2"));
    OTHER(round_unit.v, 2);
    OTHER(round_lot.v, fixed_of("2"));
    struct instrument row = kit_instrument("I", BOT_LINEAR, "1", "BTC");
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &row, 0, NULL, NULL), BOT_ERR_CONFLICT);
    row = first;
    row.tick.v = fixed_of("0.5"); /* a new grid is no other contract */
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &row, 0, NULL, NULL), 0);
    KIT_IS(bot__ledger_instrument(ledger, 0)->tick.v, "0.5");
    for (int i = 1; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "S%d", i);
        const struct instrument more = kit_instrument(name, BOT_LINEAR, "1", "USDT");
        ck_assert_int_eq(bot__ledger_instrument_put(ledger, &more, 0, NULL, NULL), i);
    }
    const struct instrument fifth = kit_instrument("S4", BOT_LINEAR, "1", "USDT");
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &fifth, 0, NULL, NULL), BOT_ERR_FULL);
}

TEST(ledger_bounds, a_row_whose_numbers_do_not_fit_is_no_instrument)
{
    bot_event ev = { .kind = BOT_EV_INSTRUMENT, .instrument = symbol_of("X") };
    ev.inst = (bot_ev_instrument){ .contract = BOT_LINEAR, .tick = dec_of("0.1"), .lot = dec_of("1") };
    struct instrument in = { 0 };
    ck_assert_int_eq(bot__instrument_from_event(&ev, &in), BOT_OK);
    KIT_IS(in.multiplier, "1"); /* not stated is one */
    in.tick.v = 77;
    ev.inst.qty_max = dec_of("1000000000000000000000");
    ck_assert_int_eq(bot__instrument_from_event(&ev, &in), BOT_ERR_OVERFLOW);
    ck_assert(in.tick.v == 77);
}

TEST(ledger_bounds, values_in_whole_units_end_where_their_numbers_do)
{
    struct instrument in = kit_instrument("I", BOT_INVERSE, "100", "BTC");
    in.round_unit.v = fixed_of("0.00000001");
    in.round_lot.v = fixed_of("1");
    bot_i128 v = 77;
    ck_assert_int_eq(bot__instrument_value(&in, fixed_of("1"), fixed_of("50000"), &v), BOT_OK);
    KIT_IS(v, "0.002");
    v = 77;
    ck_assert_int_eq(bot__instrument_value(&in, fixed_of("1"), 0, &v), BOT_ERR_MALFORMED);
    ck_assert_int_lt(bot__instrument_value(&in, fixed_of("1"), fixed_of("0.00000000001"), &v), 0); /* price times unit is not exact */
    ck_assert_int_eq(bot__instrument_value(&in, fixed_of("1"), fixed_of(E20), &v), BOT_ERR_OVERFLOW);
    in.multiplier = fixed_of(E20);
    in.round_lot.v = fixed_of("100");
    ck_assert_int_eq(bot__instrument_value(&in, fixed_of("1"), fixed_of("0.0000000001"), &v), BOT_ERR_OVERFLOW);
    in.round_lot.v = fixed_of("1");
    in.multiplier = fixed_of("1000000000000000000");
    ck_assert_int_eq(bot__instrument_value(&in, fixed_of("1"), fixed_of("0.0000000001"), &v), BOT_ERR_OVERFLOW);
    in.round_unit.v = 0;
    in.multiplier = fixed_of("100");
    ck_assert_int_eq(bot__instrument_value(&in, fixed_of(E20), fixed_of("1"), &v), BOT_ERR_OVERFLOW);
    in.contract = BOT_LINEAR;
    ck_assert_int_eq(bot__instrument_value(&in, fixed_of("1"), fixed_of(E20), &v), BOT_ERR_OVERFLOW);
    ck_assert(v == 77);
}

/* ---- positions by themselves ---- */

static void add_refused(const struct instrument *in, struct position p, bot_i128 qty, bot_i128 value, bot_i128 price)
{
    const struct position before = p;
    bot_i128 realised = 77;
    ck_assert_int_eq(bot__position_add(&p, in, qty, value, price, &realised), BOT_ERR_OVERFLOW);
    same_row(&p, &before);
    ck_assert(realised == 77);
}

TEST(ledger_bounds, a_position_whose_sums_do_not_fit_stays_as_it_was)
{
    struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    const bot_i128 one = fixed_of("1");
    add_refused(&in, (struct position){ .qty = E38, .cost = E38 }, E38, one, one);
    add_refused(&in, (struct position){ .qty = one, .cost = E38 }, one, E38, one);
    add_refused(&in, (struct position){ .qty = one, .cost = -E38 }, -one, -E38, one);           /* realised of this trade */
    add_refused(&in, (struct position){ .qty = one, .cost = one, .realised = MOST }, -one, -E38, one); /* of all */
    add_refused(&in, (struct position){ .qty = one, .cost = one }, -2 * one, MOST, one);        /* what opens beyond zero */
    add_refused(&in, (struct position){ .qty = 2 * one, .cost = one }, -3 * one, -one, MOST);   /* the part that closes */
    in.contract = BOT_INVERSE;
    in.round_lot.v = one;
    in.round_unit.v = E38;
    add_refused(&in, (struct position){ .qty = 100 * one, .cost = MOST }, -99 * one, -one, one); /* rounding to the unit */

    /* Through zero without a price: the closed part has its share of the value. */
    in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    struct position p = { .qty = one, .cost = 10 * one };
    bot_i128 realised;
    ck_assert_int_eq(bot__position_add(&p, &in, -4 * one, -80 * one, 0, &realised), 1);
    ck_assert(p.qty == -3 * one && p.cost == -60 * one && realised == 10 * one);
}

TEST(ledger_bounds, corrections_baselines_and_answers_end_where_their_numbers_do)
{
    struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    const bot_i128 one = fixed_of("1");
    bot_i128 v = 77;
    struct position p = { .qty = one, .cost = E38 };
    ck_assert_int_eq(bot__position_correct(&p, &in, BOT_BUY, E38, &v), BOT_ERR_OVERFLOW);
    p = (struct position){ .qty = one, .cost = one, .realised = -E38 };
    ck_assert_int_eq(bot__position_correct(&p, &in, BOT_SELL, E38, &v), BOT_ERR_OVERFLOW);
    ck_assert(v == 77 && p.cost == one && p.realised == -E38);
    ck_assert_int_eq(bot__position_correct(&p, &in, BOT_BUY, one, &v), BOT_OK);
    ck_assert(p.cost == 2 * one && v == 0);

    p = (struct position){ .qty = E38, .cost = E38, .realised = -E38 };
    ck_assert_int_eq(bot__position_adjust(&p, &in, E38, 0), BOT_ERR_OVERFLOW);
    ck_assert_int_eq(bot__position_adjust(&p, &in, 0, E38), BOT_ERR_OVERFLOW);
    ck_assert_int_eq(bot__position_adjust(&p, &in, -E38, 0), BOT_ERR_OVERFLOW); /* the cost left over would be realised */
    ck_assert(p.qty == E38 && p.cost == E38 && p.realised == -E38);

    in.multiplier = 10 * one;
    ck_assert_int_eq(bot__position_entry(&p, &in, &v), BOT_ERR_OVERFLOW);
    in.multiplier = one;
    p = (struct position){ .qty = 1, .cost = E38 };
    ck_assert_int_eq(bot__position_entry(&p, &in, &v), BOT_ERR_OVERFLOW);
    p = (struct position){ .qty = 100000000, .cost = E38 / 100000000 };
    ck_assert_int_eq(bot__position_entry(&p, &in, &v), BOT_ERR_OVERFLOW);
    in.contract = BOT_INVERSE;
    p = (struct position){ .qty = E38, .cost = 1 };
    ck_assert_int_eq(bot__position_entry(&p, &in, &v), BOT_ERR_OVERFLOW);
    p = (struct position){ .qty = E38 / 1000000, .cost = 100000000 };
    ck_assert_int_eq(bot__position_entry(&p, &in, &v), BOT_ERR_OVERFLOW);
    ck_assert(v == 77 || v == 0);
    p.cost = 0;
    ck_assert_int_eq(bot__position_entry(&p, &in, &v), BOT_OK); /* taken over without its cost */
    ck_assert(v == 0);

    in.contract = BOT_LINEAR;
    p = (struct position){ .qty = E38, .cost = -E38 };
    v = 77;
    ck_assert_int_eq(bot__position_unrealised(&p, &in, 0, &v), BOT_ERR_MALFORMED);
    ck_assert_int_eq(bot__position_unrealised(&p, &in, 10 * one, &v), BOT_ERR_OVERFLOW);
    ck_assert_int_eq(bot__position_unrealised(&p, &in, one, &v), BOT_ERR_OVERFLOW);
    ck_assert(v == 77);
    p.cost = E38 / 2;
    ck_assert_int_eq(bot__position_unrealised(&p, &in, one, &v), BOT_OK);
    ck_assert(v == E38 / 2);
}

/* ---- fills ---- */

TEST(ledger_bounds, a_fill_that_lacks_something_is_refused)
{
    linear();
    bot_event ev = kit_fill("1", BOT_BUY, "1", "1", NULL, NULL);
    ev.has &= ~(uint32_t)BOT_HAS_QTY;
    REFUSED(bot__ledger_apply_fill(ledger, &ev, 0, BOT_LEG_NET, NULL), BOT_ERR_MALFORMED);
    ev = kit_fill("1", BOT_BUY, "1", "1", NULL, NULL);
    ev.has &= ~(uint32_t)BOT_HAS_PRICE;
    REFUSED(bot__ledger_apply_fill(ledger, &ev, 0, BOT_LEG_NET, NULL), BOT_ERR_MALFORMED);
    ev = kit_fill("1", BOT_SIDE_NONE, "1", "1", NULL, NULL);
    REFUSED(bot__ledger_apply_fill(ledger, &ev, 0, BOT_LEG_NET, NULL), BOT_ERR_MALFORMED);
    REFUSED(trade("1", BOT_BUY, "0", "1", 0), BOT_ERR_MALFORMED);
    REFUSED(trade("1", BOT_BUY, "1", "0", 0), BOT_ERR_MALFORMED);
    REFUSED(trade("1", BOT_BUY, "1", "-1", 0), BOT_ERR_MALFORMED);
    REFUSED(trade("1", BOT_BUY, "1000000000000000000000", "1", 0), BOT_ERR_OVERFLOW);
    REFUSED(trade("1", BOT_BUY, "1", "1000000000000000000000", 0), BOT_ERR_OVERFLOW);
    REFUSED(charged("1", BOT_BUY, "1", "1", "1000000000000000000000", "USDT", 0), BOT_ERR_OVERFLOW);
    ev = kit_fill("1", BOT_BUY, "1", "0", NULL, NULL);
    ev.fill.kind = BOT_FILL_SETTLEMENT; /* linear contracts may settle at nothing, inverse ones cannot */
    ck_assert_int_eq(bot__ledger_apply_fill(ledger, &ev, LEDGER_EXTERNAL, BOT_LEG_NET, NULL), LEDGER_NEW);
    ledger = kit_ledger_of(BOT_INVERSE, "1", "BTC");
    REFUSED(bot__ledger_apply_fill(ledger, &ev, LEDGER_EXTERNAL, BOT_LEG_NET, NULL), BOT_ERR_MALFORMED);
    /* Of an instrument that has not come: nothing to hold it for, nothing to hold it as. */
    ev = kit_fill("1", BOT_BUY, "1", "1", NULL, NULL);
    ev.instrument = (bot_symbol){ 0 };
    REFUSED(bot__ledger_apply_fill(ledger, &ev, 0, BOT_LEG_NET, NULL), BOT_ERR_MALFORMED);
    ev.instrument = symbol_of("LATER");
    ev.fill.kind = BOT_FILL_UNKNOWN;
    REFUSED(bot__ledger_apply_fill(ledger, &ev, 0, BOT_LEG_NET, NULL), BOT_ERR_UNSUPPORTED);
    ev = kit_funding("f", "1", "BTC");
    ev.instrument = (bot_symbol){ 0 };
    REFUSED(bot__ledger_apply_funding(ledger, &ev, 0, BOT_LEG_NET, NULL), BOT_ERR_MALFORMED);
}

TEST(ledger_bounds, the_account_overflows_and_nobody_has_the_fill)
{
    linear();
    ck_assert_int_eq(trade("1", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    REFUSED(trade("2", BOT_BUY, E10, E10, 1), BOT_ERR_OVERFLOW);
    ck_assert_int_eq(trade("2", BOT_BUY, "1", "1", 1), LEDGER_NEW); /* and its id was not burnt */
}

TEST(ledger_bounds, a_bot_overflows_though_the_account_does_not)
{
    linear(); /* one bot long, the other short: the account is flat all the time */
    ck_assert_int_eq(trade("1", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    ck_assert_int_eq(trade("2", BOT_SELL, E10, E10, 1), LEDGER_NEW);
    REFUSED(trade("3", BOT_BUY, E10, E10, 0), BOT_ERR_OVERFLOW);
    linear(); /* both flat, one rich and one poor: the account's result is nothing */
    ck_assert_int_eq(trade("1", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    ck_assert_int_eq(trade("2", BOT_SELL, E10, "1", 0), LEDGER_NEW);
    ck_assert_int_eq(trade("3", BOT_SELL, E10, E10, 1), LEDGER_NEW);
    ck_assert_int_eq(trade("4", BOT_BUY, E10, "1", 1), LEDGER_NEW);
    KIT_IS(bot__ledger_position(ledger, 0, BOT_LEG_NET)->realised, "0");
    ck_assert_int_eq(trade("5", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    REFUSED(trade("6", BOT_SELL, E10, "1", 0), BOT_ERR_OVERFLOW);
    kit_check_owners(ledger, 8);
}

TEST(ledger_bounds, fees_without_a_currency_are_of_the_settlement_and_sums_end)
{
    linear();
    ck_assert_int_eq(charged("1", BOT_BUY, "1", "1", "0.25", "", 0), LEDGER_NEW);
    ck_assert_str_eq(kit_fee(ledger, "USDT"), "0.25");
    ck_assert_int_eq(charged("2", BOT_BUY, "1", "1", "0.25", "", 0), LEDGER_NEW);
    ck_assert_str_eq(kit_fee(ledger, "USDT"), "0.5");
    ck_assert_int_eq(charged("3", BOT_BUY, "1", "1", E20, "USDT", 0), LEDGER_NEW);
    REFUSED(charged("4", BOT_BUY, "1", "1", E20, "USDT", 1), BOT_ERR_OVERFLOW); /* the account's sum */
    ck_assert_int_eq(charged("5", BOT_BUY, "1", "1", "-" E20, "USDT", 1), LEDGER_NEW);
    REFUSED(charged("6", BOT_BUY, "1", "1", E20, "USDT", 0), BOT_ERR_OVERFLOW); /* the bot's */

    struct ledger_options o = kit_options();
    ledger = kit_ledger(&o);
    struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "");
    in.quote = currency_of("USD");
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &in, 0, NULL, NULL), 0);
    ck_assert_int_eq(charged("1", BOT_BUY, "1", "1", "3", "", 0), LEDGER_NEW); /* no settlement known: the quote */
    ck_assert_str_eq(kit_fee(ledger, "USD"), "3");
    in.quote = currency_of("");
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &in, 0, NULL, NULL), 0);
    REFUSED(charged("2", BOT_BUY, "1", "1", "3", "", 0), BOT_ERR_MALFORMED);
}

static void spot(void) { ledger = kit_ledger_of(BOT_SPOT, "1", "USDT"); }

TEST(ledger_bounds, fees_in_the_base_coin_end_where_their_numbers_do)
{
    spot();
    REFUSED(charged("1", BOT_BUY, "1", "0.5", FINEST, "BTC", 0), BOT_ERR_MALFORMED);         /* a value that is not exact */
    REFUSED(charged("1", BOT_BUY, E20, "1", "-" E20, "BTC", 0), BOT_ERR_OVERFLOW);           /* quantity */
    REFUSED(charged("1", BOT_BUY, "1", E20, "-1", "BTC", 0), BOT_ERR_OVERFLOW);              /* value */
    ck_assert_int_eq(charged("1", BOT_BUY, "1", E20, "1", "BTC", 0), LEDGER_NEW);            /* all of it went as fee */
    KIT_IS(bot__ledger_position(ledger, 0, BOT_LEG_NET)->qty, "0");
    REFUSED(charged("2", BOT_BUY, "1", E20, "1", "BTC", 1), BOT_ERR_OVERFLOW);               /* the account's sum of fee values */
    ck_assert_int_eq(charged("3", BOT_SELL, "1", E20, "-1", "BTC", 1), LEDGER_NEW);
    REFUSED(charged("4", BOT_BUY, "1", E20, "1", "BTC", 0), BOT_ERR_OVERFLOW);               /* the bot's */
    spot();
    struct instrument in = kit_instrument("X", BOT_SPOT, "1", "USDT");
    in.base = currency_of("");
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &in, 0, NULL, NULL), 0);
    ck_assert_int_eq(charged("1", BOT_BUY, "1", "1", "0.1", "BTC", 0), LEDGER_NEW);          /* nobody said which coin is the base */
    KIT_IS(bot__ledger_position(ledger, 0, BOT_LEG_NET)->qty, "1");
}

/* The stream tells a fill without its fee, the history tells it again with it. */
static int again(const char *id, const char *qty, const char *price, const char *fee, const char *currency, uint32_t owner)
{
    const bot_event ev = kit_fill(id, BOT_BUY, qty, price, fee, currency);
    struct ledger_result result = { 0 };
    const int r = bot__ledger_apply_fill(ledger, &ev, owner, BOT_LEG_NET, &result);
    if (r == LEDGER_KNOWN)
        ck_assert_uint_ne(result.flags & LEDGER_FEE_ONLY, 0);
    return r;
}

TEST(ledger_bounds, a_fee_that_comes_later_is_refused_like_one_that_came_at_once)
{
    spot();
    ck_assert_int_eq(trade("1", BOT_BUY, "1", E20, 0), LEDGER_NEW);
    ck_assert_int_eq(trade("2", BOT_BUY, "2", "0.5", 0), LEDGER_NEW);
    REFUSED(again("2", "2", "0.5", FINEST, "BTC", 0), BOT_ERR_MALFORMED);
    ck_assert_int_eq(again("2", "2", "0.5", "0.5", "BTC", 0), LEDGER_KNOWN);
    KIT_IS(bot__ledger_position(ledger, 0, BOT_LEG_NET)->qty, "2.5");
    ck_assert_int_eq(again("1", "1", E20, "1", "BTC", 0), LEDGER_KNOWN);
    ck_assert_int_eq(trade("3", BOT_BUY, "1", "1", 1), LEDGER_NEW);
    spot();
    ck_assert_int_eq(charged("1", BOT_BUY, "1", E20, "1", "BTC", 0), LEDGER_NEW); /* fee values of 1e20: no more fit */
    ck_assert_int_eq(trade("2", BOT_BUY, "1", E20, 1), LEDGER_NEW);
    REFUSED(again("2", "1", E20, "1", "BTC", 1), BOT_ERR_OVERFLOW);
    ck_assert_int_eq(trade("3", BOT_SELL, "1", E20, 1), LEDGER_NEW);
    ck_assert_int_eq(charged("4", BOT_SELL, "1", E20, "-1", "BTC", 1), LEDGER_NEW); /* the account's are nothing again, the bots' not */
    ck_assert_int_eq(trade("5", BOT_BUY, "1", E20, 0), LEDGER_NEW);
    REFUSED(again("5", "1", E20, "1", "BTC", 0), BOT_ERR_OVERFLOW);
    struct ledger_options o = kit_options();
    o.currencies_max = 1;
    ledger = kit_ledger(&o);
    const struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &in, 0, NULL, NULL), 0);
    ck_assert_int_eq(charged("1", BOT_BUY, "1", "1", "1", "USDT", 0), LEDGER_NEW);
    ck_assert_int_eq(trade("2", BOT_BUY, "1", "1", 0), LEDGER_NEW);
    REFUSED(again("2", "1", "1", "1", "BNB", 0), BOT_ERR_FULL);
    ck_assert_int_eq(again("2", "1", "1", "1", "USDT", 0), LEDGER_KNOWN);
    ck_assert_str_eq(kit_fee(ledger, "USDT"), "2");
}

static int settled(const char *id, bot_side side, const char *price, uint32_t owner)
{
    bot_event ev = kit_fill(id, side, E10, price, NULL, NULL);
    ev.fill.kind = BOT_FILL_SETTLEMENT;
    return bot__ledger_apply_fill(ledger, &ev, owner, BOT_LEG_NET, NULL);
}

TEST(ledger_bounds, settled_results_end_where_their_sum_does)
{
    linear(); /* lost 1e20 by settlement, won it back by trading, and about to lose it by settlement again */
    ck_assert_int_eq(trade("1", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    ck_assert_int_eq(settled("2", BOT_SELL, "1", 0), LEDGER_NEW);
    ck_assert_int_eq(trade("3", BOT_SELL, E10, E10, 0), LEDGER_NEW);
    ck_assert_int_eq(trade("4", BOT_BUY, E10, "1", 0), LEDGER_NEW);
    ck_assert_int_eq(trade("5", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    REFUSED(settled("6", BOT_SELL, "1", 0), BOT_ERR_OVERFLOW);
    linear(); /* the same with another bot's settlements making the account's sum nothing */
    ck_assert_int_eq(trade("1", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    ck_assert_int_eq(settled("2", BOT_SELL, "1", 0), LEDGER_NEW);
    ck_assert_int_eq(trade("3", BOT_SELL, E10, E10, 0), LEDGER_NEW);
    ck_assert_int_eq(trade("4", BOT_BUY, E10, "1", 0), LEDGER_NEW);
    ck_assert_int_eq(trade("5", BOT_SELL, E10, E10, 1), LEDGER_NEW);
    ck_assert_int_eq(settled("6", BOT_BUY, "1", 1), LEDGER_NEW);
    ck_assert_int_eq(trade("7", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    REFUSED(settled("8", BOT_SELL, "1", 0), BOT_ERR_OVERFLOW);
}

TEST(ledger_bounds, fundings_that_do_not_fit_or_name_nothing_are_refused)
{
    linear();
    bot_event ev = kit_funding("", "1", "USDT");
    REFUSED(bot__ledger_apply_funding(ledger, &ev, 0, BOT_LEG_NET, NULL), BOT_ERR_MALFORMED); /* no id, no time */
    ev = kit_funding("a", "1", "BTC");
    REFUSED(bot__ledger_apply_funding(ledger, &ev, 0, BOT_LEG_NET, NULL), BOT_ERR_MALFORMED); /* not the settlement's coin */
    ev = kit_funding("a", "1000000000000000000000", "USDT");
    REFUSED(bot__ledger_apply_funding(ledger, &ev, 0, BOT_LEG_NET, NULL), BOT_ERR_OVERFLOW);
    ev = kit_funding("a", E20, "");
    ck_assert_int_eq(bot__ledger_apply_funding(ledger, &ev, 0, BOT_LEG_NET, NULL), LEDGER_NEW);
    ev.funding.exec_id = id_of("b");
    REFUSED(bot__ledger_apply_funding(ledger, &ev, 1, BOT_LEG_NET, NULL), BOT_ERR_OVERFLOW);
    ev = kit_funding("c", "-" E20, "USDT");
    ck_assert_int_eq(bot__ledger_apply_funding(ledger, &ev, 1, BOT_LEG_NET, NULL), LEDGER_NEW);
    ev = kit_funding("b", E20, "USDT");
    REFUSED(bot__ledger_apply_funding(ledger, &ev, 0, BOT_LEG_NET, NULL), BOT_ERR_OVERFLOW); /* the account is at nothing, the bot is not */
    struct ledger_options o = kit_options();
    o.hedge = true;
    ledger = kit_ledger(&o);
    const struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "");
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &in, 0, NULL, NULL), 0);
    ev = kit_funding("a", "1", "BTC"); /* nobody said what it settles in */
    ck_assert_int_eq(bot__ledger_apply_funding(ledger, &ev, 0, BOT_LEG_LONG, NULL), LEDGER_NEW);
    KIT_IS(bot__ledger_position(ledger, 0, BOT_LEG_LONG)->funding, "1");
}

static uint32_t told_n;
static void told(void *user_data, const bot_event *ev, int r, const struct ledger_result *result)
{
    (void)user_data;
    (void)result;
    ck_assert_int_eq(r, ev->kind == BOT_EV_FUNDING && ev->funding.exec_id.s[0] == 'b' ? BOT_ERR_MALFORMED : LEDGER_NEW);
    told_n++;
}

TEST(ledger_bounds, what_waits_for_two_instruments_finds_its_own)
{
    struct ledger_options o = kit_options();
    o.held_max = 4;
    ledger = kit_ledger(&o);
    bot_event ev[4] = { kit_fill("1", BOT_BUY, "1", "1", NULL, NULL), kit_fill("2", BOT_BUY, "2", "1", NULL, NULL), kit_funding("f", "3", "USDT"),
                        kit_funding("bad", "4", "BTC") };
    ev[1].instrument = symbol_of("Y");
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(i < 2 ? bot__ledger_apply_fill(ledger, &ev[i], 0, BOT_LEG_NET, NULL) : bot__ledger_apply_funding(ledger, &ev[i], 0, BOT_LEG_NET, NULL),
                         LEDGER_HELD);
    const bot_event fifth = kit_fill("5", BOT_BUY, "1", "1", NULL, NULL), also = kit_funding("g", "1", "USDT");
    ck_assert_int_eq(bot__ledger_apply_fill(ledger, &fifth, 0, BOT_LEG_NET, NULL), BOT_ERR_FULL);
    ck_assert_int_eq(bot__ledger_apply_funding(ledger, &also, 0, BOT_LEG_NET, NULL), BOT_ERR_FULL);
    const struct instrument x = kit_instrument("X", BOT_LINEAR, "1", "USDT"), y = kit_instrument("Y", BOT_LINEAR, "1", "USDT");
    told_n = 0;
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &x, 0, told, NULL), 0);
    ck_assert_uint_eq(told_n, 3);
    KIT_IS(bot__ledger_position(ledger, 0, BOT_LEG_NET)->qty, "1");
    KIT_IS(bot__ledger_position(ledger, 0, BOT_LEG_NET)->funding, "3");
    struct ledger_stats stats;
    bot__ledger_stats(ledger, &stats);
    ck_assert_uint_eq(stats.held, 1);
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &y, 0, NULL, NULL), 1);
    KIT_IS(bot__ledger_position(ledger, 1, BOT_LEG_NET)->qty, "2");
}

/* ---- fills derived from orders ---- */

#define REPORT_REFUSED(change, err)                                                                     \
    do {                                                                                                \
        bot_event ev = { .kind = BOT_EV_ORDER, .has = BOT_HAS_CUM_QTY | BOT_HAS_AVG_PRICE, .instrument = symbol_of("X") }; \
        ev.order = (bot_ev_order){ .order_id = id_of("o"), .side = BOT_BUY, .cum_qty = dec_of("1"), .avg_price = dec_of("1") }; \
        change;                                                                                         \
        REFUSED(bot__ledger_apply_order(ledger, &ev, 0, BOT_LEG_NET, NULL), (err));                     \
    } while (0)

TEST(ledger_bounds, a_report_that_lacks_something_derives_nothing)
{
    linear();
    REPORT_REFUSED(ev.instrument = symbol_of("NO"), BOT_ERR_INSTRUMENT);
    REPORT_REFUSED(ev.order.order_id.len = 0, BOT_ERR_MALFORMED);
    REPORT_REFUSED(ev.has = 0, LEDGER_KNOWN);
    REPORT_REFUSED(ev.order.cum_qty = dec_of("0"), LEDGER_KNOWN);
    REPORT_REFUSED(ev.order.cum_qty = dec_of("-1"), BOT_ERR_MALFORMED);
    REPORT_REFUSED(ev.order.cum_qty = dec_of("1000000000000000000000"), BOT_ERR_OVERFLOW);
    REPORT_REFUSED(ev.order.side = BOT_SIDE_NONE, BOT_ERR_MALFORMED);
    REPORT_REFUSED(ev.order.avg_price = dec_of("0"), BOT_ERR_MALFORMED); /* and no price to take in its stead */
    REPORT_REFUSED(ev.has = BOT_HAS_CUM_QTY, BOT_ERR_MALFORMED);
    REPORT_REFUSED(ev.order.avg_price = dec_of("1000000000000000000000"), BOT_ERR_OVERFLOW);
    REPORT_REFUSED((ev.order.cum_qty = dec_of(E20), ev.order.avg_price = dec_of("10")), BOT_ERR_OVERFLOW);
    bot_event ev = { .kind = BOT_EV_ORDER, .has = BOT_HAS_CUM_QTY | BOT_HAS_AVG_PRICE, .instrument = symbol_of("X") };
    ev.order = (bot_ev_order){ .order_id = id_of("o"), .side = BOT_SELL, .cum_qty = dec_of("1"), .price = dec_of("7") };
    REFUSED(bot__ledger_apply_order(ledger, &ev, 77, BOT_LEG_NET, NULL), BOT_ERR_INVALID);
    ck_assert_int_eq(bot__ledger_apply_order(ledger, &ev, 0, BOT_LEG_NET, NULL), LEDGER_NEW); /* at its limit for want of an average */
    ck_assert_str_eq(kit_position(ledger, BOT_LEG_NET), "-1 @ 7, pnl 0");
    struct ledger_options o = kit_options();
    o.derived_orders_max = 4;
    ledger = kit_ledger(&o);
    const struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    ck_assert_int_eq(bot__ledger_instrument_put(ledger, &in, 0, NULL, NULL), 0);
    ev.order.leg = BOT_LEG_LONG;
    REFUSED(bot__ledger_apply_order(ledger, &ev, 0, BOT_LEG_NET, NULL), BOT_ERR_MALFORMED);
}

TEST(ledger_bounds, derived_sums_end_where_their_numbers_do)
{
    linear();
    ck_assert_int_eq(reported("a", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    REFUSED(reported("b", BOT_BUY, E10, E10, 0), BOT_ERR_OVERFLOW); /* the position's cost */
    linear(); /* one order, bought by derivation and by execution, while another sells: its own value does not fit, the position does */
    ck_assert_int_eq(ordered("1", "a", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    ck_assert_int_eq(ordered("2", "b", BOT_SELL, E10, E10, 0), LEDGER_NEW);
    REFUSED(ordered("3", "a", BOT_BUY, E10, E10, 0), BOT_ERR_OVERFLOW);
    ck_assert_int_eq(ordered("4", "a", BOT_BUY, "1", "1", 0), LEDGER_NEW);
    /* The average falls so far that the growth would be worth less than nothing: the average itself prices it. */
    linear();
    ck_assert_int_eq(reported("a", BOT_BUY, "1", "100", 0), LEDGER_NEW);
    ck_assert_int_eq(reported("a", BOT_BUY, "2", "40", 0), LEDGER_NEW);
    ck_assert_str_eq(kit_position(ledger, BOT_LEG_NET), "2 @ 70, pnl 0");
}

TEST(ledger_bounds, an_execution_that_cannot_be_put_in_place_of_what_was_derived_is_refused)
{
    linear();
    ck_assert_int_eq(reported("a", BOT_BUY, "0.5", "1", 0), LEDGER_NEW);
    REFUSED(ordered("1", "a", BOT_BUY, "2", FINEST, 0), BOT_ERR_MALFORMED); /* half of it has no exact value at that price */
    ck_assert_int_eq(ordered("1", "a", BOT_BUY, "2", "1", 0), LEDGER_NEW);
    ck_assert_str_eq(kit_position(ledger, BOT_LEG_NET), "2 @ 1, pnl 0");
    ck_assert_int_eq(ordered("2", "a", BOT_BUY, "1", "1", 0), LEDGER_NEW); /* nothing derived is left of it */
    ck_assert_str_eq(kit_position(ledger, BOT_LEG_NET), "3 @ 1, pnl 0");
    linear();
    ck_assert_int_eq(trade("1", BOT_BUY, E10, E10, 1), LEDGER_NEW);
    ck_assert_int_eq(reported("a", BOT_BUY, E10, "1", 0), LEDGER_NEW);
    REFUSED(ordered("2", "a", BOT_BUY, E10, E10, 0), BOT_ERR_OVERFLOW); /* the account's cost */
    linear();
    ck_assert_int_eq(trade("1", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    ck_assert_int_eq(trade("2", BOT_SELL, "20000000000", "5000000000", 1), LEDGER_NEW);
    ck_assert_int_eq(reported("a", BOT_BUY, E10, "1", 0), LEDGER_NEW);
    REFUSED(ordered("3", "a", BOT_BUY, E10, E10, 0), BOT_ERR_OVERFLOW); /* the bot's */
}

TEST(ledger_bounds, a_fill_that_the_codec_derived_gives_way_to_the_execution)
{
    linear();
    bot_event ev = kit_fill("d1", BOT_BUY, "2", "10", NULL, NULL);
    ev.fill.order_id = id_of("a");
    ev.fill.derived = true;
    ev.venue_ns = 5;
    ck_assert_int_eq(bot__ledger_apply_fill(ledger, &ev, 0, BOT_LEG_NET, NULL), LEDGER_NEW);
    ck_assert_int_eq(ordered("e1", "a", BOT_BUY, "2", "11", 0), LEDGER_NEW);
    ck_assert_str_eq(kit_position(ledger, BOT_LEG_NET), "2 @ 11, pnl 0");
    ev = kit_fill("l1", BOT_SELL, "2", "12", NULL, NULL);
    ev.fill.order_id = id_of("a"); /* what the venue closes is no part of an order's growth */
    ev.fill.kind = BOT_FILL_LIQUIDATION;
    ck_assert_int_eq(bot__ledger_apply_fill(ledger, &ev, LEDGER_EXTERNAL, BOT_LEG_NET, NULL), LEDGER_NEW);
    ck_assert_int_eq(reported("a", BOT_BUY, "2", "11", 0), LEDGER_KNOWN);
    KIT_IS(bot__ledger_position(ledger, 0, BOT_LEG_NET)->qty, "0");
}

static char *number(int i)
{
    static char text[4][8];
    snprintf(text[i % 4], sizeof text[0], "o%d", i);
    return text[i % 4];
}

static int at(const char *order, int64_t venue_ns, const char *cum)
{
    bot_event ev = { .kind = BOT_EV_ORDER, .has = BOT_HAS_CUM_QTY | BOT_HAS_AVG_PRICE, .venue_ns = venue_ns, .instrument = symbol_of("X") };
    ev.order = (bot_ev_order){ .order_id = id_of(order), .side = BOT_BUY, .cum_qty = dec_of(cum), .avg_price = dec_of("1") };
    return bot__ledger_apply_order(ledger, &ev, 0, BOT_LEG_NET, NULL);
}

static int executed(const char *id, const char *order, int64_t venue_ns, const char *qty)
{
    bot_event ev = kit_fill(id, BOT_BUY, qty, "1", NULL, NULL);
    ev.fill.order_id = id_of(order);
    ev.venue_ns = venue_ns;
    return bot__ledger_apply_fill(ledger, &ev, 0, BOT_LEG_NET, NULL);
}

TEST(ledger_bounds, a_full_table_of_orders_lets_only_confirmed_ones_go)
{
    linear(); /* sixteen orders */
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(at(number(i), 1000 + i, "1"), LEDGER_NEW);
    REFUSED(at("late", 2000, "1"), BOT_ERR_FULL); /* what is derived has to wait for its execution */
    const bot_id full = id_of("late");
    REFUSED(bot__ledger_order_counted(ledger, 0, &full, BOT_BUY, 0, 0, 2000), BOT_ERR_FULL);
    ck_assert_int_eq(executed("x", "late", 2000, "1"), LEDGER_NEW); /* an execution counts without a place for its order */
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(at(number(i), 1000 + i, "1"), LEDGER_KNOWN);
    ck_assert_int_eq(executed("e5", "o5", 1105, "1"), LEDGER_NEW);
    ck_assert_int_eq(at("new", 3000, "1"), LEDGER_NEW);             /* o5 went */
    REFUSED(at("old", 0, "1"), BOT_ERR_NOT_FOUND);                  /* it may be one that went */
    REFUSED(at("old", 1105, "1"), BOT_ERR_NOT_FOUND);
    REFUSED(at("o5", 1105, "1"), BOT_ERR_NOT_FOUND);
    ck_assert_int_eq(executed("e2", "o2", 1002, "1"), LEDGER_NEW);
    ck_assert_int_eq(at("newer", 3001, "1"), LEDGER_NEW);           /* o2 went, older than what had gone before it */
    REFUSED(at("old", 1105, "1"), BOT_ERR_NOT_FOUND);
    ck_assert_int_eq(executed("e3", "o3", 1003, "1"), LEDGER_NEW);
    ck_assert_int_eq(at("newest", 3002, "1"), LEDGER_NEW);
    /* One whose time nobody told goes: from then on no time is safe. */
    linear();
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(at(number(i), 0, "1"), LEDGER_NEW);
    ck_assert_int_eq(executed("e0", "o0", 0, "1"), LEDGER_NEW);
    ck_assert_int_eq(at("new", 5000, "1"), LEDGER_NEW);
    REFUSED(at("more", 9000, "1"), BOT_ERR_NOT_FOUND);
    kit_check_owners(ledger, 8);
}

TEST(ledger_bounds, an_order_counted_before_grows_from_there)
{
    linear();
    const bot_id a = id_of("a"), none = id_of("");
    REFUSED(bot__ledger_order_counted(ledger, 7, &a, BOT_BUY, 0, 0, 0), BOT_ERR_INVALID);
    REFUSED(bot__ledger_order_counted(ledger, 0, &none, BOT_BUY, 0, 0, 0), BOT_ERR_INVALID);
    REFUSED(bot__ledger_order_counted(ledger, 0, &a, BOT_BUY, -1, 0, 0), BOT_ERR_INVALID);
    REFUSED(bot__ledger_order_counted(ledger, 0, &a, BOT_BUY, E38, 10 * fixed_of("1"), 0), BOT_ERR_OVERFLOW);
    ck_assert_int_eq(bot__ledger_order_counted(ledger, 0, &a, BOT_SELL, fixed_of("2"), fixed_of("10"), 1), BOT_OK);
    REFUSED(bot__ledger_order_counted(ledger, 0, &a, BOT_SELL, 0, 0, 0), BOT_ERR_CONFLICT);
    ck_assert_int_eq(reported("a", BOT_SELL, "2", "10", 0), LEDGER_KNOWN);
    ck_assert_int_eq(reported("a", BOT_SELL, "3", "11", 0), LEDGER_NEW); /* 33 less 20: the third at 13 */
    ck_assert_str_eq(kit_position(ledger, BOT_LEG_NET), "-1 @ 13, pnl 0");
}

/* ---- baselines and transfers ---- */

TEST(ledger_bounds, a_baseline_that_does_not_fit_leaves_the_position)
{
    linear();
    ck_assert_int_eq(trade("1", BOT_BUY, "1", "1", 0), LEDGER_NEW);
    REFUSED(bot__ledger_baseline(ledger, 0, BOT_LEG_NET, E38, 10 * fixed_of("1"), 0, 0, BOT_SEQ_NONE), BOT_ERR_OVERFLOW);  /* cost */
    REFUSED(bot__ledger_baseline(ledger, 0, BOT_LEG_NET, POSITION_LOWEST, 0, 0, 0, BOT_SEQ_NONE), BOT_ERR_OVERFLOW);       /* difference */
    ck_assert_int_eq(bot__ledger_baseline(ledger, 0, BOT_LEG_NET, 0, fixed_of("5"), 1, 0, BOT_SEQ_NONE), BOT_OK);
    KIT_IS(bot__ledger_position(ledger, 0, BOT_LEG_NET)->qty, "0");
    ck_assert(!bot__ledger_position(ledger, 0, BOT_LEG_NET)->unproven); /* flat has no cost to prove */
    ck_assert_int_eq(bot__ledger_baseline(ledger, 0, BOT_LEG_NET, fixed_of("1"), 0, 2, 0, BOT_SEQ_NONE), BOT_OK);
    ck_assert(bot__ledger_position(ledger, 0, BOT_LEG_NET)->unproven);
    /* What is the bots' stays theirs: here the venue's word makes the account just what the bot has. */
    ck_assert(!bot__ledger_owner_position(ledger, 0, BOT_LEG_NET, LEDGER_EXTERNAL)->unproven);
    linear();
    ck_assert_int_eq(trade("1", BOT_BUY, E20, "1", 0), LEDGER_NEW);
    ck_assert_int_eq(trade("2", BOT_SELL, E20, "1", LEDGER_EXTERNAL), LEDGER_NEW);
    REFUSED(bot__ledger_baseline(ledger, 0, BOT_LEG_NET, -E38, 0, 0, 0, BOT_SEQ_NONE), BOT_ERR_OVERFLOW); /* the others' share */
}

TEST(ledger_bounds, a_transfer_that_does_not_fit_moves_nothing)
{
    linear();
    const bot_i128 one = fixed_of("1");
    REFUSED(bot__ledger_transfer(ledger, 4, BOT_LEG_NET, one, one, LEDGER_EXTERNAL, 0), BOT_ERR_INVALID);
    REFUSED(bot__ledger_transfer(ledger, 0, BOT_LEG_NET, one, one, 77, 0), BOT_ERR_INVALID);
    REFUSED(bot__ledger_transfer(ledger, 0, BOT_LEG_NET, one, one, 0, 77), BOT_ERR_INVALID);
    REFUSED(bot__ledger_transfer(ledger, 0, BOT_LEG_NET, one, one, 0, 0), BOT_ERR_INVALID);
    REFUSED(bot__ledger_transfer(ledger, 0, BOT_LEG_NET, one, 0, 0, 1), BOT_ERR_INVALID);
    REFUSED(bot__ledger_transfer(ledger, 0, BOT_LEG_NET, 0, one, 0, 1), BOT_ERR_INVALID);
    REFUSED(bot__ledger_transfer(ledger, 0, BOT_LEG_NET, POSITION_LOWEST, one, 0, 1), BOT_ERR_INVALID);
    REFUSED(bot__ledger_transfer(ledger, 0, BOT_LEG_NET, E38, 10 * one, 0, 1), BOT_ERR_OVERFLOW);
    ck_assert_int_eq(trade("1", BOT_SELL, E10, E10, LEDGER_EXTERNAL), LEDGER_NEW);
    REFUSED(bot__ledger_transfer(ledger, 0, BOT_LEG_NET, fixed_of(E10), fixed_of(E10), LEDGER_EXTERNAL, 0), BOT_ERR_OVERFLOW); /* the giver's */
    ck_assert_int_eq(trade("2", BOT_BUY, E10, E10, 0), LEDGER_NEW);
    REFUSED(bot__ledger_transfer(ledger, 0, BOT_LEG_NET, fixed_of(E10), fixed_of(E10), 1, 0), BOT_ERR_OVERFLOW); /* the taker's */
    ck_assert_int_eq(bot__ledger_transfer(ledger, 0, BOT_LEG_NET, -one, one, LEDGER_EXTERNAL, 1), BOT_OK);
    kit_check_owners(ledger, 8);
}

/* ---- the path ---- */

TEST(ledger_bounds, a_sequence_older_than_the_path_is_not_answered_for)
{
    struct path_step steps[4];
    struct path p;
    bot__path_init(&p, steps, 4);
    bot__path_push(&p, 1, 0, BOT_SEQ_NONE, 10);
    bot__path_push(&p, 2, 0, 7, 20);
    bot_i128 qty = 77;
    ck_assert_int_eq(bot__path_at_seq(&p, 6, &qty), BOT_ERR_TRUNCATED);
    ck_assert(qty == 77);
    ck_assert_int_eq(bot__path_at_seq(&p, 8, &qty), BOT_OK);
    ck_assert(qty == 20);
}
