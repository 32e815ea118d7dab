/* eval_rate: how good is the trade-rate monitor on recorded tapes?
 *
 *     eval_rate [--market DIR] [--seed N] [--injections N] [--starts N] [--only SUBSTRING] [--set tuning|holdout]
 *
 * Each tape is run as it is, and the alarms outside its real stops are counted. Then outages are put into it at random
 * moments, each into a copy of the monitor as it stood there:
 *   stop       nothing comes
 *   backlog    nothing comes; at the end all of it comes at ten times its speed, with its old times
 *   starve     one trade in a hundred
 *   thin10     one in ten
 *   thin25     one in four
 *   ramp       the feed falls behind by 0.35 s a second (tapes with a receive clock)
 *   partial    one instrument stops, the others go on (tapes of several)
 * Trades are taken out one by one, so that of a sweep of several fills some may be left, for the monitor and for the rules.
 * and beside it, on the same outages, stand fixed rules: "fewer than f times the usual in the last W seconds", evaluated
 * every second on sweeps against the ten minutes before (one minute on tapes under an hour). For each W the threshold f
 * is chosen in hindsight: the most sensitive one that gives no more false alarms on this very tape than the monitor
 * did. "best rule" is, again in hindsight, the W with the shortest median delay for that shape, so the rule may be
 * another one for each shape; "one rule" is the best single one for all shapes of the tape. Delays of what was not
 * found within the outage count as the outage's length: a rule that counts hardly ever finds a ramp.
 *
 * Two yardsticks say how much of that is the statistic and how much the limit: a trailing likelihood ratio on counts, its
 * one limit chosen in hindsight like the rules' ("LR"), and the same with each window scaled by its own limit in hindsight
 * ("LR scaled"): what a monitor could do that knew on the first day how bursty the day would be. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval_tapes.h"
#include "../../tools/botctl/rate_tape.h"

#define S BOT_NS_PER_S
#define TAPES_MAX 32
#define EVENTS_MAX 100000
#define WINDOWS_MAX 24
#define INJECTIONS_MAX 400
#define DAY_S 86400.0

enum shape { STOP, BACKLOG, STARVE, THIN10, THIN25, RAMP, PARTIAL, SHAPES };
static const char *const shape_name[SHAPES] = { "stop", "backlog", "starve", "thin10", "thin25", "ramp", "partial" };
static const double shape_keep[SHAPES] = { 0, 0, 0.01, 0.10, 0.25, 1, 0 };

static const int windows_s[] = { 1, 2, 3, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600, 7200 };
#define WINDOWS (sizeof windows_s / sizeof *windows_s)

static unsigned long long rng_state;
static double uniform(void)
{
    unsigned long long z = (rng_state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *values, size_t n, double q)
{
    static double sorted[INJECTIONS_MAX * TAPE_INSTRUMENTS_MAX];
    if (n == 0)
        return NAN;
    memcpy(sorted, values, n * sizeof *values);
    qsort(sorted, n, sizeof *sorted, by_value);
    return sorted[(size_t)(q * (double)(n - 1) + 0.5)];
}

/* ---- the monitor on a tape ---- */

struct log {
    rate_tape_event events[EVENTS_MAX];
    size_t n;
};
static struct log untouched, injected;

static void on_event(void *user_data, const rate_tape_event *event)
{
    struct log *log = user_data;
    if (log->n < EVENTS_MAX) log->events[log->n++] = *event;
}

static struct rate_tape *monitor_new(const struct tape *t, double budget, struct log *log)
{
    struct rate_tape *m = rate_tape_new(&(rate_tape_options){
        .alarms_per_day = budget, .instruments_max = t->instruments, .minutes = t->minutes_n > 0,
        .receive_times = t->receive, .on_event = on_event, .user_data = log });
    if (m == NULL) abort();
    return m;
}

static const struct mask *mask_at(const struct tape *t, int64_t from, int64_t to)
{
    for (uint32_t i = 0; i < t->masks_n; i++)
        if (t->masks[i].from < to && t->masks[i].to > from)
            return &t->masks[i];
    return NULL;
}

struct span {
    int64_t from, to, warm; /* judged from warm on */
    bool fast;              /* under an hour */
};

static struct span span_of(const struct tape *t)
{
    struct span s = { t->rows[0].received, t->rows[t->n - 1].received, 0, false };
    const int64_t length = s.to - s.from;
    s.fast = length < 3600 * S;
    s.warm = s.from + (s.fast ? length / 4 : length / 10 > 3600 * S ? 3600 * S : length / 10);
    return s;
}

/* ---- fixed rules ---- */

struct rules {
    int64_t from;              /* second 0 */
    int seconds;
    uint32_t *before;          /* before[s]: sweeps in seconds 0 .. s-1 */
    int reference_s;
    double f[WINDOWS];         /* below 0: this window cannot keep the false alarms down */
    double lr_limit[WINDOWS];  /* of the likelihood ratio of each window, in hindsight */
    double lr_one, lr_scaled;  /* of the largest, and of the largest in units of its limit */
};

