#include "venue/codec.h"
#include "venue/fields.h"

#include <stdio.h>
#include <strings.h>

#include "base/assert.h"

#define DAY_S INT64_C(86400)

void bot__emit(struct emit *e, const bot_event *ev)
{
    e->n++;
    if (e->held != NULL) {
        struct emit_held *held = e->held;
        if (held->n == EMIT_HELD_MAX) {
            held->again = true;
            return;
        }
        if (ev != &held->events[held->n])
            held->events[held->n] = *ev;
        held->n++;
        return;
    }
    if (e->dry || e->err < 0)
        return;
    const int r = e->sink(e->user_data, ev);
    if (r < 0)
        e->err = r;
}

void bot__emit_control(struct emit *e, bot_source source, bot_control what, struct slice text)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_CONTROL, source);
    ev.control.control = what;
    bot__text_copy(text, ev.control.text, sizeof ev.control.text);
    bot__emit(e, &ev);
}

int bot__row_end(struct fields *f, struct json *j, struct emit *e, const bot_event *ev, char *why, size_t size)
{
    if (f->err != 0) {
        bot__fields_why(f, why, size);
        bot__json_fail(j, f->err);
        return f->err;
    }
    bot__emit(e, ev);
    return BOT_OK;
}

void bot__emit_held(struct emit *e, const struct emit_held *held)
{
    for (uint32_t i = 0; i < held->n; i++)
        bot__emit(e, &held->events[i]);
}

struct rows {
    int (*row)(struct json *j, void *arg);
    void *arg;
    const struct emit_held *held;
};

static int read_rows(struct json *j, void *user_data)
{
    const struct rows *r = user_data;
    bot__json_array(j);
    while (bot__json_item(j) && !r->held->again) {
        const int err = r->row(j, r->arg);
        if (err < 0)
            return err;
    }
    return j->err;
}

bool bot__read_ahead(struct json *j, struct emit *e, struct emit_held *held, int (*read)(struct json *j, void *arg), void *arg, struct slice *ret_raw)
{
    BOT_ASSERT(e->held == NULL && !e->dry);
    struct json look = *j;
    (void)bot__json_peek(&look); /* over the space */
    const char *const start = look.p;
    const int n = e->n;
    held->n = 0;
    held->again = false;
    e->held = held;
    e->dry = true;
    const bool read_well = read(&look, arg) >= 0 && look.err == 0 && !held->again;
    e->held = NULL;
    e->dry = false;
    e->n = n;
    if (!read_well) {
        *ret_raw = bot__json_raw(j);
        return false;
    }
    BOT_ASSERT(look.depth == j->depth);
    *j = look;
    *ret_raw = (struct slice){ start, (size_t)(look.p - start) };
    return true;
}

bool bot__rows_ahead(struct json *j, struct emit *e, struct emit_held *held, int (*row)(struct json *j, void *arg), void *arg, struct slice *ret_raw)
{
    struct rows rows = { row, arg, held };
    return bot__read_ahead(j, e, held, read_rows, &rows, ret_raw);
}

static int each(struct slice rows, struct emit *e, int (*row)(struct json *j, void *arg), void *arg)
{
    struct json j;
    bot__json_init(&j, rows.p, rows.len);
    bot__json_array(&j);
    while (bot__json_item(&j)) {
        const int r = row(&j, arg);
        if (r < 0)
            return r;
        if (e->err < 0)
            return e->err;
    }
    return bot__json_end(&j);
}

int bot__rows_each(struct slice rows, bool whole, struct emit *e, int (*row)(struct json *j, void *arg), void *arg)
{
    if (whole) {
        const int n = e->n;
        e->dry = true;
        const int r = each(rows, e, row, arg);
        e->dry = false;
        e->n = n;
        if (r < 0)
            return r;
    }
    return each(rows, e, row, arg);
}

void bot__event_init(bot_event *ev, bot_event_kind kind, bot_source source)
{
    memset(ev, 0, sizeof *ev);
    ev->kind = (uint16_t)kind;
    ev->source = (uint8_t)source;
    ev->seq = BOT_SEQ_NONE;
}

void bot__jo_fixed_bare(struct json_out *o, const char *key, bot_i128 value)
{
    char text[BOT_DEC_TEXT_MAX];
    const size_t len = bot_fixed_format(value, text);
    bot__jo_raw(o, key, text, len);
}

void bot__reply_init(struct venue_reply *reply)
{
    memset(reply, 0, sizeof *reply);
    reply->used = reply->remaining = reply->limit = -1;
}

int bot__reply_fail(struct venue_reply *reply, bot_outcome outcome, int64_t venue_code, struct slice words)
{
    reply->outcome = outcome;
    reply->venue_code = venue_code;
    bot__text_copy(words, reply->detail, sizeof reply->detail);
    return BOT_OK;
}

