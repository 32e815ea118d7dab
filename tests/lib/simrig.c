#include "simrig.h"
#include "words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/decimal.h"
#include "session/venue_budget.h"
#include "venue/venue.h"

__attribute__((format(printf, 2, 3))) static void trace(struct simrig *r, const char *format, ...)
{
    if (!r->trace_on)
        return;
    if (r->trace_len + 400 > sizeof r->trace) { /* keep the newer half */
        memmove(r->trace, r->trace + sizeof r->trace / 2, r->trace_len - sizeof r->trace / 2);
        r->trace_len -= sizeof r->trace / 2;
    }
    const bot_ts now = bot__world_now(r->world);
    r->trace_len += (size_t)snprintf(r->trace + r->trace_len, 64, "[%lld.%03lld] ", (long long)(now / BOT_NS_PER_S), (long long)(now % BOT_NS_PER_S / BOT_NS_PER_MS));
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(r->trace + r->trace_len, 300, format, ap);
    va_end(ap);
    r->trace_len += (size_t)(n < 300 ? n : 299);
    r->trace[r->trace_len++] = '\n';
    r->trace[r->trace_len] = '\0';
}

static void *take(void *self, size_t size) { (void)self; return calloc(1, size); }
static void give(void *self, void *p) { (void)self; free(p); }

void simrig_options_init(struct simrig_options *o)
{
    *o = (struct simrig_options){ .seed = 1, .venue = "bybit", .budget_permille = 1000, .limit = "1", .order_qty = "0.1", .trade_every_ns = BOT_NS_PER_S, .public_data = true, .quiet_ns = 3 * BOT_NS_PER_S, .instrument = "BTCUSDT" };
    bot_core_options_init(&o->core);
    o->core.instruments_max = 8;
    o->core.path_steps_max = 4096;
    o->core.session_id = 1700000000000u;
    bot__world_options_init(&o->world);
}

static void say_wrong(struct simrig *r, const char *what, bot_i128 a, bot_i128 b)
{
    if (r->wrong[0] != '\0')
        return;
    char ta[BOT_DEC_TEXT_MAX], tb[BOT_DEC_TEXT_MAX];
    bot_fixed_format(a, ta);
    bot_fixed_format(b, tb);
    snprintf(r->wrong, sizeof r->wrong, "at %lld ms: %s: %s against %s", (long long)(bot__world_now(r->world) / BOT_NS_PER_MS), what, ta, tb);
}

bot_i128 simrig_truth(const struct simrig *r)
{
    struct exchange_truth t;
    bot__world_truth(r->world, (uint32_t)r->account, (uint16_t)bot__exchange_instrument_find(bot__world_exchange(r->world), r->symbol.s, r->symbol.len), &t);
    return t.position.v;
}

bot_i128 simrig_belief(const struct simrig *r)
{
    const int64_t i = bot_core_find_instrument(r->core, &r->symbol);
    if (i < 0)
        return 0;
    bot_position p;
    bot_core_position(r->core, (uint32_t)i, BOT_LEG_NET, &p);
    return p.qty.v;
}

bool simrig_open(const struct simrig *r) { return bot_core_gate_open(r->core, bot__world_time(r->world, r->client).now); }

int simrig_submit(struct simrig *r, bot_side side, const char *qty, const char *price, bot_id *ret_id)
{
    bot_event ev = { .kind = BOT_EV_SUBMIT };
    ev.submit.order = (bot_order_request){ .instrument = r->symbol, .side = side, .leg = BOT_LEG_NET, .type = price != NULL ? BOT_LIMIT : BOT_MARKET,
                                           .tif = BOT_GTC, .qty = { fixed_of(qty) } };
    if (price != NULL)
        ev.submit.order.price.v = fixed_of(price);
    ev.submit.client_id = bot_core_next_client_id(r->core, 0);
    if (ret_id != NULL)
        *ret_id = ev.submit.client_id;
    const bool open = simrig_open(r);
    const int result = bot__session_command(r->session, bot__world_time(r->world, r->client), &ev);
    if (result == 0) {
        r->orders++;
        /* Through a shut gate only what reduces may go. */
        const bot_i128 belief = simrig_belief(r);
        if (!open && (side == BOT_BUY ? belief >= 0 : belief <= 0))
            r->sent_while_shut++;
    } else {
        r->refused++;
    }
    return result;
}

