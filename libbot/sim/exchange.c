#include "exchange_internal.h"

#include <string.h>

#include "base/assert.h"

static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

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

static bot_i128 pow10_of(int n)
{
    bot_i128 v = 1;
    while (n-- > 0) v *= 10;
    return v;
}

static bool instrument_init(struct exchange *x, struct instrument *in, const struct exchange_instrument *def)
{
    if (def->symbol.len == 0 || def->settle.len == 0 || !dec_positive(def->tick) || !dec_positive(def->lot) ||
        def->price_ticks <= 0 || def->lots_min <= 0 || def->lots_max < def->lots_min || def->leverage == 0 ||
        def->tick.scale + def->lot.scale > 18 || (def->contract != BOT_LINEAR && def->contract != BOT_INVERSE))
        return false;
    in->def = *def;
    in->unit = def->contract == BOT_LINEAR
                   ? def->tick.coef * def->lot.coef * pow10_of(18 - def->tick.scale - def->lot.scale)
                   : def->lot.coef * pow10_of(18 - def->lot.scale + def->tick.scale);
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

/* ---- events ---------------------------------------------------------------------------------------------------- */

void bot__exchange_emit(struct exchange *x, struct exchange_event ev)
{
    if (x->opt.event == NULL) return;
    ev.ns = x->now;
    x->opt.event(x->opt.self, &ev);
}

/* Everything that is said once a call, however often it changed inside: positions, wallets, books. */
void bot__exchange_call_end(struct exchange *x)
{
    for (uint32_t i = 0; i < x->opt.instruments_n; i++) {
        struct instrument *in = &x->instrument[i];
        if (!in->book_changed) continue;
        const struct side *b = &in->side[0], *a = &in->side[1];
        in->mark = b->n > 0 && a->n > 0 ? (b->levels[b->n - 1].price + a->levels[a->n - 1].price) / 2 : in->last_price;
        /* Each liquidation takes an account's position away, so this ends. */
        while (bot__exchange_check_margins(x, (uint16_t)i)) {}
    }
    for (uint32_t t = 0; t < x->touched_n; t++) {
        const uint32_t number = x->touched[t];
        struct account *a = &x->account[number];
        for (uint16_t i = 0; i < x->opt.instruments_n; i++)
            bot__exchange_reduce_only_trim(x, number, i);
        for (uint16_t i = 0; i < x->opt.instruments_n; i++)
            for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
                bool *touched = &a->holding[i].touched[leg - BOT_LEG_NET];
                if (!*touched) continue;
                *touched = false;
                bot__exchange_remember_position(x, number, i, leg);
                bot__exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_POSITION, .account = number, .instrument = i,
                                                               .leg = leg, .seq = leg_of(&a->holding[i], leg)->seq });
            }
        for (uint32_t c = 0; c < x->currencies_n; c++)
            if (a->wallet_touched[c]) {
                a->wallet_touched[c] = false;
                uint16_t i = 0;
                while (bot__exchange_currency(x, &x->instrument[i].def.settle) != c) i++;
                bot__exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_WALLET, .account = number, .instrument = i });
            }
    }
    x->touched_n = 0;
    for (uint16_t i = 0; i < x->opt.instruments_n; i++)
        if (x->instrument[i].book_changed) {
            x->instrument[i].book_changed = false;
            bot__exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_BOOK, .instrument = i, .seq = x->instrument[i].seq });
        }
    bot__exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_END });
}

static void call_begin(struct exchange *x, int64_t now_ns)
{
    if (now_ns > x->now) x->now = now_ns;
}

static void tell_order(struct exchange *x, struct exchange_order *o)
{
    if (o->account == EXCHANGE_HOUSE) return;
    bot__exchange_remember_order(x, o);
    bot__exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_ORDER, .account = o->account, .instrument = o->instrument,
                                                   .leg = o->leg, .order = o, .seq = x->instrument[o->instrument].seq });
}

/* ---- the table of orders --------------------------------------------------------------------------------------- */

static uint32_t slot_of(const struct exchange *x, const struct exchange_order *o) { return (uint32_t)(o - x->order); }

static uint64_t link_hash(uint32_t account, const char *link_id)
{
    uint64_t h = UINT64_C(1469598103934665603) + account;
    for (const char *p = link_id; *p != '\0'; p++)
        h = (h ^ (uint8_t)*p) * UINT64_C(1099511628211);
    return h ^ (h >> 29);
}

