/* What a venue's report says of an order, and what it leaves out: strangers' orders, amendments, ends without a number, late news. */
#include "rig.h"

#include <string.h>

#include "base/json.h"

/* A person's order by its venue id; cum or side left out: NULL, BOT_SIDE_NONE. */
static int person(struct rig *r, const char *id, bot_side side, bot_order_status status, const char *qty, const char *cum)
{
    bot_event ev = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .has = BOT_HAS_QTY };
    bot__id_set(&ev.order.order_id, id, strlen(id));
    ev.order.status = status;
    ev.order.side = side;
    ev.order.qty = dec_of(qty);
    if (cum != NULL) {
        ev.has |= BOT_HAS_CUM_QTY;
        ev.order.cum_qty = dec_of(cum);
    }
    return rig_step(r, &ev);
}

static bot_i128 may_buy(const struct rig *r)
{
    bot_position p;
    rig_position(r, 0, &p);
    return p.working_buy.v;
}

/* A report with a quantity of its own. */
static int report(struct rig *r, const bot_id *id, bot_order_status status, const char *qty, const char *cum, const char *price)
{
    bot_event ev = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .order = { .client_id = *id, .status = status } };
    if (qty != NULL) {
        ev.has |= BOT_HAS_QTY;
        ev.order.qty = dec_of(qty);
    }
    if (cum != NULL) {
        ev.has |= BOT_HAS_CUM_QTY;
        ev.order.cum_qty = dec_of(cum);
    }
    if (price != NULL) {
        ev.has |= BOT_HAS_PRICE;
        ev.order.price = dec_of(price);
    }
    return rig_step(r, &ev);
}

TEST(reports, a_persons_order_counts_with_what_the_venue_says_may_still_fill)
{
    struct rig *r = rig_started(NULL, "10");
    ck_assert_int_eq(person(r, "w1", BOT_BUY, BOT_ORDER_OPEN, "2", NULL), 1); /* how much it filled is not said: all of it may */
    ck_assert(may_buy(r) == fixed_of("2"));
    ck_assert_int_eq(person(r, "w2", BOT_BUY, BOT_ORDER_PARTIALLY_FILLED, "3", "1"), 1); /* the one is in the position already */
    ck_assert(may_buy(r) == fixed_of("4"));
    ck_assert_int_eq(person(r, "w1", BOT_BUY, BOT_ORDER_OPEN, "5", "0"), 1); /* he made it larger: his is not held to what we know */
    ck_assert(may_buy(r) == fixed_of("7"));
    ck_assert_int_eq(person(r, "w1", BOT_SIDE_NONE, BOT_ORDER_CANCELED, "5", "0"), 1); /* an end without a side is that of the order */
    ck_assert(may_buy(r) == fixed_of("2"));
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_ORDER], 2);
    rig_free(r);
}

TEST(reports, a_venue_that_refuses_a_persons_orders_is_no_storm_of_ours)
{
    bot_core_options o;
    rig_options(&o);
    o.rejects_max = 2;
    struct rig *r = rig_started(&o, "10");
    char name[] = "w0";
    for (int i = 0; i < 5; i++, name[1]++) {
        ck_assert_int_eq(person(r, name, BOT_BUY, BOT_ORDER_OPEN, "1", "0"), 1);
        ck_assert_int_eq(person(r, name, BOT_BUY, BOT_ORDER_REJECTED, "1", "0"), 1);
    }
    ck_assert_msg(rig_open(r), "%s", rig_tail(r));
    ck_assert(may_buy(r) == 0);
    rig_free(r);
    /* And without a bound no number of our own is one. */
    o.rejects_max = 0;
    r = rig_started(&o, "10");
    for (int i = 0; i < 20; i++) {
        bot_id id;
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), BOT_OK);
        rig_for(r, RIG_MS(50));
        rig_report(r, &id, BOT_ORDER_REJECTED, "0");
    }
    ck_assert_msg(rig_open(r), "%s", rig_tail(r));
    rig_free(r);
}

