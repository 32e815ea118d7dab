/* The ways that alerts take to people, and what becomes of those that do not get through. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "loop.h"
#include "watch/watch.h"
#include "watch_kit.h"

static uv_loop_t loop;

static void set_flag(void *user_data) { *(bool *)user_data = true; }

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
    open_hook(&loop);
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

TEST(watch_routes, telegram_behind_a_server_of_ones_own_keeps_its_path)
{
    uv_loop_init(&loop);
    open_hook(&loop);
    setenv("TG", "123:abc", 1);
    char text[300];
    snprintf(text, sizeof text, "\"routes\": [{\"type\": \"telegram\", \"url\": \"http://127.0.0.1:%u/tg/\", \"token\": {\"env\": \"TG\"}, \"chat_id\": \"42\"}]", bot__server_port(hook));
    open_routes(text);
    const struct watch_alert a = an_alert(1);
    deliver_alert(routes, &a);
    for (int i = 0; i < 100 && !deliver_idle(routes); i++) loop_for(&loop, 20);
    ck_assert_str_eq(last_path, "/tg/bot123:abc/sendMessage");
    close_routes();
}

TEST(watch_routes, what_does_not_get_through_is_tried_again_in_order)
{
    uv_loop_init(&loop);
    open_hook(&loop);
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

static int heard(const char *text)
{
    for (int i = 0; i < got_n; i++)
        if (strstr(got[i], text) != NULL) return i;
    return -1;
}

/* A receiver that takes all but one alert (a text that its templates break on) is not down: the others are not his fault. Where he says
 * so by what a receiver that is down says as well, three tries are made in order first. */
TEST(watch_routes, an_alert_that_the_hook_refuses_holds_no_other_up_and_is_never_told_after_its_end)
{
    static const char *const paths[] = { "500", "503" };
    for (int k = 0; k < 2; k++) {
        uv_loop_init(&loop);
        open_hook(&loop);
        char text[300];
        snprintf(text, sizeof text, "\"routes\": [{\"name\": \"ops\", \"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/%s\"}]", bot__server_port(hook), paths[k]);
        open_routes(text);
        refuse_text = "\"id\":1,";
        for (uint64_t id = 1; id <= 3; id++) {
            const struct watch_alert a = an_alert(id);
            deliver_alert(routes, &a);
        }
        struct watch_alert over = an_alert(1);
        over.state = ALERT_RESOLVED;
        deliver_alert(routes, &over);
        struct deliver_route_view v;
        deliver_route_get(routes, 0, &v);
        for (int i = 0; i < 400 && v.delivered < 2; i++) {
            loop_for(&loop, 25);
            deliver_route_get(routes, 0, &v);
        }
        ck_assert_int_eq(got_n, 2);
        ck_assert(heard("\"id\":2,") == 0 && heard("\"id\":3,") == 1);
        ck_assert(v.failing && v.queued == 2 && v.why[0] != '\0'); /* one of its alerts has not got through */
        refuse_text = NULL;
        for (int i = 0; i < 800 && !deliver_idle(routes); i++) loop_for(&loop, 25);
        ck_assert_int_eq(got_n, 4);
        ck_assert(strstr(got[2], "firing") != NULL && strstr(got[3], "resolved") != NULL);
        deliver_route_get(routes, 0, &v);
        ck_assert(!v.failing);
        close_routes();
        hook = NULL;
        got_n = 0;
        routes_closed = false;
    }
}

/* A receiver that is being put in another's place, or a token that is: an alert that it takes a second later is not given up. One that can
 * never be right is. */
TEST(watch_routes, what_is_refused_for_the_address_is_tried_again_and_what_is_refused_for_itself_is_not)
{
    static const int status[] = { 401, 403, 404, 400, 413 };
    for (int k = 0; k < 5; k++) {
        uv_loop_init(&loop);
        open_hook(&loop);
        char text[300];
        snprintf(text, sizeof text, "\"routes\": [{\"name\": \"ops\", \"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/%d\"}]", bot__server_port(hook), status[k]);
        open_routes(text);
        refuse_text = "\"id\":1,";
        const struct watch_alert a = an_alert(1);
        deliver_alert(routes, &a);
        struct deliver_route_view v;
        deliver_route_get(routes, 0, &v);
        for (int i = 0; i < 400 && !v.failing; i++) {
            loop_for(&loop, 5);
            deliver_route_get(routes, 0, &v);
        }
        refuse_text = NULL;
        for (int i = 0; i < 400 && !deliver_idle(routes); i++) loop_for(&loop, 10);
        deliver_route_get(routes, 0, &v);
        ck_assert_uint_eq(v.delivered, k < 3);
        ck_assert_uint_eq(v.failed, k >= 3);
        close_routes();
        hook = NULL;
        got_n = 0;
        routes_closed = false;
    }
}

