/* The drift watch without its sockets: configuration and the life of an alert. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "bot/err.h"
#include "harness.h"
#include "venue/venue.h"
#include "watch/alert.h"
#include "watch/deliver.h"
#include "watch/doctor.h"
#include "watch/watch.h"

static char why[WATCH_WHY_MAX];

static int parse(const char *text, struct watch_config *c)
{
    memset(c, 0, sizeof *c);
    return watch_config_parse("w.json", text, strlen(text), c, why);
}

TEST(watch_config, every_venues_example_is_accepted_as_it_is)
{
    setenv("BOT_KEY", "k", 1);
    setenv("BOT_SECRET", "s", 1);
    setenv("BOT_PASSPHRASE", "p", 1);
    for (uint32_t i = 0; bot__venue_at(i) != NULL; i++) {
        char text[4096];
        struct watch_config c;
        ck_assert_int_gt(watch_config_example(bot__venue_at(i)->name, text, sizeof text), 0);
        ck_assert_msg(parse(text, &c) == BOT_OK, "%s: %s", bot__venue_at(i)->name, why);
        ck_assert_str_eq(c.accounts[0].venue, bot__venue_at(i)->name);
        ck_assert_str_eq(c.accounts[0].key, "k");
        ck_assert_uint_eq(c.alerts.routes_n, 1);
        watch_config_free(&c);
    }
    char small[10];
    ck_assert_int_eq(watch_config_example("bybit", small, sizeof small), BOT_ERR_FULL);
    ck_assert_int_eq(watch_config_example("nowhere", small, sizeof small), BOT_ERR_NOT_FOUND);
}

TEST(watch_config, a_fault_is_named_with_its_place_and_remedy)
{
    unsetenv("NOT_THERE");
    static const struct { const char *text, *says; } cases[] = {
        { "", "w.json:1:1: no JSON" },
        { "{\n  \"accounts\": [{\"venue\": \"bybit\"},]\n}", "w.json:2:" },
        { "/* open\n\n", "w.json:1:1: this comment does not end" },
        { "[]", "w.json:1:1: must be an object" },
        { "{}", "\"accounts\" is missing" },
        { "{\"accounts\": []}", "w.json:1:14: accounts: at least one account" },
        { "{\"accounts\": [{}]}", "accounts[0]: \"venue\" is missing" },
        { "{\n \"accounts\": [\n  {\"venue\": \"bybit\",\n   \"instrumets\": []}]}", "w.json:4:18: accounts[0]: there is no key \"instrumets\"; did you mean \"instruments\"?" },
        { "{\"accounts\": [{\"venue\": \"bybti\"}]}", "there is no venue \"bybti\"; known are: bybit, " },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"venue\": \"okx\"}]}", "accounts[0].venue: stands here twice" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"secret\": \"abc\"}]}", "a secret does not stand in this file; write {\"env\"" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"secret\": {\"env\": \"NOT_THERE\"}}]}", "the environment has no NOT_THERE" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"hedge\": 1}]}", "accounts[0].hedge: must be true or false" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"rate_alarms_per_day\": 0}]}", "must be a number from 0.001 to 1000" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"instruments\": [1]}]}", "each must be a string" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"rest_url\": \"wss://x\"}]}", "\"wss://x\" is no https:// URL" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}, {\"venue\": \"bybit\"}]}", "accounts[1]: accounts[0] has the name \"bybit\" already" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"http\": {\"listen\": \"8723\"}}", "must be ADDRESS:PORT" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"http\": {\"listen\": \"0.0.0.0:8723\"}}", "others can reach this address: give a \"token\"" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"http\": {\"cert_file\": \"x\"}}", "go together" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"rules\": [{\"rule\": \"drifting\"}]}}", "alerts.rules[0].rule: must be one of: drift, stale" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"max_per_minute\": 1.5}}", "must be a whole number from 1 to 600" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"type\": \"file\"}]}}", "needs a \"path\"" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"type\": \"slack\"}]}}", "needs a \"url\"" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"type\": \"slack\", \"url\": \"ftp://secret-word\"}]}}", "is no https:// URL" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"heartbeat\": {\"every_s\": 5}}}", "alerts.heartbeat: \"url\" is missing" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"heartbeat\": {\"url\": \"ftp://secret-word\"}}}", "alerts.heartbeat.url: is no https:// URL" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"type\": \"command\"}]}}", "needs a \"command\"" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"type\": \"telegram\"}]}}", "needs a \"token\"" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"name\": \"a\", \"type\": \"stderr\"}, {\"name\": \"a\", \"type\": \"stderr\"}]}}",
          "alerts.routes[1]: alerts.routes[0] has the name \"a\" already" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"name\": \"a name that is longer than an alert can hold\", \"type\": \"stderr\"}]}}",
          "alerts.routes[0]: its name is longer than 39 characters" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"name\": \"\", \"type\": \"stderr\"}]}}", "alerts.routes[0].name: must not be empty" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"name\": \"a\\u001b[31mb\"}]}", "accounts[0].name: holds a control character" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"journal\": \"\"}]}", "accounts[0].journal: must not be empty" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"journal\": \"/x\"}, {\"venue\": \"okx\", \"journal\": \"/x\"}]}", "accounts[1]: accounts[0] writes the journal \"/x\" already" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"type\": \"file\", \"path\": \"\"}]}}", "alerts.routes[0].path: must not be empty" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"instruments\": [\"BTCUSDT\", \"ETHUSDT\", \"BTCUSDT\"]}]}", "accounts[0].instruments: \"BTCUSDT\" stands here twice" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"instruments\": [\"a name that no instrument of any venue has\"]}]}", "is no instrument name" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"rules\": [{\"rule\": \"drift\", \"severity\": \"info\"}, {\"rule\": \"drift\", \"enabled\": false}]}}",
          "alerts.rules[1]: alerts.rules[0] is about \"drift\" already" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"type\": \"stderr\", \"path\": \"/x\"}]}}", "alerts.routes[0].path: a route of type stderr has none" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"type\": \"slack\", \"url\": \"https://x\", \"chat_id\": \"1\"}]}}", "alerts.routes[0].chat_id: a route of type slack has none" },
        { "{\"accounts\": [{\"venue\": \"bybit\", \"name\": \"B\xfcro\"}]}", "w.json:1:44: no UTF-8 from here on" },
        { "{\"accounts\": [{\"venue\": \"bybit\"}]} extra", "no JSON from here on" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct watch_config c;
        ck_assert_msg(parse(cases[i].text, &c) == BOT_ERR_OPTIONS, "accepted: %s", cases[i].text);
        ck_assert_msg(strstr(why, cases[i].says) != NULL, "%s\nsays: %s\nnot:  %s", cases[i].text, why, cases[i].says);
        ck_assert_ptr_null(strstr(why, "secret-word"));
        ck_assert_ptr_null(c.accounts); /* nothing half applied */
    }
}

