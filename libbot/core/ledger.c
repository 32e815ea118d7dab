#include "core/ledger.h"

#include <stddef.h>
#include <string.h>

#include "base/assert.h"
#include "base/dec_short.h"
#include "bot/decimal.h"
#include "core/carve.h"

#define BOUND_MAX (1u << 24)
#define CURRENCIES_MAX 64 /* bits of a fee_seen word */
#define PATH_STEPS_MIN 4096
#define ONE ((bot_i128)1000000000000000000)

/* What every fill passes is one function to the compiler; what few fills need stays out of it. */
#define OFTEN __attribute__((flatten))
#define SELDOM __attribute__((noinline))

enum { SLOT_NET, SLOT_LONG, SLOT_SHORT };

struct held {
    bot_event event;
    uint32_t  owner;
    bot_leg   leg;
};

struct ledger {
    struct ledger_options opt;
    uint32_t              legs; /* an instrument: 1, or 3 with hedge mode */
    uint32_t              currencies_n, held_n;
    uint32_t              soon; /* instrument of the fill before: mostly that of the next */
    uint32_t              unused; /* named: see struct order */
    struct instruments    instruments;
    struct dedupe         dedupe;
    struct derive         derive;
    struct ledger_stats   stats;

    /* A cell is an instrument's leg. Each cell has one row of the account and owners_max + 1 rows of owners. */
    struct position *account, *owners;
    bot_i128        *account_fees, *owner_fees; /* rows of currencies_max */
    uint64_t        *fee_seen;                  /* a cell's bits by currency */
    struct path     *paths;
    uint8_t         *leg_group; /* by instrument: 0 none, 1 net, 2 hedge: which was used last */
    bot_currency    *currencies;
    struct held     *held;
};

void bot__ledger_options_init(struct ledger_options *o)
{
    *o = (struct ledger_options){ .instruments_max = 64, .currencies_max = 32, .owners_max = 8, .execs_max = 65536,
                                  .path_steps_max = 8192, .held_max = 256 };
}

static bool options_are_sound(const struct ledger_options *o)
{
    return o->instruments_max >= 1 && o->instruments_max <= BOUND_MAX && o->currencies_max >= 1 && o->currencies_max <= CURRENCIES_MAX &&
           o->owners_max >= 1 && o->owners_max <= 65536 && o->execs_max >= 1 && o->execs_max <= BOUND_MAX &&
           o->path_steps_max >= PATH_STEPS_MIN && o->path_steps_max <= BOUND_MAX && o->held_max <= BOUND_MAX &&
           o->derived_orders_max <= BOUND_MAX;
}

/* One walk for size and init, over a carve that has the struct itself already. */
static void lay_out(struct ledger *l, struct carve *c, const struct ledger_options *o, struct path_step **ret_steps)
{
    memset(l, 0, sizeof *l);
    l->opt = *o;
    l->legs = o->hedge ? 3 : 1;
    l->soon = INSTRUMENT_NONE;
    const size_t cells = (size_t)o->instruments_max * l->legs, rows = cells * (o->owners_max + 1);
    bot__instruments_init(&l->instruments, c, o->instruments_max);
    l->account = carve_take(c, cells, sizeof *l->account);
    l->owners = carve_take(c, rows, sizeof *l->owners);
    l->account_fees = carve_take(c, cells * o->currencies_max, sizeof *l->account_fees);
    l->owner_fees = carve_take(c, rows * o->currencies_max, sizeof *l->owner_fees);
    l->fee_seen = carve_take(c, cells, sizeof *l->fee_seen);
    l->paths = carve_take(c, cells, sizeof *l->paths);
    l->leg_group = carve_take(c, o->instruments_max, sizeof *l->leg_group);
    l->currencies = carve_take(c, o->currencies_max, sizeof *l->currencies);
    l->held = carve_take(c, o->held_max, sizeof *l->held);
    bot__derive_init(&l->derive, c, o->derived_orders_max);
    bot__dedupe_init(&l->dedupe, c, o->execs_max, o->older, o->user_data);
    *ret_steps = carve_take(c, cells * o->path_steps_max, sizeof **ret_steps);
}

size_t bot__ledger_size(const struct ledger_options *o)
{
    struct carve c = { 0 };
    struct ledger measured;
    struct path_step *steps;
    if (!options_are_sound(o))
        return 0;
    carve_take(&c, 1, sizeof measured);
    lay_out(&measured, &c, o, &steps);
    return (c.used + 63) & ~(size_t)63;
}

struct ledger *bot__ledger_init(void *mem, const struct ledger_options *o)
{
    BOT_ASSERT(mem != NULL && options_are_sound(o));
    struct carve c = { .base = mem };
    struct path_step *steps;
    struct ledger *l = carve_take(&c, 1, sizeof *l);
    lay_out(l, &c, o, &steps);
    for (size_t i = 0; i < (size_t)o->instruments_max * l->legs; i++)
        bot__path_init(&l->paths[i], steps + i * o->path_steps_max, o->path_steps_max);
    return l;
}

/* ---- small lookups ---- */

uint32_t bot__ledger_find(const struct ledger *l, const bot_symbol *symbol) { return bot__instruments_find(&l->instruments, symbol); }

const struct instrument *bot__ledger_instrument(const struct ledger *l, uint32_t instrument)
{
    return instrument < l->instruments.n ? &l->instruments.rows[instrument] : NULL;
}

