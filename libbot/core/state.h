/* core/state.h: the state of the core, shared by its own files and by nobody else. Each stands on those below it:
 *
 * core.c          the step: dispatch, deadline; options, questions
 * commands.c      what a strategy or a person asks for
 * recon.c         reads: when to ask, what to do with an answer, start
 * reports.c       what the venue says of our orders, and asking it when it says nothing
 * fills.c         executions into the ledger and onto orders
 * limits.c        who is attached, with what limits, and whether they are passed
 * verdict.c       what an answer is worth: agreement, staleness, drift, adoption
 * venue_status.c  whether the venue takes orders
 * state.c         effects, positions, orders closed and opened; client_id.c
 */
#ifndef BOT_CORE_STATE_H
#define BOT_CORE_STATE_H

#include "base/json.h"
#include "bot/core.h"
#include "core/exposure.h"
#include "core/gate.h"
#include "core/ledger.h"
#include "core/orders.h"
#include "core/sockets.h"

#define SUBMIT_RING BOT_ORDERS_PER_S_MAX
#define RECON_MENDS (BOT_GATE_STARTUP | BOT_GATE_RECONCILED | BOT_GATE_REST | BOT_GATE_HOLD_DOWN) /* by position reads */
#define HELD_MAX 256      /* fills and payments that wait for their instrument: the step that brings it tells of all of them */
#define EFFECTS_OF_FILL 4 /* the fill, the position, its order or an alert, and one besides */
#define STRANGERS_MAX 64  /* fills whose order nobody knows yet */
#define STRANGER_WAIT_NS (10 * BOT_NS_PER_S)
#define CLOSED_WAIT_NS (30 * BOT_NS_PER_S)      /* the venue takes no orders: the next may try after that, */
#define CLOSED_WAIT_MAX_NS (300 * BOT_NS_PER_S) /* doubling up to this: nobody says when it opens again */

struct core_bot {
    bool      attached, sends_orders;
    bot_scope scope;
    bot_ts    sent[SUBMIT_RING]; /* times of the latest submits and amends */
    uint32_t  sent_next;
    uint32_t  rejects_in_row;
};

struct core_limits {
    bool       set;
    bool       exceeded;  /* told that the position is beyond the limit */
    bot_limits limits;
    bot_i128   loss_base; /* result when the limits were set first: losses count from there */
};

/* One instrument and leg as reconciliation sees it. */
struct recon_leg {
    bot_ts   agreed_at;       /* sending time of the newest agreeing read; 0 none */
    bot_verdict verdict;      /* the newest */
    /* A read that may be ahead of our socket: decided when a fill makes it true, or at `until`. */
    bool     pending;
    bot_i128 pending_qty, pending_apart; /* the venue's number, and how far it is from ours */
    bot_ts   pending_sent, pending_received, pending_until;
    int64_t  pending_seq;     /* of its row; BOT_SEQ_NONE: not known, or not to be compared */
    uint64_t pending_read;
    /* A drift that is open. */
    bool     drifting;
    bot_i128 drift_qty;       /* what the venue says */
    int64_t  drift_seq;       /* and the row's sequence, as above */
    bot_ts   drift_since;     /* sending time of its first read */
    uint32_t drift_reads, drift_backfills;
    bool     drift_alerted;
    uint32_t adopt_reads;     /* equal quiet reads in a row */
    bool     stale_alerted;
    uint32_t stale_reads;     /* in a row, old by their number alone */
    bool     told;            /* before the proof: a row told of a position that is not ours, and nothing has explained it yet */
    bot_i128 told_ours;       /* what we held then: a fill since explains that the row is gone */
    /* Row of the read under way. */
    bool     row_seen;
    bot_i128 row_qty;
    int64_t  row_seq, row_venue_ns;
    bot_dec  row_entry;
    bool     row_entry_given;
    /* Fills at or before this are inside an adopted baseline. */
    int64_t  horizon_seq, horizon_venue_ns;
    int64_t  horizon_sent_ns; /* the same by the venue's clock when the read was sent: for fills out of its history only */
};

