/* What seeded worlds found (tests/dst), each as the short story that it is. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sign.h"
#include "rig.h"
#include "session/session.h"

static bot_id order(struct rig *r, bot_side side, const char *qty)
{
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, side, qty, "100", false, &id), BOT_OK);
    rig_for(r, RIG_MS(100));
    return id;
}

/* An order trades, its end is told, the fill is not. */
static void lose_fill(struct rig *r, bot_side side, const char *qty)
{
    const bot_id id = order(r, side, qty);
    r->hide_fills = true;
    rig_trade(r, 0, &id, side, qty, "100");
    r->hide_fills = false;
    rig_report(r, &id, BOT_ORDER_FILLED, qty);
}

TEST(found, lost_fills_that_cancel_out_are_fetched_and_free_their_room)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    lose_fill(r, BOT_BUY, "2");
    lose_fill(r, BOT_SELL, "2");
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == fixed_of("2") && p.working_sell.v == fixed_of("2"), "reported and not seen: room is held");
    rig_for(r, RIG_MS(10000));
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == 0 && p.working_sell.v == 0, "%s", rig_tail(r));
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    ck_assert_uint_eq(stats.fills_applied, 2);
    ck_assert_uint_eq(stats.backfilled_fills, 2);
    ck_assert(rig_open(r));
    rig_free(r);
}

TEST(found, fills_that_the_history_never_lists_do_not_hold_room_for_ever_nor_are_asked_for_in_a_loop)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    lose_fill(r, BOT_BUY, "2");
    lose_fill(r, BOT_SELL, "2");
    r->fills_n = 0;
    const uint32_t before = r->reads[BOT_READ_FILLS];
    rig_for(r, RIG_MS(60000));
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == fixed_of("2"), "not given up so soon");
    rig_for(r, RIG_MS(600000));
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == 0 && p.working_sell.v == 0, "%s", rig_tail(r));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_ORDER_LOST], 2);
    ck_assert_uint_le(r->reads[BOT_READ_FILLS] - before, 20);
    rig_free(r);
}

TEST(found, a_cold_start_on_a_position_that_is_closed_before_a_person_looked_can_be_accepted)
{
    struct rig *r = rig_new(NULL);
    r->qty[0] = fixed_of("3");
    r->seq[0] = 900;
    rig_start(r, "10");
    rig_for(r, RIG_MS(20000));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_START_POSITION], 1);
    rig_trade(r, 0, NULL, BOT_SELL, "3", "100"); /* ours says -3 now, the venue says flat, as ours did before */
    rig_for(r, RIG_MS(20000));
    ck_assert(!rig_open(r));
    rig_rearm(r, BOT_GATE_STARTUP);
    rig_for(r, RIG_MS(20000));
    ck_assert_msg(rig_open(r), "%s", rig_tail(r));
    ck_assert(rig_qty(r, 0) == 0);
    rig_free(r);
}

TEST(found, a_persons_word_ends_a_drift_that_came_back_to_a_number_of_before)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    r->hide_fills = true;
    rig_trade(r, 0, NULL, BOT_SELL, "3", "100");
    r->hide_fills = false;
    r->fills_n = 0; /* nor does the history tell of it */
    rig_for(r, RIG_MS(40000));
    ck_assert_msg((rig_reasons(r) & BOT_GATE_DRIFT) != 0, "%s", rig_tail(r));
    rig_trade(r, 0, NULL, BOT_BUY, "3", "100"); /* ours says 3 now, the venue is flat, as both were at the beginning */
    rig_for(r, RIG_MS(20000));
    r->trace_len = 0;
    rig_rearm(r, BOT_GATE_DRIFT);
    rig_for(r, RIG_MS(20000));
    ck_assert_msg(rig_open(r) && rig_qty(r, 0) == 0, "%s", rig_tail(r));
    rig_free(r);
}

struct asked {
    uint32_t n;
    bot_symbol instrument;
    bot_id id;
};

static bool older(void *user_data, const bot_exec_key *exec)
{
    struct asked *a = user_data;
    a->n++;
    a->instrument = exec->instrument;
    a->id = exec->exec_id;
    return true;
}

