#include "base/time_text.h"
#include "venue/bitflyer/bitflyer.h"

extern const struct venue bot__venue_bitflyer;
#define V (&bot__venue_bitflyer)
#include "codec_kit.h"
#include "words.h"

static const struct recording_kind kinds[] = {
    { "rest_balance", RECORDING_REST, VENUE_CALL_BALANCE, YIELDS(BOT_EV_WALLET), NULL },
    { "rest_collateral", RECORDING_REST, VENUE_CALL_BALANCE, YIELDS(BOT_EV_WALLET), NULL },
    { "rest_errors", RECORDING_REST, VENUE_CALL_POSITIONS, 0, NULL },
    { "rest_fee_rate", RECORDING_NOTHING, 0, 0, "fee rates are not asked for" },
    { "rest_fills", RECORDING_REST, VENUE_CALL_FILLS, YIELDS(BOT_EV_FILL), NULL },
    { "rest_instruments", RECORDING_REST, VENUE_CALL_INSTRUMENTS, YIELDS(BOT_EV_INSTRUMENT), NULL },
    { "rest_misc", RECORDING_REST, VENUE_CALL_KEY, 0, "what the key may do, in the reply" },
    { "rest_order_ack", RECORDING_REST, VENUE_CALL_SUBMIT, YIELDS(BOT_EV_ACK), NULL },
    { "rest_orderbook", RECORDING_REST, VENUE_CALL_BOOK, YIELDS(BOT_EV_BOOK), NULL },
    { "rest_orders", RECORDING_REST, VENUE_CALL_OPEN_ORDERS, YIELDS(BOT_EV_ORDER), NULL },
    { "rest_parent_orders", RECORDING_NOTHING, 0, 0, "parent orders are not sent by us" },
    { "rest_positions", RECORDING_REST, VENUE_CALL_POSITIONS, YIELDS(BOT_EV_POSITION), NULL },
    { "rest_public_trades", RECORDING_REST, VENUE_CALL_PUBLIC_TRADES, YIELDS(BOT_EV_TRADE), NULL },
    { "rest_status", RECORDING_REST, VENUE_CALL_STATUS, YIELDS(BOT_EV_STATUS), NULL },
    { "rest_ticker", RECORDING_NOTHING, 0, 0, "tickers are not asked for" },
    { "ws_capture", RECORDING_WS, 0, YIELDS(BOT_EV_TRADE), NULL },
    { "ws_child_order_events", RECORDING_WS, 0, YIELDS(BOT_EV_FILL), NULL },
    { "ws_orderbook", RECORDING_WS, 0, YIELDS(BOT_EV_BOOK), NULL },
    { "ws_public_trades", RECORDING_WS, 0, YIELDS(BOT_EV_TRADE), NULL },
    { "ws_ticker", RECORDING_WS, 0, YIELDS(BOT_EV_STATUS), NULL },
    { NULL, 0, 0, 0, NULL },
};
static const struct recording_exception exceptions[] = {
    { "rest_collateral__b4j-trade-collateral.json", false, YIELDS(BOT_EV_WALLET), "collateral history: rows of the balance's shape" },
    { "ws_child_order_events__pbw-normalized_store_execution-74.json", false, YIELDS(BOT_EV_ORDER), "the bare value of params.message" },
    { "ws_orderbook__b4j-socket-board.json", true, 0, "the bare value of params.message" },
    { "ws_public_trades__b4j-socket-exec.json", true, 0, "the bare value of params.message" },
    { NULL, false, 0, NULL },
};

TEST(bitflyer, every_recording_yields_what_its_kind_says_or_is_refused)
{
    const struct recording_totals t = recordings_check(V, kinds, exceptions, stderr);
    fprintf(stderr, "# bitflyer: %d files, %d messages, %d refused, %d events\n", t.files, t.messages, t.refused, t.events);
    ck_assert_int_gt(t.messages, 400);
}

/* Recordings of other clients lack the frame: what says by itself what it is is read, the rest waits for its instrument's name. */
TEST(bitflyer, a_message_without_its_frame_is_read_where_it_names_itself)
{
    static const char trades[] = "[{\"id\":7,\"side\":\"BUY\",\"price\":5,\"size\":0.1,\"exec_date\":\"2021-12-12T00:00:00Z\"}]";
    start();
    ck_assert_int_eq(1, ws(" [{\"product_code\":\"FX_BTC_JPY\",\"child_order_id\":\"J\",\"child_order_acceptance_id\":\"JRF1\",\"event_date\":\"2022-08-09T13:17:31Z\","
                           "\"event_type\":\"EXPIRE\"}]"));
    ck_assert_int_eq(BOT_ORDER_EXPIRED, c.ev[0].order.status);
    ck_assert_int_lt(ws("[]"), 0);
    ck_assert_int_lt(ws("[1]"), 0);
    ck_assert_int_lt(ws(trades), 0);
    bot__symbol_set(&ctx->instrument, "FX_BTC_JPY", 10);
    ck_assert_int_eq(1, ws(trades));
    ck_assert_int_eq(BOT_EV_TRADE, c.ev[0].kind);
    ck_assert_str_eq("FX_BTC_JPY", c.ev[0].instrument.s);
    stop();
}

