/* The reader is one pass over the bytes: what it hands out it has checked, what it skips it checks as strictly. */
#include "base/json.h"

#include "base/assert.h"
#include "base/json_scan.h"

#define IS_DIGIT(c) JSON_IS_DIGIT(c)

void bot__json_init(struct json *j, const char *text, size_t len)
{
    *j = (struct json){ .p = text, .begin = text, .end = text + len };
}

void bot__json_fail(struct json *j, int err)
{
    if (j->err == 0)
        j->err = err;
}

static bool refuse(struct json *j, int err)
{
    bot__json_fail(j, err);
    return false;
}

/* What is wrong at p: the end of the text is another thing than a wrong byte. */
static bool unexpected(struct json *j) { return refuse(j, j->p == j->end ? BOT_ERR_TRUNCATED : BOT_ERR_MALFORMED); }

static inline void space(struct json *j)
{
    /* Venues send compact text: nearly always the first byte is none. */
    while (j->p != j->end && (unsigned char)*j->p <= ' ') {
        if (*j->p != ' ' && *j->p != '\n' && *j->p != '\r' && *j->p != '\t')
            return;
        j->p++;
    }
}

size_t bot__json_offset(const struct json *j) { return (size_t)(j->p - j->begin); }

enum json_type bot__json_peek(struct json *j)
{
    space(j);
    if (j->err != 0 || j->p == j->end)
        return JSON_NONE;
    switch (*j->p) {
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case '"': return JSON_STRING;
    case 't': return JSON_TRUE;
    case 'f': return JSON_FALSE;
    case 'n': return JSON_NULL;
    default: return *j->p == '-' || IS_DIGIT(*j->p) ? JSON_NUMBER : JSON_NONE;
    }
}

/* ---- strings ---- */

/* Length of the UTF-8 sequence at p, 0 when it is none (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF). */
static int utf8_len(const unsigned char *p, const unsigned char *end)
{
    const ptrdiff_t n = end - p;
    if (p[0] < 0xc2) return 0;
    if (p[0] < 0xe0) return n >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
    if (p[0] < 0xf0) {
        if (n < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80) return 0;
        if (p[0] == 0xe0 && p[1] < 0xa0) return 0;
        if (p[0] == 0xed && p[1] >= 0xa0) return 0;
        return 3;
    }
    if (p[0] > 0xf4 || n < 4 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 || (p[3] & 0xc0) != 0x80) return 0;
    if (p[0] == 0xf0 && p[1] < 0x90) return 0;
    if (p[0] == 0xf4 && p[1] >= 0x90) return 0;
    return 4;
}

static int hex4(const char *p, const char *end)
{
    if (end - p < 4) return -1;
    int v = 0;
    for (int i = 0; i < 4; i++) {
        const char c = p[i];
        const int d = IS_DIGIT(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (d < 0) return -1;
        v = v * 16 + d;
    }
    return v;
}

/* Bytes of the escape at p (a backslash), 0 when it is none. A surrogate counts only as the first of a pair. */
static int escape_len(const char *p, const char *end, uint32_t *ret_code)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (end - p < 2) return 0;
    if (p[1] != 'u') {
        const char *at = p[1] == '\0' ? NULL : strchr(letters, p[1]);
        if (at == NULL) return 0;
        *ret_code = (unsigned char)meanings[at - letters];
        return 2;
    }
    const int high = hex4(p + 2, end);
    if (high < 0 || (high >= 0xdc00 && high <= 0xdfff)) return 0;
    *ret_code = (uint32_t)high;
    if (high < 0xd800 || high > 0xdbff) return 6;
    if (end - p < 12 || p[6] != '\\' || p[7] != 'u') return 0;
    const int low = hex4(p + 8, end);
    if (low < 0xdc00 || low > 0xdfff) return 0;
    *ret_code = 0x10000u + (((uint32_t)high - 0xd800u) << 10) + ((uint32_t)low - 0xdc00u);
    return 12;
}

