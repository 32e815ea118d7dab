/* REST: who may ask, how often, what goes wrong on the way, and the reads. */
#include <stdio.h>
#include <stdlib.h>

#include "bybit_internal.h"

struct route {
    const char *method, *path;
    uint32_t fault;
    uint8_t  group;
    bool     is_private;
};
static const struct route routes[ROUTE_COUNT] = {
    [ROUTE_TIME] = { "GET", "/v5/market/time", FAULT_ON_TIME, LIMIT_NONE, false },
    [ROUTE_INSTRUMENTS] = { "GET", "/v5/market/instruments-info", FAULT_ON_INSTRUMENTS, LIMIT_NONE, false },
    [ROUTE_TICKERS] = { "GET", "/v5/market/tickers", FAULT_ON_BOOK, LIMIT_NONE, false },
    [ROUTE_ORDERBOOK] = { "GET", "/v5/market/orderbook", FAULT_ON_BOOK, LIMIT_NONE, false },
    [ROUTE_RECENT_TRADE] = { "GET", "/v5/market/recent-trade", FAULT_ON_BOOK, LIMIT_NONE, false },
    [ROUTE_POSITIONS] = { "GET", "/v5/position/list", FAULT_ON_POSITIONS, LIMIT_POSITIONS, true },
    [ROUTE_EXECUTIONS] = { "GET", "/v5/execution/list", FAULT_ON_FILLS, LIMIT_EXECUTIONS, true },
    [ROUTE_REALTIME] = { "GET", "/v5/order/realtime", FAULT_ON_ORDERS, LIMIT_ORDERS, true },
    [ROUTE_HISTORY] = { "GET", "/v5/order/history", FAULT_ON_ORDER, LIMIT_ORDERS, true },
    [ROUTE_WALLET] = { "GET", "/v5/account/wallet-balance", FAULT_ON_BALANCE, LIMIT_WALLET, true },
    [ROUTE_ACCOUNT_INFO] = { "GET", "/v5/account/info", FAULT_ON_MODE, LIMIT_WALLET, true },
    [ROUTE_API_KEY] = { "GET", "/v5/user/query-api", FAULT_ON_MODE, LIMIT_WALLET, true },
    [ROUTE_CREATE] = { "POST", "/v5/order/create", FAULT_ON_CREATE, LIMIT_CREATE, true },
    [ROUTE_AMEND] = { "POST", "/v5/order/amend", FAULT_ON_AMEND, LIMIT_AMEND, true },
    [ROUTE_CANCEL] = { "POST", "/v5/order/cancel", FAULT_ON_CANCEL, LIMIT_CANCEL, true },
    [ROUTE_CANCEL_ALL] = { "POST", "/v5/order/cancel-all", FAULT_ON_CANCEL_ALL, LIMIT_CANCEL_ALL, true },
    [ROUTE_CREATE_BATCH] = { "POST", "/v5/order/create-batch", FAULT_ON_CREATE, LIMIT_CREATE, true },
    [ROUTE_AMEND_BATCH] = { "POST", "/v5/order/amend-batch", FAULT_ON_AMEND, LIMIT_AMEND, true },
    [ROUTE_CANCEL_BATCH] = { "POST", "/v5/order/cancel-batch", FAULT_ON_CANCEL, LIMIT_CANCEL, true },
    [ROUTE_SWITCH_MODE] = { "POST", "/v5/position/switch-mode", FAULT_ON_MODE, LIMIT_POSITIONS, true },
    [ROUTE_LEVERAGE] = { "POST", "/v5/position/set-leverage", FAULT_ON_MODE, LIMIT_POSITIONS, true },
    [ROUTE_DEAD_MAN] = { "POST", "/v5/order/disconnected-cancel-all", FAULT_ON_MODE, LIMIT_CANCEL_ALL, true },
};

/* ---- answers --------------------------------------------------------------------------------------------------- */

static void answer_later(struct simbybit *b, const struct call *c, int32_t status, bool html, const char *body, size_t len)
{
    struct stored_answer head = { .status = status, .html = html, .limit = c->limit, .limit_left = c->limit_left,
                                  .limit_reset_ms = c->limit_reset_ms };
    struct sim_item *item = bot__sim_item_new(&b->queue, ITEM_ANSWER, sizeof head + len);
    if (item == NULL) return;
    memcpy(item->bytes, &head, sizeof head);
    memcpy(item->bytes + sizeof head, body, len);
    item->c = c->request;
    if (!bot__sim_queue_push(&b->queue, b->now + c->answer_delay_ns, item)) bot__sim_item_free(&b->queue, item);
}

static const char html_page[] = "<html>\r\n<head><title>%d</title></head>\r\n<body>\r\n<center><h1>%d</h1></center>\r\n<hr><center>edge"
                                "</center>\r\n</body>\r\n</html>\r\n";

