/* What the paper exchange says of itself: rows, private topics, public trades and books. */
#include <stdio.h>

#include "bybit_internal.h"

/* ---- ids ------------------------------------------------------------------------------------------------------- */

static uint64_t scramble(const struct simvenue *b, uint32_t salt, uint64_t id)
{
    struct sim_rng r = bot__sim_rng(b->opt.seed * 31 + salt, id);
    return bot__sim_rng_next(&r);
}

/* The last twelve digits are the number, so that a client's question needs no table. */
void bot__simbybit_uuid(const struct simvenue *b, uint32_t salt, uint64_t id, char ret[37])
{
    static const char digits[] = "0123456789abcdef";
    static const struct { uint8_t from, to; } scrambled[] = { { 0, 8 }, { 9, 13 }, { 14, 18 }, { 19, 23 } };
    uint64_t high = scramble(b, salt, id);
    for (int g = 0; g < 4; g++) {
        for (int i = scrambled[g].from; i < scrambled[g].to; i++, high >>= 4) ret[i] = digits[high & 15];
        ret[scrambled[g].to] = '-';
    }
    ret[14] = '5';
    for (int i = 35; i > 23; i--, id >>= 4) ret[i] = digits[id & 15];
    ret[36] = '\0';
}

uint64_t bot__simbybit_uuid_read(const struct simvenue *b, uint32_t salt, const char *text)
{
    if (strlen(text) != 36) return 0;
    uint64_t id = 0;
    for (int i = 24; i < 36; i++) {
        const char c = text[i];
        const int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0) return 0;
        id = id << 4 | (uint64_t)d;
    }
    char again[37];
    bot__simbybit_uuid(b, salt, id, again);
    return strcmp(again, text) == 0 ? id : 0;
}

const char *bot__simbybit_category(const struct exchange_instrument *in) { return in->contract == BOT_LINEAR ? "linear" : "inverse"; }

/* ---- rows ------------------------------------------------------------------------------------------------------ */

static const char *side_word(uint8_t side) { return side == BOT_BUY ? "Buy" : side == BOT_SELL ? "Sell" : ""; }
static int64_t leg_index(uint8_t leg) { return leg == BOT_LEG_LONG ? 1 : leg == BOT_LEG_SHORT ? 2 : 0; }

void bot__simbybit_fill_row(struct simvenue *b, struct text *t, const struct exchange_fill *f, bool ws)
{
    const struct exchange_instrument *in = &b->instrument[f->instrument];
    char order[37], exec[37];
    bot__simbybit_uuid(b, SALT_ORDER, f->order_id, order);
    const bool shared = b->opt.exec_ids_shared && f->trade != 0;
    bot__simbybit_uuid(b, shared ? SALT_TRADE : SALT_EXEC, shared ? f->trade : f->id, exec);
    const bool funding = f->kind == BOT_FILL_NONE;
    const char *type = funding ? "Funding" : f->kind == BOT_FILL_ADL ? "AdlTrade" : f->kind == BOT_FILL_LIQUIDATION ? "BustTrade" : "Trade";
    const char *create = funding ? "" : f->origin == EXCHANGE_BY_USER ? "CreateByUser"
                         : f->origin == EXCHANGE_BY_ADL ? "CreateByAdl_PassThrough" : "CreateByLiq";
    const bot_i128 rate = (bot_i128)f->fee_e8 * 10000000000;
    bot__text_put(t, "{");
    if (ws) bot__text_put(t, "'category':'%s',", bot__simbybit_category(in));
    bot__text_put(t, "'symbol':'%s','orderId':'%s','orderLinkId':'%s','side':'%s','orderPrice':'", in->symbol.s, order, f->link_id,
                  side_word(f->side));
    if (funding) bot__text_put(t, "0','orderQty':'0','leavesQty':'0','orderType':'UNKNOWN'");
    else bot__text_put(t, "%p','orderQty':'%q','leavesQty':'%q','orderType':'%s'", in, f->order_price_ticks, in, f->order_lots, in,
                       f->leaves_lots, f->type == BOT_MARKET ? "Market" : "Limit");
    bot__text_put(t, ",'createType':'%s','stopOrderType':'UNKNOWN','execFee':'%m','execId':'%s','execPrice':'%p','execQty':'%q',"
                     "'execType':'%s','execValue':'%z','execTime':'%d','feeCurrency':'%s','isMaker':%b,'feeRate':'%m','tradeIv':'',"
                     "'markIv':'','markPrice':'%p','indexPrice':'','underlyingPrice':'','blockTradeId':'','closedSize':'",
                  create, &f->fee.v, exec, in, f->price_ticks, in, f->lots, type, &f->value.v, bot__simvenue_ms(b, f->ns),
                  funding ? "" : in->settle.s, f->liquidity == BOT_MAKER, &rate, in, f->mark_ticks);
    if (f->closed_lots == 0) bot__text_put(t, "0");
    else bot__text_put(t, "%q", in, f->closed_lots);
    bot__text_put(t, "','seq':%d", f->seq);
    if (ws) bot__text_put(t, ",'isLeverage':'0','marketUnit':'','execPnl':'%z'", &f->pnl.v);
    bot__text_put(t, "}");
}