TEST(found, a_funding_row_after_the_table_of_ids_has_turned_over_is_asked_about_by_its_instrument)
{
    bot_core_options o;
    struct asked asked = { 0 };
    rig_options(&o);
    o.fills_seen_max = 16;
    o.older_fill = older;
    o.user_data = &asked;
    struct rig *r = rig_new(&o);
    rig_start(r, "100");
    for (int i = 0; i < 40; i++)
        rig_trade(r, 0, NULL, i % 2 == 0 ? BOT_BUY : BOT_SELL, "1", "100");
    bot_event ev = rig_fill_event(r, 0, "F1", NULL, "V", BOT_BUY, "1", "100");
    const int64_t venue_ns = ev.venue_ns;
    ev = (bot_event){ .kind = BOT_EV_FUNDING, .venue_ns = venue_ns, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0) };
    bot__id_set(&ev.funding.exec_id, "fund-1", 6);
    ck_assert_int_eq(bot_dec_parse("0.5", 3, &ev.funding.amount), BOT_OK);
    asked.n = 0;
    rig_step(r, &ev);
    ck_assert_uint_eq(asked.n, 1);
    ck_assert_str_eq(asked.instrument.s, "BTCUSDT");
    ck_assert_str_eq(asked.id.s, "fund-1");
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert_msg(p.funding.v == 0, "counted before, as the journal says");
    rig_free(r);
}

/* ---- a process that starts again ------------------------------------------------------------------------------------ */

static int no_open(void *self, bot_stream stream, const char *url) { (void)self, (void)stream, (void)url; return 0; }
static int no_send(void *self, bot_stream stream, const char *text, size_t len) { (void)self, (void)stream, (void)text, (void)len; return 0; }
static int no_ping(void *self, bot_stream stream) { (void)self, (void)stream; return 0; }
static void no_close(void *self, bot_stream stream) { (void)self, (void)stream; }
static int no_http(void *self, uint64_t id, const char *url, const struct venue_http *http, bot_ts deadline)
{
    (void)self, (void)id, (void)url, (void)http, (void)deadline;
    return 0;
}
static void no_cancel(void *self, uint64_t id) { (void)self, (void)id; }
static void no_timer(void *self, bot_ts at) { (void)self, (void)at; }
static void no_effect(void *self, const bot_effect *e) { (void)self, (void)e; }

TEST(found, a_restart_is_not_held_shut_by_what_the_monitors_and_the_journal_of_the_last_run_said)
{
    struct bot__signer *signer = bot__signer_new("secret", 6);
    struct session_options so = { .venue = bot__venue_find("bybit"), .rest_url = "https://x", .private_url = "wss://x", .public_url = "wss://x",
                                  .instruments_n = 1, .public_data = true, .monitors = true, .rate_alarms_per_day = 1, .instruments = { rig_symbol(0) } };
    so.keys = (struct venue_keys){ .key = "key", .passphrase = "", .signer = signer };
    bot_core_options_init(&so.core);
    so.core.instruments_max = 8;
    so.core.session_id = 1;
    const size_t size = bot__session_size(&so);
    ck_assert_uint_gt(size, 0);
    void *memory = aligned_alloc(64, (size + 63) & ~(size_t)63);
    memset(memory, 0, (size + 63) & ~(size_t)63);
    const struct session_host host = { .effect = no_effect };
    const struct transport out = { .ws_open = no_open, .ws_send = no_send, .ws_ping = no_ping, .ws_close = no_close,
                                   .http_start = no_http, .http_cancel = no_cancel, .timer = no_timer };
    struct session_time t = { BOT_NS_PER_S, INT64_C(1700000000) * BOT_NS_PER_S };
    struct session *s = bot__session_init(memory, &so, &out, &host, t);
    ck_assert_ptr_nonnull(s);
    bot_event ev = { .kind = BOT_EV_JOURNAL, .ts = t.now, .seq = BOT_SEQ_NONE };
    bot__session_replay(s, &ev);
    for (int m = 0; m < BOT_MONITOR_COUNT; m++) {
        ev = (bot_event){ .kind = BOT_EV_MONITOR, .ts = t.now, .seq = BOT_SEQ_NONE, .monitor = { .monitor = (bot_monitor)m } };
        bot__session_replay(s, &ev);
    }
    const uint32_t told = BOT_GATE_JOURNAL | BOT_GATE_TRADE_RATE | BOT_GATE_FEED_LAG | BOT_GATE_ACK_TIME | BOT_GATE_PRIVATE_SILENT |
                          BOT_GATE_FEED_PARTIAL | BOT_GATE_VENUE_STATUS;
    bot_gate_state state;
    bot_core_gate_state(bot__session_core(s), t.now, &state);
    ck_assert_uint_eq(state.reasons & told, told);
    t.now += BOT_NS_PER_S;
    bot__session_start(s, t);
    bot_core_gate_state(bot__session_core(s), t.now, &state);
    ck_assert_uint_eq(state.reasons & told, 0);
    ck_assert_uint_ne(state.reasons, 0); /* nothing is proven yet */
    bot__session_stop(s);
    bot__signer_free(signer);
    free(memory);
}

