#include "journal_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct story {
    bot_core  *core;
    bot_event *events;
    unsigned   n, max;
    bot_ts     now;
    int64_t    venue_ns, seq;
    int        position;      /* of the venue, in 0.001 */
    int        position_old;  /* what it was a while ago: the lagging REST */
    bool       rest_lags;
    uint64_t   read_id;
    bot_id     order;         /* client id of the working one; len 0 none */
    int        order_left;
    unsigned   execs, orders;
};

static void set_text(uint8_t *len, char *s, size_t size, const char *text)
{
    *len = (uint8_t)snprintf(s, size, "%s", text);
}

static bot_event event(struct story *s, bot_event_kind kind, bot_source source)
{
    bot_event ev;
    memset(&ev, 0, sizeof ev);
    ev.kind = (uint16_t)kind;
    ev.source = (uint8_t)source;
    ev.ts = s->now;
    ev.seq = BOT_SEQ_NONE;
    return ev;
}

static bot_event market(struct story *s, bot_event_kind kind, bot_source source)
{
    bot_event ev = event(s, kind, source);
    set_text(&ev.instrument.len, ev.instrument.s, sizeof ev.instrument.s, "BTCUSDT");
    ev.venue_ns = s->venue_ns + s->now;
    return ev;
}

static void push(struct story *s, bot_event ev);

static void answer_read(struct story *s, const bot_effect *e)
{
    bot_event begin = event(s, BOT_EV_READ_BEGIN, BOT_SOURCE_REST), end = event(s, BOT_EV_READ_END, BOT_SOURCE_REST);
    begin.read.id = end.read.id = e->read.id;
    begin.read.read = end.read.read = e->read.read;
    begin.read.sent_at = end.read.sent_at = s->now;
    push(s, begin);
    s->now += 40 * BOT_NS_PER_MS;
    if (e->read.read == BOT_READ_POSITIONS) {
        bot_event row = market(s, BOT_EV_POSITION, BOT_SOURCE_REST);
        const int held = s->rest_lags ? s->position_old : s->position;
        row.read_id = e->read.id;
        row.has = BOT_HAS_QTY;
        row.position.leg = BOT_LEG_NET;
        row.position.qty = (bot_dec){ .coef = held, .scale = 3 };
        row.venue_ns = 0;
        if (held != 0)
            push(s, row);
        end.read.rows = held != 0;
    } else if (e->read.read == BOT_READ_OPEN_ORDERS && s->order.len > 0) {
        bot_event row = market(s, BOT_EV_ORDER, BOT_SOURCE_REST);
        row.read_id = e->read.id;
        row.has = BOT_HAS_QTY | BOT_HAS_CUM_QTY | BOT_HAS_LEAVES_QTY;
        row.order.client_id = s->order;
        set_text(&row.order.order_id.len, row.order.order_id.s, sizeof row.order.order_id.s, "v1");
        row.order.status = BOT_ORDER_OPEN;
        row.order.side = BOT_BUY;
        row.order.qty = (bot_dec){ .coef = 10, .scale = 3 };
        row.order.cum_qty = (bot_dec){ .coef = 10 - s->order_left, .scale = 3 };
        row.order.leaves_qty = (bot_dec){ .coef = s->order_left, .scale = 3 };
        push(s, row);
        end.read.rows = 1;
    }
    end.ts = s->now;
    end.read.outcome = BOT_OUTCOME_OK;
    end.read.complete = true;
    end.read.pages = 1;
    push(s, end);
}

static void answer_send(struct story *s, const bot_effect *e)
{
    bot_event sent = event(s, BOT_EV_SENT, BOT_SOURCE_HOST), reply = event(s, BOT_EV_REPLY, BOT_SOURCE_REST);
    sent.reply.request_id = reply.reply.request_id = e->send.request_id;
    sent.reply.client_id = reply.reply.client_id = e->send.client_id;
    sent.reply.outcome = reply.reply.outcome = BOT_OUTCOME_OK;
    push(s, sent);
    s->now += 15 * BOT_NS_PER_MS;
    reply.ts = s->now;
    set_text(&reply.reply.order_id.len, reply.reply.order_id.s, sizeof reply.reply.order_id.s, "v1");
    push(s, reply);
    if (e->send.request == BOT_REQUEST_SUBMIT) {
        s->order = e->send.client_id;
        s->order_left = 10;
        s->orders++;
    }
}

/* One event into the core, and the venue's answers to what follows. */
static void push(struct story *s, bot_event ev)
{
    if (s->n == s->max)
        return;
    s->events[s->n++] = ev;
    bot_core_step(s->core, &ev);
    bot_effect todo[16];
    unsigned n = 0;
    for (uint32_t i = 0; i < bot_core_effects_count(s->core) && n < 16; i++) {
        const bot_effect *e = bot_core_effect(s->core, i);
        if (e->kind == BOT_EFFECT_READ || e->kind == BOT_EFFECT_SEND)
            todo[n++] = *e;
    }
    for (unsigned i = 0; i < n; i++)
        (todo[i].kind == BOT_EFFECT_READ ? answer_read : answer_send)(s, &todo[i]);
}

