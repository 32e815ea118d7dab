/* session/joins.h: public reads that several sessions behind one address want at once become one request: the list of
 * instruments, which every account of a process asks for when it starts. The first to ask sends it, page by page; the others
 * get its answers as if they were their own. What differs with the account is never shared. */
#ifndef BOT_SESSION_JOINS_H
#define BOT_SESSION_JOINS_H

#include "session/state.h"

#define JOINED_MAX 256 /* as many as the budget keeps */

/* Whether the page is on its way for somebody else already: then it comes with his answer. Else it is ours to send. */
bool bot__joins_wait(struct session *s, struct read *r, const struct venue_http *http);
void bot__joins_sent(struct session *s, struct read *r);
/* The page is answered: who else waited for it, at most max; all are on their own again. */
uint32_t bot__joins_finish(struct session *s, struct read *r, struct read **ret_others, uint32_t max);
/* It will not be answered, or we do not wait any longer: the others are woken, and each asks for itself. */
void bot__joins_abandon(struct session *s, struct read *r);

#endif