/* ---- order events ------------------------------------------------------------------------------------------- */

#define EVENTS(rows) "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"child_order_events\",\"message\":[" rows "]}}"
#define COMMON "\"product_code\":\"FX_BTC_JPY\",\"child_order_id\":\"JFX1\",\"child_order_acceptance_id\":\"JRF1\",\"event_date\":\"2022-08-09T13:17:31.3350519Z\""

TEST(bitflyer, an_execution_event_gives_the_fill_and_then_the_order)
{
    start();
    ck_assert_int_eq(2, ws(EVENTS("{" COMMON ",\"event_type\":\"EXECUTION\",\"exec_id\":2373644588,\"side\":\"BUY\",\"price\":3133605.0,\"size\":0.010,"
                                  "\"commission\":0,\"sfd\":0,\"outstanding_size\":0.02}")));
    const bot_event *fill = &c.ev[0], *order = &c.ev[1];
    ck_assert_int_eq(BOT_EV_FILL, fill->kind);
    ck_assert_str_eq("2373644588", fill->fill.exec_id.s);
    ck_assert_str_eq("JRF1", fill->fill.order_id.s); /* the id that the answer to our request had */
    ck_assert_str_eq("3133605.0", dec_text(fill->fill.price)); /* as written */
    ck_assert_str_eq("0.010", dec_text(fill->fill.qty));
    ck_assert_str_eq("0", dec_text(fill->fill.fee));
    ck_assert_str_eq("0.02", dec_text(fill->fill.leaves_qty));
    ck_assert_int_eq(0, fill->fill.client_id.len);
    ck_assert_int_eq(INT64_C(1660051051335051900), fill->venue_ns);
    ck_assert_int_eq(BOT_ORDER_PARTIALLY_FILLED, order->order.status);
    ck_assert_str_eq("0.02", dec_text(order->order.leaves_qty));
    ck_assert_int_eq(2, ws(EVENTS("{" COMMON ",\"event_type\":\"EXECUTION\",\"exec_id\":5,\"side\":\"SELL\",\"price\":1,\"size\":1,\"outstanding_size\":0.0}")));
    ck_assert_int_eq(BOT_ORDER_FILLED, c.ev[1].order.status);
    stop();
}

TEST(bitflyer, several_orders_in_one_push_are_all_told_in_order)
{
    start();
    ck_assert_int_eq(7, ws(EVENTS(
        "{" COMMON ",\"event_type\":\"ORDER\",\"child_order_type\":\"LIMIT\",\"side\":\"BUY\",\"price\":3000000,\"size\":0.01,\"expire_date\":\"2022-09-08T13:17:31\"},"
        "{" COMMON ",\"event_type\":\"ORDER\",\"child_order_type\":\"MARKET\",\"side\":\"SELL\",\"price\":0,\"size\":0.01},"
        "{" COMMON ",\"event_type\":\"ORDER_FAILED\",\"reason\":\"Margin is insufficient\"},"
        "{" COMMON ",\"event_type\":\"CANCEL\",\"price\":3000000,\"size\":0.01},"
        "{" COMMON ",\"event_type\":\"CANCEL_FAILED\"},"
        "{" COMMON ",\"event_type\":\"EXPIRE\"},"
        "{" COMMON ",\"event_type\":\"ORDER\",\"child_order_type\":\"LIMIT\",\"side\":\"BUY\",\"price\":1,\"size\":1}")));
    ck_assert_int_eq(BOT_ORDER_OPEN, c.ev[0].order.status);
    ck_assert_int_eq(BOT_LIMIT, c.ev[0].order.type);
    ck_assert(!(c.ev[1].has & BOT_HAS_PRICE));
    ck_assert_int_eq(BOT_ORDER_REJECTED, c.ev[2].order.status);
    ck_assert_str_eq("Margin is insufficient", c.ev[2].order.reason);
    ck_assert_int_eq(BOT_ORDER_CANCELED, c.ev[3].order.status);
    ck_assert_int_eq(BOT_EV_ACK, c.ev[4].kind);
    ck_assert(!c.ev[4].ack.accepted);
    ck_assert_int_eq(BOT_ORDER_EXPIRED, c.ev[5].order.status);
    stop();
}

