/* What the venues' documentation says and no recording shows: a fact each, and what would be lost if it were read otherwise. */
#include <stdlib.h>
#include <string.h>

#include "venue_kit.h"

#define MS BOT_NS_PER_MS

/* The template with value where its '#' is. */
static size_t put(char *buf, size_t size, const char *template, const char *value)
{
    const char *at = strchr(template, '#');
    const int n = snprintf(buf, size, "%.*s%s%s", (int)(at - template), template, value, at + 1);
    ck_assert(n > 0 && (size_t)n < size);
    return (size_t)n;
}

/* ---- what an answer says about an order ----------------------------------------------------------------------- */

static void error_body(char *buf, size_t size, long long code)
{
    if (strcmp(v->name, "bybit") == 0) snprintf(buf, size, "{\"retCode\":%lld,\"retMsg\":\"words\",\"result\":{},\"time\":1}", code);
    else if (strcmp(v->name, "okx") == 0) snprintf(buf, size, "{\"code\":\"1\",\"msg\":\"\",\"data\":[{\"ordId\":\"\",\"clOrdId\":\"c\",\"sCode\":\"%lld\",\"sMsg\":\"words\"}]}", code);
    else if (strcmp(v->name, "bitflyer") == 0) snprintf(buf, size, "{\"status\":%lld,\"error_message\":\"words\",\"data\":null}", code);
    else snprintf(buf, size, "{\"code\":%lld,\"msg\":\"words\"}", code);
}

/* An order that is taken for refused while it lives has given its room away: the worst that a codec can do. */
TEST(facts, a_code_is_a_no_only_where_the_venue_says_so)
{
    static const struct { const char *venue; long long code; bot_outcome submit; } codes[] = {
        { "bybit", 110072, BOT_OUTCOME_UNKNOWN },  /* OrderLinkedID is duplicate: an order of that id exists */
        { "bybit", 110030, BOT_OUTCOME_UNKNOWN },  /* Duplicate orderId */
        { "bybit", 10014, BOT_OUTCOME_UNKNOWN },   /* Invalid duplicate request */
        { "bybit", 20006, BOT_OUTCOME_UNKNOWN },   /* reqId is duplicated */
        { "bybit", 110079, BOT_OUTCOME_UNKNOWN },  /* being processed */
        { "bybit", 10000, BOT_OUTCOME_UNKNOWN },   { "bybit", 10016, BOT_OUTCOME_UNKNOWN },  { "bybit", 5004, BOT_OUTCOME_UNKNOWN },
        { "bybit", 170007, BOT_OUTCOME_UNKNOWN },  { "bybit", 123456, BOT_OUTCOME_UNKNOWN }, { "bybit", -1, BOT_OUTCOME_UNKNOWN },
        { "bybit", 10001, BOT_OUTCOME_REJECTED },  { "bybit", 110007, BOT_OUTCOME_REJECTED }, { "bybit", 110017, BOT_OUTCOME_REJECTED },
        { "bybit", 110094, BOT_OUTCOME_REJECTED }, { "bybit", 110020, BOT_OUTCOME_REJECTED }, { "bybit", 10018, BOT_OUTCOME_LIMITED },
        { "binance-usdm", -4116, BOT_OUTCOME_UNKNOWN }, /* clientOrderId is duplicated */
        { "binance-usdm", -1000, BOT_OUTCOME_UNKNOWN }, { "binance-usdm", -1006, BOT_OUTCOME_UNKNOWN }, { "binance-usdm", -1007, BOT_OUTCOME_UNKNOWN },
        { "binance-usdm", -1010, BOT_OUTCOME_UNKNOWN }, { "binance-usdm", -9999, BOT_OUTCOME_UNKNOWN }, { "binance-usdm", 7, BOT_OUTCOME_UNKNOWN },
        { "binance-usdm", -2010, BOT_OUTCOME_REJECTED }, { "binance-usdm", -2019, BOT_OUTCOME_REJECTED }, { "binance-usdm", -4131, BOT_OUTCOME_REJECTED },
        { "binance-usdm", -4164, BOT_OUTCOME_REJECTED }, { "binance-usdm", -5022, BOT_OUTCOME_REJECTED }, { "binance-usdm", -1111, BOT_OUTCOME_REJECTED },
        { "binance-usdm", -5028, BOT_OUTCOME_CLOCK },    { "binance-usdm", -1008, BOT_OUTCOME_LIMITED },
        { "okx", 51016, BOT_OUTCOME_UNKNOWN }, /* Duplicated client order ID */
        { "okx", 51011, BOT_OUTCOME_UNKNOWN }, { "okx", 51054, BOT_OUTCOME_UNKNOWN }, { "okx", 51149, BOT_OUTCOME_UNKNOWN },
        { "okx", 50001, BOT_OUTCOME_UNKNOWN }, /* Service temporarily unavailable: HTTP 503 */
        { "okx", 50004, BOT_OUTCOME_UNKNOWN }, { "okx", 50013, BOT_OUTCOME_UNKNOWN }, { "okx", 50026, BOT_OUTCOME_UNKNOWN },
        { "okx", 59999, BOT_OUTCOME_UNKNOWN }, { "okx", 1, BOT_OUTCOME_UNKNOWN },     { "okx", 51008, BOT_OUTCOME_REJECTED },
        { "okx", 51000, BOT_OUTCOME_REJECTED }, { "okx", 51121, BOT_OUTCOME_REJECTED }, { "okx", 51030, BOT_OUTCOME_REJECTED },
        { "okx", 50037, BOT_OUTCOME_REJECTED }, /* Order expired: later than its expTime */
        { "bitflyer", -205, BOT_OUTCOME_REJECTED }, { "bitflyer", -153, BOT_OUTCOME_REJECTED }, { "bitflyer", -999, BOT_OUTCOME_UNKNOWN },
        { "bitflyer", -3, BOT_OUTCOME_UNKNOWN },
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char body[256];
        start(codes[i].venue);
        error_body(body, sizeof body, codes[i].code);
        rest(VENUE_CALL_SUBMIT, strcmp(v->name, "binance-usdm") == 0 || strcmp(v->name, "bitflyer") == 0 ? 400 : 200, body);
        ck_assert_msg(reply.outcome == codes[i].submit, "%s %lld: outcome %d", v->name, codes[i].code, reply.outcome);
        for (int k = 0; k < c.n; k++)
            ck_assert_msg(codes[i].submit != BOT_OUTCOME_UNKNOWN || c.ev[k].kind != BOT_EV_ACK, "%s %lld: a refusal is told", v->name, codes[i].code);
        stop();
    }
}

