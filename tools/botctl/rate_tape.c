#include "rate_tape.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_NS (60 * BOT_NS_PER_S)
#define HOLE_NS (7 * 86400 * BOT_NS_PER_S)
#define HOLE_JUDGED_NS (86400 * BOT_NS_PER_S)

struct channel {
    struct bot__lag lag;
    bot__rate_state state; /* as last told */
    bool used, told, queued;
};

struct rate_tape {
    rate_tape_options opts;
    struct bot__rate *rate;
    struct channel *channels;
    uint32_t *queue;       /* channels whose lag monitor has a deadline, oldest first; a ring of instruments_max */
    uint32_t queue_from, queue_n;
    bool started, several;
    int64_t now;
    void *memory;
};

struct rate_tape *rate_tape_new(const rate_tape_options *opts)
{
    bot__rate_options ro;
    bot__rate_options_init(&ro);
    ro.alarms_per_day = opts->alarms_per_day;
    ro.instruments = opts->instruments_max;
    if (opts->closures_n > BOT__RATE_CLOSURES_MAX || bot__rate_size(&ro) == 0)
        return NULL;
    struct rate_tape *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->opts = *opts;
    t->channels = calloc(opts->instruments_max, sizeof *t->channels);
    t->queue = calloc(opts->instruments_max, sizeof *t->queue);
    t->memory = malloc(bot__rate_size(&ro));
    if (t->channels == NULL || t->queue == NULL || t->memory == NULL) {
        rate_tape_free(t);
        return NULL;
    }
    return t;
}

void rate_tape_free(struct rate_tape *tape)
{
    if (tape == NULL)
        return;
    free(tape->channels);
    free(tape->queue);
    free(tape->memory);
    free(tape);
}

static void start(struct rate_tape *t, int64_t now)
{
    bot__rate_options ro;
    bot__rate_options_init(&ro);
    ro.alarms_per_day = t->opts.alarms_per_day;
    ro.instruments = t->opts.instruments_max;
    if (t->opts.minutes) ro.step_ns = MINUTE_NS;
    ro.closures_n = t->opts.closures_n;
    if (ro.closures_n > 0) memcpy(ro.closures, t->opts.closures, ro.closures_n * sizeof *ro.closures);
    bot__rate_init(t->memory, bot__rate_size(&ro), &ro, now, &t->rate);
    bot__rate_set_wall(t->rate, 0); /* the tape's clock is the wall's */
    t->started = true;
    t->now = now;
}

/* One answer out of both monitors: dropped while either says so, and only changes of the answer are told. */
static void tell(struct rate_tape *t, uint32_t i)
{
    struct channel *c = &t->channels[i];
    if (!c->used)
        return;
    bot__rate_view rate;
    bot__lag_view lag;
    bot__rate_get(t->rate, i, &rate);
    bot__lag_get(&c->lag, &lag);
    const bot__rate_state state = lag.ok ? rate.state : BOT__RATE_DROPPED;
    if (c->told && c->state == state)
        return;
    c->told = true;
    c->state = state;
    const rate_tape_event event = {
        .instrument = i,
        .state = state,
        .time_ns = t->now,
        .rate_milli = rate.rate_milli,
        .reference_milli = rate.reference_milli,
        .window_ns = rate.window_ns,
        .reason = rate.state == BOT__RATE_DROPPED ? bot__rate_reason_name(rate.reason)
            : !lag.ok ? (lag.reason == BOT__LAG_RAMP ? "lag_ramp" : "lag") : bot__rate_reason_name(rate.reason),
    };
    t->opts.on_event(t->opts.user_data, &event);
}

static int64_t lag_due(const struct rate_tape *t)
{
    return t->queue_n == 0 ? BOT_TS_NEVER : bot__lag_deadline(&t->channels[t->queue[t->queue_from]].lag);
}

static void lag_tick(struct rate_tape *t)
{
    const uint32_t i = t->queue[t->queue_from];
    struct channel *c = &t->channels[i];
    t->queue_from = t->queue_from + 1 < t->opts.instruments_max ? t->queue_from + 1 : 0;
    t->queue_n--;
    c->queued = false;
    if (bot__lag_tick(&c->lag, t->now)) tell(t, i);
}

