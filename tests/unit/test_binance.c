#include "venue/venue.h"

extern const struct venue bot__venue_binance;
#define V (&bot__venue_binance)
#include "codec_kit.h"
#include "words.h"
#define WALL (INT64_C(1499827319559) * MS)

/* ---- recordings --------------------------------------------------------------------------------------------- */

static const struct recording_kind kinds[] = {
    { "rest_account_info", RECORDING_NOTHING, 0, 0, "balances and positions are asked for by themselves" },
    { "rest_balance", RECORDING_REST, VENUE_CALL_BALANCE, YIELDS(BOT_EV_WALLET), NULL },
    { "rest_cancel_all_after", RECORDING_REST, VENUE_CALL_DEAD_MAN, 0, "nothing but success" },
    { "rest_errors", RECORDING_REST, VENUE_CALL_SUBMIT, 0, NULL },
    { "rest_fee_rate", RECORDING_NOTHING, 0, 0, "fee rates are not asked for" },
    { "rest_fills", RECORDING_REST, VENUE_CALL_FILLS, YIELDS(BOT_EV_FILL), NULL },
    { "rest_income", RECORDING_REST, VENUE_CALL_ACCOUNT_LOG, YIELDS(BOT_EV_CONTROL), NULL },
    { "rest_instruments", RECORDING_REST, VENUE_CALL_INSTRUMENTS, YIELDS(BOT_EV_INSTRUMENT), NULL },
    { "rest_listen_key", RECORDING_REST, VENUE_CALL_LISTEN_KEY, 0, "the key, in the reply" },
    { "rest_order_ack", RECORDING_REST, VENUE_CALL_SUBMIT, YIELDS(BOT_EV_ACK), NULL },
    { "rest_orderbook", RECORDING_REST, VENUE_CALL_BOOK, YIELDS(BOT_EV_BOOK), NULL },
    { "rest_orders", RECORDING_REST, VENUE_CALL_OPEN_ORDERS, YIELDS(BOT_EV_ORDER), NULL },
    { "rest_position_mode", RECORDING_REST, VENUE_CALL_MODE, 0, "the position mode, in the reply" },
    { "rest_positions", RECORDING_REST, VENUE_CALL_POSITIONS, YIELDS(BOT_EV_POSITION), NULL },
    { "rest_public_trades", RECORDING_REST, VENUE_CALL_PUBLIC_TRADES, YIELDS(BOT_EV_TRADE), NULL },
    { "rest_rate_limit", RECORDING_NOTHING, 0, 0, "limits are facts of the table" },
    { "rest_time", RECORDING_REST, VENUE_CALL_TIME, YIELDS(BOT_EV_TIME), NULL },
    { "ws_account_config", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_account_update", RECORDING_WS, 0, YIELDS(BOT_EV_WALLET), NULL },
    { "ws_algo_update", RECORDING_WS, 0, YIELDS(BOT_EV_ORDER), NULL },
    { "ws_capture", RECORDING_WS, 0, YIELDS(BOT_EV_BOOK), NULL },
    { "ws_control", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_liquidation", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_margin_call", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_order_entry", RECORDING_WS, 0, YIELDS(BOT_EV_ACK) | YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_order_trade_update", RECORDING_WS, 0, YIELDS(BOT_EV_ORDER), NULL },
    { "ws_orderbook", RECORDING_WS, 0, YIELDS(BOT_EV_BOOK), NULL },
    { "ws_public_trades", RECORDING_WS, 0, YIELDS(BOT_EV_TRADE), NULL },
    { "ws_ticker", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_trade_lite", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { NULL, 0, 0, 0, NULL },
};
static const struct recording_exception exceptions[] = {
    { "rest_order_ack__ccxt-binance-cancelAllOrders-8813.json", true, 0, "the answer of cancel-all names no order" },
    { NULL, false, 0, NULL },
};

TEST(binance, every_recording_yields_what_its_kind_says_or_is_refused)
{
    const struct recording_totals t = recordings_check(V, kinds, exceptions, stderr);
    fprintf(stderr, "# binance-usdm: %d files, %d messages, %d refused, %d events\n", t.files, t.messages, t.refused, t.events);
    ck_assert_int_gt(t.messages, 300);
}

/* ---- user stream -------------------------------------------------------------------------------------------- */

#define UPDATE(fields) "{\"e\":\"ORDER_TRADE_UPDATE\",\"E\":1700000000009,\"T\":1700000000007,\"o\":{\"s\":\"BTCUSDT\",\"c\":\"lb1\"," \
                       "\"S\":\"SELL\",\"o\":\"LIMIT\",\"f\":\"GTX\",\"q\":\"2.00\",\"p\":\"65000.50\",\"i\":77,\"ps\":\"BOTH\",\"R\":true," fields "}}"

TEST(binance, a_trade_gives_the_fill_and_then_the_order)
{
    start();
    ck_assert_int_eq(2, ws(UPDATE("\"x\":\"TRADE\",\"X\":\"PARTIALLY_FILLED\",\"l\":\"0.50\",\"z\":\"0.50\",\"L\":\"65000.60\",\"ap\":\"65000.6\","
                                  "\"N\":\"BNB\",\"n\":\"0.00010\",\"T\":1700000000006,\"t\":9001,\"m\":true,\"sp\":\"0\"")));
    const bot_event *fill = &c.ev[0], *order = &c.ev[1];
    ck_assert_int_eq(BOT_EV_FILL, fill->kind);
    ck_assert_str_eq("9001", fill->fill.exec_id.s);
    ck_assert_str_eq("77", fill->fill.order_id.s);
    ck_assert_str_eq("lb1", fill->fill.client_id.s);
    ck_assert_str_eq("0.50", dec_text(fill->fill.qty));
    ck_assert_str_eq("65000.60", dec_text(fill->fill.price));
    ck_assert_str_eq("0.00010", dec_text(fill->fill.fee));
    ck_assert_str_eq("BNB", fill->fill.fee_currency.s);
    ck_assert_int_eq(BOT_MAKER, fill->fill.liquidity);
    ck_assert_int_eq(BOT_SELL, fill->fill.side);
    ck_assert_int_eq(BOT_LEG_NET, fill->fill.leg);
    ck_assert_int_eq(BOT_FILL_TRADE, fill->fill.kind);
    ck_assert_int_eq(INT64_C(1700000000006) * MS, fill->venue_ns);
    ck_assert_int_eq(BOT_EV_ORDER, order->kind);
    ck_assert_int_eq(BOT_ORDER_PARTIALLY_FILLED, order->order.status);
    ck_assert_str_eq("2.00", dec_text(order->order.qty));
    ck_assert_int_eq(BOT_POST_ONLY, order->order.tif);
    ck_assert(order->order.reduce_only);
    ck_assert(!(order->has & BOT_HAS_TRIGGER_PRICE));
    stop();
}

TEST(binance, figures_of_the_last_match_in_a_cancel_are_no_fill)
{
    start();
    ck_assert_int_eq(1, ws(UPDATE("\"x\":\"CANCELED\",\"X\":\"CANCELED\",\"l\":\"0.50\",\"z\":\"0.50\",\"L\":\"65000.60\",\"T\":1,\"t\":9001")));
    ck_assert_int_eq(BOT_ORDER_CANCELED, c.ev[0].order.status);
    ck_assert_str_eq("0.50", dec_text(c.ev[0].order.cum_qty));
    stop();
}

TEST(binance, a_liquidation_with_nothing_matched_is_no_fill)
{
    start();
    ck_assert_int_eq(1, ws(UPDATE("\"x\":\"CALCULATED\",\"X\":\"NEW\",\"l\":\"0\",\"z\":\"0\",\"L\":\"0\",\"T\":1,\"t\":0")));
    ck_assert_int_eq(BOT_EV_ORDER, c.ev[0].kind);
    stop();
}

/* What the venue matched by itself may come without a trade id; a trade always has one. */
TEST(binance, a_liquidation_without_a_trade_id_is_named_by_order_and_quantity)
{
    start();
    ck_assert_int_eq(2, ws(UPDATE("\"x\":\"CALCULATED\",\"X\":\"FILLED\",\"l\":\"0.5\",\"z\":\"1.5\",\"L\":\"9\",\"T\":1,\"t\":0")));
    ck_assert_int_eq(BOT_EV_FILL, c.ev[0].kind);
    ck_assert_int_eq(BOT_FILL_LIQUIDATION, c.ev[0].fill.kind);
    ck_assert_str_eq("77:1.5", c.ev[0].fill.exec_id.s);
    ck_assert(c.ev[0].fill.derived);
    ck_assert_int_lt(ws(UPDATE("\"x\":\"TRADE\",\"X\":\"FILLED\",\"l\":\"0.5\",\"z\":\"1.5\",\"L\":\"9\",\"T\":1,\"t\":0")), 0);
    ck_assert_int_eq(0, c.n);
    stop();
}

TEST(binance, acknowledgements_of_conditional_orders_and_of_batches)
{
    start();
    ck_assert_int_eq(BOT_OK, rest_status(VENUE_CALL_SUBMIT, 200, "{\"algoId\":77,\"clientAlgoId\":\"a\",\"algoType\":\"CONDITIONAL\",\"symbol\":\"BTCUSDT\",\"algoStatus\":\"NEW\",\"updateTime\":5}"));
    ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
    ck_assert_str_eq("77", c.ev[0].ack.order_id.s);
    ck_assert_str_eq("a", c.ev[0].ack.client_id.s);
    (void)rest_status(VENUE_CALL_CANCEL_BATCH, 200, "[{\"orderId\":1,\"clientOrderId\":\"a\"},{\"code\":-2011,\"msg\":\"Unknown order sent.\"}]");
    ck_assert_int_eq(2, c.n);
    ck_assert(c.ev[0].ack.accepted && !c.ev[1].ack.accepted && c.ev[1].ack.venue_code == -2011);
    ck_assert_str_eq("Unknown order sent.", c.ev[1].ack.reason);
    (void)rest_status(VENUE_CALL_CANCEL_BATCH, 200, "[{\"orderId\":1},{\"status\":\"NEW\"}]"); /* one that names no order: none is believed */
    ck_assert_int_eq(0, c.n);
    ck_assert_int_ne(BOT_OUTCOME_OK, reply.outcome);
    stop();
}

TEST(binance, a_fill_keeps_its_place_beside_an_unknown_order_status)
{
    start();
    ck_assert_int_eq(2, ws(UPDATE("\"x\":\"TRADE\",\"X\":\"SLEEPING\",\"l\":\"1\",\"z\":\"1\",\"L\":\"5\",\"T\":1,\"t\":3")));
    ck_assert_int_eq(BOT_EV_FILL, c.ev[0].kind);
    ck_assert_int_eq(BOT_EV_ERROR, c.ev[1].kind);
    ck_assert_int_lt(ws(UPDATE("\"x\":\"NEW\",\"X\":\"SLEEPING\",\"l\":\"0\",\"z\":\"0\",\"T\":1,\"t\":0")), 0);
    /* A match of a kind that is not in the docs shuts the gate, but is not lost. */
    ck_assert_int_eq(2, ws(UPDATE("\"x\":\"GIFT\",\"X\":\"FILLED\",\"l\":\"1\",\"z\":\"2\",\"L\":\"5\",\"T\":1,\"t\":4")));
    ck_assert_int_eq(BOT_FILL_UNKNOWN, c.ev[0].fill.kind);
    stop();
}

TEST(binance, a_match_that_cannot_be_read_gives_nothing_at_all)
{
    static const char *const bad[] = {
        "\"x\":\"TRADE\",\"X\":\"FILLED\",\"l\":\"-1\",\"z\":\"1\",\"L\":\"5\",\"T\":1,\"t\":3",
        "\"x\":\"TRADE\",\"X\":\"FILLED\",\"l\":\"1e2\",\"z\":\"1\",\"L\":\"5\",\"T\":1,\"t\":3",
        "\"x\":\"TRADE\",\"X\":\"FILLED\",\"l\":\"1\",\"z\":\"1\",\"L\":\"0\",\"T\":1,\"t\":3",
        "\"x\":\"TRADE\",\"X\":\"FILLED\",\"l\":\"1\",\"z\":\"1\",\"L\":\"5\",\"T\":1,\"t\":0",
        "\"x\":\"TRADE\",\"X\":\"FILLED\",\"l\":\"1\",\"z\":\"1\",\"L\":\"5\",\"T\":1",
        "\"x\":\"TRADE\",\"X\":\"FILLED\",\"l\":\"1\",\"l\":\"2\",\"z\":\"1\",\"L\":\"5\",\"T\":1,\"t\":3",
    };
    start();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[512];
        snprintf(text, sizeof text, "{\"e\":\"ORDER_TRADE_UPDATE\",\"E\":1,\"T\":1,\"o\":{\"s\":\"A\",\"c\":\"c\",\"S\":\"BUY\",\"o\":\"LIMIT\","
                 "\"f\":\"GTC\",\"q\":\"1\",\"p\":\"1\",\"i\":7,%s}}", bad[i]);
        ck_assert_msg(ws(text) < 0, "%s", text);
        ck_assert_int_eq(0, c.n);
    }
    stop();
}

TEST(binance, who_matched_is_read_from_the_client_id)
{
    static const struct { const char *id; bot_fill_kind kind; } ids[] = {
        { "autoclose-15", BOT_FILL_LIQUIDATION }, { "adl_autoclose", BOT_FILL_ADL }, { "adl_autoclose-12", BOT_FILL_ADL },
        { "settlement_autoclose-3", BOT_FILL_SETTLEMENT }, { "delivery_autoclose-3", BOT_FILL_SETTLEMENT }, { "mine", BOT_FILL_TRADE },
    };
    start();
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char text[512];
        snprintf(text, sizeof text, "{\"e\":\"ORDER_TRADE_UPDATE\",\"E\":1,\"T\":1,\"o\":{\"s\":\"A\",\"c\":\"%s\",\"S\":\"BUY\",\"o\":\"MARKET\","
                 "\"q\":\"1\",\"i\":7,\"x\":\"TRADE\",\"X\":\"FILLED\",\"l\":\"1\",\"z\":\"1\",\"L\":\"5\",\"T\":1,\"t\":3}}", ids[i].id);
        ck_assert_int_eq(2, ws(text));
        ck_assert_int_eq(ids[i].kind, c.ev[0].fill.kind);
        ck_assert(!(c.ev[0].has & BOT_HAS_FEE));
    }
    stop();
}

