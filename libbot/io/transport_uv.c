#include "io/transport_uv.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "io/http.h"
#include "io/io_loop_private.h"
#include "io/timer.h"

/* Which stream a socket belongs to: ws.h's callbacks carry one pointer. */
struct leg {
    struct transport_uv *t;
    bot_stream           stream;
    struct ws           *ws;
};

struct transport_uv {
    struct transport                  table;
    struct transport_uv_options       options;
    char                             *ca_file;
    struct io_loop                   *io;
    struct io_timer                   timer;
    struct http_client               *http;
    struct leg                        legs[BOT_STREAM_COUNT];
    const struct session_inputs *inputs;
    struct session                   *session; /* NULL before bind and after close */
    struct io_release                 release;
    void                            (*closed)(void *user_data);
    void                             *closed_user_data;
};

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * BOT_NS_PER_S + t.tv_nsec;
}

struct session_time bot__transport_uv_now(void) { return (struct session_time){ clock_ns(CLOCK_BOOTTIME), clock_ns(CLOCK_REALTIME) }; }

/* The same moment by the loop's clock, which stands while the machine sleeps. Read in this order it is never too early. */
static bot_ts loop_time(bot_ts at)
{
    if (at == BOT_TS_NEVER) return at;
    const bot_ts now = clock_ns(CLOCK_BOOTTIME), loop_now = (bot_ts)uv_hrtime();
    return at > now ? loop_now + (at - now) : loop_now - 1;
}

/* ---- from the sockets to the session ------------------------------------------------------------------------ */

static void on_opened(void *user_data)
{
    struct leg *leg = user_data;
    leg->t->inputs->ws_opened(leg->t->session, bot__transport_uv_now(), leg->stream);
}

static void on_message(void *user_data, const char *text, size_t len)
{
    struct leg *leg = user_data;
    leg->t->inputs->ws_message(leg->t->session, bot__transport_uv_now(), leg->stream, text, len);
}

static void on_alive(void *user_data)
{
    struct leg *leg = user_data;
    leg->t->inputs->ws_alive(leg->t->session, bot__transport_uv_now(), leg->stream);
}

static void on_closed(void *user_data, const char *reason)
{
    struct leg *leg = user_data;
    struct ws *ws = leg->ws;
    leg->ws = NULL; /* the session may open the next one in its callback */
    leg->t->inputs->ws_closed(leg->t->session, bot__transport_uv_now(), leg->stream, reason);
    bot__ws_close(ws);
}

static void on_http_done(void *user_data, uint64_t id, const struct http_answer *a)
{
    struct transport_uv *t = user_data;
    t->inputs->http_done(t->session, bot__transport_uv_now(), id, a->result, a->status, a->headers, a->headers_n, a->body, a->len,
                         a->error);
}

static void on_timer(struct io_timer *timer)
{
    struct transport_uv *t = (struct transport_uv *)((char *)timer - offsetof(struct transport_uv, timer));
    t->inputs->timer(t->session, bot__transport_uv_now());
}

/* ---- from the session to the sockets ------------------------------------------------------------------------ */

static void ws_close(void *self, bot_stream stream)
{
    struct transport_uv *t = self;
    BOT_ASSERT(stream < BOT_STREAM_COUNT);
    struct ws *ws = t->legs[stream].ws;
    t->legs[stream].ws = NULL;
    bot__ws_close(ws);
}

static int ws_open(void *self, bot_stream stream, const char *url)
{
    struct transport_uv *t = self;
    BOT_ASSERT(stream < BOT_STREAM_COUNT && t->session != NULL);
    ws_close(t, stream);
    const struct ws_options options = {
        .impl = t->options.ws_impl,
        .url = url,
        .ca_file = t->ca_file,
        .connect_timeout_ms = t->options.ws_connect_timeout_ms,
        .message_bytes_max = t->options.ws_message_bytes_max,
        .queue_bytes_max = t->options.ws_queue_bytes_max,
    };
    struct leg *leg = &t->legs[stream];
    const struct ws_callbacks callbacks = { on_opened, on_message, on_alive, on_closed, leg };
    return bot__ws_open(t->io, &options, &callbacks, &leg->ws);
}

