#include "session/funding.h"

#define FIRST_NS (60 * BOT_NS_PER_S)   /* a start has more urgent things to ask */
#define ENTERED_NS (2 * BOT_NS_PER_S)  /* between the news of a payment and its row */
#define EVERY_NS (1800 * BOT_NS_PER_S) /* paid every eight hours, by some contracts every hour */
#define RETRY_NS (30 * BOT_NS_PER_S)
#define OVERLAP_NS (600 * BOT_NS_PER_S)

void bot__funding_start(struct session *s)
{
    if (!s->options.venue->funding_by_log)
        return;
    s->funding.at = session_after(s->t.now, FIRST_NS);
    if (s->funding.from_ns == 0) s->funding.from_ns = s->t.wall_ns;
}

void bot__funding_entered(struct session *s)
{
    const bot_ts soon = session_after(s->t.now, ENTERED_NS);
    if (s->funding.at > soon) s->funding.at = soon;
}

void bot__funding_asked(struct session *s, bool room) { s->funding.at = session_after(s->t.now, room ? EVERY_NS : RETRY_NS); }

/* A row may be entered late: what was read is read again. */
void bot__funding_read(struct session *s, const struct read *done, bool complete)
{
    if (complete)
        s->funding.from_ns = done->sent_wall_ns - OVERLAP_NS > done->req.from_ns ? done->sent_wall_ns - OVERLAP_NS : done->req.from_ns;
    else
        s->funding.at = session_after(s->t.now, RETRY_NS);
}