/* Names are how a failing route is told of, how the queue finds its way over a reload, and labels in /metrics: two alike would be one. */
TEST(watch_config, routes_without_a_name_get_different_ones)
{
    struct watch_config c;
    ck_assert_msg(parse("{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {\"routes\": [{\"type\": \"stderr\"}, {\"type\": \"stderr\"}, {\"type\": \"stderr\", \"name\": \"stderr-2\"},"
                        "{\"type\": \"file\", \"path\": \"/a\"}, {\"type\": \"stderr\"}]}}", &c) == BOT_OK, "%s", why);
    static const char *const names[] = { "stderr", "stderr-3", "stderr-2", "file", "stderr-4" };
    for (int i = 0; i < 5; i++)
        ck_assert_str_eq(c.alerts.routes[i].name, names[i]);
    watch_config_free(&c);
}

TEST(watch_config, the_mark_of_an_editor_is_no_fault)
{
    struct watch_config c;
    ck_assert_msg(parse("\xef\xbb\xbf{\"accounts\": [{\"venue\": \"bybit\", \"name\": \"B\xc3\xbcro\"}]}\r\n", &c) == BOT_OK, "%s", why);
    ck_assert_str_eq(c.accounts[0].name, "B\xc3\xbcro");
    watch_config_free(&c);
    ck_assert_int_eq(parse("\xef\xbb", &c), BOT_ERR_OPTIONS);
}

