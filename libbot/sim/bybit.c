/* Life, sockets and the queue of the paper exchange. */
#include "sim/bybit.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/hmac.h>

#include "bybit_internal.h"

#define KEEPALIVE_NS (30 * BOT_NS_PER_S)   /* how often idle sockets are looked at */
#define IDLE_MAX_NS  (600 * BOT_NS_PER_S)  /* the venue cuts a socket that says nothing for so long */

void bot__simbybit_options_init(struct simbybit_options *o)
{
    *o = (struct simbybit_options){ .engine_delay_min_ns = 2 * BOT_NS_PER_MS, .engine_delay_max_ns = 8 * BOT_NS_PER_MS,
                                    .push_delay_ns = BOT_NS_PER_MS, .connections_max = 64, .pending_max = 65536,
                                    .ip_limit = 600, .ip_window_ms = 5000, .order_limit_per_s = 10, .read_limit_per_s = 50,
                                    .ban_ns = 600 * BOT_NS_PER_S };
    bot__exchange_options_init(&o->exchange);
}

static void *take(struct simbybit *b, size_t size)
{
    void *p = b->alloc.alloc(b->alloc.self, size);
    if (p != NULL) memset(p, 0, size);
    return p;
}

struct simbybit *bot__simbybit_new(const struct simbybit_options *o, struct sim_alloc alloc, struct simbybit_host host, int64_t now_ns)
{
    if (o->instruments_n == 0 || o->instruments_n > EXCHANGE_INSTRUMENTS_MAX || o->connections_max == 0 || o->connections_max > 255 ||
        o->ip_limit == 0 || o->order_limit_per_s == 0 || o->order_limit_per_s > LIMIT_RING || o->read_limit_per_s == 0 ||
        o->read_limit_per_s > LIMIT_RING || o->engine_delay_min_ns < 0 || o->engine_delay_max_ns < o->engine_delay_min_ns ||
        o->exchange.accounts_max > ACCOUNTS_MAX)
        return NULL;
    struct simbybit *b = alloc.alloc(alloc.self, sizeof *b);
    if (b == NULL) return NULL;
    memset(b, 0, sizeof *b);
    b->opt = *o;
    b->alloc = alloc;
    b->host = host;
    b->now = b->start_ns = now_ns;
    b->rng = bot__sim_rng(o->seed, 1);
    b->instruments_n = o->instruments_n;
    memcpy(b->instrument, o->instruments, o->instruments_n * sizeof *o->instruments);
    b->opt.instruments = b->opt.exchange.instruments = b->instrument;
    b->opt.exchange.instruments_n = o->instruments_n;
    b->opt.exchange.seed = o->seed;
    b->opt.exchange.self = b;
    b->opt.exchange.event = bot__simbybit_event;
    b->next_keepalive = now_ns + KEEPALIVE_NS;
    b->conns_n = o->connections_max;
    b->client = take(b, sizeof *b->client * (ACCOUNTS_MAX + 1));
    b->conn = take(b, sizeof *b->conn * b->conns_n);
    b->feed = take(b, sizeof *b->feed * DEPTHS * b->instruments_n);
    b->rows = take(b, sizeof *b->rows * ROWS_MAX);
    b->trades = take(b, sizeof *b->trades * TRADES_MAX);
    b->scratch = take(b, MESSAGE_MAX);
    b->scratch2 = take(b, MESSAGE_MAX);
    b->answer = take(b, MESSAGE_MAX);
    b->orders = take(b, sizeof *b->orders * 600);
    if (b->client == NULL || b->conn == NULL || b->feed == NULL || b->rows == NULL || b->trades == NULL || b->scratch == NULL ||
        b->scratch2 == NULL || b->answer == NULL || b->orders == NULL || bot__sim_queue_init(&b->queue, alloc, o->pending_max) != 0 ||
        bot__faults_init(&b->faults, alloc, o->seed, now_ns) != 0 ||
        (b->x = bot__exchange_new(&b->opt.exchange, alloc, now_ns)) == NULL)
        goto fail;
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        struct flow_options f;
        if (o->flows != NULL) f = o->flows[i];
        else {
            bot__flow_options_init(&f);
            if (b->instrument[i].contract == BOT_INVERSE) f.lots_mean = 2000; /* contracts of one dollar */
        }
        f.instrument = i;
        if (f.seed == 0) f.seed = o->seed;
        if ((b->flow[i] = bot__flow_new(&f, alloc, now_ns)) == NULL) goto fail;
        bot__flow_open(b->flow[i], b->x, now_ns);
    }
    b->opt.flows = NULL; /* copied: the caller's may go */
    return b;
