/* The public client over real TLS sockets against the paper exchange: the scenarios that concern sockets, once more. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

static struct live l;

static struct live_account *begin(const char *limit)
{
    live_begin(&l);
    return live_open(&l, 0, NULL, 1, limit);
}

static struct live_account *begin_open(const char *limit)
{
    struct live_account *a = begin(limit);
    LIVE_UNTIL(a, live_is_open, 5000);
    return a;
}

static bool knows(const struct live_account *a, const char *text) { return strstr(a->log, text) != NULL; }
static bool has_filled(struct live_account *a) { return a->orders[BOT_ORDER_FILLED] != 0 && live_is_right(a); }
static uint64_t failures_before;
static bool has_failed(struct live_account *a) { return live_stats(a).http_failures > failures_before; }
static bool has_timed_out(struct live_account *a) { return live_stats(a).http_timeouts != 0; }
static bool has_stale(struct live_account *a) { return a->verdicts[BOT_VERDICT_STALE] != 0; }
static bot_i128 wanted; /* of has_reached */
static bool has_reached(struct live_account *a) { return live_truth(a) == wanted && live_belief(a) == wanted; }
static void reach(struct live_account *a, const char *qty)
{
    wanted = live_number(qty);
    LIVE_UNTIL(a, has_reached, 5000);
}
static bool has_external(struct live_account *a) { return a->external != 0 && live_is_right(a); }
static bool knows_a_stranger(struct live_account *a) { return a->alerts[BOT_ALERT_UNKNOWN_ORDER] != 0; }
static bool has_no_orders(struct live_account *a) { return live_working(a) == 0; }
static bool has_orders(struct live_account *a) { return live_working(a) != 0; }
static bool is_open_and_right(struct live_account *a) { return live_is_open(a) && live_is_right(a); }
static bool is_lost(struct live_account *a) { return !live_stats(a).private_ready; }

static void buy(struct live_account *a, const char *qty)
{
    const unsigned before = a->orders[BOT_ORDER_FILLED];
    const int r = live_take(a, 0, BOT_BUY, qty);
    ck_assert_msg(r == BOT_OK, "%s", bot_strerror(r));
    a->orders[BOT_ORDER_FILLED] = 0;
    LIVE_UNTIL(a, has_filled, 5000);
    a->orders[BOT_ORDER_FILLED] += before;
}

/* ---- the plain way ---- */

TEST(live, opens_proves_the_position_and_opens_the_gate)
{
    struct live_account *a = begin("1");
    ck_assert_msg(live_is_shut(a), "open before anything was proven");
    ck_assert_int_eq(bot_err_class(live_submit(a, 0, BOT_BUY, "0.1", NULL, NULL, NULL)), BOT_CLASS_NOT_SENT);
    LIVE_UNTIL(a, live_is_open, 5000);
    ck_assert_uint_gt(a->gates, 0);
    ck_assert_uint_ge(a->verdicts[BOT_VERDICT_AGREE], 1);
    const bot_account_stats stats = live_stats(a);
    ck_assert(stats.private_ready && stats.http_requests >= 3 && stats.http_failures == 0 && stats.ws_losses == 0 && stats.ws_undecodable == 0);
    live_end(&l);
}

static void orders_at_binance(bool over_socket)
{
    live_begin_at(&l, "binance-usdm");
    bot_account_options o;
    live_options(&l, 0, &o);
    o.orders_over_ws = over_socket;
    struct live_account *a = live_open(&l, 0, &o, 1, "1");
    LIVE_UNTIL(a, live_is_open, 8000);
    buy(a, "0.3");
    bot_id id;
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.4", live_price(a, -400), &id, NULL), BOT_OK);
    LIVE_UNTIL(a, has_orders, 3000);
    loop_for(&l.loop, live_ms(200));
    ck_assert_int_eq(bot_cancel_all(a->bots[0]), 1);
    LIVE_UNTIL(a, has_no_orders, 3000);
    ck_assert(live_truth(a) == live_number("0.3") && live_belief(a) == live_truth(a));
    ck_assert_uint_eq(live_stats(a).ws_undecodable, 0);
    live_end(&l);
}

TEST(live, orders_and_fills_in_the_dialect_of_binance) { orders_at_binance(false); }
TEST(live, orders_over_the_socket_in_the_dialect_of_binance) { orders_at_binance(true); }

TEST(live, an_order_is_filled_and_the_position_follows)
{
    struct live_account *a = begin_open("1");
    buy(a, "0.3");
    ck_assert(live_truth(a) == live_number("0.3") && a->fills >= 1 && a->last_position.qty.v == live_number("0.3"));
    bot_position own;
    ck_assert_int_eq(bot_get_own_position(a->bots[0], LIVE_INSTRUMENT, BOT_LEG_NET, &own), BOT_OK);
    ck_assert(own.qty.v == live_number("0.3") && own.avg_entry.v > 0);

    /* A resting order takes its room, is changed, and is cancelled. */
    bot_id id;
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.4", live_price(a, -400), &id, NULL), BOT_OK);
    LIVE_UNTIL(a, has_orders, 3000);
    bot_refusal why;
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.4", NULL, NULL, &why), BOT_ERR_LIMIT_POSITION);
    ck_assert(why.room.v == live_number("0.3"));
    loop_for(&l.loop, live_ms(100));
    ck_assert_int_eq(bot_amend(a->bots[0], &id, (bot_qty){ live_number("0.2") }, (bot_px){ 0 }, NULL), BOT_OK);
    loop_for(&l.loop, live_ms(200));
    ck_assert_msg(live_working(a) == live_number("0.2"), "%s", a->log);
    ck_assert_int_eq(bot_cancel_all(a->bots[0]), 1);
    LIVE_UNTIL(a, has_no_orders, 3000);
    LIVE_UNTIL(a, live_is_open, 3000);
    live_end(&l);
}

