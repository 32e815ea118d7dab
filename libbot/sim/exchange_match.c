/* Orders against the book. */
#include "exchange_state.h"

#include <string.h>

/* Takes an order out of the market, unfilled for that reason (NONE: filled), and tells about it. */
static void finish(struct exchange *x, struct exchange_order *o, enum exchange_end why)
{
    if (o->level_side != 0) bot__exchange_unrest(x, o);
    o->leaves_lots = 0;
    o->end = (uint8_t)why;
    o->status = why == EXCHANGE_END_NONE ? BOT_ORDER_FILLED : BOT_ORDER_CANCELED;
    o->updated_ns = x->now;
    bot__exchange_tell_order(x, o);
    bot__exchange_order_done(x, o);
}

void bot__exchange_remove(struct exchange *x, struct exchange_order *o, enum exchange_end why)
{
    x->stats.cancels += why == EXCHANGE_END_BY_USER;
    finish(x, o, why);
}

/* ---- matching -------------------------------------------------------------------------------------------------- */

/* How much a reduce-only order may still do: what there is to close. */
static int64_t may_fill(struct exchange *x, const struct exchange_order *o)
{
    if (!o->reduce_only) return o->leaves_lots;
    const int64_t lots = leg_of(&x->account[o->account].holding[o->instrument], o->leg)->lots;
    const int64_t closable = o->side == BOT_SELL ? lots : -lots;
    return closable <= 0 ? 0 : min64(closable, o->leaves_lots);
}

static bool crosses(const struct exchange_order *o, int64_t price)
{
    return o->side == BOT_BUY ? price <= o->price_ticks : price >= o->price_ticks;
}

static void trade(struct exchange *x, struct exchange_order *taker, struct exchange_order *maker, int64_t lots)
{
    struct instrument *in = &x->instrument[taker->instrument];
    const int64_t price = maker->price_ticks;
    in->last_price = price;
    x->stats.trades++;
    bot__exchange_shrink(x, maker, lots);
    taker->leaves_lots -= lots;
    maker->cum_lots += lots;
    taker->cum_lots += lots;
    const uint8_t kind = taker->origin == EXCHANGE_BY_LIQUIDATION ? BOT_FILL_LIQUIDATION : BOT_FILL_TRADE;
    const uint64_t id = x->next_trade++;
    x->stats.self_trades += maker->account == taker->account && maker->account != EXCHANGE_HOUSE;
    bot__exchange_apply(x, maker, id, price, lots, true, BOT_FILL_TRADE);
    bot__exchange_apply(x, taker, id, price, lots, false, kind);
    const struct exchange_trade t = { .id = id, .side = taker->side, .lots = lots, .price_ticks = price, .ns = x->now,
                                      .seq = in->seq };
    exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_TRADE, .instrument = taker->instrument, .trade = &t,
                                                   .seq = in->seq });
    if (maker->leaves_lots == 0) {
        finish(x, maker, EXCHANGE_END_NONE);
    } else if (maker->account != EXCHANGE_HOUSE) {
        maker->status = BOT_ORDER_PARTIALLY_FILLED;
        maker->updated_ns = x->now;
        bot__exchange_tell_order(x, maker);
    }
}

static void match(struct exchange *x, struct exchange_order *o)
{
    struct side *opposite = &x->instrument[o->instrument].side[1 - side_index(o->side)];
    while (o->leaves_lots > 0 && opposite->n > 0) {
        const struct level *best = &opposite->levels[opposite->n - 1];
        if (!crosses(o, best->price)) return;
        struct exchange_order *maker = &x->order[best->head];
        const int64_t maker_may = may_fill(x, maker), taker_may = may_fill(x, o);
        if (maker_may == 0) {
            finish(x, maker, EXCHANGE_END_REDUCE_ONLY);
            continue;
        }
        if (taker_may == 0) return;
        trade(x, o, maker, min64(maker_may, taker_may));
    }
}

