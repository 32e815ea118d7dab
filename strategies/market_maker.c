/* market_maker: quotes one bid and one ask around the reference price, skewed by inventory.
 *
 * Long inventory lowers both quotes, so that the ask is hit sooner; at the limit the gate refuses the side that would add, and
 * only the reducing quote stays. Run it against `botctl paper`: it prints the environment to copy. SPREAD_BPS (0.1: what the
 * paper market's takers meet within seconds), ORDER_QTY and POSITION_MAX are read from the environment as well. Quotes of an earlier run that still rest (it was killed) are taken away before
 * the first new one. Ctrl-C or SIGTERM cancels everything of ours and leaves. */
#include "../examples/from_env.h"

#define ONE_PPB_OF_A_BP 10000000000000 /* 1e-18 is the unit of numbers, 1e-5 basis points are a thousand millionth */

struct maker {
    uv_loop_t   *loop;
    uv_timer_t   timer;
    struct leave_signals signals;
    bot_account *account;
    bot_handle  *bot;
    bot_symbol   symbol;
    bot_i128     qty, max, tick, spread_ppb; /* whole spread, in thousand millionths of the price */
    bot_id       quote[2]; /* buy, sell; len 0 none */
    bot_i128     quote_price[2];
    bool         clean, leaving; /* clean: nothing of an earlier run rests any more */
    unsigned     fills, refusals;
};

static const char *side_word(bot_side side) { return side == BOT_BUY ? "bid" : "ask"; }

static bot_i128 half_spread(const struct maker *m, bot_i128 reference) { return reference / 2000000000 * m->spread_ppb; }

/* Price of the quote: half a spread away, moved against the inventory by up to a whole one. */
static bot_i128 price_of(const struct maker *m, bot_side side, bot_i128 reference, bot_i128 position)
{
    const bot_i128 half = half_spread(m, reference);
    const bot_i128 skew = m->max < 1000 ? 0 : -2 * half * (position / (m->max / 1000)) / 1000;
    const bot_i128 price = side == BOT_BUY ? reference - half + skew : reference + half + skew;
    return side == BOT_BUY ? bot_fixed_floor(price, m->tick) : bot_fixed_ceil(price, m->tick);
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

/* A quote keeps its place in the queue until it is `far` from where it should be. */
static void requote(struct maker *m, bot_side side, bot_i128 price, bot_i128 far)
{
    const int i = side == BOT_BUY ? 0 : 1;
    if (m->quote[i].len == 0) {
        place(m, side, price);
        return;
    }
    const bot_i128 off = m->quote_price[i] > price ? m->quote_price[i] - price : price - m->quote_price[i];
    if (off >= far)
        (void)bot_cancel(m->bot, &m->quote[i]); /* its end is reported; the next round quotes anew */
}

static void on_timer(uv_timer_t *timer)
{
    struct maker *m = timer->data;
    bot_px reference;
    bot_position p;
    bot_instrument in;
    if (m->leaving || !bot_is_open(m->bot) || !bot_reference_price(m->bot, instrument, &reference) ||
        bot_get_position(m->bot, instrument, BOT_LEG_NET, &p) < 0 || bot_get_instrument(m->bot, instrument, &in) < 0)
        return;
    m->tick = in.tick.v;
    /* An open gate has seen the venue's list: what lives of ours without being a quote of this run is of an earlier one. */
    if (!m->clean && bot_get_orders(m->bot, NULL, 0) > 0) {
        printf("cancelling %d orders of an earlier run\n", bot_cancel_all(m->bot));
        return;
    }
    m->clean = true;
    const bot_i128 half = half_spread(m, reference.v), far = half > m->tick ? half : m->tick;
    requote(m, BOT_BUY, price_of(m, BOT_BUY, reference.v, p.qty.v), far);
    requote(m, BOT_SELL, price_of(m, BOT_SELL, reference.v, p.qty.v), far);
}

static void on_order(bot_handle *bot, const bot_order_update *u, void *user_data)
{
    struct maker *m = user_data;
    (void)bot;
    for (int i = 0; i < 2; i++)
        if (bot_order_status_final(u->status) && bot_id_equal(&m->quote[i], &u->client_id))
            m->quote[i].len = 0;
    if (u->code == BOT_ERR_UNKNOWN_OUTCOME)
        fprintf(stderr, "%s: outcome unknown; it stays counted until the venue has told\n", u->client_id.s);
}

static void on_fill(bot_handle *bot, const bot_event *ev, bool external, void *user_data)
{
    struct maker *m = user_data;
    (void)bot;
    if (external)
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

static void on_left(uint32_t orders_left, void *user_data)
{
    const struct maker *m = user_data;
    printf("left; %u fills, %u quotes refused%s\n", m->fills, m->refusals, orders_left == 0 ? "" : "; some orders may still rest at the venue");
}

static void on_interrupt(uv_signal_t *signal, int number_)
{
    struct maker *m = signal->data;
    (void)number_;
    m->leaving = true;
    bot_position p;
    char qty[BOT_DEC_TEXT_MAX] = "?";
    if (bot_get_position(m->bot, instrument, BOT_LEG_NET, &p) == BOT_OK)
        bot_fixed_format(p.qty.v, qty);
    printf("leaving with %s; %d orders to cancel\n", qty, bot_get_orders(m->bot, NULL, 0));
    bot_account_cancel_and_close(m->account, 0, on_left, m);
    uv_close((uv_handle_t *)&m->timer, NULL);
    leave_signals_close(&m->signals);
}

int main(void)
{
    struct maker m = { .loop = uv_default_loop(), .qty = number(env_or("ORDER_QTY", "0.01")), .max = number(env_or("POSITION_MAX", "0.05")),
                       .spread_ppb = number(env_or("SPREAD_BPS", "0.1")) / ONE_PPB_OF_A_BP };
    if (m.qty <= 0 || m.max <= 0 || m.spread_ppb <= 0 || m.spread_ppb > 1000000000)
        return fprintf(stderr, "ORDER_QTY, POSITION_MAX and SPREAD_BPS must be above zero, SPREAD_BPS at most 10000\n"), 2;
    bot_account_options options;
    options_from_env(&options);
    if (!bot_symbol_from(instrument, &m.symbol))
        return fprintf(stderr, "BOT_INSTRUMENT is no instrument name\n"), 2;
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
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    uv_timer_init(m.loop, &m.timer);
    m.timer.data = &m;
    uv_timer_start(&m.timer, on_timer, 500, 500);
    leave_on_signals(&m.signals, m.loop, on_interrupt, &m);
    return uv_run(m.loop, UV_RUN_DEFAULT);
}
