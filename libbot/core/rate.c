/* How a drop is told from a lull.
 *
 * Two families of tests look at each instrument, and at the sum over all of them:
 *
 *   Silence. The expected number of sweeps since the last one, m = rate * gap. The rate is a geometric mix of moving
 *   averages over 4 s .. 70 min and of the whole past; the weight on the long ones makes a busy minute count for less
 *   than its face value, because bursts end by themselves.
 *   Windows. For windows from 4 steps to an hour (two sizes an octave), the count N against what the time *before* the
 *   window foretold, m. The deviance is that of a negative binomial whose shape is learned per window size.
 *
 * What is a rare value of these statistics differs from venue to venue and no formula gives it. On every tape that we
 * have their upper tails fall off exponentially, with a slope that the tape itself shows. So each test remembers its
 * largest values of the last day or two and puts its limit where the line through them crosses the budget (peaks over
 * threshold), with a prior in place of data that is not there yet.
 *
 * A reference must not learn from an outage. While DROPPED, what was expected is written into the history in place of
 * what came, and the window that raised the alarm is filled up in the same way. */
#include "rate.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "bot/err.h"

#define TAUS 6
#define LEVELS 18
#define RING 8
#define TEST_LEVELS 14
#define SPANS 2  /* window sizes a level: 4 and 6 of its buckets */
#define SHORT 3  /* and on the lowest level 1, 2 and 3 */
#define TESTS (TEST_LEVELS * SPANS + SHORT)
#define TAIL 24 /* largest values remembered a test and generation */
#define STEPS_MISSED_MAX 1000
#define GENERATION_S 86400.0
#define SWEEPS_MIN 40 /* learning is over when this many sweeps, this much time and this many steps were seen */
#define LEARN_S 30.0
#define LEARN_STEPS 30

static const uint32_t span_buckets[SPANS + SHORT] = { 4, 6, 1, 2, 3 };

/* Of the budget: what the silence test may use, and what each window test. Neighbouring windows mostly agree, so their
 * shares add up to more than is left. */
static const double share_silence = 0.25, share_window = 0.05;
/* Limits for one alarm a day are a guess as long as only minutes were seen, and the cautious guess is slow. So the
 * beginning may cost something: this many alarms for each e-fold of the time seen, while that is more than the budget. */
static const double early_alarms = 0.12;

/* Weights of the moving averages and of the whole past (last). */
static const double rate_mix[TAUS + 1] = { 0.00, 0.10, 0.20, 0.20, 0.15, 0.10, 0.25 };
/* Weights of the past before a window of w: about 1-4 w, 1-12 w, 1-48 w back, and the whole past. */
static const double window_mix[4] = { 0.30, 0.25, 0.20, 0.25 };

/* Slope of the tails before any data, in units of the statistic; measured on the tuning tapes. */
static const double slope_silence = 2.0, slope_window = 1.0;

/* The largest values of one statistic. Two generations, so that a value is remembered for one to two of them. */
struct tail {
    float   top[2][TAIL]; /* falling order */
    uint8_t n[2];
    double  values[2], seconds[2]; /* offered, and the time they span */
    double  limit;
};

struct level {
    float    ring[RING]; /* completed buckets, newest first */
    uint32_t filled;     /* saturates at RING */
};

struct series {
    double ewma[TAUS], weight[TAUS]; /* as of ewma_step; weight: 1 - what is still unseen of the average */
    int64_t ewma_step;
    double rate;             /* the mix, per second; recomputed when it is needed */
    bool   rate_stale;
    double total, total_s;   /* sweeps and seconds outside outages */
    struct level level[LEVELS];
    struct tail  silence, window[TESTS];
    float    error[TEST_LEVELS], error_n[TEST_LEVELS]; /* mean squared relative shortfall: 1/shape */
    float    peak[TESTS];                              /* of the statistic, within the block in progress */
    uint8_t  peak_n[TEST_LEVELS];
    uint64_t steps;

