/* Scenario 53: random interleavings of submit, ack, reject, fill, cancel, amend, time-out, lost and repeated messages, reconnects
 * and restarts against a venue modelled in plain integers, apart from the code under test.
 *
 * After every step, whatever order things came in:
 *   - what the venue holds plus everything that it or the wire may still turn into fills on one side never passes the limit;
 *   - the core's own count of what may still fill is never below the truth.
 * 600,000 steps here, 100,000 under sanitizers, LIBBOT_INTERLEAVINGS=10000000 for the long form. The seed of a failure is printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "bot/core.h"
#include "harness.h"

#define LIMIT 1000          /* hundredths */
#define UNIT ((bot_i128)10000000000000000) /* 0.01 in 1e-18 */
#define ORDERS 64
#define WIRE 256

enum at { FREE, ON_WIRE, LIVE, GONE };

struct venue_order {
    enum at at;
    bot_id client, id;
    bool buy;
    int qty, cum, amend; /* amend: quantity on the wire, 0 none */
    bot_ts sent_at;
    bot_ts amend_sent_at;
    uint64_t request, amend_request;
    bool cancel_on_wire;
    uint64_t cancel_request;
};

struct message { /* on its way to the client; taken in any order */
    bool used;
    bot_event ev;
};

struct model {
    bot_core *core;
    void *memory;
    size_t size;
    bot_core_options options;
    test_rng rng;
    bot_ts now;
    int64_t wall, seq;
    int position;
    struct venue_order orders[ORDERS];
    struct message wire[WIRE];
    bot_event fills[512]; /* newest, for reads of the fill history */
    uint32_t fills_n;
    uint64_t ids, execs, session;
    bool stream;
    bot_effect reads[64];
    uint32_t reads_n;
    bool proven; /* this process has been open: from there on its count must hold */
    bool hide; /* reads of one order and the list say nothing of live orders: they lag */
    uint64_t submits, passed, filled;
};

static bot_symbol symbol(void)
{
    bot_symbol s;
    bot__symbol_set(&s, "BTCUSDT", 7);
    return s;
}

static bot_event event(bot_event_kind kind)
{
    bot_event ev;
    memset(&ev, 0, sizeof ev);
    ev.kind = (uint16_t)kind;
    ev.seq = BOT_SEQ_NONE;
    ev.instrument = symbol();
    return ev;
}

static void put(struct model *m, const bot_event *ev)
{
    for (int i = 0; i < WIRE; i++)
        if (!m->wire[i].used) {
            m->wire[i] = (struct message){ true, *ev };
            return;
        }
}

static bot_dec hundredths(int v) { return (bot_dec){ v, 2 }; }

static int step(struct model *m, bot_event *ev);

static void sent(struct model *m, const bot_effect *e)
{
    struct venue_order *o = NULL;
    for (int i = 0; i < ORDERS; i++) {
        if (e->send.request == BOT_REQUEST_SUBMIT ? m->orders[i].at == FREE : m->orders[i].at != FREE && bot__id_eq(&m->orders[i].client, &e->send.client_id)) {
            o = &m->orders[i];
            break;
        }
    }
    if (e->send.request == BOT_REQUEST_SUBMIT) {
        ck_assert_msg(o != NULL, "the model has no room");
        *o = (struct venue_order){ .at = ON_WIRE, .client = e->send.client_id, .buy = e->send.order.side == BOT_BUY,
                                   .qty = (int)(e->send.order.qty.v / UNIT), .request = e->send.request_id, .sent_at = m->now };
        return;
    }
    if (o == NULL)
        return;
    if (e->send.request == BOT_REQUEST_CANCEL) {
        o->cancel_on_wire = true;
        o->cancel_request = e->send.request_id;
    } else {
        o->amend = (int)(e->send.order.qty.v / UNIT);
        o->amend_request = e->send.request_id;
        o->amend_sent_at = m->now;
    }
}

static int step(struct model *m, bot_event *ev)
{
    ev->ts = m->now;
    const int r = bot_core_step(m->core, ev);
    for (uint32_t i = 0; i < bot_core_effects_count(m->core); i++) {
        const bot_effect *e = bot_core_effect(m->core, i);
        if (e->kind == BOT_EFFECT_SEND)
            sent(m, e);
        else if (e->kind == BOT_EFFECT_READ && m->reads_n < 64)
            m->reads[m->reads_n++] = *e;
    }
    return r;
}

