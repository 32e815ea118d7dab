/* embed: libbot beside what a program does already on its own loop, and a clean end on Ctrl-C or SIGTERM. */
#include "from_env.h"

static bot_account *account;
static bot_handle *bot;
static uv_timer_t work;
static struct leave_signals signals;

/* The program's own work goes on at its own pace; libbot is asked when it matters. */
static void on_work(uv_timer_t *timer)
{
    (void)timer;
    bot_position p;
    char qty[BOT_DEC_TEXT_MAX] = "unknown";
    if (bot_get_position(bot, instrument, BOT_LEG_NET, &p) == BOT_OK)
        bot_fixed_format(p.qty.v, qty);
    printf("working; position %s, gate %s\n", qty, bot_is_open(bot) ? "open" : "shut");
}

static void on_closed(void *user_data)
{
    (void)user_data;
    puts("account closed: everything is given back");
}

static void on_interrupt(uv_signal_t *signal, int number_)
{
    (void)signal, (void)number_;
    bot_account_close(account, on_closed, NULL);
    uv_close((uv_handle_t *)&work, NULL);
    leave_signals_close(&signals);
}

int main(void)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    setvbuf(stdout, NULL, _IOLBF, 0);
    uv_timer_init(&loop, &work);
    uv_timer_start(&work, on_work, 1000, 1000);
    leave_on_signals(&signals, &loop, on_interrupt, NULL);

    bot_account_options options;
    options_from_env(&options);
    bot_options bot_opts;
    bot_options_init(&bot_opts);
    bot_opts.watch_only = true;
    if (bot_account_open(&loop, &options, &account) < 0 || bot_attach(account, &bot_opts, &bot) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop); /* 0: nothing of anybody is left on it */
}
