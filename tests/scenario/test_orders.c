/* Stories of orders on virtual time: what each still counts for, what its outcome may be, and what may leave when. The venue is scripted
 * (tests/lib/rig.h). */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define EXPECT_QTY(r, i, text) ck_assert_msg(rig_qty(r, i) == fixed_of(text), "position is not " text "\n%s", rig_tail(r))

/* A buy at 100, as a venue without client ids tells of it. */
static bot_event told(struct rig *r, const char *number, const char *qty)
{
    bot_event fill = rig_fill_event(r, 0, "-", NULL, number, BOT_BUY, qty, "100"), ev = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE };
    ev.instrument = fill.instrument;
    ev.has = BOT_HAS_QTY | BOT_HAS_PRICE;
    ev.order = (bot_ev_order){ .order_id = fill.fill.order_id, .status = BOT_ORDER_OPEN, .side = BOT_BUY, .leg = BOT_LEG_NET, .type = BOT_LIMIT,
                               .qty = fill.fill.qty, .price = fill.fill.price };
    return ev;
}

static struct rig *nameless(void)
{
    bot_core_options o;
    rig_options(&o);
    o.venue.has_client_ids = false;
    o.venue.client_id_max = 0;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    EXPECT_OPEN(r);
    r->auto_answer = false;
    return r;
}

static void answer_with(struct rig *r, uint64_t request, const bot_id *client, const char *number)
{
    bot_event reply = { .kind = BOT_EV_REPLY, .seq = BOT_SEQ_NONE };
    reply.reply = (bot_ev_reply){ .request_id = request, .outcome = BOT_OUTCOME_OK, .client_id = *client };
    reply.reply.order_id.len = (uint8_t)strlen(number);
    memcpy(reply.reply.order_id.s, number, strlen(number) + 1);
    rig_step(r, &reply);
}

/* bitFlyer: the order's event is there before the answer that says which number it got. It is ours, not a stranger's. */
TEST(scenario, s12_without_client_ids_a_report_before_the_answer_is_known_by_its_looks)
{
    struct rig *r = nameless();
    bot_id id, twin;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), 0);
    const uint64_t request = r->last_request;
    bot_event report = told(r, "JRF1", "1");
    rig_step(r, &report);
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == fixed_of("1"), "counted as two\n%s", rig_tail(r));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_ORDER], 0);
    bot_event fill = rig_fill_event(r, 0, "E1", NULL, "JRF1", BOT_BUY, "0.4", "100");
    rig_step(r, &fill);
    answer_with(r, request, &id, "JRF1");
    bot_position own;
    bot_core_bot_position(r->core, 0, 0, BOT_LEG_NET, &own);
    ck_assert(own.qty.v == fixed_of("0.4"));
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("0.6"));
    /* Two that look the same, their answers crosswise: each fill finds one of them, and both end. */
    bot_id ids[2];
    uint64_t requests[2];
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &ids[i]), 0);
        requests[i] = r->last_request;
    }
    for (int i = 0; i < 2; i++) {
        report = told(r, i == 0 ? "JRF2" : "JRF3", "2");
        rig_step(r, &report);
    }
    answer_with(r, requests[0], &ids[0], "JRF3");
    answer_with(r, requests[1], &ids[1], "JRF2");
    for (int i = 0; i < 2; i++) {
        fill = rig_fill_event(r, 0, i == 0 ? "E2" : "E3", NULL, i == 0 ? "JRF2" : "JRF3", BOT_BUY, "2", "100");
        rig_step(r, &fill);
    }
    rig_position(r, 0, &p);
    ck_assert_msg(p.qty.v == fixed_of("4.4") && p.working_buy.v == fixed_of("0.6"), "%s", rig_tail(r));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_EXTERNAL_FILL], 0);
    /* One of another size is somebody else's. */
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &twin), 0);
    report = told(r, "JRF9", "1.5");
    rig_step(r, &report);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_ORDER], 1);
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("3.1"));
    rig_free(r);
}