uint32_t bot__ledger_instruments(const struct ledger *l) { return l->instruments.n; }
uint32_t bot__ledger_currencies(const struct ledger *l) { return l->currencies_n; }

const bot_currency *bot__ledger_currency(const struct ledger *l, uint32_t i)
{
    return i < l->currencies_n ? &l->currencies[i] : NULL;
}

static bool is_owner(const struct ledger *l, uint32_t owner) { return owner == LEDGER_EXTERNAL || owner < l->opt.owners_max; }

/* -1: such a leg cannot be here. */
static int64_t cell_of(const struct ledger *l, uint32_t instrument, bot_leg leg)
{
    const uint32_t slot = leg == BOT_LEG_LONG ? SLOT_LONG : leg == BOT_LEG_SHORT ? SLOT_SHORT : SLOT_NET;
    return instrument < l->instruments.n && slot < l->legs ? (int64_t)instrument * l->legs + slot : -1;
}

static size_t owner_row(const struct ledger *l, int64_t cell, uint32_t owner)
{
    return (size_t)cell * (l->opt.owners_max + 1) + (owner == LEDGER_EXTERNAL ? l->opt.owners_max : owner);
}

const struct position *bot__ledger_position(const struct ledger *l, uint32_t instrument, bot_leg leg)
{
    const int64_t cell = cell_of(l, instrument, leg);
    return cell < 0 ? NULL : &l->account[cell];
}

const struct position *bot__ledger_owner_position(const struct ledger *l, uint32_t instrument, bot_leg leg, uint32_t owner)
{
    const int64_t cell = cell_of(l, instrument, leg);
    return cell < 0 || !is_owner(l, owner) ? NULL : &l->owners[owner_row(l, cell, owner)];
}

const struct path *bot__ledger_path(const struct ledger *l, uint32_t instrument, bot_leg leg)
{
    const int64_t cell = cell_of(l, instrument, leg);
    return cell < 0 ? NULL : &l->paths[cell];
}

bot_i128 bot__ledger_fee(const struct ledger *l, uint32_t instrument, bot_leg leg, uint32_t owner, uint32_t i)
{
    const int64_t cell = cell_of(l, instrument, leg);
    if (cell < 0 || i >= l->currencies_n)
        return 0;
    if (owner == LEDGER_ACCOUNT)
        return l->account_fees[(size_t)cell * l->opt.currencies_max + i];
    return is_owner(l, owner) ? l->owner_fees[owner_row(l, cell, owner) * l->opt.currencies_max + i] : 0;
}

bool bot__ledger_fee_seen(const struct ledger *l, uint32_t instrument, bot_leg leg, uint32_t i)
{
    const int64_t cell = cell_of(l, instrument, leg);
    return cell >= 0 && i < l->currencies_n && (l->fee_seen[cell] >> i & 1) != 0;
}

void bot__ledger_stats(const struct ledger *l, struct ledger_stats *ret)
{
    *ret = l->stats;
    ret->older_asked = l->dedupe.asked;
    ret->held = l->held_n;
    for (uint32_t i = 0; i < l->held_n; i++)
        ret->held_fills += l->held[i].event.kind == BOT_EV_FILL;
}

/* ---- a change: computed on copies, then written at once ---- */

struct change {
    uint32_t        instrument, slot;
    int64_t         cell;
    size_t          row;
    struct position account, owner; /* up to their funding, unless change_rest was called */
    bool            rest;
    bool            fee;       /* with the next three */
    uint32_t        fee_at;    /* currency; currencies_n when it is new */
    bot_i128        fee_account, fee_owner;
    bot_i128        realised;
    uint32_t        flags;
};

#define POSITION_BEGIN offsetof(struct position, funding)

static void change_begin(const struct ledger *l, uint32_t instrument, int64_t cell, uint32_t owner, struct change *ret)
{
    ret->instrument = instrument;
    ret->slot = (uint32_t)(cell - (int64_t)instrument * l->legs);
    ret->cell = cell;
    ret->row = owner_row(l, cell, owner);
    memcpy(&ret->account, &l->account[cell], POSITION_BEGIN);
    memcpy(&ret->owner, &l->owners[ret->row], POSITION_BEGIN);
    ret->rest = ret->fee = false;
    ret->realised = 0;
    ret->flags = 0;
}

/* What few fills change is fetched by those that do. */
static void change_rest(const struct ledger *l, struct change *c)
{
    const struct position *account = &l->account[c->cell], *owner = &l->owners[c->row];
    if (c->rest)
        return;
    c->rest = true;
    c->account.funding = account->funding, c->account.settlement = account->settlement, c->account.fee_value = account->fee_value;
    c->owner.funding = owner->funding, c->owner.settlement = owner->settlement, c->owner.fee_value = owner->fee_value;
}

