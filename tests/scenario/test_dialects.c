/* The key stories of SCENARIOS.md told by every dialect of the paper exchange: venues of different shapes, one core. */
#include "simrig.h"

#include <stdio.h>
#include <string.h>

struct story {
    const char *faults;
    unsigned    minutes;
    bool        outside, over_ws;
    bool        calm, shuts, unknown; /* the gate never shuts; it does; some order's outcome was unknown for a while */
    int64_t     listen_key_ns;
};

/* Checked all the way by the rig; at the end the gate is open (within five minutes) and belief is truth. */
static struct simrig *tell(const char *venue, const struct story *story)
{
    struct simrig_options o;
    simrig_options_init(&o);
    o.venue = venue;
    o.faults = story->faults;
    o.outside = story->outside;
    o.orders_over_ws = story->over_ws;
    o.quiet_ns = 10 * BOT_NS_PER_S;
    o.trade_until_ns = (int64_t)story->minutes * 60 * BOT_NS_PER_S;
    if (story->listen_key_ns != 0) o.world.venue.listen_key_ns = story->listen_key_ns;
    struct simrig *r = simrig_new(&o);
    simrig_run(r, (int64_t)story->minutes * 60 * BOT_NS_PER_S);
    for (int i = 0; i < 30 && !(simrig_open(r) && simrig_belief(r) == simrig_truth(r)); i++) simrig_run(r, 10 * BOT_NS_PER_S);
    simrig_check(r);
    ck_assert_msg(simrig_open(r), "%s: shut at the end\n%s", venue, simrig_tail(r));
    ck_assert_msg(simrig_belief(r) == simrig_truth(r), "%s: belief is not truth\n%s", venue, simrig_tail(r));
    ck_assert_msg(r->fills > 20, "%s: %u fills\n%s", venue, r->fills, simrig_tail(r));
    ck_assert_msg(!story->calm || r->gate_shuts == 0, "%s: shut %u times\n%s", venue, r->gate_shuts, simrig_tail(r));
    ck_assert_msg(!story->shuts || r->gate_shuts != 0, "%s: never shut\n%s", venue, simrig_tail(r));
    /* Where orders do not go over a socket, losing one loses none. */
    ck_assert_msg(!story->unknown || (story->over_ws && !bot__venue_find(venue)->has_ws_orders) || strstr(r->trace, "UNKNOWN_OUTCOME") != NULL, "%s: no order was unknown\n%s", venue, simrig_tail(r));
    return r;
}

static void tell_all(const struct story *story)
{
    const char *venue;
    uint32_t i;
    for (i = 0; (venue = bot__simvenue_dialect(i)) != NULL; i++) simrig_free(tell(venue, story));
    ck_assert_uint_ge(i, 2);
}

TEST(dialects, a_healthy_venue_opens_the_gate_and_never_shuts_it)
{
    tell_all(&(struct story){ .minutes = 5, .calm = true });
}

TEST(dialects, s25_rest_answers_old_data)
{
    tell_all(&(struct story){ .faults = "at 60s for 120s rest.stale on=positions age=60s..299s\n", .minutes = 6, .shuts = true });
}

TEST(dialects, an_order_whose_connection_breaks_behind_it_is_of_unknown_outcome)
{
    tell_all(&(struct story){ .faults = "at 60s for 60s rest.reset on=create done=1\n", .minutes = 5, .unknown = true });
}

TEST(dialects, an_order_whose_answer_cannot_be_read_is_of_unknown_outcome)
{
    tell_all(&(struct story){ .faults = "at 60s for 60s rest.ghost on=create status=200 body=cut\n", .minutes = 5, .unknown = true });
}

TEST(dialects, orders_on_a_socket_that_is_lost_are_of_unknown_outcome)
{
    tell_all(&(struct story){ .faults = "at 60s for 3s ws.halfopen stream=trade\nat 63s ws.cut stream=trade\n"
                                        "at 100s for 3s ws.halfopen stream=trade\nat 103s ws.cut stream=trade\n",
                              .minutes = 5, .over_ws = true, .unknown = true });
}

