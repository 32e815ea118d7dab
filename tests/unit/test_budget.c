#include "budget_kit.h"

TEST(budget, a_rolling_window_counts_from_the_answer)
{
    struct budget_scope s = kit_scope("orders", false, 10, 1);
    memset(s.reserve, 0, sizeof s.reserve);
    struct budget *b = kit_budget(&s, 1, 0);
    struct budget_request r = kit_request(BUDGET_ORDER, 0, 1);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(bot__budget_take(b, &r, MS(100)), BOT_OK);
    ck_assert_int_eq(bot__budget_take(b, &r, MS(100)), BOT_ERR_BUDGET);
    for (int i = 0; i < 10; i++)
        bot__budget_done(b, &r, MS(300));
    const bot_ts ready = bot__budget_ready_at(b, &r, MS(400));
    ck_assert_int_ge(ready, MS(1300));
    ck_assert_int_le(ready, MS(1305));
    ck_assert_int_eq(bot__budget_take(b, &r, MS(1299)), BOT_ERR_BUDGET);
    ck_assert_int_eq(bot__budget_take(b, &r, ready), BOT_OK);
}

TEST(budget, a_request_without_an_answer_keeps_counting)
{
    struct budget_scope s = kit_scope("orders", false, 2, 1);
    memset(s.reserve, 0, sizeof s.reserve);
    struct budget *b = kit_budget(&s, 1, 0);
    struct budget_request r = kit_request(BUDGET_ORDER, 0, 2);
    ck_assert_int_eq(bot__budget_take(b, &r, 0), BOT_OK);
    ck_assert_int_eq(bot__budget_take(b, &r, MS(60000)), BOT_ERR_BUDGET);
    bot__budget_unsent(b, &r, MS(60000));
    ck_assert_int_eq(bot__budget_take(b, &r, MS(60000)), BOT_OK);
}

TEST(budget, reserved_shares_stay_free_for_their_class)
{
    struct budget_scope s = kit_scope("ip", false, 100, 60); /* 3 for cancels, 2 for reconciling */
    struct budget *b = kit_budget(&s, 1, 0);
    struct budget_request rest = kit_request(BUDGET_REST, 0, 1), cancel = kit_request(BUDGET_CANCEL, 0, 1), reconcile = kit_request(BUDGET_RECONCILE, 0, 1);
    int n = 0;
    while (bot__budget_take(b, &rest, 0) == BOT_OK)
        n++;
    ck_assert_int_eq(n, 95);
    ck_assert_int_eq(bot__budget_take(b, &reconcile, 0), BOT_OK);
    ck_assert_int_eq(bot__budget_take(b, &reconcile, 0), BOT_OK);
    ck_assert_int_eq(bot__budget_take(b, &reconcile, 0), BOT_ERR_BUDGET);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(bot__budget_take(b, &cancel, 0), BOT_OK);
    ck_assert_int_eq(bot__budget_take(b, &cancel, 0), BOT_ERR_BUDGET);
}

TEST(budget, what_can_never_fit_is_ready_never)
{
    struct budget_scope s = kit_scope("ip", true, 20, 60);
    struct budget *b = kit_budget(&s, 1, 0);
    struct budget_request r = kit_request(BUDGET_REST, 0, 19);
    ck_assert(bot__budget_ready_at(b, &r, 0) == BOT_TS_NEVER);
    r = kit_request(BUDGET_REST, 0, 18);
    ck_assert_int_eq(bot__budget_ready_at(b, &r, 5), 5);
    r.draws[0].scope = 3;
    ck_assert(bot__budget_ready_at(b, &r, 0) == BOT_TS_NEVER);
    ck_assert_int_eq(bot__budget_take(b, &r, 0), BOT_ERR_BUDGET);
    r = kit_request(BUDGET_REST, 1, 1);
    ck_assert(bot__budget_ready_at(b, &r, 0) == BOT_TS_NEVER);
}

TEST(budget, a_request_on_two_scopes_takes_from_both_or_from_none)
{
    struct budget_scope s[2] = { kit_scope("ip", false, 100, 60), kit_scope("orders", false, 1, 10) };
    memset(s[1].reserve, 0, sizeof s[1].reserve);
    struct budget *b = kit_budget(s, 2, 0);
    struct budget_request r = { .cls = BUDGET_ORDER, .draws_n = 2, .draws = { { 0, 1 }, { 1, 1 } } };
    ck_assert_int_eq(bot__budget_take(b, &r, 0), BOT_OK);
    ck_assert_int_eq(bot__budget_take(b, &r, 0), BOT_ERR_BUDGET);
    struct budget_view v;
    ck_assert_int_eq(bot__budget_view(b, 0, 0, 0, &v), BOT_OK);
    ck_assert_uint_eq(v.used, 1);
}

TEST(budget, accounts_share_the_address_and_not_the_key)
{
    struct budget_scope s[2] = { kit_scope("ip", false, 10, 60), kit_scope("uid", false, 4, 60) };
    s[0].per_ip = true;
    memset(s[0].reserve, 0, sizeof s[0].reserve);
    memset(s[1].reserve, 0, sizeof s[1].reserve);
    struct budget_options o;
    bot__budget_options_init(&o);
    o.accounts_max = 3;
    struct budget *b = kit_budget_of(&o, s, 2, 0);
    int taken[3] = { 0 };
    for (uint32_t account = 0; account < 3; account++) {
        struct budget_request r = { .cls = BUDGET_REST, .account = account, .draws_n = 2, .draws = { { 0, 1 }, { 1, 1 } } };
        while (bot__budget_take(b, &r, 0) == BOT_OK)
            taken[account]++;
    }
    ck_assert_int_eq(taken[0], 4);
    ck_assert_int_eq(taken[1], 4);
    ck_assert_int_eq(taken[2], 2);
}

