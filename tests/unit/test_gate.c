#include "core/gate.h"

#include <string.h>

#include "harness.h"

#define S BOT_NS_PER_S

static struct gate gate;

/* Open since second 1, every lease of its own length. */
static void open_gate(void)
{
    const struct gate_options o = { .lease_ns = { 10 * S, 15 * S, 9 * S, 0, 600 * S }, .hold_down_ns = 2 * S, .agree_reads_min = 2 };
    bot__gate_init(&gate, &o, 0);
    for (int i = 0; i < GATE_LEASE_COUNT; i++)
        bot__gate_renew(&gate, (enum gate_lease)i, S);
    bot__gate_clear(&gate, BOT_GATE_STARTUP, S);
    bot__gate_agreement(&gate, true, S);
    ck_assert(bot__gate_evaluate(&gate, S));
    ck_assert_uint_eq(gate.reasons, 0);
}

TEST(gate, is_open_until_its_earliest_lease_ends_and_needs_no_step_for_it)
{
    open_gate();
    ck_assert(bot__gate_open(&gate, 10 * S - 1));
    ck_assert(!bot__gate_open(&gate, 10 * S)); /* REST: 9 s from second 1 */
}

TEST(gate, a_lease_has_ended_at_its_end_and_the_step_of_that_moment_says_so)
{
    open_gate();
    ck_assert_int_eq(bot__gate_deadline(&gate, S), 10 * S);
    ck_assert(!bot__gate_evaluate(&gate, 10 * S - 1));
    ck_assert(bot__gate_evaluate(&gate, 10 * S)); /* no other deadline comes for it */
    ck_assert_uint_eq(gate.reasons, BOT_GATE_REST);
}

TEST(gate, a_state_read_between_two_steps_names_the_lease_that_has_run_out)
{
    open_gate();
    bot_gate_state s;
    bot__gate_state(&gate, 10 * S - 1, &s);
    ck_assert(s.reasons == 0 && s.open_until == 10 * S);
    bot__gate_state(&gate, 12 * S, &s);
    ck_assert_uint_eq(s.reasons, BOT_GATE_REST | BOT_GATE_PRIVATE_STREAM);
    ck_assert(s.since[BOT_GATE_INDEX_REST] == 10 * S && s.since[BOT_GATE_INDEX_PRIVATE_STREAM] == 11 * S && s.changed_at <= 11 * S);
    ck_assert(s.value[BOT_GATE_INDEX_REST] == 11 * S && s.open_until == 0);
    ck_assert_uint_eq(gate.reasons, 0); /* asking changes nothing */
    char text[400];
    bot_gate_explain(&s, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "shut"));
}

TEST(gate, opens_again_after_agreement_asked_for_after_the_shutting_and_a_hold_down)
{
    open_gate();
    ck_assert(bot__gate_evaluate(&gate, 20 * S)); /* everything but the clock has run out */
    for (int i = 0; i < GATE_LEASE_COUNT; i++)
        bot__gate_renew(&gate, (enum gate_lease)i, 21 * S);
    bot__gate_agreement(&gate, true, 19 * S); /* asked for before the trouble was over */
    bot__gate_agreement(&gate, true, 21 * S);
    (void)bot__gate_evaluate(&gate, 21 * S);
    ck_assert_uint_eq(gate.reasons, BOT_GATE_HOLD_DOWN);
    bot__gate_agreement(&gate, true, 22 * S);
    (void)bot__gate_evaluate(&gate, 22 * S);
    ck_assert_uint_eq(gate.reasons, BOT_GATE_HOLD_DOWN);
    (void)bot__gate_evaluate(&gate, 24 * S - 1);
    ck_assert(!bot__gate_open(&gate, 24 * S - 1));
    (void)bot__gate_evaluate(&gate, 24 * S);
    ck_assert(bot__gate_open(&gate, 24 * S));
}

TEST(gate, good_news_that_comes_late_takes_nothing_back)
{
    open_gate();
    bot__gate_renew(&gate, GATE_LEASE_REST, 5 * S);
    bot__gate_renew(&gate, GATE_LEASE_REST, 3 * S); /* asked for earlier, answered later */
    ck_assert(gate.expiry[GATE_LEASE_REST] == 14 * S && gate.renewed_at[GATE_LEASE_REST] == 5 * S);
}

