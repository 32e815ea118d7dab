/* The venues' vocabularies, word by word: what each becomes, and that a word which is in no documentation is never taken for one. */
#include <string.h>

#include "venue_kit.h"

/* The template with word where its '#' is, decoded: the first event of the kind, NULL where the message was refused. */
static const bot_event *said(enum venue_call call, const char *template, const char *word, bot_event_kind kind)
{
    char text[1200];
    const char *at = strchr(template, '#');
    const int n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - template), template, word, at + 1);
    ck_assert(n > 0 && (size_t)n < sizeof text);
    if (call == VENUE_CALL_NONE) {
        if (decode_ws(v, ctx, text, &c) < 0)
            return NULL;
    } else {
        (void)decode_rest(v, ctx, call, 200, text, &c, &reply);
        if (reply.outcome != BOT_OUTCOME_OK)
            return NULL;
    }
    for (int i = 0; i < c.n; i++)
        if (c.ev[i].kind == kind)
            return &c.ev[i];
    return NULL;
}

struct word { const char *word; int is; };
#define NO_WORDS "", "SOMETHING_NEW", "new"

/* Each word's value by `value`; words that are none give `otherwise`, or -1: the message is refused. */
static void check(enum venue_call call, const char *template, bot_event_kind kind, const struct word *words, size_t n, int (*value)(const bot_event *ev), int otherwise)
{
    static const char *const strange[] = { NO_WORDS };
    for (size_t i = 0; i < n; i++) {
        const bot_event *ev = said(call, template, words[i].word, kind);
        ck_assert_msg(ev != NULL, "%s: %s is refused", v->name, words[i].word);
        ck_assert_msg(value(ev) == words[i].is, "%s: %s is %d", v->name, words[i].word, value(ev));
    }
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        const bot_event *ev = said(call, template, strange[i], kind);
        ck_assert_msg((ev == NULL) == (otherwise < 0) && (ev == NULL || value(ev) == otherwise), "%s: \"%s\" is %d", v->name, strange[i], ev != NULL ? value(ev) : -1);
    }
}
#define CHECK(call, template, kind, words, value, otherwise) check((call), (template), (kind), (words), sizeof(words) / sizeof *(words), (value), (otherwise))

static int status(const bot_event *ev) { return (int)ev->order.status; }
static int type(const bot_event *ev) { return (int)ev->order.type; }
static int tif(const bot_event *ev) { return (int)ev->order.tif; }
static int post_only(const bot_event *ev) { return ev->order.post_only; }
static int leg(const bot_event *ev) { return (int)ev->order.leg; }
static int fill_leg(const bot_event *ev) { return (int)ev->fill.leg; }
static int position_leg(const bot_event *ev) { return (int)ev->position.leg; }
static int kind_of_fill(const bot_event *ev) { return (int)ev->fill.kind; }
static int side(const bot_event *ev) { return (int)ev->order.side; }
static int fill_side(const bot_event *ev) { return (int)ev->fill.side; }
static int liquidity(const bot_event *ev) { return (int)ev->fill.liquidity; }
static int contract(const bot_event *ev) { return (int)ev->inst.contract; }
static int tradable(const bot_event *ev) { return ev->inst.tradable; }
static int market_status(const bot_event *ev) { return (int)ev->status.status; }
static int trade_side(const bot_event *ev) { return (int)ev->trade.side; }

/* ---- Binance ---- */

#define U(x, X, o, f, S, ps) "{\"e\":\"ORDER_TRADE_UPDATE\",\"E\":2,\"T\":1,\"o\":{\"s\":\"A\",\"c\":\"c\",\"S\":\"" S "\",\"o\":\"" o "\",\"f\":\"" f "\",\"q\":\"2\",\"p\":\"3\",\"ap\":\"0\",\"sp\":\"0\",\"x\":\"" x "\",\"X\":\"" X "\"," \
    "\"i\":5,\"l\":\"0\",\"z\":\"1\",\"L\":\"0\",\"T\":1,\"t\":0,\"m\":false,\"R\":false,\"ps\":\"" ps "\"}}"
#define ROW(status, type, tif, side, ps) "[{\"symbol\":\"A\",\"orderId\":5,\"clientOrderId\":\"c\",\"status\":\"" status "\",\"side\":\"" side "\",\"positionSide\":\"" ps "\",\"type\":\"" type "\",\"timeInForce\":\"" tif "\",\"origQty\":\"2\",\"executedQty\":\"1\",\"price\":\"3\",\"time\":1,\"updateTime\":2}]"

