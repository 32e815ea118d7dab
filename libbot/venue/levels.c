#include "venue/levels.h"

#include "base/assert.h"
#include "base/json_walk.h"

/* Digits with perhaps a point between them, at most 18 of them, so that nothing can overflow. false: for the general way. */
static inline bool plain_decimal(struct slice s, int64_t *ret_coef, uint8_t *ret_scale)
{
    const char *p = s.p, *const end = s.p + s.len, *dot = NULL;
    if (s.len - 1 >= 18 || (unsigned)((unsigned char)*p - '0') > 9) /* the empty text too */
        return false;
    int64_t v = 0;
    for (; p != end; p++) {
        const unsigned d = (unsigned char)*p - '0';
        if (d <= 9)
            v = v * 10 + (int64_t)d;
        else if (*p == '.' && dot == NULL)
            dot = p;
        else
            return false;
    }
    if (dot == end - 1)
        return false;
    *ret_coef = v;
    *ret_scale = dot != NULL ? (uint8_t)(end - 1 - dot) : 0;
    return true;
}

static inline bool key_is(struct slice key, struct slice name) { return key.len == name.len && memcmp(key.p, name.p, name.len) == 0; }

/* Price before quantity, each once, and what follows is neither. */
static inline const char *plain_object(struct json_marks *m, const char *p, bool fresh, const struct level_shape *shape, struct slice *ret_price,
                                       struct slice *ret_qty)
{
    const char *const end = m->end;
    if (end - p < 3 || (!fresh && *p++ != ',') || *p != '{')
        return NULL;
    struct slice key, value;
    enum json_type type;
    p = json_plain_member(m, p + 1, true, &key, ret_price, &type);
    if (p == NULL || !key_is(key, shape->price) || (type != JSON_STRING && type != JSON_NUMBER))
        return NULL;
    p = json_plain_member(m, p, false, &key, ret_qty, &type);
    if (p == NULL || !key_is(key, shape->qty) || (type != JSON_STRING && type != JSON_NUMBER))
        return NULL;
    while (p != end && *p != '}') {
        p = json_plain_member(m, p, false, &key, &value, &type);
        if (p == NULL || type == JSON_OBJECT || type == JSON_ARRAY || key_is(key, shape->price) || key_is(key, shape->qty))
            return NULL;
    }
    return p != end ? p + 1 : NULL;
}

static inline bool zero_refused(const struct level_shape *shape, int64_t price_coef) { return price_coef == 0 && shape->zero == LEVEL_ZERO_REFUSED; }

static inline void plain_levels(struct json *j, const struct level_shape *shape, bool objects, struct venue_scratch *scratch, uint32_t *used)
{
    struct json_walk w = json_walk_in(j);
    uint32_t n = *used;
    while (n < scratch->levels_max) {
        struct slice price = { NULL, 0 }, qty = { NULL, 0 };
        bot_level level = { 0 };
        const char *const behind = objects ? plain_object(&w.marks, w.p, w.fresh, shape, &price, &qty) : json_plain_pair(&w.marks, w.p, w.fresh, &price, &qty);
        if (behind == NULL || !plain_decimal(price, &level.price_coef, &level.price_scale) ||
            !plain_decimal(qty, &level.qty_coef, &level.qty_scale) || zero_refused(shape, level.price_coef))
            break;
        scratch->levels[n] = level;
        n += level.price_coef != 0 || shape->zero != LEVEL_ZERO_PASSED_OVER;
        w.p = behind;
        w.fresh = false;
    }
    *used = n;
    json_walk_out(j, &w);
}

static int number_of(const struct level_shape *shape, struct slice text, bot_dec *ret)
{
    return shape->number != NULL ? shape->number(text, ret) : bot_dec_parse(text.p, text.len, ret);
}

/* The two texts of a level in any form. */
static int level_texts(struct json *j, const struct level_shape *shape, struct slice ret[2])
{
    if (shape->price.len != 0) {
        const struct slice names[] = { shape->price, shape->qty };
        struct fields f;
        bot__fields_read(&f, j, names, 2);
        ret[0] = f.v[0];
        ret[1] = f.v[1];
        return f.err != 0 ? f.err : f.escaped != 0 ? BOT_ERR_MALFORMED : BOT_OK;
    }
    ret[0] = ret[1] = (struct slice){ NULL, 0 };
    bot__json_array(j);
    for (uint32_t i = 0; bot__json_item(j); i++) {
        if (i < 2) ret[i] = bot__json_text(j);
        else bot__json_skip(j);
    }
    return j->err;
}

static int level_read(struct json *j, const struct level_shape *shape, struct venue_scratch *scratch, uint32_t *used)
{
    struct slice text[2];
    bot_dec price, qty;
    int r = level_texts(j, shape, text);
    if (r == BOT_OK && (text[0].len == 0 || text[1].len == 0))
        r = BOT_ERR_MALFORMED;
    if (r == BOT_OK) r = number_of(shape, text[0], &price);
    if (r == BOT_OK) r = number_of(shape, text[1], &qty);
    if (r < 0)
        return r;
    if (price.coef == 0 && shape->zero != LEVEL_ZERO_TAKEN)
        return shape->zero == LEVEL_ZERO_REFUSED ? BOT_ERR_MALFORMED : BOT_OK;
    if (*used == scratch->levels_max)
        return BOT_ERR_FULL;
    r = bot__level_set(&scratch->levels[*used], price, qty);
    *used += r == BOT_OK;
    return r;
}

const bot_level *bot__levels_read(struct json *j, const struct level_shape *shape, struct venue_scratch *scratch, uint32_t *used, uint32_t *ret_n)
{
    const uint32_t begin = *used;
    BOT_ASSERT(begin <= scratch->levels_max);
    if (bot__json_array(j)) {
        if (shape->price.len != 0) plain_levels(j, shape, true, scratch, used);
        else plain_levels(j, shape, false, scratch, used);
    }
    while (bot__json_item(j)) {
        const int r = level_read(j, shape, scratch, used);
        if (r < 0) {
            bot__json_fail(j, r);
            break;
        }
    }
    *ret_n = *used - begin;
    return scratch->levels + begin;
}
