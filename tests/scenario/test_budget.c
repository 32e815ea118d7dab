/* Scenarios 56-59 at the budget's own level: a venue that counts arrivals, random latency, and a day of demand. */
#include "budget_kit.h"

#include <stdio.h>

#define DAY (86400 * BOT_NS_PER_S)

TEST(scenario, s56_a_header_that_knows_more_is_adopted_within_one_answer)
{
    struct budget_scope s = kit_scope("uid", false, 50, 60);
    memset(s.reserve, 0, sizeof s.reserve);
    struct budget *b = kit_budget(&s, 1, 0);
    struct budget_request r = kit_request(BUDGET_REST, 0, 1);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(bot__budget_take(b, &r, MS(i)), BOT_OK);
        bot__budget_done(b, &r, MS(100 + i));
    }
    bot__budget_header(b, 0, 0, -1, 3, 50, 0, MS(104)); /* remaining 3 of 50: another process shares the key */
    int passed = 0;
    while (passed < 1000 && bot__budget_take(b, &r, MS(200)) == BOT_OK)
        passed++;
    ck_assert_int_eq(passed, 3);
    struct budget_view v;
    bot__budget_view(b, 0, 0, MS(200), &v);
    ck_assert_uint_eq(v.foreign, 42);
    ck_assert_uint_eq(v.used, 50);
    ck_assert_uint_eq(v.corrections, 1);
    for (int i = 0; i < 3; i++)
        bot__budget_done(b, &r, MS(300));
    bot__budget_header(b, 0, 0, 9, -1, 40, 0, MS(301)); /* the others' requests have left the window; the limit was lowered */
    bot__budget_view(b, 0, 0, MS(302), &v);
    ck_assert_uint_eq(v.foreign, 1);
    ck_assert_uint_eq(v.limit, 40);
    bot__budget_header(b, 0, 0, -1, 0, -1, MS(5000), MS(303)); /* nothing left until 5 s, by the venue's clock */
    ck_assert_int_eq(bot__budget_take(b, &r, MS(4999)), BOT_ERR_BUDGET);
}

/* ---- 57 ---- */

/* Arrivals as the venue counts them, in order of arrival. */
struct venue_count {
    bool     calendar;
    int64_t  window_ns, utc_ns;
    bot_ts  *arrivals;
    uint32_t n;
};

static int by_time(const void *a, const void *b)
{
    const bot_ts x = *(const bot_ts *)a, y = *(const bot_ts *)b;
    return (x > y) - (x < y);
}

/* The fullest window that the venue saw. */
static uint32_t fullest(struct venue_count *v)
{
    qsort(v->arrivals, v->n, sizeof *v->arrivals, by_time);
    uint32_t most = 0, first = 0, here = 0;
    int64_t window = -1;
    for (uint32_t i = 0; i < v->n; i++) {
        if (v->calendar) {
            const int64_t w = (v->arrivals[i] + v->utc_ns) / v->window_ns;
            here = w == window ? here + 1 : 1;
            window = w;
        } else {
            while (v->arrivals[i] - v->arrivals[first] >= v->window_ns)
                first++;
            here = i - first + 1;
        }
        most = here > most ? here : most;
    }
    return most;
}

struct flight {
    bot_ts            back_at;
    enum budget_class cls;
};

/* Everybody wants as much as possible for a time. Latency jitters between rtt_min and rtt_max, one request in a thousand
 * hangs for 3 s. Returns arrivals over what the venue allows, in permille. */
static unsigned soak(bot_ts until, bool calendar, uint32_t limit, int64_t seconds, bot_ts rtt_min, bot_ts rtt_max, int64_t clock_off_ns, uint32_t *ret_fullest)
{
    struct budget_scope s = kit_scope("ip", calendar, limit, seconds);
    struct budget_options o;
    bot__budget_options_init(&o);
    const int64_t utc_ns = 1700000000 * BOT_NS_PER_S + 123456789;
    o.utc_ns = utc_ns + clock_off_ns; /* what we think */
    o.utc_error_ns = MS(50);
    struct budget *b = kit_budget_of(&o, &s, 1, 0);
    const uint64_t allowed = (uint64_t)limit * (uint64_t)(until / s.window_ns);
    struct venue_count venue = { calendar, s.window_ns, utc_ns, test_memory((allowed + 2 * limit) * sizeof(bot_ts)), 0 };
    struct flight *flights = test_memory(limit * sizeof *flights);
    uint32_t flights_n = 0;
    test_rng rng = { limit * 31 + (unsigned)seconds };
    static const enum budget_class order[] = { BUDGET_CANCEL, BUDGET_ORDER, BUDGET_RECONCILE, BUDGET_BACKFILL, BUDGET_REST };
    for (bot_ts now = 0; now < until;) {
        bot_ts next = BOT_TS_NEVER;
        for (uint32_t i = 0; i < flights_n;) {
            if (flights[i].back_at <= now) {
                const struct budget_request r = kit_request(flights[i].cls, 0, 1);
                bot__budget_done(b, &r, now);
                flights[i] = flights[--flights_n];
            } else {
                next = flights[i].back_at < next ? flights[i].back_at : next;
                i++;
            }
        }
        for (size_t c = 0; c < sizeof order / sizeof *order; c++) {
            const struct budget_request r = kit_request(order[c], 0, 1);
            bot_ts ready;
            while ((ready = bot__budget_ready_at(b, &r, now)) <= now) {
                ck_assert_int_eq(bot__budget_take(b, &r, now), BOT_OK); /* ready_at keeps its word */
                bot_ts rtt = rtt_min + (bot_ts)test_rng_below(&rng, (unsigned long long)(rtt_max - rtt_min));
                if (test_rng_below(&rng, 1000) == 0)
                    rtt = MS(3000);
                flights[flights_n++] = (struct flight){ now + rtt, order[c] };
                next = now + rtt < next ? now + rtt : next;
                venue.arrivals[venue.n++] = now + (bot_ts)test_rng_below(&rng, (unsigned long long)rtt);
                ck_assert_uint_lt(venue.n, allowed + 2 * limit);
            }
            next = ready < next ? ready : next;
        }
        ck_assert(next > now && next != BOT_TS_NEVER);
        now = next;
    }
    *ret_fullest = fullest(&venue);
    const unsigned permille = (unsigned)((uint64_t)venue.n * 1000 / allowed);
    return permille;
}

