#include "rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "session/session.h"

static const char *const names[RIG_INSTRUMENTS] = { "BTCUSDT", "ETHUSDT" };

bot_symbol rig_symbol(int instrument)
{
    bot_symbol s;
    bot__symbol_set(&s, names[instrument], strlen(names[instrument]));
    return s;
}

__attribute__((format(printf, 2, 3))) static void trace(struct rig *r, const char *format, ...)
{
    if (!r->trace_on || r->trace_len + 200 > sizeof r->trace)
        return;
    r->trace_len += (size_t)snprintf(r->trace + r->trace_len, sizeof r->trace - r->trace_len, "[%lld.%03lld] ", (long long)(r->now / BOT_NS_PER_S),
                                     (long long)(r->now % BOT_NS_PER_S / BOT_NS_PER_MS));
    va_list ap;
    va_start(ap, format);
    r->trace_len += (size_t)vsnprintf(r->trace + r->trace_len, sizeof r->trace - r->trace_len, format, ap);
    va_end(ap);
    r->trace[r->trace_len++] = '\n';
    r->trace[r->trace_len] = '\0';
}

const char *rig_profile(void)
{
    const char *name = getenv("LIBBOT_PROFILE");
    return name != NULL && name[0] != '\0' ? name : NULL;
}

bool rig_from_orders(void) { return rig_profile() != NULL && strcmp(rig_profile(), RIG_FROM_ORDERS) == 0; }

void rig_options(bot_core_options *o)
{
    bot_core_options_init(o);
    o->session_id = 1700000000000u;
    o->clock_lease_ns = 0;
    o->venue.has_position_seq = true;
    if (rig_from_orders()) {
        o->venue.has_fills_channel = false;
    } else if (rig_profile() != NULL) {
        const struct venue *v = bot__venue_find(rig_profile());
        ck_assert_msg(v != NULL, "LIBBOT_PROFILE: there is no venue '%s'", rig_profile());
        bot__session_venue_rules(v, &o->venue);
    }
    o->path_steps_max = 4096;
    o->instruments_max = 8;
    o->orders_max = 256;
    o->fills_seen_max = 4096;
}

struct rig *rig_new(const bot_core_options *o)
{
    struct rig *r = calloc(1, sizeof *r);
    ck_assert_ptr_nonnull(r);
    if (o != NULL)
        r->options = *o;
    else
        rig_options(&r->options);
    const size_t size = bot_core_size(&r->options);
    ck_assert_uint_gt(size, 0);
    r->memory = aligned_alloc(64, (size + 63) & ~(size_t)63);
    ck_assert_ptr_nonnull(r->memory);
    memset(r->memory, 0, (size + 63) & ~(size_t)63);
    r->now = BOT_NS_PER_S;
    r->wall_ns = INT64_C(1700000000) * BOT_NS_PER_S;
    r->core = bot_core_init(r->memory, &r->options, r->now);
    ck_assert_ptr_nonnull(r->core);
    r->latency = RIG_MS(20);
    r->rest_seq = rig_profile() == NULL || r->options.venue.has_position_seq;
    if (rig_profile() != NULL && !rig_from_orders()) r->rest_times = bot__venue_find(rig_profile())->has_position_time;
    r->auto_answer = true;
    r->trace_on = true;
    return r;
}

struct rig *rig_upon(bot_i128 qty, const char *limit)
{
    bot_core_options o;
    rig_options(&o);
    o.start_adopt = true;
    struct rig *r = rig_new(&o);
    r->qty[0] = qty;
    r->seq[0] = 12;
    rig_start(r, limit);
    EXPECT_OPEN(r);
    return r;
}

void rig_free(struct rig *r)
{
    free(r->memory);
    free(r);
}

static void later(struct rig *r, bot_ts delay, const bot_event *ev)
{
    ck_assert_uint_lt(r->queue_n, RIG_QUEUE);
    r->queue[r->queue_n++] = (struct rig_pending){ .at = r->now + delay, .order = r->order++, .ev = *ev };
}