    bot_ts   started, last_sweep, gap_max, silence_due, silence_short;
    int64_t  last_venue[3];  /* venue time of the last sweep, per side */
    uint32_t count, fresh;   /* sweeps in the step in progress */

    int64_t  lag_min[2];     /* of this slice of time and the one before */
    bot_ts   lag_slice_until;
    double   lag_normal;     /* largest excess over the minimum in normal times, decaying */

    bot__rate_view view;
    double   frozen;         /* reference while DROPPED, per second */
    double   back;           /* evidence that the flow is back */
    double   block;          /* fresh sweeps in the block in progress */
    bot_ts   block_ns, block_until;
    bool     active, dropped, pooled, dirty;
    bot__rate_reason why;
};

struct bot__rate {
    bot__rate_options opts;
    bot_ts   now, start;
    int64_t  step; /* grid steps since start that were weighed */
    int64_t  wall_minus_now;
    bool     wall_known, closed, closed_by_status;
    double   step_s, decay[TAUS], tau[TAUS];
    uint32_t n, active_n, used, dirty_n, cursor; /* used: beyond the highest active index */
    struct series series[]; /* n instruments, and the pool behind them when n > 1 */
};

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

/* ---- tails ---- */

static void tail_insert(struct tail *t, double value)
{
    float *top = t->top[0];
    if (t->n[0] == TAIL && value <= (double)top[TAIL - 1])
        return;
    uint32_t i = t->n[0] < TAIL ? t->n[0]++ : TAIL - 1u;
    for (; i > 0 && (double)top[i - 1] < value; i--)
        top[i] = top[i - 1];
    top[i] = (float)value;
}

static void tail_age(struct tail *t)
{
    if (t->seconds[0] < GENERATION_S)
        return;
    memcpy(t->top[1], t->top[0], sizeof t->top[0]);
    t->n[1] = t->n[0];
    t->values[1] = t->values[0];
    t->seconds[1] = t->seconds[0];
    t->n[0] = 0;
    t->values[0] = t->seconds[0] = 0;
}

/* Where the tail crosses `alarms_per_s`. values_per_s: of values independent of each other, before any are counted. */
static double tail_limit(const struct tail *t, double alarms_per_s, double slope, double values_per_s)
{
    const double prior_n = 30, prior_slope_n = 4;
    const double seen = t->values[0] + t->values[1];
    const double n = seen > 1 ? seen : 1;
    double seconds = t->seconds[0] + t->seconds[1];
    if (seconds * values_per_s < 1)
        seconds = 1 / values_per_s;

    uint32_t k = (uint32_t)(n * 0.06);
    if (k < 3) k = 3;
    if (k > TAIL) k = TAIL;
    double sum = 0, u = 0;
    uint32_t i[2] = { 0, 0 }, got = 0;
    while (got < k && (i[0] < t->n[0] || i[1] < t->n[1])) {
        const bool second = i[0] >= t->n[0] || (i[1] < t->n[1] && t->top[1][i[1]] > t->top[0][i[0]]);
        u = (double)t->top[second][i[second]++];
        sum += u;
        got++;
    }
    const double excess = sum - got * u;
    const double b = (excess + prior_slope_n * slope) / ((got > 0 ? got - 1 : 0) + prior_slope_n);
    /* Before there is data, the tail is taken as exponential from zero on, with the usual slope. */
    const double u_prior = slope * log(n > k ? n / k : 1);
    u = (n * u + prior_n * u_prior) / (n + prior_n);
    const double ratio = k / (seconds * alarms_per_s);
    return u + (ratio > 1 ? b * log(ratio) : 0);
}

/* ---- rates ---- */

/* The averages of a series stand as of its last step with a sweep: a silence neither lowers them nor costs anything. */
static void averages_add(const struct bot__rate *r, struct series *s, double sweeps)
{
    const int64_t steps = r->step - s->ewma_step;
    for (int j = 0; j < TAUS; j++) {
        const double d = steps == 1 ? r->decay[j] : exp(-(double)steps * r->step_s / r->tau[j]);
        s->ewma[j] = s->ewma[j] * d + sweeps / r->tau[j];
        s->weight[j] = 1 - (1 - s->weight[j]) * d;
    }
    s->ewma_step = r->step;
    s->rate_stale = true;
}

