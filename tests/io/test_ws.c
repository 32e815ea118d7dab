/* The conformance suite of io/ws.h: every test runs for every implementation. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "byte_proxy.h"
#include "harness.h"
#include "io/server.h"
#include "io/ws.h"
#include "loop.h"

#define WS_TEST(name)                                                                                                \
    static void name(enum ws_impl impl);                                                                             \
    TEST(ws_lws, name) { name(WS_IMPL_LWS); }                                                                        \
    TEST(ws_wslay, name)                                                                                             \
    {                                                                                                                \
        if (!bot__ws_impl_available(WS_IMPL_WSLAY)) test_skip("built without wslay");                                \
        name(WS_IMPL_WSLAY);                                                                                         \
    }                                                                                                                \
    static void name(enum ws_impl impl)

struct world {
    uv_loop_t       loop;
    struct io_loop *io;
    enum ws_impl    impl;
    struct devcert  certs;
    struct server  *server;
    char            url[128];
    struct ws_options options;
    /* server's side */
    uint64_t peer;
    unsigned opens, server_messages, server_closes, server_pings, server_pongs;
    int      server_code, refuse_with;
    bool     peer_here, peer_gone, peer_got, peer_ponged, peer_pinged, echo;
    char     path[128], host[128];
    char    *server_text;
    size_t   server_len;
    /* client's side */
    struct ws *ws;
    bool     opened, closed, got, lived, inside;
    unsigned messages, alives, closes;
    char    *text;
    size_t   len, bytes;
    char     reason[256];
    enum { NEVER, IN_OPENED, IN_MESSAGE, IN_ALIVE, IN_CLOSED } close_in;
    unsigned expect_next; /* messages numbered by the server */
    bool     numbered, misordered;
};

/* ---- the server's side ---- */

static void on_request(void *user_data, uint64_t token, const struct server_request *request)
{
    struct world *w = user_data;
    (void)request;
    bot__server_answer(w->server, token, &(struct server_answer){ .body = SLICE("{}") });
}

static int on_ws_open(void *user_data, uint64_t ws, const struct server_request *request)
{
    struct world *w = user_data;
    w->opens++;
    if (w->refuse_with != 0) return w->refuse_with;
    w->peer = ws;
    w->peer_here = true;
    snprintf(w->path, sizeof w->path, "%s", request->path);
    for (uint32_t i = 0; i < request->headers_n; i++)
        if (request->headers[i].name.len == 4 && strncasecmp(request->headers[i].name.p, "host", 4) == 0)
            snprintf(w->host, sizeof w->host, "%.*s", (int)request->headers[i].value.len, request->headers[i].value.p);
    return 0;
}

static void on_ws_message(void *user_data, uint64_t ws, char *text, size_t len)
{
    struct world *w = user_data;
    w->server_messages++;
    w->server_text = realloc(w->server_text, len + 1);
    memcpy(w->server_text, text, len + 1);
    w->server_len = len;
    w->peer_got = true;
    if (w->echo) ck_assert_int_eq(bot__server_ws_send(w->server, ws, text, len), 0);
}

static void on_ws_ping(void *user_data, uint64_t ws)
{
    struct world *w = user_data;
    (void)ws;
    w->server_pings++;
    w->peer_pinged = true;
}

static void on_ws_pong(void *user_data, uint64_t ws)
{
    struct world *w = user_data;
    (void)ws;
    w->server_pongs++;
    w->peer_ponged = true;
}

static void on_ws_closed(void *user_data, uint64_t ws, int code)
{
    struct world *w = user_data;
    (void)ws;
    w->server_closes++;
    w->server_code = code;
    w->peer_gone = true;
}

static const struct server_callbacks server_callbacks = {
    .request = on_request, .ws_open = on_ws_open, .ws_message = on_ws_message,
    .ws_ping = on_ws_ping, .ws_pong = on_ws_pong, .ws_closed = on_ws_closed,
};

/* ---- the client's side ---- */

static void close_now(struct world *w)
{
    struct ws *ws = w->ws;
    w->ws = NULL;
    bot__ws_close(ws);
}

static void on_opened(void *user_data)
{
    struct world *w = user_data;
    ck_assert(!w->inside && w->ws != NULL);
    w->opened = true;
    if (w->close_in == IN_OPENED) close_now(w);
}

