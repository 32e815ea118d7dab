/* session/funding.h: payments that the private stream does not tell in full (venue.funding_by_log), read from the account's log. */
#ifndef BOT_SESSION_FUNDING_H
#define BOT_SESSION_FUNDING_H

#include "session/state.h"

void bot__funding_start(struct session *s);
/* The stream told of one. */
void bot__funding_entered(struct session *s);
/* The log is being read from funding.from_ns on; or there was no room for that. */
void bot__funding_asked(struct session *s, bool room);
void bot__funding_read(struct session *s, const struct read *done, bool complete);

#endif
