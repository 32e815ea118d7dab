/* What a stranger writes first, in C11 that is C++17 too: opens an account that cannot work and hears why, then one that can only be
 * refused, attaches a bot, asks, closes, and expects a clean loop. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* uv.h wants POSIX names in strict C */
#endif
#include <bot/bot.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

static void on_closed(void *user_data) { *(int *)user_data = 1; }

static int fail(const char *what)
{
    fprintf(stderr, "consumer: %s\n", what);
    return 1;
}

int main(void)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    bot_account_options options;
    bot_account_options_init(&options);
    bot_account *account = NULL;
    options.venue = "nowhere";
    if (bot_account_open(&loop, &options, &account) != BOT_ERR_OPTIONS || strstr(bot_account_open_why(), "nowhere") == NULL)
        return fail("an unknown venue is not refused by its name");
    const char *instrument = "BTCUSDT";
    options.venue = "bybit";
    options.key = "key";
    options.secret = "secret";
    options.rest_url = "https://127.0.0.1:9"; /* discard: nobody listens */
    options.ws_private_url = "wss://127.0.0.1:9";
    options.ws_public_url = "wss://127.0.0.1:9";
    options.ws_trade_url = "";
    options.instruments = &instrument;
    options.instruments_n = 1;
    if (bot_account_open(&loop, &options, &account) != BOT_OK)
        return fail(bot_account_open_why());
    bot_options bot_opts;
    bot_options_init(&bot_opts);
    bot_handle *bot = NULL;
    if (bot_attach(account, &bot_opts, &bot) != BOT_OK)
        return fail("cannot attach");
    bot_gate_state gate;
    bot_get_gate(bot, &gate);
    char text[512];
    bot_gate_explain(&gate, text, sizeof text);
    if (bot_is_open(bot) || strstr(text, "shut") == NULL)
        return fail("the gate is open before anything was proven");
    int closed = 0;
    bot_account_close(account, on_closed, &closed);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (closed == 0 || uv_loop_close(&loop) != 0)
        return fail("the loop was not left clean");
    printf("consumer: %s; %s\n", text, bot_strerror(BOT_ERR_GATE_SHUT));
    return 0;
}