TEST(live, orders_travel_over_the_order_entry_socket_when_asked)
{
    live_begin(&l);
    bot_account_options o;
    live_options(&l, 0, &o);
    o.orders_over_ws = true;
    struct live_account *a = live_open(&l, 0, &o, 1, "1");
    LIVE_UNTIL(a, live_is_open, 5000);
    loop_for(&l.loop, live_ms(200)); /* the socket for orders may be the last one up */
    const uint64_t before = live_stats(a).ws_messages;
    buy(a, "0.1");
    ck_assert(live_stats(a).orders_sent == 1 && live_stats(a).ws_messages > before);
    live_fault(&l, "at 0s for 1s ws.refuse stream=trade\nat 0s ws.cut stream=trade\n"); /* REST is the way then */
    loop_for(&l.loop, live_ms(50));
    buy(a, "0.1");
    live_end(&l);
}

/* ---- private stream ---- */

static void s39(bot_ws_transport transport)
{
    live_begin(&l);
    bot_account_options o;
    live_options(&l, 0, &o);
    o.ws_transport = transport;
    struct live_account *a = live_open(&l, 0, &o, 1, "5");
    LIVE_UNTIL(a, live_is_open, 5000);
    buy(a, "0.1");
    /* Three fills that the socket never brings, then the cut: what is missed is found by asking. */
    live_fault(&l, "always ws.drop topic=execution,order\n");
    a->unchecked = true; /* for that long nobody can know */
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(live_take(a, 0, BOT_BUY, "0.2"), BOT_OK);
    loop_for(&l.loop, live_ms(30));
    live_heal(&l);
    const uint64_t cut = uv_hrtime();
    live_fault(&l, "at 0s ws.cut stream=private\n");
    LIVE_UNTIL(a, is_lost, 2000);
    ck_assert_msg(live_is_shut(a), "the stream is known to be lost and the gate is open");
    ck_assert_msg(uv_hrtime() - cut < (uint64_t)live_ms(500) * 1000000, "%.0f ms to shut", (double)(uv_hrtime() - cut) / 1e6);
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.2", NULL, NULL, NULL), BOT_ERR_GATE_SHUT);
    LIVE_UNTIL(a, is_open_and_right, 8000);
    a->unchecked = false;
    ck_assert(live_truth(a) == live_number("0.7"));
    ck_assert_uint_ge(live_stats(a).core.backfilled_fills, 1);
    ck_assert_uint_eq(live_stats(a).core.drifts, 0);
    buy(a, "0.1");
    live_end(&l);
}

TEST(live, s39_a_cut_private_socket_shuts_at_once_over_sockets) { s39(BOT_WS_DEFAULT); }
TEST(live, s39_a_cut_private_socket_shuts_at_once_over_libwebsockets) { s39(BOT_WS_LIBWEBSOCKETS); }

TEST(live, s40_a_flapping_socket_over_sockets)
{
    struct live_account *a = begin_open("2");
    live_fault(&l, "every 250ms ws.cut stream=private\n");
    for (int i = 0; i < 30; i++) {
        (void)live_take(a, 0, i % 4 == 3 ? BOT_SELL : BOT_BUY, "0.1");
        loop_for(&l.loop, 100);
    }
    live_heal(&l);
    const bot_account_stats stats = live_stats(a);
    ck_assert_uint_ge(stats.ws_losses, 3);
    ck_assert_msg(stats.ws_connects < 20, "%llu connects: the back-off does not hold", (unsigned long long)stats.ws_connects);
    LIVE_UNTIL(a, is_open_and_right, 20000);
    ck_assert_uint_eq(live_stats(a).core.fills_conflict, 0);
    live_end(&l);
}

TEST(live, a_half_open_private_socket_is_found_by_its_lease)
{
    live_begin(&l);
    bot_account_options o;
    live_options(&l, 0, &o);
    o.core.private_lease_ns = (int64_t)live_ms(3500) * BOT_NS_PER_MS; /* pings every 3 s */
    struct live_account *a = live_open(&l, 0, &o, 1, "1");
    LIVE_UNTIL(a, live_is_open, 5000);
    a->reasons_seen = 0;
    live_fault(&l, "always ws.halfopen stream=private\n");
    LIVE_UNTIL(a, live_is_shut, 4000);
    ck_assert_msg((live_reasons(a) & BOT_GATE_PRIVATE_STREAM) != 0, "0x%x of 0x%x\n%s", live_reasons(a), a->reasons_seen, a->log);
    ck_assert(live_stats(a).ws_losses == 0 || knows(a, "half-open")); /* nobody closed it */
    live_heal(&l);
    LIVE_UNTIL(a, is_open_and_right, 8000);
    live_end(&l);
}

TEST(live, s12_a_fill_that_the_socket_brings_twice_late_and_split_counts_once_over_sockets)
{
    struct live_account *a = begin_open("3");
    live_fault(&l, "always ws.duplicate\nalways ws.split\nalways ws.reorder p=0.5\nalways ws.delay delay=1ms..120ms p=0.5\n");
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(live_take(a, 0, BOT_BUY, "0.2"), BOT_OK);
        loop_for(&l.loop, 20);
    }
    reach(a, "1.6");
    ck_assert_uint_ge(live_stats(a).core.fills_duplicate, 1);
    ck_assert_uint_eq(live_stats(a).core.drifts, 0);
    live_end(&l);
}

/* ---- REST ---- */

