#include "sim/world.h"

#include <string.h>

#define START_NS BOT_NS_PER_S /* a client's monotonic clock at the world's start */
#define REQUESTS_MAX 4096
#define HOOKS_MAX 8
#define HEADERS_KEPT 8

enum {
    TO_VENUE_OPEN, TO_VENUE_MESSAGE, TO_VENUE_PING, TO_VENUE_CLOSE, TO_VENUE_REQUEST,
    TO_CLIENT_OPENED, TO_CLIENT_MESSAGE, TO_CLIENT_ALIVE, TO_CLIENT_CLOSED, TO_CLIENT_ANSWER,
    DEADLINE,
};

/* One socket of a client. The generation changes whenever the client opens or closes it: what is under way for an older
 * one finds nobody. */
struct stream {
    uint32_t generation, conn; /* conn: the exchange's number, 0 while there is none */
    bool     wanted, open;
    int64_t  last_up, last_down; /* due times of the last message each way, to keep order */
};

struct client {
    struct world   *w;
    struct session_inputs ops;
    struct session *session;
    struct stream   stream[BOT_STREAM_COUNT];
    bot_ts   timer_at;
    int64_t  skew_ns;
    bot_ts   frozen_until, held_until;
    uint64_t held;
    bool     offline;
    uint32_t number;
};

struct request {
    uint64_t number; /* 0: free */
    uint64_t id;     /* the session's */
    uint32_t client;
};

struct call_at {
    bot_ts   at;
    uint64_t order;
    void   (*fn)(void *user_data);
    void    *user_data;
};
#define CALLS_MAX 1024

struct world {
    struct world_options opt;
    struct sim_alloc alloc;
    struct simvenue *b;
    struct sim_queue queue;
    struct sim_rng   rng;
    bot_ts           now;
    struct client    client[WORLD_CLIENTS_MAX];
    uint32_t         clients_n;
    struct request   request[REQUESTS_MAX];
    uint64_t         next_request;
    struct call_at   call[CALLS_MAX];
    uint32_t         calls_n;
    uint64_t         next_call;
    struct { void (*fn)(void *user_data); void *user_data; } hook[HOOKS_MAX];
    uint32_t         hooks_n;
    void           (*tap)(void *user_data, bot_ts at, int client, char direction, const char *what, const char *text, size_t len);
    void            *tap_data;
    struct world_stats stats;
};

void bot__world_options_init(struct world_options *o)
{
    *o = (struct world_options){ .wall_start_ns = INT64_C(1704067200) * BOT_NS_PER_S, .latency_min_ns = 2 * BOT_NS_PER_MS,
                                 .latency_mean_ns = 5 * BOT_NS_PER_MS, .latency_max_ns = 300 * BOT_NS_PER_MS,
                                 .connect_ns = 30 * BOT_NS_PER_MS, .queue_max = 65536 };
    bot__simvenue_options_init(&o->venue);
}

static int64_t venue_time(const struct world *w, bot_ts at) { return w->opt.wall_start_ns + at - START_NS; }
static bot_ts world_time(const struct world *w, int64_t venue_ns)
{
    return venue_ns == INT64_MAX ? BOT_TS_NEVER : venue_ns - w->opt.wall_start_ns + START_NS;
}

static int64_t latency(struct world *w)
{
    const int64_t v = w->opt.latency_min_ns + (w->opt.latency_mean_ns > 0 ? bot__sim_rng_exponential(&w->rng, w->opt.latency_mean_ns) : 0);
    return v > w->opt.latency_max_ns ? w->opt.latency_max_ns : v;
}

static void tell(struct world *w, uint32_t client, char direction, const char *what, const char *text, size_t len)
{
    if (w->tap != NULL) w->tap(w->tap_data, w->now, (int)client, direction, what, text, len);
}

/* NULL when the queue or the memory is full: the message is lost, as on a network. */
static struct sim_item *item_new(struct world *w, uint32_t kind, uint32_t client, uint32_t stream, const void *bytes, size_t len)
{
    struct sim_item *item = bot__sim_item_new(&w->queue, kind, len);
    if (item == NULL) return NULL;
    if (len > 0) memcpy(item->bytes, bytes, len);
    item->a = client;
    item->b = stream;
    return item;
}

