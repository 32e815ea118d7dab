/* The public client over real TLS sockets: leaving with orders that rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

static struct live l;

static uint32_t left;
static bool has_left;
static void on_left(uint32_t orders_left, void *user_data)
{
    struct live_account *a = user_data;
    a->account = NULL; /* the checks look at it no more */
    left = orders_left;
    has_left = true;
}

static bool has_both(struct live_account *a) { return live_working(a) == live_number("0.2"); }

static struct live_account *open_bots(const char *journal, uint32_t bots)
{
    bot_account_options o;
    live_options(&l, 0, &o);
    o.journal.path = journal;
    return live_open(&l, 0, &o, bots, "1");
}

static struct live_account *with_two_orders_of(const char *venue, const char *journal)
{
    live_begin_at(&l, venue);
    struct live_account *a = open_bots(journal, 2);
    LIVE_UNTIL(a, live_is_open, 8000);
    has_left = false;
    bot_instrument in;
    ck_assert_int_eq(bot_get_instrument(a->bots[0], LIVE_INSTRUMENT, &in), BOT_OK);
    ck_assert(in.tick.v == live_number("0.1") && in.lot.v == live_number("0.001") && in.tradable && in.contract == BOT_LINEAR);
    ck_assert_str_eq(in.settle.s, "USDT");
    ck_assert_int_eq(bot_get_instrument(a->bots[0], "NONEUSDT", &in), BOT_ERR_NOT_FOUND);
    bot_id id;
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.1", live_price(a, -400), &id, NULL), BOT_OK);
    ck_assert_int_eq(live_submit(a, 1, BOT_SELL, "0.1", live_price(a, 400), NULL, NULL), BOT_OK);
    bot_order_info orders[2] = { 0 };
    ck_assert_int_eq(bot_get_orders(a->bots[0], orders, 2), 1);
    ck_assert(bot_id_equal(&orders[0].client_id, &id) && orders[0].side == BOT_BUY && orders[0].qty.v == live_number("0.1") &&
              orders[0].filled.v == 0 && orders[0].status == BOT_ORDER_NONE && orders[0].price.v == live_number(live_price(a, -400)));
    LIVE_UNTIL(a, has_both, 3000);
    loop_for(&l.loop, live_ms(200));
    ck_assert_int_eq(bot_get_orders(a->bots[0], orders, 2), 1);
    ck_assert(orders[0].status == BOT_ORDER_OPEN && orders[0].order_id.len != 0 && !orders[0].cancel_asked);
    return a;
}

static struct live_account *with_two_orders(const char *venue) { return with_two_orders_of(venue, NULL); }

/* bot_cancel_all and bot_account_close behind each other leave the orders where they are: the cancels die with the account. */
TEST(live_leaving, closes_when_the_venue_has_confirmed_every_cancel)
{
    const char *const venues[] = { "bybit", "binance-usdm" };
    for (int v = 0; v < 2; v++) {
        struct live_account *a = with_two_orders(venues[v]);
        bot_account_cancel_and_close(a->account, 0, on_left, a);
        bot_account_cancel_and_close(a->account, 0, NULL, NULL); /* does nothing */
        ck_assert_msg(!has_left, "a callback ran inside the call");
        bot_refusal why;
        ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.1", live_price(a, -400), NULL, &why), BOT_ERR_CLOSED);
        ck_assert(!bot_is_open(a->bots[0]));
        UNTIL(&l.loop, has_left);
        ck_assert_uint_eq(left, 0);
        ck_assert_msg(live_working(a) == 0, "orders rest at the venue");
        live_end(&l);
    }
}

TEST(live_leaving, ends_in_its_time_when_cancels_are_not_answered)
{
    struct live_account *a = with_two_orders("bybit");
    live_fault(&l, "always rest.hang on=all\n");
    bot_account_cancel_and_close(a->account, 300 * BOT_NS_PER_MS, on_left, a);
    UNTIL(&l.loop, has_left);
    ck_assert_uint_eq(left, 2);
    ck_assert(live_working(a) == live_number("0.2"));
    live_heal(&l);
    live_end(&l);
}

TEST(live_leaving, without_orders_closes_and_a_close_ends_the_waiting)
{
    live_begin(&l);
    struct live_account *a = live_open(&l, 0, NULL, 1, "1");
    has_left = false;
    bot_account_cancel_and_close(a->account, 0, on_left, a);
    UNTIL(&l.loop, has_left);
    ck_assert_uint_eq(left, 0);
    live_end(&l);
    a = with_two_orders("bybit");
    live_fault(&l, "always rest.hang on=all\n");
    bot_account_cancel_and_close(a->account, 3600 * BOT_NS_PER_S, on_left, a);
    live_close(a);
    ck_assert(has_left && left == 2);
    live_end(&l);
}

/* The run before had two bots, this one attaches the first of them only: what the second left is of the account's bots, too. */
TEST(live_leaving, cancels_what_a_bot_of_an_earlier_run_left)
{
    char path[300];
    snprintf(path, sizeof path, "%s/journal-leaving", scratch_directory());
    struct live_account *a = with_two_orders_of("bybit", path);
    live_close(a);
    a = open_bots(path, 1);
    LIVE_UNTIL(a, live_is_open, 8000);
    ck_assert(live_working(a) == live_number("0.2"));
    bot_account_cancel_and_close(a->account, 0, on_left, a);
    UNTIL(&l.loop, has_left);
    ck_assert_uint_eq(left, 0);
    ck_assert_msg(live_working(a) == 0, "an order rests at the venue");
    live_end(&l);
    snprintf(path, sizeof path, "rm -rf '%s'/journal-leaving", scratch_directory());
    ck_assert_int_eq(system(path), 0);
}
