/* core/resting.h: questions about our orders that only the session asks: which rest at the venue, for whoever watches whether the
 * market has traded through them, and what one is an order for. */
#ifndef BOT_CORE_RESTING_H
#define BOT_CORE_RESTING_H

#include "bot/core.h"

struct core_resting {
    const bot_id *client_id; /* the core's, until its next step */
    bot_side side;
    bot_px   price;
    bot_ts   acked_at;
};

/* The next acknowledged limit order of a bot of ours on the instrument whose cancel nobody has asked for; false: there is none
 * behind *cursor, which begins with 0. Cheap where nothing works there. */
bool bot__core_resting_next(const bot_core *core, const bot_symbol *instrument, uint32_t *cursor, struct core_resting *ret);

/* The client id of the order with that number, valid until the core's next step; NULL: nobody of ours knows it. */
const bot_id *bot__core_order_client(const bot_core *core, const bot_symbol *instrument, const bot_id *order_id);
/* The instrument of an order of ours by its client id; NULL: there is none. */
const bot_symbol *bot__core_order_instrument(const bot_core *core, const bot_id *client_id);

#endif
