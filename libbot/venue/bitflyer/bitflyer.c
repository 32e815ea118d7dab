/* bitFlyer Lightning: the table of facts, and reading whole messages.
 * Sources: lightning.bitflyer.com/docs as stored; recordings of 2021 to 2023. */
#include <stdio.h>

#include "base/json_walk.h"
#include "venue/bitflyer/bitflyer.h"

/* ---- socket ------------------------------------------------------------------------------------------------- */

enum { ONCE_METHOD = 1, ONCE_PARAMS = 2, ONCE_ID = 4, ONCE_RESULT = 8, ONCE_ERROR = 16, ONCE_CHANNEL = 32 };

struct rpc {
    struct slice method, channel, message, id, error_words;
    bool         result, failed, has_message;
    uint32_t     seen;
    bool         ahead; /* the message has been read, and nothing behind it said that it is something else */
    int64_t      error_code;
};

static bool begins(struct slice s, const char *prefix, struct slice *ret_rest)
{
    const size_t n = strlen(prefix);
    if (s.len <= n || memcmp(s.p, prefix, n) != 0)
        return false;
    *ret_rest = (struct slice){ s.p + n, s.len - n };
    return true;
}

static int board_change(struct json *j, void *arg) { return bot__bf_board(j, arg, false); }
static int board_whole(struct json *j, void *arg) { return bot__bf_board(j, arg, true); }
static int ticker(struct json *j, void *arg) { return bot__bf_ticker(j, arg); }

/* How the message of a channel is read, and the instrument in the channel's name. */
struct channel {
    int (*row)(struct json *j, void *arg);   /* it is an array of these */
    int (*value)(struct json *j, void *arg); /* or one of these */
    bool whole;                              /* carries money of ours */
};

static struct channel channel_of(struct slice name, struct slice *ret_instrument)
{
    struct channel c = { NULL, NULL, false };
    *ret_instrument = (struct slice){ NULL, 0 };
    if (slice_is(name, "child_order_events")) {
        c.row = bot__bf_child_event_row;
        c.whole = true;
    } else if (begins(name, "lightning_executions_", ret_instrument)) {
        c.row = bot__bf_trade_row;
    } else if (begins(name, "lightning_board_snapshot_", ret_instrument)) {
        c.value = board_whole;
    } else if (begins(name, "lightning_board_", ret_instrument)) {
        c.value = board_change;
    } else if (begins(name, "lightning_ticker_", ret_instrument)) {
        c.value = ticker;
    }
    return c;
}

static void read_message(struct json *j, struct rpc *rpc, struct bf_rows *o, struct emit_held *held)
{
    if (rpc->has_message)
        bot__json_fail(j, BOT_ERR_CONFLICT);
    rpc->has_message = true;
    const struct channel c = channel_of(rpc->channel, &o->instrument);
    if (j->err != 0 || !slice_is(rpc->method, "channelMessage") || (c.row == NULL && c.value == NULL))
        rpc->message = bot__json_raw(j);
    else if (c.row != NULL)
        rpc->ahead = bot__rows_ahead(j, &o->e, held, c.row, o, &rpc->message);
    else
        rpc->ahead = bot__read_ahead(j, &o->e, held, c.value, o, &rpc->message);
}

static void read_params(struct json *j, struct rpc *rpc, struct bf_rows *o, struct emit_held *held)
{
    struct json_found m;
    if (!bot__json_object(j))
        return;
    struct json_walk w = json_walk_in(j);
    while (j->err == 0 && json_walk_member(j, &w, &m)) {
        const bool nested = m.type == JSON_OBJECT || m.type == JSON_ARRAY;
        if (slice_is(m.key, "channel")) {
            bot__once(j, &rpc->seen, ONCE_CHANNEL);
            if (m.type != JSON_STRING)
                bot__json_fail(j, BOT_ERR_MALFORMED);
            rpc->channel = m.value;
            rpc->ahead = false;
        } else if (nested) {
            json_walk_out(j, &w);
            if (slice_is(m.key, "message")) read_message(j, rpc, o, held);
            else bot__json_skip(j);
            w = json_walk_in(j);
        } else if (slice_is(m.key, "message")) {
            bot__json_fail(j, rpc->has_message ? BOT_ERR_CONFLICT : BOT_ERR_MALFORMED);
        }
    }
    if (j->err == 0)
        json_walk_out(j, &w);
}

