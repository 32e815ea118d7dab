/* One bot through the incident. The market, the venue and its failures are the same for each: the same seed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/decimal.h"
#include "demo.h"

/* The story begins when the bots have run for an hour in which all was well: monitors that have just begun to know their market
 * would mix their own doubts into it. In a rising market positions come back "success" and minutes old; later the request hangs. */
#define DEMO_BEFORE_S 3600
static const char incident[] = "at 3600s for 240s market.trend ticks=5\n"
                               "at 3690s for 200s rest.stale on=positions age=60s..290s\n"
                               "at 3840s for 60s market.trend ticks=-60\n"
                               "at 3900s for 80s market.trend ticks=5\n"
                               "at 3950s for 75s rest.hang on=positions\n"
                               "at 3980s for 45s market.trend ticks=-60\n"
                               "at 4025s market.trend ticks=5\n";

static void *take(void *self, size_t size) { (void)self; return calloc(1, size); }
static void give(void *self, void *p) { (void)self; free(p); }

struct libbot_client {
    struct world *world;
    int client;
    struct session *session;
    void *memory;
    struct bot__signer *signer;
    bot_symbol symbol;
    bot_i128 limit, qty;
    uint32_t orders, refused;
};

static int command(struct libbot_client *c, bot_event *ev) { return bot__session_command(c->session, bot__world_time(c->world, c->client), ev); }

static bot_i128 belief(void *self)
{
    struct libbot_client *c = self;
    bot_core *core = bot__session_core(c->session);
    const int64_t i = bot_core_find_instrument(core, &c->symbol);
    if (i < 0)
        return 0;
    bot_position p;
    bot_core_position(core, (uint32_t)i, BOT_LEG_NET, &p);
    return p.qty.v;
}

static uint32_t reasons(void *self)
{
    struct libbot_client *c = self;
    bot_gate_state state;
    bot_core_gate_state(bot__session_core(c->session), bot__world_time(c->world, c->client).now, &state);
    return state.reasons;
}

static bool may_trade(void *self) { return reasons(self) == 0; }

static void decide(void *self, bool up)
{
    struct libbot_client *c = self;
    const int want = demo_wanted(belief(c), up, c->limit, c->qty);
    if (want == 0)
        return;
    bot_event ev = { .kind = BOT_EV_SUBMIT };
    ev.submit.order = (bot_order_request){ .instrument = c->symbol, .side = want > 0 ? BOT_BUY : BOT_SELL, .type = BOT_MARKET, .leg = BOT_LEG_NET, .qty = { c->qty } };
    if (command(c, &ev) == BOT_OK)
        c->orders++;
    else
        c->refused++;
}

static void on_effect(void *self, const bot_effect *effect) { (void)self, (void)effect; }

static bool libbot_open(struct libbot_client *c, struct world *w)
{
    struct transport transport;
    c->world = w;
    c->signer = bot__signer_new(DEMO_SECRET, strlen(DEMO_SECRET));
    c->client = bot__world_client_add(w, &(const struct session_inputs)SESSION_INPUTS, &transport);
    bot__symbol_set(&c->symbol, DEMO_INSTRUMENT, strlen(DEMO_INSTRUMENT));
    (void)bot_fixed_parse(DEMO_LIMIT, strlen(DEMO_LIMIT), &c->limit);
    (void)bot_fixed_parse(DEMO_ORDER, strlen(DEMO_ORDER), &c->qty);
    struct session_options so = { .venue = bot__venue_find("bybit"), .keys = { .key = DEMO_KEY, .signer = c->signer }, .rest_url = "https://paper",
                                  .private_url = "wss://paper/v5/private", .public_url = "wss://paper/v5/public", .instruments = { c->symbol },
                                  .instruments_n = 1, .public_data = true, .monitors = true, .seed = 1 };
    bot_core_options_init(&so.core);
    so.core.session_id = 1;
    const size_t size = bot__session_size(&so);
    c->memory = calloc(1, size + 64);
    if (c->memory == NULL || c->signer == NULL || size == 0)
        return false;
    const struct session_host host = { .self = c, .effect = on_effect };
    c->session = bot__session_init((void *)(((uintptr_t)c->memory + 63) & ~(uintptr_t)63), &so, &transport, &host, bot__world_time(w, c->client));
    if (c->session == NULL)
        return false;
    bot__world_client_attach(w, c->client, c->session);
    bot_event ev = { .kind = BOT_EV_ATTACH, .attach = { .sends_orders = true } };
    (void)command(c, &ev);
    ev = (bot_event){ .kind = BOT_EV_LIMITS, .limits = { .instrument = c->symbol, .limits = { .position_max = { c->limit } } } };
    (void)command(c, &ev);
    bot__session_start(c->session, bot__world_time(w, c->client));
    return true;
}

static double plot_value(bot_i128 v) { return (double)(v / 1000000000) / 1e9; }

