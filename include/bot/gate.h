/* bot/gate.h: why an order may or may not leave.
 *
 * The gate is open while every lease lies in the future, no latch is set, and nothing holds it down. A lease is renewed
 * by good news only: an error is never needed to shut the gate, a hung request or a frozen process is enough. Shut means:
 * nothing may leave that can raise the worst-case exposure. Cancels always pass; an order that provably only reduces
 * passes unless KILL is set. The rules are modelled in tests/model/gate.pml, which is the short form to read.
 *
 * The reasons are a set, each with since-when and the numbers behind it. Opening again needs every reason gone, fresh
 * agreement with the venue asked for after the last shutting (M reads in a row), and a hold-down time.
 */
#ifndef BOT_GATE_H
#define BOT_GATE_H

#include "err.h"
#include "event.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*     name             kind   plain words */
#define BOT_GATE_REASON_LIST(X)                                                                                \
    X(STARTUP,          STATE, "the position has not been proven yet")                                         \
    X(PRIVATE_STREAM,   LEASE, "nothing was heard on the private stream")                                      \
    X(RECONCILED,       LEASE, "no fresh agreement between our position and the venue's")                      \
    X(REST,             LEASE, "the venue's REST answers do not come")                                         \
    X(PUBLIC_STREAM,    LEASE, "nothing was heard on the public stream")                                       \
    X(CLOCK,            LEASE, "the venue's clock was not measured lately, or is too far from ours")            \
    X(TRADE_RATE,       STATE, "public trades have fallen away")                                               \
    X(FEED_LAG,         STATE, "public data arrives late")                                                     \
    X(ACK_TIME,         STATE, "the venue takes long to acknowledge orders")                                   \
    X(PRIVATE_SILENT,   STATE, "the private stream is silent though our orders must have traded")              \
    X(FEED_PARTIAL,     STATE, "a part of the public feed has died")                                           \
    X(VENUE_STATUS,     STATE, "the venue says that it is closed, stopped or cancel-only")                     \
    X(JOURNAL,          STATE, "the journal cannot be written")                                                \
    X(LEADER,           STATE, "another process holds the leadership")                                         \
    X(ORDER_UNKNOWN,    STATE, "the outcome of an order has been unknown for too long")                        \
    X(HELD_FILLS,       STATE, "fills wait for an instrument that is not loaded yet")                          \
    X(HOLD_DOWN,        STATE, "waits until reads have agreed again and a moment has passed")                  \
    X(DRIFT,            LATCH, "the venue's position differs from ours and fills do not explain it")           \
    X(OVERFILL,         LATCH, "an order was filled beyond its size: executions may be counted twice")         \
    X(UNKNOWN_EXEC,     LATCH, "an execution of a kind that we do not know, or that could not be read")        \
    X(REJECT_STORM,     LATCH, "the venue rejected too many orders in a row")                                  \
    X(LOSS,             LATCH, "the loss limit is reached")                                                    \
    X(MODE,             LATCH, "the account's position mode changed")                                          \
    X(KILL,             LATCH, "the kill switch was pulled")

enum {
#define BOT_GATE_INDEX_(name, kind, words) BOT_GATE_INDEX_##name,
    BOT_GATE_REASON_LIST(BOT_GATE_INDEX_)
#undef BOT_GATE_INDEX_
    BOT_GATE_REASON_COUNT,
};

/* A set of reasons is a uint32_t of these bits; 0 is open. */
typedef enum bot_gate_reason {
#define BOT_GATE_BIT_(name, kind, words) BOT_GATE_##name = 1u << BOT_GATE_INDEX_##name,
    BOT_GATE_REASON_LIST(BOT_GATE_BIT_)
#undef BOT_GATE_BIT_
} bot_gate_reason;

typedef struct bot_gate_state {
    uint32_t reasons;                       /* set of bot_gate_reason; 0: open */
    bot_ts   now;                           /* the moment that this describes */
    bot_ts   changed_at;                    /* when the set last changed */
    bot_ts   since[BOT_GATE_REASON_COUNT];  /* for each reason that is set: since when */
    int64_t  value[BOT_GATE_REASON_COUNT];  /* the number behind it: for leases ns since the last good news (-1: none
                                               yet), for HOLD_DOWN what is left of the time (0: reads must agree first), else what
                                               the event said */
    bot_ts   open_until;                    /* earliest expiry of a lease while open */
} bot_gate_state;

/* What an order would do, and against which limit it ran. Filled on every refusal and on every pass. */
typedef struct bot_refusal {
    int      code;       /* enum bot_err; BOT_OK when it passed */
    uint32_t reasons;    /* GATE_SHUT: the set */
    const char *detail;  /* INVALID, INSTRUMENT: what of the order makes no sense; static text. Else NULL */
    bot_qty  limit;      /* the limit that was hit, in quantity; notional and loss limits in limit_money; INVALID: the lot or tick
                          * that was missed */
    bot_qty  position_low, position_high; /* interval in which the true position lies */
    bot_qty  working_buy, working_sell;   /* what may still fill, this order not counted */
    bot_qty  worst;      /* position after the worst case with this order */
    bot_qty  room;       /* the largest quantity that would have passed; 0 if none */
    bot_money limit_money, money;
    bot_px   reference;  /* what the price was compared with; 0: none has been seen */
    int64_t  reference_age_ns; /* NO_REFERENCE: how old it is (core.reference_age_max_ns is what counts as fresh) */
    bot_px   price_limit; /* PRICE_COLLAR: the worst price that would have passed */
    uint32_t count, count_limit; /* LIMIT_OPEN_ORDERS: orders that may still fill; LIMIT_RATE: orders and changes of the last second */
    int64_t  wait_ns;    /* LIMIT_RATE: there is room for the next so much later */
} bot_refusal;

/* Name of one reason ("PRIVATE_STREAM"), and its plain words. bit has exactly one bit set; else "". Any thread. */
BOT_API const char *bot_gate_reason_name(uint32_t bit);
BOT_API const char *bot_gate_reason_words(uint32_t bit);
/* Bits of the reasons that only a person or an explicit call with a reason re-arms. */
BOT_API uint32_t bot_gate_latches(void);

/* One plain sentence about the state, e.g. "shut for 12.4 s: no fresh agreement ... (27.3 s old)". Any thread; no
 * allocation. Returns the length (cut to fit, always NUL-terminated). */
BOT_API size_t bot_gate_explain(const bot_gate_state *state, char *buf, size_t size);
/* The same for a refusal: the code's words and the numbers. */
BOT_API size_t bot_refusal_explain(const bot_refusal *refusal, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
