/* core/ledger.h: the exact position of one account, from its own executions.
 *
 * Arithmetic: core/position.h, the cash-flow invariant among it.
 *
 * Owners. Each bot has a sub-ledger, and what no bot ordered belongs to LEDGER_EXTERNAL. For each instrument and leg the
 * owners' qty, fees, funding and (realised + k * cost) add up to the account's, always, exactly. (Their costs alone need
 * not: one bot long and another short are two costs and a flat account.)
 *
 * Failure leaves everything as it was. No allocation after init, no clock.
 */
#ifndef BOT_CORE_LEDGER_H
#define BOT_CORE_LEDGER_H

#include "bot/event.h"
#include "core/dedupe.h"
#include "core/derive.h"
#include "core/instrument.h"
#include "core/path.h"
#include "core/position.h"

#define LEDGER_EXTERNAL UINT32_MAX /* owner: manual orders, liquidations, whatever no bot of ours ordered */

struct ledger_options {
    uint32_t instruments_max; /* 64 */
    uint32_t currencies_max;  /* 32. Currencies in which fees or funding are charged. */
    uint32_t owners_max;      /* 8. Bots; the external owner is not counted. */
    uint32_t execs_max;       /* 65536. Exec ids answered from memory (about 96 bytes each). */
    uint32_t path_steps_max;  /* 8192 per instrument and leg (48 bytes each), at least 4096: 15 minutes at 9 fills/s. */
    uint32_t held_max;        /* 256. Fills and fundings kept until their instrument is known. */
    uint32_t derived_orders_max; /* 0: none. Orders whose fills are derived: 4096; with fills_come those that have a fill marked so: 64. */
    bool     hedge;           /* room for long and short legs beside the net leg */
    bool     fills_come;      /* the venue has a fills channel: nothing is derived from orders here, but a liquidation may come without
                                 an id of its own (bot_ev_fill.derived) and again with one, from the history */
    uint8_t  unused[2];       /* named: see struct order */
    dedupe_older older;       /* see core/dedupe.h; NULL: none */
    void    *user_data;       /* of older */
};

/* What a fill or funding did, for the orders module, exposure and alerts. */
enum {
    LEDGER_EXTERNAL_KIND = 1u << 0, /* liquidation, ADL, settlement, block, transfer: raise an alert */
    LEDGER_MODE_SWITCH = 1u << 1,   /* net and hedge legs both in use on one instrument: pause */
    LEDGER_WRONG_SIDE = 1u << 2,    /* a long leg below zero or a short leg above it: fills are missing */
    LEDGER_DERIVED = 1u << 3,       /* by an order update */
    LEDGER_ABSORBED = 1u << 4,      /* confirms (a part of) what was derived: `moved` is what it still moved */
    LEDGER_FLIPPED = 1u << 5,
    LEDGER_FEE_ONLY = 1u << 6,      /* a repeated execution brought the fee that the first row lacked */
    LEDGER_COST_UNKNOWN = 1u << 7,  /* it closed what was taken over without a price: `realised` means nothing */
};
struct ledger_result {
    uint32_t instrument;
    uint32_t owner;
    bot_leg  leg;   /* NET, LONG, SHORT */
    uint32_t flags;
    bot_i128 before, after; /* quantity of the leg */
    bot_i128 moved;         /* after - before */
    bot_i128 realised;      /* price PnL of this fill */
};

enum { LEDGER_NEW = 1, LEDGER_KNOWN = 0, LEDGER_HELD = 2 };

struct ledger;

void   bot__ledger_options_init(struct ledger_options *o);
/* Bytes that init needs, or 0 when an option is out of range (any bound 0 but held_max and derived_orders_max; steps below
 * 4096; above 2^24 of anything). */
size_t bot__ledger_size(const struct ledger_options *o);
/* mem: size bytes, 64-aligned, borrowed for the ledger's life. Only what is used is touched, so that untouched pages of a
 * large bound cost nothing; the memory must be zeroed by the caller (calloc). */
struct ledger *bot__ledger_init(void *mem, const struct ledger_options *o);

/* ---- instruments ---- */

/* Makes an instrument known (or updates it) at ts, from when its position is flat until told otherwise, and then applies
 * the fills that were held for it; on_held (may be NULL) is told each one's outcome. Returns the index or as
 * bot__instruments_put. */
typedef void (*ledger_on_held)(void *user_data, const bot_event *ev, int r, const struct ledger_result *result);
int bot__ledger_instrument_put(struct ledger *l, const struct instrument *row, bot_ts ts, ledger_on_held on_held, void *user_data);
uint32_t bot__ledger_find(const struct ledger *l, const bot_symbol *symbol); /* INSTRUMENT_NONE */
const struct instrument *bot__ledger_instrument(const struct ledger *l, uint32_t instrument);
uint32_t bot__ledger_instruments(const struct ledger *l); /* how many are known: indexes below it are valid */

/* ---- what happened ---- */