/* Could the whole order be filled at once? */
static bool fillable(const struct exchange *x, const struct exchange_order *o)
{
    const struct side *opposite = &x->instrument[o->instrument].side[1 - side_index(o->side)];
    int64_t lots = 0;
    for (uint32_t i = opposite->n; i-- > 0 && lots < o->leaves_lots && crosses(o, opposite->levels[i].price);)
        lots += opposite->levels[i].lots;
    return lots >= o->leaves_lots;
}

static bool would_take(const struct exchange *x, const struct exchange_order *o)
{
    const struct side *opposite = &x->instrument[o->instrument].side[1 - side_index(o->side)];
    return opposite->n > 0 && crosses(o, opposite->levels[opposite->n - 1].price);
}

void bot__exchange_work(struct exchange *x, struct exchange_order *o)
{
    if (o->tif == BOT_POST_ONLY && would_take(x, o)) {
        finish(x, o, EXCHANGE_END_POST_ONLY);
        return;
    }
    if (o->tif == BOT_FOK && !fillable(x, o)) {
        finish(x, o, EXCHANGE_END_NO_FILL);
        return;
    }
    match(x, o);
    if (o->leaves_lots == 0)
        finish(x, o, EXCHANGE_END_NONE);
    else if (may_fill(x, o) == 0)
        finish(x, o, EXCHANGE_END_REDUCE_ONLY);
    else if (o->type == BOT_MARKET || o->tif == BOT_IOC || !bot__exchange_has_room(x, o->instrument, side_index(o->side), o->price_ticks))
        finish(x, o, EXCHANGE_END_NO_FILL);
    else {
        o->status = o->cum_lots > 0 ? BOT_ORDER_PARTIALLY_FILLED : BOT_ORDER_OPEN;
        bot__exchange_rest(x, o);
        bot__exchange_tell_order(x, o);
    }
}

/* Reduce-only orders whose position went away, on the account's own calls or by fills of others. */
void bot__exchange_reduce_only_trim(struct exchange *x, uint32_t account, uint16_t instrument)
{
    if (x->account[account].holding[instrument].reduce_only_orders == 0) return;
    for (uint32_t s = 0; s < 2; s++) {
        struct side *sd = &x->instrument[instrument].side[s];
        for (uint32_t i = sd->n; i-- > 0;)
            for (uint32_t slot = sd->levels[i].head, next; slot != NONE; slot = next) {
                struct exchange_order *o = &x->order[slot];
                next = o->next;
                const bool last = sd->levels[i].n == 1;
                if (o->account == account && o->reduce_only && may_fill(x, o) == 0) {
                    finish(x, o, EXCHANGE_END_REDUCE_ONLY);
                    if (last) break; /* the level went with it */
                }
            }
    }
}

uint32_t bot__exchange_remove_all(struct exchange *x, uint32_t account, uint16_t instrument, enum exchange_end why, uint32_t max)
{
    uint32_t n = 0;
    for (uint32_t s = 0; s < 2; s++) {
        struct side *sd = &x->instrument[instrument].side[s];
        for (uint32_t i = sd->n; i-- > 0;) {
            uint32_t left = sd->levels[i].n;
            for (uint32_t slot = sd->levels[i].head, next; left-- > 0 && n < max; slot = next) {
                struct exchange_order *o = &x->order[slot];
                next = o->next;
                if (o->account != account) continue;
                bot__exchange_remove(x, o, why);
                n++;
            }
        }
    }
    return n;
}

/* ---- what is taken -------------------------------------------------------------------------------------------------- */

static bool leg_fits(const struct exchange *x, const struct exchange_request *r)
{
    return x->account[r->account].holding[r->instrument].hedge ? r->leg == BOT_LEG_LONG || r->leg == BOT_LEG_SHORT
                                                               : r->leg == BOT_LEG_NET;
}

/* In hedge mode the far side of a leg only closes it. */
static bool closes_leg(const struct exchange_request *r)
{
    return (r->leg == BOT_LEG_LONG && r->side == BOT_SELL) || (r->leg == BOT_LEG_SHORT && r->side == BOT_BUY);
}

bool bot__exchange_out_of_band(const struct instrument *in, bot_side side, int64_t price)
{
    if (in->def.band_bps == 0) return false;
    const int64_t room = in->mark * in->def.band_bps / 10000;
    return side == BOT_BUY ? price > in->mark + room : price < in->mark - room;
}

