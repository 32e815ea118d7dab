/* What an adversary found who read the core against its contract: each of these once passed. */
#include "rig.h"

#include <string.h>

#include "base/json.h"

static bot_id resting(struct rig *r, const char *qty, const char *price)
{
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, qty, price, false, &id), BOT_OK);
    rig_for(r, RIG_MS(100));
    return id;
}

/* A report of the stream without a time of the venue's. */
static void told(struct rig *r, const bot_id *id, bot_order_status status, const char *qty, const char *price)
{
    bot_event ev = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .has = BOT_HAS_QTY, .order = { .client_id = *id, .status = status } };
    ev.order.qty = dec_of(qty);
    if (price != NULL) {
        ev.has |= BOT_HAS_PRICE;
        ev.order.price = dec_of(price);
    }
    ck_assert_int_ge(rig_step(r, &ev), 0);
}

static bot_order_info info(const struct rig *r)
{
    bot_order_info o;
    ck_assert_uint_eq(bot_core_orders(r->core, 0, &o, 1), 1);
    return o;
}

static bot_i128 may_buy(const struct rig *r)
{
    bot_position p;
    rig_position(r, 0, &p);
    return p.working_buy.v;
}

/* ---- amends ---- */

/* A report of before the amend shows the same quantity and the old price. What rests is where it rests: a trade between the two prices
 * would be taken for one that went through our order. */
TEST(adversary, the_price_of_an_order_is_the_one_that_was_reported_last)
{
    struct rig *r = rig_started(NULL, "10");
    const bot_id id = resting(r, "2", "100");
    ck_assert_int_eq(rig_amend(r, &id, "0", "90"), BOT_OK);
    told(r, &id, BOT_ORDER_OPEN, "2", "100");
    ck_assert(info(r).price.v == fixed_of("100"));
    told(r, &id, BOT_ORDER_OPEN, "2", "90");
    ck_assert(info(r).price.v == fixed_of("90"));
    told(r, &id, BOT_ORDER_OPEN, "2", "0"); /* says nothing */
    ck_assert(info(r).price.v == fixed_of("90"));
    rig_free(r);
}

/* Somebody has switched the account to hedge mode and trades there. What that order fills moves no position of ours: counted, its room was
 * held for ever. */
TEST(adversary, an_order_of_the_other_position_mode_latches_and_holds_no_room)
{
    struct rig *r = rig_started(NULL, "10");
    bot_event ev = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .has = BOT_HAS_QTY | BOT_HAS_CUM_QTY };
    ev.order = (bot_ev_order){ .status = BOT_ORDER_OPEN, .side = BOT_SELL, .leg = BOT_LEG_SHORT, .type = BOT_LIMIT, .qty = dec_of("2"), .cum_qty = dec_of("0") };
    memcpy(ev.order.order_id.s, "H1", 2);
    ev.order.order_id.len = 2;
    (void)rig_step(r, &ev);
    EXPECT_SHUT(r, BOT_GATE_MODE);
    ev.order.status = BOT_ORDER_FILLED;
    ev.order.cum_qty = dec_of("2");
    (void)rig_step(r, &ev);
    for (bot_leg leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
        bot_position p;
        bot_core_position(r->core, 0, leg, &p);
        ck_assert(p.working_buy.v == 0 && p.working_sell.v == 0);
    }
    rig_rearm(r, BOT_GATE_MODE); /* it is switched back */
    rig_for(r, RIG_MS(10000));
    EXPECT_OPEN(r);
    rig_free(r);
}

/* The answer to an amend that a report has overtaken is not the answer to the next one. */
TEST(adversary, a_refusal_of_an_earlier_amend_gives_no_room_back)
{
    struct rig *r = rig_started(NULL, "10");
    const bot_id id = resting(r, "2", "100");
    r->auto_answer = false;
    ck_assert_int_eq(rig_amend(r, &id, "3", "0"), BOT_OK);
    const uint64_t first = r->last_request;
    told(r, &id, BOT_ORDER_OPEN, "3", NULL);
    ck_assert_int_eq(rig_amend(r, &id, "8", "0"), BOT_OK);
    const uint64_t second = r->last_request;
    rig_reply(r, first, &id, BOT_OUTCOME_REJECTED);
    ck_assert(may_buy(r) == fixed_of("8"));
    rig_reply(r, second, &id, BOT_OUTCOME_REJECTED);
    ck_assert(may_buy(r) == fixed_of("3"));
    rig_free(r);
}

/* Of an amend whose answer never came the larger quantity counts, and no other amend may follow. But not for ever: what the venue still
 * shows when it can carry out no such request any more is what holds. */