static void on_message(void *user_data, const char *text, size_t len)
{
    struct world *w = user_data;
    ck_assert(!w->inside && w->ws != NULL);
    volatile char behind = text[len];
    (void)behind;
    w->messages++;
    w->bytes += len;
    w->len = len;
    w->got = true;
    if (w->numbered) {
        if (len < 10 || strtoul((char[11]){ text[0], text[1], text[2], text[3], text[4], text[5], text[6], text[7], text[8], text[9], 0 },
                                NULL, 10) != w->expect_next++)
            w->misordered = true;
    } else {
        w->text = realloc(w->text, len + 1);
        memcpy(w->text, text, len);
        w->text[len] = '\0';
    }
    if (w->close_in == IN_MESSAGE) close_now(w);
}

static void on_alive(void *user_data)
{
    struct world *w = user_data;
    ck_assert(!w->inside && w->ws != NULL);
    w->alives++;
    w->lived = true;
    if (w->close_in == IN_ALIVE) close_now(w);
}

static void on_closed(void *user_data, const char *reason)
{
    struct world *w = user_data;
    ck_assert(!w->inside && w->ws != NULL);
    w->closes++;
    w->closed = true;
    snprintf(w->reason, sizeof w->reason, "%s", reason);
    ck_assert_msg(strstr(reason, "secret") == NULL && strstr(reason, "/v5") == NULL, "%s", reason);
    if (w->close_in == IN_CLOSED) close_now(w);
}

static void open_ws(struct world *w)
{
    const struct ws_callbacks callbacks = { on_opened, on_message, on_alive, on_closed, w };
    w->options.impl = w->impl;
    w->options.url = w->url;
    w->opened = w->closed = false;
    w->inside = true;
    ck_assert_int_eq(bot__ws_open(w->io, &w->options, &callbacks, &w->ws), 0);
    w->inside = false;
}

static void start_with(struct world *w, enum ws_impl impl, bool tls, struct devcert_options cert)
{
    static char prefix[16];
    static unsigned worlds;
    snprintf(prefix, sizeof prefix, "world%u", worlds++);
    *w = (struct world){ .impl = impl };
    uv_loop_init(&w->loop);
    cert.prefix = prefix;
    cert.directory = scratch_directory();
    ck_assert_int_eq(bot__devcert_make(&cert, &w->certs), 0);
    const struct server_options options = { .cert_file = tls ? w->certs.cert_file : NULL, .key_file = tls ? w->certs.key_file : NULL,
                                            .ws_message_bytes_max = 4 << 20 };
    ck_assert_int_eq(bot__server_open(&w->loop, &options, &server_callbacks, w, &w->server), 0);
    snprintf(w->url, sizeof w->url, "%s://127.0.0.1:%u/v5/private?key=secret", tls ? "wss" : "ws", bot__server_port(w->server));
    w->options.ca_file = tls ? w->certs.ca_file : NULL;
    ck_assert_int_eq(bot__io_loop_acquire(&w->loop, &w->io), 0);
}

static void start(struct world *w, enum ws_impl impl) { start_with(w, impl, true, (struct devcert_options){ 0 }); }

static void connect_ws(struct world *w)
{
    open_ws(w);
    ck_assert(!w->opened && !w->closed);
    loop_until(&w->loop, &w->opened, 5000, w->reason);
}

static void finish(struct world *w)
{
    if (w->ws != NULL) close_now(w);
    if (w->server != NULL) bot__server_close(w->server, NULL, NULL);
    loop_release(&w->loop, w->io);
    loop_must_close(&w->loop);
    free(w->text);
    free(w->server_text);
}

WS_TEST(carries_path_host_and_text_of_every_length_both_ways)
{
    struct world w;
    start(&w, impl);
    w.echo = true;
    w.options.queue_bytes_max = 4 << 20;
    connect_ws(&w);
    ck_assert_str_eq(w.path, "/v5/private?key=secret");
    char host[64];
    snprintf(host, sizeof host, "127.0.0.1:%u", bot__server_port(w.server));
    ck_assert_str_eq(w.host, host);
    static const size_t lengths[] = { 0, 1, 124, 125, 126, 127, 600, 4082, 4092, 4093, 4096, 65535, 65536, 65537, 200000, 1 << 20 };
    char *text = malloc((1 << 20) + 1);
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t k = 0; k < lengths[i]; k++) text[k] = (char)('a' + (k * 7 + i) % 26);
        w.got = false;
        ck_assert_int_eq(bot__ws_send(w.ws, text, lengths[i]), 0);
        UNTIL(&w.loop, w.got);
        ck_assert_uint_eq(w.server_len, lengths[i]);
        ck_assert_int_eq(memcmp(w.server_text, text, lengths[i]), 0);
        ck_assert_uint_eq(w.len, lengths[i]);
        ck_assert_int_eq(memcmp(w.text, text, lengths[i]), 0);
    }
    free(text);
    ck_assert_uint_eq(w.closes, 0);
    finish(&w);
}