TEST(found, sequences_that_begin_anew_do_not_hide_fills_behind_an_adopted_position)
{
    bot_core_options o;
    rig_options(&o);
    o.start_adopt = true;
    struct rig *r = rig_new(&o);
    r->qty[0] = fixed_of("3");
    r->seq[0] = 1000000;
    r->venue_clock = true;
    rig_start(r, "10");
    ck_assert(rig_open(r));
    rig_for(r, RIG_MS(60000));
    /* Right after maintenance, and when the new numbers come near the old ones. */
    static const int64_t seqs[] = { 1, 400000, 700000, 999000 };
    for (int i = 0; i < 4; i++) {
        r->seq[0] = seqs[i];
        rig_trade(r, 0, NULL, BOT_BUY, "1", "100");
        ck_assert_msg(rig_qty(r, 0) == r->qty[0], "sequence %lld: %s", (long long)seqs[i], rig_tail(r));
    }
    rig_free(r);
}

TEST(found, sequences_that_begin_anew_just_below_do_not_make_every_answer_old)
{
    struct rig *r = rig_new(NULL);
    r->rest_times = true;
    r->seq[0] = 900;
    rig_start(r, "10");
    rig_trade(r, 0, NULL, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(10000));
    ck_assert(rig_open(r));
    /* Numbers begin anew, and the row is touched (an order was entered): less than our newest fill's, and more than half of it. */
    r->seq[0] = 800;
    rig_for(r, RIG_MS(30000));
    ck_assert_msg(!rig_open(r), "a lower number on a row that is no newer is an old answer");
    r->row_ns[0] += 20 * BOT_NS_PER_S;
    rig_for(r, RIG_MS(20000));
    ck_assert_msg(rig_open(r), "%s", rig_tail(r));
    rig_free(r);
}

/* One lot is missing, and the account goes back and forth by one lot: every second answer is a number that we come to hold. */
TEST(found, a_trade_of_after_the_answer_does_not_explain_what_is_missing)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    r->hide_fills = true;
    rig_trade(r, 0, NULL, BOT_SELL, "1", "100");
    r->hide_fills = false;
    r->fills_n = 0; /* nor does the history tell of it */
    for (int i = 0; i < 40 && (rig_reasons(r) & BOT_GATE_DRIFT) == 0; i++) {
        rig_for(r, RIG_MS(700));
        rig_trade(r, 0, NULL, i % 2 == 0 ? BOT_SELL : BOT_BUY, "1", "100");
    }
    ck_assert_msg((rig_reasons(r) & BOT_GATE_DRIFT) != 0, "%s", rig_tail(r));
    ck_assert_msg(rig_qty(r, 0) == r->qty[0] + fixed_of("1"), "%s", rig_tail(r));
    rig_free(r);
}

/* ---- an order's news out of order ----------------------------------------------------------------------------------- */

