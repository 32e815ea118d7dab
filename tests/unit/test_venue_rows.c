/* Each kind of row of each venue once, no two members of which say the same: what it becomes, to the last member, and which members it
 * cannot do without. What is read from where, in which unit and with which sign stands here to be compared with the documentation. */
#include <string.h>

#include "harness.h"
#include "recordings.h"
#include "words.h"

struct row {
    const char     *name, *venue;
    enum venue_call call; /* NONE: over the socket */
    const char     *before, *row, *after;
    const char     *needs;   /* members without which the row is refused; all others may be left out */
    const char     *becomes; /* as it is printed, a line an event */
};

static const struct row rows[] = {
    { "binance order update", "binance-usdm", VENUE_CALL_NONE,
      "{\"e\":\"ORDER_TRADE_UPDATE\",\"E\":1700000000009,\"T\":1700000000008,\"o\":",
      "{\"s\":\"BTCUSDT\",\"c\":\"my-1\",\"S\":\"SELL\",\"o\":\"STOP\",\"f\":\"GTX\",\"q\":\"2.5\",\"p\":\"30000.1\",\"ap\":\"30001.5\",\"sp\":\"29999\",\"x\":\"TRADE\",\"X\":\"PARTIALLY_FILLED\",\"i\":9007199254740993,\"l\":\"0.25\",\"z\":\"0.75\",\"L\":\"30002\",\"N\":\"BNB\",\"n\":\"-0.0001\",\"T\":1700000000007,\"t\":9007199254740995,\"m\":true,\"R\":true,\"ps\":\"SHORT\",\"er\":\"2\"}",
      "}",
      "s c S i l L N t",
      "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"9007199254740995\",\"order_id\":\"9007199254740993\",\"client_order_id\":\"my-1\",\"side\":\"sell\",\"leg\":\"short\",\"qty\":\"0.25\",\"price\":\"30002\",\"fee\":\"-0.0001\",\"fee_currency\":\"BNB\",\"liquidity\":\"maker\",\"kind\":\"trade\",\"cum_qty\":\"0.75\",\"venue_time_ms\":1700000000007}\n"
      "{\"event\":\"order\",\"instrument\":\"BTCUSDT\",\"order_id\":\"9007199254740993\",\"client_order_id\":\"my-1\",\"status\":\"partially_filled\",\"side\":\"sell\",\"leg\":\"short\",\"type\":\"limit\",\"time_in_force\":\"post_only\",\"qty\":\"2.5\",\"cum_qty\":\"0.75\",\"price\":\"30000.1\",\"avg_price\":\"30001.5\",\"trigger_price\":\"29999\",\"reduce_only\":true,\"post_only\":true,\"reason\":\"2\",\"venue_time_ms\":1700000000007}\n" },
    { "binance account update", "binance-usdm", VENUE_CALL_NONE,
      "{\"e\":\"ACCOUNT_UPDATE\",\"E\":1700000000009,\"T\":1700000000008,\"a\":{\"m\":\"FUNDING_FEE\",\"B\":[{\"a\":\"USDT\",\"wb\":\"100.5\",\"cw\":\"1\",\"bc\":\"-0.25\"}],\"P\":[",
      "{\"s\":\"BTCUSDT\",\"pa\":\"-1.5\",\"ep\":\"30000.5\",\"ps\":\"SHORT\"}",
      "]}}",
      "s pa ps",
      "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"short\",\"qty\":\"-1.5\",\"entry_price\":\"30000.5\",\"venue_time_ms\":1700000000008}\n"
      "{\"event\":\"funding\",\"instrument\":\"BTCUSDT\",\"amount\":\"0.25\",\"currency\":\"USDT\",\"venue_time_ms\":1700000000008}\n"
      "{\"event\":\"wallet\",\"currency\":\"USDT\",\"balance\":\"100.5\",\"venue_time_ms\":1700000000008}\n" },
    { "binance balance of the stream", "binance-usdm", VENUE_CALL_NONE,
      "{\"e\":\"ACCOUNT_UPDATE\",\"E\":1700000000009,\"T\":1700000000008,\"a\":{\"m\":\"ORDER\",\"P\":[],\"B\":[",
      "{\"a\":\"USDT\",\"wb\":\"100.5\",\"bc\":\"0\"}",
      "]}}",
      "a wb",
      "{\"event\":\"wallet\",\"currency\":\"USDT\",\"balance\":\"100.5\",\"venue_time_ms\":1700000000008}\n" },
    { "binance algo update", "binance-usdm", VENUE_CALL_NONE,
      "{\"e\":\"ALGO_UPDATE\",\"E\":1700000000009,\"T\":1700000000008,\"o\":",
      "{\"caid\":\"my-2\",\"aid\":77,\"at\":\"CONDITIONAL\",\"o\":\"TAKE_PROFIT\",\"s\":\"BTCUSDT\",\"S\":\"BUY\",\"ps\":\"LONG\",\"f\":\"GTC\",\"q\":\"2.5\",\"X\":\"FINISHED\",\"ap\":\"30001.5\",\"aq\":\"2.5\",\"tp\":\"29000\",\"p\":\"29001\",\"R\":true,\"rm\":\"why\"}",
      "}",
      "aid s X",
      "{\"event\":\"order\",\"instrument\":\"BTCUSDT\",\"order_id\":\"77\",\"client_order_id\":\"my-2\",\"status\":\"filled\",\"side\":\"buy\",\"leg\":\"long\",\"type\":\"limit\",\"time_in_force\":\"gtc\",\"qty\":\"2.5\",\"cum_qty\":\"2.5\",\"price\":\"29001\",\"avg_price\":\"30001.5\",\"trigger_price\":\"29000\",\"reduce_only\":true,\"reason\":\"why\",\"venue_time_ms\":1700000000008}\n" },
    { "binance trigger reject", "binance-usdm", VENUE_CALL_NONE,
      "{\"e\":\"CONDITIONAL_ORDER_TRIGGER_REJECT\",\"E\":1700000000009,\"T\":1700000000008,\"or\":",
      "{\"s\":\"BTCUSDT\",\"i\":155,\"r\":\"Due to the order could not be filled immediately\"}",
      "}",
      "s i",
      "{\"event\":\"order\",\"instrument\":\"BTCUSDT\",\"order_id\":\"155\",\"status\":\"rejected\",\"reason\":\"Due to the order could not be filled immediately\",\"venue_time_ms\":1700000000008}\n" },
    { "binance aggregate trade", "binance-usdm", VENUE_CALL_NONE,
      "",
      "{\"e\":\"aggTrade\",\"E\":1700000000009,\"s\":\"BTCUSDT\",\"a\":26129,\"p\":\"30000.5\",\"q\":\"0.25\",\"f\":100,\"l\":105,\"T\":1700000000008,\"m\":true}",
      "",
      "e s p q m",
      "{\"event\":\"trade\",\"instrument\":\"BTCUSDT\",\"trade_id\":\"26129\",\"side\":\"sell\",\"qty\":\"0.25\",\"price\":\"30000.5\",\"trades\":6,\"venue_time_ms\":1700000000008}\n" },
    { "binance position", "binance-usdm", VENUE_CALL_POSITIONS,
      "[",
      "{\"symbol\":\"BTCUSDT\",\"positionAmt\":\"-1.5\",\"entryPrice\":\"30000.5\",\"positionSide\":\"SHORT\",\"updateTime\":1700000000008}",
      "]",
      "symbol positionAmt positionSide",
      "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"short\",\"qty\":\"-1.5\",\"entry_price\":\"30000.5\",\"venue_time_ms\":1700000000008}\n" },
    { "binance fill", "binance-usdm", VENUE_CALL_FILLS,
      "[",
      "{\"symbol\":\"BTCUSDT\",\"id\":9007199254740995,\"orderId\":9007199254740993,\"side\":\"SELL\",\"price\":\"30002\",\"qty\":\"0.25\",\"commission\":\"-0.0001\",\"commissionAsset\":\"BNB\",\"time\":1700000000007,\"positionSide\":\"SHORT\",\"maker\":true}",
      "]",
      "symbol id side price qty commissionAsset",
      "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"9007199254740995\",\"order_id\":\"9007199254740993\",\"side\":\"sell\",\"leg\":\"short\",\"qty\":\"0.25\",\"price\":\"30002\",\"fee\":\"-0.0001\",\"fee_currency\":\"BNB\",\"liquidity\":\"maker\",\"kind\":\"trade\",\"venue_time_ms\":1700000000007}\n" },
    { "binance order", "binance-usdm", VENUE_CALL_ORDER,
      "",
      "{\"symbol\":\"BTCUSDT\",\"orderId\":9007199254740993,\"clientOrderId\":\"my-1\",\"status\":\"PARTIALLY_FILLED\",\"side\":\"SELL\",\"positionSide\":\"SHORT\",\"type\":\"STOP\",\"timeInForce\":\"GTX\",\"origQty\":\"2.5\",\"executedQty\":\"0.75\",\"price\":\"30000.1\",\"avgPrice\":\"30001.5\",\"stopPrice\":\"29999\",\"reduceOnly\":true,\"updateTime\":1700000000007}",
      "",
      "symbol orderId status side",
      "{\"event\":\"order\",\"instrument\":\"BTCUSDT\",\"order_id\":\"9007199254740993\",\"client_order_id\":\"my-1\",\"status\":\"partially_filled\",\"side\":\"sell\",\"leg\":\"short\",\"type\":\"limit\",\"time_in_force\":\"post_only\",\"qty\":\"2.5\",\"cum_qty\":\"0.75\",\"price\":\"30000.1\",\"avg_price\":\"30001.5\",\"trigger_price\":\"29999\",\"reduce_only\":true,\"post_only\":true,\"venue_time_ms\":1700000000007}\n" },
    { "binance conditional order", "binance-usdm", VENUE_CALL_OPEN_ORDERS,
      "[",
      "{\"symbol\":\"BTCUSDT\",\"algoId\":77,\"clientAlgoId\":\"my-2\",\"algoStatus\":\"NEW\",\"side\":\"SELL\",\"positionSide\":\"SHORT\",\"orderType\":\"STOP\",\"timeInForce\":\"GTC\",\"quantity\":\"2.5\",\"price\":\"30000.1\",\"triggerPrice\":\"29999\",\"reduceOnly\":true,\"updateTime\":1700000000007}",
      "]",
      "symbol algoId algoStatus side",
      "{\"event\":\"order\",\"instrument\":\"BTCUSDT\",\"order_id\":\"77\",\"client_order_id\":\"my-2\",\"status\":\"untriggered\",\"side\":\"sell\",\"leg\":\"short\",\"time_in_force\":\"gtc\",\"qty\":\"2.5\",\"price\":\"30000.1\",\"trigger_price\":\"29999\",\"reduce_only\":true,\"post_only\":false,\"venue_time_ms\":1700000000007}\n" },
    { "binance balance", "binance-usdm", VENUE_CALL_BALANCE,
      "[",
      "{\"asset\":\"USDT\",\"balance\":\"100.5\",\"updateTime\":1700000000007}",
      "]",
      "asset balance",
      "{\"event\":\"wallet\",\"currency\":\"USDT\",\"balance\":\"100.5\",\"venue_time_ms\":1700000000007}\n" },
    { "binance balance of an account", "binance-usdm", VENUE_CALL_BALANCE,
      "[",
      "{\"asset\":\"USDT\",\"walletBalance\":\"100.5\",\"updateTime\":1700000000007}",
      "]",
      "asset walletBalance",
      "{\"event\":\"wallet\",\"currency\":\"USDT\",\"balance\":\"100.5\",\"venue_time_ms\":1700000000007}\n" },
    { "binance payment", "binance-usdm", VENUE_CALL_ACCOUNT_LOG,
      "[",
      "{\"symbol\":\"BTCUSDT\",\"incomeType\":\"FUNDING_FEE\",\"income\":\"-0.375\",\"asset\":\"USDT\",\"time\":1700000000007,\"tranId\":9689322392}",
      "]",
      "incomeType income",
      "{\"event\":\"funding\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"9689322392\",\"amount\":\"0.375\",\"currency\":\"USDT\",\"venue_time_ms\":1700000000007}\n" },
    { "binance instrument", "binance-usdm", VENUE_CALL_INSTRUMENTS,
      "{\"serverTime\":1,\"timezone\":\"UTC\",\"symbols\":[",
      "{\"symbol\":\"BTCUSDT\",\"status\":\"TRADING\",\"baseAsset\":\"BTC\",\"quoteAsset\":\"USDT\",\"marginAsset\":\"USDC\",\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"tickSize\":\"0.10\"},{\"filterType\":\"LOT_SIZE\",\"stepSize\":\"0.001\",\"minQty\":\"0.002\",\"maxQty\":\"1000\"},{\"filterType\":\"MIN_NOTIONAL\",\"notional\":\"5\"}]}",
      "]}",
      "symbol",
      "{\"event\":\"instrument\",\"instrument\":\"BTCUSDT\",\"contract\":\"linear\",\"tick\":\"0.10\",\"lot\":\"0.001\",\"multiplier\":\"1\",\"qty_min\":\"0.002\",\"qty_max\":\"1000\",\"notional_min\":\"5\",\"base\":\"BTC\",\"quote\":\"USDT\",\"settle\":\"USDC\",\"tradable\":true}\n" },
    { "binance public trade", "binance-usdm", VENUE_CALL_PUBLIC_TRADES,
      "[",
      "{\"a\":26129,\"p\":\"30000.5\",\"q\":\"0.25\",\"f\":100,\"l\":105,\"T\":1700000000008,\"m\":true}",
      "]",
      "a p q m",
      "{\"event\":\"trade\",\"trade_id\":\"26129\",\"side\":\"sell\",\"qty\":\"0.25\",\"price\":\"30000.5\",\"trades\":6,\"venue_time_ms\":1700000000008}\n" },
    { "binance acknowledgement", "binance-usdm", VENUE_CALL_SUBMIT,
      "",
      "{\"orderId\":9007199254740993,\"clientOrderId\":\"my-1\",\"symbol\":\"BTCUSDT\",\"updateTime\":1700000000007}",
      "",
      "orderId",
      "{\"event\":\"ack\",\"instrument\":\"BTCUSDT\",\"order_id\":\"9007199254740993\",\"client_order_id\":\"my-1\",\"accepted\":true,\"venue_time_ms\":1700000000007}\n" },
    { "bybit execution", "bybit", VENUE_CALL_NONE,
      "{\"topic\":\"execution\",\"creationTime\":1700000000009,\"data\":[",
      "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"execId\":\"e-1\",\"orderId\":\"o-1\",\"orderLinkId\":\"my-1\",\"side\":\"Sell\",\"execPrice\":\"30002\",\"execQty\":\"0.25\",\"execType\":\"Trade\",\"execFee\":\"-0.0001\",\"feeCurrency\":\"MNT\",\"execTime\":\"1700000000007\",\"isMaker\":true,\"leavesQty\":\"1.75\",\"seq\":4688002127,\"closedSize\":\"0.25\"}",
      "]}",
      "category symbol execId side execPrice execQty",
      "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"e-1\",\"order_id\":\"o-1\",\"client_order_id\":\"my-1\",\"side\":\"sell\",\"qty\":\"0.25\",\"price\":\"30002\",\"fee\":\"-0.0001\",\"fee_currency\":\"MNT\",\"liquidity\":\"maker\",\"kind\":\"trade\",\"leaves_qty\":\"1.75\",\"venue_time_ms\":1700000000007,\"seq\":4688002127}\n" },
    { "bybit funding", "bybit", VENUE_CALL_NONE,
      "{\"topic\":\"execution\",\"creationTime\":1700000000009,\"data\":[",
      "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"execId\":\"e-1\",\"side\":\"Sell\",\"execPrice\":\"30002\",\"execQty\":\"0.25\",\"execType\":\"Funding\",\"execFee\":\"0.375\",\"feeCurrency\":\"USDT\",\"execTime\":\"1700000000007\"}",
      "]}",
      "category symbol execId execFee",
      "{\"event\":\"funding\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"e-1\",\"amount\":\"0.375\",\"currency\":\"USDT\",\"venue_time_ms\":1700000000007}\n" },
    { "bybit order", "bybit", VENUE_CALL_NONE,
      "{\"topic\":\"order\",\"creationTime\":1700000000009,\"data\":[",
      "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderId\":\"o-1\",\"orderLinkId\":\"my-1\",\"orderStatus\":\"Cancelled\",\"side\":\"Sell\",\"qty\":\"2.5\",\"cumExecQty\":\"0.75\",\"leavesQty\":\"0\",\"price\":\"30000.1\",\"avgPrice\":\"30001.5\",\"triggerPrice\":\"29999\",\"orderType\":\"Limit\",\"timeInForce\":\"PostOnly\",\"reduceOnly\":true,\"positionIdx\":2,\"rejectReason\":\"EC_PostOnlyWillTakeLiquidity\",\"cancelType\":\"CancelByUser\",\"updatedTime\":\"1700000000007\"}",
      "]}",
      "category symbol orderId orderStatus side",
      "{\"event\":\"order\",\"instrument\":\"BTCUSDT\",\"order_id\":\"o-1\",\"client_order_id\":\"my-1\",\"status\":\"canceled\",\"side\":\"sell\",\"leg\":\"short\",\"type\":\"limit\",\"time_in_force\":\"post_only\",\"qty\":\"2.5\",\"cum_qty\":\"0.75\",\"leaves_qty\":\"0\",\"price\":\"30000.1\",\"avg_price\":\"30001.5\",\"trigger_price\":\"29999\",\"reduce_only\":true,\"post_only\":true,\"reason\":\"EC_PostOnlyWillTakeLiquidity\",\"venue_time_ms\":1700000000007}\n" },
    { "bybit order canceled", "bybit", VENUE_CALL_NONE,
      "{\"topic\":\"order\",\"creationTime\":1700000000009,\"data\":[",
      "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderId\":\"o-1\",\"orderStatus\":\"Cancelled\",\"side\":\"Sell\",\"qty\":\"2.5\",\"cancelType\":\"CancelByUser\",\"rejectReason\":\"EC_NoError\"}",
      "]}",
      "category symbol orderId orderStatus side",
      "{\"event\":\"order\",\"instrument\":\"BTCUSDT\",\"order_id\":\"o-1\",\"status\":\"canceled\",\"side\":\"sell\",\"qty\":\"2.5\",\"reason\":\"CancelByUser\",\"venue_time_ms\":1700000000009}\n" },
    { "bybit position of the stream", "bybit", VENUE_CALL_NONE,
      "{\"topic\":\"position\",\"creationTime\":1700000000009,\"data\":[",
      "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Sell\",\"size\":\"1.5\",\"entryPrice\":\"30000.5\",\"positionIdx\":2,\"seq\":4688002127,\"updatedTime\":\"1700000000007\"}",
      "]}",
      "symbol side size positionIdx",
      "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"short\",\"qty\":\"-1.5\",\"entry_price\":\"30000.5\",\"venue_time_ms\":1700000000007,\"seq\":4688002127}\n" },
    { "bybit position", "bybit", VENUE_CALL_POSITIONS,
      "{\"retCode\":0,\"result\":{\"nextPageCursor\":\"\",\"list\":[",
      "{\"symbol\":\"BTCUSDT\",\"side\":\"Sell\",\"size\":\"1.5\",\"avgPrice\":\"30000.5\",\"positionIdx\":2,\"seq\":4688002127,\"updatedTime\":\"1700000000007\"}",
      "]}}",
      "symbol side size positionIdx",
      "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"short\",\"qty\":\"-1.5\",\"entry_price\":\"30000.5\",\"venue_time_ms\":1700000000007,\"seq\":4688002127}\n" },
    { "bybit balance", "bybit", VENUE_CALL_NONE,
      "{\"topic\":\"wallet\",\"creationTime\":1700000000009,\"data\":[{\"accountType\":\"UNIFIED\",\"coin\":[",
      "{\"coin\":\"USDT\",\"walletBalance\":\"100.5\"}",
      "]}]}",
      "coin",
      "{\"event\":\"wallet\",\"currency\":\"USDT\",\"balance\":\"100.5\",\"venue_time_ms\":1700000000009}\n" },
    { "bybit payment of the log", "bybit", VENUE_CALL_ACCOUNT_LOG,
      "{\"retCode\":0,\"result\":{\"nextPageCursor\":\"\",\"list\":[",
      "{\"symbol\":\"BTCUSDT\",\"type\":\"SETTLEMENT\",\"funding\":\"-0.375\",\"currency\":\"USDT\",\"transactionTime\":\"1700000000007\",\"tradeId\":\"e-1\"}",
      "]}}",
      "symbol type funding tradeId",
      "{\"event\":\"funding\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"e-1\",\"amount\":\"0.375\",\"currency\":\"USDT\",\"venue_time_ms\":1700000000007}\n" },
    { "bybit instrument", "bybit", VENUE_CALL_INSTRUMENTS,
      "{\"retCode\":0,\"result\":{\"category\":\"linear\",\"list\":[",
      "{\"symbol\":\"BTCUSDT\",\"contractType\":\"LinearPerpetual\",\"status\":\"Trading\",\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDT\",\"settleCoin\":\"USDC\",\"priceFilter\":{\"tickSize\":\"0.10\"},\"lotSizeFilter\":{\"qtyStep\":\"0.001\",\"minOrderQty\":\"0.002\",\"maxOrderQty\":\"1000\",\"minNotionalValue\":\"5\"}}",
      "]}}",
      "symbol contractType priceFilter lotSizeFilter",
      "{\"event\":\"instrument\",\"instrument\":\"BTCUSDT\",\"contract\":\"linear\",\"tick\":\"0.10\",\"lot\":\"0.001\",\"multiplier\":\"1\",\"qty_min\":\"0.002\",\"qty_max\":\"1000\",\"notional_min\":\"5\",\"base\":\"BTC\",\"quote\":\"USDT\",\"settle\":\"USDC\",\"tradable\":true}\n" },
    { "bybit trade", "bybit", VENUE_CALL_NONE,
      "{\"topic\":\"publicTrade.BTCUSDT\",\"ts\":1700000000009,\"type\":\"snapshot\",\"data\":[",
      "{\"T\":1700000000007,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"0.25\",\"p\":\"30000.5\",\"i\":\"t-1\",\"BT\":true,\"seq\":4688002127}",
      "]}",
      "s v p",
      "{\"event\":\"trade\",\"instrument\":\"BTCUSDT\",\"trade_id\":\"t-1\",\"side\":\"sell\",\"qty\":\"0.25\",\"price\":\"30000.5\",\"block\":true,\"venue_time_ms\":1700000000007,\"seq\":4688002127}\n" },
    { "bybit public trade", "bybit", VENUE_CALL_PUBLIC_TRADES,
      "{\"retCode\":0,\"result\":{\"category\":\"linear\",\"list\":[",
      "{\"execId\":\"t-1\",\"symbol\":\"BTCUSDT\",\"price\":\"30000.5\",\"size\":\"0.25\",\"side\":\"Sell\",\"time\":\"1700000000007\",\"isBlockTrade\":true,\"seq\":\"4688002127\"}",
      "]}}",
      "symbol price size",
      "{\"event\":\"trade\",\"instrument\":\"BTCUSDT\",\"trade_id\":\"t-1\",\"side\":\"sell\",\"qty\":\"0.25\",\"price\":\"30000.5\",\"block\":true,\"venue_time_ms\":1700000000007,\"seq\":4688002127}\n" },
    { "bybit acknowledgement", "bybit", VENUE_CALL_SUBMIT,
      "{\"retCode\":0,\"time\":1700000000009,\"result\":",
      "{\"orderId\":\"o-1\",\"orderLinkId\":\"my-1\"}",
      "}",
      "",
      "{\"event\":\"ack\",\"order_id\":\"o-1\",\"client_order_id\":\"my-1\",\"accepted\":true}\n" },
    { "bybit acknowledgement of the socket", "bybit", VENUE_CALL_NONE,
      "{\"reqId\":\"17\",\"retCode\":0,\"op\":\"order.create\",\"data\":",
      "{\"orderId\":\"o-1\",\"orderLinkId\":\"my-1\"}",
      "}",
      "",
      "{\"event\":\"ack\",\"order_id\":\"o-1\",\"client_order_id\":\"my-1\",\"request_id\":\"17\",\"accepted\":true}\n" },
    { "okx match", "okx", VENUE_CALL_NONE,
      "{\"arg\":{\"channel\":\"orders\",\"instType\":\"ANY\"},\"data\":[",
      "{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"ordId\":\"312269865356374016\",\"clOrdId\":\"my1\",\"state\":\"partially_filled\",\"side\":\"sell\",\"posSide\":\"short\",\"ordType\":\"post_only\",\"sz\":\"2.5\",\"px\":\"30000.1\",\"avgPx\":\"30001.5\",\"accFillSz\":\"0.75\",\"reduceOnly\":\"true\",\"category\":\"normal\",\"uTime\":\"1700000000008\",\"tradeId\":\"242720720\",\"fillSz\":\"0.25\",\"fillPx\":\"30002\",\"fillTime\":\"1700000000007\",\"fillFee\":\"0.0001\",\"fillFeeCcy\":\"OKB\",\"execType\":\"M\",\"cancelSource\":\"1\"}",
      "]}",
      "instId ordId state side fillSz fillPx fillFeeCcy tradeId",
      "{\"event\":\"fill\",\"instrument\":\"BTC-USDT-SWAP\",\"exec_id\":\"242720720\",\"order_id\":\"312269865356374016\",\"client_order_id\":\"my1\",\"side\":\"sell\",\"leg\":\"short\",\"qty\":\"0.25\",\"price\":\"30002\",\"fee\":\"-0.0001\",\"fee_currency\":\"OKB\",\"liquidity\":\"maker\",\"kind\":\"trade\",\"cum_qty\":\"0.75\",\"venue_time_ms\":1700000000007,\"seq\":242720720}\n"
      "{\"event\":\"order\",\"instrument\":\"BTC-USDT-SWAP\",\"order_id\":\"312269865356374016\",\"client_order_id\":\"my1\",\"status\":\"partially_filled\",\"side\":\"sell\",\"leg\":\"short\",\"type\":\"limit\",\"time_in_force\":\"post_only\",\"qty\":\"2.5\",\"cum_qty\":\"0.75\",\"price\":\"30000.1\",\"avg_price\":\"30001.5\",\"reduce_only\":true,\"post_only\":true,\"reason\":\"cancelSource 1\",\"venue_time_ms\":1700000000008}\n" },
    { "okx order", "okx", VENUE_CALL_OPEN_ORDERS,
      "{\"code\":\"0\",\"msg\":\"\",\"data\":[",
      "{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"ordId\":\"312269865356374016\",\"clOrdId\":\"my1\",\"state\":\"live\",\"side\":\"sell\",\"posSide\":\"net\",\"ordType\":\"ioc\",\"sz\":\"2.5\",\"px\":\"30000.1\",\"accFillSz\":\"0\",\"reduceOnly\":\"false\",\"uTime\":\"1700000000008\"}",
      "]}",
      "instId ordId state side",
      "{\"event\":\"order\",\"instrument\":\"BTC-USDT-SWAP\",\"order_id\":\"312269865356374016\",\"client_order_id\":\"my1\",\"status\":\"open\",\"side\":\"sell\",\"leg\":\"net\",\"type\":\"limit\",\"time_in_force\":\"ioc\",\"qty\":\"2.5\",\"cum_qty\":\"0\",\"price\":\"30000.1\",\"reduce_only\":false,\"post_only\":false,\"venue_time_ms\":1700000000008}\n" },
    { "okx conditional order", "okx", VENUE_CALL_NONE,
      "{\"arg\":{\"channel\":\"orders-algo\"},\"data\":[",
      "{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"algoId\":\"77\",\"algoClOrdId\":\"my2\",\"state\":\"live\",\"side\":\"sell\",\"posSide\":\"net\",\"ordType\":\"trigger\",\"sz\":\"2.5\",\"ordPx\":\"30000.1\",\"triggerPx\":\"29999\",\"uTime\":\"1700000000008\"}",
      "]}",
      "instId algoId state side",
      "{\"event\":\"order\",\"instrument\":\"BTC-USDT-SWAP\",\"order_id\":\"77\",\"client_order_id\":\"my2\",\"status\":\"untriggered\",\"side\":\"sell\",\"leg\":\"net\",\"qty\":\"2.5\",\"price\":\"30000.1\",\"trigger_price\":\"29999\",\"venue_time_ms\":1700000000008}\n" },
    { "okx conditional order with a stop", "okx", VENUE_CALL_NONE,
      "{\"arg\":{\"channel\":\"orders-algo\"},\"data\":[",
      "{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"algoId\":\"77\",\"state\":\"live\",\"side\":\"sell\",\"posSide\":\"net\",\"ordType\":\"oco\",\"sz\":\"2.5\",\"slTriggerPx\":\"29999\",\"tpTriggerPx\":\"31000\",\"uTime\":\"1700000000008\"}",
      "]}",
      "instId algoId state side",
      "{\"event\":\"order\",\"instrument\":\"BTC-USDT-SWAP\",\"order_id\":\"77\",\"status\":\"untriggered\",\"side\":\"sell\",\"leg\":\"net\",\"qty\":\"2.5\",\"trigger_price\":\"29999\",\"venue_time_ms\":1700000000008}\n" },
    { "okx fill", "okx", VENUE_CALL_FILLS,
      "{\"code\":\"0\",\"msg\":\"\",\"data\":[",
      "{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"tradeId\":\"242720720\",\"ordId\":\"312269865356374016\",\"clOrdId\":\"my1\",\"billId\":\"1111\",\"subType\":\"2\",\"side\":\"sell\",\"posSide\":\"short\",\"fillSz\":\"0.25\",\"fillPx\":\"30002\",\"execType\":\"M\",\"fee\":\"0.0001\",\"feeCcy\":\"OKB\",\"fillTime\":\"1700000000007\",\"ts\":\"1700000000009\"}",
      "]}",
      "instId tradeId side fillSz fillPx feeCcy",
      "{\"event\":\"fill\",\"instrument\":\"BTC-USDT-SWAP\",\"exec_id\":\"242720720\",\"order_id\":\"312269865356374016\",\"client_order_id\":\"my1\",\"side\":\"sell\",\"leg\":\"short\",\"qty\":\"0.25\",\"price\":\"30002\",\"fee\":\"-0.0001\",\"fee_currency\":\"OKB\",\"liquidity\":\"maker\",\"kind\":\"trade\",\"venue_time_ms\":1700000000007,\"seq\":242720720}\n" },
    { "okx fill without a time of its own", "okx", VENUE_CALL_FILLS,
      "{\"code\":\"0\",\"msg\":\"\",\"data\":[",
      "{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"tradeId\":\"0\",\"billId\":\"1111\",\"subType\":\"100\",\"side\":\"sell\",\"posSide\":\"net\",\"fillSz\":\"0.25\",\"fillPx\":\"30002\",\"fee\":\"-0.5\",\"feeCcy\":\"USDT\",\"ts\":\"1700000000009\"}",
      "]}",
      "instId tradeId billId side fillSz fillPx feeCcy",
      "{\"event\":\"fill\",\"instrument\":\"BTC-USDT-SWAP\",\"exec_id\":\"1111\",\"side\":\"sell\",\"leg\":\"net\",\"qty\":\"0.25\",\"price\":\"30002\",\"fee\":\"0.5\",\"fee_currency\":\"USDT\",\"kind\":\"liquidation\",\"venue_time_ms\":1700000000009}\n" },
    { "okx position", "okx", VENUE_CALL_POSITIONS,
      "{\"code\":\"0\",\"msg\":\"\",\"data\":[",
      "{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"pos\":\"1.5\",\"posSide\":\"short\",\"avgPx\":\"30000.5\",\"uTime\":\"1700000000007\",\"tradeId\":\"242720720\"}",
      "]}",
      "instId pos posSide",
      "{\"event\":\"position\",\"instrument\":\"BTC-USDT-SWAP\",\"leg\":\"short\",\"qty\":\"-1.5\",\"entry_price\":\"30000.5\",\"venue_time_ms\":1700000000007,\"seq\":242720720}\n" },
    { "okx balance", "okx", VENUE_CALL_NONE,
      "{\"arg\":{\"channel\":\"account\"},\"data\":[{\"uTime\":\"1\",\"details\":[",
      "{\"ccy\":\"USDT\",\"cashBal\":\"100.5\",\"uTime\":\"1700000000007\"}",
      "]}]}",
      "ccy cashBal",
      "{\"event\":\"wallet\",\"currency\":\"USDT\",\"balance\":\"100.5\",\"venue_time_ms\":1700000000007}\n" },
    { "okx balance and position", "okx", VENUE_CALL_NONE,
      "{\"arg\":{\"channel\":\"balance_and_position\"},\"data\":[{\"eventType\":\"snapshot\",\"balData\":[{\"ccy\":\"USDT\",\"cashBal\":\"100.5\",\"uTime\":\"1700000000007\"}],\"posData\":[",
      "{\"instId\":\"BTC-USDT-SWAP\",\"pos\":\"-1.5\",\"posSide\":\"net\",\"avgPx\":\"30000.5\",\"uTIme\":\"1700000000007\",\"tradeId\":\"242720720\"}",
      "]}]}",
      "instId pos posSide",
      "{\"event\":\"wallet\",\"currency\":\"USDT\",\"balance\":\"100.5\",\"venue_time_ms\":1700000000007}\n"
      "{\"event\":\"position\",\"instrument\":\"BTC-USDT-SWAP\",\"leg\":\"net\",\"qty\":\"-1.5\",\"entry_price\":\"30000.5\",\"venue_time_ms\":1700000000007,\"seq\":242720720}\n" },
    { "okx payment", "okx", VENUE_CALL_ACCOUNT_LOG,
      "{\"code\":\"0\",\"msg\":\"\",\"data\":[",
      "{\"billId\":\"1111\",\"type\":\"8\",\"subType\":\"173\",\"instId\":\"BTC-USDT-SWAP\",\"ccy\":\"USDT\",\"balChg\":\"-0.375\",\"ts\":\"1700000000007\"}",
      "]}",
      "billId balChg",
      "{\"event\":\"funding\",\"instrument\":\"BTC-USDT-SWAP\",\"exec_id\":\"1111\",\"amount\":\"0.375\",\"currency\":\"USDT\",\"venue_time_ms\":1700000000007}\n" },
    { "okx instrument", "okx", VENUE_CALL_INSTRUMENTS,
      "{\"code\":\"0\",\"msg\":\"\",\"data\":[",
      "{\"instType\":\"SWAP\",\"instId\":\"BTC-USD-SWAP\",\"settleCcy\":\"BTC\",\"instFamily\":\"BTC-USD\",\"tickSz\":\"0.10\",\"lotSz\":\"0.1\",\"minSz\":\"0.2\",\"maxLmtSz\":\"1000\",\"ctVal\":\"100\",\"ctMult\":\"2\",\"ctValCcy\":\"USD\",\"ctType\":\"inverse\",\"state\":\"live\"}",
      "]}",
      "instId",
      "{\"event\":\"instrument\",\"instrument\":\"BTC-USD-SWAP\",\"contract\":\"inverse\",\"tick\":\"0.10\",\"lot\":\"0.1\",\"multiplier\":\"200\",\"qty_min\":\"0.2\",\"qty_max\":\"1000\",\"base\":\"BTC\",\"quote\":\"USD\",\"settle\":\"BTC\",\"tradable\":true}\n" },
    { "okx trade", "okx", VENUE_CALL_NONE,
      "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[",
      "{\"instId\":\"BTC-USDT-SWAP\",\"tradeId\":\"242720720\",\"px\":\"30000.5\",\"sz\":\"0.25\",\"side\":\"sell\",\"ts\":\"1700000000007\",\"count\":\"3\"}",
      "]}",
      "instId px sz",
      "{\"event\":\"trade\",\"instrument\":\"BTC-USDT-SWAP\",\"trade_id\":\"242720720\",\"side\":\"sell\",\"qty\":\"0.25\",\"price\":\"30000.5\",\"trades\":3,\"venue_time_ms\":1700000000007}\n" },
    { "okx acknowledgement", "okx", VENUE_CALL_NONE,
      "{\"id\":\"17\",\"op\":\"order\",\"code\":\"0\",\"msg\":\"\",\"data\":[",
      "{\"ordId\":\"312269865356374016\",\"clOrdId\":\"my1\",\"sCode\":\"0\",\"sMsg\":\"\",\"ts\":\"1700000000007\"}",
      "],\"inTime\":\"1\",\"outTime\":\"2\"}",
      "sCode",
      "{\"event\":\"ack\",\"order_id\":\"312269865356374016\",\"client_order_id\":\"my1\",\"request_id\":\"17\",\"accepted\":true,\"venue_time_ms\":1700000000007}\n" },
    { "bitflyer execution", "bitflyer", VENUE_CALL_NONE,
      "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"child_order_events\",\"message\":[",
      "{\"product_code\":\"FX_BTC_JPY\",\"child_order_id\":\"JOR1\",\"child_order_acceptance_id\":\"JRF1\",\"event_date\":\"2026-07-08T02:43:34.8230717Z\",\"event_type\":\"EXECUTION\",\"exec_id\":9007199254740995,\"side\":\"SELL\",\"price\":3000000,\"size\":0.25,\"commission\":0.0001,\"sfd\":-0.5,\"outstanding_size\":0.75}",
      "]}}",
      "product_code event_type exec_id side price size",
      "{\"event\":\"fill\",\"instrument\":\"FX_BTC_JPY\",\"exec_id\":\"9007199254740995\",\"order_id\":\"JRF1\",\"side\":\"sell\",\"leg\":\"net\",\"qty\":\"0.25\",\"price\":\"3000000\",\"fee\":\"0.0001\",\"fee_currency\":\"JPY\",\"kind\":\"trade\",\"leaves_qty\":\"0.75\",\"venue_time_ms\":1783478614823}\n"
      "{\"event\":\"funding\",\"instrument\":\"FX_BTC_JPY\",\"exec_id\":\"sfd:9007199254740995\",\"amount\":\"0.5\",\"currency\":\"JPY\",\"venue_time_ms\":1783478614823}\n"
      "{\"event\":\"order\",\"instrument\":\"FX_BTC_JPY\",\"order_id\":\"JRF1\",\"status\":\"partially_filled\",\"side\":\"sell\",\"leg\":\"net\",\"leaves_qty\":\"0.75\",\"venue_time_ms\":1783478614823}\n" },
    { "bitflyer order", "bitflyer", VENUE_CALL_NONE,
      "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"child_order_events\",\"message\":[",
      "{\"product_code\":\"FX_BTC_JPY\",\"child_order_id\":\"JOR1\",\"child_order_acceptance_id\":\"JRF1\",\"event_date\":\"2026-07-08T02:43:34Z\",\"event_type\":\"ORDER\",\"child_order_type\":\"LIMIT\",\"side\":\"SELL\",\"price\":3000000,\"size\":2.5,\"expire_date\":\"2026-08-08T02:43:34\"}",
      "]}}",
      "product_code event_type",
      "{\"event\":\"order\",\"instrument\":\"FX_BTC_JPY\",\"order_id\":\"JRF1\",\"status\":\"open\",\"side\":\"sell\",\"leg\":\"net\",\"type\":\"limit\",\"qty\":\"2.5\",\"price\":\"3000000\",\"venue_time_ms\":1783478614000}\n" },
    { "bitflyer order failed", "bitflyer", VENUE_CALL_NONE,
      "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"child_order_events\",\"message\":[",
      "{\"product_code\":\"FX_BTC_JPY\",\"child_order_id\":\"JOR1\",\"child_order_acceptance_id\":\"JRF1\",\"event_date\":\"2026-07-08T02:43:34Z\",\"event_type\":\"ORDER_FAILED\",\"reason\":\"Insufficient margin\"}",
      "]}}",
      "product_code event_type",
      "{\"event\":\"order\",\"instrument\":\"FX_BTC_JPY\",\"order_id\":\"JRF1\",\"status\":\"rejected\",\"leg\":\"net\",\"reason\":\"Insufficient margin\",\"venue_time_ms\":1783478614000}\n" },
    { "bitflyer cancel failed", "bitflyer", VENUE_CALL_NONE,
      "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"child_order_events\",\"message\":[",
      "{\"product_code\":\"FX_BTC_JPY\",\"child_order_acceptance_id\":\"JRF1\",\"event_date\":\"2026-07-08T02:43:34Z\",\"event_type\":\"CANCEL_FAILED\",\"reason\":\"too late\"}",
      "]}}",
      "product_code child_order_acceptance_id event_type",
      "{\"event\":\"ack\",\"instrument\":\"FX_BTC_JPY\",\"order_id\":\"JRF1\",\"accepted\":false,\"reason\":\"too late\",\"venue_time_ms\":1783478614000}\n" },
    { "bitflyer fill", "bitflyer", VENUE_CALL_FILLS,
      "[",
      "{\"id\":9007199254740995,\"child_order_id\":\"JOR1\",\"child_order_acceptance_id\":\"JRF1\",\"side\":\"SELL\",\"price\":3000000,\"size\":0.25,\"commission\":0.0001,\"exec_date\":\"2026-07-08T02:43:34.823\",\"product_code\":\"BTC_JPY\"}",
      "]",
      "id side price size",
      "{\"event\":\"fill\",\"instrument\":\"BTC_JPY\",\"exec_id\":\"9007199254740995\",\"order_id\":\"JRF1\",\"side\":\"sell\",\"leg\":\"net\",\"qty\":\"0.25\",\"price\":\"3000000\",\"fee\":\"0.0001\",\"fee_currency\":\"BTC\",\"kind\":\"trade\",\"venue_time_ms\":1783478614823}\n" },
    { "bitflyer order of the list", "bitflyer", VENUE_CALL_ORDER,
      "[",
      "{\"id\":0,\"child_order_id\":\"JOR1\",\"child_order_acceptance_id\":\"JRF1\",\"product_code\":\"FX_BTC_JPY\",\"side\":\"SELL\",\"child_order_type\":\"LIMIT\",\"price\":3000000,\"average_price\":3000001,\"size\":2.5,\"child_order_state\":\"ACTIVE\",\"child_order_date\":\"2026-07-08T02:43:34\",\"outstanding_size\":1.75,\"executed_size\":0.75,\"time_in_force\":\"FOK\"}",
      "]",
      "side child_order_state",
      "{\"event\":\"order\",\"instrument\":\"FX_BTC_JPY\",\"order_id\":\"JRF1\",\"status\":\"partially_filled\",\"side\":\"sell\",\"leg\":\"net\",\"type\":\"limit\",\"time_in_force\":\"fok\",\"qty\":\"2.5\",\"cum_qty\":\"0.75\",\"leaves_qty\":\"1.75\",\"price\":\"3000000\",\"avg_price\":\"3000001\"}\n" },
    { "bitflyer lot", "bitflyer", VENUE_CALL_POSITIONS,
      "[",
      "{\"product_code\":\"FX_BTC_JPY\",\"side\":\"SELL\",\"price\":3000000,\"size\":1.5}",
      "]",
      "product_code side price size",
      "{\"event\":\"position\",\"instrument\":\"FX_BTC_JPY\",\"leg\":\"net\",\"qty\":\"-1.5\",\"entry_price\":\"3000000\"}\n" },
    { "bitflyer balance", "bitflyer", VENUE_CALL_BALANCE,
      "[",
      "{\"currency_code\":\"BTC\",\"amount\":1.5,\"available\":1}",
      "]",
      "currency_code amount",
      "{\"event\":\"wallet\",\"currency\":\"BTC\",\"balance\":\"1.5\"}\n" },
    { "bitflyer collateral", "bitflyer", VENUE_CALL_BALANCE,
      "",
      "{\"collateral\":100000,\"open_position_pnl\":-715,\"require_collateral\":19857,\"keep_rate\":5.0}",
      "",
      "collateral",
      "{\"event\":\"wallet\",\"currency\":\"JPY\",\"balance\":\"100000\"}\n" },
    { "bitflyer trade", "bitflyer", VENUE_CALL_NONE,
      "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"lightning_executions_FX_BTC_JPY\",\"message\":[",
      "{\"id\":39361,\"side\":\"SELL\",\"price\":3000000,\"size\":0.25,\"exec_date\":\"2026-07-08T02:43:34.8230717Z\",\"buy_child_order_acceptance_id\":\"a\",\"sell_child_order_acceptance_id\":\"b\"}",
      "]}}",
      "id price size",
      "{\"event\":\"trade\",\"instrument\":\"FX_BTC_JPY\",\"trade_id\":\"39361\",\"side\":\"sell\",\"qty\":\"0.25\",\"price\":\"3000000\",\"venue_time_ms\":1783478614823}\n" },
    { "bitflyer acknowledgement", "bitflyer", VENUE_CALL_SUBMIT,
      "",
      "{\"child_order_acceptance_id\":\"JRF1\"}",
      "",
      "child_order_acceptance_id",
      "{\"event\":\"ack\",\"order_id\":\"JRF1\",\"accepted\":true}\n" },
    { "hyperliquid fill", "hyperliquid", VENUE_CALL_NONE,
      "{\"channel\":\"userFills\",\"data\":{\"user\":\"0xa\",\"fills\":[",
      "{\"coin\":\"BTC\",\"px\":\"30002\",\"sz\":\"0.25\",\"side\":\"A\",\"time\":1764840678849,\"startPosition\":\"-1\",\"dir\":\"Open Short\",\"oid\":9007199254740993,\"crossed\":false,\"fee\":\"-0.0001\",\"feeToken\":\"HYPE\",\"tid\":9007199254740995,\"cloid\":\"0xabc\",\"liquidation\":{\"liquidatedUser\":\"0xb\",\"markPx\":\"1\",\"method\":\"market\"}}",
      "]}}",
      "coin px sz side oid tid",
      "{\"event\":\"fill\",\"instrument\":\"BTC\",\"exec_id\":\"9007199254740995\",\"order_id\":\"9007199254740993\",\"client_order_id\":\"0xabc\",\"side\":\"sell\",\"leg\":\"net\",\"qty\":\"0.25\",\"price\":\"30002\",\"fee\":\"-0.0001\",\"fee_currency\":\"HYPE\",\"liquidity\":\"maker\",\"kind\":\"trade\",\"venue_time_ms\":1764840678849}\n" },
    { "hyperliquid order update", "hyperliquid", VENUE_CALL_NONE,
      "{\"channel\":\"orderUpdates\",\"data\":[{\"status\":\"open\",\"statusTimestamp\":1764840678849,\"order\":",
      "{\"coin\":\"BTC\",\"side\":\"A\",\"limitPx\":\"30000.1\",\"sz\":\"1.75\",\"oid\":9007199254740993,\"timestamp\":1764840678000,\"origSz\":\"2.5\",\"cloid\":\"0xabc\"}",
      "}]}",
      "coin side oid",
      "{\"event\":\"order\",\"instrument\":\"BTC\",\"order_id\":\"9007199254740993\",\"client_order_id\":\"0xabc\",\"status\":\"partially_filled\",\"side\":\"sell\",\"leg\":\"net\",\"type\":\"limit\",\"qty\":\"2.5\",\"leaves_qty\":\"1.75\",\"price\":\"30000.1\",\"venue_time_ms\":1764840678849}\n" },
    { "hyperliquid open order", "hyperliquid", VENUE_CALL_OPEN_ORDERS,
      "[",
      "{\"coin\":\"BTC\",\"side\":\"A\",\"limitPx\":\"30000.1\",\"sz\":\"2.5\",\"oid\":9007199254740993,\"timestamp\":1764840678000,\"origSz\":\"2.5\",\"cloid\":\"0xabc\",\"reduceOnly\":true,\"tif\":\"Alo\",\"isTrigger\":true,\"triggerPx\":\"29999\",\"orderType\":\"Stop Market\"}",
      "]",
      "coin side oid",
      "{\"event\":\"order\",\"instrument\":\"BTC\",\"order_id\":\"9007199254740993\",\"client_order_id\":\"0xabc\",\"status\":\"untriggered\",\"side\":\"sell\",\"leg\":\"net\",\"type\":\"market\",\"time_in_force\":\"post_only\",\"qty\":\"2.5\",\"leaves_qty\":\"2.5\",\"price\":\"30000.1\",\"trigger_price\":\"29999\",\"reduce_only\":true,\"post_only\":true,\"venue_time_ms\":1764840678000}\n" },
    { "hyperliquid position", "hyperliquid", VENUE_CALL_POSITIONS,
      "{\"withdrawable\":\"1\",\"time\":1764840678849,\"assetPositions\":[{\"type\":\"oneWay\",\"position\":",
      "{\"coin\":\"BTC\",\"szi\":\"-1.5\",\"entryPx\":\"30000.5\"}",
      "}]}",
      "coin szi",
      "{\"event\":\"position\",\"instrument\":\"BTC\",\"leg\":\"net\",\"qty\":\"-1.5\",\"entry_price\":\"30000.5\",\"venue_time_ms\":1764840678849}\n" },
    { "hyperliquid payment", "hyperliquid", VENUE_CALL_ACCOUNT_LOG,
      "[{\"time\":1764840678849,\"hash\":\"0x0\",\"delta\":",
      "{\"type\":\"funding\",\"coin\":\"BTC\",\"usdc\":\"-0.375\",\"szi\":\"1\",\"fundingRate\":\"0.1\"}",
      "}]",
      "coin usdc",
      "{\"event\":\"funding\",\"instrument\":\"BTC\",\"exec_id\":\"BTC:1764840678849\",\"amount\":\"0.375\",\"currency\":\"USDC\",\"venue_time_ms\":1764840678849}\n" },
    { "hyperliquid payment of the stream", "hyperliquid", VENUE_CALL_NONE,
      "{\"channel\":\"userFundings\",\"data\":{\"user\":\"0xa\",\"fundings\":[",
      "{\"time\":1764840678849,\"coin\":\"BTC\",\"usdc\":\"0.375\",\"szi\":\"1\",\"fundingRate\":\"0.1\"}",
      "]}}",
      "time coin usdc",
      "{\"event\":\"funding\",\"instrument\":\"BTC\",\"exec_id\":\"BTC:1764840678849\",\"amount\":\"-0.375\",\"currency\":\"USDC\",\"venue_time_ms\":1764840678849}\n" },
    { "hyperliquid instrument", "hyperliquid", VENUE_CALL_INSTRUMENTS,
      "{\"universe\":[",
      "{\"name\":\"BTC\",\"szDecimals\":5,\"maxLeverage\":50,\"isDelisted\":true}",
      "]}",
      "name szDecimals",
      "{\"event\":\"instrument\",\"instrument\":\"BTC\",\"contract\":\"linear\",\"tick\":\"0.1\",\"lot\":\"0.00001\",\"multiplier\":\"1\",\"notional_min\":\"10\",\"base\":\"BTC\",\"quote\":\"USD\",\"settle\":\"USDC\",\"tradable\":false}\n" },
    { "hyperliquid trade", "hyperliquid", VENUE_CALL_NONE,
      "{\"channel\":\"trades\",\"data\":[",
      "{\"coin\":\"BTC\",\"side\":\"A\",\"px\":\"30000.5\",\"sz\":\"0.25\",\"time\":1764840678849,\"hash\":\"0x1\",\"tid\":118906512037719}",
      "]}",
      "coin px sz",
      "{\"event\":\"trade\",\"instrument\":\"BTC\",\"trade_id\":\"118906512037719\",\"side\":\"sell\",\"qty\":\"0.25\",\"price\":\"30000.5\",\"venue_time_ms\":1764840678849}\n" },
};

