/* bot/event.h: everything that can happen, as plain values.
 *
 * One struct for what venue codecs decode, what the host's shell observes and what a strategy asks for. An event is
 * self-contained (no pointer but the levels of a book, borrowed for the call), so that it can be queued, compared,
 * journaled and replayed. The core is a function of events; the journal is their record.
 *
 * "Absent": a bot_dec that the venue did not give has its bit missing in `has`; a text has len 0; an enum is its
 * zero; a time is 0; seq is BOT_SEQ_NONE. Absent values are never written as "" or 0 anywhere.
 */
#ifndef BOT_EVENT_H
#define BOT_EVENT_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BOT_SEQ_NONE INT64_MIN
#define BOT_SOCKETS_MAX 4 /* private sockets of one account that a host may feed side by side */

typedef enum bot_event_kind {
    BOT_EV_NONE,
    /* Decoded from a venue's bytes. */
    BOT_EV_INSTRUMENT, /* one row of the instrument list */
    BOT_EV_FILL,       /* an execution of ours */
    BOT_EV_ORDER,      /* state of an order of ours */
    BOT_EV_POSITION,   /* what the venue says that we hold */
    BOT_EV_FUNDING,    /* money paid or received for holding; never moves size */
    BOT_EV_WALLET,     /* balance of one currency */
    BOT_EV_TRADE,      /* a public trade */
    BOT_EV_BOOK,       /* public book: snapshot or delta */
    BOT_EV_ACK,        /* the venue took (or refused) a request of ours; not yet the order's state */
    BOT_EV_TIME,       /* the venue's clock */
    BOT_EV_STATUS,     /* venue or market status (health, maintenance) */
    BOT_EV_CONTROL,    /* pong, auth, subscribed, ... */
    BOT_EV_ERROR,      /* the venue says something in error, or bytes could not be read */
    BOT_EV_GAP,        /* a sequence number or checksum broke: the book must be rebuilt. Of BOT_SOURCE_JOURNAL: events are missing
                        * from the journal that was resumed, from venue_ns on: history is read from there */
    /* Observed by the shell. */
    BOT_EV_TICK,       /* the deadline that the core asked for has come */
    BOT_EV_STREAM,     /* a socket came up or was lost */
    BOT_EV_FRAME,      /* sign of life on a stream: any frame or pong (coalesced by the shell) */
    BOT_EV_READ_BEGIN, /* a REST read was sent; venue_ns: the venue's clock then, as well as it is known */
    BOT_EV_READ_END,   /* it was answered, or failed, or timed out; the rows came between the two */
    BOT_EV_SENT,       /* an order request left the process, or provably did not */
    BOT_EV_REPLY,      /* outcome of an order request over REST or socket */
    BOT_EV_BUDGET,     /* rate-limit headers, bans */
    BOT_EV_CLOCK,      /* a measurement of the venue's clock against ours */
    BOT_EV_MONITOR,    /* a monitor changed its mind (trade rate, feed lag, ...) */
    BOT_EV_JOURNAL,    /* the journal works again (monitor.ok), or failed; monitor.reason says how */
    BOT_EV_LEADER,     /* leadership gained (monitor.ok) or lost */
    /* Asked by a strategy or a person. */
    BOT_EV_SUBMIT,
    BOT_EV_AMEND,
    BOT_EV_CANCEL,
    BOT_EV_CANCEL_ALL,
    BOT_EV_LIMITS,     /* limits of a bot changed */
    BOT_EV_REARM,      /* a latch is re-armed with a reason */
    BOT_EV_KILL,
    BOT_EV_ATTACH,     /* a bot joined the account */
    BOT_EV_CHECKPOINT, /* reserved: format 1 of the journal knows it, nothing makes it (checkpoints are files of their own) */
    BOT_EV_KIND_COUNT,
} bot_event_kind;

typedef enum bot_source {
    BOT_SOURCE_NONE,
    BOT_SOURCE_WS_PRIVATE,
    BOT_SOURCE_WS_PUBLIC,
    BOT_SOURCE_WS_TRADE, /* order entry socket */
    BOT_SOURCE_REST,
    BOT_SOURCE_HOST,
    BOT_SOURCE_JOURNAL,
} bot_source;

