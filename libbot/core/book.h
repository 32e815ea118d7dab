/* core/book.h: an order book of price levels, rebuilt from a venue's snapshots and deltas.
 *
 * Memory is the caller's and fixed. Levels keep the venue's own text (coefficient and scale), so that checksums can be
 * computed and nothing is rounded; prices of different scale compare by value. The book does not trust itself: a break
 * in the sequence or a checksum that differs makes it BROKEN, and it stays so until a snapshot that fits arrives.
 */
#ifndef BOT_CORE_BOOK_H
#define BOT_CORE_BOOK_H

#include "base/book_rules.h"
#include "bot/err.h"
#include "bot/event.h"

enum book_state {
    BOOK_EMPTY,  /* no snapshot yet -> SYNCED by a snapshot */
    BOOK_SYNCED, /* every change since the snapshot is in it -> BROKEN by a gap or a checksum */
    BOOK_BROKEN, /* do not use: ask for a snapshot -> SYNCED by it. Changes go on being applied, for eyes only. */
};

/* Result of bot__book_apply. */
enum { BOOK_IGNORED, BOOK_APPLIED, BOOK_GAP };

/* A delta that waits for the snapshot. Its levels stand in pending_levels. */
struct book_pending {
    int64_t  first, last, prev;
    uint32_t bids_n, asks_n, at;
};

struct book_memory {
    bot_level           *levels;     /* 2 * side_max */
    uint32_t             side_max;   /* levels kept a side; the ones farthest from the market fall out */
    struct book_pending *pending;    /* only needed with snapshot_by_rest; may be NULL otherwise */
    uint32_t             pending_max;
    bot_level           *pending_levels;
    uint32_t             pending_levels_max;
};

struct book_side {
    bot_level *levels; /* worst first, so that changes near the market move little */
    uint32_t   n;
    bool       bids;
};

struct book {
    struct book_rules  rules;
    struct book_memory mem;
    struct book_side   bids, asks;
    enum book_state    state;
    bool               uncovered; /* the first delta behind a snapshot need not start where the snapshot ends */
    int64_t            seq;       /* of the last message, applied or not; BOT_SEQ_NONE */
    uint32_t           pending_n, pending_levels_n;
    uint64_t           gaps, applied, fallen; /* count up: breaks found, messages applied, levels out of capacity */
};

void bot__book_init(struct book *book, const struct book_rules *rules, const struct book_memory *memory);

/**
 * Applies one BOT_EV_BOOK event.
 *
 * @ret_gap  Filled when BOOK_GAP is returned: a BOT_EV_GAP event with what was expected and what came.
 *
 * Returns BOOK_APPLIED; BOOK_IGNORED for what is older than the book, waits for a snapshot, or can not help a broken
 * book; BOOK_GAP when a break was found: the book is BROKEN then. BOT_ERR_MALFORMED, leaving the book as it was, for a
 * negative quantity.
 */
int bot__book_apply(struct book *book, const bot_event *ev, bot_event *ret_gap);

/* i-th best level of a side, NULL behind the last. */
const bot_level *bot__book_level(const struct book_side *side, uint32_t i);
/* Best bid and best ask of a SYNCED book with both sides; false otherwise. */
bool bot__book_best(const struct book *book, bot_level *ret_bid, bot_level *ret_ask);
/* The venue's checksum over the book as it stands; false where the rules have none. */
bool bot__book_checksum(const struct book *book, int32_t *ret_checksum);
#define LEVEL_SCALE_MAX 38 /* as bot_dec's */
#define LEVEL_TEXT_MAX 44
/* Text of a level's number as it was received: buf holds LEVEL_TEXT_MAX bytes. Returns the length. */
size_t bot__level_format(int64_t coef, uint8_t scale, char *buf);
/* -1, 0, 1 by value. */
int bot__level_price_cmp(const bot_level *a, const bot_level *b);

#endif
