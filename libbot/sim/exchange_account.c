/* Positions, money, margins, and what the venue does of itself. */
#include "exchange_internal.h"

#include <string.h>

#include "base/assert.h"

static int64_t abs64(int64_t v) { return v < 0 ? -v : v; }
static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

/* The formulas below hold for |lots| < 2^40 and prices < 2^40 ticks, which the options' sane values keep; what overflows
 * 128 bits nevertheless is a bug in the instrument given, so it stops. */
static bot_i128 muldiv(bot_i128 a, bot_i128 b, bot_i128 c)
{
    bot_i128 v = 0;
    const int r = bot_fixed_muldiv_half_even(a, b, c, &v);
    BOT_ASSERT(r == BOT_OK);
    return v;
}

static bot_i128 value_of(const struct exchange_instrument *in, bot_i128 unit, int64_t lots, int64_t ticks)
{
    if (lots == 0) return 0;
    return in->contract == BOT_LINEAR ? unit * lots * ticks : muldiv(unit, lots, in->tick.coef * ticks);
}

static bot_i128 value(const struct instrument *in, int64_t lots, int64_t ticks) { return value_of(&in->def, in->unit, lots, ticks); }

uint32_t bot__exchange_currency(const struct exchange *x, const bot_currency *c)
{
    for (uint32_t i = 0; i < x->currencies_n; i++)
        if (x->currency[i].len == c->len && memcmp(x->currency[i].s, c->s, c->len) == 0)
            return i;
    return NONE;
}

void bot__exchange_touch(struct exchange *x, uint32_t account)
{
    if (account == EXCHANGE_HOUSE) return;
    for (uint32_t i = 0; i < x->touched_n; i++)
        if (x->touched[i] == account)
            return;
    x->touched[x->touched_n++] = account; /* at most 63 accounts */
}

void bot__exchange_remember_order(struct exchange *x, struct exchange_order *o)
{
    struct account *a = &x->account[o->account];
    const uint64_t max = x->opt.history_max;
    if (o->version != 0 && a->orders_n - (o->version - 1) <= max)
        a->orders[(o->version - 1) % max].replaced_ns = x->now;
    o->version = a->orders_n + 1;
    a->orders[a->orders_n++ % max] = (struct order_version){ .order = *o, .replaced_ns = INT64_MAX };
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
        const bot_i128 out = closed == abs64(lots) ? whole : muldiv(whole, closed, abs64(lots));
        const bot_i128 cost = closed == abs64(p->lots) ? p->cost.v : muldiv(p->cost.v, closed, abs64(p->lots));
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
    bot__exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_FILL, .account = f->account, .instrument = f->instrument,
                                                   .leg = f->leg, .fill = f, .seq = f->seq });
}

void bot__exchange_apply(struct exchange *x, struct exchange_order *o, int64_t price, int64_t lots, bool maker, uint8_t kind)
{
    struct instrument *in = &x->instrument[o->instrument];
    struct account *a = &x->account[o->account];
    struct holding *h = &a->holding[o->instrument];
    struct exchange_position *p = leg_of(h, o->leg);
    const uint32_t currency = bot__exchange_currency(x, &in->def.settle);
    const int32_t fee_e8 = o->account == EXCHANGE_HOUSE ? 0 : maker ? in->def.maker_fee_e8 : in->def.taker_fee_e8;
    const bot_i128 v = value(in, lots, price), fee = muldiv(v, fee_e8, 100000000);
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
    bot__exchange_touch(x, o->account);
    struct exchange_fill f = { .id = x->next_fill++, .order_id = o->id, .account = o->account, .instrument = o->instrument,
                               .side = o->side, .kind = kind, .liquidity = maker ? BOT_MAKER : BOT_TAKER, .leg = o->leg,
                               .type = o->type, .origin = o->origin, .seq = in->seq, .ns = x->now, .lots = lots,
                               .price_ticks = price, .closed_lots = closed, .leaves_lots = o->leaves_lots,
                               .order_lots = o->lots, .order_price_ticks = o->price_ticks, .mark_ticks = in->mark,
                               .value = { v }, .fee = { fee }, .pnl = { pnl }, .fee_e8 = fee_e8 };
    memcpy(f.link_id, o->link_id, sizeof f.link_id);
    fill_keep(x, &f);
}