static bot_event report(const struct venue_order *o, bot_order_status status)
{
    bot_event ev = event(BOT_EV_ORDER);
    ev.has = BOT_HAS_QTY | BOT_HAS_CUM_QTY;
    ev.order = (bot_ev_order){ .order_id = o->id, .client_id = o->client, .status = status, .side = o->buy ? BOT_BUY : BOT_SELL, .leg = BOT_LEG_NET,
                               .type = BOT_LIMIT, .qty = hundredths(o->qty), .cum_qty = hundredths(o->cum) };
    return ev;
}

static void reply(struct model *m, const struct venue_order *o, uint64_t request, bot_outcome outcome)
{
    bot_event ev = event(BOT_EV_REPLY);
    ev.reply = (bot_ev_reply){ .request_id = request, .outcome = outcome, .client_id = o->client };
    if (outcome == BOT_OUTCOME_OK)
        ev.reply.order_id = o->id;
    put(m, &ev);
}

static void answer_reads(struct model *m)
{
    while (m->reads_n != 0) {
        const bot_effect e = m->reads[--m->reads_n];
        bot_event begin = event(BOT_EV_READ_BEGIN), end = event(BOT_EV_READ_END);
        begin.read = end.read = (bot_ev_read){ .id = e.read.id, .read = e.read.read };
        begin.read_id = end.read_id = e.read.id;
        begin.venue_ns = m->wall;
        end.read.outcome = test_rng_below(&m->rng, 10) == 0 ? BOT_OUTCOME_TIMEOUT : BOT_OUTCOME_OK;
        end.read.complete = end.read.outcome == BOT_OUTCOME_OK;
        (void)step(m, &begin);
        if (end.read.complete && e.read.read == BOT_READ_POSITIONS && m->position != 0) {
            bot_event row = event(BOT_EV_POSITION);
            row.read_id = e.read.id;
            row.seq = m->seq;
            row.has = BOT_HAS_QTY;
            row.position = (bot_ev_position){ .leg = BOT_LEG_NET, .qty = hundredths(m->position) };
            (void)step(m, &row);
        }
        bool found = false;
        if (end.read.complete && !m->hide && (e.read.read == BOT_READ_OPEN_ORDERS || e.read.read == BOT_READ_ORDER))
            for (int i = 0; i < ORDERS; i++)
                if (m->orders[i].at == LIVE && (e.read.read == BOT_READ_OPEN_ORDERS || bot__id_eq(&m->orders[i].client, &e.read.client_id))) {
                    bot_event row = report(&m->orders[i], m->orders[i].cum != 0 ? BOT_ORDER_PARTIALLY_FILLED : BOT_ORDER_OPEN);
                    row.read_id = e.read.id;
                    (void)step(m, &row);
                    found = true;
                }
        if (end.read.complete && e.read.read == BOT_READ_FILLS)
            for (uint32_t i = m->fills_n > 512 ? m->fills_n - 512 : 0; i < m->fills_n; i++) {
                bot_event row = m->fills[i % 512];
                row.read_id = e.read.id;
                (void)step(m, &row);
            }
        if (end.read.complete && e.read.read == BOT_READ_ORDER && !found) {
            end.read.outcome = BOT_OUTCOME_NOT_FOUND;
            bot_event gone = event(BOT_EV_REPLY);
            gone.reply = (bot_ev_reply){ .request_id = BOT_REQUEST_CANCEL, .outcome = BOT_OUTCOME_NOT_FOUND, .client_id = e.read.client_id };
            (void)step(m, &gone);
        }
        (void)step(m, &end);
    }
}

static void bring_up(struct model *m)
{
    bot_event ev = event(BOT_EV_STREAM);
    m->stream = true;
    ev.stream = (bot_ev_stream){ .stream = BOT_STREAM_PRIVATE, .state = BOT_STREAM_READY };
    (void)step(m, &ev);
    answer_reads(m);
}

