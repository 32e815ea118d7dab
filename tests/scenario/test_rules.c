/* Rules of the core that money hangs on, each alone: what a lease counts from, what proves what, what never clears a latch. Most
 * were written because a deliberate defect (tests/mutants) passed every other test. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#define EXPECT_NOT(r, reason) ck_assert_msg((rig_reasons(r) & (reason)) == 0, "shut by " #reason "\n%s", rig_tail(r))

/* Buys one and lets the fill arrive. */
static void hold_one(struct rig *r)
{
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), 0);
    rig_for(r, 2 * r->latency + RIG_MS(50));
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
}

/* Open, with a position, all quiet. */
static struct rig *holding_one(void)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    rig_for(r, RIG_MS(5000));
    hold_one(r);
    rig_for(r, RIG_MS(5000));
    EXPECT_OPEN(r);
    return r;
}

TEST(rules, the_rest_lease_counts_from_the_sending)
{
    bot_core_options o;
    rig_options(&o);
    o.orders_every_ns = 3600 * BOT_NS_PER_S;
    o.reconciled_lease_ns = o.reconciled_flat_ns = 3600 * BOT_NS_PER_S;
    struct rig *r = rig_new(&o);
    r->latency = RIG_MS(1000); /* answers take two of the three seconds that they may */
    rig_start(r, "10");
    rig_for(r, RIG_MS(8000));
    hold_one(r);
    rig_for(r, RIG_MS(20000));
    EXPECT_OPEN(r);
    r->rest = RIG_REST_HANG;
    bot_position p;
    rig_for(r, RIG_MS(2100)); /* what was under way has come */
    rig_position(r, 0, &p);
    rig_for(r, RIG_MS(60000));
    EXPECT_SHUT(r, BOT_GATE_REST);
    bot_gate_state s;
    bot_core_gate_state(r->core, r->now, &s);
    ck_assert_int_eq(s.since[__builtin_ctz(BOT_GATE_REST)], p.agreed_at + r->options.rest_lease_ns);
    rig_free(r);
}

TEST(rules, an_update_time_before_our_newest_fill_is_no_agreement)
{
    bot_core_options o;
    rig_options(&o);
    o.venue.has_position_seq = false;
    struct rig *r = rig_new(&o);
    r->rest_seq = false;
    r->rest_times = true;
    rig_start(r, "10");
    rig_for(r, RIG_MS(5000));
    hold_one(r);
    rig_for(r, RIG_MS(5000));
    rig_freeze(r); /* long one, as of now */
    rig_trade(r, 0, NULL, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, NULL, BOT_SELL, "1", "100"); /* and back: the number is the frozen one, the row is not of now */
    rig_for(r, RIG_MS(3000));
    bot_position before, after;
    rig_position(r, 0, &before);
    rig_for(r, RIG_MS(20000));
    rig_position(r, 0, &after);
    ck_assert_uint_gt(r->verdicts[BOT_VERDICT_STALE], 0);
    ck_assert_int_eq(before.agreed_at, after.agreed_at);
    EXPECT_SHUT(r, BOT_GATE_RECONCILED);
    rig_free(r);
}

TEST(rules, a_missing_row_is_flat_only_where_the_venue_omits_flat_rows)
{
    for (int omits = 0; omits < 2; omits++) {
        bot_core_options o;
        rig_options(&o);
        o.venue.positions_omit_flat = true;
        struct rig *r = rig_new(&o);
        rig_start(r, "10");
        rig_for(r, RIG_MS(5000));
        EXPECT_OPEN(r);
        rig_free(r);

        o.venue.positions_omit_flat = omits == 1;
        r = rig_new(&o);
        bot_event attach = { .kind = BOT_EV_ATTACH, .seq = BOT_SEQ_NONE, .attach = { .bot = 0, .sends_orders = true } };
        (void)rig_step(r, &attach);
        rig_start(r, "10");
        rig_for(r, RIG_MS(30000)); /* both flat and in use: the rig sends no rows for them */
        ck_assert(rig_open(r) == (omits == 1));
        ck_assert((r->verdicts[BOT_VERDICT_PARTIAL] > 0) == (omits == 0));
        rig_free(r);
    }
}