TEST(scenario, s57_a_day_of_demand_never_passes_a_limit_and_uses_nearly_all_of_it)
{
    const struct { bot_ts until; bool calendar; uint32_t limit; int64_t seconds; int64_t clock_off; unsigned permille_min; } venues[] = {
        { DAY, true, 120, 60, MS(40), 950 },   /* minute on the minute, our clock ahead */
        { DAY, true, 120, 60, -MS(40), 950 },  /* and behind */
        { DAY, false, 60, 10, 0, 950 },
        { DAY, false, 600, 300, 0, 950 },
        { DAY / 12, false, 10, 1, 0, 940 }, /* 7,200 windows; a round trip of up to 60 ms is a part of a window of 1 s */
    };
    for (size_t i = 0; i < sizeof venues / sizeof *venues; i++) {
        uint32_t most;
        const unsigned permille = soak(venues[i].until, venues[i].calendar, venues[i].limit, venues[i].seconds, MS(20), MS(60), venues[i].clock_off, &most);
        fprintf(stderr, "%s %u per %lld s: fullest window %u, use %u permille\n", venues[i].calendar ? "calendar" : "rolling", venues[i].limit,
               (long long)venues[i].seconds, most, permille);
        ck_assert_msg(most <= venues[i].limit, "venue %zu: %u of %u", i, most, venues[i].limit);
        ck_assert_msg(permille >= venues[i].permille_min, "venue %zu: %u permille", i, permille);
    }
}

/* ---- 58 ---- */

TEST(scenario, s58_refusals_and_bans_are_obeyed_by_everybody_until_their_time)
{
    struct budget_scope s[2] = { kit_scope("ip", false, 100, 60), kit_scope("orders", false, 100, 60) };
    struct budget *b = kit_budget(s, 2, 0);
    struct budget_request reads[BUDGET_CLASSES], cancel = { .cls = BUDGET_CANCEL, .draws_n = 1, .draws = { { 1, 1 } } };
    for (int c = 0; c < BUDGET_CLASSES; c++)
        reads[c] = kit_request((enum budget_class)c, 0, 1);

    bot__budget_refused(b, 0, 0, false, 17 * BOT_NS_PER_S, MS(1000)); /* 429, Retry-After: 17 */
    for (int c = 0; c < BUDGET_CLASSES; c++) {
        ck_assert_int_eq(bot__budget_ready_at(b, &reads[c], MS(1001)), MS(18000));
        ck_assert_int_eq(bot__budget_take(b, &reads[c], MS(17999)), BOT_ERR_BUDGET);
    }
    ck_assert_int_eq(bot__budget_take(b, &cancel, MS(1001)), BOT_OK); /* another scope is another matter */
    struct budget_view v;
    bot__budget_view(b, 0, 0, MS(2000), &v);
    ck_assert_int_eq(v.shut_until, MS(18000));
    ck_assert_uint_eq(v.refused_there, 1);
    ck_assert_int_eq(bot__budget_take(b, &reads[BUDGET_REST], MS(18000)), BOT_OK);

    bot__budget_refused(b, 0, 0, true, 600 * BOT_NS_PER_S, MS(20000)); /* 418 until a time: 10 min */
    bot__budget_refused(b, 0, 0, false, 1 * BOT_NS_PER_S, MS(20001)); /* a straggler's 429 does not shorten it */
    bot__budget_refused(b, 0, 0, false, 0, MS(20002));
    ck_assert_int_eq(bot__budget_ready_at(b, &reads[BUDGET_CANCEL], MS(20003)), MS(620000));

    /* Cloudflare 1015 in HTML, no header: our own times, doubling, and never a storm. */
    struct budget *c = kit_budget(s, 2, 0);
    bot_ts now = 0;
    unsigned sent = 0;
    while (now < DAY) {
        now = bot__budget_ready_at(c, &reads[BUDGET_REST], now);
        ck_assert_int_eq(bot__budget_take(c, &reads[BUDGET_REST], now), BOT_OK);
        bot__budget_done(c, &reads[BUDGET_REST], now + MS(50));
        bot__budget_refused(c, 0, 0, true, 0, now + MS(50));
        sent++;
        now += MS(51);
    }
    ck_assert_uint_le(sent, 27); /* 10, 20, 40 minutes, then one an hour */
    bot__budget_accepted(c, 0, 0);
    now += 2 * 3600 * BOT_NS_PER_S;
    bot__budget_refused(c, 0, 0, true, 0, now);
    ck_assert_int_eq(bot__budget_ready_at(c, &reads[BUDGET_REST], now), now + 600 * BOT_NS_PER_S);

    /* 429 without a time: 1 s, 2 s, 4 s ... */
    struct budget *d = kit_budget(s, 2, 0);
    now = 0;
    for (int i = 0; i < 5; i++) {
        bot__budget_refused(d, 0, 0, false, 0, now);
        ck_assert_int_eq(bot__budget_ready_at(d, &reads[BUDGET_REST], now), now + (BOT_NS_PER_S << i));
        now += BOT_NS_PER_S << i;
    }
}

