/* sim/exchange.h: a small derivatives exchange: order books with price-time priority, accounts, fees, funding,
 * liquidation. It speaks no venue's dialect; sim/venue.h puts one in front of it.
 *
 * Pure: time is an argument (Unix nanoseconds of the venue's own clock, never going back), memory comes from the
 * allocator given at the start, everything is drawn from the seed. The same calls give the same events.
 *
 * Numbers. Quantities are whole lots, prices whole ticks of the instrument; money is fixed point with 18 fractional
 * digits (bot_money). The value of a linear trade is exact; the value of an inverse one (quantity / price) is rounded
 * half-even at 1e-18, the same amount for both sides. Hence, to the last digit, at any time and per instrument:
 *     sum of positions over all accounts, the house included = 0
 *     sum of (realised PnL - signed cost of the open position) over all accounts, the house included = 0
 *     (inverse: realised PnL + signed cost)
 *     fees paid by all accounts = what the venue took in
 *
 * Account 0 is the house: the anonymous rest of the market, without margin, liquidation or events. sim/flow.h trades
 * through it. Accounts 1.. are clients.
 *
 * What happens is told through one callback, in the order in which it happens; a call's last event is
 * EXCHANGE_EV_END. The callback must not call into the exchange.
 */
#ifndef BOT_SIM_EXCHANGE_H
#define BOT_SIM_EXCHANGE_H

#include "alloc.h"
#include "bot/decimal.h"
#include "bot/err.h"
#include "bot/types.h"

#define EXCHANGE_INSTRUMENTS_MAX 16
#define EXCHANGE_LINK_ID_MAX 36
#define EXCHANGE_HOUSE 0u

struct exchange_instrument {
    bot_symbol   symbol;
    bot_contract contract; /* BOT_LINEAR or BOT_INVERSE */
    bot_currency base, quote, settle;
    bot_dec      tick, lot; /* > 0 */
    int64_t      lots_min, lots_max, lots_max_market; /* of one order */
    bot_money    notional_min; /* of one order in the quote currency; 0 none */
    int32_t      maker_fee_e8, taker_fee_e8; /* 1e-8 of the value; negative: a rebate */
    uint32_t     leverage;        /* initial margin = value / leverage */
    uint32_t     maintenance_bps; /* of the value: below it the position is liquidated */
    uint32_t     band_bps;        /* limit prices further than this from the mark are refused; 0: no band */
    int64_t      price_ticks;     /* where trading starts */
};
/* BTCUSDT (linear, tick 0.10, lot 0.001), ETHUSDT (linear, 0.01, 0.01), BTCUSD (inverse, 0.50, 1), in that order. */
uint32_t bot__exchange_instruments_default(struct exchange_instrument *ret, uint32_t max);

/* Why a request was refused. Zero: it was taken. */
enum exchange_refusal {
    EXCHANGE_TAKEN,
    EXCHANGE_BAD_INSTRUMENT,
    EXCHANGE_BAD_QTY,          /* not positive, below the minimum, above the maximum */
    EXCHANGE_BAD_PRICE,        /* not positive */
    EXCHANGE_PRICE_BAND,
    EXCHANGE_BELOW_NOTIONAL,
    EXCHANGE_NO_BALANCE,
    EXCHANGE_REDUCE_ONLY,      /* would not reduce */
    EXCHANGE_BAD_LEG,          /* does not fit the position mode */
    EXCHANGE_DUPLICATE_LINK,
    EXCHANGE_TOO_MANY_ORDERS,
    EXCHANGE_NOT_FOUND,
    EXCHANGE_ALREADY_DONE,     /* filled or cancelled before */
    EXCHANGE_NOTHING_CHANGED,
    EXCHANGE_MODE_IN_USE,      /* position mode cannot change with a position or orders */
    EXCHANGE_CLOSED,           /* no new orders: cancel-only or halted */
    EXCHANGE_HALTED,           /* not even cancels */
};

/* Why an order ended without being filled. */
enum exchange_end {
    EXCHANGE_END_NONE,
    EXCHANGE_END_BY_USER,
    EXCHANGE_END_POST_ONLY,    /* would have taken */
    EXCHANGE_END_NO_FILL,      /* IOC or FOK remainder, market order without counterpart */
    EXCHANGE_END_REDUCE_ONLY,  /* the position shrank under it */
    EXCHANGE_END_LIQUIDATION,
    EXCHANGE_END_BY_VENUE,
};

