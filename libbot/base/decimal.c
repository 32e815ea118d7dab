#include "bot/decimal.h"

#include <string.h>

#include "base/assert.h"
#include "base/dec_short.h"

#define DIGITS_MAX 38 /* 10^38 - 1 is the largest run of nines in 128 signed bits */

static bot_i128 pow10_128(int n)
{
    BOT_ASSERT(n >= 0 && n <= DIGITS_MAX);
    return n < 20 ? (bot_i128)dec_pow10[n] : (bot_i128)dec_pow10[19] * (bot_i128)dec_pow10[n - 19];
}

int bot_dec_parse(const char *text, size_t len, bot_dec *ret_dec)
{
    const char *p = text, *end = text + len;
    const bool negative = p != end && *p == '-';
    p += negative;

    /* Eighteen digits fit 64 bits: nearly every number of a venue stays in the first loop, which counts nothing. */
    const char *const first = p, *const stop = end - p > 18 ? p + 18 : end, *dot = NULL;
    uint64_t small = 0;
    for (; p != stop; p++) {
        const unsigned d = (unsigned char)*p - '0';
        if (d <= 9)
            small = small * 10 + d;
        else if (*p == '.' && dot == NULL)
            dot = p;
        else
            return BOT_ERR_MALFORMED;
    }
    int digits = (int)(p - first) - (dot != NULL), point = dot != NULL ? (int)(dot - first) : -1;
    bot_i128 coef = (bot_i128)small;
    for (; p != end; p++) {
        const unsigned d = (unsigned char)*p - '0';
        if (d <= 9) {
            if (coef >= pow10_128(DIGITS_MAX - 1) || digits - (point < 0 ? digits : point) >= DIGITS_MAX)
                return BOT_ERR_OVERFLOW;
            digits++;
            coef = coef * 10 + (int)d;
        } else if (*p == '.' && point < 0) {
            point = digits;
        } else {
            return BOT_ERR_MALFORMED;
        }
    }
    /* ".5", "5." and "." are no numbers in JSON and none here. */
    if (digits == 0 || point == 0 || point == digits)
        return BOT_ERR_MALFORMED;
    ret_dec->coef = negative ? -coef : coef;
    ret_dec->scale = point < 0 ? 0 : digits - point;
    return BOT_OK;
}

static size_t format_digits(bot_u128 v, char *end)
{
    char *p = end;
    while (v > UINT64_MAX) {
        uint64_t low = (uint64_t)(v % dec_pow10[19]);
        v /= dec_pow10[19];
        for (int i = 0; i < 19; i++, low /= 10)
            *--p = (char)('0' + low % 10);
    }
    uint64_t w = (uint64_t)v;
    do {
        *--p = (char)('0' + w % 10);
        w /= 10;
    } while (w != 0);
    return (size_t)(end - p);
}

size_t bot_dec_format(bot_dec dec, char *buf)
{
    BOT_ASSERT(dec.scale >= 0 && dec.scale <= DIGITS_MAX);
    char digits[48];
    char *end = digits + sizeof digits;
    const bot_u128 magnitude = dec.coef < 0 ? -(bot_u128)dec.coef : (bot_u128)dec.coef;
    size_t n = format_digits(magnitude, end), len = 0;
    while (n <= (size_t)dec.scale) { /* at least one digit before the point */
        n++;
        *(end - n) = '0';
    }
    if (dec.coef < 0)
        buf[len++] = '-';
    const size_t whole = n - (size_t)dec.scale;
    memcpy(buf + len, end - n, whole);
    len += whole;
    if (dec.scale > 0) {
        buf[len++] = '.';
        memcpy(buf + len, end - dec.scale, (size_t)dec.scale);
        len += (size_t)dec.scale;
    }
    buf[len] = '\0';
    return len;
}

int bot_dec_to_fixed(bot_dec dec, bot_i128 *ret_v)
{
    BOT_ASSERT(dec.scale >= 0 && dec.scale <= DIGITS_MAX);
    if (dec_short_to_fixed(&dec, ret_v))
        return BOT_OK;
    if (dec.scale <= BOT_FIXED_DIGITS) {
        bot_i128 v;
        if (__builtin_mul_overflow(dec.coef, (bot_i128)dec_pow10[BOT_FIXED_DIGITS - dec.scale], &v))
            return BOT_ERR_OVERFLOW;
        *ret_v = v;
        return BOT_OK;
    }
    const bot_i128 unit = pow10_128(dec.scale - BOT_FIXED_DIGITS);
    if (dec.coef % unit != 0)
        return BOT_ERR_MALFORMED;
    *ret_v = dec.coef / unit;
    return BOT_OK;
}

