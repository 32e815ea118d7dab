#include "harness.h"

#include <string.h>

#include "base/json.h"

/* The portable path, compiled beside the one in the library. */
#define BOT_JSON_PORTABLE 1
#define bot__json_init portable_init
#define bot__json_fail portable_fail
#define bot__json_peek portable_peek
#define bot__json_object portable_object
#define bot__json_array portable_array
#define bot__json_key portable_key
#define bot__json_item portable_item
#define bot__json_string portable_string
#define bot__json_member portable_member
#define bot__json_number portable_number
#define bot__json_text portable_text
#define bot__json_bool portable_bool
#define bot__json_skip portable_skip
#define bot__json_raw portable_raw
#define bot__json_end portable_end
#define bot__json_offset portable_offset
#define bot__json_unescape portable_unescape
#define bot__json_dec portable_dec
#define bot__json_i64 portable_i64
#define bot__json_id portable_id
#define bot__json_symbol portable_symbol
#define bot__json_currency portable_currency
#define bot__id_set portable_id_set
#define bot__symbol_set portable_symbol_set
#define bot__currency_set portable_currency_set
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "base/json.c"
#pragma GCC diagnostic pop
#undef bot__json_init
#undef bot__json_skip
#undef bot__json_end
#undef bot__json_offset
#undef bot__json_object
#undef bot__json_key
#undef bot__json_array
#undef bot__json_item
#undef bot__json_string
#undef bot__json_member
#undef bot__json_dec
#undef bot__json_i64
#undef bot__json_bool
#undef bot__json_raw
#undef bot__json_unescape
#undef bot__json_id
void bot__json_init(struct json *j, const char *text, size_t len);
void bot__json_skip(struct json *j);
int bot__json_end(struct json *j);
size_t bot__json_offset(const struct json *j);
bool bot__json_object(struct json *j);
bool bot__json_array(struct json *j);
bool bot__json_key(struct json *j, struct slice *ret_key);
bool bot__json_item(struct json *j);
struct slice bot__json_string(struct json *j);
struct slice bot__json_raw(struct json *j);
bool bot__json_dec(struct json *j, bot_dec *ret);
bool bot__json_i64(struct json *j, int64_t *ret);
bool bot__json_bool(struct json *j);
bool bot__json_id(struct json *j, bot_id *ret);
int bot__json_unescape(struct slice s, char *buf, size_t buf_size);

static int verdict(const char *text, size_t len)
{
    struct json j;
    bot__json_init(&j, text, len);
    bot__json_skip(&j);
    return bot__json_end(&j);
}

static int portable_verdict(const char *text, size_t len, size_t *ret_offset)
{
    struct json j;
    portable_init(&j, text, len);
    portable_skip(&j);
    const int r = portable_end(&j);
    *ret_offset = portable_offset(&j);
    return r;
}