int bot__reply_malformed(struct venue_reply *reply, int err, const char *what)
{
    reply->outcome = BOT_OUTCOME_MALFORMED;
    reply->rows = 0;
    reply->cursor[0] = '\0';
    const char *words = bot_strerror(err);
    if (strstr(what, words) != NULL) /* a row's own words end with them */
        snprintf(reply->detail, sizeof reply->detail, "%s", what);
    else
        snprintf(reply->detail, sizeof reply->detail, "%s: %s", what, words);
    return err;
}

bool bot__call_moves(enum venue_call call)
{
    switch (call) {
    case VENUE_CALL_SUBMIT:
    case VENUE_CALL_AMEND:
    case VENUE_CALL_CANCEL:
    case VENUE_CALL_CANCEL_ALL:
    case VENUE_CALL_CANCEL_BATCH:
    case VENUE_CALL_DEAD_MAN:
        return true;
    default:
        return false;
    }
}

bot_outcome bot__code_outcome(enum venue_call call, int64_t code, const struct code_span *refusals, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (code >= refusals[i].first && code <= refusals[i].last)
            return BOT_OUTCOME_REJECTED;
    return bot__call_moves(call) ? BOT_OUTCOME_UNKNOWN : BOT_OUTCOME_REJECTED;
}

bot_outcome bot__http_outcome(int http_status)
{
    if (http_status == 0 || (http_status >= 200 && http_status < 300))
        return BOT_OUTCOME_OK;
    if (http_status == 429)
        return BOT_OUTCOME_LIMITED;
    if (http_status == 403 || http_status == 418)
        return BOT_OUTCOME_BANNED;
    if (http_status == 401)
        return BOT_OUTCOME_AUTH;
    if (http_status >= 400 && http_status < 500)
        return BOT_OUTCOME_REJECTED;
    return BOT_OUTCOME_UNKNOWN; /* 5xx and whatever else: it may have been carried out behind the proxy that says so */
}

struct slice bot__header(const struct venue_header *headers, uint32_t n, const char *name)
{
    const size_t len = strlen(name);
    for (uint32_t i = 0; i < n; i++)
        if (headers[i].name.len == len && strncasecmp(headers[i].name.p, name, len) == 0)
            return headers[i].value;
    return (struct slice){ NULL, 0 };
}

int64_t bot__retry_after_ns(const struct venue_header *headers, uint32_t n)
{
    int64_t seconds;
    if (!bot__text_i64(bot__header(headers, n, "retry-after"), &seconds) || seconds <= 0)
        return 0;
    return (seconds < DAY_S ? seconds : DAY_S) * BOT_NS_PER_S;
}

bool bot__order_can_be_said(const bot_order_request *o)
{
    if ((o->side != BOT_BUY && o->side != BOT_SELL) || (o->type != BOT_LIMIT && o->type != BOT_MARKET) || (uint32_t)o->tif > BOT_POST_ONLY ||
        (uint32_t)o->leg > BOT_LEG_SHORT || o->qty.v <= 0 || (o->type == BOT_LIMIT ? o->price.v <= 0 : o->tif == BOT_POST_ONLY))
        return false;
    const bool opens = (o->leg == BOT_LEG_LONG && o->side == BOT_BUY) || (o->leg == BOT_LEG_SHORT && o->side == BOT_SELL);
    return !(o->reduce_only && opens);
}

bool bot__id_is_of(const bot_id *id, const char *alphabet, size_t len_max)
{
    for (uint8_t i = 0; i < id->len; i++)
        if (id->s[i] == '\0' || strchr(alphabet, id->s[i]) == NULL)
            return false;
    return id->len <= len_max;
}

void bot__http_init(struct venue_http *http)
{
    http->method = NULL;
    http->path[0] = http->body[0] = '\0';
    http->body_len = 0;
    http->headers_n = 0;
}

bool bot__http_path(struct venue_http *http, const char *path, const char *query, size_t query_len)
{
    const size_t path_len = strlen(path), mark = query_len != 0;
    if (path_len + mark + query_len >= sizeof http->path)
        return false;
    memcpy(http->path, path, path_len);
    if (mark != 0)
        http->path[path_len] = '?';
    if (query_len != 0)
        memcpy(http->path + path_len + mark, query, query_len);
    http->path[path_len + mark + query_len] = '\0';
    return true;
}

size_t bot__i64_format(int64_t value, char buf[I64_TEXT_MAX])
{
    uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char digits[I64_TEXT_MAX], *p = digits + sizeof digits;
    do *--p = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    if (value < 0) *--p = '-';
    const size_t n = (size_t)(digits + sizeof digits - p);
    memcpy(buf, p, n);
    buf[n] = '\0';
    return n;
}

bool bot__http_header(struct venue_http *http, const char *name, const char *value)
{
    const size_t name_len = strlen(name), value_len = strlen(value);
    if (http->headers_n == VENUE_HEADERS_MAX || name_len >= sizeof http->headers[0].name || value_len >= sizeof http->headers[0].value)
        return false;
    memcpy(http->headers[http->headers_n].name, name, name_len + 1);
    memcpy(http->headers[http->headers_n].value, value, value_len + 1);
    http->headers_n++;
    return true;
}
