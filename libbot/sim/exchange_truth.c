/* What can be asked: the truth, and how things were. */
#include "exchange_state.h"

#include <string.h>

void bot__exchange_truth(const struct exchange *x, uint32_t account, uint16_t instrument, struct exchange_truth *ret)
{
    const struct instrument *in = &x->instrument[instrument];
    const struct holding *h = &x->account[account].holding[instrument];
    const struct exchange_instrument *def = &in->def;
    memset(ret, 0, sizeof *ret);
    int64_t net = 0;
    for (int leg = 0; leg < LEGS; leg++) {
        const struct exchange_position *p = &h->leg[leg];
        net += p->lots;
        ret->realised.v += p->realised.v;
        ret->fees.v += p->fees.v;
        ret->funding.v += p->funding.v;
        ret->unrealised.v += bot__exchange_unrealised(in, p);
        ret->fills += p->fills;
        if (p->updated_ns > ret->changed_ns) ret->changed_ns = p->updated_ns;
    }
    ret->position = bot__exchange_qty(def, net);
    ret->long_leg = bot__exchange_qty(def, h->leg[BOT_LEG_LONG - BOT_LEG_NET].lots);
    ret->short_leg = bot__exchange_qty(def, h->leg[BOT_LEG_SHORT - BOT_LEG_NET].lots);
    ret->open_buy = bot__exchange_qty(def, h->open_lots[0]);
    ret->open_sell = bot__exchange_qty(def, h->open_lots[1]);
    ret->open_long = bot__exchange_qty(def, h->open_leg_lots[0]);
    ret->open_short = bot__exchange_qty(def, h->open_leg_lots[1]);
    ret->open_orders = h->open_orders;
    ret->mark = bot__exchange_px(def, in->mark);
    if (!h->hedge) ret->entry = bot__exchange_entry(def, &h->leg[0]);
}

uint64_t bot__exchange_changes(const struct exchange *x, uint32_t account, uint16_t instrument)
{
    return x->account[account].holding[instrument].changes;
}

const struct exchange_position *bot__exchange_position(const struct exchange *x, uint32_t account, uint16_t instrument, bot_leg leg)
{
    return &x->account[account].holding[instrument].leg[leg - BOT_LEG_NET];
}

bot_money bot__exchange_balance(const struct exchange *x, uint32_t account, const bot_currency *currency)
{
    const uint32_t c = bot__exchange_currency(x, currency);
    return c == NONE ? (bot_money){ 0 } : x->account[account].balance[c];
}

bot_money bot__exchange_venue_fees(const struct exchange *x, uint16_t instrument) { return x->instrument[instrument].fees; }
uint32_t bot__exchange_accounts(const struct exchange *x) { return x->accounts_n; }
uint32_t bot__exchange_instruments(const struct exchange *x) { return x->opt.instruments_n; }
int64_t bot__exchange_seq(const struct exchange *x, uint16_t instrument) { return x->instrument[instrument].seq; }
int64_t bot__exchange_mark(const struct exchange *x, uint16_t instrument) { return x->instrument[instrument].mark; }
int64_t bot__exchange_last(const struct exchange *x, uint16_t instrument) { return x->instrument[instrument].last_price; }
struct exchange_stats bot__exchange_stats(const struct exchange *x) { return x->stats; }

const struct exchange_instrument *bot__exchange_instrument(const struct exchange *x, uint16_t i)
{
    return i < x->opt.instruments_n ? &x->instrument[i].def : NULL;
}

int bot__exchange_instrument_find(const struct exchange *x, const char *symbol, size_t len)
{
    for (uint32_t i = 0; i < x->opt.instruments_n; i++) {
        const bot_symbol *s = &x->instrument[i].def.symbol;
        if (s->len == len && memcmp(s->s, symbol, len) == 0)
            return (int)i;
    }
    return -1;
}

uint32_t bot__exchange_book(const struct exchange *x, uint16_t instrument, bot_side side, struct exchange_level *ret, uint32_t max)
{
    const struct side *sd = &x->instrument[instrument].side[side == BOT_BUY ? 0 : 1];
    uint32_t n = 0;
    for (uint32_t i = sd->n; i-- > 0 && n < max; n++)
        ret[n] = (struct exchange_level){ .price_ticks = sd->levels[i].price, .lots = sd->levels[i].lots, .orders = sd->levels[i].n };
    return n;
}

static bool is_open(const struct exchange_order *o)
{
    return o->status == BOT_ORDER_OPEN || o->status == BOT_ORDER_PARTIALLY_FILLED;
}

/* Keeps ret sorted by id, newest first; a full list loses its oldest. */
static uint32_t insert(struct exchange_order *ret, uint32_t n, uint32_t max, const struct exchange_order *o)
{
    uint32_t i = n;
    while (i > 0 && ret[i - 1].id < o->id) i--;
    if (i == max) return n;
    const uint32_t moved = (n < max ? n : max - 1) - i;
    memmove(&ret[i + 1], &ret[i], moved * sizeof *ret);
    ret[i] = *o;
    return n < max ? n + 1 : max;
}

