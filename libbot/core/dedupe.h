/* core/dedupe.h: which executions were applied already.
 *
 * A ring of the newest execs_max (instrument, exec id) pairs with an open-addressed index over it. Ids are kept and
 * compared whole; of the content (side, quantity, price) a fingerprint is kept, which only decides whether a repeated id
 * raises an alert.
 *
 * Two own orders that meet are two executions, and most venues give both the id of their one trade: of the far side and of
 * another order, it is the other side of a self-trade and not a damaged repetition of the first. An id may thus stand in
 * the ring twice. A row without an order's id is never the other side of anything.
 *
 * Memory is bounded: when the ring is full the oldest id leaves. What has left is asked from
 * `older` (the journal's index), but only where it may matter: an execution whose venue time lies more than
 * DEDUPE_SLACK_NS behind the newest that ever left the ring cannot be one of those that left, because one execution's
 * time does not differ by more than that between a venue's channels.
 */
#ifndef BOT_CORE_DEDUPE_H
#define BOT_CORE_DEDUPE_H

#include "bot/err.h"
#include "bot/types.h"
#include "core/hash.h"

/* Set in `instrument` for the id of a funding or fee row: venues number those apart from executions. */
#define DEDUPE_FUNDING 0x80000000u

#define DEDUPE_SLACK_NS (60 * BOT_NS_PER_S)

/* What an execution is known by, hashed once for all that is done with it. The ids are borrowed. */
struct dedupe_key {
    const bot_id *id, *order_id; /* order_id: NULL for what is no execution */
    uint32_t      instrument, hash;
    bot_side      side;
};

/* Was this execution recorded before it left the ring? 1 yes, 0 no, BOT_ERR_CONFLICT yes with another fingerprint (if
 * the index knows), other negative values: cannot say now (the fill is not applied then, and the gate shuts). */
typedef int (*dedupe_older)(void *user_data, const struct dedupe_key *key, uint64_t fingerprint);

#define DEDUPE_CONTENT_BITS 32
#define DEDUPE_ORDER_BITS 28

struct dedupe_entry { /* one cache line */
    bot_id   id;
    uint32_t instrument;
    uint32_t hash;
    uint64_t fingerprint : DEDUPE_CONTENT_BITS;
    uint64_t order : DEDUPE_ORDER_BITS; /* of the order's id, 0: none */
    uint64_t side : 2;
    uint64_t flags : 2;
};

/* Flags of an entry. */
#define DEDUPE_CONFLICT_TOLD 1u /* other content was reported once */
#define DEDUPE_HAS_FEE 2u       /* the fee came with it; else a repeated row may still bring it */

struct dedupe {
    struct dedupe_entry *ring;
    int64_t             *ring_ns; /* venue time of each entry; 0 it gave none */
    uint8_t             *tags;        /* groups of sixteen, see dedupe.c */
    uint32_t            *slots;       /* of the same places: index in the ring */
    uint32_t             max, mask;   /* mask: of groups */
    uint64_t             added;       /* ever */
    uint32_t             next;        /* place in the ring of the next */
    int64_t              left_ns_max; /* newest venue time that has left the ring; INT64_MIN: none has */
    uint64_t             asked;       /* times that `older` was called */
    dedupe_older         older;       /* NULL: what has left the ring counts as new */
    void                *user_data;
};

struct carve;
void bot__dedupe_init(struct dedupe *d, struct carve *c, uint32_t execs_max, dedupe_older older, void *user_data);

/* Side, quantity and price by value ("1.0" equals "1"). */
static inline uint64_t bot__dedupe_fingerprint(bot_side side, bot_i128 qty, bot_i128 price)
{
    const bot_i128 words[2] = { qty, price };
    return hash_pairs64(words, 2, 1 + (uint64_t)side) >> (64 - DEDUPE_CONTENT_BITS);
}

/* An execution's key; side NONE and order_id NULL for a payment. */
static inline struct dedupe_key dedupe_key(uint32_t instrument, const bot_id *id, bot_side side, const bot_id *order_id)
{
    return (struct dedupe_key){ id, order_id, instrument, hash_pairs(id, sizeof *id / 16, instrument), side };
}

/* key will be looked for: fetches the index's places for it, which are nowhere near. Changes nothing. */
void bot__dedupe_soon(const struct dedupe *d, const struct dedupe_key *key);

/* Is key known? Changes nothing but the told flag.
 *   0  new                          *ret_entry NULL
 *   1  known, same content          *ret_entry the entry, NULL when `older` answered
 *   BOT_ERR_CONFLICT  known, other content, told for the first time (1 from then on)
 *   another negative value from `older` */
int bot__dedupe_find(struct dedupe *d, const struct dedupe_key *key, uint64_t fingerprint, int64_t venue_ns, struct dedupe_entry **ret_entry);

/* Remembers a key that find called new. Never fails; may push the oldest out. */
void bot__dedupe_add(struct dedupe *d, const struct dedupe_key *key, uint64_t fingerprint, int64_t venue_ns, uint32_t flags);

#endif