TEST(binance, trade_lite_is_not_counted_beside_the_update_with_the_fee)
{
    start();
    ck_assert_int_eq(1, ws("{\"e\":\"TRADE_LITE\",\"E\":1,\"T\":1,\"s\":\"BTCUSDT\",\"q\":\"1\",\"p\":\"0\",\"m\":false,\"c\":\"x\",\"S\":\"BUY\","
                           "\"L\":\"2\",\"l\":\"1\",\"t\":9,\"i\":8}"));
    ck_assert_int_eq(0, c.counts[BOT_EV_FILL]);
    ck_assert_int_eq(BOT_CONTROL_OTHER, c.ev[0].control.control);
    stop();
}

TEST(binance, account_updates_give_legs_and_balances_all_or_none)
{
    start();
#define ROWS(last) "{\"e\":\"ACCOUNT_UPDATE\",\"E\":2,\"T\":5,\"a\":{\"m\":\"ORDER\",\"B\":[{\"a\":\"USDT\",\"wb\":\"12.50\",\"cw\":\"1\",\"bc\":\"0\"}]," \
                   "\"P\":[{\"s\":\"X\",\"pa\":\"0\",\"ep\":\"0.0\",\"ps\":\"BOTH\"},{\"s\":\"X\",\"pa\":\"20\",\"ep\":\"6.5\",\"ps\":\"LONG\"}," last "]}}"
    ck_assert_int_eq(4, ws(ROWS("{\"s\":\"X\",\"pa\":\"-10\",\"ep\":\"6.6\",\"ps\":\"SHORT\"}")));
    ck_assert_int_eq(BOT_LEG_NET, c.ev[0].position.leg);
    ck_assert(!(c.ev[0].has & BOT_HAS_ENTRY_PRICE));
    ck_assert_int_eq(BOT_LEG_LONG, c.ev[1].position.leg);
    ck_assert_int_eq(BOT_LEG_SHORT, c.ev[2].position.leg);
    ck_assert_str_eq("-10", dec_text(c.ev[2].position.qty));
    ck_assert_int_eq(5 * MS, c.ev[2].venue_ns);
    ck_assert_int_eq(BOT_EV_WALLET, c.ev[3].kind);
    ck_assert_str_eq("12.50", dec_text(c.ev[3].wallet.balance));
    ck_assert_int_lt(ws(ROWS("{\"s\":\"X\",\"pa\":\"10\",\"ep\":\"6.6\",\"ps\":\"SHORT\"}")), 0); /* a short leg above zero */
    ck_assert_int_eq(0, c.n);
    ck_assert_int_lt(ws(ROWS("{\"s\":\"X\",\"ep\":\"6.6\",\"ps\":\"SHORT\"}")), 0);
    ck_assert_int_eq(0, c.n);
    stop();
}

