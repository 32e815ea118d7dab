/* The whole client over TLS for as long as one likes (CK_FORK=no SOAK_SECONDS=600 build/tests/io/test_soak), through a proxy that does to its bytes what
 * networks do, with the market maker of strategies/ trading. Every turn of the loop is checked by live.c: the venue may never
 * fill past the limit, and an open gate in quiet stands beside the right position. At the end truth is belief, and neither
 * descriptors nor memory are left behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "byte_proxy.h"
#include "live.h"

int maker_main(void); /* the strategy's own main; only its quoting is run here */
#define main maker_main
#include "../../strategies/market_maker.c"
#undef main

#define LIMIT "0.05"

static struct live l;
static struct byte_proxy *proxy;
static struct maker maker;
static unsigned soak_fills, soak_gates, soak_unknown;

/* ---- the account, with every address behind the proxy ---- */

static const char *behind_proxy(const char *url)
{
    static char text[4][160];
    static unsigned next;
    char *t = text[next++ % 4];
    const char *port = strrchr(url, ':'), *rest = strchr(port, '/');
    snprintf(t, sizeof text[0], "%.*s:%u%s", (int)(port - url), url, byte_proxy_port(proxy), rest != NULL ? rest : "");
    return t;
}

static void count_fill(bot_handle *bot, const bot_event *ev, bool external, void *user_data)
{
    (void)bot, (void)ev, (void)user_data;
    ck_assert_msg(!external, "a fill of ours was taken for a stranger's");
    soak_fills++;
}
static void count_gate(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    (void)bot, (void)user_data, (void)state;
    soak_gates++;
}
static void count_order(bot_handle *bot, const bot_order_update *u, void *user_data)
{
    soak_unknown += u->code == BOT_ERR_UNKNOWN_OUTCOME;
    on_order(bot, u, user_data);
}

static struct live_account *open_account(void)
{
    bot_account_options o;
    live_options(&l, 0, &o);
    o.rest_url = behind_proxy(o.rest_url);
    o.ws_private_url = behind_proxy(o.ws_private_url);
    o.ws_public_url = behind_proxy(o.ws_public_url);
    o.ws_trade_url = behind_proxy(o.ws_trade_url);
    struct live_account *a = live_open(&l, 0, &o, 0, LIMIT);
    maker = (struct maker){ .loop = &l.loop, .account = a->account, .qty = live_number("0.01"), .max = a->limit, .tick = live_number("0.1"), .spread_ppb = 10000 };
    maker.symbol.len = sizeof LIVE_INSTRUMENT - 1;
    memcpy(maker.symbol.s, LIVE_INSTRUMENT, maker.symbol.len);
    instrument = LIVE_INSTRUMENT;
    bot_options bo;
    bot_options_init(&bo);
    bo.name = "market-maker";
    bo.limits = (bot_limits){ .position_max = { a->limit }, .open_orders_max = 8, .orders_per_s_max = 8, .collar_bps = 100 };
    bo.callbacks = (bot_callbacks){ .gate = count_gate, .fill = count_fill, .order = count_order };
    bo.user_data = &maker;
    ck_assert_int_eq(bot_attach(a->account, &bo, &maker.bot), BOT_OK);
    a->bots[0] = maker.bot;
    a->bots_n = 1;
    return a;
}

static bool proxy_is_empty(struct live_account *a) { (void)a; return byte_proxy_pairs(proxy) == 0; }
static bool is_open_and_right(struct live_account *a) { return live_is_open(a) && live_is_right(a); }
static bool has_ended(struct live_account *a) { return live_working(a) == 0 && live_is_open(a) && live_is_right(a); }

static void close_account(struct live_account *a)
{
    live_close(a);
    LIVE_UNTIL(a, proxy_is_empty, 5000);
}

/* ---- what happens to the bytes ---- */

enum ill { CUT, RESET, STALL, STALL_TO_CLIENT, STALL_TO_VENUE, DRIP, REFUSE, ILLS };
static const char *const ill_names[ILLS] = { "cut", "reset", "stall", "stall to client", "stall to venue", "drip", "refuse" };

static void begin_ill(enum ill ill)
{
    switch (ill) {
    case CUT: byte_proxy_cut(proxy, false); break;
    case RESET: byte_proxy_cut(proxy, true); break;
    case STALL:
        byte_proxy_pace(proxy, TO_CLIENT, BYTES_STALL);
        byte_proxy_pace(proxy, TO_VENUE, BYTES_STALL);
        break;
    case STALL_TO_CLIENT: byte_proxy_pace(proxy, TO_CLIENT, BYTES_STALL); break;
    case STALL_TO_VENUE: byte_proxy_pace(proxy, TO_VENUE, BYTES_STALL); break;
    case DRIP:
        byte_proxy_pace(proxy, TO_CLIENT, BYTES_DRIP);
        byte_proxy_pace(proxy, TO_VENUE, BYTES_DRIP);
        break;
    case REFUSE:
        byte_proxy_refuse(proxy, true);
        byte_proxy_cut(proxy, true);
        break;
    case ILLS: break;
    }
}