struct recon_instrument {
    bool   traded;            /* a bot has limits for it: always in use */
    bool   worth_changed;     /* the venue's contract is another than the one that positions and limits are counted in */
    bot_dec multiplier;
    struct recon_leg leg[ORDER_LEGS];
};

struct recon_read {
    uint64_t id;              /* 0: none under way */
    bot_ts   sent_at, deadline; /* of the one under way, or the last one */
    bool     asked, sent;       /* asked: ever */
    int64_t  sent_venue_ns;   /* the venue's clock then, as well as the shell knows it; 0 unknown */
    bot_ts   due;             /* when to ask next; NEVER: not at all */
    uint32_t failures;        /* in a row */
};

/* A list may leave out an order that a crash has forgotten, or that somebody placed before a start without a journal, and then nobody knows
 * of it: two must not show it before the gate opens. At a start that costs a second. */
#define ORDERS_LISTS_MIN 2
#define START_WAITS_MAX 10

struct recon {
    struct recon_read positions, orders, fills;
    bot_ts   answered_sent_at; /* when the last position read that was answered whole was sent; INT64_MIN: none */
    bot_ts   stream_ready_at; /* NEVER while the private stream is down */
    bool     backfilled;      /* since the stream became ready */
    bool     proven;          /* once since start */
    bool     disputed;        /* before that: an answer differed from what we believe, so one that agrees is not enough */
    uint32_t dispute_agreed;  /* that have agreed since, in a row */
    bot_ts   dispute_from;    /* sending time of the first of them */
    bool     cold;            /* never proven yet, in this run or in those that the journal holds: history is not ours to apply */
    bool     adopt_once;      /* a person said: take the venue's number */
    bot_ts   unknown_since;   /* of the position that nobody knows; 0: there is none */
    bool     unknown_told;
    bot_symbol row_unknown, unknown; /* an instrument that is not known and has a size: in the position read under way, in the last whole one */
    bool     awaited;         /* at a start: something that the account holds is not compared, or not taken over yet, and nothing is proven before */
    uint8_t  waits;           /* answers that were waited for so, up to START_WAITS_MAX: the venue's list may not have the instrument */
    bool     row_unreadable;  /* a row of the position read under way says what we cannot hold: that answer proves nothing */
    bool     start_alerted;
    bot_ts   agreed_min;      /* oldest agreed_at over what is in use: what the lease rests on */
    bot_ts   agreed_untold;   /* an agreement that the gate is told of when there are lists enough, unless one that differs comes before; 0: none */
    bot_ts   newest_fill_at;  /* host time of the newest applied fill */
    bool     orders_listed;   /* a complete open-orders list since the stream became ready */
    uint8_t  orders_lists;    /* how many, up to ORDERS_LISTS_MIN */
    bool     in_the_dark;     /* the journal lost events: what rests and what is held nobody knows until the venue has said both */
    bool     fills_wanted;
    int64_t  fills_from_ns;   /* venue time from which they are owed to us, until a read of them is answered whole; 0: none are */
    int64_t  fills_asked_from_ns; /* the same of the read under way */
    uint64_t fills_before;    /* applied when the backfill began */
    int64_t  newest_venue_ns; /* newest venue time of a fill or a proof: backfills start an overlap before it */
    bot_ts   pending_at;      /* no pending read ends before; a lower bound */
    bot_ts   instruments_due; /* when an unknown name may be asked for again */
    uint32_t list_generation; /* of the open-orders list under way */
};

/* A fill that no known order explains: adopted as external when its time is up. */
struct stranger {
    bool      used;
    bot_ts    until;
    uint32_t  instrument;
    bot_leg   leg;
    bot_id    order_id;
    bot_i128  qty;   /* signed */
    bot_i128  price;
};