/* Claimed, and then the answer names another number: ours is renamed, and the one that looked like it is met anew. */
TEST(scenario, s12_without_client_ids_the_answer_has_the_last_word_on_the_number)
{
    struct rig *r = nameless();
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), 0);
    bot_event report = told(r, "JRF-theirs", "1");
    rig_step(r, &report);
    answer_with(r, r->last_request, &id, "JRF-ours");
    rig_step(r, &report);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_ORDER], 1);
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("2"));
    rig_free(r);
}

TEST(scenario, s44_worst_case_on_each_side_with_numbers)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "6", "100", false, &id);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &id, BOT_BUY, "6", "100");
    ck_assert_int_eq(BUY(r, "3"), 0); /* rests */
    rig_for(r, RIG_MS(100));
    r->auto_answer = false;
    ck_assert_int_eq(BUY(r, "0.5"), 0); /* in flight */
    ck_assert_int_eq(BUY(r, "0.6"), BOT_ERR_LIMIT_POSITION);
    const bot_refusal *why = bot_core_last_refusal(r->core);
    ck_assert(why->limit.v == fixed_of("10") && why->position_low.v == fixed_of("6") && why->working_buy.v == fixed_of("3.5") &&
              why->worst.v == fixed_of("10.1") && why->room.v == fixed_of("0.5"));
    char text[400];
    bot_refusal_explain(why, text, sizeof text);
    ck_assert_msg(strstr(text, "LIMIT_POSITION") != NULL && strstr(text, "room for 0.5") != NULL && strstr(text, "3.5") != NULL, "%s", text);
    ck_assert_int_eq(SELL(r, "4"), 0); /* a sell makes no room for buys */
    ck_assert_int_eq(BUY(r, "0.6"), BOT_ERR_LIMIT_POSITION);
    ck_assert_int_eq(BUY(r, "0.5"), 0);
    rig_free(r);
}

/* All the room of the limit is in an order on which the venue has not answered. */
static struct rig *unanswered(bot_id *ret_id)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "1");
    r->auto_answer = false;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, ret_id);
    return r;
}

TEST(scenario, s45_three_submits_in_one_tick_with_room_for_one)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "1");
    ck_assert_int_eq(BUY(r, "1"), 0);
    ck_assert_int_eq(BUY(r, "1"), BOT_ERR_LIMIT_POSITION);
    ck_assert_int_eq(BUY(r, "1"), BOT_ERR_LIMIT_POSITION);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_SUBMIT], 1);
    rig_free(r);
}

TEST(scenario, s46_a_timed_out_create_stays_reserved_until_proof_of_absence)
{
    bot_id id;
    struct rig *r = unanswered(&id);
    const uint64_t request = r->last_request;
    rig_for(r, RIG_MS(3000));
    rig_reply(r, request, &id, BOT_OUTCOME_TIMEOUT);
    ck_assert_int_eq(BUY(r, "0.5"), BOT_ERR_LIMIT_POSITION);
    rig_for(r, RIG_MS(4000)); /* "not found", once or twice: no proof yet */
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("1"));
    rig_for(r, RIG_MS(60000) + (r->options.venue.absence_bound_ns > RIG_MS(30000) ? 2 * r->options.venue.absence_bound_ns : 0));
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == 0, "not released after proof\n%s", rig_tail(r));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_ORDER_LOST], 1);
    EXPECT_OPEN(r);
    ck_assert_int_eq(BUY(r, "1"), 0);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_SUBMIT], 2); /* never sent again by itself */
    rig_free(r);
}

TEST(scenario, s46_a_late_fill_of_an_unknown_order_stays_inside_its_reservation)
{
    bot_id id;
    struct rig *r = unanswered(&id);
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_UNKNOWN);
    rig_for(r, RIG_MS(500));
    bot_event fill = rig_fill_event(r, 0, "E1", &id, "V4", BOT_BUY, "1", "100");
    r->qty[0] = fixed_of("1");
    fill.seq = ++r->seq[0];
    rig_step(r, &fill);
    EXPECT_QTY(r, 0, "1");
    bot_position p;
    if (!r->options.venue.has_client_ids) { /* only the order's report says whose number that is */
        rig_position(r, 0, &p);
        ck_assert(p.working_buy.v == fixed_of("1"));
        bot_event report = told(r, "V4", "1");
        rig_step(r, &report);
    }
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == 0);
    ck_assert_int_eq(BUY(r, "0.1"), BOT_ERR_LIMIT_POSITION);
    rig_free(r);
}

