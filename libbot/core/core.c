/* The step function: one event in, effects out, one next deadline. */
#include "core/state.h"

#include <string.h>

#include "core/image.h"
#include "core/resting.h"

#define GAP_NS (2 * BOT_NS_PER_S) /* a deadline missed by so much: the process was away */

void bot_core_options_init(bot_core_options *options)
{
    *options = (bot_core_options){
        .struct_size = sizeof *options,
        .venue = { .has_fills_channel = true, .has_client_ids = true, .has_amend = true, .has_reduce_only = true,
                   .positions_omit_flat = true, .absence_bound_ns = 10 * BOT_NS_PER_S, .order_unknown_ns = 5 * BOT_NS_PER_S,
                   .position_time_slack_ns = 500 * BOT_NS_PER_MS, .client_id_max = 36 },
        .instruments_max = 64,
        .orders_max = 1024,
        .bots_max = 16,
        .fills_seen_max = 65536,
        .path_steps_max = 8192,
        .effects_max = 256,
        .private_lease_ns = 10 * BOT_NS_PER_S,
        .reconciled_lease_ns = 15 * BOT_NS_PER_S,
        .reconciled_flat_ns = 60 * BOT_NS_PER_S,
        .rest_lease_ns = 24 * BOT_NS_PER_S,
        .public_lease_ns = 0,
        .clock_lease_ns = 600 * BOT_NS_PER_S,
        .clock_offset_max_ns = 5 * BOT_NS_PER_S,
        .hold_down_ns = 2 * BOT_NS_PER_S,
        .agree_reads_min = 2,
        .read_every_ns = 5 * BOT_NS_PER_S,
        .read_every_flat_ns = 20 * BOT_NS_PER_S,
        .read_after_fill_ns = 1 * BOT_NS_PER_S,
        .read_retry_ns = 1 * BOT_NS_PER_S,
        .read_deadline_ns = 3 * BOT_NS_PER_S,
        .orders_every_ns = 30 * BOT_NS_PER_S,
        .grace_ns = 2 * BOT_NS_PER_S,
        .stale_window_ns = 600 * BOT_NS_PER_S,
        .drift_reads_min = 3,
        .drift_span_ns = 5 * BOT_NS_PER_S,
        .backfills_max = 3,
        .backfill_overlap_ns = 60 * BOT_NS_PER_S,
        .adopt_reads_min = 3,
        .order_unknown_latch_ns = 10 * BOT_NS_PER_S,
        .order_query_every_ns = 2 * BOT_NS_PER_S,
        .rejects_max = 20,
        .reference_age_max_ns = 5 * BOT_NS_PER_S,
    };
}

static int older_fill(void *user_data, const struct dedupe_key *key, uint64_t fingerprint)
{
    (void)fingerprint;
    const bot_core *c = user_data;
    const bot_exec_key exec = { .instrument = *core_symbol(c, key->instrument & ~DEDUPE_FUNDING), .exec_id = *key->id,
                                .order_id = key->order_id != NULL ? *key->order_id : (bot_id){ 0 }, .side = key->side };
    return c->options.older_fill(c->options.user_data, &exec) ? 1 : 0;
}

#define OPTION_NS_MAX (INT64_C(50) * 366 * 86400 * BOT_NS_PER_S)

static void ledger_options(const bot_core_options *o, bot_core *c, struct ledger_options *ret)
{
    bot__ledger_options_init(ret);
    ret->instruments_max = o->instruments_max;
    ret->owners_max = o->bots_max;
    ret->execs_max = o->fills_seen_max;
    ret->path_steps_max = o->path_steps_max;
    ret->held_max = HELD_MAX;
    ret->derived_orders_max = o->venue.has_fills_channel ? 64 : 4096;
    ret->fills_come = o->venue.has_fills_channel;
    ret->hedge = o->hedge;
    ret->older = o->older_fill != NULL ? older_fill : NULL;
    ret->user_data = c;
}

