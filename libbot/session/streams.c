#include "session/streams.h"

#include <stdio.h>
#include <string.h>

#include "session/clock.h"

#define BRING_UP_NS (10 * BOT_NS_PER_S) /* for each phase */
#define BACKOFF_FIRST_NS (250 * BOT_NS_PER_MS)
#define BACKOFF_MAX_NS (30 * BOT_NS_PER_S)
#define PING_EVERY_NS (3 * BOT_NS_PER_S) /* well inside the private lease; venues advise no less than 20 s */
#define STEADY_NS (30 * BOT_NS_PER_S)    /* up for so long: the next failure starts the back-off anew */
#define LISTEN_KEEP_NS (300 * BOT_NS_PER_S) /* far more often than the key needs it: one that is gone in silence leaves the socket open and deaf */
#define LISTEN_RETRY_NS (10 * BOT_NS_PER_S)
#define FRAME_EVERY_NS (200 * BOT_NS_PER_MS)
#define MESSAGE_MAX 24576

static const struct stream_news no_news = { .what = STREAM_NO_NEWS };

const char *bot__streams_name(bot_stream stream)
{
    static const char *const names[BOT_STREAM_COUNT] = { "private", "public", "trade", "public_2" };
    return names[stream];
}

static const struct venue_stream_plan *plan_of(const struct session *s, bot_stream stream)
{
    const struct venue *v = s->options.venue;
    return stream == BOT_STREAM_PRIVATE ? &v->private_plan : stream == BOT_STREAM_TRADE ? &v->trade_plan : &v->public_plan;
}

static const char *base_url(const struct session *s, bot_stream stream)
{
    switch (stream) {
    case BOT_STREAM_PRIVATE: return s->options.private_url;
    case BOT_STREAM_PUBLIC: return s->options.public_url;
    case BOT_STREAM_PUBLIC_2: return s->public_2_url;
    case BOT_STREAM_TRADE:
    case BOT_STREAM_COUNT: break;
    }
    return s->options.trade_url;
}

/* ---- public data over two sockets ---- */

static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://"), *path = host != NULL ? strchr(host + 3, '/') : NULL;
    return path != NULL ? path : "";
}

/* One address is configured. The venue's own: then its own second one. Another that ends in the path of the venue's own (a
 * proxy, the paper exchange): the same with the second one's path. Else one address that serves both. */
static void second_url(const struct session *s, char *buf, size_t size)
{
    const struct venue *v = s->options.venue;
    const struct venue_endpoints *const own[] = { &v->endpoints, &v->endpoints_test };
    const char *first = s->options.public_url;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(first, own[i]->ws_public) == 0) {
            snprintf(buf, size, "%s", own[i]->ws_public_2 != NULL ? own[i]->ws_public_2 : first);
            return;
        }
    const char *from = path_of(v->endpoints.ws_public), *to = v->endpoints.ws_public_2 != NULL ? path_of(v->endpoints.ws_public_2) : from;
    const size_t len = strlen(first), tail = strlen(from);
    const bool alike = tail <= len && strcmp(first + len - tail, from) == 0;
    snprintf(buf, size, "%.*s%s", (int)(alike ? len - tail : len), first, alike ? to : "");
}

static bool brings_something(const struct session *s, bot_stream stream)
{
    for (uint32_t i = 0; i < s->options.instruments_n; i++)
        if (session_public_of(s, &s->options.instruments[i], false) == stream || session_public_of(s, &s->options.instruments[i], true) == stream)
            return true;
    return stream == BOT_STREAM_PUBLIC && s->options.instruments_n == 0;
}

static const bot_stream publics[] = { BOT_STREAM_PUBLIC, BOT_STREAM_PUBLIC_2 };
#define PUBLICS (sizeof publics / sizeof *publics)

bool bot__streams_public_up(const struct session *s)
{
    bool any = false;
    for (size_t i = 0; i < PUBLICS; i++) {
        const struct stream *st = &s->streams[publics[i]];
        if (st->wanted && st->phase != STREAM_UP)
            return false;
        any |= st->wanted;
    }
    return any;
}

bot_ts bot__streams_public_heard(const struct session *s)
{
    bot_ts at = BOT_TS_NEVER;
    for (size_t i = 0; i < PUBLICS; i++) {
        const struct stream *st = &s->streams[publics[i]];
        if (st->wanted && st->heard_at < at)
            at = st->heard_at;
    }
    return at;
}

bool bot__streams_decides(const struct session *s, bot_stream stream)
{
    if (!session_is_public(stream))
        return true;
    for (size_t i = 0; i < PUBLICS; i++) {
        const struct stream *st = &s->streams[publics[i]];
        if (publics[i] != stream && st->wanted && st->phase != STREAM_UP)
            return false;
    }
    return true;
}

