#include "core/orders.h"

#include <string.h>

#include "base/json.h"
#include "core/hash.h"

static uint32_t hash_id(const bot_id *id) { return hash_pairs(id, sizeof *id / 16, 0); }

static uint32_t pow2_above(uint32_t n)
{
    uint32_t p = 16;
    while (p < n) p *= 2;
    return p;
}

void bot__orders_init(struct orders *t, struct arena *a, uint32_t orders_max, uint32_t instruments_max, uint32_t bots_max)
{
    const uint32_t slots = pow2_above(orders_max * 2);
    *t = (struct orders){ .max = orders_max, .mask = slots - 1, .instruments_max = instruments_max, .bots_max = bots_max };
    t->orders = bot__arena_take(a, orders_max, sizeof *t->orders);
    t->live = bot__arena_take(a, (orders_max + 63) / 64, sizeof *t->live);
    t->by_client = bot__arena_take(a, slots, sizeof *t->by_client);
    t->by_venue = bot__arena_take(a, slots, sizeof *t->by_venue);
    t->account = bot__arena_take(a, (size_t)instruments_max * ORDER_LEGS, sizeof *t->account);
    t->bot = bot__arena_take(a, (size_t)instruments_max * ORDER_LEGS * bots_max, sizeof *t->bot);
    t->bot_open = bot__arena_take(a, bots_max, sizeof *t->bot_open);
}

/* ---- the two indexes: linear probing, deletion by shifting back ---- */

static const bot_id *key_of(const struct orders *t, const uint32_t *slots, uint32_t i)
{
    return slots == t->by_client ? &t->orders[i].client_id : &t->orders[i].order_id;
}

static uint32_t lookup(const struct orders *t, const uint32_t *slots, uint32_t instrument, const bot_id *id)
{
    for (uint32_t at = hash_id(id) & t->mask;; at = (at + 1) & t->mask) {
        if (slots[at] == 0)
            return ORDER_NONE;
        if (words_equal(key_of(t, slots, slots[at] - 1), id, sizeof *id / 8) && (instrument == ORDER_NONE || t->orders[slots[at] - 1].instrument == instrument))
            return slots[at] - 1;
    }
}

static void insert(struct orders *t, uint32_t *slots, uint32_t i)
{
    const bot_id *id = key_of(t, slots, i);
    if (id->len == 0)
        return;
    uint32_t at = hash_id(id) & t->mask;
    while (slots[at] != 0)
        at = (at + 1) & t->mask;
    slots[at] = i + 1;
}

static void erase(struct orders *t, uint32_t *slots, uint32_t i)
{
    const bot_id *id = key_of(t, slots, i);
    if (id->len == 0)
        return;
    uint32_t at = hash_id(id) & t->mask;
    while (slots[at] != 0 && slots[at] != i + 1)
        at = (at + 1) & t->mask;
    if (slots[at] == 0)
        return;
    for (uint32_t next = (at + 1) & t->mask; slots[next] != 0; next = (next + 1) & t->mask) {
        const uint32_t home = hash_id(key_of(t, slots, slots[next] - 1)) & t->mask;
        if (((next - home) & t->mask) >= ((next - at) & t->mask)) {
            slots[at] = slots[next];
            at = next;
        }
    }
    slots[at] = 0;
}

/* ---- who is live ---- */

void bot__orders_revived(struct orders *t, uint32_t i) { t->live[i / 64] |= UINT64_C(1) << i % 64; }

uint32_t bot__orders_next_live(const struct orders *t, uint32_t from)
{
    while (from < t->used) {
        const uint64_t here = t->live[from / 64] >> from % 64;
        if (here != 0)
            return from + (uint32_t)__builtin_ctzll(here);
        from += 64 - from % 64;
    }
    return ORDER_NONE;
}

uint32_t bot__orders_by_client(const struct orders *t, const bot_id *client_id)
{
    return client_id->len == 0 || t->used == 0 ? ORDER_NONE : lookup(t, t->by_client, ORDER_NONE, client_id);
}
uint32_t bot__orders_by_venue(const struct orders *t, uint32_t instrument, const bot_id *order_id)
{
    return order_id->len == 0 || t->used == 0 ? ORDER_NONE : lookup(t, t->by_venue, instrument, order_id);
}

/* ---- what counts ---- */

bot_i128 bot__order_counts(const struct order *o)
{
    bot_i128 may_fill = 0;
    switch (o->state) {
    case ORDER_IN_FLIGHT:
    case ORDER_OPEN:
    case ORDER_UNKNOWN:
        may_fill = o->qty > o->reported ? o->qty : o->reported;
        break;
    case ORDER_CLOSED:
        may_fill = o->reported;
        break;
    case ORDER_FREE:
        break;
    }
    return may_fill > o->filled ? may_fill - o->filled : 0;
}

static struct order_sums *bot_sums_of(const struct orders *t, uint32_t bot, uint32_t instrument, bot_leg leg)
{
    BOT_ASSERT(bot < t->bots_max);
    BOT_ASSERT(instrument < t->instruments_max);
    return &t->bot[((size_t)bot * t->instruments_max + instrument) * ORDER_LEGS + bot__leg_index(leg)];
}

