#include "venue/bybit/bybit.h"

#include <stdio.h>

#define RECV_WINDOW "5000"

const char *bot__bybit_category(const bot_symbol *symbol)
{
    const struct { const char *p; size_t len; } s = { symbol->s, symbol->len };
    if (s.len >= 3 && memcmp(s.p + s.len - 3, "USD", 3) == 0)
        return "inverse";
    /* BTCUSDH25: a month letter and a year behind USD. */
    if (s.len >= 6 && memcmp(s.p + s.len - 6, "USD", 3) == 0 && s.p[s.len - 1] >= '0' && s.p[s.len - 1] <= '9' && s.p[s.len - 2] >= '0' &&
        s.p[s.len - 2] <= '9' && s.p[s.len - 3] >= 'A' && s.p[s.len - 3] <= 'Z')
        return "inverse";
    return "linear";
}

/* ---- query strings ---- */

struct query {
    char  *buf;
    size_t size, len;
    bool   overflow;
};

static void raw(struct query *q, const char *text, size_t n)
{
    if (q->overflow || n >= q->size - q->len) {
        q->overflow = true;
        return;
    }
    memcpy(q->buf + q->len, text, n);
    q->len += n;
    q->buf[q->len] = '\0';
}

static void param(struct query *q, const char *name, const char *value, size_t n)
{
    if (n == 0)
        return;
    raw(q, q->len != 0 ? "&" : "", q->len != 0);
    raw(q, name, strlen(name));
    raw(q, "=", 1);
    char encoded[800];
    const int len = bot__percent_encode(value, n, encoded, sizeof encoded);
    if (len < 0) {
        q->overflow = true;
        return;
    }
    raw(q, encoded, (size_t)len);
}

static void param_text(struct query *q, const char *name, const char *value) { param(q, name, value, strlen(value)); }

static void param_ms(struct query *q, const char *name, int64_t ns)
{
    if (ns == 0)
        return;
    char text[I64_TEXT_MAX];
    param(q, name, text, bot__i64_format(ns / BOT_NS_PER_MS, text));
}

/* An account-wide call in its parts: linear settled in USDT, linear settled in USDC, inverse. */
static int parts3(struct query *q, uint32_t part)
{
    if (part > 2)
        return BOT_ERR_INVALID;
    param_text(q, "category", part == 2 ? "inverse" : "linear");
    if (part < 2)
        param_text(q, "settleCoin", part == 0 ? "USDT" : "USDC");
    return BOT_OK;
}

