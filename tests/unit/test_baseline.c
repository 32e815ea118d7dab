/* A position that was taken over from the venue: which fills it holds already is told by sequence, by time or by nothing, as the venue
 * gives them. A fill that may not be in it counts. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define S BOT_NS_PER_S

/* A start upon a position of 3 that the venue's row gives with what is named. */
static struct rig *taken_over(bool seq, bool times, bool clock)
{
    bot_core_options o;
    rig_options(&o);
    o.start_adopt = true;
    o.venue.has_position_seq = seq;
    struct rig *r = rig_new(&o);
    r->qty[0] = fixed_of("3");
    r->rest_seq = seq;
    r->seq[0] = 1000;
    r->rest_times = times;
    r->row_ns[0] = r->wall_ns;
    r->venue_clock = clock;
    rig_start(r, "10");
    ck_assert_msg(rig_open(r) && rig_qty(r, 0) == fixed_of("3"), "%s", rig_tail(r));
    return r;
}

/* Whether one lot bought with these marks moves the position. */
static bool counts(struct rig *r, int64_t seq, int64_t venue_ns, bool history)
{
    static unsigned number;
    char exec[16];
    snprintf(exec, sizeof exec, "B%u", ++number);
    bot_event ev = rig_fill_event(r, 0, exec, NULL, "stranger", BOT_BUY, "0.01", "100");
    ev.seq = seq;
    ev.venue_ns = venue_ns;
    ev.read_id = history ? 77777 : 0;
    const bot_i128 before = rig_qty(r, 0);
    (void)rig_step(r, &ev);
    const bot_i128 moved = rig_qty(r, 0) - before;
    ck_assert(moved == 0 || moved == fixed_of("0.01"));
    return moved != 0;
}

TEST(baseline, by_sequence)
{
    struct rig *r = taken_over(true, false, false);
    ck_assert(!counts(r, 1000, r->wall_ns, false));
    ck_assert(!counts(r, 999, 0, true));
    ck_assert(counts(r, 1001, r->wall_ns, false));
    ck_assert(counts(r, 1002, 0, false));
    ck_assert(counts(r, BOT_SEQ_NONE, r->wall_ns, false)); /* not said: nothing shows that it is in there */
    ck_assert(counts(r, BOT_SEQ_NONE, 0, true));
    rig_free(r);
}

TEST(baseline, by_the_rows_time)
{
    struct rig *r = taken_over(false, true, false);
    ck_assert(!counts(r, BOT_SEQ_NONE, r->row_ns[0], false));
    ck_assert(!counts(r, 5, r->row_ns[0] - S, true)); /* a sequence of one side only says nothing */
    ck_assert(counts(r, BOT_SEQ_NONE, r->row_ns[0] + 1, false));
    ck_assert(counts(r, 5, r->row_ns[0] + 1, true));
    ck_assert(counts(r, BOT_SEQ_NONE, 0, false));
    rig_free(r);
}

TEST(baseline, by_when_it_was_asked_for_and_for_the_history_only)
{
    struct rig *r = taken_over(false, false, true);
    const int64_t before = r->wall_ns - 60 * S; /* before the start */
    ck_assert(!counts(r, BOT_SEQ_NONE, before, true));
    ck_assert(counts(r, BOT_SEQ_NONE, before, false)); /* a stale answer may not have held what the stream brings late */
    ck_assert(counts(r, BOT_SEQ_NONE, 0, true));
    ck_assert(counts(r, BOT_SEQ_NONE, r->wall_ns + 40 * S, true));
    rig_free(r);
}

TEST(baseline, by_nothing_everything_counts)
{
    struct rig *r = taken_over(false, false, false);
    ck_assert(counts(r, BOT_SEQ_NONE, r->wall_ns - 3600 * S, true));
    ck_assert(counts(r, 1, r->wall_ns - 3600 * S, false));
    ck_assert(counts(r, BOT_SEQ_NONE, 0, false));
    rig_free(r);
}

/* A person's order that was half filled when we came, and ends with more: the rest is in the position if it happened before that. */
static bot_i128 room_after_end(bool times, int64_t venue_ns_after)
{
    struct rig *r = taken_over(!times, times, false);
    bot_event ev = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .has = BOT_HAS_QTY | BOT_HAS_CUM_QTY };
    bot__id_set(&ev.order.order_id, "w1", 2);
    ev.order.status = BOT_ORDER_PARTIALLY_FILLED;
    ev.order.side = BOT_BUY;
    ev.order.qty = bot_dec_from_fixed(fixed_of("5"));
    ev.order.cum_qty = bot_dec_from_fixed(fixed_of("1"));
    ck_assert_int_eq(rig_step(r, &ev), 1);
    ev.order.status = BOT_ORDER_CANCELED;
    ev.order.cum_qty = bot_dec_from_fixed(fixed_of("3"));
    ev.venue_ns = venue_ns_after == 0 ? 0 : r->row_ns[0] + venue_ns_after;
    ck_assert_int_eq(rig_step(r, &ev), 1);
    bot_position p;
    rig_position(r, 0, &p);
    ck_assert(p.qty.v == fixed_of("3"));
    rig_free(r);
    return p.working_buy.v;
}

TEST(baseline, an_order_last_touched_before_it_keeps_no_room_for_fills_that_are_in_it)
{
    ck_assert(room_after_end(true, -1) == 0);
    ck_assert(room_after_end(true, 1) == fixed_of("2"));
    ck_assert(room_after_end(true, 0) == fixed_of("2"));  /* no time: they may still come */
    ck_assert(room_after_end(false, -1) == fixed_of("2")); /* the row had none */
}

TEST(baseline, a_row_that_no_read_of_ours_brought_is_no_evidence)
{
    struct rig *r = taken_over(true, true, true);
    static const uint64_t ids[] = { 0, 1, 77777 };
    const uint32_t before = r->verdicts[BOT_VERDICT_DRIFT] + r->verdicts[BOT_VERDICT_PENDING];
    for (int i = 0; i < 3; i++) {
        bot_event row = { .kind = BOT_EV_POSITION, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .read_id = ids[i], .has = BOT_HAS_QTY,
                          .position = { .leg = BOT_LEG_NET, .qty = bot_dec_from_fixed(fixed_of("99")) } };
        (void)rig_step(r, &row);
    }
    rig_for(r, RIG_MS(10000));
    ck_assert_msg(rig_open(r), "%s", rig_tail(r));
    ck_assert_uint_eq(r->verdicts[BOT_VERDICT_DRIFT] + r->verdicts[BOT_VERDICT_PENDING], before);
    ck_assert(rig_qty(r, 0) == fixed_of("3"));
    rig_free(r);
}
