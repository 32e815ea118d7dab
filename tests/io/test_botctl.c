/* botctl as a stranger uses it: wrong input of every kind names its place and what to do, and nothing is left half written. */
#include "harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/botctl_test_XXXXXX";

static void at_exit_remove(void)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    if (system(command) != 0) perror(command);
}

/* Runs "botctl ARGUMENTS" in a scratch directory by way of the shell; standard output and error go into one text. */
static int run(const char *arguments, char *ret_out, size_t size)
{
    char command[1024], build[512];
    if (strstr(directory, "XXXXXX") != NULL) {
        ck_assert_ptr_nonnull(mkdtemp(directory));
        atexit(at_exit_remove);
    }
    /* The build directory may be named from where the tests stand, and the command stands elsewhere. */
    ck_assert_ptr_nonnull(realpath(test_build("tools/botctl/botctl"), build));
    snprintf(command, sizeof command, "cd %s || exit 99; exec 2>&1; PATH=%.*s:$PATH; botctl %s", directory, (int)(strrchr(build, '/') - build), build, arguments);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    size_t n = 0, got;
    while ((got = fread(ret_out + n, 1, size - 1 - n, f)) > 0) n += got;
    ret_out[n] = '\0';
    const int status = pclose(f);
    ck_assert_msg(WIFEXITED(status), "botctl %s: %s", arguments, ret_out);
    return WEXITSTATUS(status);
}

static void expect(const char *arguments, int status, const char *words)
{
    static char out[1 << 20];
    const int got = run(arguments, out, sizeof out);
    ck_assert_msg(got == status && strstr(out, words) != NULL, "botctl %s: %d, not %d with \"%s\": %.600s", arguments, got, status, words, out);
}

static void put(const char *name, const char *text, size_t len)
{
    char path[512], unused[64];
    if (strstr(directory, "XXXXXX") != NULL) (void)run("version", unused, sizeof unused);
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert(fwrite(text, 1, len, f) == len && fclose(f) == 0);
}
#define PUT(name, text) put(name, text, sizeof(text) - 1)

static bool holds(const char *name, const char *text)
{
    char path[512], got[256] = "";
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) return false;
    got[fread(got, 1, sizeof got - 1, f)] = '\0';
    fclose(f);
    return strcmp(got, text) == 0;
}

TEST(botctl, an_option_that_is_wrong_is_named_and_nothing_is_done)
{
    PUT("e", "");
    expect("nosuch", 2, "there is no command 'nosuch'");
    expect("decode --venue bybit --venue okx e", 2, "--venue stands there twice");
    expect("decode --venue bybti e", 2, "there is no venue 'bybti'; known are bybit, binance-usdm, okx, bitflyer, hyperliquid");
    expect("book --venue nosuch e", 2, "known are bybit");
    expect("poll --venue nosuch", 2, "known are bybit");
    expect("decode --venue=bybit e", 0, "");
    expect("decode --venue=bybit --venue okx e", 2, "twice");
    expect("decode --venue bybit --rest fill e", 2, "positions fills orders");
    expect("positions --spec", 2, "--spec needs a value");
    expect("demo --seed", 2, "--seed needs a value");
    expect("demo --seed 99999999999999999999", 2, "no whole number of 64 bits");
    expect("demo --live --html x", 2, "--html does not go with --live");
    expect("demo --seconds 5", 2, "--seconds does not go without --live");
    expect("paper --port 99999", 2, "no whole number from 0 to 65535");
    expect("paper --nosuch", 2, "there is no option '--nosuch'");
    expect("paper --seed", 2, "--seed needs a value");
    expect("paper --venue bitflyer", 2, "it speaks bybit, binance-usdm, okx");
    expect("paper --loop", 2, "--loop is for a --tape");
    expect("rate --closed 01:00-02:00 --closed 03:00-04:00 e", 1, "empty");
}