TEST(live, s25_rest_answers_old_data_with_success_over_sockets)
{
    struct live_account *a = begin_open("1");
    buy(a, "0.2");
    loop_for(&l.loop, live_ms(400));
    const unsigned sent = (unsigned)live_stats(a).orders_sent;
    a->verdicts[BOT_VERDICT_STALE] = a->reasons_seen = 0;
    live_fault(&l, "always rest.stale on=positions age=60s\n");
    LIVE_UNTIL(a, has_stale, 2000);
    const uint64_t first = uv_hrtime();
    ck_assert_msg(live_is_open(a), "the socket is well and the answer is provably old: 0x%x\n%s", live_reasons(a), a->log);
    LIVE_UNTIL(a, live_is_shut, 4000);
    ck_assert_msg(uv_hrtime() - first <= (uint64_t)live_ms(2000 + 300) * 1000000, "%.0f ms to the pause", (double)(uv_hrtime() - first) / 1e6);
    ck_assert_uint_eq(live_reasons(a) & BOT_GATE_RECONCILED, BOT_GATE_RECONCILED);
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.1", NULL, NULL, NULL), BOT_ERR_GATE_SHUT);
    loop_for(&l.loop, live_ms(500));
    ck_assert(live_belief(a) == live_number("0.2") && live_stats(a).orders_sent == sent && a->external == 0);
    ck_assert_uint_ge(a->alerts[BOT_ALERT_STALE], 1);
    live_heal(&l);
    LIVE_UNTIL(a, is_open_and_right, 5000);
    ck_assert_uint_eq(live_stats(a).core.drifts, 0);
    live_end(&l);
}

TEST(live, s27_equal_wrong_reads_of_a_stale_venue_move_nothing_over_sockets)
{
    struct live_account *a = begin_open("1");
    buy(a, "0.2");
    live_fault(&l, "always rest.freeze on=positions\n");
    loop_for(&l.loop, live_ms(100));
    ck_assert_int_eq(live_take(a, 0, BOT_BUY, "0.3"), BOT_OK);
    LIVE_UNTIL(a, live_is_right, 3000);
    LIVE_UNTIL(a, live_is_shut, 4000);
    loop_for(&l.loop, live_ms(1000)); /* many equal wrong reads */
    ck_assert(live_belief(a) == live_number("0.5") && live_truth(a) == live_number("0.5"));
    ck_assert_uint_eq(a->alerts[BOT_ALERT_ADOPTED], 0);
    ck_assert_uint_eq(live_stats(a).orders_sent, 2);
    live_heal(&l);
    LIVE_UNTIL(a, is_open_and_right, 5000);
    live_end(&l);
}

TEST(live, s28_a_read_in_flight_over_a_fill_raises_nothing_over_sockets)
{
    struct live_account *a = begin_open("5");
    live_fault(&l, "always rest.slow on=positions delay=50ms..200ms\n");
    a->reasons_seen = 0;
    for (int i = 0; i < 12; i++) {
        ck_assert_int_eq(live_take(a, 0, i % 3 == 2 ? BOT_SELL : BOT_BUY, "0.3"), BOT_OK);
        loop_for(&l.loop, 120);
    }
    LIVE_UNTIL(a, is_open_and_right, 3000);
    ck_assert_msg(a->reasons_seen == 0, "shut: 0x%x\n%s", a->reasons_seen, a->log);
    ck_assert_uint_eq(live_stats(a).core.drifts, 0);
    live_end(&l);
}

TEST(live, s29_a_hung_request_lets_the_lease_run_out_over_sockets)
{
    struct live_account *a = begin_open("1");
    buy(a, "0.1");
    a->reasons_seen = 0;
    live_fault(&l, "always rest.hang on=reads\n");
    const uint64_t began = uv_hrtime();
    LIVE_UNTIL(a, live_is_shut, 4000);
    const uint64_t took = uv_hrtime() - began;
    ck_assert_msg(took <= (uint64_t)live_ms(2400) * 1000000, "%.0f ms to the pause", (double)took / 1e6);
    bot_refusal why;
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.1", NULL, NULL, &why), BOT_ERR_GATE_SHUT);
    ck_assert_uint_ne(why.reasons & (BOT_GATE_REST | BOT_GATE_RECONCILED), 0);
    LIVE_UNTIL(a, has_timed_out, 2000);
    /* The way out stays free: a reducing order passes and is filled while reads hang. */
    ck_assert_int_eq(live_take(a, 0, BOT_SELL, "0.1"), BOT_OK);
    reach(a, "0");
    const unsigned agreed = a->verdicts[BOT_VERDICT_AGREE];
    live_heal(&l);
    LIVE_UNTIL(a, is_open_and_right, 5000);
    ck_assert_uint_ge(a->verdicts[BOT_VERDICT_AGREE], agreed + 2);
    live_end(&l);
}

TEST(live, s30_a_failed_query_is_never_read_as_flat_over_sockets)
{
    struct live_account *a = begin_open("1");
    buy(a, "0.2");
    static const char *const ways[] = { "rest.error on=reads status=502 body=html", "rest.error on=reads status=200 body=cut", "rest.error on=reads status=200 body=empty",
                                        "rest.error on=reads status=200 body=json code=10016", "rest.reset on=reads", "rest.refuse on=reads" };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char script[120];
        snprintf(script, sizeof script, "always %s\n", ways[i]);
        failures_before = live_stats(a).http_failures;
        live_fault(&l, script);
        LIVE_UNTIL(a, has_failed, 5000);
        loop_for(&l.loop, live_ms(100));
        ck_assert_msg(live_belief(a) == live_number("0.2"), "%s", ways[i]);
        live_heal(&l);
        loop_for(&l.loop, live_ms(150));
    }
    LIVE_UNTIL(a, is_open_and_right, 6000);
    ck_assert_uint_eq(live_stats(a).core.drifts, 0);
    live_end(&l);
}