TEST(binance, funding_is_a_payment_and_no_position)
{
    start();
    ck_assert_int_eq(2, ws("{\"e\":\"ACCOUNT_UPDATE\",\"E\":2,\"T\":5,\"a\":{\"m\":\"FUNDING_FEE\",\"B\":[{\"a\":\"USDT\",\"wb\":\"10\",\"bc\":\"-0.25\"}],\"P\":[]}}"));
    ck_assert_int_eq(1, c.counts[BOT_EV_FUNDING]);
    ck_assert_str_eq("0.25", dec_text(c.ev[0].funding.amount)); /* paid is positive */
    ck_assert_int_eq(0, c.counts[BOT_EV_POSITION] + c.counts[BOT_EV_FILL]);
    stop();
}

TEST(binance, an_expired_listen_key_is_told)
{
    start();
    ck_assert_int_eq(1, ws("{\"e\":\"listenKeyExpired\",\"E\":1,\"listenKey\":\"abc\"}"));
    ck_assert_int_eq(BOT_CONTROL_LISTEN_KEY_EXPIRED, c.ev[0].control.control);
    stop();
}

/* ---- public ---------------------------------------------------------------------------------------------------- */

TEST(binance, combined_and_bare_streams_read_alike)
{
    static const char depth[] = "{\"e\":\"depthUpdate\",\"E\":8,\"T\":7,\"s\":\"BTCUSDT\",\"U\":157,\"u\":160,\"pu\":149,\"b\":[[\"0.0024\",\"10\"]],\"a\":[]}";
    char wrapped[512];
    start();
    ck_assert_int_eq(1, ws(depth));
    ck_assert(!c.ev[0].book.snapshot);
    ck_assert_int_eq(157, c.ev[0].book.seq_first);
    ck_assert_int_eq(160, c.ev[0].book.seq_last);
    ck_assert_int_eq(149, c.ev[0].book.seq_prev);
    snprintf(wrapped, sizeof wrapped, "{\"stream\":\"btcusdt@depth@100ms\",\"data\":%s}", depth);
    ck_assert_int_eq(1, ws(wrapped));
    ck_assert(!c.ev[0].book.snapshot);
    snprintf(wrapped, sizeof wrapped, "{\"data\":%s,\"stream\":\"btcusdt@depth20\"}", depth);
    ck_assert_int_eq(1, ws(wrapped));
    ck_assert(c.ev[0].book.snapshot); /* the few best levels, whole */
    stop();
}

