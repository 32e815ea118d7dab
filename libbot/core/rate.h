/* core/rate.h: is a venue's public trade flow falling away?
 *
 * Counts sweeps (distinct pairs of venue time and taker side: one market order that fills forty makers is one), and beside
 * them those of several fills, which go first where single trades get lost on their way. Keeps a prediction of how many
 * are to come from the flow's own past at every time scale between half a second and hours, and weighs what is missing.
 * Natural flow is wildly bursty (variance hundreds of times the mean), so nothing here is a fixed threshold: what a
 * normal lull looks like is learned per instrument and scale, and the limits follow from one option, the false alarms
 * allowed a day.
 *
 * Pure: no clock, no allocation. Time enters as arguments, on the host's monotonic clock; it never goes back (an
 * earlier time counts as the latest seen). A trade costs a few additions; the weighing happens in ticks, which fall on
 * a fixed grid, so that the same trades and ticks give the same answers. Statistics are doubles; no money is here.
 *
 * The caller's part: call bot__rate_trade for every public trade that is flow (not for rows replayed on subscribe,
 * not for block trades), bot__rate_tick when bot__rate_deadline has come, then bot__rate_next_change until it is 0.
 */
#ifndef BOT_CORE_RATE_H
#define BOT_CORE_RATE_H

#include "bot/types.h"

#define BOT__RATE_INSTRUMENTS_MAX 4096u
#define BOT__RATE_POOL UINT32_MAX /* instrument index of the view over all of them */
#define BOT__RATE_CLOSURES_MAX 16u

typedef enum bot__rate_state {
    BOT__RATE_LEARNING, /* too little seen to judge: ok, and said so. A minute at least, five while sweeps are few. */
    BOT__RATE_NORMAL,
    BOT__RATE_DROPPED,  /* evidence of a drop; left only by flow that is back, fresh and lasting */
} bot__rate_state;

typedef enum bot__rate_reason {
    BOT__RATE_REASON_NONE,
    BOT__RATE_REASON_LEARNING,
    BOT__RATE_REASON_QUIET,   /* state NORMAL: below half its reference, within what this market does by itself */
    BOT__RATE_REASON_SLOW,    /* DROPPED: trades come, far too few */
    BOT__RATE_REASON_STOPPED, /* DROPPED: none comes */
    BOT__RATE_REASON_POOL,    /* DROPPED: this one is too thin to tell, but all instruments together have dropped */
    BOT__RATE_REASON_BACKLOG, /* DROPPED still: trades come in numbers, but they are old ones */
    BOT__RATE_REASON_CLOSED,  /* the calendar says closed: neither judged nor learned from */
} bot__rate_reason;

/* A known closure in Unix seconds: [from_s, from_s + length_s), again every period_s (0: once; 86400: daily). */
typedef struct bot__rate_closure {
    int64_t from_s;
    uint32_t length_s, period_s;
} bot__rate_closure;

typedef struct bot__rate_options {
    uint32_t instruments;      /* 1. Indices 0..instruments-1; at most BOT__RATE_INSTRUMENTS_MAX. */
    double   alarms_per_day;   /* 1. False alarms allowed per instrument and day of natural flow; 1e-6..1e6. */
    bot_ts   step_ns;          /* 100 ms. The grid of ticks; 60 s for counts of minutes. 1 ms..1 h. */
    bot_ts   stale_ns;         /* 1 s. A step whose freshest trade is later than the usual delay by this, and by more than the feed ever was in
                                * normal times, is backlog. */
    uint32_t closures_n;
    bot__rate_closure closures[BOT__RATE_CLOSURES_MAX];
} bot__rate_options;
void bot__rate_options_init(bot__rate_options *opts);

typedef struct bot__rate_view bot__rate_view;
struct bot__rate_view {
    bot__rate_state  state;
    bot__rate_reason reason;
    bot_ts  since;           /* when the state began to be known */
    bot_ts  changed_at;      /* when state or reason last changed */
    int64_t rate_milli;      /* thousandths of a sweep a second, over the window that says most */
    int64_t reference_milli; /* what was expected there */
    bot_ts  window_ns;       /* how long that window is: the drop's duration so far */
    double  depth;           /* 1 - rate/reference, 0..1 */
    double  evidence;        /* 1 = at the limit that the budget sets */
    uint64_t sweeps, trades; /* counted since init */
};

typedef struct bot__rate_change {
    uint32_t instrument; /* or BOT__RATE_POOL */
    bot__rate_view view;
} bot__rate_change;

struct bot__rate;

/* Bytes of memory that options need; 0 when an option is out of its range. */
size_t bot__rate_size(const bot__rate_options *opts);
/* memory: at least bot__rate_size bytes, aligned for a double, the caller's, in use until dropped. now: the first
 * time. Returns BOT_OK, or BOT_ERR_OPTIONS and leaves *ret_rate. */
int bot__rate_init(void *memory, size_t size, const bot__rate_options *opts, bot_ts now, struct bot__rate **ret_rate);

/* Wall clock of the venue minus `now`, in ns: what the closures are compared with. Until told, no closure applies. */
void bot__rate_set_wall(struct bot__rate *rate, int64_t wall_minus_now_ns);

/* The venue's status channel says closed (true) or open again: as the calendar, for all instruments. */
void bot__rate_set_closed(struct bot__rate *rate, bot_ts now, bool closed);

/* One public trade. venue_ns: the venue's match time, 0 when unknown (then each call is a sweep). O(1). Ticks that
 * were due before `now` are not made up for here: call bot__rate_tick first when bot__rate_deadline <= now. */
void bot__rate_trade(struct bot__rate *rate, uint32_t instrument, bot_ts now, int64_t venue_ns, bot_side side);
/* `count` sweeps at once that fell into the step ending at `now`: for counts of minutes. */
void bot__rate_count(struct bot__rate *rate, uint32_t instrument, bot_ts now, uint64_t count);

/* The next time at which bot__rate_tick has something to do. */
bot_ts bot__rate_deadline(const struct bot__rate *rate);
/* Weighs everything due until now, step by step. A gap of more than 1,000 steps in which no tick came (a suspended
 * host) is not judged: nothing was listening. */
void bot__rate_tick(struct bot__rate *rate, bot_ts now);

/* 1 and the next instrument whose state or reason changed since last asked, 0 when there is none. */
int bot__rate_next_change(struct bot__rate *rate, bot__rate_change *ret_change);

/* instrument may be BOT__RATE_POOL. */
void bot__rate_get(const struct bot__rate *rate, uint32_t instrument, bot__rate_view *ret_view);

/* The stream was lost and is back, or a subscription changed: what did not come in between was not the market's
 * doing. References stay; the judgement of every instrument starts afresh. */
void bot__rate_resume(struct bot__rate *rate, bot_ts now);

/* "none", "learning", "market_quiet", "trades_slow", "trades_stopped", "all_trades_slow", "backlog", "closed": for
 * bot_ev_monitor.reason. Static. */
const char *bot__rate_reason_name(bot__rate_reason reason);

#endif
