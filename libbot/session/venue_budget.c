#include "session/venue_budget.h"

uint32_t bot__venue_budget_scopes(const struct venue *v, struct budget_scope ret_scopes[BUDGET_SCOPES_MAX])
{
    uint32_t n = 0;
    for (; n < v->scopes_n && n < BUDGET_SCOPES_MAX; n++) {
        const struct venue_scope *from = &v->scopes[n];
        struct budget_scope *to = &ret_scopes[n];
        *to = (struct budget_scope){ .calendar = from->window == VENUE_WINDOW_CALENDAR, .per_ip = from->per_ip, .limit = from->limit, .window_ns = from->window_ns };
        for (size_t i = 0; i + 1 < sizeof to->name && from->name[i] != '\0'; i++)
            to->name[i] = from->name[i];
        if (!from->one_class)
            bot__budget_reserve_default(to, 1);
    }
    return n;
}

struct budget_request bot__venue_budget_draw(const struct venue *v, const struct venue_http *http, enum budget_class cls, uint32_t account)
{
    struct budget_request r = { .cls = cls, .account = account };
    r.draws[r.draws_n++] = (struct budget_draw){ http->scope, http->weight };
    for (uint32_t i = 0; i < v->scopes_n && r.draws_n < BUDGET_DRAWS_MAX; i++)
        if (i != http->scope && v->scopes[i].per_ip && !v->scopes[http->scope].per_ip)
            r.draws[r.draws_n++] = (struct budget_draw){ i, 1 };
    return r;
}