static bool memory_is_out;
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size) { return memory_is_out && size > 4096 ? NULL : __real_realloc(p, size); }

/* What is refused must not be begun: the next message would be read as its rest. */
TEST(ws_wslay, a_message_for_which_there_is_no_memory_leaves_the_next_whole)
{
    if (!bot__ws_impl_available(WS_IMPL_WSLAY)) test_skip("built without wslay");
    static char text[10000];
    struct world w;
    start(&w, WS_IMPL_WSLAY);
    connect_ws(&w);
    memset(text, 'x', sizeof text);
    memory_is_out = true;
    ck_assert_int_eq(bot__ws_send(w.ws, text, sizeof text), BOT_ERR_NOMEM);
    memory_is_out = false;
    ck_assert_int_eq(bot__ws_send(w.ws, "{\"op\":\"cancel\"}", 15), 0);
    UNTIL(&w.loop, w.peer_got);
    ck_assert_str_eq(w.server_text, "{\"op\":\"cancel\"}");
    finish(&w);
}

WS_TEST(leaves_the_callers_text_alone)
{
    struct world w;
    start(&w, impl);
    connect_ws(&w);
    char text[] = "{\"op\":\"subscribe\",\"args\":[\"execution\"]}";
    for (unsigned i = 0; i < 3; i++) {
        w.peer_got = false;
        ck_assert_int_eq(bot__ws_send(w.ws, text, strlen(text)), 0);
        UNTIL(&w.loop, w.peer_got);
        ck_assert_str_eq(w.server_text, "{\"op\":\"subscribe\",\"args\":[\"execution\"]}");
        ck_assert_str_eq(text, w.server_text);
    }
    finish(&w);
}

WS_TEST(joins_fragments_and_answers_a_ping_between_them)
{
    struct world w;
    start(&w, impl);
    connect_ws(&w);
    static const size_t lengths[] = { 10, 5000, 100000 }, fragments[] = { 3, 700, 65536 };
    char *text = malloc(100001);
    for (unsigned i = 0; i < 3; i++) {
        for (size_t k = 0; k < lengths[i]; k++) text[k] = (char)('A' + (k * 11 + i) % 26);
        w.got = w.lived = w.peer_ponged = false;
        ck_assert_int_eq(bot__server_ws_send_fragments(w.server, w.peer, text, lengths[i], fragments[i]), 0);
        UNTIL(&w.loop, w.got);
        ck_assert_uint_eq(w.len, lengths[i]);
        ck_assert_int_eq(memcmp(w.text, text, lengths[i]), 0);
        ck_assert_uint_eq(w.messages, i + 1);
        ck_assert(w.lived);
        UNTIL(&w.loop, w.peer_ponged);
    }
    free(text);
    finish(&w);
}

WS_TEST(reads_frames_that_arrive_byte_by_byte)
{
    struct world w;
    start(&w, impl);
    connect_ws(&w);
    unsigned char frame[4 + 300] = { 0x81, 126, 300 >> 8, 300 & 255 };
    memset(frame + 4, 'z', 300);
    for (unsigned i = 0; i < sizeof frame; i++) {
        ck_assert_int_eq(bot__server_ws_send_raw(w.server, w.peer, frame + i, 1), 0);
        uv_run(&w.loop, UV_RUN_NOWAIT);
        if (i == 200) ck_assert(!w.got);
    }
    UNTIL(&w.loop, w.got);
    ck_assert_uint_eq(w.len, 300);
    ck_assert_uint_eq(w.messages, 1);
    finish(&w);
}

WS_TEST(a_ping_is_answered_by_alive_and_the_peers_ping_is_seen)
{
    struct world w;
    start(&w, impl);
    connect_ws(&w);
    ck_assert_int_eq(bot__ws_ping(w.ws), 0);
    UNTIL(&w.loop, w.lived);
    ck_assert_uint_eq(w.server_pings, 1);
    loop_for(&w.loop, 30);
    w.lived = false;
    ck_assert_int_eq(bot__server_ws_ping(w.server, w.peer), 0);
    UNTIL(&w.loop, w.lived);
    UNTIL(&w.loop, w.peer_ponged);
    ck_assert_uint_eq(w.messages, 0);
    finish(&w);
}

WS_TEST(ten_thousand_messages_in_a_row_arrive_whole_and_in_order)
{
    struct world w;
    start(&w, impl);
    w.numbered = true;
    connect_ws(&w);
    char text[700];
    memset(text, '.', sizeof text);
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(text, sizeof text, "%010u", i);
        text[10] = '.';
        bot__server_ws_cork(w.server, w.peer, i % 20 != 0); /* twenty records in one write */
        ck_assert_int_eq(bot__server_ws_send(w.server, w.peer, text, 10 + i % 690), 0);
    }
    bot__server_ws_cork(w.server, w.peer, false);
    for (unsigned i = 0; i < 500 && w.messages < 10000; i++) loop_for(&w.loop, 10);
    ck_assert_uint_eq(w.messages, 10000);
    ck_assert(!w.misordered);
    finish(&w);
}