static void told(struct rig *r, const bot_id *id, const char *qty, const char *cum, int64_t venue_ns)
{
    bot_event ev = { .kind = BOT_EV_ORDER, .source = BOT_SOURCE_WS_PRIVATE, .seq = BOT_SEQ_NONE, .venue_ns = venue_ns, .instrument = rig_symbol(0), .has = BOT_HAS_QTY | BOT_HAS_CUM_QTY };
    ev.order = (bot_ev_order){ .client_id = *id, .status = BOT_ORDER_OPEN, .side = BOT_BUY, .leg = BOT_LEG_NET, .type = BOT_LIMIT, .qty = bot_dec_from_fixed(fixed_of(qty)), .cum_qty = bot_dec_from_fixed(fixed_of(cum)) };
    (void)rig_step(r, &ev);
}

TEST(found, a_report_that_an_amend_has_overtaken_makes_no_room)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    const bot_id id = order(r, BOT_BUY, "1");
    const int64_t t = INT64_C(1700000000) * BOT_NS_PER_S;
    bot_event ev = { .kind = BOT_EV_AMEND, .seq = BOT_SEQ_NONE, .amend = { .bot = 0, .client_id = id, .qty = { fixed_of("9") } } };
    ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
    told(r, &id, "9", "0", t + 100 * BOT_NS_PER_MS);
    bot_position p;
    told(r, &id, "1", "0", t); /* of its creation, delayed */
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == fixed_of("9"), "%s", rig_tail(r));
    /* And an amend back to what it was is not confirmed by that. */
    ev.amend.qty.v = fixed_of("1");
    ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
    told(r, &id, "1", "0", t);
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == fixed_of("9"), "%s", rig_tail(r));
    told(r, &id, "1", "0", t + 300 * BOT_NS_PER_MS);
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == fixed_of("1"), "%s", rig_tail(r));
    rig_free(r);
}

TEST(found, a_report_that_was_overtaken_takes_back_nothing_that_was_filled)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    const bot_id id = order(r, BOT_BUY, "5");
    const int64_t t = INT64_C(1700000000) * BOT_NS_PER_S;
    told(r, &id, "5", "3", t + 100 * BOT_NS_PER_MS);
    bot_event end = { .kind = BOT_EV_ORDER, .source = BOT_SOURCE_WS_PRIVATE, .seq = BOT_SEQ_NONE, .venue_ns = t + 200 * BOT_NS_PER_MS, .instrument = rig_symbol(0), .has = BOT_HAS_QTY | BOT_HAS_CUM_QTY };
    end.order = (bot_ev_order){ .client_id = id, .status = BOT_ORDER_CANCELED, .side = BOT_BUY, .leg = BOT_LEG_NET, .type = BOT_LIMIT, .qty = bot_dec_from_fixed(fixed_of("5")), .cum_qty = bot_dec_from_fixed(fixed_of("3")) };
    (void)rig_step(r, &end);
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == fixed_of("3"), "%s", rig_tail(r)); /* its fills have not come yet */
    told(r, &id, "5", "1", t); /* of the first of them, delayed */
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == fixed_of("3"), "%s", rig_tail(r));
    rig_free(r);
}

TEST(found, a_quantity_that_a_crash_has_forgotten_is_taken_from_the_venue)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    const bot_id id = order(r, BOT_BUY, "1");
    const int64_t t = INT64_C(1700000000) * BOT_NS_PER_S;
    told(r, &id, "1", "0", t);
    told(r, &id, "4", "0", t + BOT_NS_PER_S); /* an amend whose record was lost with the power */
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == fixed_of("4"), "%s", rig_tail(r));
    rig_free(r);
}

TEST(found, history_of_an_order_that_a_crash_has_forgotten_is_not_taken_off_its_rest_twice)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_id id;
    bot__id_set(&id, "b0000000000000099", 17);
    const int64_t t = INT64_C(1700000000) * BOT_NS_PER_S;
    told(r, &id, "5", "3", t); /* met in the list: three of five are filled */
    bot_event ev = rig_fill_event(r, 0, "F1", &id, "V1", BOT_BUY, "3", "100");
    ev.venue_ns = t - BOT_NS_PER_S;
    (void)rig_step(r, &ev);
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert_msg(p.qty.v == fixed_of("3") && p.working_buy.v == fixed_of("2"), "%s", rig_tail(r));
    ev = rig_fill_event(r, 0, "F2", &id, "V1", BOT_BUY, "1", "100");
    ev.venue_ns = t + BOT_NS_PER_S;
    (void)rig_step(r, &ev);
    rig_position(r, 0, &p);
    ck_assert_msg(p.qty.v == fixed_of("4") && p.working_buy.v == fixed_of("1"), "%s", rig_tail(r));
    rig_free(r);
}

