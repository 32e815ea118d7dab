#include "session/joins.h"

#include <string.h>

#include "core/hash.h"

static uint64_t key_of(const struct venue_http *http)
{
    uint64_t padded[VENUE_PATH_MAX / sizeof(uint64_t)] = { 0 };
    const size_t len = strlen(http->path);
    memcpy(padded, http->path, len);
    return hash_words64(padded, (len + 7) / 8, len);
}

bool bot__joins_wait(struct session *s, struct read *r, const struct venue_http *http)
{
    if (s->options.budget == NULL || r->call != VENUE_CALL_INSTRUMENTS || r->join != 0)
        return false;
    r->session = s;
    const int joined = bot__budget_join(s->options.budget, key_of(http), INT64_MIN, (uintptr_t)r, &r->join);
    if (joined == BUDGET_READ_JOINED)
        return true;
    if (joined < 0)
        r->join = 0; /* too many: on its own, then */
    return false;
}

void bot__joins_sent(struct session *s, struct read *r)
{
    if (r->join != 0)
        bot__budget_read_sent(s->options.budget, r->join, s->t.now - s->options.ts_offset);
}

uint32_t bot__joins_finish(struct session *s, struct read *r, struct read **ret_others, uint32_t max)
{
    if (r->join == 0)
        return 0;
    uint64_t waiters[JOINED_MAX];
    uint32_t n = bot__budget_read_finish(s->options.budget, r->join, waiters, JOINED_MAX), others = 0;
    for (uint32_t i = 0; i < n && i < JOINED_MAX; i++) {
        struct read *other = (struct read *)(uintptr_t)waiters[i];
        other->join = 0;
        if (other != r && others < max)
            ret_others[others++] = other;
    }
    return others;
}

void bot__joins_abandon(struct session *s, struct read *r)
{
    if (r->join != 0 && r->joined) {
        bot__budget_read_leave(s->options.budget, r->join, (uintptr_t)r);
        r->join = 0;
        return;
    }
    struct read *others[JOINED_MAX];
    const uint32_t n = bot__joins_finish(s, r, others, JOINED_MAX);
    for (uint32_t i = 0; i < n; i++) { /* the first of them leads the rest again */
        struct session *its = others[i]->session;
        others[i]->joined = false;
        others[i]->http = 0;
        others[i]->waiting = true;
        others[i]->at = its->t.now;
        its->transport.timer(its->transport.self, its->t.now - its->options.ts_offset);
    }
}