static struct rig_order *find_order(struct rig *r, const bot_id *client)
{
    for (int i = 0; i < RIG_ORDERS; i++)
        if (r->orders[i].used && bot__id_eq(&r->orders[i].client_id, client))
            return &r->orders[i];
    return NULL;
}

static bot_event order_event(const struct rig *r, const struct rig_order *o, uint64_t read_id)
{
    bot_event ev = event_of(BOT_EV_ORDER);
    ev.instrument = rig_symbol((int)o->instrument);
    ev.read_id = read_id;
    ev.has = BOT_HAS_QTY | BOT_HAS_CUM_QTY;
    ev.order = (bot_ev_order){ .order_id = o->order_id, .client_id = o->client_id, .status = o->status, .side = o->side, .leg = BOT_LEG_NET,
                               .type = BOT_LIMIT, .qty = bot_dec_from_fixed(o->qty), .cum_qty = bot_dec_from_fixed(o->cum) };
    if (!r->options.venue.has_client_ids)
        ev.order.client_id = (bot_id){ 0 };
    if (o->cum != 0 && o->value != 0) {
        bot_i128 average;
        ck_assert_int_eq(bot_fixed_muldiv_half_even(o->value, INT64_C(1000000000000000000), o->cum, &average), BOT_OK);
        ev.order.avg_price = bot_dec_from_fixed(average);
        ev.has |= BOT_HAS_AVG_PRICE;
    }
    return ev;
}

static void answer_read(struct rig *r, const bot_effect *e)
{
    r->reads[e->read.read]++;
    r->read_ids[e->read.read] = e->read.id;
    if (e->read.read == BOT_READ_FILLS)
        r->fills_from_ns = e->read.from_venue_ns;
    bot_event begin = event_of(BOT_EV_READ_BEGIN), end = event_of(BOT_EV_READ_END);
    begin.read = end.read = (bot_ev_read){ .id = e->read.id, .read = e->read.read };
    begin.read_id = end.read_id = e->read.id;
    if (r->venue_clock)
        begin.venue_ns = r->wall_ns;
    later(r, 0, &begin);
    if (r->rest == RIG_REST_HANG || (r->hang_fills && e->read.read == BOT_READ_FILLS) || (r->hang_orders && e->read.read == BOT_READ_OPEN_ORDERS) ||
        (r->hang_positions && e->read.read == BOT_READ_POSITIONS)) { /* the shell's own deadline ends it */
        end.read.outcome = BOT_OUTCOME_TIMEOUT;
        later(r, e->read.deadline - r->now, &end);
        return;
    }
    end.read.outcome = r->rest == RIG_REST_FAIL ? BOT_OUTCOME_MALFORMED : BOT_OUTCOME_OK;
    end.read.complete = r->rest == RIG_REST_TRUE || r->rest == RIG_REST_FROZEN;
    const bot_ts at = 2 * r->latency;
    if (r->rest != RIG_REST_FAIL && e->read.read == BOT_READ_POSITIONS && r->stray_row) {
        bot_event row = event_of(BOT_EV_POSITION);
        (void)bot__symbol_set(&row.instrument, "DELISTED", 8);
        row.read_id = e->read.id;
        row.has = BOT_HAS_QTY;
        row.position = (bot_ev_position){ .leg = BOT_LEG_NET, .qty = { .coef = 1 } };
        later(r, at, &row);
    }
    if (r->rest != RIG_REST_FAIL && e->read.read == BOT_READ_POSITIONS)
        for (int i = 0; i < RIG_INSTRUMENTS; i++) {
            const bool frozen = r->rest == RIG_REST_FROZEN;
            const bot_i128 qty = frozen ? r->frozen[i] : r->qty[i];
            if ((qty == 0 && !(r->unfit_row && i == 0)) || ((r->rest == RIG_REST_PARTIAL || r->drop_row) && i == 0))
                continue;
            bot_event row = event_of(BOT_EV_POSITION);
            row.instrument = rig_symbol(i);
            row.read_id = e->read.id;
            row.has = BOT_HAS_QTY;
            row.position = (bot_ev_position){ .leg = BOT_LEG_NET, .qty = bot_dec_from_fixed(qty) };
            if (r->unfit_row && i == 0)
                row.position.qty = (bot_dec){ .coef = 1, .scale = 19 };
            if (r->rest_seq)
                row.seq = frozen ? r->frozen_seq[i] : r->seq[i];
            if (r->rest_times)
                row.venue_ns = frozen ? r->frozen_ns[i] : r->row_ns[i];
            if (r->entry[i].v != 0) {
                row.has |= BOT_HAS_ENTRY_PRICE;
                row.position.entry_price = bot_dec_from_fixed(r->entry[i].v);
            }
            later(r, at, &row);
        }
    if (r->rest != RIG_REST_FAIL && e->read.read == BOT_READ_OPEN_ORDERS && !r->hide_list)
        for (int i = 0; i < RIG_ORDERS; i++)
            if (r->orders[i].used && r->orders[i].open) {
                const bot_event row = order_event(r, &r->orders[i], e->read.id);
                later(r, at, &row);
            }
    if (r->rest != RIG_REST_FAIL && e->read.read == BOT_READ_FILLS)
        for (uint32_t i = 0; i < r->fills_n; i++)
            if (r->fills[i].ev.venue_ns >= e->read.from_venue_ns) {
                bot_event row = r->fills[i].ev;
                row.read_id = e->read.id;
                later(r, at, &row);
            }
    ck_assert_msg(e->read.read != BOT_READ_ORDER || r->options.venue.has_client_ids || e->read.order_id.len > 0, "asked for an order by nothing");
    if (r->rest != RIG_REST_FAIL && e->read.read == BOT_READ_ORDER) {
        struct rig_order *o = find_order(r, &e->read.client_id);
        if (o != NULL && !r->orders_unknown) {
            const bot_event row = order_event(r, o, e->read.id);
            later(r, at, &row);
        } else {
            bot_event reply = event_of(BOT_EV_REPLY);
            reply.reply = (bot_ev_reply){ .request_id = BOT_REQUEST_CANCEL, .outcome = BOT_OUTCOME_NOT_FOUND, .client_id = e->read.client_id };
            later(r, at, &reply);
            end.read.outcome = BOT_OUTCOME_NOT_FOUND;
        }
    }
    later(r, at, &end);
}