/* p behind the opening quote. */
static struct slice string_body(struct json *j)
{
    const char *const start = j->p, *const end = j->end;
    const char *p = start;
    struct json_marks marks = json_marks_from(p, end);
    j->escaped = false;
    for (;;) {
        p = json_marks_next(&marks);
        if (p == end) {
            j->p = p;
            refuse(j, BOT_ERR_TRUNCATED);
            return (struct slice){ 0 };
        }
        if (*p == '"') {
            j->p = p + 1;
            return (struct slice){ start, (size_t)(p - start) };
        }
        int n;
        if (*p == '\\') {
            uint32_t code;
            n = escape_len(p, end, &code);
            j->escaped = true;
        } else {
            n = (unsigned char)*p < 0x20 ? 0 : utf8_len((const unsigned char *)p, (const unsigned char *)end);
        }
        if (n == 0) {
            j->p = p;
            refuse(j, BOT_ERR_MALFORMED);
            return (struct slice){ 0 };
        }
        p += n;
        marks = json_marks_from(p, end);
    }
}

struct slice bot__json_string(struct json *j)
{
    space(j);
    if (j->err != 0 || j->p == j->end || *j->p != '"') {
        unexpected(j);
        return (struct slice){ 0 };
    }
    j->p++;
    return string_body(j);
}

/* ---- numbers and words ---- */

struct slice bot__json_number(struct json *j)
{
    space(j);
    const char *p = j->p, *const end = j->end;
    if (j->err != 0)
        return (struct slice){ 0 };
    if (p != end && *p == '-') p++;
    const char *digits = p;
    while (p != end && IS_DIGIT(*p)) p++;
    if (p == digits || (*digits == '0' && p - digits > 1))
        goto bad;
    if (p != end && *p == '.') {
        const char *fraction = ++p;
        while (p != end && IS_DIGIT(*p)) p++;
        if (p == fraction) goto bad;
    }
    if (p != end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p != end && (*p == '+' || *p == '-')) p++;
        const char *exponent = p;
        while (p != end && IS_DIGIT(*p)) p++;
        if (p == exponent) goto bad;
    }
    const struct slice s = { j->p, (size_t)(p - j->p) };
    j->p = p;
    return s;
bad:
    j->p = p;
    unexpected(j);
    return (struct slice){ 0 };
}

static bool word(struct json *j, const char *text, size_t len)
{
    if ((size_t)(j->end - j->p) < len) {
        /* A beginning of the word at the very end is cut, anything else is wrong. */
        return refuse(j, memcmp(j->p, text, (size_t)(j->end - j->p)) == 0 ? BOT_ERR_TRUNCATED : BOT_ERR_MALFORMED);
    }
    if (memcmp(j->p, text, len) != 0)
        return refuse(j, BOT_ERR_MALFORMED);
    j->p += len;
    return true;
}

bool bot__json_bool(struct json *j)
{
    const enum json_type type = bot__json_peek(j);
    if (type == JSON_TRUE) return word(j, "true", 4);
    if (type == JSON_FALSE) word(j, "false", 5);
    else unexpected(j);
    return false;
}

struct slice bot__json_text(struct json *j)
{
    switch (bot__json_peek(j)) {
    case JSON_STRING: return bot__json_string(j);
    case JSON_NUMBER: return bot__json_number(j);
    case JSON_NULL: word(j, "null", 4); return (struct slice){ 0 };
    case JSON_TRUE: return word(j, "true", 4) ? SLICE("true") : (struct slice){ 0 };
    case JSON_FALSE: return word(j, "false", 5) ? SLICE("false") : (struct slice){ 0 };
    default: unexpected(j); return (struct slice){ 0 };
    }
}

/* ---- containers ---- */

static bool enter(struct json *j, char open, bool array)
{
    space(j);
    if (j->err != 0 || j->p == j->end || *j->p != open)
        return unexpected(j);
    if (j->depth == JSON_DEPTH_MAX)
        return refuse(j, BOT_ERR_TOO_DEEP);
    j->p++;
    j->depth++;
    j->arrays = array ? j->arrays | (UINT64_C(1) << j->depth) : j->arrays & ~(UINT64_C(1) << j->depth);
    j->fresh = true;
    return true;
}

bool bot__json_object(struct json *j) { return enter(j, '{', false); }
bool bot__json_array(struct json *j) { return enter(j, '[', true); }