/* Bits of bot_event.has: which decimals of the payload are present. */
enum {
    BOT_HAS_QTY = 1u << 0,
    BOT_HAS_PRICE = 1u << 1,
    BOT_HAS_FEE = 1u << 2,
    BOT_HAS_CUM_QTY = 1u << 3,
    BOT_HAS_LEAVES_QTY = 1u << 4,
    BOT_HAS_AVG_PRICE = 1u << 5,
    BOT_HAS_ENTRY_PRICE = 1u << 6,
    BOT_HAS_REDUCE_ONLY = 1u << 7, /* the venue said whether; the value is in the payload */
    BOT_HAS_TRIGGER_PRICE = 1u << 8,
    BOT_HAS_VENUE_CODE = 1u << 9,
    BOT_HAS_POST_ONLY = 1u << 10,
    BOT_HAS_OPENS = 1u << 11,  /* of a fill: the venue says that it opened or grew a position, */
    BOT_HAS_CLOSES = 1u << 12, /* or that it closed one, in part at least: with its side that names the leg in hedge mode */
};

typedef struct bot_ev_instrument {
    bot_contract contract;
    bool         tradable;
    bot_dec      tick, lot, multiplier; /* tick and lot > 0; multiplier 1 where the venue has none */
    bot_dec      qty_min, qty_max, notional_min; /* 0 where the venue gives none */
    bot_currency base, quote, settle;
} bot_ev_instrument;

typedef struct bot_ev_fill {
    bot_id        exec_id, order_id, client_id;
    bot_side      side;
    bot_leg       leg; /* NONE where the venue does not say: the order knows */
    bot_liquidity liquidity;
    bot_fill_kind kind;
    bool          derived; /* computed by us from an order update: a real execution may confirm it later: bot_effect.fill.confirms */
    bot_dec       qty, price; /* qty > 0 */
    bot_dec       fee;        /* paid is positive */
    bot_currency  fee_currency;
    bot_dec       cum_qty, leaves_qty; /* of the order, after this fill, where given */
} bot_ev_fill;

typedef struct bot_ev_order {
    bot_id           order_id, client_id;
    bot_order_status status;
    bot_side         side;
    bot_leg          leg;
    bot_order_type   type;
    bot_tif          tif;
    bool             reduce_only, post_only;
    bot_dec          qty, cum_qty, leaves_qty, price, avg_price, trigger_price;
    int64_t          venue_code; /* of a reject */
    char             reason[56]; /* the venue's words for a reject or cancel, cut to fit; "" if none */
} bot_ev_order;

typedef struct bot_ev_position {
    bot_leg leg;
    bot_dec qty; /* signed: short is negative, on every leg */
    bot_dec entry_price;
} bot_ev_position;

typedef struct bot_ev_funding {
    bot_id       exec_id;
    bot_dec      amount; /* paid is positive */
    bot_currency currency;
} bot_ev_funding;

typedef struct bot_ev_wallet {
    bot_currency currency;
    bot_dec      balance; /* wallet balance, without unrealised PnL */
} bot_ev_wallet;

typedef struct bot_ev_trade {
    bot_id   trade_id;
    bot_side side; /* of the taker; NONE for auctions */
    bot_dec  qty, price;
    int64_t  sent_ns;  /* venue's send time where it differs from the match time in venue_ns; else 0 */
    int64_t  id_first, id_last; /* a row that stands for several trades (aggregates); 0,0 otherwise */
    bool     block;    /* off the book: not counted as flow */
    bool     replayed; /* part of a snapshot sent on subscribe */
} bot_ev_trade;

/* A price level. qty_coef 0 deletes the level. Text as received: coef and scale, like bot_dec but within 64 bits. */
typedef struct bot_level {
    int64_t price_coef, qty_coef;
    uint8_t price_scale, qty_scale;
} bot_level;

typedef struct bot_ev_book {
    bool             snapshot;
    bool             checksum_given;
    int32_t          checksum;
    int64_t          seq_first, seq_last, seq_prev; /* the venue's own; BOT_SEQ_NONE where it has none */
    const bot_level *bids, *asks; /* borrowed for the call, in the order received */
    uint32_t         bids_n, asks_n;
} bot_ev_book;

