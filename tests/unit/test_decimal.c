#include "harness.h"
#include "words.h"

#include <string.h>

#include "bot/decimal.h"

static void check_fixed(bot_i128 v, const char *expected)
{
    char buf[BOT_DEC_TEXT_MAX];
    bot_fixed_format(v, buf);
    ck_assert_str_eq(buf, expected);
}

TEST(decimal, text_survives_unchanged)
{
    const char *const texts[] = { "0", "0.0", "0.010", "-0.5", "123456789012345678901234567890.12345678", "65000.50",
                                  "99999999999999999999999999999999999999", "0.00000000000000000000000000000000000001",
                                  "123456789012345678", "1234567890123456789", "12345678901234567.8", "123456789012345678.9" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char buf[BOT_DEC_TEXT_MAX];
        const size_t n = bot_dec_format(dec_of(texts[i]), buf);
        ck_assert_str_eq(buf, texts[i]);
        ck_assert_uint_eq(n, strlen(texts[i]));
    }
}

TEST(decimal, what_is_no_plain_number_is_refused_and_leaves_the_output)
{
    const char *const texts[] = { "", "-", ".", "5.", ".5", "+1", "1e5", "1E-8", "NaN", "inf", " 1", "1 ", "1,000", "0x10", "--1", "1.2.3",
                                  "1234567890123456789x", "12345678901234567890." };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bot_dec d = { .coef = 77, .scale = 3 };
        ck_assert_msg(bot_dec_parse(texts[i], strlen(texts[i]), &d) == BOT_ERR_MALFORMED, "'%s'", texts[i]);
        ck_assert(d.coef == 77 && d.scale == 3);
    }
    bot_dec d = { .coef = 77 };
    const char *forty = "1234567890123456789012345678901234567890";
    ck_assert_int_eq(bot_dec_parse(forty, 40, &d), BOT_ERR_OVERFLOW);
    ck_assert(d.coef == 77);
    static const char nul[] = { '0', '\0', '1' };
    ck_assert(bot_dec_parse(nul, sizeof nul, &d) == BOT_ERR_MALFORMED && d.coef == 77);
}

TEST(decimal, fixed_refuses_what_does_not_fit_exactly)
{
    bot_i128 v = 5;
    ck_assert_int_eq(bot_dec_to_fixed(dec_of("0.0000000000000000001"), &v), BOT_ERR_MALFORMED);
    ck_assert_int_eq(bot_dec_to_fixed(dec_of("999999999999999999999999"), &v), BOT_ERR_OVERFLOW);
    ck_assert(v == 5);
    check_fixed(fixed_of("0.0000000000000000010"), "0.000000000000000001");
    check_fixed(fixed_of("-170000000000000000000"), "-170000000000000000000");
    check_fixed(fixed_of("1500.250"), "1500.25");
}

TEST(decimal, compares_by_value_across_scales)
{
    ck_assert_int_eq(bot_dec_cmp(dec_of("1.0"), dec_of("1")), 0);
    ck_assert_int_eq(bot_dec_cmp(dec_of("-1.01"), dec_of("-1.001")), -1);
    ck_assert_int_eq(bot_dec_cmp(dec_of("99999999999999999999999999999999999999"), dec_of("0.00000000000000000000000000000000000001")), 1);
    ck_assert_int_eq(bot_dec_cmp(dec_of("0.1"), dec_of("-0.1")), 1);
    ck_assert_int_eq(bot_dec_cmp(dec_of("0.30"), dec_of("0.299999999999999999999999999999999")), 1);
}

TEST(decimal, products_are_exact_or_refused)
{
    bot_i128 v;
    ck_assert_int_eq(bot_dec_mul_fixed(dec_of("0.1"), dec_of("0.2"), &v), BOT_OK);
    check_fixed(v, "0.02");
    ck_assert_int_eq(bot_dec_mul_fixed(dec_of("123456789.123456789"), dec_of("-987.654321"), &v), BOT_OK);
    check_fixed(v, "-121932631234.567900112635269");
    ck_assert_int_eq(bot_dec_mul_fixed(dec_of("0.0000000001"), dec_of("0.0000000001"), &v), BOT_ERR_MALFORMED);
    ck_assert_int_eq(bot_dec_mul_fixed(dec_of("0.00000000010"), dec_of("0.10000000"), &v), BOT_OK);
    check_fixed(v, "0.00000000001");
    ck_assert_int_eq(bot_dec_mul_fixed(dec_of("100000000000"), dec_of("100000000000"), &v), BOT_ERR_OVERFLOW);
}

TEST(decimal, rounding_is_half_to_even_and_only_where_named)
{
    bot_i128 v;
    ck_assert_int_eq(bot_fixed_muldiv_half_even(1, 1, 2, &v), BOT_OK);
    ck_assert(v == 0);
    ck_assert_int_eq(bot_fixed_muldiv_half_even(3, 1, 2, &v), BOT_OK);
    ck_assert(v == 2);
    ck_assert_int_eq(bot_fixed_muldiv_half_even(-3, 1, 2, &v), BOT_OK);
    ck_assert(v == -2);
    ck_assert_int_eq(bot_fixed_muldiv_half_even(fixed_of("1000"), fixed_of("1"), fixed_of("6000"), &v), BOT_OK);
    check_fixed(v, "0.166666666666666667");
    ck_assert_int_eq(bot_fixed_muldiv_half_even(1, 1, 0, &v), BOT_ERR_INVALID);
    check_fixed(bot_fixed_round_half_even(fixed_of("2.5"), 0), "2");
    check_fixed(bot_fixed_round_half_even(fixed_of("-3.5"), 0), "-4");
    check_fixed(bot_fixed_round_half_even(fixed_of("5375.123456789"), 8), "5375.12345679");
    ck_assert_int_eq(bot_fixed_mul_exact(fixed_of("0.000000000000000003"), fixed_of("0.5"), &v), BOT_ERR_MALFORMED);
    ck_assert_int_eq(bot_fixed_mul_half_even(fixed_of("0.000000000000000003"), fixed_of("0.5"), &v), BOT_OK);
    ck_assert(v == 2);
}

