/* sim/venue.h: the paper exchange in a venue's dialect: request bytes in, answer bytes and pushes out.
 *
 * The dialect is chosen by name; each is a table in files of its own (sim/bybit*.c, sim/binance*.c, sim/okx*.c), written from the
 * venue's documents apart from libbot's own codec, so that each can find the other's mistakes. Pure: no socket, no
 * clock. The host (sim/world.h on virtual time, botctl paper over TLS) brings connections and requests in and is told
 * through a table what to send. Everything that the venue does late (asynchronous order handling, delayed or lagging
 * pushes) waits in here: call bot__simvenue_step when bot__simvenue_next says so. Fault scripts (sim/faults.h) mean the
 * same in every dialect.
 *
 * "bybit": REST market/time, instruments-info, tickers, orderbook, recent-trade; position/list, position/switch-mode,
 * position/set-leverage; execution/list; order/realtime, order/history, create, amend, cancel, cancel-all,
 * create-batch, amend-batch, cancel-batch; account/wallet-balance, account/info, user/query-api; sockets
 * /v5/public/linear, /v5/public/inverse (publicTrade, orderbook.1/50/200), /v5/private (execution, order, position,
 * wallet and their categorised forms), /v5/trade.
 * "binance-usdm": /fapi REST time, exchangeInfo, depth, aggTrades; positionRisk, userTrades, openOrders, order (POST, PUT,
 * GET, DELETE), allOpenOrders, countdownCancelAll, balance, account, income, positionSide/dual, listenKey; sockets
 * /private/ws, /public/ws (depth), /market/ws (aggTrade, trade, markPrice), /ws and /stream for all, /ws-fapi/v1.
 *
 * "okx": /api/v5 REST public/time, public/instruments, market/books, market/trades, system/status; account/positions,
 * account/balance, account/config, account/bills, account/set-position-mode; trade/fills, fills-history, orders-pending, order (GET, POST),
 * amend-order, cancel-order, cancel-batch-orders, cancel-all-after; sockets /ws/v5/private (orders, positions,
 * balance_and_position), /ws/v5/public (trades, books). Contracts are of one coin or one dollar.
 *
 * Signatures, time windows, rate limits per key and address, bans, cursors and page sizes are the venue's. Not spoken:
 * conditional orders, spot, options, loans: refused with the venue's code.
 */
#ifndef BOT_SIM_VENUE_H
#define BOT_SIM_VENUE_H

#include "exchange.h"
#include "faults.h"
#include "flow.h"

struct simvenue_header {
    const char *name, *value; /* NUL-terminated; names compare without case */
};

struct simvenue_answer {
    int         status;  /* HTTP status; 0: refuse the connection; -1: break it after the request was taken in */
    const char *content_type;
    struct simvenue_header headers[8];
    uint32_t    headers_n;
    const char *body;    /* borrowed for the call */
    size_t      body_len;
};

/* What the host must do. None may call back into the exchange. */
struct simvenue_host {
    void *self;
    void (*ws_send)(void *self, uint32_t conn, const char *text, size_t len);
    /* The venue closed it: conn is not valid any more. */
    void (*ws_close)(void *self, uint32_t conn, const char *reason);
    /* Exactly one for each bot__simvenue_http, unless the request hangs for ever. */
    void (*http_answer)(void *self, uint64_t request, const struct simvenue_answer *answer);
};

struct simvenue_options {
    const char *dialect;               /* NULL: "bybit". What the venue does not list (inverse contracts at Binance) is left out. */
    uint64_t seed;
    const struct exchange_instrument *instruments; /* copied, and named as the venue names them (OKX: BTC-USDT-SWAP) */
    uint32_t instruments_n;
    struct exchange_options exchange;  /* seed, instruments and event are set by us */
    const struct flow_options *flows;  /* one per instrument, or NULL for the defaults; instrument index set by us */
    int64_t  engine_delay_min_ns, engine_delay_max_ns; /* 2..8 ms: acknowledged request to its effect */
    int64_t  push_delay_ns;            /* 1 ms: an event to its private message */
    uint32_t connections_max;          /* 64 */
    uint32_t pending_max;              /* 65536 queued things; a full queue closes the connections that it concerns */
    uint32_t ip_limit, ip_window_ms;   /* 600 in 5,000 */
    uint32_t order_limit_per_s, read_limit_per_s; /* 10 and 50, per key and endpoint */
    int64_t  ban_ns;                   /* 10 min */
    uint32_t weight_limit;             /* 2400 a minute and address, where the venue weighs requests */
    int64_t  listen_key_ns;            /* 60 min: life of a listen key, where the venue has them */
    int64_t  connection_ns;            /* 24 h: life of a socket, where the venue limits it */
    bool     exec_ids_shared;          /* Bybit: an execution's id is that of the public trade, so that the sides of a self-trade share it. At
                                        * Binance it always is. */
    bool     read_only;                /* the keys may look at everything and change nothing */
};
void bot__simvenue_options_init(struct simvenue_options *o);