static int ws_send(void *self, bot_stream stream, const char *text, size_t len)
{
    struct transport_uv *t = self;
    BOT_ASSERT(stream < BOT_STREAM_COUNT);
    struct ws *ws = t->legs[stream].ws;
    return ws != NULL ? bot__ws_send(ws, text, len) : BOT_ERR_NOT_CONNECTED;
}

static int ws_ping(void *self, bot_stream stream)
{
    struct transport_uv *t = self;
    BOT_ASSERT(stream < BOT_STREAM_COUNT);
    struct ws *ws = t->legs[stream].ws;
    return ws != NULL ? bot__ws_ping(ws) : BOT_ERR_NOT_CONNECTED;
}

static int http_start(void *self, uint64_t id, const char *base_url, const struct venue_http *http, bot_ts deadline)
{
    struct transport_uv *t = self;
    BOT_ASSERT(t->session != NULL);
    return bot__http_start(t->http, id, base_url, http, loop_time(deadline));
}

static void http_cancel(void *self, uint64_t id) { bot__http_cancel(((struct transport_uv *)self)->http, id); }

static void timer(void *self, bot_ts at) { bot__io_timer_arm(&((struct transport_uv *)self)->timer, loop_time(at)); }

/* ---- life --------------------------------------------------------------------------------------------------- */

static void on_released(void *user_data)
{
    struct transport_uv *t = user_data;
    void (*closed)(void *user_data) = t->closed;
    void *closed_user_data = t->closed_user_data;
    free(t->ca_file);
    free(t);
    if (closed != NULL) closed(closed_user_data);
}

static void on_timer_closed(struct io_timer *closed_timer)
{
    struct transport_uv *t = (struct transport_uv *)((char *)closed_timer - offsetof(struct transport_uv, timer));
    t->release = (struct io_release){ on_released, t, NULL };
    bot__io_loop_release(t->io, &t->release);
}

int bot__transport_uv_open(uv_loop_t *loop, const struct transport_uv_options *options, struct transport_uv **ret)
{
    struct transport_uv *t = calloc(1, sizeof *t);
    if (t == NULL) return BOT_ERR_NOMEM;
    t->options = *options;
    t->options.ca_file = NULL;
    t->table = (struct transport){ t, ws_open, ws_send, ws_ping, ws_close, http_start, http_cancel, timer };
    for (unsigned i = 0; i < BOT_STREAM_COUNT; i++) t->legs[i] = (struct leg){ t, (bot_stream)i, NULL };
    if (options->ca_file != NULL && (t->ca_file = strdup(options->ca_file)) == NULL) {
        free(t);
        return BOT_ERR_NOMEM;
    }
    int r = bot__io_loop_acquire(loop, &t->io);
    if (r < 0) {
        free(t->ca_file);
        free(t);
        return r;
    }
    bot__io_timer_init(&t->timer, loop, on_timer);
    const struct http_options http = {
        .ca_file = t->ca_file,
        .connect_timeout_ms = options->http_connect_timeout_ms,
        .body_bytes_max = options->http_body_bytes_max,
        .requests_max = options->http_requests_max,
    };
    r = bot__http_open(t->io, &http, on_http_done, t, &t->http);
    if (r < 0) {
        bot__transport_uv_close(t, NULL, NULL); /* its timer needs a turn of the loop */
        return r;
    }
    *ret = t;
    return BOT_OK;
}

const struct transport *bot__transport_uv_table(struct transport_uv *t) { return &t->table; }

void bot__transport_uv_bind(struct transport_uv *t, const struct session_inputs *inputs, struct session *session)
{
    BOT_ASSERT(inputs != NULL && session != NULL);
    t->inputs = inputs;
    t->session = session;
}

void bot__transport_uv_close(struct transport_uv *t, void (*closed)(void *user_data), void *user_data)
{
    t->session = NULL;
    t->closed = closed;
    t->closed_user_data = user_data;
    for (unsigned i = 0; i < BOT_STREAM_COUNT; i++) ws_close(t, (bot_stream)i);
    bot__http_close(t->http);
    t->http = NULL;
    bot__io_timer_arm(&t->timer, BOT_TS_NEVER);
    bot__io_timer_close(&t->timer, on_timer_closed);
}