static void start(struct model *m)
{
    memset(m->memory, 0, m->size);
    m->options.session_id = ++m->session;
    m->core = bot_core_init(m->memory, &m->options, m->now);
    ck_assert_ptr_nonnull(m->core);
    m->reads_n = 0;
    m->proven = m->hide = false; /* a start that is shown an old list cannot know: what it is shown is right */
    memset(m->wire, 0, sizeof m->wire);
    bot_event ev = event(BOT_EV_ATTACH);
    ev.attach.sends_orders = true;
    (void)step(m, &ev);
    ev = event(BOT_EV_INSTRUMENT);
    ev.inst = (bot_ev_instrument){ .contract = BOT_LINEAR, .tradable = true, .tick = { 1, 1 }, .lot = { 1, 2 }, .multiplier = { 1, 0 } };
    bot__currency_set(&ev.inst.settle, "USDT", 4);
    (void)step(m, &ev);
    ev = event(BOT_EV_LIMITS);
    ev.limits = (bot_ev_limits){ .instrument = symbol(), .limits = { .position_max = { LIMIT * UNIT } } };
    (void)step(m, &ev);
    bring_up(m);
}

/* The venue's truth of one side: what is held, and what may still come. */
static int worst(const struct model *m, bool buy)
{
    int sum = buy ? m->position : -m->position;
    for (int i = 0; i < ORDERS; i++) {
        const struct venue_order *o = &m->orders[i];
        if ((o->at == ON_WIRE || o->at == LIVE) && o->buy == buy)
            sum += (o->amend > o->qty ? o->amend : o->qty) - o->cum;
    }
    return sum;
}

static void check(struct model *m, unsigned long long seed, unsigned long long n)
{
    bot_position p;
    bot_core_position(m->core, 0, BOT_LEG_NET, &p);
    for (int side = 0; side < 2; side++) {
        const int truth = worst(m, side == 0);
        ck_assert_msg(truth <= LIMIT, "seed %llu step %llu: the venue may fill to %d of %d", seed, n, truth, LIMIT);
        /* The core may know less of the position than the venue (messages are on the wire), never of the worst case. */
        const bot_i128 counted = side == 0 ? p.high.v + p.working_buy.v : -p.low.v + p.working_sell.v;
        ck_assert_msg(counted >= truth * UNIT, "seed %llu step %llu: %s counted %lld, truth %d", seed, n, side == 0 ? "buys" : "sells",
                      (long long)(counted / UNIT), truth);
    }
}

static void strategy(struct model *m)
{
    bot_event ev;
    const unsigned what = (unsigned)test_rng_below(&m->rng, 10);
    uint32_t pick = (uint32_t)test_rng_below(&m->rng, ORDERS);
    if (what < 6) {
        uint32_t room = 0;
        for (int i = 0; i < ORDERS; i++)
            room += m->orders[i].at == FREE;
        if (room == 0)
            return;
        ev = event(BOT_EV_SUBMIT);
        ev.submit.client_id = bot_core_next_client_id(m->core, 0);
        ev.submit.order = (bot_order_request){ .instrument = symbol(), .side = test_rng_below(&m->rng, 2) ? BOT_BUY : BOT_SELL, .leg = BOT_LEG_NET,
                                               .type = BOT_LIMIT, .tif = BOT_GTC, .reduce_only = test_rng_below(&m->rng, 8) == 0,
                                               .qty = { (bot_i128)(1 + test_rng_below(&m->rng, 400)) * UNIT }, .price = { (bot_i128)100 * 100 * UNIT } };
        m->submits++;
        m->passed += step(m, &ev) == 0;
        return;
    }
    while (pick < ORDERS && m->orders[pick].at == FREE)
        pick++;
    if (pick == ORDERS)
        return;
    if (what < 9) {
        ev = event(BOT_EV_CANCEL);
        ev.cancel.client_id = m->orders[pick].client;
    } else {
        if (m->orders[pick].amend != 0)
            return;
        ev = event(BOT_EV_AMEND);
        ev.amend.client_id = m->orders[pick].client;
        ev.amend.qty.v = (bot_i128)(1 + test_rng_below(&m->rng, 500)) * UNIT;
        ev.amend.price.v = (bot_i128)101 * 100 * UNIT;
    }
    (void)step(m, &ev);
}

/* An amend that has been on the wire for as long as any may. */
static bool overdue(const struct model *m, const struct venue_order *o)
{
    return o->at == LIVE && o->amend != 0 && m->now - o->amend_sent_at > 8 * BOT_NS_PER_S;
}