TEST(dialects, a_private_message_that_cannot_be_read_shuts_the_gate)
{
    const char *venue;
    for (uint32_t i = 0; (venue = bot__simvenue_dialect(i)) != NULL; i++) {
        struct simrig *r = tell(venue, &(struct story){ .minutes = 3 });
        static const char cut[] = "{\"topic\":\"execution\",\"e\":\"ORDER_TRADE_UPDATE\",\"data\":[{\"symbol\":";
        bot__session_ws_message(r->session, bot__world_time(r->world, r->client), BOT_STREAM_PRIVATE, cut, sizeof cut - 1);
        ck_assert_msg(!simrig_open(r), "%s: open behind a message that may have been a fill", venue);
        simrig_free(r);
    }
}

TEST(dialects, s26_a_read_hangs)
{
    tell_all(&(struct story){ .faults = "at 60s for 90s rest.hang on=positions,fills\n", .minutes = 5, .shuts = true });
}

TEST(dialects, the_private_socket_is_cut_and_what_was_missed_is_fetched)
{
    tell_all(&(struct story){ .faults = "at 60s ws.cut stream=private\nat 60s for 20s ws.refuse stream=private\n", .minutes = 4, .shuts = true });
}

TEST(dialects, orders_whose_answers_are_lost_are_found_again)
{
    tell_all(&(struct story){ .faults = "at 60s for 60s rest.lost on=create p=0.3\nat 150s for 30s rest.ghost on=create status=503 p=0.3\n", .minutes = 6, .unknown = true });
}

TEST(dialects, somebody_trades_by_hand)
{
    tell_all(&(struct story){ .faults = "at 90s trade side=buy qty=0.05\n", .minutes = 5, .outside = true });
}

TEST(dialects, a_list_of_positions_lacks_its_rows)
{
    tell_all(&(struct story){ .faults = "at 60s for 60s rest.partial on=positions keep=0\n", .minutes = 5, .shuts = true });
}

TEST(dialects, order_entry_over_a_socket)
{
    tell_all(&(struct story){ .minutes = 4, .over_ws = true, .calm = true });
}

/* The socket dies after bytes have left: what became of the orders is UNKNOWN until a read has told, and none is sent twice. */
TEST(dialects, an_order_socket_that_dies_leaves_orders_unknown_and_none_is_sent_twice)
{
    tell_all(&(struct story){ .faults = "at 20s for 90s ws.delay topic=execution,order delay=4s\nat 20s for 3s rest.lost on=create\nat 22s ws.cut stream=trade\nat 60s for 3s rest.lost on=create\n"
                                        "at 62s ws.cut stream=trade\nat 100s for 3s rest.lost on=create\nat 102s ws.cut stream=trade\n",
                              .minutes = 4, .over_ws = true, .unknown = true });
}

static bot_i128 funding_of(const struct simrig *r, bot_i128 *ret_truth)
{
    struct exchange_truth t;
    bot_position p;
    bot__world_truth(r->world, (uint32_t)r->account, (uint16_t)bot__exchange_instrument_find(bot__world_exchange(r->world), r->symbol.s, r->symbol.len), &t);
    const int64_t at = bot_core_find_instrument(r->core, &r->symbol);
    ck_assert_int_ge(at, 0);
    bot_core_position(r->core, (uint32_t)at, BOT_LEG_NET, &p);
    *ret_truth = t.funding.v;
    return p.funding.v;
}

/* Bybit tells of it among the executions, Binance only that the wallet has changed: the account's log has the rest. */
TEST(dialects, what_is_paid_for_holding_is_booked_to_the_instrument_once)
{
    const char *venue;
    for (uint32_t i = 0; (venue = bot__simvenue_dialect(i)) != NULL; i++) {
        struct simrig *r = tell(venue, &(struct story){ .faults = "at 100s fund rate=0.001\nat 160s fund rate=-0.0004\nat 161s ws.cut stream=private\nat 220s fund rate=0.002\n", .minutes = 5 });
        simrig_run(r, 40 * BOT_NS_PER_S);
        bot_i128 truth;
        const bot_i128 booked = funding_of(r, &truth);
        ck_assert_msg(truth != 0, "%s: nothing was paid", venue);
        ck_assert_msg(booked == truth, "%s: %lld millionths booked of %lld", venue, (long long)(booked / 1000000000000), (long long)(truth / 1000000000000));
        simrig_free(r);
    }
}

