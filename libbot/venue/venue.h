/* venue/venue.h: what a venue is to the rest of libbot: one table of facts and a few pure functions.
 *
 * A codec turns bytes into events and requests into bytes. It reads no clock, opens no socket, allocates nothing; the
 * wall time that a signature needs is an argument. A venue's oddities stay in its folder libbot/venue/<name>/, which
 * exports one symbol, `const struct venue bot__venue_<name>`, listed in venue/registry.c.
 */
#ifndef BOT_VENUE_VENUE_H
#define BOT_VENUE_VENUE_H

#include "base/book_rules.h"
#include "base/json.h"
#include "base/sign.h"
#include "bot/event.h"

/* ---- decoding ---------------------------------------------------------------------------------------------- */

/* Takes one decoded event, borrowed for the call. A return below zero stops decoding and is returned by decode. */
typedef int (*venue_sink)(void *user_data, const bot_event *ev);

/* Room for the levels of one book message: the codec's only scratch, given by the caller. */
struct venue_scratch {
    bot_level *levels;
    uint32_t   levels_max; /* 2 * 5000 holds every venue's largest snapshot */
};

/* What decoding may need beside the bytes. Zero-initialised is valid: only then a venue that states no instrument or
 * contract kind in its messages must take it from the name. */
struct venue_context {
    struct venue_scratch scratch;
    bot_symbol           instrument; /* of a REST reply whose body does not name it (Binance depth) */
    void                *state;      /* venue->state_size bytes, zeroed at connect: ws codecs that must remember */
    char                 why[96];    /* written by a decode_ws that fails, where it can say what was wrong; for logs */
};

/* Requests that have an answer to decode. */
enum venue_call {
    VENUE_CALL_NONE,
    VENUE_CALL_TIME,
    VENUE_CALL_INSTRUMENTS,
    VENUE_CALL_POSITIONS,
    VENUE_CALL_FILLS,
    VENUE_CALL_OPEN_ORDERS,
    VENUE_CALL_ORDER,         /* one order, by client or venue id */
    VENUE_CALL_BALANCE,
    VENUE_CALL_BOOK,          /* snapshot for the delta stream */
    VENUE_CALL_PUBLIC_TRADES, /* the latest public trades of an instrument */
    VENUE_CALL_STATUS,
    VENUE_CALL_MODE,          /* position mode: decoded into reply.hedge */
    VENUE_CALL_KEY,           /* what the key may do: decoded into reply.key */
    VENUE_CALL_SUBMIT,
    VENUE_CALL_AMEND,
    VENUE_CALL_CANCEL,
    VENUE_CALL_CANCEL_ALL,
    VENUE_CALL_CANCEL_BATCH,  /* the orders of venue_request.batch; one ACK row each */
    VENUE_CALL_DEAD_MAN,      /* arm, refresh or (window 0) disarm */
    VENUE_CALL_LISTEN_KEY,    /* Binance: make or fetch; key in reply.cursor */
    VENUE_CALL_LISTEN_KEEP,
    VENUE_CALL_ACCOUNT_LOG,   /* Binance income: which instruments traded */
    VENUE_CALL_COUNT,
};

struct venue_header {
    struct slice name, value; /* names compare without case */
};

/* What an answer says besides its rows. Filled by decode_rest, zeroed by it first. */
struct venue_reply {
    bot_outcome outcome;       /* OK only when the venue says success and the shape is right */
    int64_t     venue_code;    /* the venue's own code, HTTP status where it gave none */
    char        detail[120];   /* the venue's words or what was wrong, never a secret */
    uint32_t    rows;          /* handed to the sink */
    char        cursor[256];   /* next page of the same part; "" when it was the last */
    bool        hedge;         /* VENUE_CALL_MODE */
    struct {                   /* VENUE_CALL_KEY */
        bool trades, withdraws; /* may order; may take money out of the account */
        bool anywhere;         /* works from any address, as far as the venue says */
        int32_t days_left;     /* -1: it does not expire, or the venue does not say */
    } key;
    int64_t     venue_ns;      /* venue's clock where the body gives it */
    int64_t     venue_error_ns; /* VENUE_CALL_TIME: how far that may be off by the way it is told (whole seconds); mostly 0 */
    bot_id      order_id, client_id; /* of an order call's answer */
    /* Budget words of the answer; -1 / 0 when it has none. scope indexes venue->scopes. */
    uint32_t    scope;
    int32_t     used, remaining, limit;
    int64_t     reset_wall_ns;
    int64_t     banned_for_ns; /* > 0: no request of that scope for so long */
};

