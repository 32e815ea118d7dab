/* May this order leave? Each rule of core/exposure.h by itself, at its edge, and at the end of the numbers. */
#include "core/exposure.h"

#include <string.h>

#include "bot/decimal.h"
#include "harness.h"

#define ONE ((bot_i128)1000000000000000000)
#define SATURATED ((bot_i128)1 << 126)
#define POSITION_NEVER_FITS ((bot_i128)((bot_u128)1 << 127))

static bot_order_request order;
static bot_limits limits;
static bot_refusal refusal;

/* An order of one at 100 by a bot that is flat, with a limit of ten, through an open gate. */
static struct exposure_check ask(void)
{
    order = (bot_order_request){ .side = BOT_BUY, .type = BOT_LIMIT, .qty = { ONE }, .price = { 100 * ONE }, .ref_price = { 100 * ONE }, .ref_at = 50 };
    limits = (bot_limits){ .position_max = { 10 * ONE } };
    return (struct exposure_check){ .order = &order, .limits = &limits, .account_limit = -1, .contract = BOT_LINEAR, .multiplier = { 1, 0 }, .now = 100,
                                    .reference_age_max_ns = 50, .gate_open = true, .reduce_allowed = true };
}

static int answer(const struct exposure_check *c)
{
    const int r = bot__exposure_check(c, &refusal);
    ck_assert_int_eq(r, refusal.code);
    return r;
}

TEST(exposure, sums_at_the_end_of_the_numbers_stay_there)
{
    struct exposure e = { .low = -SATURATED, .high = SATURATED, .working = { SATURATED, SATURATED } };
    ck_assert(bot__exposure_worst(&e, BOT_BUY, SATURATED) == SATURATED);
    ck_assert(bot__exposure_worst(&e, BOT_SELL, SATURATED) == -SATURATED);
    e.high = e.working.buy = ((bot_i128)1 << 125) + ((bot_i128)1 << 124);
    ck_assert(bot__exposure_worst(&e, BOT_BUY, 0) == SATURATED);
    e.low = -e.high;
    e.working.sell = e.working.buy;
    ck_assert(bot__exposure_worst(&e, BOT_SELL, 0) == -SATURATED);
    e.high = ~POSITION_NEVER_FITS;
    ck_assert(bot__exposure_worst(&e, BOT_BUY, SATURATED) == SATURATED); /* 128 bits would not hold it */
    ck_assert(bot__exposure_room(&e, BOT_BUY, 10 * ONE) == 0);
}

/* Where the position is an interval, an exit is measured from its near end: the far one may not be there. */
TEST(exposure, what_may_be_held_is_no_exit)
{
    struct exposure e = { .low = 3, .high = 8 };
    ck_assert(bot__exposure_reducible(&e, BOT_SELL) == 3 && bot__exposure_reducible(&e, BOT_BUY) == 0);
    e.working.sell = 2;
    e.working.buy = 100; /* may fill or not */
    ck_assert(bot__exposure_reducible(&e, BOT_SELL) == 1);
    e = (struct exposure){ .low = -8, .high = -3, .working = { 2, 100 } };
    ck_assert(bot__exposure_reducible(&e, BOT_BUY) == 1 && bot__exposure_reducible(&e, BOT_SELL) == 0);
    e = (struct exposure){ .low = -1, .high = 8 };
    ck_assert(bot__exposure_reducible(&e, BOT_BUY) == 0 && bot__exposure_reducible(&e, BOT_SELL) == 0);
}

TEST(exposure, an_account_without_a_limit_of_its_own_is_not_asked)
{
    struct exposure_check c = ask();
    c.account.high = c.account.low = 100 * ONE;
    ck_assert_int_eq(answer(&c), BOT_OK);
    c.account_limit = 100 * ONE;
    ck_assert_int_eq(answer(&c), BOT_ERR_LIMIT_ACCOUNT);
    ck_assert(refusal.room.v == 0 && refusal.limit.v == 100 * ONE && refusal.worst.v == 101 * ONE);
    c.account_limit = 101 * ONE;
    ck_assert_int_eq(answer(&c), BOT_OK);
    ck_assert(refusal.room.v == ONE);
}

