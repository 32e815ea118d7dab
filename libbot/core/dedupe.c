#include "core/dedupe.h"

#include <string.h>

#include "base/assert.h"
#include "core/carve.h"
#include "core/hash.h"

void bot__dedupe_init(struct dedupe *d, struct carve *c, uint32_t execs_max, dedupe_older older, void *user_data)
{
    const uint32_t slots = hash_slots(execs_max);
    *d = (struct dedupe){ .max = execs_max, .mask = slots - 1, .left_ns_max = INT64_MIN, .older = older, .user_data = user_data };
    d->ring = carve_take(c, execs_max, sizeof *d->ring);
    d->ring_ns = carve_take(c, execs_max, sizeof *d->ring_ns);
    d->slots = carve_take(c, slots, sizeof *d->slots);
    d->tags = carve_take(c, slots, sizeof *d->tags);
}

uint64_t bot__dedupe_fingerprint(bot_side side, bot_i128 qty, bot_i128 price)
{
    const bot_i128 words[2] = { qty, price };
    return hash_pairs64(words, 2, 1 + (uint64_t)side) >> 8;
}

/* From the end of the hash that its home does not use. */
static uint8_t tag_of(uint32_t hash) { return (uint8_t)(hash >> 24 | 1); }

void bot__dedupe_soon(const struct dedupe *d, const struct dedupe_key *key)
{
    __builtin_prefetch(&d->tags[key->hash & d->mask], 1);
    __builtin_prefetch(&d->slots[key->hash & d->mask], 1);
}

static bool is_entry(const struct dedupe_entry *e, const struct dedupe_key *key)
{
    return e->instrument == key->instrument && words_equal(&e->id, key->id, sizeof *key->id / 8);
}

int bot__dedupe_find(struct dedupe *d, const struct dedupe_key *key, uint64_t fingerprint, int64_t venue_ns, struct dedupe_entry **ret_entry)
{
    BOT_ASSERT(key->id->len > 0);
    const uint8_t tag = tag_of(key->hash);
    for (uint32_t i = key->hash & d->mask; d->tags[i] != 0; i = (i + 1) & d->mask) {
        const struct dedupe_slot *slot = &d->slots[i];
        if (d->tags[i] != tag || slot->hash != key->hash)
            continue;
        struct dedupe_entry *e = &d->ring[slot->entry - 1];
        if (!is_entry(e, key))
            continue;
        *ret_entry = e;
        if (e->fingerprint == (fingerprint & (UINT64_MAX >> 8)) || (e->flags & DEDUPE_CONFLICT_TOLD) != 0)
            return 1;
        e->flags = (e->flags | DEDUPE_CONFLICT_TOLD) & 0xff;
        return BOT_ERR_CONFLICT;
    }
    *ret_entry = NULL;
    if (d->older == NULL || d->left_ns_max == INT64_MIN)
        return 0;
    /* No time given: nothing can be said about its age, so the index decides. */
    if (venue_ns != 0 && venue_ns > d->left_ns_max && venue_ns - DEDUPE_SLACK_NS > d->left_ns_max)
        return 0;
    d->asked++;
    return d->older(d->user_data, key->instrument, key->id, fingerprint);
}

/* Backward shift: no tombstones, so a table that lives for months stays as quick as on its first day. */
static void forget(struct dedupe *d, uint32_t entry)
{
    const struct dedupe_entry *e = &d->ring[entry - 1];
    uint32_t hole = e->hash & d->mask;
    while (d->slots[hole].entry != entry) {
        BOT_ASSERT(d->tags[hole] != 0);
        hole = (hole + 1) & d->mask;
    }
    for (uint32_t i = (hole + 1) & d->mask; d->tags[i] != 0; i = (i + 1) & d->mask) {
        const uint32_t home = d->slots[i].hash & d->mask;
        if (((i - home) & d->mask) >= ((i - hole) & d->mask)) {
            d->slots[hole] = d->slots[i];
            d->tags[hole] = d->tags[i];
            hole = i;
        }
    }
    d->tags[hole] = 0;
}

void bot__dedupe_add(struct dedupe *d, const struct dedupe_key *key, uint64_t fingerprint, int64_t venue_ns, uint32_t flags)
{
    const uint32_t entry = d->next + 1;
    struct dedupe_entry *e = &d->ring[entry - 1];
    if (d->added >= d->max) {
        /* One without a time may be as new as the newest. */
        const int64_t left_ns = d->ring_ns[entry - 1] != 0 ? d->ring_ns[entry - 1] : INT64_MAX;
        if (left_ns > d->left_ns_max)
            d->left_ns_max = left_ns;
        forget(d, entry);
    }
    *e = (struct dedupe_entry){ .id = *key->id, .instrument = key->instrument, .hash = key->hash, .fingerprint = fingerprint & (UINT64_MAX >> 8), .flags = flags & 0xff };
    d->ring_ns[entry - 1] = venue_ns;
    uint32_t i = key->hash & d->mask;
    while (d->tags[i] != 0)
        i = (i + 1) & d->mask;
    d->tags[i] = tag_of(key->hash);
    d->slots[i] = (struct dedupe_slot){ key->hash, entry };
    d->added++;
    d->next = entry == d->max ? 0 : entry;
    /* Cold by now: where the one is that leaves next, and the one after it, so that its hash is here when its turn comes. */
    if (d->added >= d->max) {
        const uint32_t home = d->ring[d->next].hash & d->mask;
        __builtin_prefetch(&d->slots[home], 1);
        __builtin_prefetch(&d->tags[home], 1);
    }
    __builtin_prefetch(&d->ring[d->next + 1 == d->max ? 0 : d->next + 1], 1);
}
