/* Binance USD-M: what is pushed: the user stream, trades, depth and mark prices. */
#include <stdio.h>
#include <stdlib.h>

#include "binance_internal.h"

#define ORDER_BASE UINT64_C(8389760000000)
#define TRADE_BASE UINT64_C(660000000)

/* ---- words ----------------------------------------------------------------------------------------------------- */

uint64_t bot__simbinance_order_id(uint64_t id) { return ORDER_BASE + id; }
uint64_t bot__simbinance_trade_id(uint64_t id) { return TRADE_BASE + id; }

uint64_t bot__simbinance_order_read(const char *text)
{
    const uint64_t v = strtoull(text, NULL, 10);
    return v > ORDER_BASE ? v - ORDER_BASE : 0;
}

void bot__simbinance_client_id(const char *link_id, uint8_t origin, uint64_t id, char ret[EXCHANGE_LINK_ID_MAX + 1])
{
    if (origin == EXCHANGE_BY_ADL) snprintf(ret, EXCHANGE_LINK_ID_MAX + 1, "adl_autoclose");
    else if (origin == EXCHANGE_BY_LIQUIDATION) snprintf(ret, EXCHANGE_LINK_ID_MAX + 1, "autoclose-%llu", (unsigned long long)id);
    else if (link_id[0] == '\0') snprintf(ret, EXCHANGE_LINK_ID_MAX + 1, "web_%llu", (unsigned long long)id);
    else memcpy(ret, link_id, strlen(link_id) + 1);
}

const char *bot__simbinance_leg(uint8_t leg) { return leg == BOT_LEG_LONG ? "LONG" : leg == BOT_LEG_SHORT ? "SHORT" : "BOTH"; }

const char *bot__simbinance_tif(uint8_t tif)
{
    return tif == BOT_IOC ? "IOC" : tif == BOT_FOK ? "FOK" : tif == BOT_POST_ONLY ? "GTX" : "GTC";
}

const char *bot__simbinance_status(const struct exchange_order *o)
{
    switch (o->status) {
    case BOT_ORDER_OPEN: return "NEW";
    case BOT_ORDER_PARTIALLY_FILLED: return "PARTIALLY_FILLED";
    case BOT_ORDER_FILLED: return "FILLED";
    default: return o->end == EXCHANGE_END_BY_USER || o->end == EXCHANGE_END_LIQUIDATION || o->end == EXCHANGE_END_BY_VENUE ? "CANCELED" : "EXPIRED";
    }
}

/* ---- user stream ----------------------------------------------------------------------------------------------- */

static void order_head(struct simvenue *b, struct text *t, const struct exchange_instrument *in, const char *client_id, uint8_t side, uint8_t type,
                       uint8_t tif, int64_t lots, int64_t price_ticks)
{
    const int64_t now = bot__simvenue_ms(b, b->now);
    bot__text_put(t, "{'e':'ORDER_TRADE_UPDATE','T':%d,'E':%d,'o':{'s':'%s','c':'%s','S':'%s','o':'%s','f':'%s','q':'%q','p':'", now, now,
                  in->symbol.s, client_id, side == BOT_BUY ? "BUY" : "SELL", type == BOT_MARKET ? "MARKET" : "LIMIT", bot__simbinance_tif(tif), in, lots);
    if (type == BOT_MARKET) bot__text_put(t, "0',");
    else bot__text_put(t, "%p',", in, price_ticks);
}

static void order_tail(struct text *t, bool reduce_only, uint8_t leg, uint8_t type, const bot_money *pnl)
{
    bot__text_put(t, "'b':'0','a':'0','m':false,'R':%b,'wt':'CONTRACT_PRICE','ot':'%s','ps':'%s','cp':false,'rp':'%z','pP':false,'si':0,"
                     "'ss':0,'V':'NONE','pm':'NONE','gtd':0,'er':'0'}}",
                  reduce_only, type == BOT_MARKET ? "MARKET" : "LIMIT", bot__simbinance_leg(leg), &pnl->v);
}