TEST(watch_config, a_file_that_would_be_waited_for_is_refused)
{
    char path[] = "/tmp/watch-config-XXXXXX", fifo[64], text[256];
    ck_assert_ptr_nonnull(mkdtemp(path));
    snprintf(fifo, sizeof fifo, "%s/fifo", path);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    struct watch_config c;
    snprintf(text, sizeof text, "{\"accounts\": [{\"venue\": \"bybit\", \"secret\": {\"file\": \"%s\"}}]}", fifo);
    ck_assert_int_eq(parse(text, &c), BOT_ERR_OPTIONS);
    ck_assert_msg(strstr(why, "is no regular file") != NULL, "%s", why);
    ck_assert_int_eq(watch_config_reread(fifo, &c, why), BOT_ERR_OPTIONS);
    ck_assert_msg(strstr(why, "is no regular file: it cannot be read again") != NULL, "%s", why);
    unlink(fifo);
    rmdir(path);
}

TEST(watch_config, any_cut_of_a_good_file_is_refused_or_good)
{
    setenv("BOT_KEY", "k", 1);
    setenv("BOT_SECRET", "s", 1);
    char text[4096];
    const int n = watch_config_example("bybit", text, sizeof text);
    struct watch_config c = { 0 };
    for (int len = 0; len < n - 2; len++) {
        ck_assert_int_eq(watch_config_parse("w.json", text, (size_t)len, &c, why), BOT_ERR_OPTIONS);
        ck_assert_int_eq(strncmp(why, "w.json:", 7), 0);
    }
    for (int i = 0; i < n; i++) { /* any byte changed: no crash, and a reason when refused */
        const char was = text[i];
        for (int k = 0; k < 3; k++) {
            text[i] = "\0{\""[k];
            memset(&c, 0, sizeof c);
            if (watch_config_parse("w.json", text, (size_t)n, &c, why) == BOT_OK) watch_config_free(&c);
            else ck_assert_int_ne(why[0], '\0');
        }
        text[i] = was;
    }
}

TEST(watch_config, a_secret_file_that_others_may_read_is_refused)
{
    char path[] = "/tmp/watch-secret-XXXXXX", text[256];
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)write(fd, "hush\nmore\n", 10), 10);
    snprintf(text, sizeof text, "{\"accounts\": [{\"venue\": \"bybit\", \"secret\": {\"file\": \"%s\"}}]}", path);
    struct watch_config c;
    ck_assert_int_eq(fchmod(fd, 0644), 0);
    ck_assert_int_eq(parse(text, &c), BOT_ERR_OPTIONS);
    ck_assert_ptr_nonnull(strstr(why, "others may read it; run: chmod 600"));
    ck_assert_int_eq(fchmod(fd, 0440), 0);
    ck_assert_int_eq(parse(text, &c), BOT_ERR_OPTIONS);
    setenv("CREDENTIALS_DIRECTORY", "/tmp", 1); /* systemd's credentials are readable by an ACL, whose mask looks like the group's right */
    ck_assert_msg(parse(text, &c) == BOT_OK, "%s", why);
    watch_config_free(&c);
    ck_assert_int_eq(fchmod(fd, 0444), 0);
    ck_assert_int_eq(parse(text, &c), BOT_ERR_OPTIONS);
    unsetenv("CREDENTIALS_DIRECTORY");
    ck_assert_int_eq(fchmod(fd, 0600), 0);
    ck_assert_msg(parse(text, &c) == BOT_OK, "%s", why);
    ck_assert_str_eq(c.accounts[0].secret, "hush");
    watch_config_free(&c);
    close(fd);
    unlink(path);
}

/* Of the instruments beyond the core's bound no position would be compared, and nobody told. */
TEST(watch_config, an_account_may_hold_as_many_instruments_as_venues_have)
{
    struct watch_config c;
    bot_account_options o;
    ck_assert_msg(parse("{\"accounts\": [{\"venue\": \"bybit\"}]}", &c) == BOT_OK, "%s", why);
    watch_account_options(&c.accounts[0], &o);
    ck_assert_uint_ge(o.core.instruments_max, 1000);
    watch_config_free(&c);
}

/* Where a section of the table stands in the schema. */
static const cJSON *schema_section(const cJSON *root, const char *section)
{
    const cJSON *at = root;
    char path[64];
    snprintf(path, sizeof path, "%s", section);
    for (char *save = NULL, *part = strtok_r(path, ".", &save); part != NULL; part = strtok_r(NULL, ".", &save)) {
        char *list = strstr(part, "[]");
        if (list != NULL) *list = '\0';
        at = cJSON_GetObjectItem(cJSON_GetObjectItem(at, "properties"), part);
        if (list != NULL) at = cJSON_GetObjectItem(at, "items");
    }
    return at;
}

