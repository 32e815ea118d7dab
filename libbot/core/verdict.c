/* Verdicts: agreement, staleness, drift, adoption. The meaning of the verdicts is in bot/core.h and DESIGN section 5.
 *
 * A read was sent at s and received at r. For each instrument its answer V is held against the path of our own position:
 *
 *   evidence older than our newest fill before s      STALE   (sequence, else update time; quantity alone may agree by accident)
 *   V held at some moment of [s, r]                   AGREE   renews from s
 *   newer than our newest fill by sequence            PENDING (the venue is ahead of our socket)
 *   V held within the stale window before s           STALE   (age: s less the last moment at which it held)
 *   none of these                                     PENDING
 *
 * PENDING ends by a fill that makes V true (AGREE; our socket was behind by that much) or after the grace time (DRIFT).
 *
 * Where rows carry a sequence V must be what we held at that sequence: on a busy account our quantity passes any number sooner or
 * later, and a fill of after the answer proves nothing about it.
 *
 * Quirks of sequences, written down here because judging rests on them: several fills may share one (so "older" means
 * strictly below); a position row's may be above any fill's (order entry moves it too); and a venue may restart them after
 * maintenance (a row's number below half of our newest, or one whose row was updated after our newest fill, is taken for a
 * restart and not for age).
 */
#include "core/state.h"

#include "bot/decimal.h"

#define STALE_READS_LONG 30
#define HORIZON_SURE_NS (30 * BOT_NS_PER_S) /* a read's deadline and slack, and by how much our idea of the venue's clock may be off */
#define VANISHED_NS (60 * BOT_NS_PER_S) /* for so long a position that vanished from answers is not believed to be gone, before the proof */

/* ---- what the agreement of all instruments is worth ---- */

/* A position that the venue told of is gone from its answers, and no fill says why. */
static bool row_vanished(const bot_core *c)
{
    for (uint32_t i = 0; i < bot__ledger_instruments(c->ledger); i++)
        for (bot_leg leg = core_first_leg(c); leg <= core_last_leg(c); leg++)
            if (bot__core_in_use(c, i) && core_leg(c, i, leg)->told)
                return true;
    return false;
}

/* Before the proof, answers that contradict each other: one of them may have left rows out, and flat is what we believe already.
 * Agreement must come again; where it is only that a row is missing, it must last longer than venues are known to leave rows out. */
static bool dispute_lasts(bot_core *c, bot_ts sent_at)
{
    struct recon *r = &c->recon;
    if (r->dispute_agreed++ == 0)
        r->dispute_from = sent_at;
    return r->dispute_agreed < c->options.agree_reads_min || (row_vanished(c) && sent_at - r->dispute_from < VANISHED_NS);
}

void bot__verdict_renew(bot_core *c)
{
    struct recon *r = &c->recon;
    bot_ts oldest = BOT_TS_NEVER;
    if (r->awaited)
        return;
    const uint32_t n = bot__ledger_instruments(c->ledger);
    for (uint32_t i = 0; i < n; i++) {
        if (!bot__core_in_use(c, i))
            continue;
        for (bot_leg leg = core_first_leg(c); leg <= core_last_leg(c); leg++)
            oldest = core_min(oldest, core_leg(c, i, leg)->agreed_at);
    }
    if (oldest == BOT_TS_NEVER) /* nothing in use: the last whole answer held nothing of ours */
        oldest = r->answered_sent_at;
    if (!core_stream_ready(c) || oldest < r->stream_ready_at)
        return;
    if (oldest > r->agreed_min) {
        r->agreed_min = oldest;
        if (!r->proven && r->disputed && dispute_lasts(c, oldest))
            return;
        if (!r->proven && r->orders_listed && (r->backfilled || r->cold)) {
            r->proven = true;
            r->disputed = false;
            r->backfilled |= r->cold; /* history before the proof is in what was proven */
            r->cold = false;
            bot__gate_clear(&c->gate, BOT_GATE_STARTUP, c->now);
        }
        bot__gate_renew_for(&c->gate, GATE_LEASE_RECONCILED, oldest,
                            bot__core_flat(c) ? c->options.reconciled_flat_ns : c->options.reconciled_lease_ns);
        r->agreed_untold = r->backfilled ? oldest : 0;
    }
    if (r->agreed_untold != 0 && r->orders_lists == ORDERS_LISTS_MIN) {
        bot__gate_agreement(&c->gate, true, r->agreed_untold);
        r->agreed_untold = 0;
    }
}

