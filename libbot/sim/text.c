#include "sim/text.h"

#include <stdarg.h>

#define DEPTH_MAX 8

static inline void put(struct text *t, const char *p, size_t n)
{
    if (t->size - t->len <= n) {
        t->full = true;
        return;
    }
    memcpy(t->buf + t->len, p, n);
    t->len += n;
    t->buf[t->len] = '\0';
}

static void put_i64(struct text *t, int64_t v)
{
    char buf[24];
    size_t i = sizeof buf;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do buf[--i] = (char)('0' + u % 10);
    while ((u /= 10) != 0);
    if (v < 0) buf[--i] = '-';
    put(t, buf + i, sizeof buf - i);
}

/* n * unit with the unit's own fractional digits, as venues print prices and sizes. */
static void put_units(struct text *t, bot_dec unit, int64_t n)
{
    const bot_i128 v = unit.coef * n;
    if (v > INT64_MAX || v < -INT64_MAX) {
        char buf[BOT_DEC_TEXT_MAX];
        put(t, buf, bot_dec_format((bot_dec){ v, unit.scale }, buf));
        return;
    }
    char buf[48];
    size_t i = sizeof buf;
    uint64_t u = v < 0 ? (uint64_t)-v : (uint64_t)v;
    int digits = 0;
    do {
        buf[--i] = (char)('0' + u % 10);
        u /= 10;
        if (++digits == unit.scale) buf[--i] = '.';
    } while (u != 0 || digits <= unit.scale);
    if (v < 0) buf[--i] = '-';
    put(t, buf + i, sizeof buf - i);
}

static void put_fixed(struct text *t, bot_i128 v)
{
    char buf[BOT_DEC_TEXT_MAX];
    put(t, buf, bot_fixed_format(v, buf));
}

static void put_escaped(struct text *t, const struct slice *s)
{
    for (size_t i = 0; i < s->len; i++) {
        const char c = s->p[i];
        if (c == '"' || c == '\\') put(t, "\\", 1);
        put(t, (uint8_t)c < 0x20 ? " " : &s->p[i], 1);
    }
}

typedef char sixteen __attribute__((vector_size(16)));

/* A format's own text: ' becomes ". Sixteen bytes at a time, the last of them overlapping those before. */
static void copy_quoted(char *to, const char *from, size_t n)
{
    if (n < 16) {
        for (size_t i = 0; i < n; i++) to[i] = from[i] == '\'' ? '"' : from[i];
        return;
    }
    for (size_t i = 0;; i = i + 32 <= n ? i + 16 : n - 16) {
        sixteen v;
        memcpy(&v, from + i, sizeof v);
        v ^= (sixteen)(v == '\'') & (char)('\'' ^ '"');
        memcpy(to + i, &v, sizeof v);
        if (i + 16 == n) return;
    }
}