TEST(scenario, s47_a_cancel_releases_only_when_it_is_confirmed)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "1");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &id);
    rig_for(r, RIG_MS(100));
    ck_assert_int_eq(rig_cancel(r, &id), 0);
    rig_for(r, RIG_MS(100));
    ck_assert_int_eq(BUY(r, "1"), BOT_ERR_LIMIT_POSITION);
    rig_report(r, &id, BOT_ORDER_CANCELED, "0");
    ck_assert_int_eq(BUY(r, "1"), 0);
    rig_free(r);
}

TEST(scenario, s48_reduce_only_never_flips)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "1", "100", true, NULL), BOT_ERR_REDUCE_ONLY);
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "3", "100", false, &id);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 0, &id, BOT_BUY, "3", "100");
    ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "2", "100", true, NULL), 0);
    ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "2", "100", true, NULL), BOT_ERR_REDUCE_ONLY);
    ck_assert(bot_core_last_refusal(r->core)->room.v == fixed_of("1"));
    ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "1", "100", true, NULL), 0);
    ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "0.01", "100", true, NULL), BOT_ERR_REDUCE_ONLY);
    rig_free(r);
}

/* ---- 49: every reason to be shut ---- */

static void say(struct rig *r, bot_event_kind kind, bot_monitor monitor)
{
    bot_event ev = { .kind = (uint16_t)kind, .seq = BOT_SEQ_NONE, .monitor = { .monitor = monitor } };
    rig_step(r, &ev);
}
static void private_lost(struct rig *r) { rig_stream(r, BOT_STREAM_PRIVATE, false); }
static void public_lost(struct rig *r) { rig_stream(r, BOT_STREAM_PUBLIC, false); }
static void rest_hangs(struct rig *r)
{
    r->rest = RIG_REST_HANG;
    rig_for(r, RIG_MS(30000));
}
static void clock_is_off(struct rig *r)
{
    bot_event ev = { .kind = BOT_EV_CLOCK, .seq = BOT_SEQ_NONE, .clock = { .offset_ns = 30 * BOT_NS_PER_S } };
    rig_step(r, &ev);
}
static void trades_fall(struct rig *r) { say(r, BOT_EV_MONITOR, BOT_MONITOR_TRADE_RATE); }
static void feed_lags(struct rig *r) { say(r, BOT_EV_MONITOR, BOT_MONITOR_FEED_LAG); }
static void acks_are_slow(struct rig *r) { say(r, BOT_EV_MONITOR, BOT_MONITOR_ACK_TIME); }
static void feed_is_partial(struct rig *r) { say(r, BOT_EV_MONITOR, BOT_MONITOR_FEED_PARTIAL); }
static void private_is_silent(struct rig *r) { say(r, BOT_EV_MONITOR, BOT_MONITOR_PRIVATE_SILENT); }
static void venue_closes(struct rig *r)
{
    bot_event ev = { .kind = BOT_EV_STATUS, .seq = BOT_SEQ_NONE, .status = { .status = BOT_STATUS_CANCEL_ONLY } };
    rig_step(r, &ev);
}
static void journal_fails(struct rig *r) { say(r, BOT_EV_JOURNAL, 0); }
static void lead_is_lost(struct rig *r) { say(r, BOT_EV_LEADER, 0); }
static void order_is_unknown(struct rig *r)
{
    r->auto_answer = false;
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 1, BOT_BUY, "0.5", "100", false, &id), 0);
    r->rest = RIG_REST_FAIL;
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_TIMEOUT);
    rig_for(r, RIG_MS(12000));
}
static void fill_is_held(struct rig *r)
{
    bot_event ev = rig_fill_event(r, 0, "H1", NULL, "stranger", BOT_BUY, "1", "100");
    bot__symbol_set(&ev.instrument, "XRPUSDT", 7);
    rig_step(r, &ev);
}
static void it_drifts(struct rig *r)
{
    r->qty[0] = fixed_of("3");
    r->seq[0]++;
    r->row_ns[0] = r->wall_ns;
    rig_for(r, RIG_MS(30000));
}
static void fills_double(struct rig *r)
{
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 1, BOT_BUY, "0.5", "100", false, &id), 0);
    rig_for(r, RIG_MS(100));
    rig_trade(r, 1, &id, BOT_BUY, "0.5", "100");
    bot_event ev = rig_fill_event(r, 1, "again", &id, "V", BOT_BUY, "0.5", "100");
    ev.seq = ++r->seq[1];
    rig_step(r, &ev);
}
static void unreadable(struct rig *r)
{
    bot_event bad = { .kind = BOT_EV_ERROR, .source = BOT_SOURCE_WS_PRIVATE, .seq = BOT_SEQ_NONE, .error = { .code = BOT_ERR_MALFORMED } };
    rig_step(r, &bad);
}
static void rejects(struct rig *r)
{
    r->auto_answer = false;
    for (int i = 0; i < 20; i++) {
        bot_id id;
        ck_assert_int_eq(rig_submit(r, 1, BOT_BUY, "0.5", "100", false, &id), 0);
        rig_reply(r, r->last_request, &id, BOT_OUTCOME_REJECTED);
    }
}
static void money_is_lost(struct rig *r)
{
    bot_event ev = { .kind = BOT_EV_LIMITS, .seq = BOT_SEQ_NONE };
    ev.limits = (bot_ev_limits){ .bot = 0, .instrument = rig_symbol(0), .limits = { .position_max = { fixed_of("2") }, .loss_max = { fixed_of("5") } } };
    ck_assert_int_eq(rig_step(r, &ev), 0);
    ev = (bot_event){ .kind = BOT_EV_FUNDING, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .venue_ns = r->wall_ns };
    ev.funding.amount = bot_dec_from_fixed(fixed_of("5"));
    rig_step(r, &ev);
}
static void mode_changes(struct rig *r)
{
    r->hang_positions = true;
    const uint32_t reads = r->reads[BOT_READ_POSITIONS];
    for (int i = 0; i < 20000 && r->reads[BOT_READ_POSITIONS] == reads; i++)
        rig_for(r, RIG_MS(1));
    rig_for(r, RIG_MS(1));
    bot_event row = { .kind = BOT_EV_POSITION, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .read_id = r->read_ids[BOT_READ_POSITIONS], .has = BOT_HAS_QTY };
    row.position = (bot_ev_position){ .leg = BOT_LEG_LONG, .qty = { 2, 0 } };
    rig_step(r, &row);
    r->hang_positions = false;
}
static void killed(struct rig *r) { say(r, BOT_EV_KILL, 0); }

