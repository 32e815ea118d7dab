/* Every venue's requests over all that an order may say: what goes out says what was asked, in the venue's words, or nothing goes out. */
#include <stdlib.h>
#include <string.h>

#include "venue_kit.h"

#define REQUIRE(condition, ...)                         \
    do {                                                \
        if (!(condition)) ck_abort_msg(__VA_ARGS__);    \
    } while (0)

#define WALL INT64_C(1700000000000000000)

static struct bot__signer *signer;
static struct venue_keys keys;
static struct venue_http http;
static char frame[4096];

static void venue(const char *name)
{
    v = bot__venue_find(name);
    ck_assert_ptr_nonnull(v);
    signer = bot__signer_new("secret", 6);
    keys = (struct venue_keys){ .key = "key", .passphrase = "pass", .signer = signer };
}

/* The value of a key in a JSON object or a form, without quotes; "" where it is not there. No key is given twice. */
static const char *said(const char *text, const char *key)
{
    static char values[16][128];
    static unsigned next;
    char *to = values[next++ % 16], quoted[64];
    const bool json = strchr(text, '{') != NULL;
    snprintf(quoted, sizeof quoted, json ? "\"%s\":" : "%s=", key);
    const char *at = text;
    to[0] = '\0';
    while ((at = strstr(at, quoted)) != NULL && !json && at != text && at[-1] != '&') at++;
    if (at == NULL)
        return to;
    at += strlen(quoted);
    REQUIRE(strstr(at, quoted) == NULL || !json, "%s twice: %s", key, text);
    at += *at == '"';
    const size_t n = strcspn(at, json ? "\",}" : "&");
    REQUIRE(n < sizeof values[0], "%s", text);
    memcpy(to, at, n);
    to[n] = '\0';
    return to;
}

struct words {
    const char *venue, *symbol, *path;
    const char *instrument, *side, *type, *tif, *qty, *price, *client, *leg, *reduce; /* keys; NULL: there is none */
    const char *sides[2], *types[2], *legs[2];
    const char *tifs[5];        /* of a limit order, by bot_tif; NULL: the venue has none. Where type and tif are one word, that word */
    bool        market_fok;
};
static const struct words venues[] = {
    { "bybit", "BTCUSDT", "/v5/order/create", "symbol", "side", "orderType", "timeInForce", "qty", "price", "orderLinkId", "positionIdx", "reduceOnly",
      { "Buy", "Sell" }, { "Limit", "Market" }, { "1", "2" }, { "", "GTC", "IOC", "FOK", "PostOnly" }, .market_fok = false },
    { "binance-usdm", "BTCUSDT", "/fapi/v1/order", "symbol", "side", "type", "timeInForce", "quantity", "price", "newClientOrderId", "positionSide", "reduceOnly",
      { "BUY", "SELL" }, { "LIMIT", "MARKET" }, { "LONG", "SHORT" }, { "GTC", "GTC", "IOC", "FOK", "GTX" }, .market_fok = false },
    { "okx", "BTC-USDT-SWAP", "/api/v5/trade/order", "instId", "side", "ordType", NULL, "sz", "px", "clOrdId", "posSide", "reduceOnly",
      { "buy", "sell" }, { NULL, "market" }, { "long", "short" }, { "limit", "limit", "ioc", "fok", "post_only" }, .market_fok = false },
    { "bitflyer", "FX_BTC_JPY", "/v1/me/sendchildorder", "product_code", "side", "child_order_type", "time_in_force", "size", "price", NULL, NULL, NULL,
      { "BUY", "SELL" }, { "LIMIT", "MARKET" }, { NULL, NULL }, { "GTC", "GTC", "IOC", "FOK", NULL }, .market_fok = true },
};

/* Whether such an order can be said at the venue at all. */
static bool can_be_said(const struct words *w, const bot_order_request *o)
{
    const bool leg = o->leg == BOT_LEG_LONG || o->leg == BOT_LEG_SHORT;
    if ((o->side != BOT_BUY && o->side != BOT_SELL) || (o->type != BOT_LIMIT && o->type != BOT_MARKET) || (uint32_t)o->tif > BOT_POST_ONLY || (uint32_t)o->leg > BOT_LEG_SHORT)
        return false;
    if (o->qty.v <= 0 || (o->type == BOT_LIMIT && o->price.v <= 0))
        return false;
    if (o->type == BOT_MARKET && (o->tif == BOT_POST_ONLY || (o->tif == BOT_FOK && !w->market_fok)))
        return false;
    if (w->tifs[o->tif] == NULL || (leg && w->legs[0] == NULL))
        return false;
    return !(leg && o->reduce_only && (o->leg == BOT_LEG_LONG) == (o->side == BOT_BUY)); /* opening cannot reduce */
}