static bool push(struct world *w, bot_ts at, struct sim_item *item)
{
    if (item == NULL) return false;
    if (bot__sim_queue_push(&w->queue, at, item)) return true;
    bot__sim_item_free(&w->queue, item);
    return false;
}

/* When a message sent now arrives, not before the one ahead of it. */
static bot_ts in_order(struct world *w, int64_t *last)
{
    bot_ts at = w->now + latency(w);
    if (at < *last) at = *last;
    return *last = at;
}

/* ---- the client's side: struct transport ----------------------------------------------------------------------- */

static void down(struct world *w, struct client *c, bot_stream stream, uint32_t kind, const char *text, size_t len)
{
    struct stream *s = &c->stream[stream];
    struct sim_item *item = item_new(w, kind, c->number, stream, text, len);
    if (item == NULL) return;
    item->c = s->generation;
    push(w, in_order(w, &s->last_down), item);
}

static bool up(struct client *c, bot_stream stream, uint32_t kind, const char *text, size_t len)
{
    struct world *w = c->w;
    struct stream *s = &c->stream[stream];
    struct simvenue_weight weight = { 0 };
    if (kind == TO_VENUE_MESSAGE) bot__simvenue_weigh_ws(w->b, s->conn, text, len, &weight);
    struct sim_item *item = bot__sim_item_new(&w->queue, kind, sizeof weight + len);
    if (item == NULL) return false;
    memcpy(item->bytes, &weight, sizeof weight);
    if (len > 0) memcpy(item->bytes + sizeof weight, text, len);
    item->a = c->number;
    item->b = stream;
    item->c = s->generation;
    item->d = s->conn;
    if (!push(w, in_order(w, &s->last_up), item)) return false;
    bot__simvenue_weigh(w->b, &weight, 1);
    return true;
}

static void stream_drop(struct client *c, bot_stream stream)
{
    struct stream *s = &c->stream[stream];
    if (s->conn != 0 && !c->offline) up(c, stream, TO_VENUE_CLOSE, NULL, 0);
    s->generation++;
    s->wanted = s->open = false;
    s->conn = 0;
    s->last_down = 0;
}

static int ws_open(void *self, bot_stream stream, const char *url)
{
    struct client *c = self;
    struct world *w = c->w;
    stream_drop(c, stream);
    struct stream *s = &c->stream[stream];
    s->wanted = true;
    const char *path = strstr(url, "://");
    path = path != NULL ? strchr(path + 3, '/') : NULL;
    if (path == NULL) path = "/";
    struct sim_item *item = item_new(w, TO_VENUE_OPEN, c->number, stream, path, strlen(path));
    if (item == NULL) return BOT_ERR_NOMEM;
    item->c = s->generation;
    s->last_up = w->now + w->opt.connect_ns + latency(w);
    return push(w, s->last_up, item) ? 0 : BOT_ERR_FULL;
}

static int ws_send(void *self, bot_stream stream, const char *text, size_t len)
{
    struct client *c = self;
    if (!c->stream[stream].open) return BOT_ERR_NOT_CONNECTED;
    if (c->offline) return 0; /* into a buffer that nobody empties */
    return up(c, stream, TO_VENUE_MESSAGE, text, len) ? 0 : BOT_ERR_FULL;
}

static int ws_ping(void *self, bot_stream stream)
{
    struct client *c = self;
    if (!c->stream[stream].open) return BOT_ERR_NOT_CONNECTED;
    if (c->offline) return 0;
    return up(c, stream, TO_VENUE_PING, NULL, 0) ? 0 : BOT_ERR_FULL;
}

static void ws_close(void *self, bot_stream stream) { stream_drop(self, stream); }

static struct request *request_find(struct world *w, uint64_t number)
{
    struct request *r = &w->request[number % REQUESTS_MAX];
    return number != 0 && r->number == number ? r : NULL;
}

/* Answers wait in the queue as: result, status, count of headers, then name NUL value NUL each, then the body. */
struct answer_head {
    int32_t  result, status;
    uint32_t headers_n, headers_len;
};

