/* Binance USD-M: rows and reads. */
#include <stdio.h>
#include <stdlib.h>

#include "binance_internal.h"

#define FILLS_DEFAULT 500
#define FILLS_MAX 1000
#define WEEK_MS (INT64_C(7) * 86400 * 1000)
#define OPEN_MAX 600

/* ---- parameters ------------------------------------------------------------------------------------------------ */

bool bot__simbinance_param(const struct params *p, const char *name, char *buf, size_t size)
{
    if (bot__query(p->query, name, buf, size) && buf[0] != '\0') return true;
    return bot__query(p->body, name, buf, size) && buf[0] != '\0';
}

bool bot__simbinance_fail(struct reply *r, int32_t code, const char *message)
{
    r->code = code;
    r->message = message;
    return false;
}

bool bot__simbinance_symbol(struct simvenue *b, const struct params *p, bool needed, int *ret, struct reply *r)
{
    char text[BOT_SYMBOL_MAX + 1];
    *ret = -1;
    if (!bot__simbinance_param(p, "symbol", text, sizeof text))
        return !needed || bot__simbinance_fail(r, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.");
    *ret = bot__exchange_instrument_find(b->x, text, strlen(text));
    return *ret >= 0 || bot__simbinance_fail(r, -1121, "Invalid symbol.");
}

static int64_t number(const struct params *p, const char *name, int64_t otherwise)
{
    char text[32];
    return bot__simbinance_param(p, name, text, sizeof text) ? atoll(text) : otherwise;
}

/* ---- private lists --------------------------------------------------------------------------------------------- */

static uint32_t open_orders(struct simvenue *b, uint32_t account, int instrument, int64_t as_of)
{
    return bot__exchange_orders_at(b->x, account, instrument, as_of, EXCHANGE_ORDERS_OPEN, b->orders, OPEN_MAX);
}

static void position_row(struct simvenue *b, struct text *t, uint16_t i, uint8_t leg, const struct exchange_position *p)
{
    const struct exchange_instrument *in = &b->instrument[i];
    const int64_t mark = bot__exchange_mark(b->x, i);
    const bot_px entry = bot__exchange_entry(in, p);
    const bot_money size = bot__exchange_value(in, p->lots < 0 ? -p->lots : p->lots, mark);
    const bot_i128 notional = p->lots < 0 ? -size.v : size.v, unrealised = notional - p->cost.v, margin = size.v / in->leverage,
                   maintenance = size.v * in->maintenance_bps / 10000;
    bot__text_put(t, "{'symbol':'%s','positionSide':'%s','positionAmt':'%q','entryPrice':'%z','breakEvenPrice':'%z','markPrice':'%p',"
                     "'unRealizedProfit':'%z','liquidationPrice':'0','isolatedMargin':'0','notional':'%z','marginAsset':'%s','isolatedWallet':'0',"
                     "'initialMargin':'%z','maintMargin':'%z','positionInitialMargin':'%z','openOrderInitialMargin':'0','adl':%d,'bidNotional':'0',"
                     "'askNotional':'0','updateTime':%d}",
                  in->symbol.s, bot__simbinance_leg(leg), in, p->lots, &entry.v, &entry.v, in, mark, &unrealised, &notional, in->settle.s, &margin,
                  &maintenance, &margin, (int64_t)(p->lots != 0 ? 2 : 0), bot__simvenue_ms(b, p->updated_ns));
}

/* v3 lists symbols with a position or an open order, v2 all of them. */
static void read_positions(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    int only;
    struct view view;
    if (!bot__simbinance_symbol(b, p, false, &only, r)) return;
    bot__simvenue_view(b, c, &view);
    struct list l = { .t = &r->body };
    bot__text_put(&r->body, "[");
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        if (only >= 0 && only != i) continue;
        const bool hedge = bot__exchange_hedge(b->x, c->account, i);
        const bool ordered = open_orders(b, c->account, i, view.as_of) > 0;
        for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
            if ((leg == BOT_LEG_NET) == hedge) continue;
            struct exchange_position at;
            bot__exchange_position_at(b->x, c->account, i, (bot_leg)leg, view.as_of, &at);
            if (c->route == ROUTE_POSITIONS && at.lots == 0 && !ordered) continue;
            if (!bot__simvenue_row_begin(&l, &view)) continue;
            position_row(b, &r->body, i, leg, &at);
            bot__simvenue_row_end(&l, &view);
        }
    }
    bot__text_put(&r->body, "]");
}

