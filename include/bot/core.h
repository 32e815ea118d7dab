/* bot/core.h: the rules by themselves, for hosts that bring their own transport.
 *
 * The core is a function: an event goes in, effects come out, and there is one next deadline. It reads no clock, opens
 * no socket, allocates nothing after init, and draws no random number. Same events, same effects, bit for bit: that is
 * what the journal and every test rest on. The whole client (bot/account.h) is this core with a shell around it.
 *
 *     bot_core *core = bot_core_init(aligned_alloc_zeroed(bot_core_size(&options)), &options, now);
 *     for (;;) {
 *         bot_event ev = next_event_or_tick();              // from your sockets, or BOT_EV_TICK at bot_core_deadline()
 *         int r = bot_core_step(core, &ev);
 *         for (uint32_t i = 0; i < bot_core_effects_count(core); i++)
 *             carry_out(bot_core_effect(core, i));          // results come back later, as events
 *     }
 */
#ifndef BOT_CORE_H
#define BOT_CORE_H

#include "err.h"
#include "event.h"
#include "gate.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bot_core bot_core;

/* What to do with a position, or a change of it, that our fills do not explain. */
typedef enum bot_drift_policy {
    BOT_DRIFT_HALT,  /* default: latched; a person re-arms */
    BOT_DRIFT_ADOPT, /* the venue's number becomes the baseline after adopt_reads_min equal quiet reads */
} bot_drift_policy;

/* Executions of orders that no bot of ours sent (a person on the web page, another program). Position and limits count
 * them in every case. */
typedef enum bot_manual_policy {
    BOT_MANUAL_ADOPT,  /* default: alert, go on */
    BOT_MANUAL_PAUSE,  /* latch DRIFT until re-armed */
    BOT_MANUAL_IGNORE, /* as ADOPT without the alert */
} bot_manual_policy;

/* What happens to resting orders when the gate shuts. Only ever our own orders. */
typedef enum bot_shut_policy {
    BOT_SHUT_LEAVE,             /* default */
    BOT_SHUT_CANCEL_INCREASING, /* those that can raise the worst case */
    BOT_SHUT_CANCEL_ALL,
} bot_shut_policy;

/* What the core must know of the venue. Filled from the venue's table by the client, by the host at this depth. */
typedef struct bot_venue_rules {
    bool    has_fills_channel;    /* else fills are derived from order reports */
    bool    has_client_ids;
    bool    has_amend;
    bool    has_reduce_only;
    bool    has_dead_man;
    bool    has_position_seq;     /* position rows and fills carry comparable sequence numbers */
    bool    positions_omit_flat;  /* a row missing from a complete answer means flat */
    bool    fills_per_instrument;
    int64_t absence_bound_ns;     /* two "not found" so far apart, and absence from list and fills, prove absence */
    int64_t order_unknown_ns;     /* an unanswered order request is UNKNOWN after this */
    int64_t position_time_slack_ns; /* position update times trail or lead their fill by up to this */
    uint32_t client_id_max;
    char    client_id_alphabet[80];
} bot_venue_rules;

/* What an execution is known by. Two rows of one exec_id are the same execution, but for the two sides of a self-trade: those
 * differ in side and in order_id. */
typedef struct bot_exec_key {
    bot_symbol instrument;
    bot_id     exec_id;
    bot_id     order_id; /* empty: the venue did not say; of a payment */
    bot_side   side;     /* NONE: a payment */
} bot_exec_key;