enum exchange_origin { EXCHANGE_BY_USER, EXCHANGE_BY_LIQUIDATION, EXCHANGE_BY_ADL };

struct exchange_request {
    uint32_t       account;
    uint16_t       instrument;
    bot_side       side;
    bot_order_type type;
    bot_tif        tif;
    bot_leg        leg; /* NET in one-way mode, else LONG or SHORT: the leg that it opens or closes */
    bool           reduce_only;
    int64_t        lots, price_ticks; /* price: LIMIT only */
    char           link_id[EXCHANGE_LINK_ID_MAX + 1]; /* "" none; unique among the orders remembered of the account */
    enum exchange_origin origin;
};

struct exchange_order {
    uint64_t         id; /* from 1, ascending */
    uint32_t         account;
    uint16_t         instrument;
    uint8_t          side, type, tif, leg, status; /* enum bot_* */
    uint8_t          end, origin;
    bool             reduce_only;
    int64_t          price_ticks; /* of a market order: the cap it may pay */
    int64_t          lots, cum_lots;
    int64_t          leaves_lots; /* 0 once final */
    bot_money        cum_value, cum_fee; /* value: quote currency (linear), settle currency (inverse) */
    int64_t          created_ns, updated_ns;
    int64_t          mark_ticks_created;
    char             link_id[EXCHANGE_LINK_ID_MAX + 1];
    /* The exchange's own. */
    uint32_t next, prev, next_by_id, next_by_link, next_done, level_side;
    uint64_t link_hash, version;
};

struct exchange_fill {
    uint64_t      id; /* from 1, ascending over the whole exchange */
    uint64_t      trade; /* the number that both sides of it have in common, as exchange_trade.id; of a funding row 0 */
    uint64_t      order_id;
    uint32_t      account;
    uint16_t      instrument;
    uint8_t       side, kind, liquidity, leg, type; /* kind: bot_fill_kind; BOT_FILL_NONE marks a funding row */
    uint8_t       origin;
    int64_t       seq; /* shared by everything concluded together */
    int64_t       ns;
    int64_t       lots, price_ticks; /* funding: the position's size and the mark */
    int64_t       closed_lots; /* part that closed a position */
    int64_t       leaves_lots, order_lots, order_price_ticks, mark_ticks;
    bot_money     value, fee; /* fee: paid is positive; funding: paid is positive */
    bot_money     pnl; /* realised by it */
    int32_t       fee_e8;
    char          link_id[EXCHANGE_LINK_ID_MAX + 1];
};

/* One leg. Signed: a short is negative on every leg. */
struct exchange_position {
    int64_t   lots;
    bot_money cost; /* signed like lots; entry price is cost / size (inverse: size / cost) */
    bot_money realised, fees, funding; /* since the start; funding and fees: paid is positive */
    int64_t   seq, created_ns, updated_ns; /* seq, time of the last change */
    uint32_t  fills;
};

struct exchange_trade {
    uint64_t id;
    bot_side side; /* of the taker */
    int64_t  lots, price_ticks, ns, seq;
};

enum exchange_event_kind {
    EXCHANGE_EV_ORDER,    /* .order */
    EXCHANGE_EV_FILL,     /* .fill (funding rows too) */
    EXCHANGE_EV_POSITION, /* .leg; read it with bot__exchange_position */
    EXCHANGE_EV_WALLET,   /* of .account and the instrument's settle currency */
    EXCHANGE_EV_TRADE,    /* .trade, public */
    EXCHANGE_EV_BOOK,     /* the book of .instrument changed */
    EXCHANGE_EV_END,      /* the call is over */
};
struct exchange_event {
    enum exchange_event_kind kind;
    uint32_t account;
    uint16_t instrument;
    bot_leg  leg;
    int64_t  ns, seq;
    const struct exchange_order *order; /* borrowed for the call */
    const struct exchange_fill  *fill;
    const struct exchange_trade *trade;
};