TEST(reports, an_amendment_counts_until_the_venue_shows_the_quantity_that_was_asked_for)
{
    struct rig *r = rig_started(NULL, "10");
    bot_id id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "4", "100", false, &id), BOT_OK);
    rig_for(r, RIG_MS(100));
    ck_assert_int_eq(rig_amend(r, &id, "2", "0"), BOT_OK);
    ck_assert(may_buy(r) == fixed_of("4"));
    ck_assert_int_eq(report(r, &id, BOT_ORDER_OPEN, "4", "0", NULL), 1);  /* from before */
    ck_assert_int_eq(report(r, &id, BOT_ORDER_OPEN, NULL, "0", NULL), 1); /* says nothing of it */
    ck_assert(may_buy(r) == fixed_of("4"));
    ck_assert_int_eq(report(r, &id, BOT_ORDER_OPEN, "2", "0", "99"), 1);
    ck_assert(may_buy(r) == fixed_of("2"));
    ck_assert_int_eq(report(r, &id, BOT_ORDER_OPEN, "1", "0", NULL), 1); /* the venue made it smaller by itself */
    ck_assert(may_buy(r) == fixed_of("1"));
    ck_assert_int_eq(report(r, &id, BOT_ORDER_OPEN, "0", "0", NULL), 1); /* nothing is known of an order of nothing */
    ck_assert(may_buy(r) == fixed_of("1"));
    rig_free(r);
}

TEST(reports, filled_without_a_number_waits_for_the_fills_that_are_missing_only)
{
    struct rig *r = rig_started(NULL, "10");
    bot_id id, told;
    r->hide_fills = r->hang_fills = true;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &id), BOT_OK);
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &told), BOT_OK);
    rig_for(r, RIG_MS(100));
    ck_assert_int_eq(report(r, &id, BOT_ORDER_FILLED, "2", NULL, NULL), 1);
    ck_assert(may_buy(r) == fixed_of("3")); /* closed, and its fills are still to come */
    ck_assert_int_eq(report(r, &told, BOT_ORDER_PARTIALLY_FILLED, "1", "1", NULL), 1); /* all of it, before the word itself */
    ck_assert_int_eq(report(r, &told, BOT_ORDER_FILLED, "1", NULL, NULL), 1);
    ck_assert(may_buy(r) == fixed_of("3"));
    r->hang_fills = false;
    rig_trade(r, 0, &id, BOT_BUY, "2", "100");
    rig_trade(r, 0, &told, BOT_BUY, "1", "100");
    rig_for(r, RIG_MS(8000));
    ck_assert_msg(rig_qty(r, 0) == fixed_of("3") && may_buy(r) == 0, "%s", rig_tail(r));
    rig_free(r);
}

TEST(reports, open_after_an_end_is_late_news_unless_the_end_was_only_our_conclusion)
{
    struct rig *r = rig_started(NULL, "10");
    bot_id id, refused;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &id), BOT_OK);
    rig_for(r, RIG_MS(100));
    ck_assert_int_eq(report(r, &id, BOT_ORDER_CANCELED, "2", "0", NULL), 1);
    ck_assert_int_eq(report(r, &id, BOT_ORDER_OPEN, "2", "0", NULL), 0);
    ck_assert(may_buy(r) == 0);
    /* An error answer for an order that the venue has taken all the same. */
    r->auto_answer = false;
    r->hang_orders = true;
    const uint32_t lists = r->reads[BOT_READ_OPEN_ORDERS];
    for (int i = 0; i < 40000 && r->reads[BOT_READ_OPEN_ORDERS] == lists; i++)
        rig_for(r, RIG_MS(1));
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "3", "100", false, &refused), BOT_OK);
    rig_for(r, RIG_MS(1));
    rig_reply(r, r->last_request, &refused, BOT_OUTCOME_REJECTED);
    ck_assert(may_buy(r) == 0);
    bot_event row = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .has = BOT_HAS_QTY, .read_id = r->read_ids[BOT_READ_OPEN_ORDERS],
                      .order = { .client_id = refused, .status = BOT_ORDER_OPEN, .qty = dec_of("3") } };
    (void)rig_step(r, &row); /* a row of a list that was asked for before the refusal does not undo it */
    ck_assert(may_buy(r) == 0);
    ck_assert_int_eq(report(r, &refused, BOT_ORDER_OPEN, "3", "0", NULL), 1);
    ck_assert(may_buy(r) == fixed_of("3"));
    ck_assert_uint_ge(r->alerts[BOT_ALERT_UNKNOWN_ORDER], 1);
    rig_free(r);
}

