/* The Bybit codec on messages made for the purpose: what is never misread, and what goes out. */
#include "venue/venue.h"

extern const struct venue bot__venue_bybit;
#define V (&bot__venue_bybit)
#include "codec_kit.h"
#include "words.h"

#define ROW "\"category\":\"linear\"," BARE_ROW
#define BARE_ROW "\"symbol\":\"BTCUSDT\",\"execId\":\"e-1\",\"orderId\":\"o-1\",\"side\":\"Buy\",\"execPrice\":\"65000.50\",\"execQty\":\"0.010\""
#define EXECUTION(rows) "{\"topic\":\"execution\",\"creationTime\":1700000000001,\"data\":[" rows "]}"

/* ---- decoding ------------------------------------------------------------------------------------------------ */

TEST(bybit, funding_rows_are_funding_and_never_fills)
{
    start();
    ck_assert_int_eq(ws(EXECUTION("{" ROW ",\"execType\":\"Funding\",\"execFee\":\"-0.0039\",\"execTime\":\"1700000000000\"}")), 1);
    ck_assert_int_eq(c.ev[0].kind, BOT_EV_FUNDING);
    ck_assert_str_eq(dec_text(c.ev[0].funding.amount), "-0.0039");
    ck_assert_str_eq(c.ev[0].funding.exec_id.s, "e-1");
    ck_assert(c.ev[0].venue_ns == INT64_C(1700000000000) * MS);
    /* Funding of unknown amount is no funding of zero. */
    ck_assert_int_lt(ws(EXECUTION("{" ROW ",\"execType\":\"Funding\",\"execFee\":\"\"}")), 0);
    ck_assert_int_eq(c.n, 0);
    stop();
}

TEST(bybit, every_execution_type_has_its_kind_and_an_unknown_one_is_unknown)
{
    static const struct { const char *type; bot_fill_kind kind; } types[] = {
        { "Trade", BOT_FILL_TRADE }, { "AdlTrade", BOT_FILL_ADL }, { "BustTrade", BOT_FILL_LIQUIDATION }, { "Delivery", BOT_FILL_SETTLEMENT },
        { "Settle", BOT_FILL_SETTLEMENT }, { "BlockTrade", BOT_FILL_BLOCK }, { "MovePosition", BOT_FILL_TRANSFER }, { "FutureSpread", BOT_FILL_TRADE },
        { "CorporateAction", BOT_FILL_UNKNOWN }, { "SomethingNew", BOT_FILL_UNKNOWN }, { "trade", BOT_FILL_UNKNOWN }, { "", BOT_FILL_UNKNOWN },
    };
    start();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char text[512];
        snprintf(text, sizeof text, EXECUTION("{" ROW ",\"execType\":\"%s\"}"), types[i].type);
        ck_assert_int_eq(ws(text), 1);
        ck_assert_int_eq(c.ev[0].kind, BOT_EV_FILL);
        ck_assert_msg(c.ev[0].fill.kind == types[i].kind, "%s", types[i].type);
    }
    ck_assert_int_eq(ws(EXECUTION("{" ROW "}")), 1);
    ck_assert_int_eq(c.ev[0].fill.kind, BOT_FILL_UNKNOWN);
    stop();
}

TEST(bybit, fills_keep_texts_and_leave_out_what_was_not_said)
{
    start();
    ck_assert_int_eq(ws(EXECUTION("{" ROW ",\"execType\":\"Trade\",\"orderLinkId\":\"\",\"execFee\":\"-0.00010\",\"feeCurrency\":\"\",\"isMaker\":true,\"seq\":7}")), 1);
    const bot_event *ev = &c.ev[0];
    ck_assert_str_eq(dec_text(ev->fill.qty), "0.010");
    ck_assert_str_eq(dec_text(ev->fill.price), "65000.50");
    ck_assert_str_eq(dec_text(ev->fill.fee), "-0.00010");
    ck_assert(ev->fill.client_id.len == 0 && ev->fill.fee_currency.len == 0 && ev->fill.leg == BOT_LEG_NONE);
    ck_assert(ev->fill.liquidity == BOT_MAKER && ev->seq == 7 && ev->venue_ns == 0);
    ck_assert_uint_eq(ev->has, BOT_HAS_QTY | BOT_HAS_PRICE | BOT_HAS_FEE);
    stop();
}

