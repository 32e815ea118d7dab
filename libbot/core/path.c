#include "core/path.h"

#include "base/assert.h"

void bot__path_init(struct path *p, struct path_step *steps, uint32_t max)
{
    BOT_ASSERT(max >= 2);
    *p = (struct path){ .steps = steps, .max = max, .newest_seq = BOT_SEQ_NONE };
}

/* i-th newest step, 0 the newest. */
static const struct path_step *back(const struct path *p, uint32_t i)
{
    BOT_ASSERT(i < p->n);
    return &p->steps[p->next > i ? p->next - 1 - i : p->max + p->next - 1 - i];
}

int bot__path_held(const struct path *p, bot_i128 qty, bot_ts from, bot_ts to, bot_ts *ret_until)
{
    BOT_ASSERT(from <= to);
    bot_ts until = BOT_TS_NEVER; /* step i is in force during [its ts, until] */
    for (uint32_t i = 0; i < p->n; i++) {
        const struct path_step *step = back(p, i);
        if (step->ts <= to && step->qty == qty) {
            if (ret_until != NULL)
                *ret_until = until;
            return 1;
        }
        /* In force at `from` already: every older stretch ended at or before step->ts. Ended exactly at `from` still
         * counts, because the two cannot be told apart. */
        if (step->ts < from)
            return 0;
        until = step->ts;
    }
    return BOT_ERR_TRUNCATED;
}

int bot__path_last(const struct path *p, bot_i128 qty, bot_ts before, bot_ts *ret_at)
{
    bot_ts end = before; /* step i is in force up to here, not included */
    for (uint32_t i = 0; i < p->n; i++) {
        const struct path_step *step = back(p, i);
        if (step->ts < before && step->qty == qty) {
            /* A step that lasted no time was still held at its own moment. */
            *ret_at = end > step->ts ? end - 1 : step->ts;
            return 1;
        }
        if (step->ts < end)
            end = step->ts;
    }
    return BOT_ERR_TRUNCATED;
}

int bot__path_at(const struct path *p, bot_ts ts, bot_i128 *ret_qty)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (back(p, i)->ts <= ts) {
            *ret_qty = back(p, i)->qty;
            return BOT_OK;
        }
    return BOT_ERR_TRUNCATED;
}

int bot__path_at_seq(const struct path *p, int64_t seq, bot_i128 *ret_qty)
{
    for (uint32_t i = 0; i < p->n; i++) {
        const struct path_step *step = back(p, i);
        if (step->seq != BOT_SEQ_NONE && step->seq <= seq) {
            *ret_qty = step->qty;
            return BOT_OK;
        }
    }
    return BOT_ERR_TRUNCATED;
}
