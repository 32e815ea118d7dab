/* Scenarios of the core on virtual time: fills, streams, reads, verdicts, the gate. The venue is scripted (tests/lib/rig.h). */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#define EXPECT_QTY(r, i, text) ck_assert_msg(rig_qty(r, i) == fixed_of(text), "position is not " text "\n%s", rig_tail(r))

TEST(scenario, s12_fills_before_ack_and_of_strangers_count_at_once_and_find_their_owner)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    EXPECT_OPEN(r);
    r->auto_answer = false;
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), 0);
    /* Before our POST returns, and without a client id: only the venue's order id tells. */
    bot_event fill = rig_fill_event(r, 0, "E1", NULL, "V77", BOT_BUY, "0.4", "100");
    ck_assert_int_eq(rig_step(r, &fill), 1);
    EXPECT_QTY(r, 0, "0.4");
    bot_position own;
    bot_core_bot_position(r->core, 0, 0, BOT_LEG_NET, &own);
    ck_assert(own.qty.v == 0);
    bot_event reply = { .kind = BOT_EV_REPLY, .seq = BOT_SEQ_NONE };
    reply.reply = (bot_ev_reply){ .request_id = r->last_request, .outcome = BOT_OUTCOME_OK, .client_id = id };
    memcpy(reply.reply.order_id.s, "V77", 3);
    reply.reply.order_id.len = 3;
    rig_step(r, &reply);
    bot_core_bot_position(r->core, 0, 0, BOT_LEG_NET, &own);
    ck_assert(own.qty.v == fixed_of("0.4"));
    bot_position all;
    rig_position(r, 0, &all);
    ck_assert(all.working_buy.v == fixed_of("0.6"));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_EXTERNAL_FILL], 0);
    /* One that nobody of ours can claim is external at once; one that an order without a name may claim, after its time. */
    fill = rig_fill_event(r, 0, "E2", NULL, "V99", BOT_SELL, "0.1", "100");
    rig_step(r, &fill);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_EXTERNAL_FILL], 1);
    EXPECT_QTY(r, 0, "0.3");
    ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "1", "101", false, &id), 0);
    fill = rig_fill_event(r, 0, "E9", NULL, "V98", BOT_SELL, "0.1", "101");
    rig_step(r, &fill);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_EXTERNAL_FILL], 1);
    rig_for(r, RIG_MS(11000));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_EXTERNAL_FILL], 2);
    EXPECT_QTY(r, 0, "0.2");
    /* An instrument that is not loaded yet: held, applied when it is. */
    fill = rig_fill_event(r, 0, "E3", NULL, "V1", BOT_BUY, "2", "5");
    memcpy(fill.instrument.s, "XRPUSDT", 8);
    fill.instrument.len = 7;
    ck_assert_int_eq(rig_step(r, &fill), 2);
    EXPECT_SHUT(r, BOT_GATE_HELD_FILLS);
    bot_event row = { .kind = BOT_EV_INSTRUMENT, .seq = BOT_SEQ_NONE, .instrument = fill.instrument };
    row.inst = (bot_ev_instrument){ .contract = BOT_LINEAR, .tradable = true, .tick = { 1, 1 }, .lot = { 1, 0 }, .multiplier = { 1, 0 } };
    /* And a payment for holding it. */
    bot_event funding = { .kind = BOT_EV_FUNDING, .seq = BOT_SEQ_NONE, .venue_ns = r->wall_ns, .instrument = fill.instrument };
    funding.funding = (bot_ev_funding){ .exec_id = { 2, "P1" }, .amount = { 3, 1 } };
    ck_assert_int_eq(rig_step(r, &funding), 2);
    ck_assert_int_eq(rig_step(r, &row), 2);
    uint32_t fills = 0, payments = 0;
    for (uint32_t i = 0; i < bot_core_effects_count(r->core); i++) {
        const bot_effect *e = bot_core_effect(r->core, i);
        fills += e->kind == BOT_EFFECT_FILL && e->fill.fill->kind == BOT_EV_FILL;
        payments += e->kind == BOT_EFFECT_FILL && e->fill.fill->kind == BOT_EV_FUNDING && e->fill.fill->funding.amount.coef == 3;
    }
    ck_assert_msg(fills == 1 && payments == 1, "%u fills, %u payments are told", fills, payments);
    bot_core_position(r->core, 2, BOT_LEG_NET, &all);
    ck_assert(all.funding.v == fixed_of("0.3"));
    ck_assert(all.qty.v == fixed_of("2"));
    ck_assert_uint_eq(rig_reasons(r) & BOT_GATE_HELD_FILLS, 0);
    rig_free(r);
}

