/* session/effects.h: the core's step, and what it wants done until that is done. */
#ifndef BOT_SESSION_EFFECTS_H
#define BOT_SESSION_EFFECTS_H

#include "session/state.h"

#define OUTBOX_MAX 512
#define REQUESTS_KEPT 512

void bot__effects_carve(struct arena *a, struct effects *ret);
/* The only way into the core; ev->ts becomes now. Returns what the core says. What it wants done is kept: see below. */
int bot__effects_step(struct session *s, bot_event *ev);
/* The oldest effect that sends something; false: none waits. */
bool bot__effects_next(struct session *s, bot_effect *ret);
/* Those for the host, to the host. */
void bot__effects_deliver(struct session *s);

#endif