struct seen { const cJSON *root; int keys; };
static void in_schema(void *user_data, const char *section, const char *key, bool required)
{
    struct seen *s = user_data;
    const cJSON *at = schema_section(s->root, section);
    ck_assert_msg(cJSON_GetObjectItem(cJSON_GetObjectItem(at, "properties"), key) != NULL, "the schema has no %s %s", section, key);
    ck_assert(cJSON_IsFalse(cJSON_GetObjectItem(at, "additionalProperties")));
    bool says = false;
    const cJSON *r;
    cJSON_ArrayForEach(r, cJSON_GetObjectItem(at, "required")) says |= strcmp(r->valuestring, key) == 0;
    ck_assert_msg(says == required, "%s %s: required in one of the two only", section, key);
    s->keys++;
}

static int count_keys(const cJSON *at)
{
    int n = 0;
    const cJSON *p;
    cJSON_ArrayForEach(p, cJSON_GetObjectItem(at, "properties"))
    {
        n++;
        if (cJSON_GetObjectItem(p, "properties") != NULL) n += count_keys(p);
        else if (cJSON_GetObjectItem(p, "items") != NULL) n += count_keys(cJSON_GetObjectItem(p, "items"));
    }
    return n;
}

TEST(watch_config, the_published_schema_knows_the_same_keys)
{
    size_t len;
    char *text = test_read_file(test_source("tools/watch/watch.schema.json"), &len);
    cJSON *root = cJSON_Parse(text);
    ck_assert_ptr_nonnull(root);
    struct seen s = { root, 0 };
    watch_config_keys(in_schema, &s);
    ck_assert_int_eq(count_keys(root), s.keys); /* and no key more */
    const cJSON *rules = cJSON_GetObjectItem(cJSON_GetObjectItem(schema_section(root, "alerts.rules[]"), "properties"), "rule");
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(rules, "enum")), WATCH_RULE_COUNT);
    for (int i = 0; i < WATCH_RULE_COUNT; i++)
        ck_assert_str_eq(cJSON_GetArrayItem(cJSON_GetObjectItem(rules, "enum"), i)->valuestring, watch_rule_names[i]);
    cJSON_Delete(root);
    free(text);
}

/* ---- alerts ---- */

static struct watch_config config;
static struct watch_alerts alerts;
static char told[40][80];
static int told_n;

static void tell(void *user_data, struct watch_alert *a)
{
    (void)user_data;
    snprintf(told[told_n++], sizeof told[0], "%s %s %s", watch_rule_names[a->rule], a->state == ALERT_RESOLVED ? "resolved" : "firing", a->instrument);
}

static void begin(const char *rules)
{
    char text[512];
    snprintf(text, sizeof text, "{\"accounts\": [{\"venue\": \"bybit\"}], \"alerts\": {%s}}", rules);
    ck_assert_msg(parse(text, &config) == BOT_OK, "%s", why);
    watch_alerts_init(&alerts, &config, tell, NULL);
    told_n = 0;
}

TEST(watch_alert, is_told_once_when_it_begins_and_once_when_it_is_over)
{
    begin("");
    for (int64_t t = 1000; t < 30000; t += 100) {
        watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "BTCUSDT", true, t, "one lot");
        watch_alerts_tick(&alerts, t);
    }
    ck_assert_int_eq(told_n, 1);
    ck_assert_str_eq(told[0], "drift firing BTCUSDT");
    ck_assert_uint_eq(watch_alerts_firing(&alerts, WATCH_RULE_DRIFT), 1);
    for (int64_t t = 30000; t < 60000; t += 100) {
        watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "BTCUSDT", false, t, "");
        watch_alerts_tick(&alerts, t);
        ck_assert_int_eq(told_n, t < 40000 ? 1 : 2); /* over when it has been gone for 10 s */
    }
    ck_assert_str_eq(told[1], "drift resolved BTCUSDT");
    watch_config_free(&config);
}

TEST(watch_alert, what_comes_and_goes_is_one_alert)
{
    begin("");
    for (int64_t t = 0; t < 60000; t += 1000) {
        watch_alert_set(&alerts, WATCH_RULE_STALE, "a", "BTCUSDT", t / 1000 % 6 == 0, t, "");
        watch_alerts_tick(&alerts, t);
    }
    ck_assert_int_eq(told_n, 1);
    watch_config_free(&config);
}