TEST(json, accepts_what_rfc_8259_accepts)
{
    const char *const good[] = { "{}", "[]", " [ ] ", "0", "-0", "1.5e+10", "\"\"", "\"a\\u00e9\\n\\ud83d\\ude00\"", "true", "null",
                                 "{\"a\":{\"b\":[1,2,{\"c\":null}]},\"d\":\"\xc3\xa9\xf0\x9f\x98\x80\"}", "[[[[[[[[]]]]]]]]",
                                 "[1,\n2\t,\r3]", "\"0123456789abcdef0123456789\xe2\x82\xac abcdef0123456789\"" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(verdict(good[i], strlen(good[i])) == BOT_OK, "%s", good[i]);
}

TEST(json, refuses_what_it_refuses)
{
    const char *const bad[] = { "", " ", "{", "[1,]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1 2]", "01", "-", "1.", ".5", "+1", "1e",
                                "NaN", "Infinity", "'a'", "\"\t\"", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
                                "\"\xf5\x80\x80\x80\"", "\"\xff\"", "\"abc", "tru", "nulll", "{}{}", "[]x", "{a:1}", "[1}", "{\"a\":1]",
                                "\xef\xbb\xbf{}", "{\"a\":1 \"b\":2}", "// c\n1", "\"\\u12g4\"", "[,1]" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(verdict(bad[i], strlen(bad[i])) < 0, "%s", bad[i]);
    ck_assert_int_lt(verdict("\"a\0b\"", 5), 0);
    char deep[200];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    ck_assert_int_eq(verdict(deep, 200), BOT_ERR_TOO_DEEP);
    ck_assert_int_eq(verdict("{\"a\":[1,2", 9), BOT_ERR_TRUNCATED);
}

TEST(json, numbers_keep_their_text_and_escapes_are_decoded_on_demand)
{
    const char *text = "{\"q\":\"0.010\",\"n\":9007199254740993,\"s\":\"a\\\"\\u20ac\\ud83d\\ude00\",\"ok\":false,\"raw\": {\"x\":[1]} }";
    struct json j;
    bot__json_init(&j, text, strlen(text));
    struct slice key, s = { 0 }, raw = { 0 };
    bot_dec q = { 0 };
    int64_t n = 0;
    bool ok = true;
    ck_assert(bot__json_object(&j));
    while (bot__json_key(&j, &key)) {
        if (slice_is(key, "q")) bot__json_dec(&j, &q);
        else if (slice_is(key, "n")) bot__json_i64(&j, &n);
        else if (slice_is(key, "s")) { s = bot__json_string(&j); ck_assert(j.escaped); }
        else if (slice_is(key, "ok")) ok = bot__json_bool(&j);
        else raw = bot__json_raw(&j);
    }
    ck_assert_int_eq(bot__json_end(&j), BOT_OK);
    ck_assert(q.coef == 10 && q.scale == 3);
    ck_assert_int_eq(n, 9007199254740993);
    ck_assert(!ok);
    ck_assert(slice_is(raw, "{\"x\":[1]}"));
    char buf[32];
    const int len = bot__json_unescape(s, buf, sizeof buf);
    ck_assert_int_eq(len, 9);
    ck_assert_mem_eq(buf, "a\"\xe2\x82\xac\xf0\x9f\x98\x80", 9);
    ck_assert_int_eq(bot__json_unescape(s, buf, 4), BOT_ERR_OVERFLOW);
}

TEST(json, errors_stick_and_values_that_do_not_fit_fail)
{
    struct json j;
    bot_id id;
    const char *longer = "[\"0123456789012345678901234567890123456789012345678\",1]";
    bot__json_init(&j, longer, strlen(longer));
    ck_assert(bot__json_array(&j) && bot__json_item(&j));
    ck_assert(!bot__json_id(&j, &id));
    ck_assert_int_eq(j.err, BOT_ERR_OVERFLOW);
    ck_assert(!bot__json_item(&j));
    ck_assert_int_eq(bot__json_end(&j), BOT_ERR_OVERFLOW);
    int64_t n = 7;
    bot__json_init(&j, "99999999999999999999", 20);
    ck_assert(!bot__json_i64(&j, &n));
    ck_assert_int_eq(n, 7);
}

TEST(json, portable_and_vector_paths_agree_on_mutated_messages)
{
    const char *seed_text = "{\"topic\":\"execution\",\"data\":[{\"symbol\":\"BTCUSDT\",\"execPrice\":\"95900.1\",\"s\":\"\xe2\x82\xac\\u00e9\\\\\",\"n\":-1.5e3,"
                            "\"isMaker\":false,\"x\":null,\"long\":\"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\"}]}";
    const size_t len = strlen(seed_text);
    test_rng rng = { 7 };
    char buf[512];
    int accepted = 0;
    for (int i = 0; i < 300000; i++) {
        memcpy(buf, seed_text, len);
        size_t n = len;
        for (unsigned k = (unsigned)test_rng_below(&rng, 4); k > 0; k--)
            buf[test_rng_below(&rng, n)] = (char)test_rng_next(&rng);
        if (test_rng_below(&rng, 8) == 0)
            n = (size_t)test_rng_below(&rng, len);
        struct json j;
        bot__json_init(&j, buf, n);
        bot__json_skip(&j);
        const int a = bot__json_end(&j);
        size_t offset;
        const int b = portable_verdict(buf, n, &offset);
        ck_assert_msg(a == b && bot__json_offset(&j) == offset, "paths differ: %d at %zu, %d at %zu: %.*s", a, bot__json_offset(&j), b, offset, (int)n, buf);
        accepted += a == BOT_OK;
    }
    ck_assert_int_gt(accepted, 1000);
}

TEST(json, writer_escapes_and_reports_overflow)
{
    char buf[128];
    struct json_out o;
    bot__jo_init(&o, buf, sizeof buf);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "a", "x\"\\\n\xff\xc3\xa9");
    bot__jo_array(&o, "b");
    bot__jo_i64(&o, NULL, INT64_MIN);
    bot__jo_dec(&o, NULL, (bot_dec){ 10, 3 });
    bot__jo_array_end(&o);
    bot__jo_bool(&o, "c", true);
    bot__jo_object_end(&o);
    ck_assert_int_gt(bot__jo_end(&o), 0);
    ck_assert_str_eq(buf, "{\"a\":\"x\\\"\\\\\\u000a\xef\xbf\xbd\xc3\xa9\",\"b\":[-9223372036854775808,\"0.010\"],\"c\":true}");
    ck_assert_int_eq(verdict(buf, strlen(buf)), BOT_OK);
    bot__jo_init(&o, buf, 8);
    bot__jo_str(&o, NULL, "0123456789");
    ck_assert_int_eq(bot__jo_end(&o), BOT_ERR_FULL);
}
