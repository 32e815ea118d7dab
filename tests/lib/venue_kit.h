/* tests/lib/venue_kit.h: codecs under test, one after another: start() names which. codec_kit.h is for one venue. */
#ifndef TESTS_VENUE_KIT_H
#define TESTS_VENUE_KIT_H

#include "harness.h"
#include "recordings.h"
#include "words.h"

static const struct venue *v;
static struct venue_context *ctx;
static struct collect c; /* what the last message gave */
static struct venue_reply reply;

static inline void start(const char *venue)
{
    v = bot__venue_find(venue);
    ck_assert_ptr_nonnull(v);
    ctx = context_new(v);
    collect_init(&c);
}

static inline void stop(void)
{
    context_free(ctx);
    collect_free(&c);
}

static inline int rest(enum venue_call call, int status, const char *text) { return decode_rest(v, ctx, call, status, text, &c, &reply); }

#endif