typedef struct bot_ev_ack {
    bot_id  order_id, client_id, request_id;
    bool    accepted;
    int64_t venue_code; /* with BOT_HAS_VENUE_CODE */
    char    reason[56];
} bot_ev_ack;

typedef enum bot_status {
    BOT_STATUS_NONE,
    BOT_STATUS_NORMAL,
    BOT_STATUS_BUSY,        /* slow but trading */
    BOT_STATUS_CANCEL_ONLY, /* no new orders */
    BOT_STATUS_CLOSED,      /* by calendar: maintenance, pre-open */
    BOT_STATUS_STOPPED,     /* unexpected */
} bot_status;
typedef struct bot_ev_status {
    bot_status status;
    char       text[32]; /* the venue's own word */
} bot_ev_status;

typedef enum bot_control {
    BOT_CONTROL_NONE,
    BOT_CONTROL_PING,         /* the venue pings: answer `reply` */
    BOT_CONTROL_PONG,
    BOT_CONTROL_AUTH,         /* accepted */
    BOT_CONTROL_SUBSCRIBED,
    BOT_CONTROL_UNSUBSCRIBED,
    BOT_CONTROL_LISTEN_KEY_EXPIRED,
    BOT_CONTROL_DISCONNECT,   /* the venue announces a forced close */
    BOT_CONTROL_OTHER,        /* understood and of no interest to us: tickers, wallet details, ... */
    BOT_CONTROL_FUNDING,      /* something was paid or received for holding; how much for what stands in the account's log */
} bot_control;
typedef struct bot_ev_control {
    bot_control control;
    char        text[40]; /* topic, key or the venue's own word */
} bot_ev_control;

typedef struct bot_ev_error {
    int     code;       /* enum bot_err: MALFORMED for unreadable bytes, REJECTED for the venue's own error */
    int64_t venue_code; /* with BOT_HAS_VENUE_CODE */
    bot_id  request_id; /* where the message names the request that it answers */
    char    detail[120];
} bot_ev_error;

typedef struct bot_ev_gap {
    int64_t expected, got;
    bool    checksum; /* the sequence held, the checksum did not */
} bot_ev_gap;

/* PUBLIC_2: the second public socket of a venue that spreads its public data over two (Binance: trades, books; Bybit: linear,
 * inverse). Sockets are told apart by it; STREAM and FRAME events speak of both together, as PUBLIC. */
typedef enum bot_stream { BOT_STREAM_PRIVATE, BOT_STREAM_PUBLIC, BOT_STREAM_TRADE, BOT_STREAM_PUBLIC_2, BOT_STREAM_COUNT } bot_stream;
typedef enum bot_stream_state {
    BOT_STREAM_LOST,  /* socket closed or declared dead */
    BOT_STREAM_READY, /* connected, logged in, every subscription acknowledged: nothing after this is missed */
} bot_stream_state;
typedef struct bot_ev_stream {
    bot_stream       stream;
    bot_stream_state state;
    char             reason[56];
} bot_ev_stream;

typedef enum bot_read_kind {
    BOT_READ_NONE,
    BOT_READ_TIME,
    BOT_READ_INSTRUMENTS,
    BOT_READ_POSITIONS,
    BOT_READ_FILLS,
    BOT_READ_OPEN_ORDERS,
    BOT_READ_ORDER,     /* one order by client or venue id */
    BOT_READ_BALANCE,
    BOT_READ_BOOK,
    BOT_READ_STATUS,
    BOT_READ_MODE,      /* position mode, account type */
    BOT_READ_KIND_COUNT,
} bot_read_kind;

