/* market_maker: quotes one bid and one ask around the reference price, skewed by inventory.
 *
 * Long inventory lowers both quotes, so that the ask is hit sooner; at the limit the gate refuses the side that would add, and
 * only the reducing quote stays. Run it against `botctl paper`: it prints the environment to copy. SPREAD_BPS, ORDER_QTY and
 * POSITION_MAX are read from the environment as well. Ctrl-C cancels everything of ours and leaves. */
#include "../examples/from_env.h"

struct maker {
    uv_loop_t   *loop;
    uv_timer_t   timer;
    uv_signal_t  interrupt;
    bot_account *account;
    bot_handle  *bot;
    bot_symbol   symbol;
    bot_i128     qty, max, tick;
    int          spread_bps;
    bot_id       quote[2]; /* buy, sell; len 0 none */
    bot_i128     quote_price[2];
    bool         leaving;
    unsigned     fills, refusals;
};

static const char *side_word(bot_side side) { return side == BOT_BUY ? "bid" : "ask"; }

/* Price of the quote: half a spread away, moved against the inventory by up to a whole one. */
static bot_i128 price_of(const struct maker *m, bot_side side, bot_i128 reference, bot_i128 position)
{
    const bot_i128 half = reference * m->spread_bps / 20000;
    const bot_i128 skew = m->max == 0 ? 0 : -2 * half * (position / (m->max / 1000)) / 1000;
    bot_i128 price = side == BOT_BUY ? reference - half + skew : reference + half + skew;
    price -= price % m->tick;
    return side == BOT_SELL ? price + m->tick : price;
}

static void place(struct maker *m, bot_side side, bot_i128 price)
{
    const int i = side == BOT_BUY ? 0 : 1;
    bot_order_request order = { .instrument = m->symbol, .side = side, .type = BOT_LIMIT, .tif = BOT_POST_ONLY, .qty = { m->qty }, .price = { price } };
    bot_refusal why;
    const int r = bot_submit(m->bot, &order, &m->quote[i], &why);
    m->quote_price[i] = price;
    if (r == BOT_OK)
        return;
    m->quote[i].len = 0;
    m->refusals++;
    /* At the limit, or while the gate is shut, this is normal life; anything else is worth a line. */
    if (r != BOT_ERR_LIMIT_POSITION && r != BOT_ERR_GATE_SHUT) {
        char text[512];
        bot_refusal_explain(&why, text, sizeof text);
        fprintf(stderr, "%s: %s\n", side_word(side), bot_err_class(r) == BOT_CLASS_NOT_SENT ? text : bot_strerror(r));
    }
}

static void requote(struct maker *m, bot_side side, bot_i128 price)
{
    const int i = side == BOT_BUY ? 0 : 1;
    if (m->quote[i].len == 0) {
        place(m, side, price);
        return;
    }
    const bot_i128 off = m->quote_price[i] > price ? m->quote_price[i] - price : price - m->quote_price[i];
    if (off >= 5 * m->tick)
        (void)bot_cancel(m->bot, &m->quote[i]); /* its end is reported; the next round quotes anew */
}

static void on_timer(uv_timer_t *timer)
{
    struct maker *m = timer->data;
    bot_px reference;
    bot_position p;
    if (m->leaving || !bot_is_open(m->bot) || !bot_reference_price(m->bot, instrument, &reference) ||
        bot_get_position(m->bot, instrument, BOT_LEG_NET, &p) < 0)
        return;
    requote(m, BOT_BUY, price_of(m, BOT_BUY, reference.v, p.qty.v));
    requote(m, BOT_SELL, price_of(m, BOT_SELL, reference.v, p.qty.v));
}

static void on_order(bot_handle *bot, const bot_order_update *u, void *user_data)
{
    struct maker *m = user_data;
    (void)bot;
    const bool over = u->status == BOT_ORDER_FILLED || u->status == BOT_ORDER_CANCELED || u->status == BOT_ORDER_REJECTED || u->status == BOT_ORDER_EXPIRED;
    for (int i = 0; i < 2; i++)
        if (over && strcmp(m->quote[i].s, u->client_id.s) == 0)
            m->quote[i].len = 0;
    if (u->code == BOT_ERR_UNKNOWN_OUTCOME)
        fprintf(stderr, "%s: outcome unknown; it stays counted until the venue has told\n", u->client_id.s);
}

