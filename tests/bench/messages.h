/* bench/messages.h: the messages that a bot waits for, of every venue and kind, made up from a counter: no two alike. */
#ifndef BENCH_MESSAGES_H
#define BENCH_MESSAGES_H

#include <stddef.h>

struct bench_message {
    char  *text; /* malloc'd */
    size_t len;
};

/* A kind of message of a venue, and what one may cost: the share of one cJSON parse of its bytes. */
struct bench_kind {
    const char *name, *venue;
    void      (*make)(struct bench_message *m, unsigned i);
    double      goal;
};

/* Ends with a NULL name. */
extern const struct bench_kind bench_kinds[];

#endif