int demo_run(enum demo_kind kind, uint64_t seed, struct demo_result *ret)
{
    static const char *const names[DEMO_BOTS] = { "rest-poll", "async-poll", "libbot" };
    static const char *const titles[DEMO_BOTS] = { "asks REST before every decision", "polls REST in the background", "the same strategy on libbot" };
    *ret = (struct demo_result){ .name = names[kind], .title = titles[kind] };
    struct world_options wo;
    bot__world_options_init(&wo);
    wo.seed = seed;
    struct world *w = bot__world_new(&wo, (struct sim_alloc){ NULL, take, give });
    if (w == NULL)
        return fprintf(stderr, "botctl demo: out of memory\n"), -1;
    char error[200] = "";
    bot_i128 balance;
    (void)bot_fixed_parse("1000000", 7, &balance);
    const int account = bot__world_account_add(w, DEMO_KEY, DEMO_SECRET, (bot_money){ balance });
    if (account < 0 || bot__world_faults(w, incident, error, sizeof error) < 0) {
        bot__world_free(w);
        return fprintf(stderr, "botctl demo: %s\n", error), -1;
    }
    struct libbot_client libbot = { 0 };
    struct demo_naive *naive = NULL;
    struct demo_bot bot;
    if (kind == DEMO_LIBBOT) {
        if (!libbot_open(&libbot, w))
            return fprintf(stderr, "botctl demo: out of memory\n"), -1;
        bot = (struct demo_bot){ .self = &libbot, .belief = belief, .decide = decide, .may_trade = may_trade, .reasons = reasons };
    } else {
        naive = demo_naive_new(w, kind);
        if (naive == NULL)
            return fprintf(stderr, "botctl demo: out of memory\n"), -1;
        bot = demo_naive_bot(naive);
    }
    (void)bot_fixed_parse(DEMO_LIMIT, strlen(DEMO_LIMIT), &ret->limit);

    struct exchange *x = bot__world_exchange(w);
    const int instrument = bot__exchange_instrument_find(x, DEMO_INSTRUMENT, strlen(DEMO_INSTRUMENT));
    const struct exchange_instrument *in = bot__exchange_instrument(x, (uint16_t)instrument);
    bot__world_run_until(w, bot__world_now(w) + DEMO_BEFORE_S * BOT_NS_PER_S);
    const bot_ts start = bot__world_now(w);
    bot_ts wrong_since = BOT_TS_NEVER;
    int64_t marks[20] = { 0 };
    uint64_t trades_before = bot__exchange_stats(x).trades;
    uint32_t orders_before = 0;
    bool was_wrong = false;
    for (uint32_t second = 0; second < DEMO_SECONDS; second++) {
        bot__world_run_until(w, start + (bot_ts)(second + 1) * BOT_NS_PER_S);
        struct exchange_truth truth;
        bot__exchange_truth(x, (uint32_t)account, (uint16_t)instrument, &truth);
        const bot_i128 believed = bot.belief(bot.self), size = truth.position.v < 0 ? -truth.position.v : truth.position.v;
        if (size > ret->max_true)
            ret->max_true = size;
        /* Wrong: different from the truth for more than a second; shorter is what light needs. */
        if (believed == truth.position.v)
            wrong_since = BOT_TS_NEVER;
        else if (wrong_since == BOT_TS_NEVER)
            wrong_since = bot__world_now(w);
        const bool wrong = wrong_since != BOT_TS_NEVER && bot__world_now(w) - wrong_since >= BOT_NS_PER_S;
        if (wrong && bot.may_trade(bot.self))
            ret->seconds_blind++;

        const int64_t mark = bot__exchange_mark(x, (uint16_t)instrument);
        const bool up = mark >= marks[second % 20];
        marks[second % 20] = mark;
        /* Orders of the second that has just ended count by how it began: some bots decide when an answer comes. */
        const uint32_t orders = kind == DEMO_LIBBOT ? libbot.orders : demo_naive_orders(naive);
        ret->orders_while_wrong += was_wrong ? orders - orders_before : 0;
        orders_before = orders;
        was_wrong = wrong;
        if (second >= 20)
            bot.decide(bot.self, up);

        const uint64_t trades = bot__exchange_stats(x).trades;
        ret->samples[ret->samples_n++] = (struct demo_sample){ .truth = plot_value(truth.position.v), .belief = plot_value(believed),
                                                               .price = plot_value(bot__exchange_px(in, mark).v), .trades = (uint32_t)(trades - trades_before),
                                                               .reasons = bot.reasons != NULL ? bot.reasons(bot.self) : 0 };
        trades_before = trades;
    }
    struct exchange_truth truth;
    bot__exchange_truth(x, (uint32_t)account, (uint16_t)instrument, &truth);
    ret->pnl = truth.realised.v + truth.unrealised.v - truth.fees.v - truth.funding.v;
    ret->orders = kind == DEMO_LIBBOT ? libbot.orders : demo_naive_orders(naive);
    ret->refused = libbot.refused;
    if (kind == DEMO_LIBBOT)
        bot__session_stop(libbot.session);
    bot__world_free(w);
    bot__signer_free(libbot.signer);
    free(libbot.memory);
    demo_naive_free(naive);
    return 0;
}
