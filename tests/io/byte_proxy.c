#include "byte_proxy.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define HELD_MAX ((size_t)256 << 10)
#define DRIP_BYTES 120
#define DRIP_MS 10

struct pair;

/* One way through a pair: read from `from`, held, written to `to`. */
struct pipe {
    struct pair *pair;
    uv_tcp_t     from; /* the socket this way reads; the other way writes to it */
    char        *held;
    size_t       held_n;
    bool         reading, ended; /* ended: the sender has finished, and `held` is the last of it */
};

struct pair {
    struct byte_proxy *proxy;
    struct pair       *next;
    struct pipe        pipes[2]; /* TO_VENUE reads from the client, TO_CLIENT from the venue */
    uv_connect_t       connect;
    bool               connected, closing;
    unsigned           handles_closed;
};

struct byte_proxy {
    uv_loop_t           *loop;
    uv_tcp_t             listener;
    uv_timer_t           timer;
    unsigned             port, target, pairs_n, handles_closed;
    enum byte_proxy_pace pace[2];
    bool                 refuse, closing, *closed;
    unsigned long        bytes;
    struct pair         *pairs;
};

struct out {
    uv_write_t req;
    char       bytes[];
};

static void give_back_proxy(struct byte_proxy *p)
{
    if (!p->closing || p->handles_closed != 2 || p->pairs_n != 0) return;
    *p->closed = true;
    free(p);
}

static void on_pair_closed(uv_handle_t *handle)
{
    struct pair *pair = ((struct pipe *)handle->data)->pair;
    struct byte_proxy *p = pair->proxy;
    if (++pair->handles_closed != 2) return;
    for (struct pair **at = &p->pairs; *at != NULL; at = &(*at)->next)
        if (*at == pair) {
            *at = pair->next;
            break;
        }
    free(pair->pipes[0].held);
    free(pair->pipes[1].held);
    free(pair);
    p->pairs_n--;
    give_back_proxy(p);
}

static void pair_close(struct pair *pair, bool reset)
{
    if (pair->closing) return;
    pair->closing = true;
    for (int way = 0; way < 2; way++) {
        uv_tcp_t *tcp = &pair->pipes[way].from;
        /* A socket still connecting cannot be reset. */
        if (!reset || (way == TO_CLIENT && !pair->connected) || uv_tcp_close_reset(tcp, on_pair_closed) != 0)
            uv_close((uv_handle_t *)tcp, on_pair_closed);
    }
}

static void on_written(uv_write_t *req, int status)
{
    struct pair *pair = req->data;
    free((char *)req - offsetof(struct out, req));
    if (status < 0 && status != UV_ECANCELED) pair_close(pair, false);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle, (void)suggested;
    buf->base = malloc(65536);
    buf->len = 65536;
}
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void pump(struct pipe *pipe, size_t most)
{
    struct pair *pair = pipe->pair;
    const int way = pipe == &pair->pipes[TO_VENUE] ? TO_VENUE : TO_CLIENT;
    if (pair->closing || !pair->connected) return;
    const size_t n = pipe->held_n < most ? pipe->held_n : most;
    if (n > 0) {
        struct out *o = malloc(sizeof *o + n);
        ck_assert_ptr_nonnull(o);
        memcpy(o->bytes, pipe->held, n);
        o->req.data = pair;
        uv_buf_t out = uv_buf_init(o->bytes, (unsigned)n);
        if (uv_write(&o->req, (uv_stream_t *)&pair->pipes[1 - way].from, &out, 1, on_written) < 0) {
            free(o);
            pair_close(pair, false);
            return;
        }
        pipe->held_n -= n;
        memmove(pipe->held, pipe->held + n, pipe->held_n);
        pair->proxy->bytes += n;
    }
    if (pipe->ended && pipe->held_n == 0 && most > 0) pair_close(pair, false);
    else if (!pipe->ended && !pipe->reading && pipe->held_n < HELD_MAX)
        pipe->reading = uv_read_start((uv_stream_t *)&pipe->from, on_alloc, on_read) == 0;
}