/* ---- encoding ---------------------------------------------------------------------------------------------- */

/* One order of a batch. */
struct venue_order_ref {
    bot_symbol instrument;
    bot_id     order_id, client_id;
};

/* A request before it is bytes. Unused fields are zero. */
struct venue_request {
    enum venue_call   call;
    uint32_t          part;        /* 0 .. venue->parts[call]-1: account-wide reads that need several calls */
    const char       *cursor;      /* page of the part; NULL or "" for the first */
    bot_symbol        instrument;  /* calls of instrument scope */
    int64_t           from_ns, to_ns; /* fills: venue time window, 0 open */
    bot_id            order_id, client_id;
    bot_order_request order;       /* SUBMIT; AMEND uses qty, price, side */
    uint32_t          window_ms;   /* DEAD_MAN */
    bot_id            request_id;  /* socket order entry: echoed in the answer */
    const struct venue_order_ref *batch; /* CANCEL_BATCH: borrowed, 1 .. cancel_batch_max of them */
    uint32_t          batch_n;
};

struct venue_keys {
    const char           *key, *passphrase; /* borrowed; key is not secret, is still never logged */
    const struct bot__signer *signer;       /* holds the secret */
    bool                      test;         /* endpoints_test: OKX wants a header besides */
};

#define VENUE_PATH_MAX 1024
#define VENUE_BODY_MAX 2048
#define VENUE_HEADERS_MAX 8

/* Bytes of a request, ready for any HTTP client. */
struct venue_http {
    const char *method;                 /* "GET", "POST", "PUT", "DELETE"; static */
    char        path[VENUE_PATH_MAX];   /* with query, from the leading "/" */
    char        body[VENUE_BODY_MAX];
    size_t      body_len;
    uint32_t    headers_n;
    struct { char name[32], value[160]; } headers[VENUE_HEADERS_MAX]; /* signature among them: never logged */
    uint32_t    scope;                  /* budget scope that it draws on */
    uint32_t    weight;                 /* in the scope's unit */
};

/* ---- facts ------------------------------------------------------------------------------------------------- */

enum venue_window { VENUE_WINDOW_ROLLING, VENUE_WINDOW_CALENDAR /* aligned to multiples of its length in UTC */ };
struct venue_scope { /* one limit of the venue */
    const char       *name;    /* "ip", "orders", ... as in docs and metrics */
    enum venue_window window;
    uint32_t          limit;   /* units per window */
    int64_t           window_ns;
    bool              per_ip;  /* shared by all accounts behind one address; else per key */
    bool              one_class; /* one class of requests draws on it: nothing in it is kept back for another */
};

struct venue_endpoints { /* defaults; every one can be overridden by configuration */
    const char *rest, *ws_private, *ws_public, *ws_trade; /* "" where there is none */
    const char *ws_public_2; /* of BOT_STREAM_PUBLIC_2; NULL: that of ws_public */
};

struct venue_stream_plan { /* how a socket is brought to READY */
    bool     login;            /* a login message comes first and is acknowledged */
    bool     subscribe_acked;  /* every subscribe is acknowledged */
    uint32_t ping_every_ms;    /* application ping from us; 0: WebSocket pings */
    uint32_t dead_after_ms;    /* nothing heard for so long: half-open */
    uint32_t connects_max;     /* per connects_window_ms */
    uint32_t connects_window_ms;
    uint32_t life_max_s;       /* venue cuts after so long; 0 none */
};

#define VENUE_SCOPES_MAX 8
struct venue {
    const char *name;    /* "bybit", "binance-usdm", "okx", "bitflyer": configuration and botctl use it */
    const char *title;   /* "Bybit v5" */
    struct venue_endpoints endpoints, endpoints_test;
    struct venue_stream_plan private_plan, public_plan, trade_plan;
    struct venue_scope scopes[VENUE_SCOPES_MAX];
    uint32_t scopes_n;

