#include "sim/text.h"

#include <stdarg.h>

#define DEPTH_MAX 8

static void put(struct text *t, const char *p, size_t n)
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
            char *to = t->buf + t->len;
            for (size_t i = 0; i < n; i++) to[i] = f[i] == '\'' ? '"' : f[i];
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

/* Index behind the value that begins at i, or 0 when it is not readable. Brackets are matched on a stack of bits. */
static size_t value_end(struct slice s, size_t i)
{
    uint32_t kinds = 0; /* bit d: the container at depth d is an array */
    int depth = 0;
    do {
        if (i >= s.len) return 0;
        const char c = s.p[i];
        if (c == '"') {
            for (i++; i < s.len && s.p[i] != '"'; i++)
                if (s.p[i] == '\\') i++;
            if (i >= s.len) return 0;
            i++;
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

struct slice bot__member(struct slice o, const char *key)
{
    const struct slice none = { NULL, 0 };
    size_t i = o.p == NULL ? 0 : space(o, 0);
    if (o.p == NULL || i >= o.len || o.p[i] != '{') return none;
    for (i++;;) {
        i = space(o, i);
        if (i >= o.len || o.p[i] != '"') return none;
        const size_t name = i, name_end = value_end(o, i);
        if (name_end == 0) return none;
        i = space(o, name_end);
        if (i >= o.len || o.p[i] != ':') return none;
        i = space(o, i + 1);
        const size_t end = value_end(o, i);
        if (end == 0) return none;
        if (name_end - name - 2 == strlen(key) && memcmp(o.p + name + 1, key, strlen(key)) == 0)
            return (struct slice){ o.p + i, end - i };
        i = space(o, end);
        if (i >= o.len || o.p[i] != ',') return none;
        i++;
    }
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
