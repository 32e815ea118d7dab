/* OKX v5: what is pushed: orders (and in them the fills), positions, balances, trades, books. */
#include <stdio.h>
#include <stdlib.h>

#include "okx_internal.h"

#define ORDER_BASE UINT64_C(1766000000000000000)
#define BILL_BASE INT64_C(1765000000000000000)
#define TRADE_BASE INT64_C(130000000)

/* ---- words ----------------------------------------------------------------------------------------------------- */

uint64_t bot__simokx_order_id(uint64_t id) { return ORDER_BASE + id; }
int64_t bot__simokx_bill_id(uint64_t id) { return BILL_BASE + (int64_t)id; }

uint64_t bot__simokx_order_read(const char *text)
{
    const uint64_t v = strtoull(text, NULL, 10);
    return v > ORDER_BASE ? v - ORDER_BASE : 0;
}

int64_t bot__simokx_public_id(uint64_t trade) { return TRADE_BASE + (int64_t)trade; }

int64_t bot__simokx_trade_id(const struct exchange_fill *f)
{
    const int64_t id = bot__simokx_public_id(f->trade);
    return f->origin == EXCHANGE_BY_USER ? id : -id;
}

const char *bot__simokx_leg(uint8_t leg) { return leg == BOT_LEG_LONG ? "long" : leg == BOT_LEG_SHORT ? "short" : "net"; }

static const char *type_of(uint8_t type, uint8_t tif)
{
    return type == BOT_MARKET ? "market" : tif == BOT_IOC ? "ioc" : tif == BOT_FOK ? "fok" : tif == BOT_POST_ONLY ? "post_only" : "limit";
}

static const char *state_of(const struct exchange_order *o)
{
    switch (o->status) {
    case BOT_ORDER_OPEN: return "live";
    case BOT_ORDER_PARTIALLY_FILLED: return "partially_filled";
    case BOT_ORDER_FILLED: return "filled";
    default: return "canceled";
    }
}

/* The documentation's numbers. */
static const char *cancel_source(const struct exchange_order *o)
{
    switch (o->end) {
    case EXCHANGE_END_BY_USER: return "1";
    case EXCHANGE_END_POST_ONLY: return "31";
    case EXCHANGE_END_NO_FILL: return o->tif == BOT_FOK ? "13" : "14";
    case EXCHANGE_END_REDUCE_ONLY: return "27";
    case EXCHANGE_END_LIQUIDATION: return "3";
    case EXCHANGE_END_BY_VENUE: return "0";
    default: return "";
    }
}

static const char *category(uint8_t origin)
{
    return origin == EXCHANGE_BY_ADL ? "adl" : origin == EXCHANGE_BY_LIQUIDATION ? "partial_liquidation" : "normal";
}

/* ---- orders ---------------------------------------------------------------------------------------------------- */

/* The order's newest match, which its later rows go on showing. */
static bool last_fill(struct simvenue *b, const struct exchange_order *o, struct exchange_fill *ret)
{
    for (uint32_t i = 0; o->cum_lots > 0 && bot__exchange_fill_at(b->x, o->account, INT64_MAX, i, ret); i++)
        if (ret->kind != BOT_FILL_NONE && ret->order_id == o->id) return true;
    return false;
}

/* Fees of the order's matches that are told behind this one. */
static bot_i128 later_fees(const struct simvenue *b, const struct exchange_fill *f)
{
    bot_i128 sum = 0;
    for (uint32_t i = 0; i < b->rows_n; i++)
        if (b->rows[i].kind == ROW_FILL && b->rows[i].fill.kind != BOT_FILL_NONE && b->rows[i].fill.order_id == f->order_id && b->rows[i].fill.id > f->id)
            sum += b->rows[i].fill.fee.v;
    return sum;
}

