/* botctl watch: drift alerting on accounts, with metrics and a page. botctl config: its configuration. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/json.h"
#include "botctl.h"
#include "venue/venue.h"
#include "watch/watch.h"

struct run {
    uv_loop_t     loop;
    uv_signal_t   interrupt, terminate, reload;
    uv_timer_t    end;
    struct watch *watch;
    bool          ending, failed;
};

static void end(struct run *r)
{
    if (r->ending)
        return;
    r->ending = true;
    watch_close(r->watch, NULL, NULL);
    r->watch = NULL;
    uv_close((uv_handle_t *)&r->interrupt, NULL);
    uv_close((uv_handle_t *)&r->terminate, NULL);
    uv_close((uv_handle_t *)&r->reload, NULL);
    uv_close((uv_handle_t *)&r->end, NULL);
}

static void on_interrupt(uv_signal_t *signal, int number)
{
    (void)number;
    end(signal->data);
}

static void on_reload(uv_signal_t *signal, int number)
{
    struct run *r = signal->data;
    char why[WATCH_WHY_MAX];
    (void)number;
    const int done = watch_reload(r->watch, why);
    (void)watch_say("botctl watch: %s%s", why, done < 0 ? " (nothing was changed)" : "");
}

static void on_end(uv_timer_t *timer) { end(timer->data); }

/* Every route has had the test alert, or was refused it three times. */
static bool told_of_all(const struct deliver *d)
{
    for (uint32_t i = 0; i < deliver_routes(d); i++) {
        struct deliver_route_view v;
        deliver_route_get(d, i, &v);
        if (v.delivered == 0 && v.failed == 0 && v.retried < 3)
            return false;
    }
    return true;
}

/* A test alert: until that is so, or thirty seconds. */
static void on_test(uv_timer_t *timer)
{
    struct run *r = timer->data;
    static uint64_t begun;
    if (begun == 0) {
        begun = uv_now(&r->loop);
        watch_test_alert(r->watch);
        return;
    }
    if (!deliver_idle(r->watch->deliver) && !told_of_all(r->watch->deliver) && uv_now(&r->loop) - begun < 30000)
        return;
    for (uint32_t i = 0; i < deliver_routes(r->watch->deliver); i++) {
        struct deliver_route_view v;
        deliver_route_get(r->watch->deliver, i, &v);
        const bool good = v.delivered != 0;
        r->failed |= !good;
        char line[400];
        struct json_out o;
        bot__jo_init(&o, line, sizeof line);
        bot__jo_object(&o, NULL);
        bot__jo_str(&o, "event", "test_alert");
        bot__jo_str(&o, "route", v.name);
        bot__jo_str(&o, "type", v.type);
        bot__jo_bool(&o, "delivered", good);
        bot__jo_object_end(&o);
        if (bot__jo_end(&o) > 0) puts(line);
        if (!good && watch_alerts_firing(&r->watch->alerts, WATCH_RULE_TEST) == 0)
            fprintf(stderr, "botctl watch: nothing was sent: the rule \"test\" is not enabled\n");
        else if (!good)
            fprintf(stderr, "botctl watch: route \"%s\" (%s): %s\n", v.name, v.type, v.why[0] != '\0' ? v.why : "no answer within 30 s");
    }
    end(r);
}

static int run_watch(struct run *r, const char *path, struct watch_config *config, bool test, double seconds)
{
    char why[WATCH_WHY_MAX];
    (void)uv_loop_init(&r->loop);
    int status = 0;
    if (watch_open(&r->loop, path, config, test, &r->watch, why) < 0) {
        fprintf(stderr, "botctl watch: %s\n", why);
        status = EXIT_FOUND_WRONG;
    } else {
        uv_signal_t *const signals[] = { &r->interrupt, &r->terminate, &r->reload };
        const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
        for (int i = 0; i < 3; i++) {
            (void)uv_signal_init(&r->loop, signals[i]);
            signals[i]->data = r;
            (void)uv_signal_start(signals[i], i == 2 ? on_reload : on_interrupt, numbers[i]);
        }
        (void)uv_timer_init(&r->loop, &r->end);
        r->end.data = r;
        if (test)
            (void)uv_timer_start(&r->end, on_test, 50, 50);
        else if (seconds > 0)
            (void)uv_timer_start(&r->end, on_end, (uint64_t)(seconds * 1000), 0);
        if (r->watch->httpd != NULL)
            fprintf(stderr, "botctl watch: page, /metrics and /api/status at %s://%.*s:%u/\n", r->watch->config->http.cert_file != NULL ? "https" : "http",
                    (int)(strrchr(r->watch->config->http.listen, ':') - r->watch->config->http.listen), r->watch->config->http.listen,
                    httpd_port(r->watch->httpd));
    }
    uv_run(&r->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&r->loop);
    return status != 0 ? status : r->failed ? EXIT_FOUND_WRONG : 0;
}