static double rule_value(const uint32_t *before, int second, int window, int reference)
{
    if (window > 300 && reference > 60) reference = 3 * window;
    const int ref_to = second - window, ref_from = ref_to - reference > 0 ? ref_to - reference : 0;
    if (ref_to - ref_from < reference / 4 || ref_to - ref_from < 10)
        return INFINITY;
    const double usual = (double)(before[ref_to] - before[ref_from]) / (ref_to - ref_from) * window;
    return usual <= 0 ? INFINITY : (double)(before[second] - before[second - window]) / usual;
}

static int rule_alarms(const struct tape *t, const struct rules *r, int window, double f, int first)
{
    int alarms = 0, quiet_until = 0;
    for (int s = first > window ? first : window; s <= r->seconds; s++) {
        if (rule_value(r->before, s, window, r->reference_s) > f)
            continue;
        const int64_t at = r->from + s * S;
        if (s < quiet_until)
            continue;
        alarms += mask_at(t, at - 600 * S, at) == NULL;
        quiet_until = s + 60; /* a lull is one alarm, but a rule that is always in alarm is none */
    }
    return alarms;
}

/* ---- yardsticks ---- */

/* Deviance of a negative binomial (shape 5) against the geometric mean of what the times before foretell. */
static double lr_value(const uint32_t *before, int second, int window)
{
    static const double weight[3] = { 0.10, 0.45, 0.35 };
    if (second < 5 * window)
        return 0;
    const double usual = (before[second] + 0.5) / (second + 1.0), shape = 5;
    double sum = 0.10 * log(usual), total = 0.10;
    int back = 3 * window;
    for (int i = 0; i < 3; i++, back *= 4) {
        const int to = second - window, from = to > back ? to - back : 0;
        const double rate = ((double)(before[to] - before[from]) + 0.5 + 0.05 * usual * (to - from)) / (1.05 * (to - from) + 0.5 / usual);
        sum += weight[i] * log(rate);
        total += weight[i];
    }
    const double m = exp(sum / total) * window, n = before[second] - before[second - window];
    if (n >= m || usual * window < 4)
        return 0;
    return (n + shape) * log((m + shape) / (n + shape)) - (n > 0 ? n * log(m / n) : 0);
}

/* The largest likelihood ratio, and the largest in units of its window's limit. */
static void lr_largest(const uint32_t *before, int second, const double limit[WINDOWS], double *ret_one, double *ret_scaled)
{
    *ret_one = *ret_scaled = 0;
    for (size_t w = 0; w < WINDOWS; w++) {
        const double value = lr_value(before, second, windows_s[w]);
        if (value > *ret_one) *ret_one = value;
        if (limit[w] > 0 && value / limit[w] > *ret_scaled) *ret_scaled = value / limit[w];
    }
}

static double lr_hindsight(const struct tape *t, const struct rules *r, const float *values, int first, int allowed)
{
    double low = 0, high = 1000;
    for (int i = 0; i < 40; i++) {
        const double mid = (low + high) / 2;
        int alarms = 0, quiet_until = 0;
        for (int s = first; s <= r->seconds && alarms <= allowed; s++) {
            if ((double)values[s] <= mid || s < quiet_until)
                continue;
            alarms += mask_at(t, r->from + (s - 600) * S, r->from + s * S) == NULL;
            quiet_until = s + 60;
        }
        if (alarms <= allowed) high = mid;
        else low = mid;
    }
    return high;
}

static void lr_choose(const struct tape *t, const struct span *span, struct rules *r, int allowed)
{
    const int first = (int)((span->warm - span->from) / S);
    float *values = calloc((size_t)r->seconds + 1, sizeof *values), *scaled = calloc((size_t)r->seconds + 1, sizeof *scaled);
    if (values == NULL || scaled == NULL) abort();
    for (size_t w = 0; w < WINDOWS; w++) {
        for (int s = windows_s[w]; s <= r->seconds; s++)
            values[s] = (float)lr_value(r->before, s, windows_s[w]);
        r->lr_limit[w] = windows_s[w] > r->seconds / 4 ? 0 : lr_hindsight(t, r, values, first, allowed);
        memset(values, 0, ((size_t)r->seconds + 1) * sizeof *values);
    }
    for (int s = 1; s <= r->seconds; s++) {
        double one, most;
        lr_largest(r->before, s, r->lr_limit, &one, &most);
        values[s] = (float)one;
        scaled[s] = (float)most;
    }
    r->lr_one = lr_hindsight(t, r, values, first, allowed);
    r->lr_scaled = lr_hindsight(t, r, scaled, first, allowed);
    free(values);
    free(scaled);
}

static uint32_t *count_seconds(const struct row *rows, size_t n, uint32_t instrument, int64_t from, int seconds)
{
    uint32_t *before = calloc((size_t)seconds + 2, sizeof *before);
    if (before == NULL) abort();
    int64_t last_venue = 0;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].instrument != instrument || rows[i].venue == last_venue)
            continue;
        last_venue = rows[i].venue;
        const int64_t s = (rows[i].received - from) / S;
        if (s >= 0 && s <= seconds) before[s + 1]++;
    }
    for (int s = 0; s <= seconds; s++)
        before[s + 1] += before[s];
    return before;
}

