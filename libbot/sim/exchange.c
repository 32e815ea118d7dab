#include "exchange_state.h"

#include <string.h>

/* ---- start and end ------------------------------------------------------------------------------------------- */

void bot__exchange_options_init(struct exchange_options *o)
{
    *o = (struct exchange_options){ .accounts_max = 8, .orders_max = 16384, .open_per_instrument_max = 500, .fills_max = 16384,
                                    .history_max = 8192, .levels_max = 512 };
}

static bool dec_positive(bot_dec d)
{
    return bot_dec_sign(d) > 0 && d.scale <= 18;
}

static bool instrument_init(struct exchange *x, struct instrument *in, const struct exchange_instrument *def)
{
    if (def->symbol.len == 0 || def->settle.len == 0 || !dec_positive(def->tick) || !dec_positive(def->lot) ||
        def->price_ticks <= 0 || def->lots_min <= 0 || def->lots_max < def->lots_min || def->leverage == 0 ||
        def->tick.scale + def->lot.scale > 18 || (def->contract != BOT_LINEAR && def->contract != BOT_INVERSE))
        return false;
    in->def = *def;
    in->unit = bot__exchange_unit(def);
    in->last_price = in->mark = def->price_ticks;
    in->seq = (int64_t)(1000000 + x->opt.seed % 1000000);
    for (int s = 0; s < 2; s++)
        if ((in->side[s].levels = x->alloc.alloc(x->alloc.self, sizeof(struct level) * x->opt.levels_max)) == NULL)
            return false;
    return true;
}

struct exchange *bot__exchange_new(const struct exchange_options *o, struct sim_alloc alloc, int64_t now_ns)
{
    if (o->instruments_n == 0 || o->instruments_n > EXCHANGE_INSTRUMENTS_MAX || o->orders_max < 64 || o->accounts_max == 0 ||
        o->accounts_max > 63 || o->levels_max < 8 || o->fills_max == 0 || o->history_max == 0)
        return NULL;
    struct exchange *x = alloc.alloc(alloc.self, sizeof *x);
    if (x == NULL) return NULL;
    memset(x, 0, sizeof *x);
    x->opt = *o;
    x->alloc = alloc;
    x->now = x->start_ns = now_ns;
    uint32_t buckets = 64;
    while (buckets < o->orders_max) buckets *= 2;
    x->hash_mask = buckets - 1;
    x->account = alloc.alloc(alloc.self, sizeof *x->account * (o->accounts_max + 1));
    x->order = alloc.alloc(alloc.self, sizeof *x->order * o->orders_max);
    x->by_id = alloc.alloc(alloc.self, sizeof *x->by_id * buckets);
    x->by_link = alloc.alloc(alloc.self, sizeof *x->by_link * buckets);
    if (x->account == NULL || x->order == NULL || x->by_id == NULL || x->by_link == NULL) goto fail;
    memset(x->account, 0, sizeof *x->account * (o->accounts_max + 1));
    memset(x->by_id, 0xff, sizeof *x->by_id * buckets);
    memset(x->by_link, 0xff, sizeof *x->by_link * buckets);
    for (uint32_t i = 0; i < o->orders_max; i++) {
        x->order[i].id = 0;
        x->order[i].next = i + 1 < o->orders_max ? i + 1 : NONE;
    }
    x->done_head = x->done_tail = NONE;
    for (uint32_t i = 0; i < o->instruments_n; i++) {
        if (!instrument_init(x, &x->instrument[i], &o->instruments[i])) goto fail;
        const bot_currency *c = &o->instruments[i].settle;
        if (bot__exchange_currency(x, c) == NONE) {
            if (x->currencies_n == CURRENCIES_MAX) goto fail;
            x->currency[x->currencies_n++] = *c;
        }
    }
    x->opt.instruments = NULL; /* copied: the caller's may go */
    x->next_order = x->next_fill = x->next_trade = 1;
    x->accounts_n = 1;
    return x;
fail:
    bot__exchange_free(x);
    return NULL;
}

void bot__exchange_free(struct exchange *x)
{
    if (x == NULL) return;
    const struct sim_alloc a = x->alloc;
    for (uint32_t i = 0; i < x->accounts_n; i++) {
        a.release(a.self, x->account[i].fills);
        a.release(a.self, x->account[i].orders);
        a.release(a.self, x->account[i].positions);
    }
    for (uint32_t i = 0; i < EXCHANGE_INSTRUMENTS_MAX; i++) {
        a.release(a.self, x->instrument[i].side[0].levels);
        a.release(a.self, x->instrument[i].side[1].levels);
    }
    a.release(a.self, x->account);
    a.release(a.self, x->order);
    a.release(a.self, x->by_id);
    a.release(a.self, x->by_link);
    a.release(a.self, x);
}

int bot__exchange_account_add(struct exchange *x, bot_money balance)
{
    if (x->accounts_n > x->opt.accounts_max) return BOT_ERR_FULL;
    struct account *a = &x->account[x->accounts_n];
    memset(a, 0, sizeof *a);
    a->fills = x->alloc.alloc(x->alloc.self, sizeof *a->fills * x->opt.fills_max);
    a->orders = x->alloc.alloc(x->alloc.self, sizeof *a->orders * x->opt.history_max);
    a->positions = x->alloc.alloc(x->alloc.self, sizeof *a->positions * x->opt.history_max);
    if (a->fills == NULL || a->orders == NULL || a->positions == NULL) {
        x->alloc.release(x->alloc.self, a->fills);
        x->alloc.release(x->alloc.self, a->orders);
        x->alloc.release(x->alloc.self, a->positions);
        return BOT_ERR_NOMEM;
    }
    a->liquidation = true;
    for (uint32_t c = 0; c < x->currencies_n; c++)
        a->balance[c] = balance;
    return (int)x->accounts_n++;
}

