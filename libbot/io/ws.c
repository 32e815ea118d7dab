#include "io/ws_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "bot/err.h"

static const struct ws_ops *ops_of(enum ws_impl impl)
{
    switch (impl) {
    case WS_IMPL_LWS: return &bot__ws_lws;
#ifdef BOT_HAVE_WSLAY
    case WS_IMPL_DEFAULT:
    case WS_IMPL_WSLAY: return &bot__ws_wslay;
#else
    case WS_IMPL_DEFAULT: return &bot__ws_lws;
    case WS_IMPL_WSLAY: return NULL;
#endif
    }
    return NULL;
}

bool bot__ws_impl_available(enum ws_impl impl) { return ops_of(impl) != NULL; }

const char *bot__ws_impl_name(enum ws_impl impl)
{
    const struct ws_ops *ops = ops_of(impl);
    return ops != NULL ? ops->name : "not built";
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

static void maybe_free(struct ws *ws)
{
    if (!ws->forgotten || ws->impl_live || !ws->timer_closed) return;
    struct io_loop *io = ws->io;
    free(ws->url_text);
    free(ws);
    bot__io_loop_object_done(io);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct ws *ws = handle->data;
    ws->timer_closed = true;
    maybe_free(ws);
}

static void end(struct ws *ws, const char *reason)
{
    if (ws->state == WS_ENDED) return;
    ws->state = WS_ENDED;
    uv_timer_stop(&ws->timer);
    ws->callbacks.closed(ws->callbacks.user_data, reason); /* may close */
}

void bot__ws_on_ended(struct ws *ws, const char *reason) { end(ws, reason); }

void bot__ws_on_gone(struct ws *ws)
{
    ws->impl_live = false;
    maybe_free(ws);
}

void bot__ws_close(struct ws *ws)
{
    if (ws == NULL) return;
    BOT_ASSERT(!ws->forgotten);
    ws->forgotten = true;
    if (ws->resolve != NULL) bot__resolve_cancel(ws->resolve);
    if (ws->impl_live) ws->ops->stop(ws); /* stopping twice is allowed */
    ws->state = WS_ENDED;
    uv_close((uv_handle_t *)&ws->timer, on_timer_closed);
}

void bot__ws_close_text(char *buf, size_t size, const unsigned char *payload, size_t len)
{
    if (len < 2) {
        snprintf(buf, size, "closed by the peer without a code");
        return;
    }
    char words[124];
    size_t n = 0;
    for (size_t i = 2; i < len && n < sizeof words - 1; i++)
        words[n++] = payload[i] >= ' ' && payload[i] < 0x7f ? (char)payload[i] : '?';
    words[n] = '\0';
    snprintf(buf, size, "closed by the peer: %u%s%s", (unsigned)payload[0] << 8 | payload[1], n > 0 ? " " : "", words);
}

/* ---- what the implementation reports ------------------------------------------------------------------------ */

void bot__ws_on_opened(struct ws *ws)
{
    if (ws->state != WS_CONNECTING) return;
    ws->state = WS_OPEN;
    uv_timer_stop(&ws->timer);
    ws->callbacks.opened(ws->callbacks.user_data);
}

void bot__ws_on_message(struct ws *ws, const char *text, size_t len)
{
    ws->part_since_ms = 0;
    if (ws->state == WS_OPEN) ws->callbacks.message(ws->callbacks.user_data, text, len);
}

void bot__ws_on_alive(struct ws *ws)
{
    ws->part_since_ms = 0;
    if (ws->state == WS_OPEN) ws->callbacks.alive(ws->callbacks.user_data);
}

/* A message that trickles in holds back what comes behind it: it may not keep a lease for ever. */
void bot__ws_on_part(struct ws *ws)
{
    const uint64_t now = uv_now(ws->io->uv);
    if (ws->part_since_ms == 0) ws->part_since_ms = now;
    if (ws->state == WS_OPEN && now - ws->part_since_ms <= ws->options.part_alive_ms) ws->callbacks.alive(ws->callbacks.user_data);
}

/* ---- connecting --------------------------------------------------------------------------------------------- */

static void connect_to(struct ws *ws, const struct resolved *where)
{
    ws->state = WS_CONNECTING;
    int r = ws->ops->start(ws, where);
    if (r < 0) end(ws, bot_strerror(r));
    else ws->impl_live = true;
}

static void on_resolved(void *user_data, const struct resolved *result)
{
    struct ws *ws = user_data;
    ws->resolve = NULL;
    if (result->n > 0) {
        connect_to(ws, result);
        return;
    }
    char reason[160];
    snprintf(reason, sizeof reason, "name lookup failed: %s", result->error);
    end(ws, reason);
}

static void on_timer(uv_timer_t *timer)
{
    struct ws *ws = timer->data;
    if (ws->state == WS_STARTING) {
        struct resolved where;
        uv_timer_start(&ws->timer, on_timer, ws->options.connect_timeout_ms, 0);
        if (bot__resolve_numeric(ws->url.host, ws->url.port, &where)) {
            connect_to(ws, &where);
            return;
        }
        ws->state = WS_RESOLVING;
        int r = bot__resolve_start(ws->io, ws->url.host, ws->url.port, on_resolved, ws, &ws->resolve);
        if (r < 0) end(ws, bot_strerror(r));
        return;
    }
    char reason[80];
    snprintf(reason, sizeof reason, "%s took longer than %u ms", ws->state == WS_RESOLVING ? "name lookup" : "connecting",
             ws->options.connect_timeout_ms);
    if (ws->resolve != NULL) bot__resolve_cancel(ws->resolve);
    ws->resolve = NULL;
    if (ws->impl_live) ws->ops->stop(ws);
    end(ws, reason);
}

int bot__ws_open(struct io_loop *io, const struct ws_options *options, const struct ws_callbacks *callbacks, struct ws **ret)
{
    struct url url;
    struct io_tls *tls = NULL;
    if (bot__url_parse(options->url, &url) != BOT_OK || !url.ws) return BOT_ERR_INVALID;
    const struct ws_ops *ops = ops_of(options->impl);
    if (ops == NULL) return BOT_ERR_UNSUPPORTED;
    int r = url.tls ? bot__io_loop_tls(io, options->ca_file, &tls) : BOT_OK;
    if (r < 0) return r;

    struct ws *ws = calloc(1, sizeof *ws);
    /* One byte in front of the path: "?query" alone needs a "/". */
    char *text = malloc(strlen(url.path) + 2);
    if (ws == NULL || text == NULL) {
        free(ws);
        free(text);
        return BOT_ERR_NOMEM;
    }
    sprintf(text, "%s%s", url.path[0] == '/' ? "" : "/", url.path);
    ws->ops = ops;
    ws->io = io;
    ws->tls = tls;
    ws->callbacks = *callbacks;
    ws->options = *options;
    ws->options.url = ws->options.ca_file = NULL;
    if (ws->options.connect_timeout_ms == 0) ws->options.connect_timeout_ms = 10000;
    if (ws->options.message_bytes_max == 0) ws->options.message_bytes_max = 4 << 20;
    if (ws->options.queue_bytes_max == 0) ws->options.queue_bytes_max = 256 << 10;
    if (ws->options.part_alive_ms == 0) ws->options.part_alive_ms = 5000;
    ws->url = url;
    ws->url.path = NULL;
    ws->url_text = text;
    ws->path = text;
    bot__url_authority(&url, ws->authority, sizeof ws->authority);
    bot__io_loop_object_begun(io);
    uv_timer_init(io->uv, &ws->timer);
    ws->timer.data = ws;
    uv_timer_start(&ws->timer, on_timer, 0, 0); /* so that no library reports inside this call */
    *ret = ws;
    return BOT_OK;
}

int bot__ws_send(struct ws *ws, const char *text, size_t len)
{
    return ws->state == WS_OPEN ? ws->ops->send(ws, text, len) : BOT_ERR_NOT_CONNECTED;
}

int bot__ws_ping(struct ws *ws) { return ws->state == WS_OPEN ? ws->ops->ping(ws) : BOT_ERR_NOT_CONNECTED; }