static void read_error(struct json *j, struct rpc *rpc)
{
    struct slice key;
    rpc->failed = true;
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        if (slice_is(key, "code"))
            bot__json_i64(j, &rpc->error_code);
        else if (slice_is(key, "message"))
            rpc->error_words = bot__json_string(j);
        else
            bot__json_skip(j);
    }
}

static int read_rpc(struct slice msg, struct rpc *rpc, struct bf_rows *o, struct emit_held *held)
{
    struct json j;
    struct json_found m;
    bot__json_init(&j, msg.p, msg.len);
    if (!bot__json_object(&j))
        return j.err;
    struct json_walk w = json_walk_in(&j);
    while (j.err == 0 && json_walk_member(&j, &w, &m)) {
        const bool params = slice_is(m.key, "params");
        bot__once(&j, &rpc->seen, params ? ONCE_PARAMS : slice_is(m.key, "method") ? ONCE_METHOD : slice_is(m.key, "id") ? ONCE_ID
                                  : slice_is(m.key, "result") ? ONCE_RESULT : slice_is(m.key, "error") ? ONCE_ERROR : 0);
        if (params || m.type == JSON_OBJECT || m.type == JSON_ARRAY) {
            json_walk_out(&j, &w);
            if (params && m.type == JSON_OBJECT) read_params(&j, rpc, o, held);
            else if (slice_is(m.key, "error") && m.type == JSON_OBJECT) read_error(&j, rpc);
            else if (params || slice_is(m.key, "method") || slice_is(m.key, "id")) bot__json_fail(&j, BOT_ERR_MALFORMED);
            else bot__json_skip(&j);
            w = json_walk_in(&j);
        } else if (slice_is(m.key, "method")) {
            if (m.type != JSON_STRING)
                bot__json_fail(&j, BOT_ERR_MALFORMED);
            rpc->method = m.value;
            rpc->ahead = false;
        } else if (slice_is(m.key, "id")) {
            rpc->id = m.value;
        } else if (slice_is(m.key, "result") && m.type == JSON_TRUE) {
            rpc->result = true;
        }
    }
    if (j.err == 0)
        json_walk_out(&j, &w);
    return bot__json_end(&j);
}

static int channel_message(struct bf_rows *o, const struct rpc *rpc)
{
    const struct channel c = channel_of(rpc->channel, &o->instrument);
    if (c.row != NULL) {
        const int n = o->e.n, r = bot__rows_each(rpc->message, c.whole, &o->e, c.row, o);
        if (r == BOT_OK && o->e.n == n)
            bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, rpc->channel);
        return r;
    }
    if (c.value == NULL) {
        bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, rpc->channel); /* parent_order_events and what is to come */
        return BOT_OK;
    }
    struct json j;
    bot__json_init(&j, rpc->message.p, rpc->message.len);
    const int r = c.value(&j, o);
    return r < 0 ? r : bot__json_end(&j);
}

/* Recordings of other clients hold the message of a channel without its frame. Order events say by themselves what they are and
 * about what; public executions do once the caller names their instrument. The venue itself never sends such a thing. */
static int bare_rows(struct bf_rows *o, struct venue_context *ctx, struct slice msg)
{
    int r = bot__rows_each(msg, /* whole= */ true, &o->e, bot__bf_child_event_row, o);
    if (r < 0 && o->e.err == 0 && ctx->instrument.len > 0) {
        o->instrument = (struct slice){ ctx->instrument.s, ctx->instrument.len };
        r = bot__rows_each(msg, /* whole= */ true, &o->e, bot__bf_trade_row, o);
    }
    if (r == BOT_OK && o->e.err == 0 && o->e.n == 0)
        r = BOT_ERR_MALFORMED;
    if (r < 0)
        snprintf(ctx->why, sizeof ctx->why, "no frame that names its channel, and no order events");
    return r < 0 ? r : o->e.err < 0 ? o->e.err : o->e.n;
}