/* Every bot may set those of every instrument before the first row has come. */
static inline size_t core_pending_limits_max(const bot_core_options *o) { return (size_t)o->bots_max * o->instruments_max; }

struct bot_core {
    bot_core_options options;
    bot_ts   now;
    uint64_t client_seq, next_request, next_read;

    struct gate   gate;
    struct orders orders;
    struct ledger *ledger;
    struct recon  recon;
    struct recon_instrument *instruments; /* by ledger index */
    struct core_bot    *bots;
    uint32_t            bots_n;           /* one past the highest that has attached */
    struct core_limits *limits;           /* [bot * instruments_max + instrument] */
    bot_ev_limits      *pending_limits;   /* of instruments that are not known yet */
    uint32_t            pending_limits_n;
    uint32_t           *list_seen;        /* by order: list_generation in which it was listed */
    struct stranger    *strangers;
    uint32_t            strangers_n;
    bot_ts              orders_at;        /* no order needs anything before; a lower bound */

    bot_effect *effects;
    uint32_t    effects_n;
    struct dedupe_key fill_key;           /* of the fill that this step is about; valid within the step, see core/image.h */
    struct sockets sockets;
    bot_event  *fill_events;              /* what BOT_EFFECT_FILL lends out: one for each of a step */
    uint32_t    fill_events_n;
    uint32_t    effects_room;             /* of this step: options.effects_max, and more while fills are told that waited */
    bot_refusal refusal;
    bot_core_stats stats;
    bool        cancels_wanted;           /* an order's cancel waits for room among the effects of a step */
    bool        status_bad;               /* the venue's own status says so: only it says when that ends */
    bot_ts      closed_until;             /* an order met a venue that takes none; NEVER: not so */
    int64_t     closed_wait_ns;           /* of the last time; 0: it has taken one since */
    bot_ts      shut_at;                  /* since when the gate is shut */
    bot_ts      deadline;                 /* as of the end of the last step */
    bot_ts      dead_man_at;              /* next refresh; NEVER */
    bool        dead_man_armed;
    bool        quiet;                    /* within a step whose effects nobody will look at */
};

static inline bot_ts core_after(bot_ts at, int64_t ns)
{
    bot_ts sum;
    return __builtin_add_overflow(at, ns, &sum) ? BOT_TS_NEVER : sum;
}
static inline bot_ts core_min(bot_ts a, bot_ts b) { return a < b ? a : b; }
static inline bot_ts core_max(bot_ts a, bot_ts b) { return a > b ? a : b; }

static inline struct core_limits *core_limits_of(const bot_core *c, uint32_t bot, uint32_t instrument)
{
    return &c->limits[(size_t)bot * c->options.instruments_max + instrument];
}
static inline struct recon_leg *core_leg(const bot_core *c, uint32_t instrument, bot_leg leg)
{
    return &c->instruments[instrument].leg[bot__leg_index(leg)];
}
static inline bot_leg core_first_leg(const bot_core *c) { return c->options.hedge ? BOT_LEG_LONG : BOT_LEG_NET; }
static inline bot_leg core_last_leg(const bot_core *c) { return c->options.hedge ? BOT_LEG_SHORT : BOT_LEG_NET; }
static inline bool core_stream_ready(const bot_core *c) { return c->recon.stream_ready_at != BOT_TS_NEVER; }
static inline const bot_symbol *core_symbol(const bot_core *c, uint32_t instrument)
{
    return &bot__ledger_instrument(c->ledger, instrument)->symbol;
}
/* Where the bot's fills go besides the account: to itself, or nowhere else. */
static inline uint32_t core_owner(const bot_core *c, uint32_t bot)
{
    return bot == ORDER_BOT_NONE || c->bots[bot].scope == BOT_SCOPE_ACCOUNT ? LEDGER_ACCOUNT : bot;
}
/* May a step that goes over many orders ask for more? What it leaves it takes up in the next step, which is due at once. */
#define EFFECTS_KEPT 16 /* for the gate, alerts and reads of the same step */
static inline bool core_has_room(const bot_core *c) { return c->effects_n + EFFECTS_KEPT < c->options.effects_max; }
/* A cancel that stands is repeated, each time later: a venue in an overload is not helped by more of them. */
#define CANCEL_PATIENCE_MAX 3
static inline int64_t core_patience(const struct order *o, int64_t ns)
{
    int64_t longer;
    return __builtin_mul_overflow(ns, INT64_C(1) << o->cancels_again, &longer) ? ns : longer;
}
/* Something of the orders table will need a look at that time. */
static inline void core_look_at_orders(bot_core *c, bot_ts at) { c->orders_at = core_min(c->orders_at, at); }

