/* What the core holds a bot to, and what a person and the venue may tell it: the loss limit, the venue's dead-man switch, statuses and
 * monitors, more orders than one step has effects for, several bots on an account. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

/* ---- the loss limit ---- */

/* A round trip of one that loses so much. */
static void lose(struct rig *r, const char *sold_at)
{
    rig_trade(r, 0, NULL, BOT_BUY, "1", "100");
    rig_trade(r, 0, NULL, BOT_SELL, "1", sold_at);
}

TEST(limits, a_loss_at_its_limit_latches_until_a_person_has_looked)
{
    struct rig *r = rig_started(NULL, "10");
    const bot_limits limits = { .position_max = { fixed_of("10") }, .loss_max = { fixed_of("10") } };
    ck_assert_int_eq(rig_limits(r, 0, 0, &limits), BOT_OK);
    lose(r, "90.01");
    EXPECT_OPEN(r);
    lose(r, "99.99"); /* ten in all, to the last digit */
    EXPECT_SHUT(r, BOT_GATE_LOSS);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_LOSS], 1);
    lose(r, "99");
    ck_assert_uint_eq(r->alerts[BOT_ALERT_LOSS], 1); /* told once */
    rig_for(r, RIG_MS(120000));
    ck_assert_int_eq(BUY(r, "1"), BOT_ERR_GATE_SHUT);
    rig_rearm(r, BOT_GATE_LOSS);
    rig_for(r, RIG_MS(10000));
    EXPECT_OPEN(r); /* and counts anew from here */
    lose(r, "91");
    EXPECT_OPEN(r);
    lose(r, "99");
    EXPECT_SHUT(r, BOT_GATE_LOSS);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_LOSS], 2);
    rig_free(r);
}

/* What was taken over without a price closes at a gain or loss that nobody knows: the limit neither latches on it nor is covered by it. */
TEST(limits, a_baseline_without_a_price_is_no_gain_and_no_loss)
{
    for (int side = -1; side <= 1; side += 2) {
        struct rig *r = rig_upon(side * fixed_of("7"), "10");
        const bot_limits limits = { .position_max = { fixed_of("10") }, .loss_max = { fixed_of("10") } };
        ck_assert_int_eq(rig_limits(r, 0, 0, &limits), BOT_OK);
        rig_trade(r, 0, NULL, side > 0 ? BOT_SELL : BOT_BUY, "3", "100");
        rig_trade(r, 0, NULL, side > 0 ? BOT_SELL : BOT_BUY, "4", "100");
        ck_assert(rig_qty(r, 0) == 0);
        EXPECT_OPEN(r);
        lose(r, "90.01");
        EXPECT_OPEN(r);
        lose(r, "99.99");
        EXPECT_SHUT(r, BOT_GATE_LOSS);
        rig_free(r);
    }
}

TEST(limits, fees_in_the_settlement_and_funding_are_losses_too)
{
    struct rig *r = rig_started(NULL, "10");
    const bot_limits limits = { .position_max = { fixed_of("10") }, .loss_max = { fixed_of("10") } };
    ck_assert_int_eq(rig_limits(r, 0, 0, &limits), BOT_OK);
    bot_event fill = rig_fill_event(r, 0, "F1", NULL, "o", BOT_BUY, "1", "100");
    fill.has |= BOT_HAS_FEE;
    fill.fill.fee = bot_dec_from_fixed(fixed_of("50"));
    bot__currency_set(&fill.fill.fee_currency, "BNB", 3); /* of another coin nobody knows the worth here */
    rig_step(r, &fill);
    EXPECT_OPEN(r);
    fill = rig_fill_event(r, 0, "F2", NULL, "o", BOT_BUY, "1", "100");
    fill.has |= BOT_HAS_FEE;
    fill.fill.fee = bot_dec_from_fixed(fixed_of("6"));
    bot__currency_set(&fill.fill.fee_currency, "USDT", 4);
    rig_step(r, &fill);
    EXPECT_OPEN(r);
    bot_event funding = event_of(BOT_EV_FUNDING);
    funding.instrument = rig_symbol(0);
    funding.funding.amount = bot_dec_from_fixed(fixed_of("4"));
    bot__currency_set(&funding.funding.currency, "USDT", 4);
    strcpy(funding.funding.exec_id.s, "fund1");
    funding.funding.exec_id.len = 5;
    ck_assert_int_eq(rig_step(r, &funding), 1);
    EXPECT_SHUT(r, BOT_GATE_LOSS);
    ck_assert_int_eq(rig_step(r, &funding), 0); /* the same row again is none */
    rig_free(r);
}

TEST(limits, a_watcher_is_held_by_no_limit_and_sends_nothing)
{
    struct rig *r = rig_started(NULL, "10");
    ck_assert_int_eq(rig_attach(r, 1, BOT_SCOPE_ACCOUNT, false), BOT_OK);
    const bot_limits limits = { .position_max = { 1 }, .loss_max = { 1 } };
    ck_assert_int_eq(rig_limits(r, 1, 0, &limits), BOT_OK);
    lose(r, "50");
    EXPECT_OPEN(r);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_LIMIT_EXCEEDED] + r->alerts[BOT_ALERT_LOSS], 0);
    ck_assert_int_eq(rig_submit_as(r, 1, BOT_LEG_NET, BOT_SELL, "1", NULL), BOT_ERR_INVALID);
    rig_free(r);
}

/* ---- several bots ---- */

