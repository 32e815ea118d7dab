/* What one 600-byte WebSocket message over TLS costs the client, in CPU time of its process: a bare libwebsockets
 * client, our transport over libwebsockets, our transport over wslay, and a blocking OpenSSL read as the floor, one
 * after another in one run against one server in a process of its own.
 *   burst   a busy public feed: the server sends as fast as the client takes, many records with one write
 *   paced   one message every 200 us: mostly wake-ups
 *   trip    send 100 bytes, get them back: median
 */
#include <arpa/inet.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "io/devcert.h"
#include "io/io_loop.h"
#include "io/server.h"
#include "io/tls.h"
#include "io/ws.h"

#define MESSAGE_BYTES 600
#define PACE_NS 200000
#define BATCH 32 /* messages in one write of the server, a TLS record each */

static unsigned burst_n = 200000, paced_n = 10000, trips_n = 5000;

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "bench_ws: %s\n", what);
    exit(1);
}

/* ---- the server's process ---- */

struct feeder {
    uv_loop_t      loop;
    struct server *server;
    uv_idle_t      pump;
    uint64_t       peer, next_ns;
    unsigned       left;
    bool           paced;
    char           text[MESSAGE_BYTES];
};

static void on_pump(uv_idle_t *pump)
{
    struct feeder *f = pump->data;
    if (f->paced ? uv_hrtime() < f->next_ns : bot__server_ws_queued(f->server, f->peer) > 1 << 18) return;
    bot__server_ws_cork(f->server, f->peer, true);
    for (unsigned i = 0; i < (f->paced ? 1 : BATCH) && f->left > 0; i++) {
        if (bot__server_ws_send(f->server, f->peer, f->text, sizeof f->text) != 0) break;
        f->left--;
        f->next_ns += PACE_NS;
    }
    bot__server_ws_cork(f->server, f->peer, false);
    if (f->left == 0) uv_idle_stop(pump);
}

static void on_request(void *user_data, uint64_t token, const struct server_request *request)
{
    (void)request;
    bot__server_drop(((struct feeder *)user_data)->server, token);
}

static int on_ws_open(void *user_data, uint64_t ws, const struct server_request *request)
{
    (void)request;
    ((struct feeder *)user_data)->peer = ws;
    return 0;
}

static void on_order(void *user_data, uint64_t ws, char *text, size_t len)
{
    struct feeder *f = user_data;
    if (strncmp(text, "burst ", 6) != 0 && strncmp(text, "paced ", 6) != 0) {
        bot__server_ws_send(f->server, ws, text, len);
        return;
    }
    f->paced = text[0] == 'p';
    f->left = (unsigned)strtoul(text + 6, NULL, 10);
    f->next_ns = uv_hrtime();
    uv_idle_start(&f->pump, on_pump);
}

_Noreturn static void feed(const struct devcert *certs, int report)
{
    static struct feeder f;
    static const struct server_callbacks callbacks = { .request = on_request, .ws_open = on_ws_open, .ws_message = on_order };
    memset(f.text, 'x', sizeof f.text);
    uv_loop_init(&f.loop);
    uv_idle_init(&f.loop, &f.pump);
    f.pump.data = &f;
    if (bot__server_open(&f.loop, &(struct server_options){ .cert_file = certs->cert_file, .key_file = certs->key_file }, &callbacks,
                         &f, &f.server) != 0)
        die("no server");
    uint16_t port = bot__server_port(f.server);
    if (write(report, &port, sizeof port) != sizeof port) die("pipe");
    uv_run(&f.loop, UV_RUN_DEFAULT);
    exit(0);
}

/* ---- measuring ---- */

struct bench {
    const char *name;
    uv_loop_t   loop;
    uint16_t    port;
    const char *ca_file;
    unsigned    messages;
    bool        opened;
    void       *client;
    void      (*send)(struct bench *b, const char *text, size_t len);
};

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void wait_for(struct bench *b, unsigned messages)
{
    while (b->messages < messages) uv_run(&b->loop, UV_RUN_ONCE);
}

struct result {
    double burst, paced, trip;
};

static double run_one(struct bench *b, const char *kind, unsigned n)
{
    char order[32];
    int len = snprintf(order, sizeof order, "%s %u", kind, n);
    b->messages = 0;
    double begin = cpu_us();
    b->send(b, order, (size_t)len);
    wait_for(b, n);
    return (cpu_us() - begin) / n;
}

