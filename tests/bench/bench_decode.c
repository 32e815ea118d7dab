/* What decoding costs against what cJSON needs merely to parse the same bytes: 512 different messages of each kind in
 * rotation, floor and result measured in turn in the same run, medians of the rounds. For instruction counts:
 *   valgrind --tool=callgrind --toggle-collect='bench_*' bench_decode execution|trade|trade+rate|book|VENUE [rounds]
 *
 * Goal: an 800-byte private execution, raw bytes to event, at most 0.22 of its cJSON parse (0.30 with ledger and gate on top);
 * a 230-byte public trade at most 0.30. A venue's name: its private message that carries a fill.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/rate.h"
#include "venue/venue.h"


#define MESSAGES 512
#define ROUNDS 41

struct message {
    char  *text;
    size_t len;
};
static struct message messages[MESSAGES];
static const struct venue *venue;
static struct venue_context ctx;
static uint64_t rng = 1;

static unsigned below(unsigned n)
{
    rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(rng >> 33) % n;
}

static void put(struct message *m, const char *text, int len)
{
    m->len = (size_t)len;
    m->text = malloc(m->len + 1);
    if (m->text == NULL)
        abort();
    memcpy(m->text, text, m->len + 1);
}

static void make_execution(struct message *m, unsigned i)
{
    char buf[2048];
    const int n = snprintf(buf, sizeof buf,
        "{\"topic\":\"execution\",\"id\":\"386825804_BTCUSDT_1406121488%05u\",\"creationTime\":17462704%05u,\"data\":[{\"category\":\"linear\",\"symbol\":\"%s\","
        "\"closedSize\":\"0.%u\",\"execFee\":\"%u.37%04u\",\"execId\":\"0ab1bdf7-4219-438b-b30a-32ec86%06x\",\"execPrice\":\"%u.%u\",\"execQty\":\"0.%03u\","
        "\"execType\":\"Trade\",\"execValue\":\"4795.%02u\",\"feeRate\":\"0.00055\",\"tradeIv\":\"\",\"markIv\":\"\",\"blockTradeId\":\"\",\"markPrice\":\"95901.48\","
        "\"indexPrice\":\"\",\"underlyingPrice\":\"\",\"leavesQty\":\"0\",\"orderId\":\"9aac161b-8ed6-450d-9cab-c5cc67%06x\",\"orderLinkId\":\"bot-%08x\","
        "\"orderPrice\":\"94942.5\",\"orderQty\":\"0.5\",\"orderType\":\"Market\",\"stopOrderType\":\"UNKNOWN\",\"side\":\"%s\",\"execTime\":\"17462704%05u\","
        "\"isLeverage\":\"0\",\"isMaker\":%s,\"seq\":1406121488%05u,\"marketUnit\":\"\",\"execPnl\":\"0.05\",\"createType\":\"CreateByUser\",\"feeCurrency\":\"USDT\"}]}",
        i, below(100000), below(2) ? "BTCUSDT" : "1000PEPEUSDT", below(10), below(90), below(10000), below(0xffffff), 90000 + below(9999), below(10), 1 + below(999),
        below(100), below(0xffffff), below(0x7fffffff), below(2) ? "Buy" : "Sell", below(100000), below(2) ? "true" : "false", below(100000));
    put(m, buf, n);
}

static void make_trade(struct message *m, unsigned i)
{
    char buf[512];
    const int n = snprintf(buf, sizeof buf,
        "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":17740211%05u,\"data\":[{\"T\":17740211%05u,\"s\":\"BTCUSDT\",\"S\":\"%s\",\"v\":\"0.%03u\","
        "\"p\":\"%u.80\",\"L\":\"ZeroMinusTick\",\"i\":\"8c931d9a-b703-5c34-9aeb-860867%06x\",\"BT\":false,\"RPI\":false,\"seq\":5497922%05u}]}",
        below(100000), below(100000), below(2) ? "Buy" : "Sell", 1 + below(999), 60000 + below(9999), below(0xffffff), i);
    put(m, buf, n);
}

static void make_book(struct message *m, unsigned i)
{
    char buf[8192];
    int n = snprintf(buf, sizeof buf, "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"delta\",\"ts\":1687940967466,\"data\":{\"s\":\"BTCUSDT\"");
    for (int side = 0; side < 2; side++) {
        n += snprintf(buf + n, sizeof buf - (size_t)n, ",\"%s\":[", side ? "a" : "b");
        for (int k = 0; k < 90; k++)
            n += snprintf(buf + n, sizeof buf - (size_t)n, "%s[\"%u.%u0\",\"%u.%03u\"]", k ? "," : "", 30000 + below(999), below(10), below(30), below(1000));
        n += snprintf(buf + n, sizeof buf - (size_t)n, "]");
    }
    n += snprintf(buf + n, sizeof buf - (size_t)n, ",\"u\":%u,\"seq\":66544703342},\"cts\":1687940967464}", 177400507 + i);
    put(m, buf, n);
}

static void make_binance(struct message *m, unsigned i)
{
    char buf[2048];
    const int n = snprintf(buf, sizeof buf,
        "{\"e\":\"ORDER_TRADE_UPDATE\",\"T\":17740211%05u,\"E\":17740211%05u,\"o\":{\"s\":\"BTCUSDT\",\"c\":\"b0lq3k5x9000%05u\",\"S\":\"%s\",\"o\":\"LIMIT\","
        "\"f\":\"GTC\",\"q\":\"0.500\",\"p\":\"%u.10\",\"ap\":\"60000.10\",\"sp\":\"0\",\"x\":\"TRADE\",\"X\":\"PARTIALLY_FILLED\",\"i\":88867%05u,\"l\":\"0.001\","
        "\"z\":\"0.%03u\",\"L\":\"60000.1\",\"n\":\"0.02\",\"N\":\"USDT\",\"T\":17740211%05u,\"t\":%u,\"b\":\"0\",\"a\":\"9.91\",\"m\":true,\"R\":false,"
        "\"wt\":\"CONTRACT_PRICE\",\"ot\":\"LIMIT\",\"ps\":\"BOTH\",\"cp\":false,\"rp\":\"0\",\"pP\":false,\"si\":0,\"ss\":0,\"V\":\"EXPIRE_TAKER\",\"pm\":\"NONE\",\"gtd\":0}}",
        below(100000), below(100000), i, below(2) ? "BUY" : "SELL", 60000 + below(999), below(100000), 1 + below(499), below(100000), 1000 + i);
    put(m, buf, n);
}

static void make_okx(struct message *m, unsigned i)
{
    char buf[2048];
    const int n = snprintf(buf, sizeof buf,
        "{\"arg\":{\"channel\":\"orders\",\"instType\":\"SWAP\",\"uid\":\"77982378738415879\"},\"data\":[{\"accFillSz\":\"3\",\"avgPx\":\"60000.1\",\"cTime\":\"17740211%05u\","
        "\"clOrdId\":\"b0lq3k5x9000%05u\",\"code\":\"0\",\"execType\":\"M\",\"fee\":\"-0.012\",\"feeCcy\":\"USDT\",\"fillFee\":\"-0.004\",\"fillFeeCcy\":\"USDT\",\"fillPx\":\"%u.1\","
        "\"fillSz\":\"1\",\"fillTime\":\"17740211%05u\",\"instId\":\"BTC-USDT-SWAP\",\"instType\":\"SWAP\",\"lever\":\"3\",\"msg\":\"\",\"ordId\":\"6800000000000%05u\",\"ordType\":\"limit\","
        "\"pnl\":\"0\",\"posSide\":\"net\",\"px\":\"60000.1\",\"rebate\":\"0\",\"rebateCcy\":\"USDT\",\"reduceOnly\":\"false\",\"side\":\"%s\",\"state\":\"partially_filled\",\"sz\":\"9\","
        "\"tag\":\"\",\"tdMode\":\"cross\",\"tgtCcy\":\"\",\"tradeId\":\"%u\",\"uTime\":\"17740211%05u\"}]}",
        below(100000), i, 60000 + below(999), below(100000), below(100000), below(2) ? "buy" : "sell", 1000 + i, below(100000));
    put(m, buf, n);
}

static void make_hyperliquid(struct message *m, unsigned i)
{
    char buf[2048];
    const int n = snprintf(buf, sizeof buf,
        "{\"channel\":\"userFills\",\"data\":{\"isSnapshot\":false,\"user\":\"0x0123456789abcdef0123456789abcdef01234567\",\"fills\":[{\"coin\":\"BTC\",\"px\":\"%u.0\",\"sz\":\"0.0%02u\","
        "\"side\":\"%s\",\"time\":17740211%05u,\"startPosition\":\"0.5\",\"dir\":\"Open Long\",\"closedPnl\":\"0.0\",\"hash\":\"0x%064x\",\"oid\":900%05u,\"crossed\":true,\"fee\":\"0.0123\","
        "\"tid\":4000%05u,\"feeToken\":\"USDC\"}]}}",
        60000 + below(999), 1 + below(99), below(2) ? "B" : "A", below(100000), below(0xffffff), below(100000), i);
    put(m, buf, n);
}

static void make_bitflyer(struct message *m, unsigned i)
{
    char buf[2048];
    const int n = snprintf(buf, sizeof buf,
        "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"child_order_events\",\"message\":[{\"product_code\":\"FX_BTC_JPY\",\"child_order_id\":\"JOR20260101-%06u-012345\","
        "\"child_order_acceptance_id\":\"JRF20260101-050237-%06u\",\"event_date\":\"2026-01-01T05:02:37.%07uZ\",\"event_type\":\"EXECUTION\",\"exec_id\":43200%05u,\"side\":\"%s\",\"price\":%u,"
        "\"size\":0.0%02u,\"commission\":0,\"sfd\":0,\"outstanding_size\":0}]}}",
        below(1000000), i, below(10000000), i, below(2) ? "BUY" : "SELL", 9000000 + below(99999), 1 + below(99));
    put(m, buf, n);
}

static int64_t taken;
static int take(void *user_data, const bot_event *ev)
{
    (void)user_data;
    taken += ev->kind;
    return 0;
}

/* What the session does with a public trade on its way to the trade-rate monitor. */
static struct bot__rate *rate;
static bot_ts rate_now = BOT_NS_PER_S;
static int watch(void *user_data, const bot_event *ev)
{
    (void)user_data;
    rate_now += 200 * BOT_NS_PER_US;
    if (bot__rate_deadline(rate) <= rate_now)
        bot__rate_tick(rate, rate_now);
    bot__rate_trade(rate, 0, rate_now, ev->venue_ns, ev->trade.side);
    return 0;
}
static venue_sink sink = take;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static __attribute__((noinline)) void bench_decode(int passes)
{
    for (int k = 0; k < passes; k++)
        for (unsigned i = 0; i < MESSAGES; i++)
            if (venue->decode_ws(&ctx, BOT_SOURCE_WS_PRIVATE, (struct slice){ messages[i].text, messages[i].len }, sink, NULL) < 1)
                abort();
}