/* ---- margin ---------------------------------------------------------------------------------------------------- */

static bot_i128 unrealised(const struct instrument *in, const struct exchange_position *p)
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
                m.equity += unrealised(in, &h->leg[leg]);
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

static int64_t close_out(struct exchange *x, uint32_t account, uint16_t instrument, uint8_t leg, int64_t lots)
{
    struct holding *h = &x->account[account].holding[instrument];
    const int64_t held = leg_of(h, leg)->lots, size = min64(lots > 0 ? lots : INT64_MAX, abs64(held));
    if (size == 0) return 0;
    const struct exchange_request r = { .account = account, .instrument = instrument, .side = held > 0 ? BOT_SELL : BOT_BUY,
                                        .type = BOT_MARKET, .tif = BOT_IOC, .leg = leg, .reduce_only = true, .lots = size,
                                        .origin = EXCHANGE_BY_LIQUIDATION };
    uint64_t id = 0;
    if (bot__exchange_place(x, &r, &id) != EXCHANGE_TAKEN) return 0;
    return abs64(held) - abs64(leg_of(h, leg)->lots);
}

bool bot__exchange_check_margins(struct exchange *x, uint16_t instrument)
{
    const uint32_t currency = bot__exchange_currency(x, &x->instrument[instrument].def.settle);
    bool any = false;
    for (uint32_t n = 1; n < x->accounts_n; n++) {
        struct account *a = &x->account[n];
        bool holds = false;
        for (int leg = 0; leg < LEGS; leg++)
            holds |= a->holding[instrument].leg[leg].lots != 0;
        if (!holds || !a->liquidation) continue;
        const struct margin m = margin_of(x, n, currency);
        if (m.equity >= m.maintenance) continue;
        for (uint32_t s = 0; s < 2; s++) { /* resting orders go first */
            struct side *sd = &x->instrument[instrument].side[s];
            for (uint32_t i = sd->n; i-- > 0;) {
                uint32_t left = sd->levels[i].n;
                for (uint32_t slot = sd->levels[i].head, next; left-- > 0; slot = next) {
                    next = x->order[slot].next;
                    if (x->order[slot].account == n) bot__exchange_remove(x, &x->order[slot], EXCHANGE_END_LIQUIDATION);
                }
            }
        }
        for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++)
            any |= close_out(x, n, instrument, leg, 0) > 0; /* an empty book: tried again with the next change */
    }
    return any;
}

int64_t bot__exchange_liquidate(struct exchange *x, int64_t now_ns, uint32_t account, uint16_t instrument, int64_t lots)
{
    if (x->mode == EXCHANGE_MODE_HALTED || account == EXCHANGE_HOUSE) return 0;
    if (now_ns > x->now) x->now = now_ns;
    int64_t closed = 0;
    for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++)
        closed += close_out(x, account, instrument, leg, lots);
    bot__exchange_call_end(x);
    return closed;
}

