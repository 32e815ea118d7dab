/* core/arena.h: hands out parts of one block of memory, once, at open. The core takes all its memory this way.
 * The block comes zeroed from the caller, so that pages of a large bound that is never reached are never touched. */
#ifndef BOT_CORE_ARENA_H
#define BOT_CORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

/* With base NULL nothing is handed out and `used` counts what would be: sizing and carving share one piece of code. */
struct arena {
    uint8_t *base;
    size_t   size, used;
};

static inline void *bot__arena_take(struct arena *a, size_t count, size_t size)
{
    const size_t start = (a->used + 63) & ~(size_t)63;
    a->used = start + count * size;
    if (a->base == NULL)
        return NULL;
    BOT_ASSERT(a->used <= a->size);
    return a->base + start;
}

#endif