TEST(decimal, the_grid_lies_below_and_above)
{
    const struct { const char *v, *step, *floor, *ceil; } rows[] = {
        { "65000.37", "0.1", "65000.3", "65000.4" }, { "65000.3", "0.1", "65000.3", "65000.3" }, { "-1.25", "0.5", "-1.5", "-1" },
        { "-1.5", "0.5", "-1.5", "-1.5" },           { "0", "0.5", "0", "0" },                   { "7.123", "0", "7.123", "7.123" },
        { "0.3", "2.5", "0", "2.5" },                { "-0.3", "2.5", "-2.5", "0" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_fixed(bot_fixed_floor(fixed_of(rows[i].v), fixed_of(rows[i].step)), rows[i].floor);
        check_fixed(bot_fixed_ceil(fixed_of(rows[i].v), fixed_of(rows[i].step)), rows[i].ceil);
    }
    const bot_i128 top = (bot_i128)(~(bot_u128)0 >> 1), bottom = -top - 1;
    ck_assert(bot_fixed_ceil(top, 1000) <= top && bot_fixed_ceil(top, 1000) > top - 1000);
    ck_assert(bot_fixed_floor(bottom, 1000) >= bottom && bot_fixed_floor(bottom, 1000) < bottom + 1000);
}

/* The wide division is checked against what it undoes: (a * b) / b == a for any a, b. */
TEST(decimal, wide_products_divide_back)
{
    test_rng rng = { 42 };
    for (int i = 0; i < 200000; i++) {
        const bot_i128 a = ((bot_i128)(test_rng_next(&rng) >> 1) << 63 | (bot_i128)test_rng_next(&rng)) >> test_rng_below(&rng, 100);
        const bot_i128 b = (((bot_i128)(test_rng_next(&rng) >> 1) << 63 | (bot_i128)test_rng_next(&rng)) >> test_rng_below(&rng, 100)) + 1;
        bot_i128 v;
        ck_assert_int_eq(bot_fixed_muldiv_half_even(a, b, b, &v), BOT_OK);
        ck_assert(v == a);
        ck_assert_int_eq(bot_fixed_muldiv_half_even(-a, b, b, &v), BOT_OK);
        ck_assert(v == -a);
    }
}

/* The schoolbook way, one bit at a time, on limbs of 32 bits: shares nothing with the library's division. */
static bool muldiv_by_bits(bot_u128 a, bot_u128 b, bot_u128 c, bot_u128 *ret)
{
    uint32_t n[8] = { 0 };
    for (int i = 0; i < 4; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < 4; j++) {
            const uint64_t t = (uint64_t)(uint32_t)(a >> (32 * i)) * (uint32_t)(b >> (32 * j)) + n[i + j] + carry;
            n[i + j] = (uint32_t)t;
            carry = t >> 32;
        }
        n[i + 4] = (uint32_t)carry;
    }
    bot_u128 r = 0, q = 0;
    for (int bit = 255; bit >= 0; bit--) {
        const bool carry = (r >> 127) != 0;
        r = (r << 1) | ((n[bit / 32] >> (bit % 32)) & 1);
        const bool one = carry || r >= c;
        if (one) r -= c;
        if (one && bit >= 128) return false;
        q = (q << 1) | one;
    }
    if (r > c - r || (r == c - r && (q & 1) != 0)) q++;
    if (q == 0 || q >> 127 != 0) return false;
    *ret = q;
    return true;
}

TEST(decimal, long_division_agrees_with_division_by_bits)
{
    test_rng rng = { 20260711 };
    unsigned compared = 0;
    for (int i = 0; i < 300000; i++) {
        bot_u128 v[3];
        for (int k = 0; k < 3; k++) {
            v[k] = ((bot_u128)test_rng_next(&rng) << 64 | test_rng_next(&rng)) >> (1 + test_rng_below(&rng, 127));
            if (test_rng_below(&rng, 4) == 0) v[k] |= (((bot_u128)1 << 63) - 1) << 64; /* runs of ones reach the rare corrections */
            if (test_rng_below(&rng, 8) == 0) v[k] = (bot_u128)1 << test_rng_below(&rng, 127);
            if (v[k] == 0) v[k] = 1;
        }
        bot_u128 expected;
        bot_i128 got = -1;
        const int r = bot_fixed_muldiv_half_even((bot_i128)v[0], (bot_i128)v[1], (bot_i128)v[2], &got);
        if (muldiv_by_bits(v[0], v[1], v[2], &expected)) {
            ck_assert_int_eq(r, BOT_OK);
            ck_assert_msg(got == (bot_i128)expected, "round %d", i);
            compared++;
        } else {
            ck_assert_msg(r == BOT_ERR_OVERFLOW || got == 0, "round %d", i);
        }
    }
    ck_assert_uint_gt(compared, 100000);
}
