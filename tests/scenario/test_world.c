/* Whole clients against the paper exchange on virtual time. */
#include "simrig.h"

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