TEST(watch_routes, behind_a_hook_that_hangs_the_newest_alerts_are_kept)
{
    uv_loop_init(&loop);
    open_hook(&loop);
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
    open_hook(&loop);
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
    open_hook(&loop);
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

/* ---- what must not hold the loop up ---- */

TEST(watch_routes, a_fifo_that_nobody_reads_holds_nobody_up_and_is_told_when_somebody_does)
{
    uv_loop_init(&loop);
    char text[400], file[300], said[2000];
    snprintf(file, sizeof file, "%s/fifo", scratch_directory());
    ck_assert_int_eq(mkfifo(file, 0600), 0);
    snprintf(text, sizeof text, "\"routes\": [{\"type\": \"file\", \"path\": \"%s\"}]", file);
    open_routes(text);
    const struct watch_alert a = an_alert(1);
    deliver_alert(routes, &a); /* would not come back */
    struct deliver_route_view v;
    deliver_route_get(routes, 0, &v);
    ck_assert(v.failing && v.queued == 1);
    ck_assert_str_eq(v.why, "nobody reads it");
    const int fd = open(file, O_RDONLY | O_NONBLOCK);
    for (int i = 0; i < 100 && !deliver_idle(routes); i++) loop_for(&loop, 50);
    const ssize_t n = read(fd, said, sizeof said - 1);
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(strncmp(said, "{\"event\":\"alert\",\"id\":1,", 24), 0);
    close(fd);
    close_routes();
}

TEST(watch_routes, standard_error_that_nobody_reads_holds_nobody_up)
{
    uv_loop_init(&loop);
    int ends[2], was = dup(2);
    char block[4096], said[4096];
    memset(block, '.', sizeof block);
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    while (write(ends[1], block, sizeof block) > 0) continue;
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0); /* as a service manager's pipe is: who writes waits */
    open_routes("\"routes\": [{\"type\": \"stderr\"}]");
    ck_assert_int_eq(dup2(ends[1], 2), 2);
    const struct watch_alert a = an_alert(1);
    deliver_alert(routes, &a);
    ck_assert_int_eq(watch_say("a line of the log"), EAGAIN);
    dup2(was, 2);
    struct deliver_route_view v;
    deliver_route_get(routes, 0, &v);
    ck_assert(v.failing && v.queued == 1);
    while (read(ends[0], said, sizeof said) > 0) continue;
    ck_assert_int_eq(dup2(ends[1], 2), 2);
    for (int i = 0; i < 100 && !deliver_idle(routes); i++) loop_for(&loop, 50);
    dup2(was, 2);
    ck_assert_int_gt(read(ends[0], said, sizeof said), 0);
    ck_assert_int_eq(strncmp(said, "[critical] main drift: our fills give 1", 39), 0);
    close(ends[0]), close(ends[1]), close(was);
    close_routes();
}

TEST(watch_routes, half_a_line_of_a_run_before_is_ended_first)
{
    uv_loop_init(&loop);
    char text[400], file[300];
    snprintf(file, sizeof file, "%s/alerts.jsonl", scratch_directory());
    FILE *f = fopen(file, "w");
    ck_assert(f != NULL && fputs("{\"event\":\"alert\",\"i", f) >= 0 && fclose(f) == 0);
    snprintf(text, sizeof text, "\"routes\": [{\"type\": \"file\", \"path\": \"%s\"}]", file);
    open_routes(text);
    const struct watch_alert a = an_alert(1);
    deliver_alert(routes, &a);
    char *said = test_read_file(file, NULL);
    ck_assert_ptr_nonnull(strstr(said, "\"i\n{\"event\":\"alert\",\"id\":1,"));
    free(said);
    close_routes();
}

/* ---- which alerts wait, and which are lost ---- */

static void deliver_many(uint64_t from, uint64_t to, enum watch_severity severity)
{
    for (uint64_t id = from; id <= to; id++) {
        struct watch_alert a = an_alert(id);
        a.severity = severity;
        deliver_alert(routes, &a);
    }
}