const char *bot_core_options_wrong(const bot_core_options *o)
{
    /* In the order of the header. A time of more than fifty years is a mistake of units, and sums of two must not overflow. */
    const struct { int64_t value, min; const char *text; } times[] = {
        { o->private_lease_ns, 0, "private_lease_ns" }, { o->reconciled_lease_ns, 1, "reconciled_lease_ns" },
        { o->reconciled_flat_ns, o->reconciled_lease_ns, "reconciled_flat_ns (not below reconciled_lease_ns)" }, { o->rest_lease_ns, 0, "rest_lease_ns" },
        { o->public_lease_ns, 0, "public_lease_ns" }, { o->clock_lease_ns, 0, "clock_lease_ns" }, { o->clock_offset_max_ns, 0, "clock_offset_max_ns" },
        { o->hold_down_ns, 0, "hold_down_ns" }, { o->read_every_ns, 1, "read_every_ns" }, { o->read_every_flat_ns, 1, "read_every_flat_ns" },
        { o->read_after_fill_ns, 0, "read_after_fill_ns" }, { o->read_retry_ns, 1, "read_retry_ns" }, { o->read_deadline_ns, 1, "read_deadline_ns" },
        { o->orders_every_ns, 1, "orders_every_ns" }, { o->grace_ns, 0, "grace_ns" }, { o->stale_window_ns, 0, "stale_window_ns" },
        { o->drift_span_ns, 0, "drift_span_ns" }, { o->backfill_overlap_ns, 0, "backfill_overlap_ns" },
        { o->order_unknown_latch_ns, 0, "order_unknown_latch_ns" }, { o->order_query_every_ns, 1, "order_query_every_ns" },
        { o->reference_age_max_ns, 0, "reference_age_max_ns" }, { o->venue.order_unknown_ns, 1, "venue.order_unknown_ns" },
        { o->venue.absence_bound_ns, 1, "venue.absence_bound_ns" }, { o->venue.position_time_slack_ns, 0, "venue.position_time_slack_ns" },
    };
    if (o->struct_size != sizeof *o)
        return "struct_size: set by bot_core_options_init, which was not called";
    if (o->instruments_max < 1 || o->instruments_max > 4096) return "instruments_max: 1..4096";
    if (o->orders_max < 16 || o->orders_max > 65536) return "orders_max: 16..65536";
    if (o->bots_max < 1 || o->bots_max > 36) return "bots_max: 1..36";
    if (o->effects_max < 64 || o->effects_max > 65536) return "effects_max: 64..65536";
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (times[i].value < times[i].min || times[i].value > OPTION_NS_MAX)
            return times[i].text;
    if (o->agree_reads_min < 1) return "agree_reads_min: at least 1";
    if (o->drift_reads_min < 1) return "drift_reads_min: at least 1";
    if (o->adopt_reads_min < 1) return "adopt_reads_min: at least 1";
    if ((uint32_t)o->drift_policy > BOT_DRIFT_ADOPT) return "drift_policy";
    if ((uint32_t)o->manual_policy > BOT_MANUAL_IGNORE) return "manual_policy";
    if ((uint32_t)o->shut_policy > BOT_SHUT_CANCEL_ALL) return "shut_policy";
    /* 0 ms would disarm the switch, and the wire counts 32 bits of them. */
    if (o->dead_man_ns != 0 && (o->dead_man_ns < BOT_NS_PER_MS || o->dead_man_ns / BOT_NS_PER_MS > UINT32_MAX)) return "dead_man_ns: 0, or from 1 ms";
    struct ledger_options lo;
    ledger_options(o, NULL, &lo);
    return bot__ledger_size(&lo) == 0 ? "fills_seen_max or path_steps_max" : NULL;
}

/* One more of each to write into when they are full. */
static size_t effects_max(const bot_core_options *o) { return (size_t)o->effects_max + HELD_MAX * EFFECTS_OF_FILL + 1; }
#define FILL_EVENTS_MAX (HELD_MAX + 1)