struct simvenue;
/* Name of the i-th dialect; NULL behind the last. */
const char *bot__simvenue_dialect(uint32_t i);
/* The dialect's name, which is libbot's name of the venue. */
const char *bot__simvenue_name(const struct simvenue *b);
/* That its clients must give with their keys; NULL where the venue has none. */
const char *bot__simvenue_passphrase(const struct simvenue *b);
/* Where its sockets are, as a client's configuration names them. */
struct simvenue_paths {
    const char *ws_private, *ws_public, *ws_trade;
};
struct simvenue_paths bot__simvenue_paths(const struct simvenue *b);
/* FAULT_STREAM_* of an open socket. */
uint32_t bot__simvenue_ws_stream(struct simvenue *b, uint32_t conn);
/* NULL: an option out of range or no memory. now_ns: Unix time of the venue. */
struct simvenue *bot__simvenue_new(const struct simvenue_options *o, struct sim_alloc alloc, struct simvenue_host host, int64_t now_ns);
void bot__simvenue_free(struct simvenue *b); /* takes NULL */

/* A client account with a key: its number from 1, or an error. */
int bot__simvenue_account_add(struct simvenue *b, const char *key, const char *secret, bot_money balance);

/* A socket was opened: a number from 1, 0 when the venue refuses it. ip tells addresses apart. path: "/v5/private", may
 * carry "?max_active_time=...". */
uint32_t bot__simvenue_ws_open(struct simvenue *b, int64_t now_ns, uint32_t ip, const char *path);
void bot__simvenue_ws_message(struct simvenue *b, int64_t now_ns, uint32_t conn, const char *text, size_t len);
/* A WebSocket ping frame came: must the host answer it? (Not on a half-open socket.) */
bool bot__simvenue_ws_ping(struct simvenue *b, int64_t now_ns, uint32_t conn);
void bot__simvenue_ws_closed(struct simvenue *b, int64_t now_ns, uint32_t conn);
/* path with query. Would the venue refuse the connection (fault rest.refuse)? Asked before anything is sent. */
bool bot__simvenue_http_refused(struct simvenue *b, int64_t now_ns, const char *method, const char *path);
void bot__simvenue_http(struct simvenue *b, int64_t now_ns, uint64_t request, uint32_t ip, const char *method, const char *path,
                        const struct simvenue_header *headers, uint32_t headers_n, const char *body, size_t body_len);

int64_t bot__simvenue_next(const struct simvenue *b);
void    bot__simvenue_step(struct simvenue *b, int64_t now_ns);

struct exchange *bot__simvenue_exchange(struct simvenue *b);
struct faults   *bot__simvenue_faults(struct simvenue *b);
struct flow     *bot__simvenue_flow(struct simvenue *b, uint16_t instrument);
/* The exchange's truth with everything in it that the venue has taken in and not yet carried out: open_buy and open_sell
 * hold acknowledged and late orders too. What is still on the wire is not known here. */
void bot__simvenue_truth(const struct simvenue *b, uint32_t account, uint16_t instrument, struct exchange_truth *ret);

/* What a request could bring if it arrives (one that only reduces brings nothing beyond what is held): for hosts that keep requests on a wire of their own (sim/world.h). */
#define SIMVENUE_WEIGHT_MAX 20
struct simvenue_weight {
    uint32_t account, n;
    struct {
        uint16_t instrument;
        uint8_t  side;
        int64_t  lots;
        uint64_t order; /* amends: which; what has ended meanwhile brings nothing. 0: a new one */
    } of[SIMVENUE_WEIGHT_MAX];
};
void bot__simvenue_weigh_http(struct simvenue *b, const char *method, const char *path, const struct simvenue_header *headers,
                              uint32_t headers_n, const char *body, size_t body_len, struct simvenue_weight *ret);
void bot__simvenue_weigh_ws(struct simvenue *b, uint32_t conn, const char *text, size_t len, struct simvenue_weight *ret);
/* Counts it into bot__simvenue_truth (sign 1) or out again (-1). */
void bot__simvenue_weigh(struct simvenue *b, const struct simvenue_weight *w, int sign);

struct simvenue_stats {
    uint64_t requests, ws_messages_in, ws_messages_out, limited, banned, auth_refused, dropped, hung;
};
struct simvenue_stats bot__simvenue_stats(const struct simvenue *b);

#endif