TEST(limits, bots_with_their_own_parts_share_the_sum_of_their_limits)
{
    struct rig *r = rig_new(NULL);
    bot_limits limits = { .position_max = { fixed_of("3") } };
    ck_assert_int_eq(rig_attach(r, 1, BOT_SCOPE_OWN, true), BOT_OK);
    rig_start(r, "3");
    ck_assert_int_eq(rig_attach(r, 0, BOT_SCOPE_OWN, true), BOT_OK);
    ck_assert_int_eq(rig_limits(r, 1, 0, &limits), BOT_OK);
    bot_id a, b;
    ck_assert_int_eq(rig_submit_as(r, 0, BOT_LEG_NET, BOT_BUY, "3", &a), BOT_OK);
    ck_assert_int_eq(rig_submit_as(r, 0, BOT_LEG_NET, BOT_BUY, "0.01", NULL), BOT_ERR_LIMIT_POSITION);
    ck_assert_int_eq(rig_submit_as(r, 1, BOT_LEG_NET, BOT_BUY, "3", &b), BOT_OK); /* its own three */
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &a, BOT_BUY, "3", "100");
    ck_assert_int_eq(rig_submit_as(r, 1, BOT_LEG_NET, BOT_SELL, "1", NULL), BOT_OK); /* short of its own; the account's long is not its to reduce */
    bot_position own;
    bot_core_bot_position(r->core, 0, 0, BOT_LEG_NET, &own);
    ck_assert(own.qty.v == fixed_of("3") && own.working_buy.v == 0);
    bot_core_bot_position(r->core, 1, 0, BOT_LEG_NET, &own);
    ck_assert(own.qty.v == 0 && own.working_buy.v == fixed_of("3") && own.working_sell.v == fixed_of("1"));
    /* One bot may not touch another's order. */
    bot_event ev = event_of(BOT_EV_CANCEL);
    ev.cancel = (bot_ev_cancel){ .bot = 0, .client_id = b };
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_NOT_FOUND);
    ev = event_of(BOT_EV_AMEND);
    ev.amend = (bot_ev_amend){ .bot = 0, .client_id = b, .qty = { fixed_of("1") } };
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_NOT_FOUND);
    /* A person's trade counts in the account and in no bot: beyond the sum nothing more goes. */
    rig_trade(r, 0, NULL, BOT_BUY, "4", "100");
    limits.position_max.v = fixed_of("4");
    ck_assert_int_eq(rig_limits(r, 1, 0, &limits), BOT_OK);
    ck_assert_int_eq(rig_submit_as(r, 1, BOT_LEG_NET, BOT_BUY, "1", NULL), BOT_ERR_LIMIT_ACCOUNT);
    rig_free(r);
}

TEST(limits, limits_that_add_up_to_more_than_a_number_holds_are_no_limit_of_the_account)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "100000000000000000000");
    const bot_limits limits = { .position_max = { fixed_of("100000000000000000000") } };
    ck_assert_int_eq(rig_attach(r, 0, BOT_SCOPE_OWN, true), BOT_OK);
    ck_assert_int_eq(rig_attach(r, 1, BOT_SCOPE_OWN, true), BOT_OK);
    ck_assert_int_eq(rig_limits(r, 1, 0, &limits), BOT_OK);
    ck_assert_int_eq(rig_submit_as(r, 1, BOT_LEG_NET, BOT_BUY, "1000", NULL), BOT_OK);
    rig_free(r);
}

TEST(limits, a_bot_beyond_the_table_cannot_join_and_has_no_ids)
{
    bot_core_options o;
    rig_options(&o);
    o.bots_max = 2;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    ck_assert_int_eq(rig_attach(r, 2, BOT_SCOPE_ACCOUNT, true), BOT_ERR_FULL);
    bot_id id = bot_core_next_client_id(r->core, 1);
    ck_assert_uint_eq(bot_core_client_id_bot(r->core, &id), 1);
    id.s[10] = 'z';
    ck_assert_uint_eq(bot_core_client_id_bot(r->core, &id), UINT32_MAX);
    for (const char *bad = "A[{/`~"; *bad != '\0'; bad++) { /* beside the digits and the letters */
        bot_id other = bot_core_next_client_id(r->core, 1);
        other.s[5] = *bad;
        ck_assert_msg(bot_core_client_id_bot(r->core, &other) == UINT32_MAX, "%c", *bad);
    }
    /* A fill that names a bot which never joined belongs to nobody here. */
    const bot_id stranger = bot_core_next_client_id(r->core, 1);
    rig_trade(r, 0, &stranger, BOT_BUY, "1", "100");
    ck_assert_uint_eq(r->alerts[BOT_ALERT_EXTERNAL_FILL], 1);
    rig_free(r);
}

/* ---- the venue's dead-man switch ---- */

static struct rig *with_switch(void)
{
    bot_core_options o;
    rig_options(&o);
    o.dead_man_ns = 30 * BOT_NS_PER_S;
    o.venue.has_dead_man = true;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    EXPECT_OPEN(r);
    return r;
}

TEST(scenario, s60_the_venues_switch_is_armed_while_the_gate_is_open_and_left_to_run_out_when_it_is_not)
{
    struct rig *r = with_switch();
    ck_assert_uint_eq(r->dead_mans, 1); /* at once with the opening */
    ck_assert_uint_eq(r->dead_man_ms, 30000);
    const uint32_t before = r->dead_mans;
    rig_for(r, RIG_MS(60000)); /* every third of the window */
    ck_assert_uint_ge(r->dead_mans, before + 5);
    ck_assert_uint_le(r->dead_mans, before + 7);
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    const uint32_t shut = r->dead_mans;
    rig_for(r, RIG_MS(120000));
    ck_assert_uint_eq(r->dead_mans, shut);
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    rig_for(r, RIG_MS(10000));
    EXPECT_OPEN(r);
    ck_assert_uint_ge(r->dead_mans, shut + 1); /* opened again: armed again, not a third of a window later */
    const bot_ts opened = r->now;
    while (r->dead_mans < shut + 3)
        rig_for(r, RIG_MS(100));
    ck_assert_int_le(r->now - opened, RIG_MS(25000));
    rig_free(r);
}

/* SIGSTOP for 70 s: the venue's switch has run out and the order is gone, which nobody told us. Awake again we are shut, keep its room
 * until the venue has said so, and arm the switch when the position is proven and not before. */
