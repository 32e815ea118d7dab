#include "venue/venue.h"

extern const struct venue bot__venue_okx;
#define V (&bot__venue_okx)
#include "codec_kit.h"
#include "words.h"

/* ---- recordings --------------------------------------------------------------------------------------------- */

#define ORDER_EVENTS (YIELDS(BOT_EV_ORDER))
static const struct recording_kind kinds[] = {
    { "rest_account_info", RECORDING_REST, VENUE_CALL_MODE, 0, "the position mode, in the reply" },
    { "rest_balance", RECORDING_REST, VENUE_CALL_BALANCE, YIELDS(BOT_EV_WALLET), NULL },
    { "rest_bills", RECORDING_REST, VENUE_CALL_ACCOUNT_LOG, YIELDS(BOT_EV_CONTROL), "no funding among them" },
    { "rest_cancel_all_after", RECORDING_REST, VENUE_CALL_DEAD_MAN, 0, "nothing but success" },
    { "rest_errors", RECORDING_REST, VENUE_CALL_SUBMIT, 0, NULL },
    { "rest_fee_rate", RECORDING_NOTHING, 0, 0, "fee rates are not asked for" },
    { "rest_fills", RECORDING_REST, VENUE_CALL_FILLS, YIELDS(BOT_EV_FILL), NULL },
    { "rest_funding", RECORDING_NOTHING, 0, 0, "funding rates are no payments" },
    { "rest_instruments", RECORDING_REST, VENUE_CALL_INSTRUMENTS, YIELDS(BOT_EV_INSTRUMENT), NULL },
    { "rest_order_ack", RECORDING_REST, VENUE_CALL_SUBMIT, YIELDS(BOT_EV_ACK), NULL },
    { "rest_orderbook", RECORDING_REST, VENUE_CALL_BOOK, YIELDS(BOT_EV_BOOK), NULL },
    { "rest_orders", RECORDING_REST, VENUE_CALL_OPEN_ORDERS, ORDER_EVENTS, NULL },
    { "rest_position_history", RECORDING_NOTHING, 0, 0, "closed positions are not asked for" },
    { "rest_position_mode", RECORDING_REST, VENUE_CALL_MODE, 0, "the position mode, in the reply" },
    { "rest_positions", RECORDING_REST, VENUE_CALL_POSITIONS, YIELDS(BOT_EV_POSITION), NULL },
    { "rest_public_trades", RECORDING_REST, VENUE_CALL_PUBLIC_TRADES, YIELDS(BOT_EV_TRADE), NULL },
    { "rest_time", RECORDING_REST, VENUE_CALL_TIME, YIELDS(BOT_EV_TIME), NULL },
    { "ws_balance_and_position", RECORDING_WS, 0, YIELDS(BOT_EV_POSITION), NULL },
    { "ws_capture", RECORDING_WS, 0, YIELDS(BOT_EV_BOOK), NULL },
    { "ws_control", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_errors", RECORDING_WS, 0, YIELDS(BOT_EV_ERROR), NULL },
    { "ws_fills", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_funding", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_instruments", RECORDING_WS, 0, YIELDS(BOT_EV_INSTRUMENT), NULL },
    { "ws_liquidation", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_liquidation_warning", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_order", RECORDING_WS, 0, YIELDS(BOT_EV_FILL), NULL },
    { "ws_order_entry", RECORDING_WS, 0, YIELDS(BOT_EV_ACK) | YIELDS(BOT_EV_ERROR), NULL },
    { "ws_orderbook", RECORDING_WS, 0, YIELDS(BOT_EV_BOOK), NULL },
    { "ws_position", RECORDING_WS, 0, YIELDS(BOT_EV_POSITION), NULL },
    { "ws_public_trades", RECORDING_WS, 0, YIELDS(BOT_EV_TRADE), NULL },
    { "ws_ticker", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_wallet", RECORDING_WS, 0, YIELDS(BOT_EV_WALLET), NULL },
    { NULL, 0, 0, 0, NULL },
};
static const struct recording_exception exceptions[] = {
    { "rest_balance__nt-http_balance_detail_new_fields.json", true, 0, "a bare row without an envelope" },
    { "rest_bills__jk-Endpoints-UnifiedApi-Account-GetFundingBillHistory.json", false, 0, "bills of the funding account" },
    { "rest_cancel_all_after__ccxt-okx-fetchClosedOrders-5069.json", true, 0, "a list of algo orders" },
    { "rest_fills__nt-http_transaction_detail_empty_fee.json", true, 0, "a bare row without an envelope" },
    { "rest_orders__ccxt-okx-fetchOrder-4476.json", true, 0, "line breaks inside its numbers" },
    { NULL, false, 0, NULL },
};

TEST(okx, every_recording_yields_what_its_kind_says_or_is_refused)
{
    const struct recording_totals t = recordings_check(V, kinds, exceptions, stderr);
    fprintf(stderr, "# okx: %d files, %d messages, %d refused, %d events\n", t.files, t.messages, t.refused, t.events);
    ck_assert_int_gt(t.messages, 300);
}

/* ---- orders channel ----------------------------------------------------------------------------------------- */

#define ORDER(fields) "{\"arg\":{\"channel\":\"orders\",\"instType\":\"SWAP\",\"uid\":\"1\"},\"data\":[{" fields "}]}"
#define BASE "\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"ordId\":\"77\",\"clOrdId\":\"lb1\",\"side\":\"buy\",\"posSide\":\"net\"," \
             "\"ordType\":\"limit\",\"sz\":\"2.00\",\"px\":\"65000.50\",\"reduceOnly\":\"false\",\"category\":\"normal\",\"uTime\":\"1700000000005\""

TEST(okx, a_push_with_a_match_gives_the_fill_and_then_the_order)
{
    start();
    ck_assert_int_eq(2, ws(ORDER(BASE ",\"state\":\"partially_filled\",\"accFillSz\":\"0.50\",\"avgPx\":\"65000.10\",\"tradeId\":\"9001\","
                                      "\"fillSz\":\"0.50\",\"fillPx\":\"65000.10\",\"fillTime\":\"1700000000004\",\"fillFee\":\"-0.1625\","
                                      "\"fillFeeCcy\":\"USDT\",\"execType\":\"M\",\"fee\":\"-0.1625\",\"feeCcy\":\"USDT\"")));
    const bot_event *fill = &c.ev[0], *order = &c.ev[1];
    ck_assert_int_eq(BOT_EV_FILL, fill->kind);
    ck_assert_str_eq("9001", fill->fill.exec_id.s);
    ck_assert_str_eq("77", fill->fill.order_id.s);
    ck_assert_str_eq("lb1", fill->fill.client_id.s);
    ck_assert_str_eq("BTC-USDT-SWAP", fill->instrument.s);
    ck_assert_str_eq("0.50", dec_text(fill->fill.qty));
    ck_assert_str_eq("65000.10", dec_text(fill->fill.price));
    ck_assert_str_eq("0.1625", dec_text(fill->fill.fee)); /* paid is positive */
    ck_assert_str_eq("USDT", fill->fill.fee_currency.s);
    ck_assert_int_eq(BOT_MAKER, fill->fill.liquidity);
    ck_assert_int_eq(BOT_FILL_TRADE, fill->fill.kind);
    ck_assert_int_eq(BOT_LEG_NET, fill->fill.leg);
    ck_assert_int_eq(9001, fill->seq);
    ck_assert_int_eq(INT64_C(1700000000004) * MS, fill->venue_ns);
    ck_assert(!fill->fill.derived);
    ck_assert_int_eq(BOT_EV_ORDER, order->kind);
    ck_assert_int_eq(BOT_ORDER_PARTIALLY_FILLED, order->order.status);
    ck_assert_str_eq("2.00", dec_text(order->order.qty));
    ck_assert_str_eq("0.50", dec_text(order->order.cum_qty));
    ck_assert_str_eq("65000.50", dec_text(order->order.price));
    ck_assert_int_eq(BOT_LIMIT, order->order.type);
    ck_assert_int_eq(BOT_GTC, order->order.tif);
    ck_assert((order->has & BOT_HAS_REDUCE_ONLY) && !order->order.reduce_only);
    ck_assert_int_eq(INT64_C(1700000000005) * MS, order->venue_ns);
    stop();
}

TEST(okx, a_push_without_a_match_is_only_an_order)
{
    start();
    ck_assert_int_eq(1, ws(ORDER(BASE ",\"state\":\"live\",\"accFillSz\":\"0\",\"fillSz\":\"0\",\"tradeId\":\"\",\"fillPx\":\"\"")));
    ck_assert_int_eq(BOT_ORDER_OPEN, c.ev[0].order.status);
    ck_assert_int_eq(1, ws(ORDER(BASE ",\"state\":\"canceled\",\"accFillSz\":\"0.5\",\"fillSz\":\"0\",\"tradeId\":\"\",\"cancelSource\":\"1\"")));
    ck_assert_int_eq(BOT_ORDER_CANCELED, c.ev[0].order.status);
    ck_assert_str_eq("cancelSource 1", c.ev[0].order.reason);
    stop();
}

TEST(okx, a_rebate_is_negative)
{
    start();
    ck_assert_int_eq(2, ws(ORDER(BASE ",\"state\":\"filled\",\"accFillSz\":\"2.00\",\"tradeId\":\"3\",\"fillSz\":\"2.00\",\"fillPx\":\"1\","
                                      "\"fillFee\":\"0.02\",\"fillFeeCcy\":\"USDT\"")));
    ck_assert_str_eq("-0.02", dec_text(c.ev[0].fill.fee));
    stop();
}

/* Order pushes of liquidations have trade id 0, which two pushes of one order share; the fills list names them negative. */
TEST(okx, liquidation_pushes_without_an_id_are_told_apart_and_marked_derived)
{
    start();
#define LIQ "\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"ordId\":\"88\",\"clOrdId\":\"\",\"side\":\"sell\",\"posSide\":\"net\"," \
            "\"ordType\":\"market\",\"sz\":\"2\",\"category\":\"full_liquidation\",\"uTime\":\"1\""
    ck_assert_int_eq(2, ws(ORDER(LIQ ",\"state\":\"partially_filled\",\"accFillSz\":\"1\",\"tradeId\":\"0\",\"fillSz\":\"1\",\"fillPx\":\"9\"")));
    ck_assert_str_eq("88:1", c.ev[0].fill.exec_id.s);
    ck_assert_int_eq(BOT_FILL_LIQUIDATION, c.ev[0].fill.kind);
    ck_assert(c.ev[0].fill.derived);
    ck_assert(c.ev[0].seq == BOT_SEQ_NONE);
    ck_assert_int_eq(2, ws(ORDER(LIQ ",\"state\":\"filled\",\"accFillSz\":\"2\",\"tradeId\":\"\",\"fillSz\":\"1\",\"fillPx\":\"9\"")));
    ck_assert_str_eq("88:2", c.ev[0].fill.exec_id.s);

    ck_assert_int_eq(1, rest(VENUE_CALL_FILLS, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"instId\":\"BTC-USDT-SWAP\",\"tradeId\":\"-15\","
                             "\"ordId\":\"88\",\"billId\":\"5\",\"subType\":\"107\",\"side\":\"sell\",\"posSide\":\"net\",\"fillSz\":\"1\","
                             "\"fillPx\":\"9\",\"fee\":\"-0.1\",\"feeCcy\":\"USDT\",\"ts\":\"7\"}]}"));
    ck_assert_str_eq("-15", c.ev[0].fill.exec_id.s);
    ck_assert_int_eq(BOT_FILL_LIQUIDATION, c.ev[0].fill.kind);
    ck_assert(!c.ev[0].fill.derived);
    ck_assert_str_eq("88", c.ev[0].fill.order_id.s);
    stop();
}

TEST(okx, categories_say_what_kind_of_fill_it_is_and_an_unknown_one_is_said_so)
{
    static const struct { const char *word; bot_fill_kind kind; } words[] = {
        { "normal", BOT_FILL_TRADE }, { "adl", BOT_FILL_ADL }, { "partial_liquidation", BOT_FILL_LIQUIDATION },
        { "delivery", BOT_FILL_SETTLEMENT }, { "ddh", BOT_FILL_TRADE }, { "something_new", BOT_FILL_UNKNOWN },
    };
    start();
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char text[600];
        snprintf(text, sizeof text, ORDER("\"instType\":\"SWAP\",\"instId\":\"X-Y-SWAP\",\"ordId\":\"1\",\"side\":\"buy\",\"posSide\":\"net\",\"ordType\":\"market\","
                 "\"sz\":\"1\",\"state\":\"filled\",\"accFillSz\":\"1\",\"tradeId\":\"4\",\"fillSz\":\"1\",\"fillPx\":\"2\",\"category\":\"%s\""), words[i].word);
        ck_assert_int_eq(2, ws(text));
        ck_assert_int_eq(words[i].kind, c.ev[0].fill.kind);
    }
    stop();
}

/* Spot market orders are closed by one push more, without an id. */
TEST(okx, the_closing_push_of_a_spot_market_order_is_no_fill)
{
    start();
    ck_assert_int_eq(1, ws(ORDER("\"instType\":\"SPOT\",\"instId\":\"BTC-USDT\",\"ordId\":\"5\",\"side\":\"buy\",\"posSide\":\"\",\"ordType\":\"market\","
                                 "\"sz\":\"100\",\"tgtCcy\":\"quote_ccy\",\"state\":\"filled\",\"accFillSz\":\"0.002\",\"tradeId\":\"\",\"fillSz\":\"0.002\","
                                 "\"fillPx\":\"50000\",\"category\":\"normal\"")));
    ck_assert_int_eq(BOT_EV_ORDER, c.ev[0].kind);
    ck_assert(!(c.ev[0].has & BOT_HAS_QTY)); /* 100 is money */
    stop();
}

static const char *push_without_fee(const char *trade, const char *acc, const char *size, const char *fee)
{
    static char text[900];
    snprintf(text, sizeof text, ORDER(BASE ",\"state\":\"partially_filled\",\"accFillSz\":\"%s\",\"tradeId\":\"%s\",\"fillSz\":\"%s\",\"fillPx\":\"5\","
             "\"fee\":\"%s\",\"feeCcy\":\"USDT\""), acc, trade, size, fee);
    return text;
}

TEST(okx, a_missing_fill_fee_is_the_growth_of_the_orders_fee)
{
    start();
    ck_assert_int_eq(2, ws(push_without_fee("1", "0.4", "0.4", "-0.10")));
    ck_assert_str_eq("0.10", dec_text(c.ev[0].fill.fee));
    ck_assert_str_eq("USDT", c.ev[0].fill.fee_currency.s);
    ck_assert_int_eq(2, ws(push_without_fee("2", "1.0", "0.6", "-0.25")));
    ck_assert_str_eq("0.15", dec_text(c.ev[0].fill.fee));
    ck_assert_int_eq(2, ws(push_without_fee("2", "1.0", "0.6", "-0.25"))); /* pushed again: the same fill, the same fee */
    ck_assert_str_eq("0.15", dec_text(c.ev[0].fill.fee));
    ck_assert_int_eq(2, ws(push_without_fee("4", "1.9", "0.4", "-0.40"))); /* one in between was missed */
    ck_assert(!(c.ev[0].has & BOT_HAS_FEE));
    ck_assert_int_eq(2, ws(push_without_fee("5", "2.0", "0.1", "-0.41")));
    ck_assert_str_eq("0.01", dec_text(c.ev[0].fill.fee));
    /* Without a memory only the first fill's fee is known. */
    free(ctx->state);
    ctx->state = NULL;
    ck_assert_int_eq(2, ws(push_without_fee("1", "0.4", "0.4", "-0.10")));
    ck_assert(c.ev[0].has & BOT_HAS_FEE);
    ck_assert_int_eq(2, ws(push_without_fee("2", "1.0", "0.6", "-0.25")));
    ck_assert(!(c.ev[0].has & BOT_HAS_FEE));
    stop();
}

/* SCENARIOS 8, and what else must not be believed. No event comes out, not even of the good row before the bad one. */
TEST(scenario, s08_okx_refuses_numbers_that_are_none_and_gives_nothing_of_their_message)
{
    static const char *const sizes[] = { "1e-8", "NaN", "-1", "+1", "1.", ".5", " 1", "0x1", "1234567890123456789012345678901234567890", "Infinity", "1,000" };
    static const char good[] = BASE ",\"state\":\"filled\",\"accFillSz\":\"1\",\"tradeId\":\"1\",\"fillSz\":\"1\",\"fillPx\":\"1\"";
    start();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char text[2000];
        snprintf(text, sizeof text, "{\"arg\":{\"channel\":\"orders\"},\"data\":[{%s},{" BASE
                 ",\"state\":\"filled\",\"accFillSz\":\"1\",\"tradeId\":\"2\",\"fillSz\":\"%s\",\"fillPx\":\"1\"}]}", good, sizes[i]);
        ck_assert_msg(ws(text) < 0, "size %s was read", sizes[i]);
        ck_assert_int_eq(0, c.n);
        ck_assert_msg(strncmp(ctx->why, "fillSz: ", 8) == 0, "said: %s", ctx->why);
    }
    stop();
}