TEST(watch_routes, a_critical_alert_does_not_wait_behind_a_storm_of_lesser_ones)
{
    uv_loop_init(&loop);
    open_hook(&loop);
    char text[300];
    snprintf(text, sizeof text, "\"max_per_minute\": 5, \"routes\": [{\"type\": \"webhook\", \"min_severity\": \"info\", \"url\": \"http://127.0.0.1:%u/\"}]", bot__server_port(hook));
    open_routes(text);
    deliver_many(1, 50, WATCH_INFO);
    deliver_many(51, 60, WATCH_WARNING);
    deliver_many(61, 70, WATCH_CRITICAL); /* which are a storm themselves */
    deliver_many(71, 80, WATCH_WARNING);
    for (int i = 0; i < 100 && !deliver_idle(routes); i++) loop_for(&loop, 20);
    static const int told[] = { 1, 2, 3, 4, 5, 51, 52, 53, 54, 55, 61, 62, 63, 64, 65 };
    ck_assert_int_eq(got_n, (int)(sizeof told / sizeof *told));
    for (int i = 0; i < got_n; i++) {
        char id[20];
        snprintf(id, sizeof id, "\"id\":%d,", told[i]);
        ck_assert_msg(strstr(got[i], id) != NULL, "not %d: %s", told[i], got[i]);
    }
    close_routes();
}

TEST(watch_routes, a_full_queue_loses_the_least_severe_first)
{
    uv_loop_init(&loop);
    open_hook(&loop);
    char text[300];
    snprintf(text, sizeof text, "\"max_per_minute\": 600, \"routes\": [{\"type\": \"webhook\", \"min_severity\": \"info\", \"url\": \"http://127.0.0.1:%u/\"}]", bot__server_port(hook));
    open_routes(text);
    hang = true;
    deliver_many(1, 1, WATCH_INFO);
    for (int i = 0; i < 100 && hung == 0; i++) loop_for(&loop, 20);
    deliver_many(2, 11, WATCH_CRITICAL);
    deliver_many(12, 31, WATCH_WARNING);
    deliver_many(32, 131, WATCH_INFO);     /* 33 of them fit */
    deliver_many(132, 191, WATCH_CRITICAL); /* 53 fit beside those that are there: no lesser one stays, */
    deliver_many(192, 192, WATCH_INFO);    /* and no more comes in */
    struct deliver_route_view v;
    deliver_route_get(routes, 0, &v);
    ck_assert_uint_eq(v.queued, 64);
    (void)bot__server_answer(hook, hung, &(struct server_answer){ .status = 200, .body = { "{}", 2 } });
    for (int i = 0; i < 200 && !deliver_idle(routes); i++) loop_for(&loop, 20);
    ck_assert_int_eq(got_n, 63);
    for (int i = 0; i < got_n; i++) /* of 70 critical ones the newest 63, in order */
        ck_assert_msg(strstr(got[i], "\"severity\":\"critical\"") != NULL, "%s", got[i]);
    ck_assert_ptr_nonnull(strstr(got[0], "\"id\":9,"));
    ck_assert_ptr_nonnull(strstr(got[62], "\"id\":191,"));
    close_routes();
}

TEST(watch_routes, what_a_renamed_route_had_not_told_goes_with_it_and_what_a_gone_one_had_not_is_counted)
{
    uv_loop_init(&loop);
    open_hook(&loop);
    const unsigned port = bot__server_port(hook), dead = free_port();
    char text[600], why[WATCH_WHY_MAX], whole[1000];
    snprintf(text, sizeof text, "\"routes\": [{\"name\": \"ops\", \"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/\"},"
             "{\"name\": \"gone\", \"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/\"}]", port, dead);
    open_routes(text);
    refuse_first = 1;
    deliver_many(1, 3, WATCH_CRITICAL);
    for (int i = 0; i < 100 && refuse_first != 0; i++) loop_for(&loop, 10);
    loop_for(&loop, 200);
    struct watch_config next;
    struct deliver *heir;
    snprintf(whole, sizeof whole, "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"name\": \"people\", \"type\": \"webhook\", \"url\": \"http://127.0.0.1:%u/\"}]}}", port);
    ck_assert_msg(watch_config_parse("w.json", whole, strlen(whole), &next, why) == BOT_OK, "%s", why);
    ck_assert_msg(deliver_open(&loop, &next, on_result, NULL, &heir, why) == BOT_OK, "%s", why);
    ck_assert_uint_eq(deliver_close(routes, heir, set_flag, &routes_closed), 3);
    ck_assert_int_eq(results[2], 3);
    struct deliver_route_view v;
    deliver_route_get(heir, 0, &v);
    ck_assert_msg(v.failing && v.queued == 3, "%u wait", v.queued); /* failing until something gets through */
    UNTIL(&loop, routes_closed);
    routes_closed = false;
    watch_config_free(&config);
    config = next;
    routes = heir;
    for (int i = 0; i < 100 && !deliver_idle(routes); i++) loop_for(&loop, 20);
    ck_assert_int_eq(got_n, 3);
    close_routes();
}
