/* Executions: into the ledger, and onto the orders that they belong to. */
#include "core/state.h"

#include <stddef.h>
#include <string.h>

#include "base/dec_short.h"
#include "bot/decimal.h"

/* Venues whose fills name no client id give the order's id only, which we may learn after the fill (the answer to our
 * submit is still on its way): such a fill counts in the account at once and waits here for its owner. */
static void remember_stranger(bot_core *c, const bot_event *ev, const struct ledger_result *r)
{
    for (uint32_t i = 0; i < STRANGERS_MAX; i++) {
        struct stranger *s = &c->strangers[i];
        if (s->used)
            continue;
        *s = (struct stranger){ .used = true, .until = core_after(c->now, STRANGER_WAIT_NS), .instrument = r->instrument, .leg = r->leg,
                                .order_id = ev->fill.order_id };
        const int qty = bot_dec_to_fixed(ev->fill.qty, &s->qty), price = bot_dec_to_fixed(ev->fill.price, &s->price);
        BOT_ASSERT(qty == BOT_OK && price == BOT_OK); /* the ledger took them */
        if (ev->fill.side == BOT_SELL)
            s->qty = -s->qty;
        c->strangers_n++;
        return;
    }
    bot__core_alert(c, BOT_ALERT_FULL, UINT32_MAX, r->instrument, STRANGERS_MAX, "too many fills of unknown orders: taken as external");
}

/* price 0: not known. */
static void external_fill(bot_core *c, uint32_t instrument, bot_fill_kind kind, bot_i128 qty, bot_i128 price)
{
    static const char *const words[] = {
        [BOT_FILL_TRADE] = "a trade that no bot of ours ordered", [BOT_FILL_LIQUIDATION] = "liquidation",
        [BOT_FILL_ADL] = "auto-deleveraging", [BOT_FILL_SETTLEMENT] = "settlement", [BOT_FILL_BLOCK] = "block trade",
        [BOT_FILL_TRANSFER] = "position transfer",
    };
    c->stats.fills_external++;
    if (kind == BOT_FILL_TRADE && c->options.manual_policy == BOT_MANUAL_IGNORE)
        return;
    if (kind == BOT_FILL_TRADE && c->options.manual_policy == BOT_MANUAL_PAUSE)
        bot__gate_set(&c->gate, BOT_GATE_DRIFT, 0, c->now);
    bot_effect *e = bot__core_alert(c, BOT_ALERT_EXTERNAL_FILL, UINT32_MAX, instrument, (int64_t)kind, words[kind]);
    e->alert.ours.v = qty;
    bot__core_alert_number(c, e, qty < 0 ? ": sold " : ": bought ", qty < 0 ? -qty : qty);
    if (price != 0)
        bot__core_alert_number(c, e, " at ", price);
}

/* Quantity that an applied fill adds to its order. venue_ns: of the fill; 0 unknown. */
static void fill_order(bot_core *c, uint32_t at, bot_i128 qty, int64_t venue_ns)
{
    struct order *o = bot__orders_at(&c->orders, at);
    if (venue_ns != 0 && venue_ns == o->adopted_venue_ns)
        o->unsure += qty;
    if (venue_ns != 0 && venue_ns <= o->adopted_venue_ns)
        qty = 0; /* history of before we met the order (a crash forgot it): taken off what it may fill, it would make room twice */
    const bot_i128 may = o->qty > o->reported ? o->qty : o->reported;
    o->filled += qty;
    if (o->state == ORDER_CLOSED && o->reported < o->filled && o->status != BOT_ORDER_FILLED)
        bot__core_reopen_order(c, at); /* it was closed on an error answer or on absence, and trades */
    if (may > 0 && o->filled > may) {
        bot_effect *e = bot__core_alert(c, BOT_ALERT_OVERFILL, o->bot, o->instrument, 0,
                                        "an order was filled beyond its size: an execution may be counted twice");
        bot__core_alert_order(c, e, o);
        bot__core_alert_number(c, e, ", filled ", o->filled);
        bot__gate_set(&c->gate, BOT_GATE_OVERFILL, 0, c->now);
        c->recon.positions.due = c->now;
    }
    if (o->state == ORDER_IN_FLIGHT || o->state == ORDER_UNKNOWN) {
        o->state = ORDER_OPEN;
        o->unknown_since = o->absent_at = o->query_at = BOT_TS_NEVER;
        if (o->acked_at == 0)
            o->acked_at = c->now;
    }
    o->updated_at = c->now;
    if (o->filled > o->reported)
        o->reported = o->filled;
    if (bot__order_live(o) && o->qty > 0 && o->filled >= o->qty) {
        bot__core_close_order(c, at, BOT_ORDER_FILLED, BOT_OK, 0, "");
    } else {
        bot__orders_recount(&c->orders, at);
        if (bot__order_live(o)) {
            o->status = BOT_ORDER_PARTIALLY_FILLED;
            bot__core_order_effect(c, at, BOT_OK, 0, "");
        }
    }
}

