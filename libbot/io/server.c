#include "io/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/assert.h"
#include "io/http1.h"
#include "io/sock.h"
#include "io/tls.h"
#include "io/ws_frame.h"

#define SWEEP_MS 100
#define TURN_NS 1000000      /* time given to clients in one turn of the loop; the rest waits for the next: others live here, too */
#define UNSENT_MAX 65536     /* with more than this not taken by a client, his next request waits */
#define IDLE_ENOUGH_MS 1000  /* without a whole request: gives up its place for a new connection when all are taken */
#define READ_AHEAD_MAX 65536 /* read from a client that we do not serve at the moment; then it waits in the kernel */
#define CONNECTIONS_MAX 65535
#define TOKEN_INDEX_BITS 16
#define CLOSE_REASON_MAX 123

enum conn_state {
    CONN_READING,   /* a request is awaited or coming in -> ANSWERING, WS, ENDING */
    CONN_ANSWERING, /* the owner has it -> READING (kept alive), ENDING */
    CONN_WS,        /* -> ENDING */
    CONN_ENDING,    /* the sock is closing */
};

struct buffer {
    char  *p;
    size_t len, size;
};

struct conn {
    struct server  *server;
    struct sock    *sock;
    enum conn_state state;
    uint32_t        index;
    uint64_t        token;       /* 0: the owner knows of none */
    uint64_t        deadline_ms; /* uv_now; 0 none */
    struct buffer   in;          /* bytes received; those before pos are used up */
    size_t          pos;
    size_t          scanned;     /* http1.h */
    bool            keep_alive, head_request, continued, processing, stalled;
    bool            corked;      /* by the owner */
    bool            waiting;     /* for the next turn of the loop, with bytes that may be whole */
    uint64_t        taken;       /* when last looked at, and since when it has been no more while there was something to take */
    uint64_t        stood_since_ms;
    uint64_t        whole_ms;    /* accepted, or when the last whole request came */
    bool            ws;          /* token is that of a WebSocket */
    struct buffer   message;     /* WS: fragments so far */
    bool            fragmented;
    struct buffer   held;        /* WS: kept back while stalled */
    int             close_code;  /* of the peer */
};

struct server {
    uv_tcp_t                listener;
    uv_timer_t              sweep;
    uv_idle_t               kick; /* runs while a connection waits for its turn */
    uint32_t                kick_next; /* whose turn it is first */
    uint64_t                turn_ms, turn_end_ns; /* of the loop: uv_now, and when its time for clients is over */
    uv_loop_t              *loop;
    struct sock_env         env;
    SSL_CTX                *ctx;
    struct server_options   options; /* pointers in it are not kept */
    struct server_callbacks callbacks;
    void                   *user_data;
    struct conn           **conns;
    uint32_t                conns_n;
    uint64_t                generation;
    struct buffer           scratch; /* what is about to be written */
    bool                    hang_accept, accept_waits, closing;
    uint16_t                port;
    unsigned                handles; /* of the server itself, not yet closed */
    void                  (*closed)(void *user_data);
    void                   *closed_user_data;
};

static bool reserve(struct buffer *b, size_t more)
{
    if (b->size - b->len > more) return true; /* one spare byte for a NUL */
    size_t size = b->size != 0 ? b->size : 4096;
    while (size - b->len <= more) size *= 2;
    char *p = realloc(b->p, size);
    if (p == NULL) return false;
    b->p = p;
    b->size = size;
    return true;
}

static bool append(struct buffer *b, const void *data, size_t len)
{
    if (!reserve(b, len)) return false;
    if (len > 0) memcpy(b->p + b->len, data, len);
    b->len += len;
    return true;
}

static void buffer_done(struct buffer *b)
{
    free(b->p);
    *b = (struct buffer){ 0 };
}

/* Once per read and not once per message: a thousand small frames must not be moved a thousand times. */
static void compact(struct conn *c)
{
    c->in.len -= c->pos;
    if (c->in.len > 0 && c->pos > 0) memmove(c->in.p, c->in.p + c->pos, c->in.len);
    else if (c->in.len == 0 && c->in.size > 2 * READ_AHEAD_MAX) buffer_done(&c->in);
    c->pos = 0;
}