TEST(okx, a_message_that_says_a_thing_twice_or_ends_early_gives_nothing)
{
    static const char *const bad[] = {
        "", "{", "[]", "null", "{}", "pong!", "{\"arg\":{\"channel\":\"orders\"}}",
        "{\"arg\":{\"channel\":\"orders\"},\"data\":[]} x",
        "{\"arg\":{\"channel\":\"orders\"},\"data\":[],\"data\":[]}",
        "{\"arg\":{\"channel\":\"positions\"},\"data\":{}}",
        "{\"arg\":{\"channel\":\"positions\"},\"data\":[{\"instId\":\"A-B-SWAP\",\"posSide\":\"net\",\"pos\":\"1\",\"pos\":\"2\"}]}",
        "{\"arg\":{\"channel\":\"positions\"},\"data\":[{\"instId\":\"A-B-SWAP\",\"posSide\":\"net\",\"pos\":\"\"}]}",
        "{\"arg\":{\"channel\":\"positions\"},\"data\":[{\"instId\":\"A-B-SWAP\",\"posSide\":\"both\",\"pos\":\"1\"}]}",
        "{\"arg\":{\"channel\":\"positions\"},\"data\":[{\"instId\":\"A-B-SWAP\",\"posSide\":\"long\",\"pos\":\"-1\"}]}",
        "{\"arg\":{\"channel\":\"positions\"},\"data\":[{\"instId\":\"A-B-SWAP\",\"posSide\":\"net\",\"pos\":[1]}]}",
        "{\"arg\":{\"channel\":\"positions\"},\"data\":[{\"posSide\":\"net\",\"pos\":\"1\"}]}",
        "{\"arg\":{\"channel\":\"orders\"},\"data\":[{\"instId\":\"A\",\"ordId\":\"1\",\"side\":\"buy\",\"state\":\"new_state\"}]}",
    };
    start();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(ws(bad[i]) < 0, "was read: %s", bad[i]);
        ck_assert_int_eq(0, c.n);
    }
    stop();
}

