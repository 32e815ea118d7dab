/* Hyperliquid perpetuals, read-only: positions and fills of an address, public trades and books.
 *
 * No key and no signature: keys->key is the account's 0x address, and every read is a POST of a small JSON body that names
 * it. Numbers are strings, quantities are coins, fees are positive when paid, sides are "B" and "A" (ask). A fill is known
 * by tid; rows of 2023 have none and are known by all that they say (fill_key in rows.c). Order entry needs keccak-256 and secp256k1
 * and is not offered: encode says BOT_ERR_UNSUPPORTED.
 *
 * The user's streams take the address in the subscription and need no login; what this codec sends as login is the
 * subscription to userFills, whose answer is what makes the stream good.
 */
#include <stdio.h>

#include "base/json_walk.h"
#include "venue/hyperliquid/hyperliquid.h"

#define F(text) { text, sizeof(text) - 1 }

#define FILLS_MAX 2000 /* rows of one answer */

/* ---- socket ------------------------------------------------------------------------------------------------- */

/* Members of an object that the codec looks into one level deep. */
static int members(struct slice object, const struct slice *names, uint32_t n, struct slice *ret)
{
    struct json j;
    struct slice key;
    for (uint32_t i = 0; i < n; i++)
        ret[i] = (struct slice){ NULL, 0 };
    bot__json_init(&j, object.p, object.len);
    bot__json_object(&j);
    while (bot__json_key(&j, &key)) {
        uint32_t i = 0;
        while (i < n && !(names[i].len == key.len && memcmp(names[i].p, key.p, key.len) == 0))
            i++;
        if (i == n) {
            bot__json_skip(&j);
            continue;
        }
        if (ret[i].p != NULL)
            bot__json_fail(&j, BOT_ERR_CONFLICT);
        ret[i] = bot__json_raw(&j);
    }
    return bot__json_end(&j);
}

static struct slice unquoted(struct slice raw)
{
    return raw.len >= 2 && raw.p[0] == '"' ? (struct slice){ raw.p + 1, raw.len - 2 } : (struct slice){ NULL, 0 };
}

static int user_events(struct hl_rows *o, struct slice data)
{
    static const struct slice names[] = { F("fills"), F("funding"), F("user"), F("fundings") };
    struct slice m[4];
    int r = members(data, names, 4, m);
    if (r < 0)
        return r;
    o->user = unquoted(m[2]);
    if (m[0].p != NULL)
        return bot__rows_each(m[0], true, &o->e, bot__hl_fill_row, o);
    if (m[3].p != NULL)
        return bot__rows_each(m[3], true, &o->e, bot__hl_funding_push_row, o);
    if (m[1].p != NULL) {
        struct json j;
        bot__json_init(&j, m[1].p, m[1].len);
        r = bot__hl_funding_push_row(&j, o);
        return r < 0 ? r : bot__json_end(&j);
    }
    bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, SLICE("userEvents")); /* liquidation notices, cancels not by the user, what is to come */
    return BOT_OK;
}

static int channel_message(struct hl_rows *o, struct slice channel, struct slice data)
{
    struct json j;
    bot__json_init(&j, data.p, data.len);
    int r;
    if (slice_is(channel, "userFills")) {
        static const struct slice names[] = { F("fills") };
        struct slice m[1];
        r = members(data, names, 1, m);
        if (r < 0 || m[0].p == NULL)
            return r < 0 ? r : BOT_ERR_MALFORMED; /* a message of fills without any */
        return user_events(o, data);
    }
    if (slice_is(channel, "userEvents") || slice_is(channel, "user") || slice_is(channel, "userFundings"))
        return user_events(o, data);
    if (slice_is(channel, "orderUpdates"))
        return bot__rows_each(data, true, &o->e, bot__hl_order_update_row, o);
    if (slice_is(channel, "trades"))
        return bot__rows_each(data, false, &o->e, bot__hl_trade_row, o);
    if (slice_is(channel, "l2Book")) {
        r = bot__hl_book(&j, o);
        return r < 0 ? r : bot__json_end(&j);
    }
    if (slice_is(channel, "clearinghouseState") || slice_is(channel, "webData2")) {
        static const struct slice names[] = { F("clearinghouseState") };
        struct slice m[1];
        r = members(data, names, 1, m);
        if (r < 0)
            return r;
        if (m[0].p == NULL)
            return BOT_ERR_MALFORMED;
        bot__json_init(&j, m[0].p, m[0].len);
        r = bot__hl_clearinghouse(&j, o);
        return r < 0 ? r : bot__json_end(&j);
    }
    if (slice_is(channel, "subscriptionResponse")) {
        static const struct slice names[] = { F("subscription") }, inner[] = { F("type") };
        struct slice m[1], type[1];
        r = members(data, names, 1, m);
        if (r == BOT_OK && m[0].p != NULL)
            r = members(m[0], inner, 1, type);
        else
            type[0] = (struct slice){ NULL, 0 };
        const struct slice word = unquoted(type[0]);
        bot__emit_control(&o->e, o->source, slice_is(word, "userFills") ? BOT_CONTROL_AUTH : BOT_CONTROL_SUBSCRIBED, word);
        return r;
    }
    if (slice_is(channel, "error")) {
        bot_event ev;
        bot__event_init(&ev, BOT_EV_ERROR, o->source);
        ev.error.code = BOT_ERR_REJECTED;
        bot__text_copy(unquoted(data), ev.error.detail, sizeof ev.error.detail);
        bot__emit(&o->e, &ev);
        return BOT_OK;
    }
    bot__emit_control(&o->e, o->source, slice_is(channel, "pong") ? BOT_CONTROL_PONG : BOT_CONTROL_OTHER, channel);
    return BOT_OK;
}

