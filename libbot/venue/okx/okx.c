/* OKX v5: the table of facts, and reading whole messages.
 * Sources: the official documentation (mirror of 2026-07-28) and its change logs. */
#include "base/json_walk.h"
#include "venue/okx/okx.h"

enum venue_call bot__okx_op_call(struct slice op)
{
    if (slice_is(op, "order") || slice_is(op, "batch-orders"))
        return VENUE_CALL_SUBMIT;
    if (slice_is(op, "amend-order") || slice_is(op, "batch-amend-orders"))
        return VENUE_CALL_AMEND;
    if (slice_is(op, "cancel-order"))
        return VENUE_CALL_CANCEL;
    if (slice_is(op, "batch-cancel-orders"))
        return VENUE_CALL_CANCEL_BATCH;
    if (slice_is(op, "mass-cancel"))
        return VENUE_CALL_CANCEL_ALL;
    return VENUE_CALL_NONE;
}

/* ---- socket ------------------------------------------------------------------------------------------------- */

struct envelope {
    struct slice event, channel, instrument, named, code, words, id, op, action, data, conn, count;
    bool         has_data, has_arg;
    bool         ahead; /* the rows of data have been read, and nothing behind them said that they are something else */
};

struct channel {
    struct slice name;
    int        (*row)(struct json *, void *);
    bool         whole; /* carries money of ours */
};

static const struct channel *channel_of(struct slice name)
{
    static const struct channel channels[] = {
#define C(text) { text, sizeof(text) - 1 }
        { C("orders"), bot__okx_order_push_row, true },
        { C("trades"), bot__okx_trade_row, false },
        { C("books"), bot__okx_book_row, false },
        { C("positions"), bot__okx_position_row, true },
        { C("balance_and_position"), bot__okx_balance_position_row, true },
        { C("account"), bot__okx_balance_row, true },
        { C("trades-all"), bot__okx_trade_row, false },
        { C("books5"), bot__okx_book_row, false },
        { C("bbo-tbt"), bot__okx_book_row, false },
        { C("books-l2-tbt"), bot__okx_book_row, false },
        { C("books50-l2-tbt"), bot__okx_book_row, false },
        { C("instruments"), bot__okx_instrument_row, false },
        { C("orders-algo"), bot__okx_order_row, true }, /* on the business socket; not subscribed, read all the same */
        { C("algo-advance"), bot__okx_order_row, true },
        { C("status"), bot__okx_status_row, false },
#undef C
    };
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        if (channels[i].name.len == name.len && memcmp(channels[i].name.p, name.p, name.len) == 0)
            return &channels[i];
    return NULL;
}

static void rows_are_of(struct okx_rows *o, const struct envelope *env)
{
    /* Channels without an action (books5, bbo-tbt) push the whole of their book every time. */
    o->snapshot = !slice_is(env->action, "update");
    o->instrument = env->instrument;
}

static void read_arg(struct json *j, struct envelope *env)
{
    struct json_found m;
    uint32_t seen = 0;
    if (!bot__json_object(j))
        return;
    struct json_walk walk = json_walk_in(j);
    while (json_walk_member(j, &walk, &m)) {
        if (slice_is(m.key, "channel") || slice_is(m.key, "instId")) {
            bot__once(j, &seen, slice_is(m.key, "channel") ? 1 : 2);
            if (m.type != JSON_STRING)
                bot__json_fail(j, BOT_ERR_MALFORMED);
            *(slice_is(m.key, "channel") ? &env->channel : &env->instrument) = m.value;
        } else if (m.type == JSON_OBJECT || m.type == JSON_ARRAY) {
            json_walk_out(j, &walk);
            bot__json_skip(j);
            walk = json_walk_in(j);
        }
        if (j->err != 0)
            return;
    }
    json_walk_out(j, &walk);
}

/* o and held: to read rows ahead of the rest of the message; NULL where the rows are read otherwise. */
static void read_data(struct json *j, struct envelope *env, enum json_type type, struct okx_rows *o, struct emit_held *held)
{
    if (env->has_data)
        bot__json_fail(j, BOT_ERR_CONFLICT);
    env->has_data = true;
    if (type != JSON_OBJECT && type != JSON_ARRAY) { /* has been read; a text must not pass for the rows that it looks like */
        env->data = SLICE("null");
        return;
    }
    const struct channel *channel = held != NULL && env->event.len == 0 && env->op.len == 0 ? channel_of(env->channel) : NULL;
    if (channel == NULL || j->err != 0) {
        env->data = bot__json_raw(j);
        return;
    }
    rows_are_of(o, env);
    env->ahead = bot__rows_ahead(j, &o->e, held, channel->row, o, &env->data);
}

