#include "core/instrument.h"

#include <string.h>

#include "base/assert.h"
#include "bot/decimal.h"
#include "core/carve.h"
#include "core/hash.h"

#define ONE ((bot_i128)1000000000000000000)

void bot__instruments_init(struct instruments *t, struct carve *c, uint32_t max)
{
    const uint32_t slots = hash_slots(max);
    *t = (struct instruments){ .max = max, .mask = slots - 1 };
    t->rows = carve_take(c, max, sizeof *t->rows);
    t->slots = carve_take(c, slots, sizeof *t->slots);
}

static uint32_t symbol_hash(const bot_symbol *s) { return hash_pairs(s, sizeof *s / 16, 0); }

/* The slot of that name, or the empty one where it would go. */
static uint32_t *slot_of(const struct instruments *t, const bot_symbol *symbol)
{
    for (uint32_t i = symbol_hash(symbol);; i++) {
        uint32_t *slot = &t->slots[i & t->mask];
        if (*slot == 0 || words_equal(&t->rows[*slot - 1].symbol, symbol, sizeof *symbol / 8))
            return slot;
    }
}

uint32_t bot__instruments_find(const struct instruments *t, const bot_symbol *symbol)
{
    return *slot_of(t, symbol) - 1; /* 0 - 1 is INSTRUMENT_NONE */
}

static bool row_is_sound(const struct instrument *row)
{
    if (row->symbol.len == 0 || row->symbol.len > BOT_SYMBOL_MAX || row->multiplier <= 0 || row->tick.v < 0 || row->lot.v < 0)
        return false;
    if (row->round_unit.v != 0 && (row->contract != BOT_INVERSE || row->round_unit.v < 0 || row->round_lot.v <= 0))
        return false;
    switch (row->contract) {
    case BOT_LINEAR:
    case BOT_INVERSE: return true;
    case BOT_SPOT: return row->multiplier == ONE;
    case BOT_CONTRACT_NONE: break;
    }
    return false;
}

int bot__instruments_put(struct instruments *t, const struct instrument *row, uint32_t *ret_index)
{
    if (!row_is_sound(row))
        return BOT_ERR_MALFORMED;
    uint32_t *slot = slot_of(t, &row->symbol);
    if (*slot == 0) {
        if (t->n == t->max)
            return BOT_ERR_FULL;
        *slot = ++t->n;
    } else {
        const struct instrument *known = &t->rows[*slot - 1];
        if (known->contract != row->contract || known->multiplier != row->multiplier ||
            known->round_unit.v != row->round_unit.v || known->round_lot.v != row->round_lot.v)
            return BOT_ERR_CONFLICT;
    }
    const uint32_t index = *slot - 1;
    t->rows[index] = *row;
    if (ret_index != NULL)
        *ret_index = index;
    return (int)index;
}

int bot__instrument_from_event(const bot_event *ev, struct instrument *ret)
{
    const bot_ev_instrument *e = &ev->inst;
    struct instrument row = { .symbol = ev->instrument, .contract = e->contract, .tradable = e->tradable,
                              .base = e->base, .quote = e->quote, .settle = e->settle };
    const struct {
        bot_dec   from;
        bot_i128 *to;
    } numbers[] = { { e->multiplier, &row.multiplier }, { e->tick, &row.tick.v }, { e->lot, &row.lot.v },
                    { e->qty_min, &row.qty_min.v }, { e->qty_max, &row.qty_max.v }, { e->notional_min, &row.notional_min.v } };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const int r = bot_dec_to_fixed(numbers[i].from, numbers[i].to);
        if (r < 0)
            return r;
    }
    if (row.multiplier == 0)
        row.multiplier = ONE;
    *ret = row;
    return BOT_OK;
}

/* The value of round_lot contracts in whole units, times the number of lots. */
static int value_in_units(const struct instrument *in, bot_i128 qty, bot_i128 price, bot_i128 *ret_value)
{
    bot_i128 divisor, units, lot_value = 0;
    int r = bot_fixed_mul_exact(price, in->round_unit.v, &divisor);
    /* The divisor once more at 1e-18 makes the quotient a count, rounded once. It is not 0: the product of two that are not is
     * exact, or was refused. */
    if (r == BOT_OK && __builtin_mul_overflow(divisor, ONE, &divisor))
        r = BOT_ERR_OVERFLOW;
    if (r == BOT_OK)
        r = bot_fixed_muldiv_half_even(in->round_lot.v, in->multiplier, divisor, &units);
    if (r == BOT_OK && __builtin_mul_overflow(units, in->round_unit.v, &lot_value))
        r = BOT_ERR_OVERFLOW;
    return r < 0 ? r : bot_fixed_muldiv_half_even(lot_value, qty, in->round_lot.v, ret_value);
}

int bot__instrument_value(const struct instrument *in, bot_i128 qty, bot_i128 price, bot_i128 *ret_value)
{
    BOT_ASSERT(in->multiplier > 0);
    if (in->contract == BOT_INVERSE) {
        if (price <= 0)
            return BOT_ERR_MALFORMED;
        if (in->round_unit.v != 0)
            return value_in_units(in, qty, price, ret_value);
        bot_i128 face = qty;
        if (in->multiplier != ONE) {
            const int r = bot_fixed_mul_exact(qty, in->multiplier, &face);
            if (r < 0)
                return r;
        }
        return bot_fixed_muldiv_half_even(face, ONE, price, ret_value);
    }
    bot_i128 per_unit = price;
    if (in->multiplier != ONE) {
        const int r = bot_fixed_mul_exact(price, in->multiplier, &per_unit);
        if (r < 0)
            return r;
    }
    return bot_fixed_mul_exact(qty, per_unit, ret_value);
}