TEST(binance, trades_that_nobody_made_are_no_flow)
{
    start();
#define TRADE(x) "{\"e\":\"trade\",\"E\":2,\"T\":1,\"s\":\"A\",\"t\":5,\"p\":\"1.10\",\"q\":\"2\",\"X\":\"" x "\",\"m\":true}"
    ck_assert_int_eq(1, ws(TRADE("MARKET")));
    ck_assert(!c.ev[0].trade.block);
    ck_assert_int_eq(BOT_SELL, c.ev[0].trade.side);
    ck_assert_int_eq(1, ws(TRADE("INSURANCE_FUND")));
    ck_assert(c.ev[0].trade.block);
    ck_assert_int_eq(1, ws("{\"e\":\"trade\",\"E\":2,\"T\":1,\"s\":\"A\",\"t\":5,\"p\":\"0\",\"q\":\"0\",\"X\":\"NA\",\"m\":true}"));
    ck_assert_int_eq(0, c.counts[BOT_EV_TRADE]);
    stop();
}

TEST(binance, keys_that_differ_only_in_case_are_two)
{
    start();
    /* E before e, as some recorders sort them */
    ck_assert_int_eq(1, ws("{\"E\":3,\"T\":2,\"e\":\"aggTrade\",\"a\":1,\"f\":4,\"l\":6,\"m\":false,\"p\":\"1\",\"q\":\"1\",\"s\":\"A\"}"));
    ck_assert_int_eq(2 * MS, c.ev[0].venue_ns);
    ck_assert_int_eq(3 * MS, c.ev[0].trade.sent_ns);
    ck_assert_int_eq(4, c.ev[0].trade.id_first);
    ck_assert_int_eq(6, c.ev[0].trade.id_last);
    ck_assert_int_lt(ws("{\"e\":\"aggTrade\",\"E\":3,\"T\":2,\"a\":1,\"p\":\"1\",\"p\":\"2\",\"q\":\"1\",\"s\":\"A\",\"m\":true}"), 0);
    stop();
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

TEST(binance, what_an_error_says_about_an_order)
{
    static const struct { int status; const char *body; bot_outcome order, read; } cases[] = {
        { 503, "{\"code\":-1000,\"msg\":\"Unknown error, please check your request or try again later.\"}", BOT_OUTCOME_UNKNOWN, BOT_OUTCOME_MALFORMED },
        { 503, "Unknown error, please check your request or try again later.", BOT_OUTCOME_UNKNOWN, BOT_OUTCOME_MALFORMED },
        { 503, "{\"code\":0,\"msg\":\"Service Unavailable.\"}", BOT_OUTCOME_MAINTENANCE, BOT_OUTCOME_MAINTENANCE },
        { 503, "Service Unavailable", BOT_OUTCOME_MAINTENANCE, BOT_OUTCOME_MAINTENANCE },
        { 503, "{\"code\":-1001,\"msg\":\"Internal error; unable to process your request. Please try again.\"}", BOT_OUTCOME_MAINTENANCE, BOT_OUTCOME_MAINTENANCE },
        { 503, "{\"code\":-1008,\"msg\":\"Request throttled by system-level protection.\"}", BOT_OUTCOME_LIMITED, BOT_OUTCOME_LIMITED },
        { 503, "<html>", BOT_OUTCOME_UNKNOWN, BOT_OUTCOME_MALFORMED },
        { 502, "<html>Bad gateway</html>", BOT_OUTCOME_UNKNOWN, BOT_OUTCOME_MALFORMED },
        { 400, "{\"code\":-1006,\"msg\":\"Execution status unknown.\"}", BOT_OUTCOME_UNKNOWN, BOT_OUTCOME_MALFORMED },
        { 408, "{\"code\":-1007,\"msg\":\"Timeout waiting for response from backend server.\"}", BOT_OUTCOME_UNKNOWN, BOT_OUTCOME_MALFORMED },
        { 400, "{\"code\":-1021,\"msg\":\"Timestamp for this request is outside of the recvWindow.\"}", BOT_OUTCOME_CLOCK, BOT_OUTCOME_CLOCK },
        { 401, "{\"code\":-2015,\"msg\":\"Invalid API-key, IP, or permissions for action.\"}", BOT_OUTCOME_AUTH, BOT_OUTCOME_AUTH },
        { 400, "{\"code\":-2011,\"msg\":\"Unknown order sent.\"}", BOT_OUTCOME_NOT_FOUND, BOT_OUTCOME_NOT_FOUND },
        { 400, "{\"code\":-2013,\"msg\":\"Order does not exist.\"}", BOT_OUTCOME_NOT_FOUND, BOT_OUTCOME_NOT_FOUND },
        { 400, "{\"code\":-2019,\"msg\":\"Margin is insufficient.\"}", BOT_OUTCOME_REJECTED, BOT_OUTCOME_REJECTED },
        { 400, "{\"code\":-2022,\"msg\":\"ReduceOnly Order is rejected.\"}", BOT_OUTCOME_REJECTED, BOT_OUTCOME_REJECTED },
        { 400, "{\"code\":-5022,\"msg\":\"Post Only order will be rejected.\"}", BOT_OUTCOME_REJECTED, BOT_OUTCOME_REJECTED },
        { 400, "{\"code\":-4116,\"msg\":\"ClientOrderId is duplicated.\"}", BOT_OUTCOME_UNKNOWN, BOT_OUTCOME_REJECTED },
        { 503, "<html><h1>503 Service Unavailable</h1></html>", BOT_OUTCOME_UNKNOWN, BOT_OUTCOME_MALFORMED },
        { 429, "{\"code\":-1003,\"msg\":\"Too many requests.\"}", BOT_OUTCOME_LIMITED, BOT_OUTCOME_LIMITED },
        { 429, "{\"code\":-1015,\"msg\":\"Too many new orders.\"}", BOT_OUTCOME_LIMITED, BOT_OUTCOME_LIMITED },
        { 418, "{\"code\":-1003,\"msg\":\"Way too many requests; IP banned until 1659146400000.\"}", BOT_OUTCOME_BANNED, BOT_OUTCOME_BANNED },
        { 403, "<html>WAF</html>", BOT_OUTCOME_BANNED, BOT_OUTCOME_BANNED },
        { 200, "{\"symbol\":\"BTCUSDT\",\"status\":\"NEW\"}", BOT_OUTCOME_UNKNOWN, BOT_OUTCOME_MALFORMED },
        { 200, "{\"orderId\":1,", BOT_OUTCOME_UNKNOWN, BOT_OUTCOME_MALFORMED },
        { 200, "", BOT_OUTCOME_UNKNOWN, BOT_OUTCOME_MALFORMED },
    };
    start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rest_status(VENUE_CALL_SUBMIT, cases[i].status, cases[i].body);
        ck_assert_msg(reply.outcome == cases[i].order, "order, %d %s: %d", cases[i].status, cases[i].body, reply.outcome);
        rest_status(VENUE_CALL_POSITIONS, cases[i].status, cases[i].body);
        ck_assert_msg(reply.outcome == cases[i].read, "positions, %d %s: %d", cases[i].status, cases[i].body, reply.outcome);
        ck_assert_int_eq(0, c.n);
    }
    stop();
}