static void fill_row(struct simvenue *b, struct text *t, const struct exchange_fill *f)
{
    const struct exchange_instrument *in = &b->instrument[f->instrument];
    bot__text_put(t, "{'symbol':'%s','id':%d,'orderId':%d,'side':'%s','price':'%p','qty':'%q','realizedPnl':'%z','quoteQty':'%z','commission':'%z',"
                     "'commissionAsset':'%s','time':%d,'positionSide':'%s','buyer':%b,'maker':%b}",
                  in->symbol.s, (int64_t)bot__simbinance_trade_id(f->trade), (int64_t)bot__simbinance_order_id(f->order_id),
                  f->side == BOT_BUY ? "BUY" : "SELL", in, f->price_ticks, in, f->lots, &f->pnl.v, &f->value.v, &f->fee.v, in->settle.s,
                  bot__simvenue_ms(b, f->ns), bot__simbinance_leg(f->leg), f->side == BOT_BUY, f->liquidity == BOT_MAKER);
}

/* The window of times that userTrades and income share; false with the error. */
static bool window(struct simvenue *b, const struct params *p, int64_t *ret_from, int64_t *ret_to, struct reply *r)
{
    const int64_t now = bot__simvenue_ms(b, b->now), from = number(p, "startTime", -1), to = number(p, "endTime", -1);
    if (from >= 0 && to >= 0 && (to < from || to - from > WEEK_MS))
        return bot__simbinance_fail(r, -4165, "Invalid time interval: the interval of startTime and endTime must be less than 7 days.");
    *ret_from = from >= 0 ? from : (to >= 0 ? to : now) - WEEK_MS;
    *ret_to = to >= 0 ? to : from >= 0 ? from + WEEK_MS : INT64_MAX;
    return true;
}

/* Ascending; from an id, from a time, or the latest ones. The symbol is required. */
static void read_fills(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    int only;
    struct view view;
    if (!bot__simbinance_symbol(b, p, true, &only, r)) return;
    const int64_t from_id = number(p, "fromId", -1), order = number(p, "orderId", -1), start = number(p, "startTime", -1);
    int64_t limit = number(p, "limit", FILLS_DEFAULT), from, to;
    if (from_id >= 0 && (start >= 0 || number(p, "endTime", -1) >= 0)) {
        bot__simbinance_fail(r, -1128, "Combination of optional parameters invalid.");
        return;
    }
    if (!window(b, p, &from, &to, r)) return;
    if (limit < 1 || limit > FILLS_MAX) limit = FILLS_MAX;
    bot__simvenue_view(b, c, &view);
    struct exchange_fill f;
    uint32_t end = 0;
    int64_t fits = 0;
    for (; bot__exchange_fill_at(b->x, c->account, view.as_of, end, &f); end++) {
        if (f.kind == BOT_FILL_NONE) continue;
        const int64_t ms = bot__simvenue_ms(b, f.ns), id = (int64_t)bot__simbinance_trade_id(f.trade);
        if (from_id >= 0 ? id < from_id : ms < from) break;
        if (f.instrument != only || ms > to || (order >= 0 && (int64_t)bot__simbinance_order_id(f.order_id) != order)) continue;
        fits++;
        if (from_id < 0 && start < 0 && fits == limit) { /* the latest ones */
            end++;
            break;
        }
    }
    struct list l = { .t = &r->body };
    int64_t n = 0;
    bot__text_put(&r->body, "[");
    for (uint32_t i = end; i > 0 && n < limit; i--) {
        if (!bot__exchange_fill_at(b->x, c->account, view.as_of, i - 1, &f)) continue;
        if (f.instrument != only || f.kind == BOT_FILL_NONE || bot__simvenue_ms(b, f.ns) > to ||
            (order >= 0 && (int64_t)bot__simbinance_order_id(f.order_id) != order))
            continue;
        n++;
        if (!bot__simvenue_row_begin(&l, &view)) continue;
        fill_row(b, &r->body, &f);
        bot__simvenue_row_end(&l, &view);
    }
    bot__text_put(&r->body, "]");
}

