#include "harness.h"
#include "words.h"

#include <stdio.h>
#include <string.h>

#include "core/silent.h"

#define S BOT_NS_PER_S
#define MS BOT_NS_PER_MS
#define T0 (1000 * S)
#define VENUE0 (INT64_C(1700000000) * S)

static bot_px px(int whole) { return (bot_px){ (bot_i128)whole * 1000000000000000000 }; }

static bot__private_view view(const struct bot__private *p)
{
    bot__private_view v;
    bot__private_get(p, &v);
    return v;
}

/* Our buy at 100 rests since T0; a public trade at `price` comes at T0 + 60 s. */
static struct bot__private after_trade(int price)
{
    struct bot__private p;
    bot__private_init(&p, NULL);
    const bot_id id = id_of("a1");
    bot__private_trade(&p, T0 + 60 * S, px(price), VENUE0 + 60 * S, &id, BOT_BUY, px(100), T0, VENUE0);
    return p;
}

TEST(silent, a_trade_through_our_price_and_no_word_of_it)
{
    struct bot__private p = after_trade(99);
    ck_assert_int_eq(bot__private_deadline(&p), T0 + 61 * S);
    ck_assert(!bot__private_tick(&p, T0 + 61 * S - 1));
    ck_assert(bot__private_tick(&p, T0 + 61 * S));
    ck_assert_int_eq(view(&p).reason, BOT__PRIVATE_TRADED_THROUGH);
    ck_assert_str_eq(view(&p).client_id.s, "a1");
    ck_assert_int_eq(bot__private_deadline(&p), BOT_TS_NEVER);
}

TEST(silent, the_private_message_in_time_clears_it)
{
    struct bot__private p = after_trade(99);
    const bot_id id = id_of("a1");
    bot__private_heard(&p, T0 + 60 * S + 300 * MS, &id);
    ck_assert(!bot__private_tick(&p, T0 + 70 * S));
    ck_assert_int_eq(view(&p).reason, BOT__PRIVATE_OK);
}

TEST(silent, the_private_message_too_late_clears_it_too)
{
    struct bot__private p = after_trade(99);
    const bot_id id = id_of("a1");
    bot__private_tick(&p, T0 + 61 * S);
    bot__private_heard(&p, T0 + 65 * S, &id);
    ck_assert(bot__private_tick(&p, T0 + 65 * S));
    ck_assert_int_eq(view(&p).reason, BOT__PRIVATE_OK);
    ck_assert_uint_eq(view(&p).suspected, 1);
    ck_assert_uint_eq(view(&p).cleared, 1);
}

TEST(silent, a_trade_at_our_price_or_above_proves_nothing)
{
    struct bot__private p = after_trade(100);
    ck_assert_int_eq(bot__private_deadline(&p), BOT_TS_NEVER);
    p = after_trade(101);
    ck_assert_int_eq(bot__private_deadline(&p), BOT_TS_NEVER);
}

TEST(silent, sells_are_the_mirror)
{
    struct bot__private p;
    bot__private_init(&p, NULL);
    const bot_id id = id_of("s");
    ck_assert(!bot__private_trade(&p, T0 + 60 * S, px(99), VENUE0 + 60 * S, &id, BOT_SELL, px(100), T0, VENUE0));
    ck_assert(bot__private_trade(&p, T0 + 60 * S, px(101), VENUE0 + 60 * S, &id, BOT_SELL, px(100), T0, VENUE0));
}

TEST(silent, a_trade_from_before_the_order_came_is_no_evidence)
{
    struct bot__private p;
    bot__private_init(&p, NULL);
    const bot_id id = id_of("a1");
    ck_assert(!bot__private_trade(&p, T0 + 60 * S, px(99), VENUE0 - S, &id, BOT_BUY, px(100), T0, VENUE0));
    bot__private_init(&p, NULL);
    /* Without venue times, what comes within the grace time may be older than the order. */
    ck_assert(!bot__private_trade(&p, T0 + 500 * MS, px(99), 0, &id, BOT_BUY, px(100), T0, 0));
    ck_assert(bot__private_trade(&p, T0 + 5 * S, px(99), 0, &id, BOT_BUY, px(100), T0, 0));
}

TEST(silent, more_trades_through_do_not_put_the_verdict_off)
{
    struct bot__private p = after_trade(99);
    const bot_id id = id_of("a1");
    bot__private_trade(&p, T0 + 60 * S + 900 * MS, px(98), VENUE0 + 61 * S, &id, BOT_BUY, px(100), T0, VENUE0);
    ck_assert(bot__private_tick(&p, T0 + 61 * S));
}