/* To the next element; false when the container has ended, which leaves it, or on error. */
static bool advance(struct json *j, bool array)
{
    if (j->err != 0)
        return false;
    BOT_ASSERT(j->depth > 0 && ((j->arrays >> j->depth) & 1) == array);
    space(j);
    if (j->p == j->end)
        return unexpected(j);
    if (*j->p == (array ? ']' : '}')) {
        j->p++;
        j->depth--;
        j->fresh = false;
        return false;
    }
    if (!j->fresh) {
        if (*j->p != ',')
            return unexpected(j);
        j->p++;
        space(j);
        if (j->p == j->end)
            return unexpected(j);
    }
    j->fresh = false;
    return true;
}

bool bot__json_item(struct json *j)
{
    if (!advance(j, true))
        return false;
    if (*j->p == ']') /* behind a comma */
        return unexpected(j);
    return true;
}

bool bot__json_key(struct json *j, struct slice *ret_key)
{
    if (!advance(j, false))
        return false;
    if (*j->p != '"')
        return unexpected(j);
    j->p++;
    *ret_key = string_body(j);
    if (j->err != 0)
        return false;
    space(j);
    if (j->p == j->end || *j->p != ':')
        return unexpected(j);
    j->p++;
    return true;
}

/* Plain members straight through; everything else, and every error, the general way from the member's beginning. */
bool bot__json_member(struct json *j, struct slice *ret_key, struct slice *ret_value, enum json_type *ret_type)
{
    if (j->err == 0) {
        BOT_ASSERT(j->depth > 0 && ((j->arrays >> j->depth) & 1) == 0);
        struct json_marks marks = json_marks_from(j->p, j->end);
        const char *behind = json_plain_member(&marks, j->p, j->fresh, ret_key, ret_value, ret_type);
        if (behind != NULL) {
            j->p = behind;
            j->fresh = j->key_escaped = j->escaped = false;
            return true;
        }
    }
    if (!bot__json_key(j, ret_key))
        return false;
    j->key_escaped = j->escaped;
    *ret_type = bot__json_peek(j);
    if (*ret_type == JSON_OBJECT || *ret_type == JSON_ARRAY)
        return true;
    j->escaped = false;
    *ret_value = bot__json_text(j);
    return j->err == 0;
}

/* Over the plain members from here on; true when the last one is a container that is to be entered. */
static bool skip_plain_members(struct json *j, enum json_type *ret_type)
{
    struct json_marks marks = json_marks_from(j->p, j->end);
    struct slice key, value;
    const char *behind;
    while ((behind = json_plain_member(&marks, j->p, j->fresh, &key, &value, ret_type)) != NULL) {
        j->p = behind;
        j->fresh = false;
        if (*ret_type == JSON_OBJECT || *ret_type == JSON_ARRAY)
            return true;
    }
    return false;
}

void bot__json_skip(struct json *j)
{
    const uint8_t floor = j->depth;
    enum json_type type = bot__json_peek(j);
    struct slice key, value;
    for (;;) {
        switch (type) {
        case JSON_OBJECT: (void)bot__json_object(j); break;
        case JSON_ARRAY: (void)bot__json_array(j); break;
        case JSON_NONE: unexpected(j); break;
        default: (void)bot__json_text(j); break;
        }
        /* To the next value that is not read yet, out of every container that has ended. */
        for (;;) {
            if (j->err != 0 || j->depth == floor)
                return;
            if ((j->arrays >> j->depth) & 1) {
                if (bot__json_item(j)) {
                    type = bot__json_peek(j);
                    break;
                }
            } else if (skip_plain_members(j, &type)) {
                break;
            } else if (bot__json_member(j, &key, &value, &type) && (type == JSON_OBJECT || type == JSON_ARRAY)) {
                break;
            }
        }
    }
}

struct slice bot__json_raw(struct json *j)
{
    space(j);
    const char *start = j->p;
    bot__json_skip(j);
    return j->err != 0 ? (struct slice){ 0 } : (struct slice){ start, (size_t)(j->p - start) };
}

