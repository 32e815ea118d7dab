/* The server of the watch: page, /api/status, /metrics, /healthz and the socket /live.
 *
 * Nobody gets in by a browser's back door: without a token only names of this machine are answered (a foreign name that
 * points here is DNS rebinding), and a request that says which page it comes from must come from ours. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "io/server.h"
#include "watch/page_assets.h"
#include "watch/watch.h"

#define VIEWERS_MAX 32
#define EVERY_MIN_MS 250  /* documents to a viewer: at most four a second while things change */
#define EVERY_MAX_MS 2000 /* and at least so often: silence on the page means that something is wrong */
#define TOKEN_WAIT_MS 5000

struct viewer {
    uint64_t ws;      /* 0: free */
    bool     allowed; /* has shown the token */
    int64_t  since_ms, sent_ms;
    uint64_t version;
};

/* A document, written once for all who ask within EVERY_MIN_MS: many askers cost no more than one. */
struct written {
    char   *buf;
    size_t  size;
    int     len;
    int64_t at_ms; /* 0: never */
    uint64_t version; /* of the watch, then */
};

struct httpd {
    struct watch  *watch;
    struct server *server;
    const char    *token;
    struct viewer  viewers[VIEWERS_MAX];
    struct written status, metrics;
    void (*closed)(void *user_data);
    void  *closed_user_data;
};

