/* The paper exchange's dialect of OKX v5, asked by a client that was written by hand from the venue's documents. */
#define SIM_VENUE "okx"
#include "sim_okx.h"
#include "sim_kit.h"

#define ORDER "/api/v5/trade/order"
#define TAKE(side, qty) "{\"instId\":\"BTC-USDT-SWAP\",\"tdMode\":\"cross\",\"side\":\"" side "\",\"ordType\":\"market\",\"sz\":\"" qty "\"}"
#define REST_AT(price, id) "{\"instId\":\"BTC-USDT-SWAP\",\"tdMode\":\"cross\",\"side\":\"buy\",\"ordType\":\"post_only\",\"sz\":\"0.010\",\"px\":\"" price "\",\"clOrdId\":\"" id "\"}"

static bot_i128 position(void)
{
    struct exchange_truth t;
    bot__world_truth(world, 1, 0, &t);
    return t.position.v;
}

/* What came since message `from` and holds `what`; how often. */
static unsigned pushed(uint32_t from, const char *what)
{
    unsigned n = 0;
    for (uint32_t i = from; i < client->messages; i++) n += strstr(client->message[i], what) != NULL;
    return n;
}

static void refused(const struct sim_answer *a, int status, const char *code)
{
    char mark[32];
    snprintf(mark, sizeof mark, "{\"code\":\"%s\",\"data\":[]", code);
    ck_assert_msg(a->status == status && strncmp(a->body, mark, strlen(mark)) == 0, "%d %s\nis not %d %s", a->status, a->body, status, code);
}

TEST(simokx, answers_every_read_in_readable_json)
{
    begin(true);
    expect(okx_post(client, ORDER, TAKE("buy", "0.010")), "\"sCode\":\"0\"");
    okx_post(client, ORDER, REST_AT("60000", "rest1"));
    static const struct { const char *path, *holds; } reads[] = {
        { "/api/v5/public/time", "{\"code\":\"0\",\"data\":[{\"ts\":\"17" },
        { "/api/v5/public/instruments?instType=SWAP", "\"instId\":\"BTC-USD-SWAP\",\"uly\":\"BTC-USD\"" },
        { "/api/v5/public/instruments?instType=SPOT", "{\"code\":\"0\",\"data\":[],\"msg\":\"\"}" },
        { "/api/v5/market/books?instId=BTC-USDT-SWAP&sz=5", "\",\"0\",\"" },
        { "/api/v5/market/trades?instId=BTC-USDT-SWAP", "\"side\":\"" },
        { "/api/v5/system/status?state=ongoing", "{\"code\":\"0\",\"data\":[],\"msg\":\"\"}" },
        { "/api/v5/account/positions", "\"posSide\":\"net\",\"pos\":\"0.010\"" },
        { "/api/v5/account/balance", "\"ccy\":\"USDT\",\"cashBal\":\"" },
        { "/api/v5/account/config", "\"posMode\":\"net_mode\",\"perm\":\"read_only,trade\"" },
        { "/api/v5/account/bills", "\"type\":\"2\"" },
        { "/api/v5/trade/fills", "\"execType\":\"T\",\"feeCcy\":\"USDT\",\"fee\":\"-" },
        { "/api/v5/trade/fills-history?instType=SWAP", "\"subType\":\"1\"" },
        { "/api/v5/trade/orders-pending", "\"clOrdId\":\"rest1\"" },
        { ORDER "?instId=BTC-USDT-SWAP&clOrdId=rest1", "\"state\":\"live\"" },
    };
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        const struct sim_answer *a = okx_ask_how(client, "GET", reads[i].path, "", (struct okx_how){ 0 });
        struct json j;
        bot__json_init(&j, a->body, strlen(a->body));
        bot__json_skip(&j);
        ck_assert_msg(a->status == 200 && bot__json_end(&j) == BOT_OK, "%s: %d %s", reads[i].path, a->status, a->body);
        expect(a->body, reads[i].holds);
    }
    expect(okx_get(client, ORDER "?instId=BTC-USDT-SWAP&clOrdId=never"), "\"code\":\"51603\"");
    end();
}