static void fill(struct story *s, int lots)
{
    bot_event ev = market(s, BOT_EV_FILL, BOT_SOURCE_WS_PRIVATE);
    char id[32];
    snprintf(id, sizeof id, "exec-%u", ++s->execs);
    set_text(&ev.fill.exec_id.len, ev.fill.exec_id.s, sizeof ev.fill.exec_id.s, id);
    set_text(&ev.fill.order_id.len, ev.fill.order_id.s, sizeof ev.fill.order_id.s, "v1");
    set_text(&ev.fill.fee_currency.len, ev.fill.fee_currency.s, sizeof ev.fill.fee_currency.s, "USDT");
    ev.fill.client_id = s->order;
    ev.has = BOT_HAS_QTY | BOT_HAS_PRICE | BOT_HAS_FEE;
    ev.fill.side = BOT_BUY;
    ev.fill.leg = BOT_LEG_NET;
    ev.fill.kind = BOT_FILL_TRADE;
    ev.fill.liquidity = BOT_MAKER;
    ev.fill.qty = (bot_dec){ .coef = lots, .scale = 3 };
    ev.fill.price = (bot_dec){ .coef = 650000 + (bot_i128)s->execs * 7, .scale = 1 };
    ev.fill.fee = (bot_dec){ .coef = 13, .scale = 4 };
    s->position_old = s->position;
    s->position += lots;
    s->order_left -= lots;
    if (s->order_left == 0)
        s->order.len = 0;
    push(s, ev);
}

static void sell_external(struct story *s, int lots)
{
    bot_event ev = market(s, BOT_EV_FILL, BOT_SOURCE_WS_PRIVATE);
    char id[32];
    snprintf(id, sizeof id, "exec-%u", ++s->execs);
    set_text(&ev.fill.exec_id.len, ev.fill.exec_id.s, sizeof ev.fill.exec_id.s, id);
    set_text(&ev.fill.order_id.len, ev.fill.order_id.s, sizeof ev.fill.order_id.s, "by-hand");
    ev.has = BOT_HAS_QTY | BOT_HAS_PRICE;
    ev.fill.side = BOT_SELL;
    ev.fill.leg = BOT_LEG_NET;
    ev.fill.kind = BOT_FILL_TRADE;
    ev.fill.qty = (bot_dec){ .coef = lots, .scale = 3 };
    ev.fill.price = (bot_dec){ .coef = 651111, .scale = 1 };
    s->position_old = s->position;
    s->position -= lots;
    push(s, ev);
}

static void submit(struct story *s, int lots)
{
    bot_event ev = event(s, BOT_EV_SUBMIT, BOT_SOURCE_HOST);
    ev.submit.client_id = bot_core_next_client_id(s->core, 0);
    set_text(&ev.submit.order.instrument.len, ev.submit.order.instrument.s, sizeof ev.submit.order.instrument.s, "BTCUSDT");
    ev.submit.order.side = BOT_BUY;
    ev.submit.order.leg = BOT_LEG_NET;
    ev.submit.order.type = BOT_LIMIT;
    ev.submit.order.tif = BOT_GTC;
    ev.submit.order.qty.v = (bot_i128)lots * 1000000000000000;
    ev.submit.order.price.v = (bot_i128)65000 * 1000000000000000000;
    push(s, ev);
}

static void stream(struct story *s, bot_stream_state state)
{
    bot_event ev = event(s, BOT_EV_STREAM, BOT_SOURCE_WS_PRIVATE);
    ev.stream.stream = BOT_STREAM_PRIVATE;
    ev.stream.state = state;
    if (state == BOT_STREAM_LOST)
        snprintf(ev.stream.reason, sizeof ev.stream.reason, "connection reset");
    push(s, ev);
}

static void begin(struct story *s)
{
    bot_event ev = market(s, BOT_EV_INSTRUMENT, BOT_SOURCE_REST);
    ev.inst.contract = BOT_LINEAR;
    ev.inst.tradable = true;
    ev.inst.tick = (bot_dec){ .coef = 1, .scale = 1 };
    ev.inst.lot = (bot_dec){ .coef = 1, .scale = 3 };
    ev.inst.multiplier = (bot_dec){ .coef = 1 };
    set_text(&ev.inst.base.len, ev.inst.base.s, sizeof ev.inst.base.s, "BTC");
    set_text(&ev.inst.quote.len, ev.inst.quote.s, sizeof ev.inst.quote.s, "USDT");
    set_text(&ev.inst.settle.len, ev.inst.settle.s, sizeof ev.inst.settle.s, "USDT");
    push(s, ev);
    ev = event(s, BOT_EV_ATTACH, BOT_SOURCE_HOST);
    ev.attach.sends_orders = true;
    snprintf(ev.attach.name, sizeof ev.attach.name, "story");
    push(s, ev);
    ev = event(s, BOT_EV_LIMITS, BOT_SOURCE_HOST);
    set_text(&ev.limits.instrument.len, ev.limits.instrument.s, sizeof ev.limits.instrument.s, "BTCUSDT");
    ev.limits.limits.position_max.v = (bot_i128)100 * 1000000000000000;
    ev.limits.limits.open_orders_max = 5;
    ev.limits.limits.orders_per_s_max = 10;
    ev.limits.loosen = true;
    push(s, ev);
    ev = event(s, BOT_EV_CLOCK, BOT_SOURCE_REST);
    ev.clock.offset_ns = 3 * BOT_NS_PER_MS;
    ev.clock.error_ns = 2 * BOT_NS_PER_MS;
    push(s, ev);
    stream(s, BOT_STREAM_READY);
}