static int change_add(struct change *c, const struct instrument *in, bot_i128 qty, bot_i128 value, bot_i128 price)
{
    /* One bot alone on an instrument has the account's own position: the same sum need not be done twice. */
    const bool same = c->account.qty == c->owner.qty && c->account.cost == c->owner.cost;
    const bool unproven = c->owner.unproven, cost_unknown = c->owner.cost_unknown;
    bot_i128 owner_realised;
    if (same && position_grows(&c->account, qty)) { /* as bot__position_add does it, without the call */
        bot_i128 sum, cost;
        if (!position_sum(c->account.qty, qty, &sum) || !position_sum(c->account.cost, value, &cost))
            return BOT_ERR_OVERFLOW;
        c->account.qty = c->owner.qty = sum;
        c->account.cost = c->owner.cost = cost;
        c->realised = 0;
        c->owner.unproven = unproven && c->account.unproven;
        c->owner.cost_unknown = cost_unknown && c->account.cost_unknown;
        return BOT_OK;
    }
    int r = bot__position_add(&c->account, in, qty, value, price, &c->realised);
    if (r < 0)
        return r;
    if (r == 1)
        c->flags |= LEDGER_FLIPPED;
    if (!same)
        r = bot__position_add(&c->owner, in, qty, value, price, &owner_realised);
    else if (!position_sum(c->owner.realised, c->realised, &c->owner.realised))
        r = BOT_ERR_OVERFLOW;
    if (same) {
        c->owner.qty = c->account.qty;
        c->owner.cost = c->account.cost;
        c->owner.unproven = unproven && c->account.unproven;
        c->owner.cost_unknown = cost_unknown && c->account.cost_unknown;
    }
    return r < 0 ? r : BOT_OK;
}

static int change_fee(const struct ledger *l, struct change *c, const struct instrument *in, const bot_event *ev, bot_i128 fee)
{
    const bot_currency *currency = &ev->fill.fee_currency;
    if (currency->len == 0) /* venues that charge in one currency only do not always name it */
        currency = in->settle.len != 0 ? &in->settle : &in->quote;
    if (currency->len == 0)
        return BOT_ERR_MALFORMED;
    uint32_t i = 0;
    while (i < l->currencies_n && memcmp(&l->currencies[i], currency, sizeof *currency) != 0)
        i++;
    if (i == l->opt.currencies_max)
        return BOT_ERR_FULL;
    const bool known = i < l->currencies_n;
    c->fee = true;
    c->fee_at = i;
    if (!position_sum(known ? l->account_fees[(size_t)c->cell * l->opt.currencies_max + i] : 0, fee, &c->fee_account) ||
        !position_sum(known ? l->owner_fees[c->row * l->opt.currencies_max + i] : 0, fee, &c->fee_owner))
        return BOT_ERR_OVERFLOW;
    return BOT_OK;
}

static void change_commit(struct ledger *l, const struct change *c, const bot_event *ev, bool moved)
{
    if (c->rest) {
        l->account[c->cell] = c->account;
        l->owners[c->row] = c->owner;
    } else {
        memcpy(&l->account[c->cell], &c->account, POSITION_BEGIN);
        memcpy(&l->owners[c->row], &c->owner, POSITION_BEGIN);
    }
    if (c->fee) {
        if (c->fee_at == l->currencies_n) {
            l->currencies[c->fee_at] = ev->fill.fee_currency;
            if (ev->fill.fee_currency.len == 0) {
                const struct instrument *in = &l->instruments.rows[c->instrument];
                l->currencies[c->fee_at] = in->settle.len != 0 ? in->settle : in->quote;
            }
            l->currencies_n++;
        }
        l->account_fees[(size_t)c->cell * l->opt.currencies_max + c->fee_at] = c->fee_account;
        l->owner_fees[c->row * l->opt.currencies_max + c->fee_at] = c->fee_owner;
        l->fee_seen[c->cell] |= UINT64_C(1) << c->fee_at;
    }
    if (moved)
        bot__path_push(&l->paths[c->cell], ev->ts, ev->venue_ns, ev->seq, c->account.qty);
}

static void result_of(const struct change *c, uint32_t owner, bot_i128 before, struct ledger_result *ret)
{
    if (ret == NULL)
        return;
    static const bot_leg legs[] = { BOT_LEG_NET, BOT_LEG_LONG, BOT_LEG_SHORT };
    *ret = (struct ledger_result){
        .instrument = c->instrument, .owner = owner, .leg = legs[c->slot],
        .flags = c->flags, .before = before, .after = c->account.qty, .moved = c->account.qty - before, .realised = c->realised,
    };
}

/* ---- fills ---- */

struct fill { /* a fill event's numbers at 1e-18 */
    bot_i128 qty, price, fee;
    bool     has_fee;
    bool     external;
};

/* *ret is for nothing unless BOT_OK. */
static int read_fill(const bot_event *ev, const struct instrument *in, struct fill *ret)
{
    const bot_ev_fill *f = &ev->fill;
    ret->has_fee = (ev->has & BOT_HAS_FEE) != 0;
    ret->external = false;
    ret->fee = 0;
    switch (f->kind) {
    case BOT_FILL_NONE:
    case BOT_FILL_TRADE: break;
    case BOT_FILL_LIQUIDATION:
    case BOT_FILL_ADL:
    case BOT_FILL_SETTLEMENT:
    case BOT_FILL_BLOCK:
    case BOT_FILL_TRANSFER: ret->external = true; break;
    case BOT_FILL_UNKNOWN:
    default: return BOT_ERR_UNSUPPORTED;
    }
    if ((ev->has & BOT_HAS_QTY) == 0 || (ev->has & BOT_HAS_PRICE) == 0 || f->qty.coef <= 0 ||
        (f->side != BOT_BUY && f->side != BOT_SELL) || f->exec_id.len == 0)
        return BOT_ERR_MALFORMED;
    /* Bankruptcy and settlement prices of linear contracts may be zero; nobody trades at zero or below. */
    if (f->price.coef < 0 || (f->price.coef == 0 && (!ret->external || in->contract == BOT_INVERSE)))
        return BOT_ERR_MALFORMED;
    int r = dec_to_fixed(&f->qty, &ret->qty);
    if (r == BOT_OK)
        r = dec_to_fixed(&f->price, &ret->price);
    if (r == BOT_OK && ret->has_fee)
        r = dec_to_fixed(&f->fee, &ret->fee);
    return r;
}