static int build_query(const struct venue_request *req, const char **ret_path, struct query *q)
{
    int r = BOT_OK;
    const char *cursor = req->cursor != NULL ? req->cursor : "";
    switch (req->call) {
    case VENUE_CALL_TIME: *ret_path = "/v5/market/time"; return BOT_OK;
    case VENUE_CALL_INSTRUMENTS:
        *ret_path = "/v5/market/instruments-info";
        if (req->part > 1)
            return BOT_ERR_INVALID;
        param_text(q, "category", req->part == 0 ? "linear" : "inverse");
        param_text(q, "limit", "1000");
        break;
    case VENUE_CALL_POSITIONS:
        *ret_path = "/v5/position/list";
        if (req->instrument.len != 0) {
            param_text(q, "category", bot__bybit_category(&req->instrument));
            param(q, "symbol", req->instrument.s, req->instrument.len);
        } else {
            r = parts3(q, req->part);
            param_text(q, "limit", "200");
        }
        break;
    case VENUE_CALL_OPEN_ORDERS:
        *ret_path = "/v5/order/realtime";
        if (req->instrument.len != 0) {
            param_text(q, "category", bot__bybit_category(&req->instrument));
            param(q, "symbol", req->instrument.s, req->instrument.len);
        } else {
            r = parts3(q, req->part);
        }
        param_text(q, "openOnly", "0");
        param_text(q, "limit", "50");
        break;
    case VENUE_CALL_ORDER:
        *ret_path = req->part == 0 ? "/v5/order/realtime" : "/v5/order/history";
        if (req->part > 1 || req->instrument.len == 0 || (req->order_id.len == 0 && req->client_id.len == 0) ||
            !bot__id_is_of(&req->client_id, BYBIT_CLIENT_ID_ALPHABET, BYBIT_CLIENT_ID_MAX))
            return BOT_ERR_INVALID;
        param_text(q, "category", bot__bybit_category(&req->instrument));
        param(q, "symbol", req->instrument.s, req->instrument.len);
        if (req->order_id.len != 0)
            param(q, "orderId", req->order_id.s, req->order_id.len);
        else
            param(q, "orderLinkId", req->client_id.s, req->client_id.len);
        return q->overflow ? BOT_ERR_FULL : BOT_OK;
    case VENUE_CALL_FILLS:
        *ret_path = "/v5/execution/list";
        if (req->part > 1)
            return BOT_ERR_INVALID;
        param_text(q, "category", req->instrument.len != 0 ? bot__bybit_category(&req->instrument) : req->part == 0 ? "linear" : "inverse");
        param(q, "symbol", req->instrument.s, req->instrument.len);
        param_ms(q, "startTime", req->from_ns);
        param_ms(q, "endTime", req->to_ns);
        param_text(q, "limit", "100");
        break;
    case VENUE_CALL_BALANCE:
        *ret_path = "/v5/account/wallet-balance";
        param_text(q, "accountType", "UNIFIED");
        break;
    case VENUE_CALL_KEY: *ret_path = "/v5/user/query-api"; return BOT_OK;
    case VENUE_CALL_ACCOUNT_LOG:
        *ret_path = "/v5/account/transaction-log";
        param_text(q, "accountType", "UNIFIED");
        param_ms(q, "startTime", req->from_ns);
        param_ms(q, "endTime", req->to_ns);
        param_text(q, "limit", "50");
        break;
    case VENUE_CALL_BOOK:
    case VENUE_CALL_PUBLIC_TRADES:
        *ret_path = req->call == VENUE_CALL_BOOK ? "/v5/market/orderbook" : "/v5/market/recent-trade";
        if (req->instrument.len == 0)
            return BOT_ERR_INVALID;
        param_text(q, "category", bot__bybit_category(&req->instrument));
        param(q, "symbol", req->instrument.s, req->instrument.len);
        param_text(q, "limit", req->call == VENUE_CALL_BOOK ? "50" : "100");
        break;
    default: return BOT_ERR_UNSUPPORTED;
    }
    /* A cursor holds %-escapes and is escaped again as it stands: "%3A" goes out as "%253A", and that form is signed. */
    param_text(q, "cursor", cursor);
    return r < 0 ? r : q->overflow ? BOT_ERR_FULL : BOT_OK;
}

/* ---- bodies ---- */

/* NULL leaves it to the venue: GTC for a limit order; a market order is always IOC, whatever is said. */
static const char *tif_of(const bot_order_request *o)
{
    if (o->type == BOT_MARKET) return NULL;
    switch (o->tif) {
    case BOT_GTC: return "GTC";
    case BOT_IOC: return "IOC";
    case BOT_FOK: return "FOK";
    case BOT_POST_ONLY: return "PostOnly";
    default: return NULL;
    }
}