void story_options(bot_core_options *o)
{
    bot_core_options_init(o);
    o->venue.has_fills_channel = o->venue.has_client_ids = o->venue.positions_omit_flat = true;
    o->venue.client_id_max = 36;
    o->fills_seen_max = 256;
    o->orders_max = 64;
    o->instruments_max = 4;
    o->bots_max = 2;
    o->path_steps_max = 4096;
    o->session_id = 77;
}

bot_core *story_core(const bot_core_options *o, bot_ts now, void **ret_block)
{
    const size_t size = bot_core_size(o);
    *ret_block = size > 0 ? calloc(1, size + 63) : NULL;
    if (*ret_block == NULL) /* benchmarks use this too: no ck_assert */
        abort();
    return bot_core_init((void *)(((uintptr_t)*ret_block + 63) & ~(uintptr_t)63), o, now);
}

unsigned story_make(bot_event *events, unsigned max, bot_ts begin_at)
{
    void *block;
    bot_core_options o;
    story_options(&o);
    struct story s = { .events = events, .max = max, .now = begin_at, .venue_ns = INT64_C(1700000000000000000) };
    s.core = story_core(&o, begin_at, &block);
    begin(&s);
    for (unsigned step = 1; s.n + 40 < max; step++) {
        s.now += 250 * BOT_NS_PER_MS;
        bot_event frame = event(&s, BOT_EV_FRAME, BOT_SOURCE_WS_PRIVATE), tick = event(&s, BOT_EV_TICK, BOT_SOURCE_HOST);
        frame.stream.stream = BOT_STREAM_PRIVATE;
        if (step % 4 == 0)
            push(&s, frame);
        if (bot_core_deadline(s.core) <= s.now)
            push(&s, tick);
        if (step % 20 == 10)
            submit(&s, s.order.len == 0 ? 10 : 1000); /* the second kind is refused */
        if (step % 7 == 0 && s.order.len > 0 && s.order_left > 0)
            fill(&s, s.order_left >= 4 ? 4 : s.order_left);
        if (s.position > 60)
            sell_external(&s, 30);
        s.rest_lags = step % 50 > 40;
        if (step == 70)
            stream(&s, BOT_STREAM_LOST);
        if (step == 74)
            stream(&s, BOT_STREAM_READY);
    }
    free(block);
    return s.n;
}

void story_state(const bot_core *core, bot_ts now, char *buf, size_t size)
{
    bot_gate_state gate;
    bot_core_stats stats;
    size_t len = 0;
    for (uint32_t i = 0; i < bot_core_instruments(core); i++) {
        char t[8][BOT_DEC_TEXT_MAX];
        bot_position p;
        bot_core_position(core, i, BOT_LEG_NET, &p);
        const bot_i128 v[8] = { p.qty.v, p.low.v, p.high.v, p.avg_entry.v, p.realised.v, p.cost.v, p.working_buy.v, p.working_sell.v };
        for (int k = 0; k < 8; k++)
            bot_fixed_format(v[k], t[k]);
        len += (size_t)snprintf(buf + len, size - len, "%s qty %s in [%s, %s] avg %s realised %s cost %s working +%s -%s agreed %lld\n",
                                p.instrument.s, t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], (long long)p.agreed_at);
    }
    bot_core_gate_state(core, now, &gate);
    bot_core_stats_get(core, &stats);
    snprintf(buf + len, size - len,
             "gate %08x changed %lld open_until %lld fills %llu/%llu submits %llu/%llu verdicts %llu/%llu/%llu deadline %lld\n", gate.reasons,
             (long long)gate.changed_at, (long long)gate.open_until, (unsigned long long)stats.fills_applied,
             (unsigned long long)stats.fills_duplicate, (unsigned long long)stats.submits, (unsigned long long)stats.submits_refused,
             (unsigned long long)stats.reads[BOT_VERDICT_AGREE], (unsigned long long)stats.reads[BOT_VERDICT_STALE],
             (unsigned long long)stats.reads[BOT_VERDICT_DRIFT], (long long)bot_core_deadline(core));
}
