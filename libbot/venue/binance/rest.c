/* Binance USD-M: answers over REST (or, with status 0, the same over the order socket). */
#include <stdio.h>

#include "base/time_text.h"
#include "venue/binance/binance.h"

#define BAN_DEFAULT_NS (120 * BOT_NS_PER_S) /* the shortest that the venue gives */

/* "... banned until 1659146400000": the moment, and how far off it is when the answer tells the time. */
static void read_ban(struct venue_reply *ret, struct slice words, const struct venue_header *headers, uint32_t headers_n)
{
    static const char mark[] = "until ";
    const char *at = words.len > 0 ? memmem(words.p, words.len, mark, sizeof mark - 1) : NULL;
    int64_t ms = 0, now;
    if (at != NULL) {
        const char *p = at + sizeof mark - 1, *end = p;
        while (end < words.p + words.len && *end >= '0' && *end <= '9') end++;
        if (!bot__text_i64((struct slice){ p, (size_t)(end - p) }, &ms) || ms < 0 || ms > INT64_MAX / BOT_NS_PER_MS) ms = 0;
    }
    const struct slice date = bot__header(headers, headers_n, "date");
    ret->banned_for_ns = bot__retry_after_ns(headers, headers_n);
    if (ms == 0)
        return;
    ret->reset_wall_ns = ms * BOT_NS_PER_MS;
    if (ret->banned_for_ns == 0 && date.len > 0 && bot__http_date_parse(date.p, date.len, &now) == BOT_OK && ret->reset_wall_ns > now)
        ret->banned_for_ns = ret->reset_wall_ns - now;
}

/* Both counts may stand beside each other; a reply tells one. */
static bool count_of(struct venue_reply *ret, enum binance_scope scope, const struct venue_header *headers, uint32_t headers_n)
{
    int64_t used;
    if (!bot__text_i64(bot__header(headers, headers_n, scope == BINANCE_SCOPE_ORDERS ? "x-mbx-order-count-10s" : "x-mbx-used-weight-1m"), &used) || used < 0 ||
        used > INT32_MAX)
        return false;
    ret->scope = scope;
    ret->used = (int32_t)used;
    return true;
}

static void budget_words(struct venue_reply *ret, const struct venue_header *headers, uint32_t headers_n)
{
    if (!count_of(ret, BINANCE_SCOPE_ORDERS, headers, headers_n))
        (void)count_of(ret, BINANCE_SCOPE_WEIGHT, headers, headers_n);
}

/* What a refusal shuts: orders where it is about their number or the load that they make, else the address. */
static enum binance_scope shut_by(bot_outcome outcome, int64_t code, enum venue_call call)
{
    const bool orders = code == -1015 || (code == -1008 && (call == VENUE_CALL_SUBMIT || call == VENUE_CALL_AMEND));
    return orders && outcome == BOT_OUTCOME_LIMITED ? BINANCE_SCOPE_ORDERS : BINANCE_SCOPE_WEIGHT;
}

static int failed(struct venue_reply *ret, enum venue_call call, int64_t code, int http_status, struct slice words,
                  const struct venue_header *headers, uint32_t headers_n)
{
    bot__reply_fail(ret, bot__binance_outcome(code, http_status, words, call), code, words);
    if (ret->outcome == BOT_OUTCOME_BANNED || ret->outcome == BOT_OUTCOME_LIMITED) {
        ret->scope = shut_by(ret->outcome, code, call);
        ret->used = -1;
        (void)count_of(ret, (enum binance_scope)ret->scope, headers, headers_n);
        read_ban(ret, words, headers, headers_n);
    }
    if (ret->outcome == BOT_OUTCOME_BANNED && ret->banned_for_ns == 0)
        ret->banned_for_ns = BAN_DEFAULT_NS;
    return BOT_OK;
}

/* Nothing readable: the status alone speaks, and where it leaves the fate of an order open so do we. Bodies of 503 are
 * plain text at times. */
static int unreadable(struct venue_reply *ret, enum venue_call call, int http_status, struct slice body,
                      const struct venue_header *headers, uint32_t headers_n, int err)
{
    const bot_outcome http = bot__http_outcome(http_status);
    if (http == BOT_OUTCOME_OK) {
        bot__reply_malformed(ret, err, "answer is not of the shape asked for");
        if (bot__call_moves(call)) ret->outcome = BOT_OUTCOME_UNKNOWN;
        return err;
    }
    failed(ret, call, 0, http_status, http_status == 503 ? body : SLICE("HTTP error without a readable body"), headers, headers_n);
    ret->venue_code = http_status;
    if (bot__call_moves(call) && (ret->outcome == BOT_OUTCOME_MALFORMED || ret->outcome == BOT_OUTCOME_REJECTED))
        ret->outcome = BOT_OUTCOME_UNKNOWN;
    return err;
}