TEST(words, of_binance)
{
    static const struct word statuses[] = { { "NEW", BOT_ORDER_OPEN }, { "PARTIALLY_FILLED", BOT_ORDER_PARTIALLY_FILLED }, { "FILLED", BOT_ORDER_FILLED }, { "CANCELED", BOT_ORDER_CANCELED },
        { "REJECTED", BOT_ORDER_REJECTED }, { "EXPIRED", BOT_ORDER_EXPIRED }, { "EXPIRED_IN_MATCH", BOT_ORDER_EXPIRED }, { "NEW_ADL", BOT_ORDER_PARTIALLY_FILLED }, { "NEW_INSURANCE", BOT_ORDER_PARTIALLY_FILLED } };
    static const struct word types[] = { { "LIMIT", BOT_LIMIT }, { "STOP", BOT_LIMIT }, { "TAKE_PROFIT", BOT_LIMIT }, { "MARKET", BOT_MARKET }, { "STOP_MARKET", BOT_MARKET }, { "TAKE_PROFIT_MARKET", BOT_MARKET },
        { "TRAILING_STOP_MARKET", BOT_MARKET } };
    /* A stop that has not triggered yet is not on the book. */
    static const struct word waiting[] = { { "LIMIT", BOT_ORDER_OPEN }, { "MARKET", BOT_ORDER_OPEN }, { "STOP", BOT_ORDER_UNTRIGGERED }, { "STOP_MARKET", BOT_ORDER_UNTRIGGERED }, { "TAKE_PROFIT", BOT_ORDER_UNTRIGGERED },
        { "TAKE_PROFIT_MARKET", BOT_ORDER_UNTRIGGERED }, { "TRAILING_STOP_MARKET", BOT_ORDER_UNTRIGGERED } };
    static const struct word tifs[] = { { "GTC", BOT_GTC }, { "GTD", BOT_GTC }, { "IOC", BOT_IOC }, { "FOK", BOT_FOK }, { "GTX", BOT_POST_ONLY } };
    static const struct word makers[] = { { "GTX", true }, { "GTC", false } };
    static const struct word sides[] = { { "BUY", BOT_BUY }, { "SELL", BOT_SELL } };
    static const struct word legs[] = { { "BOTH", BOT_LEG_NET }, { "LONG", BOT_LEG_LONG }, { "SHORT", BOT_LEG_SHORT } };
    start("binance-usdm");
    CHECK(VENUE_CALL_NONE, U("NEW", "#", "LIMIT", "GTC", "BUY", "BOTH"), BOT_EV_ORDER, statuses, status, -1);
    CHECK(VENUE_CALL_OPEN_ORDERS, ROW("#", "LIMIT", "GTC", "BUY", "BOTH"), BOT_EV_ORDER, statuses, status, -1);
    CHECK(VENUE_CALL_NONE, U("NEW", "NEW", "#", "GTC", "BUY", "BOTH"), BOT_EV_ORDER, types, type, BOT_TYPE_NONE);
    CHECK(VENUE_CALL_OPEN_ORDERS, ROW("NEW", "#", "GTC", "BUY", "BOTH"), BOT_EV_ORDER, types, type, BOT_TYPE_NONE);
    CHECK(VENUE_CALL_NONE, U("NEW", "NEW", "#", "GTC", "BUY", "BOTH"), BOT_EV_ORDER, waiting, status, BOT_ORDER_OPEN);
    CHECK(VENUE_CALL_NONE, U("NEW", "NEW", "LIMIT", "#", "BUY", "BOTH"), BOT_EV_ORDER, tifs, tif, BOT_TIF_NONE);
    CHECK(VENUE_CALL_OPEN_ORDERS, ROW("NEW", "LIMIT", "#", "BUY", "BOTH"), BOT_EV_ORDER, tifs, tif, BOT_TIF_NONE);
    CHECK(VENUE_CALL_NONE, U("NEW", "NEW", "LIMIT", "#", "BUY", "BOTH"), BOT_EV_ORDER, makers, post_only, false);
    CHECK(VENUE_CALL_NONE, U("NEW", "NEW", "LIMIT", "GTC", "#", "BOTH"), BOT_EV_ORDER, sides, side, -1);
    CHECK(VENUE_CALL_OPEN_ORDERS, ROW("NEW", "LIMIT", "GTC", "#", "BOTH"), BOT_EV_ORDER, sides, side, -1);
    CHECK(VENUE_CALL_NONE, U("NEW", "NEW", "LIMIT", "GTC", "BUY", "#"), BOT_EV_ORDER, legs, leg, BOT_LEG_NONE);
    CHECK(VENUE_CALL_OPEN_ORDERS, ROW("NEW", "LIMIT", "GTC", "BUY", "#"), BOT_EV_ORDER, legs, leg, BOT_LEG_NONE);
#undef U
#undef ROW
    /* The state of what the venue matched by itself follows from the quantities. */
    static const char matched[] = "{\"e\":\"ORDER_TRADE_UPDATE\",\"E\":2,\"T\":1,\"o\":{\"s\":\"A\",\"c\":\"c\",\"S\":\"BUY\",\"o\":\"LIMIT\",\"f\":\"GTC\",\"q\":\"2\",\"p\":\"3\",\"x\":\"NEW\",\"X\":\"NEW_INSURANCE\",\"i\":5,\"l\":\"0\",\"z\":\"#\",\"T\":1,\"t\":0,\"ps\":\"BOTH\"}}";
    static const struct { const char *cum; bot_order_status is; } quantities[] = { { "0", BOT_ORDER_OPEN }, { "1", BOT_ORDER_PARTIALLY_FILLED }, { "2", BOT_ORDER_FILLED } };
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(said(VENUE_CALL_NONE, matched, quantities[i].cum, BOT_EV_ORDER)->order.status, quantities[i].is);
    static const struct word fill_legs[] = { { "BOTH", BOT_LEG_NET }, { "LONG", BOT_LEG_LONG }, { "SHORT", BOT_LEG_SHORT } };
    static const struct word fill_sides[] = { { "BUY", BOT_BUY }, { "SELL", BOT_SELL } };
    static const char fill[] = "{\"e\":\"ORDER_TRADE_UPDATE\",\"E\":2,\"T\":1,\"o\":{\"s\":\"A\",\"c\":\"c\",\"S\":\"BUY\",\"o\":\"LIMIT\",\"f\":\"GTC\",\"q\":\"2\",\"p\":\"3\",\"x\":\"TRADE\",\"X\":\"FILLED\",\"i\":5,\"l\":\"2\",\"z\":\"2\",\"L\":\"3\",\"T\":1,\"t\":7,\"m\":true,\"ps\":\"#\"}}";
    CHECK(VENUE_CALL_NONE, fill, BOT_EV_FILL, fill_legs, fill_leg, BOT_LEG_NONE);
    /* What happened to an order: a trade, a liquidation; of anything else that comes with a match it is not known what it is. */
    static const struct word happened[] = { { "TRADE", BOT_FILL_TRADE }, { "CALCULATED", BOT_FILL_LIQUIDATION } };
    static const char what[] = "{\"e\":\"ORDER_TRADE_UPDATE\",\"E\":2,\"T\":1,\"o\":{\"s\":\"A\",\"c\":\"c\",\"S\":\"BUY\",\"o\":\"LIMIT\",\"f\":\"GTC\",\"q\":\"2\",\"p\":\"3\",\"x\":\"#\",\"X\":\"FILLED\",\"i\":5,\"l\":\"2\",\"z\":\"2\",\"L\":\"3\",\"T\":1,\"t\":7,\"m\":true,\"ps\":\"BOTH\"}}";
    CHECK(VENUE_CALL_NONE, what, BOT_EV_FILL, happened, kind_of_fill, BOT_FILL_UNKNOWN);
    static const char *const idle[] = { "NEW", "CANCELED", "EXPIRED", "AMENDMENT" };
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(said(VENUE_CALL_NONE, what, idle[i], BOT_EV_FILL) == NULL && c.counts[BOT_EV_ORDER] == 1, "%s", idle[i]);
    static const char row[] = "[{\"symbol\":\"A\",\"id\":7,\"orderId\":5,\"side\":\"#\",\"price\":\"2\",\"qty\":\"1\",\"commission\":\"0\",\"commissionAsset\":\"USDT\",\"time\":1,\"maker\":false,\"positionSide\":\"BOTH\"}]";
    CHECK(VENUE_CALL_FILLS, row, BOT_EV_FILL, fill_sides, fill_side, -1);
    static const char position[] = "[{\"symbol\":\"A\",\"positionAmt\":\"0\",\"entryPrice\":\"0\",\"positionSide\":\"#\",\"updateTime\":1}]";
    ck_assert_int_eq(said(VENUE_CALL_POSITIONS, position, "LONG", BOT_EV_POSITION)->position.leg, BOT_LEG_LONG);
    ck_assert_int_eq(said(VENUE_CALL_POSITIONS, position, "SHORT", BOT_EV_POSITION)->position.leg, BOT_LEG_SHORT);
    ck_assert_int_eq(said(VENUE_CALL_POSITIONS, position, "BOTH", BOT_EV_POSITION)->position.leg, BOT_LEG_NET);
    ck_assert_ptr_null(said(VENUE_CALL_POSITIONS, position, "BOTH2", BOT_EV_POSITION));
    /* Of conditional orders. */
    static const struct word algo[] = { { "NEW", BOT_ORDER_UNTRIGGERED }, { "TRIGGERING", BOT_ORDER_TRIGGERED }, { "TRIGGERED", BOT_ORDER_TRIGGERED }, { "CANCELED", BOT_ORDER_CANCELED }, { "REJECTED", BOT_ORDER_REJECTED },
        { "EXPIRED", BOT_ORDER_EXPIRED }, { "FINISHED", BOT_ORDER_CANCELED } };
    CHECK(VENUE_CALL_NONE, "{\"e\":\"ALGO_UPDATE\",\"T\":1,\"E\":1,\"o\":{\"s\":\"A\",\"aid\":5,\"caid\":\"c\",\"o\":\"STOP\",\"S\":\"BUY\",\"ps\":\"BOTH\",\"f\":\"GTC\",\"q\":\"2\",\"X\":\"#\",\"aq\":\"0\",\"tp\":\"3\"}}", BOT_EV_ORDER, algo, status, -1);
    static const struct word listed[] = { { "TRADING", true }, { "SETTLING", false }, { "PENDING_TRADING", false }, { "BREAK", false } };
    CHECK(VENUE_CALL_INSTRUMENTS, "{\"serverTime\":1,\"timezone\":\"UTC\",\"symbols\":[{\"symbol\":\"A\",\"status\":\"#\",\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"tickSize\":\"0.1\"},{\"filterType\":\"LOT_SIZE\",\"stepSize\":\"1\",\"minQty\":\"1\",\"maxQty\":\"9\"}]}]}",
          BOT_EV_INSTRUMENT, listed, tradable, false);
    stop();
}

