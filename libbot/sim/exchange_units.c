/* Lots, ticks and values as numbers. */
#include "exchange_state.h"

#include <string.h>

#include "base/assert.h"

bot_i128 bot__exchange_muldiv(bot_i128 a, bot_i128 b, bot_i128 c)
{
    bot_i128 v = 0;
    const int r = bot_fixed_muldiv_half_even(a, b, c, &v);
    BOT_ASSERT(r == BOT_OK);
    return v;
}

static bot_i128 scaled(bot_dec unit, int64_t n)
{
    bot_i128 v = unit.coef * n;
    for (int i = unit.scale; i < BOT_FIXED_DIGITS; i++) v *= 10;
    return v;
}

bot_qty bot__exchange_qty(const struct exchange_instrument *in, int64_t lots) { return (bot_qty){ scaled(in->lot, lots) }; }
bot_px bot__exchange_px(const struct exchange_instrument *in, int64_t ticks) { return (bot_px){ scaled(in->tick, ticks) }; }

static int units(bot_dec unit, bot_dec v, int64_t *ret)
{
    bot_i128 fixed;
    const int r = bot_dec_to_fixed(v, &fixed);
    if (r < 0) return r;
    const bot_i128 one = scaled(unit, 1);
    if (fixed % one != 0) return BOT_ERR_MALFORMED;
    if (fixed / one > INT64_C(1) << 40 || fixed / one < -(INT64_C(1) << 40)) return BOT_ERR_OVERFLOW;
    *ret = (int64_t)(fixed / one);
    return 0;
}

int bot__exchange_lots(const struct exchange_instrument *in, bot_dec qty, int64_t *ret_lots) { return units(in->lot, qty, ret_lots); }
int bot__exchange_ticks(const struct exchange_instrument *in, bot_dec price, int64_t *ret_ticks)
{
    return units(in->tick, price, ret_ticks);
}

bot_i128 bot__exchange_unit(const struct exchange_instrument *def)
{
    bot_i128 unit = def->contract == BOT_LINEAR ? def->tick.coef * def->lot.coef : scaled(def->lot, 1);
    const int digits = def->contract == BOT_LINEAR ? BOT_FIXED_DIGITS - def->tick.scale - def->lot.scale : def->tick.scale;
    for (int i = 0; i < digits; i++) unit *= 10;
    return unit;
}

bot_money bot__exchange_value(const struct exchange_instrument *in, int64_t lots, int64_t ticks)
{
    return (bot_money){ value_of(in, bot__exchange_unit(in), lots, ticks) };
}

bot_px bot__exchange_entry(const struct exchange_instrument *in, const struct exchange_position *p)
{
    if (p->lots == 0) return (bot_px){ 0 };
    const bot_i128 qty = bot__exchange_qty(in, p->lots).v, one = (bot_i128)1000000000000000000;
    return (bot_px){ in->contract == BOT_LINEAR ? bot__exchange_muldiv(p->cost.v, one, qty) : bot__exchange_muldiv(qty, one, p->cost.v) };
}

static bot_symbol symbol(const char *text)
{
    bot_symbol s = { .len = (uint8_t)strlen(text) };
    memcpy(s.s, text, s.len);
    return s;
}

static bot_currency currency(const char *text)
{
    bot_currency c = { .len = (uint8_t)strlen(text) };
    memcpy(c.s, text, c.len);
    return c;
}

uint32_t bot__exchange_instruments_default(struct exchange_instrument *ret, uint32_t max)
{
    const bot_money five = { (bot_i128)5 * 1000000000000000000 };
    const struct exchange_instrument all[] = {
        { .symbol = symbol("BTCUSDT"), .contract = BOT_LINEAR, .base = currency("BTC"), .quote = currency("USDT"),
          .settle = currency("USDT"), .tick = { 10, 2 }, .lot = { 1, 3 }, .lots_min = 1, .lots_max = 1190000,
          .lots_max_market = 500000, .notional_min = five, .maker_fee_e8 = 20000, .taker_fee_e8 = 55000, .leverage = 10,
          .maintenance_bps = 50, .band_bps = 1000, .price_ticks = 650000 },
        { .symbol = symbol("ETHUSDT"), .contract = BOT_LINEAR, .base = currency("ETH"), .quote = currency("USDT"),
          .settle = currency("USDT"), .tick = { 1, 2 }, .lot = { 1, 2 }, .lots_min = 1, .lots_max = 724000,
          .lots_max_market = 145000, .notional_min = five, .maker_fee_e8 = 20000, .taker_fee_e8 = 55000, .leverage = 10,
          .maintenance_bps = 50, .band_bps = 1000, .price_ticks = 350000 },
        { .symbol = symbol("BTCUSD"), .contract = BOT_INVERSE, .base = currency("BTC"), .quote = currency("USD"),
          .settle = currency("BTC"), .tick = { 50, 2 }, .lot = { 1, 0 }, .lots_min = 1, .lots_max = 25000000,
          .lots_max_market = 5000000, .maker_fee_e8 = 20000, .taker_fee_e8 = 55000, .leverage = 10, .maintenance_bps = 50,
          .band_bps = 1000, .price_ticks = 130000 },
    };
    uint32_t n = 0;
    for (; n < sizeof all / sizeof *all && n < max; n++)
        ret[n] = all[n];
    return n;
}
