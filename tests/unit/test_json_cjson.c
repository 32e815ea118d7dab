/* The strict reader against cJSON on broken and unbroken texts. cJSON is laxer in known ways; outside of them the two say
 * the same, and nothing that cJSON refuses is accepted here. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "harness.h"

static int ours(const char *text, size_t len)
{
    struct json j;
    bot__json_init(&j, text, len);
    bot__json_skip(&j);
    return bot__json_end(&j);
}

/* Whole text, nothing but space behind. */
static bool theirs(const char *text, size_t len)
{
    const char *end = NULL;
    cJSON *doc = cJSON_ParseWithLengthOpts(text, len, &end, 0);
    if (doc == NULL)
        return false;
    cJSON_Delete(doc);
    for (; end != text + len; end++)
        if (*end != ' ' && *end != '\n' && *end != '\r' && *end != '\t')
            return false;
    return true;
}

/* What cJSON lets through: numbers as strtod takes them, control characters and bytes of any kind in strings, control
 * characters as space, a byte order mark. Texts that hold none of it must be judged alike. */
static bool lax(const char *text, size_t len)
{
    bool number = false;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c >= 0x7f)
            return true;
        if (c == '\\' && i + 5 < len && text[i + 1] == 'u' && strspn(text + i + 2, "0123456789abcdefABCDEF") < 4)
            return true; /* bad digits of an escape read as zero */
        const bool part = strchr("0123456789+-.eE", c) != NULL;
        if (part && !number) {
            size_t n = 0;
            while (i + n < len && strchr("0123456789+-.eE", text[i + n]) != NULL && text[i + n] != '\0')
                n++;
            if (ours(text + i, n) != BOT_OK) /* "01", "5.", "1e", "1-2" */
                return true;
        }
        number = part;
    }
    return false;
}

TEST(json_cjson, accepts_nothing_that_cjson_refuses_and_refuses_only_its_known_laxness)
{
    static const char *const seeds[] = {
        "{\"topic\":\"execution\",\"data\":[{\"symbol\":\"BTCUSDT\",\"p\":\"95900.1\",\"n\":-15.25,\"b\":[true,false,null],\"o\":{}}]}",
        "[1,2,[3,[4,{\"a\":\"b\\\"c\\\\d\\u0041\"}]],\"\",{\"x\":{\"y\":[[],{}]}}]",
        "{ \"a\" : [ 1 , 2 ] , \"b\" : \"0123456789012345678901234567890123456789\" }",
    };
    static const char alphabet[] = "{}[]\":,\\ 0129-.eEtruefalsn/ab";
    test_rng rng = { 11 };
    int both = 0, neither = 0, known = 0;
    for (int i = 0; i < 400000; i++) {
        const char *seed = seeds[test_rng_below(&rng, 3)];
        char text[256];
        size_t len = strlen(seed);
        memcpy(text, seed, len + 1);
        for (unsigned k = (unsigned)test_rng_below(&rng, 4); k > 0; k--) {
            const size_t at = (size_t)test_rng_below(&rng, len);
            if (test_rng_below(&rng, 3) == 0 && len > 4)
                memmove(text + at, text + at + 1, len-- - at);
            else
                text[at] = alphabet[test_rng_below(&rng, sizeof alphabet - 1)];
        }
        const bool a = ours(text, len) == BOT_OK, b = theirs(text, len);
        ck_assert_msg(!a || b, "accepted what cJSON refuses: %.*s", (int)len, text);
        if (!a && b) {
            ck_assert_msg(lax(text, len), "refused for no known reason: %.*s", (int)len, text);
            known++;
        }
        both += a && b;
        neither += !a && !b;
    }
    ck_assert_int_gt(both, 50000);
    ck_assert_int_gt(neither, 50000);
    ck_assert_int_gt(known, 100);
}