uint32_t bot__exchange_orders_at(const struct exchange *x, uint32_t account, int instrument, int64_t as_of_ns, enum exchange_which which,
                                 struct exchange_order *ret, uint32_t max)
{
    const struct account *a = &x->account[account];
    const bool open = which == EXCHANGE_ORDERS_OPEN;
    if (as_of_ns == INT64_MAX) as_of_ns--; /* INT64_MAX stands for "still so" below */
    uint32_t n = 0;
    /* What rests now and has not changed since then was so then. */
    for (uint32_t i = 0; i < x->opt.instruments_n && open; i++) {
        uint32_t left = instrument < 0 || (uint32_t)instrument == i ? a->holding[i].open_orders : 0;
        for (uint32_t s = 0; s < 2; s++)
            for (uint32_t l = x->instrument[i].side[s].n; l-- > 0 && left > 0;)
                for (uint32_t slot = x->instrument[i].side[s].levels[l].head; slot != NONE; slot = x->order[slot].next)
                    if (x->order[slot].account == account) {
                        left--;
                        if (x->order[slot].updated_ns <= as_of_ns) n = insert(ret, n, max, &x->order[slot]);
                    }
    }
    if (open && as_of_ns >= x->now) return n;
    const uint64_t oldest = a->orders_n > x->opt.history_max ? a->orders_n - x->opt.history_max : 0;
    for (uint64_t i = a->orders_n; i > oldest && (open || n < max); i--) {
        const struct order_version *v = &a->orders[(i - 1) % x->opt.history_max];
        if (v->order.updated_ns > as_of_ns || v->replaced_ns <= as_of_ns || is_open(&v->order) != open ||
            (instrument >= 0 && v->order.instrument != instrument) || (open && v->replaced_ns == INT64_MAX))
            continue;
        if (open) n = insert(ret, n, max, &v->order);
        else ret[n++] = v->order;
    }
    return n;
}

bool bot__exchange_changed_since(const struct exchange *x, uint32_t account, int64_t ns)
{
    const struct account *a = &x->account[account];
    return (a->orders_n > 0 && a->orders[(a->orders_n - 1) % x->opt.history_max].order.updated_ns > ns) ||
           (a->fills_n > 0 && a->fills[(a->fills_n - 1) % x->opt.fills_max].ns > ns) ||
           (a->positions_n > 0 && a->positions[(a->positions_n - 1) % x->opt.history_max].ns > ns);
}

bool bot__exchange_order_done_at(const struct exchange *x, uint32_t account, uint64_t id, const char *link_id, int64_t as_of_ns, struct exchange_order *ret)
{
    const struct account *a = &x->account[account];
    const uint64_t oldest = a->orders_n > x->opt.history_max ? a->orders_n - x->opt.history_max : 0;
    for (uint64_t i = a->orders_n; i > oldest; i--) {
        const struct exchange_order *o = &a->orders[(i - 1) % x->opt.history_max].order;
        if (o->updated_ns > as_of_ns || is_open(o) || (id != 0 ? o->id != id : strcmp(o->link_id, link_id) != 0))
            continue;
        *ret = *o;
        return true;
    }
    return false;
}

bool bot__exchange_fill_at(const struct exchange *x, uint32_t account, int64_t as_of_ns, uint32_t index, struct exchange_fill *ret)
{
    const struct account *a = &x->account[account];
    const uint64_t oldest = a->fills_n > x->opt.fills_max ? a->fills_n - x->opt.fills_max : 0;
    uint64_t end = a->fills_n;
    while (end > oldest && a->fills[(end - 1) % x->opt.fills_max].ns > as_of_ns) end--;
    if (end - oldest <= index) return false;
    *ret = a->fills[(end - 1 - index) % x->opt.fills_max];
    return true;
}

void bot__exchange_position_at(const struct exchange *x, uint32_t account, uint16_t instrument, bot_leg leg, int64_t as_of_ns,
                               struct exchange_position *ret)
{
    const struct account *a = &x->account[account];
    *ret = a->holding[instrument].leg[leg - BOT_LEG_NET];
    if (ret->updated_ns <= as_of_ns) return;
    memset(ret, 0, sizeof *ret);
    const uint64_t oldest = a->positions_n > x->opt.history_max ? a->positions_n - x->opt.history_max : 0;
    for (uint64_t i = a->positions_n; i > oldest; i--) {
        const struct position_version *v = &a->positions[(i - 1) % x->opt.history_max];
        if (v->instrument == instrument && v->leg == leg && v->ns <= as_of_ns) {
            *ret = v->pos;
            return;
        }
    }
}