typedef struct bot_core_options {
    size_t   struct_size;           /* set by bot_core_options_init */
    bot_venue_rules venue;

    /* Bounds; memory is taken from them at init. */
    uint32_t instruments_max;       /* 64: instruments that are traded or held */
    uint32_t orders_max;            /* 1024: orders that may still fill, ours and others', and the latest finished ones */
    uint32_t bots_max;              /* 16 */
    uint32_t fills_seen_max;        /* 65536: exec ids kept; older ones are answered by older_fill */
    uint32_t path_steps_max;        /* 8192: steps of a position's path kept for each instrument and leg */
    uint32_t effects_max;           /* 256: effects of one step; more shuts the gate and is counted. The step that brings an instrument
                                     * may have more: it tells of every fill that waited for it */

    bool     hedge;                 /* the account holds long and short legs apart */

    /* Leases. 0 means: not required. */
    int64_t private_lease_ns;       /* 10 s */
    int64_t reconciled_lease_ns;    /* 15 s with a position or working orders */
    int64_t reconciled_flat_ns;     /* 60 s when flat */
    int64_t rest_lease_ns;          /* 3 missed deadlines: 3 * (read_deadline + read_every); flat, where reads are rarer, by that longer */
    int64_t public_lease_ns;        /* 0. A client (bot/account.h) with public_data and monitors takes 10 s for 0 */
    int64_t clock_lease_ns;         /* 10 min */
    int64_t clock_offset_max_ns;    /* 5 s: signing window; an offset beyond shuts, though signatures are corrected */
    int64_t hold_down_ns;           /* 2 s */
    uint32_t agree_reads_min;       /* 2: agreeing reads in a row before opening again */

    /* Reconciliation. */
    int64_t read_every_ns;          /* 5 s: position reads with risk on */
    int64_t read_every_flat_ns;     /* 20 s: when flat and quiet */
    int64_t read_after_fill_ns;     /* 1 s: sooner after a fill */
    int64_t read_retry_ns;          /* 1 s: after a failed, partial, stale or drifting one */
    int64_t read_deadline_ns;       /* 3 s */
    int64_t orders_every_ns;        /* 30 s: open-order lists */
    int64_t grace_ns;               /* 2 s: the venue's answer may be ahead of our socket for so long */
    int64_t stale_window_ns;        /* 10 min: a read equal to a position of ours within it is stale, not drift */
    uint32_t drift_reads_min;       /* 3 drifting reads ... */
    int64_t drift_span_ns;          /* 5 s ... spanning at least this latch DRIFT */
    uint32_t backfills_max;         /* 3 per drift */
    int64_t backfill_overlap_ns;    /* 60 s before the last agreement */
    uint32_t adopt_reads_min;       /* 3 */
    bool    start_adopt;            /* false: a position found at start with an empty journal needs a person's word */
    bot_drift_policy  drift_policy;
    bot_manual_policy manual_policy;
    bot_shut_policy   shut_policy;

    /* Orders. */
    int64_t order_unknown_latch_ns; /* 10 s: outcome unknown for longer shuts the gate, but for one order that the venue has denied
                                     * twice since it could last be accepted: that one only keeps its room until the proof */
    int64_t order_query_every_ns;   /* 2 s between questions about one order, doubling to 30 s */
    uint32_t rejects_max;           /* 20 rejects in a row latch REJECT_STORM; 0 never */
    int64_t reference_age_max_ns;   /* 5 s: older reference prices do not count */
    int64_t dead_man_ns;            /* 0: off. Window of the venue's switch; refreshed at a third of it. For a venue without one a process
                                       beside the bot does: strategies/dead_man.c */
    uint64_t session_id;            /* part of every client id: different at every start (the shell takes wall ms) */

    /* Exact answer for exec ids older than fills_seen_max: was this fill (or funding row) applied? NULL: "no". Pure function
     * of the journal so far. exec is borrowed for the call. */
    bool  (*older_fill)(void *user_data, const bot_exec_key *exec);
    void   *user_data;
} bot_core_options;
BOT_API void bot_core_options_init(bot_core_options *options);
/* The first option that is out of its range, by its name and, where that is not plain, the range ("orders_max: 16..65536"; times are
 * at most fifty years); NULL: all are good. Static text. */
BOT_API const char *bot_core_options_wrong(const bot_core_options *options);

typedef enum bot_verdict {
    BOT_VERDICT_NONE,
    BOT_VERDICT_AGREE,
    BOT_VERDICT_STALE,
    BOT_VERDICT_PARTIAL,
    BOT_VERDICT_FAILED,
    BOT_VERDICT_DRIFT,
    BOT_VERDICT_PENDING, /* the answer may be ahead of our socket: decided within the grace time */
} bot_verdict;
/* "AGREE", "STALE", ...; "?" for what is no verdict. Static text; any thread. */
BOT_API const char *bot_verdict_name(bot_verdict verdict);
enum { /* what a verdict rests on */
    BOT_EVIDENCE_QTY = 1u << 0,
    BOT_EVIDENCE_SEQ = 1u << 1,
    BOT_EVIDENCE_TIME = 1u << 2,
    BOT_EVIDENCE_ENTRY = 1u << 3,
};

