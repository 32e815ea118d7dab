/* Bybit v5: its sockets and its table. */
#include <stdio.h>
#include <stdlib.h>

#include "bybit_internal.h"

static void login(struct simvenue *b, struct conn *c, struct slice args, const char *req_id)
{
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    struct slice v;
    size_t at = 0;
    char key[KEY_MAX + 1] = "", expires[24] = "", sign[80] = "", expected[65] = "";
    const bool three = bot__items(args, &at, &v) && bot__plain(v, key, sizeof key) && bot__items(args, &at, &v) &&
                       bot__plain(v, expires, sizeof expires) && bot__items(args, &at, &v) && bot__plain(v, sign, sizeof sign);
    const uint32_t account = bot__simvenue_auth(b, key);
    int32_t code = 0;
    const char *message = "";
    if (!three) code = 10001, message = "Params Error";
    else if (bot__faults_hit(&b->faults, FAULT_WS_NOAUTH, bot__simvenue_stream(c), account, b->now) != NULL)
        code = 10016, message = "Server error";
    else if (account == 0) code = 10003, message = "API key is invalid.";
    else if (atoll(expires) <= bot__simvenue_ms(b, b->now)) code = 10002, message = "Request has expired";
    else {
        const struct slice parts[] = { SLICE("GET/realtime"), { expires, strlen(expires) } };
        bot__simvenue_hmac(b, account, parts, 2, expected);
        if (strcmp(expected, sign) != 0) code = 10004, message = "Invalid sign";
    }
    b->stats.auth_refused += code != 0;
    if (code == 0 && c->account == 0) {
        c->account = account;
        b->watched += c->kind == CONN_PRIVATE;
    }
    if (c->kind == CONN_TRADE)
        bot__text_put(&t, "{'retCode':%d,'retMsg':'%s','op':'auth','connId':'%s'}", (int64_t)code, code == 0 ? "OK" : message, c->id);
    else {
        bot__text_put(&t, "{'success':%b,'ret_msg':'%s','op':'auth','conn_id':'%s'", code == 0, message, c->id);
        if (req_id[0] != '\0') bot__text_put(&t, ",'req_id':'%s'", req_id);
        bot__text_put(&t, "}");
    }
    bot__simvenue_say(b, c, &t);
}

/* One private topic; false when there is none of that name. bits: 1 linear, 2 inverse, 3 all in one. */
static bool private_topic(const char *name, uint32_t *ret_topic, uint32_t *ret_bits)
{
    static const char *const names[TOPICS] = { "execution", "order", "position", "wallet" };
    for (uint32_t k = 0; k < TOPICS; k++) {
        const size_t n = strlen(names[k]);
        if (strncmp(name, names[k], n) != 0) continue;
        *ret_topic = k;
        if (name[n] == '\0') *ret_bits = 3;
        else if (strcmp(name + n, ".linear") == 0 && k != TOPIC_WALLET) *ret_bits = 1;
        else if (strcmp(name + n, ".inverse") == 0 && k != TOPIC_WALLET) *ret_bits = 2;
        else continue;
        return true;
    }
    return false;
}

/* "publicTrade.BTCUSDT", "orderbook.50.BTCUSDT". */
static bool public_topic(const struct simvenue *b, const struct conn *c, const char *name, int *ret_depth, uint16_t *ret_instrument)
{
    const char *symbol;
    *ret_depth = -1;
    if (strncmp(name, "publicTrade.", 12) == 0) symbol = name + 12;
    else if (strncmp(name, "orderbook.", 10) == 0) {
        char depth[8] = "";
        const size_t n = strcspn(name + 10, ".");
        if (n >= sizeof depth || name[10 + n] != '.') return false;
        memcpy(depth, name + 10, n);
        if ((*ret_depth = bot__simbybit_depth(depth)) < 0) return false;
        symbol = name + 11 + n;
    } else return false;
    const int i = bot__exchange_instrument_find(b->x, symbol, strlen(symbol));
    if (i < 0 || (b->instrument[i].contract == BOT_LINEAR) != (c->kind == CONN_LINEAR)) return false;
    *ret_instrument = (uint16_t)i;
    return true;
}

