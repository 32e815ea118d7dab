/* OKX v5: its sockets, who may ask and how often, the table. */
#include <stdio.h>
#include <stdlib.h>

#include "base/sign.h"
#include "base/time_text.h"
#include "okx_internal.h"

#define SIGNED_FOR_MS 30000
#define WINDOW_NS (2 * BOT_NS_PER_S)
#define PUBLIC_MAX 20                        /* of an address in a window */
#define IDLE_NS (30 * BOT_NS_PER_S)          /* a socket that says nothing for so long is closed */
#define REPEAT_NS (5 * BOT_NS_PER_S)         /* positions are told again */
#define PASSPHRASE "paper"

static const struct {
    const char *method, *path;
    bool        open;
    uint8_t     group, max; /* of a key in a window; groups share */
} routes[ROUTE_COUNT] = {
    [ROUTE_TIME] = { "GET", "/api/v5/public/time", true, 0, 0 },
    [ROUTE_INSTRUMENTS] = { "GET", "/api/v5/public/instruments", true, 0, 0 },
    [ROUTE_BOOK] = { "GET", "/api/v5/market/books", true, 0, 0 },
    [ROUTE_PUBLIC_TRADES] = { "GET", "/api/v5/market/trades", true, 0, 0 },
    [ROUTE_STATUS] = { "GET", "/api/v5/system/status", true, 0, 0 },
    [ROUTE_POSITIONS] = { "GET", "/api/v5/account/positions", false, LIMIT_POSITIONS, 10 },
    [ROUTE_FILLS] = { "GET", "/api/v5/trade/fills", false, LIMIT_EXECUTIONS, 60 },
    [ROUTE_FILLS_HISTORY] = { "GET", "/api/v5/trade/fills-history", false, LIMIT_EXECUTIONS, 60 },
    [ROUTE_OPEN_ORDERS] = { "GET", "/api/v5/trade/orders-pending", false, LIMIT_ORDERS, 60 },
    [ROUTE_ORDER] = { "GET", "/api/v5/trade/order", false, LIMIT_ORDERS, 60 },
    [ROUTE_BALANCE] = { "GET", "/api/v5/account/balance", false, LIMIT_WALLET, 10 },
    [ROUTE_CONFIG] = { "GET", "/api/v5/account/config", false, LIMIT_WALLET, 10 },
    [ROUTE_BILLS] = { "GET", "/api/v5/account/bills", false, LIMIT_WALLET, 10 },
    [ROUTE_CREATE] = { "POST", "/api/v5/trade/order", false, LIMIT_CREATE, 60 },
    [ROUTE_AMEND] = { "POST", "/api/v5/trade/amend-order", false, LIMIT_AMEND, 60 },
    [ROUTE_CANCEL] = { "POST", "/api/v5/trade/cancel-order", false, LIMIT_CANCEL, 60 },
    [ROUTE_CANCEL_BATCH] = { "POST", "/api/v5/trade/cancel-batch-orders", false, LIMIT_CANCEL, 60 },
    [ROUTE_DEAD_MAN] = { "POST", "/api/v5/trade/cancel-all-after", false, LIMIT_CANCEL_ALL, 2 },
    [ROUTE_MODE_SET] = { "POST", "/api/v5/account/set-position-mode", false, LIMIT_WALLET, 10 },
};

static const uint32_t route_faults[ROUTE_COUNT] = {
    [ROUTE_TIME] = FAULT_ON_TIME,           [ROUTE_INSTRUMENTS] = FAULT_ON_INSTRUMENTS, [ROUTE_BOOK] = FAULT_ON_BOOK,
    [ROUTE_PUBLIC_TRADES] = FAULT_ON_BOOK,  [ROUTE_STATUS] = FAULT_ON_TIME,             [ROUTE_POSITIONS] = FAULT_ON_POSITIONS,
    [ROUTE_FILLS] = FAULT_ON_FILLS,         [ROUTE_FILLS_HISTORY] = FAULT_ON_FILLS,     [ROUTE_OPEN_ORDERS] = FAULT_ON_ORDERS,
    [ROUTE_ORDER] = FAULT_ON_ORDER,         [ROUTE_BALANCE] = FAULT_ON_BALANCE,         [ROUTE_CONFIG] = FAULT_ON_MODE,
    [ROUTE_BILLS] = FAULT_ON_FILLS,         [ROUTE_CREATE] = FAULT_ON_CREATE,           [ROUTE_AMEND] = FAULT_ON_AMEND,
    [ROUTE_CANCEL] = FAULT_ON_CANCEL,       [ROUTE_CANCEL_BATCH] = FAULT_ON_CANCEL,     [ROUTE_DEAD_MAN] = FAULT_ON_MODE,
    [ROUTE_MODE_SET] = FAULT_ON_MODE,
};

