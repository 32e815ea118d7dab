#include "io/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/assert.h"
#include "io/server_conn.h"
#include "io/sock.h"
#include "io/tls.h"

#define SWEEP_MS 100
#define TURN_NS 1000000      /* time given to clients in one turn of the loop; the rest waits for the next: others live here, too */
#define UNSENT_MAX 65536     /* with more than this not taken by a client, his next request waits */
#define IDLE_ENOUGH_MS 1000  /* without a whole request: gives up its place for a new connection when all are taken */
#define CONNECTIONS_MAX 65535

/* Once per read and not once per message: a thousand small frames must not be moved a thousand times. */
static void compact(struct conn *c)
{
    c->in.len -= c->pos;
    if (c->in.len > 0 && c->pos > 0) memmove(c->in.p, c->in.p + c->pos, c->in.len);
    else if (c->in.len == 0 && c->in.size > 2 * READ_AHEAD_MAX) bot__buffer_done(&c->in);
    c->pos = 0;
}

static struct conn *find(const struct server *s, uint64_t token, enum conn_state state)
{
    uint32_t index = token & ((1u << TOKEN_INDEX_BITS) - 1);
    if (token == 0 || index >= s->options.connections_max) return NULL;
    struct conn *c = s->conns[index];
    return c != NULL && c->token == token && c->state == state ? c : NULL;
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

static void accept_one(struct server *s);

static void maybe_closed(struct server *s)
{
    if (!s->closing || s->handles > 0 || s->conns_n > 0) return;
    void (*closed)(void *user_data) = s->closed;
    void *user_data = s->closed_user_data;
    bot__sock_env_done(&s->env);
    SSL_CTX_free(s->ctx);
    bot__buffer_done(&s->scratch);
    free(s->conns);
    free(s);
    if (closed != NULL) closed(user_data);
}

static void on_sock_closed(void *user_data, const char *reason)
{
    (void)reason;
    struct conn *c = user_data;
    struct server *s = c->server;
    uint64_t token = c->token;
    bool ws = c->ws;
    int code = c->close_code;
    s->conns[c->index] = NULL;
    s->conns_n--;
    bot__buffer_done(&c->in);
    bot__buffer_done(&c->message);
    bot__buffer_done(&c->held);
    free(c);
    if (token != 0 && !s->closing) {
        if (ws && s->callbacks.ws_closed != NULL) s->callbacks.ws_closed(s->user_data, token, code);
        if (!ws && s->callbacks.request_gone != NULL) s->callbacks.request_gone(s->user_data, token);
    }
    if (s->accept_waits && !s->hang_accept && !s->closing) {
        s->accept_waits = false;
        accept_one(s);
    }
    maybe_closed(s);
}

static void process(struct conn *c);

/* Clients have had their share of this turn. */
static bool turn_over(struct server *s)
{
    const uint64_t now = uv_hrtime();
    if (s->turn_ms != uv_now(s->loop) || s->turn_end_ns == 0) {
        s->turn_ms = uv_now(s->loop);
        s->turn_end_ns = now + TURN_NS;
    }
    return now >= s->turn_end_ns;
}

static void on_kick(uv_idle_t *idle)
{
    struct server *s = idle->data;
    const uint32_t max = s->options.connections_max, first = s->kick_next;
    bool more = false;
    if (s->accept_waits && !s->hang_accept && s->conns_n < max) {
        s->accept_waits = false;
        accept_one(s);
    }
    for (uint32_t i = 0; i < max && !s->closing; i++) {
        struct conn *c = s->conns[(first + i) % max];
        if (c == NULL || !c->waiting) continue;
        if (more) continue; /* his turn is the next one */
        c->waiting = false;
        if (c->state == CONN_ENDING) continue;
        process(c);
        if (turn_over(s)) {
            s->kick_next = (first + i + 1) % max; /* everybody else before him */
            more = true;
        }
    }
    for (uint32_t i = 0; i < max && !more; i++) more = s->conns[i] != NULL && s->conns[i]->waiting;
    if (!more || s->closing) uv_idle_stop(idle);
}

static void wait_turn(struct conn *c)
{
    c->waiting = true;
    if (!c->server->closing) uv_idle_start(&c->server->kick, on_kick);
}

/* The connection may go on with what it has read already, but not inside the owner's call. */
static void resume(struct conn *c)
{
    if (!c->waiting) bot__sock_pause(c->sock, false);
    if (c->in.len > 0 && !c->processing) wait_turn(c);
}

/* ---- connections -------------------------------------------------------------------------------------------- */

static void process(struct conn *c)
{
    bool more = true, late = false, choked = false;
    c->processing = true;
    bot__sock_cork(c->sock, true); /* many small answers are one write */
    while (more && !c->stalled && c->pos < c->in.len && c->state != CONN_ENDING) {
        choked = c->state == CONN_READING && bot__sock_queued(c->sock) > UNSENT_MAX;
        late = turn_over(c->server);
        if (choked || late) break;
        more = c->state == CONN_WS ? bot__conn_step_ws(c) : bot__conn_step_http(c);
    }
    if (c->state != CONN_ENDING) bot__sock_cork(c->sock, c->corked);
    c->processing = false;
    compact(c);
    if (c->state == CONN_ENDING) return;
    if (choked && bot__sock_queued(c->sock) <= UNSENT_MAX) late = true; /* else on_drained goes on */
    if (late) wait_turn(c);
    const bool full = c->in.len >= READ_AHEAD_MAX && (c->stalled || c->state == CONN_ANSWERING || choked);
    bot__sock_pause(c->sock, c->stalled || late || full);
}

static void on_drained(void *user_data)
{
    struct conn *c = user_data;
    if (c->state == CONN_READING && c->in.len > 0 && !c->processing) resume(c);
}

static void on_data(void *user_data, char *data, size_t len)
{
    struct conn *c = user_data;
    struct server *s = c->server;
    if (c->state == CONN_ENDING) return;
    if (!bot__buffer_append(&c->in, data, len)) {
        bot__conn_reset(c);
        return;
    }
    if (c->state == CONN_READING && c->in.len == len) c->deadline_ms = bot__conn_after(s, s->options.request_timeout_ms);
    if (!c->waiting) process(c);
}

static const struct sock_callbacks conn_callbacks = { .data = on_data, .drained = on_drained, .closed = on_sock_closed };

static void on_refused(uv_handle_t *handle)
{
    struct server *s = handle->data;
    free(handle);
    s->handles--;
    maybe_closed(s);
}

static void refuse_connection(struct server *s)
{
    uv_tcp_t *tcp = malloc(sizeof *tcp);
    if (tcp == NULL) {
        s->accept_waits = true; /* libuv asks no further before this one is taken */
        return;
    }
    uv_tcp_init(s->loop, tcp);
    uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)tcp);
    tcp->data = s;
    s->handles++;
    uv_close((uv_handle_t *)tcp, on_refused);
}

