/* How a drop is told from a lull.
 *
 * Two families of tests look at each instrument, and at the sum over all of them:
 *
 *   Silence. The expected number of sweeps since the last one, m = rate * gap. The rate is a geometric mix of moving
 *   averages over 4 s .. 70 min and of the whole past; the weight on the long ones makes a busy minute count for less
 *   than its face value, because bursts end by themselves.
 *   Windows. For windows from 4 steps to an hour (one size an octave), the count N against what the time *before* the
 *   window foretold, m. The deviance is that of a negative binomial, of sweeps and of sweeps that filled several. All sizes
 *   learn; the few with 16 to 128 expected may raise an alarm.
 *
 * What is a rare value of these statistics differs from venue to venue and no formula gives it. On every tape that we
 * have their upper tails fall off about exponentially, with a slope that the tape itself shows. So each test remembers its
 * largest values of the last day or two and puts its limit where the line through them crosses the budget (peaks over
 * threshold), with a prior in place of data that is not there yet. Small windows have seen many values when larger ones
 * have seen few, and a flow that is burstier than others is so at every size: the prior of each size is the usual slope
 * times what the size below has learned.
 *
 * A reference must not learn from an outage. While DROPPED, what was expected is written into the history in place of
 * what came, and the window that raised the alarm is filled up in the same way. */
#include "rate_series.h"

#include <math.h>
#include <string.h>

#define FULL_PART 0.8f
#define SEVERAL_BASE 3u  /* no window of less than 32 steps holds enough of these */
#define SHORT_FROM_S 10.0 /* steps so long that the silence test is not used, and shorter windows are (SHORT) */
#define PEAK_EVALUATIONS_MAX 60 /* 15 window lengths: then it is no lull any more but the flow */
#define DEAD_BLOCKS 6
#define TRUSTED_BLOCKS 15
#define CLUMPS 3
#define CLUMPED_BLOCK_NS_MAX (240 * BOT_NS_PER_S)
#define SEVERAL_JUDGES_NS (7200 * BOT_NS_PER_S)
#define PARTS_OF 60.0  /* on the tapes: then one limit does for all venues but the thinnest, ... */
#define PARTS_LEAST 8  /* ... from so many sweeps on, ... */
#define PARTS_MOST 64.0 /* ... of which so many are remembered */
#define PARTS_RARE 0.15 /* rarer than this by itself */
#define STUTTER_NS (600 * BOT_NS_PER_S)
#define STALE_LASTING_NS (300 * BOT_NS_PER_S)
#define STALE_STEADY 0.2
#define FOLLOW_S_MIN 150.0
#define FOLLOW_S_MAX 10000.0
#define SWEEPS_MIN 60 /* learning is over when this many sweeps, this much time and this many steps were seen, ... */
#define LEARN_S 60.0
#define LEARN_STEPS 30
#define SWEEPS_KNOWN 300 /* ... and so many sweeps or so much time: of starts at any moment of the tuning tapes every fifth */
#define KNOWN_S 300.0    /* gave an alarm within ten minutes without this, every tenth with it */

static const uint32_t span_buckets[1 + SHORT] = { 4, 1, 2, 3 };

/* A statistic's part of the budget, in alarms: a day, and at the beginning. Limits for one alarm a day are guesses as
 * long as only minutes were seen, and a cautious guess is a slow one; so the beginning may cost a little more, `early`
 * alarms for each e-fold of the time seen while that is more than the budget. The parts add up to more than one,
 * because one lull shows in several windows. */
struct part {
    double share, early;
    struct bot__tail_law law;
};
static const struct part part_silence = { 0.22, 0.05, { .slope = 2.0, .slope_least = 2.0, .unsure = 1.5, .bend_least = -0.2, .bend_most = 0.3 } };
static const struct part part_window[FLOWS] = {
    [SWEEPS] = { 0.12, 0.007, { .body = 5, .unsure = 0.5 } },
    [SEVERAL] = { 0.25, 0.007, { .body = 5, .unsure = 0.5 } },
};
#define SHARE_ALONE 0.22 /* of windows of sweeps where steps are long: counts of minutes show neither silences nor fills */