TEST(adversary, an_amend_that_never_arrived_is_given_up_when_it_cannot_arrive_any_more)
{
    struct rig *r = rig_started(NULL, "10");
    const bot_id id = resting(r, "2", "100");
    r->auto_answer = false;
    ck_assert_int_eq(rig_amend(r, &id, "8", "0"), BOT_OK);
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_TIMEOUT);
    rig_for(r, r->options.venue.absence_bound_ns - RIG_MS(500));
    ck_assert_msg(may_buy(r) == fixed_of("8"), "%s", rig_tail(r));
    ck_assert_int_eq(rig_amend(r, &id, "3", "0"), BOT_ERR_ORDER_STATE);
    rig_for(r, RIG_MS(70000));
    ck_assert_msg(may_buy(r) == fixed_of("2"), "%s", rig_tail(r));
    ck_assert_int_eq(rig_amend(r, &id, "3", "0"), BOT_OK);
    rig_free(r);
}

/* A list is of when it was asked for. Its rows may come behind the news of an amend, and not every venue says of when they are. */
TEST(adversary, a_list_of_before_an_amend_makes_no_room)
{
    struct rig *r = rig_started(NULL, "10");
    const bot_id id = resting(r, "2", "100");
    ck_assert_int_eq(rig_amend(r, &id, "8", "0"), BOT_OK);
    const uint32_t lists = r->reads[BOT_READ_OPEN_ORDERS];
    for (int i = 0; i < 40000 && r->reads[BOT_READ_OPEN_ORDERS] == lists; i++)
        rig_for(r, RIG_MS(1));
    ck_assert_uint_eq(r->reads[BOT_READ_OPEN_ORDERS], lists + 1); /* and its rows are on their way */
    rig_for(r, RIG_MS(5));
    told(r, &id, BOT_ORDER_OPEN, "8", NULL);
    r->orders[0].qty = fixed_of("8");
    rig_for(r, RIG_MS(100));
    ck_assert_msg(may_buy(r) == fixed_of("8"), "%s", rig_tail(r));
    rig_for(r, RIG_MS(35000)); /* the next one is news */
    ck_assert(may_buy(r) == fixed_of("8"));
    rig_free(r);
}

/* ---- lists ---- */

/* An order that was sent and acknowledged while a list was on its way cannot stand in it. */
TEST(adversary, an_order_younger_than_the_list_is_not_missing_from_it)
{
    struct rig *r = rig_started(NULL, "10");
    const uint32_t lists = r->reads[BOT_READ_OPEN_ORDERS];
    for (int i = 0; i < 40000 && r->reads[BOT_READ_OPEN_ORDERS] == lists; i++)
        rig_for(r, RIG_MS(1));
    rig_for(r, RIG_MS(1));
    r->auto_answer = false;
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &id), BOT_OK);
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_OK);
    told(r, &id, BOT_ORDER_OPEN, "2", NULL);
    rig_for(r, RIG_MS(500));
    ck_assert_msg(!info(r).outcome_unknown, "%s", rig_tail(r));
    rig_free(r);
}

/* "Not found", twice and long enough apart, is no proof while the list of open orders since the reconnect has not been read. */
TEST(adversary, an_order_is_not_proven_absent_without_a_list_since_the_reconnect)
{
    for (int hang = 0; hang < 2; hang++) {
        struct rig *r = rig_started(NULL, "10");
        r->auto_answer = false;
        bot_id id;
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &id), BOT_OK);
        rig_reply(r, r->last_request, &id, BOT_OUTCOME_TIMEOUT);
        r->orders_unknown = true;
        r->hang_orders = hang;
        rig_stream(r, BOT_STREAM_PRIVATE, false);
        rig_for(r, RIG_MS(100));
        rig_stream(r, BOT_STREAM_PRIVATE, true);
        rig_for(r, 4 * r->options.venue.absence_bound_ns);
        ck_assert_msg(may_buy(r) == (hang ? fixed_of("2") : 0), "%d\n%s", hang, rig_tail(r));
        rig_free(r);
    }
}

/* ---- ids ---- */

/* The venue remembers ids; so an id is of its run, of its bot, and of its number. */
TEST(adversary, client_ids_differ_by_run_by_bot_and_by_number)
{
    bot_core_options o;
    rig_options(&o);
    bot_id ids[4];
    for (int run = 0; run < 2; run++) {
        o.session_id = 1700000000000u + (unsigned)run;
        struct rig *r = rig_started(&o, "10");
        ids[2 * run] = bot_core_next_client_id(r->core, 0);
        ids[2 * run + 1] = bot_core_next_client_id(r->core, 1);
        bot_id sent;
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "99", "100", false, &sent), BOT_ERR_LIMIT_POSITION);
        ck_assert(bot__id_eq(&sent, &ids[2 * run]));
        const bot_id next = bot_core_next_client_id(r->core, 0);
        ck_assert(!bot__id_eq(&next, &sent)); /* though that one never left */
        rig_free(r);
    }
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < i; k++)
            ck_assert(!bot__id_eq(&ids[i], &ids[k]));
}