static bot_core *carve(struct arena *a, const bot_core_options *o)
{
    bot_core *c = bot__arena_take(a, 1, sizeof *c);
    struct orders orders;
    bot__orders_init(&orders, a, o->orders_max, o->instruments_max, o->bots_max);
    struct recon_instrument *instruments = bot__arena_take(a, o->instruments_max, sizeof *instruments);
    struct core_bot *bots = bot__arena_take(a, o->bots_max, sizeof *bots);
    struct core_limits *limits = bot__arena_take(a, (size_t)o->bots_max * o->instruments_max, sizeof *limits);
    bot_ev_limits *pending_limits = bot__arena_take(a, core_pending_limits_max(o), sizeof *pending_limits);
    uint32_t *list_seen = bot__arena_take(a, o->orders_max, sizeof *list_seen);
    struct stranger *strangers = bot__arena_take(a, STRANGERS_MAX, sizeof *strangers);
    bot_effect *effects = bot__arena_take(a, effects_max(o), sizeof *effects);
    bot_event *fill_events = bot__arena_take(a, FILL_EVENTS_MAX, sizeof *fill_events);
    struct ledger_options lo;
    ledger_options(o, c, &lo);
    const size_t ledger_size = bot__ledger_size(&lo);
    void *ledger = bot__arena_take(a, ledger_size, 1);
    BOT_ASSERT(ledger_size != 0);
    if (c == NULL) /* measured only */
        return NULL;
    c->options = *o;
    c->orders = orders;
    c->instruments = instruments;
    c->bots = bots;
    c->limits = limits;
    c->pending_limits = pending_limits;
    c->list_seen = list_seen;
    c->strangers = strangers;
    c->effects = effects;
    c->effects_room = o->effects_max;
    c->fill_events = fill_events;
    c->ledger = bot__ledger_init(ledger, &lo);
    return c;
}

size_t bot_core_size(const bot_core_options *options)
{
    if (bot_core_options_wrong(options) != NULL)
        return 0;
    struct arena a = { 0 };
    (void)carve(&a, options);
    return a.used;
}

bot_core *bot_core_init(void *memory, const bot_core_options *options, bot_ts now)
{
    const size_t size = bot_core_size(options);
    if (size == 0)
        return NULL;
    BOT_ASSERT(((uintptr_t)memory & 63) == 0);
    struct arena a = { .base = memory, .size = size };
    bot_core *c = carve(&a, options);
    BOT_ASSERT(c != NULL);
    c->now = now;
    c->orders_at = c->dead_man_at = c->deadline = c->closed_until = BOT_TS_NEVER;
    c->shut_at = now;
    const struct gate_options go = {
        .lease_ns = { [GATE_LEASE_PRIVATE_STREAM] = options->private_lease_ns, [GATE_LEASE_RECONCILED] = options->reconciled_lease_ns,
                      [GATE_LEASE_REST] = options->rest_lease_ns, [GATE_LEASE_PUBLIC_STREAM] = options->public_lease_ns,
                      [GATE_LEASE_CLOCK] = options->clock_lease_ns },
        .hold_down_ns = options->hold_down_ns,
        .agree_reads_min = options->agree_reads_min,
    };
    bot__gate_init(&c->gate, &go, now);
    bot__recon_init(c);
    return c;
}

/* ---- the step ---- */

static const uint32_t monitor_reason[BOT_MONITOR_COUNT] = {
    [BOT_MONITOR_TRADE_RATE] = BOT_GATE_TRADE_RATE,     [BOT_MONITOR_FEED_LAG] = BOT_GATE_FEED_LAG,
    [BOT_MONITOR_ACK_TIME] = BOT_GATE_ACK_TIME,         [BOT_MONITOR_PRIVATE_SILENT] = BOT_GATE_PRIVATE_SILENT,
    [BOT_MONITOR_FEED_PARTIAL] = BOT_GATE_FEED_PARTIAL, [BOT_MONITOR_STATUS] = BOT_GATE_VENUE_STATUS,
};

static void state_reason(bot_core *c, uint32_t reason, bool ok, int64_t value)
{
    if (ok)
        bot__gate_clear(&c->gate, reason, c->now);
    else
        bot__gate_set(&c->gate, reason, value, c->now);
}

/* While it could not be written it could perhaps not be read: fills that were looked up in it were taken for known. */
static void journal_said(bot_core *c, const bot_event *ev)
{
    const bool failed = (c->gate.reasons & BOT_GATE_JOURNAL) != 0;
    state_reason(c, BOT_GATE_JOURNAL, ev->monitor.ok, ev->monitor.value);
    if (!ev->monitor.ok)
        bot__core_owe_fills(c, c->recon.newest_venue_ns);
    else if (failed)
        bot__core_want_fills(c);
}

static int on_monitor(bot_core *c, const bot_ev_monitor *m)
{
    if ((uint32_t)m->monitor >= BOT_MONITOR_COUNT)
        return BOT_ERR_INVALID;
    const bool was_silent = (c->gate.held & BOT_GATE_PRIVATE_SILENT) != 0;
    if (m->monitor == BOT_MONITOR_STATUS)
        bot__core_venue_said(c, m->ok, m->value);
    else
        state_reason(c, monitor_reason[m->monitor], m->ok, m->value);
    if (m->monitor == BOT_MONITOR_PRIVATE_SILENT && !m->ok && !was_silent) {
        /* Our order must have traded and nobody told us: look at once, and do not trust that socket any longer. */
        c->recon.positions.due = c->now;
        bot__core_want_fills(c);
        bot__core_effect_add(c, BOT_EFFECT_RESYNC, UINT32_MAX, UINT32_MAX);
    }
    return BOT_OK;
}

