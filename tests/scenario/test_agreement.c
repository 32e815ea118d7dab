/* What counts as agreement with the venue, and what never does: first snapshots, empty and partial lists, answers to nothing. */
#include "rig.h"

#include <string.h>

#define EXPECT_QTY(r, i, text) ck_assert_msg(rig_qty(r, i) == fixed_of(text), "not %s\n%s", text, rig_tail(r))

TEST(scenario, s21_a_position_older_than_the_history_is_a_baseline_at_the_venues_word)
{
    bot_core_options o;
    rig_options(&o);
    o.start_adopt = true;
    struct rig *r = rig_new(&o);
    r->qty[0] = fixed_of("-7");
    r->seq[0] = 12;
    r->entry[0].v = fixed_of("55");
    rig_start(r, "10");
    EXPECT_OPEN(r);
    EXPECT_QTY(r, 0, "-7");
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.avg_entry.v == fixed_of("55")); /* the venue's word, for want of fills, */
    ck_assert_msg(!p.cost_proven, "a cost that no fill of ours proves is told as proven");
    ck_assert_uint_eq(r->sends[BOT_REQUEST_SUBMIT], 0);
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    ck_assert_uint_eq(stats.fills_applied, 0); /* nothing was invented */
    rig_free(r);
}

/* Where the venue says no entry price either, the quantity stands and its cost is marked as what it is: not known. */
TEST(scenario, s21_a_baseline_without_an_entry_price_is_marked_unproven_and_never_refused)
{
    for (int side = -1; side <= 1; side += 2) {
        struct rig *r = rig_upon(side * fixed_of("7"), "10");
        bot_position p;
        rig_position(r, 0, &p);
        ck_assert(p.qty.v == side * fixed_of("7")); /* its sign is the venue's */
        ck_assert_msg(!p.cost_proven, "a cost that nobody told is told as proven");
        ck_assert(p.avg_entry.v == 0 && p.realised.v == 0);
        rig_free(r);
    }
}

/* A connection that flaps at start asks for everything again each time; the baseline is taken once. */
TEST(scenario, s24_repeated_starts_do_not_accumulate)
{
    bot_core_options o;
    rig_options(&o);
    o.start_adopt = true;
    struct rig *r = rig_new(&o);
    r->qty[0] = fixed_of("3");
    r->seq[0] = 7;
    rig_start(r, "10");
    EXPECT_QTY(r, 0, "3");
    const uint32_t drifts = r->verdicts[BOT_VERDICT_DRIFT]; /* the one at the cold start: nothing explained the 3 */
    for (int i = 0; i < 10; i++) {
        rig_stream(r, BOT_STREAM_PRIVATE, false);
        rig_for(r, RIG_MS(300));
        rig_stream(r, BOT_STREAM_PRIVATE, true);
        rig_for(r, RIG_MS(700));
        EXPECT_QTY(r, 0, "3");
    }
    rig_for(r, RIG_MS(10000));
    EXPECT_OPEN(r);
    EXPECT_QTY(r, 0, "3");
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.qty.v == p.low.v && p.qty.v == p.high.v);
    ck_assert_uint_eq(r->verdicts[BOT_VERDICT_DRIFT], drifts);
    rig_free(r);
}

/* Nobody trades the instrument and it is flat again: the rows that an account-wide list leaves out then must not leave the old
 * answer as the last word about it. */
TEST(scenario, s25_an_old_answer_about_a_closed_position_is_over_with_the_first_fresh_one)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, NULL);
    rig_for(r, RIG_MS(2000));
    rig_trade(r, 0, NULL, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(6000));
    ck_assert_uint_gt(r->verdicts[BOT_VERDICT_AGREE], 0);
    rig_freeze(r);
    rig_trade(r, 0, NULL, BOT_SELL, "1", "100");
    rig_for(r, RIG_MS(30000));
    ck_assert_uint_gt(r->verdicts[BOT_VERDICT_STALE], 0);
    const uint32_t agreed = r->verdicts[BOT_VERDICT_AGREE];
    r->rest = RIG_REST_TRUE;
    rig_for(r, RIG_MS(61000));
    ck_assert_msg(r->verdicts[BOT_VERDICT_AGREE] == agreed + 1, "%u times\n%s", r->verdicts[BOT_VERDICT_AGREE] - agreed, rig_tail(r)); /* and then it is flat, and nothing to tell */
    rig_free(r);
}