typedef enum bot_alert {
    BOT_ALERT_NONE,
    BOT_ALERT_DRIFT,             /* text: what differs */
    BOT_ALERT_DRIFT_HEALED,      /* missed fills were found and applied */
    BOT_ALERT_ADOPTED,           /* the venue's number became the baseline */
    BOT_ALERT_EXTERNAL_FILL,     /* liquidation, ADL, settlement, block trade, manual trade */
    BOT_ALERT_FILL_CONFLICT,     /* same exec id, other content: first kept */
    BOT_ALERT_OVERFILL,
    BOT_ALERT_UNKNOWN_EXEC,
    BOT_ALERT_STALE,             /* REST answers old data */
    BOT_ALERT_ORDER_UNKNOWN,
    BOT_ALERT_ORDER_LOST,        /* proven never to have existed, or gone without a report */
    BOT_ALERT_UNKNOWN_ORDER,     /* the venue lists an order that is not ours */
    BOT_ALERT_REJECT_STORM,
    BOT_ALERT_LIMIT_EXCEEDED,    /* by what came from outside */
    BOT_ALERT_LOSS,
    BOT_ALERT_START_POSITION,    /* a position without a history of ours */
    BOT_ALERT_MODE,
    BOT_ALERT_FULL,              /* a bounded table is full */
    BOT_ALERT_GAP,               /* the process was away: frozen, suspended or stalled */
    BOT_ALERT_CONTRACT,          /* the venue changed what a contract is worth: of that instrument only exits are sent */
    BOT_ALERT_UNKNOWN_POSITION,  /* the account holds something in an instrument that the venue's list has not got: bot_core_unknown_position */
    BOT_ALERT_COUNT,
} bot_alert;

/* "DRIFT_HEALED": the name above without its prefix; "?" for what is none. Static text; any thread. */
BOT_API const char *bot_alert_name(bot_alert alert);

typedef enum bot_effect_kind {
    BOT_EFFECT_NONE,
    BOT_EFFECT_SEND,         /* send this order request; answer with BOT_EV_SENT / BOT_EV_REPLY of the same request_id */
    BOT_EFFECT_READ,         /* do this read; answer with BOT_EV_READ_BEGIN, its rows, BOT_EV_READ_END of the same read id */
    BOT_EFFECT_DEAD_MAN,     /* arm (window_ms > 0) or disarm the venue's switch */
    BOT_EFFECT_RESYNC,       /* the private stream is not to be trusted: reconnect it */
    BOT_EFFECT_GATE,         /* the set of reasons changed */
    BOT_EFFECT_ORDER,        /* an order of a bot changed */
    BOT_EFFECT_FILL,         /* a fill was applied (fill: borrowed until the next step); or a funding: fill->kind says which */
    BOT_EFFECT_POSITION,     /* an instrument's position changed */
    BOT_EFFECT_VERDICT,      /* a read was judged, for one instrument */
    BOT_EFFECT_ALERT,
} bot_effect_kind;

typedef enum bot_request_kind { BOT_REQUEST_SUBMIT, BOT_REQUEST_AMEND, BOT_REQUEST_CANCEL } bot_request_kind;

