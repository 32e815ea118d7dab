/* What the files of the OKX v5 dialect share: okx.c (sockets, limits, who asks, the table), okx_push.c (pushed messages), okx_reads.c
 * (rows and reads), okx_orders.c (what changes orders and modes).
 *
 * Contracts are of one coin (linear) or one dollar (inverse), where the real ones are of 0.01 BTC or 100 USD: so that sizes are the
 * exchange's own. */
#ifndef BOT_SIM_OKX_INTERNAL_H
#define BOT_SIM_OKX_INTERNAL_H

#include "sim/venue_internal.h"

enum okx_route {
    ROUTE_TIME, ROUTE_INSTRUMENTS, ROUTE_BOOK, ROUTE_PUBLIC_TRADES, ROUTE_STATUS,
    ROUTE_POSITIONS, ROUTE_FILLS, ROUTE_FILLS_HISTORY, ROUTE_OPEN_ORDERS, ROUTE_ORDER, ROUTE_BALANCE, ROUTE_CONFIG, ROUTE_BILLS,
    ROUTE_CREATE, ROUTE_AMEND, ROUTE_CANCEL, ROUTE_CANCEL_BATCH, /* these go through the engine */
    ROUTE_DEAD_MAN, ROUTE_MODE_SET,
    ROUTE_COUNT,
};

/* An answer under construction: rows of "data", or an error of the whole. Of requests that move orders each row says how it went. */
struct reply {
    struct text data;
    int32_t     status, code;
    const char *message;
    uint32_t    done, failed;
};
void bot__simokx_fail(struct reply *r, int32_t code, const char *message);

/* The instrument's index; false, with the error in r, when it is unknown. -1: not given. */
bool bot__simokx_instrument(struct simvenue *b, const char *name, int *ret, struct reply *r);

/* okx_push.c */
uint64_t bot__simokx_order_id(uint64_t id);
uint64_t bot__simokx_order_read(const char *text); /* 0: not ours */
int64_t bot__simokx_bill_id(uint64_t id);
int64_t bot__simokx_public_id(uint64_t trade);
/* Of a fill: the public trade's, negative where the venue itself matched. */
int64_t bot__simokx_trade_id(const struct exchange_fill *f);
const char *bot__simokx_leg(uint8_t leg);
/* What the row of a position has for its newest fill; 0: none. */
int64_t bot__simokx_position_trade(struct simvenue *b, uint32_t account, uint16_t instrument, uint8_t leg, int64_t as_of);
void bot__simokx_position_row(struct simvenue *b, struct text *t, uint16_t instrument, uint8_t leg, const struct exchange_position *p, int64_t trade_id);
/* The order's row as it stands, with the figures of this match; NULL: of its last one, where it has any. push: as the socket has it. */
void bot__simokx_order_row(struct simvenue *b, struct text *t, const struct exchange_order *o, const struct exchange_fill *f, bool push);
void bot__simokx_trades(struct simvenue *b);
void bot__simokx_rows(struct simvenue *b, struct conn *c);
void bot__simokx_book(struct simvenue *b, uint16_t instrument, uint32_t depth);
/* What a new subscription gets first. */
void bot__simokx_book_snapshot(struct simvenue *b, struct conn *c, uint16_t instrument);
void bot__simokx_positions(struct simvenue *b, struct conn *c, bool snapshot);
void bot__simokx_balance(struct simvenue *b, struct conn *c);
/* [["price","size","0","orders"],...] of the best. */
void bot__simokx_levels(struct simvenue *b, struct text *t, uint16_t instrument, const struct feed *f, uint32_t side, uint32_t max);

/* okx_reads.c */
void bot__simokx_read(struct simvenue *b, const struct call *c, struct slice query, struct reply *r);

/* okx_orders.c */
void bot__simokx_write(struct simvenue *b, const struct call *c, struct slice query, struct slice body, struct reply *r);
void bot__simokx_weigh(struct simvenue *b, uint32_t route, struct slice query, struct slice body, struct simvenue_weight *w);

#endif