/* Of a full house, who is leaving already, or else who has asked for nothing whole the longest. */
static struct conn *dispensable(const struct server *s)
{
    struct conn *found = NULL;
    for (uint32_t i = 0; i < s->options.connections_max; i++) {
        struct conn *c = s->conns[i];
        if (c->state == CONN_ENDING) return c;
        if (c->state == CONN_READING && !c->waiting && bot__sock_queued(c->sock) == 0 && uv_now(s->loop) - c->whole_ms >= IDLE_ENOUGH_MS &&
            (found == NULL || c->whole_ms < found->whole_ms))
            found = c;
    }
    return found;
}

static void accept_one(struct server *s)
{
    if (s->conns_n == s->options.connections_max) {
        struct conn *leaver = dispensable(s);
        if (leaver == NULL) {
            refuse_connection(s);
            return;
        }
        bot__conn_reset(leaver);
        s->accept_waits = true; /* until his place is free */
        return;
    }
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        refuse_connection(s);
        return;
    }
    while (s->conns[c->index] != NULL) c->index++;
    c->server = s;
    c->whole_ms = uv_now(s->loop);
    c->deadline_ms = bot__conn_after(s, s->options.request_timeout_ms);
    c->stood_since_ms = uv_now(s->loop); /* whoever is busy from his first moment has not stood still since the machine began */
    const int r = bot__sock_accept(&s->env, (uv_stream_t *)&s->listener, s->ctx, &conn_callbacks, c, &c->sock);
    if (r != BOT_OK) {
        free(c);
        s->accept_waits = r == BOT_ERR_NOMEM;
        return;
    }
    s->conns[c->index] = c;
    s->conns_n++;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;
    if (status < 0) return;
    /* libuv asks no further until this one is taken. */
    if (s->hang_accept) {
        s->accept_waits = true;
    } else if (turn_over(s)) {
        s->accept_waits = true;
        uv_idle_start(&s->kick, on_kick);
    } else {
        accept_one(s);
    }
}