TEST(live, s31_one_partial_answer_changes_nothing_over_sockets)
{
    struct live_account *a = begin_open("1");
    buy(a, "0.2");
    loop_for(&l.loop, live_ms(400));
    live_fault(&l, "always rest.partial on=positions drop=1\n");
    loop_for(&l.loop, live_ms(350));
    ck_assert(live_belief(a) == live_number("0.2"));
    live_heal(&l);
    LIVE_UNTIL(a, is_open_and_right, 5000);
    ck_assert_uint_eq(live_reasons(a), 0);
    ck_assert_uint_eq(a->alerts[BOT_ALERT_ADOPTED], 0);
    live_end(&l);
}

TEST(live, s32_rest_ahead_of_the_socket_over_sockets)
{
    struct live_account *a = begin_open("2");
    a->reasons_seen = 0;
    a->unchecked = true; /* fills are late: that is the point */
    live_fault(&l, "always ws.delay topic=execution,order delay=250ms\n");
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(live_take(a, 0, BOT_BUY, "0.2"), BOT_OK);
        loop_for(&l.loop, live_ms(300));
    }
    reach(a, "0.8");
    ck_assert_uint_eq(a->fills, live_stats(a).core.fills_applied); /* the venue's own, each once */
    ck_assert_uint_eq(live_stats(a).core.drifts, 0);
    LIVE_UNTIL(a, is_open_and_right, 3000);
    live_end(&l);
}

TEST(live, s58_a_banned_address_is_left_alone_over_sockets)
{
    struct live_account *a = begin_open("1");
    live_fault(&l, "always rest.ban on=all\n");
    LIVE_UNTIL(a, live_is_shut, 5000);
    const uint64_t before = live_stats(a).http_requests;
    loop_for(&l.loop, live_ms(1000));
    ck_assert_msg(live_stats(a).http_requests - before <= 1, "%llu requests into a ban", (unsigned long long)(live_stats(a).http_requests - before));
    bot_budget_info b;
    bool shut = false;
    for (uint32_t i = 0; bot_account_budget(a->account, i, &b) == BOT_OK; i++)
        shut = shut || b.shut_ns > 0;
    ck_assert_msg(shut, "the ban shows nowhere");
    live_end(&l);
}

static uint32_t used_of(const struct live_account *a, const char *scope)
{
    bot_budget_info b;
    for (uint32_t i = 0; bot_account_budget(a->account, i, &b) == BOT_OK; i++)
        if (strcmp(b.scope, scope) == 0)
            return b.used;
    ck_abort_msg("no limit is called %s", scope);
    return 0;
}

TEST(live, s58_all_accounts_behind_one_address_share_its_budget_and_its_ban_over_sockets)
{
    live_begin(&l);
    struct live_account *a = live_open(&l, 0, NULL, 1, "1"), *b = live_open(&l, 1, NULL, 1, "1");
    LIVE_UNTIL(a, live_is_open, 5000);
    LIVE_UNTIL(b, live_is_open, 5000);
    const uint64_t sent = live_stats(a).http_requests + live_stats(b).http_requests;
    ck_assert_msg(used_of(a, "ip") == used_of(b, "ip") && used_of(a, "ip") >= sent, "%u and %u units of the address for %llu requests", used_of(a, "ip"),
                  used_of(b, "ip"), (unsigned long long)sent);
    /* What the venue counts by key is each account's own. */
    buy(a, "0.1");
    ck_assert_uint_eq(used_of(a, "create"), 1);
    ck_assert_uint_eq(used_of(b, "create"), 0);
    /* A ban that one of them hears of silences both, and one that opens later too. */
    live_fault(&l, "always rest.ban on=all account=1\n");
    LIVE_UNTIL(a, live_is_shut, 5000);
    const uint64_t before = live_stats(b).http_requests;
    loop_for(&l.loop, live_ms(1000));
    ck_assert_msg(live_stats(b).http_requests - before <= 1, "the other account goes on asking");
    live_close(a);
    live_heal(&l);
    a = live_open(&l, 0, NULL, 1, "1");
    loop_for(&l.loop, live_ms(500));
    ck_assert_uint_eq(live_stats(a).http_requests, 0);
    live_end(&l);
}

TEST(live, s59_an_idle_account_asks_at_its_cadence_and_no_more_over_sockets)
{
    struct live_account *a = begin_open("1");
    loop_for(&l.loop, live_ms(300));
    const uint64_t before = live_stats(a).http_requests;
    loop_for(&l.loop, live_ms(2000));
    const uint64_t asked = live_stats(a).http_requests - before;
    /* Positions in three parts every 0.3 s, open orders in three parts every second. */
    ck_assert_msg(asked >= 9 && asked <= 3 * (2000 / 300 + 1) + 3 * (2000 / 1000 + 1), "%llu requests in 2 s", (unsigned long long)asked);
    live_end(&l);
}

/* ---- start ---- */

TEST(live, s22_a_position_without_a_history_needs_a_persons_word_over_sockets)
{
    struct live_account *a = begin_open("1");
    buy(a, "0.4");
    live_close(a);
    a = live_open(&l, 0, NULL, 1, "1");
    a->unchecked = true;
    loop_for(&l.loop, live_ms(1500));
    ck_assert_msg((live_reasons(a) & BOT_GATE_STARTUP) != 0, "0x%x\n%s", live_reasons(a), a->log);
    ck_assert_uint_ge(a->alerts[BOT_ALERT_START_POSITION], 1);
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.1", NULL, NULL, NULL), BOT_ERR_GATE_SHUT);
    ck_assert_int_ge(bot_account_rearm(a->account, BOT_GATE_STARTUP, "seen on the web page"), 0);
    LIVE_UNTIL(a, is_open_and_right, 6000);
    a->unchecked = false;
    ck_assert(live_belief(a) == live_number("0.4"));
    live_end(&l);
}

