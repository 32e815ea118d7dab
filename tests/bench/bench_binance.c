/* Binance messages against cJSON's bare parse of the same bytes, in one run: a private fill decoded into events, a public
 * trade, and a book delta decoded and applied. Prints ns a message and the ratio; informs, never gates. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/book.h"
#include "venue/venue.h"

#define ROUNDS 5
#define SIDE_MAX 4000

static const char fill[] =
    "{\"stream\":\"KEY\",\"data\":{\"e\":\"ORDER_TRADE_UPDATE\",\"T\":1680184493444,\"E\":1680184493451,\"o\":{\"s\":\"APTBUSD\",\"c\":\"UoYDzWlCzOLQNuCTWziSHn\","
    "\"S\":\"BUY\",\"o\":\"LIMIT\",\"f\":\"GTC\",\"q\":\"40\",\"p\":\"11.22400\",\"ap\":\"11.213975\",\"sp\":\"11.21200\",\"x\":\"TRADE\",\"X\":\"FILLED\","
    "\"i\":1402203845,\"l\":\"36.3\",\"z\":\"40\",\"L\":\"11.21400\",\"n\":\"0.12212046\",\"N\":\"BUSD\",\"T\":1680184493444,\"t\":29329913,\"b\":\"0\",\"a\":\"0\","
    "\"m\":false,\"R\":false,\"wt\":\"CONTRACT_PRICE\",\"ot\":\"STOP\",\"ps\":\"BOTH\",\"cp\":false,\"rp\":\"-0.66789250\",\"pP\":false,\"si\":0,\"ss\":0,"
    "\"V\":\"NONE\",\"pm\":\"NONE\",\"gtd\":0,\"er\":\"0\"}}}";
static const char trade[] =
    "{\"stream\":\"btcusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1628843331742,\"a\":105688535,\"s\":\"BTCUSDT\",\"p\":\"46063.00\",\"q\":\"0.005\","
    "\"f\":188354417,\"l\":188354417,\"T\":1628843331590,\"m\":false}}";

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

struct run {
    struct book book;
    uint64_t    events;
};

static int sink(void *user_data, const bot_event *ev)
{
    struct run *r = user_data;
    bot_event gap;
    r->events++;
    return ev->kind == BOT_EV_BOOK && bot__book_apply(&r->book, ev, &gap) < 0 ? BOT_ERR_MALFORMED : 0;
}

static double ours(const struct venue *v, struct venue_context *ctx, struct run *r, const char *text, size_t len, int n)
{
    double best = 1e18;
    for (int k = 0; k < ROUNDS; k++) {
        const int64_t t = now_ns();
        for (int i = 0; i < n; i++)
            if (v->decode_ws(ctx, BOT_SOURCE_WS_PUBLIC, (struct slice){ text, len }, sink, r) < 0) abort();
        const double x = (double)(now_ns() - t) / n;
        if (x < best) best = x;
    }
    return best;
}

static double cjson(const char *text, size_t len, int n)
{
    double best = 1e18;
    for (int k = 0; k < ROUNDS; k++) {
        const int64_t t = now_ns();
        for (int i = 0; i < n; i++) {
            cJSON *j = cJSON_ParseWithLength(text, len);
            if (j == NULL) abort();
            cJSON_Delete(j);
        }
        const double x = (double)(now_ns() - t) / n;
        if (x < best) best = x;
    }
    return best;
}

static void line(const char *what, size_t bytes, double floor_ns, double ns)
{
    printf("%-38s %5zu B   cJSON parse %8.0f ns   ours %8.0f ns   ratio %.2f\n", what, bytes, floor_ns, ns, ns / floor_ns);
}

int main(void)
{
    const struct venue *v = bot__venue_find("binance-usdm");
    static bot_level levels[2 * SIDE_MAX], scratch[2000];
    struct venue_context ctx = { .scratch = { scratch, 2000 } };
    struct run r = { .events = 0 };
    const struct book_rules rules = { .chain = BOOK_CHAIN_NONE };
    const struct book_memory memory = { .levels = levels, .side_max = SIDE_MAX };
    bot__book_init(&r.book, &rules, &memory);
    for (int i = 0; i < 1000; i++) { /* a book of a thousand levels a side */
        const bot_level bid = { 6180000 - i * 10, 5, 2, 3 }, ask = { 6180010 + i * 10, 5, 2, 3 };
        bot_event gap, ev = { .kind = BOT_EV_BOOK, .book = { .snapshot = i == 0, .bids = &bid, .bids_n = 1, .asks = &ask, .asks_n = 1,
                              .seq_first = BOT_SEQ_NONE, .seq_last = BOT_SEQ_NONE, .seq_prev = BOT_SEQ_NONE } };
        bot__book_apply(&r.book, &ev, &gap);
    }
    static char delta[8192];
    size_t n = (size_t)snprintf(delta, sizeof delta, "{\"stream\":\"btcusdt@depth@0ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1723161256299,\"T\":1723161256298,"
                                "\"s\":\"BTCUSDT\",\"U\":5123107832006,\"u\":5123107837557,\"pu\":5123107831937,\"b\":[");
    for (int i = 0; i < 60; i++)
        n += (size_t)snprintf(delta + n, sizeof delta - n, "%s[\"%d.%02d\",\"%s\"]", i > 0 ? "," : "", 61800 - i * 7 / 10, 0, i % 3 == 0 ? "0.000" : "1.211");
    n += (size_t)snprintf(delta + n, sizeof delta - n, "],\"a\":[");
    for (int i = 0; i < 60; i++)
        n += (size_t)snprintf(delta + n, sizeof delta - n, "%s[\"%d.10\",\"%s\"]", i > 0 ? "," : "", 61800 + i * 7 / 10, i % 3 == 0 ? "0.000" : "1.211");
    n += (size_t)snprintf(delta + n, sizeof delta - n, "]}}");

    line("private fill -> fill and order", sizeof fill - 1, cjson(fill, sizeof fill - 1, 100000), ours(v, &ctx, &r, fill, sizeof fill - 1, 100000));
    line("aggregate trade -> trade", sizeof trade - 1, cjson(trade, sizeof trade - 1, 200000), ours(v, &ctx, &r, trade, sizeof trade - 1, 200000));
    line("depth delta of 120 levels -> book", n, cjson(delta, n, 20000), ours(v, &ctx, &r, delta, n, 20000));
    return r.events > 0 ? 0 : 1;
}
