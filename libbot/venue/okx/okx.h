/* venue/okx/okx.h: what the files of the OKX v5 codec share.
 *
 * The dialect in short. Everything is a string, "" is absent. Quantities are contracts and stay so (an instrument's
 * multiplier is ctVal x ctMult). Fees are negative when paid: the sign is turned here. One push of the orders channel is
 * both a state of an order and, when something was matched, a fill; tradeId is unique within an instrument only.
 */
#ifndef BOT_VENUE_OKX_H
#define BOT_VENUE_OKX_H

#include "base/time_text.h"
#include "venue/codec.h"

/* Cumulative fees of recent orders: a push without fillFee says only the sum, and the fill's own fee is its growth. */
#define OKX_FEES_MAX 32
struct okx_fee {
    bot_id   order;
    bot_i128 filled, paid, last; /* after the newest push seen; last: fee of its fill */
    bool     last_known;
};
struct okx_state {
    struct okx_fee fees[OKX_FEES_MAX];
    uint32_t       next;
};

struct okx_rows {
    struct emit       e;
    bot_source        source;
    struct okx_state *state; /* NULL: remembers nothing */
    struct venue_scratch *scratch;
    struct slice      instrument; /* of arg.instId, for rows that do not repeat it */
    bool              snapshot;   /* books: action */
    bot_id            request_id; /* acks over the socket */
    struct venue_reply *reply;    /* REST: cursor, ids, codes go here */
    enum venue_call   call;
    struct slice      positions;  /* of an answer that has rows of both margin modes: all its rows */
    bot_id            last_id;    /* of the last row: the next page's cursor */
    char              why[96];    /* field and fault of the row that failed */
};

/* Row readers, for bot__rows_each; arg is struct okx_rows. */
int bot__okx_order_row(struct json *j, void *arg);       /* REST: ORDER */
int bot__okx_order_push_row(struct json *j, void *arg);  /* socket: FILL (if any), then ORDER */
int bot__okx_fill_row(struct json *j, void *arg);
int bot__okx_position_row(struct json *j, void *arg);
int bot__okx_balance_row(struct json *j, void *arg);     /* account channel, REST balance */
int bot__okx_balance_position_row(struct json *j, void *arg);
int bot__okx_instrument_row(struct json *j, void *arg);
int bot__okx_trade_row(struct json *j, void *arg);
int bot__okx_book_row(struct json *j, void *arg);
int bot__okx_ack_row(struct json *j, void *arg);
int bot__okx_bill_row(struct json *j, void *arg);
int bot__okx_status_row(struct json *j, void *arg);
int bot__okx_time_row(struct json *j, void *arg);

/* "51008", 51008, "51008_1000" -> 51008. False for anything else. */
bool bot__okx_code(struct slice text, int64_t *ret_code);
/* What a code (of the envelope, a row or an event) says about a request. */
bot_outcome bot__okx_outcome(int64_t code, enum venue_call call);
/* Budget scope that a call draws on: enum okx_scope. */
uint32_t bot__okx_scope(enum venue_call call);
enum venue_call bot__okx_op_call(struct slice op);

int bot__okx_decode_ws(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data);
int bot__okx_decode_rest(struct venue_context *ctx, enum venue_call call, int http_status, const struct venue_header *headers,
                         uint32_t headers_n, struct slice body, venue_sink sink, void *user_data, struct venue_reply *ret);
int bot__okx_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret);
int bot__okx_ws_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size);
int bot__okx_ws_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf,
                          size_t size);
int bot__okx_ws_resubscribe_book(const bot_symbol *instrument, uint32_t index, char *buf, size_t size);
int bot__okx_ws_ping(bot_stream stream, char *buf, size_t size);

/* Scopes of the table of facts, in its order. */
enum okx_scope {
    OKX_SCOPE_PUBLIC,
    OKX_SCOPE_ACCOUNT,
    OKX_SCOPE_FILLS,
    OKX_SCOPE_ORDERS,
    OKX_SCOPE_PLACE,
    OKX_SCOPE_AMEND,
    OKX_SCOPE_CANCEL,
    OKX_SCOPE_DEAD_MAN,
    OKX_SCOPES,
};

#define OKX_PAGE_ROWS 100 /* the venue's maximum for fills, bills and pending orders */
#define OKX_BATCH_MAX 20
#define OKX_CLIENT_ID_MAX 32

#endif