WS_TEST(the_peers_close_is_told_with_code_and_words)
{
    struct world w;
    start(&w, impl);
    connect_ws(&w);
    ck_assert_int_eq(bot__server_ws_close(w.server, w.peer, 1008, "too many\x01 requests"), 0);
    UNTIL(&w.loop, w.closed);
    ck_assert_msg(strstr(w.reason, "1008") != NULL && strstr(w.reason, "too many? requests") != NULL, "%s", w.reason);
    ck_assert_int_eq(bot__ws_send(w.ws, "x", 1), BOT_ERR_NOT_CONNECTED);
    ck_assert_int_eq(bot__ws_ping(w.ws), BOT_ERR_NOT_CONNECTED);
    UNTIL(&w.loop, w.peer_gone);
    ck_assert_uint_eq(w.closes, 1);
    finish(&w);
}

WS_TEST(our_close_reaches_the_peer_with_code_1000)
{
    struct world w;
    start(&w, impl);
    connect_ws(&w);
    close_now(&w);
    UNTIL(&w.loop, w.peer_gone);
    ck_assert_int_eq(w.server_code, 1000);
    ck_assert_uint_eq(w.closes, 0);
    finish(&w);
}

WS_TEST(a_cut_connection_is_told)
{
    struct world w;
    start(&w, impl);
    connect_ws(&w);
    bot__server_ws_cut(w.server, w.peer);
    UNTIL(&w.loop, w.closed);
    ck_assert_uint_eq(w.closes, 1);
    ck_assert(w.reason[0] != '\0');
    finish(&w);
}

WS_TEST(a_half_open_peer_fills_the_bounded_queue_and_is_not_called_alive)
{
    struct world w;
    start(&w, impl);
    w.options.queue_bytes_max = 100000;
    connect_ws(&w);
    bot__server_ws_stall(w.server, w.peer, true);
    char text[1000];
    memset(text, 'q', sizeof text);
    unsigned sent = 0;
    for (unsigned before = 1, quiet = 0; quiet < 4; quiet = before == sent ? quiet + 1 : 0) { /* until the kernel takes nothing more either */
        before = sent;
        while (sent < 60000 && bot__ws_send(w.ws, text, sizeof text) == 0)
            if (++sent % 50 == 0) uv_run(&w.loop, UV_RUN_NOWAIT);
        loop_for(&w.loop, 50);
    }
    ck_assert_int_eq(bot__ws_send(w.ws, text, sizeof text), BOT_ERR_FULL);
    ck_assert_uint_gt(sent, 90);
    bot__ws_ping(w.ws);
    w.alives = 0;
    loop_for(&w.loop, 100);
    ck_assert_uint_eq(w.alives, 0);
    ck_assert_uint_eq(w.closes, 0);
    ck_assert_int_eq(bot__ws_send(w.ws, text, sizeof text), BOT_ERR_FULL);

    /* It comes back: everything that was accepted arrives. */
    bot__server_ws_stall(w.server, w.peer, false);
    for (unsigned i = 0; i < 500 && w.server_messages < sent; i++) loop_for(&w.loop, 10);
    ck_assert_uint_eq(w.server_messages, sent);
    ck_assert_int_eq(bot__ws_send(w.ws, text, sizeof text), 0);
    finish(&w);
}

WS_TEST(closing_towards_a_half_open_peer_takes_less_than_a_second)
{
    struct world w;
    start(&w, impl);
    connect_ws(&w);
    bot__server_ws_stall(w.server, w.peer, true);
    char text[1000] = { 0 };
    for (unsigned i = 0; i < 60000 && bot__ws_send(w.ws, text, sizeof text) == 0; i++)
        if (i % 50 == 0) uv_run(&w.loop, UV_RUN_NOWAIT);
    uint64_t begin = uv_hrtime();
    close_now(&w);
    loop_release(&w.loop, w.io);
    ck_assert_uint_lt((uv_hrtime() - begin) / 1000000, 1000);
    bot__server_close(w.server, NULL, NULL);
    loop_must_close(&w.loop);
}

static void expect_failure(struct world *w, const char *word)
{
    open_ws(w);
    UNTIL(&w->loop, w->closed);
    ck_assert(!w->opened);
    ck_assert_uint_eq(w->closes, 1);
    ck_assert_msg(strstr(w->reason, word) != NULL, "reason is: %s", w->reason);
}