static uint32_t route_of(const char *method, const char *path, size_t len)
{
    for (uint32_t i = 0; i < ROUTE_COUNT; i++)
        if (route_is(routes[i].method, routes[i].path, method, path, len)) return i;
    return ROUTE_COUNT;
}

/* Through the engine, which takes a moment; the others are done at once. */
static bool is_write(uint32_t route) { return route >= ROUTE_CREATE && route <= ROUTE_CANCEL_BATCH; }

/* ---- answers --------------------------------------------------------------------------------------------------- */

static void reply(struct simvenue *b, const struct call *c, const struct reply *r)
{
    if (bot__simvenue_withheld(b, c)) return;
    const bool bad = r->code != 0 || r->data.full;
    const int64_t code = r->code != 0 ? r->code : r->data.full ? 50026 : r->failed == 0 ? 0 : r->done == 0 ? 1 : 2;
    const char *words = r->code != 0 ? r->message : code == 1 ? "All operations failed" : code == 2 ? "Bulk operation partially succeeded." : "";
    const size_t size = r->data.len + 512;
    char *whole = b->alloc.alloc(b->alloc.self, size);
    if (whole == NULL) return;
    struct text t = bot__text(whole, size);
    const int64_t us = bot__simvenue_ms(b, b->now) * 1000;
    bot__text_put(&t, "{'code':'%d','data':[%s],'msg':'%s'", code, bad || r->data.len == 0 ? "" : r->data.buf, words);
    if (is_write(c->route)) bot__text_put(&t, ",'inTime':'%d','outTime':'%d'", us, us + 120);
    bot__text_put(&t, "}");
    bot__simvenue_answer(b, c, r->status, false, t.buf, t.len);
    b->alloc.release(b->alloc.self, whole);
}

static void refuse(struct simvenue *b, const struct call *c, int32_t status, int32_t code, const char *message)
{
    const struct reply r = { .data = bot__text(b->answer, MESSAGE_MAX), .status = status, .code = code, .message = message };
    reply(b, c, &r);
}

/* Fault scripts may give the codes of another dialect: what they mean is said here in this one. */
static int32_t in_this_dialect(int32_t code, int32_t status)
{
    static const struct { int32_t from, to; } codes[] = {
        { 10006, 50011 }, { 10002, 50102 }, { 10003, 50111 }, { 10004, 50113 }, { 10001, 51000 }, { 10016, 50026 },  { 110001, 51603 },
        { 110007, 51008 }, { 110072, 51016 }, { 110094, 51020 }, { -1003, 50011 }, { -1021, 50102 }, { -2011, 51603 }, { -2019, 51008 },
    };
    if (code == 0) return status >= 500 ? 50013 : status == 429 ? 50011 : 50026;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].from == code) return codes[i].to;
    return code >= 50000 && code < 70000 ? code : 50026;
}

/* What is wrong with an order stands in its row, what is wrong with the request in front. */
static int32_t error_body(struct simvenue *b, const struct call *c, int32_t status, int32_t code, struct text *t)
{
    code = in_this_dialect(code, status);
    const char *words = code == 50011 ? "Rate limit reached. Please refer to API documentation and throttle requests accordingly."
                        : code == 50013 ? "Systems are busy. Please try again later." : code == 50026 ? "System error. Try again later." : "Operation failed.";
    const bool of_row = is_write(c->route) && code >= 51000 && code < 52000;
    if (of_row) bot__text_put(t, "{'code':'1','data':[{'clOrdId':'','ordId':'','sCode':'%d','sMsg':'%s','tag':'','ts':'%d'}],'msg':'All operations failed'}",
                              (int64_t)code, words, bot__simvenue_ms(b, b->now));
    else bot__text_put(t, "{'code':'%d','data':[],'msg':'%s'}", (int64_t)code, words);
    return status == 200 && code == 50011 ? 429 : status;
}

