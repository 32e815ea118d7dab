/* The server against clients that mean it no good, over plain sockets so that every byte is theirs. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "io/http1.h"
#include "io/server.h"
#include "io/ws_frame.h"
#include "loop.h"

struct world {
    uv_loop_t      loop;
    struct server *server;
    unsigned       requests, gone, ws_messages, ws_closes;
    uint64_t       tokens[8];
    bool           hold;
    char           path[256];
    int            ws_code;
    uint64_t       ws;
    size_t         ws_len;
};

static void on_request(void *user_data, uint64_t token, const struct server_request *r)
{
    struct world *w = user_data;
    snprintf(w->path, sizeof w->path, "%s", r->path);
    w->tokens[w->requests++ % 8] = token;
    if (!w->hold) bot__server_answer(w->server, token, &(struct server_answer){ .content_type = "text/plain", .body = SLICE("fine") });
}

static void on_gone(void *user_data, uint64_t token)
{
    (void)token;
    ((struct world *)user_data)->gone++;
}

static int on_ws_open(void *user_data, uint64_t ws, const struct server_request *r)
{
    (void)r;
    ((struct world *)user_data)->ws = ws;
    return 0;
}

static void on_ws_message(void *user_data, uint64_t ws, char *text, size_t len)
{
    struct world *w = user_data;
    (void)ws;
    ck_assert_int_eq(text[len], '\0');
    w->ws_messages++;
    w->ws_len = len;
}

static void on_ws_closed(void *user_data, uint64_t ws, int code)
{
    struct world *w = user_data;
    (void)ws;
    w->ws_closes++;
    w->ws_code = code;
}

static const struct server_callbacks callbacks = { .request = on_request, .request_gone = on_gone, .ws_open = on_ws_open,
                                                   .ws_message = on_ws_message, .ws_closed = on_ws_closed };

static void start(struct world *w, struct server_options options)
{
    *w = (struct world){ 0 };
    uv_loop_init(&w->loop);
    ck_assert_int_eq(bot__server_open(&w->loop, &options, &callbacks, w, &w->server), 0);
}

static void finish(struct world *w)
{
    bot__server_close(w->server, NULL, NULL);
    loop_must_close(&w->loop);
}

static int dial(struct world *w)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(bot__server_port(w->server)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    return fd;
}

static void say(int fd, const void *bytes, size_t len) { ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len); }
static void say_text(int fd, const char *text) { say(fd, text, strlen(text)); }

/* Runs the loop and collects what comes until `until` is in it, or the end of the connection (NULL), 3 s at most. */
static char *hear(struct world *w, int fd, const char *until, bool *ret_end)
{
    static char buf[1 << 16];
    size_t len = 0;
    *ret_end = false;
    for (unsigned i = 0; i < 600; i++) {
        loop_for(&w->loop, 5);
        ssize_t n = recv(fd, buf + len, sizeof buf - 1 - len, MSG_DONTWAIT);
        if (n > 0) len += (size_t)n;
        buf[len] = '\0';
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            *ret_end = true;
            return buf;
        }
        if (until != NULL && strstr(buf, until) != NULL) return buf;
    }
    ck_abort_msg("waited 3 s; have: %s", buf);
}

static void expect_refusal(struct world *w, const char *request, const char *status)
{
    int fd = dial(w);
    bool end;
    say_text(fd, request);
    char *heard = hear(w, fd, NULL, &end);
    ck_assert_msg(strstr(heard, status) != NULL, "to '%.60s' it said '%.60s'", request, heard);
    close(fd);
}