static int watch(int argc, char **argv)
{
    const char *path = NULL;
    bool test = false;
    double seconds = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--test-alert") == 0) {
            test = true;
        } else if (strcmp(argv[i], "--seconds") == 0) {
            char *stop = NULL;
            seconds = i + 1 < argc ? strtod(argv[++i], &stop) : 0;
            if (stop == NULL || *stop != '\0' || !(seconds > 0 && seconds < 1e9)) return botctl_usage("watch", "--seconds needs a number above 0");
        } else if (argv[i][0] == '-' || path != NULL) {
            return botctl_usage("watch", "'%s' is not understood", argv[i]);
        } else {
            path = argv[i];
        }
    }
    if (path == NULL) return botctl_usage("watch", "which configuration? `botctl config example --venue bybit > watch.json` writes one");
    struct watch_config config;
    char why[WATCH_WHY_MAX];
    if (watch_config_read(path, &config, why) < 0) {
        fprintf(stderr, "botctl watch: %s\n", why);
        return EXIT_USAGE;
    }
    if (test && config.alerts.routes_n == 0) {
        fprintf(stderr, "botctl watch: %s: alerts.routes is empty: alerts would reach nobody\n", path);
        watch_config_free(&config);
        return EXIT_FOUND_WRONG;
    }
    struct run *r = calloc(1, sizeof *r);
    if (r == NULL) {
        watch_config_free(&config);
        return EXIT_FOUND_WRONG;
    }
    const int status = run_watch(r, path, &config, test, seconds);
    free(r);
    return status;
}

const struct command command_watch = {
    .name = "watch",
    .synopsis = "CONFIG [--test-alert] [--seconds S]",
    .summary = "drift alerting on any number of accounts, with metrics and a page; sends no orders",
    .help = "Computes every position from the account's own fills, compares it with REST, and raises its voice\n"
            "when they do not come together, when streams or answers fail, or when the venue slows down. A\n"
            "read-only key is enough. CONFIG is a JSON file with comments: `botctl config example --venue bybit`\n"
            "writes one, `botctl doctor CONFIG` tries it out.\n\n"
            "Serves a page at /, /api/status (JSON), /metrics (OpenMetrics) and /healthz, by default on\n"
            "127.0.0.1:8723. SIGHUP reads CONFIG again: alert rules and routes change at once, accounts and http\n"
            "need a restart; a file with a fault changes nothing. SIGTERM and SIGINT end it. --test-alert sends\n"
            "one alert through every route, says what became of it and ends; exit status 1 if one did not get\n"
            "through. --seconds ends it after so long. Exit status 2: CONFIG cannot be read, or has a fault.\n",
    .run = watch,
};

/* Without them the file can be read, but no fill. */
static bool secrets_there(const char *path, const struct watch_config *c)
{
    bool good = true;
    for (uint32_t i = 0; i < c->accounts_n; i++) {
        const struct watch_account_config *a = &c->accounts[i];
        const struct venue *v = bot__venue_find(a->venue);
        const struct { const char *name, *text; bool wanted; } keys[] = { { "key", a->key, true }, { "secret", a->secret, bot__venue_has_secret(v) },
                                                                          { "passphrase", a->passphrase, bot__venue_has_passphrase(v) } };
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            if (keys[k].wanted && (keys[k].text == NULL || keys[k].text[0] == '\0')) {
                fprintf(stderr, "botctl config: %s: accounts[%u]: \"%s\" is missing: %s asks for one; write {\"env\": \"NAME\"} or {\"file\": \"PATH\"}\n", path, i,
                        keys[k].name, a->venue);
                good = false;
            }
    }
    return good;
}

static int config(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "example") == 0 && (argc != 4 || strcmp(argv[2], "--venue") != 0))
        return botctl_usage("config", "of which venue? config example --venue NAME");
    if (argc >= 2 && strcmp(argv[1], "check") == 0 && argc != 3)
        return botctl_usage("config", "which file? One at a time");
    if (argc == 4 && strcmp(argv[1], "example") == 0) {
        char text[4096];
        if (botctl_venue("config", argv[3]) == NULL) return EXIT_USAGE;
        const int n = watch_config_example(argv[3], text, sizeof text);
        if (n < 0) return EXIT_FOUND_WRONG;
        fwrite(text, 1, (size_t)n, stdout);
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "check") == 0) {
        struct watch_config c;
        char why[WATCH_WHY_MAX];
        if (watch_config_read(argv[2], &c, why) < 0) {
            fprintf(stderr, "botctl config: %s\n", why);
            return EXIT_FOUND_WRONG;
        }
        if (!secrets_there(argv[2], &c)) {
            watch_config_free(&c);
            return EXIT_FOUND_WRONG;
        }
        printf("%s: good: %u account%s, %u alert route%s\n", argv[2], c.accounts_n, c.accounts_n == 1 ? "" : "s", c.alerts.routes_n, c.alerts.routes_n == 1 ? "" : "s");
        watch_config_free(&c);
        return 0;
    }
    return botctl_usage("config", "say what: example or check");
}

const struct command command_config = {
    .name = "config",
    .synopsis = "example --venue NAME | check FILE",
    .summary = "writes an example configuration of `botctl watch`, or looks through one",
    .help = "`example` prints a complete file with comments. `check` reads a file as `botctl watch` would,\n"
            "secrets included, and names the place of the first fault (FILE:LINE:COLUMN) and what to do about\n"
            "it; exit status 1 then.\n\n"
            "To try the watch without a key: run the lines that `botctl paper` gives to copy; `example` then\n"
            "writes a configuration for that exchange.\n",
    .run = config,
};
