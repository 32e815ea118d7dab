/* Reads: when to ask, what came, what is done with a whole answer, start. verdict.c judges it. */
#include "core/state.h"

#include "bot/decimal.h"

#define READ_SLACK_NS (2 * BOT_NS_PER_S) /* a shell that forgets to end a read is not waited for much longer */
#define UNKNOWN_ASKED_NS (10 * BOT_NS_PER_S) /* a new instrument's row comes within that */
#define READ_PACE_MAX_NS (10 * BOT_NS_PER_S) /* however scarce requests are: one read in ten seconds */

void bot__recon_init(bot_core *c)
{
    struct recon *r = &c->recon;
    *r = (struct recon){ .stream_ready_at = BOT_TS_NEVER, .pending_at = BOT_TS_NEVER, .answered_sent_at = INT64_MIN, .cold = true, .newest_fill_at = INT64_MIN };
    r->positions.due = r->orders.due = r->fills.due = BOT_TS_NEVER;
    for (uint32_t i = 0; i < c->options.instruments_max; i++)
        for (int k = 0; k < ORDER_LEGS; k++) {
            c->instruments[i].leg[k].horizon_seq = BOT_SEQ_NONE;
            c->instruments[i].leg[k].row_seq = BOT_SEQ_NONE;
            c->instruments[i].leg[k].pending_seq = c->instruments[i].leg[k].drift_seq = BOT_SEQ_NONE;
        }
}

/* ---- reads ---- */

/* How far apart two reads of a kind may be held for the request budget: the lease of the one must outlast the other. */
static int64_t pace_max(const bot_core *c)
{
    const int64_t of_lease = c->options.reconciled_lease_ns / 3 * 2;
    return of_lease < READ_PACE_MAX_NS ? of_lease : READ_PACE_MAX_NS;
}

static void ask(bot_core *c, struct recon_read *r, bot_read_kind kind, int64_t from_venue_ns)
{
    const bot_ts send_by = r->asked && kind != BOT_READ_FILLS ? core_max(c->now, core_after(r->sent_at, pace_max(c))) : c->now;
    r->asked = true;
    r->id = ++c->next_read;
    r->sent_at = c->now;
    r->sent = false;
    r->deadline = core_after(send_by, c->options.read_deadline_ns);
    r->due = BOT_TS_NEVER;
    bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_READ, UINT32_MAX, UINT32_MAX);
    e->read.id = r->id;
    e->read.read = kind;
    e->read.deadline = core_after(c->now, c->options.read_deadline_ns);
    e->read.send_by = send_by;
    e->read.from_venue_ns = from_venue_ns;
}

static struct recon_read *read_of(bot_core *c, uint64_t id)
{
    struct recon *r = &c->recon;
    return id == 0 ? NULL : r->positions.id == id ? &r->positions : r->orders.id == id ? &r->orders : r->fills.id == id ? &r->fills : NULL;
}

void bot__recon_read_begin(bot_core *c, const bot_event *ev)
{
    struct recon_read *r = read_of(c, ev->read.id);
    if (r == NULL)
        return;
    r->sent_at = ev->ts;
    r->sent_venue_ns = ev->venue_ns;
    r->deadline = core_after(ev->ts, c->options.read_deadline_ns);
    r->sent = true;
    if (r == &c->recon.positions) {
        c->recon.row_unreadable = false;
        c->recon.row_unknown.len = 0;
        for (uint32_t i = 0; i < bot__ledger_instruments(c->ledger); i++)
            for (int k = 0; k < ORDER_LEGS; k++) {
                struct recon_leg *l = &c->instruments[i].leg[k];
                l->row_seen = l->row_entry_given = false;
                l->row_qty = 0;
                l->row_seq = BOT_SEQ_NONE;
                l->row_venue_ns = 0;
            }
    }
    if (r == &c->recon.orders)
        c->recon.list_generation++;
    if (r == &c->recon.fills)
        c->recon.fills_before = c->stats.fills_applied;
}