static size_t most_now(const struct byte_proxy *p, int way)
{
    return p->pace[way] == BYTES_PASS ? SIZE_MAX : 0; /* a drip is the timer's */
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pipe *pipe = stream->data;
    struct pair *pair = pipe->pair;
    const int way = pipe == &pair->pipes[TO_VENUE] ? TO_VENUE : TO_CLIENT;
    if (n > 0) {
        pipe->held = realloc(pipe->held, pipe->held_n + (size_t)n);
        ck_assert_ptr_nonnull(pipe->held);
        memcpy(pipe->held + pipe->held_n, buf->base, (size_t)n);
        pipe->held_n += (size_t)n;
        if (pipe->held_n >= HELD_MAX) {
            uv_read_stop(stream);
            pipe->reading = false;
        }
        pump(pipe, most_now(pair->proxy, way));
    } else if (n == UV_EOF) {
        uv_read_stop(stream);
        pipe->reading = false;
        pipe->ended = true; /* an end waits behind the bytes before it, as on a wire */
        pump(pipe, most_now(pair->proxy, way));
    } else if (n < 0) {
        pair_close(pair, true);
    }
    free(buf->base);
}

static void on_connected(uv_connect_t *req, int status)
{
    struct pair *pair = req->data;
    if (pair->closing) return;
    if (status < 0) {
        pair_close(pair, true);
        return;
    }
    pair->connected = true;
    for (int way = 0; way < 2; way++) {
        uv_tcp_nodelay(&pair->pipes[way].from, 1);
        pump(&pair->pipes[way], 0);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct byte_proxy *p = listener->data;
    if (status < 0) return;
    struct pair *pair = calloc(1, sizeof *pair);
    ck_assert_ptr_nonnull(pair);
    pair->proxy = p;
    pair->next = p->pairs;
    p->pairs = pair;
    p->pairs_n++;
    for (int way = 0; way < 2; way++) {
        pair->pipes[way].pair = pair;
        uv_tcp_init(p->loop, &pair->pipes[way].from);
        pair->pipes[way].from.data = &pair->pipes[way];
    }
    struct sockaddr_in to;
    uv_ip4_addr("127.0.0.1", (int)p->target, &to);
    pair->connect.data = pair;
    const bool accepted = uv_accept(listener, (uv_stream_t *)&pair->pipes[TO_VENUE].from) == 0;
    if (!accepted || p->refuse || uv_tcp_connect(&pair->connect, &pair->pipes[TO_CLIENT].from, (struct sockaddr *)&to, on_connected) < 0)
        pair_close(pair, accepted);
}

static void on_drip(uv_timer_t *timer)
{
    struct byte_proxy *p = timer->data;
    for (struct pair *pair = p->pairs; pair != NULL; pair = pair->next)
        for (int way = 0; way < 2; way++)
            if (p->pace[way] != BYTES_STALL) pump(&pair->pipes[way], p->pace[way] == BYTES_DRIP ? DRIP_BYTES : SIZE_MAX);
}

struct byte_proxy *byte_proxy_open(uv_loop_t *loop, unsigned port)
{
    struct byte_proxy *p = calloc(1, sizeof *p);
    ck_assert_ptr_nonnull(p);
    p->loop = loop;
    p->target = port;
    struct sockaddr_in at;
    int at_len = sizeof at;
    uv_ip4_addr("127.0.0.1", 0, &at);
    uv_tcp_init(loop, &p->listener);
    p->listener.data = p;
    ck_assert_int_eq(uv_tcp_bind(&p->listener, (struct sockaddr *)&at, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&p->listener, 64, on_connection), 0);
    ck_assert_int_eq(uv_tcp_getsockname(&p->listener, (struct sockaddr *)&at, &at_len), 0);
    p->port = ntohs(at.sin_port);
    uv_timer_init(loop, &p->timer);
    p->timer.data = p;
    uv_timer_start(&p->timer, on_drip, DRIP_MS, DRIP_MS);
    return p;
}

unsigned byte_proxy_port(const struct byte_proxy *p) { return p->port; }
void byte_proxy_pace(struct byte_proxy *p, enum byte_proxy_way way, enum byte_proxy_pace pace) { p->pace[way] = pace; }
void byte_proxy_refuse(struct byte_proxy *p, bool refuse) { p->refuse = refuse; }
unsigned byte_proxy_pairs(const struct byte_proxy *p) { return p->pairs_n; }
unsigned long byte_proxy_bytes(const struct byte_proxy *p) { return p->bytes; }

void byte_proxy_cut(struct byte_proxy *p, bool reset)
{
    for (struct pair *pair = p->pairs; pair != NULL; pair = pair->next)
        pair_close(pair, reset);
}

static void on_proxy_closed(uv_handle_t *handle)
{
    struct byte_proxy *p = handle->data;
    p->handles_closed++;
    give_back_proxy(p);
}

void byte_proxy_close(struct byte_proxy *p, bool *closed)
{
    p->closing = true;
    p->closed = closed;
    byte_proxy_cut(p, false);
    uv_close((uv_handle_t *)&p->listener, on_proxy_closed);
    uv_close((uv_handle_t *)&p->timer, on_proxy_closed);
}
