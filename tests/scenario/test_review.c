/* What a reviewer tries first: each of these promises was broken on purpose, in a copy of the core, and every other test passed. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

static int limited(struct rig *r, uint32_t bot, const char *position_max)
{
    return rig_limits(r, bot, 0, &(bot_limits){ .position_max = { fixed_of(position_max) } });
}

/* ---- the kill switch ---- */

TEST(review, a_kill_lasts_until_a_person_re_arms_whatever_good_news_there_is)
{
    struct rig *r = rig_started(NULL, "10");
    bot_event kill = event_of(BOT_EV_KILL);
    rig_step(r, &kill);
    for (int i = 0; i < 3; i++) { /* agreement, a new stream and its backfill, a day of calm */
        rig_for(r, RIG_MS(30000));
        EXPECT_SHUT(r, BOT_GATE_KILL);
        rig_stream(r, BOT_STREAM_PRIVATE, false);
        rig_for(r, RIG_MS(1000));
        rig_stream(r, BOT_STREAM_PRIVATE, true);
    }
    rig_for(r, RIG_MS(30000));
    EXPECT_SHUT(r, BOT_GATE_KILL);
    ck_assert_int_eq(rig_reasons(r), BOT_GATE_KILL);
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, NULL), BOT_ERR_GATE_SHUT);
    rig_rearm(r, BOT_GATE_KILL);
    rig_for(r, RIG_MS(10000));
    EXPECT_OPEN(r);
    rig_free(r);
}

/* ---- amends ---- */

TEST(review, an_amend_takes_the_place_of_what_its_order_counts_and_no_more)
{
    struct rig *r = rig_started(NULL, "10");
    bot_id id, other;
    ck_assert_int_eq(rig_submit_as(r, 0, BOT_LEG_NET, BOT_BUY, "6", &id), BOT_OK);
    ck_assert_int_eq(rig_submit_as(r, 0, BOT_LEG_NET, BOT_BUY, "3", &other), BOT_OK);
    rig_for(r, RIG_MS(100));
    ck_assert_int_eq(rig_amend(r, &id, "7.01", "0"), BOT_ERR_LIMIT_POSITION);
    ck_assert_int_eq(rig_amend(r, &id, "7", "0"), BOT_OK); /* 7 and 3 */
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_REJECTED);
    ck_assert_int_eq(rig_amend(r, &id, "6", "101"), BOT_OK); /* another price and no more: not six beside six */
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_REJECTED);
    rig_trade(r, 0, &id, BOT_BUY, "2", "100"); /* what was filled is in the position, and the rest in the order */
    ck_assert_int_eq(rig_amend(r, &id, "7.01", "0"), BOT_ERR_LIMIT_POSITION);
    ck_assert_int_eq(rig_amend(r, &id, "7", "0"), BOT_OK);
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.qty.v == fixed_of("2") && p.working_buy.v == fixed_of("8"));
    rig_free(r);
}

/* ---- limits ---- */

TEST(review, a_leg_of_hedge_mode_makes_no_room_on_the_other)
{
    bot_core_options o;
    rig_options(&o);
    o.hedge = true;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    static const struct { bot_leg leg; bot_side side; const char *trade; } legs[] = { { BOT_LEG_LONG, BOT_BUY, "L1" }, { BOT_LEG_SHORT, BOT_SELL, "S1" } };
    for (int i = 0; i < 2; i++) {
        bot_id id;
        ck_assert_int_eq(rig_submit_as(r, 0, legs[i].leg, legs[i].side, "8", &id), BOT_OK);
        bot_event fill = rig_fill_event(r, 0, legs[i].trade, &id, legs[i].trade, legs[i].side, "8", "100");
        rig_step(r, &fill);
    }
    for (int i = 0; i < 2; i++) { /* nothing, taken together; eight on each */
        ck_assert_int_eq(rig_submit_as(r, 0, legs[i].leg, legs[i].side, "3", NULL), BOT_ERR_LIMIT_POSITION);
        ck_assert_int_eq(rig_submit_as(r, 0, legs[i].leg, legs[i].side, "2", NULL), BOT_OK);
    }
    rig_free(r);
}

TEST(review, the_account_may_hold_what_its_bots_may_or_the_one_that_measures_it_not_both)
{
    struct rig *r = rig_started(NULL, "3"); /* bot 0, of the whole account */
    ck_assert_int_eq(rig_attach(r, 1, BOT_SCOPE_OWN, true), BOT_OK);
    ck_assert_int_eq(limited(r, 1, "3"), BOT_OK);
    rig_trade(r, 0, NULL, BOT_BUY, "2", "100"); /* a person's: in no bot's part */
    ck_assert_int_eq(rig_submit_as(r, 1, BOT_LEG_NET, BOT_BUY, "1.01", NULL), BOT_ERR_LIMIT_ACCOUNT);
    ck_assert_int_eq(rig_submit_as(r, 1, BOT_LEG_NET, BOT_BUY, "1", NULL), BOT_OK);
    rig_free(r);
}

