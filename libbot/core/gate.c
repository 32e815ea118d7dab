#include "core/gate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "bot/decimal.h"

enum reason_kind { STATE, LEASE, LATCH };

static const struct {
    const char *name, *words;
    enum reason_kind kind;
} reason_facts[BOT_GATE_REASON_COUNT] = {
#define X(name, kind, words) [BOT_GATE_INDEX_##name] = { #name, words, kind },
    BOT_GATE_REASON_LIST(X)
#undef X
};

static const uint8_t lease_reason[GATE_LEASE_COUNT] = {
    [GATE_LEASE_PRIVATE_STREAM] = BOT_GATE_INDEX_PRIVATE_STREAM,
    [GATE_LEASE_RECONCILED] = BOT_GATE_INDEX_RECONCILED,
    [GATE_LEASE_REST] = BOT_GATE_INDEX_REST,
    [GATE_LEASE_PUBLIC_STREAM] = BOT_GATE_INDEX_PUBLIC_STREAM,
    [GATE_LEASE_CLOCK] = BOT_GATE_INDEX_CLOCK,
};

static int index_of(uint32_t bit)
{
    BOT_ASSERT(bit != 0 && (bit & (bit - 1)) == 0);
    const int i = __builtin_ctz(bit);
    BOT_ASSERT(i < BOT_GATE_REASON_COUNT);
    return i;
}

const char *bot_gate_reason_name(uint32_t bit)
{
    if (bit == 0 || (bit & (bit - 1)) != 0 || __builtin_ctz(bit) >= BOT_GATE_REASON_COUNT) return "";
    return reason_facts[__builtin_ctz(bit)].name;
}

const char *bot_gate_reason_words(uint32_t bit)
{
    if (bit == 0 || (bit & (bit - 1)) != 0 || __builtin_ctz(bit) >= BOT_GATE_REASON_COUNT) return "";
    return reason_facts[__builtin_ctz(bit)].words;
}

uint32_t bot_gate_latches(void)
{
    uint32_t set = 0;
    for (int i = 0; i < BOT_GATE_REASON_COUNT; i++)
        if (reason_facts[i].kind == LATCH)
            set |= 1u << i;
    return set;
}

static bot_ts saturating_add(bot_ts at, int64_t ns)
{
    bot_ts sum;
    return __builtin_add_overflow(at, ns, &sum) ? BOT_TS_NEVER : sum;
}

void bot__gate_init(struct gate *g, const struct gate_options *options, bot_ts now)
{
    *g = (struct gate){ .options = *options, .held = BOT_GATE_STARTUP, .last_shut = now, .hold_until = BOT_TS_NEVER, .touched = true };
    for (int i = 0; i < GATE_LEASE_COUNT; i++) {
        /* Every required lease starts expired: nothing is believed before it has been heard. */
        g->expiry[i] = options->lease_ns[i] == 0 ? BOT_TS_NEVER : now;
        g->renewed_at[i] = BOT_TS_NEVER;
    }
    g->since[BOT_GATE_INDEX_STARTUP] = now;
    (void)bot__gate_evaluate(g, now);
}

void bot__gate_renew_for(struct gate *g, enum gate_lease lease, bot_ts from, int64_t duration_ns)
{
    if (g->options.lease_ns[lease] == 0)
        return;
    const bot_ts until = saturating_add(from, duration_ns);
    if (until > g->expiry[lease]) {
        g->expiry[lease] = until;
        g->renewed_at[lease] = from;
        g->touched = true;
    }
}

void bot__gate_renew(struct gate *g, enum gate_lease lease, bot_ts from)
{
    bot__gate_renew_for(g, lease, from, g->options.lease_ns[lease]);
}

void bot__gate_expire(struct gate *g, enum gate_lease lease, bot_ts now)
{
    bot__gate_cap(g, lease, now);
}

void bot__gate_set(struct gate *g, uint32_t reason, int64_t value, bot_ts now)
{
    const int i = index_of(reason);
    BOT_ASSERT(reason_facts[i].kind != LEASE && reason != BOT_GATE_HOLD_DOWN);
    if ((g->held & reason) == 0)
        g->since[i] = now;
    g->value[i] = value;
    g->held |= reason;
    g->touched = true;
}

void bot__gate_clear(struct gate *g, uint32_t reason, bot_ts now)
{
    BOT_ASSERT(reason_facts[index_of(reason)].kind != LEASE);
    (void)now;
    g->held &= ~reason;
    g->touched = true;
}

void bot__gate_agreement(struct gate *g, bool agreed, bot_ts sent_at)
{
    g->touched = true;
    if (!agreed) {
        g->agree_streak = 0;
        if (g->reasons != 0)
            g->hold_until = BOT_TS_NEVER; /* what the hold-down rested on is contradicted */
    } else if (sent_at >= g->last_shut) /* a read asked for before the trouble says nothing about it */
        g->agree_streak++;
}

/* Agreement that we still wait for is no reason to start its count anew: RECONCILED alone, while nothing else is wrong, ends by the
 * very reads that the count is made of. Nor is the hold-down, which is what waits. */
