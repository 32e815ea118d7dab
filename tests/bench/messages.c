#include "messages.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t rng = 1;

static unsigned below(unsigned n)
{
    rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(rng >> 33) % n;
}

static void put(struct bench_message *m, const char *text, int len)
{
    m->len = (size_t)len;
    m->text = malloc(m->len + 1);
    if (m->text == NULL)
        abort();
    memcpy(m->text, text, m->len + 1);
}

static void bybit_execution(struct bench_message *m, unsigned i)
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

static void bybit_trade(struct bench_message *m, unsigned i)
{
    char buf[512];
    const int n = snprintf(buf, sizeof buf,
        "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":17740211%05u,\"data\":[{\"T\":17740211%05u,\"s\":\"BTCUSDT\",\"S\":\"%s\",\"v\":\"0.%03u\","
        "\"p\":\"%u.80\",\"L\":\"ZeroMinusTick\",\"i\":\"8c931d9a-b703-5c34-9aeb-860867%06x\",\"BT\":false,\"RPI\":false,\"seq\":5497922%05u}]}",
        below(100000), below(100000), below(2) ? "Buy" : "Sell", 1 + below(999), 60000 + below(9999), below(0xffffff), i);
    put(m, buf, n);
}

static void bybit_book(struct bench_message *m, unsigned i)
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

static void binance_fill(struct bench_message *m, unsigned i)
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

static void okx_fill(struct bench_message *m, unsigned i)
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

static void hyperliquid_fill(struct bench_message *m, unsigned i)
{
    char buf[2048];
    const int n = snprintf(buf, sizeof buf,
        "{\"channel\":\"userFills\",\"data\":{\"isSnapshot\":false,\"user\":\"0x0123456789abcdef0123456789abcdef01234567\",\"fills\":[{\"coin\":\"BTC\",\"px\":\"%u.0\",\"sz\":\"0.0%02u\","
        "\"side\":\"%s\",\"time\":17740211%05u,\"startPosition\":\"0.5\",\"dir\":\"Open Long\",\"closedPnl\":\"0.0\",\"hash\":\"0x%064x\",\"oid\":900%05u,\"crossed\":true,\"fee\":\"0.0123\","
        "\"tid\":4000%05u,\"feeToken\":\"USDC\"}]}}",
        60000 + below(999), 1 + below(99), below(2) ? "B" : "A", below(100000), below(0xffffff), below(100000), i);
    put(m, buf, n);
}

static void bitflyer_fill(struct bench_message *m, unsigned i)
{
    char buf[2048];
    const int n = snprintf(buf, sizeof buf,
        "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"child_order_events\",\"message\":[{\"product_code\":\"FX_BTC_JPY\",\"child_order_id\":\"JOR20260101-%06u-012345\","
        "\"child_order_acceptance_id\":\"JRF20260101-050237-%06u\",\"event_date\":\"2026-01-01T05:02:37.%07uZ\",\"event_type\":\"EXECUTION\",\"exec_id\":43200%05u,\"side\":\"%s\",\"price\":%u,"
        "\"size\":0.0%02u,\"commission\":0,\"sfd\":0,\"outstanding_size\":0}]}}",
        below(1000000), i, below(10000000), i, below(2) ? "BUY" : "SELL", 9000000 + below(99999), 1 + below(99));
    put(m, buf, n);
}

