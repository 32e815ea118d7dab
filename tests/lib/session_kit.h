/* tests/lib/session_kit.h: one session on a scripted venue. Nothing is encoded or decoded: what comes over a socket is an event that
 * the test holds, what goes out is written down as the request that it is. REST answers after a latency, flat and whole unless the
 * test says otherwise. */
#ifndef TESTS_SESSION_KIT_H
#define TESTS_SESSION_KIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/decimal.h"
#include "harness.h"
#include "words.h"
#include "session/session.h"
#include "session/venue_budget.h"

#define KIT_ASKS 256

struct kit_ask {
    bool     open;
    uint64_t id;
    bot_ts   at; /* when it was sent */
    struct venue_request req;
};

struct kit {
    struct venue venue;
    struct session_options options;
    struct session *session;
    bot_core *core;
    bot_ts now, timer_at, latency;
    unsigned opened[BOT_STREAM_COUNT], closed[BOT_STREAM_COUNT], sent[BOT_STREAM_COUNT], pings[BOT_STREAM_COUNT];
    bool silent[BOT_STREAM_COUNT];  /* the socket is half-open: nothing comes, nothing fails */
    bool hang[64], fail[64];        /* by venue_call: never answered; answered with an error */
    bool ws_full;                   /* the order socket takes no more */
    unsigned subscriptions;         /* messages that subscribe each socket */
    bot_outcome outcome;            /* of answers that are no success: see fail */
    int64_t banned_for_ns;          /* what such an answer says */
    int64_t wall_skew_ns;
    struct kit_ask asks[KIT_ASKS];
    struct venue_request log[KIT_ASKS]; /* what was asked, the first of it */
    unsigned asks_n, log_n, asked[64];  /* by venue_call */
    unsigned encoded[64];               /* requests made for REST, whether they were sent or not */
    bot_ts last_asked[64];
    unsigned numbers;               /* of orders, given out so far */
    bot_id ws_request;              /* of the last order over its socket */
    bot_event rows[8];              /* of position reads */
    unsigned rows_n;
    bot_event read_end;             /* the last of the positions, */
    bot_ts begun_at;                /* and when it began */
    unsigned begun;
    bot_event monitor[BOT_MONITOR_COUNT], submit, reply; /* the last of each that the core was fed */
    unsigned monitors[BOT_MONITOR_COUNT], replies[BOT_OUTCOME_MALFORMED + 1];
};

/* The one at work: the venue's functions get no pointer of ours. */
static struct kit *kit_now;
static const bot_event *kit_event_in;

static inline struct session_time kit_time(const struct kit *k)
{
    return (struct session_time){ k->now, 1700000000 * BOT_NS_PER_S + k->now + k->wall_skew_ns };
}

static inline bot_symbol kit_symbol(unsigned i)
{
    char text[16];
    snprintf(text, sizeof text, "C%uUSDT", i);
    bot_symbol s;
    bot__symbol_set(&s, text, strlen(text));
    return s;
}

/* ---- the venue ---- */

static inline int kit_decode_ws(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data)
{
    (void)ctx, (void)source, (void)msg;
    return kit_event_in == NULL ? 0 : sink(user_data, kit_event_in) < 0 ? BOT_ERR_MALFORMED : 1;
}

static inline int kit_decode_rest(struct venue_context *ctx, enum venue_call call, int http_status, const struct venue_header *headers, uint32_t headers_n,
                                  struct slice body, venue_sink sink, void *user_data, struct venue_reply *ret)
{
    (void)ctx, (void)http_status, (void)headers, (void)headers_n, (void)body;
    struct kit *k = kit_now;
    memset(ret, 0, sizeof *ret);
    ret->used = ret->remaining = ret->limit = -1;
    ret->outcome = k->fail[call] ? k->outcome : BOT_OUTCOME_OK;
    if (k->fail[call]) {
        ret->banned_for_ns = k->banned_for_ns;
        return BOT_ERR_MALFORMED;
    }
    if (call == VENUE_CALL_SUBMIT) {
        char number[16];
        snprintf(number, sizeof number, "V%u", ++k->numbers);
        bot__id_set(&ret->order_id, number, strlen(number));
    }
    if (call == VENUE_CALL_TIME)
        ret->venue_ns = kit_time(k).wall_ns;
    for (unsigned i = 0; call == VENUE_CALL_INSTRUMENTS && i < k->options.instruments_n; i++) {
        bot_event ev = { .kind = BOT_EV_INSTRUMENT, .seq = BOT_SEQ_NONE, .instrument = k->options.instruments[i] };
        ev.inst = (bot_ev_instrument){ .contract = BOT_LINEAR, .tradable = true, .tick = dec_of("0.1"), .lot = dec_of("0.001"), .multiplier = dec_of("1"),
                                       .qty_min = dec_of("0"), .qty_max = dec_of("0"), .notional_min = dec_of("0") };
        bot__currency_set(&ev.inst.base, "BTC", 3);
        bot__currency_set(&ev.inst.quote, "USDT", 4);
        bot__currency_set(&ev.inst.settle, "USDT", 4);
        (void)sink(user_data, &ev);
    }
    for (unsigned i = 0; call == VENUE_CALL_POSITIONS && i < k->rows_n; i++)
        (void)sink(user_data, &k->rows[i]);
    return 0;
}

