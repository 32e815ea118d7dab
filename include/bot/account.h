/* bot/account.h: the whole client on the host's libuv loop.
 *
 * An account is one key at one venue: its sockets, its request budget, its positions, its reconciliation. A bot is a
 * strategy's handle on an account: its limits, its orders, its callbacks. Many bots may share an account (there is then
 * still one private stream and one account-wide poll), many accounts may share a loop.
 *
 *     bot_account_options options;
 *     bot_account_options_init(&options);
 *     options.venue = "bybit";
 *     options.key = getenv("BOT_KEY");
 *     options.secret = getenv("BOT_SECRET");
 *     options.instruments = (const char *const[]){ "BTCUSDT" };
 *     options.instruments_n = 1;
 *     bot_account *account;
 *     int r = bot_account_open(loop, &options, &account);
 *
 * A pointer that must not be NULL and is gives BOT_ERR_INVALID, false or nothing, never a crash.
 *
 * Threads: a handle lives on its loop's thread; functions that say "Any thread" may be called elsewhere. Callbacks never run
 * inside the call that asked for them; they may call anything, close included. After the close callback, and not
 * before, what the host lent is its own again. Nothing is global: what accounts on one loop share is found through the loop.
 *
 * One account a key at a time. Client ids name the bot by the order of attaching, so that orders of an earlier run are found again: what
 * another process (or a second account of this one) sends with the same key is taken for that, and counted and cancelled like it. Several
 * strategies on one key are bots of one account; programs of their own want keys, or subaccounts, of their own.
 *
 * The program itself includes <uv.h>, whose header needs POSIX names: compile with -std=gnu11 or later, or with -D_GNU_SOURCE.
 *
 * The library prints nothing (but see bot_set_on_fatal in err.h). Names of the venues are what `botctl help` lists.
 */
#ifndef BOT_ACCOUNT_H
#define BOT_ACCOUNT_H

#include "core.h"
#include "journal.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s;
typedef struct bot_account bot_account;
typedef struct bot_handle bot_handle; /* a bot */

typedef enum bot_log_level { BOT_LOG_ERROR, BOT_LOG_WARNING, BOT_LOG_INFO, BOT_LOG_DEBUG } bot_log_level;

/* Which library carries an account's WebSockets. Both keep the same promises; wslay costs a fraction of the CPU a message. */
typedef enum bot_ws_transport {
    BOT_WS_DEFAULT, /* wslay where this libbot was built with it, else libwebsockets */
    BOT_WS_LIBWEBSOCKETS,
    BOT_WS_WSLAY,   /* BOT_ERR_OPTIONS where it was not */
} bot_ws_transport;

typedef struct bot_account_options {
    size_t      struct_size;     /* set by bot_account_options_init */
    const char *venue;           /* "bybit", "binance-usdm", "okx", "bitflyer", "hyperliquid". Not NULL. */
    const char *name;            /* of the account, for logs, metrics and the journal: NULL: the venue's name. A journal is refused where its
                                  * account has another name: two accounts at one venue want names of their own (keys may change) */
    const char *key, *secret, *passphrase; /* copied (the secret into memory that is wiped); NULL where the venue has none. A key (or
                                            * address) every venue has */
    bool        test_network;    /* the venue's test network */
    const char *rest_url, *ws_private_url, *ws_public_url, *ws_trade_url; /* NULL: the venue's own; "" for none */
    /* A venue with two public addresses: ws_public_url is the first; the second is the venue's own, on the same host where the
     * first ends in the path of the venue's own first, and else the same address. */
    const char *ca_file;         /* PEM of the only authorities to trust; NULL: the system's store */
    const char *const *instruments; /* names as the venue spells them; at most 64 */
    uint32_t    instruments_n;
    bool        public_data;     /* default true: trades and books of the instruments; prices for the collar and the monitors need them */
    bool        monitors;        /* default true: trade rate, lag and silence of the streams may shut the gate; with public_data also the
                                  * loss of the public stream for 10 s (core.public_lease_ns, unless that is set) */
    bool        orders_over_ws;  /* default false: orders by REST. true: over the order-entry socket (ws_trade_url) where the venue has
                                  * one, REST as the fall-back */
    double      rate_alarms_per_day; /* default 1, above 0: false-alarm budget of the trade-rate monitor, per instrument */
    bot_journal_options journal; /* path NULL: none */
    bot_core_options core;       /* leases, reconciliation, policies, bounds; venue rules in it are the venue's */
    /* level, a fixed event name to search for, plain words. Never a secret. NULL: none. */
    void (*log)(void *user_data, bot_log_level level, const char *event, const char *text);
    void *log_user_data;
    bot_ws_transport ws_transport; /* of all sockets of the account */
} bot_account_options;
BOT_API void bot_account_options_init_sized(bot_account_options *options, size_t size);
#define bot_account_options_init(options) bot_account_options_init_sized((options), sizeof *(options))