static void bybit_order(struct bench_message *m, unsigned i)
{
    char buf[2048];
    const int n = snprintf(buf, sizeof buf,
        "{\"topic\":\"order\",\"id\":\"5923240c6880ab-c59f-420b-9adb-3639adc9dd%05u\",\"creationTime\":17462704%05u,\"data\":[{\"symbol\":\"BTCUSDT\",\"orderId\":\"5cf98598-39a7-459e-97bf-76ca765%05u\","
        "\"side\":\"%s\",\"orderType\":\"Limit\",\"cancelType\":\"UNKNOWN\",\"price\":\"%u.5\",\"qty\":\"1.%03u\",\"orderIv\":\"\",\"timeInForce\":\"GTC\",\"orderStatus\":\"New\",\"orderLinkId\":\"bot-%08x\","
        "\"lastPriceOnCreated\":\"\",\"reduceOnly\":false,\"leavesQty\":\"1.%03u\",\"leavesValue\":\"0\",\"cumExecQty\":\"0\",\"cumExecValue\":\"0\",\"avgPrice\":\"0\",\"blockTradeId\":\"\",\"positionIdx\":0,"
        "\"cumExecFee\":\"0\",\"closedPnl\":\"0\",\"createdTime\":\"17462704%05u\",\"updatedTime\":\"17462704%05u\",\"rejectReason\":\"EC_NoError\",\"stopOrderType\":\"\",\"tpslMode\":\"\","
        "\"triggerPrice\":\"\",\"takeProfit\":\"\",\"stopLoss\":\"\",\"tpTriggerBy\":\"\",\"slTriggerBy\":\"\",\"tpLimitPrice\":\"\",\"slLimitPrice\":\"\",\"triggerDirection\":0,\"triggerBy\":\"\","
        "\"closeOnTrigger\":false,\"category\":\"linear\",\"placeType\":\"price\",\"smpType\":\"None\",\"smpGroup\":0,\"smpOrderId\":\"\",\"feeCurrency\":\"\"}]}",
        i, below(100000), below(100000), below(2) ? "Buy" : "Sell", 60000 + below(9999), below(1000), i, below(1000), below(100000), below(100000));
    put(m, buf, n);
}

static void binance_order(struct bench_message *m, unsigned i)
{
    char buf[2048];
    const int n = snprintf(buf, sizeof buf,
        "{\"e\":\"ORDER_TRADE_UPDATE\",\"T\":17740211%05u,\"E\":17740211%05u,\"o\":{\"s\":\"BTCUSDT\",\"c\":\"b0lq3k5x9000%05u\",\"S\":\"%s\",\"o\":\"LIMIT\","
        "\"f\":\"GTC\",\"q\":\"0.500\",\"p\":\"%u.10\",\"ap\":\"0\",\"sp\":\"0\",\"x\":\"NEW\",\"X\":\"NEW\",\"i\":88867%05u,\"l\":\"0\","
        "\"z\":\"0\",\"L\":\"0\",\"n\":\"0\",\"N\":\"USDT\",\"T\":17740211%05u,\"t\":0,\"b\":\"0\",\"a\":\"9.91\",\"m\":false,\"R\":false,"
        "\"wt\":\"CONTRACT_PRICE\",\"ot\":\"LIMIT\",\"ps\":\"BOTH\",\"cp\":false,\"rp\":\"0\",\"pP\":false,\"si\":0,\"ss\":0,\"V\":\"EXPIRE_TAKER\",\"pm\":\"NONE\",\"gtd\":0}}",
        below(100000), below(100000), i, below(2) ? "BUY" : "SELL", 60000 + below(999), below(100000), below(100000));
    put(m, buf, n);
}

static void binance_trade(struct bench_message *m, unsigned i)
{
    char buf[1024];
    const int n = snprintf(buf, sizeof buf,
        "{\"stream\":\"btcusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":16288433%05u,\"a\":1056%05u,\"s\":\"BTCUSDT\",\"p\":\"%u.%02u\",\"q\":\"0.%03u\","
        "\"f\":1883%05u,\"l\":1883%05u,\"T\":16288433%05u,\"m\":%s}}",
        below(100000), i, 40000 + below(9999), below(100), 1 + below(999), 10000 + i, 10000 + i, below(100000), below(2) ? "true" : "false");
    put(m, buf, n);
}

static void binance_book(struct bench_message *m, unsigned i)
{
    char buf[8192];
    int n = snprintf(buf, sizeof buf,
                     "{\"stream\":\"btcusdt@depth@0ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1723161256299,\"T\":1723161256298,\"s\":\"BTCUSDT\",\"U\":%u,\"u\":%u,\"pu\":%u",
                     512310000 + 10 * i, 512310009 + 10 * i, 512309999 + 10 * i);
    for (int side = 0; side < 2; side++) {
        n += snprintf(buf + n, sizeof buf - (size_t)n, ",\"%s\":[", side ? "a" : "b");
        for (int k = 0; k < 60; k++)
            n += snprintf(buf + n, sizeof buf - (size_t)n, "%s[\"%u.%u0\",\"%u.%03u\"]", k ? "," : "", 60000 + below(999), below(10), below(30), below(1000));
        n += snprintf(buf + n, sizeof buf - (size_t)n, "]");
    }
    n += snprintf(buf + n, sizeof buf - (size_t)n, "}}");
    put(m, buf, n);
}