TEST(rules, nothing_is_adopted_while_fills_come)
{
    bot_core_options o;
    rig_options(&o);
    o.drift_policy = BOT_DRIFT_ADOPT;
    o.venue.has_position_seq = false; /* nothing but quietness protects */
    struct rig *r = rig_new(&o);
    r->rest_seq = false;
    r->latency = RIG_MS(100);
    rig_start(r, "100");
    rig_for(r, RIG_MS(5000));
    r->qty[0] += fixed_of("4"); /* no fill will tell why */
    for (int i = 0; i < 150; i++) { /* a trade every 100 ms: none of the reads is quiet */
        rig_trade(r, 0, NULL, i % 2 == 0 ? BOT_BUY : BOT_SELL, "1", "100");
        rig_for(r, RIG_MS(100));
    }
    ck_assert_uint_eq(r->alerts[BOT_ALERT_ADOPTED], 0);
    rig_for(r, RIG_MS(60000));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_ADOPTED], 1);
    ck_assert(rig_qty(r, 0) == r->qty[0]);
    rig_free(r);
}

TEST(rules, a_reconnect_opens_only_after_its_backfill)
{
    struct rig *r = holding_one();
    r->hang_fills = true; /* positions and orders answer, and agree; the history does not */
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    rig_for(r, RIG_MS(1000));
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    rig_for(r, RIG_MS(60000));
    ck_assert_msg(!rig_open(r), "open without the history\n%s", rig_tail(r));
    r->hang_fills = false;
    rig_for(r, RIG_MS(30000));
    EXPECT_OPEN(r);
    rig_free(r);
}

/* Found by a seeded world: the second backfill was forgotten when the first one ended, and the gate stayed in HOLD_DOWN for ever. */
TEST(rules, a_stream_that_bounces_during_its_backfill_is_backfilled_again)
{
    struct rig *r = holding_one();
    r->latency = RIG_MS(500);
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    rig_for(r, RIG_MS(200));
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    rig_for(r, RIG_MS(300)); /* the history is under way */
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    rig_for(r, RIG_MS(100));
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    rig_for(r, RIG_MS(30000));
    EXPECT_OPEN(r);
    rig_free(r);
}

TEST(rules, an_agreement_asked_for_before_the_stream_was_back_proves_nothing)
{
    struct rig *r = holding_one();
    bot_position before, after;
    rig_position(r, 0, &before);
    r->latency = RIG_MS(1400); /* a read is under way most of the time */
    rig_for(r, RIG_MS(6500));
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    rig_for(r, RIG_MS(100));
    const bot_ts back = r->now;
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    for (int i = 0; i < 100; i++) {
        rig_for(r, RIG_MS(100));
        rig_position(r, 0, &after);
        bot_gate_state s;
        bot_core_gate_state(r->core, r->now, &s);
        ck_assert_msg((s.reasons & BOT_GATE_RECONCILED) == 0 || after.agreed_at < back || s.now - after.agreed_at >= r->options.reconciled_lease_ns,
                      "an agreement of this stream and still RECONCILED\n%s", rig_tail(r));
        ck_assert_msg(!rig_open(r) || after.agreed_at >= back, "open on an agreement from before\n%s", rig_tail(r));
    }
    rig_free(r);
}

TEST(rules, a_latch_is_not_cleared_by_good_news)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    rig_for(r, RIG_MS(5000));
    r->qty[0] = fixed_of("4");
    r->seq[0] = 50;
    rig_for(r, RIG_MS(60000));
    EXPECT_SHUT(r, BOT_GATE_DRIFT);
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    rig_stream(r, BOT_STREAM_PUBLIC, false);
    rig_for(r, RIG_MS(1000));
    r->qty[0] = 0; /* and even agreement does not: a person looks */
    r->seq[0] = 60;
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    rig_stream(r, BOT_STREAM_PUBLIC, true);
    rig_for(r, RIG_MS(60000));
    EXPECT_SHUT(r, BOT_GATE_DRIFT);
    rig_rearm(r, BOT_GATE_DRIFT);
    rig_for(r, RIG_MS(30000));
    EXPECT_OPEN(r);
    rig_free(r);
}