/**
 * Opens an account on the host's loop and begins to connect. Nothing blocks but the reading of a journal.
 *
 * @loop     Not NULL; the account keeps it alive until closed.
 * @options  Copied.
 *
 * Returns BOT_OK, or with nothing left behind
 *   BOT_ERR_OPTIONS  an option is unknown, missing or out of its range; bot_account_open_why() names it
 *   BOT_ERR_IO, BOT_ERR_LOCKED, BOT_ERR_CONFLICT, BOT_ERR_VERSION  the journal or the CA file, likewise
 *   BOT_ERR_NOMEM
 */
BOT_API int bot_account_open(struct uv_loop_s *loop, const bot_account_options *options, bot_account **ret_account);
/* One plain sentence about the last bot_account_open or bot_attach of this thread that failed; "" if none did since an account was opened. */
BOT_API const char *bot_account_open_why(void);

/* Takes NULL; a second call does nothing, its closed included. Closes sockets, drops requests that are not answered yet (a cancel of
 * a moment ago among them), writes the journal's rest, detaches the bots. Resting orders stay where they are: see
 * bot_account_cancel_and_close. The handles of account and bots must not be used after this call. closed (may be NULL) runs from
 * the loop when nothing of the account is left on it. */
BOT_API void bot_account_close(bot_account *account, void (*closed)(void *user_data), void *user_data);
/**
 * The end of a bot that wants to leave nothing behind: no new order or change passes from now on (BOT_ERR_CLOSED), every order
 * of the account's bots is cancelled, and once the venue has confirmed that none of them lives, or after within_ns, the account
 * closes as by bot_account_close. Callbacks go on until then; positions stay as they are.
 *
 * @within_ns  How long to wait for the cancels; 0: 5 s.
 * @closed     May be NULL. orders_left: orders of our bots that were not known to be gone; 0 is what one hopes for. Look after
 *             others at the venue (or start again: the next run finds and can cancel them).
 *
 * A second call, or one after bot_account_close, does nothing. bot_account_close while this waits ends the waiting.
 */
BOT_API void bot_account_cancel_and_close(bot_account *account, int64_t within_ns, void (*closed)(uint32_t orders_left, void *user_data),
                                          void *user_data);

/* What a bot is told. Any of them may be NULL. Pointers are borrowed for the call. What is read inside a callback (bot_get_position,
 * bot_get_orders) may be further already: a venue's message with five fills is taken in whole before the first is told. */
typedef struct bot_order_update {
    bot_id client_id;
    bot_symbol instrument;
    bot_order_status status; /* of the order now: it is over when bot_order_status_final says so, whatever code is */
    int     code;            /* 0, or an enum bot_err: what went wrong with the latest request about it. With a status that is not
                              * final: UNKNOWN_OUTCOME: never send it again, it stays counted and libbot asks; REJECTED: the venue refused
                              * a cancel or a change, and the order stands as status says */
    int64_t venue_code;      /* the venue's own code; 0 none */
    const char *reason;      /* the venue's words, "" if none */
} bot_order_update;

typedef struct bot_alert_info {
    bot_alert   alert;
    bot_symbol  instrument;  /* len 0: the account */
    bot_qty     ours, venue; /* DRIFT, STALE, ADOPTED, START_POSITION; ours alone: EXTERNAL_FILL (what it moved, signed), LIMIT_EXCEEDED
                              * (the position) */
    int64_t     value;       /* EXTERNAL_FILL: enum bot_fill_kind; STALE, DRIFT_HEALED, ORDER_UNKNOWN, ORDER_LOST, GAP: for how long, ns;
                              * REJECT_STORM: how many; 0 where nothing is said here */
    const char *text;        /* a plain sentence with the numbers; bot_alert_name(alert) is what to search for */
} bot_alert_info;

