/* Numbers of the whole client on virtual time. Short by default; LIBBOT_DAYS=30 with CK_FORK=no (no time limit) is the long form of the first and third (a day takes
 * some tens of seconds). */
#include "simrig.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t seconds_of(double days_default)
{
    const char *given = getenv("LIBBOT_DAYS");
    return (int64_t)((given != NULL ? atof(given) : days_default) * 86400);
}

/* A healthy venue, a fill a second, REST and sockets 50 to 300 ms away and each with a jitter of its own: the gate never shuts. */
TEST(numbers, no_false_pause_on_a_healthy_venue_with_natural_jitter)
{
    const int64_t seconds = seconds_of(0.04);
    struct simrig_options o;
    simrig_options_init(&o);
    o.trade_every_ns = BOT_NS_PER_S * 3 / 5; /* with cancels and refusals about a fill a second */
    o.limit = "3";
    o.world.latency_min_ns = 25 * BOT_NS_PER_MS; /* one way */
    o.world.latency_mean_ns = 40 * BOT_NS_PER_MS;
    o.world.latency_max_ns = 150 * BOT_NS_PER_MS;
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 10 * BOT_NS_PER_S);
    ck_assert_msg(simrig_open(r), "%s", simrig_tail(r));
    for (int64_t done = 0; done < seconds; done += 600) {
        simrig_run(r, (seconds - done < 600 ? seconds - done : 600) * BOT_NS_PER_S);
        /* The rig's strategy forgets some of what it rests: it would fill its own limit within a day. */
        bot_event ev = { .kind = BOT_EV_CANCEL_ALL };
        (void)bot__session_command(r->session, bot__world_time(r->world, r->client), &ev);
        r->resting_n = 0;
    }
    simrig_check(r);
    bot_core_stats stats;
    bot_core_stats_get(r->core, &stats);
    fprintf(stderr, "%.2f days, %u fills (%.2f a second), %u orders: %u false pauses; %llu agreements, %llu stale, %llu drifting, %llu failed\n",
            (double)seconds / 86400, r->fills, (double)r->fills / (double)seconds, r->orders, r->gate_shuts,
            (unsigned long long)stats.reads[BOT_VERDICT_AGREE], (unsigned long long)stats.reads[BOT_VERDICT_STALE],
            (unsigned long long)stats.reads[BOT_VERDICT_DRIFT], (unsigned long long)stats.reads[BOT_VERDICT_FAILED]);
    ck_assert_msg(r->gate_shuts == 0, "shut %u times, 0x%x\n%s", r->gate_shuts, (unsigned)r->reasons_seen, simrig_tail(r));
    ck_assert_uint_gt(r->fills, (unsigned)(seconds / 2));
    simrig_free(r);
}

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* From the first stale answer to the first moment in which an order would be refused: the lease of the last good read, 15 s, unless an
 * old answer says by chance what is true now (flat, without a row that could carry a sequence): then it counts from there. */
TEST(numbers, time_from_the_first_stale_answer_to_the_first_refusal)
{
    enum { RUNS = 41 };
    int64_t took_ms[RUNS];
    for (unsigned long long seed = 1; seed <= RUNS; seed++) {
        char faults[120];
        snprintf(faults, sizeof faults, "at %llums for 60s rest.stale on=positions age=60s..299s\n", 60000 + seed * 317);
        struct simrig_options o;
        simrig_options_init(&o);
        o.seed = seed;
        o.faults = faults;
        struct simrig *r = simrig_new(&o);
        simrig_run(r, 60 * BOT_NS_PER_S);
        bot_core_stats stats;
        bot_core_stats_get(r->core, &stats);
        const uint64_t before = stats.reads[BOT_VERDICT_STALE];
        do {
            simrig_run(r, 10 * BOT_NS_PER_MS);
            bot_core_stats_get(r->core, &stats);
        } while (stats.reads[BOT_VERDICT_STALE] == before && bot__world_now(r->world) < 140 * BOT_NS_PER_S);
        ck_assert_uint_gt(stats.reads[BOT_VERDICT_STALE], before);
        const bot_ts first = bot__world_now(r->world);
        while (simrig_open(r) && bot__world_now(r->world) < first + 60 * BOT_NS_PER_S)
            simrig_run(r, 10 * BOT_NS_PER_MS);
        took_ms[seed - 1] = (bot__world_now(r->world) - first) / BOT_NS_PER_MS;
        ck_assert_msg(!simrig_open(r), "seed %llu: open a minute after the first stale answer", seed);
        ck_assert_msg(took_ms[seed - 1] <= o.core.reconciled_flat_ns / BOT_NS_PER_MS, "seed %llu: %lld ms", seed, (long long)took_ms[seed - 1]);
        simrig_check(r);
        simrig_free(r);
    }
    qsort(took_ms, RUNS, sizeof *took_ms, by_size);
    fprintf(stderr, "first stale answer to first refusal: least %lld ms, median %lld ms, nine of ten %lld ms, most %lld ms\n", (long long)took_ms[0],
            (long long)took_ms[RUNS / 2], (long long)took_ms[RUNS * 9 / 10], (long long)took_ms[RUNS - 1]);
}

/* Twenty new orders a second are wanted where ten are allowed: the venue never has to refuse one for its rate, and what it
 * allows is used. */
TEST(numbers, a_client_that_wants_more_than_its_budget_is_never_limited_by_the_venue)
{
    const int64_t seconds = seconds_of(0.01);
    struct simrig_options o;
    simrig_options_init(&o);
    o.trade_every_ns = 50 * BOT_NS_PER_MS;
    o.takes_only = true;
    o.order_qty = "0.01";
    o.limit = "1000";
    struct simrig *r = simrig_new(&o);
    simrig_run(r, 10 * BOT_NS_PER_S);
    uint32_t create = 0; /* the scope of new orders */
    while (strcmp(bot__venue_find("bybit")->scopes[create].name, "create") != 0) create++;
    const uint32_t wanted = r->orders;
    struct budget_view before, after, any;
    ck_assert_int_eq(bot__budget_view(r->budget, 0, create, bot__world_now(r->world), &before), BOT_OK);
    simrig_run(r, seconds * BOT_NS_PER_S);
    simrig_check(r);
    const struct simvenue_stats venue = bot__simvenue_stats(bot__world_venue(r->world));
    ck_assert_int_eq(bot__budget_view(r->budget, 0, create, bot__world_now(r->world), &after), BOT_OK);
    uint64_t refused_here = 0;
    for (uint32_t i = 0; bot__budget_view(r->budget, 0, i, bot__world_now(r->world), &any) == BOT_OK; i++)
        refused_here += any.refused_here;
    const double sent = (double)(after.taken - before.taken) / (double)seconds;
    fprintf(stderr, "%.2f h: of %.2f new orders a second %.2f were sent, %u are allowed; kept back here %llu times, refused by the venue %llu times\n",
            (double)seconds / 3600, (double)(r->orders - wanted) / (double)seconds, sent, after.limit, (unsigned long long)refused_here,
            (unsigned long long)(venue.limited + venue.banned));
    ck_assert_uint_eq(venue.limited + venue.banned, 0);
    ck_assert_uint_gt(refused_here, 0);
    /* A place is free again one second after the answer, since nobody knows when within the round trip the venue counted. */
    ck_assert(sent > 0.85 * after.limit);
    simrig_free(r);
}