TEST(live, s20_a_restart_with_a_journal_finds_what_happened_meanwhile_over_sockets)
{
    live_begin(&l);
    char path[200];
    snprintf(path, sizeof path, "%s/journal", scratch_directory());
    bot_account_options o;
    live_options(&l, 0, &o);
    o.journal.path = path;
    struct live_account *a = live_open(&l, 0, &o, 1, "1");
    LIVE_UNTIL(a, live_is_open, 8000);
    buy(a, "0.4");
    live_close(a);
    live_fault(&l, "at 0s trade side=sell qty=0.1\n");
    loop_for(&l.loop, 200);
    ck_assert(live_truth(a) == live_number("0.3"));
    live_options(&l, 0, &o);
    o.journal.path = path;
    a = live_open(&l, 0, &o, 1, "1");
    ck_assert_msg(live_belief(a) == live_number("0.4"), "the journal's position is there at once");
    ck_assert(live_is_shut(a));
    wanted = live_number("0.3");
    LIVE_UNTIL(a, has_reached, 10000);
    LIVE_UNTIL(a, live_is_open, 5000);
    ck_assert_msg(a->external >= 1, "%s", a->log);
    live_end(&l);
    snprintf(path, sizeof path, "rm -rf '%s'/journal*", scratch_directory());
    ck_assert_int_eq(system(path), 0);
}

TEST(live, s36_a_manual_trade_and_a_persons_order_over_sockets)
{
    struct live_account *a = begin_open("1");
    live_fault(&l, "at 0s trade side=buy qty=0.2\nat 0s order side=sell qty=0.3 off=300\n");
    LIVE_UNTIL(a, has_external, 3000);
    LIVE_UNTIL(a, has_orders, 3000);
    ck_assert(live_belief(a) == live_number("0.2"));
    LIVE_UNTIL(a, knows_a_stranger, 3000);
    loop_for(&l.loop, live_ms(200));
    (void)bot_cancel_all(a->bots[0]);
    loop_for(&l.loop, live_ms(300));
    ck_assert_msg(live_working(a) == live_number("0.3"), "a person's order is gone");
    LIVE_UNTIL(a, is_open_and_right, 5000);
    live_end(&l);
}

static bool has_funding(struct live_account *a) { return a->fundings != 0; }

TEST(live, funding_is_told_as_money_and_never_as_a_fill)
{
    struct live_account *a = begin_open("1");
    buy(a, "0.4");
    const unsigned fills = a->fills, external = a->external;
    live_fault(&l, "at 0s fund rate=0.0001\n");
    LIVE_UNTIL(a, has_funding, 3000);
    ck_assert_uint_eq(a->fundings, 1);
    ck_assert_uint_eq(a->fills, fills);
    ck_assert_uint_eq(a->external, external);
    bot_position p;
    ck_assert_int_eq(bot_get_position(a->bots[0], LIVE_INSTRUMENT, BOT_LEG_NET, &p), BOT_OK);
    ck_assert(p.funding.v > 0);
    live_end(&l);
}

static bool has_a_failed_read(struct live_account *a) { return strstr(a->log, "(code 10016)") != NULL; }

TEST(live, what_fails_is_named_with_its_place)
{
    live_begin(&l);
    bot_account_options o;
    live_options(&l, 0, &o);
    o.instruments = (const char *const[]){ "BTCUSDT", "ethusdt" };
    o.instruments_n = 2;
    struct live_account *a = live_open(&l, 0, &o, 1, "1");
    LIVE_UNTIL(a, live_is_open, 8000);
    ck_assert_msg(strstr(a->log, "unknown_instrument: ethusdt is not in the venue's list") != NULL, "%s", a->log);
    ck_assert_msg(strstr(a->log, "unknown_instrument: BTCUSDT") == NULL, "%s", a->log);
    live_fault(&l, "always rest.error on=positions code=10016\nat 0s liquidate qty=0.1\n");
    buy(a, "0.1");
    LIVE_UNTIL(a, has_a_failed_read, 5000);
    char text[120];
    snprintf(text, sizeof text, "read_failed: positions from %s: ", paper_rest_url(l.paper));
    ck_assert_msg(strstr(a->log, text) != NULL, "%s", a->log);
    live_end(&l);
}

TEST(live, s43_a_venue_clock_of_three_seconds_is_corrected_and_of_thirty_shuts_over_sockets)
{
    live_begin(&l);
    live_fault(&l, "always clock.skew by=3s\n");
    struct live_account *a = live_open(&l, 0, NULL, 1, "1");
    LIVE_UNTIL(a, live_is_open, 8000);
    ck_assert_msg(llabs((long long)live_stats(a).clock_offset_ns - 3 * BOT_NS_PER_S) < BOT_NS_PER_S / 2, "%lld", (long long)live_stats(a).clock_offset_ns);
    buy(a, "0.1");
    live_close(a);
    live_heal(&l);
    live_fault(&l, "always clock.skew by=-30s\n");
    a = live_open(&l, 1, NULL, 1, "1");
    LIVE_UNTIL(a, live_is_private_ready, 8000); /* logged in with a corrected signature */
    loop_for(&l.loop, live_ms(800));
    ck_assert_msg(live_is_shut(a) && (live_reasons(a) & BOT_GATE_CLOCK) != 0, "0x%x\n%s", live_reasons(a), a->log);
    live_end(&l);
}

