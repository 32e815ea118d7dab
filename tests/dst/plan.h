/* tests/dst/plan.h: what a seed stands for: a world's shape and the list of everything that will go wrong in it.
 *
 * Shape and faults come from generators of their own, so that taking a fault away (to shrink a failure) leaves everything
 * else as it was. A fault is one line of text: a statement of sim/faults.h, or one about the client's own process:
 *
 *     at T proc.kill down=D         killed (what was written stays); started again after D
 *     at T proc.power down=D        the machine loses power: of the disk what was synced stays; monotonic time begins anew
 *     at T proc.stop down=D         stopped in an orderly way
 *     at T for D proc.freeze        the process does not run
 *     at T for D proc.offline       no network
 *     at T for D proc.skew by=S     its wall clock is off by S
 *     at T for D proc.disk op=write|sync|all    these operations fail
 *     at T for D proc.full          the disk is full
 *     at T for D proc.stall         the disk hangs
 *     at T proc.switch              somebody pulls the kill switch
 *     at T for D proc.backlog       its network stands still: what is under way in either direction arrives at the end, all at once
 *     at T proc.rot                 a bit of its journal's files turns over on the disk, whether it runs or not
 *
 * each with process=N (1). Every line names its time and, unless it is an event, its length: after `unsafe_ns` all is healed.
 */
#ifndef TESTS_DST_PLAN_H
#define TESTS_DST_PLAN_H

#include "bot/core.h"
#include "sim/faults.h"

#define DST_FAULTS_MAX 64
#define DST_LINE_MAX 120
#define DST_PROCESSES_MAX 2
#define DST_BOTS_MAX 3
#define DST_INSTRUMENTS_MAX 2

/* Kinds of faults counted: those of sim/faults.h, and behind them enum dst_what. */
#define DST_KINDS (FAULT_KIND_COUNT + DST_ROT + 1)
const char *dst_kind_name(uint32_t kind); /* NULL: none */
bool dst_kind_of(uint32_t kind, const char *venue); /* can it happen there? */

enum dst_what { DST_VENUE, DST_KILL, DST_POWER, DST_STOP, DST_FREEZE, DST_OFFLINE, DST_SKEW, DST_DISK, DST_FULL, DST_STALL, DST_SWITCH, DST_BACKLOG, DST_ROT };

/* What a fault takes away, for the checkers: see check.c. */
enum {
    DST_LIE_PRIVATE = 1, /* the private stream seems well and does not tell everything, or tells it late */
    DST_LIE_REST = 2,    /* REST answers success with something else than the present */
    DST_OUTSIDE = 4,     /* moves the position without us */
    DST_BAN = 8,
    DST_CRASH = 16,
    DST_RESTARTS_SEQ = 32,
};

struct dst_fault {
    char     text[DST_LINE_MAX];
    int64_t  at_ns, for_ns; /* since the world's start; for_ns 0: an event */
    enum dst_what what;
    uint32_t takes;         /* DST_LIE_* ... */
    uint32_t process;       /* 1.. */
    uint32_t kind;          /* of DST_KINDS */
    int64_t  value_ns;      /* down, by */
    char     op;            /* proc.disk: w, s, a */
    bot_i128 qty;           /* trade, order */
};

enum dst_style { DST_TAKER, DST_MAKER, DST_MIXED, DST_BURST, DST_CLOSER, DST_STYLES };

struct dst_bot_plan {
    enum dst_style style;
    bot_scope scope;
    int64_t   every_ns;
    uint32_t  limit_lots, order_lots; /* in hundredths of BTC, tenths of ETH */
};

struct dst_plan {
    uint64_t seed;
    const char *venue;       /* dialect of the paper exchange; not drawn */
    int64_t  unsafe_ns;      /* then everything is healed */
    uint32_t processes, bots, instruments; /* bots of each process */
    bool     hedge, monitors, journal, public_data, budget, orders_over_ws, exec_ids_shared;
    uint32_t fills_seen_max, path_steps_max, segment_bytes;
    int      durability;
    bot_drift_policy drift_policy;
    bot_shut_policy  shut_policy;
    int64_t  latency_min_ns, latency_mean_ns, latency_max_ns;
    uint32_t sweeps_per_1000s, burstiness_pct, trend_ticks;
    struct dst_bot_plan bot[DST_PROCESSES_MAX][DST_BOTS_MAX];
    uint32_t faults_n;
    struct dst_fault faults[DST_FAULTS_MAX];
};

/* venue: "bybit"; any dialect of the paper exchange. */
void dst_plan_draw(struct dst_plan *p, const char *venue, uint64_t seed);
/* Replaces the drawn faults: statements separated by ';' or line ends. False: *ret_bad says which cannot be read. */
bool dst_plan_faults(struct dst_plan *p, const char *text, char ret_bad[DST_LINE_MAX]);
/* The faults joined by "; ". */
void dst_plan_text(const struct dst_plan *p, char *buf, size_t size);

#endif