/* The fields of one order request, as REST bodies and socket frames share them. */
static int order_fields(struct json_out *o, const struct venue_request *req, const char **ret_path)
{
    const bot_order_request *r = &req->order;
    const bot_symbol *symbol = req->instrument.len != 0 ? &req->instrument : &r->instrument;
    if (req->call == VENUE_CALL_DEAD_MAN || req->call == VENUE_CALL_CANCEL_BATCH) /* not for ordinary accounts; not needed */
        return BOT_ERR_UNSUPPORTED;
    if ((symbol->len == 0 && req->call != VENUE_CALL_CANCEL_ALL) || !bot__id_is_of(&req->client_id, BYBIT_CLIENT_ID_ALPHABET, BYBIT_CLIENT_ID_MAX))
        return BOT_ERR_INVALID;
    switch (req->call) {
    case VENUE_CALL_SUBMIT:
        *ret_path = "/v5/order/create";
        if (!bot__order_can_be_said(r) || (r->type == BOT_MARKET && r->tif == BOT_FOK))
            return BOT_ERR_INVALID;
        bot__jo_str(o, "symbol", symbol->s);
        bot__jo_str(o, "side", r->side == BOT_BUY ? "Buy" : "Sell");
        bot__jo_str(o, "orderType", r->type == BOT_MARKET ? "Market" : "Limit");
        bot__jo_str(o, "category", bot__bybit_category(symbol));
        bot__jo_fixed(o, "qty", r->qty.v);
        if (r->type == BOT_LIMIT)
            bot__jo_fixed(o, "price", r->price.v);
        if (tif_of(r) != NULL)
            bot__jo_str(o, "timeInForce", tif_of(r));
        if (r->leg == BOT_LEG_LONG || r->leg == BOT_LEG_SHORT) /* 0, one-way mode, is what it is without */
            bot__jo_i64(o, "positionIdx", r->leg == BOT_LEG_LONG ? 1 : 2);
        if (r->reduce_only)
            bot__jo_bool(o, "reduceOnly", true);
        if (req->client_id.len != 0)
            bot__jo_str(o, "orderLinkId", req->client_id.s);
        return BOT_OK;
    case VENUE_CALL_AMEND:
    case VENUE_CALL_CANCEL:
        *ret_path = req->call == VENUE_CALL_AMEND ? "/v5/order/amend" : "/v5/order/cancel";
        if (req->order_id.len == 0 && req->client_id.len == 0)
            return BOT_ERR_INVALID;
        if (req->call == VENUE_CALL_AMEND && (r->qty.v < 0 || r->price.v < 0 || (r->qty.v == 0 && r->price.v == 0)))
            return BOT_ERR_INVALID;
        bot__jo_str(o, "symbol", symbol->s);
        if (req->order_id.len != 0)
            bot__jo_str(o, "orderId", req->order_id.s);
        else
            bot__jo_str(o, "orderLinkId", req->client_id.s);
        bot__jo_str(o, "category", bot__bybit_category(symbol));
        if (req->call == VENUE_CALL_AMEND && r->qty.v > 0)
            bot__jo_fixed(o, "qty", r->qty.v);
        if (req->call == VENUE_CALL_AMEND && r->price.v > 0)
            bot__jo_fixed(o, "price", r->price.v);
        return BOT_OK;
    case VENUE_CALL_CANCEL_ALL: /* at most 500 orders a call, chosen at random beyond: repeat until the list is empty */
        *ret_path = "/v5/order/cancel-all";
        if (symbol->len != 0) {
            bot__jo_str(o, "category", bot__bybit_category(symbol));
            bot__jo_str(o, "symbol", symbol->s);
        } else {
            if (req->part > 2)
                return BOT_ERR_INVALID;
            bot__jo_str(o, "category", req->part == 2 ? "inverse" : "linear");
            if (req->part < 2)
                bot__jo_str(o, "settleCoin", req->part == 0 ? "USDT" : "USDC");
        }
        return BOT_OK;
    default: return BOT_ERR_UNSUPPORTED;
    }
}