/* ---- orders of which nobody knows ------------------------------------------------------------------------------------- */

/* A venue that may place orders late: a minute of absence is needed. */
static struct rig *slow_venue(void)
{
    bot_core_options o;
    rig_options(&o);
    o.venue.absence_bound_ns = 60 * BOT_NS_PER_S;
    struct rig *r = rig_new(&o);
    rig_start(r, "10");
    r->auto_answer = false;
    r->orders_unknown = r->hide_list = true;
    return r;
}

TEST(found, an_order_that_never_arrived_keeps_its_room_until_the_proof_but_not_the_gate_shut)
{
    struct rig *r = slow_venue();
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "4", "100", false, &id), BOT_OK);
    bot_position p;
    while (r->alerts[BOT_ALERT_ORDER_LOST] == 0 && r->now < RIG_MS(300000)) {
        rig_position(r, 0, &p);
        ck_assert(p.working_buy.v == fixed_of("4"));
        ck_assert_msg(rig_open(r), "%s", rig_tail(r));
        rig_for(r, RIG_MS(100));
    }
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == 0);
    ck_assert_int_ge(r->now, RIG_MS(60000));
    ck_assert_int_le(r->now, RIG_MS(75000)); /* 5 s until it is unknown, 2 s until it is asked about, 60 s */
    rig_free(r);
}

TEST(found, an_order_that_nobody_answers_for_shuts_the_gate_until_it_is_denied_twice)
{
    struct rig *r = slow_venue();
    r->rest = RIG_REST_FAIL;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "4", "100", false, NULL), BOT_OK);
    rig_for(r, RIG_MS(20000));
    ck_assert((rig_reasons(r) & BOT_GATE_ORDER_UNKNOWN) != 0);
    r->rest = RIG_REST_TRUE;
    rig_for(r, RIG_MS(20000));
    ck_assert_msg((rig_reasons(r) & BOT_GATE_ORDER_UNKNOWN) == 0, "%s", rig_tail(r));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_ORDER_LOST], 0);
    rig_free(r);
}

TEST(found, an_acknowledged_order_that_is_denied_shuts_the_gate_all_the_same)
{
    struct rig *r = slow_venue();
    r->auto_answer = true;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "4", "100", false, NULL), BOT_OK);
    rig_for(r, RIG_MS(120000));
    ck_assert_msg((rig_reasons(r) & BOT_GATE_ORDER_UNKNOWN) != 0, "%s", rig_tail(r));
    rig_free(r);
}

/* The history is down for as long as it takes, and fills go on coming by the stream: what was missed lies far behind the newest of them. */
TEST(found, fills_missed_with_the_stream_are_fetched_however_late_the_history_answers)
{
    if (rig_from_orders()) test_skip("a venue without a fills channel");
    struct rig *r = rig_new(NULL);
    r->venue_clock = true;
    rig_start(r, "10");
    const bot_id missed = order(r, BOT_BUY, "2"), resting = order(r, BOT_BUY, "5");
    rig_stream(r, BOT_STREAM_PRIVATE, false);
    rig_trade(r, 0, &missed, BOT_BUY, "2", "100");
    r->hang_fills = true;
    rig_for(r, RIG_MS(1000));
    rig_stream(r, BOT_STREAM_PRIVATE, true);
    for (int i = 0; i < 10; i++) {
        rig_for(r, RIG_MS(30000));
        rig_trade(r, 0, &resting, BOT_BUY, "0.1", "100");
        ck_assert(!rig_open(r));
    }
    ck_assert(rig_qty(r, 0) == fixed_of("1"));
    r->hang_fills = false;
    rig_for(r, RIG_MS(60000));
    ck_assert_msg(rig_qty(r, 0) == fixed_of("3"), "%s", rig_tail(r));
    rig_free(r);
}