/* ---- Bybit ---- */

TEST(words, of_bybit)
{
#define ORDER(status, type, tif, side, idx) "{\"topic\":\"order\",\"creationTime\":1,\"data\":[{\"category\":\"linear\",\"symbol\":\"A\",\"orderId\":\"o\",\"orderStatus\":\"" status "\",\"orderType\":\"" type "\",\"timeInForce\":\"" tif "\",\"side\":\"" side "\",\"positionIdx\":" idx ",\"qty\":\"1\"}]}"
    static const struct word statuses[] = { { "New", BOT_ORDER_OPEN }, { "Created", BOT_ORDER_OPEN }, { "Active", BOT_ORDER_OPEN }, { "PartiallyFilled", BOT_ORDER_PARTIALLY_FILLED }, { "Filled", BOT_ORDER_FILLED },
        { "Cancelled", BOT_ORDER_CANCELED }, { "Deactivated", BOT_ORDER_CANCELED }, { "PartiallyFilledCanceled", BOT_ORDER_CANCELED }, { "Rejected", BOT_ORDER_REJECTED }, { "Untriggered", BOT_ORDER_UNTRIGGERED },
        { "Triggered", BOT_ORDER_TRIGGERED } };
    static const struct word types[] = { { "Limit", BOT_LIMIT }, { "Market", BOT_MARKET }, { "UNKNOWN", BOT_TYPE_NONE } };
    static const struct word tifs[] = { { "GTC", BOT_GTC }, { "GoodTillCancel", BOT_GTC }, { "IOC", BOT_IOC }, { "ImmediateOrCancel", BOT_IOC }, { "FOK", BOT_FOK }, { "FillOrKill", BOT_FOK }, { "PostOnly", BOT_POST_ONLY },
        { "RPI", BOT_TIF_NONE } };
    static const struct word makers[] = { { "PostOnly", true }, { "GTC", false } };
    static const struct word sides[] = { { "Buy", BOT_BUY }, { "Sell", BOT_SELL } };
    static const struct word legs[] = { { "0", BOT_LEG_NET }, { "1", BOT_LEG_LONG }, { "2", BOT_LEG_SHORT } };
    start("bybit");
    CHECK(VENUE_CALL_NONE, ORDER("#", "Limit", "GTC", "Buy", "0"), BOT_EV_ORDER, statuses, status, -1);
    CHECK(VENUE_CALL_NONE, ORDER("New", "#", "GTC", "Buy", "0"), BOT_EV_ORDER, types, type, BOT_TYPE_NONE);
    CHECK(VENUE_CALL_NONE, ORDER("New", "Limit", "#", "Buy", "0"), BOT_EV_ORDER, tifs, tif, BOT_TIF_NONE);
    CHECK(VENUE_CALL_NONE, ORDER("New", "Limit", "#", "Buy", "0"), BOT_EV_ORDER, makers, post_only, false);
    CHECK(VENUE_CALL_NONE, ORDER("New", "Limit", "GTC", "#", "0"), BOT_EV_ORDER, sides, side, -1);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(said(VENUE_CALL_NONE, ORDER("New", "Limit", "GTC", "Buy", "#"), legs[i].word, BOT_EV_ORDER)->order.leg, legs[i].is);
    ck_assert_ptr_null(said(VENUE_CALL_NONE, ORDER("New", "Limit", "GTC", "Buy", "#"), "3", BOT_EV_ORDER));
#undef ORDER
    static const char position[] = "{\"retCode\":0,\"result\":{\"category\":\"linear\",\"nextPageCursor\":\"\",\"list\":[{\"symbol\":\"A\",\"side\":\"#\",\"size\":\"2\",\"positionIdx\":0,\"seq\":1}]}}";
    ck_assert_str_eq(dec_text(said(VENUE_CALL_POSITIONS, position, "Buy", BOT_EV_POSITION)->position.qty), "2");
    ck_assert_str_eq(dec_text(said(VENUE_CALL_POSITIONS, position, "Sell", BOT_EV_POSITION)->position.qty), "-2");
    ck_assert_ptr_null(said(VENUE_CALL_POSITIONS, position, "", BOT_EV_POSITION));
    static const struct word fill_sides[] = { { "Buy", BOT_BUY }, { "Sell", BOT_SELL } };
    static const char execution[] = "{\"topic\":\"execution\",\"creationTime\":1,\"data\":[{\"category\":\"linear\",\"symbol\":\"A\",\"execId\":\"e\",\"side\":\"#\",\"execPrice\":\"1\",\"execQty\":\"1\",\"execType\":\"Trade\",\"isMaker\":false}]}";
    CHECK(VENUE_CALL_NONE, execution, BOT_EV_FILL, fill_sides, fill_side, -1);
    static const char maker[] = "{\"topic\":\"execution\",\"creationTime\":1,\"data\":[{\"category\":\"linear\",\"symbol\":\"A\",\"execId\":\"e\",\"side\":\"Buy\",\"execPrice\":\"1\",\"execQty\":\"1\",\"execType\":\"Trade\",\"isMaker\":#}]}";
    ck_assert_int_eq(liquidity(said(VENUE_CALL_NONE, maker, "true", BOT_EV_FILL)), BOT_MAKER);
    ck_assert_int_eq(liquidity(said(VENUE_CALL_NONE, maker, "false", BOT_EV_FILL)), BOT_TAKER);
    static const struct word contracts[] = { { "LinearPerpetual", BOT_LINEAR }, { "LinearFutures", BOT_LINEAR }, { "InversePerpetual", BOT_INVERSE }, { "InverseFutures", BOT_INVERSE } };
    CHECK(VENUE_CALL_INSTRUMENTS, "{\"retCode\":0,\"result\":{\"category\":\"linear\",\"list\":[{\"symbol\":\"A\",\"contractType\":\"#\",\"status\":\"Trading\",\"priceFilter\":{\"tickSize\":\"0.1\"},\"lotSizeFilter\":{\"qtyStep\":\"1\"}}]}}", BOT_EV_INSTRUMENT, contracts, contract, -1);
    static const struct word listed[] = { { "Trading", true }, { "PreLaunch", false }, { "Delivering", false }, { "Closed", false } };
    CHECK(VENUE_CALL_INSTRUMENTS, "{\"retCode\":0,\"result\":{\"category\":\"linear\",\"list\":[{\"symbol\":\"A\",\"contractType\":\"LinearPerpetual\",\"status\":\"#\",\"priceFilter\":{\"tickSize\":\"0.1\"},\"lotSizeFilter\":{\"qtyStep\":\"1\"}}]}}", BOT_EV_INSTRUMENT, listed, tradable, false);
    stop();
}