/* ---- positions ---------------------------------------------------------------------------------------------- */

TEST(okx, a_short_leg_counts_below_zero_and_a_net_position_has_its_sign)
{
    start();
    ck_assert_int_eq(4, rest(VENUE_CALL_POSITIONS, "{\"code\":\"0\",\"data\":["
        "{\"instType\":\"SWAP\",\"instId\":\"A-B-SWAP\",\"posSide\":\"short\",\"pos\":\"3.0\",\"avgPx\":\"7.10\",\"uTime\":\"5\",\"tradeId\":\"12\"},"
        "{\"instType\":\"SWAP\",\"instId\":\"A-B-SWAP\",\"posSide\":\"long\",\"pos\":\"1\",\"avgPx\":\"7\",\"uTime\":\"5\"},"
        "{\"instType\":\"SWAP\",\"instId\":\"C-B-SWAP\",\"posSide\":\"net\",\"pos\":\"-2\",\"avgPx\":\"\",\"uTime\":\"5\"},"
        "{\"instType\":\"SWAP\",\"instId\":\"D-B-SWAP\",\"posSide\":\"net\",\"pos\":\"0\",\"avgPx\":\"\",\"uTime\":\"5\"}],\"msg\":\"\"}"));
    ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
    ck_assert_str_eq("-3.0", dec_text(c.ev[0].position.qty));
    ck_assert_int_eq(BOT_LEG_SHORT, c.ev[0].position.leg);
    ck_assert_str_eq("7.10", dec_text(c.ev[0].position.entry_price));
    ck_assert_int_eq(12, c.ev[0].seq);
    ck_assert_int_eq(5 * MS, c.ev[0].venue_ns);
    ck_assert_str_eq("1", dec_text(c.ev[1].position.qty));
    ck_assert_str_eq("-2", dec_text(c.ev[2].position.qty));
    ck_assert(!(c.ev[2].has & BOT_HAS_ENTRY_PRICE));
    ck_assert(c.ev[2].seq == BOT_SEQ_NONE);
    ck_assert_str_eq("0", dec_text(c.ev[3].position.qty));
    stop();
}

