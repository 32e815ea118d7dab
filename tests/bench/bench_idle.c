/* Memory of an idle client: one account, one watching bot, connected to `botctl paper` over TLS until its gate is open, then left alone
 * for ten seconds. The floor of the same run is bench_idle_floor, which does one HTTPS request with bare libcurl: most of what is
 * resident are the libraries that Debian's libcurl brings along, shared with every other process that has them.
 *
 * bench_idle BOTCTL FLOOR; it runs itself anew as the client, so that nothing of the measuring is in the measured process. */
#include <bot/bot.h>
#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "memory.h"

#define SETTLE_MS 10000
#define GIVE_UP_MS 30000

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "bench_idle: %s\n", what);
    exit(1);
}

/* ---- the client's process ---- */

static void on_settled(uv_timer_t *timer)
{
    (void)timer;
    memory_print("libbot, one account, idle");
    exit(0);
}

static void on_late(uv_timer_t *timer)
{
    (void)timer;
    die("the gate did not open");
}

static void on_gate(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    (void)bot;
    uv_timer_t *const settle = user_data;
    if (state->reasons == 0 && !uv_is_active((uv_handle_t *)settle)) uv_timer_start(settle, on_settled, SETTLE_MS, 0);
}

static int client(void)
{
    uv_timer_t settle, late;
    uv_timer_init(uv_default_loop(), &settle);
    uv_timer_init(uv_default_loop(), &late);
    uv_timer_start(&late, on_late, GIVE_UP_MS, 0);
    bot_account_options o;
    bot_account_options_init(&o);
    const char *instrument = "BTCUSDT";
    o.venue = "bybit";
    o.key = getenv("BOT_KEY");
    o.secret = getenv("BOT_SECRET");
    o.rest_url = getenv("BOT_REST_URL");
    o.ws_private_url = getenv("BOT_WS_PRIVATE_URL");
    o.ws_public_url = getenv("BOT_WS_PUBLIC_URL");
    o.ca_file = getenv("BOT_CA_FILE");
    o.instruments = &instrument;
    o.instruments_n = 1;
    bot_account *account;
    if (bot_account_open(uv_default_loop(), &o, &account) < 0) die(bot_account_open_why());
    bot_options bot_opts;
    bot_options_init(&bot_opts);
    bot_opts.watch_only = true;
    bot_opts.callbacks.gate = on_gate;
    bot_opts.user_data = &settle;
    bot_handle *bot;
    if (bot_attach(account, &bot_opts, &bot) < 0) die("cannot attach");
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

/* ---- the measuring process ---- */

static void set_from(const cJSON *ready, const char *field, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(ready, field));
    if (text == NULL) die("botctl paper did not say where it is");
    setenv(name, text, 1);
}

static void run(char *const argv[])
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) die(argv[0]);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "client") == 0) return client();
    if (argc != 3) die("usage: bench_idle BOTCTL FLOOR");
    int ends[2];
    if (pipe(ends) != 0) die("pipe");
    const pid_t paper = fork();
    if (paper == 0) {
        dup2(ends[1], STDOUT_FILENO);
        freopen("/dev/null", "w", stderr);
        execl(argv[1], argv[1], "paper", "--for", "60", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    char line[4096];
    FILE *from = fdopen(ends[0], "r");
    if (paper < 0 || from == NULL || fgets(line, sizeof line, from) == NULL) die("botctl paper does not start");
    cJSON *const ready = cJSON_Parse(line);
    set_from(ready, "rest", "BOT_REST_URL");
    set_from(ready, "ws_private", "BOT_WS_PRIVATE_URL");
    set_from(ready, "ws_public", "BOT_WS_PUBLIC_URL");
    set_from(ready, "ca_file", "BOT_CA_FILE");
    set_from(ready, "key", "BOT_KEY");
    set_from(ready, "secret_file", "BENCH_SECRET_FILE");
    cJSON_Delete(ready);
    char secret[256] = "";
    FILE *f = fopen(getenv("BENCH_SECRET_FILE"), "r");
    if (f == NULL || fgets(secret, sizeof secret, f) == NULL) die("the secret file of botctl paper");
    fclose(f);
    secret[strcspn(secret, "\n")] = '\0';
    setenv("BOT_SECRET", secret, 1);
    run((char *[]){ argv[2], NULL });
    char self[] = "/proc/self/exe", as[] = "client";
    run((char *[]){ self, as, NULL });
    kill(paper, SIGINT);
    while (fgets(line, sizeof line, from) != NULL) continue;
    waitpid(paper, NULL, 0);
    return 0;
}