TEST(simokx, believes_only_who_signs_in_time_with_the_passphrase)
{
    begin(false);
    static const struct { struct okx_how how; const char *code; } wrong[] = {
        { { .keyless = true }, "50103" }, { { .missigned = true }, "50113" }, { { .passphrase = "other" }, "50105" }, { { .late_ns = 31 * SIM_S }, "50102" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refused(okx_ask_how(client, "GET", "/api/v5/account/positions", "", wrong[i].how), 401, wrong[i].code);
    client->key = "unknown";
    refused(okx_ask_how(client, "GET", "/api/v5/account/positions", "", (struct okx_how){ 0 }), 401, "50111");
    client->key = "key";
    expect(okx_get(client, "/api/v5/account/positions"), "{\"code\":\"0\"");
    end();
}

TEST(simokx, refuses_who_asks_too_often_until_the_window_has_passed)
{
    begin(false);
    unsigned taken = 0;
    for (int i = 0; i < 14; i++) taken += strncmp(okx_get(client, "/api/v5/account/positions"), "{\"code\":\"0\"", 11) == 0;
    ck_assert_uint_ge(taken, 10);
    ck_assert_uint_lt(taken, 14);
    sim_run(client, 2 * SIM_S);
    expect(okx_get(client, "/api/v5/account/positions"), "{\"code\":\"0\"");
    end();
}

TEST(simokx, an_order_that_is_wrong_says_so_in_its_row)
{
    begin(true);
    okx_post(client, ORDER, TAKE("buy", "0.010"));
    static const struct { const char *body, *code; } wrong[] = {
        { "{\"instId\":\"NO-USDT-SWAP\",\"tdMode\":\"cross\",\"side\":\"buy\",\"ordType\":\"market\",\"sz\":\"0.010\"}", "51001" },
        { "{\"instId\":\"BTC-USDT-SWAP\",\"tdMode\":\"isolated\",\"side\":\"buy\",\"ordType\":\"market\",\"sz\":\"0.010\"}", "51000" },
        { "{\"instId\":\"BTC-USDT-SWAP\",\"tdMode\":\"cross\",\"posSide\":\"long\",\"side\":\"buy\",\"ordType\":\"market\",\"sz\":\"0.010\"}", "51000" },
        { "{\"instId\":\"BTC-USDT-SWAP\",\"tdMode\":\"cross\",\"side\":\"buy\",\"ordType\":\"market\",\"sz\":\"0.0105\"}", "51121" },
        { "{\"instId\":\"BTC-USDT-SWAP\",\"tdMode\":\"cross\",\"side\":\"buy\",\"ordType\":\"market\",\"sz\":\"0.010\",\"clOrdId\":\"a-b\"}", "51000" },
        { "{\"instId\":\"BTC-USDT-SWAP\",\"tdMode\":\"cross\",\"side\":\"buy\",\"ordType\":\"market\",\"sz\":\"0.010\",\"reduceOnly\":true}", "51169" },
        { "{\"instId\":\"BTC-USDT-SWAP\",\"tdMode\":\"cross\",\"side\":\"sell\",\"ordType\":\"market\",\"sz\":\"0.011\",\"reduceOnly\":true}", "51170" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char mark[40];
        snprintf(mark, sizeof mark, "\"sCode\":\"%s\"", wrong[i].code);
        const char *answer = okx_post(client, ORDER, wrong[i].body);
        expect(answer, "{\"code\":\"1\",\"data\":[{");
        expect(answer, mark);
    }
    okx_post(client, ORDER, REST_AT("60000", "same"));
    expect(okx_post(client, ORDER, REST_AT("60000", "same")), "\"sCode\":\"51016\"");
    const char *batch = "[{\"instId\":\"BTC-USDT-SWAP\",\"clOrdId\":\"same\"},{\"instId\":\"BTC-USDT-SWAP\",\"clOrdId\":\"gone\"}]";
    const char *answer = okx_post(client, "/api/v5/trade/cancel-batch-orders", batch);
    expect(answer, "{\"code\":\"2\",\"data\":[{\"clOrdId\":\"same\",\"ordId\":\"1766");
    expect(answer, "\"sCode\":\"51400\"");
    end();
}

TEST(simokx, an_order_behind_its_deadline_is_dropped)
{
    begin(true);
    char past[24];
    snprintf(past, sizeof past, "%lld", (long long)(bot__world_time(world, client->client).wall_ns / BOT_NS_PER_MS - 1));
    expect(okx_ask_how(client, "POST", ORDER, TAKE("buy", "0.010"), (struct okx_how){ .exp_time = past })->body, "\"sCode\":\"50036\"");
    ck_assert(position() == 0);
    end();
}

/* Pages are of bills, newest first, each behind the last one of the page before. */
TEST(simokx, fills_are_paged_by_bill)
{
    begin(true);
    for (int i = 0; i < 30; i++) {
        okx_post(client, ORDER, i % 2 == 0 ? TAKE("buy", "0.010") : TAKE("sell", "0.010"));
        sim_run(client, SIM_S / 10);
    }
    char path[160] = "/api/v5/trade/fills?limit=7";
    unsigned rows = 0, pages = 0;
    for (;; pages++) {
        const char *page = okx_get(client, path);
        const unsigned n = sim_times(page, "\"billId\":\"");
        rows += n;
        if (n < 7) break;
        const char *last = NULL;
        for (const char *at = strstr(page, "\"billId\":\""); at != NULL; at = strstr(at + 1, "\"billId\":\"")) last = at + 10;
        snprintf(path, sizeof path, "/api/v5/trade/fills?limit=7&after=%.*s", (int)strcspn(last, "\""), last);
    }
    struct exchange_truth t;
    bot__world_truth(world, 1, 0, &t);
    ck_assert_uint_eq(rows, t.fills);
    ck_assert_uint_ge(pages, 4);
    end();
}

/* The orders channel tells of each match, with what it cost; what the venue matched by itself has no trade id there, and a negative one in the
 * list (documentation, orders channel). */
TEST(simokx, matches_are_pushed_as_orders_and_a_liquidation_has_no_trade_id)
{
    begin(true);
    okx_private(client, (const char *const[]){ "orders", "positions", "balance_and_position" }, 3);
    ck_assert_uint_eq(pushed(0, "\"event\":\"login\",\"code\":\"0\""), 1);
    ck_assert_uint_eq(pushed(0, "\"event\":\"subscribe\""), 3);
    ck_assert_uint_eq(pushed(0, "\"eventType\":\"snapshot\",\"curPage\":1,\"lastPage\":true,\"data\":[]"), 1);
    uint32_t from = client->messages;
    okx_post(client, ORDER, TAKE("buy", "0.010"));
    sim_run(client, SIM_S);
    ck_assert_uint_ge(pushed(from, "\"channel\":\"orders\""), 1);
    ck_assert_uint_ge(pushed(from, "\"execType\":\"T\",\"fillFee\":\"-"), 1);
    ck_assert_uint_ge(pushed(from, "\"eventType\":\"filled\""), 1);
    ck_assert_uint_ge(pushed(from, "\"channel\":\"positions\""), 1);
    from = client->messages;
    faults("at 20s liquidate\nat 30s fund rate=0.0001\n");
    sim_run(client, 25 * SIM_S);
    ck_assert(position() == 0);
    ck_assert_uint_ge(pushed(from, "\"category\":\"partial_liquidation\""), 1);
    ck_assert_uint_eq(pushed(from, "\"category\":\"partial_liquidation\""), pushed(from, "\"tradeId\":\"0\""));
    expect(okx_get(client, "/api/v5/trade/fills"), "\"tradeId\":\"-");
    end();
}

TEST(simokx, a_book_is_a_snapshot_and_a_chain_of_changes)
{
    begin(true);
    sim_stream(client, BOT_STREAM_PUBLIC, "wss://paper/ws/v5/public");
    sim_say(client, BOT_STREAM_PUBLIC, "{\"op\":\"subscribe\",\"args\":[{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"},{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"}]}");
    sim_say(client, BOT_STREAM_PUBLIC, "{\"op\":\"subscribe\",\"args\":[{\"channel\":\"books\",\"instId\":\"NO-USDT-SWAP\"}]}");
    sim_say(client, BOT_STREAM_PUBLIC, "ping");
    sim_run(client, 20 * SIM_S);
    ck_assert_uint_eq(pushed(0, "\"action\":\"snapshot\""), 1);
    ck_assert_uint_eq(pushed(0, "\"event\":\"error\",\"code\":\"60018\""), 1);
    ck_assert_uint_eq(pushed(0, "pong"), 1);
    ck_assert_uint_ge(pushed(0, "\"channel\":\"trades\""), 1);
    long long last = -2;
    unsigned changes = 0;
    for (uint32_t i = 0; i < client->messages; i++) {
        const char *prev = strstr(client->message[i], "\"prevSeqId\":"), *seq = strstr(client->message[i], "\"seqId\":");
        if (prev == NULL) continue;
        if (last == -2) ck_assert_int_eq(atoll(prev + 12), -1);
        else ck_assert_int_eq(atoll(prev + 12), last);
        changes += last != -2;
        last = atoll(seq + 8);
    }
    ck_assert_uint_gt(changes, 5);
    end();
}

TEST(simokx, what_is_not_kept_alive_is_cancelled_by_the_dead_man)
{
    begin(false);
    okx_post(client, ORDER, REST_AT("60000", "rest1"));
    expect(okx_post(client, "/api/v5/trade/cancel-all-after", "{\"timeOut\":\"5\"}"), "\"code\":\"51000\"");
    sim_run(client, 2 * SIM_S);
    expect(okx_post(client, "/api/v5/trade/cancel-all-after", "{\"timeOut\":\"10\"}"), "\"triggerTime\":\"17");
    sim_run(client, 9 * SIM_S);
    expect(okx_get(client, "/api/v5/trade/orders-pending"), "rest1");
    sim_run(client, 2 * SIM_S);
    expect_not(okx_get(client, "/api/v5/trade/orders-pending"), "rest1");
    end();
}

/* The venue wants a number there (instIdCode) that its lists do not show. */
TEST(simokx, orders_over_the_socket_are_refused)
{
    begin(true);
    okx_private(client, NULL, 0);
    sim_say(client, BOT_STREAM_PRIVATE, "{\"id\":\"1\",\"op\":\"order\",\"args\":[" TAKE("buy", "0.010") "]}");
    sim_run(client, SIM_S);
    ck_assert_uint_eq(pushed(0, "{\"id\":\"1\",\"op\":\"order\",\"code\":\"50014\""), 1);
    ck_assert(position() == 0);
    end();
}

TEST(simokx, the_mode_changes_while_nothing_is_held)
{
    begin(true);
    expect(okx_post(client, "/api/v5/account/set-position-mode", "{\"posMode\":\"long_short_mode\"}"), "{\"code\":\"0\"");
    expect(okx_post(client, ORDER, TAKE("buy", "0.010")), "\"sCode\":\"51000\""); /* without its leg */
    expect(okx_post(client, ORDER, "{\"instId\":\"BTC-USDT-SWAP\",\"tdMode\":\"cross\",\"posSide\":\"short\",\"side\":\"sell\",\"ordType\":\"market\",\"sz\":\"0.010\"}"), "\"sCode\":\"0\"");
    expect(okx_get(client, "/api/v5/account/positions"), "\"posSide\":\"short\",\"pos\":\"0.010\""); /* counted up from zero */
    expect(okx_post(client, ORDER, "{\"instId\":\"BTC-USDT-SWAP\",\"tdMode\":\"cross\",\"posSide\":\"short\",\"side\":\"buy\",\"ordType\":\"market\",\"sz\":\"0.020\"}"), "\"sCode\":\"51112\"");
    expect(okx_post(client, "/api/v5/account/set-position-mode", "{\"posMode\":\"net_mode\"}"), "\"code\":\"59000\"");
    end();
}
