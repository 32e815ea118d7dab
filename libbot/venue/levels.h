/* venue/levels.h: price levels of book messages, in the two shapes that venues send: ["price","qty",...] and
 * {"price":..,"qty":..,...}. Both are appended to the scratch, whole levels only; the usual form in one quick loop, everything
 * else (space, escapes, keys in another order, numbers beyond 18 digits, every error) by the general reader. */
#ifndef BOT_VENUE_LEVELS_H
#define BOT_VENUE_LEVELS_H

#include "venue/fields.h"
#include "venue/venue.h"

/* What a price of zero means. Below zero is refused everywhere. */
enum level_zero { LEVEL_ZERO_TAKEN, LEVEL_ZERO_REFUSED, LEVEL_ZERO_PASSED_OVER };

struct level_shape {
    struct slice    price, qty; /* keys of the object shape; empty: arrays */
    enum level_zero zero;
    int           (*number)(struct slice text, bot_dec *ret); /* NULL: bot_dec_parse. Asked only when the text is no plain decimal. */
};

/* Reads the next value of j, an array of levels. *used counts the levels in the scratch. Returns the first of those appended, and
 * their number in *ret_n; errors stick to j: a full scratch is BOT_ERR_FULL, a level without both numbers BOT_ERR_MALFORMED. */
const bot_level *bot__levels_read(struct json *j, const struct level_shape *shape, struct venue_scratch *scratch, uint32_t *used, uint32_t *ret_n);

#endif
