#include "venue/fields.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/json_scan.h"

static uint32_t find(const struct slice *names, uint32_t n, struct slice key)
{
    for (uint32_t i = 0; i < n; i++)
        if (names[i].len == key.len && memcmp(names[i].p, key.p, key.len) == 0)
            return i;
    return n;
}

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

static inline void read_row(struct fields *f, struct json *j, const struct slice *names, uint32_t n, fields_find *find_key)
{
    BOT_ASSERT(n <= FIELDS_MAX);
    f->names = names;
    f->n = n;
    f->seen = f->escaped = 0;
    f->err = 0;
    f->err_at = n;
    for (uint32_t i = 0; i < n; i++)
        f->v[i] = (struct slice){ NULL, 0 };

    struct slice key, value = { NULL, 0 };
    enum json_type type;
    bot__json_object(j);
    struct json_marks marks = json_marks_from(j->p, j->end);
    while (j->err == 0) {
        /* A plain member without a call; whatever is not plain, and the end of the row, the general way. */
        const char *behind = json_plain_member(&marks, j->p, j->fresh, &key, &value, &type);
        if (behind != NULL) {
            j->p = behind;
            j->fresh = j->key_escaped = j->escaped = false;
        } else if (bot__json_member(j, &key, &value, &type)) {
            marks = json_marks_from(j->p, j->end);
        } else {
            break;
        }
        const bool nested = type == JSON_OBJECT || type == JSON_ARRAY;
        /* "si\u007ae" is "size": written so it must not slip past the check for keys given twice. */
        char plain_key[64];
        if (j->key_escaped) {
            const int len = bot__json_unescape(key, plain_key, sizeof plain_key);
            if (len >= 0)
                key = (struct slice){ plain_key, (size_t)len };
        }
        const uint32_t i = find_key != NULL ? find_key(key) : find(names, n, key);
        if (i >= n) {
            if (nested) {
                bot__json_skip(j);
                marks = json_marks_from(j->p, j->end);
            }
            continue;
        }
        if (nested || (f->seen & (UINT64_C(1) << i)) != 0) {
            const int err = nested ? BOT_ERR_MALFORMED : BOT_ERR_CONFLICT;
            bot__fields_fail(f, i, err);
            bot__json_fail(j, err);
            break;
        }
        f->seen |= UINT64_C(1) << i;
        f->v[i] = value;
        if (type == JSON_STRING && j->escaped)
            f->escaped |= UINT64_C(1) << i;
    }
    if (j->err != 0)
        bot__fields_fail(f, n, j->err);
}

void bot__fields_read(struct fields *f, struct json *j, const struct slice *names, uint32_t n) { read_row(f, j, names, n, NULL); }

void bot__fields_read_by(struct fields *f, struct json *j, const struct slice *names, uint32_t n, fields_find *find_key)
{
    read_row(f, j, names, n, find_key);
}

/* Texts of numbers and names: one with escapes in it is none. */
static bool plain(struct fields *f, uint32_t i)
{
    BOT_ASSERT(i < f->n);
    if (f->v[i].len == 0)
        return false;
    if (f->escaped & (UINT64_C(1) << i)) {
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
    *ret = d;
    return true;
}

bool bot__text_i64(struct slice s, int64_t *ret)
{
    const bool negative = s.len > 0 && s.p[0] == '-';
    if (s.len == negative || s.len > 20)
        return false;
    int64_t v = 0;
    if (s.len - negative <= 18) { /* cannot overflow: every time and sequence number of a venue */
        for (size_t i = negative; i < s.len; i++) {
            const unsigned d = (unsigned char)s.p[i] - '0';
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

bool bot__field_id(struct fields *f, uint32_t i, bot_id *ret)
{
    if (!plain(f, i))
        return false;
    if (bot__id_set(ret, f->v[i].p, f->v[i].len))
        return true;
    bot__fields_fail(f, i, BOT_ERR_OVERFLOW);
    return false;
}

bool bot__field_symbol(struct fields *f, uint32_t i, bot_symbol *ret)
{
    if (!plain(f, i))
        return false;
    if (bot__symbol_set(ret, f->v[i].p, f->v[i].len))
        return true;
    bot__fields_fail(f, i, BOT_ERR_OVERFLOW);
    return false;
}

bool bot__field_currency(struct fields *f, uint32_t i, bot_currency *ret)
{
    if (!plain(f, i))
        return false;
    if (bot__currency_set(ret, f->v[i].p, f->v[i].len))
        return true;
    bot__fields_fail(f, i, BOT_ERR_OVERFLOW);
    return false;
}

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
