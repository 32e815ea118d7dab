#include "session/own_flow.h"

#include "base/assert.h"

#define FILL_COUNTS_NS (10 * BOT_NS_PER_S) /* a public trade is not later than this behind its fill */

void bot__own_flow_fill(struct own_flow *o, bot_ts now, uint32_t instrument, int64_t venue_ns, bot_side side)
{
    if (venue_ns == 0 || side == BOT_SIDE_NONE)
        return;
    o->fills[o->fills_next] = (struct own_flow_sweep){ venue_ns, now, instrument, side, 1 };
    o->fills_next = (o->fills_next + 1) % OWN_FLOW_FILLS;
}

void bot__own_flow_trade(struct own_flow *o, bot_ts now, uint32_t instrument, int64_t venue_ns, bot_side side)
{
    BOT_ASSERT(o->n < OWN_FLOW_SWEEPS);
    struct own_flow_sweep *last = &o->sweeps[(o->head + o->n + OWN_FLOW_SWEEPS - 1) % OWN_FLOW_SWEEPS];
    if (o->n > 0 && venue_ns != 0 && last->venue_ns == venue_ns && last->side == side && last->instrument == instrument) {
        last->trades++;
        return;
    }
    o->sweeps[(o->head + o->n++) % OWN_FLOW_SWEEPS] = (struct own_flow_sweep){ venue_ns, now, instrument, side, 1 };
}

static bool is_own(const struct own_flow *o, const struct own_flow_sweep *t)
{
    /* From the newest on: mostly there is none, or it is long ago. */
    for (uint32_t i = 1; i <= OWN_FLOW_FILLS; i++) {
        const struct own_flow_sweep *f = &o->fills[(o->fills_next + OWN_FLOW_FILLS - i) % OWN_FLOW_FILLS];
        if (f->venue_ns == 0 || t->at - f->at > FILL_COUNTS_NS)
            return false;
        if (f->venue_ns == t->venue_ns && f->side == t->side && f->instrument == t->instrument)
            return true;
    }
    return false;
}

bool bot__own_flow_next(struct own_flow *o, bot_ts now, bool all, struct own_flow_sweep *ret)
{
    while (o->n > 0) {
        const struct own_flow_sweep *t = &o->sweeps[o->head];
        if (!all && now - t->at < OWN_FLOW_HOLD_NS)
            return false;
        o->head = (o->head + 1) % OWN_FLOW_SWEEPS;
        o->n--;
        if (is_own(o, t))
            continue;
        *ret = *t;
        return true;
    }
    return false;
}