static double long_run(const struct series *s)
{
    return (s->total + 0.5) / (s->total_s + 1);
}

static double series_rate(struct series *s)
{
    if (!s->rate_stale)
        return s->rate;
    double sum = rate_mix[TAUS] * log(long_run(s));
    for (int j = 0; j < TAUS; j++)
        if (rate_mix[j] > 0)
            sum += rate_mix[j] * log((s->ewma[j] + 1e-9) / (s->weight[j] + 1e-9));
    s->rate = exp(sum);
    s->rate_stale = false;
    return s->rate;
}

static void levels_push(struct bot__rate *r, struct series *s, double sweeps)
{
    double value = sweeps;
    for (uint32_t j = 0; j < LEVELS; j++) {
        struct level *l = &s->level[j];
        memmove(l->ring + 1, l->ring, (RING - 1) * sizeof *l->ring);
        l->ring[0] = (float)value;
        if (l->filled < RING)
            l->filled++;
        if (((r->step >> j) & 1) != 0 || l->filled < 2)
            return;
        value = (double)l->ring[0] + (double)l->ring[1];
    }
}

/* Adds what was missing in the last `steps` steps to every bucket that overlaps them. */
static void levels_fill_up(struct bot__rate *r, struct series *s, double missing, int64_t steps)
{
    for (uint32_t j = 0; j < LEVELS; j++) {
        struct level *l = &s->level[j];
        const int64_t size = INT64_C(1) << j;
        int64_t end = r->step & ~(size - 1);
        for (uint32_t i = 0; i < l->filled; i++, end -= size) {
            const int64_t from = end - size > r->step - steps ? end - size : r->step - steps;
            if (from >= end)
                break;
            l->ring[i] += (float)(missing * (double)(end - from) / (double)steps);
        }
    }
}

/* ---- what happened ---- */

static void set_view(struct bot__rate *r, struct series *s, bot__rate_state state, bot__rate_reason reason)
{
    if (s->view.state == state && s->view.reason == reason)
        return;
    if (s->view.state != state)
        s->view.since = r->now;
    s->view.state = state;
    s->view.reason = reason;
    s->view.changed_at = r->now;
    if (!s->dirty) {
        s->dirty = true;
        r->dirty_n++;
    }
}

static void set_numbers(struct series *s, double sweeps, double expected, double seconds, double evidence)
{
    s->view.rate_milli = (int64_t)(sweeps / seconds * 1000 + 0.5);
    s->view.reference_milli = (int64_t)(expected / seconds * 1000 + 0.5);
    s->view.window_ns = (bot_ts)(seconds * 1e9);
    s->view.depth = sweeps < expected ? 1 - sweeps / expected : 0;
    s->view.evidence = evidence;
}

static bool is_learning(const struct bot__rate *r, const struct series *s)
{
    return s->total < SWEEPS_MIN || s->total_s < LEARN_S || s->steps < LEARN_STEPS || (r->step_s >= 10 && s->total_s < 20 * r->step_s);
}

static void drop(struct bot__rate *r, struct series *s, double sweeps, double expected, double seconds, double evidence)
{
    if (s->dropped || r->closed || is_learning(r, s))
        return;
    s->dropped = true;
    s->frozen = expected / seconds;
    s->why = sweeps < 0.002 * expected + 0.5 ? BOT__RATE_REASON_STOPPED : BOT__RATE_REASON_SLOW;
    set_numbers(s, sweeps, expected, seconds, evidence);
    set_view(r, s, BOT__RATE_DROPPED, s->why);
    const int64_t steps = (int64_t)(seconds / r->step_s + 0.5);
    levels_fill_up(r, s, expected - sweeps, steps > 0 ? steps : 1);

    double block_s = seconds / 10;
    if (block_s < 4 / s->frozen) block_s = 4 / s->frozen;
    if (block_s < 1) block_s = 1;
    if (block_s > 60) block_s = 60;
    if (block_s < r->step_s) block_s = r->step_s;
    s->block_ns = (bot_ts)(block_s * 1e9);
    s->block_until = r->now + s->block_ns;
    s->back = s->block = 0;
}