/* Whether the venue may have given an order of ours a name that we do not know yet. */
static bool awaits_name(const bot_core *c, uint32_t instrument, bot_side side)
{
    for (uint32_t i = 0; i < c->orders.used; i++) {
        const struct order *o = &c->orders.orders[i];
        if (o->instrument == instrument && o->side == side && o->order_id.len == 0 && o->bot != ORDER_BOT_NONE && o->state != ORDER_FREE)
            return true;
    }
    return false;
}

/* A place for the fill that an effect of this step lends out. */
static bot_event *lend(bot_core *c)
{
    return &c->fill_events[c->fill_events_n < HELD_MAX ? c->fill_events_n++ : HELD_MAX];
}

static void applied(bot_core *c, const bot_event *ev, const struct ledger_result *r, uint32_t order)
{
    const bot_ev_fill *f = &ev->fill;
    const bool confirms = r->moved == 0 && (r->flags & LEDGER_ABSORBED) != 0; /* what has been told already */
    bot_i128 price = 0;
    (confirms ? &c->stats.fills_duplicate : &c->stats.fills_applied)[0]++;
    c->recon.newest_fill_at = c->now;
    if (ev->venue_ns > c->recon.newest_venue_ns)
        c->recon.newest_venue_ns = ev->venue_ns;

    if (order != ORDER_NONE) {
        bot_i128 qty = r->moved < 0 ? -r->moved : r->moved;
        if ((r->flags & LEDGER_ABSORBED) == 0)
            (void)dec_to_fixed(&f->qty, &qty);
        fill_order(c, order, qty, ev->venue_ns);
    }
    const bool external = r->owner == LEDGER_EXTERNAL;
    const bool may_be_ours = order == ORDER_NONE && f->client_id.len == 0 && f->order_id.len != 0 && f->kind == BOT_FILL_TRADE &&
                             awaits_name(c, r->instrument, f->side);
    if (confirms)
        ;
    else if ((r->flags & LEDGER_EXTERNAL_KIND) != 0)
        external_fill(c, r->instrument, f->kind, r->moved, dec_to_fixed(&f->price, &price) == BOT_OK ? price : 0);
    else if (external && may_be_ours)
        remember_stranger(c, ev, r);
    else if (external)
        external_fill(c, r->instrument, f->kind, r->moved, dec_to_fixed(&f->price, &price) == BOT_OK ? price : 0);
    if ((r->flags & LEDGER_MODE_SWITCH) != 0) {
        bot__core_alert(c, BOT_ALERT_MODE, UINT32_MAX, r->instrument, 0, "net and hedge legs are both in use: the position mode changed");
        bot__gate_set(&c->gate, BOT_GATE_MODE, 0, c->now);
    }
    if ((r->flags & LEDGER_WRONG_SIDE) != 0)
        bot__core_want_fills(c);

    bot_event *lent = lend(c);
    if (!c->quiet)
        memcpy(lent, ev, offsetof(bot_event, fill) + sizeof ev->fill); /* no more of the union than a fill has */
    bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_FILL, external ? UINT32_MAX : r->owner, r->instrument);
    e->fill.fill = lent;
    e->fill.external = external;
    e->fill.confirms = confirms;
    if (r->moved != 0) {
        e = bot__core_effect_add(c, BOT_EFFECT_POSITION, external ? UINT32_MAX : r->owner, r->instrument);
        e->position.leg = r->leg;
        e->position.qty.v = r->after;
        e->position.before.v = r->before;
    }
    if ((r->flags & LEDGER_COST_UNKNOWN) != 0)
        bot__core_disown_result(c, r->instrument, r->realised);
    bot__core_check_limits(c, r->instrument);
    bot__verdict_filled(c, r->instrument, r->leg);
}

