#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TESTS_MAX 4096
#define SKIP_REASON_MAX 160

static struct test_entry *first, *last;
static unsigned count;
static struct test_entry *selected[TESTS_MAX];
static unsigned selected_n;
static char (*skipped)[SKIP_REASON_MAX]; /* shared with the forked tests */
static struct outcome { bool run, passed; char why[4096]; } *outcomes; /* shared with the jobs */
static int running;

void test_register(struct test_entry *entry)
{
    if (first == NULL) first = entry;
    else last->next = entry;
    last = entry;
    count++;
}

static void *taken[1024];
static unsigned taken_n;

static void give_back(void)
{
    while (taken_n != 0)
        free(taken[--taken_n]);
}

void *test_memory(size_t size)
{
    const size_t whole = (size + 64) & ~(size_t)63;
    void *p = aligned_alloc(64, whole);
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_lt(taken_n, sizeof taken / sizeof *taken);
    taken[taken_n++] = p;
    return memset(p, 0, whole);
}

void test_memory_free(void *p)
{
    for (unsigned i = 0; i < taken_n && p != NULL; i++)
        if (taken[i] == p) {
            free(p);
            taken[i] = taken[--taken_n];
            return;
        }
    ck_assert_ptr_null(p);
}

unsigned test_rounds(unsigned usual, unsigned many) { return getenv("TEST_LONG") != NULL ? many : usual; }

bool test_sanitized(void)
{
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    return true;
#else
    return getenv("RUNNING_ON_VALGRIND") != NULL || getenv("TEST_UNDER_SANITIZER") != NULL;
#endif
}

static void run_one(int i)
{
    running = i;
    selected[i]->run();
    give_back();
}

void test_skip(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(skipped[running], SKIP_REASON_MAX, format, ap);
    va_end(ap);
    give_back();
    fflush(NULL);
    exit(0);
}

static char *path_slot(void)
{
    static char slots[4][4096];
    static unsigned next;
    return slots[next++ % 4];
}

static const char *below(const char *variable, const char *fallback, const char *relative)
{
    const char *root = getenv(variable);
    char *path = path_slot();
    snprintf(path, 4096, "%s/%s", root != NULL ? root : fallback, relative);
    return path;
}

const char *test_source(const char *relative) { return below("LIBBOT_SOURCE", ".", relative); }
const char *test_build(const char *relative) { return below("LIBBOT_BUILD", ".", relative); }

const char *test_shared(const char *relative)
{
    const char *path;
    if (getenv("LIBBOT_SHARED") != NULL) {
        path = below("LIBBOT_SHARED", ".", relative);
    } else {
        char up[512];
        snprintf(up, sizeof up, "../shared/%s", relative);
        path = test_source(up);
    }
    if (access(path, R_OK) != 0)
        test_skip("recordings are not here: %s", path);
    return path;
}

static char *read_stream(FILE *f, size_t *ret_len)
{
    size_t size = 1 << 16, len = 0, n;
    char *buf = malloc(size + 1);
    ck_assert_ptr_nonnull(buf);
    while ((n = fread(buf + len, 1, size - len, f)) > 0) {
        len += n;
        if (len == size) {
            buf = realloc(buf, (size *= 2) + 1);
            ck_assert_ptr_nonnull(buf);
        }
    }
    buf[len] = '\0';
    if (ret_len != NULL) *ret_len = len;
    return buf;
}

char *test_read_file(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    char *buf = read_stream(f, ret_len);
    fclose(f);
    return buf;
}

char *test_read_gz(const char *path, size_t *ret_len)
{
    char command[4200];
    snprintf(command, sizeof command, "gzip -dc '%s'", path);
    FILE *f = popen(command, "r");
    ck_assert_msg(f != NULL, "cannot run %s", command);
    char *buf = read_stream(f, ret_len);
    ck_assert_msg(pclose(f) == 0, "%s failed", command);
    return buf;
}

