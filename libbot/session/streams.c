/* Sockets from closed to READY and back.
 *
 * IDLE -> WAITING (back-off, connection limit) -> OPENING -> LOGIN -> SUBSCRIBING -> UP. Any failure or silence leads back
 * to WAITING. READY is told to the core only when every subscription has been acknowledged: nothing after it is missed.
 */
#include "session/session_internal.h"

#include <stdio.h>
#include <string.h>

#define BRING_UP_NS (10 * BOT_NS_PER_S) /* for each phase */
#define BACKOFF_FIRST_NS (250 * BOT_NS_PER_MS)
#define BACKOFF_MAX_NS (30 * BOT_NS_PER_S)
#define PING_EVERY_NS (3 * BOT_NS_PER_S) /* well inside the private lease; venues advise no less than 20 s */
#define STEADY_NS (30 * BOT_NS_PER_S)    /* up for so long: the next failure starts the back-off anew */
#define LISTEN_KEEP_NS (1800 * BOT_NS_PER_S)
#define LISTEN_RETRY_NS (60 * BOT_NS_PER_S)
#define MESSAGE_MAX 24576

static const char *const stream_names[BOT_STREAM_COUNT] = { "private", "public", "trade", "public_2" };

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

/* To the core the public sockets are one: ready with the last of them, lost with the first. */
static void tell(struct session *s, bot_stream stream, bot_stream_state state, const char *reason, bool changes)
{
    bot_event ev = { .kind = BOT_EV_STREAM, .source = BOT_SOURCE_HOST, .seq = BOT_SEQ_NONE, .stream = { .stream = session_is_public(stream) ? BOT_STREAM_PUBLIC : stream, .state = state } };
    snprintf(ev.stream.reason, sizeof ev.stream.reason, "%s", reason);
    bot__session_log(s, state == BOT_STREAM_READY ? 2 : 1, state == BOT_STREAM_READY ? "stream_ready" : "stream_lost", "%s%s%s",
                     stream_names[stream], reason[0] != '\0' ? ": " : "", reason);
    if (changes)
        (void)bot__session_feed(s, &ev);
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

static void lost(struct session *s, bot_stream stream, const char *reason)
{
    struct stream *st = &s->streams[stream];
    const bool was_up = st->phase == STREAM_UP, changes = !session_is_public(stream) || bot__streams_public_up(s);
    if (was_up && s->t.now - st->up_at >= STEADY_NS)
        st->failures = 0;
    st->failures++;
    s->stats.ws_losses++;
    if (st->phase == STREAM_LOGIN) /* perhaps for its stamp, a clock having been set: and while nothing is read nobody else would find out */
        s->clock_at = s->t.now;
    s->transport.ws_close(s->transport.self, stream);
    wait_and_retry(s, stream);
    if (was_up)
        tell(s, stream, BOT_STREAM_LOST, reason, changes);
    else
        bot__session_log(s, 1, "stream_failed", "%s: %s", stream_names[stream], reason);
    if (stream == BOT_STREAM_TRADE)
        bot__requests_trade_lost(s);
    if (session_is_public(stream) && was_up)
        bot__feed_lost(s, stream);
    if (stream == BOT_STREAM_PRIVATE)
        s->listen_key[0] = '\0'; /* fetched anew: another process may have deleted it */
}

void bot__streams_resync(struct session *s, bot_stream stream, const char *reason)
{
    if (s->streams[stream].phase >= STREAM_OPENING)
        lost(s, stream, reason);
}

/* Instruments known to the session, as the venue's calls want them. */
static uint32_t instruments(const struct session *s, const bot_symbol **ret)
{
    *ret = s->options.instruments;
    return s->options.instruments_n;
}

static void open_stream(struct session *s, bot_stream stream)
{
    struct stream *st = &s->streams[stream];
    const struct venue *v = s->options.venue;
    const bot_symbol *symbols;
    const uint32_t n = instruments(s, &symbols);
    if (stream == BOT_STREAM_PRIVATE && s->listen_key[0] == '\0' && v->needs_listen_key) {
        st->at = session_after(s->t.now, BRING_UP_NS); /* asked for again then, if it has not come */
        bot__requests_own_read(s, VENUE_CALL_LISTEN_KEY, BOT_READ_NONE, 0);
        return;
    }
    char url[SESSION_URL_MAX + 2048];
    int len = snprintf(url, sizeof url, "%s", base_url(s, stream));
    if (v->ws_path != NULL) {
        const int r = v->ws_path(stream, symbols, n, s->listen_key, url + len, sizeof url - (size_t)len);
        if (r < 0) {
            bot__session_log(s, 0, "stream_url", "%s: %s", stream_names[stream], bot_strerror(r));
            st->failures++;
            wait_and_retry(s, stream);
            return;
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
}

static void up(struct session *s, bot_stream stream)
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
        s->listen_keep_at = session_after(s->t.now, LISTEN_KEEP_NS);
    if (stream == BOT_STREAM_PRIVATE)
        bot__feed_private_fresh(s);
    tell(s, stream, BOT_STREAM_READY, "", !session_is_public(stream) || bot__streams_public_up(s));
}

static void subscribe(struct session *s, bot_stream stream)
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
        if (len < 0 || s->transport.ws_send(s->transport.self, stream, text, (size_t)len) < 0) {
            lost(s, stream, "cannot subscribe");
            return;
        }
        sent++;
    }
    st->phase = STREAM_SUBSCRIBING;
    st->at = session_after(s->t.now, BRING_UP_NS);
    st->acks_missing = plan_of(s, stream)->subscribe_acked ? sent : 0;
    if (st->acks_missing == 0)
        up(s, stream);
}