/* Some venues number the orders of each instrument from one. A person's order with the number of ours is not ours, nor is its fill. */
TEST(adversary, an_order_of_another_instrument_with_the_same_number_is_another_order)
{
    struct rig *r = rig_started(NULL, "10");
    const bot_id id = resting(r, "2", "100"); /* on instrument 0 */
    bot_event ev = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(1), .has = BOT_HAS_QTY | BOT_HAS_CUM_QTY };
    ev.order = (bot_ev_order){ .order_id = r->orders[0].order_id, .status = BOT_ORDER_OPEN, .side = BOT_BUY, .leg = BOT_LEG_NET, .type = BOT_LIMIT,
                               .qty = dec_of("3"), .cum_qty = dec_of("0") };
    bot__id_set(&ev.order.client_id, "web-1", 5);
    ck_assert_int_ge(rig_step(r, &ev), 0);
    bot_position p;
    rig_position(r, 1, &p);
    ck_assert(p.working_buy.v == fixed_of("3"));
    bot_event fill = rig_fill_event(r, 1, "X900", NULL, r->orders[0].order_id.s, BOT_BUY, "1", "100");
    fill.seq = ++r->seq[1];
    r->qty[1] = fixed_of("1");
    ck_assert_int_eq(rig_step(r, &fill), 1);
    ck_assert(may_buy(r) == fixed_of("2")); /* ours is where it was */
    rig_position(r, 1, &p);
    ck_assert(p.qty.v == fixed_of("1") && p.working_buy.v == fixed_of("2"));
    bot_core_bot_position(r->core, 0, 1, BOT_LEG_NET, &p);
    ck_assert(p.qty.v == 0); /* and not the bot's doing */

    fill = rig_fill_event(r, 0, "X901", &id, r->orders[0].order_id.s, BOT_SELL, "1", "100"); /* a sale of a buy */
    fill.seq = ++r->seq[0];
    r->qty[0] = fixed_of("-1");
    ck_assert_int_eq(rig_step(r, &fill), 1);
    ck_assert(may_buy(r) == fixed_of("2"));
    rig_free(r);
}

/* ---- answers ---- */

/* An error answer is one witness; the venue's own report of the order is the better one, whichever came first. */
TEST(adversary, an_error_answer_ends_no_order_that_was_reported_open)
{
    struct rig *r = rig_started(NULL, "10");
    r->auto_answer = false;
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &id), BOT_OK);
    told(r, &id, BOT_ORDER_OPEN, "2", NULL);
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_REJECTED);
    ck_assert(may_buy(r) == fixed_of("2"));
    rig_free(r);
}

/* A storm is one reject after another. */
TEST(adversary, rejects_with_orders_taken_between_are_no_storm)
{
    struct rig *r = rig_started(NULL, "10");
    r->auto_answer = false;
    for (uint32_t i = 0; i < 3 * r->options.rejects_max; i++) {
        bot_id id;
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "0.1", "100", false, &id), BOT_OK);
        if (i % 10 == 9)
            told(r, &id, BOT_ORDER_OPEN, "0.1", NULL);
        else
            rig_reply(r, r->last_request, &id, BOT_OUTCOME_REJECTED);
    }
    EXPECT_OPEN(r);
    rig_free(r);
}

/* A report that was long on its way tells of fills that are older than the newest one that we know: they are asked for from their own
 * time on. */
TEST(adversary, what_a_late_report_tells_of_is_asked_for_from_its_own_time)
{
    struct rig *r = rig_started(NULL, "10");
    const bot_id id = resting(r, "2", "100");
    const int64_t then = r->wall_ns;
    rig_for(r, RIG_MS(600000));
    rig_trade(r, 1, NULL, BOT_BUY, "1", "100"); /* news of now */
    rig_for(r, RIG_MS(1000));
    bot_event ev = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .venue_ns = then, .instrument = rig_symbol(0), .has = BOT_HAS_QTY | BOT_HAS_CUM_QTY };
    ev.order = (bot_ev_order){ .client_id = id, .status = BOT_ORDER_PARTIALLY_FILLED, .qty = dec_of("2"), .cum_qty = dec_of("1") };
    r->fills_from_ns = 0;
    ck_assert_int_ge(rig_step(r, &ev), 0);
    rig_for(r, RIG_MS(5000));
    ck_assert_msg(r->fills_from_ns != 0 && r->fills_from_ns <= then, "%s", rig_tail(r));
    rig_free(r);
}

