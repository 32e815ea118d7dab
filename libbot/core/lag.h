/* core/lag.h: is the feed late? And are our acknowledgements?
 *
 * Three delays, one judge. Absolute clocks are off by seconds in careful people's captures, so a delay is only ever
 * compared with its own recent minimum; what is normal above it (polling, jitter, bursts) is learned.
 *   FEED   arrival minus the venue's match time. Only changes of the difference count. A venue clock that is stepped
 *          back is told from lag by its own order: what is late still comes in order, so times that go back, and after
 *          which every delay is longer, are the clock's doing, and the comparison starts afresh. One that was stepped ahead
 *          (or a wrong stamp) makes delays shorter than any before: they are compared with only when they last. Where times are
 *          too far apart to be seen going back, the venue's clock itself is the second witness: measured (bot__lag_clock) before
 *          and after, it says by how much delays must have changed without any lag. Only where they changed by just that much is
 *          the comparison moved; what is late besides stays late.
 *   VENUE  sent minus matched, both on the venue's clock: immune to our clock.
 *   ACK    order sent to acknowledgement on the private stream or the reply, both on our clock; an order that is
 *          still unanswered counts as late while it waits.
 *
 * Pure: no clock, no allocation; O(1) a sample, fixed memory. One struct a feed (socket), not an instrument: lag is
 * the pipe's. Where a venue serves instruments from different machines, use one for each.
 */
#ifndef BOT_CORE_LAG_H
#define BOT_CORE_LAG_H

#include "bot/types.h"

typedef enum bot__lag_reason {
    BOT__LAG_NONE,
    BOT__LAG_LEARNING,
    BOT__LAG_LATE,    /* far above what this feed does by itself */
    BOT__LAG_RAMP,    /* growing steadily: falling behind */
    BOT__LAG_WAITING, /* ACK only: an order has waited longer than any answer ever takes */
} bot__lag_reason;

typedef struct bot__lag_options {
    bot_ts floor_ns;      /* 600 ms. Less than this above the minimum is never late. */
    double margin;        /* 2. Late is this many times the largest delay known as normal. */
    bot_ts hold_ns;       /* 3 s. Back below half the limit for this long: released. */
    bot_ts memory_ns;     /* 30 min. How long a minimum is remembered, 12 times that while late; a maximum is for 24 times that. */
    uint32_t samples_min; /* 20. Fewer samples than this: learning. */
    bot_ts quiet_ns;      /* 0. Released after so long without a sample that is late; 0: only samples that are not release. */
} bot__lag_options;
void bot__lag_options_init(bot__lag_options *opts);
/* The same for acknowledgements: floor 2 s, hold 10 s, 5 samples, quiet 30 s: while it is late the gate is shut, and without orders
 * nothing would ever say that it is over. */
void bot__lag_options_init_ack(bot__lag_options *opts);

typedef struct bot__lag_view {
    bool ok;
    bot__lag_reason reason;
    int64_t value_ns;     /* the delay now, above its minimum */
    int64_t reference_ns; /* the limit above which it is late */
    bot_ts  since;        /* of ok */
} bot__lag_view;

#define BOT__LAG_SLOTS 8

/* Fields are lag.c's own. */
struct bot__lag {
    bot__lag_options opts;
    bot_ts   now;
    struct {
        int64_t v[BOT__LAG_SLOTS]; /* of equal slices of time, [0] is in progress */
        bot_ts  until;
    } low, high;                   /* smallest delay; largest excess over it while normal */
    struct {
        int64_t v[2];              /* excess of the last seconds, not learned yet */
        bot_ts  until;
    } pending;
    struct {
        bot_ts  at;                /* -1: none in progress */
        int64_t delay, venue_ns;
    } batch;
    struct {
        int64_t v[BOT__LAG_SLOTS]; /* smallest excess of the last quarter seconds, newest first */
        bot_ts  at[BOT__LAG_SLOTS];
        uint32_t n;
    } trail;
    struct {                       /* the venue's clock less ours */
        int64_t offset, low_offset; /* as last measured; when `low` was what delays are compared with */
        int64_t low;
        bot_ts  at, low_error, error; /* of the last measurement: sent then; half their round trips */
        bool    known, low_known, open; /* open: not brought together with the delays yet */
    } clock;
    int64_t  venue_high, venue_high_delay, excess;
    int64_t  stepped_delay;        /* halfway between the delay before times went back and the first one after; INT64_MAX while late */
    bot_ts   calm_since, late_since, late_seen, stepped_since, sunk_since, sunk_at, waiting_since, since;
    uint32_t above_n, stepped_n;
    uint64_t samples, steps;       /* clock steps noticed */
    bool     late, changed, sunk;
    bot__lag_reason reason;
};

void bot__lag_init(struct bot__lag *lag, const bot__lag_options *opts, bot_ts now);

/* A message that arrived at `now` (host clock) and tells of venue_ns (venue clock). Messages of one instant (a poll's
 * page) count once, by their freshest. */
void bot__lag_arrival(struct bot__lag *lag, bot_ts now, int64_t venue_ns);
/* A measurement of the venue's clock less ours: the question left us at sent_at, half its round trip is the error. Of no use where
 * that is as much as a clock step would be (300 ms). */
void bot__lag_clock(struct bot__lag *lag, bot_ts sent_at, int64_t offset_ns, int64_t error_ns);
/* Delays are far from what they were, and a measurement could say whether that is a clock: the last one is from before, or, while late,
 * older than 30 s. */
bool bot__lag_asks(const struct bot__lag *lag);
/* A delay measured at `now`: sent minus matched, or ack minus sent. */
void bot__lag_sample(struct bot__lag *lag, bot_ts now, int64_t delay_ns);
/* ACK: the oldest order still unanswered was sent then (BOT_TS_NEVER: none). */
void bot__lag_waiting(struct bot__lag *lag, bot_ts now, bot_ts oldest_sent_at);

/* When bot__lag_tick has something to do; BOT_TS_NEVER: nothing. */
bot_ts bot__lag_deadline(const struct bot__lag *lag);
/* True when ok or reason changed since the last tick. */
bool bot__lag_tick(struct bot__lag *lag, bot_ts now);
void bot__lag_get(const struct bot__lag *lag, bot__lag_view *ret_view);

/* "none", "learning", "late", "ramp", "waiting". Static. */
const char *bot__lag_reason_name(bot__lag_reason reason);

#endif
