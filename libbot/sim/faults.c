#include "sim/faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

/* ---- the words ------------------------------------------------------------------------------------------------- */

enum object { OBJECT_NONE, OBJECT_REST, OBJECT_TOPIC, OBJECT_STREAM, OBJECT_FEED, OBJECT_EVENT };

/* Keys that a statement may have besides p and account; upper case: it must have it. */
struct word {
    const char *name;
    enum object object;
    const char *keys;
};
static const struct word words[FAULT_KIND_COUNT] = {
    [FAULT_REST_STALE] = { "rest.stale", OBJECT_REST, "AGE" },
    [FAULT_REST_FREEZE] = { "rest.freeze", OBJECT_REST, "" },
    [FAULT_REST_HANG] = { "rest.hang", OBJECT_REST, "" },
    [FAULT_REST_LOST] = { "rest.lost", OBJECT_REST, "" },
    [FAULT_REST_SLOW] = { "rest.slow", OBJECT_REST, "DELAY" },
    [FAULT_REST_LATE] = { "rest.late", OBJECT_REST, "DELAY" },
    [FAULT_REST_ERROR] = { "rest.error", OBJECT_REST, "status code body" },
    [FAULT_REST_GHOST] = { "rest.ghost", OBJECT_REST, "status code body" },
    [FAULT_REST_LIMIT] = { "rest.limit", OBJECT_REST, "" },
    [FAULT_REST_BAN] = { "rest.ban", OBJECT_REST, "" },
    [FAULT_REST_REFUSE] = { "rest.refuse", OBJECT_REST, "" },
    [FAULT_REST_RESET] = { "rest.reset", OBJECT_REST, "done" },
    [FAULT_REST_PARTIAL] = { "rest.partial", OBJECT_REST, "keep drop" },
    [FAULT_REST_DOUBLE] = { "rest.double", OBJECT_REST, "" },
    [FAULT_REST_FORGET] = { "rest.forget", OBJECT_REST, "" },
    [FAULT_REST_LIMBO] = { "rest.limbo", OBJECT_REST, "DELAY" },
    [FAULT_ORDER_REJECT] = { "order.reject", OBJECT_NONE, "CODE" },
    [FAULT_WS_DROP] = { "ws.drop", OBJECT_TOPIC, "" },
    [FAULT_WS_DUPLICATE] = { "ws.duplicate", OBJECT_TOPIC, "" },
    [FAULT_WS_SPLIT] = { "ws.split", OBJECT_TOPIC, "" },
    [FAULT_WS_DELAY] = { "ws.delay", OBJECT_TOPIC, "DELAY" },
    [FAULT_WS_REORDER] = { "ws.reorder", OBJECT_TOPIC, "" },
    [FAULT_WS_BLIND] = { "ws.blind", OBJECT_NONE, "instrument" },
    [FAULT_WS_CUT] = { "ws.cut", OBJECT_STREAM, "!" },
    [FAULT_WS_MUTE] = { "ws.mute", OBJECT_STREAM, "" },
    [FAULT_WS_HALFOPEN] = { "ws.halfopen", OBJECT_STREAM, "" },
    [FAULT_WS_REFUSE] = { "ws.refuse", OBJECT_STREAM, "" },
    [FAULT_WS_NOAUTH] = { "ws.noauth", OBJECT_STREAM, "" },
    [FAULT_WS_LIMIT] = { "ws.limit", OBJECT_STREAM, "" },
    [FAULT_PUB_STOP] = { "pub.stop", OBJECT_FEED, "" },
    [FAULT_PUB_THIN] = { "pub.thin", OBJECT_FEED, "KEEP" },
    [FAULT_PUB_LAG] = { "pub.lag", OBJECT_FEED, "LAG grow" },
    [FAULT_PUB_WRONG] = { "pub.wrong", OBJECT_NONE, "" },
    [FAULT_PUB_GAP] = { "pub.gap", OBJECT_NONE, "" },
    [FAULT_MARKET_RATE] = { "market.rate", OBJECT_NONE, "X" },
    [FAULT_MARKET_HALT] = { "market.halt", OBJECT_NONE, "" },
    [FAULT_MARKET_CANCEL_ONLY] = { "market.cancel_only", OBJECT_NONE, "" },
    [FAULT_MARKET_TREND] = { "market.trend", OBJECT_NONE, "TICKS" },
    [FAULT_FUND] = { "fund", OBJECT_NONE, "! RATE" },
    [FAULT_LIQUIDATE] = { "liquidate", OBJECT_NONE, "! qty" },
    [FAULT_ADL] = { "adl", OBJECT_NONE, "! qty" },
    [FAULT_TRADE] = { "trade", OBJECT_NONE, "! SIDE QTY" },
    [FAULT_TRADE_SELF] = { "trade.self", OBJECT_NONE, "! SIDE QTY" },
    [FAULT_ORDER] = { "order", OBJECT_NONE, "! SIDE QTY OFF" },
    [FAULT_SEQ_RESTART] = { "seq.restart", OBJECT_NONE, "!" },
    [FAULT_CANCEL_ALL] = { "cancel_all", OBJECT_NONE, "!" },
    [FAULT_ACCOUNT_MODE] = { "account.mode", OBJECT_NONE, "" },
    [FAULT_KEY_END] = { "key.end", OBJECT_NONE, "! told deaf" },
    [FAULT_CLOCK_SKEW] = { "clock.skew", OBJECT_NONE, "BY" },
};