static void answer_send(struct rig *r, const bot_effect *e)
{
    r->sends[e->send.request]++;
    struct rig_order *known = find_order(r, &e->send.client_id);
    if (e->send.request == BOT_REQUEST_CANCEL && known != NULL)
        r->cancels_of[known - r->orders]++;
    r->last_request = e->send.request_id;
    r->last_order = e->send.order;
    if (!r->auto_answer)
        return;
    bot_event reply = event_of(BOT_EV_REPLY);
    reply.reply = (bot_ev_reply){ .request_id = e->send.request_id, .outcome = BOT_OUTCOME_OK, .client_id = e->send.client_id };
    if (e->send.request == BOT_REQUEST_SUBMIT) {
        struct rig_order *o = NULL;
        for (int i = 0; i < RIG_ORDERS && o == NULL; i++)
            if (!r->orders[i].used)
                o = &r->orders[i];
        ck_assert_ptr_nonnull(o);
        char text[32];
        snprintf(text, sizeof text, "V%llu", (unsigned long long)e->send.request_id);
        *o = (struct rig_order){ .used = true, .open = true, .client_id = e->send.client_id, .order_id = id_of(text), .side = e->send.order.side,
                                 .instrument = e->instrument, .qty = e->send.order.qty.v, .status = BOT_ORDER_OPEN };
        reply.reply.order_id = o->order_id;
        later(r, 2 * r->latency, &reply);
        const bot_event report = order_event(r, o, 0);
        later(r, 2 * r->latency, &report);
    } else {
        later(r, 2 * r->latency, &reply);
    }
}

static const char *const verdict_names[] = { "NONE", "AGREE", "STALE", "PARTIAL", "FAILED", "DRIFT", "PENDING" };

