/* Binance USD-M: requests as bytes. What is signed is what is sent: parameters are percent-encoded first, the signature
 * comes last. GET and DELETE carry them in the query, POST and PUT in a form body. */
#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "venue/binance/binance.h"

#define RECV_WINDOW "5000"
#define TEXT_MAX (3 * BOT_ID_MAX + 1)

/* ---- parameters ------------------------------------------------------------------------------------------------ */

struct params {
    char   buf[VENUE_PATH_MAX];
    size_t len;
    int    err;
};

/* "&name=value"; the first without its "&". */
static void add(struct params *p, const char *name, const char *value, size_t len)
{
    const size_t name_len = strlen(name), and = p->len > 0, n = and + name_len + 1 + len;
    if (n >= sizeof p->buf - p->len) {
        p->err = BOT_ERR_FULL;
        return;
    }
    char *to = p->buf + p->len;
    if (and != 0)
        *to++ = '&';
    memcpy(to, name, name_len);
    to[name_len] = '=';
    memcpy(to + name_len + 1, value, len);
    to[name_len + 1 + len] = '\0';
    p->len += n;
}

static void add_i64(struct params *p, const char *name, int64_t value)
{
    char text[I64_TEXT_MAX];
    add(p, name, text, bot__i64_format(value, text));
}

static void param(struct params *p, const char *name, const char *value, size_t len)
{
    char text[TEXT_MAX];
    const int n = bot__percent_encode(value, len, text, sizeof text);
    if (n < 0)
        p->err = n;
    else
        add(p, name, text, (size_t)n);
}

static void param_word(struct params *p, const char *name, const char *value) { param(p, name, value, strlen(value)); }

static void param_fixed(struct params *p, const char *name, bot_i128 value)
{
    char text[BOT_DEC_TEXT_MAX];
    bot_fixed_format(value, text);
    param_word(p, name, text);
}

/* ---- orders ------------------------------------------------------------------------------------------------------ */

static bool client_id_fits(const bot_id *id) { return bot__id_is_of(id, BINANCE_CLIENT_ID_ALPHABET, BINANCE_CLIENT_ID_MAX); }

static bool is_digits(const char *s)
{
    for (; *s != '\0'; s++)
        if (*s < '0' || *s > '9')
            return false;
    return true;
}

static const bot_symbol *symbol_of(const struct venue_request *req)
{
    return req->instrument.len > 0 ? &req->instrument : &req->order.instrument;
}

struct order_words {
    const char *side, *position_side, *type, *tif; /* NULL where it is left out */
    bool        reduce_only;
};

/* In hedge mode the venue refuses reduceOnly (-1106): closing is selling LONG or buying SHORT, and cannot overshoot. */
static int words_of(const struct venue_request *req, struct order_words *ret)
{
    const bot_order_request *order = &req->order;
    const bool leg = order->leg == BOT_LEG_LONG || order->leg == BOT_LEG_SHORT;
    if (!bot__order_can_be_said(order) || order->instrument.len == 0 || !client_id_fits(&req->client_id))
        return BOT_ERR_INVALID;
    *ret = (struct order_words){ .side = order->side == BOT_BUY ? "BUY" : "SELL", .reduce_only = order->reduce_only && !leg };
    if (leg) ret->position_side = order->leg == BOT_LEG_LONG ? "LONG" : "SHORT";
    if (order->type == BOT_MARKET) {
        ret->type = "MARKET"; /* takes no time in force: it is immediate by itself */
        return order->tif == BOT_FOK ? BOT_ERR_INVALID : BOT_OK;
    }
    ret->type = "LIMIT";
    switch (order->tif) {
    case BOT_TIF_NONE: case BOT_GTC: ret->tif = "GTC"; break;
    case BOT_IOC: ret->tif = "IOC"; break;
    case BOT_FOK: ret->tif = "FOK"; break;
    case BOT_POST_ONLY: ret->tif = "GTX"; break;
    }
    return BOT_OK;
}

