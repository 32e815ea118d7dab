#include "core/derive.h"

#include <string.h>

#include "base/assert.h"
#include "core/carve.h"
#include "core/hash.h"

_Static_assert(sizeof(struct derive_order) == offsetof(struct derive_order, zero) + sizeof((struct derive_order *)NULL)->zero, "padding");

void bot__derive_init(struct derive *d, struct carve *c, uint32_t orders_max)
{
    const uint32_t buckets = hash_slots(orders_max);
    *d = (struct derive){ .max = orders_max, .mask = buckets - 1, .left_ns_max = INT64_MIN };
    d->orders = carve_take(c, orders_max, sizeof *d->orders);
    d->buckets = carve_take(c, orders_max == 0 ? 0 : buckets, sizeof *d->buckets);
}

static uint32_t *bucket_of(const struct derive *d, uint32_t instrument, const bot_id *id)
{
    return &d->buckets[hash_words(id, sizeof *id / 8, instrument) & d->mask];
}

struct derive_order *bot__derive_find(const struct derive *d, uint32_t instrument, const bot_id *order_id)
{
    BOT_ASSERT(d->max > 0 && order_id->len > 0);
    for (uint32_t at = *bucket_of(d, instrument, order_id); at != 0; at = d->orders[at - 1].next) {
        struct derive_order *o = &d->orders[at - 1];
        if (o->instrument == instrument && memcmp(&o->id, order_id, sizeof *order_id) == 0)
            return o;
    }
    return NULL;
}

/* The oldest order whose derived quantity is confirmed, or NULL. A new order costs a walk only when the table is full. */
static struct derive_order *oldest_settled(const struct derive *d)
{
    struct derive_order *oldest = NULL;
    for (uint32_t i = 0; i < d->n; i++) {
        struct derive_order *o = &d->orders[i];
        if (o->derived == 0 && (oldest == NULL || o->born < oldest->born))
            oldest = o;
    }
    return oldest;
}

int bot__derive_can_add(const struct derive *d, int64_t venue_ns)
{
    if (d->left_ns_max != INT64_MIN && (venue_ns == 0 || venue_ns <= d->left_ns_max))
        return BOT_ERR_NOT_FOUND;
    return d->n < d->max || oldest_settled(d) != NULL ? BOT_OK : BOT_ERR_FULL;
}

static void unlink_order(struct derive *d, struct derive_order *o)
{
    const uint32_t at = (uint32_t)(o - d->orders) + 1;
    uint32_t *link = bucket_of(d, o->instrument, &o->id);
    while (*link != at) {
        BOT_ASSERT(*link != 0);
        link = &d->orders[*link - 1].next;
    }
    *link = o->next;
}

struct derive_order *bot__derive_add(struct derive *d, uint32_t instrument, const bot_id *order_id, int64_t venue_ns)
{
    struct derive_order *o;
    if (d->n < d->max) {
        o = &d->orders[d->n++];
    } else {
        o = oldest_settled(d);
        BOT_ASSERT(o != NULL);
        const int64_t left_ns = o->venue_ns != 0 ? o->venue_ns : INT64_MAX;
        if (left_ns > d->left_ns_max)
            d->left_ns_max = left_ns;
        unlink_order(d, o);
    }
    uint32_t *bucket = bucket_of(d, instrument, order_id);
    *o = (struct derive_order){ .id = *order_id, .instrument = instrument, .next = *bucket, .venue_ns = venue_ns, .born = ++d->born };
    *bucket = (uint32_t)(o - d->orders) + 1;
    return o;
}