static void release(struct bot__rate *r, struct series *s)
{
    s->dropped = false;
    s->last_sweep = r->now;
    s->gap_max = 0;
    s->silence_due = 0;
    set_view(r, s, BOT__RATE_NORMAL, BOT__RATE_REASON_NONE);
}

/* A sequential test again, of "back at four fifths of the reference" against "still at three tenths", in blocks of a
 * few expected sweeps. A block counts for no more than 1.6 times what is expected, so that one clump is not mistaken
 * for a flow, and only fresh trades count: a backlog's burst proves nothing but that the venue is late. */
static void weigh_release(struct bot__rate *r, struct series *s)
{
    s->block += s->fresh;
    if (s->count > 0 && s->fresh * 2 < s->count) {
        s->back = 0;
        set_view(r, s, BOT__RATE_DROPPED, BOT__RATE_REASON_BACKLOG);
    } else if (s->view.reason == BOT__RATE_REASON_BACKLOG && s->fresh > 0) {
        set_view(r, s, BOT__RATE_DROPPED, BOT__RATE_REASON_SLOW);
    }
    if (r->now < s->block_until)
        return;
    const double expected = s->frozen * (double)s->block_ns / 1e9;
    const double part = s->block / expected;
    s->back += (part < 1.6 ? part : 1.6) * 0.98 - 0.5;
    if (s->back < 0) s->back = 0;
    double enough = 7 / sqrt(expected > 4 ? expected : 4);
    if (enough < 1.2) enough = 1.2;
    if (s->back >= enough && part >= 0.3) {
        release(r, s);
        return;
    }
    s->block = 0;
    s->block_until = r->now + s->block_ns;
    /* A market that really went quiet must not be shut out for ever: while trades do come, more than an outage's
     * trickle, the reference follows them down, by half in about two hours. */
    if (part > 0.03)
        s->frozen *= 1 - 1e-4 * (double)s->block_ns / 1e9;
}

/* ---- the tests ---- */

static double negative_binomial_deviance(double n, double m, double shape)
{
    if (n >= m)
        return 0;
    const double d = (n + shape) * log((m + shape) / (n + shape));
    return n > 0 ? d - n * log(m / n) : d;
}

/* What the time before the last `steps` steps foretells for them; negative when too little is known. */
static double window_expected(const struct bot__rate *r, const struct series *s, uint32_t level, int64_t steps)
{
    const double floor_rate = long_run(s);
    double sum = window_mix[3] * log(floor_rate), weights = window_mix[3];
    for (uint32_t f = 0; f < 3; f++) {
        const uint32_t j = level + 2 + 2 * f;
        if (j >= LEVELS)
            break;
        const struct level *l = &s->level[j];
        const int64_t size = INT64_C(1) << j;
        const int64_t age = r->step & (size - 1); /* of the newest bucket's end */
        const uint32_t first = age >= steps ? 0 : (uint32_t)((steps - age + size - 1) / size);
        double count = 0, seconds = 0;
        for (uint32_t i = first; i < first + 3 && i < l->filled; i++) {
            count += (double)l->ring[i];
            seconds += (double)size * r->step_s;
        }
        if (seconds <= 0)
            continue;
        /* Half a sweep and a twentieth of the usual, so that an empty past foretells little rather than nothing. */
        sum += window_mix[f] * log((count + 0.5 + 0.05 * floor_rate * seconds) / (seconds * 1.05 + 0.5 / floor_rate));
        weights += window_mix[f];
    }
    if (weights < 0.5)
        return -1;
    return exp(sum / weights) * (double)steps * r->step_s;
}