/* One position answer of the venue, judged for one instrument. */
typedef struct bot_verdict_info {
    bot_symbol  instrument; /* len 0: the answer as a whole (FAILED, PARTIAL) */
    bot_leg     leg;
    bot_verdict verdict;
    uint32_t    evidence;    /* what it rests on: BOT_EVIDENCE_* */
    int64_t     age_ns;      /* STALE: how old the answer is; AGREE: how far our socket was behind it, 0 mostly */
    bot_qty     ours, venue;
    bot_outcome outcome;     /* FAILED, PARTIAL: how the read ended */
} bot_verdict_info;

typedef struct bot_callbacks {
    void (*gate)(bot_handle *bot, const bot_gate_state *state, void *user_data);           /* the set of reasons changed */
    void (*position)(bot_handle *bot, const bot_position *position, void *user_data);      /* the account's; any instrument */
    void (*fill)(bot_handle *bot, const bot_event *fill, bool external, void *user_data);  /* own fills, and external ones; one an execution */
    void (*order)(bot_handle *bot, const bot_order_update *update, void *user_data);       /* own orders */
    void (*alert)(bot_handle *bot, const bot_alert_info *alert, void *user_data);
    void (*verdict)(bot_handle *bot, const bot_verdict_info *verdict, void *user_data);
    void (*market)(bot_handle *bot, const bot_event *ev, void *user_data);                 /* TRADE, BOOK, WALLET as they come */
    void (*funding)(bot_handle *bot, const bot_event *funding, void *user_data);           /* the account's; it moves no size */
} bot_callbacks;

typedef struct bot_options {
    size_t        struct_size; /* set by bot_options_init */
    const char   *name;        /* "bot": for logs and the journal */
    bool          watch_only;  /* sends no orders */
    bot_scope     scope;       /* ACCOUNT (default) or OWN, where several bots share the account */
    bot_limits    limits;      /* for each of the account's instruments; position_max 0 refuses all that does not reduce */
    bot_callbacks callbacks;
    void         *user_data;
} bot_options;
BOT_API void bot_options_init_sized(bot_options *options, size_t size);
#define bot_options_init(options) bot_options_init_sized((options), sizeof *(options))

/* Attaches a bot, at any time; right after bot_account_open nothing has happened yet and nothing is missed. Bots are told apart by
 * the order in which they attach: attach the same ones in the same order after a restart. Where a journal was resumed, positions
 * and live orders are there at once (bot_get_position, bot_get_orders). The handle lives until the account closes. Returns BOT_OK,
 * or with nothing changed (bot_account_open_why() says it in words)
 *   BOT_ERR_OPTIONS  an option is out of its range: a limit below zero, more than 64 orders a second, a scope that is none
 *   BOT_ERR_FULL     options.core.bots_max of the account, or 36, are attached
 *   BOT_ERR_INVALID  an argument is NULL
 *   BOT_ERR_CLOSED   the account is being closed
 *   BOT_ERR_NOMEM */
BOT_API int bot_attach(bot_account *account, const bot_options *options, bot_handle **ret_bot);
BOT_API bot_account *bot_account_of(const bot_handle *bot);

/**
 * Submits an order.
 *
 * @order          Borrowed. qty > 0 and price (LIMIT) on the instrument's grid; leg NET unless the account is in hedge mode. What is
 *                 outside the venue's own bounds (bot_instrument.qty_min, qty_max, notional_min) is refused here, unless it only
 *                 reduces: for exits venues make exceptions.
 *                 ref_price and ref_at are filled by the library. Where the gate is shut and the order passes because it only
 *                 reduces, it is sent as reduce_only, asked for or not, where the venue knows that.
 * @ret_client_id  May be NULL. Its id, unique across restarts; written only with BOT_OK.
 * @ret_refusal    May be NULL. The numbers behind a refusal.
 *
 * Returns BOT_OK: it is on its way and counted in the worst case; what becomes of it comes through callbacks.order. Or a
 * refusal of class NOT_SENT (bot/err.h), nothing has left: GATE_SHUT (say why with bot_refusal_explain), LIMIT_*, REDUCE_ONLY,
 * PRICE_COLLAR, NO_REFERENCE, INSTRUMENT, FULL; or BOT_ERR_INVALID for an order that makes no sense (ret_refusal->detail says
 * what of it), BOT_ERR_CLOSED once the account is closing.
 */