void bot__simokx_order_row(struct simvenue *b, struct text *t, const struct exchange_order *o, const struct exchange_fill *f, bool push)
{
    struct exchange_fill last;
    const bool told = f != NULL;
    if (!told && last_fill(b, o, &last)) f = &last;
    const struct exchange_instrument *in = &b->instrument[o->instrument];
    const int64_t filled = told ? f->order_lots - f->leaves_lots : o->cum_lots, lots = told ? f->order_lots : o->lots;
    const char *state = !told ? state_of(o) : f->leaves_lots == 0 ? "filled" : "partially_filled";
    const bot_i128 fee = told ? later_fees(b, f) - o->cum_fee.v : -o->cum_fee.v;
    bot__text_put(t, "{'accFillSz':'%q','algoClOrdId':'','algoId':'','avgPx':'", in, filled);
    struct exchange_position whole = { .lots = o->cum_lots, .cost = o->cum_value };
    const bot_px average = filled > 0 && filled == o->cum_lots ? bot__exchange_entry(in, &whole) : (bot_px){ 0 };
    if (average.v != 0) bot__text_put(t, "%z", &average.v);
    bot__text_put(t, "','cTime':'%d','category':'%s','ccy':'','clOrdId':'%s','code':'0','msg':'','fee':'%z','feeCcy':'%s',", bot__simvenue_ms(b, o->created_ns),
                  category(o->origin), o->link_id, &fee, in->settle.s);
    if (f == NULL) {
        bot__text_put(t, "'fillPx':'','fillSz':'0','fillTime':'','tradeId':'',");
        if (push) bot__text_put(t, "'execType':'','fillFee':'0','fillFeeCcy':'','fillPnl':'0',");
    } else {
        const bot_i128 paid = -f->fee.v;
        bot__text_put(t, "'fillPx':'%p','fillSz':'%q','fillTime':'%d','tradeId':'", in, f->price_ticks, in, f->lots, bot__simvenue_ms(b, f->ns));
        if (f->origin == EXCHANGE_BY_USER) bot__text_put(t, "%d',", bot__simokx_trade_id(f));
        else bot__text_put(t, "0',"); /* the fills list has a negative one */
        if (push)
            bot__text_put(t, "'execType':'%s','fillFee':'%z','fillFeeCcy':'%s','fillPnl':'%z',", f->liquidity == BOT_MAKER ? "M" : "T", &paid, in->settle.s,
                          &f->pnl.v);
    }
    const bool ended = !told && strcmp(state, "canceled") == 0;
    bot__text_put(t, "'cancelSource':'%s','instId':'%s','instType':'SWAP','lever':'%d','ordId':'%d','ordType':'%s','pnl':'0','posSide':'%s','px':'",
                  ended ? cancel_source(o) : "", in->symbol.s, (int64_t)in->leverage, (int64_t)bot__simokx_order_id(o->id), type_of(o->type, o->tif),
                  bot__simokx_leg(o->leg));
    if (o->type != BOT_MARKET) bot__text_put(t, "%p", in, told ? f->order_price_ticks : o->price_ticks);
    bot__text_put(t, "','rebate':'0','rebateCcy':'%s','reduceOnly':'%b','side':'%s','state':'%s','sz':'%q','tag':'','tdMode':'cross','tgtCcy':'',"
                     "'uTime':'%d','reqId':'','amendResult':''}",
                  in->settle.s, o->reduce_only && o->leg == BOT_LEG_NET, o->side == BOT_BUY ? "buy" : "sell", state, in, lots,
                  bot__simvenue_ms(b, told ? f->ns : o->updated_ns));
}

/* Matches say what they make of their order: a change of the order beside them says nothing more. */
static bool told_by_fill(const struct simvenue *b, const struct exchange_order *o)
{
    if (o->status != BOT_ORDER_PARTIALLY_FILLED && o->status != BOT_ORDER_FILLED) return false;
    for (uint32_t i = 0; i < b->rows_n; i++)
        if (b->rows[i].kind == ROW_FILL && b->rows[i].account == o->account && b->rows[i].fill.order_id == o->id) return true;
    return o->status == BOT_ORDER_FILLED;
}

static void push_order(struct simvenue *b, struct conn *c, const struct exchange_order *o, const struct exchange_fill *f)
{
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    bot__text_put(&t, "{'arg':{'channel':'orders','instType':'ANY','uid':'%d'},'data':[", (int64_t)c->account);
    bot__simokx_order_row(b, &t, o, f, true);
    bot__text_put(&t, "]}");
    if (!t.full) bot__simvenue_private_send(b, c, f != NULL ? TOPIC_EXECUTION : TOPIC_ORDER, &t);
}

