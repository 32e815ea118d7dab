/* The exchange's insides, for its own files. Each stands on those below it:
 *
 * exchange.c          life, and what clients ask for
 * exchange_venue.c    what the venue does of itself; the end of a call
 * exchange_match.c    orders against the book
 * exchange_account.c  positions, money, margin           exchange_truth.c  what can be asked
 * exchange_book.c     the table of orders, and those that rest by price
 * exchange_units.c    lots, ticks and values as numbers
 */
#ifndef BOT_SIM_EXCHANGE_STATE_H
#define BOT_SIM_EXCHANGE_STATE_H

#include "sim/exchange.h"

#define NONE UINT32_MAX
#define CURRENCIES_MAX 8
#define LEGS 3 /* bot_leg - BOT_LEG_NET */

/* A price with its orders, oldest first. */
struct level {
    int64_t  price;
    int64_t  lots;
    uint32_t head, tail, n;
};

/* One side: sorted so that the best price stands last, where inserting and removing is cheap. */
struct side {
    struct level *levels;
    uint32_t      n;
};

struct instrument {
    struct exchange_instrument def;
    struct side side[2]; /* 0 bids, 1 asks */
    int64_t     seq, last_price, mark;
    bot_i128    unit;    /* linear: value of one lot times one tick, 1e-18; inverse: lot * 1e18 / tick in 1e-18 */
    bot_money   fees;
    bool        book_changed;
};

/* One account's holding in one instrument. */
struct holding {
    struct exchange_position leg[LEGS];
    int64_t  open_lots[2];          /* resting, by side */
    int64_t  open_leg_lots[2];      /* of those, hedge mode: buys that open the long leg, sells that open the short one */
    bot_i128 open_price_lots[2];    /* sum of price * lots of those, for order margin */
    uint32_t open_orders, reduce_only_orders;
    uint64_t changes;               /* of anything above or in the legs */
    bool     hedge, touched[LEGS];
};

/* A state that an order was in, from order.updated_ns until replaced_ns. */
struct order_version {
    struct exchange_order order;
    int64_t replaced_ns; /* INT64_MAX: it still is */
};
struct position_version {
    struct exchange_position pos;
    int64_t  ns;
    uint16_t instrument;
    uint8_t  leg;
};

struct account {
    bot_money balance[CURRENCIES_MAX];
    bool      liquidation, wallet_touched[CURRENCIES_MAX];
    struct holding holding[EXCHANGE_INSTRUMENTS_MAX];
    struct exchange_fill *fills; /* ring */
    uint64_t fills_n;            /* ever */
    struct order_version *orders;
    uint64_t orders_n;
    struct position_version *positions;
    uint64_t positions_n;
};

struct exchange {
    struct exchange_options opt;
    struct sim_alloc  alloc;
    struct instrument instrument[EXCHANGE_INSTRUMENTS_MAX];
    bot_currency currency[CURRENCIES_MAX];
    uint32_t     currencies_n;
    struct account *account; /* accounts_max + 1 */
    uint32_t     accounts_n;
    struct exchange_order *order;
    uint32_t     free_head, done_head, done_tail; /* done: finished orders of clients, oldest first */
    uint32_t    *by_id, *by_link;
    uint32_t     hash_mask;
    uint64_t     next_order, next_fill, next_trade;
    enum exchange_mode mode;
    struct exchange_stats stats;
    int64_t      now, start_ns;
    uint32_t     touched[64]; /* accounts with changed orders or holdings in this call */
    uint32_t     touched_n;
};

static inline uint32_t side_index(uint8_t side) { return side == BOT_BUY ? 0 : 1; }
static inline struct exchange_position *leg_of(struct holding *h, uint8_t leg) { return &h->leg[leg - BOT_LEG_NET]; }

static inline int64_t abs64(int64_t v) { return v < 0 ? -v : v; }
static inline int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline void exchange_emit(struct exchange *x, struct exchange_event ev)
{
    if (x->opt.event == NULL) return;
    ev.ns = x->now;
    x->opt.event(x->opt.self, &ev);
}