static void rate_tick(struct rate_tape *t)
{
    bot__rate_change change;
    bot__rate_tick(t->rate, t->now);
    while (bot__rate_next_change(t->rate, &change))
        if (change.instrument != BOT__RATE_POOL) tell(t, change.instrument);
}

static void advance_timers(struct rate_tape *t, int64_t until)
{
    for (;;) {
        const int64_t lag = lag_due(t), rate = bot__rate_deadline(t->rate), due = lag < rate ? lag : rate;
        if (due > until)
            break;
        if (due > t->now) t->now = due;
        if (lag <= rate) lag_tick(t);
        else rate_tick(t);
    }
    if (until > t->now) t->now = until;
}

/* Lets every timer fire that is due until `until`, in their order. A tape with a hole of more than a week was not
 * recorded there: after a day of silence the rest is passed over, as a host would that was suspended. */
static void advance(struct rate_tape *t, int64_t until)
{
    if (until - t->now > HOLE_NS) {
        advance_timers(t, t->now + HOLE_JUDGED_NS);
        t->now = until - 1;
        rate_tick(t);
    }
    advance_timers(t, until);
}

static struct channel *channel(struct rate_tape *t, uint32_t i)
{
    struct channel *c = &t->channels[i];
    if (!c->used) {
        c->used = true;
        if (i > 0) t->several = true;
        bot__lag_init(&c->lag, NULL, t->now);
    }
    return c;
}

void rate_tape_trade(struct rate_tape *tape, uint32_t instrument, int64_t received_ns, int64_t venue_ns)
{
    if (!tape->started) start(tape, received_ns);
    advance(tape, received_ns);
    struct channel *c = channel(tape, instrument);
    bot__rate_trade(tape->rate, instrument, tape->now, venue_ns, BOT_SIDE_NONE);
    if (tape->opts.receive_times) {
        bot__lag_arrival(&c->lag, tape->now, venue_ns);
        if (bot__lag_tick(&c->lag, tape->now)) tell(tape, instrument);
        if (!c->queued) {
            uint32_t at = tape->queue_from + tape->queue_n++;
            if (at >= tape->opts.instruments_max) at -= tape->opts.instruments_max;
            tape->queue[at] = instrument;
            c->queued = true;
        }
    }
    if (!c->told) tell(tape, instrument);
}

void rate_tape_minute(struct rate_tape *tape, uint32_t instrument, int64_t start_ns, uint64_t count)
{
    /* Known at its end. A minute's count belongs to the step that ends there, so it is told just before. */
    if (!tape->started) start(tape, start_ns);
    const int64_t end = start_ns + MINUTE_NS;
    advance(tape, end - 1);
    struct channel *c = channel(tape, instrument);
    bot__rate_count(tape->rate, instrument, tape->now, count);
    if (!c->told) tell(tape, instrument);
}

void rate_tape_end(struct rate_tape *tape)
{
    /* Of several instruments the rows of the last minute may be missing still. */
    if (tape->started && tape->opts.minutes && !tape->several) advance(tape, tape->now + 1);
}

struct rate_tape *rate_tape_clone(const struct rate_tape *tape, void *user_data)
{
    struct rate_tape *t = rate_tape_new(&tape->opts);
    if (t == NULL || !tape->started)
        return t;
    t->opts.user_data = user_data;
    bot__rate_options ro;
    bot__rate_options_init(&ro);
    ro.instruments = tape->opts.instruments_max;
    memcpy(t->memory, tape->memory, bot__rate_size(&ro));
    memcpy(t->channels, tape->channels, tape->opts.instruments_max * sizeof *t->channels);
    memcpy(t->queue, tape->queue, tape->opts.instruments_max * sizeof *t->queue);
    t->rate = t->memory;
    t->queue_from = tape->queue_from;
    t->queue_n = tape->queue_n;
    t->several = tape->several;
    t->started = true;
    t->now = tape->now;
    return t;
}

void rate_tape_view(const struct rate_tape *tape, uint32_t instrument, bot__rate_view *ret_rate, bot__lag_view *ret_lag)
{
    bot__rate_get(tape->rate, instrument, ret_rate);
    bot__lag_get(&tape->channels[instrument].lag, ret_lag);
}