/* The order socket tells the same: what is not surely a no is an error of unknown outcome, or the session reads it as one. */
TEST(facts, the_order_socket_leaves_open_what_the_venue_leaves_open)
{
    static const struct { const char *venue; int64_t code; } open[] = {
        { "bybit", 110072 }, { "bybit", 20006 }, { "bybit", 987654 }, { "binance-usdm", -4116 }, { "binance-usdm", -9999 },
    };
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        v = bot__venue_find(open[i].venue);
        ck_assert_msg(v->ws_refusal(open[i].code, SLICE(""), VENUE_CALL_SUBMIT) == BOT_OUTCOME_UNKNOWN, "%s %lld", v->name, (long long)open[i].code);
        ck_assert_msg(v->ws_refusal(open[i].code, SLICE(""), VENUE_CALL_AMEND) == BOT_OUTCOME_UNKNOWN, "%s %lld, amend", v->name, (long long)open[i].code);
    }
    start("okx");
    ck_assert_int_eq(1, decode_ws(v, ctx, "{\"id\":\"8\",\"op\":\"order\",\"data\":[],\"code\":\"1\",\"msg\":\"All operations failed\"}", &c));
    ck_assert_int_eq(BOT_EV_ERROR, c.ev[0].kind);
    ck_assert_int_eq(BOT_ERR_UNKNOWN_OUTCOME, c.ev[0].error.code);
    stop();
    start("bybit");
    ck_assert_int_eq(1, decode_ws(v, ctx, "{\"reqId\":\"8\",\"op\":\"order.create\",\"retCode\":110072,\"retMsg\":\"OrderLinkedID is duplicate\",\"data\":{}}", &c));
    ck_assert_int_eq(BOT_ERR_UNKNOWN_OUTCOME, c.ev[0].error.code);
    stop();
}

/* Status and body contradict each other. */
TEST(facts, an_http_error_around_a_success_leaves_an_order_open)
{
    start("bybit");
    for (int status = 400; status < 600; status += 4) {
        rest(VENUE_CALL_SUBMIT, status, "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"orderId\":\"1\",\"orderLinkId\":\"c\"},\"time\":1}");
        ck_assert_msg(reply.outcome == BOT_OUTCOME_UNKNOWN, "%d: %d", status, reply.outcome);
    }
    stop();
}

/* "Exceeded the IP Rate Limit" shuts the address, not one kind of call. */
TEST(facts, a_limit_of_the_address_is_drawn_on_the_addresss_scope)
{
    start("bybit");
    rest(VENUE_CALL_POSITIONS, 200, "{\"retCode\":10018,\"retMsg\":\"Exceeded the IP Rate Limit\",\"result\":{}}");
    ck_assert_int_eq(BOT_OUTCOME_LIMITED, reply.outcome);
    ck_assert(v->scopes[reply.scope].per_ip);
    rest(VENUE_CALL_POSITIONS, 200, "{\"retCode\":10006,\"retMsg\":\"Too many visits\",\"result\":{}}");
    ck_assert(!v->scopes[reply.scope].per_ip);
    stop();
}

/* ---- damaged messages ------------------------------------------------------------------------------------------- */

