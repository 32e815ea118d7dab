/* Cancelling many orders at once: a kill, a shut gate and cancel-all end at the exchange with nothing left. */
#include "simrig.h"

#include <stdio.h>
#include <string.h>

#define ORDERS 100

static bot_i128 working(const struct simrig *r)
{
    struct exchange_truth t;
    bot__world_truth(r->world, (uint32_t)r->account, (uint16_t)bot__exchange_instrument_find(bot__world_exchange(r->world), r->symbol.s, r->symbol.len), &t);
    return t.open_buy.v + t.open_sell.v;
}

/* A hundred buys far below the market, as fast as the venue's limits let them. */
static struct simrig *rest_many(const char *venue, bool over_ws, const char *faults, bot_shut_policy policy)
{
    struct simrig_options o;
    simrig_options_init(&o);
    o.venue = venue;
    o.limit = "100";
    o.trade_every_ns = 0;
    o.orders_over_ws = over_ws;
    o.faults = faults;
    o.core.shut_policy = policy;
    struct simrig *r = simrig_new(&o);
    for (int i = 0; i < 30 && !simrig_open(r); i++) simrig_run(r, BOT_NS_PER_S);
    ck_assert_msg(simrig_open(r), "%s: never open\n%s", venue, simrig_tail(r));
    bot_event limits = { .kind = BOT_EV_LIMITS, .limits = { .bot = 0, .instrument = r->symbol, .limits = { .position_max = { r->limit } } } };
    ck_assert_int_ge(bot__session_command(r->session, bot__world_time(r->world, r->client), &limits), 0);
    while (r->orders < ORDERS) {
        char price[32];
        snprintf(price, sizeof price, "%u", 60000 + r->orders * 10);
        (void)simrig_submit(r, BOT_BUY, "0.010", price, NULL);
        simrig_run(r, BOT_NS_PER_S / 8);
        ck_assert_msg(bot__world_now(r->world) < 120 * BOT_NS_PER_S, "%s: %u orders\n%s", venue, r->orders, simrig_tail(r));
    }
    simrig_run(r, BOT_NS_PER_S);
    simrig_check(r);
    ck_assert_msg(working(r) != 0, "%s: nothing rests", venue);
    return r;
}

static void none_left(struct simrig *r, int64_t within_ns, const char *what)
{
    simrig_run(r, within_ns);
    simrig_check(r);
    ck_assert_msg(working(r) == 0, "%s %s: something still rests\n%s", r->options.venue, what, simrig_tail(r));
    simrig_free(r);
}

static void command(struct simrig *r, bot_event_kind kind)
{
    bot_event ev = { .kind = (uint16_t)kind };
    ck_assert_int_ge(bot__session_command(r->session, bot__world_time(r->world, r->client), &ev), 0);
}

TEST(cancels, a_hundred_orders_end_at_a_word)
{
    const char *venue;
    for (uint32_t i = 0; (venue = bot__simvenue_dialect(i)) != NULL; i++)
        for (int over_ws = 0; over_ws < 2; over_ws++) {
            struct simrig *r = rest_many(venue, over_ws, NULL, BOT_SHUT_LEAVE);
            command(r, BOT_EV_CANCEL_ALL);
            none_left(r, 20 * BOT_NS_PER_S, "cancel-all");
        }
}

TEST(cancels, a_kill_ends_a_hundred_orders)
{
    const char *venue;
    for (uint32_t i = 0; (venue = bot__simvenue_dialect(i)) != NULL; i++) {
        struct simrig *r = rest_many(venue, false, NULL, BOT_SHUT_LEAVE);
        command(r, BOT_EV_KILL);
        none_left(r, 20 * BOT_NS_PER_S, "kill");
    }
}

TEST(cancels, a_gate_that_shuts_cancels_by_policy_however_many_there_are)
{
    const char *venue;
    for (uint32_t i = 0; (venue = bot__simvenue_dialect(i)) != NULL; i++) {
        struct simrig *r = rest_many(venue, true, "at 60s ws.cut stream=private\nat 60s for 30s ws.refuse stream=private\n", BOT_SHUT_CANCEL_ALL);
        ck_assert_int_lt(bot__world_now(r->world), 59 * BOT_NS_PER_S);
        none_left(r, 120 * BOT_NS_PER_S - bot__world_now(r->world), "shut");
    }
}

/* One order far below the market, of a client that lives for a minute and is then frozen. */
static bool outlives_its_client(int64_t dead_man_ns)
{
    struct simrig_options o;
    simrig_options_init(&o);
    o.venue = "binance-usdm";
    o.watched = "ETHUSDT";
    o.trade_every_ns = 0;
    o.core.dead_man_ns = dead_man_ns;
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 10 * BOT_NS_PER_S);
    bot_event limits = { .kind = BOT_EV_LIMITS, .limits = { .bot = 0, .instrument = r->symbol, .limits = { .position_max = { r->limit } } } };
    ck_assert_int_ge(bot__session_command(r->session, bot__world_time(r->world, r->client), &limits), 0);
    ck_assert_int_eq(simrig_submit(r, BOT_BUY, "0.010", "60000", NULL), 0);
    simrig_run(r, 60 * BOT_NS_PER_S);
    ck_assert_msg(working(r) != 0, "the order of a client that lives has ended\n%s", simrig_tail(r));
    bot__world_client_freeze(r->world, r->client, bot__world_now(r->world) + 40 * BOT_NS_PER_S);
    simrig_run(r, 20 * BOT_NS_PER_S);
    const bool there = working(r) != 0;
    simrig_free(r);
    return there;
}

/* The venue's switch is armed symbol by symbol, and refreshed while the client lives: a frozen one's orders end by themselves. */
TEST(cancels, s60_a_switch_of_each_instrument_ends_the_orders_of_a_frozen_client)
{
    ck_assert_msg(!outlives_its_client(12 * BOT_NS_PER_S), "the order outlived its client");
    ck_assert_msg(outlives_its_client(0), "without a switch the order ended all the same: the test proves nothing");
}