/* ---- bodies --------------------------------------------------------------------------------------------------- */

enum { M_CODE, M_MSG, M_TIME, M_DUAL, M_KEY, M_ORDER, M_CLIENT, M_COUNTDOWN, M_UPDATED, M_SYMBOL, M_ALGO, M_ALGO_CLIENT, M_FIELDS };
#define F(text) { text, sizeof(text) - 1 }
static const struct slice member_fields[M_FIELDS] = {
    [M_CODE] = F("code"),       [M_MSG] = F("msg"),          [M_TIME] = F("serverTime"),      [M_DUAL] = F("dualSidePosition"),
    [M_KEY] = F("listenKey"),   [M_ORDER] = F("orderId"),    [M_CLIENT] = F("clientOrderId"), [M_COUNTDOWN] = F("countdownTime"),
    [M_UPDATED] = F("updateTime"), [M_SYMBOL] = F("symbol"), [M_ALGO] = F("algoId"), [M_ALGO_CLIENT] = F("clientAlgoId"),
};

/* Answer to an order request. The order's state comes from the stream; a reply that overtakes it must not count. */
static int ack(struct fields *f, struct binance_rows *o, struct venue_reply *ret)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_ACK, o->source);
    ev.ack.accepted = true;
    const bool algo = !bot__field_given(f, M_ORDER); /* conditional orders are numbered apart */
    bot__field_id(f, algo ? M_ALGO : M_ORDER, &ev.ack.order_id);
    bot__field_id(f, algo ? M_ALGO_CLIENT : M_CLIENT, &ev.ack.client_id);
    bot__field_symbol(f, M_SYMBOL, &ev.instrument);
    ev.venue_ns = bot__field_ms(f, M_UPDATED);
    if (ev.ack.order_id.len == 0)
        bot__fields_fail(f, M_ORDER, BOT_ERR_MALFORMED);
    if (f->err != 0)
        return f->err;
    ret->order_id = ev.ack.order_id;
    ret->client_id = ev.ack.client_id;
    bot__emit(&o->e, &ev);
    return BOT_OK;
}

static int time_answer(struct fields *f, struct binance_rows *o, struct venue_reply *ret)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_TIME, o->source);
    ev.venue_ns = bot__field_ms(f, M_TIME);
    if (f->err != 0 || ev.venue_ns == 0)
        return BOT_ERR_MALFORMED;
    ret->venue_ns = ev.venue_ns;
    bot__emit(&o->e, &ev);
    return BOT_OK;
}

static int listen_key(struct fields *f, struct venue_reply *ret)
{
    if (f->v[M_KEY].len == 0 || f->v[M_KEY].len >= sizeof ret->cursor || f->escaped != 0)
        return BOT_ERR_MALFORMED;
    memcpy(ret->cursor, f->v[M_KEY].p, f->v[M_KEY].len);
    ret->cursor[f->v[M_KEY].len] = '\0';
    return BOT_OK;
}

/* One of a batch: the order, or {"code":-2011,"msg":"Unknown order sent."}. */
static int ack_row(struct json *j, void *arg)
{
    struct binance_rows *o = arg;
    struct fields f;
    bot_event ev;
    struct venue_reply one;
    int64_t code = 0;
    bot__fields_read(&f, j, member_fields, M_FIELDS);
    if (f.err == 0 && bot__field_i64(&f, M_CODE, &code) && code != 0 && code != 200) {
        bot__event_init(&ev, BOT_EV_ACK, o->source);
        ev.ack.venue_code = code;
        ev.has |= BOT_HAS_VENUE_CODE;
        bot__field_text(&f, M_MSG, ev.ack.reason, sizeof ev.ack.reason);
        bot__emit(&o->e, &ev);
        return BOT_OK;
    }
    const int r = f.err != 0 ? f.err : ack(&f, o, &one);
    if (r < 0)
        bot__json_fail(j, r);
    return r;
}