TEST(scenario, s49_under_any_pause_cancels_and_reducing_orders_pass)
{
    static const struct {
        uint32_t reason;
        void (*shut)(struct rig *r);
    } pauses[] = {
        { BOT_GATE_PRIVATE_STREAM, private_lost }, { BOT_GATE_RECONCILED | BOT_GATE_REST, rest_hangs }, { BOT_GATE_PUBLIC_STREAM, public_lost },
        { BOT_GATE_CLOCK, clock_is_off }, { BOT_GATE_TRADE_RATE, trades_fall }, { BOT_GATE_FEED_LAG, feed_lags }, { BOT_GATE_ACK_TIME, acks_are_slow },
        { BOT_GATE_PRIVATE_SILENT, private_is_silent }, { BOT_GATE_FEED_PARTIAL, feed_is_partial }, { BOT_GATE_VENUE_STATUS, venue_closes },
        { BOT_GATE_JOURNAL, journal_fails }, { BOT_GATE_LEADER, lead_is_lost }, { BOT_GATE_ORDER_UNKNOWN, order_is_unknown },
        { BOT_GATE_HELD_FILLS, fill_is_held }, { BOT_GATE_DRIFT, it_drifts }, { BOT_GATE_OVERFILL, fills_double }, { BOT_GATE_UNKNOWN_EXEC, unreadable },
        { BOT_GATE_REJECT_STORM, rejects }, { BOT_GATE_LOSS, money_is_lost }, { BOT_GATE_MODE, mode_changes }, { BOT_GATE_KILL, killed },
    };
    uint32_t seen = BOT_GATE_STARTUP | BOT_GATE_HOLD_DOWN; /* nothing is held before the one; the other follows upon all */
    for (size_t k = 0; k < sizeof pauses / sizeof *pauses; k++) {
        const uint32_t reason = pauses[k].reason;
        seen |= reason;
        if (rig_from_orders() && (reason & (BOT_GATE_OVERFILL | BOT_GATE_HELD_FILLS)) != 0)
            continue; /* such a venue tells of no fills */
        bot_core_options o;
        rig_options(&o);
        o.public_lease_ns = 10 * BOT_NS_PER_S;
        o.clock_lease_ns = 600 * BOT_NS_PER_S;
        struct rig *r = rig_new(&o);
        bot_event clock = { .kind = BOT_EV_CLOCK, .seq = BOT_SEQ_NONE };
        rig_step(r, &clock);
        rig_start(r, "2");
        bot_id id, rest;
        rig_submit(r, 0, BOT_BUY, "2", "100", false, &id);
        rig_for(r, RIG_MS(100));
        rig_trade(r, 0, &id, BOT_BUY, "2", "100");
        rig_submit(r, 1, BOT_BUY, "1", "100", false, &rest);
        rig_for(r, RIG_MS(100));
        EXPECT_OPEN(r);
        pauses[k].shut(r);
        EXPECT_SHUT(r, reason);
        ck_assert_int_eq(BUY(r, "0.1"), BOT_ERR_GATE_SHUT);
        ck_assert_int_eq(rig_cancel(r, &rest), 0);
        const bool kill = reason == BOT_GATE_KILL;
        ck_assert_int_eq(SELL(r, "1.5"), kill ? BOT_ERR_GATE_SHUT : 0);
        if (!kill)
            ck_assert_int_eq(SELL(r, "1"), BOT_ERR_GATE_SHUT); /* with the 1.5 that would flip */
        ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "0.5", "100", true, NULL), kill ? BOT_ERR_GATE_SHUT : 0);
        bot_event all = { .kind = BOT_EV_CANCEL_ALL, .seq = BOT_SEQ_NONE, .cancel = { .bot = 0 } };
        ck_assert_int_ge(rig_step(r, &all), kill ? 1 : 3);
        rig_free(r);
    }
    ck_assert_uint_eq(seen, (UINT32_C(1) << BOT_GATE_REASON_COUNT) - 1); /* a new reason belongs into the table */
}