TEST(gate, opens_after_agreements_in_a_row_and_a_disagreement_begins_the_row_anew)
{
    open_gate();
    (void)bot__gate_evaluate(&gate, 20 * S);
    for (int i = 0; i < GATE_LEASE_COUNT; i++)
        bot__gate_renew(&gate, (enum gate_lease)i, 21 * S);
    bot__gate_agreement(&gate, true, 21 * S);
    bot__gate_agreement(&gate, false, 22 * S); /* another read, or another instrument of the same */
    bot__gate_agreement(&gate, true, 23 * S);
    (void)bot__gate_evaluate(&gate, 23 * S);
    (void)bot__gate_evaluate(&gate, 25 * S);
    ck_assert_uint_eq(gate.reasons, BOT_GATE_HOLD_DOWN);
    bot__gate_agreement(&gate, true, 25 * S);
    (void)bot__gate_evaluate(&gate, 25 * S);
    (void)bot__gate_evaluate(&gate, 27 * S);
    ck_assert(bot__gate_open(&gate, 27 * S));
}

/* ---- words ---- */

TEST(gate, a_set_that_is_not_one_reason_has_no_name)
{
    static const uint32_t none[] = { 0, BOT_GATE_DRIFT | BOT_GATE_KILL, 1u << BOT_GATE_REASON_COUNT, 1u << 31 };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ck_assert_str_eq(bot_gate_reason_name(none[i]), "");
        ck_assert_str_eq(bot_gate_reason_words(none[i]), "");
    }
    for (int i = 0; i < BOT_GATE_REASON_COUNT; i++) {
        ck_assert_uint_gt(strlen(bot_gate_reason_name(1u << i)), 0);
        ck_assert_uint_gt(strlen(bot_gate_reason_words(1u << i)), 10);
    }
    ck_assert_str_eq(bot_gate_reason_name(BOT_GATE_KILL), "KILL");
    ck_assert_str_eq(bot_gate_reason_words(BOT_GATE_KILL), "the kill switch was pulled");
}

static const char *explained(const bot_gate_state *s)
{
    static char text[2000];
    ck_assert_uint_eq(bot_gate_explain(s, text, sizeof text), strlen(text));
    return text;
}

TEST(gate, an_open_gate_says_for_how_long)
{
    bot_gate_state s = { .now = 10 * S, .open_until = 12 * S + 340 * BOT_NS_PER_MS };
    ck_assert_str_eq(explained(&s), "open for another 2.3 s without news");
    s.open_until = BOT_TS_NEVER; /* nothing is required of it */
    ck_assert_str_eq(explained(&s), "open");
    s.open_until = s.now;
    ck_assert_str_eq(explained(&s), "open");
}

TEST(gate, a_shut_gate_says_why_and_since_when)
{
    bot_gate_state s = { .now = 10 * S, .reasons = BOT_GATE_RECONCILED | BOT_GATE_PRIVATE_STREAM | BOT_GATE_KILL };
    s.value[BOT_GATE_INDEX_RECONCILED] = 7 * S / 2;
    s.value[BOT_GATE_INDEX_PRIVATE_STREAM] = -1;
    s.since[BOT_GATE_INDEX_KILL] = 8 * S;
    const char *text = explained(&s);
    ck_assert_ptr_nonnull(strstr(text, "(PRIVATE_STREAM, no good news yet); "));
    ck_assert_ptr_nonnull(strstr(text, "(RECONCILED, last good news 3.5 s ago); "));
    ck_assert_ptr_nonnull(strstr(text, "the kill switch was pulled (KILL, for 2.0 s)"));
}

TEST(gate, says_of_the_hold_down_what_it_waits_for)
{
    bot_gate_state s = { .reasons = BOT_GATE_HOLD_DOWN, .now = 40 * S };
    s.since[BOT_GATE_INDEX_HOLD_DOWN] = 4 * S;
    ck_assert_str_eq(explained(&s), "shut: reads must agree again first (HOLD_DOWN, for 36.0 s)");
    s.value[BOT_GATE_INDEX_HOLD_DOWN] = S;
    ck_assert_str_eq(explained(&s), "shut: well again, waits a moment more (HOLD_DOWN, for 36.0 s)");
}