/* The error that a fault wants, in its form. */
static void answer_error(struct simbybit *b, const struct call *c, int32_t status, int32_t code, enum fault_body body)
{
    char page[512] = "";
    size_t len = 0;
    if (body == FAULT_BODY_HTML) len = (size_t)snprintf(page, sizeof page, html_page, status, status);
    else if (body != FAULT_BODY_EMPTY) {
        struct text t = bot__text(page, sizeof page);
        bot__text_put(&t, "{'retCode':%d,'retMsg':'%s','result':{},'retExtInfo':{},'time':%d}", (int64_t)code,
                      code == 0 ? "OK" : code == 10006 ? "Too many visits. Exceeded the API Rate Limit." : "Server error, please try again later.",
                      bot__simbybit_ms(b, b->now));
        len = body == FAULT_BODY_CUT ? t.len / 2 : t.len;
    }
    if (c->conn != 0) { /* an order-entry socket has no status and no HTML */
        struct conn *conn = bot__simbybit_conn(b, c->conn);
        struct text t = bot__text(page, sizeof page);
        page[0] = '\0';
        bot__text_put(&t, "{'reqId':'%s','retCode':%d,'retMsg':'Server error','op':'order.create','data':{},'connId':'%s'}", c->req_id,
                      (int64_t)(code != 0 ? code : 10016), conn != NULL ? conn->id : "");
        if (conn != NULL) bot__simbybit_send(b, conn, b->now + c->answer_delay_ns, t.buf, t.len);
        return;
    }
    answer_later(b, c, status, body == FAULT_BODY_HTML, page, len);
}

static const char *op_of(enum route_id route)
{
    switch (route) {
    case ROUTE_AMEND: return "order.amend";
    case ROUTE_CANCEL: return "order.cancel";
    case ROUTE_CREATE_BATCH: return "order.create-batch";
    case ROUTE_AMEND_BATCH: return "order.amend-batch";
    case ROUTE_CANCEL_BATCH: return "order.cancel-batch";
    default: return "order.create";
    }
}

void bot__simbybit_reply(struct simbybit *b, const struct call *c, const struct reply *r)
{
    if (c->silent) {
        b->stats.hung++;
        return;
    }
    if (c->ghost) {
        answer_error(b, c, c->status, c->code, c->body);
        return;
    }
    static const char empty[] = "{}";
    const char *result = r->code == 0 && r->result.len > 0 && !r->result.full ? r->result.buf : empty;
    const char *extra = r->extra.len > 0 && !r->extra.full ? r->extra.buf : empty;
    const size_t size = strlen(result) + strlen(extra) + strlen(r->message) + 512;
    char *whole = b->alloc.alloc(b->alloc.self, size);
    if (whole == NULL) return;
    struct text t = bot__text(whole, size);
    if (c->conn != 0) {
        struct conn *conn = bot__simbybit_conn(b, c->conn);
        bot__text_put(&t, "{'reqId':'%s','retCode':%d,'retMsg':'%s','op':'%s','data':%s,'retExtInfo':%s,", c->req_id, (int64_t)r->code,
                      r->message, op_of(c->route), result, extra);
        if (c->limit >= 0)
            bot__text_put(&t, "'header':{'X-Bapi-Limit':'%d','X-Bapi-Limit-Status':'%d','X-Bapi-Limit-Reset-Timestamp':'%d','Timenow':'%d'},",
                          (int64_t)c->limit, (int64_t)c->limit_left, c->limit_reset_ms, bot__simbybit_ms(b, b->now));
        bot__text_put(&t, "'connId':'%s'}", conn != NULL ? conn->id : "");
        if (conn != NULL) bot__simbybit_send(b, conn, b->now + c->answer_delay_ns, t.buf, t.len);
    } else {
        bot__text_put(&t, "{'retCode':%d,'retMsg':'%s','result':%s,'retExtInfo':%s,'time':%d}", (int64_t)r->code, r->message, result,
                      extra, bot__simbybit_ms(b, b->now));
        answer_later(b, c, 200, false, t.buf, t.len);
    }
    b->alloc.release(b->alloc.self, whole);
}

/* ---- limits ---------------------------------------------------------------------------------------------------- */

bool bot__simbybit_limit(struct simbybit *b, struct call *c)
{
    const enum limit_group g = routes[c->route].group;
    c->limit = -1;
    if (g == LIMIT_NONE || c->account == 0) return true;
    struct limit *l = &b->client[c->account].limit[g];
    const uint32_t max = g <= LIMIT_CANCEL_ALL ? b->opt.order_limit_per_s : b->opt.read_limit_per_s;
    uint32_t used = 0;
    int64_t oldest = b->now;
    for (uint32_t i = 1; i <= max && i <= l->n; i++) {
        const int64_t at = l->at[(l->n - i) % LIMIT_RING];
        if (b->now - at >= BOT_NS_PER_S) break;
        used++;
        oldest = at;
    }
    c->limit = (int32_t)max;
    const bool ok = used < max;
    if (ok) {
        l->at[l->n++ % LIMIT_RING] = b->now;
        used++;
    } else b->stats.limited++;
    c->limit_left = (int32_t)(max - used);
    c->limit_reset_ms = bot__simbybit_ms(b, used < max ? b->now : oldest + BOT_NS_PER_S);
    return ok;
}

static struct ip *ip_of(struct simbybit *b, uint32_t id)
{
    for (uint32_t i = 0; i < b->ips_n; i++)
        if (b->ip[i].id == id)
            return &b->ip[i];
    if (b->ips_n == IPS_MAX) return &b->ip[0];
    struct ip *ip = &b->ip[b->ips_n];
    *ip = (struct ip){ .id = id, .at = b->alloc.alloc(b->alloc.self, sizeof *ip->at * b->opt.ip_limit) };
    if (ip->at == NULL) return NULL;
    b->ips_n++;
    return ip;
}