/* Where byte i of a JSON text stands: in a key, in a value, or between the two. */
enum place { BETWEEN, KEY, VALUE };
static void places_of(const char *text, size_t len, uint8_t *ret)
{
    memset(ret, BETWEEN, len);
    for (size_t i = 0; i < len;) {
        if (text[i] == '"') {
            size_t end = i + 1;
            while (end < len && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
            size_t next = end + 1;
            while (next < len && strchr(" \t\r\n", text[next]) != NULL) next++;
            memset(ret + i + 1, next < len && text[next] == ':' ? KEY : VALUE, end - i - 1);
            i = end + 1;
        } else if (strchr("{}[],: \t\r\n", text[i]) == NULL) {
            ret[i++] = VALUE;
        } else {
            i++;
        }
    }
}

static bool same_dec(bot_dec a, bot_dec b) { return a.coef == b.coef && a.scale == b.scale; }
static bool same_id(const bot_id *a, const bot_id *b) { return a->len == b->len && memcmp(a->s, b->s, a->len) == 0; }

/* In how many of the things that make a position and its cost two fills differ; what is left out of b is not counted, nor is that its
 * kind is unknown: that shuts the gate. */
static int differences(const bot_event *a, const bot_event *b)
{
    const bot_ev_fill *x = &a->fill, *y = &b->fill;
    int n = !bot__symbol_eq(&a->instrument, &b->instrument);
    n += x->side != y->side;
    n += !same_dec(x->qty, y->qty);
    n += !same_dec(x->price, y->price);
    n += !same_id(&x->exec_id, &y->exec_id) && !y->derived;
    n += x->kind != y->kind && y->kind != BOT_FILL_UNKNOWN;
    n += (b->has & BOT_HAS_FEE) != 0 && !same_dec(x->fee, y->fee);
    n += (b->has & BOT_HAS_FEE) != 0 && n == 0 && y->fee_currency.len > 0 && (x->fee_currency.len != y->fee_currency.len || memcmp(x->fee_currency.s, y->fee_currency.s, x->fee_currency.len) != 0);
    n += x->leg != y->leg && y->leg != BOT_LEG_NONE;
    return n;
}

static int fills_of(const struct collect *from, bot_event *to, int max)
{
    int n = 0;
    for (int i = 0; i < from->n && n < max; i++)
        if (from->ev[i].kind == BOT_EV_FILL)
            to[n++] = from->ev[i];
    return n;
}

static const struct { const char *venue; enum venue_call call; const char *file; } fill_files[] = {
    { "bybit", VENUE_CALL_NONE, "bybit/ws_execution__docs-websocket-private-execution-1.json" },
    { "bybit", VENUE_CALL_NONE, "bybit/ws_execution__nt-ws_account_execution.json" },
    { "bybit", VENUE_CALL_FILLS, "bybit/rest_fills__nt-http_get_executions.json" },
    { "binance-usdm", VENUE_CALL_NONE, "binance-usdm/ws_order_trade_update__pbw-normalized_store_execution-15.json" },
    { "binance-usdm", VENUE_CALL_NONE, "binance-usdm/ws_order_trade_update__nt-order_update_calculated.json" },
    { "binance-usdm", VENUE_CALL_NONE, "binance-usdm/ws_order_trade_update__ntpy-ws_futures_order_update_adl_filled.json" },
    { "binance-usdm", VENUE_CALL_FILLS, "binance-usdm/rest_fills__gobin-trade_service-3904.json" },
    { "okx", VENUE_CALL_NONE, "okx/ws_order__docs-82.json" },
    { "okx", VENUE_CALL_NONE, "okx/ws_order__gct-wsOrders-0.json" },
    { "okx", VENUE_CALL_FILLS, "okx/rest_fills__docs-35.json" },
    { "bitflyer", VENUE_CALL_NONE, "bitflyer/ws_child_order_events__pbw-normalized_store_execution-14.json" },
    { "bitflyer", VENUE_CALL_FILLS, "bitflyer/rest_fills__b4j-trade_execution.json" },
    { "hyperliquid", VENUE_CALL_NONE, "hyperliquid/ws_fills__ccxt-pro-hyperliquid-handleMyTrades-608.json" },
    { "hyperliquid", VENUE_CALL_FILLS, "hyperliquid/rest_fills__ccxt-hyperliquid-fetchMyTrades-3602.json" },
};

static char *read_recording(size_t i, size_t *ret_len)
{
    char path[200];
    snprintf(path, sizeof path, "data/wire/%s", fill_files[i].file);
    char *text = test_read_file(test_shared(path), ret_len);
    for (char *at = text; strcmp(fill_files[i].venue, "hyperliquid") == 0 && (at = strstr(at, "\"time\"")) != NULL;) /* as of today: older rows may lack their tid */
        memcpy(at += strcspn(at, "0123456789"), "1764840678849", 13);
    return text;
}

/* One byte other than it was sent. A value that is damaged may come out as another value, which nobody can tell; all else must be an
 * error or the same fill, and a damaged key may at most leave out what may be left out. */
TEST(facts, a_message_with_one_byte_damaged_gives_no_other_fill)
{
    static const char others[] = { 1, 2, 4, 8, 16, 32, 64 }; /* each bit; what is no character is refused by another test */
    static bot_event sent[64], got[64];
    for (size_t k = 0; k < sizeof fill_files / sizeof *fill_files; k++) {
        size_t len;
        const char *path = fill_files[k].file;
        char *text = read_recording(k, &len);
        uint8_t *places = malloc(len);
        places_of(text, len, places);
        start(fill_files[k].venue);
        if (fill_files[k].call == VENUE_CALL_NONE) ck_assert_msg(decode_ws(v, ctx, text, &c) > 0, "%s", path);
        else ck_assert_msg(rest(fill_files[k].call, 200, text) >= 0 && reply.outcome == BOT_OUTCOME_OK, "%s", path);
        const int n = fills_of(&c, sent, 64);
        ck_assert_msg(n > 0, "%s holds no fill", path);
        const size_t end = len < 3000 ? len : 3000;
        for (size_t i = 0; i < end; i++) {
            const char kept = text[i];
            for (size_t b = 0; b < sizeof others; b++) {
                text[i] = (char)(kept ^ others[b]);
                if (text[i] == '\0')
                    continue;
                context_free(ctx); /* what it remembers of the message before is not what is asked */
                ctx = context_new(v);
                const int r = fill_files[k].call == VENUE_CALL_NONE ? decode_ws(v, ctx, text, &c) : rest(fill_files[k].call, 200, text);
                const bool failed = r < 0 || (fill_files[k].call != VENUE_CALL_NONE && reply.outcome != BOT_OUTCOME_OK);
                const int m = fills_of(&c, got, 64);
                if (failed) {
                    ck_assert_msg(m == 0 || fill_files[k].call == VENUE_CALL_NONE, "%s: byte %zu", path, i);
                    continue;
                }
                int differ = 0;
                for (int f = 0; f < m && f < n; f++) differ += differences(&sent[f], &got[f]);
                ck_assert_msg(m <= n && differ <= (places[i] == VALUE), "%s: byte %zu: '%c' for '%c': %d fills of %d, %d differences", path, i, text[i], kept, m, n, differ);
                /* What the message is called is a value, too: one of another name is not about fills. */
                ck_assert_msg(m == n || places[i] == VALUE, "%s: byte %zu: '%c' for '%c': %d fills of %d", path, i, text[i], kept, m, n);
            }
            text[i] = kept;
        }
        stop();
        free(places);
        free(text);
    }
}

/* Cut anywhere: nothing of it is believed, and no list is taken for whole. */
TEST(facts, no_beginning_of_a_recording_gives_a_fill)
{
    for (size_t k = 0; k < sizeof fill_files / sizeof *fill_files; k++) {
        size_t len;
        char *text = read_recording(k, &len);
        while (len > 0 && strchr(" \r\n\t", text[len - 1]) != NULL)
            len--;
        start(fill_files[k].venue);
        for (size_t cut = 0; cut < len; cut += 1 + len / 4000) {
            char *exact = malloc(cut + 1); /* so that a sanitizer sees a read past the end */
            memcpy(exact, text, cut);
            collect_clear(&c);
            int r = -1;
            if (fill_files[k].call == VENUE_CALL_NONE) r = v->decode_ws(ctx, BOT_SOURCE_WS_PRIVATE, (struct slice){ exact, cut }, collect_sink, &c);
            else (void)v->decode_rest(ctx, fill_files[k].call, 200, NULL, 0, (struct slice){ exact, cut }, collect_sink, &c, &reply);
            ck_assert_msg(r < 0 && c.n == 0, "%s cut at %zu was read", fill_files[k].file, cut);
            ck_assert_msg(fill_files[k].call == VENUE_CALL_NONE || reply.outcome != BOT_OUTCOME_OK, "%s cut at %zu is an answer", fill_files[k].file, cut);
            free(exact);
        }
        stop();
        free(text);
    }
}

/* ---- fills and positions ------------------------------------------------------------------------------------------ */

static int ws(const char *text) { return decode_ws(v, ctx, text, &c); }

TEST(facts, a_fee_has_a_coin_or_is_none)
{
    static const struct { const char *venue; enum venue_call call; const char *text; } without[] = {
        { "binance-usdm", VENUE_CALL_NONE, "{\"e\":\"ORDER_TRADE_UPDATE\",\"E\":2,\"T\":1,\"o\":{\"s\":\"A\",\"c\":\"c\",\"S\":\"BUY\",\"o\":\"LIMIT\",\"f\":\"GTC\",\"q\":\"1\",\"p\":\"2\",\"x\":\"TRADE\","
          "\"X\":\"FILLED\",\"i\":5,\"l\":\"1\",\"z\":\"1\",\"L\":\"2\",\"n\":\"#\",\"T\":1,\"t\":7,\"m\":false,\"ps\":\"BOTH\"}}" },
        { "binance-usdm", VENUE_CALL_FILLS, "[{\"symbol\":\"A\",\"id\":7,\"orderId\":5,\"side\":\"BUY\",\"price\":\"2\",\"qty\":\"1\",\"commission\":\"#\",\"time\":1,\"maker\":false}]" },
        { "okx", VENUE_CALL_FILLS, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"instType\":\"SWAP\",\"instId\":\"A-B-SWAP\",\"tradeId\":\"7\",\"ordId\":\"5\",\"billId\":\"6\",\"fillPx\":\"2\",\"fillSz\":\"1\","
          "\"side\":\"buy\",\"posSide\":\"net\",\"fee\":\"#\",\"feeCcy\":\"\",\"ts\":\"1\"}]}" },
    };
    static const char *const fees[] = { "0.5", "-0.5", "0" };
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        for (size_t k = 0; k < 3; k++) {
            char text[600];
            put(text, sizeof text, without[i].text, fees[k]);
            start(without[i].venue);
            if (without[i].call == VENUE_CALL_NONE) (void)ws(text);
            else rest(without[i].call, 200, text);
            ck_assert_msg((c.counts[BOT_EV_FILL] == 1) == (k == 2), "%s", text);
            stop();
        }
}

/* One instrument may be held cross and isolated side by side: the account's position is both. */
TEST(facts, cross_and_isolated_are_one_position)
{
#define OKX_ROW(inst, mode, side, pos) "{\"instType\":\"SWAP\",\"instId\":\"" inst "\",\"mgnMode\":\"" mode "\",\"posSide\":\"" side "\",\"pos\":\"" pos "\",\"avgPx\":\"10\",\"posId\":\"1\",\"tradeId\":\"4\",\"uTime\":\"5\"}"
    start("okx");
    rest(VENUE_CALL_POSITIONS, 200, "{\"code\":\"0\",\"msg\":\"\",\"data\":[" OKX_ROW("A-USDT-SWAP", "cross", "net", "5") "," OKX_ROW("B-USDT-SWAP", "cross", "net", "1") ","
         OKX_ROW("A-USDT-SWAP", "isolated", "net", "-7.5") "," OKX_ROW("C-USDT-SWAP", "isolated", "short", "2") "," OKX_ROW("C-USDT-SWAP", "cross", "short", "1") ","
         OKX_ROW("C-USDT-SWAP", "cross", "long", "3") "]}");
    ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
    static const struct { const char *instrument, *qty; bot_leg leg; bool entry; } expected[] = {
        { "A-USDT-SWAP", "-2.5", BOT_LEG_NET, false }, { "B-USDT-SWAP", "1", BOT_LEG_NET, true }, { "C-USDT-SWAP", "-3", BOT_LEG_SHORT, false },
        { "C-USDT-SWAP", "3", BOT_LEG_LONG, true },
    };
    ck_assert_int_eq(4, c.n);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(BOT_EV_POSITION, c.ev[i].kind);
        ck_assert_str_eq(expected[i].instrument, c.ev[i].instrument.s);
        ck_assert_str_eq(expected[i].qty, dec_text(c.ev[i].position.qty));
        ck_assert_int_eq(expected[i].leg, c.ev[i].position.leg);
        ck_assert_int_eq(expected[i].entry, (c.ev[i].has & BOT_HAS_ENTRY_PRICE) != 0);
    }
    /* Together they may be more than a number holds: that is no position of nothing. */
    rest(VENUE_CALL_POSITIONS, 200, "{\"code\":\"0\",\"msg\":\"\",\"data\":[" OKX_ROW("A-USDT-SWAP", "cross", "net", "150000000000000000000") ","
         OKX_ROW("A-USDT-SWAP", "isolated", "net", "150000000000000000000") "]}");
    ck_assert_int_eq(BOT_OUTCOME_MALFORMED, reply.outcome);
    ck_assert_int_eq(0, c.n);
    stop();
}