/* ---- OKX ---- */

TEST(words, of_okx)
{
#define ORDER(state, type, side, pos) "{\"arg\":{\"channel\":\"orders\",\"instType\":\"ANY\"},\"data\":[{\"instType\":\"SWAP\",\"instId\":\"A-B-SWAP\",\"ordId\":\"5\",\"clOrdId\":\"c\",\"state\":\"" state "\",\"ordType\":\"" type "\",\"side\":\"" side "\",\"posSide\":\"" pos "\",\"sz\":\"2\",\"accFillSz\":\"0\",\"fillSz\":\"0\",\"tradeId\":\"\",\"uTime\":\"1\"}]}"
#define MATCH(category, exec, pos) "{\"arg\":{\"channel\":\"orders\",\"instType\":\"ANY\"},\"data\":[{\"instType\":\"SWAP\",\"instId\":\"A-B-SWAP\",\"ordId\":\"5\",\"state\":\"filled\",\"ordType\":\"limit\",\"side\":\"buy\",\"posSide\":\"" pos "\",\"sz\":\"2\",\"accFillSz\":\"2\",\"fillSz\":\"2\",\"fillPx\":\"3\",\"tradeId\":\"7\",\"execType\":\"" exec "\",\"category\":\"" category "\",\"fillTime\":\"1\",\"uTime\":\"1\"}]}"
#define LISTED(sub, trade) "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"instType\":\"SWAP\",\"instId\":\"A-B-SWAP\",\"tradeId\":\"" trade "\",\"ordId\":\"5\",\"billId\":\"6\",\"subType\":\"" sub "\",\"fillPx\":\"2\",\"fillSz\":\"1\",\"side\":\"sell\",\"posSide\":\"net\",\"ts\":\"1\"}]}"
    static const struct word states[] = { { "live", BOT_ORDER_OPEN }, { "partially_filled", BOT_ORDER_PARTIALLY_FILLED }, { "filled", BOT_ORDER_FILLED }, { "canceled", BOT_ORDER_CANCELED }, { "mmp_canceled", BOT_ORDER_CANCELED } };
    static const struct word types[] = { { "limit", BOT_LIMIT }, { "market", BOT_MARKET }, { "post_only", BOT_LIMIT }, { "fok", BOT_LIMIT }, { "ioc", BOT_LIMIT }, { "optimal_limit_ioc", BOT_MARKET }, { "mmp", BOT_LIMIT }, { "mmp_and_post_only", BOT_LIMIT }, { "op_fok", BOT_LIMIT } };
    static const struct word tifs[] = { { "limit", BOT_GTC }, { "market", BOT_TIF_NONE }, { "post_only", BOT_POST_ONLY }, { "fok", BOT_FOK }, { "ioc", BOT_IOC }, { "optimal_limit_ioc", BOT_IOC }, { "mmp", BOT_GTC }, { "mmp_and_post_only", BOT_POST_ONLY }, { "op_fok", BOT_FOK } };
    static const struct word makers[] = { { "post_only", true }, { "mmp_and_post_only", true }, { "limit", false } };
    static const struct word sides[] = { { "buy", BOT_BUY }, { "sell", BOT_SELL } };
    static const struct word legs[] = { { "net", BOT_LEG_NET }, { "long", BOT_LEG_LONG }, { "short", BOT_LEG_SHORT } };
    static const struct word categories[] = { { "normal", BOT_FILL_TRADE }, { "twap", BOT_FILL_TRADE }, { "ddh", BOT_FILL_TRADE }, { "iceberg", BOT_FILL_TRADE }, { "oco", BOT_FILL_TRADE }, { "conditional", BOT_FILL_TRADE },
        { "move_order_stop", BOT_FILL_TRADE }, { "trigger", BOT_FILL_TRADE }, { "full_liquidation", BOT_FILL_LIQUIDATION }, { "partial_liquidation", BOT_FILL_LIQUIDATION }, { "adl", BOT_FILL_ADL }, { "delivery", BOT_FILL_SETTLEMENT },
        { "auto_conversion", BOT_FILL_TRANSFER }, { "something_new", BOT_FILL_UNKNOWN } };
    static const struct word execs[] = { { "M", BOT_MAKER }, { "T", BOT_TAKER } };
    static const struct word subs[] = { { "1", BOT_FILL_TRADE }, { "6", BOT_FILL_TRADE }, { "131", BOT_FILL_TRADE }, { "132", BOT_FILL_TRADE }, { "100", BOT_FILL_LIQUIDATION }, { "107", BOT_FILL_LIQUIDATION }, { "111", BOT_FILL_LIQUIDATION },
        { "125", BOT_FILL_ADL }, { "128", BOT_FILL_ADL }, { "112", BOT_FILL_SETTLEMENT }, { "113", BOT_FILL_SETTLEMENT }, { "117", BOT_FILL_SETTLEMENT }, { "170", BOT_FILL_SETTLEMENT }, { "172", BOT_FILL_SETTLEMENT }, { "204", BOT_FILL_BLOCK },
        { "209", BOT_FILL_BLOCK }, { "114", BOT_FILL_TRANSFER }, { "115", BOT_FILL_TRANSFER }, { "118", BOT_FILL_TRANSFER }, { "119", BOT_FILL_TRANSFER }, { "200", BOT_FILL_TRANSFER }, { "203", BOT_FILL_TRANSFER }, { "0", BOT_FILL_UNKNOWN }, { "7", BOT_FILL_UNKNOWN },
        { "99", BOT_FILL_UNKNOWN }, { "116", BOT_FILL_UNKNOWN }, { "124", BOT_FILL_UNKNOWN }, { "129", BOT_FILL_UNKNOWN }, { "169", BOT_FILL_UNKNOWN }, { "173", BOT_FILL_UNKNOWN }, { "174", BOT_FILL_UNKNOWN }, { "199", BOT_FILL_UNKNOWN },
        { "210", BOT_FILL_UNKNOWN }, { "", BOT_FILL_TRADE } };
    start("okx");
    CHECK(VENUE_CALL_NONE, ORDER("#", "limit", "buy", "net"), BOT_EV_ORDER, states, status, -1);
    CHECK(VENUE_CALL_NONE, ORDER("live", "#", "buy", "net"), BOT_EV_ORDER, types, type, BOT_TYPE_NONE);
    CHECK(VENUE_CALL_NONE, ORDER("live", "#", "buy", "net"), BOT_EV_ORDER, tifs, tif, BOT_TIF_NONE);
    CHECK(VENUE_CALL_NONE, ORDER("live", "#", "buy", "net"), BOT_EV_ORDER, makers, post_only, false);
    CHECK(VENUE_CALL_NONE, ORDER("live", "limit", "#", "net"), BOT_EV_ORDER, sides, side, -1);
    CHECK(VENUE_CALL_NONE, ORDER("live", "limit", "buy", "#"), BOT_EV_ORDER, legs, leg, BOT_LEG_NONE);
    CHECK(VENUE_CALL_NONE, MATCH("normal", "T", "#"), BOT_EV_FILL, legs, fill_leg, BOT_LEG_NONE);
    CHECK(VENUE_CALL_NONE, MATCH("normal", "#", "net"), BOT_EV_FILL, execs, liquidity, BOT_LIQUIDITY_NONE);
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        ck_assert_msg(kind_of_fill(said(VENUE_CALL_NONE, MATCH("#", "T", "net"), categories[i].word, BOT_EV_FILL)) == categories[i].is, "%s", categories[i].word);
    for (size_t i = 0; i < sizeof subs / sizeof *subs; i++)
        ck_assert_msg(kind_of_fill(said(VENUE_CALL_FILLS, LISTED("#", "7"), subs[i].word, BOT_EV_FILL)) == subs[i].is, "%s", subs[i].word);
    ck_assert_int_eq(kind_of_fill(said(VENUE_CALL_FILLS, LISTED("1", "#"), "-7", BOT_EV_FILL)), BOT_FILL_LIQUIDATION); /* a negative id, whatever else is said */
    ck_assert_int_eq(fill_side(said(VENUE_CALL_FILLS, LISTED("1", "#"), "7", BOT_EV_FILL)), BOT_SELL);
#undef ORDER
#undef MATCH
#undef LISTED
    static const char position[] = "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"instType\":\"SWAP\",\"instId\":\"A-B-SWAP\",\"posSide\":\"#\",\"pos\":\"1\",\"uTime\":\"1\"}]}";
    CHECK(VENUE_CALL_POSITIONS, position, BOT_EV_POSITION, legs, position_leg, -1);
    static const struct word contracts[] = { { "linear", BOT_LINEAR }, { "inverse", BOT_INVERSE } };
    CHECK(VENUE_CALL_INSTRUMENTS, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"instType\":\"FUTURES\",\"instId\":\"A-B-C\",\"ctType\":\"#\",\"ctVal\":\"1\",\"ctMult\":\"1\",\"tickSz\":\"1\",\"lotSz\":\"1\",\"state\":\"live\"}]}", BOT_EV_INSTRUMENT, contracts, contract, BOT_CONTRACT_NONE);
    static const struct word listed[] = { { "live", true }, { "suspend", false }, { "preopen", false }, { "expired", false } };
    CHECK(VENUE_CALL_INSTRUMENTS, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"instType\":\"SWAP\",\"instId\":\"A-B-SWAP\",\"ctType\":\"linear\",\"ctVal\":\"1\",\"ctMult\":\"1\",\"tickSz\":\"1\",\"lotSz\":\"1\",\"state\":\"#\"}]}", BOT_EV_INSTRUMENT, listed, tradable, false);
    /* Of conditional orders. */
    static const struct word algo[] = { { "live", BOT_ORDER_UNTRIGGERED }, { "pause", BOT_ORDER_UNTRIGGERED }, { "effective", BOT_ORDER_TRIGGERED }, { "partially_effective", BOT_ORDER_TRIGGERED }, { "canceled", BOT_ORDER_CANCELED },
        { "order_failed", BOT_ORDER_REJECTED }, { "partially_failed", BOT_ORDER_REJECTED } };
    CHECK(VENUE_CALL_NONE, "{\"arg\":{\"channel\":\"orders-algo\"},\"data\":[{\"instType\":\"SWAP\",\"instId\":\"A-B-SWAP\",\"algoId\":\"5\",\"state\":\"#\",\"side\":\"buy\",\"posSide\":\"net\",\"ordType\":\"conditional\",\"sz\":\"1\"}]}", BOT_EV_ORDER, algo, status, -1);
    static const struct word modes[] = { { "ongoing", BOT_STATUS_CLOSED }, { "pre_open", BOT_STATUS_CANCEL_ONLY }, { "scheduled", BOT_STATUS_NORMAL }, { "completed", BOT_STATUS_NORMAL } };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        ck_assert_int_eq(market_status(said(VENUE_CALL_STATUS, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"title\":\"t\",\"state\":\"#\",\"ts\":\"1\"}]}", modes[i].word, BOT_EV_STATUS)), modes[i].is);
    static const struct word trade_sides[] = { { "buy", BOT_BUY }, { "sell", BOT_SELL } };
    CHECK(VENUE_CALL_NONE, "{\"arg\":{\"channel\":\"trades\",\"instId\":\"A-B\"},\"data\":[{\"instId\":\"A-B\",\"tradeId\":\"1\",\"px\":\"1\",\"sz\":\"1\",\"side\":\"#\",\"ts\":\"1\"}]}", BOT_EV_TRADE, trade_sides, trade_side, BOT_SIDE_NONE);
    stop();
}