/* How a request ended. What may be concluded from each is in bot/err.h's classes. */
typedef enum bot_outcome {
    BOT_OUTCOME_NONE,
    BOT_OUTCOME_OK,
    BOT_OUTCOME_NOT_SENT,    /* nothing reached the venue */
    BOT_OUTCOME_REJECTED,    /* the venue said no: it did not happen */
    BOT_OUTCOME_UNKNOWN,     /* sent; may or may not have happened */
    BOT_OUTCOME_TIMEOUT,     /* our deadline; as UNKNOWN */
    BOT_OUTCOME_LIMITED,     /* rate limit: it did not happen */
    BOT_OUTCOME_BANNED,      /* as LIMITED, and the scope is closed until a time */
    BOT_OUTCOME_MAINTENANCE, /* it did not happen */
    BOT_OUTCOME_CLOCK,       /* timestamp outside the window: it did not happen; measure the clock */
    BOT_OUTCOME_AUTH,        /* key, signature or permission: it did not happen and will not */
    BOT_OUTCOME_NOT_FOUND,   /* the venue does not know that order (now) */
    BOT_OUTCOME_MALFORMED,   /* HTML, cut JSON, wrong shape, error inside a success: never data */
} bot_outcome;

typedef struct bot_ev_read {
    uint64_t      id;       /* of the read, unique in the process; rows carry it in bot_event.read_id */
    bot_read_kind read;
    bot_outcome   outcome;  /* READ_END */
    bool          complete; /* READ_END: every page and part arrived */
    uint32_t      rows, pages;
    bot_ts        sent_at;  /* of the first page; READ_END repeats it */
    int64_t       from_venue_ns, to_venue_ns; /* window of a fills read; 0 open */
    int64_t       venue_code;
    char          detail[56];
} bot_ev_read;

typedef struct bot_ev_reply {
    uint64_t    request_id; /* ours, from the effect */
    bot_outcome outcome;
    bot_id      order_id, client_id;
    int64_t     venue_code;
    char        reason[56];
} bot_ev_reply;

typedef struct bot_ev_budget {
    uint32_t scope;      /* index into the venue's budget scopes */
    int32_t  used, remaining, limit; /* -1 where the header does not say */
    int64_t  reset_wall_ns; /* 0 where it does not say */
    int64_t  banned_for_ns; /* > 0: closed for so long from ts */
} bot_ev_budget;

typedef struct bot_ev_clock {
    int64_t offset_ns; /* venue clock minus host wall clock */
    int64_t error_ns;  /* half the round trip: bound of the error */
} bot_ev_clock;

typedef enum bot_monitor {
    BOT_MONITOR_TRADE_RATE,
    BOT_MONITOR_FEED_LAG,
    BOT_MONITOR_ACK_TIME,
    BOT_MONITOR_PRIVATE_SILENT, /* evidence that the private stream is dead */
    BOT_MONITOR_FEED_PARTIAL,   /* book moves, trades do not, or the reverse */
    BOT_MONITOR_STATUS,
    BOT_MONITOR_COUNT,
} bot_monitor;
typedef struct bot_ev_monitor {
    bot_monitor monitor;
    bool        ok;
    int64_t     value, reference; /* in the monitor's unit: milli-sweeps per second, or ns */
    char        reason[32];
} bot_ev_monitor;

/* An order as a strategy asks for it. */
typedef struct bot_order_request {
    bot_symbol     instrument;
    bot_side       side;
    bot_leg        leg; /* NET unless the account is in hedge mode */
    bot_order_type type;
    bot_tif        tif;
    bool           reduce_only; /* in what is sent also set for an exit that passes a shut gate */
    bot_qty        qty;
    bot_px         price;     /* LIMIT only */
    bot_px         ref_price; /* filled by the library, what the caller wrote is not looked at: what the collar compares with; 0 when none */
    bot_ts         ref_at;    /* when it was last confirmed */
} bot_order_request;

typedef struct bot_ev_submit {
    uint32_t          bot;
    bot_id            client_id;
    bot_order_request order;
} bot_ev_submit;
typedef struct bot_ev_amend {
    uint32_t bot;
    bot_id   client_id;
    bot_qty  qty;   /* new total; 0 leaves it */
    bot_px   price; /* 0 leaves it */
    bot_px   ref_price; /* filled by the library, like those of an order; 0 when none */
    bot_ts   ref_at;
} bot_ev_amend;
typedef struct bot_ev_cancel {
    uint32_t bot;
    bot_id   client_id;
} bot_ev_cancel;