/* The text that a key of the envelope stands for, and whether it may be a number. */
static struct slice *text_of(struct envelope *env, struct slice key, bool *ret_bare)
{
    *ret_bare = slice_is(key, "id") || slice_is(key, "code") || slice_is(key, "connCount");
    return slice_is(key, "event")       ? &env->event
           : slice_is(key, "channel")   ? &env->named
           : slice_is(key, "action")    ? &env->action
           : slice_is(key, "op")        ? &env->op
           : slice_is(key, "id")        ? &env->id
           : slice_is(key, "code")      ? &env->code
           : slice_is(key, "msg")       ? &env->words
           : slice_is(key, "connCount") ? &env->count
                                        : NULL;
}

static int read_envelope(struct slice msg, struct envelope *env, struct okx_rows *o, struct emit_held *held)
{
    struct json j;
    struct json_found m;
    bot__json_init(&j, msg.p, msg.len);
    if (!bot__json_object(&j))
        return j.err;
    struct json_walk w = json_walk_in(&j);
    while (j.err == 0 && json_walk_member(&j, &w, &m)) {
        const bool arg = slice_is(m.key, "arg"), data = slice_is(m.key, "data");
        bool bare = false;
        struct slice *const text = arg || data ? NULL : text_of(env, m.key, &bare);
        if ((arg && env->has_arg) || (text != NULL && text->p != NULL))
            bot__json_fail(&j, BOT_ERR_CONFLICT);
        env->has_arg = env->has_arg || arg;
        if (arg || data || m.type == JSON_OBJECT || m.type == JSON_ARRAY) {
            json_walk_out(&j, &w);
            if (text != NULL || (arg && m.type != JSON_OBJECT)) bot__json_fail(&j, BOT_ERR_MALFORMED);
            else if (arg) read_arg(&j, env);
            else if (data) read_data(&j, env, m.type, o, held);
            else bot__json_skip(&j);
            w = json_walk_in(&j);
        } else if (text != NULL) {
            if (!bare && m.type != JSON_STRING)
                bot__json_fail(&j, BOT_ERR_MALFORMED);
            *text = m.value;
        }
        /* What the rows are is said behind them: they are read as that. */
        if (arg || text == &env->event || text == &env->action || text == &env->op || text == &env->id)
            env->ahead = false;
    }
    if (j.err == 0)
        json_walk_out(&j, &w);
    if (env->channel.len == 0) /* counts of connections name it outside of arg */
        env->channel = env->named;
    return bot__json_end(&j);
}

static void venue_error(struct okx_rows *o, int err, const struct envelope *env)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_ERROR, o->source);
    ev.error.code = err;
    if (bot__okx_code(env->code, &ev.error.venue_code))
        ev.has |= BOT_HAS_VENUE_CODE;
    ev.error.request_id = o->request_id;
    bot__text_copy(env->words.len > 0 ? env->words : env->event, ev.error.detail, sizeof ev.error.detail);
    bot__emit(&o->e, &ev);
}

static int event_message(struct okx_rows *o, const struct envelope *env)
{
    int64_t code = 0;
    bot__okx_code(env->code, &code);
    if (slice_is(env->event, "subscribe"))
        bot__emit_control(&o->e, o->source, BOT_CONTROL_SUBSCRIBED, env->channel);
    else if (slice_is(env->event, "unsubscribe"))
        bot__emit_control(&o->e, o->source, BOT_CONTROL_UNSUBSCRIBED, env->channel);
    else if (slice_is(env->event, "login") && code == 0)
        bot__emit_control(&o->e, o->source, BOT_CONTROL_AUTH, (struct slice){ NULL, 0 });
    else if (slice_is(env->event, "notice") && code == 64008) /* sent a minute before the close */
        bot__emit_control(&o->e, o->source, BOT_CONTROL_DISCONNECT, env->words);
    else if (slice_is(env->event, "login") || slice_is(env->event, "error") || slice_is(env->event, "channel-conn-count-error"))
        venue_error(o, BOT_ERR_REJECTED, env);
    else
        bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, env->event);
    return BOT_OK;
}

