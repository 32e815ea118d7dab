/* base/json_walk.h: the quick way through an object's members, inline: for the row reader and the envelopes of hot messages. */
#ifndef BOT_BASE_JSON_WALK_H
#define BOT_BASE_JSON_WALK_H

#include "base/json_scan.h"

/* A walk through an object that has been entered: bot__json_member, member after member, with what it needs kept at hand.
 * j itself stands where the walk is only after json_walk_out; after j has moved on by other calls json_walk_in is due. */
struct json_walk {
    const char       *p;
    bool              fresh;
    struct json_marks marks;
};

static inline struct json_walk json_walk_in(const struct json *j)
{
    return (struct json_walk){ .p = j->p, .fresh = j->fresh, .marks = json_marks_from(j->p, j->end) };
}

static inline void json_walk_out(struct json *j, const struct json_walk *w)
{
    j->p = w->p;
    j->fresh = w->fresh;
    j->key_escaped = j->escaped = false;
}

/* Leaves the object when the walk stands at its end. */
static inline bool json_walk_end(struct json *j, const struct json_walk *w)
{
    if (w->p == w->marks.end || *w->p != '}' || j->err != 0)
        return false;
    BOT_ASSERT(j->depth > 0 && ((j->arrays >> j->depth) & 1) == 0);
    j->p = w->p + 1;
    j->depth--;
    j->fresh = j->key_escaped = j->escaped = false;
    return true;
}

struct json_found {
    struct slice   key, value;
    enum json_type type;
    bool           key_escaped, escaped;
};

/* The next member into *ret: no call for a plain one; false at the end of the object and on error (j says which). */
static inline bool json_walk_member(struct json *j, struct json_walk *w, struct json_found *ret)
{
    ret->key_escaped = ret->escaped = false;
    ret->value = (struct slice){ NULL, 0 };
    const char *behind = json_plain_member(&w->marks, w->p, w->fresh, &ret->key, &ret->value, &ret->type);
    if (__builtin_expect(behind != NULL, 1)) {
        w->p = behind;
        w->fresh = false;
        return true;
    }
    if (json_walk_end(j, w)) {
        w->p = j->p;
        w->fresh = false;
        return false;
    }
    struct json_found found = { 0 };
    json_walk_out(j, w);
    const bool more = bot__json_member(j, &found.key, &found.value, &found.type);
    found.key_escaped = j->key_escaped;
    found.escaped = j->escaped;
    *ret = found;
    *w = json_walk_in(j);
    return more;
}

/* The item at p of an array when it is ["text","text"] without escapes, as price levels are, perhaps with more texts behind
 * the two: the place behind it, m on from there; NULL when it is anything else. fresh: the first item. */
static inline const char *json_plain_pair(struct json_marks *m, const char *p, bool fresh, struct slice *ret_a, struct slice *ret_b)
{
    const char *const end = m->end;
    if (end - p < 3 || (!fresh && *p++ != ',') || p[0] != '[' || p[1] != '"')
        return NULL;
    (void)json_marks_next(m);
    const char *q = json_marks_next(m);
    if (end - q < 4 || q[0] != '"' || q[1] != ',' || q[2] != '"')
        return NULL;
    *ret_a = (struct slice){ p + 2, (size_t)(q - p - 2) };
    (void)json_marks_next(m);
    p = json_marks_next(m);
    if (end - p < 2 || p[0] != '"')
        return NULL;
    *ret_b = (struct slice){ q + 3, (size_t)(p - q - 3) };
    while (p[1] == ',') {
        if (end - p < 4 || p[2] != '"')
            return NULL;
        (void)json_marks_next(m);
        p = json_marks_next(m);
        if (end - p < 2 || p[0] != '"')
            return NULL;
    }
    return p[1] == ']' ? p + 2 : NULL;
}

#endif
