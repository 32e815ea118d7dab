/* What the venue says of our orders, and asking it when it says nothing. */
#include "core/state.h"

#include "bot/decimal.h"

#define QUERY_WAIT_MAX (30 * BOT_NS_PER_S)
#define FILLS_WAIT_MAX (60 * BOT_NS_PER_S)
#define DENIED_MAX 1
#define DENIED_SLACK_NS BOT_NS_PER_S /* by which a request's stamp may be ahead of the venue's clock */
#define FILLS_ASKED_MAX 8 /* a venue that still does not list them never will; that many questions take four minutes */

static bool final_status(bot_order_status s)
{
    return s == BOT_ORDER_FILLED || s == BOT_ORDER_CANCELED || s == BOT_ORDER_REJECTED || s == BOT_ORDER_EXPIRED;
}

static uint32_t find(const bot_core *c, uint32_t instrument, const bot_id *client_id, const bot_id *order_id)
{
    const uint32_t at = bot__orders_by_client(&c->orders, client_id);
    return at != ORDER_NONE ? at : bot__orders_by_venue(&c->orders, instrument, order_id);
}

static void count_reject(bot_core *c, uint32_t bot)
{
    c->stats.rejects++;
    if (bot == ORDER_BOT_NONE || c->options.rejects_max == 0)
        return;
    if (++c->bots[bot].rejects_in_row < c->options.rejects_max)
        return;
    if ((c->gate.held & BOT_GATE_REJECT_STORM) == 0)
        bot__core_alert(c, BOT_ALERT_REJECT_STORM, bot, UINT32_MAX, c->bots[bot].rejects_in_row, "the venue rejects order after order");
    bot__gate_set(&c->gate, BOT_GATE_REJECT_STORM, c->bots[bot].rejects_in_row, c->now);
}

static void mark_unknown(bot_core *c, uint32_t order)
{
    struct order *o = bot__orders_at(&c->orders, order);
    if (!bot__order_live(o) || o->state == ORDER_UNKNOWN)
        return;
    o->state = ORDER_UNKNOWN;
    o->denied = false;
    o->unknown_since = c->now;
    o->absent_at = BOT_TS_NEVER;
    o->absent_count = 0;
    o->query_at = core_after(c->now, c->options.order_query_every_ns);
    core_look_at_orders(c, o->query_at);
    c->stats.unknown_outcomes++;
    bot__core_order_effect(c, order, BOT_ERR_UNKNOWN_OUTCOME, 0, "");
}

static void known_again(struct order *o)
{
    o->state = ORDER_OPEN;
    o->unknown_since = o->absent_at = BOT_TS_NEVER;
    o->absent_count = 0;
    o->query_at = BOT_TS_NEVER;
}

/* The venue says that it filled more than what came to us one by one. Mostly that is on its way; what is lost is fetched, even
 * where the position agrees all the same because another lost fill cancels it out: the order's room would be held for ever, and
 * the result would be wrong. */
static void fills_missing(bot_core *c, struct order *o, int64_t venue_ns)
{
    if (o->reported <= o->filled || !c->options.venue.has_fills_channel)
        return;
    o->reported_at = c->now;
    o->reported_venue_ns = venue_ns;
    o->fills_asked = 0;
    if (o->fills_at == BOT_TS_NEVER)
        core_look_at_orders(c, o->fills_at = core_after(c->now, c->options.grace_ns));
}

static void fetch_fills(bot_core *c, struct order *o)
{
    if (o->reported <= o->filled) {
        o->fills_at = BOT_TS_NEVER;
        return;
    }
    bot__core_owe_fills(c, o->reported_venue_ns);
    bot__core_want_fills(c);
    int64_t wait = c->options.order_query_every_ns;
    for (uint32_t k = 0; k < o->fills_asked && wait < FILLS_WAIT_MAX; k++)
        wait *= 2;
    o->fills_at = core_after(c->now, wait < FILLS_WAIT_MAX ? wait : FILLS_WAIT_MAX);
}