TEST(rules, bytes_of_a_private_stream_that_is_not_up_renew_nothing)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    rig_for(r, RIG_MS(5000));
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    for (int i = 0; i < 20; i++) { /* login answers, pongs: frames, but no fills can come */
        bot_event frame = { .kind = BOT_EV_FRAME, .seq = BOT_SEQ_NONE, .stream = { .stream = BOT_STREAM_PRIVATE } };
        (void)rig_step(r, &frame);
        rig_for(r, RIG_MS(100));
        EXPECT_SHUT(r, BOT_GATE_PRIVATE_STREAM);
    }
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    EXPECT_NOT(r, BOT_GATE_PRIVATE_STREAM);
    rig_free(r);
}

/* The socket is half open: it was never seen to close, and REST agrees all the time. */
TEST(rules, agreement_over_rest_does_not_stand_for_a_private_stream_on_which_nothing_comes)
{
    struct rig *r = rig_started(NULL, "10");
    r->private_up = false; /* to the rig alone: the core is not told */
    rig_for(r, RIG_MS(9000));
    EXPECT_NOT(r, BOT_GATE_PRIVATE_STREAM);
    for (int i = 0; i < 20; i++) {
        rig_for(r, RIG_MS(2000));
        EXPECT_SHUT(r, BOT_GATE_PRIVATE_STREAM);
        EXPECT_NOT(r, BOT_GATE_RECONCILED | BOT_GATE_REST);
    }
    rig_free(r);
}

TEST(rules, an_order_after_a_lease_ran_out_is_refused_with_the_reason)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    rig_for(r, RIG_MS(5000));
    EXPECT_OPEN(r);
    r->now += 120 * BOT_NS_PER_S; /* no tick in between: the first thing that the core hears is the order */
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, NULL), BOT_ERR_GATE_SHUT);
    ck_assert_uint_ne(bot_core_last_refusal(r->core)->reasons & BOT_GATE_PRIVATE_STREAM, 0);
    ck_assert_uint_ne(bot_core_last_refusal(r->core)->reasons & BOT_GATE_RECONCILED, 0);
    rig_free(r);
}

/* A crash may have forgotten an order that had just left. One list may leave it out; without any nobody would ever know. */
TEST(rules, a_reconnect_opens_only_after_two_lists_of_orders)
{
    struct rig *r = holding_one();
    r->hang_orders = true; /* positions and history answer, and agree */
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    rig_for(r, RIG_MS(1000));
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    rig_for(r, RIG_MS(60000));
    ck_assert_msg(!rig_open(r), "open without a list of orders\n%s", rig_tail(r));
    r->hang_orders = false;
    const uint32_t before = r->reads[BOT_READ_OPEN_ORDERS];
    while (!rig_open(r) && r->reads[BOT_READ_OPEN_ORDERS] < before + 10) rig_for(r, RIG_MS(100));
    EXPECT_OPEN(r);
    ck_assert_uint_ge(r->reads[BOT_READ_OPEN_ORDERS], before + 2);
    rig_free(r);
}

static void leave_resting(struct rig *r, const char *qty)
{
    struct rig_order *left = &r->orders[0];
    *left = (struct rig_order){ .used = true, .open = true, .side = BOT_BUY, .qty = fixed_of(qty), .status = BOT_ORDER_OPEN };
    memcpy(left->client_id.s, "web-9", 5);
    left->client_id.len = 5;
    memcpy(left->order_id.s, "W9", 2);
    left->order_id.len = 2;
}

/* Who starts without a journal knows of no order. What rests already is on the venue's list, and one list may leave it out: the bot may not
 * have the room of that order for itself. */
TEST(rules, a_cold_start_opens_only_after_two_lists_of_orders)
{
    struct rig *r = rig_new(NULL);
    leave_resting(r, "8");
    r->hide_list = true; /* the first list leaves it out */
    rig_begin(r, "10");
    int bought = 0;
    for (int i = 0; i < 1000; i++) {
        rig_for(r, RIG_MS(10));
        r->hide_list = false;
        r->hang_orders = i < 200; /* and the second comes late, behind positions that agree twice and more */
        bought += BUY(r, "1") == BOT_OK;
    }
    EXPECT_OPEN(r);
    ck_assert_int_eq(bought, 2);
    rig_free(r);
}

