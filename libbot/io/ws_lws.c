/* io/ws_lws.c: WebSocket over libwebsockets on the host's loop.
 *
 * One context per uv loop, one vhost per CA file. What libwebsockets 4.1 needs, found by trying:
 * - A connection is closed from outside its own callbacks only (a timer), else the close frame is never sent.
 * - A client masks its buffer in place, so every message is copied into its own.
 * - The context is destroyed, three closing phases of the loop later destroyed again, and only then gone.
 * - Every vhost gets our SSL_CTX: otherwise the system's store is trusted besides the CA file.
 * - It pings by its own rules (whole seconds, only pongs count) unless given a retry policy of zeros.
 * - A peer's ping is answered without telling anyone; that the peer lives is seen in TLS records instead, for as long as a message's
 *   parts count. Behind that our own pings must be answered.
 * - A connection that is reset as soon as it is made has its socket closed but not its poll handle, which would stay on the host's
 *   loop for ever: we close it.
 * - Its log goes to standard error unless switched off, and the switch is the process's.
 */
#include <libwebsockets.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "bot/err.h"
#include "io/ws_private.h"

#define DESCRIPTORS_MAX 256
#define RX_BYTES 65536
#define LINGER_MS 500

struct lws_room {
    struct lws_context *context;
    struct io_loop     *io;
    uv_timer_t          phase;
    unsigned            phases;
};

struct outgoing {
    struct outgoing *next;
    size_t           len;
    unsigned char    bytes[]; /* LWS_PRE, then the text */
};

struct lws_ws {
    struct ws       *ws;    /* NULL once stopped */
    struct ws       *owner;
    struct lws      *wsi;   /* NULL: none, or gone */
    uv_timer_t       kick;  /* does outside libwebsockets' callbacks what must not be done inside */
    bool             open, ended, stopping, ping_wanted, closed_handle, verify_failed, again;
    unsigned         close_code; /* to send when we end it; 0: none */
    struct resolved  where;
    int              address;
    struct outgoing *first, *last;
    size_t           queued;
    char            *joined;
    size_t           joined_len, joined_size;
    bool             in_message;
    char             reason[200];
};

/* ---- sending ------------------------------------------------------------------------------------------------ */

static void drop_queue(struct lws_ws *x)
{
    while (x->first != NULL) {
        struct outgoing *o = x->first;
        x->first = o->next;
        free(o);
    }
    x->last = NULL;
    x->queued = 0;
}

static int on_writable(struct lws_ws *x)
{
    if (x->ended || x->stopping) return 0;
    if (x->ping_wanted) {
        unsigned char empty[LWS_PRE + 1] = { 0 };
        x->ping_wanted = false;
        if (lws_write(x->wsi, empty + LWS_PRE, 0, LWS_WRITE_PING) < 0) return -1;
    } else if (x->first != NULL) {
        struct outgoing *o = x->first;
        x->first = o->next;
        if (x->first == NULL) x->last = NULL;
        x->queued -= o->len;
        int n = lws_write(x->wsi, o->bytes + LWS_PRE, o->len, LWS_WRITE_TEXT);
        bool bad = n < 0 || (size_t)n < o->len;
        free(o);
        if (bad) return -1;
    }
    /* One message a turn: what the socket does not take, libwebsockets keeps without bound. */
    if (x->first != NULL || x->ping_wanted) lws_callback_on_writable(x->wsi);
    return 0;
}

static int lws_impl_send(struct ws *ws, const char *text, size_t len)
{
    struct lws_ws *x = ws->impl;
    if (!x->open || x->ended || x->stopping) return BOT_ERR_NOT_CONNECTED;
    if (len > ws->options.queue_bytes_max || x->queued > ws->options.queue_bytes_max - len) return BOT_ERR_FULL;
    struct outgoing *o = malloc(sizeof *o + LWS_PRE + len + 1);
    if (o == NULL) return BOT_ERR_NOMEM;
    o->next = NULL;
    o->len = len;
    memcpy(o->bytes + LWS_PRE, text, len);
    if (x->last != NULL) x->last->next = o;
    else x->first = o;
    x->last = o;
    x->queued += len;
    lws_callback_on_writable(x->wsi);
    return BOT_OK;
}