void bot__verdict_taken_into_use(bot_core *c, uint32_t instrument)
{
    bot_ts agreed = BOT_TS_NEVER;
    for (bot_leg leg = core_first_leg(c); leg <= core_last_leg(c); leg++)
        agreed = core_min(agreed, core_leg(c, instrument, leg)->agreed_at);
    const bot_ts until = agreed == 0 ? c->now
                                     : core_after(agreed, bot__core_flat(c) ? c->options.reconciled_flat_ns : c->options.reconciled_lease_ns);
    bot__gate_cap(&c->gate, GATE_LEASE_RECONCILED, until);
    c->recon.positions.due = core_min(c->recon.positions.due, c->now);
}

bot_effect *bot__verdict_effect(bot_core *c, uint32_t instrument, bot_leg leg, bot_verdict verdict, uint32_t evidence, int64_t age,
                                  bot_i128 venue)
{
    c->stats.reads[verdict]++;
    bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_VERDICT, UINT32_MAX, instrument);
    e->verdict.verdict = verdict;
    e->verdict.evidence = evidence;
    e->verdict.age_ns = age;
    e->verdict.leg = leg;
    e->verdict.read = BOT_READ_POSITIONS;
    e->verdict.outcome = BOT_OUTCOME_OK;
    e->verdict.venue.v = venue;
    if (instrument != UINT32_MAX) {
        e->verdict.ours.v = bot__core_qty(c, instrument, leg);
        core_leg(c, instrument, leg)->verdict = verdict;
    }
    return e;
}

static void set_horizon(bot_core *c, struct recon_leg *l)
{
    l->horizon_seq = l->row_seq;
    l->horizon_venue_ns = l->row_venue_ns;
    l->horizon_sent_ns = c->recon.positions.sent_venue_ns;
    if (l->row_venue_ns > c->recon.newest_venue_ns)
        c->recon.newest_venue_ns = l->row_venue_ns;
}

static void healed(bot_core *c, uint32_t instrument, int64_t after_ns, const char *words)
{
    bot_effect *e = bot__core_alert(c, BOT_ALERT_DRIFT_HEALED, UINT32_MAX, instrument, after_ns, words);
    bot__core_alert_seconds(c, e, ", after ", after_ns);
}

static void agree(bot_core *c, uint32_t instrument, bot_leg leg, bot_ts sent_at, uint32_t evidence, int64_t lag, bot_i128 venue)
{
    struct recon_leg *l = core_leg(c, instrument, leg);
    if (l->drifting && l->drift_alerted)
        healed(c, instrument, c->now - l->drift_since, "the position agrees again");
    l->pending = l->drifting = l->drift_alerted = l->stale_alerted = false;
    l->drift_reads = l->drift_backfills = l->adopt_reads = l->stale_reads = 0;
    if (l->row_seen || bot__core_qty(c, instrument, leg) != l->told_ours)
        l->told = false;
    if (core_stream_ready(c) && sent_at >= c->recon.stream_ready_at)
        l->agreed_at = core_max(l->agreed_at, sent_at);
    if (c->recon.cold) {
        set_horizon(c, l);
        if (l->horizon_sent_ns > c->recon.newest_venue_ns) /* a flat account has no row to say when */
            c->recon.newest_venue_ns = l->horizon_sent_ns;
    }
    if (lag > 0 && (uint64_t)lag > c->stats.socket_lag_max_ns)
        c->stats.socket_lag_max_ns = (uint64_t)lag;
    bot__verdict_effect(c, instrument, leg, BOT_VERDICT_AGREE, evidence, lag, venue);
}

/* ---- drift ---- */

/* The venue's number may become ours from a read around which nothing moved, so that no fill can be on either side. */
static bool quiet_around(const bot_core *c, bot_ts sent_at)
{
    return core_stream_ready(c) && sent_at >= c->recon.stream_ready_at && c->recon.newest_fill_at < sent_at;
}

static bool may_adopt(const bot_core *c)
{
    if (c->recon.adopt_once)
        return true;
    return c->recon.proven ? c->options.drift_policy == BOT_DRIFT_ADOPT : c->options.start_adopt;
}

