/* The tests' generator, apart from the harness and its main(), so that benchmarks can use it. */
#include "harness.h"

unsigned long long test_rng_next(test_rng *rng)
{
    unsigned long long z = (rng->state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

unsigned long long test_rng_below(test_rng *rng, unsigned long long n)
{
    return n == 0 ? 0 : test_rng_next(rng) % n;
}