static double alarms_per_s(const struct bot__rate *r, const struct series *s)
{
    const double budget = r->opts.alarms_per_day / 86400, early = early_alarms / (s->total_s + 1);
    /* A smaller budget than usual asks for caution from the beginning. */
    const double caution = r->opts.alarms_per_day < 1 ? r->opts.alarms_per_day : 1;
    return budget > early * caution ? budget : early * caution;
}

/* One window against its past. *ret_d: its deviance; false when there is nothing to compare with. */
static bool window_deviance(const struct bot__rate *r, const struct series *s, uint32_t level, uint32_t buckets, double *ret_n, double *ret_m,
                            double *ret_d)
{
    const struct level *l = &s->level[level];
    if (l->filled < buckets)
        return false;
    double n = 0;
    for (uint32_t i = 0; i < buckets; i++)
        n += (double)l->ring[i];
    const double m = window_expected(r, s, level, (int64_t)buckets << level);
    if (m < 0)
        return false;
    const double shape = 1 / ((double)s->error[level] > 0.02 ? (double)s->error[level] : 0.02);
    *ret_n = n;
    *ret_m = m;
    *ret_d = negative_binomial_deviance(n, m, shape);
    return true;
}

static void learn_shape(struct series *s, uint32_t level, double n, double m)
{
    if (n >= m)
        return;
    const double short_by = 1 - n / m, e = short_by * short_by - 1 / m;
    if (s->error_n[level] < 300) s->error_n[level] += 1;
    s->error[level] += (float)(((e > 0 ? e : 0) - (double)s->error[level]) / (double)s->error_n[level]);
}

static void weigh_windows(struct bot__rate *r, struct series *s, uint32_t level)
{
    const double bucket_s = (double)(INT64_C(1) << level) * r->step_s;
    if (long_run(s) * bucket_s * 6 < 4 || s->total_s < 12 * bucket_s)
        return;
    /* Overlapping windows are not new evidence: the tail gets the worst of four, which is a window's length. */
    const bool block_ends = s->peak_n[level] == 3;
    s->peak_n[level] = (s->peak_n[level] + 1) & 3;
    for (uint32_t k = 0; k < (level == 0 ? SPANS + SHORT : SPANS); k++) {
        const uint32_t test = k < SPANS ? level * SPANS + k : TEST_LEVELS * SPANS + k - SPANS;
        struct tail *t = &s->window[test];
        const double seconds = span_buckets[k] * bucket_s;
        double n, m, d;
        if (!window_deviance(r, s, level, span_buckets[k], &n, &m, &d))
            continue;
        const double natural = t->limit > 0 && d > t->limit ? t->limit : d;
        if (natural > (double)s->peak[test])
            s->peak[test] = (float)natural;
        if (d > 0.6 * t->limit && !s->dropped) {
            t->limit = tail_limit(t, share_window * alarms_per_s(r, s), slope_window, 1 / seconds);
            if (d > t->limit) {
                drop(r, s, n, m, seconds, d / t->limit);
                /* An alarm counts as natural at its limit: if it was false, the limit rises; if not, little is lost. */
                if (s->dropped) tail_insert(t, t->limit);
            }
        }
        if (!block_ends || s->dropped)
            continue;
        tail_insert(t, (double)s->peak[test]);
        t->values[0] += 1;
        t->seconds[0] += 4 * bucket_s;
        tail_age(t);
        s->peak[test] = 0;
        if (k == 0) learn_shape(s, level, n, m);
    }
}

static double silence_limit(struct bot__rate *r, struct series *s)
{
    return s->silence.limit = tail_limit(&s->silence, share_silence * alarms_per_s(r, s), slope_silence, long_run(s));
}

