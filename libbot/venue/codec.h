/* venue/codec.h: what the codecs share besides rows (venue/fields.h): giving events out, and reading an HTTP answer
 * before its body. A codec need not use it. */
#ifndef BOT_VENUE_CODEC_H
#define BOT_VENUE_CODEC_H

#include "venue/fields.h"
#include "venue/venue.h"

/* Where events go. A message that carries money is read twice: once dry, so that a bad row at its end keeps the good ones
 * before it from being handed out, and once for good. */
struct emit {
    venue_sink sink;
    void      *user_data;
    bool       dry;
    int        n;   /* events given out */
    int        err; /* what the sink returned below zero */
};
void bot__emit(struct emit *e, const bot_event *ev);

/* Reads `rows` (a JSON array) row by row; row() consumes one item of j and returns BOT_OK or an error, which ends it.
 * whole: all rows are read before the first is given out. */
int bot__rows_each(struct slice rows, bool whole, struct emit *e, int (*row)(struct json *j, void *arg), void *arg);

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
/* What the HTTP status says when the body says nothing readable. OK for 0 (sockets) and 2xx. */
bot_outcome bot__http_outcome(int http_status);
/* Value of a header, empty when it is not there. Names compare without case. */
struct slice bot__header(const struct venue_header *headers, uint32_t n, const char *name);
/* Retry-After in nanoseconds, 0 when absent or a date; at most a day. */
int64_t bot__retry_after_ns(const struct venue_header *headers, uint32_t n);

/* Adds a header; name and value must fit. False when not. */
bool bot__http_header(struct venue_http *http, const char *name, const char *value);

#endif