static uint64_t after(const struct server *s, uint32_t ms) { return uv_now(s->loop) + ms; }

static struct conn *find(const struct server *s, uint64_t token, enum conn_state state)
{
    uint32_t index = token & ((1u << TOKEN_INDEX_BITS) - 1);
    if (token == 0 || index >= s->options.connections_max) return NULL;
    struct conn *c = s->conns[index];
    return c != NULL && c->token == token && c->state == state ? c : NULL;
}

static uint64_t new_token(struct conn *c) { return ++c->server->generation << TOKEN_INDEX_BITS | c->index; }

/* ---- the end ------------------------------------------------------------------------------------------------ */

static void accept_one(struct server *s);

static void maybe_closed(struct server *s)
{
    if (!s->closing || s->handles > 0 || s->conns_n > 0) return;
    void (*closed)(void *user_data) = s->closed;
    void *user_data = s->closed_user_data;
    bot__sock_env_done(&s->env);
    SSL_CTX_free(s->ctx);
    buffer_done(&s->scratch);
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
    buffer_done(&c->in);
    buffer_done(&c->message);
    buffer_done(&c->held);
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

static void end(struct conn *c)
{
    c->state = CONN_ENDING;
    c->deadline_ms = 0;
    bot__sock_close(c->sock);
}

static void reset(struct conn *c)
{
    c->state = CONN_ENDING;
    c->deadline_ms = 0;
    c->token = 0;
    bot__sock_reset(c->sock);
}

static size_t queued(const struct conn *c) { return bot__sock_queued(c->sock) + c->held.len; }

/* Sends what is in scratch, or keeps it while stalled. */
static int send_scratch(struct conn *c)
{
    struct server *s = c->server;
    if (queued(c) + s->scratch.len > s->options.queue_bytes_max) return BOT_ERR_FULL;
    if (c->stalled) return append(&c->held, s->scratch.p, s->scratch.len) ? BOT_OK : BOT_ERR_NOMEM;
    return bot__sock_write(c->sock, s->scratch.p, s->scratch.len);
}

/* ---- HTTP --------------------------------------------------------------------------------------------------- */

static const char *status_text(int status)
{
    switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 418: return "I'm a teapot";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Status";
    }
}

__attribute__((format(printf, 2, 3))) static bool print(struct buffer *b, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0 || !reserve(b, (size_t)n + 1)) return false;
    va_start(ap, format);
    vsnprintf(b->p + b->len, (size_t)n + 1, format, ap);
    va_end(ap);
    b->len += (size_t)n;
    return true;
}

static bool has_line_end(const char *text) { return strpbrk(text, "\r\n") != NULL; }

static int write_answer(struct conn *c, const struct server_answer *a)
{
    struct server *s = c->server;
    struct buffer *b = &s->scratch;
    int status = a->status != 0 ? a->status : 200;
    const char *type = a->content_type != NULL ? a->content_type : "application/json";
    bool bodyless = status == 204 || status == 304;
    bool close = a->close || a->cut || !c->keep_alive;
    if (has_line_end(type)) return BOT_ERR_INVALID;
    b->len = 0;
    bool ok = print(b, "HTTP/1.1 %d %s\r\n", status, status_text(status));
    if (!bodyless) ok = ok && print(b, "Content-Type: %s\r\nContent-Length: %zu\r\n", type, a->body.len);
    for (uint32_t i = 0; i < a->headers_n; i++) {
        if (has_line_end(a->headers[i].name) || has_line_end(a->headers[i].value)) return BOT_ERR_INVALID;
        ok = ok && print(b, "%s: %s\r\n", a->headers[i].name, a->headers[i].value);
    }
    ok = ok && print(b, "Connection: %s\r\n\r\n", close ? "close" : "keep-alive");
    size_t body_len = a->cut && a->body_cut_at < a->body.len ? a->body_cut_at : a->body.len;
    if (!bodyless && !c->head_request) ok = ok && append(b, a->body.p, body_len);
    if (!ok) return BOT_ERR_NOMEM;
    int r = send_scratch(c);
    if (r == BOT_ERR_FULL || r == BOT_ERR_NOMEM) return r;
    c->token = 0;
    if (r < 0) {
        c->state = CONN_ENDING; /* the sock has failed and says so soon */
        return BOT_ERR_NOT_FOUND;
    }
    if (close) {
        end(c);
        return BOT_OK;
    }
    c->state = CONN_READING;
    c->deadline_ms = after(s, c->in.len > c->pos ? s->options.request_timeout_ms : s->options.idle_timeout_ms);
    return BOT_OK;
}

