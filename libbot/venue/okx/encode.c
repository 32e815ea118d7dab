/* OKX v5: requests as bytes. */
#include <stdarg.h>
#include <stdio.h>

#include "venue/okx/okx.h"

/* An order that the venue reaches later than this is dropped by it (expTime). Half of order_unknown_ns: a request that is
 * late is provably dead before anyone asks about it. */
#define ORDER_TTL_NS (5 * BOT_NS_PER_S)
#define FILLS_LIST_NS (3 * 86400 * BOT_NS_PER_S) /* /trade/fills reaches so far back */

/* ---- checks ------------------------------------------------------------------------------------------------- */

static bool is_alnum(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= 'a' && s[i] <= 'z')))
            return false;
    return true;
}

static bool client_id_fits(const bot_id *id) { return id->len <= OKX_CLIENT_ID_MAX && is_alnum(id->s, id->len); }

/* Instrument names go into paths unescaped. */
static bool symbol_fits(const bot_symbol *s)
{
    for (uint8_t i = 0; i < s->len; i++)
        if (!is_alnum(s->s + i, 1) && s->s[i] != '-' && s->s[i] != '_')
            return false;
    return true;
}

static bool is_digits(const char *s)
{
    for (; *s != '\0'; s++)
        if ((*s < '0' || *s > '9') && *s != '-')
            return false;
    return true;
}

/* "BTC-USDT" is spot; everything else has a third part. */
static bool is_spot(const bot_symbol *s)
{
    int dashes = 0;
    for (uint8_t i = 0; i < s->len; i++)
        dashes += s->s[i] == '-';
    return dashes == 1;
}

/* ---- bodies ------------------------------------------------------------------------------------------------- */

static int put_ids(struct json_out *o, const bot_symbol *instrument, const bot_id *order_id, const bot_id *client_id)
{
    if (instrument->len == 0 || (order_id->len == 0 && client_id->len == 0) || !client_id_fits(client_id))
        return BOT_ERR_INVALID;
    bot__jo_strn(o, "instId", instrument->s, instrument->len);
    /* The venue's own id wins when both are given; sending both invites a contradiction. */
    if (order_id->len > 0)
        bot__jo_strn(o, "ordId", order_id->s, order_id->len);
    else
        bot__jo_strn(o, "clOrdId", client_id->s, client_id->len);
    return BOT_OK;
}

static const char *order_type(const bot_order_request *order)
{
    if (order->type == BOT_MARKET)
        return order->tif == BOT_FOK ? NULL : "market";
    switch (order->tif) {
    case BOT_TIF_NONE:
    case BOT_GTC: return "limit";
    case BOT_IOC: return "ioc";
    case BOT_FOK: return "fok";
    case BOT_POST_ONLY: return "post_only";
    }
    return NULL;
}

static int put_order(struct json_out *o, const struct venue_request *req)
{
    const bot_order_request *order = &req->order;
    const char *type = order_type(order);
    const bool leg = order->leg == BOT_LEG_LONG || order->leg == BOT_LEG_SHORT;
    if (!bot__order_can_be_said(order) || type == NULL || order->instrument.len == 0 || !client_id_fits(&req->client_id))
        return BOT_ERR_INVALID;

    const bool spot = is_spot(&order->instrument);
    bot__jo_strn(o, "instId", order->instrument.s, order->instrument.len);
    bot__jo_str(o, "tdMode", spot ? "cash" : "cross");
    if (req->client_id.len > 0)
        bot__jo_strn(o, "clOrdId", req->client_id.s, req->client_id.len);
    bot__jo_str(o, "side", order->side == BOT_BUY ? "buy" : "sell");
    if (leg)
        bot__jo_str(o, "posSide", order->leg == BOT_LEG_LONG ? "long" : "short");
    bot__jo_str(o, "ordType", type);
    bot__jo_fixed(o, "sz", order->qty.v);
    if (order->type == BOT_LIMIT)
        bot__jo_fixed(o, "px", order->price.v);
    if (order->reduce_only && !leg && !spot) /* in hedge mode the venue ignores it */
        bot__jo_bool(o, "reduceOnly", true);
    if (spot && order->type == BOT_MARKET) /* else a spot market buy is sized in money */
        bot__jo_str(o, "tgtCcy", "base_ccy");
    return BOT_OK;
}

