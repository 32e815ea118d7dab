/* tests/lib/recordings.h: recorded venue messages through a codec, and what came out.
 *
 * A collector keeps the events of one decoding; recordings_check runs every file of ../shared/data/wire/<venue> and holds
 * it against what its kind promises. Books are kept as counts: their levels are borrowed for the call.
 */
#ifndef TESTS_RECORDINGS_H
#define TESTS_RECORDINGS_H

#include <stdio.h>

#include "venue/venue.h"

#define COLLECT_MAX 4096
struct collect {
    bot_event *ev; /* COLLECT_MAX of them */
    int        n;
    int        counts[BOT_EV_KIND_COUNT];
    int        stop_at; /* > 0: the sink refuses this event */
};
void collect_init(struct collect *c);
void collect_free(struct collect *c);
void collect_clear(struct collect *c);
int  collect_sink(void *user_data, const bot_event *ev);

/* A context with room for books and the codec's state. */
struct venue_context *context_new(const struct venue *v);
void context_free(struct venue_context *ctx);

/* Decode text; events into c (cleared first). */
int decode_ws(const struct venue *v, struct venue_context *ctx, const char *text, struct collect *c);
int decode_rest(const struct venue *v, struct venue_context *ctx, enum venue_call call, int http_status, const char *text,
                struct collect *c, struct venue_reply *reply);

/* Text of a decimal: static buffers, eight deep. */
const char *dec_text(bot_dec d);

enum recording_how {
    RECORDING_WS,      /* decode_ws */
    RECORDING_REST,    /* decode_rest as `call` */
    RECORDING_NOTHING, /* no part of the codec's business: `why` says so */
};
struct recording_kind {
    const char        *kind; /* file name before "__" */
    enum recording_how how;
    enum venue_call    call;
    uint64_t           yields; /* bits of bot_event_kind: one of them must come out of every file */
    const char        *why;
};
#define YIELDS(kind) (UINT64_C(1) << (kind))

struct recording_exception { /* a file that is refused, or yields something else, and why */
    const char *file;
    bool        refused;
    uint64_t    yields;
    const char *why;
};

struct recording_totals {
    int files, messages, refused, events;
};
/* Checks every file of the folder; a file of a kind that is not listed fails the test. Every decimal of every event must
 * stand in the message as text. Prints a line a kind to table, if given. */
struct recording_totals recordings_check(const struct venue *v, const struct recording_kind *kinds,
                                         const struct recording_exception *exceptions, FILE *table);

#endif