TEST(okx, nothing_but_a_clean_success_is_an_empty_account)
{
    static const struct { int http; const char *body; bot_outcome outcome; } answers[] = {
        { 200, "{\"code\":\"0\",\"msg\":\"\",\"data\":[]}", BOT_OUTCOME_OK },
        { 200, "", BOT_OUTCOME_MALFORMED },
        { 200, "<html>blocked</html>", BOT_OUTCOME_MALFORMED },
        { 200, "{\"code\":\"0\",\"msg\":\"\"}", BOT_OUTCOME_MALFORMED },
        { 200, "{\"code\":\"0\",\"data\":{}}", BOT_OUTCOME_MALFORMED },
        { 200, "{\"data\":[]}", BOT_OUTCOME_MALFORMED },
        { 200, "{\"code\":\"0\",\"data\":[", BOT_OUTCOME_MALFORMED },
        { 200, "{\"code\":\"50011\",\"msg\":\"Too Many Requests\",\"data\":[]}", BOT_OUTCOME_LIMITED },
        { 429, "{\"code\":\"50011\",\"msg\":\"Too Many Requests\",\"data\":[]}", BOT_OUTCOME_LIMITED },
        { 429, "error code: 1015", BOT_OUTCOME_LIMITED },
        { 403, "<html>", BOT_OUTCOME_BANNED },
        { 502, "{\"code\":\"0\",\"data\":[]}", BOT_OUTCOME_UNKNOWN },
        { 503, "{\"code\":\"50001\",\"msg\":\"Service temporarily unavailable\",\"data\":[]}", BOT_OUTCOME_MAINTENANCE },
        { 401, "{\"code\":\"50113\",\"msg\":\"Invalid Sign\",\"data\":[]}", BOT_OUTCOME_AUTH },
        { 401, "{\"code\":\"50102\",\"msg\":\"Timestamp request expired\",\"data\":[]}", BOT_OUTCOME_CLOCK },
        { 200, "{\"code\":\"0\",\"data\":[{\"instId\":\"A-B-SWAP\",\"posSide\":\"net\",\"pos\":\"1\"},{\"instId\":\"A\"}]}", BOT_OUTCOME_MALFORMED },
    };
    start();
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        decode_rest(V, ctx, VENUE_CALL_POSITIONS, answers[i].http, answers[i].body, &c, &reply);
        ck_assert_msg(reply.outcome == answers[i].outcome, "%s: outcome %d", answers[i].body, reply.outcome);
        ck_assert_int_eq(0, c.n);
    }
    stop();
}

TEST(okx, a_margin_position_held_in_money_is_named_and_not_counted)
{
    start();
    ck_assert_int_eq(1, rest(VENUE_CALL_POSITIONS, "{\"code\":\"0\",\"data\":[{\"instType\":\"MARGIN\",\"instId\":\"BTC-USDT\",\"posSide\":\"net\","
                             "\"pos\":\"100\",\"posCcy\":\"USDT\"}]}"));
    ck_assert_int_eq(BOT_EV_ERROR, c.ev[0].kind);
    ck_assert_int_eq(BOT_ERR_UNSUPPORTED, c.ev[0].error.code);
    stop();
}

TEST(okx, a_full_page_of_fills_has_a_next_one_and_a_short_one_has_not)
{
    start();
    char *body = malloc(60000);
    for (int rows = 99; rows <= 100; rows++) {
        int n = sprintf(body, "{\"code\":\"0\",\"data\":[");
        for (int i = 0; i < rows; i++)
            n += sprintf(body + n, "%s{\"instId\":\"A-B-SWAP\",\"tradeId\":\"%d\",\"ordId\":\"1\",\"billId\":\"%d\",\"side\":\"buy\",\"fillSz\":\"1\",\"fillPx\":\"2\"}",
                         i > 0 ? "," : "", 1000 - i, 5000 - i);
        sprintf(body + n, "]}");
        ck_assert_int_eq(rows, rest(VENUE_CALL_FILLS, body));
        ck_assert_str_eq(rows == 100 ? "4901" : "", reply.cursor);
    }
    free(body);
    stop();
}

TEST(okx, funding_is_a_bill_and_moves_no_size)
{
    start();
    ck_assert_int_eq(2, rest(VENUE_CALL_ACCOUNT_LOG, "{\"code\":\"0\",\"data\":[{\"billId\":\"1\",\"type\":\"2\",\"balChg\":\"1\",\"ccy\":\"USDT\"},"
                             "{\"billId\":\"2\",\"type\":\"8\",\"subType\":\"173\",\"instId\":\"A-B-SWAP\",\"balChg\":\"-0.75\",\"ccy\":\"USDT\",\"ts\":\"9\"}]}"));
    ck_assert_int_eq(BOT_EV_CONTROL, c.ev[0].kind); /* what a trade did to the wallet: said, not counted */
    ck_assert_str_eq("bill type 2", c.ev[0].control.text);
    ck_assert_int_eq(BOT_EV_FUNDING, c.ev[1].kind);
    ck_assert_str_eq("0.75", dec_text(c.ev[1].funding.amount)); /* paid is positive */
    ck_assert_str_eq("2", c.ev[1].funding.exec_id.s);
    ck_assert_str_eq("A-B-SWAP", c.ev[1].instrument.s);
    stop();
}

TEST(okx, contracts_keep_their_count_and_the_multiplier_says_what_one_is_worth)
{
    start();
    ck_assert_int_eq(2, rest(VENUE_CALL_INSTRUMENTS, "{\"code\":\"0\",\"data\":["
        "{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"instFamily\":\"BTC-USDT\",\"settleCcy\":\"USDT\",\"ctType\":\"linear\",\"ctVal\":\"0.01\","
        "\"ctMult\":\"10\",\"tickSz\":\"0.1\",\"lotSz\":\"0.01\",\"minSz\":\"0.01\",\"maxLmtSz\":\"1000\",\"state\":\"live\"},"
        "{\"instType\":\"SWAP\",\"instId\":\"BTC-USD_UM-SWAP\",\"instFamily\":\"BTC-USD_UM\",\"settleCcy\":\"BTC\",\"ctType\":\"inverse\",\"ctVal\":\"100\","
        "\"ctMult\":\"1\",\"tickSz\":\"0.5\",\"lotSz\":\"1\",\"minSz\":\"1\",\"state\":\"suspend\"}]}"));
    ck_assert_str_eq("0.1", dec_text(c.ev[0].inst.multiplier));
    ck_assert_int_eq(BOT_LINEAR, c.ev[0].inst.contract);
    ck_assert_str_eq("BTC", c.ev[0].inst.base.s);
    ck_assert_str_eq("USDT", c.ev[0].inst.quote.s);
    ck_assert(c.ev[0].inst.tradable);
    ck_assert_str_eq("100", dec_text(c.ev[1].inst.multiplier));
    ck_assert_int_eq(BOT_INVERSE, c.ev[1].inst.contract);
    ck_assert_str_eq("USD", c.ev[1].inst.quote.s);
    ck_assert(!c.ev[1].inst.tradable);
    stop();
}

/* ---- books, control ----------------------------------------------------------------------------------------- */

TEST(okx, a_book_has_the_venues_sequence_and_a_checksum_of_zero_is_none)
{
    start();
    ck_assert_int_eq(1, ws("{\"arg\":{\"channel\":\"books\",\"instId\":\"A-B-SWAP\"},\"action\":\"update\",\"data\":[{\"asks\":[[\"7.10\",\"0\",\"0\",\"0\"]],"
                           "\"bids\":[],\"ts\":\"5\",\"checksum\":0,\"prevSeqId\":10,\"seqId\":12}]}"));
    ck_assert_int_eq(BOT_EV_BOOK, c.ev[0].kind);
    ck_assert(!c.ev[0].book.snapshot);
    ck_assert(!c.ev[0].book.checksum_given);
    ck_assert_int_eq(10, c.ev[0].book.seq_prev);
    ck_assert_int_eq(12, c.ev[0].book.seq_last);
    ck_assert_int_eq(1, c.ev[0].book.asks_n);
    ck_assert_int_eq(710, ctx->scratch.levels[0].price_coef);
    ck_assert_int_eq(2, ctx->scratch.levels[0].price_scale);
    ck_assert_int_eq(1, ws("{\"arg\":{\"channel\":\"books\",\"instId\":\"A-B-SWAP\"},\"action\":\"snapshot\",\"data\":[{\"asks\":[],\"bids\":[],\"checksum\":-5,\"prevSeqId\":-1,\"seqId\":12}]}"));
    ck_assert(c.ev[0].book.snapshot && c.ev[0].book.checksum_given);
    ck_assert_int_eq(-5, c.ev[0].book.checksum);
    /* More levels than the caller has room for is refused, not cut. */
    ctx->scratch.levels_max = 1;
    ck_assert_int_eq(BOT_ERR_FULL, ws("{\"arg\":{\"channel\":\"books\",\"instId\":\"A\"},\"action\":\"update\",\"data\":[{\"asks\":[[\"1\",\"1\",\"0\",\"1\"],[\"2\",\"1\",\"0\",\"1\"]],\"bids\":[]}]}"));
    stop();
}