TEST(exposure, a_reference_counts_until_its_age_and_not_before_its_time)
{
    struct exposure_check c = ask();
    order.type = BOT_MARKET;
    order.price.v = 0;
    ck_assert_int_eq(answer(&c), BOT_OK); /* just as old as allowed */
    order.ref_at = 49;
    ck_assert_int_eq(answer(&c), BOT_ERR_NO_REFERENCE);
    order.ref_at = 101; /* of a moment that has not come */
    ck_assert_int_eq(answer(&c), BOT_ERR_NO_REFERENCE);
    order.ref_at = 100;
    ck_assert_int_eq(answer(&c), BOT_OK);
    order.ref_price.v = 0;
    ck_assert_int_eq(answer(&c), BOT_ERR_NO_REFERENCE);
    order.ref_price.v = -ONE;
    ck_assert_int_eq(answer(&c), BOT_ERR_NO_REFERENCE);
}

TEST(exposure, the_collar_holds_the_paying_side_only)
{
    struct exposure_check c = ask();
    limits.collar_bps = 100; /* 1 % of 100 */
    order.price.v = 101 * ONE;
    ck_assert_int_eq(answer(&c), BOT_OK);
    order.price.v++;
    ck_assert_int_eq(answer(&c), BOT_ERR_PRICE_COLLAR);
    ck_assert(refusal.price_limit.v == order.price.v - 1);
    order.price.v = 1;
    ck_assert_int_eq(answer(&c), BOT_OK); /* far below the market: it merely waits */
    order.side = BOT_SELL;
    ck_assert_int_eq(answer(&c), BOT_ERR_PRICE_COLLAR);
    order.price.v = 99 * ONE;
    ck_assert_int_eq(answer(&c), BOT_OK);
    order.price.v--;
    ck_assert_int_eq(answer(&c), BOT_ERR_PRICE_COLLAR);
    order.price.v = 1000 * ONE;
    ck_assert_int_eq(answer(&c), BOT_OK);
    order.type = BOT_MARKET; /* no price of its own to hold */
    order.price.v = 0;
    ck_assert_int_eq(answer(&c), BOT_OK);
    order.type = BOT_LIMIT;
    order.price.v = ONE;
    limits.collar_bps = UINT32_MAX; /* with such a reference the collar's width does not fit */
    order.ref_price.v = SATURATED;
    ck_assert_int_eq(answer(&c), BOT_ERR_PRICE_COLLAR);
}

TEST(exposure, the_notional_is_price_times_contract_or_the_contract_itself)
{
    struct exposure_check c = ask();
    limits.notional_max.v = 100 * ONE;
    ck_assert_int_eq(answer(&c), BOT_OK);
    order.price.v++;
    ck_assert_int_eq(answer(&c), BOT_ERR_LIMIT_NOTIONAL);
    ck_assert(refusal.money.v == 100 * ONE + 1 && refusal.limit_money.v == 100 * ONE);
    c.contract = BOT_INVERSE; /* counted in the quote currency: the price does not matter */
    order.price.v = 1000000 * ONE;
    ck_assert_int_eq(answer(&c), BOT_OK);
    c.multiplier = (bot_dec){ 101, 0 };
    ck_assert_int_eq(answer(&c), BOT_ERR_LIMIT_NOTIONAL);
    c.contract = BOT_LINEAR;
    c.multiplier = (bot_dec){ 1, 0 };
    order.type = BOT_MARKET;
    order.price.v = 0;
    ck_assert_int_eq(answer(&c), BOT_OK); /* at its reference */
    order.ref_price.v++;
    ck_assert_int_eq(answer(&c), BOT_ERR_LIMIT_NOTIONAL);
    /* What cannot be told is beyond every limit. */
    limits.notional_max.v = ~POSITION_NEVER_FITS;
    order.ref_price.v = SATURATED;
    order.qty.v = 10 * ONE;
    ck_assert_int_eq(answer(&c), BOT_ERR_LIMIT_NOTIONAL);
    ck_assert(refusal.money.v == SATURATED);
    c.multiplier = (bot_dec){ 1, 30 };
    ck_assert_int_eq(answer(&c), BOT_ERR_LIMIT_NOTIONAL);
    c.multiplier = (bot_dec){ (bot_i128)1000000000000000000, 0 };
    order.qty.v = 1000 * ONE;
    limits.position_max.v = 10000 * ONE;
    ck_assert_int_eq(answer(&c), BOT_ERR_LIMIT_NOTIONAL);
}