static void hole(struct rig *r, int64_t venue_ns)
{
    bot_event ev;
    memset(&ev, 0, sizeof ev);
    ev.kind = BOT_EV_GAP;
    ev.source = BOT_SOURCE_JOURNAL;
    ev.seq = BOT_SEQ_NONE;
    ev.venue_ns = venue_ns;
    ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
}

/* Power went twice: what the second loss took from the middle lies behind what is newest, and nobody would look for it there. */
TEST(found, fills_that_a_hole_in_the_journal_swallowed_are_fetched_from_the_history)
{
    if (rig_from_orders()) test_skip("a venue without a fills channel");
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    const bot_id lost = order(r, BOT_BUY, "1"), resting = order(r, BOT_BUY, "5");
    r->hide_fills = true;
    rig_trade(r, 0, &lost, BOT_BUY, "1", "100");
    r->hide_fills = false;
    const bot_event row = r->fills[--r->fills_n].ev; /* the core of now stands for one that was replayed without it */
    for (int i = 0; i < 4; i++) {
        rig_for(r, RIG_MS(30000));
        rig_trade(r, 0, &resting, BOT_BUY, "0.1", "100");
    }
    r->fills[r->fills_n++].ev = row;
    rig_for(r, RIG_MS(5000));
    ck_assert(rig_qty(r, 0) == fixed_of("0.4"));
    hole(r, row.venue_ns - BOT_NS_PER_S);
    rig_for(r, RIG_MS(5000));
    ck_assert_msg(rig_qty(r, 0) == fixed_of("1.4"), "%s", rig_tail(r));
    rig_free(r);
}

/* Ids between those that the journal knows of are not all of orders that ended: it may have lost one that is open, and a limit with it. */
TEST(found, an_open_order_that_a_hole_in_the_journal_swallowed_counts_when_the_venue_shows_it)
{
    struct rig *r = rig_new(NULL);
    if (!r->options.venue.has_client_ids) test_skip("orders have no client ids");
    rig_start(r, "10");
    bot_id unknown;
    (void)order(r, BOT_BUY, "1");
    ck_assert_int_lt(rig_submit(r, 0, BOT_BUY, "1000", "100", false, &unknown), 0); /* an id that the table does not hold */
    (void)order(r, BOT_BUY, "1");
    bot_event ev;
    memset(&ev, 0, sizeof ev);
    ev.kind = BOT_EV_ORDER;
    ev.seq = BOT_SEQ_NONE;
    ev.instrument = rig_symbol(0);
    ev.has = BOT_HAS_QTY | BOT_HAS_CUM_QTY;
    ev.order = (bot_ev_order){ .client_id = unknown, .status = BOT_ORDER_OPEN, .side = BOT_BUY, .leg = BOT_LEG_NET, .type = BOT_LIMIT,
                               .qty = bot_dec_from_fixed(fixed_of("4")) };
    bot__id_set(&ev.order.order_id, "forgotten", 9);
    bot_position p;
    (void)rig_step(r, &ev);
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_buy.v == fixed_of("2"), "what a whole journal does not know of has ended: a late report");
    hole(r, 0);
    (void)rig_step(r, &ev);
    rig_position(r, 0, &p);
    ck_assert(p.working_buy.v == fixed_of("6"));
    rig_free(r);
}

/* An account that goes back and forth: bought, sold, and bought by a fill that never comes, so that what the venue shows looks like a
 * number of before. Its rows carry no sequence. Returns how many answers were called old until then. */
static uint32_t back_and_forth(struct rig *r, const char *bought, const char *sold, const char *missed)
{
    r->rest_seq = false;
    rig_start(r, "10");
    const bot_id a = order(r, BOT_BUY, bought), b = order(r, BOT_SELL, sold), c = order(r, BOT_BUY, missed);
    rig_trade(r, 0, &a, BOT_BUY, bought, "100");
    rig_for(r, RIG_MS(5000));
    rig_trade(r, 0, &b, BOT_SELL, sold, "100");
    rig_for(r, RIG_MS(5000));
    r->hide_fills = true;
    rig_trade(r, 0, &c, BOT_BUY, missed, "100");
    r->hide_fills = false;
    return r->verdicts[BOT_VERDICT_STALE];
}