TEST(botctl, input_that_cannot_be_read_is_named)
{
    PUT("e", "");
    PUT("spec", "{\"BTCUSDT\":{\"contract\":\"linear\",\"settle\":\"USDT\"}}");
    expect("decode --venue bybit .", 1, "botctl decode: .: Is a directory");
    expect("decode --venue bybit --rest fills .", 1, "botctl decode: .: Is a directory");
    expect("decode --venue bybit <&-", 1, "botctl decode: standard input: ");
    expect("book --venue bybit .", 1, "botctl book: .: Is a directory");
    expect("positions --spec spec .", 1, "botctl positions: .: Is a directory");
    expect("positions --spec . e", 2, "botctl positions: .: Is a directory");
    expect("rate .", 1, "botctl rate: .: Is a directory");
    expect("paper --for 1 --fault .", 2, "botctl paper: .: Is a directory");
    expect("paper --for 1 --tape .", 2, "botctl paper: .: Is a directory");
    PUT("spec2", "{\"BTCUSDT\":{\"contract\":\"linear\",\"tik\":\"1\"}}");
    expect("positions --spec spec2 e", 2, "BTCUSDT: there is no key \"tik\"; known are contract");
}

TEST(botctl, a_byte_order_mark_and_carriage_returns_are_no_part_of_the_text)
{
    PUT("spec", "\xef\xbb\xbf{\"BTCUSDT\":{\"contract\":\"linear\",\"settle\":\"USDT\"}}\r\n");
    PUT("fills", "\xef\xbb\xbf{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"1\",\"side\":\"buy\",\"qty\":\"2\",\"price\":\"3\"}\r\n");
    expect("positions --spec spec fills", 0, "\"qty\":\"2\"");
    expect("positions --spec spec < fills", 0, "\"qty\":\"2\"");
    PUT("pong", "\xef\xbb\xbf{\"op\":\"pong\"}\r\n");
    expect("decode --venue bybit pong", 0, "\"kind\":\"pong\"");
    PUT("two", "\xef\xbb"); /* no mark: it must not be lost */
    expect("decode --venue bybit two", 1, "MALFORMED");
}

TEST(botctl, a_report_is_written_whole_or_not_at_all)
{
    PUT("tape", "minute_ms,count\n60000,5\n120000,6\n");
    PUT("cut", "minute_ms,count\n60000,5\nx\n");
    PUT("old", "kept");
    expect("rate --report tape tape", 2, "is the tape itself");
    expect("rate --report tape < tape", 2, "is the tape itself");
    ck_assert(holds("tape", "minute_ms,count\n60000,5\n120000,6\n"));
    expect("rate --report old cut", 1, "no report was written");
    ck_assert(holds("old", "kept"));
    expect("rate --report none/x tape", 1, "botctl rate: none/x: No such file or directory");
    expect("rate --report . tape", 1, "botctl rate: .: Is a directory");
    expect("rate --report /dev/full tape", 1, "/dev/full: No space left on device");
    expect("demo --html none/x", 1, "botctl demo: none/x: No such file or directory");
    expect("rate --report new tape && grep -c '</html>' new && ls", 0, "1\n");
    static char out[4096];
    ck_assert(run("version; ls | grep 'new\\|old' | tr '\\n' ' '", out, sizeof out) == 0);
    ck_assert_msg(strstr(out, "\nnew old ") != NULL, "%s", out); /* and no unfinished one beside them */
}

TEST(botctl, standard_output_that_takes_nothing_is_an_error)
{
    PUT("pong", "{\"op\":\"pong\"}\n");
    expect("help > /dev/full", 1, "botctl: standard output: No space left on device");
    expect("version > /dev/full", 1, "No space left on device");
    expect("decode --venue bybit pong > /dev/full", 1, "No space left on device");
    expect("config example --venue bybit > /dev/full", 1, "No space left on device");
    expect("config example --venue bybit >&-", 1, "standard output: ");
    /* Nor does a socket take the place of a closed one, on which libuv would abort. */
    expect("status --url http://127.0.0.1:1 <&-", 1, "botctl status: http://127.0.0.1:1: ");
    expect("status --url http://127.0.0.1:1 >&-", 1, "botctl status: http://127.0.0.1:1: ");
    expect("decode --venue bybit - <&-", 1, "standard input: Bad file descriptor");
}

