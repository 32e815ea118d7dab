/* Insides of sim/bybit.h's object, shared by its files: bybit.c (life, sockets, queue), bybit_push.c (pushed messages and rows),
 * bybit_rest.c (requests, limits, reads), bybit_orders.c (what changes orders). */
#ifndef BOT_SIM_BYBIT_INTERNAL_H
#define BOT_SIM_BYBIT_INTERNAL_H

#include "sim/bybit.h"
#include "sim/text.h"

#define ACCOUNTS_MAX 63
#define KEY_MAX 63
#define IPS_MAX 64
#define ROWS_MAX 512      /* private rows of one exchange call before they are sent in parts */
#define TRADES_MAX 1024   /* of one public message */
#define DEPTHS 3          /* orderbook.1, .50, .200 */
#define BOOK_LEVELS_MAX 200
#define MESSAGE_MAX (256 * 1024)
#define REQ_ID_MAX 63
#define BATCH_MAX SIMBYBIT_WEIGHT_MAX

enum route_id {
    ROUTE_TIME, ROUTE_INSTRUMENTS, ROUTE_TICKERS, ROUTE_ORDERBOOK, ROUTE_RECENT_TRADE,
    ROUTE_POSITIONS, ROUTE_EXECUTIONS, ROUTE_REALTIME, ROUTE_HISTORY, ROUTE_WALLET, ROUTE_ACCOUNT_INFO, ROUTE_API_KEY,
    ROUTE_CREATE, ROUTE_AMEND, ROUTE_CANCEL, ROUTE_CANCEL_ALL, ROUTE_CREATE_BATCH, ROUTE_AMEND_BATCH, ROUTE_CANCEL_BATCH,
    ROUTE_SWITCH_MODE, ROUTE_LEVERAGE, ROUTE_DEAD_MAN,
    ROUTE_COUNT,
};

/* Endpoints share limits in groups, each a rolling second per key. */
enum limit_group { LIMIT_NONE, LIMIT_CREATE, LIMIT_AMEND, LIMIT_CANCEL, LIMIT_CANCEL_ALL, LIMIT_POSITIONS, LIMIT_EXECUTIONS,
                   LIMIT_ORDERS, LIMIT_WALLET, LIMIT_GROUPS };
#define LIMIT_RING 64

struct limit {
    int64_t  at[LIMIT_RING]; /* times of the last requests, a ring */
    uint32_t n;              /* ever */
};

struct client {
    char     key[KEY_MAX + 1], secret[KEY_MAX + 1];
    struct limit limit[LIMIT_GROUPS];
    /* What was taken in and is not carried out yet: lots by instrument and side. */
    int64_t  pending[EXCHANGE_INSTRUMENTS_MAX][2];
    uint64_t fills, orders;
    int64_t  engine_at; /* when its last request reached the engine */
};

struct ip {
    uint32_t id;
    int64_t *at; /* ring of ip_limit request times */
    uint64_t n;
    int64_t  banned_until;
};

enum conn_kind { CONN_FREE, CONN_LINEAR, CONN_INVERSE, CONN_PRIVATE, CONN_TRADE };
enum { TOPIC_EXECUTION, TOPIC_ORDER, TOPIC_POSITION, TOPIC_WALLET, TOPICS };

struct conn {
    enum conn_kind kind;
    uint32_t number, generation, ip, account;
    uint32_t topics;       /* bits of TOPIC_* */
    uint32_t categories[TOPICS]; /* 1 linear, 2 inverse, 3 both */
    uint32_t trades;       /* bits of instruments */
    uint32_t book[DEPTHS]; /* bits of instruments */
    int64_t  heard_at, life_max_ns;
    int64_t  feed_at[2], topic_at[TOPICS]; /* due time of the last message, to keep order */
    char     id[40];
};

/* One depth of one instrument's book as it was told last. */
struct feed {
    struct exchange_level side[2][BOOK_LEVELS_MAX];
    uint32_t n[2];
    int64_t  u;
    bool     scheduled, told;
};

/* What a client did, waiting or being carried out. */
struct call {
    uint32_t account, ip;
    enum route_id route;
    uint64_t request;      /* HTTP, when conn is 0 */
    uint32_t conn;         /* order entry socket */
    char     req_id[REQ_ID_MAX + 1];
    bool     silent;       /* carried out, never answered */
    bool     ghost;        /* carried out, answered with the error below */
    int32_t  status, code;
    enum fault_body body;
    int64_t  answer_delay_ns;
    int32_t  limit, limit_left; /* -1: none */
    int64_t  limit_reset_ms;
    struct simbybit_weight weight; /* what it could still bring */
};

/* An answer under construction. */
struct reply {
    struct text result; /* the "result" object */
    struct text extra;  /* "retExtInfo" */
    int32_t     code;
    const char *message;
};

enum row_kind { ROW_FILL, ROW_ORDER, ROW_POSITION, ROW_WALLET };
struct row {
    enum row_kind kind;
    uint32_t account;
    uint16_t instrument;
    uint8_t  leg;
    union {
        struct exchange_fill  fill;
        struct exchange_order order;
    };
};