static int sign_request(const struct venue_keys *keys, int64_t wall_ns, struct slice payload, struct venue_http *ret)
{
    char stamp[I64_TEXT_MAX], hex[65];
    uint8_t mac[32];
    const struct bot__part parts[] = { { stamp, bot__i64_format(wall_ns / BOT_NS_PER_MS, stamp) }, { keys->key, strlen(keys->key) }, { RECV_WINDOW, strlen(RECV_WINDOW) },
                                       { payload.p, payload.len } };
    const int r = bot__sign(keys->signer, parts, 4, mac);
    if (r < 0)
        return r;
    bot__hex(mac, sizeof mac, hex);
    return bot__http_header(ret, "X-BAPI-API-KEY", keys->key) && bot__http_header(ret, "X-BAPI-TIMESTAMP", stamp) &&
                   bot__http_header(ret, "X-BAPI-RECV-WINDOW", RECV_WINDOW) && bot__http_header(ret, "X-BAPI-SIGN", hex)
               ? BOT_OK
               : BOT_ERR_FULL;
}

static bool is_private(enum venue_call call)
{
    return call != VENUE_CALL_TIME && call != VENUE_CALL_INSTRUMENTS && call != VENUE_CALL_BOOK && call != VENUE_CALL_PUBLIC_TRADES;
}

void bot__bybit_draw(enum venue_call call, uint32_t *ret_scope, uint32_t *ret_weight)
{
    *ret_scope = bot__bybit_scope(call);
    *ret_weight = 1;
}

int bot__bybit_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret)
{
    bot__http_init(ret);
    bot__bybit_draw(req->call, &ret->scope, &ret->weight);
    const char *path = "";
    if (bot__call_moves(req->call)) {
        struct json_out o;
        bot__jo_init(&o, ret->body, sizeof ret->body);
        bot__jo_object(&o, NULL);
        const int r = order_fields(&o, req, &path);
        if (r < 0)
            return r;
        bot__jo_object_end(&o);
        const int len = bot__jo_end(&o);
        if (len < 0)
            return len;
        ret->body_len = (size_t)len;
        ret->method = "POST";
        if (!bot__http_path(ret, path, NULL, 0) || !bot__http_header(ret, "Content-Type", "application/json"))
            return BOT_ERR_FULL;
        return sign_request(keys, wall_ns, (struct slice){ ret->body, ret->body_len }, ret);
    }
    char query[VENUE_PATH_MAX - 64];
    query[0] = '\0';
    struct query q = { .buf = query, .size = sizeof query };
    const int r = build_query(req, &path, &q);
    if (r < 0)
        return r;
    ret->method = "GET";
    if (!bot__http_path(ret, path, query, q.len))
        return BOT_ERR_FULL;
    return is_private(req->call) ? sign_request(keys, wall_ns, (struct slice){ query, q.len }, ret) : BOT_OK;
}

/* ---- sockets ---- */

int bot__bybit_encode_ws(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size)
{
    (void)keys; /* the socket is logged in */
    const char *op = req->call == VENUE_CALL_SUBMIT ? "order.create" : req->call == VENUE_CALL_AMEND ? "order.amend"
                     : req->call == VENUE_CALL_CANCEL ? "order.cancel" : NULL;
    if (op == NULL)
        return BOT_ERR_UNSUPPORTED;
    struct json_out o;
    const char *path;
    char stamp[I64_TEXT_MAX];
    (void)bot__i64_format(wall_ns / BOT_NS_PER_MS, stamp);
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    if (req->request_id.len > 36) /* the venue's bound */
        return BOT_ERR_INVALID;
    if (req->request_id.len != 0)
        bot__jo_str(&o, "reqId", req->request_id.s);
    bot__jo_object(&o, "header");
    bot__jo_str(&o, "X-BAPI-TIMESTAMP", stamp);
    bot__jo_str(&o, "X-BAPI-RECV-WINDOW", RECV_WINDOW);
    bot__jo_object_end(&o);
    bot__jo_str(&o, "op", op);
    bot__jo_array(&o, "args");
    bot__jo_object(&o, NULL);
    const int r = order_fields(&o, req, &path);
    if (r < 0)
        return r;
    bot__jo_object_end(&o);
    bot__jo_array_end(&o);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}

