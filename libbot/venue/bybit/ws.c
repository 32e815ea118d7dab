#include "venue/bybit/bybit.h"

#include <stdio.h>

struct envelope {
    struct slice topic, op, type, message, request_id;
    struct slice data, header; /* raw values */
    int64_t      created_ns, sent_ns, matched_ns;
    int64_t      code;
    bool         code_given, success, success_given, pong_args;
};

static void message_error(struct emit *e, bot_source source, int code, int64_t venue_code, struct slice text, struct slice request_id)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_ERROR, source);
    ev.error.code = code;
    if (venue_code != 0) {
        ev.error.venue_code = venue_code;
        ev.has = BOT_HAS_VENUE_CODE;
    }
    (void)bot__id_set(&ev.error.request_id, request_id.p, request_id.len);
    bot__text_copy(text, ev.error.detail, sizeof ev.error.detail);
    bot__emit(e, &ev);
}

static void control(struct emit *e, bot_source source, bot_control kind, struct slice text)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_CONTROL, source);
    ev.control.control = kind;
    bot__text_copy(text, ev.control.text, sizeof ev.control.text);
    bot__emit(e, &ev);
}

/* pong (in both shapes), auth, subscribe. Both say success; on /v5/trade auth carries a retCode instead. */
static int control_message(const struct envelope *m, bot_source source, struct emit *e)
{
    if (slice_is(m->op, "pong") || (slice_is(m->op, "ping") && slice_is(m->message, "pong"))) {
        control(e, source, BOT_CONTROL_PONG, m->op);
        return e->err;
    }
    const bool failed = (m->success_given && !m->success) || (m->code_given && m->code != 0);
    if (failed) {
        message_error(e, source, BOT_ERR_REJECTED, m->code, m->message.len != 0 ? m->message : m->op, m->request_id);
        return e->err;
    }
    if (slice_is(m->op, "auth"))
        control(e, source, m->success_given || m->code_given ? BOT_CONTROL_AUTH : BOT_CONTROL_OTHER, m->op);
    else if (slice_is(m->op, "subscribe") && m->success_given)
        control(e, source, BOT_CONTROL_SUBSCRIBED, m->op);
    else if (slice_is(m->op, "unsubscribe") && m->success_given)
        control(e, source, BOT_CONTROL_UNSUBSCRIBED, m->op);
    else /* a request of a client, an announcement: understood, nothing for us */
        control(e, source, BOT_CONTROL_OTHER, m->op);
    return e->err;
}

/* {"op":"order.create","retCode":0,"reqId":..,"data":{"orderId","orderLinkId"}}: what became of a socket request. */
static int order_answer(const struct envelope *m, bot_source source, struct emit *e)
{
    if (!m->code_given) { /* the request itself, as found in documentation and captures of the sending side */
        control(e, source, BOT_CONTROL_OTHER, m->op);
        return e->err;
    }
    if (m->code != 0) {
        const enum venue_call call = slice_is(m->op, "order.create") ? VENUE_CALL_SUBMIT : slice_is(m->op, "order.amend") ? VENUE_CALL_AMEND
                                                                                                                        : VENUE_CALL_CANCEL;
        const bot_outcome outcome = bot__bybit_outcome(m->code, call);
        message_error(e, source, outcome == BOT_OUTCOME_UNKNOWN || outcome == BOT_OUTCOME_MALFORMED ? BOT_ERR_UNKNOWN_OUTCOME : BOT_ERR_REJECTED, m->code,
                      m->message, m->request_id);
        return e->err;
    }
    bot_event ev;
    bot__event_init(&ev, BOT_EV_ACK, source);
    ev.ack.accepted = true;
    (void)bot__id_set(&ev.ack.request_id, m->request_id.p, m->request_id.len);
    if (m->data.len != 0) {
        struct json j;
        struct slice key;
        bot__json_init(&j, m->data.p, m->data.len);
        bot__json_object(&j);
        while (bot__json_key(&j, &key)) {
            if (slice_is(key, "orderId")) bot__json_id(&j, &ev.ack.order_id);
            else if (slice_is(key, "orderLinkId")) bot__json_id(&j, &ev.ack.client_id);
            else bot__json_skip(&j);
        }
        const int r = bot__json_end(&j);
        if (r < 0)
            return r;
    }
    bot__emit(e, &ev);
    return e->err;
}

static bool topic_is(struct slice topic, const char *name)
{
    const size_t n = strlen(name);
    return topic.len >= n && memcmp(topic.p, name, n) == 0 && (topic.len == n || topic.p[n] == '.');
}

