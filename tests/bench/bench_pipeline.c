/* From the bytes of a private execution to the updated position and the re-evaluated gate, against what cJSON needs merely to
 * parse the same bytes in the same run. And the parts: applying a fill, a duplicate, a gate check, the submit path.
 * Instruction counts, which do not wobble (of one of the four, for 8 * 512 messages):
 *   valgrind --tool=callgrind --toggle-collect='bench_whole' bench_pipeline whole 8 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "bot/core.h"
#include "counter.h"
#include "venue/venue.h"

#define MESSAGES 512
#define ROUNDS 400

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * BOT_NS_PER_S + t.tv_nsec;
}

static char messages[MESSAGES][1200];
static size_t lengths[MESSAGES];

/* A message as Bybit sends it, 800 bytes; ids and numbers differ from one to the next and from round to round. */
static void make(uint32_t i, uint64_t n)
{
    lengths[i] = (size_t)snprintf(messages[i], sizeof messages[i],
        "{\"id\":\"592324803b2785-26fa-4214-9963-bdd4727f%04x\",\"topic\":\"execution\",\"creationTime\":1672364174455,\"data\":[{\"category\":\"linear\","
        "\"symbol\":\"BTCUSDT\",\"closedSize\":\"\",\"execFee\":\"0.00%u\",\"execId\":\"7e2ae69c-4edf-5800-a352-%012llx\",\"execPrice\":\"%u.5\",\"execQty\":\"0.00%u\","
        "\"execType\":\"Trade\",\"execValue\":\"8.435\",\"feeRate\":\"0.0006\",\"tradeIv\":\"\",\"markIv\":\"\",\"blockTradeId\":\"\",\"markPrice\":\"0.3391\",\"indexPrice\":\"\","
        "\"underlyingPrice\":\"\",\"leavesQty\":\"0\",\"orderId\":\"f6e324ff-99c2-4e89-9739-3086e47f9381\",\"orderLinkId\":\"b0lq3k5x9000%05u\",\"orderPrice\":\"0.3207\",\"orderQty\":\"25\","
        "\"orderType\":\"Market\",\"stopOrderType\":\"UNKNOWN\",\"side\":\"%s\",\"execTime\":\"1672364174443\",\"isLeverage\":\"0\",\"isMaker\":false,\"seq\":%llu,\"marketUnit\":\"\",\"execPnl\":\"0.05\",\"createType\":\"CreateByUser\",\"feeCurrency\":\"USDT\"}]}",
        (unsigned)(i & 0xffff), 1 + i % 9, (unsigned long long)n, 60000 + i, 1 + i % 9, i, n % 2 ? "Buy" : "Sell", (unsigned long long)(4688002127u + n));
}

static bot_core *core;
static bot_ts at;

static int step(void *user_data, const bot_event *decoded)
{
    (void)user_data;
    bot_event ev = *decoded;
    ev.ts = at;
    ev.source = BOT_SOURCE_WS_PRIVATE;
    return bot_core_step(core, &ev) < 0 ? -1 : 0;
}

static int none(void *user_data, const bot_event *ev)
{
    (void)ev;
    ++*(uint64_t *)user_data;
    return 0;
}

static void give(bot_event *ev)
{
    ev->ts = at;
    if (ev->seq == 0) ev->seq = BOT_SEQ_NONE;
    (void)bot_core_step(core, ev);
}

static struct counter counter;

struct best {
    double ns, instructions; /* a message */
};

static void row(const char *what, struct best is, double floor)
{
    printf("%-58s %9.1f ns", what, is.ns);
    if (floor > 0)
        printf("   floor %9.1f ns   ratio %.3f", floor, is.ns / floor);
    if (is.instructions > 0)
        counter_print(&counter, is.instructions);
    printf("\n");
}

static const struct venue *bybit;
static struct venue_context ctx;
static uint64_t events;

static __attribute__((noinline)) void bench_cjson(void)
{
    for (uint32_t i = 0; i < MESSAGES; i++)
        cJSON_Delete(cJSON_ParseWithLength(messages[i], lengths[i]));
}

static __attribute__((noinline)) void bench_decode(void)
{
    for (uint32_t i = 0; i < MESSAGES; i++)
        (void)bybit->decode_ws(&ctx, BOT_SOURCE_WS_PRIVATE, (struct slice){ messages[i], lengths[i] }, none, &events);
}

static __attribute__((noinline)) void bench_whole(void)
{
    for (uint32_t i = 0; i < MESSAGES; i++) {
        at += 1000;
        if (bybit->decode_ws(&ctx, BOT_SOURCE_WS_PRIVATE, (struct slice){ messages[i], lengths[i] }, step, NULL) != 1) abort();
    }
}

static __attribute__((noinline)) void bench_duplicate(void)
{
    for (uint32_t i = 0; i < MESSAGES; i++)
        (void)bybit->decode_ws(&ctx, BOT_SOURCE_WS_PRIVATE, (struct slice){ messages[i], lengths[i] }, step, NULL);
}