static int lws_impl_ping(struct ws *ws)
{
    struct lws_ws *x = ws->impl;
    if (!x->open || x->ended || x->stopping) return BOT_ERR_NOT_CONNECTED;
    x->ping_wanted = true;
    lws_callback_on_writable(x->wsi);
    return BOT_OK;
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

static void on_kick_closed(uv_handle_t *handle)
{
    struct lws_ws *x = handle->data;
    struct ws *owner = x->owner;
    drop_queue(x);
    free(x->joined);
    free(x);
    bot__ws_on_gone(owner);
}

static int connect_next(struct lws_ws *x);

static void told(struct lws_ws *x, const char *reason)
{
    if (x->ended) return;
    x->ended = true;
    if (x->ws != NULL) bot__ws_on_ended(x->ws, reason);
}

static void on_kick(uv_timer_t *timer)
{
    struct lws_ws *x = timer->data;
    if (x->wsi != NULL) {
        if (!x->stopping && !x->ended) return;
        if (x->open && x->close_code != 0) lws_close_reason(x->wsi, (enum lws_close_status)x->close_code, NULL, 0);
        x->close_code = 0;
        /* WSI_DESTROY comes now, or when the close frame has left. A peer that takes nothing any more gets no patience:
         * the second time there is no frame to wait for. */
        lws_set_timeout(x->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
        if (x->wsi != NULL) uv_timer_start(&x->kick, on_kick, LINGER_MS, 0);
        return;
    }
    if (!x->stopping && !x->ended) {
        while (x->address < x->where.n)
            if (connect_next(x) == BOT_OK) return;
        told(x, x->reason[0] != '\0' ? x->reason : "connect failed");
    }
    if (!uv_is_closing((uv_handle_t *)&x->kick)) uv_close((uv_handle_t *)&x->kick, on_kick_closed);
}

static void kick(struct lws_ws *x)
{
    if (!uv_is_closing((uv_handle_t *)&x->kick)) uv_timer_start(&x->kick, on_kick, 0, 0);
}

static void lws_impl_stop(struct ws *ws)
{
    struct lws_ws *x = ws->impl;
    x->ws = NULL;
    if (x->stopping) return;
    x->stopping = true;
    if (!x->ended) x->close_code = LWS_CLOSE_STATUS_NORMAL;
    kick(x);
}

/* We end an open connection ourselves. */
static void end(struct lws_ws *x, unsigned code, const char *reason)
{
    if (x->ended) return;
    x->close_code = code;
    kick(x);
    told(x, reason);
}

/* ---- receiving ---------------------------------------------------------------------------------------------- */

static bool join(struct lws_ws *x, const char *data, size_t len)
{
    if (x->joined_size - x->joined_len <= len) {
        size_t size = x->joined_size != 0 ? x->joined_size : 4096;
        while (size - x->joined_len <= len) size *= 2;
        char *p = realloc(x->joined, size);
        if (p == NULL) return false;
        x->joined = p;
        x->joined_size = size;
    }
    if (len > 0) memcpy(x->joined + x->joined_len, data, len);
    x->joined_len += len;
    return true;
}

static void on_receive(struct lws_ws *x, const char *data, size_t len)
{
    if (x->ended || x->stopping) return;
    bool last = lws_is_final_fragment(x->wsi) && lws_remaining_packet_payload(x->wsi) == 0;
    if (x->joined_len + len > x->owner->options.message_bytes_max) {
        char reason[80];
        snprintf(reason, sizeof reason, "a message is longer than %u bytes", x->owner->options.message_bytes_max);
        end(x, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, reason);
        return;
    }
    if (last && !x->in_message) { /* in one piece; libwebsockets leaves a byte to read behind it */
        bot__ws_on_message(x->ws, data, len);
        return;
    }
    if (!join(x, data, len)) {
        end(x, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, bot_strerror(BOT_ERR_NOMEM));
        return;
    }
    x->in_message = !last;
    if (!last) {
        bot__ws_on_part(x->ws);
        return;
    }
    x->joined[x->joined_len] = '\0';
    len = x->joined_len;
    x->joined_len = 0;
    bot__ws_on_message(x->ws, x->joined, len);
    if (x->joined_size > RX_BYTES) {
        free(x->joined);
        x->joined = NULL;
        x->joined_size = 0;
    }
}

static void on_tls_record(int write_p, int version, int content_type, const void *buf, size_t len, SSL *ssl, void *arg)
{
    struct lws_ws *x = arg;
    (void)version, (void)buf, (void)len, (void)ssl;
    /* What is in it shows later, or, if it is a ping, never. */
    if (write_p == 0 && content_type == SSL3_RT_HEADER && x->open && !x->ended && !x->stopping) bot__ws_on_part(x->ws);
}

static void on_established(struct lws_ws *x)
{
    x->open = true;
    x->reason[0] = '\0';
    SSL *ssl = x->owner->tls != NULL ? lws_get_ssl(x->wsi) : NULL;
    if (ssl != NULL) {
        SSL_set_msg_callback(ssl, on_tls_record);
        SSL_set_msg_callback_arg(ssl, x);
    }
    if (x->ws != NULL) bot__ws_on_opened(x->ws);
}

/* ---- connecting --------------------------------------------------------------------------------------------- */

static void keep_reason(struct lws_ws *x, const char *what, const char *why)
{
    snprintf(x->reason, sizeof x->reason, "%s%s%s", what, why != NULL && *why != '\0' ? ": " : "", why != NULL ? why : "");
}

/* libwebsockets looks a numeric host up among the certificate's names only, never among its addresses. */
static int on_verify(struct lws_ws *x, X509_STORE_CTX *store, int good)
{
    if (good) return 0;
    int error = X509_STORE_CTX_get_error(store);
    if (error == X509_V_ERR_HOSTNAME_MISMATCH && x->owner->url.numeric &&
        X509_check_ip_asc(X509_STORE_CTX_get0_cert(store), x->owner->url.host, 0) == 1) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 0;
    }
    x->verify_failed = true;
    keep_reason(x, "TLS handshake failed", X509_verify_cert_error_string(error));
    return 0; /* the error stands, so it is refused */
}

static void on_connect_error(struct lws_ws *x, struct lws *wsi, const char *text, size_t len)
{
    unsigned status = lws_http_client_http_response(wsi);
    if (status != 0 && status != 101) {
        snprintf(x->reason, sizeof x->reason, "upgrade refused: HTTP %u", status);
        x->address = x->where.n;
        return;
    }
    if (x->verify_failed) { /* no other address of the host would be better */
        x->address = x->where.n;
        return;
    }
    char words[120];
    snprintf(words, sizeof words, "%.*s", (int)(len < sizeof words ? len : sizeof words - 1), text != NULL ? text : "");
    keep_reason(x, "connect failed", words);
    /* The index by which libwebsockets finds its connection during verification is the process's, and a new context on
     * another loop changes it: a handshake under way then fails for no reason of its own. Once more, then. */
    if (x->owner->tls != NULL && !x->again && strstr(words, "SSL err") != NULL) {
        x->again = true;
        x->address--;
    }
}

static void on_forgotten_closed(uv_handle_t *handle) { free(handle); } /* allocated by libwebsockets, with its default of realloc */

static void close_forgotten(uv_handle_t *handle, void *wsi)
{
    if (handle->type == UV_POLL && handle->data == wsi && !uv_is_closing(handle)) uv_close(handle, on_forgotten_closed);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct lws_ws *x = lws_get_opaque_user_data(wsi);
    if (x == NULL) return 0; /* the vhost's own events */
    switch (reason) {
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION: return on_verify(x, user, (int)len);
    case LWS_CALLBACK_CLIENT_ESTABLISHED: on_established(x); break;
    case LWS_CALLBACK_CLIENT_RECEIVE: on_receive(x, in, len); break;
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        if (!x->ended && !x->stopping) bot__ws_on_alive(x->ws);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE: return on_writable(x);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: bot__ws_close_text(x->reason, sizeof x->reason, in, len); break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: on_connect_error(x, wsi, in, len); break;
    case LWS_CALLBACK_WSI_DESTROY:
        if (!x->open) uv_walk(x->owner->io->uv, close_forgotten, wsi); /* one that was open has closed its own */
        if (wsi != x->wsi) break; /* refused while it was being made */
        x->wsi = NULL;
        if (x->open) told(x, x->reason[0] != '\0' ? x->reason : "the peer ended the connection");
        else if (x->address >= x->where.n) told(x, x->reason[0] != '\0' ? x->reason : "connect failed");
        kick(x); /* the next address, or the end */
        break;
    default: break;
    }
    return 0;
}

static const struct lws_protocols protocols[] = {
    { .name = "libbot", .callback = on_event, .rx_buffer_size = RX_BYTES },
    { 0 },
};

static const lws_retry_bo_t no_pings; /* zeros: keep-alive is the session's business */

static int connect_next(struct lws_ws *x)
{
    struct ws *ws = x->owner;
    struct lws_room *room = ws->io->lws;
    char address[64];
    bot__resolve_text(&x->where.addresses[x->address++], address);
    const struct lws_client_connect_info info = {
        .context = room->context,
        .vhost = ws->tls != NULL ? ws->tls->lws_vhost : ws->io->tls_none_vhost,
        .address = address,
        .port = ws->url.port,
        .ssl_connection = ws->tls != NULL ? LCCSCF_USE_SSL : 0,
        .path = ws->path,
        .host = ws->authority,
        .alpn = "http/1.1",
        .local_protocol_name = "libbot",
        .retry_and_idle_policy = &no_pings,
        .opaque_user_data = x,
        .pwsi = &x->wsi,
    };
    /* NULL comes both with and without a CONNECTION_ERROR before it. */
    if (lws_client_connect_via_info(&info) != NULL) return BOT_OK;
    x->wsi = NULL;
    return BOT_ERR_TRANSPORT;
}

/* ---- the context -------------------------------------------------------------------------------------------- */

static void on_phase_closed(uv_handle_t *handle);

static void next_phase(struct lws_room *room)
{
    uv_timer_init(room->io->uv, &room->phase);
    room->phase.data = room;
    uv_close((uv_handle_t *)&room->phase, on_phase_closed);
}

static void on_phase_closed(uv_handle_t *handle)
{
    struct lws_room *room = handle->data;
    if (++room->phases < 3) {
        next_phase(room);
        return;
    }
    struct io_loop *io = room->io;
    lws_context_destroy(room->context);
    free(room);
    bot__io_loop_object_done(io);
}

static void room_close(struct io_loop *io)
{
    struct lws_room *room = io->lws;
    io->lws = NULL;
    for (unsigned i = 0; i < io->tls_n; i++) io->tls[i].lws_vhost = NULL;
    io->tls_none_vhost = NULL;
    lws_context_destroy(room->context);
    next_phase(room);
}

static struct lws_vhost *make_vhost(struct lws_room *room, const char *name, SSL_CTX *ctx)
{
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = name,
        .protocols = protocols,
        .provided_client_ssl_ctx = ctx,
        .http_proxy_address = "", /* else the environment's proxy is used, for the loopback too */
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
    };
    struct lws_vhost *vhost = lws_create_vhost(room->context, &info);
    /* Errors that it leaves in the thread's queue would be taken for its own by the next handshake, anyone's. */
    ERR_clear_error();
    return vhost;
}