/* Not listed time after time, while the position agrees with what the venue said since: they are in it. */
static void fills_given_up(bot_core *c, uint32_t at)
{
    struct order *o = bot__orders_at(&c->orders, at);
    const struct recon_leg *l = &c->instruments[o->instrument].leg[bot__leg_index(o->leg)];
    if (o->fills_asked < FILLS_ASKED_MAX || l->verdict != BOT_VERDICT_AGREE || l->agreed_at <= o->reported_at)
        return;
    bot_effect *e = bot__core_alert(c, BOT_ALERT_ORDER_LOST, o->bot, o->instrument, 0, "fills that the venue reported of an order are not in its history");
    bot__core_alert_order(c, e, o);
    o->filled = o->reported;
    o->fills_at = BOT_TS_NEVER;
    bot__orders_recount(&c->orders, at);
}

/* An order that traded many times in the moment in which we met it: which of those fills were in its quantity then, nobody says. It has
 * ended, the whole history is here, and they explain what is missing. */
static bool met_between_fills(bot_core *c, uint32_t at)
{
    struct order *o = bot__orders_at(&c->orders, at);
    if (o->state != ORDER_CLOSED || o->concluded || o->unsure < o->reported - o->filled)
        return false;
    o->filled = o->reported;
    o->fills_at = BOT_TS_NEVER;
    bot__orders_recount(&c->orders, at);
    return true;
}

void bot__core_history_read(bot_core *c, bot_ts sent_at)
{
    for (uint32_t i = 0; i < c->orders.used; i++) {
        struct order *o = bot__orders_at(&c->orders, i);
        if (o->state == ORDER_FREE || o->fills_at == BOT_TS_NEVER || o->reported <= o->filled || o->reported_at >= sent_at)
            continue;
        o->fills_asked++;
        if (!met_between_fills(c, i))
            fills_given_up(c, i);
    }
}

/* An order of the venue that our table does not hold: of an earlier run of ours, or of a stranger. Live ones count. qty, cum:
 * below 0 where the venue does not say. */
static uint32_t adopt_order(bot_core *c, const bot_event *ev, uint32_t instrument, bot_i128 qty, bot_i128 cum)
{
    const bot_ev_order *r = &ev->order;
    if (final_status(r->status) || r->status == BOT_ORDER_NONE || r->side == BOT_SIDE_NONE || qty < 0)
        return ORDER_NONE;
    if (r->leg != BOT_LEG_NONE && (r->leg != BOT_LEG_NET) != c->options.hedge) { /* what it fills moves no position of ours, and would count for ever */
        bot__core_other_mode(c, instrument);
        return ORDER_NONE;
    }
    if (bot__client_id_ended(c, &r->client_id)) /* ours, and no longer in the table: a list as old as that, or a late report */
        return ORDER_NONE;
    uint32_t bot = bot_core_client_id_bot(c, &r->client_id);
    if (bot != ORDER_BOT_NONE && !c->bots[bot].attached)
        bot = ORDER_BOT_NONE;
    struct order order = {
        .client_id = r->client_id, .order_id = r->order_id, .state = ORDER_OPEN, .status = r->status, .bot = bot,
        .instrument = instrument, .side = r->side, .qty = qty, .leg = r->leg == BOT_LEG_NONE ? BOT_LEG_NET : r->leg, .type = r->type,
        .tif = r->tif, .reduce_only = r->reduce_only, .submitted_at = c->now, .updated_at = c->now, .acked_at = c->now,
        .unknown_since = BOT_TS_NEVER, .absent_at = BOT_TS_NEVER, .query_at = BOT_TS_NEVER, .fills_at = BOT_TS_NEVER,
    };
    if (cum > 0) {
        order.filled = order.reported = cum; /* what it filled before we knew it is in the position already, or is fetched */
        order.adopted_venue_ns = ev->venue_ns;
    }
    if ((ev->has & BOT_HAS_PRICE) != 0)
        (void)bot_dec_to_fixed(r->price, &order.price.v);
    const int64_t at = bot__orders_add(&c->orders, &order);
    if (at < 0) {
        bot__core_alert(c, BOT_ALERT_FULL, UINT32_MAX, instrument, 0, "no room for an open order of the account");
        bot__gate_set(&c->gate, BOT_GATE_UNKNOWN_EXEC, at, c->now);
        return ORDER_NONE;
    }
    if (bot != ORDER_BOT_NONE)
        c->orders.bot_open[bot]++;
    else if (c->options.manual_policy != BOT_MANUAL_IGNORE)
        bot__core_alert_order(c, bot__core_alert(c, BOT_ALERT_UNKNOWN_ORDER, UINT32_MAX, instrument, 0, "an order on the account that no bot of ours sent"),
                              &order);
    return (uint32_t)at;
}

