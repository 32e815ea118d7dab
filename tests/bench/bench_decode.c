/* What decoding costs against what cJSON needs merely to parse the same bytes: 512 different messages of each venue and kind
 * (messages.c) in rotation, floor and result measured in turn in the same run, medians of the rounds. For instruction counts:
 *   valgrind --tool=callgrind --toggle-collect='bench_*' bench_decode KIND|VENUE|all ROUNDS
 *
 * Goals, raw bytes to events: a Bybit execution of 800 bytes at most 0.22 of its cJSON parse (0.30 with ledger and gate on top),
 * every other private message 0.30, a public trade 0.35 (Bybit's 0.30), a book message 0.25. Informs, never gates.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/rate.h"
#include "counter.h"
#include "messages.h"
#include "venue/venue.h"

#define MESSAGES 512
#define ROUNDS 31
#define ROUND_BYTES 1500000 /* decoded a round: short enough that floor and result see the same machine */

static struct bench_message messages[MESSAGES];
static const struct venue *venue;
static struct venue_context ctx;
static int64_t taken;
static int take(void *user_data, const bot_event *ev)
{
    (void)user_data;
    taken += ev->kind;
    return 0;
}

/* What the session does with a public trade on its way to the trade-rate monitor. */
static struct bot__rate *rate;
static bot_ts rate_now = BOT_NS_PER_S;
static int watch(void *user_data, const bot_event *ev)
{
    (void)user_data;
    rate_now += 200 * BOT_NS_PER_US;
    if (bot__rate_deadline(rate) <= rate_now)
        bot__rate_tick(rate, rate_now);
    bot__rate_trade(rate, 0, rate_now, ev->venue_ns, ev->trade.side);
    return 0;
}
static venue_sink sink = take;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static __attribute__((noinline)) void bench_decode(int passes)
{
    for (int k = 0; k < passes; k++)
        for (unsigned i = 0; i < MESSAGES; i++)
            if (venue->decode_ws(&ctx, BOT_SOURCE_WS_PRIVATE, (struct slice){ messages[i].text, messages[i].len }, sink, NULL) < 1)
                abort();
}

static __attribute__((noinline)) void bench_cjson(int passes)
{
    for (int k = 0; k < passes; k++)
        for (unsigned i = 0; i < MESSAGES; i++) {
            cJSON *doc = cJSON_ParseWithLength(messages[i].text, messages[i].len);
            if (doc == NULL)
                abort();
            cJSON_Delete(doc);
        }
}

static __attribute__((noinline)) void bench_skip(int passes)
{
    for (int k = 0; k < passes; k++)
        for (unsigned i = 0; i < MESSAGES; i++) {
            struct json j;
            bot__json_init(&j, messages[i].text, messages[i].len);
            bot__json_skip(&j);
            if (bot__json_end(&j) != BOT_OK)
                abort();
        }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct counter counter;

static void measure(const struct bench_kind *kind, bool brief, int rounds)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < MESSAGES; i++) {
        kind->make(&messages[i], i);
        bytes += messages[i].len;
    }
    const int passes = brief ? 1 : 1 + (int)(ROUND_BYTES / bytes);
    double ours[ROUNDS], floor_[ROUNDS], skip[ROUNDS];
    bench_decode(passes);
    bench_cjson(passes);
    for (int r = 0; r < rounds; r++) {
        const int64_t a = now_ns();
        bench_decode(passes);
        const int64_t b = now_ns();
        bench_cjson(passes);
        const int64_t d = now_ns();
        bench_skip(passes);
        const int64_t e = now_ns();
        ours[r] = (double)(b - a) / (passes * MESSAGES);
        floor_[r] = (double)(d - b) / (passes * MESSAGES);
        skip[r] = (double)(e - d) / (passes * MESSAGES);
    }
    const uint64_t counted = counter_read(&counter);
    bench_decode(1);
    const double instructions = (double)(counter_read(&counter) - counted) / MESSAGES;
    qsort(ours, (size_t)rounds, sizeof *ours, by_value);
    qsort(floor_, (size_t)rounds, sizeof *floor_, by_value);
    qsort(skip, (size_t)rounds, sizeof *skip, by_value);
    const double o = ours[rounds / 2], f = floor_[rounds / 2], s = skip[rounds / 2];
    printf("%-18s %5zu B  cJSON parse %8.1f ns  decode to event %7.1f ns  ratio %.3f (goal %.2f)  strict pass alone %7.1f ns", kind->name,
           bytes / MESSAGES, f, o, o / f, kind->goal, s);
    counter_print(&counter, instructions);
    printf("\n");
    for (unsigned i = 0; i < MESSAGES; i++)
        free(messages[i].text);
}

static bool choose(const char *name)
{
    venue = bot__venue_find(name);
    free(ctx.state);
    ctx.state = venue != NULL ? calloc(1, venue->state_size + 1) : NULL;
    return ctx.state != NULL;
}

/* A public trade decoded and counted by the monitor. */
static bool measure_rate(bool brief, int rounds)
{
    const struct bench_kind *trade = bench_kinds;
    while (strcmp(trade->name, "trade") != 0) trade++;
    bot__rate_options o;
    bot__rate_options_init(&o);
    o.instruments = 1;
    const size_t size = (bot__rate_size(&o) + 63) & ~(size_t)63;
    void *memory = aligned_alloc(64, size);
    if (memory == NULL || bot__rate_init(memory, size, &o, 0, &rate) != 0 || !choose(trade->venue))
        return false;
    sink = watch;
    const struct bench_kind with_rate = { "trade+rate", trade->venue, trade->make, trade->goal };
    measure(&with_rate, brief, rounds);
    sink = take;
    free(memory);
    return true;
}

int main(int argc, char **argv)
{
    static bot_level levels[1000];
    counter = counter_open();
    counter_note(&counter);
    ctx.scratch = (struct venue_scratch){ levels, 1000 };
    const char *only = argc > 1 && strcmp(argv[1], "all") != 0 ? argv[1] : NULL;
    const bool brief = argc > 2;
    const int rounds = brief ? 1 + atoi(argv[2]) % ROUNDS : ROUNDS;
    for (const struct bench_kind *k = bench_kinds; k->name != NULL; k++) {
        if (only != NULL && strcmp(only, k->name) != 0 && strcmp(only, k->venue) != 0)
            continue;
        if (!choose(k->venue))
            return 1;
        measure(k, brief, rounds);
    }
    if ((only == NULL || strcmp(only, "trade+rate") == 0) && !measure_rate(brief, rounds))
        return 1;
    free(ctx.state);
    return taken == 0;
}