static int put_amend(struct json_out *o, const struct venue_request *req)
{
    if (req->order.qty.v < 0 || req->order.price.v < 0 || (req->order.qty.v == 0 && req->order.price.v == 0))
        return BOT_ERR_INVALID;
    const int r = put_ids(o, req->instrument.len > 0 ? &req->instrument : &req->order.instrument, &req->order_id, &req->client_id);
    if (req->order.qty.v > 0)
        bot__jo_fixed(o, "newSz", req->order.qty.v); /* the new total, filled part included */
    if (req->order.price.v > 0)
        bot__jo_fixed(o, "newPx", req->order.price.v);
    return r;
}

/* The args of a request that moves orders: one object, or for batches objects in a row. */
static int put_args(struct json_out *o, const struct venue_request *req)
{
    int r = BOT_OK;
    if (req->call == VENUE_CALL_CANCEL_BATCH) {
        if (req->batch == NULL || req->batch_n == 0 || req->batch_n > OKX_BATCH_MAX)
            return BOT_ERR_INVALID;
        for (uint32_t i = 0; i < req->batch_n && r == BOT_OK; i++) {
            bot__jo_object(o, NULL);
            r = put_ids(o, &req->batch[i].instrument, &req->batch[i].order_id, &req->batch[i].client_id);
            bot__jo_object_end(o);
        }
        return r;
    }
    bot__jo_object(o, NULL);
    if (req->call == VENUE_CALL_SUBMIT)
        r = put_order(o, req);
    else if (req->call == VENUE_CALL_AMEND)
        r = put_amend(o, req);
    else
        r = put_ids(o, &req->instrument, &req->order_id, &req->client_id);
    bot__jo_object_end(o);
    return r;
}

/* 0 disarms. The venue takes 10 to 120 whole seconds: shorter windows are lengthened to its least. */
static int put_dead_man(struct json_out *o, const struct venue_request *req)
{
    uint32_t seconds = (req->window_ms + 999) / 1000;
    if (seconds > 120)
        return BOT_ERR_INVALID;
    if (seconds > 0 && seconds < 10)
        seconds = 10;
    char text[12];
    snprintf(text, sizeof text, "%u", seconds);
    bot__jo_object(o, NULL);
    bot__jo_str(o, "timeOut", text);
    bot__jo_object_end(o);
    return BOT_OK;
}

/* ---- REST --------------------------------------------------------------------------------------------------- */

struct path {
    char  *buf;
    size_t len;
    bool   query, overflow;
};

static void __attribute__((format(printf, 2, 3))) add(struct path *p, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(p->buf + p->len, VENUE_PATH_MAX - p->len, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= VENUE_PATH_MAX - p->len)
        p->overflow = true;
    else
        p->len += (size_t)n;
}

static void param(struct path *p, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    add(p, "%c%s=%s", p->query ? '&' : '?', name, value);
    p->query = true;
}

static void param_ms(struct path *p, const char *name, int64_t ns)
{
    char text[24];
    if (ns <= 0)
        return;
    snprintf(text, sizeof text, "%lld", (long long)(ns / BOT_NS_PER_MS));
    param(p, name, text);
}

static const char *const part_types[] = { "SWAP", "FUTURES", "SPOT" };

/* "BTC-USDT-SWAP", "BTC-USD-241227", "BTC-USDT". */
static const char *type_of(const bot_symbol *s)
{
    const char *first = strchr(s->s, '-'), *second = first != NULL ? strchr(first + 1, '-') : NULL;
    return second == NULL ? "SPOT" : strcmp(second, "-SWAP") == 0 ? "SWAP" : "FUTURES";
}

