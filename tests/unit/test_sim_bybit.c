#define SIM_VENUE "bybit"
#include "sim_kit.h"

#include <ctype.h>

#define BUY_MARKET(qty) "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Market\",\"qty\":\"" qty "\"}"
#define BUY_LIMIT(qty, price, link) "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"qty\":\"" qty \
                                    "\",\"price\":\"" price "\",\"timeInForce\":\"GTC\",\"orderLinkId\":\"" link "\"}"

/* Every message must be what a strict reader takes. */
static void check_json(const char *text)
{
    struct json j;
    bot__json_init(&j, text, strlen(text));
    bot__json_skip(&j);
    ck_assert_msg(bot__json_end(&j) == BOT_OK, "at %zu of %s", bot__json_offset(&j), text);
}

static bot_i128 position(void)
{
    struct exchange_truth t;
    bot__world_truth(world, 1, 0, &t);
    return t.position.v;
}

TEST(simbybit, answers_every_read_in_readable_json)
{
    begin(true);
    sim_post(client, "/v5/order/create", BUY_MARKET("0.010"));
    sim_post(client, "/v5/order/create", BUY_LIMIT("0.010", "60000.00", "rest-1"));
    static const char *const paths[] = {
        "/v5/market/time", "/v5/market/instruments-info?category=linear&limit=1000", "/v5/market/instruments-info?category=inverse",
        "/v5/market/tickers?category=linear", "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=50",
        "/v5/market/recent-trade?category=linear&symbol=BTCUSDT", "/v5/position/list?category=linear&settleCoin=USDT&limit=200",
        "/v5/position/list?category=inverse&limit=200", "/v5/position/list?category=linear&symbol=ETHUSDT",
        "/v5/execution/list?category=linear&limit=100", "/v5/order/realtime?category=linear&settleCoin=USDT&limit=50",
        "/v5/order/history?category=linear", "/v5/account/wallet-balance?accountType=UNIFIED", "/v5/account/info", "/v5/user/query-api",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const char *body = sim_get(client, paths[i]);
        check_json(body);
        ck_assert_msg(strncmp(body, "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{", 37) == 0, "%s: %s", paths[i], body);
    }
    expect(sim_get(client, paths[6]), "\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"size\":\"0.010\",\"avgPrice\":\"6");
    expect(sim_get(client, paths[7]), "\"list\":[]");
    expect(sim_get(client, paths[8]), "\"side\":\"\",\"size\":\"0\",\"avgPrice\":\"0\",\"positionValue\":\"\"");
    expect(sim_get(client, paths[10]), "\"orderLinkId\":\"rest-1\"");
    expect(sim_get(client, paths[1]), "\"tickSize\":\"0.10\"");
    end();
}

TEST(simbybit, refuses_who_is_not_himself_or_not_of_this_time)
{
    begin(false);
    client->secret = "wrong";
    expect(sim_get(client, "/v5/account/info"), "\"retCode\":10004");
    client->secret = "secret";
    client->key = "nobody";
    expect(sim_get(client, "/v5/account/info"), "\"retCode\":10003");
    client->key = "key";
    expect(sim_get(client, "/v5/account/info"), "\"retCode\":0");
    bot__world_client_skew(world, client->client, 1200 * BOT_NS_PER_MS); /* a second ahead fails whatever the window is */
    expect(sim_get(client, "/v5/account/info"), "\"retCode\":10002");
    bot__world_client_skew(world, client->client, -5200 * BOT_NS_PER_MS);
    expect(sim_get(client, "/v5/account/info"), "\"retCode\":10002");
    bot__world_client_skew(world, client->client, -4800 * BOT_NS_PER_MS);
    expect(sim_get(client, "/v5/account/info"), "\"retCode\":0");
    expect(sim_get(client, "/v5/market/time"), "\"timeNano\":\"17");
    end();
}

TEST(simbybit, limits_a_key_by_the_second_and_an_address_by_five)
{
    begin(false);
    uint64_t id = 0;
    for (int i = 0; i < 12; i++) id = sim_http(client, "POST", "/v5/order/cancel", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderId\":\"x\"}");
    sim_run(client, SIM_S);
    uint32_t limited = 0;
    for (uint64_t k = id - 11; k <= id; k++) {
        limited += strstr(client->answer[k].body, "\"retCode\":10006") != NULL;
        ck_assert_int_eq(client->answer[k].status, 200);
        ck_assert_int_ge(client->answer[k].limit_left, 0);
    }
    ck_assert_uint_eq(limited, 2);
    sim_run(client, SIM_S);
    expect(sim_post(client, "/v5/order/cancel", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderId\":\"x\"}"), "110001");
    sim_run(client, 6 * SIM_S);
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 210; i++) sim_http(client, "GET", "/v5/market/time", "");
        sim_run(client, SIM_S / 2);
    }
    const char *body = sim_get(client, "/v5/market/time");
    expect(body, "access too frequent");
    ck_assert_int_eq(client->answer[client->next_id % 512].status, 403);
    sim_run(client, 540 * SIM_S);
    expect(sim_get(client, "/v5/market/time"), "access too frequent");
    sim_run(client, 61 * SIM_S);
    expect(sim_get(client, "/v5/market/time"), "\"retCode\":0");
    end();
}