/* ---- orders of unknown outcome ---- */

TEST(live, s46_a_lost_answer_keeps_the_order_counted_over_sockets)
{
    struct live_account *a = begin_open("1");
    live_fault(&l, "always rest.lost on=create\nalways ws.drop topic=order,execution\n");
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.7", live_price(a, -500), NULL, NULL), BOT_OK);
    LIVE_UNTIL(a, has_orders, 3000);
    bot_refusal why;
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.7", live_price(a, -500), NULL, &why), BOT_ERR_LIMIT_POSITION);
    ck_assert(why.room.v == live_number("0.3"));
    loop_for(&l.loop, live_ms(500));
    live_heal(&l);
    LIVE_UNTIL(a, live_is_open, 8000); /* the list of open orders has told */
    ck_assert_int_eq(bot_cancel_all(a->bots[0]), 1);
    LIVE_UNTIL(a, has_no_orders, 5000);
    ck_assert_uint_eq(live_stats(a).core.submits - live_stats(a).core.submits_refused, 1); /* never sent again */
    live_end(&l);
}

/* ---- kill and freeze ---- */

static void *pull(void *account)
{
    usleep(20000);
    bot_account_kill(account);
    return NULL;
}

TEST(live, s60_a_kill_from_another_thread_shuts_at_once_and_cancels_everything_over_sockets)
{
    struct live_account *a = begin_open("1");
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(live_submit(a, 0, i % 2 ? BOT_SELL : BOT_BUY, "0.1", live_price(a, i % 2 ? 500 : -500), NULL, NULL), BOT_OK);
    loop_for(&l.loop, live_ms(300));
    ck_assert(live_working(a) == live_number("0.4"));
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, pull, a->account), 0);
    LIVE_UNTIL(a, live_is_shut, 3000);
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.1", NULL, NULL, NULL), BOT_ERR_GATE_SHUT);
    LIVE_UNTIL(a, has_no_orders, 3000);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(live_reasons(a) & BOT_GATE_KILL, BOT_GATE_KILL);
    loop_for(&l.loop, live_ms(800));
    ck_assert_msg(live_is_shut(a), "a kill is undone by nobody but a person");
    ck_assert_int_eq(bot_account_rearm(a->account, BOT_GATE_KILL, "test"), 1);
    LIVE_UNTIL(a, live_is_open, 5000);

    /* On this thread, between the pull and the loop's next turn: the very next submit is refused. */
    bot_account_kill(a->account);
    ck_assert(live_is_shut(a));
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.1", NULL, NULL, NULL), BOT_ERR_GATE_SHUT);
    live_end(&l);
}

/* In one breath, before the loop has heard of it: the kill is done first, with its cancels, and then re-armed. */
TEST(live, a_kill_that_is_re_armed_at_once_has_cancelled_all_the_same)
{
    struct live_account *a = begin_open("1");
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.7", live_price(a, -500), NULL, NULL), BOT_OK);
    LIVE_UNTIL(a, has_orders, 3000);
    bot_account_kill(a->account);
    ck_assert_int_eq(bot_account_rearm(a->account, BOT_GATE_KILL, "a slip"), 1);
    LIVE_UNTIL(a, has_no_orders, 5000);
    LIVE_UNTIL(a, live_is_open, 8000);
    live_end(&l);
}

TEST(live, s60_a_frozen_process_wakes_shut_over_sockets)
{
    struct live_account *a = begin_open("1");
    buy(a, "0.1");
    a->alerts[BOT_ALERT_GAP] = 0;
    const unsigned ms = live_ms(2600); /* longer than every lease */
    const pid_t self = getpid(), helper = fork();
    if (helper == 0) {
        usleep(20000);
        kill(self, SIGSTOP);
        usleep(ms * 1000);
        kill(self, SIGCONT);
        _exit(0);
    }
    const uint64_t before = uv_hrtime();
    while (uv_hrtime() - before < (uint64_t)ms * 1000000) usleep(5000);
    ck_assert_msg(live_is_shut(a) && (live_reasons(a) & BOT_GATE_RECONCILED) != 0, "after %u ms of nothing the reasons are 0x%x", ms, live_reasons(a));
    ck_assert_int_eq(live_submit(a, 0, BOT_BUY, "0.1", NULL, NULL, NULL), BOT_ERR_GATE_SHUT);
    LIVE_UNTIL(a, is_open_and_right, 8000);
    waitpid(helper, NULL, 0);
    live_end(&l);
}

/* ---- what a newcomer gets wrong ---- */

TEST(live, another_authority_than_the_venues_is_refused_and_said_plainly)
{
    live_begin(&l);
    struct devcert other;
    ck_assert_int_eq(bot__devcert_make(&(struct devcert_options){ .directory = scratch_directory(), .prefix = "other" }, &other), 0);
    bot_account_options o;
    live_options(&l, 0, &o);
    o.ca_file = other.ca_file;
    struct live_account *a = live_open(&l, 0, &o, 1, "1");
    loop_for(&l.loop, live_ms(1500));
    ck_assert(live_is_shut(a) && !live_stats(a).private_ready && live_stats(a).http_requests > 0);
    ck_assert_msg(strstr(a->log, "read_failed: instruments from https://") != NULL && strstr(a->log, "; ca_file ") != NULL, "%s", a->log);
    ck_assert_uint_lt(live_stats(a).http_requests, 40);
    live_end(&l);
}

