/* The book fuzz target as a plain test: pieces of recordings, whole and with bytes changed by a fixed seed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "venue/venue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t number_of(const char *venue)
{
    for (uint32_t i = 0; bot__venue_at(i) != NULL; i++)
        if (strcmp(bot__venue_at(i)->name, venue) == 0) return (uint8_t)i;
    ck_abort_msg("no venue %s", venue);
}

TEST(fuzz_book, broken_recordings_leave_whole_books)
{
    static const struct { const char *venue, *file; } files[] = {
        { "binance-usdm", "data/market/binance/usdm_btcusdt_20220811.raw.gz" },
        { "binance-usdm", "data/market/binance/spot_ethusdt_20240808.raw.gz" },
        { "bybit", "data/market/books/bybit_v5_ob500_xrpusdt_20241201.jsonl.gz" },
        { "okx", "data/market/books/okx_20220513.cryptofeed.jsonl.gz" },
        { "bitflyer", "data/market/books/bitflyer_20210405.cryptofeed.raw.gz" },
    };
    static const char alphabet[] = "{}[]\",:.-0159abuU\\\n \t<>";
    test_rng rng = { 20260806 };
    uint8_t *input = malloc(1 << 17);
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        size_t len;
        char *text = test_read_gz(test_shared(files[k].file), &len);
        for (int round = 0; round < 120; round++) {
            size_t n = 1 + (size_t)test_rng_below(&rng, (1 << 17) - 2);
            const size_t at = (size_t)test_rng_below(&rng, len - (len > n ? n : len - 1));
            if (n > len - at) n = len - at;
            input[0] = number_of(files[k].venue);
            memcpy(input + 1, text + at, n);
            const unsigned changes = (unsigned)test_rng_below(&rng, 40);
            for (unsigned i = 0; i < changes; i++)
                input[1 + test_rng_below(&rng, n)] = (uint8_t)alphabet[test_rng_below(&rng, sizeof alphabet - 1)];
            LLVMFuzzerTestOneInput(input, n + 1);
        }
        free(text);
    }
    free(input);
}
