/* core/hash.h: one hash for fixed-size keys. Keys come from venues, which do not attack us; tables are bounded and at
 * most half full, so that even a bad day is a short walk. */
#ifndef BOT_CORE_HASH_H
#define BOT_CORE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Multiply-and-fold over 64-bit words; `n` words behind p. */
static inline uint64_t hash_words64(const void *p, size_t n, uint64_t seed)
{
    const unsigned char *bytes = p;
    uint64_t h = seed ^ UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < n; i++) {
        uint64_t w;
        memcpy(&w, bytes + 8 * i, sizeof w);
        __extension__ const unsigned __int128 product = (unsigned __int128)(h ^ w) * UINT64_C(0xd6e8feb86659fd93);
        h = (uint64_t)product ^ (uint64_t)(product >> 64) ^ (h << 23 | h >> 41);
    }
    return h * UINT64_C(0xff51afd7ed558ccd);
}
static inline uint32_t hash_words(const void *p, size_t n, uint64_t seed) { return (uint32_t)(hash_words64(p, n, seed) >> 32); }

/* Equality of n 64-bit words without a call. */
static inline bool words_equal(const void *a, const void *b, size_t n)
{
    uint64_t differ = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t x, y;
        memcpy(&x, (const unsigned char *)a + 8 * i, sizeof x);
        memcpy(&y, (const unsigned char *)b + 8 * i, sizeof y);
        differ |= x ^ y;
    }
    return differ == 0;
}

/* For keys of 2n words that are looked up with every fill: a product for each pair of words, none of which waits for another. */
static inline uint64_t hash_pairs64(const void *p, size_t n, uint64_t seed)
{
    static const uint64_t odd[6] = { UINT64_C(0xa0761d6478bd642f), UINT64_C(0xe7037ed1a0b428db), UINT64_C(0x8ebc6af09c88c6e3),
                                     UINT64_C(0x589965cc75374cc3), UINT64_C(0x1d8e4e27c47d124f), UINT64_C(0xd6e8feb86659fd93) };
    uint64_t h = seed * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < n; i++) {
        uint64_t a, b;
        memcpy(&a, (const unsigned char *)p + 16 * i, sizeof a);
        memcpy(&b, (const unsigned char *)p + 16 * i + 8, sizeof b);
        __extension__ const unsigned __int128 product = (unsigned __int128)(a ^ odd[2 * i]) * (b ^ odd[2 * i + 1]);
        h += (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    return h * UINT64_C(0xff51afd7ed558ccd);
}
static inline uint32_t hash_pairs(const void *p, size_t n, uint64_t seed) { return (uint32_t)(hash_pairs64(p, n, seed) >> 32); }

/* Slots of a table for n things: a power of two, at most half full. */
static inline uint32_t hash_slots(uint32_t n)
{
    uint32_t slots = 4;
    while (slots < 2 * n)
        slots *= 2;
    return slots;
}

#endif
