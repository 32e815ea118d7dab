/* core/instrument.h: what is known of each instrument, and the way from its name to its index.
 *
 * Instruments are numbered from 0 in the order in which they became known; an index never changes and never goes away,
 * so that every other module may keep arrays by it. A lookup hashes 32 bytes and compares 32 bytes.
 */
#ifndef BOT_CORE_INSTRUMENT_H
#define BOT_CORE_INSTRUMENT_H

#include <assert.h>
#include <stddef.h>

#include "bot/err.h"
#include "bot/event.h"
#include "bot/types.h"

#define INSTRUMENT_NONE UINT32_MAX

struct instrument {
    bot_symbol   symbol;
    bot_contract contract;
    bool         tradable;
    uint8_t      unused[11]; /* named: see struct order */
    bot_i128     multiplier; /* 1e-18; 10^18 where the venue has none */
    bot_px       tick;       /* 0: any price */
    bot_qty      lot;        /* 0: any quantity */
    bot_qty      qty_min, qty_max; /* 0: none */
    bot_money    notional_min;
    bot_currency base, quote, settle; /* base matters for spot: a fee in it changes the holding */
    /* A venue that settles in whole units: the value of `round_lot` of an inverse contract is rounded half to even to a
     * multiple of `round_unit` before it is multiplied. BitMEX: unit 1e-8 (a satoshi), lot 1 (2017) or 100 (today). 0: exact. */
    bot_money    round_unit;
    bot_qty      round_lot;
};
static_assert(offsetof(struct instrument, unused) + sizeof((struct instrument *)0)->unused == offsetof(struct instrument, multiplier), "padding");

struct instruments {
    struct instrument *rows;
    uint32_t          *slots; /* open addressing: index + 1, 0 empty */
    uint32_t           n, max, mask;
};

struct carve;
/* Takes its arrays from c; max is at least 1. */
void bot__instruments_init(struct instruments *t, struct carve *c, uint32_t max);

/* Adds a row or replaces the row of that name. Contract, multiplier and rounding of a known instrument cannot change:
 * costs already booked mean something under them (BOT_ERR_CONFLICT, nothing changed).
 * Returns the index (in *ret_index too if not NULL: 0 and up), or BOT_ERR_FULL, BOT_ERR_MALFORMED (no name, no contract,
 * multiplier not positive, spot with a multiplier other than 1). */
int bot__instruments_put(struct instruments *t, const struct instrument *row, uint32_t *ret_index);

/* INSTRUMENT_NONE when there is none of that name. */
uint32_t bot__instruments_find(const struct instruments *t, const bot_symbol *symbol);

/* An instrument event as a row. BOT_ERR_MALFORMED / OVERFLOW when a number does not fit; *ret untouched then. */
int bot__instrument_from_event(const bot_event *ev, struct instrument *ret);

/* Contract value of qty (signed) at price > 0: qty * multiplier * price exactly for linear and spot, qty * multiplier /
 * price for inverse, rounded once half to even at 1e-18 (or by the instrument's rounding rule). Sign follows qty.
 * BOT_ERR_MALFORMED when it needs more than 18 fractional digits (linear), BOT_ERR_OVERFLOW. */
int bot__instrument_value(const struct instrument *in, bot_i128 qty, bot_i128 price, bot_i128 *ret_value);

#endif
