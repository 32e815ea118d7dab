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

#define PLACES 2

static uv_loop_t loop;
static struct paper *papers[PLACES];
static struct watch *watch;
static bool all_closed;

static void set_flag(void *user_data) { *(bool *)user_data = true; }

/* ---- where alerts arrive ---- */

static struct server *hook;
static char   got[200][700];
static int    got_n, refuse_first;
static const char *last_path;
static bool   hang;          /* the next request is answered when the test says so */
static uint64_t hung;

static void on_request(void *user_data, uint64_t token, const struct server_request *rq)
{
    (void)user_data;
    static char path[200];
    snprintf(path, sizeof path, "%s", rq->path);
    last_path = path;
    if (hang) {
        hang = false;
        hung = token;
        return;
    }
    if (refuse_first > 0) {
        refuse_first--;
        (void)bot__server_answer(hook, token, &(struct server_answer){ .status = 503 });
        return;
    }
    ck_assert_int_lt(got_n, 200);
    snprintf(got[got_n++], sizeof got[0], "%.*s", (int)rq->body.len, rq->body.p);
    (void)bot__server_answer(hook, token, &(struct server_answer){ .status = 200, .body = { "{}", 2 } });
}

static void open_hook(void)
{
    static const struct server_callbacks callbacks = { .request = on_request };
    ck_assert_int_eq(bot__server_open(&loop, &(struct server_options){ .port = 0 }, &callbacks, NULL, &hook), 0);
}

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

