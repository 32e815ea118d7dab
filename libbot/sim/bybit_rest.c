/* REST: who may ask, how often, what goes wrong on the way, and the reads. */
#include <stdio.h>
#include <stdlib.h>

#include "bybit_internal.h"

struct route {
    const char *method, *path;
    uint8_t  group;
    bool     is_private;
};
static const struct route routes[ROUTE_COUNT] = {
    [ROUTE_TIME] = { "GET", "/v5/market/time", LIMIT_NONE, false },
    [ROUTE_INSTRUMENTS] = { "GET", "/v5/market/instruments-info", LIMIT_NONE, false },
    [ROUTE_TICKERS] = { "GET", "/v5/market/tickers", LIMIT_NONE, false },
    [ROUTE_ORDERBOOK] = { "GET", "/v5/market/orderbook", LIMIT_NONE, false },
    [ROUTE_RECENT_TRADE] = { "GET", "/v5/market/recent-trade", LIMIT_NONE, false },
    [ROUTE_POSITIONS] = { "GET", "/v5/position/list", LIMIT_POSITIONS, true },
    [ROUTE_EXECUTIONS] = { "GET", "/v5/execution/list", LIMIT_EXECUTIONS, true },
    [ROUTE_REALTIME] = { "GET", "/v5/order/realtime", LIMIT_ORDERS, true },
    [ROUTE_HISTORY] = { "GET", "/v5/order/history", LIMIT_ORDERS, true },
    [ROUTE_WALLET] = { "GET", "/v5/account/wallet-balance", LIMIT_WALLET, true },
    [ROUTE_ACCOUNT_INFO] = { "GET", "/v5/account/info", LIMIT_WALLET, true },
    [ROUTE_API_KEY] = { "GET", "/v5/user/query-api", LIMIT_WALLET, true },
    [ROUTE_CREATE] = { "POST", "/v5/order/create", LIMIT_CREATE, true },
    [ROUTE_AMEND] = { "POST", "/v5/order/amend", LIMIT_AMEND, true },
    [ROUTE_CANCEL] = { "POST", "/v5/order/cancel", LIMIT_CANCEL, true },
    [ROUTE_CANCEL_ALL] = { "POST", "/v5/order/cancel-all", LIMIT_CANCEL_ALL, true },
    [ROUTE_CREATE_BATCH] = { "POST", "/v5/order/create-batch", LIMIT_CREATE, true },
    [ROUTE_AMEND_BATCH] = { "POST", "/v5/order/amend-batch", LIMIT_AMEND, true },
    [ROUTE_CANCEL_BATCH] = { "POST", "/v5/order/cancel-batch", LIMIT_CANCEL, true },
    [ROUTE_SWITCH_MODE] = { "POST", "/v5/position/switch-mode", LIMIT_POSITIONS, true },
    [ROUTE_LEVERAGE] = { "POST", "/v5/position/set-leverage", LIMIT_POSITIONS, true },
    [ROUTE_DEAD_MAN] = { "POST", "/v5/order/disconnected-cancel-all", LIMIT_CANCEL_ALL, true },
};

const uint32_t bot__simbybit_route_faults[ROUTE_COUNT] = {
    [ROUTE_TIME] = FAULT_ON_TIME,
    [ROUTE_INSTRUMENTS] = FAULT_ON_INSTRUMENTS,
    [ROUTE_TICKERS] = FAULT_ON_BOOK,
    [ROUTE_ORDERBOOK] = FAULT_ON_BOOK,
    [ROUTE_RECENT_TRADE] = FAULT_ON_BOOK,
    [ROUTE_POSITIONS] = FAULT_ON_POSITIONS,
    [ROUTE_EXECUTIONS] = FAULT_ON_FILLS,
    [ROUTE_REALTIME] = FAULT_ON_ORDERS,
    [ROUTE_HISTORY] = FAULT_ON_ORDER,
    [ROUTE_WALLET] = FAULT_ON_BALANCE,
    [ROUTE_ACCOUNT_INFO] = FAULT_ON_MODE,
    [ROUTE_API_KEY] = FAULT_ON_MODE,
    [ROUTE_CREATE] = FAULT_ON_CREATE,
    [ROUTE_AMEND] = FAULT_ON_AMEND,
    [ROUTE_CANCEL] = FAULT_ON_CANCEL,
    [ROUTE_CANCEL_ALL] = FAULT_ON_CANCEL_ALL,
    [ROUTE_CREATE_BATCH] = FAULT_ON_CREATE,
    [ROUTE_AMEND_BATCH] = FAULT_ON_AMEND,
    [ROUTE_CANCEL_BATCH] = FAULT_ON_CANCEL,
    [ROUTE_SWITCH_MODE] = FAULT_ON_MODE,
    [ROUTE_LEVERAGE] = FAULT_ON_MODE,
    [ROUTE_DEAD_MAN] = FAULT_ON_MODE,
};

