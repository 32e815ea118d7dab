/* core/silent.h: which stream is dead, by evidence from the others.
 *
 * A socket that answers pings proves nothing about its topics. What does:
 *   - the public tape trades through the price of an order of ours that rests there, and the private stream, which
 *     must tell of its fill, says nothing: PRIVATE_TRADED_THROUGH. A trade beyond the price proves it, however small
 *     (price-time priority cannot skip us); a trade at the price only when its quantity clears the queue, which we do
 *     not know, so that is not used;
 *   - REST says that an order of ours filled, and the private stream has not: PRIVATE_FILLED_PER_REST;
 *   - the book moves and trades do not, or the reverse: TRADES_DEAD, BOOK_DEAD; neither does: FEED_DEAD.
 *
 * Pure: no clock, no allocation, fixed memory; all times are the host's monotonic clock.
 */
#ifndef BOT_CORE_SILENT_H
#define BOT_CORE_SILENT_H

#include "bot/types.h"

/* ---- the private stream ---- */

typedef enum bot__private_reason {
    BOT__PRIVATE_OK,
    BOT__PRIVATE_TRADED_THROUGH,  /* suspect: ask the venue about that order */
    BOT__PRIVATE_FILLED_PER_REST, /* confirmed */
} bot__private_reason;

typedef struct bot__private_options {
    bot_ts grace_ns; /* 1 s. The private message may come this much after the public one. */
} bot__private_options;

#define BOT__PRIVATE_WITNESSES 16 /* suspicions remembered at a time; further ones replace the youngest */

typedef struct bot__private_view {
    bot__private_reason reason; /* OK: nothing speaks against the stream */
    bot_ts  since;              /* of the reason; BOT_TS_NEVER when OK */
    bot_id  client_id;          /* the order that gave it away: query this one */
    uint64_t suspected, cleared; /* how often since init */
} bot__private_view;

/* Fields are silent.c's own. */
struct bot__private {
    bot__private_options opts;
    bot_ts now;
    struct {
        bool   used, per_rest;
        bot_id client_id;
        bot_ts at; /* of the evidence */
    } witness[BOT__PRIVATE_WITNESSES];
    bot__private_view view;
};

void bot__private_init(struct bot__private *p, const bot__private_options *opts /* NULL: defaults */);

/* A public trade at `price` went by an order of ours that rests (acknowledged open, not post-cancelled): call it for
 * each such order of the instrument. Returns whether the trade is evidence: the price is beyond the order's (below a
 * buy, above a sell) and matched after the order was known to rest. venue_ns and resting_since_venue_ns: venue clock,
 * 0 when unknown; where both are known an older trade is no evidence, otherwise a trade that arrives within grace of
 * resting_since is none. */
bool bot__private_trade(struct bot__private *p, bot_ts now, bot_px price, int64_t venue_ns, const bot_id *client_id,
                        bot_side order_side, bot_px order_price, bot_ts resting_since, int64_t resting_since_venue_ns);
/* REST told of more filled than the private stream did. */
void bot__private_rest_fill(struct bot__private *p, bot_ts now, const bot_id *client_id);
/* The private stream spoke about this order (a fill, an end, an amendment): its witness is gone. */
void bot__private_heard(struct bot__private *p, bot_ts now, const bot_id *client_id);
/* The stream was replaced and everything backfilled. */
void bot__private_reset(struct bot__private *p, bot_ts now);

bot_ts bot__private_deadline(const struct bot__private *p);
/* True when the reason changed. */
bool bot__private_tick(struct bot__private *p, bot_ts now);
void bot__private_get(const struct bot__private *p, bot__private_view *ret_view);
/* "none", "traded_through", "filled_per_rest". */
const char *bot__private_reason_name(bot__private_reason reason);

/* ---- the public feed of one instrument ---- */

typedef enum bot__feed_reason {
    BOT__FEED_OK,
    BOT__FEED_QUIET,       /* ok: one is silent, but too little of the other came meanwhile to prove anything */
    BOT__FEED_TRADES_DEAD, /* the book moves as ever, trades do not come */
    BOT__FEED_BOOK_DEAD,   /* trades come, the book stands still */
    BOT__FEED_DEAD,        /* neither comes */
} bot__feed_reason;

typedef struct bot__feed_options {
    bot_ts book_limit_ns; /* 3 s. The book is never called silent before. */
    double margin;        /* 4. Silent is this many times the longest pause seen in memory_ns. */
    bot_ts memory_ns;     /* 30 min */
    uint32_t trades_min;  /* 5. Distinct trade times within the book's silence that prove the market alive. */
    uint32_t books_min;   /* 10. The same for book messages within the trades' silence. */
} bot__feed_options;

/* Fields are silent.c's own. */
struct bot__feed {
    bot__feed_options opts;
    bot_ts   now, last_trade, last_book, slot_until, since;
    bot_ts   book_pause[4], trade_pause[4];
    uint64_t trades, books;
    uint32_t trades_since_book, books_since_trade;
    bot__feed_reason reason;
};

void bot__feed_init(struct bot__feed *f, const bot__feed_options *opts /* NULL: defaults */, bot_ts now);
void bot__feed_trade(struct bot__feed *f, bot_ts now);
void bot__feed_book(struct bot__feed *f, bot_ts now);
bot_ts bot__feed_deadline(const struct bot__feed *f);
/* True when the reason changed. */
bool bot__feed_tick(struct bot__feed *f, bot_ts now);
bot__feed_reason bot__feed_get(const struct bot__feed *f, bot_ts *ret_since);
static inline bool bot__feed_ok(bot__feed_reason r) { return r == BOT__FEED_OK || r == BOT__FEED_QUIET; }
/* "none", "market_quiet", "trades_dead", "book_dead", "feed_dead". */
const char *bot__feed_reason_name(bot__feed_reason reason);

#endif