/* The table holds the latest finished orders only; a list as old as the ones before shows them open. */
TEST(reports, an_order_whose_end_was_told_stays_ended_when_the_table_has_forgotten_it)
{
    bot_core_options o;
    rig_options(&o);
    o.orders_max = 16;
    struct rig *r = rig_started(&o, "10");
    bot_id first, refused, id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &first), BOT_OK);
    rig_for(r, RIG_MS(100));
    ck_assert_int_eq(report(r, &first, BOT_ORDER_CANCELED, "1", "0", NULL), 1);
    r->auto_answer = false;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "3", "100", false, &refused), BOT_OK);
    rig_reply(r, r->last_request, &refused, BOT_OUTCOME_REJECTED);
    r->auto_answer = true;
    for (int i = 0; i < 40; i++) {
        rig_for(r, RIG_MS(500));
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), BOT_OK);
        rig_for(r, RIG_MS(100));
        (void)report(r, &id, BOT_ORDER_CANCELED, "1", "0", NULL);
    }
    bot_event row = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .has = BOT_HAS_QTY, .read_id = 999999,
                      .order = { .client_id = first, .status = BOT_ORDER_OPEN, .side = BOT_BUY, .qty = dec_of("1") } };
    ck_assert_int_eq(rig_step(r, &row), 0);
    ck_assert(may_buy(r) == 0);
    row.order.client_id.s[3] ^= 1; /* of an earlier start of ours: nobody here has been told its end */
    (void)rig_step(r, &row);
    ck_assert(may_buy(r) == fixed_of("1"));
    row.order.client_id = refused; /* only taken for ended, and kept for that */
    row.order.qty = dec_of("3");
    (void)rig_step(r, &row);
    ck_assert(may_buy(r) == fixed_of("4"));
    rig_free(r);
}

/* Where the places of those that were only taken for ended are needed, too, every id may be one of them. */
TEST(reports, an_order_only_taken_for_ended_counts_again_though_the_table_has_forgotten_it)
{
    bot_core_options o;
    rig_options(&o);
    o.orders_max = 16;
    o.rejects_max = 0;
    struct rig *r = rig_started(&o, "10");
    bot_id ids[40];
    r->auto_answer = false;
    for (int i = 0; i < 40; i++) {
        rig_for(r, RIG_MS(500));
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &ids[i]), BOT_OK);
        rig_reply(r, r->last_request, &ids[i], BOT_OUTCOME_REJECTED);
    }
    bot_event row = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .has = BOT_HAS_QTY,
                      .order = { .client_id = ids[0], .status = BOT_ORDER_OPEN, .side = BOT_BUY, .qty = dec_of("1") } };
    (void)rig_step(r, &row);
    ck_assert(may_buy(r) == fixed_of("1"));
    rig_free(r);
}

/* Those that never left need no places: what is known of the others is not given up for them. */
TEST(reports, orders_that_never_left_do_not_push_out_the_memory_of_those_that_did)
{
    bot_core_options o;
    rig_options(&o);
    o.orders_max = 16;
    struct rig *r = rig_started(&o, "10");
    bot_id first, id;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &first), BOT_OK);
    rig_for(r, RIG_MS(100));
    ck_assert_int_eq(report(r, &first, BOT_ORDER_CANCELED, "1", "0", NULL), 1);
    r->auto_answer = false;
    for (int i = 0; i < 40; i++) {
        rig_for(r, RIG_MS(500));
        ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "1", "100", false, &id), BOT_OK);
        rig_reply(r, r->last_request, &id, BOT_OUTCOME_NOT_SENT);
    }
    bot_event late = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(0), .has = BOT_HAS_QTY,
                       .order = { .client_id = first, .status = BOT_ORDER_OPEN, .side = BOT_BUY, .qty = dec_of("1") } };
    (void)rig_step(r, &late);
    ck_assert(may_buy(r) == 0);
    rig_free(r);
}

