/* The public client in the hands of somebody who makes every mistake: each has its class and its words, and nothing else happens. */
#include <stdio.h>
#include <string.h>

#include "live.h"

static struct live l;

/* Opening with one thing wrong: the code, and what bot_account_open_why must say. */
static void expect_refused(const bot_account_options *o, int code, const char *words)
{
    bot_account *account = (void *)&l;
    const int r = bot_account_open(&l.loop, o, &account);
    ck_assert_msg(r == code && strstr(bot_account_open_why(), words) != NULL, "%d, not %d with \"%s\": %s", r, code, words, bot_account_open_why());
    ck_assert_ptr_eq(account, (void *)&l);
}

#define WRONG(field, value, words)                \
    do {                                          \
        bot_account_options o_;                   \
        live_options(&l, 0, &o_);                 \
        o_.field = (value);                       \
        expect_refused(&o_, BOT_ERR_OPTIONS, words); \
    } while (0)

TEST(misuse, an_option_out_of_its_range_is_named)
{
    live_begin(&l);
    WRONG(struct_size, 0, "call bot_account_options_init");
    WRONG(struct_size, SIZE_MAX, "call bot_account_options_init");
    WRONG(venue, NULL, "options.venue is not set");
    WRONG(venue, "byibt", "no venue 'byibt'; known are bybit, binance-usdm, okx, bitflyer, hyperliquid");
    WRONG(key, NULL, "options.key is not set");
    WRONG(key, "", "options.key is not set");
    WRONG(secret, NULL, "options.secret is not set: 'bybit' gives one with each key");
    WRONG(venue, "okx", "options.passphrase is not set");
    WRONG(instruments_n, 65, "at most 64");
    WRONG(instruments, NULL, "instruments is NULL");
    WRONG(rest_url, "nonsense", "options.rest_url: 'nonsense' is no http:// or https:// address");
    WRONG(rest_url, "wss://127.0.0.1/", "no http:// or https:// address");
    WRONG(rest_url, "", "options.rest_url is empty");
    WRONG(ws_private_url, "https://127.0.0.1/", "options.ws_private_url: 'https://127.0.0.1/' is no ws:// or wss:// address");
    WRONG(rate_alarms_per_day, 0, "rate_alarms_per_day");
    WRONG(core.orders_max, 1, "orders_max: 16..65536");
    WRONG(core.agree_reads_min, 0, "agree_reads_min: at least 1");
    WRONG(core.read_every_ns, -1, "read_every_ns");
    WRONG(core.hold_down_ns, INT64_MAX, "hold_down_ns");
    WRONG(core.drift_policy, (bot_drift_policy)9, "drift_policy");
    WRONG(core.struct_size, 0, "bot_core_options_init");
    WRONG(core.fills_seen_max, 0, "fills_seen_max");
    bot_account_options o;
    live_options(&l, 0, &o);
    const char *const twice[] = { LIVE_INSTRUMENT, LIVE_INSTRUMENT };
    o.instruments = twice;
    o.instruments_n = 2;
    expect_refused(&o, BOT_ERR_OPTIONS, LIVE_INSTRUMENT " stands there twice");
    live_options(&l, 0, &o);
    o.ca_file = "/none";
    expect_refused(&o, BOT_ERR_IO, "options.ca_file: no certificate (PEM) can be read from /none");
    live_end(&l);
}

