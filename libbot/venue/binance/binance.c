/* Binance USD-M: the table of facts, and reading whole socket messages.
 * Sources: the venue's documentation of 2026 (user data streams, general info, the notice of the split addresses). */
#include "base/json_walk.h"
#include "venue/binance/binance.h"

/* ---- answers over the order socket --------------------------------------------------------------------------- */

static int read_error(struct slice raw, int64_t *ret_code, struct slice *ret_words)
{
    static const struct slice names[] = { { "code", 4 }, { "msg", 3 } };
    struct json j;
    struct fields f;
    bot__json_init(&j, raw.p, raw.len);
    bot__fields_read(&f, &j, names, 2);
    if (!bot__field_i64(&f, 0, ret_code))
        bot__fields_fail(&f, 0, BOT_ERR_MALFORMED);
    *ret_words = f.v[1];
    return f.err;
}

static int refused(struct binance_rows *o, const struct binance_payload *p, const bot_id *request)
{
    int64_t code, status = 0;
    struct slice words;
    const int r = read_error(p->error, &code, &words);
    if (r < 0)
        return r;
    (void)bot__text_i64(p->status, &status);
    /* Without a status it is the answer to a subscription. With one the fate of an order may be open. */
    const bool asked = p->status.len > 0;
    const bool unknown = asked && bot__binance_outcome(code, (int)status, words, VENUE_CALL_SUBMIT) == BOT_OUTCOME_UNKNOWN;
    bot_event ev;
    bot__event_init(&ev, asked && !unknown ? BOT_EV_ACK : BOT_EV_ERROR, o->source);
    ev.has |= BOT_HAS_VENUE_CODE;
    if (ev.kind == BOT_EV_ACK) {
        ev.ack.request_id = *request;
        ev.ack.venue_code = code;
        bot__text_copy(words, ev.ack.reason, sizeof ev.ack.reason);
    } else {
        ev.error.code = unknown ? BOT_ERR_UNKNOWN_OUTCOME : BOT_ERR_REJECTED;
        ev.error.venue_code = code;
        ev.error.request_id = *request;
        bot__text_copy(words, ev.error.detail, sizeof ev.error.detail);
    }
    bot__emit(&o->e, &ev);
    return BOT_OK;
}

static int accepted(struct binance_rows *o, const struct binance_payload *p, const bot_id *request)
{
    static const struct slice names[] = { { "orderId", 7 }, { "clientOrderId", 13 }, { "updateTime", 10 }, { "symbol", 6 } };
    struct json j;
    struct fields f;
    bot_event ev;
    bot__json_init(&j, p->result.p, p->result.len);
    if (bot__json_peek(&j) == JSON_OBJECT) {
        bot__fields_read(&f, &j, names, 4);
        if (f.err != 0)
            return f.err;
        if (bot__field_given(&f, 0)) {
            bot__event_init(&ev, BOT_EV_ACK, o->source);
            ev.ack.accepted = true;
            ev.ack.request_id = *request;
            bot__field_id(&f, 0, &ev.ack.order_id);
            bot__field_id(&f, 1, &ev.ack.client_id);
            bot__field_symbol(&f, 3, &ev.instrument);
            ev.venue_ns = bot__field_ms(&f, 2);
            if (f.err != 0)
                return f.err;
            bot__emit(&o->e, &ev);
            return BOT_OK;
        }
    }
    bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, SLICE("answer"));
    return BOT_OK;
}

static int answer(struct binance_rows *o, const struct binance_payload *p)
{
    bot_id request = { 0 };
    if (!bot__id_set(&request, p->id.p, p->id.len))
        return BOT_ERR_OVERFLOW;
    if (p->error.len > 0)
        return refused(o, p, &request);
    if (!p->has_result)
        return BOT_ERR_MALFORMED;
    if (p->status.len == 0) {
        bot__emit_control(&o->e, o->source, BOT_CONTROL_SUBSCRIBED, p->id);
        return BOT_OK;
    }
    if (!slice_is(p->status, "200"))
        return BOT_ERR_MALFORMED;
    return accepted(o, p, &request);
}

