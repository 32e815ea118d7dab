/* Binance USD-M: its sockets, who may ask and how often, the table. */
#include <stdio.h>
#include <stdlib.h>

#include "binance_internal.h"

#define ORDERS_10S 300
#define ORDERS_1M 1200
#define BAN_NS (120 * BOT_NS_PER_S)  /* the shortest that the venue gives */
#define OVER_MAX 20                  /* refused requests in a row until the address is banned */
#define MINUTE_NS (60 * BOT_NS_PER_S)
#define MARK_EVERY_NS BOT_NS_PER_S

enum security { OPEN, KEYED, SIGNED };
static const struct {
    const char *method, *path;
    enum security security;
    uint8_t  weight;
    bool     order; /* counts as an order */
} routes[ROUTE_COUNT] = {
    [ROUTE_TIME] = { "GET", "/fapi/v1/time", OPEN, 1, false },
    [ROUTE_INFO] = { "GET", "/fapi/v1/exchangeInfo", OPEN, 1, false },
    [ROUTE_DEPTH] = { "GET", "/fapi/v1/depth", OPEN, 20, false },
    [ROUTE_AGG_TRADES] = { "GET", "/fapi/v1/aggTrades", OPEN, 20, false },
    [ROUTE_POSITIONS] = { "GET", "/fapi/v3/positionRisk", SIGNED, 5, false },
    [ROUTE_POSITIONS_V2] = { "GET", "/fapi/v2/positionRisk", SIGNED, 5, false },
    [ROUTE_TRADES] = { "GET", "/fapi/v1/userTrades", SIGNED, 5, false },
    [ROUTE_OPEN_ORDERS] = { "GET", "/fapi/v1/openOrders", SIGNED, 40, false }, /* 1 with a symbol */
    [ROUTE_ORDER] = { "GET", "/fapi/v1/order", SIGNED, 1, false },
    [ROUTE_BALANCE] = { "GET", "/fapi/v3/balance", SIGNED, 5, false },
    [ROUTE_ACCOUNT] = { "GET", "/fapi/v3/account", SIGNED, 5, false },
    [ROUTE_INCOME] = { "GET", "/fapi/v1/income", SIGNED, 30, false },
    [ROUTE_MODE] = { "GET", "/fapi/v1/positionSide/dual", SIGNED, 30, false },
    [ROUTE_CREATE] = { "POST", "/fapi/v1/order", SIGNED, 0, true },
    [ROUTE_AMEND] = { "PUT", "/fapi/v1/order", SIGNED, 1, true },
    [ROUTE_CANCEL] = { "DELETE", "/fapi/v1/order", SIGNED, 1, false },
    [ROUTE_CANCEL_ALL] = { "DELETE", "/fapi/v1/allOpenOrders", SIGNED, 1, false },
    [ROUTE_MODE_SET] = { "POST", "/fapi/v1/positionSide/dual", SIGNED, 1, false },
    [ROUTE_DEAD_MAN] = { "POST", "/fapi/v1/countdownCancelAll", SIGNED, 10, false },
    [ROUTE_KEY_NEW] = { "POST", "/fapi/v1/listenKey", KEYED, 1, false },
    [ROUTE_KEY_KEEP] = { "PUT", "/fapi/v1/listenKey", KEYED, 1, false },
    [ROUTE_KEY_END] = { "DELETE", "/fapi/v1/listenKey", KEYED, 1, false },
};

static const uint32_t route_faults[ROUTE_COUNT] = {
    [ROUTE_TIME] = FAULT_ON_TIME,           [ROUTE_INFO] = FAULT_ON_INSTRUMENTS,    [ROUTE_DEPTH] = FAULT_ON_BOOK,
    [ROUTE_AGG_TRADES] = FAULT_ON_BOOK,     [ROUTE_POSITIONS] = FAULT_ON_POSITIONS, [ROUTE_POSITIONS_V2] = FAULT_ON_POSITIONS,
    [ROUTE_TRADES] = FAULT_ON_FILLS,        [ROUTE_OPEN_ORDERS] = FAULT_ON_ORDERS,  [ROUTE_ORDER] = FAULT_ON_ORDER,
    [ROUTE_BALANCE] = FAULT_ON_BALANCE,     [ROUTE_ACCOUNT] = FAULT_ON_BALANCE,     [ROUTE_INCOME] = FAULT_ON_FILLS,
    [ROUTE_MODE] = FAULT_ON_MODE,           [ROUTE_CREATE] = FAULT_ON_CREATE,       [ROUTE_AMEND] = FAULT_ON_AMEND,
    [ROUTE_CANCEL] = FAULT_ON_CANCEL,       [ROUTE_CANCEL_ALL] = FAULT_ON_CANCEL_ALL, [ROUTE_MODE_SET] = FAULT_ON_MODE,
    [ROUTE_DEAD_MAN] = FAULT_ON_MODE,       [ROUTE_KEY_NEW] = FAULT_ON_MODE,        [ROUTE_KEY_KEEP] = FAULT_ON_MODE,
    [ROUTE_KEY_END] = FAULT_ON_MODE,
};

