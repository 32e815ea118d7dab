/* hello: connect, and print the position and the gate as they change. */
#include "from_env.h"

static void on_gate(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    char text[600];
    (void)bot, (void)user_data;
    bot_gate_explain(state, text, sizeof text);
    printf("gate %s\n", text);
}

static void on_position(bot_handle *bot, const bot_position *position, void *user_data)
{
    char qty[BOT_DEC_TEXT_MAX], entry[BOT_DEC_TEXT_MAX];
    (void)bot, (void)user_data;
    bot_fixed_format(position->qty.v, qty);
    bot_fixed_format(position->avg_entry.v, entry);
    printf("%s %s at %s\n", position->instrument.s, qty, entry);
}

int main(void)
{
    bot_account_options options;
    options_from_env(&options);
    bot_account *account;
    if (bot_account_open(uv_default_loop(), &options, &account) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    bot_options bot_opts;
    bot_options_init(&bot_opts);
    bot_opts.watch_only = true;
    bot_opts.callbacks = (bot_callbacks){ .gate = on_gate, .position = on_position };
    bot_handle *bot;
    if (bot_attach(account, &bot_opts, &bot) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
