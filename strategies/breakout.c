/* breakout: buys when the price leaves the range of the last WINDOW_S seconds upwards, sells when it leaves it downwards, and is
 * out again when it falls back into the middle. The position follows the signal; the size is always POSITION_MAX.
 *
 * What it shows: exits are orders of their own, marked reduce_only, and pass while the gate is shut for anything else. */
#include "../examples/from_env.h"

#define WINDOW_MAX 600

struct breakout {
    uv_timer_t   timer;
    struct leave_signals signals;
    bot_account *account;
    bot_handle  *bot;
    bot_symbol   symbol;
    bot_i128     size;
    bot_i128     prices[WINDOW_MAX]; /* one a second, a ring */
    int          window, seen;
    int          wanted;             /* -1, 0, 1 */
    bool         waiting;            /* an order of ours is on its way */
};

static void trade(struct breakout *b, bot_side side, bot_i128 qty, bool exit)
{
    bot_order_request order = { .instrument = b->symbol, .side = side, .type = BOT_MARKET, .reduce_only = exit, .qty = { qty } };
    bot_refusal why;
    const int r = bot_submit(b->bot, &order, NULL, &why);
    if (r == BOT_OK) {
        b->waiting = true;
        return;
    }
    char text[512];
    bot_refusal_explain(&why, text, sizeof text);
    printf("%s %s\n", exit ? "exit" : "entry", bot_err_class(r) == BOT_CLASS_NOT_SENT ? text : bot_strerror(r));
}

/* Where the price stands against its recent range. */
static int signal_of(const struct breakout *b, bot_i128 price)
{
    bot_i128 low = b->prices[0], high = low;
    for (int i = 1; i < b->window; i++) {
        if (b->prices[i] < low) low = b->prices[i];
        if (b->prices[i] > high) high = b->prices[i];
    }
    const bot_i128 middle = low + (high - low) / 2;
    if (price > high) return 1;
    if (price < low) return -1;
    if ((b->wanted > 0 && price < middle) || (b->wanted < 0 && price > middle)) return 0;
    return b->wanted;
}

static void on_timer(uv_timer_t *timer)
{
    struct breakout *b = timer->data;
    bot_px reference;
    bot_position p;
    if (!bot_reference_price(b->bot, instrument, &reference) || bot_get_position(b->bot, instrument, BOT_LEG_NET, &p) < 0)
        return;
    if (b->seen >= b->window)
        b->wanted = signal_of(b, reference.v);
    b->prices[b->seen++ % b->window] = reference.v;
    if (b->waiting || b->seen <= b->window)
        return;
    const bot_i128 target = b->wanted * b->size, held = p.qty.v;
    if (held != 0 && (target == 0 || (target > 0) != (held > 0)))
        trade(b, held > 0 ? BOT_SELL : BOT_BUY, held > 0 ? held : -held, true); /* first out, whatever comes next */
    else if (target > held && bot_is_open(b->bot))
        trade(b, BOT_BUY, target - held, false);
    else if (target < held && bot_is_open(b->bot))
        trade(b, BOT_SELL, held - target, false);
}

static void on_order(bot_handle *bot, const bot_order_update *u, void *user_data)
{
    struct breakout *b = user_data;
    (void)bot;
    if (bot_order_status_final(u->status))
        b->waiting = false;
    if (u->code < 0)
        printf("order %s: %s %s\n", u->client_id.s, bot_err_name(u->code), u->reason);
}

static void on_position(bot_handle *bot, const bot_position *p, void *user_data)
{
    (void)bot, (void)user_data;
    char qty[BOT_DEC_TEXT_MAX], pnl[BOT_DEC_TEXT_MAX];
    bot_fixed_format(p->qty.v, qty);
    bot_fixed_format(p->realised.v, pnl);
    printf("position %s, realised %s\n", qty, pnl);
}

static void on_gate(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    (void)bot, (void)user_data;
    char text[600];
    bot_gate_explain(state, text, sizeof text);
    printf("gate %s\n", text);
}

static void on_interrupt(uv_signal_t *signal, int number_)
{
    struct breakout *b = signal->data;
    (void)number_;
    puts("leaving; the position stays as it is");
    bot_account_cancel_and_close(b->account, 0, NULL, NULL);
    uv_close((uv_handle_t *)&b->timer, NULL);
    leave_signals_close(&b->signals);
}

int main(void)
{
    struct breakout b = { .size = number(env_or("POSITION_MAX", "0.02")), .window = atoi(env_or("WINDOW_S", "30")) };
    if (b.size <= 0 || b.window < 2 || b.window > WINDOW_MAX)
        return fprintf(stderr, "POSITION_MAX must be above zero, WINDOW_S from 2 to %d\n", WINDOW_MAX), 2;
    bot_account_options options;
    options_from_env(&options);
    if (!bot_symbol_from(instrument, &b.symbol))
        return fprintf(stderr, "BOT_INSTRUMENT is no instrument name\n"), 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (bot_account_open(uv_default_loop(), &options, &b.account) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    bot_options bot_opts;
    bot_options_init(&bot_opts);
    bot_opts.name = "breakout";
    bot_opts.limits = (bot_limits){ .position_max = { b.size }, .orders_per_s_max = 4 };
    bot_opts.callbacks = (bot_callbacks){ .gate = on_gate, .order = on_order, .position = on_position };
    bot_opts.user_data = &b;
    if (bot_attach(b.account, &bot_opts, &b.bot) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    uv_timer_init(uv_default_loop(), &b.timer);
    b.timer.data = &b;
    uv_timer_start(&b.timer, on_timer, 1000, 1000);
    leave_on_signals(&b.signals, uv_default_loop(), on_interrupt, &b);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
