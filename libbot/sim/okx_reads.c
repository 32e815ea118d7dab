/* OKX v5: rows and reads. */
#include <stdio.h>
#include <stdlib.h>

#include "okx_internal.h"

#define PAGE_ROWS 100
#define OPEN_MAX 600
#define FILLS_LIST_NS (INT64_C(3) * 86400 * BOT_NS_PER_S) /* /trade/fills; the history has three months */
#define SUB_BUY 1
#define SUB_SELL 2
#define SUB_LIQUIDATION 101 /* to 103 by what it closes: here the net one */
#define SUB_ADL 125
#define BILL_TRADE 2
#define BILL_FUNDING 8

void bot__simokx_fail(struct reply *r, int32_t code, const char *message)
{
    r->code = code;
    r->message = message;
}

/* ---- parameters ------------------------------------------------------------------------------------------------ */

static bool param(struct slice query, const char *name, char *buf, size_t size)
{
    return bot__query(query, name, buf, size) && buf[0] != '\0';
}

static int64_t number(struct slice query, const char *name, int64_t otherwise)
{
    char text[32];
    return param(query, name, text, sizeof text) ? atoll(text) : otherwise;
}

/* instId; false with the error. -1: not given. */
static bool instrument(struct simvenue *b, struct slice query, int *ret, struct reply *r)
{
    char name[BOT_SYMBOL_MAX + 1] = "";
    param(query, "instId", name, sizeof name);
    return bot__simokx_instrument(b, name, ret, r);
}

/* Everything that is traded here is a perpetual swap. */
static bool other_type(struct slice query)
{
    char type[16];
    return param(query, "instType", type, sizeof type) && strcmp(type, "SWAP") != 0;
}

static int64_t limit_of(struct slice query)
{
    const int64_t n = number(query, "limit", PAGE_ROWS);
    return n < 1 || n > PAGE_ROWS ? PAGE_ROWS : n;
}

/* ---- private lists --------------------------------------------------------------------------------------------- */

static void read_positions(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
{
    int only;
    struct view view;
    if (!instrument(b, query, &only, r)) return;
    bot__simvenue_view(b, c, &view);
    struct list l = { .t = &r->data };
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        if (only >= 0 && only != i) continue;
        const bool hedge = bot__exchange_hedge(b->x, c->account, i);
        for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
            if ((leg == BOT_LEG_NET) == hedge) continue;
            struct exchange_position at;
            bot__exchange_position_at(b->x, c->account, i, (bot_leg)leg, view.as_of, &at);
            const int64_t trade = bot__simokx_position_trade(b, c->account, i, leg, view.as_of);
            if (at.lots == 0 && (only < 0 || trade == 0)) continue;
            if (!bot__simvenue_row_begin(&l, &view)) continue;
            bot__simokx_position_row(b, &r->data, i, leg, &at, trade);
            bot__simvenue_row_end(&l, &view);
        }
    }
}

static void fill_row(struct simvenue *b, struct text *t, const struct exchange_fill *f)
{
    const struct exchange_instrument *in = &b->instrument[f->instrument];
    const int64_t sub = f->origin == EXCHANGE_BY_LIQUIDATION ? SUB_LIQUIDATION : f->origin == EXCHANGE_BY_ADL ? SUB_ADL : f->side == BOT_BUY ? SUB_BUY : SUB_SELL;
    const bot_i128 fee = -f->fee.v;
    bot__text_put(t, "{'instType':'SWAP','instId':'%s','tradeId':'%d','ordId':'%d','clOrdId':'%s','billId':'%d','subType':'%d','tag':'','fillPx':'%p',"
                     "'fillSz':'%q','fillPnl':'%z','side':'%s','posSide':'%s','execType':'%s','feeCcy':'%s','fee':'%z','ts':'%d','fillTime':'%d'}",
                  in->symbol.s, bot__simokx_trade_id(f), (int64_t)bot__simokx_order_id(f->order_id), f->link_id, bot__simokx_bill_id(f->id), sub, in,
                  f->price_ticks, in, f->lots, &f->pnl.v, f->side == BOT_BUY ? "buy" : "sell", bot__simokx_leg(f->leg),
                  f->liquidity == BOT_MAKER ? "M" : "T", in->settle.s, &fee, bot__simvenue_ms(b, f->ns), bot__simvenue_ms(b, f->ns));
}

