/* tests/dst/dst.h: one seeded world: paper exchange, network, clocks, disks and the processes that trade on it, with checkers.
 *
 *   plan.c      what goes wrong, from the seed
 *   world.c     runs it: time, faults of processes, healing, the person who re-arms what is latched
 *   process.c   one process: session and journal, the border to the network, death and restart
 *   trade.c     its bots
 *   check.c     what must hold
 *   replay.c    and that the journal tells the same story again
 *   shrink.c    fewer faults with the same failure
 *
 * A run: `unsafe_ns` of trading with faults; all is healed; the gate must open within a bound (a person re-arms latches a
 * minute after); two minutes of healthy trading; then the bots stop and cancel, and after a rest everything is compared.
 */
#ifndef TESTS_DST_H
#define TESTS_DST_H

#include "journal/checkpoint.h"
#include "journal/writer.h"
#include "journal_memfs.h"
#include "plan.h"
#include "session/session.h"
#include "sim/faults.h"
#include "sim/world.h"

/* Deliberate mistakes, to see that the checkers can fail. */
enum dst_defect {
    DST_DEFECT_NONE,
    DST_DEFECT_FILL_TWICE,    /* an execution comes again under another id */
    DST_DEFECT_FILL_PAIR,     /* two executions that cancel out are invented */
    DST_DEFECT_ORDER_TWICE,   /* a request to create is sent again */
    DST_DEFECT_ORDER_PASSES,  /* a refused order leaves all the same */
    DST_DEFECT_LIMIT,         /* the core is told twice the limit */
    DST_DEFECT_LEASE,         /* after healing the client gets answers of position reads that no venue gave */
    DST_DEFECT_DEAF,          /* position reads fail for ever after healing */
    DST_DEFECT_CONFLICT,      /* each execution comes again and again with another price */
    DST_DEFECT_UNWRITTEN,     /* some fills are not journaled */
    DST_DEFECT_COUNT,
};
const char *dst_defect_name(enum dst_defect d);

enum dst_check {
    DST_OK,
    DST_POSITION,  /* believed position differs from the truth for longer than it may, gate open */
    DST_LIMIT,     /* the venue may fill past the limit */
    DST_SHUT,      /* an order left through a shut gate, or outside of a submit */
    DST_TWICE,     /* an order was sent twice */
    DST_LEASE,     /* the gate is open without the news that it must rest on */
    DST_LOST,      /* at the end: position, fills, money or orders differ */
    DST_LIVENESS,  /* healed, and the gate does not open */
    DST_STORM,     /* too many requests, verdicts or alerts */
    DST_INTERNAL,  /* effects lost, replay differs, memory, journal */
    DST_CHECK_COUNT,
};
const char *dst_check_name(enum dst_check c);

struct dst_result {
    enum dst_check wrong;
    char     text[400];
    int64_t  simulated_ns;
    uint64_t events, orders, refused, fills, gate_shuts, restarts, rearms, backfills, drifts, adoptions, faults;
    int64_t  open_ns, shut_ns, opened_after_ns; /* of healing, the slowest */
    /* What really happened: a fault that never has an effect proves nothing. */
    uint64_t used[DST_KINDS], bit[DST_KINDS]; /* how often each kind of fault struck, and how often that changed something */
    bool     hedge, bots, processes, instruments, journal; /* several; a journal */
};

struct dst_run_options {
    enum dst_defect defect;
    bool trace; /* to stderr */
};
void dst_run(const struct dst_plan *plan, const struct dst_run_options *o, struct dst_result *ret);
/* Leaves in the plan only faults without which the same check does not fail; the number of runs that it took. */
uint32_t dst_shrink(struct dst_plan *plan, const struct dst_run_options *o, enum dst_check wrong, uint32_t runs_max);

/* ---- inside ------------------------------------------------------------------------------------------------------ */

#define DST_SENT_MAX 65536 /* power of two */
#define DST_RESTING_MAX 16
#define DST_OUTSIDE_NS (20 * BOT_NS_PER_S)
#define DST_PATH_MAX 64
#define DST_READS_MAX 16

struct dst_world;

struct dst_bot {
    const struct dst_bot_plan *plan;
    uint32_t index;
    struct sim_rng rng;
    bot_ts   next_at;
    struct dst_resting { bot_id id; bot_i128 qty, price; bool amended; /* then only the core knows which of the two it is */ } resting[DST_RESTING_MAX];
    uint32_t resting_n;
};

/* One instrument as one process sees it, and as it is. */
struct dst_book {
    uint16_t exchange_instrument;
    bot_symbol symbol;
    bot_i128 limit;        /* of all bots together */
    bot_i128 unit;         /* of limit_lots and order_lots */
    bot_ts   wrong_since;  /* when the gate first was open since they were equal; NEVER */
    int64_t  wrong_ns;     /* and for how long it has been since */
    bot_i128 allowed[2];   /* over the limit, from outside: buys, sells */
    bot_ts   outside_at, outside_next; /* the newest and the next that comes from outside */
    /* The truth and whether belief equals it, kept until one of them may have changed. */
    struct exchange_truth truth;
    uint64_t truth_changes, core_events; /* UINT64_MAX: look again */
    bool     equal;
};