/* ---- what is taken into use ---- */

/* An instrument that becomes known while the gate is open: nobody has compared what we hold of it with anything. */
TEST(adversary, an_instrument_taken_into_use_is_proven_before_it_is_traded)
{
    struct rig *r = rig_new(NULL);
    r->qty[1] = fixed_of("8"); /* a person's: its rows are of an instrument that nobody knows */
    r->seq[1] = 5;
    bot_event ev = { .kind = BOT_EV_ATTACH, .seq = BOT_SEQ_NONE, .attach = { .bot = 0, .sends_orders = true } };
    ck_assert_int_eq(rig_step(r, &ev), 0);
    for (int i = 0; i < 2; i++) {
        ev = (bot_event){ .kind = BOT_EV_LIMITS, .seq = BOT_SEQ_NONE };
        ev.limits = (bot_ev_limits){ .bot = 0, .instrument = rig_symbol(i), .limits = { .position_max = { fixed_of("10") } } };
        ck_assert_int_eq(rig_step(r, &ev), 0);
    }
    for (int i = 0; i < 2; i++) {
        ev = (bot_event){ .kind = BOT_EV_INSTRUMENT, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(i) };
        ev.inst = (bot_ev_instrument){ .contract = BOT_LINEAR, .tradable = true, .tick = dec_of("0.1"), .lot = dec_of("0.01"), .multiplier = dec_of("1") };
        bot__currency_set(&ev.inst.settle, "USDT", 4);
        ck_assert_int_eq(rig_step(r, &ev), i);
        if (i == 1)
            break;
        rig_stream(r, BOT_STREAM_PUBLIC, true);
        rig_stream(r, BOT_STREAM_PRIVATE, true);
        rig_for(r, RIG_MS(5000));
        ck_assert_msg(rig_open(r), "%s", rig_tail(r)); /* for what is known */
        ck_assert_int_eq(rig_submit(r, 1, BOT_BUY, "5", "100", false, NULL), BOT_ERR_INSTRUMENT);
    }
    ck_assert_int_eq(rig_submit(r, 1, BOT_BUY, "5", "100", false, NULL), BOT_ERR_GATE_SHUT);
    rig_for(r, RIG_MS(30000));
    ck_assert_int_lt(rig_submit(r, 1, BOT_BUY, "5", "100", false, NULL), 0); /* a person must say whose it is */
    ck_assert_uint_gt(r->alerts[BOT_ALERT_DRIFT], 0);
    rig_free(r);
}

/* One that was seen to be flat may be traded at once: reads go on covering what nobody trades. */
TEST(adversary, what_was_seen_flat_lately_is_taken_into_use_without_a_pause)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, NULL);
    ck_assert(rig_open(r));
    bot_event ev = { .kind = BOT_EV_LIMITS, .seq = BOT_SEQ_NONE };
    ev.limits = (bot_ev_limits){ .bot = 0, .instrument = rig_symbol(1), .limits = { .position_max = { fixed_of("10") } } };
    ck_assert_int_eq(rig_step(r, &ev), 0);
    ck_assert_msg(rig_open(r), "%s", rig_tail(r));
    ck_assert_int_eq(rig_submit(r, 1, BOT_BUY, "5", "100", false, NULL), BOT_OK);
    rig_free(r);
}

/* A row whose size does not fit our numbers is no missing row: left out, it would agree with flat. */
TEST(adversary, a_position_that_does_not_fit_our_numbers_is_no_agreement_with_flat)
{
    struct rig *r = rig_started(NULL, "10");
    const uint32_t agreed = r->verdicts[BOT_VERDICT_AGREE];
    r->unfit_row = true;
    rig_for(r, RIG_MS(90000));
    ck_assert_uint_le(r->verdicts[BOT_VERDICT_AGREE], agreed + 2); /* of the read that was under way */
    ck_assert_uint_ne(rig_reasons(r) & BOT_GATE_RECONCILED, 0);
    ck_assert_uint_gt(r->verdicts[BOT_VERDICT_PARTIAL], 0);
    r->unfit_row = false;
    rig_for(r, RIG_MS(15000));
    ck_assert_msg(rig_open(r), "%s", rig_tail(r));
    rig_free(r);
}

/* ---- verdicts ---- */

