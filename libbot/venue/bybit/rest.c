/* Bybit v5: answers over REST, what they say of the request budget, and batches. */
#include "venue/bybit/bybit.h"

uint32_t bot__bybit_scope(enum venue_call call)
{
    switch (call) {
    case VENUE_CALL_SUBMIT: return BYBIT_SCOPE_CREATE;
    case VENUE_CALL_AMEND: return BYBIT_SCOPE_AMEND;
    case VENUE_CALL_CANCEL:
    case VENUE_CALL_CANCEL_ALL: return BYBIT_SCOPE_CANCEL;
    case VENUE_CALL_POSITIONS: return BYBIT_SCOPE_POSITION;
    case VENUE_CALL_FILLS: return BYBIT_SCOPE_EXECUTION;
    case VENUE_CALL_OPEN_ORDERS:
    case VENUE_CALL_ORDER: return BYBIT_SCOPE_ORDERS;
    case VENUE_CALL_BALANCE:
    case VENUE_CALL_ACCOUNT_LOG: return BYBIT_SCOPE_WALLET;
    default: return BYBIT_SCOPE_IP;
    }
}

static void budget_texts(struct slice limit, struct slice remaining, struct slice reset, struct venue_reply *ret)
{
    int64_t v;
    if (bot__text_i64(limit, &v) && v > 0 && v <= INT32_MAX) ret->limit = (int32_t)v;
    if (bot__text_i64(remaining, &v) && v >= 0 && v <= INT32_MAX) ret->remaining = (int32_t)v;
    /* The reset time is "now" while the limit is not reached: it means something only then. */
    if (ret->remaining == 0 && bot__text_i64(reset, &v) && v > 0 && v < INT64_MAX / BOT_NS_PER_MS)
        ret->reset_wall_ns = v * BOT_NS_PER_MS;
}

static void budget_words(const struct venue_header *headers, uint32_t n, struct venue_reply *ret)
{
    budget_texts(bot__header(headers, n, "X-Bapi-Limit"), bot__header(headers, n, "X-Bapi-Limit-Status"),
                 bot__header(headers, n, "X-Bapi-Limit-Reset-Timestamp"), ret);
}

/* The same in the header object of a socket's answer. */
static void budget_object(struct slice header, struct venue_reply *ret)
{
    static const struct slice names[] = { { "X-Bapi-Limit", 12 }, { "X-Bapi-Limit-Status", 19 }, { "X-Bapi-Limit-Reset-Timestamp", 28 } };
    if (header.len == 0)
        return;
    struct json j;
    struct fields f;
    bot__json_init(&j, header.p, header.len);
    bot__fields_read(&f, &j, names, 3);
    if (f.err == 0)
        budget_texts(f.v[0], f.v[1], f.v[2], ret);
}

struct body {
    struct slice result, message, header, extra;
    int64_t code, time_ns;
    bool code_given, result_given, time_given;
};

/* over_socket: an answer on /v5/trade calls the result "data" and brings the budget words in "header". */
static int read_body(struct slice text, bool over_socket, struct body *b)
{
    struct json j;
    struct slice key;
    bot__json_init(&j, text.p, text.len);
    bot__json_object(&j);
    while (bot__json_key(&j, &key)) {
        if (slice_is(key, "retCode") || slice_is(key, "ret_code")) {
            if (b->code_given)
                bot__json_fail(&j, BOT_ERR_CONFLICT);
            b->code_given = bot__json_i64(&j, &b->code);
        } else if (slice_is(key, "retMsg") || slice_is(key, "ret_msg")) {
            b->message = bot__json_text(&j);
        } else if (over_socket ? slice_is(key, "data") : slice_is(key, "result")) {
            if (b->result_given)
                bot__json_fail(&j, BOT_ERR_CONFLICT);
            b->result_given = true;
            b->result = bot__json_raw(&j);
        } else if (slice_is(key, "time")) {
            if (b->time_given)
                bot__json_fail(&j, BOT_ERR_CONFLICT);
            b->time_given = true;
            b->time_ns = bot__bybit_ms(&j);
        } else if (slice_is(key, "retExtInfo") && b->extra.p == NULL && bot__json_peek(&j) == JSON_OBJECT) {
            b->extra = bot__json_raw(&j);
        } else if (over_socket && slice_is(key, "header")) {
            b->header = bot__json_raw(&j);
        } else {
            bot__json_skip(&j);
        }
    }
    return bot__json_end(&j);
}