TEST(bitflyer, swap_for_difference_is_money_and_no_size)
{
    start();
    ck_assert_int_eq(3, ws(EVENTS("{" COMMON ",\"event_type\":\"EXECUTION\",\"exec_id\":7,\"side\":\"BUY\",\"price\":1,\"size\":1,\"sfd\":-0.5,\"outstanding_size\":0}")));
    ck_assert_int_eq(BOT_EV_FUNDING, c.ev[1].kind);
    ck_assert_str_eq("0.5", dec_text(c.ev[1].funding.amount));
    ck_assert_str_eq("sfd:7", c.ev[1].funding.exec_id.s);
    ck_assert_str_eq("JPY", c.ev[1].funding.currency.s);
    stop();
}

TEST(scenario, s08_bitflyer_refuses_exponents_and_worse_in_executions)
{
    static const char *const sizes[] = { "1E-8", "1e-05", "-1", "0", "NaN", "\"0x1\"", "null", "1234567890123456789012345678901234567890", "{}", "true" };
    start();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char text[900];
        snprintf(text, sizeof text, EVENTS("{" COMMON ",\"event_type\":\"EXECUTION\",\"exec_id\":1,\"side\":\"BUY\",\"price\":1,\"size\":1,\"outstanding_size\":0},"
                 "{" COMMON ",\"event_type\":\"EXECUTION\",\"exec_id\":2,\"side\":\"BUY\",\"price\":1,\"size\":%s,\"outstanding_size\":0}"), sizes[i]);
        ck_assert_msg(ws(text) < 0, "size %s was read", sizes[i]);
        ck_assert_int_eq(0, c.n);
        snprintf(text, sizeof text, "[{\"product_code\":\"FX_BTC_JPY\",\"side\":\"BUY\",\"price\":1,\"size\":%s}]", sizes[i]);
        ck_assert_int_lt(rest(VENUE_CALL_POSITIONS, text), 0);
        ck_assert_int_eq(BOT_OUTCOME_MALFORMED, reply.outcome);
    }
    ck_assert_int_lt(ws(EVENTS("{" COMMON ",\"event_type\":\"SPLIT\"}")), 0); /* a kind that nobody told us of */
    stop();
}

TEST(bitflyer, public_exponents_are_turned_into_digits_exactly)
{
    static const struct { const char *in, *out; } numbers[] = {
        { "1E-08", "0.00000001" }, { "2.11e-05", "0.0000211" }, { "1e3", "1000" }, { "1.50E+1", "15.0" }, { "3133605.0", "3133605.0" },
        { "1.5e2", "150" }, { "0e-5", "0.00000" },
    };
    bot_dec d;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ck_assert_int_eq(BOT_OK, bot__bf_number((struct slice){ numbers[i].in, strlen(numbers[i].in) }, &d));
        ck_assert_str_eq(numbers[i].out, dec_text(d));
    }
    static const char *const bad[] = { "1e", "e5", "1e5.0", "1e-80", "1e99999999999999999999", "", "1e--5", "1e+-5", "1e1e1" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(bot__bf_number((struct slice){ bad[i], strlen(bad[i]) }, &d) < 0, "%s was read", bad[i]);
    start();
    ck_assert_int_eq(1, ws("{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"lightning_executions_ETH_BTC\",\"message\":["
                           "{\"id\":1,\"side\":\"\",\"price\":0.029,\"size\":1E-08,\"exec_date\":\"2021-12-12T00:00:00Z\"}]}}"));
    ck_assert_str_eq("0.00000001", dec_text(c.ev[0].trade.qty));
    ck_assert_int_eq(BOT_SIDE_NONE, c.ev[0].trade.side);
    ck_assert_str_eq("ETH_BTC", c.ev[0].instrument.s);
    stop();
}

/* ---- lots --------------------------------------------------------------------------------------------------- */

#define LOT(side, price, size) "{\"product_code\":\"FX_BTC_JPY\",\"side\":\"" side "\",\"price\":" price ",\"size\":" size ",\"open_date\":\"2015-11-03T10:04:45.011\"}"