/* ---- dispatch ------------------------------------------------------------------------------------------------ */

/* "btcusdt@depth20" and "...@depth20@100ms" push the whole of their few levels; "@depth" and "@depth@100ms" changes. */
static bool is_partial(struct slice stream)
{
    const char *at = stream.len > 0 ? memchr(stream.p, '@', stream.len) : NULL;
    const size_t left = at != NULL ? stream.len - (size_t)(at - stream.p) : 0;
    return left > 6 && memcmp(at, "@depth", 6) == 0 && at[6] >= '0' && at[6] <= '9';
}

static int order_update(struct binance_rows *o, const struct binance_payload *p)
{
    struct json j;
    bot__json_init(&j, p->order.p, p->order.len);
    return bot__binance_order_update(o, &j);
}

static int dispatch(struct binance_rows *o, const struct binance_payload *p)
{
    const struct slice kind = bot__binance_letter(p, 'e');
    if (slice_is(kind, "depthUpdate")) return bot__binance_book(o, p, is_partial(p->stream));
    if (slice_is(kind, "trade") || slice_is(kind, "aggTrade")) return bot__binance_trade(o, p);
    if (slice_is(kind, "ORDER_TRADE_UPDATE")) return order_update(o, p);
    if (slice_is(kind, "ACCOUNT_UPDATE")) return bot__binance_account_update(o, p);
    if (slice_is(kind, "ALGO_UPDATE")) return bot__binance_algo_update(o, p);
    if (slice_is(kind, "CONDITIONAL_ORDER_TRIGGER_REJECT")) return bot__binance_trigger_reject(o, p);
    if (slice_is(kind, "listenKeyExpired")) {
        bot__emit_control(&o->e, o->source, BOT_CONTROL_LISTEN_KEY_EXPIRED, kind);
        return BOT_OK;
    }
    if (slice_is(kind, "serverShutdown")) {
        bot__emit_control(&o->e, o->source, BOT_CONTROL_DISCONNECT, kind);
        return BOT_OK;
    }
    if (kind.len > 0) { /* bookTicker, forceOrder, TRADE_LITE, MARGIN_CALL, ACCOUNT_CONFIG_UPDATE, ... */
        bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, kind);
        return BOT_OK;
    }
    if (p->order.p != NULL || p->account.p != NULL) return BOT_ERR_MALFORMED; /* about us, and without its kind */
    if (p->last_id.len > 0) return bot__binance_book(o, p, true);
    if (p->has_id && !p->enclosed) return answer(o, p);
    if (p->error.len > 0 && !p->enclosed) {
        const bot_id nobody = { 0 };
        return refused(o, p, &nobody);
    }
    if (p->stream.len > 0 && p->enclosed) {
        bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, p->stream);
        return BOT_OK;
    }
    int64_t code;
    if (p->code.len > 0 && bot__text_i64(p->code, &code)) {
        bot_event ev;
        if (code == 0 || code == 200) {
            bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, p->msg);
            return BOT_OK;
        }
        bot__event_init(&ev, BOT_EV_ERROR, o->source);
        ev.error.code = BOT_ERR_REJECTED;
        ev.error.venue_code = code;
        ev.has |= BOT_HAS_VENUE_CODE;
        bot__text_copy(p->msg, ev.error.detail, sizeof ev.error.detail);
        bot__emit(&o->e, &ev);
        return BOT_OK;
    }
    return BOT_ERR_MALFORMED;
}

int bot__binance_decode_ws(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data)
{
    struct binance_payload p;
    memset(&p, 0, offsetof(struct binance_payload, letter));
    struct emit_held held;
    struct binance_rows o = { .e = { .sink = sink, .user_data = user_data }, .source = source, .ctx = ctx };
    int r = bot__binance_read(ctx, msg, &o, &held, &p);
    if (r < 0)
        return r;
    if (p.ahead)
        bot__emit_held(&o.e, &held);
    else
        r = dispatch(&o, &p);
    return r < 0 ? r : o.e.err < 0 ? o.e.err : o.e.n;
}

/* ---- facts --------------------------------------------------------------------------------------------------- */