/* Members of result; list is an array. */
enum { R_CATEGORY, R_LIST, R_CURSOR, R_ORDER_ID, R_LINK_ID, R_SECOND, R_NANO, R_SUCCESS, R_FIELDS };
static const struct slice result_names[R_FIELDS] = {
    [R_CATEGORY] = { "category", 8 }, [R_LIST] = { "list", 4 },          [R_CURSOR] = { "nextPageCursor", 14 }, [R_ORDER_ID] = { "orderId", 7 },
    [R_LINK_ID] = { "orderLinkId", 11 }, [R_SECOND] = { "timeSecond", 10 }, [R_NANO] = { "timeNano", 8 },       [R_SUCCESS] = { "success", 7 },
};

static int read_result(struct slice text, struct fields *f)
{
    struct json j;
    bot__json_init(&j, text.p, text.len);
    bot__fields_read_raw(f, &j, result_names, R_FIELDS, NULL, UINT64_C(1) << R_LIST);
    return f->err != 0 ? f->err : bot__json_end(&j);
}

static int rows_of(const struct fields *res, struct bybit_rows *rows, int (*row)(struct json *j, void *arg), struct venue_reply *ret)
{
    const struct slice list = res->v[R_LIST], cursor = res->v[R_CURSOR];
    if (list.len == 0 || list.p[0] != '[')
        return bot__reply_malformed(ret, BOT_ERR_MALFORMED, "result.list is missing");
    const int r = bot__rows_each(list, true, rows->e, row, rows);
    if (r < 0)
        return bot__reply_malformed(ret, r, rows->error[0] != '\0' ? rows->error : "result.list");
    ret->rows = (uint32_t)rows->e->n;
    if (cursor.len >= sizeof ret->cursor)
        return bot__reply_malformed(ret, BOT_ERR_OVERFLOW, "nextPageCursor");
    if ((res->escaped >> R_CURSOR & 1) != 0) {
        const int n = bot__json_unescape(cursor, ret->cursor, sizeof ret->cursor - 1);
        if (n < 0)
            return bot__reply_malformed(ret, n, "nextPageCursor");
        ret->cursor[n] = '\0';
    } else if (cursor.len != 0) {
        memcpy(ret->cursor, cursor.p, cursor.len);
        ret->cursor[cursor.len] = '\0';
    }
    return BOT_OK;
}

/* Of a list that has pages. One that does not say whether it is the last would pass for the whole: what stands on the others, a
 * position, an order, would seem gone. */
static int page_of(const struct fields *res, struct bybit_rows *rows, int (*row)(struct json *j, void *arg), struct venue_reply *ret)
{
    if (!bot__field_seen(res, R_CURSOR))
        return bot__reply_malformed(ret, BOT_ERR_MALFORMED, "result.nextPageCursor is missing");
    return rows_of(res, rows, row, ret);
}

static int ack(struct fields *res, bot_source source, struct emit *e, struct venue_reply *ret)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_ACK, source);
    ev.ack.accepted = true;
    bot__field_id(res, R_ORDER_ID, &ev.ack.order_id);
    bot__field_id(res, R_LINK_ID, &ev.ack.client_id);
    if (res->err != 0)
        return bot__reply_malformed(ret, res->err, "orderId");
    if (ev.ack.order_id.len == 0 && ev.ack.client_id.len == 0)
        return bot__reply_malformed(ret, BOT_ERR_MALFORMED, "orderId is missing");
    ret->order_id = ev.ack.order_id;
    ret->client_id = ev.ack.client_id;
    ret->rows = 1;
    bot__emit(e, &ev);
    return e->err;
}

/* Rows of cancel-all: {orderId, orderLinkId} each. */
static int ack_row(struct json *j, void *arg)
{
    struct bybit_rows *rows = arg;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_ACK, rows->source);
    ev.ack.accepted = true;
    const int r = bot__bybit_ack(j, &ev);
    if (r < 0)
        return r;
    bot__emit(rows->e, &ev);
    return BOT_OK;
}

static int server_time(const struct fields *res, const struct body *b, struct emit *e, struct venue_reply *ret)
{
    int64_t nano, second;
    if (bot__text_i64(res->v[R_NANO], &nano) && nano > 0) ret->venue_ns = nano;
    else if (bot__text_i64(res->v[R_SECOND], &second) && second > 0 && second < INT64_MAX / BOT_NS_PER_S) ret->venue_ns = second * BOT_NS_PER_S;
    else if (b->time_ns > 0) ret->venue_ns = b->time_ns;
    else return bot__reply_malformed(ret, BOT_ERR_MALFORMED, "timeNano is missing");
    bot_event ev;
    bot__event_init(&ev, BOT_EV_TIME, BOT_SOURCE_REST);
    ev.venue_ns = ret->venue_ns;
    ret->rows = 1;
    bot__emit(e, &ev);
    return e->err;
}

