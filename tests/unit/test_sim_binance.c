/* The paper exchange's dialect of Binance USD-M, asked by a client that was written by hand from the venue's documents. */
#define SIM_VENUE "binance-usdm"
#include "sim_binance.h"
#include "sim_kit.h"

#define BUY_MARKET(qty) "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=" qty
#define SELL_MARKET(qty) "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=" qty
#define BUY_LIMIT(symbol, qty, price, id) "symbol=" symbol "&side=BUY&type=LIMIT&timeInForce=GTC&quantity=" qty "&price=" price "&newClientOrderId=" id
#define ORDER "/fapi/v1/order"

/* An answer with this HTTP status and code. */
static void refused(const struct sim_answer *a, int status, const char *code)
{
    char mark[32];
    snprintf(mark, sizeof mark, "{\"code\":%s,\"msg\":\"", code);
    ck_assert_msg(a->status == status && strncmp(a->body, mark, strlen(mark)) == 0, "%d %s\nis not %d %s", a->status, a->body, status, code);
}
static void refuses(const char *method, const char *path, const char *params, int status, const char *code)
{
    refused(bin_ask_how(client, method, path, params, (struct bin_how){ 0 }), status, code);
}

static bot_i128 position(void)
{
    struct exchange_truth t;
    bot__world_truth(world, 1, 0, &t);
    return t.position.v;
}
static uint32_t open_orders(const char *params) { return sim_times(bin_ask(client, "GET", "/fapi/v1/openOrders", params), "\"orderId\":"); }

/* To a little behind the next full minute of the venue's clock. */
static void next_minute(void)
{
    const int64_t wall = bot__world_time(world, client->client).wall_ns;
    sim_run(client, 60 * SIM_S - wall % (60 * SIM_S) + 50 * BOT_NS_PER_MS);
}

/* ---- reads ------------------------------------------------------------------------------------------------------- */

TEST(simbinance, answers_every_read_in_readable_json)
{
    begin(true);
    bin_order(client, BUY_MARKET("0.010"));
    bin_order(client, BUY_LIMIT("BTCUSDT", "0.010", "60000.00", "rest-1"));
    static const struct { const char *path, *params, *holds; bool open; } reads[] = {
        { "/fapi/v1/time", "", "{\"serverTime\":17", true },
        { "/fapi/v1/exchangeInfo", "", "\"filterType\":\"PRICE_FILTER\"", true },
        { "/fapi/v1/depth", "symbol=BTCUSDT&limit=50", "{\"lastUpdateId\":", true },
        { "/fapi/v1/aggTrades", "symbol=BTCUSDT", "[{\"a\":", true },
        { "/fapi/v3/positionRisk", "", "\"positionAmt\":\"0.010\"", false },
        { "/fapi/v2/positionRisk", "", "\"symbol\":\"ETHUSDT\",\"positionSide\":\"BOTH\",\"positionAmt\":\"0", false },
        { "/fapi/v1/userTrades", "symbol=BTCUSDT", "\"commission\":\"", false },
        { "/fapi/v1/openOrders", "", "\"clientOrderId\":\"rest-1\"", false },
        { ORDER, "symbol=BTCUSDT&origClientOrderId=rest-1", "\"status\":\"NEW\"", false },
        { "/fapi/v3/balance", "", "\"asset\":\"USDT\"", false },
        { "/fapi/v3/account", "", "\"canTrade\":true", false },
        { "/fapi/v1/income", "", "\"incomeType\":\"COMMISSION\"", false },
        { "/fapi/v1/positionSide/dual", "", "{\"dualSidePosition\":false}", false },
    };
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        const struct sim_answer *a = bin_ask_how(client, "GET", reads[i].path, reads[i].params, (struct bin_how){ .unsigned_ = reads[i].open });
        struct json j;
        bot__json_init(&j, a->body, strlen(a->body));
        bot__json_skip(&j);
        ck_assert_msg(a->status == 200 && bot__json_end(&j) == BOT_OK, "%s: %d %s", reads[i].path, a->status, a->body);
        expect(a->body, reads[i].holds);
    }
    /* v3 leaves out what has neither position nor order; pricePrecision is no tick size. */
    expect_not(bin_ask(client, "GET", "/fapi/v3/positionRisk", ""), "ETHUSDT");
    expect(bin_open(client, "/fapi/v1/exchangeInfo", ""), "\"tickSize\":\"0.10\"");
    expect_not(bin_open(client, "/fapi/v1/exchangeInfo", ""), "BTCUSD\""); /* inverse contracts are another venue's */
    const struct sim_answer *a = bin_ask_how(client, "GET", "/fapi/v9/nothing", "", (struct bin_how){ 0 });
    ck_assert_int_eq(a->status, 404);
    end();
}