TEST(scenario, s13_a_fill_from_before_the_cancel_is_applied_and_stays_counted_until_then)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "2", "100", false, &id);
    rig_for(r, RIG_MS(100));
    rig_report(r, &id, BOT_ORDER_CANCELED, "0.5");
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == fixed_of("0.5"), "what the venue reported and we have not seen may still come");
    bot_event fill = rig_fill_event(r, 0, "E1", &id, "V4", BOT_BUY, "0.5", "100");
    ck_assert_int_eq(rig_step(r, &fill), 1);
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == 0);
    ck_assert(p.qty.v == fixed_of("0.5"));
    ck_assert_uint_eq(rig_reasons(r) & BOT_GATE_OVERFILL, 0);
    rig_free(r);
}

TEST(scenario, s14_a_fill_on_the_new_id_before_the_replace_event)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "2", "100", false, &id);
    rig_for(r, RIG_MS(100));
    bot_event fill = rig_fill_event(r, 0, "E1", &id, "V-new", BOT_BUY, "1", "101");
    ck_assert_int_eq(rig_step(r, &fill), 1);
    fill = rig_fill_event(r, 0, "E2", &id, "V-new", BOT_BUY, "1", "101");
    ck_assert_int_eq(rig_step(r, &fill), 1);
    EXPECT_QTY(r, 0, "2");
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == 0);
    ck_assert_uint_eq(rig_reasons(r) & BOT_GATE_OVERFILL, 0);
    rig_report(r, &id, BOT_ORDER_OPEN, "0"); /* the replace event and the end of the order come after their fills */
    rig_report(r, &id, BOT_ORDER_FILLED, "2");
    rig_for(r, RIG_MS(5000));
    EXPECT_QTY(r, 0, "2");
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == 0 && p.working_sell.v == 0);
    ck_assert_uint_eq(rig_reasons(r) & BOT_GATE_OVERFILL, 0);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_OVERFILL] + r->alerts[BOT_ALERT_FILL_CONFLICT], 0);
    rig_free(r);
}

TEST(scenario, s11_the_same_trade_under_two_ids_latches_overfill)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &id);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    EXPECT_OPEN(r);
    bot_event fill = rig_fill_event(r, 0, "AGG-1", &id, "V4", BOT_BUY, "1", "100");
    rig_step(r, &fill);
    EXPECT_SHUT(r, BOT_GATE_OVERFILL);
    ck_assert_int_eq(BUY(r, "0.1"), BOT_ERR_GATE_SHUT);
    rig_free(r);
}

TEST(scenario, s22_a_position_without_history_needs_a_persons_word)
{
    struct rig *r = rig_new(NULL);
    r->qty[0] = fixed_of("3");
    r->seq[0] = 900;
    rig_start(r, "10");
    rig_for(r, RIG_MS(60000));
    EXPECT_SHUT(r, BOT_GATE_STARTUP);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_START_POSITION], 1);
    EXPECT_QTY(r, 0, "0");
    ck_assert_int_eq(BUY(r, "0.1"), BOT_ERR_GATE_SHUT);
    rig_rearm(r, BOT_GATE_STARTUP);
    rig_for(r, RIG_MS(10000));
    EXPECT_OPEN(r);
    EXPECT_QTY(r, 0, "3");
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(!p.cost_proven);
    rig_free(r);
}

/* By the sequence; where a venue has none by the time of the row; where rows have none either what the history tells of the time
 * before the read was in its answer. */