void bot__text_put(struct text *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const char *const end = format + strlen(format);
    for (const char *f = format; f < end; f++) {
        if (*f != '%') {
            const char *const stop = memchr(f, '%', (size_t)(end - f));
            const size_t run = (size_t)((stop != NULL ? stop : end) - f), room = t->size > t->len ? t->size - t->len - 1 : 0;
            const size_t n = run < room ? run : room;
            copy_quoted(t->buf + t->len, f, n);
            t->len += n;
            t->full |= n < run;
            f += run;
            if (n < run || f == end) break;
        }
        switch (*++f) {
        case 's': { const char *s = va_arg(ap, const char *); put(t, s, strlen(s)); break; }
        case 't': put_escaped(t, va_arg(ap, const struct slice *)); break;
        case 'd': put_i64(t, va_arg(ap, int64_t)); break;
        case 'b': { const bool b = va_arg(ap, int) != 0; put(t, b ? "true" : "false", b ? 4 : 5); break; }
        case 'm': put_fixed(t, *va_arg(ap, const bot_i128 *)); break;
        case 'z': put_fixed(t, bot_fixed_round_half_even(*va_arg(ap, const bot_i128 *), 8)); break;
        case 'q': { const struct exchange_instrument *in = va_arg(ap, const struct exchange_instrument *);
                    put_units(t, in->lot, va_arg(ap, int64_t)); break; }
        case 'p': { const struct exchange_instrument *in = va_arg(ap, const struct exchange_instrument *);
                    put_units(t, in->tick, va_arg(ap, int64_t)); break; }
        case '%': put(t, "%", 1); break;
        default: t->full = true;
        }
    }
    va_end(ap);
    if (t->len < t->size) t->buf[t->len] = '\0';
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static size_t space(struct slice s, size_t i)
{
    while (i < s.len && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\n' || s.p[i] == '\r')) i++;
    return i;
}

/* How many of eight bytes stand before the first that ends a string or escapes in it; 8: none does. */
static size_t plain_bytes(const char *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
    uint64_t v;
    memcpy(&v, p, sizeof v);
    const uint64_t quotes = v ^ ones * '"', escapes = v ^ ones * '\\'; /* a byte that matches is zero now */
    const uint64_t found = (((quotes - ones) & ~quotes) | ((escapes - ones) & ~escapes)) & tops; /* right up to the first */
    return found == 0 ? 8 : (size_t)__builtin_ctzll(found) / 8;
#else
    size_t n = 0;
    while (n < 8 && p[n] != '"' && p[n] != '\\') n++;
    return n;
#endif
}

/* Index behind the string that begins at i, or 0 when it does not end. */
static size_t string_end(struct slice s, size_t i)
{
    for (i++;; i++) {
        for (size_t n = 8; n == 8 && i < s.len && s.len - i >= 8; i += n) n = plain_bytes(s.p + i);
        if (i >= s.len) return 0;
        if (s.p[i] == '"') return i + 1;
        if (s.p[i] == '\\') i++;
    }
}

/* Index behind the value that begins at i, or 0 when it is not readable. Brackets are matched on a stack of bits. */
static size_t value_end(struct slice s, size_t i)
{
    uint32_t kinds = 0; /* bit d: the container at depth d is an array */
    int depth = 0;
    do {
        if (i >= s.len) return 0;
        const char c = s.p[i];
        if (c == '"') {
            i = string_end(s, i);
            if (i == 0) return 0;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX) return 0;
            kinds = c == '[' ? kinds | 1u << depth : kinds & ~(1u << depth);
            i++;
        } else if (c == '}' || c == ']') {
            if (depth == 0 || (kinds >> depth & 1) != (c == ']')) return 0;
            depth--;
            i++;
        } else if (depth > 0 && (c == ',' || c == ':' || space(s, i) > i)) {
            i++;
        } else {
            const size_t begin = i;
            while (i < s.len && ((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '-' ||
                                 s.p[i] == '+' || s.p[i] == '.' || s.p[i] == 'E'))
                i++;
            if (i == begin) return 0;
        }
    } while (depth > 0);
    return i;
}

bool bot__is_object(struct slice text)
{
    const size_t begin = space(text, 0), end = begin < text.len && text.p[begin] == '{' ? value_end(text, begin) : 0;
    return end != 0 && space(text, end) == text.len;
}

/* The members of an object in turn: *at starts at 0. False behind the last, and where it cannot be read any further. */
static bool next_member(struct slice o, size_t *at, struct slice *ret_name, struct slice *ret_value)
{
    if (o.p == NULL) return false;
    size_t i = space(o, *at);
    if (i >= o.len || o.p[i] != (*at == 0 ? '{' : ',')) return false;
    const size_t name = space(o, i + 1), name_end = name < o.len && o.p[name] == '"' ? value_end(o, name) : 0;
    i = space(o, name_end);
    if (name_end == 0 || i >= o.len || o.p[i] != ':') return false;
    const size_t value = space(o, i + 1), end = value_end(o, value);
    if (end == 0) return false;
    *ret_name = (struct slice){ o.p + name + 1, name_end - name - 2 };
    *ret_value = (struct slice){ o.p + value, end - value };
    *at = end;
    return true;
}

static bool same(struct slice name, const char *key, size_t len) { return name.len == len && memcmp(name.p, key, len) == 0; }

struct slice bot__member(struct slice o, const char *key)
{
    const size_t len = strlen(key);
    struct slice name, value;
    for (size_t at = 0; next_member(o, &at, &name, &value);)
        if (same(name, key, len)) return value;
    return (struct slice){ NULL, 0 };
}

void bot__members(struct slice o, struct members *ret)
{
    size_t at = 0;
    ret->object = o;
    for (ret->n = 0; ret->n < MEMBERS_MAX && next_member(o, &at, &ret->name[ret->n], &ret->value[ret->n]);) ret->n++;
}

struct slice bot__members_get(const struct members *m, const char *key)
{
    const size_t len = strlen(key);
    for (uint32_t i = 0; i < m->n; i++)
        if (same(m->name[i], key, len)) return m->value[i];
    return m->n < MEMBERS_MAX ? (struct slice){ NULL, 0 } : bot__member(m->object, key);
}

bool bot__items(struct slice a, size_t *at, struct slice *ret)
{
    if (a.p == NULL || a.len < 2 || a.p[0] != '[') return false;
    const size_t i = space(a, *at == 0 ? 1 : *at);
    if (i >= a.len || a.p[i] == ']') return false;
    const size_t end = value_end(a, i);
    if (end == 0) return false;
    *ret = (struct slice){ a.p + i, end - i };
    const size_t behind = space(a, end);
    *at = behind < a.len && a.p[behind] == ',' ? behind + 1 : behind;
    return true;
}

bool bot__plain(struct slice v, char *buf, size_t size)
{
    buf[0] = '\0';
    if (v.p == NULL || slice_is(v, "null")) return true;
    if (v.p[0] == '"') v = (struct slice){ v.p + 1, v.len - 2 };
    size_t n = 0;
    for (size_t i = 0; i < v.len; i++) {
        if (v.p[i] == '\\' && i + 1 < v.len) i++;
        if (n + 1 >= size) {
            buf[0] = '\0';
            return false;
        }
        buf[n++] = v.p[i];
    }
    buf[n] = '\0';
    return true;
}

bool bot__truth(struct slice v) { return slice_is(v, "true") || slice_is(v, "\"true\"") || slice_is(v, "1"); }

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

bool bot__query(struct slice q, const char *key, char *buf, size_t size)
{
    const size_t key_len = strlen(key);
    buf[0] = '\0';
    for (size_t i = 0; i < q.len;) {
        size_t end = i;
        while (end < q.len && q.p[end] != '&') end++;
        if (end - i > key_len && memcmp(q.p + i, key, key_len) == 0 && q.p[i + key_len] == '=') {
            size_t n = 0;
            for (size_t k = i + key_len + 1; k < end && n + 1 < size; k++) {
                char c = q.p[k];
                if (c == '%' && k + 2 < end && hex(q.p[k + 1]) >= 0 && hex(q.p[k + 2]) >= 0) {
                    c = (char)(hex(q.p[k + 1]) * 16 + hex(q.p[k + 2]));
                    k += 2;
                } else if (c == '+') c = ' ';
                buf[n++] = c;
            }
            buf[n] = '\0';
            return true;
        }
        i = end + 1;
    }
    return false;
}
