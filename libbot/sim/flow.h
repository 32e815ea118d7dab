/* sim/flow.h: the rest of the market: quotes and takers of the house, bursty like recorded tapes, or a tape itself.
 *
 * Natural trade flow is nothing like a Poisson process: one taker sweeps several makers in one instant, sweeps come in
 * clusters, and the rate wanders over minutes. Here: parents arrive at a rate that a regime multiplies (a new regime
 * every so often, drawn log-uniformly between 1/spread and spread); each parent has a geometric number of children
 * within a few hundred milliseconds; each of them is a sweep through one or more resting orders. `burstiness` is the
 * share of sweeps that are children: 0 gives nearly Poisson sweeps, 0.7 the over-dispersion of a busy perpetual.
 *
 * The price follows a slow process that strategies can trade: a drift that changes sign in regimes (trends), noise, and
 * the takers' own impact. The house quotes levels around it and heals the book after sweeps.
 */
#ifndef BOT_SIM_FLOW_H
#define BOT_SIM_FLOW_H

#include "exchange.h"

struct flow_options {
    uint64_t seed;
    uint16_t instrument;
    uint32_t sweeps_per_1000s;  /* 1000: mean rate of sweeps, one a second */
    uint32_t burstiness_pct;    /* 60: 0..90 */
    uint32_t regime_spread_pct; /* 300: rate regimes lie between 1/3 and 3 times the mean; 100: no regimes */
    uint32_t regime_s;          /* 40: mean length of a rate regime */
    uint32_t fills_per_sweep;   /* 3: mean resting orders that a sweep takes */
    int64_t  lots_mean;         /* 40: mean size of one resting order */
    uint32_t levels;            /* 12: house levels a side, 1..50 */
    uint32_t spread_ticks;      /* 2: between the best house bid and ask */
    uint32_t level_ticks;       /* 3: between levels */
    uint32_t noise_ticks;       /* 3: standard deviation of the price per sweep */
    uint32_t trend_s;           /* 120: mean length of a trend; 0: no trends */
    uint32_t trend_ticks_per_s; /* 4: its drift */
    uint32_t band_pct;          /* 20: the price is pulled back when so far from where it began */
};
void bot__flow_options_init(struct flow_options *o);

/* One row of a recorded tape. */
struct flow_row {
    int64_t  at_ns; /* since the tape's start, ascending */
    bot_side side;  /* of the taker */
    int64_t  price_ticks, lots;
};

struct flow;
struct flow *bot__flow_new(const struct flow_options *o, struct sim_alloc alloc, int64_t now_ns);
void bot__flow_free(struct flow *f); /* takes NULL */
/* Plays rows instead of drawing them: borrowed, must outlive the flow. Times count from `start_ns`. loop: begins anew
 * behind the last row. Each row's trade happens at its price and size unless a client's order stood in the way. */
void bot__flow_tape(struct flow *f, const struct flow_row *rows, size_t rows_n, int64_t start_ns, bool loop);
/* The rate is multiplied by per_million / 1e6 from now on (a fault's doing): 1000000 is normal, 0 stops it. */
void bot__flow_scale(struct flow *f, int64_t now_ns, uint32_t per_million);
/* The drift for the time being, in ticks per second; INT32_MIN: back to the flow's own trends. */
void bot__flow_push(struct flow *f, int32_t ticks_per_s);
/* Puts the first quotes. */
void bot__flow_open(struct flow *f, struct exchange *x, int64_t now_ns);
/* When the next thing happens. */
int64_t bot__flow_next(const struct flow *f);
/* Does what is due at `now_ns`. */
void bot__flow_step(struct flow *f, struct exchange *x, int64_t now_ns);

#endif