/* An object about one thing, or an error. */
static int object(struct binance_rows *o, enum venue_call call, struct fields *f, struct venue_reply *ret)
{
    bool dual;
    switch (call) {
    case VENUE_CALL_TIME: return time_answer(f, o, ret);
    case VENUE_CALL_MODE:
        if (!bot__field_bool(f, M_DUAL, &dual)) return BOT_ERR_MALFORMED;
        ret->hedge = dual;
        return BOT_OK;
    case VENUE_CALL_SUBMIT: case VENUE_CALL_AMEND: case VENUE_CALL_CANCEL: return ack(f, o, ret);
    case VENUE_CALL_CANCEL_ALL: return bot__field_given(f, M_CODE) ? BOT_OK : BOT_ERR_MALFORMED;
    case VENUE_CALL_DEAD_MAN: return bot__field_given(f, M_COUNTDOWN) ? BOT_OK : BOT_ERR_MALFORMED;
    case VENUE_CALL_LISTEN_KEY: return listen_key(f, ret);
    case VENUE_CALL_LISTEN_KEEP: return f->v[M_KEY].len == 0 ? BOT_OK : listen_key(f, ret); /* {} or the key */
    default: return BOT_ERR_MALFORMED;
    }
}

/* exchangeInfo: rows in "symbols". The same list holds what the venue itself says about its limits; ours are facts. */
static int instruments(struct binance_rows *o, struct slice body, struct venue_reply *ret)
{
    struct json j;
    struct slice key, symbols = { NULL, 0 };
    int64_t ms;
    bot__json_init(&j, body.p, body.len);
    bot__json_object(&j);
    while (bot__json_key(&j, &key)) {
        if (slice_is(key, "symbols") && symbols.p != NULL) bot__json_fail(&j, BOT_ERR_CONFLICT);
        else if (slice_is(key, "symbols")) symbols = bot__json_raw(&j);
        else if (slice_is(key, "serverTime") && bot__json_i64(&j, &ms) && ms > 0 && ms < INT64_MAX / BOT_NS_PER_MS)
            ret->venue_ns = ms * BOT_NS_PER_MS;
        else if (!slice_is(key, "serverTime")) bot__json_skip(&j);
    }
    const int r = bot__json_end(&j);
    if (r < 0 || symbols.p == NULL)
        return r < 0 ? r : BOT_ERR_MALFORMED;
    return bot__rows_each(symbols, true, &o->e, bot__binance_instrument_row, o);
}

static int (*row_reader(enum venue_call call))(struct json *, void *)
{
    switch (call) {
    case VENUE_CALL_POSITIONS: return bot__binance_position_row;
    case VENUE_CALL_FILLS: return bot__binance_fill_row;
    case VENUE_CALL_OPEN_ORDERS: return bot__binance_order_row;
    case VENUE_CALL_BALANCE: return bot__binance_balance_row;
    case VENUE_CALL_ACCOUNT_LOG: return bot__binance_income_row;
    case VENUE_CALL_PUBLIC_TRADES: return bot__binance_trade_row;
    case VENUE_CALL_CANCEL_BATCH: return ack_row;
    default: return NULL;
    }
}

static int array(struct binance_rows *o, enum venue_call call, struct slice body, struct venue_reply *ret)
{
    int (*const row)(struct json *, void *) = row_reader(call);
    if (row == NULL)
        return BOT_ERR_MALFORMED;
    o->last_id = 0;
    const int r = bot__rows_each(body, true, &o->e, row, o);
    /* Fills go up in id, and the next page begins at the greatest: the other side of a self-trade has the same one, and may not have
     * fitted. What comes again is known. Rows were read twice: dry, and for good. */
    if (r == BOT_OK && call == VENUE_CALL_FILLS && o->rows / 2 >= BINANCE_FILLS_PAGE)
        snprintf(ret->cursor, sizeof ret->cursor, "%lld", (long long)o->last_id);
    /* The log goes up in time: the next page begins in the newest's millisecond, whose rows come again and are known by their ids. */
    if (r == BOT_OK && call == VENUE_CALL_ACCOUNT_LOG && o->rows / 2 >= BINANCE_FILLS_PAGE && o->last_ns > 0)
        snprintf(ret->cursor, sizeof ret->cursor, "%lld", (long long)(o->last_ns / BOT_NS_PER_MS + (o->last_ns == o->first_ns)));
    return r;
}

