/* base/json.h: a strict one-pass JSON reader over a borrowed buffer, and a small writer.
 *
 * The reader checks everything it passes (RFC 8259: grammar, UTF-8, escapes, no trailing bytes), allocates nothing,
 * bounds the depth, and hands out keys and values as slices of the input, so that a number keeps its text. It reads
 * forward only; a value that is needed before its discriminator is remembered with json_raw() and read again from its
 * slice. Errors stick: after the first, every call returns false or an empty slice, so that a codec checks once, at the end.
 *
 *     struct json j;
 *     bot__json_init(&j, text, len);
 *     struct slice key;
 *     bot__json_object(&j);                       // enter; fails when the next value is not an object
 *     while (bot__json_key(&j, &key)) {           // next member, false behind the last (the object is left then)
 *         if (slice_is(key, "topic"))      topic = bot__json_string(&j);
 *         else if (slice_is(key, "data"))  { bot__json_array(&j); while (bot__json_item(&j)) read_row(&j); }
 *         else                             bot__json_skip(&j);   // each member's value must be consumed
 *     }
 *     int r = bot__json_end(&j);                  // BOT_OK, or the first error; nothing but space may follow
 */
#ifndef BOT_BASE_JSON_H
#define BOT_BASE_JSON_H

#include <string.h>

#include "bot/decimal.h"
#include "bot/err.h"
#include "bot/types.h"

struct slice {
    const char *p;
    size_t      len;
};

/* slice_is(s, "literal"). s is evaluated more than once. */
#define slice_is(s, literal) ((s).len == sizeof(literal) - 1 && memcmp((s).p, literal, sizeof(literal) - 1) == 0)
#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

#define JSON_DEPTH_MAX 32

enum json_type { JSON_NONE, JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

struct json {
    const char *p, *begin, *end;
    int         err;      /* first error, enum bot_err, or 0 */
    uint8_t     depth;
    bool        fresh;    /* just entered: no comma expected */
    bool        escaped;  /* the last string handed out holds escapes: decode it with bot__json_unescape */
    bool        key_escaped; /* the same of the key that bot__json_member gave */
    uint64_t    arrays;   /* bit d: the container at depth d is an array */
};

void bot__json_init(struct json *j, const char *text, size_t len);
/* Type of the next value without consuming it. */
enum json_type bot__json_peek(struct json *j);
/* Enter a container; false (and MALFORMED) when the next value is another. */
bool bot__json_object(struct json *j);
bool bot__json_array(struct json *j);
/* Next member or item of the innermost container; false behind the last one, which leaves the container, or on error. */
bool bot__json_key(struct json *j, struct slice *ret_key);
bool bot__json_item(struct json *j);
/* Key and value in one call, the quickest way through an object: a scalar value is consumed as bot__json_text does and *ret_type
 * says what it was; of an object or array only *ret_type is set and the value is the caller's to consume. */
bool bot__json_member(struct json *j, struct slice *ret_key, struct slice *ret_value, enum json_type *ret_type);
/* Consume one value. string: without quotes, escapes left as they stand (j->escaped tells). number: bare text.
 * text: a string, or a bare number, or true/false, or null as an empty slice: for venues that quote at will. */
struct slice bot__json_string(struct json *j);
struct slice bot__json_number(struct json *j);
struct slice bot__json_text(struct json *j);
bool         bot__json_bool(struct json *j); /* true, false; anything else is MALFORMED */
void         bot__json_skip(struct json *j); /* any value, checked as strictly */
struct slice bot__json_raw(struct json *j);  /* any value, checked, as the slice that it stands in */
/* Sticks an error from outside (a codec that finds a bad field) if none is there yet. */
void bot__json_fail(struct json *j, int err);
/* BOT_OK if everything was read and nothing but space follows; else the first error. */
int bot__json_end(struct json *j);
/* Byte offset of the first error, or of the next byte. */
size_t bot__json_offset(const struct json *j);

/* Decodes the escapes of a string slice. Returns the length or BOT_ERR_OVERFLOW; a lone surrogate is BOT_ERR_MALFORMED
 * (bot__json_string has refused it before). */
int bot__json_unescape(struct slice s, char *buf, size_t buf_size);

/* Value helpers for codecs. Empty text (absent) gives false without an error; unreadable text fails the reader. */
bool bot__json_dec(struct json *j, bot_dec *ret);      /* quoted or bare decimal */
bool bot__json_i64(struct json *j, int64_t *ret);      /* quoted or bare integer */
bool bot__json_id(struct json *j, bot_id *ret);        /* text or integer; over-long or escaped: fails the reader */
bool bot__json_symbol(struct json *j, bot_symbol *ret);
bool bot__json_currency(struct json *j, bot_currency *ret);

bool bot__id_set(bot_id *id, const char *p, size_t len);           /* false: does not fit */
bool bot__symbol_set(bot_symbol *s, const char *p, size_t len);
bool bot__currency_set(bot_currency *c, const char *p, size_t len);
static inline bool bot__id_eq(const bot_id *a, const bot_id *b) { return a->len == b->len && memcmp(a->s, b->s, a->len) == 0; }
static inline bool bot__currency_eq(const bot_currency *a, const bot_currency *b) { return a->len == b->len && memcmp(a->s, b->s, a->len) == 0; }
static inline bool bot__symbol_eq(const bot_symbol *a, const bot_symbol *b) { return a->len == b->len && memcmp(a->s, b->s, a->len) == 0; }

/* Writer: appends to a caller's buffer; commas are its business; overflow sticks and is reported at the end. */
struct json_out {
    char  *buf;
    size_t size, len;
    bool   overflow, need_comma;
};
void bot__jo_init(struct json_out *o, char *buf, size_t size);
void bot__jo_object(struct json_out *o, const char *key); /* key NULL inside arrays and at the top */
void bot__jo_object_end(struct json_out *o);
void bot__jo_array(struct json_out *o, const char *key);
void bot__jo_array_end(struct json_out *o);
void bot__jo_str(struct json_out *o, const char *key, const char *value);             /* escaped; UTF-8 repaired */
void bot__jo_strn(struct json_out *o, const char *key, const char *value, size_t len);
void bot__jo_i64(struct json_out *o, const char *key, int64_t value);
void bot__jo_bool(struct json_out *o, const char *key, bool value);
void bot__jo_dec(struct json_out *o, const char *key, bot_dec value);                 /* as a string */
void bot__jo_dec_bare(struct json_out *o, const char *key, bot_dec value);            /* as a bare number */
void bot__jo_fixed(struct json_out *o, const char *key, bot_i128 value);              /* as a string, zeros dropped */
void bot__jo_raw(struct json_out *o, const char *key, const char *json, size_t len);  /* as it stands */
int  bot__jo_end(struct json_out *o); /* NUL-terminates; length or BOT_ERR_FULL */

#endif