static void on_stream(bot_core *c, const bot_event *ev)
{
    const bot_ev_stream *s = &ev->stream;
    const bool ready = s->state == BOT_STREAM_READY;
    if (s->stream == BOT_STREAM_PRIVATE) {
        if (ready)
            bot__gate_renew(&c->gate, GATE_LEASE_PRIVATE_STREAM, c->now);
        else
            bot__gate_expire(&c->gate, GATE_LEASE_PRIVATE_STREAM, c->now);
        bot__recon_stream(c, ev);
    } else if (s->stream == BOT_STREAM_PUBLIC) {
        if (ready)
            bot__gate_renew(&c->gate, GATE_LEASE_PUBLIC_STREAM, c->now);
        else
            bot__gate_expire(&c->gate, GATE_LEASE_PUBLIC_STREAM, c->now);
    }
}

static void on_frame(bot_core *c, bot_stream stream)
{
    /* A frame of a private stream that has not been brought up yet (login, subscriptions) is no sign that fills come. */
    if (stream == BOT_STREAM_PRIVATE && c->recon.stream_ready_at != BOT_TS_NEVER)
        bot__gate_renew(&c->gate, GATE_LEASE_PRIVATE_STREAM, c->now);
    else if (stream == BOT_STREAM_PUBLIC)
        bot__gate_renew(&c->gate, GATE_LEASE_PUBLIC_STREAM, c->now);
}

static int on_error(bot_core *c, const bot_event *ev)
{
    /* The private stream said something that we cannot read: it may have been a fill. */
    if (ev->source == BOT_SOURCE_WS_PRIVATE && bot_err_class(ev->error.code) == BOT_CLASS_INPUT) {
        if ((c->gate.held & BOT_GATE_UNKNOWN_EXEC) == 0)
            bot__core_alert(c, BOT_ALERT_UNKNOWN_EXEC, UINT32_MAX, UINT32_MAX, ev->error.code, ev->error.detail);
        bot__gate_set(&c->gate, BOT_GATE_UNKNOWN_EXEC, ev->error.code, c->now);
    }
    return BOT_OK;
}

static int dispatch(bot_core *c, const bot_event *ev)
{
    switch ((bot_event_kind)ev->kind) {
    case BOT_EV_FILL: return bot__core_fill(c, ev);
    case BOT_EV_ORDER: return bot__core_order_report(c, ev);
    case BOT_EV_POSITION: bot__recon_position_row(c, ev); return BOT_OK;
    case BOT_EV_FUNDING: return bot__core_funding(c, ev);
    case BOT_EV_INSTRUMENT: return bot__core_instrument_row(c, ev);
    case BOT_EV_ACK: return bot__core_ack(c, ev);
    case BOT_EV_ERROR: return on_error(c, ev);
    case BOT_EV_STATUS:
        bot__core_venue_said(c, ev->status.status <= BOT_STATUS_BUSY, (int64_t)ev->status.status);
        return BOT_OK;
    case BOT_EV_STREAM: on_stream(c, ev); return BOT_OK;
    case BOT_EV_FRAME: on_frame(c, ev->stream.stream); return BOT_OK;
    case BOT_EV_READ_BEGIN: bot__recon_read_begin(c, ev); return BOT_OK;
    case BOT_EV_READ_END: bot__recon_read_end(c, ev); return BOT_OK;
    case BOT_EV_SENT: return bot__core_sent(c, ev);
    case BOT_EV_REPLY: return bot__core_reply(c, ev);
    case BOT_EV_CLOCK:
        if (ev->clock.offset_ns <= c->options.clock_offset_max_ns && ev->clock.offset_ns >= -c->options.clock_offset_max_ns)
            bot__gate_renew(&c->gate, GATE_LEASE_CLOCK, c->now);
        else
            bot__gate_expire(&c->gate, GATE_LEASE_CLOCK, c->now);
        return BOT_OK;
    case BOT_EV_MONITOR: return on_monitor(c, &ev->monitor);
    case BOT_EV_JOURNAL: journal_said(c, ev); return BOT_OK;
    case BOT_EV_LEADER: state_reason(c, BOT_GATE_LEADER, ev->monitor.ok, 0); return BOT_OK;
    case BOT_EV_SUBMIT: return bot__core_submit(c, ev);
    case BOT_EV_AMEND: return bot__core_amend(c, ev);
    case BOT_EV_CANCEL: return bot__core_cancel(c, ev);
    case BOT_EV_CANCEL_ALL: return bot__core_cancel_all(c, ev);
    case BOT_EV_LIMITS: return bot__core_set_limits(c, ev);
    case BOT_EV_ATTACH: return bot__core_attach(c, ev);
    case BOT_EV_REARM: return bot__core_rearm(c, ev);
    case BOT_EV_KILL: bot__core_kill(c); return BOT_OK;
    case BOT_EV_GAP: /* of a book: not our matter */
        if (ev->source == BOT_SOURCE_JOURNAL) {
            bot__client_ids_forgotten(c);
            c->recon.in_the_dark = true;
            bot__core_owe_fills(c, ev->venue_ns);
            bot__core_want_fills(c);
        }
        return BOT_OK;
    case BOT_EV_TICK:
    case BOT_EV_WALLET:
    case BOT_EV_TRADE:
    case BOT_EV_BOOK:
    case BOT_EV_TIME:
    case BOT_EV_CONTROL:
    case BOT_EV_BUDGET:
    case BOT_EV_CHECKPOINT:
        return BOT_OK;
    case BOT_EV_NONE:
    case BOT_EV_KIND_COUNT:
        break;
    }
    return BOT_ERR_INVALID;
}

