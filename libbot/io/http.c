#include "io/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "io/io_loop_private.h"
#include "io/resolve.h"
#include "io/timer.h"
#include "io/url.h"

#define HEADERS_MAX 128
#define HEADER_BYTES_MAX 65536
#define SOCKETS_KNOWN 64
#define NAME_RETRY_MS 1000 /* until the next lookup after one that failed, or after a connection that did */

enum request_state {
    REQUEST_DOOMED,    /* waits for the next turn to be told: NOT_SENT */
    REQUEST_RESOLVING, /* -> RUNNING, WAITING */
    REQUEST_WAITING,   /* a read, behind as many as there may be -> RUNNING, RESOLVING */
    REQUEST_RUNNING,   /* curl has it */
};

struct text {
    char  *p;
    size_t len, size;
};

struct request {
    struct http_client *client;
    uint64_t            id;
    bot_ts              deadline;
    enum request_state  state;
    struct url          url;
    char               *url_text;
    struct resolve     *resolve;
    CURL               *easy;
    struct curl_slist  *headers, *addresses;
    struct venue_http   http;     /* curl borrows body and method from here */
    bool                stale;    /* the kept connection it got held something already: not used */
    bool                ready;    /* a connection was ready for it: bytes may have left */
    const char         *own_error; /* why we stopped it ourselves */
    struct text         body, head;
    struct { uint32_t name, name_len, value, value_len; } lines[HEADERS_MAX];
    uint32_t            lines_n;
    char                error[CURL_ERROR_SIZE];
};

struct http_client {
    struct io_loop     *io;
    CURLM              *multi;
    uv_timer_t          curl_timer; /* curl's own wish, in milliseconds from now */
    struct io_timer     deadline;
    struct http_options options;
    SSL_CTX            *tls; /* borrowed from io */
    http_done_callback  done;
    void               *user_data;
    struct request    **requests;
    uint32_t            requests_n, reads_running;
    bool                closing;
    unsigned            handles; /* not yet closed */
    char                known_host[URL_HOST_MAX + 1]; /* "": none yet */
    uint16_t            known_port;
    struct resolved     known;
    uint64_t            renew_at_ms; /* the loop's clock; what is known is good until something better comes */
    struct resolve     *renewal;
    curl_socket_t       sockets[SOCKETS_KNOWN];
    unsigned            sockets_next;
};

struct watch {
    uv_poll_t           poll;
    struct http_client *client;
    curl_socket_t       fd;
};

/* ---- one request -------------------------------------------------------------------------------------------- */

static bool text_add(struct text *t, const char *data, size_t len, size_t max)
{
    if (len > max - t->len) return false;
    if (t->size - t->len <= len) {
        size_t size = t->size != 0 ? t->size : 4096;
        while (size - t->len <= len) size *= 2;
        char *p = realloc(t->p, size);
        if (p == NULL) return false;
        t->p = p;
        t->size = size;
    }
    memcpy(t->p + t->len, data, len);
    t->len += len;
    return true;
}

static void leave_curl(struct request *q)
{
    if (q->easy == NULL) return;
    curl_multi_remove_handle(q->client->multi, q->easy);
    curl_easy_cleanup(q->easy);
    q->easy = NULL;
}

static void request_free(struct request *q)
{
    if (q == NULL) return;
    if (q->resolve != NULL) bot__resolve_cancel(q->resolve);
    leave_curl(q);
    curl_slist_free_all(q->headers);
    curl_slist_free_all(q->addresses);
    free(q->url_text);
    free(q->body.p);
    free(q->head.p);
    OPENSSL_cleanse(&q->http, sizeof q->http); /* signatures */
    free(q);
}

static void arm(struct http_client *c)
{
    bot_ts at = BOT_TS_NEVER;
    for (uint32_t i = 0; i < c->requests_n; i++) {
        if (c->requests[i]->state == REQUEST_DOOMED) at = 0;
        else if (c->requests[i]->deadline < at) at = c->requests[i]->deadline;
    }
    if (!c->closing) bot__io_timer_arm(&c->deadline, at);
}

static bool is_read(const struct request *q) { return strcmp(q->http.method, "GET") == 0; }

