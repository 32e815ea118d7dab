/* The table of orders by itself: what it counts, when it is full, and that its sums hold under any sequence of changes. */
#include "core/orders.h"

#include "bot/err.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "words.h"

#define ORDERS 16
#define ONE ((bot_i128)1000000000000000000)

static struct orders table;

static void begin(void)
{
    struct arena size = { 0 };
    bot__orders_init(&table, &size, ORDERS, 2, 2);
    struct arena a = { .base = test_memory(size.used), .size = size.used };
    bot__orders_init(&table, &a, ORDERS, 2, 2);
}

static struct order order_of(const char *client, const char *venue, bot_side side, int qty)
{
    return (struct order){ .client_id = id_of(client), .order_id = id_of(venue), .state = ORDER_OPEN, .bot = 0, .side = side, .leg = BOT_LEG_NET, .qty = qty * ONE };
}

static int64_t add(const char *client, const char *venue, bot_side side, int qty)
{
    const struct order o = order_of(client, venue, side, qty);
    return bot__orders_add(&table, &o);
}

static uint32_t by_client(const char *text)
{
    const bot_id id = id_of(text);
    return bot__orders_by_client(&table, &id);
}

static uint32_t by_venue(const char *text)
{
    const bot_id id = id_of(text);
    return bot__orders_by_venue(&table, ORDER_NONE, &id);
}

static void close_order(uint32_t i)
{
    table.orders[i].state = ORDER_CLOSED;
    bot__orders_recount(&table, i);
}

TEST(orders, an_id_is_given_once)
{
    begin();
    ck_assert_int_eq(add("c1", "v1", BOT_BUY, 1), 0);
    ck_assert_int_eq(add("c1", "v2", BOT_BUY, 1), BOT_ERR_CONFLICT);
    ck_assert_uint_eq(by_venue("v2"), ORDER_NONE);
    ck_assert_int_eq(add("", "v3", BOT_SELL, 2), 1); /* a person's has no client id */
    ck_assert_int_eq(add("", "v4", BOT_SELL, 2), 2);
    ck_assert_uint_eq(by_client(""), ORDER_NONE);
    ck_assert(bot__orders_sums_hold(&table));
    ck_assert(bot__orders_account_sums(&table, 0, BOT_LEG_NET).sell == 4 * ONE);
}

TEST(orders, a_full_table_gives_only_the_places_of_what_cannot_fill_any_more)
{
    begin();
    char name[8];
    for (int i = 0; i < ORDERS; i++) {
        snprintf(name, sizeof name, "c%d", i);
        ck_assert_int_eq(add(name, "", BOT_BUY, 1), i);
    }
    ck_assert_int_eq(add("more", "", BOT_BUY, 1), BOT_ERR_FULL);
    table.orders[3].reported = ONE; /* closed, and a fill of it still has to come */
    close_order(3);
    ck_assert_int_eq(add("more", "", BOT_BUY, 1), BOT_ERR_FULL);
    ck_assert_uint_eq(by_client("c3"), 3);
    close_order(7);
    ck_assert_int_eq(add("more", "w", BOT_BUY, 1), 7);
    ck_assert_uint_eq(by_client("c7"), ORDER_NONE);
    ck_assert_uint_eq(by_client("more"), 7);
    ck_assert_uint_eq(by_venue("w"), 7);
    table.orders[5].state = ORDER_FREE; /* nothing in it */
    bot__orders_recount(&table, 5);
    ck_assert_int_eq(add("free", "", BOT_BUY, 1), 5);
    ck_assert(bot__orders_sums_hold(&table));
}

TEST(orders, a_venues_id_stays_with_the_first_that_has_it)
{
    begin();
    add("c1", "v1", BOT_BUY, 1);
    add("c2", "", BOT_BUY, 1);
    const bot_id none = id_of(""), v1 = id_of("v1"), v2 = id_of("v2"), v3 = id_of("v3");
    bot__orders_name(&table, 0, &none);
    bot__orders_name(&table, 0, &v1);
    ck_assert_uint_eq(by_venue("v1"), 0);
    bot__orders_name(&table, 1, &v1);
    ck_assert_uint_eq(by_venue("v1"), 0);
    ck_assert_uint_eq(table.orders[1].order_id.len, 0);
    bot__orders_name(&table, 1, &v2);
    bot__orders_name(&table, 1, &v3); /* replaced */
    ck_assert_uint_eq(by_venue("v2"), ORDER_NONE);
    ck_assert_uint_eq(by_venue("v3"), 1);
}