static int room_open(struct io_loop *io)
{
    struct lws_room *room = calloc(1, sizeof *room);
    if (room == NULL) return BOT_ERR_NOMEM;
    void *loops[1] = { io->uv };
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .foreign_loops = loops,
        .fd_limit_per_thread = DESCRIPTORS_MAX,
        .retry_and_idle_policy = &no_pings,
    };
    lws_set_log_level(0, NULL); /* a library prints nothing; what failed comes as a reason */
    struct sigaction before;
    bool known = sigaction(SIGPIPE, NULL, &before) == 0;
    room->context = lws_create_context(&info); /* sets SIGPIPE to ignored: a host's own handler comes back */
    ERR_clear_error();
    if (known && before.sa_handler != SIG_DFL) sigaction(SIGPIPE, &before, NULL);
    if (room->context == NULL) {
        free(room);
        return BOT_ERR_UNSUPPORTED; /* without libwebsockets-evlib-uv, say */
    }
    room->io = io;
    io->lws = room;
    io->lws_close = room_close;
    bot__io_loop_object_begun(io);
    return BOT_OK;
}

static int lws_impl_start(struct ws *ws, const struct resolved *where)
{
    struct io_loop *io = ws->io;
    int r = io->lws == NULL ? room_open(io) : BOT_OK;
    if (r < 0) return r;
    void **vhost = ws->tls != NULL ? &ws->tls->lws_vhost : &io->tls_none_vhost;
    if (*vhost == NULL) {
        char name[32];
        snprintf(name, sizeof name, "ca-%d", ws->tls != NULL ? (int)(ws->tls - io->tls) : -1);
        *vhost = make_vhost(io->lws, name, ws->tls != NULL ? ws->tls->ctx : NULL);
        if (*vhost == NULL) return BOT_ERR_NOMEM;
    }
    struct lws_ws *x = calloc(1, sizeof *x);
    if (x == NULL) return BOT_ERR_NOMEM;
    x->ws = x->owner = ws;
    x->where = *where;
    ws->impl = x;
    uv_timer_init(io->uv, &x->kick);
    x->kick.data = x;
    kick(x); /* connects at the next turn */
    return BOT_OK;
}

const struct ws_ops bot__ws_lws = { "libwebsockets", lws_impl_start, lws_impl_send, lws_impl_ping, lws_impl_stop };
