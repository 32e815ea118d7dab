/* dst: runs seeded worlds.
 *
 *     dst [--from N] [--count N | --seconds S]     many seeds; the first line of a failure is the command that repeats it
 *     dst --seed N [--faults 'line; line'] [--trace] [--shrink] [--defect NAME]
 *     dst --seeds FILE                             worlds that failed once
 *     dst ... --cover                              wrong, too, when some kind of fault never had an effect
 *     dst --plan N                                 what the seed stands for
 *     dst --venue NAME ...                         in another dialect of the paper exchange than bybit's
 *
 * Exit status 0: all held; 1: something did not; 2: usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dst.h"

struct totals {
    uint64_t seeds, failed;
    struct dst_result sum;
    uint64_t hedge, bots, processes, instruments, journal;
    double   cpu_s;
};

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add(struct totals *t, const struct dst_result *r)
{
    t->seeds++;
    t->failed += r->wrong != DST_OK;
    t->sum.simulated_ns += r->simulated_ns;
    t->sum.events += r->events;
    t->sum.orders += r->orders;
    t->sum.refused += r->refused;
    t->sum.fills += r->fills;
    t->sum.gate_shuts += r->gate_shuts;
    t->sum.restarts += r->restarts;
    t->sum.rearms += r->rearms;
    t->sum.backfills += r->backfills;
    t->sum.drifts += r->drifts;
    t->sum.adoptions += r->adoptions;
    t->sum.faults += r->faults;
    t->sum.open_ns += r->open_ns;
    t->sum.shut_ns += r->shut_ns;
    for (int k = 0; k < FAULT_KIND_COUNT; k++) t->sum.venue_used[k] += r->venue_used[k];
    for (int k = 0; k <= DST_SWITCH; k++) t->sum.process_used[k] += r->process_used[k];
    t->hedge += r->hedge;
    t->bots += r->bots;
    t->processes += r->processes;
    t->instruments += r->instruments;
    t->journal += r->journal;
}

/* How often each kind of fault had an effect. False: one never had. */
static bool say_coverage(const struct totals *t)
{
    static const char *const processes[DST_SWITCH + 1] = { NULL, "kill", "power", "stop", "freeze", "offline", "skew", "disk", "full", "stall", "switch" };
    bool all = true;
    printf("worlds: hedge mode %llu, several bots %llu, several processes %llu, several instruments %llu, with a journal %llu\nhappened:",
           (unsigned long long)t->hedge, (unsigned long long)t->bots, (unsigned long long)t->processes, (unsigned long long)t->instruments,
           (unsigned long long)t->journal);
    for (int k = FAULT_NONE + 1; k < FAULT_KIND_COUNT; k++) {
        printf(" %s %llu", bot__fault_name((enum fault_kind)k), (unsigned long long)t->sum.venue_used[k]);
        all = all && t->sum.venue_used[k] != 0;
    }
    for (int k = DST_KILL; k <= DST_SWITCH; k++) {
        printf(" proc.%s %llu", processes[k], (unsigned long long)t->sum.process_used[k]);
        all = all && t->sum.process_used[k] != 0;
    }
    printf("\n");
    return all;
}

static void say_totals(const struct totals *t)
{
    const double simulated = (double)t->sum.simulated_ns / 1e9;
    printf("seeds %llu, failed %llu, simulated %.1f h, cpu %.1f s, %.0f simulated s per s\n", (unsigned long long)t->seeds, (unsigned long long)t->failed,
           simulated / 3600, t->cpu_s, t->cpu_s > 0 ? simulated / t->cpu_s : 0);
    printf("events %llu, faults %llu, orders %llu (refused %llu), fills %llu, gate shut %llu times, open %.1f %% of the time\n",
           (unsigned long long)t->sum.events, (unsigned long long)t->sum.faults, (unsigned long long)t->sum.orders, (unsigned long long)t->sum.refused,
           (unsigned long long)t->sum.fills, (unsigned long long)t->sum.gate_shuts,
           100.0 * (double)t->sum.open_ns / (double)(t->sum.open_ns + t->sum.shut_ns + 1));
    printf("restarts %llu, fills found by backfill %llu, drifts %llu, adoptions %llu, re-armed %llu\n", (unsigned long long)t->sum.restarts,
           (unsigned long long)t->sum.backfills, (unsigned long long)t->sum.drifts, (unsigned long long)t->sum.adoptions, (unsigned long long)t->sum.rearms);
}

static void say_failure(const struct dst_plan *plan, const struct dst_result *r, bool faults)
{
    static char text[DST_FAULTS_MAX * DST_LINE_MAX];
    dst_plan_text(plan, text, sizeof text);
    const bool other = strcmp(plan->venue, "bybit") != 0;
    printf("tests/dst/dst%s%s --seed %llu", other ? " --venue " : "", other ? plan->venue : "", (unsigned long long)plan->seed);
    if (faults) printf(" --faults '%s'", text);
    printf("  # %s: %s\n", dst_check_name(r->wrong), r->text);
    fflush(stdout);
}