static void dead_man(bot_core *c)
{
    if (c->options.dead_man_ns == 0 || !c->options.venue.has_dead_man || c->gate.reasons != 0 || c->now < c->dead_man_at)
        return; /* shut: it is left to run out */
    bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_DEAD_MAN, UINT32_MAX, UINT32_MAX);
    e->dead_man.window_ms = (uint32_t)(c->options.dead_man_ns / BOT_NS_PER_MS);
    c->dead_man_at = core_after(c->now, c->options.dead_man_ns / 3);
}

int bot_core_step(bot_core *core, const bot_event *ev)
{
    bot_core *c = core;
    c->effects_n = c->fill_events_n = 0;
    c->effects_room = c->options.effects_max;
    c->stats.events++;
    if (ev->ts > c->now)
        c->now = ev->ts;
    if (c->deadline != BOT_TS_NEVER && c->now > core_after(c->deadline, GAP_NS))
        bot__core_alert_seconds(c, bot__core_alert(c, BOT_ALERT_GAP, UINT32_MAX, UINT32_MAX, c->now - c->deadline,
                                                   "the process was away: frozen, suspended or stalled"), " for ", c->now - c->deadline);

    /* A fill's places in memory are on their way while time is looked after. */
    if (ev->kind == BOT_EV_FILL)
        c->fill_key = bot__ledger_soon(c->ledger, ev);

    /* What time has done comes before the event: an order that arrives after a lease has run out meets a shut gate. */
    const uint32_t before = c->gate.reasons;
    bot__core_orders_tick(c);
    bot__recon_tick(c);
    bot__core_fills_tick(c);
    bot__core_cancels_tick(c);
    bot__core_venue_tick(c);
    bool changed = bot__gate_evaluate(&c->gate, c->now);
    const int r = dispatch(c, ev);
    if (ev->kind != BOT_EV_SUBMIT) {
        bot__recon_tick(c); /* what the event made due */
        changed |= bot__gate_evaluate(&c->gate, c->now);
    }
    const uint32_t after = c->gate.reasons;
    if ((before & ~(uint32_t)RECON_MENDS) != 0 && after != 0 && (after & ~(uint32_t)RECON_MENDS) == 0)
        c->recon.positions.due = c->now; /* only agreement is missing now */
    if (changed && before != after) {
        bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_GATE, UINT32_MAX, UINT32_MAX);
        e->gate.before = before;
        e->gate.after = after;
        if (before == 0) {
            c->stats.gate_shut_count++;
            c->shut_at = c->now;
            bot__core_on_shut(c);
        } else if (after == 0) {
            c->stats.gate_shut_ns += (uint64_t)(c->now - c->shut_at);
            c->dead_man_at = c->now;
        }
    }
    dead_man(c);
    c->deadline = core_min(core_min(c->orders_at, bot__recon_deadline(c)),
                           core_min(bot__core_fills_deadline(c), bot__gate_deadline(&c->gate, c->now)));
    c->deadline = core_min(c->deadline, c->cancels_wanted ? c->now : c->closed_until);
    if (c->gate.reasons == 0 && c->options.dead_man_ns != 0 && c->options.venue.has_dead_man)
        c->deadline = core_min(c->deadline, c->dead_man_at);
    return r;
}