TEST(exposure, an_exit_is_not_kept_in_by_size_count_or_feed)
{
    struct exposure_check c = ask();
    c.bot = c.account = (struct exposure){ .low = -5 * ONE, .high = -5 * ONE };
    order.qty.v = 5 * ONE;
    order.ref_price.v = 0;
    limits = (bot_limits){ .position_max = { ONE }, .order_qty_max = { ONE }, .notional_max = { 1 }, .open_orders_max = 1, .collar_bps = 1 };
    c.open_orders = 1;
    ck_assert_int_eq(answer(&c), BOT_OK);
    ck_assert(refusal.room.v == 5 * ONE);
    c.gate_open = false;
    ck_assert_int_eq(answer(&c), BOT_OK);
    c.reduce_allowed = false; /* KILL */
    c.reasons = BOT_GATE_KILL;
    ck_assert_int_eq(answer(&c), BOT_ERR_GATE_SHUT);
    ck_assert(refusal.room.v == 0 && refusal.reasons == BOT_GATE_KILL);
    c.reduce_allowed = true;
    order.qty.v++; /* one unit beyond what it reduces: an order like any other */
    ck_assert_int_eq(answer(&c), BOT_ERR_GATE_SHUT);
    ck_assert(refusal.room.v == 5 * ONE);
    c.gate_open = true;
    ck_assert_int_eq(answer(&c), BOT_ERR_LIMIT_ORDER_SIZE);
    limits.order_qty_max.v = 0;
    ck_assert_int_eq(answer(&c), BOT_ERR_LIMIT_OPEN_ORDERS);
    c.open_orders = 0;
    ck_assert_int_eq(answer(&c), BOT_ERR_NO_REFERENCE); /* the collar */
    order.reduce_only = true;
    ck_assert_int_eq(answer(&c), BOT_ERR_REDUCE_ONLY);
    ck_assert(refusal.room.v == 5 * ONE);
}

TEST(exposure, an_amend_takes_the_place_of_what_its_order_counts)
{
    struct exposure_check c = ask();
    c.bot.working.buy = c.account.working.buy = 10 * ONE; /* the limit, all of it this order's */
    order.qty.v = 10 * ONE;
    ck_assert_int_eq(answer(&c), BOT_ERR_LIMIT_POSITION);
    c.replaces = 10 * ONE;
    limits.open_orders_max = 1;
    c.open_orders = 1; /* it is that one */
    ck_assert_int_eq(answer(&c), BOT_OK);
    order.qty.v++;
    ck_assert_int_eq(answer(&c), BOT_ERR_LIMIT_POSITION);
    order.side = BOT_SELL; /* the mirror */
    order.qty.v = 10 * ONE;
    c.bot.working = c.account.working = (struct order_sums){ .sell = 3 * ONE };
    ck_assert_int_eq(answer(&c), BOT_OK); /* no more than there is goes away */
    ck_assert(refusal.room.v == 10 * ONE && refusal.worst.v == -10 * ONE);
}