/* Market takers, resting makers and cancels at random. */
static void strategy(struct simrig *r)
{
    const bot_side side = test_rng_below(&r->rng, 2) ? BOT_BUY : BOT_SELL;
    const unsigned what = (unsigned)test_rng_below(&r->rng, 10);
    if (what < 3 && r->resting_n != 0) {
        bot_event ev = { .kind = BOT_EV_CANCEL };
        ev.cancel.client_id = r->resting[--r->resting_n];
        (void)bot__session_command(r->session, bot__world_time(r->world, r->client), &ev);
        return;
    }
    if (what < 6 || r->options.takes_only) {
        (void)simrig_submit(r, side, r->options.order_qty, NULL, NULL);
        return;
    }
    bot_px reference;
    bot_ts at;
    if (!bot__session_reference(r->session, &r->symbol, &reference, &at))
        return;
    const bot_i128 away = reference.v / 10000 * (bot_i128)test_rng_below(&r->rng, 8);
    bot_i128 price = side == BOT_BUY ? reference.v - away : reference.v + away;
    price -= price % (fixed_of("0.5"));
    char text[BOT_DEC_TEXT_MAX];
    bot_fixed_format(price, text);
    bot_id id;
    if (simrig_submit(r, side, r->options.order_qty, text, &id) == 0 && r->resting_n < 8)
        r->resting[r->resting_n++] = id;
}

static void on_effect(void *self, const bot_effect *e)
{
    struct simrig *r = self;
    if (e->kind == BOT_EFFECT_GATE) {
        char text[400] = "";
        for (int i = 0; i < BOT_GATE_REASON_COUNT; i++)
            if ((e->gate.after & (1u << i)) != 0) {
                strcat(text, " ");
                strcat(text, bot_gate_reason_name(1u << i));
            }
        r->reasons_seen |= e->gate.after;
        r->gate_shuts += e->gate.before == 0;
        trace(r, "gate %s%s", e->gate.after == 0 ? "open" : "shut:", text);
    } else if (e->kind == BOT_EFFECT_ALERT) {
        r->alerts[e->alert.alert]++;
        trace(r, "alert %d: %s", (int)e->alert.alert, e->alert.text);
    } else if (e->kind == BOT_EFFECT_FILL) {
        r->fills += !e->fill.confirms;
        r->last_fill_at = bot__world_now(r->world);
    } else if (e->kind == BOT_EFFECT_ORDER && e->order.code < 0) {
        trace(r, "order %s: %s %lld %s", e->order.client_id.s, bot_err_name(e->order.code), (long long)e->order.venue_code, e->order.reason);
    } else if (e->kind == BOT_EFFECT_VERDICT && e->verdict.verdict != BOT_VERDICT_AGREE) {
        static const char *const names[] = { "", "AGREE", "STALE", "PARTIAL", "FAILED", "DRIFT", "PENDING" };
        char ours[BOT_DEC_TEXT_MAX], venue[BOT_DEC_TEXT_MAX];
        bot_fixed_format(e->verdict.ours.v, ours);
        bot_fixed_format(e->verdict.venue.v, venue);
        trace(r, "verdict %s ours %s venue %s age %lld ms outcome %d", names[e->verdict.verdict], ours, venue, (long long)(e->verdict.age_ns / BOT_NS_PER_MS),
              (int)e->verdict.outcome);
    }
}

static void on_log(void *self, int level, const char *name, const char *text)
{
    if (level <= 2)
        trace(self, "%s: %s", name, text);
}