/* ---- bitFlyer ---- */

TEST(words, of_bitflyer)
{
#define EVENT(event, more) "{\"jsonrpc\":\"2.0\",\"method\":\"channelMessage\",\"params\":{\"channel\":\"child_order_events\",\"message\":[{\"product_code\":\"FX_BTC_JPY\",\"child_order_id\":\"JOR\",\"child_order_acceptance_id\":\"JRF\",\"event_date\":\"2026-01-01T00:00:00Z\",\"event_type\":\"" event "\"" more "}]}}"
    static const struct word events[] = { { "ORDER", BOT_ORDER_OPEN }, { "ORDER_FAILED", BOT_ORDER_REJECTED }, { "CANCEL", BOT_ORDER_CANCELED }, { "EXPIRE", BOT_ORDER_EXPIRED }, { "EXECUTION", BOT_ORDER_FILLED } };
    static const struct word sides[] = { { "BUY", BOT_BUY }, { "SELL", BOT_SELL } };
    static const struct word types[] = { { "LIMIT", BOT_LIMIT }, { "MARKET", BOT_MARKET } };
    start("bitflyer");
    CHECK(VENUE_CALL_NONE, EVENT("#", ",\"side\":\"BUY\",\"size\":1,\"price\":2,\"exec_id\":7,\"outstanding_size\":0,\"commission\":0,\"sfd\":0"), BOT_EV_ORDER, events, status, -1);
    CHECK(VENUE_CALL_NONE, EVENT("EXECUTION", ",\"side\":\"#\",\"size\":1,\"price\":2,\"exec_id\":7,\"outstanding_size\":0"), BOT_EV_FILL, sides, fill_side, -1);
    CHECK(VENUE_CALL_NONE, EVENT("ORDER", ",\"child_order_type\":\"#\",\"side\":\"BUY\",\"size\":1,\"price\":2"), BOT_EV_ORDER, types, type, BOT_TYPE_NONE);
    const bot_event *ack = said(VENUE_CALL_NONE, EVENT("#", ""), "CANCEL_FAILED", BOT_EV_ACK);
    ck_assert(ack != NULL && !ack->ack.accepted && c.n == 1);
    /* What is left over says whether it is the end. */
    ck_assert_int_eq(status(said(VENUE_CALL_NONE, EVENT("EXECUTION", ",\"side\":\"BUY\",\"size\":1,\"price\":2,\"exec_id\":7,\"outstanding_size\":#"), "0.5", BOT_EV_ORDER)), BOT_ORDER_PARTIALLY_FILLED);
#undef EVENT
#define ROW(state, tif, side) "[{\"id\":0,\"child_order_id\":\"JOR\",\"child_order_acceptance_id\":\"JRF\",\"product_code\":\"FX_BTC_JPY\",\"side\":\"" side "\",\"child_order_type\":\"LIMIT\",\"price\":1,\"size\":1,\"child_order_state\":\"" state "\",\"executed_size\":0,\"time_in_force\":\"" tif "\"}]"
    static const struct word states[] = { { "ACTIVE", BOT_ORDER_OPEN }, { "COMPLETED", BOT_ORDER_FILLED }, { "CANCELED", BOT_ORDER_CANCELED }, { "EXPIRED", BOT_ORDER_EXPIRED }, { "REJECTED", BOT_ORDER_REJECTED } };
    static const struct word tifs[] = { { "GTC", BOT_GTC }, { "IOC", BOT_IOC }, { "FOK", BOT_FOK } };
    CHECK(VENUE_CALL_OPEN_ORDERS, ROW("#", "GTC", "BUY"), BOT_EV_ORDER, states, status, -1);
    CHECK(VENUE_CALL_OPEN_ORDERS, ROW("ACTIVE", "#", "BUY"), BOT_EV_ORDER, tifs, tif, BOT_TIF_NONE);
    CHECK(VENUE_CALL_OPEN_ORDERS, ROW("ACTIVE", "GTC", "#"), BOT_EV_ORDER, sides, side, -1);
#undef ROW
    static const char lot[] = "[{\"product_code\":\"FX_BTC_JPY\",\"side\":\"#\",\"price\":1,\"size\":2}]";
    ck_assert_str_eq(dec_text(said(VENUE_CALL_POSITIONS, lot, "BUY", BOT_EV_POSITION)->position.qty), "2");
    ck_assert_str_eq(dec_text(said(VENUE_CALL_POSITIONS, lot, "SELL", BOT_EV_POSITION)->position.qty), "-2");
    ck_assert_ptr_null(said(VENUE_CALL_POSITIONS, lot, "", BOT_EV_POSITION));
    static const struct word health[] = { { "NORMAL", BOT_STATUS_NORMAL }, { "BUSY", BOT_STATUS_BUSY }, { "VERY BUSY", BOT_STATUS_BUSY }, { "SUPER BUSY", BOT_STATUS_BUSY }, { "NO ORDER", BOT_STATUS_CANCEL_ONLY }, { "STOP", BOT_STATUS_STOPPED }, { "SOMETHING_NEW", BOT_STATUS_STOPPED } };
    for (size_t i = 0; i < sizeof health / sizeof *health; i++)
        ck_assert_msg(market_status(said(VENUE_CALL_STATUS, "{\"health\":\"#\",\"state\":\"RUNNING\"}", health[i].word, BOT_EV_STATUS)) == health[i].is, "%s", health[i].word);
    static const struct word board[] = { { "RUNNING", BOT_STATUS_NORMAL }, { "CLOSED", BOT_STATUS_CLOSED }, { "STARTING", BOT_STATUS_CLOSED }, { "PREOPEN", BOT_STATUS_CLOSED }, { "AWAITING SQ", BOT_STATUS_CLOSED }, { "MATURED", BOT_STATUS_CLOSED },
        { "CIRCUIT BREAK", BOT_STATUS_STOPPED }, { "SOMETHING_NEW", BOT_STATUS_STOPPED } };
    for (size_t i = 0; i < sizeof board / sizeof *board; i++)
        ck_assert_msg(market_status(said(VENUE_CALL_STATUS, "{\"health\":\"NORMAL\",\"state\":\"#\"}", board[i].word, BOT_EV_STATUS)) == board[i].is, "%s", board[i].word);
    stop();
}

