#include "session/session_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/arena.h"
#include "core/image.h"
#include "core/ledger.h"

#define PUBLIC_LEASE_NS (10 * BOT_NS_PER_S)
#define CLOCK_EVERY_NS (120 * BOT_NS_PER_S)
#define FUNDING_FIRST_NS (60 * BOT_NS_PER_S) /* a start has more urgent things to ask */
#define FUNDING_ENTERED_NS (2 * BOT_NS_PER_S) /* between the news of a payment and its row */

void bot__session_venue_rules(const struct venue *v, bot_venue_rules *ret)
{
    ret->has_fills_channel = v->has_fills_channel;
    ret->has_client_ids = v->has_client_ids;
    ret->has_amend = v->has_amend;
    ret->has_reduce_only = v->has_reduce_only;
    ret->has_dead_man = v->has_dead_man;
    ret->has_position_seq = v->has_position_seq;
    ret->positions_omit_flat = v->positions_omit_flat;
    ret->fills_per_instrument = v->fills_per_instrument;
    if (v->absence_bound_ns > 0)
        ret->absence_bound_ns = v->absence_bound_ns;
    if (v->order_unknown_ns > 0)
        ret->order_unknown_ns = v->order_unknown_ns;
    ret->client_id_max = v->client_id_max;
}

static struct session *carve(struct arena *a, const struct session_options *o, void **ret_core, void **ret_rate, size_t *ret_rate_size,
                             struct books_memory *ret_books)
{
    struct session *s = bot__arena_take(a, 1, sizeof *s);
    bot_level *levels = bot__arena_take(a, LEVELS_MAX, sizeof *levels);
    struct outbox_item *outbox = bot__arena_take(a, OUTBOX_MAX, sizeof *outbox);
    bot_effect *requests = bot__arena_take(a, REQUESTS_KEPT, sizeof *requests);
    uint8_t *states[BOT_STREAM_COUNT];
    for (int i = 0; i < BOT_STREAM_COUNT; i++)
        states[i] = bot__arena_take(a, o->venue->state_size + 1, 1);
    *ret_rate_size = bot__feed_memory(o);
    *ret_rate = bot__arena_take(a, *ret_rate_size, 1);
    bot__books_carve(a, o, ret_books);
    const size_t core_size = bot_core_size(&o->core);
    *ret_core = bot__arena_take(a, core_size, 1);
    if (s == NULL)
        return NULL;
    s->outbox = outbox;
    s->requests = requests;
    for (int i = 0; i < BOT_STREAM_COUNT; i++) {
        s->contexts[i].scratch = (struct venue_scratch){ levels, LEVELS_MAX };
        s->contexts[i].state = states[i];
    }
    s->rest_context.scratch = (struct venue_scratch){ levels, LEVELS_MAX };
    s->rest_context.state = states[BOT_STREAM_PRIVATE];
    return s;
}

size_t bot__session_size(const struct session_options *o)
{
    if (o->venue == NULL || o->instruments_n > SESSION_INSTRUMENTS_MAX || bot_core_size(&o->core) == 0)
        return 0;
    struct arena a = { 0 };
    void *core, *rate;
    size_t rate_size;
    struct books_memory books;
    (void)carve(&a, o, &core, &rate, &rate_size, &books);
    return a.used;
}

struct session *bot__session_init(void *memory, const struct session_options *o, const struct transport *transport,
                                  const struct session_host *host, struct session_time t)
{
    struct arena a = { .base = memory, .size = bot__session_size(o) };
    if (a.size == 0)
        return NULL;
    void *core, *rate;
    size_t rate_size;
    struct books_memory books;
    struct session *s = carve(&a, o, &core, &rate, &rate_size, &books);
    s->options = *o;
    s->transport = *transport;
    s->host = *host;
    s->t = t;
    s->rng = o->seed;
    s->clock_at = s->listen_keep_at = s->funding_at = BOT_TS_NEVER;
    for (uint32_t i = 0; i < o->instruments_n; i++)
        s->wanted[s->wanted_n++] = o->instruments[i];
    bot__session_venue_rules(o->venue, &s->options.core.venue);
    /* Without the public sockets the monitors see nothing: their silence must not be taken for a quiet market. */
    if (o->monitors && o->public_data && o->instruments_n != 0 && o->public_url[0] != '\0' && o->core.public_lease_ns == 0)
        s->options.core.public_lease_ns = PUBLIC_LEASE_NS;
    s->core = bot_core_init(core, &s->options.core, t.now + o->ts_offset);
    if (s->core == NULL || !bot__feed_open(s, rate, rate_size))
        return NULL;
    bot__books_open(s, &books);
    return s;
}