static struct result measure(struct bench *b)
{
    struct result r;
    while (!b->opened) uv_run(&b->loop, UV_RUN_ONCE);
    run_one(b, "burst", burst_n / 10); /* warm */
    r.burst = run_one(b, "burst", burst_n);
    r.paced = run_one(b, "paced", paced_n);
    uint64_t *took = calloc(trips_n, sizeof *took);
    char text[100];
    memset(text, 't', sizeof text);
    for (unsigned i = 0; i < trips_n; i++) {
        uint64_t begin = uv_hrtime();
        b->messages = 0;
        b->send(b, text, sizeof text);
        wait_for(b, 1);
        took[i] = uv_hrtime() - begin;
    }
    qsort(took, trips_n, sizeof *took, compare);
    r.trip = (double)took[trips_n / 2] / 1000;
    free(took);
    return r;
}

/* ---- a bare libwebsockets client ---- */

struct bare {
    struct bench       *b;
    struct lws_context *context;
    struct lws         *wsi;
    unsigned char       out[LWS_PRE + 256];
    size_t              out_len;
};

static int on_bare(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct bare *x = lws_get_opaque_user_data(wsi);
    (void)user, (void)in, (void)len;
    if (x == NULL) return 0;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: die("bare client: connect");
    case LWS_CALLBACK_CLIENT_ESTABLISHED: x->b->opened = true; break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (lws_is_final_fragment(wsi)) x->b->messages++;
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        if (x->out_len > 0) lws_write(wsi, x->out + LWS_PRE, x->out_len, LWS_WRITE_TEXT);
        x->out_len = 0;
        break;
    default: break;
    }
    return 0;
}

static void bare_send(struct bench *b, const char *text, size_t len)
{
    struct bare *x = b->client;
    memcpy(x->out + LWS_PRE, text, len);
    x->out_len = len;
    lws_callback_on_writable(x->wsi);
}

static void on_phase(uv_handle_t *handle)
{
    uv_timer_t *timer = (uv_timer_t *)handle;
    unsigned *left = timer->data;
    if (--*left == 0) return;
    uv_loop_t *loop = timer->loop;
    uv_timer_init(loop, timer);
    timer->data = left;
    uv_close(handle, on_phase);
}

static struct result run_bare(struct bench *b)
{
    static const struct lws_protocols protocols[] = { { .name = "bench", .callback = on_bare, .rx_buffer_size = 65536 }, { 0 } };
    static const lws_retry_bo_t no_pings;
    struct bare x = { .b = b };
    SSL_CTX *ctx;
    void *loops[1] = { &b->loop };
    if (bot__tls_client(b->ca_file, &ctx) != 0) die("CA file");
    lws_set_log_level(0, NULL);
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols, .foreign_loops = loops, .fd_limit_per_thread = 64,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT, .provided_client_ssl_ctx = ctx,
        .http_proxy_address = "",
    };
    x.context = lws_create_context(&info);
    if (x.context == NULL) die("bare client: context");
    const struct lws_client_connect_info ci = {
        .context = x.context, .address = "127.0.0.1", .port = b->port, .ssl_connection = LCCSCF_USE_SSL, .path = "/",
        .host = "localhost", .alpn = "http/1.1", .local_protocol_name = "bench", .retry_and_idle_policy = &no_pings,
        .opaque_user_data = &x, .pwsi = &x.wsi,
    };
    if (lws_client_connect_via_info(&ci) == NULL) die("bare client: connect");
    b->client = &x;
    b->send = bare_send;
    struct result r = measure(b);
    lws_context_destroy(x.context);
    uv_timer_t phase;
    unsigned left = 3;
    uv_timer_init(&b->loop, &phase);
    phase.data = &left;
    uv_close((uv_handle_t *)&phase, on_phase);
    while (left > 0) uv_run(&b->loop, UV_RUN_ONCE);
    lws_context_destroy(x.context);
    SSL_CTX_free(ctx);
    return r;
}

/* ---- our transports ---- */

static void on_opened(void *user_data) { ((struct bench *)user_data)->opened = true; }
static void on_alive(void *user_data) { (void)user_data; }
static void on_closed(void *user_data, const char *reason)
{
    (void)user_data;
    die(reason);
}
static void on_message(void *user_data, const char *text, size_t len)
{
    (void)text, (void)len;
    ((struct bench *)user_data)->messages++;
}
static void ours_send(struct bench *b, const char *text, size_t len)
{
    if (bot__ws_send(b->client, text, len) != 0) die("send");
}
static void set_flag(void *user_data) { *(bool *)user_data = true; }