TEST(binance, a_ban_tells_its_end)
{
    start();
    static const char body[] = "{\"code\":-1003,\"msg\":\"Way too many requests; IP(1.2.3.4) banned until 1659146400000. Please use the websocket.\"}";
    const struct venue_header date[] = { { SLICE("date"), SLICE("Sat, 30 Jul 2022 01:50:00 GMT") } };
    const struct venue_header after[] = { { SLICE("Retry-After"), SLICE("90") } };
    V->decode_rest(ctx, VENUE_CALL_POSITIONS, 418, date, 1, SLICE(body), collect_sink, &c, &reply);
    ck_assert_int_eq(BOT_OUTCOME_BANNED, reply.outcome);
    ck_assert_int_eq(INT64_C(1659146400000) * MS, reply.reset_wall_ns);
    ck_assert_int_eq(600 * BOT_NS_PER_S, reply.banned_for_ns);
    V->decode_rest(ctx, VENUE_CALL_POSITIONS, 418, after, 1, SLICE(body), collect_sink, &c, &reply);
    ck_assert_int_eq(90 * BOT_NS_PER_S, reply.banned_for_ns);
    V->decode_rest(ctx, VENUE_CALL_POSITIONS, 418, NULL, 0, SLICE(body), collect_sink, &c, &reply);
    ck_assert_int_eq(120 * BOT_NS_PER_S, reply.banned_for_ns);
    stop();
}