TEST(misuse, a_null_pointer_is_refused_everywhere)
{
    bot_account_options_init_sized(NULL, sizeof(bot_account_options));
    bot_options_init_sized(NULL, sizeof(bot_options));
    live_begin(&l);
    bot_account_options o;
    live_options(&l, 0, &o);
    bot_account *account;
    ck_assert_int_eq(bot_account_open(NULL, &o, &account), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_account_open(&l.loop, NULL, &account), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_account_open(&l.loop, &o, NULL), BOT_ERR_INVALID);
    bot_account_close(NULL, NULL, NULL);
    bot_account_kill(NULL);

    struct live_account *a = live_open(&l, 0, NULL, 1, "1");
    bot_handle *b = a->bots[0], *more;
    bot_options bo;
    bot_options_init(&bo);
    bot_refusal why;
    bot_order_request order = { .side = BOT_BUY };
    bot_id id = { 0 };
    bot_limits limits = { 0 };
    bot_position position;
    bot_px px;
    bot_level level;
    uint32_t n = 1, none = 0;
    bot_stream_info stream;
    ck_assert_int_eq(bot_attach(NULL, &bo, &more), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_attach(a->account, NULL, &more), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_attach(a->account, &bo, NULL), BOT_ERR_INVALID);
    ck_assert(bot_account_of(NULL) == NULL && bot_account_core(NULL) == NULL && bot_account_name(NULL)[0] == '\0' && bot_account_now(NULL) == 0);
    ck_assert_int_eq(bot_submit(NULL, &order, NULL, &why), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_submit(b, NULL, NULL, &why), BOT_ERR_INVALID);
    ck_assert_int_eq(why.code, BOT_ERR_INVALID);
    ck_assert_int_eq(bot_amend(b, NULL, (bot_qty){ 1 }, (bot_px){ 0 }, NULL), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_amend(NULL, &id, (bot_qty){ 1 }, (bot_px){ 0 }, NULL), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_cancel(b, NULL), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_cancel(NULL, &id), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_cancel_all(NULL), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_set_limits(b, NULL, &limits, true), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_set_limits(b, LIVE_INSTRUMENT, NULL, true), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_set_limits(NULL, LIVE_INSTRUMENT, &limits, true), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_get_position(b, NULL, BOT_LEG_NET, &position), BOT_ERR_NOT_FOUND);
    ck_assert_int_eq(bot_get_position(b, LIVE_INSTRUMENT, BOT_LEG_NET, NULL), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_get_position(NULL, LIVE_INSTRUMENT, BOT_LEG_NET, &position), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_get_own_position(b, LIVE_INSTRUMENT, BOT_LEG_NET, NULL), BOT_ERR_INVALID);
    ck_assert(!bot_is_open(NULL) && !bot_reference_price(b, NULL, &px) && !bot_reference_price(b, LIVE_INSTRUMENT, NULL) &&
              !bot_best_prices(b, LIVE_INSTRUMENT, NULL, &px) && !bot_best_prices(NULL, LIVE_INSTRUMENT, &px, &px));
    ck_assert_int_eq(bot_get_book(b, LIVE_INSTRUMENT, &level, NULL, &level, &n), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_get_book(b, LIVE_INSTRUMENT, NULL, &n, &level, &n), BOT_ERR_INVALID);
    ck_assert_int_ne(bot_get_book(b, LIVE_INSTRUMENT, NULL, &none, &level, &n), BOT_ERR_INVALID);
    bot_instrument instrument;
    ck_assert_int_eq(bot_get_instrument(b, LIVE_INSTRUMENT, NULL), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_get_instrument(NULL, LIVE_INSTRUMENT, &instrument), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_get_instrument(b, NULL, &instrument), BOT_ERR_NOT_FOUND);
    ck_assert_int_eq(bot_get_orders(NULL, NULL, 0), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_get_orders(b, NULL, 1), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_get_orders(b, NULL, 0), 0);
    bot_account_cancel_and_close(NULL, 0, NULL, NULL);
    const bot_budget_draw draws[] = { { "wallet", 1 }, { "ip", 1 }, { "wallet", 1 }, { "nonsense", 1 }, { NULL, 1 } };
    ck_assert_int_eq(bot_account_budget_take(NULL, draws, 1, NULL), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_account_budget_take(a->account, NULL, 1, NULL), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_account_budget_take(a->account, draws, 0, NULL), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_account_budget_take(a->account, draws, 5, NULL), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_account_budget_take(a->account, draws, 3, NULL), BOT_ERR_INVALID); /* one twice */
    ck_assert_int_eq(bot_account_budget_take(a->account, draws + 3, 1, NULL), BOT_ERR_NOT_FOUND);
    ck_assert_int_eq(bot_account_budget_take(a->account, draws + 4, 1, NULL), BOT_ERR_NOT_FOUND);
    ck_assert_int_eq(bot_account_budget_done(NULL, draws, 1, true), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_account_budget_refused(NULL, "ip", false, 0), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_account_budget_refused(a->account, "ip", false, -1), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_account_budget_refused(a->account, NULL, false, 0), BOT_ERR_NOT_FOUND);
    bot_symbol symbol = { 0 };
    ck_assert(!bot_symbol_from(NULL, &symbol) && !bot_symbol_from("", &symbol) && !bot_symbol_from("BTCUSDT", NULL) &&
              !bot_symbol_from("a name that is longer than any of them", &symbol) && symbol.len == 0);
    bot_get_gate(b, NULL);
    bot_get_gate(NULL, &(bot_gate_state){ 0 });
    ck_assert_int_eq(bot_account_rearm(NULL, BOT_GATE_DRIFT, "why"), BOT_ERR_INVALID);
    bot_account_stream(NULL, BOT_STREAM_PRIVATE, &stream);
    bot_account_stream(a->account, BOT_STREAM_PRIVATE, NULL);
    bot_account_stream(a->account, (bot_stream)99, &stream);
    ck_assert(!stream.up && stream.age_ns == -1);
    ck_assert_int_eq(bot_account_rate(a->account, NULL, &(bot_rate_info){ 0 }), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_account_budget(a->account, 0, NULL), BOT_ERR_INVALID);
    bot_account_stats_get(a->account, NULL);
    bot_account_stats stats;
    bot_account_stats_get(NULL, &stats);
    ck_assert_uint_eq(stats.http_requests, 0);
    char text[8];
    ck_assert(bot_gate_explain(NULL, text, sizeof text) == 0 && bot_refusal_explain(NULL, text, sizeof text) == 0);
    live_end(&l);
}