/* Answer frames of the order socket wrap what REST would have sent, its status included. */
static int unwrap(struct venue_context *ctx, struct slice *body, int *http_status)
{
    struct binance_payload p;
    int64_t status;
    memset(&p, 0, offsetof(struct binance_payload, letter));
    const int r = bot__binance_read(ctx, *body, NULL, NULL, &p);
    if (r < 0)
        return r;
    if (!p.has_id || !bot__text_i64(p.status, &status) || status < 200 || status > 599 || (p.error.len == 0 && !p.has_result))
        return BOT_ERR_MALFORMED;
    *http_status = (int)status;
    *body = p.error.len > 0 ? p.error : p.result;
    return BOT_OK;
}

int bot__binance_decode_rest(struct venue_context *ctx, enum venue_call call, int http_status, const struct venue_header *headers,
                             uint32_t headers_n, struct slice body, venue_sink sink, void *user_data, struct venue_reply *ret)
{
    bot__reply_init(ret);
    budget_words(ret, headers, headers_n);
    struct binance_rows o = { .e = { .sink = sink, .user_data = user_data }, .source = BOT_SOURCE_REST, .ctx = ctx };
    if (http_status == 0) {
        o.source = BOT_SOURCE_WS_TRADE;
        const int r = unwrap(ctx, &body, &http_status);
        if (r < 0)
            return unreadable(ret, call, 0, body, headers, headers_n, r);
    }

    struct json j;
    struct fields f = { 0 };
    bot__json_init(&j, body.p, body.len);
    const enum json_type type = bot__json_peek(&j);
    int r = BOT_ERR_MALFORMED;
    int64_t code = 0;
    if (type == JSON_OBJECT && call != VENUE_CALL_INSTRUMENTS && call != VENUE_CALL_BOOK) {
        bot__fields_read(&f, &j, member_fields, M_FIELDS);
        r = bot__json_end(&j);
    } else if (type == JSON_OBJECT) { /* large ones: look for an error only where there are few members */
        struct slice key;
        uint32_t members = 0;
        bot__json_object(&j);
        while (bot__json_key(&j, &key)) {
            members++;
            bot__json_skip(&j);
        }
        r = bot__json_end(&j);
        if (r == BOT_OK && members <= 2) {
            bot__json_init(&j, body.p, body.len);
            bot__fields_read(&f, &j, member_fields, M_FIELDS);
        }
    } else if (type == JSON_ARRAY) {
        bot__json_skip(&j);
        r = bot__json_end(&j);
    }
    if (r < 0)
        return unreadable(ret, call, http_status, body, headers, headers_n, r);
    /* {"code":200,"msg":...} and {"code":0,...} are successes. */
    if (f.n > 0 && bot__field_given(&f, M_CODE)) {
        if (!bot__field_i64(&f, M_CODE, &code))
            return unreadable(ret, call, http_status, body, headers, headers_n, BOT_ERR_MALFORMED);
        if (code != 0 && code != 200)
            return failed(ret, call, code, http_status, f.v[M_MSG], headers, headers_n);
    }
    if (bot__http_outcome(http_status) != BOT_OUTCOME_OK)
        return unreadable(ret, call, http_status, f.n > 0 && bot__field_given(&f, M_MSG) ? f.v[M_MSG] : body, headers, headers_n, BOT_ERR_MALFORMED);

    if (type == JSON_ARRAY) {
        r = array(&o, call, body, ret);
    } else if (call == VENUE_CALL_INSTRUMENTS) {
        r = instruments(&o, body, ret);
    } else if (call == VENUE_CALL_BOOK) {
        struct binance_payload p;
        memset(&p, 0, offsetof(struct binance_payload, letter));
        r = bot__binance_read(ctx, body, NULL, NULL, &p);
        if (r == BOT_OK) r = p.last_id.len > 0 ? bot__binance_book(&o, &p, true) : BOT_ERR_MALFORMED;
    } else if (call == VENUE_CALL_ORDER) {
        bot__json_init(&j, body.p, body.len);
        r = bot__binance_order_row(&j, &o);
    } else {
        r = f.err != 0 ? f.err : object(&o, call, &f, ret);
    }
    if (r < 0 && o.e.err == 0)
        return unreadable(ret, call, http_status, body, headers, headers_n, r);
    if (o.e.err < 0)
        return o.e.err;
    ret->outcome = BOT_OUTCOME_OK;
    ret->rows = (uint32_t)o.e.n;
    return BOT_OK;
}
