/* core/budget.h: the request budget: "when may I?"
 *
 * One budget stands for one venue as seen from one address, shared by every caller on the loop: all accounts behind the
 * address. Of each limit of the venue ("scope") it keeps one state for the address, or one for each account where the
 * venue counts by key.
 *
 * Never above. The venue counts a request when it arrives, at some moment between our send and its answer. So a request
 * counts from before it is sent until a whole window after its answer came (rolling), or in every calendar window that
 * it may have arrived in (the clock's error included). Whatever the network does, no window at the venue holds more of our
 * requests than the limit. What this costs is one round trip for each rolling window (50 ms of a 1 s window are 5 %) and
 * twice the clock's error for each calendar window.
 *
 * Priorities are reserved shares: of each scope, a class may have some units kept for it that no other class can take
 * while they are unused in the window. Beyond the shares it is first come, first served; the caller asks for the class of
 * highest priority first.
 *
 * The venue's own numbers win: a header that says more was used than we sent (another process shares the key) is adopted at
 * once and until its window has passed. A ban shuts the scope for everybody, cancels included, until its time; a refusal
 * without a time backs off, doubling.
 *
 * Pure: no clock (now is an argument and never goes backwards), no allocation after init, no double. Loop thread only.
 */
#ifndef BOT_CORE_BUDGET_H
#define BOT_CORE_BUDGET_H

#include "bot/err.h"
#include "bot/event.h"
#include "bot/types.h"

enum budget_class { /* by priority, highest first */
    BUDGET_CANCEL,
    BUDGET_ORDER,
    BUDGET_RECONCILE,
    BUDGET_BACKFILL,
    BUDGET_REST,
    BUDGET_CLASSES,
};

#define BUDGET_SCOPES_MAX 8
#define BUDGET_DRAWS_MAX 4

struct budget_scope { /* copied from the venue's table of facts */
    char     name[16];
    bool     calendar;  /* windows aligned to multiples of window_ns in UTC; else rolling */
    bool     per_ip;    /* one state for the address; else one for each account */
    uint32_t limit;     /* units a window, 1 .. 2^24 */
    int64_t  window_ns; /* 1 ms .. 7 days */
    uint32_t reserve[BUDGET_CLASSES]; /* units of the window kept for the class; together below limit */
};

/* Fills reserve with the default: cancel 3 %, reconcile 2 %, both at least one unit and one `unit_max` (the weight of the
 * dearest such request) where the limit allows it: together never more than half the limit. */
void bot__budget_reserve_default(struct budget_scope *s, uint32_t unit_max);

struct budget_options {
    uint32_t accounts_max;   /* 1. Accounts behind the address. */
    uint32_t reads_max;      /* 64. Different reads in flight that others may join. */
    uint32_t waiters_max;    /* 256. Joined callers together. */
    int64_t  backoff_ns;     /* 1 s. First wait after a refusal without a time (429 without Retry-After); doubles. */
    int64_t  backoff_max_ns; /* 5 min */
    int64_t  ban_ns;         /* 10 min. A ban without a time (418, 403, Cloudflare 1015); doubles up to ban_max_ns. */
    int64_t  ban_max_ns;     /* 1 h */
    int64_t  utc_ns;         /* venue's clock (Unix ns) less bot_ts, as well as the host knows it at open */
    int64_t  utc_error_ns;   /* 1 s. Bound of the error of utc_ns. Calendar windows shorter than twice it are not safe from it. */
    bool     zeroed;         /* the memory given to init is zero: parts of it that are never used are then never touched */
};

struct budget_draw {
    uint32_t scope, weight; /* weight 0: draws nothing */
};
struct budget_request {
    enum budget_class  cls;
    uint32_t           account; /* below accounts_max */
    uint32_t           draws_n; /* at most BUDGET_DRAWS_MAX, each scope at most once */
    struct budget_draw draws[BUDGET_DRAWS_MAX];
};

struct budget;

void   bot__budget_options_init(struct budget_options *o);
/* 0 when an option or a scope is out of its range. */
size_t bot__budget_size(const struct budget_options *o, const struct budget_scope *scopes, uint32_t scopes_n);
struct budget *bot__budget_init(void *mem, const struct budget_options *o, const struct budget_scope *scopes, uint32_t scopes_n, bot_ts now);

/* A better measurement of the venue's clock: used from now on, for calendar windows and reset times. */
void bot__budget_clock(struct budget *b, int64_t utc_ns, int64_t utc_error_ns);

