/* two_bots: two strategies on one account: one private stream, one poll, and each its own part of the position. */
#include "from_env.h"

static bot_handle *bots[2];

static void print_parts(void)
{
    for (int i = 0; i < 2; i++) {
        bot_position own;
        char qty[BOT_DEC_TEXT_MAX];
        if (bot_get_own_position(bots[i], instrument, BOT_LEG_NET, &own) < 0)
            continue;
        bot_fixed_format(own.qty.v, qty);
        printf("  bot %d holds %s\n", i, qty);
    }
}

static void on_position(bot_handle *bot, const bot_position *p, void *user_data)
{
    (void)user_data;
    char qty[BOT_DEC_TEXT_MAX];
    bot_fixed_format(p->qty.v, qty);
    if (bot == bots[0]) { /* both are told */
        printf("account holds %s %s\n", qty, p->instrument.s);
        print_parts();
    }
}

/* Bot 0 buys, bot 1 sells, each once and within its own limit. */
static void on_gate(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    bool *done = user_data;
    if (state->reasons != 0 || *done)
        return;
    bot_order_request order = { .side = bot == bots[0] ? BOT_BUY : BOT_SELL, .type = BOT_MARKET, .qty = { number(bot == bots[0] ? "0.03" : "0.01") } };
    bot_symbol_from(instrument, &order.instrument);
    bot_refusal why;
    if (bot_submit(bot, &order, NULL, &why) == BOT_OK) {
        *done = true;
    } else {
        char text[512];
        bot_refusal_explain(&why, text, sizeof text);
        printf("%s\n", text);
    }
}

int main(void)
{
    bot_account_options options;
    options_from_env(&options);
    bot_account *account;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (bot_account_open(uv_default_loop(), &options, &account) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    static bool done[2];
    for (int i = 0; i < 2; i++) {
        bot_options o;
        bot_options_init(&o);
        o.name = i == 0 ? "buyer" : "seller";
        o.scope = BOT_SCOPE_OWN;
        o.limits.position_max.v = number("0.05");
        o.callbacks = (bot_callbacks){ .gate = on_gate, .position = on_position };
        o.user_data = &done[i];
        if (bot_attach(account, &o, &bots[i]) < 0)
            return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    }
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
