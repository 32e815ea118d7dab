/* The index over the ring is a table in groups of fifteen places. A group's tags, a byte of the hash for each place (0: empty), stand
 * in sixteen bytes that are compared at once; their last byte counts the ids that belong to the group and stand in a later one because
 * it was full. At most half of all places are taken, so that a group is hardly ever full: what is looked for, added and taken away is
 * found without a loop and without a branch that nobody can foresee. Nothing is moved and nothing is left behind when an id leaves: a
 * table that lives for months stays as quick as on its first day. */
#include "core/dedupe.h"

#include <string.h>
#if defined __SSE2__
#include <emmintrin.h>
#endif

#include "base/assert.h"
#include "core/carve.h"
#include "core/hash.h"

#define GROUP 16u
#define PASSED 15          /* the byte of a group that counts, instead of a tag */
#define PASSED_MAX 255u    /* so many are not counted any more: it stays */
#define PLACES 0x7fffu     /* bits of the fifteen */

void bot__dedupe_init(struct dedupe *d, struct carve *c, uint32_t execs_max, dedupe_older older, void *user_data)
{
    const uint32_t slots = hash_slots(execs_max), groups = slots <= GROUP ? 1 : slots / GROUP;
    *d = (struct dedupe){ .max = execs_max, .mask = groups - 1, .left_ns_max = INT64_MIN, .older = older, .user_data = user_data };
    d->ring = carve_take(c, execs_max, sizeof *d->ring);
    d->ring_ns = carve_take(c, execs_max, sizeof *d->ring_ns);
    d->tags = carve_take(c, (size_t)groups * GROUP, sizeof *d->tags);
    d->slots = carve_take(c, (size_t)groups * GROUP, sizeof *d->slots);
}

/* From the end of the hash that its home does not use. */
static uint8_t tag_of(uint32_t hash) { return hash >> 24 != 0 ? (uint8_t)(hash >> 24) : 1; }

/* The places of a group whose tag that is, as bits. */
static unsigned places_of(const uint8_t *group, uint8_t tag)
{
#if defined __SSE2__
    const __m128i tags = _mm_loadu_si128((const __m128i *)(const void *)group);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag))) & PLACES;
#else
    unsigned places = 0;
    for (unsigned i = 0; i < PASSED; i++)
        places |= (unsigned)(group[i] == tag) << i;
    return places;
#endif
}

static void fetch(const struct dedupe *d, uint32_t hash)
{
    const uint32_t at = (hash & d->mask) * GROUP;
    __builtin_prefetch(&d->tags[at], 1);
    __builtin_prefetch(&d->slots[at], 1);
}

void bot__dedupe_soon(const struct dedupe *d, const struct dedupe_key *key) { fetch(d, key->hash); }

static uint32_t order_of(const struct dedupe_key *key)
{
    return key->order_id == NULL || key->order_id->len == 0 ? 0 : hash_pairs(key->order_id, sizeof *key->order_id / 16, 0) >> (32 - DEDUPE_ORDER_BITS) | 1;
}

static bool is_entry(const struct dedupe_entry *e, const struct dedupe_key *key)
{
    if (e->instrument != key->instrument || !words_equal(&e->id, key->id, sizeof *key->id / 8))
        return false;
    if (e->side == (uint32_t)key->side || e->order == 0)
        return true;
    const uint32_t order = order_of(key);
    return order == 0 || order == e->order;
}