/* What we held is an explanation for an old answer for as long as venues have been seen to be old, and no longer. */
TEST(adversary, a_number_of_before_the_stale_window_is_drift)
{
    bot_core_options o;
    rig_options(&o);
    o.venue.has_position_seq = false;
    for (int late = 0; late < 2; late++) {
        struct rig *r = rig_new(&o);
        r->rest_seq = r->rest_times = false;
        rig_start(r, "10");
        bot_id id = resting(r, "3", "100");
        rig_trade(r, 0, &id, BOT_BUY, "1", "100");
        rig_for(r, RIG_MS(5000));
        rig_trade(r, 0, &id, BOT_BUY, "1", "100");
        rig_run(r, r->now + o.stale_window_ns + (late ? RIG_MS(5000) : -RIG_MS(20000)));
        r->qty[0] = fixed_of("1");
        rig_for(r, RIG_MS(10000));
        ck_assert_msg((r->verdicts[BOT_VERDICT_DRIFT] != 0) == late && (r->verdicts[BOT_VERDICT_STALE] != 0) == !late, "%d\n%s", late, rig_tail(r));
        rig_free(r);
    }
}

/* A start upon a position that somebody closes while it is being looked at: our path begins at a flat that never was, and the venue's
 * flat of now is no old answer because of that. */
TEST(adversary, a_start_in_the_noise_is_taken_up_when_it_is_quiet)
{
    bot_core_options o;
    rig_options(&o);
    o.start_adopt = true;
    o.venue.has_position_seq = false;
    struct rig *r = rig_new(&o);
    r->rest_seq = r->rest_times = false;
    r->qty[0] = fixed_of("3");
    bot_event ev = { .kind = BOT_EV_ATTACH, .seq = BOT_SEQ_NONE, .attach = { .bot = 0, .sends_orders = true } };
    ck_assert_int_eq(rig_step(r, &ev), 0);
    ev = (bot_event){ .kind = BOT_EV_INSTRUMENT, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0) };
    ev.inst = (bot_ev_instrument){ .contract = BOT_LINEAR, .tradable = true, .tick = dec_of("0.1"), .lot = dec_of("0.01"), .multiplier = dec_of("1") };
    bot__currency_set(&ev.inst.settle, "USDT", 4);
    ck_assert_int_eq(rig_step(r, &ev), 0);
    ev = (bot_event){ .kind = BOT_EV_LIMITS, .seq = BOT_SEQ_NONE };
    ev.limits = (bot_ev_limits){ .bot = 0, .instrument = rig_symbol(0), .limits = { .position_max = { fixed_of("10") } } };
    ck_assert_int_eq(rig_step(r, &ev), 0);
    rig_stream(r, BOT_STREAM_PUBLIC, true);
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    rig_for(r, RIG_MS(10)); /* the first answer, of 3, is on its way */
    rig_trade(r, 0, NULL, BOT_SELL, "3", "100");
    rig_for(r, RIG_MS(30000));
    ck_assert_msg(rig_qty(r, 0) == 0, "%s", rig_tail(r));
    ck_assert_msg(rig_open(r), "%s", rig_tail(r));
    rig_free(r);
}

/* Before the proof two answers contradicted each other. The one that agrees may be the one that is wrong: once is not enough. */
TEST(adversary, a_start_that_was_disputed_opens_on_no_single_agreement)
{
    struct rig *r = rig_new(NULL);
    r->qty[0] = fixed_of("3");
    r->seq[0] = 900;
    rig_start(r, "10");
    EXPECT_SHUT(r, BOT_GATE_STARTUP);
    bot_event late = rig_fill_event(r, 0, "late", NULL, "stranger", BOT_BUY, "3", "100"); /* the stream knew it all along */
    late.seq = 900;
    late.venue_ns -= 60 * BOT_NS_PER_S;
    ck_assert_int_eq(rig_step(r, &late), 1);
    const uint32_t reads = r->reads[BOT_READ_POSITIONS];
    for (int i = 0; i < 30000 && !rig_open(r); i++)
        rig_for(r, RIG_MS(1));
    EXPECT_OPEN(r);
    ck_assert(rig_qty(r, 0) == fixed_of("3"));
    ck_assert_msg(r->reads[BOT_READ_POSITIONS] - reads >= 2, "%u\n%s", r->reads[BOT_READ_POSITIONS] - reads, rig_tail(r));
    rig_free(r);
}

