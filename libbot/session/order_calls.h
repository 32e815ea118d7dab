/* session/order_calls.h: order requests on their way, over HTTP or the order-entry socket. */
#ifndef BOT_SESSION_ORDER_CALLS_H
#define BOT_SESSION_ORDER_CALLS_H

#include "session/state.h"

/* How one ended: SENT when it provably never left, else REPLY. */
struct order_end {
    bot_event_kind kind;
    bot_outcome outcome;
    int64_t     code; /* the venue's, or ours */
    const char *reason;
    const bot_id *order_id; /* of the answer; NULL: none */
};

/* What the effect asks for. NULL, with *ret_full in its stead: too many at once. */
struct order_call *bot__order_calls_add(struct session *s, const bot_effect *e, struct order_call *ret_full, struct order_end *ret_end);
/* True: it is on its way, or waits for the budget. False: it ends. */
bool bot__order_calls_send(struct session *s, struct order_call *c, struct order_end *ret_end);
/* An answer to it has come over HTTP. */
void bot__order_calls_arrived(struct session *s, struct order_call *c, const struct venue_reply *reply, struct order_end *ret_end);
/* ACK or ERROR of the order-entry socket: whose; NULL: nobody's. */
struct order_call *bot__order_calls_ws_answer(struct session *s, const bot_event *ev, struct order_end *ret_end);
/* One that is on the order-entry socket, which is lost; NULL: none. */
struct order_call *bot__order_calls_lost(struct session *s, struct order_end *ret_end);
/* Gives back what it has. What it was is still in *c, until another takes the slot. */
void bot__order_calls_end(struct session *s, struct order_call *c, const struct order_end *end);
void bot__order_calls_event(const struct order_call *c, const struct order_end *end, bot_event *ret); /* what the core is told */

struct order_call *bot__order_calls_find(struct session *s, uint64_t http);
/* One by one from *cursor on (0 at first), the next whose turn has come or that has not been answered in time: then *ret_late, and
 * how it ends. NULL: that was all. */
struct order_call *bot__order_calls_due(struct session *s, uint32_t *cursor, bool *ret_late, struct order_end *ret_end);
bot_ts bot__order_calls_deadline(const struct session *s);
void bot__order_calls_stop(struct session *s); /* no answer will be waited for */

#endif
