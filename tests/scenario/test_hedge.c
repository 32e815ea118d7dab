/* Long and short legs apart: whose leg a fill moves when nothing names it, and rows of the other mode. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

static bot_i128 leg_qty(const struct rig *r, bot_leg leg)
{
    bot_position p;
    bot_core_position(r->core, 0, leg, &p);
    return p.qty.v;
}

TEST(scenario, s07_what_the_venue_closes_by_itself_ends_the_leg_that_its_side_ends)
{
    bot_core_options o;
    rig_options(&o);
    o.hedge = true;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    EXPECT_OPEN(r);
    bot_event ev = rig_order(r, 0, BOT_LEG_NET, BOT_BUY, "2");
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_INVALID); /* no net leg in hedge mode */
    ev.submit.order.leg = BOT_LEG_LONG;
    ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
    bot_event fill = rig_fill_event(r, 0, "H1", &ev.submit.client_id, "V1", BOT_BUY, "2", "100");
    rig_step(r, &fill); /* the fill names no leg: its order does */
    ck_assert(leg_qty(r, BOT_LEG_LONG) == fixed_of("2") && leg_qty(r, BOT_LEG_SHORT) == 0 && leg_qty(r, BOT_LEG_NET) == 0);
    ev = rig_order(r, 0, BOT_LEG_NET, BOT_SELL, "3");
    ev.submit.order.leg = BOT_LEG_SHORT;
    ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
    fill = rig_fill_event(r, 0, "H2", &ev.submit.client_id, "V2", BOT_SELL, "3", "100");
    rig_step(r, &fill);
    ck_assert(leg_qty(r, BOT_LEG_SHORT) == -fixed_of("3"));
    static const struct { bot_fill_kind kind; bot_side side; bot_leg ends; } closes[] = {
        { BOT_FILL_LIQUIDATION, BOT_SELL, BOT_LEG_LONG }, { BOT_FILL_ADL, BOT_BUY, BOT_LEG_SHORT }, { BOT_FILL_SETTLEMENT, BOT_SELL, BOT_LEG_LONG },
    };
    for (size_t i = 0; i < sizeof closes / sizeof *closes; i++) {
        const bot_i128 before = leg_qty(r, closes[i].ends);
        char name[8];
        snprintf(name, sizeof name, "C%zu", i);
        fill = rig_fill_event(r, 0, name, NULL, "venue", closes[i].side, "0.5", "100");
        fill.fill.kind = closes[i].kind;
        rig_step(r, &fill);
        ck_assert(leg_qty(r, closes[i].ends) == before + (closes[i].side == BOT_BUY ? fixed_of("0.5") : -fixed_of("0.5")));
    }
    /* A transfer says nothing about legs: it falls on the net leg, and both in use are a change of mode. */
    fill = rig_fill_event(r, 0, "T1", NULL, "venue", BOT_BUY, "1", "100");
    fill.fill.kind = BOT_FILL_TRANSFER;
    rig_step(r, &fill);
    EXPECT_SHUT(r, BOT_GATE_MODE);
    ck_assert_uint_ge(r->alerts[BOT_ALERT_MODE], 1);
    rig_free(r);
}

/* Whoever sells the long leg means to close it: where there is nothing, and nothing comes, the venue's answer is known before. */
TEST(hedge, a_leg_that_holds_nothing_is_not_closed)
{
    bot_core_options o;
    rig_options(&o);
    o.hedge = true;
    for (int k = 0; k < 2; k++) {
        struct rig *r = rig_new(&o);
        rig_start(r, "10");
        const bot_leg leg = k == 0 ? BOT_LEG_LONG : BOT_LEG_SHORT;
        const bot_side opens = k == 0 ? BOT_BUY : BOT_SELL, closes = k == 0 ? BOT_SELL : BOT_BUY;
        bot_id id;
        ck_assert_int_eq(rig_submit_as(r, 0, leg, closes, "1", NULL), BOT_ERR_REDUCE_ONLY);
        ck_assert_str_eq(bot_core_last_refusal(r->core)->detail, "the leg holds nothing to close");
        ck_assert_uint_eq(r->sends[0], 0);
        ck_assert_int_eq(rig_submit_as(r, 0, leg, opens, "2", &id), BOT_OK);
        ck_assert_int_eq(rig_submit_as(r, 0, leg, closes, "1", NULL), BOT_OK); /* it may be filled by then */
        bot_event fill = rig_fill_event(r, 0, "H1", &id, "V1", opens, "2", "100");
        rig_step(r, &fill);
        ck_assert_int_eq(rig_submit_as(r, 0, leg, closes, "1", NULL), BOT_OK);
        ck_assert_int_eq(rig_submit_as(r, 0, k == 0 ? BOT_LEG_SHORT : BOT_LEG_LONG, opens, "1", NULL), BOT_ERR_REDUCE_ONLY); /* of the other leg there is nothing */
        rig_free(r);
    }
}