/* OKX pushes what it matched by itself without an id, the list has it with one: that is one execution and not two. */
TEST(dialects, each_execution_is_told_once_also_where_the_venue_itself_has_traded)
{
    const char *venue;
    for (uint32_t i = 0; (venue = bot__simvenue_dialect(i)) != NULL; i++) {
        struct simrig *r = tell(venue, &(struct story){ .faults = "at 100s liquidate\nat 140s adl qty=0.1\nat 141s ws.cut stream=private\nat 180s liquidate\n", .minutes = 5, .outside = true });
        simrig_run(r, 60 * BOT_NS_PER_S);
        struct exchange_truth t;
        bot__world_truth(r->world, (uint32_t)r->account, (uint16_t)bot__exchange_instrument_find(bot__world_exchange(r->world), r->symbol.s, r->symbol.len), &t);
        ck_assert_uint_gt(r->alerts[BOT_ALERT_EXTERNAL_FILL], 0);
        ck_assert_msg(r->fills == t.fills, "%s: %u told of %llu", venue, r->fills, (unsigned long long)t.fills);
        simrig_free(r);
    }
}

/* The socket lives on and answers pings; only the key is gone. */
TEST(scenario, s38_a_listen_key_expires)
{
    struct simrig *r = tell("binance-usdm", &(struct story){ .minutes = 10, .listen_key_ns = 150 * BOT_NS_PER_S });
    struct session_stats stats;
    bot__session_stats_get(r->session, &stats);
    ck_assert_uint_ge(stats.ws_losses, 3); /* 150 s a key, never prolonged in between: the session prolongs every five minutes */
    simrig_free(r);
}

/* The news of it is lost as well: the next attempt to prolong the key finds out. */
TEST(scenario, s38_a_listen_key_that_is_gone_in_silence_is_found_out_when_it_is_prolonged)
{
    struct simrig *r = tell("binance-usdm", &(struct story){ .faults = "at 60s for 3600s ws.drop topic=wallet\n", .minutes = 10, .listen_key_ns = 295 * BOT_NS_PER_S });
    simrig_free(r);
}

/* Fills that the stream has not told of are found by reading: behind this time there are none. */
static void streams_from(const char *faults, unsigned minute)
{
    struct simrig_options o;
    struct simrig *r;
    bot_core_stats then, now;
    simrig_options_init(&o);
    o.venue = "binance-usdm";
    o.faults = faults;
    o.quiet_ns = 30 * BOT_NS_PER_S;
    r = simrig_new(&o);
    simrig_run(r, (int64_t)minute * 60 * BOT_NS_PER_S);
    bot_core_stats_get(r->core, &then);
    simrig_run(r, 200 * BOT_NS_PER_S);
    bot_core_stats_get(r->core, &now);
    simrig_check(r);
    ck_assert_uint_gt(now.fills_applied, then.fills_applied + 50);
    ck_assert_msg(now.backfilled_fills == then.backfilled_fills, "%llu fills did not come by the stream\n%s",
                  (unsigned long long)(now.backfilled_fills - then.backfilled_fills), simrig_tail(r));
    simrig_free(r);
}

/* Somebody else ends the key and makes another: to prolong that one works, and our socket is deaf. */
TEST(scenario, s38_a_listen_key_that_another_took_the_place_of_is_found_out)
{
    streams_from("at 60s key.end deaf=1\n", 7);
}

/* The venue opens a socket for a key that has just ended, and it stays silent: whenever between the two the key ends. */
TEST(scenario, s38_a_listen_key_that_ends_before_its_socket_opens_is_found_out)
{
    for (int ms = 10; ms < 700; ms += 30) {
        char faults[160];
        snprintf(faults, sizeof faults, "at 60s key.end\nat %dms key.end told=1\n", 60000 + ms);
        streams_from(faults, 2);
    }
}

