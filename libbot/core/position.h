/* core/position.h: one leg of one instrument, in exact numbers.
 *
 * Everything is 1e-18 fixed point in 128 bits:
 *   qty       signed; a short is negative on every leg
 *   cost      signed contract value of what is open: sum of qty * multiplier * price (linear, spot; exact, or the fill is
 *             refused) or qty * multiplier / price (inverse; rounded once per fill half to even at 1e-18, or by the venue's
 *             rounding rule, see core/instrument.h)
 *   realised  price PnL in the settle currency (spot: quote), fees and funding not in it
 *
 * A fill on the side of the position adds its value to cost. A fill against it takes cost * closed / qty out, rounded half to
 * even at 1e-18 (to the settlement unit where the instrument has one), and all of it when the position gets flat. A fill
 * through zero is split: the closed part's value is computed like a fill's, the rest of the fill's value opens. So, with
 * k = -1 (linear, spot) or +1 (inverse), it holds at all times, exactly, that
 *       realised + k * cost == k * sum of the values of all fills        (the cash flow)
 * whatever was rounded on the way: what rounding took from one side it gave to the other.
 */
#ifndef BOT_CORE_POSITION_H
#define BOT_CORE_POSITION_H

#include "core/instrument.h"

struct position {
    bot_i128 qty, cost, realised;
    uint64_t fills;      /* executions that moved it */
    bool     cost_unknown; /* taken over without a price: what is realised against it means nothing; until flat or flipped */
    bool     unproven;   /* taken over: no fills of ours say what it cost; until flat or flipped */
    uint8_t  unused[7];  /* named: see struct order */
    /* What few fills touch; what every fill does stands above. */
    bot_i128 funding;    /* paid is positive, in the settle currency */
    bot_i128 settlement; /* the part of realised that settlement fills brought */
    bot_i128 fee_value;  /* spot: value of fees charged in the base coin, at their fills' prices */
};

/* Adds qty (signed, not 0) of contract value `value` (of qty's sign) to *p. price is used only where the fill goes through
 * zero, for the value of the closed part; 0 takes the closed part's share of value instead. On success *ret_realised is what
 * it added to realised, and 1 is returned when it went through zero, else 0. BOT_ERR_OVERFLOW or BOT_ERR_MALFORMED leave *p. */
int bot__position_add(struct position *p, const struct instrument *in, bot_i128 qty, bot_i128 value, bot_i128 price,
                      bot_i128 *ret_realised);

/* Does qty go onto the side of the position, or onto none? Then adding it needs no price and realises nothing. */
static inline bool position_grows(const struct position *p, bot_i128 qty) { return p->qty == 0 || (p->qty < 0) == (qty < 0); }

/* The value of earlier fills turned out to be larger by `value`: to the cost while the position is on `side`, else to
 * realised. Keeps the cash flow. */
int bot__position_correct(struct position *p, const struct instrument *in, bot_side side, bot_i128 value, bot_i128 *ret_realised);

/* Adds to quantity and cost without a trade (a baseline). A cost left on a flat position goes to realised. */
int bot__position_adjust(struct position *p, const struct instrument *in, bot_i128 qty, bot_i128 cost);

/* Average entry price, rounded half to even to 12 (linear, spot) or 8 (inverse) fractional digits; 0 when flat. */
int bot__position_entry(const struct position *p, const struct instrument *in, bot_i128 *ret_price);

/* Price PnL of what is open, at a mark price > 0. */
int bot__position_unrealised(const struct position *p, const struct instrument *in, bot_i128 mark, bot_i128 *ret_money);

#define POSITION_LOWEST ((bot_i128)((bot_u128)1 << 127)) /* has no negative */
/* a + b, where the result may be negated safely; false leaves *ret. */
static inline bool position_sum(bot_i128 a, bot_i128 b, bot_i128 *ret)
{
    bot_i128 v;
    if (__builtin_add_overflow(a, b, &v) || v == POSITION_LOWEST)
        return false;
    *ret = v;
    return true;
}

#endif