/* state.c */
bot_effect *bot__core_effect_add(bot_core *c, bot_effect_kind kind, uint32_t bot, uint32_t instrument);
bot_effect *bot__core_alert(bot_core *c, bot_alert alert, uint32_t bot, uint32_t instrument, int64_t value, const char *text);
/* More of its text: `before`, then the words, the number, the time, or which order it is. */
void bot__core_alert_say(const bot_core *c, bot_effect *e, const char *before, const char *words);
void bot__core_alert_number(const bot_core *c, bot_effect *e, const char *before, bot_i128 v);
void bot__core_alert_seconds(const bot_core *c, bot_effect *e, const char *before, int64_t ns);
void bot__core_alert_order(const bot_core *c, bot_effect *e, const struct order *o);
/* The venue speaks of legs that the configured mode does not have. */
void bot__core_other_mode(bot_core *c, uint32_t instrument);
void bot__core_order_effect(bot_core *c, uint32_t order, int code, int64_t venue_code, const char *reason);
bot_i128 bot__core_qty(const bot_core *c, uint32_t instrument, bot_leg leg);
/* The account's interval: widened while a drift is open or a read is pending. */
void bot__core_interval(const bot_core *c, uint32_t instrument, bot_leg leg, bot_i128 *ret_low, bot_i128 *ret_high);
bool bot__core_flat(const bot_core *c); /* no position, nothing working, in any instrument */
/* Held, working or traded: its disagreement shuts the gate. */
bool bot__core_in_use(const bot_core *c, uint32_t instrument);
/* A client id that an order is submitted with. */
void bot__client_id_given(bot_core *core, const bot_id *client_id);
/* A client id of this session whose order the table has forgotten: only what the venue itself has told the end of is. */
bool bot__client_id_ended(const bot_core *core, const bot_id *client_id);
/* Some may have been given out that the table never heard of. */
void bot__client_ids_forgotten(bot_core *core);
/* Closes an order by the venue's word or by proof. */
void bot__core_close_order(bot_core *c, uint32_t order, bot_order_status status, int code, int64_t venue_code, const char *reason);
void bot__core_reopen_order(bot_core *c, uint32_t order); /* a closed order that shows signs of life */
/* Index of the instrument; for an unknown one BOT_ERR_INSTRUMENT, and its row is asked for. */
int64_t bot__core_instrument_of(bot_core *c, const bot_symbol *symbol);
void bot__core_owe_fills(bot_core *c, int64_t from_venue_ns); /* from then on, when it is read next; 0: nothing is known of before */
void bot__core_want_fills(bot_core *c); /* the venue's history is to be read */

/* venue_status.c */
void bot__core_venue_said(bot_core *c, bool ok, int64_t value); /* its own status */
/* An order met a venue that takes none (maintenance, cancel-only): shut for a while, then let one try. And the contrary. */
void bot__core_venue_closed(bot_core *c, int64_t venue_code);
void bot__core_venue_takes_orders(bot_core *c);
void bot__core_venue_tick(bot_core *c);

/* verdict.c */
/* The answer of the read under way, its rows in the legs, is held against our path. */
void bot__verdict_judge(bot_core *c, uint32_t instrument, bot_leg leg, bot_ts sent_at, bot_ts received);
bot_effect *bot__verdict_effect(bot_core *c, uint32_t instrument, bot_leg leg, bot_verdict verdict, uint32_t evidence, int64_t age,
                                bot_i128 venue);