/* An agreement says what it rests on: the entry price only where it is ours, too. */
TEST(adversary, an_agreement_names_the_entry_price_only_when_it_agrees)
{
    struct rig *r = rig_started(NULL, "10");
    bot_id id = resting(r, "2", "100");
    rig_trade(r, 0, &id, BOT_BUY, "1", "100");
    rig_trade(r, 0, &id, BOT_BUY, "1", "101");
    r->entry[0].v = fixed_of("100.5");
    rig_for(r, RIG_MS(10000));
    ck_assert_uint_ne(r->evidence & BOT_EVIDENCE_ENTRY, 0);
    r->entry[0].v = fixed_of("100.6");
    rig_for(r, RIG_MS(10000));
    ck_assert_uint_eq(r->evidence & BOT_EVIDENCE_ENTRY, 0);
    ck_assert_uint_ne(r->evidence & BOT_EVIDENCE_QTY, 0);
    rig_free(r);
}

/* The fills that are inside a number taken over are not waited for besides: their room would be held for ever. */
TEST(adversary, an_adopted_position_holds_no_room_for_the_fills_inside_it)
{
    struct rig *r = rig_started(NULL, "10");
    const bot_id id = resting(r, "5", "100");
    r->hide_fills = true;
    rig_trade(r, 0, &id, BOT_BUY, "2", "100");
    r->fills_n = 0; /* the history has lost it as well */
    rig_report(r, &id, BOT_ORDER_PARTIALLY_FILLED, "2");
    rig_for(r, RIG_MS(20000));
    EXPECT_SHUT(r, BOT_GATE_DRIFT);
    ck_assert(may_buy(r) == fixed_of("5"));
    rig_rearm(r, BOT_GATE_DRIFT);
    for (int i = 0; i < 100 && r->alerts[BOT_ALERT_ADOPTED] == 0; i++)
        rig_for(r, RIG_MS(100));
    ck_assert_msg(rig_qty(r, 0) == fixed_of("2"), "%s", rig_tail(r));
    ck_assert_msg(may_buy(r) == fixed_of("3"), "%s", rig_tail(r));
    rig_free(r);
}

/* ---- limits ---- */

TEST(adversary, a_limit_that_waits_for_its_instrument_is_not_loosened_in_silence_either)
{
    struct rig *r = rig_new(NULL);
    bot_event ev = { .kind = BOT_EV_ATTACH, .seq = BOT_SEQ_NONE, .attach = { .bot = 0, .sends_orders = true } };
    ck_assert_int_eq(rig_step(r, &ev), 0);
    ev = (bot_event){ .kind = BOT_EV_LIMITS, .seq = BOT_SEQ_NONE };
    ev.limits = (bot_ev_limits){ .bot = 0, .instrument = rig_symbol(0), .limits = { .position_max = { fixed_of("2") } } };
    ck_assert_int_eq(rig_step(r, &ev), 0);
    ev.limits.limits.position_max.v = fixed_of("20");
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_STATE);
    ev.limits.limits.position_max.v = fixed_of("1");
    ck_assert_int_eq(rig_step(r, &ev), 0);
    ev.limits.limits.position_max.v = fixed_of("3");
    ev.limits.loosen = true;
    ck_assert_int_eq(rig_step(r, &ev), 0);
    rig_start(r, "3"); /* not looser than what holds */
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "3.01", "100", false, NULL), BOT_ERR_LIMIT_POSITION);
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "3", "100", false, NULL), BOT_OK);
    rig_free(r);
}

/* What passes a shut gate because it only reduces does so by what we know, and why the gate is shut may be what we do not know: a person
 * may have closed it already. So the venue is told to see to it. */
TEST(adversary, an_exit_through_a_shut_gate_cannot_overshoot_at_the_venue)
{
    for (int has = 0; has < 2; has++) {
        bot_core_options o;
        rig_options(&o);
        o.venue.has_reduce_only = has;
        struct rig *r = rig_started(&o, "10");
        bot_id id = resting(r, "2", "100");
        rig_trade(r, 0, &id, BOT_BUY, "2", "100");
        rig_for(r, RIG_MS(5000));
        ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "0.5", "100", false, NULL), BOT_OK);
        ck_assert(!r->last_order.reduce_only);
        rig_stream(r, BOT_STREAM_PRIVATE, false);
        ck_assert(!rig_open(r));
        ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "1", "100", false, NULL), BOT_OK);
        ck_assert(r->last_order.reduce_only == has);
        rig_free(r);
    }
}

/* ---- orders that should be gone ---- */

static void kill_now(struct rig *r)
{
    bot_event ev = { .kind = BOT_EV_KILL, .seq = BOT_SEQ_NONE };
    ck_assert_int_ge(rig_step(r, &ev), 0);
}

