/* botctl rate as a program: its input, its output, its exit status. */
#include "harness.h"

#include <inttypes.h>
#include <stdbool.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/botctl_rate_XXXXXX";

static void at_exit_remove(void)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    if (system(command) != 0) perror(command);
}

static const char *scratch(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    if (strstr(directory, "XXXXXX") != NULL) {
        ck_assert_ptr_nonnull(mkdtemp(directory));
        atexit(at_exit_remove);
    }
    char *path = paths[next++ % 4];
    snprintf(path, 256, "%s/%s", directory, name);
    return path;
}

/* Exit status; standard output and error in ret_out (the caller frees). */
static int run(const char *arguments, char **ret_out)
{
    char command[8192];
    snprintf(command, sizeof command, "%s rate %s 2>&1", test_build("tools/botctl/botctl"), arguments);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    size_t size = 1 << 20, n = 0, got;
    char *out = malloc(size);
    ck_assert_ptr_nonnull(out);
    while ((got = fread(out + n, 1, size - 1 - n, f)) > 0) n += got;
    out[n] = '\0';
    *ret_out = out;
    const int status = pclose(f);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_bytes(const char *text, size_t len, int status, const char *words)
{
    const char *path = scratch("in.csv");
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, len, f), len);
    fclose(f);
    char *out;
    const int got = run(path, &out);
    ck_assert_msg(got == status && strstr(out, words) != NULL, "%d: %s", got, out);
    free(out);
}

static void expect(const char *text, int status, const char *words) { expect_bytes(text, strlen(text), status, words); }

/* Two hours at about two a second, a stop of ten minutes, an hour more. Stops after `rows` rows. */
static const char *tape(const char *name, long rows, bool received, const char *instrument)
{
    const char *path = scratch(name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "%s%svenue_time_ms,qty\n", received ? "recv_time_ms," : "", instrument != NULL ? "instrument," : "");
    test_rng rng = { 7 };
    double t = 1600000000000.0;
    for (long i = 0; i < rows && t < 1600000000000.0 + 11400e3; i++) {
        const double u = ((double)(test_rng_next(&rng) >> 11) + 0.5) / 9007199254740992.0;
        t += -log(u) * 500;
        if (t > 1600007200000.0 && t < 1600007800000.0) t += 600e3;
        if (received) fprintf(f, "%.0f,", t + 1270);
        if (instrument != NULL) fprintf(f, "%s,", instrument);
        fprintf(f, "%.0f,0.5\n", t);
    }
    fclose(f);
    return path;
}

TEST(botctl_rate, a_stop_in_the_tape_is_told_with_the_time_a_timer_would_have_fired)
{
    char *out;
    ck_assert_int_eq(run(tape("stop.csv", 1000000, false, NULL), &out), 0);
    const char *drop = strstr(out, "\"state\":\"dropped\"");
    ck_assert_msg(drop != NULL, "%s", out);
    int64_t at = 0;
    ck_assert_int_eq(sscanf(drop, "\"state\":\"dropped\",\"time_ms\":%" SCNd64, &at), 1);
    ck_assert_msg(at > INT64_C(1600007200000) && at < INT64_C(1600007230000), "%" PRId64, at);
    ck_assert_ptr_nonnull(strstr(drop, "\"reason\":\"rate\""));
    ck_assert_ptr_nonnull(strstr(drop, "\"state\":\"normal\""));
    ck_assert_ptr_null(strstr(drop + 1, "\"state\":\"dropped\""));
    ck_assert_int_eq(strncmp(out, "{\"event\":\"trade_rate\",\"state\":\"learning\",", 40), 0);
    free(out);
}