static void okx_order(struct bench_message *m, unsigned i)
{
    char buf[2048];
    const int n = snprintf(buf, sizeof buf,
        "{\"arg\":{\"channel\":\"orders\",\"instType\":\"SWAP\",\"uid\":\"77982378738415879\"},\"data\":[{\"accFillSz\":\"0\",\"algoClOrdId\":\"\",\"algoId\":\"\",\"amendResult\":\"\",\"amendSource\":\"\","
        "\"attachAlgoClOrdId\":\"\",\"attachAlgoOrds\":[],\"avgPx\":\"0\",\"cTime\":\"17740211%05u\",\"cancelSource\":\"\",\"category\":\"normal\",\"ccy\":\"\",\"clOrdId\":\"b0lq3k5x9000%05u\",\"code\":\"0\","
        "\"execType\":\"\",\"fee\":\"0\",\"feeCcy\":\"USDT\",\"fillFee\":\"0\",\"fillFeeCcy\":\"\",\"fillFwdPx\":\"\",\"fillMarkPx\":\"\",\"fillMarkVol\":\"\",\"fillNotionalUsd\":\"\",\"fillPnl\":\"0\",\"fillPx\":\"\","
        "\"fillPxUsd\":\"\",\"fillPxVol\":\"\",\"fillSz\":\"0\",\"fillTime\":\"\",\"instId\":\"BTC-USDT-SWAP\",\"instType\":\"SWAP\",\"isTpLimit\":\"false\",\"lastPx\":\"%u.8\",\"lever\":\"5\",\"linkedAlgoOrd\":{\"algoId\":\"\"},"
        "\"msg\":\"\",\"notionalUsd\":\"5.9\",\"ordId\":\"6800000000000%05u\",\"ordType\":\"limit\",\"pnl\":\"0\",\"posSide\":\"net\",\"px\":\"%u.5\",\"pxType\":\"\",\"pxUsd\":\"\",\"pxVol\":\"\",\"quickMgnType\":\"\","
        "\"rebate\":\"0\",\"rebateCcy\":\"USDT\",\"reduceOnly\":\"false\",\"reqId\":\"\",\"side\":\"%s\",\"slOrdPx\":\"\",\"slTriggerPx\":\"\",\"slTriggerPxType\":\"\",\"source\":\"\",\"state\":\"live\",\"stpId\":\"\","
        "\"stpMode\":\"cancel_maker\",\"sz\":\"%u\",\"tag\":\"\",\"tdMode\":\"cross\",\"tgtCcy\":\"\",\"tpOrdPx\":\"\",\"tpTriggerPx\":\"\",\"tpTriggerPxType\":\"\",\"tradeId\":\"\",\"uTime\":\"17740211%05u\"}]}",
        below(100000), i, 60000 + below(999), below(100000), 60000 + below(999), below(2) ? "buy" : "sell", 1 + below(99), below(100000));
    put(m, buf, n);
}

static void okx_trade(struct bench_message *m, unsigned i)
{
    char buf[1024];
    const int n = snprintf(buf, sizeof buf,
        "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[{\"instId\":\"BTC-USDT-SWAP\",\"tradeId\":\"1309%05u\",\"px\":\"%u.9\",\"sz\":\"%u.%02u\",\"side\":\"%s\",\"ts\":\"16309%08u\","
        "\"count\":\"%u\",\"source\":\"0\",\"seqId\":1234%05u}]}",
        i, 42000 + below(999), below(9), 1 + below(99), below(2) ? "buy" : "sell", below(100000000), 1 + below(3), i);
    put(m, buf, n);
}