/* Where orders have no client ids, the venue tells of one of ours before its answer has told us its number: the oldest that has no
 * number yet and looks the same. Two that look the same are one another's equal in all that counts here; and should it be a
 * stranger's after all, the answer renames ours and the stranger is met anew. */
static uint32_t claim_by_looks(const bot_core *c, const bot_event *ev, uint32_t instrument, bot_i128 qty)
{
    const bot_ev_order *r = &ev->order;
    bot_i128 price = 0;
    uint32_t found = ORDER_NONE;
    const bool priced = (ev->has & BOT_HAS_PRICE) != 0;
    if (c->options.venue.has_client_ids || qty <= 0 || r->order_id.len == 0 || (priced && bot_dec_to_fixed(r->price, &price) < 0))
        return ORDER_NONE;
    for (uint32_t i = 0; i < c->orders.used; i++) {
        const struct order *o = &c->orders.orders[i];
        if (o->bot == ORDER_BOT_NONE || o->order_id.len != 0 || (o->state != ORDER_IN_FLIGHT && o->state != ORDER_UNKNOWN) ||
            o->instrument != instrument || o->side != r->side || o->qty != qty || (r->type != BOT_TYPE_NONE && r->type != o->type) ||
            (priced && price != o->price.v))
            continue;
        if (found == ORDER_NONE || o->submitted_at < c->orders.orders[found].submitted_at)
            found = i;
    }
    return found;
}

/* What the order may fill in all, and its price, by a report. One that was overtaken tells of a quantity that an amend may have raised
 * since: it makes no room. (Its status may be news all the same: a venue's clock can be set back.) asked_at: what it tells of is not
 * older. */
static void take_quantity(const bot_core *c, struct order *o, const bot_event *ev, bot_i128 qty, bot_ts asked_at)
{
    if (ev->venue_ns != 0 ? ev->venue_ns < o->told_venue_ns : asked_at < o->updated_at)
        return;
    if (ev->venue_ns != 0)
        o->told_venue_ns = ev->venue_ns;
    bot_px price;
    if (o->type == BOT_LIMIT && (ev->has & BOT_HAS_PRICE) != 0 && bot_dec_to_fixed(ev->order.price, &price.v) == BOT_OK && price.v > 0)
        o->price = price;
    if (o->amend_qty != 0 && qty >= 0 && qty == o->amend_qty) {
        o->qty = qty;
        o->amend_qty = 0;
    } else if (o->amend_qty != 0 && qty == o->amend_old && ev->read_id != 0 && asked_at >= core_after(o->amend_at, c->options.venue.absence_bound_ns)) {
        o->qty = qty; /* an amend of unknown outcome that did not happen: no venue carries it out so late */
        o->amend_qty = 0;
    } else if (o->amend_qty == 0 && qty > 0) {
        /* More than we sent is what a crash has forgotten that we sent, or a person's doing; by a report without a time it may as well be
         * one that was overtaken. */
        o->qty = qty > o->qty && o->bot != ORDER_BOT_NONE && ev->venue_ns == 0 ? o->qty : qty;
    }
}

/* What a message of the stream tells is of now; of a read, of its sending or later. */
static bot_ts asked_when(const bot_core *c, const bot_event *ev)
{
    if (ev->read_id == 0)
        return c->now;
    return ev->read_id == c->recon.orders.id ? c->recon.orders.sent_at : c->now - c->options.read_deadline_ns;
}

