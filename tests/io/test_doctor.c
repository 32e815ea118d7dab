/* botctl doctor against the paper exchange: what is well is said to be, and each thing that is wrong is named with advice. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "loop.h"
#include "paper_server.h"
#include "watch/doctor.h"
#include "watch_kit.h"

static uv_loop_t loop;
static struct paper *paper;
static bool paper_closed, over, read_only;
static char said[16384];
static int levels[3];

static void set_flag(void *user_data) { *(bool *)user_data = true; }

static void tell(void *user_data, const struct doctor_finding *f)
{
    (void)user_data;
    levels[f->level]++;
    const size_t n = strlen(said);
    snprintf(said + n, sizeof said - n, "%s %s: %s -> %s\n", doctor_level_names[f->level], f->check, f->text, f->advice);
}

/* Runs the doctor on one account: further keys of it, and what stands beside the accounts. */
static void consult(const char *faults, const char *urls, const char *account, const char *rest)
{
    char text[4096], why[WATCH_WHY_MAX], error[200], paper_urls[1024];
    if (hook == NULL) uv_loop_init(&loop);
    struct paper_options o;
    paper_options_init(&o);
    o.directory = scratch_directory();
    o.venue.read_only = read_only;
    ck_assert_int_eq(paper_open(&loop, &o, &paper), 0);
    ck_assert_int_eq(paper_account_add(paper, "key", "secret", (bot_money){ (bot_i128)100000 * 1000000000000000000 }), 1);
    ck_assert_msg(paper_faults(paper, faults, strlen(faults), error, sizeof error) == 0, "%s", error);
    setenv("K", "key", 1);
    setenv("S", "secret", 1);
    setenv("WRONG", "another", 1);
    snprintf(paper_urls, sizeof paper_urls, "\"rest_url\": \"%s\", \"ws_private_url\": \"%s\", \"ws_public_url\": \"%s\", \"ca_file\": \"%s\"", paper_rest_url(paper),
             paper_ws_private_url(paper), paper_ws_public_url(paper), paper_ca_file(paper));
    if (urls != NULL && urls[0] == '\0') /* the exchange, without trust in its authority */
        *strstr(paper_urls, ", \"ws_private_url") = '\0', urls = NULL;
    snprintf(text, sizeof text, "{\"accounts\": [{\"venue\": \"bybit\", \"secret\": {\"env\": \"S\"}, %s, %s}]%s}", urls != NULL ? urls : paper_urls, account, rest);
    struct watch_config config;
    ck_assert_msg(watch_config_parse("w.json", text, strlen(text), &config, why) == BOT_OK, "%s", why);
    ck_assert_int_eq(doctor_start(&loop, "w.json", &config, tell, set_flag, &over), BOT_OK);
    loop_until(&loop, &over, 40000, "the doctor is done");
    watch_config_free(&config);
    paper_close(paper, set_flag, &paper_closed);
    UNTIL(&loop, paper_closed);
    if (hook != NULL) bot__server_close(hook, NULL, NULL);
    loop_must_close(&loop);
}

#define KEYED "\"key\": {\"env\": \"K\"}"
#define ROUTE ", \"alerts\": {\"routes\": [{\"type\": \"stderr\"}]}"
#define SAYS(words) ck_assert_msg(strstr(said, words) != NULL, "\"%s\" is not said, but:\n%s", words, said)

TEST(doctor, says_that_all_is_well_and_that_the_key_may_do_more_than_is_needed)
{
    consult("", NULL, KEYED ", \"instruments\": [\"BTCUSDT\"]", ROUTE);
    ck_assert_int_eq(levels[DOCTOR_WRONG], 0);
    SAYS("good reach");
    SAYS("good clock");
    SAYS("good instruments: BTCUSDT is listed");
    SAYS("good mode: positions are in one-way mode");
    SAYS("advice permissions: the key may trade -> a read-only key is enough");
    SAYS("good private_stream");
    SAYS("good public_stream");
    SAYS("good position: fills and REST agree");
}

