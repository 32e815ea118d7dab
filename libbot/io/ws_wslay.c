/* io/ws_wslay.c: WebSocket over our own sock (uv_tcp, OpenSSL on memory), framed by wslay.
 *
 * wslay's frame layer is used, not its event layer: it hands out payload where it lies in its own 4 KiB buffer, so an
 * ordinary message reaches the owner without an allocation or a second copy; only what crosses that buffer is joined
 * here. What the frame layer leaves to its user is checked here: masks, reserved bits, the order of fragments.
 */
#include "io/ws_private.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "base/assert.h"
#include "bot/err.h"
#include "io/http1.h"

#define RESPONSE_BYTES_MAX 16384
#define MASKS 64
#define JOINED_KEEP 65536
#define FRAME_HEAD_MAX 14

struct bytes {
    char  *p;
    size_t len, size;
};

struct wslay_ws {
    struct ws               *ws; /* NULL once stopped: nothing is reported any more */
    struct ws               *owner;
    struct sock             *sock;
    wslay_frame_context_ptr  frames;
    bool                     upgraded, ended, ping_queued;
    char                     accept[HTTP1_WS_ACCEPT_SIZE];
    struct bytes             response; /* the upgrade's answer while it is incomplete */
    size_t                   scanned;
    const char              *in;       /* plain bytes that wslay has not yet taken */
    size_t                   in_len;
    uint64_t                 left;     /* payload of the current frame still to come */
    bool                     in_frame, in_message, heard;
    uint8_t                  opcode;   /* of the current frame */
    bool                     fin;
    struct bytes             joined;   /* of the message so far */
    unsigned char            control[125];
    size_t                   control_len;
    struct bytes             out;      /* a frame under construction */
    unsigned char            masks[MASKS][4];
    unsigned                 masks_left;
};

static bool bytes_reserve(struct bytes *b, size_t len)
{
    if (b->size - b->len <= len) { /* keeps one byte to read behind the text */
        size_t size = b->size != 0 ? b->size : 4096;
        while (size - b->len <= len) size *= 2;
        char *p = realloc(b->p, size);
        if (p == NULL) return false;
        b->p = p;
        b->size = size;
    }
    return true;
}

static bool bytes_add(struct bytes *b, const void *data, size_t len)
{
    if (!bytes_reserve(b, len)) return false;
    if (len > 0) memcpy(b->p + b->len, data, len);
    b->len += len;
    return true;
}