/* ---- answers --------------------------------------------------------------------------------------------------- */

int32_t bot__simbybit_error_body(struct simvenue *b, const struct call *c, int32_t status, int32_t code, struct text *t)
{
    if (c->conn != 0) { /* an order-entry socket has no status and no HTML */
        const struct conn *conn = bot__simvenue_conn(b, c->conn);
        bot__text_put(t, "{'reqId':'%s','retCode':%d,'retMsg':'Server error','op':'order.create','data':{},'connId':'%s'}", c->req_id,
                      (int64_t)(code != 0 ? code : 10016), conn != NULL ? conn->id : "");
        return status;
    }
    bot__text_put(t, "{'retCode':%d,'retMsg':'%s','result':{},'retExtInfo':{},'time':%d}", (int64_t)code,
                  code == 0 ? "OK" : code == 10006 ? "Too many visits. Exceeded the API Rate Limit." : "Server error, please try again later.",
                  bot__simvenue_ms(b, b->now));
    return status;
}

uint32_t bot__simbybit_headers(struct simvenue *b, const struct call *c, struct number_header ret[NUMBER_HEADERS_MAX])
{
    (void)b;
    if (c->limit < 0) return 0;
    ret[0] = (struct number_header){ "X-Bapi-Limit", c->limit };
    ret[1] = (struct number_header){ "X-Bapi-Limit-Status", c->limit_left };
    ret[2] = (struct number_header){ "X-Bapi-Limit-Reset-Timestamp", c->limit_reset_ms };
    return 3;
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

void bot__simbybit_reply(struct simvenue *b, const struct call *c, const struct reply *r)
{
    if (bot__simvenue_withheld(b, c)) return;
    static const char empty[] = "{}";
    const char *result = r->code == 0 && r->result.len > 0 && !r->result.full ? r->result.buf : empty;
    const char *extra = r->extra.len > 0 && !r->extra.full ? r->extra.buf : empty;
    const size_t size = strlen(result) + strlen(extra) + strlen(r->message) + 512;
    char *whole = b->alloc.alloc(b->alloc.self, size);
    if (whole == NULL) return;
    struct text t = bot__text(whole, size);
    if (c->conn != 0) {
        struct conn *conn = bot__simvenue_conn(b, c->conn);
        bot__text_put(&t, "{'reqId':'%s','retCode':%d,'retMsg':'%s','op':'%s','data':%s,'retExtInfo':%s,", c->req_id, (int64_t)r->code,
                      r->message, op_of(c->route), result, extra);
        if (c->limit >= 0)
            bot__text_put(&t, "'header':{'X-Bapi-Limit':'%d','X-Bapi-Limit-Status':'%d','X-Bapi-Limit-Reset-Timestamp':'%d','Timenow':'%d'},",
                          (int64_t)c->limit, (int64_t)c->limit_left, c->limit_reset_ms, bot__simvenue_ms(b, b->now));
        bot__text_put(&t, "'connId':'%s'}", conn != NULL ? conn->id : "");
        if (conn != NULL) bot__simvenue_send(b, conn, b->now + c->answer_delay_ns, t.buf, t.len);
    } else {
        bot__text_put(&t, "{'retCode':%d,'retMsg':'%s','result':%s,'retExtInfo':%s,'time':%d}", (int64_t)r->code, r->message, result,
                      extra, bot__simvenue_ms(b, b->now));
        bot__simvenue_answer(b, c, 200, false, t.buf, t.len);
    }
    b->alloc.release(b->alloc.self, whole);
}

/* ---- limits ---------------------------------------------------------------------------------------------------- */

bool bot__simbybit_limit(struct simvenue *b, struct call *c)
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
    c->limit_reset_ms = bot__simvenue_ms(b, used < max ? b->now : oldest + BOT_NS_PER_S);
    return ok;
}

/* ---- the way in ------------------------------------------------------------------------------------------------ */

