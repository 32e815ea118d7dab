/* What a journal costs: appending on the loop's thread, replaying, recovering, opening a year.
 *
 *     bench_journal [fills]      1,000,000 unless told; 10000000 is a year of a busy bot
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bot/core.h"
#include "core/ledger.h"
#include "journal/checkpoint.h"
#include "journal/crc.h"
#include "journal/item.h"
#include "journal/reader.h"
#include "journal/replay.h"
#include "journal/writer.h"
#include "journal_events.h"
#include "journal_story.h"

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static long rss_kib(void)
{
    long pages = 0, shared = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%ld %ld", &shared, &pages) != 2)
        pages = 0;
    if (f != NULL)
        fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

#define FILLS_READY 1024
static bot_event ready[FILLS_READY];

static void options(bot_core_options *o)
{
    story_options(o);
    o->fills_seen_max = 65536;
    o->manual_policy = BOT_MANUAL_IGNORE; /* nobody ordered these fills; an alert for each is not what is measured */
}

static void bench_append(const char *path, unsigned long long fills)
{
    struct journal_config c = { .venue = "bybit", .account = "main" };
    bot_journal_options_init(&c.options);
    c.options.path = path;
    c.options.ring_bytes = 64u << 20;
    c.options.segment_bytes = 64u << 20;
    struct journal *j;
    struct journal_recovery rec;
    if (bot__journal_open(&c, &j, &rec) != BOT_OK) {
        fprintf(stderr, "%s\n", rec.text);
        exit(1);
    }
    bot_core_options o;
    char text[8192];
    options(&o);
    int len = bot__core_options_format(&o, text, sizeof text);
    bot__journal_append_options(j, 1, text, (size_t)len);
    bot_event story[8];
    story_make(story, 8, 1);
    bot__journal_append(j, &story[0]);

    int64_t *each = malloc(100000 * sizeof *each), spent = 0;
    unsigned long long refused = 0, done = 0;
    for (unsigned long long i = 0; i < fills;) {
        /* In bursts with pauses between, as a loop would; the writer's thread runs at the same time. */
        const unsigned long long burst = fills - i < 2000 ? fills - i : 2000;
        for (unsigned long long k = 0; k < burst; k++)
            test_event_fill(i + k, (bot_ts)(i + k), &ready[k % FILLS_READY]);
        for (unsigned long long k = 0; k < burst; k++) {
            if (k % FILLS_READY == 0)
                for (unsigned long long q = k; q < burst && q < k + FILLS_READY; q++)
                    test_event_fill(i + q, (bot_ts)(i + q), &ready[q % FILLS_READY]);
            const int64_t before = now_ns();
            refused += bot__journal_append(j, &ready[k % FILLS_READY]) != BOT_OK;
            const int64_t took = now_ns() - before;
            spent += took;
            if (done < 100000)
                each[done] = took;
            done++;
        }
        i += burst;
        bot_journal_stats stats;
        do {
            bot__journal_stats_get(j, &stats);
            if (stats.appended - stats.written > 100000)
                usleep(1000);
        } while (stats.appended - stats.written > 100000);
    }
    const unsigned long long n = done < 100000 ? done : 100000;
    qsort(each, n, sizeof *each, by_value);
    int64_t overhead = now_ns();
    for (int i = 0; i < 10000; i++)
        (void)now_ns();
    overhead = (now_ns() - overhead) / 10000;
    printf("append, clock's %lld ns taken off:     mean %lld ns, median %lld ns, 99%% %lld ns, 99.9%% %lld ns, refused %llu\n",
           (long long)overhead, (long long)(spent / (int64_t)done - overhead), (long long)(each[n / 2] - overhead),
           (long long)(each[n * 99 / 100] - overhead), (long long)(each[n * 999 / 1000] - overhead), refused);
    free(each);
    for (unsigned long long i = 0; i < fills; i += 1000000)
        usleep(1500000); /* a year's fills in a few seconds leave no time for checkpoints; a year does */
    bot_journal_stats stats;
    bot__journal_stats_get(j, &stats);
    printf("checkpoints made beside it: %llu\n", (unsigned long long)stats.checkpoints);
    bot__journal_close(j);
}