void bot__recon_position_row(bot_core *c, const bot_event *ev)
{
    const bot_ev_position *p = &ev->position;
    bot_i128 qty;
    if (ev->read_id == 0 || ev->read_id != c->recon.positions.id)
        return; /* rows of the private stream come with every order and say nothing that fills do not */
    if (bot_dec_to_fixed(p->qty, &qty) < 0) { /* left out it would read as flat */
        c->recon.row_unreadable = true;
        return;
    }
    if (qty == 0 && bot__ledger_find(c->ledger, &ev->instrument) == INSTRUMENT_NONE)
        return;
    const int64_t instrument = bot__core_instrument_of(c, &ev->instrument);
    if (instrument < 0) {
        c->recon.row_unknown = ev->instrument;
        return;
    }
    const bool hedge_row = p->leg == BOT_LEG_LONG || p->leg == BOT_LEG_SHORT;
    if (hedge_row != c->options.hedge) {
        if (qty != 0)
            bot__core_other_mode(c, (uint32_t)instrument);
        return;
    }
    struct recon_leg *l = core_leg(c, (uint32_t)instrument, p->leg == BOT_LEG_NONE ? BOT_LEG_NET : p->leg);
    l->row_seen = true;
    l->row_qty = qty;
    l->row_seq = ev->seq;
    l->row_venue_ns = ev->venue_ns;
    l->row_entry_given = (ev->has & BOT_HAS_ENTRY_PRICE) != 0;
    l->row_entry = p->entry_price;
}

/* An answer that proves nothing: agreements count only in a row, also one that still waits for a list of orders. */
static void not_agreed(bot_core *c, bot_ts sent_at)
{
    c->recon.agreed_untold = 0;
    bot__gate_agreement(&c->gate, false, sent_at);
}

/* What rests and what is held has been said since the stream is there. */
static void look_around(bot_core *c)
{
    if (core_stream_ready(c) && c->recon.orders_lists == ORDERS_LISTS_MIN && c->recon.answered_sent_at >= c->recon.stream_ready_at)
        c->recon.in_the_dark = false;
}

/* A position in an instrument that stays unknown, though its row was asked for: nothing is compared with it and no limit counts it. It
 * does not stop the trading of others, and is said. */
static void unknown_stays(bot_core *c)
{
    struct recon *r = &c->recon;
    r->unknown = r->row_unknown;
    if (r->unknown.len == 0) {
        r->unknown_since = 0;
        r->unknown_told = false;
        return;
    }
    if (r->unknown_since == 0)
        r->unknown_since = c->now;
    if (r->unknown_told || c->now - r->unknown_since < UNKNOWN_ASKED_NS)
        return;
    r->unknown_told = true;
    bot_effect *e = bot__core_alert(c, BOT_ALERT_UNKNOWN_POSITION, UINT32_MAX, UINT32_MAX, 0,
                                    "a position in an unknown instrument: in no limit, compared with nothing; close it at the venue or raise instruments_max");
    bot__core_alert_say(c, e, ": ", r->unknown.s);
}

static void positions_answered(bot_core *c, const bot_event *ev, bot_ts sent_at)
{
    bool well = true, apart = false;
    c->recon.answered_sent_at = sent_at;
    unknown_stays(c);
    look_around(c);
    const uint32_t n = bot__ledger_instruments(c->ledger);
    for (uint32_t i = 0; i < n; i++) {
        const bool in_use = bot__core_in_use(c, i);
        for (bot_leg leg = core_first_leg(c); leg <= core_last_leg(c); leg++) {
            struct recon_leg *l = core_leg(c, i, leg);
            /* Flat, and nobody asks: but somebody may begin to trade it. (What was last said to be otherwise is judged: that it is over has
             * to be said as well.) */
            if (!l->row_seen && !in_use && (l->verdict == BOT_VERDICT_NONE || l->verdict == BOT_VERDICT_AGREE)) {
                if (c->options.venue.positions_omit_flat && core_stream_ready(c) && sent_at >= c->recon.stream_ready_at)
                    l->agreed_at = core_max(l->agreed_at, sent_at);
                continue;
            }
            if (!l->row_seen && !c->options.venue.positions_omit_flat) {
                bot__verdict_effect(c, i, leg, BOT_VERDICT_PARTIAL, 0, 0, 0);
                well = false;
                continue;
            }
            bot__verdict_judge(c, i, leg, sent_at, ev->ts);
            if (bot__core_in_use(c, i) && l->verdict != BOT_VERDICT_AGREE)
                well = false;
            else if (l->row_seen && l->verdict != BOT_VERDICT_AGREE)
                apart = true;
        }
    }
    /* What the account holds at a cold start, also where nobody trades, is to be taken over: then nothing is proven before. */
    const bool taken_over = c->recon.unknown.len == 0 && !apart;
    c->recon.awaited = c->recon.cold && c->options.start_adopt && !taken_over && c->recon.waits < START_WAITS_MAX;
    if (c->recon.awaited) {
        c->recon.waits++;
        well = false;
    }
    c->recon.adopt_once = c->recon.adopt_once && !well; /* a person's word is for what differs now */
    if (well)
        bot__verdict_renew(c);
    else
        not_agreed(c, sent_at);
    const bool flat = bot__core_flat(c);
    c->recon.positions.due =
        core_after(c->now, (c->gate.held & BOT_GATE_DRIFT) != 0 ? c->options.read_every_ns /* a person is asked: no hurry */
                           : !well ? c->options.read_retry_ns : flat ? c->options.read_every_flat_ns : c->options.read_every_ns);
    /* Opening again takes several agreements: do not make the trader wait a whole cadence for the second. But while something
     * else shuts the gate that no agreement ends, for hours perhaps, there is no hurry. */
    if (well && c->gate.reasons != 0 && (c->gate.reasons & ~(uint32_t)RECON_MENDS) == 0)
        c->recon.positions.due = core_after(c->now, c->options.read_retry_ns);
}

