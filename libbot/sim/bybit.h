/* sim/bybit.h: the paper exchange in Bybit's v5 dialect: request bytes in, answer bytes and pushes out.
 *
 * Written from the venue's documents apart from libbot's own codec, so that each can find the other's mistakes. Pure:
 * no socket, no clock. The host (sim/world.h on virtual time, botctl paper over TLS) brings connections and requests
 * in and is told through a table what to send. Everything that the venue does late (asynchronous order handling, delayed
 * or lagging pushes) waits in here: call bot__simbybit_step when bot__simbybit_next says so.
 *
 * Spoken: REST market/time, instruments-info, tickers, orderbook, recent-trade; position/list, position/switch-mode,
 * position/set-leverage; execution/list; order/realtime, order/history, create, amend, cancel, cancel-all,
 * create-batch, amend-batch, cancel-batch; account/wallet-balance, account/info, user/query-api; sockets
 * /v5/public/linear, /v5/public/inverse (publicTrade, orderbook.1/50/200), /v5/private (execution, order, position,
 * wallet and their categorised forms), /v5/trade. Signatures, timestamp windows, rate limits per key and address, bans,
 * cursors and page sizes are the venue's. Not spoken: conditional orders, spot, options, loans: refused with 10001.
 */
#ifndef BOT_SIM_BYBIT_H
#define BOT_SIM_BYBIT_H

#include "exchange.h"
#include "faults.h"
#include "flow.h"

struct simbybit_header {
    const char *name, *value; /* NUL-terminated; names compare without case */
};

struct simbybit_answer {
    int         status;  /* HTTP status; 0: refuse the connection; -1: break it after the request was taken in */
    const char *content_type;
    struct simbybit_header headers[8];
    uint32_t    headers_n;
    const char *body;    /* borrowed for the call */
    size_t      body_len;
};

/* What the host must do. None may call back into the exchange. */
struct simbybit_host {
    void *self;
    void (*ws_send)(void *self, uint32_t conn, const char *text, size_t len);
    /* The venue closed it: conn is not valid any more. */
    void (*ws_close)(void *self, uint32_t conn, const char *reason);
    /* Exactly one for each bot__simbybit_http, unless the request hangs for ever. */
    void (*http_answer)(void *self, uint64_t request, const struct simbybit_answer *answer);
};

struct simbybit_options {
    uint64_t seed;
    const struct exchange_instrument *instruments; /* copied */
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
};
void bot__simbybit_options_init(struct simbybit_options *o);

struct simbybit;
/* NULL: an option out of range or no memory. now_ns: Unix time of the venue. */
struct simbybit *bot__simbybit_new(const struct simbybit_options *o, struct sim_alloc alloc, struct simbybit_host host, int64_t now_ns);
void bot__simbybit_free(struct simbybit *b); /* takes NULL */

/* A client account with a key: its number from 1, or an error. */
int bot__simbybit_account_add(struct simbybit *b, const char *key, const char *secret, bot_money balance);

/* A socket was opened: a number from 1, 0 when the venue refuses it. ip tells addresses apart. path: "/v5/private", may
 * carry "?max_active_time=...". */
uint32_t bot__simbybit_ws_open(struct simbybit *b, int64_t now_ns, uint32_t ip, const char *path);
void bot__simbybit_ws_message(struct simbybit *b, int64_t now_ns, uint32_t conn, const char *text, size_t len);
/* A WebSocket ping frame came: must the host answer it? (Not on a half-open socket.) */
bool bot__simbybit_ws_ping(struct simbybit *b, int64_t now_ns, uint32_t conn);
void bot__simbybit_ws_closed(struct simbybit *b, int64_t now_ns, uint32_t conn);
/* path with query. Would the venue refuse the connection (fault rest.refuse)? Asked before anything is sent. */
bool bot__simbybit_http_refused(struct simbybit *b, int64_t now_ns, const char *method, const char *path);
void bot__simbybit_http(struct simbybit *b, int64_t now_ns, uint64_t request, uint32_t ip, const char *method, const char *path,
                        const struct simbybit_header *headers, uint32_t headers_n, const char *body, size_t body_len);

int64_t bot__simbybit_next(const struct simbybit *b);
void    bot__simbybit_step(struct simbybit *b, int64_t now_ns);

struct exchange *bot__simbybit_exchange(struct simbybit *b);
struct faults   *bot__simbybit_faults(struct simbybit *b);
struct flow     *bot__simbybit_flow(struct simbybit *b, uint16_t instrument);
/* The exchange's truth with everything in it that the venue has taken in and not yet carried out: open_buy and open_sell
 * hold acknowledged and late orders too. What is still on the wire is not known here. */
void bot__simbybit_truth(const struct simbybit *b, uint32_t account, uint16_t instrument, struct exchange_truth *ret);

/* What a request could bring if it arrives: for hosts that keep requests on a wire of their own (sim/world.h). */
#define SIMBYBIT_WEIGHT_MAX 20
struct simbybit_weight {
    uint32_t account, n;
    struct {
        uint16_t instrument;
        uint8_t  side;
        int64_t  lots;
    } of[SIMBYBIT_WEIGHT_MAX];
};
void bot__simbybit_weigh_http(struct simbybit *b, const char *method, const char *path, const struct simbybit_header *headers,
                              uint32_t headers_n, const char *body, size_t body_len, struct simbybit_weight *ret);
void bot__simbybit_weigh_ws(struct simbybit *b, uint32_t conn, const char *text, size_t len, struct simbybit_weight *ret);
/* Counts it into bot__simbybit_truth (sign 1) or out again (-1). */
void bot__simbybit_weigh(struct simbybit *b, const struct simbybit_weight *w, int sign);

struct simbybit_stats {
    uint64_t requests, ws_messages_in, ws_messages_out, limited, banned, auth_refused, dropped, hung;
};
struct simbybit_stats bot__simbybit_stats(const struct simbybit *b);

#endif
