/* The target of fuzz_json.c on texts of our own, as they are and changed at random. FUZZ_SEEDS=DIR writes them there instead. */
#include "replay.h"

static const char *const seeds[] = {
    "{\"topic\":\"execution\",\"data\":[{\"symbol\":\"BTCUSDT\",\"p\":\"95900.1\",\"n\":-15.25e-3,\"b\":[true,false,null],\"o\":{}}]}",
    "[1,2,[3,[4,{\"a\":\"b\\\"c\\\\d\\u0041\\ud83d\\ude00\"}]],\"\",{\"x\":{\"y\":[[],{}]}}]",
    "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", " { } ", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "-0.0E+10",
    "{\"a\":1,\"a\":2}", "[1,]", "{\"a\" 1}", "nul", "\"\\ud800\"", "01", "",
};

TEST(fuzz_json, seeds_and_their_changes_break_nothing)
{
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
        replay((const uint8_t *)seeds[i], strlen(seeds[i]), "json", (unsigned)i, 20000);
}