/* Decodes into printed lines. False: it is refused. */
static bool printed(const struct row *r, const char *text, char *buf, size_t size)
{
    const struct venue *v = bot__venue_find(r->venue);
    ck_assert_ptr_nonnull(v);
    struct venue_context *ctx = context_new(v);
    struct collect c;
    struct venue_reply reply;
    collect_init(&c);
    const int n = r->call == VENUE_CALL_NONE ? decode_ws(v, ctx, text, &c) : decode_rest(v, ctx, r->call, 200, text, &c, &reply);
    const bool taken = r->call == VENUE_CALL_NONE ? n >= 0 : reply.outcome == BOT_OUTCOME_OK;
    ck_assert_msg(taken || c.n == 0 || r->call != VENUE_CALL_NONE, "%s: refused, and %d events", r->name, c.n);
    size_t len = 0;
    buf[0] = '\0';
    for (int i = 0; taken && i < c.n; i++) {
        const int k = bot_event_format(&c.ev[i], NULL, buf + len, size - len);
        ck_assert_int_gt(k, 0);
        len += (size_t)k;
        ck_assert(len + 2 < size);
        memcpy(buf + len, "\n", 2);
        len++;
    }
    collect_free(&c);
    context_free(ctx);
    return taken;
}

/* The row without its i-th member, whose key goes to ret_key. False behind the last. */
static bool without(const char *row, int i, char *buf, char *ret_key)
{
    const char *p = row + 1, *from;
    int depth = 0;
    for (;; i--) { /* p: at a key */
        from = p;
        bool quoted = false;
        for (; *p != '\0' && !(depth == 0 && !quoted && (*p == ',' || *p == '}')); p++) {
            if (*p == '"') quoted = !quoted;
            else if (!quoted && (*p == '{' || *p == '[')) depth++;
            else if (!quoted && (*p == '}' || *p == ']')) depth--;
        }
        if (i == 0)
            break;
        if (*p != ',')
            return false;
        p++;
    }
    const size_t key = strcspn(from + 1, "\"");
    memcpy(ret_key, from + 1, key);
    ret_key[key] = '\0';
    if (*p == ',') p++; /* its comma, or that of the one before */
    else if (from[-1] == ',') from--;
    memcpy(buf, row, (size_t)(from - row));
    strcpy(buf + (from - row), p);
    return true;
}

