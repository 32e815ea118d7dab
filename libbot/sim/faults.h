/* sim/faults.h: fault scripts: what goes wrong at the paper exchange, when, and for how long.
 *
 * A script is a small text file. "#" begins a comment; every other line is one statement:
 *
 *     WHEN [for DURATION] FAULT [key=value ...]
 *
 *     at 60s for 120s        rest.stale on=positions age=60s..299s
 *     at 5m                  ws.cut stream=private
 *     every 10m for 30s      rest.hang on=positions,fills p=0.5
 *     when position>=5 for 3m rest.freeze on=positions
 *     always                 ws.duplicate topic=execution p=0.01
 *
 * WHEN     at T | every T | always | when CONDITION. T counts from the start of the exchange; "every 10m" means at 10m,
 *          20m, ... A CONDITION is looked at after every step and comes true once: position>=N (absolute net position of
 *          the client in its first instrument, in the venue's unit), fills>=N, orders>=N (of the client, so far).
 *          The client is account 1 unless the statement says account=N.
 * for      how long it holds. Without it: "at" and "when" hold to the end, "always" always; faults that are an event
 *          (marked ! below) happen once and take no "for".
 * DURATION a number and ns, us, ms, s, m, h or d: 250ms, 1.5s, 10m. Where a range is allowed (~), 60s..299s draws from
 *          it anew each time.
 * Common keys: p=0..1 chance for each request or message (default 1); account=N only this client (default all).
 *
 * REST (on=LIST of positions, fills, orders, order, balance, time, instruments, book, mode, create, amend, cancel,
 * cancel_all; or reads, writes, all; default all):
 *   rest.stale  age=~        answers success with data that old
 *   rest.freeze              answers success with the data of the moment when the fault began
 *   rest.hang                never answers, never does what was asked
 *   rest.lost                does what was asked, never answers
 *   rest.slow   delay=~      does it at once, answers late
 *   rest.late   delay=~      does it late, answers then
 *   rest.limbo  delay=~      does it late and never answers: it lay in a queue that everybody had forgotten
 *   rest.error  [status=N] [code=N] [body=html|json|empty|cut]   answers so and does not do it. status 500 unless
 *                            given; code: retCode of a JSON body (HTTP 200 unless status is given)
 *   rest.ghost  same keys    answers so and does it
 *   rest.limit               retCode 10006 for every request
 *   rest.ban                 HTTP 403 "access too frequent" (HTML), as for a banned address
 *   rest.refuse              connections are refused: nothing is sent
 *   rest.reset  [done=1]     the connection breaks after the request was sent; done=1: it was carried out
 *   rest.partial [keep=N|drop=N]   success with N rows (or without N rows) of the list; the rest is missing
 *   rest.double              rows of the list come twice
 *   rest.forget              "order not exists" for orders that do: reads of one order, amend, cancel
 *   order.reject code=N      the venue refuses every new order and amend with that code, over REST and the order socket; cancels pass
 * Private socket (topic=LIST of execution, order, position, wallet; default all):
 *   ws.drop  ws.duplicate  ws.split (one row a message)  ws.delay delay=~  ws.reorder (swaps with the next message)
 *   ws.blind [instrument=N]  subscribed, and nothing ever comes of the N-th instrument (from 0, 0 unless given); no topic=
 * Sockets (stream=private|public|public_2|trade|all; default all; public_2 is the second of two public
 * ones, of Binance the books, of Bybit the inverse contracts):
 *   ws.cut !                 closed
 *   ws.mute                  nothing comes but pongs
 *   ws.halfopen              nothing comes at all, what is sent vanishes
 *   ws.refuse                new connections fail
 *   ws.noauth                login is refused
 *   ws.limit                 subscriptions are answered with an error
 * Public feed (topic=trades|book|all; default all):
 *   pub.stop                 nothing of that topic
 *   pub.thin  keep=0..1      only that share of the messages
 *   pub.lag   lag=~ [grow=X] everything late by that much, order kept; grow: lag grows by X seconds a second up to it.
 *                            Behind the fault the backlog comes at full speed
 *   pub.wrong                deltas with wrong sizes, sequence intact
 *   pub.gap                  one delta in ten is left out, sequence broken
 * Market:
 *   market.rate x=F          flow times F (0 stops it, 12 is a burst)
 *   market.halt              engine stopped: nothing matches, orders and cancels are refused with 10016
 *   market.cancel_only       new orders are refused, cancels pass
 *   market.trend ticks=N     drift of N ticks a second (negative: down)
 *   fund ! rate=F            funding at that rate (0.0001 = 1 bp)
 *   liquidate ! [qty=Q]      the client's position is closed by the venue (whole if no qty)
 *   adl ! [qty=Q]            the same by auto-deleveraging
 *   trade ! side=buy|sell qty=Q          somebody trades by hand on the account: market order without orderLinkId
 *   trade.self ! side=buy|sell qty=Q     somebody trades with himself by hand: an order of that side takes one of the far side, which
 *                            the account has put inside the spread (nothing happens where the spread has no room)
 *   order ! side=buy|sell qty=Q off=N    somebody rests an order N ticks away from the middle
 *   seq.restart !            sequence numbers begin anew at 1
 *   cancel_all !             all orders of the account are cancelled, by the venue or by hand
 *   account.mode             the account is in its other position mode (one-way, hedge): a person has cancelled and closed everything
 *                            and switched; at the end likewise back
 *   key.end ! [told=1|deaf=1] the listen key is gone, where the venue has them, and another one is made: the private socket is told so
 *                            (told=1), lives on and carries nothing any more (deaf=1), or is closed
 * Clock:
 *   clock.skew by=T          the venue's clock is off by T (may be negative: by=-30s)
 *
 * Errors name the line: "line 3: unknown fault 'rest.stal'".
 */