/* Fills that the venue reported of an order and that never came to us one by one are in the number taken over: their room is
 * not waited for any longer, else it would be held for ever. */
static void adopt_orders(bot_core *c, uint32_t instrument, bot_leg leg)
{
    for (uint32_t i = 0; i < c->orders.used; i++) {
        struct order *o = &c->orders.orders[i];
        if (o->instrument != instrument || o->leg != leg || o->reported <= o->filled || o->counted == 0)
            continue;
        o->filled = o->reported;
        bot__orders_recount(&c->orders, i);
    }
}

static void adopt(bot_core *c, uint32_t instrument, bot_leg leg, bot_i128 venue)
{
    struct recon_leg *l = core_leg(c, instrument, leg);
    const bot_i128 before = bot__core_qty(c, instrument, leg);
    bot_i128 entry = 0;
    if (l->row_entry_given && bot_dec_to_fixed(l->row_entry, &entry) < 0)
        entry = 0;
    const int r = bot__ledger_baseline(c->ledger, instrument, leg, venue, entry > 0 ? entry : 0, c->now, l->row_venue_ns, l->row_seq);
    if (r < 0) {
        bot__core_alert(c, BOT_ALERT_DRIFT, UINT32_MAX, instrument, r, "the venue's position cannot be taken over");
        return;
    }
    c->stats.adoptions++;
    c->recon.disputed = false;
    l->told = false;
    adopt_orders(c, instrument, leg);
    set_horizon(c, l);
    l->drifting = l->drift_alerted = l->pending = false;
    l->drift_reads = l->drift_backfills = l->adopt_reads = 0;
    bot_effect *e = bot__core_alert(c, BOT_ALERT_ADOPTED, UINT32_MAX, instrument, 0, "the venue's position is the baseline now");
    e->alert.ours.v = before;
    e->alert.venue.v = venue;
    bot__core_alert_number(c, e, ": ", venue);
    bot__core_alert_number(c, e, " instead of ", before);
    e = bot__core_effect_add(c, BOT_EFFECT_POSITION, UINT32_MAX, instrument);
    e->position.leg = leg;
    e->position.qty.v = venue;
    e->position.before.v = before;
    if ((c->gate.held & BOT_GATE_DRIFT) != 0 && c->options.drift_policy == BOT_DRIFT_ADOPT)
        bot__gate_clear(&c->gate, BOT_GATE_DRIFT, c->now);
    c->recon.positions.due = core_min(c->recon.positions.due, core_after(c->now, c->options.read_retry_ns)); /* it must now agree */
}

static void drift(bot_core *c, uint32_t instrument, bot_leg leg, bot_i128 venue, int64_t seq, bot_ts sent_at)
{
    struct recon_leg *l = core_leg(c, instrument, leg);
    const bot_i128 ours = bot__core_qty(c, instrument, leg);
    c->stats.drifts += !l->drifting;
    l->pending = false;
    l->adopt_reads = l->drifting && l->drift_qty == venue && quiet_around(c, sent_at) ? l->adopt_reads + 1 : 1;
    if (!l->drifting) {
        l->drifting = true;
        l->drift_since = sent_at;
        l->drift_reads = l->drift_backfills = 0;
    }
    l->drift_qty = venue;
    l->drift_seq = seq;
    l->drift_reads++;
    bot__verdict_effect(c, instrument, leg, BOT_VERDICT_DRIFT, BOT_EVIDENCE_QTY, 0, venue);

    const bool starting = !c->recon.proven;
    if (starting && venue != 0) {
        l->told = true;
        l->told_ours = ours;
    }
    c->recon.disputed |= starting;
    c->recon.dispute_agreed = 0;
    if (starting ? !c->recon.start_alerted : !l->drift_alerted) {
        bot_effect *e = bot__core_alert(c, starting ? BOT_ALERT_START_POSITION : BOT_ALERT_DRIFT, UINT32_MAX, instrument, 0,
                        starting && c->options.start_adopt ? "a position that we have no history of: the venue's word is taken for it"
                        : starting ? "a position that we have no history of: re-arm STARTUP to accept it, or set start_adopt"
                        : "the venue's position differs from ours; fills are fetched");
        e->alert.ours.v = ours;
        e->alert.venue.v = venue;
        bot__core_alert_number(c, e, "; the venue says ", venue);
        bot__core_alert_number(c, e, ", our fills give ", ours);
        l->drift_alerted = true;
        if (starting)
            c->recon.start_alerted = true;
    }
    if (l->drift_backfills < c->options.backfills_max && !c->recon.cold) {
        l->drift_backfills++;
        bot__core_want_fills(c);
    }
    const bool persists = l->drift_reads >= c->options.drift_reads_min && sent_at - l->drift_since >= c->options.drift_span_ns &&
                          !c->recon.fills_wanted && c->recon.fills.id == 0;
    const uint32_t reads_needed = starting ? 1 : c->options.adopt_reads_min;
    if (may_adopt(c) && (starting || persists || c->recon.adopt_once) && l->adopt_reads >= reads_needed && quiet_around(c, sent_at))
        adopt(c, instrument, leg, venue);
    else if (persists && !starting && !c->recon.adopt_once && bot__core_in_use(c, instrument)) /* a person has just been asked */
        bot__gate_set(&c->gate, BOT_GATE_DRIFT, (int64_t)l->drift_reads, c->now);
}