static void subscribe(struct simvenue *b, struct conn *c, struct slice args, const char *req_id, bool on)
{
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    const char *error = NULL;
    char name[64], error_text[128];
    struct slice v;
    uint32_t seen = 0, n = 0;
    for (size_t at = 0; error == NULL && bot__items(args, &at, &v); n++) { /* all or nothing */
        uint32_t topic, bits;
        int depth;
        uint16_t i;
        if (!bot__plain(v, name, sizeof name) ||
            !(c->kind == CONN_PRIVATE ? private_topic(name, &topic, &bits) : public_topic(b, c, name, &depth, &i))) {
            snprintf(error_text, sizeof error_text, "error:handler not found,topic:%s", name);
            error = error_text;
        } else if (c->kind == CONN_PRIVATE && topic != TOPIC_WALLET) {
            seen |= bits == 3 ? 1 : 2;
            if (seen == 3) error = "error:all-in-one and categorised topics cannot be mixed in one request";
        }
    }
    if (n == 0) error = "error:request args is empty";
    if (c->kind == CONN_PRIVATE && c->account == 0) error = "Request not authorized";
    if (args.len > 21000) error = "error:args is too long";
    if (on && bot__faults_hit(&b->faults, FAULT_WS_LIMIT, bot__simvenue_stream(c), c->account, b->now) != NULL)
        error = "error:too many requests, please try again later";
    const char *op = on ? "subscribe" : "unsubscribe";
    bot__text_put(&t, "{'success':%b,'ret_msg':'%s','conn_id':'%s','req_id':'%s','op':'%s'}", error == NULL,
                  error != NULL ? error : c->kind == CONN_PRIVATE ? "" : op, c->id, req_id, op);
    bot__simvenue_say(b, c, &t);
    const uint32_t number = c->number;
    for (size_t at = 0; error == NULL && bot__items(args, &at, &v);) {
        uint32_t topic, bits;
        int depth;
        uint16_t i;
        bot__plain(v, name, sizeof name);
        if ((c = bot__simvenue_conn(b, number)) == NULL) return;
        if (c->kind == CONN_PRIVATE) {
            private_topic(name, &topic, &bits);
            if (on) c->topics |= 1u << topic;
            else c->topics &= ~(1u << topic);
            c->categories[topic] = on ? c->categories[topic] | bits : 0;
            continue;
        }
        public_topic(b, c, name, &depth, &i);
        uint32_t *set = depth < 0 ? &c->trades : &c->book[depth];
        if (on) *set |= 1u << i;
        else *set &= ~(1u << i);
        if (on && depth >= 0) bot__simbybit_book_snapshot(b, c, i, (uint32_t)depth);
    }
}

enum route_id bot__simbybit_op(const char *op)
{
    static const struct { const char *op; enum route_id route; } ops[] = {
        { "order.create", ROUTE_CREATE }, { "order.amend", ROUTE_AMEND }, { "order.cancel", ROUTE_CANCEL },
        { "order.create-batch", ROUTE_CREATE_BATCH }, { "order.amend-batch", ROUTE_AMEND_BATCH }, { "order.cancel-batch", ROUTE_CANCEL_BATCH },
    };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(op, ops[i].op) == 0) return ops[i].route;
    return ROUTE_COUNT;
}

static void order_entry(struct simvenue *b, struct conn *c, struct slice message, const char *op)
{
    struct call call = { .account = c->account, .ip = c->ip, .conn = c->number, .limit = -1, .used_weight = -1, .used_orders_10s = -1,
                         .used_orders_1m = -1, .route = bot__simbybit_op(op) };
    bot__plain(bot__member(message, "reqId"), call.req_id, sizeof call.req_id);
    struct reply r = { .result = bot__text(b->answer, MESSAGE_MAX), .extra = bot__text(b->scratch2, MESSAGE_MAX), .message = "OK" };
    char stamp[24], window[24];
    const struct slice header = bot__member(message, "header");
    bot__plain(bot__member(header, "X-BAPI-TIMESTAMP"), stamp, sizeof stamp);
    bot__plain(bot__member(header, "X-BAPI-RECV-WINDOW"), window, sizeof window);
    const int64_t at = atoll(stamp), room = window[0] != '\0' ? atoll(window) : 5000, now = bot__simvenue_ms(b, b->now);
    if (c->account == 0) r.code = 10003, r.message = "Not authorized";
    else if (call.route == ROUTE_COUNT) r.code = 10404, r.message = "op is not found";
    else if (stamp[0] == '\0' || at < now - room || at >= now + 1000) r.code = 10002, r.message = "The request time exceeds the time window range.";
    else if (!bot__simbybit_limit(b, &call)) r.code = 10429, r.message = "System level frequency protection";
    if (r.code != 0) {
        bot__simbybit_reply(b, &call, &r);
        return;
    }
    struct slice first = { NULL, 0 };
    size_t at_item = 0;
    bot__items(bot__member(message, "args"), &at_item, &first);
    bot__simvenue_dispatch(b, &call, (struct slice){ "", 0 }, first);
}