/* False: the address asks too often, and is out for a while. */
static bool ip_allowed(struct simbybit *b, uint32_t id)
{
    struct ip *ip = ip_of(b, id);
    if (ip == NULL) return true;
    if (b->now < ip->banned_until) return false;
    const uint32_t max = b->opt.ip_limit;
    if (ip->n >= max && b->now - ip->at[ip->n % max] < (int64_t)b->opt.ip_window_ms * BOT_NS_PER_MS) {
        ip->banned_until = b->now + b->opt.ban_ns;
        b->stats.banned++;
        return false;
    }
    ip->at[ip->n++ % max] = b->now;
    return true;
}

/* ---- the way in ------------------------------------------------------------------------------------------------ */

static const char *header(const struct simbybit_header *headers, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcasecmp(headers[i].name, name) == 0)
            return headers[i].value;
    return NULL;
}

enum route_id bot__simbybit_route(const char *method, const char *path, size_t len)
{
    for (int i = 0; i < ROUTE_COUNT; i++)
        if (strlen(routes[i].path) == len && memcmp(routes[i].path, path, len) == 0 && strcmp(routes[i].method, method) == 0)
            return (enum route_id)i;
    return ROUTE_COUNT;
}

bool bot__simbybit_http_refused(struct simbybit *b, int64_t now_ns, const char *method, const char *path)
{
    if (now_ns > b->now) b->now = now_ns;
    const enum route_id route = bot__simbybit_route(method, path, strcspn(path, "?"));
    return bot__faults_hit(&b->faults, FAULT_REST_REFUSE, route == ROUTE_COUNT ? FAULT_ON_ALL : routes[route].fault, 0, b->now) != NULL;
}

/* 0, or the retCode with its text. */
static int32_t authenticate(struct simbybit *b, struct call *c, const struct simbybit_header *headers, uint32_t n, struct slice query,
                            struct slice body, const char **ret_message)
{
    const char *key = header(headers, n, "X-BAPI-API-KEY"), *stamp = header(headers, n, "X-BAPI-TIMESTAMP"),
               *window = header(headers, n, "X-BAPI-RECV-WINDOW"), *sign = header(headers, n, "X-BAPI-SIGN");
    if (key == NULL || stamp == NULL || sign == NULL) {
        *ret_message = "empty value: apiTimestamp[] apiKey[] apiSignature[]: openapi sign params error!";
        return 10001;
    }
    c->account = bot__simbybit_auth(b, key);
    if (c->account == 0) {
        *ret_message = "API key is invalid.";
        return 10003;
    }
    const int64_t at = atoll(stamp), room = window != NULL ? atoll(window) : 5000, now = bot__simbybit_ms(b, b->now);
    if (at < now - room || at >= now + 1000) {
        *ret_message = "invalid request, please check your server timestamp or recv_window param.";
        return 10002;
    }
    const struct slice parts[] = { { stamp, strlen(stamp) }, { key, strlen(key) }, { window != NULL ? window : "", window != NULL ? strlen(window) : 0 },
                                   strcmp(routes[c->route].method, "GET") == 0 ? query : body };
    char expected[65];
    bot__simbybit_hmac(b, c->account, parts, 4, expected);
    if (strcmp(expected, sign) != 0) {
        *ret_message = "error sign! Please check your signature generation algorithm.";
        return 10004;
    }
    return 0;
}

static void refuse(struct simbybit *b, const struct call *c, int32_t code, const char *message)
{
    struct reply r = { .result = bot__text(b->answer, MESSAGE_MAX), .extra = bot__text(b->scratch2, MESSAGE_MAX), .code = code, .message = message };
    bot__simbybit_reply(b, c, &r);
}

void bot__simbybit_http(struct simbybit *b, int64_t now_ns, uint64_t request, uint32_t ip, const char *method, const char *path,
                        const struct simbybit_header *headers, uint32_t headers_n, const char *body, size_t body_len)
{
    if (now_ns > b->now) b->now = now_ns;
    b->stats.requests++;
    const size_t path_len = strcspn(path, "?");
    struct call c = { .request = request, .ip = ip, .limit = -1, .route = bot__simbybit_route(method, path, path_len) };
    const struct slice query = path[path_len] == '?' ? (struct slice){ path + path_len + 1, strlen(path + path_len + 1) } : (struct slice){ "", 0 };
    const struct slice text = { body_len > 0 ? body : "", body_len };
    static const char banned[] = "<html><head><title>403 Forbidden</title></head><body>403, access too frequent</body></html>";
    const uint32_t bits = c.route == ROUTE_COUNT ? FAULT_ON_ALL : routes[c.route].fault;
    if (!ip_allowed(b, ip) || bot__faults_hit(&b->faults, FAULT_REST_BAN, bits, 0, b->now) != NULL) {
        answer_later(b, &c, 403, true, banned, sizeof banned - 1);
        return;
    }
    if (c.route == ROUTE_COUNT) {
        answer_error(b, &c, 404, 0, FAULT_BODY_HTML);
        return;
    }
    if (strcmp(method, "GET") == 0 && body_len > 0) {
        answer_error(b, &c, 403, 0, FAULT_BODY_HTML);
        return;
    }
    if (routes[c.route].is_private) {
        const char *message = "";
        const int32_t code = authenticate(b, &c, headers, headers_n, query, text, &message);
        if (code != 0) {
            b->stats.auth_refused++;
            refuse(b, &c, code, message);
            return;
        }
    }
    if (!bot__simbybit_limit(b, &c) || bot__faults_hit(&b->faults, FAULT_REST_LIMIT, bits, c.account, b->now) != NULL) {
        refuse(b, &c, 10006, "Too many visits. Exceeded the API Rate Limit.");
        return;
    }
    bot__simbybit_dispatch(b, &c, query, text);
}