/* Hot path (one row, topic first), general path (several rows, topic last): the same events. */
TEST(bybit, the_order_of_keys_and_the_number_of_rows_change_nothing)
{
    start();
    ck_assert_int_eq(ws(EXECUTION("{" ROW ",\"execType\":\"Trade\"}")), 1);
    const bot_event one = c.ev[0];
    ck_assert_int_eq(ws("{\"data\":[{\"execType\":\"Trade\"," ROW "}],\"creationTime\":1700000000001,\"topic\":\"execution.linear\"}"), 1);
    ck_assert_mem_eq(&one, &c.ev[0], sizeof one);
    ck_assert_int_eq(ws(EXECUTION("{" ROW ",\"execType\":\"Trade\"},{" ROW ",\"execType\":\"Trade\"}")), 2);
    ck_assert_mem_eq(&one, &c.ev[0], sizeof one);
    ck_assert_mem_eq(&one, &c.ev[1], sizeof one);
    ck_assert_int_eq(ws(EXECUTION("")), 1); /* no row, no fill */
    ck_assert_int_eq(c.ev[0].kind, BOT_EV_CONTROL);
    /* ts may stand before or behind the rows. */
    ck_assert_int_eq(ws("{\"topic\":\"publicTrade.X\",\"data\":[{\"T\":5,\"s\":\"X\",\"S\":\"Buy\",\"v\":\"1\",\"p\":\"2\"}],\"ts\":9}"), 1);
    ck_assert(c.ev[0].trade.sent_ns == 9 * MS && c.ev[0].venue_ns == 5 * MS);
    ck_assert_int_eq(ws("{\"ts\":9,\"topic\":\"publicTrade.X\",\"data\":[{\"T\":5,\"s\":\"X\",\"S\":\"Buy\",\"v\":\"1\",\"p\":\"2\"}]}"), 1);
    ck_assert(c.ev[0].trade.sent_ns == 9 * MS);
    stop();
}

TEST(bybit, a_message_with_one_bad_row_gives_no_row_at_all)
{
    static const char *const bad[] = {
        "{" ROW ",\"execType\":\"Trade\",\"execQty\":\"5\"}",                  /* twice */
        "{" ROW ",\"execType\":\"Trade\",\"e\\u0078ecQty\":\"5\"}",            /* twice, written otherwise */
        "{\"symbol\":\"BTCUSDT\",\"execId\":\"e\",\"side\":\"Buy\",\"execPrice\":\"1\",\"execQty\":\"0\",\"execType\":\"Trade\"}",
        "{\"symbol\":\"BTCUSDT\",\"execId\":\"e\",\"side\":\"Buy\",\"execPrice\":\"1\",\"execQty\":\"-1\",\"execType\":\"Trade\"}",
        "{\"symbol\":\"BTCUSDT\",\"execId\":\"e\",\"side\":\"Buy\",\"execPrice\":\"1\",\"execQty\":\"1e2\",\"execType\":\"Trade\"}",
        "{\"symbol\":\"BTCUSDT\",\"execId\":\"e\",\"side\":\"Buy\",\"execPrice\":\"NaN\",\"execQty\":\"1\",\"execType\":\"Trade\"}",
        "{\"symbol\":\"BTCUSDT\",\"execId\":\"e\",\"side\":\"Buy\",\"execPrice\":\"1\",\"execQty\":\"1234567890123456789012345678901234567890\"}",
        "{\"symbol\":\"BTCUSDT\",\"execId\":\"e\",\"side\":\"None\",\"execPrice\":\"1\",\"execQty\":\"1\",\"execType\":\"Trade\"}",
        "{\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"execPrice\":\"1\",\"execQty\":\"1\",\"execType\":\"Trade\"}",
        "{\"execId\":\"e\",\"side\":\"Buy\",\"execPrice\":\"1\",\"execQty\":\"1\",\"execType\":\"Trade\"}",
        "{" ROW ",\"execType\":\"Trade\",\"execTime\":\"99999999999999999\"}",
        "{" ROW ",\"execType\":{\"is\":\"Trade\"}}",
        "[]", "1", "null",
    };
    start();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[2048];
        snprintf(text, sizeof text, EXECUTION("{" ROW ",\"execType\":\"Trade\"},%s"), bad[i]);
        ck_assert_msg(ws(text) < 0 && c.n == 0, "%s", bad[i]);
        snprintf(text, sizeof text, EXECUTION("%s"), bad[i]);
        ck_assert_msg(ws(text) < 0 && c.n == 0, "alone: %s", bad[i]);
        ck_assert_msg(ctx->why[0] != '\0', "no reason: %s", bad[i]);
    }
    stop();
}

TEST(bybit, an_envelope_that_contradicts_itself_is_refused)
{
    static const char *const bad[] = {
        "{\"topic\":\"execution\",\"data\":[{" ROW "}],\"topic\":\"order\"}", "{\"topic\":\"execution\",\"data\":[],\"data\":[{" ROW "}]}",
        "{\"topic\":\"execution\",\"data\":[{" ROW "}],\"data\":[]}", "{\"topic\":\"execution\",\"data\":[{" ROW "}]}x",
        "{\"topic\":\"execution\",\"data\":{" ROW "}}", "{\"topic\":\"execution\"}", "{\"op\":\"auth\",\"success\":true,\"success\":false}",
        "{\"op\":\"order.create\",\"retCode\":0,\"retCode\":10001,\"reqId\":\"1\",\"data\":{\"orderId\":\"1\"}}", "{}", "[]", "",
        "{\"topic\":\"orderbook.50.X\",\"data\":{\"s\":\"X\",\"u\":1}}", "{\"op\":\"order.create\",\"retCode\":0,\"data\":{}}",
    };
    start();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(ws(bad[i]) < 0 && c.n == 0, "%s", bad[i]);
    stop();
}