static void unlink_chain(struct exchange *x, uint32_t *head, uint32_t slot, bool id_chain)
{
    uint32_t *at = head;
    while (*at != slot)
        at = id_chain ? &x->order[*at].next_by_id : &x->order[*at].next_by_link;
    *at = id_chain ? x->order[slot].next_by_id : x->order[slot].next_by_link;
}

static void forget(struct exchange *x, struct exchange_order *o)
{
    const uint32_t slot = slot_of(x, o);
    unlink_chain(x, &x->by_id[o->id & x->hash_mask], slot, true);
    if (o->link_id[0] != '\0')
        unlink_chain(x, &x->by_link[o->link_hash & x->hash_mask], slot, false);
    o->id = 0;
    o->next = x->free_head;
    x->free_head = slot;
}

static struct exchange_order *order_new(struct exchange *x)
{
    if (x->free_head == NONE) {
        if (x->done_head == NONE) return NULL;
        struct exchange_order *oldest = &x->order[x->done_head];
        x->done_head = oldest->next_done;
        if (x->done_head == NONE) x->done_tail = NONE;
        forget(x, oldest);
    }
    struct exchange_order *o = &x->order[x->free_head];
    x->free_head = o->next;
    memset(o, 0, sizeof *o);
    o->id = x->next_order++;
    return o;
}

static void order_index(struct exchange *x, struct exchange_order *o)
{
    const uint32_t slot = slot_of(x, o);
    o->next_by_id = x->by_id[o->id & x->hash_mask];
    x->by_id[o->id & x->hash_mask] = slot;
    if (o->link_id[0] != '\0') {
        o->link_hash = link_hash(o->account, o->link_id);
        o->next_by_link = x->by_link[o->link_hash & x->hash_mask];
        x->by_link[o->link_hash & x->hash_mask] = slot;
    }
}

struct exchange_order *bot__exchange_find(struct exchange *x, uint32_t account, uint64_t id)
{
    for (uint32_t i = x->by_id[id & x->hash_mask]; i != NONE; i = x->order[i].next_by_id)
        if (x->order[i].id == id)
            return x->order[i].account == account ? &x->order[i] : NULL;
    return NULL;
}

const struct exchange_order *bot__exchange_order(const struct exchange *x, uint32_t account, uint64_t id)
{
    for (uint32_t i = x->by_id[id & x->hash_mask]; i != NONE; i = x->order[i].next_by_id)
        if (x->order[i].id == id)
            return x->order[i].account == account ? &x->order[i] : NULL;
    return NULL;
}

const struct exchange_order *bot__exchange_order_by_link(const struct exchange *x, uint32_t account, const char *link_id)
{
    const uint64_t h = link_hash(account, link_id);
    for (uint32_t i = x->by_link[h & x->hash_mask]; i != NONE; i = x->order[i].next_by_link)
        if (x->order[i].link_hash == h && x->order[i].account == account && strcmp(x->order[i].link_id, link_id) == 0)
            return &x->order[i];
    return NULL;
}

/* A finished order of a client stays to be asked for; the house's goes at once. */
static void order_done(struct exchange *x, struct exchange_order *o)
{
    if (o->account == EXCHANGE_HOUSE) {
        forget(x, o);
        return;
    }
    const uint32_t slot = slot_of(x, o);
    o->next_done = NONE;
    if (x->done_tail == NONE) x->done_head = slot;
    else x->order[x->done_tail].next_done = slot;
    x->done_tail = slot;
}

/* ---- the book -------------------------------------------------------------------------------------------------- */

/* Is a better (nearer the end) than b on that side? */
static bool better(uint32_t s, int64_t a, int64_t b) { return s == 0 ? a > b : a < b; }

/* Index of the price's level, or where it belongs. */
static uint32_t level_search(const struct side *sd, uint32_t s, int64_t price)
{
    uint32_t low = 0, high = sd->n;
    while (low < high) {
        const uint32_t mid = (low + high) / 2;
        if (better(s, price, sd->levels[mid].price)) low = mid + 1;
        else high = mid;
    }
    return low;
}

static bool book_has_room(const struct exchange *x, uint16_t instrument, uint32_t s, int64_t price)
{
    const struct side *sd = &x->instrument[instrument].side[s];
    const uint32_t i = level_search(sd, s, price);
    return sd->n < x->opt.levels_max || (i < sd->n && sd->levels[i].price == price);
}

static bool opens_leg(const struct exchange_order *o) { return o->leg == (o->side == BOT_BUY ? BOT_LEG_LONG : BOT_LEG_SHORT); }