BOT_API int bot_submit(bot_handle *bot, const bot_order_request *order, bot_id *ret_client_id, bot_refusal *ret_refusal);
/* New quantity (total) and price; 0 leaves either. As bot_submit; BOT_ERR_ORDER_STATE when it is not open, or a change or its cancel is on
 * its way already, BOT_ERR_UNSUPPORTED where the venue cannot. Making it smaller at its price passes whatever the gate says; any other
 * amend counts as one that may increase. A change whose outcome is unknown counts with the larger quantity until the venue shows which
 * holds. */
BOT_API int bot_amend(bot_handle *bot, const bot_id *client_id, bot_qty qty, bot_px price, bot_refusal *ret_refusal);
/* 0: asked for; 1: it was final already. Passes whatever the gate says, and may be repeated. BOT_ERR_NOT_FOUND. */
BOT_API int bot_cancel(bot_handle *bot, const bot_id *client_id);
/* Every live order of the bot. The number of cancels asked for. They are on their way, no more: what became of each comes through
 * callbacks.order. At the end of a program, bot_account_cancel_and_close waits for them. */
BOT_API int bot_cancel_all(bot_handle *bot);
/* The bot's orders that may still fill, those of earlier runs among them, in no particular order. ret holds n (NULL with n 0);
 * returns how many there are, which may be more than n; BOT_ERR_INVALID. */
BOT_API int bot_get_orders(const bot_handle *bot, bot_order_info *ret, uint32_t n);

/* Limits of one instrument. Tighter takes effect at once; looser needs `loosen`, and is journaled as such: else BOT_ERR_STATE.
 * BOT_ERR_INVALID: one is below zero; BOT_ERR_NOT_FOUND: the account has no such instrument. */
BOT_API int bot_set_limits(bot_handle *bot, const char *instrument, const bot_limits *limits, bool loosen);

/* The account's position of an instrument (leg NET unless in hedge mode), and the bot's own part of it. BOT_ERR_NOT_FOUND. */
BOT_API int bot_get_position(const bot_handle *bot, const char *instrument, bot_leg leg, bot_position *ret);
BOT_API int bot_get_own_position(const bot_handle *bot, const char *instrument, bot_leg leg, bot_position *ret);
/* Grid and bounds of an instrument's orders, for instance bot_fixed_floor(price.v, ret.tick.v) for a bid. BOT_ERR_NOT_FOUND while the
 * venue's list has not been read, and for a name that is not in it. */
BOT_API int bot_get_instrument(const bot_handle *bot, const char *instrument, bot_instrument *ret);
/* May an order that adds risk leave now? One compare. */
BOT_API bool bot_is_open(const bot_handle *bot);
BOT_API void bot_get_gate(const bot_handle *bot, bot_gate_state *ret);
/* Best bid and ask of the instrument's order book; false while the book is not whole (it is being fetched anew after a
 * gap in its sequence or a wrong checksum), or a side is empty. Needs public_data. */
BOT_API bool bot_best_prices(const bot_handle *bot, const char *instrument, bot_px *ret_bid, bot_px *ret_ask);
/* The order book, best level first: bids and asks hold *bids_n and *asks_n levels, which become the numbers written; up to
 * 400 a side are kept. BOT_OK; BOT_ERR_NOT_FOUND; BOT_ERR_STATE while it is not whole: nothing is written then. */
BOT_API int bot_get_book(const bot_handle *bot, const char *instrument, bot_level *bids, uint32_t *bids_n, bot_level *asks, uint32_t *asks_n);
/* Price that the collar compares with: the middle of the book, or the last trade where the book is not whole or stands
 * still; false when there is none. */
BOT_API bool bot_reference_price(const bot_handle *bot, const char *instrument, bot_px *ret_price);

/* Re-arms one latch (one bit of bot_gate_reason), or with BOT_GATE_STARTUP accepts the position that the venue showed at
 * start. A reason is asked for and journaled. 1 if it was set, 0 if not, BOT_ERR_INVALID. */
BOT_API int bot_account_rearm(bot_account *account, uint32_t latch, const char *reason);
/* Any thread, and signal handlers. Shuts the gate at once (submit looks at it before anything else), then from the loop:
 * latch KILL, cancel every order of ours ahead of every other request. */