TEST(simbybit, pages_fills_newest_first_with_a_cursor_that_must_be_encoded_again)
{
    begin(false);
    for (int i = 0; i < 7; i++) {
        expect(sim_post(client, "/v5/order/create", BUY_MARKET("0.001")), "\"retCode\":0");
        sim_run(client, SIM_S);
    }
    struct exchange_fill f;
    uint32_t fills = 0;
    while (bot__exchange_fill_at(bot__world_exchange(world), 1, INT64_MAX, fills, &f)) fills++;
    ck_assert_uint_ge(fills, 7);
    char path[512] = "/v5/execution/list?category=linear&limit=3";
    uint32_t seen = 0, pages = 0;
    int64_t last = INT64_MAX;
    for (;; pages++) {
        const char *body = sim_get(client, path);
        for (const char *p = body; (p = strstr(p, "\"execTime\":\"")) != NULL; p += 12) {
            ck_assert_int_le(atoll(p + 12), last);
            last = atoll(p + 12);
            seen++;
        }
        const char *cursor = strstr(body, "\"nextPageCursor\":\"") + 18;
        char encoded[256] = "";
        for (size_t n = 0; *cursor != '"'; cursor++) {
            if (*cursor == '%') n += (size_t)snprintf(encoded + n, sizeof encoded - n, "%%25");
            else encoded[n++] = *cursor;
        }
        if (encoded[0] == '\0') break;
        snprintf(path, sizeof path, "/v5/execution/list?category=linear&limit=3&cursor=%s", encoded);
    }
    ck_assert_uint_eq(seen, fills);
    ck_assert_uint_ge(pages, 3);
    expect(sim_get(client, "/v5/execution/list?category=linear&cursor=5%3A3%2C5%3A3"), "\"retCode\":10001"); /* encoded only once */
    expect(sim_get(client, "/v5/execution/list?category=linear&startTime=1&endTime=700000000"), "7 days");
    end();
}

TEST(simbybit, takes_orders_and_tells_of_them_on_the_private_socket)
{
    begin(false);
    sim_private(client);
    ck_assert_uint_eq(sim_count(client, 0, "\"success\":true"), 2);
    uint32_t from = client->messages;
    expect(sim_post(client, "/v5/order/create", BUY_LIMIT("0.010", "60000.00", "my-order-1")), "\"orderLinkId\":\"my-order-1\"");
    sim_run(client, SIM_S);
    expect(sim_find(client, from, "\"topic\":\"order\""), "\"orderStatus\":\"New\"");
    ck_assert_uint_eq(sim_count(client, from, "\"topic\":\"position\""), 1); /* also without a change */
    expect(sim_post(client, "/v5/order/create", BUY_LIMIT("0.010", "60000.00", "my-order-1")), "\"retCode\":110072");
    expect(sim_post(client, "/v5/order/amend", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderLinkId\":\"my-order-1\",\"qty\":\"0.02\"}"), "\"retCode\":0");
    from = client->messages;
    expect(sim_post(client, "/v5/order/cancel", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderLinkId\":\"my-order-1\"}"), "\"retCode\":0");
    sim_run(client, SIM_S);
    expect(sim_find(client, from, "\"topic\":\"order\""), "\"orderStatus\":\"Cancelled\",\"cancelType\":\"CancelByUser\"");
    expect(sim_post(client, "/v5/order/cancel", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderLinkId\":\"my-order-1\"}"), "\"retCode\":110010");
    from = client->messages;
    expect(sim_post(client, "/v5/order/create", BUY_MARKET("0.015")), "\"retCode\":0");
    sim_run(client, SIM_S);
    const char *execution = sim_find(client, from, "\"topic\":\"execution\"");
    expect(execution, "\"execType\":\"Trade\"");
    expect(execution, "\"feeCurrency\":\"USDT\"");
    expect_not(execution, "positionIdx");
    expect(sim_find(client, from, "\"topic\":\"position\""), "\"side\":\"Buy\",\"size\":\"0.015\",\"entryPrice\"");
    ck_assert_ptr_nonnull(sim_find(client, from, "\"topic\":\"wallet\""));
    expect(sim_find(client, from, "\"orderStatus\":\"Filled\""), "\"leavesQty\":\"0.000\"");
    for (uint32_t i = 0; i < client->messages; i++) check_json(client->message[i]);
    end();
}