static int check_ids(const struct venue_request *req)
{
    if (symbol_of(req)->len == 0 || (req->order_id.len == 0 && req->client_id.len == 0) || !is_digits(req->order_id.s) ||
        !client_id_fits(&req->client_id))
        return BOT_ERR_INVALID;
    return BOT_OK;
}

/* Amending sends side, quantity and price always. */
static int check_amend(const struct venue_request *req)
{
    if ((req->order.side != BOT_BUY && req->order.side != BOT_SELL) || req->order.qty.v <= 0 || req->order.price.v <= 0)
        return BOT_ERR_INVALID;
    return check_ids(req);
}

static void put_symbol(struct params *p, const struct venue_request *req)
{
    param(p, "symbol", symbol_of(req)->s, symbol_of(req)->len);
}

static void put_ids(struct params *p, const struct venue_request *req)
{
    /* The venue's own id wins where both are given; its rule when they differ is not documented. */
    if (req->order_id.len > 0) param(p, "orderId", req->order_id.s, req->order_id.len);
    else param(p, "origClientOrderId", req->client_id.s, req->client_id.len);
}

static int put_order(struct params *p, const struct venue_request *req)
{
    struct order_words w;
    const int r = words_of(req, &w);
    if (r < 0)
        return r;
    put_symbol(p, req);
    param_word(p, "side", w.side);
    if (w.position_side != NULL) param_word(p, "positionSide", w.position_side);
    param_word(p, "type", w.type);
    if (w.tif != NULL) param_word(p, "timeInForce", w.tif);
    param_fixed(p, "quantity", req->order.qty.v);
    if (req->order.type == BOT_LIMIT) param_fixed(p, "price", req->order.price.v);
    if (w.reduce_only) param_word(p, "reduceOnly", "true");
    if (req->client_id.len > 0) param(p, "newClientOrderId", req->client_id.s, req->client_id.len);
    return BOT_OK;
}

static int put_amend(struct params *p, const struct venue_request *req)
{
    const int r = check_amend(req);
    put_symbol(p, req);
    put_ids(p, req);
    param_word(p, "side", req->order.side == BOT_BUY ? "BUY" : "SELL");
    param_fixed(p, "quantity", req->order.qty.v);
    param_fixed(p, "price", req->order.price.v);
    return r;
}

/* ---- REST ---------------------------------------------------------------------------------------------------------- */

enum security { OPEN, KEYED, SIGNED };
struct route {
    enum venue_call call;
    const char     *method, *path;
    enum security   security;
    uint32_t        weight;
    enum binance_scope scope;
};
static const struct route routes[] = {
    { VENUE_CALL_TIME, "GET", "/fapi/v1/time", OPEN, 1, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_INSTRUMENTS, "GET", "/fapi/v1/exchangeInfo", OPEN, 1, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_BOOK, "GET", "/fapi/v1/depth", OPEN, 20, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_PUBLIC_TRADES, "GET", "/fapi/v1/aggTrades", OPEN, 20, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_POSITIONS, "GET", "/fapi/v3/positionRisk", SIGNED, 5, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_FILLS, "GET", "/fapi/v1/userTrades", SIGNED, 5, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_OPEN_ORDERS, "GET", "/fapi/v1/openOrders", SIGNED, 40, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_ORDER, "GET", "/fapi/v1/order", SIGNED, 1, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_BALANCE, "GET", "/fapi/v3/balance", SIGNED, 5, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_MODE, "GET", "/fapi/v1/positionSide/dual", SIGNED, 30, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_ACCOUNT_LOG, "GET", "/fapi/v1/income", SIGNED, 30, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_SUBMIT, "POST", "/fapi/v1/order", SIGNED, 1, BINANCE_SCOPE_ORDERS },
    { VENUE_CALL_AMEND, "PUT", "/fapi/v1/order", SIGNED, 1, BINANCE_SCOPE_ORDERS },
    { VENUE_CALL_CANCEL, "DELETE", "/fapi/v1/order", SIGNED, 1, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_CANCEL_ALL, "DELETE", "/fapi/v1/allOpenOrders", SIGNED, 1, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_DEAD_MAN, "POST", "/fapi/v1/countdownCancelAll", SIGNED, 10, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_LISTEN_KEY, "POST", "/fapi/v1/listenKey", KEYED, 1, BINANCE_SCOPE_WEIGHT },
    { VENUE_CALL_LISTEN_KEEP, "PUT", "/fapi/v1/listenKey", KEYED, 1, BINANCE_SCOPE_WEIGHT },
};