/* ---- positions and balances ------------------------------------------------------------------------------------ */

int64_t bot__simokx_position_trade(struct simvenue *b, uint32_t account, uint16_t instrument, uint8_t leg, int64_t as_of)
{
    struct exchange_fill f;
    for (uint32_t i = 0; bot__exchange_fill_at(b->x, account, as_of, i, &f); i++)
        if (f.kind != BOT_FILL_NONE && f.instrument == instrument && f.leg == leg) return bot__simokx_trade_id(&f);
    return 0;
}

void bot__simokx_position_row(struct simvenue *b, struct text *t, uint16_t i, uint8_t leg, const struct exchange_position *p, int64_t trade_id)
{
    const struct exchange_instrument *in = &b->instrument[i];
    const bot_px entry = bot__exchange_entry(in, p);
    const int64_t mark = bot__exchange_mark(b->x, i);
    bot__text_put(t, "{'instId':'%s','instType':'SWAP','mgnMode':'cross','posId':'%d','posSide':'%s','pos':'%q','avgPx':'", in->symbol.s,
                  (int64_t)(307000000000000000 + i * 4 + leg), bot__simokx_leg(leg), in, leg == BOT_LEG_SHORT ? -p->lots : p->lots);
    if (p->lots != 0) bot__text_put(t, "%z", &entry.v);
    bot__text_put(t, "','ccy':'%s','lever':'%d','liqPx':'','markPx':'%p','margin':'','posCcy':'','tradeId':'", in->settle.s, (int64_t)in->leverage, in, mark);
    if (trade_id != 0) bot__text_put(t, "%d", trade_id);
    bot__text_put(t, "','cTime':'%d','uTime':'%d','pTime':'%d'}", bot__simvenue_ms(b, p->created_ns), bot__simvenue_ms(b, p->updated_ns),
                  bot__simvenue_ms(b, b->now));
}

static void current_row(struct simvenue *b, struct text *t, uint32_t account, uint16_t i, uint8_t leg, uint32_t *n)
{
    if ((*n)++ > 0) bot__text_put(t, ",");
    bot__simokx_position_row(b, t, i, leg, bot__exchange_position(b->x, account, i, (bot_leg)leg),
                             bot__simokx_position_trade(b, account, i, leg, INT64_MAX));
}

static void held_rows(struct simvenue *b, struct text *t, uint32_t account)
{
    uint32_t n = 0;
    for (uint16_t i = 0; i < b->instruments_n; i++)
        for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++)
            if (bot__exchange_position(b->x, account, i, (bot_leg)leg)->lots != 0) current_row(b, t, account, i, leg, &n);
}

void bot__simokx_positions(struct simvenue *b, struct conn *c, bool snapshot)
{
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    bot__text_put(&t, "{'arg':{'channel':'positions','instType':'ANY','uid':'%d'},", (int64_t)c->account);
    if (snapshot) bot__text_put(&t, "'eventType':'snapshot','curPage':1,'lastPage':true,");
    else bot__text_put(&t, "'eventType':'event_update',");
    bot__text_put(&t, "'data':[");
    held_rows(b, &t, c->account);
    bot__text_put(&t, "]}");
    if (!t.full) bot__simvenue_private_send(b, c, TOPIC_POSITION, &t);
}

static void balances(struct simvenue *b, struct text *t, uint32_t account)
{
    bool comma = false;
    bot__text_put(t, "'balData':[");
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        const bot_currency *coin = &b->instrument[i].settle;
        if (!first_of_coin(b, i)) continue;
        const bot_i128 v = bot__exchange_balance(b->x, account, coin).v;
        bot__text_put(t, "%s{'ccy':'%s','cashBal':'%z','uTime':'%d'}", comma ? "," : "", coin->s, &v, bot__simvenue_ms(b, b->now));
        comma = true;
    }
    bot__text_put(t, "]");
}

static void balance_head(struct simvenue *b, struct text *t, uint32_t account, const char *event)
{
    bot__text_put(t, "{'arg':{'channel':'balance_and_position','uid':'%d'},'data':[{'pTime':'%d','eventType':'%s',", (int64_t)account,
                  bot__simvenue_ms(b, b->now), event);
    balances(b, t, account);
}

