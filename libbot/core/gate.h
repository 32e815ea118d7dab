/* core/gate.h: leases, latches and the set of reasons. See bot/gate.h for the meaning.
 *
 * tests/model/gate.pml states the rules of gate and exposure in one page and is checked exhaustively (tests/model/check.sh).
 *
 * The gate knows nothing of orders: it says until when the account may trade. What an order may do is exposure's business.
 */
#ifndef BOT_CORE_GATE_H
#define BOT_CORE_GATE_H

#include "bot/gate.h"

enum gate_lease {
    GATE_LEASE_PRIVATE_STREAM, /* 10 s from the last frame */
    GATE_LEASE_RECONCILED,     /* 15 s at risk, 60 s flat, from the time the agreeing read was sent */
    GATE_LEASE_REST,           /* from the last answered read */
    GATE_LEASE_PUBLIC_STREAM,
    GATE_LEASE_CLOCK,
    GATE_LEASE_COUNT,
};

struct gate_options {
    int64_t  lease_ns[GATE_LEASE_COUNT]; /* how long good news lasts; 0: this lease is not required */
    int64_t  hold_down_ns;               /* after the last reason has gone */
    uint32_t agree_reads_min;            /* agreeing reads in a row, asked for after the last shutting */
    uint32_t unused;                     /* named: see struct order */
};

struct gate {
    struct gate_options options;
    bot_ts   expiry[GATE_LEASE_COUNT];
    bot_ts   renewed_at[GATE_LEASE_COUNT];
    uint32_t held;       /* STATE and LATCH reasons that are set, HOLD_DOWN aside */
    uint32_t reasons;    /* everything that shuts, as of evaluated_at */
    bot_ts   since[BOT_GATE_REASON_COUNT];
    int64_t  value[BOT_GATE_REASON_COUNT];
    bot_ts   changed_at;
    bot_ts   last_shut;  /* the last moment that any reason other than HOLD_DOWN stood */
    bot_ts   hold_until; /* NEVER until agreement has been renewed */
    uint32_t agree_streak;
    bool     proven;     /* has been open before: the first opening needs one agreement and no hold-down */
    bool     touched;    /* something other than time has changed since evaluate */
    uint8_t  unused[2];  /* named: see struct order */
    bot_ts   next_at;    /* untouched, evaluate finds nothing new before that; NEVER */
    bot_ts   open_until; /* the whole check: now < open_until. 0 while shut */
};

void bot__gate_init(struct gate *g, const struct gate_options *options, bot_ts now);
/* Good news: the lease lasts from `from` on. Never shortens it. */
void bot__gate_renew(struct gate *g, enum gate_lease lease, bot_ts from);
/* As renew with a duration of its own (RECONCILED lasts longer when flat). */
void bot__gate_renew_for(struct gate *g, enum gate_lease lease, bot_ts from, int64_t duration_ns);
/* The lease ends at `until` at the latest (flat has become risk: the longer lease no longer holds). */
static inline void bot__gate_cap(struct gate *g, enum gate_lease lease, bot_ts until)
{
    if (g->options.lease_ns[lease] != 0 && g->expiry[lease] > until) {
        g->expiry[lease] = until;
        g->touched = true;
    }
}
/* The lease ends now (socket closed). */
void bot__gate_expire(struct gate *g, enum gate_lease lease, bot_ts now);
/* Set or clear a STATE or LATCH reason. value: the number behind it. */
void bot__gate_set(struct gate *g, uint32_t reason, int64_t value, bot_ts now);
void bot__gate_clear(struct gate *g, uint32_t reason, bot_ts now);
/* A complete read, sent at sent_at, agreed on every instrument in use, or (agreed false) did not. */
void bot__gate_agreement(struct gate *g, bool agreed, bot_ts sent_at);
/* Brings reasons and open_until up to date. Returns true if the set changed. */
bool bot__gate_evaluate(struct gate *g, bot_ts now);
/* When evaluate could next have something new to say; NEVER if only an event can. */
bot_ts bot__gate_deadline(const struct gate *g, bot_ts now);
static inline bool bot__gate_open(const struct gate *g, bot_ts now) { return now < g->open_until; }
void bot__gate_state(const struct gate *g, bot_ts now, bot_gate_state *ret_state);

#endif
