/* venue/binance/binance.h: what the files of the Binance USD-M codec share.
 *
 * The dialect in short. Payloads use one-letter keys whose case matters ("e" the kind, "E" the send time), wrapped as
 * {"stream":...,"data":...} on combined streams and bare on others. Numbers of money are strings, ids bare integers.
 * A fill is the part l/L/t of ORDER_TRADE_UPDATE; trade ids are unique within an instrument. TRADE_LITE tells the same
 * fill earlier but without its fee: it is passed over, because the first telling of a trade id is the one that counts.
 * Books and trades of COIN-M and spot share the shape and are read as well; nothing else of theirs is.
 */
#ifndef BOT_VENUE_BINANCE_H
#define BOT_VENUE_BINANCE_H

#include "venue/codec.h"

enum binance_scope { BINANCE_SCOPE_WEIGHT, BINANCE_SCOPE_ORDERS, BINANCE_SCOPES };

#define BINANCE_FILLS_PAGE 1000 /* the venue's maximum for userTrades and income */
#define BINANCE_CLIENT_ID_MAX 36
#define BINANCE_CLIENT_ID_ALPHABET "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.:/_-"
#define BINANCE_BOOK_LIMIT 1000

struct binance_rows {
    struct emit          e;
    bot_source           source;
    struct venue_context *ctx;
    int64_t              time_ns;  /* of the message, for rows without a time of their own */
    uint32_t             rows;     /* read, whether they gave an event or not */
    int64_t              last_id;  /* greatest fill id of the page */
    int64_t              first_ns, last_ns; /* of a page of the log: its oldest and newest time */
    bool                 funding;  /* balance rows are about funding */
    bot_symbol           instrument;
};

/* One payload: the texts of its one-letter members, and what is not a text. */
enum { BINANCE_LETTERS = 64 }; /* 'A'..'z' less 'A' */
#define BINANCE_AT(c) ((unsigned)(c) - 'A')
struct binance_payload {
    uint64_t     seen;
    struct slice stream, pu, last_id, symbol;
    struct slice order, account, config, trigger; /* raw objects "o", "a", "ac"/"ai", "or" */
    struct slice id, status, result, error, code, msg;
    bool         has_id, has_result, has_bids, has_asks, enclosed, ahead;
    const bot_level *bids, *asks;
    uint32_t     bids_n, asks_n, levels_n;
    struct slice letter[BINANCE_LETTERS]; /* last: not cleared, valid where seen */
};
static inline struct slice bot__binance_letter(const struct binance_payload *p, char c)
{
    return p->seen >> BINANCE_AT(c) & 1 ? p->letter[BINANCE_AT(c)] : (struct slice){ NULL, 0 };
}

/* Row readers for bot__rows_each; arg is struct binance_rows. */
int bot__binance_position_row(struct json *j, void *arg);  /* positionRisk, v2 and v3 */
int bot__binance_fill_row(struct json *j, void *arg);      /* userTrades */
int bot__binance_order_row(struct json *j, void *arg);     /* openOrders, order; also algo orders */
int bot__binance_balance_row(struct json *j, void *arg);
int bot__binance_income_row(struct json *j, void *arg);
int bot__binance_instrument_row(struct json *j, void *arg);
int bot__binance_trade_row(struct json *j, void *arg);     /* trades, aggTrades: for the context's instrument */

/* Private events of the socket. p: the payload around it. */
int bot__binance_order_update(struct binance_rows *o, struct json *j); /* the value of "o" */
int bot__binance_account_update(struct binance_rows *o, const struct binance_payload *p);
int bot__binance_algo_update(struct binance_rows *o, const struct binance_payload *p);
int bot__binance_trigger_reject(struct binance_rows *o, const struct binance_payload *p);

/* Public ones. */
int bot__binance_book(struct binance_rows *o, const struct binance_payload *p, bool snapshot);
int bot__binance_trade(struct binance_rows *o, const struct binance_payload *p);
/* Unix ms text -> ns; 0 when absent. False when unreadable. */
bool bot__binance_ms(struct slice text, int64_t *ret_ns);

/* Reads a whole message into *p: BOT_OK or the reader's error. o and held: to read orders ahead (then p->ahead says that the
 * events are held), both NULL where that is not wanted. */
int bot__binance_read(struct venue_context *ctx, struct slice msg, struct binance_rows *o, struct emit_held *held, struct binance_payload *p);

/* What an error says about a request; words are the venue's. */
bot_outcome bot__binance_outcome(int64_t code, int http_status, struct slice words, enum venue_call call);

int bot__binance_decode_ws(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data);
int bot__binance_decode_rest(struct venue_context *ctx, enum venue_call call, int http_status, const struct venue_header *headers,
                             uint32_t headers_n, struct slice body, venue_sink sink, void *user_data, struct venue_reply *ret);
int bot__binance_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret);
void bot__binance_draw(enum venue_call call, uint32_t *ret_scope, uint32_t *ret_weight);
int bot__binance_encode_ws(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size);
int bot__binance_ws_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size);
int bot__binance_ws_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf,
                              size_t size);
bot_stream bot__binance_ws_public_of(const bot_symbol *instrument, bool book);
int bot__binance_ws_path(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, const char *listen_key, char *buf,
                         size_t size);

#endif