/* BTCUSDT is a spot pair and a perpetual: where the row does not say, its topic does. */
TEST(facts, the_category_of_a_topic_is_that_of_its_rows)
{
#define FILL_ROW "{\"symbol\":\"BTCUSDT\",\"execId\":\"e\",\"orderId\":\"o\",\"side\":\"Buy\",\"execPrice\":\"1\",\"execQty\":\"1\",\"execType\":\"Trade\"}"
    static const struct { const char *text; bot_event_kind kind; } cases[] = {
        { "{\"topic\":\"execution.spot\",\"data\":[" FILL_ROW "]}", BOT_EV_ERROR },
        { "{\"topic\":\"execution.option\",\"data\":[" FILL_ROW "]}", BOT_EV_ERROR },
        { "{\"data\":[" FILL_ROW "],\"topic\":\"execution.spot\"}", BOT_EV_ERROR },
        { "{\"topic\":\"order.spot\",\"data\":[{\"symbol\":\"BTCUSDT\",\"orderId\":\"o\",\"orderStatus\":\"New\",\"side\":\"Buy\",\"qty\":\"1\"}]}", BOT_EV_ERROR },
        { "{\"topic\":\"execution.linear\",\"data\":[" FILL_ROW "]}", BOT_EV_FILL },
        { "{\"data\":[" FILL_ROW "],\"topic\":\"execution.inverse\"}", BOT_EV_FILL },
    };
    start("bybit");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(1, ws(cases[i].text));
        ck_assert_msg(c.ev[0].kind == cases[i].kind, "%s", cases[i].text);
    }
    stop();
}