WS_TEST(a_refused_port_is_told)
{
    struct world w;
    start(&w, impl);
    snprintf(w.url, sizeof w.url, "wss://127.0.0.1:%u/v5", free_port());
    expect_failure(&w, "connect");
    finish(&w);
}

WS_TEST(another_authority_is_refused)
{
    struct world w;
    start(&w, impl);
    struct devcert other;
    ck_assert_int_eq(bot__devcert_make(&(struct devcert_options){ .directory = scratch_directory(), .prefix = "other" }, &other), 0);
    w.options.ca_file = other.ca_file;
    expect_failure(&w, "TLS");
    close_now(&w);
    /* The system's store does not know it either. */
    w.closes = 0;
    w.options.ca_file = NULL;
    expect_failure(&w, "TLS");
    ck_assert_uint_eq(w.opens, 0);
    finish(&w);
}

WS_TEST(a_certificate_for_another_name_is_refused)
{
    struct world w;
    start_with(&w, impl, true, (struct devcert_options){ .host = "elsewhere.test", .only_host = true });
    expect_failure(&w, "mismatch");
    close_now(&w);
    w.closes = 0;
    snprintf(w.url, sizeof w.url, "wss://localhost:%u/v5", bot__server_port(w.server));
    expect_failure(&w, "mismatch");
    ck_assert_uint_eq(w.opens, 0);
    finish(&w);
}

WS_TEST(an_expired_certificate_is_refused)
{
    struct world w;
    start_with(&w, impl, true, (struct devcert_options){ .expired = true });
    expect_failure(&w, "expired");
    ck_assert_uint_eq(w.opens, 0);
    finish(&w);
}

WS_TEST(a_name_is_resolved_and_verified)
{
    struct world w;
    start(&w, impl);
    snprintf(w.url, sizeof w.url, "wss://localhost:%u", bot__server_port(w.server));
    connect_ws(&w);
    ck_assert_str_eq(w.path, "/");
    char host[64];
    snprintf(host, sizeof host, "localhost:%u", bot__server_port(w.server));
    ck_assert_str_eq(w.host, host);
    close_now(&w);
    snprintf(w.url, sizeof w.url, "wss://no-such-host.invalid/v5");
    expect_failure(&w, "lookup");
    finish(&w);
}

WS_TEST(a_handshake_that_hangs_ends_at_the_connect_timeout)
{
    struct world w;
    start(&w, impl);
    bot__server_hang_accept(w.server, true);
    w.options.connect_timeout_ms = 150;
    uint64_t begin = uv_hrtime();
    expect_failure(&w, "150 ms");
    uint64_t ms = (uv_hrtime() - begin) / 1000000;
    ck_assert_msg(ms >= 150 && ms < 1500, "%u ms", (unsigned)ms);
    loop_for(&w.loop, 50);
    finish(&w);
}

WS_TEST(a_refused_upgrade_is_told_with_its_status)
{
    struct world w;
    start(&w, impl);
    w.refuse_with = 403;
    expect_failure(&w, "403");
    finish(&w);
}

/* A listener that answers whatever comes with given bytes, then waits. */
struct canned {
    uv_tcp_t    listener, peer;
    const char *bytes;
    size_t      len;
    uv_write_t  write;
    bool        accepted;
};

static void canned_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    static char buf[4096];
    (void)handle, (void)suggested;
    *ret = uv_buf_init(buf, sizeof buf);
}

static void canned_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct canned *c = stream->data;
    (void)buf;
    if (n <= 0) {
        uv_read_stop(stream);
        return;
    }
    uv_buf_t out = uv_buf_init((char *)(uintptr_t)c->bytes, (unsigned)c->len);
    uv_write(&c->write, stream, &out, 1, NULL);
}

static void canned_connection(uv_stream_t *listener, int status)
{
    struct canned *c = listener->data;
    if (status < 0 || c->accepted) return;
    c->accepted = true;
    uv_accept(listener, (uv_stream_t *)&c->peer);
    uv_read_start((uv_stream_t *)&c->peer, canned_alloc, canned_read);
}

static unsigned canned_open(struct canned *c, uv_loop_t *loop, const char *bytes, size_t len)
{
    struct sockaddr_in addr;
    int size = sizeof addr;
    *c = (struct canned){ .bytes = bytes, .len = len };
    uv_ip4_addr("127.0.0.1", 0, &addr);
    uv_tcp_init(loop, &c->listener);
    uv_tcp_init(loop, &c->peer);
    c->listener.data = c->peer.data = c;
    uv_tcp_bind(&c->listener, (struct sockaddr *)&addr, 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&c->listener, 4, canned_connection), 0);
    uv_tcp_getsockname(&c->listener, (struct sockaddr *)&addr, &size);
    return ntohs(addr.sin_port);
}

