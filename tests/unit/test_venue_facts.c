/* What the venues' documentation says and no recording shows: a fact each, and what would be lost if it were read otherwise. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "recordings.h"
#include "words.h"

#define MS BOT_NS_PER_MS

static const struct venue *v;
static struct venue_context *ctx;
static struct collect c;
static struct venue_reply reply;

static void start(const char *venue)
{
    v = bot__venue_find(venue);
    ck_assert_ptr_nonnull(v);
    ctx = context_new(v);
    collect_init(&c);
}

static void stop(void)
{
    context_free(ctx);
    collect_free(&c);
}

static int rest(enum venue_call call, int status, const char *text) { return decode_rest(v, ctx, call, status, text, &c, &reply); }

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
        { "bybit", 110072 }, { "bybit", 20006 }, { "bybit", 987654 }, { "binance-usdm", -4116 }, { "binance-usdm", -9999 }, { "okx", 51016 },
        { "okx", 59999 },    { "okx", 1 },       { "okx", 2 },
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

/* One byte other than it was sent. A value that is damaged may come out as another value, which nobody can tell; all else must be an
 * error or the same fill, and a damaged key may at most leave out what may be left out. */
TEST(facts, a_message_with_one_byte_damaged_gives_no_other_fill)
{
    static const struct { const char *venue; enum venue_call call; const char *file; } files[] = {
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
    static const char others[] = { 1, 2, 4, 8, 16, 32, 64 }; /* each bit; what is no character is refused by another test */
    static bot_event sent[64], got[64];
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        char path[200];
        size_t len;
        snprintf(path, sizeof path, "data/wire/%s", files[k].file);
        char *text = test_read_file(test_shared(path), &len);
        for (char *at = text; strcmp(files[k].venue, "hyperliquid") == 0 && (at = strstr(at, "\"time\"")) != NULL;) /* as of today: older rows may lack their tid */
            memcpy(at += strcspn(at, "0123456789"), "1764840678849", 13);
        uint8_t *places = malloc(len);
        places_of(text, len, places);
        start(files[k].venue);
        if (files[k].call == VENUE_CALL_NONE) ck_assert_msg(decode_ws(v, ctx, text, &c) > 0, "%s", path);
        else ck_assert_msg(rest(files[k].call, 200, text) >= 0 && reply.outcome == BOT_OUTCOME_OK, "%s", path);
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
                const int r = files[k].call == VENUE_CALL_NONE ? decode_ws(v, ctx, text, &c) : rest(files[k].call, 200, text);
                const bool failed = r < 0 || (files[k].call != VENUE_CALL_NONE && reply.outcome != BOT_OUTCOME_OK);
                const int m = fills_of(&c, got, 64);
                if (failed) {
                    ck_assert_msg(m == 0 || files[k].call == VENUE_CALL_NONE, "%s: byte %zu", path, i);
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
