/* Does the venue take orders? Its own word, and what our orders meet. */
#include "core/state.h"

void bot__core_venue_said(bot_core *c, bool ok, int64_t value)
{
    c->status_bad = !ok;
    if (ok)
        c->closed_until = BOT_TS_NEVER; /* the venue knows best */
    if (ok)
        bot__gate_clear(&c->gate, BOT_GATE_VENUE_STATUS, c->now);
    else
        bot__gate_set(&c->gate, BOT_GATE_VENUE_STATUS, value, c->now);
}

void bot__core_venue_closed(bot_core *c, int64_t venue_code)
{
    if (c->closed_until != BOT_TS_NEVER)
        return; /* sent before the first answer came, or a reducing order's try: the time stays */
    c->closed_wait_ns = c->closed_wait_ns == 0 ? CLOSED_WAIT_NS : c->closed_wait_ns < CLOSED_WAIT_MAX_NS / 2 ? c->closed_wait_ns * 2 : CLOSED_WAIT_MAX_NS;
    c->closed_until = core_after(c->now, c->closed_wait_ns);
    bot__gate_set(&c->gate, BOT_GATE_VENUE_STATUS, venue_code, c->now);
}

void bot__core_venue_takes_orders(bot_core *c)
{
    c->closed_wait_ns = 0;
    if (c->closed_until == BOT_TS_NEVER)
        return;
    c->closed_until = BOT_TS_NEVER;
    if (!c->status_bad)
        bot__gate_clear(&c->gate, BOT_GATE_VENUE_STATUS, c->now);
}

void bot__core_venue_tick(bot_core *c)
{
    if (c->now < c->closed_until)
        return;
    c->closed_until = BOT_TS_NEVER;
    if (!c->status_bad)
        bot__gate_clear(&c->gate, BOT_GATE_VENUE_STATUS, c->now);
}