static void bench_replay(const char *path)
{
    bot_journal_reader *r;
    bot_journal_item item;
    bot_journal_info info;
    unsigned long long items = 0;
    if (bot_journal_open_read(path, NULL, NULL, &r, NULL) != BOT_OK)
        exit(1);
    bot_journal_info_get(r, &info);
    int64_t t = now_ns();
    int e;
    while ((e = bot_journal_next(r, &item, NULL)) == 1)
        items++;
    t = now_ns() - t;
    printf("read and decode:  %llu items in %llu records, %.3f s: %.2f M items/s, %.2f M records/s%s\n", items,
           (unsigned long long)info.record_end, (double)t / 1e9, (double)items * 1e3 / (double)t,
           (double)info.record_end * 1e3 / (double)t, e < 0 ? " DAMAGED" : "");
    bot_journal_close_read(r);
}

static void bench_recover(const char *path)
{
    struct journal_config c = { .venue = "bybit", .account = "main" };
    bot_journal_options_init(&c.options);
    c.options.path = path;
    struct journal *j;
    struct journal_recovery rec;
    const long before = rss_kib();
    int64_t t = now_ns();
    if (bot__journal_open(&c, &j, &rec) != BOT_OK)
        exit(1);
    t = now_ns() - t;
    printf("open for writing: %.3f s, %ld KiB more in memory\n", (double)t / 1e9, rss_kib() - before);
    bot_event ev;
    int64_t hit = now_ns();
    for (unsigned i = 0; i < 1000; i++) {
        test_event_fill(i * 7, 0, &ev);
        if (bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)) != 1)
            printf("  NOT FOUND: %u\n", i * 7);
    }
    hit = now_ns() - hit;
    int64_t miss = now_ns();
    for (unsigned i = 0; i < 1000; i++) {
        test_event_fill(1000000000ull + i, 0, &ev);
        if (bot__journal_has_exec(j, BOT_EV_FILL, test_exec(&ev)) != 0)
            printf("  FOUND\n");
    }
    miss = now_ns() - miss;
    printf("an old id: found in %.1f us, known to be absent in %.1f us\n", (double)hit / 1e6, (double)miss / 1e6);
    bot__journal_close(j);
}

static void bench_core(const char *path)
{
    bot_journal_reader *r;
    bot_journal_item item;
    struct journal_core jc;
    unsigned long long events = 0;
    const long before = rss_kib();
    int64_t t = now_ns();
    if (bot_journal_open_read(path, NULL, NULL, &r, NULL) != BOT_OK || bot__journal_core_open(&jc, NULL, path, r, 1) != BOT_OK)
        exit(1);
    while (bot_journal_next(r, &item, NULL) == 1)
        events += bot__journal_core_pass(&jc, &item) == 1;
    t = now_ns() - t;
    bot_core_stats stats;
    bot_core_stats_get(jc.core, &stats);
    bot_journal_info info;
    bot_journal_info_get(r, &info);
    printf("through the core: %llu events in %llu records, %llu fills applied, %.3f s: %.2f M events/s, %.2f M records/s, %ld KiB more in memory\n", events,
           (unsigned long long)info.record_end, (unsigned long long)stats.fills_applied, (double)t / 1e9, (double)events * 1e3 / (double)t,
           (double)info.record_end * 1e3 / (double)t, rss_kib() - before);
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);
}

static int resume_step(void *user_data, const bot_journal_item *item)
{
    const int r = bot__journal_core_pass(user_data, item);
    return r < 0 ? r : 0;
}