void bot__simbinance_order_row(struct simvenue *b, struct text *t, const struct exchange_order *o)
{
    const struct exchange_instrument *in = &b->instrument[o->instrument];
    struct exchange_position filled = { .lots = o->cum_lots, .cost = o->cum_value };
    const bot_px average = o->cum_lots > 0 ? bot__exchange_entry(in, &filled) : (bot_px){ 0 };
    char client_id[EXCHANGE_LINK_ID_MAX + 1];
    bot__simbinance_client_id(o->link_id, o->origin, o->id, client_id);
    const char *type = o->type == BOT_MARKET ? "MARKET" : "LIMIT";
    bot__text_put(t, "{'orderId':%d,'symbol':'%s','status':'%s','clientOrderId':'%s','price':'", (int64_t)bot__simbinance_order_id(o->id), in->symbol.s,
                  bot__simbinance_status(o), client_id);
    if (o->type == BOT_MARKET) bot__text_put(t, "0");
    else bot__text_put(t, "%p", in, o->price_ticks);
    bot__text_put(t, "','avgPrice':'%z','origQty':'%q','executedQty':'%q','cumQuote':'%z','timeInForce':'%s','type':'%s','reduceOnly':%b,"
                     "'closePosition':false,'side':'%s','positionSide':'%s','stopPrice':'0','workingType':'CONTRACT_PRICE','priceProtect':false,"
                     "'origType':'%s','priceMatch':'NONE','selfTradePreventionMode':'NONE','goodTillDate':0,'time':%d,'updateTime':%d}",
                  &average.v, in, o->lots, in, o->cum_lots, &o->cum_value.v, bot__simbinance_tif(o->tif), type, o->reduce_only,
                  o->side == BOT_BUY ? "BUY" : "SELL", bot__simbinance_leg(o->leg), type, bot__simvenue_ms(b, o->created_ns),
                  bot__simvenue_ms(b, o->updated_ns));
}

static void read_open_orders(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    int only;
    struct view view;
    if (!bot__simbinance_symbol(b, p, false, &only, r)) return;
    bot__simvenue_view(b, c, &view);
    const uint32_t n = open_orders(b, c->account, only, view.as_of);
    struct list l = { .t = &r->body };
    bot__text_put(&r->body, "[");
    for (uint32_t i = n; i > 0; i--) {
        if (!bot__simvenue_row_begin(&l, &view)) continue;
        bot__simbinance_order_row(b, &r->body, &b->orders[i - 1]);
        bot__simvenue_row_end(&l, &view);
    }
    bot__text_put(&r->body, "]");
}