TEST(budget, a_calendar_window_begins_at_the_venues_minute)
{
    struct budget_scope s = kit_scope("ip", true, 10, 60);
    memset(s.reserve, 0, sizeof s.reserve);
    struct budget_options o;
    bot__budget_options_init(&o);
    o.utc_ns = MS(30000); /* the venue's minute begins at our 30 s */
    o.utc_error_ns = MS(100);
    struct budget *b = kit_budget_of(&o, &s, 1, 0);
    struct budget_request r = kit_request(BUDGET_REST, 0, 10), one = kit_request(BUDGET_REST, 0, 1);
    ck_assert_int_eq(bot__budget_take(b, &r, MS(10000)), BOT_OK);
    bot__budget_done(b, &r, MS(10050));
    ck_assert_int_eq(bot__budget_ready_at(b, &one, MS(10100)), MS(30100));
    ck_assert_int_eq(bot__budget_take(b, &one, MS(30099)), BOT_ERR_BUDGET);
    ck_assert_int_eq(bot__budget_take(b, &r, MS(30100)), BOT_OK);
    /* Answered within the clock's error of the end: it may have counted in the next minute. */
    bot__budget_done(b, &r, MS(89950));
    ck_assert_int_eq(bot__budget_take(b, &one, MS(90100)), BOT_ERR_BUDGET);
    ck_assert_int_eq(bot__budget_ready_at(b, &one, MS(90100)), MS(150100));
}

TEST(budget, what_is_in_flight_over_the_boundary_counts_in_both_windows)
{
    struct budget_scope s = kit_scope("ip", true, 10, 60);
    memset(s.reserve, 0, sizeof s.reserve);
    struct budget *b = kit_budget(&s, 1, 0);
    struct budget_request r = kit_request(BUDGET_REST, 0, 6);
    ck_assert_int_eq(bot__budget_take(b, &r, MS(59000)), BOT_OK);
    ck_assert_int_eq(bot__budget_take(b, &r, MS(61500)), BOT_ERR_BUDGET);
    bot__budget_done(b, &r, MS(61600));
    ck_assert_int_eq(bot__budget_take(b, &r, MS(61700)), BOT_ERR_BUDGET);
}

TEST(budget, asking_changes_nothing)
{
    struct budget_scope s[2] = { kit_scope("a", false, 50, 10), kit_scope("b", true, 50, 10) };
    struct budget *b = kit_budget(s, 2, 0);
    struct budget_request r = { .cls = BUDGET_REST, .draws_n = 2, .draws = { { 0, 45 }, { 1, 45 } } };
    ck_assert_int_eq(bot__budget_take(b, &r, 0), BOT_OK);
    bot__budget_done(b, &r, MS(20));
    const bot_ts ready = bot__budget_ready_at(b, &r, MS(30));
    for (int i = 0; i < 5; i++) {
        struct budget_view v;
        bot__budget_view(b, 0, 0, MS(90000), &v); /* far ahead */
        bot__budget_view(b, 0, 1, MS(90000), &v);
        ck_assert_int_eq(bot__budget_ready_at(b, &r, MS(30)), ready);
    }
    ck_assert_int_eq(bot__budget_take(b, &r, MS(30)), BOT_ERR_BUDGET);
    ck_assert_int_eq(bot__budget_take(b, &r, ready), BOT_OK);
}

TEST(budget, a_later_read_does_not_join_one_that_was_sent_too_early)
{
    struct budget_scope s = kit_scope("ip", false, 10, 60);
    struct budget *b = kit_budget(&s, 1, 0);
    uint64_t first, second, third, waiters[4];
    ck_assert_int_eq(bot__budget_join(b, 7, 0, 100, &first), BUDGET_READ_LEAD);
    bot__budget_read_sent(b, first, MS(10));
    ck_assert_int_eq(bot__budget_join(b, 7, MS(10), 101, &second), BUDGET_READ_JOINED);
    ck_assert_uint_eq(second, first);
    ck_assert_int_eq(bot__budget_join(b, 7, MS(11), 102, &third), BUDGET_READ_LEAD);
    ck_assert_uint_ne(third, first);
    ck_assert_int_eq(bot__budget_join(b, 8, 0, 103, &second), BUDGET_READ_LEAD);
    ck_assert_uint_eq(bot__budget_read_finish(b, first, waiters, 4), 2);
    ck_assert_uint_eq(waiters[0], 100);
    ck_assert_uint_eq(waiters[1], 101);
    ck_assert_uint_eq(bot__budget_read_finish(b, first, waiters, 4), 0);
    ck_assert_uint_eq(bot__budget_read_finish(b, third, waiters, 4), 1);
}

TEST(budget, bounds_out_of_range_have_no_size)
{
    struct budget_options o;
    bot__budget_options_init(&o);
    struct budget_scope s = kit_scope("ip", false, 10, 60);
    ck_assert_uint_gt(bot__budget_size(&o, &s, 1), 0);
    s.limit = 0;
    ck_assert_uint_eq(bot__budget_size(&o, &s, 1), 0);
    s = kit_scope("ip", false, 10, 60);
    s.reserve[BUDGET_CANCEL] = 10;
    ck_assert_uint_eq(bot__budget_size(&o, &s, 1), 0);
    s = kit_scope("ip", false, 10, 60);
    s.window_ns = 0;
    ck_assert_uint_eq(bot__budget_size(&o, &s, 1), 0);
}