static bool is_among(const char *words, const char *word)
{
    const size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += n)
        if ((at == words || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
            return true;
    return false;
}

TEST(rows, become_what_the_documentation_says)
{
    static char text[4096], got[8192];
    int failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        snprintf(text, sizeof text, "%s%s%s", r->before, r->row, r->after);
        ck_assert_msg(printed(r, text, got, sizeof got), "%s is refused", r->name);
        if (strcmp(got, r->becomes) != 0) {
            fprintf(stderr, "%s is\n%s", r->name, got);
            failed++;
        }
    }
    ck_assert_int_eq(0, failed);
}

/* What no event may say, whatever the venue wrote. */
static const char *wrong_in(const bot_event *ev)
{
    const struct { uint32_t bit; bot_dec value; bool zero; } order[] = {
        { BOT_HAS_QTY, ev->order.qty, true /* of a stop: the whole position */ }, { BOT_HAS_CUM_QTY, ev->order.cum_qty, true }, { BOT_HAS_LEAVES_QTY, ev->order.leaves_qty, true },
        { BOT_HAS_PRICE, ev->order.price, false }, { BOT_HAS_AVG_PRICE, ev->order.avg_price, false }, { BOT_HAS_TRIGGER_PRICE, ev->order.trigger_price, false },
    };
    switch (ev->kind) {
    case BOT_EV_FILL:
        if (bot_dec_sign(ev->fill.qty) <= 0 || bot_dec_sign(ev->fill.price) <= 0) return "a fill of nothing, or for nothing";
        if (ev->fill.exec_id.len == 0 || ev->fill.side == BOT_SIDE_NONE) return "a fill without a name or a side";
        if (((ev->has & BOT_HAS_CUM_QTY) != 0 && bot_dec_sign(ev->fill.cum_qty) < 0) || ((ev->has & BOT_HAS_LEAVES_QTY) != 0 && bot_dec_sign(ev->fill.leaves_qty) < 0)) return "less than nothing is left or filled";
        return NULL;
    case BOT_EV_ORDER:
        for (size_t i = 0; i < sizeof order / sizeof *order; i++)
            if ((ev->has & order[i].bit) != 0 && bot_dec_sign(order[i].value) < (order[i].zero ? 0 : 1)) return "an order with a number below what it can be";
        return ev->order.order_id.len == 0 || ev->order.status == BOT_ORDER_NONE ? "an order without a name or a state" : NULL;
    case BOT_EV_TRADE: return bot_dec_sign(ev->trade.qty) <= 0 || bot_dec_sign(ev->trade.price) <= 0 ? "a trade of nothing, or for nothing" : NULL;
    case BOT_EV_POSITION:
        return (ev->has & BOT_HAS_ENTRY_PRICE) != 0 && bot_dec_sign(ev->position.entry_price) <= 0 ? "an entry for nothing"
               : (ev->position.leg == BOT_LEG_LONG && bot_dec_sign(ev->position.qty) < 0) || (ev->position.leg == BOT_LEG_SHORT && bot_dec_sign(ev->position.qty) > 0) ? "a leg of the other side" : NULL;
    case BOT_EV_INSTRUMENT: return ev->inst.tradable && (bot_dec_sign(ev->inst.tick) <= 0 || bot_dec_sign(ev->inst.lot) <= 0 || bot_dec_sign(ev->inst.multiplier) <= 0) ? "traded without steps" : NULL;
    case BOT_EV_WALLET: return ev->wallet.currency.len == 0 ? "a balance of no coin" : NULL;
    default: return ev->venue_ns < 0 ? "a time before all" : NULL;
    }
}