TEST(simbinance, refuses_who_is_not_himself_or_not_of_this_time)
{
    begin(false);
    static const char path[] = "/fapi/v3/balance";
    refused(bin_ask_how(client, "GET", path, "", (struct bin_how){ .keyless = true }), 401, "-2014");
    client->key = "nobody";
    refuses("GET", path, "", 401, "-2015");
    client->key = "key";
    client->secret = "wrong";
    refuses("GET", path, "", 400, "-1022");
    client->secret = "secret";
    refused(bin_ask_how(client, "GET", path, "", (struct bin_how){ .unsigned_ = true }), 400, "-1102");
    refused(bin_ask_how(client, "GET", path, "timestamp=1", (struct bin_how){ .unsigned_ = true }), 400, "-1102");
    refused(bin_ask_how(client, "GET", path, "", (struct bin_how){ .window = "60001" }), 400, "-1131");
    bot__world_client_skew(world, client->client, 1200 * BOT_NS_PER_MS); /* a second ahead fails whatever the window is */
    refused(bin_ask_how(client, "GET", path, "", (struct bin_how){ .window = "60000" }), 400, "-1021");
    bot__world_client_skew(world, client->client, -5200 * BOT_NS_PER_MS);
    refuses("GET", path, "", 400, "-1021");
    ck_assert_int_eq(bin_ask_how(client, "GET", path, "", (struct bin_how){ .window = "10000" })->status, 200);
    bot__world_client_skew(world, client->client, 0);
    ck_assert_int_eq(bin_ask_how(client, "GET", path, "", (struct bin_how){ 0 })->status, 200);
    /* Parameters in a form body are signed as well as in the query. */
    ck_assert_int_eq(bin_ask_how(client, "POST", ORDER, BUY_MARKET("0.010"), (struct bin_how){ .in_body = true })->status, 200);
    end();
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static int header(const struct sim_answer *a, const char *name)
{
    char mark[48];
    snprintf(mark, sizeof mark, "%s: ", name);
    const char *p = strstr(a->headers, mark);
    return p != NULL ? atoi(p + strlen(mark)) : -1;
}

TEST(simbinance, weighs_requests_by_the_calendar_minute_and_says_what_was_used)
{
    begin(false);
    next_minute();
    static const struct { const char *method, *path, *params; int weight; } asked[] = {
        { "GET", "/fapi/v3/positionRisk", "", 5 },           { "GET", "/fapi/v1/openOrders", "", 40 },
        { "GET", "/fapi/v1/openOrders", "symbol=BTCUSDT", 1 }, { "GET", "/fapi/v1/income", "", 30 },
        { "GET", "/fapi/v1/userTrades", "symbol=BTCUSDT", 5 }, { "POST", "/fapi/v1/countdownCancelAll", "symbol=BTCUSDT&countdownTime=0", 10 },
        { "GET", "/fapi/v1/positionSide/dual", "", 30 },     { "POST", ORDER, BUY_MARKET("0.001"), 0 },
        { "GET", ORDER, "symbol=BTCUSDT&orderId=1", 1 },     { "DELETE", ORDER, "symbol=BTCUSDT&orderId=1", 1 },
    };
    int used = 0;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        const struct sim_answer *a = bin_ask_how(client, asked[i].method, asked[i].path, asked[i].params, (struct bin_how){ 0 });
        used += asked[i].weight;
        ck_assert_msg(header(a, "X-MBX-USED-WEIGHT-1M") == used, "%s %s: %s, want %d", asked[i].method, asked[i].path, a->headers, used);
        const bool order = strcmp(asked[i].method, "POST") == 0 && strcmp(asked[i].path, ORDER) == 0;
        ck_assert_int_eq(header(a, "X-MBX-ORDER-COUNT-10S"), order ? 1 : -1);
        ck_assert_int_eq(header(a, "X-MBX-ORDER-COUNT-1M"), order ? 1 : -1);
        ck_assert_int_eq(header(a, "Retry-After"), -1);
    }
    next_minute();
    ck_assert_int_eq(header(bin_ask_how(client, "GET", "/fapi/v3/positionRisk", "", (struct bin_how){ 0 }), "X-MBX-USED-WEIGHT-1M"), 5);
    end();
}

TEST(simbinance, says_when_to_come_back_and_bans_who_does_not_listen)
{
    begin(false);
    next_minute();
    const struct sim_answer *a = NULL;
    for (int i = 0; i < 60; i++) a = bin_ask_how(client, "GET", "/fapi/v1/openOrders", "", (struct bin_how){ 0 }); /* 60 * 40 = 2400 */
    ck_assert_int_eq(a->status, 200);
    ck_assert_int_eq(header(a, "X-MBX-USED-WEIGHT-1M"), 2400);
    a = bin_ask_how(client, "GET", "/fapi/v3/balance", "", (struct bin_how){ 0 });
    refused(a, 429, "-1003");
    const int wait = header(a, "Retry-After");
    const int64_t wall = bot__world_time(world, client->client).wall_ns, left = 60 * SIM_S - wall % (60 * SIM_S);
    ck_assert_msg(wait * SIM_S >= left && wait * SIM_S <= left + 2 * SIM_S, "Retry-After %d, left %lld ms", wait, (long long)(left / BOT_NS_PER_MS));
    sim_run(client, wait * SIM_S);
    ck_assert_int_eq(bin_ask_how(client, "GET", "/fapi/v3/balance", "", (struct bin_how){ 0 })->status, 200);

    next_minute();
    int limited = 0;
    for (int i = 0; i < 200; i++) {
        a = bin_ask_how(client, "GET", "/fapi/v1/openOrders", "", (struct bin_how){ 0 });
        limited += a->status == 429;
        if (a->status == 418) break;
    }
    ck_assert_int_gt(limited, 5);
    refused(a, 418, "-1003");
    const int ban = header(a, "Retry-After");
    ck_assert_msg(ban > 60 && ban <= 121, "%d s", ban);
    const char *until = strstr(a->body, "banned until ");
    ck_assert_ptr_nonnull(until);
    const int64_t end_ms = atoll(until + 13), now_ms = bot__world_time(world, client->client).wall_ns / BOT_NS_PER_MS;
    ck_assert_msg(end_ms - now_ms > (ban - 2) * 1000 && end_ms - now_ms <= ban * 1000, "%lld ms against %d s", (long long)(end_ms - now_ms), ban);
    sim_run(client, (ban - 5) * SIM_S);
    ck_assert_int_eq(bin_ask_how(client, "GET", "/fapi/v1/time", "", (struct bin_how){ .unsigned_ = true })->status, 418); /* whatever is asked */
    sim_run(client, 6 * SIM_S);
    ck_assert_int_eq(bin_ask_how(client, "GET", "/fapi/v1/time", "", (struct bin_how){ .unsigned_ = true })->status, 200);
    end();
}

