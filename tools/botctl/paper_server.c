#include "paper_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "io/devcert.h"
#include "io/server.h"

#define CONNS_MAX 256

/* A socket of the server and the exchange's number for it. */
struct pair {
    uint64_t ws;
    uint32_t conn;
    uint32_t stream; /* FAULT_STREAM_* */
    bool     stalled;
};

struct paper {
    struct simvenue *b;
    struct server   *server;
    uv_timer_t       timer;
    struct pair      pair[CONNS_MAX];
    uint32_t         pairs_n;
    int64_t          wall_ns;
    uint64_t         mono_ns;
    char             rest_url[64], private_url[80], public_url[80], trade_url[80];
    struct devcert   cert;
    int              closing; /* handles still open */
    void           (*closed)(void *user_data);
    void            *closed_data;
};

static void *take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void give(void *self, void *p)
{
    (void)self;
    free(p);
}

void paper_options_init(struct paper_options *o)
{
    *o = (struct paper_options){ 0 };
    bot__simvenue_options_init(&o->venue);
}

int64_t paper_now_ns(const struct paper *p) { return p->wall_ns + (int64_t)(uv_hrtime() - p->mono_ns); }
const char *paper_rest_url(const struct paper *p) { return p->rest_url; }
const char *paper_ws_private_url(const struct paper *p) { return p->private_url; }
const char *paper_ws_public_url(const struct paper *p) { return p->public_url; }
const char *paper_ws_trade_url(const struct paper *p) { return p->trade_url; }
const char *paper_ca_file(const struct paper *p) { return p->cert.ca_file; }
struct simvenue *paper_venue(struct paper *p) { return p->b; }

int paper_account_add(struct paper *p, const char *key, const char *secret, bot_money balance)
{
    return bot__simvenue_account_add(p->b, key, secret, balance);
}

/* ---- time ------------------------------------------------------------------------------------------------------ */

static void on_timer(uv_timer_t *timer);

/* A half-open socket must not even answer the pings of the protocol, which the server does by itself. */
static void stall(struct paper *p)
{
    for (uint32_t i = 0; i < p->pairs_n; i++) {
        struct pair *q = &p->pair[i];
        const bool dead = bot__faults_holds(bot__simvenue_faults(p->b), FAULT_WS_HALFOPEN, q->stream, 0, paper_now_ns(p)) != NULL;
        if (dead != q->stalled) bot__server_ws_stall(p->server, q->ws, dead);
        q->stalled = dead;
    }
}