#define NO_TROUBLE ((uint32_t)(BOT_GATE_RECONCILED | BOT_GATE_STARTUP | BOT_GATE_HOLD_DOWN))

bool bot__gate_evaluate(struct gate *g, bot_ts now)
{
    if (!g->touched && now < g->next_at) { /* most steps, twice each */
        if ((g->reasons & ~NO_TROUBLE) != 0)
            g->last_shut = now;
        return false;
    }
    uint32_t shut = g->held;
    bot_ts earliest = BOT_TS_NEVER;
    for (int i = 0; i < GATE_LEASE_COUNT; i++) {
        const int r = lease_reason[i];
        if (g->expiry[i] <= now) {
            if ((g->reasons & (1u << r)) == 0)
                g->since[r] = g->expiry[i];
            shut |= 1u << r;
        } else if (g->expiry[i] < earliest) {
            earliest = g->expiry[i];
        }
    }
    if ((shut & ~NO_TROUBLE) != 0 || ((shut & BOT_GATE_RECONCILED) != 0 && (g->reasons & (BOT_GATE_RECONCILED | BOT_GATE_STARTUP)) == 0)) {
        g->last_shut = now;
        g->agree_streak = 0;
        g->hold_until = BOT_TS_NEVER;
    }
    if (shut == 0 && g->hold_until == BOT_TS_NEVER && g->agree_streak >= (g->proven ? g->options.agree_reads_min : 1))
        g->hold_until = saturating_add(now, g->proven ? g->options.hold_down_ns : 0);
    g->next_at = earliest;
    if (shut == 0 && now < g->hold_until) {
        if ((g->reasons & BOT_GATE_HOLD_DOWN) == 0)
            g->since[BOT_GATE_INDEX_HOLD_DOWN] = now;
        shut |= BOT_GATE_HOLD_DOWN;
        if (g->hold_until < g->next_at)
            g->next_at = g->hold_until;
    }
    g->open_until = shut == 0 ? earliest : 0;
    g->proven |= shut == 0;
    const bool changed = shut != g->reasons;
    if (changed)
        g->changed_at = now;
    g->reasons = shut;
    g->touched = false;
    return changed;
}

bot_ts bot__gate_deadline(const struct gate *g, bot_ts now)
{
    if (!g->touched && now < g->next_at)
        return g->next_at;
    bot_ts at = BOT_TS_NEVER;
    for (int i = 0; i < GATE_LEASE_COUNT; i++)
        if (g->expiry[i] > now && g->expiry[i] < at)
            at = g->expiry[i];
    if ((g->reasons & BOT_GATE_HOLD_DOWN) != 0 && g->hold_until > now && g->hold_until < at)
        at = g->hold_until;
    return at;
}

void bot__gate_state(const struct gate *g, bot_ts now, bot_gate_state *ret_state)
{
    *ret_state = (bot_gate_state){ .reasons = g->reasons, .now = now, .changed_at = g->changed_at, .open_until = g->open_until };
    memcpy(ret_state->since, g->since, sizeof g->since);
    memcpy(ret_state->value, g->value, sizeof g->value);
    for (int i = 0; i < GATE_LEASE_COUNT; i++) {
        const int r = lease_reason[i];
        /* A lease may have run out since the last step: what refuses an order now is also said now. */
        if (g->expiry[i] <= now && (g->reasons & (1u << r)) == 0) {
            if (ret_state->reasons == 0)
                ret_state->changed_at = g->expiry[i];
            ret_state->reasons |= 1u << r;
            ret_state->since[r] = g->expiry[i];
            ret_state->open_until = 0;
        }
        /* How old news is, and how long it is held down still, is known when it is asked. */
        if ((ret_state->reasons & (1u << r)) != 0)
            ret_state->value[r] = g->renewed_at[i] == BOT_TS_NEVER ? -1 : now - g->renewed_at[i];
    }
    if ((ret_state->reasons & BOT_GATE_HOLD_DOWN) != 0)
        ret_state->value[BOT_GATE_INDEX_HOLD_DOWN] = g->hold_until == BOT_TS_NEVER ? 0 : g->hold_until > now ? g->hold_until - now : 1;
}

/* ---- plain sentences ---- */

struct text {
    char *buf;
    size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
    if (t->len + 1 >= t->size)
        return;
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(t->buf + t->len, t->size - t->len, format, ap);
    va_end(ap);
    if (n > 0)
        t->len = t->len + (size_t)n < t->size ? t->len + (size_t)n : t->size - 1;
}

static void put_seconds(struct text *t, int64_t ns)
{
    put(t, "%lld.%lld s", (long long)(ns / BOT_NS_PER_S), (long long)(ns % BOT_NS_PER_S / (BOT_NS_PER_S / 10)));
}

static void put_fixed(struct text *t, const char *label, bot_i128 v)
{
    char text[BOT_DEC_TEXT_MAX];
    bot_fixed_format(v, text);
    put(t, "%s%s", label, text);
}

