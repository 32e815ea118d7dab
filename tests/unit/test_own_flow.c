#include "harness.h"

#include <string.h>

#include "session/own_flow.h"

#define MS BOT_NS_PER_MS
#define WALL INT64_C(1700000000000000000)

static struct own_flow o;
static bot_ts now;

static void begin(void)
{
    memset(&o, 0, sizeof o);
    now = 1000 * BOT_NS_PER_S;
}

static void trade(int64_t at_ms, bot_side side) { bot__own_flow_trade(&o, now, 0, WALL + at_ms * MS, side); }
static void fill(int64_t at_ms, bot_side side) { bot__own_flow_fill(&o, now, 0, WALL + at_ms * MS, side); }

/* What comes out, each sweep as its millisecond. */
static uint32_t out(bool all, int64_t *ret, uint32_t max)
{
    struct own_flow_sweep s;
    uint32_t n = 0;
    while (bot__own_flow_next(&o, now, all, &s)) {
        ck_assert_uint_lt(n, max);
        ret[n++] = (s.venue_ns - WALL) / MS;
    }
    return n;
}

TEST(own_flow, a_sweep_that_the_account_made_does_not_count_whichever_message_comes_first)
{
    int64_t ms[8];
    begin();
    trade(1, BOT_BUY);
    trade(1, BOT_BUY); /* it met two */
    trade(2, BOT_BUY);
    trade(2, BOT_SELL);
    fill(2, BOT_SELL);
    now += 300 * MS;
    fill(1, BOT_BUY);
    fill(3, BOT_BUY);
    trade(3, BOT_BUY);
    trade(4, BOT_SELL);
    now += 199 * MS;
    ck_assert_uint_eq(out(false, ms, 8), 0);
    now += 1 * MS;
    ck_assert_uint_eq(out(false, ms, 8), 1);
    ck_assert_int_eq(ms[0], 2);
    now += 300 * MS;
    ck_assert_uint_eq(out(false, ms, 8), 1);
    ck_assert_int_eq(ms[0], 4);
    ck_assert_uint_eq(o.n, 0);
}

TEST(own_flow, what_others_did_at_the_same_moment_elsewhere_or_on_the_other_side_counts)
{
    int64_t ms[8];
    begin();
    fill(5, BOT_BUY);
    trade(5, BOT_SELL);
    bot__own_flow_trade(&o, now, 1, WALL + 5 * MS, BOT_BUY);
    trade(6, BOT_BUY);
    ck_assert_uint_eq(out(true, ms, 8), 3);
}

TEST(own_flow, sweeps_come_out_whole_in_their_order_and_none_waits_for_ever)
{
    int64_t ms[OWN_FLOW_SWEEPS + 8];
    struct own_flow_sweep s;
    begin();
    for (int i = 0; i < OWN_FLOW_SWEEPS; i++) {
        ck_assert(!own_flow_is_full(&o));
        for (int fills = 0; fills <= i % 3; fills++) trade(i, BOT_BUY);
    }
    ck_assert(own_flow_is_full(&o));
    for (int i = 0; i < 3; i++) {
        ck_assert(bot__own_flow_next(&o, now, true, &s));
        ck_assert_int_eq((s.venue_ns - WALL) / MS, i);
        ck_assert_uint_eq(s.trades, (unsigned)i % 3 + 1);
    }
    trade(1000, BOT_BUY); /* round the end of the ring */
    trade(1000, BOT_BUY);
    trade(1001, BOT_BUY);
    now += OWN_FLOW_HOLD_NS;
    ck_assert_uint_eq(out(false, ms, OWN_FLOW_SWEEPS), OWN_FLOW_SWEEPS - 1);
    for (int i = 0; i < OWN_FLOW_SWEEPS - 3; i++)
        ck_assert_int_eq(ms[i], i + 3);
    ck_assert_int_eq(ms[OWN_FLOW_SWEEPS - 3], 1000);
    ck_assert_int_eq(ms[OWN_FLOW_SWEEPS - 2], 1001);
}

TEST(own_flow, without_the_venues_time_every_trade_counts)
{
    begin();
    struct own_flow_sweep s;
    bot__own_flow_fill(&o, now, 0, 0, BOT_BUY);
    for (int i = 0; i < 3; i++) bot__own_flow_trade(&o, now, 0, 0, BOT_BUY);
    for (int i = 0; i < 3; i++) ck_assert(bot__own_flow_next(&o, now, true, &s));
    ck_assert(!bot__own_flow_next(&o, now, true, &s));
}

TEST(own_flow, many_own_fills_are_remembered_and_old_ones_forgotten)
{
    int64_t ms[2 * OWN_FLOW_FILLS];
    begin();
    for (int i = 0; i < 2 * OWN_FLOW_FILLS; i++) {
        fill(i, BOT_BUY);
        trade(i, BOT_BUY);
        if (i % 2 == 1) now += 10 * MS;
        ck_assert_uint_eq(out(false, ms, 2 * OWN_FLOW_FILLS), 0);
    }
    now += 60 * BOT_NS_PER_S;
    ck_assert_uint_eq(out(false, ms, 2 * OWN_FLOW_FILLS), OWN_FLOW_FILLS); /* after so long: what else could be done */
}