TEST(bitflyer, lots_add_up_to_one_position_whose_entry_is_given_only_when_exact)
{
    start();
    ck_assert_int_eq(1, rest(VENUE_CALL_POSITIONS, "[" LOT("SELL", "3000000.0", "0.01") "," LOT("SELL", "3000100", "0.03") "]"));
    ck_assert_str_eq("-0.04", dec_text(c.ev[0].position.qty));
    ck_assert_str_eq("3000075", dec_text(c.ev[0].position.entry_price));
    ck_assert_int_eq(BOT_LEG_NET, c.ev[0].position.leg);
    ck_assert_int_eq(1, rest(VENUE_CALL_POSITIONS, "[" LOT("SELL", "36000.0", "0.010") "]"));
    ck_assert_str_eq("-0.010", dec_text(c.ev[0].position.qty)); /* of one lot: as written */
    ck_assert_str_eq("36000.0", dec_text(c.ev[0].position.entry_price));
    ck_assert_int_eq(1, rest(VENUE_CALL_POSITIONS, "[" LOT("BUY", "1", "1") "," LOT("BUY", "2", "2") "]")); /* 5/3 */
    ck_assert_str_eq("3", dec_text(c.ev[0].position.qty));
    ck_assert(!(c.ev[0].has & BOT_HAS_ENTRY_PRICE));
    ck_assert_int_eq(1, rest(VENUE_CALL_POSITIONS, "[" LOT("BUY", "5", "1") "," LOT("SELL", "7", "3") "]"));
    ck_assert_str_eq("-2", dec_text(c.ev[0].position.qty));
    ck_assert(!(c.ev[0].has & BOT_HAS_ENTRY_PRICE));
    ck_assert_int_eq(0, rest(VENUE_CALL_POSITIONS, "[]"));
    ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
    /* Two products in an answer about one, or a row cut off: nothing is told. */
    ck_assert_int_lt(rest(VENUE_CALL_POSITIONS, "[" LOT("BUY", "1", "1") ",{\"product_code\":\"BTC_JPY\",\"side\":\"BUY\",\"price\":1,\"size\":1}]"), 0);
    ck_assert_int_eq(0, c.n);
    ck_assert_int_lt(rest(VENUE_CALL_POSITIONS, "[{\"side\":\"BUY\",\"price\":1,\"size\":1}]"), 0); /* of no product */
    ck_assert_int_lt(rest(VENUE_CALL_POSITIONS, "[" LOT("BUY", "1", "1") ","), 0);
    ck_assert_int_eq(0, c.n);
    stop();
}

/* ---- answers ------------------------------------------------------------------------------------------------ */

TEST(bitflyer, answers_have_no_envelope_and_failures_are_told_by_their_status)
{
    static const struct { enum venue_call call; int http; const char *body; bot_outcome outcome; } answers[] = {
        { VENUE_CALL_CANCEL, 200, "", BOT_OUTCOME_OK },
        { VENUE_CALL_CANCEL_ALL, 200, "\r\n", BOT_OUTCOME_OK },
        { VENUE_CALL_CANCEL, 200, "<html>", BOT_OUTCOME_UNKNOWN },
        { VENUE_CALL_SUBMIT, 200, "", BOT_OUTCOME_UNKNOWN },
        { VENUE_CALL_SUBMIT, 500, "oops", BOT_OUTCOME_UNKNOWN },
        { VENUE_CALL_SUBMIT, 200, "{\"child_order_acceptance_id\":\"\"}", BOT_OUTCOME_UNKNOWN },
        { VENUE_CALL_SUBMIT, 400, "{\"status\":-205,\"error_message\":\"Margin amount is insufficient for this order.\",\"data\":null}", BOT_OUTCOME_REJECTED },
        { VENUE_CALL_SUBMIT, 500, "{\"status\":-999,\"error_message\":\"?\",\"data\":null}", BOT_OUTCOME_UNKNOWN },
        { VENUE_CALL_SUBMIT, 500, "{\"status\":-2,\"error_message\":\"Under maintenance\",\"data\":null}", BOT_OUTCOME_MAINTENANCE },
        { VENUE_CALL_POSITIONS, 200, "{\"status\":-2,\"error_message\":\"Under maintenance\",\"data\":null}", BOT_OUTCOME_MAINTENANCE },
        { VENUE_CALL_POSITIONS, 401, "{\"status\":-500,\"error_message\":\"Permission denied\",\"data\":null}", BOT_OUTCOME_AUTH },
        { VENUE_CALL_POSITIONS, 429, "{\"status\":-1,\"error_message\":\"Over API limit per period\",\"data\":null}", BOT_OUTCOME_LIMITED },
        { VENUE_CALL_POSITIONS, 429, "", BOT_OUTCOME_LIMITED },
        { VENUE_CALL_POSITIONS, 200, "", BOT_OUTCOME_MALFORMED },
        { VENUE_CALL_POSITIONS, 200, "{}", BOT_OUTCOME_MALFORMED },
        { VENUE_CALL_POSITIONS, 502, "[]", BOT_OUTCOME_UNKNOWN },
        { VENUE_CALL_ORDER, 200, "[]", BOT_OUTCOME_NOT_FOUND },
        { VENUE_CALL_TIME, 200, "{\"status\":\"NORMAL\"}", BOT_OUTCOME_MALFORMED }, /* no Date header */
    };
    start();
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        decode_rest(V, ctx, answers[i].call, answers[i].http, answers[i].body, &c, &reply);
        ck_assert_msg(reply.outcome == answers[i].outcome, "%d %s: outcome %d", answers[i].http, answers[i].body, reply.outcome);
        ck_assert_int_eq(0, c.n);
    }
    ck_assert_int_eq(1, rest(VENUE_CALL_SUBMIT, "{\"child_order_acceptance_id\":\"JRF20150707-050237-639234\"}"));
    ck_assert_str_eq("JRF20150707-050237-639234", reply.order_id.s);
    stop();
}

