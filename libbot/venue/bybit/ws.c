#include "venue/bybit/bybit.h"

#include <stdio.h>

#include "base/json_walk.h"

struct envelope {
    struct slice topic, op, type, message, request_id;
    struct slice data, extra; /* raw values */
    int64_t      created_ns, sent_ns, matched_ns;
    int64_t      code;
    bool         code_given, success, success_given;
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

/* Value of one member of an object, empty when it is not there. The object has been checked. */
static struct slice member(struct slice object, const char *name)
{
    struct json j;
    struct slice key, found = { 0 };
    bot__json_init(&j, object.p, object.len);
    bot__json_object(&j);
    while (bot__json_key(&j, &key)) {
        if (found.len == 0 && key.len == strlen(name) && memcmp(key.p, name, key.len) == 0)
            found = bot__json_raw(&j);
        else
            bot__json_skip(&j);
    }
    return found;
}

/* {"failTopics":[..],"successTopics":[..]}: some topics may have failed inside a success. */
static bool topics_failed(struct slice data)
{
    const struct slice failed = data.len != 0 && data.p[0] == '{' ? member(data, "failTopics") : (struct slice){ NULL, 0 };
    struct json j;
    if (failed.len == 0)
        return false;
    bot__json_init(&j, failed.p, failed.len);
    bot__json_array(&j);
    return bot__json_item(&j) || j.err != 0;
}

/* pong (in both shapes), auth, subscribe. Both say success; on /v5/trade auth carries a retCode instead. */
static int control_message(const struct envelope *m, bot_source source, struct emit *e)
{
    if (slice_is(m->op, "pong") || (slice_is(m->op, "ping") && slice_is(m->message, "pong"))) {
        bot__emit_control(e, source, BOT_CONTROL_PONG, m->op);
        return e->err;
    }
    const bool command = m->op.len == 0; /* COMMAND_RESP: an answer to a subscription that does not say so */
    const bool failed = (m->success_given && !m->success) || (m->code_given && m->code != 0) || topics_failed(m->data);
    if (failed) {
        message_error(e, source, BOT_ERR_REJECTED, m->code, m->message.len != 0 ? m->message : topics_failed(m->data) ? m->data : m->op, m->request_id);
        return e->err;
    }
    if (slice_is(m->op, "auth"))
        bot__emit_control(e, source, m->success_given || m->code_given ? BOT_CONTROL_AUTH : BOT_CONTROL_OTHER, m->op);
    else if ((command || slice_is(m->op, "subscribe")) && m->success_given)
        bot__emit_control(e, source, BOT_CONTROL_SUBSCRIBED, m->op);
    else if (slice_is(m->op, "unsubscribe") && m->success_given)
        bot__emit_control(e, source, BOT_CONTROL_UNSUBSCRIBED, m->op);
    else /* a request of a client, an announcement: understood, nothing for us */
        bot__emit_control(e, source, BOT_CONTROL_OTHER, m->op);
    return e->err;
}

static enum venue_call call_of(struct slice op)
{
    const struct { const char *name; enum venue_call call; } calls[] = { { "order.create", VENUE_CALL_SUBMIT }, { "order.amend", VENUE_CALL_AMEND } };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (op.len >= strlen(calls[i].name) && memcmp(op.p, calls[i].name, strlen(calls[i].name)) == 0)
            return calls[i].call;
    return VENUE_CALL_CANCEL;
}

/* Which class of error a return code is: one after which the order's fate is not known must not read as a no. */
static int error_of(int64_t code, struct slice op)
{
    const bot_outcome outcome = bot__bybit_outcome(code, call_of(op));
    return outcome == BOT_OUTCOME_UNKNOWN || outcome == BOT_OUTCOME_MALFORMED ? BOT_ERR_UNKNOWN_OUTCOME : BOT_ERR_REJECTED;
}

enum { A_ORDER_ID, A_LINK_ID, A_SYMBOL, A_FIELDS };
static const struct slice ack_names[A_FIELDS] = { { "orderId", 7 }, { "orderLinkId", 11 }, { "symbol", 6 } };

int bot__bybit_ack(struct json *j, bot_event *ev)
{
    struct fields f;
    bot__fields_read(&f, j, ack_names, A_FIELDS);
    bot__field_id(&f, A_ORDER_ID, &ev->ack.order_id);
    bot__field_id(&f, A_LINK_ID, &ev->ack.client_id);
    bot__field_symbol(&f, A_SYMBOL, &ev->instrument);
    return f.err;
}

int bot__bybit_batch(struct slice data, struct slice extra, struct slice request_id, bot_source source, struct emit *e)
{
    enum { CODE, MSG, FIELDS };
    static const struct slice names[FIELDS] = { { "code", 4 }, { "msg", 3 } };
    const struct slice orders = member(data, "list"), codes = member(extra, "list");
    if (orders.len == 0 || codes.len == 0)
        return BOT_ERR_MALFORMED;
    for (int pass = 0; pass < 2; pass++) { /* nothing is given out before the last row has been read */
        struct json o, c;
        bot__json_init(&o, orders.p, orders.len);
        bot__json_init(&c, codes.p, codes.len);
        bot__json_array(&o);
        bot__json_array(&c);
        while (bot__json_item(&o)) {
            bot_event ev;
            struct fields f;
            int64_t code;
            bot__event_init(&ev, BOT_EV_ACK, source);
            (void)bot__id_set(&ev.ack.request_id, request_id.p, request_id.len);
            if (!bot__json_item(&c) || bot__bybit_ack(&o, &ev) != 0)
                return BOT_ERR_MALFORMED;
            bot__fields_read(&f, &c, names, FIELDS);
            if (!bot__field_i64(&f, CODE, &code) || f.err != 0)
                return BOT_ERR_MALFORMED;
            ev.ack.accepted = code == 0;
            if (code != 0) {
                ev.ack.venue_code = code;
                ev.has = BOT_HAS_VENUE_CODE;
                bot__field_text(&f, MSG, ev.ack.reason, sizeof ev.ack.reason);
            }
            if (pass == 1)
                bot__emit(e, &ev);
        }
        if (o.err != 0 || bot__json_item(&c) || c.err != 0)
            return BOT_ERR_MALFORMED;
    }
    return e->err;
}

/* {"op":"order.create","retCode":0,"reqId":..,"data":{"orderId","orderLinkId"}}: what became of a socket request. */
static int order_answer(struct venue_context *ctx, const struct envelope *m, bot_source source, struct emit *e)
{
    if (!m->code_given) { /* the request itself, as found in documentation and captures of the sending side, has args and no data */
        if (m->data.len != 0) {
            snprintf(ctx->why, sizeof ctx->why, "retCode is missing");
            return BOT_ERR_MALFORMED;
        }
        bot__emit_control(e, source, BOT_CONTROL_OTHER, m->op);
        return e->err;
    }
    if (m->code != 0) {
        message_error(e, source, error_of(m->code, m->op), m->code, m->message, m->request_id);
        return e->err;
    }
    if (m->op.len > 6 && memcmp(m->op.p + m->op.len - 6, "-batch", 6) == 0)
        return bot__bybit_batch(m->data, m->extra, m->request_id, source, e);
    bot_event ev;
    bot__event_init(&ev, BOT_EV_ACK, source);
    ev.ack.accepted = true;
    (void)bot__id_set(&ev.ack.request_id, m->request_id.p, m->request_id.len);
    if (m->data.len != 0) {
        struct json j;
        bot__json_init(&j, m->data.p, m->data.len);
        const int r = bot__bybit_ack(&j, &ev);
        if (r < 0)
            return r;
    }
    if (ev.ack.order_id.len == 0 && ev.ack.client_id.len == 0 && ev.ack.request_id.len == 0)
        return BOT_ERR_MALFORMED; /* taken, but what? */
    bot__emit(e, &ev);
    return e->err;
}

static bool topic_is(struct slice topic, const char *name)
{
    const size_t n = strlen(name);
    return topic.len >= n && memcmp(topic.p, name, n) == 0 && (topic.len == n || topic.p[n] == '.');
}

/* "linear" of "execution.linear": rows of such a topic need not say it. Empty for the topics of all categories. */
static struct slice category_of(struct slice topic)
{
    const char *dot = topic.len != 0 ? memchr(topic.p, '.', topic.len) : NULL;
    return dot != NULL ? (struct slice){ dot + 1, topic.len - (size_t)(dot + 1 - topic.p) } : (struct slice){ NULL, 0 };
}

static int topic_message(struct venue_context *ctx, const struct envelope *m, bot_source source, struct emit *e)
{
    struct bybit_rows rows = { .e = e, .source = source, .envelope_ns = m->created_ns };
    int (*row)(struct json *j, void *arg) = NULL;
    bool money = true;
    if (topic_is(m->topic, "execution.fast")) {
        bot__emit_control(e, source, BOT_CONTROL_OTHER, m->topic);
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
    if (money) {
        rows.category = category_of(m->topic);
        rows.of_all = rows.category.len == 0;
    }
    if (row != NULL) {
        if (m->data.len == 0)
            return BOT_ERR_MALFORMED;
        const int n = e->n, r = bot__rows_each(m->data, money, e, row, &rows);
        if (r < 0)
            snprintf(ctx->why, sizeof ctx->why, "%s", rows.error);
        else if (e->n == n) /* nothing has changed, no coin is held: an empty list is a message all the same */
            bot__emit_control(e, source, BOT_CONTROL_OTHER, m->topic);
        return r < 0 ? r : e->err;
    }
    if (topic_is(m->topic, "orderbook")) {
        const bool snapshot = slice_is(m->type, "snapshot");
        if (!snapshot && !slice_is(m->type, "delta"))
            return BOT_ERR_MALFORMED;
        return bot__bybit_book(ctx, m->data, snapshot, m->matched_ns != 0 ? m->matched_ns : m->sent_ns, source, e);
    }
    bot__emit_control(e, source, BOT_CONTROL_OTHER, m->topic); /* tickers, klines, liquidations, greeks, dcp, system status ... */
    return e->err;
}

/* Executions, orders, public trades and books, their topic named before their data: the messages that are waited for. One pass
 * over the bytes, and nothing given out before the last of them has been checked. */
struct hot {
    struct venue_context *ctx;
    int (*read)(struct json *j, void *arg); /* a row, or with `book` the one object; NULL: left to the general way */
    bool              book, snapshot;
    bool              done; /* the events are held */
    struct bybit_rows rows;
    struct emit_held  held; /* not initialised */
};

static int hot_book(struct json *j, void *arg)
{
    struct hot *h = arg;
    int64_t own_ns = 0;
    bot_event own, *const ev = bot__emit_slot(h->rows.e, 0, &own);
    const int r = bot__bybit_book_read(h->ctx, j, h->snapshot, &own_ns, h->rows.source, ev);
    if (own_ns != 0)
        bot__emit_again(h->rows.e); /* it has a time of its own: which of them counts is for the general way to say */
    bot__emit(h->rows.e, ev);
    return r;
}

static void hot_topic(struct hot *h, struct slice topic)
{
    if (topic.len < 5)
        return;
    if (topic_is(topic, "execution")) {
        if (topic.len == 9 || slice_is(topic, "execution.linear") || slice_is(topic, "execution.inverse"))
            h->read = bot__bybit_execution;
        h->rows.category = category_of(topic);
        h->rows.of_all = h->rows.category.len == 0;
    } else if (topic_is(topic, "publicTrade")) {
        h->read = bot__bybit_trade;
    } else if (topic_is(topic, "orderbook")) {
        h->read = hot_book;
        h->book = true;
    } else if (topic_is(topic, "order")) {
        h->read = bot__bybit_order;
        h->rows.category = category_of(topic);
        h->rows.of_all = h->rows.category.len == 0;
    }
}

static void hot_data(struct hot *h, struct json *j, struct envelope *m)
{
    h->snapshot = slice_is(m->type, "snapshot");
    if (h->read == NULL || j->err != 0 || (h->book && !h->snapshot && !slice_is(m->type, "delta"))) {
        m->data = bot__json_raw(j);
        return;
    }
    h->rows.envelope_ns = m->created_ns;
    if (h->book)
        h->done = bot__read_ahead(j, h->rows.e, &h->held, h->read, h, &m->data);
    else
        h->done = bot__rows_ahead(j, h->rows.e, &h->held, h->read, &h->rows, &m->data);
}

/* What may stand behind the data is known by now. */
static void hot_out(struct hot *h, const struct envelope *m)
{
    for (uint32_t i = 0; i < h->held.n; i++) {
        bot_event *ev = &h->held.events[i];
        if (ev->kind == BOT_EV_TRADE)
            ev->trade.sent_ns = m->sent_ns;
        else if (ev->kind == BOT_EV_BOOK)
            ev->venue_ns = m->matched_ns != 0 ? m->matched_ns : m->sent_ns;
    }
    bot__emit_held(h->rows.e, &h->held);
}

/* Envelope keys that decide what a message is: twice is a contradiction, whatever they say. */
enum { ONCE_TOPIC = 1, ONCE_OP = 2, ONCE_DATA = 4, ONCE_CODE = 8, ONCE_SUCCESS = 16, ONCE_TYPE = 32, ONCE_ID = 64, ONCE_CREATED = 128, ONCE_SENT = 256,
       ONCE_MATCHED = 512, ONCE_MESSAGE = 1024, ONCE_EXTRA = 2048 };

static int64_t ms_of(struct json *j, struct slice value)
{
    int64_t ms, ns;
    if (value.len == 0)
        return 0;
    if (!bot__text_i64(value, &ms) || ms < 0 || __builtin_mul_overflow(ms, BOT_NS_PER_MS, &ns)) {
        bot__json_fail(j, BOT_ERR_MALFORMED);
        return 0;
    }
    return ns;
}

static void read_envelope(struct json *j, struct envelope *m, struct hot *hot)
{
    uint32_t seen = 0;
    if (!bot__json_object(j))
        return;
    struct json_walk walk = json_walk_in(j);
    struct json_found found;
    while (j->err == 0 && json_walk_member(j, &walk, &found)) {
        const struct slice key = found.key, value = found.value;
        const enum json_type type = found.type;
        if (type == JSON_OBJECT || type == JSON_ARRAY) {
            json_walk_out(j, &walk);
            if (slice_is(key, "data")) {
                bot__once(j, &seen, ONCE_DATA);
                hot_data(hot, j, m);
            } else if (slice_is(key, "retExtInfo")) {
                bot__once(j, &seen, ONCE_EXTRA);
                m->extra = bot__json_raw(j);
            } else if (slice_is(key, "topic") || slice_is(key, "op") || slice_is(key, "retCode") || slice_is(key, "success")) {
                bot__json_fail(j, BOT_ERR_MALFORMED);
            } else {
                bot__json_skip(j);
            }
            walk = json_walk_in(j);
        } else if (slice_is(key, "topic")) {
            bot__once(j, &seen, ONCE_TOPIC);
            m->topic = value;
            hot_topic(hot, value);
        } else if (slice_is(key, "creationTime")) {
            bot__once(j, &seen, ONCE_CREATED);
            m->created_ns = ms_of(j, value);
        } else if (slice_is(key, "ts")) {
            bot__once(j, &seen, ONCE_SENT);
            m->sent_ns = ms_of(j, value);
        } else if (slice_is(key, "cts")) {
            bot__once(j, &seen, ONCE_MATCHED);
            m->matched_ns = ms_of(j, value);
        } else if (slice_is(key, "type")) {
            bot__once(j, &seen, ONCE_TYPE);
            m->type = value;
        } else if (slice_is(key, "op")) {
            bot__once(j, &seen, ONCE_OP);
            m->op = value;
        } else if (slice_is(key, "ret_msg") || slice_is(key, "retMsg")) {
            bot__once(j, &seen, ONCE_MESSAGE);
            m->message = value;
        } else if (slice_is(key, "success")) {
            bot__once(j, &seen, ONCE_SUCCESS);
            if (type != JSON_TRUE && type != JSON_FALSE)
                bot__json_fail(j, BOT_ERR_MALFORMED);
            m->success = type == JSON_TRUE;
            m->success_given = true;
        } else if (slice_is(key, "retCode") || slice_is(key, "ret_code")) {
            bot__once(j, &seen, ONCE_CODE);
            m->code_given = bot__text_i64(value, &m->code);
            if (!m->code_given)
                bot__json_fail(j, BOT_ERR_MALFORMED);
        } else if (slice_is(key, "reqId") || slice_is(key, "req_id")) {
            bot__once(j, &seen, ONCE_ID);
            m->request_id = value;
        } else if (slice_is(key, "data")) {
            bot__once(j, &seen, ONCE_DATA);
        }
    }
}

int bot__bybit_decode_ws(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data)
{
    struct emit e = { .sink = sink, .user_data = user_data };
    struct envelope m = { 0 };
    struct hot hot;
    struct json j;
    hot.ctx = ctx;
    hot.book = hot.done = false;
    hot.read = NULL;
    hot.rows.e = &e;
    hot.rows.source = source;
    hot.rows.category = (struct slice){ NULL, 0 };
    hot.rows.replayed = hot.rows.of_all = false;
    bot__json_init(&j, msg.p, msg.len);
    read_envelope(&j, &m, &hot);
    int r = bot__json_end(&j);
    if (r < 0) {
        snprintf(ctx->why, sizeof ctx->why, "byte %zu", bot__json_offset(&j));
        return r;
    }
    if (hot.done) {
        if (hot.held.n == 0)
            bot__emit_control(&e, source, BOT_CONTROL_OTHER, m.topic);
        hot_out(&hot, &m);
        return e.err < 0 ? e.err : e.n;
    }
    if (m.topic.len != 0)
        r = topic_message(ctx, &m, source, &e);
    else if (m.op.len > 6 && memcmp(m.op.p, "order.", 6) == 0)
        r = order_answer(ctx, &m, source, &e);
    else if (m.op.len != 0 || (m.success_given && slice_is(m.type, "COMMAND_RESP")))
        r = control_message(&m, source, &e);
    else if (m.code_given && m.code != 0) {
        message_error(&e, source, BOT_ERR_REJECTED, m.code, m.message, m.request_id);
        r = e.err;
    } else {
        snprintf(ctx->why, sizeof ctx->why, "neither topic nor op: no message of this venue");
        return BOT_ERR_MALFORMED;
    }
    return r < 0 ? r : e.err < 0 ? e.err : e.n;
}
