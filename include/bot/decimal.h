/* bot/decimal.h: exact decimal numbers. No double anywhere. Any thread; no allocation. */
#ifndef BOT_DECIMAL_H
#define BOT_DECIMAL_H

#include "err.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BOT_DEC_TEXT_MAX 48 /* bytes that the longest bot_dec or fixed number needs, NUL included */

/**
 * Reads a decimal number from text: an optional "-", digits, optionally "." and digits. No sign "+", no exponent, no
 * spaces, no separators, no NaN or infinity; at most 38 significant and 38 fractional
 * digits. "-0" reads as 0.
 * Fractional digits are kept as written: "0.010" is 10 * 10^-3.
 *
 * Returns BOT_OK, or leaving *ret_dec as it was BOT_ERR_MALFORMED or BOT_ERR_OVERFLOW (more digits than that).
 */
BOT_API int bot_dec_parse(const char *text, size_t len, bot_dec *ret_dec);

/* Writes the number as it was read, NUL-terminated. buf holds BOT_DEC_TEXT_MAX bytes. Returns the length. */
BOT_API size_t bot_dec_format(bot_dec dec, char *buf);

/* dec as fixed point with 18 fractional digits. BOT_ERR_MALFORMED when non-zero digits stand behind the 18th,
 * BOT_ERR_OVERFLOW when it does not fit 128 bits. *ret_v is written on success only. */
BOT_API int bot_dec_to_fixed(bot_dec dec, bot_i128 *ret_v);

/* Fixed point as a decimal, trailing fractional zeros dropped: 1500000000000000000 -> 15 * 10^-1. */
BOT_API bot_dec bot_dec_from_fixed(bot_i128 v);

/* Text of a fixed-point number without trailing fractional zeros ("1.5", "-0.001", "0"). Returns the length. */
BOT_API size_t bot_fixed_format(bot_i128 v, char *buf);

/* Text -> fixed point: bot_dec_parse and bot_dec_to_fixed in one. */
BOT_API int bot_fixed_parse(const char *text, size_t len, bot_i128 *ret_v);

/* -1, 0, 1: a < b, a == b, a > b by value ("1.0" equals "1"). Exact for every pair. */
BOT_API int bot_dec_cmp(bot_dec a, bot_dec b);

static inline bool bot_dec_is_zero(bot_dec d) { return d.coef == 0; }
static inline int bot_dec_sign(bot_dec d) { return (d.coef > 0) - (d.coef < 0); }
static inline bot_dec bot_dec_neg(bot_dec d) { d.coef = -d.coef; return d; }

/* a * b exact in fixed point, of two decimals. BOT_ERR_MALFORMED when it needs more than 18 fractional digits,
 * BOT_ERR_OVERFLOW when it does not fit. */
BOT_API int bot_dec_mul_fixed(bot_dec a, bot_dec b, bot_i128 *ret_v);

/* a + b, a - b on fixed-point values; false on overflow, *ret untouched then. */
static inline bool bot_fixed_add(bot_i128 a, bot_i128 b, bot_i128 *ret)
{
    bot_i128 v;
    if (__builtin_add_overflow(a, b, &v)) return false;
    *ret = v;
    return true;
}
static inline bool bot_fixed_sub(bot_i128 a, bot_i128 b, bot_i128 *ret)
{
    bot_i128 v;
    if (__builtin_sub_overflow(a, b, &v)) return false;
    *ret = v;
    return true;
}

/* a * b / 10^18 on fixed-point values through 256 bits. _exact refuses a remainder (BOT_ERR_MALFORMED); _half_even
 * rounds the 18th digit half to even. BOT_ERR_OVERFLOW when the result does not fit. */
BOT_API int bot_fixed_mul_exact(bot_i128 a, bot_i128 b, bot_i128 *ret_v);
BOT_API int bot_fixed_mul_half_even(bot_i128 a, bot_i128 b, bot_i128 *ret_v);
/* a * b / c through 256 bits, rounded half to even at the unit of the result. c == 0 is BOT_ERR_INVALID. */
BOT_API int bot_fixed_muldiv_half_even(bot_i128 a, bot_i128 b, bot_i128 c, bot_i128 *ret_v);
/* v rounded half to even to `digits` (0..18) fractional digits. */
BOT_API bot_i128 bot_fixed_round_half_even(bot_i128 v, int digits);

/* v on the grid of step, down (towards minus infinity) or up: a bid's price down, an ask's up. step > 0, or v comes back as it is
 * (a tick of 0 is "any price"). Up within a step of the type's end stays down. */
static inline bot_i128 bot_fixed_floor(bot_i128 v, bot_i128 step)
{
    if (step <= 0) return v;
    const bot_i128 over = v % step, low = v - over; /* towards zero */
    bot_i128 down;
    return over < 0 && !__builtin_sub_overflow(low, step, &down) ? down : low;
}
static inline bot_i128 bot_fixed_ceil(bot_i128 v, bot_i128 step)
{
    if (step <= 0) return v;
    const bot_i128 over = v % step, low = v - over;
    bot_i128 up;
    return over > 0 && !__builtin_add_overflow(low, step, &up) ? up : low;
}

#ifdef __cplusplus
}
#endif
#endif
