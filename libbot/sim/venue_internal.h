/* Insides of sim/venue.h's object, for its files and the dialects'. Each stands on those below it:
 *
 * venue.c        life and time: what is due, in its order
 * <dialect>*.c   one struct dialect each
 * venue_calls.c  requests and answers            venue_push.c  what is pushed
 * venue_conns.c  who is connected
 */
#ifndef BOT_SIM_VENUE_INTERNAL_H
#define BOT_SIM_VENUE_INTERNAL_H

#include "sim/venue.h"
#include "sim/text.h"

#define ACCOUNTS_MAX 63
#define KEY_MAX 63
#define SIGNED_PARTS_MAX 4
#define IPS_MAX 64
#define ROWS_MAX 512      /* private rows of one exchange call before they are sent in parts */
#define TRADES_MAX 1024   /* of one public message */
#define DEPTHS 3          /* orderbook.1, .50, .200 */
#define BOOK_LEVELS_MAX 200
#define MESSAGE_MAX (1024 * 1024) /* a page of a thousand fills, each of them twice (rest.double) */
#define REQ_ID_MAX 63
#define BATCH_MAX SIMVENUE_WEIGHT_MAX
#define AMENDING_MAX 256  /* amends on the way whose weight is known; of more nothing is counted */

/* Endpoints share limits in groups, each a rolling second per key. */
enum limit_group { LIMIT_NONE, LIMIT_CREATE, LIMIT_AMEND, LIMIT_CANCEL, LIMIT_CANCEL_ALL, LIMIT_POSITIONS, LIMIT_EXECUTIONS,
                   LIMIT_ORDERS, LIMIT_WALLET, LIMIT_GROUPS };
#define LIMIT_RING 64

struct limit {
    int64_t  at[LIMIT_RING]; /* times of the last requests, a ring */
    uint32_t n;              /* ever */
};

struct client {
    char     key[KEY_MAX + 1];
    struct bot__signer *signer; /* with the account's secret */
    struct limit limit[LIMIT_GROUPS];
    /* What was taken in and is not carried out yet: lots by instrument and side. */
    int64_t  pending[EXCHANGE_INSTRUMENTS_MAX][2];
    uint64_t fills, orders;
    /* A listen key, where the dialect has them: "" while there is none. */
    char     listen_key[72];
    int64_t  listen_until;
    int64_t  countdown_at[EXCHANGE_INSTRUMENTS_MAX]; /* all orders are cancelled then; 0: not armed */
    struct { int64_t minute, ten; uint32_t minute_n, ten_n; } orders_used; /* calendar windows */
    int64_t  engine_at; /* when its last request reached the engine */
    bool     other_mode; /* account.mode has switched it */
};

struct ip {
    uint32_t id;
    int64_t *at; /* ring of ip_limit request times */
    uint64_t n;
    int64_t  banned_until;
    int64_t  minute;       /* calendar minute that `weight` counts */
    uint32_t weight, over; /* requests refused in a row while over the limit */
};

/* Streams that a socket carries. Public kinds differ by what may be subscribed: that is the dialect's to say. */
enum conn_kind { CONN_FREE, CONN_LINEAR, CONN_INVERSE, CONN_PRIVATE, CONN_TRADE, CONN_PUBLIC, CONN_MARKET, CONN_ANY };
enum { TOPIC_EXECUTION, TOPIC_ORDER, TOPIC_POSITION, TOPIC_WALLET, TOPICS };

