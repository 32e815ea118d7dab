/* The table of orders, and those that rest by price. */
#include "exchange_state.h"

#include <string.h>

#include "base/assert.h"

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

struct exchange_order *bot__exchange_order_new(struct exchange *x)
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

void bot__exchange_order_index(struct exchange *x, struct exchange_order *o)
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
    const struct exchange_order *o = bot__exchange_order(x, account, id);
    return o != NULL ? &x->order[slot_of(x, o)] : NULL;
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
void bot__exchange_order_done(struct exchange *x, struct exchange_order *o)
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

bool bot__exchange_has_room(const struct exchange *x, uint16_t instrument, uint32_t s, int64_t price)
{
    const struct side *sd = &x->instrument[instrument].side[s];
    const uint32_t i = level_search(sd, s, price);
    return sd->n < x->opt.levels_max || (i < sd->n && sd->levels[i].price == price);
}

static bool opens_leg(const struct exchange_order *o) { return o->leg == (o->side == BOT_BUY ? BOT_LEG_LONG : BOT_LEG_SHORT); }

void bot__exchange_rest(struct exchange *x, struct exchange_order *o)
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

void bot__exchange_shrink(struct exchange *x, struct exchange_order *o, int64_t lots)
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

void bot__exchange_unrest(struct exchange *x, struct exchange_order *o)
{
    const uint32_t s = side_index(o->side);
    struct side *sd = &x->instrument[o->instrument].side[s];
    bot__exchange_shrink(x, o, o->leaves_lots);
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