/* The server's own answer to what it does not hand over. */
static void refuse(struct conn *c, int status)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%d %s\n", status, status_text(status));
    c->token = 0;
    if (write_answer(c, &(struct server_answer){ .status = status, .content_type = "text/plain", .close = true,
                                                 .body = { text, (size_t)n } }) != BOT_OK)
        reset(c);
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

static bool upgrade(struct conn *c, const struct http1_head *head, const struct server_request *request)
{
    struct server *s = c->server;
    struct slice key = bot__http1_header(head, "sec-websocket-key"), version = bot__http1_header(head, "sec-websocket-version");
    if (s->callbacks.ws_open == NULL) {
        refuse(c, 404);
        return false;
    }
    if (!slice_is(head->method, "GET") || key.len != 24 || !slice_is(version, "13")) {
        refuse(c, slice_is(version, "13") ? 400 : 426);
        return false;
    }
    uint64_t token = new_token(c);
    int status = s->callbacks.ws_open(s->user_data, token, request);
    if (s->closing || c->state == CONN_ENDING) return false;
    if (status != 0) {
        refuse(c, status);
        return false;
    }
    c->state = CONN_WS;
    c->ws = true;
    c->token = token;
    c->deadline_ms = 0;
    char accept[HTTP1_WS_ACCEPT_SIZE];
    bot__http1_ws_accept(key, accept);
    s->scratch.len = 0;
    if (!print(&s->scratch, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: %s\r\n\r\n", accept) || send_scratch(c) != BOT_OK)
        bot__sock_reset(c->sock); /* ws_closed follows */
    return true;
}

/* What server.h names: others have rules of their own for bodies and answers. */
static bool known_method(struct slice method)
{
    return slice_is(method, "GET") || slice_is(method, "POST") || slice_is(method, "PUT") || slice_is(method, "PATCH") ||
           slice_is(method, "DELETE") || slice_is(method, "HEAD");
}

/* One request, if it is whole. False: nothing more to do for now. */
static bool step_http(struct conn *c)
{
    struct server *s = c->server;
    if (c->state != CONN_READING) return false;
    char *p = c->in.p + c->pos;
    size_t len = c->in.len - c->pos;
    struct http1_head head;
    int n = bot__http1_request(p, len, &c->scanned, &head);
    c->keep_alive = false;
    c->head_request = false;
    if (n < 0 || (n == 0 && len > s->options.header_bytes_max) || n > (int)s->options.header_bytes_max) {
        refuse(c, n == BOT_ERR_MALFORMED ? 400 : 431);
        return false;
    }
    if (n == 0) return false;
    if (!known_method(head.method)) {
        refuse(c, 501);
        return false;
    }
    if (head.chunked) {
        refuse(c, 411);
        return false;
    }
    size_t body_len = head.content_length > 0 ? (size_t)head.content_length : 0;
    if (body_len > s->options.body_bytes_max) {
        refuse(c, 413);
        return false;
    }
    if (len - (size_t)n < body_len) {
        if (head.expect_continue && !c->continued) {
            static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
            c->continued = true;
            bot__sock_write(c->sock, go_on, sizeof go_on - 1);
        }
        return false;
    }

    /* The blanks behind method and target become their ends: the head is not read again. */
    p[head.method.len] = '\0';
    p[(size_t)(head.target.p - p) + head.target.len] = '\0';
    c->keep_alive = head.keep_alive;
    c->head_request = slice_is(head.method, "HEAD");
    c->continued = false;
    c->scanned = 0;
    struct server_request request = { head.method.p, head.target.p, head.headers, head.headers_n,
                                      { p + n, body_len } };
    c->pos += (size_t)n + body_len;
    bool more = true;
    c->whole_ms = uv_now(s->loop);
    if (head.upgrade) {
        more = upgrade(c, &head, &request);
    } else {
        c->state = CONN_ANSWERING;
        c->deadline_ms = 0;
        c->token = new_token(c);
        s->callbacks.request(s->user_data, c->token, &request);
    }
    return more;
}

/* ---- WebSocket ---------------------------------------------------------------------------------------------- */

static bool frame_into_scratch(struct server *s, bool fin, enum ws_opcode opcode, const void *payload, size_t len)
{
    char head[WS_FRAME_HEAD_MAX];
    return append(&s->scratch, head, bot__ws_frame_head(head, fin, opcode, len)) && append(&s->scratch, payload, len);
}

static int send_frame(struct conn *c, enum ws_opcode opcode, const void *payload, size_t len)
{
    c->server->scratch.len = 0;
    if (len > c->server->options.queue_bytes_max) return BOT_ERR_FULL;
    if (!frame_into_scratch(c->server, true, opcode, payload, len)) return BOT_ERR_NOMEM;
    return send_scratch(c);
}

static void ws_end(struct conn *c, int code, const char *reason)
{
    char payload[2 + CLOSE_REASON_MAX];
    size_t len = reason != NULL ? strlen(reason) : 0;
    if (len > CLOSE_REASON_MAX) len = CLOSE_REASON_MAX;
    payload[0] = (char)(code >> 8);
    payload[1] = (char)code;
    if (len > 0) memcpy(payload + 2, reason, len);
    send_frame(c, WS_CLOSE, payload, code != 0 ? 2 + len : 0);
    end(c);
}

static void ws_message(struct conn *c, char *text, size_t len)
{
    char behind = text[len]; /* the next frame's, or the spare byte of the buffer */
    text[len] = '\0';
    if (c->server->callbacks.ws_message != NULL)
        c->server->callbacks.ws_message(c->server->user_data, c->token, text, len);
    text[len] = behind;
}

static void ws_data_frame(struct conn *c, const struct ws_frame *frame)
{
    struct server *s = c->server;
    if ((frame->opcode == WS_CONTINUATION) != c->fragmented) {
        ws_end(c, 1002, "continuation");
        return;
    }
    if (frame->fin && !c->fragmented) {
        ws_message(c, frame->payload, frame->len);
        return;
    }
    if (c->message.len + frame->len > s->options.ws_message_bytes_max) {
        ws_end(c, 1009, "too big");
        return;
    }
    if (!append(&c->message, frame->payload, frame->len)) {
        reset(c);
        return;
    }
    c->fragmented = !frame->fin;
    if (!frame->fin) return;
    ws_message(c, c->message.p, c->message.len);
    c->message.len = 0;
    if (c->message.size > READ_AHEAD_MAX) buffer_done(&c->message);
}

static bool step_ws(struct conn *c)
{
    struct server *s = c->server;
    struct ws_frame frame;
    int64_t n = bot__ws_frame_read(c->in.p + c->pos, c->in.len - c->pos, s->options.ws_message_bytes_max, &frame);
    if (n == 0) return false;
    if (n < 0) {
        ws_end(c, n == BOT_ERR_FULL ? 1009 : 1002, n == BOT_ERR_FULL ? "too big" : "protocol");
        return false;
    }
    c->pos += (size_t)n;
    switch (frame.opcode) {
    case WS_PING:
        send_frame(c, WS_PONG, frame.payload, frame.len);
        if (s->callbacks.ws_ping != NULL) s->callbacks.ws_ping(s->user_data, c->token);
        break;
    case WS_PONG:
        if (s->callbacks.ws_pong != NULL) s->callbacks.ws_pong(s->user_data, c->token);
        break;
    case WS_CLOSE:
        c->close_code = frame.len >= 2 ? (unsigned char)frame.payload[0] << 8 | (unsigned char)frame.payload[1] : 0;
        ws_end(c, c->close_code, NULL);
        break;
    case WS_CONTINUATION:
    case WS_TEXT:
    case WS_BINARY:
        ws_data_frame(c, &frame);
        break;
    }
    return c->state == CONN_WS;
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
        more = c->state == CONN_WS ? step_ws(c) : step_http(c);
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
    if (!append(&c->in, data, len)) {
        reset(c);
        return;
    }
    if (c->state == CONN_READING && c->in.len == len) c->deadline_ms = after(s, s->options.request_timeout_ms);
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
        reset(leaver);
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
    c->deadline_ms = after(s, s->options.request_timeout_ms);
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
        if (unsent > 0 && c->state == CONN_READING && c->in.len == 0) c->deadline_ms = after(s, s->options.idle_timeout_ms);
        if (c->deadline_ms == 0 || c->deadline_ms > now || c->waiting || unsent > 0) continue;
        c->keep_alive = false;
        if (c->in.len > 0) refuse(c, 408);
        else end(c);
    }
}

/* ---- the owner's side --------------------------------------------------------------------------------------- */

int bot__server_answer(struct server *s, uint64_t token, const struct server_answer *answer)
{
    struct conn *c = find(s, token, CONN_ANSWERING);
    if (c == NULL) return BOT_ERR_NOT_FOUND;
    int r = write_answer(c, answer);
    if (r == BOT_OK && c->state == CONN_READING) resume(c);
    return r;
}

void bot__server_drop(struct server *s, uint64_t token)
{
    struct conn *c = find(s, token, CONN_ANSWERING);
    if (c != NULL) reset(c);
}

void bot__server_hang_up(struct server *s, uint64_t token)
{
    struct conn *c = find(s, token, CONN_ANSWERING);
    if (c == NULL) return;
    c->token = 0;
    end(c);
}

static int sent(int r)
{
    return r == BOT_ERR_NOT_CONNECTED ? BOT_ERR_NOT_FOUND : r;
}

int bot__server_ws_send(struct server *s, uint64_t ws, const char *text, size_t len)
{
    struct conn *c = find(s, ws, CONN_WS);
    return c == NULL ? BOT_ERR_NOT_FOUND : sent(send_frame(c, WS_TEXT, text, len));
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
        ok = frame_into_scratch(s, i + n == len, i == 0 ? WS_TEXT : WS_CONTINUATION, text + i, n);
        if (i == 0 && n < len) ok = ok && frame_into_scratch(s, true, WS_PING, "between", 7);
    }
    return !ok ? BOT_ERR_NOMEM : sent(send_scratch(c));
}