static inline int kit_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret)
{
    (void)keys, (void)wall_ns;
    memset(ret, 0, offsetof(struct venue_http, body));
    ret->method = "GET";
    snprintf(ret->path, sizeof ret->path, "/%d/%s", (int)req->call, req->client_id.s);
    ret->body_len = 0, ret->headers_n = 0, ret->scope = 0, ret->weight = 1;
    struct kit *k = kit_now;
    k->encoded[req->call]++;
    ck_assert_uint_lt(k->asks_n, KIT_ASKS);
    k->asks[k->asks_n] = (struct kit_ask){ .req = *req }; /* open once it is started */
    return BOT_OK;
}

static inline int kit_encode_ws(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size)
{
    (void)keys, (void)wall_ns;
    kit_now->ws_request = req->request_id;
    return snprintf(buf, size, "order %s", req->client_id.s);
}

static inline int kit_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size)
{
    (void)stream, (void)keys, (void)wall_ns;
    return snprintf(buf, size, "login");
}

static inline int kit_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t n, uint32_t index, char *buf, size_t size)
{
    (void)instruments, (void)n;
    return index >= kit_now->subscriptions || stream == BOT_STREAM_TRADE ? 0 : snprintf(buf, size, "subscribe");
}

/* ---- the transport ---- */

static inline int kit_ws_open(void *self, bot_stream stream, const char *url)
{
    (void)url;
    ((struct kit *)self)->opened[stream]++;
    return BOT_OK;
}
static inline int kit_ws_send(void *self, bot_stream stream, const char *text, size_t len)
{
    struct kit *k = self;
    (void)text, (void)len;
    if (stream == BOT_STREAM_TRADE && k->ws_full)
        return BOT_ERR_FULL;
    k->sent[stream]++;
    return BOT_OK;
}
static inline int kit_ws_ping(void *self, bot_stream stream)
{
    ((struct kit *)self)->pings[stream]++;
    return BOT_OK;
}
static inline void kit_ws_close(void *self, bot_stream stream) { ((struct kit *)self)->closed[stream]++; }
static inline int kit_http_start(void *self, uint64_t id, const char *base_url, const struct venue_http *http, bot_ts deadline)
{
    (void)base_url, (void)http, (void)deadline;
    struct kit *k = self;
    struct kit_ask *a = &k->asks[k->asks_n++];
    a->open = true;
    a->id = id;
    a->at = k->now;
    k->asked[a->req.call]++;
    k->last_asked[a->req.call] = k->now;
    if (k->log_n < KIT_ASKS)
        k->log[k->log_n++] = a->req;
    return BOT_OK;
}
static inline void kit_http_cancel(void *self, uint64_t id)
{
    struct kit *k = self;
    for (unsigned i = 0; i < k->asks_n; i++)
        k->asks[i].open &= k->asks[i].id != id;
}
static inline void kit_timer(void *self, bot_ts at) { ((struct kit *)self)->timer_at = at; }

static inline void kit_on_effect(void *self, const bot_effect *e) { (void)self, (void)e; }
static inline void kit_on_event(void *self, const bot_event *ev)
{
    struct kit *k = self;
    if (ev->kind == BOT_EV_MONITOR) {
        k->monitor[ev->monitor.monitor] = *ev;
        k->monitors[ev->monitor.monitor]++;
    } else if (ev->kind == BOT_EV_READ_BEGIN && ev->read.read == BOT_READ_POSITIONS) {
        k->begun_at = ev->ts;
        k->begun++;
    } else if (ev->kind == BOT_EV_READ_END && ev->read.read == BOT_READ_POSITIONS) {
        k->read_end = *ev;
    } else if (ev->kind == BOT_EV_SUBMIT) {
        k->submit = *ev;
    } else if (ev->kind == BOT_EV_REPLY || ev->kind == BOT_EV_SENT) {
        k->reply = *ev;
        k->replies[ev->reply.outcome]++;
    }
}