static int read_path(struct path *p, const struct venue_request *req, int64_t wall_ns, struct venue_http *ret)
{
    const char *instrument = req->instrument.len > 0 ? req->instrument.s : NULL;
    ret->weight = 1;
    if (!symbol_fits(&req->instrument) || (req->cursor != NULL && !is_digits(req->cursor)))
        return BOT_ERR_INVALID;
    switch (req->call) {
    case VENUE_CALL_TIME:
        add(p, "/api/v5/public/time");
        return BOT_OK;
    case VENUE_CALL_INSTRUMENTS:
        if (req->part >= sizeof part_types / sizeof *part_types)
            return BOT_ERR_INVALID;
        add(p, "/api/v5/public/instruments");
        param(p, "instType", part_types[req->part]);
        param(p, "instId", instrument);
        return BOT_OK;
    case VENUE_CALL_POSITIONS:
        add(p, "/api/v5/account/positions");
        param(p, "instId", instrument);
        return BOT_OK;
    case VENUE_CALL_FILLS:
        if (req->part >= sizeof part_types / sizeof *part_types)
            return BOT_ERR_INVALID;
        if (req->from_ns > 0 && wall_ns - req->from_ns > FILLS_LIST_NS) {
            ret->weight = 6; /* 10 in 2 s, where the short list has 60 */
            add(p, "/api/v5/trade/fills-history"); /* wants a type */
            param(p, "instType", instrument != NULL ? type_of(&req->instrument) : part_types[req->part]);
        } else {
            add(p, "/api/v5/trade/fills");
            if (instrument == NULL) param(p, "instType", part_types[req->part]);
        }
        param(p, "instId", instrument);
        param_ms(p, "begin", req->from_ns);
        param_ms(p, "end", req->to_ns);
        param(p, "after", req->cursor); /* older than this bill */
        param(p, "limit", "100");
        return BOT_OK;
    case VENUE_CALL_OPEN_ORDERS:
        add(p, "/api/v5/trade/orders-pending");
        param(p, "instId", instrument);
        param(p, "after", req->cursor);
        param(p, "limit", "100");
        return BOT_OK;
    case VENUE_CALL_ORDER:
        if (instrument == NULL || (req->order_id.len == 0 && req->client_id.len == 0) || !client_id_fits(&req->client_id) ||
            !is_alnum(req->order_id.s, req->order_id.len))
            return BOT_ERR_INVALID;
        add(p, "/api/v5/trade/order");
        param(p, "instId", instrument);
        param(p, req->order_id.len > 0 ? "ordId" : "clOrdId", req->order_id.len > 0 ? req->order_id.s : req->client_id.s);
        return BOT_OK;
    case VENUE_CALL_BALANCE:
        add(p, "/api/v5/account/balance");
        return BOT_OK;
    case VENUE_CALL_MODE:
    case VENUE_CALL_KEY:
        ret->weight = 2; /* 5 in 2 s */
        add(p, "/api/v5/account/config");
        return BOT_OK;
    case VENUE_CALL_ACCOUNT_LOG:
        ret->weight = 2;
        add(p, "/api/v5/account/bills");
        param(p, "type", "8"); /* funding */
        param_ms(p, "begin", req->from_ns);
        param_ms(p, "end", req->to_ns);
        param(p, "after", req->cursor);
        param(p, "limit", "100");
        return BOT_OK;
    case VENUE_CALL_BOOK:
        if (instrument == NULL)
            return BOT_ERR_INVALID;
        add(p, "/api/v5/market/books");
        param(p, "instId", instrument);
        param(p, "sz", "400");
        return BOT_OK;
    case VENUE_CALL_PUBLIC_TRADES:
        if (instrument == NULL)
            return BOT_ERR_INVALID;
        add(p, "/api/v5/market/trades");
        param(p, "instId", instrument);
        param(p, "limit", "500");
        return BOT_OK;
    case VENUE_CALL_STATUS:
        ret->weight = 10; /* once in 5 s */
        add(p, "/api/v5/system/status");
        param(p, "state", "ongoing");
        return BOT_OK;
    default:
        return BOT_ERR_UNSUPPORTED;
    }
}