/* As the order was then; stale answers know nothing of what came later. */
static void read_order(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    int only;
    struct view view;
    char id[32] = "", client_id[64] = "", shown[EXCHANGE_LINK_ID_MAX + 1];
    if (!bot__simbinance_symbol(b, p, true, &only, r)) return;
    const bool by_id = bot__simbinance_param(p, "orderId", id, sizeof id);
    if (!by_id && !bot__simbinance_param(p, "origClientOrderId", client_id, sizeof client_id)) {
        bot__simbinance_fail(r, -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
        return;
    }
    bot__simvenue_view(b, c, &view);
    const bool forgotten = bot__faults_hit(&b->faults, FAULT_REST_FORGET, FAULT_ON_ORDER, c->account, b->now) != NULL;
    for (int which = EXCHANGE_ORDERS_OPEN; which <= EXCHANGE_ORDERS_DONE; which++) {
        const uint32_t n = bot__exchange_orders_at(b->x, c->account, only, view.as_of, (enum exchange_which)which, b->orders, OPEN_MAX);
        for (uint32_t i = 0; i < n; i++) {
            bot__simbinance_client_id(b->orders[i].link_id, b->orders[i].origin, b->orders[i].id, shown);
            if (by_id ? b->orders[i].id != bot__simbinance_order_read(id) : strcmp(shown, client_id) != 0) continue;
            if (forgotten) {
                bot__faults_bit(&b->faults, FAULT_REST_FORGET);
                bot__simbinance_fail(r, -2013, "Order does not exist.");
                return;
            }
            bot__simbinance_order_row(b, &r->body, &b->orders[i]);
            return;
        }
    }
    bot__simbinance_fail(r, -2013, "Order does not exist.");
}

static void read_balance(struct simvenue *b, const struct call *c, struct reply *r)
{
    struct view view;
    bot__simvenue_view(b, c, &view);
    struct list l = { .t = &r->body };
    const bool whole = c->route == ROUTE_ACCOUNT;
    bot__text_put(&r->body, whole ? "{'feeTier':0,'canTrade':true,'canDeposit':true,'canWithdraw':true,'multiAssetsMargin':false,'assets':[" : "[");
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        const bot_currency *coin = &b->instrument[i].settle;
        if (!first_of_coin(b, i) || !bot__simvenue_row_begin(&l, &view)) continue;
        const bot_i128 v = bot__simvenue_balance_at(b, c->account, coin, view.as_of);
        if (whole)
            bot__text_put(&r->body, "{'asset':'%s','walletBalance':'%z','unrealizedProfit':'0','marginBalance':'%z','crossWalletBalance':'%z',"
                                    "'availableBalance':'%z','maxWithdrawAmount':'%z','updateTime':%d}",
                          coin->s, &v, &v, &v, &v, &v, bot__simvenue_ms(b, b->now));
        else
            bot__text_put(&r->body, "{'accountAlias':'paper','asset':'%s','balance':'%z','crossWalletBalance':'%z','crossUnPnl':'0',"
                                    "'availableBalance':'%z','maxWithdrawAmount':'%z','marginAvailable':true,'updateTime':%d}",
                          coin->s, &v, &v, &v, &v, bot__simvenue_ms(b, b->now));
        bot__simvenue_row_end(&l, &view);
    }
    bot__text_put(&r->body, whole ? "],'positions':[]}" : "]");
}

static void income_row(struct simvenue *b, struct list *l, const struct view *view, const struct exchange_fill *f, const char *type, bot_i128 amount)
{
    const struct exchange_instrument *in = &b->instrument[f->instrument];
    if (!bot__simvenue_row_begin(l, view)) return;
    bot__text_put(l->t, "{'symbol':'%s','incomeType':'%s','income':'%z','asset':'%s','time':%d,'info':'','tranId':%d,'tradeId':'", in->symbol.s, type, &amount,
                  in->settle.s, bot__simvenue_ms(b, f->ns), (int64_t)(9689000000 + f->id));
    if (f->kind != BOT_FILL_NONE) bot__text_put(l->t, "%d", (int64_t)bot__simbinance_trade_id(f->trade));
    bot__text_put(l->t, "'}");
    bot__simvenue_row_end(l, view);
}