static __attribute__((noinline)) void bench_cjson(int passes)
{
    for (int k = 0; k < passes; k++)
        for (unsigned i = 0; i < MESSAGES; i++) {
            cJSON *doc = cJSON_ParseWithLength(messages[i].text, messages[i].len);
            if (doc == NULL)
                abort();
            cJSON_Delete(doc);
        }
}

static __attribute__((noinline)) void bench_skip(int passes)
{
    for (int k = 0; k < passes; k++)
        for (unsigned i = 0; i < MESSAGES; i++) {
            struct json j;
            bot__json_init(&j, messages[i].text, messages[i].len);
            bot__json_skip(&j);
            if (bot__json_end(&j) != BOT_OK)
                abort();
        }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, void (*make)(struct message *m, unsigned i), int passes, int rounds, double goal)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < MESSAGES; i++) {
        make(&messages[i], i);
        bytes += messages[i].len;
    }
    double ours[ROUNDS], floor_[ROUNDS], skip[ROUNDS];
    bench_decode(passes);
    bench_cjson(passes);
    for (int r = 0; r < rounds; r++) {
        const int64_t a = now_ns();
        bench_decode(passes);
        const int64_t b = now_ns();
        bench_cjson(passes);
        const int64_t d = now_ns();
        bench_skip(passes);
        const int64_t e = now_ns();
        ours[r] = (double)(b - a) / (passes * MESSAGES);
        floor_[r] = (double)(d - b) / (passes * MESSAGES);
        skip[r] = (double)(e - d) / (passes * MESSAGES);
    }
    qsort(ours, (size_t)rounds, sizeof *ours, by_value);
    qsort(floor_, (size_t)rounds, sizeof *floor_, by_value);
    qsort(skip, (size_t)rounds, sizeof *skip, by_value);
    const double o = ours[rounds / 2], f = floor_[rounds / 2], s = skip[rounds / 2];
    printf("%-12s %5zu B  cJSON parse %8.1f ns  decode to event %7.1f ns  ratio %.3f (goal %.2f)  strict pass alone %7.1f ns\n", name,
           bytes / MESSAGES, f, o, o / f, goal, s);
    for (unsigned i = 0; i < MESSAGES; i++)
        free(messages[i].text);
}

