#include "watch/heartbeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "bot/err.h"
#include "io/http.h"
#include "io/url.h"
#include "watch/watch.h"

#define DEADLINE_NS (10 * BOT_NS_PER_S)

struct heartbeat {
    struct http_client *http;
    char     base[300], path[900];
    uint64_t every_ms, next_ms;
    uint64_t id;
    bool     busy, failing;
    heartbeat_result result;
    void    *user_data;
};

static void ended(struct heartbeat *h, const char *why)
{
    h->busy = false;
    const bool first = why != NULL && !h->failing;
    h->failing = why != NULL;
    if (h->result != NULL)
        h->result(h->user_data, h->base, why);
    else if (first)
        (void)watch_say("warning heartbeat: %s: %s; tried again with the next", h->base, why); /* the path may be the secret */
}

static void done(void *user_data, uint64_t id, const struct http_answer *answer)
{
    struct heartbeat *h = user_data;
    char why[60];
    snprintf(why, sizeof why, "answered with status %d", answer->status);
    if (id == h->id)
        ended(h, answer->result != TRANSPORT_OK ? answer->error : answer->status >= 200 && answer->status < 300 ? NULL : why);
}

int heartbeat_open(struct io_loop *io, const struct watch_config *config, heartbeat_result result, void *user_data, struct heartbeat **ret, char *why)
{
    *ret = NULL;
    if (config->alerts.heartbeat.url == NULL)
        return BOT_OK;
    struct url u;
    char authority[280];
    struct heartbeat *h = calloc(1, sizeof *h);
    if (h == NULL) {
        snprintf(why, WATCH_WHY_MAX, "out of memory");
        return BOT_ERR_NOMEM;
    }
    if (bot__url_parse(config->alerts.heartbeat.url, &u) < 0 || u.ws || strlen(u.path) + 1 >= sizeof h->path) {
        snprintf(why, WATCH_WHY_MAX, "alerts.heartbeat: its address is too long or no https:// URL");
        free(h);
        return BOT_ERR_OPTIONS;
    }
    bot__url_authority(&u, authority, sizeof authority);
    snprintf(h->base, sizeof h->base, "%s://%s", u.tls ? "https" : "http", authority);
    snprintf(h->path, sizeof h->path, "%s%s", u.path[0] == '/' ? "" : "/", u.path);
    h->result = result;
    h->user_data = user_data;
    h->every_ms = (uint64_t)(config->alerts.heartbeat.every_s * 1000);
    const struct http_options o = { .ca_file = config->alerts.heartbeat.ca_file, .requests_max = 1, .connections_max = 1, .body_bytes_max = 65536 };
    const int r = bot__http_open(io, &o, done, h, &h->http);
    if (r < 0) {
        snprintf(why, WATCH_WHY_MAX, "alerts.heartbeat: ca_file %s: %s", o.ca_file != NULL ? o.ca_file : "(the system's)", bot_strerror(r));
        free(h);
        return r;
    }
    *ret = h;
    return BOT_OK;
}

void heartbeat_tick(struct heartbeat *h, uint64_t now_ms, bool well)
{
    if (h == NULL || h->busy || now_ms < h->next_ms || !well)
        return;
    struct venue_http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return;
    h->next_ms = now_ms + h->every_ms;
    h->busy = true;
    http->method = "GET";
    snprintf(http->path, sizeof http->path, "%s", h->path);
    const int r = bot__http_start(h->http, ++h->id, h->base, http, (bot_ts)uv_hrtime() + DEADLINE_NS);
    explicit_bzero(http, sizeof *http);
    free(http);
    if (r < 0)
        ended(h, bot_strerror(r));
}

void heartbeat_close(struct heartbeat *h)
{
    if (h == NULL)
        return;
    bot__http_close(h->http);
    explicit_bzero(h->path, sizeof h->path);
    free(h);
}
