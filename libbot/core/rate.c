/* The trade-rate monitor: many instruments, the sum over them, steps of time, a calendar. rate_series.c tells a drop from a lull. */
#include "rate_series.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "bot/err.h"

#define STEPS_MISSED_MAX 1000

void bot__rate_options_init(bot__rate_options *opts)
{
    *opts = (bot__rate_options){
        .instruments = 1,
        .alarms_per_day = 1,
        .step_ns = 100 * BOT_NS_PER_MS,
        .stale_ns = 1 * BOT_NS_PER_S,
    };
}

static bool options_ok(const bot__rate_options *o)
{
    if (o->instruments == 0 || o->instruments > BOT__RATE_INSTRUMENTS_MAX || o->closures_n > BOT__RATE_CLOSURES_MAX)
        return false;
    if (!(o->alarms_per_day >= 1e-6 && o->alarms_per_day <= 1e6))
        return false;
    for (uint32_t i = 0; i < o->closures_n; i++)
        if (o->closures[i].period_s != 0 && o->closures[i].length_s > o->closures[i].period_s)
            return false;
    return o->step_ns >= BOT_NS_PER_MS && o->step_ns <= 3600 * BOT_NS_PER_S && o->stale_ns > 0;
}

static uint32_t series_count(const bot__rate_options *o)
{
    return o->instruments + (o->instruments > 1 ? 1 : 0);
}

size_t bot__rate_size(const bot__rate_options *opts)
{
    if (!options_ok(opts))
        return 0;
    return sizeof(struct bot__rate) + series_count(opts) * sizeof(struct series);
}

static bool closed_by_calendar(const struct bot__rate *r)
{
    if (!r->wall_known)
        return false;
    const int64_t wall_s = (r->now + r->wall_minus_now) / BOT_NS_PER_S;
    for (uint32_t i = 0; i < r->opts.closures_n; i++) {
        const bot__rate_closure *c = &r->opts.closures[i];
        int64_t in = wall_s - c->from_s;
        if (c->period_s != 0) {
            in %= c->period_s;
            if (in < 0) in += c->period_s;
        }
        if (in >= 0 && in < c->length_s)
            return true;
    }
    return false;
}

static void open_again(struct bot__rate *r)
{
    const uint32_t all = series_count(&r->opts);
    for (uint32_t i = 0; i < all; i++) {
        struct series *s = &r->series[i];
        s->last_sweep = r->now;
        s->gap_max = 0;
        s->silence_due = r->now + s->silence_short;
        s->count[SWEEPS] = s->count[SEVERAL] = 0;
        s->dropped = s->pooled = false;
        bot__series_set_view(r, s, bot__series_is_learning(r, s) ? BOT__RATE_LEARNING : BOT__RATE_NORMAL,
                 bot__series_is_learning(r, s) ? BOT__RATE_REASON_LEARNING : BOT__RATE_REASON_NONE);
    }
}

/* Too thin to tell by itself: then what all of them together do decides, unless it shows life of its own. */
static void weigh_pool(struct bot__rate *r)
{
    const struct series *pool = &r->series[r->n];
    for (uint32_t i = 0; i < r->used; i++) {
        struct series *s = &r->series[i];
        if (!pool->dropped && !s->pooled)
            continue;
        if (!pool->dropped || s->dropped) {
            s->pooled = false;
            continue;
        }
        if (s->pooled || bot__series_is_learning(r, s))
            continue;
        const double m = bot__series_rate(s) * (double)(r->now - s->last_sweep) / 1e9;
        s->pooled = m > 2;
    }
    for (uint32_t i = 0; i < r->used; i++) {
        struct series *s = &r->series[i];
        if (s->pooled) {
            bot__series_set_view(r, s, BOT__RATE_DROPPED, BOT__RATE_REASON_POOL);
        } else if (!s->dropped && s->view.reason == BOT__RATE_REASON_POOL) {
            bot__series_set_view(r, s, BOT__RATE_NORMAL, BOT__RATE_REASON_NONE);
        }
    }
}