static void says_the_same(const struct words *w, const bot_order_request *o, const bot_id *client, const char *text, const char *how)
{
#define SAYS(key, value) REQUIRE(strcmp(said(text, (key)), (value)) == 0, "%s %s: %s is not %s: %s", w->venue, how, (key), (value), text)
    char number[BOT_DEC_TEXT_MAX];
    const bool leg = o->leg == BOT_LEG_LONG || o->leg == BOT_LEG_SHORT, market = o->type == BOT_MARKET;
    SAYS(w->instrument, w->symbol);
    SAYS(w->side, w->sides[o->side == BOT_SELL]);
    if (w->tif == NULL) {
        SAYS(w->type, market ? w->types[1] : w->tifs[o->tif]);
    } else {
        SAYS(w->type, w->types[market]);
        SAYS(w->tif, market && !w->market_fok ? "" : w->tifs[o->tif]); /* a market order is immediate by itself */
    }
    bot_fixed_format(o->qty.v, number);
    SAYS(w->qty, number);
    bot_fixed_format(o->price.v, number);
    SAYS(w->price, market ? "" : number);
    if (w->client != NULL) SAYS(w->client, client->s);
    if (w->leg != NULL) SAYS(w->leg, leg ? w->legs[o->leg == BOT_LEG_SHORT] : "");
    /* In hedge mode Binance and OKX refuse or ignore the flag: the leg says it. */
    if (w->reduce != NULL) SAYS(w->reduce, o->reduce_only && (!leg || strcmp(w->venue, "bybit") == 0) ? "true" : "");
#undef SAYS
}

/* The request over REST and the draw over the socket. */
static bool draws_the_same(const struct venue_request *req)
{
    uint32_t scope = UINT32_MAX, weight = 0;
    v->ws_draw(req->call, &scope, &weight);
    return scope == http.scope && weight == http.weight;
}

TEST(requests, say_what_was_asked_in_the_venues_words_or_are_not_made)
{
    static const int sides[] = { BOT_BUY, BOT_SELL, 0, 77 }, types[] = { BOT_LIMIT, BOT_MARKET, 0, 77 }, tifs[] = { BOT_TIF_NONE, BOT_GTC, BOT_IOC, BOT_FOK, BOT_POST_ONLY, 77 },
                     legs[] = { BOT_LEG_NONE, BOT_LEG_NET, BOT_LEG_LONG, BOT_LEG_SHORT, 77 };
    static const char *const quantities[] = { "1", "0.000000000000000001", "123456789012345678", "0", "-1" }, *const prices[] = { "0.00000001", "99999.5", "0", "-1" };
    const bot_id client = id_of("b0123abcXYZ");
    for (size_t n = 0; n < sizeof venues / sizeof *venues; n++) {
        const struct words *w = &venues[n];
        int made = 0;
        venue(w->venue);
        for (size_t s = 0; s < 4; s++) for (size_t t = 0; t < 4; t++) for (size_t f = 0; f < 6; f++) for (size_t l = 0; l < 5; l++) for (size_t q = 0; q < 5; q++) for (size_t p = 0; p < 4; p++)
            for (int reduce = 0; reduce < 2; reduce++) {
                struct venue_request req = { .call = VENUE_CALL_SUBMIT, .instrument = symbol_of(w->symbol), .request_id = id_of("17") };
                if (w->client != NULL) req.client_id = client;
                req.order = (bot_order_request){ .instrument = req.instrument, .side = (bot_side)sides[s], .type = (bot_order_type)types[t], .tif = (bot_tif)tifs[f], .leg = (bot_leg)legs[l],
                                                 .reduce_only = reduce, .qty = { fixed_of(quantities[q]) }, .price = { types[t] == BOT_MARKET ? 0 : fixed_of(prices[p]) } };
                const bool can = can_be_said(w, &req.order);
                const int r = v->encode_rest(&req, &keys, WALL, &http);
                REQUIRE((r == BOT_OK) == can, "%s: side %d type %d tif %d leg %d %s at %s reduce %d: %d %s", w->venue, sides[s], types[t], tifs[f], legs[l], quantities[q], prices[p], reduce, r, r == BOT_OK ? http.body : "");
                const int len = v->encode_ws != NULL ? v->encode_ws(&req, &keys, WALL, frame, sizeof frame) : 0;
                REQUIRE((len > 0) == (can && v->encode_ws != NULL), "%s over the socket: %d", w->venue, len);
                if (!can)
                    continue;
                made++;
                REQUIRE(strcmp(http.path, w->path) == 0 && strcmp(http.method, "POST") == 0, "%s: %s %s", w->venue, http.method, http.path);
                says_the_same(w, &req.order, &req.client_id, http.body, "over REST");
                if (len > 0) says_the_same(w, &req.order, &req.client_id, frame, "over the socket");
                REQUIRE(len == 0 || draws_the_same(&req), "%s: the two ways draw differently", w->venue);
            }
        ck_assert_int_gt(made, 100);
        bot__signer_free(signer);
    }
}