/* One match. What the order has filled by then follows from what it had left: the row is older than the order's state. */
static void trade_update(struct simvenue *b, struct text *t, const struct exchange_fill *f)
{
    const struct exchange_instrument *in = &b->instrument[f->instrument];
    const struct exchange_order *o = bot__exchange_order(b->x, f->account, f->order_id);
    char client_id[EXCHANGE_LINK_ID_MAX + 1];
    bot__simbinance_client_id(f->link_id, f->origin, f->order_id, client_id);
    order_head(b, t, in, client_id, f->side, f->type, o != NULL ? o->tif : (uint8_t)BOT_GTC, f->order_lots, f->order_price_ticks);
    bot__text_put(t, "'ap':'%p','sp':'0','x':'%s','X':'%s','i':%d,'l':'%q','z':'%q','L':'%p',", in, f->price_ticks,
                  f->origin == EXCHANGE_BY_USER ? "TRADE" : "CALCULATED", f->leaves_lots == 0 ? "FILLED" : "PARTIALLY_FILLED",
                  (int64_t)bot__simbinance_order_id(f->order_id), in, f->lots, in, f->order_lots - f->leaves_lots, in, f->price_ticks);
    bot__text_put(t, "'n':'%z','N':'%s','T':%d,'t':%d,", &f->fee.v, in->settle.s, bot__simvenue_ms(b, f->ns),
                  (int64_t)bot__simbinance_trade_id(f->trade));
    bot__text_put(t, "'b':'0','a':'0','m':%b,'R':%b,'wt':'CONTRACT_PRICE','ot':'%s','ps':'%s','cp':false,'rp':'%z','pP':false,'si':0,'ss':0,"
                     "'V':'NONE','pm':'NONE','gtd':0,'er':'0'}}",
                  f->liquidity == BOT_MAKER, o != NULL && o->reduce_only, f->type == BOT_MARKET ? "MARKET" : "LIMIT", bot__simbinance_leg(f->leg), &f->pnl.v);
}

/* A change that is no match. */
static void order_update(struct simvenue *b, struct text *t, const struct exchange_order *o)
{
    const struct exchange_instrument *in = &b->instrument[o->instrument];
    const bot_money none = { 0 };
    char client_id[EXCHANGE_LINK_ID_MAX + 1];
    const char *status = bot__simbinance_status(o);
    const bool ended = o->status != BOT_ORDER_OPEN && o->status != BOT_ORDER_PARTIALLY_FILLED;
    bot__simbinance_client_id(o->link_id, o->origin, o->id, client_id);
    order_head(b, t, in, client_id, o->side, o->type, o->tif, o->lots, o->price_ticks);
    bot__text_put(t, "'ap':'0','sp':'0','x':'%s','X':'%s','i':%d,'l':'0','z':'%q','L':'0','n':'0','N':'%s','T':%d,'t':0,",
                  ended ? status : o->updated_ns == o->created_ns ? "NEW" : "AMENDMENT", status, (int64_t)bot__simbinance_order_id(o->id), in,
                  o->cum_lots, in->settle.s, bot__simvenue_ms(b, o->updated_ns));
    order_tail(t, o->reduce_only, o->leg, o->type, &none);
}

/* Matches say what they make of their order: a change of the order beside them says nothing more. */
static bool told_by_fill(const struct simvenue *b, const struct exchange_order *o)
{
    if (o->status != BOT_ORDER_PARTIALLY_FILLED && o->status != BOT_ORDER_FILLED) return false;
    for (uint32_t i = 0; i < b->rows_n; i++)
        if (b->rows[i].kind == ROW_FILL && b->rows[i].account == o->account && b->rows[i].fill.order_id == o->id) return true;
    return o->status == BOT_ORDER_FILLED;
}

static void account_balances(struct simvenue *b, struct text *t, uint32_t account, const bot_money *change, uint16_t changed)
{
    bool comma = false;
    bot__text_put(t, "'B':[");
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        const bot_currency *coin = &b->instrument[i].settle;
        if (!first_of_coin(b, i)) continue;
        const bot_i128 v = bot__exchange_balance(b->x, account, coin).v, none = 0;
        const bool here = change != NULL && strcmp(b->instrument[changed].settle.s, coin->s) == 0;
        bot__text_put(t, "%s{'a':'%s','wb':'%z','cw':'%z','bc':'%z'}", comma ? "," : "", coin->s, &v, &v, here ? &change->v : &none);
        comma = true;
    }
    bot__text_put(t, "]");
}