TEST(live, a_host_that_refuses_or_does_not_exist_is_tried_with_patience)
{
    live_begin(&l);
    char url[80], ws[80];
    bot_account_options o;
    live_options(&l, 0, &o);
    snprintf(url, sizeof url, "https://127.0.0.1:%u", free_port());
    snprintf(ws, sizeof ws, "wss://127.0.0.1:%u/v5/private", free_port());
    o.rest_url = url;
    o.ws_private_url = o.ws_public_url = ws;
    struct live_account *a = live_open(&l, 0, &o, 1, "1");
    live_options(&l, 1, &o);
    o.rest_url = "https://no-such-host.invalid";
    o.ws_private_url = o.ws_public_url = "wss://no-such-host.invalid/v5/private";
    struct live_account *b = live_open(&l, 1, &o, 1, "1");
    loop_for(&l.loop, live_ms(2000));
    ck_assert(live_is_shut(a) && live_is_shut(b));
    ck_assert_msg(a->log_len != 0 && live_stats(a).http_failures != 0 && live_stats(a).http_requests < 40, "%s", a->log);
    ck_assert_msg(live_stats(b).http_requests < 40, "%s", b->log);
    live_end(&l);
}

TEST(live, a_wrong_key_or_secret_is_said_in_the_venues_words)
{
    live_begin(&l);
    bot_account_options o;
    live_options(&l, 0, &o);
    o.key = "nobody";
    struct live_account *a = live_open(&l, 0, &o, 1, "1");
    live_options(&l, 1, &o);
    o.secret = "not-it";
    struct live_account *b = live_open(&l, 1, &o, 1, "1");
    loop_for(&l.loop, live_ms(2000));
    struct live_account *each[] = { a, b };
    for (int i = 0; i < 2; i++) {
        ck_assert(live_is_shut(each[i]) && !live_stats(each[i]).private_ready);
        ck_assert_msg(strstr(each[i]->log, i == 0 ? "API key is invalid" : "sign") != NULL, "%s", each[i]->log);
        ck_assert_msg(live_stats(each[i]).ws_connects < 12 && live_stats(each[i]).http_requests < 40, "%llu connects, %llu requests",
                      (unsigned long long)live_stats(each[i]).ws_connects, (unsigned long long)live_stats(each[i]).http_requests);
        ck_assert_msg(strstr(each[i]->log, "not-it") == NULL, "a secret in the log");
    }
    live_end(&l);
}

TEST(live, options_that_cannot_work_are_refused_with_a_sentence)
{
    live_begin(&l);
    bot_account *account = NULL;
    bot_account_options o;
    live_options(&l, 0, &o);
    o.ca_file = "/nonexistent/ca.pem";
    ck_assert_int_lt(bot_account_open(&l.loop, &o, &account), 0);
    ck_assert_msg(strstr(bot_account_open_why(), "/nonexistent/ca.pem") != NULL, "%s", bot_account_open_why());
    live_options(&l, 0, &o);
    o.venue = "nowhere";
    ck_assert_int_eq(bot_account_open(&l.loop, &o, &account), BOT_ERR_OPTIONS);
    ck_assert_msg(strstr(bot_account_open_why(), "nowhere") != NULL, "%s", bot_account_open_why());
    live_options(&l, 0, &o);
    o.core.read_deadline_ns = -1;
    ck_assert_int_eq(bot_account_open(&l.loop, &o, &account), BOT_ERR_OPTIONS);
    live_options(&l, 0, &o);
    o.ws_transport = (bot_ws_transport)(BOT_WS_WSLAY + 1);
    ck_assert_int_eq(bot_account_open(&l.loop, &o, &account), BOT_ERR_OPTIONS);
    ck_assert_msg(strstr(bot_account_open_why(), "ws_transport") != NULL, "%s", bot_account_open_why());
    ck_assert_ptr_null(account);
    live_end(&l);
}

/* ---- many, and over and over ---- */

TEST(live, two_accounts_and_ten_bots_in_one_process)
{
    live_begin(&l);
    struct live_account *a = live_open(&l, 0, NULL, 10, "2"), *b = live_open(&l, 1, NULL, 1, "1");
    LIVE_UNTIL(a, live_is_open, 5000);
    LIVE_UNTIL(b, live_is_open, 5000);
    for (uint32_t i = 0; i < 10; i++) {
        LIVE_UNTIL(a, live_is_open, 5000);
        ck_assert_int_eq(live_take(a, i, BOT_BUY, "0.1"), BOT_OK);
        loop_for(&l.loop, 150); /* the venue takes ten orders a second */
    }
    LIVE_UNTIL(b, live_is_open, 5000);
    ck_assert_int_eq(live_take(b, 0, BOT_SELL, "0.5"), BOT_OK);
    reach(a, "1");
    reach(b, "-0.5");
    for (uint32_t i = 0; i < 10; i++) {
        bot_position own;
        ck_assert_int_eq(bot_get_own_position(a->bots[i], LIVE_INSTRUMENT, BOT_LEG_NET, &own), BOT_OK);
        ck_assert_msg(own.qty.v == live_number("0.1"), "bot %u", i);
        ck_assert_int_eq(live_submit(a, i, BOT_BUY, "0.2", NULL, NULL, NULL), BOT_ERR_LIMIT_POSITION);
    }
    /* One private stream and one account-wide poll, whatever the number of bots. */
    ck_assert_uint_le(live_stats(a).ws_connects, 3);
    /* One account's trouble is not the other's. */
    bot_account_kill(a->account);
    LIVE_UNTIL(a, live_is_shut, 2000);
    loop_for(&l.loop, live_ms(200));
    ck_assert(live_is_open(b));
    live_close(a);
    loop_for(&l.loop, live_ms(500));
    ck_assert(live_is_open(b));
    live_end(&l);
}