uint32_t bot_core_effects_count(const bot_core *core) { return core->effects_n; }
const bot_effect *bot_core_effect(const bot_core *core, uint32_t i) { return i < core->effects_n ? &core->effects[i] : NULL; }

int bot__core_step_quietly(bot_core *core, const bot_event *ev)
{
    core->quiet = true;
    const int r = bot_core_step(core, ev);
    core->quiet = false;
    core->effects_n = 0;
    return r;
}

const bot_core_options *bot__core_options(const bot_core *core) { return &core->options; }

int64_t bot__core_history_end(const bot_core *core) { return core->recon.newest_venue_ns; }

void bot__core_drop_effects(bot_core *core)
{
    core->effects_n = 0;
    memset(&core->fill_key, 0, sizeof core->fill_key);
    core->fill_events_n = 0;
    memset(core->fill_events, 0, FILL_EVENTS_MAX * sizeof *core->fill_events);
    memset(&core->refusal, 0, sizeof core->refusal);
    memset(core->effects, 0, effects_max(&core->options) * sizeof *core->effects);
}

bot_ts bot_core_deadline(const bot_core *core) { return core->deadline; }

/* ---- questions ---- */

uint32_t bot_core_instruments(const bot_core *core) { return bot__ledger_instruments(core->ledger); }

const bot_symbol *bot_core_instrument(const bot_core *core, uint32_t i)
{
    return i < bot_core_instruments(core) ? core_symbol(core, i) : NULL;
}

bool bot_core_unknown_position(const bot_core *c, bot_symbol *ret_instrument)
{
    if (c->recon.unknown.len != 0 && ret_instrument != NULL)
        *ret_instrument = c->recon.unknown;
    return c->recon.unknown.len != 0;
}

int64_t bot_core_find_instrument(const bot_core *core, const bot_symbol *symbol)
{
    const uint32_t i = bot__ledger_find(core->ledger, symbol);
    return i == INSTRUMENT_NONE ? (int64_t)BOT_ERR_NOT_FOUND : (int64_t)i;
}

bool bot_core_instrument_get(const bot_core *core, uint32_t i, bot_instrument *ret)
{
    if (i >= bot_core_instruments(core))
        return false;
    const struct instrument *in = bot__ledger_instrument(core->ledger, i);
    *ret = (bot_instrument){ .symbol = in->symbol, .contract = in->contract, .tradable = in->tradable, .tick = in->tick, .lot = in->lot,
                             .qty_min = in->qty_min, .qty_max = in->qty_max, .notional_min = in->notional_min, .multiplier = in->multiplier,
                             .base = in->base, .quote = in->quote, .settle = in->settle };
    return true;
}

uint32_t bot_core_orders(const bot_core *core, uint32_t bot, bot_order_info *ret, uint32_t n)
{
    uint32_t live = 0;
    if (bot == ORDER_BOT_NONE)
        return 0;
    for (uint32_t i = 0; (i = bot__orders_next_live(&core->orders, i)) != ORDER_NONE; i++) {
        const struct order *o = &core->orders.orders[i];
        if (o->bot != bot || !bot__order_live(o))
            continue;
        if (live < n)
            ret[live] = (bot_order_info){ .client_id = o->client_id, .order_id = o->order_id, .instrument = *core_symbol(core, o->instrument),
                                          .side = o->side, .leg = o->leg, .type = o->type, .tif = o->tif, .reduce_only = o->reduce_only,
                                          .status = bot__order_status(o), .outcome_unknown = o->state == ORDER_UNKNOWN,
                                          .cancel_asked = o->cancel_asked || o->cancel_wanted, .qty = { o->qty }, .filled = { o->filled },
                                          .price = o->price, .submitted_at = o->submitted_at };
        live++;
    }
    return live;
}