/* Does the call at `at`: reads at once, what changes orders after the engine's own delay. */
static void schedule(struct simbybit *b, const struct call *c, int64_t delay, struct slice query, struct slice body)
{
    const bool write = bot__simbybit_is_write(c->route);
    int64_t at = b->now + delay;
    if (write) {
        at += bot__sim_rng_between(&b->rng, b->opt.engine_delay_min_ns, b->opt.engine_delay_max_ns);
        /* One key's requests reach the engine in the order they came, but for those that a fault holds up. */
        int64_t *last = &b->client[c->account].engine_at;
        if (at < *last) at = *last;
        if (delay == 0) *last = at;
    }
    if (at == b->now && !write) {
        bot__simbybit_run(b, c, query, body);
        return;
    }
    struct sim_item *item = bot__sim_item_new(&b->queue, ITEM_CALL, sizeof *c + query.len + body.len);
    if (item == NULL) return;
    memcpy(item->bytes, c, sizeof *c);
    if (query.len > 0) memcpy(item->bytes + sizeof *c, query.p, query.len);
    if (body.len > 0) memcpy(item->bytes + sizeof *c + query.len, body.p, body.len);
    item->a = (uint32_t)query.len;
    if (!bot__sim_queue_push(&b->queue, at, item)) {
        bot__sim_item_free(&b->queue, item);
        return;
    }
    bot__simbybit_weigh(b, &c->weight, 1);
}

void bot__simbybit_dispatch(struct simbybit *b, struct call *c, struct slice query, struct slice body)
{
    struct faults *f = &b->faults;
    const uint32_t bits = routes[c->route].fault;
    const struct fault *hit;
    int64_t delay = 0;
    c->answer_delay_ns = bot__simbybit_is_write(c->route) ? bot__sim_rng_between(&b->rng, 0, 3 * BOT_NS_PER_MS) : 0;
    if (bot__faults_hit(f, FAULT_REST_HANG, bits, c->account, b->now) != NULL) {
        b->stats.hung++;
        return;
    }
    if ((hit = bot__faults_hit(f, FAULT_REST_RESET, bits, c->account, b->now)) != NULL) {
        answer_later(b, c, -1, false, "", 0);
        if (!hit->done) return;
        c->silent = true;
    } else if ((hit = bot__faults_hit(f, FAULT_REST_ERROR, bits, c->account, b->now)) != NULL) {
        answer_error(b, c, hit->status, hit->code, hit->body);
        return;
    } else if ((hit = bot__faults_hit(f, FAULT_REST_GHOST, bits, c->account, b->now)) != NULL) {
        c->ghost = true;
        c->status = hit->status;
        c->code = hit->code;
        c->body = hit->body;
    } else if (bot__faults_hit(f, FAULT_REST_LOST, bits, c->account, b->now) != NULL) {
        c->silent = true;
    } else if ((hit = bot__faults_hit(f, FAULT_REST_SLOW, bits, c->account, b->now)) != NULL) {
        c->answer_delay_ns += bot__fault_draw(f, hit);
    } else if ((hit = bot__faults_hit(f, FAULT_REST_LATE, bits, c->account, b->now)) != NULL) {
        delay = bot__fault_draw(f, hit);
    }
    c->weight.account = c->account;
    if (bot__simbybit_is_write(c->route)) bot__simbybit_weigh_call(b, c->route, body, &c->weight);
    schedule(b, c, delay, query, body);
}

/* ---- reads ----------------------------------------------------------------------------------------------------- */

/* What a read was asked for. */
struct ask {
    const char *category; /* "linear" or "inverse" */
    int      instrument;  /* -1: all of the category */
    bool     settle_given;
    char     settle[16], order_id[64], link_id[64], cursor[256];
    uint64_t limit;
    int64_t  as_of;
    bool     bad_cursor;
    /* rest.partial, rest.double */
    uint32_t keep, drop;
    bool     twice;
};

static bool instrument_fits(const struct simbybit *b, const struct ask *a, uint16_t i)
{
    const struct exchange_instrument *in = &b->instrument[i];
    return strcmp(bot__simbybit_category(in), a->category) == 0 && (a->instrument < 0 || a->instrument == i) &&
           (!a->settle_given || strcmp(in->settle.s, a->settle) == 0);
}

