/* The drift watch over real TLS sockets: venues that fail, and whether the right alert comes once and is over once. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "io/server.h"
#include "loop.h"
#include "paper_server.h"
#include "watch/watch.h"
#include "watch_kit.h"

#define PLACES 2

static uv_loop_t loop;
static struct paper *papers[PLACES];
static struct watch *watch;
static bool all_closed;

static void set_flag(void *user_data) { *(bool *)user_data = true; }

static int count(const char *account, const char *rule, const char *state)
{
    int n = 0;
    char a[100], r[60], s[40];
    snprintf(a, sizeof a, "\"account\":\"%s\"", account);
    snprintf(r, sizeof r, "\"rule\":\"%s\"", rule);
    snprintf(s, sizeof s, "\"state\":\"%s\"", state);
    for (int i = 0; i < got_n; i++)
        n += strstr(got[i], a) != NULL && strstr(got[i], r) != NULL && strstr(got[i], s) != NULL;
    return n;
}

static void open_papers(const char *const *faults, int n)
{
    for (int i = 0; i < n; i++) {
        struct paper_options o;
        paper_options_init(&o);
        o.venue.seed = 3 + (uint64_t)i;
        char *dir = strdup(scratch_directory()), sub[300], error[200];
        snprintf(sub, sizeof sub, "%s/p%d", dir, i);
        free(dir);
        ck_assert_int_eq(mkdir(sub, 0700), 0);
        o.directory = sub;
        ck_assert_int_eq(paper_open(&loop, &o, &papers[i]), 0);
        ck_assert_int_eq(paper_account_add(papers[i], "key", "secret", (bot_money){ (bot_i128)100000 * 1000000000000000000 }), 1);
        ck_assert_msg(paper_faults(papers[i], faults[i], strlen(faults[i]), error, sizeof error) == 0, "%s", error);
        config_add("%s{\"name\": \"p%d\", \"venue\": \"bybit\", \"key\": {\"env\": \"K\"}, \"secret\": {\"env\": \"S\"}, \"instruments\": [\"BTCUSDT\"], \"monitors\": false,"
            "\"rest_url\": \"%s\", \"ws_private_url\": \"%s\", \"ws_public_url\": \"%s\", \"ca_file\": \"%s\"}",
            i != 0 ? "," : "{\"accounts\": [", i, paper_rest_url(papers[i]), paper_ws_private_url(papers[i]), paper_ws_public_url(papers[i]),
            paper_ca_file(papers[i]));
    }
    config_add("], ");
}

static void open_watch(void)
{
    setenv("K", "key", 1);
    setenv("S", "secret", 1);
    struct watch_config config;
    char why[WATCH_WHY_MAX];
    ck_assert_msg(watch_config_parse("w.json", config_text, strlen(config_text), &config, why) == BOT_OK, "%s", why);
    ck_assert_msg(watch_open(&loop, "w.json", &config, false, &watch, why) == BOT_OK, "%s", why);
}

static void end(int n)
{
    static bool closed[PLACES];
    watch_close(watch, set_flag, &all_closed);
    UNTIL(&loop, all_closed);
    for (int i = 0; i < n; i++) {
        paper_close(papers[i], set_flag, &closed[i]);
        UNTIL(&loop, closed[i]);
    }
    if (hook != NULL) bot__server_close(hook, NULL, NULL);
    loop_must_close(&loop);
}

TEST(watch, each_failure_raises_the_right_alert_once_and_resolves_it_once)
{
    /* The other shapes, over TLS, are in test_incidents.c. */
    static const char *const faults[PLACES] = {
        /* REST says success and shows the state of a minute ago: after a fill that is a position that was. */
        "at 4s trade qty=0.01 side=buy account=1\nat 5s fund rate=0.0001\nat 6s for 5s rest.stale on=positions age=60s\n",
        /* A liquidation. */
        "at 3s trade qty=0.5 side=buy account=1\nat 6s liquidate account=1\n",
    };
    uv_loop_init(&loop);
    open_hook(&loop);
    open_papers(faults, PLACES);
    config_add("\"http\": {\"listen\": \"127.0.0.1:0\"}, \"alerts\": {\"max_per_minute\": 600, \"routes\": [{\"type\": \"webhook\", \"min_severity\": \"info\", \"url\": \"http://127.0.0.1:%u/hook?x=1\"}]}}",
        bot__server_port(hook));
    open_watch();
    for (int turns = 0; turns < 480 && count("p0", "stale", "resolved") == 0; turns++)
        loop_for(&loop, 100);
    loop_for(&loop, 1000); /* what has no business there would come now */
    const struct { const char *account, *rule; bool resolves; } expected[] = {
        { "p0", "stale", true }, { "p1", "forced_trade", false /* within a minute */ },
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const int fired = count(expected[i].account, expected[i].rule, "firing"), resolved = count(expected[i].account, expected[i].rule, "resolved");
        ck_assert_msg(fired == 1 && resolved == (int)expected[i].resolves, "%s %s: %d firing, %d resolved", expected[i].account, expected[i].rule, fired, resolved);
    }
    ck_assert_str_eq(last_path, "/hook?x=1");
    /* The right ones and no others: nothing was wrong with what was left alone. */
    ck_assert_int_eq(count("p1", "stale", "firing") + count("p1", "drift", "firing") + count("p1", "private_stream", "firing") +
                     count("p0", "private_stream", "firing") + count("p0", "drift", "firing"), 0);
    /* Funding is no trade that somebody forced. */
    ck_assert_int_eq(count("p0", "forced_trade", "firing"), 0);
    for (int i = 0; i < WATCH_ALERTS_MAX; i++)
        if (watch->alerts.list[i].state != ALERT_NONE)
            ck_assert_int_eq(watch->alerts.list[i].delivery, DELIVERY_DELIVERED);
    end(PLACES);
}