fail:
    bot__simbybit_free(b);
    return NULL;
}

void bot__simbybit_free(struct simbybit *b)
{
    if (b == NULL) return;
    const struct sim_alloc a = b->alloc;
    for (uint32_t i = 0; i < EXCHANGE_INSTRUMENTS_MAX; i++) bot__flow_free(b->flow[i]);
    bot__exchange_free(b->x);
    bot__faults_done(&b->faults);
    bot__sim_queue_done(&b->queue);
    for (uint32_t i = 0; i < b->ips_n; i++) a.release(a.self, b->ip[i].at);
    if (b->client != NULL) OPENSSL_cleanse(b->client, sizeof *b->client * (ACCOUNTS_MAX + 1));
    void *const all[] = { b->client, b->conn, b->feed, b->rows, b->trades, b->scratch, b->scratch2, b->answer, b->orders };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) a.release(a.self, all[i]);
    a.release(a.self, b);
}

int bot__simbybit_account_add(struct simbybit *b, const char *key, const char *secret, bot_money balance)
{
    if (key[0] == '\0' || strlen(key) > KEY_MAX || strlen(secret) > KEY_MAX || bot__simbybit_auth(b, key) != 0) return BOT_ERR_INVALID;
    const int account = bot__exchange_account_add(b->x, balance);
    if (account < 0) return account;
    snprintf(b->client[account].key, KEY_MAX + 1, "%s", key);
    snprintf(b->client[account].secret, KEY_MAX + 1, "%s", secret);
    if ((uint32_t)account >= b->clients_n) b->clients_n = (uint32_t)account + 1;
    return account;
}

uint32_t bot__simbybit_auth(const struct simbybit *b, const char *key)
{
    for (uint32_t i = 1; i < b->clients_n; i++)
        if (strcmp(b->client[i].key, key) == 0)
            return i;
    return 0;
}

void bot__simbybit_hmac(const struct simbybit *b, uint32_t account, const struct slice *parts, uint32_t n, char ret_hex[65])
{
    uint8_t mac[32] = { 0 };
    unsigned len = 0;
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    for (uint32_t i = 0; i < n && t.len + parts[i].len < t.size; i++) {
        memcpy(t.buf + t.len, parts[i].p, parts[i].len);
        t.len += parts[i].len;
    }
    const char *secret = b->client[account].secret;
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const uint8_t *)t.buf, t.len, mac, &len);
    for (int i = 0; i < 32; i++) snprintf(ret_hex + 2 * i, 3, "%02x", mac[i]);
}

int64_t bot__simbybit_ms(const struct simbybit *b, int64_t ns)
{
    const struct fault *skew = bot__faults_holds(&b->faults, FAULT_CLOCK_SKEW, 0, 0, b->now);
    return (ns + (skew != NULL ? skew->low_ns : 0)) / BOT_NS_PER_MS;
}

struct exchange *bot__simbybit_exchange(struct simbybit *b) { return b->x; }
struct faults *bot__simbybit_faults(struct simbybit *b) { return &b->faults; }
struct flow *bot__simbybit_flow(struct simbybit *b, uint16_t instrument) { return b->flow[instrument]; }
struct simbybit_stats bot__simbybit_stats(const struct simbybit *b) { return b->stats; }