/* Both sides by agreement of the venue: at the mark, against the house, without the book. */
int64_t bot__exchange_adl(struct exchange *x, int64_t now_ns, uint32_t account, uint16_t instrument, int64_t lots)
{
    if (account == EXCHANGE_HOUSE) return 0;
    if (now_ns > x->now) x->now = now_ns;
    struct instrument *in = &x->instrument[instrument];
    struct holding *h = &x->account[account].holding[instrument];
    int64_t closed = 0;
    for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
        const int64_t held = leg_of(h, leg)->lots, size = min64(lots > 0 ? lots : INT64_MAX, abs64(held));
        if (size == 0) continue;
        in->seq++;
        struct exchange_order mine = { .id = x->next_order++, .account = account, .instrument = instrument, .leg = leg,
                                       .side = held > 0 ? BOT_SELL : BOT_BUY, .type = BOT_LIMIT, .tif = BOT_GTC,
                                       .status = BOT_ORDER_FILLED, .origin = EXCHANGE_BY_ADL, .reduce_only = true,
                                       .price_ticks = in->mark, .lots = size, .cum_lots = size, .created_ns = x->now,
                                       .updated_ns = x->now, .mark_ticks_created = in->mark };
        struct exchange_order theirs = { .account = EXCHANGE_HOUSE, .instrument = instrument, .leg = BOT_LEG_NET,
                                         .side = held > 0 ? BOT_BUY : BOT_SELL };
        bot__exchange_apply(x, &mine, in->mark, size, true, BOT_FILL_ADL);
        bot__exchange_apply(x, &theirs, in->mark, size, true, BOT_FILL_ADL);
        bot__exchange_remember_order(x, &mine);
        bot__exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_ORDER, .account = account, .instrument = instrument,
                                                       .leg = leg, .order = &mine, .seq = in->seq });
        closed += size;
    }
    bot__exchange_call_end(x);
    return closed;
}

void bot__exchange_fund(struct exchange *x, int64_t now_ns, uint16_t instrument, int32_t rate_e8)
{
    if (now_ns > x->now) x->now = now_ns;
    struct instrument *in = &x->instrument[instrument];
    const uint32_t currency = bot__exchange_currency(x, &in->def.settle);
    in->seq++;
    for (uint32_t n = 0; n < x->accounts_n; n++)
        for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
            struct holding *h = &x->account[n].holding[instrument];
            struct exchange_position *p = leg_of(h, leg);
            if (p->lots == 0) continue;
            const bot_i128 v = value(in, abs64(p->lots), in->mark), paid = muldiv(v, p->lots > 0 ? rate_e8 : -rate_e8, 100000000);
            p->funding.v += paid;
            x->account[n].balance[currency].v -= paid;
            if (n == EXCHANGE_HOUSE) continue;
            x->account[n].wallet_touched[currency] = true;
            h->changes++;
            h->touched[leg - BOT_LEG_NET] = true;
            bot__exchange_touch(x, n);
            const struct exchange_fill f = { .id = x->next_fill++, .order_id = x->next_order++, .account = n, .instrument = instrument,
                                             .side = p->lots > 0 ? BOT_BUY : BOT_SELL, .kind = BOT_FILL_NONE, .leg = leg,
                                             .seq = in->seq, .ns = x->now, .lots = abs64(p->lots), .price_ticks = in->mark,
                                             .mark_ticks = in->mark, .value = { v }, .fee = { paid },
                                             .fee_e8 = p->lots > 0 ? rate_e8 : -rate_e8 };
            fill_keep(x, &f);
        }
    bot__exchange_call_end(x);
}

void bot__exchange_seq_restart(struct exchange *x, uint16_t instrument, int64_t seq) { x->instrument[instrument].seq = seq; }

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

static bot_symbol symbol(const char *text)
{
    bot_symbol s = { .len = (uint8_t)strlen(text) };
    memcpy(s.s, text, s.len);
    return s;
}

static bot_currency currency(const char *text)
{
    bot_currency c = { .len = (uint8_t)strlen(text) };
    memcpy(c.s, text, c.len);
    return c;
}