/* What stands on standard error after a liquidation, with these alerts configured. */
static const char *said_of_a_liquidation(const char *alerts)
{
    static char said[8192];
    static const char *const faults[] = { "at 2s trade qty=0.5 side=buy account=1\nat 4s liquidate account=1\n" };
    uv_loop_init(&loop);
    char *path = strdup(scratch_directory()), file[300];
    snprintf(file, sizeof file, "%s/stderr", path);
    free(path);
    open_papers(faults, 1);
    config_add("\"alerts\": {%s}}", alerts);
    const int was = dup(2), fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
    ck_assert(was >= 0 && fd >= 0 && dup2(fd, 2) == 2);
    open_watch();
    for (int turns = 0; turns < 300 && watch_alerts_firing(&watch->alerts, WATCH_RULE_FORCED_TRADE) == 0; turns++)
        loop_for(&loop, 100);
    loop_for(&loop, 300);
    dup2(was, 2);
    const ssize_t n = pread(fd, said, sizeof said - 1, 0);
    ck_assert_int_gt(n, 0);
    said[n] = '\0';
    close(fd);
    close(was);
    end(1);
    return said;
}

TEST(watch, what_an_alert_says_on_standard_error_is_not_logged_there_as_well)
{
    const char *said = said_of_a_liquidation("\"max_per_minute\": 600, \"routes\": [{\"type\": \"stderr\", \"min_severity\": \"info\"}]");
    ck_assert_msg(strstr(said, "forced_trade: sell of ") != NULL && strstr(said, "liquidation") != NULL, "%s", said);
    ck_assert_msg(strstr(said, "EXTERNAL_FILL") == NULL, "%s", said);
}

TEST(watch, what_no_alert_says_on_standard_error_stays_in_the_log)
{
    const char *said = said_of_a_liquidation("\"rules\": [{\"rule\": \"forced_trade\", \"severity\": \"info\"}], \"routes\": [{\"type\": \"stderr\"}]");
    ck_assert_msg(strstr(said, "forced_trade") == NULL && strstr(said, "EXTERNAL_FILL") != NULL, "%s", said);
}

