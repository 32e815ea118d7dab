/* Hyperliquid: requests as bytes. Nothing is signed; whose account it is stands in the body. */
#include <stdio.h>

#include "venue/hyperliquid/hyperliquid.h"

/* ---- requests ----------------------------------------------------------------------------------------------- */

static bool is_address(const char *s)
{
    if (s == NULL || strlen(s) != 42 || s[0] != '0' || s[1] != 'x')
        return false;
    for (const char *p = s + 2; *p != '\0'; p++)
        if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f') || (*p >= 'A' && *p <= 'F')))
            return false;
    return true;
}

int bot__hl_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret)
{
    (void)wall_ns;
    const char *type = NULL;
    bool of_user = true;
    int64_t from_ms = 0;
    ret->method = "POST";
    ret->scope = 0;
    ret->weight = 20;
    ret->headers_n = 0;
    ret->body_len = 0;
    ret->body[0] = '\0';
    snprintf(ret->path, sizeof ret->path, "/info");
    switch (req->call) {
    case VENUE_CALL_TIME: /* no such call: every account's state is stamped */
    case VENUE_CALL_POSITIONS:
        type = "clearinghouseState";
        ret->weight = 2;
        break;
    case VENUE_CALL_FILLS:
        type = "userFillsByTime";
        if (req->cursor != NULL && req->cursor[0] != '\0') {
            if (!bot__text_i64((struct slice){ req->cursor, strlen(req->cursor) }, &from_ms) || from_ms < 0)
                return BOT_ERR_INVALID;
        } else {
            from_ms = req->from_ns / BOT_NS_PER_MS;
        }
        break;
    case VENUE_CALL_ACCOUNT_LOG:
        type = "userFunding";
        from_ms = req->from_ns / BOT_NS_PER_MS;
        break;
    case VENUE_CALL_OPEN_ORDERS: type = "frontendOpenOrders"; break;
    case VENUE_CALL_INSTRUMENTS:
        type = "meta";
        of_user = false;
        break;
    case VENUE_CALL_BOOK:
        type = "l2Book";
        ret->weight = 2;
        of_user = false;
        if (req->instrument.len == 0)
            return BOT_ERR_INVALID;
        break;
    default:
        return BOT_ERR_UNSUPPORTED; /* read-only */
    }
    if (of_user && (keys == NULL || !is_address(keys->key)))
        return BOT_ERR_INVALID;
    struct json_out o;
    bot__jo_init(&o, ret->body, sizeof ret->body);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "type", type);
    if (of_user)
        bot__jo_str(&o, "user", keys->key);
    if (req->call == VENUE_CALL_BOOK)
        bot__jo_strn(&o, "coin", req->instrument.s, req->instrument.len);
    if (req->call == VENUE_CALL_FILLS || req->call == VENUE_CALL_ACCOUNT_LOG) {
        bot__jo_i64(&o, "startTime", from_ms);
        if (req->to_ns > 0)
            bot__jo_i64(&o, "endTime", req->to_ns / BOT_NS_PER_MS);
    }
    bot__jo_object_end(&o);
    const int len = bot__jo_end(&o);
    if (len < 0)
        return len;
    ret->body_len = (size_t)len;
    return bot__http_header(ret, "Content-Type", "application/json") ? BOT_OK : BOT_ERR_FULL;
}

static int subscription(const char *type, const char *member, const char *value, size_t value_len, char *buf, size_t size)
{
    struct json_out o;
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "method", "subscribe");
    bot__jo_object(&o, "subscription");
    bot__jo_str(&o, "type", type);
    bot__jo_strn(&o, member, value, value_len);
    bot__jo_object_end(&o);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}

int bot__hl_ws_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size)
{
    (void)wall_ns;
    if (stream != BOT_STREAM_PRIVATE)
        return 0;
    if (keys == NULL || !is_address(keys->key))
        return BOT_ERR_INVALID;
    return subscription("userFills", "user", keys->key, 42, buf, size);
}

int bot__hl_ws_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf,
                         size_t size)
{
    if (stream != BOT_STREAM_PUBLIC || index / 2 >= instruments_n)
        return 0;
    const bot_symbol *coin = &instruments[index / 2];
    return subscription(index % 2 == 0 ? "trades" : "l2Book", "coin", coin->s, coin->len, buf, size);
}

int bot__hl_ws_ping(bot_stream stream, char *buf, size_t size)
{
    static const char ping[] = "{\"method\":\"ping\"}";
    (void)stream;
    if (size < sizeof ping)
        return BOT_ERR_FULL;
    memcpy(buf, ping, sizeof ping);
    return (int)sizeof ping - 1;
}