enum route_id bot__simbybit_route(const char *method, const char *path, size_t len)
{
    for (int i = 0; i < ROUTE_COUNT; i++)
        if (route_is(routes[i].method, routes[i].path, method, path, len)) return (enum route_id)i;
    return ROUTE_COUNT;
}

/* False: the address asks too often, and is out for a while. */
static bool ip_allowed(struct simvenue *b, uint32_t id)
{
    struct ip *ip = bot__simvenue_ip(b, id);
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

/* 0, or the retCode with its text. */
static int32_t authenticate(struct simvenue *b, struct call *c, const struct simvenue_header *headers, uint32_t n, struct slice query,
                            struct slice body, const char **ret_message)
{
    const char *key = bot__simvenue_header(headers, n, "X-BAPI-API-KEY"), *stamp = bot__simvenue_header(headers, n, "X-BAPI-TIMESTAMP"),
               *window = bot__simvenue_header(headers, n, "X-BAPI-RECV-WINDOW"), *sign = bot__simvenue_header(headers, n, "X-BAPI-SIGN");
    if (key == NULL || stamp == NULL || sign == NULL) {
        *ret_message = "empty value: apiTimestamp[] apiKey[] apiSignature[]: openapi sign params error!";
        return 10001;
    }
    c->account = bot__simvenue_auth(b, key);
    if (c->account == 0) {
        *ret_message = "API key is invalid.";
        return 10003;
    }
    const int64_t at = atoll(stamp), room = window != NULL ? atoll(window) : 5000, now = bot__simvenue_ms(b, b->now);
    if (at < now - room || at >= now + 1000) {
        *ret_message = "invalid request, please check your server timestamp or recv_window param.";
        return 10002;
    }
    const struct slice parts[] = { { stamp, strlen(stamp) }, { key, strlen(key) }, { window != NULL ? window : "", window != NULL ? strlen(window) : 0 },
                                   strcmp(routes[c->route].method, "GET") == 0 ? query : body };
    char expected[65];
    bot__simvenue_hmac(b, c->account, parts, 4, expected);
    if (strcmp(expected, sign) != 0) {
        *ret_message = "error sign! Please check your signature generation algorithm.";
        return 10004;
    }
    return 0;
}

static void refuse(struct simvenue *b, const struct call *c, int32_t code, const char *message)
{
    struct reply r = { .result = bot__text(b->answer, MESSAGE_MAX), .extra = bot__text(b->scratch2, MESSAGE_MAX), .code = code, .message = message };
    bot__simbybit_reply(b, c, &r);
}

void bot__simbybit_http(struct simvenue *b, struct call *call, const char *method, const struct simvenue_header *headers, uint32_t headers_n,
                        struct slice query, struct slice text)
{
    struct call c = *call;
    const uint32_t ip = c.ip;
    static const char banned[] = "<html><head><title>403 Forbidden</title></head><body>403, access too frequent</body></html>";
    const uint32_t bits = c.route == ROUTE_COUNT ? FAULT_ON_ALL : bot__simbybit_route_faults[c.route];
    if (!ip_allowed(b, ip) || bot__faults_hit(&b->faults, FAULT_REST_BAN, bits, 0, b->now) != NULL) {
        bot__simvenue_answer(b, &c, 403, true, banned, sizeof banned - 1);
        return;
    }
    if (c.route == ROUTE_COUNT) {
        bot__simvenue_error(b, &c, 404, 0, FAULT_BODY_HTML);
        return;
    }
    if (strcmp(method, "GET") == 0 && text.len > 0) {
        bot__simvenue_error(b, &c, 403, 0, FAULT_BODY_HTML);
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
    bot__simvenue_dispatch(b, &c, query, text);
}

/* ---- reads ----------------------------------------------------------------------------------------------------- */

/* What a read was asked for. */
struct ask {
    const char *category; /* "linear" or "inverse" */
    int      instrument;  /* -1: all of the category */
    bool     settle_given;
    char     settle[16], order_id[64], link_id[64], cursor[256];
    uint64_t limit;
    struct view view;
};

static bool instrument_fits(const struct simvenue *b, const struct ask *a, uint16_t i)
{
    const struct exchange_instrument *in = &b->instrument[i];
    return strcmp(bot__simbybit_category(in), a->category) == 0 && (a->instrument < 0 || a->instrument == i) &&
           (!a->settle_given || strcmp(in->settle.s, a->settle) == 0);
}

static bool ask_read(struct simvenue *b, const struct call *c, struct slice query, uint64_t limit_default, uint64_t limit_max,
                     struct ask *a, struct reply *r)
{
    char text[256];
    *a = (struct ask){ .instrument = -1, .limit = limit_default, .view = { .as_of = INT64_MAX, .keep = UINT32_MAX } };
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
    bot__simvenue_view(b, c, &a->view);
    return true;
}

/* The number that a cursor of ours begins with, e.g. "1234%3A..."; *behind skips a leading word and "%2C". */
static uint64_t cursor_number(const char *cursor) { return strtoull(cursor, NULL, 10); }

static void read_positions(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
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
            bot__exchange_position_at(b->x, c->account, i, (bot_leg)leg, a.view.as_of, &p);
            if (p.lots == 0 && a.instrument < 0) continue; /* flat rows only when a symbol is asked for */
            if (n++ < skip || listed == a.limit) continue;
            listed++;
            last_symbol = b->instrument[i].symbol.s;
            last_ms = bot__simvenue_ms(b, p.updated_ns != 0 ? p.updated_ns : b->start_ns);
            if (!bot__simvenue_row_begin(&l, &a.view)) continue;
            bot__simbybit_position_row(b, &r->result, c->account, i, leg, &p, false);
            bot__simvenue_row_end(&l, &a.view);
        }
    }
    bot__text_put(&r->result, "],'nextPageCursor':'");
    /* The venue gives a cursor with the last page too when a symbol was asked for (capture of 2024). */
    if (listed > 0 && (n > skip + listed || a.instrument >= 0))
        bot__text_put(&r->result, "%s%%2C", last_symbol), bot__text_put(&r->result, "%d%%2C%d", last_ms, (int64_t)(skip + listed));
    bot__text_put(&r->result, "'}");
}