TEST(server, refuses_what_is_not_http_and_closes)
{
    struct world w;
    start(&w, (struct server_options){ 0 });
    expect_refusal(&w, "\x16\x03\x01 a TLS hello", " 400 ");
    expect_refusal(&w, "GET\r\n\r\n", " 400 ");
    expect_refusal(&w, "GET / HTTP/2.0\r\n\r\n", " 400 ");
    expect_refusal(&w, "GET http://elsewhere/ HTTP/1.1\r\n\r\n", " 400 ");
    expect_refusal(&w, "GET / HTTP/1.1\r\nNo colon\r\n\r\n", " 400 ");
    expect_refusal(&w, "GET / HTTP/1.1\r\nHost : x\r\n\r\n", " 400 ");
    expect_refusal(&w, "GET / HTTP/1.1\r\n folded\r\n\r\n", " 400 ");
    expect_refusal(&w, "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", " 400 ");
    expect_refusal(&w, "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", " 400 ");
    expect_refusal(&w, "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", " 400 ");
    expect_refusal(&w, "POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nab", " 400 ");
    expect_refusal(&w, "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", " 400 ");
    expect_refusal(&w, "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", " 501 ");
    expect_refusal(&w, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", " 411 ");
    expect_refusal(&w, "POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", " 413 ");
    expect_refusal(&w, "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n", " 400 ");
    expect_refusal(&w, "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n\r\n", " 426 ");
    ck_assert_uint_eq(w.requests, 0);
    finish(&w);
}

TEST(server, bounds_header_bytes_and_header_count)
{
    struct world w;
    start(&w, (struct server_options){ .header_bytes_max = 2000 });
    char *long_one = malloc(4000);
    memset(long_one, 'a', 4000);
    memcpy(long_one, "GET /", 5);
    long_one[3999] = '\0';
    expect_refusal(&w, long_one, " 431 ");
    free(long_one);
    char many[2000] = "GET / HTTP/1.1\r\n";
    for (unsigned i = 0; i < 70; i++) strcat(many, "a:b\r\n");
    strcat(many, "\r\n");
    expect_refusal(&w, many, " 431 ");
    finish(&w);
}

TEST(server, half_a_request_ends_at_the_timeout)
{
    struct world w;
    start(&w, (struct server_options){ .request_timeout_ms = 200, .idle_timeout_ms = 300 });
    bool end;
    int fd = dial(&w), silent = dial(&w);
    say_text(fd, "GET / HTTP/1.1\r\nHo");
    uint64_t begin = uv_hrtime();
    ck_assert_ptr_nonnull(strstr(hear(&w, fd, NULL, &end), " 408 "));
    hear(&w, silent, NULL, &end);
    ck_assert(end);
    ck_assert_uint_lt((uv_hrtime() - begin) / 1000000, 2000);
    /* A kept connection that asks nothing more. */
    int kept = dial(&w);
    say_text(kept, "GET /a HTTP/1.1\r\n\r\n");
    hear(&w, kept, "fine", &end);
    hear(&w, kept, NULL, &end);
    ck_assert(end);
    close(fd), close(silent), close(kept);
    finish(&w);
}

TEST(server, a_request_byte_by_byte_and_two_in_one_packet_are_answered_in_order)
{
    struct world w;
    start(&w, (struct server_options){ 0 });
    bool end;
    int fd = dial(&w);
    static const char slow[] = "POST /slow?x=1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    for (unsigned i = 0; i < sizeof slow - 1; i++) {
        say(fd, slow + i, 1);
        uv_run(&w.loop, UV_RUN_NOWAIT);
    }
    hear(&w, fd, "fine", &end);
    ck_assert_str_eq(w.path, "/slow?x=1");
    w.hold = true;
    say_text(fd, "GET /one HTTP/1.1\r\n\r\nGET /two HTTP/1.1\r\n\r\n");
    loop_for(&w.loop, 30);
    ck_assert_uint_eq(w.requests, 2);
    ck_assert_int_eq(bot__server_answer(w.server, w.tokens[1], &(struct server_answer){ .body = SLICE("first") }), 0);
    ck_assert_uint_eq(w.requests, 2); /* not inside our call */
    hear(&w, fd, "first", &end);
    loop_for(&w.loop, 10);
    ck_assert_uint_eq(w.requests, 3);
    ck_assert_str_eq(w.path, "/two");
    ck_assert_int_eq(bot__server_answer(w.server, w.tokens[1], &(struct server_answer){ .status = 200 }), BOT_ERR_NOT_FOUND);
    ck_assert_int_eq(bot__server_answer(w.server, w.tokens[2], &(struct server_answer){ .body = SLICE("second") }), 0);
    hear(&w, fd, "second", &end);
    close(fd);
    finish(&w);
}