static void wait_and_retry(struct session *s, bot_stream stream)
{
    struct stream *st = &s->streams[stream];
    const struct venue_stream_plan *plan = plan_of(s, stream);
    int64_t wait = BACKOFF_FIRST_NS;
    for (uint32_t i = 1; i < st->failures && wait < BACKOFF_MAX_NS; i++)
        wait *= 2;
    if (wait > BACKOFF_MAX_NS)
        wait = BACKOFF_MAX_NS;
    /* Half fixed, half drawn: a thousand bots that lost one venue do not come back in one instant. */
    wait = wait / 2 + (int64_t)(bot__session_random(s) % (uint64_t)(wait / 2 + 1));
    st->phase = STREAM_WAITING;
    st->at = session_after(s->t.now, st->failures == 0 ? 0 : wait);
    /* The venue's own limit on connects: the n-th last one must have left its window. */
    const uint32_t max = plan->connects_max < CONNECTS_KEPT ? plan->connects_max : CONNECTS_KEPT;
    if (max != 0) {
        const bot_ts then = st->connects[(st->connects_next + CONNECTS_KEPT - max) % CONNECTS_KEPT];
        const bot_ts allowed = then == 0 ? 0 : session_after(then, (int64_t)plan->connects_window_ms * BOT_NS_PER_MS);
        if (allowed > st->at)
            st->at = allowed;
    }
}

static struct stream_news lost(struct session *s, bot_stream stream, const char *reason)
{
    struct stream *st = &s->streams[stream];
    const bool was_up = st->phase == STREAM_UP;
    if (was_up && s->t.now - st->up_at >= STEADY_NS)
        st->failures = 0;
    st->failures++;
    s->stats.ws_losses++;
    if (st->phase == STREAM_LOGIN) /* perhaps for its stamp, a clock having been set: and while nothing is read nobody else would find out */
        bot__clock_doubt(s);
    s->transport.ws_close(s->transport.self, stream);
    wait_and_retry(s, stream);
    if (stream == BOT_STREAM_PRIVATE)
        s->listen_key[0] = '\0'; /* fetched anew: another process may have deleted it */
    if (was_up)
        return (struct stream_news){ STREAM_WENT_DOWN, reason };
    bot__session_log(s, 1, "stream_failed", "%s: %s", bot__streams_name(stream), reason);
    return no_news;
}

struct stream_news bot__streams_resync(struct session *s, bot_stream stream, const char *reason)
{
    return s->streams[stream].phase >= STREAM_OPENING ? lost(s, stream, reason) : no_news;
}

/* Instruments known to the session, as the venue's calls want them. */
static uint32_t instruments(const struct session *s, const bot_symbol **ret)
{
    *ret = s->options.instruments;
    return s->options.instruments_n;
}

static struct stream_news open_stream(struct session *s, bot_stream stream)
{
    struct stream *st = &s->streams[stream];
    const struct venue *v = s->options.venue;
    const bot_symbol *symbols;
    const uint32_t n = instruments(s, &symbols);
    if (stream == BOT_STREAM_PRIVATE && s->listen_key[0] == '\0' && v->needs_listen_key) {
        st->at = session_after(s->t.now, BRING_UP_NS); /* asked for again then, if it has not come */
        return (struct stream_news){ .what = STREAM_WANTS_KEY };
    }
    char url[SESSION_URL_MAX + 2048];
    int len = snprintf(url, sizeof url, "%s", base_url(s, stream));
    if (v->ws_path != NULL) {
        const int r = v->ws_path(stream, symbols, n, s->listen_key, url + len, sizeof url - (size_t)len);
        if (r < 0) {
            bot__session_log(s, 0, "stream_url", "%s: %s", bot__streams_name(stream), bot_strerror(r));
            st->failures++;
            wait_and_retry(s, stream);
            return no_news;
        }
    }
    st->connects[st->connects_next] = s->t.now;
    st->connects_next = (st->connects_next + 1) % CONNECTS_KEPT;
    s->stats.ws_connects++;
    if (s->contexts[stream].state != NULL)
        memset(s->contexts[stream].state, 0, v->state_size);
    st->phase = STREAM_OPENING;
    st->at = session_after(s->t.now, BRING_UP_NS);
    if (s->transport.ws_open(s->transport.self, stream, url) < 0) {
        st->failures++;
        wait_and_retry(s, stream);
    }
    return no_news;
}