/* Answer to an order sent over the socket: rows when the venue looked at the orders, else only the envelope's code. */
static int op_message(struct okx_rows *o, const struct envelope *env)
{
    int64_t code;
    if (!bot__okx_code(env->code, &code))
        return BOT_ERR_MALFORMED;
    const int n = o->e.n;
    if (env->has_data) {
        const int r = bot__rows_each(env->data, /* whole= */ true, &o->e, bot__okx_ack_row, o);
        if (r < 0)
            return r;
    }
    if (o->e.n > n)
        return BOT_OK;
    if (code == 0)
        return BOT_ERR_MALFORMED; /* a success that names nothing */
    const bool unknown = bot__okx_outcome(code, o->call) == BOT_OUTCOME_UNKNOWN;
    venue_error(o, unknown ? BOT_ERR_UNKNOWN_OUTCOME : BOT_ERR_REJECTED, env);
    return BOT_OK;
}

static int data_message(struct okx_rows *o, const struct envelope *env)
{
    const struct channel *channel = channel_of(env->channel);
    if (channel != NULL) {
        const int n = o->e.n;
        rows_are_of(o, env);
        const int r = bot__rows_each(env->data, channel->whole, &o->e, channel->row, o);
        if (r == BOT_OK && o->e.n == n) /* no position is held, nothing changed: empty lists are pushes all the same */
            bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, env->channel);
        return r;
    }
    /* Tickers, funding rates, others' liquidations; and "fills", which aggregates per price and drops client ids: it
     * cannot be counted beside the orders channel without counting twice. */
    bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, env->channel);
    return BOT_OK;
}

int bot__okx_decode_ws(struct venue_context *ctx, bot_source source, struct slice msg, venue_sink sink, void *user_data)
{
    struct okx_rows o = { .e = { .sink = sink, .user_data = user_data }, .source = source, .state = ctx->state,
                          .scratch = &ctx->scratch };
    int r;
    if (slice_is(msg, "pong")) {
        bot__emit_control(&o.e, o.source, BOT_CONTROL_PONG, msg);
        return o.e.err < 0 ? o.e.err : o.e.n;
    }
    struct envelope env = { 0 };
    struct emit_held held;
    ctx->why[0] = '\0';
    r = read_envelope(msg, &env, &o, &held);
    if (r < 0)
        return r;
    if (env.ahead) {
        if (held.n == 0)
            bot__emit_control(&o.e, o.source, BOT_CONTROL_OTHER, env.channel);
        bot__emit_held(&o.e, &held);
        return o.e.err < 0 ? o.e.err : o.e.n;
    }
    if (env.id.len > 0)
        bot__id_set(&o.request_id, env.id.p, env.id.len);
    o.call = bot__okx_op_call(env.op);
    if (env.event.len > 0)
        r = event_message(&o, &env);
    else if (env.op.len > 0)
        r = op_message(&o, &env);
    else if (env.channel.len > 0 && env.has_data)
        r = data_message(&o, &env);
    else
        r = BOT_ERR_MALFORMED;
    if (r < 0)
        memcpy(ctx->why, o.why, sizeof o.why < sizeof ctx->why ? sizeof o.why : sizeof ctx->why);
    return r < 0 ? r : o.e.err < 0 ? o.e.err : o.e.n;
}

/* ---- REST --------------------------------------------------------------------------------------------------- */

static int mode_row(struct json *j, void *arg)
{
    static const struct slice names[] = { { "posMode", 7 } };
    struct okx_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, names, 1);
    if (f.err != 0)
        return f.err;
    if (!field_is(&f, 0, "net_mode") && !field_is(&f, 0, "long_short_mode")) {
        bot__json_fail(j, BOT_ERR_MALFORMED);
        return BOT_ERR_MALFORMED;
    }
    o->reply->hedge = field_is(&f, 0, "long_short_mode");
    o->e.n++;
    return BOT_OK;
}