TEST(scenario, s50_over_the_limit_from_outside_refuses_more_and_lets_out)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "5");
    rig_trade(r, 0, NULL, BOT_BUY, "8", "100");
    ck_assert_uint_eq(r->alerts[BOT_ALERT_LIMIT_EXCEEDED], 1);
    ck_assert_ptr_nonnull(strstr(r->trace, "a trade that no bot of ours ordered: bought 8"));
    ck_assert_ptr_nonnull(strstr(r->trace, "the position is beyond the bot's limit: 8, limit 5\n"));
    rig_trade(r, 0, NULL, BOT_BUY, "1", "100");
    ck_assert_uint_eq(r->alerts[BOT_ALERT_LIMIT_EXCEEDED], 1);
    ck_assert_int_eq(BUY(r, "0.1"), BOT_ERR_LIMIT_POSITION);
    ck_assert_int_eq(SELL(r, "9"), 0);
    rig_free(r);
}

TEST(scenario, s51_prices_sizes_and_rates_refuse_with_their_own_codes)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "100");
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", NULL, false, NULL), BOT_ERR_NO_REFERENCE);
    bot_event ev = { .kind = BOT_EV_LIMITS, .seq = BOT_SEQ_NONE };
    ev.limits = (bot_ev_limits){ .bot = 0, .instrument = rig_symbol(0), .loosen = false,
                                 .limits = { .position_max = { fixed_of("100") }, .order_qty_max = { fixed_of("5") }, .notional_max = { fixed_of("450") },
                                             .orders_per_s_max = 3, .open_orders_max = 4, .collar_bps = 100 } };
    ck_assert_int_eq(rig_step(r, &ev), 0); /* tighter: at once */
    bot_event order = { .kind = BOT_EV_SUBMIT, .seq = BOT_SEQ_NONE };
    order.submit.order = (bot_order_request){ .instrument = rig_symbol(0), .side = BOT_BUY, .leg = BOT_LEG_NET, .type = BOT_LIMIT, .qty = { fixed_of("1") },
                                              .price = { fixed_of("101.1") }, .ref_price = { fixed_of("100") }, .ref_at = r->now };
    order.submit.client_id = bot_core_next_client_id(r->core, 0);
    ck_assert_int_eq(rig_step(r, &order), BOT_ERR_PRICE_COLLAR);
    order.submit.order.price.v = fixed_of("101");
    order.submit.order.ref_at = r->now - RIG_MS(6000);
    ck_assert_int_eq(rig_step(r, &order), BOT_ERR_NO_REFERENCE);
    ck_assert(bot_core_last_refusal(r->core)->reference_age_ns == RIG_MS(6000));
    order.submit.order.ref_at = r->now;
    order.submit.order.qty.v = fixed_of("5.01");
    ck_assert_int_eq(rig_step(r, &order), BOT_ERR_LIMIT_ORDER_SIZE);
    order.submit.order.qty.v = fixed_of("4.6");
    ck_assert_int_eq(rig_step(r, &order), BOT_ERR_LIMIT_NOTIONAL);
    order.submit.order.qty.v = fixed_of("1");
    for (int i = 0; i < 3; i++) {
        order.submit.client_id = bot_core_next_client_id(r->core, 0);
        ck_assert_int_eq(rig_step(r, &order), 0);
    }
    order.submit.client_id = bot_core_next_client_id(r->core, 0);
    ck_assert_int_eq(rig_step(r, &order), BOT_ERR_LIMIT_RATE);
    const bot_refusal *why = bot_core_last_refusal(r->core);
    ck_assert(why->count == 3 && why->count_limit == 3 && why->wait_ns > 0 && why->wait_ns <= BOT_NS_PER_S);
    rig_for(r, RIG_MS(1000));
    order.submit.order.ref_at = r->now;
    ck_assert_int_eq(rig_step(r, &order), 0);
    order.submit.client_id = bot_core_next_client_id(r->core, 0);
    ck_assert_int_eq(rig_step(r, &order), BOT_ERR_LIMIT_OPEN_ORDERS);
    ck_assert(bot_core_last_refusal(r->core)->count == 4 && bot_core_last_refusal(r->core)->count_limit == 4);
    ev.limits.limits.position_max.v = fixed_of("200"); /* looser: only when said */
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_STATE);
    ev.limits.loosen = true;
    ck_assert_int_eq(rig_step(r, &ev), 0);
    rig_free(r);
}

