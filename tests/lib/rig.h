/* tests/lib/rig.h: the core on virtual time with a scripted venue behind it.
 *
 * The rig holds the venue's truth for two instruments ("BTCUSDT" linear, "ETHUSDT" linear), answers the core's reads after a
 * latency in the way that the script says, keeps the streams alive, ticks the core at its deadlines, and writes down what
 * came out as a trace, one line an effect that a trader would care for:
 *
 *     [12.000] gate shut: RECONCILED
 *     [12.350] BTCUSDT STALE 3.2 s (ours 1, venue 0)
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include "bot/core.h"
#include "bot/decimal.h"
#include "harness.h"
#include "words.h"

#define RIG_MS(n) ((bot_ts)(n) * BOT_NS_PER_MS)
#define RIG_INSTRUMENTS 2
#define RIG_QUEUE 512
#define RIG_ORDERS 256

enum rig_rest { RIG_REST_TRUE, RIG_REST_HANG, RIG_REST_FAIL, RIG_REST_PARTIAL, RIG_REST_FROZEN /* rows as they were at freeze */ };

struct rig_order { /* what the venue knows of an order */
    bool used, open;
    bot_id client_id, order_id;
    uint32_t instrument;
    bot_side side;
    bot_i128 qty, cum, value;
    bot_order_status status;
};

struct rig_pending {
    bot_ts at;
    uint64_t order;
    bot_event ev;
};

struct rig_fill_row {
    bot_event ev;
};

struct rig {
    bot_core *core;
    void *memory;
    bot_core_options options;
    bot_ts now;
    int64_t wall_ns;
    bool private_up, public_up;
    bot_ts frame_at;
    bot_ts latency;            /* REST, one way each */
    enum rig_rest rest;
    bool rest_seq;             /* position rows carry sequence numbers */
    bot_i128 qty[RIG_INSTRUMENTS], frozen[RIG_INSTRUMENTS]; /* the venue's truth */
    int64_t seq[RIG_INSTRUMENTS], frozen_seq[RIG_INSTRUMENTS];
    bot_px entry[RIG_INSTRUMENTS];
    int64_t row_ns[RIG_INSTRUMENTS], frozen_ns[RIG_INSTRUMENTS]; /* update times of rows, where rest_times */
    bool venue_clock;          /* the shell knows the venue's clock when it sends a read */
    bool rest_times;           /* position rows carry an update time */
    bool stray_row;            /* a position in an instrument that the venue's own list has not got */
    bool unfit_row;            /* a row of instrument 0 whose size has more digits than there are */
    bool drop_row;             /* the row of instrument 0 is missing from an answer that says it is complete */
    bool hang_fills;           /* the fill history does not answer */
    bool hang_orders;          /* the list of open orders does not */
    bool hang_positions;       /* positions do not, everything else does */
    bool hide_fills;           /* the private stream loses fills */
    bool hide_list;            /* the open-orders list is empty */
    bool orders_unknown;       /* questions about an order answer "not found" */
    struct rig_order orders[RIG_ORDERS];
    struct rig_fill_row fills[1024];
    uint32_t fills_n;
    struct rig_pending queue[RIG_QUEUE];
    uint32_t queue_n;
    uint64_t order;
    /* What came out. */
    uint32_t reads[BOT_READ_KIND_COUNT], sends[3], alerts[BOT_ALERT_COUNT], verdicts[8];
    uint32_t evidence;         /* of the last agreement on instrument 0 */
    uint32_t resyncs, dead_mans, dead_man_ms; /* how often the venue's switch was armed, and for how long the last time */
    uint32_t cancels_of[RIG_ORDERS];          /* cancels sent, by the rig's own index of the order */
    bot_order_request last_order;
    int64_t fills_from_ns;     /* from when on the history was asked for the last time */
    uint64_t last_request, read_ids[BOT_READ_KIND_COUNT]; /* the newest of each */
    bool auto_answer;          /* order requests are acknowledged by themselves */
    bool trace_on;
    char trace[16384];
    size_t trace_len;
    uint32_t exec;
};