TEST(gate, a_sentence_is_cut_to_the_room_that_it_has)
{
    bot_gate_state s = { .now = 10 * S, .reasons = BOT_GATE_DRIFT | BOT_GATE_KILL };
    char whole[400], cut[400];
    const size_t len = bot_gate_explain(&s, whole, sizeof whole);
    const bot_refusal r = { .code = BOT_ERR_LIMIT_POSITION };
    char refusal[400];
    const size_t refusal_len = bot_refusal_explain(&r, refusal, sizeof refusal);
    for (size_t size = 1; size < sizeof cut; size++) {
        memset(cut, 'x', sizeof cut);
        const size_t n = bot_gate_explain(&s, cut, size);
        ck_assert_uint_eq(n, len < size ? len : size - 1);
        ck_assert(cut[n] == '\0' && strncmp(cut, whole, n) == 0 && (size == sizeof cut || cut[size] == 'x'));
        memset(cut, 'x', sizeof cut);
        const size_t m = bot_refusal_explain(&r, cut, size);
        ck_assert_uint_eq(m, refusal_len < size ? refusal_len : size - 1);
        ck_assert(cut[m] == '\0' && strncmp(cut, refusal, m) == 0 && (size == sizeof cut || cut[size] == 'x'));
    }
    cut[0] = 'x';
    ck_assert_uint_eq(bot_gate_explain(&s, cut, 0), 0);
    ck_assert_uint_eq(bot_refusal_explain(&r, cut, 0), 0);
    ck_assert_int_eq(cut[0], 'x');
}

static const char *refused(const bot_refusal *r)
{
    static char text[800];
    ck_assert_uint_eq(bot_refusal_explain(r, text, sizeof text), strlen(text));
    return text;
}

#define ONE ((bot_i128)1000000000000000000)

TEST(gate, a_refusal_says_its_numbers)
{
    bot_refusal r = { .position_low = { 6 * ONE }, .position_high = { 6 * ONE }, .working_buy = { 3 * ONE } };
    ck_assert_str_eq(refused(&r), "passes; position 6, working buys 3, working sells 0");
    r.code = BOT_ERR_LIMIT_POSITION;
    r.limit.v = 10 * ONE;
    r.worst.v = 11 * ONE;
    r.room.v = ONE / 2;
    ck_assert_ptr_nonnull(strstr(refused(&r), ", limit 10, worst case with this order 11, room for 0.5"));
    r.code = BOT_ERR_LIMIT_ACCOUNT;
    ck_assert_ptr_nonnull(strstr(refused(&r), "room for 0.5"));
    r.code = BOT_ERR_REDUCE_ONLY;
    ck_assert_ptr_nonnull(strstr(refused(&r), "room for 0.5"));
    r.code = BOT_ERR_GATE_SHUT;
    r.reasons = BOT_GATE_DRIFT | BOT_GATE_KILL;
    r.position_high.v = 8 * ONE;
    const char *text = refused(&r);
    ck_assert_ptr_nonnull(strstr(text, " by DRIFT, KILL; position between 6 and 8"));
    ck_assert_ptr_nonnull(strstr(text, "room for 0.5"));
    r = (bot_refusal){ .code = BOT_ERR_LIMIT_NOTIONAL, .limit_money = { 100 * ONE }, .money = { 101 * ONE }, .reference = { 7 * ONE } };
    text = refused(&r);
    ck_assert_ptr_nonnull(strstr(text, ", money 101 against 100, reference price 7"));
    ck_assert_ptr_null(strstr(text, "room for"));
}

TEST(gate, a_refusal_says_the_numbers_of_its_own_kind_and_no_position)
{
    bot_refusal r = { .code = BOT_ERR_LIMIT_RATE, .limit = { ONE }, .count = 8, .count_limit = 8, .wait_ns = S / 4 };
    ck_assert_str_eq(refused(&r), "refused (LIMIT_RATE): too many orders in the time window; 8 in the last second, limit 8, room for the next in 0.3 s");
    r = (bot_refusal){ .code = BOT_ERR_LIMIT_OPEN_ORDERS, .limit = { ONE }, .count = 4, .count_limit = 3 };
    ck_assert_str_eq(refused(&r), "refused (LIMIT_OPEN_ORDERS): too many open orders; 4 that may still fill, limit 3");
    r = (bot_refusal){ .code = BOT_ERR_NO_REFERENCE };
    ck_assert_str_eq(refused(&r), "refused (NO_REFERENCE): no fresh reference price; none has been seen yet (public_data brings it)");
    r.reference.v = 3500 * ONE;
    r.reference_age_ns = 7 * S;
    ck_assert_str_eq(refused(&r), "refused (NO_REFERENCE): no fresh reference price; the last one, 3500, is 7.0 s old (core.reference_age_max_ns)");
    r = (bot_refusal){ .code = BOT_ERR_PRICE_COLLAR, .reference = { 100 * ONE }, .price_limit = { 101 * ONE } };
    ck_assert_str_eq(refused(&r), "refused (PRICE_COLLAR): the price is too far from the reference price; the worst that passes is 101, reference price 100");
}