TEST(doctor, a_read_only_key_is_all_that_is_needed)
{
    read_only = true;
    consult("", NULL, KEYED ", \"instruments\": [\"BTCUSDT\"]", ROUTE);
    ck_assert_int_eq(levels[DOCTOR_WRONG], 0);
    ck_assert_msg(strstr(said, "may trade") == NULL, "%s", said);
    SAYS("good position: fills and REST agree");
}

TEST(doctor, a_key_that_the_venue_does_not_know_is_wrong_and_ends_it)
{
    consult("", NULL, "\"key\": {\"env\": \"WRONG\"}, \"instruments\": [\"BTCUSDT\"]", ROUTE);
    ck_assert_int_eq(levels[DOCTOR_WRONG], 1);
    SAYS("wrong key: ");
    SAYS("check key and secret");
    ck_assert_ptr_null(strstr(said, "stream"));
    ck_assert_ptr_null(strstr(said, "another"));
}

TEST(doctor, a_clock_that_is_off_is_named_with_its_offset)
{
    consult("always clock.skew by=30s\n", NULL, KEYED ", \"instruments\": [\"BTCUSDT\"]", ROUTE);
    const char *at = strstr(said, "wrong clock: the venue's clock is ");
    double offset_s = 0;
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, "wrong clock: the venue's clock is %lf s ahead of ours", &offset_s), 1);
    ck_assert_msg(offset_s > 29.9 && offset_s < 30.1, "%f", offset_s);
    SAYS("set this machine's clock");
}

TEST(doctor, position_mode_instruments_and_routes_that_are_not_so_are_named)
{
    consult("", NULL, KEYED ", \"hedge\": true, \"public_data\": false, \"instruments\": [\"BTCUSDT\", \"BTCUSDTT\"]",
            ", \"alerts\": {\"routes\": [{\"name\": \"f\", \"type\": \"file\", \"path\": \"/nowhere/at/all\"}, {\"name\": \"c\", \"type\": \"command\", \"command\": [\"/nowhere/page\"]}]}");
    SAYS("wrong mode: the account is in one-way mode, the configuration says hedge -> leave \"hedge\" out");
    SAYS("wrong instruments: BTCUSDTT is not in the venue's list");
    SAYS("wrong files: alert file /nowhere/at/all");
    SAYS("wrong files: route c: command /nowhere/page");
}

/* The venue's own word about the key is asked for its own sake: without it everything else is tried all the same. */
TEST(doctor, a_venue_that_does_not_say_what_the_key_may_do_is_tried_to_the_end)
{
    consult("always rest.error on=mode status=503\n", NULL, KEYED ", \"instruments\": [\"BTCUSDT\"]", ROUTE);
    SAYS("advice permissions: the venue does not say what the key may do");
    SAYS("good private_stream");
    SAYS("good position: fills and REST agree");
}

TEST(doctor, the_heartbeat_is_called_once_and_what_comes_back_is_told)
{
    char rest[300];
    uv_loop_init(&loop);
    open_hook(&loop);
    refuse_first = 1;
    snprintf(rest, sizeof rest, ", \"alerts\": {\"heartbeat\": {\"url\": \"http://127.0.0.1:%u/beat/secret-word\", \"every_s\": 1}, \"routes\": [{\"type\": \"stderr\"}]}", bot__server_port(hook));
    consult("", NULL, KEYED ", \"public_data\": false", rest);
    SAYS("wrong heartbeat: http://127.0.0.1:");
    SAYS(": answered with status 503 -> check alerts.heartbeat.url");
    SAYS("good position: fills and REST agree");
    ck_assert_int_eq(got_n, 0);
    ck_assert_ptr_null(strstr(said, "secret-word"));
}