TEST(botctl, paper_says_why_it_cannot_listen_and_leaves_nothing_behind)
{
    PUT("file", "");
    expect("paper --for 1 --host nohost", 1, "'nohost' is no numeric address");
    expect("paper --for 1 --host 192.0.2.1", 1, "--host must be an address of this machine");
    expect("paper --for 1 --dir file", 1, "botctl paper: file: Not a directory");
    expect("paper --for 1 --dir a/b", 1, "botctl paper: a/b: No such file or directory");
    expect("paper --for 60 > first & paper=$!; for _ in $(seq 100); do sleep 0.05; grep -q '\"event\":\"paper\"' first && break; done; "
           "botctl paper --for 1 --port $(sed -n 's/.*\"rest\":\"https:[^:]*:\\([0-9]*\\)\".*/\\1/p' first); status=$?; kill $paper; wait; exit $status", 1,
           "Address already in use; without --port any free one is taken");
    expect("version; sed -n 's/.*\"dir\":\"\\([^\"]*\\)\".*/\\1/p' first | xargs ls -d", 123, "No such file or directory");
}

TEST(botctl, paper_leaves_nothing_behind_when_its_terminal_is_closed)
{
    expect("paper --for 60 --read-only > hung & paper=$!; for _ in $(seq 100); do sleep 0.05; grep -q '\"event\":\"paper\"' hung && break; done; "
           "kill -HUP $paper; wait $paper; echo status $?", 0, "status 0\n");
    expect("version; cat hung", 0, "\"paper_end\"");
    expect("version; sed -n 's/.*\"dir\":\"\\([^\"]*\\)\".*/\\1/p' hung | xargs ls -d", 123, "No such file or directory");
}

/* What it gives to copy works in another directory than its own, and on any address that it may listen on. */
TEST(botctl, paper_can_be_reached_at_what_it_prints_wherever_it_listens)
{
    static const char *const hosts[] = { "0.0.0.0", "::1" };
    for (int i = 0; i < 2; i++) {
        if (i == 1 && access("/proc/net/if_inet6", R_OK) != 0)
            continue;
        char command[700];
        snprintf(command, sizeof command,
                 "version; mkdir -p 'a b'; botctl paper --for 60 --host %s --dir 'a b' > v6 2> exports & paper=$!; for _ in $(seq 200); do sleep 0.05; grep -q '\"event\":\"paper\"' v6 && break; "
                 "kill -0 $paper || break; done; eval \"$(grep export exports)\"; cd /; botctl poll --venue bybit --once --rest-url \"$BOT_REST_URL\" --ca-file \"$BOT_CA_FILE\"; status=$?; kill $paper; wait; exit $status",
                 hosts[i]);
        expect(command, 0, "\"complete\":true");
    }
}

TEST(botctl, two_paper_exchanges_do_not_share_a_directory)
{
    expect("paper --for 60 --dir own > first & paper=$!; for _ in $(seq 100); do sleep 0.05; grep -q '\"event\":\"paper\"' first && break; done; "
           "sum=$(cat own/* | cksum); botctl paper --for 1 --dir own; status=$?; [ \"$(cat own/* | cksum)\" = \"$sum\" ] || status=77; kill $paper; wait; exit $status", 1,
           "another paper exchange runs in it");
    expect("paper --for 1 --dir own", 0, "\"instruments\":[\"BTCUSDT\"");
    PUT("binary.fault", "\033[31mat\007");
    expect("paper --for 1 --fault binary.fault", 2, "line 1: '?[31mat?'");
}

