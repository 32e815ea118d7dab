#include "venue/venue.h"

extern const struct venue bot__venue_hyperliquid;
#define V (&bot__venue_hyperliquid)
#include "codec_kit.h"
#define ADDRESS "0x15f43d1f2dee81424afd891943262aa90f22cc2a"

static const struct recording_kind kinds[] = {
    { "rest_balance", RECORDING_NOTHING, 0, 0, "spot balances are not asked for" },
    { "rest_errors", RECORDING_REST, VENUE_CALL_POSITIONS, 0, NULL },
    { "rest_fills", RECORDING_REST, VENUE_CALL_FILLS, YIELDS(BOT_EV_FILL), NULL },
    { "rest_funding", RECORDING_REST, VENUE_CALL_ACCOUNT_LOG, YIELDS(BOT_EV_FUNDING), NULL },
    { "rest_instruments", RECORDING_REST, VENUE_CALL_INSTRUMENTS, YIELDS(BOT_EV_INSTRUMENT), NULL },
    { "rest_ledger", RECORDING_REST, VENUE_CALL_ACCOUNT_LOG, 0, "an empty list" },
    { "rest_misc", RECORDING_NOTHING, 0, 0, "roles are not asked for" },
    { "rest_order_ack", RECORDING_NOTHING, 0, 0, "read-only: no orders are sent" },
    { "rest_order_history", RECORDING_REST, VENUE_CALL_OPEN_ORDERS, YIELDS(BOT_EV_ORDER), NULL },
    { "rest_orderbook", RECORDING_REST, VENUE_CALL_BOOK, YIELDS(BOT_EV_BOOK), NULL },
    { "rest_orders", RECORDING_REST, VENUE_CALL_OPEN_ORDERS, YIELDS(BOT_EV_ORDER), NULL },
    { "rest_positions", RECORDING_REST, VENUE_CALL_POSITIONS, YIELDS(BOT_EV_POSITION), NULL },
    { "rest_public_trades", RECORDING_NOTHING, 0, 0, "trades come from the socket" },
    { "rest_rate_limit", RECORDING_NOTHING, 0, 0, "order limits: no orders are sent" },
    { "rest_ticker", RECORDING_NOTHING, 0, 0, "tickers are not asked for" },
    { "ws_capture", RECORDING_WS, 0, YIELDS(BOT_EV_BOOK), NULL },
    { "ws_control", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_errors", RECORDING_WS, 0, YIELDS(BOT_EV_ERROR), NULL },
    { "ws_fills", RECORDING_WS, 0, YIELDS(BOT_EV_FILL), NULL },
    { "ws_order", RECORDING_WS, 0, YIELDS(BOT_EV_ORDER), NULL },
    { "ws_order_entry", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_orderbook", RECORDING_WS, 0, YIELDS(BOT_EV_BOOK), NULL },
    { "ws_position", RECORDING_WS, 0, 0, "an account without positions" },
    { "ws_public_trades", RECORDING_WS, 0, YIELDS(BOT_EV_TRADE), NULL },
    { "ws_ticker", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_user_events", RECORDING_WS, 0, YIELDS(BOT_EV_FILL) | YIELDS(BOT_EV_FUNDING) | YIELDS(BOT_EV_CONTROL), NULL },
    { NULL, 0, 0, 0, NULL },
};
static const struct recording_exception exceptions[] = {
    { "rest_positions__nt-http_clearinghouse_state_negative_total_raw_usd.json", false, 0, "an account without positions" },
    { NULL, false, 0, NULL },
};

TEST(hyperliquid, every_recording_yields_what_its_kind_says_or_is_refused)
{
    const struct recording_totals t = recordings_check(V, kinds, exceptions, stderr);
    fprintf(stderr, "# hyperliquid: %d files, %d messages, %d refused, %d events\n", t.files, t.messages, t.refused, t.events);
    ck_assert_int_gt(t.events, 500);
}

#define FILLS(rows) "{\"channel\":\"userFills\",\"data\":{\"isSnapshot\":false,\"user\":\"" ADDRESS "\",\"fills\":[" rows "]}}"
#define FILL(more) "{\"coin\":\"BTC\",\"px\":\"72528.0\",\"sz\":\"0.11693\",\"side\":\"A\",\"time\":1710208712815,\"startPosition\":\"0.11693\"," \
                   "\"dir\":\"Close Long\",\"oid\":7484888874,\"crossed\":false,\"fee\":\"-0.5\",\"feeToken\":\"USDC\"," more "\"cloid\":null}"

TEST(hyperliquid, a_fill_is_known_by_its_tid_and_a_rebate_is_negative)
{
    start();
    ck_assert_int_eq(1, ws(FILLS(FILL("\"tid\":567547935839686,"))));
    ck_assert_str_eq("567547935839686", c.ev[0].fill.exec_id.s);
    ck_assert_str_eq("7484888874", c.ev[0].fill.order_id.s);
    ck_assert_int_eq(BOT_SELL, c.ev[0].fill.side);
    ck_assert_int_eq(BOT_MAKER, c.ev[0].fill.liquidity);
    ck_assert_str_eq("72528.0", dec_text(c.ev[0].fill.price));
    ck_assert_str_eq("-0.5", dec_text(c.ev[0].fill.fee));
    ck_assert_int_eq(BOT_FILL_TRADE, c.ev[0].fill.kind);
    ck_assert_int_eq(INT64_C(1710208712815) * MS, c.ev[0].venue_ns);
    ck_assert_int_eq(1, ws(FILLS(FILL("")))); /* as recorded in 2023 */
    ck_assert_int_eq(0, strncmp("7484888874:", c.ev[0].fill.exec_id.s, 11));
    stop();
}

/* 425 live fills of a market maker, whose position comes back to the same value many times, inside one order too. */
TEST(hyperliquid, fills_without_a_tid_still_have_names_of_their_own)
{
    start();
    char *body = test_read_file(test_shared("data/wire/hyperliquid/rest_fills__hlsdk-test_get_user_fills-0.json"), NULL);
    ck_assert_int_eq(425, rest(VENUE_CALL_FILLS, body));
    for (int i = 0; i < c.n; i++)
        for (int k = 0; k < i; k++)
            ck_assert_msg(!bot__id_eq(&c.ev[i].fill.exec_id, &c.ev[k].fill.exec_id), "rows %d and %d are both %s", i, k, c.ev[i].fill.exec_id.s);
    free(body);
    stop();
}

TEST(hyperliquid, a_liquidation_is_ours_when_it_names_us)
{
    start();
    ck_assert_int_eq(1, ws(FILLS(FILL("\"tid\":1,\"liquidation\":{\"liquidatedUser\":\"" ADDRESS "\",\"markPx\":\"1\",\"method\":\"market\"},"))));
    ck_assert_int_eq(BOT_FILL_LIQUIDATION, c.ev[0].fill.kind);
    ck_assert_int_eq(1, ws(FILLS(FILL("\"tid\":1,\"liquidation\":{\"liquidatedUser\":\"0x01\",\"markPx\":\"1\",\"method\":\"market\"},"))));
    ck_assert_int_eq(BOT_FILL_TRADE, c.ev[0].fill.kind);
    ck_assert_int_eq(1, ws("{\"channel\":\"userFills\",\"data\":{\"fills\":[{\"coin\":\"BTC\",\"px\":\"1\",\"sz\":\"1\",\"side\":\"B\",\"time\":1,\"dir\":\"Brand New Word\",\"oid\":1,\"tid\":2}]}}"));
    ck_assert_int_eq(BOT_FILL_UNKNOWN, c.ev[0].fill.kind);
    stop();
}

TEST(scenario, s08_hyperliquid_refuses_numbers_that_are_none)
{
    static const char *const sizes[] = { "1e-8", "-1", "0", "NaN", "", "1234567890123456789012345678901234567890" };
    start();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char text[700];
        snprintf(text, sizeof text, FILLS(FILL("\"tid\":1,") ",{\"coin\":\"BTC\",\"px\":\"1\",\"sz\":\"%s\",\"side\":\"B\",\"time\":1,\"oid\":1,\"tid\":2}"), sizes[i]);
        ck_assert_msg(ws(text) < 0, "size %s was read", sizes[i]);
        ck_assert_int_eq(0, c.n);
    }
    stop();
}

TEST(hyperliquid, positions_carry_the_time_of_the_account_and_a_missing_list_is_not_flat)
{
    start();
    ck_assert_int_eq(1, rest(VENUE_CALL_POSITIONS, "{\"assetPositions\":[{\"type\":\"oneWay\",\"position\":{\"coin\":\"BTC\",\"szi\":\"-1.47472\",\"entryPx\":\"95137.8\","
                             "\"leverage\":{\"type\":\"cross\",\"value\":20}}}],\"time\":1733968369395}"));
    ck_assert_str_eq("-1.47472", dec_text(c.ev[0].position.qty));
    ck_assert_str_eq("95137.8", dec_text(c.ev[0].position.entry_price));
    ck_assert_int_eq(INT64_C(1733968369395) * MS, c.ev[0].venue_ns);
    ck_assert_int_eq(0, rest(VENUE_CALL_POSITIONS, "{\"assetPositions\":[],\"time\":1733968369395}"));
    ck_assert_int_eq(BOT_OUTCOME_OK, reply.outcome);
    static const char *const bad[] = { "", "{}", "[]", "null", "{\"time\":1}", "{\"assetPositions\":[]}", "{\"assetPositions\":[{}],\"time\":5}",
                                       "{\"assetPositions\":[{\"position\":{\"coin\":\"A\",\"szi\":\"1\"}}],\"time\":5", "{\"status\":\"err\",\"response\":\"x\"}",
                                       "{\"assetPositions\":[{\"position\":{\"coin\":\"A\",\"szi\":\"1\"},\"position\":{\"coin\":\"B\",\"szi\":\"1\"}}],\"time\":5}" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rest(VENUE_CALL_POSITIONS, bad[i]);
        ck_assert_msg(reply.outcome != BOT_OUTCOME_OK, "was believed: %s", bad[i]);
        ck_assert_int_eq(0, c.n);
    }
    ck_assert_int_eq(1, rest(VENUE_CALL_TIME, "{\"assetPositions\":[{\"position\":{\"coin\":\"A\",\"szi\":\"1\"}}],\"time\":5}"));
    ck_assert_int_eq(BOT_EV_TIME, c.ev[0].kind);
    stop();
}

TEST(hyperliquid, the_first_trades_of_a_coin_on_a_connection_are_a_replay)
{
#define TRADES(coin) "{\"channel\":\"trades\",\"data\":[{\"coin\":\"" coin "\",\"side\":\"B\",\"px\":\"1\",\"sz\":\"2\",\"time\":3,\"tid\":4},{\"coin\":\"" coin "\",\"side\":\"A\",\"px\":\"1\",\"sz\":\"2\",\"time\":3,\"tid\":5}]}"
    start();
    ck_assert_int_eq(2, ws(TRADES("BTC")));
    ck_assert(c.ev[0].trade.replayed && c.ev[1].trade.replayed);
    ck_assert_int_eq(2, ws(TRADES("BTC")));
    ck_assert(!c.ev[0].trade.replayed && !c.ev[1].trade.replayed);
    ck_assert_int_eq(2, ws(TRADES("ETH")));
    ck_assert(c.ev[0].trade.replayed);
    stop();
}

TEST(hyperliquid, funding_is_positive_when_paid)
{
    start();
    ck_assert_int_eq(1, ws("{\"channel\":\"userEvents\",\"data\":{\"funding\":{\"time\":1710000000123,\"coin\":\"BTC\",\"usdc\":\"-1.25\",\"szi\":\"0.5\",\"fundingRate\":\"0.0001\"}}}"));
    ck_assert_str_eq("1.25", dec_text(c.ev[0].funding.amount));
    ck_assert_str_eq("BTC:1710000000123", c.ev[0].funding.exec_id.s);
    stop();
}

TEST(hyperliquid, a_full_page_of_fills_goes_on_in_the_last_rows_millisecond)
{
    start();
    char *body = malloc(400000);
    for (int rows = 1999; rows <= 2000; rows++) {
        int n = sprintf(body, "[");
        for (int i = 0; i < rows; i++)
            n += sprintf(body + n, "%s{\"coin\":\"A\",\"px\":\"1\",\"sz\":\"1\",\"side\":\"B\",\"time\":%d,\"oid\":1,\"tid\":%d,\"dir\":\"Buy\"}", i > 0 ? "," : "", 1000 + i, i);
        sprintf(body + n, "]");
        ck_assert_int_eq(rows, rest(VENUE_CALL_FILLS, body));
        ck_assert_str_eq(rows == 2000 ? "2999" : "", reply.cursor);
    }
    free(body);
    stop();
}

TEST(hyperliquid, reads_name_the_address_and_orders_are_not_offered)
{
    struct venue_keys keys = { .key = ADDRESS };
    struct venue_http http;
    struct venue_request req = { .call = VENUE_CALL_POSITIONS };
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, 0, &http));
    ck_assert_str_eq("POST", http.method);
    ck_assert_str_eq("/info", http.path);
    ck_assert_str_eq("{\"type\":\"clearinghouseState\",\"user\":\"" ADDRESS "\"}", http.body);
    req = (struct venue_request){ .call = VENUE_CALL_FILLS, .from_ns = 5 * BOT_NS_PER_S, .to_ns = 9 * BOT_NS_PER_S };
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, 0, &http));
    ck_assert_str_eq("{\"type\":\"userFillsByTime\",\"user\":\"" ADDRESS "\",\"startTime\":5000,\"endTime\":9000}", http.body);
    req.cursor = "7123";
    ck_assert_int_eq(BOT_OK, V->encode_rest(&req, &keys, 0, &http));
    ck_assert_ptr_nonnull(strstr(http.body, "\"startTime\":7123"));
    req.cursor = "x";
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &keys, 0, &http));
    static const enum venue_call moves[] = { VENUE_CALL_SUBMIT, VENUE_CALL_AMEND, VENUE_CALL_CANCEL, VENUE_CALL_CANCEL_ALL, VENUE_CALL_DEAD_MAN };
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        req = (struct venue_request){ .call = moves[i] };
        ck_assert_int_eq(BOT_ERR_UNSUPPORTED, V->encode_rest(&req, &keys, 0, &http));
    }
    keys.key = "0x15f4\"},{";
    req = (struct venue_request){ .call = VENUE_CALL_POSITIONS };
    ck_assert_int_eq(BOT_ERR_INVALID, V->encode_rest(&req, &keys, 0, &http));
    keys.key = ADDRESS;
    char buf[256];
    ck_assert_int_gt(V->ws_login(BOT_STREAM_PRIVATE, &keys, 0, buf, sizeof buf), 0);
    ck_assert_str_eq("{\"method\":\"subscribe\",\"subscription\":{\"type\":\"userFills\",\"user\":\"" ADDRESS "\"}}", buf);
    start();
    ck_assert_int_eq(1, ws("{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"subscribe\",\"subscription\":{\"type\":\"userFills\",\"user\":\"" ADDRESS "\"}}}"));
    ck_assert_int_eq(BOT_CONTROL_AUTH, c.ev[0].control.control);
    stop();
}
