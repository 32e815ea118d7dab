/* session/public_data.h: what the public data says: reference prices, and the monitors that decide whether the venue is slowing
 * down. */
#ifndef BOT_SESSION_PUBLIC_DATA_H
#define BOT_SESSION_PUBLIC_DATA_H

#include "session/state.h"

size_t bot__public_memory(const struct session_options *o); /* 0: no rate is watched */
bool bot__public_open(struct session *s, void *rate_memory, size_t rate_size);
void bot__public_event(struct session *s, const bot_event *ev); /* TRADE, BOOK or GAP */
void bot__public_own_event(struct session *s, const bot_event *ev); /* FILL or ORDER of the private stream, for comparison */
void bot__public_lost(struct session *s, bot_stream stream);
/* The venue's clock was read, by a request that left at sent_at. */
void bot__public_clock(struct session *s, bot_ts sent_at, int64_t venue_ns);
void bot__public_acked(struct session *s, bot_ts sent_at); /* an order that left then */

/* What the monitors have to say now, monitor by monitor from *cursor on (0 at first), up to the next change; false: that was all. */
bool bot__public_due(struct session *s, uint32_t *cursor, bot_event *ret);
/* A new private stream: old suspicions are void. True: that is a change, and what to say of it. */
bool bot__public_private_anew(struct session *s, bot_event *ret);
bot_ts bot__public_deadline(const struct session *s);

#endif