TEST(bitflyer, active_orders_have_no_id_of_their_own_and_are_told_by_what_is_executed)
{
    start();
    ck_assert_int_eq(2, rest(VENUE_CALL_OPEN_ORDERS, "["
        "{\"id\":0,\"child_order_id\":\"JFX1\",\"product_code\":\"FX_BTC_JPY\",\"side\":\"SELL\",\"child_order_type\":\"LIMIT\",\"price\":5000000.0,\"average_price\":0.0,"
        "\"size\":0.01,\"child_order_state\":\"ACTIVE\",\"child_order_acceptance_id\":\"JRF1\",\"outstanding_size\":0.01,\"executed_size\":0.0,\"time_in_force\":\"GTC\"},"
        "{\"id\":0,\"child_order_id\":\"JFX2\",\"product_code\":\"FX_BTC_JPY\",\"side\":\"BUY\",\"child_order_type\":\"LIMIT\",\"price\":4000000.0,\"average_price\":3999999.5,"
        "\"size\":0.03,\"child_order_state\":\"ACTIVE\",\"child_order_acceptance_id\":\"JRF2\",\"outstanding_size\":0.02,\"executed_size\":0.01,\"time_in_force\":\"IOC\"}]"));
    ck_assert_int_eq(BOT_ORDER_OPEN, c.ev[0].order.status);
    ck_assert_str_eq("JRF1", c.ev[0].order.order_id.s);
    ck_assert(!(c.ev[0].has & BOT_HAS_AVG_PRICE));
    ck_assert_int_eq(BOT_ORDER_PARTIALLY_FILLED, c.ev[1].order.status);
    ck_assert_str_eq("0.02", dec_text(c.ev[1].order.leaves_qty));
    ck_assert_str_eq("", reply.cursor);
    stop();
}

TEST(bitflyer, health_and_board_state_make_one_status_of_which_the_worse_counts)
{
    static const struct { const char *health, *state; bot_status status; } words[] = {
        { "NORMAL", "RUNNING", BOT_STATUS_NORMAL }, { "SUPER BUSY", "RUNNING", BOT_STATUS_BUSY }, { "NO ORDER", "RUNNING", BOT_STATUS_CANCEL_ONLY },
        { "STOP", "RUNNING", BOT_STATUS_STOPPED },  { "NORMAL", "CLOSED", BOT_STATUS_CLOSED },    { "BUSY", "PREOPEN", BOT_STATUS_CLOSED },
        { "NORMAL", "CIRCUIT BREAK", BOT_STATUS_STOPPED }, { "FINE", "RUNNING", BOT_STATUS_STOPPED },
    };
    start();
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char text[120];
        snprintf(text, sizeof text, "{\"health\":\"%s\",\"state\":\"%s\"}", words[i].health, words[i].state);
        ck_assert_int_eq(1, rest(VENUE_CALL_STATUS, text));
        ck_assert_int_eq(words[i].status, c.ev[0].status.status);
    }
    ck_assert_str_eq("FINE/RUNNING", c.ev[0].status.text);
    stop();
}

TEST(bitflyer, the_time_is_the_date_header)
{
    start();
    const struct venue_header date = { SLICE("Date"), SLICE("Wed, 15 Nov 2023 00:00:01 GMT") };
    ck_assert_int_eq(1, V->decode_rest(ctx, VENUE_CALL_TIME, 200, &date, 1, SLICE("{\"status\":\"NORMAL\"}"), collect_sink, &c, &reply));
    ck_assert_int_eq(BOT_EV_TIME, c.ev[0].kind);
    ck_assert_int_eq(INT64_C(1700006401500) * MS, reply.venue_ns);
    ck_assert_int_eq(500 * MS, reply.venue_error_ns); /* told in whole seconds */
    stop();
}