static uint32_t route_of(const char *method, const char *path, size_t len)
{
    for (uint32_t i = 0; i < ROUTE_COUNT; i++)
        if (route_is(routes[i].method, routes[i].path, method, path, len)) return i;
    return ROUTE_COUNT;
}

/* Through the engine, which takes a moment; the others are done at once. */
static bool is_write(uint32_t route) { return route >= ROUTE_CREATE && route <= ROUTE_CANCEL_ALL; }

/* ---- answers --------------------------------------------------------------------------------------------------- */

static uint32_t headers(struct simvenue *b, const struct call *c, struct number_header ret[NUMBER_HEADERS_MAX])
{
    (void)b;
    uint32_t n = 0;
    if (c->used_weight >= 0) ret[n++] = (struct number_header){ "X-MBX-USED-WEIGHT-1M", c->used_weight };
    if (c->used_orders_10s >= 0) ret[n++] = (struct number_header){ "X-MBX-ORDER-COUNT-10S", c->used_orders_10s };
    if (c->used_orders_1m >= 0) ret[n++] = (struct number_header){ "X-MBX-ORDER-COUNT-1M", c->used_orders_1m };
    if (c->limit >= 0) ret[n++] = (struct number_header){ "Retry-After", c->limit };
    return n;
}

void bot__simbinance_reply(struct simvenue *b, const struct call *c, const struct reply *r)
{
    if (bot__simvenue_withheld(b, c)) return;
    const bool bad = r->code != 0 || r->body.full;
    char error[400];
    struct text e = bot__text(error, sizeof error);
    if (bad) bot__text_put(&e, "{'code':%d,'msg':'%s'}", (int64_t)(r->code != 0 ? r->code : -1000), r->code != 0 ? r->message : "An unknown error occurred.");
    const struct text *body = bad ? &e : &r->body;
    const int32_t status = !bad ? 200 : r->status != 200 ? r->status : 400;
    if (c->conn == 0) {
        bot__simvenue_answer(b, c, status, false, body->buf, body->len);
        return;
    }
    struct conn *conn = bot__simvenue_conn(b, c->conn);
    if (conn == NULL) return;
    const size_t size = body->len + 256;
    char *whole = b->alloc.alloc(b->alloc.self, size);
    if (whole == NULL) return;
    struct text t = bot__text(whole, size);
    bot__text_put(&t, "{'id':%s,'status':%d,'%s':%s,'rateLimits':[]}", c->req_id, (int64_t)status, bad ? "error" : "result", body->buf);
    bot__simvenue_send(b, conn, b->now + c->answer_delay_ns, t.buf, t.len);
    b->alloc.release(b->alloc.self, whole);
}

static void refuse(struct simvenue *b, const struct call *c, int32_t status, int32_t code, const char *message)
{
    const struct reply r = { .body = bot__text(b->answer, MESSAGE_MAX), .status = status, .code = code, .message = message };
    bot__simbinance_reply(b, c, &r);
}