TEST(watch, a_position_mode_that_is_not_the_configured_one_is_an_alert)
{
    static const char *const faults[] = { "at 0s trade qty=0.5 side=buy account=1\n" };
    uv_loop_init(&loop);
    open_hook(&loop);
    open_papers(faults, 1);
    *strstr(config_text, "\"monitors\": false,") = '\0'; /* and the rest of the account again */
    config_add("\"monitors\": false, \"hedge\": true, \"rest_url\": \"%s\", \"ws_private_url\": \"%s\", \"ws_public_url\": \"%s\", \"ca_file\": \"%s\"}],", paper_rest_url(papers[0]),
               paper_ws_private_url(papers[0]), paper_ws_public_url(papers[0]), paper_ca_file(papers[0]));
    config_add("\"alerts\": {\"routes\": [{\"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/\"}]}}", bot__server_port(hook));
    open_watch();
    for (int turns = 0; turns < 100 && count("p0", "position_mode", "firing") == 0; turns++)
        loop_for(&loop, 50);
    ck_assert_int_eq(count("p0", "position_mode", "firing"), 1);
    end(1);
}

TEST(watch, what_an_account_holds_in_an_instrument_that_is_not_named_is_no_drift_either)
{
    static const char *const faults[] = { "at 0s trade qty=0.5 side=buy account=1\n" };
    uv_loop_init(&loop);
    open_hook(&loop);
    open_papers(faults, 1);
    loop_for(&loop, 300);
    memset(strstr(config_text, "\"BTCUSDT\""), ' ', 9);
    config_add("\"alerts\": {\"routes\": [{\"type\": \"webhook\", \"min_severity\": \"info\", \"url\": \"http://127.0.0.1:%u/\"}]}}", bot__server_port(hook));
    open_watch();
    for (int turns = 0; turns < 200 && (!watch->accounts[0].proven || watch->accounts[0].rows_n == 0 || watch->accounts[0].rows[0]->verdict != BOT_VERDICT_AGREE); turns++)
        loop_for(&loop, 50);
    ck_assert(watch->accounts[0].rows_n == 1 && watch->accounts[0].rows[0]->verdict == BOT_VERDICT_AGREE);
    ck_assert_msg(got_n == 0, "%s", got[0]);
    end(1);
}

TEST(watch, a_position_that_can_be_compared_with_nothing_is_an_alert_and_is_over_when_it_can)
{
    if (getenv("TEST_LONG") == NULL)
        test_skip("takes 45 s, as a flat account is read seldom (TEST_LONG=1 runs it; the core's part is in scenario/test_agreement)");
    static const char *const faults[] = { "at 2s for 9s rest.error on=instruments status=503\nat 2s ws.drop topic=execution,order,position\nat 3s trade qty=0.5 side=buy account=1\n" };
    uv_loop_init(&loop);
    open_hook(&loop);
    open_papers(faults, 1);
    loop_for(&loop, 300);
    memset(strstr(config_text, "\"BTCUSDT\""), ' ', 9);
    config_add("\"alerts\": {\"routes\": [{\"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/\"}]}}", bot__server_port(hook));
    open_watch();
    struct watch_account *a = &watch->accounts[0];
    for (int turns = 0; turns < 600 && a->unknown.len == 0; turns++)
        loop_for(&loop, 50);
    ck_assert_str_eq(a->unknown.s, "BTCUSDT");
    loop_for(&loop, 300);
    ck_assert_int_eq(count("p0", "unknown_execution", "firing"), 0); /* it may be on its way */
    a->unknown_ms -= 30000;
    loop_for(&loop, 300);
    ck_assert_int_eq(count("p0", "unknown_execution", "firing"), 1);
    for (int turns = 0; turns < 400 && a->unknown.len != 0; turns++)
        loop_for(&loop, 50);
    loop_for(&loop, 200);
    for (int i = 0; i < WATCH_ALERTS_MAX; i++)
        if (watch->alerts.list[i].rule == WATCH_RULE_UNKNOWN_EXECUTION)
            ck_assert(watch->alerts.list[i].state != ALERT_FIRING || watch->alerts.list[i].clear_ms != 0);
    end(1);
}

