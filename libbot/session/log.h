/* session/log.h: what a person reads when something fails: what was asked for, where, and what the answer was. */
#ifndef BOT_SESSION_LOG_H
#define BOT_SESSION_LOG_H

#include "session/state.h"

void bot__log_read_failed(struct session *s, enum venue_call call, bot_outcome outcome, const char *detail, int64_t code);
/* ev: an ERROR of the venue's on that stream. */
void bot__log_venue_error(struct session *s, bot_stream stream, const bot_event *ev);
/* Names of the options that the venue's list has not: they would be silent for ever, and nothing wrong with what comes. */
void bot__log_unknown_instruments(struct session *s);

#endif