/* "perm":"read_only,withdraw,trade","ip":"1.2.3.4,...": the same answer as the mode's. */
static int key_row(struct json *j, void *arg)
{
    static const struct slice names[] = { { "perm", 4 }, { "ip", 2 } };
    struct okx_rows *o = arg;
    struct fields f;
    char powers[80];
    bot__fields_read(&f, j, names, 2);
    if (f.err != 0)
        return f.err;
    bot__field_text(&f, 0, powers, sizeof powers);
    if (strstr(powers, "read_only") == NULL && strstr(powers, "trade") == NULL) {
        bot__json_fail(j, BOT_ERR_MALFORMED);
        return BOT_ERR_MALFORMED;
    }
    o->reply->key.trades = strstr(powers, "trade") != NULL;
    o->reply->key.withdraws = strstr(powers, "withdraw") != NULL;
    o->reply->key.anywhere = !bot__field_given(&f, 1);
    o->reply->key.days_left = -1;
    o->e.n++;
    return BOT_OK;
}

/* {"triggerTime":"1587971460","ts":...}: seconds, 0 when the switch is off. */
static int dead_man_row(struct json *j, void *arg)
{
    static const struct slice names[] = { { "triggerTime", 11 } };
    struct okx_rows *o = arg;
    struct fields f;
    int64_t seconds;
    bot__fields_read(&f, j, names, 1);
    if (f.err != 0)
        return f.err;
    if (!bot__field_i64(&f, 0, &seconds) || seconds < 0) {
        bot__json_fail(j, BOT_ERR_MALFORMED);
        return BOT_ERR_MALFORMED;
    }
    o->e.n++;
    return BOT_OK;
}

static int (*row_reader(enum venue_call call))(struct json *, void *)
{
    switch (call) {
    case VENUE_CALL_TIME: return bot__okx_time_row;
    case VENUE_CALL_INSTRUMENTS: return bot__okx_instrument_row;
    case VENUE_CALL_POSITIONS: return bot__okx_position_row;
    case VENUE_CALL_FILLS: return bot__okx_fill_row;
    case VENUE_CALL_OPEN_ORDERS: return bot__okx_order_row;
    case VENUE_CALL_ORDER: return bot__okx_order_row;
    case VENUE_CALL_BALANCE: return bot__okx_balance_row;
    case VENUE_CALL_BOOK: return bot__okx_book_row;
    case VENUE_CALL_PUBLIC_TRADES: return bot__okx_trade_row;
    case VENUE_CALL_STATUS: return bot__okx_status_row;
    case VENUE_CALL_MODE: return mode_row;
    case VENUE_CALL_KEY: return key_row;
    case VENUE_CALL_ACCOUNT_LOG: return bot__okx_bill_row;
    case VENUE_CALL_SUBMIT: case VENUE_CALL_AMEND: case VENUE_CALL_CANCEL: case VENUE_CALL_CANCEL_BATCH:
        return bot__okx_ack_row;
    case VENUE_CALL_DEAD_MAN: return dead_man_row;
    default: return NULL;
    }
}

/* Rows of the array, for pages: a full page has another behind it. */
static uint32_t count_rows(struct slice data)
{
    struct json j;
    uint32_t n = 0;
    bot__json_init(&j, data.p, data.len);
    bot__json_array(&j);
    while (bot__json_item(&j)) {
        bot__json_skip(&j);
        n++;
    }
    return n;
}

static bool holds(struct slice s, const char *text) { return s.len > 0 && memmem(s.p, s.len, text, strlen(text)) != NULL; }

static int no_answer(struct venue_reply *ret, enum venue_call call, int http_status, const struct venue_header *headers,
                     uint32_t headers_n, int err)
{
    const bot_outcome http = bot__http_outcome(http_status);
    if (http == BOT_OUTCOME_OK)
        /* A success that cannot be read: what was asked for may have been done. */
        bot__reply_malformed(ret, err, "answer is not an OKX envelope");
    else
        bot__reply_fail(ret, http, http_status, SLICE("HTTP error without a readable body"));
    if (ret->outcome == BOT_OUTCOME_BANNED || ret->outcome == BOT_OUTCOME_LIMITED)
        ret->banned_for_ns = bot__retry_after_ns(headers, headers_n);
    if (bot__call_moves(call) && (ret->outcome == BOT_OUTCOME_MALFORMED || ret->outcome == BOT_OUTCOME_REJECTED))
        ret->outcome = BOT_OUTCOME_UNKNOWN;
    return err;
}