TEST(watch, a_start_that_is_never_proven_becomes_critical)
{
    static const char *const faults[] = { "always ws.refuse stream=private\n" };
    uv_loop_init(&loop);
    open_hook(&loop);
    open_papers(faults, 1);
    config_add("\"alerts\": {\"routes\": [{\"type\": \"webhook\", \"min_severity\": \"critical\", \"url\": \"http://127.0.0.1:%u/\"}]}}", bot__server_port(hook));
    open_watch();
    loop_for(&loop, 1000);
    ck_assert_msg(got_n == 0, "%s", got[0]); /* a start takes a moment */
    watch->accounts[0].opened_at -= 300 * BOT_NS_PER_S;
    for (int turns = 0; turns < 100 && count("p0", "no_agreement", "firing") == 0; turns++)
        loop_for(&loop, 50);
    ck_assert_int_eq(count("p0", "no_agreement", "firing"), 1);
    end(1);
}

/* The venue moves a position that no fill explains (there is no such fault: a watch with a journal of another life stands for it). */
TEST(watch, what_an_account_holds_at_the_first_look_is_no_drift_and_at_a_later_one_it_is)
{
    static const char *const faults[] = { "at 0s trade qty=0.5 side=buy account=1\n" };
    uv_loop_init(&loop);
    open_hook(&loop);
    open_papers(faults, 1);
    loop_for(&loop, 300);
    char *journal = strdup(scratch_directory());
    *strrchr(config_text, '}') = '\0'; /* of the account */
    config_add(", \"journal\": \"%s/watch-journal\"}], \"alerts\": {\"max_per_minute\": 600, \"routes\": [{\"type\": \"webhook\", \"min_severity\": \"info\", \"url\": \"http://127.0.0.1:%u/\"}]}}",
        journal, bot__server_port(hook));
    free(journal);
    open_watch();
    for (int turns = 0; turns < 200 && !watch->accounts[0].proven; turns++)
        loop_for(&loop, 50);
    ck_assert(watch->accounts[0].proven && !watch->accounts[0].resumed);
    loop_for(&loop, 1500); /* another answer, which agrees */
    ck_assert_msg(got_n == 0, "%s", got[0]);
    watch_close(watch, set_flag, &all_closed);
    UNTIL(&loop, all_closed);
    all_closed = false;
    /* Meanwhile the account is traded, and the venue does not tell by which fills. */
    char error[200];
    const char *meanwhile = "at 0s trade qty=0.2 side=sell account=1\nalways rest.partial on=fills keep=0\n";
    ck_assert_msg(paper_faults(papers[0], meanwhile, strlen(meanwhile), error, sizeof error) == 0, "%s", error);
    loop_for(&loop, 500);
    open_watch();
    for (int turns = 0; turns < 200 && count("p0", "drift", "firing") == 0; turns++)
        loop_for(&loop, 50);
    ck_assert(watch->accounts[0].resumed);
    ck_assert_int_eq(count("p0", "drift", "firing"), 1);
    bool told = false;
    for (int i = 0; i < got_n; i++)
        told |= strstr(got[i], "our fills give 0.5, the venue says 0.3") != NULL;
    ck_assert_msg(told, "%s", got[0]);
    end(1);
}

/* ---- the server ---- */

