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
