/* journal/ring.h: one producer, one consumer, entries of any length, no lock. Head and tail count bytes and never wrap; the
 * place of byte n is n & (size - 1). An entry is 8 bytes (u32 length, u32 flags) and its bytes, contiguous, padded to 8;
 * where it would not fit before the end of the memory, a length of RING_SKIP sends the consumer to the beginning. */
#ifndef BOT_JOURNAL_RING_H
#define BOT_JOURNAL_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RING_SKIP UINT32_MAX
#define RING_HEAD 8

struct ring {
    uint8_t *memory;
    uint64_t size; /* power of two */
    /* Producer's side; a line of its own so that the consumer's progress does not slow it down. */
    _Alignas(64) uint64_t head_local;
    uint64_t tail_seen, used_max;
    _Alignas(64) _Atomic uint64_t head;
    _Alignas(64) _Atomic uint64_t tail;
};

struct ring_entry {
    const uint8_t *bytes;
    uint32_t len, flags;
};

/* Producer: room for len bytes, or NULL when there is none. Commit at most that. */
static inline uint8_t *ring_reserve(struct ring *r, uint32_t len)
{
    const uint64_t need = RING_HEAD + ((uint64_t)len + 7) / 8 * 8, at = r->head_local & (r->size - 1);
    const uint64_t skip = r->size - at < need ? r->size - at : 0;
    if (r->head_local + skip + need - r->tail_seen > r->size) {
        r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
        if (r->head_local + skip + need - r->tail_seen > r->size)
            return NULL;
    }
    if (skip > 0) {
        memcpy(r->memory + at, &(uint32_t){ RING_SKIP }, 4);
        r->head_local += skip;
    }
    return r->memory + (r->head_local & (r->size - 1)) + RING_HEAD;
}

static inline void ring_commit(struct ring *r, uint32_t len, uint32_t flags)
{
    uint8_t *p = r->memory + (r->head_local & (r->size - 1));
    memcpy(p, &len, 4);
    memcpy(p + 4, &flags, 4);
    r->head_local += RING_HEAD + ((uint64_t)len + 7) / 8 * 8;
    const uint64_t used = r->head_local - r->tail_seen;
    r->used_max = used > r->used_max ? used : r->used_max;
    atomic_store_explicit(&r->head, r->head_local, memory_order_release);
}

/* Consumer: the oldest entry, without taking it. */
static inline bool ring_peek(struct ring *r, struct ring_entry *ret)
{
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    const uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    if (tail == head)
        return false;
    const uint8_t *p = r->memory + (tail & (r->size - 1));
    memcpy(&ret->len, p, 4);
    if (ret->len == RING_SKIP) {
        tail += r->size - (tail & (r->size - 1));
        atomic_store_explicit(&r->tail, tail, memory_order_release);
        p = r->memory;
        memcpy(&ret->len, p, 4);
    }
    memcpy(&ret->flags, p + 4, 4);
    ret->bytes = p + RING_HEAD;
    return true;
}

static inline void ring_take(struct ring *r, const struct ring_entry *e)
{
    const uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    atomic_store_explicit(&r->tail, tail + RING_HEAD + ((uint64_t)e->len + 7) / 8 * 8, memory_order_release);
}

#endif