static char config_text[8192];

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
    va_list ap;
    const size_t n = strlen(config_text);
    va_start(ap, format);
    vsnprintf(config_text + n, sizeof config_text - n, format, ap);
    va_end(ap);
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
        add("%s{\"name\": \"p%d\", \"venue\": \"bybit\", \"key\": {\"env\": \"K\"}, \"secret\": {\"env\": \"S\"}, \"instruments\": [\"BTCUSDT\"], \"monitors\": false,"
            "\"rest_url\": \"%s\", \"ws_private_url\": \"%s\", \"ws_public_url\": \"%s\", \"ca_file\": \"%s\"}",
            i != 0 ? "," : "{\"accounts\": [", i, paper_rest_url(papers[i]), paper_ws_private_url(papers[i]), paper_ws_public_url(papers[i]),
            paper_ca_file(papers[i]));
    }
    add("], ");
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
    open_hook();
    open_papers(faults, PLACES);
    add("\"http\": {\"listen\": \"127.0.0.1:0\"}, \"alerts\": {\"max_per_minute\": 600, \"routes\": [{\"type\": \"webhook\", \"min_severity\": \"info\", \"url\": \"http://127.0.0.1:%u/hook?x=1\"}]}}",
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

TEST(watch, what_an_alert_says_on_standard_error_is_not_logged_there_as_well)
{
    static const char *const faults[] = { "at 2s trade qty=0.5 side=buy account=1\nat 4s liquidate account=1\n" };
    uv_loop_init(&loop);
    char *path = strdup(scratch_directory()), file[300], said[8192];
    snprintf(file, sizeof file, "%s/stderr", path);
    free(path);
    open_papers(faults, 1);
    add("\"alerts\": {\"max_per_minute\": 600, \"routes\": [{\"type\": \"stderr\", \"min_severity\": \"info\"}]}}");
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
    ck_assert_msg(strstr(said, "forced_trade: sell of ") != NULL && strstr(said, "liquidation") != NULL, "%s", said);
    ck_assert_msg(strstr(said, "EXTERNAL_FILL") == NULL, "%s", said);
    end(1);
}

/* The venue moves a position that no fill explains (there is no such fault: a watch with a journal of another life stands for it). */
TEST(watch, what_an_account_holds_at_the_first_look_is_no_drift_and_at_a_later_one_it_is)
{
    static const char *const faults[] = { "at 0s trade qty=0.5 side=buy account=1\n" };
    uv_loop_init(&loop);
    open_hook();
    open_papers(faults, 1);
    loop_for(&loop, 300);
    char *journal = strdup(scratch_directory());
    *strrchr(config_text, '}') = '\0'; /* of the account */
    add(", \"journal\": \"%s/watch-journal\"}], \"alerts\": {\"max_per_minute\": 600, \"routes\": [{\"type\": \"webhook\", \"min_severity\": \"info\", \"url\": \"http://127.0.0.1:%u/\"}]}}",
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

/* ---- routes ---- */

static struct watch_config config;
static struct deliver *routes;
static int results[3];
static bool routes_closed;
static void on_result(void *user_data, uint64_t id, enum watch_delivery delivery)
{
    (void)user_data, (void)id;
    results[delivery == DELIVERY_DELIVERED ? 0 : delivery == DELIVERY_RETRYING ? 1 : 2]++;
}

static void open_routes(const char *text)
{
    char why[WATCH_WHY_MAX], whole[2000];
    snprintf(whole, sizeof whole, "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {%s}}", text);
    ck_assert_msg(watch_config_parse("w.json", whole, strlen(whole), &config, why) == BOT_OK, "%s", why);
    ck_assert_msg(deliver_open(&loop, &config, on_result, NULL, &routes, why) == BOT_OK, "%s", why);
}

static void close_routes(void)
{
    deliver_close(routes, NULL, set_flag, &routes_closed);
    UNTIL(&loop, routes_closed);
    watch_config_free(&config);
    if (hook != NULL) bot__server_close(hook, NULL, NULL);
    loop_must_close(&loop);
}

static struct watch_alert an_alert(uint64_t id)
{
    struct watch_alert a = { .id = id, .state = ALERT_FIRING, .rule = WATCH_RULE_DRIFT, .severity = WATCH_CRITICAL, .since_ms = 1 };
    snprintf(a.account, sizeof a.account, "main");
    snprintf(a.text, sizeof a.text, "our fills give 1, the venue says \"2\"");
    return a;
}

TEST(watch_routes, every_kind_says_it_in_the_words_of_its_place)
{
    uv_loop_init(&loop);
    open_hook();
    setenv("TG", "123:abc", 1);
    char text[1200], file[300];
    snprintf(file, sizeof file, "%s/alerts.jsonl", scratch_directory());
    const unsigned port = bot__server_port(hook);
    snprintf(text, sizeof text,
             "\"routes\": [{\"type\": \"slack\", \"url\": \"http://127.0.0.1:%u/s\"}, {\"type\": \"discord\", \"url\": \"http://127.0.0.1:%u/d\"},"
             "{\"type\": \"telegram\", \"url\": \"http://127.0.0.1:%u\", \"token\": {\"env\": \"TG\"}, \"chat_id\": \"42\"},"
             "{\"type\": \"file\", \"path\": \"%s\"}, {\"type\": \"command\", \"command\": [\"/bin/sh\", \"-c\", \"cat > %s.command\"]}]",
             port, port, port, file, file);
    open_routes(text);
    const struct watch_alert a = an_alert(1);
    deliver_alert(routes, &a);
    for (int i = 0; i < 100 && !deliver_idle(routes); i++) loop_for(&loop, 50);
    ck_assert_int_eq(results[0], 5);
    bool slack = false, discord = false, telegram = false;
    for (int i = 0; i < got_n; i++) {
        slack |= strstr(got[i], "{\"text\":\"[critical] main drift: our fills give 1, the venue says \\\"2\\\"\"}") == got[i];
        discord |= strstr(got[i], "{\"content\":\"[critical] main drift:") == got[i];
        telegram |= strstr(got[i], "{\"chat_id\":\"42\",\"text\":\"[critical] main drift:") == got[i];
    }
    ck_assert(slack && discord && telegram);
    char path[320];
    snprintf(path, sizeof path, "%s.command", file);
    char *one = test_read_file(file, NULL), *two = test_read_file(path, NULL);
    ck_assert_str_eq(one, two);
    ck_assert_int_eq(strncmp(one, "{\"event\":\"alert\",\"id\":1,\"rule\":\"drift\",\"severity\":\"critical\",\"state\":\"firing\",\"account\":\"main\"", 90), 0);
    free(one);
    free(two);
    close_routes();
}

TEST(watch_routes, what_does_not_get_through_is_tried_again_in_order)
{
    uv_loop_init(&loop);
    open_hook();
    char text[300];
    snprintf(text, sizeof text, "\"routes\": [{\"name\": \"ops\", \"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/\"}]", bot__server_port(hook));
    open_routes(text);
    refuse_first = 2;
    for (uint64_t id = 1; id <= 3; id++) {
        const struct watch_alert a = an_alert(id);
        deliver_alert(routes, &a);
    }
    loop_for(&loop, 300);
    struct deliver_route_view v;
    deliver_route_get(routes, 0, &v);
    ck_assert(v.failing);
    ck_assert_str_eq(v.why, "answered with status 503");
    ck_assert_uint_eq(v.queued, 3);
    for (int i = 0; i < 200 && !deliver_idle(routes); i++) loop_for(&loop, 50);
    ck_assert_int_eq(got_n, 3);
    for (int i = 0; i < 3; i++) {
        char id[20];
        snprintf(id, sizeof id, "\"id\":%d,", i + 1);
        ck_assert_ptr_nonnull(strstr(got[i], id));
    }
    ck_assert_int_eq(results[0], 3);
    ck_assert_int_eq(results[1], 2);
    close_routes();
}

TEST(watch_routes, behind_a_hook_that_hangs_the_newest_alerts_are_kept)
{
    uv_loop_init(&loop);
    open_hook();
    char text[300];
    snprintf(text, sizeof text, "\"max_per_minute\": 600, \"routes\": [{\"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/\"}]", bot__server_port(hook));
    open_routes(text);
    hang = true;
    for (uint64_t id = 1; id <= 70; id++) { /* 64 fit */
        const struct watch_alert a = an_alert(id);
        deliver_alert(routes, &a);
        for (int i = 0; id == 1 && i < 100 && hung == 0; i++) loop_for(&loop, 20);
    }
    ck_assert_int_eq(results[2], 6);
    (void)bot__server_answer(hook, hung, &(struct server_answer){ .status = 200, .body = { "{}", 2 } });
    for (int i = 0; i < 200 && !deliver_idle(routes); i++) loop_for(&loop, 20);
    ck_assert_int_eq(got_n, 63); /* and the one that hung, which is not counted */
    for (int i = 0; i < 63; i++) {
        char id[20];
        snprintf(id, sizeof id, "\"id\":%d,", i + 8);
        ck_assert_ptr_nonnull(strstr(got[i], id));
    }
    ck_assert_int_eq(results[0], 64);
    close_routes();
}

TEST(watch_routes, a_disk_that_is_full_in_the_middle_of_a_line_spoils_no_other)
{
    uv_loop_init(&loop);
    char text[400], file[300];
    snprintf(file, sizeof file, "%s/alerts.jsonl", scratch_directory());
    snprintf(text, sizeof text, "\"routes\": [{\"type\": \"file\", \"path\": \"%s\"}]", file);
    open_routes(text);
    struct rlimit whole, small;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &whole), 0);
    small = whole;
    small.rlim_cur = 20;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    const struct watch_alert a = an_alert(1);
    deliver_alert(routes, &a);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &whole), 0);
    ck_assert_int_eq(results[1], 1);
    for (int i = 0; i < 100 && !deliver_idle(routes); i++) loop_for(&loop, 50);
    char *said = test_read_file(file, NULL);
    ck_assert_ptr_eq(strstr(said, "\n{\"event\":\"alert\",\"id\":1,"), said + 20);
    free(said);
    close_routes();
}