static void okx_book(struct bench_message *m, unsigned i)
{
    char buf[8192];
    int n = snprintf(buf, sizeof buf, "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"},\"action\":\"update\",\"data\":[{");
    for (int side = 0; side < 2; side++) {
        n += snprintf(buf + n, sizeof buf - (size_t)n, "%s\"%s\":[", side ? "," : "", side ? "bids" : "asks");
        for (int k = 0; k < 60; k++)
            n += snprintf(buf + n, sizeof buf - (size_t)n, "%s[\"%u.%u\",\"%u\",\"0\",\"%u\"]", k ? "," : "", 8000 + below(999), below(10), below(3000), 1 + below(20));
        n += snprintf(buf + n, sizeof buf - (size_t)n, "]");
    }
    n += snprintf(buf + n, sizeof buf - (size_t)n, ",\"ts\":\"1597026383085\",\"checksum\":-855196043,\"prevSeqId\":%u,\"seqId\":%u}]}", 1233 + i, 1234 + i);
    put(m, buf, n);
}

static void hyperliquid_order(struct bench_message *m, unsigned i)
{
    char buf[1024];
    const int n = snprintf(buf, sizeof buf,
        "{\"channel\":\"orderUpdates\",\"data\":[{\"order\":{\"coin\":\"BTC\",\"side\":\"%s\",\"limitPx\":\"%u.0\",\"sz\":\"0.0%02u\",\"oid\":7790%07u,\"timestamp\":17246%08u,\"origSz\":\"0.0%02u\","
        "\"cloid\":\"0x1234567890abcdef1234567890a%05x\"},\"status\":\"open\",\"statusTimestamp\":17246%08u}]}",
        below(2) ? "B" : "A", 60000 + below(999), 1 + below(98), i, below(100000000), 99, i, below(100000000));
    put(m, buf, n);
}

static void hyperliquid_trade(struct bench_message *m, unsigned i)
{
    char buf[4096];
    int n = snprintf(buf, sizeof buf, "{\"channel\":\"trades\",\"data\":[");
    for (unsigned k = 0; k < 1 + i % 3; k++)
        n += snprintf(buf + n, sizeof buf - (size_t)n,
            "%s{\"coin\":\"BTC\",\"side\":\"%s\",\"px\":\"%u.0\",\"sz\":\"0.00%03u\",\"time\":17379%08u,\"hash\":\"0x%064x\",\"tid\":1214514%08u,"
            "\"users\":[\"0xe9ed7e16612d676df804f5aecd16e1f9%08x\",\"0x6802b4267f7f2bf7003dcf993c515422%08x\"]}",
            k > 0 ? "," : "", below(2) ? "B" : "A", 100000 + below(9999), 1 + below(999), below(100000000), below(0xffffff), 3 * i + k, below(0xffffff), below(0xffffff));
    n += snprintf(buf + n, sizeof buf - (size_t)n, "]}");
    put(m, buf, n);
}

static void hyperliquid_book(struct bench_message *m, unsigned i)
{
    char buf[8192];
    int n = snprintf(buf, sizeof buf, "{\"channel\":\"l2Book\",\"data\":{\"coin\":\"BTC\",\"time\":17379%08u,\"levels\":[", i);
    for (int side = 0; side < 2; side++) {
        n += snprintf(buf + n, sizeof buf - (size_t)n, "%s[", side ? "," : "");
        for (int k = 0; k < 20; k++)
            n += snprintf(buf + n, sizeof buf - (size_t)n, "%s{\"px\":\"%u.0\",\"sz\":\"%u.%05u\",\"n\":%u}", k ? "," : "", 100000 + below(999), below(30), below(100000), 1 + below(20));
        n += snprintf(buf + n, sizeof buf - (size_t)n, "]");
    }
    n += snprintf(buf + n, sizeof buf - (size_t)n, "]}}");
    put(m, buf, n);
}