static const char *status_word(uint8_t s)
{
    return s == BOT_ORDER_OPEN ? "New" : s == BOT_ORDER_PARTIALLY_FILLED ? "PartiallyFilled" : s == BOT_ORDER_FILLED ? "Filled" : "Cancelled";
}

static const char *reject_word(uint8_t end)
{
    return end == EXCHANGE_END_POST_ONLY ? "EC_PostOnlyWillTakeLiquidity" : end == EXCHANGE_END_NO_FILL ? "EC_NoImmediateQtyToFill"
           : end == EXCHANGE_END_BY_USER ? "EC_PerCancelRequest" : "EC_NoError";
}

static const char *cancel_word(uint8_t end)
{
    return end == EXCHANGE_END_BY_USER ? "CancelByUser" : end == EXCHANGE_END_REDUCE_ONLY ? "CancelByReduceOnly"
           : end == EXCHANGE_END_LIQUIDATION ? "CancelByPrepareLiq" : end == EXCHANGE_END_BY_VENUE ? "CancelByAdmin" : "UNKNOWN";
}

void bot__simbybit_order_row(struct simvenue *b, struct text *t, const struct exchange_order *o, bool ws)
{
    const struct exchange_instrument *in = &b->instrument[o->instrument];
    static const char *const tifs[] = { "GTC", "GTC", "IOC", "FOK", "PostOnly" };
    char id[37];
    bot__simbybit_uuid(b, SALT_ORDER, o->id, id);
    bot__text_put(t, "{");
    if (ws) bot__text_put(t, "'category':'%s',", bot__simbybit_category(in));
    bot__text_put(t, "'orderId':'%s','orderLinkId':'%s','blockTradeId':'','symbol':'%s','price':'%p','qty':'%q','side':'%s',"
                     "'isLeverage':'','positionIdx':%d,'orderStatus':'%s','cancelType':'%s','rejectReason':'%s','avgPrice':'",
                  id, o->link_id, in->symbol.s, in, o->price_ticks, in, o->lots, side_word(o->side), leg_index(o->leg),
                  status_word(o->status), cancel_word(o->end), reject_word(o->end));
    if (o->cum_lots > 0) {
        struct exchange_position p = { .lots = o->cum_lots, .cost = o->cum_value };
        const bot_px average = bot__exchange_entry(in, &p);
        bot__text_put(t, "%z", &average.v);
    }
    const bot_money left = bot__exchange_value(in, o->leaves_lots, o->price_ticks);
    bot__text_put(t, "','leavesQty':'%q','leavesValue':'%z','cumExecQty':'%q','cumExecValue':'%z','cumExecFee':'%m','timeInForce':'%s',"
                     "'orderType':'%s','stopOrderType':'','orderIv':'','triggerPrice':'','takeProfit':'','stopLoss':'',"
                     "'tpTriggerBy':'','slTriggerBy':'','triggerDirection':0,'triggerBy':'','lastPriceOnCreated':'%p',"
                     "'reduceOnly':%b,'closeOnTrigger':false,'smpType':'None','smpGroup':0,'smpOrderId':'','tpslMode':'',"
                     "'tpLimitPrice':'','slLimitPrice':'','placeType':'','createdTime':'%d','updatedTime':'%d',"
                     "'createType':'%s','cumFeeDetail':{",
                  in, o->leaves_lots, &left.v, in, o->cum_lots, &o->cum_value.v, &o->cum_fee.v, tifs[o->tif],
                  o->type == BOT_MARKET ? "Market" : "Limit", in, o->mark_ticks_created, o->reduce_only,
                  bot__simvenue_ms(b, o->created_ns), bot__simvenue_ms(b, o->updated_ns),
                  o->origin == EXCHANGE_BY_USER ? "CreateByUser" : o->origin == EXCHANGE_BY_ADL ? "CreateByAdl_PassThrough" : "CreateByLiq");
    if (o->cum_lots > 0) bot__text_put(t, "'%s':'%m'", in->settle.s, &o->cum_fee.v);
    bot__text_put(t, "}");
    if (ws) bot__text_put(t, ",'feeCurrency':'%s','closedPnl':'0'", in->settle.s);
    bot__text_put(t, "}");
}

