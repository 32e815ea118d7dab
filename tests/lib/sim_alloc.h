/* tests/lib/sim_alloc.h: malloc behind the paper exchange's allocator, counting. */
#ifndef TESTS_SIM_ALLOC_H
#define TESTS_SIM_ALLOC_H

#include <stdlib.h>

#include "sim/alloc.h"

static inline void *test_sim_take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}
static inline void test_sim_give(void *self, void *p)
{
    (void)self;
    free(p);
}
static inline struct sim_alloc test_sim_alloc(void)
{
    return (struct sim_alloc){ NULL, test_sim_take, test_sim_give };
}

#endif