TEST(silent, rest_confirms)
{
    struct bot__private p = after_trade(99);
    const bot_id id = id_of("a1");
    bot__private_tick(&p, T0 + 61 * S);
    bot__private_rest_fill(&p, T0 + 62 * S, &id);
    ck_assert(bot__private_tick(&p, T0 + 62 * S)); /* its grace has long passed */
    ck_assert_int_eq(view(&p).reason, BOT__PRIVATE_FILLED_PER_REST);
    bot__private_reset(&p, T0 + 63 * S);
    ck_assert(bot__private_tick(&p, T0 + 63 * S));
    ck_assert_int_eq(view(&p).reason, BOT__PRIVATE_OK);
}

TEST(silent, more_witnesses_than_slots_keep_the_oldest)
{
    struct bot__private p;
    bot__private_init(&p, NULL);
    for (int i = 0; i < 3 * BOT__PRIVATE_WITNESSES; i++) {
        char name[8];
        snprintf(name, sizeof name, "w%d", i);
        const bot_id id = id_of(name);
        bot__private_trade(&p, T0 + 60 * S + i * MS, px(99), VENUE0 + 60 * S, &id, BOT_BUY, px(100), T0, VENUE0);
    }
    ck_assert_int_eq(bot__private_deadline(&p), T0 + 61 * S);
    ck_assert(bot__private_tick(&p, T0 + 61 * S));
    ck_assert_str_eq(view(&p).client_id.s, "w0");
}

/* ---- the public feed ---- */

struct feed {
    struct bot__feed f;
    bot_ts now;
};

static struct feed feed_new(void)
{
    struct feed d = { .now = T0 };
    bot__feed_init(&d.f, NULL, d.now);
    return d;
}

static void run(struct feed *d, bot_ts length, bool trades, bool books)
{
    const bot_ts until = d->now + length;
    for (int i = 0; d->now < until; i++) {
        d->now += 100 * MS;
        if (books) bot__feed_book(&d->f, d->now);
        if (trades && i % 7 == 0) bot__feed_trade(&d->f, d->now);
        bot__feed_tick(&d->f, d->now);
    }
}

TEST(silent, a_book_that_moves_without_trades_is_told_from_the_reverse)
{
    struct feed d = feed_new();
    run(&d, 600 * S, true, true);
    ck_assert_int_eq(bot__feed_get(&d.f, NULL), BOT__FEED_OK);
    run(&d, 30 * S, false, true);
    ck_assert_int_eq(bot__feed_get(&d.f, NULL), BOT__FEED_TRADES_DEAD);
    run(&d, 30 * S, true, true);
    ck_assert_int_eq(bot__feed_get(&d.f, NULL), BOT__FEED_OK);
    run(&d, 30 * S, true, false);
    ck_assert_int_eq(bot__feed_get(&d.f, NULL), BOT__FEED_BOOK_DEAD);
    run(&d, 30 * S, true, true);
    run(&d, 30 * S, false, false);
    ck_assert_int_eq(bot__feed_get(&d.f, NULL), BOT__FEED_DEAD);
    ck_assert(!bot__feed_ok(BOT__FEED_DEAD) && bot__feed_ok(BOT__FEED_QUIET));
}

TEST(silent, an_outage_is_not_learned_as_a_pause)
{
    struct feed d = feed_new();
    run(&d, 600 * S, true, true);
    run(&d, 300 * S, false, true);
    run(&d, 60 * S, true, true);
    run(&d, 10 * S, false, true);
    ck_assert_int_eq(bot__feed_get(&d.f, NULL), BOT__FEED_TRADES_DEAD);
}

TEST(silent, a_thin_market_may_pause)
{
    struct feed d = feed_new();
    for (int i = 0; i < 200; i++) { /* a trade every 5 s to 55 s */
        run(&d, 5 * S + (i % 11) * 5 * S, false, true);
        bot__feed_trade(&d.f, d.now);
        bot__feed_tick(&d.f, d.now);
        if (i > 40) ck_assert(bot__feed_ok(bot__feed_get(&d.f, NULL)));
    }
}