#define SIZES_LEAST 16.0  /* the smallest window that may raise an alarm has so many expected */
#define SIZES_MOST 128.0  /* and the largest fewer than so many */
#define VALUES_LEAST 5.0  /* and was seen so many times */
#define SHAPE 5.0         /* of the negative binomial: what is burstier or less has another slope, which is learned */
#define SLOPE_USUAL 1.25  /* of the tapes of all venues within a factor of two for windows of some 30 expected; larger ones average */
#define SLOPE_USUAL_SIZE 30.0
#define SLOPE_LEAST 0.3
#define DEVIANCE_LEAST 0.7 /* below this no limit is worth computing */
#define RATIO_BLOCKS 63    /* buckets less one between two looks at a slope that nobody asked for */
#define SWEEPS_FALL 0.6    /* Whatever loses fills loses sweeps, too, and of those that come some are still of several; ... */
#define SEVERAL_LEFT 0.3   /* ... where all are single it is the venue that writes its trades otherwise. */

/* Weights of the moving averages and of the whole past (last). */
static const double rate_mix[TAUS + 1] = { 0.00, 0.10, 0.20, 0.20, 0.15, 0.10, 0.25 };
/* Weights of the past before a window of w: about 1-4 w, 1-12 w, 1-48 w back, and the whole past. What lies a few
 * windows back foretells best; the far past keeps a flow that thins out slowly from taking its own reference along. */
static const double window_mix[4] = { 0.10, 0.45, 0.35, 0.10 };

void bot__series_init(struct series *s, bot_ts now)
{
    s->started = s->last_sweep = now;
    s->silence_due = now;
    s->rate_stale = true;
    s->view.since = s->view.changed_at = now;
    s->view.reason = BOT__RATE_REASON_LEARNING;
    s->lag_min[0] = s->lag_min[1] = INT64_MAX;
    s->lag_slice_until = now;
    s->step_lag = INT64_MAX;
    s->stale_since = BOT_TS_NEVER;
    for (int k = 0; k < 3; k++)
        s->last_venue[k] = INT64_MIN;
    s->flow[SEVERAL].base = SEVERAL_BASE;
    for (uint32_t f = 0; f < FLOWS; f++)
        for (uint32_t j = 0; j < TEST_LEVELS; j++)
            s->flow[f].ratio[j] = 1;
}

/* ---- rates ---- */

/* The averages of a series stand as of its last step with a sweep: a silence neither lowers them nor costs anything. */
static void averages_add(const struct bot__rate *r, struct series *s, double sweeps)
{
    const int64_t steps = r->step - s->ewma_step;
    for (int j = 0; j < TAUS; j++) {
        const double d = steps < DECAYS ? r->decay[steps][j] : exp(-(double)steps * r->step_s / r->tau[j]);
        s->ewma[j] = s->ewma[j] * d + sweeps / r->tau[j];
        s->weight[j] = 1 - (1 - s->weight[j]) * d;
    }
    s->ewma_step = r->step;
    s->rate_stale = true;
}

static double long_run(const struct series *s, uint32_t flow)
{
    return (s->flow[flow].total + 0.5) / (s->total_s + 1);
}

double bot__series_rate(struct series *s)
{
    if (!s->rate_stale)
        return s->rate;
    double sum = rate_mix[TAUS] * log(long_run(s, SWEEPS));
    for (int j = 0; j < TAUS; j++)
        if (rate_mix[j] > 0)
            sum += rate_mix[j] * log((s->ewma[j] + 1e-9) / (s->weight[j] + 1e-9));
    s->rate = exp(sum);
    s->rate_stale = false;
    return s->rate;
}

