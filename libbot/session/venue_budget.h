/* session/venue_budget.h: a venue's table of limits as a request budget, for whoever sends requests to it. */
#ifndef BOT_SESSION_VENUE_BUDGET_H
#define BOT_SESSION_VENUE_BUDGET_H

#include "core/budget.h"
#include "venue/venue.h"

/* The venue's scopes with the default reserves; how many (0: the venue states no limits). */
uint32_t bot__venue_budget_scopes(const struct venue *v, struct budget_scope ret_scopes[BUDGET_SCOPES_MAX]);
/* What a request draws: its own scope, and one unit of the address's where its own is counted by key. */
struct budget_request bot__venue_budget_draw(const struct venue *v, const struct venue_http *http, enum budget_class cls, uint32_t account);

#endif
