/* The checkers can fail: each deliberate mistake is seen by the check that is there for it. */
#include "dst.h"

static void caught(enum dst_defect defect, uint32_t checks, bool without_faults)
{
    static struct dst_plan plan;
    const struct dst_run_options o = { .defect = defect };
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct dst_result r;
        dst_plan_draw(&plan, "bybit", seed);
        if (without_faults) plan.faults_n = 0;
        dst_run(&plan, &o, &r);
        if (r.wrong == DST_OK) continue; /* there was no occasion for it in this world */
        ck_assert_msg((1u << r.wrong & checks) != 0, "seed %llu, %s: caught by %s: %s", (unsigned long long)seed, dst_defect_name(defect),
                      dst_check_name(r.wrong), r.text);
        return;
    }
    ck_abort_msg("%s: nothing noticed it", dst_defect_name(defect));
}

TEST(dst, a_fill_counted_twice_is_seen) { caught(DST_DEFECT_FILL_TWICE, 1u << DST_POSITION | 1u << DST_LOST | 1u << DST_LIVENESS | 1u << DST_STORM, true); }
TEST(dst, fills_that_cancel_out_are_seen) { caught(DST_DEFECT_FILL_PAIR, 1u << DST_LOST, true); }
TEST(dst, an_order_sent_twice_is_seen) { caught(DST_DEFECT_ORDER_TWICE, 1u << DST_TWICE, true); }
TEST(dst, an_order_through_a_shut_gate_is_seen) { caught(DST_DEFECT_ORDER_PASSES, 1u << DST_SHUT, true); }
TEST(dst, a_limit_that_does_not_hold_is_seen) { caught(DST_DEFECT_LIMIT, 1u << DST_LIMIT, true); }
TEST(dst, a_gate_open_on_old_news_is_seen) { caught(DST_DEFECT_LEASE, 1u << DST_LEASE, true); }
TEST(dst, a_gate_that_stays_shut_is_seen) { caught(DST_DEFECT_DEAF, 1u << DST_LIVENESS, true); }

TEST(dst, a_storm_of_alerts_is_seen) { caught(DST_DEFECT_CONFLICT, 1u << DST_STORM, true); }
TEST(dst, a_journal_that_tells_another_story_is_seen) { caught(DST_DEFECT_UNWRITTEN, 1u << DST_INTERNAL, true); }

TEST(dst, the_same_seed_gives_the_same_world)
{
    static struct dst_plan plan;
    const struct dst_run_options o = { 0 };
    for (uint64_t seed = 3; seed <= 5; seed++) {
        struct dst_result a, b;
        dst_plan_draw(&plan, "bybit", seed);
        dst_run(&plan, &o, &a);
        dst_run(&plan, &o, &b);
        ck_assert_uint_eq(a.events, b.events);
        ck_assert_uint_eq(a.orders, b.orders);
        ck_assert_uint_eq(a.fills, b.fills);
        ck_assert_int_eq(a.open_ns, b.open_ns);
    }
}

TEST(dst, a_plan_can_be_written_and_read_back)
{
    static struct dst_plan plan, again;
    static char text[DST_FAULTS_MAX * DST_LINE_MAX], bad[DST_LINE_MAX];
    for (uint64_t seed = 1; seed <= 200; seed++) {
        dst_plan_draw(&plan, "bybit", seed);
        again = plan;
        dst_plan_text(&plan, text, sizeof text);
        ck_assert_msg(dst_plan_faults(&again, text, bad), "%s", bad);
        ck_assert_uint_eq(again.faults_n, plan.faults_n);
        for (uint32_t i = 0; i < plan.faults_n; i++) {
            ck_assert_str_eq(again.faults[i].text, plan.faults[i].text);
            ck_assert_int_eq(again.faults[i].at_ns, plan.faults[i].at_ns);
            ck_assert_int_eq(again.faults[i].for_ns, plan.faults[i].for_ns);
        }
    }
    ck_assert(!dst_plan_faults(&again, "at 5s for 2s proc.nothing", bad));
    ck_assert(!dst_plan_faults(&again, "sometimes ws.cut", bad));
}

/* A failure of a mistake that is there on purpose, hidden among many faults: what is left repeats it from one line. */
TEST(dst, a_failure_is_shrunk_to_what_it_needs_and_repeats_from_its_line)
{
    static struct dst_plan plan, again;
    static char text[DST_FAULTS_MAX * DST_LINE_MAX], bad[DST_LINE_MAX];
    const struct dst_run_options o = { .defect = DST_DEFECT_ORDER_TWICE };
    struct dst_result r = { 0 };
    for (uint64_t seed = 1; seed <= 40 && (r.wrong != DST_TWICE || plan.faults_n < 5); seed++) {
        dst_plan_draw(&plan, "bybit", seed);
        if (plan.orders_over_ws || plan.faults_n < 5) continue;
        dst_run(&plan, &o, &r);
    }
    ck_assert_int_eq(r.wrong, DST_TWICE);
    (void)dst_shrink(&plan, &o, r.wrong, 60);
    ck_assert_uint_eq(plan.faults_n, 0); /* the mistake needs none of them */
    dst_plan_text(&plan, text, sizeof text);
    dst_plan_draw(&again, "bybit", plan.seed);
    ck_assert(dst_plan_faults(&again, text, bad));
    dst_run(&again, &o, &r);
    ck_assert_int_eq(r.wrong, DST_TWICE);
    dst_run(&again, &(struct dst_run_options){ 0 }, &r); /* and without the mistake all is well */
    ck_assert_int_eq(r.wrong, DST_OK);
}
