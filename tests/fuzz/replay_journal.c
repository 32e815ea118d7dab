/* The target of fuzz_journal.c on the kept journals, as they are and changed at random. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TEST(fuzz_journal, kept_journals_and_their_changes_break_nothing)
{
    static const char *const files[] = { "tests/data/journal-1/00000001.journal", "tests/data/journal-1/00000002.journal",
                                         "tests/data/journal-1-kinds/00000001.journal" };
    test_rng rng = { 1 };
    for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
        size_t size;
        char *seed = test_read_file(test_source(files[i]), &size);
        uint8_t *bytes = malloc(size + 1);
        ck_assert_ptr_nonnull(bytes);
        for (unsigned round = 0; round < 3000; round++) {
            size_t len = size;
            bytes[0] = (uint8_t)(round & 3);
            memcpy(bytes + 1, seed, size);
            for (unsigned k = round < 4 ? 0 : 1 + (unsigned)test_rng_below(&rng, 12); k > 0; k--) {
                const size_t at = 1 + test_rng_below(&rng, len), n = 1 + test_rng_below(&rng, 300);
                switch (test_rng_below(&rng, 4)) {
                case 0: bytes[at] = (uint8_t)test_rng_next(&rng); break;
                case 1: bytes[at] ^= (uint8_t)(1u << test_rng_below(&rng, 8)); break;
                case 2: len = round % 8 == 0 ? at : len; break;
                default: memset(bytes + at, (int)test_rng_below(&rng, 256), at + n <= len ? n : 1); break;
                }
            }
            LLVMFuzzerTestOneInput(bytes, len + 1);
        }
        free(bytes);
        free(seed);
    }
}
