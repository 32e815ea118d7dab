/* session/draws.h: what requests take of the budget, and what answers say of it. */
#ifndef BOT_SESSION_DRAWS_H
#define BOT_SESSION_DRAWS_H

#include "session/state.h"

/* Sessions with journals of different ages share one budget: its clock is the transport's. */
static inline bot_ts draws_now(const struct session *s) { return s->t.now - s->options.ts_offset; }

struct budget_request bot__draws_of(const struct session *s, enum venue_call call, const struct venue_http *http);
/* False: there is no room before *ret_ready_at. */
bool bot__draws_take(struct session *s, const struct budget_request *draw, bot_ts *ret_ready_at);
/* left: the request has gone out. */
void bot__draws_give_back(struct session *s, const struct budget_request *draw, bool left);
/* Limits, uses and refusals of an answer. */
void bot__draws_words(struct session *s, const struct venue_reply *reply);
/* A refusal for too many requests over a socket, which has no such words: of what was drawn on first or, as a ban, of all of it. */
void bot__draws_refused(struct session *s, const struct budget_request *draw, bot_outcome outcome, const char *words);

#endif