TEST(scenario, s60_what_the_switch_cancelled_while_we_were_frozen_keeps_its_room_until_it_is_proven)
{
    struct rig *r = with_switch();
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), 0);
    rig_for(r, RIG_MS(1000));
    struct rig_order *o = NULL;
    for (int i = 0; i < RIG_ORDERS; i++)
        if (r->orders[i].used && bot__id_eq(&r->orders[i].client_id, &id))
            o = &r->orders[i];
    ck_assert_ptr_nonnull(o);
    const uint32_t armed = r->dead_mans, lists = r->reads[BOT_READ_OPEN_ORDERS], alone = r->reads[BOT_READ_ORDER];
    r->queue_n = 0;
    r->now += RIG_MS(70000);
    o->open = false;
    o->status = BOT_ORDER_CANCELED;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, NULL), BOT_ERR_GATE_SHUT); /* whatever comes first */
    ck_assert_uint_eq(r->alerts[BOT_ALERT_GAP], 1);
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("1"));
    while (!rig_open(r)) {
        ck_assert_uint_eq(r->dead_mans, armed);
        rig_for(r, RIG_MS(10));
        ck_assert_int_lt(r->now, RIG_MS(200000));
    }
    rig_for(r, RIG_MS(10));
    ck_assert_uint_eq(r->dead_mans, armed + 1);
    rig_position(r, 0, &p);
    if (r->reads[BOT_READ_OPEN_ORDERS] == lists && r->reads[BOT_READ_ORDER] == alone)
        ck_assert(p.working_buy.v == fixed_of("1"));
    for (int i = 0; i < 6000 && p.working_buy.v != 0; i++) {
        rig_for(r, RIG_MS(10));
        rig_position(r, 0, &p);
    }
    ck_assert_msg(p.working_buy.v == 0, "never taken off\n%s", rig_tail(r));
    ck_assert(r->reads[BOT_READ_OPEN_ORDERS] > lists && r->reads[BOT_READ_ORDER] > alone); /* by the list, and then by asking for it */
    rig_free(r);
}

TEST(scenario, s60_a_venue_without_a_switch_is_never_asked_for_one)
{
    bot_core_options o;
    rig_options(&o);
    o.dead_man_ns = 30 * BOT_NS_PER_S;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    rig_for(r, RIG_MS(60000));
    EXPECT_OPEN(r);
    ck_assert_uint_eq(r->dead_mans, 0);
    rig_free(r);
}

/* ---- statuses, monitors, clock, errors ---- */

static int status(struct rig *r, bot_status s)
{
    bot_event ev = event_of(BOT_EV_STATUS);
    ev.status.status = s;
    return rig_step(r, &ev);
}

static int monitor(struct rig *r, bot_event_kind kind, bot_monitor which, bool ok)
{
    bot_event ev = event_of(kind);
    ev.monitor = (bot_ev_monitor){ .monitor = which, .ok = ok, .value = 7 };
    return rig_step(r, &ev);
}

TEST(limits, the_venues_own_status_shuts_and_opens)
{
    struct rig *r = rig_started(NULL, "10");
    static const bot_status shut[] = { BOT_STATUS_CANCEL_ONLY, BOT_STATUS_CLOSED, BOT_STATUS_STOPPED };
    for (size_t i = 0; i < sizeof shut / sizeof *shut; i++) {
        ck_assert_int_eq(status(r, BOT_STATUS_BUSY), BOT_OK);
        rig_for(r, RIG_MS(8000));
        EXPECT_OPEN(r);
        ck_assert_int_eq(status(r, shut[i]), BOT_OK);
        EXPECT_SHUT(r, BOT_GATE_VENUE_STATUS);
        rig_for(r, RIG_MS(600000)); /* only the venue says when that ends */
        EXPECT_SHUT(r, BOT_GATE_VENUE_STATUS);
    }
    /* An order that met a closed venue, while its status says so, too: the status still rules. */
    rig_trade(r, 0, NULL, BOT_BUY, "5", "100");
    r->auto_answer = false;
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "1", "100", true, &id), BOT_OK);
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_MAINTENANCE);
    rig_for(r, RIG_MS(60000));
    EXPECT_SHUT(r, BOT_GATE_VENUE_STATUS);
    ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "1", "100", true, &id), BOT_OK);
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_MAINTENANCE);
    ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "1", "100", true, &id), BOT_OK);
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_OK);
    EXPECT_SHUT(r, BOT_GATE_VENUE_STATUS);
    ck_assert_int_eq(status(r, BOT_STATUS_NORMAL), BOT_OK);
    ck_assert_uint_eq(rig_reasons(r) & BOT_GATE_VENUE_STATUS, 0);
    rig_free(r);
}

TEST(limits, an_order_that_meets_a_closed_venue_shuts_for_longer_each_time)
{
    struct rig *r = rig_started(NULL, "10");
    r->auto_answer = false;
    bot_id id;
    static const int waits_s[] = { 30, 60, 120, 240, 300, 300 };
    for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), BOT_OK);
        rig_reply(r, r->last_request, &id, BOT_OUTCOME_MAINTENANCE);
        EXPECT_SHUT(r, BOT_GATE_VENUE_STATUS);
        rig_for(r, RIG_MS(1000) * waits_s[i] - 1);
        EXPECT_SHUT(r, BOT_GATE_VENUE_STATUS);
        rig_for(r, RIG_MS(8000));
        EXPECT_OPEN(r);
    }
    ck_assert_uint_eq(rig_reasons(r) & BOT_GATE_REJECT_STORM, 0); /* no fault of the bot's */
    ck_assert_int_eq(monitor(r, BOT_EV_MONITOR, BOT_MONITOR_STATUS, false), BOT_OK);
    EXPECT_SHUT(r, BOT_GATE_VENUE_STATUS);
    ck_assert_int_eq(monitor(r, BOT_EV_MONITOR, BOT_MONITOR_STATUS, true), BOT_OK);
    rig_for(r, RIG_MS(8000));
    EXPECT_OPEN(r);
    rig_free(r);
}