/* Nothing is held, nothing has changed: the venue says so with an empty list, and that is no reason to be silent about it. */
TEST(okx, an_empty_push_is_a_control_event)
{
    static const char *const pushes[] = {
        "{\"arg\":{\"channel\":\"positions\",\"instType\":\"ANY\"},\"eventType\":\"snapshot\",\"curPage\":1,\"lastPage\":true,\"data\":[]}",
        "{\"arg\":{\"channel\":\"balance_and_position\"},\"data\":[{\"pTime\":\"1\",\"eventType\":\"snapshot\",\"balData\":[],\"posData\":[],\"trades\":[]}]}",
        "{\"data\":[{\"pTime\":\"1\",\"eventType\":\"snapshot\",\"balData\":[],\"posData\":[]}],\"arg\":{\"channel\":\"balance_and_position\"}}",
        "{\"arg\":{\"channel\":\"account\"},\"data\":[{\"uTime\":\"1\",\"totalEq\":\"0\",\"details\":[]}]}",
    };
    start();
    for (size_t i = 0; i < sizeof pushes / sizeof *pushes; i++) {
        ck_assert_int_eq(1, ws(pushes[i]));
        ck_assert_int_eq(BOT_EV_CONTROL, c.ev[0].kind);
        ck_assert_int_eq(BOT_CONTROL_OTHER, c.ev[0].control.control);
    }
    stop();
}

/* The row of a payment is in the bills; the socket says when there is one to look for. */
TEST(okx, a_payment_for_holding_is_told_as_such)
{
    start();
    ck_assert_int_eq(2, ws("{\"arg\":{\"channel\":\"balance_and_position\"},\"data\":[{\"pTime\":\"1\",\"eventType\":\"funding_fee\","
                           "\"balData\":[{\"ccy\":\"USDT\",\"cashBal\":\"7\",\"uTime\":\"1\"}],\"posData\":[],\"trades\":[]}]}"));
    ck_assert_int_eq(BOT_EV_WALLET, c.ev[0].kind);
    ck_assert_int_eq(BOT_EV_CONTROL, c.ev[1].kind);
    ck_assert_int_eq(BOT_CONTROL_FUNDING, c.ev[1].control.control);
    stop();
}

/* Conditional orders are numbered apart until they bring forth a real one. */
TEST(okx, conditional_orders_have_their_own_numbers_and_states)
{
    static const struct { const char *state; bot_order_status status; } states_[] = {
        { "live", BOT_ORDER_UNTRIGGERED }, { "pause", BOT_ORDER_UNTRIGGERED }, { "effective", BOT_ORDER_TRIGGERED },
        { "partially_effective", BOT_ORDER_TRIGGERED }, { "canceled", BOT_ORDER_CANCELED }, { "order_failed", BOT_ORDER_REJECTED },
    };
    start();
    for (size_t i = 0; i < sizeof states_ / sizeof *states_; i++) {
        char text[600];
        snprintf(text, sizeof text, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"algoId\":\"590\",\"algoClOrdId\":\"a1\",\"ordId\":\"\","
                 "\"ordType\":\"trigger\",\"side\":\"sell\",\"posSide\":\"net\",\"sz\":\"2\",\"triggerPx\":\"30000.5\",\"ordPx\":\"-1\",\"state\":\"%s\",\"cTime\":\"5\"}]}", states_[i].state);
        ck_assert_int_eq(1, rest(VENUE_CALL_OPEN_ORDERS, text));
        ck_assert_str_eq("590", c.ev[0].order.order_id.s);
        ck_assert_str_eq("a1", c.ev[0].order.client_id.s);
        ck_assert_int_eq(states_[i].status, c.ev[0].order.status);
        ck_assert_str_eq("30000.5", dec_text(c.ev[0].order.trigger_price));
        ck_assert_uint_eq(0, c.ev[0].has & BOT_HAS_PRICE); /* -1: at the market */
    }
    /* The order that it brought forth names both: the real number counts, and its states are those of orders. */
    ck_assert_int_eq(1, rest(VENUE_CALL_OPEN_ORDERS, "{\"code\":\"0\",\"data\":[{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"algoId\":\"590\",\"ordId\":\"77\",\"ordType\":\"market\","
                             "\"side\":\"sell\",\"posSide\":\"net\",\"sz\":\"2\",\"state\":\"live\"}]}"));
    ck_assert_str_eq("77", c.ev[0].order.order_id.s);
    ck_assert_int_eq(BOT_ORDER_OPEN, c.ev[0].order.status);
    stop();
}

TEST(okx, public_trades_over_rest_are_marked_as_told_before)
{
    start();
    ck_assert_int_eq(1, rest(VENUE_CALL_PUBLIC_TRADES, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"instId\":\"BTC-USDT-SWAP\",\"side\":\"sell\",\"sz\":\"0.00001\",\"px\":\"29963.20\",\"tradeId\":\"242720720\",\"ts\":\"1654161646974\"}]}"));
    ck_assert_int_eq(BOT_EV_TRADE, c.ev[0].kind);
    ck_assert_str_eq("29963.20", dec_text(c.ev[0].trade.price));
    ck_assert_int_eq(BOT_SELL, c.ev[0].trade.side);
    ck_assert(c.ev[0].trade.replayed);
    stop();
}

TEST(okx, an_aggregated_trade_says_which_ids_it_stands_for)
{
    start();
    ck_assert_int_eq(1, ws("{\"arg\":{\"channel\":\"trades\",\"instId\":\"A\"},\"data\":[{\"instId\":\"A\",\"tradeId\":\"130639474\",\"px\":\"42219.90\",\"sz\":\"0.12060306\",\"side\":\"buy\",\"ts\":\"1630048897897\",\"count\":\"3\"}]}"));
    ck_assert_int_eq(130639472, c.ev[0].trade.id_first);
    ck_assert_int_eq(130639474, c.ev[0].trade.id_last);
    ck_assert_str_eq("42219.90", dec_text(c.ev[0].trade.price));
    ck_assert_int_eq(BOT_BUY, c.ev[0].trade.side);
    stop();
}

