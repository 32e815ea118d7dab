/* core/path.h: the recent path of one position: which quantity was held from when on.
 *
 * A step says "from ts on the quantity was qty". Two steps of one ts are both kept: the quantity between them was held for
 * a moment. Bounded: a ring of steps_max steps, the oldest leaves. What lies before the oldest step is not known, and the
 * queries say so (BOT_ERR_TRUNCATED) rather than "no".
 */
#ifndef BOT_CORE_PATH_H
#define BOT_CORE_PATH_H

#include "bot/err.h"
#include "bot/event.h"
#include "bot/types.h"

struct path_step {
    bot_i128 qty;      /* 1e-18, after the step */
    bot_ts   ts;       /* host time at which it was applied; never decreases */
    int64_t  venue_ns; /* of the fill; 0 if it gave none */
    int64_t  seq;      /* BOT_SEQ_NONE if it gave none */
};

struct path {
    struct path_step *steps;
    uint32_t          max, n, next; /* ring: the newest is steps[next - 1] */
    int64_t           newest_venue_ns; /* largest seen; 0 none */
    int64_t           newest_seq;      /* largest seen; BOT_SEQ_NONE none */
};

/* An empty path. Before its first step nothing is known. steps holds `max` steps, at least 2. */
void bot__path_init(struct path *p, struct path_step *steps, uint32_t max);

/* The quantity became qty at ts. An earlier ts than the newest step's counts as that one's. */
static inline void bot__path_push(struct path *p, bot_ts ts, int64_t venue_ns, int64_t seq, bot_i128 qty)
{
    if (p->n > 0) {
        const bot_ts newest = p->steps[(p->next > 0 ? p->next : p->max) - 1].ts;
        if (ts < newest)
            ts = newest;
    }
    p->steps[p->next] = (struct path_step){ qty, ts, venue_ns, seq };
    p->next = p->next + 1 == p->max ? 0 : p->next + 1;
    if (p->n < p->max)
        p->n++;
    if (venue_ns > p->newest_venue_ns)
        p->newest_venue_ns = venue_ns;
    if (seq != BOT_SEQ_NONE && (p->newest_seq == BOT_SEQ_NONE || seq > p->newest_seq))
        p->newest_seq = seq;
}

/* Was the quantity equal to qty at some moment of [from, to]? from <= to.
 * 1 yes, 0 no, BOT_ERR_TRUNCATED: not in what is kept, but the path does not reach back to `from`.
 * ret_until (may be NULL), with 1 only: the last moment of the newest such stretch, BOT_TS_NEVER while it still lasts. */
int bot__path_held(const struct path *p, bot_i128 qty, bot_ts from, bot_ts to, bot_ts *ret_until);

/* The newest moment before `before` at which the quantity was qty: 1 and *ret_at (at most before - 1), or BOT_ERR_TRUNCATED when it is not in
 * what is kept.
 * The age of a stale answer is `before` less that. */
int bot__path_last(const struct path *p, bot_i128 qty, bot_ts before, bot_ts *ret_at);

/* The quantity in force at ts (after the last step at or before it), or BOT_ERR_TRUNCATED. */
int bot__path_at(const struct path *p, bot_ts ts, bot_i128 *ret_qty);

/* The quantity after every fill whose venue sequence is at most seq, or BOT_ERR_TRUNCATED (path too short, or steps
 * without a sequence). Exact when fills were applied in venue order; else it is the state after the newest such fill. */
int bot__path_at_seq(const struct path *p, int64_t seq, bot_i128 *ret_qty);

#endif