static void heal(void)
{
    byte_proxy_pace(proxy, TO_CLIENT, BYTES_PASS);
    byte_proxy_pace(proxy, TO_VENUE, BYTES_PASS);
    byte_proxy_refuse(proxy, false);
}

static void on_quote(uv_timer_t *timer)
{
    (void)timer;
    on_timer(&maker.timer);
}

static unsigned seconds(void)
{
    const char *given = getenv("SOAK_SECONDS");
    const long n = given != NULL ? strtol(given, NULL, 10) : 15;
    return n < 10 ? 10 : (unsigned)n;
}

TEST(soak, a_market_maker_behind_a_failing_network_ends_with_belief_the_truth)
{
    live_begin(&l);
    l.quiet_ms = 3500; /* a lease of 2 s runs from the sending of what proved it; then the gate is shut */
    proxy = byte_proxy_open(&l.loop, (unsigned)atoi(strrchr(paper_rest_url(l.paper), ':') + 1));

    /* Once for what is made once and kept: contexts of TLS, arenas. */
    struct live_account *a = open_account();
    LIVE_UNTIL(a, is_open_and_right, 8000);
    close_account(a);
    const unsigned descriptors = descriptors_open();

    a = open_account();
    LIVE_UNTIL(a, is_open_and_right, 8000);
    uv_timer_t quote;
    uv_timer_init(&l.loop, &quote);
    maker.timer.data = &maker;
    uv_timer_start(&quote, on_quote, 500, 500); /* as the strategy's own main does */

    test_rng rng = { 20261121 };
    unsigned ills[ILLS] = { 0 };
    const uint64_t begin = uv_hrtime(), span = (uint64_t)seconds() * 1000000000;
    size_t memory = 0, memory_max = 0;
    while (uv_hrtime() - begin < span) {
        /* Healthy, and trading; in the long form sometimes for long enough that every lease and hold-down is behind it. */
        const unsigned spell = seconds() >= 60 && test_rng_below(&rng, 3) == 0 ? 30 : 4;
        for (unsigned i = 1 + (unsigned)test_rng_below(&rng, spell); i > 0; i--) {
            loop_for(&l.loop, 400);
            (void)live_take(a, 0, test_rng_below(&rng, 2) ? BOT_BUY : BOT_SELL, "0.01");
        }
        const enum ill ill = (enum ill)test_rng_below(&rng, ILLS);
        ills[ill]++;
        begin_ill(ill);
        (void)live_take(a, 0, test_rng_below(&rng, 2) ? BOT_BUY : BOT_SELL, "0.01"); /* into it */
        loop_for(&l.loop, 200 + (unsigned)test_rng_below(&rng, 3000));
        /* A connection that hung does not always come back to life, and a request that died in it costs a minute (see below):
         * only in the long form. */
        if (seconds() >= 60 && ill >= STALL && ill <= DRIP && test_rng_below(&rng, 2)) byte_proxy_cut(proxy, true);
        heal();
        if (memory == 0 && uv_hrtime() - begin > span / 3) memory = resident_kib();
    }
    memory_max = resident_kib();
    /* An order whose request died in the proxy is believed lost a minute after it was first not found (absence_bound_ns). */
    LIVE_UNTIL(a, is_open_and_right, 75000);
    uv_close((uv_handle_t *)&quote, NULL);
    bot_cancel_all(maker.bot);
    LIVE_UNTIL(a, has_ended, 20000);

    const bot_account_stats stats = live_stats(a);
    fprintf(stderr, "# %u s:", seconds());
    for (int i = 0; i < ILLS; i++) fprintf(stderr, " %s %u,", ill_names[i], ills[i]);
    fprintf(stderr, " %lu bytes; %llu orders, %u fills, %u unknown outcomes, gate changed %u times; %llu streams lost; memory %zu -> %zu KiB\n",
            byte_proxy_bytes(proxy), (unsigned long long)stats.orders_sent, soak_fills, soak_unknown, soak_gates,
            (unsigned long long)stats.ws_losses, memory, memory_max);
    ck_assert_uint_gt(soak_fills, 0);
    ck_assert_uint_gt(stats.ws_losses, 0);
    close_account(a);
    ck_assert_uint_eq(descriptors_open(), descriptors);
    if (!test_sanitized() && memory != 0) ck_assert_msg(memory_max < memory + 4096, "memory grows: %zu -> %zu KiB", memory, memory_max);

    bool closed = false;
    byte_proxy_close(proxy, &closed);
    UNTIL(&l.loop, closed);
    live_end(&l);
}