TEST(okx, control_messages_are_told_apart)
{
    static const struct { const char *text; bot_control control; } messages[] = {
        { "pong", BOT_CONTROL_PONG },
        { "{\"event\":\"login\",\"code\":\"0\",\"msg\":\"\",\"connId\":\"a\"}", BOT_CONTROL_AUTH },
        { "{\"event\":\"subscribe\",\"arg\":{\"channel\":\"orders\",\"instType\":\"ANY\"},\"connId\":\"a\"}", BOT_CONTROL_SUBSCRIBED },
        { "{\"event\":\"unsubscribe\",\"arg\":{\"channel\":\"orders\"}}", BOT_CONTROL_UNSUBSCRIBED },
        { "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"The connection will soon be closed\"}", BOT_CONTROL_DISCONNECT },
        { "{\"event\":\"channel-conn-count\",\"channel\":\"orders\",\"connCount\":\"2\",\"connId\":\"abcd1234\"}", BOT_CONTROL_OTHER },
    };
    start();
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        ck_assert_int_eq(1, ws(messages[i].text));
        ck_assert_int_eq(BOT_EV_CONTROL, c.ev[0].kind);
        ck_assert_int_eq(messages[i].control, c.ev[0].control.control);
    }
    ck_assert_int_eq(1, ws("{\"event\":\"login\",\"code\":\"60009\",\"msg\":\"Login failed.\"}"));
    ck_assert_int_eq(BOT_EV_ERROR, c.ev[0].kind);
    ck_assert_int_eq(60009, c.ev[0].error.venue_code);
    stop();
}

/* ---- order entry -------------------------------------------------------------------------------------------- */

TEST(okx, an_answer_is_judged_by_its_row_and_a_lost_order_is_not_a_refused_one)
{
    static const struct { const char *code, *scode; bot_outcome outcome; } rows[] = {
        { "0", "0", BOT_OUTCOME_OK },          { "1", "51008", BOT_OUTCOME_REJECTED }, { "1", "51603", BOT_OUTCOME_NOT_FOUND },
        { "1", "51149", BOT_OUTCOME_UNKNOWN }, { "1", "50004", BOT_OUTCOME_UNKNOWN },  { "1", "50026", BOT_OUTCOME_UNKNOWN },
        { "1", "50061", BOT_OUTCOME_LIMITED }, { "1", "51008_1000", BOT_OUTCOME_REJECTED }, { "0", "51121", BOT_OUTCOME_REJECTED },
        { "1", "0", BOT_OUTCOME_UNKNOWN },     { "0", "", BOT_OUTCOME_UNKNOWN },
    };
    start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[300];
        snprintf(text, sizeof text, "{\"id\":\"r1\",\"op\":\"order\",\"code\":\"%s\",\"msg\":\"\",\"data\":[{\"ordId\":\"9\",\"clOrdId\":\"c\",\"sCode\":\"%s\",\"sMsg\":\"why\",\"ts\":\"1\"}]}",
                 rows[i].code, rows[i].scode);
        rest(VENUE_CALL_SUBMIT, text);
        ck_assert_msg(reply.outcome == rows[i].outcome, "%s/%s: outcome %d", rows[i].code, rows[i].scode, reply.outcome);
        if (reply.outcome == BOT_OUTCOME_OK)
            ck_assert_str_eq("9", reply.order_id.s);
        /* No refusal is told of an order that may stand. */
        for (int k = 0; k < c.n; k++)
            if (rows[i].outcome == BOT_OUTCOME_UNKNOWN)
                ck_assert(c.ev[k].kind != BOT_EV_ACK || c.ev[k].ack.accepted);
    }
    decode_rest(V, ctx, VENUE_CALL_SUBMIT, 502, "<html>", &c, &reply);
    ck_assert_int_eq(BOT_OUTCOME_UNKNOWN, reply.outcome);
    decode_rest(V, ctx, VENUE_CALL_SUBMIT, 200, "{\"code\":", &c, &reply);
    ck_assert_int_eq(BOT_OUTCOME_UNKNOWN, reply.outcome);
    stop();
}

TEST(okx, socket_answers_name_the_request_that_they_answer)
{
    start();
    ck_assert_int_eq(2, ws("{\"id\":\"1513\",\"op\":\"batch-cancel-orders\",\"code\":\"2\",\"msg\":\"\",\"data\":[{\"ordId\":\"1\",\"clOrdId\":\"a\",\"sCode\":\"0\",\"sMsg\":\"\"},"
                           "{\"ordId\":\"2\",\"clOrdId\":\"b\",\"sCode\":\"51400\",\"sMsg\":\"gone\"}],\"inTime\":\"1\",\"outTime\":\"2\"}"));
    ck_assert_str_eq("1513", c.ev[0].ack.request_id.s);
    ck_assert(c.ev[0].ack.accepted && !c.ev[1].ack.accepted);
    ck_assert_int_eq(51400, c.ev[1].ack.venue_code);
    ck_assert_str_eq("gone", c.ev[1].ack.reason);
    ck_assert_int_eq(1, ws("{\"id\":\"7\",\"op\":\"order\",\"data\":[],\"code\":\"60013\",\"msg\":\"Invalid args\"}"));
    ck_assert_int_eq(BOT_EV_ERROR, c.ev[0].kind);
    ck_assert_int_eq(BOT_ERR_REJECTED, c.ev[0].error.code);
    ck_assert_str_eq("7", c.ev[0].error.request_id.s);
    ck_assert_int_eq(1, ws("{\"id\":\"8\",\"op\":\"order\",\"data\":[],\"code\":\"50004\",\"msg\":\"Endpoint request timeout\"}"));
    ck_assert_int_eq(BOT_ERR_UNKNOWN_OUTCOME, c.ev[0].error.code);
    stop();
}

/* ---- requests ----------------------------------------------------------------------------------------------- */

static struct venue_keys keys_of(const char *secret)
{
    return (struct venue_keys){ .key = "key", .passphrase = "pass", .signer = bot__signer_new(secret, strlen(secret)) };
}

static const char *header_of(const struct venue_http *http, const char *name)
{
    for (uint32_t i = 0; i < http->headers_n; i++)
        if (strcmp(http->headers[i].name, name) == 0)
            return http->headers[i].value;
    return "";
}

TEST(okx, signatures_match_the_vectors)
{
    /* As the vectors in the fact sheet: seconds and parts put together by the codec itself. */
    struct venue_keys keys = keys_of("chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO");
    struct venue_request req = { .call = VENUE_CALL_BALANCE };
    struct venue_http http;
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, INT64_C(1607418537715) * MS, &http));
    ck_assert_str_eq("/api/v5/account/balance", http.path);
    ck_assert_str_eq("2020-12-08T09:08:57.715Z", header_of(&http, "OK-ACCESS-TIMESTAMP"));
    ck_assert_str_eq("PJ61e1nb2F2Qd7D8SPiaIcx2gjdELc+o0ygzre9z33k=", header_of(&http, "OK-ACCESS-SIGN"));
    ck_assert_str_eq("pass", header_of(&http, "OK-ACCESS-PASSPHRASE"));
    bot__signer_free((struct bot__signer *)(uintptr_t)keys.signer);

    /* The two whose requests are another library's: the same MAC over the same string. */
    static const char *const strings[][2] = {
        { "2036-02-05T18:28:16.000ZGET/api/v5/account/balance?ccy=BTC,ETH", "fWIucRPbzCxgeO2g9g0nV+FJyX1tr5/LKSypAyiVpQI=" },
        { "2036-02-05T18:28:16.000ZPOST/api/v5/trade/order{\"instId\": \"BTC-USDT\", \"tdMode\": \"cash\", \"clOrdId\": \"b15\", \"side\": \"buy\", "
          "\"ordType\": \"limit\", \"px\": \"2.15\", \"sz\": \"2\"}", "iIYMZ8i1gUDjJ2RNinu6VGMIuJwbdSFFVe6OYjzlh0Q=" },
    };
    keys = keys_of("YUJHBdFNrbz7atmV3f261ZhdRffTo4S9KZKC7C7qdqcHbRR4");
    for (size_t i = 0; i < 2; i++) {
        uint8_t mac[32];
        char text[48];
        const struct bot__part part = { strings[i][0], strlen(strings[i][0]) };
        ck_assert_int_eq(0, bot__sign(keys.signer, &part, 1, mac));
        bot__base64(mac, sizeof mac, text);
        ck_assert_str_eq(strings[i][1], text);
    }
    bot__signer_free((struct bot__signer *)(uintptr_t)keys.signer);
}