static bool fee_is_base(const struct instrument *in, const bot_ev_fill *f)
{
    return in->contract == BOT_SPOT && in->base.len != 0 && memcmp(&f->fee_currency, &in->base, sizeof in->base) == 0;
}

/* What of an execution was counted already when its order's update came. */
struct absorbed {
    bot_i128 qty, booked; /* quantity > 0; the value that was booked for it, signed */
};

/* The execution's share of its order's derived quantity. */
static int absorb(const struct derive_order *o, bot_i128 qty, struct absorbed *ret)
{
    *ret = (struct absorbed){ 0 };
    if (o == NULL || o->derived == 0)
        return BOT_OK;
    ret->qty = qty < o->derived ? qty : o->derived;
    return bot_fixed_muldiv_half_even(o->derived_value, ret->qty, o->derived, &ret->booked);
}

/* Size, cost, base fee of one execution onto the change. */
static int change_fill(const struct ledger *l, struct change *c, const struct instrument *in, const bot_event *ev, const struct fill *v,
                       const struct absorbed *a, bot_i128 *ret_value)
{
    const bool buy = ev->fill.side == BOT_BUY;
    bot_i128 qty = buy ? v->qty : -v->qty, value = 0;
    int r;
    if (in->contract != BOT_INVERSE && in->multiplier == ONE) {
        r = dec_mul_fixed(&ev->fill.qty, &ev->fill.price, &value); /* from the short numbers as they were written */
        value = r == BOT_OK && !buy ? -value : value;
    } else if (in->multiplier == ONE && in->round_unit.v == 0) {
        r = bot_fixed_muldiv_half_even(qty, ONE, v->price, &value); /* inverse, as bot__instrument_value has it */
    } else {
        r = bot__instrument_value(in, qty, v->price, &value);
    }
    if (r < 0)
        return r;
    *ret_value = value;
    if (a->qty != 0) {
        bot_i128 absorbed_value, owner_realised;
        r = bot__instrument_value(in, buy ? a->qty : -a->qty, v->price, &absorbed_value);
        if (r == BOT_OK)
            r = bot__position_correct(&c->account, in, ev->fill.side, absorbed_value - a->booked, &c->realised);
        if (r == BOT_OK)
            r = bot__position_correct(&c->owner, in, ev->fill.side, absorbed_value - a->booked, &owner_realised);
        if (r < 0)
            return r;
        qty -= buy ? a->qty : -a->qty;
        value -= absorbed_value;
        c->flags |= LEDGER_ABSORBED;
    }
    if (v->has_fee && v->fee != 0 && fee_is_base(in, &ev->fill)) {
        bot_i128 fee_value;
        change_rest(l, c);
        r = bot__instrument_value(in, v->fee, v->price, &fee_value);
        if (r == BOT_OK && (!position_sum(qty, -v->fee, &qty) || !position_sum(value, -fee_value, &value) ||
                            !position_sum(c->account.fee_value, fee_value, &c->account.fee_value) ||
                            !position_sum(c->owner.fee_value, fee_value, &c->owner.fee_value)))
            r = BOT_ERR_OVERFLOW;
    }
    if (r < 0 || qty == 0)
        return r;
    const bot_i128 corrected = c->realised;
    r = change_add(c, in, qty, value, v->price);
    c->realised += corrected;
    return r;
}

/* Net and hedge legs on one instrument: the account's position mode was switched under us. */
static uint32_t group_flag(struct ledger *l, const struct change *c)
{
    uint8_t *last = &l->leg_group[c->instrument];
    const uint8_t now = c->slot == SLOT_NET ? 1 : 2;
    const bool switched = *last != 0 && *last != now;
    *last = now;
    return switched ? LEDGER_MODE_SWITCH : 0;
}

bool bot__ledger_nets(const struct ledger *l, uint32_t instrument) { return instrument < l->instruments.n && l->leg_group[instrument] == 1; }
bool bot__ledger_hedges(const struct ledger *l, uint32_t instrument) { return instrument < l->instruments.n && l->leg_group[instrument] == 2; }

static uint32_t side_flag(const struct change *c)
{
    return (c->slot == SLOT_LONG && c->account.qty < 0) || (c->slot == SLOT_SHORT && c->account.qty > 0) ? LEDGER_WRONG_SIDE : 0;
}

/* Before the commit: what the account held is still there. */
static uint32_t unknown_flag(const struct ledger *l, const struct change *c)
{
    return l->account[c->cell].cost_unknown && c->realised != 0 ? LEDGER_COST_UNKNOWN : 0;
}

static int hold(struct ledger *l, const bot_event *ev, uint32_t owner, bot_leg leg)
{
    if (l->held_n == l->opt.held_max)
        return BOT_ERR_FULL;
    l->held[l->held_n++] = (struct held){ *ev, owner, leg };
    return LEDGER_HELD;
}