static void position_of(const bot_core *c, uint32_t instrument, bot_leg leg, const struct position *p, bot_position *ret)
{
    const struct instrument *in = bot__ledger_instrument(c->ledger, instrument);
    *ret = (bot_position){ .instrument = in->symbol, .leg = leg, .agreed_at = c->instruments[instrument].leg[bot__leg_index(leg)].agreed_at,
                           .cost_proven = true };
    if (p == NULL)
        return;
    ret->qty.v = p->qty;
    ret->cost.v = p->cost;
    ret->realised.v = p->realised;
    ret->funding.v = p->funding;
    ret->cost_proven = !p->unproven;
    (void)bot__position_entry(p, in, &ret->avg_entry.v);
}

void bot_core_position(const bot_core *core, uint32_t instrument, bot_leg leg, bot_position *ret)
{
    position_of(core, instrument, leg, bot__ledger_position(core->ledger, instrument, leg), ret);
    bot__core_interval(core, instrument, leg, &ret->low.v, &ret->high.v);
    const struct order_sums sums = bot__orders_account_sums(&core->orders, instrument, leg);
    ret->working_buy.v = sums.buy;
    ret->working_sell.v = sums.sell;
}

void bot_core_bot_position(const bot_core *core, uint32_t bot, uint32_t instrument, bot_leg leg, bot_position *ret)
{
    position_of(core, instrument, leg, bot__ledger_owner_position(core->ledger, instrument, leg, bot), ret);
    bot__core_interval(core, instrument, leg, &ret->low.v, &ret->high.v);
    const bot_i128 other = bot__core_qty(core, instrument, leg) - ret->qty.v;
    ret->low.v -= other;
    ret->high.v -= other;
    const struct order_sums sums = bot__orders_bot_sums(&core->orders, bot, instrument, leg);
    ret->working_buy.v = sums.buy;
    ret->working_sell.v = sums.sell;
}

bool bot__core_resting_next(const bot_core *core, const bot_symbol *instrument, uint32_t *cursor, struct core_resting *ret)
{
    const uint32_t at = bot__ledger_find(core->ledger, instrument);
    if (at == INSTRUMENT_NONE)
        return false;
    const struct order_sums sums = bot__orders_account_sums(&core->orders, at, BOT_LEG_NET);
    if (sums.buy == 0 && sums.sell == 0 && !core->options.hedge)
        return false;
    for (uint32_t i; (i = bot__orders_next_live(&core->orders, *cursor)) != ORDER_NONE;) {
        const struct order *o = &core->orders.orders[i];
        *cursor = i + 1;
        if (o->state != ORDER_OPEN || o->instrument != at || o->type != BOT_LIMIT || o->bot == ORDER_BOT_NONE || o->cancel_asked || o->acked_at == 0)
            continue;
        *ret = (struct core_resting){ .client_id = &o->client_id, .side = o->side, .price = o->price, .acked_at = o->acked_at };
        return true;
    }
    return false;
}

const bot_id *bot__core_order_client(const bot_core *core, const bot_symbol *instrument, const bot_id *order_id)
{
    const uint32_t at = bot__orders_by_venue(&core->orders, bot__ledger_find(core->ledger, instrument), order_id);
    return at == ORDER_NONE ? NULL : &core->orders.orders[at].client_id;
}

const bot_symbol *bot__core_order_instrument(const bot_core *core, const bot_id *client_id)
{
    const uint32_t at = bot__orders_by_client(&core->orders, client_id);
    return at == ORDER_NONE ? NULL : core_symbol(core, core->orders.orders[at].instrument);
}

bool bot_core_gate_open(const bot_core *core, bot_ts now) { return bot__gate_open(&core->gate, now); }
void bot_core_gate_state(const bot_core *core, bot_ts now, bot_gate_state *ret) { bot__gate_state(&core->gate, now, ret); }
const bot_refusal *bot_core_last_refusal(const bot_core *core) { return &core->refusal; }

void bot_core_stats_get(const bot_core *core, bot_core_stats *ret)
{
    *ret = core->stats;
    ret->orders_live = 0;
    for (uint32_t i = 0; (i = bot__orders_next_live(&core->orders, i)) != ORDER_NONE; i++)
        ret->orders_live += bot__order_live(&core->orders.orders[i]);
    if (core->gate.reasons != 0)
        ret->gate_shut_ns += (uint64_t)(core->now - core->shut_at);
}