int bot__json_end(struct json *j)
{
    if (j->err == 0) {
        space(j);
        if (j->depth != 0)
            refuse(j, BOT_ERR_TRUNCATED);
        else if (j->p != j->end)
            refuse(j, BOT_ERR_MALFORMED);
    }
    return j->err;
}

/* ---- decoded strings and values ---- */

static int put_utf8(uint32_t code, char *buf, size_t room)
{
    if (code < 0x80) {
        if (room < 1) return -1;
        buf[0] = (char)code;
        return 1;
    }
    const int n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (room < (size_t)n) return -1;
    static const unsigned char lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (int i = n - 1; i > 0; i--) {
        buf[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    buf[0] = (char)(lead[n] | code);
    return n;
}

int bot__json_unescape(struct slice s, char *buf, size_t buf_size)
{
    const char *p = s.p, *end = s.p + s.len;
    size_t len = 0;
    while (p != end) {
        if (*p != '\\') {
            if (len == buf_size) return BOT_ERR_OVERFLOW;
            buf[len++] = *p++;
            continue;
        }
        uint32_t code;
        const int n = escape_len(p, end, &code);
        if (n == 0) return BOT_ERR_MALFORMED;
        const int written = put_utf8(code, buf + len, buf_size - len);
        if (written < 0) return BOT_ERR_OVERFLOW;
        len += (size_t)written;
        p += n;
    }
    return (int)len;
}

bool bot__json_dec(struct json *j, bot_dec *ret)
{
    const struct slice s = bot__json_text(j);
    if (j->err != 0 || s.len == 0)
        return false;
    const int r = bot_dec_parse(s.p, s.len, ret);
    return r == BOT_OK ? true : refuse(j, r);
}

bool bot__json_i64(struct json *j, int64_t *ret)
{
    const struct slice s = bot__json_text(j);
    if (j->err != 0 || s.len == 0)
        return false;
    const bool negative = s.p[0] == '-';
    uint64_t v = 0;
    if (s.len == negative || s.len - negative > 19)
        return refuse(j, BOT_ERR_MALFORMED);
    for (size_t i = negative; i < s.len; i++) {
        if (!IS_DIGIT(s.p[i]))
            return refuse(j, BOT_ERR_MALFORMED);
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    if (v > (uint64_t)INT64_MAX)
        return refuse(j, BOT_ERR_OVERFLOW);
    *ret = negative ? -(int64_t)v : (int64_t)v;
    return true;
}

#define SET_TEXT(to, max)                                                \
    if (len > (max) || (len != 0 && memchr(p, '\\', len) != NULL))       \
        return false;                                                    \
    memset((to), 0, sizeof *(to));                                       \
    (to)->len = (uint8_t)len;                                            \
    if (len != 0)                                                        \
        memcpy((to)->s, p, len);                                         \
    return true

bool bot__id_set(bot_id *id, const char *p, size_t len) { SET_TEXT(id, BOT_ID_MAX); }
bool bot__symbol_set(bot_symbol *s, const char *p, size_t len) { SET_TEXT(s, BOT_SYMBOL_MAX); }
bool bot__currency_set(bot_currency *c, const char *p, size_t len) { SET_TEXT(c, BOT_CURRENCY_MAX); }

bool bot__json_id(struct json *j, bot_id *ret)
{
    const struct slice s = bot__json_text(j);
    if (j->err != 0 || s.len == 0)
        return false;
    return bot__id_set(ret, s.p, s.len) ? true : refuse(j, BOT_ERR_OVERFLOW);
}

bool bot__json_symbol(struct json *j, bot_symbol *ret)
{
    const struct slice s = bot__json_text(j);
    if (j->err != 0 || s.len == 0)
        return false;
    return bot__symbol_set(ret, s.p, s.len) ? true : refuse(j, BOT_ERR_OVERFLOW);
}

bool bot__json_currency(struct json *j, bot_currency *ret)
{
    const struct slice s = bot__json_text(j);
    if (j->err != 0 || s.len == 0)
        return false;
    return bot__currency_set(ret, s.p, s.len) ? true : refuse(j, BOT_ERR_OVERFLOW);
}
