/* dst: runs seeded worlds.
 *
 *     dst [--from N] [--count N | --seconds S]     many seeds; the first line of a failure is the command that repeats it
 *     dst --seed N [--faults 'line; line'] [--trace] [--shrink] [--defect NAME]
 *     dst --seeds FILE                             worlds that failed once
 *     dst ... --census                             how often each kind of fault was drawn and changed something
 *     dst ... --cover                              the same; kinds that changed nothing have some more worlds; wrong when one never does
 *     dst --plan N                                 what the seed stands for
 *     dst --venue NAME ...                         in another dialect of the paper exchange than bybit's
 *
 * Exit status 0: all held; 1: something did not; 2: usage.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dst.h"

struct totals {
    uint64_t seeds, failed;
    struct dst_result sum;
    uint64_t hedge, bots, processes, instruments, journal;
    uint64_t drawn[DST_KINDS], worlds_drawn[DST_KINDS], worlds_bit[DST_KINDS];
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

static void add(struct totals *t, const struct dst_plan *plan, const struct dst_result *r)
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
    bool drawn[DST_KINDS] = { false };
    for (uint32_t i = 0; i < plan->faults_n; i++) {
        t->drawn[plan->faults[i].kind]++;
        drawn[plan->faults[i].kind] = true;
    }
    for (uint32_t k = 0; k < DST_KINDS; k++) {
        t->sum.used[k] += r->used[k];
        t->sum.bit[k] += r->bit[k];
        t->worlds_drawn[k] += drawn[k];
        t->worlds_bit[k] += r->bit[k] != 0;
    }
    t->hedge += r->hedge;
    t->bots += r->bots;
    t->processes += r->processes;
    t->instruments += r->instruments;
    t->journal += r->journal;
}

/* A line for each kind of fault: statements drawn, in so many worlds; strikes; those that changed something, in so many worlds. False: a
 * kind never changed anything. tools/dst.sh adds such lines up. */
static bool say_census(const struct totals *t, const char *venue)
{
    bool all = true;
    printf("worlds: hedge mode %llu, several bots %llu, several processes %llu, several instruments %llu, with a journal %llu\n",
           (unsigned long long)t->hedge, (unsigned long long)t->bots, (unsigned long long)t->processes, (unsigned long long)t->instruments,
           (unsigned long long)t->journal);
    printf("census %-18s %8s %8s %9s %9s %8s\n", "kind", "drawn", "worlds", "struck", "changed", "worlds");
    for (uint32_t k = 0; k < DST_KINDS; k++) {
        if (dst_kind_name(k) == NULL) continue;
        printf("census %-18s %8llu %8llu %9llu %9llu %8llu\n", dst_kind_name(k), (unsigned long long)t->drawn[k], (unsigned long long)t->worlds_drawn[k],
               (unsigned long long)t->sum.used[k], (unsigned long long)t->sum.bit[k], (unsigned long long)t->worlds_bit[k]);
        all = all && (t->sum.bit[k] != 0 || !dst_kind_of(k, venue));
    }
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
    add(t, plan, &r);
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

/* Worlds kept in a file: [VENUE] SEED | FAULTS a line. False: it cannot be read. */
static bool is_dialect(const char *name)
{
    uint32_t i = 0;
    while (bot__simvenue_dialect(i) != NULL && strcmp(bot__simvenue_dialect(i), name) != 0) i++;
    return bot__simvenue_dialect(i) != NULL;
}

static bool run_file(const char *path, const char *venue, const struct dst_run_options *o, struct totals *t)
{
    static char line[DST_FAULTS_MAX * DST_LINE_MAX];
    static struct dst_plan plan;
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fprintf(stderr, "dst: %s: %s\n", path, strerror(errno));
        return false;
    }
    bool fine = true;
    for (unsigned n = 1; fine && fgets(line, sizeof line, f) != NULL; n++) {
        char *faults = NULL, *number = line, bad[DST_LINE_MAX];
        const char *dialect = venue;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0') continue;
        if (line[0] >= 'a' && line[0] <= 'z' && (number = strchr(line, ' ')) != NULL) {
            *number++ = '\0';
            dialect = line;
        }
        const uint64_t seed = number == NULL ? 0 : strtoull(number, &faults, 10);
        fine = seed != 0 && is_dialect(dialect);
        if (!fine) {
            fprintf(stderr, "dst: %s:%u: a line is [VENUE] SEED [| FAULT]..., with the venue of a paper exchange\n", path, n);
            break;
        }
        dst_plan_draw(&plan, dialect, seed);
        while (*faults == ' ' || *faults == '|') faults++;
        fine = *faults == '\0' || dst_plan_faults(&plan, faults, bad);
        if (fine)
            run_one(&plan, o, false, t);
        else
            fprintf(stderr, "dst: %s:%u: cannot read fault '%s'\n", path, n, bad);
    }
    fclose(f);
    return fine;
}

#define COVER_RUNS 100 /* a subscription must fall into the seconds in which they are limited, and the like */
#define COVER_PLANS 20000

/* Kinds that changed nothing in the worlds so far: those of later seeds that hold them are run until one does. */
static void cover_rest(struct dst_plan *plan, const char *venue, uint64_t from, const struct dst_run_options *o, struct totals *t)
{
    for (uint32_t k = 0; k < DST_KINDS; k++) {
        uint32_t runs = 0;
        for (uint64_t n = 0; dst_kind_of(k, venue) && t->sum.bit[k] == 0 && runs < COVER_RUNS && n < COVER_PLANS; n++) {
            bool holds = false;
            dst_plan_draw(plan, venue, from + n);
            for (uint32_t i = 0; i < plan->faults_n; i++) holds |= plan->faults[i].kind == k;
            if (!holds) continue;
            runs++;
            run_one(plan, o, false, t);
        }
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: dst [--from N] [--count N | --seconds S] [--shrink] [--census | --cover] | --seed N [--faults TEXT] [--trace] [--shrink] [--defect NAME] | --seeds FILE | --plan N  [--venue NAME]\n");
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t from = 1, count = 100, seed = 0, shown = 0;
    double seconds = 0;
    const char *faults = NULL, *file = NULL, *venue = "bybit";
    bool shrink = false, one = false, cover = false, census = false;
    struct dst_run_options o = { .defect = DST_DEFECT_NONE };
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(a, "--trace") == 0) o.trace = true;
        else if (strcmp(a, "--shrink") == 0) shrink = true;
        else if (strcmp(a, "--census") == 0) census = true;
        else if (strcmp(a, "--cover") == 0) census = cover = true;
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
    if (!is_dialect(venue)) {
        fprintf(stderr, "dst: --venue %s: there is no paper exchange of that name\n", venue);
        return 2;
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
    if (cover) cover_rest(&plan, venue, from + count, &o, &t);
    t.cpu_s = cpu();
    say_totals(&t);
    const bool all = !census || say_census(&t, venue);
    if (cover && !all) printf("a kind of fault never changed anything\n");
    if (t.seeds == 0) fprintf(stderr, "dst: no world was run\n");
    return t.seeds == 0 ? 2 : t.failed != 0 || (cover && !all);
}