static void step_once(struct bot__rate *r)
{
    const bool closed = r->closed_by_status || closed_by_calendar(r);
    const uint32_t all = series_count(&r->opts);
    if (closed) {
        r->closed = true;
        for (uint32_t i = 0; i < all; i++) {
            r->series[i].dropped = r->series[i].pooled = false;
            bot__series_set_view(r, &r->series[i], BOT__RATE_NORMAL, BOT__RATE_REASON_CLOSED);
        }
        /* A closed market's time does not pass: the history goes on where it stopped. */
        r->start += r->opts.step_ns;
        return;
    }
    if (r->closed) {
        r->closed = false;
        open_again(r);
    }
    r->step++;
    for (uint32_t i = 0; i < r->used; i++) {
        struct series *s = &r->series[i];
        if (s->active) bot__series_step(r, s);
    }
    if (r->active_n > 1) {
        bot__series_step(r, &r->series[r->n]);
        weigh_pool(r);
    }
}

int bot__rate_init(void *memory, size_t size, const bot__rate_options *opts, bot_ts now, struct bot__rate **ret_rate)
{
    BOT_ASSERT(memory != NULL && opts != NULL && ret_rate != NULL);
    const size_t need = bot__rate_size(opts);
    if (need == 0 || size < need)
        return BOT_ERR_OPTIONS;
    struct bot__rate *r = memory;
    memset(r, 0, need);
    r->opts = *opts;
    r->n = opts->instruments;
    r->now = r->start = now;
    r->step_s = (double)opts->step_ns / 1e9;
    double tau = 4 > 2 * r->step_s ? 4 : 2 * r->step_s;
    for (int j = 0; j < TAUS; j++, tau *= 4) {
        r->tau[j] = tau;
        for (int i = 0; i < DECAYS; i++)
            r->decay[i][j] = exp(-(double)i * r->step_s / tau);
    }
    for (uint32_t i = 0; i < series_count(opts); i++)
        bot__series_init(&r->series[i], now);
    *ret_rate = r;
    return BOT_OK;
}

void bot__rate_set_wall(struct bot__rate *rate, int64_t wall_minus_now_ns)
{
    rate->wall_minus_now = wall_minus_now_ns;
    rate->wall_known = true;
}

void bot__rate_set_closed(struct bot__rate *rate, bot_ts now, bool closed)
{
    bot__rate_tick(rate, now);
    rate->closed_by_status = closed;
}

/* Keeps the delay of the freshest trade of this step: a page of trades that was polled is as fresh as its newest. */
static void note_lag(struct series *s, bot_ts now, int64_t venue_ns)
{
    const int64_t lag = now - venue_ns;
    if (now >= s->lag_slice_until) { /* a clock that was stepped is forgotten within two slices of 15 min */
        s->lag_min[1] = s->lag_min[0];
        s->lag_min[0] = lag;
        s->lag_slice_until = now + 900 * BOT_NS_PER_S;
        s->lag_normal *= 0.8;
    }
    if (lag < s->lag_min[0])
        s->lag_min[0] = lag;
    if (lag < s->step_lag)
        s->step_lag = lag;
}

/* Before its first trade an instrument does not exist: a table may be larger than what is subscribed. */
static void activate(struct bot__rate *r, uint32_t instrument)
{
    struct series *s = &r->series[instrument];
    if (s->active)
        return;
    s->active = true;
    s->started = s->last_sweep = s->silence_due = r->now;
    s->ewma_step = r->step;
    if (instrument == r->n)
        return;
    r->active_n++;
    if (instrument >= r->used) r->used = instrument + 1;
    if (r->active_n == 2) activate(r, r->n);
}

static void count_sweep(struct series *s, bot_ts now)
{
    s->count[SWEEPS]++;
    if (now - s->last_sweep > s->gap_max)
        s->gap_max = now - s->last_sweep;
    s->last_sweep = now;
    s->sweeps++;
}