/* At a start its row is waited for, or what the account holds in it would be a difference a moment later; but not for ever. */
TEST(scenario, s21_a_start_that_takes_over_waits_for_an_instrument_that_is_new_and_not_for_one_that_never_comes)
{
    bot_core_options o;
    rig_options(&o);
    o.start_adopt = true;
    struct rig *r = rig_new(&o);
    r->stray_row = true;
    rig_start(r, "10");
    EXPECT_SHUT(r, BOT_GATE_STARTUP);
    r->stray_row = false; /* known, or gone */
    rig_for(r, RIG_MS(4000));
    EXPECT_OPEN(r);
    rig_free(r);
    r = rig_new(&o);
    r->stray_row = true;
    rig_start(r, "10");
    rig_for(r, RIG_MS(15000));
    EXPECT_OPEN(r);
    rig_free(r);
}

/* Where nobody trades, too: it is a baseline, and no difference a moment later. */
TEST(scenario, s21_a_watcher_begins_with_what_the_account_holds)
{
    bot_core_options o;
    rig_options(&o);
    o.start_adopt = true;
    struct rig *r = rig_new(&o);
    r->qty[1] = fixed_of("8");
    r->seq[1] = 5;
    rig_start(r, NULL);
    rig_for(r, RIG_MS(10000));
    EXPECT_OPEN(r);
    EXPECT_QTY(r, 1, "8");
    ck_assert_uint_eq(r->alerts[BOT_ALERT_DRIFT], 0);
    rig_free(r);
}

/* It is no reason to stop the trading of others, and it must not go unseen: a watch asks for it. */
TEST(scenario, s21_a_position_in_an_instrument_that_nobody_knows_is_told)
{
    struct rig *r = rig_new(NULL);
    bot_symbol symbol = { 0 };
    rig_start(r, "10");
    ck_assert(!bot_core_unknown_position(r->core, NULL));
    r->stray_row = true;
    rig_for(r, RIG_MS(90000));
    EXPECT_OPEN(r);
    ck_assert(bot_core_unknown_position(r->core, &symbol));
    ck_assert_str_eq(symbol.s, "DELISTED");
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_POSITION], 1);
    ck_assert_msg(strstr(rig_tail(r), "DELISTED") != NULL && strstr(rig_tail(r), "instruments_max") != NULL, "%s", rig_tail(r));
    r->rest = RIG_REST_HANG; /* what is no answer says nothing else */
    rig_for(r, RIG_MS(30000));
    ck_assert(bot_core_unknown_position(r->core, NULL));
    r->rest = RIG_REST_TRUE;
    r->stray_row = false;
    rig_for(r, RIG_MS(30000));
    ck_assert(!bot_core_unknown_position(r->core, NULL));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_POSITION], 1);
    r->stray_row = true; /* a second one is news */
    rig_for(r, RIG_MS(90000));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_POSITION], 2);
    rig_free(r);
}

TEST(scenario, s22_bots_that_begin_beside_a_position_in_an_unknown_instrument_are_told)
{
    struct rig *r = rig_new(NULL);
    r->stray_row = true;
    rig_start(r, "10");
    rig_for(r, RIG_MS(90000));
    EXPECT_OPEN(r);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_POSITION], 1);
    rig_free(r);
}

TEST(scenario, s24_an_empty_list_is_flat_only_when_it_is_not_older_than_the_last_fill)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    rig_freeze(r); /* flat, and REST stays there */
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &id);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(5000));
    EXPECT_QTY(r, 0, "1");
    ck_assert_uint_gt(r->verdicts[BOT_VERDICT_STALE], 0);
    ck_assert_uint_eq(r->verdicts[BOT_VERDICT_DRIFT], 0);
    rig_free(r);
}