    /* What the venue has; the core's rules read these, never its name. */
    bool has_fills_channel;    /* else fills are derived from order updates */
    bool has_client_ids;
    bool has_amend;
    bool has_reduce_only;
    bool has_dead_man;
    bool has_ws_orders;
    bool has_position_seq;     /* position rows carry a sequence comparable with fills' */
    bool has_position_time;    /* ... an update time */
    bool positions_omit_flat;  /* a missing row in a complete answer means flat */
    bool fills_per_instrument; /* the fills call needs an instrument */
    bool fills_by_id;          /* it knows no times: pages go from the newest to the first there ever was, and the rows say when to stop */
    bool positions_per_instrument, orders_per_instrument; /* likewise */
    bool dead_man_per_instrument; /* likewise the dead-man switch */
    bool funding_by_log;       /* the stream does not tell of funding, or not of which instrument: VENUE_CALL_ACCOUNT_LOG does */
    bool needs_listen_key;     /* the private stream's URL holds a key from VENUE_CALL_LISTEN_KEY */
    bool hedge_possible;
    struct book_rules book; /* how its order book is kept whole */
    int64_t absence_bound_ns;  /* "not found" is proof of absence only when said twice, this far apart */
    int64_t order_unknown_ns;  /* an unanswered order request is UNKNOWN after this */
    int64_t fills_window_max_ns, fills_history_ns;
    uint32_t positions_parts, fills_parts, orders_parts, instruments_parts; /* number of calls for all of it; 0 is 1 */
    uint32_t order_parts;      /* places to ask for one order, one behind the other while the answer is "not found"; 0 is 1 */
    uint32_t cancel_batch_max; /* > 0: there is no cancel-all call: list the open orders and cancel so many a call */
    uint32_t client_id_max;
    const char *client_id_alphabet; /* characters allowed */
    size_t   state_size;       /* of venue_context.state */

    /* Bytes -> events. msg is one whole WebSocket message. Returns the number of events given to the sink, or the
     * first error: a message that cannot be read gives no event at all where it carries money (rows are decoded
     * before the first is handed out, or are independent of each other and a bad one becomes a BOT_EV_ERROR row). */
    int (*decode_ws)(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data);
    /* Answer to a REST call (or, http_status 0, to the same call over the order-entry socket). Always fills *ret;
     * rows go to the sink. A body that is not a clean success gives no position row, ever. */
    int (*decode_rest)(struct venue_context *ctx, enum venue_call call, int http_status, const struct venue_header *headers,
                       uint32_t headers_n, struct slice body, venue_sink sink, void *user_data, struct venue_reply *ret);
    /* Request -> HTTP. Returns 0 or BOT_ERR_UNSUPPORTED / BOT_ERR_INVALID / BOT_ERR_FULL. */
    int (*encode_rest)(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret);
    /* Request -> one message for the order-entry socket; NULL where there is none. Length or error. */
    int (*encode_ws)(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size);
    /* What SUBMIT, AMEND and CANCEL over that socket draw, whatever is in them: as encode_rest says it, without a request having to be made
     * and signed only to ask. NULL where there is none. */
    void (*ws_draw)(enum venue_call call, uint32_t *ret_scope, uint32_t *ret_weight);
    /* What a refusal over that socket means for the call that it answers; it has been decoded as a no. NULL where there is none. */
    bot_outcome (*ws_refusal)(int64_t code, struct slice words, enum venue_call call);
    /* Messages that bring a socket up. index counts from 0; returns the length, 0 behind the last, or an error. */
    int (*ws_login)(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size);
    int (*ws_subscribe)(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf, size_t size);
    /* Messages on the public socket that bring a fresh snapshot of one book, counted like those above. NULL where the book
     * comes whole each time or by REST. */
    int (*ws_resubscribe_book)(const bot_symbol *instrument, uint32_t index, char *buf, size_t size);
    int (*ws_ping)(bot_stream stream, char *buf, size_t size); /* NULL or 0: WebSocket ping frames */
    /* Where public data is spread over two sockets: the one (BOT_STREAM_PUBLIC, BOT_STREAM_PUBLIC_2) that brings the books
     * (book) or the trades of the instrument; a socket that would bring nothing is not opened. ws_subscribe and ws_path go by
     * it. NULL: BOT_STREAM_PUBLIC brings all. */
    bot_stream (*ws_public_of)(const bot_symbol *instrument, bool book);
    /* Path and query to append to the socket's URL (Binance: stream names, listen key); NULL: none. */
    int (*ws_path)(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, const char *listen_key, char *buf, size_t size);
};

/* The venue of that name, or NULL. */
const struct venue *bot__venue_find(const char *name);
/* i-th known venue, NULL behind the last. */
const struct venue *bot__venue_at(uint32_t i);
/* What comes with a key of the venue. */
bool bot__venue_has_secret(const struct venue *v);
bool bot__venue_has_passphrase(const struct venue *v);

#endif