TEST(scenario, s58_cancels_pass_on_their_share_when_everything_else_is_used_up)
{
    struct budget_scope s = kit_scope("orders", false, 100, 10);
    struct budget *b = kit_budget(&s, 1, 0);
    struct budget_request order = kit_request(BUDGET_ORDER, 0, 1), cancel = kit_request(BUDGET_CANCEL, 0, 1);
    for (int i = 0; i < 1000 && bot__budget_take(b, &order, 0) == BOT_OK; i++)
        bot__budget_done(b, &order, MS(1));
    ck_assert_int_eq(bot__budget_ready_at(b, &cancel, MS(2)), MS(2));
    ck_assert_int_eq(bot__budget_take(b, &cancel, MS(2)), BOT_OK);
}

/* ---- 59 ---- */

TEST(scenario, s59_polling_slows_as_the_budget_shrinks_but_keeps_its_minimum)
{
    struct budget_scope s = kit_scope("ip", false, 1200, 60);
    bot__budget_reserve_default(&s, 5);
    s.reserve[BUDGET_RECONCILE] = 40; /* one position read of weight 5 each 10 s, and some */
    struct budget *b = kit_budget(&s, 1, 0);
    struct budget_request rest = kit_request(BUDGET_REST, 0, 10), read = kit_request(BUDGET_RECONCILE, 0, 5);
    int64_t last = 0;
    for (int i = 0; i < 1000 && bot__budget_take(b, &rest, 0) == BOT_OK; i++) {
        const int64_t interval = bot__budget_cadence(b, 0, 0, 5, 200, MS(500), MS(10000), 0);
        ck_assert_int_ge(interval, last);
        last = interval;
    }
    ck_assert_int_gt(last, MS(5000));
    ck_assert_int_eq(bot__budget_cadence(kit_budget(&s, 1, 0), 0, 0, 5, 200, MS(500), MS(10000), 0), MS(1250)); /* 60 s * 5 / (1200 * 0.2) */
    /* Everything else is used up for the whole minute: one read each 10 s passes all the same. */
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(bot__budget_take(b, &read, MS(10000 * i)), BOT_OK);
        bot__budget_done(b, &read, MS(10000 * i + 50));
    }
    bot__budget_refused(b, 0, 0, false, 5 * BOT_NS_PER_S, MS(51000));
    ck_assert_int_eq(bot__budget_cadence(b, 0, 0, 5, 200, MS(500), MS(10000), MS(51001)), MS(10000));
}

TEST(scenario, s59_identical_reads_become_one_request_with_many_waiters)
{
    struct budget_scope s = kit_scope("ip", false, 100, 60);
    struct budget *b = kit_budget(&s, 1, 0);
    uint64_t id, joined, waiters[64];
    ck_assert_int_eq(bot__budget_join(b, 42, 0, 0, &id), BUDGET_READ_LEAD);
    for (uint64_t w = 1; w < 50; w++) {
        if (w == 25)
            bot__budget_read_sent(b, id, MS(5));
        ck_assert_int_eq(bot__budget_join(b, 42, MS(5), w, &joined), BUDGET_READ_JOINED);
        ck_assert_uint_eq(joined, id);
    }
    ck_assert_uint_eq(bot__budget_read_finish(b, id, waiters, 64), 50);
    for (uint64_t w = 0; w < 50; w++)
        ck_assert_uint_eq(waiters[w], w);
    ck_assert_int_eq(bot__budget_join(b, 42, MS(5), 1, &joined), BUDGET_READ_LEAD);
}