/* Every jobs-th of the selected tests, each by a runner of its own: with TEST_STOP set none is begun behind one that failed. */
static void run_share(unsigned share, unsigned jobs)
{
    const char *scale = getenv("TEST_TIMEOUT_SCALE"), *stop = getenv("TEST_STOP");
    for (unsigned i = share; i < selected_n; i += jobs) {
        const TTest test = { selected[i]->name, run_one, selected[i]->file, selected[i]->line };
        Suite *suite = suite_create(selected[i]->area);
        TCase *tc = tcase_create(selected[i]->name);
        tcase_set_timeout(tc, 180 * (scale != NULL ? atof(scale) : 1));
        tcase_add_loop_test(tc, &test, (int)i, (int)i + 1);
        suite_add_tcase(suite, tc);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_SILENT);
        TestResult **results = srunner_results(runner);
        struct outcome *o = &outcomes[i];
        o->run = true;
        o->passed = tr_rtype(results[0]) == CK_PASS;
        snprintf(o->why, sizeof o->why, "%s:%d: %s", tr_lfile(results[0]), tr_lno(results[0]), tr_msg(results[0]));
        free(results);
        srunner_free(runner);
        if (stop != NULL && !o->passed)
            return;
    }
}

/* Without patterns everything; else what contains one of them. */
static bool is_wanted(const char *name, int patterns_n, char **patterns)
{
    for (int i = 0; i < patterns_n; i++)
        if (strstr(name, patterns[i]) != NULL)
            return true;
    return patterns_n == 0;
}

int main(int argc, char **argv)
{
    for (struct test_entry *e = first; e != NULL && selected_n < TESTS_MAX; e = e->next) {
        char full[256];
        snprintf(full, sizeof full, "%s/%s", e->area, e->name);
        if (is_wanted(full, argc - 1, argv + 1))
            selected[selected_n++] = e;
    }
    if (count > TESTS_MAX || selected_n == 0) {
        fprintf(stderr, "%s: %s\n", argv[0], selected_n == 0 ? "no test matches" : "more tests than TESTS_MAX");
        return 2;
    }
    skipped = mmap(NULL, selected_n * sizeof *skipped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    outcomes = mmap(NULL, selected_n * sizeof *outcomes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (skipped == MAP_FAILED || outcomes == MAP_FAILED) return 2;

    puts("TAP version 13"); /* first of all: what tests print themselves are comments behind it */
    fflush(stdout);
    const char *given = getenv("TEST_JOBS"), *fork_mode = getenv("CK_FORK");
    unsigned jobs = given != NULL ? (unsigned)strtoul(given, NULL, 10) : 1;
    if (jobs < 1 || (fork_mode != NULL && strcmp(fork_mode, "no") == 0)) jobs = 1;
    if (jobs == 1) {
        run_share(0, 1);
    } else {
        for (unsigned k = 0; k < jobs; k++)
            if (fork() == 0) {
                run_share(k, jobs);
                exit(0);
            }
        while (wait(NULL) > 0) {}
    }

    printf("1..%u\n", selected_n);
    int failed = 0;
    for (unsigned i = 0; i < selected_n; i++) {
        const struct test_entry *e = selected[i];
        failed += !outcomes[i].passed;
        if (!outcomes[i].run && getenv("TEST_STOP") != NULL)
            continue;
        if (!outcomes[i].passed)
            printf("not ok %u - %s/%s\n# %s\n", i + 1, e->area, e->name, outcomes[i].run ? outcomes[i].why : "did not run");
        else if (skipped[i][0] != '\0')
            printf("ok %u - %s/%s # SKIP %s\n", i + 1, e->area, e->name, skipped[i]);
        else
            printf("ok %u - %s/%s\n", i + 1, e->area, e->name);
    }
    munmap(skipped, selected_n * sizeof *skipped);
    munmap(outcomes, selected_n * sizeof *outcomes);
    return failed == 0 ? 0 : 1;
}
