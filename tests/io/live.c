#include "live.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[LIVE_ACCOUNTS_MAX] = { "key-1", "key-2" };
static const char *const secrets[LIVE_ACCOUNTS_MAX] = { "secret-1-do-not-print", "secret-2-do-not-print" };

unsigned live_scale(void)
{
    const char *given = getenv("TEST_TIMEOUT_SCALE");
    const double scale = given != NULL ? atof(given) : 1;
    const unsigned n = scale <= 1 ? 1 : (unsigned)(scale + 0.999);
    return test_sanitized() && n < 3 ? 3 : n;
}

unsigned live_ms(unsigned ms) { return ms * live_scale(); }
static int64_t ns(unsigned ms) { return (int64_t)live_ms(ms) * BOT_NS_PER_MS; }

bot_i128 live_number(const char *text) { return fixed_of(text); }

/* ---- what the account tells ---- */

static void on_log(void *user_data, bot_log_level level, const char *event, const char *text)
{
    struct live_account *a = user_data;
    (void)level;
    for (int i = 0; i < LIVE_ACCOUNTS_MAX; i++)
        ck_assert_msg(strstr(text, secrets[i]) == NULL, "a secret in the log: %s", event);
    if (a->log_len + strlen(event) + strlen(text) + 4 < sizeof a->log)
        a->log_len += (size_t)snprintf(a->log + a->log_len, sizeof a->log - a->log_len, "%s: %s\n", event, text);
}

static void on_gate(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    struct live_account *a = user_data;
    (void)bot;
    a->gates++;
    a->reasons_seen |= state->reasons;
}
static void on_position(bot_handle *bot, const bot_position *position, void *user_data)
{
    struct live_account *a = user_data;
    (void)bot;
    a->positions++;
    a->last_position = *position;
}
static void on_fill(bot_handle *bot, const bot_event *fill, bool external, void *user_data)
{
    struct live_account *a = user_data;
    (void)bot, (void)fill;
    (external ? &a->external : &a->fills)[0]++;
}
static void on_funding(bot_handle *bot, const bot_event *funding, void *user_data)
{
    struct live_account *a = user_data;
    (void)bot;
    a->fundings += funding->kind == BOT_EV_FUNDING;
}
static void on_order(bot_handle *bot, const bot_order_update *u, void *user_data)
{
    struct live_account *a = user_data;
    (void)bot;
    a->orders[u->status]++;
    a->order_errors += u->code < 0;
    if (u->code < 0) a->last_order_code = u->code;
}
static void on_alert(bot_handle *bot, const bot_alert_info *alert, void *user_data)
{
    struct live_account *a = user_data;
    (void)bot;
    a->alerts[alert->alert]++;
}
static void on_verdict(bot_handle *bot, const bot_verdict_info *verdict, void *user_data)
{
    struct live_account *a = user_data;
    (void)bot;
    a->verdicts[verdict->verdict]++;
}

/* ---- the check ---- */

static uint16_t instrument(const struct live *l)
{
    return (uint16_t)bot__exchange_instrument_find(bot__simvenue_exchange(paper_venue(l->paper)), LIVE_INSTRUMENT, strlen(LIVE_INSTRUMENT));
}

static struct exchange_truth truth_of(const struct live_account *a)
{
    struct exchange_truth t;
    bot__simvenue_truth(paper_venue(a->live->paper), (uint32_t)a->paper_account, instrument(a->live), &t);
    return t;
}

bot_i128 live_truth(const struct live_account *a) { return truth_of(a).position.v; }
bot_i128 live_working(const struct live_account *a)
{
    const struct exchange_truth t = truth_of(a);
    return t.open_buy.v + t.open_sell.v;
}

bot_i128 live_belief(const struct live_account *a)
{
    bot_position p;
    return bot_get_position(a->bots[0], LIVE_INSTRUMENT, BOT_LEG_NET, &p) == BOT_OK ? p.qty.v : 0;
}

static const char *text_of(bot_i128 v)
{
    static char text[4][BOT_DEC_TEXT_MAX];
    static unsigned next;
    char *t = text[next++ % 4];
    bot_fixed_format(v, t);
    return t;
}