static void read_income(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    int only;
    struct view view;
    int64_t from, to;
    char type[32] = "";
    if (!bot__simbinance_symbol(b, p, false, &only, r) || !window(b, p, &from, &to, r)) return;
    bot__simbinance_param(p, "incomeType", type, sizeof type);
    const int64_t limit = number(p, "limit", 100);
    bot__simvenue_view(b, c, &view);
    struct exchange_fill f;
    uint32_t end = 0;
    while (bot__exchange_fill_at(b->x, c->account, view.as_of, end, &f) && bot__simvenue_ms(b, f.ns) >= from) end++;
    struct list l = { .t = &r->body };
    bot__text_put(&r->body, "[");
    for (uint32_t i = end; i > 0 && l.written < limit; i--) {
        if (!bot__exchange_fill_at(b->x, c->account, view.as_of, i - 1, &f) || (only >= 0 && f.instrument != only) || bot__simvenue_ms(b, f.ns) > to) continue;
        const bool funding = f.kind == BOT_FILL_NONE;
        if (type[0] == '\0' || strcmp(type, funding ? "FUNDING_FEE" : "COMMISSION") == 0)
            income_row(b, &l, &view, &f, funding ? "FUNDING_FEE" : "COMMISSION", -f.fee.v);
        if (!funding && f.closed_lots > 0 && (type[0] == '\0' || strcmp(type, "REALIZED_PNL") == 0))
            income_row(b, &l, &view, &f, "REALIZED_PNL", f.pnl.v);
    }
    bot__text_put(&r->body, "]");
}

/* ---- public ---------------------------------------------------------------------------------------------------- */

static void read_info(struct simvenue *b, const struct call *c, struct reply *r)
{
    struct view view;
    bot__simvenue_view(b, c, &view);
    struct list l = { .t = &r->body };
    bot__text_put(&r->body, "{'timezone':'UTC','serverTime':%d,'futuresType':'U_MARGINED','rateLimits':["
                            "{'rateLimitType':'REQUEST_WEIGHT','interval':'MINUTE','intervalNum':1,'limit':%d},"
                            "{'rateLimitType':'ORDERS','interval':'SECOND','intervalNum':10,'limit':300},"
                            "{'rateLimitType':'ORDERS','interval':'MINUTE','intervalNum':1,'limit':1200}],'exchangeFilters':[],'assets':[],'symbols':[",
                  bot__simvenue_ms(b, b->now), (int64_t)b->opt.weight_limit);
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        const struct exchange_instrument *in = &b->instrument[i];
        if (!bot__simvenue_row_begin(&l, &view)) continue;
        bot__text_put(&r->body, "{'symbol':'%s','pair':'%s','contractType':'PERPETUAL','deliveryDate':4133404800000,'onboardDate':1569398400000,"
                                "'status':'TRADING','baseAsset':'%s','quoteAsset':'%s','marginAsset':'%s','pricePrecision':%d,'quantityPrecision':%d,"
                                "'baseAssetPrecision':8,'quotePrecision':8,'underlyingType':'COIN','triggerProtect':'0.0500','filters':["
                                "{'filterType':'PRICE_FILTER','minPrice':'%p','maxPrice':'%p','tickSize':'%p'},"
                                "{'filterType':'LOT_SIZE','minQty':'%q','maxQty':'%q','stepSize':'%q'},"
                                "{'filterType':'MARKET_LOT_SIZE','minQty':'%q','maxQty':'%q','stepSize':'%q'},"
                                "{'filterType':'MAX_NUM_ORDERS','limit':200},{'filterType':'MIN_NOTIONAL','notional':'%m'},"
                                "{'filterType':'PERCENT_PRICE','multiplierUp':'1.0500','multiplierDown':'0.9500','multiplierDecimal':'4'}],"
                                "'orderTypes':['LIMIT','MARKET'],'timeInForce':['GTC','IOC','FOK','GTX']}",
                      in->symbol.s, in->symbol.s, in->base.s, in->quote.s, in->settle.s, (int64_t)in->tick.scale, (int64_t)in->lot.scale, in, INT64_C(1), in,
                      INT64_C(19999998), in, INT64_C(1), in, in->lots_min, in, in->lots_max, in, INT64_C(1), in, in->lots_min, in, in->lots_max_market, in,
                      INT64_C(1), &in->notional_min.v);
        bot__simvenue_row_end(&l, &view);
    }
    bot__text_put(&r->body, "]}");
}