void bot__exchange_liquidation_set(struct exchange *x, uint32_t account, bool on) { x->account[account].liquidation = on; }
void bot__exchange_mode_set(struct exchange *x, enum exchange_mode mode) { x->mode = mode; }
enum exchange_mode bot__exchange_mode(const struct exchange *x) { return x->mode; }

/* ---- requests -------------------------------------------------------------------------------------------------- */

int bot__exchange_submit(struct exchange *x, int64_t now_ns, const struct exchange_request *r, uint64_t *ret_id)
{
    x->stats.submits++;
    int refusal = EXCHANGE_TAKEN;
    if (r->instrument >= x->opt.instruments_n || r->account >= x->accounts_n) refusal = EXCHANGE_BAD_INSTRUMENT;
    else if (x->mode == EXCHANGE_MODE_HALTED) refusal = EXCHANGE_HALTED;
    else if (x->mode == EXCHANGE_CANCEL_ONLY && r->account != EXCHANGE_HOUSE) refusal = EXCHANGE_CLOSED;
    if (refusal == EXCHANGE_TAKEN) {
        bot__exchange_call_begin(x, now_ns);
        refusal = bot__exchange_place(x, r, ret_id);
        bot__exchange_call_end(x);
    }
    x->stats.refused += refusal != EXCHANGE_TAKEN;
    return refusal;
}

static int live(struct exchange *x, uint32_t account, uint64_t id, struct exchange_order **ret)
{
    if (x->mode == EXCHANGE_MODE_HALTED) return EXCHANGE_HALTED;
    struct exchange_order *o = bot__exchange_find(x, account, id);
    if (o == NULL) return EXCHANGE_NOT_FOUND;
    if (o->level_side == 0) return EXCHANGE_ALREADY_DONE;
    *ret = o;
    return EXCHANGE_TAKEN;
}

int bot__exchange_amend(struct exchange *x, int64_t now_ns, uint32_t account, uint64_t id, int64_t lots, int64_t price_ticks)
{
    struct exchange_order *o = NULL;
    const int refusal = live(x, account, id, &o);
    if (refusal != EXCHANGE_TAKEN) return refusal;
    if (x->mode == EXCHANGE_CANCEL_ONLY) return EXCHANGE_CLOSED;
    const struct instrument *in = &x->instrument[o->instrument];
    const int64_t price = price_ticks != 0 ? price_ticks : o->price_ticks, total = lots != 0 ? lots : o->lots;
    if (total <= o->cum_lots || total > in->def.lots_max) return EXCHANGE_BAD_QTY;
    if (price <= 0) return EXCHANGE_BAD_PRICE;
    if (price == o->price_ticks && total == o->lots) return EXCHANGE_NOTHING_CHANGED;
    if (bot__exchange_out_of_band(in, o->side, price)) return EXCHANGE_PRICE_BAND;
    if (total > o->lots && !o->reduce_only) {
        const struct exchange_request more = { .account = account, .instrument = o->instrument, .side = o->side, .type = BOT_LIMIT,
                                               .lots = total - o->lots, .price_ticks = price };
        if (!bot__exchange_affords(x, &more, price)) return EXCHANGE_NO_BALANCE;
    }
    bot__exchange_call_begin(x, now_ns);
    x->instrument[o->instrument].seq++;
    if (price == o->price_ticks && total < o->lots) {
        bot__exchange_shrink(x, o, o->lots - total);
        o->lots = total;
        o->updated_ns = x->now;
        bot__exchange_tell_order(x, o);
    } else { /* a new price or more of it goes to the end of the queue */
        const int64_t leaves = total - o->cum_lots;
        bot__exchange_unrest(x, o);
        o->price_ticks = price;
        o->lots = total;
        o->leaves_lots = leaves;
        o->updated_ns = x->now;
        bot__exchange_work(x, o);
    }
    bot__exchange_call_end(x);
    return EXCHANGE_TAKEN;
}

int bot__exchange_cancel(struct exchange *x, int64_t now_ns, uint32_t account, uint64_t id)
{
    struct exchange_order *o = NULL;
    const int refusal = live(x, account, id, &o);
    if (refusal != EXCHANGE_TAKEN) return refusal;
    bot__exchange_call_begin(x, now_ns);
    bot__exchange_remove(x, o, EXCHANGE_END_BY_USER);
    bot__exchange_call_end(x);
    return EXCHANGE_TAKEN;
}

int bot__exchange_cancel_all(struct exchange *x, int64_t now_ns, uint32_t account, uint16_t instrument)
{
    if (x->mode == EXCHANGE_MODE_HALTED) return 0;
    bot__exchange_call_begin(x, now_ns);
    const uint32_t n = bot__exchange_remove_all(x, account, instrument, EXCHANGE_END_BY_USER, 500);
    bot__exchange_call_end(x);
    return (int)n;
}