TEST(orders, two_with_one_venue_id_leave_the_index_one_by_one)
{
    begin();
    char name[8];
    add("first", "same", BOT_BUY, 1);
    add("second", "same", BOT_BUY, 1); /* the venue's doing: both are kept, the first is found */
    ck_assert_uint_eq(by_venue("same"), 0);
    for (int i = 2; i < ORDERS; i++) {
        snprintf(name, sizeof name, "c%d", i);
        ck_assert_int_eq(add(name, name, BOT_BUY, 1), i);
    }
    close_order(0);
    ck_assert_int_eq(add("third", "", BOT_BUY, 1), 0);
    ck_assert_uint_eq(by_venue("same"), 1);
    for (int i = 2; i < ORDERS; i++) {
        snprintf(name, sizeof name, "c%d", i);
        ck_assert_uint_eq(by_venue(name), (uint32_t)i);
    }
}

TEST(orders, the_state_says_what_still_counts)
{
    struct order o = { .qty = 10, .filled = 4, .reported = 6 };
    const struct { enum order_state state; int counts; } cases[] = {
        { ORDER_FREE, 0 }, { ORDER_IN_FLIGHT, 6 }, { ORDER_OPEN, 6 }, { ORDER_UNKNOWN, 6 }, { ORDER_CLOSED, 2 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        o.state = cases[i].state;
        ck_assert_msg(bot__order_counts(&o) == cases[i].counts, "state %d", (int)o.state);
    }
    o = (struct order){ .state = ORDER_OPEN, .qty = 3, .reported = 5, .filled = 1 }; /* more reported than ordered: the larger */
    ck_assert(bot__order_counts(&o) == 4);
    o.filled = 6;
    ck_assert(bot__order_counts(&o) == 0);
    o = (struct order){ .state = ORDER_OPEN };
    ck_assert_int_eq(bot__order_status(&o), BOT_ORDER_OPEN);
    o.filled = 1;
    ck_assert_int_eq(bot__order_status(&o), BOT_ORDER_PARTIALLY_FILLED);
    o.status = BOT_ORDER_OPEN;
    ck_assert_int_eq(bot__order_status(&o), BOT_ORDER_PARTIALLY_FILLED);
    o.status = BOT_ORDER_UNTRIGGERED;
    ck_assert_int_eq(bot__order_status(&o), BOT_ORDER_UNTRIGGERED);
    o = (struct order){ .state = ORDER_CLOSED, .status = BOT_ORDER_CANCELED, .filled = 1 };
    ck_assert_int_eq(bot__order_status(&o), BOT_ORDER_CANCELED);
}

/* Any change of any order, two bots, strangers, two instruments, three legs: the sums are what the orders add up to. */
TEST(orders, sums_hold_under_any_sequence_of_changes)
{
    test_rng rng = { 20261121 };
    begin();
    char name[16];
    for (unsigned step = 0; step < 4000; step++) {
        const uint32_t i = table.used == 0 ? 0 : (uint32_t)test_rng_below(&rng, table.used);
        struct order *o = &table.orders[i];
        switch (test_rng_below(&rng, 6)) {
        case 0: {
            snprintf(name, sizeof name, "n%u", step);
            struct order fresh = order_of(name, "", test_rng_below(&rng, 2) != 0 ? BOT_BUY : BOT_SELL, 1 + (int)test_rng_below(&rng, 9));
            fresh.bot = test_rng_below(&rng, 3) == 0 ? ORDER_BOT_NONE : (uint32_t)test_rng_below(&rng, 2);
            fresh.instrument = (uint32_t)test_rng_below(&rng, 2);
            fresh.leg = (bot_leg)(BOT_LEG_NET + test_rng_below(&rng, 3));
            (void)bot__orders_add(&table, &fresh);
            break;
        }
        case 1: o->filled += ONE; break;
        case 2: o->reported += ONE; break;
        case 3: o->qty += ONE; break;
        default: o->state = (enum order_state)(ORDER_IN_FLIGHT + test_rng_below(&rng, 4)); break;
        }
        if (table.used != 0)
            bot__orders_recount(&table, i);
        ck_assert_msg(bot__orders_sums_hold(&table), "step %u", step);
    }
    table.account[0].buy += 1; /* and the checker itself sees what is wrong */
    ck_assert(!bot__orders_sums_hold(&table));
    table.account[0].buy -= 1;
    table.account[0].sell += 1;
    ck_assert(!bot__orders_sums_hold(&table));
}