struct name_bits {
    const char *name;
    uint32_t    bits;
};
static const struct name_bits endpoints[] = {
    { "positions", FAULT_ON_POSITIONS }, { "fills", FAULT_ON_FILLS }, { "orders", FAULT_ON_ORDERS }, { "order", FAULT_ON_ORDER },
    { "balance", FAULT_ON_BALANCE }, { "time", FAULT_ON_TIME }, { "instruments", FAULT_ON_INSTRUMENTS }, { "book", FAULT_ON_BOOK },
    { "mode", FAULT_ON_MODE }, { "create", FAULT_ON_CREATE }, { "amend", FAULT_ON_AMEND }, { "cancel", FAULT_ON_CANCEL },
    { "cancel_all", FAULT_ON_CANCEL_ALL }, { "reads", FAULT_ON_READS }, { "writes", FAULT_ON_WRITES }, { "all", FAULT_ON_ALL },
    { NULL, 0 },
};
#define TOPICS_ALL (FAULT_TOPIC_EXECUTION | FAULT_TOPIC_ORDER | FAULT_TOPIC_POSITION | FAULT_TOPIC_WALLET)
static const struct name_bits topics[] = {
    { "execution", FAULT_TOPIC_EXECUTION }, { "order", FAULT_TOPIC_ORDER }, { "position", FAULT_TOPIC_POSITION },
    { "wallet", FAULT_TOPIC_WALLET }, { "all", TOPICS_ALL }, { NULL, 0 },
};
#define STREAMS_PUBLIC (FAULT_STREAM_PUBLIC | FAULT_STREAM_PUBLIC_2)
#define STREAMS_ALL (FAULT_STREAM_PRIVATE | STREAMS_PUBLIC | FAULT_STREAM_TRADE)
static const struct name_bits streams[] = {
    { "private", FAULT_STREAM_PRIVATE }, { "public", STREAMS_PUBLIC }, { "public_2", FAULT_STREAM_PUBLIC_2 }, { "trade", FAULT_STREAM_TRADE },
    { "all", STREAMS_ALL }, { NULL, 0 },
};
#define FEEDS_ALL (FAULT_TOPIC_TRADES | FAULT_TOPIC_BOOK)
static const struct name_bits feeds[] = {
    { "trades", FAULT_TOPIC_TRADES }, { "book", FAULT_TOPIC_BOOK }, { "all", FEEDS_ALL }, { NULL, 0 },
};

const char *bot__fault_name(enum fault_kind kind)
{
    return kind > FAULT_NONE && kind < FAULT_KIND_COUNT ? words[kind].name : "none";
}