int bot__core_order_report(bot_core *c, const bot_event *ev)
{
    const bot_ev_order *r = &ev->order;
    const int64_t instrument = bot__core_instrument_of(c, &ev->instrument);
    if (instrument < 0)
        return (int)instrument;
    if (r->order_id.len == 0 && r->client_id.len == 0)
        return BOT_ERR_MALFORMED;
    bot_i128 cum = -1, qty = -1;
    if ((ev->has & BOT_HAS_CUM_QTY) != 0 && (bot_dec_to_fixed(r->cum_qty, &cum) < 0 || cum < 0))
        return BOT_ERR_MALFORMED;
    if ((ev->has & BOT_HAS_QTY) != 0 && (bot_dec_to_fixed(r->qty, &qty) < 0 || qty < 0))
        return BOT_ERR_MALFORMED;

    uint32_t at = find(c, (uint32_t)instrument, &r->client_id, &r->order_id);
    if (at == ORDER_NONE)
        at = claim_by_looks(c, ev, (uint32_t)instrument, qty);
    const bool met = at == ORDER_NONE;
    if (met)
        at = adopt_order(c, ev, (uint32_t)instrument, qty, cum);
    if (at == ORDER_NONE)
        return 0;
    struct order *o = bot__orders_at(&c->orders, at);
    if (o->instrument != (uint32_t)instrument || (r->side != BOT_SIDE_NONE && r->side != o->side))
        return BOT_ERR_CONFLICT;
    bot__orders_name(&c->orders, at, &r->order_id);
    bot__core_order_named(c, at);
    c->list_seen[at] = ev->read_id != 0 ? c->recon.list_generation : c->list_seen[at];

    /* A row of a list that was asked for before the last news of this order is old: its cumulative quantity still is a
     * lower bound, its status is not news. */
    const bot_ts asked_at = asked_when(c, ev);
    const bool old = !met && ev->read_id != 0 && ev->read_id == c->recon.orders.id && asked_at < o->updated_at;
    if (cum > o->reported) {
        o->reported = cum;
        fills_missing(c, o, ev->venue_ns);
    }
    if (o->state == ORDER_CLOSED && !final_status(r->status)) {
        /* "Open" after a final report is a late message, unless we closed it on an error answer or on absence. */
        if (o->concluded && !old)
            bot__core_reopen_order(c, at);
    }
    if (!c->options.venue.has_fills_channel)
        bot__core_derive_fill(c, at, ev);

    if (bot__order_live(o) && !old) {
        take_quantity(c, o, ev, qty, asked_at);
        if (o->acked_at == 0)
            o->acked_at = c->now;
        o->updated_at = c->now;
        if (final_status(r->status)) {
            if (r->status == BOT_ORDER_FILLED && cum < 0 && o->reported < o->qty) {
                o->reported = o->qty;
                fills_missing(c, o, ev->venue_ns);
            }
            if (o->reported > o->filled && bot__verdict_order_in_baseline(c, o->instrument, o->leg, ev))
                o->filled = o->reported;
            if (r->status == BOT_ORDER_REJECTED)
                count_reject(c, o->bot);
            bot__core_close_order(c, at, r->status, r->status == BOT_ORDER_REJECTED ? BOT_ERR_REJECTED : BOT_OK, r->venue_code, r->reason);
            return 1;
        }
        const bot_order_status before = o->status;
        const bool was_open = o->state == ORDER_OPEN;
        known_again(o);
        o->status = r->status;
        if (o->bot != ORDER_BOT_NONE)
            c->bots[o->bot].rejects_in_row = 0;
        bot__orders_recount(&c->orders, at);
        if (!was_open || before != r->status)
            bot__core_order_effect(c, at, BOT_OK, 0, r->reason);
        bot__core_cancel_again(c, at, ev->read_id != 0);
        return 1;
    }
    bot__orders_recount(&c->orders, at);
    return 0;
}