static void check_account(struct live_account *a)
{
    const struct exchange_truth t = truth_of(a);
    const bot_ts now = (bot_ts)uv_hrtime();
    if (!a->outside) {
        const bot_i128 up = t.position.v + t.open_buy.v, down = t.open_sell.v - t.position.v;
        ck_assert_msg(up <= a->limit && down <= a->limit, "the venue may fill past the limit of %s: %s, buys %s, sells %s\n%s", text_of(a->limit),
                      text_of(t.position.v), text_of(t.open_buy.v), text_of(t.open_sell.v), a->log);
    }
    if (t.position.v != a->truth || !bot_is_open(a->bots[0])) {
        a->truth = t.position.v;
        a->quiet_since = now;
    }
    if (!a->unchecked && now - a->quiet_since > ns(a->live->quiet_ms))
        ck_assert_msg(t.position.v == live_belief(a), "the gate is open and all is quiet: believed %s, in truth %s\n%s", text_of(live_belief(a)),
                      text_of(t.position.v), a->log);
}

static void on_check(uv_check_t *check)
{
    struct live *l = check->data;
    for (uint32_t i = 0; i < l->accounts_n; i++)
        if (l->accounts[i].account != NULL && l->accounts[i].bots_n != 0)
            check_account(&l->accounts[i]);
}

/* ---- life ---- */

static void set_flag(void *user_data) { *(bool *)user_data = true; }

void live_begin(struct live *l) { live_begin_at(l, NULL); }

void live_begin_at(struct live *l, const char *venue)
{
    *l = (struct live){ .quiet_ms = 2000, .accounts_n = LIVE_ACCOUNTS_MAX };
    uv_loop_init(&l->loop);
    struct paper_options o;
    paper_options_init(&o);
    o.venue.dialect = venue;
    o.venue.seed = 11;
    o.directory = scratch_directory();
    ck_assert_int_eq(paper_open(&l->loop, &o, &l->paper), 0);
    for (uint32_t i = 0; i < LIVE_ACCOUNTS_MAX; i++) {
        l->accounts[i].live = l;
        l->accounts[i].paper_account = paper_account_add(l->paper, keys[i], secrets[i], (bot_money){ live_number("1000000") });
        ck_assert_int_gt(l->accounts[i].paper_account, 0);
    }
    uv_check_init(&l->loop, &l->check);
    l->check.data = l;
    uv_check_start(&l->check, on_check);
    uv_unref((uv_handle_t *)&l->check);
}

void live_end(struct live *l)
{
    for (uint32_t i = 0; i < l->accounts_n; i++)
        live_close(&l->accounts[i]);
    uv_close((uv_handle_t *)&l->check, NULL);
    paper_close(l->paper, set_flag, &l->paper_closed);
    UNTIL(&l->loop, l->paper_closed);
    loop_must_close(&l->loop);
}

void live_options(struct live *l, uint32_t i, bot_account_options *o)
{
    static const char *const instruments[] = { LIVE_INSTRUMENT };
    bot_account_options_init(o);
    o->venue = bot__simvenue_name(paper_venue(l->paper));
    o->name = keys[i];
    o->key = keys[i];
    o->secret = secrets[i];
    o->rest_url = paper_rest_url(l->paper);
    o->ws_private_url = paper_ws_private_url(l->paper);
    o->ws_public_url = paper_ws_public_url(l->paper);
    o->ws_trade_url = paper_ws_trade_url(l->paper);
    o->ca_file = paper_ca_file(l->paper);
    o->instruments = instruments;
    o->instruments_n = 1;
    o->monitors = false; /* seconds of a synthetic market teach them nothing */
    o->log = on_log;
    o->log_user_data = &l->accounts[i];
    o->core.read_every_ns = o->core.read_every_flat_ns = ns(300);
    o->core.read_after_fill_ns = o->core.read_retry_ns = ns(100);
    o->core.read_deadline_ns = ns(500);
    o->core.orders_every_ns = ns(1000);
    o->core.grace_ns = ns(500);
    o->core.reconciled_lease_ns = o->core.reconciled_flat_ns = ns(2000);
    o->core.rest_lease_ns = ns(1500);
    o->core.hold_down_ns = ns(200);
    o->core.fills_seen_max = 4096;
    /* Every test of the whole client over the other one: TEST_WS=libwebsockets. */
    const char *ws = getenv("TEST_WS");
    if (ws != NULL)
        o->ws_transport = strcmp(ws, "libwebsockets") == 0 ? BOT_WS_LIBWEBSOCKETS : BOT_WS_WSLAY;
}