/* fromId cannot go with times: the first page is asked for by time, the next ones by id. */
static int put_page(struct params *p, const struct venue_request *req, bool by_id)
{
    const bool next = req->cursor != NULL && req->cursor[0] != '\0';
    if (next && !is_digits(req->cursor))
        return BOT_ERR_INVALID;
    if (next && by_id) {
        param_word(p, "fromId", req->cursor);
    } else {
        if (next) param_word(p, "startTime", req->cursor); /* the log's pages go by time */
        else if (req->from_ns > 0) add_i64(p, "startTime", req->from_ns / BOT_NS_PER_MS);
        if (req->to_ns > 0) add_i64(p, "endTime", req->to_ns / BOT_NS_PER_MS);
    }
    add_i64(p, "limit", BINANCE_FILLS_PAGE);
    return BOT_OK;
}

static int put_call(struct params *p, const struct venue_request *req)
{
    const bool named = symbol_of(req)->len > 0;
    int r = BOT_OK;
    switch (req->call) {
    case VENUE_CALL_FILLS:
        if (!named) return BOT_ERR_INVALID;
        put_symbol(p, req);
        return put_page(p, req, true);
    case VENUE_CALL_ACCOUNT_LOG:
        if (named) put_symbol(p, req);
        param_word(p, "incomeType", "FUNDING_FEE"); /* of a thousand rows commissions would take nearly all */
        return put_page(p, req, false);
    case VENUE_CALL_POSITIONS:
    case VENUE_CALL_OPEN_ORDERS:
        if (named) put_symbol(p, req);
        return BOT_OK;
    case VENUE_CALL_BOOK:
        if (!named) return BOT_ERR_INVALID;
        put_symbol(p, req);
        add_i64(p, "limit", BINANCE_BOOK_LIMIT);
        return BOT_OK;
    case VENUE_CALL_PUBLIC_TRADES:
        if (!named) return BOT_ERR_INVALID;
        put_symbol(p, req);
        return put_page(p, req, true);
    case VENUE_CALL_SUBMIT: return put_order(p, req);
    case VENUE_CALL_AMEND: return put_amend(p, req);
    case VENUE_CALL_ORDER:
    case VENUE_CALL_CANCEL:
        r = check_ids(req);
        put_symbol(p, req);
        put_ids(p, req);
        return r;
    case VENUE_CALL_CANCEL_ALL:
        put_symbol(p, req);
        return named ? BOT_OK : BOT_ERR_INVALID;
    case VENUE_CALL_DEAD_MAN:
        put_symbol(p, req);
        add_i64(p, "countdownTime", req->window_ms);
        return named ? BOT_OK : BOT_ERR_INVALID;
    default: return BOT_OK;
    }
}

static int sign(const struct venue_keys *keys, const char *text, size_t len, char ret_hex[65])
{
    uint8_t mac[32];
    const struct bot__part part = { text, len };
    const int r = bot__sign(keys->signer, &part, 1, mac);
    if (r == BOT_OK) bot__hex(mac, sizeof mac, ret_hex);
    return r;
}

/* NULL: there is none. */
static const struct route *route_of(enum venue_call call)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (routes[i].call == call) return &routes[i];
    return NULL;
}