static bool ask_read(struct simbybit *b, const struct call *c, struct slice query, uint64_t limit_default, uint64_t limit_max,
                     struct ask *a, struct reply *r)
{
    char text[256];
    *a = (struct ask){ .instrument = -1, .limit = limit_default, .as_of = INT64_MAX, .keep = UINT32_MAX };
    bot__query(query, "category", text, sizeof text);
    a->category = strcmp(text, "linear") == 0 ? "linear" : strcmp(text, "inverse") == 0 ? "inverse" : NULL;
    if (a->category == NULL) {
        r->code = 10001;
        r->message = text[0] == '\0' ? "params error: category is required" : "params error: category invalid";
        return false;
    }
    if (bot__query(query, "symbol", text, sizeof text) && text[0] != '\0') {
        a->instrument = bot__exchange_instrument_find(b->x, text, strlen(text));
        if (a->instrument < 0 || strcmp(bot__simbybit_category(&b->instrument[a->instrument]), a->category) != 0) {
            r->code = 10001;
            r->message = "params error: symbol invalid";
            return false;
        }
    }
    a->settle_given = bot__query(query, "settleCoin", a->settle, sizeof a->settle) && a->settle[0] != '\0';
    bot__query(query, "orderId", a->order_id, sizeof a->order_id);
    bot__query(query, "orderLinkId", a->link_id, sizeof a->link_id);
    bot__query(query, "cursor", a->cursor, sizeof a->cursor);
    if (bot__query(query, "limit", text, sizeof text) && text[0] != '\0') {
        const long long n = atoll(text);
        a->limit = n < 1 ? limit_default : (uint64_t)n > limit_max ? limit_max : (uint64_t)n;
    }
    /* A cursor comes back as it was given: with its %-escapes, encoded once more on the way. Decoded here, the escapes
     * must still be there. */
    if (a->cursor[0] != '\0' && strchr(a->cursor, '%') == NULL) {
        r->code = 10001;
        r->message = "params error: cursor invalid";
        return false;
    }
    const uint32_t bits = routes[c->route].fault;
    struct faults *f = &b->faults;
    const struct fault *hit = bot__faults_hit(f, FAULT_REST_STALE, bits, c->account, b->now);
    if (hit != NULL) a->as_of = b->now - bot__fault_draw(f, hit);
    else if ((hit = bot__faults_hit(f, FAULT_REST_FREEZE, bits, c->account, b->now)) != NULL) a->as_of = bot__fault_since(f, hit, b->now);
    if ((hit = bot__faults_hit(f, FAULT_REST_PARTIAL, bits, c->account, b->now)) != NULL) {
        a->keep = hit->keep;
        a->drop = hit->drop;
    }
    a->twice = bot__faults_hit(f, FAULT_REST_DOUBLE, bits, c->account, b->now) != NULL;
    return true;
}

/* Rows of a list one by one, with what faults leave out or double. Begins a row: false when it is left out. */
struct list {
    struct text *t;
    uint32_t seen, written;
    size_t   row_at;
};

static bool row_begin(struct list *l, const struct ask *a)
{
    const uint32_t i = l->seen++;
    if (i < a->drop || i >= a->keep) return false;
    if (l->written > 0) bot__text_put(l->t, ",");
    l->row_at = l->t->len;
    return true;
}

static void row_end(struct list *l, const struct ask *a)
{
    l->written++;
    if (!a->twice) return;
    const size_t n = l->t->len - l->row_at;
    bot__text_put(l->t, ",");
    if (l->t->size - l->t->len > n) {
        memcpy(l->t->buf + l->t->len, l->t->buf + l->row_at, n);
        l->t->len += n;
        l->t->buf[l->t->len] = '\0';
    }
    l->written++;
}

/* The number that a cursor of ours begins with, e.g. "1234%3A..."; *behind skips a leading word and "%2C". */
static uint64_t cursor_number(const char *cursor) { return strtoull(cursor, NULL, 10); }

static void read_positions(struct simbybit *b, const struct call *c, struct slice query, struct reply *r)
{
    struct ask a;
    if (!ask_read(b, c, query, 20, 200, &a, r)) return;
    if (strcmp(a.category, "linear") == 0 && a.instrument < 0 && !a.settle_given) {
        r->code = 10001;
        r->message = "Missing some parameters that must be filled in, symbol or settleCoin";
        return;
    }
    /* "SYMBOL%2C<ms>%2C<rows so far>" */
    const char *last = strrchr(a.cursor, 'C');
    const uint64_t skip = a.cursor[0] != '\0' && last != NULL ? strtoull(last + 1, NULL, 10) : 0;
    struct list l = { .t = &r->result };
    const char *last_symbol = "";
    int64_t last_ms = 0;
    uint64_t n = 0, listed = 0;
    bot__text_put(&r->result, "{'category':'%s','list':[", a.category);
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        if (!instrument_fits(b, &a, i)) continue;
        const bool hedge = bot__exchange_hedge(b->x, c->account, i);
        for (uint8_t leg = hedge ? BOT_LEG_LONG : BOT_LEG_NET; leg <= (hedge ? BOT_LEG_SHORT : BOT_LEG_NET); leg++) {
            struct exchange_position p;
            bot__exchange_position_at(b->x, c->account, i, (bot_leg)leg, a.as_of, &p);
            if (p.lots == 0 && a.instrument < 0) continue; /* flat rows only when a symbol is asked for */
            if (n++ < skip || listed == a.limit) continue;
            listed++;
            last_symbol = b->instrument[i].symbol.s;
            last_ms = bot__simbybit_ms(b, p.updated_ns != 0 ? p.updated_ns : b->start_ns);
            if (!row_begin(&l, &a)) continue;
            bot__simbybit_position_row(b, &r->result, c->account, i, leg, &p, false);
            row_end(&l, &a);
        }
    }
    bot__text_put(&r->result, "],'nextPageCursor':'");
    /* The venue gives a cursor with the last page too when a symbol was asked for (capture of 2024). */
    if (listed > 0 && (n > skip + listed || a.instrument >= 0))
        bot__text_put(&r->result, "%s%%2C", last_symbol), bot__text_put(&r->result, "%d%%2C%d", last_ms, (int64_t)(skip + listed));
    bot__text_put(&r->result, "'}");
}