/* Fault scripts may give the codes of another dialect: what they mean is said here in this one. */
static int32_t error_body(struct simvenue *b, const struct call *c, int32_t status, int32_t code, struct text *t)
{
    (void)b;
    if (code > 0) code = code == 10006 ? -1003 : code == 10002 ? -1021 : code == 10003 || code == 10004 ? -2015 : code == 110001 ? -2011
                         : code == 110007 ? -2019 : code == 10001 ? -1102 : code == 110072 ? -4116 : code == 110094 ? -4164 : -1001;
    if (code == 0) code = status >= 500 ? -1001 : -1000;
    if (status == 200) status = code == -1003 ? 429 : code == -1001 ? 503 : 400;
    const char *message = code == -1003 ? "Too many requests." : code == -1001 ? "Internal error; unable to process your request. Please try again."
                          : "An unknown error occurred while processing the request.";
    if (c->ghost) message = "Unknown error, please check your request or try again later."; /* what was asked may have been done */
    if (c->conn != 0) bot__text_put(t, "{'id':%s,'status':%d,'error':{'code':%d,'msg':'%s'}}", c->req_id, (int64_t)status, (int64_t)code, message);
    else bot__text_put(t, "{'code':%d,'msg':'%s'}", (int64_t)code, message);
    return status;
}

/* ---- limits ---------------------------------------------------------------------------------------------------- */

/* Windows are aligned to the calendar. False after answering. */
static bool allowed(struct simvenue *b, struct call *c, bool named)
{
    struct ip *ip = bot__simvenue_ip(b, c->ip);
    if (ip == NULL) return true;
    char text[160];
    const bool fault_ban = bot__faults_hit(&b->faults, FAULT_REST_BAN, c->route == ROUTE_COUNT ? FAULT_ON_ALL : route_faults[c->route], 0, b->now) != NULL;
    if (fault_ban || b->now < ip->banned_until) {
        const int64_t until = fault_ban ? b->now + BAN_NS : ip->banned_until;
        c->limit = (int32_t)((until - b->now) / BOT_NS_PER_S) + 1;
        snprintf(text, sizeof text, "Way too many requests; IP banned until %lld. Please use the websocket for live updates to avoid bans.",
                 (long long)bot__simvenue_ms(b, until));
        refuse(b, c, 418, -1003, text);
        return false;
    }
    const int64_t minute = b->now / MINUTE_NS;
    if (ip->minute != minute) {
        ip->minute = minute;
        ip->weight = ip->over = 0;
    }
    if (c->route == ROUTE_COUNT) return true;
    const uint32_t weight = c->route == ROUTE_OPEN_ORDERS && named ? 1 : routes[c->route].weight;
    const bool over = ip->weight + weight > b->opt.weight_limit;
    if (!over) ip->weight += weight;
    c->used_weight = (int32_t)ip->weight;
    if (!over && bot__faults_hit(&b->faults, FAULT_REST_LIMIT, route_faults[c->route], c->account, b->now) == NULL) return true;
    b->stats.limited++;
    if (over && ++ip->over > OVER_MAX) {
        ip->banned_until = b->now + BAN_NS;
        b->stats.banned++;
    }
    c->limit = (int32_t)(((minute + 1) * MINUTE_NS - b->now) / BOT_NS_PER_S) + 1;
    snprintf(text, sizeof text, "Too many requests; current limit of IP is %u requests per minute. Please use the websocket for live updates to avoid polling the API.",
             b->opt.weight_limit);
    refuse(b, c, 429, -1003, text);
    return false;
}

static bool order_allowed(struct simvenue *b, struct call *c)
{
    struct client *cl = &b->client[c->account];
    const int64_t minute = b->now / MINUTE_NS, ten = b->now / (10 * BOT_NS_PER_S);
    if (cl->orders_used.minute != minute) cl->orders_used.minute = minute, cl->orders_used.minute_n = 0;
    if (cl->orders_used.ten != ten) cl->orders_used.ten = ten, cl->orders_used.ten_n = 0;
    const bool ok = cl->orders_used.ten_n < ORDERS_10S && cl->orders_used.minute_n < ORDERS_1M;
    cl->orders_used.ten_n += ok;
    cl->orders_used.minute_n += ok;
    c->used_orders_10s = (int32_t)cl->orders_used.ten_n;
    c->used_orders_1m = (int32_t)cl->orders_used.minute_n;
    if (ok) return true;
    b->stats.limited++;
    refuse(b, c, 429, -1015, "Too many new orders.");
    return false;
}

/* ---- who asks -------------------------------------------------------------------------------------------------- */