/* What one contract is worth is nowhere else: taken for one coin it would pass a limit a hundred times too high. */
TEST(facts, an_instrument_that_does_not_say_what_a_contract_is_worth_is_not_traded)
{
#define OKX_INSTRUMENT(type, more) "{\"code\":\"0\",\"msg\":\"\",\"data\":[{" type "\"instId\":\"BTC-USDT-SWAP\",\"ctType\":\"linear\",\"settleCcy\":\"USDT\",\"tickSz\":\"0.1\",\"lotSz\":\"1\",\"minSz\":\"1\",\"state\":\"live\"" more "}]}"
    static const struct { const char *text; bool tradable; } cases[] = {
        { OKX_INSTRUMENT("\"instType\":\"SWAP\",", ",\"ctVal\":\"0.01\",\"ctMult\":\"1\""), true },
        { OKX_INSTRUMENT("\"instType\":\"SWAP\",", ",\"ctVal\":\"\",\"ctMult\":\"\""), false },
        { OKX_INSTRUMENT("\"instType\":\"SWAP\",", ""), false },
        { OKX_INSTRUMENT("", ",\"ctVal\":\"0.01\",\"ctMult\":\"1\""), false },
        { OKX_INSTRUMENT("\"instType\":\"EVENTS\",", ",\"ctVal\":\"0.01\",\"ctMult\":\"1\""), false },
    };
    start("okx");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rest(VENUE_CALL_INSTRUMENTS, 200, cases[i].text);
        ck_assert_int_eq(1, c.n);
        ck_assert_msg(c.ev[0].inst.tradable == cases[i].tradable, "%s", cases[i].text);
        ck_assert(c.ev[0].inst.contract != BOT_SPOT);
    }
    stop();
}

/* ---- requests and subscriptions ----------------------------------------------------------------------------------- */

/* A maker's order must not go out as a taker's. */
TEST(facts, a_market_order_cannot_be_post_only)
{
    static const char *const venues[] = { "bybit", "binance-usdm", "okx", "bitflyer" };
    static const bot_tif tifs[] = { BOT_POST_ONLY, BOT_FOK };
    struct bot__signer *signer = bot__signer_new("secret", 6);
    const struct venue_keys keys = { .key = "key", .passphrase = "pass", .signer = signer };
    static struct venue_http http;
    for (size_t i = 0; i < sizeof venues / sizeof *venues; i++)
        for (size_t k = 0; k < (i < 3 ? 2 : 1); k++) {
            struct venue_request req = { .call = VENUE_CALL_SUBMIT, .client_id = id_of("c1") };
            req.order = (bot_order_request){ .instrument = symbol_of(i == 2 ? "BTC-USDT-SWAP" : i == 3 ? "FX_BTC_JPY" : "BTCUSDT"), .side = BOT_BUY, .type = BOT_MARKET, .tif = tifs[k],
                                             .qty = { fixed_of("1") } };
            v = bot__venue_find(venues[i]);
            ck_assert_msg(v->encode_rest(&req, &keys, INT64_C(1700000000000000000), &http) < 0, "%s, %d", venues[i], tifs[k]);
        }
    bot__signer_free(signer);
}

/* {"success":true,"data":{"failTopics":[..]}}: an answer to a subscription that took some of its topics only. */
TEST(facts, a_subscription_that_failed_inside_a_success_has_failed)
{
    static const struct { const char *text; bot_event_kind kind; bot_control control; } cases[] = {
        { "{\"success\":true,\"conn_id\":\"a\",\"data\":{\"failTopics\":[\"execution\"],\"successTopics\":[\"order\"]},\"type\":\"COMMAND_RESP\"}", BOT_EV_ERROR, 0 },
        { "{\"success\":true,\"ret_msg\":\"\",\"op\":\"subscribe\",\"conn_id\":\"a\",\"data\":{\"successTopics\":[],\"failTopics\":[\"execution\"]}}", BOT_EV_ERROR, 0 },
        { "{\"success\":true,\"conn_id\":\"a\",\"data\":{\"failTopics\":[],\"successTopics\":[\"order\"]},\"type\":\"COMMAND_RESP\"}", BOT_EV_CONTROL, BOT_CONTROL_SUBSCRIBED },
        { "{\"success\":false,\"ret_msg\":\"no\",\"conn_id\":\"a\",\"type\":\"COMMAND_RESP\"}", BOT_EV_ERROR, 0 },
        { "{\"success\":true,\"ret_msg\":\"\",\"op\":\"subscribe\",\"conn_id\":\"a\"}", BOT_EV_CONTROL, BOT_CONTROL_SUBSCRIBED },
    };
    start("bybit");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(ws(cases[i].text) == 1 && c.ev[0].kind == cases[i].kind, "%s", cases[i].text);
        ck_assert(cases[i].kind == BOT_EV_ERROR || c.ev[0].control.control == cases[i].control);
    }
    stop();
}

/* ---- pages ------------------------------------------------------------------------------------------------------------ */

static char *list_of(const char *row, int n, int first)
{
    const size_t size = (strlen(row) + 32) * (size_t)n + 3;
    char *text = malloc(size);
    size_t len = 0;
    for (int i = 0; i < n; i++) {
        text[len++] = i == 0 ? '[' : ',';
        char number[16];
        snprintf(number, sizeof number, "%d", first + i);
        len += put(text + len, size - len, row, number);
    }
    snprintf(text + len, size - len, "]");
    return text;
}