/* ---- limits ---------------------------------------------------------------------------------------------------- */

/* Rolling windows; one of an address for what is public, else of a key. */
static bool within(struct simvenue *b, const struct call *c)
{
    if (c->account == 0) {
        struct ip *ip = bot__simvenue_ip(b, c->ip);
        if (ip == NULL) return true;
        if (ip->n >= PUBLIC_MAX && b->now - ip->at[(ip->n - PUBLIC_MAX) % b->opt.ip_limit] < WINDOW_NS) return false;
        ip->at[ip->n++ % b->opt.ip_limit] = b->now;
        return true;
    }
    struct limit *l = &b->client[c->account].limit[routes[c->route].group];
    const uint32_t max = routes[c->route].max;
    if (l->n >= max && b->now - l->at[(l->n - max) % LIMIT_RING] < WINDOW_NS) return false;
    l->at[l->n++ % LIMIT_RING] = b->now;
    return true;
}

/* False after answering. */
static bool allowed(struct simvenue *b, const struct call *c)
{
    const bool banned = bot__faults_hit(&b->faults, FAULT_REST_BAN, route_faults[c->route], 0, b->now) != NULL;
    if (!banned && bot__faults_hit(&b->faults, FAULT_REST_LIMIT, route_faults[c->route], c->account, b->now) == NULL && within(b, c)) return true;
    b->stats.limited++;
    b->stats.banned += banned;
    refuse(b, c, 429, 50011, "Rate limit reached. Please refer to API documentation and throttle requests accordingly.");
    return false;
}

/* ---- who asks -------------------------------------------------------------------------------------------------- */

static void expected_sign(struct simvenue *b, uint32_t account, const struct slice *parts, uint32_t n, char ret[48])
{
    char hex[65];
    uint8_t mac[32];
    bot__simvenue_hmac(b, account, parts, n, hex);
    for (size_t i = 0; i < sizeof mac; i++) {
        unsigned byte;
        (void)sscanf(hex + 2 * i, "%2x", &byte);
        mac[i] = (uint8_t)byte;
    }
    bot__base64(mac, sizeof mac, ret);
}

/* 0, or the error. Signed are time, method, path with query, and body. */
static int32_t authenticate(struct simvenue *b, struct call *c, const struct simvenue_header *h, uint32_t n, struct slice query, struct slice body,
                            const char **ret_message)
{
    static const struct { const char *name; int32_t code; const char *message; } wanted[] = {
        { "OK-ACCESS-KEY", 50103, "Request header OK-ACCESS-KEY can't be empty." },
        { "OK-ACCESS-SIGN", 50106, "Request header OK-ACCESS-SIGN can't be empty." },
        { "OK-ACCESS-TIMESTAMP", 50107, "Request header OK-ACCESS-TIMESTAMP can't be empty." },
        { "OK-ACCESS-PASSPHRASE", 50104, "Request header OK-ACCESS-PASSPHRASE can't be empty." },
    };
    const char *given[4];
    for (size_t i = 0; i < 4; i++) {
        *ret_message = wanted[i].message;
        if ((given[i] = bot__simvenue_header(h, n, wanted[i].name)) == NULL) return wanted[i].code;
    }
    const char *key = given[0], *sign = given[1], *stamp = given[2], *phrase = given[3];
    char expected[48];
    int64_t at;
    c->account = bot__simvenue_auth(b, key);
    *ret_message = "Invalid OK-ACCESS-KEY.";
    if (c->account == 0) return 50111;
    *ret_message = "Invalid OK-ACCESS-TIMESTAMP.";
    if (bot__iso_parse(stamp, strlen(stamp), &at) != BOT_OK) return 50112;
    *ret_message = "Timestamp request expired.";
    if (llabs((long long)(bot__simvenue_ms(b, b->now) - at / BOT_NS_PER_MS)) > SIGNED_FOR_MS) return 50102;
    *ret_message = "Request header OK-ACCESS-PASSPHRASE incorrect.";
    if (strcmp(phrase, PASSPHRASE) != 0) return 50105;
    struct text path = bot__text(b->scratch2, MESSAGE_MAX);
    bot__text_put(&path, "%s%s", routes[c->route].path, query.len > 0 ? "?" : "");
    if (path.size - path.len > query.len) {
        memcpy(path.buf + path.len, query.p, query.len);
        path.len += query.len;
    }
    const struct slice parts[] = { { stamp, strlen(stamp) }, { routes[c->route].method, strlen(routes[c->route].method) }, { path.buf, path.len }, body };
    expected_sign(b, c->account, parts, 4, expected);
    *ret_message = "Invalid Sign";
    if (strcmp(expected, sign) != 0) return 50113;
    *ret_message = "Your API key doesn't have permission to use this function.";
    return b->opt.read_only && strcmp(routes[c->route].method, "GET") != 0 ? 50120 : 0;
}