TEST(watch_routes, a_failing_command_or_a_dead_address_is_said_and_severity_chooses)
{
    uv_loop_init(&loop);
    char text[600];
    snprintf(text, sizeof text, "\"routes\": [{\"name\": \"dead\", \"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/\"},"
             "{\"name\": \"false\", \"type\": \"command\", \"command\": [\"/bin/false\"]}, {\"name\": \"none\", \"type\": \"command\", \"command\": [\"/no/such/program\"]},"
             "{\"name\": \"high\", \"type\": \"file\", \"path\": \"/proc/no/such/file\", \"min_severity\": \"critical\"}]", free_port());
    open_routes(text);
    struct watch_alert a = an_alert(1);
    a.severity = WATCH_WARNING;
    deliver_alert(routes, &a);
    loop_for(&loop, 800);
    static const char *const says[] = { "", "the command ended with status 1", "no such file or directory" };
    for (uint32_t i = 0; i < 4; i++) {
        struct deliver_route_view v;
        deliver_route_get(routes, i, &v);
        ck_assert_msg(v.failing == (i < 3), "route %s", v.name);
        if (i == 1 || i == 2) ck_assert_str_eq(v.why, says[i]);
        ck_assert_uint_eq(v.queued, i < 3);
    }
    ck_assert_int_eq(results[0], 0);
    close_routes();
}