TEST(simbinance, counts_the_orders_of_an_account_in_ten_seconds)
{
    begin(false);
    next_minute();
    uint64_t id = 0;
    for (int i = 0; i < 305; i++) id = bin_start(client, "POST", ORDER, "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=1", (struct bin_how){ 0 });
    sim_run(client, 3 * SIM_S);
    int over = 0;
    for (uint64_t k = id - 304; k <= id; k++)
        if (client->answer[k % 512].status == 429) {
            refused(&client->answer[k % 512], 429, "-1015");
            over++;
        }
    ck_assert_int_eq(over, 5);
    /* Reads and cancels are no orders. */
    refuses("DELETE", ORDER, "symbol=BTCUSDT&orderId=1", 400, "-2011");
    sim_run(client, 10 * SIM_S);
    ck_assert_int_eq(header(bin_ask_how(client, "POST", ORDER, BUY_MARKET("0.001"), (struct bin_how){ 0 }), "X-MBX-ORDER-COUNT-10S"), 1);
    end();
}

/* ---- orders ------------------------------------------------------------------------------------------------------ */

TEST(simbinance, refuses_orders_with_the_venues_codes)
{
    begin(false);
    bin_order(client, BUY_LIMIT("BTCUSDT", "0.010", "60000.00", "here"));
#define LIMIT "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&"
    static const struct { const char *method, *params, *code; } cases[] = {
        { "POST", "side=BUY&type=MARKET&quantity=1", "-1102" },
        { "POST", "symbol=NOPE&side=BUY&type=MARKET&quantity=1", "-1121" },
        { "POST", "symbol=BTCUSDT&side=UP&type=MARKET&quantity=1", "-1117" },
        { "POST", "symbol=BTCUSDT&side=BUY&type=CURIOUS&quantity=1", "-1116" },
        { "POST", "symbol=BTCUSDT&side=BUY&type=STOP_MARKET&stopPrice=1&quantity=1", "-4120" },
        { "POST", "symbol=BTCUSDT&side=BUY&type=MARKET&timeInForce=GTC&quantity=1", "-1106" },
        { "POST", "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=60000", "-1102" },
        { "POST", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=SOON&quantity=1&price=60000", "-1115" },
        { "POST", LIMIT "quantity=1", "-1102" },
        { "POST", LIMIT "price=60000", "-1102" },
        { "POST", LIMIT "quantity=0&price=60000", "-4003" },
        { "POST", LIMIT "quantity=0.0105&price=60000", "-1111" },
        { "POST", LIMIT "quantity=0.010&price=60000.05", "-4014" },
        { "POST", LIMIT "quantity=0.001&price=100", "-4164" },
        { "POST", LIMIT "quantity=0.010&price=80000", "-4016" },
        { "POST", LIMIT "quantity=0.010&price=60000&newClientOrderId=no%20blank", "-4015" },
        { "POST", LIMIT "quantity=0.010&price=60000&newClientOrderId=a-name-that-is-longer-than-thirty-six-x", "-4015" },
        { "POST", BUY_LIMIT("BTCUSDT", "0.010", "60000.00", "here"), "-4116" },
        { "POST", LIMIT "quantity=0.010&price=60000&positionSide=LONG", "-4061" },
        { "POST", LIMIT "quantity=0.010&price=60000&reduceOnly=true", "-2022" },
        { "POST", LIMIT "quantity=100&price=60000", "-2019" },
        { "PUT", "symbol=BTCUSDT&side=BUY&quantity=0.020&price=60000&origClientOrderId=nowhere", "-2013" },
        { "PUT", "symbol=BTCUSDT&side=BUY&quantity=0.020&origClientOrderId=here", "-1102" },
        { "PUT", "symbol=BTCUSDT&side=BUY&price=60000&origClientOrderId=here", "-1102" },
        { "PUT", "symbol=BTCUSDT&side=BUY&quantity=0.010&price=60000&origClientOrderId=here", "-5027" },
        { "DELETE", "symbol=BTCUSDT&origClientOrderId=nowhere", "-2011" },
        { "DELETE", "symbol=ETHUSDT&origClientOrderId=here", "-2011" },
        { "DELETE", "symbol=BTCUSDT", "-1102" },
        { "GET", "symbol=BTCUSDT&origClientOrderId=nowhere", "-2013" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) refuses(cases[i].method, ORDER, cases[i].params, 400, cases[i].code);
    ck_assert_uint_eq(open_orders(""), 1);
    /* An id of a finished order may come back. */
    expect(bin_ask(client, "DELETE", ORDER, "symbol=BTCUSDT&origClientOrderId=here"), "\"status\":\"CANCELED\"");
    refuses("DELETE", ORDER, "symbol=BTCUSDT&origClientOrderId=here", 400, "-2011");
    expect(bin_ask(client, "GET", ORDER, "symbol=BTCUSDT&origClientOrderId=here"), "\"status\":\"CANCELED\"");
    end();
}

TEST(simbinance, takes_amends_and_cancels_orders_and_tells_of_them_on_the_user_stream)
{
    begin(false);
    bin_private(client);
    const char *body = bin_order(client, BUY_LIMIT("BTCUSDT", "0.010", "60000.00", "a-1"));
    char id[32], params[160];
    snprintf(id, sizeof id, "%s", bin_value(body, "orderId"));
    expect(body, "\"status\":\"NEW\",\"clientOrderId\":\"a-1\"");
    snprintf(params, sizeof params, "symbol=BTCUSDT&side=BUY&quantity=0.020&price=61000&orderId=%s", id);
    expect(bin_ask(client, "PUT", ORDER, params), "\"price\":\"61000.00\"");
    snprintf(params, sizeof params, "symbol=BTCUSDT&orderId=%s", id); /* it keeps its id */
    expect(bin_ask(client, "DELETE", ORDER, params), "\"status\":\"CANCELED\"");
    bin_order(client, BUY_MARKET("0.010"));
    sim_run(client, SIM_S);
    static const char *const told[] = { "\"x\":\"NEW\",\"X\":\"NEW\"", "\"x\":\"AMENDMENT\",\"X\":\"NEW\"", "\"x\":\"CANCELED\",\"X\":\"CANCELED\"", "\"x\":\"TRADE\",\"X\":\"FILLED\"" };
    uint32_t at = 0;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        while (at < client->messages && strstr(client->message[at], told[i]) == NULL) at++;
        ck_assert_msg(at < client->messages, "%s was not told in its turn", told[i]);
    }
    expect(client->message[at], "\"ps\":\"BOTH\"");
    ck_assert(bin_number(client->message[at], "t") > 0);
    expect(sim_find(client, at, "ACCOUNT_UPDATE"), "\"pa\":\"0.010\"");
    /* The user stream and userTrades give one id to one fill. */
    char trade[64];
    snprintf(trade, sizeof trade, "\"id\":%lld,", bin_number(client->message[at], "t"));
    expect(bin_ask(client, "GET", "/fapi/v1/userTrades", "symbol=BTCUSDT"), trade);
    end();
}

TEST(simbinance, tells_of_funding_liquidation_and_adl_as_the_venue_does)
{
    begin(false);
    bin_private(client);
    bin_order(client, BUY_MARKET("0.100"));
    sim_run(client, SIM_S);
    faults("at 10s fund rate=0.0001\nat 20s adl qty=0.040\nat 30s liquidate\n");
    sim_run(client, 10 * SIM_S);
    const char *funding = sim_find(client, 0, "FUNDING_FEE");
    ck_assert_ptr_nonnull(funding);
    expect(funding, "\"P\":[]"); /* a crossed position: the wallet alone */
    ck_assert(strtod(bin_value(funding, "bc"), NULL) < 0);
    expect(bin_ask(client, "GET", "/fapi/v1/income", "incomeType=FUNDING_FEE"), "\"income\":\"-");
    expect_not(bin_ask(client, "GET", "/fapi/v1/userTrades", "symbol=BTCUSDT"), "\"qty\":\"0\"");
    ck_assert_uint_eq(sim_times(bin_ask(client, "GET", "/fapi/v1/userTrades", "symbol=BTCUSDT"), "\"side\":\"SELL\""), 0);
    sim_run(client, 25 * SIM_S);
    expect(sim_find(client, 0, "\"c\":\"adl_autoclose\""), "\"x\":\"CALCULATED\"");
    expect(sim_find(client, 0, "\"c\":\"autoclose-"), "\"x\":\"CALCULATED\"");
    ck_assert(position() == 0);
    end();
}

TEST(simbinance, cancels_all_of_one_symbol_only)
{
    begin(false);
    bin_order(client, BUY_LIMIT("BTCUSDT", "0.010", "60000.00", "b-1"));
    bin_order(client, BUY_LIMIT("BTCUSDT", "0.010", "60001.00", "b-2"));
    bin_order(client, BUY_LIMIT("ETHUSDT", "0.10", "3300.00", "e-1"));
    ck_assert_uint_eq(open_orders(""), 3);
    refuses("DELETE", "/fapi/v1/allOpenOrders", "", 400, "-1102");
    expect(bin_ask(client, "DELETE", "/fapi/v1/allOpenOrders", "symbol=BTCUSDT"), "{\"code\":200,");
    ck_assert_uint_eq(open_orders("symbol=BTCUSDT"), 0);
    ck_assert_uint_eq(open_orders(""), 1);
    end();
}

TEST(simbinance, a_countdown_cancels_the_orders_of_its_symbol_unless_it_is_refreshed)
{
    begin(false);
    bin_order(client, BUY_LIMIT("BTCUSDT", "0.010", "60000.00", "b-1"));
    bin_order(client, BUY_LIMIT("ETHUSDT", "0.10", "3300.00", "e-1"));
#define COUNTDOWN(params) bin_ask(client, "POST", "/fapi/v1/countdownCancelAll", params)
    expect(COUNTDOWN("symbol=BTCUSDT&countdownTime=5000"), "{\"symbol\":\"BTCUSDT\",\"countdownTime\":\"5000\"}");
    refuses("POST", "/fapi/v1/countdownCancelAll", "symbol=BTCUSDT", 400, "-1102");
    for (int i = 0; i < 4; i++) { /* each refresh begins it anew */
        sim_run(client, 4 * SIM_S);
        COUNTDOWN("symbol=BTCUSDT&countdownTime=5000");
    }
    ck_assert_uint_eq(open_orders(""), 2);
    sim_run(client, 6 * SIM_S);
    ck_assert_uint_eq(open_orders("symbol=BTCUSDT"), 0);
    ck_assert_uint_eq(open_orders("symbol=ETHUSDT"), 1);
    /* It comes once, and 0 takes it away. */
    bin_order(client, BUY_LIMIT("BTCUSDT", "0.010", "60000.00", "b-2"));
    COUNTDOWN("symbol=BTCUSDT&countdownTime=5000");
    COUNTDOWN("symbol=BTCUSDT&countdownTime=0");
    sim_run(client, 20 * SIM_S);
    ck_assert_uint_eq(open_orders(""), 2);
    end();
}

TEST(simbinance, keeps_two_legs_in_hedge_mode)
{
    begin(false);
    refuses("POST", "/fapi/v1/positionSide/dual", "dualSidePosition=false", 400, "-4059");
    expect(bin_ask(client, "POST", "/fapi/v1/positionSide/dual", "dualSidePosition=true"), "\"code\":200");
    expect(bin_ask(client, "GET", "/fapi/v1/positionSide/dual", ""), "{\"dualSidePosition\":true}");
    refuses("POST", ORDER, BUY_MARKET("0.010"), 400, "-4061"); /* BOTH is of the other mode */
    refuses("POST", ORDER, SELL_MARKET("0.010") "&positionSide=SHORT&reduceOnly=true", 400, "-1106");
    bin_private(client);
    bin_order(client, BUY_MARKET("0.030") "&positionSide=LONG");
    bin_order(client, SELL_MARKET("0.010") "&positionSide=SHORT");
    sim_run(client, SIM_S);
    const char *rows = bin_ask(client, "GET", "/fapi/v3/positionRisk", "symbol=BTCUSDT");
    expect(rows, "\"positionSide\":\"LONG\",\"positionAmt\":\"0.030\"");
    expect(rows, "\"positionSide\":\"SHORT\",\"positionAmt\":\"-0.010\"");
    expect_not(rows, "BOTH");
    ck_assert_ptr_nonnull(sim_find(client, 0, "\"ps\":\"SHORT\",\"cp\""));
    expect(bin_ask(client, "GET", "/fapi/v1/userTrades", "symbol=BTCUSDT"), "\"positionSide\":\"SHORT\"");
    refuses("POST", "/fapi/v1/positionSide/dual", "dualSidePosition=false", 400, "-4068");
    /* An order against its leg closes it and cannot overshoot. */
    expect(bin_order(client, BUY_MARKET("0.020") "&positionSide=SHORT"), "\"executedQty\":\"0.010\"");
    refuses("POST", ORDER, BUY_MARKET("0.020") "&positionSide=SHORT", 400, "-2022"); /* of nothing */
    bin_order(client, SELL_MARKET("0.030") "&positionSide=LONG");
    expect_not(bin_ask(client, "GET", "/fapi/v3/positionRisk", "symbol=BTCUSDT"), "0.0");
    end();
}

/* ---- paging ------------------------------------------------------------------------------------------------------ */

TEST(simbinance, pages_fills_upwards_from_an_id_and_in_windows_of_a_week)
{
    begin(false);
    refuses("GET", "/fapi/v1/userTrades", "", 400, "-1102"); /* there is no account-wide list */
    refuses("GET", "/fapi/v1/userTrades", "symbol=BTCUSDT&fromId=1&startTime=1", 400, "-1128");
    refuses("GET", "/fapi/v1/userTrades", "symbol=BTCUSDT&startTime=1700000000000&endTime=1700604800001", 400, "-4165");
    for (int i = 0; i < 7; i++) {
        bin_order(client, BUY_MARKET("0.001"));
        sim_run(client, SIM_S);
    }
    bin_order(client, "symbol=ETHUSDT&side=BUY&type=MARKET&quantity=0.10");
    struct exchange_fill f;
    uint32_t fills = 0, seen = 0, pages = 0;
    for (uint32_t i = 0; bot__exchange_fill_at(bot__world_exchange(world), 1, INT64_MAX, i, &f); i++) fills += f.instrument == 0;
    ck_assert_uint_ge(fills, 7);
    long long from = 0;
    for (bool more = true; more; pages++) {
        char params[96];
        snprintf(params, sizeof params, "symbol=BTCUSDT&limit=3&fromId=%lld", from);
        const char *body = bin_ask(client, "GET", "/fapi/v1/userTrades", params);
        uint32_t rows = 0;
        for (const char *p = body; (p = strstr(p, "\"id\":")) != NULL; p++, rows++) {
            ck_assert_msg(atoll(p + 5) >= from, "not upwards: %s", body);
            from = atoll(p + 5) + 1;
        }
        ck_assert_uint_le(rows, 3);
        expect_not(body, "ETHUSDT");
        seen += rows;
        more = rows == 3;
    }
    ck_assert_uint_eq(seen, fills);
    ck_assert_uint_ge(pages, 3);
    /* Without any of both: the latest ones, still upwards. */
    const char *latest = bin_ask(client, "GET", "/fapi/v1/userTrades", "symbol=BTCUSDT&limit=2");
    ck_assert_uint_eq(sim_times(latest, "\"id\":"), 2);
    char last[48];
    snprintf(last, sizeof last, "\"id\":%lld,", from - 1);
    expect(latest, last);
    /* A window without an end is a week long; what lies before it is not in it. */
    const long long now_ms = bot__world_time(world, client->client).wall_ns / BOT_NS_PER_MS;
    char params[96];
    snprintf(params, sizeof params, "symbol=BTCUSDT&startTime=%lld", now_ms - 3000);
    const uint32_t recent = sim_times(bin_ask(client, "GET", "/fapi/v1/userTrades", params), "\"id\":");
    ck_assert(recent > 0 && recent < fills);
    snprintf(params, sizeof params, "symbol=BTCUSDT&startTime=%lld", now_ms - 8LL * 86400 * 1000);
    ck_assert_uint_eq(sim_times(bin_ask(client, "GET", "/fapi/v1/userTrades", params), "\"id\":"), 0);
    end();
}

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

struct level { char price[24], qty[24]; };
struct side { struct level at[1500]; uint32_t n; };

/* Levels of one side of a message or snapshot: 0 deletes, another replaces. */
static void change(struct side *s, const char *json, const char *key)
{
    char mark[16];
    snprintf(mark, sizeof mark, "\"%s\":[", key);
    const char *p = strstr(json, mark);
    ck_assert_msg(p != NULL, "no %s in %.200s", key, json);
    for (p += strlen(mark); *p == '[' || *p == ','; p++) {
        if (*p == ',') continue;
        struct level l;
        ck_assert_int_eq(sscanf(p, "[\"%23[0-9.]\",\"%23[0-9.]\"]", l.price, l.qty), 2);
        uint32_t i = 0;
        while (i < s->n && strcmp(s->at[i].price, l.price) != 0) i++;
        if (strtod(l.qty, NULL) == 0) {
            if (i < s->n) s->at[i] = s->at[--s->n];
        } else {
            ck_assert_uint_lt(i, 1500);
            s->at[i] = l;
            s->n += i == s->n;
        }
        p = strchr(p, ']');
    }
}

/* As the documents say it: keep what comes, ask for a snapshot, drop what is older, begin where it lies inside, then each pu is
 * the u before. */
TEST(simbinance, depth_messages_chain_and_begin_inside_of_a_snapshot)
{
    begin(true);
    sim_stream(client, BOT_STREAM_PUBLIC_2, "wss://paper/public/ws");
    sim_say(client, BOT_STREAM_PUBLIC_2, "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth@100ms\"],\"id\":7}");
    sim_run(client, 20 * SIM_S);
    ck_assert_ptr_nonnull(sim_find(client, 0, "{\"result\":null,\"id\":7}"));
    char *snapshot = strdup(bin_open(client, "/fapi/v1/depth", "symbol=BTCUSDT&limit=1000"));
    sim_run(client, 60 * SIM_S);
    faults("at 1s for 100s market.halt\n"); /* from the start of the world: now */
    sim_run(client, 2 * SIM_S);
    static struct side sides[2];
    memset(sides, 0, sizeof sides);
    change(&sides[0], snapshot, "bids");
    change(&sides[1], snapshot, "asks");
    const long long id = bin_number(snapshot, "lastUpdateId");
    free(snapshot);
    long long u = 0;
    uint32_t used = 0, dropped = 0;
    for (uint32_t i = 0; i < client->messages; i++) {
        const char *m = client->message[i];
        if (strstr(m, "depthUpdate") == NULL) continue;
        const long long first = bin_number(m, "U"), last = bin_number(m, "u"), previous = bin_number(m, "pu");
        ck_assert_msg(u == 0 || previous == u, "message %u: pu %lld behind u %lld", i, previous, u);
        ck_assert(first <= last && previous < first);
        u = last;
        if (last < id) {
            dropped++;
            continue;
        }
        if (used++ == 0) ck_assert_msg(first <= id && id <= last, "the snapshot %lld is not inside of %lld..%lld", id, first, last);
        change(&sides[0], m, "b");
        change(&sides[1], m, "a");
    }
    ck_assert_uint_gt(dropped, 3);
    ck_assert_uint_gt(used, 20);
    for (int s = 0; s < 2; s++) {
        struct exchange_level theirs[100];
        const struct exchange_instrument *in = bot__exchange_instrument(bot__world_exchange(world), 0);
        const uint32_t n = bot__exchange_book(bot__world_exchange(world), 0, s == 0 ? BOT_BUY : BOT_SELL, theirs, 100);
        ck_assert_uint_gt(n, 10);
        for (uint32_t k = 0; k < n; k++) {
            bool found = false;
            for (uint32_t i = 0; i < sides[s].n && !found; i++) {
                bot_dec price, qty;
                int64_t ticks, lots;
                ck_assert_int_eq(bot_dec_parse(sides[s].at[i].price, strlen(sides[s].at[i].price), &price), BOT_OK);
                ck_assert_int_eq(bot_dec_parse(sides[s].at[i].qty, strlen(sides[s].at[i].qty), &qty), BOT_OK);
                found = bot__exchange_ticks(in, price, &ticks) == BOT_OK && bot__exchange_lots(in, qty, &lots) == BOT_OK && ticks == theirs[k].price_ticks &&
                        lots == theirs[k].lots;
            }
            ck_assert_msg(found, "side %d level %u is not in the book that was told", s, k);
        }
    }
    end();
}

TEST(simbinance, serves_each_family_of_streams_at_its_own_address)
{
    static const struct { const char *url; bool trades, books; } at[] = {
        { "wss://paper/market/ws", true, false }, { "wss://paper/public/ws", false, true }, { "wss://paper/ws", true, true },
    };
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        begin(true);
        sim_stream(client, BOT_STREAM_PUBLIC, at[i].url);
        sim_say(client, BOT_STREAM_PUBLIC, "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@aggTrade\",\"btcusdt@depth@100ms\"],\"id\":1}");
        sim_run(client, 60 * SIM_S);
        ck_assert_ptr_nonnull(sim_find(client, 0, "\"result\":null")); /* what is not served there stays silent, nothing is said */
        ck_assert_msg((sim_count(client, 0, "aggTrade\"") > 0) == at[i].trades, "%s", at[i].url);
        ck_assert_msg((sim_count(client, 0, "depthUpdate") > 0) == at[i].books, "%s", at[i].url);
        const uint32_t before = client->messages;
        sim_say(client, BOT_STREAM_PUBLIC, "{\"method\":\"UNSUBSCRIBE\",\"params\":[\"btcusdt@aggTrade\",\"btcusdt@depth@100ms\"],\"id\":2}");
        sim_run(client, SIM_S);
        sim_run(client, 30 * SIM_S);
        ck_assert_uint_eq(sim_count(client, before + 40 < client->messages ? before + 40 : client->messages, "\"e\":"), 0);
        end();
    }
    begin(true);
    sim_stream(client, BOT_STREAM_PUBLIC, "wss://paper/market/stream?streams=btcusdt@aggTrade/btcusdt@markPrice@1s");
    sim_run(client, 60 * SIM_S);
    ck_assert_ptr_nonnull(sim_find(client, 0, "{\"stream\":\"btcusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\""));
    ck_assert_uint_ge(sim_count(client, 0, "\"e\":\"markPriceUpdate\""), 55);
    sim_stream(client, BOT_STREAM_PUBLIC_2, "wss://paper/elsewhere");
    ck_assert(!client->open[BOT_STREAM_PUBLIC_2]);
    end();
}