/* A BOT_EV_FILL. owner: a bot below owners_max or LEDGER_EXTERNAL; leg: what the order says, used where the fill does not
 * (NONE: net).
 *   LEDGER_NEW    applied; *ret (may be NULL) says what it did
 *   LEDGER_KNOWN  applied before (or a derived fill whose executions were faster)
 *   LEDGER_HELD   its instrument is not known yet: kept, applied by bot__ledger_instrument_put
 * or, with everything as it was,
 *   BOT_ERR_CONFLICT     this exec id was applied with other content; told once, LEDGER_KNOWN from then on
 *   BOT_ERR_UNSUPPORTED  a kind that we do not know: the gate latches UNKNOWN_EXEC
 *   BOT_ERR_MALFORMED    no exec id, side, positive quantity or price, a leg on an account without hedge mode, a value
 *                        that needs more than 18 fractional digits
 *   BOT_ERR_OVERFLOW     a sum would not fit
 *   BOT_ERR_FULL         no room to hold it, or too many currencies: the gate shuts on this
 *   BOT_ERR_INVALID      owner out of range */
int bot__ledger_apply_fill(struct ledger *l, const bot_event *ev, uint32_t owner, bot_leg leg, struct ledger_result *ret);
/* The same in two parts: _soon finds the instrument (INSTRUMENT_NONE: not known) and sends for what the second part will need,
 * which then comes while the caller does something else; _of takes the key that _soon gave for the same event. */
struct dedupe_key bot__ledger_soon(struct ledger *l, const bot_event *ev);
int bot__ledger_apply_fill_of(struct ledger *l, const struct dedupe_key *key, const bot_event *ev, uint32_t owner, bot_leg leg, struct ledger_result *ret);

/* A BOT_EV_FUNDING: never moves size. Known by its exec id where it has one, else by (instrument, venue time, amount).
 * An amount in another currency than the instrument's settle currency is BOT_ERR_MALFORMED. Returns as apply_fill. */
int bot__ledger_apply_funding(struct ledger *l, const bot_event *ev, uint32_t owner, bot_leg leg, struct ledger_result *ret);

/* A BOT_EV_ORDER of a venue without a fills channel (derived_orders_max > 0). When its cumulative quantity is above what
 * was counted for it, the growth is applied as a derived fill. Later executions of that order first absorb it: their size is
 * not counted again, and a difference in price corrects the cost (or the realised PnL, once the position is not on the fill's
 * side any more), so that the cash flow ends as the executions say. Returns as apply_fill, and BOT_ERR_NOT_FOUND for an
 * order that has left the table long ago: read its fills instead. */
int bot__ledger_apply_order(struct ledger *l, const bot_event *ev, uint32_t owner, bot_leg leg, struct ledger_result *ret);
/* cum_qty of an order (0: it is new, just submitted) is accounted for already, by a baseline: only its growth is derived.
 * avg_price of that, 0 with cum_qty 0. BOT_ERR_FULL, BOT_ERR_CONFLICT (the order is known). */
int bot__ledger_order_counted(struct ledger *l, uint32_t instrument, const bot_id *order_id, bot_side side, bot_i128 cum_qty,
                              bot_i128 avg_price, int64_t venue_ns);

/* The position of a leg becomes qty at ts by the venue's word, not by fills: at the start, or when a drift is adopted.
 * Its cost is the venue's word, or with entry_price 0 not known at all: either way "unproven" until it is flat or flips. The
 * difference goes to the external owner.
 * BOT_ERR_INVALID, BOT_ERR_OVERFLOW, BOT_ERR_MALFORMED as in apply_fill. */
int bot__ledger_baseline(struct ledger *l, uint32_t instrument, bot_leg leg, bot_i128 qty, bot_i128 entry_price, bot_ts ts,
                         int64_t venue_ns, int64_t seq);

/* qty (signed) at price moves from one owner to another: a fill that was external until its order was known. The account
 * does not change. */
int bot__ledger_transfer(struct ledger *l, uint32_t instrument, bot_leg leg, bot_i128 qty, bot_i128 price, uint32_t from, uint32_t to);

/* ---- what is held ---- */

/* NULL when the leg cannot exist (no hedge mode). Borrowed; changes with the next apply. */
const struct position *bot__ledger_position(const struct ledger *l, uint32_t instrument, bot_leg leg);
const struct position *bot__ledger_owner_position(const struct ledger *l, uint32_t instrument, bot_leg leg, uint32_t owner);
const struct path *bot__ledger_path(const struct ledger *l, uint32_t instrument, bot_leg leg);

/* Fees (paid is positive) of a leg by currency: i-th currency of the account and the amount, i below
 * bot__ledger_currencies. owner LEDGER_ACCOUNT: of the whole account. */
#define LEDGER_ACCOUNT (UINT32_MAX - 1)
uint32_t            bot__ledger_currencies(const struct ledger *l);
const bot_currency *bot__ledger_currency(const struct ledger *l, uint32_t i);
bot_i128            bot__ledger_fee(const struct ledger *l, uint32_t instrument, bot_leg leg, uint32_t owner, uint32_t i);
/* Was any fee (0 included) of that currency ever charged on the leg? */
bool                bot__ledger_fee_seen(const struct ledger *l, uint32_t instrument, bot_leg leg, uint32_t i);

/* Which legs of the instrument were used last: the net one, or those of hedge mode; neither: none yet. */
bool                bot__ledger_nets(const struct ledger *l, uint32_t instrument);
bool                bot__ledger_hedges(const struct ledger *l, uint32_t instrument);

struct ledger_stats { /* counters only rise; held and held_fills are gauges */
    uint64_t fills, fills_known, fills_external, fills_derived, fills_absorbed, fundings, conflicts, unknown_kinds, refused, baselines;
    uint64_t older_asked;
    uint32_t held, held_fills; /* fills and fundings; fills alone */
};
void bot__ledger_stats(const struct ledger *l, struct ledger_stats *ret);

#endif