/* Something happens at the venue or on the wire. */
static void venue(struct model *m)
{
    struct venue_order *o = &m->orders[test_rng_below(&m->rng, ORDERS)];
    /* Nothing stays on the wire for longer than the bound that the venue's table states for a proof of absence. */
    for (int i = 0; i < ORDERS; i++)
        if ((m->orders[i].at == ON_WIRE && m->now - m->orders[i].sent_at > 8 * BOT_NS_PER_S) || overdue(m, &m->orders[i]))
            o = &m->orders[i];
    const unsigned what = (unsigned)test_rng_below(&m->rng, 12);
    char text[24];
    if (o->at == ON_WIRE) {
        if (what < 9) { /* it arrives; the answer may be lost, the report too */
            o->at = LIVE;
            snprintf(text, sizeof text, "V%llu", (unsigned long long)++m->ids);
            bot__id_set(&o->id, text, strlen(text));
            if (what < 7) reply(m, o, o->request, BOT_OUTCOME_OK);
            else if (what == 7) reply(m, o, o->request, BOT_OUTCOME_UNKNOWN);
            if (test_rng_below(&m->rng, 5) != 0) {
                const bot_event r = report(o, BOT_ORDER_OPEN);
                put(m, &r);
            }
        } else if (what == 9) {
            reply(m, o, o->request, BOT_OUTCOME_REJECTED);
            o->at = GONE;
        } else if (what == 10) {
            reply(m, o, o->request, BOT_OUTCOME_NOT_SENT);
            o->at = GONE;
        } else {
            reply(m, o, o->request, BOT_OUTCOME_TIMEOUT); /* and it is lost on the way */
            o->at = GONE;
        }
    } else if (o->at == LIVE) {
        if (o->cancel_on_wire && what < 4 && !overdue(m, o)) {
            o->cancel_on_wire = false;
            o->amend = 0;
            reply(m, o, o->cancel_request, BOT_OUTCOME_OK);
            o->at = GONE;
            const bot_event r = report(o, BOT_ORDER_CANCELED);
            put(m, &r);
        } else if (o->amend != 0 && (what < 6 || overdue(m, o))) {
            const bool taken = o->amend > o->cum && test_rng_below(&m->rng, 4) != 0;
            if (taken) o->qty = o->amend;
            o->amend = 0;
            reply(m, o, o->amend_request, taken ? BOT_OUTCOME_OK : BOT_OUTCOME_REJECTED);
            const bot_event r = report(o, o->cum != 0 ? BOT_ORDER_PARTIALLY_FILLED : BOT_ORDER_OPEN);
            put(m, &r);
        } else if (what < 10) {
            const int part = 1 + (int)test_rng_below(&m->rng, (unsigned long long)(o->qty - o->cum));
            o->cum += part;
            m->position += o->buy ? part : -part;
            m->filled++;
            bot_event f = event(BOT_EV_FILL);
            snprintf(text, sizeof text, "X%llu", (unsigned long long)++m->execs);
            f.seq = ++m->seq;
            f.venue_ns = m->wall;
            f.has = BOT_HAS_QTY | BOT_HAS_PRICE;
            f.fill = (bot_ev_fill){ .order_id = o->id, .client_id = o->client, .side = o->buy ? BOT_BUY : BOT_SELL, .kind = BOT_FILL_TRADE,
                                    .qty = hundredths(part), .price = { 100, 0 } };
            bot__id_set(&f.fill.exec_id, text, strlen(text));
            m->fills[m->fills_n++ % 512] = f;
            if (m->stream)
                put(m, &f); /* while it is down, the history alone knows it */
            if (o->cum == o->qty) {
                o->at = GONE;
                o->amend = 0;
                const bot_event r = report(o, BOT_ORDER_FILLED);
                put(m, &r);
            }
        } else if (what == 10) {
            o->at = GONE;
            o->amend = 0;
            const bot_event r = report(o, BOT_ORDER_EXPIRED);
            put(m, &r);
        }
    } else if (o->at == GONE && what < 3) {
        *o = (struct venue_order){ 0 };
    }
}