/* {"readOnly":0,"ips":["*"],"deadlineDay":83,"permissions":{"ContractTrade":["Order","Position"],"Wallet":["Withdraw"],...}}:
 * v5 "Get API Key Information". A key that is only read cannot do what its permissions name. */
static int key_powers(struct slice result, struct venue_reply *ret)
{
    struct json j;
    struct slice key, group;
    int64_t read_only = -1, days = -1;
    bool withdraws = false;
    ret->key.anywhere = true;
    bot__json_init(&j, result.p, result.len);
    bot__json_object(&j);
    while (bot__json_key(&j, &key)) {
        if (slice_is(key, "readOnly")) {
            (void)bot__json_i64(&j, &read_only);
        } else if (slice_is(key, "deadlineDay")) {
            (void)bot__json_i64(&j, &days);
        } else if (slice_is(key, "ips")) {
            bot__json_array(&j);
            while (bot__json_item(&j)) {
                const struct slice address = bot__json_string(&j);
                ret->key.anywhere = ret->key.anywhere && slice_is(address, "*");
            }
        } else if (slice_is(key, "permissions")) {
            bot__json_object(&j);
            while (bot__json_key(&j, &group)) {
                bot__json_array(&j);
                while (bot__json_item(&j)) {
                    const struct slice power = bot__json_string(&j);
                    withdraws = withdraws || slice_is(power, "Withdraw");
                }
            }
        } else {
            bot__json_skip(&j);
        }
    }
    const int r = bot__json_end(&j);
    if (r < 0 || (read_only != 0 && read_only != 1))
        return bot__reply_malformed(ret, r < 0 ? r : BOT_ERR_MALFORMED, "readOnly");
    ret->key.trades = read_only == 0;
    ret->key.withdraws = read_only == 0 && withdraws;
    ret->key.days_left = days > 0 && days < 10000 ? (int32_t)days : -1;
    return BOT_OK;
}