static void account_update(struct simvenue *b, struct conn *c)
{
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    const int64_t now = bot__simvenue_ms(b, b->now);
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->rows_n; i++) {
        const struct row *r = &b->rows[i];
        if (r->account != c->account || r->kind != ROW_POSITION) continue;
        const struct exchange_position *p = bot__exchange_position(b->x, r->account, r->instrument, (bot_leg)r->leg);
        const struct exchange_instrument *in = &b->instrument[r->instrument];
        const bot_px entry = bot__exchange_entry(in, p);
        if (n++ == 0) {
            bot__text_put(&t, "{'e':'ACCOUNT_UPDATE','T':%d,'E':%d,'a':{", now, now);
            account_balances(b, &t, c->account, NULL, 0);
            bot__text_put(&t, ",'P':[");
        } else bot__text_put(&t, ",");
        bot__text_put(&t, "{'s':'%s','pa':'%q','ep':'%z','bep':'%z','cr':'%z','up':'0','mt':'cross','iw':'0','ps':'%s','ma':'%s'}", in->symbol.s, in,
                      p->lots, &entry.v, &entry.v, &p->realised.v, bot__simbinance_leg(r->leg), in->settle.s);
    }
    if (n == 0) return;
    bot__text_put(&t, "],'m':'ORDER'}}");
    if (!t.full) bot__simvenue_private_send(b, c, TOPIC_POSITION, &t);
}

/* A crossed position's funding names the wallet and not the position. */
static void funding_update(struct simvenue *b, struct conn *c, const struct exchange_fill *f)
{
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    const int64_t now = bot__simvenue_ms(b, b->now);
    const bot_money change = { -f->fee.v };
    bot__text_put(&t, "{'e':'ACCOUNT_UPDATE','T':%d,'E':%d,'a':{", bot__simvenue_ms(b, f->ns), now);
    account_balances(b, &t, c->account, &change, f->instrument);
    bot__text_put(&t, ",'P':[],'m':'FUNDING_FEE'}}");
    if (!t.full) bot__simvenue_private_send(b, c, TOPIC_EXECUTION, &t);
}

void bot__simbinance_rows(struct simvenue *b, struct conn *c)
{
    bool funded = false;
    for (uint32_t i = 0; i < b->rows_n; i++) {
        const struct row *r = &b->rows[i];
        if (r->account != c->account || (r->kind != ROW_FILL && r->kind != ROW_ORDER)) continue;
        if (r->kind == ROW_ORDER && told_by_fill(b, &r->order)) continue;
        if (r->kind == ROW_FILL && r->fill.kind == BOT_FILL_NONE) {
            funding_update(b, c, &r->fill);
            funded = true;
            continue;
        }
        struct text t = bot__text(b->scratch, MESSAGE_MAX);
        if (r->kind == ROW_FILL) trade_update(b, &t, &r->fill);
        else order_update(b, &t, &r->order);
        if (!t.full) bot__simvenue_private_send(b, c, r->kind == ROW_FILL ? TOPIC_EXECUTION : TOPIC_ORDER, &t);
    }
    if (!funded) account_update(b, c);
}

void bot__simbinance_key_expired(struct simvenue *b, uint32_t account)
{
    struct client *cl = &b->client[account];
    const int64_t now = bot__simvenue_ms(b, b->now);
    for (uint32_t s = 0; s < b->conns_n; s++) {
        struct conn *c = &b->conn[s];
        if (c->kind != CONN_PRIVATE || c->account != account) continue;
        struct text t = bot__text(b->scratch, MESSAGE_MAX);
        bot__text_put(&t, "{'e':'listenKeyExpired','E':%d,'listenKey':'%s'}", now, cl->listen_key);
        bot__simvenue_private_send(b, c, TOPIC_WALLET, &t);
        c->account = 0;
        b->watched--;
    }
    cl->listen_key[0] = '\0';
    cl->listen_until = 0;
}

/* ---- public ---------------------------------------------------------------------------------------------------- */

static void lower(const char *symbol, char ret[BOT_SYMBOL_MAX + 1])
{
    size_t i = 0;
    for (; symbol[i] != '\0' && i < BOT_SYMBOL_MAX; i++) ret[i] = symbol[i] >= 'A' && symbol[i] <= 'Z' ? (char)(symbol[i] - 'A' + 'a') : symbol[i];
    ret[i] = '\0';
}

/* To every socket that has it, wrapped where the socket's messages are. Built in scratch2: scratch may hold the payload. */
static void publish(struct simvenue *b, uint16_t i, uint32_t feed, const char *stream, bool (*wants)(const struct conn *c, uint16_t i),
                    const struct text *payload)
{
    char symbol[BOT_SYMBOL_MAX + 1];
    lower(b->instrument[i].symbol.s, symbol);
    struct text wrapped = bot__text(b->scratch2, MESSAGE_MAX);
    bot__text_put(&wrapped, "{'stream':'%s%s','data':%s}", symbol, stream, payload->buf);
    for (uint32_t s = 0; s < b->conns_n && !payload->full && !wrapped.full; s++)
        if (b->conn[s].kind != CONN_FREE && wants(&b->conn[s], i))
            bot__simvenue_public_send(b, &b->conn[s], feed, b->conn[s].combined ? &wrapped : payload);
}

