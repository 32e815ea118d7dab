#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/decimal.h"
#include "sim/alloc.h"
#include "venue/venue.h"

/* ---- one line ---------------------------------------------------------------------------------------------------- */

static bool duration(const char *s, int64_t *ret_ns)
{
    char *end;
    const double v = strtod(s, &end);
    double unit;
    if (strncmp(end, "ms", 2) == 0) unit = 1e6;
    else if (end[0] == 's') unit = 1e9;
    else if (end[0] == 'm') unit = 60e9;
    else return false;
    *ret_ns = (int64_t)(v * unit);
    return end != s;
}

static const struct {
    const char *name;
    enum dst_what what;
    uint32_t takes;
} kinds[] = {
    { "proc.kill", DST_KILL, DST_CRASH }, { "proc.power", DST_POWER, DST_CRASH }, { "proc.stop", DST_STOP, DST_CRASH },
    { "proc.freeze", DST_FREEZE, 0 }, { "proc.offline", DST_OFFLINE, 0 }, { "proc.skew", DST_SKEW, 0 }, { "proc.disk", DST_DISK, 0 },
    { "proc.full", DST_FULL, 0 }, { "proc.stall", DST_STALL, 0 }, { "proc.switch", DST_SWITCH, 0 },
    { "proc.backlog", DST_BACKLOG, DST_LIE_PRIVATE | DST_LIE_REST | DST_BAN /* for all that comes at once */ }, { "proc.rot", DST_ROT, 0 },
    { "ws.drop", DST_VENUE, DST_LIE_PRIVATE }, { "ws.halfopen", DST_VENUE, DST_LIE_PRIVATE }, { "ws.delay", DST_VENUE, DST_LIE_PRIVATE }, { "ws.mute", DST_VENUE, DST_LIE_PRIVATE },
    { "ws.reorder", DST_VENUE, DST_LIE_PRIVATE }, { "ws.blind", DST_VENUE, DST_LIE_PRIVATE }, { "account.mode", DST_VENUE, DST_OUTSIDE }, { "rest.stale", DST_VENUE, DST_LIE_REST }, { "rest.freeze", DST_VENUE, DST_LIE_REST },
    { "rest.partial", DST_VENUE, DST_LIE_REST }, { "rest.forget", DST_VENUE, DST_LIE_REST }, { "rest.limit", DST_VENUE, DST_BAN },
    { "rest.ban", DST_VENUE, DST_BAN }, { "liquidate", DST_VENUE, DST_OUTSIDE }, { "adl", DST_VENUE, DST_OUTSIDE },
    { "trade", DST_VENUE, DST_OUTSIDE }, { "trade.self", DST_VENUE, DST_OUTSIDE }, { "order", DST_VENUE, DST_OUTSIDE }, { "seq.restart", DST_VENUE, DST_RESTARTS_SEQ },
    { "", DST_VENUE, 0 },
};

const char *dst_kind_name(uint32_t kind)
{
    if (kind < FAULT_KIND_COUNT)
        return kind == FAULT_NONE ? NULL : bot__fault_name((enum fault_kind)kind);
    for (size_t k = 0; kinds[k].name[0] != '\0'; k++)
        if (kinds[k].what != DST_VENUE && kinds[k].what == kind - FAULT_KIND_COUNT) return kinds[k].name;
    return NULL;
}

bool dst_kind_of(uint32_t kind, const char *venue)
{
    const bool bybit = strcmp(venue, "bybit") == 0;
    return dst_kind_name(kind) != NULL && (kind != FAULT_KEY_END || bot__venue_find(venue)->needs_listen_key) &&
           (kind != FAULT_WS_SPLIT || bybit); /* nobody else puts several rows into one message */
}