int bot__bybit_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size)
{
    if (stream == BOT_STREAM_PUBLIC || stream == BOT_STREAM_PUBLIC_2)
        return 0;
    char expires[24], hex[65];
    uint8_t mac[32];
    snprintf(expires, sizeof expires, "%lld", (long long)(wall_ns / BOT_NS_PER_MS + 10000));
    const struct bot__part parts[] = { { "GET/realtime", 12 }, { expires, strlen(expires) } };
    const int r = bot__sign(keys->signer, parts, 2, mac);
    if (r < 0)
        return r;
    bot__hex(mac, sizeof mac, hex);
    struct json_out o;
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "op", "auth");
    bot__jo_array(&o, "args");
    bot__jo_str(&o, NULL, keys->key);
    bot__jo_raw(&o, NULL, expires, strlen(expires));
    bot__jo_str(&o, NULL, hex);
    bot__jo_array_end(&o);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}

/* A public socket serves one category. */
bot_stream bot__bybit_public_of(const bot_symbol *instrument, bool book)
{
    (void)book;
    return bot__bybit_category(instrument)[0] == 'i' ? BOT_STREAM_PUBLIC_2 : BOT_STREAM_PUBLIC;
}

#define SYMBOLS_A_REQUEST 50 /* 21,000 characters of arguments are allowed on a connection */

int bot__bybit_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf, size_t size)
{
    struct json_out o;
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "op", "subscribe");
    bot__jo_array(&o, "args");
    if (stream == BOT_STREAM_PRIVATE) {
        if (index > 0)
            return 0;
        /* All-in-one topics; they must not be mixed with categorised ones in one request. */
        bot__jo_str(&o, NULL, "execution");
        bot__jo_str(&o, NULL, "order");
        bot__jo_str(&o, NULL, "position");
        bot__jo_str(&o, NULL, "wallet");
    } else if (stream == BOT_STREAM_PUBLIC || stream == BOT_STREAM_PUBLIC_2) {
        uint32_t skip = index * SYMBOLS_A_REQUEST, taken = 0;
        for (uint32_t i = 0; i < instruments_n && taken < SYMBOLS_A_REQUEST; i++) {
            if (bot__bybit_public_of(&instruments[i], false) != stream)
                continue;
            if (skip > 0) {
                skip--;
                continue;
            }
            char topic[64];
            snprintf(topic, sizeof topic, "publicTrade.%s", instruments[i].s);
            bot__jo_str(&o, NULL, topic);
            snprintf(topic, sizeof topic, "orderbook.50.%s", instruments[i].s);
            bot__jo_str(&o, NULL, topic);
            taken++;
        }
        if (taken == 0)
            return 0;
    } else {
        return 0;
    }
    bot__jo_array_end(&o);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}

int bot__bybit_resubscribe_book(const bot_symbol *instrument, uint32_t index, char *buf, size_t size)
{
    if (index > 1)
        return 0;
    struct json_out o;
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "op", index == 0 ? "unsubscribe" : "subscribe");
    bot__jo_array(&o, "args");
    char topic[64];
    snprintf(topic, sizeof topic, "orderbook.50.%s", instrument->s);
    bot__jo_str(&o, NULL, topic);
    bot__jo_array_end(&o);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}

int bot__bybit_ping(bot_stream stream, char *buf, size_t size)
{
    (void)stream;
    const struct slice text = SLICE("{\"op\":\"ping\"}");
    if (size <= text.len)
        return BOT_ERR_FULL;
    memcpy(buf, text.p, text.len + 1);
    return (int)text.len;
}

int bot__bybit_path(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, const char *listen_key, char *buf, size_t size)
{
    (void)instruments, (void)instruments_n, (void)listen_key;
    const char *path = stream == BOT_STREAM_PUBLIC ? "/linear" : stream == BOT_STREAM_PUBLIC_2 ? "/inverse" : "";
    const size_t n = strlen(path);
    if (n >= size)
        return BOT_ERR_FULL;
    memcpy(buf, path, n + 1);
    return (int)n;
}