void bot__session_log(struct session *s, int level, const char *name, const char *format, ...)
{
    if (s->host.log == NULL)
        return;
    char text[256];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    s->host.log(s->host.self, level, name, text);
}

uint64_t bot__session_random(struct session *s)
{
    uint64_t z = (s->rng += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- effects ---- */

static void to_host(struct session *s, const bot_effect *e)
{
    if (s->outbox_n == OUTBOX_MAX) { /* the host does not take them: the newest state is what it asks the core for */
        bot__session_log(s, 0, "outbox_full", "effects for the host are lost");
        return;
    }
    struct outbox_item *item = &s->outbox[(s->outbox_head + s->outbox_n++) % OUTBOX_MAX];
    item->effect = *e;
    if (e->kind == BOT_EFFECT_FILL) {
        item->event = *e->fill.fill;
        item->effect.fill.fill = &item->event;
    }
}

static void deliver(struct session *s)
{
    if (s->delivering || s->host.effect == NULL)
        return;
    s->delivering = true;
    while (s->outbox_n != 0 && !s->stopped) {
        const struct outbox_item *item = &s->outbox[s->outbox_head];
        s->host.effect(s->host.self, &item->effect);
        s->outbox_head = (s->outbox_head + 1) % OUTBOX_MAX;
        s->outbox_n--;
    }
    s->delivering = false;
}

static void want_instrument(struct session *s, const bot_symbol *symbol)
{
    for (uint32_t i = 0; i < s->wanted_n; i++)
        if (bot__symbol_eq(&s->wanted[i], symbol))
            return;
    if (symbol->len != 0 && s->wanted_n < sizeof s->wanted / sizeof *s->wanted)
        s->wanted[s->wanted_n++] = *symbol;
}

static void carry_out(struct session *s, const bot_effect *e)
{
    switch (e->kind) {
    case BOT_EFFECT_SEND: bot__requests_send(s, e); break;
    case BOT_EFFECT_READ:
        if (e->read.read == BOT_READ_INSTRUMENTS)
            want_instrument(s, &e->read.symbol);
        bot__requests_read(s, e);
        break;
    case BOT_EFFECT_DEAD_MAN: bot__requests_own_read(s, VENUE_CALL_DEAD_MAN, BOT_READ_NONE, e->dead_man.window_ms); break;
    case BOT_EFFECT_RESYNC: bot__streams_resync(s, BOT_STREAM_PRIVATE, "not to be trusted"); break;
    case BOT_EFFECT_ORDER:
    case BOT_EFFECT_GATE:
    case BOT_EFFECT_FILL:
    case BOT_EFFECT_POSITION:
    case BOT_EFFECT_VERDICT:
    case BOT_EFFECT_ALERT: to_host(s, e); break;
    case BOT_EFFECT_NONE: break;
    }
}

static bool acts(const bot_effect *e)
{
    return e->kind == BOT_EFFECT_SEND || e->kind == BOT_EFFECT_READ || e->kind == BOT_EFFECT_DEAD_MAN || e->kind == BOT_EFFECT_RESYNC;
}

/* A read that finds no room is asked for again by the core; orders and cancels always have a place. */
static void keep_request(struct session *s, const bot_effect *e)
{
    if (s->requests_n < (e->kind == BOT_EFFECT_READ ? READS_KEPT : REQUESTS_KEPT))
        s->requests[(s->requests_head + s->requests_n++) % REQUESTS_KEPT] = *e;
    else
        bot__session_log(s, 0, "requests_lost", "more requests in one step than can be kept; the core asks again");
}

/* The only way into the core. Requests that an effect starts never answer before this returns, but a request that cannot
 * even start steps the core again: so effects are taken off before they are carried out. */
int bot__session_feed(struct session *s, bot_event *ev)
{
    ev->ts = s->t.now;
    if (s->host.event != NULL)
        s->host.event(s->host.self, ev);
    const int r = bot_core_step(s->core, ev);
    const uint32_t n = bot_core_effects_count(s->core);
    for (uint32_t i = 0; i < n; i++) {
        const bot_effect *e = bot_core_effect(s->core, i);
        if (acts(e))
            keep_request(s, e);
        else
            carry_out(s, e);
    }
    if (s->carrying)
        return r; /* what is on the way already goes first */
    s->carrying = true;
    while (s->requests_n != 0) {
        const bot_effect e = s->requests[s->requests_head];
        s->requests_head = (s->requests_head + 1) % REQUESTS_KEPT;
        s->requests_n--;
        carry_out(s, &e);
    }
    s->carrying = false;
    return r;
}

/* ---- time ---- */

void bot__session_enter(struct session *s, struct session_time t)
{
    if (t.now + s->options.ts_offset > s->t.now)
        s->t.now = t.now + s->options.ts_offset;
    s->t.wall_ns = t.wall_ns;
}

static void arm_timer(struct session *s)
{
    bot_ts at = bot_core_deadline(s->core);
    const bot_ts others[] = { bot__streams_deadline(s), bot__requests_deadline(s), bot__feeds_deadline(s), bot__books_deadline(s),
                              s->clock_at, s->funding_at,
                              s->outbox_n != 0 ? s->t.now : BOT_TS_NEVER };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] < at)
            at = others[i];
    s->transport.timer(s->transport.self, at == BOT_TS_NEVER ? at : at - s->options.ts_offset);
}

