/* sim/text.h: writing a venue's JSON and reading a client's, small and apart from libbot's own reader on purpose. */
#ifndef BOT_SIM_TEXT_H
#define BOT_SIM_TEXT_H

#include <string.h>

#include "base/json.h"
#include "sim/exchange.h"

/* Appends; what does not fit sticks in `full`. */
struct text {
    char  *buf;
    size_t size, len;
    bool   full;
};
static inline struct text bot__text(char *buf, size_t size) { return (struct text){ buf, size, 0, false }; }

/* A format of its own, made for JSON: ' stands for ". Arguments:
 *   %s const char * as it stands         %t struct slice * as it stands, with JSON escapes
 *   %d int64_t                           %b int: true or false
 *   %m const bot_i128 *: fixed point     %z the same, to 8 digits as venues show money
 *   %q instrument, int64_t lots          %p instrument, int64_t ticks   (const struct exchange_instrument *)
 *   %% itself */
void bot__text_put(struct text *t, const char *format, ...);

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* A value's slice: strings with their quotes, containers with their brackets; p NULL: not there or not readable. */
struct slice bot__member(struct slice object, const char *key);
/* The same for many members of one object, which is read once. Borrows it. */
#define MEMBERS_MAX 24 /* any further are looked for each time */
struct members {
    struct slice object, name[MEMBERS_MAX], value[MEMBERS_MAX];
    uint32_t     n;
};
void bot__members(struct slice object, struct members *ret);
struct slice bot__members_get(const struct members *members, const char *key);
/* Next item of an array: *at starts at 0. False behind the last. */
bool bot__items(struct slice array, size_t *at, struct slice *ret);
/* Is it a whole readable object? */
bool bot__is_object(struct slice text);
/* Text of a string without quotes and escapes, or of a bare number; "" when absent. False when it does not fit. */
bool bot__plain(struct slice value, char *buf, size_t size);
bool bot__truth(struct slice value); /* true, "true", 1 */

/* One parameter of a query string, decoded once. False when absent; "" when it does not fit. */
bool bot__query(struct slice query, const char *key, char *buf, size_t size);

#endif
