#include "venue/fields.h"

#include <stdio.h>

#include "base/assert.h"
#include "venue/fields_row.h"

void bot__fields_fail(struct fields *f, uint32_t i, int err)
{
    if (f->err != 0)
        return;
    f->err = err;
    f->err_at = i;
}

struct slice bot__fields_culprit(const struct fields *f)
{
    return f->err_at < f->n ? f->names[f->err_at] : SLICE("row");
}

void bot__fields_why(const struct fields *f, char *buf, size_t size)
{
    const struct slice name = bot__fields_culprit(f);
    snprintf(buf, size, "%.*s: %s", (int)name.len, name.p, bot_strerror(f->err));
}

bool bot__fields_member(struct fields *f, struct json *j, fields_find *find_key)
{
    struct slice key, value = { NULL, 0 };
    enum json_type type;
    char plain_key[64];
    if (!bot__json_member(j, &key, &value, &type))
        return false;
    const bool nested = type == JSON_OBJECT || type == JSON_ARRAY;
    /* "si\u007ae" is "size": written so it must not slip past the check for keys given twice. */
    if (j->key_escaped) {
        const int len = bot__json_unescape(key, plain_key, sizeof plain_key);
        if (len >= 0)
            key = (struct slice){ plain_key, (size_t)len };
    }
    const uint32_t i = find_key != NULL ? find_key(key) : fields_find_name(f->names, f->n, key);
    if (i >= f->n) {
        if (nested)
            bot__json_skip(j);
        return j->err == 0;
    }
    const uint64_t bit = UINT64_C(1) << i;
    if ((nested && (f->raw & bit) == 0) || (f->seen & bit) != 0) {
        const int err = nested ? BOT_ERR_MALFORMED : BOT_ERR_CONFLICT;
        bot__fields_fail(f, i, err);
        bot__json_fail(j, err);
        return false;
    }
    f->seen |= bit;
    f->v[i] = nested ? bot__json_raw(j) : value;
    f->nested |= nested ? bit : 0;
    if (type == JSON_STRING && j->escaped)
        f->escaped |= bit;
    return j->err == 0;
}

void bot__fields_read(struct fields *f, struct json *j, const struct slice *names, uint32_t n) { fields_row(f, j, names, n, NULL, 0); }

void bot__fields_read_by(struct fields *f, struct json *j, const struct slice *names, uint32_t n, fields_find *find_key)
{
    fields_row(f, j, names, n, find_key, 0);
}

void bot__fields_read_raw(struct fields *f, struct json *j, const struct slice *names, uint32_t n, fields_find *find_key, uint64_t raw)
{
    fields_row(f, j, names, n, find_key, raw);
}

/* Texts of numbers and names: one with escapes in it is none, nor is an object. */
static bool plain(struct fields *f, uint32_t i)
{
    BOT_ASSERT(i < f->n);
    if (f->v[i].len == 0)
        return false;
    if ((f->escaped | f->nested) & (UINT64_C(1) << i)) {
        bot__fields_fail(f, i, BOT_ERR_MALFORMED);
        return false;
    }
    return true;
}

bool bot__field_dec(struct fields *f, uint32_t i, bot_dec *ret)
{
    if (!plain(f, i))
        return false;
    const int r = bot_dec_parse(f->v[i].p, f->v[i].len, ret);
    if (r < 0)
        bot__fields_fail(f, i, r);
    return r >= 0;
}

bool bot__field_dec_positive(struct fields *f, uint32_t i, bot_dec *ret)
{
    bot_dec d;
    if (!bot__field_dec(f, i, &d))
        return false;
    if (bot_dec_sign(d) <= 0) {
        bot__fields_fail(f, i, BOT_ERR_MALFORMED);
        return false;
    }
    ret->coef = d.coef; /* one by one: events are compared byte for byte, padding too */
    ret->scale = d.scale;
    return true;
}

bool bot__field_dec_counted(struct fields *f, uint32_t i, bot_dec *ret)
{
    bot_dec d;
    if (!bot__field_dec(f, i, &d))
        return false;
    if (bot_dec_sign(d) < 0) {
        bot__fields_fail(f, i, BOT_ERR_MALFORMED);
        return false;
    }
    ret->coef = d.coef; /* as above */
    ret->scale = d.scale;
    return true;
}