static void stand_still(struct conn *c)
{
    c->state = CONN_ENDING;
    c->deadline_ms = 0;
    bot__sock_reset(c->sock); /* ws_closed or request_gone follows: the token is kept */
}

static void on_sweep(uv_timer_t *timer)
{
    struct server *s = timer->data;
    uint64_t now = uv_now(s->loop);
    if (s->accept_waits && !s->hang_accept && s->conns_n < s->options.connections_max) { /* there was no memory for it */
        s->accept_waits = false;
        accept_one(s);
    }
    for (uint32_t i = 0; i < s->options.connections_max; i++) {
        struct conn *c = s->conns[i];
        if (c == NULL || c->state == CONN_ENDING) continue;
        /* Who asks and takes nothing holds our memory. Slow is allowed, standing still is not. */
        const size_t unsent = bot__sock_queued(c->sock);
        const uint64_t taken = unsent > 0 ? bot__sock_taken(c->sock) : c->taken;
        if (unsent == 0 || taken > c->taken) c->stood_since_ms = now;
        c->taken = taken;
        if (unsent > 0 && now - c->stood_since_ms > s->options.idle_timeout_ms) {
            stand_still(c);
            continue;
        }
        if (unsent > 0 && c->state == CONN_READING && c->in.len == 0) c->deadline_ms = bot__conn_after(s, s->options.idle_timeout_ms);
        if (c->deadline_ms == 0 || c->deadline_ms > now || c->waiting || unsent > 0) continue;
        c->keep_alive = false;
        if (c->in.len > 0) bot__conn_refuse(c, 408);
        else bot__conn_end(c);
    }
}

/* ---- the owner's side --------------------------------------------------------------------------------------- */

int bot__server_answer(struct server *s, uint64_t token, const struct server_answer *answer)
{
    struct conn *c = find(s, token, CONN_ANSWERING);
    if (c == NULL) return BOT_ERR_NOT_FOUND;
    int r = bot__conn_answer(c, answer);
    if (r == BOT_OK && c->state == CONN_READING) resume(c);
    return r;
}

void bot__server_drop(struct server *s, uint64_t token)
{
    struct conn *c = find(s, token, CONN_ANSWERING);
    if (c != NULL) bot__conn_reset(c);
}

void bot__server_hang_up(struct server *s, uint64_t token)
{
    struct conn *c = find(s, token, CONN_ANSWERING);
    if (c == NULL) return;
    c->token = 0;
    bot__conn_end(c);
}

static int sent(int r)
{
    return r == BOT_ERR_NOT_CONNECTED ? BOT_ERR_NOT_FOUND : r;
}

