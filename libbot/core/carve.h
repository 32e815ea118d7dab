/* core/carve.h: cuts one block of memory into arrays. The same code first measures (base NULL) and then cuts, so that a
 * module's size function can never disagree with its init. */
#ifndef BOT_CORE_CARVE_H
#define BOT_CORE_CARVE_H

#include <stddef.h>

struct carve {
    char  *base; /* NULL: only measures */
    size_t used;
};

/* Room for n things of `size` bytes, aligned to 64 so that no two arrays share a cache line. NULL while measuring. */
static inline void *carve_take(struct carve *c, size_t n, size_t size)
{
    const size_t at = (c->used + 63) & ~(size_t)63;
    c->used = at + n * size;
    return c->base == NULL ? NULL : c->base + at;
}

#endif
