/* session/drive.h: what moves the session: every input from outside comes in there, and what the core wants done is done there. */
#ifndef BOT_SESSION_DRIVE_H
#define BOT_SESSION_DRIVE_H

#include "session/state.h"

/* Around every input from outside: time comes in; effects go out to the host and the timer is armed. */
void bot__drive_enter(struct session *s, struct session_time t);
void bot__drive_leave(struct session *s);
void bot__drive_arm(struct session *s); /* the timer alone */

/* Tells the core, and does what it wants done. Returns what the core says. */
int bot__drive_tell(struct session *s, bot_event *ev);
/* A read that the core did not ask for. */
void bot__drive_read(struct session *s, enum venue_call call, bot_read_kind kind, uint32_t window_ms);
void bot__drive_read_clock(struct session *s);

#endif