struct conn {
    enum conn_kind kind;
    uint32_t number, generation, ip, account;
    uint32_t topics;       /* bits of TOPIC_* */
    uint32_t categories[TOPICS]; /* 1 linear, 2 inverse, 3 both */
    uint32_t trades;       /* bits of instruments */
    uint32_t raw, marks;   /* likewise, where the dialect has single trades beside aggregated ones, and mark prices */
    uint32_t book[DEPTHS]; /* bits of instruments */
    int64_t  heard_at, life_max_ns;
    bool     combined;     /* messages are wrapped with the stream's name */
    int64_t  opened_at;
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
    uint32_t route;        /* of the dialect */
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
    int32_t  used_weight, used_orders_10s, used_orders_1m; /* -1: no such header */
    struct simvenue_weight weight; /* what it could still bring */
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

/* One number of an answer's header. */
struct number_header {
    const char *name; /* static */
    int64_t     value;
};
#define NUMBER_HEADERS_MAX 4

/* A venue's language in front of the exchange. Everything that faults do to requests and messages happens outside of it. */
struct dialect {
    const char *name, *title;
    const char *private_path, *public_path, *trade_path; /* of the sockets */
    const char *key_header;
    const uint32_t *route_faults; /* FAULT_ON_* by route */
    uint32_t routes_n;
    int64_t  book_every_ns[DEPTHS]; /* 0: not offered */
    const char *side_keys[2], *level_end; /* of books: bids, asks; what stands in a level behind price and size */
    bool     inverse;               /* offers inverse instruments too */
    bool     orders_move_positions; /* every change of an order repeats the position */
    const char *passphrase;         /* that belongs to every key; NULL: there is no such thing */
    /* Gives an instrument the venue's name for it; NULL: it has that already. */
    void (*rename)(struct exchange_instrument *in);
    /* Number of the route, routes_n when there is none. */
    uint32_t (*route)(const char *method, const char *path, size_t len);
    bool (*is_write)(uint32_t route);
    /* Kind of a new socket, CONN_FREE: no such path. May fill in more of c. */
    enum conn_kind (*open)(struct simvenue *b, struct conn *c, const char *path);
    void (*message)(struct simvenue *b, struct conn *c, struct slice message);
    /* A request that has come in: who, how often, then bot__simvenue_dispatch. */
    void (*http)(struct simvenue *b, struct call *c, const char *method, const struct simvenue_header *headers, uint32_t headers_n,
                 struct slice query, struct slice body);
    void (*run)(struct simvenue *b, const struct call *c, struct slice query, struct slice body);
    /* The answer that a fault wants: a JSON body of the dialect, or a whole message of the order socket. Returns the HTTP status. */
    int32_t (*error_body)(struct simvenue *b, const struct call *c, int32_t status, int32_t code, struct text *t);
    void (*weigh)(struct simvenue *b, uint32_t route, struct slice query, struct slice body, struct simvenue_weight *w);
    /* An order-entry message's route and the part of it that weigh() reads. False: none. NULL where no socket is a CONN_TRADE. */
    bool (*weigh_message)(struct simvenue *b, const struct conn *c, struct slice message, uint32_t *ret_route, struct slice *ret_body,
                          uint32_t *ret_account);
    uint32_t (*headers)(struct simvenue *b, const struct call *c, struct number_header ret[NUMBER_HEADERS_MAX]); /* NULL: none */
    void (*trades)(struct simvenue *b);                      /* b->trades, of one instrument */
    void (*rows)(struct simvenue *b, struct conn *c);        /* b->rows, to one private socket */
    void (*book)(struct simvenue *b, uint16_t instrument, uint32_t depth);
    /* Things of its own that come due; either may be NULL. */
    int64_t (*next)(const struct simvenue *b);
    void (*step)(struct simvenue *b);
    /* The account's listen key is gone: its socket hears of it, lives on deaf (and there is another key), or is closed. False: there was none.
     * NULL: the venue has none. */
    bool (*key_end)(struct simvenue *b, uint32_t account, bool told, bool deaf);
};
extern const struct dialect bot__simbybit_dialect, bot__simbinance_dialect, bot__simokx_dialect;

struct simvenue {
    const struct dialect *dialect;
    struct simvenue_options opt;
    struct sim_alloc  alloc;
    struct simvenue_host host;
    struct exchange  *x;
    struct faults     faults;
    struct flow      *flow[EXCHANGE_INSTRUMENTS_MAX];
    struct exchange_instrument instrument[EXCHANGE_INSTRUMENTS_MAX];
    uint32_t          instruments_n;
    struct sim_queue  queue;
    struct sim_rng    rng;
    struct { uint64_t order; int64_t lots; uint32_t account; uint16_t instrument; uint8_t side; } amending[AMENDING_MAX];
    uint32_t          amending_n;
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
    struct simvenue_stats stats;
    int64_t           next_keepalive, own_at; /* own_at: the dialect's */
};

enum { ITEM_SEND, ITEM_ANSWER, ITEM_CALL, ITEM_BOOK, ITEM_CLOSE };

/* An ITEM_ANSWER's head, in front of its body. */
struct stored_answer {
    int32_t status;
    int32_t html;
    uint32_t headers_n;
    struct number_header header[NUMBER_HEADERS_MAX];
};

/* Is it the route of this method and path? */
static inline bool route_is(const char *route_method, const char *route_path, const char *method, const char *path, size_t len)
{
    return strlen(route_path) == len && memcmp(route_path, path, len) == 0 && strcmp(route_method, method) == 0;
}

/* Several instruments settle in one coin, which is told once: with the first of them. */
static inline bool first_of_coin(const struct simvenue *b, uint16_t i)
{
    for (uint16_t k = 0; k < i; k++)
        if (strcmp(b->instrument[k].settle.s, b->instrument[i].settle.s) == 0) return false;
    return true;
}

/* venue_conns.c */
int64_t  bot__simvenue_ms(const struct simvenue *b, int64_t ns); /* the venue's clock as it shows it */
struct conn *bot__simvenue_conn(struct simvenue *b, uint32_t number);
/* Queues one message of a connection for then. */
void     bot__simvenue_send(struct simvenue *b, struct conn *c, int64_t at, const char *text, size_t len);
/* The same at once, of a text that is whole. */
void     bot__simvenue_say(struct simvenue *b, struct conn *c, const struct text *t);
void     bot__simvenue_close(struct simvenue *b, struct conn *c, const char *reason);
uint32_t bot__simvenue_stream(const struct conn *c); /* bit of FAULT_STREAM_* */
/* At the moment of leaving: does the socket carry anything? */
bool     bot__simvenue_carries(struct simvenue *b, const struct conn *c, bool pong);
uint32_t bot__simvenue_auth(const struct simvenue *b, const char *key);
void     bot__simvenue_hmac(const struct simvenue *b, uint32_t account, const struct slice *parts, uint32_t n, char ret_hex[65]);

/* venue_push.c */
void bot__simvenue_event(void *self, const struct exchange_event *ev);
/* One message of a private topic, through its faults. */
void bot__simvenue_private_send(struct simvenue *b, struct conn *c, uint32_t topic, const struct text *t);
uint32_t bot__simvenue_topic_bit(uint32_t topic);
/* feed 0: trades; 1: books. */
void bot__simvenue_public_send(struct simvenue *b, struct conn *c, uint32_t feed, const struct text *t);
bool bot__simvenue_feed_silent(struct simvenue *b, uint32_t bit);
struct feed *bot__simvenue_feed(struct simvenue *b, uint16_t i, uint32_t depth);
bot_i128 bot__simvenue_balance_at(struct simvenue *b, uint32_t account, const bot_currency *currency, int64_t as_of_ns);
void bot__simvenue_book_read(struct simvenue *b, uint16_t i, uint32_t depth, struct feed *f);
uint32_t bot__simvenue_book_diff(struct simvenue *b, struct text *t, uint16_t i, uint32_t s, const struct feed *old, const struct feed *now,
                                 bool wrong);
/* What was told is the book as it is now. */
void bot__simvenue_book_told(struct feed *f, const struct feed *now);
/* Whether a fault keeps the message that told it. */
bool bot__simvenue_book_lost(struct simvenue *b);

/* venue_calls.c */
/* What faults make of a read: how old it is, which rows of its list are left out or come twice. */
struct view {
    int64_t  as_of; /* INT64_MAX: now */
    uint32_t keep, drop;
    bool     twice;
    struct faults *faults; /* to be told whether it did change something */
};
void bot__simvenue_view(struct simvenue *b, const struct call *c, struct view *ret);
/* Rows of a list one by one. row_begin is false when the row is left out. */
struct list {
    struct text *t;
    uint32_t seen, written;
    size_t   row_at;
};
bool bot__simvenue_row_begin(struct list *l, const struct view *v);
void bot__simvenue_row_end(struct list *l, const struct view *v);

void bot__simvenue_answer(struct simvenue *b, const struct call *c, int32_t status, bool html, const char *body, size_t len);
/* The error that a fault wants, in its form. */
void bot__simvenue_error(struct simvenue *b, const struct call *c, int32_t status, int32_t code, enum fault_body body);
/* Whether a fault keeps the answer of what was done: nothing is said, or the fault's error instead. */
bool bot__simvenue_withheld(struct simvenue *b, const struct call *c);
/* Does a call now, later or never, as the faults have it. */
void bot__simvenue_dispatch(struct simvenue *b, struct call *c, struct slice query, struct slice body);
/* NULL: there is none of that name. */
const char *bot__simvenue_header(const struct simvenue_header *headers, uint32_t n, const char *name);
struct ip *bot__simvenue_ip(struct simvenue *b, uint32_t id); /* NULL: no memory */
void bot__simvenue_note(struct simvenue_weight *w, uint16_t instrument, uint8_t side, int64_t lots, uint64_t order);

#endif