TEST(bitflyer, socket_answers_are_told_apart_by_their_id)
{
    start();
    ck_assert_int_eq(1, ws("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}"));
    ck_assert_int_eq(BOT_CONTROL_AUTH, c.ev[0].control.control);
    ck_assert_int_eq(1, ws("{\"jsonrpc\":\"2.0\",\"id\":100,\"result\":true}"));
    ck_assert_int_eq(BOT_CONTROL_SUBSCRIBED, c.ev[0].control.control);
    ck_assert_int_eq(1, ws("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"no\"}}"));
    ck_assert_int_eq(BOT_EV_ERROR, c.ev[0].kind);
    ck_assert_int_eq(-32000, c.ev[0].error.venue_code);
    static const char *const bad[] = { "", "[]", "{}", "{\"jsonrpc\":\"2.0\",\"id\":1}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":false}",
                                       "{\"method\":\"channelMessage\",\"params\":{\"channel\":\"child_order_events\"}}" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(ws(bad[i]) < 0, "was read: %s", bad[i]);
    stop();
}

/* ---- requests ----------------------------------------------------------------------------------------------- */

static struct venue_keys keys_of(const char *secret)
{
    return (struct venue_keys){ .key = "key", .signer = bot__signer_new(secret, strlen(secret)) };
}

static const char *header_of(const struct venue_http *http, const char *name)
{
    for (uint32_t i = 0; i < http->headers_n; i++)
        if (strcmp(http->headers[i].name, name) == 0)
            return http->headers[i].value;
    return "";
}

TEST(bitflyer, signatures_match_the_vectors)
{
    struct venue_keys keys = keys_of("AKHZlv3PoAXZ0KXIKIVKOmS4ji3rV7ZIVIJRstwyplaw0FQ4");
    struct venue_request req = { .call = VENUE_CALL_OPEN_ORDERS };
    struct venue_http http;
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, INT64_C(2085848896000) * MS, &http));
    ck_assert_str_eq("/v1/me/getchildorders?product_code=FX_BTC_JPY&child_order_state=ACTIVE", http.path);
    ck_assert_str_eq("2085848896000", header_of(&http, "ACCESS-TIMESTAMP"));
    ck_assert_str_eq("7413e237eee917f1a2a276f6d1553a82fc8ca7b1b3353ff02a070b5e3c3deda5", header_of(&http, "ACCESS-SIGN"));
    static const char post[] = "2085848896000POST/v1/me/sendchildorder{\"product_code\": \"FX_BTC_JPY\", \"child_order_type\": \"MARKET\", \"side\": \"BUY\", \"size\": 0.01}";
    const struct bot__part part = { post, strlen(post) };
    uint8_t mac[32];
    char text[65];
    ck_assert_int_eq(0, bot__sign(keys.signer, &part, 1, mac));
    bot__hex(mac, sizeof mac, text);
    ck_assert_str_eq("0e391462aad928c8152201a8854b095f084d1b9f6bd9c0d9b8b026c9963711b4", text);
    bot__signer_free((struct bot__signer *)(uintptr_t)keys.signer);
}

TEST(bitflyer, orders_are_written_with_bare_numbers)
{
    struct venue_keys keys = keys_of("s");
    struct venue_http http;
    struct venue_request req = { .call = VENUE_CALL_SUBMIT, .order = { .side = BOT_SELL, .type = BOT_LIMIT, .tif = BOT_GTC, .reduce_only = true } };
    req.order.instrument = symbol_of("FX_BTC_JPY");
    req.order.qty.v = fixed_of("0.01");
    req.order.price.v = fixed_of("3000000.0");
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, 0, &http));
    ck_assert_str_eq("/v1/me/sendchildorder", http.path);
    ck_assert_str_eq("{\"product_code\":\"FX_BTC_JPY\",\"child_order_type\":\"LIMIT\",\"side\":\"SELL\",\"price\":3000000,\"size\":0.01,\"time_in_force\":\"GTC\"}", http.body);
    req.order.tif = BOT_POST_ONLY;
    ck_assert_int_eq(BOT_ERR_UNSUPPORTED, V->encode_rest(&req, &keys, 0, &http));
    req.order.tif = BOT_IOC;
    req.order.type = BOT_MARKET;
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, 0, &http));
    ck_assert_str_eq("{\"product_code\":\"FX_BTC_JPY\",\"child_order_type\":\"MARKET\",\"side\":\"SELL\",\"size\":0.01,\"time_in_force\":\"IOC\"}", http.body);
    ck_assert_int_eq(BF_SCOPE_ORDERS, http.scope);
    bot__signer_free((struct bot__signer *)(uintptr_t)keys.signer);
}