bot_dec bot_dec_from_fixed(bot_i128 v)
{
    bot_dec dec = { .coef = v, .scale = BOT_FIXED_DIGITS };
    if (v == 0)
        return (bot_dec){ 0 };
    while (dec.scale >= 9 && dec.coef % 1000000000 == 0) {
        dec.coef /= 1000000000;
        dec.scale -= 9;
    }
    while (dec.scale > 0 && dec.coef != (int64_t)dec.coef && dec.coef % 10 == 0) {
        dec.coef /= 10;
        dec.scale--;
    }
    if (dec.coef != (int64_t)dec.coef)
        return dec;
    int64_t coef = (int64_t)dec.coef; /* the rest of nearly every number: without a call for each division */
    while (dec.scale > 0 && coef % 10 == 0) {
        coef /= 10;
        dec.scale--;
    }
    dec.coef = coef;
    return dec;
}

size_t bot_fixed_format(bot_i128 v, char *buf) { return bot_dec_format(bot_dec_from_fixed(v), buf); }

int bot_fixed_parse(const char *text, size_t len, bot_i128 *ret_v)
{
    bot_dec dec;
    int r = bot_dec_parse(text, len, &dec);
    return r < 0 ? r : bot_dec_to_fixed(dec, ret_v);
}

int bot_dec_cmp(bot_dec a, bot_dec b)
{
    const int sa = bot_dec_sign(a), sb = bot_dec_sign(b);
    if (sa != sb)
        return sa < sb ? -1 : 1;
    if (a.scale == b.scale)
        return (a.coef > b.coef) - (a.coef < b.coef);
    /* Whole parts first, then the fractions brought to one scale: no product can overflow. */
    const bot_i128 ua = pow10_128(a.scale), ub = pow10_128(b.scale);
    const bot_i128 wa = a.coef / ua, wb = b.coef / ub;
    if (wa != wb)
        return wa < wb ? -1 : 1;
    bot_i128 fa = a.coef % ua, fb = b.coef % ub;
    if (a.scale < b.scale) fa *= pow10_128(b.scale - a.scale);
    else fb *= pow10_128(a.scale - b.scale);
    return (fa > fb) - (fa < fb);
}

/* 256-bit magnitude, just wide enough for a product of two 128-bit numbers. */
struct u256 {
    bot_u128 hi, lo;
};

static bot_u128 magnitude_of(bot_i128 v) { return v < 0 ? -(bot_u128)v : (bot_u128)v; }

static struct u256 mul_wide(bot_u128 a, bot_u128 b)
{
    const uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64), b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    const bot_u128 p00 = (bot_u128)a0 * b0, p01 = (bot_u128)a0 * b1, p10 = (bot_u128)a1 * b0, p11 = (bot_u128)a1 * b1;
    const bot_u128 middle = (p00 >> 64) + (uint64_t)p01 + (uint64_t)p10;
    return (struct u256){ .hi = p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64), .lo = (middle << 64) | (uint64_t)p00 };
}

/* One digit of a long division in base 2^64: floor((*r * 2^64 + next) / d) for *r < d and the top bit of d set; *r becomes
 * the remainder. The guess from the leading digits is at most two too large (Knuth, TAOCP 4.3.1, theorem B). */
static uint64_t div_digit(bot_u128 *r, uint64_t next, bot_u128 d)
{
    const uint64_t d1 = (uint64_t)(d >> 64), d0 = (uint64_t)d;
    uint64_t q = (uint64_t)(*r >> 64) >= d1 ? UINT64_MAX : (uint64_t)(*r / d1);
    bot_u128 rest = *r - (bot_u128)q * d1;
    while (rest <= UINT64_MAX && (bot_u128)q * d0 > ((rest << 64) | next)) {
        q--;
        rest += d1;
    }
    *r = ((rest << 64) | next) - (bot_u128)q * d0;
    return q;
}

/* n / d by long division. false when the quotient does not fit 128 bits. */
static bool div_wide(struct u256 n, bot_u128 d, bot_u128 *ret_q, bot_u128 *ret_r)
{
    if (n.hi == 0) {
        *ret_q = n.lo / d;
        *ret_r = n.lo % d;
        return true;
    }
    if (n.hi >= d)
        return false;
    const uint64_t d1 = (uint64_t)(d >> 64);
    const int shift = d1 != 0 ? __builtin_clzll(d1) : 64 + __builtin_clzll((uint64_t)d);
    d <<= shift;
    bot_u128 r = shift == 0 ? n.hi : (n.hi << shift) | (n.lo >> (128 - shift));
    const bot_u128 low = n.lo << shift;
    const uint64_t q1 = div_digit(&r, (uint64_t)(low >> 64), d);
    const uint64_t q0 = div_digit(&r, (uint64_t)low, d);
    *ret_q = ((bot_u128)q1 << 64) | q0;
    *ret_r = r >> shift;
    return true;
}

enum rounding { ROUND_EXACT, ROUND_HALF_EVEN };