/* ---- the test's words ---- */

static inline void kit_message(struct kit *k, bot_stream stream, const bot_event *ev)
{
    kit_now = k;
    kit_event_in = ev;
    bot__session_ws_message(k->session, kit_time(k), stream, "x", 1);
}

static inline void kit_control(struct kit *k, bot_stream stream, bot_control control)
{
    const bot_event ev = { .kind = BOT_EV_CONTROL, .seq = BOT_SEQ_NONE, .control = { .control = control } };
    kit_message(k, stream, &ev);
}

/* The socket that was asked for opens, logs in where it must, and subscribes. */
static inline void kit_up(struct kit *k, bot_stream stream)
{
    kit_now = k;
    bot__session_ws_opened(k->session, kit_time(k), stream);
    if (stream != BOT_STREAM_PUBLIC)
        kit_control(k, stream, BOT_CONTROL_AUTH);
    for (unsigned i = 0; i < k->subscriptions; i++)
        kit_control(k, stream, BOT_CONTROL_SUBSCRIBED);
}

static inline void kit_answer(struct kit *k, struct kit_ask *a, enum transport_result result)
{
    a->open = false;
    kit_now = k;
    bot__session_http_done(k->session, kit_time(k), a->id, result, 200, NULL, 0, "{}", 2, NULL);
}

/* Options as they are before kit_open: two instruments, public data, monitors. */
static inline void kit_init(struct kit *k)
{
    *k = (struct kit){ .now = BOT_NS_PER_S, .timer_at = BOT_TS_NEVER, .latency = 20 * BOT_NS_PER_MS, .subscriptions = 1, .outcome = BOT_OUTCOME_MALFORMED };
    k->venue = *bot__venue_find("bybit");
    k->venue.decode_ws = kit_decode_ws;
    k->venue.decode_rest = kit_decode_rest;
    k->venue.encode_rest = kit_encode_rest;
    k->venue.encode_ws = kit_encode_ws; /* what its refusals mean is as at Bybit */
    k->venue.ws_login = kit_login;
    k->venue.ws_subscribe = kit_subscribe;
    k->venue.ws_ping = NULL;
    k->venue.ws_path = NULL;
    k->venue.ws_public_of = NULL;
    k->venue.ws_resubscribe_book = NULL;
    k->venue.positions_parts = k->venue.fills_parts = k->venue.orders_parts = k->venue.instruments_parts = 1;
    k->options = (struct session_options){ .venue = &k->venue, .keys = { .key = "k" }, .rest_url = "https://x", .private_url = "wss://x/p",
                                           .public_url = "wss://x/u", .trade_url = "wss://x/t", .instruments_n = 2, .public_data = true, .monitors = true };
    for (unsigned i = 0; i < 2; i++)
        k->options.instruments[i] = kit_symbol(i);
    bot_core_options_init(&k->options.core);
    k->options.core.session_id = 1;
}

/* Sockets that are open and not silent answer everything at once: the peer lives. */
static inline void kit_alive(struct kit *k)
{
    for (int i = 0; i < BOT_STREAM_COUNT; i++)
        if (k->opened[i] != 0 && !k->silent[i])
            bot__session_ws_alive(k->session, kit_time(k), (bot_stream)i);
}

/* Time passes: timers fire, requests are answered, each second the sockets show that they live. A timer that fires without an end at one
 * moment is a failure and no hang. */
static inline void kit_run(struct kit *k, int64_t ns)
{
    const bot_ts until = k->now + ns;
    unsigned at_once = 0;
    kit_now = k;
    for (bot_ts beat = k->now;;) {
        bot_ts next = k->timer_at < until ? k->timer_at : until;
        struct kit_ask *due = NULL;
        for (unsigned i = 0; i < k->asks_n; i++)
            if (k->asks[i].open && !k->hang[k->asks[i].req.call] && k->asks[i].at + k->latency <= next) {
                due = &k->asks[i];
                next = due->at + k->latency;
            }
        if (next < k->now)
            next = k->now;
        if (beat <= next) {
            k->now = beat > k->now ? beat : k->now;
            kit_alive(k);
            beat = k->now + BOT_NS_PER_S;
            at_once = 0;
            continue;
        }
        at_once = next == k->now ? at_once + 1 : 0;
        ck_assert_msg(at_once < 1000, "something is due for ever at %lld ms", (long long)(k->now / BOT_NS_PER_MS));
        k->now = next;
        if (due != NULL) {
            kit_answer(k, due, TRANSPORT_OK);
        } else if (k->timer_at <= k->now) {
            k->timer_at = BOT_TS_NEVER;
            bot__session_timer(k->session, kit_time(k));
        } else {
            break;
        }
        while (k->asks_n != 0 && !k->asks[k->asks_n - 1].open)
            k->asks_n--;
    }
}