/* The venue took the request; what became of the order comes as a report. */
static void acked(bot_core *c, uint32_t at, const bot_id *order_id)
{
    struct order *o = bot__orders_at(&c->orders, at);
    bot__core_venue_takes_orders(c);
    bot__orders_name(&c->orders, at, order_id);
    bot__core_order_named(c, at);
    if (o->acked_at == 0)
        o->acked_at = c->now;
    if (o->state == ORDER_IN_FLIGHT || o->state == ORDER_UNKNOWN) {
        known_again(o);
        o->status = o->status == BOT_ORDER_NONE ? BOT_ORDER_OPEN : o->status;
        o->updated_at = c->now;
        bot__orders_recount(&c->orders, at);
        bot__core_order_effect(c, at, BOT_OK, 0, "");
    }
}

/* That is ambiguous (filled? gone? never there?): ask, and let the strategy cancel again. */
static void cancel_refused(bot_core *c, uint32_t at, int64_t venue_code, const char *reason)
{
    struct order *o = bot__orders_at(&c->orders, at);
    o->cancel_asked = false;
    core_look_at_orders(c, o->query_at = core_after(c->now, core_patience(o, c->options.order_query_every_ns / 4)));
    bot__core_order_effect(c, at, BOT_ERR_REJECTED, venue_code, reason);
}

static int answered(bot_core *c, uint32_t at, const bot_ev_reply *r)
{
    struct order *o = bot__orders_at(&c->orders, at);
    const bot_request_kind request = (bot_request_kind)(r->request_id % 4);
    const bot_outcome outcome = r->outcome;
    switch (outcome) {
    case BOT_OUTCOME_OK:
        if (request == BOT_REQUEST_SUBMIT)
            acked(c, at, &r->order_id);
        return 1;

    case BOT_OUTCOME_UNKNOWN:
    case BOT_OUTCOME_TIMEOUT:
    case BOT_OUTCOME_MALFORMED:
    case BOT_OUTCOME_NONE:
        if (request == BOT_REQUEST_SUBMIT && o->state == ORDER_IN_FLIGHT)
            mark_unknown(c, at);
        else if (bot__order_live(o))
            core_look_at_orders(c, o->query_at = core_after(c->now, c->options.order_query_every_ns));
        return 1;

    case BOT_OUTCOME_NOT_FOUND: /* an answer to a cancel or amend; once proves nothing */
        if (request == BOT_REQUEST_CANCEL)
            o->cancel_asked = false; /* should it live after all */
        bot__core_order_absent(c, at);
        return 1;

    case BOT_OUTCOME_NOT_SENT:
    case BOT_OUTCOME_REJECTED:
    case BOT_OUTCOME_LIMITED:
    case BOT_OUTCOME_BANNED:
    case BOT_OUTCOME_MAINTENANCE:
    case BOT_OUTCOME_CLOCK:
    case BOT_OUTCOME_AUTH:
        break;
    }
    /* It did not happen. */
    if (request == BOT_REQUEST_SUBMIT) {
        if (o->state != ORDER_IN_FLIGHT)
            return 0; /* a report or fill has said otherwise already: that one is right */
        if (outcome == BOT_OUTCOME_MAINTENANCE)
            bot__core_venue_closed(c, r->venue_code); /* no order would have been taken: that is no fault of the bot's */
        else if (outcome != BOT_OUTCOME_NOT_SENT)
            count_reject(c, o->bot);
        o->concluded = true;
        o->never_left = outcome == BOT_OUTCOME_NOT_SENT;
        bot__core_close_order(c, at, BOT_ORDER_REJECTED, outcome == BOT_OUTCOME_NOT_SENT ? BOT_ERR_NOT_CONNECTED : BOT_ERR_REJECTED,
                              r->venue_code, r->reason);
        return 1;
    }
    if (request == BOT_REQUEST_AMEND && r->request_id == o->request_id && bot__order_live(o)) {
        if (o->amend_qty != 0) /* else a report has shown that quantity already: of the price nothing is counted */
            o->qty = o->amend_old;
        o->amend_qty = 0;
        bot__orders_recount(&c->orders, at);
        bot__core_order_effect(c, at, BOT_ERR_REJECTED, r->venue_code, r->reason);
        return 1;
    }
    if (request == BOT_REQUEST_CANCEL && bot__order_live(o))
        cancel_refused(c, at, r->venue_code, r->reason);
    return 1;
}

