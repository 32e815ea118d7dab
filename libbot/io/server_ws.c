/* The server's WebSockets: frames and messages out of a connection's bytes, and into them. */
#include <string.h>

#include "io/server_conn.h"

#define CLOSE_REASON_MAX 123

bool bot__conn_ws_frame(struct server *s, bool fin, enum ws_opcode opcode, const void *payload, size_t len)
{
    char head[WS_FRAME_HEAD_MAX];
    return bot__buffer_append(&s->scratch, head, bot__ws_frame_head(head, fin, opcode, len)) && bot__buffer_append(&s->scratch, payload, len);
}

int bot__conn_ws_send(struct conn *c, enum ws_opcode opcode, const void *payload, size_t len)
{
    c->server->scratch.len = 0;
    if (len > c->server->options.queue_bytes_max) return BOT_ERR_FULL;
    if (!bot__conn_ws_frame(c->server, true, opcode, payload, len)) return BOT_ERR_NOMEM;
    return bot__conn_send_scratch(c);
}

void bot__conn_ws_end(struct conn *c, int code, const char *reason)
{
    char payload[2 + CLOSE_REASON_MAX];
    size_t len = reason != NULL ? strlen(reason) : 0;
    if (len > CLOSE_REASON_MAX) len = CLOSE_REASON_MAX;
    payload[0] = (char)(code >> 8);
    payload[1] = (char)code;
    if (len > 0) memcpy(payload + 2, reason, len);
    bot__conn_ws_send(c, WS_CLOSE, payload, code != 0 ? 2 + len : 0);
    bot__conn_end(c);
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
        bot__conn_ws_end(c, 1002, "continuation");
        return;
    }
    if (frame->fin && !c->fragmented) {
        ws_message(c, frame->payload, frame->len);
        return;
    }
    if (c->message.len + frame->len > s->options.ws_message_bytes_max) {
        bot__conn_ws_end(c, 1009, "too big");
        return;
    }
    if (!bot__buffer_append(&c->message, frame->payload, frame->len)) {
        bot__conn_reset(c);
        return;
    }
    c->fragmented = !frame->fin;
    if (!frame->fin) return;
    ws_message(c, c->message.p, c->message.len);
    c->message.len = 0;
    if (c->message.size > READ_AHEAD_MAX) bot__buffer_done(&c->message);
}

bool bot__conn_step_ws(struct conn *c)
{
    struct server *s = c->server;
    struct ws_frame frame;
    int64_t n = bot__ws_frame_read(c->in.p + c->pos, c->in.len - c->pos, s->options.ws_message_bytes_max, &frame);
    if (n == 0) return false;
    if (n < 0) {
        bot__conn_ws_end(c, n == BOT_ERR_FULL ? 1009 : 1002, n == BOT_ERR_FULL ? "too big" : "protocol");
        return false;
    }
    c->pos += (size_t)n;
    switch (frame.opcode) {
    case WS_PING:
        bot__conn_ws_send(c, WS_PONG, frame.payload, frame.len);
        if (s->callbacks.ws_ping != NULL) s->callbacks.ws_ping(s->user_data, c->token);
        break;
    case WS_PONG:
        if (s->callbacks.ws_pong != NULL) s->callbacks.ws_pong(s->user_data, c->token);
        break;
    case WS_CLOSE:
        c->close_code = frame.len >= 2 ? (unsigned char)frame.payload[0] << 8 | (unsigned char)frame.payload[1] : 0;
        bot__conn_ws_end(c, c->close_code, NULL);
        break;
    case WS_CONTINUATION:
    case WS_TEXT:
    case WS_BINARY:
        ws_data_frame(c, &frame);
        break;
    }
    return c->state == CONN_WS;
}
