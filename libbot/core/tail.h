/* core/tail.h: which value of a statistic is so rare that it comes only so many times a day?
 *
 * Keeps the largest values of one or two days and draws the line through them: peaks over threshold, with an
 * exponential tail (or one that bends where the data does, as far as is plausible of the statistic), and a prior in
 * place of data that is not there yet. Fixed memory, no clock; internal to the trade-rate monitor.
 */
#ifndef BOT_CORE_TAIL_H
#define BOT_CORE_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#define BOT__TAIL_VALUES 24

/* What is known of a statistic before any data, measured on the tuning tapes of tests/bench/eval_rate. */
struct bot__tail_law {
    double slope;        /* usual slope: so much larger is a value that is e times as rare */
    double slope_least;  /* never taken to be less */
    double body;         /* how many of the largest values' own slope the slope of the line from zero to them is worth */
    double unsure;       /* slope is raised by up to this after the first quarter hour: the flow of the hours to come is another */
    double bend_least, bend_most; /* how much faster (below 0) or more slowly (above) than exponentially it may fall off */
};

struct bot__tail {
    /* Two generations of a day: [0] is in progress, so a value is remembered for one to two days. */
    float   top[2][BOT__TAIL_VALUES]; /* falling order */
    uint8_t n[2];
    double  values[2], seconds[2];    /* offered, and the time they span */
};

/* One value. Only the largest are kept; bot__tail_pass counts. */
void bot__tail_insert(struct bot__tail *tail, double value);
/* Time passed, in which so many values (also fractions of one) that are independent of each other came. */
void bot__tail_pass(struct bot__tail *tail, double values, double seconds);
double bot__tail_seen(const struct bot__tail *tail);
/* The smallest of the largest values, 0 when there is none: what this statistic reaches some ten times a day. */
double bot__tail_usual(const struct bot__tail *tail);
/* The value that is exceeded alarms_per_s times a second. values_per_s: how often values come, before any was counted.
 * ret_slope: the slope that this tail shows, or NULL. */
double bot__tail_limit(const struct bot__tail *tail, const struct bot__tail_law *law, double alarms_per_s, double values_per_s,
                       double *ret_slope);

#endif