static int muldiv(bot_i128 a, bot_i128 b, bot_i128 c, enum rounding rounding, bot_i128 *ret_v)
{
    if (c == 0)
        return BOT_ERR_INVALID;
    const bool negative = ((a < 0) != (b < 0)) != (c < 0);
    const bot_u128 ua = magnitude_of(a), ub = magnitude_of(b), d = magnitude_of(c);
    bot_u128 q, r;
    if ((ua | ub) >> 64 == 0) {
        const bot_u128 n = (bot_u128)(uint64_t)ua * (uint64_t)ub;
        q = n / d;
        r = n % d;
    } else if (!div_wide(mul_wide(ua, ub), d, &q, &r)) {
        return BOT_ERR_OVERFLOW;
    }
    if (r != 0) {
        if (rounding == ROUND_EXACT)
            return BOT_ERR_MALFORMED;
        const bot_u128 rest = d - r;
        if (r > rest || (r == rest && (q & 1) != 0))
            q++;
    }
    if (q > ((bot_u128)1 << 127) - 1)
        return BOT_ERR_OVERFLOW;
    *ret_v = negative ? -(bot_i128)q : (bot_i128)q;
    return BOT_OK;
}

int bot_dec_mul_fixed(bot_dec a, bot_dec b, bot_i128 *ret_v)
{
    BOT_ASSERT(a.scale >= 0 && a.scale <= DIGITS_MAX);
    BOT_ASSERT(b.scale >= 0 && b.scale <= DIGITS_MAX);
    if (dec_short_mul_fixed(&a, &b, ret_v))
        return BOT_OK;
    bot_i128 product;
    const int scale = a.scale + b.scale;
    if (scale <= BOT_FIXED_DIGITS && !__builtin_mul_overflow(a.coef, b.coef, &product)) {
        if (__builtin_mul_overflow(product, (bot_i128)dec_pow10[BOT_FIXED_DIGITS - scale], &product))
            return BOT_ERR_OVERFLOW;
        *ret_v = product;
        return BOT_OK;
    }
    bot_i128 fa, fb;
    int r = bot_dec_to_fixed(a, &fa);
    if (r == BOT_OK)
        r = bot_dec_to_fixed(b, &fb);
    return r < 0 ? r : bot_fixed_mul_exact(fa, fb, ret_v);
}

/* 5^-18 mod 2^128: what is a multiple of 5^18 is divided by it with a multiplication. */
#define FIVE_18_INVERSE ((bot_u128)UINT64_C(0xe0e1ba569b88cd74) << 64 | UINT64_C(0xc1773b91fac10669))

/* a * b / 10^18 where it comes out even, without a division. False: it does not, or does not fit. */
static bool mul_exact(bot_i128 a, bot_i128 b, bot_i128 *ret_v)
{
    const struct u256 n = mul_wide(magnitude_of(a), magnitude_of(b));
    const bot_u128 q = (n.hi << 110 | n.lo >> 18) * FIVE_18_INVERSE;
    const struct u256 back = mul_wide(q, dec_pow10[BOT_FIXED_DIGITS]);
    if (back.hi != n.hi || back.lo != n.lo || q >> 127 != 0)
        return false;
    *ret_v = (a < 0) != (b < 0) ? -(bot_i128)q : (bot_i128)q;
    return true;
}

int bot_fixed_mul_exact(bot_i128 a, bot_i128 b, bot_i128 *ret_v)
{
    if (mul_exact(a, b, ret_v))
        return BOT_OK;
    return muldiv(a, b, (bot_i128)dec_pow10[BOT_FIXED_DIGITS], ROUND_EXACT, ret_v);
}

int bot_fixed_mul_half_even(bot_i128 a, bot_i128 b, bot_i128 *ret_v)
{
    return muldiv(a, b, (bot_i128)dec_pow10[BOT_FIXED_DIGITS], ROUND_HALF_EVEN, ret_v);
}

int bot_fixed_muldiv_half_even(bot_i128 a, bot_i128 b, bot_i128 c, bot_i128 *ret_v)
{
    return muldiv(a, b, c, ROUND_HALF_EVEN, ret_v);
}

bot_i128 bot_fixed_round_half_even(bot_i128 v, int digits)
{
    BOT_ASSERT(digits >= 0 && digits <= BOT_FIXED_DIGITS);
    const bot_i128 unit = (bot_i128)dec_pow10[BOT_FIXED_DIGITS - digits];
    const bot_u128 m = magnitude_of(v);
    bot_u128 q = m / (bot_u128)unit;
    const bot_u128 r = m % (bot_u128)unit, rest = (bot_u128)unit - r;
    if (r > rest || (r == rest && (q & 1) != 0))
        q++;
    const bot_i128 rounded = (bot_i128)(q * (bot_u128)unit);
    return v < 0 ? -rounded : rounded;
}