int bot__core_reply(bot_core *c, const bot_event *ev)
{
    const bot_ev_reply *r = &ev->reply;
    const uint32_t at = find(c, ORDER_NONE, &r->client_id, &r->order_id);
    if (at == ORDER_NONE)
        return BOT_ERR_NOT_FOUND;
    return answered(c, at, r);
}

int bot__core_sent(bot_core *c, const bot_event *ev)
{
    if (ev->reply.outcome == BOT_OUTCOME_OK)
        return 0; /* it left: it was counted when it was submitted */
    return bot__core_reply(c, ev);
}

/* An acknowledgement that came by itself, over the order-entry socket or the private stream. */
int bot__core_ack(bot_core *c, const bot_event *ev)
{
    const uint32_t at = find(c, bot__ledger_find(c->ledger, &ev->instrument), &ev->ack.client_id, &ev->ack.order_id);
    if (at == ORDER_NONE)
        return 0;
    if (ev->ack.accepted)
        acked(c, at, &ev->ack.order_id);
    else if (bot__order_live(&c->orders.orders[at]) && c->orders.orders[at].cancel_asked)
        cancel_refused(c, at, ev->ack.venue_code, ev->ack.reason); /* orders that are refused are told of by a report */
    return 1;
}

/* For how long an order must be absent to be believed absent. One that the venue has acknowledged did exist, and its end would have
 * been told: endpoints are known to forget such orders for up to half an hour (INCIDENTS 25). */
static int64_t absence_bound(const bot_core *c, const struct order *o)
{
    int64_t bound;
    return __builtin_mul_overflow(c->options.venue.absence_bound_ns, o->acked_at != 0 ? 30 : 1, &bound) ? INT64_MAX : bound;
}

void bot__core_order_absent(bot_core *c, uint32_t at)
{
    struct order *o = bot__orders_at(&c->orders, at);
    if (!bot__order_live(o))
        return;
    if (o->state != ORDER_UNKNOWN)
        mark_unknown(c, at);
    if (o->absent_at == BOT_TS_NEVER) {
        o->absent_at = c->now;
        o->absent_count = 1;
        bot__core_want_fills(c); /* the fill history is the third witness */
        return;
    }
    o->absent_count++;
    /* Denied: said twice, the last time when no request of it can be accepted any more (venues refuse those whose stamp is older
     * than their window, and order_unknown_ns is not shorter), with a complete list and history. What may still come is one that
     * was accepted and waits inside the venue (40 s and more have been seen, INCIDENTS 27): its room is kept for that until the
     * proof, but the gate need not be shut for one. Several at once are no request that died on its way but a venue in trouble. */
    if (o->absent_count >= 2 && o->acked_at == 0 && c->recon.backfilled && c->recon.orders_listed && !o->denied &&
        c->now - o->submitted_at >= core_after(c->options.venue.order_unknown_ns, DENIED_SLACK_NS)) {
        o->denied = true;
        core_look_at_orders(c, c->now);
    }
    /* Proof: "not found" at both ends of a span longer than the venue's known lag, with a complete list and a complete
     * fill history since in which it does not stand (a fill or a listing would have ended this spell). */
    if (c->now - o->absent_at < absence_bound(c, o) || !c->recon.backfilled || !c->recon.orders_listed)
        return;
    c->stats.orders_lost++;
    bot_effect *e = bot__core_alert(c, BOT_ALERT_ORDER_LOST, o->bot, o->instrument, c->now - o->absent_at, "the venue does not know an order: proven absent");
    bot__core_alert_order(c, e, o);
    o->concluded = true;
    bot__core_close_order(c, at, BOT_ORDER_EXPIRED, BOT_OK, 0, "proven absent");
}

static uint32_t denied_orders(const bot_core *c)
{
    uint32_t n = 0;
    for (uint32_t i = 0; (i = bot__orders_next_live(&c->orders, i)) != ORDER_NONE; i++)
        n += c->orders.orders[i].state == ORDER_UNKNOWN && c->orders.orders[i].denied;
    return n;
}