void bot__simokx_balance(struct simvenue *b, struct conn *c)
{
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    balance_head(b, &t, c->account, "snapshot");
    bot__text_put(&t, ",'posData':[");
    held_rows(b, &t, c->account);
    bot__text_put(&t, "],'trades':[]}]}");
    if (!t.full) bot__simvenue_private_send(b, c, TOPIC_WALLET, &t);
}

/* What one call of the exchange moved: the positions alone, then money and positions together. */
static void moved(struct simvenue *b, struct conn *c)
{
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    uint32_t n = 0, trades = 0;
    const char *event = NULL;
    bot__text_put(&t, "{'arg':{'channel':'positions','instType':'ANY','uid':'%d'},'eventType':'event_update','data':[", (int64_t)c->account);
    for (uint32_t i = 0; i < b->rows_n; i++)
        if (b->rows[i].account == c->account && b->rows[i].kind == ROW_POSITION) current_row(b, &t, c->account, b->rows[i].instrument, b->rows[i].leg, &n);
    bot__text_put(&t, "]}");
    if (n > 0 && (c->topics >> TOPIC_POSITION & 1) != 0 && !t.full) bot__simvenue_private_send(b, c, TOPIC_POSITION, &t);
    for (uint32_t i = 0; i < b->rows_n; i++) {
        const struct row *r = &b->rows[i];
        if (r->account != c->account || r->kind != ROW_FILL) continue;
        event = r->fill.kind == BOT_FILL_NONE ? "funding_fee" : r->fill.origin == EXCHANGE_BY_LIQUIDATION ? "liquidation"
                : r->fill.origin == EXCHANGE_BY_ADL ? "adl" : "filled";
    }
    if (event == NULL || (c->topics >> TOPIC_WALLET & 1) == 0) return;
    t = bot__text(b->scratch, MESSAGE_MAX);
    balance_head(b, &t, c->account, event);
    bot__text_put(&t, ",'posData':[");
    n = 0;
    for (uint32_t i = 0; i < b->rows_n; i++)
        if (b->rows[i].account == c->account && b->rows[i].kind == ROW_POSITION) current_row(b, &t, c->account, b->rows[i].instrument, b->rows[i].leg, &n);
    bot__text_put(&t, "],'trades':[");
    for (uint32_t i = 0; i < b->rows_n; i++) {
        const struct row *r = &b->rows[i];
        if (r->account == c->account && r->kind == ROW_FILL && r->fill.kind != BOT_FILL_NONE)
            bot__text_put(&t, "%s{'instId':'%s','tradeId':'%d'}", trades++ > 0 ? "," : "", b->instrument[r->instrument].symbol.s, bot__simokx_trade_id(&r->fill));
    }
    bot__text_put(&t, "]}]}");
    if (!t.full) bot__simvenue_private_send(b, c, TOPIC_WALLET, &t);
}

void bot__simokx_rows(struct simvenue *b, struct conn *c)
{
    for (uint32_t i = 0; i < b->rows_n; i++) {
        const struct row *r = &b->rows[i];
        if (r->account != c->account || (c->topics >> TOPIC_ORDER & 1) == 0) continue;
        if (r->kind == ROW_ORDER && !told_by_fill(b, &r->order)) push_order(b, c, &r->order, NULL);
        if (r->kind != ROW_FILL || r->fill.kind == BOT_FILL_NONE) continue;
        const struct exchange_order *o = bot__exchange_order(b->x, r->account, r->fill.order_id);
        if (o != NULL) push_order(b, c, o, &r->fill);
    }
    moved(b, c);
}

/* ---- public ---------------------------------------------------------------------------------------------------- */

