#include "core/budget_reads.h"

#include <string.h>

#include "core/budget.h"
#include "core/carve.h"

void bot__budget_reads_init(struct budget_reads *r, struct carve *c, uint32_t reads_max, uint32_t waiters_max)
{
    *r = (struct budget_reads){ .reads_max = reads_max, .waiters_max = waiters_max };
    r->reads = carve_take(c, reads_max, sizeof *r->reads);
    r->waiters = carve_take(c, waiters_max, sizeof *r->waiters);
    if (c->base != NULL)
        memset(r->reads, 0, reads_max * sizeof *r->reads);
}

int bot__budget_reads_join(struct budget_reads *r, uint64_t key, bot_ts not_before, uint64_t waiter, uint64_t *ret_id)
{
    if (r->waiters_n == r->waiters_max)
        return BOT_ERR_FULL;
    struct budget_read *room = NULL, *joined = NULL;
    for (uint32_t i = 0; i < r->reads_max; i++) {
        struct budget_read *read = &r->reads[i];
        if (read->id == 0)
            room = room == NULL ? read : room;
        else if (key != 0 && read->key == key && read->sent_at >= not_before && (joined == NULL || read->id > joined->id))
            joined = read;
    }
    if (joined == NULL && room == NULL)
        return BOT_ERR_FULL;
    const bool lead = joined == NULL;
    if (lead) {
        *room = (struct budget_read){ .id = ++r->id, .key = key, .sent_at = BOT_TS_NEVER };
        joined = room;
    }
    r->waiters[r->waiters_n++] = (struct budget_waiter){ joined->id, waiter };
    *ret_id = joined->id;
    return lead ? BUDGET_READ_LEAD : BUDGET_READ_JOINED;
}

static struct budget_read *find(const struct budget_reads *r, uint64_t id)
{
    for (uint32_t i = 0; i < r->reads_max; i++)
        if (r->reads[i].id == id)
            return &r->reads[i];
    return NULL;
}

void bot__budget_reads_sent(struct budget_reads *r, uint64_t id, bot_ts now)
{
    struct budget_read *read = id == 0 ? NULL : find(r, id);
    if (read != NULL && read->sent_at == BOT_TS_NEVER) /* later pages do not make it younger */
        read->sent_at = now;
}

void bot__budget_reads_leave(struct budget_reads *r, uint64_t id, uint64_t waiter)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < r->waiters_n; i++)
        if (r->waiters[i].read != id || r->waiters[i].waiter != waiter)
            r->waiters[kept++] = r->waiters[i];
    r->waiters_n = kept;
}

uint32_t bot__budget_reads_finish(struct budget_reads *r, uint64_t id, uint64_t *ret_waiters, uint32_t max)
{
    struct budget_read *read = id == 0 ? NULL : find(r, id);
    if (read == NULL)
        return 0;
    uint32_t n = 0, kept = 0;
    for (uint32_t i = 0; i < r->waiters_n; i++) {
        if (r->waiters[i].read != id) {
            r->waiters[kept++] = r->waiters[i];
            continue;
        }
        if (n < max)
            ret_waiters[n] = r->waiters[i].waiter;
        n++;
    }
    r->waiters_n = kept;
    *read = (struct budget_read){ 0 };
    return n;
}