/* Active orders cannot be paged through (their id is 0): a list that may have been cut is no list, or orders that live would seem gone. */
TEST(facts, a_list_of_orders_that_may_be_cut_is_not_taken_for_whole)
{
    static const char row[] = "{\"id\":0,\"child_order_id\":\"JOR#\",\"product_code\":\"FX_BTC_JPY\",\"side\":\"BUY\",\"child_order_type\":\"LIMIT\",\"price\":1.0,\"size\":0.1,\"child_order_state\":\"ACTIVE\"}";
    static struct venue_http http;
    struct bot__signer *signer = bot__signer_new("secret", 6);
    const struct venue_keys keys = { .key = "key", .signer = signer };
    start("bitflyer");
    ck_assert_int_eq(BOT_OK, v->encode_rest(&(struct venue_request){ .call = VENUE_CALL_OPEN_ORDERS }, &keys, 1, &http));
    const char *at = strstr(http.path, "&count=");
    const int count = at != NULL ? atoi(at + 7) : 100; /* what the venue gives unasked */
    char *text = list_of(row, count - 1, 0);
    rest(VENUE_CALL_OPEN_ORDERS, 200, text);
    ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
    free(text);
    text = list_of(row, count, 0);
    rest(VENUE_CALL_OPEN_ORDERS, 200, text);
    ck_assert_int_ne(BOT_OUTCOME_OK, reply.outcome);
    free(text);
    bot__signer_free(signer);
    stop();
}

/* How many rows a page may have is not documented: one that holds as many as are given unasked (100) may have another behind it. */
TEST(facts, a_page_that_the_venue_may_have_shortened_has_a_next)
{
    static const char row[] = "{\"id\":#,\"child_order_id\":\"JOR\",\"side\":\"BUY\",\"price\":1.0,\"size\":0.1,\"exec_date\":\"2026-07-08T02:43:34.823\",\"child_order_acceptance_id\":\"JRF\"}";
    start("bitflyer");
    for (int n = 99; n <= 100; n++) {
        char *text = list_of(row, n, 1000);
        rest(VENUE_CALL_FILLS, 200, text);
        ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
        /* Before the last row and that one again: it may be one side of a self-trade, whose other side has the same id. */
        ck_assert_str_eq(n == 100 ? "1100" : "", reply.cursor);
        free(text);
    }
    stop();
}

/* Payments that do not fit a page are asked for from the last row's time on; those of that time come again and are known by their id. */
TEST(facts, a_full_page_of_payments_has_a_next)
{
    static const char row[] = "{\"symbol\":\"A\",\"incomeType\":\"FUNDING_FEE\",\"income\":\"-0.5\",\"asset\":\"USDT\",\"time\":17000000#,\"tranId\":7}";
    static struct venue_http http;
    struct bot__signer *signer = bot__signer_new("secret", 6);
    const struct venue_keys keys = { .key = "key", .signer = signer };
    start("binance-usdm");
    char *text = list_of(row, 999, 10000);
    rest(VENUE_CALL_ACCOUNT_LOG, 200, text);
    ck_assert_int_eq(999, c.counts[BOT_EV_FUNDING]);
    ck_assert_str_eq("", reply.cursor);
    free(text);
    text = list_of(row, 1000, 10000);
    rest(VENUE_CALL_ACCOUNT_LOG, 200, text);
    ck_assert_str_eq("1700000010999", reply.cursor);
    free(text);
    ck_assert_int_eq(BOT_OK, v->encode_rest(&(struct venue_request){ .call = VENUE_CALL_ACCOUNT_LOG, .cursor = reply.cursor, .from_ns = 5 * MS }, &keys, 1, &http));
    ck_assert_msg(strstr(http.path, "startTime=1700000010999&") != NULL && strstr(http.path, "startTime=5&") == NULL, "%s", http.path);
    bot__signer_free(signer);
    stop();
}

/* ---- limits ------------------------------------------------------------------------------------------------------------ */

/* Refused for too many requests: what is shut then must be what the request drew on, or the next one goes out at once. */
TEST(facts, a_limit_that_an_answer_tells_of_is_one_that_the_request_drew_on)
{
    static struct venue_http http;
    struct bot__signer *signer = bot__signer_new("secret", 6);
    for (uint32_t i = 0; bot__venue_at(i) != NULL; i++) {
        start(bot__venue_at(i)->name);
        const struct venue_keys keys = { .key = "0x0000000000000000000000000000000000000001", .passphrase = "p", .signer = signer };
        const bot_symbol symbol = symbol_of(strcmp(v->name, "okx") == 0 ? "BTC-USDT-SWAP" : "BTCUSDT");
        const struct venue_order_ref batch = { symbol, id_of("7"), { 0 } };
        int calls = 0;
        for (int call = VENUE_CALL_NONE + 1; call < VENUE_CALL_COUNT; call++) {
            const struct venue_request req = { .call = (enum venue_call)call, .instrument = symbol, .order_id = id_of("7"), .batch = &batch, .batch_n = 1, .window_ms = 30000,
                .order = { .instrument = symbol, .side = BOT_BUY, .type = BOT_LIMIT, .tif = BOT_GTC, .qty = { fixed_of("1") }, .price = { fixed_of("1") } } };
            if (v->encode_rest(&req, &keys, INT64_C(1700000000000000000), &http) < 0)
                continue;
            calls++;
            rest((enum venue_call)call, 429, "");
            ck_assert_int_eq(BOT_OUTCOME_LIMITED, reply.outcome);
            const bool own = reply.scope == http.scope, binance_ip = v->scopes[reply.scope].per_ip && strcmp(v->name, "binance-usdm") == 0;
            ck_assert_msg(own || binance_ip, "%s, call %d: drew on %s, shuts %s", v->name, call, v->scopes[http.scope].name, v->scopes[reply.scope].name);
        }
        ck_assert_int_gt(calls, 5);
        stop();
    }
    bot__signer_free(signer);
}

/* Two limits, one answer: too many orders shut orders, a ban shuts the address whatever it was about, and each count is of its own. */
TEST(facts, what_binance_refuses_shuts_what_it_is_about)
{
    const struct venue_header counts[] = { { SLICE("x-mbx-used-weight-1m"), SLICE("2390") }, { SLICE("x-mbx-order-count-10s"), SLICE("4") } };
    static const struct { int status; const char *body; const char *scope; int used; } cases[] = {
        { 429, "{\"code\":-1015,\"msg\":\"Too many new orders.\"}", "orders", 4 },
        { 418, "{\"code\":-1003,\"msg\":\"Way too many requests; IP banned until 1659146400000.\"}", "weight", 2390 },
        { 429, "{\"code\":-1003,\"msg\":\"Too many requests.\"}", "weight", 2390 },
        { 403, "<html>WAF</html>", "weight", 2390 },
        { 503, "{\"code\":-1008,\"msg\":\"Request throttled by system-level protection.\"}", "orders", 4 },
    };
    start("binance-usdm");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int told = 0; told < 2; told++) {
            (void)v->decode_rest(ctx, VENUE_CALL_SUBMIT, cases[i].status, counts, told != 0 ? 2 : 0, (struct slice){ cases[i].body, strlen(cases[i].body) }, collect_sink, &c, &reply);
            ck_assert_msg(strcmp(v->scopes[reply.scope].name, cases[i].scope) == 0, "%s: shuts %s", cases[i].body, v->scopes[reply.scope].name);
            ck_assert_int_eq(told != 0 ? cases[i].used : -1, reply.used);
        }
    stop();
}