static bool line_parse(const char *text, struct dst_fault *ret)
{
    struct dst_fault f = { .process = 1 };
    while (*text == ' ') text++;
    if (strlen(text) >= sizeof f.text) return false;
    snprintf(f.text, sizeof f.text, "%s", text);
    for (size_t n = strlen(f.text); n > 0 && f.text[n - 1] == ' ';) f.text[--n] = '\0';
    char copy[DST_LINE_MAX], *save = NULL;
    memcpy(copy, f.text, sizeof copy);
    const char *word = strtok_r(copy, " ", &save);
    if (word == NULL || strcmp(word, "at") != 0 || (word = strtok_r(NULL, " ", &save)) == NULL || !duration(word, &f.at_ns)) return false;
    word = strtok_r(NULL, " ", &save);
    if (word != NULL && strcmp(word, "for") == 0) {
        word = strtok_r(NULL, " ", &save);
        if (word == NULL || !duration(word, &f.for_ns)) return false;
        word = strtok_r(NULL, " ", &save);
    }
    if (word == NULL) return false;
    size_t k = 0;
    while (kinds[k].name[0] != '\0' && strcmp(kinds[k].name, word) != 0) k++;
    f.what = kinds[k].what;
    f.takes = kinds[k].takes;
    if (strncmp(word, "proc.", 5) == 0 && f.what == DST_VENUE) return false;
    for (uint32_t n = 0; n < DST_KINDS; n++)
        if (dst_kind_name(n) != NULL && strcmp(dst_kind_name(n), word) == 0) f.kind = n;
    while ((word = strtok_r(NULL, " ", &save)) != NULL) {
        if (strncmp(word, "process=", 8) == 0) f.process = (uint32_t)atoi(word + 8);
        else if (strncmp(word, "down=", 5) == 0 || (f.what == DST_SKEW && strncmp(word, "by=", 3) == 0)) {
            if (!duration(strchr(word, '=') + 1, &f.value_ns)) return false;
        } else if (strncmp(word, "op=", 3) == 0) f.op = word[3];
        else if (strncmp(word, "qty=", 4) == 0 && bot_fixed_parse(word + 4, strlen(word + 4), &f.qty) < 0) return false;
    }
    if (f.process < 1 || f.process > DST_PROCESSES_MAX) return false;
    *ret = f;
    return true;
}

bool dst_plan_faults(struct dst_plan *p, const char *text, char ret_bad[DST_LINE_MAX])
{
    p->faults_n = 0;
    while (*text != '\0') {
        const size_t n = strcspn(text, ";\n");
        char line[DST_LINE_MAX * 2] = "";
        snprintf(line, sizeof line, "%.*s", (int)(n < sizeof line ? n : sizeof line - 1), text);
        text += n + (text[n] != '\0');
        if (line[strspn(line, " ")] == '\0') continue;
        if (p->faults_n == DST_FAULTS_MAX || !line_parse(line, &p->faults[p->faults_n])) {
            snprintf(ret_bad, DST_LINE_MAX, "%.*s", DST_LINE_MAX - 1, line);
            return false;
        }
        p->faults_n++;
    }
    return true;
}

void dst_plan_text(const struct dst_plan *p, char *buf, size_t size)
{
    size_t len = 0;
    buf[0] = '\0';
    for (uint32_t i = 0; i < p->faults_n && len < size; i++)
        len += (size_t)snprintf(buf + len, size - len, "%s%s", i > 0 ? "; " : "", p->faults[i].text);
}

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

static uint64_t below(struct sim_rng *r, uint64_t n) { return bot__sim_rng_below(r, n); }
static bool one_in(struct sim_rng *r, uint64_t n) { return below(r, n) == 0; }
static const char *pick(struct sim_rng *r, const char *const *list)
{
    uint64_t n = 0;
    while (list[n] != NULL) n++;
    return list[below(r, n)];
}
/* Small and large alike: drawn evenly on a scale of doublings. */
static int64_t spread_ms(struct sim_rng *r, int64_t low, int64_t high)
{
    int64_t top = low;
    for (int64_t v = low; v < high && !one_in(r, 4); v *= 2) top = v * 2;
    return bot__sim_rng_between(r, low, top < high ? top : high);
}

static const char *const reads[] = { "positions", "fills", "orders", "order", "reads", "positions,fills", "all", NULL };
static const char *const writes[] = { "create", "cancel", "amend", "writes", "create,cancel", NULL };
static const char *const topics[] = { "execution", "order", "execution,order", "all", NULL };
static const char *const streams[] = { "private", "private", "public", "all", "trade", NULL };
static const char *const chances[] = { "1", "0.5", "0.2", "0.05", NULL };
static const char *const bodies[] = { "html", "json", "empty", "cut", NULL };
static const char *const codes[] = { "110007", "10001", "10016", "110072", "110094", "10006", NULL }; /* margin, parameters, server error, client id taken, size, rate */
static const char *const sides[] = { "buy", "sell", NULL };