TEST(limits, every_monitor_has_its_reason_and_a_strange_one_has_none)
{
    static const struct { bot_event_kind kind; bot_monitor monitor; uint32_t reason; } cases[] = {
        { BOT_EV_MONITOR, BOT_MONITOR_TRADE_RATE, BOT_GATE_TRADE_RATE },     { BOT_EV_MONITOR, BOT_MONITOR_FEED_LAG, BOT_GATE_FEED_LAG },
        { BOT_EV_MONITOR, BOT_MONITOR_ACK_TIME, BOT_GATE_ACK_TIME },         { BOT_EV_MONITOR, BOT_MONITOR_FEED_PARTIAL, BOT_GATE_FEED_PARTIAL },
        { BOT_EV_MONITOR, BOT_MONITOR_PRIVATE_SILENT, BOT_GATE_PRIVATE_SILENT }, { BOT_EV_JOURNAL, 0, BOT_GATE_JOURNAL }, { BOT_EV_LEADER, 0, BOT_GATE_LEADER },
    };
    struct rig *r = rig_started(NULL, "10");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(monitor(r, cases[i].kind, cases[i].monitor, false), BOT_OK);
        EXPECT_SHUT(r, cases[i].reason);
        ck_assert_int_eq(BUY(r, "1"), BOT_ERR_GATE_SHUT);
        ck_assert_int_eq(monitor(r, cases[i].kind, cases[i].monitor, true), BOT_OK);
        rig_for(r, RIG_MS(8000));
        EXPECT_OPEN(r);
    }
    const uint32_t resyncs = r->resyncs;
    ck_assert_int_eq(monitor(r, BOT_EV_MONITOR, BOT_MONITOR_PRIVATE_SILENT, false), BOT_OK);
    ck_assert_int_eq(monitor(r, BOT_EV_MONITOR, BOT_MONITOR_PRIVATE_SILENT, false), BOT_OK);
    ck_assert_uint_eq(r->resyncs, resyncs + 1); /* one spell, one reconnect */
    ck_assert_int_eq(monitor(r, BOT_EV_MONITOR, BOT_MONITOR_COUNT, false), BOT_ERR_INVALID);
    ck_assert_int_eq(monitor(r, BOT_EV_MONITOR, (bot_monitor)-1, false), BOT_ERR_INVALID);
    rig_free(r);
}

TEST(limits, a_clock_too_far_off_on_either_side_shuts)
{
    bot_core_options o;
    rig_options(&o);
    o.clock_lease_ns = 600 * BOT_NS_PER_S;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    EXPECT_SHUT(r, BOT_GATE_CLOCK); /* not measured yet */
    bot_event ev = event_of(BOT_EV_CLOCK);
    static const int64_t off[] = { 5 * BOT_NS_PER_S + 1, -5 * BOT_NS_PER_S - 1 };
    for (int i = 0; i < 2; i++) {
        ev.clock.offset_ns = i == 0 ? 5 * BOT_NS_PER_S : -5 * BOT_NS_PER_S; /* as far as allowed */
        rig_step(r, &ev);
        rig_for(r, RIG_MS(8000));
        EXPECT_OPEN(r);
        ev.clock.offset_ns = off[i];
        rig_step(r, &ev);
        EXPECT_SHUT(r, BOT_GATE_CLOCK);
    }
    rig_free(r);
}

TEST(limits, only_the_private_stream_makes_an_unreadable_message_a_reason)
{
    struct rig *r = rig_started(NULL, "10");
    bot_event ev = event_of(BOT_EV_ERROR);
    ev.error.code = BOT_ERR_MALFORMED;
    ev.source = BOT_SOURCE_WS_PUBLIC;
    rig_step(r, &ev);
    EXPECT_OPEN(r);
    ev.source = BOT_SOURCE_WS_PRIVATE;
    ev.error.code = BOT_ERR_REJECTED; /* it could be read, and says no */
    rig_step(r, &ev);
    EXPECT_OPEN(r);
    ev.error.code = BOT_ERR_MALFORMED;
    rig_step(r, &ev);
    EXPECT_SHUT(r, BOT_GATE_UNKNOWN_EXEC);
    rig_step(r, &ev);
    bot_event fill = rig_fill_event(r, 0, "U", NULL, "o", BOT_BUY, "1", "100");
    fill.fill.kind = BOT_FILL_UNKNOWN;
    rig_step(r, &fill);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_EXEC], 1); /* told once for all of them */
    rig_free(r);
}

TEST(limits, events_that_are_not_the_cores_pass_and_none_is_none)
{
    struct rig *r = rig_started(NULL, "10");
    static const bot_event_kind passing[] = { BOT_EV_TICK, BOT_EV_WALLET, BOT_EV_TRADE, BOT_EV_BOOK, BOT_EV_TIME, BOT_EV_CONTROL, BOT_EV_GAP,
                                              BOT_EV_BUDGET, BOT_EV_CHECKPOINT };
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        bot_event ev = event_of(passing[i]);
        ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
        EXPECT_OPEN(r);
    }
    bot_event ev = event_of(BOT_EV_NONE);
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_INVALID);
    ev = event_of(BOT_EV_KIND_COUNT);
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_INVALID);
    ev.kind = 999;
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_INVALID);
    ev = event_of(BOT_EV_STREAM); /* the order socket's own life is the session's business */
    ev.stream = (bot_ev_stream){ .stream = BOT_STREAM_TRADE, .state = BOT_STREAM_LOST };
    ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
    EXPECT_OPEN(r);
    ck_assert_ptr_null(bot_core_effect(r->core, bot_core_effects_count(r->core)));
    ck_assert_ptr_null(bot_core_instrument(r->core, 2));
    ck_assert_ptr_nonnull(bot_core_instrument(r->core, 1));
    rig_free(r);
}

/* ---- more than one step has room for ---- */

#define MANY 150

static struct rig *with_many_orders(bot_id *ret_ids)
{
    bot_core_options o;
    rig_options(&o);
    o.effects_max = 64;
    struct rig *r = rig_new(&o);
    rig_start(r, "1000");
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &ret_ids[i]), BOT_OK);
    rig_for(r, RIG_MS(100));
    return r;
}

static uint64_t effects_lost(const struct rig *r)
{
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    return stats.effects_lost;
}

