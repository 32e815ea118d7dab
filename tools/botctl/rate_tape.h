/* rate_tape.h: a recorded tape of trades through the trade-rate and the feed-lag monitor, as a live bot would have
 * run them: strictly causal, with timers that fire between the rows. `botctl rate` and the evaluation share it. */
#ifndef BOTCTL_RATE_TAPE_H
#define BOTCTL_RATE_TAPE_H

#include "core/lag.h"
#include "core/rate.h"

typedef struct rate_tape_event {
    uint32_t        instrument;
    bot__rate_state state;
    int64_t         time_ns; /* when a live bot would have known, on the tape's receive clock; never goes back */
    int64_t         rate_milli, reference_milli, window_ns;
    const char     *reason;
} rate_tape_event;

typedef struct rate_tape_options {
    double   alarms_per_day;
    uint32_t instruments_max;
    bool     minutes;       /* rows are counts of minutes */
    bool     receive_times; /* there is a receive clock, so lag can be told */
    const bot__rate_closure *closures;
    uint32_t closures_n;
    void   (*on_event)(void *user_data, const rate_tape_event *event);
    void    *user_data;
} rate_tape_options;

struct rate_tape;

/* NULL when memory is short or the options are out of range. */
struct rate_tape *rate_tape_new(const rate_tape_options *opts);
void rate_tape_free(struct rate_tape *tape);

/* A row. received_ns: where there is no receive clock, the venue's time. Times that go back count as the latest. */
void rate_tape_trade(struct rate_tape *tape, uint32_t instrument, int64_t received_ns, int64_t venue_ns);
/* The minute that begins at start_ns had so many trades. */
void rate_tape_minute(struct rate_tape *tape, uint32_t instrument, int64_t start_ns, uint64_t count);
/* No further row comes: what is known by now is told. The last minute of a single instrument's counts is over. */
void rate_tape_end(struct rate_tape *tape);
/* A copy that goes on by itself from here: for trying what would happen if. NULL when memory is short. */
struct rate_tape *rate_tape_clone(const struct rate_tape *tape, void *user_data);
/* What the monitor thinks now, for plots. */
void rate_tape_view(const struct rate_tape *tape, uint32_t instrument, bot__rate_view *ret_rate, bot__lag_view *ret_lag);

#endif