static int outcome_of(bot_core *c, const bot_event *ev, int r, const struct ledger_result *result, uint32_t order)
{
    bot_effect *e;
    const int64_t known = r < 0 ? bot__ledger_find(c->ledger, &ev->instrument) : INSTRUMENT_NONE;
    const uint32_t instrument = known == INSTRUMENT_NONE ? UINT32_MAX : (uint32_t)known;
    switch (r) {
    case LEDGER_NEW:
        applied(c, ev, result, order);
        if (ev->read_id != 0 && result->moved != 0) /* else it confirms what an order's report has told */
            c->stats.backfilled_fills++;
        return r;
    case LEDGER_KNOWN:
        c->stats.fills_duplicate++;
        return r;
    case LEDGER_HELD:
        c->stats.fills_held++;
        bot__gate_set(&c->gate, BOT_GATE_HELD_FILLS, 1, c->now);
        (void)bot__core_instrument_of(c, &ev->instrument); /* asks for its row */
        return r;
    case BOT_ERR_CONFLICT:
        c->stats.fills_conflict++;
        e = bot__core_alert(c, BOT_ALERT_FILL_CONFLICT, UINT32_MAX, instrument, 0, "an execution came again with other content: the first is kept");
        bot__core_alert_say(c, e, ": ", ev->fill.exec_id.s);
        return r;
    default:
        /* Whatever stops a fill of ours from being counted makes the position doubtful. */
        if ((c->gate.held & BOT_GATE_UNKNOWN_EXEC) == 0) {
            e = bot__core_alert(c, BOT_ALERT_UNKNOWN_EXEC, UINT32_MAX, instrument, r, "an execution could not be counted: ");
            bot__core_alert_say(c, e, bot_strerror(r), ", ");
            bot__core_alert_say(c, e, ev->instrument.s, " ");
            bot__core_alert_say(c, e, ev->fill.exec_id.s, "");
        }
        bot__gate_set(&c->gate, BOT_GATE_UNKNOWN_EXEC, r, c->now);
        c->recon.positions.due = c->now;
        return r;
    }
}

/* The order that a fill belongs to, and the bot that it belongs to by its client id even when the order is gone. One of another
 * instrument or side is not it, whatever it is called: its room is for its own fills. */
static uint32_t order_of(const bot_core *c, const bot_event *ev, uint32_t instrument, uint32_t *ret_owner, bot_leg *ret_leg)
{
    uint32_t at = bot__orders_by_client(&c->orders, &ev->fill.client_id);
    if (at == ORDER_NONE)
        at = bot__orders_by_venue(&c->orders, instrument, &ev->fill.order_id);
    if (at != ORDER_NONE && (c->orders.orders[at].instrument != instrument || c->orders.orders[at].side != ev->fill.side))
        at = ORDER_NONE;
    *ret_owner = LEDGER_EXTERNAL;
    *ret_leg = ev->fill.leg;
    uint32_t bot = at != ORDER_NONE ? c->orders.orders[at].bot : bot_core_client_id_bot(c, &ev->fill.client_id);
    if (bot != ORDER_BOT_NONE && c->bots[bot].attached)
        *ret_owner = bot;
    if (at != ORDER_NONE && *ret_leg == BOT_LEG_NONE && c->options.hedge)
        *ret_leg = c->orders.orders[at].leg;
    /* What the venue closes by itself has no order that we could know: a sale ends the long leg, a purchase the short one. */
    const bot_fill_kind kind = ev->fill.kind;
    if (*ret_leg == BOT_LEG_NONE && c->options.hedge && (kind == BOT_FILL_LIQUIDATION || kind == BOT_FILL_ADL || kind == BOT_FILL_SETTLEMENT))
        *ret_leg = ev->fill.side == BOT_SELL ? BOT_LEG_LONG : BOT_LEG_SHORT;
    /* Neither does a person's order, nor one of ours that a crash forgot: what the fill did to the position and its side name
     * the leg. Not where the account has shown the other mode. */
    if (at == ORDER_NONE && *ret_leg == BOT_LEG_NONE && c->options.hedge && !bot__ledger_nets(c->ledger, instrument)) {
        const bool opens = (ev->has & BOT_HAS_OPENS) != 0, closes = (ev->has & BOT_HAS_CLOSES) != 0;
        if (opens != closes)
            *ret_leg = (ev->fill.side == BOT_BUY) == opens ? BOT_LEG_LONG : BOT_LEG_SHORT;
    }
    return at;
}