static void arm(struct paper *p)
{
    if (p->server == NULL) return;
    const int64_t wait = bot__simvenue_next(p->b) - paper_now_ns(p);
    /* Rounded up: a timer that fires early finds nothing due and spins. */
    const uint64_t ms = wait <= 0 ? 0 : (uint64_t)(wait / BOT_NS_PER_MS) + 1;
    uv_update_time(p->timer.loop);
    uv_timer_start(&p->timer, on_timer, ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct paper *p = timer->data;
    bot__simvenue_step(p->b, paper_now_ns(p));
    stall(p);
    arm(p);
}

int paper_faults(struct paper *p, const char *text, size_t len, char *error, size_t error_size)
{
    const int r = bot__faults_parse(bot__simvenue_faults(p->b), text, len, error, error_size);
    arm(p);
    return r;
}

/* ---- from the exchange ----------------------------------------------------------------------------------------- */

static void on_ws_send(void *self, uint32_t conn, const char *text, size_t len)
{
    struct paper *p = self;
    for (uint32_t i = 0; i < p->pairs_n; i++)
        if (p->pair[i].conn == conn) {
            if (bot__server_ws_send(p->server, p->pair[i].ws, text, len) == BOT_ERR_FULL) /* who does not read is cut off, as at the venue */
                bot__server_ws_close(p->server, p->pair[i].ws, 1008, "too slow");
            return;
        }
}

static void on_ws_close(void *self, uint32_t conn, const char *reason)
{
    struct paper *p = self;
    for (uint32_t i = 0; i < p->pairs_n; i++)
        if (p->pair[i].conn == conn) {
            const uint64_t ws = p->pair[i].ws;
            p->pair[i] = p->pair[--p->pairs_n];
            if (strcmp(reason, "cut") == 0) bot__server_ws_cut(p->server, ws);
            else bot__server_ws_close(p->server, ws, 1000, reason);
            return;
        }
}

static void on_http_answer(void *self, uint64_t request, const struct simvenue_answer *a)
{
    struct paper *p = self;
    if (a->status <= 0) {
        bot__server_drop(p->server, request);
        return;
    }
    struct server_header headers[8];
    for (uint32_t i = 0; i < a->headers_n; i++) headers[i] = (struct server_header){ a->headers[i].name, a->headers[i].value };
    const struct server_answer out = { .status = a->status, .content_type = a->content_type, .headers = headers, .headers_n = a->headers_n,
                                       .body = { a->body, a->body_len } };
    bot__server_answer(p->server, request, &out);
}

/* ---- from the clients ------------------------------------------------------------------------------------------ */

#define HEADER_BYTES 4096

static void on_request(void *user_data, uint64_t token, const struct server_request *r)
{
    struct paper *p = user_data;
    const int64_t now = paper_now_ns(p);
    bot__simvenue_step(p->b, now);
    if (bot__simvenue_http_refused(p->b, now, r->method, r->path)) {
        bot__server_drop(p->server, token);
        return;
    }
    /* Values end with NUL for the exchange. */
    char text[HEADER_BYTES];
    struct simvenue_header headers[32];
    uint32_t n = 0;
    size_t used = 0;
    for (uint32_t i = 0; i < r->headers_n && n < 32; i++) {
        const struct slice name = r->headers[i].name, value = r->headers[i].value;
        if (used + name.len + value.len + 2 > sizeof text) break;
        headers[n].name = memcpy(text + used, name.p, name.len);
        text[used + name.len] = '\0';
        used += name.len + 1;
        headers[n++].value = memcpy(text + used, value.p, value.len);
        text[used + value.len] = '\0';
        used += value.len + 1;
    }
    bot__simvenue_http(p->b, now, token, 1, r->method, r->path, headers, n, r->body.p, r->body.len);
    bot__simvenue_step(p->b, now);
    arm(p);
}

static int on_ws_open(void *user_data, uint64_t ws, const struct server_request *r)
{
    struct paper *p = user_data;
    if (p->pairs_n == CONNS_MAX) return 503;
    const uint32_t conn = bot__simvenue_ws_open(p->b, paper_now_ns(p), 1, r->path);
    if (conn == 0) return 404;
    p->pair[p->pairs_n++] = (struct pair){ .ws = ws, .conn = conn, .stream = bot__simvenue_ws_stream(p->b, conn) };
    arm(p);
    return 0;
}

static struct pair *pair_of(struct paper *p, uint64_t ws)
{
    for (uint32_t i = 0; i < p->pairs_n; i++)
        if (p->pair[i].ws == ws)
            return &p->pair[i];
    return NULL;
}

static void on_ws_message(void *user_data, uint64_t ws, char *text, size_t len)
{
    struct paper *p = user_data;
    const struct pair *q = pair_of(p, ws);
    if (q == NULL) return;
    const int64_t now = paper_now_ns(p);
    bot__simvenue_step(p->b, now);
    bot__simvenue_ws_message(p->b, now, q->conn, text, len);
    bot__simvenue_step(p->b, now);
    arm(p);
}

static void on_ws_ping(void *user_data, uint64_t ws)
{
    struct paper *p = user_data;
    const struct pair *q = pair_of(p, ws);
    if (q != NULL) bot__simvenue_ws_ping(p->b, paper_now_ns(p), q->conn);
}

static void on_ws_closed(void *user_data, uint64_t ws, int code)
{
    struct paper *p = user_data;
    struct pair *q = pair_of(p, ws);
    (void)code;
    if (q == NULL) return;
    bot__simvenue_ws_closed(p->b, paper_now_ns(p), q->conn);
    *q = p->pair[--p->pairs_n];
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static void forget(struct paper *p)
{
    bot__simvenue_free(p->b);
    free(p);
}

/* As it stands in a URL. Nobody can call "every address of this machine", and no certificate names it: the loopback is one of them. */
static void host_of_urls(const char *host, char *ret, size_t size)
{
    if (strcmp(host, "0.0.0.0") == 0) host = "127.0.0.1";
    if (strcmp(host, "::") == 0) host = "::1";
    const bool v6 = strchr(host, ':') != NULL;
    snprintf(ret, size, "%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "");
}

int paper_open(struct uv_loop_s *loop, const struct paper_options *o, struct paper **ret)
{
    struct paper *p = calloc(1, sizeof *p);
    if (p == NULL) return BOT_ERR_NOMEM;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    p->wall_ns = (int64_t)wall.tv_sec * BOT_NS_PER_S + wall.tv_nsec;
    p->mono_ns = uv_hrtime();
    struct simvenue_options venue = o->venue;
    struct exchange_instrument defaults[3];
    if (venue.instruments_n == 0) {
        venue.instruments_n = bot__exchange_instruments_default(defaults, 3);
        venue.instruments = defaults;
    }
    const struct simvenue_host host = { .self = p, .ws_send = on_ws_send, .ws_close = on_ws_close, .http_answer = on_http_answer };
    p->b = bot__simvenue_new(&venue, (struct sim_alloc){ NULL, take, give }, host, p->wall_ns);
    int r = p->b == NULL ? BOT_ERR_OPTIONS : 0;
    if (r == 0 && o->directory != NULL)
        r = bot__devcert_make(&(struct devcert_options){ .directory = o->directory, .prefix = "paper", .host = o->host }, &p->cert);
    const struct server_options options = { .host = o->host, .port = o->port, .cert_file = o->directory != NULL ? p->cert.cert_file : NULL,
                                            .key_file = o->directory != NULL ? p->cert.key_file : NULL };
    const struct server_callbacks callbacks = { .request = on_request, .ws_open = on_ws_open, .ws_message = on_ws_message,
                                                .ws_ping = on_ws_ping, .ws_closed = on_ws_closed };
    if (r == 0) r = bot__server_open(loop, &options, &callbacks, p, &p->server);
    if (r < 0) {
        forget(p);
        return r;
    }
    char at[48]; /* of IPv6, in brackets */
    host_of_urls(o->host != NULL ? o->host : "127.0.0.1", at, sizeof at);
    const char *s = o->directory != NULL ? "s" : "";
    const unsigned port = bot__server_port(p->server);
    snprintf(p->rest_url, sizeof p->rest_url, "http%s://%s:%u", s, at, port);
    const struct simvenue_paths paths = bot__simvenue_paths(p->b);
    snprintf(p->private_url, sizeof p->private_url, "ws%s://%s:%u%s", s, at, port, paths.ws_private);
    snprintf(p->public_url, sizeof p->public_url, "ws%s://%s:%u%s", s, at, port, paths.ws_public);
    snprintf(p->trade_url, sizeof p->trade_url, "ws%s://%s:%u%s", s, at, port, paths.ws_trade);
    uv_timer_init(loop, &p->timer);
    p->timer.data = p;
    arm(p);
    *ret = p;
    return 0;
}

static void part_closed(struct paper *p)
{
    if (--p->closing > 0) return;
    void (*closed)(void *) = p->closed;
    void *data = p->closed_data;
    forget(p);
    if (closed != NULL) closed(data);
}

static void on_timer_closed(uv_handle_t *handle) { part_closed(handle->data); }
static void on_server_closed(void *user_data) { part_closed(user_data); }

void paper_close(struct paper *p, void (*closed)(void *user_data), void *user_data)
{
    struct server *server = p->server;
    p->closed = closed;
    p->closed_data = user_data;
    p->closing = 2;
    p->server = NULL; /* nothing is sent or armed from here on */
    uv_timer_stop(&p->timer);
    uv_close((uv_handle_t *)&p->timer, on_timer_closed);
    bot__server_close(server, on_server_closed, p);
}