/* The id is known. A row of it that brings the fee for the first time is worth that fee and nothing else. */
static SELDOM int complete_fee(struct ledger *l, const bot_event *ev, const struct fill *v, struct dedupe_entry *e, uint32_t instrument, int64_t cell,
                        uint32_t owner, struct ledger_result *ret)
{
    const struct instrument *in = &l->instruments.rows[instrument];
    if (e == NULL || !v->has_fee || (e->flags & (DEDUPE_HAS_FEE | DEDUPE_CONFLICT_TOLD)) != 0)
        return LEDGER_KNOWN;
    struct change c;
    change_begin(l, instrument, cell, owner, &c);
    const bot_i128 before = c.account.qty;
    bot_i128 fee_value;
    int r = change_fee(l, &c, in, ev, v->fee);
    if (r == BOT_OK && v->fee != 0 && fee_is_base(in, &ev->fill)) {
        change_rest(l, &c);
        r = bot__instrument_value(in, v->fee, v->price, &fee_value);
        if (r == BOT_OK && (!position_sum(c.account.fee_value, fee_value, &c.account.fee_value) ||
                            !position_sum(c.owner.fee_value, fee_value, &c.owner.fee_value)))
            r = BOT_ERR_OVERFLOW;
        if (r == BOT_OK)
            r = change_add(&c, in, -v->fee, -fee_value, v->price);
    }
    if (r < 0)
        return r;
    e->flags = (e->flags | DEDUPE_HAS_FEE) & 3;
    c.flags |= LEDGER_FEE_ONLY;
    change_commit(l, &c, ev, c.account.qty != before);
    result_of(&c, owner, before, ret);
    return LEDGER_KNOWN;
}

static SELDOM int refuse(struct ledger *l, int err)
{
    l->stats.refused++;
    if (err == BOT_ERR_CONFLICT)
        l->stats.conflicts++;
    if (err == BOT_ERR_UNSUPPORTED)
        l->stats.unknown_kinds++;
    return err;
}

static OFTEN int apply_fill(struct ledger *l, const struct dedupe_key *key, const bot_event *ev, uint32_t owner, bot_leg leg, struct ledger_result *ret)
{
    const bot_ev_fill *f = &ev->fill;
    const uint32_t instrument = key->instrument;
    const struct instrument *in = &l->instruments.rows[instrument];
    const int64_t cell = cell_of(l, instrument, f->leg != BOT_LEG_NONE ? f->leg : leg);
    struct fill v;
    int r = cell < 0 ? BOT_ERR_MALFORMED : read_fill(ev, in, &v);
    if (r < 0)
        return refuse(l, r);

    const uint64_t fingerprint = bot__dedupe_fingerprint(f->side, v.qty, v.price);
    struct dedupe_entry *entry;
    r = bot__dedupe_find(&l->dedupe, key, fingerprint, ev->venue_ns, &entry);
    if (r < 0)
        return refuse(l, r);
    if (r == 1) {
        l->stats.fills_known++;
        return complete_fee(l, ev, &v, entry, instrument, cell, owner, ret);
    }

    struct derive_order *order = NULL;
    struct absorbed a;
    bool track = l->opt.derived_orders_max > 0 && f->order_id.len > 0 && (l->opt.fills_come ? f->derived || v.external || l->derive.n > 0 : !v.external);
    if (track)
        order = bot__derive_find(&l->derive, instrument, &f->order_id);
    if (l->opt.fills_come && order == NULL && !f->derived && !v.external)
        track = false; /* an order whose fills all have their ids */
    bot_i128 cum;
    if (f->derived && order != NULL && (ev->has & BOT_HAS_CUM_QTY) != 0 && dec_to_fixed(&f->cum_qty, &cum) == BOT_OK && cum <= order->counted) {
        l->stats.fills_known++;
        return LEDGER_KNOWN; /* its execution was faster */
    }
    r = absorb(f->derived ? NULL : order, v.qty, &a);
    const bool fee_told = v.has_fee;
    v.has_fee &= order == NULL || !order->fee_paid || a.qty != v.qty;

    struct change c;
    change_begin(l, instrument, cell, owner, &c);
    const bot_i128 before = c.account.qty;
    bot_i128 value = 0, counted_value = 0;
    if (r == BOT_OK)
        r = change_fill(l, &c, in, ev, &v, &a, &value);
    if (r == BOT_OK && v.has_fee)
        r = change_fee(l, &c, in, ev, v.fee);
    if (f->kind == BOT_FILL_SETTLEMENT)
        change_rest(l, &c);
    if (r == BOT_OK && f->kind == BOT_FILL_SETTLEMENT &&
        (!position_sum(c.account.settlement, c.realised, &c.account.settlement) || !position_sum(c.owner.settlement, c.realised, &c.owner.settlement)))
        r = BOT_ERR_OVERFLOW;
    if (r == BOT_OK && track && !position_sum(order != NULL ? order->counted_value : 0, value - a.booked, &counted_value))
        r = BOT_ERR_OVERFLOW;
    if (r < 0)
        return refuse(l, r);

    /* Past the last failure: nothing above this line has touched what is held. */
    c.account.fills++;
    c.owner.fills++;
    c.flags |= side_flag(&c) | unknown_flag(l, &c) | group_flag(l, &c) | (v.external ? LEDGER_EXTERNAL_KIND : 0);
    bot__dedupe_add(&l->dedupe, key, fingerprint, ev->venue_ns, fee_told ? DEDUPE_HAS_FEE : 0);
    /* An order that cannot be taken any more is counted without it: its late update is refused by its time. */
    if (track && order == NULL && bot__derive_can_add(&l->derive, ev->venue_ns) == BOT_OK)
        order = bot__derive_add(&l->derive, instrument, &f->order_id, ev->venue_ns);
    if (order != NULL) {
        order->counted += v.qty - a.qty;
        order->counted_value = counted_value;
        order->derived += f->derived ? v.qty : -a.qty;
        order->derived_value += f->derived ? value : -a.booked;
        order->fee_paid |= f->derived && v.has_fee;
        if (ev->venue_ns > order->venue_ns)
            order->venue_ns = ev->venue_ns;
    }
    change_commit(l, &c, ev, c.account.qty != before);
    l->stats.fills++;
    l->stats.fills_external += v.external;
    l->stats.fills_absorbed += a.qty != 0;
    result_of(&c, owner, before, ret);
    return LEDGER_NEW;
}