/* The venue by whose rules the rig plays, from LIBBOT_PROFILE: the name of one in venue/registry.h, or RIG_FROM_ORDERS, one that
 * tells of fills by its orders alone. NULL: the rig's own, which has everything. */
const char *rig_profile(void);
bool rig_from_orders(void);
#define RIG_FROM_ORDERS "from-orders"

void rig_options(bot_core_options *o);              /* the defaults that the rig runs with */
struct rig *rig_new(const bot_core_options *o);     /* NULL: rig_options */
struct rig *rig_started(const bot_core_options *o, const char *limit); /* rig_new and rig_start: the gate is open */
/* One that began upon a position which it took over, without a price: qty is signed. The gate is open. */
struct rig *rig_upon(bot_i128 qty, const char *limit);
void rig_free(struct rig *r);
void rig_run(struct rig *r, bot_ts until);          /* absolute */
void rig_for(struct rig *r, bot_ts duration);
int rig_step(struct rig *r, bot_event *ev);         /* at the rig's now */
/* Streams up, instruments known, bot 0 attached with this limit on both instruments; runs until the gate opens (5 s).
 * limit NULL: nobody trades the instruments, the account is only watched. */
void rig_start(struct rig *r, const char *limit);
void rig_begin(struct rig *r, const char *limit);   /* the same, without the five seconds */
bool rig_open(const struct rig *r);
uint32_t rig_reasons(const struct rig *r);
void rig_stream(struct rig *r, bot_stream stream, bool up);
bot_symbol rig_symbol(int instrument);
/* A strategy's order; *ret_id may be NULL. Returns the core's answer. */
int rig_submit(struct rig *r, int instrument, bot_side side, const char *qty, const char *price, bool reduce_only, bot_id *ret_id);
/* A limit order at 100 of that bot's, as the event that submits it; and the same submitted. */
bot_event rig_order(struct rig *r, uint32_t bot, bot_leg leg, bot_side side, const char *qty);
int rig_submit_as(struct rig *r, uint32_t bot, bot_leg leg, bot_side side, const char *qty, bot_id *ret_id);
int rig_attach(struct rig *r, uint32_t bot, bot_scope scope, bool sends_orders);
int rig_limits(struct rig *r, uint32_t bot, int instrument, const bot_limits *limits); /* looser than before, too */
/* Of bot 0; a price of "0" leaves it as it is. */
int rig_amend(struct rig *r, const bot_id *client_id, const char *qty, const char *price);
int rig_cancel(struct rig *r, const bot_id *client_id);
/* The venue trades: truth moves, the private stream tells (unless hide_fills). client may be NULL: not ours. */
void rig_trade(struct rig *r, int instrument, const bot_id *client, bot_side side, const char *qty, const char *price);
/* One fill event as given, without touching the truth. */
bot_event rig_fill_event(struct rig *r, int instrument, const char *exec_id, const bot_id *client, const char *order_id, bot_side side,
                         const char *qty, const char *price);
/* A report of the venue's about an order of ours. */
void rig_report(struct rig *r, const bot_id *client, bot_order_status status, const char *cum);
void rig_freeze(struct rig *r);                     /* REST answers as of now from here on */
bot_i128 rig_qty(const struct rig *r, int instrument);
void rig_position(const struct rig *r, int instrument, bot_position *ret);
void rig_reply(struct rig *r, uint64_t request_id, const bot_id *client, bot_outcome outcome);
const char *rig_tail(const struct rig *r); /* the end of the trace, short enough for a failure message */
void rig_rearm(struct rig *r, uint32_t latch);

#define EXPECT_OPEN(r) ck_assert_msg(rig_open(r), "the gate is shut: %x\n%s", rig_reasons(r), rig_tail(r))
#define EXPECT_SHUT(r, bits) ck_assert_msg((rig_reasons(r) & (bits)) == (uint32_t)(bits), "reasons are %x\n%s", rig_reasons(r), rig_tail(r))
#define BUY(r, qty) rig_submit(r, 0, BOT_BUY, qty, "100", false, NULL)
#define SELL(r, qty) rig_submit(r, 0, BOT_SELL, qty, "100", false, NULL)

#endif