TEST(limits, a_kill_cancels_more_orders_than_a_step_has_effects)
{
    static bot_id ids[MANY];
    struct rig *r = with_many_orders(ids);
    rig_report(r, &ids[3], BOT_ORDER_CANCELED, "0");
    bot_event kill = event_of(BOT_EV_KILL);
    rig_step(r, &kill);
    EXPECT_SHUT(r, BOT_GATE_KILL);
    ck_assert_uint_lt(r->sends[BOT_REQUEST_CANCEL], MANY - 1);
    ck_assert_int_le(bot_core_deadline(r->core), r->now); /* the rest at once */
    rig_report(r, &ids[MANY - 1], BOT_ORDER_CANCELED, "0"); /* one that goes by itself meanwhile needs none */
    rig_for(r, 0);
    ck_assert_uint_eq(r->cancels_of[3] + r->cancels_of[MANY - 1], 0);
    for (int i = 0; i < MANY; i++)
        if (i != 3 && i != MANY - 1)
            ck_assert_msg(r->cancels_of[i] == 1, "order %d: %u cancels", i, r->cancels_of[i]);
    ck_assert_uint_eq(effects_lost(r), 0);
    ck_assert_uint_eq(rig_reasons(r) & BOT_GATE_UNKNOWN_EXEC, 0);
    rig_free(r);
}

TEST(limits, a_policy_cancels_more_orders_than_a_step_has_effects)
{
    bot_core_options o;
    rig_options(&o);
    o.effects_max = 64;
    o.shut_policy = BOT_SHUT_CANCEL_ALL;
    struct rig *r = rig_new(&o);
    rig_start(r, "1000");
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(BUY(r, "1"), BOT_OK);
    rig_for(r, RIG_MS(100));
    status(r, BOT_STATUS_CLOSED);
    rig_for(r, 0);
    for (int i = 0; i < MANY; i++)
        ck_assert_uint_eq(r->cancels_of[i], 1);
    ck_assert_uint_eq(effects_lost(r), 0);
    rig_free(r);
}

TEST(limits, an_outage_with_more_orders_than_a_step_has_effects_needs_no_person)
{
    bot_core_options o;
    rig_options(&o);
    o.effects_max = 64;
    struct rig *r = rig_new(&o);
    rig_start(r, "1000");
    r->auto_answer = false; /* nothing that is sent is answered: all of them become unknown at one moment */
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(BUY(r, "1"), BOT_OK);
    rig_for(r, RIG_MS(8000));
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    ck_assert_uint_eq(stats.unknown_outcomes, MANY);
    ck_assert_uint_eq(stats.effects_lost, 0);
    ck_assert_uint_ge(r->reads[BOT_READ_ORDER], MANY); /* and every one was asked about */
    ck_assert_uint_eq(rig_reasons(r) & BOT_GATE_UNKNOWN_EXEC, 0);
    rig_free(r);
}

TEST(limits, a_step_that_wants_more_than_the_host_has_room_for_shuts)
{
    bot_core_options o;
    rig_options(&o);
    o.effects_max = 64;
    struct rig *r = rig_new(&o);
    rig_start(r, "100");
    char name[16];
    r->auto_answer = false;
    ck_assert_int_eq(BUY(r, "1"), BOT_OK); /* its name at the venue is not known yet: any of them may be its own */
    for (int i = 0; i < 65; i++) { /* fills of orders that nobody knows, and one more than can wait for their owners */
        snprintf(name, sizeof name, "S%d", i);
        bot_event fill = rig_fill_event(r, 0, name, NULL, name, BOT_BUY, "0.01", "100");
        fill.fill.client_id.len = 0;
        rig_step(r, &fill);
    }
    ck_assert(rig_qty(r, 0) == fixed_of("0.65")); /* all of them count */
    ck_assert_uint_eq(r->alerts[BOT_ALERT_FULL], 1);
    ck_assert_uint_eq(effects_lost(r), 0);
    r->rest = RIG_REST_HANG;
    rig_for(r, RIG_MS(10000)); /* sixty-four of them are strangers' at one moment, beside what else that step has to say */
    ck_assert_uint_gt(effects_lost(r), 0);
    EXPECT_SHUT(r, BOT_GATE_UNKNOWN_EXEC);
    rig_free(r);
}

/* ---- what a person may not do ---- */

static int rearm(struct rig *r, uint32_t latch, const char *reason)
{
    bot_event ev = event_of(BOT_EV_REARM);
    ev.rearm.latch = latch;
    strcpy(ev.rearm.reason, reason);
    return rig_step(r, &ev);
}

TEST(limits, one_latch_is_re_armed_with_a_reason_or_not_at_all)
{
    struct rig *r = rig_started(NULL, "10");
    bot_event kill = event_of(BOT_EV_KILL);
    rig_step(r, &kill);
    ck_assert_int_eq(rearm(r, 0, "why"), BOT_ERR_INVALID);
    ck_assert_int_eq(rearm(r, BOT_GATE_PRIVATE_STREAM, "why"), BOT_ERR_INVALID); /* a lease ends by good news only */
    ck_assert_int_eq(rearm(r, BOT_GATE_KILL | BOT_GATE_DRIFT, "why"), BOT_ERR_INVALID);
    ck_assert_int_eq(rearm(r, 1u << 31, "why"), BOT_ERR_INVALID);
    ck_assert_int_eq(rearm(r, BOT_GATE_KILL, ""), BOT_ERR_INVALID);
    EXPECT_SHUT(r, BOT_GATE_KILL);
    ck_assert_int_eq(rearm(r, BOT_GATE_DRIFT, "why"), 0); /* not set */
    ck_assert_int_eq(rearm(r, BOT_GATE_KILL, "why"), 1);
    rig_for(r, RIG_MS(8000));
    EXPECT_OPEN(r);
    rig_free(r);
}

/* ---- orders and amends that cannot be ---- */

