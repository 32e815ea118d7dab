/* tests/fuzz/replay.h: a seed through its target as it is and changed at random; or, with FUZZ_SEEDS=DIR, into a file for libFuzzer. */
#ifndef TESTS_FUZZ_REPLAY_H
#define TESTS_FUZZ_REPLAY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline bool replay_kept(const uint8_t *seed, size_t len, const char *target, unsigned number)
{
    const char *dir = getenv("FUZZ_SEEDS");
    if (dir == NULL) return false;
    char path[4200];
    snprintf(path, sizeof path, "%s/%s-%u", dir, target, number);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(seed, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    return true;
}

/* Bytes flipped, swapped for ones that mean something, cut out and doubled. */
static inline void replay(const uint8_t *seed, size_t len, const char *target, unsigned number, unsigned rounds)
{
    static const char telling[] = "{}[]\",:\\/*.-+eE0159tfnu \n\t\r\x00\xff\xc3";
    if (replay_kept(seed, len, target, number)) return;
    test_rng rng = { number + 1 };
    uint8_t *bytes = malloc(2 * len + 64);
    ck_assert_ptr_nonnull(bytes);
    for (unsigned round = 0; round < rounds; round++) {
        size_t n = len;
        memcpy(bytes, seed, len);
        for (unsigned k = round == 0 ? 0 : 1 + (unsigned)test_rng_below(&rng, 3); k > 0 && n > 2; k--) {
            const size_t at = (size_t)test_rng_below(&rng, n), span = 1 + (size_t)test_rng_below(&rng, n - at < 40 ? n - at : 40);
            switch (test_rng_below(&rng, 5)) {
            case 0: bytes[at] = (uint8_t)test_rng_below(&rng, 256); break;
            case 1: bytes[at] = (uint8_t)telling[test_rng_below(&rng, sizeof telling - 1)]; break;
            case 2: n = at + 1; break;
            case 3:
                memmove(bytes + at, bytes + at + span, n - at - span);
                n -= span;
                break;
            default:
                if (n + span > 2 * len) break;
                memmove(bytes + at + span, bytes + at, n - at);
                n += span;
                break;
            }
        }
        LLVMFuzzerTestOneInput(bytes, n);
    }
    free(bytes);
}

#endif