int bot__bf_decode_ws(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data)
{
    struct bf_rows o = { .e = { .sink = sink, .user_data = user_data }, .source = source, .scratch = &ctx->scratch };
    struct rpc rpc = { 0 };
    struct emit_held held;
    struct json j;
    bot__json_init(&j, msg.p, msg.len);
    if (bot__json_peek(&j) == JSON_ARRAY)
        return bare_rows(&o, ctx, msg);
    int r = read_rpc(msg, &rpc, &o, &held);
    if (r < 0)
        return r;
    if (rpc.ahead) {
        if (held.n == 0)
            bot__emit_control(&o.e, o.source, BOT_CONTROL_OTHER, rpc.channel);
        bot__emit_held(&o.e, &held);
        return o.e.err < 0 ? o.e.err : o.e.n;
    }
    int64_t id = 0;
    bot__text_i64(rpc.id, &id);
    if (slice_is(rpc.method, "channelMessage") && rpc.channel.len > 0 && rpc.has_message) {
        r = channel_message(&o, &rpc);
    } else if (rpc.failed) {
        bot_event ev;
        bot__event_init(&ev, BOT_EV_ERROR, source);
        ev.error.code = BOT_ERR_REJECTED;
        ev.error.venue_code = rpc.error_code;
        ev.has |= BOT_HAS_VENUE_CODE;
        if (rpc.id.len > 0)
            bot__id_set(&ev.error.request_id, rpc.id.p, rpc.id.len);
        bot__text_copy(rpc.error_words, ev.error.detail, sizeof ev.error.detail);
        bot__emit(&o.e, &ev);
    } else if (rpc.result) {
        bot__emit_control(&o.e, o.source, id == BF_ID_AUTH ? BOT_CONTROL_AUTH : BOT_CONTROL_SUBSCRIBED, id == BF_ID_AUTH ? SLICE("") : rpc.id);
    } else {
        r = BOT_ERR_MALFORMED;
    }
    if (r < 0)
        memcpy(ctx->why, o.why, sizeof o.why < sizeof ctx->why ? sizeof o.why : sizeof ctx->why);
    return r < 0 ? r : o.e.err < 0 ? o.e.err : o.e.n;
}

/* ---- REST --------------------------------------------------------------------------------------------------- */

/* {"status":-500,"error_message":"...","data":null} */
static bool read_failure(struct slice body, int64_t *ret_status, struct slice *ret_words)
{
    struct json j;
    struct slice key;
    bool found = false;
    bot__json_init(&j, body.p, body.len);
    if (bot__json_peek(&j) != JSON_OBJECT)
        return false;
    bot__json_object(&j);
    while (bot__json_key(&j, &key)) {
        if (slice_is(key, "status") && bot__json_peek(&j) == JSON_NUMBER)
            found = bot__json_i64(&j, ret_status);
        else if (slice_is(key, "error_message") && bot__json_peek(&j) == JSON_STRING)
            *ret_words = bot__json_string(&j);
        else
            bot__json_skip(&j);
    }
    return bot__json_end(&j) == BOT_OK && found && *ret_status < 0;
}

static bot_outcome failure_outcome(int64_t status, int http_status, enum venue_call call)
{
    if (status == -2)
        return BOT_OUTCOME_MAINTENANCE;
    if (status == -1 || http_status == 429)
        return BOT_OUTCOME_LIMITED;
    if (status <= -500 && status > -600)
        return BOT_OUTCOME_AUTH; /* permission, key, signature */
    if (http_status >= 500 && bot__call_moves(call))
        return BOT_OUTCOME_UNKNOWN;
    /* -1xx are about the order (size, price, state of the market), -2xx about the money for it. */
    static const struct code_span refusals[] = { { -199, -100 }, { -209, -200 } };
    return bot__code_outcome(call, status, refusals, sizeof refusals / sizeof *refusals);
}