int bot__server_ws_send(struct server *s, uint64_t ws, const char *text, size_t len)
{
    struct conn *c = find(s, ws, CONN_WS);
    return c == NULL ? BOT_ERR_NOT_FOUND : sent(bot__conn_ws_send(c, WS_TEXT, text, len));
}

void bot__server_ws_cork(struct server *s, uint64_t ws, bool on)
{
    struct conn *c = find(s, ws, CONN_WS);
    if (c == NULL) return;
    c->corked = on;
    bot__sock_cork(c->sock, on);
}

int bot__server_ws_send_fragments(struct server *s, uint64_t ws, const char *text, size_t len, size_t fragment)
{
    struct conn *c = find(s, ws, CONN_WS);
    if (c == NULL) return BOT_ERR_NOT_FOUND;
    if (fragment == 0) return BOT_ERR_INVALID;
    s->scratch.len = 0;
    bool ok = true;
    for (size_t i = 0; ok && (i < len || i == 0); i += fragment) {
        size_t n = len - i < fragment ? len - i : fragment;
        ok = bot__conn_ws_frame(s, i + n == len, i == 0 ? WS_TEXT : WS_CONTINUATION, text + i, n);
        if (i == 0 && n < len) ok = ok && bot__conn_ws_frame(s, true, WS_PING, "between", 7);
    }
    return !ok ? BOT_ERR_NOMEM : sent(bot__conn_send_scratch(c));
}

int bot__server_ws_ping(struct server *s, uint64_t ws)
{
    struct conn *c = find(s, ws, CONN_WS);
    return c == NULL ? BOT_ERR_NOT_FOUND : sent(bot__conn_ws_send(c, WS_PING, "", 0));
}

int bot__server_ws_send_raw(struct server *s, uint64_t ws, const void *bytes, size_t len)
{
    struct conn *c = find(s, ws, CONN_WS);
    if (c == NULL) return BOT_ERR_NOT_FOUND;
    s->scratch.len = 0;
    return !bot__buffer_append(&s->scratch, bytes, len) ? BOT_ERR_NOMEM : sent(bot__conn_send_scratch(c));
}

int bot__server_ws_close(struct server *s, uint64_t ws, int code, const char *reason)
{
    struct conn *c = find(s, ws, CONN_WS);
    if (c == NULL) return BOT_ERR_NOT_FOUND;
    bot__conn_ws_end(c, code, reason);
    return BOT_OK;
}

void bot__server_ws_cut(struct server *s, uint64_t ws)
{
    struct conn *c = find(s, ws, CONN_WS);
    if (c != NULL) bot__conn_reset(c);
}

void bot__server_ws_stall(struct server *s, uint64_t ws, bool on)
{
    struct conn *c = find(s, ws, CONN_WS);
    if (c == NULL || c->stalled == on) return;
    c->stalled = on;
    if (on) {
        bot__sock_pause(c->sock, true);
        return;
    }
    if (c->held.len > 0) bot__sock_write(c->sock, c->held.p, c->held.len);
    bot__buffer_done(&c->held);
    resume(c);
}

size_t bot__server_ws_queued(const struct server *s, uint64_t ws)
{
    const struct conn *c = find(s, ws, CONN_WS);
    return c == NULL ? 0 : bot__conn_queued(c);
}

void bot__server_hang_accept(struct server *s, bool on)
{
    s->hang_accept = on;
    if (on || !s->accept_waits) return;
    s->accept_waits = false;
    accept_one(s);
}

uint16_t bot__server_port(const struct server *s) { return s->port; }
uint32_t bot__server_connections(const struct server *s) { return s->conns_n; }

static void on_handle_closed(uv_handle_t *handle)
{
    struct server *s = handle->data;
    s->handles--;
    maybe_closed(s);
}