static void pend(bot_core *c, uint32_t instrument, bot_leg leg, bot_i128 venue, int64_t seq, bot_ts sent_at, uint32_t evidence)
{
    struct recon_leg *l = core_leg(c, instrument, leg);
    if (l->drifting) { /* known not to be our socket's lag any more: count the read */
        drift(c, instrument, leg, venue, seq, sent_at);
        return;
    }
    const bot_i128 apart = venue - bot__core_qty(c, instrument, leg);
    if (l->pending && l->pending_qty != venue && apart == l->pending_apart) {
        /* Fills come, and the distance stays: the same ones are missing as before. The grace time does not begin anew, or a busy
         * account would never find out. */
        l->pending_qty = venue;
        l->pending_seq = seq;
        l->pending_sent = sent_at;
        l->pending_received = c->now;
    } else if (!l->pending || l->pending_qty != venue) {
        l->pending = true;
        l->pending_apart = apart;
        l->pending_qty = venue;
        l->pending_seq = seq;
        l->pending_sent = sent_at;
        l->pending_received = c->now;
        l->pending_until = core_after(c->now, c->options.grace_ns);
        c->recon.pending_at = core_min(c->recon.pending_at, l->pending_until);
    }
    bot__verdict_effect(c, instrument, leg, BOT_VERDICT_PENDING, evidence, 0, venue);
}

/* What we held when the venue's numbers stood at `seq`, as far as we know by now. False: our path does not tell. */
static bool qty_at_seq(const struct path *p, int64_t seq, bot_i128 *ret)
{
    for (uint32_t k = 0; k < p->n; k++) {
        const struct path_step *step = &p->steps[(p->next + p->max - 1 - k) % p->max];
        if (step->seq == BOT_SEQ_NONE)
            return false;
        if (step->seq <= seq) {
            *ret = step->qty;
            return true;
        }
    }
    *ret = 0; /* the path began flat */
    return p->n < p->max;
}

/* Is the venue's number of before what we hold, or held at its sequence? */
static bool explained(const bot_core *c, uint32_t instrument, bot_leg leg, bot_i128 venue, int64_t seq)
{
    bot_i128 then;
    if (seq != BOT_SEQ_NONE && qty_at_seq(bot__ledger_path(c->ledger, instrument, leg), seq, &then))
        return then == venue;
    return bot__core_qty(c, instrument, leg) == venue;
}

void bot__verdict_filled(bot_core *c, uint32_t instrument, bot_leg leg)
{
    struct recon *r = &c->recon;
    struct recon_leg *l = core_leg(c, instrument, leg);
    if (l->pending && explained(c, instrument, leg, l->pending_qty, l->pending_seq)) {
        agree(c, instrument, leg, l->pending_sent, BOT_EVIDENCE_QTY, c->now - l->pending_received, l->pending_qty);
        bot__verdict_renew(c);
    } else if (l->drifting && explained(c, instrument, leg, l->drift_qty, l->drift_seq)) {
        healed(c, instrument, c->now - l->drift_since, "the missing fills were found");
        l->drifting = l->drift_alerted = false;
        l->drift_reads = l->drift_backfills = l->adopt_reads = 0;
    }
    /* From flat to risk: the agreement that we have may not be older than the shorter lease from here on. */
    bot__gate_cap(&c->gate, GATE_LEASE_RECONCILED, core_after(c->now, c->options.reconciled_lease_ns));
    bot__gate_cap(&c->gate, GATE_LEASE_REST, core_after(c->now, c->options.rest_lease_ns));
    if (r->positions.id == 0 && core_stream_ready(c))
        r->positions.due = core_min(r->positions.due, core_after(c->now, c->options.read_after_fill_ns));
}