static char *fetch(const char *request, int port)
{
    static char answer[400000];
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    (void)connect(fd, (struct sockaddr *)&to, sizeof to);
    loop_for(&loop, 20);
    ck_assert_int_eq((int)send(fd, request, strlen(request), MSG_NOSIGNAL), (int)strlen(request));
    size_t n = 0;
    for (int i = 0; i < 100; i++) {
        loop_for(&loop, 10);
        const ssize_t r = recv(fd, answer + n, sizeof answer - 1 - n, 0);
        if (r > 0) n += (size_t)r;
        else if (r == 0 || n > 0) break;
    }
    answer[n] = '\0';
    close(fd);
    return answer;
}

TEST(watch_server, gives_status_and_metrics_to_those_who_may)
{
    static const char *const none[] = { "" };
    uv_loop_init(&loop);
    open_papers(none, 1);
    setenv("WT", "sesame", 1);
    config_add("\"http\": {\"listen\": \"127.0.0.1:0\", \"token\": {\"env\": \"WT\"}}}");
    open_watch();
    loop_for(&loop, 4500);
    const int port = httpd_port(watch->httpd);
    ck_assert_int_eq(strncmp(fetch("GET /api/status HTTP/1.1\r\nHost: x\r\n\r\n", port), "HTTP/1.1 401", 12), 0);
    ck_assert_int_eq(strncmp(fetch("GET /api/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sesamf\r\n\r\n", port), "HTTP/1.1 401", 12), 0);
    ck_assert_int_eq(strncmp(fetch("POST /api/status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", port), "HTTP/1.1 405", 12), 0);
    ck_assert_int_eq(strncmp(fetch("GET / HTTP/1.1\r\nHost: x\r\n\r\n", port), "HTTP/1.1 200", 12), 0);
    ck_assert_int_eq(strncmp(fetch("GET /healthz HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\n\r\n", port), "HTTP/1.1 403", 12), 0);
    const char *status = fetch("GET /api/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sesame\r\n\r\n", port);
    ck_assert_int_eq(strncmp(status, "HTTP/1.1 200", 12), 0);
    ck_assert_ptr_nonnull(strstr(status, "\"state\":\"open\""));
    ck_assert_ptr_nonnull(strstr(status, "\"verdict\":\"AGREE\""));
    ck_assert_ptr_null(strstr(status, "secret"));
    ck_assert_ptr_nonnull(strstr(status, "Content-Security-Policy: default-src 'none'"));
    /* OpenMetrics: families are declared once, before their samples; counters end in _total; the last line is # EOF. */
    char *text = strstr(fetch("GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sesame\r\n\r\n", port), "\r\n\r\n") + 4, family[100] = "", type[20] = "";
    int samples = 0;
    bool eof = false;
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        ck_assert(!eof);
        if (strcmp(line, "# EOF") == 0) eof = true;
        else if (strncmp(line, "# TYPE ", 7) == 0) ck_assert_int_eq(sscanf(line, "# TYPE %99s %19s", family, type), 2);
        else if (strncmp(line, "# HELP ", 7) == 0) ck_assert_int_eq(strncmp(line + 7, family, strlen(family)), 0);
        else {
            samples++;
            ck_assert_msg(strncmp(line, family, strlen(family)) == 0, "%s stands under %s", line, family);
            const char *rest = line + strlen(family);
            if (strcmp(type, "counter") == 0) ck_assert_msg(strncmp(rest, "_total", 6) == 0, "%s", line);
            const char *value = strrchr(line, ' ');
            char *stop;
            ck_assert_ptr_nonnull(value);
            (void)strtod(value + 1, &stop);
            ck_assert_msg(*stop == '\0', "%s", line);
        }
    }
    ck_assert(eof);
    ck_assert_int_gt(samples, 80);
    end(1);
}

static void until_proven(void)
{
    const struct watch_account *a = &watch->accounts[0];
    for (int turns = 0; turns < 800 && !(a->proven && a->rows_n != 0 && a->rows[0]->verdict == BOT_VERDICT_AGREE); turns++)
        loop_for(&loop, 50);
    ck_assert(a->proven);
}

