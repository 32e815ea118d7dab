#include "session/clock.h"

#define CLOCK_EVERY_NS (120 * BOT_NS_PER_S)

void bot__clock_asked(struct session *s)
{
    s->clock.at = session_after(s->t.now, CLOCK_EVERY_NS);
    s->clock.asked_at = s->t.now;
}

void bot__clock_doubt(struct session *s) { s->clock.at = s->t.now; }

void bot__clock_doubt_seldom(struct session *s, int64_t apart_ns)
{
    if (s->t.now < s->clock.at && s->t.now - s->clock.asked_at >= apart_ns)
        s->clock.at = s->t.now;
}

void bot__clock_measured(struct session *s, const struct read *r, int64_t venue_ns, int64_t venue_error_ns, bot_event *ret)
{
    /* The venue read its clock somewhere between sending and receiving. */
    const int64_t half = (s->t.now - r->sent_at) / 2, error = half + venue_error_ns;
    s->clock.offset_ns = venue_ns - (r->sent_wall_ns + half);
    s->clock.known = true;
    s->stats.clock_error_ns = error;
    if (s->options.budget != NULL)
        bot__budget_clock(s->options.budget, venue_ns - (r->sent_at - s->options.ts_offset + half), error + 50 * BOT_NS_PER_MS);
    *ret = (bot_event){ .kind = BOT_EV_CLOCK, .source = BOT_SOURCE_REST, .seq = BOT_SEQ_NONE, .venue_ns = venue_ns,
                        .clock = { .offset_ns = s->clock.offset_ns, .error_ns = error } };
}

void bot__clock_read(struct session *s, bool ok)
{
    if (ok)
        s->clock.failures = 0;
    else
        s->clock.at = session_after(s->t.now, session_retry_ns(&s->clock.failures));
}
