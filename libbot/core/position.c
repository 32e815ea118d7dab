#include "core/position.h"

#include "base/assert.h"
#include "bot/decimal.h"

#define ONE ((bot_i128)1000000000000000000)

static bot_i128 magnitude(bot_i128 v) { return v < 0 ? -v : v; }

/* k of the cash-flow invariant. */
static bot_i128 signed_value(const struct instrument *in, bot_i128 v) { return in->contract == BOT_INVERSE ? v : -v; }

/* To a whole settlement unit where the venue settles in such. */
static int in_units(const struct instrument *in, bot_i128 v, bot_i128 *ret_v)
{
    bot_i128 units;
    if (in->round_unit.v == 0) {
        *ret_v = v;
        return BOT_OK;
    }
    const int r = bot_fixed_muldiv_half_even(v, 1, in->round_unit.v, &units);
    if (r < 0 || __builtin_mul_overflow(units, in->round_unit.v, &units))
        return r < 0 ? r : BOT_ERR_OVERFLOW;
    *ret_v = units;
    return BOT_OK;
}

int bot__position_add(struct position *p, const struct instrument *in, bot_i128 qty, bot_i128 value, bot_i128 price,
                      bot_i128 *ret_realised)
{
    BOT_ASSERT(qty != 0);
    bot_i128 sum, cost;
    if (!position_sum(p->qty, qty, &sum))
        return BOT_ERR_OVERFLOW;
    if (position_grows(p, qty)) {
        if (!position_sum(p->cost, value, &cost))
            return BOT_ERR_OVERFLOW;
        p->qty = sum;
        p->cost = cost;
        *ret_realised = 0;
        return 0;
    }

    const bot_i128 held = magnitude(p->qty), traded = magnitude(qty);
    const bool flipped = traded > held;
    bot_i128 closed_value = value, removed = p->cost;
    int r = BOT_OK;
    if (flipped && price > 0)
        r = bot__instrument_value(in, -p->qty, price, &closed_value);
    else if (flipped)
        r = bot_fixed_muldiv_half_even(value, held, traded, &closed_value);
    if (traded < held) {
        r = bot_fixed_muldiv_half_even(p->cost, traded, held, &removed);
        if (r == BOT_OK)
            r = in_units(in, removed, &removed);
    }
    if (r < 0)
        return r;
    bot_i128 realised, opened, total;
    if (!position_sum(closed_value, removed, &realised) || !bot_fixed_sub(value, closed_value, &opened) ||
        !bot_fixed_sub(p->cost, removed, &cost) || !position_sum(cost, opened, &cost))
        return BOT_ERR_OVERFLOW;
    realised = signed_value(in, realised);
    if (!position_sum(p->realised, realised, &total))
        return BOT_ERR_OVERFLOW;
    BOT_ASSERT(sum != 0 || cost == 0);
    p->qty = sum;
    p->cost = cost;
    p->realised = total;
    if (flipped || sum == 0)
        p->unproven = p->cost_unknown = false;
    *ret_realised = realised;
    return flipped;
}

int bot__position_correct(struct position *p, const struct instrument *in, bot_side side, bot_i128 value, bot_i128 *ret_realised)
{
    const bool on_side = side == BOT_BUY ? p->qty > 0 : p->qty < 0;
    const bot_i128 realised = on_side ? 0 : signed_value(in, value);
    if (!position_sum(p->cost, on_side ? value : 0, &p->cost) || !position_sum(p->realised, realised, &p->realised))
        return BOT_ERR_OVERFLOW;
    *ret_realised = realised;
    return BOT_OK;
}

int bot__position_adjust(struct position *p, const struct instrument *in, bot_i128 qty, bot_i128 cost)
{
    struct position after = *p;
    if (!position_sum(p->qty, qty, &after.qty) || !position_sum(p->cost, cost, &after.cost))
        return BOT_ERR_OVERFLOW;
    if (after.qty == 0) {
        if (!position_sum(after.realised, signed_value(in, after.cost), &after.realised))
            return BOT_ERR_OVERFLOW;
        after.cost = 0;
    }
    *p = after;
    return BOT_OK;
}

int bot__position_entry(const struct position *p, const struct instrument *in, bot_i128 *ret_price)
{
    if (p->qty == 0) {
        *ret_price = 0;
        return BOT_OK;
    }
    bot_i128 face = p->qty, price;
    int r = BOT_OK;
    if (in->multiplier != ONE)
        r = bot_fixed_mul_exact(p->qty, in->multiplier, &face);
    if (r < 0)
        return r;
    if (in->contract == BOT_INVERSE) {
        if (p->cost == 0) { /* unproven */
            *ret_price = 0;
            return BOT_OK;
        }
        r = bot_fixed_muldiv_half_even(face, 100000000, p->cost, &price);
        if (r < 0 || __builtin_mul_overflow(price, (bot_i128)10000000000, &price))
            return r < 0 ? r : BOT_ERR_OVERFLOW;
    } else {
        r = bot_fixed_muldiv_half_even(p->cost, 1000000000000, face, &price);
        if (r < 0 || __builtin_mul_overflow(price, (bot_i128)1000000, &price))
            return r < 0 ? r : BOT_ERR_OVERFLOW;
    }
    *ret_price = price;
    return BOT_OK;
}

int bot__position_unrealised(const struct position *p, const struct instrument *in, bot_i128 mark, bot_i128 *ret_money)
{
    bot_i128 value, gain;
    if (mark <= 0)
        return BOT_ERR_MALFORMED;
    const int r = bot__instrument_value(in, p->qty, mark, &value);
    if (r < 0)
        return r;
    if (!bot_fixed_sub(p->cost, value, &gain))
        return BOT_ERR_OVERFLOW;
    *ret_money = signed_value(in, gain);
    return BOT_OK;
}