void bot__simbybit_position_row(struct simvenue *b, struct text *t, uint32_t account, uint16_t instrument, uint8_t leg,
                                const struct exchange_position *p, bool ws)
{
    const struct exchange_instrument *in = &b->instrument[instrument];
    const int64_t size = p->lots < 0 ? -p->lots : p->lots, mark = bot__exchange_mark(b->x, instrument);
    const bot_px entry = bot__exchange_entry(in, p);
    const bot_money value = bot__exchange_value(in, size, mark);
    const bot_i128 cost = p->cost.v < 0 ? -p->cost.v : p->cost.v, margin = cost / in->leverage;
    bot_i128 unrealised = (p->lots < 0 ? -value.v : value.v) - p->cost.v;
    if (in->contract == BOT_INVERSE) unrealised = -unrealised;
    const bot_i128 realised = p->realised.v - p->fees.v - p->funding.v, maintenance = value.v * in->maintenance_bps / 10000;
    (void)account;
    bot__text_put(t, "{'positionIdx':%d,'riskId':1,'riskLimitValue':'2000000','symbol':'%s','side':'%s','size':'", leg_index(leg),
                  in->symbol.s, p->lots > 0 ? "Buy" : p->lots < 0 ? "Sell" : "");
    if (size == 0) bot__text_put(t, "0");
    else bot__text_put(t, "%q", in, size);
    bot__text_put(t, "','%s':'%z','positionValue':'", ws ? "entryPrice" : "avgPrice", &entry.v);
    if (size > 0 || ws) bot__text_put(t, "%z", &cost);
    bot__text_put(t, "','tradeMode':0,'positionStatus':'Normal','autoAddMargin':0,'adlRankIndicator':%d,'leverage':'%d',"
                     "'positionBalance':'0','markPrice':'%p','liqPrice':'','bustPrice':'','positionMM':'%z','positionIM':'%z',"
                     "'tpslMode':'Full','takeProfit':'','stopLoss':'','trailingStop':'0','unrealisedPnl':'",
                  (int64_t)(size > 0 ? 2 : 0), (int64_t)in->leverage, in, mark, &maintenance, &margin);
    if (size > 0 || ws) bot__text_put(t, "%z", &unrealised);
    bot__text_put(t, "','curRealisedPnl':'%z','cumRealisedPnl':'%z','seq':%d,'isReduceOnly':false,'mmrSysUpdatedTime':'',"
                     "'leverageSysUpdatedTime':'','sessionAvgPrice':'','createdTime':'%d','updatedTime':'%d'",
                  &realised, &realised, p->seq, bot__simvenue_ms(b, p->created_ns != 0 ? p->created_ns : b->start_ns),
                  bot__simvenue_ms(b, p->updated_ns != 0 ? p->updated_ns : b->start_ns));
    if (ws) bot__text_put(t, ",'category':'%s'", bot__simbybit_category(in));
    bot__text_put(t, "}");
}

