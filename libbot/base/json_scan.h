/* base/json_scan.h: the innermost loops of the JSON reader, inline for base/json.c and the walk of base/json_walk.h. They read
 * compact text with plain strings, which is what venues send, and hand everything else (space, escapes, bytes above 0x7f,
 * every error) to the general way by giving up before anything has been consumed.
 *
 * Where a string ends is not looked for from where it begins: that would make each step wait for the one before. Sixty-four
 * bytes at a time are turned into a word of marks, one bit for each byte that could end the plain part of a string, and the
 * members are walked by taking bits off that word. With SSE2 (every amd64) sixteen bytes at a time, elsewhere or with
 * BOT_JSON_PORTABLE eight; the two agree byte for byte (tests/unit/test_json.c runs both). Nothing outside the text is read. */
#ifndef BOT_BASE_JSON_SCAN_H
#define BOT_BASE_JSON_SCAN_H

#include "base/assert.h"
#include "base/json.h"

#if defined __SSE2__ && !defined BOT_JSON_PORTABLE
#include <emmintrin.h>
#define JSON_SSE2 1
#else
#define JSON_SSE2 0
#endif

#define JSON_IS_DIGIT(c) ((unsigned)((unsigned char)(c) - '0') <= 9)

#if JSON_SSE2
/* Bit i: byte i of the 16 at p, likewise. Signed: bytes above 0x7f are negative and so below 0x20 as well. */
static inline uint64_t json_marks_of_16(const char *p)
{
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))),
                                     _mm_cmplt_epi8(v, _mm_set1_epi8(0x20)));
    return (uint64_t)(unsigned)_mm_movemask_epi8(hit);
}
#endif

/* Bit i: byte i of the 64 at p is a quote, a backslash, a control character or above 0x7f. */
static inline uint64_t json_marks_of(const char *p)
{
#if JSON_SSE2
    return json_marks_of_16(p) | json_marks_of_16(p + 16) << 16 | json_marks_of_16(p + 32) << 32 | json_marks_of_16(p + 48) << 48;
#else
    uint64_t marks = 0;
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u, rest = ~tops;
    for (int i = 0; i < 64; i += 8) {
        uint64_t v;
        memcpy(&v, p + i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        v = __builtin_bswap64(v);
#endif
        /* A byte plus 0x7f has its top bit set unless the byte is zero; no carry leaves it. */
        const uint64_t q = v ^ (ones * '"'), s = v ^ (ones * '\\'), c = v & (ones * 0xe0);
        const uint64_t none = (((q & rest) + rest) | q) & (((s & rest) + rest) | s) & (((c & rest) + rest) | c);
        const uint64_t hit = (~none | v) & tops;
        marks |= (hit >> 7) * 0x0102040810204080u >> 56 << i;
    }
    return marks;
#endif
}

struct json_marks {
    const char *at, *end; /* bit 0 of bits is the byte at `at` */
    uint64_t    bits;
};

/* Out of the way, so that the loops around it keep their registers. */
static __attribute__((noinline, unused)) uint64_t json_marks_block(const char *at, const char *end)
{
    if (end - at >= 64)
        return json_marks_of(at);
    char tail[64] = { 0 };
    memcpy(tail, at, (size_t)(end - at));
    return json_marks_of(tail) & ((UINT64_C(1) << (end - at)) - 1);
}

static inline struct json_marks json_marks_from(const char *p, const char *end)
{
    return (struct json_marks){ .at = p, .end = end, .bits = json_marks_block(p, end) };
}

/* The next mark, or end. */
static inline const char *json_marks_next(struct json_marks *m)
{
    while (m->bits == 0) {
        if (m->end - m->at <= 64)
            return m->end;
        m->at += 64;
        m->bits = json_marks_block(m->at, m->end);
    }
    const char *p = m->at + __builtin_ctzll(m->bits);
    m->bits &= m->bits - 1;
    return p;
}

/* End of the bare number at p, a digit, when it is digits and perhaps a fraction; NULL for every other number. */
static inline const char *json_plain_number_end(const char *p, const char *end)
{
    const char *const digits = p;
    while (p != end && JSON_IS_DIGIT(*p)) p++;
    if (p != end && *p == '.') {
        const char *fraction = ++p;
        while (p != end && JSON_IS_DIGIT(*p)) p++;
        if (p == fraction) return NULL;
    }
    if (p == end || *p == 'e' || *p == 'E' || (*digits == '0' && digits + 1 != p && JSON_IS_DIGIT(digits[1])))
        return NULL;
    return p;
}

/* The key and colon of the member at p of the object that a reader is in; fresh: the first; m: from p on. Returns where the value
 * begins, with m on from there and at least six bytes of text to come, or NULL when they are not plain. */
static inline const char *json_plain_key(struct json_marks *m, const char *p, bool fresh, struct slice *ret_key)
{
    const char *const end = m->end;
    if (end - p < 2 || (fresh ? *p != '"' : memcmp(p, ",\"", 2) != 0))
        return NULL;
    p += fresh ? 1 : 2;
    (void)json_marks_next(m); /* that quote: neither a comma nor the end of a value is a mark */
    const char *q = json_marks_next(m);
    if (end - q < 8 || memcmp(q, "\":", 2) != 0)
        return NULL;
    *ret_key = (struct slice){ p, (size_t)(q - p) };
    return q + 2;
}

/* The scalar at p, where json_plain_key has left m and six bytes. Returns the place behind it, with m on from there, or NULL when
 * it is none of the plain kind, a container among them. null is an empty slice. */
static inline const char *json_plain_scalar(struct json_marks *m, const char *p, struct slice *ret_value, enum json_type *ret_type)
{
    const char *const end = m->end, *q;
    if (__builtin_expect(*p == '"', 1)) {
        (void)json_marks_next(m);
        q = json_marks_next(m);
        if (q == end || *q != '"')
            return NULL;
        *ret_value = (struct slice){ p + 1, (size_t)(q - p - 1) };
        *ret_type = JSON_STRING;
        return q + 1;
    }
    if (JSON_IS_DIGIT(*p)) {
        q = json_plain_number_end(p, end);
        if (q == NULL)
            return NULL;
        *ret_value = (struct slice){ p, (size_t)(q - p) };
        *ret_type = JSON_NUMBER;
        return q;
    }
    if (memcmp(p, "true", 4) == 0) {
        *ret_value = (struct slice){ p, 4 };
        *ret_type = JSON_TRUE;
        return p + 4;
    }
    if (memcmp(p, "false", 5) == 0) {
        *ret_value = (struct slice){ p, 5 };
        *ret_type = JSON_FALSE;
        return p + 5;
    }
    if (memcmp(p, "null", 4) == 0) {
        *ret_value = (struct slice){ NULL, 0 };
        *ret_type = JSON_NULL;
        return p + 4;
    }
    return NULL;
}

/* The member at p, as bot__json_member reads it. Returns the place behind it, with m on from there (the beginning of the value
 * when that is an object or array), or NULL when it is none of the plain kind. */
static inline const char *json_plain_member(struct json_marks *m, const char *p, bool fresh, struct slice *ret_key, struct slice *ret_value,
                                            enum json_type *ret_type)
{
    p = json_plain_key(m, p, fresh, ret_key);
    if (p == NULL)
        return NULL;
    if (*p == '{' || *p == '[') {
        *ret_type = *p == '{' ? JSON_OBJECT : JSON_ARRAY;
        return p;
    }
    return json_plain_scalar(m, p, ret_value, ret_type);
}

#endif