TEST(scenario, s52_a_storm_of_rejects_needs_a_person)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    r->auto_answer = false;
    for (int i = 0; i < 20; i++) {
        bot_id id;
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), 0);
        rig_reply(r, r->last_request, &id, BOT_OUTCOME_REJECTED);
        bot_position p;
        rig_position(r, 0, &p);
        ck_assert(p.working_buy.v == 0);
    }
    EXPECT_SHUT(r, BOT_GATE_REJECT_STORM);
    rig_for(r, RIG_MS(60000));
    ck_assert_int_eq(BUY(r, "1"), BOT_ERR_GATE_SHUT);
    rig_rearm(r, BOT_GATE_REJECT_STORM);
    rig_for(r, RIG_MS(10000));
    ck_assert_int_eq(BUY(r, "1"), 0);
    rig_free(r);
}

TEST(scenario, s54_an_outage_after_accepted_creates_keeps_them_unknown)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "6");
    bot_id ids[6];
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &ids[i]), 0);
    /* The answers never come: the rig's queue of them is lost, and so is REST. */
    r->queue_n = 0;
    r->rest = RIG_REST_FAIL;
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    rig_for(r, RIG_MS(120000));
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("6"));
    EXPECT_SHUT(r, BOT_GATE_ORDER_UNKNOWN);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_ORDER_LOST], 0);
    r->rest = RIG_REST_TRUE;
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    rig_for(r, RIG_MS(60000));
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("6")); /* they are all there, and known again */
    EXPECT_OPEN(r);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_SUBMIT], 6);
    rig_free(r);
}