void bot__simbybit_wallet_row(struct simvenue *b, struct text *t, uint32_t account, int64_t as_of_ns)
{
    bot_i128 total = 0;
    bool comma = false;
    static const char head[] = "{'accountIMRate':'0','accountMMRate':'0','accountLTV':'0','accountType':'UNIFIED','coin':[";
    bot__text_put(t, head);
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        const bot_currency *c = &b->instrument[i].settle;
        bool seen = false;
        for (uint16_t k = 0; k < i; k++)
            seen |= b->instrument[k].settle.len == c->len && memcmp(b->instrument[k].settle.s, c->s, c->len) == 0;
        if (seen) continue;
        const bot_i128 v = bot__simvenue_balance_at(b, account, c, as_of_ns);
        bot_i128 unrealised = 0;
        for (uint16_t k = i; k < b->instruments_n; k++) {
            if (b->instrument[k].settle.len != c->len || memcmp(b->instrument[k].settle.s, c->s, c->len) != 0) continue;
            struct exchange_truth truth;
            bot__exchange_truth(b->x, account, k, &truth);
            unrealised += truth.unrealised.v;
        }
        const bot_i128 equity = v + unrealised;
        if (b->instrument[i].contract == BOT_LINEAR) total += equity;
        bot__text_put(t, "%s{'coin':'%s','equity':'%m','usdValue':'%z','walletBalance':'%m','availableToWithdraw':'','availableToBorrow':'',"
                         "'borrowAmount':'0','accruedInterest':'0','totalOrderIM':'0','totalPositionIM':'0','totalPositionMM':'0',"
                         "'unrealisedPnl':'%m','cumRealisedPnl':'0','bonus':'0','locked':'0','spotHedgingQty':'0',"
                         "'collateralSwitch':true,'marginCollateral':true}",
                      comma ? "," : "", c->s, &equity, &equity, &v, &unrealised);
        comma = true;
    }
    bot__text_put(t, "],'totalEquity':'%z','totalWalletBalance':'%z','totalMarginBalance':'%z','totalAvailableBalance':'%z',"
                     "'totalPerpUPL':'0','totalInitialMargin':'0','totalMaintenanceMargin':'0'}", &total, &total, &total, &total);
}

/* ---- private pushes -------------------------------------------------------------------------------------------- */

static bool row_wanted(const struct simvenue *b, const struct conn *c, const struct row *r, uint32_t topic)
{
    static const enum row_kind kinds[TOPICS] = { ROW_FILL, ROW_ORDER, ROW_POSITION, ROW_WALLET };
    if (r->account != c->account || r->kind != kinds[topic]) return false;
    const uint32_t category = b->instrument[r->instrument].contract == BOT_LINEAR ? 1 : 2;
    return topic == TOPIC_WALLET || (c->categories[topic] & category) != 0;
}