static void message(struct simvenue *b, struct conn *c, struct slice message)
{
    char op[32], req_id[REQ_ID_MAX + 1];
    struct members m;
    bot__members(message, &m);
    bot__plain(bot__members_get(&m, "op"), op, sizeof op);
    bot__plain(bot__members_get(&m, "req_id"), req_id, sizeof req_id);
    const struct slice args = bot__members_get(&m, "args");
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    if (!bot__is_object(message) || op[0] == '\0') {
        bot__text_put(&t, "{'success':false,'ret_msg':'error:request is invalid','conn_id':'%s','op':''}", c->id);
        bot__simvenue_say(b, c, &t);
    } else if (strcmp(op, "ping") == 0) {
        if (c->kind == CONN_PRIVATE || c->kind == CONN_TRADE) {
            bot__text_put(&t, "{");
            if (req_id[0] != '\0') bot__text_put(&t, "'req_id':'%s',", req_id);
            bot__text_put(&t, "'op':'pong','args':['%d'],'%s':'%s'}", bot__simvenue_ms(b, b->now), c->kind == CONN_TRADE ? "connId" : "conn_id", c->id);
        } else {
            bot__text_put(&t, "{'success':true,'ret_msg':'pong','conn_id':'%s','req_id':'%s','op':'ping'}", c->id, req_id);
        }
        bot__simvenue_say(b, c, &t);
    } else if (strcmp(op, "auth") == 0 && (c->kind == CONN_PRIVATE || c->kind == CONN_TRADE)) login(b, c, args, req_id);
    else if (strcmp(op, "subscribe") == 0 && c->kind != CONN_TRADE) subscribe(b, c, args, req_id, true);
    else if (strcmp(op, "unsubscribe") == 0 && c->kind != CONN_TRADE) subscribe(b, c, args, req_id, false);
    else if (c->kind == CONN_TRADE) order_entry(b, c, message, op);
    else {
        bot__text_put(&t, "{'success':false,'ret_msg':'error:unknown op','conn_id':'%s','req_id':'%s','op':'%s'}", c->id, req_id, op);
        bot__simvenue_say(b, c, &t);
    }
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

static enum conn_kind open_path(struct simvenue *b, struct conn *c, const char *path)
{
    (void)b;
    const size_t len = strcspn(path, "?");
    char life[16];
    if (path[len] == '?' && bot__query((struct slice){ path + len + 1, strlen(path + len + 1) }, "max_active_time", life, sizeof life)) {
        const long seconds = atol(life);
        if (seconds >= 30 && seconds <= 600) c->life_max_ns = seconds * BOT_NS_PER_S;
    }
    if (len == 11 && memcmp(path, "/v5/private", len) == 0) return CONN_PRIVATE;
    if (len == 17 && memcmp(path, "/v5/public/linear", len) == 0) return CONN_LINEAR;
    if (len == 18 && memcmp(path, "/v5/public/inverse", len) == 0) return CONN_INVERSE;
    return len == 9 && memcmp(path, "/v5/trade", len) == 0 ? CONN_TRADE : CONN_FREE;
}

static uint32_t route_of(const char *method, const char *path, size_t len) { return bot__simbybit_route(method, path, len); }
static bool is_write(uint32_t route) { return bot__simbybit_is_write((enum route_id)route); }

static void weigh(struct simvenue *b, uint32_t route, struct slice query, struct slice body, struct simvenue_weight *w)
{
    (void)query;
    bot__simbybit_weigh_call(b, (enum route_id)route, body, w);
}

static bool weigh_message(struct simvenue *b, const struct conn *c, struct slice message_, uint32_t *ret_route, struct slice *ret_body,
                          uint32_t *ret_account)
{
    (void)b;
    char op[32];
    size_t at = 0;
    bot__plain(bot__member(message_, "op"), op, sizeof op);
    *ret_route = bot__simbybit_op(op);
    *ret_account = c->account;
    return c->account != 0 && *ret_route != ROUTE_COUNT && bot__items(bot__member(message_, "args"), &at, ret_body);
}

const struct dialect bot__simbybit_dialect = {
    .name = "bybit",
    .title = "Bybit v5",
    .private_path = "/v5/private",
    .public_path = "/v5/public",
    .trade_path = "/v5/trade",
    .key_header = "X-BAPI-API-KEY",
    .route_faults = bot__simbybit_route_faults,
    .routes_n = ROUTE_COUNT,
    .book_every_ns = { 10 * BOT_NS_PER_MS, 20 * BOT_NS_PER_MS, 100 * BOT_NS_PER_MS },
    .side_keys = { "b", "a" },
    .level_end = "",
    .inverse = true,
    .orders_move_positions = true,
    .route = route_of,
    .is_write = is_write,
    .open = open_path,
    .message = message,
    .http = bot__simbybit_http,
    .run = bot__simbybit_run,
    .error_body = bot__simbybit_error_body,
    .weigh = weigh,
    .weigh_message = weigh_message,
    .headers = bot__simbybit_headers,
    .trades = bot__simbybit_trades,
    .rows = bot__simbybit_rows,
    .book = bot__simbybit_book_push,
};