TEST(botctl_rate, a_tape_cut_short_gives_the_same_events_up_to_the_cut)
{
    char *whole, *cut;
    ck_assert_int_eq(run(tape("whole.csv", 1000000, true, "X"), &whole), 0);
    ck_assert_ptr_nonnull(strstr(whole, "\"instrument\":\"X\""));
    for (long rows = 2000; rows < 22000; rows += 1777) {
        ck_assert_int_eq(run(tape("cut.csv", rows, true, "X"), &cut), 0);
        ck_assert_msg(strncmp(whole, cut, strlen(cut)) == 0, "%ld rows", rows);
        free(cut);
    }
    free(whole);
}

TEST(botctl_rate, columns_come_in_any_order)
{
    char *a, *b;
    const char *path = tape("a.csv", 20000, false, NULL);
    ck_assert_int_eq(run(path, &a), 0);
    const char *turned = scratch("b.csv");
    char command[2048];
    snprintf(command, sizeof command, "awk -F, -v OFS=, '{print \"\\\"\" $2 \"\\\"\", \"x\", $1 \"\\r\"}' %s > %s", path, turned);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(run(turned, &b), 0);
    ck_assert_str_eq(a, b);
    free(a);
    free(b);
}

TEST(botctl_rate, minutes_are_known_at_their_end)
{
    const char *path = scratch("minutes.csv");
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    fputs("minute_ms,count\n", f);
    test_rng rng = { 3 };
    for (int i = 0; i < 1500; i++)
        fprintf(f, "%" PRId64 ",%llu\n", INT64_C(1600000020000) + i * INT64_C(60000), i == 1499 ? 0 : 200 + test_rng_below(&rng, 200));
    fclose(f);
    char *out, words[80];
    ck_assert_int_eq(run(path, &out), 0);
    snprintf(words, sizeof words, "\"state\":\"dropped\",\"time_ms\":%" PRId64 ",", INT64_C(1600000020000) + 1500 * INT64_C(60000));
    ck_assert_msg(strstr(out, words) != NULL, "%s", out);
    free(out);
}

TEST(botctl_rate, lag_is_told_by_its_own_reason)
{
    const char *path = scratch("lag.csv");
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    fputs("venue_time_ms,recv_time_ms\n", f);
    for (int i = 0; i < 6000; i++) {
        const int behind = i < 5000 ? 0 : (i - 5000) * 35; /* 0.35 s a second */
        fprintf(f, "%" PRId64 ",%" PRId64 "\n", INT64_C(1600000000000) + i * 100, INT64_C(1600000000000) + i * 100 - 1270 + behind + i % 7);
    }
    fclose(f);
    char *out;
    ck_assert_int_eq(run(path, &out), 0);
    const char *drop = strstr(out, "\"state\":\"dropped\"");
    int64_t at = 0;
    ck_assert_msg(drop != NULL && sscanf(drop, "\"state\":\"dropped\",\"time_ms\":%" SCNd64, &at) == 1, "%s", out);
    ck_assert_ptr_nonnull(strstr(drop, "\"reason\":\"lag\""));
    ck_assert_msg(at - (INT64_C(1600000500000) - 1270) <= 4000, "%" PRId64, at);
    free(out);
}

TEST(botctl_rate, bad_input_is_named_with_its_line)
{
    expect("", 1, "empty");
    expect("price,qty\n1,2\n", 1, ":1: the first line must name the columns");
    expect("venue_time_ms,venue_time_ms\n", 1, ":1: the header names venue_time_ms twice");
    expect("minute_ms,count,recv_time_ms\n", 1, ":1: counts of minutes have no recv_time_ms");
    expect("venue_time_ms\n1600000000000\nabc\n", 1, ":3: venue_time_ms is no time in milliseconds: 'abc'");
    expect("venue_time_ms\n-5\n", 1, ":2: venue_time_ms");
    expect("venue_time_ms\n99999999999999999999\n", 1, ":2: venue_time_ms");
    expect("venue_time_ms,qty\n1600000000000\n", 1, ":2: 1 fields where the header has 2");
    expect("venue_time_ms,instrument\n1600000000000,\n", 1, ":2: no instrument");
    expect("minute_ms,count\n1600000020000,-1\n", 1, ":2: count is no count: '-1'");
    expect("venue_time_ms,recv_time_ms\n,1600000000000\n", 0, "learning"); /* a blank venue time with a receive time */
}

