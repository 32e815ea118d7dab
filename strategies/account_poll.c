/* account_poll: an account watched and written down, one JSON object a line. No order is ever sent.
 *
 *   {"event":"position",...}  when it changes, and with every POLL_MS (1000): quantity, entry, what may still fill, and how long ago the
 *                             venue was asked and agreed
 *   {"event":"wallet",...}    as the venue tells it
 *   {"event":"gate",...}      whether a bot on this account could trade now, and why not
 *   {"event":"budget",...}    with every POLL_MS: what the venue's limits have left, for each that is in use
 *
 * Unlike a loop around a REST call it shows fills within milliseconds (they come over the private socket), asks for the whole account in
 * one read, never more often than the venue's limits allow, and says when the venue's answers are old instead of believing them.
 * `botctl poll` does it over REST alone. */
#include "../examples/from_env.h"

struct watch {
    uv_timer_t   timer;
    struct leave_signals signals;
    bot_account *account;
    bot_handle  *bot;
    bool         leaving;
};

static void print_number(const char *name, bot_i128 value)
{
    char text[BOT_DEC_TEXT_MAX];
    bot_fixed_format(value, text);
    printf(",\"%s\":\"%s\"", name, text);
}

static void print_position(const struct watch *w, const bot_position *p)
{
    printf("{\"event\":\"position\",\"instrument\":\"%s\"", p->instrument.s);
    print_number("qty", p->qty.v);
    print_number("entry_price", p->avg_entry.v);
    print_number("working_buy", p->working_buy.v);
    print_number("working_sell", p->working_sell.v);
    print_number("realised", p->realised.v);
    if (p->agreed_at != 0)
        printf(",\"agreed_ms_ago\":%lld", (long long)((bot_account_now(w->account) - p->agreed_at) / 1000000));
    puts("}");
}

static void on_position(bot_handle *bot, const bot_position *p, void *user_data)
{
    (void)bot;
    print_position(user_data, p);
}

static void on_gate(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    (void)bot, (void)user_data;
    printf("{\"event\":\"gate\",\"open\":%s,\"reasons\":[", state->reasons == 0 ? "true" : "false");
    const char *comma = "";
    for (uint32_t i = 0; i < BOT_GATE_REASON_COUNT; i++)
        if ((state->reasons & (1u << i)) != 0) {
            printf("%s\"%s\"", comma, bot_gate_reason_name(1u << i));
            comma = ",";
        }
    puts("]}");
}

static void on_market(bot_handle *bot, const bot_event *ev, void *user_data)
{
    (void)bot, (void)user_data;
    if (ev->kind != BOT_EV_WALLET)
        return;
    char balance[BOT_DEC_TEXT_MAX];
    bot_dec_format(ev->wallet.balance, balance);
    printf("{\"event\":\"wallet\",\"currency\":\"%s\",\"balance\":\"%s\"}\n", ev->wallet.currency.s, balance);
}

static void on_alert(bot_handle *bot, const bot_alert_info *alert, void *user_data)
{
    (void)bot, (void)user_data;
    printf("{\"event\":\"alert\",\"instrument\":\"%s\",\"text\":\"%s\"}\n", alert->instrument.s, alert->text); /* plain words: nothing to escape */
}

static void on_timer(uv_timer_t *timer)
{
    const struct watch *w = timer->data;
    const bot_core *core = bot_account_core(w->account);
    for (uint32_t i = 0; i < bot_core_instruments(core); i++) {
        bot_position p;
        if (bot_get_position(w->bot, bot_core_instrument(core, i)->s, BOT_LEG_NET, &p) == BOT_OK &&
            (p.qty.v != 0 || p.working_buy.v != 0 || p.working_sell.v != 0 || strcmp(p.instrument.s, instrument) == 0))
            print_position(w, &p);
    }
    bot_budget_info b;
    for (uint32_t i = 0; bot_account_budget(w->account, i, &b) == BOT_OK; i++)
        if (b.used != 0 || b.shut_ns != 0)
            printf("{\"event\":\"budget\",\"scope\":\"%s\",\"used\":%u,\"limit\":%u,\"window_ms\":%lld,\"shut_ms\":%lld}\n", b.scope, b.used, b.limit,
                   (long long)(b.window_ns / 1000000), (long long)(b.shut_ns / 1000000));
}

static void on_interrupt(uv_signal_t *signal, int number_)
{
    struct watch *w = signal->data;
    (void)number_;
    if (w->leaving)
        return;
    w->leaving = true;
    bot_account_close(w->account, NULL, NULL);
    uv_close((uv_handle_t *)&w->timer, NULL);
    leave_signals_close(&w->signals);
}

int main(void)
{
    static struct watch w;
    const int every_ms = atoi(env_or("POLL_MS", "1000"));
    if (every_ms < 100)
        return fprintf(stderr, "POLL_MS must be at least 100\n"), 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    bot_account_options options;
    options_from_env(&options);
    options.public_data = false;
    options.monitors = false;
    options.core.start_adopt = true; /* what is held already is taken at the venue's word */
    /* As often as asked for, or as the venue's limits allow: a read without room in the budget waits for it. */
    options.core.read_every_ns = options.core.read_every_flat_ns = (int64_t)every_ms * 1000000;
    options.core.orders_every_ns = 5 * options.core.read_every_ns;
    if (bot_account_open(uv_default_loop(), &options, &w.account) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    bot_options bot_opts;
    bot_options_init(&bot_opts);
    bot_opts.name = "account-poll";
    bot_opts.watch_only = true;
    bot_opts.callbacks = (bot_callbacks){ .gate = on_gate, .position = on_position, .alert = on_alert, .market = on_market };
    bot_opts.user_data = &w;
    if (bot_attach(w.account, &bot_opts, &w.bot) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    uv_timer_init(uv_default_loop(), &w.timer);
    w.timer.data = &w;
    uv_timer_start(&w.timer, on_timer, (uint64_t)every_ms, (uint64_t)every_ms);
    leave_on_signals(&w.signals, uv_default_loop(), on_interrupt, &w);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
