/* What the core refuses from its caller: each option out of its range by itself, each limit made looser by itself, each field of
 * an order that is wrong by itself. A refused call has changed nothing. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED(field, value)                                                     \
    do {                                                                          \
        bot_core_options o;                                                       \
        rig_options(&o);                                                          \
        o.field = (value);                                                        \
        ck_assert_msg(bot_core_size(&o) == 0, #field " = " #value " was taken");  \
    } while (0)

TEST(refusals, every_option_out_of_its_range_is_refused_by_itself)
{
    bot_core_options good;
    rig_options(&good);
    ck_assert_uint_gt(bot_core_size(&good), 0);
    REFUSED(struct_size, 8);
    REFUSED(instruments_max, 0);
    REFUSED(instruments_max, 4097);
    REFUSED(orders_max, 15);
    REFUSED(orders_max, 65537);
    REFUSED(bots_max, 0);
    REFUSED(bots_max, 37);
    REFUSED(effects_max, 63);
    REFUSED(effects_max, 65537);
    REFUSED(private_lease_ns, -1);
    REFUSED(reconciled_lease_ns, 0);
    REFUSED(reconciled_flat_ns, good.reconciled_lease_ns - 1);
    REFUSED(rest_lease_ns, -1);
    REFUSED(public_lease_ns, -1);
    REFUSED(clock_lease_ns, -1);
    REFUSED(hold_down_ns, -1);
    REFUSED(agree_reads_min, 0);
    REFUSED(read_every_ns, 0);
    REFUSED(read_every_flat_ns, 0);
    REFUSED(read_retry_ns, 0);
    REFUSED(read_deadline_ns, 0);
    REFUSED(orders_every_ns, 0);
    REFUSED(grace_ns, -1);
    REFUSED(stale_window_ns, -1);
    REFUSED(drift_reads_min, 0);
    REFUSED(adopt_reads_min, 0);
    REFUSED(order_query_every_ns, 0);
    REFUSED(venue.order_unknown_ns, 0);
    REFUSED(venue.absence_bound_ns, 0);
    REFUSED(fills_seen_max, 0);
    REFUSED(clock_offset_max_ns, -1);
    REFUSED(read_after_fill_ns, -1);
    REFUSED(drift_span_ns, -1);
    REFUSED(backfill_overlap_ns, -1);
    REFUSED(order_unknown_latch_ns, -1);
    REFUSED(reference_age_max_ns, -1);
    REFUSED(venue.position_time_slack_ns, -1);
    REFUSED(dead_man_ns, BOT_NS_PER_MS - 1); /* 0 ms would disarm the venue's switch */
    REFUSED(dead_man_ns, ((int64_t)UINT32_MAX + 1) * BOT_NS_PER_MS);
    REFUSED(grace_ns, INT64_C(60) * 366 * 86400 * BOT_NS_PER_S); /* more than fifty years: a mistake of units */
    REFUSED(drift_policy, (bot_drift_policy)77);
    REFUSED(manual_policy, (bot_manual_policy)77);
    REFUSED(shut_policy, (bot_shut_policy)77);
    ck_assert_ptr_null(bot_core_init(test_memory(64), &(bot_core_options){ 0 }, 0)); /* bot_core_options_init was not called */
}

static struct rig *started(void)
{
    struct rig *r = rig_new(NULL);
    rig_start(r, "10");
    rig_for(r, RIG_MS(8000));
    ck_assert_msg(rig_open(r), "the gate is shut\n%s", rig_tail(r));
    return r;
}

static int limit(struct rig *r, const bot_limits *limits, bool loosen)
{
    bot_event ev = { .kind = BOT_EV_LIMITS, .limits = { .bot = 0, .instrument = rig_symbol(0), .limits = *limits, .loosen = loosen } };
    return rig_step(r, &ev);
}

