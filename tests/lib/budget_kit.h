/* tests/lib/budget_kit.h: short words for tests about the request budget. */
#ifndef TESTS_BUDGET_KIT_H
#define TESTS_BUDGET_KIT_H

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "core/budget.h"

#define MS(n) ((bot_ts)(n) * BOT_NS_PER_MS)

static inline struct budget_scope kit_scope(const char *name, bool calendar, uint32_t limit, int64_t seconds)
{
    struct budget_scope s = { .calendar = calendar, .limit = limit, .window_ns = seconds * BOT_NS_PER_S };
    strncpy(s.name, name, sizeof s.name - 1);
    bot__budget_reserve_default(&s, 1);
    return s;
}

static inline struct budget *kit_budget_of(const struct budget_options *o, const struct budget_scope *s, uint32_t n, bot_ts now)
{
    const size_t size = bot__budget_size(o, s, n);
    ck_assert_uint_gt(size, 0);
    void *mem = test_memory(size);
    memset(mem, 0xa5, size); /* init owes nothing to zeroed memory */
    return bot__budget_init(mem, o, s, n, now);
}

static inline struct budget *kit_budget(const struct budget_scope *s, uint32_t n, bot_ts now)
{
    struct budget_options o;
    bot__budget_options_init(&o);
    return kit_budget_of(&o, s, n, now);
}

static inline struct budget_request kit_request(enum budget_class cls, uint32_t account, uint32_t weight)
{
    return (struct budget_request){ .cls = cls, .account = account, .draws_n = 1, .draws = { { 0, weight } } };
}

#endif