TEST(okx, the_login_signs_seconds_and_the_verify_path)
{
    struct venue_keys keys = keys_of("secret");
    char buf[512], expected[48], want[600];
    uint8_t mac[32];
    const int n = V->ws_login(BOT_STREAM_PRIVATE, &keys, INT64_C(1700000000999) * MS, buf, sizeof buf);
    ck_assert_int_gt(n, 0);
    const struct bot__part part = { "1700000000GET/users/self/verify", 31 };
    bot__sign(keys.signer, &part, 1, mac);
    bot__base64(mac, sizeof mac, expected);
    snprintf(want, sizeof want, "{\"op\":\"login\",\"args\":[{\"apiKey\":\"key\",\"passphrase\":\"pass\",\"timestamp\":\"1700000000\",\"sign\":\"%s\"}]}", expected);
    ck_assert_str_eq(want, buf);
    ck_assert_int_eq(0, V->ws_login(BOT_STREAM_PUBLIC, &keys, 0, buf, sizeof buf));
    bot__signer_free((struct bot__signer *)(uintptr_t)keys.signer);
}

TEST(okx, an_order_is_written_as_the_venue_wants_it)
{
    struct venue_keys keys = keys_of("secret");
    struct venue_request req = { .call = VENUE_CALL_SUBMIT, .order = { .side = BOT_BUY, .type = BOT_LIMIT, .tif = BOT_POST_ONLY, .reduce_only = true } };
    struct venue_http http;
    req.order.instrument = symbol_of("BTC-USDT-SWAP");
    req.client_id = id_of("lb0001");
    req.order.qty.v = fixed_of("0.10");
    req.order.price.v = fixed_of("65000.5");
    const int64_t wall = INT64_C(1700000000000) * MS;
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, wall, &http));
    ck_assert_str_eq("POST", http.method);
    ck_assert_str_eq("/api/v5/trade/order", http.path);
    ck_assert_str_eq("{\"instId\":\"BTC-USDT-SWAP\",\"tdMode\":\"cross\",\"clOrdId\":\"lb0001\",\"side\":\"buy\",\"ordType\":\"post_only\",\"sz\":\"0.1\",\"px\":\"65000.5\",\"reduceOnly\":true}", http.body);
    ck_assert_int_eq(strlen(http.body), http.body_len);
    ck_assert_str_eq("1700000005000", header_of(&http, "expTime"));
    ck_assert_str_eq("", header_of(&http, "x-simulated-trading"));
    keys.test = true;
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, wall, &http));
    ck_assert_str_eq("1", header_of(&http, "x-simulated-trading"));

    /* Its socket takes no instrument by its name (50014): orders do not go that way. */
    ck_assert(V->encode_ws == NULL && !V->has_ws_orders);

    /* Hedge mode: the leg is named, the flag is not sent, and a close that would open is refused here. */
    req.order.leg = BOT_LEG_SHORT;
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, wall, &http));
    ck_assert_ptr_nonnull(strstr(http.body, "\"posSide\":\"short\""));
    ck_assert_ptr_null(strstr(http.body, "reduceOnly"));
    req.order.leg = BOT_LEG_LONG;
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &keys, wall, &http));

    /* Spot: no margin, and a market order sized in coins. */
    req.order = (bot_order_request){ .side = BOT_BUY, .type = BOT_MARKET, .tif = BOT_IOC, .qty = { fixed_of("1") } };
    req.order.instrument = symbol_of("BTC-USDT");
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, wall, &http));
    ck_assert_str_eq("{\"instId\":\"BTC-USDT\",\"tdMode\":\"cash\",\"clOrdId\":\"lb0001\",\"side\":\"buy\",\"ordType\":\"market\",\"sz\":\"1\",\"tgtCcy\":\"base_ccy\"}", http.body);
    bot__signer_free((struct bot__signer *)(uintptr_t)keys.signer);
}

TEST(okx, client_ids_have_letters_and_digits_only_and_at_most_32)
{
    struct venue_keys keys = keys_of("secret");
    struct venue_request req = { .call = VENUE_CALL_SUBMIT, .order = { .side = BOT_BUY, .type = BOT_LIMIT, .qty = { 1 }, .price = { 1 } } };
    struct venue_http http;
    req.order.instrument = symbol_of("A-B-SWAP");
    static const char *const bad[] = { "a-b", "a_b", "123456789012345678901234567890123", "a b", "\xc3\xa4" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        req.client_id = id_of(bad[i]);
        ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &keys, 0, &http));
    }
    req.client_id = id_of("12345678901234567890123456789012");
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, 0, &http));
    bot__signer_free((struct bot__signer *)(uintptr_t)keys.signer);
}

