/* Reads, verdicts, drift, adoption, start. The meaning of the verdicts is in bot/core.h and DESIGN section 5.
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
#include "core/core_internal.h"

#include "bot/decimal.h"

#define READ_SLACK_NS (2 * BOT_NS_PER_S) /* a shell that forgets to end a read is not waited for much longer */
#define HORIZON_SURE_NS (30 * BOT_NS_PER_S) /* a read's deadline and slack, and by how much our idea of the venue's clock may be off */
#define INSTRUMENT_ASK_NS (10 * BOT_NS_PER_S)
#define VANISHED_NS (60 * BOT_NS_PER_S) /* for so long a position that vanished from answers is not believed to be gone, before the proof */
#define READ_PACE_MAX_NS (10 * BOT_NS_PER_S) /* however scarce requests are: one read in ten seconds */

static struct recon_leg *leg_of(const bot_core *c, uint32_t instrument, bot_leg leg)
{
    return &c->instruments[instrument].leg[bot__leg_index(leg)];
}

static bool stream_ready(const bot_core *c) { return c->recon.stream_ready_at != BOT_TS_NEVER; }

static bot_leg first_leg(const bot_core *c) { return c->options.hedge ? BOT_LEG_LONG : BOT_LEG_NET; }
static bot_leg last_leg(const bot_core *c) { return c->options.hedge ? BOT_LEG_SHORT : BOT_LEG_NET; }

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

bool bot__core_in_use(const bot_core *c, uint32_t instrument)
{
    if (c->instruments[instrument].traded)
        return true;
    for (bot_leg leg = first_leg(c); leg <= last_leg(c); leg++) {
        const struct order_sums sums = bot__orders_account_sums(&c->orders, instrument, leg);
        if (bot__core_qty(c, instrument, leg) != 0 || sums.buy != 0 || sums.sell != 0)
            return true;
    }
    return false;
}

/* ---- what the agreement of all instruments is worth ---- */