static void run_one(struct dst_plan *plan, const struct dst_run_options *o, bool shrink, struct totals *t)
{
    struct dst_result r;
    dst_run(plan, o, &r);
    add(t, &r);
    if (r.wrong == DST_OK) return;
    say_failure(plan, &r, false);
    if (!shrink) return;
    const struct dst_run_options quiet = { .defect = o->defect };
    const uint32_t before = plan->faults_n, runs = dst_shrink(plan, &quiet, r.wrong, 400);
    dst_run(plan, &quiet, &r);
    printf("  shrunk from %u faults to %u in %u runs:\n  ", before, plan->faults_n, runs);
    say_failure(plan, &r, true);
}

static void say_plan(const struct dst_plan *p)
{
    printf("unsafe %lld s, processes %u, bots %u, instruments %u,%s%s%s%s%s%s\n", (long long)(p->unsafe_ns / BOT_NS_PER_S), p->processes, p->bots, p->instruments,
           p->hedge ? " hedge" : "", p->monitors ? " monitors" : "", p->journal ? " journal" : "", p->public_data ? " public" : "",
           p->budget ? " budget" : "", p->orders_over_ws ? " orders over the socket" : "");
    printf("fills seen %u, path %u, durability %d, drift policy %d, shut policy %d, latency %lld + %lld ms\n", p->fills_seen_max, p->path_steps_max,
           p->durability, (int)p->drift_policy, (int)p->shut_policy, (long long)(p->latency_min_ns / BOT_NS_PER_MS), (long long)(p->latency_mean_ns / BOT_NS_PER_MS));
    for (uint32_t i = 0; i < p->faults_n; i++) printf("%s\n", p->faults[i].text);
}

/* Worlds kept in a file: SEED | FAULTS a line. False: it cannot be read. */
static bool run_file(const char *path, const char *venue, const struct dst_run_options *o, struct totals *t)
{
    static char line[DST_FAULTS_MAX * DST_LINE_MAX];
    static struct dst_plan plan;
    FILE *f = fopen(path, "r");
    if (f == NULL) return false;
    while (fgets(line, sizeof line, f) != NULL) {
        char *faults = NULL, bad[DST_LINE_MAX];
        line[strcspn(line, "\n")] = '\0';
        const uint64_t seed = strtoull(line, &faults, 10);
        if (line[0] == '#' || seed == 0) continue;
        dst_plan_draw(&plan, venue, seed);
        while (*faults == ' ' || *faults == '|') faults++;
        if (*faults != '\0' && !dst_plan_faults(&plan, faults, bad)) {
            fprintf(stderr, "dst: cannot read fault '%s'\n", bad);
            fclose(f);
            return false;
        }
        run_one(&plan, o, false, t);
    }
    fclose(f);
    return true;
}

static int usage(void)
{
    fprintf(stderr, "usage: dst [--from N] [--count N | --seconds S] [--shrink] | --seed N [--faults TEXT] [--trace] [--shrink] [--defect NAME] | --seeds FILE | --plan N  [--venue NAME]\n");
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t from = 1, count = 100, seed = 0, shown = 0;
    double seconds = 0;
    const char *faults = NULL, *file = NULL, *venue = "bybit";
    bool shrink = false, one = false, cover = false;
    struct dst_run_options o = { .defect = DST_DEFECT_NONE };
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(a, "--trace") == 0) o.trace = true;
        else if (strcmp(a, "--shrink") == 0) shrink = true;
        else if (strcmp(a, "--cover") == 0) cover = true;
        else if (v == NULL) return usage();
        else if (i++, strcmp(a, "--from") == 0) from = strtoull(v, NULL, 10);
        else if (strcmp(a, "--count") == 0) count = strtoull(v, NULL, 10);
        else if (strcmp(a, "--seconds") == 0) seconds = strtod(v, NULL), count = UINT64_MAX;
        else if (strcmp(a, "--seed") == 0) one = true, seed = strtoull(v, NULL, 10);
        else if (strcmp(a, "--plan") == 0) shown = strtoull(v, NULL, 10);
        else if (strcmp(a, "--faults") == 0) faults = v;
        else if (strcmp(a, "--seeds") == 0) file = v;
        else if (strcmp(a, "--venue") == 0) venue = v;
        else if (strcmp(a, "--defect") == 0) {
            while (o.defect < DST_DEFECT_COUNT && strcmp(dst_defect_name(o.defect), v) != 0) o.defect++;
            if (o.defect == DST_DEFECT_COUNT) return usage();
        } else return usage();
    }
    static struct dst_plan plan;
    if (shown != 0) {
        dst_plan_draw(&plan, venue, shown);
        say_plan(&plan);
        return 0;
    }
    struct totals t = { 0 };
    if (file != NULL) {
        if (!run_file(file, venue, &o, &t)) return 2;
    } else if (one) {
        dst_plan_draw(&plan, venue, seed);
        char bad[DST_LINE_MAX];
        if (faults != NULL && !dst_plan_faults(&plan, faults, bad)) {
            fprintf(stderr, "dst: cannot read fault '%s'\n", bad);
            return 2;
        }
        run_one(&plan, &o, shrink, &t);
    } else {
        const double end = wall() + seconds;
        for (uint64_t n = 0; n < count && (seconds == 0 || wall() < end); n++) {
            dst_plan_draw(&plan, venue, from + n);
            run_one(&plan, &o, shrink && t.failed < 5, &t);
        }
    }
    t.cpu_s = cpu();
    say_totals(&t);
    const bool all = say_coverage(&t);
    if (cover && !all) printf("a kind of fault never had an effect\n");
    return t.failed != 0 || (cover && !all);
}