TEST(bybit, no_beginning_of_a_private_message_gives_money)
{
    start();
    const char *text = EXECUTION("{" ROW ",\"execType\":\"Trade\",\"seq\":7}");
    for (size_t cut = 0; cut < strlen(text); cut++) {
        char *exact = malloc(cut + 1);
        memcpy(exact, text, cut);
        collect_clear(&c);
        ck_assert_int_lt(V->decode_ws(ctx, BOT_SOURCE_WS_PRIVATE, (struct slice){ exact, cut }, collect_sink, &c), 0);
        ck_assert_int_eq(c.n, 0);
        free(exact);
    }
    stop();
}

TEST(bybit, spot_and_option_rows_are_named_and_never_become_derivatives)
{
    start();
    ck_assert_int_eq(ws(EXECUTION("{" BARE_ROW ",\"execType\":\"Trade\",\"category\":\"spot\"}")), 1);
    ck_assert_int_eq(c.ev[0].kind, BOT_EV_ERROR);
    ck_assert_int_eq(c.ev[0].error.code, BOT_ERR_UNSUPPORTED);
    ck_assert_int_eq(rest(VENUE_CALL_FILLS, "{\"retCode\":0,\"result\":{\"category\":\"option\",\"nextPageCursor\":\"\",\"list\":[{" BARE_ROW ",\"execType\":\"Trade\"}]}}"), BOT_OK);
    ck_assert_int_eq(c.counts[BOT_EV_FILL], 0);
    ck_assert_int_eq(c.counts[BOT_EV_ERROR], 1);
    stop();
}

#define POSITIONS(rows) "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"linear\",\"list\":[" rows "],\"nextPageCursor\":\"\"},\"time\":1700000000000}"
TEST(bybit, a_position_is_signed_by_its_side_and_needs_one)
{
    static const struct { const char *row, *qty; bot_leg leg; } rows[] = {
        { "{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"1.50\",\"positionIdx\":0}", "1.50", BOT_LEG_NET },
        { "{\"symbol\":\"X\",\"side\":\"Sell\",\"size\":\"1.50\",\"positionIdx\":0}", "-1.50", BOT_LEG_NET },
        { "{\"symbol\":\"X\",\"side\":\"Sell\",\"size\":\"2\",\"positionIdx\":2}", "-2", BOT_LEG_SHORT },
        { "{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"2\",\"positionIdx\":1}", "2", BOT_LEG_LONG },
        { "{\"symbol\":\"X\",\"side\":\"\",\"size\":\"0\",\"positionIdx\":2,\"seq\":\"-1\"}", "0", BOT_LEG_SHORT },
        { "{\"symbol\":\"X\",\"side\":\"None\",\"size\":\"0\",\"positionIdx\":0}", "0", BOT_LEG_NET },
    };
    static const char *const bad[] = {
        "{\"symbol\":\"X\",\"side\":\"\",\"size\":\"1\",\"positionIdx\":0}", "{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"\",\"positionIdx\":0}",
        "{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"-1\",\"positionIdx\":0}", "{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"1\",\"positionIdx\":3}",
        "{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"1\",\"size\":\"2\",\"positionIdx\":0}", "{\"side\":\"Buy\",\"size\":\"1\",\"positionIdx\":0}", "{\"symbol\":\"X\",\"side\":\"Buy\",\"positionIdx\":0}",
        "{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"1\"}", "{\"symbol\":\"X\",\"side\":\"Sell\",\"size\":\"1\",\"positionIdx\":1}", "{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"1\",\"positionIdx\":2}",
    };
    char text[512];
    start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, POSITIONS("%s"), rows[i].row);
        ck_assert_int_eq(rest(VENUE_CALL_POSITIONS, text), BOT_OK);
        ck_assert_msg(reply.outcome == BOT_OUTCOME_OK && c.n == 1, "%s: %s", rows[i].row, reply.detail);
        ck_assert_str_eq(dec_text(c.ev[0].position.qty), rows[i].qty);
        ck_assert_int_eq(c.ev[0].position.leg, rows[i].leg);
        ck_assert(c.ev[0].seq == BOT_SEQ_NONE);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, POSITIONS("{\"symbol\":\"A\",\"side\":\"Buy\",\"size\":\"1\",\"positionIdx\":0},%s"), bad[i]);
        (void)rest(VENUE_CALL_POSITIONS, text);
        ck_assert_msg(reply.outcome == BOT_OUTCOME_MALFORMED && c.n == 0 && reply.detail[0] != '\0', "%s", bad[i]);
    }
    stop();
}