TEST(binance, the_weight_used_is_read_from_the_headers)
{
    start();
    const struct venue_header headers[] = { { SLICE("X-MBX-USED-WEIGHT-1M"), SLICE("37") } };
    const struct venue_header orders[] = { { SLICE("x-mbx-used-weight-1m"), SLICE("37") }, { SLICE("X-Mbx-Order-Count-10s"), SLICE("4") } };
    V->decode_rest(ctx, VENUE_CALL_POSITIONS, 200, headers, 1, SLICE("[]"), collect_sink, &c, &reply);
    ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
    ck_assert_str_eq("weight", V->scopes[reply.scope].name);
    ck_assert_int_eq(37, reply.used);
    ck_assert_int_eq(-1, reply.remaining);
    V->decode_rest(ctx, VENUE_CALL_SUBMIT, 200, orders, 2, SLICE("{\"orderId\":7,\"clientOrderId\":\"a\"}"), collect_sink, &c, &reply);
    ck_assert_str_eq("orders", V->scopes[reply.scope].name);
    ck_assert_int_eq(4, reply.used);
    ck_assert_str_eq("7", reply.order_id.s);
    stop();
}

TEST(binance, one_bad_position_row_spoils_the_whole_answer)
{
    start();
    ck_assert_int_lt(rest_status(VENUE_CALL_POSITIONS, 200, "[{\"symbol\":\"A\",\"positionAmt\":\"1\",\"positionSide\":\"BOTH\"},{\"symbol\":\"B\"}]"), 0);
    ck_assert_int_eq(BOT_OUTCOME_MALFORMED, reply.outcome);
    ck_assert_int_eq(0, c.n);
    ck_assert_int_eq(0, rest_status(VENUE_CALL_POSITIONS, 200, "[]"));
    ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
    stop();
}

TEST(binance, a_full_page_of_fills_has_a_next)
{
    start();
    char *body = malloc(200 * 1000 + 16), *p = body;
    *p++ = '[';
    for (int i = 0; i < 1000; i++)
        p += sprintf(p, "%s{\"symbol\":\"A\",\"id\":%d,\"orderId\":1,\"side\":\"BUY\",\"price\":\"1\",\"qty\":\"1\",\"time\":5,\"maker\":false}", i ? "," : "", 500 + i);
    strcpy(p, "]");
    rest_status(VENUE_CALL_FILLS, 200, body);
    ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
    ck_assert_int_eq(1000, (int)reply.rows);
    ck_assert_str_eq("1499", reply.cursor); /* and that one again: it may be one side of a self-trade, whose other side has the same id */
    char *cut = strrchr(body, ',');
    while (cut[1] != '{') while (*--cut != ',') {}
    strcpy(cut, "]");
    rest_status(VENUE_CALL_FILLS, 200, body);
    ck_assert_int_eq(999, (int)reply.rows);
    ck_assert_str_eq("", reply.cursor);
    free(body);
    stop();
}

TEST(binance, the_listen_key_comes_as_the_cursor)
{
    start();
    ck_assert_int_eq(0, rest_status(VENUE_CALL_LISTEN_KEY, 200, "{\"listenKey\":\"pqia91ma19a5s61c\"}"));
    ck_assert_str_eq("pqia91ma19a5s61c", reply.cursor);
    ck_assert_int_eq(0, rest_status(VENUE_CALL_LISTEN_KEEP, 200, "{}"));
    ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
    rest_status(VENUE_CALL_LISTEN_KEEP, 400, "{\"code\":-1125,\"msg\":\"This listenKey does not exist.\"}");
    ck_assert_int_eq(BOT_OUTCOME_NOT_FOUND, reply.outcome);
    rest_status(VENUE_CALL_LISTEN_KEY, 200, "{}");
    ck_assert_int_eq(BOT_OUTCOME_MALFORMED, reply.outcome);
    stop();
}

TEST(binance, answers_of_the_order_socket_say_the_same_as_rest)
{
    start();
    ck_assert_int_eq(1, ws("{\"id\":\"r1\",\"status\":200,\"result\":{\"orderId\":7,\"clientOrderId\":\"a\",\"updateTime\":3},\"rateLimits\":[]}"));
    ck_assert_int_eq(BOT_EV_ACK, c.ev[0].kind);
    ck_assert(c.ev[0].ack.accepted);
    ck_assert_str_eq("r1", c.ev[0].ack.request_id.s);
    ck_assert_int_eq(1, ws("{\"id\":\"r2\",\"status\":400,\"error\":{\"code\":-2019,\"msg\":\"Margin is insufficient.\"}}"));
    ck_assert_int_eq(BOT_EV_ACK, c.ev[0].kind);
    ck_assert(!c.ev[0].ack.accepted);
    ck_assert_int_eq(-2019, c.ev[0].ack.venue_code);
    ck_assert_int_eq(1, ws("{\"id\":\"r3\",\"status\":408,\"error\":{\"code\":-1007,\"msg\":\"Send status unknown.\"}}"));
    ck_assert_int_eq(BOT_EV_ERROR, c.ev[0].kind);
    ck_assert_int_eq(BOT_ERR_UNKNOWN_OUTCOME, c.ev[0].error.code);
    ck_assert_str_eq("r3", c.ev[0].error.request_id.s);
    rest_status(VENUE_CALL_SUBMIT, 0, "{\"id\":\"r2\",\"status\":400,\"error\":{\"code\":-2019,\"msg\":\"Margin is insufficient.\"}}");
    ck_assert_int_eq(BOT_OUTCOME_REJECTED, reply.outcome);
    rest_status(VENUE_CALL_SUBMIT, 0, "{\"id\":\"r1\",\"status\":200,\"result\":{\"orderId\":7,\"clientOrderId\":\"a\"}}");
    ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
    stop();
}

/* ---- requests -------------------------------------------------------------------------------------------------- */

static const char secret[] = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"; /* public, of the venue's documentation */

static struct venue_keys keys(void)
{
    return (struct venue_keys){ .key = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
                                .signer = bot__signer_new(secret, sizeof secret - 1) };
}