TEST(scenario, s18_fills_inside_the_first_snapshot_are_not_counted_twice)
{
    bot_core_options o;
    rig_options(&o);
    o.start_adopt = true;
    const bool by_seq = o.venue.has_position_seq;
    struct rig *r = rig_new(&o);
    const int64_t row_ns = r->wall_ns;
    r->qty[0] = fixed_of("3");
    r->seq[0] = 900;
    r->row_ns[0] = row_ns;
    r->venue_clock = true;
    rig_start(r, "10");
    EXPECT_OPEN(r);
    EXPECT_QTY(r, 0, "3");
    bot_event inside = rig_fill_event(r, 0, "old", NULL, "V1", BOT_BUY, "1", "100");
    bot_event after = rig_fill_event(r, 0, "new", NULL, "V2", BOT_BUY, "0.5", "100");
    inside.venue_ns = row_ns;
    if (by_seq) { /* two rows of one venue time: one inside the snapshot by its sequence, one after it */
        inside.seq = 900;
        after.seq = 901;
        after.venue_ns = inside.venue_ns;
    } else if (!r->rest_times) {
        inside.read_id = 1;
    }
    ck_assert_int_eq(rig_step(r, &inside), 0);
    EXPECT_QTY(r, 0, "3");
    ck_assert_int_eq(rig_step(r, &after), 1);
    EXPECT_QTY(r, 0, "3.5");
    rig_free(r);
}

/* A start upon a position that nobody accepted: then the venue answers with success and leaves the row out. Flat is what we believe
 * already, so agreement by itself proves nothing; a position that is really gone is believed to be after a minute. */
TEST(scenario, s31_a_row_that_vanishes_before_the_proof_is_no_agreement_with_flat)
{
    struct rig *r = rig_new(NULL);
    r->qty[0] = fixed_of("3");
    r->seq[0] = 900;
    r->row_ns[0] = r->wall_ns;
    rig_start(r, "10");
    rig_for(r, RIG_MS(5000));
    EXPECT_SHUT(r, BOT_GATE_STARTUP);
    r->qty[0] = 0;
    rig_for(r, RIG_MS(40000));
    EXPECT_SHUT(r, BOT_GATE_STARTUP);
    r->qty[0] = fixed_of("3");
    rig_for(r, RIG_MS(5000));
    EXPECT_SHUT(r, BOT_GATE_STARTUP);
    r->qty[0] = 0;
    rig_for(r, RIG_MS(50000)); /* a spell begins anew */
    EXPECT_SHUT(r, BOT_GATE_STARTUP);
    rig_for(r, RIG_MS(30000));
    EXPECT_OPEN(r);
    EXPECT_QTY(r, 0, "0");
    rig_free(r);
}

TEST(scenario, s25_rest_answers_old_data)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &id);
    rig_for(r, RIG_MS(100));
    rig_freeze(r);
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    const bot_ts from = r->now;
    const uint32_t orders = r->sends[0] + r->sends[1] + r->sends[2];
    rig_for(r, RIG_MS(8000));
    EXPECT_OPEN(r); /* provably stale and the stream is well: the lease still runs */
    while (rig_open(r) && r->now < from + RIG_MS(60000))
        rig_for(r, RIG_MS(10));
    EXPECT_SHUT(r, BOT_GATE_RECONCILED);
    ck_assert_msg(r->now - from <= RIG_MS(15100), "open for %lld ms on stale data", (long long)((r->now - from) / BOT_NS_PER_MS));
    rig_for(r, RIG_MS(284000)); /* 299 s old by then */
    EXPECT_QTY(r, 0, "1");
    ck_assert_uint_eq(r->alerts[BOT_ALERT_STALE], 1);
    ck_assert_uint_eq(r->verdicts[BOT_VERDICT_DRIFT], 0);
    ck_assert_uint_eq(orders, r->sends[0] + r->sends[1] + r->sends[2]);
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    ck_assert_uint_gt(stats.stale_age_max_ns, (uint64_t)RIG_MS(280000));
    r->rest = RIG_REST_TRUE;
    rig_for(r, RIG_MS(10000));
    EXPECT_OPEN(r);
    rig_free(r);
}

