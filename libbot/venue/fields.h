/* venue/fields.h: one flat JSON object read into a table of wanted fields; what the codecs' rows have in common.
 *
 * A codec names the keys it wants once, in a static table, and reads a row with one call; unknown keys are passed over
 * (checked, not kept). The same key twice is refused where it is wanted: two readers could believe two different prices.
 * A value may be quoted or bare; null reads as absent, and so does "", which venues write for "none". An object or array
 * where a text is wanted is refused. The bot__field_* functions then turn texts into values; the first that cannot be read
 * is remembered with its name, so that a codec checks once, at the end of the row.
 */
#ifndef BOT_VENUE_FIELDS_H
#define BOT_VENUE_FIELDS_H

#include "base/json.h"
#include "bot/event.h"

#define FIELDS_MAX 40

struct fields {
    const struct slice *names;
    uint32_t            n;
    uint64_t            seen;     /* bit i: the key was there, whatever its value */
    uint64_t            raw;      /* bit i: an object or array is taken as it stands */
    uint64_t            escaped;  /* bit i: the text holds escapes as they stood */
    uint64_t            nested;   /* bit i: it is the text of an object or array (bot__fields_read_raw) */
    struct slice        v[FIELDS_MAX];
    int                 err;      /* first error, enum bot_err, or 0 */
    uint32_t            err_at;   /* field of the first error; n: the row itself */
};

/* Reads the next value of j, which must be an object. An error sticks to j as well. */
void bot__fields_read(struct fields *f, struct json *j, const struct slice *names, uint32_t n);
/* The same where every nanosecond counts: find gives the index of a key in names, n or more when it is not wanted. The finders
 * go by the key's length first:
 *     switch (key.len) {
 *     case 4: FIELD_AT(key, "side", X_SIDE); break;
 *     case 6: FIELD_AT(key, "symbol", X_SYMBOL); FIELD_AT(key, "execId", X_EXEC_ID); break;
 *     default: break;
 *     }
 *     return X_FIELDS;
 */
typedef uint32_t fields_find(struct slice key);
#define FIELD_AT(key, literal, at) \
    if (memcmp((key).p, literal, sizeof(literal) - 1) == 0) return at
void bot__fields_read_by(struct fields *f, struct json *j, const struct slice *names, uint32_t n, fields_find *find);
/* And where some fields (bits of `raw`) may be objects or arrays: such a value is checked and kept as it stands. */
void bot__fields_read_raw(struct fields *f, struct json *j, const struct slice *names, uint32_t n, fields_find *find, uint64_t raw);
void bot__fields_fail(struct fields *f, uint32_t i, int err);
/* Name of the field that failed, for messages; "row" for the row itself. */
struct slice bot__fields_culprit(const struct fields *f);
/* "size: not readable as what it should be" */
void bot__fields_why(const struct fields *f, char *buf, size_t size);

/* The key was there, with or without a value. */
static inline bool bot__field_seen(const struct fields *f, uint32_t i) { return (f->seen >> i & 1) != 0; }
static inline bool bot__field_given(const struct fields *f, uint32_t i) { return f->v[i].len != 0; }
#define field_is(f, i, literal) slice_is((f)->v[i], literal)

/* Each returns false for an absent value, leaving *ret as it was, and fails the row for an unreadable one. */
bool bot__field_dec(struct fields *f, uint32_t i, bot_dec *ret);
bool bot__field_dec_positive(struct fields *f, uint32_t i, bot_dec *ret); /* zero and below fail the row */
bool bot__field_dec_counted(struct fields *f, uint32_t i, bot_dec *ret);  /* below zero fails the row */
bool bot__field_i64(struct fields *f, uint32_t i, int64_t *ret);
bool bot__field_id(struct fields *f, uint32_t i, bot_id *ret);
bool bot__field_symbol(struct fields *f, uint32_t i, bot_symbol *ret);
bool bot__field_currency(struct fields *f, uint32_t i, bot_currency *ret);
bool bot__field_bool(struct fields *f, uint32_t i, bool *ret);           /* true, false, quoted or bare */
int64_t bot__field_ms(struct fields *f, uint32_t i);                     /* Unix ms -> ns; 0 when absent or "0" */
/* Cuts to fit, decodes escapes, replaces bytes that would not print. */
void bot__field_text(const struct fields *f, uint32_t i, char *buf, size_t size);

/* The same for texts outside rows. */
void bot__text_copy(struct slice s, char *buf, size_t size);
bool bot__text_i64(struct slice s, int64_t *ret);
/* price, qty -> level. BOT_ERR_OVERFLOW when 64 bits do not hold it, BOT_ERR_MALFORMED when below zero. */
int bot__level_set(bot_level *level, bot_dec price, bot_dec qty);

#endif