struct exchange_options {
    uint64_t seed;
    const struct exchange_instrument *instruments; /* copied */
    uint32_t instruments_n;  /* 1 .. EXCHANGE_INSTRUMENTS_MAX */
    uint32_t accounts_max;   /* 8: clients */
    uint32_t orders_max;     /* 16384: orders held, the finished ones of clients included (oldest forgotten first) */
    uint32_t open_per_instrument_max; /* 500: active orders of one account in one instrument */
    uint32_t fills_max;      /* 16384: fills remembered per account */
    uint32_t history_max;    /* 8192: past states of orders and positions remembered per account, for stale answers */
    uint32_t levels_max;     /* 512: price levels a side and book */
    void    *self;
    void   (*event)(void *self, const struct exchange_event *ev); /* may be NULL */
};
void bot__exchange_options_init(struct exchange_options *o);

struct exchange;
/* NULL: an option is out of its range, or no memory. */
struct exchange *bot__exchange_new(const struct exchange_options *o, struct sim_alloc alloc, int64_t now_ns);
void bot__exchange_free(struct exchange *x); /* takes NULL */

/* A client with that much of every settle currency. Number from 1, or BOT_ERR_FULL. */
int  bot__exchange_account_add(struct exchange *x, bot_money balance);
/* False: this account is never liquidated. Default true. */
void bot__exchange_liquidation_set(struct exchange *x, uint32_t account, bool on);
/* CLOSED: cancels pass; HALTED: nothing does, nothing matches, the house included. */
enum exchange_mode { EXCHANGE_OPEN, EXCHANGE_CANCEL_ONLY, EXCHANGE_MODE_HALTED };
void bot__exchange_mode_set(struct exchange *x, enum exchange_mode mode);
enum exchange_mode bot__exchange_mode(const struct exchange *x);

/* ---- requests: enum exchange_refusal ---------------------------------------------------------------------- */
/* ret_id is written when the order was taken, that is also when it ended at once (post-only, IOC, no counterpart). */
int bot__exchange_submit(struct exchange *x, int64_t now_ns, const struct exchange_request *r, uint64_t *ret_id);
/* New total quantity and price; 0 leaves either. Lower quantity at the same price keeps the place in the queue. */
int bot__exchange_amend(struct exchange *x, int64_t now_ns, uint32_t account, uint64_t id, int64_t lots, int64_t price_ticks);
int bot__exchange_cancel(struct exchange *x, int64_t now_ns, uint32_t account, uint64_t id);
/* All of the account's orders in the instrument (at most 500); the count. */
int bot__exchange_cancel_all(struct exchange *x, int64_t now_ns, uint32_t account, uint16_t instrument);
/* One-way (false) or hedge mode. */
int bot__exchange_hedge_set(struct exchange *x, uint32_t account, uint16_t instrument, bool hedge);
bool bot__exchange_hedge(const struct exchange *x, uint32_t account, uint16_t instrument);

/* ---- what the venue does of itself ------------------------------------------------------------------------ */
/* Everyone who holds pays rate_e8 * value at the mark (receives it when negative, or when short). */
void bot__exchange_fund(struct exchange *x, int64_t now_ns, uint16_t instrument, int32_t rate_e8);
/* Closes up to `lots` of the account's position (0: all) with orders that nobody sent. The lots closed. */
int64_t bot__exchange_liquidate(struct exchange *x, int64_t now_ns, uint32_t account, uint16_t instrument, int64_t lots);
int64_t bot__exchange_adl(struct exchange *x, int64_t now_ns, uint32_t account, uint16_t instrument, int64_t lots);
/* After a maintenance sequences may begin anew. */
void bot__exchange_seq_restart(struct exchange *x, uint16_t instrument, int64_t seq);

/* ---- the truth ------------------------------------------------------------------------------------------------ */
struct exchange_truth {
    bot_qty   position;            /* net, signed */
    bot_qty   long_leg, short_leg; /* hedge mode; short_leg is negative */
    bot_qty   open_buy, open_sell; /* everything resting that may still fill, reduce-only orders included */
    bot_qty   open_long, open_short; /* hedge mode: of those the buys of the long leg, the sells of the short one */
    bot_money realised, fees, funding, unrealised; /* settle currency; unrealised at the mark */
    bot_px    mark, entry;         /* entry 0 when flat or in hedge mode */
    uint32_t  open_orders;
    uint64_t  fills;
    int64_t   changed_ns;          /* of the position */
};
void bot__exchange_truth(const struct exchange *x, uint32_t account, uint16_t instrument, struct exchange_truth *ret);
/* Rises with every change of the account's positions and resting orders there: as long as it stays, so does the truth but for
 * mark and unrealised result. */