static bool wants_raw(const struct conn *c, uint16_t i) { return c->raw >> i & 1; }
static bool wants_aggregated(const struct conn *c, uint16_t i) { return (c->trades & ~c->raw) >> i & 1; }
static bool wants_depth(const struct conn *c, uint16_t i) { return c->book[2] >> i & 1; }
static bool wants_mark(const struct conn *c, uint16_t i) { return c->marks >> i & 1; }

void bot__simbinance_trades(struct simvenue *b)
{
    const uint16_t i = b->trades_instrument;
    const struct exchange_instrument *in = &b->instrument[i];
    const int64_t now = bot__simvenue_ms(b, b->now);
    for (uint32_t k = 0; k < b->trades_n;) {
        const struct exchange_trade *first = &b->trades[k], *last = first;
        int64_t lots = 0;
        for (; k < b->trades_n && b->trades[k].price_ticks == first->price_ticks && b->trades[k].side == first->side; k++) {
            last = &b->trades[k];
            lots += last->lots;
            struct text one = bot__text(b->scratch, MESSAGE_MAX);
            bot__text_put(&one, "{'e':'trade','E':%d,'T':%d,'s':'%s','t':%d,'p':'%p','q':'%q','X':'MARKET','m':%b}", now, bot__simvenue_ms(b, last->ns),
                          in->symbol.s, (int64_t)bot__simbinance_trade_id(last->id), in, last->price_ticks, in, last->lots, last->side == BOT_SELL);
            publish(b, i, 0, "@trade", wants_raw, &one);
        }
        struct text t = bot__text(b->scratch, MESSAGE_MAX);
        bot__text_put(&t, "{'e':'aggTrade','E':%d,'a':%d,'s':'%s','p':'%p','q':'%q','f':%d,'l':%d,'T':%d,'m':%b}", now, (int64_t)last->id, in->symbol.s,
                      in, first->price_ticks, in, lots, (int64_t)bot__simbinance_trade_id(first->id), (int64_t)bot__simbinance_trade_id(last->id), bot__simvenue_ms(b, first->ns), first->side == BOT_SELL);
        publish(b, i, 0, "@aggTrade", wants_aggregated, &t);
    }
}

/* Ids: a message's U is `first`, its u what `u` is then, its pu the u before. A snapshot over REST takes the next id for
 * itself, so that it falls on the U of the next message, as it does at the venue. */
void bot__simbinance_book(struct simvenue *b, uint16_t i, uint32_t depth)
{
    struct feed *f = bot__simvenue_feed(b, i, depth);
    f->scheduled = false;
    if (!f->told || bot__simvenue_feed_silent(b, FAULT_TOPIC_BOOK)) return; /* a silent book catches up in one message */
    struct feed now;
    bot__simvenue_book_read(b, i, depth, &now);
    const bool wrong = bot__faults_hit(&b->faults, FAULT_PUB_WRONG, 0, 0, b->now) != NULL;
    const int64_t ms = bot__simvenue_ms(b, b->now);
    const int64_t first = f->u + 1, last = first + 1 + (int64_t)(bot__exchange_seq(b->x, i) & 7);
    struct text t = bot__text(b->scratch, MESSAGE_MAX);
    bot__text_put(&t, "{'e':'depthUpdate','E':%d,'T':%d,'s':'%s','U':%d,'u':%d,'pu':%d,", ms, ms, b->instrument[i].symbol.s, first, last, f->u);
    uint32_t changes = bot__simvenue_book_diff(b, &t, i, 0, f, &now, wrong);
    changes += bot__simvenue_book_diff(b, &t, i, 1, f, &now, wrong);
    bot__text_put(&t, "}");
    if (changes == 0) return;
    f->u = last;
    bot__simvenue_book_told(f, &now);
    if (bot__simvenue_book_lost(b)) return;
    publish(b, i, 1, "@depth@100ms", wants_depth, &t);
}

void bot__simbinance_marks(struct simvenue *b)
{
    const int64_t now = bot__simvenue_ms(b, b->now);
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        const struct exchange_instrument *in = &b->instrument[i];
        const int64_t mark = bot__exchange_mark(b->x, i);
        struct text t = bot__text(b->scratch, MESSAGE_MAX);
        bot__text_put(&t, "{'e':'markPriceUpdate','E':%d,'s':'%s','p':'%p','i':'%p','P':'%p','r':'0.00010000','T':%d}", now, in->symbol.s, in, mark, in,
                      mark, in, mark, now / 28800000 * 28800000 + 28800000);
        publish(b, i, 1, "@markPrice@1s", wants_mark, &t);
    }
}