/* A socket that says nothing for ten minutes is cut. */
static void awake(int64_t seconds)
{
    for (; seconds > 0; seconds -= 250) {
        for (int i = 0; i < BOT_STREAM_COUNT; i++)
            if (client->open[i]) (void)client->t.ws_ping(client->t.self, (bot_stream)i);
        sim_run(client, (seconds < 250 ? seconds : 250) * SIM_S);
    }
}

TEST(simbinance, a_listen_key_lives_an_hour_and_is_prolonged)
{
    begin(false);
#define KEY(method) bin_ask_how(client, method, "/fapi/v1/listenKey", "", (struct bin_how){ .unsigned_ = true })
    refused(KEY("PUT"), 400, "-1125");
    bin_private(client);
    char *first = strdup(bin_value(KEY("POST")->body, "listenKey"));
    ck_assert_str_eq(bin_value(KEY("POST")->body, "listenKey"), first); /* the one that there is */
    awake(3500);
    ck_assert_int_eq(KEY("PUT")->status, 200);
    awake(3500);
    ck_assert_uint_eq(sim_count(client, 0, "listenKeyExpired"), 0);
    bin_order(client, BUY_MARKET("0.001"));
    sim_run(client, SIM_S);
    const uint32_t told = sim_count(client, 0, "ORDER_TRADE_UPDATE");
    ck_assert_uint_gt(told, 0);
    awake(200);
    ck_assert_uint_eq(sim_count(client, 0, "listenKeyExpired"), 1);
    bin_order(client, BUY_MARKET("0.001"));
    sim_run(client, SIM_S);
    ck_assert_uint_eq(sim_count(client, 0, "ORDER_TRADE_UPDATE"), told); /* the socket is open and deaf */
    ck_assert(client->open[BOT_STREAM_PRIVATE]);
    refused(KEY("PUT"), 400, "-1125");
    ck_assert_str_ne(bin_value(KEY("POST")->body, "listenKey"), first);
    free(first);
    end();
}