void bot__simbybit_truth(const struct simbybit *b, uint32_t account, uint16_t instrument, struct exchange_truth *ret)
{
    bot__exchange_truth(b->x, account, instrument, ret);
    const struct exchange_instrument *in = &b->instrument[instrument];
    ret->open_buy.v += bot__exchange_qty(in, b->client[account].pending[instrument][0]).v;
    ret->open_sell.v += bot__exchange_qty(in, b->client[account].pending[instrument][1]).v;
}

/* ---- sockets --------------------------------------------------------------------------------------------------- */

struct conn *bot__simbybit_conn(struct simbybit *b, uint32_t number)
{
    const uint32_t slot = (number & 255) - 1;
    if (number == 0 || slot >= b->conns_n || b->conn[slot].kind == CONN_FREE || b->conn[slot].number != number) return NULL;
    return &b->conn[slot];
}

uint32_t bot__simbybit_stream(const struct conn *c)
{
    return c->kind == CONN_PRIVATE ? FAULT_STREAM_PRIVATE : c->kind == CONN_TRADE ? FAULT_STREAM_TRADE : FAULT_STREAM_PUBLIC;
}

uint32_t bot__simbybit_ws_open(struct simbybit *b, int64_t now_ns, uint32_t ip, const char *path)
{
    if (now_ns > b->now) b->now = now_ns;
    const size_t len = strcspn(path, "?");
    enum conn_kind kind = CONN_FREE;
    if (len == 11 && memcmp(path, "/v5/private", len) == 0) kind = CONN_PRIVATE;
    else if (len == 17 && memcmp(path, "/v5/public/linear", len) == 0) kind = CONN_LINEAR;
    else if (len == 18 && memcmp(path, "/v5/public/inverse", len) == 0) kind = CONN_INVERSE;
    else if (len == 9 && memcmp(path, "/v5/trade", len) == 0) kind = CONN_TRADE;
    if (kind == CONN_FREE) return 0;
    for (uint32_t s = 0; s < b->conns_n; s++) {
        struct conn *c = &b->conn[s];
        if (c->kind != CONN_FREE) continue;
        const uint32_t generation = c->generation + 1;
        *c = (struct conn){ .kind = kind, .generation = generation, .number = generation << 8 | (s + 1), .ip = ip, .heard_at = b->now };
        if (bot__faults_hit(&b->faults, FAULT_WS_REFUSE, bot__simbybit_stream(c), 0, b->now) != NULL) {
            c->kind = CONN_FREE;
            return 0;
        }
        char life[16];
        c->life_max_ns = IDLE_MAX_NS;
        if (path[len] == '?' && bot__query((struct slice){ path + len + 1, strlen(path + len + 1) }, "max_active_time", life, sizeof life)) {
            const long seconds = atol(life);
            if (seconds >= 30 && seconds <= 600) c->life_max_ns = seconds * BOT_NS_PER_S;
        }
        snprintf(c->id, sizeof c->id, "d%08llx%06xsim-%x", (unsigned long long)(bot__sim_rng_next(&b->rng) & 0xffffffff), generation, s + 1);
        return c->number;
    }
    return 0;
}

void bot__simbybit_ws_closed(struct simbybit *b, int64_t now_ns, uint32_t conn)
{
    if (now_ns > b->now) b->now = now_ns;
    struct conn *c = bot__simbybit_conn(b, conn);
    if (c == NULL) return;
    b->watched -= c->kind == CONN_PRIVATE && c->account != 0;
    c->kind = CONN_FREE;
}

void bot__simbybit_close(struct simbybit *b, struct conn *c, const char *reason)
{
    const uint32_t number = c->number;
    bot__simbybit_ws_closed(b, b->now, number);
    b->host.ws_close(b->host.self, number, reason);
}