/* exchange_units.c */
/* a * b / c, half-even. The formulas hold for |lots| < 2^40 and prices < 2^40 ticks, which the options' sane values keep; what
 * overflows 128 bits nevertheless is a bug in the instrument given, so it stops. */
bot_i128 bot__exchange_muldiv(bot_i128 a, bot_i128 b, bot_i128 c);
bot_i128 bot__exchange_unit(const struct exchange_instrument *def); /* instrument.unit */
static inline bot_i128 value_of(const struct exchange_instrument *def, bot_i128 unit, int64_t lots, int64_t ticks)
{
    if (lots == 0) return 0;
    return def->contract == BOT_LINEAR ? unit * lots * ticks : bot__exchange_muldiv(unit, lots, def->tick.coef * ticks);
}
static inline bot_i128 value(const struct instrument *in, int64_t lots, int64_t ticks) { return value_of(&in->def, in->unit, lots, ticks); }

/* exchange_book.c */
struct exchange_order *bot__exchange_order_new(struct exchange *x); /* NULL: no room */
void bot__exchange_order_index(struct exchange *x, struct exchange_order *o);
struct exchange_order *bot__exchange_find(struct exchange *x, uint32_t account, uint64_t id);
void bot__exchange_order_done(struct exchange *x, struct exchange_order *o);
bool bot__exchange_has_room(const struct exchange *x, uint16_t instrument, uint32_t s, int64_t price);
void bot__exchange_rest(struct exchange *x, struct exchange_order *o);
void bot__exchange_unrest(struct exchange *x, struct exchange_order *o);
/* A resting order loses `lots` of what is left, by a fill or by amending. */
void bot__exchange_shrink(struct exchange *x, struct exchange_order *o, int64_t lots);

/* exchange_account.c */
uint32_t bot__exchange_currency(const struct exchange *x, const bot_currency *c); /* its number, or NONE */
/* Applies one side of a trade to the account and emits its fill. */
void bot__exchange_apply(struct exchange *x, struct exchange_order *o, uint64_t trade, int64_t price, int64_t lots, bool maker, uint8_t kind);
/* Pays (or is paid, where negative) funding for the leg. */
void bot__exchange_pay_funding(struct exchange *x, uint32_t account, uint16_t instrument, uint8_t leg, int32_t rate_e8);
bot_i128 bot__exchange_unrealised(const struct instrument *in, const struct exchange_position *p);
/* Enough free balance for that much more open interest? */
bool bot__exchange_affords(const struct exchange *x, const struct exchange_request *r, int64_t price);
bool bot__exchange_below_maintenance(const struct exchange *x, uint32_t account, uint32_t currency);
void bot__exchange_remember_position(struct exchange *x, uint32_t account, uint16_t instrument, uint8_t leg);
/* Its state is kept, and told where it is a client's. */
void bot__exchange_tell_order(struct exchange *x, struct exchange_order *o);

/* exchange_match.c */
int  bot__exchange_place(struct exchange *x, const struct exchange_request *r, uint64_t *ret_id);
/* Matches a live order that is not in the book, and rests or ends what is left. */
void bot__exchange_work(struct exchange *x, struct exchange_order *o);
void bot__exchange_remove(struct exchange *x, struct exchange_order *o, enum exchange_end why);
/* All of the account's orders in the instrument, up to max; the count. */
uint32_t bot__exchange_remove_all(struct exchange *x, uint32_t account, uint16_t instrument, enum exchange_end why, uint32_t max);
void bot__exchange_reduce_only_trim(struct exchange *x, uint32_t account, uint16_t instrument);
bool bot__exchange_out_of_band(const struct instrument *in, bot_side side, int64_t price);

/* exchange_venue.c */
void bot__exchange_call_begin(struct exchange *x, int64_t now_ns);
/* Everything that is said once a call, however often it changed inside: positions, wallets, books. */
void bot__exchange_call_end(struct exchange *x);

#endif