static int topic_message(struct venue_context *ctx, const struct envelope *m, bot_source source, struct emit *e, char *error, size_t error_size)
{
    struct bybit_rows rows = { .e = e, .source = source, .envelope_ns = m->created_ns };
    int (*row)(struct json *j, void *arg) = NULL;
    bool money = true;
    if (slice_is(m->topic, "execution.fast") || topic_is(m->topic, "execution.fast")) {
        control(e, source, BOT_CONTROL_OTHER, m->topic);
        return e->err;
    }
    if (topic_is(m->topic, "execution")) row = bot__bybit_execution;
    else if (topic_is(m->topic, "order")) row = bot__bybit_order;
    else if (topic_is(m->topic, "position")) row = bot__bybit_position;
    else if (topic_is(m->topic, "wallet")) row = bot__bybit_wallet;
    else if (topic_is(m->topic, "publicTrade")) {
        row = bot__bybit_trade;
        rows.envelope_ns = m->sent_ns;
        money = false;
    }
    if (row != NULL) {
        if (m->data.len == 0)
            return BOT_ERR_MALFORMED;
        const int r = bot__rows_each(m->data, money, e, row, &rows);
        snprintf(error, error_size, "%s", rows.error);
        return r < 0 ? r : e->err;
    }
    if (topic_is(m->topic, "orderbook")) {
        const bool snapshot = slice_is(m->type, "snapshot");
        if (!snapshot && !slice_is(m->type, "delta"))
            return BOT_ERR_MALFORMED;
        return bot__bybit_book(ctx, m->data, snapshot, m->matched_ns != 0 ? m->matched_ns : m->sent_ns, source, e);
    }
    control(e, source, BOT_CONTROL_OTHER, m->topic); /* tickers, klines, liquidations, greeks, dcp, system status ... */
    return e->err;
}

/* A private execution with one row, its topic named before its data: the message that is waited for. One pass over the
 * bytes, and nothing given out before the last of them has been checked. More rows: back to the general way. */
struct hot {
    struct slice topic;
    bool   ready, done;
    int    row; /* of bot__bybit_execution_row */
    bot_event ev;
};

static void hot_row(struct hot *h, struct json *j, bot_source source, int64_t created_ns)
{
    struct bybit_rows rows = { .source = source, .envelope_ns = created_ns };
    struct json look = *j;
    bot__json_array(&look);
    if (!bot__json_item(&look))
        return;
    h->row = bot__bybit_execution_row(&look, &rows, &h->ev);
    if (h->row < 0 || bot__json_item(&look) || look.err != 0)
        return;
    *j = look;
    h->done = true;
}

int bot__bybit_decode_ws(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data)
{
    struct emit e = { .sink = sink, .user_data = user_data };
    struct envelope m = { 0 };
    struct hot hot = { 0 };
    struct json j;
    struct slice key;
    bot__json_init(&j, msg.p, msg.len);
    bot__json_object(&j);
    while (bot__json_key(&j, &key)) {
        if (slice_is(key, "topic")) {
            m.topic = bot__json_text(&j);
            hot.ready = slice_is(m.topic, "execution") || slice_is(m.topic, "execution.linear") || slice_is(m.topic, "execution.inverse");
        } else if (slice_is(key, "data")) {
            if (m.data.len != 0 || hot.done)
                bot__json_fail(&j, BOT_ERR_CONFLICT);
            if (hot.ready)
                hot_row(&hot, &j, source, m.created_ns);
            if (!hot.done)
                m.data = bot__json_raw(&j);
        } else if (slice_is(key, "creationTime") || slice_is(key, "ts") || slice_is(key, "cts")) {
            int64_t ms = 0;
            bot__json_i64(&j, &ms);
            *(key.p[1] == 'r' ? &m.created_ns : key.p[1] == 's' ? &m.sent_ns : &m.matched_ns) = ms * BOT_NS_PER_MS;
        } else if (slice_is(key, "type")) {
            m.type = bot__json_text(&j);
        } else if (slice_is(key, "op")) {
            m.op = bot__json_text(&j);
        } else if (slice_is(key, "ret_msg") || slice_is(key, "retMsg")) {
            m.message = bot__json_text(&j);
        } else if (slice_is(key, "success")) {
            m.success = bot__json_bool(&j);
            m.success_given = true;
        } else if (slice_is(key, "retCode") || slice_is(key, "ret_code")) {
            m.code_given = bot__json_i64(&j, &m.code);
        } else if (slice_is(key, "reqId") || slice_is(key, "req_id")) {
            m.request_id = bot__json_text(&j);
        } else {
            bot__json_skip(&j);
        }
    }
    int r = bot__json_end(&j);
    if (r < 0)
        return r;
    if (hot.done) {
        bot__emit(&e, &hot.ev);
        return e.err < 0 ? e.err : e.n;
    }
    char error[96] = "";
    if (m.topic.len != 0)
        r = topic_message(ctx, &m, source, &e, error, sizeof error);
    else if (m.op.len > 6 && memcmp(m.op.p, "order.", 6) == 0)
        r = order_answer(&m, source, &e);
    else if (m.op.len != 0)
        r = control_message(&m, source, &e);
    else if (m.code_given && m.code != 0) {
        message_error(&e, source, BOT_ERR_REJECTED, m.code, m.message, m.request_id);
        r = e.err;
    } else {
        return BOT_ERR_MALFORMED; /* neither topic nor op: not a message of this venue */
    }
    if (r < 0)
        return r;
    return e.n;
}