static struct result run_ours(struct bench *b, enum ws_impl impl)
{
    struct io_loop *io;
    struct ws *ws;
    char url[64];
    snprintf(url, sizeof url, "wss://127.0.0.1:%u/", b->port);
    const struct ws_callbacks callbacks = { on_opened, on_message, on_alive, on_closed, b };
    if (bot__io_loop_acquire(&b->loop, &io) != 0) die("memory");
    if (bot__ws_open(io, &(struct ws_options){ .impl = impl, .url = url, .ca_file = b->ca_file }, &callbacks, &ws) != 0) die("open");
    b->client = ws;
    b->send = ours_send;
    struct result r = measure(b);
    bot__ws_close(ws);
    bool released = false;
    struct io_release release = { set_flag, &released, NULL };
    bot__io_loop_release(io, &release);
    while (!released) uv_run(&b->loop, UV_RUN_ONCE);
    return r;
}

/* ---- the floor: read and decrypt, nothing else ---- */

static double run_floor(uint16_t port, const char *ca_file)
{
    SSL_CTX *ctx;
    if (bot__tls_client(ca_file, &ctx) != 0) die("CA file");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) die("connect");
    SSL *ssl = SSL_new(ctx);
    if (bot__tls_expect_host(ssl, "127.0.0.1") != 0 || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1) die("floor: TLS");
    static const char hello[] = "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    static char buf[65536];
    SSL_write(ssl, hello, sizeof hello - 1);
    if (SSL_read(ssl, buf, sizeof buf) <= 0) die("floor: upgrade");
    unsigned char order[64] = { 0x81 };
    int n = snprintf((char *)order + 6, sizeof order - 6, "burst %u", burst_n); /* mask 0,0,0,0 */
    order[1] = (unsigned char)(0x80 | n);
    double begin = cpu_us();
    SSL_write(ssl, order, 6 + n);
    for (size_t left = (size_t)burst_n * (MESSAGE_BYTES + 4); left > 0;) {
        n = SSL_read(ssl, buf, sizeof buf);
        if (n <= 0) die("floor: read");
        left -= (size_t)n;
    }
    double us = (cpu_us() - begin) / burst_n;
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return us;
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/libbot-bench-XXXXXX";
    struct devcert certs;
    int report[2];
    uint16_t port;
    if (argc > 1) burst_n = (unsigned)strtoul(argv[1], NULL, 10);
    if (mkdtemp(directory) == NULL || bot__devcert_make(&(struct devcert_options){ .directory = directory }, &certs) != 0 || pipe(report) != 0)
        die("setup");
    pid_t server = fork();
    if (server == 0) feed(&certs, report[1]);
    if (read(report[0], &port, sizeof port) != sizeof port) die("no server");

    printf("one %d-byte message over TLS 1.3, CPU of the client's process; medians of 3 rounds in one run\n", MESSAGE_BYTES);
    printf("%-28s %10s %7s %10s %10s\n", "client", "burst us", "ratio", "paced us", "trip us");
    static const char *const names[] = { "libwebsockets, bare", "libbot over libwebsockets", "libbot over wslay" };
    double burst[4][3], paced[3][3], trip[3][3];
    for (unsigned round = 0; round < 3; round++) {
        burst[3][round] = run_floor(port, certs.ca_file);
        for (unsigned i = 0; i < 3; i++) {
            struct bench b = { .name = names[i], .port = port, .ca_file = certs.ca_file };
            if (i == 2 && !bot__ws_impl_available(WS_IMPL_WSLAY)) continue;
            uv_loop_init(&b.loop);
            struct result r = i == 0 ? run_bare(&b) : run_ours(&b, i == 1 ? WS_IMPL_LWS : WS_IMPL_WSLAY);
            if (uv_loop_close(&b.loop) != 0) die("loop is not clean");
            burst[i][round] = r.burst;
            paced[i][round] = r.paced;
            trip[i][round] = r.trip;
        }
    }
#define MEDIAN(a) ((a)[0] > (a)[1] ? ((a)[1] > (a)[2] ? (a)[1] : (a)[0] > (a)[2] ? (a)[2] : (a)[0]) \
                                   : ((a)[0] > (a)[2] ? (a)[0] : (a)[1] > (a)[2] ? (a)[2] : (a)[1]))
    double base = MEDIAN(burst[0]);
    for (unsigned i = 0; i < 3; i++) {
        if (i == 2 && !bot__ws_impl_available(WS_IMPL_WSLAY)) break;
        printf("%-28s %10.2f %7.2f %10.2f %10.1f\n", names[i], MEDIAN(burst[i]), MEDIAN(burst[i]) / base, MEDIAN(paced[i]), MEDIAN(trip[i]));
    }
    printf("%-28s %10.2f %7.2f\n", "blocking read and decrypt", MEDIAN(burst[3]), MEDIAN(burst[3]) / base);

    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    unlink(certs.ca_file);
    unlink(certs.cert_file);
    unlink(certs.key_file);
    rmdir(directory);
    return 0;
}