/* A fill of an account in hedge mode that nothing gives a leg: booked on the net leg it would be two errors. It is left out, so that
 * the position disagrees (drift) until an order that is heard of later gives it its leg. */
static bool legless(const bot_core *c, const bot_event *ev, bot_leg leg)
{
    return ev->fill.kind == BOT_FILL_TRADE && leg == BOT_LEG_NONE && c->options.hedge && bot__ledger_hedges(c->ledger, c->fill_key.instrument);
}

/* What every fill passes is one function to the compiler. */
__attribute__((flatten)) int bot__core_fill(bot_core *c, const bot_event *ev)
{
    /* History of an account that we have just been started on is in the position that we are about to be shown. */
    if (ev->read_id != 0 && c->recon.cold)
        return 0;
    uint32_t owner;
    bot_leg leg;
    const uint32_t instrument = c->fill_key.instrument;
    const uint32_t order = order_of(c, ev, instrument, &owner, &leg);
    if (legless(c, ev, leg)) {
        c->stats.fills_legless++;
        c->recon.positions.due = c->now;
        return 0;
    }
    if (instrument != INSTRUMENT_NONE && bot__verdict_inside_baseline(c, instrument, leg, ev)) {
        c->stats.fills_duplicate++;
        return 0;
    }
    struct ledger_result result = { 0 };
    const int r = bot__ledger_apply_fill_of(c->ledger, &c->fill_key, ev, owner, leg, &result);
    if (r == LEDGER_NEW && order != ORDER_NONE) /* the venue's id may be news as well (replace) */
        bot__orders_name(&c->orders, order, &ev->fill.order_id);
    if (r >= 0 && ev->source == BOT_SOURCE_WS_PRIVATE && ev->flags < BOT_SOCKETS_MAX && (ev->flags != 0 || c->sockets.several))
        bot__sockets_fill(&c->sockets, c->stats.sockets, ev->flags, &ev->fill.exec_id, r == LEDGER_KNOWN, c->now);
    return outcome_of(c, ev, r, &result, order);
}

static void funding_applied(bot_core *c, const bot_event *ev, uint32_t instrument)
{
    bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_FILL, UINT32_MAX, instrument);
    bot_event *lent = lend(c);
    if (!c->quiet)
        *lent = *ev;
    e->fill.fill = lent;
    e->fill.external = true;
    bot__core_check_limits(c, instrument);
}

int bot__core_funding(bot_core *c, const bot_event *ev)
{
    struct ledger_result result = { 0 };
    const int r = bot__ledger_apply_funding(c->ledger, ev, LEDGER_EXTERNAL, BOT_LEG_NET, &result);
    if (r == LEDGER_NEW) {
        funding_applied(c, ev, result.instrument);
    } else if (r == LEDGER_HELD) {
        (void)bot__core_instrument_of(c, &ev->instrument); /* asks for its row */
    } else if (r == BOT_ERR_CONFLICT) {
        c->stats.fills_conflict++;
        bot__core_alert(c, BOT_ALERT_FILL_CONFLICT, UINT32_MAX, UINT32_MAX, 0, "a payment came again with another amount: the first is kept");
    }
    return r;
}

void bot__core_derive_fill(bot_core *c, uint32_t order, const bot_event *report)
{
    struct order *o = bot__orders_at(&c->orders, order);
    const uint32_t owner = o->bot != ORDER_BOT_NONE ? o->bot : LEDGER_EXTERNAL;
    struct ledger_result result = { 0 };
    const int r = bot__ledger_apply_order(c->ledger, report, owner, o->leg, &result);
    if (r != LEDGER_NEW)
        return;
    c->stats.fills_derived++;
    c->recon.newest_fill_at = c->now;
    const bot_i128 moved = result.moved < 0 ? -result.moved : result.moved;
    bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_POSITION, o->bot, result.instrument);
    e->position.leg = result.leg;
    e->position.qty.v = result.after;
    e->position.before.v = result.before;
    o->derived_fills = true;
    if (owner == LEDGER_EXTERNAL)
        external_fill(c, result.instrument, BOT_FILL_TRADE, result.moved, 0);
    fill_order(c, order, moved, 0);
    if ((result.flags & LEDGER_COST_UNKNOWN) != 0)
        bot__core_disown_result(c, result.instrument, result.realised);
    bot__core_check_limits(c, result.instrument);
    bot__verdict_filled(c, result.instrument, result.leg);
}