static void bytes_clear(struct bytes *b)
{
    b->len = 0;
    if (b->size <= JOINED_KEEP) return;
    free(b->p);
    *b = (struct bytes){ 0 };
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

static void on_sock_closed(void *user_data, const char *reason)
{
    struct wslay_ws *x = user_data;
    struct ws *owner = x->owner;
    bool told = x->ended;
    x->ended = true;
    if (x->ws != NULL && !told) bot__ws_on_ended(x->ws, reason != NULL ? reason : "closed");
    wslay_frame_context_free(x->frames);
    free(x->response.p);
    free(x->joined.p);
    free(x->out.p);
    free(x);
    bot__ws_on_gone(owner);
}

static int send_frame(struct wslay_ws *x, uint8_t opcode, const void *data, size_t len, size_t queue_max);

static void send_close(struct wslay_ws *x, unsigned code)
{
    const unsigned char payload[2] = { (unsigned char)(code >> 8), (unsigned char)code };
    send_frame(x, WSLAY_CONNECTION_CLOSE, payload, sizeof payload, SIZE_MAX);
}

/* We end it: tell the peer why, the owner why, and let the sock finish. */
static void end(struct wslay_ws *x, unsigned code, const char *reason)
{
    if (x->ended) return;
    x->ended = true;
    if (x->upgraded && code != 0) send_close(x, code);
    bot__sock_close(x->sock);
    if (x->ws != NULL) bot__ws_on_ended(x->ws, reason);
}

static void wslay_stop(struct ws *ws)
{
    struct wslay_ws *x = ws->impl;
    if (x->ws == NULL) return;
    x->ws = NULL;
    if (x->ended) return;
    x->ended = true;
    if (x->upgraded) send_close(x, WSLAY_CODE_NORMAL_CLOSURE);
    bot__sock_close(x->sock);
}

/* ---- sending ------------------------------------------------------------------------------------------------ */

static ssize_t on_frame_send(const uint8_t *data, size_t len, int flags, void *user_data)
{
    struct wslay_ws *x = user_data;
    (void)flags;
    return bytes_add(&x->out, data, len) ? (ssize_t)len : -1;
}

/* Masks must not be guessable by what is sent (RFC 6455, 5.3); sixty-four at a time are cheaper than one. */
static int on_genmask(uint8_t *buf, size_t len, void *user_data)
{
    struct wslay_ws *x = user_data;
    if (x->masks_left == 0) {
        if (RAND_bytes(x->masks[0], sizeof x->masks) != 1) return -1;
        x->masks_left = MASKS;
    }
    x->masks_left--;
    memcpy(buf, x->masks[x->masks_left], len < 4 ? len : 4);
    return 0;
}

static int send_frame(struct wslay_ws *x, uint8_t opcode, const void *data, size_t len, size_t queue_max)
{
    size_t queued = bot__sock_queued(x->sock);
    if (queue_max != SIZE_MAX && (len > queue_max || queued + FRAME_HEAD_MAX > queue_max - len)) return BOT_ERR_FULL;
    struct wslay_frame_iocb frame = { .fin = 1, .opcode = opcode, .payload_length = len, .mask = 1, .data = data, .data_length = len };
    x->out.len = 0;
    /* Before wslay begins: what it has begun it goes on with, and the next message would be read as its rest. */
    if (!bytes_reserve(&x->out, FRAME_HEAD_MAX + len)) return BOT_ERR_NOMEM;
    /* Our callback takes everything, so one call writes the whole frame, of which it returns the payload's length. */
    ssize_t n = wslay_frame_send(x->frames, &frame);
    if (n < 0 || (size_t)n != len) { /* no random numbers for its mask */
        bot__sock_fail(x->sock, "a frame cannot be made");
        return BOT_ERR_NOMEM;
    }
    int r = bot__sock_write(x->sock, x->out.p, x->out.len);
    bytes_clear(&x->out);
    return r;
}

static int wslay_send(struct ws *ws, const char *text, size_t len)
{
    struct wslay_ws *x = ws->impl;
    return x->ended ? BOT_ERR_NOT_CONNECTED : send_frame(x, WSLAY_TEXT_FRAME, text, len, ws->options.queue_bytes_max);
}

static int wslay_ping(struct ws *ws)
{
    struct wslay_ws *x = ws->impl;
    if (x->ended) return BOT_ERR_NOT_CONNECTED;
    if (x->ping_queued && bot__sock_queued(x->sock) > 0) return BOT_OK;
    int r = send_frame(x, WSLAY_PING, "", 0, ws->options.queue_bytes_max);
    x->ping_queued = r == BOT_OK;
    return r;
}

/* ---- receiving ---------------------------------------------------------------------------------------------- */

static ssize_t on_frame_recv(uint8_t *buf, size_t len, int flags, void *user_data)
{
    struct wslay_ws *x = user_data;
    (void)flags;
    size_t n = len < x->in_len ? len : x->in_len;
    if (n == 0) return -1; /* wslay: nothing now */
    memcpy(buf, x->in, n);
    x->in += n;
    x->in_len -= n;
    return (ssize_t)n;
}

static void protocol_error(struct wslay_ws *x, const char *what)
{
    char reason[80];
    snprintf(reason, sizeof reason, "the peer broke the protocol: %s", what);
    end(x, WSLAY_CODE_PROTOCOL_ERROR, reason);
}

static void frame_begins(struct wslay_ws *x, const struct wslay_frame_iocb *f)
{
    x->in_frame = true;
    x->left = f->payload_length;
    x->opcode = f->opcode;
    x->fin = f->fin != 0;
    x->control_len = 0;
    if (f->mask) protocol_error(x, "a masked frame");
    else if (f->rsv != WSLAY_RSV_NONE) protocol_error(x, "reserved bits");
    else if (f->opcode > WSLAY_PONG || (f->opcode > WSLAY_BINARY_FRAME && f->opcode < WSLAY_CONNECTION_CLOSE))
        protocol_error(x, "an unknown opcode");
    else if (!wslay_is_ctrl_frame(f->opcode)) {
        if ((f->opcode == WSLAY_CONTINUATION_FRAME) != x->in_message) {
            protocol_error(x, "fragments out of order");
            return;
        }
        if (f->payload_length > x->owner->options.message_bytes_max - x->joined.len) {
            char reason[80];
            snprintf(reason, sizeof reason, "a message is longer than %u bytes", x->owner->options.message_bytes_max);
            end(x, WSLAY_CODE_MESSAGE_TOO_BIG, reason);
            return;
        }
        x->in_message = true;
    }
}

static void control_ends(struct wslay_ws *x)
{
    char reason[200];
    switch (x->opcode) {
    case WSLAY_PING:
        /* A flood of pings meets the queue's bound like everything else; an answer that does not fit is left out. */
        send_frame(x, WSLAY_PONG, x->control, x->control_len, x->owner->options.queue_bytes_max);
        bot__ws_on_alive(x->ws);
        x->heard = true;
        break;
    case WSLAY_PONG:
        bot__ws_on_alive(x->ws);
        x->heard = true;
        break;
    default:
        bot__ws_close_text(reason, sizeof reason, x->control, x->control_len);
        end(x, x->control_len >= 2 ? (unsigned)x->control[0] << 8 | x->control[1] : WSLAY_CODE_NORMAL_CLOSURE, reason);
    }
}

static void frame_data(struct wslay_ws *x, const struct wslay_frame_iocb *f)
{
    if (!x->in_frame) frame_begins(x, f);
    if (x->ended) return;
    BOT_ASSERT(f->data_length <= x->left);
    x->left -= f->data_length;
    bool whole = x->left == 0;
    if (wslay_is_ctrl_frame(x->opcode)) {
        BOT_ASSERT(x->control_len + f->data_length <= sizeof x->control);
        if (f->data_length > 0) memcpy(x->control + x->control_len, f->data, f->data_length);
        x->control_len += f->data_length;
        if (!whole) return;
        x->in_frame = false;
        control_ends(x);
        return;
    }
    bool last = whole && x->fin;
    if (whole) x->in_frame = false;
    if (last && x->joined.len == 0) { /* in one piece, where it lies; wslay's own fields stand behind its buffer */
        x->in_message = false;
        x->heard = true;
        bot__ws_on_message(x->ws, (const char *)f->data, f->data_length);
        return;
    }
    if (!bytes_add(&x->joined, f->data, f->data_length)) {
        end(x, WSLAY_CODE_INTERNAL_SERVER_ERROR, bot_strerror(BOT_ERR_NOMEM));
        return;
    }
    if (!last) return;
    x->in_message = false;
    x->heard = true;
    x->joined.p[x->joined.len] = '\0';
    bot__ws_on_message(x->ws, x->joined.p, x->joined.len);
    bytes_clear(&x->joined);
}

static void receive(struct wslay_ws *x, const char *data, size_t len)
{
    x->in = data;
    x->in_len = len;
    x->heard = false;
    while (!x->ended) {
        struct wslay_frame_iocb frame;
        ssize_t n = wslay_frame_recv(x->frames, &frame);
        if (n == WSLAY_ERR_WANT_READ) break;
        if (n < 0) protocol_error(x, "a malformed frame");
        else frame_data(x, &frame);
    }
    if (!x->ended && !x->heard) bot__ws_on_part(x->ws);
}

/* ---- the upgrade -------------------------------------------------------------------------------------------- */

static bool check_upgrade(struct wslay_ws *x, const struct http1_head *h)
{
    char reason[80];
    struct slice accept = bot__http1_header(h, "sec-websocket-accept");
    if (h->status != 101) {
        snprintf(reason, sizeof reason, "upgrade refused: HTTP %d", h->status);
        end(x, 0, reason);
        return false;
    }
    if (!h->upgrade || accept.len != strlen(x->accept) || memcmp(accept.p, x->accept, accept.len) != 0 ||
        bot__http1_header(h, "sec-websocket-extensions").p != NULL || bot__http1_header(h, "sec-websocket-protocol").p != NULL) {
        end(x, 0, "upgrade answered wrongly");
        return false;
    }
    return true;
}

static void on_data(void *user_data, char *data, size_t len)
{
    struct wslay_ws *x = user_data;
    if (x->ended) return;
    if (x->upgraded) {
        receive(x, data, len);
        return;
    }
    struct http1_head head;
    if (!bytes_add(&x->response, data, len)) {
        end(x, 0, bot_strerror(BOT_ERR_NOMEM));
        return;
    }
    int n = bot__http1_response(x->response.p, x->response.len, &x->scanned, &head);
    if (n == 0 && x->response.len <= RESPONSE_BYTES_MAX) return;
    if (n <= 0) {
        end(x, 0, "upgrade answered with something that is not HTTP");
        return;
    }
    if (!check_upgrade(x, &head)) return;
    x->upgraded = true;
    struct bytes rest = x->response;
    x->response = (struct bytes){ 0 };
    bot__ws_on_opened(x->ws);
    if (!x->ended && rest.len > (size_t)n) receive(x, rest.p + n, rest.len - (size_t)n);
    free(rest.p);
}

static void on_opened(void *user_data)
{
    struct wslay_ws *x = user_data;
    struct ws *ws = x->owner;
    unsigned char random[16];
    char key[32];
    if (RAND_bytes(random, sizeof random) != 1) {
        end(x, 0, "no random numbers");
        return;
    }
    EVP_EncodeBlock((unsigned char *)key, random, sizeof random);
    bot__http1_ws_accept((struct slice){ key, strlen(key) }, x->accept);
    const char *const parts[] = { "GET ", ws->path, " HTTP/1.1\r\nHost: ", ws->authority,
                                  "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nUser-Agent: libbot/" BOT_VERSION
                                  "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ", key, "\r\n\r\n" };
    x->out.len = 0;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!bytes_add(&x->out, parts[i], strlen(parts[i]))) {
            end(x, 0, bot_strerror(BOT_ERR_NOMEM));
            return;
        }
    bot__sock_write(x->sock, x->out.p, x->out.len);
}

static int wslay_start(struct ws *ws, const struct resolved *where)
{
    static const struct sock_callbacks sock_callbacks = { .opened = on_opened, .data = on_data, .closed = on_sock_closed };
    const struct wslay_frame_callbacks frame_callbacks = { on_frame_send, on_frame_recv, on_genmask };
    struct wslay_ws *x = calloc(1, sizeof *x);
    if (x == NULL) return BOT_ERR_NOMEM;
    x->ws = x->owner = ws;
    int r = wslay_frame_context_init(&x->frames, &frame_callbacks, x) == 0 ? BOT_OK : BOT_ERR_NOMEM;
    if (r == BOT_OK)
        r = bot__sock_connect(&ws->io->sock_env, where->addresses, (unsigned)where->n, ws->tls != NULL ? ws->tls->ctx : NULL,
                              ws->url.host, &sock_callbacks, x, &x->sock);
    if (r < 0) {
        if (x->frames != NULL) wslay_frame_context_free(x->frames);
        free(x);
        return r;
    }
    ws->impl = x;
    return BOT_OK;
}

const struct ws_ops bot__ws_wslay = { "wslay", wslay_start, wslay_send, wslay_ping, wslay_stop };
