/* Whole clients against the paper exchange on virtual time. */
#include "simrig.h"

#include <stdio.h>
#include <stdlib.h>

TEST(world, a_healthy_venue_opens_the_gate_and_never_shuts_it)
{
    struct simrig_options o;
    simrig_options_init(&o);
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 10 * BOT_NS_PER_S);
    ck_assert_msg(simrig_open(r), "shut\n%s", simrig_tail(r));
    simrig_run(r, 600 * BOT_NS_PER_S);
    simrig_check(r);
    ck_assert_msg(r->gate_shuts == 0, "shut %u times\n%s", r->gate_shuts, simrig_tail(r));
    ck_assert_uint_gt(r->fills, 100);
    ck_assert_uint_gt(r->refused, 0); /* the limit was met */
    simrig_free(r);
}

/* A fault file of tools/faults, three seeds, for so many minutes: whatever the venue does, no limit is passed, nothing leaves through a
 * shut gate, no position is wrong while the gate is open and quiet; within twenty minutes of the last fault the gate opens by itself, or has
 * been latched for a stated reason. Fewer than a position verdict a second on average, the venue down or not. */
static void shape(const char *file, unsigned minutes, int64_t quiet_s, uint32_t may_latch)
{
    char path[200];
    snprintf(path, sizeof path, "tools/faults/%s", file);
    char *text = test_read_file(test_source(path), NULL);
    for (unsigned long long seed = 1; seed <= 3; seed++) {
        struct simrig_options o;
        simrig_options_init(&o);
        o.seed = seed;
        o.faults = text;
        o.monitors = true;
        o.quiet_ns = quiet_s * BOT_NS_PER_S;
        struct simrig *r = simrig_new(&o);
        simrig_run(r, (int64_t)minutes * 60 * BOT_NS_PER_S);
        bot_gate_state gate = { 0 };
        uint32_t latched = 0;
        for (int i = 0; i < 120 && !simrig_open(r) && latched == 0; i++) {
            simrig_run(r, 10 * BOT_NS_PER_S);
            bot_core_gate_state(r->core, bot__world_time(r->world, r->client).now, &gate);
            latched = gate.reasons & bot_gate_latches();
        }
        simrig_check(r);
        ck_assert_msg(simrig_open(r) || (latched != 0 && (latched & ~may_latch) == 0), "%s, seed %llu: still shut (0x%x) twenty minutes after\n%s", file,
                      seed, (unsigned)gate.reasons, simrig_tail(r));
        ck_assert_msg(r->gate_shuts > 0, "%s, seed %llu: nothing shut the gate", file, seed);
        ck_assert_uint_gt(r->fills, 20);
        bot_core_stats stats;
        bot_core_stats_get(r->core, &stats);
        uint64_t verdicts = 0;
        for (int v = 0; v < 8; v++) verdicts += stats.reads[v];
        ck_assert_uint_lt(verdicts, (uint64_t)(minutes + 20) * 60);
        ck_assert_uint_eq(stats.effects_lost, 0);
        simrig_free(r);
    }
    free(text);
}

TEST(shape, founding_stale_success_then_a_hanging_request) { shape("founding.fault", 12, 3, 0); }
TEST(shape, s1_silent_stop) { shape("shape1-silent-stop.fault", 31, 3, 0); }
TEST(shape, s3_lagging_feed) { shape("shape3-lagging-feed.fault", 16, 3, 0); }
TEST(shape, s4_partial_feed) { shape("shape4-partial-feed.fault", 41, 3, 0); }
/* Fills come 40 s late and REST shows the state of a minute before: nobody can know. What holds is the limit. */
TEST(shape, s5_private_lag) { shape("shape5-private-lag.fault", 28, 70, BOT_GATE_DRIFT); }
TEST(shape, s6_ambiguous_orders) { shape("shape6-ambiguous-orders.fault", 21, 3, BOT_GATE_REJECT_STORM); }
TEST(shape, s7_resume) { shape("shape7-resume.fault", 17, 3, 0); }
TEST(shape, s9_bad_data) { shape("shape9-bad-data.fault", 23, 3, BOT_GATE_DRIFT); }

TEST(scenario, s40_a_flapping_socket_loses_no_fill_and_respects_the_connect_limit)
{
    struct simrig_options o;
    simrig_options_init(&o);
    o.faults = "every 6s ws.cut stream=private\n";
    o.trade_until_ns = 330 * BOT_NS_PER_S;
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 330 * BOT_NS_PER_S);
    struct session_stats stats;
    bot__session_stats_get(r->session, &stats);
    ck_assert_uint_ge(stats.ws_losses, 15); /* the back-off makes them fewer than the cuts */
    ck_assert_uint_lt(stats.ws_connects, 500);
    simrig_check(r);
    ck_assert_uint_gt(r->fills, 5);
    simrig_run(r, 5 * BOT_NS_PER_S); /* between two cuts it is down for less than a second */
    ck_assert_msg(simrig_truth(r) == simrig_belief(r), "a fill was lost\n%s", simrig_tail(r));
    simrig_free(r);
}