#define S BOT_NS_PER_S

/* The status that such an answer has too is not in the event; where the code does not say it by itself, the words do. */
static bot_outcome ws_refusal(int64_t code, struct slice words, enum venue_call call)
{
    return bot__binance_outcome(code, 400, words, call);
}

const struct venue bot__venue_binance = {
    .name = "binance-usdm",
    .title = "Binance USD-M futures",
    /* Since 2026-04-23 a socket serves one family of streams: "market" has trades, "public" the books. What is asked on the
     * wrong one is acknowledged and stays silent. The test network kept its one path for all. */
    .endpoints = { .rest = "https://fapi.binance.com",
                   .ws_private = "wss://fstream.binance.com/private/ws",
                   .ws_public = "wss://fstream.binance.com/market/ws",
                   .ws_public_2 = "wss://fstream.binance.com/public/ws",
                   .ws_trade = "wss://ws-fapi.binance.com/ws-fapi/v1" },
    .endpoints_test = { .rest = "https://testnet.binancefuture.com",
                        .ws_private = "wss://fstream.binancefuture.com/ws",
                        .ws_public = "wss://fstream.binancefuture.com/ws",
                        .ws_trade = "wss://testnet.binancefuture.com/ws-fapi/v1" },
    /* The server pings every three minutes and cuts after ten without a pong. 300 connections in 5 minutes an address. */
    .private_plan = { .dead_after_ms = 25000, .connects_max = 300, .connects_window_ms = 300000, .life_max_s = 86400 },
    .public_plan = { .subscribe_acked = true, .dead_after_ms = 25000, .connects_max = 300, .connects_window_ms = 300000,
                     .life_max_s = 86400 },
    .trade_plan = { .dead_after_ms = 25000, .connects_max = 300, .connects_window_ms = 300000, .life_max_s = 86400 },
    .scopes = {
        [BINANCE_SCOPE_WEIGHT] = { "weight", VENUE_WINDOW_CALENDAR, 2400, 60 * S, true },
        /* The venue has 300 in 10 s and 1200 in a minute; 200 in 10 s keeps both. */
        [BINANCE_SCOPE_ORDERS] = { "orders", VENUE_WINDOW_CALENDAR, 200, 10 * S, false, true },
    },
    .scopes_n = BINANCE_SCOPES,
    .has_fills_channel = true, /* ORDER_TRADE_UPDATE: one a match */
    .has_client_ids = true,
    .has_amend = true,
    .has_reduce_only = true,
    .has_dead_man = true,
    .has_ws_orders = true,
    .has_position_seq = false,
    .has_position_time = true,
    .positions_omit_flat = true, /* v3 lists symbols with a position or an open order */
    .fills_per_instrument = true,
    .dead_man_per_instrument = true,
    .funding_by_log = true, /* a crossed position's payment comes without its name, and none has an id */
    .needs_listen_key = true,
    .hedge_possible = true,
    .book = { .chain = BOOK_CHAIN_IDS, .snapshot_by_rest = true },
    .absence_bound_ns = 60 * S, /* an order whose request timed out may be placed most of a minute later; and it forgets orders that exist for half an hour */
    .order_unknown_ns = 10 * S,
    .fills_window_max_ns = 7 * 86400 * S,
    .fills_history_ns = 180 * 86400 * S,
    .positions_parts = 1,
    .fills_parts = 1,
    .orders_parts = 1,
    .client_id_max = BINANCE_CLIENT_ID_MAX,
    .client_id_alphabet = BINANCE_CLIENT_ID_ALPHABET,
    .decode_ws = bot__binance_decode_ws,
    .decode_rest = bot__binance_decode_rest,
    .encode_rest = bot__binance_encode_rest,
    .encode_ws = bot__binance_encode_ws,
    .ws_draw = bot__binance_draw,
    .ws_refusal = ws_refusal,
    .ws_login = bot__binance_ws_login,
    .ws_subscribe = bot__binance_ws_subscribe,
    .ws_public_of = bot__binance_ws_public_of,
    .ws_path = bot__binance_ws_path,
};