void bot__rate_trade(struct bot__rate *rate, uint32_t instrument, bot_ts now, int64_t venue_ns, bot_side side)
{
    BOT_ASSERT(instrument < rate->n);
    struct series *s = &rate->series[instrument];
    if (now > rate->now) rate->now = now;
    else now = rate->now;
    activate(rate, instrument);
    s->trades++;
    struct series *pool = rate->active_n > 1 ? &rate->series[rate->n] : NULL;
    if (venue_ns != 0) {
        if (s->last_venue[side] == venue_ns) {
            if (!s->last_several[side]) {
                s->last_several[side] = true;
                s->count[SEVERAL]++;
                if (pool != NULL) pool->count[SEVERAL]++;
            }
            return;
        }
        s->last_venue[side] = venue_ns;
        s->last_several[side] = false;
    }
    count_sweep(s, now);
    if (venue_ns != 0) note_lag(s, now, venue_ns);
    if (pool == NULL)
        return;
    pool->trades++;
    count_sweep(pool, now);
    if (venue_ns != 0) note_lag(pool, now, venue_ns);
}

void bot__rate_count(struct bot__rate *rate, uint32_t instrument, bot_ts now, uint64_t count)
{
    BOT_ASSERT(instrument < rate->n);
    const uint32_t n = count < 1u << 30 ? (uint32_t)count : 1u << 30;
    if (now > rate->now) rate->now = now;
    activate(rate, instrument);
    struct series *both[2] = { &rate->series[instrument], rate->active_n > 1 ? &rate->series[rate->n] : NULL };
    for (int i = 0; i < (rate->active_n > 1 ? 2 : 1); i++) {
        both[i]->trades += count;
        if (n == 0)
            continue;
        count_sweep(both[i], rate->now);
        both[i]->count[SWEEPS] += n - 1;
        both[i]->sweeps += n - 1;
    }
}

bot_ts bot__rate_deadline(const struct bot__rate *rate)
{
    return rate->start + (rate->step + 1) * rate->opts.step_ns;
}

void bot__rate_tick(struct bot__rate *rate, bot_ts now)
{
    const bot_ts due = bot__rate_deadline(rate);
    if (now < due)
        return;
    const int64_t late = (now - due) / rate->opts.step_ns;
    if (late > STEPS_MISSED_MAX) {
        rate->start += late * rate->opts.step_ns;
        bot__rate_resume(rate, now);
    }
    while (bot__rate_deadline(rate) <= now) {
        const bot_ts at = bot__rate_deadline(rate);
        if (at > rate->now)
            rate->now = at;
        step_once(rate);
    }
    if (now > rate->now)
        rate->now = now;
}

static bot__rate_view view_of(const struct series *s)
{
    bot__rate_view view = s->view;
    view.sweeps = s->sweeps;
    view.trades = s->trades;
    return view;
}

int bot__rate_next_change(struct bot__rate *rate, bot__rate_change *ret_change)
{
    const uint32_t all = series_count(&rate->opts);
    for (uint32_t tried = 0; rate->dirty_n > 0 && tried < all; tried++) {
        const uint32_t i = rate->cursor;
        struct series *s = &rate->series[i];
        rate->cursor = i + 1 < all ? i + 1 : 0;
        if (!s->dirty)
            continue;
        s->dirty = false;
        rate->dirty_n--;
        ret_change->instrument = i < rate->n ? i : BOT__RATE_POOL;
        ret_change->view = view_of(s);
        return 1;
    }
    rate->cursor = 0;
    return 0;
}

void bot__rate_get(const struct bot__rate *rate, uint32_t instrument, bot__rate_view *ret_view)
{
    BOT_ASSERT(instrument == BOT__RATE_POOL || instrument < rate->n);
    /* With one instrument it is the pool. */
    const uint32_t i = instrument != BOT__RATE_POOL ? instrument : rate->n > 1 ? rate->n : 0;
    *ret_view = view_of(&rate->series[i]);
}

void bot__rate_resume(struct bot__rate *rate, bot_ts now)
{
    if (now > rate->now)
        rate->now = now;
    open_again(rate);
}

const char *bot__rate_reason_name(bot__rate_reason reason)
{
    switch (reason) {
    case BOT__RATE_REASON_NONE: return "none";
    case BOT__RATE_REASON_LEARNING: return "learning";
    case BOT__RATE_REASON_QUIET: return "market_quiet";
    case BOT__RATE_REASON_SLOW: return "trades_slow";
    case BOT__RATE_REASON_STOPPED: return "trades_stopped";
    case BOT__RATE_REASON_POOL: return "all_trades_slow";
    case BOT__RATE_REASON_BACKLOG: return "backlog";
    case BOT__RATE_REASON_CLOSED: return "closed";
    }
    return "none";
}