#define LOOSER(field, value)                                                                             \
    do {                                                                                                 \
        bot_limits n = tight;                                                                            \
        n.field = (value);                                                                               \
        ck_assert_msg(limit(r, &n, false) == BOT_ERR_STATE, #field " = " #value " was taken unsaid");    \
        ck_assert_msg(limit(r, &n, true) == BOT_OK, #field " = " #value " was refused though said");     \
        ck_assert_int_eq(limit(r, &tight, false), BOT_OK);                                               \
    } while (0)

TEST(refusals, each_limit_is_loosened_only_when_that_is_said)
{
    struct rig *r = started();
    const bot_limits tight = { .position_max = { fixed_of("5") }, .order_qty_max = { fixed_of("2") }, .notional_max = { fixed_of("100000") },
                               .loss_max = { fixed_of("1000") }, .open_orders_max = 4, .orders_per_s_max = 4, .collar_bps = 500 };
    ck_assert_int_eq(limit(r, &tight, false), BOT_OK);
    LOOSER(position_max.v, fixed_of("6"));
    LOOSER(order_qty_max.v, fixed_of("3"));
    LOOSER(order_qty_max.v, 0);
    LOOSER(notional_max.v, fixed_of("100001"));
    LOOSER(notional_max.v, 0);
    LOOSER(loss_max.v, fixed_of("1001"));
    LOOSER(loss_max.v, 0);
    LOOSER(open_orders_max, 5);
    LOOSER(open_orders_max, 0);
    LOOSER(orders_per_s_max, 5);
    LOOSER(orders_per_s_max, 0);
    LOOSER(collar_bps, 501);
    LOOSER(collar_bps, 0);
    bot_limits bad = tight;
    bad.position_max.v = -1;
    ck_assert_int_eq(limit(r, &bad, true), BOT_ERR_INVALID);
    bad = tight;
    bad.order_qty_max.v = -1;
    ck_assert_int_eq(limit(r, &bad, true), BOT_ERR_INVALID);
    bad = tight;
    bad.notional_max.v = -1;
    ck_assert_int_eq(limit(r, &bad, true), BOT_ERR_INVALID);
    bad = tight;
    bad.loss_max.v = -1;
    ck_assert_int_eq(limit(r, &bad, true), BOT_ERR_INVALID);
    bad = tight;
    bad.orders_per_s_max = 1000000;
    ck_assert_int_eq(limit(r, &bad, true), BOT_ERR_INVALID);
    bot_event stranger = { .kind = BOT_EV_LIMITS, .limits = { .bot = 30, .instrument = rig_symbol(0), .limits = tight } };
    ck_assert_int_eq(rig_step(r, &stranger), BOT_ERR_NOT_FOUND);
    stranger.limits.bot = 1; /* in range, and never attached */
    ck_assert_int_eq(rig_step(r, &stranger), BOT_ERR_NOT_FOUND);
    rig_free(r);
}

TEST(refusals, a_bot_of_no_scope_is_not_attached)
{
    struct rig *r = started();
    bot_event ev = { .kind = BOT_EV_ATTACH, .attach = { .bot = 1, .scope = (bot_scope)77, .sends_orders = true } };
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_INVALID);
    ev.attach = (bot_ev_attach){ .bot = 40, .scope = BOT_SCOPE_OWN };
    ck_assert_int_eq(rig_step(r, &ev), BOT_ERR_FULL);
    rig_free(r);
}

/* Bots attach right after the start, when no instrument is known: each may have set the limits of each of them by then. */
TEST(refusals, limits_set_before_the_instruments_are_known_all_hold)
{
    bot_core_options o;
    bot_core_options_init(&o);
    void *memory = aligned_alloc(64, (bot_core_size(&o) + 63) / 64 * 64);
    ck_assert_ptr_nonnull(memory);
    memset(memory, 0, bot_core_size(&o));
    bot_core *core = bot_core_init(memory, &o, 0);
    ck_assert_ptr_nonnull(core);
    for (uint32_t b = 0; b < o.bots_max; b++) {
        const bot_event attach = { .kind = BOT_EV_ATTACH, .attach = { .bot = b, .scope = BOT_SCOPE_OWN, .sends_orders = true } };
        ck_assert_int_eq(bot_core_step(core, &attach), BOT_OK);
        for (uint32_t i = 0; i < 2 * o.instruments_max; i++) { /* each twice: the later word holds */
            bot_event ev = { .kind = BOT_EV_LIMITS, .limits = { .bot = b, .loosen = true } };
            char name[16];
            snprintf(name, sizeof name, "X%uUSDT", i / 2);
            ck_assert(bot_symbol_from(name, &ev.limits.instrument));
            ev.limits.limits.position_max.v = i % 2 == 0 ? 1 : 7;
            const int r = bot_core_step(core, &ev);
            ck_assert_msg(r == BOT_OK, "bot %u, %s: %s", b, name, bot_strerror(r));
        }
    }
    bot_event row = { .kind = BOT_EV_INSTRUMENT, .inst = { .contract = BOT_LINEAR, .tradable = true, .tick = { 1, 1 }, .lot = { 1, 3 }, .multiplier = { 1, 0 } } };
    ck_assert(bot_symbol_from("X63USDT", &row.instrument));
    ck_assert_int_ge(bot_core_step(core, &row), 0);
    bot_event again = { .kind = BOT_EV_LIMITS, .limits = { .bot = 15, .instrument = row.instrument, .limits = { .position_max = { 8 } } } };
    ck_assert_int_eq(bot_core_step(core, &again), BOT_ERR_STATE); /* looser than 7 */
    again.limits.limits.position_max.v = 7;
    ck_assert_int_eq(bot_core_step(core, &again), BOT_OK);
    bot_instrument in;
    ck_assert(bot_core_instrument_get(core, 0, &in) && !bot_core_instrument_get(core, 1, &in));
    ck_assert(strcmp(in.symbol.s, "X63USDT") == 0 && in.tradable && in.tick.v == fixed_of("0.1") && in.lot.v == fixed_of("0.001"));
    free(memory);
}

static bot_event order_event(struct rig *r)
{
    bot_event ev = { .kind = BOT_EV_SUBMIT, .submit = { .bot = 0 } };
    ev.submit.client_id = bot_core_next_client_id(r->core, 0);
    ev.submit.order = (bot_order_request){ .instrument = rig_symbol(0), .side = BOT_BUY, .type = BOT_LIMIT, .tif = BOT_GTC,
                                           .qty = { fixed_of("1") }, .price = { fixed_of("100") } };
    return ev;
}

#define WRONG(field, value, want)                                                                              \
    do {                                                                                                       \
        bot_event ev = order_event(r);                                                                         \
        ev.submit.field = (value);                                                                             \
        const int got = rig_step(r, &ev);                                                                      \
        ck_assert_msg(got == (want), #field " = " #value ": %d", got);                                         \
        ck_assert_int_eq(bot_core_last_refusal(r->core)->code, (want));                                        \
    } while (0)

TEST(refusals, each_wrong_field_of_an_order_is_refused_by_itself)
{
    struct rig *r = started();
    const uint32_t sent = r->sends[0];
    WRONG(bot, 1, BOT_ERR_INVALID);
    WRONG(bot, 40, BOT_ERR_INVALID);
    WRONG(order.qty.v, 0, BOT_ERR_INVALID);
    WRONG(order.qty.v, -1, BOT_ERR_INVALID);
    WRONG(order.qty.v, 1, BOT_ERR_INVALID); /* below the lot's grid */
    WRONG(order.side, (bot_side)0, BOT_ERR_INVALID);
    WRONG(order.type, (bot_order_type)77, BOT_ERR_INVALID);
    WRONG(order.type, BOT_MARKET, BOT_ERR_INVALID); /* with a price */
    WRONG(order.price.v, 0, BOT_ERR_INVALID);
    WRONG(order.price.v, -1, BOT_ERR_INVALID);
    WRONG(order.price.v, fixed_of("100") + 1, BOT_ERR_INVALID);
    WRONG(order.leg, BOT_LEG_LONG, BOT_ERR_INVALID); /* the account is one-way */
    WRONG(order.leg, (bot_leg)77, BOT_ERR_INVALID);
    WRONG(order.tif, (bot_tif)77, BOT_ERR_INVALID);
    bot_event maker = order_event(r);
    maker.submit.order.type = BOT_MARKET;
    maker.submit.order.price.v = 0;
    maker.submit.order.tif = BOT_POST_ONLY; /* a market order takes: it cannot promise not to */
    ck_assert_int_eq(rig_step(r, &maker), BOT_ERR_INVALID);
    WRONG(client_id.len, 0, BOT_ERR_INVALID);
    WRONG(order.instrument.len, 3, BOT_ERR_INSTRUMENT);
    ck_assert_uint_eq(r->sends[0], sent);
    bot_event ev = order_event(r);
    ck_assert_int_eq(rig_step(r, &ev), BOT_OK);
    ck_assert_uint_eq(r->sends[0], sent + 1);
    rig_free(r);
}

/* The venue's answer is known before: a rejection. Exits are for the venue to judge, which makes exceptions for them. */
TEST(refusals, what_is_outside_the_venues_own_bounds_is_not_sent_unless_it_only_reduces)
{
    struct rig *r = rig_upon(fixed_of("3"), "100");
    bot_event ev = event_of(BOT_EV_INSTRUMENT);
    ev.instrument = rig_symbol(0);
    ev.inst = (bot_ev_instrument){ .contract = BOT_LINEAR, .tradable = true, .tick = dec_of("0.1"), .lot = dec_of("0.01"), .multiplier = dec_of("1"),
                                   .qty_min = dec_of("0.05"), .qty_max = dec_of("20"), .notional_min = dec_of("50"), .settle = currency_of("USDT"), .quote = currency_of("USDT") };
    ck_assert_int_eq(rig_step(r, &ev), 0);
    static const struct { bot_side side; const char *qty, *price; int is; const char *detail; } orders[] = {
        { BOT_BUY, "0.04", "5000", BOT_ERR_INVALID, "the quantity is below the least that the venue takes" },
        { BOT_BUY, "0.05", "1000", BOT_OK, NULL },
        { BOT_BUY, "20.01", "100", BOT_ERR_INVALID, "the quantity is above the most that the venue takes" },
        { BOT_BUY, "20", "100", BOT_OK, NULL },
        { BOT_BUY, "0.49", "100", BOT_ERR_INVALID, "the order is worth less than the least that the venue takes" },
        { BOT_BUY, "0.5", "100", BOT_OK, NULL },
        { BOT_SELL, "0.01", "100", BOT_OK, NULL }, /* of the three that are held */
        { BOT_SELL, "2.99", "10", BOT_OK, NULL },
        { BOT_SELL, "0.04", "100", BOT_ERR_INVALID, "the quantity is below the least that the venue takes" }, /* all three are being sold */
        { BOT_SELL, "0.49", "100", BOT_ERR_INVALID, "the order is worth less than the least that the venue takes" },
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        const uint32_t sent = r->sends[0];
        const int got = rig_submit(r, 0, orders[i].side, orders[i].qty, orders[i].price, false, NULL);
        ck_assert_msg(got == orders[i].is, "order %zu: %d", i, got);
        ck_assert_uint_eq(r->sends[0], sent + (got == BOT_OK));
        if (orders[i].detail != NULL)
            ck_assert_str_eq(bot_core_last_refusal(r->core)->detail, orders[i].detail);
    }
    rig_free(r);
}

TEST(refusals, an_id_of_another_makes_no_order_ours)
{
    struct rig *r = started();
    const bot_id ours = bot_core_next_client_id(r->core, 0);
    ck_assert_uint_eq(bot_core_client_id_bot(r->core, &ours), 0);
    for (uint32_t i = 0; i < ours.len; i++) {
        bot_id other = ours;
        other.s[i] = i == 0 ? 'c' : '_';
        ck_assert_msg(bot_core_client_id_bot(r->core, &other) == UINT32_MAX, "byte %u", i);
    }
    bot_id other = ours;
    other.len--;
    ck_assert_uint_eq(bot_core_client_id_bot(r->core, &other), UINT32_MAX);
    rig_free(r);
}