/* A cancel that overtakes its order finds nothing, and the order rests from then on. A kill does not end with having asked. */
TEST(adversary, a_kill_cancels_again_what_turns_out_to_live)
{
    struct rig *r = rig_started(NULL, "10");
    r->auto_answer = false;
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &id), BOT_OK);
    const uint64_t submitted = r->last_request;
    kill_now(r);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_CANCEL], 1);
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_NOT_FOUND);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_CANCEL], 1); /* nothing says that it lives */
    rig_reply(r, submitted, &id, BOT_OUTCOME_OK);
    told(r, &id, BOT_ORDER_OPEN, "2", NULL);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_CANCEL], 2);
    told(r, &id, BOT_ORDER_OPEN, "2", NULL);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_CANCEL], 2); /* that one is on its way */
    ck_assert(may_buy(r) == fixed_of("2"));
    told(r, &id, BOT_ORDER_CANCELED, "2", NULL);
    ck_assert(may_buy(r) == 0);
    rig_free(r);
}

/* Nor with a venue that takes the cancel and forgets it, or refuses it in an overload; but asking does not become a storm. */
TEST(adversary, a_cancel_all_that_the_venue_forgets_is_repeated_and_never_a_storm)
{
    for (int refused = 0; refused < 2; refused++) {
        struct rig *r = rig_started(NULL, "10");
        const bot_id id = resting(r, "2", "100");
        r->auto_answer = false;
        bot_event ev = { .kind = BOT_EV_CANCEL_ALL, .seq = BOT_SEQ_NONE, .cancel = { .bot = 0 } };
        ck_assert_int_eq(rig_step(r, &ev), 1);
        for (int s = 0; s < 300; s++) {
            static uint32_t sent;
            if (s == 0)
                sent = 0;
            if (r->sends[BOT_REQUEST_CANCEL] != sent)
                rig_reply(r, r->last_request, &id, refused ? BOT_OUTCOME_REJECTED : BOT_OUTCOME_OK);
            sent = r->sends[BOT_REQUEST_CANCEL];
            rig_for(r, RIG_MS(1000));
        }
        ck_assert_msg(r->sends[BOT_REQUEST_CANCEL] >= 5, "%u\n%s", r->sends[BOT_REQUEST_CANCEL], rig_tail(r));
        ck_assert_msg(r->sends[BOT_REQUEST_CANCEL] <= 75, "%u\n%s", r->sends[BOT_REQUEST_CANCEL], rig_tail(r)); /* 300 s */
        ck_assert_int_eq(rig_amend(r, &id, "1", "0"), BOT_ERR_ORDER_STATE); /* what is to be gone is not changed */
        rig_free(r);
    }
}

/* A strategy's own cancel is its own: it is told, and may want the order meanwhile. */
TEST(adversary, a_single_cancel_that_is_refused_is_not_repeated)
{
    struct rig *r = rig_started(NULL, "10");
    const bot_id id = resting(r, "2", "100");
    r->auto_answer = false;
    ck_assert_int_eq(rig_cancel(r, &id), BOT_OK);
    rig_reply(r, r->last_request, &id, BOT_OUTCOME_REJECTED);
    rig_for(r, RIG_MS(60000));
    ck_assert_uint_eq(r->sends[BOT_REQUEST_CANCEL], 1);
    ck_assert(!info(r).cancel_asked);
    rig_free(r);
}

/* bitFlyer takes a cancel and says on the stream that it failed. */
TEST(adversary, a_cancel_that_the_stream_says_has_failed_may_be_asked_for_again)
{
    struct rig *r = rig_started(NULL, "10");
    const bot_id id = resting(r, "2", "100");
    ck_assert_int_eq(rig_cancel(r, &id), BOT_OK);
    rig_for(r, RIG_MS(100));
    ck_assert(info(r).cancel_asked);
    bot_event ev = { .kind = BOT_EV_ACK, .source = BOT_SOURCE_WS_PRIVATE, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0) };
    ev.ack.order_id = r->orders[0].order_id;
    ck_assert_int_eq(rig_step(r, &ev), 1);
    ck_assert(!info(r).cancel_asked && may_buy(r) == fixed_of("2"));
    const uint32_t asked = r->reads[BOT_READ_ORDER];
    rig_for(r, RIG_MS(3000));
    ck_assert_uint_gt(r->reads[BOT_READ_ORDER], asked); /* why: filled, gone? */
    rig_free(r);
}