/* ---- the small answers --------------------------------------------------------------------------------------------------- */

TEST(facts, the_mode_of_positions_is_said_or_is_not_known)
{
    static const struct { const char *venue, *body; int hedge; /* -1: not known */ } modes[] = {
        { "binance-usdm", "{\"dualSidePosition\":true}", 1 }, { "binance-usdm", "{\"dualSidePosition\":false}", 0 }, { "binance-usdm", "{\"dualSidePositioM\":false}", -1 },
        { "binance-usdm", "{\"dualSidePosition\":\"yes\"}", -1 }, { "binance-usdm", "{}", -1 },
        { "okx", "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"posMode\":\"long_short_mode\",\"acctLv\":\"2\"}]}", 1 }, { "okx", "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"posMode\":\"net_mode\"}]}", 0 },
        { "okx", "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"posMode\":\"\"}]}", -1 }, { "okx", "{\"code\":\"0\",\"msg\":\"\",\"data\":[]}", -1 },
    };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        start(modes[i].venue);
        rest(VENUE_CALL_MODE, 200, modes[i].body);
        ck_assert_msg((reply.outcome == BOT_OUTCOME_OK) == (modes[i].hedge >= 0), "%s: %d", modes[i].body, reply.outcome);
        ck_assert_msg(modes[i].hedge < 0 || reply.hedge == (modes[i].hedge != 0), "%s", modes[i].body);
        stop();
    }
}

TEST(facts, a_switch_is_armed_when_the_venue_says_until_when)
{
    static const struct { const char *venue, *body; bot_outcome outcome; } answers[] = {
        { "binance-usdm", "{\"symbol\":\"BTCUSDT\",\"countdownTime\":\"100000\"}", BOT_OUTCOME_OK }, { "binance-usdm", "{\"symbol\":\"BTCUSDT\"}", BOT_OUTCOME_UNKNOWN }, { "binance-usdm", "{}", BOT_OUTCOME_UNKNOWN },
        { "okx", "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"triggerTime\":\"1587971460\",\"ts\":\"1587971400000\"}]}", BOT_OUTCOME_OK }, { "okx", "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"triggerTime\":\"0\"}]}", BOT_OUTCOME_OK },
        { "okx", "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"ts\":\"1\"}]}", BOT_OUTCOME_UNKNOWN }, { "okx", "{\"code\":\"0\",\"msg\":\"\",\"data\":[]}", BOT_OUTCOME_UNKNOWN },
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        start(answers[i].venue);
        rest(VENUE_CALL_DEAD_MAN, 200, answers[i].body);
        ck_assert_msg(reply.outcome == answers[i].outcome, "%s: %d", answers[i].body, reply.outcome);
        stop();
    }
}

/* Every venue's own unit: seconds, milliseconds, nanoseconds, a date. */
TEST(facts, the_venues_clock_is_read_in_its_unit)
{
    static const struct { const char *venue; enum venue_call call; const char *body; int64_t ns; } clocks[] = {
        { "binance-usdm", VENUE_CALL_TIME, "{\"serverTime\":1700000000123}", INT64_C(1700000000123) * MS },
        { "binance-usdm", VENUE_CALL_INSTRUMENTS, "{\"timezone\":\"UTC\",\"serverTime\":1700000000123,\"symbols\":[]}", INT64_C(1700000000123) * MS },
        { "bybit", VENUE_CALL_TIME, "{\"retCode\":0,\"result\":{\"timeSecond\":\"1700000000\",\"timeNano\":\"1700000000123456789\"},\"time\":1700000000124}", INT64_C(1700000000123456789) },
        { "bybit", VENUE_CALL_TIME, "{\"retCode\":0,\"result\":{\"timeSecond\":\"1700000000\"},\"time\":1700000000124}", INT64_C(1700000000) * BOT_NS_PER_S },
        { "bybit", VENUE_CALL_TIME, "{\"retCode\":0,\"result\":{},\"time\":1700000000124}", INT64_C(1700000000124) * MS },
        { "bybit", VENUE_CALL_POSITIONS, "{\"retCode\":0,\"result\":{\"nextPageCursor\":\"\",\"list\":[]},\"time\":1700000000124}", INT64_C(1700000000124) * MS },
        { "okx", VENUE_CALL_TIME, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"ts\":\"1700000000123\"}]}", INT64_C(1700000000123) * MS },
        { "hyperliquid", VENUE_CALL_TIME, "{\"assetPositions\":[],\"withdrawable\":\"0\",\"time\":1700000000123}", INT64_C(1700000000123) * MS },
    };
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        start(clocks[i].venue);
        rest(clocks[i].call, 200, clocks[i].body);
        ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
        ck_assert_msg(reply.venue_ns == clocks[i].ns, "%s: %lld", clocks[i].body, (long long)reply.venue_ns);
        ck_assert(clocks[i].call != VENUE_CALL_TIME || (c.n == 1 && c.ev[0].kind == BOT_EV_TIME && c.ev[0].venue_ns == clocks[i].ns));
        stop();
    }
}

