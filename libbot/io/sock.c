#include "io/sock.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "base/assert.h"
#include "bot/err.h"
#include "io/tls.h"

#define ATTEMPT_MS 1500     /* for an address while there is another: one packet may be lost, which is sent again after a second */
#define LINGER_MS 500       /* for the peer to close as well, and between two looks at what it has taken */
#define PATIENCE_MS 5000    /* with a client that takes nothing of its last answer: lost packets are sent again within this */
#define DISCARD_MAX 65536   /* that a peer may send after our goodbye before it is reset */
#define QUEUE_KEEP 65536    /* a queue that once grew beyond this is given back when it has run empty */

enum sock_state {
    SOCK_CONNECTING, /* TCP: connected -> HANDSHAKE or OPEN; refused -> next address or CLOSING */
    SOCK_HANDSHAKE,  /* TLS: done -> OPEN, bad -> CLOSING */
    SOCK_OPEN,       /* until an error, the peer's end, or the owner -> LINGERING or CLOSING */
    SOCK_LINGERING,  /* the owner said close: flush, shut down, wait a little for the peer -> CLOSING */
    SOCK_CLOSING,    /* uv_close is under way -> freed */
};

struct queue {
    char  *bytes;
    size_t len, size;
};

struct sock {
    uv_tcp_t               tcp;
    uv_timer_t             linger; /* and, while connecting, for the next address */
    uv_connect_t           connect;
    uv_write_t             write;
    uv_shutdown_t          shutdown;
    struct sock_env       *env;
    struct sock_callbacks  callbacks;
    void                  *user_data;
    SSL                   *ssl;
    enum sock_state        state;
    bool                   server, paused, reading, by_owner, corked;
    unsigned               handles; /* not yet closed */
    const char            *in;      /* ciphertext that OpenSSL has not yet taken */
    size_t                 in_len;
    struct queue           out, sending; /* collected; in the kernel's hands while len > 0 */
    struct sockaddr_storage addresses[SOCK_ADDRESSES_MAX];
    unsigned               addresses_n, address;
    size_t                 discarded; /* received while lingering */
    uint64_t               written;   /* bytes that were ever put into a queue */
    uint64_t               taken;     /* when last looked at while lingering, and for how long no more */
    unsigned               stood_ms;
    char                   reason[160];
};

/* ---- the BIO ------------------------------------------------------------------------------------------------ */

static bool queue_add(struct queue *q, const void *data, size_t len)
{
    if (q->size - q->len < len) {
        size_t size = q->size != 0 ? q->size : 4096;
        while (size - q->len < len) size *= 2;
        char *bytes = realloc(q->bytes, size);
        if (bytes == NULL) return false;
        q->bytes = bytes;
        q->size = size;
    }
    memcpy(q->bytes + q->len, data, len);
    q->len += len;
    return true;
}

static int bio_read(BIO *bio, char *data, int len)
{
    struct sock *s = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (s->in_len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = (size_t)len < s->in_len ? (size_t)len : s->in_len;
    memcpy(data, s->in, n);
    s->in += n;
    s->in_len -= n;
    return (int)n;
}

static int bio_write(BIO *bio, const char *data, int len)
{
    struct sock *s = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!queue_add(&s->out, data, (size_t)len)) return -1;
    s->written += (size_t)len;
    return len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_PUSH || command == BIO_CTRL_POP;
}

/* libuv writes with write(2): a peer that is gone then raises SIGPIPE, whose default ends the process. A host that has
 * chosen something else keeps it. */
static void survive_sigpipe(void)
{
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) != 0 || now.sa_handler != SIG_DFL) return;
    signal(SIGPIPE, SIG_IGN);
}

int bot__sock_env_init(struct sock_env *env, uv_loop_t *loop)
{
    survive_sigpipe();
    *env = (struct sock_env){ .loop = loop };
    env->bio = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 100, "libbot");
    env->cipher = malloc(SOCK_CIPHER_SIZE);
    env->plain = malloc(SOCK_PLAIN_SIZE + 1);
    if (env->bio == NULL || env->cipher == NULL || env->plain == NULL) {
        bot__sock_env_done(env);
        return BOT_ERR_NOMEM;
    }
    BIO_meth_set_read(env->bio, bio_read);
    BIO_meth_set_write(env->bio, bio_write);
    BIO_meth_set_ctrl(env->bio, bio_ctrl);
    return BOT_OK;
}