/* ---- Hyperliquid ---- */

TEST(words, of_hyperliquid)
{
#define FILL(side, dir) "[{\"coin\":\"BTC\",\"px\":\"1\",\"sz\":\"1\",\"side\":\"" side "\",\"time\":1764840678849,\"startPosition\":\"0\",\"dir\":\"" dir "\",\"oid\":5,\"crossed\":true,\"fee\":\"0\",\"feeToken\":\"USDC\",\"tid\":7}]"
#define UPDATE(status, tif, type, trigger) "{\"channel\":\"orderUpdates\",\"data\":[{\"order\":{\"coin\":\"BTC\",\"side\":\"B\",\"limitPx\":\"1\",\"sz\":\"1\",\"oid\":5,\"timestamp\":1,\"origSz\":\"1\",\"tif\":\"" tif "\",\"orderType\":\"" type "\",\"isTrigger\":" trigger ",\"triggerPx\":\"2\"},\"status\":\"" status "\",\"statusTimestamp\":1}]}"
    static const struct word sides[] = { { "B", BOT_BUY }, { "A", BOT_SELL } };
    static const struct word dirs[] = { { "Open Long", BOT_FILL_TRADE }, { "Open Short", BOT_FILL_TRADE }, { "Close Long", BOT_FILL_TRADE }, { "Close Short", BOT_FILL_TRADE }, { "Long > Short", BOT_FILL_TRADE }, { "Short > Long", BOT_FILL_TRADE },
        { "Buy", BOT_FILL_TRADE }, { "Sell", BOT_FILL_TRADE }, { "Liquidated Cross Long", BOT_FILL_LIQUIDATION }, { "Liquidated Isolated Short", BOT_FILL_LIQUIDATION }, { "Auto-Deleveraging", BOT_FILL_ADL }, { "Settlement", BOT_FILL_SETTLEMENT },
        { "Spot Dust Conversion", BOT_FILL_TRANSFER }, { "Net Child Vaults", BOT_FILL_TRANSFER }, { "Something New", BOT_FILL_UNKNOWN }, { "Buyback", BOT_FILL_UNKNOWN } };
    start("hyperliquid");
    CHECK(VENUE_CALL_FILLS, FILL("#", "Buy"), BOT_EV_FILL, sides, fill_side, -1);
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
        ck_assert_msg(kind_of_fill(said(VENUE_CALL_FILLS, FILL("B", "#"), dirs[i].word, BOT_EV_FILL)) == dirs[i].is, "%s", dirs[i].word);
    static const struct word statuses[] = { { "open", BOT_ORDER_OPEN }, { "filled", BOT_ORDER_FILLED }, { "triggered", BOT_ORDER_TRIGGERED }, { "canceled", BOT_ORDER_CANCELED }, { "marginCanceled", BOT_ORDER_CANCELED },
        { "vaultWithdrawalCanceled", BOT_ORDER_CANCELED }, { "openInterestCapCanceled", BOT_ORDER_CANCELED }, { "selfTradeCanceled", BOT_ORDER_CANCELED }, { "reduceOnlyCanceled", BOT_ORDER_CANCELED },
        { "siblingFilledCanceled", BOT_ORDER_CANCELED }, { "delistedCanceled", BOT_ORDER_CANCELED }, { "liquidatedCanceled", BOT_ORDER_CANCELED }, { "scheduledCancel", BOT_ORDER_CANCELED }, { "rejected", BOT_ORDER_REJECTED },
        { "tickRejected", BOT_ORDER_REJECTED }, { "minTradeNtlRejected", BOT_ORDER_REJECTED }, { "perpMarginRejected", BOT_ORDER_REJECTED }, { "badAloPxRejected", BOT_ORDER_REJECTED }, { "iocCancelRejected", BOT_ORDER_REJECTED },
        { "marketOrderNoLiquidityRejected", BOT_ORDER_REJECTED } };
    CHECK(VENUE_CALL_NONE, UPDATE("#", "Gtc", "Limit", "false"), BOT_EV_ORDER, statuses, status, -1);
    static const struct word tifs[] = { { "Gtc", BOT_GTC }, { "Ioc", BOT_IOC }, { "Alo", BOT_POST_ONLY } };
    CHECK(VENUE_CALL_NONE, UPDATE("open", "#", "Limit", "false"), BOT_EV_ORDER, tifs, tif, BOT_TIF_NONE);
    static const struct word types[] = { { "Limit", BOT_LIMIT }, { "Market", BOT_MARKET }, { "Stop Market", BOT_MARKET }, { "Take Profit Market", BOT_MARKET } };
    CHECK(VENUE_CALL_NONE, UPDATE("open", "Gtc", "#", "false"), BOT_EV_ORDER, types, type, BOT_LIMIT);
    ck_assert_int_eq(status(said(VENUE_CALL_NONE, UPDATE("open", "Gtc", "Limit", "#"), "true", BOT_EV_ORDER)), BOT_ORDER_UNTRIGGERED);
#undef FILL
#undef UPDATE
    stop();
}