static void forget(struct request *q)
{
    struct http_client *c = q->client;
    if (q->state == REQUEST_RUNNING && is_read(q)) c->reads_running--;
    for (uint32_t i = 0; i < c->requests_n; i++)
        if (c->requests[i] == q) {
            memmove(&c->requests[i], &c->requests[i + 1], (c->requests_n - i - 1) * sizeof(struct request *));
            c->requests_n--;
            break;
        }
    arm(c);
}

static void start_waiting(struct http_client *c);

/* Tells the owner. Last use of q; the owner may start, cancel and close in its callback. */
static void finish(struct request *q, enum transport_result result, int status, const char *error)
{
    struct http_client *c = q->client;
    struct venue_header headers[HEADERS_MAX];
    struct http_answer answer = { .result = result, .error = error, .body = "", .headers = headers };
    if (result == TRANSPORT_OK) {
        answer.status = status;
        answer.headers_n = q->lines_n;
        for (uint32_t i = 0; i < q->lines_n; i++)
            headers[i] = (struct venue_header){ { q->head.p + q->lines[i].name, q->lines[i].name_len },
                                                { q->head.p + q->lines[i].value, q->lines[i].value_len } };
        if (q->body.len > 0) {
            q->body.p[q->body.len] = '\0';
            answer.body = q->body.p;
            answer.len = q->body.len;
        }
    }
    forget(q);
    leave_curl(q); /* the owner may close the client, and curl's multi handle with it */
    start_waiting(c);
    c->done(c->user_data, q->id, &answer);
    request_free(q);
}

static size_t on_body(char *data, size_t one, size_t len, void *user_data)
{
    struct request *q = user_data;
    (void)one;
    if (text_add(&q->body, data, len, q->client->options.body_bytes_max)) return len;
    q->own_error = "the answer is longer than allowed";
    return 0;
}

static size_t on_header(char *data, size_t one, size_t len, void *user_data)
{
    struct request *q = user_data;
    (void)one;
    if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) { /* a status line: what came before was 100 or the like */
        q->lines_n = 0;
        q->head.len = 0;
        return len;
    }
    const char *colon = memchr(data, ':', len);
    if (colon == NULL) return len;
    size_t name = (size_t)(colon - data), value = name + 1, end = len;
    while (end > value && (data[end - 1] == '\r' || data[end - 1] == '\n' || data[end - 1] == ' ' || data[end - 1] == '\t')) end--;
    while (value < end && (data[value] == ' ' || data[value] == '\t')) value++;
    size_t at = q->head.len;
    if (q->lines_n == HEADERS_MAX || !text_add(&q->head, data, end, HEADER_BYTES_MAX)) {
        q->own_error = "the answer has more headers than allowed";
        return 0;
    }
    q->lines[q->lines_n].name = (uint32_t)at;
    q->lines[q->lines_n].name_len = (uint32_t)name;
    q->lines[q->lines_n].value = (uint32_t)(at + value);
    q->lines[q->lines_n++].value_len = (uint32_t)(end - value);
    return len;
}

static int port_of(const struct sockaddr_storage *a)
{
    return ntohs(a->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)a)->sin6_port : ((const struct sockaddr_in *)a)->sin_port);
}

/* A kept connection on which something came while nothing was asked: its end, or an answer that belongs to nobody (a 408 for an idle
 * client, say), which curl would take for the answer to this request. */