void bot__server_close(struct server *s, void (*closed)(void *user_data), void *user_data)
{
    BOT_ASSERT(!s->closing);
    s->closing = true;
    s->closed = closed;
    s->closed_user_data = user_data;
    uv_close((uv_handle_t *)&s->listener, on_handle_closed);
    uv_close((uv_handle_t *)&s->sweep, on_handle_closed);
    uv_close((uv_handle_t *)&s->kick, on_handle_closed);
    for (uint32_t i = 0; i < s->options.connections_max; i++)
        if (s->conns[i] != NULL) bot__conn_reset(s->conns[i]);
}

static void set_defaults(struct server_options *o)
{
    if (o->connections_max == 0) o->connections_max = 256;
    if (o->connections_max > CONNECTIONS_MAX) o->connections_max = CONNECTIONS_MAX;
    if (o->header_bytes_max == 0) o->header_bytes_max = 16 << 10;
    if (o->body_bytes_max == 0) o->body_bytes_max = 256 << 10;
    if (o->request_timeout_ms == 0) o->request_timeout_ms = 10000;
    if (o->idle_timeout_ms == 0) o->idle_timeout_ms = 120000;
    if (o->ws_message_bytes_max == 0) o->ws_message_bytes_max = 1 << 20;
    if (o->queue_bytes_max == 0) o->queue_bytes_max = 8 << 20;
}

static int listen_on(struct server *s, const char *host)
{
    struct sockaddr_storage addr = { 0 };
    int len = sizeof addr;
    if (host == NULL) host = "127.0.0.1";
    if (uv_ip4_addr(host, s->options.port, (struct sockaddr_in *)&addr) != 0 &&
        uv_ip6_addr(host, s->options.port, (struct sockaddr_in6 *)&addr) != 0)
        return BOT_ERR_INVALID;
    int r = uv_tcp_bind(&s->listener, (struct sockaddr *)&addr, 0);
    if (r == 0) r = uv_listen((uv_stream_t *)&s->listener, 128, on_connection);
    if (r == 0) r = uv_tcp_getsockname(&s->listener, (struct sockaddr *)&addr, &len);
    if (r != 0) {
        errno = -r; /* libuv's own numbers are these, negated */
        return BOT_ERR_IO;
    }
    /* The port stands at the same place in both families. */
    s->port = ntohs(((struct sockaddr_in *)&addr)->sin_port);
    return BOT_OK;
}

int bot__server_open(uv_loop_t *loop, const struct server_options *options, const struct server_callbacks *callbacks,
                     void *user_data, struct server **ret)
{
    if (options == NULL || callbacks == NULL || callbacks->request == NULL ||
        (options->cert_file == NULL) != (options->key_file == NULL))
        return BOT_ERR_INVALID;
    struct server *s = calloc(1, sizeof *s);
    if (s == NULL) return BOT_ERR_NOMEM;
    s->loop = loop;
    s->options = *options;
    s->callbacks = *callbacks;
    s->user_data = user_data;
    set_defaults(&s->options);

    int r = BOT_OK;
    s->conns = calloc(s->options.connections_max, sizeof *s->conns);
    if (s->conns == NULL) r = BOT_ERR_NOMEM;
    if (r == BOT_OK) r = bot__sock_env_init(&s->env, loop);
    if (r == BOT_OK && options->cert_file != NULL) r = bot__tls_server(options->cert_file, options->key_file, &s->ctx);
    if (r < 0) {
        bot__sock_env_done(&s->env);
        free(s->conns);
        free(s);
        return r;
    }
    s->options.host = s->options.cert_file = s->options.key_file = NULL;
    uv_tcp_init(loop, &s->listener);
    uv_timer_init(loop, &s->sweep);
    uv_idle_init(loop, &s->kick);
    s->listener.data = s->sweep.data = s->kick.data = s;
    s->handles = 3;
    uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    r = listen_on(s, options->host);
    if (r < 0) {
        const int why = errno;
        bot__server_close(s, NULL, NULL); /* its handles need a turn of the loop */
        errno = why;
        return r;
    }
    *ret = s;
    return BOT_OK;
}