static void check(void *self)
{
    struct simrig *r = self;
    const bot_ts now = bot__world_now(r->world);
    struct exchange_truth t;
    bot__world_truth(r->world, (uint32_t)r->account, (uint16_t)bot__exchange_instrument_find(bot__world_exchange(r->world), r->symbol.s, r->symbol.len), &t);
    if (!r->options.outside) {
        if (t.position.v + t.open_buy.v > r->limit)
            say_wrong(r, "the venue may fill past the limit: position and buys", t.position.v + t.open_buy.v, r->limit);
        if (t.open_sell.v - t.position.v > r->limit)
            say_wrong(r, "the venue may fill past the limit: position and sells", t.open_sell.v - t.position.v, r->limit);
    }
    const bool open = simrig_open(r);
    (r->was_open ? &r->open_ns : &r->shut_ns)[0] += now - r->last_now;
    r->last_now = now;
    if (open && !r->was_open) {
        r->open_since = now;
        if (r->first_open == 0)
            r->first_open = now;
    }
    r->was_open = open;
    if (t.changed_ns != r->truth_changed_ns) {
        r->truth_changed_ns = t.changed_ns;
        r->last_fill_at = now;
    }
    if (open && now - r->open_since > r->options.quiet_ns && now - r->last_fill_at > r->options.quiet_ns && t.position.v != simrig_belief(r))
        say_wrong(r, "wrong position while the gate is open and all is quiet: truth", t.position.v, simrig_belief(r));
    if (r->sent_while_shut != 0)
        say_wrong(r, "an order left through a shut gate", r->sent_while_shut, 0);
}

static void open_budget(struct simrig *r, const struct venue *venue)
{
    if (r->options.without_budget)
        return;
    const struct session_time t = bot__world_time(r->world, r->client);
    struct budget_options o;
    bot__budget_options_init(&o);
    o.utc_ns = t.wall_ns - t.now;
    struct budget_scope scopes[BUDGET_SCOPES_MAX];
    const uint32_t n = bot__venue_budget_scopes(venue, scopes);
    for (uint32_t i = 0; i < n; i++)
        if (r->options.budget_permille != 1000 && scopes[i].per_ip) {
            scopes[i].limit = scopes[i].limit * r->options.budget_permille / 1000;
            bot__budget_reserve_default(&scopes[i], 1);
        }
    const size_t size = bot__budget_size(&o, scopes, n);
    ck_assert_uint_gt(size, 0);
    r->budget_memory = aligned_alloc(64, (size + 63) & ~(size_t)63);
    ck_assert_ptr_nonnull(r->budget_memory);
    r->budget = bot__budget_init(r->budget_memory, &o, scopes, n, t.now);
}

/* "BTCUSDT" as this venue names it: a perpetual swap at OKX. */
static bot_symbol venue_symbol(struct simrig *r, const char *name)
{
    const struct exchange *x = bot__world_exchange(r->world);
    for (uint16_t i = 0; i < bot__exchange_instruments(x); i++) {
        char pair[2 * BOT_CURRENCY_MAX + 2];
        const struct exchange_instrument *in = bot__exchange_instrument(x, i);
        snprintf(pair, sizeof pair, "%s%s", in->base.s, in->quote.s);
        if (strcmp(pair, name) == 0)
            return in->symbol;
    }
    ck_abort_msg("no instrument %s", name);
}