static void gate_line(struct rig *r, uint32_t reasons)
{
    char text[400] = "";
    for (int i = 0; i < BOT_GATE_REASON_COUNT; i++)
        if ((reasons & (1u << i)) != 0) {
            strcat(text, text[0] != '\0' ? ", " : "");
            strcat(text, bot_gate_reason_name(1u << i));
        }
    trace(r, reasons == 0 ? "gate open%s" : "gate shut: %s", text);
}

int rig_step(struct rig *r, bot_event *ev)
{
    ev->ts = r->now;
    const int result = bot_core_step(r->core, ev);
    const uint32_t n = bot_core_effects_count(r->core);
    for (uint32_t i = 0; i < n; i++) {
        const bot_effect *e = bot_core_effect(r->core, i);
        switch (e->kind) {
        case BOT_EFFECT_READ: answer_read(r, e); break;
        case BOT_EFFECT_SEND: answer_send(r, e); break;
        case BOT_EFFECT_GATE: gate_line(r, e->gate.after); break;
        case BOT_EFFECT_RESYNC: r->resyncs++; break;
        case BOT_EFFECT_DEAD_MAN:
            r->dead_mans++;
            r->dead_man_ms = e->dead_man.window_ms;
            break;
        case BOT_EFFECT_ALERT:
            r->alerts[e->alert.alert]++;
            trace(r, "alert %d: %s", (int)e->alert.alert, e->alert.text);
            break;
        case BOT_EFFECT_VERDICT:
            r->verdicts[e->verdict.verdict]++;
            if (e->verdict.verdict == BOT_VERDICT_AGREE && e->instrument == 0)
                r->evidence = e->verdict.evidence;
            if (e->verdict.verdict != BOT_VERDICT_AGREE) {
                char ours[BOT_DEC_TEXT_MAX], venue[BOT_DEC_TEXT_MAX];
                bot_fixed_format(e->verdict.ours.v, ours);
                bot_fixed_format(e->verdict.venue.v, venue);
                trace(r, "%s %s age %lld ms (ours %s, venue %s)", e->instrument < RIG_INSTRUMENTS ? names[e->instrument] : "account",
                      verdict_names[e->verdict.verdict], (long long)(e->verdict.age_ns / BOT_NS_PER_MS), ours, venue);
            }
            break;
        default: break;
        }
    }
    return result;
}

void rig_run(struct rig *r, bot_ts until)
{
    uint32_t ticks = 0; /* at one moment: a deadline that a tick leaves in the past would make a host spin */
    for (;;) {
        uint32_t next = UINT32_MAX;
        for (uint32_t i = 0; i < r->queue_n; i++)
            if (next == UINT32_MAX || r->queue[i].at < r->queue[next].at ||
                (r->queue[i].at == r->queue[next].at && r->queue[i].order < r->queue[next].order))
                next = i;
        const bot_ts queued = next == UINT32_MAX ? BOT_TS_NEVER : r->queue[next].at;
        const bot_ts tick = bot_core_deadline(r->core), frame = r->private_up || r->public_up ? r->frame_at : BOT_TS_NEVER;
        bot_ts at = queued < tick ? queued : tick;
        at = frame < at ? frame : at;
        if (at > until)
            break;
        if (at > r->now) {
            r->wall_ns += at - r->now;
            r->now = at;
            ticks = 0;
        }
        bot_event ev;
        if (queued <= at) {
            ev = r->queue[next].ev;
            r->queue[next] = r->queue[--r->queue_n];
        } else if (frame <= at) {
            r->frame_at = r->now + BOT_NS_PER_S;
            if (r->public_up && r->private_up) {
                ev = event_of(BOT_EV_FRAME);
                ev.stream.stream = BOT_STREAM_PUBLIC;
                (void)rig_step(r, &ev);
            }
            ev = event_of(BOT_EV_FRAME);
            ev.stream.stream = r->private_up ? BOT_STREAM_PRIVATE : BOT_STREAM_PUBLIC;
        } else {
            ck_assert_msg(ticks++ < 1000, "the core's deadline stands still\n%s", rig_tail(r));
            ev = event_of(BOT_EV_TICK);
        }
        (void)rig_step(r, &ev);
    }
    if (until > r->now) {
        r->wall_ns += until - r->now;
        r->now = until;
    }
}