/* What the second list costs: it comes with the second read of positions, for which the first opening waits anyway. */
TEST(rules, a_cold_start_opens_within_a_second_and_a_half)
{
    struct rig *r = rig_new(NULL);
    rig_begin(r, "10");
    rig_for(r, RIG_MS(1500));
    EXPECT_OPEN(r);
    rig_free(r);
}

/* The agreement that waits for the second list is worth nothing once an answer has differed. */
TEST(rules, an_agreement_that_waits_for_a_list_is_forgotten_when_the_next_answer_differs)
{
    struct rig *r = rig_new(NULL);
    rig_begin(r, "10");
    rig_for(r, RIG_MS(500));
    r->hang_orders = true; /* the second list comes after five seconds, */
    rig_for(r, RIG_MS(1500));
    r->hide_fills = true;
    rig_trade(r, 0, NULL, BOT_BUY, "5", "100");
    r->fills_n = 0; /* nor is it in the history */
    for (int i = 0; i < 1500; i++) {
        rig_for(r, RIG_MS(10));
        r->hang_orders = i < 50; /* and behind two answers that differ */
        ck_assert_msg(!rig_open(r), "open while the venue says another number\n%s", rig_tail(r));
    }
    ck_assert_uint_ge(r->reads[BOT_READ_OPEN_ORDERS], 2);
    rig_free(r);
}

/* A damaged journal swallowed orders that rest. Exits pass a shut gate because they provably only reduce: beside those they do not, and a
 * short that is closed while two buys rest that nobody knows of ends as a long past the limit. */
TEST(rules, behind_a_gap_of_the_journal_nothing_provably_reduces_until_what_rests_is_listed)
{
    for (int gap = 0; gap < 2; gap++) {
        struct rig *r = holding_one();
        rig_stream(r, BOT_STREAM_PRIVATE, false);
        bot_event ev = { .kind = BOT_EV_GAP, .source = BOT_SOURCE_JOURNAL, .seq = BOT_SEQ_NONE };
        if (gap)
            (void)rig_step(r, &ev);
        ck_assert_int_eq(SELL(r, "0.1"), gap ? BOT_ERR_GATE_SHUT : BOT_OK);
        r->hang_fills = true; /* the gate stays shut */
        rig_stream(r, BOT_STREAM_PRIVATE, true);
        rig_for(r, RIG_MS(500));
        ck_assert_int_eq(SELL(r, "0.1"), gap ? BOT_ERR_GATE_SHUT : BOT_OK);
        rig_for(r, RIG_MS(1000)); /* two lists */
        EXPECT_SHUT(r, 0);
        ck_assert(!rig_open(r));
        ck_assert_int_eq(SELL(r, "0.1"), BOT_OK);
        rig_free(r);
    }
}

/* Two agreements have begun the hold-down; an answer that is no agreement ends it, and the count begins anew. */
TEST(rules, an_answer_that_does_not_agree_ends_the_hold_down)
{
    struct rig *r = holding_one();
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    rig_for(r, RIG_MS(1000));
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    while (r->verdicts[BOT_VERDICT_AGREE] == 0 || rig_reasons(r) != BOT_GATE_HOLD_DOWN) rig_for(r, RIG_MS(10));
    rig_for(r, RIG_MS(1500)); /* the second agreement has come, and the two seconds run */
    EXPECT_SHUT(r, BOT_GATE_HOLD_DOWN);
    r->rest = RIG_REST_PARTIAL;
    for (int i = 0; i < 800; i++) {
        rig_for(r, RIG_MS(10));
        ck_assert_msg(!rig_open(r), "open behind an answer that was cut short\n%s", rig_tail(r));
    }
    r->rest = RIG_REST_TRUE;
    rig_for(r, RIG_MS(20000));
    EXPECT_OPEN(r);
    rig_free(r);
}

TEST(rules, a_kill_cancels_every_order_of_ours_and_none_of_a_persons)
{
    struct rig *r = rig_new(NULL);
    leave_resting(r, "2");
    rig_start(r, "10");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "90", false, NULL), 0);
    rig_for(r, RIG_MS(500));
    bot_event kill = { .kind = BOT_EV_KILL, .seq = BOT_SEQ_NONE };
    (void)rig_step(r, &kill);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_CANCEL], 3);
    EXPECT_SHUT(r, BOT_GATE_KILL);
    rig_free(r);
}