#if defined(__clang__) && defined(__cplusplus) /* says of C's own way to write this that it is an extension */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnested-anon-types"
#endif
typedef struct bot_effect {
    bot_effect_kind kind;
    uint32_t bot;         /* handle index, or UINT32_MAX */
    uint32_t instrument;  /* index of bot_core_instrument */
    union {
        struct {
            uint64_t         request_id;
            bot_request_kind request;
            bot_id           client_id, order_id;
            bot_order_request order; /* AMEND: qty and price wanted; CANCEL: instrument, side, leg */
        } send;
        struct {
            uint64_t      id;
            bot_read_kind read;
            bot_ts        deadline;      /* when it is sent at once */
            bot_ts        send_by;       /* it may be held back until then, for the sake of the request budget; the deadline moves
                                          * by as much, and READ_BEGIN tells when it was sent. Not after `now`: at once. */
            int64_t       from_venue_ns; /* FILLS: from here on; 0: as far as the venue gives */
            bot_symbol    symbol;        /* FILLS of one instrument, ORDER; len 0: the whole account */
            bot_id        order_id, client_id; /* ORDER */
        } read;
        struct { uint32_t window_ms; } dead_man;
        struct { uint32_t before, after; } gate;
        struct {
            bot_id client_id;
            bot_order_status status;
            int code;             /* enum bot_err: REJECTED, UNKNOWN_OUTCOME, ... or 0 */
            int64_t venue_code;
            char reason[56];
        } order;
        struct {
            const bot_event *fill; /* borrowed until the next step */
            bool external;
            bool confirms; /* moved nothing: it is one that was told before, derived from its order */
        } fill;
        struct { bot_leg leg; bot_qty qty, before; } position;
        struct {
            bot_verdict verdict;
            uint32_t    evidence;
            int64_t     age_ns;      /* STALE: how old; AGREE after r: how far our socket was behind */
            bot_leg     leg;
            bot_qty     ours, venue; /* DRIFT: the difference is venue - ours */
            bot_read_kind read;
            bot_outcome outcome;     /* FAILED, PARTIAL */
        } verdict;
        struct {
            bot_alert alert;
            int64_t value;
            bot_qty ours, venue;
            char    text[160];
        } alert;
    };
} bot_effect;
#if defined(__clang__) && defined(__cplusplus)
#pragma clang diagnostic pop
#endif

/* Bytes that bot_core_init needs, or 0 when an option is out of its range. */
BOT_API size_t bot_core_size(const bot_core_options *options);
/* memory: bot_core_size zeroed bytes aligned to 64 (pages that are never needed are never touched), the caller's, to be
 * freed by it when the core is no longer used. NULL when an option is out of its range. */
BOT_API bot_core *bot_core_init(void *memory, const bot_core_options *options, bot_ts now);
/**
 * One step. ev is borrowed for the call; ev->ts must not run backwards (an older one is treated as the newest seen).
 * Effects of the step before are gone. Returns 0 or a positive value, or for the commands of a strategy the refusal
 * (class NOT_SENT or USAGE), and for anything unreadable an INPUT error; the core stays usable in every case.
 */
BOT_API int bot_core_step(bot_core *core, const bot_event *ev);
BOT_API uint32_t bot_core_effects_count(const bot_core *core);
BOT_API const bot_effect *bot_core_effect(const bot_core *core, uint32_t i);
/* When to send BOT_EV_TICK; BOT_TS_NEVER: no need. */
BOT_API bot_ts bot_core_deadline(const bot_core *core);

/* Commands return through step; these build what needs the core's state: a client id that is unique across restarts and
 * within the venue's rules, naming the bot that it belongs to. */
BOT_API bot_id bot_core_next_client_id(bot_core *core, uint32_t bot);
/* Index of the bot that a client id of ours names, UINT32_MAX for a stranger's. */
BOT_API uint32_t bot_core_client_id_bot(const bot_core *core, const bot_id *client_id);

/* Questions. */
typedef struct bot_position {
    bot_symbol instrument;
    bot_leg    leg;
    bot_qty    qty;            /* signed */
    bot_qty    low, high;      /* interval in which the truth lies while an answer of the venue differs and nothing has explained it; else both are qty */
    bot_px     avg_entry;      /* rounded half even, 12 digits (inverse: 8); 0 when flat */
    bot_money  cost, realised, funding; /* realised: price PnL, fees kept apart; funding: paid is positive */
    bool       cost_proven;    /* false: (partly) a baseline whose fills we have not seen: avg_entry and cost are the venue's word, 0 where it
                                  gave none. Until the position is flat or flips */
    bot_qty    working_buy, working_sell; /* what may still fill */
    bot_ts     agreed_at;      /* sending time of the newest agreeing read; 0 none yet */
} bot_position;
BOT_API uint32_t bot_core_instruments(const bot_core *core);
BOT_API const bot_symbol *bot_core_instrument(const bot_core *core, uint32_t i);
BOT_API int64_t bot_core_find_instrument(const bot_core *core, const bot_symbol *symbol); /* index or BOT_ERR_NOT_FOUND */
/* Whether the newest whole answer lists a position in an instrument that is not known: for a moment when one is new, for good when the
 * venue's list of instruments has not got it, or instruments_max are known. Such a position is compared with nothing, and no part of any
 * exposure. ret_instrument may be NULL; one of them, where there are several. */
