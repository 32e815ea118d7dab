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
    while (n < 1000 && bot__budget_take(b, &rest, 0) == BOT_OK)
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
        while (taken[account] < 100 && bot__budget_take(b, &r, 0) == BOT_OK)
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

#define OUT_OF_RANGE(field, value)                                                                \
    do {                                                                                          \
        struct budget_options o;                                                                  \
        bot__budget_options_init(&o);                                                             \
        o.field = (value);                                                                        \
        ck_assert_msg(bot__budget_size(&o, &good, 1) == 0, #field " = " #value " was taken");     \
    } while (0)
#define SCOPE_OUT_OF_RANGE(field, value)                                                          \
    do {                                                                                          \
        struct budget_options o;                                                                  \
        bot__budget_options_init(&o);                                                             \
        struct budget_scope s = good;                                                             \
        s.field = (value);                                                                        \
        ck_assert_msg(bot__budget_size(&o, &s, 1) == 0, #field " = " #value " was taken");        \
    } while (0)

TEST(budget, every_bound_out_of_its_range_is_refused_by_itself)
{
    const struct budget_scope good = kit_scope("ip", false, 100, 60);
    OUT_OF_RANGE(accounts_max, 0);
    OUT_OF_RANGE(accounts_max, 65537);
    OUT_OF_RANGE(reads_max, 65537);
    OUT_OF_RANGE(waiters_max, 1048577);
    OUT_OF_RANGE(backoff_ns, 0);
    OUT_OF_RANGE(backoff_max_ns, 1);
    OUT_OF_RANGE(ban_ns, 0);
    OUT_OF_RANGE(ban_max_ns, 1);
    OUT_OF_RANGE(utc_error_ns, -1);
    SCOPE_OUT_OF_RANGE(limit, 0);
    SCOPE_OUT_OF_RANGE(limit, (1u << 24) + 1);
    SCOPE_OUT_OF_RANGE(window_ns, 999999);
    SCOPE_OUT_OF_RANGE(window_ns, 7 * 86400 * BOT_NS_PER_S + 1);
    SCOPE_OUT_OF_RANGE(reserve[BUDGET_REST], 100); /* nothing would be left for the others */
    struct budget_options o;
    bot__budget_options_init(&o);
    const struct budget_scope nine[9] = { good, good, good, good, good, good, good, good, good };
    ck_assert_uint_eq(bot__budget_size(&o, nine, 9), 0);
    ck_assert_uint_gt(bot__budget_size(&o, nine, 8), 0);
}

TEST(budget, a_share_of_the_dearest_request_that_nobody_stated_is_one_unit)
{
    struct budget_scope s = { .limit = 10 };
    bot__budget_reserve_default(&s, 0);
    ck_assert_uint_eq(s.reserve[BUDGET_CANCEL], 1);
    ck_assert_uint_eq(s.reserve[BUDGET_RECONCILE], 1);
    bot__budget_reserve_default(&s, 4); /* together never more than half */
    ck_assert_uint_eq(s.reserve[BUDGET_CANCEL], 4);
    ck_assert_uint_eq(s.reserve[BUDGET_RECONCILE], 1);
}

TEST(budget, a_request_that_cannot_be_is_never_ready_and_takes_nothing)
{
    struct budget_scope s = kit_scope("ip", false, 100, 60);
    struct budget *b = kit_budget(&s, 1, 0);
    const struct budget_request wrong[] = {
        { .cls = BUDGET_CLASSES, .draws_n = 1, .draws = { { 0, 1 } } },
        { .cls = (enum budget_class)-1, .draws_n = 1, .draws = { { 0, 1 } } },
        { .cls = BUDGET_REST, .draws_n = BUDGET_DRAWS_MAX + 1 },
        { .cls = BUDGET_REST, .account = 1, .draws_n = 1, .draws = { { 0, 1 } } },
        { .cls = BUDGET_REST, .draws_n = 1, .draws = { { 1, 1 } } },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(bot__budget_ready_at(b, &wrong[i], 5) == BOT_TS_NEVER, "%zu", i);
        ck_assert_msg(bot__budget_take(b, &wrong[i], 5) == BOT_ERR_BUDGET, "%zu", i);
    }
    struct budget_view v;
    ck_assert_int_eq(bot__budget_view(b, 0, 1, 5, &v), BOT_ERR_NOT_FOUND);
    ck_assert_int_eq(bot__budget_view(b, 1, 0, 5, &v), BOT_ERR_NOT_FOUND);
    ck_assert_int_eq(bot__budget_view(b, 0, 0, 5, &v), BOT_OK);
    ck_assert_uint_eq(v.used, 0);
    /* What is said of a scope that is not there falls on none. */
    bot__budget_header(b, 0, 1, 90, -1, 0, 0, 5);
    bot__budget_refused(b, 0, 1, true, BOT_NS_PER_S, 5);
    bot__budget_accepted(b, 0, 1);
    const struct budget_request nothing = { .cls = BUDGET_REST, .draws_n = 1, .draws = { { 0, 0 } } };
    bot__budget_refused(b, 0, 0, true, BOT_NS_PER_S, 5);
    ck_assert_int_eq(bot__budget_ready_at(b, &nothing, 6), 6); /* draws nothing: shut or not */
    ck_assert_int_eq(bot__budget_take(b, &nothing, 6), BOT_OK);
    bot__budget_done(b, &nothing, 7);
    ck_assert_int_eq(bot__budget_view(b, 0, 0, 7, &v), BOT_OK);
    ck_assert_uint_eq(v.used, 0);
}

static uint32_t used(const struct budget *b, bot_ts now)
{
    struct budget_view v;
    ck_assert_int_eq(bot__budget_view(b, 0, 0, now, &v), BOT_OK);
    return v.used;
}

TEST(budget, a_budget_event_is_header_and_ban_in_one)
{
    struct budget_scope s = kit_scope("ip", false, 100, 60);
    struct budget *b = kit_budget(&s, 1, 0);
    bot_event ev = { .kind = BOT_EV_BUDGET, .ts = MS(10), .budget = { .used = -1, .remaining = -1 } };
    bot__budget_event(b, 0, &ev);
    ck_assert_uint_eq(used(b, MS(10)), 0);
    ev.budget.used = 40;
    bot__budget_event(b, 0, &ev);
    ck_assert_uint_eq(used(b, MS(10)), 40);
    ev.budget.used = -1;
    ev.budget.remaining = 30;
    bot__budget_event(b, 0, &ev);
    ck_assert_uint_eq(used(b, MS(10)), 70);
    ev.budget.remaining = -1;
    ev.budget.limit = 80;
    bot__budget_event(b, 0, &ev);
    struct budget_view v;
    ck_assert_int_eq(bot__budget_view(b, 0, 0, MS(10), &v), BOT_OK);
    ck_assert_uint_eq(v.limit, 80);
    ck_assert_int_eq(v.shut_until, 0);
    ev.budget = (bot_ev_budget){ .used = -1, .remaining = -1, .banned_for_ns = 5 * BOT_NS_PER_S };
    bot__budget_event(b, 0, &ev);
    ck_assert_int_eq(bot__budget_view(b, 0, 0, MS(10), &v), BOT_OK);
    ck_assert_int_eq(v.shut_until, MS(10) + 5 * BOT_NS_PER_S);
    ck_assert_uint_eq(v.bans, 1);
}

TEST(budget, numbers_of_the_venue_that_make_no_sense_change_nothing)
{
    struct budget_scope s = kit_scope("ip", false, 100, 60);
    struct budget *b = kit_budget(&s, 1, 0);
    bot__budget_header(b, 0, 0, -1, 101, 0, 0, MS(1));                 /* more left than there is */
    ck_assert_uint_eq(used(b, MS(1)), 0);
    bot__budget_header(b, 0, 0, -1, -1, INT32_MAX, 0, MS(1));          /* a limit beyond all */
    struct budget_view v;
    ck_assert_int_eq(bot__budget_view(b, 0, 0, MS(1), &v), BOT_OK);
    ck_assert_uint_eq(v.limit, 100);
    bot__budget_header(b, 0, 0, 100, 0, 0, 3600 * BOT_NS_PER_S, MS(1)); /* a reset in an hour says nothing about this minute */
    ck_assert_int_eq(bot__budget_view(b, 0, 0, MS(1), &v), BOT_OK);
    ck_assert_int_eq(v.shut_until, 0);
    ck_assert_uint_eq(v.used, 100);
    ck_assert_uint_eq(used(b, MS(1) + 60 * BOT_NS_PER_S), 0);
    bot__budget_header(b, 0, 0, 50, 0, 0, 70 * BOT_NS_PER_S, 61 * BOT_NS_PER_S); /* one in nine seconds does, whatever was used */
    ck_assert_int_eq(bot__budget_view(b, 0, 0, 61 * BOT_NS_PER_S, &v), BOT_OK);
    ck_assert_int_eq(v.shut_until, 71 * BOT_NS_PER_S);
    ck_assert_uint_eq(used(b, 71 * BOT_NS_PER_S), 0); /* others' use leaves with it */
    bot__budget_refused(b, 0, 0, true, INT64_MAX, 80 * BOT_NS_PER_S);
    ck_assert_int_eq(bot__budget_view(b, 0, 0, 80 * BOT_NS_PER_S, &v), BOT_OK);
    ck_assert(v.shut_until == BOT_TS_NEVER);
}

TEST(budget, what_others_used_leaves_before_ours_where_its_reset_says_so)
{
    struct budget_scope s = kit_scope("ip", true, 100, 60);
    memset(s.reserve, 0, sizeof s.reserve);
    struct budget_options o;
    bot__budget_options_init(&o);
    o.utc_error_ns = 0;
    struct budget *b = kit_budget_of(&o, &s, 1, 0);
    struct budget_request r = kit_request(BUDGET_REST, 0, 60);
    bot__budget_header(b, 0, 0, 50, -1, 0, 0, BOT_NS_PER_S);
    ck_assert_int_eq(bot__budget_ready_at(b, &r, 2 * BOT_NS_PER_S), 60 * BOT_NS_PER_S);
    /* The venue's clock turns out to be further on: the others' use ends with a window that is over. */
    ck_assert_int_eq(bot__budget_take(b, &(struct budget_request){ .cls = BUDGET_REST, .draws_n = 1, .draws = { { 0, 40 } } }, 3 * BOT_NS_PER_S), BOT_OK);
    ck_assert_int_eq(bot__budget_take(b, &r, 3 * BOT_NS_PER_S), BOT_ERR_BUDGET);
    ck_assert_int_eq(bot__budget_ready_at(b, &r, 3 * BOT_NS_PER_S), 60 * BOT_NS_PER_S);
    /* Rolling, everything in flight or of others. */
    s.calendar = false;
    b = kit_budget_of(&o, &s, 1, 0);
    ck_assert_int_eq(bot__budget_take(b, &(struct budget_request){ .cls = BUDGET_REST, .draws_n = 1, .draws = { { 0, 60 } } }, 0), BOT_OK);
    bot__budget_header(b, 0, 0, 90, -1, 0, 0, BOT_NS_PER_S);
    ck_assert_int_eq(bot__budget_ready_at(b, &r, 2 * BOT_NS_PER_S), 62 * BOT_NS_PER_S); /* if it were answered now */
}

TEST(budget, a_cadence_stays_within_its_interval)
{
    struct budget_scope s = kit_scope("ip", false, 100, 60);
    struct budget *b = kit_budget(&s, 1, 0);
    const int64_t least = BOT_NS_PER_S, most = 30 * BOT_NS_PER_S;
    ck_assert_int_eq(bot__budget_cadence(b, 0, 0, 1, 500, least, most, 0), 60 * BOT_NS_PER_S / 50); /* half of a hundred a minute */
    ck_assert_int_eq(bot__budget_cadence(b, 0, 0, 1, 1000, least, most, 0), least);
    ck_assert_int_eq(bot__budget_cadence(b, 0, 0, 50, 100, least, most, 0), most);
    ck_assert_int_eq(bot__budget_cadence(b, 0, 0, 1, 0, least, most, 0), most); /* no share at all */
    ck_assert_int_eq(bot__budget_cadence(b, 0, 7, 1, 500, least, most, 0), most);
    bot__budget_header(b, 0, 0, 100, -1, 0, 0, 0);
    ck_assert_int_eq(bot__budget_cadence(b, 0, 0, 1, 500, least, most, 0), most);
    b = kit_budget(&s, 1, 0);
    bot__budget_refused(b, 0, 0, false, BOT_NS_PER_S, 0);
    ck_assert_int_eq(bot__budget_cadence(b, 0, 0, 1, 500, least, most, 0), most);
}

TEST(budget, reads_have_room_for_so_many_and_no_more)
{
    struct budget_scope s = kit_scope("ip", false, 100, 60);
    struct budget_options o;
    bot__budget_options_init(&o);
    o.reads_max = 2;
    o.waiters_max = 4;
    struct budget *b = kit_budget_of(&o, &s, 1, 0);
    uint64_t first, second, id, who[4];
    ck_assert_int_eq(bot__budget_join(b, 7, 0, 100, &first), BUDGET_READ_LEAD);
    bot__budget_read_sent(b, first, MS(5));
    bot__budget_read_sent(b, first, MS(9)); /* its second page */
    ck_assert_int_eq(bot__budget_join(b, 7, MS(6), 101, &second), BUDGET_READ_LEAD); /* the first left too early for this one */
    ck_assert_uint_ne(first, second);
    ck_assert_int_eq(bot__budget_join(b, 7, MS(2), 102, &id), BUDGET_READ_JOINED);
    ck_assert_uint_eq(id, second); /* the newest of those that will do */
    ck_assert_int_eq(bot__budget_join(b, 8, 0, 103, &id), BOT_ERR_FULL); /* no place for another read */
    ck_assert_int_eq(bot__budget_join(b, 0, 0, 103, &id), BOT_ERR_FULL); /* without a key nothing is the same */
    ck_assert_int_eq(bot__budget_join(b, 7, 0, 104, &id), BUDGET_READ_JOINED);
    ck_assert_int_eq(bot__budget_join(b, 7, 0, 105, &id), BOT_ERR_FULL); /* no place for another who waits */
    bot__budget_read_leave(b, second, 102);
    ck_assert_int_eq(bot__budget_join(b, 7, 0, 106, &id), BUDGET_READ_JOINED);
    bot__budget_read_sent(b, 0, MS(10));
    bot__budget_read_sent(b, 999, MS(10));
    ck_assert_uint_eq(bot__budget_read_finish(b, 0, who, 4), 0);
    ck_assert_uint_eq(bot__budget_read_finish(b, 999, who, 4), 0);
    who[2] = 77;
    ck_assert_uint_eq(bot__budget_read_finish(b, second, who, 2), 3); /* says how many there were */
    ck_assert(who[0] == 101 && who[1] == 104 && who[2] == 77);
    ck_assert_uint_eq(bot__budget_read_finish(b, first, who, 4), 1);
    ck_assert_uint_eq(who[0], 100);
    ck_assert_uint_eq(bot__budget_read_finish(b, first, who, 4), 0); /* over is over */
}

TEST(budget, a_shorter_refusal_ends_no_ban)
{
    const struct budget_scope s = kit_scope("ip", false, 100, 60);
    struct budget *b = kit_budget(&s, 1, 0);
    const struct budget_request r = kit_request(BUDGET_REST, 0, 1);
    bot__budget_refused(b, 0, 0, true, 3600 * BOT_NS_PER_S, 0);
    bot__budget_refused(b, 0, 0, false, BOT_NS_PER_S, BOT_NS_PER_S); /* of a request that was under way */
    ck_assert_int_eq(bot__budget_take(b, &r, 10 * BOT_NS_PER_S), BOT_ERR_BUDGET);
    ck_assert_int_eq(bot__budget_ready_at(b, &r, 10 * BOT_NS_PER_S), 3600 * BOT_NS_PER_S);
    ck_assert_int_eq(bot__budget_take(b, &r, 3600 * BOT_NS_PER_S), BOT_OK);
}