TEST(okx, every_call_has_its_path_or_says_that_it_has_none)
{
    struct venue_keys keys = keys_of("secret");
    struct venue_http http;
    struct venue_request req = { 0 };
    const int64_t now = INT64_C(1700000000000) * MS;
    req.instrument = symbol_of("BTC-USDT-SWAP");
    req.order_id = id_of("5");
    static const struct { enum venue_call call; const char *path, *body; } calls[] = {
        { VENUE_CALL_TIME, "/api/v5/public/time", "" },
        { VENUE_CALL_INSTRUMENTS, "/api/v5/public/instruments?instType=SWAP&instId=BTC-USDT-SWAP", "" },
        { VENUE_CALL_POSITIONS, "/api/v5/account/positions?instId=BTC-USDT-SWAP", "" },
        { VENUE_CALL_FILLS, "/api/v5/trade/fills?instId=BTC-USDT-SWAP&limit=100", "" },
        { VENUE_CALL_OPEN_ORDERS, "/api/v5/trade/orders-pending?instId=BTC-USDT-SWAP&limit=100", "" },
        { VENUE_CALL_ORDER, "/api/v5/trade/order?instId=BTC-USDT-SWAP&ordId=5", "" },
        { VENUE_CALL_BALANCE, "/api/v5/account/balance", "" },
        { VENUE_CALL_BOOK, "/api/v5/market/books?instId=BTC-USDT-SWAP&sz=400", "" },
        { VENUE_CALL_PUBLIC_TRADES, "/api/v5/market/trades?instId=BTC-USDT-SWAP&limit=500", "" },
        { VENUE_CALL_STATUS, "/api/v5/system/status?state=ongoing", "" },
        { VENUE_CALL_MODE, "/api/v5/account/config", "" },
        { VENUE_CALL_KEY, "/api/v5/account/config", "" },
        { VENUE_CALL_CANCEL, "/api/v5/trade/cancel-order", "{\"instId\":\"BTC-USDT-SWAP\",\"ordId\":\"5\"}" },
        { VENUE_CALL_DEAD_MAN, "/api/v5/trade/cancel-all-after", "{\"timeOut\":\"30\"}" },
        { VENUE_CALL_ACCOUNT_LOG, "/api/v5/account/bills?type=8&limit=100", "" },
        { VENUE_CALL_CANCEL_ALL, NULL, NULL },
        { VENUE_CALL_LISTEN_KEY, NULL, NULL },
    };
    req.window_ms = 30000;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        req.call = calls[i].call;
        const int r = V->encode_rest(&req, &keys, now, &http);
        if (calls[i].path == NULL) {
            ck_assert_int_eq(BOT_ERR_UNSUPPORTED, r);
            continue;
        }
        ck_assert_int_eq(BOT_OK, r);
        ck_assert_str_eq(calls[i].path, http.path);
        ck_assert_str_eq(calls[i].body, http.body);
        ck_assert_uint_lt(http.scope, V->scopes_n);
        ck_assert_uint_gt(http.weight, 0);
    }
    /* Account wide, paged, and from long ago. */
    struct venue_request fills = { .call = VENUE_CALL_FILLS, .cursor = "4901", .from_ns = now - 60 * BOT_NS_PER_S };
    ck_assert_int_eq(BOT_OK, V->encode_rest(&fills, &keys, now, &http));
    ck_assert_str_eq("/api/v5/trade/fills?instType=SWAP&begin=1699999940000&after=4901&limit=100", http.path);
    fills.from_ns = now - 4 * 86400 * BOT_NS_PER_S;
    fills.cursor = "";
    ck_assert_int_eq(BOT_OK, V->encode_rest(&fills, &keys, now, &http));
    ck_assert_str_eq("/api/v5/trade/fills-history?instType=SWAP&begin=1699654400000&limit=100", http.path);
    static const char *const of_parts[] = { "SWAP", "FUTURES", "SPOT" };
    ck_assert_uint_eq(V->fills_parts, 3);
    ck_assert_uint_eq(V->instruments_parts, 3);
    for (uint32_t part = 0; part < 3; part++) {
        char path[160];
        fills.part = part;
        snprintf(path, sizeof path, "/api/v5/trade/fills-history?instType=%s&begin=1699654400000&limit=100", of_parts[part]);
        ck_assert_int_eq(BOT_OK, V->encode_rest(&fills, &keys, now, &http));
        ck_assert_str_eq(path, http.path);
    }
    fills.part = 3;
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&fills, &keys, now, &http));
    fills.part = 0;
    fills.instrument = symbol_of("BTC-USD-241227");
    ck_assert_int_eq(BOT_OK, V->encode_rest(&fills, &keys, now, &http));
    ck_assert_str_eq("/api/v5/trade/fills-history?instType=FUTURES&instId=BTC-USD-241227&begin=1699654400000&limit=100", http.path);
    fills.instrument = (bot_symbol){ 0 };
    fills.cursor = "x&y=1";
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&fills, &keys, now, &http));
    /* The dead-man window: off, lengthened to the venue's least, refused above its most. */
    struct venue_request dead = { .call = VENUE_CALL_DEAD_MAN };
    static const struct { uint32_t ms; const char *body; } windows[] = { { 0, "{\"timeOut\":\"0\"}" }, { 4000, "{\"timeOut\":\"10\"}" }, { 119001, "{\"timeOut\":\"120\"}" } };
    for (size_t i = 0; i < 3; i++) {
        dead.window_ms = windows[i].ms;
        ck_assert_int_eq(BOT_OK, V->encode_rest(&dead, &keys, now, &http));
        ck_assert_str_eq(windows[i].body, http.body);
    }
    dead.window_ms = 120001;
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&dead, &keys, now, &http));
    bot__signer_free((struct bot__signer *)(uintptr_t)keys.signer);
}

TEST(okx, a_batch_cancels_up_to_twenty_orders_of_several_instruments)
{
    struct venue_keys keys = keys_of("secret");
    struct venue_order_ref refs[21] = { 0 };
    struct venue_http http;
    for (int i = 0; i < 21; i++) {
        char text[40];
        refs[i].instrument = symbol_of(i % 2 ? "ETH-USDT-SWAP" : "BTC-USDT-SWAP");
        snprintf(text, sizeof text, "24979569187031203%02d", i);
        refs[i].order_id = id_of(text);
    }
    struct venue_request req = { .call = VENUE_CALL_CANCEL_BATCH, .batch = refs, .batch_n = 20 };
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, 0, &http));
    ck_assert_str_eq("/api/v5/trade/cancel-batch-orders", http.path);
    ck_assert_int_eq(0, strncmp("[{\"instId\":\"BTC-USDT-SWAP\",\"ordId\":\"2497956918703120300\"},{\"instId\":\"ETH-USDT-SWAP\"", http.body, 80));
    req.batch_n = 21;
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &keys, 0, &http));
    req.batch_n = 0;
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &keys, 0, &http));
    bot__signer_free((struct bot__signer *)(uintptr_t)keys.signer);
}

TEST(okx, subscriptions_come_one_channel_a_message)
{
    char buf[256];
    bot_symbol s[2] = { 0 };
    s[0] = symbol_of("BTC-USDT-SWAP");
    s[1] = symbol_of("ETH-USDT-SWAP");
    ck_assert_int_gt(V->ws_subscribe(BOT_STREAM_PRIVATE, s, 2, 0, buf, sizeof buf), 0);
    ck_assert_str_eq("{\"op\":\"subscribe\",\"args\":[{\"channel\":\"orders\",\"instType\":\"ANY\"}]}", buf);
    ck_assert_int_eq(0, V->ws_subscribe(BOT_STREAM_PRIVATE, s, 2, 3, buf, sizeof buf));
    ck_assert_int_gt(V->ws_subscribe(BOT_STREAM_PUBLIC, s, 2, 3, buf, sizeof buf), 0);
    ck_assert_str_eq("{\"op\":\"subscribe\",\"args\":[{\"channel\":\"books\",\"instId\":\"ETH-USDT-SWAP\"}]}", buf);
    ck_assert_int_eq(0, V->ws_subscribe(BOT_STREAM_PUBLIC, s, 2, 4, buf, sizeof buf));
    ck_assert_int_eq(4, V->ws_ping(BOT_STREAM_PRIVATE, buf, sizeof buf));
    ck_assert_str_eq("ping", buf);
}

TEST(okx, a_key_says_what_it_may_do)
{
    start();
    rest(VENUE_CALL_KEY, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"posMode\":\"net_mode\",\"perm\":\"read_only,withdraw,trade\",\"ip\":\"10.0.0.1\"}]}");
    ck_assert(reply.outcome == BOT_OUTCOME_OK && reply.key.trades && reply.key.withdraws && !reply.key.anywhere && reply.key.days_left == -1);
    rest(VENUE_CALL_KEY, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"perm\":\"read_only\",\"ip\":\"\"}]}");
    ck_assert(reply.outcome == BOT_OUTCOME_OK && !reply.key.trades && !reply.key.withdraws && reply.key.anywhere);
    rest(VENUE_CALL_KEY, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"posMode\":\"net_mode\"}]}");
    ck_assert_int_eq(reply.outcome, BOT_OUTCOME_MALFORMED);
    rest(VENUE_CALL_KEY, "{\"code\":\"0\",\"msg\":\"\",\"data\":[]}");
    ck_assert_int_eq(reply.outcome, BOT_OUTCOME_MALFORMED);
    stop();
}