static void read_executions(struct simbybit *b, const struct call *c, struct slice query, struct reply *r)
{
    struct ask a;
    if (!ask_read(b, c, query, 50, 100, &a, r)) return;
    char text[32];
    int64_t from = 0, to = INT64_MAX;
    if (bot__query(query, "startTime", text, sizeof text) && text[0] != '\0') from = atoll(text);
    if (bot__query(query, "endTime", text, sizeof text) && text[0] != '\0') to = atoll(text);
    const int64_t week = INT64_C(7) * 86400 * 1000, now = bot__simbybit_ms(b, b->now);
    if (from != 0 && to != INT64_MAX && (to < from || to - from > week)) {
        r->code = 10001;
        r->message = "The time range between startTime and endTime cannot exceed 7 days";
        return;
    }
    if (from == 0) from = to == INT64_MAX ? now - week : to - week;
    else if (to == INT64_MAX) to = from + week;
    char type[24];
    const bool type_given = bot__query(query, "execType", type, sizeof type) && type[0] != '\0';
    const uint64_t order = a.order_id[0] != '\0' ? bot__simbybit_uuid_read(b, SALT_ORDER, a.order_id) : 0;
    const uint64_t below = a.cursor[0] != '\0' ? cursor_number(a.cursor) : UINT64_MAX;
    struct list l = { .t = &r->result };
    struct exchange_fill f;
    uint64_t last = 0, listed = 0;
    bot__text_put(&r->result, "{'category':'%s','list':[", a.category);
    for (uint32_t i = 0; listed < a.limit && bot__exchange_fill_at(b->x, c->account, a.as_of, i, &f); i++) {
        if (f.id >= below || !instrument_fits(b, &a, f.instrument)) continue;
        const int64_t ms = bot__simbybit_ms(b, f.ns);
        const bool by_id = a.order_id[0] != '\0' || a.link_id[0] != '\0'; /* then the times do not count */
        if (!by_id && ms < from) break; /* newest first: all others are older */
        if (!by_id && ms > to) continue;
        if (a.order_id[0] != '\0' ? f.order_id != order : a.link_id[0] != '\0' && strcmp(f.link_id, a.link_id) != 0) continue;
        if (type_given && strcmp(type, f.kind == BOT_FILL_NONE ? "Funding" : f.kind == BOT_FILL_ADL ? "AdlTrade"
                                       : f.kind == BOT_FILL_LIQUIDATION ? "BustTrade" : "Trade") != 0)
            continue;
        listed++;
        last = f.id;
        if (!row_begin(&l, &a)) continue;
        bot__simbybit_fill_row(b, &r->result, &f, false);
        row_end(&l, &a);
    }
    bot__text_put(&r->result, "],'nextPageCursor':'");
    if (listed > 0) /* also behind the last page: the next one is empty then, as at the venue */
        bot__text_put(&r->result, "%d%%3A%d%%2C%d%%3A%d", (int64_t)last, (int64_t)listed, (int64_t)last, (int64_t)listed);
    bot__text_put(&r->result, "'}");
}

static void read_orders(struct simbybit *b, const struct call *c, struct slice query, struct reply *r)
{
    struct ask a;
    if (!ask_read(b, c, query, 20, 50, &a, r)) return;
    const bool history = c->route == ROUTE_HISTORY, single = a.order_id[0] != '\0' || a.link_id[0] != '\0';
    if (!history && strcmp(a.category, "linear") == 0 && a.instrument < 0 && !a.settle_given && !single) {
        char coin[16];
        if (!bot__query(query, "baseCoin", coin, sizeof coin)) {
            r->code = 10001;
            r->message = "Missing some parameters that must be filled in, symbol, settleCoin or baseCoin";
            return;
        }
    }
    char open_only[4];
    bot__query(query, "openOnly", open_only, sizeof open_only);
    const bool closed = history || open_only[0] == '1';
    const uint64_t below = a.cursor[0] != '\0' ? cursor_number(a.cursor) : UINT64_MAX;
    const uint64_t id = a.order_id[0] != '\0' ? bot__simbybit_uuid_read(b, SALT_ORDER, a.order_id) : 0;
    const bool forgotten = single && bot__faults_hit(&b->faults, FAULT_REST_FORGET, FAULT_ON_ORDER, c->account, b->now) != NULL;
    uint32_t n = 0;
    /* One order asked for by its id is found open or closed; lists show the open ones, or the last 500 closed. */
    if (!history || single) n = bot__exchange_orders_at(b->x, c->account, a.instrument, a.as_of, EXCHANGE_ORDERS_OPEN, b->orders, 600);
    if (closed || single)
        n += bot__exchange_orders_at(b->x, c->account, a.instrument, a.as_of, EXCHANGE_ORDERS_DONE, b->orders + n, 600 - n > 500 ? 500 : 600 - n);
    struct list l = { .t = &r->result };
    uint64_t last = 0, listed = 0;
    bool more = false;
    bot__text_put(&r->result, "{'category':'%s','list':[", a.category);
    for (uint32_t i = 0; i < n && !forgotten; i++) {
        const struct exchange_order *o = &b->orders[i];
        if (!instrument_fits(b, &a, o->instrument) || o->id >= below) continue;
        if (a.order_id[0] != '\0' ? o->id != id : a.link_id[0] != '\0' && strcmp(o->link_id, a.link_id) != 0) continue;
        if (listed == a.limit) {
            more = true;
            break;
        }
        listed++;
        last = o->id;
        if (!row_begin(&l, &a)) continue;
        bot__simbybit_order_row(b, &r->result, o, false);
        row_end(&l, &a);
    }
    bot__text_put(&r->result, "],'nextPageCursor':'");
    if (more) bot__text_put(&r->result, "%d%%3A%d%%2C%d%%3A%d", (int64_t)last, (int64_t)listed, (int64_t)last, (int64_t)listed);
    bot__text_put(&r->result, "'}");
}