/* What a restart costs before the loop runs: files looked at, state brought back. */
static void bench_resume(const char *path, const char *what)
{
    struct journal_config c = { .venue = "bybit", .account = "main", .inline_rounds = true };
    bot_journal_options_init(&c.options);
    c.options.path = path;
    struct journal *j;
    struct journal_recovery rec;
    const long before = rss_kib();
    const int64_t t = now_ns();
    if (bot__journal_open(&c, &j, &rec) != BOT_OK)
        exit(1);
    const int64_t opened = now_ns();
    bot_journal_reader *r;
    struct journal_core jc;
    bot_core_options o;
    options(&o);
    if (bot_journal_open_read(path, NULL, NULL, &r, NULL) != BOT_OK || bot__journal_core_open_as(&jc, NULL, path, r, &o) != BOT_OK)
        exit(1);
    struct journal_replay_result result;
    struct checkpoint from;
    char text[400];
    const struct journal_resume how = { .path = path, .core = jc.core, .options = &jc.options, .begin = jc.begin, .older = &jc.older,
                                        .next_record = rec.next_record, .checkpoint_bytes = c.options.checkpoint_bytes, .step = resume_step,
                                        .user_data = &jc };
    if (bot__journal_resume(&how, r, &result, &from, text, sizeof text) != BOT_OK)
        exit(1);
    const int64_t end = now_ns();
    bot_core_stats stats;
    bot_core_stats_get(jc.core, &stats);
    printf("restart, %s: %.3f s to open and %.3f s for the state: %llu events replayed onto record %llu, %llu fills in it, %ld KiB more in memory%s%s\n",
           what, (double)(opened - t) / 1e9, (double)(end - opened) / 1e9, (unsigned long long)result.events, (unsigned long long)from.record,
           (unsigned long long)stats.fills_applied, rss_kib() - before, text[0] != '\0' ? "; " : "", text);
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);
    bot__journal_close(j);
}

/* Positions alone: read, decode, apply. */
static void bench_ledger(const char *path)
{
    bot_journal_reader *r;
    bot_journal_item item;
    struct ledger_options o;
    bot__ledger_options_init(&o);
    const size_t size = bot__ledger_size(&o);
    void *memory = calloc(1, size + 63);
    struct ledger *l = bot__ledger_init((void *)(((uintptr_t)memory + 63) & ~(uintptr_t)63), &o);
    struct instrument in;
    unsigned long long applied = 0;
    int64_t t = now_ns();
    if (bot_journal_open_read(path, NULL, NULL, &r, NULL) != BOT_OK)
        exit(1);
    while (bot_journal_next(r, &item, NULL) == 1) {
        if (item.kind != BOT_JOURNAL_EVENT)
            continue;
        if (item.event.kind == BOT_EV_INSTRUMENT && bot__instrument_from_event(&item.event, &in) == BOT_OK)
            bot__ledger_instrument_put(l, &in, item.ts, NULL, NULL);
        if (item.event.kind == BOT_EV_FILL)
            applied += bot__ledger_apply_fill(l, &item.event, LEDGER_EXTERNAL, BOT_LEG_NET, NULL) == LEDGER_NEW;
    }
    t = now_ns() - t;
    printf("into a ledger:    %llu fills, %.3f s: %.2f M/s\n", applied, (double)t / 1e9, (double)applied * 1e3 / (double)t);
    bot_journal_close_read(r);
    free(memory);
}

static void bench_crc(void)
{
    static unsigned char buf[1 << 20];
    uint32_t x = 0;
    int64_t a = now_ns();
    for (int i = 0; i < 200; i++)
        for (size_t at = 0; at < sizeof buf; at += 256)
            x += bot__crc32c(0, buf + at, 252);
    a = now_ns() - a;
    int64_t b = now_ns();
    for (int i = 0; i < 20; i++)
        for (size_t at = 0; at < sizeof buf; at += 256)
            x += bot__crc32c_portable(0, buf + at, 252);
    b = now_ns() - b;
    printf("checksum of a record: %.1f ns, portable %.1f ns (%u)\n", (double)a / 200 / 4096, (double)b / 20 / 4096, x & 1);
}

int main(int argc, char **argv)
{
    const unsigned long long fills = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    char dir[] = "/tmp/libbot-bench-XXXXXX", path[64], command[96];
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/j", dir);
    bench_crc();
    bench_append(path, fills);
    bench_replay(path);
    bench_resume(path, "killed then");
    bench_resume(path, "again");
    bench_recover(path);
    bench_ledger(path);
    bench_core(path);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) == 0 ? 0 : 1;
}