TEST(botctl, help_fits_a_terminal_of_a_hundred_columns)
{
    static char out[1 << 16];
    char name[16], command[64];
    ck_assert_int_eq(run("help", out, sizeof out), 0);
    static char list[1 << 16];
    snprintf(list, sizeof list, "%s", out);
    unsigned commands = 0;
    for (char *line = strtok(list, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        ck_assert_msg(strlen(line) <= 100, "%zu columns: %s", strlen(line), line);
        if (sscanf(line, "  %15[a-z] ", name) != 1 || line[0] != ' ')
            continue;
        snprintf(command, sizeof command, "help %s", name);
        ck_assert_int_eq(run(command, out, sizeof out), 0);
        for (const char *p = out, *end; *p != '\0'; p = end + 1) {
            end = p + strcspn(p, "\n");
            ck_assert_msg(end - p <= 100, "%s: %td columns: %.*s", command, end - p, (int)(end - p), p);
            if (*end == '\0') break;
        }
        commands++;
    }
    ck_assert_uint_ge(commands, 18);
}

TEST(botctl, contradictions_are_not_guessed_at)
{
    PUT("e", "");
    expect("poll --venue bybit --once --count 3", 2, "--once or --count?");
    expect("poll --venue bybit --once --rest-url nonsense", 2, "'nonsense' is no http:// or https:// address");
    expect("status --url http://127.0.0.1:1/api/status", 2, "without a path");
    expect("status --url ftp://x", 2, "is no address such as");
    expect("config example", 2, "of which venue?");
    expect("config example --venue nosuch", 2, "known are bybit");
    expect("config check", 2, "which file?");
    expect("config check e e", 2, "One at a time");
    expect("replay j --at 2026-01-01 --record 5", 2, "--at or --record?");
    expect("tail j -n 2 --record 5", 2, "-n or --record?");
    expect("export j --csv --json", 2, "--csv or --json?");
    expect("explain j --from 2026-01-02 --to 2026-01-01", 2, "--from lies behind --to");
    expect("explain j --to 2026-01-02 --from 2026-01-01", 1, "j cannot be read");
    expect("explain j --from 1795320545", 2, "are these seconds");
    expect("replay j --at 20260917", 2, "or is it a date");
    expect("explain j --from 1795320545000", 1, "j cannot be read");
    expect("replay j --record 99999999999999999999999", 2, "--record needs a number");
}

/* A key from the environment with a secret from a file would be refused by the venue in words that lead astray. */
TEST(botctl, secrets_come_from_one_place)
{
    PUT("empty", "");
    PUT("slip", "key=a\r\nsecrt=b\r\n");
    expect("version; chmod 644 slip; export BOT_KEY=k BOT_SECRET=s; botctl poll --venue bybit --secrets slip", 2, "others may read it; run: chmod 600 slip");
    expect("version; chmod 600 slip empty; export BOT_KEY=k BOT_SECRET=s; botctl poll --venue bybit --secrets slip", 2, "slip: line 2: expected key=");
    expect("version; export BOT_KEY=k BOT_SECRET=s; botctl poll --venue bybit --secrets empty", 2, "empty: has no line key=");
    expect("poll --venue bybit --secrets .", 2, ".: is no file");
    expect("version; mkfifo f; timeout 5 botctl poll --venue bybit --secrets f", 2, "f: is no file");
    expect("version; unset BOT_KEY; botctl poll --venue bybit", 2, "no key: set BOT_KEY");
}

TEST(botctl, a_configuration_without_its_secrets_is_not_good)
{
    PUT("w.json", "{\"accounts\": [{\"venue\": \"okx\", \"key\": {\"env\": \"K\"}}]}");
    expect("version; K=k botctl config check w.json", 1, "w.json: accounts[0]: \"secret\" is missing: okx asks for one");
    expect("version; K=k botctl config check w.json", 1, "accounts[0]: \"passphrase\" is missing");
    PUT("w.json", "{\"accounts\": [{\"venue\": \"hyperliquid\", \"key\": {\"env\": \"K\"}}]}");
    expect("version; K=k botctl config check w.json", 0, "good");
}

/* One answer on a port of the loopback, by a process of its own. Returns the port. */
static unsigned answer_once(const char *body)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0 && getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    if (fork() == 0) {
        char request[4096], answer[4096];
        alarm(20);
        const int client = accept(fd, NULL, NULL);
        const int n = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
        _exit(read(client, request, sizeof request) > 0 && write(client, answer, (size_t)n) == n ? 0 : 1);
    }
    close(fd);
    return ntohs(at.sin_port);
}