/* Fills of a user as they nearly always come; everything else is for user_events. */
static int fills_value(struct json *j, void *arg)
{
    struct hl_rows *o = arg;
    struct json_found m;
    bool fills = false;
    if (!bot__json_object(j))
        return j->err;
    struct json_walk w = json_walk_in(j);
    while (j->err == 0 && json_walk_member(j, &w, &m)) {
        if (slice_is(m.key, "fills") && m.type == JSON_ARRAY && !fills) {
            fills = true;
            json_walk_out(j, &w);
            bot__json_array(j);
            while (bot__json_item(j))
                if (bot__hl_fill_row(j, o) < 0)
                    return BOT_ERR_MALFORMED;
            w = json_walk_in(j);
        } else if (slice_is(m.key, "user") && m.type == JSON_STRING && o->user.p == NULL) {
            o->user = m.value;
        } else if (!slice_is(m.key, "isSnapshot") || m.type == JSON_OBJECT || m.type == JSON_ARRAY) {
            return BOT_ERR_MALFORMED;
        }
    }
    if (j->err == 0)
        json_walk_out(j, &w);
    return fills ? j->err : BOT_ERR_MALFORMED;
}

static int updates_value(struct json *j, void *arg)
{
    bot__json_array(j);
    while (bot__json_item(j))
        if (bot__hl_order_update_row(j, arg) < 0)
            break;
    return j->err;
}

static int trades_value(struct json *j, void *arg)
{
    bot__json_array(j);
    while (bot__json_item(j))
        if (bot__hl_trade_row(j, arg) < 0)
            break;
    return j->err;
}

static int book_value(struct json *j, void *arg) { return bot__hl_book(j, arg); }

static int (*reader_of(struct slice channel))(struct json *j, void *arg)
{
    return slice_is(channel, "userFills") || slice_is(channel, "user") ? fills_value
           : slice_is(channel, "orderUpdates")                         ? updates_value
           : slice_is(channel, "trades")                               ? trades_value
           : slice_is(channel, "l2Book")                               ? book_value
                                                                       : NULL;
}

struct frame {
    struct slice channel, data;
    bool         ahead; /* the events of data are held */
};

static void read_data(struct json *j, struct frame *frame, struct hl_rows *o, struct emit_held *held)
{
    int (*const reader)(struct json *j, void *arg) = reader_of(frame->channel);
    if (reader != NULL && j->err == 0)
        frame->ahead = bot__read_ahead(j, &o->e, held, reader, o, &frame->data);
    else
        frame->data = bot__json_raw(j);
}