struct simrig *simrig_new(const struct simrig_options *o)
{
    struct simrig *r = calloc(1, sizeof *r);
    ck_assert_ptr_nonnull(r);
    r->options = *o;
    r->trace_on = true;
    r->rng.state = o->seed * 77 + 5;
    r->limit = fixed_of(o->limit);
    struct world_options wo = o->world;
    wo.seed = o->seed;
    wo.venue.dialect = o->venue;
    r->world = bot__world_new(&wo, (struct sim_alloc){ NULL, take, give });
    ck_assert_ptr_nonnull(r->world);
    r->account = bot__world_account_add(r->world, "test-key", "test-secret", (bot_money){ fixed_of("10000000") });
    ck_assert_int_gt(r->account, 0);
    r->client = bot__world_client_add(r->world, &(const struct session_inputs)SESSION_INPUTS, &r->transport);
    ck_assert_int_gt(r->client, 0);
    if (o->faults != NULL) {
        char error[200] = "";
        ck_assert_msg(bot__world_faults(r->world, o->faults, error, sizeof error) == BOT_OK, "%s", error);
    }
    r->symbol = venue_symbol(r, o->instrument);
    r->signer = bot__signer_new("test-secret", 11);
    const struct simvenue_paths paths = bot__simvenue_paths(bot__world_venue(r->world));
    struct session_options so = { .venue = bot__venue_find(o->venue), .keys = { .key = "test-key", .signer = r->signer, .passphrase = bot__simvenue_passphrase(bot__world_venue(r->world)) },
                                  .rest_url = "https://paper", .orders_over_ws = o->orders_over_ws, .instruments = { r->symbol }, .instruments_n = 1, .public_data = o->public_data,
                                  .monitors = o->monitors, .seed = o->seed, .core = o->core };
    if (o->watched != NULL)
        so.instruments[so.instruments_n++] = venue_symbol(r, o->watched);
    open_budget(r, so.venue);
    so.budget = r->budget;
    bot__session_venue_rules(so.venue, &so.core.venue);
    snprintf(so.private_url, sizeof so.private_url, "wss://paper%s", paths.ws_private);
    snprintf(so.public_url, sizeof so.public_url, "wss://paper%s", paths.ws_public);
    snprintf(so.trade_url, sizeof so.trade_url, "wss://paper%s", paths.ws_trade);
    const size_t size = bot__session_size(&so);
    ck_assert_uint_gt(size, 0);
    r->memory = aligned_alloc(64, (size + 63) & ~(size_t)63);
    ck_assert_ptr_nonnull(r->memory);
    memset(r->memory, 0, size);
    const struct session_host host = { .self = r, .effect = on_effect, .log = on_log };
    r->session = bot__session_init(r->memory, &so, &r->transport, &host, bot__world_time(r->world, r->client));
    ck_assert_ptr_nonnull(r->session);
    r->core = bot__session_core(r->session);
    bot__world_client_attach(r->world, r->client, r->session);
    bot_event ev = { .kind = BOT_EV_ATTACH, .attach = { .bot = 0, .sends_orders = true } };
    ck_assert_int_eq(bot__session_command(r->session, bot__world_time(r->world, r->client), &ev), 0);
    (void)bot__world_hook(r->world, check, r);
    bot__session_start(r->session, bot__world_time(r->world, r->client));
    r->next_trade = bot__world_now(r->world) + o->trade_every_ns;
    return r;
}

static void set_limits(struct simrig *r)
{
    const int64_t i = bot_core_find_instrument(r->core, &r->symbol);
    if (i < 0)
        return;
    bot_event ev = { .kind = BOT_EV_LIMITS, .limits = { .bot = 0, .instrument = r->symbol, .limits = { .position_max = { r->limit } } } };
    (void)bot__session_command(r->session, bot__world_time(r->world, r->client), &ev);
}

void simrig_run(struct simrig *r, int64_t ns)
{
    const bot_ts until = bot__world_now(r->world) + ns;
    while (bot__world_now(r->world) < until && r->wrong[0] == '\0') {
        bot_ts next = until;
        const bool trades = r->options.trade_every_ns != 0 && (r->options.trade_until_ns == 0 || bot__world_now(r->world) < r->options.trade_until_ns);
        if (trades && r->next_trade < next)
            next = r->next_trade;
        bot__world_run_until(r->world, next);
        if (trades && bot__world_now(r->world) >= r->next_trade) {
            set_limits(r); /* idempotent: as soon as the instrument is known */
            strategy(r);
            r->next_trade = bot__world_now(r->world) + (int64_t)test_rng_below(&r->rng, (unsigned long long)r->options.trade_every_ns * 2) + BOT_NS_PER_MS;
        }
    }
}

void simrig_free(struct simrig *r)
{
    bot__session_stop(r->session);
    bot__world_free(r->world);
    bot__signer_free(r->signer);
    free(r->memory);
    free(r->budget_memory);
    free(r);
}

const char *simrig_tail(const struct simrig *r) { return r->trace + (r->trace_len > 3500 ? r->trace_len - 3500 : 0); }

void simrig_check(const struct simrig *r)
{
    ck_assert_msg(r->wrong[0] == '\0', "seed %llu: %s\n%s", (unsigned long long)r->options.seed, r->wrong, simrig_tail(r));
}