/* From memory of the venue's answers, not in the stored docs: honoured where they are sent. */
static void read_budget(const struct venue_header *headers, uint32_t n, enum venue_call call, struct venue_reply *ret)
{
    int64_t remaining, reset;
    ret->scope = bot__bf_scope(call);
    const bool orders = ret->scope == BF_SCOPE_ORDERS;
    if (bot__text_i64(bot__header(headers, n, orders ? "x-orderrequest-ratelimit-remaining" : "x-ratelimit-remaining"), &remaining) &&
        remaining >= 0 && remaining <= INT32_MAX)
        ret->remaining = (int32_t)remaining;
    if (bot__text_i64(bot__header(headers, n, orders ? "x-orderrequest-ratelimit-reset" : "x-ratelimit-reset"), &reset) &&
        reset > 0 && reset < INT64_MAX / BOT_NS_PER_S)
        ret->reset_wall_ns = reset * BOT_NS_PER_S;
}

static int fail(struct venue_reply *ret, enum venue_call call, int http_status, const struct venue_header *headers,
                uint32_t headers_n, int err)
{
    const bot_outcome http = bot__http_outcome(http_status);
    if (http == BOT_OUTCOME_OK)
        bot__reply_malformed(ret, err, "answer has not the expected shape");
    else
        bot__reply_fail(ret, http, http_status, SLICE("HTTP error without a readable body"));
    ret->cursor[0] = '\0';
    memset(&ret->order_id, 0, sizeof ret->order_id);
    if (ret->outcome == BOT_OUTCOME_BANNED || ret->outcome == BOT_OUTCOME_LIMITED)
        ret->banned_for_ns = bot__retry_after_ns(headers, headers_n);
    if (bot__call_moves(call) && (ret->outcome == BOT_OUTCOME_MALFORMED || ret->outcome == BOT_OUTCOME_REJECTED))
        ret->outcome = BOT_OUTCOME_UNKNOWN; /* there is no client id to ask by: watch for an order that looks like it */
    return err;
}

/* The rows behind a full page are those before its last, and that one again: the other side of a self-trade has its id, too, and may
 * not have fitted. */
static void next_page(uint32_t rows, struct venue_reply *ret)
{
    int64_t last;
    if (rows < BF_PAGE_ROWS)
        ret->cursor[0] = '\0';
    else if (bot__text_i64((struct slice){ ret->cursor, strlen(ret->cursor) }, &last) && last < INT64_MAX)
        snprintf(ret->cursor, sizeof ret->cursor, "%lld", (long long)(last + 1));
}

static int read_object(struct slice body, struct bf_rows *o, int (*read)(struct json *, struct bf_rows *))
{
    /* Read dry first, as rows are: nothing is given out of a body that turns out to be cut. */
    for (int pass = 0; pass < 2; pass++) {
        struct json j;
        bot__json_init(&j, body.p, body.len);
        o->e.dry = pass == 0;
        o->e.n = 0;
        int r = read(&j, o);
        if (r >= 0)
            r = bot__json_end(&j);
        o->e.dry = false;
        if (r < 0)
            return r;
    }
    return BOT_OK;
}

static int board_snapshot(struct json *j, struct bf_rows *o) { return bot__bf_board(j, o, true); }

/* ["/v1/me/getpermissions","/v1/me/sendchildorder",...]: the calls that the key may make. Addresses and an end of its life it has none. */
static int key_powers(struct slice body, struct venue_reply *ret)
{
    struct json j;
    ret->key.anywhere = true;
    ret->key.days_left = -1;
    bot__json_init(&j, body.p, body.len);
    bot__json_array(&j);
    while (bot__json_item(&j)) {
        const struct slice path = bot__json_string(&j);
        ret->key.trades = ret->key.trades || slice_is(path, "/v1/me/sendchildorder") || slice_is(path, "/v1/me/sendparentorder");
        ret->key.withdraws = ret->key.withdraws || slice_is(path, "/v1/me/withdraw") || slice_is(path, "/v1/me/sendcoin");
    }
    return bot__json_end(&j);
}