static void http(struct simvenue *b, struct call *call, const char *method, const struct simvenue_header *h, uint32_t n, struct slice query, struct slice body)
{
    (void)method;
    struct call c = *call;
    char deadline[40];
    if (c.route == ROUTE_COUNT) {
        bot__simvenue_error(b, &c, 404, 0, FAULT_BODY_HTML);
        return;
    }
    if (!routes[c.route].open) {
        const char *message = "";
        const int32_t code = authenticate(b, &c, h, n, query, body, &message);
        if (code != 0) {
            b->stats.auth_refused++;
            refuse(b, &c, 401, code, message);
            return;
        }
    }
    if (!allowed(b, &c)) return;
    const char *until = bot__simvenue_header(h, n, "expTime");
    if (until != NULL && is_write(c.route)) { /* goes with it, in the query that such requests do not have */
        const int len = snprintf(deadline, sizeof deadline, "expTime=%s", until);
        query = (struct slice){ deadline, len > 0 && (size_t)len < sizeof deadline ? (size_t)len : 0 };
    }
    bot__simvenue_dispatch(b, &c, query, body);
}

static void run(struct simvenue *b, const struct call *c, struct slice query, struct slice body)
{
    struct reply r = { .data = bot__text(b->answer, MESSAGE_MAX), .status = 200 };
    if (c->route < ROUTE_CREATE) bot__simokx_read(b, c, query, &r);
    else bot__simokx_write(b, c, query, body, &r);
    reply(b, c, &r);
}

/* ---- sockets --------------------------------------------------------------------------------------------------- */

static void event(struct simvenue *b, struct conn *c, const char *name, int32_t code, const char *words)
{
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    bot__text_put(&t, "{'event':'%s','code':'%d','msg':'%s','connId':'%s'}", name, (int64_t)code, words, c->id);
    bot__simvenue_say(b, c, &t);
}

static void login(struct simvenue *b, struct conn *c, struct slice message)
{
    struct slice v = { NULL, 0 };
    size_t at = 0;
    char key[KEY_MAX + 1] = "", stamp[24] = "", sign[80] = "", phrase[64] = "", expected[48];
    bot__items(bot__member(message, "args"), &at, &v);
    const bool whole = bot__plain(bot__member(v, "apiKey"), key, sizeof key) && bot__plain(bot__member(v, "timestamp"), stamp, sizeof stamp) &&
                       bot__plain(bot__member(v, "sign"), sign, sizeof sign) && bot__plain(bot__member(v, "passphrase"), phrase, sizeof phrase);
    const uint32_t account = bot__simvenue_auth(b, key);
    int32_t code = 0;
    const char *words = "";
    if (!whole) code = 60013, words = "Invalid args";
    else if (bot__faults_hit(&b->faults, FAULT_WS_NOAUTH, bot__simvenue_stream(c), account, b->now) != NULL) code = 63999, words = "Login failed due to internal error. Please try again later.";
    else if (account == 0) code = 60005, words = "Invalid apiKey";
    else if (llabs((long long)(bot__simvenue_ms(b, b->now) - atoll(stamp) * 1000)) > SIGNED_FOR_MS + 1000) code = 60006, words = "Timestamp request expired";
    else if (strcmp(phrase, PASSPHRASE) != 0) code = 60024, words = "Wrong passphrase";
    else {
        const struct slice parts[] = { { stamp, strlen(stamp) }, SLICE("GET/users/self/verify") };
        expected_sign(b, account, parts, 2, expected);
        if (strcmp(expected, sign) != 0) code = 60007, words = "Invalid sign";
    }
    b->stats.auth_refused += code != 0;
    if (code == 0 && c->account == 0) {
        c->account = account;
        b->watched += c->kind == CONN_PRIVATE;
    }
    event(b, c, code == 0 ? "login" : "error", code, words);
}