TEST(server, expect_continue_and_head_are_understood)
{
    struct world w;
    start(&w, (struct server_options){ 0 });
    bool end;
    int fd = dial(&w);
    say_text(fd, "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    hear(&w, fd, "100 Continue\r\n\r\n", &end);
    say_text(fd, "ok");
    hear(&w, fd, "fine", &end);
    say_text(fd, "HEAD /a HTTP/1.1\r\nConnection: close\r\n\r\n");
    char *heard = hear(&w, fd, NULL, &end);
    ck_assert_ptr_nonnull(strstr(heard, "Content-Length: 4"));
    ck_assert_ptr_null(strstr(heard, "fine"));
    close(fd);
    finish(&w);
}

TEST(server, answers_cannot_split_headers)
{
    struct world w;
    start(&w, (struct server_options){ 0 });
    bool end;
    w.hold = true;
    int fd = dial(&w);
    say_text(fd, "GET / HTTP/1.1\r\n\r\n");
    loop_for(&w.loop, 30);
    ck_assert_int_eq(bot__server_answer(w.server, w.tokens[0], &(struct server_answer){
        .headers = &(struct server_header){ "X", "a\r\nY: b" }, .headers_n = 1 }), BOT_ERR_INVALID);
    ck_assert_int_eq(bot__server_answer(w.server, w.tokens[0], &(struct server_answer){ .body = SLICE("still") }), 0);
    hear(&w, fd, "still", &end);
    close(fd);
    finish(&w);
}

TEST(server, connections_beyond_the_bound_are_closed_and_others_served)
{
    struct world w;
    start(&w, (struct server_options){ .connections_max = 4 });
    int fds[40];
    bool end;
    for (unsigned i = 0; i < 40; i++) {
        fds[i] = dial(&w);
        loop_for(&w.loop, 2);
    }
    ck_assert_uint_eq(bot__server_connections(w.server), 4);
    unsigned served = 0;
    for (unsigned i = 0; i < 40; i++) {
        static const char ask[] = "GET / HTTP/1.1\r\n\r\n";
        if (send(fds[i], ask, sizeof ask - 1, MSG_NOSIGNAL) < 0) continue;
        served += strstr(hear(&w, fds[i], "fine", &end), "fine") != NULL;
    }
    ck_assert_uint_eq(served, 4);
    for (unsigned i = 0; i < 40; i++) close(fds[i]);
    for (unsigned i = 0; i < 100 && bot__server_connections(w.server) > 0; i++) loop_for(&w.loop, 5);
    ck_assert_uint_eq(bot__server_connections(w.server), 0);
    int fd = dial(&w);
    say_text(fd, "GET / HTTP/1.1\r\n\r\n");
    hear(&w, fd, "fine", &end);
    close(fd);
    finish(&w);
}

static unsigned memory_fails; /* so many times */
void *__real_calloc(size_t n, size_t size);
void *__real_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size) { return memory_fails > 0 && memory_fails-- > 0 ? NULL : __real_calloc(n, size); }
void *__wrap_malloc(size_t size) { return memory_fails > 0 && memory_fails-- > 0 ? NULL : __real_malloc(size); }

/* libuv asks for no further connection before it is rid of the one that it has. */
TEST(server, a_connection_for_which_there_is_no_memory_is_not_the_last)
{
    for (unsigned times = 1; times <= 4; times++) {
        struct world w;
        bool end;
        start(&w, (struct server_options){ .connections_max = 4 });
        const int first = dial(&w);
        memory_fails = times;
        loop_for(&w.loop, 20);
        memory_fails = 0;
        const int fd = dial(&w);
        say_text(fd, "GET / HTTP/1.1\r\n\r\n");
        hear(&w, fd, "fine", &end);
        close(first);
        close(fd);
        finish(&w);
    }
}

TEST(server, half_a_request_behind_another_ends_at_the_same_timeout)
{
    struct world w;
    bool end;
    start(&w, (struct server_options){ .request_timeout_ms = 200, .idle_timeout_ms = 10000 });
    const int fd = dial(&w);
    say_text(fd, "GET / HTTP/1.1\r\n\r\nG");
    hear(&w, fd, "fine", &end);
    ck_assert_ptr_nonnull(strstr(hear(&w, fd, NULL, &end), "408"));
    close(fd);
    finish(&w);
}