TEST(limits, an_amend_that_cannot_be_changes_nothing)
{
    struct rig *r = rig_started(NULL, "10");
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &id), BOT_OK);
    ck_assert_int_eq(rig_amend(r, &id, "1", "0"), BOT_ERR_ORDER_STATE); /* not acknowledged yet */
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &id, BOT_BUY, "0.5", "100");
    ck_assert_int_eq(rig_amend(r, &id, "-1", "0"), BOT_ERR_INVALID);
    ck_assert_int_eq(rig_amend(r, &id, "0", "-1"), BOT_ERR_INVALID);
    ck_assert_int_eq(rig_amend(r, &id, "0", "0"), BOT_ERR_INVALID);
    ck_assert_int_eq(rig_amend(r, &id, "1.001", "0"), BOT_ERR_INVALID); /* off the lot's grid */
    ck_assert_int_eq(rig_amend(r, &id, "0", "100.01"), BOT_ERR_INVALID); /* off the tick's */
    ck_assert_int_eq(rig_amend(r, &id, "0.5", "0"), BOT_ERR_INVALID); /* all of that is filled */
    ck_assert_int_eq(rig_amend(r, &id, "10.5", "0"), BOT_ERR_LIMIT_POSITION);
    const bot_id other = bot_core_next_client_id(r->core, 0);
    ck_assert_int_eq(rig_amend(r, &other, "1", "0"), BOT_ERR_NOT_FOUND);
    bot_limits limits = { .position_max = { fixed_of("10") }, .orders_per_s_max = 1 };
    ck_assert_int_eq(rig_limits(r, 0, 0, &limits), BOT_OK);
    ck_assert_int_eq(rig_amend(r, &id, "3", "0"), BOT_ERR_LIMIT_RATE);
    rig_for(r, RIG_MS(1000));
    ck_assert_uint_eq(r->sends[BOT_REQUEST_AMEND], 0);
    ck_assert_int_eq(rig_amend(r, &id, "3", "0"), BOT_OK);
    ck_assert_int_eq(rig_amend(r, &id, "1", "0"), BOT_ERR_ORDER_STATE); /* one is under way */
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("2.5"));
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_REJECTED);
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("1.5")); /* as before */
    ck_assert_int_eq(rig_cancel(r, &id), BOT_OK);
    rig_for(r, RIG_MS(1000));
    ck_assert_int_eq(rig_amend(r, &id, "3", "0"), BOT_ERR_ORDER_STATE); /* about to go */
    rig_free(r);
    bot_core_options o;
    rig_options(&o);
    o.venue.has_amend = false;
    r = rig_new(&o);
    rig_start(r, "10");
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &id), BOT_OK);
    rig_for(r, RIG_MS(100));
    ck_assert_int_eq(rig_amend(r, &id, "1", "0"), BOT_ERR_UNSUPPORTED);
    rig_free(r);
}

static int instrument_row(struct rig *r, const char *name, bool tradable, const char *tick, const char *lot)
{
    bot_event ev = event_of(BOT_EV_INSTRUMENT);
    bot__symbol_set(&ev.instrument, name, strlen(name));
    ev.inst = (bot_ev_instrument){ .contract = BOT_LINEAR, .tradable = tradable };
    ev.inst.tick = dec_of(tick);
    ev.inst.lot = dec_of(lot);
    ev.inst.settle = currency_of("USDT");
    return rig_step(r, &ev);
}

TEST(limits, what_is_not_traded_or_has_no_limit_takes_no_order)
{
    struct rig *r = rig_started(NULL, "10");
    ck_assert_int_eq(instrument_row(r, "BTCUSDT", false, "0.1", "0.01"), 0);
    ck_assert_int_eq(BUY(r, "1"), BOT_ERR_INSTRUMENT);
    ck_assert_int_eq(instrument_row(r, "BTCUSDT", true, "0", "0"), 0); /* no grid stated: the venue judges */
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "0.00000000001", "100.00000001", false, NULL), BOT_OK);
    ck_assert_int_eq(instrument_row(r, "SOLUSDT", true, "0.1", "0.01"), 2);
    bot_event ev = rig_order(r, 0, BOT_LEG_NET, BOT_BUY, "1");
    bot__symbol_set(&ev.submit.order.instrument, "SOLUSDT", 7);
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_INSTRUMENT); /* known, and nobody has set a limit */
    ck_assert_int_eq(instrument_row(r, "BADUSDT", true, "1000000000000000000000", "1"), BOT_ERR_OVERFLOW);
    char name[16];
    for (int i = 3; i < 8; i++) {
        snprintf(name, sizeof name, "X%dUSDT", i);
        ck_assert_int_eq(instrument_row(r, name, true, "1", "1"), i);
    }
    ck_assert_uint_eq(r->alerts[BOT_ALERT_FULL], 0);
    ck_assert_int_eq(instrument_row(r, "X8USDT", true, "1", "1"), BOT_ERR_FULL);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_FULL], 1);
    rig_free(r);
}

TEST(limits, limits_wait_for_their_instrument_and_for_no_more_than_there_is_room)
{
    bot_core_options o;
    rig_options(&o);
    o.instruments_max = 80;
    o.bots_max = 1; /* a place for each bot and instrument */
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    bot_event ev = event_of(BOT_EV_LIMITS);
    char name[16];
    for (int i = 0; i < 81; i++) {
        snprintf(name, sizeof name, "L%dUSDT", i);
        bot__symbol_set(&ev.limits.instrument, name, strlen(name));
        ev.limits.limits.position_max.v = fixed_of("1");
        ck_assert_int_eq(rig_step(r, &ev), i < 80 ? BOT_OK : BOT_ERR_FULL);
    }
    const int at = instrument_row(r, "L7USDT", true, "0.1", "0.01");
    ck_assert_int_eq(at, 2);
    rig_for(r, RIG_MS(10000)); /* what is taken into use is compared with the venue first */
    bot_event order = rig_order(r, 0, BOT_LEG_NET, BOT_BUY, "2");
    bot__symbol_set(&order.submit.order.instrument, "L7USDT", 6);
    ck_assert_int_eq(rig_step(r, &order), BOT_ERR_LIMIT_POSITION);
    bot__symbol_set(&ev.limits.instrument, "L80USDT", 7);
    ck_assert_int_eq(rig_step(r, &ev), BOT_OK); /* its place is free again */
    rig_free(r);
}