struct dedupe_key bot__ledger_soon(struct ledger *l, const bot_event *ev)
{
    if (l->soon == INSTRUMENT_NONE || !words_equal(&l->instruments.rows[l->soon].symbol, &ev->instrument, sizeof ev->instrument / 8))
        l->soon = bot__ledger_find(l, &ev->instrument);
    const struct dedupe_key key = dedupe_key(l->soon, &ev->fill.exec_id, ev->fill.side, &ev->fill.order_id);
    if (key.instrument != INSTRUMENT_NONE)
        bot__dedupe_soon(&l->dedupe, &key);
    return key;
}

int bot__ledger_apply_fill(struct ledger *l, const bot_event *ev, uint32_t owner, bot_leg leg, struct ledger_result *ret)
{
    const struct dedupe_key key = bot__ledger_soon(l, ev);
    return bot__ledger_apply_fill_of(l, &key, ev, owner, leg, ret);
}

int bot__ledger_apply_fill_of(struct ledger *l, const struct dedupe_key *key, const bot_event *ev, uint32_t owner, bot_leg leg, struct ledger_result *ret)
{
    BOT_ASSERT(ev->kind == BOT_EV_FILL && key->id == &ev->fill.exec_id);
    if (!is_owner(l, owner))
        return BOT_ERR_INVALID;
    if (key->instrument != INSTRUMENT_NONE)
        return apply_fill(l, key, ev, owner, leg, ret);
    const int r = ev->fill.kind == BOT_FILL_UNKNOWN ? BOT_ERR_UNSUPPORTED : ev->instrument.len == 0 ? BOT_ERR_MALFORMED : hold(l, ev, owner, leg);
    return r < 0 ? refuse(l, r) : r;
}

/* ---- funding ---- */

static char hex_digit(uint64_t v) { return "0123456789abcdef"[v & 15]; }

/* Rows without an id: the same instrument, time and amount is the same row. */
static bot_id funding_id(const bot_event *ev, bot_i128 amount)
{
    if (ev->funding.exec_id.len != 0)
        return ev->funding.exec_id;
    bot_id id = { .len = 32 };
    const uint64_t words[2] = { (uint64_t)ev->venue_ns, (uint64_t)amount ^ (uint64_t)(amount >> 64) * UINT64_C(0x9e3779b97f4a7c15) };
    for (int i = 0; i < 32; i++)
        id.s[i] = hex_digit(words[i / 16] >> (60 - 4 * (i % 16)));
    return id;
}

static int apply_funding(struct ledger *l, const bot_event *ev, uint32_t owner, bot_leg leg, uint32_t instrument, struct ledger_result *ret)
{
    const bot_ev_funding *f = &ev->funding;
    const struct instrument *in = &l->instruments.rows[instrument];
    const int64_t cell = cell_of(l, instrument, leg);
    bot_i128 amount;
    int r = cell < 0 || (f->exec_id.len == 0 && ev->venue_ns == 0) ? BOT_ERR_MALFORMED : bot_dec_to_fixed(f->amount, &amount);
    if (r == BOT_OK && f->currency.len != 0 && in->settle.len != 0 && memcmp(&f->currency, &in->settle, sizeof in->settle) != 0)
        r = BOT_ERR_MALFORMED;
    if (r < 0)
        return refuse(l, r);
    const bot_id id = funding_id(ev, amount);
    const uint64_t fingerprint = bot__dedupe_fingerprint(BOT_SIDE_NONE, amount, 0);
    struct dedupe_entry *entry;
    const struct dedupe_key key = dedupe_key(instrument | DEDUPE_FUNDING, &id, BOT_SIDE_NONE, NULL);
    r = bot__dedupe_find(&l->dedupe, &key, fingerprint, ev->venue_ns, &entry);
    if (r < 0)
        return refuse(l, r);
    if (r == 1)
        return LEDGER_KNOWN;
    struct change c;
    change_begin(l, instrument, cell, owner, &c);
    change_rest(l, &c);
    if (!position_sum(c.account.funding, amount, &c.account.funding) || !position_sum(c.owner.funding, amount, &c.owner.funding))
        return refuse(l, BOT_ERR_OVERFLOW);
    bot__dedupe_add(&l->dedupe, &key, fingerprint, ev->venue_ns, 0);
    change_commit(l, &c, ev, false);
    l->stats.fundings++;
    result_of(&c, owner, c.account.qty, ret);
    return LEDGER_NEW;
}

