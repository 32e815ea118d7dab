/* submit: one order, and what each refusal means for the caller. */
#include "from_env.h"

static bot_account *account;
static bool sent;

static void submit(bot_handle *bot)
{
    bot_px price;
    bot_instrument in;
    if (sent || !bot_reference_price(bot, instrument, &price) || bot_get_instrument(bot, instrument, &in) < 0)
        return;
    bot_order_request order = { .instrument = in.symbol, .side = BOT_BUY, .type = BOT_LIMIT, .tif = BOT_POST_ONLY, .qty = { number("0.01") } };
    order.price.v = bot_fixed_floor(price.v - price.v / 500, in.tick.v); /* on the grid, a fifth of a percent below the market */
    bot_refusal why;
    bot_id id;
    const int r = bot_submit(bot, &order, &id, &why);
    char text[512];
    bot_refusal_explain(&why, text, sizeof text);
    switch (bot_err_class(r)) {
    case BOT_CLASS_OK: printf("sent as %s\n", id.s); sent = true; break;
    case BOT_CLASS_NOT_SENT: printf("not sent, nothing happened: %s\n", text); break; /* later, when callbacks.gate says so */
    default: printf("a mistake of ours: %s\n", bot_strerror(r)); sent = true; break;
    }
}

static void on_gate(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    (void)user_data;
    char text[600];
    bot_gate_explain(state, text, sizeof text);
    printf("gate %s\n", text);
    submit(bot);
}

static void on_market(bot_handle *bot, const bot_event *ev, void *user_data)
{
    (void)ev, (void)user_data;
    if (bot_is_open(bot))
        submit(bot);
}

static void on_order(bot_handle *bot, const bot_order_update *u, void *user_data)
{
    (void)user_data;
    printf("order %s: %s %s %s\n", u->client_id.s, bot_order_status_name(u->status), u->code == 0 ? "" : bot_err_name(u->code), u->reason);
    if (u->code == BOT_ERR_UNKNOWN_OUTCOME)
        puts("  it may or may not live: it stays counted, libbot asks the venue; sending it again could double it");
    if (u->status == BOT_ORDER_OPEN)
        bot_cancel(bot, &u->client_id);
    if (bot_order_status_final(u->status))
        bot_account_close(account, NULL, NULL);
}

int main(void)
{
    bot_account_options options;
    options_from_env(&options);
    bot_options bot_opts;
    bot_options_init(&bot_opts);
    bot_opts.limits = (bot_limits){ .position_max = { number("0.05") }, .order_qty_max = { number("0.02") }, .collar_bps = 200 };
    bot_opts.callbacks = (bot_callbacks){ .gate = on_gate, .market = on_market, .order = on_order };
    bot_handle *bot;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (bot_account_open(uv_default_loop(), &options, &account) < 0 || bot_attach(account, &bot_opts, &bot) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
