/* The server's HTTP: requests out of a connection's bytes, answers into them. */
#include <stdio.h>
#include <string.h>

#include "io/http1.h"
#include "io/server_conn.h"

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

static bool has_line_end(const char *text) { return strpbrk(text, "\r\n") != NULL; }

int bot__conn_answer(struct conn *c, const struct server_answer *a)
{
    struct server *s = c->server;
    struct buffer *b = &s->scratch;
    int status = a->status != 0 ? a->status : 200;
    const char *type = a->content_type != NULL ? a->content_type : "application/json";
    bool bodyless = status == 204 || status == 304;
    bool close = a->close || a->cut || !c->keep_alive;
    if (has_line_end(type)) return BOT_ERR_INVALID;
    b->len = 0;
    bool ok = bot__buffer_print(b, "HTTP/1.1 %d %s\r\n", status, status_text(status));
    if (!bodyless) ok = ok && bot__buffer_print(b, "Content-Type: %s\r\nContent-Length: %zu\r\n", type, a->body.len);
    for (uint32_t i = 0; i < a->headers_n; i++) {
        if (has_line_end(a->headers[i].name) || has_line_end(a->headers[i].value)) return BOT_ERR_INVALID;
        ok = ok && bot__buffer_print(b, "%s: %s\r\n", a->headers[i].name, a->headers[i].value);
    }
    ok = ok && bot__buffer_print(b, "Connection: %s\r\n\r\n", close ? "close" : "keep-alive");
    size_t body_len = a->cut && a->body_cut_at < a->body.len ? a->body_cut_at : a->body.len;
    if (!bodyless && !c->head_request) ok = ok && bot__buffer_append(b, a->body.p, body_len);
    if (!ok) return BOT_ERR_NOMEM;
    int r = bot__conn_send_scratch(c);
    if (r == BOT_ERR_FULL || r == BOT_ERR_NOMEM) return r;
    c->token = 0;
    if (r < 0) {
        c->state = CONN_ENDING; /* the sock has failed and says so soon */
        return BOT_ERR_NOT_FOUND;
    }
    if (close) {
        bot__conn_end(c);
        return BOT_OK;
    }
    c->state = CONN_READING;
    c->deadline_ms = bot__conn_after(s, c->in.len > c->pos ? s->options.request_timeout_ms : s->options.idle_timeout_ms);
    return BOT_OK;
}

void bot__conn_refuse(struct conn *c, int status)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%d %s\n", status, status_text(status));
    c->token = 0;
    if (bot__conn_answer(c, &(struct server_answer){ .status = status, .content_type = "text/plain", .close = true,
                                                     .body = { text, (size_t)n } }) != BOT_OK)
        bot__conn_reset(c);
}

static bool upgrade(struct conn *c, const struct http1_head *head, const struct server_request *request)
{
    struct server *s = c->server;
    struct slice key = bot__http1_header(head, "sec-websocket-key"), version = bot__http1_header(head, "sec-websocket-version");
    if (s->callbacks.ws_open == NULL) {
        bot__conn_refuse(c, 404);
        return false;
    }
    if (!slice_is(head->method, "GET") || key.len != 24 || !slice_is(version, "13")) {
        bot__conn_refuse(c, slice_is(version, "13") ? 400 : 426);
        return false;
    }
    uint64_t token = bot__conn_new_token(c);
    int status = s->callbacks.ws_open(s->user_data, token, request);
    if (s->closing || c->state == CONN_ENDING) return false;
    if (status != 0) {
        bot__conn_refuse(c, status);
        return false;
    }
    c->state = CONN_WS;
    c->ws = true;
    c->token = token;
    c->deadline_ms = 0;
    char accept[HTTP1_WS_ACCEPT_SIZE];
    bot__http1_ws_accept(key, accept);
    s->scratch.len = 0;
    if (!bot__buffer_print(&s->scratch, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                        "Sec-WebSocket-Accept: %s\r\n\r\n", accept) || bot__conn_send_scratch(c) != BOT_OK)
        bot__sock_reset(c->sock); /* ws_closed follows */
    return true;
}

/* What server.h names: others have rules of their own for bodies and answers. */
static bool known_method(struct slice method)
{
    return slice_is(method, "GET") || slice_is(method, "POST") || slice_is(method, "PUT") || slice_is(method, "PATCH") ||
           slice_is(method, "DELETE") || slice_is(method, "HEAD");
}

bool bot__conn_step_http(struct conn *c)
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
        bot__conn_refuse(c, n == BOT_ERR_MALFORMED ? 400 : 431);
        return false;
    }
    if (n == 0) return false;
    if (!known_method(head.method)) {
        bot__conn_refuse(c, 501);
        return false;
    }
    if (head.chunked) {
        bot__conn_refuse(c, 411);
        return false;
    }
    size_t body_len = head.content_length > 0 ? (size_t)head.content_length : 0;
    if (body_len > s->options.body_bytes_max) {
        bot__conn_refuse(c, 413);
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
        c->token = bot__conn_new_token(c);
        s->callbacks.request(s->user_data, c->token, &request);
    }
    return more;
}