static void rules_choose(const struct tape *t, const struct span *span, struct rules *r, int allowed)
{
    const int first = (int)((span->warm - span->from) / S);
    for (size_t w = 0; w < WINDOWS; w++) {
        double low = 0, high = 1;
        r->f[w] = -1;
        if (windows_s[w] > r->seconds / 4 || rule_alarms(t, r, windows_s[w], 0, first) > allowed)
            continue;
        for (int i = 0; i < 14; i++) {
            const double mid = (low + high) / 2;
            if (rule_alarms(t, r, windows_s[w], mid, first) <= allowed) low = mid;
            else high = mid;
        }
        r->f[w] = low;
    }
}

/* ---- outages ---- */

struct outage {
    enum shape shape;
    int64_t from, to;
};

/* The rows from o->from on with the outage in them, up to `until`. */
static size_t inject(const struct tape *t, size_t first, const struct outage *o, int64_t until, struct row *out)
{
    size_t n = 0;
    for (size_t i = first; i < t->n && t->rows[i].received < until; i++) {
        struct row row = t->rows[i];
        const bool hit = row.received < o->to && (o->shape != PARTIAL || row.instrument == 0);
        if (o->shape == RAMP) {
            const double behind = row.received < o->to ? 0.35 * (double)(row.received - o->from) : 0;
            /* after its end the feed catches up at five times the speed */
            const double peak = 0.35 * (double)(o->to - o->from), left = peak - 5 * (double)(row.received - o->to);
            row.received += (int64_t)(row.received < o->to ? behind : left > 0 ? left : 0);
        } else if (o->shape == BACKLOG && hit) {
            row.received = o->to + (row.received - o->from) / 10;
        } else if (hit && uniform() >= shape_keep[o->shape]) {
            continue;
        }
        out[n++] = row;
    }
    if (o->shape == RAMP || o->shape == BACKLOG) {
        /* Arrival order; stable and nearly sorted. */
        for (size_t i = 1; i < n; i++) {
            struct row row = out[i];
            size_t j = i;
            for (; j > 0 && out[j - 1].received > row.received; j--)
                out[j] = out[j - 1];
            out[j] = row;
        }
    }
    return n;
}

static int outage_s(enum shape shape, const struct span *span, double sweeps_per_s)
{
    const double length = (double)(span->to - span->from) / 1e9;
    if (shape == RAMP)
        return span->fast ? 15 : 60;
    if (span->fast)
        return (int)(length * 0.3);
    double seconds = shape == STOP || shape == BACKLOG || shape == PARTIAL ? 900 : shape == STARVE ? 1200 : shape == THIN10 ? 2400 : 4800;
    if (sweeps_per_s < 0.1) seconds *= 10;
    return (int)(seconds < length / 5 ? seconds : length / 5);
}

struct result {
    double delay[INJECTIONS_MAX * TAPE_INSTRUMENTS_MAX], release[INJECTIONS_MAX * TAPE_INSTRUMENTS_MAX];
    double rule[WINDOWS][INJECTIONS_MAX * TAPE_INSTRUMENTS_MAX];
    double lr_one[INJECTIONS_MAX * TAPE_INSTRUMENTS_MAX], lr_scaled[INJECTIONS_MAX * TAPE_INSTRUMENTS_MAX];
    size_t n, released, missed, early;
};
static struct result results[SHAPES];

static void measure(const struct tape *t, const struct outage *o, const struct rules *rules, const struct row *rows,
                    size_t n, uint32_t instrument, bool dropped_before, struct result *res)
{
    if (dropped_before || res->n == INJECTIONS_MAX * TAPE_INSTRUMENTS_MAX)
        return;
    const double length = (double)(o->to - o->from) / 1e9;
    double delay = length, release = -1;
    bool found = false;
    for (size_t i = 0; i < injected.n; i++) {
        const rate_tape_event *e = &injected.events[i];
        if (e->instrument != instrument || e->time_ns < o->from)
            continue;
        if (!found && e->state == BOT__RATE_DROPPED && e->time_ns <= o->to) {
            delay = (double)(e->time_ns - o->from) / 1e9;
            found = true;
        } else if (found && e->state == BOT__RATE_NORMAL) {
            if (e->time_ns < o->to) { /* let go while it lasted */
                res->early++;
                break;
            }
            release = (double)(e->time_ns - o->to) / 1e9;
            break;
        }
    }
    res->delay[res->n] = delay;
    res->missed += !found;
    if (release >= 0) res->release[res->released++] = release;

    /* The same outage for the rules: counts before it as they were, after it as injected. */
    const struct rules *r = &rules[instrument];
    const int from_s = (int)((o->from - r->from) / S), to_s = (int)((o->to - r->from) / S);
    uint32_t *after = count_seconds(rows, n, instrument, r->from, to_s + 1);
    uint32_t *joined = malloc(((size_t)to_s + 2) * sizeof *joined);
    if (joined == NULL) abort();
    /* Second from_s is split by the outage's beginning. */
    const int64_t second_from = r->from + from_s * S;
    uint32_t partial = 0;
    int64_t last_venue = 0;
    for (size_t i = 0; i < t->n && t->rows[i].received < o->from; i++) {
        if (t->rows[i].received < second_from || t->rows[i].instrument != instrument || t->rows[i].venue == last_venue)
            continue;
        last_venue = t->rows[i].venue;
        partial++;
    }
    for (int s = 0; s <= to_s + 1; s++)
        joined[s] = s <= from_s ? r->before[s] : r->before[from_s] + partial + after[s] - after[from_s];
    for (size_t w = 0; w < WINDOWS; w++) {
        double found_after = length;
        for (int s = from_s + 1; r->f[w] >= 0 && s <= to_s; s++)
            if (s >= windows_s[w] && rule_value(joined, s, windows_s[w], r->reference_s) <= r->f[w]) {
                found_after = (double)(r->from + s * S - o->from) / 1e9;
                break;
            }
        res->rule[w][res->n] = found_after < length ? found_after : length;
    }
    res->lr_one[res->n] = res->lr_scaled[res->n] = length;
    for (int s = from_s + 1; s <= to_s; s++) {
        double one, scaled;
        lr_largest(joined, s, r->lr_limit, &one, &scaled);
        const double after_s = fmin((double)(r->from + s * S - o->from) / 1e9, length);
        if (one > r->lr_one && after_s < res->lr_one[res->n]) res->lr_one[res->n] = after_s;
        if (scaled > r->lr_scaled && after_s < res->lr_scaled[res->n]) res->lr_scaled[res->n] = after_s;
        if (res->lr_one[res->n] < length && res->lr_scaled[res->n] < length)
            break;
    }
    free(after);
    free(joined);
    res->n++;
}