TEST(bybit, what_is_no_clean_success_never_gives_a_position)
{
    static const struct { int status; const char *body; bot_outcome outcome; } cases[] = {
        { 200, "", BOT_OUTCOME_MALFORMED },
        { 200, "<html><body>maintenance</body></html>", BOT_OUTCOME_MALFORMED },
        { 200, "{\"retCode\":0,\"result\":{\"nextPageCursor\":\"\",\"list\":[{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"1\",\"positionIdx\":0}]", BOT_OUTCOME_MALFORMED },
        { 200, "{\"result\":{\"list\":[{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"1\"}]}}", BOT_OUTCOME_MALFORMED },
        { 200, "{\"retCode\":0}", BOT_OUTCOME_MALFORMED },
        { 200, "{\"retCode\":0,\"result\":null}", BOT_OUTCOME_MALFORMED },
        { 200, "{\"retCode\":0,\"result\":{}}", BOT_OUTCOME_MALFORMED },
        { 200, "{\"retCode\":0,\"result\":{\"nextPageCursor\":\"\",\"list\":null}}", BOT_OUTCOME_MALFORMED },
        { 200, "{\"retCode\":0,\"retCode\":10001,\"result\":{\"nextPageCursor\":\"\",\"list\":[]}}", BOT_OUTCOME_MALFORMED },
        { 200, "{\"retCode\":0,\"result\":{\"list\":[{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"1\",\"positionIdx\":0}]}}", BOT_OUTCOME_MALFORMED }, /* the last page? */
        { 200, "{\"retCode\":0,\"result\":{\"nextPageCursor\":\"\",\"list\":[{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"1\",\"positionIdx\":0}],\"list\":[]}}", BOT_OUTCOME_MALFORMED },
        { 200, "{\"retCode\":10002,\"retMsg\":\"t\",\"result\":{\"list\":[{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"1\"}]}}", BOT_OUTCOME_CLOCK },
        { 200, "{\"retCode\":10006,\"retMsg\":\"Too many visits!\"}", BOT_OUTCOME_LIMITED },
        { 200, "{\"retCode\":10003,\"retMsg\":\"API key is invalid.\"}", BOT_OUTCOME_AUTH },
        { 200, "{\"retCode\":10016,\"retMsg\":\"Server error.\"}", BOT_OUTCOME_UNKNOWN },
        { 200, "{\"retCode\":123456,\"retMsg\":\"new\"}", BOT_OUTCOME_REJECTED },
        { 403, "<html>403</html>", BOT_OUTCOME_BANNED },
        { 502, "<html>bad gateway</html>", BOT_OUTCOME_UNKNOWN },
        { 500, "{\"retCode\":0,\"result\":{\"nextPageCursor\":\"\",\"list\":[{\"symbol\":\"X\",\"side\":\"Buy\",\"size\":\"1\",\"positionIdx\":0}]}}", BOT_OUTCOME_UNKNOWN },
        { 429, "", BOT_OUTCOME_LIMITED },
    };
    start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)decode_rest(V, ctx, VENUE_CALL_POSITIONS, cases[i].status, cases[i].body, &c, &reply);
        ck_assert_msg(reply.outcome == cases[i].outcome && c.n == 0, "%d %s: outcome %d, %d events", cases[i].status, cases[i].body, reply.outcome, c.n);
        ck_assert_msg(reply.detail[0] != '\0', "%s: no words", cases[i].body);
    }
    stop();
}