#ifndef BOT_SIM_FAULTS_H
#define BOT_SIM_FAULTS_H

#include "alloc.h"
#include "bot/decimal.h"
#include "bot/err.h"
#include "bot/types.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_REST_STALE, FAULT_REST_FREEZE, FAULT_REST_HANG, FAULT_REST_LOST, FAULT_REST_SLOW, FAULT_REST_LATE, FAULT_REST_ERROR,
    FAULT_REST_GHOST, FAULT_REST_LIMIT, FAULT_REST_BAN, FAULT_REST_REFUSE, FAULT_REST_RESET, FAULT_REST_PARTIAL,
    FAULT_REST_DOUBLE, FAULT_REST_FORGET, FAULT_REST_LIMBO, FAULT_ORDER_REJECT,
    FAULT_WS_DROP, FAULT_WS_DUPLICATE, FAULT_WS_SPLIT, FAULT_WS_DELAY, FAULT_WS_REORDER, FAULT_WS_BLIND,
    FAULT_WS_CUT, FAULT_WS_MUTE, FAULT_WS_HALFOPEN, FAULT_WS_REFUSE, FAULT_WS_NOAUTH, FAULT_WS_LIMIT,
    FAULT_PUB_STOP, FAULT_PUB_THIN, FAULT_PUB_LAG, FAULT_PUB_WRONG, FAULT_PUB_GAP,
    FAULT_MARKET_RATE, FAULT_MARKET_HALT, FAULT_MARKET_CANCEL_ONLY, FAULT_MARKET_TREND,
    FAULT_FUND, FAULT_LIQUIDATE, FAULT_ADL, FAULT_TRADE, FAULT_ORDER, FAULT_SEQ_RESTART,
    FAULT_CANCEL_ALL, FAULT_ACCOUNT_MODE, FAULT_KEY_END, FAULT_TRADE_SELF,
    FAULT_CLOCK_SKEW,
    FAULT_KIND_COUNT,
};

/* Bits of fault.on. */
enum {
    FAULT_ON_POSITIONS = 1u << 0, FAULT_ON_FILLS = 1u << 1, FAULT_ON_ORDERS = 1u << 2, FAULT_ON_ORDER = 1u << 3,
    FAULT_ON_BALANCE = 1u << 4, FAULT_ON_TIME = 1u << 5, FAULT_ON_INSTRUMENTS = 1u << 6, FAULT_ON_BOOK = 1u << 7,
    FAULT_ON_MODE = 1u << 8, FAULT_ON_CREATE = 1u << 9, FAULT_ON_AMEND = 1u << 10, FAULT_ON_CANCEL = 1u << 11,
    FAULT_ON_CANCEL_ALL = 1u << 12,
    FAULT_ON_READS = (1u << 9) - 1, FAULT_ON_WRITES = 15u << 9, FAULT_ON_ALL = (1u << 13) - 1,
    /* topics */
    FAULT_TOPIC_EXECUTION = 1u << 16, FAULT_TOPIC_ORDER = 1u << 17, FAULT_TOPIC_POSITION = 1u << 18, FAULT_TOPIC_WALLET = 1u << 19,
    FAULT_TOPIC_TRADES = 1u << 20, FAULT_TOPIC_BOOK = 1u << 21,
    /* streams */
    FAULT_STREAM_PRIVATE = 1u << 24, FAULT_STREAM_PUBLIC = 1u << 25, FAULT_STREAM_TRADE = 1u << 26,
    FAULT_STREAM_PUBLIC_2 = 1u << 27, /* the second public address of a venue that has two */
};

