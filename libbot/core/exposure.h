/* core/exposure.h: may this order leave? Pure arithmetic on intervals and sums.
 *
 * For each side the worst case is the far end of the position's interval plus everything of that side that may still
 * fill. An order passes only if no state in the interval breaches the limit after it. Buys and sells are counted apart:
 * a resting sell makes no room for buys.
 */
#ifndef BOT_CORE_EXPOSURE_H
#define BOT_CORE_EXPOSURE_H

#include "bot/gate.h"
#include "core/orders.h"

struct exposure { /* one instrument and leg, of a bot or of the account */
    bot_i128 low, high; /* interval of the position; signed; on the long leg >= 0, on the short leg <= 0 by the venue */
    struct order_sums working;
};

/* Largest quantity that an order of this side may have so that the worst case stays within limit (>= 0); 0 when none. */
bot_i128 bot__exposure_room(const struct exposure *e, bot_side side, bot_i128 limit);
/* Position after everything of that side has filled, from the far end of the interval, with qty more. Saturates. */
bot_i128 bot__exposure_worst(const struct exposure *e, bot_side side, bot_i128 qty);
/* Largest quantity of that side that provably only reduces: from the near end of the interval, net of everything of the
 * same side that may still fill, never through zero; 0 when the interval touches zero or lies on the wrong side. */
bot_i128 bot__exposure_reducible(const struct exposure *e, bot_side side);

struct exposure_check {
    const bot_order_request *order;
    const bot_limits *limits;       /* of the bot for the instrument */
    bot_i128 account_limit;         /* of the account for the instrument; < 0: none */
    struct exposure bot, account;
    bot_contract contract;
    bot_dec  multiplier;
    bot_ts   now;
    int64_t  reference_age_max_ns;
    uint32_t open_orders;           /* of the bot */
    bool     gate_open;
    bool     reduce_allowed;        /* false under KILL, and while the journal's gap hides what rests */
    uint32_t reasons;
    bot_i128 replaces;              /* AMEND: what the order counts already; 0 for a new one */
};
/* Fills *ret, code included, and returns the code. The order's own shape (qty > 0, side, price) has been checked. */
int bot__exposure_check(const struct exposure_check *c, bot_refusal *ret);

#endif