int bot__okx_decode_rest(struct venue_context *ctx, enum venue_call call, int http_status, const struct venue_header *headers,
                         uint32_t headers_n, struct slice body, venue_sink sink, void *user_data, struct venue_reply *ret)
{
    bot__reply_init(ret);
    ret->scope = bot__okx_scope(call);
    struct envelope env = { 0 };
    int r = read_envelope(body, &env, /* o= */ NULL, /* held= */ NULL);
    int64_t code = 0;
    if (r == BOT_OK && (!bot__okx_code(env.code, &code)))
        r = BOT_ERR_MALFORMED;
    if (r < 0)
        return no_answer(ret, call, http_status, headers, headers_n, r);

    struct okx_rows o = { .e = { .sink = sink, .user_data = user_data }, .source = BOT_SOURCE_REST, .state = ctx->state,
                          .scratch = &ctx->scratch, .reply = ret, .call = call, .snapshot = true,
                          .instrument = { ctx->instrument.s, ctx->instrument.len } };
    if (http_status == 0) {
        o.source = BOT_SOURCE_WS_TRADE;
        if (env.id.len > 0)
            bot__id_set(&o.request_id, env.id.p, env.id.len);
    }
    int (*const row)(struct json *, void *) = row_reader(call);
    if (row == NULL)
        return BOT_ERR_UNSUPPORTED;

    const bool rows_say = row == bot__okx_ack_row && env.has_data && (code == 0 || code == 1 || code == 2);
    if (code != 0 && !rows_say) {
        bot__reply_fail(ret, bot__okx_outcome(code, call), code, env.words);
        if (ret->outcome == BOT_OUTCOME_LIMITED)
            ret->banned_for_ns = bot__retry_after_ns(headers, headers_n);
        return BOT_OK;
    }
    /* An HTTP error with a code of success contradicts itself: neither is believed. */
    if (bot__http_outcome(http_status) != BOT_OUTCOME_OK || !env.has_data)
        return no_answer(ret, call, http_status, headers, headers_n, BOT_ERR_MALFORMED);

    ret->outcome = BOT_OUTCOME_OK;
    if (call == VENUE_CALL_POSITIONS && holds(env.data, "\"isolated\"") && holds(env.data, "\"cross\""))
        o.positions = env.data;
    r = bot__rows_each(env.data, /* whole= */ true, &o.e, row, &o);
    if (r < 0 && o.e.err == 0) {
        memset(&ret->order_id, 0, sizeof ret->order_id);
        memset(&ret->client_id, 0, sizeof ret->client_id);
        bot__reply_malformed(ret, r, o.why[0] != '\0' ? o.why : "a row cannot be read");
        if (bot__call_moves(call))
            ret->outcome = BOT_OUTCOME_UNKNOWN;
        return r;
    }
    if (o.e.err < 0)
        return o.e.err;
    ret->rows = call == VENUE_CALL_MODE || call == VENUE_CALL_KEY || call == VENUE_CALL_DEAD_MAN ? 0 : (uint32_t)o.e.n; /* those give no events */
    if (ret->outcome == BOT_OUTCOME_OK && o.e.n == 0) {
        /* Lists may be empty; an answer about one thing may not. */
        if (call == VENUE_CALL_ORDER)
            return bot__reply_fail(ret, BOT_OUTCOME_NOT_FOUND, 0, SLICE("no such order"));
        if (row == bot__okx_ack_row || call == VENUE_CALL_TIME || call == VENUE_CALL_MODE || call == VENUE_CALL_KEY || call == VENUE_CALL_BOOK ||
            call == VENUE_CALL_DEAD_MAN)
            return no_answer(ret, call, http_status, headers, headers_n, BOT_ERR_MALFORMED);
    }
    /* Code 1 with rows that all say success would be a lie of another kind. */
    if (rows_say && code == 1 && ret->outcome == BOT_OUTCOME_OK)
        return no_answer(ret, call, http_status, headers, headers_n, BOT_ERR_MALFORMED);
    if ((call == VENUE_CALL_FILLS || call == VENUE_CALL_OPEN_ORDERS || call == VENUE_CALL_ACCOUNT_LOG) &&
        count_rows(env.data) >= OKX_PAGE_ROWS)
        memcpy(ret->cursor, o.last_id.s, o.last_id.len + 1u);
    if (call == VENUE_CALL_STATUS && o.e.n == 0) {
        bot_event ev; /* no maintenance is listed */
        bot__event_init(&ev, BOT_EV_STATUS, o.source);
        ev.status.status = BOT_STATUS_NORMAL;
        bot__emit(&o.e, &ev);
        ret->rows = 1;
        if (o.e.err < 0)
            return o.e.err;
    }
    return (int)ret->rows;
}

