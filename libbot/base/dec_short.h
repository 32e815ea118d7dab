/* base/dec_short.h: decimals as venues write them, short ones, without a call: for the paths that every fill takes. Each gives up
 * (false, *ret as it was) on what does not fit 64 bits, which is left to bot/decimal.h's functions. */
#ifndef BOT_BASE_DEC_SHORT_H
#define BOT_BASE_DEC_SHORT_H

#include <stdint.h>

#include "bot/decimal.h"
#include "bot/err.h"

static const uint64_t dec_pow10[20] = {
    1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u, 100000000000u,
    1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u, 10000000000000000u, 100000000000000000u,
    1000000000000000000u, 10000000000000000000u,
};

/* bot_dec_to_fixed: 64 bits times 10^18 fit 128, so that nearly every number of a venue takes one multiplication. */
static inline bool dec_short_to_fixed(const bot_dec *dec, bot_i128 *ret_v)
{
    if ((uint32_t)dec->scale > BOT_FIXED_DIGITS || dec->coef != (int64_t)dec->coef)
        return false;
    *ret_v = (bot_i128)(int64_t)dec->coef * (int64_t)dec_pow10[BOT_FIXED_DIGITS - dec->scale];
    return true;
}

/* bot_dec_mul_fixed, of a product that fits 64 bits as well. */
static inline bool dec_short_mul_fixed(const bot_dec *a, const bot_dec *b, bot_i128 *ret_v)
{
    int64_t product;
    if ((uint32_t)a->scale > BOT_FIXED_DIGITS || (uint32_t)b->scale > BOT_FIXED_DIGITS || a->scale + b->scale > BOT_FIXED_DIGITS ||
        a->coef != (int64_t)a->coef || b->coef != (int64_t)b->coef || __builtin_mul_overflow((int64_t)a->coef, (int64_t)b->coef, &product))
        return false;
    *ret_v = (bot_i128)product * (int64_t)dec_pow10[BOT_FIXED_DIGITS - a->scale - b->scale];
    return true;
}

static inline int dec_to_fixed(const bot_dec *dec, bot_i128 *ret_v)
{
    return dec_short_to_fixed(dec, ret_v) ? BOT_OK : bot_dec_to_fixed(*dec, ret_v);
}
static inline int dec_mul_fixed(const bot_dec *a, const bot_dec *b, bot_i128 *ret_v)
{
    return dec_short_mul_fixed(a, b, ret_v) ? BOT_OK : bot_dec_mul_fixed(*a, *b, ret_v);
}

#endif