TEST(review, what_the_account_may_have_missed_may_have_been_any_bots)
{
    struct rig *r = rig_started(NULL, "5");
    for (uint32_t bot = 0; bot < 2; bot++) {
        ck_assert_int_eq(rig_attach(r, bot, BOT_SCOPE_OWN, true), BOT_OK);
        ck_assert_int_eq(limited(r, bot, "5"), BOT_OK);
    }
    r->hide_fills = true;
    rig_trade(r, 0, NULL, BOT_BUY, "4", "100");
    for (int i = 0; i < 300 && r->verdicts[BOT_VERDICT_PENDING] == 0; i++)
        rig_for(r, RIG_MS(100));
    ck_assert_uint_eq(r->verdicts[BOT_VERDICT_PENDING], 1);
    EXPECT_OPEN(r); /* the venue may be ahead of the socket: no reason to stop, and none to trust in either number */
    for (uint32_t bot = 0; bot < 2; bot++) {
        ck_assert_int_eq(rig_submit_as(r, bot, BOT_LEG_NET, BOT_BUY, "1.01", NULL), BOT_ERR_LIMIT_POSITION);
        ck_assert_int_eq(rig_submit_as(r, bot, BOT_LEG_NET, BOT_SELL, "5.01", NULL), BOT_ERR_LIMIT_POSITION);
        ck_assert_int_eq(rig_submit_as(r, bot, BOT_LEG_NET, BOT_BUY, "1", NULL), BOT_OK);
    }
    rig_free(r);
}

TEST(review, an_exit_reduces_what_the_bot_itself_holds)
{
    struct rig *r = rig_started(NULL, "5");
    for (uint32_t bot = 0; bot < 2; bot++) {
        ck_assert_int_eq(rig_attach(r, bot, BOT_SCOPE_OWN, true), BOT_OK);
        ck_assert_int_eq(limited(r, bot, "5"), BOT_OK);
    }
    bot_id id;
    ck_assert_int_eq(rig_submit_as(r, 0, BOT_LEG_NET, BOT_BUY, "3", &id), BOT_OK);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &id, BOT_BUY, "3", "100");
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    EXPECT_SHUT(r, BOT_GATE_PRIVATE_STREAM);
    ck_assert_int_eq(rig_submit_as(r, 1, BOT_LEG_NET, BOT_SELL, "1", NULL), BOT_ERR_GATE_SHUT); /* the other's long, a short of its own */
    ck_assert_int_eq(rig_submit_as(r, 0, BOT_LEG_NET, BOT_SELL, "3.01", NULL), BOT_ERR_GATE_SHUT);
    ck_assert_int_eq(rig_submit_as(r, 0, BOT_LEG_NET, BOT_SELL, "3", NULL), BOT_OK);
    rig_free(r);
}

TEST(review, limits_that_are_set_again_forgive_no_loss)
{
    struct rig *r = rig_started(NULL, "10");
    bot_event ev = event_of(BOT_EV_LIMITS);
    ev.limits = (bot_ev_limits){ .bot = 0, .instrument = rig_symbol(0), .limits = { .position_max = { fixed_of("10") }, .loss_max = { fixed_of("10") } } };
    ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
    for (int i = 0; i < 2; i++) { /* six lost, twice */
        EXPECT_OPEN(r);
        bot_id in, out;
        ck_assert_int_eq(rig_submit_as(r, 0, BOT_LEG_NET, BOT_BUY, "1", &in), BOT_OK);
        rig_for(r, RIG_MS(100));
        rig_trade(r, 0, &in, BOT_BUY, "1", "100");
        ck_assert_int_eq(rig_submit_as(r, 0, BOT_LEG_NET, BOT_SELL, "1", &out), BOT_OK);
        rig_for(r, RIG_MS(100));
        rig_trade(r, 0, &out, BOT_SELL, "1", "94");
        ev.limits.limits.position_max.v = fixed_of("9"); /* tighter, which needs no word */
        ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
    }
    EXPECT_SHUT(r, BOT_GATE_LOSS);
    rig_free(r);
}

/* ---- drift ---- */

TEST(review, on_an_account_that_never_rests_what_is_missing_is_found_after_one_grace_time)
{
    for (int with_seq = 0; with_seq < 2; with_seq++) {
        bot_core_options o;
        rig_options(&o);
        o.venue.has_position_seq = with_seq;
        struct rig *r = rig_new(&o);
        r->rest_seq = with_seq;
        rig_start(r, "100");
        r->hide_fills = true;
        rig_trade(r, 0, NULL, BOT_BUY, "3", "100"); /* the socket loses one, */
        r->hide_fills = false;
        const bot_ts lost_at = r->now;
        while (r->verdicts[BOT_VERDICT_DRIFT] == 0 && r->now < lost_at + RIG_MS(60000)) {
            rig_trade(r, 0, NULL, BOT_BUY, "0.01", "100"); /* and brings the next ones, so that no two answers are equal */
            rig_for(r, RIG_MS(200));
        }
        ck_assert_uint_eq(r->verdicts[BOT_VERDICT_DRIFT], 1);
        /* The read after a fill, the grace time, and the read that was under way. */
        ck_assert_msg(r->now - lost_at < r->options.grace_ns + 3 * r->options.read_after_fill_ns + RIG_MS(1000), "after %.1f s\n%s", (double)(r->now - lost_at) / 1e9, rig_tail(r));
        rig_for(r, RIG_MS(10000));
        ck_assert(rig_qty(r, 0) == r->qty[0]); /* fetched */
        rig_free(r);
    }
}

/* ---- orders ---- */

TEST(review, an_order_is_not_proven_absent_while_the_history_since_the_reconnect_is_unread)
{
    struct rig *r = rig_started(NULL, "10");
    r->auto_answer = false;
    bot_id id;
    ck_assert_int_eq(rig_submit_as(r, 0, BOT_LEG_NET, BOT_BUY, "2", &id), BOT_OK);
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_TIMEOUT);
    r->orders_unknown = r->hide_list = r->hang_fills = true; /* denied by everything but the history, which does not answer */
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    rig_for(r, RIG_MS(500));
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    rig_for(r, RIG_MS(300000));
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("2"));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_ORDER_LOST], 0);
    r->hang_fills = false;
    rig_for(r, RIG_MS(60000));
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == 0);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_ORDER_LOST], 1);
    EXPECT_OPEN(r);
    rig_free(r);
}