enum fault_when { FAULT_AT, FAULT_EVERY, FAULT_ALWAYS, FAULT_WHEN_POSITION, FAULT_WHEN_FILLS, FAULT_WHEN_ORDERS };
enum fault_body { FAULT_BODY_HTML, FAULT_BODY_JSON, FAULT_BODY_EMPTY, FAULT_BODY_CUT };

struct fault {
    enum fault_kind kind;
    uint32_t line;
    enum fault_when when;
    int64_t  at_ns;       /* AT, EVERY: since the start */
    int64_t  for_ns;      /* 0: to the end */
    bot_dec  threshold;   /* WHEN_* */
    uint32_t on;          /* endpoints, topics or streams */
    uint32_t account;     /* 0: all */
    uint32_t per_million; /* chance */
    int64_t  low_ns, high_ns; /* age, delay, lag, by */
    int64_t  grow_ppm;    /* lag's growth, millionths of a second a second */
    int32_t  status, code;
    enum fault_body body;
    bool     done;        /* rest.reset: carried out; key.end: told */
    bool     deaf;        /* key.end */
    uint32_t instrument;  /* ws.blind */
    uint32_t keep, drop;  /* rows; keep UINT32_MAX: not given */
    uint32_t share_ppm;   /* pub.thin, market.rate */
    int64_t  ticks;       /* market.trend, order */
    int32_t  rate_e8;     /* fund */
    bot_side side;
    bot_dec  qty;         /* coef 0: not given */
    /* State. */
    bool     fired;       /* a condition came true, an event happened */
    int64_t  since_ns;    /* of WHEN_*: when it came true */
    uint64_t times;       /* how often an event happened */
};

#define FAULTS_MAX 256
struct faults {
    struct fault   *list;
    uint32_t        n, max;
    int64_t         start_ns;
    uint64_t        used[FAULT_KIND_COUNT]; /* how often each struck, */
    uint64_t        bit[FAULT_KIND_COUNT];  /* and how often something came out otherwise by it: silence must mean that nothing happened */
    struct sim_rng  rng;
    struct sim_alloc alloc;
    /* Kinds of which something holds, as bits: true for times in [held_from, held_until), within which nothing begins, ends or
     * is due. Most questions are answered by it. */
    uint64_t        held;
    int64_t         held_from, held_until;
};

/* Room for up to FAULTS_MAX statements. 0 or BOT_ERR_NOMEM. */
int  bot__faults_init(struct faults *f, struct sim_alloc alloc, uint64_t seed, int64_t start_ns);
void bot__faults_done(struct faults *f);
/* Adds the statements of a script. 0; or BOT_ERR_MALFORMED with "line N: what" in error, and nothing added;
 * BOT_ERR_FULL. error may be NULL. */
int bot__faults_parse(struct faults *f, const char *text, size_t len, char *error, size_t error_size);
/* Drops all statements (phase two of a test: healed). */
void bot__faults_clear(struct faults *f);

/* The first statement of that kind that holds now for those bits and that account, its chance drawn; NULL if none.
 * bits 0: kinds without an object. Counts in used[], and in bit[] where every strike is felt: not for kinds of which the asker must
 * see whether there was anything to change (bot__faults_bit). */
const struct fault *bot__faults_hit(struct faults *f, enum fault_kind kind, uint32_t bits, uint32_t account, int64_t now_ns);
/* rest.stale, rest.freeze, rest.partial, rest.double, rest.forget, fund, liquidate, adl, trade, trade.self, order, cancel_all, account.mode, key.end: it did
 * change something. */
static inline void bot__faults_bit(struct faults *f, enum fault_kind kind) { f->bit[kind]++; }
/* The same without drawing or counting. */
const struct fault *bot__faults_holds(const struct faults *f, enum fault_kind kind, uint32_t bits, uint32_t account, int64_t now_ns);
/* When that statement began to hold (its latest period). */
int64_t bot__fault_since(const struct faults *f, const struct fault *fault, int64_t now_ns);
/* A value from its range, drawn. */
int64_t bot__fault_draw(struct faults *f, const struct fault *fault);
/* The next event (marked ! above) that is due, marked as happened; NULL if none. */
const struct fault *bot__faults_due(struct faults *f, int64_t now_ns);
/* When something begins, ends or is due next; INT64_MAX when nothing will. */
int64_t bot__faults_next(const struct faults *f, int64_t now_ns);
/* Notes what holds now and until when, so that the questions above are cheap until then. */
void bot__faults_look(struct faults *f, int64_t now_ns);
/* Tells conditions what they wait for: of one account. */
void bot__faults_observe(struct faults *f, uint32_t account, bot_qty position_abs, uint64_t fills, uint64_t orders, int64_t now_ns);
bool bot__faults_observes(const struct faults *f); /* some condition still waits */
const char *bot__fault_name(enum fault_kind kind); /* "rest.stale" */

#endif
