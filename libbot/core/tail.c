#include "tail.h"

#include <math.h>
#include <string.h>

#define GENERATION_S 86400.0
#define UNSURE_FROM_S 900.0    /* within minutes the flow hardly changes its nature, ... */
#define UNSURE_UNTIL_S 36000.0 /* ... within half a day most of it was seen */
#define PRIOR_VALUES 60.0
#define PRIOR_SLOPE_VALUES 4.0
#define PRIOR_BEND_VALUES 12.0

void bot__tail_insert(struct bot__tail *tail, double value)
{
    float *top = tail->top[0];
    if (tail->n[0] == BOT__TAIL_VALUES && value <= (double)top[BOT__TAIL_VALUES - 1])
        return;
    uint32_t i = tail->n[0] < BOT__TAIL_VALUES ? tail->n[0]++ : BOT__TAIL_VALUES - 1u;
    for (; i > 0 && (double)top[i - 1] < value; i--)
        top[i] = top[i - 1];
    top[i] = (float)value;
}

void bot__tail_pass(struct bot__tail *tail, double values, double seconds)
{
    tail->values[0] += values;
    tail->seconds[0] += seconds;
    if (tail->seconds[0] < GENERATION_S)
        return;
    memcpy(tail->top[1], tail->top[0], sizeof tail->top[0]);
    tail->n[1] = tail->n[0];
    tail->values[1] = tail->values[0];
    tail->seconds[1] = tail->seconds[0];
    tail->n[0] = 0;
    tail->values[0] = tail->seconds[0] = 0;
}

double bot__tail_seen(const struct bot__tail *tail)
{
    return tail->values[0] + tail->values[1];
}

double bot__tail_usual(const struct bot__tail *tail)
{
    const int g = tail->n[0] > 0 ? 0 : 1; /* the generation in progress may just have begun */
    return tail->n[g] > 0 ? (double)tail->top[g][tail->n[g] - 1] : 0;
}

/* Of the `k` largest of both generations: how many there are, the smallest, and mean and variance of what the others
 * have above it. */
static uint32_t top_moments(const struct bot__tail *t, uint32_t k, double *ret_least, double *ret_mean, double *ret_variance)
{
    double values[BOT__TAIL_VALUES], sum = 0, squares = 0;
    uint32_t i[2] = { 0, 0 }, got = 0;
    while (got < k && (i[0] < t->n[0] || i[1] < t->n[1])) {
        const bool second = i[0] >= t->n[0] || (i[1] < t->n[1] && t->top[1][i[1]] > t->top[0][i[0]]);
        values[got++] = (double)t->top[second][i[second]++];
    }
    const double least = got > 0 ? values[got - 1] : 0, others = got > 1 ? got - 1 : 1;
    for (uint32_t j = 0; j + 1 < got; j++) {
        sum += values[j] - least;
        squares += (values[j] - least) * (values[j] - least);
    }
    *ret_least = least;
    *ret_mean = sum / others;
    *ret_variance = squares / others - *ret_mean * *ret_mean;
    return got;
}

double bot__tail_limit(const struct bot__tail *tail, const struct bot__tail_law *law, double alarms_per_s, double values_per_s,
                       double *ret_slope)
{
    const double seen = bot__tail_seen(tail), n = seen > 1 ? seen : 1;
    double seconds = tail->seconds[0] + tail->seconds[1];
    if (seconds * values_per_s < 1) seconds = 1 / values_per_s;

    /* The tail begins at the k-th largest. */
    uint32_t k = n * 0.06 < BOT__TAIL_VALUES ? (uint32_t)(n * 0.06) : BOT__TAIL_VALUES;
    if (k < 3) k = 3;
    double least, mean, variance;
    const uint32_t got = top_moments(tail, k, &least, &mean, &variance);
    const double m = got > 1 ? got - 1 : 1;

    /* Exponential: variance = mean^2. More shows a tail that falls off more slowly, less one that ends sooner. */
    double bend = 0;
    if (variance > 0 && mean > 0) bend = 0.5 * (1 - mean * mean / variance) * m / (m + PRIOR_BEND_VALUES);
    if (bend < law->bend_least) bend = law->bend_least;
    if (bend > law->bend_most) bend = law->bend_most;

    double slope = mean * m + PRIOR_SLOPE_VALUES * law->slope, slopes = m + PRIOR_SLOPE_VALUES;
    if (law->body > 0 && n > 2 * k) {
        slope += law->body * least / log(n / k);
        slopes += law->body;
    }
    slope /= slopes;
    if (slope < law->slope_least) slope = law->slope_least;
    if (ret_slope != NULL) *ret_slope = slope;
    const double unsure = seconds / (seconds + UNSURE_FROM_S) / (1 + seconds / UNSURE_UNTIL_S);
    slope *= (1 - bend) * (1 + law->unsure * unsure);

    /* Before there is data, the tail is exponential from zero on. */
    const double prior = law->slope * log(n > k ? n / k : 1);
    least = (n * least + PRIOR_VALUES * prior) / (n + PRIOR_VALUES);
    const double rarer = k / (seconds * alarms_per_s);
    if (rarer <= 1)
        return least;
    const double folds = log(rarer);
    return least + slope * (fabs(bend) > 1e-3 ? (exp(bend * folds) - 1) / bend : folds);
}