void bot__simbybit_send(struct simbybit *b, struct conn *c, int64_t at, const char *text, size_t len)
{
    struct sim_item *item = bot__sim_item_new(&b->queue, ITEM_SEND, len);
    if (item == NULL) return;
    memcpy(item->bytes, text, len);
    item->a = c->number;
    if (!bot__sim_queue_push(&b->queue, at, item)) { /* nothing may be lost in silence: the socket dies instead */
        bot__sim_item_free(&b->queue, item);
        b->stats.dropped++;
        bot__simbybit_close(b, c, "queue full");
    }
}

/* At the moment of leaving: does the socket carry anything? */
static bool carries(struct simbybit *b, const struct conn *c, bool pong)
{
    const uint32_t stream = bot__simbybit_stream(c);
    if (bot__faults_hit(&b->faults, FAULT_WS_HALFOPEN, stream, c->account, b->now) != NULL) return false;
    return pong || bot__faults_hit(&b->faults, FAULT_WS_MUTE, stream, c->account, b->now) == NULL;
}

bool bot__simbybit_ws_ping(struct simbybit *b, int64_t now_ns, uint32_t conn)
{
    if (now_ns > b->now) b->now = now_ns;
    struct conn *c = bot__simbybit_conn(b, conn);
    if (c == NULL || !carries(b, c, true)) return false;
    c->heard_at = b->now;
    return true;
}

static void answer(struct simbybit *b, struct conn *c, struct text *t)
{
    if (!t->full) bot__simbybit_send(b, c, b->now, t->buf, t->len);
}