int main(int argc, char **argv)
{
    static bot_level levels[1000];
    ctx.scratch = (struct venue_scratch){ levels, 1000 };
    const char *only = argc > 1 ? argv[1] : NULL;
    venue = bot__venue_find("bybit");
    const int rounds = argc > 2 ? 1 + atoi(argv[2]) % ROUNDS : ROUNDS;
    if (only == NULL || strcmp(only, "execution") == 0) measure("execution", make_execution, argc > 2 ? 1 : 20, rounds, 0.22);
    if (only == NULL || strcmp(only, "trade") == 0) measure("trade", make_trade, argc > 2 ? 1 : 40, rounds, 0.30);
    if (only == NULL || strcmp(only, "trade+rate") == 0) {
        bot__rate_options o;
        bot__rate_options_init(&o);
        o.instruments = 1;
        void *memory = aligned_alloc(64, (bot__rate_size(&o) + 63) & ~(size_t)63);
        if (memory == NULL || bot__rate_init(memory, bot__rate_size(&o), &o, 0, &rate) != 0) return 1;
        sink = watch;
        measure("trade+rate", make_trade, argc > 2 ? 1 : 40, rounds, 0.30);
        sink = take;
        free(memory);
    }
    if (only == NULL || strcmp(only, "book") == 0) measure("book", make_book, argc > 2 ? 1 : 4, rounds, 0.30);
    const struct {
        const char *venue;
        void      (*make)(struct message *m, unsigned i);
    } privates[] = { { "binance-usdm", make_binance }, { "okx", make_okx }, { "hyperliquid", make_hyperliquid }, { "bitflyer", make_bitflyer } };
    for (size_t i = 0; i < sizeof privates / sizeof *privates; i++) {
        if (only != NULL && strcmp(only, privates[i].venue) != 0) continue;
        venue = bot__venue_find(privates[i].venue);
        if (venue == NULL) return 1;
        ctx.state = calloc(1, venue->state_size + 1);
        if (ctx.state == NULL) return 1;
        measure(privates[i].venue, privates[i].make, argc > 2 ? 1 : 20, rounds, 0.30);
        free(ctx.state);
        ctx.state = NULL;
    }
    return taken == 0;
}
