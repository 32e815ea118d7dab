#include "core/exposure.h"

#include "bot/decimal.h"

#define SATURATED (((bot_i128)1 << 126))

static bot_i128 add_saturating(bot_i128 a, bot_i128 b)
{
    bot_i128 sum;
    if (!bot_fixed_add(a, b, &sum) || sum > SATURATED || sum < -SATURATED)
        return b < 0 ? -SATURATED : SATURATED;
    return sum;
}

bot_i128 bot__exposure_worst(const struct exposure *e, bot_side side, bot_i128 qty)
{
    return side == BOT_BUY ? add_saturating(add_saturating(e->high, e->working.buy), qty)
                           : add_saturating(add_saturating(e->low, -e->working.sell), -qty);
}

bot_i128 bot__exposure_room(const struct exposure *e, bot_side side, bot_i128 limit)
{
    const bot_i128 worst = bot__exposure_worst(e, side, 0);
    const bot_i128 room = side == BOT_BUY ? add_saturating(limit, -worst) : add_saturating(limit, worst);
    return room > 0 ? room : 0;
}

bot_i128 bot__exposure_reducible(const struct exposure *e, bot_side side)
{
    /* A sell reduces a long: the smallest long that may be true, less every sell that may still fill. */
    const bot_i128 near_end = side == BOT_SELL ? e->low : -e->high;
    const bot_i128 working = side == BOT_SELL ? e->working.sell : e->working.buy;
    return near_end > working ? near_end - working : 0;
}

static bot_i128 smaller(bot_i128 a, bot_i128 b) { return a < b ? a : b; }

static int refuse(bot_refusal *ret, int code)
{
    ret->code = code;
    return code;
}

/* Money that the order moves at that price: for notional limits. */
static int notional(const struct exposure_check *c, bot_i128 price, bot_i128 *ret_money)
{
    bot_i128 units;
    int r = bot_dec_to_fixed(c->multiplier, &units);
    if (r == BOT_OK)
        r = bot_fixed_mul_half_even(c->order->qty.v, units, &units);
    if (r < 0)
        return r;
    if (c->contract == BOT_INVERSE) {
        *ret_money = units; /* an inverse contract is counted in the quote currency: its notional is its quantity */
        return BOT_OK;
    }
    return bot_fixed_mul_half_even(units, price, ret_money);
}

/* reduces: an exit is not kept in by a dead feed or a size limit; a fresh reference still guards its price. */
static int check_price(const struct exposure_check *c, bool reduces, bot_refusal *ret)
{
    const bot_order_request *o = c->order;
    const bool fresh = o->ref_price.v > 0 && o->ref_at <= c->now && c->now - o->ref_at <= c->reference_age_max_ns;
    ret->reference = o->ref_price;
    /* A market order has no price of its own: without a fresh reference nobody knows what it would cost. */
    if (!fresh && !reduces && (o->type == BOT_MARKET || c->limits->collar_bps != 0)) {
        ret->reference_age_ns = c->now > o->ref_at ? c->now - o->ref_at : 0;
        return refuse(ret, BOT_ERR_NO_REFERENCE);
    }
    if (fresh && c->limits->collar_bps != 0 && o->type == BOT_LIMIT) {
        bot_i128 slack;
        if (bot_fixed_muldiv_half_even(o->ref_price.v, (bot_i128)c->limits->collar_bps, 10000, &slack) < 0)
            return refuse(ret, BOT_ERR_PRICE_COLLAR);
        /* Only the paying side is a mistake: a buy far below the market merely waits. */
        if ((o->side == BOT_BUY && o->price.v > o->ref_price.v + slack) || (o->side == BOT_SELL && o->price.v < o->ref_price.v - slack)) {
            ret->price_limit.v = o->side == BOT_BUY ? o->ref_price.v + slack : o->ref_price.v - slack;
            return refuse(ret, BOT_ERR_PRICE_COLLAR);
        }
    }
    if (!reduces && c->limits->notional_max.v != 0) {
        bot_i128 money;
        ret->limit_money = c->limits->notional_max;
        const int r = notional(c, o->type == BOT_MARKET ? o->ref_price.v : o->price.v, &money);
        ret->money.v = r < 0 ? SATURATED : money;
        if (r < 0 || money > c->limits->notional_max.v)
            return refuse(ret, BOT_ERR_LIMIT_NOTIONAL);
        ret->limit_money.v = ret->money.v = 0;
    }
    return BOT_OK;
}