static void begin(struct session *s, bot_stream stream)
{
    struct stream *st = &s->streams[stream];
    if (!plan_of(s, stream)->login) {
        subscribe(s, stream);
        return;
    }
    char text[2048];
    const int len = s->options.venue->ws_login(stream, &s->options.keys, session_venue_wall(s), text, sizeof text);
    if (len <= 0 || s->transport.ws_send(s->transport.self, stream, text, (size_t)len) < 0) {
        lost(s, stream, "cannot log in");
        return;
    }
    st->phase = STREAM_LOGIN;
    st->at = session_after(s->t.now, BRING_UP_NS);
}

void bot__session_ws_opened(struct session *s, struct session_time t, bot_stream stream)
{
    if (s->stopped || s->streams[stream].phase != STREAM_OPENING)
        return;
    bot__session_enter(s, t);
    s->streams[stream].heard_at = s->t.now;
    begin(s, stream);
    bot__session_leave(s);
}

void bot__session_ws_closed(struct session *s, struct session_time t, bot_stream stream, const char *reason)
{
    if (s->stopped || s->streams[stream].phase < STREAM_OPENING)
        return;
    bot__session_enter(s, t);
    lost(s, stream, reason);
    bot__session_leave(s);
}

void bot__streams_control(struct session *s, bot_stream stream, const bot_event *ev)
{
    struct stream *st = &s->streams[stream];
    switch (ev->control.control) {
    case BOT_CONTROL_AUTH:
        if (st->phase == STREAM_LOGIN)
            subscribe(s, stream);
        break;
    case BOT_CONTROL_SUBSCRIBED:
        if (st->phase == STREAM_SUBSCRIBING && st->acks_missing != 0 && --st->acks_missing == 0)
            up(s, stream);
        break;
    case BOT_CONTROL_LISTEN_KEY_EXPIRED: lost(s, stream, "listen key expired"); break;
    case BOT_CONTROL_DISCONNECT: lost(s, stream, "the venue announced a disconnect"); break;
    case BOT_CONTROL_NONE:
    case BOT_CONTROL_PING:
    case BOT_CONTROL_PONG:
    case BOT_CONTROL_UNSUBSCRIBED:
    case BOT_CONTROL_OTHER: break;
    }
}

void bot__streams_listen_key(struct session *s, const char *key)
{
    snprintf(s->listen_key, sizeof s->listen_key, "%s", key);
    if (s->streams[BOT_STREAM_PRIVATE].phase == STREAM_WAITING)
        open_stream(s, BOT_STREAM_PRIVATE);
}

void bot__streams_listen_kept(struct session *s, bot_outcome outcome)
{
    if (outcome == BOT_OUTCOME_OK)
        return;
    s->listen_keep_at = session_after(s->t.now, LISTEN_RETRY_NS);
    if (outcome == BOT_OUTCOME_NOT_FOUND && s->streams[BOT_STREAM_PRIVATE].phase >= STREAM_OPENING)
        lost(s, BOT_STREAM_PRIVATE, "listen key gone");
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
    bot__streams_tick(s);
}

static void ping(struct session *s, bot_stream stream)
{
    struct stream *st = &s->streams[stream];
    const struct venue_stream_plan *plan = plan_of(s, stream);
    st->ping_at = session_after(s->t.now, PING_EVERY_NS);
    char text[256];
    const int len = plan->ping_every_ms != 0 && s->options.venue->ws_ping != NULL ? s->options.venue->ws_ping(stream, text, sizeof text) : 0;
    const int r = len > 0 ? s->transport.ws_send(s->transport.self, stream, text, (size_t)len) : s->transport.ws_ping(s->transport.self, stream);
    if (r < 0)
        lost(s, stream, "cannot send");
}

void bot__streams_tick(struct session *s)
{
    for (int i = 0; i < BOT_STREAM_COUNT; i++) {
        const bot_stream stream = (bot_stream)i;
        struct stream *st = &s->streams[i];
        const int64_t dead_ns = (int64_t)plan_of(s, stream)->dead_after_ms * BOT_NS_PER_MS;
        switch (st->phase) {
        case STREAM_IDLE: break;
        case STREAM_WAITING:
            if (s->t.now >= st->at)
                open_stream(s, stream);
            break;
        case STREAM_OPENING:
        case STREAM_LOGIN:
        case STREAM_SUBSCRIBING:
            if (s->t.now >= st->at)
                lost(s, stream, st->phase == STREAM_OPENING ? "no connection in time" : st->phase == STREAM_LOGIN ? "no answer to the login"
                                                                                                                : "subscriptions not acknowledged");
            break;
        case STREAM_UP:
            if (s->t.now >= st->at)
                lost(s, stream, "renewed before the venue's cut");
            else if (dead_ns != 0 && s->t.now - st->heard_at >= dead_ns)
                lost(s, stream, "nothing heard: half-open");
            else if (s->t.now >= st->ping_at)
                ping(s, stream);
            break;
        }
    }
    if (s->t.now >= s->listen_keep_at) {
        s->listen_keep_at = session_after(s->t.now, LISTEN_KEEP_NS);
        bot__requests_own_read(s, VENUE_CALL_LISTEN_KEEP, BOT_READ_NONE, 0);
    }
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