#define BOT_ORDERS_PER_S_MAX 64
/* Of each instrument. In all but the first, 0 is "no limit". */
typedef struct bot_limits {
    bot_qty   position_max;     /* absolute net position (hedge mode: of each leg) after the worst case; 0 refuses all that does not reduce */
    bot_qty   order_qty_max;
    bot_money notional_max;     /* value of one order, in the quote currency: of an inverse contract its face value, whatever the price */
    bot_money loss_max;         /* realised loss in the settle currency, fees in it and funding among it, since the limits were first set or LOSS
                                 * was re-armed; reached: latch LOSS */
    uint32_t  open_orders_max;  /* orders of the bot that may still fill */
    uint32_t  orders_per_s_max; /* submits and amends in a rolling second; at most BOT_ORDERS_PER_S_MAX */
    uint32_t  collar_bps;       /* a limit buy above the reference price by more, or a sell below it, is refused; 1 bp is 0.01 % */
} bot_limits;
typedef struct bot_ev_limits {
    uint32_t   bot;
    bool       loosen; /* said explicitly */
    bot_symbol instrument;
    bot_limits limits;
} bot_ev_limits;

typedef struct bot_ev_rearm {
    uint32_t latch; /* one bit of enum bot_gate_reason */
    char     reason[56];
} bot_ev_rearm;

/* Whose position a bot's limits and reductions are measured on. */
typedef enum bot_scope {
    BOT_SCOPE_ACCOUNT, /* default: the account's; everything counts, a person's trades too */
    BOT_SCOPE_OWN,     /* the part made by its own orders: several bots share an account */
} bot_scope;
typedef struct bot_ev_attach {
    uint32_t  bot;
    bot_scope scope;
    bool      sends_orders; /* false: a watcher */
    char      name[24];
} bot_ev_attach;

typedef struct bot_ev_checkpoint {
    bot_leg   leg;
    bot_qty   qty;
    bot_money cost, realised, funding;
} bot_ev_checkpoint;

typedef struct bot_event {
    uint16_t   kind;   /* enum bot_event_kind */
    uint8_t    source; /* enum bot_source */
    uint8_t    flags;  /* of what a private stream brought: which of several sockets for it, 0 the first; below BOT_SOCKETS_MAX */
    uint32_t   has;
    bot_ts     ts;       /* when it reached us: monotonic ns of the host. Set by the shell, 0 out of a codec. */
    int64_t    venue_ns; /* the venue's time of the thing itself, Unix ns; 0 if it gave none */
    int64_t    seq;      /* the venue's sequence number; BOT_SEQ_NONE if it gave none */
    uint64_t   read_id;  /* rows of a REST read: its id; else 0 */
    bot_symbol instrument;
    union {
        bot_ev_instrument  inst;
        bot_ev_fill        fill;
        bot_ev_order       order;
        bot_ev_position    position;
        bot_ev_funding     funding;
        bot_ev_wallet      wallet;
        bot_ev_trade       trade;
        bot_ev_book        book;
        bot_ev_ack         ack;
        bot_ev_status      status;
        bot_ev_control     control;
        bot_ev_error       error;
        bot_ev_gap         gap;
        bot_ev_stream      stream;
        bot_ev_read        read;
        bot_ev_reply       reply;
        bot_ev_budget      budget;
        bot_ev_clock       clock;
        bot_ev_monitor     monitor;
        bot_ev_submit      submit;
        bot_ev_amend       amend;
        bot_ev_cancel      cancel;
        bot_ev_limits      limits;
        bot_ev_rearm       rearm;
        bot_ev_attach      attach;
        bot_ev_checkpoint  checkpoint;
    };
} bot_event;

/* Writes the normalised form, one JSON object without a line end, NUL-terminated: the format that botctl prints and
 * that DESIGN names field by field. venue may be NULL (then left out). Any thread; no allocation.
 * Returns the length, or BOT_ERR_FULL when buf is too small (2,048 bytes hold everything but books, which need about
 * 100 bytes a level), or BOT_ERR_UNSUPPORTED for kinds that have no printed form. */
BOT_API int bot_event_format(const bot_event *ev, const char *venue, char *buf, size_t buf_size);

#ifdef __cplusplus
}
#endif
#endif