static void login(struct simbybit *b, struct conn *c, struct slice args, const char *req_id)
{
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    struct slice v;
    size_t at = 0;
    char key[KEY_MAX + 1] = "", expires[24] = "", sign[80] = "", expected[65] = "";
    const bool three = bot__items(args, &at, &v) && bot__plain(v, key, sizeof key) && bot__items(args, &at, &v) &&
                       bot__plain(v, expires, sizeof expires) && bot__items(args, &at, &v) && bot__plain(v, sign, sizeof sign);
    const uint32_t account = bot__simbybit_auth(b, key);
    int32_t code = 0;
    const char *message = "";
    if (!three) code = 10001, message = "Params Error";
    else if (bot__faults_hit(&b->faults, FAULT_WS_NOAUTH, bot__simbybit_stream(c), account, b->now) != NULL)
        code = 10016, message = "Server error";
    else if (account == 0) code = 10003, message = "API key is invalid.";
    else if (atoll(expires) <= bot__simbybit_ms(b, b->now)) code = 10002, message = "Request has expired";
    else {
        const struct slice parts[] = { SLICE("GET/realtime"), { expires, strlen(expires) } };
        bot__simbybit_hmac(b, account, parts, 2, expected);
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
    answer(b, c, &t);
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
static bool public_topic(const struct simbybit *b, const struct conn *c, const char *name, int *ret_depth, uint16_t *ret_instrument)
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

static void subscribe(struct simbybit *b, struct conn *c, struct slice args, const char *req_id, bool on)
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
    if (on && bot__faults_hit(&b->faults, FAULT_WS_LIMIT, bot__simbybit_stream(c), c->account, b->now) != NULL)
        error = "error:too many requests, please try again later";
    const char *op = on ? "subscribe" : "unsubscribe";
    bot__text_put(&t, "{'success':%b,'ret_msg':'%s','conn_id':'%s','req_id':'%s','op':'%s'}", error == NULL,
                  error != NULL ? error : c->kind == CONN_PRIVATE ? "" : op, c->id, req_id, op);
    answer(b, c, &t);
    const uint32_t number = c->number;
    for (size_t at = 0; error == NULL && bot__items(args, &at, &v);) {
        uint32_t topic, bits;
        int depth;
        uint16_t i;
        bot__plain(v, name, sizeof name);
        if ((c = bot__simbybit_conn(b, number)) == NULL) return;
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

static void order_entry(struct simbybit *b, struct conn *c, struct slice message, const char *op)
{
    struct call call = { .account = c->account, .ip = c->ip, .conn = c->number, .limit = -1, .route = bot__simbybit_op(op) };
    bot__plain(bot__member(message, "reqId"), call.req_id, sizeof call.req_id);
    struct reply r = { .result = bot__text(b->answer, MESSAGE_MAX), .extra = bot__text(b->scratch2, MESSAGE_MAX), .message = "OK" };
    char stamp[24], window[24];
    const struct slice header = bot__member(message, "header");
    bot__plain(bot__member(header, "X-BAPI-TIMESTAMP"), stamp, sizeof stamp);
    bot__plain(bot__member(header, "X-BAPI-RECV-WINDOW"), window, sizeof window);
    const int64_t at = atoll(stamp), room = window[0] != '\0' ? atoll(window) : 5000, now = bot__simbybit_ms(b, b->now);
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
    bot__simbybit_dispatch(b, &call, (struct slice){ "", 0 }, first);
}

void bot__simbybit_ws_message(struct simbybit *b, int64_t now_ns, uint32_t conn, const char *text, size_t len)
{
    if (now_ns > b->now) b->now = now_ns;
    struct conn *c = bot__simbybit_conn(b, conn);
    if (c == NULL || bot__faults_hit(&b->faults, FAULT_WS_HALFOPEN, bot__simbybit_stream(c), c->account, b->now) != NULL) return;
    b->stats.ws_messages_in++;
    c->heard_at = b->now;
    const struct slice message = { text, len };
    char op[32], req_id[REQ_ID_MAX + 1];
    bot__plain(bot__member(message, "op"), op, sizeof op);
    bot__plain(bot__member(message, "req_id"), req_id, sizeof req_id);
    const struct slice args = bot__member(message, "args");
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    if (!bot__is_object(message) || op[0] == '\0') {
        bot__text_put(&t, "{'success':false,'ret_msg':'error:request is invalid','conn_id':'%s','op':''}", c->id);
        answer(b, c, &t);
    } else if (strcmp(op, "ping") == 0) {
        if (c->kind == CONN_PRIVATE || c->kind == CONN_TRADE) {
            bot__text_put(&t, "{");
            if (req_id[0] != '\0') bot__text_put(&t, "'req_id':'%s',", req_id);
            bot__text_put(&t, "'op':'pong','args':['%d'],'%s':'%s'}", bot__simbybit_ms(b, b->now), c->kind == CONN_TRADE ? "connId" : "conn_id", c->id);
        } else {
            bot__text_put(&t, "{'success':true,'ret_msg':'pong','conn_id':'%s','req_id':'%s','op':'ping'}", c->id, req_id);
        }
        answer(b, c, &t);
    } else if (strcmp(op, "auth") == 0 && (c->kind == CONN_PRIVATE || c->kind == CONN_TRADE)) login(b, c, args, req_id);
    else if (strcmp(op, "subscribe") == 0 && c->kind != CONN_TRADE) subscribe(b, c, args, req_id, true);
    else if (strcmp(op, "unsubscribe") == 0 && c->kind != CONN_TRADE) subscribe(b, c, args, req_id, false);
    else if (c->kind == CONN_TRADE) order_entry(b, c, message, op);
    else {
        bot__text_put(&t, "{'success':false,'ret_msg':'error:unknown op','conn_id':'%s','req_id':'%s','op':'%s'}", c->id, req_id, op);
        answer(b, c, &t);
    }
}

/* ---- time ------------------------------------------------------------------------------------------------------ */

/* What faults set rather than being asked for: the market's mode, rate and drift. */
static void apply_standing_faults(struct simbybit *b)
{
    const bool halted = bot__faults_holds(&b->faults, FAULT_MARKET_HALT, 0, 0, b->now) != NULL;
    const bool cancel_only = bot__faults_holds(&b->faults, FAULT_MARKET_CANCEL_ONLY, 0, 0, b->now) != NULL;
    const enum exchange_mode mode = halted ? EXCHANGE_MODE_HALTED : cancel_only ? EXCHANGE_CANCEL_ONLY : EXCHANGE_OPEN;
    if (mode != bot__exchange_mode(b->x)) {
        b->faults.used[halted ? FAULT_MARKET_HALT : FAULT_MARKET_CANCEL_ONLY] += mode != EXCHANGE_OPEN;
        bot__exchange_mode_set(b->x, mode);
    }
    const struct fault *rate = bot__faults_holds(&b->faults, FAULT_MARKET_RATE, 0, 0, b->now);
    const struct fault *trend = bot__faults_holds(&b->faults, FAULT_MARKET_TREND, 0, 0, b->now);
    for (uint32_t i = 0; i < b->instruments_n; i++) {
        bot__flow_scale(b->flow[i], b->now, halted ? 0 : rate != NULL ? rate->share_ppm : 1000000);
        bot__flow_push(b->flow[i], trend != NULL ? (int32_t)trend->ticks : INT32_MIN);
    }
}

static void run_event(struct simbybit *b, const struct fault *f)
{
    const uint32_t account = f->account != 0 ? f->account : 1;
    if (f->kind == FAULT_WS_CUT) {
        for (uint32_t s = 0; s < b->conns_n; s++) {
            struct conn *c = &b->conn[s];
            if (c->kind != CONN_FREE && (bot__simbybit_stream(c) & f->on) != 0 && (f->account == 0 || c->account == f->account))
                bot__simbybit_close(b, c, "cut");
        }
        return;
    }
    if (f->kind == FAULT_FUND || f->kind == FAULT_SEQ_RESTART) {
        for (uint16_t i = 0; i < b->instruments_n; i++) {
            if (f->kind == FAULT_FUND) bot__exchange_fund(b->x, b->now, i, f->rate_e8);
            else bot__exchange_seq_restart(b->x, i, 1);
        }
        return;
    }
    if (account >= bot__exchange_accounts(b->x)) return;
    const struct exchange_instrument *in = &b->instrument[0];
    int64_t lots = 0;
    if (f->qty.coef != 0 && bot__exchange_lots(in, f->qty, &lots) < 0) return;
    if (f->kind == FAULT_LIQUIDATE) bot__exchange_liquidate(b->x, b->now, account, 0, lots);
    else if (f->kind == FAULT_ADL) bot__exchange_adl(b->x, b->now, account, 0, lots);
    else { /* by hand: no orderLinkId */
        const bool hedge = bot__exchange_hedge(b->x, account, 0);
        const struct exchange_request r = { .account = account, .side = f->side, .type = f->kind == FAULT_TRADE ? BOT_MARKET : BOT_LIMIT,
                                            .tif = f->kind == FAULT_TRADE ? BOT_IOC : BOT_GTC, .lots = lots,
                                            .leg = !hedge ? BOT_LEG_NET : f->side == BOT_BUY ? BOT_LEG_LONG : BOT_LEG_SHORT,
                                            .price_ticks = bot__exchange_mark(b->x, 0) + (f->side == BOT_BUY ? -f->ticks : f->ticks) };
        bot__exchange_submit(b->x, b->now, &r, NULL);
    }
}

static void observe(struct simbybit *b)
{
    if (!bot__faults_observes(&b->faults)) return;
    for (uint32_t a = 1; a < bot__exchange_accounts(b->x); a++) {
        struct exchange_truth truth;
        bot__exchange_truth(b->x, a, 0, &truth);
        const bot_qty size = { truth.position.v < 0 ? -truth.position.v : truth.position.v };
        bot__faults_observe(&b->faults, a, size, b->client[a].fills, b->client[a].orders, b->now);
    }
}

static void keepalive(struct simbybit *b)
{
    b->next_keepalive += KEEPALIVE_NS;
    for (uint32_t s = 0; s < b->conns_n; s++)
        if (b->conn[s].kind != CONN_FREE && b->now - b->conn[s].heard_at > b->conn[s].life_max_ns)
            bot__simbybit_close(b, &b->conn[s], "idle");
}

static void run_item(struct simbybit *b, struct sim_item *item)
{
    switch (item->kind) {
    case ITEM_SEND: {
        struct conn *c = bot__simbybit_conn(b, item->a);
        const bool pong = item->len < 200 && strstr(item->bytes, "pong") != NULL;
        if (c == NULL || !carries(b, c, pong)) return;
        b->stats.ws_messages_out++;
        b->host.ws_send(b->host.self, item->a, item->bytes, item->len);
        return;
    }
    case ITEM_ANSWER: {
        struct stored_answer head;
        memcpy(&head, item->bytes, sizeof head);
        char limit[16], left[16], reset[24];
        struct simbybit_answer a = { .status = head.status, .body = item->bytes + sizeof head, .body_len = item->len - sizeof head,
                                     .content_type = head.html ? "text/html" : "application/json; charset=utf-8" };
        if (head.limit >= 0) {
            snprintf(limit, sizeof limit, "%d", head.limit);
            snprintf(left, sizeof left, "%d", head.limit_left);
            snprintf(reset, sizeof reset, "%lld", (long long)head.limit_reset_ms);
            a.headers[a.headers_n++] = (struct simbybit_header){ "X-Bapi-Limit", limit };
            a.headers[a.headers_n++] = (struct simbybit_header){ "X-Bapi-Limit-Status", left };
            a.headers[a.headers_n++] = (struct simbybit_header){ "X-Bapi-Limit-Reset-Timestamp", reset };
        }
        b->host.http_answer(b->host.self, item->c, &a);
        return;
    }
    case ITEM_CALL: {
        struct call call;
        memcpy(&call, item->bytes, sizeof call);
        const struct slice query = { item->bytes + sizeof call, item->a }, body = { query.p + item->a, item->len - sizeof call - item->a };
        bot__simbybit_weigh(b, &call.weight, -1);
        bot__simbybit_run(b, &call, query, body);
        return;
    }
    case ITEM_BOOK: bot__simbybit_book_push(b, (uint16_t)item->a, item->b); return;
    default: return;
    }
}

int64_t bot__simbybit_next(const struct simbybit *b)
{
    int64_t next = bot__sim_queue_next(&b->queue);
    for (uint32_t i = 0; i < b->instruments_n; i++) {
        const int64_t at = bot__flow_next(b->flow[i]);
        if (at < next) next = at;
    }
    const int64_t fault = bot__faults_next(&b->faults, b->now);
    if (fault < next) next = fault;
    return next < b->next_keepalive ? next : b->next_keepalive;
}

void bot__simbybit_step(struct simbybit *b, int64_t now_ns)
{
    /* Everything in order of its time, so that one late step does what many punctual ones would have done. */
    for (;;) {
        const int64_t at = bot__simbybit_next(b);
        if (at > now_ns) break;
        if (at > b->now) b->now = at;
        apply_standing_faults(b);
        for (const struct fault *f; (f = bot__faults_due(&b->faults, b->now)) != NULL;) run_event(b, f);
        for (uint32_t i = 0; i < b->instruments_n; i++)
            if (bot__flow_next(b->flow[i]) <= b->now) bot__flow_step(b->flow[i], b->x, b->now);
        for (struct sim_item *item; (item = bot__sim_queue_pop(&b->queue, b->now)) != NULL;) {
            run_item(b, item);
            bot__sim_item_free(&b->queue, item);
        }
        if (b->now >= b->next_keepalive) keepalive(b);
        observe(b);
    }
    if (now_ns > b->now) b->now = now_ns;
}