/* Who reads slowly has the whole answer all the same, also the last one of his connection. */
TEST(server, a_last_answer_reaches_a_slow_reader_whole)
{
    enum { BODY = 7 << 20 };
    struct world w;
    start(&w, (struct server_options){ 0 });
    w.hold = true;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 8192 }, sizeof(int)), 0);
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(bot__server_port(w.server)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    say_text(fd, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    while (w.requests == 0) loop_for(&w.loop, 1);
    char *body = calloc(1, BODY), *in = malloc(1 << 16);
    ck_assert_int_eq(bot__server_answer(w.server, w.tokens[0], &(struct server_answer){ .body = { body, BODY } }), 0);
    size_t heard = 0;
    ssize_t n = -1;
    const uint64_t until = uv_hrtime() + 30 * UINT64_C(1000000000);
    /* Some 32 KiB every 10 ms at first, so that it takes longer than a second; then as fast as it comes. */
    for (unsigned i = 0; n != 0 && uv_hrtime() < until; i++) {
        loop_for(&w.loop, i < 130 ? 10 : 1);
        for (unsigned k = 0; k < (i < 130 ? 8u : 1000u); k++) {
            n = recv(fd, in, i < 130 ? 4096 : 1 << 16, MSG_DONTWAIT);
            if (n <= 0) break;
            heard += (size_t)n;
        }
        if (n < 0) ck_assert_msg(errno == EAGAIN || errno == EWOULDBLOCK, "%s after %zu of %d", strerror(errno), heard, (int)BODY);
    }
    ck_assert_msg(heard > BODY, "%zu of %d", heard, (int)BODY);
    free(body);
    free(in);
    close(fd);
    finish(&w);
}

static int upgrade(struct world *w)
{
    bool end;
    int fd = dial(w);
    say_text(fd, "GET /ws HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    char *heard = hear(w, fd, "\r\n\r\n", &end);
    /* RFC 6455's own example. */
    ck_assert_ptr_nonnull(strstr(heard, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    return fd;
}

TEST(server, breaches_of_the_websocket_protocol_close_with_their_code)
{
    static const struct { const char *bytes; size_t len; unsigned code; } broken[] = {
        { "\x81\x02hi", 4, 1002 },                                          /* not masked */
        { "\xc1\x80" "mask", 6, 1002 },                                     /* reserved bit */
        { "\x83\x80" "mask", 6, 1002 },                                     /* opcode */
        { "\x80\x80" "mask", 6, 1002 },                                     /* continuation of nothing */
        { "\x09\x80" "mask", 6, 1002 },                                     /* control in parts */
        { "\x89\xfe\x00\x80" "mask", 8, 1002 },                             /* long ping */
        { "\x81\xfe\x00\x05" "mask", 8, 1002 },                             /* length not in its shortest form */
        { "\x01\x80" "mask" "\x81\x80" "mask", 12, 1002 },                  /* a message inside a message */
        { "\x81\xff\x00\x00\x00\x01\x00\x00\x00\x00" "mask", 14, 1009 },    /* 4 GiB announced */
    };
    struct world w;
    start(&w, (struct server_options){ 0 });
    for (unsigned i = 0; i < sizeof broken / sizeof *broken; i++) {
        bool end;
        int fd = upgrade(&w);
        say(fd, broken[i].bytes, broken[i].len);
        unsigned char *heard = (unsigned char *)hear(&w, fd, NULL, &end);
        ck_assert_msg(heard[0] == 0x88 && (unsigned)(heard[2] << 8 | heard[3]) == broken[i].code, "case %u", i);
        close(fd);
    }
    ck_assert_uint_eq(w.ws_messages, 0);
    for (unsigned i = 0; i < 200 && w.ws_closes < 9; i++) loop_for(&w.loop, 5);
    ck_assert_uint_eq(w.ws_closes, 9);
    finish(&w);
}

TEST(server, websocket_messages_are_unmasked_joined_and_bounded)
{
    struct world w;
    start(&w, (struct server_options){ .ws_message_bytes_max = 10 });
    bool end;
    int fd = upgrade(&w);
    say(fd, "\x81\x85" "\1\2\3\4" "igooo", 11);
    for (unsigned i = 0; i < 100 && w.ws_messages < 1; i++) loop_for(&w.loop, 5);
    ck_assert_uint_eq(w.ws_len, 5);
    say(fd, "\x01\x83" "aaaa" "123" "\x89\x80" "aaaa" "\x80\x84" "aaaa" "4567", 25);
    for (unsigned i = 0; i < 100 && w.ws_messages < 2; i++) loop_for(&w.loop, 5);
    ck_assert_uint_eq(w.ws_messages, 2);
    ck_assert_uint_eq(w.ws_len, 7);
    say(fd, "\x01\x88" "aaaa" "12345678" "\x80\x88" "aaaa" "12345678", 28);
    hear(&w, fd, NULL, &end);
    ck_assert(end);
    ck_assert_uint_eq(w.ws_messages, 2);
    close(fd);
    finish(&w);
}

TEST(server, a_client_that_reads_nothing_is_bounded)
{
    struct world w;
    start(&w, (struct server_options){ .queue_bytes_max = 100000 });
    int fd = upgrade(&w);
    char text[1000] = { 0 };
    int r = 0;
    for (unsigned i = 0; i < 100000 && r == 0; i++) r = bot__server_ws_send(w.server, w.ws, text, sizeof text);
    ck_assert_int_eq(r, BOT_ERR_FULL);
    ck_assert_uint_le(bot__server_ws_queued(w.server, w.ws), 100000);
    bot__server_ws_cut(w.server, w.ws);
    ck_assert_int_eq(bot__server_ws_send(w.server, w.ws, "x", 1), BOT_ERR_NOT_FOUND);
    close(fd);
    finish(&w);
}

TEST(server, a_flood_of_small_frames_is_read_in_linear_time)
{
    struct world w;
    start(&w, (struct server_options){ 0 });
    int fd = upgrade(&w);
    enum { FRAMES = 100000 };
    char *flood = malloc(FRAMES * 6);
    for (unsigned i = 0; i < FRAMES; i++) memcpy(flood + i * 6, "\x81\x80" "aaaa", 6);
    uint64_t begin = uv_hrtime();
    for (size_t at = 0; at < FRAMES * 6;) {
        ssize_t n = send(fd, flood + at, FRAMES * 6 - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) at += (size_t)n;
        uv_run(&w.loop, UV_RUN_NOWAIT);
    }
    for (unsigned i = 0; i < 400 && w.ws_messages < FRAMES; i++) loop_for(&w.loop, 5);
    ck_assert_uint_eq(w.ws_messages, FRAMES);
    ck_assert_uint_lt((uv_hrtime() - begin) / 1000000, 5000);
    free(flood);
    close(fd);
    finish(&w);
}

TEST(server, random_bytes_and_changed_requests_never_hurt)
{
    struct world w;
    test_rng rng = { 20261121 };
    start(&w, (struct server_options){ .request_timeout_ms = 50 });
    static const char good[] = "POST /v5/order HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-BAPI-SIGN: abc\r\n\r\nhello";
    for (unsigned i = 0; i < 300; i++) {
        char bytes[sizeof good + 64];
        size_t len = sizeof good - 1;
        memcpy(bytes, good, len);
        unsigned changes = 1 + (unsigned)test_rng_below(&rng, 4);
        for (unsigned k = 0; k < changes; k++) bytes[test_rng_below(&rng, len)] = (char)test_rng_below(&rng, 256);
        if (i % 4 == 0)
            for (size_t k = 0; k < len; k++) bytes[k] = (char)test_rng_below(&rng, 256);
        int fd = dial(&w);
        say(fd, bytes, 1 + test_rng_below(&rng, len));
        for (unsigned k = 0; k < 4; k++) uv_run(&w.loop, UV_RUN_NOWAIT);
        close(fd);
    }
    for (unsigned i = 0; i < 400 && bot__server_connections(w.server) > 0; i++) loop_for(&w.loop, 5);
    ck_assert_uint_eq(bot__server_connections(w.server), 0);
    finish(&w);
}

static void set_flag(void *user_data) { *(bool *)user_data = true; }

TEST(server, close_ends_every_connection_and_tells_when_done)
{
    struct world w;
    bool closed = false;
    start(&w, (struct server_options){ 0 });
    int fds[10];
    for (unsigned i = 0; i < 10; i++) fds[i] = i % 2 == 0 ? upgrade(&w) : dial(&w);
    bot__server_close(w.server, set_flag, &closed);
    UNTIL(&w.loop, closed);
    for (unsigned i = 0; i < 10; i++) close(fds[i]);
    ck_assert_int_eq(uv_loop_close(&w.loop), 0);
    ck_assert_uint_eq(w.ws_closes, 0);
}

TEST(server, a_port_in_use_and_bad_certificates_are_errors)
{
    struct world w;
    struct server *second = NULL;
    start(&w, (struct server_options){ 0 });
    ck_assert_int_eq(bot__server_open(&w.loop, &(struct server_options){ .port = bot__server_port(w.server) }, &callbacks, &w, &second),
                     BOT_ERR_IO);
    ck_assert_int_eq(bot__server_open(&w.loop, &(struct server_options){ .host = "not an address" }, &callbacks, &w, &second), BOT_ERR_INVALID);
    ck_assert_int_eq(bot__server_open(&w.loop, &(struct server_options){ .cert_file = "/none", .key_file = "/none" }, &callbacks, &w, &second),
                     BOT_ERR_IO);
    finish(&w);
}

TEST(devcert, keeps_the_key_private_and_replaces_wider_permissions)
{
    struct devcert certs = make_certs();
    struct stat st;
    ck_assert_int_eq(chmod(certs.key_file, 0644), 0);
    certs = make_certs();
    ck_assert_int_eq(stat(certs.key_file, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(bot__devcert_make(&(struct devcert_options){ .directory = "/nonexistent" }, &certs), BOT_ERR_IO);
}