TEST(scenario, s26_a_past_position_is_stale_and_a_foreign_one_is_drift)
{
    bot_core_options o;
    rig_options(&o);
    o.venue.has_position_seq = false;
    struct rig *r = rig_new(&o);
    r->rest_seq = r->rest_times = false; /* quantities are all the evidence there is */
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "3", "100", false, &id);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(3000));
    rig_freeze(r);
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(4000));
    ck_assert_uint_gt(r->verdicts[BOT_VERDICT_STALE], 0);
    ck_assert_uint_eq(r->verdicts[BOT_VERDICT_DRIFT], 0);
    r->frozen[0] = fixed_of("7"); /* never ours */
    rig_for(r, RIG_MS(4000));
    ck_assert_uint_gt(r->verdicts[BOT_VERDICT_DRIFT], 0);
    ck_assert_uint_eq(rig_reasons(r) & BOT_GATE_DRIFT, 0);
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert_msg(p.low.v == fixed_of("2") && p.high.v == fixed_of("7"), "the position is an interval while a drift is open");
    rig_for(r, RIG_MS(8000));
    EXPECT_SHUT(r, BOT_GATE_DRIFT);
    EXPECT_QTY(r, 0, "2");
    rig_free(r);
}

TEST(scenario, s27_equal_wrong_reads_of_a_stale_venue_move_nothing)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_SELL, "2", "100", false, &id);
    rig_for(r, RIG_MS(100));
    rig_freeze(r);
    rig_trade(r, 0, &id, BOT_SELL, "2", "100");
    rig_for(r, RIG_MS(130000));
    EXPECT_QTY(r, 0, "-2");
    ck_assert_uint_eq(r->sends[BOT_REQUEST_SUBMIT], 1);
    rig_free(r);
}

TEST(scenario, s28_a_position_that_changes_while_the_read_is_in_flight_raises_nothing)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "100");
    r->latency = RIG_MS(150);
    for (int i = 0; i < 200; i++) {
        bot_id id;
        const bot_side side = i % 2 == 0 ? BOT_BUY : BOT_SELL;
        ck_assert_int_eq(rig_submit(r, 0, side, "1", "100", false, &id), 0);
        rig_for(r, RIG_MS(320 + i * 7 % 90));
        rig_trade(r, 0, &id, side, "1", "100");
        rig_for(r, RIG_MS(60 + i * 13 % 200));
        EXPECT_OPEN(r);
    }
    ck_assert_uint_eq(r->verdicts[BOT_VERDICT_DRIFT], 0);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_STALE], 0);
    rig_free(r);
}

TEST(scenario, s29_rest_hangs)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &id);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(2000));
    EXPECT_OPEN(r);
    r->rest = RIG_REST_HANG;
    const bot_ts from = r->now;
    while (rig_open(r) && r->now < from + RIG_MS(60000))
        rig_for(r, RIG_MS(1));
    ck_assert_msg(r->now - from <= RIG_MS(15000), "open for %lld ms without an answer", (long long)((r->now - from) / BOT_NS_PER_MS));
    ck_assert_int_eq(BUY(r, "0.1"), BOT_ERR_GATE_SHUT);
    rig_for(r, RIG_MS(20000));
    EXPECT_SHUT(r, BOT_GATE_REST);
    r->rest = RIG_REST_TRUE;
    const uint32_t agreed = r->verdicts[BOT_VERDICT_AGREE];
    while (!rig_open(r) && r->now < from + RIG_MS(120000))
        rig_for(r, RIG_MS(10));
    EXPECT_OPEN(r);
    ck_assert_uint_ge(r->verdicts[BOT_VERDICT_AGREE] - agreed, 2);
    rig_free(r);
}

/* A flat account is asked every twenty seconds: one answer that does not come is one miss, as it is with risk on, and three shut. */
TEST(scenario, s29_one_read_that_hangs_shuts_no_gate_of_a_flat_account)
{
    for (int misses = 1; misses <= 4; misses += 3) {
        bot_core_options o;
        rig_options(&o);
        o.orders_every_ns = 3600 * BOT_NS_PER_S; /* no list of orders helps out */
        struct rig *r = rig_new(&o);
        rig_start(r, "10");
        rig_for(r, RIG_MS(60000));
        EXPECT_OPEN(r);
        bot_position p;
        rig_position(r, 0, &p);
        for (const bot_ts agreed_at = p.agreed_at; p.agreed_at == agreed_at; rig_position(r, 0, &p))
            rig_for(r, RIG_MS(10)); /* to right behind an answer */
        const uint32_t reads = r->reads[BOT_READ_POSITIONS];
        r->rest = RIG_REST_HANG;
        while (r->reads[BOT_READ_POSITIONS] < reads + (uint32_t)misses)
            rig_for(r, RIG_MS(10));
        rig_for(r, RIG_MS(3200)); /* its deadline */
        if (misses == 1)
            r->rest = RIG_REST_TRUE;
        bool shut = false;
        for (int i = 0; i < 1000; i++) {
            rig_for(r, RIG_MS(10));
            shut |= !rig_open(r);
        }
        ck_assert_msg(shut == (misses != 1), "%d misses\n%s", misses, rig_tail(r));
        if (shut)
            EXPECT_SHUT(r, BOT_GATE_REST);
        rig_free(r);
    }
}

