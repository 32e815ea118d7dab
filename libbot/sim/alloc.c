#include "sim/alloc.h"

#include <stdbool.h>
#include <string.h>

#include "bot/err.h"

_Static_assert(offsetof(struct sim_item, bytes) % 8 == 0, "what waits in an item must be aligned");

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct sim_rng bot__sim_rng(uint64_t seed, uint64_t stream)
{
    return (struct sim_rng){ mix(seed + UINT64_C(0x9e3779b97f4a7c15)) ^ mix(stream * UINT64_C(0xd1342543de82ef95) + 1) };
}

uint64_t bot__sim_rng_next(struct sim_rng *r)
{
    return mix(r->state += UINT64_C(0x9e3779b97f4a7c15));
}

uint64_t bot__sim_rng_below(struct sim_rng *r, uint64_t n)
{
    __extension__ typedef unsigned __int128 u128;
    return (uint64_t)(((u128)bot__sim_rng_next(r) * n) >> 64);
}

int64_t bot__sim_rng_between(struct sim_rng *r, int64_t low, int64_t high)
{
    if (low > high) {
        const int64_t t = low;
        low = high;
        high = t;
    }
    return (int64_t)((uint64_t)low + bot__sim_rng_below(r, (uint64_t)high - (uint64_t)low + 1));
}

int bot__sim_rng_chance(struct sim_rng *r, uint32_t per_million)
{
    if (per_million >= 1000000) return 1;
    if (per_million == 0) return 0;
    return bot__sim_rng_below(r, 1000000) < per_million;
}

/* -ln(u) without libm, whose last digit differs between machines: the exponent by counting zeros, the mantissa by
 * 2 atanh((m - 1) / (m + 1)), eight terms, good to 1e-9. */
static double minus_ln(uint64_t bits)
{
    bits |= 1;
    const int zeros = __builtin_clzll(bits);
    const double m = (double)((bits << zeros) >> 11) * (1.0 / 4503599627370496.0); /* [1, 2) */
    const double s = (m - 1.0) / (m + 1.0), s2 = s * s;
    double term = s, sum = 0;
    for (int k = 1; k <= 15; k += 2) {
        sum += term / k;
        term *= s2;
    }
    return 0.69314718055994530942 * (zeros + 1) - 2.0 * sum;
}

int64_t bot__sim_rng_exponential(struct sim_rng *r, int64_t mean)
{
    const uint64_t bits = bot__sim_rng_next(r);
    if (mean <= 0) return 1;
    const double v = (double)mean * minus_ln(bits);
    return v < 1.0 ? 1 : v > 9e18 ? INT64_MAX / 2 : (int64_t)v;
}

int64_t bot__sim_rng_normal(struct sim_rng *r, int64_t deviation)
{
    /* Four 16-bit uniforms: standard deviation 65536 / sqrt(3). */
    const uint64_t bits = bot__sim_rng_next(r);
    const int64_t sum = (int64_t)((bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48)) - 131070;
    return sum * deviation / 37837;
}

/* ---- queue ----------------------------------------------------------------------------------------------------- */

static size_t class_size(unsigned c)
{
    return (size_t)64 << c;
}

int bot__sim_queue_init(struct sim_queue *q, struct sim_alloc alloc, uint32_t max)
{
    memset(q, 0, sizeof *q);
    q->alloc = alloc;
    q->heap = alloc.alloc(alloc.self, sizeof *q->heap * max);
    if (q->heap == NULL) return BOT_ERR_NOMEM;
    q->max = max;
    return 0;
}

void bot__sim_queue_done(struct sim_queue *q)
{
    if (q->heap == NULL) return;
    for (uint32_t i = 0; i < q->n; i++)
        q->alloc.release(q->alloc.self, q->heap[i]);
    for (unsigned c = 0; c < SIM_SIZE_CLASSES; c++)
        while (q->spare[c] != NULL) {
            struct sim_item *item = q->spare[c];
            q->spare[c] = (struct sim_item *)(uintptr_t)item->c;
            q->alloc.release(q->alloc.self, item);
        }
    q->alloc.release(q->alloc.self, q->heap);
    memset(q, 0, sizeof *q);
}

struct sim_item *bot__sim_item_new(struct sim_queue *q, uint32_t kind, size_t len)
{
    unsigned c = 0;
    while (c < SIM_SIZE_CLASSES && class_size(c) < len + 1) c++;
    if (c == SIM_SIZE_CLASSES) return NULL;
    struct sim_item *item = q->spare[c];
    if (item != NULL) q->spare[c] = (struct sim_item *)(uintptr_t)item->c;
    else item = q->alloc.alloc(q->alloc.self, sizeof *item + class_size(c));
    if (item == NULL) return NULL;
    memset(item, 0, sizeof *item);
    item->kind = kind;
    item->len = len;
    item->size_class = c;
    item->bytes[len] = '\0';
    return item;
}

void bot__sim_item_free(struct sim_queue *q, struct sim_item *item)
{
    if (item == NULL) return;
    item->c = (uint64_t)(uintptr_t)q->spare[item->size_class];
    q->spare[item->size_class] = item;
}

static bool before(const struct sim_item *a, const struct sim_item *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

int bot__sim_queue_push(struct sim_queue *q, int64_t at, struct sim_item *item)
{
    if (q->n == q->max) return false;
    item->at = at;
    item->order = q->next_order++;
    uint32_t i = q->n++;
    while (i > 0 && before(item, q->heap[(i - 1) / 2])) {
        q->heap[i] = q->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    q->heap[i] = item;
    return true;
}

int64_t bot__sim_queue_next(const struct sim_queue *q)
{
    return q->n == 0 ? INT64_MAX : q->heap[0]->at;
}

struct sim_item *bot__sim_queue_pop(struct sim_queue *q, int64_t now)
{
    if (q->n == 0 || q->heap[0]->at > now) return NULL;
    struct sim_item *top = q->heap[0], *last = q->heap[--q->n];
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= q->n) break;
        if (child + 1 < q->n && before(q->heap[child + 1], q->heap[child])) child++;
        if (!before(q->heap[child], last)) break;
        q->heap[i] = q->heap[child];
        i = child;
    }
    if (q->n > 0) q->heap[i] = last;
    return top;
}
