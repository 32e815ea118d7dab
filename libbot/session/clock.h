/* session/clock.h: the venue's clock against ours, measured every two minutes and whenever it is doubted. */
#ifndef BOT_SESSION_CLOCK_H
#define BOT_SESSION_CLOCK_H

#include "session/state.h"

void bot__clock_asked(struct session *s);
void bot__clock_doubt(struct session *s); /* it is asked at once */
/* As doubt, but not more often than that. */
void bot__clock_doubt_seldom(struct session *s, int64_t apart_ns);
/* An answer to a read that left at sent_at; ret: what the core is told. */
void bot__clock_measured(struct session *s, const struct read *r, int64_t venue_ns, int64_t venue_error_ns, bot_event *ret);
void bot__clock_read(struct session *s, bool ok);

#endif