TEST(gate, an_order_that_makes_no_sense_is_refused_with_what_of_it_and_no_position)
{
    bot_refusal r = { .code = BOT_ERR_INVALID, .detail = "the quantity is not a multiple of the lot", .limit = { ONE / 100 } };
    ck_assert_str_eq(refused(&r), "refused (INVALID): the quantity is not a multiple of the lot 0.01");
    r = (bot_refusal){ .code = BOT_ERR_INVALID };
    ck_assert_ptr_null(strstr(refused(&r), "position"));
    r.code = BOT_ERR_CLOSED; /* of a handle that is finished nothing else is said either */
    ck_assert_ptr_null(strstr(refused(&r), "position"));
    char text[64] = "before";
    ck_assert_uint_eq(bot_refusal_explain(NULL, text, sizeof text), 0);
    ck_assert_str_eq(text, "");
    ck_assert_uint_eq(bot_gate_explain(NULL, text, sizeof text), 0);
    ck_assert_str_eq(text, "");
}

TEST(gate, a_lease_without_an_end_stays_and_one_that_is_not_required_cannot_be_cut)
{
    open_gate();
    bot__gate_renew_for(&gate, GATE_LEASE_CLOCK, 2 * S, INT64_MAX);
    ck_assert(gate.expiry[GATE_LEASE_CLOCK] == BOT_TS_NEVER);
    bot__gate_expire(&gate, GATE_LEASE_PUBLIC_STREAM, 2 * S);
    (void)bot__gate_evaluate(&gate, 2 * S);
    ck_assert_uint_eq(gate.reasons, 0);
}

/* One gate is judged from the beginning at every step, the other only when it thinks that it must be. */
TEST(gate, says_the_same_whether_or_not_it_is_judged_again_when_only_time_has_passed)
{
    test_rng rng = { 77 };
    unsigned shut_steps = 0, open_steps = 0;
    for (int round = 0; round < 300; round++) {
        open_gate();
        struct gate other = gate;
        bot_ts now = S;
        for (int step = 0; step < 60; step++) {
            now += (bot_ts)test_rng_below(&rng, 3) * S / 2;
            const uint32_t what = (uint32_t)test_rng_below(&rng, 12);
            const enum gate_lease lease = (enum gate_lease)test_rng_below(&rng, GATE_LEASE_COUNT);
            struct gate *const both[] = { &gate, &other };
            bool changed[2];
            for (int k = 0; k < 2; k++) {
                struct gate *g = both[k];
                for (int i = 0; i < GATE_LEASE_COUNT && what < 3; i++) bot__gate_renew(g, (enum gate_lease)i, now - (bot_ts)what * S);
                if (what == 3 && step % 4 == 0) bot__gate_expire(g, lease, now);
                if (what == 4) bot__gate_cap(g, lease, now + 3 * S);
                if (what == 5 && step % 3 == 0) bot__gate_set(g, BOT_GATE_FEED_LAG, step, now);
                if (what == 6 || what == 7) bot__gate_clear(g, BOT_GATE_FEED_LAG, now);
                if (what >= 8) bot__gate_agreement(g, what != 8 || step % 4 != 0, now);
                if (k == 1)
                    g->touched = true;
                changed[k] = bot__gate_evaluate(g, now);
            }
            bot_gate_state states[2];
            bot__gate_state(&gate, now, &states[0]);
            bot__gate_state(&other, now, &states[1]);
            ck_assert_int_eq(changed[0], changed[1]);
            ck_assert_int_eq(memcmp(&states[0], &states[1], sizeof states[0]), 0);
            ck_assert_int_eq(memcmp(&gate, &other, sizeof gate), 0);
            const bot_ts deadline = bot__gate_deadline(&gate, now);
            other.touched = true;
            ck_assert(deadline == bot__gate_deadline(&other, now));
            other.touched = false;
            *(gate.reasons == 0 ? &open_steps : &shut_steps) += 1;
        }
    }
    ck_assert_uint_gt(open_steps, 2000);
    ck_assert_uint_gt(shut_steps, 2000);
}