TEST(simbinance, a_listen_key_is_gone_and_its_socket_is_told_or_closed)
{
    begin(false);
    char error[200] = "";
    ck_assert_msg(bot__world_faults(world, "at 10s key.end told=1\nat 20s key.end\n", error, sizeof error) == 0, "%s", error);
    bin_private(client);
    bot__world_run_until(world, 12 * SIM_S);
    ck_assert_uint_eq(sim_count(client, 0, "listenKeyExpired"), 1);
    ck_assert(client->open[BOT_STREAM_PRIVATE]);
    refused(KEY("PUT"), 400, "-1125");
    bin_private(client);
    bot__world_run_until(world, 22 * SIM_S);
    ck_assert(!client->open[BOT_STREAM_PRIVATE]);
    refused(KEY("PUT"), 400, "-1125");
    ck_assert_uint_eq(bot__world_faults_bit(world)[FAULT_KEY_END], 2);
    end();
}

TEST(simbinance, cuts_a_socket_after_a_day)
{
    begin(false);
    sim_stream(client, BOT_STREAM_PUBLIC, "wss://paper/market/ws");
    awake(86000);
    ck_assert(client->open[BOT_STREAM_PUBLIC]);
    awake(500);
    ck_assert(!client->open[BOT_STREAM_PUBLIC]);
    end();
}