static bool holds_something(const struct http_client *c, CURL *easy, int local_port, int peer_port)
{
    long made = 1;
    if (curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &made) != CURLE_OK || made != 0) return false;
    for (unsigned i = 0; i < SOCKETS_KNOWN; i++) {
        struct sockaddr_storage own, peer;
        socklen_t own_len = sizeof own, peer_len = sizeof peer;
        char byte;
        if (c->sockets[i] > 0 && getsockname(c->sockets[i], (struct sockaddr *)&own, &own_len) == 0 && port_of(&own) == local_port &&
            getpeername(c->sockets[i], (struct sockaddr *)&peer, &peer_len) == 0 && port_of(&peer) == peer_port)
            return recv(c->sockets[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
    }
    return false;
}

/* curl does not say which socket a request is on, only its ports. Numbers of closed ones come again and are found by them. */
static int on_new_socket(void *user_data, curl_socket_t fd, curlsocktype purpose)
{
    struct http_client *c = user_data;
    (void)purpose;
    for (unsigned i = 0; i < SOCKETS_KNOWN; i++)
        if (c->sockets[i] == fd) return CURL_SOCKOPT_OK;
    c->sockets[c->sockets_next++ % SOCKETS_KNOWN] = fd;
    return CURL_SOCKOPT_OK;
}

/* Connected, TLS done: the request is about to be written. A second time means that curl repeats it, because a kept
 * connection died without an answer; whether the venue acted on the first is unknown, so only a read may repeat. */
static int on_ready(void *user_data, char *primary_ip, char *local_ip, int primary_port, int local_port)
{
    struct request *q = user_data;
    (void)primary_ip, (void)local_ip;
    if (!q->stale && holds_something(q->client, q->easy, local_port, primary_port)) {
        q->stale = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (q->ready && strcmp(q->http.method, "GET") != 0) {
        q->own_error = "the kept connection died with the request on it";
        return CURL_PREREQFUNC_ABORT;
    }
    q->ready = true;
    return CURL_PREREQFUNC_OK;
}

/* Our store instead of curl's own: read once a loop, and trusted alone. */
static CURLcode on_tls(CURL *easy, void *ctx, void *user_data)
{
    struct http_client *c = user_data;
    (void)easy;
    SSL_CTX_set1_cert_store(ctx, SSL_CTX_get_cert_store(c->tls));
    return CURLE_OK;
}

static bool add(struct curl_slist **list, const char *text)
{
    struct curl_slist *more = curl_slist_append(*list, text);
    if (more == NULL) return false;
    *list = more;
    return true;
}

static bool set_headers(struct request *q)
{
    bool ok = add(&q->headers, "Expect:"), type = false;
    for (uint32_t i = 0; ok && i < q->http.headers_n; i++) {
        char line[sizeof q->http.headers[0].name + sizeof q->http.headers[0].value + 3];
        snprintf(line, sizeof line, "%s: %s", q->http.headers[i].name, q->http.headers[i].value);
        type |= strcasecmp(q->http.headers[i].name, "content-type") == 0;
        ok = add(&q->headers, line);
        OPENSSL_cleanse(line, sizeof line);
    }
    if (!type) ok = ok && add(&q->headers, "Content-Type:"); /* curl would call every body a form */
    return ok;
}

static bool set_addresses(struct request *q, const struct resolved *where)
{
    char line[URL_HOST_MAX + 16 + RESOLVE_ADDRESSES_MAX * 68];
    int n = snprintf(line, sizeof line, "+%s:%u:", q->url.host, q->url.port);
    for (int i = 0; i < where->n; i++) {
        char text[64];
        bot__resolve_text(&where->addresses[i], text);
        bool v6 = where->addresses[i].ss_family == AF_INET6;
        n += snprintf(line + n, sizeof line - (size_t)n, "%s%s%s%s", i > 0 ? "," : "", v6 ? "[" : "", text, v6 ? "]" : "");
    }
    return add(&q->addresses, line);
}

static void set_method(struct request *q)
{
    CURL *e = q->easy;
    bool get = strcmp(q->http.method, "GET") == 0, post = strcmp(q->http.method, "POST") == 0;
    if (post || q->http.body_len > 0) {
        curl_easy_setopt(e, CURLOPT_POST, 1L);
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->http.body_len);
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, q->http.body);
    }
    if (!post && (!get || q->http.body_len > 0)) curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, q->http.method);
}

/* Gives the request to curl, which does nothing before its timer comes. */
static bool run(struct request *q, const struct resolved *where)
{
    struct http_client *c = q->client;
    CURL *e = curl_easy_init();
    if (e == NULL) return false;
    q->easy = e;
    if (!set_headers(q) || (where != NULL && !set_addresses(q, where))) return false;
    set_method(q);
    curl_easy_setopt(e, CURLOPT_URL, q->url_text);
    curl_easy_setopt(e, CURLOPT_PRIVATE, q);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, q->error);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)c->options.connect_timeout_ms);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "libbot/" BOT_VERSION);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, q->headers);
    if (q->addresses != NULL) curl_easy_setopt(e, CURLOPT_RESOLVE, q->addresses);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, q);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, q);
    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_ready);
    curl_easy_setopt(e, CURLOPT_PREREQDATA, q);
    curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, on_new_socket);
    curl_easy_setopt(e, CURLOPT_SOCKOPTDATA, c);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_tls);
    curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, c);
    if (curl_multi_add_handle(c->multi, e) != CURLM_OK) return false;
    q->state = REQUEST_RUNNING;
    if (is_read(q)) c->reads_running++;
    return true;
}