static struct venue_request order_request(void)
{
    struct venue_request req = { .call = VENUE_CALL_SUBMIT };
    bot__symbol_set(&req.order.instrument, "LTCBTC", 6);
    bot__id_set(&req.client_id, "a:1/b", 5);
    req.order.side = BOT_BUY;
    req.order.type = BOT_LIMIT;
    req.order.leg = BOT_LEG_NET;
    req.order.qty.v = fixed_of("1");
    req.order.price.v = fixed_of("0.10");
    return req;
}

static void sign_text(const struct venue_keys *k, const char *text, size_t len, char hex[65])
{
    uint8_t mac[32];
    const struct bot__part part = { text, len };
    ck_assert_int_eq(0, bot__sign(k->signer, &part, 1, mac));
    bot__hex(mac, 32, hex);
}

/* The last parameter is the signature of everything before it. */
static void check_signature(const struct venue_keys *k, const char *signed_text)
{
    const char *at = strstr(signed_text, "&signature=");
    char hex[65];
    ck_assert_ptr_nonnull(at);
    sign_text(k, signed_text, (size_t)(at - signed_text), hex);
    ck_assert_str_eq(hex, at + 11);
}

TEST(binance, signatures_are_those_of_the_documentation)
{
    struct venue_keys k = keys();
    char hex[65];
    static const char whole[] = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559";
    static const char joined[] = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTCquantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559";
    sign_text(&k, whole, sizeof whole - 1, hex);
    ck_assert_str_eq("c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71", hex);
    sign_text(&k, joined, sizeof joined - 1, hex);
    ck_assert_str_eq("0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77", hex);

    struct venue_request req = order_request();
    struct venue_http http;
    memset(&req.client_id, 0, sizeof req.client_id);
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_str_eq("POST", http.method);
    ck_assert_str_eq("/fapi/v1/order", http.path);
    char expected[512];
    snprintf(expected, sizeof expected, "%s&signature=%s", whole, "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
    ck_assert_str_eq(expected, http.body);
    ck_assert_uint_eq(strlen(expected), http.body_len);
    bot__signer_free((struct bot__signer *)(uintptr_t)k.signer);
}

TEST(binance, orders_say_what_was_asked_and_sign_what_is_sent)
{
    struct venue_keys k = keys();
    struct venue_request req = order_request();
    struct venue_http http;
    req.order.tif = BOT_POST_ONLY;
    req.order.reduce_only = true;
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_ptr_nonnull(strstr(http.body, "&timeInForce=GTX&"));
    ck_assert_ptr_nonnull(strstr(http.body, "&reduceOnly=true&"));
    ck_assert_ptr_nonnull(strstr(http.body, "&newClientOrderId=a%3A1%2Fb&"));
    check_signature(&k, http.body);
    /* Hedge mode: the leg says it, and the venue refuses the flag. */
    req.order.leg = BOT_LEG_SHORT;
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_ptr_nonnull(strstr(http.body, "positionSide=SHORT"));
    ck_assert_ptr_null(strstr(http.body, "reduceOnly"));
    req.order.leg = BOT_LEG_LONG; /* buying opens a long leg, whatever the flag says */
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &k, WALL, &http));
    req = order_request();
    req.order.type = BOT_MARKET;
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_ptr_null(strstr(http.body, "price="));
    ck_assert_ptr_null(strstr(http.body, "timeInForce"));
    ck_assert_int_eq(1, (int)http.weight);
    ck_assert_str_eq("orders", V->scopes[http.scope].name);
    req = order_request();
    bot__id_set(&req.client_id, "no spaces", 9);
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &k, WALL, &http));
    req = order_request();
    req.order.qty.v = 0;
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &k, WALL, &http));
    bot__signer_free((struct bot__signer *)(uintptr_t)k.signer);
}

TEST(binance, reads_and_cancels_are_addressed_as_the_venue_wants)
{
    struct venue_keys k = keys();
    struct venue_http http;
    struct venue_request req = { .call = VENUE_CALL_FILLS };
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &k, WALL, &http)); /* there is no account-wide list */
    bot__symbol_set(&req.instrument, "BTCUSDT", 7);
    req.from_ns = 5000 * MS;
    req.to_ns = 6000 * MS;
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_int_eq(0, strncmp(http.path, "/fapi/v1/userTrades?symbol=BTCUSDT&startTime=5000&endTime=6000&limit=1000&recvWindow=5000&", 87));
    check_signature(&k, strchr(http.path, '?') + 1);
    req.cursor = "1500"; /* cannot go with times */
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_ptr_nonnull(strstr(http.path, "?symbol=BTCUSDT&fromId=1500&limit=1000&"));
    req.cursor = "1&x=2";
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &k, WALL, &http));

    req = (struct venue_request){ .call = VENUE_CALL_POSITIONS };
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_int_eq(0, strncmp(http.path, "/fapi/v3/positionRisk?recvWindow=5000&timestamp=1499827319559&signature=", 72));
    ck_assert_str_eq("X-MBX-APIKEY", http.headers[0].name);
    req.call = VENUE_CALL_OPEN_ORDERS;
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_int_eq(40, (int)http.weight);
    req.call = VENUE_CALL_LISTEN_KEY;
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_str_eq("/fapi/v1/listenKey", http.path);
    ck_assert_uint_eq(0, http.body_len);
    ck_assert_int_eq(1, (int)http.headers_n);
    req.call = VENUE_CALL_TIME;
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_int_eq(0, (int)http.headers_n);

    req.call = VENUE_CALL_CANCEL;
    bot__symbol_set(&req.instrument, "BTCUSDT", 7);
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &k, WALL, &http));
    bot__id_set(&req.client_id, "lb1", 3);
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_str_eq("DELETE", http.method);
    ck_assert_ptr_nonnull(strstr(http.path, "symbol=BTCUSDT&origClientOrderId=lb1&"));
    bot__id_set(&req.order_id, "77", 2);
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_ptr_nonnull(strstr(http.path, "symbol=BTCUSDT&orderId=77&"));
    req.call = VENUE_CALL_DEAD_MAN;
    req.window_ms = 30000;
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_int_eq(0, strncmp(http.body, "symbol=BTCUSDT&countdownTime=30000&", 35));
    req.call = VENUE_CALL_AMEND;
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &k, WALL, &http)); /* both price and quantity, always */
    req.order.side = BOT_SELL;
    req.order.qty.v = fixed_of("0.5");
    req.order.price.v = fixed_of("9");
    ck_assert_int_eq(0, V->encode_rest(&req, &k, WALL, &http));
    ck_assert_str_eq("PUT", http.method);
    ck_assert_ptr_nonnull(strstr(http.body, "side=SELL&quantity=0.5&price=9&"));
    req.call = VENUE_CALL_STATUS;
    ck_assert_int_eq(BOT_ERR_UNSUPPORTED, V->encode_rest(&req, &k, WALL, &http));
    bot__signer_free((struct bot__signer *)(uintptr_t)k.signer);
}