static void canned_close(struct canned *c, uv_loop_t *loop)
{
    uv_close((uv_handle_t *)&c->listener, NULL);
    uv_close((uv_handle_t *)&c->peer, NULL);
    loop_for(loop, 5);
}

WS_TEST(an_upgrade_answered_wrongly_never_opens)
{
    static const char *const wrong[] = {
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"), /* for another key */
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct world w;
        struct canned canned;
        start_with(&w, impl, false, (struct devcert_options){ 0 });
        w.options.connect_timeout_ms = 1500;
        snprintf(w.url, sizeof w.url, "ws://127.0.0.1:%u/v5", canned_open(&canned, &w.loop, wrong[i], strlen(wrong[i])));
        open_ws(&w);
        UNTIL(&w.loop, w.closed);
        ck_assert_msg(!w.opened, "case %u opened", i);
        canned_close(&canned, &w.loop);
        finish(&w);
    }
}

WS_TEST(plain_ws_works_for_tests)
{
    struct world w;
    start_with(&w, impl, false, (struct devcert_options){ 0 });
    w.echo = true;
    connect_ws(&w);
    ck_assert_int_eq(bot__ws_send(w.ws, "hello", 5), 0);
    UNTIL(&w.loop, w.got);
    ck_assert_str_eq(w.text, "hello");
    finish(&w);
}

WS_TEST(a_message_beyond_the_bound_ends_the_connection)
{
    struct world w;
    start(&w, impl);
    w.options.message_bytes_max = 10000;
    connect_ws(&w);
    char *text = calloc(1, 20000);
    memset(text, 'x', 20000);
    ck_assert_int_eq(bot__server_ws_send(w.server, w.peer, text, 10000), 0);
    UNTIL(&w.loop, w.got);
    ck_assert(!w.closed);
    ck_assert_int_eq(bot__server_ws_send_fragments(w.server, w.peer, text, 10001, 6000), 0);
    UNTIL(&w.loop, w.closed);
    ck_assert_uint_eq(w.messages, 1);
    ck_assert_msg(strstr(w.reason, "10000") != NULL, "%s", w.reason);
    free(text);
    finish(&w);
}

WS_TEST(broken_frames_end_the_connection_and_give_no_message)
{
    static const struct { const char *what, *bytes; size_t len; } broken[] = {
        { "reserved bit", "\xc1\x02hi", 4 },
        { "unknown opcode", "\x83\x02hi", 4 },
        { "unknown control", "\x8b\x02hi", 4 },
        { "continuation of nothing", "\x80\x02hi", 4 },
        { "ping in two", "\x09\x02hi", 4 },
        { "long ping", "\x89\x7e\x00\x80", 4 },
    };
    for (unsigned i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct world w;
        start(&w, impl);
        connect_ws(&w);
        ck_assert_int_eq(bot__server_ws_send_raw(w.server, w.peer, broken[i].bytes, broken[i].len), 0);
        loop_until(&w.loop, &w.closed, 3000, broken[i].what);
        ck_assert_msg(w.messages == 0, "%s gave a message", broken[i].what);
        finish(&w);
    }
}

/* Behind a message that does not end there may be fills: its bytes show for a while that the peer lives, not that all is well. */
WS_TEST(a_message_that_only_trickles_in_is_no_sign_of_life_for_ever)
{
    struct world w;
    start(&w, impl);
    w.options.part_alive_ms = 150;
    connect_ws(&w);
    ck_assert_int_eq(bot__server_ws_send_raw(w.server, w.peer, "\x81\x7e\x03\xe8" "a", 5), 0); /* of a thousand */
    UNTIL(&w.loop, w.lived);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(bot__server_ws_send_raw(w.server, w.peer, "b", 1), 0);
        loop_for(&w.loop, 20);
    }
    const unsigned before = w.alives;
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(bot__server_ws_send_raw(w.server, w.peer, "c", 1), 0);
        loop_for(&w.loop, 20);
    }
    ck_assert_uint_eq(w.alives, before);
    char rest[969];
    memset(rest, 'd', sizeof rest);
    ck_assert_int_eq(bot__server_ws_send_raw(w.server, w.peer, rest, sizeof rest), 0);
    UNTIL(&w.loop, w.got);
    ck_assert_uint_eq(w.len, 1000);
    w.lived = false; /* the next one counts again */
    ck_assert_int_eq(bot__server_ws_send_raw(w.server, w.peer, "\x81\x7e\x03\xe8" "a", 5), 0);
    UNTIL(&w.loop, w.lived);
    finish(&w);
}