bool bot__verdict_inside_baseline(const bot_core *c, uint32_t instrument, bot_leg leg, const bot_event *fill)
{
    const struct recon_leg *l = core_leg(c, instrument, leg == BOT_LEG_NONE ? core_first_leg(c) : leg);
    /* What happened later than that answer can have been asked for is not in it, whatever its number: sequences may begin anew
     * after maintenance, and every fill would be ignored from then on. */
    if (l->horizon_sent_ns != 0 && fill->venue_ns != 0 && fill->venue_ns - l->horizon_sent_ns > HORIZON_SURE_NS)
        return false;
    /* Nor is what happened after the row itself was last touched. */
    const bool later = l->horizon_venue_ns != 0 && fill->venue_ns > l->horizon_venue_ns + c->options.venue.position_time_slack_ns;
    if (l->horizon_seq != BOT_SEQ_NONE && fill->seq != BOT_SEQ_NONE && fill->seq >= l->horizon_seq / 2)
        return fill->seq <= l->horizon_seq && !later;
    /* A flat start has no row and so no sequence: what the history tells of the time before the read was in its answer. The
     * stream is not judged so: a fill that it brings late may be one that a stale answer did not hold. */
    if (fill->read_id != 0 && l->horizon_sent_ns != 0 && fill->venue_ns != 0 && fill->venue_ns <= l->horizon_sent_ns)
        return true;
    return l->horizon_venue_ns != 0 && fill->venue_ns != 0 && fill->venue_ns <= l->horizon_venue_ns;
}

/* An order that was last touched before the position that was taken over: its fills are all in there. */
bool bot__verdict_order_in_baseline(const bot_core *c, uint32_t instrument, bot_leg leg, const bot_event *report)
{
    const struct recon_leg *l = core_leg(c, instrument, leg);
    return l->horizon_venue_ns != 0 && report->venue_ns != 0 && report->venue_ns <= l->horizon_venue_ns;
}

void bot__verdict_tick(bot_core *c)
{
    struct recon *r = &c->recon;
    if (c->now < r->pending_at)
        return;
    r->pending_at = BOT_TS_NEVER;
    const uint32_t n = bot__ledger_instruments(c->ledger);
    for (uint32_t i = 0; i < n; i++)
        for (bot_leg leg = core_first_leg(c); leg <= core_last_leg(c); leg++) {
            struct recon_leg *l = core_leg(c, i, leg);
            if (l->pending && c->now >= l->pending_until)
                drift(c, i, leg, l->pending_qty, l->pending_seq, l->pending_sent);
            else if (l->pending)
                r->pending_at = core_min(r->pending_at, l->pending_until);
        }
}

/* ---- judging ---- */

/* Sequence and venue time of the newest step at or before `at`. */
static void newest_before(const struct path *p, bot_ts at, int64_t *ret_seq, int64_t *ret_venue_ns, bot_ts *ret_ts)
{
    *ret_seq = BOT_SEQ_NONE;
    *ret_venue_ns = 0;
    *ret_ts = 0;
    for (uint32_t k = 0; k < p->n; k++) {
        const struct path_step *step = &p->steps[(p->next + p->max - 1 - k) % p->max];
        if (step->ts > at)
            continue;
        *ret_seq = step->seq;
        *ret_venue_ns = step->venue_ns;
        *ret_ts = step->ts;
        return;
    }
}

/* Only the number says that the answer is old, time after time: an account that goes back and forth over the same few looks so when a
 * fill is missing. Nothing is concluded; the history is asked, once soon and once later. */
static void stale_lasts(bot_core *c, struct recon_leg *l, bool older)
{
    if (older)
        return;
    l->stale_reads++;
    if (l->stale_reads == c->options.drift_reads_min || l->stale_reads == STALE_READS_LONG)
        bot__core_want_fills(c);
}