/* A flat account is watched, and only the positions hang: a list of open orders that is answered says nothing about them. */
TEST(scenario, s29_an_answered_list_of_orders_is_no_answer_about_positions)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, NULL);
    rig_for(r, RIG_MS(30000));
    EXPECT_OPEN(r);
    r->hang_positions = true;
    const uint32_t lists = r->reads[BOT_READ_OPEN_ORDERS];
    rig_for(r, RIG_MS(180000));
    ck_assert_uint_gt(r->reads[BOT_READ_OPEN_ORDERS], lists + 2);
    EXPECT_SHUT(r, BOT_GATE_RECONCILED);
    r->hang_positions = false;
    rig_for(r, RIG_MS(60000));
    EXPECT_OPEN(r);
    rig_free(r);
}

TEST(scenario, s30_a_failed_query_is_never_read_as_flat)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &id);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    r->rest = RIG_REST_FAIL;
    rig_for(r, RIG_MS(75 * 60000)); /* the daily maintenance of some venue */
    EXPECT_QTY(r, 0, "1");
    EXPECT_SHUT(r, BOT_GATE_RECONCILED);
    ck_assert_uint_gt(r->verdicts[BOT_VERDICT_FAILED], 0);
    ck_assert_msg(r->reads[BOT_READ_POSITIONS] < 700, "%u questions to a venue that is down", r->reads[BOT_READ_POSITIONS]);
    r->rest = RIG_REST_TRUE;
    rig_for(r, RIG_MS(20000));
    EXPECT_OPEN(r);
    rig_free(r);
}

TEST(scenario, s32_rest_is_ahead_of_the_socket)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &id);
    rig_for(r, RIG_MS(100));
    r->hide_fills = true;
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    while (r->verdicts[BOT_VERDICT_PENDING] == 0 && r->now < RIG_MS(60000))
        rig_for(r, RIG_MS(10));
    EXPECT_OPEN(r);
    rig_for(r, RIG_MS(700));
    rig_step(r, &r->fills[0].ev); /* the socket's own news, late */
    EXPECT_QTY(r, 0, "1");
    rig_for(r, RIG_MS(10000));
    EXPECT_QTY(r, 0, "1");
    EXPECT_OPEN(r);
    ck_assert_uint_eq(r->verdicts[BOT_VERDICT_DRIFT], 0);
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    ck_assert_uint_ge(stats.socket_lag_max_ns, (uint64_t)RIG_MS(600));
    rig_free(r);
}

TEST(scenario, s32_a_fill_that_the_socket_lost_is_found_by_backfill)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &id);
    rig_for(r, RIG_MS(100));
    r->hide_fills = true;
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(30000));
    EXPECT_QTY(r, 0, "1");
    ck_assert_uint_eq(r->alerts[BOT_ALERT_DRIFT_HEALED], 1);
    EXPECT_OPEN(r);
    rig_free(r);
}

TEST(scenario, s33_a_drift_that_fills_do_not_explain_never_loops)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    r->qty[0] = fixed_of("4"); /* no fill will ever tell why */
    r->seq[0] = 50;
    rig_for(r, RIG_MS(600000));
    EXPECT_SHUT(r, BOT_GATE_DRIFT);
    EXPECT_QTY(r, 0, "0");
    ck_assert_uint_eq(r->alerts[BOT_ALERT_DRIFT], 1);
    ck_assert_uint_le(r->reads[BOT_READ_FILLS], 4);
    rig_rearm(r, BOT_GATE_DRIFT); /* a person has looked: the venue's number it is */
    rig_for(r, RIG_MS(20000));
    EXPECT_OPEN(r);
    EXPECT_QTY(r, 0, "4");
    rig_free(r);
}