/* The addresses of the documentation: whatever is sent to another does not arrive. */
TEST(facts, the_venues_are_where_their_documentation_says)
{
    static const struct { const char *venue, *rest, *private, *public, *public_2, *trade; } hosts[] = {
        { "bybit", "https://api.bybit.com", "wss://stream.bybit.com/v5/private", "wss://stream.bybit.com/v5/public", NULL, "wss://stream.bybit.com/v5/trade" },
        { "binance-usdm", "https://fapi.binance.com", "wss://fstream.binance.com/private/ws", "wss://fstream.binance.com/market/ws", "wss://fstream.binance.com/public/ws", "wss://ws-fapi.binance.com/ws-fapi/v1" },
        { "okx", "https://openapi.okx.com", "wss://ws.okx.com:8443/ws/v5/private", "wss://ws.okx.com:8443/ws/v5/public", NULL, "" },
        { "bitflyer", "https://api.bitflyer.com", "wss://ws.lightstream.bitflyer.com/json-rpc", "wss://ws.lightstream.bitflyer.com/json-rpc", NULL, "" },
        { "hyperliquid", "https://api.hyperliquid.xyz", "wss://api.hyperliquid.xyz/ws", "wss://api.hyperliquid.xyz/ws", NULL, "" },
    };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        const struct venue_endpoints *at = &bot__venue_find(hosts[i].venue)->endpoints, *test = &bot__venue_find(hosts[i].venue)->endpoints_test;
        ck_assert_str_eq(at->rest, hosts[i].rest);
        ck_assert_str_eq(at->ws_private, hosts[i].private);
        ck_assert_str_eq(at->ws_public, hosts[i].public);
        ck_assert_str_eq(at->ws_trade, hosts[i].trade);
        ck_assert((at->ws_public_2 == NULL) == (hosts[i].public_2 == NULL) && (at->ws_public_2 == NULL || strcmp(at->ws_public_2, hosts[i].public_2) == 0));
        /* Whoever asks for the test network is never sent to the other one. */
        ck_assert(test->ws_private[0] == '\0' || strcmp(test->ws_private, at->ws_private) != 0);
    }
}

/* A match of a derivative that has no id (liquidations have none there) is counted, once: known by its order and what is filled of it. Of
 * spot it is the end of a market order, and of an order that ended without a match it is nothing. */
TEST(facts, a_match_without_an_id_is_counted_where_it_is_one)
{
#define OKX_PUSH(type, state, trade) "{\"arg\":{\"channel\":\"orders\",\"instType\":\"ANY\"},\"data\":[{" type "\"instId\":\"A-B-SWAP\",\"ordId\":\"5\",\"state\":\"" state "\",\"ordType\":\"limit\",\"side\":\"buy\",\"posSide\":\"net\",\"sz\":\"2\",\"accFillSz\":\"2\",\"fillSz\":\"1\",\"fillPx\":\"3\",\"tradeId\":\"" trade "\",\"category\":\"normal\",\"fillTime\":\"1\",\"uTime\":\"1\"}]}"
    static const struct { const char *text; int fills; /* -1: refused */ } pushes[] = {
        { OKX_PUSH("\"instType\":\"SWAP\",", "filled", ""), 1 }, { OKX_PUSH("\"instType\":\"FUTURES\",", "partially_filled", "0"), 1 }, { OKX_PUSH("\"instType\":\"OPTION\",", "filled", ""), 1 },
        { OKX_PUSH("\"instType\":\"SWAP\",", "canceled", ""), 0 }, { OKX_PUSH("\"instType\":\"SWAP\",", "live", ""), 0 }, { OKX_PUSH("\"instType\":\"SPOT\",", "filled", ""), 0 },
        { OKX_PUSH("", "filled", ""), -1 }, { OKX_PUSH("", "filled", "7"), 1 },
    };
    start("okx");
    for (size_t i = 0; i < sizeof pushes / sizeof *pushes; i++) {
        const int r = ws(pushes[i].text);
        ck_assert_msg((r < 0) == (pushes[i].fills < 0) && (r < 0 || c.counts[BOT_EV_FILL] == pushes[i].fills), "%s: %d", pushes[i].text, r);
        if (pushes[i].fills == 1 && strstr(pushes[i].text, "\"7\"") == NULL) {
            ck_assert(c.ev[0].fill.derived);
            ck_assert_str_eq("5:2", c.ev[0].fill.exec_id.s);
        }
    }
    stop();
}

TEST(facts, no_request_over_the_socket_is_refused_by_a_time_out)
{
    static const char *const ops[] = { "order", "batch-orders", "amend-order", "batch-amend-orders", "cancel-order", "batch-cancel-orders", "mass-cancel" };
    start("okx");
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        char text[300];
        snprintf(text, sizeof text, "{\"id\":\"8\",\"op\":\"%s\",\"data\":[],\"code\":\"50004\",\"msg\":\"Endpoint request timeout\"}", ops[i]);
        ck_assert_int_eq(1, ws(text));
        ck_assert_msg(c.ev[0].kind == BOT_EV_ERROR && c.ev[0].error.code == BOT_ERR_UNKNOWN_OUTCOME, "%s", ops[i]);
    }
    stop();
}

/* Bybit tells what is left in every answer; when more comes is "now" until nothing is left, and means something only then. */
TEST(facts, what_is_left_of_a_limit_is_read_from_the_headers)
{
    struct venue_header left[] = { { SLICE("X-Bapi-Limit"), SLICE("50") }, { SLICE("x-bapi-limit-status"), SLICE("3") }, { SLICE("X-BAPI-LIMIT-RESET-TIMESTAMP"), SLICE("1700000000123") } };
    const struct slice body = SLICE("{\"retCode\":0,\"result\":{\"nextPageCursor\":\"\",\"list\":[]},\"time\":1}");
    start("bybit");
    (void)v->decode_rest(ctx, VENUE_CALL_POSITIONS, 200, left, 3, body, collect_sink, &c, &reply);
    ck_assert(reply.limit == 50 && reply.remaining == 3 && reply.used == -1 && reply.reset_wall_ns == 0);
    left[1].value = SLICE("0");
    (void)v->decode_rest(ctx, VENUE_CALL_POSITIONS, 200, left, 3, body, collect_sink, &c, &reply);
    ck_assert(reply.remaining == 0 && reply.reset_wall_ns == INT64_C(1700000000123) * MS);
    (void)v->decode_rest(ctx, VENUE_CALL_POSITIONS, 200, NULL, 0, body, collect_sink, &c, &reply);
    ck_assert(reply.limit == -1 && reply.remaining == -1 && reply.reset_wall_ns == 0);
    stop();
}
