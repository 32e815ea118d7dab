/* tests/lib/codec_kit.h: one codec under test. The file that includes it defines V, the venue, before. */
#ifndef TESTS_CODEC_KIT_H
#define TESTS_CODEC_KIT_H

#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "recordings.h"

#define MS BOT_NS_PER_MS

static struct venue_context *ctx;
static struct collect c; /* what the last message gave */
static struct venue_reply reply;

static inline void start(void)
{
    ctx = context_new(V);
    collect_init(&c);
}

static inline void stop(void)
{
    context_free(ctx);
    collect_free(&c);
}

static inline int ws(const char *text) { return decode_ws(V, ctx, text, &c); }
static inline int rest_status(enum venue_call call, int status, const char *text) { return decode_rest(V, ctx, call, status, text, &c, &reply); }
static inline int rest(enum venue_call call, const char *text) { return rest_status(call, 200, text); }

#endif