/* A venue whose reads hang still takes cancels: reads may not use up the connections. */
static int run_in_turn(struct request *q, const struct resolved *where)
{
    struct http_client *c = q->client;
    if (!is_read(q) || c->reads_running < c->options.connections_max) return run(q, where) ? BOT_OK : BOT_ERR_NOMEM;
    q->state = REQUEST_WAITING;
    return BOT_OK;
}

static void on_resolved(void *user_data, const struct resolved *result)
{
    struct request *q = user_data;
    struct http_client *c = q->client;
    q->resolve = NULL;
    if (result->n == 0) {
        char error[160];
        snprintf(error, sizeof error, "name lookup failed: %s", result->error);
        finish(q, TRANSPORT_NOT_SENT, 0, error);
        return;
    }
    strcpy(c->known_host, q->url.host);
    c->known_port = q->url.port;
    c->known = *result;
    c->renew_at_ms = uv_now(c->io->uv) + c->options.name_kept_ms;
    if (run_in_turn(q, result) < 0) finish(q, TRANSPORT_NOT_SENT, 0, bot_strerror(BOT_ERR_NOMEM));
}

static void on_renewed(void *user_data, const struct resolved *result)
{
    struct http_client *c = user_data;
    c->renewal = NULL;
    if (result->n > 0) c->known = *result;
    c->renew_at_ms = uv_now(c->io->uv) + (result->n > 0 ? c->options.name_kept_ms : NAME_RETRY_MS);
}

/* Beside the requests: with a connection that stands, a cancel must not wait for a name server, let alone fail with it. */
static void renew(struct http_client *c)
{
    if (c->renewal != NULL || c->known_host[0] == '\0' || c->closing) return;
    c->renew_at_ms = uv_now(c->io->uv) + NAME_RETRY_MS;
    (void)bot__resolve_start(c->io, c->known_host, c->known_port, on_renewed, c, &c->renewal);
}

/* The name may have moved. */
static void not_reached(struct request *q)
{
    struct http_client *c = q->client;
    if (strcmp(c->known_host, q->url.host) == 0) renew(c);
}

/* ---- curl's side of the loop -------------------------------------------------------------------------------- */

static void conclude(struct request *q, CURLcode code)
{
    if (q->stale && !q->ready && code == CURLE_ABORTED_BY_CALLBACK) { /* nothing has left: once more, on a fresh one */
        curl_multi_remove_handle(q->client->multi, q->easy);
        curl_easy_setopt(q->easy, CURLOPT_FRESH_CONNECT, 1L);
        q->error[0] = '\0';
        if (curl_multi_add_handle(q->client->multi, q->easy) == CURLM_OK) return;
    }
    const char *error = q->own_error != NULL ? q->own_error : q->error[0] != '\0' ? q->error : curl_easy_strerror(code);
    if (code == CURLE_OK) {
        long status = 0;
        curl_easy_getinfo(q->easy, CURLINFO_RESPONSE_CODE, &status);
        finish(q, TRANSPORT_OK, (int)status, "");
        return;
    }
    if (q->own_error == NULL && (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR)) {
        /* Behind curl's words. A bad signature reaches it as an error of the handshake. */
        const char *remedy = code == CURLE_SSL_CONNECT_ERROR ? "; ca_file does not fit, or no TLS at that address" : "; ca_file says whom to trust";
        const size_t n = strlen(q->error), more = strlen(remedy) + 1;
        if (n != 0 && n + more <= sizeof q->error)
            memcpy(q->error + n, remedy, more);
    }
    if (!q->ready) not_reached(q);
    finish(q, q->ready ? TRANSPORT_BROKEN : TRANSPORT_NOT_SENT, 0, error);
}

static void drain(struct http_client *c)
{
    CURLMsg *message;
    int left;
    while (!c->closing && (message = curl_multi_info_read(c->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        struct request *q = NULL;
        CURLcode code = message->data.result; /* message dies with the handle */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&q);
        conclude(q, code);
    }
}

static void act(struct http_client *c, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(c->multi, fd, events, &running);
    drain(c);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if ((events & UV_READABLE) != 0) flags |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0) flags |= CURL_CSELECT_OUT;
    act(w->client, w->fd, flags);
}