static void time_best(void (*body)(void), struct best *best)
{
    const uint64_t counted = counter_read(&counter);
    const int64_t start = now_ns();
    body();
    const double ns = (double)(now_ns() - start) / MESSAGES, instructions = (double)(counter_read(&counter) - counted) / MESSAGES;
    if (ns < best->ns) best->ns = ns;
    if (instructions < best->instructions) best->instructions = instructions;
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : "";
    bot_core_options o;
    bot_core_options_init(&o);
    o.manual_policy = BOT_MANUAL_IGNORE;
    o.clock_lease_ns = 0;
    const size_t size = bot_core_size(&o);
    void *memory = aligned_alloc(64, (size + 63) & ~(size_t)63);
    if (memory == NULL) return 1;
    memset(memory, 0, size);
    at = BOT_NS_PER_S;
    core = bot_core_init(memory, &o, at);
    bybit = bot__venue_find("bybit");
    bot_event ev = { .kind = BOT_EV_ATTACH, .attach = { .sends_orders = true } };
    give(&ev);
    ev = (bot_event){ .kind = BOT_EV_INSTRUMENT, .inst = { .contract = BOT_LINEAR, .tradable = true, .tick = { 1, 1 }, .lot = { 1, 3 }, .multiplier = { 1, 0 } } };
    bot__symbol_set(&ev.instrument, "BTCUSDT", 7);
    bot__currency_set(&ev.inst.settle, "USDT", 4);
    give(&ev);
    const bot_symbol symbol = ev.instrument;
    ev = (bot_event){ .kind = BOT_EV_LIMITS, .limits = { .instrument = symbol, .limits = { .position_max = { (bot_i128)1000000 * 1000000000 * 1000000000 } } } };
    give(&ev);
    ev = (bot_event){ .kind = BOT_EV_STREAM, .stream = { .stream = BOT_STREAM_PRIVATE, .state = BOT_STREAM_READY } };
    give(&ev);

    /* Best of rounds: what the code needs when the machine lets it. */
    struct best floor = { 1e9, 1e9 }, decode = floor, whole = floor, duplicate = floor;
    counter = counter_open();
    const int rounds = argc > 2 ? atoi(argv[2]) : ROUNDS;
    uint64_t n = 0;
    for (int round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < MESSAGES; i++)
            make(i, ++n);
        if (strstr("cjson", only) != NULL) time_best(bench_cjson, &floor);
        if (strstr("decode", only) != NULL) time_best(bench_decode, &decode);
        if (strstr("whole", only) != NULL) time_best(bench_whole, &whole);
        if (strstr("duplicate", only) != NULL) time_best(bench_duplicate, &duplicate);
    }
    if (*only != '\0')
        return 0;
    bot_core_stats stats;
    bot_core_stats_get(core, &stats);
    if (stats.fills_applied != (uint64_t)MESSAGES * (uint64_t)rounds || stats.fills_duplicate != (uint64_t)MESSAGES * (uint64_t)rounds) {
        fprintf(stderr, "not every fill was applied once: %llu, %llu\n", (unsigned long long)stats.fills_applied, (unsigned long long)stats.fills_duplicate);
        return 1;
    }
    printf("private execution, %zu bytes, %d different messages, best of %d rounds; floor: cJSON parses the same bytes\n", lengths[0], MESSAGES, rounds);
    counter_note(&counter);
    row("raw bytes -> event", decode, floor.ns);
    row("raw bytes -> position updated and gate re-evaluated", whole, floor.ns);
    row("raw bytes of a duplicate -> recognised", duplicate, floor.ns);
    row("of it: step of the core for a new fill", (struct best){ whole.ns - decode.ns, whole.instructions - decode.instructions }, 0);

    int64_t start = now_ns();
    uint64_t open = 0;
    for (int i = 0; i < 10000000; i++) {
        open += bot_core_gate_open(core, at + i);
        __asm__ volatile("" ::: "memory");
    }
    row("gate check", (struct best){ .ns = (double)(now_ns() - start) / 10000000 }, 0);

    /* Submit up to the signed bytes, the gate shut or open alike: a refusal is the short form. */
    struct bot__signer *signer = bot__signer_new("secret", 6);
    const struct venue_keys keys = { .key = "key", .signer = signer };
    struct venue_request req = { .call = VENUE_CALL_SUBMIT, .instrument = symbol };
    req.order = (bot_order_request){ .instrument = symbol, .side = BOT_BUY, .type = BOT_LIMIT, .tif = BOT_GTC, .leg = BOT_LEG_NET,
                                     .qty = { (bot_i128)1000000000 * 1000000 }, .price = { (bot_i128)60000 * 1000000000 * 1000000000 } };
    bot__id_set(&req.client_id, "b0kz0x1y2a0000001", 17);
    static struct venue_http http;
    start = now_ns();
    for (int i = 0; i < 200000; i++)
        if (bybit->encode_rest(&req, &keys, INT64_C(1700000000) * BOT_NS_PER_S + i, &http) < 0) return 1;
    row("order -> signed request bytes", (struct best){ .ns = (double)(now_ns() - start) / 200000 }, 0);
    char frame[1024];
    start = now_ns();
    for (int i = 0; i < 200000; i++)
        if (bybit->encode_ws(&req, &keys, INT64_C(1700000000) * BOT_NS_PER_S + i, frame, sizeof frame) < 0) return 1;
    row("order -> bytes for the order socket", (struct best){ .ns = (double)(now_ns() - start) / 200000 }, 0);
    bot_position held;
    bot_core_position(core, 0, BOT_LEG_NET, &held);
    const bool falling = held.qty.v < 0;
    start = now_ns();
    for (int i = 0; i < 1000000; i++) {
        bot_event s = { .kind = BOT_EV_SUBMIT, .ts = at, .seq = BOT_SEQ_NONE, .submit = { .order = req.order } };
        s.submit.client_id = bot_core_next_client_id(core, 0);
        s.submit.order.side = falling ? BOT_SELL : BOT_BUY; /* away from flat: an exit would pass */
        (void)bot_core_step(core, &s);
    }
    row("submit decided by the core (refused: gate shut)", (struct best){ .ns = (double)(now_ns() - start) / 1000000 }, 0);
    bot__signer_free(signer);
    free(memory);
    return open == UINT64_MAX;
}