void bot__session_rearm(struct session *s)
{
    if (!s->stopped)
        arm_timer(s);
}

void bot__session_leave(struct session *s)
{
    if (!s->stopped)
        deliver(s);
    bot__session_rearm(s);
}

void bot__session_timer(struct session *s, struct session_time t)
{
    if (!s->started || s->stopped)
        return;
    bot__session_enter(s, t);
    if (s->t.now >= s->clock_at) {
        s->clock_at = session_after(s->t.now, CLOCK_EVERY_NS);
        s->clock_asked_at = s->t.now;
        bot__requests_own_read(s, VENUE_CALL_TIME, BOT_READ_TIME, 0);
    }
    if (s->t.now >= s->funding_at)
        bot__requests_funding(s);
    bot__feed_ticks(s);
    bot__books_tick(s);
    bot__streams_tick(s);
    bot__requests_tick(s);
    if (s->t.now >= bot_core_deadline(s->core)) {
        bot_event tick = { .kind = BOT_EV_TICK, .source = BOT_SOURCE_HOST, .seq = BOT_SEQ_NONE };
        (void)bot__session_feed(s, &tick);
    }
    bot__session_leave(s);
}

/* ---- life ---- */

void bot__session_replay(struct session *s, const bot_event *ev)
{
    if (ev->venue_ns > s->funding_from_ns)
        s->funding_from_ns = ev->venue_ns; /* what was paid while nobody looked is fetched */
    (void)bot__core_step_quietly(s->core, ev); /* effects of the past are not carried out again */
}

void bot__session_resumed(struct session *s)
{
    for (uint32_t i = 0; i < bot_core_instruments(s->core); i++)
        want_instrument(s, bot_core_instrument(s->core, i));
}

/* A journal may end with the gate shut by what a monitor or the journal's writer saw. Both begin anew with this process and tell
 * only what changes, so that nobody would ever say that it is over. */
static void forget_monitors(struct session *s)
{
    static const struct { uint32_t reason; bot_monitor monitor; } said[] = {
        { BOT_GATE_TRADE_RATE, BOT_MONITOR_TRADE_RATE },     { BOT_GATE_FEED_LAG, BOT_MONITOR_FEED_LAG },
        { BOT_GATE_ACK_TIME, BOT_MONITOR_ACK_TIME },         { BOT_GATE_PRIVATE_SILENT, BOT_MONITOR_PRIVATE_SILENT },
        { BOT_GATE_FEED_PARTIAL, BOT_MONITOR_FEED_PARTIAL }, { BOT_GATE_VENUE_STATUS, BOT_MONITOR_STATUS },
    };
    bot_gate_state state;
    bot_core_gate_state(s->core, s->t.now + s->options.ts_offset, &state);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if ((state.reasons & said[i].reason) == 0)
            continue;
        bot_event ev = { .kind = BOT_EV_MONITOR, .source = BOT_SOURCE_HOST, .seq = BOT_SEQ_NONE, .monitor = { .monitor = said[i].monitor, .ok = true } };
        memcpy(ev.monitor.reason, "started", 8);
        (void)bot__session_feed(s, &ev);
    }
    if ((state.reasons & BOT_GATE_JOURNAL) != 0) {
        bot_event ev = { .kind = BOT_EV_JOURNAL, .source = BOT_SOURCE_HOST, .seq = BOT_SEQ_NONE, .monitor = { .ok = true } };
        (void)bot__session_feed(s, &ev);
    }
}