/* Its outcome is waited for so long only: then the gate shuts. A stranger's order holds no gate, and one denied only in company. */
static bool holds_gate(const struct order *o, bool forgive)
{
    return o->state == ORDER_UNKNOWN && o->bot != ORDER_BOT_NONE && !(o->denied && forgive);
}

static bot_ts orders_deadline(const bot_core *c)
{
    bot_ts at = BOT_TS_NEVER;
    const bool forgive = denied_orders(c) <= DENIED_MAX;
    for (uint32_t i = 0; i < c->orders.used; i++) {
        const struct order *o = &c->orders.orders[i];
        at = core_min(at, o->fills_at);
        if (!bot__order_live(o))
            continue;
        at = core_min(at, o->query_at);
        if (o->state == ORDER_IN_FLIGHT)
            at = core_min(at, core_after(o->submitted_at, c->options.venue.order_unknown_ns));
        if (holds_gate(o, forgive) && (c->gate.held & BOT_GATE_ORDER_UNKNOWN) == 0)
            at = core_min(at, core_after(o->unknown_since, c->options.order_unknown_latch_ns));
    }
    return at;
}

void bot__core_orders_tick(bot_core *c)
{
    if (c->now < c->orders_at)
        return;
    bool too_long = false;
    const bool forgive = denied_orders(c) <= DENIED_MAX;
    for (uint32_t i = 0; i < c->orders.used; i++) {
        struct order *o = bot__orders_at(&c->orders, i);
        if (o->fills_at <= c->now)
            fetch_fills(c, o);
        if (!bot__order_live(o))
            continue;
        if (o->state == ORDER_IN_FLIGHT && c->now - o->submitted_at >= c->options.venue.order_unknown_ns && core_has_room(c))
            mark_unknown(c, i);
        if (holds_gate(o, forgive) && c->now - o->unknown_since >= c->options.order_unknown_latch_ns) {
            too_long = true;
            if ((c->gate.held & BOT_GATE_ORDER_UNKNOWN) == 0) {
                bot_effect *e = bot__core_alert(c, BOT_ALERT_ORDER_UNKNOWN, o->bot, o->instrument, c->now - o->unknown_since,
                                                "the outcome of an order is unknown");
                bot__core_alert_order(c, e, o);
                bot__gate_set(&c->gate, BOT_GATE_ORDER_UNKNOWN, c->now - o->unknown_since, c->now);
            }
        }
        if (o->query_at <= c->now && core_has_room(c)) {
            const int64_t waited = c->now - (o->unknown_since != BOT_TS_NEVER ? o->unknown_since : o->updated_at);
            int64_t wait = c->options.order_query_every_ns;
            while (wait < waited && wait < QUERY_WAIT_MAX)
                wait *= 2;
            o->query_at = core_after(c->now, wait < QUERY_WAIT_MAX ? wait : QUERY_WAIT_MAX);
            if (o->absent_at != BOT_TS_NEVER) { /* the answer that proves it is not waited for longer than it must be */
                const bot_ts proof_at = core_after(o->absent_at, absence_bound(c, o));
                if (c->now < proof_at && o->query_at > proof_at)
                    o->query_at = proof_at;
            }
            if (o->order_id.len == 0 && !c->options.venue.has_client_ids) {
                c->recon.orders.due = core_min(c->recon.orders.due, c->now); /* nothing to ask for it by: the list shows it, or does not */
                continue;
            }
            bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_READ, o->bot, o->instrument);
            e->read.id = ++c->next_read;
            e->read.read = BOT_READ_ORDER;
            e->read.deadline = core_after(c->now, c->options.read_deadline_ns);
            e->read.symbol = *core_symbol(c, o->instrument);
            e->read.order_id = o->order_id;
            e->read.client_id = o->client_id;
        }
    }
    c->orders_at = orders_deadline(c);
    if (!too_long && (c->gate.held & BOT_GATE_ORDER_UNKNOWN) != 0)
        bot__gate_clear(&c->gate, BOT_GATE_ORDER_UNKNOWN, c->now);
}