/* The members of params in the order of the alphabet, as "k=v&...", are what the signature is over. */
TEST(binance, requests_of_the_order_socket_sign_their_sorted_parameters)
{
    struct venue_keys k = keys();
    struct venue_request req = order_request();
    char buf[2048], text[2048], hex[65], given[65] = "", last[64] = "";
    size_t n = 0;
    bot__id_set(&req.request_id, "r1", 2);
    req.order.reduce_only = true;
    const int len = V->encode_ws(&req, &k, WALL, buf, sizeof buf);
    ck_assert_int_gt(len, 0);
    ck_assert_int_eq(0, strncmp(buf, "{\"id\":\"r1\",\"method\":\"order.place\",\"params\":{\"apiKey\":", 53));
    struct json j;
    struct slice key;
    bot__json_init(&j, buf, (size_t)len);
    bot__json_object(&j);
    while (bot__json_key(&j, &key)) {
        if (!slice_is(key, "params")) {
            bot__json_skip(&j);
            continue;
        }
        bot__json_object(&j);
        while (bot__json_key(&j, &key)) {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)key.len, key.p);
            const struct slice v = bot__json_text(&j);
            if (strcmp(name, "signature") == 0) {
                snprintf(given, sizeof given, "%.*s", (int)v.len, v.p);
                continue;
            }
            ck_assert_int_lt(strcmp(last, name), 0);
            strcpy(last, name);
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=%.*s", n > 0 ? "&" : "", name, (int)v.len, v.p);
        }
    }
    ck_assert_int_eq(BOT_OK, bot__json_end(&j));
    sign_text(&k, text, n, hex);
    ck_assert_str_eq(hex, given);
    req.call = VENUE_CALL_CANCEL_ALL;
    ck_assert_int_eq(BOT_ERR_UNSUPPORTED, V->encode_ws(&req, &k, WALL, buf, sizeof buf));
    req.call = VENUE_CALL_SUBMIT;
    ck_assert_int_eq(BOT_ERR_FULL, V->encode_ws(&req, &k, WALL, buf, 40));
    bot__signer_free((struct bot__signer *)(uintptr_t)k.signer);
}

TEST(binance, streams_are_named_in_lower_case_and_the_private_one_by_its_key)
{
    bot_symbol s[2];
    char buf[256];
    bot__symbol_set(&s[0], "BTCUSDT", 7);
    bot__symbol_set(&s[1], "ETHUSDT_260327", 14);
    ck_assert_int_gt(V->ws_subscribe(BOT_STREAM_PUBLIC, s, 2, 0, buf, sizeof buf), 0);
    ck_assert_str_eq("{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@aggTrade\",\"ethusdt_260327@aggTrade\"],\"id\":1}", buf);
    ck_assert_int_eq(0, V->ws_subscribe(BOT_STREAM_PUBLIC, s, 2, 1, buf, sizeof buf));
    ck_assert_int_gt(V->ws_subscribe(BOT_STREAM_PUBLIC_2, s, 2, 0, buf, sizeof buf), 0);
    ck_assert_str_eq("{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth@100ms\",\"ethusdt_260327@depth@100ms\"],\"id\":1}", buf);
    ck_assert_int_eq(V->ws_public_of(&s[0], true), BOT_STREAM_PUBLIC_2);
    ck_assert_int_eq(V->ws_public_of(&s[0], false), BOT_STREAM_PUBLIC);
    /* Ten things a second are all that a socket may say. */
    static bot_symbol many[64];
    char long_buf[8192];
    uint32_t messages = 0, streams = 0;
    for (int i = 0; i < 64; i++) {
        char name[32];
        bot__symbol_set(&many[i], name, (size_t)snprintf(name, sizeof name, "COIN%02dUSDT", i));
    }
    for (; V->ws_subscribe(BOT_STREAM_PUBLIC_2, many, 64, messages, long_buf, sizeof long_buf) > 0; messages++)
        for (const char *p = long_buf; (p = strstr(p, "usdt@depth")) != NULL; p++)
            streams++;
    ck_assert_uint_eq(streams, 64);
    ck_assert_uint_lt(messages, 5);
    ck_assert_int_eq(0, V->ws_subscribe(BOT_STREAM_PRIVATE, s, 2, 0, buf, sizeof buf));
    ck_assert_int_eq(4, V->ws_path(BOT_STREAM_PRIVATE, s, 2, "KEY", buf, sizeof buf));
    ck_assert_str_eq("/KEY", buf);
    ck_assert_int_lt(V->ws_path(BOT_STREAM_PRIVATE, s, 2, "", buf, sizeof buf), 0);
}