static void from_now_on(const char *faults)
{
    char error[200];
    ck_assert_msg(paper_faults(papers[0], faults, strlen(faults), error, sizeof error) == 0, "%s", error);
}

/* What the core would tell of a row, without the venue that makes it do so. */
static void feed(bot_verdict verdict, const char *instrument, bot_i128 ours, bot_i128 venue)
{
    bot_verdict_info v = { .verdict = verdict, .leg = BOT_LEG_NET, .ours = { ours }, .venue = { venue } };
    bot__symbol_set(&v.instrument, instrument, strlen(instrument));
    watch_feed_verdict(&watch->accounts[0], &v);
}

static void verdict_is(bot_verdict verdict, const char *instrument, bot_i128 ours, bot_i128 venue)
{
    feed(verdict, instrument, ours, venue);
    loop_for(&loop, 20);
}

TEST(watch, a_drift_is_over_when_an_answer_agrees_and_by_nothing_less)
{
    static const char *const faults[] = { "at 0s trade qty=0.5 side=buy account=1\n" };
    uv_loop_init(&loop);
    open_papers(faults, 1);
    config_add("\"alerts\": {}}");
    open_watch();
    until_proven();
    from_now_on("always rest.hang on=positions\n"); /* the venue says nothing more */
    loop_for(&loop, 500);
    const bot_i128 one = (bot_i128)1000000000000000000;
    verdict_is(BOT_VERDICT_DRIFT, "BTCUSDT", one, 2 * one);
    ck_assert_uint_eq(watch_alerts_firing(&watch->alerts, WATCH_RULE_DRIFT), 1);
    static const bot_verdict nothing_proven[] = { BOT_VERDICT_PARTIAL, BOT_VERDICT_STALE, BOT_VERDICT_PARTIAL };
    for (size_t i = 0; i < sizeof nothing_proven / sizeof *nothing_proven; i++) {
        verdict_is(nothing_proven[i], "BTCUSDT", one, one / 2);
        ck_assert(watch->accounts[0].rows[0]->drifting);
    }
    for (int i = 0; i < WATCH_ALERTS_MAX; i++)
        if (watch->alerts.list[i].state == ALERT_FIRING && watch->alerts.list[i].rule == WATCH_RULE_DRIFT) {
            ck_assert_int_eq(watch->alerts.list[i].clear_ms, 0);
            ck_assert_str_eq(watch->alerts.list[i].text, "our fills give 1, the venue says 2");
        }
    char *buf = NULL;
    size_t size = 0;
    ck_assert_int_gt(watch_status(watch, &buf, &size), 0);
    ck_assert_ptr_nonnull(strstr(buf, "\"verdict\":\"DRIFT\""));
    /* An answer that was none stands in the history, too. */
    const uint32_t before = watch->accounts[0].rows[0]->verdict_n;
    feed(BOT_VERDICT_FAILED, "", 0, 0); /* the loop does not run here: the hanging reads end in the same one */
    ck_assert_uint_eq(watch->accounts[0].rows[0]->verdict_n, before + 1);
    loop_for(&loop, 20);
    verdict_is(BOT_VERDICT_AGREE, "BTCUSDT", one, one);
    ck_assert(!watch->accounts[0].rows[0]->drifting && !watch->accounts[0].rows[0]->stale);
    free(buf);
    end(1);
}

TEST(watch_server, what_was_agreed_is_not_shown_as_so_while_no_answer_comes)
{
    static const char *const faults[] = { "at 0s trade qty=0.5 side=buy account=1\n" };
    uv_loop_init(&loop);
    open_papers(faults, 1);
    config_add("\"alerts\": {}}");
    open_watch();
    char *buf = NULL;
    size_t size = 0;
    until_proven();
    ck_assert_int_gt(watch_status(watch, &buf, &size), 0);
    ck_assert_ptr_nonnull(strstr(buf, "\"verdict\":\"AGREE\""));
    const bot_ts proven = bot_account_now(watch->accounts[0].account);
    from_now_on("always rest.error on=reads status=503\n");
    for (int turns = 0; turns < 400 && watch->accounts[0].failed_at < proven; turns++)
        loop_for(&loop, 50);
    ck_assert_int_gt(watch_status(watch, &buf, &size), 0);
    ck_assert_msg(strstr(buf, "\"verdict\":\"AGREE\"") == NULL && strstr(buf, "\"verdict\":\"FAILED\"") != NULL, "%s", buf);
    free(buf);
    end(1);
}

