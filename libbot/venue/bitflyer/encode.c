/* bitFlyer Lightning: requests as bytes. */
#include <stdio.h>

#include "venue/bitflyer/bitflyer.h"

/* Product codes and ids go into paths and bodies as they are. */
static bool plain(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= 'a' && s[i] <= 'z') || s[i] == '_' ||
              s[i] == '-'))
            return false;
    return len > 0;
}

/* Account-wide reads are reads of the one product that has positions. */
static const char *product_of(const bot_symbol *s)
{
    if (s->len == 0)
        return BF_LEVERAGED;
    return plain(s->s, s->len) ? s->s : NULL;
}

static int put_order(struct json_out *o, const struct venue_request *req)
{
    const bot_order_request *order = &req->order;
    const char *tif = order->tif == BOT_TIF_NONE || order->tif == BOT_GTC ? "GTC"
                      : order->tif == BOT_IOC                             ? "IOC"
                      : order->tif == BOT_FOK                             ? "FOK"
                                                                          : NULL;
    if (tif == NULL)
        return BOT_ERR_UNSUPPORTED; /* post only: the venue has none, and a taker instead of a maker is no small difference */
    if (!bot__order_can_be_said(order) || !plain(order->instrument.s, order->instrument.len))
        return BOT_ERR_INVALID;
    if (order->leg == BOT_LEG_LONG || order->leg == BOT_LEG_SHORT)
        return BOT_ERR_UNSUPPORTED;
    /* reduce_only has no flag here. The gate has proved that the order reduces, which is all there is. */
    bot__jo_str(o, "product_code", order->instrument.s);
    bot__jo_str(o, "child_order_type", order->type == BOT_LIMIT ? "LIMIT" : "MARKET");
    bot__jo_str(o, "side", order->side == BOT_BUY ? "BUY" : "SELL");
    if (order->type == BOT_LIMIT)
        bot__jo_fixed_bare(o, "price", order->price.v);
    bot__jo_fixed_bare(o, "size", order->qty.v);
    bot__jo_str(o, "time_in_force", tif);
    return BOT_OK;
}

static int move(const struct venue_request *req, struct venue_http *ret)
{
    struct json_out o;
    int r = BOT_OK;
    ret->method = "POST";
    bot__jo_init(&o, ret->body, sizeof ret->body);
    bot__jo_object(&o, NULL);
    switch (req->call) {
    case VENUE_CALL_SUBMIT:
        snprintf(ret->path, sizeof ret->path, "/v1/me/sendchildorder");
        r = put_order(&o, req);
        break;
    case VENUE_CALL_CANCEL: {
        const bot_id *id = &req->order_id;
        const char *product = product_of(&req->instrument);
        /* Of another product it would be no order, and the answer is the same: empty, with 200. */
        if (product == NULL || req->instrument.len == 0 || !plain(id->s, id->len))
            return BOT_ERR_INVALID;
        snprintf(ret->path, sizeof ret->path, "/v1/me/cancelchildorder");
        bot__jo_str(&o, "product_code", product);
        bot__jo_str(&o, strncmp(id->s, "JRF", 3) == 0 ? "child_order_acceptance_id" : "child_order_id", id->s);
        break;
    }
    case VENUE_CALL_CANCEL_ALL: {
        const char *product = product_of(&req->instrument);
        if (product == NULL)
            return BOT_ERR_INVALID;
        snprintf(ret->path, sizeof ret->path, "/v1/me/cancelallchildorders");
        bot__jo_str(&o, "product_code", product);
        break;
    }
    default:
        return BOT_ERR_UNSUPPORTED;
    }
    bot__jo_object_end(&o);
    const int len = bot__jo_end(&o);
    if (r < 0)
        return r;
    if (len < 0)
        return len;
    ret->body_len = (size_t)len;
    return BOT_OK;
}

static int read(const struct venue_request *req, struct venue_http *ret)
{
    const char *product = product_of(&req->instrument);
    const char *cursor = req->cursor != NULL ? req->cursor : "";
    char *p = ret->path;
    const size_t n = sizeof ret->path;
    ret->method = "GET";
    if (product == NULL || (cursor[0] != '\0' && !plain(cursor, strlen(cursor))))
        return BOT_ERR_INVALID;
    switch (req->call) {
    case VENUE_CALL_TIME: /* the Date header of the smallest answer there is */
        snprintf(p, n, "/v1/gethealth?product_code=%s", product);
        return BOT_OK;
    case VENUE_CALL_INSTRUMENTS:
        snprintf(p, n, "/v1/getmarkets");
        return BOT_OK;
    case VENUE_CALL_STATUS:
        snprintf(p, n, "/v1/getboardstate?product_code=%s", product);
        return BOT_OK;
    case VENUE_CALL_BOOK:
        snprintf(p, n, "/v1/getboard?product_code=%s", product);
        return BOT_OK;
    case VENUE_CALL_PUBLIC_TRADES:
        snprintf(p, n, "/v1/getexecutions?product_code=%s&count=%d", product, BF_PAGE_ROWS);
        return BOT_OK;
    case VENUE_CALL_POSITIONS:
        snprintf(p, n, "/v1/me/getpositions?product_code=%s", product);
        return BOT_OK;
    case VENUE_CALL_FILLS: /* newest first; before: older than that id */
        snprintf(p, n, "/v1/me/getexecutions?product_code=%s&count=%d%s%s", product, BF_PAGE_ROWS,
                 cursor[0] != '\0' ? "&before=" : "", cursor);
        return BOT_OK;
    case VENUE_CALL_OPEN_ORDERS: /* active orders have id 0: there is no paging through them */
        snprintf(p, n, "/v1/me/getchildorders?product_code=%s&child_order_state=ACTIVE", product);
        return BOT_OK;
    case VENUE_CALL_ORDER:
        if (!plain(req->order_id.s, req->order_id.len))
            return BOT_ERR_INVALID;
        snprintf(p, n, "/v1/me/getchildorders?product_code=%s&%s=%s", product,
                 strncmp(req->order_id.s, "JRF", 3) == 0 ? "child_order_acceptance_id" : "child_order_id", req->order_id.s);
        return BOT_OK;
    case VENUE_CALL_BALANCE:
        snprintf(p, n, "/v1/me/getcollateral");
        return BOT_OK;
    case VENUE_CALL_KEY:
        snprintf(p, n, "/v1/me/getpermissions");
        return BOT_OK;
    default:
        return BOT_ERR_UNSUPPORTED;
    }
}