void bot__binance_draw(enum venue_call call, uint32_t *ret_scope, uint32_t *ret_weight)
{
    const struct route *route = route_of(call);
    BOT_ASSERT(route != NULL);
    *ret_scope = route->scope;
    *ret_weight = route->weight;
}

int bot__binance_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret)
{
    const struct route *route = route_of(req->call);
    if (route == NULL)
        return BOT_ERR_UNSUPPORTED;
    struct params p = { .len = 0 };
    p.buf[0] = '\0';
    int r = put_call(&p, req);
    if (r == BOT_OK && route->security == SIGNED) {
        char hex[65];
        param_word(&p, "recvWindow", RECV_WINDOW);
        add_i64(&p, "timestamp", wall_ns / BOT_NS_PER_MS);
        if (p.err == 0) r = sign(keys, p.buf, p.len, hex);
        if (r == BOT_OK && p.err == 0) add(&p, "signature", hex, strlen(hex));
    }
    if (r == BOT_OK) r = p.err;
    if (r < 0)
        return r;

    bot__http_init(ret);
    ret->method = route->method;
    ret->scope = route->scope;
    ret->weight = route->weight;
    if (req->call == VENUE_CALL_OPEN_ORDERS && symbol_of(req)->len > 0) ret->weight = 1; /* 40 is for all of them */
    const bool form = route->method[0] == 'P' && p.len > 0;
    if (!bot__http_path(ret, route->path, p.buf, form ? 0 : p.len))
        return BOT_ERR_FULL;
    if (form) {
        memcpy(ret->body, p.buf, p.len + 1);
        ret->body_len = p.len;
        if (!bot__http_header(ret, "Content-Type", "application/x-www-form-urlencoded"))
            return BOT_ERR_FULL;
    }
    if (route->security != OPEN && !bot__http_header(ret, "X-MBX-APIKEY", keys->key != NULL ? keys->key : ""))
        return BOT_ERR_FULL;
    return BOT_OK;
}

/* ---- order socket --------------------------------------------------------------------------------------------------- */

/* Parameters in alphabetical order, as they are signed: one list makes both the text and the object. */
struct ws_params {
    struct params   text;
    struct json_out json;
};

static void both(struct ws_params *w, const char *name, const char *value)
{
    add(&w->text, name, value, strlen(value));
    bot__jo_str(&w->json, name, value);
}

static void both_i64(struct ws_params *w, const char *name, int64_t value)
{
    add_i64(&w->text, name, value);
    bot__jo_i64(&w->json, name, value);
}

static void both_fixed(struct ws_params *w, const char *name, bot_i128 value)
{
    char text[BOT_DEC_TEXT_MAX];
    bot_fixed_format(value, text);
    both(w, name, text);
}