/* Nobody can tell what became of a person's order: that shuts no gate, and nothing waits for the moment at which it would. */
TEST(reports, a_persons_order_of_unknown_outcome_shuts_nothing_and_leaves_no_deadline_in_the_past)
{
    bot_core_options o;
    rig_options(&o);
    o.venue.absence_bound_ns = 600 * BOT_NS_PER_S;
    struct rig *r = rig_started(&o, "10");
    ck_assert_int_ge(person(r, "P1", BOT_BUY, BOT_ORDER_OPEN, "1", "0"), 0);
    ck_assert(may_buy(r) == fixed_of("1"));
    rig_for(r, 60 * BOT_NS_PER_S); /* no list shows it */
    ck_assert(rig_open(r));
    ck_assert(may_buy(r) == fixed_of("1")); /* its room is kept until its absence is proven */
    ck_assert_int_gt(bot_core_deadline(r->core), r->now);
    rig_free(r);
}

/* ---- venues without client ids: whose order a report tells of ---- */

struct look { const char *id; int instrument; bot_side side; bot_order_type type; const char *qty, *price; };

/* A report by the venue's number alone, of an order that nobody has named yet. price NULL: left out. */
static int shown(struct rig *r, const struct look *l)
{
    bot_event ev = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .instrument = rig_symbol(l->instrument), .has = BOT_HAS_QTY };
    bot__id_set(&ev.order.order_id, l->id, strlen(l->id));
    ev.order.status = BOT_ORDER_OPEN;
    ev.order.side = l->side;
    ev.order.type = l->type;
    ev.order.qty = dec_of(l->qty);
    if (l->price != NULL) {
        ev.has |= BOT_HAS_PRICE;
        ev.order.price = dec_of(l->price);
    }
    return rig_step(r, &ev);
}

TEST(reports, a_report_without_our_id_is_of_the_oldest_order_of_ours_that_looks_the_same)
{
    bot_core_options o;
    rig_options(&o);
    o.venue.has_client_ids = false;
    struct rig *r = rig_started(&o, "10");
    r->auto_answer = false; /* no answer tells us a number */
    bot_id first, second;
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &first), BOT_OK);
    r->now += RIG_MS(1);
    ck_assert_int_eq(rig_submit(r, 0, BOT_BUY, "2", "100", false, &second), BOT_OK);
    /* What differs in one thing is a stranger's, and counts beside ours. */
    static const struct look strangers[] = {
        { "V1", 0, BOT_SELL, BOT_LIMIT, "2", "100" }, { "V2", 0, BOT_BUY, BOT_LIMIT, "1", "100" }, { "V3", 0, BOT_BUY, BOT_MARKET, "2", NULL },
        { "V4", 0, BOT_BUY, BOT_LIMIT, "2", "99" },   { "V5", 1, BOT_BUY, BOT_LIMIT, "2", "100" },
    };
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        ck_assert_int_ge(shown(r, &strangers[i]), 0);
        ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_ORDER], i + 1);
    }
    ck_assert(may_buy(r) == fixed_of("9")); /* 2 and 2 of ours; 1, 2 and 2 of strangers on this side of this instrument */
    ck_assert_int_ge(shown(r, &(struct look){ "V6", 0, BOT_BUY, BOT_LIMIT, "2", "100" }), 0);
    ck_assert_int_ge(shown(r, &(struct look){ "V7", 0, BOT_BUY, BOT_TYPE_NONE, "2", NULL }), 0); /* what is left out does not differ */
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_ORDER], 5);
    ck_assert(may_buy(r) == fixed_of("9"));
    /* Which of the two was taken for which: a cancel names the venue's number. */
    r->auto_answer = true;
    ck_assert_int_eq(rig_cancel(r, &first), BOT_OK);
    const bot_effect *e = NULL;
    for (uint32_t i = 0; i < bot_core_effects_count(r->core); i++)
        if (bot_core_effect(r->core, i)->kind == BOT_EFFECT_SEND) e = bot_core_effect(r->core, i);
    ck_assert_ptr_nonnull(e);
    ck_assert_msg(e->send.order_id.len == 2 && memcmp(e->send.order_id.s, "V6", 2) == 0, "the older is %.*s", e->send.order_id.len, e->send.order_id.s);
    /* A third that looks the same is nobody's of ours: both have their numbers. */
    ck_assert_int_ge(shown(r, &(struct look){ "V8", 0, BOT_BUY, BOT_LIMIT, "2", "100" }), 0);
    ck_assert_uint_eq(r->alerts[BOT_ALERT_UNKNOWN_ORDER], 6);
    ck_assert(may_buy(r) == fixed_of("11"));
    rig_free(r);
}