TEST(botctl_rate, what_stands_behind_a_nul_is_not_passed_over)
{
    static const char row[] = "venue_time_ms\n1600000000000\n1600000001000\0,broken\n1600000002000\n", header[] = "venue_time_ms\0,qty\n1600000000000\n", all[] = "\0";
    expect_bytes(row, sizeof row - 1, 1, ":3: holds a NUL byte");
    expect_bytes(header, sizeof header - 1, 1, ":1: holds a NUL byte");
    expect_bytes(all, 1, 1, ":1: holds a NUL byte");
}

TEST(botctl_rate, a_tape_that_can_be_read_and_says_nothing_is_told_why)
{
    static char text[40000] = "venue_time_ms\n", seconds[] = "venue_time_ms\n1700000000\n1700000001\n";
    for (int i = 0; i < 1000; i++) sprintf(text + strlen(text), "%lld\n", 1700000000000LL - i * 1000LL);
    expect(text, 0, "939 of 1000 rows are a minute and more older than one before them");
    expect(seconds, 0, "in.csv:2: as milliseconds this time lies in 1970: are these seconds?");
    expect("venue_time_ms,instrument\n1700000000000,\xc3\xa4\xff\n", 0, "\"instrument\":\"\xc3\xa4\xef\xbf\xbd\"");
    expect("venue_time_ms,instrument\n1700000000000,\xc3\xa4\n", 0, "\"instrument\":\"\xc3\xa4\"");
}

TEST(botctl_rate, a_hole_of_years_in_the_tape_does_not_take_years)
{
    expect("venue_time_ms\n1500000000000\n1500000001000\n9000000000000\n", 0, "learning");
    expect("minute_ms,count\n1500000000000,5\n9000000000000,5\n", 0, "learning");
}

TEST(botctl_rate, a_wrong_command_line_exits_with_2)
{
    char *out;
    static const char *const wrong[] = { "--budget", "--budget 0", "--budget x", "--budget nan", "--wrong", "a b", "--closed 25:00-26:00", "--report" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(run(wrong[i], &out) == 2, "%s: %s", wrong[i], out);
        free(out);
    }
    ck_assert_int_eq(run("/nowhere/at/all.csv", &out), 1);
    free(out);
}

TEST(botctl_rate, a_known_closure_is_no_alarm)
{
    char *out, arguments[400];
    /* The stop is at 1600007200 = 2020-09-13 14:26:40 UTC. */
    snprintf(arguments, sizeof arguments, "--closed 14:26-14:37 %s", tape("closed.csv", 1000000, false, NULL));
    ck_assert_int_eq(run(arguments, &out), 0);
    ck_assert_msg(strstr(out, "dropped") == NULL, "%s", out);
    free(out);
}

TEST(botctl_rate, the_report_is_one_page_that_needs_nothing_else)
{
    char *out, arguments[600];
    const char *page = scratch("report.html");
    snprintf(arguments, sizeof arguments, "--report %s %s", page, tape("report.csv", 1000000, true, "A&lt;B"));
    ck_assert_int_eq(run(arguments, &out), 0);
    free(out);
    char *html = test_read_file(page, NULL);
    ck_assert_ptr_nonnull(strstr(html, "<svg"));
    ck_assert_ptr_nonnull(strstr(html, "class=\"alarm\""));
    ck_assert_ptr_nonnull(strstr(html, "prefers-color-scheme:dark"));
    ck_assert_ptr_nonnull(strstr(html, "A&amp;lt;B")); /* escaped */
    ck_assert_ptr_null(strstr(html, "http://"));
    ck_assert_ptr_null(strstr(html, "https://"));
    ck_assert_ptr_null(strstr(html, "<script"));
    free(html);
}