static const char *only_family(char *metrics, const char *name)
{
    char *at = strstr(metrics, name);
    ck_assert_ptr_nonnull(at);
    return at;
}

TEST(watch_server, metrics_tell_of_no_stream_that_nobody_asked_for_and_of_no_age_that_goes_back)
{
    static const char *const none[] = { "" };
    uv_loop_init(&loop);
    open_papers(none, 1);
    memset(strstr(config_text, "\"BTCUSDT\""), ' ', 9); /* no instruments: no public data */
    config_add("\"alerts\": {}}");
    open_watch();
    loop_for(&loop, 300);
    char *buf = NULL;
    size_t size = 0;
    ck_assert_int_gt(watch_metrics(watch, &buf, &size), 0);
    (void)only_family(buf, "libbot_stream_up{account=\"p0\",venue=\"bybit\",stream=\"private\"}");
    ck_assert_ptr_null(strstr(buf, "stream=\"public\"")); /* down for ever: an alarm without end */
    const int answers = WATCH_AGES + 10;
    for (int i = 0; i < answers; i++) {
        bot_verdict_info v = { .verdict = BOT_VERDICT_STALE, .leg = BOT_LEG_NET, .age_ns = (i < 10 ? 2 : 100) * BOT_NS_PER_S };
        bot__symbol_set(&v.instrument, "BTCUSDT", 7);
        watch_feed_verdict(&watch->accounts[0], &v);
    }
    char line[200];
    ck_assert_int_gt(watch_metrics(watch, &buf, &size), 0);
    snprintf(line, sizeof line, "libbot_stale_age_seconds_bucket{account=\"p0\",venue=\"bybit\",endpoint=\"positions\",le=\"5.0\"} 10\n");
    (void)only_family(buf, line); /* the ten have not left with the ring */
    snprintf(line, sizeof line, "libbot_stale_age_seconds_count{account=\"p0\",venue=\"bybit\",endpoint=\"positions\"} %d\n", answers);
    (void)only_family(buf, line);
    free(buf);
    end(1);
}

TEST(watch_server, a_document_of_many_rows_is_bounded)
{
    static const char *const none[] = { "" };
    uv_loop_init(&loop);
    open_papers(none, 1);
    config_add("\"alerts\": {}}");
    open_watch();
    for (int turns = 0; turns < 200 && !watch->accounts[0].proven; turns++)
        loop_for(&loop, 50);
    struct watch_account *a = &watch->accounts[0];
    ck_assert_uint_eq(a->rows_n, 1);
    char *buf = NULL;
    size_t size = 0;
    struct watch_row *const row = a->rows[0];
    row->position_n = row->rate_n = WATCH_POINTS;
    row->verdict_n = WATCH_VERDICTS;
    for (int i = 0; i < WATCH_POINTS; i++)
        row->position_ring[i] = (struct watch_position_point){ 1700000000000, { (bot_i128)123456789 * 10000000000 }, { (bot_i128)123456789 * 10000000000 }, true };
    const int one = watch_status(watch, &buf, &size);
    ck_assert_int_gt(one, 30000);
    struct watch_row **const own = a->rows, *many[500];
    for (int i = 0; i < 500; i++)
        many[i] = row;
    a->rows = many;
    a->rows_n = 500;
    const int all = watch_status(watch, &buf, &size);
    a->rows = own;
    a->rows_n = 1;
    ck_assert_msg(all > 0 && all < 3000000, "%d bytes", all); /* told at all, and no megabytes four times a second */
    free(buf);
    end(1);
}