TEST(bybit, controls_and_answers_of_all_sockets)
{
    static const struct { const char *text; bot_event_kind kind; int which; } cases[] = {
        { "{\"op\":\"pong\",\"args\":[\"1\"]}", BOT_EV_CONTROL, BOT_CONTROL_PONG },
        { "{\"success\":true,\"ret_msg\":\"pong\",\"op\":\"ping\"}", BOT_EV_CONTROL, BOT_CONTROL_PONG },
        { "{\"retCode\":0,\"retMsg\":\"OK\",\"op\":\"auth\",\"connId\":\"x\"}", BOT_EV_CONTROL, BOT_CONTROL_AUTH },
        { "{\"success\":true,\"op\":\"auth\"}", BOT_EV_CONTROL, BOT_CONTROL_AUTH },
        { "{\"success\":true,\"op\":\"subscribe\"}", BOT_EV_CONTROL, BOT_CONTROL_SUBSCRIBED },
        { "{\"success\":true,\"op\":\"unsubscribe\"}", BOT_EV_CONTROL, BOT_CONTROL_UNSUBSCRIBED },
        { "{\"success\":false,\"ret_msg\":\"Invalid sign\",\"op\":\"auth\"}", BOT_EV_ERROR, BOT_ERR_REJECTED },
        { "{\"success\":false,\"ret_msg\":\"topic\",\"op\":\"subscribe\"}", BOT_EV_ERROR, BOT_ERR_REJECTED },
        { "{\"retCode\":10004,\"retMsg\":\"sign\",\"op\":\"auth\"}", BOT_EV_ERROR, BOT_ERR_REJECTED },
        { "{\"op\":\"order.create\",\"retCode\":110007,\"retMsg\":\"no\",\"reqId\":\"r\"}", BOT_EV_ERROR, BOT_ERR_REJECTED },
        { "{\"op\":\"order.create\",\"retCode\":10016,\"retMsg\":\"?\",\"reqId\":\"r\"}", BOT_EV_ERROR, BOT_ERR_UNKNOWN_OUTCOME },
        { "{\"topic\":\"tickers.X\",\"data\":{}}", BOT_EV_CONTROL, BOT_CONTROL_OTHER },
    };
    start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(ws(cases[i].text) == 1, "%s", cases[i].text);
        ck_assert_msg(c.ev[0].kind == cases[i].kind, "%s", cases[i].text);
        ck_assert_msg((cases[i].kind == BOT_EV_CONTROL ? (int)c.ev[0].control.control : c.ev[0].error.code) == cases[i].which, "%s", cases[i].text);
    }
    /* A batch is taken one by one, whatever the outer code says. */
    ck_assert_int_eq(ws("{\"op\":\"order.cancel-batch\",\"retCode\":0,\"reqId\":\"r\",\"data\":{\"list\":[{\"orderId\":\"1\"},{\"orderLinkId\":\"b\"}]},"
                        "\"retExtInfo\":{\"list\":[{\"code\":0,\"msg\":\"OK\"},{\"code\":110001,\"msg\":\"order not exists\"}]}}"), 2);
    ck_assert(c.ev[0].ack.accepted && !c.ev[1].ack.accepted && c.ev[1].ack.venue_code == 110001);
    ck_assert_int_lt(ws("{\"op\":\"order.cancel-batch\",\"retCode\":0,\"data\":{\"list\":[{\"orderId\":\"1\"},{\"orderId\":\"2\"}]},\"retExtInfo\":{\"list\":[{\"code\":0}]}}"), 0);
    ck_assert_int_eq(c.n, 0);
    (void)decode_rest(V, ctx, VENUE_CALL_CANCEL_BATCH, 200, "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"list\":[{\"orderId\":\"1\"},{\"orderLinkId\":\"b\"}]},"
                      "\"retExtInfo\":{\"list\":[{\"code\":0,\"msg\":\"OK\"},{\"code\":110001,\"msg\":\"order not exists\"}]}}", &c, &reply);
    ck_assert_int_eq(c.n, 2);
    ck_assert(c.ev[0].ack.accepted && !c.ev[1].ack.accepted && c.ev[1].ack.venue_code == 110001);
    (void)decode_rest(V, ctx, VENUE_CALL_CANCEL_BATCH, 200, "{\"retCode\":0,\"result\":{\"list\":[{\"orderId\":\"1\"}]},\"retExtInfo\":{}}", &c, &reply);
    ck_assert_int_eq(c.n, 0);
    ck_assert_int_eq(BOT_OUTCOME_MALFORMED, reply.outcome);
    /* Nothing has changed: an empty list is a message all the same. */
    ck_assert_int_eq(1, ws("{\"topic\":\"execution\",\"creationTime\":1,\"data\":[]}"));
    ck_assert_int_eq(BOT_EV_CONTROL, c.ev[0].kind);
    ck_assert_int_eq(1, ws("{\"topic\":\"wallet\",\"creationTime\":1,\"data\":[{\"accountType\":\"UNIFIED\",\"coin\":[]}]}"));
    ck_assert_int_eq(BOT_EV_CONTROL, c.ev[0].kind);
    /* The same frame through the REST decoder, as an answer to a call made over the socket. */
    (void)decode_rest(V, ctx, VENUE_CALL_SUBMIT, 0, "{\"reqId\":\"t\",\"retCode\":0,\"retMsg\":\"OK\",\"op\":\"order.create\",\"data\":{\"orderId\":\"o9\",\"orderLinkId\":\"\"},"
                      "\"header\":{\"X-Bapi-Limit\":\"10\",\"X-Bapi-Limit-Status\":\"9\",\"X-Bapi-Limit-Reset-Timestamp\":\"1711001595208\"}}", &c, &reply);
    ck_assert_int_eq(reply.outcome, BOT_OUTCOME_OK);
    ck_assert_str_eq(reply.order_id.s, "o9");
    ck_assert(reply.limit == 10 && reply.remaining == 9);
    stop();
}

TEST(bybit, an_order_that_is_canceled_may_have_filled_and_zero_prices_are_absent)
{
    start();
    ck_assert_int_eq(ws("{\"topic\":\"order\",\"creationTime\":5,\"data\":[{\"category\":\"linear\",\"symbol\":\"X\",\"orderId\":\"o\",\"orderStatus\":\"Cancelled\",\"side\":\"Sell\",\"qty\":\"2.0\","
                        "\"cumExecQty\":\"0.50\",\"leavesQty\":\"\",\"price\":\"0\",\"avgPrice\":\"\",\"triggerPrice\":\"0.00\",\"reduceOnly\":true,\"positionIdx\":1,"
                        "\"rejectReason\":\"EC_PostOnlyWillTakeLiquidity\"}]}"), 1);
    const bot_event *ev = &c.ev[0];
    ck_assert(ev->order.status == BOT_ORDER_CANCELED && ev->order.leg == BOT_LEG_LONG && ev->order.reduce_only);
    ck_assert_uint_eq(ev->has, BOT_HAS_QTY | BOT_HAS_CUM_QTY | BOT_HAS_REDUCE_ONLY);
    ck_assert_str_eq(dec_text(ev->order.cum_qty), "0.50");
    ck_assert_str_eq(ev->order.reason, "EC_PostOnlyWillTakeLiquidity");
    ck_assert(ev->venue_ns == 5 * MS);
    ck_assert_int_lt(ws("{\"topic\":\"order\",\"data\":[{\"category\":\"linear\",\"symbol\":\"X\",\"orderId\":\"o\",\"orderStatus\":\"Sleeping\",\"side\":\"Sell\"}]}"), 0);
    stop();
}

