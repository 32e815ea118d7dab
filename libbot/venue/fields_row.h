/* venue/fields_row.h: the loop behind bot__fields_read, inline, for codecs whose row is waited for: their own search for a key's
 * name becomes a part of it. Everywhere else bot__fields_read and bot__fields_read_by do. */
#ifndef BOT_VENUE_FIELDS_ROW_H
#define BOT_VENUE_FIELDS_ROW_H

#include "base/json_walk.h"
#include "venue/fields.h"

static inline uint32_t fields_find_name(const struct slice *names, uint32_t n, struct slice key)
{
    if (key.len == 0)
        return n;
    for (uint32_t i = 0; i < n; i++) /* the first byte tells nearly all of them apart: no call for those */
        if (names[i].len == key.len && *names[i].p == *key.p && memcmp(names[i].p, key.p, key.len) == 0)
            return i;
    return n;
}

/* One member by the general way: escapes, space, containers. false at the end of the object and on error. */
bool bot__fields_member(struct fields *f, struct json *j, fields_find *find_key);

/* bot__fields_read_raw; find_key NULL: by the names. */
static inline __attribute__((always_inline)) void fields_row(struct fields *f, struct json *j, const struct slice *names, uint32_t n,
                                                             fields_find *find_key, uint64_t raw)
{
    BOT_ASSERT(n <= FIELDS_MAX);
    f->names = names;
    f->n = n;
    f->seen = f->escaped = f->nested = 0;
    f->raw = raw;
    f->err = 0;
    f->err_at = n;
    for (uint32_t i = 0; i < n; i++)
        f->v[i] = (struct slice){ NULL, 0 };
    if (!bot__json_object(j)) {
        bot__fields_fail(f, n, j->err);
        return;
    }
    for (;;) {
        struct json_walk w = json_walk_in(j);
        uint64_t seen = f->seen;
        for (;;) {
            struct slice key, value;
            enum json_type type;
            const char *p = json_plain_key(&w.marks, w.p, w.fresh, &key);
            if (p == NULL || (p = json_plain_scalar(&w.marks, p, &value, &type)) == NULL)
                break;
            const uint32_t i = find_key != NULL ? find_key(key) : fields_find_name(names, n, key);
            if (i < n) {
                if ((seen & (UINT64_C(1) << i)) != 0)
                    break; /* given twice: for the general way to refuse */
                seen |= UINT64_C(1) << i;
                f->v[i] = value;
            }
            w.p = p;
            w.fresh = false;
        }
        f->seen = seen;
        if (json_walk_end(j, &w))
            break;
        json_walk_out(j, &w);
        if (!bot__fields_member(f, j, find_key))
            break;
    }
    if (j->err != 0)
        bot__fields_fail(f, n, j->err);
}

#endif