static void rest(struct exchange *x, struct exchange_order *o)
{
    struct instrument *in = &x->instrument[o->instrument];
    const uint32_t s = side_index(o->side), slot = slot_of(x, o);
    struct side *sd = &in->side[s];
    const uint32_t i = level_search(sd, s, o->price_ticks);
    if (i == sd->n || sd->levels[i].price != o->price_ticks) {
        BOT_ASSERT(sd->n < x->opt.levels_max);
        memmove(&sd->levels[i + 1], &sd->levels[i], (sd->n - i) * sizeof *sd->levels);
        sd->levels[i] = (struct level){ .price = o->price_ticks, .head = NONE, .tail = NONE };
        sd->n++;
    }
    struct level *l = &sd->levels[i];
    o->prev = l->tail;
    o->next = NONE;
    if (l->tail == NONE) l->head = slot;
    else x->order[l->tail].next = slot;
    l->tail = slot;
    l->n++;
    l->lots += o->leaves_lots;
    in->book_changed = true;
    struct holding *h = &x->account[o->account].holding[o->instrument];
    h->changes++;
    h->open_lots[s] += o->leaves_lots;
    if (opens_leg(o)) h->open_leg_lots[s] += o->leaves_lots;
    h->open_price_lots[s] += (bot_i128)o->leaves_lots * o->price_ticks;
    h->open_orders++;
    h->reduce_only_orders += o->reduce_only;
    o->level_side = s + 1; /* 0: not in the book */
}

/* A resting order loses `lots` of what is left, by a fill or by amending. */
static void book_shrink(struct exchange *x, struct exchange_order *o, int64_t lots)
{
    const uint32_t s = side_index(o->side);
    struct side *sd = &x->instrument[o->instrument].side[s];
    struct level *l = &sd->levels[level_search(sd, s, o->price_ticks)];
    l->lots -= lots;
    o->leaves_lots -= lots;
    struct holding *h = &x->account[o->account].holding[o->instrument];
    h->changes++;
    h->open_lots[s] -= lots;
    if (opens_leg(o)) h->open_leg_lots[s] -= lots;
    h->open_price_lots[s] -= (bot_i128)lots * o->price_ticks;
    x->instrument[o->instrument].book_changed = true;
}

static void unrest(struct exchange *x, struct exchange_order *o)
{
    const uint32_t s = side_index(o->side);
    struct side *sd = &x->instrument[o->instrument].side[s];
    book_shrink(x, o, o->leaves_lots);
    const uint32_t i = level_search(sd, s, o->price_ticks);
    struct level *l = &sd->levels[i];
    if (o->prev == NONE) l->head = o->next;
    else x->order[o->prev].next = o->next;
    if (o->next == NONE) l->tail = o->prev;
    else x->order[o->next].prev = o->prev;
    if (--l->n == 0) {
        BOT_ASSERT(l->lots == 0);
        memmove(l, l + 1, (sd->n - i - 1) * sizeof *l);
        sd->n--;
    }
    struct holding *h = &x->account[o->account].holding[o->instrument];
    h->open_orders--;
    h->reduce_only_orders -= o->reduce_only;
    o->level_side = 0;
}