enum draw {
    D_STALE, D_FREEZE, D_HANG, D_LOST, D_SLOW, D_LATE, D_ERROR, D_GHOST, D_LIMIT, D_BAN, D_REFUSE, D_RESET, D_PARTIAL, D_DOUBLE, D_FORGET,
    D_DROP, D_DUPLICATE, D_SPLIT, D_DELAY, D_REORDER, D_CUT, D_MUTE, D_HALFOPEN, D_WSREFUSE, D_NOAUTH, D_WSLIMIT,
    D_PUBSTOP, D_THIN, D_LAG, D_WRONG, D_GAP, D_RATE, D_HALT, D_CANCELONLY, D_TREND, D_FUND, D_LIQUIDATE, D_ADL, D_TRADE, D_ORDER, D_SEQ,
    D_SKEW, D_KILL, D_POWER, D_STOP, D_FREEZEP, D_OFFLINE, D_PSKEW, D_DISK, D_FULL, D_STALL, D_SWITCH,
    D_LIMBO, D_REJECT, D_BLIND, D_CANCELALL, D_MODE, D_KEYEND, D_BACKLOG, D_ROT, D_SELF, D_COUNT,
};

static void body_draw(struct sim_rng *r, enum draw d, const struct dst_plan *p, char *buf, size_t size, bool *ret_event)
{
    const unsigned process = 1 + (unsigned)below(r, p->processes);
    const char *on = pick(r, reads), *wr = pick(r, writes), *chance = pick(r, chances), *topic = pick(r, topics), *stream = pick(r, streams);
    const long long ms = spread_ms(r, 200, 300000);
    const long long down = spread_ms(r, 500, 60000);
    const unsigned code = (unsigned)below(r, 4);
    static const unsigned statuses[] = { 500, 502, 503, 504 };
    *ret_event = false;
    switch (d) {
    case D_STALE: snprintf(buf, size, "rest.stale on=%s age=%lldms..%lldms p=%s", on, ms, ms * 2, chance); break;
    case D_FREEZE: snprintf(buf, size, "rest.freeze on=%s", on); break;
    case D_HANG: snprintf(buf, size, "rest.hang on=%s p=%s", one_in(r, 2) ? on : wr, chance); break;
    case D_LOST: snprintf(buf, size, "rest.lost on=%s p=%s", wr, chance); break;
    case D_SLOW: snprintf(buf, size, "rest.slow on=%s delay=%lldms p=%s", one_in(r, 2) ? on : wr, ms / 20 + 1, chance); break;
    case D_LATE: snprintf(buf, size, "rest.late on=%s delay=%lldms p=%s", one_in(r, 3) ? on : wr, ms / 20 + 1, chance); break;
    case D_ERROR: snprintf(buf, size, "rest.error on=%s status=%u body=%s p=%s", one_in(r, 2) ? on : wr, statuses[code], pick(r, bodies), chance); break;
    case D_GHOST: snprintf(buf, size, "rest.ghost on=%s status=%u body=%s p=%s", wr, statuses[code], pick(r, bodies), chance); break;
    case D_LIMIT: snprintf(buf, size, "rest.limit on=%s p=%s", one_in(r, 2) ? on : wr, chance); break;
    case D_BAN: snprintf(buf, size, "rest.ban"); break;
    case D_REFUSE: snprintf(buf, size, "rest.refuse p=%s", chance); break;
    case D_RESET: snprintf(buf, size, "rest.reset on=%s done=%u p=%s", one_in(r, 2) ? on : wr, (unsigned)below(r, 2), chance); break;
    case D_PARTIAL: snprintf(buf, size, "rest.partial on=%s keep=%u p=%s", on, (unsigned)below(r, 2), chance); break;
    case D_DOUBLE: snprintf(buf, size, "rest.double on=%s", on); break;
    case D_FORGET: snprintf(buf, size, "rest.forget on=%s p=%s", one_in(r, 2) ? "order" : "order,amend,cancel", chance); break;
    case D_DROP: snprintf(buf, size, "ws.drop topic=%s p=%s", topic, chance); break;
    case D_DUPLICATE: snprintf(buf, size, "ws.duplicate topic=%s p=%s", topic, chance); break;
    case D_SPLIT: snprintf(buf, size, "ws.split topic=%s p=%s", topic, chance); break;
    case D_DELAY: snprintf(buf, size, "ws.delay topic=%s delay=%lldms..%lldms p=%s", topic, ms / 20 + 1, ms / 10 + 2, chance); break;
    case D_REORDER: snprintf(buf, size, "ws.reorder topic=%s p=%s", topic, chance); break;
    case D_CUT: snprintf(buf, size, "ws.cut stream=%s", stream); *ret_event = true; break;
    case D_MUTE: snprintf(buf, size, "ws.mute stream=%s", stream); break;
    case D_HALFOPEN: snprintf(buf, size, "ws.halfopen stream=%s", stream); break;
    case D_WSREFUSE: snprintf(buf, size, "ws.refuse stream=%s", stream); break;
    case D_NOAUTH: snprintf(buf, size, "ws.noauth stream=private"); break;
    case D_WSLIMIT: snprintf(buf, size, "ws.limit stream=%s", stream); break;
    case D_PUBSTOP: snprintf(buf, size, "pub.stop topic=%s", one_in(r, 2) ? "trades" : "all"); break;
    case D_THIN: snprintf(buf, size, "pub.thin keep=0.1"); break;
    case D_LAG: snprintf(buf, size, "pub.lag lag=%lldms", ms / 20 + 1); break;
    case D_WRONG: snprintf(buf, size, "pub.wrong"); break;
    case D_GAP: snprintf(buf, size, "pub.gap"); break;
    case D_RATE: snprintf(buf, size, "market.rate x=%s", one_in(r, 2) ? "0" : "12"); break;
    case D_HALT: snprintf(buf, size, "market.halt"); break;
    case D_CANCELONLY: snprintf(buf, size, "market.cancel_only"); break;
    case D_TREND: snprintf(buf, size, "market.trend ticks=%d", one_in(r, 2) ? 20 : -20); break;
    case D_FUND: snprintf(buf, size, "fund rate=%s", one_in(r, 2) ? "0.0001" : "-0.0003"); *ret_event = true; break;
    case D_LIQUIDATE: snprintf(buf, size, one_in(r, 2) ? "liquidate" : "liquidate qty=0.05"); *ret_event = true; break;
    case D_ADL: snprintf(buf, size, one_in(r, 2) ? "adl" : "adl qty=0.02"); *ret_event = true; break;
    case D_TRADE: snprintf(buf, size, "trade side=%s qty=0.%02u", pick(r, sides), 1 + (unsigned)below(r, 40)); *ret_event = true; break;
    case D_ORDER: snprintf(buf, size, "order side=%s qty=0.%02u off=%u", pick(r, sides), 1 + (unsigned)below(r, 40), 1 + (unsigned)below(r, 50)); *ret_event = true; break;
    case D_SEQ: snprintf(buf, size, "seq.restart"); *ret_event = true; break;
    case D_SKEW: snprintf(buf, size, "clock.skew by=%lldms", one_in(r, 2) ? ms / 10 : -ms / 10); break;
    case D_KILL: snprintf(buf, size, "proc.kill down=%lldms process=%u", down, process); *ret_event = true; break;
    case D_POWER: snprintf(buf, size, "proc.power down=%lldms process=%u", down, process); *ret_event = true; break;
    case D_STOP: snprintf(buf, size, "proc.stop down=%lldms process=%u", down, process); *ret_event = true; break;
    case D_FREEZEP: snprintf(buf, size, "proc.freeze process=%u", process); break;
    case D_OFFLINE: snprintf(buf, size, "proc.offline process=%u", process); break;
    case D_PSKEW: snprintf(buf, size, "proc.skew by=%lldms process=%u", one_in(r, 2) ? ms : -ms, process); break;
    case D_DISK: snprintf(buf, size, "proc.disk op=%s process=%u", one_in(r, 3) ? "sync" : one_in(r, 2) ? "write" : "all", process); break;
    case D_FULL: snprintf(buf, size, "proc.full process=%u", process); break;
    case D_STALL: snprintf(buf, size, "proc.stall process=%u", process); break;
    case D_SWITCH: snprintf(buf, size, "proc.switch process=%u", process); *ret_event = true; break;
    case D_LIMBO: snprintf(buf, size, "rest.limbo on=%s delay=20000ms..50000ms p=%s", one_in(r, 2) ? "create" : wr, chance); break;
    case D_REJECT: snprintf(buf, size, "order.reject code=%s p=%s", pick(r, codes), chance); break;
    case D_BLIND: snprintf(buf, size, "ws.blind instrument=%u", (unsigned)below(r, p->instruments)); break;
    case D_CANCELALL: snprintf(buf, size, "cancel_all account=%u", process); *ret_event = true; break;
    case D_MODE: snprintf(buf, size, "account.mode account=%u", process); break;
    case D_KEYEND:
        if (!dst_kind_of(FAULT_KEY_END, p->venue)) snprintf(buf, size, "ws.cut stream=private account=%u", process);
        else snprintf(buf, size, "key.end account=%u told=%u", process, (unsigned)below(r, 2));
        *ret_event = true;
        break;
    case D_BACKLOG: snprintf(buf, size, "proc.backlog process=%u", process); break;
    case D_ROT: snprintf(buf, size, "proc.rot process=%u", process); *ret_event = true; break;
    case D_SELF: snprintf(buf, size, "trade.self side=%s qty=0.%02u account=%u", pick(r, sides), 1 + (unsigned)below(r, 40), process); *ret_event = true; break;
    case D_COUNT: buf[0] = '\0'; break;
    }
}

