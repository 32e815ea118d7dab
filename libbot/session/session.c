#include "session/drive.h"

#include <string.h>

#include "core/arena.h"
#include "core/image.h"
#include "core/resting.h"
#include "session/books.h"
#include "session/effects.h"
#include "session/funding.h"
#include "session/order_calls.h"
#include "session/public_data.h"
#include "session/reads.h"
#include "session/streams.h"

#define LEVELS_MAX 10000

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
    struct effects effects = { 0 };
    bot__effects_carve(a, &effects);
    uint8_t *states[BOT_STREAM_COUNT];
    for (int i = 0; i < BOT_STREAM_COUNT; i++)
        states[i] = bot__arena_take(a, o->venue->state_size + 1, 1);
    *ret_rate_size = bot__public_memory(o);
    *ret_rate = bot__arena_take(a, *ret_rate_size, 1);
    bot__books_carve(a, o, ret_books);
    const size_t core_size = bot_core_size(&o->core);
    *ret_core = bot__arena_take(a, core_size, 1);
    if (s == NULL)
        return NULL;
    s->effects = effects;
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
    s->clock.at = s->listen_keep_at = s->funding.at = BOT_TS_NEVER;
    for (uint32_t i = 0; i < o->instruments_n; i++)
        s->wanted[s->wanted_n++] = o->instruments[i];
    bot__session_venue_rules(o->venue, &s->options.core.venue);
    /* Without the public sockets the monitors see nothing: their silence must not be taken for a quiet market. */
    if (o->monitors && o->public_data && o->instruments_n != 0 && o->public_url[0] != '\0' && o->core.public_lease_ns == 0)
        s->options.core.public_lease_ns = SESSION_PUBLIC_LEASE_NS;
    s->core = bot_core_init(core, &s->options.core, t.now + o->ts_offset);
    if (s->core == NULL || !bot__public_open(s, rate, rate_size))
        return NULL;
    bot__books_open(s, &books);
    return s;
}

/* ---- life ---- */

void bot__session_replay(struct session *s, const bot_event *ev)
{
    if (ev->venue_ns > s->funding.from_ns)
        s->funding.from_ns = ev->venue_ns; /* what was paid while nobody looked is fetched */
    (void)bot__core_step_quietly(s->core, ev); /* effects of the past are not carried out again */
}

void bot__session_resumed(struct session *s, bool hole, int64_t hole_venue_ns)
{
    s->resumed_over_hole = hole;
    s->hole_venue_ns = hole_venue_ns;
    if (hole && hole_venue_ns != 0 && hole_venue_ns < s->funding.from_ns)
        s->funding.from_ns = hole_venue_ns;
    for (uint32_t i = 0; i < bot_core_instruments(s->core); i++)
        bot__session_want(s, bot_core_instrument(s->core, i));
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
        (void)bot__drive_tell(s, &ev);
    }
    if ((state.reasons & BOT_GATE_JOURNAL) != 0) {
        bot_event ev = { .kind = BOT_EV_JOURNAL, .source = BOT_SOURCE_HOST, .seq = BOT_SEQ_NONE, .monitor = { .ok = true } };
        (void)bot__drive_tell(s, &ev);
    }
}

void bot__session_start(struct session *s, struct session_time t)
{
    bot__drive_enter(s, t);
    s->started = true;
    s->started_wall_ns = s->t.wall_ns;
    /* A journal may end with streams up: they are not. */
    for (int i = 0; i <= BOT_STREAM_PUBLIC; i++) {
        bot_event ev = { .kind = BOT_EV_STREAM, .source = BOT_SOURCE_HOST, .seq = BOT_SEQ_NONE, .stream = { .stream = (bot_stream)i, .state = BOT_STREAM_LOST } };
        memcpy(ev.stream.reason, "started", 8);
        (void)bot__drive_tell(s, &ev);
    }
    forget_monitors(s);
    if (s->resumed_over_hole) {
        bot_event ev = { .kind = BOT_EV_GAP, .source = BOT_SOURCE_JOURNAL, .seq = BOT_SEQ_NONE, .venue_ns = s->hole_venue_ns };
        (void)bot__drive_tell(s, &ev);
    }
    bot__funding_start(s);
    bot__drive_read_clock(s);
    bot__drive_read(s, VENUE_CALL_INSTRUMENTS, BOT_READ_INSTRUMENTS, 0);
    bot__drive_leave(s);
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
    bot__reads_stop(s);
    bot__order_calls_stop(s);
    s->transport.timer(s->transport.self, BOT_TS_NEVER);
}

int bot__session_command(struct session *s, struct session_time t, bot_event *ev)
{
    bot__drive_enter(s, t);
    if (ev->kind == BOT_EV_SUBMIT) {
        bot_ev_submit *c = &ev->submit;
        if (c->client_id.len == 0)
            c->client_id = bot_core_next_client_id(s->core, c->bot);
        c->order.ref_price.v = 0;
        (void)bot__session_reference(s, &c->order.instrument, &c->order.ref_price, &c->order.ref_at);
    } else if (ev->kind == BOT_EV_AMEND) {
        const bot_symbol *instrument = bot__core_order_instrument(s->core, &ev->amend.client_id);
        ev->amend.ref_price.v = 0;
        if (instrument != NULL)
            (void)bot__session_reference(s, instrument, &ev->amend.ref_price, &ev->amend.ref_at);
    }
    ev->source = BOT_SOURCE_HOST;
    ev->seq = BOT_SEQ_NONE;
    const int r = bot__drive_tell(s, ev);
    if (!s->effects.delivering && s->started && !s->stopped)
        bot__drive_arm(s); /* callbacks come from the loop, never from inside this call */
    return r;
}

bot_core *bot__session_core(struct session *s) { return s->core; }
const struct session_options *bot__session_options(const struct session *s) { return &s->options; }

void bot__session_stats_get(const struct session *s, struct session_stats *ret)
{
    *ret = s->stats;
    ret->clock_offset_ns = s->clock.offset_ns;
    for (int i = 0; i < BOT_STREAM_COUNT; i++)
        ret->ready[i] = s->streams[i].phase == STREAM_UP;
    ret->ready[BOT_STREAM_PUBLIC] = bot__streams_public_up(s);
}

void bot__session_stream(const struct session *s, bot_stream stream, bot_ts now, struct session_stream_view *ret)
{
    const struct stream *st = &s->streams[stream];
    *ret = (struct session_stream_view){ .up = st->phase == STREAM_UP, .age_ns = -1 };
    bot_ts heard_at = st->heard_at;
    if (stream == BOT_STREAM_PUBLIC) { /* all of them: as good as the worst */
        ret->up = bot__streams_public_up(s);
        heard_at = bot__streams_public_heard(s);
    }
    if (ret->up)
        ret->age_ns = now > heard_at ? now - heard_at : 0;
    if (stream == BOT_STREAM_PUBLIC && s->options.public_data) {
        bot__lag_view lag;
        bot__lag_get(&s->feed_lag, &lag);
        ret->lag_ns = lag.value_ns > 0 ? lag.value_ns : 0;
    } else if (stream == BOT_STREAM_PRIVATE) {
        bot_core_stats stats;
        bot_core_stats_get(s->core, &stats);
        ret->lag_ns = (int64_t)stats.socket_lag_max_ns;
    }
}