/* No order of it is known, and the venue's fills name no leg (Bybit): what the fill did and its side do. */
TEST(scenario, s50_in_hedge_mode_a_leg_beyond_its_limit_is_told_once_whatever_the_other_does)
{
    bot_core_options o;
    rig_options(&o);
    o.hedge = true;
    struct rig *r = rig_new(&o);
    rig_start(r, "3");
    static const struct { bot_leg leg; bot_side side; const char *qty; uint32_t alerts; } fills[] = {
        { BOT_LEG_LONG, BOT_BUY, "4", 1 }, { BOT_LEG_SHORT, BOT_SELL, "1", 1 }, { BOT_LEG_LONG, BOT_BUY, "1", 1 },
        { BOT_LEG_LONG, BOT_SELL, "3", 1 }, { BOT_LEG_SHORT, BOT_SELL, "3", 2 }, /* it had come back: this is another */
    };
    for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
        char name[8];
        snprintf(name, sizeof name, "F%zu", i);
        bot_event fill = rig_fill_event(r, 0, name, NULL, "venue", fills[i].side, fills[i].qty, "100");
        fill.fill.leg = fills[i].leg;
        rig_step(r, &fill);
        ck_assert_msg(r->alerts[BOT_ALERT_LIMIT_EXCEEDED] == fills[i].alerts, "fill %zu: %u alerts", i, r->alerts[BOT_ALERT_LIMIT_EXCEEDED]);
    }
    ck_assert_ptr_nonnull(strstr(r->trace, "the position is beyond the bot's limit: 4, limit 3\n"));
    rig_free(r);
}

TEST(scenario, s07_a_trade_by_hand_falls_on_the_leg_that_it_opens_or_closes)
{
    bot_core_options o;
    rig_options(&o);
    o.hedge = true;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    static const struct { bot_side side; uint32_t has; const char *qty, *longs, *shorts; } trades[] = {
        { BOT_BUY, BOT_HAS_OPENS, "5", "5", "0" },    { BOT_SELL, BOT_HAS_OPENS, "3", "5", "-3" },
        { BOT_SELL, BOT_HAS_CLOSES, "2", "3", "-3" }, { BOT_BUY, BOT_HAS_CLOSES, "1", "3", "-2" },
    };
    for (size_t i = 0; i < sizeof trades / sizeof *trades; i++) {
        char name[8];
        snprintf(name, sizeof name, "M%zu", i);
        bot_event fill = rig_fill_event(r, 0, name, NULL, "web", trades[i].side, trades[i].qty, "100");
        fill.has |= trades[i].has;
        rig_step(r, &fill);
        ck_assert_msg(leg_qty(r, BOT_LEG_LONG) == fixed_of(trades[i].longs) && leg_qty(r, BOT_LEG_SHORT) == fixed_of(trades[i].shorts), "trade %zu", i);
    }
    /* Nothing names its leg: it is not booked on a wrong one, and not lost, either: the order that is heard of later names it. */
    bot_event fill = rig_fill_event(r, 0, "M9", NULL, "W9", BOT_BUY, "1", "100");
    rig_step(r, &fill);
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    ck_assert_uint_eq(stats.fills_legless, 1);
    ck_assert(leg_qty(r, BOT_LEG_LONG) == fixed_of("3") && leg_qty(r, BOT_LEG_SHORT) == fixed_of("-2") && leg_qty(r, BOT_LEG_NET) == 0);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_MODE], 0);
    bot_event order = event_of(BOT_EV_ORDER);
    order.instrument = rig_symbol(0);
    order.has = BOT_HAS_QTY | BOT_HAS_CUM_QTY;
    order.order = (bot_ev_order){ .status = BOT_ORDER_PARTIALLY_FILLED, .side = BOT_BUY, .leg = BOT_LEG_SHORT, .type = BOT_LIMIT,
                                  .qty = { 2, 0 }, .cum_qty = { 1, 0 } };
    memcpy(order.order.order_id.s, "W9", 2);
    order.order.order_id.len = 2;
    rig_step(r, &order);
    rig_step(r, &fill); /* fetched anew */
    ck_assert(leg_qty(r, BOT_LEG_LONG) == fixed_of("3") && leg_qty(r, BOT_LEG_SHORT) == fixed_of("-1"));
    rig_free(r);
}

TEST(scenario, s07_position_rows_of_the_other_mode_pause)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    ck_assert_msg(rig_open(r), "%s", rig_tail(r));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_MODE], 0);
    rig_for(r, RIG_MS(100));
    uint64_t id = 0;
    for (int k = 0; k < 4000 && id == 0; k++) { /* a read of positions is under way */
        rig_for(r, RIG_MS(10));
        for (uint32_t i = 0; i < r->queue_n; i++)
            if (r->queue[i].ev.kind == BOT_EV_READ_END && r->queue[i].ev.read.read == BOT_READ_POSITIONS)
                id = r->queue[i].ev.read.id;
        for (uint32_t i = 0; i < r->queue_n; i++)
            if (r->queue[i].ev.kind == BOT_EV_READ_BEGIN)
                id = 0;
    }
    ck_assert_uint_ne(id, 0);
    bot_event row = event_of(BOT_EV_POSITION);
    row.instrument = rig_symbol(0);
    row.read_id = id;
    row.position = (bot_ev_position){ .leg = BOT_LEG_SHORT };
    rig_step(r, &row);
    EXPECT_OPEN(r); /* venues list both empty legs in either mode */
    row.position.qty = bot_dec_from_fixed(fixed_of("-1"));
    row.read_id = id + 77;
    rig_step(r, &row);
    EXPECT_OPEN(r); /* not of that read */
    row.read_id = id;
    rig_step(r, &row);
    EXPECT_SHUT(r, BOT_GATE_MODE);
    rig_step(r, &row);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_MODE], 1);
    rig_free(r);
}