void bot__verdict_judge(bot_core *c, uint32_t instrument, bot_leg leg, bot_ts sent_at, bot_ts received)
{
    struct recon_leg *l = core_leg(c, instrument, leg);
    const struct path *path = bot__ledger_path(c->ledger, instrument, leg);
    const bot_i128 venue = l->row_seen ? l->row_qty : 0, ours = bot__core_qty(c, instrument, leg);
    int64_t seq, venue_ns;
    bot_ts step_at;
    newest_before(path, sent_at, &seq, &venue_ns, &step_at);

    uint32_t evidence = BOT_EVIDENCE_QTY;
    bool older = false, ahead = false;
    const bool later = l->row_venue_ns != 0 && venue_ns != 0 && l->row_venue_ns > venue_ns + c->options.venue.position_time_slack_ns;
    const bool restarted = l->row_seq < seq / 2 || (l->row_seq < seq && later);
    if (c->options.venue.has_position_seq && l->row_seq != BOT_SEQ_NONE && seq != BOT_SEQ_NONE && seq > 0 && !restarted) {
        evidence |= BOT_EVIDENCE_SEQ;
        older = l->row_seq < seq;
        ahead = !older; /* not old: so a difference means that it knows what we do not, yet */
    } else if (l->row_venue_ns != 0 && venue_ns != 0) {
        evidence |= BOT_EVIDENCE_TIME;
        older = l->row_venue_ns < venue_ns - c->options.venue.position_time_slack_ns;
        ahead = later; /* touched behind our newest fill: by one that we do not have, where the number differs */
    }
    bot_ts until = 0;
    const int held = bot__path_held(path, venue, sent_at, received, &until);
    const int64_t row_seq = c->options.venue.has_position_seq && !(seq != BOT_SEQ_NONE && restarted) ? l->row_seq : BOT_SEQ_NONE;
    bot_i128 then;
    const bool denied = row_seq != BOT_SEQ_NONE && qty_at_seq(path, row_seq, &then) && then != venue;
    const bool equals = !denied && (held == 1 || (held < 0 && venue == ours));
    ahead |= denied && !older;
    if (equals && !older) {
        if (l->row_entry_given && venue != 0) {
            bot_i128 entry, mine;
            const struct instrument *in = bot__ledger_instrument(c->ledger, instrument);
            if (bot_dec_to_fixed(l->row_entry, &entry) == BOT_OK &&
                bot__position_entry(bot__ledger_position(c->ledger, instrument, leg), in, &mine) == BOT_OK &&
                bot_fixed_round_half_even(entry, 4) == bot_fixed_round_half_even(mine, 4))
                evidence |= BOT_EVIDENCE_ENTRY;
        }
        agree(c, instrument, leg, sent_at, evidence, 0, venue);
        return;
    }
    bot_ts last = 0;
    const int past = bot__path_last(path, venue, sent_at, &last);
    const bool in_window = past == 1 && sent_at - last <= c->options.stale_window_ns;
    /* A number that we ourselves held before is old, unless it is what we differ from already; or unless what we hold was
     * never right (at a cold start upon a position the path begins at a flat that never was), or a person has looked and said
     * that the venue is. */
    const bool doubtful = c->recon.adopt_once || (l->drifting && (venue == l->drift_qty || c->recon.cold));
    if (older || (in_window && !ahead && !doubtful)) {
        const bot_ts age = in_window ? sent_at - last : sent_at - step_at;
        if (age > 0 && (uint64_t)age > c->stats.stale_age_max_ns)
            c->stats.stale_age_max_ns = (uint64_t)age;
        bot__verdict_effect(c, instrument, leg, BOT_VERDICT_STALE, evidence, age, venue);
        if (!l->stale_alerted) {
            bot_effect *e = bot__core_alert(c, BOT_ALERT_STALE, UINT32_MAX, instrument, age, "REST answers with an old position");
            e->alert.ours.v = bot__core_qty(c, instrument, leg);
            e->alert.venue.v = venue;
            bot__core_alert_number(c, e, ": ", venue);
            bot__core_alert_number(c, e, " while we hold ", e->alert.ours.v);
            bot__core_alert_seconds(c, e, ", behind by ", age);
        }
        l->stale_alerted = true;
        l->adopt_reads = 0;
        stale_lasts(c, l, older);
        return;
    }
    pend(c, instrument, leg, venue, row_seq, sent_at, evidence);
}
