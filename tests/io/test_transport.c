/* The transport's table over real sockets, with a recorder in the session's place; every test over both libraries of WebSockets. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "io/server.h"
#include "io/timer.h"
#include "io/transport_uv.h"
#include "loop.h"

struct session {
    const struct transport *io;
    struct transport_uv    *t;
    char                    trace[2048];
    bool                    opened, closed, message, done, fired, alive;
    bool                    reopen, close_all, all_closed;
    char                    url[96], base[64];
    struct session_time     last;
    bot_ts                  fired_at;
    uint64_t                done_id;
    enum transport_result   result;
};

static void note(struct session *s, struct session_time t, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void note(struct session *s, struct session_time t, const char *format, ...)
{
    va_list ap;
    size_t len = strlen(s->trace);
    va_start(ap, format);
    vsnprintf(s->trace + len, sizeof s->trace - len, format, ap);
    va_end(ap);
    ck_assert_int_ge(t.now, s->last.now);
    ck_assert_int_gt(t.wall_ns, 1600000000 * BOT_NS_PER_S);
    s->last = t;
}

static void ws_opened(struct session *s, struct session_time t, bot_stream stream)
{
    note(s, t, "opened %d\n", stream);
    s->opened = true;
}

static void ws_message(struct session *s, struct session_time t, bot_stream stream, const char *text, size_t len)
{
    note(s, t, "message %d %.*s\n", stream, (int)len, text);
    s->message = true;
}

static void ws_alive(struct session *s, struct session_time t, bot_stream stream)
{
    (void)stream;
    note(s, t, "%s", "");
    s->alive = true;
}

static void set_flag(void *user_data) { *(bool *)user_data = true; }

static void ws_closed(struct session *s, struct session_time t, bot_stream stream, const char *reason)
{
    (void)reason;
    note(s, t, "closed %d\n", stream);
    s->closed = true;
    if (s->reopen) {
        s->reopen = false;
        ck_assert_int_eq(s->io->ws_open(s->io->self, stream, s->url), 0);
    }
    if (s->close_all) bot__transport_uv_close(s->t, set_flag, &s->all_closed);
}

static void http_done(struct session *s, struct session_time t, uint64_t id, enum transport_result result, int http_status,
                      const struct venue_header *headers, uint32_t headers_n, const char *body, size_t len, const char *error)
{
    (void)headers, (void)headers_n, (void)error;
    note(s, t, "http %u %d %d %.*s\n", (unsigned)id, result, http_status, (int)len, body);
    s->done = true;
    s->done_id = id;
    s->result = result;
}

static void timer(struct session *s, struct session_time t)
{
    note(s, t, "timer\n");
    s->fired = true;
    s->fired_at = t.now;
}

static const struct session_inputs inputs = { ws_opened, ws_message, ws_alive, ws_closed, http_done, timer };

struct world {
    uv_loop_t      loop;
    struct server *server;
    uint64_t       peer;
    struct devcert certs;
    struct session s;
};

static void on_request(void *user_data, uint64_t token, const struct server_request *request)
{
    struct world *w = user_data;
    if (strcmp(request->path, "/hang") == 0) return;
    bot__server_answer(w->server, token, &(struct server_answer){ .body = SLICE("{}") });
}

static int on_ws_open(void *user_data, uint64_t ws, const struct server_request *request)
{
    (void)request;
    ((struct world *)user_data)->peer = ws;
    return 0;
}

static void on_ws_message(void *user_data, uint64_t ws, char *text, size_t len)
{
    bot__server_ws_send(((struct world *)user_data)->server, ws, text, len);
}

static enum ws_impl impl; /* of the test that runs */
#define BOTH_TEST(name)                                                                  \
    static void name(void);                                                              \
    TEST(transport, name)                                                                \
    {                                                                                    \
        if (!bot__ws_impl_available(WS_IMPL_WSLAY)) test_skip("built without wslay");    \
        impl = WS_IMPL_WSLAY;                                                            \
        name();                                                                          \
    }                                                                                    \
    TEST(transport, name##_over_libwebsockets)                                           \
    {                                                                                    \
        impl = WS_IMPL_LWS;                                                              \
        name();                                                                          \
    }                                                                                    \
    static void name(void)

static void start(struct world *w)
{
    static const struct server_callbacks callbacks = { .request = on_request, .ws_open = on_ws_open, .ws_message = on_ws_message };
    *w = (struct world){ 0 };
    uv_loop_init(&w->loop);
    w->certs = make_certs();
    ck_assert_int_eq(bot__server_open(&w->loop, &(struct server_options){ .cert_file = w->certs.cert_file, .key_file = w->certs.key_file },
                                      &callbacks, w, &w->server), 0);
    snprintf(w->s.url, sizeof w->s.url, "wss://127.0.0.1:%u/private", bot__server_port(w->server));
    snprintf(w->s.base, sizeof w->s.base, "https://127.0.0.1:%u", bot__server_port(w->server));
    ck_assert_int_eq(bot__transport_uv_open(&w->loop, &(struct transport_uv_options){ .ca_file = w->certs.ca_file, .ws_impl = impl }, &w->s.t), 0);
    w->s.io = bot__transport_uv_table(w->s.t);
    bot__transport_uv_bind(w->s.t, &inputs, &w->s);
}

static void finish(struct world *w)
{
    if (!w->s.close_all) bot__transport_uv_close(w->s.t, set_flag, &w->s.all_closed);
    UNTIL(&w->loop, w->s.all_closed);
    bot__server_close(w->server, NULL, NULL);
    loop_must_close(&w->loop);
}

BOTH_TEST(carries_streams_requests_and_the_timer)
{
    struct world w;
    start(&w);
    const struct transport *io = w.s.io;
    ck_assert_int_eq(io->ws_send(io->self, BOT_STREAM_PRIVATE, "x", 1), BOT_ERR_NOT_CONNECTED);
    ck_assert_int_eq(io->ws_ping(io->self, BOT_STREAM_PRIVATE), BOT_ERR_NOT_CONNECTED);
    ck_assert_int_eq(io->ws_open(io->self, BOT_STREAM_PRIVATE, w.s.url), 0);
    UNTIL(&w.loop, w.s.opened);
    ck_assert_int_eq(io->ws_send(io->self, BOT_STREAM_PRIVATE, "hello", 5), 0);
    UNTIL(&w.loop, w.s.message);
    ck_assert_int_eq(io->ws_ping(io->self, BOT_STREAM_PRIVATE), 0);
    UNTIL(&w.loop, w.s.alive);
    struct venue_http http = { .method = "GET", .path = "/v5/time" };
    ck_assert_int_eq(io->http_start(io->self, 7, w.s.base, &http, bot__transport_uv_now().now + 2 * BOT_NS_PER_S), 0);
    UNTIL(&w.loop, w.s.done);
    ck_assert_str_eq(w.s.trace, "opened 0\nmessage 0 hello\nhttp 7 0 200 {}\n");
    io->ws_close(io->self, BOT_STREAM_PRIVATE);
    io->ws_close(io->self, BOT_STREAM_PRIVATE);
    loop_for(&w.loop, 30);
    ck_assert_msg(!w.s.closed, "no ws_closed after ws_close");
    finish(&w);
}

TEST(transport, the_timer_never_comes_early_and_can_be_moved)
{
    struct world w;
    start(&w);
    const struct transport *io = w.s.io;
    for (unsigned i = 0; i < 40; i++) {
        bot_ts at = bot__transport_uv_now().now + (bot_ts)(i * 333333);
        w.s.fired = false;
        io->timer(io->self, at + BOT_NS_PER_S);
        io->timer(io->self, at);
        UNTIL(&w.loop, w.s.fired);
        ck_assert_int_ge(w.s.fired_at, at);
    }
    w.s.fired = false;
    io->timer(io->self, bot__transport_uv_now().now);
    io->timer(io->self, BOT_TS_NEVER);
    loop_for(&w.loop, 20);
    ck_assert(!w.s.fired);
    finish(&w);
}

BOTH_TEST(a_stream_may_be_reopened_and_everything_closed_inside_its_closed)
{
    struct world w;
    start(&w);
    const struct transport *io = w.s.io;
    ck_assert_int_eq(io->ws_open(io->self, BOT_STREAM_PUBLIC, w.s.url), 0);
    UNTIL(&w.loop, w.s.opened);
    w.s.opened = false;
    w.s.reopen = true;
    bot__server_ws_cut(w.server, w.peer);
    UNTIL(&w.loop, w.s.opened);
    w.s.close_all = true;
    struct venue_http http = { .method = "GET", .path = "/hang" };
    ck_assert_int_eq(io->http_start(io->self, 1, w.s.base, &http, bot__transport_uv_now().now + 5 * BOT_NS_PER_S), 0);
    bot__server_ws_cut(w.server, w.peer);
    UNTIL(&w.loop, w.s.all_closed);
    ck_assert_str_eq(w.s.trace, "opened 1\nclosed 1\nopened 1\nclosed 1\n");
    ck_assert_msg(!w.s.done, "no http_done after close");
    finish(&w);
}

BOTH_TEST(opening_an_open_stream_drops_the_first_in_silence)
{
    struct world w;
    start(&w);
    const struct transport *io = w.s.io;
    ck_assert_int_eq(io->ws_open(io->self, BOT_STREAM_PRIVATE, w.s.url), 0);
    UNTIL(&w.loop, w.s.opened);
    w.s.opened = false;
    ck_assert_int_eq(io->ws_open(io->self, BOT_STREAM_PRIVATE, w.s.url), 0);
    UNTIL(&w.loop, w.s.opened);
    ck_assert_str_eq(w.s.trace, "opened 0\nopened 0\n");
    ck_assert_int_lt(io->ws_open(io->self, BOT_STREAM_PRIVATE, "https://not-a-socket"), 0);
    finish(&w);
}

BOTH_TEST(two_accounts_on_one_loop_live_and_leave_apart)
{
    struct world w;
    start(&w);
    struct session second = { .all_closed = false };
    ck_assert_int_eq(bot__transport_uv_open(&w.loop, &(struct transport_uv_options){ .ca_file = w.certs.ca_file, .ws_impl = impl }, &second.t), 0);
    second.io = bot__transport_uv_table(second.t);
    bot__transport_uv_bind(second.t, &inputs, &second);
    ck_assert_int_eq(second.io->ws_open(second.io->self, BOT_STREAM_PRIVATE, w.s.url), 0);
    ck_assert_int_eq(w.s.io->ws_open(w.s.io->self, BOT_STREAM_PRIVATE, w.s.url), 0);
    UNTIL(&w.loop, w.s.opened);
    UNTIL(&w.loop, second.opened);
    bot__transport_uv_close(second.t, set_flag, &second.all_closed);
    UNTIL(&w.loop, second.all_closed);
    ck_assert_int_eq(w.s.io->ws_send(w.s.io->self, BOT_STREAM_PRIVATE, "here", 4), 0);
    UNTIL(&w.loop, w.s.message);
    finish(&w);
}

BOTH_TEST(a_host_may_close_its_loop_in_the_last_callback)
{
    struct world w;
    start(&w);
    ck_assert_int_eq(w.s.io->ws_open(w.s.io->self, BOT_STREAM_PRIVATE, w.s.url), 0);
    UNTIL(&w.loop, w.s.opened);
    bool server_closed = false;
    bot__server_close(w.server, set_flag, &server_closed);
    UNTIL(&w.loop, server_closed);
    bot__transport_uv_close(w.s.t, set_flag, &w.s.all_closed);
    while (!w.s.all_closed) uv_run(&w.loop, UV_RUN_ONCE);
    ck_assert_int_eq(uv_loop_close(&w.loop), 0);
}

BOTH_TEST(an_unreadable_ca_file_is_an_error_at_open)
{
    struct world w;
    start(&w);
    struct transport_uv *t;
    ck_assert_int_eq(bot__transport_uv_open(&w.loop, &(struct transport_uv_options){ .ca_file = "/nonexistent", .ws_impl = impl }, &t), BOT_ERR_IO);
    finish(&w);
}