TEST(limits, an_id_twice_and_one_order_too_many_are_refused)
{
    bot_core_options o;
    rig_options(&o);
    o.orders_max = 16;
    struct rig *r = rig_new(&o);
    rig_start(r, "100");
    bot_event ev = rig_order(r, 0, BOT_LEG_NET, BOT_BUY, "1");
    ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_CONFLICT);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_SUBMIT], 1);
    for (int i = 1; i < 16; i++)
        ck_assert_int_eq(BUY(r, "1"), BOT_OK);
    ck_assert_int_eq(BUY(r, "1"), BOT_ERR_FULL);
    ck_assert_int_eq(bot_core_last_refusal(r->core)->code, BOT_ERR_FULL);
    /* And an order of the account for which there is no room is worth a stop. */
    bot_event row = event_of(BOT_EV_ORDER);
    row.instrument = rig_symbol(0);
    row.has = BOT_HAS_QTY;
    row.order = (bot_ev_order){ .status = BOT_ORDER_OPEN, .side = BOT_SELL, .qty = bot_dec_from_fixed(fixed_of("1")) };
    strcpy(row.order.order_id.s, "web");
    row.order.order_id.len = 3;
    rig_step(r, &row);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_FULL], 1);
    EXPECT_SHUT(r, BOT_GATE_UNKNOWN_EXEC);
    rig_free(r);
}

/* ---- instruments that are not there yet ---- */

TEST(limits, what_waits_for_an_instrument_asks_for_it_and_only_fills_hold_the_gate)
{
    struct rig *r = rig_started(NULL, "10");
    const uint32_t asked = r->reads[BOT_READ_INSTRUMENTS];
    bot_event funding = event_of(BOT_EV_FUNDING);
    bot__symbol_set(&funding.instrument, "OLDUSDT", 7);
    funding.funding.amount = bot_dec_from_fixed(fixed_of("4"));
    strcpy(funding.funding.exec_id.s, "f1");
    funding.funding.exec_id.len = 2;
    ck_assert_int_eq(rig_step(r, &funding), 2);
    ck_assert_uint_eq(r->reads[BOT_READ_INSTRUMENTS], asked + 1);
    EXPECT_OPEN(r); /* money paid for holding moves no size */
    bot_event fill = rig_fill_event(r, 0, "N1", NULL, "web", BOT_BUY, "1", "100");
    bot__symbol_set(&fill.instrument, "NEWUSDT", 7);
    ck_assert_int_eq(rig_step(r, &fill), 2);
    EXPECT_SHUT(r, BOT_GATE_HELD_FILLS);
    ck_assert_int_eq(instrument_row(r, "NEWUSDT", true, "0.1", "0.01"), 2);
    ck_assert_uint_eq(rig_reasons(r) & BOT_GATE_HELD_FILLS, 0); /* the funding may go on waiting */
    ck_assert_int_eq(instrument_row(r, "OLDUSDT", true, "0.1", "0.01"), 3);
    bot_position p;
    bot_core_position(r->core, 3, BOT_LEG_NET, &p);
    ck_assert(p.funding.v == fixed_of("4"));
    bot_core_position(r->core, 2, BOT_LEG_NET, &p);
    ck_assert(p.qty.v == fixed_of("1"));
    rig_free(r);
}

TEST(limits, every_fill_that_waited_for_its_instrument_is_told_by_its_own_name)
{
    enum { WAITED = 250 };
    struct rig *r = rig_started(NULL, "10");
    char name[16];
    for (int i = 0; i < WAITED; i++) {
        snprintf(name, sizeof name, "N%d", i);
        bot_event fill = rig_fill_event(r, 0, name, NULL, "web", i % 2 == 0 ? BOT_BUY : BOT_SELL, "1", "100");
        bot__symbol_set(&fill.instrument, "NEWUSDT", 7);
        ck_assert_int_eq(rig_step(r, &fill), 2);
    }
    ck_assert_int_eq(instrument_row(r, "NEWUSDT", true, "0.1", "0.01"), 2);
    int told = 0;
    for (uint32_t i = 0; i < bot_core_effects_count(r->core); i++) {
        const bot_effect *e = bot_core_effect(r->core, i);
        if (e->kind != BOT_EFFECT_FILL) continue;
        snprintf(name, sizeof name, "N%d", told++);
        ck_assert_str_eq(e->fill.fill->fill.exec_id.s, name);
    }
    ck_assert_int_eq(told, WAITED);
    ck_assert_uint_eq(effects_lost(r), 0);
    ck_assert_uint_eq(rig_reasons(r) & (BOT_GATE_UNKNOWN_EXEC | BOT_GATE_HELD_FILLS), 0);
    rig_free(r);
}

/* ---- a venue without a channel of fills ---- */

static bot_event grown(struct rig *r, const bot_id *client, const char *order, bot_side side, const char *cum, const char *average)
{
    (void)r;
    bot_event ev = event_of(BOT_EV_ORDER);
    ev.instrument = rig_symbol(0);
    ev.has = BOT_HAS_QTY | BOT_HAS_CUM_QTY | BOT_HAS_AVG_PRICE;
    ev.order = (bot_ev_order){ .status = BOT_ORDER_PARTIALLY_FILLED, .side = side, .leg = BOT_LEG_NET, .qty = bot_dec_from_fixed(fixed_of("2")),
                               .cum_qty = bot_dec_from_fixed(fixed_of(cum)), .avg_price = bot_dec_from_fixed(fixed_of(average)) };
    if (client != NULL)
        ev.order.client_id = *client;
    ev.order.order_id.len = (uint8_t)strlen(order);
    memcpy(ev.order.order_id.s, order, strlen(order));
    return ev;
}