TEST(scenario, s33_policy_adopt_takes_equal_quiet_reads)
{
    bot_core_options o;
    rig_options(&o);
    o.drift_policy = BOT_DRIFT_ADOPT;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    r->qty[0] = fixed_of("-4");
    r->seq[0] = 50;
    rig_for(r, RIG_MS(60000));
    EXPECT_QTY(r, 0, "-4");
    EXPECT_OPEN(r);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_ADOPTED], 1);
    rig_free(r);
}

TEST(scenario, s34_update_times_that_trail_the_fill_by_milliseconds_latch_nothing)
{
    bot_core_options o;
    rig_options(&o);
    o.venue.has_position_seq = false;
    struct rig *r = rig_new(&o);
    r->rest_seq = false;
    rig_start(r, "10");
    for (int i = 0; i < 20; i++) {
        bot_id id;
        rig_submit(r, 0, i % 2 ? BOT_SELL : BOT_BUY, "1", "100", false, &id);
        rig_for(r, RIG_MS(100));
        rig_trade(r, 0, &id, i % 2 ? BOT_SELL : BOT_BUY, "1", "100");
        rig_for(r, RIG_MS(2500));
        EXPECT_OPEN(r);
    }
    ck_assert_uint_eq(r->verdicts[BOT_VERDICT_STALE] + r->verdicts[BOT_VERDICT_DRIFT], 0);
    rig_free(r);
}

TEST(scenario, s36_a_manual_trade_by_policy_and_the_persons_orders_stay)
{
    for (int policy = BOT_MANUAL_ADOPT; policy <= BOT_MANUAL_IGNORE; policy++) {
        bot_core_options o;
        rig_options(&o);
        o.manual_policy = (bot_manual_policy)policy;
        o.shut_policy = BOT_SHUT_CANCEL_ALL;
        struct rig *r = rig_new(&o);
        struct rig_order *manual = &r->orders[0];
        *manual = (struct rig_order){ .used = true, .open = true, .side = BOT_BUY, .qty = fixed_of("2"), .status = BOT_ORDER_OPEN };
        memcpy(manual->client_id.s, "web-9", 5);
        manual->client_id.len = 5;
        memcpy(manual->order_id.s, "W9", 2);
        manual->order_id.len = 2;
        rig_start(r, "10");
        EXPECT_OPEN(r);
        ck_assert_int_eq(BUY(r, "8.5"), BOT_ERR_LIMIT_POSITION); /* the person's 2 may fill too */
        rig_trade(r, 0, NULL, BOT_BUY, "1", "100");
        EXPECT_QTY(r, 0, "1");
        rig_for(r, RIG_MS(1000));
        if (policy == BOT_MANUAL_PAUSE) {
            EXPECT_SHUT(r, BOT_GATE_DRIFT);
        } else {
            EXPECT_OPEN(r);
        }
        ck_assert_uint_eq(r->alerts[BOT_ALERT_EXTERNAL_FILL], policy == BOT_MANUAL_IGNORE ? 0 : 1);
        rig_stream(r, BOT_STREAM_PRIVATE, false);
        ck_assert_uint_eq(r->sends[BOT_REQUEST_CANCEL], 0);
        rig_free(r);
    }
}

TEST(scenario, s39_a_disconnect_with_missed_fills)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "5", "100", false, &id);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(2000));
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    ck_assert_int_eq(BUY(r, "0.1"), BOT_ERR_GATE_SHUT);
    for (int i = 0; i < 3; i++)
        rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(5000));
    EXPECT_QTY(r, 0, "1");
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    ck_assert(!rig_open(r)); /* the stream coming back is not enough */
    rig_for(r, RIG_MS(10000));
    EXPECT_QTY(r, 0, "4");
    EXPECT_OPEN(r);
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    ck_assert_uint_eq(stats.backfilled_fills, 3);
    rig_free(r);
}