/* Every member says something else, and something that is none: what comes out holds, or nothing does. */
TEST(rows, say_nothing_that_cannot_be_whatever_stands_in_them)
{
    static const char *const values[] = { "\"-1\"", "-1", "\"0\"", "0", "\"-0\"", "\"1e3\"", "1e3", "\"NaN\"", "\"0x10\"", "\"+1\"", "\"1.\"", "\".5\"", "\"\"", "\"-\"", "\"99999999999999999999999999999999999999999\"",
        "\"0.00000000000000000000000000000000000000001\"", "9223372036854775808", "-9223372036854775809", "null", "true", "{}", "[]", "\"\\u0031\"", "\"a name that is longer than any of those that the venues have ever given to anything at all\"" };
    static char text[4096], rest[2048], key[64];
    int taken = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        for (int k = 0; without(r->row, k, rest, key); k++)
            for (size_t n = 0; n < sizeof values / sizeof *values; n++) {
                const bool empty = strcmp(rest, "{}") == 0;
                const int len = snprintf(text, sizeof text, "%s{\"%s\":%s%s%s%s", r->before, key, values[n], empty ? "" : ",", rest + 1, r->after);
                ck_assert(len > 0 && (size_t)len < sizeof text);
                const struct venue *v = bot__venue_find(r->venue);
                struct venue_context *ctx = context_new(v);
                struct collect c;
                struct venue_reply reply;
                collect_init(&c);
                if (r->call == VENUE_CALL_NONE) (void)decode_ws(v, ctx, text, &c);
                else (void)decode_rest(v, ctx, r->call, 200, text, &c, &reply);
                for (int e = 0; e < c.n; e++)
                    ck_assert_msg(wrong_in(&c.ev[e]) == NULL, "%s, %s is %s: %s", r->name, key, values[n], wrong_in(&c.ev[e]));
                taken += c.n > 0;
                collect_free(&c);
                context_free(ctx);
            }
    }
    ck_assert_int_gt(taken, 100);
}

TEST(rows, do_without_every_member_but_those_that_they_need)
{
    static char text[4096], got[8192], rest[2048], key[64];
    int failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        int needed = 0, members = 0;
        for (int k = 0; without(r->row, k, rest, key); k++, members++) {
            snprintf(text, sizeof text, "%s%s%s", r->before, rest, r->after);
            const bool needs = is_among(r->needs, key), taken = printed(r, text, got, sizeof got);
            if (needs == taken) {
                fprintf(stderr, "%s without %s: %s\n", r->name, key, taken ? "taken" : "refused");
                failed++;
            }
            needed += needs;
        }
        int words = r->needs[0] != '\0';
        for (const char *p = r->needs; *p != '\0'; p++) words += *p == ' ';
        ck_assert_msg(words == needed, "%s: %d of %d members that it needs are in it", r->name, needed, words);
    }
    ck_assert_int_eq(0, failed);
}
