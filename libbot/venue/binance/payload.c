/* Binance USD-M: a message taken apart: its frame, its letters, its levels; an order's row is read on the way. */
#include "base/json_walk.h"
#include "venue/binance/binance.h"
#include "venue/levels.h"

static void once(struct json *j, struct slice *to, struct slice value)
{
    if (to->p != NULL)
        bot__json_fail(j, BOT_ERR_CONFLICT);
    *to = value;
}

static void levels(struct json *j, struct venue_context *ctx, struct binance_payload *p, bool bids)
{
    static const struct level_shape shape = { .zero = LEVEL_ZERO_REFUSED };
    if (bids ? p->has_bids : p->has_asks)
        bot__json_fail(j, BOT_ERR_CONFLICT);
    if (bids) {
        p->bids = bot__levels_read(j, &shape, &ctx->scratch, &p->levels_n, &p->bids_n);
        p->has_bids = true;
    } else {
        p->asks = bot__levels_read(j, &shape, &ctx->scratch, &p->levels_n, &p->asks_n);
        p->has_asks = true;
    }
}

/* What a message is read into, and how: o and held are NULL where nothing is read ahead. */
struct reading {
    struct venue_context   *ctx;
    struct binance_payload *p;
    struct binance_rows    *o;
    struct emit_held       *held;
};

static int order_update_value(struct json *j, void *arg) { return bot__binance_order_update(arg, j); }

/* An object or array under one letter. */
static void nested_letter(struct json *j, struct reading *r, char c, enum json_type type)
{
    struct binance_payload *p = r->p;
    if (type == JSON_ARRAY && (c == 'b' || c == 'a')) {
        levels(j, r->ctx, p, c == 'b');
    } else if (type == JSON_OBJECT && c == 'o') {
        if (p->order.p == NULL && r->held != NULL && slice_is(bot__binance_letter(p, 'e'), "ORDER_TRADE_UPDATE"))
            p->ahead = bot__read_ahead(j, &r->o->e, r->held, order_update_value, r->o, &p->order);
        else
            once(j, &p->order, bot__json_raw(j));
    } else if (type == JSON_OBJECT && c == 'a') {
        once(j, &p->account, bot__json_raw(j));
    } else {
        bot__json_skip(j); /* of a kind that we do not read: "k" of candles, "p" of margin calls */
    }
}

static void nested_word(struct json *j, struct reading *r, struct slice key, enum json_type type)
{
    struct binance_payload *p = r->p;
    if (slice_is(key, "bids") && type == JSON_ARRAY) levels(j, r->ctx, p, true);
    else if (slice_is(key, "asks") && type == JSON_ARRAY) levels(j, r->ctx, p, false);
    else if (slice_is(key, "or") && type == JSON_OBJECT) once(j, &p->trigger, bot__json_raw(j));
    else if (slice_is(key, "pu") || slice_is(key, "lastUpdateId") || slice_is(key, "code")) bot__json_fail(j, BOT_ERR_MALFORMED);
    else bot__json_skip(j);
}

static inline void member(struct json *j, struct json_walk *w, struct reading *r, const struct json_found *m)
{
    struct binance_payload *p = r->p;
    const struct slice key = m->key;
    const bool is_letter = key.len == 1 && ((key.p[0] >= 'a' && key.p[0] <= 'z') || (key.p[0] >= 'A' && key.p[0] <= 'Z'));
    if (m->type == JSON_OBJECT || m->type == JSON_ARRAY) {
        json_walk_out(j, w);
        if (is_letter) nested_letter(j, r, key.p[0], m->type);
        else nested_word(j, r, key, m->type);
        *w = json_walk_in(j);
    } else if (is_letter) {
        const uint64_t bit = UINT64_C(1) << BINANCE_AT(key.p[0]);
        if (p->seen & bit)
            bot__json_fail(j, BOT_ERR_CONFLICT);
        p->seen |= bit;
        p->letter[BINANCE_AT(key.p[0])] = m->value;
    }
    else if (slice_is(key, "pu")) once(j, &p->pu, m->value);
    else if (slice_is(key, "lastUpdateId")) once(j, &p->last_id, m->value);
    else if (slice_is(key, "symbol") && m->type == JSON_STRING) once(j, &p->symbol, m->value);
    else if (slice_is(key, "code")) once(j, &p->code, m->value);
    else if (slice_is(key, "msg") && m->type == JSON_STRING) once(j, &p->msg, m->value);
}

static void payload(struct json *j, struct reading *r)
{
    struct json_found m;
    if (!bot__json_object(j))
        return;
    struct json_walk w = json_walk_in(j);
    while (j->err == 0 && json_walk_member(j, &w, &m))
        member(j, &w, r, &m);
    if (j->err == 0)
        json_walk_out(j, &w);
}

/* A member of the frame around a payload; false when it belongs to the payload itself. */
static bool frame(struct json *j, struct json_walk *w, struct reading *r, const struct json_found *m)
{
    struct binance_payload *p = r->p;
    const bool nested = m->type == JSON_OBJECT || m->type == JSON_ARRAY;
    const bool data = slice_is(m->key, "data"), result = slice_is(m->key, "result"), error = slice_is(m->key, "error");
    if (data || result || error) {
        /* A text must not pass for what it looks like: as "null" it is no object. */
        struct slice raw = SLICE("null");
        if (data && (p->enclosed || !nested)) /* of two the one that is not read would be lost */
            bot__json_fail(j, p->enclosed ? BOT_ERR_CONFLICT : BOT_ERR_MALFORMED);
        if (nested) {
            json_walk_out(j, w);
            if (data && m->type == JSON_OBJECT && !p->enclosed) payload(j, r);
            else if (data) bot__json_skip(j); /* an array: all tickers and the like */
            else raw = bot__json_raw(j);
            *w = json_walk_in(j);
        }
        if (data) p->enclosed = true;
        else once(j, result ? &p->result : &p->error, raw);
        p->has_result = p->has_result || result;
        return true;
    }
    const bool stream = slice_is(m->key, "stream"), id = slice_is(m->key, "id"), status = slice_is(m->key, "status");
    if (!stream && !id && !status)
        return false;
    if (nested || (stream && m->type != JSON_STRING))
        bot__json_fail(j, BOT_ERR_MALFORMED);
    once(j, stream ? &p->stream : id ? &p->id : &p->status, m->value);
    p->has_id = p->has_id || id;
    return true;
}

int bot__binance_read(struct venue_context *ctx, struct slice msg, struct binance_rows *o, struct emit_held *held, struct binance_payload *p)
{
    struct json j;
    struct json_found m;
    struct reading r = { ctx, p, o, held };
    bot__json_init(&j, msg.p, msg.len);
    if (bot__json_object(&j)) {
        struct json_walk w = json_walk_in(&j);
        while (j.err == 0 && json_walk_member(&j, &w, &m))
            if (m.key.len == 1 || !frame(&j, &w, &r, &m))
                member(&j, &w, &r, &m);
        if (j.err == 0)
            json_walk_out(&j, &w);
    }
    return bot__json_end(&j);
}
