/* core/hash.h: one hash for fixed-size keys. Keys come from venues, which do not attack us; tables are bounded and at
 * most half full, so that even a bad day is a short walk. */
#ifndef BOT_CORE_HASH_H
#define BOT_CORE_HASH_H

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

/* Slots of a table for n things: a power of two, at most half full. */
static inline uint32_t hash_slots(uint32_t n)
{
    uint32_t slots = 4;
    while (slots < 2 * n)
        slots *= 2;
    return slots;
}

#endif
