/* session/own_flow.h: public trades, less those that the account itself made.
 *
 * A bot that takes half of what is traded would otherwise judge the venue by itself: when the gate shuts its own trades are
 * missing from the flow, which looks like a venue that slows down and keeps the gate shut. So what the monitor of the
 * trade rate counts is the flow of the others. Of the account's own executions only those as a taker make flow; where it is
 * the maker, somebody else's order came and would have met another.
 *
 * A sweep, all that one order took at once, is known by its venue time and its taker's side, for which a private fill has
 * the same words. Either of the two may come first: each sweep waits OWN_FLOW_HOLD_NS before it counts. A fill that is later
 * still counts as the market's; so does what another account of the same bot does, and what is traded at venues whose two
 * messages differ in time.
 *
 * Pure: no clock, fixed memory; times are the host's monotonic clock.
 */
#ifndef BOT_SESSION_OWN_FLOW_H
#define BOT_SESSION_OWN_FLOW_H

#include "bot/types.h"

#define OWN_FLOW_HOLD_NS (500 * BOT_NS_PER_MS)
#define OWN_FLOW_SWEEPS 256 /* that wait; behind more than these the oldest count at once */
#define OWN_FLOW_FILLS 32   /* newest own ones remembered */

struct own_flow_sweep {
    int64_t  venue_ns; /* 0: the venue gave none */
    bot_ts   at;       /* its first trade came */
    uint32_t instrument;
    bot_side side;     /* of the taker */
    uint32_t trades;
};

struct own_flow { /* zeroed: nothing yet */
    struct own_flow_sweep sweeps[OWN_FLOW_SWEEPS]; /* a ring */
    struct own_flow_sweep fills[OWN_FLOW_FILLS];   /* a ring; at: it came */
    uint32_t head, n, fills_next, unused;
};

/* An execution of the account as a taker. */
void bot__own_flow_fill(struct own_flow *o, bot_ts now, uint32_t instrument, int64_t venue_ns, bot_side side);
/* A public trade. There must be room. */
void bot__own_flow_trade(struct own_flow *o, bot_ts now, uint32_t instrument, int64_t venue_ns, bot_side side);
/* The next sweep of others whose time has come; false: none. all: whether it has or not. */
bool bot__own_flow_next(struct own_flow *o, bot_ts now, bool all, struct own_flow_sweep *ret);
static inline bool own_flow_is_full(const struct own_flow *o) { return o->n == OWN_FLOW_SWEEPS; }

#endif