int bot__dedupe_find(struct dedupe *d, const struct dedupe_key *key, uint64_t fingerprint, int64_t venue_ns, struct dedupe_entry **ret_entry)
{
    BOT_ASSERT(key->id->len > 0);
    const uint8_t tag = tag_of(key->hash);
    uint32_t group = key->hash & d->mask;
    for (uint32_t left = d->mask; ; left--, group = (group + 1) & d->mask) {
        const uint8_t *tags = &d->tags[group * GROUP];
        for (unsigned places = places_of(tags, tag); places != 0; places &= places - 1) {
            struct dedupe_entry *e = &d->ring[d->slots[group * GROUP + (unsigned)__builtin_ctz(places)]];
            if (!is_entry(e, key))
                continue;
            *ret_entry = e;
            if (e->fingerprint == (fingerprint & (UINT64_MAX >> (64 - DEDUPE_CONTENT_BITS))) || (e->flags & DEDUPE_CONFLICT_TOLD) != 0)
                return 1;
            e->flags = (e->flags | DEDUPE_CONFLICT_TOLD) & 3;
            return BOT_ERR_CONFLICT;
        }
        if (tags[PASSED] == 0 || left == 0)
            break;
    }
    *ret_entry = NULL;
    if (d->older == NULL || d->left_ns_max == INT64_MIN)
        return 0;
    /* No time given: nothing can be said about its age, so the index decides. */
    if (venue_ns != 0 && venue_ns > d->left_ns_max && venue_ns - DEDUPE_SLACK_NS > d->left_ns_max)
        return 0;
    d->asked++;
    return d->older(d->user_data, key, fingerprint);
}

static void forget(struct dedupe *d, uint32_t entry)
{
    const uint32_t hash = d->ring[entry].hash;
    const uint8_t tag = tag_of(hash);
    for (uint32_t group = hash & d->mask;; group = (group + 1) & d->mask) {
        uint8_t *tags = &d->tags[group * GROUP];
        for (unsigned places = places_of(tags, tag); places != 0; places &= places - 1) {
            const unsigned place = (unsigned)__builtin_ctz(places);
            if (d->slots[group * GROUP + place] == entry) {
                tags[place] = 0;
                return;
            }
        }
        BOT_ASSERT(tags[PASSED] != 0);
        if (tags[PASSED] != PASSED_MAX)
            tags[PASSED]--;
    }
}

static void take_place(struct dedupe *d, uint32_t hash, uint32_t entry)
{
    for (uint32_t group = hash & d->mask;; group = (group + 1) & d->mask) {
        uint8_t *tags = &d->tags[group * GROUP];
        const unsigned places = places_of(tags, 0);
        if (places != 0) {
            const unsigned place = (unsigned)__builtin_ctz(places);
            tags[place] = tag_of(hash);
            d->slots[group * GROUP + place] = entry;
            return;
        }
        if (tags[PASSED] != PASSED_MAX)
            tags[PASSED]++;
    }
}

void bot__dedupe_add(struct dedupe *d, const struct dedupe_key *key, uint64_t fingerprint, int64_t venue_ns, uint32_t flags)
{
    const uint32_t entry = d->next;
    struct dedupe_entry *e = &d->ring[entry];
    if (d->added >= d->max) {
        /* One without a time may be as new as the newest. */
        const int64_t left_ns = d->ring_ns[entry] != 0 ? d->ring_ns[entry] : INT64_MAX;
        if (left_ns > d->left_ns_max)
            d->left_ns_max = left_ns;
        forget(d, entry);
    }
    e->id = *key->id;
    e->instrument = key->instrument;
    e->hash = key->hash;
    e->fingerprint = fingerprint & (UINT64_MAX >> (64 - DEDUPE_CONTENT_BITS));
    e->order = order_of(key) & ((1u << DEDUPE_ORDER_BITS) - 1);
    e->side = (uint32_t)key->side & 3;
    e->flags = flags & 3;
    d->ring_ns[entry] = venue_ns;
    take_place(d, key->hash, entry);
    d->added++;
    d->next = entry + 1 == d->max ? 0 : entry + 1;
    /* Cold by now: where the one is that leaves next, and the one after it, so that its hash is here when its turn comes. */
    if (d->added >= d->max)
        fetch(d, d->ring[d->next].hash);
    __builtin_prefetch(&d->ring[d->next + 1 == d->max ? 0 : d->next + 1], 1);
}