static void topic_send(struct simvenue *b, struct conn *c, uint32_t topic)
{
    static const char *const names[TOPICS] = { "execution", "order", "position", "wallet" };
    const bool split = bot__faults_holds(&b->faults, FAULT_WS_SPLIT, bot__simvenue_topic_bit(topic), c->account, b->now) != NULL;
    for (uint32_t i = 0; i < b->rows_n;) {
        struct text t = bot__text(b->scratch, MESSAGE_MAX);
        uint32_t n = 0;
        for (; i < b->rows_n && (!split || n == 0) && n < 100; i++) {
            const struct row *r = &b->rows[i];
            if (!row_wanted(b, c, r, topic)) continue;
            if (n++ == 0) {
                char suffix[16] = "";
                if (topic != TOPIC_WALLET && c->categories[topic] != 3)
                    snprintf(suffix, sizeof suffix, ".%s", bot__simbybit_category(&b->instrument[r->instrument]));
                bot__text_put(&t, "{'topic':'%s%s','id':'%d_%s_%d','creationTime':%d,'data':[", names[topic], suffix,
                              (int64_t)(b->opt.seed % 100000000 + ++b->message_id), b->instrument[r->instrument].symbol.s,
                              bot__exchange_seq(b->x, r->instrument), bot__simvenue_ms(b, b->now));
            } else bot__text_put(&t, ",");
            switch (r->kind) {
            case ROW_FILL: bot__simbybit_fill_row(b, &t, &r->fill, true); break;
            case ROW_ORDER: bot__simbybit_order_row(b, &t, &r->order, true); break;
            case ROW_POSITION:
                bot__simbybit_position_row(b, &t, r->account, r->instrument, r->leg,
                                           bot__exchange_position(b->x, r->account, r->instrument, (bot_leg)r->leg), true);
                break;
            case ROW_WALLET: bot__simbybit_wallet_row(b, &t, r->account, INT64_MAX); break;
            }
        }
        if (n == 0) return;
        bot__text_put(&t, "]}");
        if (split) bot__faults_hit(&b->faults, FAULT_WS_SPLIT, bot__simvenue_topic_bit(topic), c->account, b->now); /* counts */
        if (!t.full) bot__simvenue_private_send(b, c, topic, &t);
    }
}

void bot__simbybit_rows(struct simvenue *b, struct conn *c)
{
    /* Orders first, then fills: both orders occur at the venue; a client must not care. */
    static const uint32_t order_a[TOPICS] = { TOPIC_ORDER, TOPIC_EXECUTION, TOPIC_POSITION, TOPIC_WALLET };
    static const uint32_t order_b[TOPICS] = { TOPIC_EXECUTION, TOPIC_WALLET, TOPIC_POSITION, TOPIC_ORDER };
    const uint32_t *order = bot__sim_rng_below(&b->rng, 3) == 0 ? order_b : order_a;
    for (uint32_t k = 0; k < TOPICS; k++)
        if (c->topics & 1u << order[k]) topic_send(b, c, order[k]);
}

/* ---- public pushes --------------------------------------------------------------------------------------------- */

void bot__simbybit_trades(struct simvenue *b)
{
    const uint16_t i = b->trades_instrument;
    const struct exchange_instrument *in = &b->instrument[i];
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    bot__text_put(&t, "{'topic':'publicTrade.%s','type':'snapshot','ts':%d,'data':[", in->symbol.s, bot__simvenue_ms(b, b->now));
    int64_t before = b->trade_price_before;
    for (uint32_t k = 0; k < b->trades_n; k++) {
        const struct exchange_trade *tr = &b->trades[k];
        char id[37];
        bot__simbybit_uuid(b, SALT_TRADE, tr->id, id);
        const char *tick = tr->price_ticks > before ? "PlusTick" : tr->price_ticks < before ? "MinusTick" : "ZeroPlusTick";
        before = tr->price_ticks;
        bot__text_put(&t, "%s{'T':%d,'s':'%s','S':'%s','v':'%q','p':'%p','L':'%s','i':'%s','BT':false,'RPI':false,'seq':%d}",
                      k > 0 ? "," : "", bot__simvenue_ms(b, tr->ns), in->symbol.s, tr->side == BOT_BUY ? "Buy" : "Sell", in, tr->lots,
                      in, tr->price_ticks, tick, id, tr->seq);
    }
    bot__text_put(&t, "]}");
    for (uint32_t s = 0; s < b->conns_n && !t.full; s++)
        if (b->conn[s].kind != CONN_FREE && (b->conn[s].trades >> i & 1)) bot__simvenue_public_send(b, &b->conn[s], 0, &t);
}