struct totals {
    double ratio[TAPES_MAX * SHAPES], one_ratio[TAPES_MAX * SHAPES], stop_slow[TAPES_MAX], stop_fast[TAPES_MAX];
    double day_ratio[TAPES_MAX * SHAPES], day_one_ratio[TAPES_MAX * SHAPES]; /* of tapes of 12 h and more */
    size_t day_ratios;
    double lr_one[TAPES_MAX * SHAPES], lr_scaled[TAPES_MAX * SHAPES], lr_scaled_one[TAPES_MAX * SHAPES];
    size_t ratios, lr_ratios, stops_slow, stops_fast;
    double alarms, days, worst_per_day;
    size_t early;
    int starts, start_alarms, start_hour_alarms, start_most;
};

static int compare_at(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void add_ratios(struct totals *totals, double days, double ratio, double one_ratio)
{
    totals->ratio[totals->ratios] = ratio;
    totals->one_ratio[totals->ratios++] = one_ratio;
    if (days < 0.5)
        return;
    totals->day_ratio[totals->day_ratios] = ratio;
    totals->day_one_ratio[totals->day_ratios++] = one_ratio;
}

static void report_tape(const struct tape *t, const struct span *span, struct totals *totals)
{
    /* One rule for all shapes: the window whose medians have the least product. */
    size_t one = WINDOWS;
    double one_product = INFINITY;
    for (size_t w = 0; w < WINDOWS; w++) {
        double product = 0;
        for (int s = 0; s < SHAPES; s++)
            if (results[s].n > 0) product += log(quantile(results[s].rule[w], results[s].n, 0.5) + 0.1);
        if (product < one_product) one_product = product, one = w;
    }
    for (int s = 0; s < SHAPES; s++) {
        const struct result *res = &results[s];
        if (res->n == 0)
            continue;
        const double p50 = quantile(res->delay, res->n, 0.5), p95 = quantile(res->delay, res->n, 0.95);
        size_t best = 0;
        for (size_t w = 1; w < WINDOWS; w++)
            if (quantile(res->rule[w], res->n, 0.5) < quantile(res->rule[best], res->n, 0.5)) best = w;
        const double rule = quantile(res->rule[best], res->n, 0.5), one_rule = quantile(res->rule[one], res->n, 0.5);
        printf("  %-8s %4zu  delay p50 %8.1f p95 %8.1f s  missed %5.1f %%  release p50 %7.1f p95 %7.1f s  early %zu", shape_name[s], res->n, p50,
               p95, 100.0 * (double)res->missed / (double)res->n, quantile(res->release, res->released, 0.5),
               quantile(res->release, res->released, 0.95), res->early);
        printf("  | best rule %4d s %8.1f s, ratio %.2f | one rule %4d s %8.1f s, ratio %.2f", windows_s[best], rule, p50 / rule,
               windows_s[one], one_rule, p50 / one_rule);
        const double lr_one = quantile(res->lr_one, res->n, 0.5), lr_scaled = quantile(res->lr_scaled, res->n, 0.5);
        printf(" | LR %8.1f s, ratio %.2f, scaled %8.1f s, ratio %.2f", lr_one, lr_one / rule, lr_scaled, lr_scaled / rule);
        totals->lr_one[totals->lr_ratios] = lr_one / rule;
        totals->lr_scaled_one[totals->lr_ratios] = lr_scaled / one_rule;
        totals->lr_scaled[totals->lr_ratios++] = lr_scaled / rule;
        add_ratios(totals, (double)(span->to - span->from) / 1e9 / DAY_S, p50 / rule, p50 / one_rule);
        if (s == STOP && span->fast) totals->stop_fast[totals->stops_fast++] = p50 / rule;
        if (s == STOP && !span->fast) totals->stop_slow[totals->stops_slow++] = p50 / rule;
        putchar('\n');
        totals->early += res->early;
    }
    (void)t;
}

/* What a bot sees that starts at any moment: alarms of a monitor that knows nothing yet. */
static void fresh_starts(const struct tape *t, double budget, const struct span *span, int starts, struct totals *totals)
{
    const int64_t length = 3600 * S;
    if (starts == 0 || span->to - span->from < 2 * length)
        return;
    int early = 0, all = 0, most = 0, done = 0;
    for (int k = 0; k < starts; k++) {
        const int64_t from = span->from + (int64_t)((double)(span->to - span->from - length) * (k + 0.5) / starts);
        if (mask_at(t, from - 900 * S, from + length) != NULL)
            continue;
        size_t first = 0, last = t->n;
        while (first < last) {
            const size_t middle = (first + last) / 2;
            if (t->rows[middle].received < from) first = middle + 1;
            else last = middle;
        }
        injected.n = 0;
        struct rate_tape *m = monitor_new(t, budget, &injected);
        for (size_t i = first; i < t->n && t->rows[i].received < from + length; i++)
            rate_tape_trade(m, t->rows[i].instrument, t->rows[i].received, t->rows[i].venue);
        rate_tape_free(m);
        int ten = 0, hour = 0;
        for (size_t i = 0; i < injected.n; i++) {
            if (injected.events[i].state != BOT__RATE_DROPPED)
                continue;
            hour++;
            ten += injected.events[i].time_ns < from + 600 * S;
        }
        early += ten;
        all += hour;
        if (ten > most) most = ten;
        done += (int)t->instruments;
    }
    if (done == 0)
        return;
    printf("  fresh starts %d: alarms a start in the first ten minutes %.3f (at most %d), in the first hour %.3f\n", done, (double)early / done, most,
           (double)all / done);
    totals->starts += done;
    totals->start_alarms += early;
    totals->start_hour_alarms += all;
    if (most > totals->start_most) totals->start_most = most;
}

static void eval_rows(const struct tape *t, double budget, int injections, int starts, bool verbose, struct totals *totals)
{
    const struct span span = span_of(t);
    static int64_t moments[INJECTIONS_MAX];
    int moments_n = 0;
    for (int tries = 0; moments_n < injections && tries < 20 * injections; tries++) {
        const int64_t at = span.warm + (int64_t)(uniform() * (double)(span.to - span.warm));
        if (mask_at(t, at - 900 * S, at + 900 * S) == NULL) moments[moments_n++] = at;
    }
    qsort(moments, (size_t)moments_n, sizeof *moments, compare_at);

    /* First as it is, with a copy kept at each moment. */
    static struct rate_tape *copies[INJECTIONS_MAX];
    static size_t copies_at[INJECTIONS_MAX];
    untouched.n = 0;
    struct rate_tape *m = monitor_new(t, budget, &untouched);
    int next = 0;
    for (size_t i = 0; i < t->n; i++) {
        while (next < moments_n && t->rows[i].received >= moments[next]) {
            copies[next] = rate_tape_clone(m, &injected);
            copies_at[next++] = i;
        }
        rate_tape_trade(m, t->rows[i].instrument, t->rows[i].received, t->rows[i].venue);
    }
    rate_tape_free(m);

    int alarms[TAPE_INSTRUMENTS_MAX] = { 0 }, lag_alarms = 0, stops = 0, stops_found = 0;
    for (size_t i = 0; i < untouched.n; i++) {
        const rate_tape_event *e = &untouched.events[i];
        if (e->state != BOT__RATE_DROPPED)
            continue;
        const bool masked = mask_at(t, e->time_ns - 600 * S, e->time_ns) != NULL;
        if (!masked) alarms[e->instrument]++, lag_alarms += strncmp(e->reason, "lag", 3) == 0;
        if (verbose)
            printf("  alarm of %u at %.1f h (unix %.1f): %s, rate %.3f of %.3f a second over %.1f s%s\n", e->instrument, (double)(e->time_ns - span.from) / 3.6e12,
                   (double)e->time_ns / 1e9, e->reason, (double)e->rate_milli / 1000, (double)e->reference_milli / 1000,
                   (double)e->window_ns / 1e9, masked ? " (masked)" : "");
    }
    for (uint32_t i = 0; i < t->masks_n; i++) {
        bool found = false;
        for (size_t k = 0; k < untouched.n; k++)
            found |= untouched.events[k].state == BOT__RATE_DROPPED && untouched.events[k].time_ns >= t->masks[i].from &&
                untouched.events[k].time_ns <= t->masks[i].to;
        stops += t->masks[i].stop;
        stops_found += t->masks[i].stop && found;
    }
    const double days = (double)(span.to - span.from) / 1e9 / DAY_S;
    int total = 0, most = 0;
    for (uint32_t i = 0; i < t->instruments; i++) {
        total += alarms[i];
        if (alarms[i] > most) most = alarms[i];
    }
    printf("%s (%s, %.2f h, %zu trades): false alarms %d in %.2f instrument-days (of lag: %d); real stops found %d of %d\n", t->name,
           t->tuning ? "tuning" : "held out", days * 24, t->n, total, days * t->instruments, lag_alarms, stops_found, stops);
    totals->alarms += total;
    totals->days += days * t->instruments;
    if (days > 0.5 && most / days > totals->worst_per_day) totals->worst_per_day = most / days;

    fresh_starts(t, budget, &span, starts, totals);

    struct rules rules[TAPE_INSTRUMENTS_MAX];
    for (uint32_t i = 0; i < t->instruments; i++) {
        rules[i].from = span.from;
        rules[i].seconds = (int)((span.to - span.from) / S);
        rules[i].before = count_seconds(t->rows, t->n, i, span.from, rules[i].seconds);
        rules[i].reference_s = span.fast ? 60 : 600;
        rules_choose(t, &span, &rules[i], alarms[i]);
        lr_choose(t, &span, &rules[i], alarms[i]);
    }

    struct row *rows = malloc((t->n + 1) * sizeof *rows);
    if (rows == NULL) abort();
    memset(results, 0, sizeof results);
    const double sweeps_per_s = (double)rules[0].before[rules[0].seconds] / rules[0].seconds;
    for (int k = 0; k < moments_n; k++) {
        for (int s = 0; s < SHAPES; s++) {
            if ((s == RAMP && !t->receive) || (s == PARTIAL && t->instruments == 1))
                continue;
            const int64_t length = outage_s(s, &span, sweeps_per_s) * S;
            const struct outage o = { s, moments[k], moments[k] + length };
            if (o.to > span.to || mask_at(t, o.from, o.to) != NULL)
                continue;
            const int64_t until = o.to + (length > 900 * S ? length : 900 * S);
            const size_t n = inject(t, copies_at[k], &o, until, rows);
            bool before[TAPE_INSTRUMENTS_MAX] = { false };
            for (size_t i = 0; i < untouched.n && untouched.events[i].time_ns < o.from; i++)
                before[untouched.events[i].instrument] = untouched.events[i].state != BOT__RATE_NORMAL;
            struct rate_tape *copy = rate_tape_clone(copies[k], &injected);
            injected.n = 0;
            for (size_t i = 0; i < n; i++)
                rate_tape_trade(copy, rows[i].instrument, rows[i].received, rows[i].venue);
            if (n == 0 || rows[n - 1].received < o.to) {
                /* Nothing after it: time passes all the same. Known by another instrument's row. */
                const struct row last = n > 0 ? rows[n - 1] : t->rows[copies_at[k]];
                rate_tape_trade(copy, last.instrument, o.to, last.venue);
            }
            rate_tape_free(copy);
            for (uint32_t i = 0; i < (s == PARTIAL ? 1 : t->instruments); i++)
                measure(t, &o, rules, rows, n, i, before[i], &results[s]);
        }
    }
    report_tape(t, &span, totals);
    for (int k = 0; k < moments_n; k++)
        rate_tape_free(copies[k]);
    for (uint32_t i = 0; i < t->instruments; i++)
        free(rules[i].before);
    free(rows);
}

/* ---- counts of minutes ---- */

static double minute_rule(const uint32_t *c, size_t i, size_t window)
{
    double usual = 0, now = 0;
    for (size_t k = 0; k < 30; k++)
        usual += c[i - window - k];
    for (size_t k = 0; k < window; k++)
        now += c[i - k];
    usual *= (double)window / 30;
    return usual <= 0 ? INFINITY : now / usual;
}

#define MINUTE_WINDOWS 5
static const size_t minute_windows[MINUTE_WINDOWS] = { 1, 2, 3, 5, 10 };

static void eval_minutes(const struct tape *t, double budget, int injections, bool verbose, struct totals *totals)
{
    const int64_t minute = 60 * S;
    struct tape one = *t;
    one.instruments = 1;
    one.receive = false;
    untouched.n = 0;
    struct rate_tape *m = monitor_new(&one, budget, &untouched);
    static struct rate_tape *copies[INJECTIONS_MAX];
    static size_t at[INJECTIONS_MAX];
    int n = 0;
    static int64_t moments[INJECTIONS_MAX];
    for (int k = 0; k < injections; k++)
        moments[k] = 1440 + (int64_t)(uniform() * (double)(t->minutes_n - 1640));
    qsort(moments, (size_t)injections, sizeof *moments, compare_at);
    for (size_t i = 0; i < t->minutes_n; i++) {
        while (n < injections && (size_t)moments[n] == i) {
            at[n] = i;
            copies[n++] = rate_tape_clone(m, &injected);
        }
        rate_tape_minute(m, 0, t->minutes_from + (int64_t)i * minute, t->minutes[i]);
    }
    rate_tape_end(m);
    rate_tape_free(m);

    int alarms = 0, stops = 0, found = 0;
    for (size_t i = 0; i < untouched.n; i++) {
        const rate_tape_event *e = &untouched.events[i];
        if (e->state != BOT__RATE_DROPPED)
            continue;
        const bool masked = mask_at(t, e->time_ns - 3600 * S, e->time_ns) != NULL;
        alarms += !masked;
        if (verbose) printf("  alarm at unix %.0f: %.2f of %.2f a second%s\n", (double)e->time_ns / 1e9, (double)e->rate_milli / 1000,
                            (double)e->reference_milli / 1000, masked ? " (masked)" : "");
    }
    for (uint32_t i = 0; i < t->masks_n; i++) {
        const struct mask *mask = &t->masks[i];
        if (mask->from < t->minutes_from || mask->to > t->minutes_from + (int64_t)t->minutes_n * minute)
            continue;
        stops++;
        bool hit = false;
        for (size_t k = 0; k < untouched.n; k++) { /* dropped at any time while it lasted */
            const int64_t until = k + 1 < untouched.n ? untouched.events[k + 1].time_ns : INT64_MAX;
            hit |= untouched.events[k].state == BOT__RATE_DROPPED && until > mask->from &&
                untouched.events[k].time_ns <= mask->to + minute;
        }
        found += hit;
    }
    const double days = (double)t->minutes_n / 1440;
    printf("%s (%s, %.0f days): false alarms %d (%.2f a day); real stops found %d of %d\n", t->name, t->tuning ? "tuning" : "held out",
           days, alarms, alarms / days, found, stops);
    totals->alarms += alarms;
    totals->days += days;
    if (alarms / days > totals->worst_per_day) totals->worst_per_day = alarms / days;

    double f[MINUTE_WINDOWS];
    for (int w = 0; w < MINUTE_WINDOWS; w++) {
        double low = 0, high = 1;
        for (int step = 0; step < 14; step++) {
            const double mid = (low + high) / 2;
            int count = 0;
            size_t quiet = 0;
            for (size_t i = 1440; i < t->minutes_n; i++) {
                if (minute_rule(t->minutes, i, minute_windows[w]) > mid)
                    continue;
                const int64_t now = t->minutes_from + (int64_t)(i + 1) * minute;
                if (i >= quiet && mask_at(t, now - 3600 * S, now) == NULL) count++;
                quiet = i + minute_windows[w];
            }
            if (count <= alarms) low = mid;
            else high = mid;
        }
        f[w] = low;
    }
    static const enum shape shapes[] = { STOP, STARVE, THIN10, THIN25 };
    for (int k = 0; k < 4; k++) {
        const enum shape s = shapes[k];
        static struct result res;
        memset(&res, 0, sizeof res);
        for (int j = 0; j < n; j++) {
            const size_t length = s == THIN25 ? 90 : s == THIN10 ? 60 : 30;
            static uint32_t c[300];
            bool before = true;
            for (size_t i = 0; i < untouched.n && untouched.events[i].time_ns < t->minutes_from + (int64_t)at[j] * minute; i++)
                before = untouched.events[i].state != BOT__RATE_NORMAL;
            const int64_t from = t->minutes_from + (int64_t)at[j] * minute;
            if (before || mask_at(t, from - 3600 * S, from + 5400 * S) != NULL)
                continue;
            for (size_t i = 0; i < 140; i++) {
                const uint32_t was = t->minutes[at[j] + i - 50];
                uint32_t kept = i < 50 || i >= 50 + length ? was : 0;
                if (i >= 50 && i < 50 + length && shape_keep[s] > 0)
                    for (uint32_t q = 0; q < was; q++) kept += uniform() < shape_keep[s];
                c[i] = kept;
            }
            struct rate_tape *copy = rate_tape_clone(copies[j], &injected);
            injected.n = 0;
            for (size_t i = 50; i < 140; i++)
                rate_tape_minute(copy, 0, from + (int64_t)(i - 50) * minute, c[i]);
            rate_tape_free(copy);
            double delay = (double)length * 60;
            bool hit = false;
            for (size_t i = 0; i < injected.n; i++) {
                const double after = (double)(injected.events[i].time_ns - from) / 1e9;
                if (!hit && injected.events[i].state == BOT__RATE_DROPPED && after <= delay) {
                    delay = after;
                    hit = true;
                } else if (hit && injected.events[i].state == BOT__RATE_NORMAL) {
                    if (after < (double)length * 60) res.early++;
                    else res.release[res.released++] = after - (double)length * 60;
                    break;
                }
            }
            res.missed += !hit;
            res.delay[res.n] = delay;
            for (int w = 0; w < MINUTE_WINDOWS; w++) {
                res.rule[w][res.n] = (double)length * 60;
                for (size_t i = 50; i < 50 + length && i < 140; i++)
                    if (minute_rule(c, i, minute_windows[w]) <= f[w]) {
                        res.rule[w][res.n] = (double)(i - 49) * 60;
                        break;
                    }
            }
            res.n++;
        }
        const double p50 = quantile(res.delay, res.n, 0.5);
        double rule = INFINITY;
        int best = 0;
        for (int w = 0; w < MINUTE_WINDOWS; w++)
            if (quantile(res.rule[w], res.n, 0.5) < rule) rule = quantile(res.rule[w], res.n, 0.5), best = w;
        printf("  %-8s %4zu  delay p50 %8.0f p95 %8.0f s  missed %5.1f %%  release p50 %7.0f s  early %zu  | best rule %zu min %8.0f s, ratio %.2f\n",
               shape_name[s], res.n, p50, quantile(res.delay, res.n, 0.95), 100.0 * (double)res.missed / (double)res.n,
               quantile(res.release, res.released, 0.5), res.early, minute_windows[best], rule, p50 / rule);
        add_ratios(totals, days, p50 / rule, p50 / rule);
        if (s == STOP) totals->stop_slow[totals->stops_slow++] = p50 / rule;
        totals->early += res.early;
    }
    for (int k = 0; k < n; k++)
        rate_tape_free(copies[k]);
}

static void report_totals(const char *name, const struct totals *t)
{
    if (t->days <= 0)
        return;
    printf("\n%s: false alarms %.0f in %.1f instrument-days (%.2f a day, worst tape of 12 h and more %.2f); early releases %zu\n", name,
           t->alarms, t->days, t->alarms / t->days, t->worst_per_day, t->early);
    printf("  median over tapes and shapes of delay against the best rule of that shape %.2f, against the best single rule %.2f\n",
           quantile(t->ratio, t->ratios, 0.5), quantile(t->one_ratio, t->ratios, 0.5));
    printf("  on tapes of 12 h and more, where a budget a day is the same for both: %.2f and %.2f\n", quantile(t->day_ratio, t->day_ratios, 0.5),
           quantile(t->day_one_ratio, t->day_ratios, 0.5));
    printf("  yardsticks with limits in hindsight, tapes of rows: one trailing likelihood ratio %.2f of the best rule of that shape; scaled by "
           "window %.2f, and %.2f of the best single rule\n", quantile(t->lr_one, t->lr_ratios, 0.5), quantile(t->lr_scaled, t->lr_ratios, 0.5),
           quantile(t->lr_scaled_one, t->lr_ratios, 0.5));
    if (t->starts > 0)
        printf("  fresh starts: alarms a start in the first ten minutes %.3f (at most %d), in the first hour %.3f\n",
               (double)t->start_alarms / t->starts, t->start_most, (double)t->start_hour_alarms / t->starts);
    printf("  plain stops: median ratio on tapes of hours %.2f, on fast tapes %.2f\n", quantile(t->stop_slow, t->stops_slow, 0.5),
           quantile(t->stop_fast, t->stops_fast, 0.5));
}

int main(int argc, char **argv)
{
    const char *market = NULL, *only = NULL, *set = NULL;
    char fallback[1024];
    unsigned long long seed = 1;
    int injections = 40, starts = 100;
    double budget = 1;
    bool verbose = false;
    for (int i = 1; i < argc; i++) {
        const bool more = i + 1 < argc;
        if (strcmp(argv[i], "--market") == 0 && more) market = argv[++i];
        else if (strcmp(argv[i], "--seed") == 0 && more) seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--injections") == 0 && more) injections = atoi(argv[++i]);
        else if (strcmp(argv[i], "--starts") == 0 && more) starts = atoi(argv[++i]);
        else if (strcmp(argv[i], "--only") == 0 && more) only = argv[++i];
        else if (strcmp(argv[i], "--set") == 0 && more) set = argv[++i];
        else if (strcmp(argv[i], "--budget") == 0 && more) budget = atof(argv[++i]);
        else if (strcmp(argv[i], "--verbose") == 0) verbose = true;
        else return fprintf(stderr, "usage: eval_rate [--market DIR] [--seed N] [--injections N] [--starts N] [--only SUBSTRING] "
                                    "[--set tuning|holdout] [--budget ALARMS_PER_DAY] [--verbose]\n"), 2;
    }
    if (injections < 1 || injections > INJECTIONS_MAX)
        return fprintf(stderr, "eval_rate: --injections is 1 to %d\n", INJECTIONS_MAX), 2;
    if (market == NULL) {
        const char *shared = getenv("LIBBOT_SHARED"), *source = getenv("LIBBOT_SOURCE");
        if (shared != NULL) snprintf(fallback, sizeof fallback, "%s/data/market", shared);
        else snprintf(fallback, sizeof fallback, "%s/../shared/data/market", source != NULL ? source : ".");
        market = fallback;
    }
    static struct tape tapes[TAPES_MAX];
    const size_t n = tapes_load(market, tapes, TAPES_MAX);
    if (n == 0)
        return fprintf(stderr, "eval_rate: no tapes below %s: nothing measured\n", market), 77;
    printf("seed %llu, %d moments a tape, budget %g alarms a day and instrument\n", seed, injections, budget);
    static struct totals totals[2];
    for (size_t i = 0; i < n; i++) {
        rng_state = seed * 1000003 + i;
        const bool wanted = (only == NULL || strstr(tapes[i].name, only) != NULL) &&
            (set == NULL || (strcmp(set, "tuning") == 0) == tapes[i].tuning);
        if (wanted && tapes[i].minutes_n > 0) eval_minutes(&tapes[i], budget, injections, verbose, &totals[tapes[i].tuning]);
        else if (wanted) eval_rows(&tapes[i], budget, injections, starts, verbose, &totals[tapes[i].tuning]);
        fflush(stdout);
    }
    report_totals("tuning tapes", &totals[true]);
    report_totals("held-out tapes", &totals[false]);
    for (size_t i = 0; i < n; i++)
        tape_free(&tapes[i]);
    return 0;
}