static const struct {
    enum venue_call call;
    const char     *path;
} moves[] = {
    { VENUE_CALL_SUBMIT, "/api/v5/trade/order" },
    { VENUE_CALL_AMEND, "/api/v5/trade/amend-order" },
    { VENUE_CALL_CANCEL, "/api/v5/trade/cancel-order" },
    { VENUE_CALL_CANCEL_BATCH, "/api/v5/trade/cancel-batch-orders" },
    { VENUE_CALL_DEAD_MAN, "/api/v5/trade/cancel-all-after" },
};

static int move_body(const struct venue_request *req, struct path *p, struct venue_http *ret)
{
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        if (moves[i].call != req->call)
            continue;
        add(p, "%s", moves[i].path);
        ret->weight = 1;
        ret->method = "POST";
        struct json_out o;
        bot__jo_init(&o, ret->body, sizeof ret->body);
        if (req->call == VENUE_CALL_CANCEL_BATCH)
            bot__jo_array(&o, NULL);
        const int r = req->call == VENUE_CALL_DEAD_MAN ? put_dead_man(&o, req) : put_args(&o, req);
        if (req->call == VENUE_CALL_CANCEL_BATCH)
            bot__jo_array_end(&o);
        const int len = bot__jo_end(&o);
        if (r < 0)
            return r;
        if (len < 0)
            return len;
        ret->body_len = (size_t)len;
        return BOT_OK;
    }
    return BOT_ERR_UNSUPPORTED; /* CANCEL_ALL: there is none for swaps, see cancel_batch_max */
}

static int sign(const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret)
{
    if (keys == NULL || keys->key == NULL || keys->signer == NULL || keys->passphrase == NULL)
        return BOT_ERR_INVALID;
    char timestamp[BOT_ISO_MS_SIZE], signature[48];
    uint8_t mac[32];
    bot__iso_format_ms(wall_ns, timestamp);
    const struct bot__part parts[] = {
        { timestamp, sizeof timestamp - 1 },
        { ret->method, strlen(ret->method) },
        { ret->path, strlen(ret->path) },
        { ret->body, ret->body_len },
    };
    const int r = bot__sign(keys->signer, parts, sizeof parts / sizeof *parts, mac);
    if (r < 0)
        return r;
    bot__base64(mac, sizeof mac, signature);
    return bot__http_header(ret, "OK-ACCESS-KEY", keys->key) && bot__http_header(ret, "OK-ACCESS-SIGN", signature) &&
                   bot__http_header(ret, "OK-ACCESS-TIMESTAMP", timestamp) &&
                   bot__http_header(ret, "OK-ACCESS-PASSPHRASE", keys->passphrase)
               ? BOT_OK
               : BOT_ERR_FULL;
}

static void expiry(int64_t wall_ns, char *buf, size_t size)
{
    snprintf(buf, size, "%lld", (long long)((wall_ns + ORDER_TTL_NS) / BOT_NS_PER_MS));
}

