#include "sim_client.h"

#include <time.h>

/* A market maker of sorts: fills about once a second through ordinary requests. */
struct trader {
    struct session *s;
    uint32_t n;
    bot_ts   until;
};

static void trade(void *user_data)
{
    struct trader *t = user_data;
    char body[256];
    snprintf(body, sizeof body, "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"%s\",\"orderType\":\"Market\",\"qty\":\"0.001\",\"orderLinkId\":\"t-%u\"}",
             t->n % 2 == 0 ? "Buy" : "Sell", t->n);
    t->n++;
    sim_http(t->s, "POST", "/v5/order/create", body);
    if (bot__world_now(t->s->w) < t->until) bot__world_call_at(t->s->w, bot__world_now(t->s->w) + SIM_S, trade, t);
}

static uint64_t run(uint64_t seed, int64_t seconds, int64_t stop_every_ns, double *ret_speed)
{
    struct world *w = sim_world(seed, true);
    bot__world_account_add(w, "key", "secret", sim_money(100000));
    struct session *s = calloc(1, sizeof *s);
    sim_client_open(s, w, "key", "secret");
    char error[160];
    ck_assert_int_eq(bot__world_faults(w, "every 50s for 5s ws.delay delay=10ms..2s\nalways ws.duplicate p=0.1\n", error, sizeof error), 0);
    sim_private(s);
    sim_stream(s, BOT_STREAM_PUBLIC, "wss://paper/v5/public/linear");
    sim_say(s, BOT_STREAM_PUBLIC, "{\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\",\"orderbook.50.BTCUSDT\"]}");
    struct trader t = { .s = s, .until = bot__world_now(w) + seconds * SIM_S };
    bot__world_call_at(w, 0, trade, &t);
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    while (bot__world_now(w) < t.until + 10 * SIM_S) sim_run(s, stop_every_ns);
    clock_gettime(CLOCK_MONOTONIC, &b);
    const double took = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    if (ret_speed != NULL) *ret_speed = (double)seconds / took;
    struct exchange_truth truth;
    bot__world_truth(w, 1, 0, &truth);
    ck_assert_uint_ge(truth.fills, (uint64_t)seconds * 9 / 10);
    ck_assert(truth.open_buy.v == 0 && truth.open_sell.v == 0);
    const uint64_t hash = s->hash ^ s->bytes;
    sim_client_free(s);
    free(s);
    bot__world_free(w);
    return hash;
}

TEST(world, gives_the_same_bytes_for_the_same_seed_however_it_is_stopped)
{
    const uint64_t a = run(1, 120, 10 * SIM_S, NULL);
    ck_assert_uint_eq(a, run(1, 120, 10 * SIM_S, NULL));
    ck_assert_uint_eq(a, run(1, 120, 5 * SIM_S, NULL));
    ck_assert_uint_ne(a, run(2, 120, 10 * SIM_S, NULL));
}

TEST(world, runs_fast_enough_to_be_used)
{
    double speed = 0;
    run(3, 1800, SIM_S, &speed);
    printf("# %.0f simulated seconds per second with one client at one fill a second\n", speed);
    ck_assert_msg(speed > 200, "%.0f simulated seconds per second", speed); /* far below the aim: sanitizers and valgrind run this too */
}

TEST(world, a_killed_client_hears_nothing_and_a_frozen_one_hears_everything_late)
{
    struct world *w = sim_world(5, true);
    bot__world_account_add(w, "key", "secret", sim_money(100000));
    struct session *s = calloc(1, sizeof *s);
    sim_client_open(s, w, "key", "secret");
    sim_private(s);
    bot__world_client_freeze(w, s->client, bot__world_now(w) + 70 * SIM_S);
    const uint32_t before = s->messages;
    const bot_ts woke = bot__world_now(w) + 70 * SIM_S;
    struct trader t = { .s = s, .until = bot__world_now(w) + 10 * SIM_S };
    s->t.timer(s->t.self, bot__world_now(w) + SIM_S);
    bot__world_call_at(w, 0, trade, &t);
    sim_run(s, 69 * SIM_S);
    ck_assert_uint_eq(s->messages, before);
    ck_assert_int_eq(s->timer_came, 0);
    sim_run(s, 2 * SIM_S);
    ck_assert_uint_gt(s->messages, before + 20);
    ck_assert_int_eq(s->timer_came, woke);
    for (uint32_t i = before; i < s->messages; i++) ck_assert_int_ge(s->message_at[i], woke);
    bot__world_client_kill(w, s->client);
    const uint32_t then = s->messages;
    char error[160];
    ck_assert_int_eq(bot__world_faults(w, "at 90s trade side=buy qty=0.01\n", error, sizeof error), 0);
    sim_run(s, 30 * SIM_S);
    ck_assert_uint_eq(s->messages, then);
    bot__world_client_attach(w, s->client, s);
    sim_private(s);
    ck_assert_uint_gt(s->messages, then);
    sim_client_free(s);
    free(s);
    bot__world_free(w);
}

TEST(world, without_a_network_nothing_is_sent_and_sockets_turn_out_dead)
{
    struct world *w = sim_world(6, true);
    bot__world_account_add(w, "key", "secret", sim_money(100000));
    struct session *s = calloc(1, sizeof *s);
    sim_client_open(s, w, "key", "secret");
    sim_private(s);
    bot__world_client_offline(w, s->client, true);
    sim_get(s, "/v5/market/time");
    ck_assert_int_eq(s->answer[s->next_id].result, TRANSPORT_NOT_SENT);
    ck_assert(s->open[BOT_STREAM_PRIVATE]);
    bot__world_client_offline(w, s->client, false);
    sim_run(s, SIM_S);
    ck_assert(!s->open[BOT_STREAM_PRIVATE]);
    sim_get(s, "/v5/market/time");
    ck_assert_int_eq(s->answer[s->next_id].result, TRANSPORT_OK);
    sim_client_free(s);
    free(s);
    bot__world_free(w);
}

TEST(world, two_clients_of_two_accounts_trade_with_each_other_and_the_sum_is_zero)
{
    struct world *w = sim_world(8, false);
    bot__world_account_add(w, "a", "sa", sim_money(100000));
    bot__world_account_add(w, "b", "sb", sim_money(100000));
    struct session *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    sim_client_open(a, w, "a", "sa");
    sim_client_open(b, w, "b", "sb");
    ck_assert_ptr_nonnull(strstr(sim_post(a, "/v5/order/create", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"qty\":\"0.5\",\"price\":\"65000.00\",\"timeInForce\":\"PostOnly\"}"), "\"retCode\":0"));
    ck_assert_ptr_nonnull(strstr(sim_post(b, "/v5/order/create", "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Sell\",\"orderType\":\"Limit\",\"qty\":\"0.5\",\"price\":\"65000.00\",\"timeInForce\":\"IOC\"}"), "\"retCode\":0"));
    struct exchange_truth ta, tb;
    bot__world_truth(w, 1, 0, &ta);
    bot__world_truth(w, 2, 0, &tb);
    ck_assert(ta.position.v == (bot_i128)500000000000000000 && tb.position.v == -ta.position.v);
    ck_assert(ta.fees.v < tb.fees.v); /* maker and taker */
    sim_client_free(a);
    sim_client_free(b);
    free(a);
    free(b);
    bot__world_free(w);
}
