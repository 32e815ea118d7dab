/* What the files of the Bybit dialect share: bybit.c (sockets, the table), bybit_push.c (pushed messages and rows),
 * bybit_rest.c (limits and reads), bybit_orders.c (what changes orders). */
#ifndef BOT_SIM_BYBIT_INTERNAL_H
#define BOT_SIM_BYBIT_INTERNAL_H

#include "sim/venue_internal.h"

enum route_id {
    ROUTE_TIME, ROUTE_INSTRUMENTS, ROUTE_TICKERS, ROUTE_ORDERBOOK, ROUTE_RECENT_TRADE,
    ROUTE_POSITIONS, ROUTE_EXECUTIONS, ROUTE_REALTIME, ROUTE_HISTORY, ROUTE_WALLET, ROUTE_ACCOUNT_INFO, ROUTE_API_KEY,
    ROUTE_CREATE, ROUTE_AMEND, ROUTE_CANCEL, ROUTE_CANCEL_ALL, ROUTE_CREATE_BATCH, ROUTE_AMEND_BATCH, ROUTE_CANCEL_BATCH,
    ROUTE_SWITCH_MODE, ROUTE_LEVERAGE, ROUTE_DEAD_MAN,
    ROUTE_COUNT,
};

/* An answer under construction. */
struct reply {
    struct text result; /* the "result" object */
    struct text extra;  /* "retExtInfo" */
    int32_t     code;
    const char *message;
};

/* bybit_push.c */
void bot__simbybit_book_push(struct simvenue *b, uint16_t instrument, uint32_t depth);
void bot__simbybit_book_snapshot(struct simvenue *b, struct conn *c, uint16_t instrument, uint32_t depth);
int  bot__simbybit_depth(const char *text);   /* index of "1", "50", "200" or -1 */
void bot__simbybit_uuid(const struct simvenue *b, uint32_t salt, uint64_t id, char ret[37]);
uint64_t bot__simbybit_uuid_read(const struct simvenue *b, uint32_t salt, const char *text); /* 0: not ours */
enum { SALT_ORDER = 1, SALT_EXEC = 2, SALT_TRADE = 3 };
const char *bot__simbybit_category(const struct exchange_instrument *in);
void bot__simbybit_fill_row(struct simvenue *b, struct text *t, const struct exchange_fill *f, bool ws);
void bot__simbybit_order_row(struct simvenue *b, struct text *t, const struct exchange_order *o, bool ws);
void bot__simbybit_position_row(struct simvenue *b, struct text *t, uint32_t account, uint16_t instrument, uint8_t leg,
                                const struct exchange_position *p, bool ws);
void bot__simbybit_wallet_row(struct simvenue *b, struct text *t, uint32_t account, int64_t as_of_ns);

void bot__simbybit_rows(struct simvenue *b, struct conn *c);
void bot__simbybit_trades(struct simvenue *b);

/* bybit_rest.c */
extern const uint32_t bot__simbybit_route_faults[ROUTE_COUNT];
void bot__simbybit_http(struct simvenue *b, struct call *call, const char *method, const struct simvenue_header *headers, uint32_t headers_n,
                        struct slice query, struct slice text);
int32_t bot__simbybit_error_body(struct simvenue *b, const struct call *c, int32_t status, int32_t code, struct text *t);
uint32_t bot__simbybit_headers(struct simvenue *b, const struct call *c, struct number_header ret[NUMBER_HEADERS_MAX]);
/* Sends what a call came to: an HTTP answer or an order-entry message. */
void bot__simbybit_reply(struct simvenue *b, const struct call *c, const struct reply *r);
bool bot__simbybit_limit(struct simvenue *b, struct call *c); /* false: over it */
void bot__simbybit_run(struct simvenue *b, const struct call *c, struct slice query, struct slice body);
enum route_id bot__simbybit_route(const char *method, const char *path, size_t len);
enum route_id bot__simbybit_op(const char *op); /* of an order-entry message; ROUTE_COUNT when unknown */

/* bybit_orders.c */
bool bot__simbybit_is_write(enum route_id route);
/* Notes what a write could bring. */
void bot__simbybit_weigh_call(struct simvenue *b, enum route_id route, struct slice body, struct simvenue_weight *w);
void bot__simbybit_write(struct simvenue *b, const struct call *c, struct slice body, struct reply *r);

#endif