static const char csp[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static struct slice header(const struct server_request *rq, const char *name)
{
    for (uint32_t i = 0; i < rq->headers_n; i++)
        if (rq->headers[i].name.len == strlen(name) && strncasecmp(rq->headers[i].name.p, name, strlen(name)) == 0)
            return rq->headers[i].value;
    return (struct slice){ "", 0 };
}

static bool same_token(const struct httpd *h, const char *given, size_t len)
{
    const size_t want = strlen(h->token);
    /* Takes as long for a wrong one as for a right one; the length is no secret. */
    return len == want && CRYPTO_memcmp(given, h->token, want) == 0;
}

static bool token_good(const struct httpd *h, const struct server_request *rq)
{
    const struct slice a = header(rq, "Authorization");
    return h->token == NULL || (a.len > 7 && strncasecmp(a.p, "Bearer ", 7) == 0 && same_token(h, a.p + 7, a.len - 7));
}

/* The name that the request is for is ours, and the page that it comes from is, too. */
static bool from_here(const struct httpd *h, const struct server_request *rq)
{
    const struct slice host = header(rq, "Host"), origin = header(rq, "Origin");
    if (h->token == NULL) {
        size_t n = 0;
        while (n < host.len && host.p[n] != ':') n++;
        bool numeric = host.len > 0 && host.p[0] == '[';
        if (!numeric) {
            numeric = n > 0;
            for (size_t i = 0; i < n; i++)
                numeric = numeric && ((host.p[i] >= '0' && host.p[i] <= '9') || host.p[i] == '.');
        }
        if (!numeric && !(n == 9 && strncasecmp(host.p, "localhost", 9) == 0))
            return false;
    }
    if (origin.len == 0)
        return true;
    const char *const schemes[] = { "http://", "https://" };
    for (int i = 0; i < 2; i++) {
        const size_t n = strlen(schemes[i]);
        if (origin.len == n + host.len && strncasecmp(origin.p, schemes[i], n) == 0 && strncasecmp(origin.p + n, host.p, host.len) == 0)
            return true;
    }
    return false;
}

static int write_again(struct httpd *h, struct written *d, int (*write)(const struct watch *w, char **buf, size_t *size))
{
    const int64_t now_ms = watch_wall_ms();
    if (d->at_ms == 0 || d->len < 0 || now_ms - d->at_ms >= EVERY_MIN_MS || now_ms < d->at_ms) {
        d->len = write(h->watch, &d->buf, &d->size);
        d->at_ms = now_ms;
        d->version = h->watch->version;
    }
    return d->len;
}

static void answer(struct httpd *h, uint64_t token, int status, const char *type, const void *body, size_t len)
{
    const struct server_header headers[] = {
        { "Content-Security-Policy", csp }, { "X-Content-Type-Options", "nosniff" }, { "X-Frame-Options", "DENY" }, { "Referrer-Policy", "no-referrer" },
        { "Cache-Control", "no-store" }, { "Cross-Origin-Resource-Policy", "same-origin" }, { "WWW-Authenticate", "Bearer" },
    };
    const struct server_answer a = { .status = status, .content_type = type, .headers = headers, .headers_n = status == 401 ? 7 : 6, .body = { body, len } };
    if (bot__server_answer(h->server, token, &a) < 0)
        bot__server_drop(h->server, token); /* who does not take the answers before this one, gets none */
}

static void say(struct httpd *h, uint64_t token, int status, const char *text) { answer(h, token, status, "text/plain; charset=utf-8", text, strlen(text)); }

static void on_request(void *user_data, uint64_t token, const struct server_request *rq)
{
    struct httpd *h = user_data;
    const size_t n = strcspn(rq->path, "?");
    const bool get = strcmp(rq->method, "GET") == 0 || strcmp(rq->method, "HEAD") == 0;
    if (!from_here(h, rq)) {
        say(h, token, 403, "This name or page is not of this server.\n");
        return;
    }
    if (!get) {
        say(h, token, 405, "Only GET: nothing can be changed here.\n");
        return;
    }
    if (n == 8 && strncmp(rq->path, "/healthz", n) == 0) {
        say(h, token, 200, "ok\n");
        return;
    }
    /* The page's files hold no secret: the browser needs them to ask for the token. */
    for (const struct page_asset *p = page_assets; p->path != NULL; p++)
        if (strlen(p->path) == n && strncmp(rq->path, p->path, n) == 0) {
            answer(h, token, 200, p->content_type, p->bytes, p->len);
            return;
        }
    if (!token_good(h, rq)) {
        say(h, token, 401, "A token is needed: Authorization: Bearer TOKEN.\n");
        return;
    }
    int len;
    if (n == 11 && strncmp(rq->path, "/api/status", n) == 0 && (len = write_again(h, &h->status, watch_status)) >= 0)
        answer(h, token, 200, "application/json", h->status.buf, (size_t)len);
    else if (n == 8 && strncmp(rq->path, "/metrics", n) == 0 && (len = write_again(h, &h->metrics, watch_metrics)) >= 0)
        answer(h, token, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", h->metrics.buf, (size_t)len);
    else if ((n == 11 && strncmp(rq->path, "/api/status", n) == 0) || (n == 8 && strncmp(rq->path, "/metrics", n) == 0))
        say(h, token, 500, "The answer does not fit into memory.\n");
    else
        say(h, token, 404, "Here are /, /api/status, /metrics and /healthz.\n");
}

static int on_ws_open(void *user_data, uint64_t ws, const struct server_request *rq)
{
    struct httpd *h = user_data;
    if (!from_here(h, rq))
        return 403;
    if (strcmp(rq->path, "/live") != 0)
        return 404;
    for (int i = 0; i < VIEWERS_MAX; i++)
        if (h->viewers[i].ws == 0) {
            h->viewers[i] = (struct viewer){ .ws = ws, .allowed = token_good(h, rq), .since_ms = watch_wall_ms() };
            return 0;
        }
    return 503;
}

static struct viewer *viewer_of(struct httpd *h, uint64_t ws)
{
    for (int i = 0; i < VIEWERS_MAX; i++)
        if (h->viewers[i].ws == ws)
            return &h->viewers[i];
    return NULL;
}

/* The only thing that a viewer says: "token TOKEN" (a browser can not set headers of a socket). */
static void on_ws_message(void *user_data, uint64_t ws, char *text, size_t len)
{
    struct httpd *h = user_data;
    struct viewer *v = viewer_of(h, ws);
    if (v == NULL || v->allowed)
        return;
    if (len > 6 && strncmp(text, "token ", 6) == 0 && same_token(h, text + 6, len - 6)) {
        v->allowed = true;
        return;
    }
    v->ws = 0;
    (void)bot__server_ws_close(h->server, ws, 4401, "wrong token");
}

static void on_ws_closed(void *user_data, uint64_t ws, int code)
{
    struct viewer *v = viewer_of(user_data, ws);
    (void)code;
    if (v != NULL)
        v->ws = 0;
}

static int listen_on(struct uv_loop_s *loop, const struct watch_config *config, const struct server_callbacks *callbacks, struct httpd *h, struct server **ret,
                     bool *ret_in_use, char *why)
{
    const char *listen = config->http.listen;
    const char *const files[][2] = { { "cert_file", config->http.cert_file }, { "key_file", config->http.key_file } };
    *ret_in_use = false;
    for (int i = 0; i < 2; i++)
        if (files[i][1] != NULL && access(files[i][1], R_OK) != 0) {
            snprintf(why, WATCH_WHY_MAX, "http.%s: %s: %s", files[i][0], files[i][1], strerror(errno));
            return BOT_ERR_IO;
        }
    char host[64];
    const char *colon = strrchr(listen, ':');
    snprintf(host, sizeof host, "%.*s", (int)(colon - listen), listen);
    char *numeric = host;
    if (host[0] == '[') {
        numeric++;
        numeric[strcspn(numeric, "]")] = '\0';
    }
    const struct server_options o = { .host = numeric, .port = (uint16_t)strtoul(colon + 1, NULL, 10), .cert_file = config->http.cert_file,
                                      .key_file = config->http.key_file, .connections_max = 64, .header_bytes_max = 8192, .body_bytes_max = 1024,
                                      .request_timeout_ms = 5000, .idle_timeout_ms = 30000, .ws_message_bytes_max = 4096, .queue_bytes_max = 17u << 20 /* the largest document */ };
    errno = 0;
    const int r = bot__server_open(loop, &o, callbacks, h, ret);
    *ret_in_use = r == BOT_ERR_IO && errno == EADDRINUSE;
    if (r == BOT_ERR_IO && errno != 0)
        snprintf(why, WATCH_WHY_MAX, "http.listen: cannot listen on %s: %s%s", listen, strerror(errno),
                 *ret_in_use ? "; is another watch running? Choose another port, or \"\" for no page" : "");
    else if (r < 0)
        snprintf(why, WATCH_WHY_MAX, "http.listen: cannot listen on %s (certificate and key no PEM, or the address not numeric?): %s", listen, bot_strerror(r));
    return r;
}

static const struct server_callbacks serving = { .request = on_request, .ws_open = on_ws_open, .ws_message = on_ws_message, .ws_closed = on_ws_closed };

int httpd_open(struct watch *w, struct httpd **ret, char *why)
{
    *ret = NULL;
    if (w->config->http.listen[0] == '\0')
        return BOT_OK;
    bool in_use;
    struct httpd *h = calloc(1, sizeof *h);
    if (h == NULL) {
        snprintf(why, WATCH_WHY_MAX, "out of memory");
        return BOT_ERR_NOMEM;
    }
    h->watch = w;
    h->token = w->config->http.token;
    const int r = listen_on(w->loop, w->config, &serving, h, &h->server, &in_use, why);
    if (r < 0) {
        free(h);
        return r;
    }
    *ret = h;
    return BOT_OK;
}

static void busy(void *user_data, uint64_t token, const struct server_request *rq)
{
    (void)user_data, (void)token, (void)rq; /* it is closed before anybody is answered */
}

int httpd_try(struct uv_loop_s *loop, const struct watch_config *config, void (*closed)(void *user_data), void *user_data, bool *ret_in_use, char *why)
{
    static const struct server_callbacks callbacks = { .request = busy };
    struct server *server;
    const int r = listen_on(loop, config, &callbacks, NULL, &server, ret_in_use, why);
    if (r == BOT_OK)
        bot__server_close(server, closed, user_data);
    return r;
}

uint16_t httpd_port(const struct httpd *h) { return bot__server_port(h->server); }

void httpd_alert(struct httpd *h, const struct watch_alert *alert)
{
    char text[2048];
    const int len = watch_alert_json(alert, text, sizeof text);
    for (int i = 0; i < VIEWERS_MAX && len > 0; i++)
        if (h->viewers[i].ws != 0 && h->viewers[i].allowed)
            (void)bot__server_ws_send(h->server, h->viewers[i].ws, text, (size_t)len);
}

void httpd_tick(struct httpd *h, int64_t now_ms)
{
    int len = -1; /* written once, however many look on */
    for (int i = 0; i < VIEWERS_MAX; i++) {
        struct viewer *v = &h->viewers[i];
        if (v->ws == 0)
            continue;
        if (!v->allowed && now_ms - v->since_ms > TOKEN_WAIT_MS) {
            (void)bot__server_ws_close(h->server, v->ws, 4401, "no token");
            v->ws = 0;
            continue;
        }
        const bool due = v->sent_ms == 0 || now_ms - v->sent_ms >= EVERY_MAX_MS || now_ms < v->sent_ms ||
                         (v->version != h->watch->version && now_ms - v->sent_ms >= EVERY_MIN_MS);
        if (!v->allowed || !due)
            continue;
        /* Who does not read gets nothing more until he has: he sees the newest then, not the queue. */
        if (bot__server_ws_queued(h->server, v->ws) > 0 && v->sent_ms != 0)
            continue;
        if (len < 0 && (len = write_again(h, &h->status, watch_status)) < 0)
            return;
        if (bot__server_ws_send(h->server, v->ws, h->status.buf, (size_t)len) < 0)
            continue;
        v->sent_ms = now_ms;
        v->version = h->status.version;
    }
}

static void server_closed(void *user_data)
{
    struct httpd *h = user_data;
    void (*closed)(void *) = h->closed;
    void *closed_user_data = h->closed_user_data;
    free(h->status.buf);
    free(h->metrics.buf);
    free(h);
    if (closed != NULL)
        closed(closed_user_data);
}

void httpd_close(struct httpd *h, void (*closed)(void *user_data), void *user_data)
{
    h->closed = closed;
    h->closed_user_data = user_data;
    bot__server_close(h->server, server_closed, h);
}