int bot__ledger_apply_funding(struct ledger *l, const bot_event *ev, uint32_t owner, bot_leg leg, struct ledger_result *ret)
{
    BOT_ASSERT(ev->kind == BOT_EV_FUNDING);
    if (!is_owner(l, owner))
        return BOT_ERR_INVALID;
    const uint32_t instrument = bot__ledger_find(l, &ev->instrument);
    if (instrument != INSTRUMENT_NONE)
        return apply_funding(l, ev, owner, leg, instrument, ret);
    const int r = ev->instrument.len == 0 ? BOT_ERR_MALFORMED : hold(l, ev, owner, leg);
    return r < 0 ? refuse(l, r) : r;
}

/* ---- fills derived from orders ---- */

/* Value of a quantity at an average price: averages are rounded by the venue, so the product is, too. */
static int average_value(const struct instrument *in, bot_i128 qty, bot_i128 price, bot_i128 *ret_value)
{
    if (in->contract == BOT_INVERSE)
        return bot__instrument_value(in, qty, price, ret_value);
    bot_i128 v;
    const int r = bot_fixed_mul_half_even(qty, price, &v);
    return r < 0 ? r : bot_fixed_mul_half_even(v, in->multiplier, ret_value);
}

struct growth {
    bot_i128 qty;   /* signed */
    bot_i128 value; /* signed like it */
};

/* What the order's average says of the part that was not counted yet. */
static int growth_of(const struct instrument *in, const struct derive_order *o, bot_side side, bot_i128 cum, bot_i128 average, struct growth *ret)
{
    const bot_i128 sign = side == BOT_BUY ? 1 : -1;
    bot_i128 total;
    ret->qty = sign * (cum - o->counted);
    int r = average_value(in, sign * cum, average, &total);
    if (r < 0)
        return r;
    /* An average rounded coarsely can leave less than nothing for a small growth: then the average itself prices it. */
    if (!bot_fixed_sub(total, o->counted_value, &ret->value))
        return BOT_ERR_OVERFLOW;
    return ret->value * sign > 0 ? BOT_OK : average_value(in, ret->qty, average, &ret->value);
}

int bot__ledger_apply_order(struct ledger *l, const bot_event *ev, uint32_t owner, bot_leg leg, struct ledger_result *ret)
{
    BOT_ASSERT(ev->kind == BOT_EV_ORDER);
    const bot_ev_order *e = &ev->order;
    const uint32_t instrument = bot__ledger_find(l, &ev->instrument);
    if (!is_owner(l, owner) || l->opt.derived_orders_max == 0 || l->opt.fills_come)
        return BOT_ERR_INVALID;
    if (instrument == INSTRUMENT_NONE)
        return refuse(l, BOT_ERR_INSTRUMENT);
    const int64_t cell = cell_of(l, instrument, e->leg != BOT_LEG_NONE ? e->leg : leg);
    if (cell < 0 || e->order_id.len == 0)
        return refuse(l, BOT_ERR_MALFORMED);
    if ((ev->has & BOT_HAS_CUM_QTY) == 0 || e->cum_qty.coef == 0)
        return LEDGER_KNOWN;

    const struct instrument *in = &l->instruments.rows[instrument];
    const bot_dec price = (ev->has & BOT_HAS_AVG_PRICE) != 0 && e->avg_price.coef > 0 ? e->avg_price : e->price;
    bot_i128 cum, average;
    int r = bot_dec_to_fixed(e->cum_qty, &cum);
    if (r < 0 || cum < 0 || (e->side != BOT_BUY && e->side != BOT_SELL))
        return refuse(l, r < 0 ? r : BOT_ERR_MALFORMED);
    struct derive_order *o = bot__derive_find(&l->derive, instrument, &e->order_id);
    if (o != NULL && cum <= o->counted)
        return LEDGER_KNOWN;
    r = bot_dec_to_fixed(price, &average);
    if (r == BOT_OK && average <= 0)
        r = BOT_ERR_MALFORMED;
    if (r == BOT_OK && o == NULL)
        r = bot__derive_can_add(&l->derive, ev->venue_ns);
    if (r < 0)
        return refuse(l, r);

    struct growth g;
    struct change c;
    struct derive_order counted = o != NULL ? *o : (struct derive_order){ 0 };
    change_begin(l, instrument, cell, owner, &c);
    const bot_i128 before = c.account.qty;
    r = growth_of(in, &counted, e->side, cum, average, &g);
    if (r == BOT_OK)
        r = change_add(&c, in, g.qty, g.value, 0);
    if (r == BOT_OK && (!position_sum(counted.counted_value, g.value, &counted.counted_value) ||
                        !position_sum(counted.derived_value, g.value, &counted.derived_value)))
        r = BOT_ERR_OVERFLOW;
    if (r < 0)
        return refuse(l, r);
    if (o == NULL)
        o = bot__derive_add(&l->derive, instrument, &e->order_id, ev->venue_ns);
    o->derived += cum - o->counted;
    o->counted = cum;
    o->counted_value = counted.counted_value;
    o->derived_value = counted.derived_value;
    if (ev->venue_ns > o->venue_ns)
        o->venue_ns = ev->venue_ns;
    c.account.fills++;
    c.owner.fills++;
    c.flags |= LEDGER_DERIVED | side_flag(&c) | unknown_flag(l, &c) | group_flag(l, &c);
    change_commit(l, &c, ev, true);
    l->stats.fills++;
    l->stats.fills_derived++;
    result_of(&c, owner, before, ret);
    return LEDGER_NEW;
}