/* What the sockets were told goes out first, so that snapshot and messages are of one piece. */
static void read_depth(struct simvenue *b, const struct params *p, struct reply *r)
{
    int i;
    if (!bot__simbinance_symbol(b, p, true, &i, r)) return;
    const struct exchange_instrument *in = &b->instrument[i];
    struct feed *f = bot__simvenue_feed(b, (uint16_t)i, 2);
    int64_t limit = number(p, "limit", 500);
    if (f->told) bot__simbinance_book(b, (uint16_t)i, 2);
    else {
        bot__simvenue_book_read(b, (uint16_t)i, 2, f);
        f->told = true;
        f->u = 1000000 + (int64_t)(b->opt.seed % 1000);
    }
    if (limit < 5) limit = 5;
    const int64_t ms = bot__simvenue_ms(b, b->now);
    bot__text_put(&r->body, "{'lastUpdateId':%d,'E':%d,'T':%d", f->u + 1, ms, ms);
    for (int s = 0; s < 2; s++) {
        bot__text_put(&r->body, ",'%s':[", s == 0 ? "bids" : "asks");
        for (uint32_t k = 0; k < f->n[s] && k < limit; k++)
            bot__text_put(&r->body, "%s['%p','%q']", k > 0 ? "," : "", in, f->side[s][k].price_ticks, in, f->side[s][k].lots);
        bot__text_put(&r->body, "]");
    }
    bot__text_put(&r->body, "}");
}

static void read_trades(struct simvenue *b, const struct params *p, struct reply *r)
{
    int i;
    if (!bot__simbinance_symbol(b, p, true, &i, r)) return;
    const struct exchange_instrument *in = &b->instrument[i];
    const uint64_t limit = (uint64_t)number(p, "limit", 500), kept = b->recent_n[i] < 64 ? b->recent_n[i] : 64, n = limit < kept ? limit : kept;
    bot__text_put(&r->body, "[");
    for (uint64_t k = b->recent_n[i] - n; k < b->recent_n[i]; k++) {
        const struct exchange_trade *t = &b->recent[i][k % 64];
        bot__text_put(&r->body, "%s{'a':%d,'p':'%p','q':'%q','f':%d,'l':%d,'T':%d,'m':%b}", k > b->recent_n[i] - n ? "," : "", (int64_t)t->id, in,
                      t->price_ticks, in, t->lots, (int64_t)bot__simbinance_trade_id(t->id), (int64_t)bot__simbinance_trade_id(t->id), bot__simvenue_ms(b, t->ns), t->side == BOT_SELL);
    }
    bot__text_put(&r->body, "]");
}

void bot__simbinance_read(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    switch (c->route) {
    case ROUTE_TIME: bot__text_put(&r->body, "{'serverTime':%d}", bot__simvenue_ms(b, b->now)); break;
    case ROUTE_INFO: read_info(b, c, r); break;
    case ROUTE_DEPTH: read_depth(b, p, r); break;
    case ROUTE_AGG_TRADES: read_trades(b, p, r); break;
    case ROUTE_POSITIONS:
    case ROUTE_POSITIONS_V2: read_positions(b, c, p, r); break;
    case ROUTE_TRADES: read_fills(b, c, p, r); break;
    case ROUTE_OPEN_ORDERS: read_open_orders(b, c, p, r); break;
    case ROUTE_ORDER: read_order(b, c, p, r); break;
    case ROUTE_BALANCE:
    case ROUTE_ACCOUNT: read_balance(b, c, r); break;
    case ROUTE_INCOME: read_income(b, c, p, r); break;
    default: bot__text_put(&r->body, "{'dualSidePosition':%b}", bot__exchange_hedge(b->x, c->account, 0)); break;
    }
}