struct dst_process {
    struct dst_world *w;
    uint32_t number;
    char     key[16];
    int      account, client;
    bool     up;
    bot_ts   start_at;        /* when it comes up again; BOT_TS_NEVER */
    int64_t  mono_base;       /* its monotonic clock is the world's less this */
    struct transport inner;
    void    *memory, *budget_memory;
    struct session *session;
    struct budget  *budget;
    bot_core       *core;
    struct bot__signer *signer;
    uint32_t runs;
    struct dst_bot  bot[DST_BOTS_MAX];
    struct dst_book book[DST_INSTRUMENTS_MAX];
    /* disk */
    struct memfs    memfs;
    struct journal *journal;
    struct journal_older older;
    int64_t  ts_offset;
    uint64_t journal_next;  /* record at which this run begins */
    bool     journal_bad, disk_stalled;
    bool     stalled;       /* by a fault of its own */
    bool     rotten;        /* a bit of its files has turned over, */
    uint32_t rotten_record; /* of a segment's, in a run which still goes on: so many */
    enum dst_what disk_fault; /* DST_FULL, DST_DISK; DST_VENUE: none */
    unsigned long long disk_failed; /* operations, as counted so far */
    bot_ts   round_at, look_at;
    uint64_t appended, rounded; /* rounded: of them, when the disk was last reached */
    /* border */
    bool     submitting, submitting_open, submitting_reduces, submitting_killed;
    uint64_t *sent;           /* hashes of client ids of creates */
    uint32_t  sent_n;
    bot_ts   positions_ok_at; /* sending time of the newest answered position read */
    bot_ts   private_heard_at;
    bot_ts   public_heard_at[2]; /* BOT_TS_NEVER: this run has not opened it */
    struct { uint64_t id; bot_ts sent_at, answered_at; } reads[DST_READS_MAX];
    uint32_t reads_next;
    bool     reading;         /* an answered position read is being judged */
    /* What it believed when, as it was told: a ring. */
    struct dst_step { bot_ts at; uint32_t instrument; bot_leg leg; bot_i128 before; } path[DST_PATH_MAX];
    uint32_t path_n;
    bot_ts   risk_since;      /* it believes to hold something; NEVER */
    uint64_t unwritten;       /* events appended at that time, which are to be written */
    bot_ts   unwritten_since;
    bool     carries;         /* it died with everything written, believing that: */
    bot_i128 carried[DST_INSTRUMENTS_MAX][3];
    uint64_t requests;
    /* checks */
    bool     was_open, opened_after, started_with_position;
    bot_ts   last_now;
    uint64_t shuts, alerts, verdicts, fills_effects;
    uint32_t reasons_seen;
    bool     forgot;          /* what the last run knew: it died so */
    bool     blind;           /* and REST lied when the next began: see check.c, LIMIT */
    bool     lost_events;     /* a journal could not take events or was cut: counters of the core may be behind */
};

struct dst_world {
    const struct dst_plan *plan;
    struct dst_run_options options;
    struct dst_result *result;
    struct world *world;
    struct dst_process process[DST_PROCESSES_MAX];
    bool     healed, stopped, invented;
    bot_ts   healed_at;
    bot_ts   applied_until;   /* process faults before this have been applied */
    int64_t  lies_until[2];   /* private, REST */
};

static inline bot_ts dst_now(const struct dst_world *w) { return bot__world_now(w->world); }
#define DST_START_NS BOT_NS_PER_S /* the world's clock at its start */

void dst_wrong(struct dst_world *w, enum dst_check check, const char *format, ...) __attribute__((format(printf, 3, 4)));
void dst_trace_say(const struct dst_world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A macro, so that nothing is formatted for a trace that nobody reads. */
#define dst_trace(w_, ...)                              \
    do {                                                \
        if ((w_)->options.trace) dst_trace_say((w_), __VA_ARGS__); \
    } while (0)
const char *dst_num(bot_i128 v); /* eight static buffers */

/* process.c */
void dst_process_init(struct dst_world *w, uint32_t number);
void dst_process_free(struct dst_process *p);
bool dst_process_start(struct dst_process *p);
void dst_process_die(struct dst_process *p, enum dst_what how, int64_t down_ns);
void dst_process_disk(struct dst_process *p); /* a turn of the journal's writer, if it is time */
void dst_process_journal_look(struct dst_process *p);
void dst_process_rot(struct dst_process *p, uint64_t seed); /* one bit of its files turns over */
void dst_process_rot_seen(struct dst_process *p); /* and somebody noticed */
void dst_process_journal_end(struct dst_process *p); /* everything appended is written, and it is closed */
struct session_time dst_process_time(const struct dst_process *p);
bot_ts dst_process_core_now(const struct dst_process *p);
int  dst_process_command(struct dst_process *p, bot_event *ev);
static inline bool dst_process_open(const struct dst_process *p) { return p->up && bot_core_gate_open(p->core, dst_process_core_now(p)); }

/* trade.c */
void dst_bot_init(struct dst_process *p, uint32_t bot);
void dst_bot_act(struct dst_process *p, uint32_t bot);
void dst_bots_limits(struct dst_process *p);
int  dst_submit(struct dst_process *p, uint32_t bot, const bot_order_request *o, bot_id *ret_id);

/* check.c */
void dst_check_step(void *world);
/* A verdict that the venue's number is right. */
void dst_check_agree(struct dst_process *p, uint32_t instrument, bot_leg leg, bot_i128 venue);
void dst_check_carried(struct dst_process *p); /* it has come back from its journal */
void dst_check_killed(struct dst_process *p);  /* a minute after everything is well */
/* post: not a PUT; for a message, whose text is the path too, either. */
void dst_check_border(struct dst_process *p, bool post, const char *path, const char *body, size_t len);
/* REST answers success with something else than the present, or did so less than that ago. */
bool dst_check_rest_lies(const struct dst_world *w, int64_t until_after_ns);
void dst_check_replay(struct dst_process *p);
bool dst_check_settled(const struct dst_world *w); /* every position believed is the true one */
void dst_check_end(struct dst_world *w);
bot_i128 dst_belief(const struct dst_process *p, const struct dst_book *k, bot_leg leg);

#endif