/* Takes an order out of the market, unfilled for that reason (NONE: filled), and tells about it. */
static void finish(struct exchange *x, struct exchange_order *o, enum exchange_end why)
{
    if (o->level_side != 0) unrest(x, o);
    o->leaves_lots = 0;
    o->end = (uint8_t)why;
    o->status = why == EXCHANGE_END_NONE ? BOT_ORDER_FILLED : BOT_ORDER_CANCELED;
    o->updated_ns = x->now;
    tell_order(x, o);
    order_done(x, o);
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
    book_shrink(x, maker, lots);
    taker->leaves_lots -= lots;
    maker->cum_lots += lots;
    taker->cum_lots += lots;
    const uint8_t kind = taker->origin == EXCHANGE_BY_LIQUIDATION ? BOT_FILL_LIQUIDATION : BOT_FILL_TRADE;
    bot__exchange_apply(x, maker, price, lots, true, BOT_FILL_TRADE);
    bot__exchange_apply(x, taker, price, lots, false, kind);
    const struct exchange_trade t = { .id = x->next_trade++, .side = taker->side, .lots = lots, .price_ticks = price, .ns = x->now,
                                      .seq = in->seq };
    bot__exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_TRADE, .instrument = taker->instrument, .trade = &t,
                                                   .seq = in->seq });
    if (maker->leaves_lots == 0) {
        finish(x, maker, EXCHANGE_END_NONE);
    } else if (maker->account != EXCHANGE_HOUSE) {
        maker->status = BOT_ORDER_PARTIALLY_FILLED;
        maker->updated_ns = x->now;
        tell_order(x, maker);
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

/* Matches a live order that is not in the book, and rests or ends what is left. */
static void work(struct exchange *x, struct exchange_order *o)
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
    else if (o->type == BOT_MARKET || o->tif == BOT_IOC || !book_has_room(x, o->instrument, side_index(o->side), o->price_ticks))
        finish(x, o, EXCHANGE_END_NO_FILL);
    else {
        o->status = o->cum_lots > 0 ? BOT_ORDER_PARTIALLY_FILLED : BOT_ORDER_OPEN;
        rest(x, o);
        tell_order(x, o);
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

/* ---- requests -------------------------------------------------------------------------------------------------- */

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

static bool out_of_band(const struct instrument *in, bot_side side, int64_t price)
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
    if (r->type == BOT_LIMIT && out_of_band(in, r->side, price)) return EXCHANGE_PRICE_BAND;
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
    struct exchange_order *o = order_new(x);
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
    order_index(x, o);
    if (ret_id != NULL) *ret_id = o->id;
    in->seq++;
    work(x, o);
    return EXCHANGE_TAKEN;
}

int bot__exchange_submit(struct exchange *x, int64_t now_ns, const struct exchange_request *r, uint64_t *ret_id)
{
    x->stats.submits++;
    int refusal = EXCHANGE_TAKEN;
    if (r->instrument >= x->opt.instruments_n || r->account >= x->accounts_n) refusal = EXCHANGE_BAD_INSTRUMENT;
    else if (x->mode == EXCHANGE_MODE_HALTED) refusal = EXCHANGE_HALTED;
    else if (x->mode == EXCHANGE_CANCEL_ONLY && r->account != EXCHANGE_HOUSE) refusal = EXCHANGE_CLOSED;
    if (refusal == EXCHANGE_TAKEN) {
        call_begin(x, now_ns);
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
    if (out_of_band(in, o->side, price)) return EXCHANGE_PRICE_BAND;
    if (total > o->lots && !o->reduce_only) {
        const struct exchange_request more = { .account = account, .instrument = o->instrument, .side = o->side, .type = BOT_LIMIT,
                                               .lots = total - o->lots, .price_ticks = price };
        if (!bot__exchange_affords(x, &more, price)) return EXCHANGE_NO_BALANCE;
    }
    call_begin(x, now_ns);
    x->instrument[o->instrument].seq++;
    if (price == o->price_ticks && total < o->lots) {
        book_shrink(x, o, o->lots - total);
        o->lots = total;
        o->updated_ns = x->now;
        tell_order(x, o);
    } else { /* a new price or more of it goes to the end of the queue */
        const int64_t leaves = total - o->cum_lots;
        unrest(x, o);
        o->price_ticks = price;
        o->lots = total;
        o->leaves_lots = leaves;
        o->updated_ns = x->now;
        work(x, o);
    }
    bot__exchange_call_end(x);
    return EXCHANGE_TAKEN;
}

int bot__exchange_cancel(struct exchange *x, int64_t now_ns, uint32_t account, uint64_t id)
{
    struct exchange_order *o = NULL;
    const int refusal = live(x, account, id, &o);
    if (refusal != EXCHANGE_TAKEN) return refusal;
    call_begin(x, now_ns);
    bot__exchange_remove(x, o, EXCHANGE_END_BY_USER);
    bot__exchange_call_end(x);
    return EXCHANGE_TAKEN;
}

int bot__exchange_cancel_all(struct exchange *x, int64_t now_ns, uint32_t account, uint16_t instrument)
{
    if (x->mode == EXCHANGE_MODE_HALTED) return 0;
    call_begin(x, now_ns);
    int n = 0;
    for (uint32_t s = 0; s < 2; s++) {
        struct side *sd = &x->instrument[instrument].side[s];
        for (uint32_t i = sd->n; i-- > 0;) {
            uint32_t left = sd->levels[i].n;
            for (uint32_t slot = sd->levels[i].head, next; left-- > 0 && n < 500; slot = next) {
                struct exchange_order *o = &x->order[slot];
                next = o->next;
                if (o->account != account) continue;
                bot__exchange_remove(x, o, EXCHANGE_END_BY_USER);
                n++;
            }
        }
    }
    bot__exchange_call_end(x);
    return n;
}