/* A taker's matches at one price are one row: the last one's id, and how many there were. */
void bot__simokx_trades(struct simvenue *b)
{
    const uint16_t i = b->trades_instrument;
    const struct exchange_instrument *in = &b->instrument[i];
    for (uint32_t k = 0; k < b->trades_n;) {
        const struct exchange_trade *first = &b->trades[k], *last = first;
        int64_t lots = 0, count = 0;
        for (; k < b->trades_n && b->trades[k].price_ticks == first->price_ticks && b->trades[k].side == first->side; k++, count++) {
            last = &b->trades[k];
            lots += last->lots;
        }
        struct text t = bot__text(b->scratch, MESSAGE_MAX);
        bot__text_put(&t, "{'arg':{'channel':'trades','instId':'%s'},'data':[{'instId':'%s','tradeId':'%d','px':'%p','sz':'%q','side':'%s','ts':'%d',"
                          "'count':'%d','seqId':%d}]}",
                      in->symbol.s, in->symbol.s, bot__simokx_public_id(last->id), in, first->price_ticks, in, lots, first->side == BOT_BUY ? "buy" : "sell",
                      bot__simvenue_ms(b, first->ns), count, (int64_t)last->seq);
        for (uint32_t s = 0; s < b->conns_n && !t.full; s++)
            if (b->conn[s].kind == CONN_MARKET && (b->conn[s].trades >> i & 1) != 0) bot__simvenue_public_send(b, &b->conn[s], 0, &t);
    }
}

void bot__simokx_levels(struct simvenue *b, struct text *t, uint16_t i, const struct feed *f, uint32_t side, uint32_t max)
{
    const struct exchange_instrument *in = &b->instrument[i];
    bot__text_put(t, "[");
    for (uint32_t k = 0; k < f->n[side] && k < max; k++)
        bot__text_put(t, "%s['%p','%q','0','%d']", k > 0 ? "," : "", in, f->side[side][k].price_ticks, in, f->side[side][k].lots,
                      (int64_t)f->side[side][k].orders);
    bot__text_put(t, "]");
}

/* The checksum has been 0 since 2026-06-23. */
void bot__simokx_book_snapshot(struct simvenue *b, struct conn *c, uint16_t i)
{
    const struct feed *f = bot__simvenue_feed(b, i, 2);
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    bot__text_put(&t, "{'arg':{'channel':'books','instId':'%s'},'action':'snapshot','data':[{'asks':", b->instrument[i].symbol.s);
    bot__simokx_levels(b, &t, i, f, 1, BOOK_LEVELS_MAX);
    bot__text_put(&t, ",'bids':");
    bot__simokx_levels(b, &t, i, f, 0, BOOK_LEVELS_MAX);
    bot__text_put(&t, ",'ts':'%d','checksum':0,'prevSeqId':-1,'seqId':%d}]}", bot__simvenue_ms(b, b->now), f->u);
    if (!t.full) bot__simvenue_public_send(b, c, 1, &t);
}

void bot__simokx_book(struct simvenue *b, uint16_t i, uint32_t depth)
{
    struct feed *f = bot__simvenue_feed(b, i, depth);
    f->scheduled = false;
    if (!f->told || bot__simvenue_feed_silent(b, FAULT_TOPIC_BOOK)) return; /* a silent book catches up in one message */
    struct feed now;
    bot__simvenue_book_read(b, i, depth, &now);
    const bool wrong = bot__faults_hit(&b->faults, FAULT_PUB_WRONG, 0, 0, b->now) != NULL;
    const int64_t seq = f->u + 1 + (int64_t)(bot__exchange_seq(b->x, i) & 7);
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    bot__text_put(&t, "{'arg':{'channel':'books','instId':'%s'},'action':'update','data':[{", b->instrument[i].symbol.s);
    uint32_t changes = bot__simvenue_book_diff(b, &t, i, 0, f, &now, wrong);
    changes += bot__simvenue_book_diff(b, &t, i, 1, f, &now, wrong);
    bot__text_put(&t, ",'ts':'%d','checksum':0,'prevSeqId':%d,'seqId':%d}]}", bot__simvenue_ms(b, b->now), f->u, seq);
    if (changes == 0) return;
    f->u = seq;
    bot__simvenue_book_told(f, &now);
    if (bot__simvenue_book_lost(b)) return;
    for (uint32_t s = 0; s < b->conns_n && !t.full; s++)
        if (b->conn[s].kind == CONN_MARKET && (b->conn[s].book[2] >> i & 1) != 0) bot__simvenue_public_send(b, &b->conn[s], 1, &t);
}