int bot__ledger_order_counted(struct ledger *l, uint32_t instrument, const bot_id *order_id, bot_side side, bot_i128 cum_qty,
                              bot_i128 avg_price, int64_t venue_ns)
{
    if (instrument >= l->instruments.n || l->opt.derived_orders_max == 0 || l->opt.fills_come || order_id->len == 0 || cum_qty < 0)
        return BOT_ERR_INVALID;
    if (bot__derive_find(&l->derive, instrument, order_id) != NULL)
        return BOT_ERR_CONFLICT;
    bot_i128 value = 0;
    if (cum_qty > 0) {
        const int r = average_value(&l->instruments.rows[instrument], side == BOT_BUY ? cum_qty : -cum_qty, avg_price, &value);
        if (r < 0)
            return r;
    }
    if (bot__derive_can_add(&l->derive, INT64_MAX) == BOT_ERR_FULL)
        return BOT_ERR_FULL;
    struct derive_order *o = bot__derive_add(&l->derive, instrument, order_id, venue_ns);
    o->counted = cum_qty;
    o->counted_value = value;
    return BOT_OK;
}

/* ---- instruments, baselines, transfers ---- */

int bot__ledger_instrument_put(struct ledger *l, const struct instrument *row, bot_ts ts, ledger_on_held on_held, void *user_data)
{
    const uint32_t known = l->instruments.n;
    uint32_t instrument;
    const int r = bot__instruments_put(&l->instruments, row, &instrument);
    if (r < 0 || instrument < known)
        return r;
    for (uint32_t slot = 0; slot < l->legs; slot++)
        bot__path_push(&l->paths[(size_t)instrument * l->legs + slot], ts, 0, BOT_SEQ_NONE, 0);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->held_n; i++) {
        const struct held *h = &l->held[i];
        if (memcmp(&h->event.instrument, &row->symbol, sizeof row->symbol) != 0) {
            if (kept != i)
                l->held[kept] = *h;
            kept++;
            continue;
        }
        struct ledger_result result = { .instrument = instrument, .owner = h->owner };
        const struct dedupe_key key = dedupe_key(instrument, &h->event.fill.exec_id, h->event.fill.side, &h->event.fill.order_id);
        const int applied = h->event.kind == BOT_EV_FILL ? apply_fill(l, &key, &h->event, h->owner, h->leg, &result)
                                                         : apply_funding(l, &h->event, h->owner, h->leg, instrument, &result);
        if (on_held != NULL)
            on_held(user_data, &h->event, applied, &result);
    }
    l->held_n = kept;
    return r;
}

int bot__ledger_baseline(struct ledger *l, uint32_t instrument, bot_leg leg, bot_i128 qty, bot_i128 entry_price, bot_ts ts,
                         int64_t venue_ns, int64_t seq)
{
    const int64_t cell = cell_of(l, instrument, leg);
    if (cell < 0 || entry_price < 0)
        return BOT_ERR_INVALID;
    struct change c;
    bot_i128 cost = 0, qty_delta, cost_delta;
    change_begin(l, instrument, cell, LEDGER_EXTERNAL, &c);
    int r = BOT_OK;
    if (entry_price > 0 && qty != 0)
        r = average_value(&l->instruments.rows[instrument], qty, entry_price, &cost);
    if (r == BOT_OK && (!bot_fixed_sub(qty, c.account.qty, &qty_delta) || !bot_fixed_sub(cost, c.account.cost, &cost_delta)))
        r = BOT_ERR_OVERFLOW;
    if (r == BOT_OK)
        r = bot__position_adjust(&c.account, &l->instruments.rows[instrument], qty_delta, cost_delta);
    if (r == BOT_OK)
        r = bot__position_adjust(&c.owner, &l->instruments.rows[instrument], qty_delta, cost_delta);
    if (r < 0)
        return r;
    c.account.unproven = qty != 0; /* also at an entry price: the venue's word is no fill of ours */
    c.owner.unproven = c.account.unproven && c.owner.qty != 0;
    c.account.cost_unknown = qty != 0 && entry_price == 0;
    c.owner.cost_unknown = c.account.cost_unknown && c.owner.qty != 0;
    const bot_event stamp = { .ts = ts, .venue_ns = venue_ns, .seq = seq };
    change_commit(l, &c, &stamp, true);
    l->stats.baselines++;
    return BOT_OK;
}

int bot__ledger_transfer(struct ledger *l, uint32_t instrument, bot_leg leg, bot_i128 qty, bot_i128 price, uint32_t from, uint32_t to)
{
    const int64_t cell = cell_of(l, instrument, leg);
    if (cell < 0 || !is_owner(l, from) || !is_owner(l, to) || from == to || price <= 0 || qty == 0 || qty == POSITION_LOWEST)
        return BOT_ERR_INVALID;
    const struct instrument *in = &l->instruments.rows[instrument];
    struct position giver = l->owners[owner_row(l, cell, from)], taker = l->owners[owner_row(l, cell, to)];
    bot_i128 value, realised;
    int r = average_value(in, qty, price, &value);
    if (r == BOT_OK)
        r = bot__position_add(&giver, in, -qty, -value, 0, &realised);
    if (r >= 0)
        r = bot__position_add(&taker, in, qty, value, 0, &realised);
    if (r < 0)
        return r;
    l->owners[owner_row(l, cell, from)] = giver;
    l->owners[owner_row(l, cell, to)] = taker;
    return BOT_OK;
}
