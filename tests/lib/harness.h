/* tests/lib/harness.h: tests on top of check, each in a process of its own.
 *
 *     TEST(gate, stays_shut_until_a_snapshot_is_newer_than_the_stream)
 *     {
 *         ck_assert_int_eq(1, 1);
 *     }
 *
 * A file registers its tests by itself and links with the harness, which brings main(). Output is TAP, so that meson
 * and tools/test.sh count tests, not programs. Arguments: none runs all; a substring runs what matches.
 * TEST_JOBS=N runs them N at a time, for programs whose tests wait more than they work. TEST_STOP=1 ends with the first that fails.
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

struct test_entry {
    const char *area, *name, *file;
    int line;
    void (*run)(void);
    struct test_entry *next;
};
void test_register(struct test_entry *entry);

#define TEST(area_, name_)                                                                                       \
    static void area_##__##name_(void);                                                                          \
    static struct test_entry area_##__##name_##_entry = { #area_, #name_, __FILE__, __LINE__, area_##__##name_, NULL }; \
    __attribute__((constructor)) static void area_##__##name_##_register(void)                                   \
    {                                                                                                            \
        test_register(&area_##__##name_##_entry);                                                                \
    }                                                                                                            \
    static void area_##__##name_(void)

/* Ends the running test as skipped, with the reason in the report. */
_Noreturn void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Path of ../shared/<relative> (or below $LIBBOT_SHARED); ends the test as skipped, saying so, when it is not there. */
const char *test_shared(const char *relative);
/* Path below the source tree / the build tree. Static buffers, four deep. */
const char *test_source(const char *relative);
const char *test_build(const char *relative);

/* Memory of a test: aligned to 64, zeroed, given back when the test ends. Never NULL. */
void *test_memory(size_t size);
/* Gives it back earlier; takes NULL. */
void test_memory_free(void *p);

/* A sanitizer is at work: resident memory means nothing, and time little. */
bool test_sanitized(void);

/* How often a test that draws or cuts at random repeats itself: `usual`, or `many` when TEST_LONG is set. */
unsigned test_rounds(unsigned usual, unsigned many);

/* Whole file into memory (NUL behind it); fails the test when it cannot. Caller frees. */
char *test_read_file(const char *path, size_t *ret_len);
/* Output of `gzip -dc path`. */
char *test_read_gz(const char *path, size_t *ret_len);

/* A 64-bit generator for tests (splitmix64). The seed is printed by the test that uses it when it fails. */
typedef struct test_rng { unsigned long long state; } test_rng;
unsigned long long test_rng_next(test_rng *rng);
/* Uniform in [0, n). */
unsigned long long test_rng_below(test_rng *rng, unsigned long long n);

#endif