static bool is_event(enum fault_kind kind) { return words[kind].keys[0] == '!'; }

/* ---- the parser ------------------------------------------------------------------------------------------------ */

struct parser {
    const char *p, *end; /* of the line */
    uint32_t    line;
    char       *error;
    size_t      error_size;
    bool        failed;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct parser *ps, const char *format, ...)
{
    if (ps->failed) return false;
    ps->failed = true;
    if (ps->error == NULL || ps->error_size == 0) return false;
    int n = snprintf(ps->error, ps->error_size, "line %u: ", (unsigned)ps->line);
    if (n < 0 || (size_t)n >= ps->error_size) return false;
    va_list ap;
    va_start(ap, format);
    vsnprintf(ps->error + n, ps->error_size - (size_t)n, format, ap);
    va_end(ap);
    return false;
}

static struct slice word_next(struct parser *ps)
{
    while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\t' || *ps->p == '\r')) ps->p++;
    const char *begin = ps->p;
    while (ps->p < ps->end && *ps->p != ' ' && *ps->p != '\t' && *ps->p != '\r') ps->p++;
    return (struct slice){ begin, (size_t)(ps->p - begin) };
}

static bool same(struct slice s, const char *text) { return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0; }

/* Cuts s at the first c: the part before it; *rest is the part behind it, or empty with p NULL when there is none. */
static struct slice cut(struct slice s, const char *c, struct slice *rest)
{
    const size_t n = strlen(c);
    for (size_t i = 0; i + n <= s.len; i++)
        if (memcmp(s.p + i, c, n) == 0) {
            *rest = (struct slice){ s.p + i + n, s.len - i - n };
            return (struct slice){ s.p, i };
        }
    *rest = (struct slice){ NULL, 0 };
    return s;
}

static bool read_dec(struct parser *ps, struct slice s, const char *what, bot_dec *ret)
{
    if (bot_dec_parse(s.p, s.len, ret) == BOT_OK) return true;
    return fail(ps, "%s '%.*s' is no number", what, (int)s.len, s.p);
}

/* A decimal in units of 10^-digits, exact, within 64 bits. */
static bool read_scaled(struct parser *ps, struct slice s, const char *what, int64_t unit, int64_t *ret)
{
    bot_dec d;
    if (!read_dec(ps, s, what, &d)) return false;
    bot_i128 v = d.coef * unit;
    if (d.coef > INT64_MAX || d.coef < -INT64_MAX || d.scale > 18) return fail(ps, "%s '%.*s' is too long", what, (int)s.len, s.p);
    for (int i = 0; i < d.scale; i++) v /= 10;
    if (v > INT64_MAX / 4 || v < -(INT64_MAX / 4)) return fail(ps, "%s '%.*s' is too large", what, (int)s.len, s.p);
    *ret = (int64_t)v;
    return true;
}

