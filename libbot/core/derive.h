/* core/derive.h: fills of a venue that has no fills channel, from the growth of its orders' cumulative quantity.
 *
 * For each order: how much of it is counted, and how much of that was derived and not confirmed by an execution yet. An order
 * update counts what is above `counted`; an execution is first set against `derived` (that quantity is in the position
 * already), and only the rest is counted anew. So updates and executions may come in any order, each any number of times.
 *
 * Bounded: orders_max orders. The oldest order without an open derived quantity leaves first; an update of an order that left
 * cannot be judged and is refused by its time (venues whose updates carry no time: bot__ledger_order_counted at submit).
 */
#ifndef BOT_CORE_DERIVE_H
#define BOT_CORE_DERIVE_H

#include "bot/err.h"
#include "bot/types.h"

struct derive_order {
    bot_id   id;
    uint32_t instrument;
    uint32_t next;          /* chain of its bucket: index + 1 */
    bot_i128 counted;       /* quantity in the position: executions and derived */
    bot_i128 counted_value; /* contract value of that, signed: what the next growth's value is told from */
    bot_i128 derived;       /* of counted: derived, no execution yet */
    bot_i128 derived_value; /* contract value booked for it, signed */
    int64_t  venue_ns;      /* newest seen */
    uint64_t born;          /* order of arrival; 0: free */
    bool     fee_paid;      /* what was derived told its fee, too: the executions' are the same again */
    uint8_t  zero[15];      /* no padding: states are compared byte by byte */
};

struct derive {
    struct derive_order *orders;
    uint32_t            *buckets; /* index + 1 */
    uint32_t             max, mask, n;
    uint64_t             born;
    int64_t              left_ns_max; /* INT64_MIN: none has left */
};

struct carve;
void bot__derive_init(struct derive *d, struct carve *c, uint32_t orders_max);
struct derive_order *bot__derive_find(const struct derive *d, uint32_t instrument, const bot_id *order_id);
/* Can a new order of that time be taken? BOT_OK, BOT_ERR_NOT_FOUND (it may be one that left) or BOT_ERR_FULL. */
int bot__derive_can_add(const struct derive *d, int64_t venue_ns);
/* After can_add said BOT_OK. */
struct derive_order *bot__derive_add(struct derive *d, uint32_t instrument, const bot_id *order_id, int64_t venue_ns);

#endif