static void book_set(struct simvenue *b, struct conn *c, uint16_t i, bool on)
{
    struct feed *f = bot__simvenue_feed(b, i, 2);
    c->book[2] &= ~(1u << i);
    if (!on) return;
    if (f->told) {
        const bool scheduled = f->scheduled;
        bot__simokx_book(b, i, 2); /* the others' next message begins where this one's snapshot ends */
        f->scheduled = scheduled;
    } else {
        bot__simvenue_book_read(b, i, 2, f);
        f->told = true;
        f->u = 1000000 + (int64_t)(b->opt.seed % 1000);
    }
    c->book[2] |= 1u << i;
    bot__simokx_book_snapshot(b, c, i);
}

/* One channel. What it has to tell at once comes behind the acknowledgement. */
static void subscribe(struct simvenue *b, struct conn *c, struct slice arg, bool on)
{
    char channel[32] = "", name[BOT_SYMBOL_MAX + 1] = "", text[160];
    bot__plain(bot__member(arg, "channel"), channel, sizeof channel);
    bot__plain(bot__member(arg, "instId"), name, sizeof name);
    const int i = name[0] != '\0' ? bot__exchange_instrument_find(b->x, name, strlen(name)) : -1;
    const bool orders = strcmp(channel, "orders") == 0, positions = strcmp(channel, "positions") == 0, balance = strcmp(channel, "balance_and_position") == 0;
    const bool trades = strcmp(channel, "trades") == 0, books = strcmp(channel, "books") == 0;
    if (on && bot__faults_hit(&b->faults, FAULT_WS_LIMIT, bot__simvenue_stream(c), c->account, b->now) != NULL) {
        event(b, c, "error", 60014, "Requests too frequent");
        return;
    }
    if ((orders || positions || balance) ? c->kind != CONN_PRIVATE : !(trades || books) || c->kind != CONN_MARKET) {
        event(b, c, "error", 60018, "Wrong URL or channel doesn't exist.");
        return;
    }
    if (c->kind == CONN_PRIVATE && c->account == 0) {
        event(b, c, "error", 60011, "Please log in");
        return;
    }
    if ((trades || books) && i < 0) {
        snprintf(text, sizeof text, "Wrong URL or channel:%s,instId:%s doesn't exist.", channel, name);
        event(b, c, "error", 60018, text);
        return;
    }
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    bot__text_put(&t, "{'event':'%s','arg':", on ? "subscribe" : "unsubscribe");
    if (t.size - t.len > arg.len) {
        memcpy(t.buf + t.len, arg.p, arg.len);
        t.len += arg.len;
    }
    bot__text_put(&t, ",'connId':'%s'}", c->id);
    bot__simvenue_say(b, c, &t);
    const uint32_t topics = orders ? 1u << TOPIC_EXECUTION | 1u << TOPIC_ORDER : positions ? 1u << TOPIC_POSITION : balance ? 1u << TOPIC_WALLET : 0;
    c->topics = on ? c->topics | topics : c->topics & ~topics;
    if (trades) c->trades = on ? c->trades | 1u << i : c->trades & ~(1u << i);
    if (books) book_set(b, c, (uint16_t)i, on);
    if (positions && on) bot__simokx_positions(b, c, true);
    if (balance && on) bot__simokx_balance(b, c);
}

/* Orders over the socket name their instrument by a number that is not listed anywhere (instIdCode): they are refused, as the venue refuses ours. */
static bool moves_orders(const char *op)
{
    static const char *const ops[] = { "order", "batch-orders", "amend-order", "batch-amend-orders", "cancel-order", "batch-cancel-orders", "mass-cancel" };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(op, ops[i]) == 0) return true;
    return false;
}

static void refuse_order(struct simvenue *b, struct conn *c, struct slice message, const char *op)
{
    char id[REQ_ID_MAX + 1] = "";
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    bot__plain(bot__member(message, "id"), id, sizeof id);
    bot__text_put(&t, "{'id':'%s','op':'%s','code':'%d','msg':'%s','data':[]}", id, op, (int64_t)(c->account == 0 ? 60011 : 50014),
                  c->account == 0 ? "Please log in" : "Parameter instIdCode can not be empty.");
    bot__simvenue_say(b, c, &t);
}