TEST(scenario, s31_one_partial_answer_changes_nothing)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id a, b;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &a);
    rig_submit(r, 1, BOT_BUY, "1", "100", false, &b);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &a, BOT_BUY, "1", "100");
    rig_trade(r, 1, &b, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(3000));
    r->rest = RIG_REST_PARTIAL;
    for (int i = 0; i < 11; i++) { /* neither the row that is missing nor the one that is there moves anything, at any moment */
        rig_for(r, RIG_MS(500));
        EXPECT_OPEN(r);
        EXPECT_QTY(r, 0, "1");
        EXPECT_QTY(r, 1, "1");
    }
    ck_assert_uint_gt(r->verdicts[BOT_VERDICT_PARTIAL], 0);
    r->rest = RIG_REST_TRUE;
    rig_for(r, RIG_MS(5000));
    EXPECT_OPEN(r);
    EXPECT_QTY(r, 0, "1");
    EXPECT_QTY(r, 1, "1");
    ck_assert_uint_eq(r->verdicts[BOT_VERDICT_DRIFT], 0);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_DRIFT], 0);
    rig_free(r);
}

/* One partial answer is nothing; when nothing else comes any more, nothing has been proven for long enough to shut. */
TEST(scenario, s31_partial_answers_alone_prove_nothing)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id a;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &a);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &a, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(3000));
    EXPECT_OPEN(r);
    r->rest = RIG_REST_PARTIAL;
    rig_for(r, RIG_MS(30000));
    EXPECT_SHUT(r, BOT_GATE_RECONCILED);
    EXPECT_QTY(r, 0, "1");
    rig_free(r);
}

TEST(scenario, s35_a_read_that_never_left_is_no_agreement)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_core_stats before, after;
    bot_core_stats_get(r->core, &before);
    bot_event end = { .kind = BOT_EV_READ_END, .seq = BOT_SEQ_NONE, .read = { .id = 999, .read = BOT_READ_POSITIONS, .outcome = BOT_OUTCOME_OK, .complete = true } };
    rig_step(r, &end);
    bot_core_stats_get(r->core, &after);
    ck_assert_uint_eq(before.reads[BOT_VERDICT_AGREE], after.reads[BOT_VERDICT_AGREE]);
    rig_free(r);
}

/* A caller that skips its read and reports success, each second: the lease runs out as if nothing had come. */
TEST(scenario, s35_reads_that_never_left_do_not_keep_the_gate_open)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    EXPECT_OPEN(r);
    r->rest = RIG_REST_HANG;
    for (int i = 0; i < 90; i++) {
        bot_event end = { .kind = BOT_EV_READ_END, .seq = BOT_SEQ_NONE,
                          .read = { .id = 100000u + (unsigned)i, .read = BOT_READ_POSITIONS, .outcome = BOT_OUTCOME_OK, .complete = true, .sent_at = r->now } };
        rig_step(r, &end);
        rig_for(r, RIG_MS(1000));
    }
    EXPECT_SHUT(r, BOT_GATE_RECONCILED);
    EXPECT_SHUT(r, BOT_GATE_REST);
    rig_free(r);
}

/* Through the whole core: the first one stands, a person hears of it once, and the books are what they were. */
TEST(scenario, s10_the_same_id_at_another_price_is_told_once)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_event fill = rig_fill_event(r, 0, "E1", NULL, "V1", BOT_BUY, "1", "100");
    ck_assert_int_eq(rig_step(r, &fill), 1);
    bot_position first, later;
    rig_position(r, 0, &first);
    for (int i = 0; i < 20; i++) {
        bot_event other = rig_fill_event(r, 0, "E1", NULL, "V1", BOT_BUY, "1", "101");
        rig_step(r, &other);
    }
    rig_position(r, 0, &later);
    ck_assert(first.qty.v == later.qty.v && first.avg_entry.v == later.avg_entry.v && first.realised.v == later.realised.v);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_FILL_CONFLICT], 1);
    rig_free(r);
}