/* Changes and cancels name one order, and change what was asked. */
TEST(requests, to_change_or_cancel_name_their_order)
{
    static const struct { const char *venue, *symbol, *order, *by_order, *by_client, *qty, *price; bool both; } names[] = {
        { "bybit", "BTCUSDT", "9aac161b-8ed6-450d-9cab-c5cc67c21784", "orderId", "orderLinkId", "qty", "price", false },
        { "binance-usdm", "BTCUSDT", "9007199254740993", "orderId", "origClientOrderId", "quantity", "price", true },
        { "okx", "BTC-USDT-SWAP", "312269865356374016", "ordId", "clOrdId", "newSz", "newPx", false },
        { "bitflyer", "FX_BTC_JPY", "JRF20150707-050237-639234", "child_order_acceptance_id", NULL, NULL, NULL, false },
    };
    static const char *const numbers[] = { "0", "-1", "2.5" };
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        venue(names[n].venue);
        for (int cancel = 0; cancel < 2; cancel++) for (int named = 0; named < 2; named++) for (int ids = 0; ids < 4; ids++) for (size_t q = 0; q < 3; q++) for (size_t p = 0; p < 3; p++) {
            struct venue_request req = { .call = cancel ? VENUE_CALL_CANCEL : VENUE_CALL_AMEND, .request_id = id_of("17") };
            if (named) req.instrument = req.order.instrument = symbol_of(names[n].symbol);
            if (ids & 1) req.order_id = id_of(names[n].order);
            if (ids & 2) req.client_id = id_of("b0123abc");
            req.order.side = BOT_BUY;
            req.order.qty.v = fixed_of(numbers[q]);
            req.order.price.v = fixed_of(numbers[p]);
            const bool amends = q != 1 && p != 1 && (names[n].both ? q == 2 && p == 2 : q == 2 || p == 2);
            const bool can = named && ((ids & 1) != 0 || ((ids & 2) != 0 && names[n].by_client != NULL)) && (cancel || (amends && names[n].qty != NULL));
            const int r = v->encode_rest(&req, &keys, WALL, &http);
            REQUIRE((r == BOT_OK) == can, "%s: cancel %d named %d ids %d %s at %s: %d %s", names[n].venue, cancel, named, ids, numbers[q], numbers[p], r, r == BOT_OK ? http.body : "");
            const int len = v->encode_ws != NULL ? v->encode_ws(&req, &keys, WALL, frame, sizeof frame) : 0;
            REQUIRE((len > 0) == (can && v->encode_ws != NULL), "%s over the socket: %d", names[n].venue, len);
            if (!can)
                continue;
            REQUIRE(len == 0 || draws_the_same(&req), "%s: the two ways draw differently", names[n].venue);
            const char *query = strchr(http.path, '?');
            const char *const texts[] = { http.body_len > 0 ? http.body : query + 1, len > 0 ? frame : NULL };
            for (size_t k = 0; k < 2 && texts[k] != NULL; k++) {
                REQUIRE(strcmp(said(texts[k], names[n].by_order), (ids & 1) != 0 ? names[n].order : "") == 0, "%s", texts[k]); /* the venue's own id wins */
                if (names[n].by_client != NULL) REQUIRE(strcmp(said(texts[k], names[n].by_client), (ids & 1) != 0 ? "" : "b0123abc") == 0, "%s", texts[k]);
                if (cancel) continue;
                REQUIRE(strcmp(said(texts[k], names[n].qty), q == 2 ? "2.5" : "") == 0 && strcmp(said(texts[k], names[n].price), p == 2 ? "2.5" : "") == 0, "%s", texts[k]);
            }
        }
        bot__signer_free(signer);
    }
}

/* An id that the venue would refuse, or read as another, is not sent. */
TEST(requests, take_client_ids_by_the_venues_rules)
{
    for (size_t n = 0; n < sizeof venues / sizeof *venues; n++) {
        if (venues[n].client == NULL)
            continue;
        venue(venues[n].venue);
        for (int letter = 1; letter < 256; letter++)
            for (uint32_t len = 1; len <= v->client_id_max + 1; len += len < v->client_id_max - 1 ? v->client_id_max - 2 : 1) {
                struct venue_request req = { .call = VENUE_CALL_SUBMIT, .instrument = symbol_of(venues[n].symbol), .request_id = id_of("17") };
                req.order = (bot_order_request){ .instrument = req.instrument, .side = BOT_BUY, .type = BOT_LIMIT, .tif = BOT_GTC, .qty = { fixed_of("1") }, .price = { fixed_of("1") } };
                if (len > BOT_ID_MAX) continue;
                memset(req.client_id.s, 'a', len);
                req.client_id.s[len - 1] = (char)letter;
                req.client_id.len = (uint8_t)len;
                const bool fits = len <= v->client_id_max && strchr(v->client_id_alphabet, letter) != NULL;
                REQUIRE((v->encode_rest(&req, &keys, WALL, &http) == BOT_OK) == fits, "%s: character %d, length %u", v->name, letter, len);
                for (int call = 0; call < 2; call++) {
                    req.call = call ? VENUE_CALL_CANCEL : VENUE_CALL_ORDER;
                    REQUIRE((v->encode_rest(&req, &keys, WALL, &http) == BOT_OK) == fits, "%s: character %d, length %u, of call %d", v->name, letter, len, call);
                }
            }
        bot__signer_free(signer);
    }
}