size_t bot_gate_explain(const bot_gate_state *state, char *buf, size_t size)
{
    struct text t = { buf, size, 0 };
    if (size == 0) return 0;
    buf[0] = '\0';
    if (state == NULL) return 0;
    if (state->reasons == 0) {
        put(&t, "open");
        if (state->open_until != BOT_TS_NEVER && state->open_until > state->now) {
            put(&t, " for another ");
            put_seconds(&t, state->open_until - state->now);
            put(&t, " without news");
        }
        return t.len;
    }
    put(&t, "shut");
    const char *separator = ": ";
    for (int i = 0; i < BOT_GATE_REASON_COUNT; i++) {
        if ((state->reasons & (1u << i)) == 0)
            continue;
        const char *words = reason_facts[i].words;
        if (i == BOT_GATE_INDEX_HOLD_DOWN)
            words = state->value[i] > 0 ? "well again, waits a moment more" : "reads must agree again first";
        put(&t, "%s%s (%s, ", separator, words, reason_facts[i].name);
        if (reason_facts[i].kind == LEASE && state->value[i] < 0) {
            put(&t, "no good news yet)");
        } else if (reason_facts[i].kind == LEASE) {
            put(&t, "last good news ");
            put_seconds(&t, state->value[i]);
            put(&t, " ago)");
        } else {
            put(&t, "for ");
            put_seconds(&t, state->now - state->since[i]);
            put(&t, ")");
        }
        separator = "; ";
    }
    return t.len;
}

size_t bot_refusal_explain(const bot_refusal *refusal, char *buf, size_t size)
{
    struct text t = { buf, size, 0 };
    if (size == 0) return 0;
    buf[0] = '\0';
    if (refusal == NULL) return 0;
    if (refusal->code == BOT_OK) {
        put(&t, "passes");
    } else {
        put(&t, "refused (%s): %s", bot_err_name(refusal->code), refusal->detail != NULL ? refusal->detail : bot_strerror(refusal->code));
    }
    /* Orders that make no sense are refused before any position is looked at. */
    if (refusal->detail != NULL || bot_err_class(refusal->code) == BOT_CLASS_USAGE || bot_err_class(refusal->code) == BOT_CLASS_FATAL) {
        if (refusal->limit.v != 0)
            put_fixed(&t, " ", refusal->limit.v);
        return t.len;
    }
    switch (refusal->code) { /* has nothing to do with the position */
    case BOT_ERR_LIMIT_OPEN_ORDERS:
        put(&t, "; %u that may still fill, limit %u", refusal->count, refusal->count_limit);
        return t.len;
    case BOT_ERR_LIMIT_RATE:
        put(&t, "; %u in the last second, limit %u, room for the next in ", refusal->count, refusal->count_limit);
        put_seconds(&t, refusal->wait_ns + BOT_NS_PER_S / 10 - 1); /* up: a moment too soon is in vain */
        return t.len;
    case BOT_ERR_NO_REFERENCE:
        if (refusal->reference.v == 0) {
            put(&t, "; none has been seen yet (public_data brings it)");
            return t.len;
        }
        put_fixed(&t, "; the last one, ", refusal->reference.v);
        put(&t, ", is ");
        put_seconds(&t, refusal->reference_age_ns);
        put(&t, " old (core.reference_age_max_ns)");
        return t.len;
    case BOT_ERR_PRICE_COLLAR:
        put_fixed(&t, "; the worst that passes is ", refusal->price_limit.v);
        put_fixed(&t, ", reference price ", refusal->reference.v);
        return t.len;
    default: break;
    }
    if (refusal->reasons != 0) {
        const char *separator = " by ";
        for (int i = 0; i < BOT_GATE_REASON_COUNT; i++)
            if ((refusal->reasons & (1u << i)) != 0) {
                put(&t, "%s%s", separator, reason_facts[i].name);
                separator = ", ";
            }
    }
    if (refusal->position_low.v == refusal->position_high.v) {
        put_fixed(&t, "; position ", refusal->position_low.v);
    } else {
        put_fixed(&t, "; position between ", refusal->position_low.v);
        put_fixed(&t, " and ", refusal->position_high.v);
    }
    put_fixed(&t, ", working buys ", refusal->working_buy.v);
    put_fixed(&t, ", working sells ", refusal->working_sell.v);
    if (refusal->limit.v != 0)
        put_fixed(&t, ", limit ", refusal->limit.v);
    if (refusal->worst.v != 0)
        put_fixed(&t, ", worst case with this order ", refusal->worst.v);
    if (refusal->code == BOT_ERR_LIMIT_POSITION || refusal->code == BOT_ERR_LIMIT_ACCOUNT || refusal->code == BOT_ERR_REDUCE_ONLY ||
        refusal->code == BOT_ERR_GATE_SHUT)
        put_fixed(&t, ", room for ", refusal->room.v);
    if (refusal->limit_money.v != 0) {
        put_fixed(&t, ", money ", refusal->money.v);
        put_fixed(&t, " against ", refusal->limit_money.v);
    }
    if (refusal->reference.v != 0)
        put_fixed(&t, ", reference price ", refusal->reference.v);
    return t.len;
}