/* ---- facts -------------------------------------------------------------------------------------------------- */

#define S BOT_NS_PER_S

const struct venue bot__venue_okx = {
    .name = "okx",
    .title = "OKX v5",
    .endpoints = { .rest = "https://openapi.okx.com",
                   .ws_private = "wss://ws.okx.com:8443/ws/v5/private",
                   .ws_public = "wss://ws.okx.com:8443/ws/v5/public",
                   .ws_trade = "" },
    .endpoints_test = { .rest = "https://openapi.okx.com",
                        .ws_private = "wss://wspap.okx.com:8443/ws/v5/private",
                        .ws_public = "wss://wspap.okx.com:8443/ws/v5/public",
                        .ws_trade = "" },
    /* The server closes after 30 s of silence in both directions; we ask much earlier. */
    .private_plan = { .login = true, .subscribe_acked = true, .ping_every_ms = 10000, .dead_after_ms = 12000,
                      .connects_max = 3, .connects_window_ms = 1000 },
    .public_plan = { .subscribe_acked = true, .ping_every_ms = 10000, .dead_after_ms = 12000, .connects_max = 3,
                     .connects_window_ms = 1000 },
    /* Placing is limited per user and instrument; counted per user here, which is never more. Amend and cancel count apart.
     * Together they stay below the sub-account's 1000 new and amended orders in 2 s. */
    .scopes = {
        [OKX_SCOPE_PUBLIC] = { "public", VENUE_WINDOW_ROLLING, 10, 2 * S, true },
        [OKX_SCOPE_ACCOUNT] = { "account", VENUE_WINDOW_ROLLING, 10, 2 * S, false },
        [OKX_SCOPE_FILLS] = { "fills", VENUE_WINDOW_ROLLING, 60, 2 * S, false, true },
        [OKX_SCOPE_ORDERS] = { "orders-read", VENUE_WINDOW_ROLLING, 60, 2 * S, false, true },
        [OKX_SCOPE_PLACE] = { "place", VENUE_WINDOW_ROLLING, 60, 2 * S, false, true },
        [OKX_SCOPE_AMEND] = { "amend", VENUE_WINDOW_ROLLING, 60, 2 * S, false, true },
        [OKX_SCOPE_CANCEL] = { "cancel", VENUE_WINDOW_ROLLING, 60, 2 * S, false, true },
        [OKX_SCOPE_DEAD_MAN] = { "cancel-all-after", VENUE_WINDOW_ROLLING, 1, 1 * S, false },
    },
    .scopes_n = OKX_SCOPES,
    .has_fills_channel = true, /* the orders channel: one push a match */
    .has_client_ids = true,
    .has_amend = true,
    .has_reduce_only = true,
    .has_dead_man = true,
    /* Since 2026 its socket takes orders by instIdCode alone ("Parameter instIdCode can not be empty", 50014), a number that instruments
     * have besides their name, and on the demo network not even those. REST takes the name. */
    .has_ws_orders = false,
    .has_position_seq = true,  /* tradeId of the newest fill in the row; liquidations have none (negative ids) */
    .has_position_time = true,
    .positions_omit_flat = true,
    .book = { .chain = BOOK_CHAIN_PREV, .checksum = BOOK_CHECKSUM_OKX },
    .hedge_possible = true,
    .funding_by_log = true,
    .absence_bound_ns = 60 * S, /* venues have placed orders 40 to 50 s late */
    .order_unknown_ns = 10 * S,
    .fills_window_max_ns = 90 * 86400 * S,
    .fills_history_ns = 90 * 86400 * S,
    .positions_parts = 1,
    .instruments_parts = 3,
    .fills_parts = 3, /* swaps, futures, spot: the long list is of one type */
    .orders_parts = 1,
    .cancel_batch_max = OKX_BATCH_MAX,
    .client_id_max = OKX_CLIENT_ID_MAX,
    .client_id_alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    .state_size = sizeof(struct okx_state),
    .decode_ws = bot__okx_decode_ws,
    .decode_rest = bot__okx_decode_rest,
    .encode_rest = bot__okx_encode_rest,
    .encode_ws = NULL,
    .ws_login = bot__okx_ws_login,
    .ws_subscribe = bot__okx_ws_subscribe,
    .ws_resubscribe_book = bot__okx_ws_resubscribe_book,
    .ws_ping = bot__okx_ws_ping,
};
