/* What the files of the Binance USD-M dialect share: binance.c (sockets, limits, who asks, the table), binance_push.c (pushed
 * messages), binance_reads.c (rows and reads), binance_orders.c (what changes orders, modes and keys). */
#ifndef BOT_SIM_BINANCE_INTERNAL_H
#define BOT_SIM_BINANCE_INTERNAL_H

#include "sim/venue_internal.h"

enum binance_route {
    ROUTE_TIME, ROUTE_INFO, ROUTE_DEPTH, ROUTE_AGG_TRADES, ROUTE_POSITIONS, ROUTE_POSITIONS_V2, ROUTE_TRADES, ROUTE_OPEN_ORDERS, ROUTE_ORDER,
    ROUTE_BALANCE, ROUTE_ACCOUNT, ROUTE_INCOME, ROUTE_MODE,
    ROUTE_CREATE, ROUTE_AMEND, ROUTE_CANCEL, ROUTE_CANCEL_ALL, /* these go through the engine */
    ROUTE_MODE_SET, ROUTE_DEAD_MAN, ROUTE_KEY_NEW, ROUTE_KEY_KEEP, ROUTE_KEY_END,
    ROUTE_COUNT,
};

/* An answer under construction: the body, or an error. */
struct reply {
    struct text body;
    int32_t     status, code;
    const char *message;
};

/* Parameters come in the query, in a form body or both. */
struct params {
    struct slice query, body;
};
bool bot__simbinance_param(const struct params *p, const char *name, char *buf, size_t size); /* false: not there, or empty */
/* The symbol's index; false, with the error in r, when it is missing (and needed) or unknown. -1: not given. */
bool bot__simbinance_symbol(struct simvenue *b, const struct params *p, bool needed, int *ret, struct reply *r);
bool bot__simbinance_fail(struct reply *r, int32_t code, const char *message);

/* binance.c */
void bot__simbinance_reply(struct simvenue *b, const struct call *c, const struct reply *r);

/* binance_push.c */
uint64_t bot__simbinance_order_id(uint64_t id);
uint64_t bot__simbinance_order_read(const char *text); /* 0: not ours */
uint64_t bot__simbinance_trade_id(uint64_t id);
/* The id that the venue shows: the client's, or one that it makes up. */
void bot__simbinance_client_id(const char *link_id, uint8_t origin, uint64_t id, char ret[EXCHANGE_LINK_ID_MAX + 1]);
const char *bot__simbinance_leg(uint8_t leg);
const char *bot__simbinance_tif(uint8_t tif);
const char *bot__simbinance_status(const struct exchange_order *o);
void bot__simbinance_trades(struct simvenue *b);
void bot__simbinance_rows(struct simvenue *b, struct conn *c);
void bot__simbinance_book(struct simvenue *b, uint16_t instrument, uint32_t depth);
void bot__simbinance_marks(struct simvenue *b);
/* Tells every socket of the listen key that it is over; they carry nothing from then on. */
void bot__simbinance_key_expired(struct simvenue *b, uint32_t account);
void bot__simbinance_key_make(struct simvenue *b, uint32_t account); /* unless there is one: then it lives on */

/* binance_reads.c */
void bot__simbinance_order_row(struct simvenue *b, struct text *t, const struct exchange_order *o);
void bot__simbinance_read(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r);

/* binance_orders.c */
void bot__simbinance_write(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r);
void bot__simbinance_weigh(struct simvenue *b, uint32_t route, struct slice query, struct slice body, struct simvenue_weight *w);

#endif