static void weigh_silence(struct bot__rate *r, struct series *s)
{
    /* What a new sweep ended. Only long gaps can be among the largest, so the rate is seldom computed. */
    if (s->gap_max > s->silence_short / 4) {
        const double m = series_rate(s) * (double)s->gap_max / 1e9;
        if (m > 0.5) {
            const double limit = silence_limit(r, s);
            tail_insert(&s->silence, m < limit || is_learning(r, s) ? m : limit);
        }
    }
    if (s->count > 0) {
        s->silence.values[0] += s->count;
        s->gap_max = 0;
        s->silence_due = s->last_sweep + s->silence_short;
    }
    s->silence.seconds[0] += r->step_s;
    tail_age(&s->silence);
    if (r->now < s->silence_due || r->step_s >= 10)
        return;
    const double rate = series_rate(s), limit = silence_limit(r, s);
    const double limit_s = limit / rate;
    const bot_ts limit_ns = limit_s < 1e9 ? (bot_ts)(limit_s * 1e9) : BOT_TS_NEVER / 4;
    s->silence_short = limit_ns / 3;
    s->silence_due = s->last_sweep + limit_ns;
    if (r->now < s->silence_due) {
        if (r->now < s->last_sweep + s->silence_short)
            s->silence_due = s->last_sweep + s->silence_short;
        return;
    }
    const double gap_s = (double)(r->now - s->last_sweep) / 1e9;
    drop(r, s, 0, rate * gap_s, gap_s, rate * gap_s / limit);
    if (s->dropped) tail_insert(&s->silence, limit);
}

/* ---- steps ---- */

static void weigh_quiet(struct bot__rate *r, struct series *s)
{
    if (s->dropped || is_learning(r, s))
        return;
    const double reference = series_rate(s), now_rate = s->ewma[2] / (s->weight[2] + 1e-9) *
        exp(-(double)(r->step - s->ewma_step) * r->step_s / r->tau[2]);
    const double seconds = r->tau[2];
    set_numbers(s, now_rate * seconds, reference * seconds, seconds, s->silence.limit > 0 ?
        reference * (double)(r->now - s->last_sweep) / 1e9 / s->silence.limit : 0);
    /* Hysteresis: quiet below a third, no longer quiet above a half. */
    const bool was = s->view.reason == BOT__RATE_REASON_QUIET;
    const bool quiet = now_rate < (was ? 0.5 : 0.33) * reference;
    set_view(r, s, BOT__RATE_NORMAL, quiet ? BOT__RATE_REASON_QUIET : BOT__RATE_REASON_NONE);
}

