/* core/rate_series.h: the flow of one instrument, or of all together: what was expected of it, and whether it fell. Shared by rate.c,
 * which owns the many, and rate_series.c. */
#ifndef BOT_CORE_RATE_SERIES_H
#define BOT_CORE_RATE_SERIES_H

#include "rate.h"
#include "tail.h"

#define TAUS 6
#define DECAYS 64
#define LEVELS 18
#define RING 8
#define TEST_LEVELS 14
#define SHORT 3     /* on the lowest level there are windows of 1, 2 and 3 buckets, too, when steps are long */
#define TESTS (TEST_LEVELS + SHORT)
#define SILENCE (FLOWS * TESTS)

struct level {
    float    ring[RING]; /* completed buckets, newest first */
    uint32_t filled;     /* saturates at RING */
};

/* What is counted. Where single fills get lost on their way (a thinned feed), sweeps of several go first: of two fills
 * both must come. So they tell soonest, where there are enough of them; stops are told by the sweeps. */
enum { SWEEPS, SEVERAL, FLOWS };

/* One count: its past in buckets, and what windows of it did by themselves. */
struct flow {
    uint32_t base;           /* the lowest level that is kept */
    double   pending;        /* of the lowest level's bucket in progress */
    double   total;          /* outside outages */
    double   frozen;         /* reference while DROPPED, per second */
    struct level level[LEVELS];
    float    ratio[TEST_LEVELS];                       /* of the statistic's slope as seen here to the usual one */
    float    foretold[TESTS];                          /* in the window when last weighed */
    float    peak[TESTS];                              /* of the statistic, within the lull in progress */
    uint8_t  peak_n[TESTS];                            /* evaluations since the lull began */
    struct bot__tail window[TESTS];
};

struct series {
    /* What a trade touches stands together: of a hundred instruments little more than this stays in the cache. */
    bool     active;
    uint32_t count[FLOWS];   /* in the step in progress; a sweep is one of SEVERAL when its second fill comes */
    bot_ts   last_sweep, gap_max;
    int64_t  last_venue[3];  /* venue time of the last sweep, per side, and whether it filled several */
    bool     last_several[3];
    uint64_t sweeps, trades;
    bot_ts   lag_slice_until;
    int64_t  lag_min[2];     /* of this slice of time and the one before */
    int64_t  step_lag;       /* the least of the step in progress; INT64_MAX: none */

    double ewma[TAUS], weight[TAUS]; /* as of ewma_step; weight: 1 - what is still unseen of the average */
    int64_t ewma_step;
    double rate;             /* the mix, per second; recomputed when it is needed */
    double total_s;          /* seconds outside outages */
    bool   rate_stale, dropped, pooled, dirty;
    bot__rate_reason why;
    uint64_t steps;
    bot_ts   started, silence_due, silence_short;
    double   silence_limit;  /* as last computed */
    struct flow flow[FLOWS];
    struct bot__tail silence;

    bot_ts   stale_since;
    double   stale_level;    /* the excess that has lasted since stale_since */
    double   lag_normal;     /* largest excess over the minimum in normal times, decaying */

    bot__rate_view view;     /* without sweeps and trades */
    uint32_t judge;          /* the flow that fell, and that must be back */
    double   back;           /* evidence that the flow is back */
    double   block;          /* fresh ones in the block in progress */
    double   came[FLOWS];    /* since the alarm, the older ones forgotten by and by */
    bot_ts   block_ns, block_until, alive_at; /* alive_at: end of the first block that was like the reference */
    bot_ts   unlearned_until;
    uint32_t dead_blocks, trusted_blocks;
    uint32_t clumps;         /* blocks that held what the dead ones before them lacked */
    uint32_t suspect;        /* which test dropped it: flow * TESTS + test, or SILENCE; and its limit */
    double   suspect_limit;
};

struct bot__rate {
    bot__rate_options opts;
    bot_ts   now, start;
    int64_t  step; /* grid steps since start that were weighed */
    int64_t  wall_minus_now;
    bool     wall_known, closed, closed_by_status;
    double   step_s, decay[DECAYS][TAUS], tau[TAUS]; /* decay: over so many steps */
    uint32_t n, active_n, used, dirty_n, cursor; /* used: beyond the highest active index */
    struct series series[]; /* n instruments, and the pool behind them when n > 1 */
};

void bot__series_init(struct series *s, bot_ts now);
/* The step in progress is over: weighs it and begins the next. */
void bot__series_step(struct bot__rate *r, struct series *s);
bool bot__series_is_learning(const struct bot__rate *r, const struct series *s);
double bot__series_rate(struct series *s); /* expected sweeps a second */
/* Says so where it is news. */
void bot__series_set_view(struct bot__rate *r, struct series *s, bot__rate_state state, bot__rate_reason reason);

#endif
