/* Positions, money and margin. */
#include "exchange_state.h"

#include <string.h>

uint32_t bot__exchange_currency(const struct exchange *x, const bot_currency *c)
{
    for (uint32_t i = 0; i < x->currencies_n; i++)
        if (x->currency[i].len == c->len && memcmp(x->currency[i].s, c->s, c->len) == 0)
            return i;
    return NONE;
}

static void touch(struct exchange *x, uint32_t account)
{
    if (account == EXCHANGE_HOUSE) return;
    for (uint32_t i = 0; i < x->touched_n; i++)
        if (x->touched[i] == account)
            return;
    x->touched[x->touched_n++] = account; /* at most 63 accounts */
}

static void remember_order(struct exchange *x, struct exchange_order *o)
{
    struct account *a = &x->account[o->account];
    const uint64_t max = x->opt.history_max;
    if (o->version != 0 && a->orders_n - (o->version - 1) <= max)
        a->orders[(o->version - 1) % max].replaced_ns = x->now;
    o->version = a->orders_n + 1;
    a->orders[a->orders_n++ % max] = (struct order_version){ .order = *o, .replaced_ns = INT64_MAX };
}

void bot__exchange_tell_order(struct exchange *x, struct exchange_order *o)
{
    if (o->account == EXCHANGE_HOUSE) return;
    remember_order(x, o);
    exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_ORDER, .account = o->account, .instrument = o->instrument,
                                              .leg = o->leg, .order = o, .seq = x->instrument[o->instrument].seq });
}

void bot__exchange_remember_position(struct exchange *x, uint32_t account, uint16_t instrument, uint8_t leg)
{
    struct account *a = &x->account[account];
    a->positions[a->positions_n++ % x->opt.history_max] =
        (struct position_version){ .pos = *leg_of(&a->holding[instrument], leg), .ns = x->now, .instrument = instrument, .leg = leg };
}

/* ---- fills ----------------------------------------------------------------------------------------------------- */

/* Moves the leg by signed lots at that price. Returns the realised PnL; *ret_closed: how much of it closed. */
static bot_i128 move(const struct instrument *in, struct exchange_position *p, int64_t lots, int64_t price, int64_t *ret_closed)
{
    const bot_i128 whole = value(in, abs64(lots), price); /* rounded once: both sides of a trade move by the same */
    const bool closes = p->lots != 0 && (p->lots > 0) != (lots > 0);
    const int64_t closed = closes ? min64(abs64(p->lots), abs64(lots)) : 0;
    bot_i128 pnl = 0, rest = whole;
    if (closed > 0) {
        const bot_i128 out = closed == abs64(lots) ? whole : bot__exchange_muldiv(whole, closed, abs64(lots));
        const bot_i128 cost = closed == abs64(p->lots) ? p->cost.v : bot__exchange_muldiv(p->cost.v, closed, abs64(p->lots));
        /* Cost is signed like the position. Linear: what came in less what it had cost; inverse: the other way round,
         * because the value is in coins and falls with the price. */
        pnl = (p->lots > 0 ? out : -out) - cost;
        if (in->def.contract == BOT_INVERSE) pnl = -pnl;
        p->cost.v -= cost;
        rest -= out;
    }
    p->lots += lots;
    if (rest != 0) p->cost.v += lots > 0 ? rest : -rest;
    *ret_closed = closed;
    return pnl;
}

static void fill_keep(struct exchange *x, const struct exchange_fill *f)
{
    struct account *a = &x->account[f->account];
    a->fills[a->fills_n++ % x->opt.fills_max] = *f;
    x->stats.fills++;
    exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_FILL, .account = f->account, .instrument = f->instrument,
                                                   .leg = f->leg, .fill = f, .seq = f->seq });
}

void bot__exchange_apply(struct exchange *x, struct exchange_order *o, uint64_t trade, int64_t price, int64_t lots, bool maker, uint8_t kind)
{
    struct instrument *in = &x->instrument[o->instrument];
    struct account *a = &x->account[o->account];
    struct holding *h = &a->holding[o->instrument];
    struct exchange_position *p = leg_of(h, o->leg);
    const uint32_t currency = bot__exchange_currency(x, &in->def.settle);
    const int32_t fee_e8 = o->account == EXCHANGE_HOUSE ? 0 : maker ? in->def.maker_fee_e8 : in->def.taker_fee_e8;
    const bot_i128 v = value(in, lots, price), fee = bot__exchange_muldiv(v, fee_e8, 100000000);
    if (p->lots == 0) p->created_ns = x->now;
    int64_t closed;
    const bot_i128 pnl = move(in, p, o->side == BOT_BUY ? lots : -lots, price, &closed);
    p->realised.v += pnl;
    p->fees.v += fee;
    p->seq = in->seq;
    p->updated_ns = x->now;
    p->fills++;
    in->fees.v += fee;
    a->balance[currency].v += pnl - fee;
    o->cum_value.v += v;
    o->cum_fee.v += fee;
    if (o->account == EXCHANGE_HOUSE) return;
    h->changes++;
    h->touched[o->leg - BOT_LEG_NET] = true;
    a->wallet_touched[currency] = true;
    touch(x, o->account);
    struct exchange_fill f = { .id = x->next_fill++, .trade = trade, .order_id = o->id, .account = o->account, .instrument = o->instrument,
                               .side = o->side, .kind = kind, .liquidity = maker ? BOT_MAKER : BOT_TAKER, .leg = o->leg,
                               .type = o->type, .origin = o->origin, .seq = in->seq, .ns = x->now, .lots = lots,
                               .price_ticks = price, .closed_lots = closed, .leaves_lots = o->leaves_lots,
                               .order_lots = o->lots, .order_price_ticks = o->price_ticks, .mark_ticks = in->mark,
                               .value = { v }, .fee = { fee }, .pnl = { pnl }, .fee_e8 = fee_e8 };
    memcpy(f.link_id, o->link_id, sizeof f.link_id);
    fill_keep(x, &f);
}