TEST(misuse, a_bot_that_makes_no_sense_is_not_attached)
{
    live_begin(&l);
    struct live_account *a = live_open(&l, 0, NULL, 1, "1");
    bot_handle *bot = NULL;
    static const char *const words[] = { "options.struct_size is 0: call bot_options_init", "options.scope is neither", "options.limits.position_max is below zero",
                                         "options.limits.loss_max is below zero", "options.limits.order_qty_max is below zero",
                                         "options.limits.notional_max is below zero", "options.limits.orders_per_s_max: 0..64", "written for a newer library" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct { bot_options o; char newer[32]; } wide = { 0 };
        bot_options *o = &wide.o;
        bot_options_init(o);
        if (i == 0) o->struct_size = 0;
        if (i == 1) o->scope = (bot_scope)9;
        if (i == 2) o->limits.position_max.v = -1;
        if (i == 3) o->limits.loss_max.v = -1;
        if (i == 4) o->limits.order_qty_max.v = -1;
        if (i == 5) o->limits.notional_max.v = -1;
        if (i == 6) o->limits.orders_per_s_max = 65;
        if (i == 7) o->struct_size = sizeof wide, wide.newer[31] = 1;
        ck_assert_int_eq(bot_attach(a->account, o, &bot), BOT_ERR_OPTIONS);
        ck_assert_msg(strstr(bot_account_open_why(), words[i]) != NULL, "no \"%s\": %s", words[i], bot_account_open_why());
    }
    ck_assert_ptr_null(bot);
    bot_options o;
    bot_options_init(&o);
    ck_assert_int_eq(bot_attach(a->account, NULL, &bot), BOT_ERR_INVALID);
    ck_assert_ptr_nonnull(strstr(bot_account_open_why(), "must not be NULL"));
    int attached = 0;
    while (attached < 100 && bot_attach(a->account, &o, &bot) == BOT_OK) attached++;
    ck_assert_int_eq(attached, 15); /* bots_max is 16 */
    ck_assert_int_eq(bot_attach(a->account, &o, &bot), BOT_ERR_FULL);
    ck_assert_ptr_nonnull(strstr(bot_account_open_why(), "16 bots are attached already"));
    live_end(&l);
}

static bot_order_request good(void)
{
    bot_order_request o = { .side = BOT_BUY, .type = BOT_LIMIT, .tif = BOT_GTC, .qty = { live_number("0.1") }, .price = { live_number("60000") } };
    o.instrument.len = (uint8_t)strlen(LIVE_INSTRUMENT);
    memcpy(o.instrument.s, LIVE_INSTRUMENT, o.instrument.len);
    return o;
}

static struct live_account *account;

static void expect_order(const bot_order_request *order, int code, const char *words)
{
    char text[600];
    bot_refusal why;
    bot_id id = { .len = 1, .s = "x" };
    const int r = bot_submit(account->bots[0], order, &id, &why);
    bot_refusal_explain(&why, text, sizeof text);
    ck_assert_msg(r == code && why.code == code && strstr(text, words) != NULL, "%d, not %d with \"%s\": %s", r, code, words, text);
    ck_assert_msg(strcmp(id.s, "x") == 0, "a refused order has an id");
    ck_assert_msg(strstr(text, "position") == NULL, "a position is told that nobody looked at: %s", text);
}

#define ORDER(field, value, code, words)       \
    do {                                       \
        bot_order_request o_ = good();         \
        o_.field = (value);                    \
        expect_order(&o_, (code), (words));    \
    } while (0)