TEST(found, a_position_that_goes_on_looking_old_by_its_number_alone_has_the_history_read)
{
    if (rig_from_orders()) test_skip("a venue without a fills channel");
    struct rig *r = rig_new(NULL);
    const uint32_t stale = back_and_forth(r, "1", "1", "1");
    rig_for(r, RIG_MS(30000));
    ck_assert_uint_gt(r->verdicts[BOT_VERDICT_STALE], stale);
    ck_assert_msg(rig_qty(r, 0) == fixed_of("1"), "%s", rig_tail(r));
    ck_assert(rig_open(r));
    rig_free(r);
}

/* Where rows say when they were touched: later than our newest fill, by one that we do not have. That is no old answer. */
TEST(found, a_row_touched_behind_our_newest_fill_is_not_called_old)
{
    if (rig_from_orders()) test_skip("a venue without a fills channel");
    struct rig *r = rig_new(NULL);
    r->rest_times = true;
    const uint32_t stale = back_and_forth(r, "2", "1", "1");
    rig_for(r, RIG_MS(15000));
    ck_assert_uint_eq(r->verdicts[BOT_VERDICT_STALE], stale);
    ck_assert_msg(rig_qty(r, 0) == fixed_of("2"), "%s", rig_tail(r));
    rig_free(r);
}

TEST(found, a_journal_that_works_again_has_the_history_read_of_when_it_did_not)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    const uint32_t before = r->reads[BOT_READ_FILLS];
    for (int ok = 0; ok < 2; ok++) {
        bot_event ev;
        memset(&ev, 0, sizeof ev);
        ev.kind = BOT_EV_JOURNAL;
        ev.seq = BOT_SEQ_NONE;
        ev.monitor.ok = ok != 0;
        ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
        rig_for(r, RIG_MS(3000));
        ck_assert_uint_eq(r->reads[BOT_READ_FILLS], before + (uint32_t)ok);
    }
    rig_free(r);
}

/* A market order by hand that trades many times within a millisecond, met by the report of the first of them (Binance tells so). */
TEST(found, an_order_met_between_fills_of_one_moment_does_not_hold_room_when_it_has_ended)
{
    if (rig_from_orders()) test_skip("a venue without a fills channel");
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    bot_event report;
    memset(&report, 0, sizeof report);
    report.kind = BOT_EV_ORDER;
    report.seq = BOT_SEQ_NONE;
    report.instrument = rig_symbol(0);
    report.has = BOT_HAS_QTY | BOT_HAS_CUM_QTY;
    report.order = (bot_ev_order){ .side = BOT_SELL, .leg = BOT_LEG_NET, .type = BOT_MARKET, .qty = bot_dec_from_fixed(fixed_of("3")) };
    bot__id_set(&report.order.order_id, "byhand", 6);
    for (int i = 1; i <= 3; i++) {
        bot_event fill = rig_fill_event(r, 0, i == 1 ? "H1" : i == 2 ? "H2" : "H3", NULL, "byhand", BOT_SELL, "1", "100");
        r->qty[0] -= fixed_of("1");
        r->row_ns[0] = fill.venue_ns;
        fill.seq = ++r->seq[0];
        r->fills[r->fills_n++].ev = fill;
        (void)rig_step(r, &fill);
        report.venue_ns = fill.venue_ns;
        report.order.status = i == 3 ? BOT_ORDER_FILLED : BOT_ORDER_PARTIALLY_FILLED;
        report.order.cum_qty = bot_dec_from_fixed(fixed_of("1") * i);
        (void)rig_step(r, &report);
    }
    ck_assert(rig_qty(r, 0) == fixed_of("-3"));
    rig_for(r, RIG_MS(20000));
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert_msg(p.working_sell.v == 0, "%s", rig_tail(r));
    rig_free(r);
}