static void message(struct simvenue *b, struct conn *c, struct slice text)
{
    char op[32] = "";
    struct slice v;
    if (text.len == 4 && memcmp(text.p, "ping", 4) == 0) {
        bot__simvenue_send(b, c, b->now, "pong", 4);
        return;
    }
    bot__plain(bot__member(text, "op"), op, sizeof op);
    if (c->kind == CONN_PRIVATE && moves_orders(op)) {
        refuse_order(b, c, text, op);
    } else if (strcmp(op, "login") == 0) {
        login(b, c, text);
    } else if (strcmp(op, "subscribe") == 0 || strcmp(op, "unsubscribe") == 0) {
        for (size_t at = 0; bot__items(bot__member(text, "args"), &at, &v);) subscribe(b, c, v, op[0] == 's');
    } else {
        event(b, c, "error", 60012, "Invalid request");
    }
}

static enum conn_kind open_path(struct simvenue *b, struct conn *c, const char *path)
{
    (void)b;
    c->life_max_ns = IDLE_NS;
    return strcmp(path, "/ws/v5/private") == 0 ? CONN_PRIVATE : strcmp(path, "/ws/v5/public") == 0 ? CONN_MARKET : CONN_FREE;
}

/* ---- things that come due -------------------------------------------------------------------------------------- */

static bool has_positions(const struct conn *c) { return c->kind == CONN_PRIVATE && c->account != 0 && (c->topics >> TOPIC_POSITION & 1) != 0; }

static int64_t next(const struct simvenue *b)
{
    int64_t at = INT64_MAX;
    for (uint32_t a = 1; a < b->clients_n; a++)
        if (b->client[a].countdown_at[0] != 0 && b->client[a].countdown_at[0] < at) at = b->client[a].countdown_at[0];
    for (uint32_t s = 0; s < b->conns_n && b->own_at < at; s++)
        if (has_positions(&b->conn[s])) at = b->own_at;
    return at;
}

static void step(struct simvenue *b)
{
    for (uint32_t a = 1; a < b->clients_n; a++) {
        if (b->client[a].countdown_at[0] == 0 || b->now < b->client[a].countdown_at[0]) continue;
        b->client[a].countdown_at[0] = 0;
        for (uint16_t i = 0; i < b->instruments_n; i++) bot__exchange_cancel_all(b->x, b->now, a, i);
    }
    if (b->now < b->own_at) return;
    b->own_at = b->now / REPEAT_NS * REPEAT_NS + REPEAT_NS;
    for (uint32_t s = 0; s < b->conns_n; s++)
        if (has_positions(&b->conn[s])) bot__simokx_positions(b, &b->conn[s], false);
}

static void name_as_swap(struct exchange_instrument *in)
{
    char name[BOT_SYMBOL_MAX + 1];
    const int len = snprintf(name, sizeof name, "%s-%s-SWAP", in->base.s, in->quote.s);
    if (len > 0 && len <= BOT_SYMBOL_MAX) bot__symbol_set(&in->symbol, name, (size_t)len);
}

const struct dialect bot__simokx_dialect = {
    .name = "okx",
    .title = "OKX v5",
    .private_path = "/ws/v5/private",
    .public_path = "/ws/v5/public",
    .trade_path = "/ws/v5/private",
    .key_header = "OK-ACCESS-KEY",
    .passphrase = PASSPHRASE,
    .rename = name_as_swap,
    .route_faults = route_faults,
    .routes_n = ROUTE_COUNT,
    .book_every_ns = { 0, 0, 100 * BOT_NS_PER_MS },
    .side_keys = { "bids", "asks" },
    .level_end = ",\"0\",\"1\"",
    .inverse = true,
    .orders_move_positions = true,
    .route = route_of,
    .is_write = is_write,
    .open = open_path,
    .message = message,
    .http = http,
    .run = run,
    .error_body = error_body,
    .weigh = bot__simokx_weigh,
    .trades = bot__simokx_trades,
    .rows = bot__simokx_rows,
    .book = bot__simokx_book,
    .next = next,
    .step = step,
};