void rig_for(struct rig *r, bot_ts duration) { rig_run(r, r->now + duration); }

void rig_stream(struct rig *r, bot_stream stream, bool up)
{
    if (stream == BOT_STREAM_PRIVATE) r->private_up = up;
    if (stream == BOT_STREAM_PUBLIC) r->public_up = up;
    r->frame_at = r->now + BOT_NS_PER_S;
    bot_event ev = event_of(BOT_EV_STREAM);
    ev.stream = (bot_ev_stream){ .stream = stream, .state = up ? BOT_STREAM_READY : BOT_STREAM_LOST };
    (void)rig_step(r, &ev);
}

void rig_begin(struct rig *r, const char *limit)
{
    bot_event ev = event_of(BOT_EV_ATTACH);
    ev.attach = (bot_ev_attach){ .bot = 0, .sends_orders = true };
    ck_assert_int_eq(rig_step(r, &ev), 0);
    for (int i = 0; i < RIG_INSTRUMENTS; i++) {
        ev = event_of(BOT_EV_INSTRUMENT);
        ev.instrument = rig_symbol(i);
        ev.inst = (bot_ev_instrument){ .contract = BOT_LINEAR, .tradable = true, .tick = dec_of("0.1"), .lot = dec_of("0.01"), .multiplier = dec_of("1") };
        bot__currency_set(&ev.inst.settle, "USDT", 4);
        bot__currency_set(&ev.inst.quote, "USDT", 4);
        ck_assert_int_eq(rig_step(r, &ev), i);
        if (limit == NULL)
            continue;
        ev = event_of(BOT_EV_LIMITS);
        ev.limits = (bot_ev_limits){ .bot = 0, .instrument = rig_symbol(i), .limits = { .position_max = { fixed_of(limit) } } };
        ck_assert_int_eq(rig_step(r, &ev), 0);
    }
    rig_stream(r, BOT_STREAM_PUBLIC, true);
    rig_stream(r, BOT_STREAM_PRIVATE, true);
}

void rig_start(struct rig *r, const char *limit)
{
    rig_begin(r, limit);
    rig_for(r, RIG_MS(5000));
}

bool rig_open(const struct rig *r) { return bot_core_gate_open(r->core, r->now); }

uint32_t rig_reasons(const struct rig *r)
{
    bot_gate_state s;
    bot_core_gate_state(r->core, r->now, &s);
    return s.reasons;
}

int rig_submit(struct rig *r, int instrument, bot_side side, const char *qty, const char *price, bool reduce_only, bot_id *ret_id)
{
    bot_event ev = event_of(BOT_EV_SUBMIT);
    ev.submit.bot = 0;
    ev.submit.client_id = bot_core_next_client_id(r->core, 0);
    ev.submit.order = (bot_order_request){ .instrument = rig_symbol(instrument), .side = side, .leg = BOT_LEG_NET,
                                           .type = price != NULL ? BOT_LIMIT : BOT_MARKET, .tif = BOT_GTC, .reduce_only = reduce_only,
                                           .qty = { fixed_of(qty) } };
    if (price != NULL)
        ev.submit.order.price.v = fixed_of(price);
    if (ret_id != NULL)
        *ret_id = ev.submit.client_id;
    return rig_step(r, &ev);
}

bot_event rig_order(struct rig *r, uint32_t bot, bot_leg leg, bot_side side, const char *qty)
{
    bot_event ev = event_of(BOT_EV_SUBMIT);
    ev.submit.bot = bot;
    ev.submit.client_id = bot_core_next_client_id(r->core, bot);
    ev.submit.order = (bot_order_request){ .instrument = rig_symbol(0), .side = side, .leg = leg, .type = BOT_LIMIT, .tif = BOT_GTC,
                                           .qty = { fixed_of(qty) }, .price = { fixed_of("100") } };
    return ev;
}