static int read_frame(struct slice msg, struct frame *frame, struct hl_rows *o, struct emit_held *held)
{
    struct json j;
    struct json_found m;
    bool named = false;
    bot__json_init(&j, msg.p, msg.len);
    if (!bot__json_object(&j))
        return j.err;
    struct json_walk w = json_walk_in(&j);
    while (j.err == 0 && json_walk_member(&j, &w, &m)) {
        const bool channel = slice_is(m.key, "channel"), data = slice_is(m.key, "data");
        if ((channel && named) || (data && frame->data.p != NULL))
            bot__json_fail(&j, BOT_ERR_CONFLICT);
        named = named || channel;
        if (m.type == JSON_OBJECT || m.type == JSON_ARRAY) {
            json_walk_out(&j, &w);
            if (data) read_data(&j, frame, o, held);
            else bot__json_skip(&j);
            w = json_walk_in(&j);
        } else if (channel && m.type == JSON_STRING) {
            frame->channel = m.value;
        } else if (data) { /* a text with its quotes: as it stands */
            frame->data = m.type == JSON_STRING ? (struct slice){ m.value.p - 1, m.value.len + 2 } : m.type == JSON_NULL ? SLICE("null") : m.value;
        }
    }
    if (j.err == 0)
        json_walk_out(&j, &w);
    return bot__json_end(&j);
}

static int decode_ws(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data)
{
    struct hl_rows o = { .e = { .sink = sink, .user_data = user_data }, .source = source, .scratch = &ctx->scratch,
                         .state = ctx->state };
    struct emit_held held;
    struct frame frame = { 0 };
    int r = read_frame(msg, &frame, &o, &held);
    if (r < 0)
        return r;
    if (frame.channel.len == 0)
        return BOT_ERR_MALFORMED;
    if (frame.data.p == NULL && !slice_is(frame.channel, "pong"))
        return BOT_ERR_MALFORMED;
    if (frame.ahead)
        bot__emit_held(&o.e, &held);
    else
        r = channel_message(&o, frame.channel, frame.data);
    if (r < 0)
        memcpy(ctx->why, o.why, sizeof o.why < sizeof ctx->why ? sizeof o.why : sizeof ctx->why);
    return r < 0 ? r : o.e.err < 0 ? o.e.err : o.e.n;
}

/* ---- REST --------------------------------------------------------------------------------------------------- */

static int whole_object(struct slice body, struct hl_rows *o, int (*read)(struct json *, struct hl_rows *))
{
    struct json j;
    bot__json_init(&j, body.p, body.len);
    if (bot__json_peek(&j) != JSON_OBJECT)
        return BOT_ERR_MALFORMED;
    bot__json_skip(&j); /* the whole body is sound before anything of it is given out */
    int r = bot__json_end(&j);
    if (r < 0)
        return r;
    bot__json_init(&j, body.p, body.len);
    r = read(&j, o);
    return r < 0 ? r : bot__json_end(&j);
}

static int read_body(struct slice body, enum venue_call call, struct hl_rows *o)
{
    switch (call) {
    case VENUE_CALL_POSITIONS: return whole_object(body, o, bot__hl_clearinghouse);
    case VENUE_CALL_FILLS: return bot__rows_each(body, true, &o->e, bot__hl_fill_row, o);
    case VENUE_CALL_OPEN_ORDERS: return bot__rows_each(body, true, &o->e, bot__hl_order_row, o);
    case VENUE_CALL_ACCOUNT_LOG: return bot__rows_each(body, true, &o->e, bot__hl_funding_row, o);
    case VENUE_CALL_INSTRUMENTS: return whole_object(body, o, bot__hl_universe);
    case VENUE_CALL_BOOK: return whole_object(body, o, bot__hl_book);
    case VENUE_CALL_TIME: {
        const int r = whole_object(body, o, bot__hl_clearinghouse);
        bot_event ev;
        bot__event_init(&ev, BOT_EV_TIME, o->source);
        ev.venue_ns = o->state_ns;
        if (r == BOT_OK && ev.venue_ns > 0)
            bot__emit(&o->e, &ev);
        return r == BOT_OK && ev.venue_ns == 0 ? BOT_ERR_MALFORMED : r;
    }
    default: return BOT_ERR_UNSUPPORTED;
    }
}

static int ignore(void *user_data, const bot_event *ev)
{
    (void)user_data, (void)ev;
    return 0;
}

/* For the time the state of an account is read: only its clock is given on. */
static int only_time(void *user_data, const bot_event *ev)
{
    struct emit *e = user_data;
    return ev->kind == BOT_EV_TIME ? e->sink(e->user_data, ev) : 0;
}