static struct order_sums *account_sums_of(const struct orders *t, uint32_t instrument, bot_leg leg)
{
    BOT_ASSERT(instrument < t->instruments_max);
    return &t->account[(size_t)instrument * ORDER_LEGS + bot__leg_index(leg)];
}

void bot__orders_recount(struct orders *t, uint32_t i)
{
    struct order *o = &t->orders[i];
    const bot_i128 now = bot__order_counts(o), change = now - o->counted;
    if (bot__order_live(o))
        bot__orders_revived(t, i);
    else
        t->live[i / 64] &= ~(UINT64_C(1) << i % 64);
    BOT_ASSERT(now >= 0);
    if (change == 0)
        return;
    bot_i128 *sum = o->side == BOT_BUY ? &account_sums_of(t, o->instrument, o->leg)->buy : &account_sums_of(t, o->instrument, o->leg)->sell;
    *sum += change;
    BOT_ASSERT(*sum >= 0);
    if (o->bot != ORDER_BOT_NONE) {
        struct order_sums *sums = bot_sums_of(t, o->bot, o->instrument, o->leg);
        sum = o->side == BOT_BUY ? &sums->buy : &sums->sell;
        *sum += change;
        BOT_ASSERT(*sum >= 0);
    }
    o->counted = now;
}

struct order_sums bot__orders_account_sums(const struct orders *t, uint32_t instrument, bot_leg leg)
{
    return *account_sums_of(t, instrument, leg);
}

struct order_sums bot__orders_bot_sums(const struct orders *t, uint32_t bot, uint32_t instrument, bot_leg leg)
{
    return *bot_sums_of(t, bot, instrument, leg);
}

bool bot__orders_sums_hold(const struct orders *t)
{
    for (uint32_t i = 0; i < t->used; i++)
        if (bot__order_live(&t->orders[i]) && bot__orders_next_live(t, i) != i)
            return false;
    for (uint32_t instrument = 0; instrument < t->instruments_max; instrument++)
        for (uint32_t leg = 0; leg < ORDER_LEGS; leg++) {
            struct order_sums sums = { 0 };
            for (uint32_t i = 0; i < t->used; i++) {
                const struct order *o = &t->orders[i];
                if (o->state == ORDER_FREE || o->instrument != instrument || bot__leg_index(o->leg) != leg)
                    continue;
                *(o->side == BOT_BUY ? &sums.buy : &sums.sell) += bot__order_counts(o);
            }
            const struct order_sums kept = t->account[(size_t)instrument * ORDER_LEGS + leg];
            if (kept.buy != sums.buy || kept.sell != sums.sell)
                return false;
        }
    return true;
}

/* ---- places ---- */

/* A closed order's place that may be given away. What only we took for ended is kept as long as there is another: it may show signs of
 * life, unless it never left. */
static uint32_t find_place(struct orders *t, bool concluded)
{
    for (uint32_t n = 0; n < t->max; n++) {
        const uint32_t i = t->evict;
        t->evict = (t->evict + 1) % t->max;
        const struct order *o = &t->orders[i];
        if (o->state == ORDER_FREE || (o->state == ORDER_CLOSED && o->counted == 0 && (!o->concluded || o->never_left || concluded)))
            return i;
    }
    return ORDER_NONE;
}

static uint32_t take_place(struct orders *t)
{
    if (t->used < t->max)
        return t->used++;
    uint32_t i = find_place(t, false);
    if (i == ORDER_NONE) {
        i = find_place(t, true);
        if (i == ORDER_NONE)
            return ORDER_NONE;
        t->remembered = t->issued;
    }
    if (t->orders[i].state != ORDER_FREE) {
        erase(t, t->by_client, i);
        erase(t, t->by_venue, i);
    }
    return i;
}

int64_t bot__orders_add(struct orders *t, const struct order *order)
{
    BOT_ASSERT(order->qty >= 0);
    if (order->client_id.len != 0 && bot__orders_by_client(t, &order->client_id) != ORDER_NONE)
        return BOT_ERR_CONFLICT;
    const uint32_t i = take_place(t);
    if (i == ORDER_NONE)
        return BOT_ERR_FULL;
    t->orders[i] = *order;
    t->orders[i].counted = 0;
    bot__orders_revived(t, i);
    insert(t, t->by_client, i);
    insert(t, t->by_venue, i);
    bot__orders_recount(t, i);
    return i;
}

void bot__orders_name(struct orders *t, uint32_t i, const bot_id *order_id)
{
    struct order *o = &t->orders[i];
    if (order_id->len == 0 || bot__id_eq(&o->order_id, order_id))
        return;
    if (bot__orders_by_venue(t, o->instrument, order_id) != ORDER_NONE)
        return; /* another order carries it: that one was first, the caller sees the conflict in quantities */
    erase(t, t->by_venue, i);
    o->order_id = *order_id;
    insert(t, t->by_venue, i);
}

bot_order_status bot__order_status(const struct order *o)
{
    if (o->state == ORDER_OPEN && (o->status == BOT_ORDER_NONE || o->status == BOT_ORDER_OPEN))
        return o->filled > 0 ? BOT_ORDER_PARTIALLY_FILLED : BOT_ORDER_OPEN;
    return o->status;
}