TEST(watch_server, a_route_that_is_gone_after_a_reload_fails_no_more_and_what_it_had_not_told_is_said)
{
    static const char *const none[] = { "" };
    uv_loop_init(&loop);
    open_hook(&loop);
    open_papers(none, 1);
    char path[300], before[sizeof config_text], why[WATCH_WHY_MAX];
    snprintf(path, sizeof path, "%s/w.json", scratch_directory());
    snprintf(before, sizeof before, "%s", config_text);
    config_add("\"alerts\": {\"routes\": [{\"name\": \"one\", \"type\": \"command\", \"command\": [\"/bin/false\"]}]}}");
    open_watch();
    watch->path = path;
    watch_alert_event(&watch->alerts, WATCH_RULE_FORCED_TRADE, "p0", "X", watch_wall_ms(), "liquidation");
    for (int i = 0; i < 100 && watch_alerts_firing(&watch->alerts, WATCH_RULE_DELIVERY) == 0; i++) loop_for(&loop, 20);
    ck_assert_uint_eq(watch_alerts_firing(&watch->alerts, WATCH_RULE_DELIVERY), 1);
    FILE *f = fopen(path, "w");
    fprintf(f, "%s\"alerts\": {\"routes\": [{\"name\": \"two\", \"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/\"}]}}", before, bot__server_port(hook));
    fclose(f);
    ck_assert_int_eq(watch_reload(watch, why), 0);
    ck_assert_msg(strstr(why, "; 1 undelivered alert of routes that are gone was dropped") != NULL, "%s", why);
    for (int i = 0; i < 100 && got_n == 0; i++) loop_for(&loop, 20);
    ck_assert_ptr_nonnull(strstr(got[0], "1 alert had not got through when the configuration was read again without its route"));
    bool ends = false;
    for (int i = 0; i < WATCH_ALERTS_MAX; i++)
        ends |= strcmp(watch->alerts.list[i].instrument, "one") == 0 && watch->alerts.list[i].clear_ms != 0;
    ck_assert(ends);
    end(1);
}

TEST(watch_server, a_bad_file_changes_nothing_at_reload_and_a_good_one_at_once)
{
    static const char *const none[] = { "" };
    uv_loop_init(&loop);
    open_papers(none, 1);
    char path[300], before[sizeof config_text], why[WATCH_WHY_MAX];
    snprintf(path, sizeof path, "%s/w.json", scratch_directory());
    snprintf(before, sizeof before, "%s", config_text);
    config_add("\"alerts\": {\"routes\": [{\"name\": \"one\", \"type\": \"stderr\"}]}}");
    open_watch();
    watch->path = path;
    loop_for(&loop, 300);
    FILE *f = fopen(path, "w");
    fprintf(f, "%s\"alertz\": {}}", before);
    fclose(f);
    ck_assert_int_lt(watch_reload(watch, why), 0);
    ck_assert_ptr_nonnull(strstr(why, "did you mean \"alerts\"?"));
    ck_assert_uint_eq(deliver_routes(watch->deliver), 1);
    f = fopen(path, "w");
    fprintf(f, "%s\"alerts\": {\"routes\": [{\"name\": \"one\", \"type\": \"stderr\"}, {\"name\": \"two\", \"type\": \"stderr\"}]}}", before);
    fclose(f);
    ck_assert_int_eq(watch_reload(watch, why), 0);
    ck_assert_ptr_null(strstr(why, "restart"));
    ck_assert_uint_eq(deliver_routes(watch->deliver), 2);
    f = fopen(path, "w");
    fprintf(f, "%s\"http\": {\"listen\": \"127.0.0.1:1\"}}", before);
    fclose(f);
    ck_assert_int_eq(watch_reload(watch, why), 0);
    ck_assert_ptr_nonnull(strstr(why, "restart"));
    loop_for(&loop, 300);
    end(1);
}