static inline void kit_open(struct kit *k)
{
    static const struct transport table = { NULL, kit_ws_open, kit_ws_send, kit_ws_ping, kit_ws_close, kit_http_start, kit_http_cancel, kit_timer };
    struct transport t = table;
    t.self = k;
    kit_now = k;
    const size_t size = bot__session_size(&k->options);
    ck_assert_uint_gt(size, 0);
    const struct session_host host = { .self = k, .effect = kit_on_effect, .event = kit_on_event };
    k->session = bot__session_init(test_memory(size), &k->options, &t, &host, kit_time(k));
    ck_assert_ptr_nonnull(k->session);
    k->core = bot__session_core(k->session);
}

static inline int kit_command(struct kit *k, bot_event ev)
{
    kit_now = k;
    return bot__session_command(k->session, kit_time(k), &ev);
}

/* Started, bot 0 attached with these limits on every instrument, sockets up, and the gate open. */
static inline void kit_start(struct kit *k, const bot_limits *limits)
{
    (void)kit_command(k, (bot_event){ .kind = BOT_EV_ATTACH, .attach = { .bot = 0, .sends_orders = true } });
    for (unsigned i = 0; i < k->options.instruments_n; i++) {
        bot_event ev = { .kind = BOT_EV_LIMITS, .limits = { .bot = 0, .instrument = k->options.instruments[i], .limits = *limits } };
        ck_assert_int_eq(kit_command(k, ev), BOT_OK);
    }
    bot__session_start(k->session, kit_time(k));
    kit_run(k, BOT_NS_PER_S);
    for (int i = 0; i < BOT_STREAM_COUNT; i++)
        if (k->opened[i] != 0)
            kit_up(k, (bot_stream)i);
    kit_run(k, 10 * BOT_NS_PER_S);
    ck_assert(bot_core_gate_open(k->core, k->now));
}

/* Of its own, by the scopes that the venue has now; before kit_open. */
static inline struct budget *kit_budget(struct kit *k)
{
    struct budget_options bo;
    bot__budget_options_init(&bo);
    struct budget_scope scopes[BUDGET_SCOPES_MAX];
    const uint32_t n = bot__venue_budget_scopes(&k->venue, scopes);
    k->options.budget = bot__budget_init(test_memory(bot__budget_size(&bo, scopes, n)), &bo, scopes, n, k->now);
    return k->options.budget;
}

static inline uint32_t kit_reasons(const struct kit *k)
{
    bot_gate_state state;
    bot_core_gate_state(k->core, k->now, &state);
    return state.reasons;
}

static inline bot_event kit_trade(const struct kit *k, unsigned instrument, const char *price)
{
    bot_event ev = { .kind = BOT_EV_TRADE, .seq = BOT_SEQ_NONE, .has = BOT_HAS_QTY | BOT_HAS_PRICE, .instrument = kit_symbol(instrument),
                     .venue_ns = kit_time(k).wall_ns - 5 * BOT_NS_PER_MS };
    ev.trade.side = BOT_BUY;
    ev.trade.qty = dec_of("0.01");
    ev.trade.price = dec_of(price);
    return ev;
}

/* A limit order of bot 0. Returns what the core says. */
static inline int kit_submit(struct kit *k, unsigned instrument, bot_side side, const char *qty, const char *price)
{
    bot_event ev = { .kind = BOT_EV_SUBMIT, .submit = { .bot = 0 } };
    ev.submit.order = (bot_order_request){ .instrument = kit_symbol(instrument), .side = side, .leg = BOT_LEG_NET, .type = BOT_LIMIT, .tif = BOT_GTC,
                                           .qty = { fixed_of(qty) }, .price = { fixed_of(price) } };
    return kit_command(k, ev);
}

#endif