void bot__sock_env_done(struct sock_env *env)
{
    BIO_meth_free(env->bio);
    free(env->cipher);
    free(env->plain);
    *env = (struct sock_env){ 0 };
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

static void sock_free(struct sock *s)
{
    SSL_free(s->ssl);
    free(s->out.bytes);
    free(s->sending.bytes);
    free(s);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct sock *s = handle->data;
    if (--s->handles > 0) return;
    s->callbacks.closed(s->user_data, s->by_owner ? NULL : s->reason);
    sock_free(s);
}

static void close_handles(struct sock *s, bool reset)
{
    if (s->state == SOCK_CLOSING) return;
    s->state = SOCK_CLOSING;
    s->in_len = 0;
    uv_close((uv_handle_t *)&s->linger, on_handle_closed);
    if (uv_is_closing((uv_handle_t *)&s->tcp)) return; /* between two addresses: on_retry counts it */
    if (!reset || uv_tcp_close_reset(&s->tcp, on_handle_closed) != 0)
        uv_close((uv_handle_t *)&s->tcp, on_handle_closed);
}

static void fail(struct sock *s, const char *what, const char *why)
{
    if (s->state == SOCK_CLOSING) return;
    snprintf(s->reason, sizeof s->reason, "%s%s%s", what, why != NULL ? ": " : "", why != NULL ? why : "");
    close_handles(s, false);
}

void bot__sock_fail(struct sock *s, const char *reason) { fail(s, reason, NULL); }

void bot__sock_reset(struct sock *s)
{
    s->by_owner = true;
    close_handles(s, true);
}

/* A client's peer has our goodbye or not. A server's answer goes on to whoever takes it, slow as he may be. */
static void on_linger(uv_timer_t *timer)
{
    struct sock *s = timer->data;
    const uint64_t taken = bot__sock_taken(s);
    s->stood_ms = taken > s->taken ? 0 : s->stood_ms + LINGER_MS;
    s->taken = taken;
    if (!s->server || s->stood_ms >= (taken == s->written ? LINGER_MS : PATIENCE_MS)) {
        close_handles(s, false);
        return;
    }
    uv_timer_start(timer, on_linger, LINGER_MS, 0);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct sock *s = request->data;
    if (status < 0 && status != UV_ECANCELED) close_handles(s, false);
    /* Else wait for the peer's own end: closing now with unread bytes would reset the connection, and a reset makes
     * the peer lose our last words. */
}

static void shut_down(struct sock *s)
{
    s->shutdown.data = s;
    if (uv_shutdown(&s->shutdown, (uv_stream_t *)&s->tcp, on_shutdown) != 0) close_handles(s, false);
}

static void flush(struct sock *s);

void bot__sock_close(struct sock *s)
{
    if (s->state == SOCK_CLOSING || s->state == SOCK_LINGERING) {
        s->by_owner = true;
        return;
    }
    s->by_owner = true;
    s->corked = false;
    if (s->state != SOCK_OPEN) {
        close_handles(s, false);
        return;
    }
    if (s->ssl != NULL) SSL_shutdown(s->ssl);
    ERR_clear_error();
    flush(s);
    if (s->state == SOCK_CLOSING) return;
    s->state = SOCK_LINGERING;
    s->taken = bot__sock_taken(s);
    uv_timer_start(&s->linger, on_linger, LINGER_MS, 0);
    bot__sock_pause(s, false);
    if (s->sending.len == 0) shut_down(s);
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

static void queue_shrink(struct queue *q)
{
    q->len = 0;
    if (q->size <= QUEUE_KEEP) return;
    free(q->bytes);
    *q = (struct queue){ 0 };
}

static void on_written(uv_write_t *request, int status)
{
    struct sock *s = request->data;
    queue_shrink(&s->sending);
    if (s->state == SOCK_CLOSING) return;
    if (status < 0) {
        fail(s, "write failed", uv_strerror(status));
        return;
    }
    flush(s);
    if (s->state == SOCK_CLOSING || s->sending.len > 0) return;
    if (s->state == SOCK_LINGERING) shut_down(s);
    else if (s->callbacks.drained != NULL && s->state == SOCK_OPEN) s->callbacks.drained(s->user_data);
}

static void flush(struct sock *s)
{
    if (s->corked || s->out.len == 0 || s->sending.len > 0 || s->state == SOCK_CLOSING || s->state == SOCK_CONNECTING) return;
    uv_buf_t buf = uv_buf_init(s->out.bytes, (unsigned)s->out.len);
    int n = uv_try_write((uv_stream_t *)&s->tcp, &buf, 1);
    if (n < 0 && n != UV_EAGAIN) {
        fail(s, "write failed", uv_strerror(n));
        return;
    }
    if (n == (int)s->out.len) {
        queue_shrink(&s->out);
        return;
    }
    size_t done = n > 0 ? (size_t)n : 0;
    struct queue spare = s->sending;
    s->sending = s->out;
    s->out = spare;
    buf = uv_buf_init(s->sending.bytes + done, (unsigned)(s->sending.len - done));
    s->write.data = s;
    int r = uv_write(&s->write, (uv_stream_t *)&s->tcp, &buf, 1, on_written);
    if (r < 0) {
        s->sending.len = 0;
        fail(s, "write failed", uv_strerror(r));
    }
}

int bot__sock_write(struct sock *s, const void *data, size_t len)
{
    if (s->state != SOCK_OPEN) return BOT_ERR_NOT_CONNECTED;
    if (len == 0) return BOT_OK;
    BOT_ASSERT(len < INT32_MAX);
    if (s->ssl == NULL) {
        if (!queue_add(&s->out, data, len)) return BOT_ERR_NOMEM;
        s->written += len;
    } else if (SSL_write(s->ssl, data, (int)len) <= 0) {
        ERR_clear_error();
        fail(s, "TLS write failed", NULL);
        return BOT_ERR_NOT_CONNECTED;
    }
    flush(s);
    return s->state == SOCK_OPEN ? BOT_OK : BOT_ERR_NOT_CONNECTED;
}

void bot__sock_cork(struct sock *s, bool on)
{
    s->corked = on;
    if (!on) flush(s);
}

/* libuv counts down what it holds as the kernel takes it. */
size_t bot__sock_queued(const struct sock *s) { return s->out.len + uv_stream_get_write_queue_size((const uv_stream_t *)&s->tcp); }

/* What the kernel took tells little: it holds megabytes, and has room again for us when a third of them are gone. */
uint64_t bot__sock_taken(const struct sock *s)
{
    uv_os_fd_t fd;
    int unacknowledged = 0;
    if (uv_fileno((const uv_handle_t *)&s->tcp, &fd) != 0 || ioctl(fd, SIOCOUTQ, &unacknowledged) != 0) unacknowledged = 0;
    const uint64_t on_the_way = bot__sock_queued(s) + (uint64_t)unacknowledged; /* our FIN counts as one more */
    return s->written > on_the_way ? s->written - on_the_way : 0;
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

static void fail_tls(struct sock *s, const char *what)
{
    long verify = SSL_get_verify_result(s->ssl);
    unsigned long error = ERR_peek_last_error();
    const char *why = ERR_reason_error_string(error);
    if (verify != X509_V_OK) why = X509_verify_cert_error_string(verify);
    ERR_clear_error();
    flush(s); /* the alert, so that the peer's log says why too */
    fail(s, what, why);
}

static void handshake(struct sock *s)
{
    ERR_clear_error();
    int r = SSL_do_handshake(s->ssl);
    if (r == 1) {
        s->state = SOCK_OPEN;
        flush(s);
        if (s->state == SOCK_OPEN && s->callbacks.opened != NULL && !s->server) s->callbacks.opened(s->user_data);
        return;
    }
    if (SSL_get_error(s->ssl, r) == SSL_ERROR_WANT_READ) flush(s);
    else fail_tls(s, "TLS handshake failed");
}

static void decrypt(struct sock *s)
{
    if (s->state == SOCK_HANDSHAKE) handshake(s);
    while (s->state == SOCK_OPEN) {
        ERR_clear_error();
        int n = SSL_read(s->ssl, s->env->plain, SOCK_PLAIN_SIZE);
        if (n > 0) {
            s->callbacks.data(s->user_data, s->env->plain, (size_t)n);
            continue;
        }
        int error = SSL_get_error(s->ssl, n);
        if (error == SSL_ERROR_WANT_READ) {
            flush(s); /* key updates answer by themselves */
            return;
        }
        if (error == SSL_ERROR_ZERO_RETURN) fail(s, "the peer closed the connection", NULL);
        else fail_tls(s, "TLS failed");
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct sock *s = handle->data;
    (void)suggested;
    *ret = uv_buf_init(s->env->cipher, SOCK_CIPHER_SIZE - 1);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct sock *s = stream->data;
    if (n == 0 || s->state == SOCK_CLOSING) return;
    if (s->state == SOCK_LINGERING) {
        /* Politeness towards a peer that still sends has an end: reading for nothing costs time. */
        if (n > 0) s->discarded += (size_t)n;
        if (n < 0 || s->discarded > DISCARD_MAX) close_handles(s, n > 0);
        return;
    }
    if (n < 0) {
        fail(s, n == UV_EOF ? "the peer ended the connection" : "read failed", n == UV_EOF ? NULL : uv_strerror((int)n));
        return;
    }
    if (s->ssl == NULL) {
        s->callbacks.data(s->user_data, buf->base, (size_t)n);
        return;
    }
    s->in = buf->base;
    s->in_len = (size_t)n;
    decrypt(s);
    BOT_ASSERT(s->in_len == 0 || s->state >= SOCK_LINGERING);
    s->in_len = 0;
}

void bot__sock_pause(struct sock *s, bool on)
{
    s->paused = on;
    if (s->state == SOCK_CLOSING || s->state == SOCK_CONNECTING || s->reading != on) return;
    if (on) uv_read_stop((uv_stream_t *)&s->tcp);
    else uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
    s->reading = !on;
}

/* ---- the beginning ------------------------------------------------------------------------------------------ */

static struct sock *sock_new(struct sock_env *env, SSL_CTX *ctx, bool server, const struct sock_callbacks *callbacks, void *user_data)
{
    struct sock *s = calloc(1, sizeof *s);
    if (s == NULL) return NULL;
    s->env = env;
    s->server = server;
    s->callbacks = *callbacks;
    s->user_data = user_data;
    if (ctx != NULL) {
        s->ssl = SSL_new(ctx);
        BIO *bio = BIO_new(env->bio);
        if (s->ssl == NULL || bio == NULL) {
            BIO_free(bio);
            sock_free(s);
            return NULL;
        }
        BIO_set_data(bio, s);
        BIO_set_init(bio, 1);
        SSL_set_bio(s->ssl, bio, bio);
        if (server) SSL_set_accept_state(s->ssl);
        else SSL_set_connect_state(s->ssl);
    }
    /* Neither can fail: no descriptor is made before the family is known. */
    uv_tcp_init(env->loop, &s->tcp);
    uv_timer_init(env->loop, &s->linger);
    s->tcp.data = s->linger.data = s;
    s->handles = 2;
    return s;
}

static void begin(struct sock *s)
{
    uv_tcp_nodelay(&s->tcp, 1);
    s->state = s->ssl != NULL ? SOCK_HANDSHAKE : SOCK_OPEN;
    int r = uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
    if (r < 0) {
        fail(s, "read failed", uv_strerror(r));
        return;
    }
    s->reading = true;
}

static int connect_next(struct sock *s);

static void on_retry(uv_handle_t *handle)
{
    struct sock *s = handle->data;
    if (s->state == SOCK_CLOSING) { /* closed meanwhile, when the tcp handle was under way already */
        on_handle_closed(handle);
        return;
    }
    uv_tcp_init(s->env->loop, &s->tcp);
    s->tcp.data = s;
    int r = connect_next(s);
    if (r < 0) fail(s, "connect failed", uv_strerror(r));
}

static void on_connected(uv_connect_t *request, int status)
{
    struct sock *s = request->data;
    if (s->state == SOCK_CLOSING || uv_is_closing((uv_handle_t *)&s->tcp)) return;
    uv_timer_stop(&s->linger);
    if (status == 0) {
        begin(s);
        if (s->state == SOCK_HANDSHAKE) handshake(s);
        else if (s->state == SOCK_OPEN && s->callbacks.opened != NULL) s->callbacks.opened(s->user_data);
        return;
    }
    if (s->address < s->addresses_n) {
        uv_close((uv_handle_t *)&s->tcp, on_retry);
        return;
    }
    fail(s, "connect failed", uv_strerror(status));
}

/* Behind a route that leads nowhere the system goes on asking for minutes. */
static void on_attempt_over(uv_timer_t *timer)
{
    struct sock *s = timer->data;
    BOT_ASSERT(s->state == SOCK_CONNECTING);
    uv_close((uv_handle_t *)&s->tcp, on_retry);
}

static int connect_next(struct sock *s)
{
    s->connect.data = s;
    int r = uv_tcp_connect(&s->connect, &s->tcp, (const struct sockaddr *)&s->addresses[s->address++], on_connected);
    if (s->address == s->addresses_n) return r;
    if (r < 0) uv_close((uv_handle_t *)&s->tcp, on_retry); /* no route, say; its socket is of the wrong family for the next, perhaps */
    else uv_timer_start(&s->linger, on_attempt_over, ATTEMPT_MS, 0);
    return 0;
}

static void on_discarded(uv_handle_t *handle)
{
    struct sock *s = handle->data;
    if (--s->handles == 0) sock_free(s);
}

/* Before anyone knows of it: given back without a callback. */
static void discard(struct sock *s)
{
    s->state = SOCK_CLOSING;
    uv_close((uv_handle_t *)&s->linger, on_discarded);
    uv_close((uv_handle_t *)&s->tcp, on_discarded);
}

int bot__sock_connect(struct sock_env *env, const struct sockaddr_storage *addresses, unsigned addresses_n, SSL_CTX *ctx,
                      const char *host, const struct sock_callbacks *callbacks, void *user_data, struct sock **ret)
{
    BOT_ASSERT(addresses_n > 0 && addresses_n <= SOCK_ADDRESSES_MAX);
    struct sock *s = sock_new(env, ctx, false, callbacks, user_data);
    if (s == NULL) return BOT_ERR_NOMEM;
    memcpy(s->addresses, addresses, addresses_n * sizeof *addresses);
    s->addresses_n = addresses_n;
    static const unsigned char alpn[] = "\x08http/1.1";
    int r = BOT_OK;
    if (s->ssl != NULL) r = bot__tls_expect_host(s->ssl, host);
    if (r == BOT_OK && s->ssl != NULL && SSL_set_alpn_protos(s->ssl, alpn, sizeof alpn - 1) != 0) r = BOT_ERR_NOMEM;
    ERR_clear_error();
    if (r == BOT_OK && connect_next(s) < 0) r = BOT_ERR_IO;
    if (r < 0) {
        discard(s);
        return r;
    }
    *ret = s;
    return BOT_OK;
}

int bot__sock_accept(struct sock_env *env, uv_stream_t *listener, SSL_CTX *ctx, const struct sock_callbacks *callbacks,
                     void *user_data, struct sock **ret)
{
    struct sock *s = sock_new(env, ctx, true, callbacks, user_data);
    if (s == NULL) return BOT_ERR_NOMEM;
    if (uv_accept(listener, (uv_stream_t *)&s->tcp) < 0) {
        discard(s);
        return BOT_ERR_IO;
    }
    begin(s);
    *ret = s;
    return BOT_OK;
}