/* A position that the venue told of is gone from its answers, and no fill says why. */
static bool row_vanished(const bot_core *c)
{
    for (uint32_t i = 0; i < bot__ledger_instruments(c->ledger); i++)
        for (bot_leg leg = first_leg(c); leg <= last_leg(c); leg++)
            if (bot__core_in_use(c, i) && leg_of(c, i, leg)->told)
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

static void renew(bot_core *c)
{
    struct recon *r = &c->recon;
    bot_ts oldest = BOT_TS_NEVER;
    const uint32_t n = bot__ledger_instruments(c->ledger);
    for (uint32_t i = 0; i < n; i++) {
        if (!bot__core_in_use(c, i))
            continue;
        for (bot_leg leg = first_leg(c); leg <= last_leg(c); leg++)
            oldest = core_min(oldest, leg_of(c, i, leg)->agreed_at);
    }
    if (oldest == BOT_TS_NEVER) /* nothing in use: the last whole answer held nothing of ours */
        oldest = r->answered_sent_at;
    if (!stream_ready(c) || oldest < r->stream_ready_at || oldest <= r->agreed_min)
        return;
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
    if (r->backfilled)
        bot__gate_agreement(&c->gate, true, oldest);
}

static bot_effect *verdict_effect(bot_core *c, uint32_t instrument, bot_leg leg, bot_verdict verdict, uint32_t evidence, int64_t age,
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
        leg_of(c, instrument, leg)->verdict = verdict;
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

static void agree(bot_core *c, uint32_t instrument, bot_leg leg, bot_ts sent_at, uint32_t evidence, int64_t lag, bot_i128 venue)
{
    struct recon_leg *l = leg_of(c, instrument, leg);
    if (l->drifting && l->drift_alerted)
        bot__core_alert(c, BOT_ALERT_DRIFT_HEALED, UINT32_MAX, instrument, c->now - l->drift_since, "the position agrees again");
    l->pending = l->drifting = l->drift_alerted = l->stale_alerted = false;
    l->drift_reads = l->drift_backfills = l->adopt_reads = 0;
    if (l->row_seen || bot__core_qty(c, instrument, leg) != l->told_ours)
        l->told = false;
    if (stream_ready(c) && sent_at >= c->recon.stream_ready_at)
        l->agreed_at = core_max(l->agreed_at, sent_at);
    if (c->recon.cold)
        set_horizon(c, l);
    if (lag > 0 && (uint64_t)lag > c->stats.socket_lag_max_ns)
        c->stats.socket_lag_max_ns = (uint64_t)lag;
    verdict_effect(c, instrument, leg, BOT_VERDICT_AGREE, evidence, lag, venue);
}

/* ---- drift ---- */

void bot__recon_want_fills(bot_core *c)
{
    if (c->recon.cold)
        return;
    c->recon.fills_wanted = true;
    c->recon.fills.due = core_min(c->recon.fills.due, c->now);
}

/* The venue's number may become ours from a read around which nothing moved, so that no fill can be on either side. */
static bool quiet_around(const bot_core *c, bot_ts sent_at)
{
    return stream_ready(c) && sent_at >= c->recon.stream_ready_at && c->recon.newest_fill_at < sent_at;
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
    struct recon_leg *l = leg_of(c, instrument, leg);
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
    struct recon_leg *l = leg_of(c, instrument, leg);
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
    verdict_effect(c, instrument, leg, BOT_VERDICT_DRIFT, BOT_EVIDENCE_QTY, 0, venue);

    const bool starting = !c->recon.proven;
    if (starting && venue != 0) {
        l->told = true;
        l->told_ours = ours;
    }
    c->recon.disputed |= starting;
    c->recon.dispute_agreed = 0;
    if (starting ? !c->recon.start_alerted : !l->drift_alerted) {
        bot_effect *e = bot__core_alert(c, starting ? BOT_ALERT_START_POSITION : BOT_ALERT_DRIFT, UINT32_MAX, instrument, 0,
                        starting ? "a position that we have no history of: re-arm STARTUP to accept it, or set start_adopt" : "the venue's position differs from ours; fills are fetched");
        e->alert.ours.v = ours;
        e->alert.venue.v = venue;
        l->drift_alerted = true;
        if (starting)
            c->recon.start_alerted = true;
    }
    if (l->drift_backfills < c->options.backfills_max && !c->recon.cold) {
        l->drift_backfills++;
        bot__recon_want_fills(c);
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
    struct recon_leg *l = leg_of(c, instrument, leg);
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
    verdict_effect(c, instrument, leg, BOT_VERDICT_PENDING, evidence, 0, venue);
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

void bot__recon_filled(bot_core *c, uint32_t instrument, bot_leg leg)
{
    struct recon *r = &c->recon;
    struct recon_leg *l = leg_of(c, instrument, leg);
    if (l->pending && explained(c, instrument, leg, l->pending_qty, l->pending_seq)) {
        agree(c, instrument, leg, l->pending_sent, BOT_EVIDENCE_QTY, c->now - l->pending_received, l->pending_qty);
        renew(c);
    } else if (l->drifting && explained(c, instrument, leg, l->drift_qty, l->drift_seq)) {
        bot__core_alert(c, BOT_ALERT_DRIFT_HEALED, UINT32_MAX, instrument, c->now - l->drift_since, "the missing fills were found");
        l->drifting = l->drift_alerted = false;
        l->drift_reads = l->drift_backfills = l->adopt_reads = 0;
    }
    /* From flat to risk: the agreement that we have may not be older than the shorter lease from here on. */
    bot__gate_cap(&c->gate, GATE_LEASE_RECONCILED, core_after(c->now, c->options.reconciled_lease_ns));
    if (r->positions.id == 0 && stream_ready(c))
        r->positions.due = core_min(r->positions.due, core_after(c->now, c->options.read_after_fill_ns));
}

bool bot__recon_inside_baseline(const bot_core *c, uint32_t instrument, bot_leg leg, const bot_event *fill)
{
    const struct recon_leg *l = leg_of(c, instrument, leg == BOT_LEG_NONE ? first_leg(c) : leg);
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
bool bot__recon_order_in_baseline(const bot_core *c, uint32_t instrument, bot_leg leg, const bot_event *report)
{
    const struct recon_leg *l = leg_of(c, instrument, leg);
    return l->horizon_venue_ns != 0 && report->venue_ns != 0 && report->venue_ns <= l->horizon_venue_ns;
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

static void judge(bot_core *c, uint32_t instrument, bot_leg leg, bot_ts sent_at, bot_ts received)
{
    struct recon_leg *l = leg_of(c, instrument, leg);
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
        verdict_effect(c, instrument, leg, BOT_VERDICT_STALE, evidence, age, venue);
        if (!l->stale_alerted)
            bot__core_alert(c, BOT_ALERT_STALE, UINT32_MAX, instrument, age, "REST answers with an old position");
        l->stale_alerted = true;
        l->adopt_reads = 0;
        return;
    }
    pend(c, instrument, leg, venue, row_seq, sent_at, evidence);
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
    if (r == &c->recon.positions)
        for (uint32_t i = 0; i < bot__ledger_instruments(c->ledger); i++)
            for (int k = 0; k < ORDER_LEGS; k++) {
                struct recon_leg *l = &c->instruments[i].leg[k];
                l->row_seen = l->row_entry_given = false;
                l->row_qty = 0;
                l->row_seq = BOT_SEQ_NONE;
                l->row_venue_ns = 0;
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
    if (bot_dec_to_fixed(p->qty, &qty) < 0)
        return;
    if (ev->read_id == 0 || ev->read_id != c->recon.positions.id)
        return; /* rows of the private stream come with every order and say nothing that fills do not */
    if (qty == 0 && bot__ledger_find(c->ledger, &ev->instrument) == INSTRUMENT_NONE)
        return;
    const int64_t instrument = bot__core_instrument_of(c, &ev->instrument);
    if (instrument < 0)
        return;
    const bool hedge_row = p->leg == BOT_LEG_LONG || p->leg == BOT_LEG_SHORT;
    if (hedge_row != c->options.hedge) {
        if (qty == 0)
            return;
        if ((c->gate.held & BOT_GATE_MODE) == 0)
            bot__core_alert(c, BOT_ALERT_MODE, UINT32_MAX, (uint32_t)instrument, 0, "the venue's position mode is not the configured one");
        bot__gate_set(&c->gate, BOT_GATE_MODE, 0, c->now);
        return;
    }
    struct recon_leg *l = leg_of(c, (uint32_t)instrument, p->leg == BOT_LEG_NONE ? BOT_LEG_NET : p->leg);
    l->row_seen = true;
    l->row_qty = qty;
    l->row_seq = ev->seq;
    l->row_venue_ns = ev->venue_ns;
    l->row_entry_given = (ev->has & BOT_HAS_ENTRY_PRICE) != 0;
    l->row_entry = p->entry_price;
}

static void positions_answered(bot_core *c, const bot_event *ev, bot_ts sent_at)
{
    bool well = true;
    c->recon.answered_sent_at = sent_at;
    const uint32_t n = bot__ledger_instruments(c->ledger);
    for (uint32_t i = 0; i < n; i++) {
        const bool in_use = bot__core_in_use(c, i);
        for (bot_leg leg = first_leg(c); leg <= last_leg(c); leg++) {
            struct recon_leg *l = leg_of(c, i, leg);
            if (!l->row_seen && !in_use)
                continue;
            if (!l->row_seen && !c->options.venue.positions_omit_flat) {
                verdict_effect(c, i, leg, BOT_VERDICT_PARTIAL, 0, 0, 0);
                well = false;
                continue;
            }
            judge(c, i, leg, sent_at, ev->ts);
            if (bot__core_in_use(c, i) && l->verdict != BOT_VERDICT_AGREE)
                well = false;
        }
    }
    c->recon.adopt_once = c->recon.adopt_once && !well; /* a person's word is for what differs now */
    if (well)
        renew(c);
    else
        bot__gate_agreement(&c->gate, false, sent_at);
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
    c->recon.orders_listed = stream_ready(c) && sent_at >= c->recon.stream_ready_at;
    for (uint32_t i = 0; i < c->orders.used; i++) {
        const struct order *o = &c->orders.orders[i];
        if (!bot__order_live(o) || c->list_seen[i] == c->recon.list_generation || o->updated_at >= sent_at || o->submitted_at >= sent_at)
            continue;
        if ((o->state == ORDER_OPEN || o->state == ORDER_UNKNOWN) && core_has_room(c)) /* else by the next list */
            bot__core_order_absent(c, i);
    }
    renew(c);
}

static void failed(bot_core *c, struct recon_read *r, const bot_ev_read *end)
{
    r->failures++;
    int64_t wait = c->options.read_retry_ns;
    for (uint32_t k = 1; k < r->failures && k < 4; k++)
        wait *= 2; /* 1, 2, 4, 8 s: an overloaded venue is not helped by more questions */
    r->due = core_after(c->now, wait);
    if (r == &c->recon.positions) {
        const bot_verdict v = end->outcome == BOT_OUTCOME_OK ? BOT_VERDICT_PARTIAL : BOT_VERDICT_FAILED;
        bot_effect *e = verdict_effect(c, UINT32_MAX, BOT_LEG_NONE, v, 0, 0, 0);
        e->verdict.outcome = end->outcome;
        bot__gate_agreement(&c->gate, false, r->sent_at);
    }
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
        bot__gate_renew(&c->gate, GATE_LEASE_REST, r->sent_at);
    if (end->outcome != BOT_OUTCOME_OK || !end->complete || !r->sent) {
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
        if (stream_ready(c) && r->sent_at >= c->recon.stream_ready_at) {
            c->recon.backfilled = true;
            bot__core_history_read(c, r->sent_at);
            c->recon.positions.due = core_min(c->recon.positions.due, c->now);
        }
    }
}

/* ---- streams and time ---- */

void bot__recon_stream(bot_core *c, const bot_event *ev)
{
    struct recon *r = &c->recon;
    if (ev->stream.state == BOT_STREAM_LOST) {
        r->stream_ready_at = BOT_TS_NEVER;
        return;
    }
    /* What was missed while it was down is read before anything is believed again. */
    r->stream_ready_at = c->now;
    r->backfilled = r->orders_listed = false;
    r->agreed_min = 0;
    r->positions.due = r->orders.due = c->now;
    if (!r->cold)
        bot__recon_want_fills(c);
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
    if (c->now >= r->pending_at) {
        r->pending_at = BOT_TS_NEVER;
        const uint32_t n = bot__ledger_instruments(c->ledger);
        for (uint32_t i = 0; i < n; i++)
            for (bot_leg leg = first_leg(c); leg <= last_leg(c); leg++) {
                struct recon_leg *l = leg_of(c, i, leg);
                if (l->pending && c->now >= l->pending_until)
                    drift(c, i, leg, l->pending_qty, l->pending_seq, l->pending_sent);
                else if (l->pending)
                    r->pending_at = core_min(r->pending_at, l->pending_until);
            }
    }
    if (!stream_ready(c))
        return;
    if (r->fills.id == 0 && r->fills_wanted && c->now >= r->fills.due) {
        r->fills_wanted = false;
        int64_t newest = r->newest_venue_ns;
        if (r->fills_from_ns != 0 && r->fills_from_ns < newest)
            newest = r->fills_from_ns;
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
        else if (stream_ready(c))
            at = core_min(at, reads[k]->due);
    }
    return at;
}

int64_t bot__core_instrument_of(bot_core *c, const bot_symbol *symbol)
{
    const uint32_t i = bot__ledger_find(c->ledger, symbol);
    if (i != INSTRUMENT_NONE)
        return i;
    if (c->now >= c->recon.instruments_due) {
        c->recon.instruments_due = core_after(c->now, INSTRUMENT_ASK_NS);
        bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_READ, UINT32_MAX, UINT32_MAX);
        e->read.id = ++c->next_read;
        e->read.read = BOT_READ_INSTRUMENTS;
        e->read.deadline = core_after(c->now, INSTRUMENT_ASK_NS);
        e->read.symbol = *symbol;
    }
    return BOT_ERR_INSTRUMENT;
}