int bot__bybit_decode_rest(struct venue_context *ctx, enum venue_call call, int http_status, const struct venue_header *headers,
                           uint32_t headers_n, struct slice body, venue_sink sink, void *user_data, struct venue_reply *ret)
{
    struct emit e = { .sink = sink, .user_data = user_data };
    bot__reply_init(ret);
    ret->scope = bot__bybit_scope(call);
    budget_words(headers, headers_n, ret);
    const bot_outcome by_status = bot__http_outcome(http_status);
    struct body b = { 0 };
    const int r = read_body(body, http_status == 0, &b);
    if (r < 0 || !b.code_given) {
        /* HTML of a proxy, an empty body, a cut one: nothing is read out of it. 403 at the edge closes the address for
         * ten minutes ("access too frequent"). */
        if (http_status == 403) {
            bot__reply_fail(ret, BOT_OUTCOME_BANNED, 403, SLICE("HTTP 403: access too frequent, or a region that is not served"));
            ret->scope = BYBIT_SCOPE_IP;
            ret->banned_for_ns = 600 * BOT_NS_PER_S;
            return BOT_OK;
        }
        if (by_status != BOT_OUTCOME_OK) {
            bot__reply_fail(ret, by_status == BOT_OUTCOME_REJECTED && bot__call_moves(call) ? BOT_OUTCOME_UNKNOWN : by_status, http_status,
                            SLICE("HTTP error without a readable body"));
            ret->banned_for_ns = bot__retry_after_ns(headers, headers_n);
            return BOT_OK;
        }
        (void)bot__reply_malformed(ret, r < 0 ? r : BOT_ERR_MALFORMED, r < 0 ? "body" : "retCode is missing");
        return BOT_OK;
    }
    budget_object(b.header, ret);
    ret->venue_ns = b.time_ns;
    ret->venue_code = b.code;
    if (b.code != 0) {
        bot__reply_fail(ret, bot__bybit_outcome(b.code, call), b.code, b.message);
        if (b.code == 10018) /* "Exceeded the IP Rate Limit": not the call's own */
            ret->scope = BYBIT_SCOPE_IP;
        if (ret->outcome == BOT_OUTCOME_LIMITED && http_status == 403) {
            ret->outcome = BOT_OUTCOME_BANNED;
            ret->scope = BYBIT_SCOPE_IP;
            ret->banned_for_ns = 600 * BOT_NS_PER_S;
        }
        return BOT_OK;
    }
    if (by_status != BOT_OUTCOME_OK) {
        /* One of the two is wrong, and for an order it is not known which. */
        bot__reply_fail(ret, bot__call_moves(call) ? BOT_OUTCOME_UNKNOWN : by_status, http_status, SLICE("HTTP error with a body that says success"));
        return BOT_OK;
    }
    struct fields res;
    if (!b.result_given || b.result.len == 0 || b.result.p[0] != '{') {
        (void)bot__reply_malformed(ret, BOT_ERR_MALFORMED, "result is missing or not an object");
        return BOT_OK;
    }
    const int read = read_result(b.result, &res);
    if (read < 0) {
        char why[96];
        bot__fields_why(&res, why, sizeof why);
        (void)bot__reply_malformed(ret, read, why);
        return BOT_OK;
    }
    ret->outcome = BOT_OUTCOME_OK;
    struct bybit_rows rows = { .e = &e, .source = BOT_SOURCE_REST, .envelope_ns = call == VENUE_CALL_BALANCE ? ret->venue_ns : 0, .category = res.v[R_CATEGORY] };
    int done = BOT_OK;
    switch (call) {
    case VENUE_CALL_TIME: done = server_time(&res, &b, &e, ret); break;
    case VENUE_CALL_INSTRUMENTS: done = rows_of(&res, &rows, bot__bybit_instrument, ret); break;
    case VENUE_CALL_POSITIONS: done = page_of(&res, &rows, bot__bybit_position, ret); break;
    case VENUE_CALL_FILLS: done = page_of(&res, &rows, bot__bybit_execution, ret); break;
    case VENUE_CALL_OPEN_ORDERS: done = page_of(&res, &rows, bot__bybit_order, ret); break;
    case VENUE_CALL_ORDER:
        done = rows_of(&res, &rows, bot__bybit_order, ret);
        ret->cursor[0] = '\0'; /* the venue gives one for a single order too */
        if (done == BOT_OK && ret->outcome == BOT_OUTCOME_OK && ret->rows == 0)
            bot__reply_fail(ret, BOT_OUTCOME_NOT_FOUND, 0, SLICE("no such order in the list"));
        break;
    case VENUE_CALL_BALANCE: done = rows_of(&res, &rows, bot__bybit_wallet, ret); break;
    case VENUE_CALL_BOOK: {
        const int book = bot__bybit_book(ctx, b.result, true, 0, BOT_SOURCE_REST, &e);
        if (book < 0) done = bot__reply_malformed(ret, book, "result");
        ret->rows = (uint32_t)e.n;
        break;
    }
    case VENUE_CALL_PUBLIC_TRADES:
        rows.replayed = true;
        done = rows_of(&res, &rows, bot__bybit_public_trade, ret);
        break;
    case VENUE_CALL_SUBMIT:
    case VENUE_CALL_AMEND:
    case VENUE_CALL_CANCEL: done = ack(&res, BOT_SOURCE_REST, &e, ret); break;
    case VENUE_CALL_CANCEL_ALL:
        done = rows_of(&res, &rows, ack_row, ret);
        if (slice_is(res.v[R_SUCCESS], "0")) /* some orders remain: the list says which were taken */
            bot__text_copy(SLICE("not all orders could be canceled"), ret->detail, sizeof ret->detail);
        break;
    case VENUE_CALL_CANCEL_BATCH: {
        const int batch = bot__bybit_batch(b.result, b.extra, SLICE(""), BOT_SOURCE_REST, &e);
        if (batch < 0) done = bot__reply_malformed(ret, batch, "result.list and retExtInfo.list");
        ret->rows = (uint32_t)e.n;
        break;
    }
    case VENUE_CALL_KEY: done = key_powers(b.result, ret); break;
    case VENUE_CALL_ACCOUNT_LOG: done = page_of(&res, &rows, bot__bybit_log, ret); break;
    default: bot__reply_fail(ret, BOT_OUTCOME_MALFORMED, 0, SLICE("a call that this venue does not have")); break;
    }
    if (done < 0 && ret->outcome == BOT_OUTCOME_OK)
        ret->outcome = BOT_OUTCOME_MALFORMED;
    return e.err < 0 ? e.err : BOT_OK;
}