void bot__exchange_pay_funding(struct exchange *x, uint32_t account, uint16_t instrument, uint8_t leg, int32_t rate_e8)
{
    struct instrument *in = &x->instrument[instrument];
    struct account *a = &x->account[account];
    struct holding *h = &a->holding[instrument];
    struct exchange_position *p = leg_of(h, leg);
    if (p->lots == 0) return;
    const uint32_t currency = bot__exchange_currency(x, &in->def.settle);
    const int32_t rate = p->lots > 0 ? rate_e8 : -rate_e8;
    const bot_i128 v = value(in, abs64(p->lots), in->mark), paid = bot__exchange_muldiv(v, rate, 100000000);
    p->funding.v += paid;
    a->balance[currency].v -= paid;
    if (account == EXCHANGE_HOUSE) return;
    a->wallet_touched[currency] = true;
    h->changes++;
    h->touched[leg - BOT_LEG_NET] = true;
    touch(x, account);
    const struct exchange_fill f = { .id = x->next_fill++, .order_id = x->next_order++, .account = account, .instrument = instrument,
                                     .side = p->lots > 0 ? BOT_BUY : BOT_SELL, .kind = BOT_FILL_NONE, .leg = leg,
                                     .seq = in->seq, .ns = x->now, .lots = abs64(p->lots), .price_ticks = in->mark,
                                     .mark_ticks = in->mark, .value = { v }, .fee = { paid }, .fee_e8 = rate };
    fill_keep(x, &f);
}

/* ---- margin ---------------------------------------------------------------------------------------------------- */

bot_i128 bot__exchange_unrealised(const struct instrument *in, const struct exchange_position *p)
{
    if (p->lots == 0) return 0;
    const bot_i128 now = value(in, abs64(p->lots), in->mark) * (p->lots > 0 ? 1 : -1);
    return in->def.contract == BOT_LINEAR ? now - p->cost.v : p->cost.v - now;
}

struct margin {
    bot_i128 equity, initial, maintenance;
};

static struct margin margin_of(const struct exchange *x, uint32_t account, uint32_t currency)
{
    const struct account *a = &x->account[account];
    struct margin m = { .equity = a->balance[currency].v };
    for (uint32_t i = 0; i < x->opt.instruments_n; i++) {
        const struct instrument *in = &x->instrument[i];
        if (bot__exchange_currency(x, &in->def.settle) != currency) continue;
        const struct holding *h = &a->holding[i];
        bot_i128 held = 0;
        for (int leg = 0; leg < LEGS; leg++)
            if (h->leg[leg].lots != 0) {
                held += value(in, abs64(h->leg[leg].lots), in->mark);
                m.equity += bot__exchange_unrealised(in, &h->leg[leg]);
            }
        bot_i128 worst = 0; /* the dearer side of what rests */
        for (int s = 0; s < 2; s++)
            if (h->open_lots[s] > 0) {
                const int64_t price = (int64_t)(h->open_price_lots[s] / h->open_lots[s]);
                const bot_i128 v = value(in, h->open_lots[s], price);
                if (v > worst) worst = v;
            }
        m.initial += (held + worst) / in->def.leverage;
        m.maintenance += held * in->def.maintenance_bps / 10000;
    }
    return m;
}

bool bot__exchange_affords(const struct exchange *x, const struct exchange_request *r, int64_t price)
{
    const struct instrument *in = &x->instrument[r->instrument];
    const struct holding *h = &x->account[r->account].holding[r->instrument];
    const int64_t held = h->hedge ? 0 : h->leg[0].lots;
    const int64_t opens = (r->side == BOT_SELL ? held : -held) > 0 ? r->lots - abs64(held) : r->lots;
    if (opens <= 0) return true;
    const struct margin m = margin_of(x, r->account, bot__exchange_currency(x, &in->def.settle));
    return m.initial + value(in, opens, price) / in->def.leverage <= m.equity;
}

bool bot__exchange_below_maintenance(const struct exchange *x, uint32_t account, uint32_t currency)
{
    const struct margin m = margin_of(x, account, currency);
    return m.equity < m.maintenance;
}

int bot__exchange_hedge_set(struct exchange *x, uint32_t account, uint16_t instrument, bool hedge)
{
    struct holding *h = &x->account[account].holding[instrument];
    for (int leg = 0; leg < LEGS; leg++)
        if (h->leg[leg].lots != 0)
            return EXCHANGE_MODE_IN_USE;
    if (h->open_orders > 0) return EXCHANGE_MODE_IN_USE;
    h->hedge = hedge;
    return EXCHANGE_TAKEN;
}

bool bot__exchange_hedge(const struct exchange *x, uint32_t account, uint16_t instrument)
{
    return x->account[account].holding[instrument].hedge;
}