uint32_t bot__exchange_instruments_default(struct exchange_instrument *ret, uint32_t max)
{
    const bot_money five = { (bot_i128)5 * 1000000000000000000 };
    const struct exchange_instrument all[] = {
        { .symbol = symbol("BTCUSDT"), .contract = BOT_LINEAR, .base = currency("BTC"), .quote = currency("USDT"),
          .settle = currency("USDT"), .tick = { 10, 2 }, .lot = { 1, 3 }, .lots_min = 1, .lots_max = 1190000,
          .lots_max_market = 500000, .notional_min = five, .maker_fee_e8 = 20000, .taker_fee_e8 = 55000, .leverage = 10,
          .maintenance_bps = 50, .band_bps = 1000, .price_ticks = 650000 },
        { .symbol = symbol("ETHUSDT"), .contract = BOT_LINEAR, .base = currency("ETH"), .quote = currency("USDT"),
          .settle = currency("USDT"), .tick = { 1, 2 }, .lot = { 1, 2 }, .lots_min = 1, .lots_max = 724000,
          .lots_max_market = 145000, .notional_min = five, .maker_fee_e8 = 20000, .taker_fee_e8 = 55000, .leverage = 10,
          .maintenance_bps = 50, .band_bps = 1000, .price_ticks = 350000 },
        { .symbol = symbol("BTCUSD"), .contract = BOT_INVERSE, .base = currency("BTC"), .quote = currency("USD"),
          .settle = currency("BTC"), .tick = { 50, 2 }, .lot = { 1, 0 }, .lots_min = 1, .lots_max = 25000000,
          .lots_max_market = 5000000, .maker_fee_e8 = 20000, .taker_fee_e8 = 55000, .leverage = 10, .maintenance_bps = 50,
          .band_bps = 1000, .price_ticks = 130000 },
    };
    uint32_t n = 0;
    for (; n < sizeof all / sizeof *all && n < max; n++)
        ret[n] = all[n];
    return n;
}

/* ---- lots and ticks -------------------------------------------------------------------------------------------- */

static bot_i128 scaled(bot_dec unit, int64_t n)
{
    bot_i128 v = unit.coef * n;
    for (int i = unit.scale; i < BOT_FIXED_DIGITS; i++) v *= 10;
    return v;
}

bot_qty bot__exchange_qty(const struct exchange_instrument *in, int64_t lots) { return (bot_qty){ scaled(in->lot, lots) }; }
bot_px bot__exchange_px(const struct exchange_instrument *in, int64_t ticks) { return (bot_px){ scaled(in->tick, ticks) }; }

static int units(bot_dec unit, bot_dec v, int64_t *ret)
{
    bot_i128 fixed;
    const int r = bot_dec_to_fixed(v, &fixed);
    if (r < 0) return r;
    const bot_i128 one = scaled(unit, 1);
    if (fixed % one != 0) return BOT_ERR_MALFORMED;
    if (fixed / one > INT64_C(1) << 40 || fixed / one < -(INT64_C(1) << 40)) return BOT_ERR_OVERFLOW;
    *ret = (int64_t)(fixed / one);
    return 0;
}

int bot__exchange_lots(const struct exchange_instrument *in, bot_dec qty, int64_t *ret_lots) { return units(in->lot, qty, ret_lots); }
int bot__exchange_ticks(const struct exchange_instrument *in, bot_dec price, int64_t *ret_ticks)
{
    return units(in->tick, price, ret_ticks);
}

bot_money bot__exchange_value(const struct exchange_instrument *in, int64_t lots, int64_t ticks)
{
    bot_i128 unit = in->contract == BOT_LINEAR ? in->tick.coef * in->lot.coef : scaled(in->lot, 1);
    const int digits = in->contract == BOT_LINEAR ? BOT_FIXED_DIGITS - in->tick.scale - in->lot.scale : in->tick.scale;
    for (int i = 0; i < digits; i++) unit *= 10;
    return (bot_money){ value_of(in, unit, lots, ticks) };
}

bot_px bot__exchange_entry(const struct exchange_instrument *in, const struct exchange_position *p)
{
    if (p->lots == 0) return (bot_px){ 0 };
    const bot_i128 qty = bot__exchange_qty(in, p->lots).v, one = (bot_i128)1000000000000000000;
    return (bot_px){ in->contract == BOT_LINEAR ? muldiv(p->cost.v, one, qty) : muldiv(qty, one, p->cost.v) };
}

/* ---- the truth ------------------------------------------------------------------------------------------------- */

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
        ret->unrealised.v += unrealised(in, p);
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