uint64_t bot__exchange_changes(const struct exchange *x, uint32_t account, uint16_t instrument);
const struct exchange_position *bot__exchange_position(const struct exchange *x, uint32_t account, uint16_t instrument, bot_leg leg);
bot_money bot__exchange_balance(const struct exchange *x, uint32_t account, const bot_currency *currency);
bot_money bot__exchange_venue_fees(const struct exchange *x, uint16_t instrument);
uint32_t bot__exchange_accounts(const struct exchange *x); /* the house included */
uint32_t bot__exchange_instruments(const struct exchange *x);
const struct exchange_instrument *bot__exchange_instrument(const struct exchange *x, uint16_t i);
int bot__exchange_instrument_find(const struct exchange *x, const char *symbol, size_t len); /* index, or -1 */
int64_t bot__exchange_seq(const struct exchange *x, uint16_t instrument);
int64_t bot__exchange_mark(const struct exchange *x, uint16_t instrument); /* ticks: middle of the book, else the last trade */
int64_t bot__exchange_last(const struct exchange *x, uint16_t instrument);

/* By id or by link id; NULL when unknown or forgotten. Borrowed until the next request. */
const struct exchange_order *bot__exchange_order(const struct exchange *x, uint32_t account, uint64_t id);
const struct exchange_order *bot__exchange_order_by_link(const struct exchange *x, uint32_t account, const char *link_id);

/* Best first. The number written. */
struct exchange_level {
    int64_t price_ticks, lots;
    uint32_t orders;
};
uint32_t bot__exchange_book(const struct exchange *x, uint16_t instrument, bot_side side, struct exchange_level *ret, uint32_t max);

/* The account's orders as they were at `as_of_ns` (INT64_MAX: now), which reaches back as far as history_max; newest
 * first. instrument -1: all. The number written, at most max; of the open ones the newest are left out last. */
enum exchange_which { EXCHANGE_ORDERS_OPEN, EXCHANGE_ORDERS_DONE };
uint32_t bot__exchange_orders_at(const struct exchange *x, uint32_t account, int instrument, int64_t as_of_ns, enum exchange_which which,
                                 struct exchange_order *ret, uint32_t max);
/* The account's orders, fills or positions are not what they were then. */
bool bot__exchange_changed_since(const struct exchange *x, uint32_t account, int64_t ns);
/* One order that had ended by then, by its number or, where that is 0, by its link id; false: not known, or not ended. */
bool bot__exchange_order_done_at(const struct exchange *x, uint32_t account, uint64_t id, const char *link_id, int64_t as_of_ns, struct exchange_order *ret);
/* Fills, funding rows among them: index 0 is the newest not later than as_of_ns; false behind the oldest remembered. */
bool bot__exchange_fill_at(const struct exchange *x, uint32_t account, int64_t as_of_ns, uint32_t index, struct exchange_fill *ret);
void bot__exchange_position_at(const struct exchange *x, uint32_t account, uint16_t instrument, bot_leg leg, int64_t as_of_ns,
                               struct exchange_position *ret);

/* Counters for tests. */
struct exchange_stats {
    uint64_t submits, refused, trades, self_trades, fills, cancels; /* self_trades: of a client with himself */
};
struct exchange_stats bot__exchange_stats(const struct exchange *x);

/* ---- lots and ticks as numbers -------------------------------------------------------------------------------- */
bot_qty   bot__exchange_qty(const struct exchange_instrument *in, int64_t lots);
bot_px    bot__exchange_px(const struct exchange_instrument *in, int64_t ticks);
/* BOT_ERR_MALFORMED when it is no whole number of them. */
int bot__exchange_lots(const struct exchange_instrument *in, bot_dec qty, int64_t *ret_lots);
int bot__exchange_ticks(const struct exchange_instrument *in, bot_dec price, int64_t *ret_ticks);
bot_money bot__exchange_value(const struct exchange_instrument *in, int64_t lots, int64_t ticks);
/* Entry price of a position, rounded half-even to 18 digits; 0 when flat. */
bot_px bot__exchange_entry(const struct exchange_instrument *in, const struct exchange_position *p);

#endif