/* ---- asking, sending, answering ---- */

/* The earliest time at which the request would pass if what is in flight were answered now and nothing else happened: now or
 * later (ask again then, and after each answer), BOT_TS_NEVER when its weight is above what its class can ever have, or its
 * scope or account does not exist. */
bot_ts bot__budget_ready_at(const struct budget *b, const struct budget_request *req, bot_ts now);
/* Takes the units for a request that is sent now. BOT_OK or BOT_ERR_BUDGET with nothing taken. Each success is followed by
 * exactly one of done and unsent with an equal request. */
int bot__budget_take(struct budget *b, const struct budget_request *req, bot_ts now);
/* It was answered, or timed out, or its connection is closed: it cannot arrive later than now. */
void bot__budget_done(struct budget *b, const struct budget_request *req, bot_ts now);
/* It provably did not leave. */
void bot__budget_unsent(struct budget *b, const struct budget_request *req, bot_ts now);

/* ---- what the venue says ---- */

/* Words of an answer's headers or body; -1 / 0 where they do not say. Call it after done for the same request. The larger
 * count holds, ours or the venue's; a stated limit replaces ours (0 < limit); remaining 0 with a reset time shuts until it. */
void bot__budget_header(struct budget *b, uint32_t account, uint32_t scope, int32_t used, int32_t remaining, int32_t limit,
                        int64_t reset_wall_ns, bot_ts now);
/* Refused for its rate. for_ns 0: the venue named no time. ban: beyond a single 429 (418, 403, 1015). Nothing of the scope
 * passes until then. A later end never gets earlier by this. */
void bot__budget_refused(struct budget *b, uint32_t account, uint32_t scope, bool ban, int64_t for_ns, bot_ts now);
/* A good answer: the next refusal without a time backs off from the start again. */
void bot__budget_accepted(struct budget *b, uint32_t account, uint32_t scope);
/* A BOT_EV_BUDGET of that account: header and refused in one. */
void bot__budget_event(struct budget *b, uint32_t account, const bot_event *ev);

/* ---- seeing ---- */

struct budget_view {
    uint32_t limit, used, in_flight, foreign; /* used: ours and foreign, in flight included */
    uint32_t reserved_free;   /* units kept for classes that have not used them */
    bot_ts   shut_until;      /* 0: not shut */
    uint64_t taken, refused_here, refused_there, bans, corrections; /* counters: units, requests, answers, answers, answers */
};
int bot__budget_view(const struct budget *b, uint32_t account, uint32_t scope, bot_ts now, struct budget_view *ret);

/* A cadence for a read that is repeated for ever: so long that it takes at most share_permille of what is free in the scope
 * now, but within [interval_min_ns, interval_max_ns]: when the budget shrinks polling slows down, never below the guaranteed
 * one per interval_max (which the RECONCILE reserve pays for). */
int64_t bot__budget_cadence(const struct budget *b, uint32_t account, uint32_t scope, uint32_t weight, uint32_t share_permille,
                            int64_t interval_min_ns, int64_t interval_max_ns, bot_ts now);

/* ---- identical reads become one ---- */

/* What makes two reads the same read: account, call and its arguments (a hash of the request's bytes without time and
 * signature). key 0 is no key. */
enum { BUDGET_READ_LEAD = 0, BUDGET_READ_JOINED = 1 };
/* Joins the read of that key if one is in the table that was sent at or after not_before, or is not sent yet; else becomes
 * its leader, who sends the request, and calls sent and finish. An in-flight read sent before not_before is not joined: the
 * caller leads one of its own (the older finishes with its own waiters).
 *   BUDGET_READ_LEAD, BUDGET_READ_JOINED (ret_id says which read), BOT_ERR_FULL. */
int bot__budget_join(struct budget *b, uint64_t key, bot_ts not_before, uint64_t waiter, uint64_t *ret_id);
void bot__budget_read_sent(struct budget *b, uint64_t id, bot_ts now);
/* One who waited does so no longer. Of the leader: the read stays, and is finished by him all the same. */
void bot__budget_read_leave(struct budget *b, uint64_t id, uint64_t waiter);
/* The read is over. Writes up to max waiters (leader first) in the order in which they came and returns how many there were;
 * they are forgotten. */
uint32_t bot__budget_read_finish(struct budget *b, uint64_t id, uint64_t *ret_waiters, uint32_t max);

#endif
