/* core/orders.h: every order that may still fill, and what it may still fill.
 *
 * The state machine. "Counts" is what an order adds to the worst case of its side: from the moment it is submitted until
 * there is proof that it cannot fill any more.
 *
 *   state      counts               left by
 *   IN_FLIGHT  all of it            ack, open report, fill -> OPEN; reject -> CLOSED; provably not sent -> CLOSED;
 *                                   deadline or broken connection -> UNKNOWN
 *   OPEN       what is unfilled     final report (filled, canceled, expired, rejected) -> CLOSED; absent from what the
 *                                   venue lists -> UNKNOWN
 *   UNKNOWN    what is unfilled     any report or fill -> OPEN or CLOSED; proof of absence -> CLOSED
 *   CLOSED     fills still to come  nothing: kept for late fills until its place is needed. A final report whose
 *              (reported, not seen) cumulative quantity is above the fills that we have seen keeps the difference counted.
 *
 * A cancel that was asked for changes nothing of this: only its confirmation does. An amend counts the larger quantity
 * until the venue has said which one holds, or still shows the old one when no such request can be carried out any more.
 */
#ifndef BOT_CORE_ORDERS_H
#define BOT_CORE_ORDERS_H

#include <assert.h>
#include <stddef.h>

#include "bot/event.h"
#include "core/arena.h"

enum order_state { ORDER_FREE, ORDER_IN_FLIGHT, ORDER_OPEN, ORDER_UNKNOWN, ORDER_CLOSED };

#define ORDER_BOT_NONE UINT32_MAX /* not sent by any bot of ours: a person's, or another program's */
#define ORDER_NONE UINT32_MAX
#define ORDER_LEGS 3 /* indexed by bot_leg - BOT_LEG_NET: net, long, short */

struct order {
    bot_id           client_id, order_id;
    enum order_state state;
    bot_order_status status;   /* the venue's last word, or REJECTED / EXPIRED by proof of absence */
    uint32_t         bot, instrument;
    bot_side         side;
    bot_leg          leg;
    bot_order_type   type;
    bot_tif          tif;
    bool             reduce_only;
    bool             cancel_wanted; /* and not sent yet: see core_has_room */
    bool             cancel_asked;
    bool             derived_fills; /* fills were derived from its reports (venues without a fills channel) */
    bool             denied;        /* UNKNOWN, and so often absent that it shuts the gate no longer; it counts until the proof */
    bool             concluded;     /* CLOSED without the venue's report of its end: by an error answer, or by absence */
    bool             cancel_stands; /* a kill, a cancel-all or a shut gate wants it gone: asked for again when it turns out to live */
    uint8_t          cancels_again; /* how often */
    bot_ts           amend_at;      /* when the amend that is open was asked for */
    bot_i128         qty;          /* what may fill in all: the larger one while an amend is open */
    bot_i128         amend_qty;    /* asked for and not answered; 0 none */
    bot_i128         amend_old;    /* quantity before that amend */
    bot_i128         filled;       /* by the executions that we applied */
    bot_i128         reported;     /* largest cumulative quantity that the venue reported */
    bot_i128         counted;      /* in the sums of its side right now */
    bot_i128         unsure;       /* fills of the very time at which we met it: in `filled` already, or not */
    bot_px           price;
    uint64_t         request_id;   /* of the last request for it */
    bot_ts           submitted_at, updated_at, acked_at;
    bot_ts           unknown_since; /* NEVER unless UNKNOWN */
    bot_ts           absent_at;     /* when the venue first said "not found" in this UNKNOWN spell; NEVER */
    uint32_t         absent_count;
    uint32_t         next;          /* chain in the closed list */
    bot_ts           query_at;      /* when to ask again; NEVER */
    /* Fills that the venue reported of it and that did not come one by one (reported > filled). */
    bot_ts           fills_at;      /* when to fetch them; NEVER */
    bot_ts           reported_at;   /* when the newest report of more was received, */
    int64_t          reported_venue_ns; /* and its venue time; 0 unknown */
    int64_t          told_venue_ns; /* newest venue time of a report about it; 0 unknown */
    int64_t          adopted_venue_ns; /* fills up to that venue time were in `filled` when we met it; 0: none was */
    uint32_t         fills_asked;   /* complete fill histories since, in which they were not */
    bool             never_left;    /* CLOSED because its request did not leave us: nobody can tell of it */
    uint8_t          unused_behind[3];
};
/* No padding, so that two cores after the same events are equal byte by byte: what must be filled up is named `unused`. */
static_assert(offsetof(struct order, cancels_again) + 1 == offsetof(struct order, amend_at), "padding in struct order");
static_assert(offsetof(struct order, amend_at) + sizeof(bot_ts) == offsetof(struct order, qty), "padding in struct order");
static_assert(offsetof(struct order, unused_behind) + sizeof((struct order *)0)->unused_behind == sizeof(struct order), "padding in struct order");