TEST(ws_wslay, a_masked_frame_from_a_server_ends_the_connection)
{
    if (!bot__ws_impl_available(WS_IMPL_WSLAY)) test_skip("built without wslay");
    struct world w;
    start(&w, WS_IMPL_WSLAY);
    connect_ws(&w);
    ck_assert_int_eq(bot__server_ws_send_raw(w.server, w.peer, "\x81\x82" "aaaa" "hi", 8), 0);
    UNTIL(&w.loop, w.closed);
    ck_assert_uint_eq(w.messages, 0);
    ck_assert_ptr_nonnull(strstr(w.reason, "masked"));
    finish(&w);
}

WS_TEST(close_is_allowed_in_every_callback)
{
    for (unsigned in = IN_OPENED; in <= IN_CLOSED; in++) {
        struct world w;
        start(&w, impl);
        w.close_in = in;
        connect_ws(&w);
        if (in != IN_OPENED) {
            UNTIL(&w.loop, w.peer_here);
            if (in == IN_MESSAGE)
                for (unsigned i = 0; i < 5; i++) bot__server_ws_send(w.server, w.peer, "many", 4);
            if (in == IN_ALIVE) bot__ws_ping(w.ws);
            if (in == IN_CLOSED) bot__server_ws_cut(w.server, w.peer);
        }
        for (unsigned i = 0; i < 200 && w.ws != NULL; i++) loop_for(&w.loop, 5);
        ck_assert_ptr_null(w.ws);
        loop_for(&w.loop, 20);
        ck_assert_uint_le(w.messages, 1);
        finish(&w);
    }
}

WS_TEST(close_is_allowed_at_any_moment_of_connecting)
{
    for (unsigned turns = 0; turns < 12; turns++) {
        struct world w;
        start(&w, impl);
        if (turns % 3 == 2) snprintf(w.url, sizeof w.url, "wss://localhost:%u/", bot__server_port(w.server));
        open_ws(&w);
        for (unsigned i = 0; i < turns; i++) uv_run(&w.loop, UV_RUN_NOWAIT);
        close_now(&w);
        finish(&w);
    }
    /* With the host's io given up in the same moment, a connection hanging. */
    struct world w;
    start(&w, impl);
    bot__server_hang_accept(w.server, true);
    open_ws(&w);
    loop_for(&w.loop, 30);
    finish(&w);
}

WS_TEST(a_network_that_dies_in_the_middle_of_connecting_leaves_nothing_on_the_loop)
{
    struct world w;
    start(&w, impl);
    struct byte_proxy *proxy = byte_proxy_open(&w.loop, bot__server_port(w.server));
    snprintf(w.url, sizeof w.url, "wss://127.0.0.1:%u/", byte_proxy_port(proxy));
    w.options.connect_timeout_ms = 100;
    for (unsigned i = 0; i < 48; i++) {
        const bool stalls = i % 2 != 0, resets = i / 2 % 2 != 0;
        if (stalls) byte_proxy_pace(proxy, TO_CLIENT, BYTES_STALL);
        w.closed = false;
        open_ws(&w);
        loop_for(&w.loop, i / 4); /* nothing yet, half a handshake, open */
        byte_proxy_cut(proxy, resets);
        if (i / 4 % 3 == 0) { /* and nobody listens any more when it tries again */
            byte_proxy_refuse(proxy, true);
            loop_for(&w.loop, 5);
        }
        byte_proxy_pace(proxy, TO_CLIENT, BYTES_PASS);
        loop_for(&w.loop, 10);
        byte_proxy_refuse(proxy, false);
        close_now(&w);
    }
    bool closed = false;
    byte_proxy_close(proxy, &closed);
    UNTIL(&w.loop, closed);
    finish(&w);
}

WS_TEST(two_hundred_connections_leave_descriptors_and_memory_flat)
{
    struct world w;
    start(&w, impl);
    w.echo = true;
    unsigned descriptors = 0;
    size_t resident = 0;
    for (unsigned i = 0; i < 200; i++) {
        w.peer_gone = w.got = false;
        connect_ws(&w);
        ck_assert_int_eq(bot__ws_send(w.ws, "hello", 5), 0);
        UNTIL(&w.loop, w.got);
        close_now(&w);
        UNTIL(&w.loop, w.peer_gone);
        for (unsigned k = 0; k < 100 && bot__server_connections(w.server) > 0; k++) loop_for(&w.loop, 1);
        loop_for(&w.loop, 2);
        if (i == 60) {
            descriptors = descriptors_open();
            resident = resident_kib();
        }
    }
    ck_assert_uint_eq(descriptors_open(), descriptors);
    size_t now = resident_kib();
    ck_assert_msg(test_sanitized() || now < resident + 600, "%zu KiB after 60, %zu KiB after 200 connections",
                  resident, now);
    finish(&w);
}