static void read_instruments(struct simbybit *b, const struct call *c, struct slice query, struct reply *r)
{
    struct ask a;
    if (!ask_read(b, c, query, 500, 1000, &a, r)) return;
    const char *last = strrchr(a.cursor, 'C'); /* "page%2C<rows so far>" */
    const uint64_t skip = a.cursor[0] != '\0' && last != NULL ? strtoull(last + 1, NULL, 10) : 0;
    struct list l = { .t = &r->result };
    uint64_t n = 0, listed = 0;
    bot__text_put(&r->result, "{'category':'%s','list':[", a.category);
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        const struct exchange_instrument *in = &b->instrument[i];
        if (!instrument_fits(b, &a, i) || n++ < skip || listed == a.limit) continue;
        listed++;
        if (!row_begin(&l, &a)) continue;
        const bool linear = in->contract == BOT_LINEAR;
        bot__text_put(&r->result, "{'symbol':'%s','contractType':'%s','status':'Trading','baseCoin':'%s','quoteCoin':'%s','settleCoin':'%s',"
                                  "'launchTime':'1585526400000','deliveryTime':'0','deliveryFeeRate':'','priceScale':'%d',"
                                  "'leverageFilter':{'minLeverage':'1','maxLeverage':'%d.00','leverageStep':'0.01'},"
                                  "'priceFilter':{'minPrice':'%p','maxPrice':'%p','tickSize':'%p'},"
                                  "'lotSizeFilter':{'maxOrderQty':'%q','minOrderQty':'%q','qtyStep':'%q','postOnlyMaxOrderQty':'%q',"
                                  "'maxMktOrderQty':'%q','minNotionalValue':'%m'},'unifiedMarginTrade':true,'fundingInterval':480,"
                                  "'copyTrading':'none','upperFundingRate':'0.005','lowerFundingRate':'-0.005','isPreListing':false,"
                                  "'preListingInfo':null,'displayName':''}",
                      in->symbol.s, linear ? "LinearPerpetual" : "InversePerpetual", in->base.s, in->quote.s, in->settle.s,
                      (int64_t)in->tick.scale, (int64_t)in->leverage, in, INT64_C(1), in, INT64_C(19999998), in, INT64_C(1), in, in->lots_max, in,
                      in->lots_min, in, INT64_C(1), in, in->lots_max, in, in->lots_max_market, &in->notional_min.v);
        row_end(&l, &a);
    }
    bot__text_put(&r->result, "],'nextPageCursor':'");
    if (n > skip + listed) bot__text_put(&r->result, "page%%2C%d", (int64_t)(skip + listed));
    bot__text_put(&r->result, "'}");
}

static bool one_instrument(struct simbybit *b, const struct call *c, struct slice query, struct ask *a, struct reply *r)
{
    if (!ask_read(b, c, query, 25, 1000, a, r)) return false;
    if (a->instrument >= 0) return true;
    r->code = 10001;
    r->message = "params error: symbol invalid";
    return false;
}

static void read_book(struct simbybit *b, const struct call *c, struct slice query, struct reply *r)
{
    struct ask a;
    if (!one_instrument(b, c, query, &a, r)) return;
    const uint16_t i = (uint16_t)a.instrument;
    const struct exchange_instrument *in = &b->instrument[i];
    struct exchange_level levels[BOOK_LEVELS_MAX];
    const uint32_t max = a.limit > BOOK_LEVELS_MAX ? BOOK_LEVELS_MAX : (uint32_t)a.limit;
    bot__text_put(&r->result, "{'s':'%s'", in->symbol.s);
    for (int s = 0; s < 2; s++) {
        const uint32_t n = bot__exchange_book(b->x, i, s == 0 ? BOT_BUY : BOT_SELL, levels, max);
        bot__text_put(&r->result, ",'%s':[", s == 0 ? "b" : "a");
        for (uint32_t k = 0; k < n; k++)
            bot__text_put(&r->result, "%s['%p','%q']", k > 0 ? "," : "", in, levels[k].price_ticks, in, levels[k].lots);
        bot__text_put(&r->result, "]");
    }
    const int64_t ms = bot__simbybit_ms(b, b->now);
    bot__text_put(&r->result, ",'ts':%d,'u':%d,'seq':%d,'cts':%d}", ms, b->feed[i * DEPTHS + 2].u, bot__exchange_seq(b->x, i), ms);
}