static void shape_draw(struct dst_plan *p, struct sim_rng *r)
{
    p->unsafe_ns = bot__sim_rng_between(r, 60, 900) * BOT_NS_PER_S;
    p->processes = one_in(r, 5) ? 2 : 1;
    p->bots = one_in(r, 2) ? 1 : 1 + (uint32_t)below(r, DST_BOTS_MAX);
    p->instruments = 1 + (uint32_t)below(r, DST_INSTRUMENTS_MAX);
    p->hedge = one_in(r, 5);
    p->monitors = one_in(r, 3);
    p->journal = !one_in(r, 4);
    p->public_data = !one_in(r, 6);
    p->budget = !one_in(r, 3);
    p->orders_over_ws = one_in(r, 3);
    p->fills_seen_max = one_in(r, 3) && p->journal ? 256 : 16384; /* without a journal nobody answers for older ids */
    p->path_steps_max = 4096;
    p->segment_bytes = one_in(r, 2) ? 1 << 18 : 1 << 20;
    p->durability = (int)below(r, 3);
    p->drift_policy = one_in(r, 2) ? BOT_DRIFT_ADOPT : BOT_DRIFT_HALT;
    p->shut_policy = (bot_shut_policy)below(r, 3);
    p->latency_min_ns = spread_ms(r, 1, 60) * BOT_NS_PER_MS;
    p->latency_mean_ns = spread_ms(r, 1, 60) * BOT_NS_PER_MS;
    p->latency_max_ns = p->latency_min_ns + 300 * BOT_NS_PER_MS;
    p->sweeps_per_1000s = (uint32_t)bot__sim_rng_between(r, 200, 2000);
    p->burstiness_pct = (uint32_t)below(r, 80);
    p->trend_ticks = (uint32_t)below(r, 12);
    const bool own = one_in(r, 2);
    for (uint32_t i = 0; i < DST_PROCESSES_MAX; i++)
        for (uint32_t b = 0; b < DST_BOTS_MAX; b++)
            p->bot[i][b] = (struct dst_bot_plan){ .style = (enum dst_style)below(r, DST_STYLES), .scope = own ? BOT_SCOPE_OWN : BOT_SCOPE_ACCOUNT,
                                                  .every_ns = spread_ms(r, 250, 20000) * BOT_NS_PER_MS, .limit_lots = 1 + (uint32_t)below(r, 60),
                                                  .order_lots = 1 + (uint32_t)below(r, 12) };
}