struct live_account *live_open(struct live *l, uint32_t i, const bot_account_options *options, uint32_t bots, const char *limit)
{
    struct live_account *a = &l->accounts[i];
    const int paper_account = a->paper_account;
    *a = (struct live_account){ .live = l, .paper_account = paper_account, .limit = live_number(limit), .quiet_since = (bot_ts)uv_hrtime() };
    bot_account_options o;
    live_options(l, i, &o);
    const int r = bot_account_open(&l->loop, options != NULL ? options : &o, &a->account);
    ck_assert_msg(r == BOT_OK, "%s: %s", bot_strerror(r), bot_account_open_why());
    for (uint32_t b = 0; b < bots; b++) {
        bot_options bo;
        bot_options_init(&bo);
        bo.limits.position_max.v = a->limit / bots; /* each bot's own; together the account's */
        bo.scope = bots > 1 ? BOT_SCOPE_OWN : BOT_SCOPE_ACCOUNT;
        bo.callbacks = (bot_callbacks){ .gate = on_gate, .position = on_position, .fill = on_fill, .order = on_order, .alert = on_alert, .verdict = on_verdict,
                                         .funding = on_funding };
        bo.user_data = a;
        ck_assert_int_eq(bot_attach(a->account, &bo, &a->bots[a->bots_n++]), BOT_OK);
    }
    return a;
}

void live_close(struct live_account *a)
{
    if (a->account == NULL)
        return;
    bot_account *account = a->account;
    a->account = NULL; /* no check looks at it any more */
    a->closed = false;
    bot_account_close(account, set_flag, &a->closed);
    UNTIL(&a->live->loop, a->closed);
}

static void on_tick(uv_timer_t *timer) { (void)timer; }

void live_until(struct live_account *a, live_condition *cond, unsigned ms, const char *what)
{
    uv_loop_t *loop = &a->live->loop;
    uv_timer_t tick; /* a condition may come true by the mere passing of time */
    uv_update_time(loop);
    uv_timer_init(loop, &tick);
    uv_timer_start(&tick, on_tick, 5, 5);
    const uint64_t end = uv_hrtime() + (uint64_t)ns(ms);
    bool true_now;
    while (!(true_now = cond(a)) && uv_hrtime() < end)
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    char gate[600] = "closed";
    if (a->account != NULL && a->bots_n != 0) {
        bot_gate_state state;
        bot_get_gate(a->bots[0], &state);
        bot_gate_explain(&state, gate, sizeof gate);
    }
    ck_assert_msg(true_now, "%s: not within %u ms. The gate is %s; believed %s, in truth %s\n%s", what, live_ms(ms), gate,
                  a->account != NULL && a->bots_n != 0 ? text_of(live_belief(a)) : "-", text_of(live_truth(a)), a->log);
}

bool live_is_open(struct live_account *a) { return bot_is_open(a->bots[0]); }
bool live_is_shut(struct live_account *a) { return !bot_is_open(a->bots[0]); }
bool live_is_right(struct live_account *a) { return live_truth(a) == live_belief(a); }
bool live_is_private_ready(struct live_account *a) { return live_stats(a).private_ready; }

void live_fault(struct live *l, const char *script)
{
    char error[160] = "";
    ck_assert_msg(paper_faults(l->paper, script, strlen(script), error, sizeof error) == 0, "%s", error);
}

void live_heal(struct live *l) { bot__faults_clear(bot__simvenue_faults(paper_venue(l->paper))); }

int live_submit(struct live_account *a, uint32_t bot, bot_side side, const char *qty, const char *price, bot_id *ret_id, bot_refusal *ret_refusal)
{
    bot_order_request order = { .side = side, .type = price != NULL ? BOT_LIMIT : BOT_MARKET, .tif = BOT_GTC, .qty = { live_number(qty) } };
    order.instrument.len = sizeof LIVE_INSTRUMENT - 1;
    memcpy(order.instrument.s, LIVE_INSTRUMENT, order.instrument.len);
    if (price != NULL)
        order.price.v = live_number(price);
    return bot_submit(a->bots[bot], &order, ret_id, ret_refusal);
}

int live_take(struct live_account *a, uint32_t bot, bot_side side, const char *qty)
{
    return live_submit(a, bot, side, qty, live_price(a, side == BOT_BUY ? 400 : -400), NULL, NULL);
}

const char *live_price(struct live_account *a, int ticks_off)
{
    const struct exchange *x = bot__simvenue_exchange(paper_venue(a->live->paper));
    const uint16_t i = instrument(a->live);
    return text_of(bot__exchange_px(bot__exchange_instrument(x, i), bot__exchange_mark(x, i) + ticks_off).v);
}

uint32_t live_reasons(const struct live_account *a)
{
    bot_gate_state state;
    bot_get_gate(a->bots[0], &state);
    return state.reasons;
}

bot_account_stats live_stats(const struct live_account *a)
{
    bot_account_stats stats;
    bot_account_stats_get(a->account, &stats);
    return stats;
}