/* ---- encoding ------------------------------------------------------------------------------------------------ */

static struct venue_http http;
static int encode(const struct venue_request *req, int64_t wall_ms)
{
    struct bot__signer *signer = bot__signer_new("test_secret", 11);
    const struct venue_keys keys = { .key = "test_api_key", .signer = signer };
    const int r = V->encode_rest(req, &keys, wall_ms * MS, &http);
    bot__signer_free(signer);
    return r;
}
static const char *header(const char *name)
{
    for (uint32_t i = 0; i < http.headers_n; i++)
        if (strcmp(http.headers[i].name, name) == 0)
            return http.headers[i].value;
    return "";
}

TEST(bybit, signatures_are_those_of_the_vectors)
{
    ck_assert_int_eq(encode(&(struct venue_request){ .call = VENUE_CALL_POSITIONS, .instrument = symbol_of("BTCUSDT") }, 1700000000000), BOT_OK);
    ck_assert_str_eq(http.path, "/v5/position/list?category=linear&symbol=BTCUSDT");
    ck_assert_str_eq(header("X-BAPI-SIGN"), "fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63a0fdd7");
    ck_assert_str_eq(header("X-BAPI-TIMESTAMP"), "1700000000000");
    ck_assert_str_eq(header("X-BAPI-RECV-WINDOW"), "5000");
    ck_assert_str_eq(header("X-BAPI-API-KEY"), "test_api_key");
    struct bot__signer *signer = bot__signer_new("test_secret", 11);
    const struct venue_keys keys = { .key = "test_api_key", .signer = signer };
    char buf[512];
    ck_assert_int_gt(V->ws_login(BOT_STREAM_PRIVATE, &keys, (1700000000000 - 10000) * MS, buf, sizeof buf), 0);
    ck_assert_str_eq(buf, "{\"op\":\"auth\",\"args\":[\"test_api_key\",1700000000000,\"bacffe7500499eb829bb58c45d36d1b3e5ac67c14eaeba91df5e99ccee013925\"]}");
    ck_assert_int_eq(V->ws_login(BOT_STREAM_PUBLIC, &keys, 0, buf, sizeof buf), 0);
    bot__signer_free(signer);
}

TEST(bybit, a_cursor_is_encoded_once_more_as_it_stands)
{
    ck_assert_int_eq(encode(&(struct venue_request){ .call = VENUE_CALL_FILLS, .cursor = "132766%3A2%2C132766%3A2", .from_ns = 1000 * MS, .to_ns = 2000 * MS }, 5), BOT_OK);
    ck_assert_str_eq(http.path, "/v5/execution/list?category=linear&startTime=1000&endTime=2000&limit=100&cursor=132766%253A2%252C132766%253A2");
    /* and comes out of the body as it stood */
    start();
    (void)rest(VENUE_CALL_FILLS, "{\"retCode\":0,\"result\":{\"category\":\"linear\",\"list\":[],\"nextPageCursor\":\"132766%3A2%2C132766%3A2\"}}");
    ck_assert_int_eq(reply.outcome, BOT_OUTCOME_OK);
    ck_assert_str_eq(reply.cursor, "132766%3A2%2C132766%3A2");
    stop();
}

TEST(bybit, account_wide_reads_cover_usdt_usdc_and_inverse)
{
    static const char *const positions[] = { "/v5/position/list?category=linear&settleCoin=USDT&limit=200", "/v5/position/list?category=linear&settleCoin=USDC&limit=200",
                                             "/v5/position/list?category=inverse&limit=200" };
    static const char *const orders[] = { "/v5/order/realtime?category=linear&settleCoin=USDT&openOnly=0&limit=50",
                                          "/v5/order/realtime?category=linear&settleCoin=USDC&openOnly=0&limit=50",
                                          "/v5/order/realtime?category=inverse&openOnly=0&limit=50" };
    ck_assert(V->positions_parts == 3 && V->orders_parts == 3 && V->fills_parts == 2 && V->instruments_parts == 2);
    for (uint32_t part = 0; part < 3; part++) {
        ck_assert_int_eq(encode(&(struct venue_request){ .call = VENUE_CALL_POSITIONS, .part = part }, 1), BOT_OK);
        ck_assert_str_eq(http.path, positions[part]);
        ck_assert_int_eq(encode(&(struct venue_request){ .call = VENUE_CALL_OPEN_ORDERS, .part = part }, 1), BOT_OK);
        ck_assert_str_eq(http.path, orders[part]);
    }
    ck_assert_int_eq(encode(&(struct venue_request){ .call = VENUE_CALL_POSITIONS, .part = 3 }, 1), BOT_ERR_INVALID);
    ck_assert_int_eq(encode(&(struct venue_request){ .call = VENUE_CALL_DEAD_MAN, .window_ms = 10000 }, 1), BOT_ERR_UNSUPPORTED);
    ck_assert(!V->has_dead_man);
}