/* Who watches the watch: the calls stop while alerts reach nobody, and with the watch. */
TEST(watch_routes, the_heartbeat_is_heard_while_alerts_get_through_and_no_longer)
{
    char text[600];
    uv_loop_init(&loop);
    open_hook();
    /* The route writes a file that cannot be made. */
    snprintf(text, sizeof text, "\"heartbeat\": {\"url\": \"http://127.0.0.1:%u/beat?me=1\", \"every_s\": 1}, \"routes\": [{\"type\": \"file\", \"path\": \"%s/none/a\", \"min_severity\": \"info\"}]",
             bot__server_port(hook), scratch_directory());
    open_routes(text);
    loop_for(&loop, 2600);
    ck_assert_msg(got_n >= 2 && got_n <= 4, "%d calls in 2.6 s", got_n);
    ck_assert_str_eq(last_path, "/beat?me=1");
    refuse_first = 1; /* a call that fails is no end of them */
    const int before = got_n;
    loop_for(&loop, 2600);
    ck_assert_msg(refuse_first == 0 && got_n > before, "%d calls, then %d", before, got_n);
    const struct watch_alert a = an_alert(1);
    deliver_alert(routes, &a);
    loop_for(&loop, 500); /* one that was under way may still come */
    const int failing = got_n;
    loop_for(&loop, 2200);
    ck_assert_int_eq(got_n, failing);
    close_routes();
}

TEST(watch_routes, a_storm_is_told_in_one_line)
{
    uv_loop_init(&loop);
    open_hook();
    char text[300];
    snprintf(text, sizeof text, "\"max_per_minute\": 5, \"routes\": [{\"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/\"}]", bot__server_port(hook));
    open_routes(text);
    for (uint64_t id = 1; id <= 50; id++) {
        const struct watch_alert a = an_alert(id);
        deliver_alert(routes, &a);
    }
    for (int i = 0; i < 100 && !deliver_idle(routes); i++) loop_for(&loop, 20);
    ck_assert_int_eq(got_n, 5);
    close_routes();
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
    add("\"http\": {\"listen\": \"127.0.0.1:0\", \"token\": {\"env\": \"WT\"}}}");
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

TEST(watch_server, a_bad_file_changes_nothing_at_reload_and_a_good_one_at_once)
{
    static const char *const none[] = { "" };
    uv_loop_init(&loop);
    open_papers(none, 1);
    char path[300], before[8192], why[WATCH_WHY_MAX];
    snprintf(path, sizeof path, "%s/w.json", scratch_directory());
    snprintf(before, sizeof before, "%s", config_text);
    add("\"alerts\": {\"routes\": [{\"name\": \"one\", \"type\": \"stderr\"}]}}");
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
