/* session/reads.h: reads, page by page, part by part.
 *
 * A read takes a slot, is planned, and then goes on until it ends: each page waits for its turn and for the budget, leaves, and
 * is answered. What the core is told of that, and what else follows from the end of a read, is the caller's. */
#ifndef BOT_SESSION_READS_H
#define BOT_SESSION_READS_H

#include "session/state.h"

/* A slot, or NULL: too many at once. */
struct read *bot__reads_of_core(struct session *s, const bot_effect *e);
struct read *bot__reads_own(struct session *s, enum venue_call call, bot_read_kind kind);
/* The list of instruments once more, later. */
void bot__reads_instruments_again(struct session *s);

/* Which calls it takes. False: none, there being no instrument to ask for. */
bool bot__reads_plan(struct session *s, struct read *r);

struct read_end {
    bot_outcome outcome;
    bool        complete;
    const char *detail;
    int64_t     code; /* the venue's */
};
enum read_next {
    READ_WAITS, /* for its turn or the budget, until at */
    READ_JOINS, /* its page is on its way for somebody else */
    READ_GOES,  /* its page may leave: bot__reads_send */
    READ_ENDS,  /* as *ret_end says */
};
enum read_next bot__reads_next(struct session *s, struct read *r, struct venue_http *ret_http, struct read_end *ret_end);
bool bot__reads_send(struct session *s, struct read *r, const struct venue_http *http, struct read_end *ret_end); /* false: it ends */
/* An answer to its page has come, whatever it says. */
void bot__reads_arrived(struct session *s, struct read *r, const struct venue_reply *reply);
/* And it is a good one. True: the read goes on with another page; false: it ends. */
bool bot__reads_turn(struct session *s, struct read *r, struct venue_reply *reply, struct read_end *ret_end);
/* Not found there. True: the read goes on where else it may be. */
bool bot__reads_elsewhere(struct session *s, struct read *r);

/* Whether this is the beginning, of which the core is told; its time to answer runs from now. */
bool bot__reads_begin(struct session *s, struct read *r);
/* Gives back what it has. What it was is still in *r, until another takes the slot. */
void bot__reads_end(struct session *s, struct read *r);
/* What the core is told: READ_BEGIN, and READ_END. False: it is none of its own. */
bool bot__reads_event(const struct session *s, const struct read *r, bot_event_kind kind, const struct read_end *end, bot_event *ret);

struct read *bot__reads_find(struct session *s, uint64_t http);
/* Read by read from *cursor on (0 at first), the next whose turn has come; NULL: that was all. */
struct read *bot__reads_due(struct session *s, uint32_t *cursor);
bot_ts bot__reads_deadline(const struct session *s);
void bot__reads_stop(struct session *s); /* no answer will be waited for */

#endif