static void read_executions(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
{
    struct ask a;
    if (!ask_read(b, c, query, 50, 100, &a, r)) return;
    char text[32];
    int64_t from = 0, to = INT64_MAX;
    if (bot__query(query, "startTime", text, sizeof text) && text[0] != '\0') from = atoll(text);
    if (bot__query(query, "endTime", text, sizeof text) && text[0] != '\0') to = atoll(text);
    const int64_t week = INT64_C(7) * 86400 * 1000, now = bot__simvenue_ms(b, b->now);
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
    for (uint32_t i = 0; listed < a.limit && bot__exchange_fill_at(b->x, c->account, a.view.as_of, i, &f); i++) {
        if (f.id >= below || !instrument_fits(b, &a, f.instrument)) continue;
        const int64_t ms = bot__simvenue_ms(b, f.ns);
        const bool by_id = a.order_id[0] != '\0' || a.link_id[0] != '\0'; /* then the times do not count */
        if (!by_id && ms < from) break; /* newest first: all others are older */
        if (!by_id && ms > to) continue;
        if (a.order_id[0] != '\0' ? f.order_id != order : a.link_id[0] != '\0' && strcmp(f.link_id, a.link_id) != 0) continue;
        if (type_given && strcmp(type, f.kind == BOT_FILL_NONE ? "Funding" : f.kind == BOT_FILL_ADL ? "AdlTrade"
                                       : f.kind == BOT_FILL_LIQUIDATION ? "BustTrade" : "Trade") != 0)
            continue;
        listed++;
        last = f.id;
        if (!bot__simvenue_row_begin(&l, &a.view)) continue;
        bot__simbybit_fill_row(b, &r->result, &f, false);
        bot__simvenue_row_end(&l, &a.view);
    }
    bot__text_put(&r->result, "],'nextPageCursor':'");
    if (listed > 0) /* also behind the last page: the next one is empty then, as at the venue */
        bot__text_put(&r->result, "%d%%3A%d%%2C%d%%3A%d", (int64_t)last, (int64_t)listed, (int64_t)last, (int64_t)listed);
    bot__text_put(&r->result, "'}");
}

static void read_orders(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
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
    /* One order asked for by its id is found open or closed; lists show the open ones, or the last 500 closed. Only the history goes
     * back further than that. */
    if (!history || single) n = bot__exchange_orders_at(b->x, c->account, a.instrument, a.view.as_of, EXCHANGE_ORDERS_OPEN, b->orders, 600);
    if (history && single)
        n += bot__exchange_order_done_at(b->x, c->account, id, a.link_id, a.view.as_of, b->orders + n);
    else if (closed || single)
        n += bot__exchange_orders_at(b->x, c->account, a.instrument, a.view.as_of, EXCHANGE_ORDERS_DONE, b->orders + n, 600 - n > 500 ? 500 : 600 - n);
    struct list l = { .t = &r->result };
    uint64_t last = 0, listed = 0;
    bool more = false;
    bot__text_put(&r->result, "{'category':'%s','list':[", a.category);
    for (uint32_t i = 0; i < n; i++) {
        const struct exchange_order *o = &b->orders[i];
        if (!instrument_fits(b, &a, o->instrument) || o->id >= below) continue;
        if (a.order_id[0] != '\0' ? o->id != id : a.link_id[0] != '\0' && strcmp(o->link_id, a.link_id) != 0) continue;
        if (forgotten) {
            bot__faults_bit(&b->faults, FAULT_REST_FORGET);
            break;
        }
        if (listed == a.limit) {
            more = true;
            break;
        }
        listed++;
        last = o->id;
        if (!bot__simvenue_row_begin(&l, &a.view)) continue;
        bot__simbybit_order_row(b, &r->result, o, false);
        bot__simvenue_row_end(&l, &a.view);
    }
    bot__text_put(&r->result, "],'nextPageCursor':'");
    if (more) bot__text_put(&r->result, "%d%%3A%d%%2C%d%%3A%d", (int64_t)last, (int64_t)listed, (int64_t)last, (int64_t)listed);
    bot__text_put(&r->result, "'}");
}

static void read_instruments(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
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
        if (!bot__simvenue_row_begin(&l, &a.view)) continue;
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
        bot__simvenue_row_end(&l, &a.view);
    }
    bot__text_put(&r->result, "],'nextPageCursor':'");
    if (n > skip + listed) bot__text_put(&r->result, "page%%2C%d", (int64_t)(skip + listed));
    bot__text_put(&r->result, "'}");
}