static void answer_push(struct world *w, uint64_t number, bot_ts at, enum transport_result result, const struct simvenue_answer *a)
{
    struct answer_head head = { .result = (int32_t)result };
    size_t headers_len = 0;
    if (a != NULL) {
        head.status = a->status;
        for (uint32_t i = 0; i < a->headers_n; i++) headers_len += strlen(a->headers[i].name) + strlen(a->headers[i].value) + 2;
        if (a->content_type != NULL) headers_len += sizeof "Content-Type" + strlen(a->content_type) + 1;
    }
    const size_t len = sizeof head + headers_len + (a != NULL ? a->body_len : 0);
    struct sim_item *item = bot__sim_item_new(&w->queue, TO_CLIENT_ANSWER, len);
    const struct request *r = request_find(w, number);
    if (item == NULL || r == NULL) {
        bot__sim_item_free(&w->queue, item);
        return;
    }
    char *p = item->bytes + sizeof head;
    for (uint32_t i = 0; a != NULL && i <= a->headers_n && head.headers_n < HEADERS_KEPT; i++) {
        const char *name = i < a->headers_n ? a->headers[i].name : "Content-Type";
        const char *value = i < a->headers_n ? a->headers[i].value : a->content_type;
        if (value == NULL) continue;
        memcpy(p, name, strlen(name) + 1);
        p += strlen(name) + 1;
        memcpy(p, value, strlen(value) + 1);
        p += strlen(value) + 1;
        head.headers_n++;
    }
    head.headers_len = (uint32_t)headers_len;
    memcpy(item->bytes, &head, sizeof head);
    if (a != NULL && a->body_len > 0) memcpy(item->bytes + sizeof head + headers_len, a->body, a->body_len);
    item->a = r->client;
    item->c = number;
    push(w, at, item);
}

static int http_start(void *self, uint64_t id, const char *base_url, const struct venue_http *http, bot_ts deadline)
{
    struct client *c = self;
    struct world *w = c->w;
    (void)base_url;
    struct request *r = &w->request[w->next_request % REQUESTS_MAX];
    if (r->number != 0) return BOT_ERR_FULL;
    *r = (struct request){ .number = w->next_request, .id = id, .client = c->number };
    w->next_request++;
    w->stats.http_requests++;
    struct sim_item *late = item_new(w, DEADLINE, c->number, 0, NULL, 0);
    if (late != NULL) late->c = r->number;
    if (!push(w, deadline > w->now ? deadline : w->now, late)) {
        r->number = 0;
        return BOT_ERR_FULL;
    }
    if (c->offline || bot__simvenue_http_refused(w->b, venue_time(w, w->now), http->method, http->path)) {
        answer_push(w, r->number, w->now + 2 * latency(w), TRANSPORT_NOT_SENT, NULL);
        return 0;
    }
    struct simvenue_weight weight;
    struct simvenue_header headers[VENUE_HEADERS_MAX];
    for (uint32_t i = 0; i < http->headers_n; i++) headers[i] = (struct simvenue_header){ http->headers[i].name, http->headers[i].value };
    bot__simvenue_weigh_http(w->b, http->method, http->path, headers, http->headers_n, http->body, http->body_len, &weight);
    struct sim_item *item = bot__sim_item_new(&w->queue, TO_VENUE_REQUEST, sizeof weight + sizeof *http);
    if (item == NULL) return 0; /* lost on the wire: the deadline answers */
    memcpy(item->bytes, &weight, sizeof weight);
    memcpy(item->bytes + sizeof weight, http, sizeof *http);
    item->a = c->number;
    item->c = r->number;
    if (push(w, w->now + latency(w), item)) bot__simvenue_weigh(w->b, &weight, 1);
    return 0;
}

static void http_cancel(void *self, uint64_t id)
{
    struct client *c = self;
    for (uint32_t i = 0; i < REQUESTS_MAX; i++)
        if (c->w->request[i].number != 0 && c->w->request[i].client == c->number && c->w->request[i].id == id)
            c->w->request[i].number = 0;
}

static void timer(void *self, bot_ts at)
{
    struct client *c = self;
    c->timer_at = at == BOT_TS_NEVER || at > c->w->now ? at : c->w->now;
}