TEST(live, twenty_rounds_of_open_and_close_leave_nothing_behind)
{
    live_begin(&l);
    unsigned descriptors = 0;
    for (int round = 0; round < 20; round++) {
        struct live_account *a = live_open(&l, 0, NULL, 2, "1");
        if (round % 4 == 0)
            LIVE_UNTIL(a, live_is_open, 5000);
        else
            LIVE_UNTIL(a, live_is_private_ready, 5000);
        live_close(a);
        loop_for(&l.loop, 40); /* the exchange hears of the end, too */
        if (round == 1)
            descriptors = descriptors_open();
    }
    ck_assert_msg(descriptors_open() <= descriptors, "%u descriptors after two rounds, %u after twenty", descriptors, descriptors_open());
    live_end(&l);
}

static bot_budget_info scope_named(const struct live_account *a, const char *name)
{
    bot_budget_info b = { 0 };
    for (uint32_t i = 0; bot_account_budget(a->account, i, &b) == BOT_OK; i++)
        if (strcmp(b.scope, name) == 0)
            return b;
    ck_abort_msg("there is no limit %s", name);
    return b;
}

/* The host's own requests and the library's are sent by one budget: whoever comes, the venue's limit holds. */
TEST(live, requests_of_the_host_take_from_the_same_budget_and_leave_reconciliation_its_share)
{
    struct live_account *a = begin_open("1");
    const bot_budget_draw own[] = { { "wallet", 1 }, { "ip", 1 } };
    const uint32_t limit = scope_named(a, "wallet").limit;
    uint32_t taken = 0;
    int64_t wait = 0;
    while (taken <= limit && bot_account_budget_take(a->account, own, 2, &wait) == BOT_OK) taken++;
    ck_assert_msg(taken >= limit / 2 && taken <= limit, "%u of %u", taken, limit);
    ck_assert(wait > 0 && wait <= 2 * BOT_NS_PER_S);
    ck_assert_uint_ge(scope_named(a, "wallet").used, taken);
    for (uint32_t i = 1; i < taken; i++)
        ck_assert_int_eq(bot_account_budget_done(a->account, own, 2, true), BOT_OK);
    ck_assert_int_eq(bot_account_budget_take(a->account, own, 2, &wait), BOT_ERR_BUDGET); /* the window is not over */
    ck_assert_int_eq(bot_account_budget_done(a->account, own, 2, false), BOT_OK);         /* the last one never left */
    ck_assert_int_eq(bot_account_budget_take(a->account, own, 2, &wait), BOT_OK);
    ck_assert_int_eq(bot_account_budget_done(a->account, own, 2, true), BOT_OK);
    const bot_budget_draw never = { "wallet", 1000000 };
    ck_assert_int_eq(bot_account_budget_take(a->account, &never, 1, &wait), BOT_ERR_BUDGET);
    ck_assert(wait == INT64_MAX);
    /* Positions go on being read all the while, and a word of the venue shuts the scope for both. */
    ck_assert(live_is_open(a) && live_stats(a).http_failures == 0);
    ck_assert_int_eq(bot_account_budget_refused(a->account, "wallet", false, 5 * BOT_NS_PER_S), BOT_OK);
    ck_assert_int_eq(bot_account_budget_take(a->account, own, 2, &wait), BOT_ERR_BUDGET);
    ck_assert(wait > 4 * BOT_NS_PER_S && wait <= 5 * BOT_NS_PER_S && scope_named(a, "wallet").shut_ns > 4 * BOT_NS_PER_S);
    live_end(&l);
}

static bool closed_from_inside;
static void on_gate_close(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    (void)state;
    struct live_account *a = user_data;
    if (a->account != NULL && !closed_from_inside) {
        closed_from_inside = true;
        bot_account_close(bot_account_of(bot), NULL, NULL);
    }
}

TEST(live, closing_in_every_phase_leaves_a_clean_loop)
{
    live_begin(&l);
    /* After so many turns of the loop: resolving, connecting, in the handshake, logging in, subscribing, reading, open. */
    for (int turns = 0; turns < 60; turns++) {
        struct live_account *a = live_open(&l, 0, NULL, 1, "1");
        a->unchecked = true;
        for (int i = 0; i < turns; i++) uv_run(&l.loop, UV_RUN_ONCE);
        live_close(a);
    }
    /* With orders in flight, and between a cut and the reconnect. */
    struct live_account *a = live_open(&l, 0, NULL, 1, "1");
    LIVE_UNTIL(a, live_is_open, 5000);
    for (int i = 0; i < 4; i++) (void)live_submit(a, 0, BOT_BUY, "0.1", live_price(a, -500), NULL, NULL);
    live_close(a);
    a = live_open(&l, 1, NULL, 1, "1");
    LIVE_UNTIL(a, live_is_open, 5000);
    live_fault(&l, "at 0s ws.cut stream=all\nalways rest.hang on=all\n");
    LIVE_UNTIL(a, is_lost, 3000);
    live_close(a);
    live_heal(&l);
    /* From inside a callback. */
    bot_account_options o;
    live_options(&l, 1, &o);
    a = live_open(&l, 1, &o, 0, "1");
    bot_options bo;
    bot_options_init(&bo);
    bo.callbacks.gate = on_gate_close;
    bo.user_data = a;
    bot_handle *bot;
    ck_assert_int_eq(bot_attach(a->account, &bo, &bot), BOT_OK);
    loop_until(&l.loop, &closed_from_inside, 5000, "a callback of the gate");
    a->account = NULL;
    loop_for(&l.loop, 100);
    live_end(&l);
}