TEST(misuse, an_order_that_makes_no_sense_is_refused_with_what_of_it)
{
    live_begin(&l);
    account = live_open(&l, 0, NULL, 1, "1");
    LIVE_UNTIL(account, live_is_open, 5000);
    ORDER(qty.v, 0, BOT_ERR_INVALID, "the quantity is not above zero");
    ORDER(qty.v, -1, BOT_ERR_INVALID, "the quantity is not above zero");
    ORDER(qty.v, live_number("0.0005"), BOT_ERR_INVALID, "the quantity is not a multiple of the lot 0.001");
    ORDER(price.v, live_number("60000.05"), BOT_ERR_INVALID, "the price is not a multiple of the tick 0.1");
    ORDER(price.v, 0, BOT_ERR_INVALID, "a limit order without a price");
    ORDER(price.v, -1, BOT_ERR_INVALID, "a limit order without a price");
    ORDER(side, (bot_side)7, BOT_ERR_INVALID, "neither buy nor sell");
    ORDER(type, (bot_order_type)9, BOT_ERR_INVALID, "neither limit nor market");
    ORDER(type, BOT_MARKET, BOT_ERR_INVALID, "a market order with a price");
    ORDER(tif, (bot_tif)99, BOT_ERR_INVALID, "the time in force");
    ORDER(leg, (bot_leg)44, BOT_ERR_INVALID, "only an account in hedge mode has legs");
    ORDER(leg, BOT_LEG_LONG, BOT_ERR_INVALID, "only an account in hedge mode has legs");
    ORDER(instrument.len, 3, BOT_ERR_INSTRUMENT, "the instrument is not known");
    ORDER(instrument.len, 255, BOT_ERR_INVALID, "longer than any");
    bot_order_request o = good();
    o.type = BOT_MARKET;
    o.price.v = 0;
    o.tif = BOT_POST_ONLY;
    expect_order(&o, BOT_ERR_INVALID, "a market order cannot be post-only");

    bot_handle *b = account->bots[0];
    bot_position position;
    bot_limits limits = { .position_max = { live_number("0.5") } };
    ck_assert_int_eq(bot_get_position(b, LIVE_INSTRUMENT, (bot_leg)77, &position), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_set_limits(b, "BTCUSTD", &limits, false), BOT_ERR_NOT_FOUND); /* a slip in the name limits nothing */
    ck_assert_int_eq(bot_set_limits(b, LIVE_INSTRUMENT, &limits, false), BOT_OK);
    bot_id id = { .len = 200 };
    ck_assert_int_eq(bot_cancel(b, &id), BOT_ERR_INVALID);
    ck_assert_int_eq(bot_cancel(b, &(bot_id){ .len = 2, .s = "no" }), BOT_ERR_NOT_FOUND);
    live_end(&l);
}

static void close_in_callback(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    (void)user_data;
    if (state->reasons != 0) return;
    bot_account *a = bot_account_of(bot);
    bot_order_request order = good();
    bot_id id = { .len = 1, .s = "x" };
    bot_refusal why;
    bot_account_close(a, NULL, NULL);
    bot_account_close(a, NULL, NULL);
    ck_assert_int_eq(bot_submit(bot, &order, NULL, &why), BOT_ERR_CLOSED);
    ck_assert_int_eq(why.code, BOT_ERR_CLOSED);
    ck_assert_int_eq(bot_cancel(bot, &id), BOT_ERR_CLOSED);
    ck_assert_int_eq(bot_cancel_all(bot), BOT_ERR_CLOSED);
    ck_assert_int_eq(bot_amend(bot, &id, (bot_qty){ 1 }, (bot_px){ 0 }, &why), BOT_ERR_CLOSED);
    ck_assert_int_eq(bot_set_limits(bot, LIVE_INSTRUMENT, &(bot_limits){ 0 }, true), BOT_ERR_CLOSED);
    ck_assert_int_eq(bot_account_rearm(a, BOT_GATE_DRIFT, "why"), BOT_ERR_CLOSED);
    bot_options o;
    bot_options_init(&o);
    ck_assert_int_eq(bot_attach(a, &o, &bot), BOT_ERR_CLOSED);
    bot_account_kill(a);
}

/* Whatever callback closes the account, the loop ends clean and nothing is touched that is gone. */
TEST(misuse, an_account_closed_in_its_own_callback_refuses_and_ends)
{
    live_begin(&l);
    bot_account_options o;
    live_options(&l, 0, &o);
    bot_account *a;
    ck_assert_int_eq(bot_account_open(&l.loop, &o, &a), BOT_OK);
    bot_options bo;
    bot_options_init(&bo);
    bo.callbacks.gate = close_in_callback;
    bot_handle *bot;
    ck_assert_int_eq(bot_attach(a, &bo, &bot), BOT_OK);
    loop_for(&l.loop, live_ms(3000));
    live_end(&l); /* the loop must be left clean */
}