/* Active orders have the id 0: an execution that has it, too, is not told apart from the next. */
TEST(bitflyer, an_execution_of_the_list_has_a_name)
{
    static const char *const ids[] = { "0", "\"\"", "null", "-" };
    char text[300];
    start();
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        snprintf(text, sizeof text, "[{\"id\":%s,\"child_order_acceptance_id\":\"JRF1\",\"side\":\"BUY\",\"price\":5,\"size\":0.1,\"commission\":0,\"exec_date\":\"2021-12-12T00:00:00\"}]", ids[i]);
        rest(VENUE_CALL_FILLS, text);
        ck_assert_msg(reply.outcome == BOT_OUTCOME_MALFORMED && c.n == 0, "%s", ids[i]);
    }
    stop();
}

TEST(bitflyer, every_call_has_its_path_or_says_that_it_has_none)
{
    static const struct { enum venue_call call; const char *path, *body; } calls[] = {
        { VENUE_CALL_TIME, "/v1/gethealth?product_code=FX_BTC_JPY", "" },
        { VENUE_CALL_INSTRUMENTS, "/v1/getmarkets", "" },
        { VENUE_CALL_POSITIONS, "/v1/me/getpositions?product_code=FX_BTC_JPY", "" },
        { VENUE_CALL_FILLS, "/v1/me/getexecutions?product_code=FX_BTC_JPY&count=100&before=123", "" },
        { VENUE_CALL_ORDER, "/v1/me/getchildorders?product_code=FX_BTC_JPY&child_order_acceptance_id=JRF1-2", "" },
        { VENUE_CALL_BALANCE, "/v1/me/getcollateral", "" },
        { VENUE_CALL_KEY, "/v1/me/getpermissions", "" },
        { VENUE_CALL_BOOK, "/v1/getboard?product_code=FX_BTC_JPY", "" },
        { VENUE_CALL_PUBLIC_TRADES, "/v1/getexecutions?product_code=FX_BTC_JPY&count=100", "" },
        { VENUE_CALL_STATUS, "/v1/getboardstate?product_code=FX_BTC_JPY", "" },
        { VENUE_CALL_CANCEL, "/v1/me/cancelchildorder", "{\"product_code\":\"FX_BTC_JPY\",\"child_order_acceptance_id\":\"JRF1-2\"}" },
        { VENUE_CALL_CANCEL_ALL, "/v1/me/cancelallchildorders", "{\"product_code\":\"FX_BTC_JPY\"}" },
        { VENUE_CALL_AMEND, NULL, NULL }, { VENUE_CALL_DEAD_MAN, NULL, NULL }, { VENUE_CALL_MODE, NULL, NULL }, { VENUE_CALL_CANCEL_BATCH, NULL, NULL },
    };
    struct venue_keys keys = keys_of("s");
    struct venue_request req = { .cursor = "123" };
    struct venue_http http;
    bot__id_set(&req.order_id, "JRF1-2", 6);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        req.call = calls[i].call;
        req.instrument = req.call == VENUE_CALL_CANCEL ? symbol_of("FX_BTC_JPY") : (bot_symbol){ 0 }; /* an order is of one product */
        const int r = V->encode_rest(&req, &keys, 0, &http);
        ck_assert_int_eq(calls[i].path != NULL ? BOT_OK : BOT_ERR_UNSUPPORTED, r);
        if (calls[i].path != NULL) {
            ck_assert_str_eq(calls[i].path, http.path);
            ck_assert_str_eq(calls[i].body, http.body);
        }
    }
    char buf[512];
    bot_symbol s = { 0 };
    s = symbol_of("FX_BTC_JPY");
    ck_assert_int_gt(V->ws_subscribe(BOT_STREAM_PRIVATE, NULL, 0, 0, buf, sizeof buf), 0);
    ck_assert_str_eq("{\"jsonrpc\":\"2.0\",\"method\":\"subscribe\",\"params\":{\"channel\":\"child_order_events\"},\"id\":100}", buf);
    ck_assert_int_eq(0, V->ws_subscribe(BOT_STREAM_PRIVATE, NULL, 0, 1, buf, sizeof buf));
    ck_assert_int_gt(V->ws_subscribe(BOT_STREAM_PUBLIC, &s, 1, 1, buf, sizeof buf), 0);
    ck_assert_ptr_nonnull(strstr(buf, "lightning_board_snapshot_FX_BTC_JPY"));
    ck_assert_int_eq(0, V->ws_subscribe(BOT_STREAM_PUBLIC, &s, 1, 4, buf, sizeof buf));
    /* The auth frame: a nonce of 16 characters at least, and a signature over time and nonce. */
    ck_assert_int_gt(V->ws_login(BOT_STREAM_PRIVATE, &keys, INT64_C(1700000000123) * MS, buf, sizeof buf), 0);
    char signed_text[100], want[65];
    uint8_t mac[32];
    snprintf(signed_text, sizeof signed_text, "1700000000123libbot01700000000123000000");
    const struct bot__part part = { signed_text, strlen(signed_text) };
    bot__sign(keys.signer, &part, 1, mac);
    bot__hex(mac, sizeof mac, want);
    ck_assert_ptr_nonnull(strstr(buf, want));
    ck_assert_ptr_nonnull(strstr(buf, "\"timestamp\":1700000000123,\"nonce\":\"libbot01700000000123000000\""));
    bot__signer_free((struct bot__signer *)(uintptr_t)keys.signer);
}

