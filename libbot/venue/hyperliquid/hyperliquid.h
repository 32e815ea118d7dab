/* venue/hyperliquid/hyperliquid.h: what the files of the Hyperliquid codec share. */
#ifndef BOT_VENUE_HYPERLIQUID_H
#define BOT_VENUE_HYPERLIQUID_H

#include "venue/codec.h"

#define HL_COINS_MAX 64

/* The first trades message of a coin after subscribing repeats the last ones (measured). */
struct hl_state {
    uint64_t coins[HL_COINS_MAX]; /* hashes; 0 is free */
};

struct hl_rows {
    struct emit   e;
    bot_source    source;
    struct slice  user;
    struct venue_scratch *scratch;
    struct hl_state *state;
    struct venue_reply *reply;
    int64_t       state_ns;   /* of a positions answer: the time of the whole */
    int64_t       first_ms, last_ms;
    uint32_t      rows;
    bool          replayed;
    char          why[96];    /* field and fault of the row that failed */
};

/* Row readers, for bot__rows_each; arg is struct hl_rows. */
int bot__hl_fill_row(struct json *j, void *arg);
int bot__hl_order_row(struct json *j, void *arg);        /* REST */
int bot__hl_order_update_row(struct json *j, void *arg); /* socket */
int bot__hl_funding_row(struct json *j, void *arg);      /* REST: the time stands outside its delta */
int bot__hl_funding_push_row(struct json *j, void *arg);
int bot__hl_trade_row(struct json *j, void *arg);

/* Whole values. */
int bot__hl_clearinghouse(struct json *j, struct hl_rows *o);
int bot__hl_universe(struct json *j, struct hl_rows *o);
int bot__hl_book(struct json *j, struct hl_rows *o);

int bot__hl_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret);
int bot__hl_ws_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size);
int bot__hl_ws_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf,
                         size_t size);
int bot__hl_ws_ping(bot_stream stream, char *buf, size_t size);

#endif