static void levels_push(const struct bot__rate *r, struct flow *f, double count)
{
    f->pending += count;
    if ((r->step & ((INT64_C(1) << f->base) - 1)) != 0)
        return;
    double value = f->pending;
    f->pending = 0;
    for (uint32_t j = f->base; j < LEVELS; j++) {
        struct level *l = &f->level[j];
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
static void levels_fill_up(const struct bot__rate *r, struct flow *f, double missing, int64_t steps)
{
    for (uint32_t j = f->base; j < LEVELS; j++) {
        struct level *l = &f->level[j];
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

void bot__series_set_view(struct bot__rate *r, struct series *s, bot__rate_state state, bot__rate_reason reason)
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

bool bot__series_is_learning(const struct bot__rate *r, const struct series *s)
{
    if (s->flow[SWEEPS].total < SWEEPS_KNOWN && s->total_s < KNOWN_S)
        return true;
    return s->flow[SWEEPS].total < SWEEPS_MIN || s->total_s < LEARN_S || s->steps < LEARN_STEPS ||
        (r->step_s >= SHORT_FROM_S && s->total_s < 20 * r->step_s);
}

/* What was counted in a window, and what was expected there, of each flow. */
struct shortfall {
    double count[FLOWS], expected[FLOWS], seconds;
};

/* The test that raised the alarm, and its limit, are kept for the case that it was a lull. */
static void drop(struct bot__rate *r, struct series *s, uint32_t judge, const struct shortfall *w, double evidence, uint32_t suspect, double limit)
{
    if (s->dropped || r->closed || bot__series_is_learning(r, s))
        return;
    s->dropped = true;
    s->judge = judge;
    s->suspect = suspect;
    s->suspect_limit = limit;
    const int64_t steps = (int64_t)(w->seconds / r->step_s + 0.5);
    for (uint32_t f = 0; f < FLOWS; f++) {
        s->flow[f].frozen = w->expected[f] / w->seconds;
        if (w->count[f] < w->expected[f]) levels_fill_up(r, &s->flow[f], w->expected[f] - w->count[f], steps > 0 ? steps : 1);
    }
    s->why = w->count[SWEEPS] < 0.002 * w->expected[SWEEPS] + 0.5 ? BOT__RATE_REASON_STOPPED : BOT__RATE_REASON_SLOW;
    set_numbers(s, w->count[SWEEPS], w->expected[SWEEPS], w->seconds, evidence);
    bot__series_set_view(r, s, BOT__RATE_DROPPED, s->why);

    double block_s = w->seconds / 10;
    /* Where trades come in clumps (polled pages), a block must hold some of them. */
    const double clump_s = 0.4 * bot__tail_usual(&s->silence) / s->flow[SWEEPS].frozen;
    if (block_s < clump_s) block_s = clump_s;
    if (block_s < 4 / s->flow[judge].frozen) block_s = 4 / s->flow[judge].frozen;
    if (block_s < 1) block_s = 1;
    if (block_s > 60) block_s = 60;
    if (block_s < r->step_s) block_s = r->step_s;
    s->block_ns = (bot_ts)(block_s * 1e9);
    s->block_until = r->now + s->block_ns;
    s->back = s->block = 0;
    s->came[SWEEPS] = s->came[SEVERAL] = 0;
    s->dead_blocks = s->trusted_blocks = s->clumps = 0;
    s->alive_at = BOT_TS_NEVER;
}

/* Whether fills are still being lost: of the sweeps that came since the alarm fewer filled several than as a rule. However
 * deep a lull, it leaves that part as it is; where fills are lost it is lower at once. The part is taken to wander
 * about its long run as one of PARTS_OF sweeps does, so that the number is beta-binomial. */
static bool loses_fills(const struct bot__rate *r, const struct series *s)
{
    const double n = floor(s->came[SWEEPS] + 0.5), several = floor(s->came[SEVERAL] + 0.5);
    const double part = long_run(s, SEVERAL) / long_run(s, SWEEPS);
    if (n < PARTS_LEAST || several >= n * part || r->now - s->view.since > SEVERAL_JUDGES_NS)
        return false;
    const double a = PARTS_OF * part, b = PARTS_OF * (1 - part);
    double exactly = 1;
    for (double k = 0; k < n; k++)
        exactly *= (b + k) / (a + b + k);
    double at_most = exactly;
    for (double k = 0; k < several; k++) {
        exactly *= (n - k) / (k + 1) * (a + k) / (b + n - k - 1);
        at_most += exactly;
    }
    return at_most < PARTS_RARE;
}

static void release(struct bot__rate *r, struct series *s)
{
    /* Flow that was back at once makes it a lull after all, to be learned: the limit was too low. What lasted was no
     * lull and says nothing about them, and neither do the stutters after it. */
    if (s->alive_at - s->view.since >= 4 * s->view.window_ns)
        s->unlearned_until = r->now + STUTTER_NS;
    else
        bot__tail_insert(s->suspect == SILENCE ? &s->silence : &s->flow[s->suspect / TESTS].window[s->suspect % TESTS], s->suspect_limit);
    s->dropped = false;
    set_numbers(s, s->block, s->flow[s->judge].frozen * (double)s->block_ns / 1e9, (double)s->block_ns / 1e9, 0);
    s->last_sweep = r->now;
    s->gap_max = 0;
    s->silence_due = 0;
    bot__series_set_view(r, s, BOT__RATE_NORMAL, BOT__RATE_REASON_NONE);
}

/* A sequential test again, of "back at four fifths of the reference" against "still at three tenths", in blocks of a
 * few expected sweeps. A block counts for no more than 1.6 times what is expected, so that one clump is not mistaken
 * for a flow, and only fresh trades count: a backlog's burst proves nothing but that the venue is late. */
static void weigh_release(struct bot__rate *r, struct series *s, bool fresh)
{
    if (!fresh) {
        s->back = s->block = 0;
        bot__series_set_view(r, s, BOT__RATE_DROPPED, BOT__RATE_REASON_BACKLOG);
    } else if (s->count[SWEEPS] + s->count[SEVERAL] > 0) {
        s->block += s->count[s->judge];
        for (uint32_t f = 0; f < FLOWS; f++)
            s->came[f] += s->count[f];
        if (s->view.reason == BOT__RATE_REASON_BACKLOG) bot__series_set_view(r, s, BOT__RATE_DROPPED, BOT__RATE_REASON_SLOW);
    }
    if (r->now < s->block_until)
        return;
    /* A venue may have come to write its trades otherwise, one for each sweep: then the sweeps decide. */
    if (s->judge == SEVERAL && r->now - s->view.since > SEVERAL_JUDGES_NS) {
        s->judge = SWEEPS;
        s->back = s->block = 0;
        s->block_until = r->now + s->block_ns;
        return;
    }
    const double expected = s->flow[s->judge].frozen * (double)s->block_ns / 1e9;
    const double part = s->block / expected;
    if (part >= 0.3 && s->alive_at == BOT_TS_NEVER) s->alive_at = r->now;
    /* What comes straight out of a dead silence needs less proof than what grows out of a thinned flow. */
    if (s->block > 0 && s->dead_blocks >= DEAD_BLOCKS) s->trusted_blocks = TRUSTED_BLOCKS;
    const double blocks = s->dead_blocks + 1.0; /* since the last one that held something */
    s->dead_blocks = s->block > 0 ? 0 : s->dead_blocks + 1;
    /* The whole flow, but in clumps that are further apart than a block is long (a page polled once a minute): then dead
     * blocks are no evidence, and would take back for ever what each clump proved. */
    if (blocks >= 3 && part >= 0.5 * blocks && ++s->clumps >= CLUMPS && s->block_ns < CLUMPED_BLOCK_NS_MAX) {
        s->block_ns *= 2;
        s->block_until = r->now + s->block_ns;
        s->back = s->block = 0;
        s->clumps = s->dead_blocks = 0;
        return;
    }
    s->back += (part < 1.6 ? part : 1.6) * 0.98 - (s->trusted_blocks > 0 ? 0.35 : 0.5);
    if (s->trusted_blocks > 0) s->trusted_blocks--;
    if (s->back < 0) s->back = 0;
    double enough = 7 / sqrt(expected > 4 ? expected : 4);
    if (enough < 1.2) enough = 1.2;
    const bool lost = loses_fills(r, s);
    if (s->back >= enough && part >= 0.3 && !lost) {
        release(r, s);
        return;
    }
    if (s->came[SWEEPS] > PARTS_MOST) {
        s->came[SEVERAL] *= PARTS_MOST / 2 / s->came[SWEEPS];
        s->came[SWEEPS] = PARTS_MOST / 2;
    }
    s->block = 0;
    s->block_until = r->now + s->block_ns;
    /* A market that really went quiet must not be shut out for ever: while trades do come, more than an outage's
     * trickle, the reference follows them down, in about the time it was learned in and by half in two hours at most. */
    const double learned_s = s->total_s < FOLLOW_S_MAX ? s->total_s : FOLLOW_S_MAX;
    if (part > 0.03 * blocks && !lost)
        for (uint32_t f = 0; f < FLOWS; f++)
            s->flow[f].frozen *= exp(-blocks * (double)s->block_ns / 1e9 / (learned_s > FOLLOW_S_MIN ? learned_s : FOLLOW_S_MIN));
}

/* ---- the tests ---- */

static double negative_binomial_deviance(double n, double m, double shape)
{
    if (n >= m)
        return 0;
    const double d = (n + shape) * log((m + shape) / (n + shape));
    return n > 0 ? d - n * log(m / n) : d;
}

/* Rates of the time before the last `steps` steps, near and far, and their weights. Returns how many; the weights add up
 * to *ret_weights, 0 when too little is known. */
static uint32_t rates_before(const struct bot__rate *r, const struct series *s, uint32_t flow, uint32_t level, int64_t steps, double rates[4],
                             double weights[4], double *ret_weights)
{
    const double usual = long_run(s, flow);
    uint32_t n = 0;
    rates[n] = usual;
    *ret_weights = weights[n++] = window_mix[3];
    for (uint32_t f = 0; f < 3; f++) {
        const uint32_t j = level + 2 + 2 * f;
        if (j >= LEVELS)
            break;
        const struct level *l = &s->flow[flow].level[j];
        const int64_t size = INT64_C(1) << j;
        const int64_t age = r->step & (size - 1); /* of the newest bucket's end */
        const uint32_t first = age >= steps ? 0 : (uint32_t)((steps - age + size - 1) / size);
        double count = 0;
        uint32_t buckets = 0;
        for (uint32_t i = first; i < first + 3 && i < l->filled; i++, buckets++)
            count += (double)l->ring[i];
        if (buckets == 0)
            continue;
        const double seconds = buckets * (double)size * r->step_s;
        /* Half a sweep and a twentieth of the usual, so that an empty past foretells little rather than nothing. */
        rates[n] = (count + 0.5 + 0.05 * usual * seconds) / (seconds * 1.05 + 0.5 / usual);
        *ret_weights += weights[n++] = window_mix[f];
    }
    if (*ret_weights < 0.5) *ret_weights = 0;
    return n;
}

static double limit_of(const struct bot__rate *r, const struct series *s, const struct bot__tail *t, const struct part *part,
                       double values_per_s, double *ret_slope)
{
    const double a_day = r->opts.alarms_per_day;
    const double budget = part->share * a_day / 86400;
    /* A smaller budget than usual asks for caution from the beginning. */
    const double early = part->early * (a_day < 1 ? a_day : 1) / (s->total_s + 1);
    return bot__tail_limit(t, &part->law, budget > early ? budget : early, values_per_s, ret_slope);
}

/* One window against its past. *ret_d: its deviance; false when there is nothing to compare with. Unless `exact`, a
 * window that is nearly full is told from its mean alone (the geometric mean is below the arithmetic one), which saves
 * the logarithms nearly always. */
static bool window_deviance(const struct bot__rate *r, const struct series *s, uint32_t flow, uint32_t level, uint32_t buckets, bool exact,
                            double *ret_n, double *ret_m, double *ret_d)
{
    const struct level *l = &s->flow[flow].level[level];
    if (l->filled < buckets)
        return false;
    double n = 0;
    for (uint32_t i = 0; i < buckets; i++)
        n += (double)l->ring[i];
    double rates[4], weights[4], total, mean = 0, log_mean = 0;
    const int64_t steps = (int64_t)buckets << level;
    const uint32_t rates_n = rates_before(r, s, flow, level, steps, rates, weights, &total);
    if (total <= 0)
        return false;
    const double seconds = (double)steps * r->step_s;
    for (uint32_t i = 0; i < rates_n; i++)
        mean += weights[i] * rates[i];
    *ret_n = n;
    *ret_m = mean / total * seconds;
    *ret_d = 0;
    if (!exact && n > 0.7 * *ret_m)
        return true;
    for (uint32_t i = 0; i < rates_n; i++)
        log_mean += weights[i] * log(rates[i]);
    *ret_m = exp(log_mean / total) * seconds;
    *ret_d = negative_binomial_deviance(n, *ret_m, SHAPE);
    return true;
}

/* Every size learns, few may raise an alarm: each further test would have to be less sensitive than the ones before for
 * the same budget. */
static bool is_armed(const struct bot__rate *r, const struct series *s, uint32_t flow, double seconds)
{
    const double a_step = long_run(s, flow) * r->step_s, least = a_step > SIZES_LEAST ? a_step : SIZES_LEAST;
    const double size = long_run(s, flow) * seconds / least * 1.0001;
    return size >= 1 && size < SIZES_MOST / SIZES_LEAST;
}

/* Nearly always a window holds about what was foretold a short while ago, and need not be foretold anew. */
static bool is_full(const struct series *s, const struct flow *f, uint32_t level, uint32_t test, uint32_t k, bool block_ends)
{
    const struct level *l = &f->level[level];
    if (k > 0 || block_ends || s->dropped || f->peak[test] > 0 || !(f->foretold[test] > 0) || l->filled < span_buckets[0])
        return false;
    return l->ring[0] + l->ring[1] + l->ring[2] + l->ring[3] > FULL_PART * f->foretold[test];
}

/* The limit of a window with `m` expected; learns the slope on the way. */
static double window_limit(const struct bot__rate *r, struct series *s, uint32_t flow, uint32_t level, uint32_t test, double m, double seconds)
{
    struct flow *f = &s->flow[flow];
    const double usual = SLOPE_USUAL * (m > SLOPE_USUAL_SIZE ? sqrt(SLOPE_USUAL_SIZE / m) : 1);
    struct part part = part_window[flow];
    if (r->step_s >= SHORT_FROM_S) part.share = SHARE_ALONE;
    part.law.slope = usual * (level > f->base ? (double)f->ratio[level - 1] : 1);
    part.law.slope_least = usual * SLOPE_LEAST;
    double slope;
    const double limit = limit_of(r, s, &f->window[test], &part, 1 / seconds, &slope);
    if (test == level) f->ratio[level] = (float)(slope / usual);
    return limit;
}

/* A window fell: of sweeps, or of sweeps of several in the way in which they do when fills get lost. */
static void drop_for_window(struct bot__rate *r, struct series *s, uint32_t flow, uint32_t level, uint32_t test, uint32_t buckets, double n, double m,
                            double d, double limit)
{
    struct shortfall w = { .seconds = (double)((int64_t)buckets << level) * r->step_s };
    const double several = long_run(s, SEVERAL) / long_run(s, SWEEPS);
    if (flow == SWEEPS) {
        w.count[SEVERAL] = several * n;
        w.expected[SEVERAL] = several * m;
    } else {
        double unused;
        if (!window_deviance(r, s, SWEEPS, level, buckets, true, &w.count[SWEEPS], &w.expected[SWEEPS], &unused))
            return;
        const double part = w.count[SWEEPS] / w.expected[SWEEPS];
        if (m < SIZES_LEAST || part > SWEEPS_FALL || n + 1 < SEVERAL_LEFT * part * part * m)
            return;
    }
    w.count[flow] = n;
    w.expected[flow] = m;
    drop(r, s, flow, &w, d / limit, flow * TESTS + test, limit);
}

static void weigh_windows(struct bot__rate *r, struct series *s, uint32_t flow, uint32_t level)
{
    struct flow *f = &s->flow[flow];
    const double bucket_s = (double)(INT64_C(1) << level) * r->step_s;
    /* What is far below the smallest size that may raise an alarm need not be known. */
    if (long_run(s, flow) * bucket_s * span_buckets[0] < SIZES_LEAST / 2 || s->total_s < 12 * bucket_s)
        return;
    const bool block_ends = ((r->step >> level) & 3) == 0;
    for (uint32_t k = 0; k < (level == 0 && r->step_s >= SHORT_FROM_S ? 1 + SHORT : 1); k++) {
        const uint32_t test = k == 0 ? level : TEST_LEVELS + k - 1;
        struct bot__tail *t = &f->window[test];
        const double seconds = span_buckets[k] * bucket_s;
        double n, m, d;
        if (is_full(s, f, level, test, k, block_ends)) {
            bot__tail_pass(t, bucket_s / seconds, bucket_s);
            continue;
        }
        if (!window_deviance(r, s, flow, level, span_buckets[k], block_ends, &n, &m, &d))
            continue;
        f->foretold[test] = (float)m;
        double limit = INFINITY;
        if (d > DEVIANCE_LEAST && is_armed(r, s, flow, seconds))
            limit = window_limit(r, s, flow, level, test, m, seconds);
        else if (block_ends && ((r->step >> level) & RATIO_BLOCKS) == 0)
            window_limit(r, s, flow, level, test, m, seconds);
        const double natural = d > limit ? limit : d;
        if (natural > (double)f->peak[test] && d > 0.5)
            f->peak[test] = (float)natural;
        if (d > limit && bot__tail_seen(t) >= VALUES_LEAST && !s->dropped) {
            drop_for_window(r, s, flow, level, test, span_buckets[k], n, m, d, limit);
            f->peak[test] = 0;
            f->peak_n[test] = 0;
        }
        if (s->dropped)
            continue;
        /* A lull is one value, its worst, and is learned when it is over: an outage that is only beginning to show must
         * not raise the limit by which it is about to be found. */
        if (f->peak[test] > 0) {
            f->peak_n[test]++;
            if (d < 0.4 * (double)f->peak[test] || f->peak_n[test] > PEAK_EVALUATIONS_MAX) {
                if (r->now >= s->unlearned_until) bot__tail_insert(t, (double)f->peak[test]);
                f->peak[test] = 0;
                f->peak_n[test] = 0;
            }
        }
        /* Overlapping windows are not new evidence: a window's length is. */
        bot__tail_pass(t, bucket_s / seconds, bucket_s);
    }
}

static double silence_limit(const struct bot__rate *r, struct series *s)
{
    return s->silence_limit = limit_of(r, s, &s->silence, &part_silence, long_run(s, SWEEPS), /* ret_slope= */ NULL);
}

static void weigh_silence(struct bot__rate *r, struct series *s)
{
    /* What a new sweep ended. Only long gaps can be among the largest, so the rate is seldom computed anew: by four
     * times at most it is another than when it last was. */
    const bool full = s->silence.n[0] == BOT__TAIL_VALUES;
    if (s->gap_max > 0 && (!full || s->rate * 4 * (double)s->gap_max / 1e9 > bot__tail_usual(&s->silence))) {
        const double m = bot__series_rate(s) * (double)s->gap_max / 1e9;
        if (m > 0.5 && r->now >= s->unlearned_until) {
            const double limit = m > 0.5 * s->silence_limit ? silence_limit(r, s) : m;
            bot__tail_insert(&s->silence, m < limit || bot__series_is_learning(r, s) ? m : limit);
        }
    }
    if (s->count[SWEEPS] > 0) {
        s->gap_max = 0;
        s->silence_due = s->last_sweep + s->silence_short;
    }
    bot__tail_pass(&s->silence, s->count[SWEEPS], r->step_s);
    if (r->now < s->silence_due || r->step_s >= SHORT_FROM_S)
        return;
    const double rate = bot__series_rate(s), limit = silence_limit(r, s);
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
    const double several = long_run(s, SEVERAL) / long_run(s, SWEEPS);
    const struct shortfall w = { .expected = { rate * gap_s, several * rate * gap_s }, .seconds = gap_s };
    drop(r, s, SWEEPS, &w, rate * gap_s / limit, SILENCE, limit);
}

/* ---- a step ---- */

static void weigh_quiet(struct bot__rate *r, struct series *s)
{
    if (s->dropped || bot__series_is_learning(r, s))
        return;
    const double reference = bot__series_rate(s), now_rate = s->ewma[2] / (s->weight[2] + 1e-9) *
        exp(-(double)(r->step - s->ewma_step) * r->step_s / r->tau[2]);
    const double seconds = r->tau[2];
    set_numbers(s, now_rate * seconds, reference * seconds, seconds, s->silence_limit > 0 ?
        reference * (double)(r->now - s->last_sweep) / 1e9 / s->silence_limit : 0);
    /* Hysteresis: quiet below a third, no longer quiet above a half. */
    const bool was = s->view.reason == BOT__RATE_REASON_QUIET;
    const bool quiet = now_rate < (was ? 0.5 : 0.33) * reference;
    bot__series_set_view(r, s, BOT__RATE_NORMAL, quiet ? BOT__RATE_REASON_QUIET : BOT__RATE_REASON_NONE);
}

/* Whether what came in this step is as fresh as this feed's trades are. */
static bool step_is_fresh(const struct bot__rate *r, struct series *s)
{
    if (s->step_lag == INT64_MAX)
        return true;
    const int64_t least = s->lag_min[0] < s->lag_min[1] ? s->lag_min[0] : s->lag_min[1];
    const double excess = (double)(s->step_lag - least);
    s->step_lag = INT64_MAX;
    const bool fresh = excess <= (double)r->opts.stale_ns || excess <= 1.2 * s->lag_normal;
    if (fresh) s->stale_since = BOT_TS_NEVER;
    /* A delay that stays the same is how the feed is now, or a clock was stepped (the lag monitor has its own opinion).
     * What drains or grows is a backlog, for as long as it takes. */
    const double steady = STALE_STEADY * s->stale_level > (double)r->opts.stale_ns ? STALE_STEADY * s->stale_level : (double)r->opts.stale_ns;
    if (!fresh && (s->stale_since == BOT_TS_NEVER || fabs(excess - s->stale_level) > steady)) {
        s->stale_since = r->now;
        s->stale_level = excess;
    }
    const bool lasting = s->stale_since != BOT_TS_NEVER && r->now - s->stale_since > STALE_LASTING_NS;
    if ((!s->dropped || lasting) && excess > s->lag_normal)
        s->lag_normal = excess;
    return fresh || lasting;
}

void bot__series_step(struct bot__rate *r, struct series *s)
{
    const bool fresh = step_is_fresh(r, s);
    s->steps++;
    for (uint32_t f = 0; f < FLOWS; f++) {
        const double learned = s->dropped ? s->flow[f].frozen * r->step_s : s->count[f];
        if (f == SWEEPS && learned > 0) averages_add(r, s, learned);
        levels_push(r, &s->flow[f], learned);
        if (!s->dropped) s->flow[f].total += s->count[f];
    }
    if (!s->dropped) {
        s->total_s += r->step_s;
        for (uint32_t j = 0; j < TEST_LEVELS; j++) {
            if ((r->step & ((INT64_C(1) << j) - 1)) != 0)
                break;
            weigh_windows(r, s, SWEEPS, j);
            if (j >= SEVERAL_BASE) weigh_windows(r, s, SEVERAL, j);
        }
        weigh_silence(r, s);
    } else {
        weigh_release(r, s, fresh);
    }
    if (!s->dropped && bot__series_is_learning(r, s))
        bot__series_set_view(r, s, BOT__RATE_LEARNING, BOT__RATE_REASON_LEARNING);
    else if (!s->dropped && !s->pooled && (s->view.state != BOT__RATE_NORMAL || (r->step & 63) == 0))
        weigh_quiet(r, s);
    s->count[SWEEPS] = s->count[SEVERAL] = 0;
}