static int sign(const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret)
{
    if (keys == NULL || keys->key == NULL || keys->signer == NULL)
        return BOT_ERR_INVALID;
    char timestamp[24], signature[65];
    uint8_t mac[32];
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)(wall_ns / BOT_NS_PER_MS));
    const struct bot__part parts[] = {
        { timestamp, strlen(timestamp) },
        { ret->method, strlen(ret->method) },
        { ret->path, strlen(ret->path) },
        { ret->body, ret->body_len },
    };
    const int r = bot__sign(keys->signer, parts, sizeof parts / sizeof *parts, mac);
    if (r < 0)
        return r;
    bot__hex(mac, sizeof mac, signature);
    return bot__http_header(ret, "ACCESS-KEY", keys->key) && bot__http_header(ret, "ACCESS-TIMESTAMP", timestamp) &&
                   bot__http_header(ret, "ACCESS-SIGN", signature)
               ? BOT_OK
               : BOT_ERR_FULL;
}

uint32_t bot__bf_scope(enum venue_call call)
{
    switch (call) {
    case VENUE_CALL_SUBMIT:
    case VENUE_CALL_CANCEL:
    case VENUE_CALL_CANCEL_ALL: return BF_SCOPE_ORDERS;
    case VENUE_CALL_TIME:
    case VENUE_CALL_INSTRUMENTS:
    case VENUE_CALL_STATUS:
    case VENUE_CALL_BOOK:
    case VENUE_CALL_PUBLIC_TRADES: return BF_SCOPE_IP;
    default: return BF_SCOPE_ACCOUNT;
    }
}

int bot__bf_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret)
{
    ret->path[0] = ret->body[0] = '\0';
    ret->body_len = 0;
    ret->headers_n = 0;
    ret->weight = 1;
    ret->scope = bot__bf_scope(req->call);
    const int r = bot__call_moves(req->call) ? move(req, ret) : read(req, ret);
    if (r < 0)
        return r;
    if (ret->body_len > 0 && !bot__http_header(ret, "Content-Type", "application/json"))
        return BOT_ERR_FULL;
    return ret->scope == BF_SCOPE_IP ? BOT_OK : sign(keys, wall_ns, ret);
}

/* ---- socket ------------------------------------------------------------------------------------------------- */

int bot__bf_ws_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size)
{
    if (stream != BOT_STREAM_PRIVATE)
        return 0;
    if (keys == NULL || keys->key == NULL || keys->signer == NULL)
        return BOT_ERR_INVALID;
    char timestamp[24], nonce[40], signature[65];
    uint8_t mac[32];
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)(wall_ns / BOT_NS_PER_MS));
    /* Sixteen characters at least; that it differs each time is all that it must do. */
    snprintf(nonce, sizeof nonce, "libbot%020lld", (long long)wall_ns);
    const struct bot__part parts[] = { { timestamp, strlen(timestamp) }, { nonce, strlen(nonce) } };
    const int r = bot__sign(keys->signer, parts, 2, mac);
    if (r < 0)
        return r;
    bot__hex(mac, sizeof mac, signature);
    struct json_out o;
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "jsonrpc", "2.0");
    bot__jo_str(&o, "method", "auth");
    bot__jo_object(&o, "params");
    bot__jo_str(&o, "api_key", keys->key);
    bot__jo_i64(&o, "timestamp", wall_ns / BOT_NS_PER_MS);
    bot__jo_str(&o, "nonce", nonce);
    bot__jo_str(&o, "signature", signature);
    bot__jo_object_end(&o);
    bot__jo_i64(&o, "id", BF_ID_AUTH);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}

int bot__bf_ws_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf,
                         size_t size)
{
    /* The ticker is for its word on the board's state. */
    static const char *const channels[] = { "lightning_executions_", "lightning_board_snapshot_", "lightning_board_",
                                            "lightning_ticker_" };
    const uint32_t n = sizeof channels / sizeof *channels;
    char channel[64] = "child_order_events";
    if (stream == BOT_STREAM_PRIVATE) {
        if (index > 0)
            return 0;
    } else if (stream == BOT_STREAM_PUBLIC && index / n < instruments_n) {
        if (!plain(instruments[index / n].s, instruments[index / n].len))
            return BOT_ERR_INVALID;
        snprintf(channel, sizeof channel, "%s%s", channels[index % n], instruments[index / n].s);
    } else {
        return 0;
    }
    struct json_out o;
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "jsonrpc", "2.0");
    bot__jo_str(&o, "method", "subscribe");
    bot__jo_object(&o, "params");
    bot__jo_str(&o, "channel", channel);
    bot__jo_object_end(&o);
    bot__jo_i64(&o, "id", (int64_t)BF_ID_SUBSCRIBE + index); /* without one there is no answer at all */
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}