/* A strategy's cancel that the venue forgot, and then the gate shuts with a policy to cancel: that it was asked for once does not spare it. */
TEST(adversary, a_shut_gate_cancels_what_a_forgotten_cancel_left)
{
    bot_core_options o;
    rig_options(&o);
    o.shut_policy = BOT_SHUT_CANCEL_ALL;
    struct rig *r = rig_started(&o, "10");
    const bot_id id = resting(r, "2", "100");
    ck_assert_int_eq(rig_cancel(r, &id), BOT_OK);
    rig_for(r, RIG_MS(20000));
    ck_assert_uint_eq(r->sends[BOT_REQUEST_CANCEL], 1);
    bot_event ev = { .kind = BOT_EV_LEADER, .seq = BOT_SEQ_NONE };
    rig_step(r, &ev);
    rig_for(r, RIG_MS(40000)); /* the next list shows it */
    ck_assert_uint_ge(r->sends[BOT_REQUEST_CANCEL], 2);
    rig_free(r);
}

/* One of ours that a crash had forgotten, met under a kill. A person's is left alone. */
TEST(adversary, a_kill_covers_orders_of_ours_that_are_met_later)
{
    struct rig *r = rig_started(NULL, "10");
    kill_now(r);
    r->auto_answer = false;
    bot_event ev = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .has = BOT_HAS_QTY | BOT_HAS_CUM_QTY };
    ev.order = (bot_ev_order){ .status = BOT_ORDER_OPEN, .side = BOT_BUY, .leg = BOT_LEG_NET, .type = BOT_LIMIT, .qty = dec_of("1"), .cum_qty = dec_of("0") };
    bot__id_set(&ev.order.order_id, "V900", 4);
    bot__id_set(&ev.order.client_id, "web-9", 5);
    ck_assert_int_ge(rig_step(r, &ev), 0);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_CANCEL], 0);
    bot__id_set(&ev.order.order_id, "V901", 4);
    ev.order.client_id = bot_core_next_client_id(r->core, 0);
    ck_assert_int_ge(rig_step(r, &ev), 0);
    ck_assert_uint_eq(r->sends[BOT_REQUEST_CANCEL], 1);
    rig_free(r);
}

/* ---- payments ---- */

TEST(adversary, a_payment_that_comes_again_with_another_amount_is_told)
{
    struct rig *r = rig_started(NULL, "10");
    bot_event ev = { .kind = BOT_EV_FUNDING, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .source = BOT_SOURCE_WS_PRIVATE, .venue_ns = r->wall_ns };
    bot__id_set(&ev.funding.exec_id, "F1", 2);
    bot__currency_set(&ev.funding.currency, "USDT", 4);
    ev.funding.amount = dec_of("1.5");
    ck_assert_int_ge(rig_step(r, &ev), 0);
    ck_assert_int_eq(rig_step(r, &ev), 0);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_FILL_CONFLICT], 0);
    ev.funding.amount = dec_of("-1.5");
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_CONFLICT);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_FILL_CONFLICT], 1);
    ck_assert_int_lt(rig_step(r, &ev), 1);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_FILL_CONFLICT], 1);
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.funding.v == fixed_of("1.5"));
    rig_free(r);
}

/* ---- contracts ---- */

static int instrument_row(struct rig *r, const char *multiplier)
{
    bot_event ev = { .kind = BOT_EV_INSTRUMENT, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0) };
    ev.inst = (bot_ev_instrument){ .contract = BOT_LINEAR, .tradable = true, .tick = dec_of("0.1"), .lot = dec_of("0.01"), .multiplier = dec_of(multiplier) };
    bot__currency_set(&ev.inst.settle, "USDT", 4);
    bot__currency_set(&ev.inst.quote, "USDT", 4);
    return rig_step(r, &ev);
}

/* A venue makes ten contracts of one, or one of ten: a limit of ten would let a tenth, or ten times, of what was meant. */
TEST(adversary, a_contract_of_another_worth_lets_only_exits_through_and_is_told_once)
{
    struct rig *r = rig_started(NULL, "10");
    rig_trade(r, 0, NULL, BOT_BUY, "3", "100");
    rig_for(r, RIG_MS(15000));
    ck_assert_msg(rig_open(r), "%s", rig_tail(r));
    ck_assert_int_eq(instrument_row(r, "0.1"), BOT_ERR_CONFLICT);
    ck_assert_int_eq(instrument_row(r, "0.1"), BOT_ERR_CONFLICT);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_CONTRACT], 1);
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), BOT_ERR_INSTRUMENT);
    ck_assert_ptr_nonnull(strstr(bot_core_last_refusal(r->core)->detail, "worth"));
    ck_assert_int_eq(rig_submit(r, 1, BOT_BUY, "1", "100", false, &id), BOT_OK); /* another instrument */
    ck_assert_int_eq(rig_submit(r, 0, BOT_SELL, "3", "100", false, &id), BOT_OK);
    ck_assert_int_eq(instrument_row(r, "1"), 0);
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), BOT_OK);
    rig_free(r);
}