int bot__server_ws_ping(struct server *s, uint64_t ws)
{
    struct conn *c = find(s, ws, CONN_WS);
    return c == NULL ? BOT_ERR_NOT_FOUND : sent(send_frame(c, WS_PING, "", 0));
}

int bot__server_ws_send_raw(struct server *s, uint64_t ws, const void *bytes, size_t len)
{
    struct conn *c = find(s, ws, CONN_WS);
    if (c == NULL) return BOT_ERR_NOT_FOUND;
    s->scratch.len = 0;
    return !append(&s->scratch, bytes, len) ? BOT_ERR_NOMEM : sent(send_scratch(c));
}

int bot__server_ws_close(struct server *s, uint64_t ws, int code, const char *reason)
{
    struct conn *c = find(s, ws, CONN_WS);
    if (c == NULL) return BOT_ERR_NOT_FOUND;
    ws_end(c, code, reason);
    return BOT_OK;
}

void bot__server_ws_cut(struct server *s, uint64_t ws)
{
    struct conn *c = find(s, ws, CONN_WS);
    if (c != NULL) reset(c);
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
    buffer_done(&c->held);
    resume(c);
}

size_t bot__server_ws_queued(const struct server *s, uint64_t ws)
{
    const struct conn *c = find(s, ws, CONN_WS);
    return c == NULL ? 0 : queued(c);
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
        if (s->conns[i] != NULL) reset(s->conns[i]);
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