void bot__session_start(struct session *s, struct session_time t)
{
    bot__session_enter(s, t);
    s->started = true;
    s->started_wall_ns = s->t.wall_ns;
    /* A journal may end with streams up: they are not. */
    for (int i = 0; i <= BOT_STREAM_PUBLIC; i++) {
        bot_event ev = { .kind = BOT_EV_STREAM, .source = BOT_SOURCE_HOST, .seq = BOT_SEQ_NONE, .stream = { .stream = (bot_stream)i, .state = BOT_STREAM_LOST } };
        memcpy(ev.stream.reason, "started", 8);
        (void)bot__session_feed(s, &ev);
    }
    forget_monitors(s);
    if (s->options.venue->funding_by_log) {
        s->funding_at = session_after(s->t.now, FUNDING_FIRST_NS);
        if (s->funding_from_ns == 0) s->funding_from_ns = s->t.wall_ns;
    }
    s->clock_at = session_after(s->t.now, CLOCK_EVERY_NS);
    s->clock_asked_at = s->t.now;
    bot__requests_own_read(s, VENUE_CALL_TIME, BOT_READ_TIME, 0);
    bot__requests_own_read(s, VENUE_CALL_INSTRUMENTS, BOT_READ_INSTRUMENTS, 0);
    bot__session_leave(s);
}

void bot__session_stop(struct session *s)
{
    s->stopped = true;
    for (int i = 0; i < BOT_STREAM_COUNT; i++)
        s->transport.ws_close(s->transport.self, (bot_stream)i);
    for (int i = 0; i < READS_MAX; i++)
        if (s->reads[i].http != 0)
            s->transport.http_cancel(s->transport.self, s->reads[i].http);
    for (uint32_t i = 0; i < s->calls_top; i++)
        if (s->calls[i].http != 0)
            s->transport.http_cancel(s->transport.self, s->calls[i].http);
    bot__requests_stop(s);
    s->transport.timer(s->transport.self, BOT_TS_NEVER);
}

int bot__session_command(struct session *s, struct session_time t, bot_event *ev)
{
    bot__session_enter(s, t);
    if (ev->kind == BOT_EV_SUBMIT) {
        bot_ev_submit *c = &ev->submit;
        if (c->client_id.len == 0)
            c->client_id = bot_core_next_client_id(s->core, c->bot);
        c->order.ref_price.v = 0;
        (void)bot__session_reference(s, &c->order.instrument, &c->order.ref_price, &c->order.ref_at);
    }
    ev->source = BOT_SOURCE_HOST;
    ev->seq = BOT_SEQ_NONE;
    const int r = bot__session_feed(s, ev);
    if (!s->delivering && s->started && !s->stopped)
        arm_timer(s); /* callbacks come from the loop, never from inside this call */
    return r;
}

bot_core *bot__session_core(struct session *s) { return s->core; }
const struct session_options *bot__session_options(const struct session *s) { return &s->options; }

void bot__session_stats_get(const struct session *s, struct session_stats *ret)
{
    *ret = s->stats;
    ret->clock_offset_ns = s->clock_offset_ns;
    for (int i = 0; i < BOT_STREAM_COUNT; i++)
        ret->ready[i] = s->streams[i].phase == STREAM_UP;
    ret->ready[BOT_STREAM_PUBLIC] = bot__streams_public_up(s);
}

/* ---- what comes over a socket ---- */

struct receiver {
    struct session *s;
    bot_stream stream;
};

static const bot_source source_of[BOT_STREAM_COUNT] = {
    [BOT_STREAM_PRIVATE] = BOT_SOURCE_WS_PRIVATE, [BOT_STREAM_PUBLIC] = BOT_SOURCE_WS_PUBLIC, [BOT_STREAM_TRADE] = BOT_SOURCE_WS_TRADE,
    [BOT_STREAM_PUBLIC_2] = BOT_SOURCE_WS_PUBLIC,
};