static void handle_closed(struct http_client *c);

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *w = handle->data;
    struct http_client *c = w->client;
    free(w);
    handle_closed(c);
}

/* Never -1: curl would take that for the end of all its transfers, for ever. A connection that cannot be watched stands still until
 * the deadline of its request takes it away, and the next one has a fresh one. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user_data, void *socket_data)
{
    struct http_client *c = user_data;
    struct watch *w = socket_data;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w == NULL) return 0;
        /* curl closes fd right behind this; stopping takes it out of epoll now. */
        uv_poll_stop(&w->poll);
        uv_close((uv_handle_t *)&w->poll, on_watch_closed);
        curl_multi_assign(c->multi, fd, NULL);
        return 0;
    }
    if (w == NULL) {
        w = calloc(1, sizeof *w);
        if (w == NULL) return 0;
        w->client = c;
        w->fd = fd;
        w->poll.data = w;
        if (uv_poll_init_socket(c->io->uv, &w->poll, fd) != 0) {
            free(w);
            return 0;
        }
        c->handles++;
        curl_multi_assign(c->multi, fd, w);
    }
    int events = (what != CURL_POLL_OUT ? UV_READABLE : 0) | (what != CURL_POLL_IN ? UV_WRITABLE : 0);
    (void)uv_poll_start(&w->poll, events, on_poll);
    return 0;
}

static void on_curl_timer(uv_timer_t *timer)
{
    struct http_client *c = timer->data;
    if (!c->closing) act(c, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long ms, void *user_data)
{
    struct http_client *c = user_data;
    (void)multi;
    if (c->closing) return 0;
    if (ms < 0) uv_timer_stop(&c->curl_timer);
    else uv_timer_start(&c->curl_timer, on_curl_timer, (uint64_t)ms, 0);
    return 0;
}

static void on_deadline(struct io_timer *timer)
{
    struct http_client *c = (struct http_client *)((char *)timer - offsetof(struct http_client, deadline));
    bot_ts now = (bot_ts)uv_hrtime();
    /* What the owner starts meanwhile waits for the next turn, however late it is. */
    uint32_t turns = c->requests_n, i = 0;
    while (turns-- > 0 && i < c->requests_n && !c->closing) {
        struct request *q = c->requests[i];
        if (q->state != REQUEST_DOOMED && q->deadline > now) {
            i++;
            continue;
        }
        if (q->state == REQUEST_RUNNING && !q->ready) not_reached(q);
        finish(q, q->ready ? TRANSPORT_TIMEOUT : TRANSPORT_NOT_SENT, 0,
               q->ready ? "no answer before the deadline" : "the deadline passed before a connection was ready");
    }
    arm(c);
}

/* ---- the owner's side --------------------------------------------------------------------------------------- */

static void handle_closed(struct http_client *c)
{
    if (--c->handles > 0) return;
    BOT_ASSERT(c->closing);
    struct io_loop *io = c->io;
    free(c->requests);
    free(c);
    bot__io_loop_object_done(io);
}

static void on_deadline_closed(struct io_timer *timer)
{
    handle_closed((struct http_client *)((char *)timer - offsetof(struct http_client, deadline)));
}

static void on_curl_timer_closed(uv_handle_t *handle) { handle_closed(handle->data); }

int bot__http_open(struct io_loop *io, const struct http_options *options, http_done_callback done, void *user_data,
                   struct http_client **ret)
{
    struct io_tls *tls;
    int r = bot__io_loop_tls(io, options->ca_file, &tls);
    if (r < 0) return r;
    struct http_client *c = calloc(1, sizeof *c);
    if (c == NULL) return BOT_ERR_NOMEM;
    c->options = *options;
    c->options.ca_file = NULL;
    if (c->options.connect_timeout_ms == 0) c->options.connect_timeout_ms = 5000;
    if (c->options.body_bytes_max == 0) c->options.body_bytes_max = 16 << 20;
    if (c->options.requests_max == 0) c->options.requests_max = 64;
    if (c->options.connections_max == 0) c->options.connections_max = 8;
    if (c->options.name_kept_ms == 0) c->options.name_kept_ms = 60000;
    c->requests = calloc(c->options.requests_max, sizeof(struct request *));
    c->multi = curl_multi_init();
    if (c->requests == NULL || c->multi == NULL) {
        if (c->multi != NULL) curl_multi_cleanup(c->multi);
        free(c->requests);
        free(c);
        return BOT_ERR_NOMEM;
    }
    c->io = io;
    c->tls = tls->ctx;
    c->done = done;
    c->user_data = user_data;
    bot__io_loop_object_begun(io);
    uv_timer_init(io->uv, &c->curl_timer);
    c->curl_timer.data = c;
    bot__io_timer_init(&c->deadline, io->uv, on_deadline);
    c->handles = 2;
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, 2 * (long)c->options.connections_max);
    curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)c->options.connections_max + (long)c->options.requests_max);
    *ret = c;
    return BOT_OK;
}