static const uint32_t depth_levels[DEPTHS] = { 1, 50, 200 };

int bot__simbybit_depth(const char *text)
{
    return strcmp(text, "1") == 0 ? 0 : strcmp(text, "50") == 0 ? 1 : strcmp(text, "200") == 0 ? 2 : -1;
}

static void book_head(struct simvenue *b, struct text *t, uint16_t i, uint32_t depth, const char *type)
{
    bot__text_put(t, "{'topic':'orderbook.%d.%s','type':'%s','ts':%d,'data':{'s':'%s',", (int64_t)depth_levels[depth],
                  b->instrument[i].symbol.s, type, bot__simvenue_ms(b, b->now), b->instrument[i].symbol.s);
}

static void book_tail(struct simvenue *b, struct text *t, uint16_t i, uint32_t depth)
{
    bot__text_put(t, ",'u':%d,'seq':%d},'cts':%d}", bot__simvenue_feed(b, i, depth)->u, bot__exchange_seq(b->x, i), bot__simvenue_ms(b, b->now));
}

static void book_levels(struct simvenue *b, struct text *t, uint16_t i, const struct feed *f)
{
    for (uint32_t s = 0; s < 2; s++) {
        bot__text_put(t, s == 0 ? "'b':[" : ",'a':[");
        for (uint32_t k = 0; k < f->n[s]; k++)
            bot__text_put(t, "%s['%p','%q']", k > 0 ? "," : "", &b->instrument[i], f->side[s][k].price_ticks, &b->instrument[i],
                          f->side[s][k].lots);
        bot__text_put(t, "]");
    }
}

void bot__simbybit_book_snapshot(struct simvenue *b, struct conn *c, uint16_t i, uint32_t depth)
{
    struct feed *f = bot__simvenue_feed(b, i, depth);
    if (!f->told) { /* the first to ask: from here on the deltas are kept */
        bot__simvenue_book_read(b, i, depth, f);
        f->told = true;
        f->u = 1000000 + (int64_t)(b->opt.seed % 1000);
    }
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    book_head(b, &t, i, depth, "snapshot");
    book_levels(b, &t, i, f);
    book_tail(b, &t, i, depth);
    if (!t.full) bot__simvenue_public_send(b, c, 1, &t);
}

void bot__simbybit_book_push(struct simvenue *b, uint16_t i, uint32_t depth)
{
    struct feed *f = bot__simvenue_feed(b, i, depth);
    f->scheduled = false;
    if (!f->told || bot__simvenue_feed_silent(b, FAULT_TOPIC_BOOK)) return; /* a silent book catches up in one delta */
    struct feed now;
    bot__simvenue_book_read(b, i, depth, &now);
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    uint32_t changes;
    f->u++;
    if (depth == 0) {
        book_head(b, &t, i, depth, "snapshot");
        book_levels(b, &t, i, &now);
        changes = 1;
    } else {
        const bool wrong = bot__faults_hit(&b->faults, FAULT_PUB_WRONG, 0, 0, b->now) != NULL;
        book_head(b, &t, i, depth, "delta");
        changes = bot__simvenue_book_diff(b, &t, i, 0, f, &now, wrong);
        changes += bot__simvenue_book_diff(b, &t, i, 1, f, &now, wrong);
    }
    if (changes == 0) {
        f->u--;
        return;
    }
    book_tail(b, &t, i, depth);
    bot__simvenue_book_told(f, &now);
    if (depth > 0 && bot__simvenue_book_lost(b)) return;
    for (uint32_t s = 0; s < b->conns_n && !t.full; s++)
        if (b->conn[s].kind != CONN_FREE && (b->conn[s].book[depth] >> i & 1)) bot__simvenue_public_send(b, &b->conn[s], 1, &t);
}

/* ---- what the exchange tells us -------------------------------------------------------------------------------- */