void bot__verdict_renew(bot_core *c); /* the leases, by the oldest agreement of what is in use */
void bot__verdict_taken_into_use(bot_core *c, uint32_t instrument); /* it is traded from here on: its own agreement counts, too */
void bot__verdict_filled(bot_core *c, uint32_t instrument, bot_leg leg); /* a fill was applied */
void bot__verdict_tick(bot_core *c);                                     /* answers that nothing has explained in time */
bool bot__verdict_inside_baseline(const bot_core *c, uint32_t instrument, bot_leg leg, const bot_event *fill);
bool bot__verdict_order_in_baseline(const bot_core *c, uint32_t instrument, bot_leg leg, const bot_event *report);

/* limits.c */
int bot__core_attach(bot_core *c, const bot_event *ev);
int bot__core_set_limits(bot_core *c, const bot_event *ev);
void bot__core_limits_known(bot_core *c, uint32_t instrument); /* those that waited for it */
/* Of the account's result, which loss limits count: means nothing, and counts neither way. */
void bot__core_disown_result(bot_core *c, uint32_t instrument, bot_i128 realised);
void bot__core_check_limits(bot_core *c, uint32_t instrument); /* after its position has changed */
/* Result of an owner on an instrument since ever: realised less fees in the settle currency less funding. */
bot_i128 bot__core_result(const bot_core *c, uint32_t instrument, uint32_t owner);

/* fills.c */
int bot__core_fill(bot_core *c, const bot_event *ev);
int bot__core_funding(bot_core *c, const bot_event *ev);
/* Growth of an order's cumulative quantity on a venue without a fills channel. */
void bot__core_derive_fill(bot_core *c, uint32_t order, const bot_event *report);
int bot__core_instrument_row(bot_core *c, const bot_event *ev);
void bot__core_order_named(bot_core *c, uint32_t order); /* fills that waited for this order's id find it */
void bot__core_fills_tick(bot_core *c);
bot_ts bot__core_fills_deadline(const bot_core *c);

/* reports.c */
int bot__core_order_report(bot_core *c, const bot_event *ev);
int bot__core_ack(bot_core *c, const bot_event *ev);
int bot__core_sent(bot_core *c, const bot_event *ev);
int bot__core_reply(bot_core *c, const bot_event *ev);
void bot__core_order_absent(bot_core *c, uint32_t order); /* the venue said "not found" or left it out of its list */
/* A complete fill history that was asked for at `sent_at` has been applied. */
void bot__core_history_read(bot_core *c, bot_ts sent_at);
void bot__core_orders_tick(bot_core *c);

/* recon.c */
void bot__recon_init(bot_core *c);
void bot__recon_stream(bot_core *c, const bot_event *ev);
void bot__recon_read_begin(bot_core *c, const bot_event *ev);
void bot__recon_read_end(bot_core *c, const bot_event *ev);
void bot__recon_position_row(bot_core *c, const bot_event *ev);
void bot__recon_tick(bot_core *c);
bot_ts bot__recon_deadline(const bot_core *c);

/* commands.c */
int bot__core_submit(bot_core *c, const bot_event *ev);
int bot__core_amend(bot_core *c, const bot_event *ev);
int bot__core_cancel(bot_core *c, const bot_event *ev);
int bot__core_cancel_all(bot_core *c, const bot_event *ev);
int bot__core_rearm(bot_core *c, const bot_event *ev);
void bot__core_kill(bot_core *c);
void bot__core_cancels_tick(bot_core *c); /* cancels that a step before had no room for */
void bot__core_cancel_again(bot_core *c, uint32_t order, bool asked); /* the venue says that the order lives */
/* Carries out the shut policy after the gate has shut. */
void bot__core_on_shut(bot_core *c);

#endif