static int64_t market_cap(const struct instrument *in, bot_side side)
{
    const struct side *opposite = &in->side[side == BOT_BUY ? 1 : 0];
    const int64_t from = opposite->n > 0 ? opposite->levels[opposite->n - 1].price : in->last_price;
    const int64_t room = from / 20; /* the venue turns a market order into an IOC limit order some per cent away */
    return side == BOT_BUY ? from + room : from - room > 0 ? from - room : 1;
}

static int check(struct exchange *x, const struct exchange_request *r, bool reduce_only, int64_t price)
{
    const struct instrument *in = &x->instrument[r->instrument];
    const bool house = r->account == EXCHANGE_HOUSE;
    if (r->lots < in->def.lots_min || r->lots > (r->type == BOT_MARKET ? in->def.lots_max_market : in->def.lots_max)) {
        if (!house && r->origin == EXCHANGE_BY_USER) return EXCHANGE_BAD_QTY;
        if (r->lots <= 0) return EXCHANGE_BAD_QTY;
    }
    if (price <= 0) return EXCHANGE_BAD_PRICE;
    if (house || r->origin != EXCHANGE_BY_USER) return EXCHANGE_TAKEN;
    if (!leg_fits(x, r)) return EXCHANGE_BAD_LEG;
    if (r->type == BOT_LIMIT && bot__exchange_out_of_band(in, r->side, price)) return EXCHANGE_PRICE_BAND;
    if (r->link_id[0] != '\0' && bot__exchange_order_by_link(x, r->account, r->link_id) != NULL) return EXCHANGE_DUPLICATE_LINK;
    const struct holding *h = &x->account[r->account].holding[r->instrument];
    if (h->open_orders >= x->opt.open_per_instrument_max) return EXCHANGE_TOO_MANY_ORDERS;
    if (reduce_only) {
        const int64_t lots = h->leg[r->leg - BOT_LEG_NET].lots;
        return (r->side == BOT_SELL ? lots : -lots) <= 0 ? EXCHANGE_REDUCE_ONLY : EXCHANGE_TAKEN;
    }
    if (in->def.contract == BOT_LINEAR && in->def.notional_min.v > 0 &&
        bot__exchange_value(&in->def, r->lots, price).v < in->def.notional_min.v)
        return EXCHANGE_BELOW_NOTIONAL;
    return bot__exchange_affords(x, r, price) ? EXCHANGE_TAKEN : EXCHANGE_NO_BALANCE;
}

int bot__exchange_place(struct exchange *x, const struct exchange_request *r, uint64_t *ret_id)
{
    struct instrument *in = &x->instrument[r->instrument];
    const int64_t price = r->type == BOT_MARKET ? market_cap(in, r->side) : r->price_ticks;
    const bool hedge = x->account[r->account].holding[r->instrument].hedge;
    const bool reduce_only = r->reduce_only || (hedge && closes_leg(r));
    const int refusal = check(x, r, reduce_only, price);
    if (refusal != EXCHANGE_TAKEN) return refusal;
    struct exchange_order *o = bot__exchange_order_new(x);
    if (o == NULL) return EXCHANGE_TOO_MANY_ORDERS;
    o->account = r->account;
    o->instrument = r->instrument;
    o->side = (uint8_t)r->side;
    o->type = (uint8_t)r->type;
    o->tif = r->type == BOT_MARKET ? (uint8_t)BOT_IOC : (uint8_t)r->tif;
    o->leg = (uint8_t)r->leg;
    o->origin = (uint8_t)r->origin;
    o->reduce_only = reduce_only;
    o->price_ticks = price;
    o->lots = o->leaves_lots = r->lots;
    o->created_ns = o->updated_ns = x->now;
    o->mark_ticks_created = in->last_price;
    o->status = BOT_ORDER_OPEN;
    memcpy(o->link_id, r->link_id, sizeof o->link_id);
    bot__exchange_order_index(x, o);
    if (ret_id != NULL) *ret_id = o->id;
    in->seq++;
    bot__exchange_work(x, o);
    return EXCHANGE_TAKEN;
}