static void bitflyer_order(struct bench_message *m, unsigned i)
{
    char buf[1024];
    const int n = snprintf(buf, sizeof buf,
        "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"child_order_events\",\"message\":[{\"product_code\":\"FX_BTC_JPY\",\"child_order_id\":\"JFX20220809-131731-%06uF\","
        "\"child_order_acceptance_id\":\"JRF20220809-131731-%06u\",\"event_date\":\"2022-08-09T13:17:31.%07uZ\",\"event_type\":\"ORDER\",\"child_order_type\":\"LIMIT\",\"side\":\"%s\",\"price\":%u,\"size\":0.0%02u,"
        "\"expire_date\":\"2022-09-08T13:17:31\"}]}}",
        i, i, below(10000000), below(2) ? "BUY" : "SELL", 9000000 + below(99999), 1 + below(99));
    put(m, buf, n);
}

static void bitflyer_trade(struct bench_message *m, unsigned i)
{
    char buf[4096];
    int n = snprintf(buf, sizeof buf, "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"lightning_executions_FX_BTC_JPY\",\"message\":[");
    for (unsigned k = 0; k < 1 + i % 3; k++)
        n += snprintf(buf + n, sizeof buf - (size_t)n,
            "%s{\"id\":24635%05u,\"side\":\"%s\",\"price\":%u.0,\"size\":0.%03u,\"exec_date\":\"2023-06-11T17:36:50.%07uZ\",\"buy_child_order_acceptance_id\":\"JRF20230611-173650-%06u\","
            "\"sell_child_order_acceptance_id\":\"JRF20230611-173621-%06u\"}",
            k > 0 ? "," : "", 3 * i + k, below(2) ? "BUY" : "SELL", 3600000 + below(99999), 1 + below(999), below(10000000), below(1000000), below(1000000));
    n += snprintf(buf + n, sizeof buf - (size_t)n, "]}}");
    put(m, buf, n);
}

static void bitflyer_book(struct bench_message *m, unsigned i)
{
    char buf[8192];
    int n = snprintf(buf, sizeof buf, "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"lightning_board_FX_BTC_JPY\",\"message\":{\"mid_price\":%u.0", 5860000 + i);
    for (int side = 0; side < 2; side++) {
        n += snprintf(buf + n, sizeof buf - (size_t)n, ",\"%s\":[", side ? "asks" : "bids");
        for (int k = 0; k < 20; k++)
            n += snprintf(buf + n, sizeof buf - (size_t)n, "%s{\"price\":%u.0,\"size\":0.%07u}", k ? "," : "", 5860000 + below(9999), below(10000000));
        n += snprintf(buf + n, sizeof buf - (size_t)n, "]");
    }
    n += snprintf(buf + n, sizeof buf - (size_t)n, "}}}");
    put(m, buf, n);
}

const struct bench_kind bench_kinds[] = {
    { "execution", "bybit", bybit_execution, 0.22 },
    { "order", "bybit", bybit_order, 0.30 },
    { "trade", "bybit", bybit_trade, 0.30 },
    { "book", "bybit", bybit_book, 0.25 },
    { "binance-fill", "binance-usdm", binance_fill, 0.30 },
    { "binance-order", "binance-usdm", binance_order, 0.30 },
    { "binance-trade", "binance-usdm", binance_trade, 0.35 },
    { "binance-book", "binance-usdm", binance_book, 0.25 },
    { "okx-fill", "okx", okx_fill, 0.30 },
    { "okx-order", "okx", okx_order, 0.30 },
    { "okx-trade", "okx", okx_trade, 0.35 },
    { "okx-book", "okx", okx_book, 0.25 },
    { "hyperliquid-fill", "hyperliquid", hyperliquid_fill, 0.30 },
    { "hyperliquid-order", "hyperliquid", hyperliquid_order, 0.30 },
    { "hyperliquid-trade", "hyperliquid", hyperliquid_trade, 0.35 },
    { "hyperliquid-book", "hyperliquid", hyperliquid_book, 0.25 },
    { "bitflyer-fill", "bitflyer", bitflyer_fill, 0.30 },
    { "bitflyer-order", "bitflyer", bitflyer_order, 0.30 },
    { "bitflyer-trade", "bitflyer", bitflyer_trade, 0.35 },
    { "bitflyer-book", "bitflyer", bitflyer_book, 0.25 },
    { NULL, NULL, NULL, 0 },
};