/* ---- time texts --------------------------------------------------------------------------------------------- */

TEST(time_text, iso_times_are_read_with_no_to_nine_digits_and_with_or_without_a_zone)
{
    static const struct { const char *text; int64_t ns; } good[] = {
        { "1970-01-01T00:00:00", 0 },
        { "1970-01-01T00:00:00Z", 0 },
        { "2015-07-07T08:45:53", INT64_C(1436258753000000000) },
        { "2015-07-07T08:45:53.5", INT64_C(1436258753500000000) },
        { "2021-12-12T16:20:02.3350519Z", INT64_C(1639326002335051900) },
        { "2021-12-12T16:20:02.335051Z", INT64_C(1639326002335051000) },
        { "2000-02-29T23:59:59.999999999Z", INT64_C(951868799999999999) },
        { "1969-12-31T23:59:59.999Z", INT64_C(-1000000) },
        { "2020-12-08T09:08:57.715Z", INT64_C(1607418537715000000) },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t ns = 42;
        ck_assert_int_eq(BOT_OK, bot__iso_parse(good[i].text, strlen(good[i].text), &ns));
        ck_assert_msg(ns == good[i].ns, "%s: %lld", good[i].text, (long long)ns);
    }
    static const char *const bad[] = {
        "", "2015-07-07", "2015-07-07 08:45:53", "2015-02-29T00:00:00", "1900-02-29T00:00:00", "2015-13-01T00:00:00", "2015-00-01T00:00:00",
        "2015-01-32T00:00:00", "2015-01-01T24:00:00", "2015-01-01T00:60:00", "2015-01-01T00:00:60", "2015-01-01T00:00:00+09:00",
        "2015-01-01T00:00:00.1234567890Z", "2015-01-01T00:00:00ZZ", "2015-1-1T00:00:00Z", "1600-01-01T00:00:00Z", "2300-01-01T00:00:00Z",
        "2015-01-01T00:00:0xZ", "-015-01-01T00:00:00",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ns = 42;
        ck_assert_msg(bot__iso_parse(bad[i], strlen(bad[i]), &ns) < 0, "%s was read", bad[i]);
        ck_assert_int_eq(42, ns);
    }
}

TEST(time_text, every_day_of_five_centuries_goes_there_and_back)
{
    int64_t days = bot__days_from_civil(1700, 1, 1);
    struct civil c0 = { 0 };
    for (int64_t d = days; d < bot__days_from_civil(2200, 1, 1); d++) {
        bot__civil_from_days(d, &c0);
        ck_assert_int_eq(d, bot__days_from_civil(c0.year, c0.month, c0.day));
    }
    ck_assert_int_eq(2199, c0.year);
    ck_assert_int_eq(31, c0.day);
    test_rng rng = { 7 };
    for (int i = 0; i < 100000; i++) {
        const int64_t ms = (int64_t)test_rng_below(&rng, 4102444800000ull); /* until 2100 */
        char text[BOT_ISO_MS_SIZE];
        int64_t back;
        bot__iso_format_ms(ms * MS + 999999, text); /* cut off, not rounded */
        ck_assert_int_eq(BOT_OK, bot__iso_parse(text, strlen(text), &back));
        ck_assert_int_eq(ms * MS, back);
    }
}

TEST(bitflyer, a_key_says_what_it_may_do)
{
    start();
    rest(VENUE_CALL_KEY, "[\"/v1/me/getpermissions\",\"/v1/me/getpositions\"]");
    ck_assert(reply.outcome == BOT_OUTCOME_OK && !reply.key.trades && !reply.key.withdraws);
    rest(VENUE_CALL_KEY, "[\"/v1/me/getpermissions\",\"/v1/me/sendchildorder\",\"/v1/me/withdraw\"]");
    ck_assert(reply.outcome == BOT_OUTCOME_OK && reply.key.trades && reply.key.withdraws);
    rest(VENUE_CALL_KEY, "[\"/v1/me/withdraw\"");
    ck_assert_int_eq(reply.outcome, BOT_OUTCOME_MALFORMED);
    stop();
}