TEST(simbinance, takes_orders_over_the_order_socket_signed_by_their_sorted_parameters)
{
    begin(false);
    sim_stream(client, BOT_STREAM_TRADE, "wss://paper/ws-fapi/v1");
    for (int wrong = 0; wrong < 2; wrong++) {
        char params[400], hex[65], text[800];
        const long long stamp = bot__world_time(world, client->client).wall_ns / BOT_NS_PER_MS;
        snprintf(params, sizeof params, "apiKey=key&newClientOrderId=w-%d&quantity=0.010&side=BUY&symbol=BTCUSDT&timestamp=%lld&type=MARKET", wrong, stamp);
        sim_sign(wrong ? "another" : "secret", params, "", "", "", hex);
        snprintf(text, sizeof text, "{\"id\":\"r%d\",\"method\":\"order.place\",\"params\":{\"symbol\":\"BTCUSDT\",\"side\":\"BUY\",\"type\":\"MARKET\",\"quantity\":\"0.010\","
                                    "\"newClientOrderId\":\"w-%d\",\"apiKey\":\"key\",\"timestamp\":%lld,\"signature\":\"%s\"}}", wrong, wrong, stamp, hex);
        sim_say(client, BOT_STREAM_TRADE, text);
        sim_run(client, SIM_S);
    }
    expect(sim_find(client, 0, "\"id\":\"r0\""), "\"status\":200,\"result\":{\"orderId\":");
    expect(sim_find(client, 0, "\"id\":\"r1\""), "\"status\":400,\"error\":{\"code\":-1022");
    sim_say(client, BOT_STREAM_TRADE, "{\"id\":\"r2\",\"method\":\"order.fly\",\"params\":{}}");
    sim_run(client, SIM_S);
    expect(sim_find(client, 0, "\"id\":\"r2\""), "\"status\":400");
    ck_assert(position() == (bot_i128)10000000000000000);
    end();
}