/* Venues number trades: where two own orders meet, both executions have one id. */
static struct simrig *self_trades(const char *venue, const char *faults)
{
    struct simrig_options o;
    simrig_options_init(&o);
    o.venue = venue;
    o.faults = faults;
    o.outside = true;
    o.quiet_ns = 10 * BOT_NS_PER_S;
    o.trade_until_ns = 180 * BOT_NS_PER_S;
    o.world.venue.exec_ids_shared = true;
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 180 * BOT_NS_PER_S);
    for (int i = 0; i < 12 && !(simrig_open(r) && simrig_belief(r) == simrig_truth(r)); i++) simrig_run(r, 10 * BOT_NS_PER_S);
    simrig_run(r, 4 * BOT_NS_PER_S); /* what happened last is known, too */
    simrig_check(r);
    ck_assert_uint_gt(bot__exchange_stats(bot__world_exchange(r->world)).self_trades, 5);
    ck_assert_msg(simrig_open(r) && simrig_belief(r) == simrig_truth(r), "%s: shut, or belief is not truth\n%s", venue, simrig_tail(r));
    ck_assert_msg(r->alerts[BOT_ALERT_FILL_CONFLICT] == 0, "%s\n%s", venue, simrig_tail(r));
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    struct exchange_truth t;
    bot__world_truth(r->world, (uint32_t)r->account, (uint16_t)bot__exchange_instrument_find(bot__world_exchange(r->world), r->symbol.s, r->symbol.len), &t);
    ck_assert_uint_eq(stats.fills_applied, t.fills);
    return r;
}

TEST(dialects, each_side_of_a_self_trade_is_booked_once_though_both_have_one_id)
{
    const char *venue;
    for (uint32_t i = 0; (venue = bot__simvenue_dialect(i)) != NULL; i++) {
        struct simrig *r = self_trades(venue, "every 10s trade.self side=buy qty=0.05\nevery 7s trade.self side=sell qty=0.03\nalways ws.duplicate topic=all p=0.3\n");
        ck_assert_msg(r->gate_shuts == 0 && r->alerts[BOT_ALERT_DRIFT] == 0, "%s: shut %u times\n%s", venue, r->gate_shuts, simrig_tail(r));
        simrig_free(r);
    }
}

TEST(dialects, sides_of_a_self_trade_that_the_stream_lost_are_fetched)
{
    const char *venue;
    for (uint32_t i = 0; (venue = bot__simvenue_dialect(i)) != NULL; i++)
        simrig_free(self_trades(venue, "every 10s trade.self side=buy qty=0.05\nat 20s for 100s ws.drop topic=execution,order p=0.5\n"));
}

TEST(dialects, two_own_orders_that_meet_leave_the_position_as_it_was)
{
    const char *venue;
    for (uint32_t i = 0; (venue = bot__simvenue_dialect(i)) != NULL; i++) {
        struct simrig_options o;
        simrig_options_init(&o);
        o.venue = venue;
        o.trade_until_ns = 10 * BOT_NS_PER_S;
        o.limit = "10";
        o.world.venue.exec_ids_shared = true;
        struct simrig *r = simrig_new(&o);
        simrig_run(r, 30 * BOT_NS_PER_S);
        ck_assert(simrig_open(r));
        struct exchange *x = bot__world_exchange(r->world);
        for (int n = 0; n < 20 && bot__exchange_stats(x).self_trades == 0; n++) {
            struct exchange_level bid;
            char price[BOT_DEC_TEXT_MAX];
            bot_id buy, sell;
            ck_assert_uint_eq(bot__exchange_book(x, 0, BOT_BUY, &bid, 1), 1);
            bot_fixed_format(bot__exchange_px(bot__exchange_instrument(x, 0), bid.price_ticks + 1).v, price);
            ck_assert_int_eq(simrig_submit(r, BOT_BUY, "0.01", price, &buy), BOT_OK);
            ck_assert_int_eq(simrig_submit(r, BOT_SELL, "0.01", price, &sell), BOT_OK);
            simrig_run(r, 5 * BOT_NS_PER_S);
        }
        ck_assert_uint_gt(bot__exchange_stats(x).self_trades, 0);
        simrig_run(r, 30 * BOT_NS_PER_S);
        simrig_check(r);
        ck_assert_msg(simrig_open(r) && simrig_belief(r) == simrig_truth(r), "%s: shut, or belief is not truth\n%s", venue, simrig_tail(r));
        ck_assert_msg(r->alerts[BOT_ALERT_FILL_CONFLICT] == 0 && r->gate_shuts == 0, "%s\n%s", venue, simrig_tail(r));
        simrig_free(r);
    }
}