int bot__exposure_check(const struct exposure_check *c, bot_refusal *ret)
{
    const bot_order_request *o = c->order;
    const bot_i128 qty = o->qty.v;
    *ret = (bot_refusal){ .limit = c->limits->position_max,
                          .position_low.v = c->bot.low, .position_high.v = c->bot.high,
                          .working_buy.v = c->bot.working.buy, .working_sell.v = c->bot.working.sell };

    /* What only reduces may leave when little else may; it must reduce the account, and the bot's own part too, else one
     * bot would sell what another holds. Flat accounts with a part of their own left over (a liquidation took the
     * position) reduce nothing. */
    const bot_i128 reducible = smaller(bot__exposure_reducible(&c->bot, o->side), bot__exposure_reducible(&c->account, o->side));
    const bool reduces = c->replaces == 0 && qty <= reducible;
    if (o->reduce_only && !reduces && c->replaces == 0) {
        ret->limit.v = 0;
        ret->room.v = reducible;
        return refuse(ret, BOT_ERR_REDUCE_ONLY);
    }
    if (!c->gate_open && !(reduces && c->reduce_allowed)) {
        ret->reasons = c->reasons;
        ret->room.v = c->reduce_allowed ? reducible : 0;
        return refuse(ret, BOT_ERR_GATE_SHUT);
    }
    if (!reduces && c->limits->order_qty_max.v != 0 && qty > c->limits->order_qty_max.v) {
        ret->limit = c->limits->order_qty_max;
        ret->room = c->limits->order_qty_max;
        return refuse(ret, BOT_ERR_LIMIT_ORDER_SIZE);
    }
    if (!reduces) {
        /* An amend takes the place of what the order counts already. */
        struct exposure bot = c->bot, account = c->account;
        bot_i128 *own = o->side == BOT_BUY ? &bot.working.buy : &bot.working.sell;
        bot_i128 *all = o->side == BOT_BUY ? &account.working.buy : &account.working.sell;
        *own -= smaller(c->replaces, *own);
        *all -= smaller(c->replaces, *all);
        ret->room.v = bot__exposure_room(&bot, o->side, c->limits->position_max.v);
        ret->worst.v = bot__exposure_worst(&bot, o->side, qty);
        if (qty > ret->room.v)
            return refuse(ret, BOT_ERR_LIMIT_POSITION);
        if (c->account_limit >= 0) {
            const bot_i128 room = bot__exposure_room(&account, o->side, c->account_limit);
            ret->room.v = smaller(ret->room.v, room);
            if (qty > room) {
                ret->limit.v = c->account_limit;
                ret->position_low.v = account.low;
                ret->position_high.v = account.high;
                ret->working_buy.v = account.working.buy;
                ret->working_sell.v = account.working.sell;
                ret->worst.v = bot__exposure_worst(&account, o->side, qty);
                return refuse(ret, BOT_ERR_LIMIT_ACCOUNT);
            }
        }
    } else {
        ret->room.v = reducible;
    }
    if (!reduces && c->limits->open_orders_max != 0 && c->replaces == 0 && c->open_orders >= c->limits->open_orders_max) {
        ret->count = c->open_orders;
        ret->count_limit = c->limits->open_orders_max;
        return refuse(ret, BOT_ERR_LIMIT_OPEN_ORDERS);
    }
    return check_price(c, reduces, ret);
}