TEST(limits, where_no_fills_come_the_growth_of_an_order_is_one)
{
    bot_core_options o;
    rig_options(&o);
    o.venue.has_fills_channel = false;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    EXPECT_OPEN(r);
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &id), BOT_OK);
    rig_for(r, RIG_MS(100));
    bot_event ev = grown(r, &id, "V0", BOT_BUY, "0.5", "99");
    rig_step(r, &ev);
    ck_assert(rig_qty(r, 0) == fixed_of("0.5"));
    rig_step(r, &ev); /* the same again */
    ck_assert(rig_qty(r, 0) == fixed_of("0.5"));
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.avg_entry.v == fixed_of("99") && p.working_buy.v == fixed_of("1.5"));
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    ck_assert_uint_eq(stats.fills_derived, 1);
    /* The execution itself, when the history tells it, moves nothing and puts the price right. */
    bot_event fill = rig_fill_event(r, 0, "E1", &id, "V0", BOT_BUY, "0.5", "98");
    ck_assert_int_eq(rig_step(r, &fill), 1);
    rig_position(r, 0, &p);
    ck_assert(p.qty.v == fixed_of("0.5") && p.avg_entry.v == fixed_of("98") && p.working_buy.v == fixed_of("1.5"));
    ev = grown(r, &id, "V0", BOT_BUY, "2", "98");
    ev.order.status = BOT_ORDER_FILLED;
    rig_step(r, &ev);
    rig_position(r, 0, &p);
    ck_assert(p.qty.v == fixed_of("2") && p.working_buy.v == 0);
    /* A stranger's order grows, too: what it had filled before we met it is in the position already. */
    r->qty[0] = fixed_of("2");
    ev = grown(r, NULL, "web1", BOT_SELL, "0.5", "100");
    rig_step(r, &ev);
    ev = grown(r, NULL, "web1", BOT_SELL, "1", "100");
    rig_step(r, &ev);
    bot_core_stats_get(r->core, &stats);
    ck_assert_uint_ge(stats.fills_derived, 3);
    rig_free(r);
}

/* ---- reports that cannot be ---- */

#define REPORT(change, want)                                                              \
    do {                                                                                  \
        bot_event ev = good;                                                              \
        change;                                                                           \
        const int got = rig_step(r, &ev);                                                 \
        ck_assert_msg(got == (want), #change ": %d", got);                                \
        bot_position now;                                                                 \
        rig_position(r, 0, &now);                                                         \
        ck_assert(now.working_buy.v == fixed_of("2") && now.working_sell.v == 0);          \
    } while (0)

TEST(limits, a_report_that_cannot_be_changes_no_order)
{
    struct rig *r = rig_started(NULL, "10");
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &id), BOT_OK);
    rig_for(r, RIG_MS(100));
    const bot_event good = grown(r, &id, r->orders[0].order_id.s, BOT_BUY, "0", "0");
    const bot_dec below = { -1, 0 };
    REPORT((void)0, 1);
    REPORT((ev.order.order_id.len = 0, ev.order.client_id.len = 0), BOT_ERR_MALFORMED);
    REPORT(ev.order.cum_qty = below, BOT_ERR_MALFORMED);
    REPORT(ev.order.qty = below, BOT_ERR_MALFORMED);
    REPORT(ev.order.cum_qty = ((bot_dec){ 1, 30 }), BOT_ERR_MALFORMED); /* finer than any number here */
    REPORT(ev.order.qty = ((bot_dec){ 1, 30 }), BOT_ERR_MALFORMED);
    REPORT(ev.order.side = BOT_SELL, BOT_ERR_CONFLICT);
    REPORT(ev.instrument = rig_symbol(1), BOT_ERR_CONFLICT);
    REPORT(bot__symbol_set(&ev.instrument, "NOUSDT", 6), BOT_ERR_INSTRUMENT);
    REPORT(ev.order.qty = bot_dec_from_fixed(fixed_of("5")), 1); /* never more than we sent, by a report alone */
    /* What the account shows of strangers, and cannot be an order that may fill. */
    REPORT((ev.order.client_id.len = 0, ev.order.order_id.s[0] = 'W', ev.order.status = BOT_ORDER_NONE), 0);
    REPORT((ev.order.client_id.len = 0, ev.order.order_id.s[0] = 'W', ev.order.status = BOT_ORDER_REJECTED), 0);
    REPORT((ev.order.client_id.len = 0, ev.order.order_id.s[0] = 'W', ev.order.status = BOT_ORDER_EXPIRED), 0);
    REPORT((ev.order.client_id.len = 0, ev.order.order_id.s[0] = 'W', ev.order.side = BOT_SIDE_NONE), 0);
    REPORT((ev.order.client_id.len = 0, ev.order.order_id.s[0] = 'W', ev.has = 0), 0);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_ORDER], 0);
    bot_event ack = event_of(BOT_EV_ACK); /* an acknowledgement that refuses decides nothing: the reply or the report does */
    ack.ack.client_id = id;
    ck_assert_int_eq(rig_step(r, &ack), 1);
    ack.ack.client_id.s[1] = 'z';
    ck_assert_int_eq(rig_step(r, &ack), 0);
    bot_event reply = event_of(BOT_EV_REPLY);
    reply.reply.client_id = ack.ack.client_id;
    ck_assert_int_eq(rig_step(r, &reply), BOT_ERR_NOT_FOUND);
    rig_report(r, &id, BOT_ORDER_FILLED, NULL); /* filled, and no number: all of it, to be seen in fills */
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("2") && p.qty.v == 0);
    rig_free(r);
}

TEST(limits, a_report_of_rejection_counts_as_one_and_policy_cancels_what_raises_only)
{
    bot_core_options o;
    rig_options(&o);
    o.rejects_max = 2;
    o.shut_policy = BOT_SHUT_CANCEL_INCREASING;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    rig_trade(r, 0, NULL, BOT_BUY, "3", "100");
    bot_id raises, reduces, rejected[2];
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &raises), BOT_OK);
    ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "2", "100", false, &reduces), BOT_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &rejected[i]), BOT_OK);
    rig_for(r, RIG_MS(100));
    for (int i = 0; i < 2; i++)
        rig_report(r, &rejected[i], BOT_ORDER_REJECTED, "0");
    EXPECT_SHUT(r, BOT_GATE_REJECT_STORM);
    rig_for(r, RIG_MS(100));
    ck_assert_uint_eq(r->cancels_of[0], 1);
    ck_assert_uint_eq(r->cancels_of[1], 0);
    rig_free(r);
}