TEST(scenario, s55_not_found_once_and_present_later_is_no_loss)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    rig_submit(r, 0, BOT_BUY, "1", "100", false, &id);
    rig_for(r, RIG_MS(100));
    r->orders_unknown = true;
    r->hide_list = true;
    ck_assert_int_eq(rig_cancel(r, &id), 0);
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_NOT_FOUND);
    rig_for(r, RIG_MS(5000));
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("1"));
    r->orders_unknown = r->hide_list = false;
    rig_for(r, RIG_MS(60000));
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("1"));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_ORDER_LOST], 0);
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    EXPECT_QTY(r, 0, "1");
    rig_free(r);
}

TEST(orders, a_bot_is_told_of_its_own_live_orders_and_of_how_many_there_are)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_event attach = { .kind = BOT_EV_ATTACH, .seq = BOT_SEQ_NONE, .attach = { .bot = 1, .scope = BOT_SCOPE_ACCOUNT, .sends_orders = true } };
    rig_step(r, &attach);
    bot_id ids[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(rig_submit(r, i / 2, i == 1 ? BOT_SELL : BOT_BUY, "2", i == 1 ? "110" : "90", false, &ids[i]), BOT_OK);
    rig_for(r, RIG_MS(500));
    bot_order_info seen[3] = { 0 };
    ck_assert_uint_eq(bot_core_orders(r->core, 0, NULL, 0), 3);
    ck_assert_uint_eq(bot_core_orders(r->core, 0, seen, 1), 3); /* counted beyond what there is room for, and not written */
    ck_assert_uint_eq(seen[1].client_id.len, 0);
    ck_assert_uint_eq(bot_core_orders(r->core, 1, seen, 3), 0);
    ck_assert_uint_eq(bot_core_orders(r->core, UINT32_MAX, seen, 3), 0); /* strangers' are nobody's */
    ck_assert_int_eq(rig_cancel(r, &ids[1]), BOT_OK);
    ck_assert_uint_eq(bot_core_orders(r->core, 0, seen, 3), 3);
    for (int i = 0; i < 3; i++) {
        int k = 0;
        while (k < 3 && memcmp(&seen[k].client_id, &ids[i], sizeof ids[i]) != 0) k++;
        ck_assert_int_lt(k, 3);
        const bot_symbol symbol = rig_symbol(i / 2);
        ck_assert(memcmp(&seen[k].instrument, &symbol, sizeof symbol) == 0 && seen[k].side == (i == 1 ? BOT_SELL : BOT_BUY));
        ck_assert(seen[k].qty.v == fixed_of("2") && seen[k].filled.v == 0 && seen[k].price.v == fixed_of(i == 1 ? "110" : "90"));
        ck_assert(seen[k].cancel_asked == (i == 1) && !seen[k].outcome_unknown && seen[k].type == BOT_LIMIT && seen[k].tif == BOT_GTC);
    }
    rig_trade(r, 0, &ids[0], BOT_BUY, "2", "90"); /* filled: not live any more, */
    rig_report(r, &ids[1], BOT_ORDER_CANCELED, "0"); /* nor is this one */
    ck_assert_uint_eq(bot_core_orders(r->core, 0, seen, 3), 1);
    ck_assert(memcmp(&seen[0].client_id, &ids[2], sizeof ids[2]) == 0);
    rig_free(r);
}