int rig_submit_as(struct rig *r, uint32_t bot, bot_leg leg, bot_side side, const char *qty, bot_id *ret_id)
{
    bot_event ev = rig_order(r, bot, leg, side, qty);
    if (ret_id != NULL)
        *ret_id = ev.submit.client_id;
    return rig_step(r, &ev);
}

int rig_attach(struct rig *r, uint32_t bot, bot_scope scope, bool sends_orders)
{
    bot_event ev = event_of(BOT_EV_ATTACH);
    ev.attach = (bot_ev_attach){ .bot = bot, .scope = scope, .sends_orders = sends_orders };
    return rig_step(r, &ev);
}

int rig_limits(struct rig *r, uint32_t bot, int instrument, const bot_limits *limits)
{
    bot_event ev = event_of(BOT_EV_LIMITS);
    ev.limits = (bot_ev_limits){ .bot = bot, .instrument = rig_symbol(instrument), .limits = *limits, .loosen = true };
    return rig_step(r, &ev);
}

int rig_amend(struct rig *r, const bot_id *client_id, const char *qty, const char *price)
{
    bot_event ev = event_of(BOT_EV_AMEND);
    ev.amend = (bot_ev_amend){ .bot = 0, .client_id = *client_id, .qty = { fixed_of(qty) }, .price = { fixed_of(price) } };
    return rig_step(r, &ev);
}

int rig_cancel(struct rig *r, const bot_id *client_id)
{
    bot_event ev = event_of(BOT_EV_CANCEL);
    ev.cancel = (bot_ev_cancel){ .bot = 0, .client_id = *client_id };
    return rig_step(r, &ev);
}

bot_event rig_fill_event(struct rig *r, int instrument, const char *exec_id, const bot_id *client, const char *order_id, bot_side side,
                         const char *qty, const char *price)
{
    bot_event ev = event_of(BOT_EV_FILL);
    ev.instrument = rig_symbol(instrument);
    ev.venue_ns = r->wall_ns;
    ev.source = BOT_SOURCE_WS_PRIVATE;
    ev.has = BOT_HAS_QTY | BOT_HAS_PRICE;
    ev.fill = (bot_ev_fill){ .exec_id = id_of(exec_id), .order_id = id_of(order_id), .side = side, .kind = BOT_FILL_TRADE, .qty = dec_of(qty),
                             .price = dec_of(price) };
    /* A venue that has no client ids names the order by the number that it gave it. */
    const struct rig_order *o = client != NULL && !r->options.venue.has_client_ids ? find_order(r, client) : NULL;
    if (client != NULL && r->options.venue.has_client_ids)
        ev.fill.client_id = *client;
    else if (o != NULL)
        ev.fill.order_id = o->order_id;
    return ev;
}

/* What such a venue tells of somebody else's fill: an order of its own, filled. */
static bot_event strangers_order(const struct rig *r, const bot_event *fill)
{
    bot_event ev = event_of(BOT_EV_ORDER);
    char id[40];
    snprintf(id, sizeof id, "stranger-%u", r->exec);
    ev.instrument = fill->instrument;
    ev.venue_ns = fill->venue_ns;
    ev.seq = fill->seq;
    ev.has = BOT_HAS_QTY | BOT_HAS_CUM_QTY | BOT_HAS_AVG_PRICE;
    ev.order = (bot_ev_order){ .order_id = id_of(id), .status = BOT_ORDER_FILLED, .side = fill->fill.side, .leg = BOT_LEG_NET,
                               .type = BOT_LIMIT, .qty = fill->fill.qty, .cum_qty = fill->fill.qty, .avg_price = fill->fill.price };
    return ev;
}