static void series_step(struct bot__rate *r, struct series *s)
{
    s->steps++;
    const double learned = s->dropped ? s->frozen * r->step_s : s->count;
    if (learned > 0 && (s->count > 0 || s->dropped))
        averages_add(r, s, learned);
    levels_push(r, s, learned);
    if (!s->dropped) {
        s->total += s->count;
        s->total_s += r->step_s;
        for (uint32_t j = 0; j < TEST_LEVELS; j++) {
            if ((r->step & ((INT64_C(1) << j) - 1)) != 0)
                break;
            weigh_windows(r, s, j);
        }
        weigh_silence(r, s);
    } else {
        weigh_release(r, s);
    }
    if (!s->dropped && is_learning(r, s))
        set_view(r, s, BOT__RATE_LEARNING, BOT__RATE_REASON_LEARNING);
    else if (!s->dropped && (s->view.state != BOT__RATE_NORMAL || (r->step & 15) == 0))
        weigh_quiet(r, s);
    s->count = s->fresh = 0;
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
        s->count = s->fresh = 0;
        s->dropped = s->pooled = false;
        set_view(r, s, is_learning(r, s) ? BOT__RATE_LEARNING : BOT__RATE_NORMAL,
                 is_learning(r, s) ? BOT__RATE_REASON_LEARNING : BOT__RATE_REASON_NONE);
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
        if (s->pooled || is_learning(r, s))
            continue;
        const double m = series_rate(s) * (double)(r->now - s->last_sweep) / 1e9;
        s->pooled = m > 2;
    }
    for (uint32_t i = 0; i < r->used; i++) {
        struct series *s = &r->series[i];
        if (s->pooled) {
            set_view(r, s, BOT__RATE_DROPPED, BOT__RATE_REASON_POOL);
        } else if (!s->dropped && s->view.reason == BOT__RATE_REASON_POOL) {
            set_view(r, s, BOT__RATE_NORMAL, BOT__RATE_REASON_NONE);
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
            set_view(r, &r->series[i], BOT__RATE_NORMAL, BOT__RATE_REASON_CLOSED);
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
        if (s->active) series_step(r, s);
    }
    if (r->active_n > 1) {
        series_step(r, &r->series[r->n]);
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
        r->decay[j] = exp(-r->step_s / tau);
    }
    for (uint32_t i = 0; i < series_count(opts); i++) {
        struct series *s = &r->series[i];
        s->started = s->last_sweep = now;
        s->silence_due = now;
        s->rate_stale = true;
        s->view.since = s->view.changed_at = now;
        s->view.reason = BOT__RATE_REASON_LEARNING;
        s->lag_min[0] = s->lag_min[1] = INT64_MAX;
        s->lag_slice_until = now;
        for (int k = 0; k < 3; k++)
            s->last_venue[k] = INT64_MIN;
        for (uint32_t j = 0; j < TEST_LEVELS; j++) {
            s->error[j] = 0.15f;
            s->error_n[j] = 10;
        }
    }
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

/* Whether a trade is as fresh as this feed's trades are. */
static bool is_fresh(struct bot__rate *r, struct series *s, bot_ts now, int64_t venue_ns)
{
    if (venue_ns == 0)
        return true;
    const int64_t lag = now - venue_ns;
    if (now >= s->lag_slice_until) { /* a clock that was stepped is forgotten within two slices of 15 min */
        s->lag_min[1] = s->lag_min[0];
        s->lag_min[0] = lag;
        s->lag_slice_until = now + 900 * BOT_NS_PER_S;
        s->lag_normal *= 0.8;
    }
    if (lag < s->lag_min[0])
        s->lag_min[0] = lag;
    const int64_t least = s->lag_min[0] < s->lag_min[1] ? s->lag_min[0] : s->lag_min[1];
    const double excess = (double)(lag - least);
    if (!s->dropped && excess > s->lag_normal)
        s->lag_normal = excess;
    return excess <= (double)r->opts.stale_ns || excess <= 1.2 * s->lag_normal;
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

static void count_sweep(struct series *s, bot_ts now, bool fresh)
{
    s->count++;
    s->fresh += fresh;
    if (now - s->last_sweep > s->gap_max)
        s->gap_max = now - s->last_sweep;
    s->last_sweep = now;
    s->view.sweeps++;
}

void bot__rate_trade(struct bot__rate *rate, uint32_t instrument, bot_ts now, int64_t venue_ns, bot_side side)
{
    BOT_ASSERT(instrument < rate->n);
    struct series *s = &rate->series[instrument];
    if (now > rate->now) rate->now = now;
    else now = rate->now;
    activate(rate, instrument);
    s->view.trades++;
    if (venue_ns != 0) {
        if (s->last_venue[side] == venue_ns)
            return;
        s->last_venue[side] = venue_ns;
    }
    const bool fresh = is_fresh(rate, s, now, venue_ns);
    count_sweep(s, now, fresh);
    if (rate->active_n > 1) {
        rate->series[rate->n].view.trades++;
        count_sweep(&rate->series[rate->n], now, fresh);
    }
}

void bot__rate_count(struct bot__rate *rate, uint32_t instrument, bot_ts now, uint64_t count)
{
    BOT_ASSERT(instrument < rate->n);
    const uint32_t n = count < 1u << 30 ? (uint32_t)count : 1u << 30;
    if (now > rate->now) rate->now = now;
    activate(rate, instrument);
    struct series *both[2] = { &rate->series[instrument], rate->active_n > 1 ? &rate->series[rate->n] : NULL };
    for (int i = 0; i < (rate->active_n > 1 ? 2 : 1); i++) {
        both[i]->view.trades += count;
        if (n == 0)
            continue;
        count_sweep(both[i], rate->now, true);
        both[i]->count += n - 1;
        both[i]->fresh += n - 1;
        both[i]->view.sweeps += n - 1;
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
        ret_change->view = s->view;
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
    *ret_view = rate->series[i].view;
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