int bot__binance_encode_ws(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size)
{
    struct order_words words = { 0 };
    const char *method;
    int r;
    switch (req->call) {
    case VENUE_CALL_SUBMIT: method = "order.place"; r = words_of(req, &words); break;
    case VENUE_CALL_AMEND: method = "order.modify"; r = check_amend(req); break;
    case VENUE_CALL_CANCEL: method = "order.cancel"; r = check_ids(req); break;
    case VENUE_CALL_ORDER: method = "order.status"; r = check_ids(req); break;
    default: return BOT_ERR_UNSUPPORTED;
    }
    if (r < 0)
        return r;
    const bool submit = req->call == VENUE_CALL_SUBMIT, amend = req->call == VENUE_CALL_AMEND;
    struct ws_params w = { .text.len = 0 };
    char hex[65];
    bot__jo_init(&w.json, buf, size);
    bot__jo_object(&w.json, NULL);
    bot__jo_strn(&w.json, "id", req->request_id.s, req->request_id.len);
    bot__jo_str(&w.json, "method", method);
    bot__jo_object(&w.json, "params");
    both(&w, "apiKey", keys->key != NULL ? keys->key : "");
    if (submit && req->client_id.len > 0) both(&w, "newClientOrderId", req->client_id.s);
    if (!submit && req->order_id.len > 0) {
        int64_t id;
        if (!bot__text_i64((struct slice){ req->order_id.s, req->order_id.len }, &id))
            return BOT_ERR_INVALID;
        both_i64(&w, "orderId", id);
    } else if (!submit) {
        both(&w, "origClientOrderId", req->client_id.s);
    }
    if (submit && words.position_side != NULL) both(&w, "positionSide", words.position_side);
    if (amend || (submit && req->order.type == BOT_LIMIT)) both_fixed(&w, "price", req->order.price.v);
    if (amend || submit) both_fixed(&w, "quantity", req->order.qty.v);
    both(&w, "recvWindow", RECV_WINDOW);
    if (words.reduce_only) both(&w, "reduceOnly", "true");
    if (amend || submit) both(&w, "side", req->order.side == BOT_BUY ? "BUY" : "SELL");
    both(&w, "symbol", symbol_of(req)->s);
    if (words.tif != NULL) both(&w, "timeInForce", words.tif);
    both_i64(&w, "timestamp", wall_ns / BOT_NS_PER_MS);
    if (submit) both(&w, "type", words.type);
    if (w.text.err < 0)
        return w.text.err;
    r = sign(keys, w.text.buf, w.text.len, hex);
    if (r < 0)
        return r;
    bot__jo_str(&w.json, "signature", hex);
    bot__jo_object_end(&w.json);
    bot__jo_object_end(&w.json);
    return bot__jo_end(&w.json);
}

/* A key of the HMAC kind cannot log a session in: every request is signed by itself. */
int bot__binance_ws_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size)
{
    (void)stream, (void)keys, (void)wall_ns, (void)buf, (void)size;
    return 0;
}

bot_stream bot__binance_ws_public_of(const bot_symbol *instrument, bool book)
{
    (void)instrument;
    return book ? BOT_STREAM_PUBLIC_2 : BOT_STREAM_PUBLIC;
}

#define STREAMS_A_REQUEST 32 /* a socket may say ten things a second: not one for each instrument */

/* The private stream's key is its subscription. Streams are named in lower case. */
int bot__binance_ws_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf,
                              size_t size)
{
    if ((stream != BOT_STREAM_PUBLIC && stream != BOT_STREAM_PUBLIC_2) || index >= (instruments_n + STREAMS_A_REQUEST - 1) / STREAMS_A_REQUEST)
        return 0;
    const struct slice kind = stream == BOT_STREAM_PUBLIC ? SLICE("@aggTrade") : SLICE("@depth@100ms");
    struct json_out o;
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "method", "SUBSCRIBE");
    bot__jo_array(&o, "params");
    for (uint32_t k = index * STREAMS_A_REQUEST; k < instruments_n && k < (index + 1) * STREAMS_A_REQUEST; k++) {
        char name[BOT_SYMBOL_MAX + 16];
        const bot_symbol *s = &instruments[k];
        for (uint8_t i = 0; i < s->len; i++)
            name[i] = (char)(s->s[i] >= 'A' && s->s[i] <= 'Z' ? s->s[i] - 'A' + 'a' : s->s[i]);
        memcpy(name + s->len, kind.p, kind.len + 1);
        bot__jo_str(&o, NULL, name);
    }
    bot__jo_array_end(&o);
    bot__jo_i64(&o, "id", (int64_t)index + 1);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}

int bot__binance_ws_path(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, const char *listen_key, char *buf,
                         size_t size)
{
    (void)instruments, (void)instruments_n;
    if (size < 1)
        return BOT_ERR_FULL;
    buf[0] = '\0';
    if (stream != BOT_STREAM_PRIVATE)
        return 0;
    if (listen_key == NULL || listen_key[0] == '\0')
        return BOT_ERR_STATE;
    const int n = snprintf(buf, size, "/%s", listen_key);
    return n < 0 || (size_t)n >= size ? BOT_ERR_FULL : n;
}