TEST(scenario, s60_a_frozen_process_wakes_shut_and_a_kill_cancels_everything)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &id);
    rig_for(r, RIG_MS(100));
    r->queue_n = 0;
    r->now += RIG_MS(70000); /* SIGSTOP */
    ck_assert_msg(!rig_open(r), "leases run out by themselves");
    ck_assert_int_eq(BUY(r, "1"), BOT_ERR_GATE_SHUT); /* whatever comes first */
    ck_assert_uint_eq(r->alerts[BOT_ALERT_GAP], 1);
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("1"));
    rig_for(r, RIG_MS(15000));
    EXPECT_OPEN(r);
    bot_event kill = { .kind = BOT_EV_KILL, .seq = BOT_SEQ_NONE };
    rig_step(r, &kill);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_CANCEL], 1);
    EXPECT_SHUT(r, BOT_GATE_KILL);
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    ck_assert_int_eq(SELL(r, "1"), BOT_ERR_GATE_SHUT); /* kill keeps even exits in: a person takes over */
    rig_free(r);
}

TEST(scenario, s06_a_row_of_unknown_kind_shuts_and_external_kinds_move_size)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_event fill = rig_fill_event(r, 0, "L1", NULL, "liq", BOT_SELL, "1", "90");
    fill.fill.kind = BOT_FILL_LIQUIDATION;
    rig_step(r, &fill);
    EXPECT_QTY(r, 0, "-1");
    ck_assert_uint_eq(r->alerts[BOT_ALERT_EXTERNAL_FILL], 1);
    EXPECT_OPEN(r);
    fill = rig_fill_event(r, 0, "U1", NULL, "what", BOT_SELL, "1", "90");
    fill.fill.kind = BOT_FILL_UNKNOWN;
    rig_step(r, &fill);
    EXPECT_QTY(r, 0, "-1");
    EXPECT_SHUT(r, BOT_GATE_UNKNOWN_EXEC);
    rig_free(r);
}

TEST(scenario, s15_two_sockets_with_overlapping_fills_are_one_union_and_each_ones_lag_is_told)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "100");
    bot_event fills[30];
    for (int i = 0; i < 30; i++) {
        char exec[16];
        snprintf(exec, sizeof exec, "P%d", i);
        fills[i] = rig_fill_event(r, 0, exec, NULL, "V-manual", BOT_BUY, "0.1", "100");
        fills[i].source = BOT_SOURCE_WS_PRIVATE;
    }
    /* The backup (socket 1) begins; from then on there are two to compare. The primary loses every third fill, the backup others;
     * what both bring the backup brings 40 ms later, but for the tenth, which it has 15 ms before the primary, and the twentieth, 700 ms late. */
    int applied = 0;
    unsigned both = 0;
    for (int i = 0; i < 30; i++) {
        const bool primary = i % 3 != 0, backup = i % 5 != 1, backup_first = i == 0 || i == 10;
        fills[i].flags = backup_first ? 1 : 0;
        if (backup_first || primary) applied += rig_step(r, &fills[i]) == 1;
        rig_for(r, i == 10 ? RIG_MS(15) : i == 20 ? RIG_MS(700) : RIG_MS(40));
        fills[i].flags = backup_first ? 0 : 1;
        for (int times = 0; times < 3; times++) /* a socket that repeats itself, after a reconnect perhaps, is not behind */
            if (backup_first ? primary : backup) applied += rig_step(r, &fills[i]) == 1;
        both += primary && backup;
    }
    ck_assert_int_eq(applied, 30 - 2); /* 6 and 21 were lost by both: */
    fills[6].flags = fills[21].flags = 0;
    EXPECT_QTY(r, 0, "2.8");
    ck_assert(rig_step(r, &fills[6]) == 1 && rig_step(r, &fills[21]) == 1);
    EXPECT_QTY(r, 0, "3");
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    const bot_socket_stats *primary = &stats.sockets[0], *backup = &stats.sockets[1];
    ck_assert_uint_eq(primary->first + backup->first, 30);
    ck_assert_uint_eq(primary->repeats, 1); /* the tenth */
    ck_assert(primary->behind_max_ns >= (uint64_t)RIG_MS(15) && primary->behind_max_ns < (uint64_t)RIG_MS(20));
    ck_assert_uint_eq(backup->repeats, both - 1);
    ck_assert(backup->behind_max_ns >= (uint64_t)RIG_MS(700) && backup->behind_max_ns < (uint64_t)RIG_MS(720));
    ck_assert(backup->behind_ns >= (uint64_t)RIG_MS(40) && backup->behind_ns < (uint64_t)RIG_MS(60));
    ck_assert_uint_eq(stats.sockets[2].first + stats.sockets[2].repeats, 0);
    rig_free(r);
}