static struct stream_news up(struct session *s, bot_stream stream)
{
    struct stream *st = &s->streams[stream];
    st->phase = STREAM_UP;
    st->at = BOT_TS_NEVER;
    st->up_at = st->heard_at = st->framed_at = s->t.now;
    const struct venue_stream_plan *plan = plan_of(s, stream);
    st->ping_at = session_after(s->t.now, PING_EVERY_NS);
    if (plan->life_max_s != 0) /* leave before the venue cuts, at a moment of our choosing */
        st->at = session_after(s->t.now, (int64_t)plan->life_max_s * BOT_NS_PER_S - 60 * BOT_NS_PER_S);
    if (stream == BOT_STREAM_PRIVATE && s->options.venue->needs_listen_key)
        s->listen_keep_at = s->t.now; /* at once: the venue opens a socket for any key, and ours may have ended while it was on its way */
    return (struct stream_news){ .what = STREAM_CAME_UP };
}

static struct stream_news subscribe(struct session *s, bot_stream stream)
{
    struct stream *st = &s->streams[stream];
    const struct venue *v = s->options.venue;
    const bot_symbol *symbols;
    const uint32_t n = instruments(s, &symbols);
    char text[MESSAGE_MAX];
    uint32_t sent = 0;
    for (uint32_t i = 0; v->ws_subscribe != NULL; i++) {
        const int len = v->ws_subscribe(stream, symbols, n, i, text, sizeof text);
        if (len == 0)
            break;
        if (len < 0 || s->transport.ws_send(s->transport.self, stream, text, (size_t)len) < 0)
            return lost(s, stream, "cannot subscribe");
        sent++;
    }
    st->phase = STREAM_SUBSCRIBING;
    st->at = session_after(s->t.now, BRING_UP_NS);
    st->acks_missing = plan_of(s, stream)->subscribe_acked ? sent : 0;
    return st->acks_missing == 0 ? up(s, stream) : no_news;
}

struct stream_news bot__streams_opened(struct session *s, bot_stream stream)
{
    struct stream *st = &s->streams[stream];
    st->heard_at = s->t.now;
    if (!plan_of(s, stream)->login)
        return subscribe(s, stream);
    char text[2048];
    const int len = s->options.venue->ws_login(stream, &s->options.keys, session_venue_wall(s), text, sizeof text);
    if (len <= 0 || s->transport.ws_send(s->transport.self, stream, text, (size_t)len) < 0)
        return lost(s, stream, "cannot log in");
    st->phase = STREAM_LOGIN;
    st->at = session_after(s->t.now, BRING_UP_NS);
    return no_news;
}

struct stream_news bot__streams_closed(struct session *s, bot_stream stream, const char *reason) { return lost(s, stream, reason); }

struct stream_news bot__streams_control(struct session *s, bot_stream stream, const bot_event *ev)
{
    struct stream *st = &s->streams[stream];
    switch (ev->control.control) {
    case BOT_CONTROL_AUTH: return st->phase == STREAM_LOGIN ? subscribe(s, stream) : no_news;
    case BOT_CONTROL_SUBSCRIBED:
        return st->phase == STREAM_SUBSCRIBING && st->acks_missing != 0 && --st->acks_missing == 0 ? up(s, stream) : no_news;
    case BOT_CONTROL_LISTEN_KEY_EXPIRED: return lost(s, stream, "listen key expired");
    case BOT_CONTROL_DISCONNECT: return lost(s, stream, "the venue announced a disconnect");
    case BOT_CONTROL_NONE:
    case BOT_CONTROL_PING:
    case BOT_CONTROL_PONG:
    case BOT_CONTROL_UNSUBSCRIBED:
    case BOT_CONTROL_FUNDING:
    case BOT_CONTROL_OTHER: break;
    }
    return no_news;
}

bool bot__streams_heard(struct session *s, bot_stream stream, bot_event *ret)
{
    s->streams[stream].heard_at = s->t.now;
    if (session_is_public(stream)) {
        /* Two public sockets renew one lease: in turns, so that one that is silent is not covered by the other. */
        stream = BOT_STREAM_PUBLIC;
        if (!bot__streams_public_up(s) || bot__streams_public_heard(s) <= s->streams[stream].framed_at)
            return false;
    }
    struct stream *st = &s->streams[stream];
    if ((st->phase != STREAM_UP && stream != BOT_STREAM_PUBLIC) || s->t.now - st->framed_at < FRAME_EVERY_NS)
        return false;
    st->framed_at = s->t.now;
    *ret = (bot_event){ .kind = BOT_EV_FRAME, .source = (uint8_t)session_source_of(stream), .seq = BOT_SEQ_NONE, .stream = { .stream = stream } };
    return true;
}