TEST(simbybit, refuses_orders_with_the_venues_codes)
{
    begin(false);
    static const struct { const char *body, *code; } cases[] = {
        { "{\"symbol\":\"BTCUSDT\"}", "10001" },
        { "{\"category\":\"linear\",\"symbol\":\"NOSUCH\",\"side\":\"Buy\",\"orderType\":\"Market\",\"qty\":\"1\"}", "10001" },
        { BUY_MARKET("0.0015"), "10001" },
        { BUY_MARKET("1e3"), "10001" },
        { BUY_LIMIT("0.001", "60000.05", "a"), "10001" },
        { BUY_LIMIT("0.001", "90000", "a"), "110003" },
        { BUY_LIMIT("1000", "60000", "a"), "110007" },
        { BUY_LIMIT("0.001", "60000", "no spaces"), "10001" },
        { BUY_LIMIT("0.001", "60000", "0123456789012345678901234567890123456"), "10001" },
        { "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Sell\",\"orderType\":\"Market\",\"qty\":\"1\",\"reduceOnly\":true}", "110017" },
        { "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Market\",\"qty\":\"1\",\"positionIdx\":1}", "10001" },
        { "{\"category\":\"linear\",\"symbol\":\"ETHUSDT\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"qty\":\"0.01\",\"price\":\"350.00\"}", "110094" },
        { "not json", "10001" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *body = sim_post(client, "/v5/order/create", cases[i].body);
        char code[32];
        snprintf(code, sizeof code, "\"retCode\":%s,", cases[i].code);
        expect(body, code);
        sim_run(client, SIM_S / 5);
    }
    ck_assert(position() == 0);
    end();
}

TEST(simbybit, speaks_public_trades_and_books_whose_sum_is_the_book)
{
    begin(true);
    sim_stream(client, BOT_STREAM_PUBLIC, "wss://paper/v5/public/linear");
    sim_say(client, BOT_STREAM_PUBLIC, "{\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\",\"orderbook.50.BTCUSDT\"],\"req_id\":\"r1\"}");
    sim_run(client, 120 * SIM_S);
    expect(client->message[0], "\"success\":true,\"ret_msg\":\"subscribe\"");
    expect(client->message[0], "\"req_id\":\"r1\"");
    expect(client->message[1], "\"type\":\"snapshot\"");
    ck_assert_uint_gt(sim_count(client, 0, "publicTrade"), 20);
    /* Apply the deltas and compare with a fresh snapshot of the same moment. */
    int64_t u = 0;
    char prices[2][256][24], sizes[2][256][24];
    uint32_t n[2] = { 0, 0 };
    for (uint32_t i = 0; i < client->messages; i++) {
        check_json(client->message[i]);
        const char *m = client->message[i];
        if (strstr(m, "orderbook.50") == NULL || strstr(m, "\"u\":") == NULL) continue;
        const int64_t next = atoll(strstr(m, "\"u\":") + 4);
        ck_assert_msg(u == 0 || next == u + 1, "u went from %lld to %lld", (long long)u, (long long)next);
        u = next;
        for (int s = 0; s < 2; s++) {
            const char *p = strstr(m, s == 0 ? "\"b\":[" : "\"a\":[") + 5;
            while (*p == '[' || *p == ',') {
                char price[24], size[24];
                if (*p == ',') p++;
                ck_assert_int_eq(sscanf(p, "[\"%23[0-9.]\",\"%23[0-9.]\"]", price, size), 2);
                p = strchr(p, ']') + 1;
                uint32_t k = 0;
                while (k < n[s] && strcmp(prices[s][k], price) != 0) k++;
                if (strcmp(size, "0") == 0) {
                    ck_assert_msg(k < n[s], "a level is deleted that was never there: %s", price);
                    n[s]--;
                    memcpy(prices[s][k], prices[s][n[s]], 24);
                    memcpy(sizes[s][k], sizes[s][n[s]], 24);
                } else {
                    ck_assert_uint_lt(k, 255);
                    if (k == n[s]) n[s]++;
                    memcpy(prices[s][k], price, 24);
                    memcpy(sizes[s][k], size, 24);
                }
            }
        }
    }
    struct exchange_level levels[50];
    for (int s = 0; s < 2; s++) {
        const struct exchange_instrument *in = bot__exchange_instrument(bot__world_exchange(world), 0);
        ck_assert_uint_eq(n[s], bot__exchange_book(bot__world_exchange(world), 0, s == 0 ? BOT_BUY : BOT_SELL, levels, 50));
        for (uint32_t k = 0; k < n[s]; k++) {
            uint32_t at = 0;
            bot_i128 v, size;
            for (; at < n[s]; at++) {
                ck_assert_int_eq(bot_fixed_parse(prices[s][at], strlen(prices[s][at]), &v), 0);
                if (v == bot__exchange_px(in, levels[k].price_ticks).v) break;
            }
            ck_assert_uint_lt(at, n[s]);
            ck_assert_int_eq(bot_fixed_parse(sizes[s][at], strlen(sizes[s][at]), &size), 0);
            ck_assert(size == bot__exchange_qty(in, levels[k].lots).v);
        }
    }
    sim_say(client, BOT_STREAM_PUBLIC, "{\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSD\"]}");
    sim_say(client, BOT_STREAM_PUBLIC, "{\"op\":\"ping\"}");
    const uint32_t from = client->messages;
    sim_run(client, SIM_S);
    ck_assert_ptr_nonnull(sim_find(client, from, "\"success\":false,\"ret_msg\":\"error:handler not found,topic:publicTrade.BTCUSD\""));
    ck_assert_ptr_nonnull(sim_find(client, from, "\"success\":true,\"ret_msg\":\"pong\""));
    end();
}

TEST(simbybit, wants_a_login_before_private_topics_and_knows_both_kinds_of_them)
{
    begin(false);
    sim_stream(client, BOT_STREAM_PRIVATE, "wss://paper/v5/private");
    sim_say(client, BOT_STREAM_PRIVATE, "{\"op\":\"subscribe\",\"args\":[\"execution\"]}");
    sim_run(client, SIM_S);
    expect(client->message[0], "\"success\":false,\"ret_msg\":\"Request not authorized\"");
    sim_login(client, BOT_STREAM_PRIVATE);
    sim_say(client, BOT_STREAM_PRIVATE, "{\"op\":\"subscribe\",\"args\":[\"execution\",\"order.linear\"]}");
    sim_say(client, BOT_STREAM_PRIVATE, "{\"op\":\"subscribe\",\"args\":[\"execution.inverse\",\"order.linear\"]}");
    sim_say(client, BOT_STREAM_PRIVATE, "{\"op\":\"ping\",\"req_id\":\"p\"}");
    sim_run(client, SIM_S);
    expect(client->message[2], "\"success\":false");
    expect(client->message[3], "\"success\":true");
    expect(client->message[4], "\"op\":\"pong\",\"args\":[\"17");
    const uint32_t from = client->messages;
    sim_post(client, "/v5/order/create", BUY_MARKET("0.01"));
    sim_run(client, SIM_S);
    ck_assert_ptr_nonnull(sim_find(client, from, "\"topic\":\"order.linear\""));
    ck_assert_ptr_null(sim_find(client, from, "\"topic\":\"execution"));
    ck_assert_int_eq(client->t.ws_ping(client->t.self, BOT_STREAM_PRIVATE), 0);
    sim_run(client, SIM_S);
    ck_assert_uint_eq(client->alive[BOT_STREAM_PRIVATE], 1);
    sim_stream(client, BOT_STREAM_PUBLIC, "wss://paper/v5/nowhere");
    ck_assert_uint_eq(client->closed[BOT_STREAM_PUBLIC], 1);
    end();
}

TEST(simbybit, takes_orders_over_the_order_entry_socket)
{
    begin(false);
    sim_stream(client, BOT_STREAM_TRADE, "wss://paper/v5/trade");
    sim_login(client, BOT_STREAM_TRADE);
    expect(client->message[0], "\"retCode\":0,\"retMsg\":\"OK\",\"op\":\"auth\",\"connId\"");
    char text[512];
    snprintf(text, sizeof text, "{\"reqId\":\"r-1\",\"header\":{\"X-BAPI-TIMESTAMP\":\"%lld\"},\"op\":\"order.create\",\"args\":[%s]}",
             (long long)(bot__world_time(world, 1).wall_ns / BOT_NS_PER_MS), BUY_LIMIT("0.010", "60000", "ws-1"));
    sim_say(client, BOT_STREAM_TRADE, text);
    struct exchange_truth t;
    bot__world_truth(world, 1, 0, &t); /* on the wire: it may fill from now on */
    ck_assert(t.open_buy.v == (bot_i128)10000000000000000);
    sim_run(client, SIM_S);
    expect(client->message[1], "{\"reqId\":\"r-1\",\"retCode\":0,\"retMsg\":\"OK\",\"op\":\"order.create\",\"data\":{\"orderId\":\"");
    expect(client->message[1], "\"X-Bapi-Limit\":\"10\",\"X-Bapi-Limit-Status\":\"9\"");
    bot__world_truth(world, 1, 0, &t);
    ck_assert(t.open_buy.v == (bot_i128)10000000000000000 && t.open_orders == 1);
    end();
}

TEST(simbybit, cancels_all_and_batches_with_a_code_for_each)
{
    begin(false);
    expect(sim_post(client, "/v5/order/create-batch", "{\"category\":\"linear\",\"request\":["
                    "{\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"qty\":\"0.01\",\"price\":\"60000\",\"orderLinkId\":\"b1\"},"
                    "{\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"qty\":\"0.01\",\"price\":\"60000\",\"orderLinkId\":\"b1\"},"
                    "{\"symbol\":\"ETHUSDT\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"qty\":\"0.1\",\"price\":\"3400\",\"orderLinkId\":\"b3\"}]}"),
           "\"retExtInfo\":{\"list\":[{\"code\":0,\"msg\":\"OK\"},{\"code\":110072,\"msg\":\"OrderLinkedID is duplicate\"},{\"code\":0,\"msg\":\"OK\"}]}");
    expect(sim_post(client, "/v5/order/cancel-all", "{\"category\":\"linear\"}"), "\"retCode\":10001");
    const char *body = sim_post(client, "/v5/order/cancel-all", "{\"category\":\"linear\",\"settleCoin\":\"USDT\"}");
    expect(body, "\"success\":\"1\"");
    ck_assert_uint_eq(sim_times(body, "\"orderId\""), 2);
    expect(sim_get(client, "/v5/order/realtime?category=linear&settleCoin=USDT"), "\"list\":[]");
    expect(sim_get(client, "/v5/order/realtime?category=linear&orderLinkId=b3"), "\"orderStatus\":\"Cancelled\"");
    end();
}

TEST(simbybit, keeps_two_legs_in_hedge_mode)
{
    begin(false);
    expect(sim_post(client, "/v5/position/switch-mode", "{\"category\":\"linear\",\"coin\":\"USDT\",\"mode\":3}"), "\"retCode\":0");
    expect(sim_post(client, "/v5/position/switch-mode", "{\"category\":\"linear\",\"coin\":\"USDT\",\"mode\":3}"), "\"retCode\":110025");
    expect(sim_post(client, "/v5/order/create", BUY_MARKET("0.01")), "position idx not match position mode");
    expect(sim_post(client, "/v5/order/create", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Market\",\"qty\":\"0.02\",\"positionIdx\":1}"), "\"retCode\":0");
    expect(sim_post(client, "/v5/order/create", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Sell\",\"orderType\":\"Market\",\"qty\":\"0.01\",\"positionIdx\":2}"), "\"retCode\":0");
    const char *body = sim_get(client, "/v5/position/list?category=linear&settleCoin=USDT&limit=200");
    expect(body, "\"positionIdx\":1");
    expect(body, "\"side\":\"Sell\",\"size\":\"0.010\"");
    ck_assert(position() == (bot_i128)10000000000000000);
    end();
}

/* ---- faults ---------------------------------------------------------------------------------------------------- */

TEST(simbybit_faults, answers_success_with_old_data)
{
    begin(false);
    sim_post(client, "/v5/order/create", BUY_MARKET("0.01"));
    sim_run(client, 100 * SIM_S);
    sim_post(client, "/v5/order/create", BUY_MARKET("0.03"));
    const char *path = "/v5/position/list?category=linear&settleCoin=USDT";
    expect(sim_get(client, path), "\"size\":\"0.040\"");
    faults("always rest.stale on=positions,fills age=60s\n");
    expect(sim_get(client, path), "\"retCode\":0");
    expect(sim_get(client, path), "\"size\":\"0.010\"");
    const char *fills = sim_get(client, "/v5/execution/list?category=linear");
    expect(fills, "\"orderQty\":\"0.010\"");
    expect_not(fills, "\"orderQty\":\"0.030\"");
    sim_run(client, 61 * SIM_S);
    expect(sim_get(client, path), "\"size\":\"0.040\"");
    ck_assert_uint_gt(bot__simvenue_faults(bot__world_venue(world))->used[FAULT_REST_STALE], 3);
    end();
}

TEST(simbybit_faults, hangs_breaks_refuses_and_errs)
{
    begin(false);
    faults("at 10s for 10s rest.hang on=positions\nat 20s for 10s rest.refuse\nat 30s for 10s rest.reset on=positions\n"
           "at 40s for 10s rest.error on=positions status=502\nat 50s for 10s rest.error on=positions code=10016\n"
           "at 60s for 10s rest.limit on=positions\nat 70s for 10s rest.ban\nat 80s for 10s rest.slow on=positions delay=2s\n");
    const char *path = "/v5/position/list?category=linear&settleCoin=USDT";
    static const struct { enum transport_result result; int status; const char *body; } expected[] = {
        { TRANSPORT_TIMEOUT, 0, "" }, { TRANSPORT_NOT_SENT, 0, "" }, { TRANSPORT_BROKEN, 0, "" }, { TRANSPORT_OK, 502, "<html>" },
        { TRANSPORT_OK, 200, "\"retCode\":10016" }, { TRANSPORT_OK, 200, "\"retCode\":10006" }, { TRANSPORT_OK, 403, "access too frequent" },
        { TRANSPORT_OK, 200, "\"retCode\":0" },
    };
    for (int i = 0; i < 8; i++) {
        bot__world_run_until(world, SIM_S + (10 + 10 * i) * SIM_S + SIM_S);
        const bot_ts asked = bot__world_now(world);
        const char *body = sim_get(client, path);
        const struct sim_answer *a = &client->answer[client->next_id];
        ck_assert_int_eq(a->result, expected[i].result);
        ck_assert_int_eq(a->status, expected[i].status);
        expect(body, expected[i].body);
        if (i == 0) ck_assert_int_eq(a->at - asked, 3 * SIM_S);
        if (i == 7) ck_assert_int_ge(a->at - asked, 2 * SIM_S);
    }
    end();
}

TEST(simbybit_faults, executes_orders_whose_answer_is_lost_late_or_an_error)
{
    begin(false);
    faults("at 10s for 5s rest.lost on=create\nat 20s for 5s rest.ghost on=create code=10016\nat 30s for 5s rest.late on=create delay=2s\n"
           "at 40s for 5s rest.reset on=create done=1\nat 50s for 5s rest.error on=create status=500\nat 60s for 5s rest.late on=create delay=40s\n");
    static const int64_t after[] = { 1, 2, 3, 4, 4, 5 };
    for (int i = 0; i < 6; i++) {
        bot__world_run_until(world, SIM_S + (10 + 10 * i) * SIM_S + SIM_S);
        sim_post(client, "/v5/order/create", BUY_MARKET("0.001"));
        const struct sim_answer *a = &client->answer[client->next_id];
        if (i == 0 || i == 5) ck_assert_int_eq(a->result, TRANSPORT_TIMEOUT);
        if (i == 1) expect(a->body, "10016");
        if (i == 2) expect(a->body, "\"retCode\":0");
        if (i == 3) ck_assert_int_eq(a->result, TRANSPORT_BROKEN);
        if (i == 4) ck_assert_int_eq(a->status, 500);
        sim_run(client, SIM_S);
        struct exchange_truth t;
        bot__world_truth(world, 1, 0, &t);
        const bot_i128 lot = 1000000000000000;
        if (i == 5) { /* it is not there yet, and the truth knows that it may still come */
            ck_assert(t.position.v == 4 * lot && t.open_buy.v == lot);
            sim_run(client, 40 * SIM_S);
            bot__world_truth(world, 1, 0, &t);
        }
        ck_assert_msg(t.position.v == after[i] * lot && t.open_buy.v == 0, "case %d", i);
    }
    end();
}

TEST(simbybit_faults, bends_private_messages)
{
    begin(false);
    sim_private(client);
    faults("at 10s for 5s ws.drop topic=execution\nat 20s for 5s ws.duplicate topic=execution\nat 30s for 5s ws.delay topic=execution delay=3s\n"
           "at 40s for 5s ws.mute stream=private\nat 50s for 5s ws.halfopen stream=private\nat 60s ws.cut stream=private\n"
           "at 60s for 10s ws.refuse stream=private\n");
    static const uint32_t executions[] = { 0, 2, 1, 0, 0 };
    for (int i = 0; i < 5; i++) {
        bot__world_run_until(world, SIM_S + (10 + 10 * i) * SIM_S + SIM_S);
        const uint32_t from = client->messages;
        sim_post(client, "/v5/order/create", BUY_MARKET("0.001"));
        sim_say(client, BOT_STREAM_PRIVATE, "{\"op\":\"ping\"}");
        sim_run(client, SIM_S);
        if (i == 2) {
            ck_assert_uint_eq(sim_count(client, from, "\"topic\":\"execution\""), 0);
            sim_run(client, 3 * SIM_S);
        }
        ck_assert_msg(sim_count(client, from, "\"topic\":\"execution\"") == executions[i], "case %d: %u", i, sim_count(client, from, "\"topic\":\"execution\""));
        ck_assert_uint_eq(sim_count(client, from, "\"op\":\"pong\""), i == 4 ? 0 : 1);
    }
    ck_assert(client->open[BOT_STREAM_PRIVATE]);
    bot__world_run_until(world, SIM_S + 62 * SIM_S);
    ck_assert(!client->open[BOT_STREAM_PRIVATE]);
    sim_stream(client, BOT_STREAM_PRIVATE, "wss://paper/v5/private");
    ck_assert_uint_eq(client->closed[BOT_STREAM_PRIVATE], 2);
    bot__world_run_until(world, SIM_S + 71 * SIM_S);
    sim_stream(client, BOT_STREAM_PRIVATE, "wss://paper/v5/private");
    ck_assert(client->open[BOT_STREAM_PRIVATE]);
    end();
}

TEST(simbybit_faults, stops_thins_and_delays_the_public_feed)
{
    begin(true);
    sim_stream(client, BOT_STREAM_PUBLIC, "wss://paper/v5/public/linear");
    sim_say(client, BOT_STREAM_PUBLIC, "{\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\",\"orderbook.50.BTCUSDT\"]}");
    faults("at 100s for 100s pub.stop topic=trades\nat 200s for 100s market.rate x=0\nat 300s for 100s pub.lag lag=30s\nat 500s for 50s pub.gap\n");
    bot__world_run_until(world, 101 * SIM_S);
    uint32_t from = client->messages;
    bot__world_run_until(world, 201 * SIM_S);
    ck_assert_uint_le(sim_count(client, from, "publicTrade"), 1);
    ck_assert_uint_gt(sim_count(client, from, "orderbook"), 20);
    from = client->messages;
    bot__world_run_until(world, 301 * SIM_S);
    ck_assert_uint_le(sim_count(client, from, "orderbook"), 2);
    from = client->messages;
    bot__world_run_until(world, 401 * SIM_S);
    ck_assert_uint_gt(sim_count(client, from, "publicTrade"), 10);
    for (uint32_t i = from; i < client->messages; i++) {
        const char *ts = strstr(client->message[i], "\"ts\":");
        const int64_t late = bot__world_time(world, 0).wall_ns - (bot__world_now(world) - client->message_at[i]) - atoll(ts + 5) * BOT_NS_PER_MS;
        ck_assert_msg(late >= 30 * SIM_S || client->message_at[i] < 302 * SIM_S, "late by %lld ms", (long long)(late / BOT_NS_PER_MS));
    }
    from = client->messages;
    bot__world_run_until(world, 551 * SIM_S);
    int64_t u = 0;
    uint32_t gaps = 0;
    for (uint32_t i = from; i < client->messages; i++) {
        const char *p = strstr(client->message[i], "\"u\":");
        if (p == NULL) continue;
        gaps += u != 0 && atoll(p + 4) != u + 1;
        u = atoll(p + 4);
    }
    ck_assert_uint_gt(gaps, 0);
    end();
}

TEST(simbybit_faults, trades_by_hand_funds_liquidates_and_closes_the_market)
{
    begin(true);
    sim_private(client);
    faults("at 10s trade side=buy qty=0.1\nat 20s fund rate=0.0001\nat 30s adl qty=0.04\nat 40s liquidate\nat 50s order side=sell qty=0.2 off=300\n"
           "at 60s for 10s market.cancel_only\nat 70s for 10s market.halt\n");
    bot__world_run_until(world, 12 * SIM_S);
    ck_assert(position() == (bot_i128)100000000000000000);
    expect(sim_find(client, 0, "\"topic\":\"execution\""), "\"orderLinkId\":\"\"");
    bot__world_run_until(world, 22 * SIM_S);
    const char *funding = sim_find(client, 0, "\"execType\":\"Funding\"");
    expect(funding, "\"side\":\"Buy\",\"orderPrice\":\"0\",\"orderQty\":\"0\",\"leavesQty\":\"0\",\"orderType\":\"UNKNOWN\"");
    expect(funding, "\"execQty\":\"0.100\"");
    ck_assert(position() == (bot_i128)100000000000000000);
    bot__world_run_until(world, 32 * SIM_S);
    ck_assert(position() == (bot_i128)60000000000000000);
    ck_assert_ptr_nonnull(sim_find(client, 0, "\"execType\":\"AdlTrade\""));
    bot__world_run_until(world, 42 * SIM_S);
    ck_assert(position() == 0);
    expect(sim_find(client, 0, "\"execType\":\"BustTrade\""), "\"createType\":\"CreateByLiq\"");
    bot__world_run_until(world, 62 * SIM_S);
    expect(sim_get(client, "/v5/order/realtime?category=linear&symbol=BTCUSDT"), "\"qty\":\"0.200\"");
    expect(sim_post(client, "/v5/order/create", BUY_MARKET("0.01")), "\"retCode\":110023");
    expect(sim_post(client, "/v5/order/cancel-all", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\"}"), "\"success\":\"1\"");
    bot__world_run_until(world, 72 * SIM_S);
    const uint64_t trades = bot__exchange_stats(bot__world_exchange(world)).trades;
    expect(sim_post(client, "/v5/order/create", BUY_MARKET("0.01")), "\"retCode\":10016");
    bot__world_run_until(world, 80 * SIM_S);
    ck_assert_uint_eq(bot__exchange_stats(bot__world_exchange(world)).trades, trades);
    bot__world_run_until(world, 120 * SIM_S);
    ck_assert_uint_gt(bot__exchange_stats(bot__world_exchange(world)).trades, trades);
    end();
}

/* An order in limbo may still come, and the truth says so; then it comes. */
TEST(simbybit_faults, orders_in_limbo_come_late_and_nobody_is_told)
{
    begin(false);
    faults("at 10s for 5s rest.limbo on=create delay=30s\n");
    bot__world_run_until(world, 12 * SIM_S);
    sim_post(client, "/v5/order/create", BUY_MARKET("0.001"));
    ck_assert_int_eq(client->answer[client->next_id].result, TRANSPORT_TIMEOUT);
    struct exchange_truth t;
    bot__world_truth(world, 1, 0, &t);
    ck_assert(t.position.v == 0 && t.open_buy.v == 1000000000000000);
    sim_run(client, 40 * SIM_S);
    ck_assert(position() == 1000000000000000);
    end();
}

TEST(simbybit_faults, refuses_new_orders_by_code_cancels_from_outside_and_switches_the_mode)
{
    begin(false);
    sim_private(client);
    faults("at 10s for 5s order.reject code=110007\nat 30s cancel_all\nat 40s for 10s account.mode\nat 60s for 5s ws.blind\n");
    bot__world_run_until(world, 12 * SIM_S);
    expect(sim_post(client, "/v5/order/create", BUY_MARKET("0.001")), "\"retCode\":110007");
    expect(sim_post(client, "/v5/order/cancel-all", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\"}"), "\"success\":\"1\"");
    bot__world_run_until(world, 20 * SIM_S);
    expect(sim_post(client, "/v5/order/create", BUY_MARKET("0.002")), "\"retCode\":0");
    expect(sim_post(client, "/v5/order/create",
                    "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"qty\":\"0.001\",\"price\":\"100\"}"), "\"retCode\":");
    bot__world_run_until(world, 32 * SIM_S);
    struct exchange_truth t;
    bot__world_truth(world, 1, 0, &t);
    ck_assert(t.position.v == 2000000000000000 && t.open_orders == 0);
    bot__world_run_until(world, 42 * SIM_S); /* closed and switched */
    ck_assert(position() == 0 && bot__exchange_hedge(bot__world_exchange(world), 1, 0));
    expect(sim_post(client, "/v5/order/create", BUY_MARKET("0.001")), "\"retCode\":10001");
    bot__world_run_until(world, 52 * SIM_S);
    ck_assert(!bot__exchange_hedge(bot__world_exchange(world), 1, 0));
    bot__world_run_until(world, 61 * SIM_S);
    const uint32_t from = client->messages;
    expect(sim_post(client, "/v5/order/create", BUY_MARKET("0.001")), "\"retCode\":0");
    sim_run(client, SIM_S);
    ck_assert_uint_eq(sim_count(client, from, "\"topic\":\"execution\""), 0);
    ck_assert(position() == 1000000000000000);
    end();
}

TEST(simbybit_faults, leaves_rows_out_doubles_them_and_forgets_orders)
{
    begin(false);
    sim_post(client, "/v5/order/create", BUY_MARKET("0.01"));
    sim_post(client, "/v5/order/create", "{\"category\":\"linear\",\"symbol\":\"ETHUSDT\",\"side\":\"Sell\",\"orderType\":\"Market\",\"qty\":\"0.1\"}");
    sim_post(client, "/v5/order/create", BUY_LIMIT("0.010", "60000.00", "one"));
    const char *path = "/v5/position/list?category=linear&settleCoin=USDT";
    ck_assert_uint_eq(sim_times(sim_get(client, path), "\"positionIdx\""), 2);
    faults("at 10s for 10s rest.partial on=positions keep=1\nat 20s for 10s rest.double on=positions\nat 30s for 10s rest.forget\n");
    bot__world_run_until(world, 12 * SIM_S);
    ck_assert_uint_eq(sim_times(sim_get(client, path), "\"positionIdx\""), 1);
    bot__world_run_until(world, 22 * SIM_S);
    const char *twice = sim_get(client, path);
    ck_assert_uint_eq(sim_times(twice, "\"positionIdx\""), 4);
    check_json(twice);
    bot__world_run_until(world, 32 * SIM_S);
    expect(sim_post(client, "/v5/order/cancel", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderLinkId\":\"one\"}"), "\"retCode\":110001");
    expect(sim_get(client, "/v5/order/realtime?category=linear&orderLinkId=one"), "\"list\":[]");
    bot__world_run_until(world, 42 * SIM_S);
    expect(sim_get(client, "/v5/order/realtime?category=linear&orderLinkId=one"), "\"orderStatus\":\"New\"");
    end();
}

/* As at the venue: what ended is found beside the open orders while it is one of the last 500 that did, and in the history after. */
TEST(simbybit, tells_of_an_order_that_ended_long_ago_in_the_history_only)
{
    begin(false);
    for (int i = 0; i < 510; i++) {
        char body[200];
        bot__world_run_until(world, (i + 1) * SIM_S / 4);
        snprintf(body, sizeof body, "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"qty\":\"0.010\",\"price\":\"60000.00\",\"orderLinkId\":\"o%d\"}", i);
        expect(sim_post(client, "/v5/order/create", body), "\"retCode\":0");
        snprintf(body, sizeof body, "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderLinkId\":\"o%d\"}", i);
        expect(sim_post(client, "/v5/order/cancel", body), "\"retCode\":0");
    }
    expect(sim_get(client, "/v5/order/realtime?category=linear&orderLinkId=o20"), "\"orderStatus\":\"Cancelled\"");
    expect(sim_get(client, "/v5/order/realtime?category=linear&orderLinkId=o3"), "\"list\":[]");
    expect(sim_get(client, "/v5/order/history?category=linear&orderLinkId=o3"), "\"orderStatus\":\"Cancelled\"");
    expect(sim_get(client, "/v5/order/history?category=linear&orderLinkId=never"), "\"list\":[]");
    end();
}