static void on_fill(bot_handle *bot, const bot_event *ev, bool external, void *user_data)
{
    struct maker *m = user_data;
    (void)bot;
    if (external || ev->kind != BOT_EV_FILL)
        return;
    char qty[BOT_DEC_TEXT_MAX], price[BOT_DEC_TEXT_MAX];
    bot_dec_format(ev->fill.qty, qty);
    bot_dec_format(ev->fill.price, price);
    printf("%s %s at %s\n", ev->fill.side == BOT_BUY ? "bought" : "sold", qty, price);
    m->fills++;
}

static void on_gate(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    (void)bot, (void)user_data;
    char text[600];
    bot_gate_explain(state, text, sizeof text);
    printf("gate %s\n", text);
}

/* Cancels are on their way; a moment later everything is closed. */
static void on_leave(uv_timer_t *timer)
{
    struct maker *m = timer->data;
    bot_position p;
    char qty[BOT_DEC_TEXT_MAX] = "?";
    if (bot_get_position(m->bot, instrument, BOT_LEG_NET, &p) == BOT_OK)
        bot_fixed_format(p.qty.v, qty);
    printf("leaving with %s; %u fills, %u quotes refused\n", qty, m->fills, m->refusals);
    bot_account_close(m->account, NULL, NULL);
    uv_close((uv_handle_t *)timer, NULL);
    uv_close((uv_handle_t *)&m->interrupt, NULL);
}

static void on_interrupt(uv_signal_t *signal, int number_)
{
    struct maker *m = signal->data;
    (void)number_;
    if (m->leaving)
        return;
    m->leaving = true;
    printf("cancelling %d orders\n", bot_cancel_all(m->bot));
    uv_timer_start(&m->timer, on_leave, 1500, 0);
}

int main(void)
{
    struct maker m = { .loop = uv_default_loop(), .qty = number(env_or("ORDER_QTY", "0.01")), .max = number(env_or("POSITION_MAX", "0.05")),
                       .tick = number(env_or("TICK", "0.1")), .spread_bps = atoi(env_or("SPREAD_BPS", "4")) };
    if (m.qty <= 0 || m.max <= 0 || m.tick <= 0 || m.spread_bps <= 0)
        return fprintf(stderr, "ORDER_QTY, POSITION_MAX, TICK and SPREAD_BPS must be above zero\n"), 2;
    bot_account_options options;
    options_from_env(&options);
    if (strlen(instrument) > BOT_SYMBOL_MAX)
        return fprintf(stderr, "BOT_INSTRUMENT is too long\n"), 2;
    m.symbol.len = (uint8_t)strlen(instrument);
    memcpy(m.symbol.s, instrument, m.symbol.len);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (bot_account_open(m.loop, &options, &m.account) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    bot_options bot_opts;
    bot_options_init(&bot_opts);
    bot_opts.name = "market-maker";
    bot_opts.limits = (bot_limits){ .position_max = { m.max }, .open_orders_max = 8, .orders_per_s_max = 8, .collar_bps = 100 };
    bot_opts.callbacks = (bot_callbacks){ .gate = on_gate, .fill = on_fill, .order = on_order };
    bot_opts.user_data = &m;
    if (bot_attach(m.account, &bot_opts, &m.bot) < 0)
        return fprintf(stderr, "cannot attach\n"), 1;
    uv_timer_init(m.loop, &m.timer);
    uv_signal_init(m.loop, &m.interrupt);
    m.timer.data = m.interrupt.data = &m;
    uv_timer_start(&m.timer, on_timer, 500, 500);
    uv_signal_start(&m.interrupt, on_interrupt, SIGINT);
    return uv_run(m.loop, UV_RUN_DEFAULT);
}