TEST(scenario, s53_random_interleavings_never_pass_the_limit)
{
    const char *text = getenv("LIBBOT_INTERLEAVINGS");
    const unsigned long long steps = text != NULL ? strtoull(text, NULL, 10) : test_sanitized() ? 100000 : 600000, worlds = 20;
    unsigned long long passed = 0, filled = 0;
    struct model *m = calloc(1, sizeof *m);
    ck_assert_ptr_nonnull(m);
    bot_core_options_init(&m->options);
    m->options.clock_lease_ns = 0;
    m->options.venue.has_position_seq = true;
    m->options.start_adopt = true;
    m->options.drift_policy = BOT_DRIFT_ADOPT;
    m->options.rejects_max = 0;
    m->options.hold_down_ns = 0;
    m->options.agree_reads_min = 1;
    m->options.instruments_max = 2;
    m->options.orders_max = 512;
    m->options.fills_seen_max = 65536;
    m->options.path_steps_max = 4096;
    m->size = (bot_core_size(&m->options) + 63) & ~(size_t)63;
    m->memory = aligned_alloc(64, m->size);
    ck_assert_ptr_nonnull(m->memory);
    for (unsigned long long seed = 1; seed <= worlds; seed++) {
        struct model fresh = { .memory = m->memory, .size = m->size, .options = m->options, .rng = { seed * 1000003 }, .now = BOT_NS_PER_S,
                               .wall = INT64_C(1700000000) * BOT_NS_PER_S };
        *m = fresh;
        start(m);
        for (unsigned long long n = 0; n < steps / worlds; n++) {
            const bot_ts pause = (bot_ts)test_rng_below(&m->rng, 40) * BOT_NS_PER_MS;
            m->now += pause;
            m->wall += pause;
            m->hide = test_rng_below(&m->rng, 20) == 0 ? !m->hide && test_rng_below(&m->rng, 3) == 0 : m->hide;
            const unsigned what = (unsigned)test_rng_below(&m->rng, 100);
            if (what < 20) {
                strategy(m);
            } else if (what < 60) {
                venue(m);
            } else if (what < 97) { /* a message arrives, out of order, perhaps twice */
                struct message *w = &m->wire[test_rng_below(&m->rng, WIRE)];
                for (int i = 0; i < WIRE && !w->used; i++)
                    w = &m->wire[((size_t)(w - m->wire) + 1) % WIRE];
                if (w->used && (m->stream || w->ev.kind == BOT_EV_REPLY)) {
                    if (test_rng_below(&m->rng, 10) != 0)
                        w->used = false;
                    bot_event ev = w->ev;
                    (void)step(m, &ev);
                }
            } else if (what == 97 && m->stream && test_rng_below(&m->rng, 20) == 0) {
                m->stream = false;
                for (int i = 0; i < WIRE; i++)
                    m->wire[i].used = m->wire[i].used && m->wire[i].ev.kind == BOT_EV_REPLY; /* what was on the socket is lost */
                bot_event ev = event(BOT_EV_STREAM);
                ev.stream = (bot_ev_stream){ .stream = BOT_STREAM_PRIVATE, .state = BOT_STREAM_LOST };
                (void)step(m, &ev);
            } else if (what == 98 && !m->stream) {
                bring_up(m);
            } else if (what == 99 && test_rng_below(&m->rng, 200) == 0) {
                /* The process dies. What it had on the wire arrives or does not; then it starts with nothing but the venue. */
                for (int i = 0; i < ORDERS; i++)
                    if (m->orders[i].at == ON_WIRE)
                        m->orders[i].at = GONE;
                    else {
                        m->orders[i].amend = 0;
                        m->orders[i].cancel_on_wire = false;
                    }
                start(m);
                for (int i = 0; i < 5; i++) { /* it trades only once it has proven what it holds */
                    m->now += 3 * BOT_NS_PER_S;
                    bot_event tick = event(BOT_EV_TICK);
                    (void)step(m, &tick);
                    answer_reads(m);
                }
            }
            if (bot_core_deadline(m->core) <= m->now) {
                bot_event tick = event(BOT_EV_TICK);
                (void)step(m, &tick);
            }
            if (m->stream) {
                bot_event frame = event(BOT_EV_FRAME);
                (void)step(m, &frame);
            }
            if (test_rng_below(&m->rng, 3) == 0)
                answer_reads(m);
            m->proven |= bot_core_gate_open(m->core, m->now);
            if (m->proven)
                check(m, seed, n);
        }
        passed += m->passed;
        filled += m->filled;
    }
    ck_assert_msg(passed > steps / 200 && filled > steps / 200, "%llu orders passed, %llu fills: the worlds are asleep", passed, filled);
    free(m->memory);
    free(m);
}