BOT_API void bot_account_kill(bot_account *account);

/* ---- readouts, for metrics and for people ---- */

typedef struct bot_stream_info {
    bool    up;      /* connected, logged in, subscribed */
    int64_t age_ns;  /* since anything was heard on it; -1 while it is not up */
    int64_t lag_ns;  /* public: delay of trades above its own minimum; private: the farthest that it was ever behind REST */
} bot_stream_info;
BOT_API void bot_account_stream(const bot_account *account, bot_stream stream, bot_stream_info *ret);

typedef struct bot_rate_info {
    int64_t rate_milli, reference_milli; /* thousandths of a sweep (trades of one taker order) a second: now, and expected */
    bool    learning, dropped;
} bot_rate_info;
/* The trade-rate monitor of an instrument. BOT_ERR_NOT_FOUND: it has none. */
BOT_API int bot_account_rate(const bot_account *account, const char *instrument, bot_rate_info *ret);

typedef struct bot_budget_info {
    const char *scope;          /* the venue's limit: "ip", "orders", ...; static */
    uint32_t    limit, used;    /* units of the window now; used counts what other programs behind the key were seen to use */
    int64_t     window_ns, shut_ns; /* shut_ns: nothing passes for so long, by the venue's own word; 0 not shut */
} bot_budget_info;
/* i-th limit of the venue, BOT_ERR_NOT_FOUND behind the last. */
BOT_API int bot_account_budget(const bot_account *account, uint32_t i, bot_budget_info *ret);

/* ---- requests of the host's own, under the same key or from the same address (a transfer, a setting, a report) ---- */

typedef struct bot_budget_draw {
    const char *scope;       /* as bot_account_budget names it */
    uint32_t    units;       /* the request's weight there */
} bot_budget_draw;
/**
 * Takes the units of one request from the budget that the account's own requests are sent by, so that neither is refused for the
 * other's sake. Such a request comes behind those of the library: the shares of cancels and of reconciliation are not touched.
 *
 * @draws        n of them, 1 to 4, each scope once: all are taken or none.
 * @ret_wait_ns  May be NULL. With BOT_ERR_BUDGET: ask again so much later (sooner is in vain); INT64_MAX: it will never fit.
 *
 * Returns BOT_OK: send it now, and tell bot_account_budget_done with the same draws exactly once, before the account is closed;
 * BOT_ERR_BUDGET: nothing was taken; BOT_ERR_NOT_FOUND: the venue has no such scope; BOT_ERR_INVALID; BOT_ERR_CLOSED.
 */
BOT_API int bot_account_budget_take(bot_account *account, const bot_budget_draw *draws, uint32_t n, int64_t *ret_wait_ns);
/* That request was answered, timed out or lost its connection; sent false: it provably never left, and its units come back at once. */
BOT_API int bot_account_budget_done(bot_account *account, const bot_budget_draw *draws, uint32_t n, bool sent);
/* The venue refused it for its rate: nothing of the scope passes, the library's own requests neither, for for_ns (0: the answer named no
 * time: a backoff that doubles). ban: it was more than a single 429 (418, 403). Tell it after bot_account_budget_done. */
BOT_API int bot_account_budget_refused(bot_account *account, const char *scope, bool ban, int64_t for_ns);

/* "Now" on the clock of all bot_ts that this account tells (it goes on across restarts with a journal). */
BOT_API bot_ts bot_account_now(const bot_account *account);
BOT_API const bot_core *bot_account_core(const bot_account *account);
BOT_API const char *bot_account_name(const bot_account *account);

typedef struct bot_account_stats { /* counters only rise; gauges say so */
    bot_core_stats core;
    bot_journal_stats journal;
    uint64_t ws_messages, ws_bytes, ws_undecodable, ws_connects, ws_losses;
    uint64_t http_requests, http_failures, http_timeouts, reads_waited, orders_sent, public_trades;
    uint64_t book_gaps, book_resyncs;
    int64_t  clock_offset_ns, clock_error_ns; /* gauges: venue's clock minus ours */
    bool     private_ready, public_ready;     /* gauges */
} bot_account_stats;
BOT_API void bot_account_stats_get(const bot_account *account, bot_account_stats *ret);

#ifdef __cplusplus
}
#endif
#endif