void bot__core_order_named(bot_core *c, uint32_t order)
{
    if (c->strangers_n == 0)
        return;
    const struct order *o = bot__orders_at(&c->orders, order);
    if (o->order_id.len == 0 || o->bot == ORDER_BOT_NONE)
        return;
    for (uint32_t i = 0; i < STRANGERS_MAX; i++) {
        struct stranger *s = &c->strangers[i];
        if (!s->used || s->instrument != o->instrument || !bot__id_eq(&s->order_id, &o->order_id))
            continue;
        s->used = false;
        c->strangers_n--;
        (void)bot__ledger_transfer(c->ledger, s->instrument, s->leg, s->qty, s->price, LEDGER_EXTERNAL, o->bot);
        fill_order(c, order, s->qty < 0 ? -s->qty : s->qty, 0);
    }
}

void bot__core_fills_tick(bot_core *c)
{
    if (c->strangers_n == 0)
        return;
    for (uint32_t i = 0; i < STRANGERS_MAX; i++) {
        struct stranger *s = &c->strangers[i];
        if (!s->used || s->until > c->now)
            continue;
        s->used = false;
        c->strangers_n--;
        external_fill(c, s->instrument, BOT_FILL_TRADE, s->qty, s->price);
    }
}

bot_ts bot__core_fills_deadline(const bot_core *c)
{
    bot_ts at = BOT_TS_NEVER;
    if (c->strangers_n != 0)
        for (uint32_t i = 0; i < STRANGERS_MAX; i++)
            if (c->strangers[i].used)
                at = core_min(at, c->strangers[i].until);
    return at;
}

/* ---- instruments ---- */

static void held_outcome(void *user_data, const bot_event *ev, int r, const struct ledger_result *result)
{
    bot_core *c = user_data;
    uint32_t owner;
    bot_leg leg;
    if (ev->kind == BOT_EV_FILL)
        (void)outcome_of(c, ev, r, result, order_of(c, ev, result->instrument, &owner, &leg));
    else if (r == LEDGER_NEW) /* money that waited is told like any other */
        funding_applied(c, ev, result->instrument);
}

int bot__core_instrument_row(bot_core *c, const bot_event *ev)
{
    struct instrument row;
    int r = bot__instrument_from_event(ev, &row);
    if (r < 0)
        return r;
    struct ledger_stats waiting;
    bot__ledger_stats(c->ledger, &waiting);
    c->effects_room = c->options.effects_max + waiting.held * EFFECTS_OF_FILL;
    r = bot__ledger_instrument_put(c->ledger, &row, c->now, held_outcome, c);
    if (r == BOT_ERR_CONFLICT) {
        const uint32_t known = bot__ledger_find(c->ledger, &ev->instrument);
        if (!c->instruments[known].worth_changed)
            bot__core_alert(c, BOT_ALERT_CONTRACT, UINT32_MAX, known, 0,
                            "the venue changed what a contract is worth; only exits are sent until it is as before, or a new journal is begun");
        c->instruments[known].worth_changed = true;
        return r;
    }
    if (r < 0) {
        bot__core_alert(c, BOT_ALERT_FULL, UINT32_MAX, UINT32_MAX, r, "an instrument cannot be taken up");
        return r;
    }
    c->instruments[r].worth_changed = false;
    c->instruments[r].multiplier = ev->inst.multiplier;
    bot__core_limits_known(c, (uint32_t)r);
    struct ledger_stats stats;
    bot__ledger_stats(c->ledger, &stats);
    if (stats.held_fills == 0) /* money paid for holding may wait: it moves no size */
        bot__gate_clear(&c->gate, BOT_GATE_HELD_FILLS, c->now);
    return r;
}