/* Every order that should be on the list and is not has gone without telling us, or the list is old. */
static void orders_answered(bot_core *c, bot_ts sent_at)
{
    c->recon.orders_listed = core_stream_ready(c) && sent_at >= c->recon.stream_ready_at;
    if (c->recon.orders_listed && c->recon.orders_lists < ORDERS_LISTS_MIN && ++c->recon.orders_lists < ORDERS_LISTS_MIN)
        c->recon.orders.due = core_after(c->now, c->options.read_retry_ns);
    if (core_stream_ready(c) && !c->recon.orders_listed) /* asked for before the stream was there */
        c->recon.orders.due = c->now;
    for (uint32_t i = 0; i < c->orders.used; i++) {
        const struct order *o = &c->orders.orders[i];
        if (!bot__order_live(o) || c->list_seen[i] == c->recon.list_generation || o->updated_at >= sent_at || o->submitted_at >= sent_at)
            continue;
        if ((o->state == ORDER_OPEN || o->state == ORDER_UNKNOWN) && core_has_room(c)) /* else by the next list */
            bot__core_order_absent(c, i);
    }
    look_around(c);
    bot__verdict_renew(c);
}

static void failed(bot_core *c, struct recon_read *r, const bot_ev_read *end)
{
    r->failures++;
    if (r == &c->recon.fills)
        bot__core_owe_fills(c, c->recon.fills_asked_from_ns);
    int64_t wait = c->options.read_retry_ns;
    for (uint32_t k = 1; k < r->failures && k < 4; k++)
        wait *= 2; /* 1, 2, 4, 8 s: an overloaded venue is not helped by more questions */
    r->due = core_after(c->now, wait);
    if (r == &c->recon.positions) {
        const bot_verdict v = end->outcome == BOT_OUTCOME_OK ? BOT_VERDICT_PARTIAL : BOT_VERDICT_FAILED;
        bot_effect *e = bot__verdict_effect(c, UINT32_MAX, BOT_LEG_NONE, v, 0, 0, 0);
        e->verdict.outcome = end->outcome;
        not_agreed(c, r->sent_at);
    }
}

/* Several misses, not one: a flat account is asked seldom, and its lease lasts longer by as much. */
static int64_t rest_lease(const bot_core *c)
{
    const int64_t slower = c->options.read_every_flat_ns - c->options.read_every_ns;
    return slower > 0 && bot__core_flat(c) ? core_after(c->options.rest_lease_ns, slower) : c->options.rest_lease_ns;
}