TEST(watch_alert, waits_for_its_duration_without_a_break)
{
    begin("\"rules\": [{\"rule\": \"rest\", \"for_s\": 5, \"severity\": \"critical\"}]");
    for (int64_t t = 0; t < 20000; t += 100) { /* breaks every 4 s */
        watch_alert_set(&alerts, WATCH_RULE_REST, "a", "", t % 4000 != 0, t, "");
        watch_alerts_tick(&alerts, t);
    }
    ck_assert_int_eq(told_n, 0);
    watch_alert_set(&alerts, WATCH_RULE_REST, "a", "", true, 20000, "");
    watch_alerts_tick(&alerts, 25100);
    ck_assert_int_eq(told_n, 1);
    ck_assert_int_eq(alerts.list[0].severity, WATCH_CRITICAL);
    watch_config_free(&config);
}

TEST(watch_alert, is_told_again_only_where_asked_for_and_never_when_switched_off)
{
    begin("\"repeat_s\": 60, \"rules\": [{\"rule\": \"clock\", \"enabled\": false}]");
    for (int64_t t = 0; t <= 185000; t += 1000) {
        watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "X", true, t, "");
        watch_alert_set(&alerts, WATCH_RULE_CLOCK, "a", "", true, t, "");
        watch_alerts_tick(&alerts, t);
    }
    ck_assert_int_eq(told_n, 4);
    watch_config_free(&config);
}

TEST(watch_alert, who_is_told_again_is_told_what_is_so_by_then)
{
    begin("\"repeat_s\": 60");
    watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "X", true, 0, "one lot");
    watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "X", true, 60000, "five lots");
    watch_alerts_tick(&alerts, 60000);
    ck_assert_int_eq(told_n, 2);
    ck_assert_str_eq(alerts.list[0].text, "five lots");
    watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "X", false, 61000, "none");
    ck_assert_str_eq(alerts.list[0].text, "five lots");
    watch_config_free(&config);
}

TEST(watch_alert, an_event_ends_by_itself_and_accounts_do_not_mix)
{
    begin("");
    watch_alert_event(&alerts, WATCH_RULE_FORCED_TRADE, "a", "X", 0, "liquidation");
    watch_alert_event(&alerts, WATCH_RULE_FORCED_TRADE, "a", "X", 30000, "another");
    watch_alert_event(&alerts, WATCH_RULE_FORCED_TRADE, "b", "X", 30000, "elsewhere");
    ck_assert_int_eq(told_n, 2);
    watch_alerts_tick(&alerts, 89000);
    ck_assert_int_eq(told_n, 2);
    watch_alerts_tick(&alerts, 90000);
    ck_assert_int_eq(told_n, 4);
    watch_alerts_tick(&alerts, 90000 + 86400000);
    for (int i = 0; i < WATCH_ALERTS_MAX; i++)
        ck_assert_int_eq(alerts.list[i].state, ALERT_NONE); /* forgotten after a day */
    watch_config_free(&config);
}

TEST(watch_alert, a_clock_that_is_set_back_delays_nothing)
{
    begin("");
    const int64_t t = 7200000, back = t - 3600000;
    watch_alert_event(&alerts, WATCH_RULE_FORCED_TRADE, "a", "X", t, "liquidation");
    watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "X", true, t, "");
    watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "X", false, t, "");
    watch_alert_set(&alerts, WATCH_RULE_PRIVATE_STREAM, "a", "", true, t, ""); /* told after 3 s */
    ck_assert_int_eq(told_n, 2);
    for (int64_t s = 0; s <= 60; s++) {
        watch_alert_set(&alerts, WATCH_RULE_PRIVATE_STREAM, "a", "", true, back + s * 1000, "");
        watch_alerts_tick(&alerts, back + s * 1000);
        if (s == 3) {
            ck_assert_int_eq(told_n, 3);
            ck_assert_str_eq(told[2], "private_stream firing ");
        }
    }
    ck_assert_int_eq(told_n, 5);
    ck_assert_str_eq(told[3], "drift resolved X");
    ck_assert_str_eq(told[4], "forced_trade resolved X");
    watch_config_free(&config);
}