static struct request *find(struct http_client *c, uint64_t id)
{
    for (uint32_t i = 0; i < c->requests_n; i++)
        if (c->requests[i]->id == id) return c->requests[i];
    return NULL;
}

/* Name known: to curl. Name unknown: to the resolver. */
static int begin(struct request *q)
{
    struct http_client *c = q->client;
    struct resolved where;
    if (q->deadline <= (bot_ts)uv_hrtime()) {
        q->state = REQUEST_DOOMED;
        return BOT_OK;
    }
    if (bot__resolve_numeric(q->url.host, q->url.port, &where)) return run_in_turn(q, NULL);
    if (strcmp(c->known_host, q->url.host) == 0) {
        if (uv_now(c->io->uv) >= c->renew_at_ms) renew(c);
        return run_in_turn(q, &c->known);
    }
    q->state = REQUEST_RESOLVING;
    return bot__resolve_start(c->io, q->url.host, q->url.port, on_resolved, q, &q->resolve);
}

static void start_waiting(struct http_client *c)
{
    for (uint32_t i = 0; i < c->requests_n && c->reads_running < c->options.connections_max && !c->closing; i++)
        if (c->requests[i]->state == REQUEST_WAITING && begin(c->requests[i]) < 0) c->requests[i]->state = REQUEST_DOOMED;
    arm(c);
}

int bot__http_start(struct http_client *c, uint64_t id, const char *base_url, const struct venue_http *http, bot_ts deadline)
{
    BOT_ASSERT(!c->closing);
    struct url url;
    if (bot__url_parse(base_url, &url) != BOT_OK || url.ws || (*url.path != '\0' && strcmp(url.path, "/") != 0) ||
        http->path[0] != '/' || http->headers_n > VENUE_HEADERS_MAX || http->body_len > sizeof http->body || find(c, id) != NULL)
        return BOT_ERR_INVALID;
    if (c->requests_n == c->options.requests_max) return BOT_ERR_FULL;

    struct request *q = calloc(1, sizeof *q);
    if (q == NULL) return BOT_ERR_NOMEM;
    q->client = c;
    q->id = id;
    q->deadline = deadline;
    q->url = url;
    q->url.path = "";
    q->http = *http;
    size_t base_len = (size_t)(url.path - base_url), path_len = strlen(http->path);
    q->url_text = malloc(base_len + path_len + 1);
    if (q->url_text == NULL) {
        request_free(q);
        return BOT_ERR_NOMEM;
    }
    memcpy(q->url_text, base_url, base_len);
    memcpy(q->url_text + base_len, http->path, path_len + 1);
    int r = begin(q);
    if (r < 0) {
        request_free(q);
        return r;
    }
    c->requests[c->requests_n++] = q;
    arm(c);
    return BOT_OK;
}

void bot__http_cancel(struct http_client *c, uint64_t id)
{
    struct request *q = find(c, id);
    if (q == NULL) return;
    forget(q);
    request_free(q);
    start_waiting(c);
}

void bot__http_close(struct http_client *c)
{
    if (c == NULL) return;
    BOT_ASSERT(!c->closing);
    c->closing = true;
    while (c->requests_n > 0) bot__http_cancel(c, c->requests[0]->id);
    if (c->renewal != NULL) bot__resolve_cancel(c->renewal);
    curl_multi_cleanup(c->multi);
    uv_close((uv_handle_t *)&c->curl_timer, on_curl_timer_closed);
    bot__io_timer_close(&c->deadline, on_deadline_closed);
}