static int decode_rest(struct venue_context *ctx, enum venue_call call, int http_status, const struct venue_header *headers,
                       uint32_t headers_n, struct slice body, venue_sink sink, void *user_data, struct venue_reply *ret)
{
    static const struct slice names[] = { F("status"), F("response") };
    bot__reply_init(ret);
    struct emit outer = { .sink = sink != NULL ? sink : ignore, .user_data = user_data };
    struct hl_rows o = { .e = { .sink = outer.sink, .user_data = user_data }, .source = BOT_SOURCE_REST,
                         .scratch = &ctx->scratch, .reply = ret };
    if (call == VENUE_CALL_TIME)
        o.e = (struct emit){ .sink = only_time, .user_data = &outer };

    /* {"status":"err","response":"words"}: English, no codes. */
    struct slice m[2];
    if (members(body, names, 2, m) == BOT_OK && slice_is(unquoted(m[0]), "err")) {
        const bool limited = http_status == 429 || (m[1].len > 9 && memcmp(m[1].p, "\"Too many", 9) == 0);
        /* HTTP's 200 is no code of the venue's for an error. */
        return bot__reply_fail(ret, limited ? BOT_OUTCOME_LIMITED : BOT_OUTCOME_REJECTED, http_status == 200 ? 0 : http_status, unquoted(m[1]));
    }
    const bot_outcome http = bot__http_outcome(http_status);
    if (http != BOT_OUTCOME_OK) {
        bot__reply_fail(ret, http, http_status, SLICE("HTTP error"));
        if (http == BOT_OUTCOME_LIMITED || http == BOT_OUTCOME_BANNED)
            ret->banned_for_ns = bot__retry_after_ns(headers, headers_n);
        return BOT_OK;
    }
    const int r = read_body(body, call, &o);
    if (o.e.err < 0)
        return o.e.err;
    if (r == BOT_ERR_UNSUPPORTED)
        return r;
    if (r < 0)
        return bot__reply_malformed(ret, r, o.why[0] != '\0' ? o.why : "answer has not the expected shape");
    ret->outcome = BOT_OUTCOME_OK;
    ret->rows = call == VENUE_CALL_TIME ? 1 : (uint32_t)o.e.n;
    /* Fills by time come oldest first: the next page begins in the millisecond of the last row, whose fills come again and
     * are known. A page that is one millisecond from end to end would never end: step over it. */
    if (call == VENUE_CALL_FILLS && o.rows >= FILLS_MAX)
        snprintf(ret->cursor, sizeof ret->cursor, "%lld", (long long)(o.last_ms > o.first_ms ? o.last_ms : o.last_ms + 1));
    return (int)ret->rows;
}

/* ---- facts -------------------------------------------------------------------------------------------------- */

#define S BOT_NS_PER_S

const struct venue bot__venue_hyperliquid = {
    .name = "hyperliquid",
    .title = "Hyperliquid (read-only)",
    .endpoints = { .rest = "https://api.hyperliquid.xyz", .ws_private = "wss://api.hyperliquid.xyz/ws",
                   .ws_public = "wss://api.hyperliquid.xyz/ws", .ws_trade = "" },
    .endpoints_test = { .rest = "https://api.hyperliquid-testnet.xyz", .ws_private = "wss://api.hyperliquid-testnet.xyz/ws",
                        .ws_public = "wss://api.hyperliquid-testnet.xyz/ws", .ws_trade = "" },
    .private_plan = { .login = true, .ping_every_ms = 20000, .dead_after_ms = 12000, .connects_max = 10,
                      .connects_window_ms = 60000 },
    .public_plan = { .subscribe_acked = true, .ping_every_ms = 20000, .dead_after_ms = 12000, .connects_max = 10,
                     .connects_window_ms = 60000 },
    .scopes = { { "ip", VENUE_WINDOW_ROLLING, 1200, 60 * S, true } },
    .scopes_n = 1,
    .has_fills_channel = true,
    .has_position_time = true, /* of the account's state as a whole */
    .positions_omit_flat = true,
    .absence_bound_ns = 10 * S,
    .order_unknown_ns = 10 * S,
    .fills_window_max_ns = 0,
    .fills_history_ns = 30 * 86400 * S, /* the newest 10,000 fills, however old */
    .positions_parts = 1,
    .fills_parts = 1,
    .orders_parts = 1,
    .client_id_max = 0,
    .client_id_alphabet = "",
    .state_size = sizeof(struct hl_state),
    .decode_ws = decode_ws,
    .decode_rest = decode_rest,
    .encode_rest = bot__hl_encode_rest,
    .encode_ws = NULL,
    .ws_login = bot__hl_ws_login,
    .ws_subscribe = bot__hl_ws_subscribe,
    .ws_ping = bot__hl_ws_ping,
};