TEST(watch_alert, a_full_list_forgets_what_is_over_and_counts_what_it_cannot_take)
{
    begin("");
    char name[20];
    for (int i = 0; i < WATCH_ALERTS_MAX; i++) {
        snprintf(name, sizeof name, "I%d", i);
        alerts.tell = tell;
        told_n = 0;
        watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", name, true, 1, "");
    }
    told_n = 0;
    watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "one more", true, 2, "");
    ck_assert_int_eq(told_n, 0);
    ck_assert_uint_eq(alerts.dropped, 1);
    watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "I0", false, 3, "");
    watch_alerts_tick(&alerts, 20000);
    watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "one more", true, 20001, "");
    ck_assert_str_eq(told[told_n - 1], "drift firing one more");
    watch_config_free(&config);
}

TEST(watch_alert, a_full_list_gives_way_to_what_is_more_severe)
{
    begin("");
    char name[20];
    for (int i = 0; i < WATCH_ALERTS_MAX; i++) {
        snprintf(name, sizeof name, "I%d", i);
        told_n = 0;
        watch_alert_set(&alerts, WATCH_RULE_STALE, "a", name, true, 1, "");
    }
    told_n = 0;
    watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "X", true, 2, "");
    ck_assert_int_eq(told_n, 1);
    ck_assert_str_eq(told[0], "drift firing X");
    ck_assert_uint_eq(alerts.dropped, 1);
    watch_alert_set(&alerts, WATCH_RULE_STALE, "a", "another", true, 2, "");
    ck_assert_int_eq(told_n, 1); /* and to nothing else */
    watch_config_free(&config);
}

TEST(watch_alert, what_is_gone_or_was_an_event_is_not_told_again)
{
    begin("\"repeat_s\": 20");
    watch_alert_event(&alerts, WATCH_RULE_FORCED_TRADE, "a", "X", 0, "liquidation"); /* once, though its place is kept for a minute */
    watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "X", true, 0, "");
    watch_alert_set(&alerts, WATCH_RULE_DRIFT, "a", "X", false, 15000, "");
    for (int64_t t = 15000; t < 59000; t += 1000)
        watch_alerts_tick(&alerts, t);
    ck_assert_int_eq(told_n, 3);
    ck_assert_str_eq(told[2], "drift resolved X");
    watch_config_free(&config);
}

TEST(watch_alert, its_json_is_whole_with_any_text_in_it)
{
    struct watch_alert a = { .id = 7, .state = ALERT_FIRING, .rule = WATCH_RULE_DRIFT, .severity = WATCH_CRITICAL, .since_ms = 5 };
    char buf[2048];
    memset(a.text, '"', sizeof a.text - 1);
    memset(a.account, '\n', sizeof a.account - 1);
    snprintf(a.instrument, sizeof a.instrument, "<img src=x>\xff\xfe");
    ck_assert_int_gt(deliver_json(&a, buf, sizeof buf), 0);
    cJSON *j = cJSON_Parse(buf);
    ck_assert_ptr_nonnull(j);
    ck_assert_str_eq(cJSON_GetObjectItem(j, "rule")->valuestring, "drift");
    ck_assert_str_eq(cJSON_GetObjectItem(j, "text")->valuestring, a.text);
    cJSON_Delete(j);
}

/* The venue is 0.3 s ahead and tells whole seconds: each answer alone leaves half a second open. */
TEST(watch_doctor, a_clock_that_is_told_in_whole_seconds_is_measured_more_closely_by_several)
{
    const int64_t ms = BOT_NS_PER_MS, s = BOT_NS_PER_S, ahead = 300 * ms;
    struct doctor_clock clock = { 0 };
    int64_t sent = 1700000000 * s + 17 * ms;
    for (int i = 0; i < 8; i++, sent += 160 * ms) {
        const int64_t venue_says = (sent + 10 * ms + ahead) / s * s;
        doctor_clock_add(&clock, venue_says + s / 2, s / 2, sent, sent + 20 * ms);
        ck_assert(clock.low_ns <= ahead && ahead <= clock.high_ns);
        if (i == 0) ck_assert_int_ge(clock.high_ns - clock.low_ns, s);
    }
    ck_assert_int_le(clock.high_ns - clock.low_ns, 200 * ms);
    /* One that cannot be of the same clock: it was set meanwhile. */
    doctor_clock_add(&clock, sent + 10 * ms + 5 * s, 0, sent, sent + 20 * ms);
    ck_assert(clock.low_ns == 5 * s - 10 * ms && clock.high_ns == 5 * s + 10 * ms);
}
