/* venue/codec.h: what the codecs share besides rows (venue/fields.h): giving events out, and reading an HTTP answer
 * before its body. A codec need not use it. */
#ifndef BOT_VENUE_CODEC_H
#define BOT_VENUE_CODEC_H

#include "venue/fields.h"
#include "venue/venue.h"

/* Events that wait until the rest of their message has been read. Not initialised: only the first n count. */
#define EMIT_HELD_MAX 8
struct emit_held {
    uint32_t  n;
    bool      again; /* it cannot be done by holding */
    bot_event events[EMIT_HELD_MAX];
};

/* Where events go. A message that carries money gives nothing out before its last byte has been checked. Nearly always its
 * few events are held meanwhile (bot__read_ahead); else its rows are read twice, once dry and once for good.
 *
 * dry: nothing outside the row may change. A row that must change something, or whose event borrows what the next row will
 * overwrite, calls bot__emit_again and is read for good later. */
struct emit {
    venue_sink sink;
    void      *user_data;
    bool       dry;
    int        n;   /* events given out, or held */
    int        err; /* what the sink returned below zero */
    struct emit_held *held; /* where they wait; NULL outside bot__read_ahead */
};
void bot__emit(struct emit *e, const bot_event *ev);
/* A message that is about the connection alone; text says what it was. */
void bot__emit_control(struct emit *e, bot_source source, bot_control what, struct slice text);
/* The end of a row: its event, or the fault of the first field that could not be read, in `why` and in j. BOT_OK or that fault. */
struct fields;
int bot__row_end(struct fields *f, struct json *j, struct emit *e, const bot_event *ev, char *why, size_t size);
static inline void bot__emit_again(struct emit *e)
{
    if (e->held != NULL) e->held->again = true;
}
/* Where the k-th event from now may be built, so that holding it copies nothing; own where nothing is held. It must then be the
 * k-th to be given out: what is given out before its turn takes its place. */
static inline bot_event *bot__emit_slot(struct emit *e, uint32_t k, bot_event *own)
{
    return e->held != NULL && e->held->n + k < EMIT_HELD_MAX ? &e->held->events[e->held->n + k] : own;
}

/* Reads the next value of j by read() while the message around it is not checked yet, and holds its events. true: the value
 * has been read, and bot__emit_held gives them out once the rest proves sound. false: it is for the general way, which also
 * says what is wrong. Either way j stands behind the value and *ret_raw is its text. */
bool bot__read_ahead(struct json *j, struct emit *e, struct emit_held *held, int (*read)(struct json *j, void *arg), void *arg, struct slice *ret_raw);
/* The same for an array, row() reading one item of it. */
bool bot__rows_ahead(struct json *j, struct emit *e, struct emit_held *held, int (*row)(struct json *j, void *arg), void *arg, struct slice *ret_raw);
void bot__emit_held(struct emit *e, const struct emit_held *held);

/* Reads `rows` (a JSON array) row by row; row() consumes one item of j and returns BOT_OK or an error, which ends it.
 * whole: all rows are read before the first is given out. */
int bot__rows_each(struct slice rows, bool whole, struct emit *e, int (*row)(struct json *j, void *arg), void *arg);

/* For keys that decide or say something: given twice they are a contradiction, whatever they say. bit: of this key in *seen. */
static inline void bot__once(struct json *j, uint32_t *seen, uint32_t bit)
{
    if ((*seen & bit) != 0)
        bot__json_fail(j, BOT_ERR_CONFLICT);
    *seen |= bit;
}

void bot__event_init(bot_event *ev, bot_event_kind kind, bot_source source);

/* The decimal of a fixed-point number as the venue wants it: no trailing zeros, no exponent. */
void bot__jo_fixed_bare(struct json_out *o, const char *key, bot_i128 value);

/* ---- answers ------------------------------------------------------------------------------------------------ */

/* Zeroes, with "no headers" in the budget words. */
void bot__reply_init(struct venue_reply *reply);
/* Sets outcome, code and words; returns BOT_OK, so that a decoder ends with it. words may be raw JSON string text. */
int bot__reply_fail(struct venue_reply *reply, bot_outcome outcome, int64_t venue_code, struct slice words);
/* Sets MALFORMED with "what: field"; returns err. */
int bot__reply_malformed(struct venue_reply *reply, int err, const char *what);
/* A call that moves orders: when its fate is not told it is UNKNOWN, never a failure. */
bool bot__call_moves(enum venue_call call);
/* What a venue's own code means for a call, where it stands in no other list. For a call that moves orders a code is a no only
 * where the venue documents it as one (a span of `refusals`, both ends included): taken for a no while the order lives, a code
 * would give its room away. All others leave its fate open, codes that are not in the documentation yet among them. */
struct code_span {
    int64_t first, last;
};
bot_outcome bot__code_outcome(enum venue_call call, int64_t code, const struct code_span *refusals, size_t n);
/* What the HTTP status says when the body says nothing readable. OK for 0 (sockets) and 2xx. */
bot_outcome bot__http_outcome(int http_status);
/* Value of a header, empty when it is not there. Names compare without case. */
struct slice bot__header(const struct venue_header *headers, uint32_t n, const char *name);
/* Retry-After in nanoseconds, 0 when absent or a date; at most a day. */
int64_t bot__retry_after_ns(const struct venue_header *headers, uint32_t n);

/* What every venue can say, and none would understand otherwise: a side, a type, a time and a leg that there are, a quantity and a limit
 * price above zero, no market order that waits. Of a leg reduce-only is what closes it: venues that ignore the flag would open. */
bool bot__order_can_be_said(const bot_order_request *o);
/* No longer than that, and of these characters alone. */
bool bot__id_is_of(const bot_id *id, const char *alphabet, size_t len_max);

/* An empty request: method, path, body and headers; scope and weight are the caller's. What stands behind their ends is not wiped. */
void bot__http_init(struct venue_http *http);
/* Sets the path, with "?query" where query_len is not 0. False when it does not fit. */
bool bot__http_path(struct venue_http *http, const char *path, const char *query, size_t query_len);
/* Decimal digits, with a NUL behind them. Returns the length. */
#define I64_TEXT_MAX 24
size_t bot__i64_format(int64_t value, char buf[I64_TEXT_MAX]);
/* Adds a header; name and value must fit. False when not. */
bool bot__http_header(struct venue_http *http, const char *name, const char *value);

#endif