BOT_API bool bot_core_unknown_position(const bot_core *core, bot_symbol *ret_instrument);
BOT_API void bot_core_position(const bot_core *core, uint32_t instrument, bot_leg leg, bot_position *ret);
/* What the venue's instrument list says of one: the grid that prices and quantities must lie on, and their bounds. */
typedef struct bot_instrument {
    bot_symbol   symbol;
    bot_contract contract;
    bool         tradable;
    bot_px       tick;             /* prices are multiples of it; 0: any price */
    bot_qty      lot;              /* quantities are multiples of it; 0: any quantity */
    bot_qty      qty_min, qty_max; /* of one order; 0: none */
    bot_money    notional_min;     /* least value of one order; 0: none */
    bot_i128     multiplier;       /* coins (inverse: quote units) a contract, 1e-18; 10^18 where the venue counts coins */
    bot_currency base, quote, settle;
} bot_instrument;
/* i below bot_core_instruments; else false. */
BOT_API bool bot_core_instrument_get(const bot_core *core, uint32_t i, bot_instrument *ret);

/* An order of a bot that may still fill. */
typedef struct bot_order_info {
    bot_id     client_id, order_id; /* order_id is the venue's; len 0 until it has told it */
    bot_symbol instrument;
    bot_side   side;
    bot_leg    leg;
    bot_order_type type;
    bot_tif    tif;
    bool       reduce_only;
    bot_order_status status;        /* the venue's last word; NONE: none yet */
    bool       outcome_unknown;     /* it may or may not live: counted, and asked for */
    bool       cancel_asked;        /* its cancel is on its way */
    bot_qty    qty, filled;         /* qty: the larger one while an amend is open */
    bot_px     price;               /* 0: market */
    bot_ts     submitted_at;        /* or when we met it: one of an earlier run that the venue listed */
} bot_order_info;
/* Live orders of a bot, those of earlier runs that still live among them, in no particular order: the first n are written to ret (NULL
 * with n 0), all are counted in what is returned. */
BOT_API uint32_t bot_core_orders(const bot_core *core, uint32_t bot, bot_order_info *ret, uint32_t n);
/* The bot's own part of it: fills of its orders. working_* are its own orders'. */
BOT_API void bot_core_bot_position(const bot_core *core, uint32_t bot, uint32_t instrument, bot_leg leg, bot_position *ret);
/* The whole check of an open gate: one compare. */
BOT_API bool bot_core_gate_open(const bot_core *core, bot_ts now);
BOT_API void bot_core_gate_state(const bot_core *core, bot_ts now, bot_gate_state *ret);
/* Numbers of the last submit or amend. */
BOT_API const bot_refusal *bot_core_last_refusal(const bot_core *core);

/* Where several private sockets bring the same fills (bot_event.flags says which): how each does. */
typedef struct bot_socket_stats {
    uint64_t first;          /* fills that it brought before the others */
    uint64_t repeats;        /* fills that another had brought */
    uint64_t behind_ns;      /* gauge: by how much the newest of those came later over this one */
    uint64_t behind_max_ns;
} bot_socket_stats;

typedef struct bot_core_stats { /* counters only rise; gauges say so */
    uint64_t events, fills_applied, fills_duplicate, fills_conflict, fills_external, fills_derived, fills_held;
    uint64_t reads[8];       /* by verdict, a read and instrument */
    uint64_t stale_age_max_ns, socket_lag_max_ns;
    uint64_t backfills, backfilled_fills, drifts, adoptions;
    uint64_t submits, submits_refused, cancels, amends, rejects, unknown_outcomes, orders_lost;
    uint64_t gate_shut_count, gate_shut_ns;
    uint64_t effects_lost;   /* more effects than effects_max in one step */
    uint64_t fills_legless;  /* in hedge mode, of orders that nobody knows, and the venue names no leg: not counted yet */
    uint32_t orders_live;    /* gauge */
    bot_socket_stats sockets[BOT_SOCKETS_MAX]; /* counted from when a second one has brought something */
} bot_core_stats;
BOT_API void bot_core_stats_get(const bot_core *core, bot_core_stats *ret);

#ifdef __cplusplus
}
#endif
#endif
