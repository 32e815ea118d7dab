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