static int read_body(struct slice body, enum venue_call call, struct bf_rows *o)
{
    struct json j;
    bot__json_init(&j, body.p, body.len);
    const bool array = bot__json_peek(&j) == JSON_ARRAY;
    switch (call) {
    case VENUE_CALL_INSTRUMENTS: return bot__rows_each(body, true, &o->e, bot__bf_market_row, o);
    case VENUE_CALL_FILLS: return bot__rows_each(body, true, &o->e, bot__bf_execution_row, o);
    case VENUE_CALL_OPEN_ORDERS:
    case VENUE_CALL_ORDER: return bot__rows_each(body, true, &o->e, bot__bf_order_row, o);
    case VENUE_CALL_POSITIONS: {
        const int r = bot__rows_each(body, false, &o->e, bot__bf_lot_row, o); /* gives nothing out by itself */
        if (r == BOT_OK)
            bot__bf_lots_finish(o);
        return r;
    }
    case VENUE_CALL_BALANCE:
        return array ? bot__rows_each(body, true, &o->e, bot__bf_balance_row, o) : read_object(body, o, bot__bf_collateral);
    case VENUE_CALL_BOOK: return read_object(body, o, board_snapshot);
    case VENUE_CALL_PUBLIC_TRADES: return bot__rows_each(body, true, &o->e, bot__bf_trade_row, o);
    case VENUE_CALL_STATUS: return read_object(body, o, bot__bf_board_state);
    case VENUE_CALL_SUBMIT: return read_object(body, o, bot__bf_accepted);
    case VENUE_CALL_KEY: return key_powers(body, o->reply);
    default: return BOT_ERR_UNSUPPORTED;
    }
}

/* There is no call for the time. Any answer carries the HTTP Date, whole seconds: its middle is at most half of one wrong. */
static int read_time(struct bf_rows *o, const struct venue_header *headers, uint32_t n, struct venue_reply *ret)
{
    const struct slice date = bot__header(headers, n, "date");
    bot_event ev;
    bot__event_init(&ev, BOT_EV_TIME, o->source);
    if (bot__http_date_parse(date.p, date.len, &ev.venue_ns) < 0)
        return BOT_ERR_MALFORMED;
    ev.venue_ns += BOT_NS_PER_S / 2;
    ret->venue_ns = ev.venue_ns;
    ret->venue_error_ns = BOT_NS_PER_S / 2;
    bot__emit(&o->e, &ev);
    return BOT_OK;
}

int bot__bf_decode_rest(struct venue_context *ctx, enum venue_call call, int http_status, const struct venue_header *headers,
                        uint32_t headers_n, struct slice body, venue_sink sink, void *user_data, struct venue_reply *ret)
{
    bot__reply_init(ret);
    read_budget(headers, headers_n, call, ret);
    struct bf_rows o = { .e = { .sink = sink, .user_data = user_data }, .source = BOT_SOURCE_REST, .scratch = &ctx->scratch,
                         .instrument = { ctx->instrument.s, ctx->instrument.len }, .reply = ret, .call = call };
    int64_t status = 0;
    struct slice words = { NULL, 0 };
    if (read_failure(body, &status, &words)) {
        bot__reply_fail(ret, failure_outcome(status, http_status, call), status, words);
        if (ret->outcome == BOT_OUTCOME_LIMITED)
            ret->banned_for_ns = bot__retry_after_ns(headers, headers_n);
        return BOT_OK;
    }
    if (bot__http_outcome(http_status) != BOT_OUTCOME_OK)
        return fail(ret, call, http_status, headers, headers_n, BOT_ERR_MALFORMED);

    int r;
    if (call == VENUE_CALL_CANCEL || call == VENUE_CALL_CANCEL_ALL) {
        /* Success is an empty body, and says only that the wish was heard. Anything else is not it. */
        r = BOT_OK;
        for (size_t i = 0; i < body.len; i++)
            if (strchr(" \t\r\n", body.p[i]) == NULL)
                r = BOT_ERR_MALFORMED;
    } else if (call == VENUE_CALL_TIME) {
        r = read_time(&o, headers, headers_n, ret);
    } else {
        r = read_body(body, call, &o);
    }
    if (r == BOT_ERR_UNSUPPORTED)
        return r;
    if (r < 0)
        return o.e.err < 0 ? o.e.err : fail(ret, call, http_status, headers, headers_n, r);
    if (o.e.err < 0)
        return o.e.err;
    if (call == VENUE_CALL_OPEN_ORDERS && o.rows >= BF_PAGE_ROWS) /* there are no pages: an order that is cut off would seem gone */
        return bot__reply_malformed(ret, BOT_ERR_FULL, "as many orders as a list holds: some may be missing");
    ret->outcome = BOT_OUTCOME_OK;
    ret->rows = (uint32_t)o.e.n;
    if (call == VENUE_CALL_FILLS)
        next_page(o.rows, ret);
    if (call == VENUE_CALL_ORDER && o.e.n == 0)
        return bot__reply_fail(ret, BOT_OUTCOME_NOT_FOUND, 0, SLICE("no such order"));
    return o.e.n;
}