/* What was signed: the text without its last parameter, the signature. False when that is not there. */
static bool signed_part(struct slice *text, char ret_signature[80])
{
    static const char mark[] = "signature=";
    for (size_t i = 0; i + sizeof mark - 1 <= text->len; i++) {
        if (memcmp(text->p + i, mark, sizeof mark - 1) != 0 || (i > 0 && text->p[i - 1] != '&')) continue;
        const size_t n = text->len - i - (sizeof mark - 1);
        if (n >= 80) return false;
        memcpy(ret_signature, text->p + i + sizeof mark - 1, n);
        ret_signature[n] = '\0';
        text->len = i > 0 ? i - 1 : 0;
        return true;
    }
    return false;
}

/* 0, or the error. The signature counts over query and body without anything between them. */
static int32_t authenticate(struct simvenue *b, struct call *c, const char *key, const struct params *p, const char **ret_message)
{
    c->account = key != NULL ? bot__simvenue_auth(b, key) : 0;
    if (key == NULL) {
        *ret_message = "API-key format invalid.";
        return -2014;
    }
    if (c->account == 0) {
        *ret_message = "Invalid API-key, IP, or permissions for action.";
        return -2015;
    }
    if (routes[c->route].security == KEYED) return 0;
    char stamp[24], window[24], signature[80], expected[65];
    if (!bot__simbinance_param(p, "timestamp", stamp, sizeof stamp)) {
        *ret_message = "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.";
        return -1102;
    }
    const int64_t at = atoll(stamp), room = bot__simbinance_param(p, "recvWindow", window, sizeof window) ? atoll(window) : 5000,
                  now = bot__simvenue_ms(b, b->now);
    if (room > 60000) {
        *ret_message = "recvWindow must be less than 60000.";
        return -1131;
    }
    struct slice parts[2] = { p->query, p->body };
    if (!signed_part(&parts[1], signature) && !signed_part(&parts[0], signature)) {
        *ret_message = "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.";
        return -1102;
    }
    if (at >= now + 1000 || now - at > room) {
        *ret_message = at > now ? "Timestamp for this request was 1000ms ahead of the server's time." : "Timestamp for this request is outside of the recvWindow.";
        return -1021;
    }
    bot__simvenue_hmac(b, c->account, parts, 2, expected);
    if (strcmp(expected, signature) != 0) {
        *ret_message = "Signature for this request is not valid.";
        return -1022;
    }
    if (!b->opt.read_only || strcmp(routes[c->route].method, "GET") == 0) return 0;
    *ret_message = "Invalid API-key, IP, or permissions for action.";
    return -2015;
}

static void http(struct simvenue *b, struct call *call, const char *method, const struct simvenue_header *headers_, uint32_t headers_n,
                 struct slice query, struct slice body)
{
    (void)method;
    struct call c = *call;
    const struct params p = { query, body };
    char symbol[BOT_SYMBOL_MAX + 1];
    if (!allowed(b, &c, bot__simbinance_param(&p, "symbol", symbol, sizeof symbol))) return;
    if (c.route == ROUTE_COUNT) {
        bot__simvenue_error(b, &c, 404, 0, FAULT_BODY_HTML);
        return;
    }
    if (routes[c.route].security != OPEN) {
        const char *message = "";
        const int32_t code = authenticate(b, &c, bot__simvenue_header(headers_, headers_n, "X-MBX-APIKEY"), &p, &message);
        if (code != 0) {
            b->stats.auth_refused++;
            refuse(b, &c, code == -2014 || code == -2015 ? 401 : 400, code, message);
            return;
        }
    }
    if (routes[c.route].order && !order_allowed(b, &c)) return;
    bot__simvenue_dispatch(b, &c, query, body);
}

static void run(struct simvenue *b, const struct call *c, struct slice query, struct slice body)
{
    struct reply r = { .body = bot__text(b->answer, MESSAGE_MAX), .status = 200 };
    const struct params p = { query, body };
    if (c->route < ROUTE_CREATE) bot__simbinance_read(b, c, &p, &r);
    else bot__simbinance_write(b, c, &p, &r);
    bot__simbinance_reply(b, c, &r);
}

/* ---- order entry over a socket --------------------------------------------------------------------------------- */

static const struct { const char *method; enum binance_route route; } methods[] = {
    { "order.place", ROUTE_CREATE }, { "order.modify", ROUTE_AMEND }, { "order.cancel", ROUTE_CANCEL }, { "order.status", ROUTE_ORDER },
    { "account.position", ROUTE_POSITIONS_V2 }, { "v2/account.position", ROUTE_POSITIONS }, { "account.balance", ROUTE_BALANCE },
};

