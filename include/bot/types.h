/* bot/types.h: the words every other header uses: numbers, names, sides, kinds.
 *
 * Numbers. A venue's number arrives as text and is kept twice-exactly:
 *   bot_dec   the number as it was written: coefficient and count of fractional digits, so that "0.010" stays
 *             "0.010". At most 38 digits. Events carry these.
 *   bot_qty, bot_px, bot_money   fixed point, 18 fractional digits in 128 bits (range about +-1.7e20), for sums and
 *             comparisons. One-field structs, so that adding a price to a quantity does not compile. One scale for
 *             every instrument: settlement prices lie off the tick, venues change lot sizes by notice, and a journal
 *             must not need an instrument list to be read.
 * What does not fit is an error, never a rounding; functions that round say so in their name.
 *
 * Time. bot_ts is monotonic nanoseconds of the host; wall and venue clocks are Unix nanoseconds in fields whose names
 * say so (venue_ns, wall_ns). The two never meet in one expression.
 */
#ifndef BOT_TYPES_H
#define BOT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined _WIN32
#error "libbot builds on POSIX systems"
#endif

#define BOT_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

__extension__ typedef __int128 bot_i128;
__extension__ typedef unsigned __int128 bot_u128;

typedef int64_t bot_ts; /* monotonic nanoseconds */
#define BOT_TS_NEVER INT64_MAX

#define BOT_NS_PER_US INT64_C(1000)
#define BOT_NS_PER_MS INT64_C(1000000)
#define BOT_NS_PER_S  INT64_C(1000000000)

/* coef * 10^-scale, as written by the venue. scale 0..38, |coef| < 10^38. */
typedef struct bot_dec {
    bot_i128 coef;
    int32_t  scale;
} bot_dec;

#define BOT_FIXED_DIGITS 18 /* fractional digits of the three types below */

typedef struct bot_qty {
    bot_i128 v; /* 1e-18 of the venue's own quantity unit (coins, or contracts where it counts contracts) */
} bot_qty;
typedef struct bot_px {
    bot_i128 v; /* 1e-18 of the quote unit */
} bot_px;
typedef struct bot_money {
    bot_i128 v; /* 1e-18 of a currency unit */
} bot_money;

/* An id given by a venue or by us. s is NUL-terminated and zero-filled behind the text; len counts without the NUL. */
#define BOT_ID_MAX 46
typedef struct bot_id {
    uint8_t len;
    char    s[BOT_ID_MAX + 1];
} bot_id;

/* An instrument's name exactly as the venue spells it, same rules as bot_id. */
#define BOT_SYMBOL_MAX 30
typedef struct bot_symbol {
    uint8_t len;
    char    s[BOT_SYMBOL_MAX + 1];
} bot_symbol;

/* A name from text, for bot_order_request.instrument and its like. False, with *ret_symbol as it was, when text is NULL, empty or
 * longer than BOT_SYMBOL_MAX. Whether the venue knows it is not asked here. Any thread. */
BOT_API bool bot_symbol_from(const char *text, bot_symbol *ret_symbol);
/* Any thread. Equal byte for byte; an id without text equals none. */
BOT_API bool bot_id_equal(const bot_id *a, const bot_id *b);

#define BOT_CURRENCY_MAX 14
typedef struct bot_currency {
    uint8_t len;
    char    s[BOT_CURRENCY_MAX + 1];
} bot_currency;

/* Zero is "the venue did not say" in every enum below. */
typedef enum bot_side { BOT_SIDE_NONE, BOT_BUY, BOT_SELL } bot_side;
typedef enum bot_leg { BOT_LEG_NONE, BOT_LEG_NET, BOT_LEG_LONG, BOT_LEG_SHORT } bot_leg;
typedef enum bot_liquidity { BOT_LIQUIDITY_NONE, BOT_MAKER, BOT_TAKER } bot_liquidity;

/* Everything but TRADE was not ordered by us: it moves size all the same, is marked external and raises an alert.
 * UNKNOWN is a row whose kind the venue named in a way we do not know: the gate shuts on it. */
typedef enum bot_fill_kind {
    BOT_FILL_NONE,
    BOT_FILL_TRADE,
    BOT_FILL_LIQUIDATION,
    BOT_FILL_ADL,
    BOT_FILL_SETTLEMENT,
    BOT_FILL_BLOCK,
    BOT_FILL_TRANSFER,
    BOT_FILL_UNKNOWN,
} bot_fill_kind;

typedef enum bot_order_status {
    BOT_ORDER_NONE,
    BOT_ORDER_OPEN,
    BOT_ORDER_PARTIALLY_FILLED,
    BOT_ORDER_FILLED,           /* final */
    BOT_ORDER_CANCELED,         /* final; cum_qty may be above zero */
    BOT_ORDER_REJECTED,         /* final */
    BOT_ORDER_EXPIRED,          /* final */
    BOT_ORDER_UNTRIGGERED,      /* conditional, waiting for its trigger */
    BOT_ORDER_TRIGGERED,        /* conditional, turned into a live order */
} bot_order_status;

typedef enum bot_order_type { BOT_TYPE_NONE, BOT_LIMIT, BOT_MARKET } bot_order_type;
typedef enum bot_tif { BOT_TIF_NONE, BOT_GTC, BOT_IOC, BOT_FOK, BOT_POST_ONLY } bot_tif;

typedef enum bot_contract {
    BOT_CONTRACT_NONE,
    BOT_LINEAR,  /* value = qty * multiplier * price, in the settle currency */
    BOT_INVERSE, /* value = qty * multiplier / price, in the settle currency (the base coin) */
    BOT_SPOT,    /* as linear with multiplier 1; fees in the base coin change the holding */
} bot_contract;

/* The words of the values, the same that botctl prints: "buy"; "net"; "partially_filled"; "post_only". "none" for zero, "?" for what is no
 * value of the enum. Static; any thread. */
BOT_API const char *bot_side_name(bot_side side);
BOT_API const char *bot_leg_name(bot_leg leg);
BOT_API const char *bot_fill_kind_name(bot_fill_kind kind);
BOT_API const char *bot_order_status_name(bot_order_status status);
BOT_API const char *bot_order_type_name(bot_order_type type);
BOT_API const char *bot_tif_name(bot_tif tif);

/* FILLED, CANCELED, REJECTED or EXPIRED: the order will not trade any more. Any thread. */
static inline bool bot_order_status_final(bot_order_status status)
{
    return status >= BOT_ORDER_FILLED && status <= BOT_ORDER_EXPIRED;
}

#ifdef __cplusplus
}
#endif
#endif
