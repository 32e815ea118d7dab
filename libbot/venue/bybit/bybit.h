/* venue/bybit/bybit.h: Bybit v5, unified account, linear and inverse derivatives. Wire facts: the official documentation
 * (bybit-exchange/docs, docs/v5, state of 2026-07-24) and recorded messages.
 *
 * ws.c      messages of the private, public and order-entry sockets
 * rows.c    rows that REST answers and socket messages share
 * rest.c    answers to REST calls
 * encode.c  requests, signatures, socket frames
 * venue.c   the table of facts
 *
 * Rows of the spot and option categories are named errors (UNSUPPORTED), never events: BTCUSDT is a spot pair and a
 * perpetual, and a spot fill must not move the perpetual's position. The execution.fast topic has neither fee nor kind:
 * it is not enough for accounting and is passed over.
 */
#ifndef BOT_VENUE_BYBIT_H
#define BOT_VENUE_BYBIT_H

#include "venue/codec.h"

#define BYBIT_CLIENT_ID_MAX 36
#define BYBIT_CLIENT_ID_ALPHABET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

enum bybit_scope { /* index of venue.scopes */
    BYBIT_SCOPE_IP,
    BYBIT_SCOPE_CREATE,
    BYBIT_SCOPE_AMEND,
    BYBIT_SCOPE_CANCEL,
    BYBIT_SCOPE_POSITION,
    BYBIT_SCOPE_EXECUTION,
    BYBIT_SCOPE_ORDERS,
    BYBIT_SCOPE_WALLET,
    BYBIT_SCOPES,
};

struct bybit_rows {
    struct emit *e;
    bot_source   source;
    int64_t      envelope_ns; /* creationTime or time of the message */
    struct slice category;    /* of the envelope, where rows do not say */
    bool         of_all;      /* a topic of all categories: each row must say which is its own */
    char         error[96];   /* what was wrong with the row that failed */
    bool         replayed;
};

/* Each reads one row of j and gives its event out; BOT_OK or an error. */
int bot__bybit_execution(struct json *j, void *rows);
int bot__bybit_order(struct json *j, void *rows);
int bot__bybit_position(struct json *j, void *rows);
int bot__bybit_wallet(struct json *j, void *rows); /* an account row: one event a coin */
int bot__bybit_instrument(struct json *j, void *rows);
int bot__bybit_trade(struct json *j, void *rows);  /* a row of publicTrade */
int bot__bybit_public_trade(struct json *j, void *rows); /* a row of market/recent-trade */
int bot__bybit_log(struct json *j, void *rows); /* a row of account/transaction-log: funding, or of no interest */
/* A time in ms, quoted or bare, as ns; 0 when absent, and a failed reader when it is none. */
int64_t bot__bybit_ms(struct json *j);
/* {s, b, a, u, seq}: a book. _read leaves it in *ev, with its levels in ctx's scratch; *venue_ns is the envelope's and becomes
 * the row's own where it has one. */
int bot__bybit_book_read(struct venue_context *ctx, struct json *j, bool snapshot, int64_t *venue_ns, bot_source source, bot_event *ev);
int bot__bybit_book(struct venue_context *ctx, struct slice data, bool snapshot, int64_t venue_ns, bot_source source, struct emit *e);

/* {orderId, orderLinkId}: the row of an ACK. BOT_OK or an error. */
int bot__bybit_ack(struct json *j, bot_event *ev);
/* A batch: data.list holds the orders, extra.list (retExtInfo) in parallel each one's own code. One ACK each. */
int bot__bybit_batch(struct slice data, struct slice extra, struct slice request_id, bot_source source, struct emit *e);

/* "linear" or "inverse", by the name of the instrument: inverse ones end in USD or in USD and a delivery month. */
const char *bot__bybit_category(const bot_symbol *symbol);

int bot__bybit_decode_ws(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data);
int bot__bybit_decode_rest(struct venue_context *ctx, enum venue_call call, int http_status, const struct venue_header *headers,
                           uint32_t headers_n, struct slice body, venue_sink sink, void *user_data, struct venue_reply *ret);
int bot__bybit_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret);
int bot__bybit_encode_ws(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size);
int bot__bybit_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size);
int bot__bybit_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf, size_t size);
int bot__bybit_resubscribe_book(const bot_symbol *instrument, uint32_t index, char *buf, size_t size);
int bot__bybit_ping(bot_stream stream, char *buf, size_t size);
bot_stream bot__bybit_public_of(const bot_symbol *instrument, bool book);
int bot__bybit_path(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, const char *listen_key, char *buf, size_t size);

/* Budget scope that a call draws on. */
uint32_t bot__bybit_scope(enum venue_call call);
void bot__bybit_draw(enum venue_call call, uint32_t *ret_scope, uint32_t *ret_weight);
/* What a return code means. */
bot_outcome bot__bybit_outcome(int64_t code, enum venue_call call);

#endif