/* Rows of bills, newest first: those between `begin` and `end`, older than `after`, newer than `before`. */
struct bills {
    int64_t begin, end, after, before, limit, n;
    int     only;
};

static bool bills_of(struct simvenue *b, struct slice query, struct bills *ret, struct reply *r)
{
    *ret = (struct bills){ number(query, "begin", 0), number(query, "end", INT64_MAX), number(query, "after", INT64_MAX), number(query, "before", 0),
                           limit_of(query), 0, -1 };
    return instrument(b, query, &ret->only, r);
}

/* Whether the row belongs to the answer; *ret_over: neither it nor an older one does. */
static bool belongs(struct simvenue *b, struct bills *s, const struct exchange_fill *f, bool *ret_over)
{
    const int64_t id = bot__simokx_bill_id(f->id), ms = bot__simvenue_ms(b, f->ns);
    *ret_over = ms < s->begin || id <= s->before || s->n == s->limit;
    return !*ret_over && id < s->after && ms <= s->end && (s->only < 0 || s->only == f->instrument);
}

static void read_fills(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
{
    struct view view;
    struct bills s;
    struct exchange_fill f;
    char type[16];
    bool over = false;
    if (c->route == ROUTE_FILLS_HISTORY && !param(query, "instType", type, sizeof type)) {
        bot__simokx_fail(r, 50014, "Parameter instType cannot be empty.");
        return;
    }
    if (!bills_of(b, query, &s, r) || other_type(query)) return;
    bot__simvenue_view(b, c, &view);
    if (c->route == ROUTE_FILLS && s.begin < bot__simvenue_ms(b, b->now - FILLS_LIST_NS)) s.begin = bot__simvenue_ms(b, b->now - FILLS_LIST_NS);
    struct list l = { .t = &r->data };
    for (uint32_t i = 0; !over && bot__exchange_fill_at(b->x, c->account, view.as_of, i, &f); i++) {
        if (!belongs(b, &s, &f, &over) || f.kind == BOT_FILL_NONE) continue;
        s.n++;
        if (!bot__simvenue_row_begin(&l, &view)) continue;
        fill_row(b, &r->data, &f);
        bot__simvenue_row_end(&l, &view);
    }
}

static void read_bills(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
{
    struct view view;
    struct bills s;
    struct exchange_fill f;
    bool over = false;
    if (!bills_of(b, query, &s, r) || other_type(query)) return;
    const int64_t type = number(query, "type", 0);
    bot__simvenue_view(b, c, &view);
    struct list l = { .t = &r->data };
    for (uint32_t i = 0; !over && bot__exchange_fill_at(b->x, c->account, view.as_of, i, &f); i++) {
        const bool funding = f.kind == BOT_FILL_NONE;
        if (!belongs(b, &s, &f, &over) || (type != 0 && type != (funding ? BILL_FUNDING : BILL_TRADE))) continue;
        s.n++;
        if (!bot__simvenue_row_begin(&l, &view)) continue;
        const struct exchange_instrument *in = &b->instrument[f.instrument];
        const bot_i128 change = f.pnl.v - f.fee.v, paid = -f.fee.v;
        bot__text_put(&r->data, "{'billId':'%d','type':'%d','subType':'%d','instType':'SWAP','instId':'%s','ccy':'%s','balChg':'%z','fee':'%z','sz':'%q',"
                                "'ordId':'','ts':'%d'}",
                      bot__simokx_bill_id(f.id), (int64_t)(funding ? BILL_FUNDING : BILL_TRADE),
                      (int64_t)(funding ? (f.fee.v > 0 ? 173 : 174) : f.side == BOT_BUY ? SUB_BUY : SUB_SELL), in->symbol.s, in->settle.s,
                      funding ? &paid : &change, &paid, in, f.lots, bot__simvenue_ms(b, f.ns));
        bot__simvenue_row_end(&l, &view);
    }
}

static void read_open_orders(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
{
    int only;
    struct view view;
    char after[32] = "";
    if (!instrument(b, query, &only, r) || other_type(query)) return;
    const uint64_t older_than = param(query, "after", after, sizeof after) ? bot__simokx_order_read(after) : UINT64_MAX;
    const int64_t limit = limit_of(query);
    bot__simvenue_view(b, c, &view);
    const uint32_t n = bot__exchange_orders_at(b->x, c->account, only, view.as_of, EXCHANGE_ORDERS_OPEN, b->orders, OPEN_MAX);
    struct list l = { .t = &r->data };
    int64_t rows = 0;
    for (uint32_t i = 0; i < n && rows < limit; i++) {
        if (b->orders[i].id >= older_than) continue;
        rows++;
        if (!bot__simvenue_row_begin(&l, &view)) continue;
        bot__simokx_order_row(b, &r->data, &b->orders[i], NULL, false);
        bot__simvenue_row_end(&l, &view);
    }
}

/* As the order was then; stale answers know nothing of what came later. */
static void read_order(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
{
    int only;
    struct view view;
    char id[32] = "", client_id[64] = "";
    if (!instrument(b, query, &only, r)) return;
    const bool by_id = param(query, "ordId", id, sizeof id);
    if (only < 0 || (!by_id && !param(query, "clOrdId", client_id, sizeof client_id))) {
        bot__simokx_fail(r, 50014, only < 0 ? "Parameter instId cannot be empty." : "Parameter ordId or clOrdId cannot be empty.");
        return;
    }
    bot__simvenue_view(b, c, &view);
    bot__simokx_fail(r, 51603, "Order does not exist.");
    for (int which = EXCHANGE_ORDERS_OPEN; which <= EXCHANGE_ORDERS_DONE; which++) {
        const uint32_t n = bot__exchange_orders_at(b->x, c->account, only, view.as_of, (enum exchange_which)which, b->orders, OPEN_MAX);
        for (uint32_t i = 0; i < n; i++) {
            if (by_id ? b->orders[i].id != bot__simokx_order_read(id) : strcmp(b->orders[i].link_id, client_id) != 0) continue;
            if (bot__faults_hit(&b->faults, FAULT_REST_FORGET, FAULT_ON_ORDER, c->account, b->now) != NULL) {
                bot__faults_bit(&b->faults, FAULT_REST_FORGET);
                return;
            }
            r->code = 0;
            bot__simokx_order_row(b, &r->data, &b->orders[i], NULL, false);
            return;
        }
    }
}

static void read_balance(struct simvenue *b, const struct call *c, struct reply *r)
{
    struct view view;
    bot__simvenue_view(b, c, &view);
    struct list l = { .t = &r->data };
    bot__text_put(&r->data, "{'uTime':'%d','totalEq':'0','details':[", bot__simvenue_ms(b, b->now));
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        const bot_currency *coin = &b->instrument[i].settle;
        if (!first_of_coin(b, i) || !bot__simvenue_row_begin(&l, &view)) continue;
        const bot_i128 v = bot__simvenue_balance_at(b, c->account, coin, view.as_of);
        bot__text_put(&r->data, "{'ccy':'%s','cashBal':'%z','eq':'%z','availBal':'%z','availEq':'%z','frozenBal':'0','uTime':'%d'}", coin->s, &v, &v, &v, &v,
                      bot__simvenue_ms(b, b->now));
        bot__simvenue_row_end(&l, &view);
    }
    bot__text_put(&r->data, "]}");
}

/* ---- public ---------------------------------------------------------------------------------------------------- */

static void read_instruments(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
{
    int only;
    char type[16];
    struct view view;
    if (!param(query, "instType", type, sizeof type)) {
        bot__simokx_fail(r, 50014, "Parameter instType cannot be empty.");
        return;
    }
    if (!instrument(b, query, &only, r) || other_type(query)) return;
    bot__simvenue_view(b, c, &view);
    struct list l = { .t = &r->data };
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        const struct exchange_instrument *in = &b->instrument[i];
        const bool inverse = in->contract == BOT_INVERSE;
        if ((only >= 0 && only != i) || !bot__simvenue_row_begin(&l, &view)) continue;
        bot__text_put(&r->data, "{'instType':'SWAP','instId':'%s','uly':'%s-%s','instFamily':'%s-%s','baseCcy':'','quoteCcy':'','settleCcy':'%s','ctVal':'1',"
                                "'ctMult':'1','ctValCcy':'%s','ctType':'%s','lever':'%d','tickSz':'%p','lotSz':'%q','minSz':'%q','maxLmtSz':'%q','maxMktSz':'%q',"
                                "'state':'live','listTime':'1606468572000','expTime':''}",
                      in->symbol.s, in->base.s, in->quote.s, in->base.s, in->quote.s, in->settle.s, inverse ? in->quote.s : in->base.s,
                      inverse ? "inverse" : "linear", (int64_t)in->leverage, in, (int64_t)1, in, (int64_t)1, in, in->lots_min, in, in->lots_max, in,
                      in->lots_max_market);
        bot__simvenue_row_end(&l, &view);
    }
}

static void read_book(struct simvenue *b, struct slice query, struct reply *r)
{
    int i;
    if (!instrument(b, query, &i, r)) return;
    if (i < 0) {
        bot__simokx_fail(r, 50014, "Parameter instId cannot be empty.");
        return;
    }
    struct feed now;
    bot__simvenue_book_read(b, (uint16_t)i, 2, &now);
    const uint32_t max = (uint32_t)number(query, "sz", 1);
    bot__text_put(&r->data, "{'asks':");
    bot__simokx_levels(b, &r->data, (uint16_t)i, &now, 1, max);
    bot__text_put(&r->data, ",'bids':");
    bot__simokx_levels(b, &r->data, (uint16_t)i, &now, 0, max);
    bot__text_put(&r->data, ",'ts':'%d'}", bot__simvenue_ms(b, b->now));
}

static void read_trades(struct simvenue *b, struct slice query, struct reply *r)
{
    int i;
    if (!instrument(b, query, &i, r)) return;
    if (i < 0) {
        bot__simokx_fail(r, 50014, "Parameter instId cannot be empty.");
        return;
    }
    const struct exchange_instrument *in = &b->instrument[i];
    const uint64_t limit = (uint64_t)number(query, "limit", 100), kept = b->recent_n[i] < 64 ? b->recent_n[i] : 64, n = limit < kept ? limit : kept;
    for (uint64_t k = 0; k < n; k++) {
        const struct exchange_trade *t = &b->recent[i][(b->recent_n[i] - 1 - k) % 64];
        bot__text_put(&r->data, "%s{'instId':'%s','tradeId':'%d','px':'%p','sz':'%q','side':'%s','ts':'%d'}", k > 0 ? "," : "", in->symbol.s, bot__simokx_public_id(t->id),
                      in, t->price_ticks, in, t->lots, t->side == BOT_BUY ? "buy" : "sell", bot__simvenue_ms(b, t->ns));
    }
}

static void read_status(struct simvenue *b, struct reply *r)
{
    if (bot__exchange_mode(b->x) != EXCHANGE_MODE_HALTED) return;
    const int64_t now = bot__simvenue_ms(b, b->now);
    bot__text_put(&r->data, "{'title':'Trading account system upgrade','state':'ongoing','begin':'%d','end':'%d','href':'','serviceType':'5','system':'unified',"
                            "'scheDesc':'','maintType':'2','env':'1','ts':'%d'}", now, now + 600000, now);
}

void bot__simokx_read(struct simvenue *b, const struct call *c, struct slice query, struct reply *r)
{
    switch (c->route) {
    case ROUTE_TIME: bot__text_put(&r->data, "{'ts':'%d'}", bot__simvenue_ms(b, b->now)); break;
    case ROUTE_INSTRUMENTS: read_instruments(b, c, query, r); break;
    case ROUTE_BOOK: read_book(b, query, r); break;
    case ROUTE_PUBLIC_TRADES: read_trades(b, query, r); break;
    case ROUTE_STATUS: read_status(b, r); break;
    case ROUTE_POSITIONS: read_positions(b, c, query, r); break;
    case ROUTE_FILLS:
    case ROUTE_FILLS_HISTORY: read_fills(b, c, query, r); break;
    case ROUTE_OPEN_ORDERS: read_open_orders(b, c, query, r); break;
    case ROUTE_ORDER: read_order(b, c, query, r); break;
    case ROUTE_BALANCE: read_balance(b, c, r); break;
    case ROUTE_BILLS: read_bills(b, c, query, r); break;
    default:
        bot__text_put(&r->data, "{'uid':'%d','acctLv':'2','posMode':'%s','perm':'%s','ip':'','label':'paper','level':'Lv1'}", (int64_t)c->account,
                      bot__exchange_hedge(b->x, c->account, 0) ? "long_short_mode" : "net_mode", b->opt.read_only ? "read_only" : "read_only,trade");
    }
}