void bot__recon_read_end(bot_core *c, const bot_event *ev)
{
    const bot_ev_read *end = &ev->read;
    if (end->read == BOT_READ_ORDER && end->outcome == BOT_OUTCOME_NOT_FOUND)
        return; /* the shell names the order in a BOT_EV_REPLY; the read itself was answered */
    struct recon_read *r = read_of(c, end->id);
    if (r == NULL)
        return;
    r->id = 0;
    if (end->outcome == BOT_OUTCOME_OK && ev->ts <= r->deadline + READ_SLACK_NS)
        bot__gate_renew_for(&c->gate, GATE_LEASE_REST, r->sent_at, rest_lease(c));
    if (end->outcome != BOT_OUTCOME_OK || !end->complete || !r->sent || (r == &c->recon.positions && c->recon.row_unreadable)) {
        failed(c, r, end);
        return;
    }
    r->failures = 0;
    if (r == &c->recon.positions) {
        positions_answered(c, ev, r->sent_at);
    } else if (r == &c->recon.orders) {
        r->due = core_after(c->now, c->options.orders_every_ns);
        orders_answered(c, r->sent_at);
    } else {
        c->stats.backfills++;
        r->due = c->recon.fills_wanted ? c->now : BOT_TS_NEVER; /* asked for again while this one was under way */
        if (core_stream_ready(c) && r->sent_at >= c->recon.stream_ready_at) {
            c->recon.backfilled = true;
            bot__core_history_read(c, r->sent_at);
            c->recon.positions.due = core_min(c->recon.positions.due, c->now);
        } else if (core_stream_ready(c) && !c->recon.backfilled) { /* asked for before the stream was there: it says nothing of the gap */
            bot__core_want_fills(c);
        }
    }
}

/* ---- streams and time ---- */

void bot__recon_stream(bot_core *c, const bot_event *ev)
{
    struct recon *r = &c->recon;
    if (ev->stream.state == BOT_STREAM_LOST) {
        r->stream_ready_at = BOT_TS_NEVER;
        bot__core_owe_fills(c, r->newest_venue_ns); /* not from what is newest when they are read at last: fills come meanwhile */
        return;
    }
    /* What was missed while it was down is read before anything is believed again. */
    r->stream_ready_at = c->now;
    r->backfilled = r->orders_listed = false;
    r->orders_lists = 0;
    r->agreed_min = r->agreed_untold = 0;
    r->positions.due = r->orders.due = c->now;
    if (!r->cold)
        bot__core_want_fills(c);
}

void bot__recon_tick(bot_core *c)
{
    struct recon *r = &c->recon;
    struct recon_read *const reads[] = { &r->positions, &r->orders, &r->fills };
    for (int k = 0; k < 3; k++)
        if (reads[k]->id != 0 && c->now >= core_after(reads[k]->deadline, READ_SLACK_NS)) {
            reads[k]->id = 0;
            failed(c, reads[k], &(bot_ev_read){ .outcome = BOT_OUTCOME_TIMEOUT });
        }
    bot__verdict_tick(c);
    if (!core_stream_ready(c))
        return;
    if (r->fills.id == 0 && r->fills_wanted && c->now >= r->fills.due) {
        r->fills_wanted = false;
        int64_t newest = r->newest_venue_ns;
        if (r->fills_from_ns != 0 && r->fills_from_ns < newest)
            newest = r->fills_from_ns;
        r->fills_asked_from_ns = r->fills_from_ns;
        r->fills_from_ns = 0;
        const int64_t from = newest - c->options.backfill_overlap_ns;
        ask(c, &r->fills, BOT_READ_FILLS, newest != 0 && from > 0 ? from : 0);
    }
    if (r->fills.id == 0 && c->now >= r->fills.due && r->fills.failures != 0) /* the last one failed */
        r->fills_wanted = true;
    if (r->orders.id == 0 && c->now >= r->orders.due)
        ask(c, &r->orders, BOT_READ_OPEN_ORDERS, 0);
    if (r->positions.id == 0 && c->now >= r->positions.due)
        ask(c, &r->positions, BOT_READ_POSITIONS, 0);
}

bot_ts bot__recon_deadline(const bot_core *c)
{
    const struct recon *r = &c->recon;
    const struct recon_read *const reads[] = { &r->positions, &r->orders, &r->fills };
    bot_ts at = r->pending_at;
    for (int k = 0; k < 3; k++) {
        if (reads[k]->id != 0)
            at = core_min(at, core_after(reads[k]->deadline, READ_SLACK_NS));
        else if (core_stream_ready(c))
            at = core_min(at, reads[k]->due);
    }
    return at;
}