void dst_plan_draw(struct dst_plan *p, const char *venue, uint64_t seed)
{
    *p = (struct dst_plan){ .seed = seed, .venue = venue, .exec_ids_shared = seed % 2 == 0 };
    struct sim_rng shape = bot__sim_rng(seed, 101), r = bot__sim_rng(seed, 102);
    shape_draw(p, &shape);
    if (strcmp(venue, "bybit") != 0) p->budget = true; /* limits so low that nobody lives there without one */
    /* A few worlds hold everything, most a handful of kinds that come again and again: interplay needs repetition. */
    enum draw theme[D_COUNT];
    uint32_t kinds_n = one_in(&r, 6) ? D_COUNT : 1 + (uint32_t)below(&r, 8);
    for (uint32_t i = 0; i < kinds_n; i++) theme[i] = (enum draw)below(&r, D_COUNT);
    const uint32_t n = one_in(&r, 20) ? 0 : 1 + (uint32_t)below(&r, one_in(&r, 3) ? DST_FAULTS_MAX : 12);
    for (uint32_t i = 0; i < n; i++) {
        char body[DST_LINE_MAX], line[DST_LINE_MAX * 2];
        bool event;
        body_draw(&r, theme[below(&r, kinds_n)], p, body, sizeof body, &event);
        const int64_t end = p->unsafe_ns / BOT_NS_PER_MS, at = bot__sim_rng_between(&r, one_in(&r, 8) ? 0 : 8000, end - 1000);
        int64_t length = spread_ms(&r, 500, 240000);
        if (length > end - at) length = end - at;
        if (event) snprintf(line, sizeof line, "at %lldms %s", (long long)at, body);
        else snprintf(line, sizeof line, "at %lldms for %lldms %s", (long long)at, (long long)length, body);
        if (line_parse(line, &p->faults[p->faults_n])) p->faults_n++;
    }
}