/* Eight digits at once: pairs, then fours, then all of them by three multiplications. false: not eight digits. */
static inline bool eight_digits(const char *p, uint32_t *ret)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    /* Every byte 0x30..0x39: the upper half is 3, also after adding 6. */
    if (((v & 0xf0f0f0f0f0f0f0f0u) | ((v + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u) >> 4) != 0x3333333333333333u)
        return false;
    v = (v & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;               /* 10 * first + second */
    v = (v & 0x00ff00ff00ff00ffu) * 6553601 >> 16;           /* 100 * first pair + second */
    *ret = (uint32_t)((v & 0x0000ffff0000ffffu) * 42949672960001u >> 32);
    return true;
}

bool bot__text_i64(struct slice s, int64_t *ret)
{
    const bool negative = s.len > 0 && s.p[0] == '-';
    if (s.len == negative || s.len > 20)
        return false;
    int64_t v = 0;
    size_t at = negative;
    if (s.len - negative <= 18) { /* cannot overflow: every time and sequence number of a venue */
        uint32_t eight;
        while (s.len - at >= 8 && eight_digits(s.p + at, &eight)) {
            v = v * 100000000 + eight;
            at += 8;
        }
        for (; at < s.len; at++) {
            const unsigned d = (unsigned char)s.p[at] - '0';
            if (d > 9)
                return false;
            v = v * 10 + (int64_t)d;
        }
        *ret = negative ? -v : v;
        return true;
    }
    for (size_t i = negative; i < s.len; i++) {
        const unsigned d = (unsigned char)s.p[i] - '0';
        if (d > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, (int64_t)d, &v))
            return false;
    }
    if (!negative && v == INT64_MIN)
        return false;
    *ret = negative ? v : -v;
    return true;
}

bool bot__field_i64(struct fields *f, uint32_t i, int64_t *ret)
{
    if (!plain(f, i))
        return false;
    if (bot__text_i64(f->v[i], ret))
        return true;
    bot__fields_fail(f, i, BOT_ERR_MALFORMED);
    return false;
}

/* A short text without calls: in pieces that overlap rather than byte by byte. len is at least 1. */
static inline void copy_short(char *to, const char *from, size_t len)
{
    if (len >= 16) {
        memcpy(to, from, len); /* of ids: the call pays */
    } else if (len >= 8) {
        memcpy(to, from, 8);
        memcpy(to + len - 8, from + len - 8, 8);
    } else if (len >= 4) {
        memcpy(to, from, 4);
        memcpy(to + len - 4, from + len - 4, 4);
    } else {
        to[0] = from[0];
        to[len / 2] = from[len / 2];
        to[len - 1] = from[len - 1];
    }
}

/* plain() has seen that no escape is in it. */
#define SET_PLAIN(f, i, max, ret)                          \
    if (!plain(f, i))                                      \
        return false;                                      \
    if ((f)->v[i].len > (max)) {                           \
        bot__fields_fail(f, i, BOT_ERR_OVERFLOW);          \
        return false;                                      \
    }                                                      \
    memset((ret), 0, sizeof *(ret));                       \
    (ret)->len = (uint8_t)(f)->v[i].len;                   \
    copy_short((ret)->s, (f)->v[i].p, (f)->v[i].len);      \
    return true

bool bot__field_id(struct fields *f, uint32_t i, bot_id *ret) { SET_PLAIN(f, i, BOT_ID_MAX, ret); }
bool bot__field_symbol(struct fields *f, uint32_t i, bot_symbol *ret) { SET_PLAIN(f, i, BOT_SYMBOL_MAX, ret); }
bool bot__field_currency(struct fields *f, uint32_t i, bot_currency *ret) { SET_PLAIN(f, i, BOT_CURRENCY_MAX, ret); }

bool bot__field_bool(struct fields *f, uint32_t i, bool *ret)
{
    if (!plain(f, i))
        return false;
    const bool yes = field_is(f, i, "true");
    if (!yes && !field_is(f, i, "false")) {
        bot__fields_fail(f, i, BOT_ERR_MALFORMED);
        return false;
    }
    *ret = yes;
    return true;
}

int64_t bot__field_ms(struct fields *f, uint32_t i)
{
    int64_t ms, ns;
    if (!bot__field_i64(f, i, &ms))
        return 0;
    if (ms < 0 || __builtin_mul_overflow(ms, BOT_NS_PER_MS, &ns)) {
        bot__fields_fail(f, i, BOT_ERR_OVERFLOW);
        return 0;
    }
    return ns;
}

void bot__text_copy(struct slice s, char *buf, size_t size)
{
    BOT_ASSERT(size > 0);
    char wide[512];
    int n = s.len < sizeof wide ? bot__json_unescape(s, wide, sizeof wide) : -1;
    const char *from = n >= 0 ? wide : s.p;
    size_t len = n >= 0 ? (size_t)n : s.len;
    if (len > size - 1) {
        len = size - 1;
        while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80) /* not inside a character */
            len--;
    }
    for (size_t i = 0; i < len; i++)
        buf[i] = (unsigned char)from[i] < 0x20 || from[i] == 0x7f ? ' ' : from[i];
    buf[len] = '\0';
}

void bot__field_text(const struct fields *f, uint32_t i, char *buf, size_t size)
{
    bot__text_copy(f->v[i], buf, size);
}

int bot__level_set(bot_level *level, bot_dec price, bot_dec qty)
{
    if (price.coef < 0 || qty.coef < 0)
        return BOT_ERR_MALFORMED;
    if (price.coef > INT64_MAX || qty.coef > INT64_MAX)
        return BOT_ERR_OVERFLOW;
    *level = (bot_level){ .price_coef = (int64_t)price.coef, .qty_coef = (int64_t)qty.coef,
                          .price_scale = (uint8_t)price.scale, .qty_scale = (uint8_t)qty.scale };
    return BOT_OK;
}