TEST(silent, the_deadline_is_when_the_verdict_falls)
{
    struct feed d = feed_new();
    run(&d, 600 * S, true, true);
    const bot_ts due = bot__feed_deadline(&d.f);
    ck_assert_int_gt(due, d.now);
    ck_assert_int_le(due, d.now + 4 * S);
    bot__feed_tick(&d.f, due - 1);
    ck_assert_int_eq(bot__feed_get(&d.f, NULL), BOT__FEED_OK);
}

/* ---- at the edges ---- */

TEST(silent, a_grace_of_ones_own_and_ids_that_differ_in_length)
{
    struct bot__private p;
    bot__private_init(&p, &(bot__private_options){ .grace_ns = 5 * S });
    const bot_id a = id_of("a"), ab = id_of("ab");
    bot__private_rest_fill(&p, T0, &a);
    bot__private_heard(&p, T0, &ab); /* another order */
    ck_assert_int_eq(bot__private_deadline(&p), T0 + 5 * S);
    ck_assert(!bot__private_tick(&p, T0 + 5 * S - 1));
    ck_assert(bot__private_tick(&p, T0 + 5 * S));
    ck_assert_int_eq(view(&p).reason, BOT__PRIVATE_FILLED_PER_REST);
    ck_assert_str_eq(bot__private_reason_name(view(&p).reason), "filled_per_rest");
    ck_assert_str_eq(bot__private_reason_name(BOT__PRIVATE_TRADED_THROUGH), "traded_through");
    ck_assert_str_eq(bot__private_reason_name(BOT__PRIVATE_OK), "none");
    ck_assert_str_eq(bot__private_reason_name((bot__private_reason)99), "none");
}

TEST(silent, the_worst_witness_speaks_the_oldest_first)
{
    struct bot__private p;
    bot__private_init(&p, NULL);
    const bot_id young = id_of("young"), old = id_of("old"), rest = id_of("rest");
    bot__private_trade(&p, T0 + 11 * S, px(99), 0, &young, BOT_BUY, px(100), T0, 0);
    bot__private_reset(&p, T0 + 11 * S);
    ck_assert_int_eq(bot__private_deadline(&p), BOT_TS_NEVER);
    bot__private_trade(&p, T0 + 12 * S, px(99), 0, &old, BOT_BUY, px(100), T0, 0);
    bot__private_trade(&p, T0 + 13 * S, px(99), 0, &young, BOT_BUY, px(100), T0, 0);
    ck_assert(bot__private_tick(&p, T0 + 20 * S));
    ck_assert_str_eq(view(&p).client_id.s, "old");
    bot__private_rest_fill(&p, T0 + 20 * S, &rest); /* what REST confirms outweighs what a trade suggests, however late */
    ck_assert(bot__private_tick(&p, T0 + 22 * S));
    ck_assert_str_eq(view(&p).client_id.s, "rest");
}

TEST(silent, an_order_without_a_price_or_a_side_is_traded_through_by_nothing)
{
    struct bot__private p;
    bot__private_init(&p, NULL);
    const bot_id id = id_of("m");
    ck_assert(!bot__private_trade(&p, T0 + 60 * S, px(99), 0, &id, BOT_SELL, px(0), T0, 0));
    ck_assert(!bot__private_trade(&p, T0 + 60 * S, px(99), 0, &id, BOT_SIDE_NONE, px(50), T0, 0));
    ck_assert_int_eq(bot__private_deadline(&p), BOT_TS_NEVER);
}

TEST(silent, every_reason_of_the_feed_has_its_name_and_options_of_ones_own_count)
{
    static const char *const names[] = { "none", "market_quiet", "trades_dead", "book_dead", "feed_dead", "none" };
    for (int i = 0; i < 6; i++)
        ck_assert_str_eq(bot__feed_reason_name((bot__feed_reason)i), names[i]);
    struct bot__feed f; /* a margin so wide that no silence is one */
    bot__feed_init(&f, &(bot__feed_options){ .book_limit_ns = S, .margin = 1e12, .memory_ns = 1800 * S, .trades_min = 5, .books_min = 10 }, T0);
    for (int i = 1; i <= 50; i++) {
        bot__feed_trade(&f, T0 + i * S);
        bot__feed_book(&f, T0 + i * S);
    }
    ck_assert_int_eq(bot__feed_deadline(&f), BOT_TS_NEVER);
    ck_assert(!bot__feed_tick(&f, T0 + 100000 * S));
    ck_assert_int_eq(bot__feed_get(&f, NULL), BOT__FEED_OK);
}