static uint32_t method_of(struct slice message)
{
    char word[32];
    bot__plain(bot__member(message, "method"), word, sizeof word);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(word, methods[i].method) == 0) return methods[i].route;
    return ROUTE_COUNT;
}

/* The parameters as they are signed: in alphabetical order, joined as a query. */
static struct slice flatten(struct simvenue *b, struct slice message)
{
    static const char *const names[] = { "apiKey", "newClientOrderId", "newOrderRespType", "orderId", "origClientOrderId", "positionSide", "price",
                                         "quantity", "recvWindow", "reduceOnly", "side", "signature", "symbol", "timeInForce", "timestamp", "type" };
    const struct slice params = bot__member(message, "params");
    struct text t = bot__text(b->scratch2, MESSAGE_MAX);
    char signature[80] = "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char value[80];
        if (!bot__plain(bot__member(params, names[i]), value, sizeof value) || value[0] == '\0') continue;
        if (strcmp(names[i], "signature") == 0) memcpy(signature, value, strlen(value) + 1);
        else bot__text_put(&t, "%s%s=%s", t.len > 0 ? "&" : "", names[i], value);
    }
    if (signature[0] != '\0') bot__text_put(&t, "&signature=%s", signature);
    return (struct slice){ b->scratch2, t.len };
}

static bool weigh_message(struct simvenue *b, const struct conn *c, struct slice message, uint32_t *ret_route, struct slice *ret_body,
                          uint32_t *ret_account)
{
    char key[KEY_MAX + 1];
    (void)c;
    *ret_route = method_of(message);
    if (*ret_route == ROUTE_COUNT || !bot__plain(bot__member(bot__member(message, "params"), "apiKey"), key, sizeof key)) return false;
    *ret_account = bot__simvenue_auth(b, key);
    *ret_body = flatten(b, message);
    return *ret_account != 0;
}

static void order_entry(struct simvenue *b, struct conn *c, struct slice message)
{
    struct call call = { .ip = c->ip, .conn = c->number, .limit = -1, .used_weight = -1, .used_orders_10s = -1, .used_orders_1m = -1,
                         .route = method_of(message) };
    const struct slice id = bot__member(message, "id");
    if (id.p == NULL || id.len >= sizeof call.req_id) memcpy(call.req_id, "null", 5);
    else {
        memcpy(call.req_id, id.p, id.len);
        call.req_id[id.len] = '\0';
    }
    if (call.route == ROUTE_COUNT) {
        refuse(b, &call, 400, -1000, "Method is not supported.");
        return;
    }
    char key[KEY_MAX + 1] = "";
    bot__plain(bot__member(bot__member(message, "params"), "apiKey"), key, sizeof key);
    const struct params p = { { "", 0 }, flatten(b, message) };
    const char *words = "";
    const int32_t code = authenticate(b, &call, key[0] != '\0' ? key : NULL, &p, &words);
    if (code != 0) {
        b->stats.auth_refused++;
        refuse(b, &call, code == -2014 || code == -2015 ? 401 : 400, code, words);
        return;
    }
    if (!allowed(b, &call, true) || (routes[call.route].order && !order_allowed(b, &call))) return;
    bot__simvenue_dispatch(b, &call, p.query, p.body);
}

/* ---- streams --------------------------------------------------------------------------------------------------- */

