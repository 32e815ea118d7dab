/* tests/lib/ledger_kit.h: short words for tests about the ledger. */
#ifndef TESTS_LEDGER_KIT_H
#define TESTS_LEDGER_KIT_H

#include "harness.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/decimal.h"
#include "core/ledger.h"

static inline struct instrument kit_instrument(const char *name, bot_contract contract, const char *multiplier, const char *settle)
{
    struct instrument in = { .symbol = symbol_of(name), .contract = contract, .tradable = true, .multiplier = fixed_of(multiplier),
                             .settle = currency_of(settle), .quote = currency_of(settle) };
    if (contract == BOT_SPOT)
        in.base = currency_of("BTC");
    return in;
}

static inline struct ledger *kit_ledger(const struct ledger_options *o)
{
    const size_t size = bot__ledger_size(o);
    ck_assert_uint_gt(size, 0);
    return bot__ledger_init(test_memory(size), o);
}

static inline struct ledger_options kit_options(void)
{
    struct ledger_options o;
    bot__ledger_options_init(&o);
    o.instruments_max = 4;
    o.path_steps_max = 4096;
    return o;
}

/* A ledger with one instrument, "X", index 0. */
static inline struct ledger *kit_ledger_of(bot_contract contract, const char *multiplier, const char *settle)
{
    struct ledger_options o = kit_options();
    o.hedge = true;
    o.derived_orders_max = 16;
    struct ledger *l = kit_ledger(&o);
    const struct instrument in = kit_instrument("X", contract, multiplier, settle);
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 0, NULL, NULL), 0);
    return l;
}

/* A trade on "X". fee NULL: none stated. */
static inline bot_event kit_fill(const char *exec_id, bot_side side, const char *qty, const char *price, const char *fee, const char *fee_currency)
{
    bot_event ev = { .kind = BOT_EV_FILL, .has = BOT_HAS_QTY | BOT_HAS_PRICE, .seq = BOT_SEQ_NONE, .instrument = symbol_of("X") };
    ev.fill = (bot_ev_fill){ .exec_id = id_of(exec_id), .side = side, .kind = BOT_FILL_TRADE, .qty = dec_of(qty), .price = dec_of(price) };
    if (fee != NULL) {
        ev.has |= BOT_HAS_FEE;
        ev.fill.fee = dec_of(fee);
        ev.fill.fee_currency = currency_of(fee_currency);
    }
    return ev;
}

static inline bot_event kit_funding(const char *exec_id, const char *amount, const char *currency)
{
    bot_event ev = { .kind = BOT_EV_FUNDING, .seq = BOT_SEQ_NONE, .instrument = symbol_of("X") };
    ev.funding = (bot_ev_funding){ .exec_id = id_of(exec_id), .amount = dec_of(amount), .currency = currency_of(currency) };
    return ev;
}

static inline void kit_is(bot_i128 v, const char *expected, const char *what)
{
    char buf[BOT_DEC_TEXT_MAX];
    bot_fixed_format(v, buf);
    ck_assert_msg(strcmp(buf, expected) == 0, "%s is %s, expected %s", what, buf, expected);
}
#define KIT_IS(v, expected) kit_is((v), (expected), #v)

/* qty, average entry and realised PnL of a leg in one line: "0.3 @ 5375, pnl 12.5". */
static inline const char *kit_position(const struct ledger *l, bot_leg leg)
{
    static char line[4][160];
    static unsigned next;
    char *out = line[next++ % 4], qty[BOT_DEC_TEXT_MAX], entry[BOT_DEC_TEXT_MAX], pnl[BOT_DEC_TEXT_MAX];
    const struct position *p = bot__ledger_position(l, 0, leg);
    bot_i128 price;
    ck_assert_int_eq(bot__position_entry(p, bot__ledger_instrument(l, 0), &price), BOT_OK);
    bot_fixed_format(p->qty, qty);
    bot_fixed_format(price, entry);
    bot_fixed_format(p->realised, pnl);
    snprintf(out, sizeof line[0], "%s @ %s, pnl %s", qty, entry, pnl);
    return out;
}

/* The amount charged in a currency on the net leg of "X", or "none". */
static inline const char *kit_fee(const struct ledger *l, const char *currency)
{
    static char out[4][BOT_DEC_TEXT_MAX];
    static unsigned next;
    char *buf = out[next++ % 4];
    for (uint32_t i = 0; i < bot__ledger_currencies(l); i++)
        if (strcmp(bot__ledger_currency(l, i)->s, currency) == 0) {
            bot_fixed_format(bot__ledger_fee(l, 0, BOT_LEG_NET, LEDGER_ACCOUNT, i), buf);
            return buf;
        }
    return "none";
}

/* Owners add up to the account: quantity, fees, funding and cash flow, on every leg of every instrument. */
static inline void kit_check_owners(const struct ledger *l, uint32_t owners_max)
{
    const bot_leg legs[] = { BOT_LEG_NET, BOT_LEG_LONG, BOT_LEG_SHORT };
    for (uint32_t i = 0; i < bot__ledger_instruments(l); i++)
        for (size_t k = 0; k < 3; k++) {
            const struct position *account = bot__ledger_position(l, i, legs[k]);
            if (account == NULL) continue;
            const bot_i128 sign = bot__ledger_instrument(l, i)->contract == BOT_INVERSE ? 1 : -1;
            bot_i128 qty = 0, funding = 0, cash = 0, settled = 0;
            for (uint32_t o = 0; o <= owners_max; o++) {
                const struct position *p = bot__ledger_owner_position(l, i, legs[k], o == owners_max ? LEDGER_EXTERNAL : o);
                qty += p->qty;
                funding += p->funding;
                settled += p->fee_value;
                cash += p->realised + sign * p->cost;
                ck_assert(p->qty != 0 || p->cost == 0);
            }
            ck_assert(qty == account->qty && funding == account->funding && settled == account->fee_value);
            ck_assert(cash == account->realised + sign * account->cost);
            for (uint32_t f = 0; f < bot__ledger_currencies(l); f++) {
                bot_i128 fees = 0;
                for (uint32_t o = 0; o <= owners_max; o++)
                    fees += bot__ledger_fee(l, i, legs[k], o == owners_max ? LEDGER_EXTERNAL : o, f);
                ck_assert(fees == bot__ledger_fee(l, i, legs[k], LEDGER_ACCOUNT, f));
            }
        }
}

static inline int kit_apply(struct ledger *l, bot_event ev) { return bot__ledger_apply_fill(l, &ev, LEDGER_EXTERNAL, BOT_LEG_NONE, NULL); }

/* One of an id that no other has. */
static inline int kit_trade(struct ledger *l, bot_side side, const char *qty, const char *price)
{
    static unsigned n;
    char id[32];
    snprintf(id, sizeof id, "t%u", n++);
    return kit_apply(l, kit_fill(id, side, qty, price, NULL, NULL));
}

#endif