/* ---- facts -------------------------------------------------------------------------------------------------- */

#define S BOT_NS_PER_S

const struct venue bot__venue_bitflyer = {
    .name = "bitflyer",
    .title = "bitFlyer Lightning",
    .endpoints = { .rest = "https://api.bitflyer.com",
                   .ws_private = "wss://ws.lightstream.bitflyer.com/json-rpc",
                   .ws_public = "wss://ws.lightstream.bitflyer.com/json-rpc",
                   .ws_trade = "" },
    .endpoints_test = { .rest = "", .ws_private = "", .ws_public = "", .ws_trade = "" }, /* there is none */
    .private_plan = { .login = true, .subscribe_acked = true, .dead_after_ms = 12000, .connects_max = 5,
                      .connects_window_ms = 60000 },
    .public_plan = { .subscribe_acked = true, .dead_after_ms = 12000, .connects_max = 5, .connects_window_ms = 60000 },
    .scopes = {
        [BF_SCOPE_IP] = { "ip", VENUE_WINDOW_ROLLING, 500, 300 * S, true },
        [BF_SCOPE_ACCOUNT] = { "account", VENUE_WINDOW_ROLLING, 500, 300 * S, false },
        [BF_SCOPE_ORDERS] = { "orders", VENUE_WINDOW_ROLLING, 300, 300 * S, false },
    },
    .scopes_n = BF_SCOPES,
    .has_fills_channel = true, /* EXECUTION events carry the execution's id */
    .has_client_ids = false,
    .has_amend = false,
    .has_reduce_only = false,
    .has_dead_man = false,
    .has_ws_orders = false,
    .has_position_seq = false,
    .has_position_time = false,
    .positions_omit_flat = true, /* no lots: flat */
    .fills_per_instrument = true,
    .fills_by_id = true,
    .positions_per_instrument = true,
    .orders_per_instrument = true,
    .hedge_possible = false,
    /* An accepted order is not in the list for a while, and a canceled one without fills never is again. */
    .absence_bound_ns = 600 * S,
    .order_unknown_ns = 30 * S,
    .fills_window_max_ns = 0, /* paged by id, not by time */
    .fills_history_ns = 30 * 86400 * S, /* unverified */
    .positions_parts = 1,
    .fills_parts = 1,
    .orders_parts = 1,
    .client_id_max = 0,
    .client_id_alphabet = "",
    .state_size = 0,
    .decode_ws = bot__bf_decode_ws,
    .decode_rest = bot__bf_decode_rest,
    .encode_rest = bot__bf_encode_rest,
    .encode_ws = NULL,
    .ws_login = bot__bf_ws_login,
    .ws_subscribe = bot__bf_ws_subscribe,
    .ws_ping = NULL,
};