static bool read_duration(struct parser *ps, struct slice s, int64_t *ret_ns)
{
    static const struct { const char *unit; int64_t ns; } units[] = {
        { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", BOT_NS_PER_S }, { "m", 60 * BOT_NS_PER_S },
        { "h", 3600 * BOT_NS_PER_S }, { "d", 86400 * BOT_NS_PER_S },
    };
    size_t n = s.len;
    while (n > 0 && s.p[n - 1] >= 'a' && s.p[n - 1] <= 'z') n--;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (n > 0 && same((struct slice){ s.p + n, s.len - n }, units[i].unit))
            return read_scaled(ps, (struct slice){ s.p, n }, "duration", units[i].ns, ret_ns);
    return fail(ps, "'%.*s' is no duration (30s, 250ms, 10m)", (int)s.len, s.p);
}

static bool read_range(struct parser *ps, struct slice s, struct fault *f)
{
    struct slice high;
    const struct slice low = cut(s, "..", &high);
    if (!read_duration(ps, low, &f->low_ns)) return false;
    f->high_ns = f->low_ns;
    if (high.p != NULL && !read_duration(ps, high, &f->high_ns)) return false;
    return f->low_ns <= f->high_ns || fail(ps, "range '%.*s' ends before it begins", (int)s.len, s.p);
}

static bool read_list(struct parser *ps, struct slice s, const struct name_bits *names, uint32_t *ret)
{
    uint32_t bits = 0;
    for (struct slice rest = s; rest.p != NULL;) {
        const struct slice one = cut(rest, ",", &rest);
        const struct name_bits *n = names;
        while (n->name != NULL && !same(one, n->name)) n++;
        if (n->name == NULL) return fail(ps, "unknown name '%.*s'", (int)one.len, one.p);
        bits |= n->bits;
    }
    *ret = bits;
    return true;
}

static bool read_count(struct parser *ps, struct slice s, const char *what, int64_t low, int64_t high, int64_t *ret)
{
    if (!read_scaled(ps, s, what, 1, ret)) return false;
    return (*ret >= low && *ret <= high) || fail(ps, "%s must lie between %lld and %lld", what, (long long)low, (long long)high);
}

static bool read_share(struct parser *ps, struct slice s, const char *what, int64_t max, uint32_t *ret)
{
    int64_t v = 0;
    if (!read_scaled(ps, s, what, 1000000, &v)) return false;
    if (v < 0 || v > max * 1000000) return fail(ps, "%s must lie between 0 and %lld", what, (long long)max);
    *ret = (uint32_t)v;
    return true;
}

/* Does the kind take that key? */
static bool takes(enum fault_kind kind, struct slice key, bool *ret_needed)
{
    struct slice rest = { words[kind].keys, strlen(words[kind].keys) };
    while (rest.p != NULL) {
        const struct slice one = cut(rest, " ", &rest);
        if (one.len != key.len) continue;
        bool equal = true;
        for (size_t i = 0; i < key.len; i++) equal &= (one.p[i] | 0x20) == key.p[i];
        if (!equal) continue;
        *ret_needed = one.p[0] < 'a';
        return true;
    }
    return false;
}

static bool read_key(struct parser *ps, struct fault *f, struct slice key, struct slice value)
{
    int64_t v = 0;
    bool needed;
    if (slice_is(key, "p")) return read_share(ps, value, "p", 1, &f->per_million);
    if (slice_is(key, "account")) {
        if (!read_count(ps, value, "account", 1, 63, &v)) return false;
        f->account = (uint32_t)v;
        return true;
    }
    const enum object object = words[f->kind].object;
    if (slice_is(key, "on") && object == OBJECT_REST) return read_list(ps, value, endpoints, &f->on);
    if (slice_is(key, "topic") && object == OBJECT_TOPIC) return read_list(ps, value, topics, &f->on);
    if (slice_is(key, "topic") && object == OBJECT_FEED) return read_list(ps, value, feeds, &f->on);
    if (slice_is(key, "stream") && object == OBJECT_STREAM) return read_list(ps, value, streams, &f->on);
    if (!takes(f->kind, key, &needed)) return fail(ps, "%s has no key '%.*s'", words[f->kind].name, (int)key.len, key.p);
    if (slice_is(key, "age") || slice_is(key, "delay") || slice_is(key, "lag") || slice_is(key, "by")) return read_range(ps, value, f);
    if (slice_is(key, "grow")) return read_scaled(ps, value, "grow", 1000000, &f->grow_ppm);
    if (slice_is(key, "x")) return read_share(ps, value, "x", 1000, &f->share_ppm);
    if (slice_is(key, "keep") && f->kind == FAULT_PUB_THIN) return read_share(ps, value, "keep", 1, &f->share_ppm);
    if (slice_is(key, "keep") || slice_is(key, "drop")) {
        if (!read_count(ps, value, "rows", 0, 100000, &v)) return false;
        if (key.p[0] == 'k') f->keep = (uint32_t)v;
        else f->drop = (uint32_t)v;
        return true;
    }
    if (slice_is(key, "status") || slice_is(key, "code")) {
        if (!read_count(ps, value, "code", 0, 9999999, &v)) return false;
        if (key.p[0] == 's') f->status = (int32_t)v;
        else f->code = (int32_t)v;
        return true;
    }
    if (slice_is(key, "body")) {
        static const char *const bodies[] = { "html", "json", "empty", "cut" };
        for (int i = 0; i < 4; i++)
            if (same(value, bodies[i])) {
                f->body = (enum fault_body)i;
                return true;
            }
        return fail(ps, "body is html, json, empty or cut");
    }
    if (slice_is(key, "instrument")) {
        if (!read_count(ps, value, "instrument", 0, 63, &v)) return false;
        f->instrument = (uint32_t)v;
        return true;
    }
    if (slice_is(key, "done") || slice_is(key, "told") || slice_is(key, "deaf")) {
        if (!read_count(ps, value, "it", 0, 1, &v)) return false;
        *(key.len == 4 && key.p[3] == 'f' ? &f->deaf : &f->done) = v == 1;
        return true;
    }
    if (slice_is(key, "ticks") || slice_is(key, "off")) return read_count(ps, value, "ticks", -1000000, 1000000, &f->ticks);
    if (slice_is(key, "rate")) {
        if (!read_scaled(ps, value, "rate", 100000000, &v)) return false;
        if (v > 10000000 || v < -10000000) return fail(ps, "rate must lie between -0.1 and 0.1");
        f->rate_e8 = (int32_t)v;
        return true;
    }
    if (slice_is(key, "side")) {
        f->side = slice_is(value, "buy") ? BOT_BUY : slice_is(value, "sell") ? BOT_SELL : BOT_SIDE_NONE;
        return f->side != BOT_SIDE_NONE || fail(ps, "side is buy or sell");
    }
    if (!read_dec(ps, value, "qty", &f->qty)) return false;
    return bot_dec_sign(f->qty) > 0 || fail(ps, "qty must be positive");
}

static bool read_keys(struct parser *ps, struct fault *f)
{
    char given[8][12];
    uint32_t given_n = 0;
    for (struct slice w = word_next(ps); w.len > 0; w = word_next(ps)) {
        struct slice value;
        const struct slice key = cut(w, "=", &value);
        if (value.p == NULL) return fail(ps, "'%.*s' is no key=value", (int)w.len, w.p);
        for (uint32_t i = 0; i < given_n; i++)
            if (same(key, given[i])) return fail(ps, "'%s' is given twice", given[i]);
        if (!read_key(ps, f, key, value)) return false;
        if (given_n < 8 && key.len < sizeof given[0]) {
            memcpy(given[given_n], key.p, key.len);
            given[given_n++][key.len] = '\0';
        }
    }
    struct slice rest = { words[f->kind].keys, strlen(words[f->kind].keys) };
    while (rest.p != NULL && rest.len > 0) {
        const struct slice one = cut(rest, " ", &rest);
        if (one.len == 0 || one.p[0] >= 'a' || one.p[0] == '!') continue;
        char name[12] = "";
        for (size_t i = 0; i < one.len; i++) name[i] = (char)(one.p[i] | 0x20);
        bool found = false;
        for (uint32_t i = 0; i < given_n; i++) found |= strcmp(given[i], name) == 0;
        if (!found) return fail(ps, "%s needs %s=", words[f->kind].name, name);
    }
    if (f->kind == FAULT_REST_PARTIAL && (f->keep == UINT32_MAX) == (f->drop == 0))
        return fail(ps, "rest.partial needs keep= or drop=");
    return true;
}

static bool read_condition(struct parser *ps, struct fault *f)
{
    const struct slice w = word_next(ps);
    struct slice value;
    const struct slice what = cut(w, ">=", &value);
    if (value.p == NULL) return fail(ps, "'%.*s' is no condition (position>=5)", (int)w.len, w.p);
    if (slice_is(what, "position")) f->when = FAULT_WHEN_POSITION;
    else if (slice_is(what, "fills")) f->when = FAULT_WHEN_FILLS;
    else if (slice_is(what, "orders")) f->when = FAULT_WHEN_ORDERS;
    else return fail(ps, "unknown condition '%.*s'", (int)what.len, what.p);
    return read_dec(ps, value, "threshold", &f->threshold);
}

static bool read_statement(struct parser *ps, struct fault *f)
{
    *f = (struct fault){ .line = ps->line, .per_million = 1000000, .keep = UINT32_MAX, .body = FAULT_BODY_HTML };
    struct slice w = word_next(ps);
    if (slice_is(w, "always")) f->when = FAULT_ALWAYS;
    else if (slice_is(w, "when")) { if (!read_condition(ps, f)) return false; }
    else if (slice_is(w, "at") || slice_is(w, "every")) {
        f->when = w.p[0] == 'a' ? FAULT_AT : FAULT_EVERY;
        if (!read_duration(ps, word_next(ps), &f->at_ns)) return false;
        if (f->at_ns < 0 || (f->when == FAULT_EVERY && f->at_ns < BOT_NS_PER_MS)) return fail(ps, "that time is too short");
    } else return fail(ps, "'%.*s': a statement begins with at, every, always or when", (int)w.len, w.p);
    w = word_next(ps);
    if (slice_is(w, "for")) {
        if (!read_duration(ps, word_next(ps), &f->for_ns)) return false;
        if (f->for_ns <= 0) return fail(ps, "'for' needs a duration above zero");
        w = word_next(ps);
    }
    if (w.len == 0) return fail(ps, "which fault?");
    for (int k = 1; k < FAULT_KIND_COUNT; k++)
        if (same(w, words[k].name)) f->kind = (enum fault_kind)k;
    if (f->kind == FAULT_NONE) return fail(ps, "unknown fault '%.*s'", (int)w.len, w.p);
    if (is_event(f->kind) && f->for_ns != 0) return fail(ps, "%s happens once: it takes no 'for'", words[f->kind].name);
    if (is_event(f->kind) && f->when == FAULT_ALWAYS) return fail(ps, "%s needs a time", words[f->kind].name);
    if (!is_event(f->kind) && f->when == FAULT_EVERY && f->for_ns == 0) return fail(ps, "'every' needs a 'for'");
    const enum object o = words[f->kind].object;
    f->on = o == OBJECT_REST ? FAULT_ON_ALL : o == OBJECT_TOPIC ? TOPICS_ALL : o == OBJECT_STREAM ? STREAMS_ALL : o == OBJECT_FEED ? FEEDS_ALL : 0;
    if (!read_keys(ps, f)) return false;
    if (f->kind == FAULT_REST_ERROR || f->kind == FAULT_REST_GHOST) {
        if (f->code != 0 && f->body == FAULT_BODY_HTML) f->body = FAULT_BODY_JSON;
        if (f->status == 0) f->status = f->code != 0 ? 200 : 500;
    }
    return true;
}

int bot__faults_init(struct faults *f, struct sim_alloc alloc, uint64_t seed, int64_t start_ns)
{
    memset(f, 0, sizeof *f);
    f->list = alloc.alloc(alloc.self, sizeof *f->list * FAULTS_MAX);
    if (f->list == NULL) return BOT_ERR_NOMEM;
    f->max = FAULTS_MAX;
    f->alloc = alloc;
    f->rng = bot__sim_rng(seed, 77);
    f->start_ns = start_ns;
    return 0;
}

void bot__faults_done(struct faults *f)
{
    if (f->list != NULL) f->alloc.release(f->alloc.self, f->list);
    f->list = NULL;
    f->n = f->max = 0;
}

static void forget_held(struct faults *f) { f->held_until = INT64_MIN; }

void bot__faults_clear(struct faults *f)
{
    f->n = 0;
    forget_held(f);
}

int bot__faults_parse(struct faults *f, const char *text, size_t len, char *error, size_t error_size)
{
    struct parser ps = { .error = error, .error_size = error_size };
    const uint32_t before = f->n;
    forget_held(f);
    for (const char *p = text, *end = text + len; p < end;) {
        const char *eol = memchr(p, '\n', (size_t)(end - p)), *stop = eol != NULL ? eol : end;
        const char *hash = memchr(p, '#', (size_t)(stop - p));
        ps.line++;
        ps.p = p;
        ps.end = hash != NULL ? hash : stop;
        p = eol != NULL ? eol + 1 : end;
        const struct parser begin = ps;
        if (word_next(&ps).len == 0) continue;
        ps = begin;
        if (f->n == f->max) {
            fail(&ps, "more than %u statements", (unsigned)f->max);
            f->n = before;
            return BOT_ERR_FULL;
        }
        if (!read_statement(&ps, &f->list[f->n])) {
            f->n = before;
            return BOT_ERR_MALFORMED;
        }
        f->n++;
    }
    return 0;
}

/* ---- what holds when ------------------------------------------------------------------------------------------- */

/* The period of the statement that began last, not after now: false when there was none. */
static bool begun(const struct faults *f, const struct fault *ft, int64_t now, int64_t *ret_since)
{
    const int64_t t = now - f->start_ns;
    switch (ft->when) {
    case FAULT_ALWAYS: *ret_since = f->start_ns; return true;
    case FAULT_AT: *ret_since = f->start_ns + ft->at_ns; return t >= ft->at_ns;
    case FAULT_EVERY: *ret_since = f->start_ns + t / ft->at_ns * ft->at_ns; return t >= ft->at_ns;
    case FAULT_WHEN_POSITION:
    case FAULT_WHEN_FILLS:
    case FAULT_WHEN_ORDERS: *ret_since = ft->since_ns; return ft->fired;
    }
    return false;
}

static bool holds(const struct faults *f, const struct fault *ft, int64_t now)
{
    int64_t since;
    return begun(f, ft, now, &since) && (ft->for_ns == 0 || now - since < ft->for_ns);
}

static bool held_known(const struct faults *f, int64_t now) { return now >= f->held_from && now < f->held_until; }

const struct fault *bot__faults_holds(const struct faults *f, enum fault_kind kind, uint32_t bits, uint32_t account, int64_t now_ns)
{
    if (held_known(f, now_ns) && (f->held >> kind & 1) == 0) return NULL;
    for (uint32_t i = 0; i < f->n; i++) {
        const struct fault *ft = &f->list[i];
        if (ft->kind == kind && (bits == 0 || (ft->on & bits) != 0) && (ft->account == 0 || account == 0 || ft->account == account) &&
            holds(f, ft, now_ns))
            return ft;
    }
    return NULL;
}

static void struck(struct faults *f, enum fault_kind kind)
{
    f->used[kind]++;
    switch (kind) {
    case FAULT_REST_STALE: case FAULT_REST_FREEZE: case FAULT_REST_PARTIAL: case FAULT_REST_DOUBLE: case FAULT_REST_FORGET:
    case FAULT_FUND: case FAULT_LIQUIDATE: case FAULT_ADL: case FAULT_TRADE: case FAULT_TRADE_SELF: case FAULT_ORDER: case FAULT_CANCEL_ALL: case FAULT_ACCOUNT_MODE:
    case FAULT_KEY_END:
        break;
    default:
        f->bit[kind]++;
    }
}

const struct fault *bot__faults_hit(struct faults *f, enum fault_kind kind, uint32_t bits, uint32_t account, int64_t now_ns)
{
    if (held_known(f, now_ns) && (f->held >> kind & 1) == 0) return NULL;
    for (uint32_t i = 0; i < f->n; i++) {
        const struct fault *ft = &f->list[i];
        if (ft->kind != kind || (bits != 0 && (ft->on & bits) == 0) || (ft->account != 0 && account != 0 && ft->account != account) ||
            !holds(f, ft, now_ns) || !bot__sim_rng_chance(&f->rng, ft->per_million))
            continue;
        struck(f, kind);
        return ft;
    }
    return NULL;
}

int64_t bot__fault_since(const struct faults *f, const struct fault *fault, int64_t now_ns)
{
    int64_t since = now_ns;
    begun(f, fault, now_ns, &since);
    return since;
}

int64_t bot__fault_draw(struct faults *f, const struct fault *fault)
{
    return fault->low_ns == fault->high_ns ? fault->low_ns : bot__sim_rng_between(&f->rng, fault->low_ns, fault->high_ns);
}

/* When an event of the statement is due that has not happened; INT64_MAX when none will by itself. */
static int64_t event_due(const struct faults *f, const struct fault *ft)
{
    switch (ft->when) {
    case FAULT_AT: return ft->times == 0 ? f->start_ns + ft->at_ns : INT64_MAX;
    case FAULT_EVERY: return f->start_ns + (int64_t)(ft->times + 1) * ft->at_ns;
    default: return ft->fired && ft->times == 0 ? ft->since_ns : INT64_MAX;
    }
}

const struct fault *bot__faults_due(struct faults *f, int64_t now_ns)
{
    for (uint32_t i = 0; i < f->n; i++) {
        struct fault *ft = &f->list[i];
        if (!is_event(ft->kind)) continue;
        while (event_due(f, ft) <= now_ns) {
            forget_held(f);
            ft->times++;
            if (!bot__sim_rng_chance(&f->rng, ft->per_million)) continue;
            struck(f, ft->kind);
            return ft;
        }
    }
    return NULL;
}

/* The next change after now, and the kinds that hold until then. */
static int64_t look(const struct faults *f, int64_t now_ns, uint64_t *ret_held)
{
    int64_t next = INT64_MAX;
    *ret_held = 0;
    for (uint32_t i = 0; i < f->n; i++) {
        const struct fault *ft = &f->list[i];
        int64_t at = INT64_MAX, since;
        if (is_event(ft->kind)) {
            at = event_due(f, ft);
            if (at < now_ns) at = now_ns;
        } else if (begun(f, ft, now_ns, &since)) {
            const bool ends = ft->for_ns != 0, is = !ends || since + ft->for_ns > now_ns;
            if (is) *ret_held |= UINT64_C(1) << ft->kind;
            if (ends && is) at = since + ft->for_ns;
            else if (ft->when == FAULT_EVERY) at = since + ft->at_ns;
        } else if (ft->when == FAULT_AT || ft->when == FAULT_EVERY) {
            at = f->start_ns + ft->at_ns;
        }
        if (at < next) next = at;
    }
    return next;
}

void bot__faults_look(struct faults *f, int64_t now_ns)
{
    _Static_assert(FAULT_KIND_COUNT <= 64, "a bit for each kind");
    if (held_known(f, now_ns)) return;
    const uint64_t before = f->held;
    f->held_from = now_ns;
    f->held_until = look(f, now_ns, &f->held);
    /* The others are counted where they strike. */
    static const enum fault_kind standing[] = { FAULT_MARKET_RATE, FAULT_MARKET_TREND, FAULT_CLOCK_SKEW };
    for (size_t i = 0; i < sizeof standing / sizeof *standing; i++)
        if (((f->held & ~before) >> standing[i] & 1) != 0)
            struck(f, standing[i]);
}

int64_t bot__faults_next(const struct faults *f, int64_t now_ns)
{
    uint64_t held;
    return held_known(f, now_ns) ? f->held_until : look(f, now_ns, &held);
}

bool bot__faults_observes(const struct faults *f)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (f->list[i].when >= FAULT_WHEN_POSITION && !f->list[i].fired)
            return true;
    return false;
}

void bot__faults_observe(struct faults *f, uint32_t account, bot_qty position_abs, uint64_t fills, uint64_t orders, int64_t now_ns)
{
    for (uint32_t i = 0; i < f->n; i++) {
        struct fault *ft = &f->list[i];
        if (ft->when < FAULT_WHEN_POSITION || ft->fired || (ft->account != 0 ? ft->account : 1) != account) continue;
        const bot_dec seen = ft->when == FAULT_WHEN_POSITION ? bot_dec_from_fixed(position_abs.v)
                             : (bot_dec){ .coef = ft->when == FAULT_WHEN_FILLS ? (bot_i128)fills : (bot_i128)orders };
        if (bot_dec_cmp(seen, ft->threshold) < 0) continue;
        ft->fired = true;
        ft->since_ns = now_ns;
        forget_held(f);
    }
}