WS_TEST(the_shared_part_is_made_and_given_back_again_and_again)
{
    struct world w;
    start(&w, impl);
    unsigned descriptors = 0;
    for (unsigned i = 0; i < 20; i++) {
        connect_ws(&w);
        close_now(&w);
        loop_release(&w.loop, w.io);
        ck_assert_int_eq(bot__io_loop_acquire(&w.loop, &w.io), 0);
        for (unsigned k = 0; k < 200 && bot__server_connections(w.server) > 0; k++) loop_for(&w.loop, 2);
        if (i == 3) descriptors = descriptors_open();
    }
    ck_assert_uint_eq(descriptors_open(), descriptors);
    finish(&w);
}

WS_TEST(accounts_on_one_loop_share_and_two_loops_do_not)
{
    struct world a, b;
    start(&a, impl);
    struct io_loop *again;
    ck_assert_int_eq(bot__io_loop_acquire(&a.loop, &again), 0);
    ck_assert_ptr_eq(again, a.io);
    start(&b, impl);
    ck_assert_ptr_ne(a.io, b.io);
    a.echo = b.echo = true;
    open_ws(&a);
    open_ws(&b);
    for (unsigned i = 0; i < 1000 && !(a.opened && b.opened); i++) {
        loop_for(&a.loop, 2);
        loop_for(&b.loop, 2);
    }
    ck_assert_msg(a.opened && b.opened, "%s | %s", a.reason, b.reason);
    close_now(&a);
    loop_release(&a.loop, again);
    finish(&a);
    /* The second loop goes on when the first is gone. */
    ck_assert_int_eq(bot__ws_send(b.ws, "still", 5), 0);
    UNTIL(&b.loop, b.got);
    finish(&b);
}

WS_TEST(many_connections_on_one_loop_do_not_mix)
{
    struct world w[8];
    start(&w[0], impl);
    for (unsigned i = 1; i < 8; i++) {
        w[i] = (struct world){ .impl = impl, .io = w[0].io, .options = w[0].options };
        memcpy(w[i].url, w[0].url, sizeof w[i].url);
    }
    w[0].echo = true;
    for (unsigned i = 0; i < 8; i++) open_ws(&w[i]);
    for (unsigned i = 0; i < 8; i++) UNTIL(&w[0].loop, w[i].opened);
    for (unsigned i = 0; i < 8; i++) {
        char text[16];
        int n = snprintf(text, sizeof text, "socket %u", i);
        ck_assert_int_eq(bot__ws_send(w[i].ws, text, (size_t)n), 0);
    }
    for (unsigned i = 0; i < 8; i++) {
        char text[16];
        snprintf(text, sizeof text, "socket %u", i);
        UNTIL(&w[0].loop, w[i].got);
        ck_assert_str_eq(w[i].text, text);
        free(w[i].text);
        w[i].text = NULL;
        if (i > 0) close_now(&w[i]);
    }
    finish(&w[0]);
}

static void own_handler(int number) { (void)number; }

WS_TEST(a_hosts_own_sigpipe_handler_stays)
{
    signal(SIGPIPE, own_handler);
    struct world w;
    start(&w, impl);
    connect_ws(&w);
    struct sigaction now;
    ck_assert_int_eq(sigaction(SIGPIPE, NULL, &now), 0);
    ck_assert(now.sa_handler == own_handler);
    finish(&w);
}

WS_TEST(bad_urls_and_files_are_refused_at_once)
{
    struct world w;
    start(&w, impl);
    static const char *const bad[] = { "", "wss://", "https://localhost", "wss://u:p@localhost/", "wss://local host/", "wss://a:0/",
                                       "wss://a:65536/", "wss://[::1/", "wss://[x]/", "wss://a/\r\nX: y", "wss://a/#f", "wss://:80/" };
    const struct ws_callbacks callbacks = { on_opened, on_message, on_alive, on_closed, &w };
    struct ws *ws;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(bot__ws_open(w.io, &(struct ws_options){ .impl = impl, .url = bad[i] }, &callbacks, &ws) == BOT_ERR_INVALID,
                      "%s", bad[i]);
    ck_assert_int_eq(bot__ws_open(w.io, &(struct ws_options){ .impl = impl, .url = w.url, .ca_file = "/nonexistent" }, &callbacks, &ws),
                     BOT_ERR_IO);
    finish(&w);
}