static const char *body_of(const struct venue_request *req)
{
    ck_assert_int_eq(encode(req, 1), BOT_OK);
    ck_assert_str_eq(http.method, "POST");
    ck_assert_uint_eq(http.body_len, strlen(http.body));
    return http.body;
}

TEST(bybit, order_bodies_are_those_of_the_public_cases)
{
    char *cases = test_read_file(test_shared("data/ccxt-static/request/bybit.json"), NULL);
    static const struct { const char *description; struct venue_request req; const char *qty, *price, *instrument; } ours[] = {
        { "reduceOnly and postOnly", { .call = VENUE_CALL_SUBMIT, .order = { .side = BOT_SELL, .type = BOT_LIMIT, .tif = BOT_POST_ONLY, .reduce_only = true } }, "0.1", "100", "LTCUSDT" },
        { "inverse market buy", { .call = VENUE_CALL_SUBMIT, .order = { .side = BOT_BUY, .type = BOT_MARKET } }, "1", "0", "BTCUSD" },
        { "cancelOrder", { .call = VENUE_CALL_CANCEL }, "0", "0", "LTCUSDT" },
    };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        struct venue_request req = ours[i].req;
        req.instrument = symbol_of(ours[i].instrument);
        req.order.qty.v = fixed_of(ours[i].qty);
        req.order.price.v = fixed_of(ours[i].price);
        if (req.call == VENUE_CALL_CANCEL)
            req.order_id = id_of("8caeea8c-cf80-4b06-83e8-bb7df45fc122");
        char escaped[1024] = "\"";
        struct json_out o;
        bot__jo_init(&o, escaped, sizeof escaped);
        bot__jo_str(&o, NULL, body_of(&req));
        ck_assert_int_gt(bot__jo_end(&o), 0);
        ck_assert_msg(strstr(cases, escaped) != NULL, "%s: %s stands in no case", ours[i].description, escaped);
    }
    free(cases);
}

TEST(bybit, orders_say_exactly_what_was_asked)
{
    struct venue_request req = { .call = VENUE_CALL_SUBMIT, .instrument = symbol_of("BTCUSDT"), .client_id = id_of("abc-1"),
                                 .order = { .side = BOT_BUY, .type = BOT_LIMIT, .tif = BOT_GTC, .leg = BOT_LEG_LONG } };
    req.order.qty.v = fixed_of("0.0100");
    req.order.price.v = fixed_of("65000.50");
    ck_assert_str_eq(body_of(&req), "{\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"category\":\"linear\",\"qty\":\"0.01\",\"price\":\"65000.5\","
                                    "\"timeInForce\":\"GTC\",\"positionIdx\":1,\"orderLinkId\":\"abc-1\"}");
    char frame[1024];
    req.request_id = id_of("r1");
    req.order.leg = BOT_LEG_NET;
    ck_assert_int_gt(V->encode_ws(&req, NULL, 7 * MS, frame, sizeof frame), 0);
    ck_assert_str_eq(frame, "{\"reqId\":\"r1\",\"header\":{\"X-BAPI-TIMESTAMP\":\"7\",\"X-BAPI-RECV-WINDOW\":\"5000\"},\"op\":\"order.create\",\"args\":[{\"symbol\":\"BTCUSDT\","
                            "\"side\":\"Buy\",\"orderType\":\"Limit\",\"category\":\"linear\",\"qty\":\"0.01\",\"price\":\"65000.5\",\"timeInForce\":\"GTC\",\"orderLinkId\":\"abc-1\"}]}");
    ck_assert_int_eq(V->encode_ws(&req, NULL, 7 * MS, frame, 40), BOT_ERR_FULL);
    req.order.qty.v = 0;
    ck_assert_int_eq(encode(&req, 1), BOT_ERR_INVALID);
    ck_assert_str_eq(body_of(&(struct venue_request){ .call = VENUE_CALL_AMEND, .instrument = symbol_of("BTCUSDT"), .client_id = id_of("c"), .order = { .price = { fixed_of("5") } } }),
                     "{\"symbol\":\"BTCUSDT\",\"orderLinkId\":\"c\",\"category\":\"linear\",\"price\":\"5\"}");
    ck_assert_int_eq(encode(&(struct venue_request){ .call = VENUE_CALL_AMEND, .instrument = symbol_of("BTCUSDT"), .client_id = id_of("c") }, 1), BOT_ERR_INVALID);
    ck_assert_int_eq(encode(&(struct venue_request){ .call = VENUE_CALL_CANCEL, .instrument = symbol_of("BTCUSDT") }, 1), BOT_ERR_INVALID);
    ck_assert_str_eq(body_of(&(struct venue_request){ .call = VENUE_CALL_CANCEL_ALL, .instrument = symbol_of("BTCUSDH27") }), "{\"category\":\"inverse\",\"symbol\":\"BTCUSDH27\"}");
    ck_assert_str_eq(body_of(&(struct venue_request){ .call = VENUE_CALL_CANCEL_ALL, .part = 1 }), "{\"category\":\"linear\",\"settleCoin\":\"USDC\"}");
}