static bool one_instrument(struct simvenue *b, const struct call *c, struct slice query, struct ask *a, struct reply *r)
{
    if (!ask_read(b, c, query, 25, 1000, a, r)) return false;
    if (a->instrument >= 0) return true;
    r->code = 10001;
    r->message = "params error: symbol invalid";
    return false;
}

static void read_book(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
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
    const int64_t ms = bot__simvenue_ms(b, b->now);
    bot__text_put(&r->result, ",'ts':%d,'u':%d,'seq':%d,'cts':%d}", ms, b->feed[i * DEPTHS + 2].u, bot__exchange_seq(b->x, i), ms);
}

static void read_trades(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
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
                      t->side == BOT_BUY ? "Buy" : "Sell", bot__simvenue_ms(b, t->ns), t->seq);
    }
    bot__text_put(&r->result, "]}");
}

static void read_tickers(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
{
    struct ask a;
    if (!ask_read(b, c, query, 1000, 1000, &a, r)) return;
    struct list l = { .t = &r->result };
    bot__text_put(&r->result, "{'category':'%s','list':[", a.category);
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        if (!instrument_fits(b, &a, i) || !bot__simvenue_row_begin(&l, &a.view)) continue;
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
        bot__simvenue_row_end(&l, &a.view);
    }
    bot__text_put(&r->result, "]}");
}

static void read_wallet(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
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
    bot__simbybit_wallet_row(b, &r->result, c->account, a.view.as_of);
    bot__text_put(&r->result, "]}");
}

void bot__simbybit_run(struct simvenue *b, const struct call *c, struct slice query, struct slice body)
{
    struct reply r = { .result = bot__text(b->answer, MESSAGE_MAX), .extra = bot__text(b->scratch2, MESSAGE_MAX), .message = "OK" };
    const int64_t now = bot__simvenue_ms(b, b->now);
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
                                 "'smpGroup':0,'isMasterTrader':false,'spotHedgingStatus':'OFF'}", bot__simvenue_ms(b, b->start_ns));
        break;
    case ROUTE_API_KEY:
        bot__text_put(&r.result, "{'id':'1','note':'paper','apiKey':'%s','readOnly':%d,'secret':'','permissions':{'ContractTrade':['Order','Position'],"
                                 "'Derivatives':['DerivativesTrade']},'ips':['*'],'type':1,'deadlineDay':90,'uta':1,'unified':0,'userID':%d}",
                      b->client[c->account].key, (int64_t)b->opt.read_only, (int64_t)(1000000 + c->account));
        break;
    default: bot__simbybit_write(b, c, body, &r);
    }
    if (r.result.full) {
        r.code = 10016;
        r.message = "Server error";
    }
    bot__simbybit_reply(b, c, &r);
}
