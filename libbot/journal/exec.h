/* journal/exec.h: which events are of one execution or payment. */
#ifndef BOT_JOURNAL_EXEC_H
#define BOT_JOURNAL_EXEC_H

#include "base/json.h"
#include "bot/core.h"

/* Of a BOT_EV_FILL or BOT_EV_FUNDING. */
static inline bot_exec_key bot__exec_key_of(const bot_event *ev)
{
    if (ev->kind == BOT_EV_FILL)
        return (bot_exec_key){ .instrument = ev->instrument, .exec_id = ev->fill.exec_id, .order_id = ev->fill.order_id, .side = ev->fill.side };
    return (bot_exec_key){ .instrument = ev->instrument, .exec_id = ev->funding.exec_id };
}

/* The ledger's rule, see core/dedupe.h: one id of another order and of the far side is the other side of a self-trade. */
static inline bool bot__exec_same(const bot_exec_key *a, const bot_exec_key *b)
{
    if (!bot__id_eq(&a->exec_id, &b->exec_id) || !bot__symbol_eq(&a->instrument, &b->instrument))
        return false;
    return a->side == b->side || a->order_id.len == 0 || b->order_id.len == 0 || bot__id_eq(&a->order_id, &b->order_id);
}

/* Does the event tell of it? */
static inline bool bot__exec_is(const bot_exec_key *exec, uint16_t kind, const bot_event *ev)
{
    if (ev->kind != kind)
        return false;
    const bot_exec_key other = bot__exec_key_of(ev);
    return bot__exec_same(exec, &other);
}

#endif