TEST(bybit, subscriptions_take_every_instrument_once_and_stay_in_bounds)
{
    static bot_symbol many[120];
    char buf[8192];
    int topics = 0;
    for (int i = 0; i < 120; i++) {
        char name[32];
        snprintf(name, sizeof name, "COIN%03dUSDT", i);
        many[i] = symbol_of(name);
    }
    for (uint32_t index = 0;; index++) {
        const int n = V->ws_subscribe(BOT_STREAM_PUBLIC, many, 120, index, buf, sizeof buf);
        ck_assert_int_ge(n, 0);
        if (n == 0)
            break;
        for (const char *p = buf; (p = strstr(p, "publicTrade.")) != NULL; p++)
            topics++;
    }
    ck_assert_int_eq(topics, 120);
    ck_assert_int_gt(V->ws_subscribe(BOT_STREAM_PRIVATE, NULL, 0, 0, buf, sizeof buf), 0);
    ck_assert_str_eq(buf, "{\"op\":\"subscribe\",\"args\":[\"execution\",\"order\",\"position\",\"wallet\"]}");
    ck_assert_int_eq(V->ws_subscribe(BOT_STREAM_PRIVATE, NULL, 0, 1, buf, sizeof buf), 0);
    ck_assert_int_gt(V->ws_path(BOT_STREAM_PUBLIC, many, 1, NULL, buf, sizeof buf), 0);
    ck_assert_str_eq(buf, "/linear");
    const bot_symbol both[] = { symbol_of("BTCUSD"), symbol_of("BTCUSDT") };
    ck_assert_int_gt(V->ws_path(BOT_STREAM_PUBLIC_2, both, 2, NULL, buf, sizeof buf), 0);
    ck_assert_str_eq(buf, "/inverse");
    ck_assert_int_gt(V->ws_subscribe(BOT_STREAM_PUBLIC, both, 2, 0, buf, sizeof buf), 0);
    ck_assert_str_eq(buf, "{\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\",\"orderbook.50.BTCUSDT\"]}");
    ck_assert_int_gt(V->ws_subscribe(BOT_STREAM_PUBLIC_2, both, 2, 0, buf, sizeof buf), 0);
    ck_assert_str_eq(buf, "{\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSD\",\"orderbook.50.BTCUSD\"]}");
    ck_assert_int_eq(V->ws_subscribe(BOT_STREAM_PUBLIC, both, 1, 0, buf, sizeof buf), 0);
    ck_assert_int_eq(V->ws_public_of(&both[0], true), BOT_STREAM_PUBLIC_2);
    ck_assert_int_eq(V->ws_public_of(&both[1], false), BOT_STREAM_PUBLIC);
}

TEST(bybit, a_key_says_what_it_may_do)
{
    start();
    rest(VENUE_CALL_KEY, "{\"retCode\":0,\"retMsg\":\"\",\"result\":{\"id\":\"1\",\"readOnly\":0,\"permissions\":{\"ContractTrade\":[\"Order\",\"Position\"],"
                         "\"Wallet\":[\"AccountTransfer\",\"Withdraw\"],\"Spot\":[]},\"ips\":[\"10.0.0.1\"],\"deadlineDay\":83},\"time\":1}");
    ck_assert(reply.outcome == BOT_OUTCOME_OK && reply.key.trades && reply.key.withdraws && !reply.key.anywhere && reply.key.days_left == 83);
    rest(VENUE_CALL_KEY, "{\"retCode\":0,\"retMsg\":\"\",\"result\":{\"readOnly\":1,\"permissions\":{\"Wallet\":[\"Withdraw\"]},\"ips\":[\"*\"]},\"time\":1}");
    ck_assert_msg(reply.outcome == BOT_OUTCOME_OK && !reply.key.trades && !reply.key.withdraws && reply.key.anywhere && reply.key.days_left == -1,
                  "a key that only reads cannot do what its permissions name");
    rest(VENUE_CALL_KEY, "{\"retCode\":0,\"retMsg\":\"\",\"result\":{\"ips\":[]},\"time\":1}");
    ck_assert_int_eq(reply.outcome, BOT_OUTCOME_MALFORMED);
    const struct venue_request req = { .call = VENUE_CALL_KEY };
    ck_assert_int_eq(encode(&req, 1), BOT_OK);
    stop();
}