struct simbybit {
    struct simbybit_options opt;
    struct sim_alloc  alloc;
    struct simbybit_host host;
    struct exchange  *x;
    struct faults     faults;
    struct flow      *flow[EXCHANGE_INSTRUMENTS_MAX];
    struct exchange_instrument instrument[EXCHANGE_INSTRUMENTS_MAX];
    uint32_t          instruments_n;
    struct sim_queue  queue;
    struct sim_rng    rng;
    int64_t           now, start_ns;
    struct client    *client; /* ACCOUNTS_MAX + 1 */
    uint32_t          clients_n;
    struct ip         ip[IPS_MAX];
    uint32_t          ips_n;
    struct conn      *conn;
    uint32_t          conns_n; /* slots */
    struct feed      *feed;    /* instruments * DEPTHS */
    struct row       *rows;
    uint32_t          rows_n;
    struct exchange_trade *trades; /* of the call in progress */
    uint32_t          trades_n;
    uint16_t          trades_instrument;
    int64_t           trade_price_before;
    struct exchange_trade recent[EXCHANGE_INSTRUMENTS_MAX][64];
    uint64_t          recent_n[EXCHANGE_INSTRUMENTS_MAX];
    uint32_t          watched; /* some private connection exists */
    char             *scratch, *scratch2, *answer; /* MESSAGE_MAX each: pushed messages, retExtInfo, results are built here */
    struct exchange_order *orders; /* 600: lists are built here */
    uint64_t          message_id;
    struct simbybit_stats stats;
    int64_t           next_keepalive;
};

enum { ITEM_SEND, ITEM_ANSWER, ITEM_CALL, ITEM_BOOK, ITEM_CLOSE };

/* An ITEM_ANSWER's head, in front of its body. */
struct stored_answer {
    int32_t status;
    int32_t html;
    int32_t limit, limit_left;
    int64_t limit_reset_ms;
};

/* bybit.c */
int64_t  bot__simbybit_ms(const struct simbybit *b, int64_t ns); /* the venue's clock as it shows it */
struct conn *bot__simbybit_conn(struct simbybit *b, uint32_t number);
/* Queues one message of a connection for then. */
void     bot__simbybit_send(struct simbybit *b, struct conn *c, int64_t at, const char *text, size_t len);
void     bot__simbybit_close(struct simbybit *b, struct conn *c, const char *reason);
uint32_t bot__simbybit_stream(const struct conn *c); /* bit of FAULT_STREAM_* */
uint32_t bot__simbybit_auth(const struct simbybit *b, const char *key);
void     bot__simbybit_hmac(const struct simbybit *b, uint32_t account, const struct slice *parts, uint32_t n, char ret_hex[65]);

/* bybit_push.c */
void bot__simbybit_event(void *self, const struct exchange_event *ev);
void bot__simbybit_book_push(struct simbybit *b, uint16_t instrument, uint32_t depth);
void bot__simbybit_book_snapshot(struct simbybit *b, struct conn *c, uint16_t instrument, uint32_t depth);
int  bot__simbybit_depth(const char *text);   /* index of "1", "50", "200" or -1 */
void bot__simbybit_uuid(const struct simbybit *b, uint32_t salt, uint64_t id, char ret[37]);
uint64_t bot__simbybit_uuid_read(const struct simbybit *b, uint32_t salt, const char *text); /* 0: not ours */
enum { SALT_ORDER = 1, SALT_EXEC = 2, SALT_TRADE = 3 };
const char *bot__simbybit_category(const struct exchange_instrument *in);
void bot__simbybit_fill_row(struct simbybit *b, struct text *t, const struct exchange_fill *f, bool ws);
void bot__simbybit_order_row(struct simbybit *b, struct text *t, const struct exchange_order *o, bool ws);
void bot__simbybit_position_row(struct simbybit *b, struct text *t, uint32_t account, uint16_t instrument, uint8_t leg,
                                const struct exchange_position *p, bool ws);
void bot__simbybit_wallet_row(struct simbybit *b, struct text *t, uint32_t account, int64_t as_of_ns);

/* bybit_rest.c */
/* Sends what a call came to: an HTTP answer or an order-entry message. */
void bot__simbybit_reply(struct simbybit *b, const struct call *c, const struct reply *r);
bool bot__simbybit_limit(struct simbybit *b, struct call *c); /* false: over it */
void bot__simbybit_run(struct simbybit *b, const struct call *c, struct slice query, struct slice body);
enum route_id bot__simbybit_route(const char *method, const char *path, size_t len);
enum route_id bot__simbybit_op(const char *op); /* of an order-entry message; ROUTE_COUNT when unknown */
/* Does a call now, later or never, as the faults have it. */
void bot__simbybit_dispatch(struct simbybit *b, struct call *c, struct slice query, struct slice body);

/* bybit_orders.c */
bool bot__simbybit_is_write(enum route_id route);
/* Notes what a write could bring. */
void bot__simbybit_weigh_call(struct simbybit *b, enum route_id route, struct slice body, struct simbybit_weight *w);
void bot__simbybit_write(struct simbybit *b, const struct call *c, struct slice body, struct reply *r);

#endif