struct stream_news bot__streams_listen_key(struct session *s, const char *key)
{
    snprintf(s->listen_key, sizeof s->listen_key, "%s", key);
    return s->streams[BOT_STREAM_PRIVATE].phase == STREAM_WAITING ? open_stream(s, BOT_STREAM_PRIVATE) : no_news;
}

struct stream_news bot__streams_listen_now(struct session *s, const char *key)
{
    if (key[0] == '\0' || strcmp(key, s->listen_key) == 0 || s->streams[BOT_STREAM_PRIVATE].phase < STREAM_OPENING)
        return no_news;
    return lost(s, BOT_STREAM_PRIVATE, "another listen key took the place of ours");
}

struct stream_news bot__streams_listen_kept(struct session *s, bot_outcome outcome)
{
    if (outcome == BOT_OUTCOME_OK)
        return no_news;
    s->listen_keep_at = session_after(s->t.now, LISTEN_RETRY_NS);
    if (outcome == BOT_OUTCOME_NOT_FOUND && s->streams[BOT_STREAM_PRIVATE].phase >= STREAM_OPENING)
        return lost(s, BOT_STREAM_PRIVATE, "listen key gone");
    return no_news;
}

void bot__streams_start(struct session *s)
{
    second_url(s, s->public_2_url, sizeof s->public_2_url);
    for (int i = 0; i < BOT_STREAM_COUNT; i++) {
        struct stream *st = &s->streams[i];
        st->wanted = base_url(s, (bot_stream)i)[0] != '\0' &&
                     (!session_is_public((bot_stream)i) || (s->options.public_data && brings_something(s, (bot_stream)i))) &&
                     (i != BOT_STREAM_TRADE || (s->options.orders_over_ws && s->options.venue->has_ws_orders));
        if (st->wanted && st->phase == STREAM_IDLE)
            wait_and_retry(s, (bot_stream)i);
    }
}

static struct stream_news ping(struct session *s, bot_stream stream)
{
    struct stream *st = &s->streams[stream];
    const struct venue_stream_plan *plan = plan_of(s, stream);
    st->ping_at = session_after(s->t.now, PING_EVERY_NS);
    char text[256];
    const int len = plan->ping_every_ms != 0 && s->options.venue->ws_ping != NULL ? s->options.venue->ws_ping(stream, text, sizeof text) : 0;
    const int r = len > 0 ? s->transport.ws_send(s->transport.self, stream, text, (size_t)len) : s->transport.ws_ping(s->transport.self, stream);
    return r < 0 ? lost(s, stream, "cannot send") : no_news;
}

struct stream_news bot__streams_tick(struct session *s, bot_stream stream)
{
    struct stream *st = &s->streams[stream];
    const int64_t dead_ns = (int64_t)plan_of(s, stream)->dead_after_ms * BOT_NS_PER_MS;
    switch (st->phase) {
    case STREAM_IDLE: break;
    case STREAM_WAITING: return s->t.now >= st->at ? open_stream(s, stream) : no_news;
    case STREAM_OPENING:
    case STREAM_LOGIN:
    case STREAM_SUBSCRIBING:
        if (s->t.now < st->at)
            break;
        return lost(s, stream, st->phase == STREAM_OPENING ? "no connection in time" : st->phase == STREAM_LOGIN ? "no answer to the login"
                                                                                                              : "subscriptions not acknowledged");
    case STREAM_UP:
        if (s->t.now >= st->at)
            return lost(s, stream, "renewed before the venue's cut");
        if (dead_ns != 0 && s->t.now - st->heard_at >= dead_ns)
            return lost(s, stream, "nothing heard: half-open");
        return s->t.now >= st->ping_at ? ping(s, stream) : no_news;
    }
    return no_news;
}

bool bot__streams_keep_due(struct session *s)
{
    if (s->t.now < s->listen_keep_at)
        return false;
    s->listen_keep_at = session_after(s->t.now, LISTEN_KEEP_NS);
    return true;
}

bot_ts bot__streams_deadline(const struct session *s)
{
    bot_ts at = s->listen_keep_at;
    for (int i = 0; i < BOT_STREAM_COUNT; i++) {
        const struct stream *st = &s->streams[i];
        if (st->phase == STREAM_IDLE)
            continue;
        if (st->at < at)
            at = st->at;
        if (st->phase == STREAM_UP) {
            const int64_t dead_ns = (int64_t)plan_of(s, (bot_stream)i)->dead_after_ms * BOT_NS_PER_MS;
            if (dead_ns != 0 && session_after(st->heard_at, dead_ns) < at)
                at = session_after(st->heard_at, dead_ns);
            if (st->ping_at < at)
                at = st->ping_at;
        }
    }
    return at;
}
