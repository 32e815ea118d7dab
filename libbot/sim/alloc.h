/* sim/alloc.h: where the paper exchange gets its memory, its randomness and its queue of future happenings. */
#ifndef BOT_SIM_ALLOC_H
#define BOT_SIM_ALLOC_H

#include <stddef.h>
#include <stdint.h>

/* The host's allocator. Every object of this room takes its memory from one of these when it is made; afterwards only
 * queued messages take more, bounded by the options. alloc may return NULL; release takes NULL. */
struct sim_alloc {
    void *self;
    void *(*alloc)(void *self, size_t size);
    void (*release)(void *self, void *p);
};

/* ---- randomness: splitmix64, the same on every machine ------------------------------------------------------- */

struct sim_rng {
    uint64_t state;
};
/* A generator of its own for each use: drawing more in one place must not change another. */
struct sim_rng bot__sim_rng(uint64_t seed, uint64_t stream);
uint64_t bot__sim_rng_next(struct sim_rng *r);
/* Uniform in [0, n); 0 for n == 0. */
uint64_t bot__sim_rng_below(struct sim_rng *r, uint64_t n);
/* Uniform in [low, high], whichever way round they are given. */
int64_t bot__sim_rng_between(struct sim_rng *r, int64_t low, int64_t high);
/* True with a chance of per_million / 1e6. */
int bot__sim_rng_chance(struct sim_rng *r, uint32_t per_million);
/* Exponentially distributed with that mean, at least 1 (mean <= 0 gives 1). */
int64_t bot__sim_rng_exponential(struct sim_rng *r, int64_t mean);
/* About normally distributed around 0 with that standard deviation, cut at 3.4 of them. */
int64_t bot__sim_rng_normal(struct sim_rng *r, int64_t deviation);

/* ---- a queue of things due at a time ------------------------------------------------------------------------- */

/* One thing. Equal times come out in the order they went in. Bytes lie behind it and are NUL-terminated. */
struct sim_item {
    int64_t  at;
    uint64_t order;
    uint32_t kind, a, b, unused; /* the owner's */
    uint64_t c, d;
    uint64_t len;
    uint64_t size_class;
    char     bytes[]; /* aligned for any struct */
};

#define SIM_SIZE_CLASSES 20
struct sim_queue {
    struct sim_alloc  alloc;
    struct sim_item **heap;
    uint32_t          n, max;
    uint64_t          next_order;
    struct sim_item  *spare[SIM_SIZE_CLASSES]; /* released items by size, chained through c */
};
/* 0 or BOT_ERR_NOMEM. max: items queued at once. */
int  bot__sim_queue_init(struct sim_queue *q, struct sim_alloc alloc, uint32_t max);
void bot__sim_queue_done(struct sim_queue *q);
/* A new item with room for len bytes, not queued yet; NULL when out of memory. */
struct sim_item *bot__sim_item_new(struct sim_queue *q, uint32_t kind, size_t len);
void bot__sim_item_free(struct sim_queue *q, struct sim_item *item); /* takes NULL */
/* Queues it. False when full: the item is the caller's still. */
int bot__sim_queue_push(struct sim_queue *q, int64_t at, struct sim_item *item);
/* Time of the earliest, INT64_MAX when empty. */
int64_t bot__sim_queue_next(const struct sim_queue *q);
/* The earliest if it is due at `now`, else NULL. The caller frees it with bot__sim_item_free. */
struct sim_item *bot__sim_queue_pop(struct sim_queue *q, int64_t now);

#endif