TEST(doctor, a_heartbeat_that_is_heard_is_good)
{
    char rest[300];
    uv_loop_init(&loop);
    open_hook(&loop);
    snprintf(rest, sizeof rest, ", \"alerts\": {\"heartbeat\": {\"url\": \"http://127.0.0.1:%u/\"}, \"routes\": [{\"type\": \"stderr\"}]}", bot__server_port(hook));
    consult("", NULL, "\"key\": {\"env\": \"WRONG\"}", rest);
    SAYS("good heartbeat: http://127.0.0.1:");
    ck_assert_int_eq(got_n, 1);
}

/* Each of these would keep the watch from starting, or an alert from being written. */
TEST(doctor, what_cannot_be_opened_is_named)
{
    char rest[2000], account[700];
    char *dir = strdup(scratch_directory()), file[300];
    snprintf(file, sizeof file, "%s/journal-file", dir);
    FILE *f = fopen(file, "w");
    ck_assert(f != NULL && fclose(f) == 0);
    snprintf(account, sizeof account, "\"key\": {\"env\": \"WRONG\"}, \"journal\": \"%s\"", file);
    snprintf(rest, sizeof rest, ", \"http\": {\"listen\": \"127.0.0.1:0\", \"cert_file\": \"%s/none\", \"key_file\": \"%s/none\"},"
             "\"alerts\": {\"routes\": [{\"type\": \"file\", \"path\": \"%s\"}, {\"type\": \"command\", \"command\": [\"%s\"]},"
             "{\"type\": \"slack\", \"url\": \"https://127.0.0.1:1/\", \"ca_file\": \"%s/none\"}]}", dir, dir, dir, dir, dir);
    consult("", NULL, account, rest);
    SAYS("wrong files: journal ");
    SAYS("/journal-file is no directory");
    SAYS(" is a directory -> choose another path");
    SAYS("wrong files: route command: command ");
    SAYS("wrong alerts: route slack: ca_file ");
    SAYS("wrong http: http.cert_file: ");
    free(dir);
}

TEST(doctor, a_port_that_is_taken_is_named_and_may_be_the_watch_itself)
{
    char rest[300];
    uv_loop_init(&loop);
    open_hook(&loop);
    snprintf(rest, sizeof rest, ", \"http\": {\"listen\": \"127.0.0.1:%u\"}" ROUTE, bot__server_port(hook));
    consult("", NULL, "\"key\": {\"env\": \"WRONG\"}", rest);
    SAYS("advice http: http.listen: cannot listen on 127.0.0.1:");
}

TEST(doctor, a_journal_of_another_account_is_named)
{
    char account[400];
    char *dir = strdup(scratch_directory());
    const char *golden = test_source("tests/data/journal-1");
    snprintf(account, sizeof account, "cp -r %s %s/j", golden, dir);
    ck_assert_int_eq(system(account), 0);
    snprintf(account, sizeof account, "\"key\": {\"env\": \"WRONG\"}, \"name\": \"nobody's\", \"journal\": \"%s/j\"", dir);
    consult("", NULL, account, ROUTE);
    SAYS("wrong files: journal ");
    SAYS("-> give this account another journal");
    free(dir);
}

TEST(doctor, a_certificate_that_does_not_hold_is_named_with_the_way_to_trust_it)
{
    consult("", "", KEYED, ROUTE);
    SAYS("wrong reach");
    SAYS("ca_file names the only authorities to trust");
    ck_assert_int_eq(levels[DOCTOR_WRONG], 1);
}

TEST(doctor, a_place_where_nobody_answers_is_named)
{
    char urls[200];
    snprintf(urls, sizeof urls, "\"rest_url\": \"https://127.0.0.1:%u\"", free_port());
    consult("", urls, KEYED, ROUTE);
    SAYS("wrong reach");
    SAYS("check rest_url, the network");
}

TEST(doctor, an_exchange_that_answers_with_errors_is_no_reason_to_hang)
{
    consult("always rest.error on=positions,balance status=503\n", NULL, KEYED ", \"instruments\": [\"BTCUSDT\"]", "");
    SAYS("wrong key: positions cannot be read");
    SAYS("wrong key: the balance cannot be read");
    SAYS("advice alerts: alerts have no route");
    ck_assert_ptr_null(strstr(said, "stream"));
}