struct order_sums { /* of one side and leg */
    bot_i128 buy, sell;
};

struct orders {
    struct order *orders;
    uint32_t     *by_client, *by_venue; /* open addressing, index + 1 */
    uint64_t     *live;               /* a bit for each place whose order may be live: most are kept for late fills only */
    uint32_t      max, mask, used;
    uint32_t      evict;              /* next place to look for a CLOSED order to reuse */
    /* Of the client ids that the session has given out all from `remembered` until below `issued` stand here, or their end was told by
     * the venue. The session by its digits in them. */
    uint64_t      issued, remembered;
    char          session[16];
    /* Sums, maintained with every change: [instrument * ORDER_LEGS + leg] for the account, and for each bot. */
    struct order_sums *account, *bot;
    uint32_t     *bot_open;           /* open orders a bot */
    uint32_t      instruments_max, bots_max;
};

void bot__orders_init(struct orders *t, struct arena *a, uint32_t orders_max, uint32_t instruments_max, uint32_t bots_max);

/* Index of the order, or ORDER_NONE. Venues may number the orders of each instrument by themselves: a number alone (instrument
 * ORDER_NONE) finds any that has it. */
uint32_t bot__orders_by_client(const struct orders *t, const bot_id *client_id);
uint32_t bot__orders_by_venue(const struct orders *t, uint32_t instrument, const bot_id *order_id);
static inline struct order *bot__orders_at(struct orders *t, uint32_t i) { return &t->orders[i]; }
/* The first order from `from` on that may be live (bot__order_live says whether it is), ORDER_NONE behind the last. Looks at no other. */
uint32_t bot__orders_next_live(const struct orders *t, uint32_t from);
/* An order that was CLOSED is live again. */
void bot__orders_revived(struct orders *t, uint32_t i);

/* A new order, counted at once. The caller has filled everything but sums, counted and chains. Returns its index,
 * BOT_ERR_FULL when every place holds an order that may still fill, BOT_ERR_CONFLICT when the client id is taken. */
int64_t bot__orders_add(struct orders *t, const struct order *order);
/* The venue's id has become known. A second id for the same order (replace) takes the place of the first; fills of the
 * first id are found by client id. */
void bot__orders_name(struct orders *t, uint32_t i, const bot_id *order_id);
/* After any change of state, qty, filled or reported: brings the sums in line. */
void bot__orders_recount(struct orders *t, uint32_t i);
/* What an order still counts, by the table above. */
bot_i128 bot__order_counts(const struct order *o);
static inline bool bot__order_live(const struct order *o)
{
    return o->state == ORDER_IN_FLIGHT || o->state == ORDER_OPEN || o->state == ORDER_UNKNOWN;
}

static inline uint32_t bot__leg_index(bot_leg leg) { return leg <= BOT_LEG_NET ? 0 : (uint32_t)leg - BOT_LEG_NET; }
struct order_sums bot__orders_account_sums(const struct orders *t, uint32_t instrument, bot_leg leg);
struct order_sums bot__orders_bot_sums(const struct orders *t, uint32_t bot, uint32_t instrument, bot_leg leg);
/* Recomputes every sum from the orders and compares: for tests and for assertions around restarts. */
bool bot__orders_sums_hold(const struct orders *t);

/* A live order's status for the host. */
bot_order_status bot__order_status(const struct order *o);

#endif