static int received(void *user_data, const bot_event *decoded)
{
    struct receiver *rx = user_data;
    struct session *s = rx->s;
    bot_event ev = *decoded;
    ev.source = (uint8_t)source_of[rx->stream];
    ev.ts = s->t.now;
    switch ((bot_event_kind)ev.kind) {
    case BOT_EV_CONTROL:
        bot__streams_control(s, rx->stream, &ev);
        return 0;
    case BOT_EV_TRADE:
    case BOT_EV_BOOK:
    case BOT_EV_GAP:
        bot__feed_event(s, &ev);
        if (ev.kind == BOT_EV_BOOK)
            bot__books_event(s, &ev);
        if (s->host.market != NULL)
            s->host.market(s->host.self, &ev);
        return 0;
    case BOT_EV_WALLET:
        if (s->host.market != NULL)
            s->host.market(s->host.self, &ev);
        return 0;
    case BOT_EV_FUNDING:
        if (!s->options.venue->funding_by_log)
            break;
        /* Its row in the log has the instrument and an id: that one counts. */
        if (s->funding_at > session_after(s->t.now, FUNDING_ENTERED_NS)) s->funding_at = session_after(s->t.now, FUNDING_ENTERED_NS);
        return 0;
    case BOT_EV_ACK:
    case BOT_EV_ERROR:
        if (rx->stream == BOT_STREAM_TRADE) {
            bot__requests_ws_answer(s, &ev);
            return 0;
        }
        if (ev.kind == BOT_EV_ERROR)
            bot__session_log(s, 1, "venue_error", "%s stream: %lld %s", session_is_public(rx->stream) ? "public" : "private",
                             (long long)ev.error.venue_code, ev.error.detail);
        if (ev.kind == BOT_EV_ERROR && s->streams[rx->stream].phase != STREAM_UP) {
            bot__streams_resync(s, rx->stream, "refused by the venue");
            return 0;
        }
        break;
    case BOT_EV_FILL:
    case BOT_EV_ORDER:
        bot__feed_private_event(s, &ev);
        break;
    case BOT_EV_POSITION: /* rows of the stream follow every order message and say nothing that fills do not */
        return 0;
    default:
        break;
    }
    (void)bot__session_feed(s, &ev);
    return 0;
}

static void heard(struct session *s, bot_stream stream)
{
    s->streams[stream].heard_at = s->t.now;
    if (session_is_public(stream)) {
        /* Two public sockets renew one lease: in turns, so that one that is silent is not covered by the other. */
        stream = BOT_STREAM_PUBLIC;
        if (!bot__streams_public_up(s) || bot__streams_public_heard(s) <= s->streams[stream].framed_at)
            return;
    }
    struct stream *st = &s->streams[stream];
    if ((st->phase == STREAM_UP || stream == BOT_STREAM_PUBLIC) && s->t.now - st->framed_at >= FRAME_EVERY_NS) {
        st->framed_at = s->t.now;
        bot_event frame = { .kind = BOT_EV_FRAME, .source = (uint8_t)source_of[stream], .seq = BOT_SEQ_NONE, .stream = { .stream = stream } };
        (void)bot__session_feed(s, &frame);
    }
}

void bot__session_ws_message(struct session *s, struct session_time t, bot_stream stream, const char *text, size_t len)
{
    if (s->stopped || s->streams[stream].phase < STREAM_OPENING)
        return;
    bot__session_enter(s, t);
    s->stats.ws_messages++;
    s->stats.ws_bytes += len;
    heard(s, stream);
    struct receiver rx = { s, stream };
    const int r = s->options.venue->decode_ws(&s->contexts[stream], source_of[stream], (struct slice){ text, len }, received, &rx);
    if (r < 0) {
        s->stats.ws_undecodable++;
        if (s->host.unreadable != NULL)
            s->host.unreadable(s->host.self, source_of[stream], text, len);
        bot_event bad = { .kind = BOT_EV_ERROR, .source = (uint8_t)source_of[stream], .seq = BOT_SEQ_NONE, .error = { .code = r } };
        snprintf(bad.error.detail, sizeof bad.error.detail, "%s: %.*s", bot_strerror(r), (int)(len < 80 ? len : 80), text);
        bot__session_log(s, 1, "undecodable", "%s", bad.error.detail);
        (void)bot__session_feed(s, &bad);
    }
    bot__session_leave(s);
}

void bot__session_ws_alive(struct session *s, struct session_time t, bot_stream stream)
{
    if (s->stopped)
        return;
    bot__session_enter(s, t);
    heard(s, stream);
    bot__session_leave(s);
}