int bot__okx_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret)
{
    ret->method = "GET";
    ret->scope = bot__okx_scope(req->call);
    ret->path[0] = ret->body[0] = '\0';
    ret->body_len = 0;
    ret->headers_n = 0;
    struct path p = { .buf = ret->path };
    int r = bot__call_moves(req->call) ? move_body(req, &p, ret) : read_path(&p, req, wall_ns, ret);
    if (r < 0)
        return r;
    if (p.overflow)
        return BOT_ERR_FULL;
    bool fits = true;
    if (ret->body_len > 0)
        fits = bot__http_header(ret, "Content-Type", "application/json");
    if (req->call == VENUE_CALL_SUBMIT || req->call == VENUE_CALL_AMEND) {
        char text[24];
        expiry(wall_ns, text, sizeof text);
        fits = bot__http_header(ret, "expTime", text) && fits;
    }
    if (keys != NULL && keys->test)
        fits = bot__http_header(ret, "x-simulated-trading", "1") && fits;
    if (!fits)
        return BOT_ERR_FULL;
    const bool open_to_all = req->call == VENUE_CALL_TIME || req->call == VENUE_CALL_INSTRUMENTS || req->call == VENUE_CALL_BOOK ||
                             req->call == VENUE_CALL_PUBLIC_TRADES || req->call == VENUE_CALL_STATUS;
    return open_to_all ? BOT_OK : sign(keys, wall_ns, ret);
}

/* ---- socket ------------------------------------------------------------------------------------------------- */

int bot__okx_ws_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size)
{
    if (stream == BOT_STREAM_PUBLIC)
        return 0;
    if (keys == NULL || keys->key == NULL || keys->signer == NULL || keys->passphrase == NULL)
        return BOT_ERR_INVALID;
    char timestamp[24], signature[48];
    uint8_t mac[32];
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)(wall_ns / BOT_NS_PER_S)); /* seconds here, ISO in REST */
    const struct bot__part parts[] = { { timestamp, strlen(timestamp) }, { "GET/users/self/verify", 21 } };
    const int r = bot__sign(keys->signer, parts, 2, mac);
    if (r < 0)
        return r;
    bot__base64(mac, sizeof mac, signature);
    struct json_out o;
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "op", "login");
    bot__jo_array(&o, "args");
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "apiKey", keys->key);
    bot__jo_str(&o, "passphrase", keys->passphrase);
    bot__jo_str(&o, "timestamp", timestamp);
    bot__jo_str(&o, "sign", signature);
    bot__jo_object_end(&o);
    bot__jo_array_end(&o);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}

/* One channel a message: each is acknowledged by itself, so that messages and acknowledgements pair. */
static int channel_op(const char *op, const char *channel, const char *type, const bot_symbol *instrument, char *buf, size_t size)
{
    struct json_out o;
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "op", op);
    bot__jo_array(&o, "args");
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "channel", channel);
    if (type != NULL)
        bot__jo_str(&o, "instType", type);
    if (instrument != NULL)
        bot__jo_strn(&o, "instId", instrument->s, instrument->len);
    bot__jo_object_end(&o);
    bot__jo_array_end(&o);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}

static int subscribe(const char *channel, const char *type, const bot_symbol *instrument, char *buf, size_t size)
{
    return channel_op("subscribe", channel, type, instrument, buf, size);
}

int bot__okx_ws_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf,
                          size_t size)
{
    if (stream == BOT_STREAM_PRIVATE) {
        switch (index) {
        case 0: return subscribe("orders", "ANY", NULL, buf, size);
        case 1: return subscribe("positions", "ANY", NULL, buf, size);
        case 2: return subscribe("balance_and_position", NULL, NULL, buf, size);
        default: return 0;
        }
    }
    if (stream != BOT_STREAM_PUBLIC || index / 2 >= instruments_n)
        return 0;
    return subscribe(index % 2 == 0 ? "trades" : "books", NULL, &instruments[index / 2], buf, size);
}

int bot__okx_ws_resubscribe_book(const bot_symbol *instrument, uint32_t index, char *buf, size_t size)
{
    return index > 1 ? 0 : channel_op(index == 0 ? "unsubscribe" : "subscribe", "books", NULL, instrument, buf, size);
}

int bot__okx_ws_ping(bot_stream stream, char *buf, size_t size)
{
    (void)stream;
    if (size < 5)
        return BOT_ERR_FULL;
    memcpy(buf, "ping", 5);
    return 4;
}
