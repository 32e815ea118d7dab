/* eval_tapes.h: the recorded tapes of ../shared/data/market as arrays of trades, for eval_rate. */
#ifndef EVAL_TAPES_H
#define EVAL_TAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAPE_INSTRUMENTS_MAX 4
#define TAPE_MASKS_MAX 32

struct row {
    int64_t received, venue; /* ns; equal where there is no receive clock */
    uint32_t instrument;
};
/* A stretch that is no natural flow: a real stop, maintenance. Alarms there are not false, and a stop is to be found. */
struct mask {
    int64_t from, to;
    bool stop; /* of 3 minutes or more, unannounced: must be found */
};

struct tape {
    char name[64];
    bool tuning;     /* looked at while tuning; else held out */
    bool receive;    /* rows have a receive clock */
    uint32_t instruments;
    struct row *rows;
    size_t n;
    struct mask masks[TAPE_MASKS_MAX];
    uint32_t masks_n;
    /* Of counts of minutes instead of rows: */
    int64_t minutes_from;
    uint32_t *minutes;
    size_t minutes_n;
};

/* Loads every tape that is there below `market`; what is missing or unreadable is said on stderr and left out.
 * Returns how many (0: none). */
size_t tapes_load(const char *market, struct tape *tapes, size_t max);
void tape_free(struct tape *tape);

#endif