/* "btcusdt@aggTrade": what is not served on this address, or not at all, is taken and stays silent, as at the venue. */
static void stream_set(struct simvenue *b, struct conn *c, const char *name, size_t len, bool on)
{
    char symbol[BOT_SYMBOL_MAX + 1] = "";
    const char *at = memchr(name, '@', len);
    const size_t n = at != NULL ? (size_t)(at - name) : 0;
    if (n == 0 || n > BOT_SYMBOL_MAX) return;
    for (size_t i = 0; i < n; i++) symbol[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A') : name[i];
    const int i = bot__exchange_instrument_find(b->x, symbol, n);
    if (i < 0) return;
    const uint32_t bit = 1u << i;
    char kind[24] = "";
    memcpy(kind, at + 1, len - n - 1 < sizeof kind ? len - n - 1 : sizeof kind - 1);
    uint32_t *set = NULL;
    if (c->kind != CONN_PUBLIC && strcmp(kind, "aggTrade") == 0) set = &c->trades;
    else if (c->kind != CONN_PUBLIC && strcmp(kind, "trade") == 0) set = &c->raw;
    else if (c->kind != CONN_PUBLIC && (strcmp(kind, "markPrice") == 0 || strcmp(kind, "markPrice@1s") == 0)) set = &c->marks;
    else if (c->kind != CONN_MARKET && (strcmp(kind, "depth") == 0 || strcmp(kind, "depth@100ms") == 0 || strcmp(kind, "depth@500ms") == 0)) set = &c->book[2];
    if (set == NULL) return;
    *set = on ? *set | bit : *set & ~bit;
    if (set == &c->raw) c->trades = on ? c->trades | bit : c->trades & ~bit;
    struct feed *f = bot__simvenue_feed(b, (uint16_t)i, 2);
    if (set != &c->book[2] || !on || f->told) return;
    bot__simvenue_book_read(b, (uint16_t)i, 2, f); /* the first to ask: from here on the changes are kept */
    f->told = true;
    f->u = 1000000 + (int64_t)(b->opt.seed % 1000);
}

static void subscribe(struct simvenue *b, struct conn *c, struct slice message, bool on)
{
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    char id[24] = "", name[64];
    const struct slice params = bot__member(message, "params");
    struct slice v;
    bot__plain(bot__member(message, "id"), id, sizeof id);
    if (on && bot__faults_hit(&b->faults, FAULT_WS_LIMIT, bot__simvenue_stream(c), c->account, b->now) != NULL) {
        bot__text_put(&t, "{'error':{'code':-1003,'msg':'Too many requests'},'id':%s}", id[0] != '\0' ? id : "null");
        bot__simvenue_say(b, c, &t);
        return;
    }
    for (size_t at = 0; bot__items(params, &at, &v);)
        if (bot__plain(v, name, sizeof name)) stream_set(b, c, name, strlen(name), on);
    bot__text_put(&t, "{'result':null,'id':%s}", id[0] != '\0' ? id : "null");
    bot__simvenue_say(b, c, &t);
}

static void message(struct simvenue *b, struct conn *c, struct slice text)
{
    char method[32];
    if (c->kind == CONN_TRADE) {
        order_entry(b, c, text);
        return;
    }
    bot__plain(bot__member(text, "method"), method, sizeof method);
    if (strcmp(method, "SUBSCRIBE") == 0 || strcmp(method, "UNSUBSCRIBE") == 0) {
        subscribe(b, c, text, method[0] == 'S');
        return;
    }
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    bot__text_put(&t, "{'error':{'code':2,'msg':'Invalid request: unknown method'},'id':null}");
    bot__simvenue_say(b, c, &t);
}

static bool begins(const char *text, const char *with, const char **ret_rest)
{
    const size_t n = strlen(with);
    *ret_rest = text + n;
    return strncmp(text, with, n) == 0;
}

/* An unknown key opens a socket that stays silent. */
static enum conn_kind open_private(struct simvenue *b, struct conn *c, const char *key, size_t len)
{
    for (uint32_t i = 1; i < b->clients_n; i++)
        if (len > 0 && strlen(b->client[i].listen_key) == len && memcmp(b->client[i].listen_key, key, len) == 0) c->account = i;
    c->topics = (1u << TOPICS) - 1;
    return CONN_PRIVATE;
}

static enum conn_kind open_path(struct simvenue *b, struct conn *c, const char *path)
{
    const char *rest, *at;
    enum conn_kind kind = CONN_ANY;
    if (begins(path, "/ws-fapi/v1", &rest)) return CONN_TRADE;
    if (begins(path, "/private", &rest)) kind = CONN_PRIVATE;
    else if (begins(path, "/market", &rest)) kind = CONN_MARKET;
    else if (begins(path, "/public", &rest)) kind = CONN_PUBLIC;
    else rest = path;
    if (begins(rest, "/stream", &at)) c->combined = true;
    else if (!begins(rest, "/ws", &at)) return CONN_FREE;
    const size_t len = strcspn(at, "?");
    char key[80] = "";
    if (at[len] == '?') bot__query((struct slice){ at + len + 1, strlen(at + len + 1) }, kind == CONN_PRIVATE ? "listenKey" : "streams", key, sizeof key);
    if (kind == CONN_PRIVATE) return key[0] != '\0' ? open_private(b, c, key, strlen(key)) : open_private(b, c, at + (len > 0), len > 0 ? len - 1 : 0);
    const char *names = key[0] != '\0' ? key : at[0] == '/' ? at + 1 : "";
    if (kind == CONN_ANY && names[0] != '\0' && strchr(names, '@') == NULL) return open_private(b, c, names, strcspn(names, "?"));
    c->kind = kind; /* the streams of the path are taken as subscribed */
    while (*names != '\0' && *names != '?') {
        const size_t n = strcspn(names, "/?");
        stream_set(b, c, names, n, true);
        names += n + (names[n] == '/');
    }
    return kind;
}

/* ---- things that come due -------------------------------------------------------------------------------------- */

static int64_t next(const struct simvenue *b)
{
    int64_t at = INT64_MAX;
    bool marks = false;
    for (uint32_t a = 1; a < b->clients_n; a++) {
        const struct client *cl = &b->client[a];
        if (cl->listen_key[0] != '\0' && cl->listen_until < at) at = cl->listen_until;
        for (uint16_t i = 0; i < b->instruments_n; i++)
            if (cl->countdown_at[i] != 0 && cl->countdown_at[i] < at) at = cl->countdown_at[i];
    }
    for (uint32_t s = 0; s < b->conns_n; s++) {
        const struct conn *c = &b->conn[s];
        if (c->kind == CONN_FREE) continue;
        marks |= c->marks != 0;
        if (c->opened_at + b->opt.connection_ns < at) at = c->opened_at + b->opt.connection_ns;
    }
    return marks && b->own_at < at ? b->own_at : at;
}

static void step(struct simvenue *b)
{
    for (uint32_t a = 1; a < b->clients_n; a++) {
        struct client *cl = &b->client[a];
        if (cl->listen_key[0] != '\0' && b->now >= cl->listen_until) bot__simbinance_key_expired(b, a);
        for (uint16_t i = 0; i < b->instruments_n; i++) {
            if (cl->countdown_at[i] == 0 || b->now < cl->countdown_at[i]) continue;
            cl->countdown_at[i] = 0;
            bot__exchange_cancel_all(b->x, b->now, a, i);
        }
    }
    for (uint32_t s = 0; s < b->conns_n; s++)
        if (b->conn[s].kind != CONN_FREE && b->now - b->conn[s].opened_at >= b->opt.connection_ns) bot__simvenue_close(b, &b->conn[s], "24 hours");
    if (b->now >= b->own_at) {
        b->own_at = b->now / MARK_EVERY_NS * MARK_EVERY_NS + MARK_EVERY_NS;
        bot__simbinance_marks(b);
    }
}

static bool key_end(struct simvenue *b, uint32_t account, bool told, bool deaf)
{
    struct client *cl = &b->client[account];
    if (cl->listen_key[0] == '\0') return false;
    for (uint32_t s = 0; s < b->conns_n && !told; s++) {
        struct conn *c = &b->conn[s];
        if (c->kind != CONN_PRIVATE || c->account != account) continue;
        if (!deaf) bot__simvenue_close(b, c, "listen key deleted");
        else c->account = 0, b->watched--;
    }
    bot__simbinance_key_expired(b, account);
    if (deaf) bot__simbinance_key_make(b, account);
    return true;
}

const struct dialect bot__simbinance_dialect = {
    .name = "binance-usdm",
    .title = "Binance USD-M",
    .private_path = "/private/ws",
    .public_path = "/market/ws",
    .trade_path = "/ws-fapi/v1",
    .key_header = "X-MBX-APIKEY",
    .route_faults = route_faults,
    .routes_n = ROUTE_COUNT,
    .book_every_ns = { 0, 0, 100 * BOT_NS_PER_MS },
    .side_keys = { "b", "a" },
    .level_end = "",
    .route = route_of,
    .is_write = is_write,
    .open = open_path,
    .message = message,
    .http = http,
    .run = run,
    .error_body = error_body,
    .weigh = bot__simbinance_weigh,
    .weigh_message = weigh_message,
    .headers = headers,
    .trades = bot__simbinance_trades,
    .rows = bot__simbinance_rows,
    .book = bot__simbinance_book,
    .next = next,
    .step = step,
    .key_end = key_end,
};
