/* What a fill costs. Times are medians over batches; run under `valgrind --tool=callgrind --toggle-collect='bench_*'` with an
 * argument naming one case for instruction counts.
 *
 * Measured on the project's shared 2-core virtual machine, others at work on it, gcc 12 -O3, default bounds, best of 200 batches in
 * five runs: apply_linear_add 76 to 83 ns, 970 instructions; apply_linear_mixed 86 to 92, 1,090; apply_inverse_mixed 99 to 106, 1,200;
 * duplicate 31 to 33, 450. (Before an apply was one function to the compiler, beside it in the same minutes: 93 to 99, 1,110; 103 to
 * 114, 1,210; 105 to 117, 1,420; 31, 430.) Link-time optimisation adds nothing to this. Medians are half as much again to twice as
 * much with the neighbours.
 * Much of an apply is memory: the places of the new id and of the one that leaves are random in a megabyte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bot/decimal.h"
#include "core/ledger.h"
#include "counter.h"

#define EVENTS 4096
#define BATCHES 200

static struct ledger *ledger;
static struct counter counter;
static bot_id    ids[EVENTS];
static bot_event kinds[4]; /* just decoded means: hot. Only the exec id differs. */

static bot_dec dec(const char *text)
{
    bot_dec d = { 0 };
    if (bot_dec_parse(text, strlen(text), &d) < 0)
        abort();
    return d;
}

static bot_symbol symbol_of(const char *text)
{
    bot_symbol s = { .len = (uint8_t)strlen(text) };
    memcpy(s.s, text, s.len);
    return s;
}

static void open_ledger(bot_contract contract)
{
    struct ledger_options o;
    bot__ledger_options_init(&o);
    const size_t size = bot__ledger_size(&o);
    void *mem = aligned_alloc(64, size);
    if (mem == NULL)
        abort();
    memset(mem, 0, size);
    ledger = bot__ledger_init(mem, &o);
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "COIN%02dUSDT", i);
        struct instrument in = { .symbol = symbol_of(name), .contract = contract, .multiplier = (bot_i128)1000000000000000000,
                                 .settle = { 4, "USDT" }, .quote = { 4, "USDT" } };
        if (bot__ledger_instrument_put(ledger, &in, 0, NULL, NULL) < 0)
            abort();
    }
}

/* adds: only buys, so that no cost has to be divided; else three adds and a partial reduction in turn. */
static void make_kinds(int adds)
{
    for (unsigned i = 0; i < 4; i++) {
        bot_event *ev = &kinds[i];
        *ev = (bot_event){ .kind = BOT_EV_FILL, .has = BOT_HAS_QTY | BOT_HAS_PRICE | BOT_HAS_FEE, .ts = 1, .seq = 1, .venue_ns = 1 };
        ev->instrument = symbol_of("COIN17USDT");
        ev->fill = (bot_ev_fill){ .side = adds || i != 3 ? BOT_BUY : BOT_SELL, .kind = BOT_FILL_TRADE, .qty = dec(i == 3 ? "0.025" : "0.01"),
                                  .price = dec("65000.5"), .fee = dec("0.0003"), .fee_currency = { 4, "USDT" } };
    }
}

static void make_ids(unsigned round)
{
    for (unsigned i = 0; i < EVENTS; i++) {
        ids[i] = (bot_id){ 0 };
        ids[i].len = (uint8_t)snprintf(ids[i].s, BOT_ID_MAX, "5a6b%08x-%04x-4bd1-9c%08x", round, i, i * 2654435761u);
    }
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

__attribute__((noinline)) static unsigned bench_apply(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < EVENTS; i++) {
        bot_event *ev = &kinds[i % 4];
        ev->fill.exec_id = ids[i];
        n += (unsigned)bot__ledger_apply_fill(ledger, ev, 0, BOT_LEG_NONE, NULL);
    }
    return n;
}

__attribute__((noinline)) static unsigned bench_find(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < EVENTS; i++)
        n += bot__ledger_find(ledger, &kinds[i % 4].instrument);
    return n;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run(const char *name, bot_contract contract, int adds, int again, unsigned (*body)(void))
{
    static double ns[BATCHES], instructions[BATCHES];
    open_ledger(contract);
    make_kinds(adds);
    unsigned check = 0;
    for (unsigned b = 0; b < BATCHES; b++) {
        if (!again || b == 0)
            make_ids(b);
        if (again && b == 0)
            bench_apply();
        const uint64_t counted = counter_read(&counter);
        const int64_t start = now_ns();
        check += body();
        ns[b] = (double)(now_ns() - start) / EVENTS;
        instructions[b] = (double)(counter_read(&counter) - counted) / EVENTS;
    }
    qsort(ns, BATCHES, sizeof *ns, by_value);
    qsort(instructions, BATCHES, sizeof *instructions, by_value);
    printf("%-24s best %6.1f ns   median %6.1f ns   p95 %6.1f ns", name, ns[0], ns[BATCHES / 2], ns[BATCHES * 95 / 100]);
    counter_print(&counter, instructions[BATCHES / 2]);
    printf("   (%u)\n", check);
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : "";
    counter = counter_open();
    counter_note(&counter);
    const struct { const char *name; bot_contract contract; int adds, again; unsigned (*body)(void); } cases[] = {
        { "apply_linear_add", BOT_LINEAR, 1, 0, bench_apply },       { "apply_linear_mixed", BOT_LINEAR, 0, 0, bench_apply },
        { "apply_inverse_mixed", BOT_INVERSE, 0, 0, bench_apply },   { "duplicate", BOT_LINEAR, 1, 1, bench_apply },
        { "find_instrument", BOT_LINEAR, 1, 1, bench_find },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strstr(cases[i].name, only) != NULL)
            run(cases[i].name, cases[i].contract, cases[i].adds, cases[i].again, cases[i].body);
    return 0;
}