/* ---- the exchange's side --------------------------------------------------------------------------------------- */

static struct client *owner(struct world *w, uint32_t conn, bot_stream *ret_stream)
{
    for (uint32_t i = 0; i < w->clients_n; i++)
        for (int s = 0; s < BOT_STREAM_COUNT; s++)
            if (w->client[i].stream[s].conn == conn) {
                *ret_stream = (bot_stream)s;
                return &w->client[i];
            }
    return NULL;
}

static void venue_ws_send(void *self, uint32_t conn, const char *text, size_t len)
{
    struct world *w = self;
    bot_stream stream;
    struct client *c = owner(w, conn, &stream);
    if (c != NULL) down(w, c, stream, TO_CLIENT_MESSAGE, text, len);
}

static void venue_ws_close(void *self, uint32_t conn, const char *reason)
{
    struct world *w = self;
    bot_stream stream;
    struct client *c = owner(w, conn, &stream);
    if (c == NULL) return;
    c->stream[stream].conn = 0;
    down(w, c, stream, TO_CLIENT_CLOSED, reason, strlen(reason));
}

static void venue_http_answer(void *self, uint64_t number, const struct simvenue_answer *a)
{
    struct world *w = self;
    if (request_find(w, number) == NULL) return;
    const enum transport_result result = a->status < 0 ? TRANSPORT_BROKEN : a->status == 0 ? TRANSPORT_NOT_SENT : TRANSPORT_OK;
    answer_push(w, number, w->now + latency(w), result, result == TRANSPORT_OK ? a : NULL);
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

struct world *bot__world_new(const struct world_options *o, struct sim_alloc alloc)
{
    if (o->latency_min_ns < 0 || o->latency_mean_ns < 0 || o->latency_max_ns < o->latency_min_ns || o->queue_max < 16) return NULL;
    struct world *w = alloc.alloc(alloc.self, sizeof *w);
    if (w == NULL) return NULL;
    memset(w, 0, sizeof *w);
    w->opt = *o;
    w->alloc = alloc;
    w->now = START_NS;
    w->rng = bot__sim_rng(o->seed, 2);
    w->next_request = 1;
    if (w->opt.venue.seed == 0) w->opt.venue.seed = o->seed;
    struct exchange_instrument defaults[3];
    if (w->opt.venue.instruments_n == 0) {
        w->opt.venue.instruments_n = bot__exchange_instruments_default(defaults, 3);
        w->opt.venue.instruments = defaults;
    }
    const struct simvenue_host host = { .self = w, .ws_send = venue_ws_send, .ws_close = venue_ws_close, .http_answer = venue_http_answer };
    if (bot__sim_queue_init(&w->queue, alloc, o->queue_max) != 0 ||
        (w->b = bot__simvenue_new(&w->opt.venue, alloc, host, venue_time(w, w->now))) == NULL) {
        bot__world_free(w);
        return NULL;
    }
    w->opt.venue.instruments = NULL;
    return w;
}

void bot__world_free(struct world *w)
{
    if (w == NULL) return;
    bot__simvenue_free(w->b);
    bot__sim_queue_done(&w->queue);
    w->alloc.release(w->alloc.self, w);
}

int bot__world_account_add(struct world *w, const char *key, const char *secret, bot_money balance)
{
    return bot__simvenue_account_add(w->b, key, secret, balance);
}

int bot__world_faults(struct world *w, const char *text, char *error, size_t error_size)
{
    return bot__faults_parse(bot__simvenue_faults(w->b), text, strlen(text), error, error_size);
}

int bot__world_client_add(struct world *w, const struct session_inputs *ops, struct transport *ret_transport)
{
    if (w->clients_n == WORLD_CLIENTS_MAX) return BOT_ERR_FULL;
    struct client *c = &w->client[w->clients_n++];
    *c = (struct client){ .w = w, .ops = *ops, .number = w->clients_n, .timer_at = BOT_TS_NEVER };
    *ret_transport = (struct transport){ .self = c, .ws_open = ws_open, .ws_send = ws_send, .ws_ping = ws_ping, .ws_close = ws_close,
                                         .http_start = http_start, .http_cancel = http_cancel, .timer = timer };
    return (int)w->clients_n;
}

static struct client *client_of(struct world *w, int client) { return &w->client[client - 1]; }

void bot__world_client_attach(struct world *w, int client, struct session *session) { client_of(w, client)->session = session; }

void bot__world_client_kill(struct world *w, int client)
{
    struct client *c = client_of(w, client);
    for (int s = 0; s < BOT_STREAM_COUNT; s++) stream_drop(c, (bot_stream)s);
    for (uint32_t i = 0; i < REQUESTS_MAX; i++)
        if (w->request[i].client == c->number) w->request[i].number = 0;
    c->timer_at = BOT_TS_NEVER;
    c->session = NULL;
    c->frozen_until = 0;
}

void bot__world_client_freeze(struct world *w, int client, bot_ts until) { client_of(w, client)->frozen_until = until; }
void bot__world_client_backlog(struct world *w, int client, bot_ts until) { client_of(w, client)->held_until = until; }
uint64_t bot__world_client_held(const struct world *w, int client) { return w->client[client - 1].held; }
void bot__world_client_skew(struct world *w, int client, int64_t skew_ns) { client_of(w, client)->skew_ns = skew_ns; }

void bot__world_client_offline(struct world *w, int client, bool offline)
{
    struct client *c = client_of(w, client);
    if (c->offline == offline) return;
    c->offline = offline;
    if (offline) return;
    /* The peers have given up meanwhile: what was open turns out to be reset. */
    for (int s = 0; s < BOT_STREAM_COUNT; s++) {
        struct stream *st = &c->stream[s];
        if (!st->wanted) continue;
        if (st->conn != 0) bot__simvenue_ws_closed(w->b, venue_time(w, w->now), st->conn);
        st->conn = 0;
        down(w, c, (bot_stream)s, TO_CLIENT_CLOSED, "connection reset", 16);
    }
}

bot_ts bot__world_now(const struct world *w) { return w->now; }

struct session_time bot__world_time(const struct world *w, int client)
{
    return (struct session_time){ w->now, venue_time(w, w->now) + (client > 0 ? w->client[client - 1].skew_ns : 0) };
}

struct simvenue *bot__world_venue(struct world *w) { return w->b; }
struct exchange *bot__world_exchange(struct world *w) { return bot__simvenue_exchange(w->b); }
struct world_stats bot__world_stats(const struct world *w) { return w->stats; }

const uint64_t *bot__world_faults_used(const struct world *w) { return bot__simvenue_faults(w->b)->used; }
const uint64_t *bot__world_faults_bit(const struct world *w) { return bot__simvenue_faults(w->b)->bit; }

void bot__world_truth(const struct world *w, uint32_t account, uint16_t instrument, struct exchange_truth *ret)
{
    bot__simvenue_truth(w->b, account, instrument, ret);
}

/* ---- events ---------------------------------------------------------------------------------------------------- */

static void run_open(struct world *w, struct client *c, struct sim_item *item)
{
    struct stream *s = &c->stream[item->b];
    if (c->offline) return;
    s->conn = bot__simvenue_ws_open(w->b, venue_time(w, w->now), c->number, item->bytes);
    s->last_down = w->now;
    down(w, c, (bot_stream)item->b, s->conn != 0 ? TO_CLIENT_OPENED : TO_CLIENT_CLOSED, "refused", s->conn != 0 ? 0 : 7);
}

static void run_to_venue(struct world *w, struct client *c, struct sim_item *item)
{
    struct stream *s = &c->stream[item->b];
    const uint32_t conn = (uint32_t)item->d;
    struct simvenue_weight weight;
    memcpy(&weight, item->bytes, sizeof weight);
    const char *text = item->bytes + sizeof weight;
    const size_t len = item->len - sizeof weight;
    bot__simvenue_weigh(w->b, &weight, -1);
    if (c->offline && item->kind != TO_VENUE_CLOSE) return;
    const int64_t at = venue_time(w, w->now);
    switch (item->kind) {
    case TO_VENUE_MESSAGE:
        tell(w, c->number, '>', "ws", text, len);
        w->stats.ws_out++;
        bot__simvenue_ws_message(w->b, at, conn, text, len);
        break;
    case TO_VENUE_PING:
        if (bot__simvenue_ws_ping(w->b, at, conn) && s->conn == conn) down(w, c, (bot_stream)item->b, TO_CLIENT_ALIVE, NULL, 0);
        break;
    default: bot__simvenue_ws_closed(w->b, at, conn);
    }
}

static void run_request(struct world *w, struct client *c, struct sim_item *item)
{
    struct simvenue_weight weight;
    memcpy(&weight, item->bytes, sizeof weight);
    bot__simvenue_weigh(w->b, &weight, -1);
    if (c->offline) return; /* the request is carried out even when its client has given up on it or died */
    const struct venue_http *http = (const void *)(item->bytes + sizeof weight);
    struct simvenue_header headers[VENUE_HEADERS_MAX];
    for (uint32_t i = 0; i < http->headers_n; i++) headers[i] = (struct simvenue_header){ http->headers[i].name, http->headers[i].value };
    tell(w, c->number, '>', http->path, http->body, http->body_len);
    bot__simvenue_http(w->b, venue_time(w, w->now), item->c, c->number, http->method, http->path, headers, http->headers_n, http->body,
                       http->body_len);
}

static void run_answer(struct world *w, struct client *c, struct sim_item *item, struct session_time t)
{
    struct request *r = request_find(w, item->c);
    if (r == NULL) return;
    const uint64_t id = r->id;
    if (item->kind == DEADLINE) {
        r->number = 0;
        c->ops.http_done(c->session, t, id, TRANSPORT_TIMEOUT, 0, NULL, 0, "", 0, "no answer within the deadline");
        return;
    }
    struct answer_head head;
    memcpy(&head, item->bytes, sizeof head);
    if (c->offline && head.result != TRANSPORT_NOT_SENT) return; /* that one is known without a network */
    struct venue_header headers[HEADERS_KEPT];
    const char *p = item->bytes + sizeof head;
    for (uint32_t i = 0; i < head.headers_n; i++) {
        headers[i].name = (struct slice){ p, strlen(p) };
        p += headers[i].name.len + 1;
        headers[i].value = (struct slice){ p, strlen(p) };
        p += headers[i].value.len + 1;
    }
    const char *body = item->bytes + sizeof head + head.headers_len;
    const size_t len = item->len - sizeof head - head.headers_len;
    tell(w, c->number, '<', "http", body, len);
    r->number = 0;
    c->ops.http_done(c->session, t, id, (enum transport_result)head.result, head.status, headers, head.headers_n, body, len,
                     head.result == TRANSPORT_OK ? "" : head.result == TRANSPORT_NOT_SENT ? "connection refused" : "connection reset");
}

static void run_to_client(struct world *w, struct client *c, struct sim_item *item)
{
    const struct session_time t = bot__world_time(w, (int)c->number);
    struct stream *s = &c->stream[item->b];
    const bot_stream stream = (bot_stream)item->b;
    if (item->kind == TO_CLIENT_ANSWER || item->kind == DEADLINE) {
        run_answer(w, c, item, t);
        return;
    }
    if (item->c != s->generation || c->offline) return;
    tell(w, c->number, '<', item->kind == TO_CLIENT_MESSAGE ? "ws" : item->kind == TO_CLIENT_OPENED ? "opened" : item->kind == TO_CLIENT_ALIVE ? "alive" : "closed",
         item->bytes, item->len);
    switch (item->kind) {
    case TO_CLIENT_OPENED:
        s->open = true;
        c->ops.ws_opened(c->session, t, stream);
        break;
    case TO_CLIENT_MESSAGE:
        w->stats.ws_in++;
        c->ops.ws_message(c->session, t, stream, item->bytes, item->len);
        break;
    case TO_CLIENT_ALIVE: c->ops.ws_alive(c->session, t, stream); break;
    default:
        s->open = s->wanted = false;
        s->generation++;
        c->ops.ws_closed(c->session, t, stream, item->bytes);
    }
}

/* True when the item was kept. */
static bool run_item(struct world *w, struct sim_item *item)
{
    struct client *c = client_of(w, (int)item->a);
    if (w->now < c->held_until && item->kind != DEADLINE) {
        c->held++;
        return bot__sim_queue_push(&w->queue, c->held_until, item);
    }
    switch (item->kind) {
    case TO_VENUE_OPEN:
        if (item->c == c->stream[item->b].generation) run_open(w, c, item);
        return false;
    case TO_VENUE_MESSAGE:
    case TO_VENUE_PING:
    case TO_VENUE_CLOSE: run_to_venue(w, c, item); return false;
    case TO_VENUE_REQUEST: run_request(w, c, item); return false;
    default: break;
    }
    if (c->session == NULL) return false;
    /* A frozen process finds everything waiting when it wakes, in the order in which it came; d marks what has waited. */
    if (c->frozen_until != 0 && w->now <= c->frozen_until && item->d == 0) {
        item->d = 1;
        return bot__sim_queue_push(&w->queue, c->frozen_until, item);
    }
    run_to_client(w, c, item);
    return false;
}

/* When the client's timer really runs; a frozen or dead process has none. */
static bot_ts timer_due(const struct client *c)
{
    if (c->session == NULL || c->timer_at == BOT_TS_NEVER) return BOT_TS_NEVER;
    return c->timer_at > c->frozen_until ? c->timer_at : c->frozen_until;
}

bool bot__world_step(struct world *w, bot_ts until)
{
    struct client *timed = NULL;
    bot_ts timer_at = BOT_TS_NEVER;
    for (uint32_t i = 0; i < w->clients_n; i++)
        if (timer_due(&w->client[i]) < timer_at) {
            timed = &w->client[i];
            timer_at = timer_due(timed);
        }
    const bot_ts queued = bot__sim_queue_next(&w->queue), venue = world_time(w, bot__simvenue_next(w->b));
    bot_ts next = queued < venue ? queued : venue;
    if (timer_at < next) next = timer_at;
    if (w->calls_n > 0 && w->call[w->calls_n - 1].at <= next) next = w->call[w->calls_n - 1].at;
    if (next > until) {
        if (until > w->now) w->now = until;
        return false;
    }
    if (next > w->now) w->now = next;
    if (w->calls_n > 0 && w->call[w->calls_n - 1].at <= w->now) {
        const struct call_at call = w->call[--w->calls_n];
        call.fn(call.user_data);
    } else if (queued <= w->now) {
        struct sim_item *item = bot__sim_queue_pop(&w->queue, w->now);
        if (!run_item(w, item)) bot__sim_item_free(&w->queue, item);
    } else if (timer_at <= w->now) {
        timed->timer_at = BOT_TS_NEVER;
        timed->ops.timer(timed->session, bot__world_time(w, (int)timed->number));
    } else {
        bot__simvenue_step(w->b, venue_time(w, w->now));
    }
    w->stats.events++;
    for (uint32_t i = 0; i < w->hooks_n; i++) w->hook[i].fn(w->hook[i].user_data);
    return true;
}

uint64_t bot__world_run_until(struct world *w, bot_ts until)
{
    uint64_t n = 0;
    while (bot__world_step(w, until)) n++;
    return n;
}

int bot__world_call_at(struct world *w, bot_ts at, void (*fn)(void *user_data), void *user_data)
{
    if (w->calls_n == CALLS_MAX) return BOT_ERR_FULL;
    if (at < w->now) at = w->now;
    uint32_t i = w->calls_n++; /* the next one last; equal times in the order in which they were asked for */
    for (; i > 0 && w->call[i - 1].at <= at; i--) w->call[i] = w->call[i - 1];
    w->call[i] = (struct call_at){ .at = at, .order = w->next_call++, .fn = fn, .user_data = user_data };
    return 0;
}

int bot__world_hook(struct world *w, void (*fn)(void *user_data), void *user_data)
{
    if (w->hooks_n == HOOKS_MAX) return BOT_ERR_FULL;
    w->hook[w->hooks_n].fn = fn;
    w->hook[w->hooks_n++].user_data = user_data;
    return 0;
}

void bot__world_tap(struct world *w, void (*fn)(void *user_data, bot_ts at, int client, char direction, const char *what,
                                                const char *text, size_t len), void *user_data)
{
    w->tap = fn;
    w->tap_data = user_data;
}