/* ---- faults ------------------------------------------------------------------------------------------------------ */

TEST(simbinance, says_what_fault_scripts_want_in_its_own_words)
{
    begin(false);
    bin_order(client, BUY_MARKET("0.010"));
    sim_run(client, 2 * SIM_S);
    faults("at 10s for 5s rest.limit on=positions\nat 20s for 5s rest.ban\nat 30s for 5s rest.error on=positions status=503\n"
           "at 40s for 5s rest.ghost on=create status=503 body=json\nat 50s for 5s rest.partial on=positions keep=0\n");
    static const char path[] = "/fapi/v3/positionRisk";
    const int64_t start = bot__world_now(world);
#define AT(s) sim_run(client, start - bot__world_now(world) + (s) * SIM_S)
    AT(11);
    const struct sim_answer *a = bin_ask_how(client, "GET", path, "", (struct bin_how){ 0 });
    refused(a, 429, "-1003");
    ck_assert_int_gt(header(a, "Retry-After"), 0);
    AT(21);
    refused(bin_ask_how(client, "GET", path, "", (struct bin_how){ 0 }), 418, "-1003");
    AT(31);
    ck_assert_int_eq(bin_ask_how(client, "GET", path, "", (struct bin_how){ 0 })->status, 503);
    AT(41);
    a = bin_ask_how(client, "POST", ORDER, BUY_MARKET("0.010"), (struct bin_how){ 0 });
    ck_assert_int_eq(a->status, 503);
    expect(a->body, "Unknown error, please check your request or try again later.");
    ck_assert(position() == (bot_i128)20000000000000000); /* it was done */
    AT(51);
    ck_assert_str_eq(bin_ask(client, "GET", path, ""), "[]");
    AT(56);
    expect(bin_ask(client, "GET", path, ""), "\"positionAmt\":\"0.020\"");
    end();
}

/* A thousand rows are a page: an account that trades much asks for no other. */
TEST(simbinance, a_whole_page_of_fills_fits_into_an_answer)
{
    begin(false);
    for (int i = 0; i < 1000; i++) {
        bin_order(client, i % 2 == 0 ? BUY_MARKET("0.001") : SELL_MARKET("0.001"));
        sim_run(client, 100 * BOT_NS_PER_MS);
    }
    ck_assert_uint_eq(sim_times(bin_ask(client, "GET", "/fapi/v1/userTrades", "symbol=BTCUSDT&limit=1000"), "\"commission\":"), 1000);
    end();
}
