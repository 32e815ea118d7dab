/* venue/bitflyer/bitflyer.h: what the files of the bitFlyer Lightning codec share.
 *
 * The dialect in short. JSON-RPC 2.0 over the socket, bare arrays and objects over REST, numbers as bare JSON numbers, often
 * with a trailing ".0", which is kept. Ids: an order has an acceptance id (JRF..., the answer to sendchildorder) and a child
 * order id (JFX.../JOR..., given later); the acceptance id is in every message, so that it is the order_id here and the child
 * order id is used only where the other is missing. There are no client ids.
 *
 * Exponents. No recorded message of the venue has one, but its public feeds are known to write the smallest sizes as 1E-08.
 * Such a number is exact: in public data it is turned into plain digits. In what is ours (executions, orders, lots) it is
 * refused with the rest of its message: a number in an unexpected form is the wrong place to be lenient.
 */
#ifndef BOT_VENUE_BITFLYER_H
#define BOT_VENUE_BITFLYER_H

#include "base/time_text.h"
#include "venue/codec.h"

struct bf_rows {
    struct emit   e;
    bot_source    source;
    struct slice  instrument; /* of the channel's name, or of the request */
    struct venue_scratch *scratch;
    struct venue_reply *reply;
    enum venue_call call;
    uint32_t      rows;
    char          why[96];    /* field and fault of the row that failed */
    /* Lots, summed over the rows of one answer. */
    bot_symbol    lots_of;
    bot_i128      lots_qty, lots_cost; /* signed; cost = sum of qty * price */
    bot_dec       lots_size, lots_price; /* of the first lot, as written; size signed */
    uint32_t      lots_n;
    bool          lots_cost_known;
};

int bot__bf_child_event_row(struct json *j, void *arg);
int bot__bf_execution_row(struct json *j, void *arg);
int bot__bf_order_row(struct json *j, void *arg);
int bot__bf_lot_row(struct json *j, void *arg);
void bot__bf_lots_finish(struct bf_rows *o);
int bot__bf_trade_row(struct json *j, void *arg);
int bot__bf_market_row(struct json *j, void *arg);
int bot__bf_balance_row(struct json *j, void *arg);

/* Objects rather than arrays of rows. */
int bot__bf_board(struct json *j, struct bf_rows *o, bool snapshot);
int bot__bf_ticker(struct json *j, struct bf_rows *o);
int bot__bf_board_state(struct json *j, struct bf_rows *o);
int bot__bf_collateral(struct json *j, struct bf_rows *o);
int bot__bf_accepted(struct json *j, struct bf_rows *o);

/* Decimal text, or digits with an exponent, exactly. BOT_ERR_OVERFLOW beyond 38 digits either way. */
int bot__bf_number(struct slice text, bot_dec *ret);

int bot__bf_decode_ws(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data);
int bot__bf_decode_rest(struct venue_context *ctx, enum venue_call call, int http_status, const struct venue_header *headers,
                        uint32_t headers_n, struct slice body, venue_sink sink, void *user_data, struct venue_reply *ret);
int bot__bf_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret);
int bot__bf_ws_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size);
int bot__bf_ws_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf,
                         size_t size);

enum bf_scope { BF_SCOPE_IP, BF_SCOPE_ACCOUNT, BF_SCOPE_ORDERS, BF_SCOPES };
uint32_t bot__bf_scope(enum venue_call call); /* that a call draws on */

#define BF_LEVERAGED "FX_BTC_JPY" /* the only product with positions */
#define BF_PAGE_ROWS 100
#define BF_ID_AUTH 1u
#define BF_ID_SUBSCRIBE 100u /* + index */

#endif