void rig_trade(struct rig *r, int instrument, const bot_id *client, bot_side side, const char *qty, const char *price)
{
    char exec[32];
    snprintf(exec, sizeof exec, "X%u", ++r->exec);
    struct rig_order *o = client != NULL ? find_order(r, client) : NULL;
    bot_event ev = rig_fill_event(r, instrument, exec, client, o != NULL ? o->order_id.s : "stranger", side, qty, price);
    if (client == NULL && r->options.venue.has_client_ids)
        ev.fill.client_id = id_of("web-1");
    r->qty[instrument] += side == BOT_BUY ? fixed_of(qty) : -fixed_of(qty);
    ev.seq = ++r->seq[instrument];
    r->row_ns[instrument] = ev.venue_ns;
    if (o != NULL) {
        o->cum += fixed_of(qty);
        o->status = o->cum >= o->qty ? BOT_ORDER_FILLED : BOT_ORDER_PARTIALLY_FILLED;
        o->open = o->cum < o->qty;
        bot_i128 value;
        ck_assert_int_eq(bot_fixed_mul_half_even(fixed_of(qty), fixed_of(price), &value), BOT_OK);
        o->value += value;
    }
    ck_assert_uint_lt(r->fills_n, 1024);
    r->fills[r->fills_n++].ev = ev;
    if (r->hide_fills || !r->private_up)
        return;
    if (rig_from_orders() && o == NULL) {
        bot_event met = strangers_order(r, &ev);
        met.order.status = BOT_ORDER_OPEN;
        met.has &= ~(uint32_t)(BOT_HAS_CUM_QTY | BOT_HAS_AVG_PRICE);
        (void)rig_step(r, &met);
    }
    if (rig_from_orders())
        ev = o != NULL ? order_event(r, o, 0) : strangers_order(r, &ev);
    (void)rig_step(r, &ev);
}

void rig_report(struct rig *r, const bot_id *client, bot_order_status status, const char *cum)
{
    struct rig_order *o = find_order(r, client);
    ck_assert_ptr_nonnull(o);
    o->status = status;
    o->open = status == BOT_ORDER_OPEN || status == BOT_ORDER_PARTIALLY_FILLED;
    if (cum != NULL)
        o->cum = fixed_of(cum);
    bot_event ev = order_event(r, o, 0);
    if (cum == NULL)
        ev.has &= ~(uint32_t)BOT_HAS_CUM_QTY;
    (void)rig_step(r, &ev);
}

void rig_freeze(struct rig *r)
{
    memcpy(r->frozen, r->qty, sizeof r->frozen);
    memcpy(r->frozen_ns, r->row_ns, sizeof r->frozen_ns);
    memcpy(r->frozen_seq, r->seq, sizeof r->frozen_seq);
    r->rest = RIG_REST_FROZEN;
}

void rig_position(const struct rig *r, int instrument, bot_position *ret)
{
    const bot_symbol s = rig_symbol(instrument);
    const int64_t i = bot_core_find_instrument(r->core, &s);
    ck_assert_int_ge(i, 0);
    bot_core_position(r->core, (uint32_t)i, BOT_LEG_NET, ret);
}

bot_i128 rig_qty(const struct rig *r, int instrument)
{
    bot_position p;
    rig_position(r, instrument, &p);
    return p.qty.v;
}

void rig_reply(struct rig *r, uint64_t request_id, const bot_id *client, bot_outcome outcome)
{
    bot_event ev = event_of(BOT_EV_REPLY);
    ev.reply = (bot_ev_reply){ .request_id = request_id, .outcome = outcome, .client_id = *client };
    (void)rig_step(r, &ev);
}

void rig_rearm(struct rig *r, uint32_t latch)
{
    bot_event ev = event_of(BOT_EV_REARM);
    ev.rearm.latch = latch;
    strcpy(ev.rearm.reason, "looked at it");
    (void)rig_step(r, &ev);
}

const char *rig_tail(const struct rig *r) { return r->trace + (r->trace_len > 3000 ? r->trace_len - 3000 : 0); }

struct rig *rig_started(const bot_core_options *o, const char *limit)
{
    struct rig *r = rig_new(o);
    rig_start(r, limit);
    EXPECT_OPEN(r);
    return r;
}