static void read_trades(struct simbybit *b, const struct call *c, struct slice query, struct reply *r)
{
    struct ask a;
    if (!one_instrument(b, c, query, &a, r)) return;
    const uint16_t i = (uint16_t)a.instrument;
    const struct exchange_instrument *in = &b->instrument[i];
    bot__text_put(&r->result, "{'category':'%s','list':[", a.category);
    uint64_t n = 0;
    for (uint64_t k = b->recent_n[i]; k > 0 && b->recent_n[i] - k < 64 && n < a.limit; k--, n++) {
        const struct exchange_trade *t = &b->recent[i][(k - 1) % 64];
        char id[37];
        bot__simbybit_uuid(b, SALT_TRADE, t->id, id);
        bot__text_put(&r->result, "%s{'execId':'%s','symbol':'%s','price':'%p','size':'%q','side':'%s','time':'%d','isBlockTrade':false,"
                                  "'isRPITrade':false,'seq':'%d'}", n > 0 ? "," : "", id, in->symbol.s, in, t->price_ticks, in, t->lots,
                      t->side == BOT_BUY ? "Buy" : "Sell", bot__simbybit_ms(b, t->ns), t->seq);
    }
    bot__text_put(&r->result, "]}");
}

static void read_tickers(struct simbybit *b, const struct call *c, struct slice query, struct reply *r)
{
    struct ask a;
    if (!ask_read(b, c, query, 1000, 1000, &a, r)) return;
    struct list l = { .t = &r->result };
    bot__text_put(&r->result, "{'category':'%s','list':[", a.category);
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        if (!instrument_fits(b, &a, i) || !row_begin(&l, &a)) continue;
        const struct exchange_instrument *in = &b->instrument[i];
        struct exchange_level bid = { 0 }, ask = { 0 };
        bot__exchange_book(b->x, i, BOT_BUY, &bid, 1);
        bot__exchange_book(b->x, i, BOT_SELL, &ask, 1);
        const int64_t last = bot__exchange_last(b->x, i), mark = bot__exchange_mark(b->x, i);
        bot__text_put(&r->result, "{'symbol':'%s','lastPrice':'%p','indexPrice':'%p','markPrice':'%p','prevPrice24h':'%p','price24hPcnt':'0',"
                                  "'highPrice24h':'%p','lowPrice24h':'%p','prevPrice1h':'%p','openInterest':'0','openInterestValue':'0',"
                                  "'turnover24h':'0','volume24h':'0','fundingRate':'0.0001','nextFundingTime':'0','bid1Price':'%p',"
                                  "'bid1Size':'%q','ask1Price':'%p','ask1Size':'%q'}",
                      in->symbol.s, in, last, in, mark, in, mark, in, last, in, last, in, last, in, last, in, bid.price_ticks, in, bid.lots,
                      in, ask.price_ticks, in, ask.lots);
        row_end(&l, &a);
    }
    bot__text_put(&r->result, "]}");
}

static void read_wallet(struct simbybit *b, const struct call *c, struct slice query, struct reply *r)
{
    char type[16];
    if (!bot__query(query, "accountType", type, sizeof type) || strcmp(type, "UNIFIED") != 0) {
        r->code = 10001;
        r->message = "accountType only support UNIFIED.";
        return;
    }
    struct ask a;
    ask_read(b, c, SLICE("category=linear"), 1, 1, &a, r);
    bot__text_put(&r->result, "{'list':[");
    bot__simbybit_wallet_row(b, &r->result, c->account, a.as_of);
    bot__text_put(&r->result, "]}");
}

void bot__simbybit_run(struct simbybit *b, const struct call *c, struct slice query, struct slice body)
{
    struct reply r = { .result = bot__text(b->answer, MESSAGE_MAX), .extra = bot__text(b->scratch2, MESSAGE_MAX), .message = "OK" };
    const int64_t now = bot__simbybit_ms(b, b->now);
    switch (c->route) {
    case ROUTE_TIME:
        bot__text_put(&r.result, "{'timeSecond':'%d','timeNano':'%d'}", now / 1000, now * 1000000);
        break;
    case ROUTE_INSTRUMENTS: read_instruments(b, c, query, &r); break;
    case ROUTE_TICKERS: read_tickers(b, c, query, &r); break;
    case ROUTE_ORDERBOOK: read_book(b, c, query, &r); break;
    case ROUTE_RECENT_TRADE: read_trades(b, c, query, &r); break;
    case ROUTE_POSITIONS: read_positions(b, c, query, &r); break;
    case ROUTE_EXECUTIONS: read_executions(b, c, query, &r); break;
    case ROUTE_REALTIME:
    case ROUTE_HISTORY: read_orders(b, c, query, &r); break;
    case ROUTE_WALLET: read_wallet(b, c, query, &r); break;
    case ROUTE_ACCOUNT_INFO:
        bot__text_put(&r.result, "{'marginMode':'REGULAR_MARGIN','updatedTime':'%d','unifiedMarginStatus':5,'dcpStatus':'OFF','timeWindow':10,"
                                 "'smpGroup':0,'isMasterTrader':false,'spotHedgingStatus':'OFF'}", bot__simbybit_ms(b, b->start_ns));
        break;
    case ROUTE_API_KEY:
        bot__text_put(&r.result, "{'id':'1','note':'paper','apiKey':'%s','readOnly':0,'secret':'','permissions':{'ContractTrade':['Order','Position'],"
                                 "'Derivatives':['DerivativesTrade']},'ips':['*'],'type':1,'deadlineDay':90,'uta':1,'unified':0,'userID':%d}",
                      b->client[c->account].key, (int64_t)(1000000 + c->account));
        break;
    default: bot__simbybit_write(b, c, body, &r);
    }
    if (r.result.full) {
        r.code = 10016;
        r.message = "Server error";
    }
    bot__simbybit_reply(b, c, &r);
}