/* Anything may answer on that port: only a document that says so is one in which nothing is wrong. */
TEST(botctl, status_is_not_fine_because_somebody_answers)
{
    static const struct { const char *body; int status; const char *says; } cases[] = {
        { "{}", 1, "no document that this version reads" }, { "null", 1, "no document" }, { "[]", 1, "no document" },
        { "{\"type\":\"status\",\"version\":2,\"accounts\":[],\"alerts\":[]}", 1, "no document" },
        { "{\"type\":\"status\",\"version\":1,\"now_ms\":1,\"accounts\":[],\"alerts\":[]}", 0, "" },
        { "{\"type\":\"status\",\"version\":1,\"now_ms\":1,\"accounts\":[{\"name\":\"a\",\"venue\":\"bybit\",\"state\":\"open\",\"since_ms\":1,"
          "\"instruments\":[{\"symbol\":\"X\",\"leg\":\"net\",\"qty\":\"1\",\"rest_qty\":\"2\",\"verdict\":\"DRIFT\"}]}],\"alerts\":[]}", 1, "DRIFT" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char command[100];
        snprintf(command, sizeof command, "status --url http://127.0.0.1:%u", answer_once(cases[i].body));
        expect(command, cases[i].status, cases[i].says);
        while (wait(NULL) > 0) continue;
    }
    char command[100];
    snprintf(command, sizeof command, "status --json --url http://127.0.0.1:%u", answer_once("{}"));
    expect(command, 1, "no document");
    while (wait(NULL) > 0) continue;
}

TEST(botctl, tail_does_not_stand_behind_the_end_in_silence)
{
    char command[400], golden[300];
    ck_assert_ptr_nonnull(realpath(test_source("tests/data/journal-1"), golden));
    snprintf(command, sizeof command, "tail --record 99999999 %s", golden);
    expect(command, 1, "has no record 99999999");
    snprintf(command, sizeof command, "tail --record 0 %s", golden);
    expect(command, 0, "\"record\":0");
}

TEST(botctl, a_test_alert_tells_of_routes_in_json_whatever_they_are_called)
{
    PUT("routes.json", "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"name\": \"say \\\"hi\\\"\", \"type\": \"stderr\"}]}}\n");
    expect("watch --test-alert routes.json", 0, "{\"event\":\"test_alert\",\"route\":\"say \\\"hi\\\"\",\"type\":\"stderr\",\"delivered\":true}");
    PUT("none.json", "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"rules\": [{\"rule\": \"test\", \"enabled\": false}], \"routes\": [{\"type\": \"stderr\"}]}}\n");
    expect("watch --test-alert none.json", 1, "the rule \"test\" is not enabled");
}

static void switch_on(const char *venue, const char *line)
{
    char command[600];
    snprintf(command, sizeof command,
             "config example --venue %s > example; sed -E '/\"type\"|\"journal\"|\"heartbeat\"/{/%s/s,// ,,}' example > switched; cmp -s example switched && exit 9; "
             "BOT_KEY=k BOT_SECRET=s BOT_PASSPHRASE=p SLACK_WEBHOOK_URL=https://127.0.0.1/ TELEGRAM_TOKEN=t botctl config check switched",
             venue, line);
    expect(command, 0, "switched: good");
}

/* The first minutes of somebody without a key: what paper gives to copy makes an example that the doctor finds well. */
TEST(botctl, the_watch_can_be_tried_on_the_paper_exchange_without_writing_a_line)
{
    static const char *const venues[] = { "bybit", "binance-usdm" };
    for (int i = 0; i < 2; i++) {
        char command[900];
        snprintf(command, sizeof command,
                 "paper --for 120 --venue %s > ready 2> exports & paper=$!; for _ in $(seq 200); do sleep 0.05; grep -q '\"event\":\"paper\"' ready && break; done; "
                 "eval \"$(grep export exports)\"; botctl config example --venue %s > paper.json; botctl doctor paper.json; status=$?; kill $paper; wait; exit $status",
                 venues[i], venues[i]);
        expect(command, 0, "fills and REST agree");
    }
}

/* Taking the comment from any line of the example, or from all, leaves a configuration that is good. */
TEST(botctl, each_line_of_the_example_can_be_switched_on)
{
    static const char *const lines[] = { "\"journal\"", "\"heartbeat\"", "\"slack\"", "\"telegram\"", "\"command\"" };
    static const char *const venues[] = { "bybit", "binance-usdm", "okx", "bitflyer", "hyperliquid" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        switch_on("bybit", lines[i]);
    for (size_t v = 0; v < sizeof venues / sizeof *venues; v++)
        switch_on(venues[v], ".");
}

/* The promise on the first screen of README, in worlds that nobody chose: both ordinary bots go past the limit, libbot never, and what
 * it shuts for is the incident, not its own doubts about the market. */
TEST(botctl, the_demo_breaks_the_ordinary_bots_and_never_libbot)
{
    static char out[1 << 16];
    for (int seed = 1; seed <= 5; seed++) {
        char arguments[64];
        snprintf(arguments, sizeof arguments, "demo --json --seed %d --html demo.html", seed);
        ck_assert_int_eq(run(arguments, out, sizeof out), 0);
        unsigned rows = 0;
        for (char *save = NULL, *line = strtok_r(out, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
            if (line[0] != '{')
                continue;
            const bool ours = strstr(line, "\"bot\":\"libbot\"") != NULL;
            ck_assert_msg((strstr(line, "\"breached\":true") != NULL) == !ours, "seed %d: %s", seed, line);
            ck_assert_msg(!ours || (strstr(line, "\"orders_while_wrong\":0,") != NULL && strstr(line, "\"seconds_blind\":0,") != NULL), "seed %d: %s", seed, line);
            rows++;
        }
        ck_assert_uint_eq(rows, 3);
        char path[128];
        snprintf(path, sizeof path, "%s/demo.html", directory);
        char *page = test_read_file(path, NULL);
        ck_assert(strstr(page, "no fresh agreement") != NULL && strstr(page, "public trades have fallen away") == NULL);
        free(page);
    }
}

/* What goes by the status (a deployment, a timer) must learn that something is wrong. Nobody answers on port 1. */
TEST(botctl, doctor_ends_with_1_when_something_is_wrong)
{
    setenv("BOTCTL_TEST_KEY", "k", 1);
    setenv("BOTCTL_TEST_SECRET", "s", 1);
    PUT("doctor.json", "{\"accounts\": [{\"venue\": \"bybit\", \"key\": {\"env\": \"BOTCTL_TEST_KEY\"}, \"secret\": {\"env\": \"BOTCTL_TEST_SECRET\"},"
                       " \"rest_url\": \"https://127.0.0.1:1\"}], \"alerts\": {\"routes\": [{\"type\": \"stderr\"}]}}\n");
    expect("doctor doctor.json", 1, "check rest_url");
    expect("doctor --json doctor.json", 1, "\"check\":\"reach\"");
    expect("doctor nothing.json", 2, "nothing.json");
    PUT("doctor.json", "{\"accounts\": [{\"venue\": \"hyperliquid\", \"key\": {\"env\": \"BOTCTL_TEST_KEY\"}, \"rest_url\": \"https://127.0.0.1:1\"}]}\n");
    expect("doctor doctor.json", 1, "the key has not the form that Hyperliquid");
}
