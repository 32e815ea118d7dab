#include "watch/alert.h"

#include <stdio.h>
#include <string.h>

#define CLEAR_MS 10000
#define EVENT_LASTS_MS 60000
#define REMEMBERED_MS 86400000

const char *const watch_severity_names[] = { "info", "warning", "critical", NULL };
const char *const watch_delivery_names[] = { "none", "delivered", "retrying", "failed" };
const char *const watch_rule_names[] = {
#define WATCH_RULE_NAME_(id, name, severity, secs, words) name,
    WATCH_RULE_LIST(WATCH_RULE_NAME_)
#undef WATCH_RULE_NAME_
    NULL,
};

static const struct {
    enum watch_severity severity;
    int         for_s;
    const char *words;
} rules[] = {
#define WATCH_RULE_ROW_(id, name, severity, secs, words) { WATCH_##severity, secs, words },
    WATCH_RULE_LIST(WATCH_RULE_ROW_)
#undef WATCH_RULE_ROW_
};

const char *watch_rule_words(enum watch_rule rule) { return rules[rule].words; }

struct terms {
    bool enabled;
    enum watch_severity severity;
    int64_t for_ms;
};

static struct terms terms_of(const struct watch_alerts *a, enum watch_rule rule)
{
    struct terms t = { true, rules[rule].severity, (int64_t)rules[rule].for_s * 1000 };
    for (uint32_t i = 0; i < a->config->alerts.rules_n; i++) {
        const struct watch_rule_config *r = &a->config->alerts.rules[i];
        if (r->rule != (int64_t)rule)
            continue;
        t.enabled = r->enabled;
        if (r->severity >= 0)
            t.severity = (enum watch_severity)r->severity;
        if (r->for_s >= 0)
            t.for_ms = (int64_t)(r->for_s * 1000);
    }
    return t;
}

void watch_alerts_init(struct watch_alerts *a, const struct watch_config *config, void (*tell)(void *, struct watch_alert *), void *user_data)
{
    memset(a, 0, sizeof *a);
    a->config = config;
    a->tell = tell;
    a->user_data = user_data;
}

/* The wall clock was set back: what began later than now begins now, or a pending alert would wait for as long as it went back. */
static void not_later(struct watch_alert *w, int64_t now_ms)
{
    int64_t *const times[] = { &w->since_ms, &w->fired_ms, &w->told_ms, &w->clear_ms };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (*times[i] > now_ms)
            *times[i] = now_ms;
    const int64_t latest = w->state == ALERT_FIRING ? now_ms + EVENT_LASTS_MS : now_ms;
    if (w->resolved_ms > latest)
        w->resolved_ms = latest;
}

static struct watch_alert *find(struct watch_alerts *a, enum watch_rule rule, const char *account, const char *instrument)
{
    for (int i = 0; i < WATCH_ALERTS_MAX; i++) {
        struct watch_alert *w = &a->list[i];
        if ((w->state == ALERT_PENDING || w->state == ALERT_FIRING) && w->rule == rule && strcmp(w->account, account) == 0 &&
            strcmp(w->instrument, instrument) == 0)
            return w;
    }
    return NULL;
}

/* A free place, or that of the longest resolved one; or else that of the newest among the least severe, if they are less than this. */
static struct watch_alert *place(struct watch_alerts *a, enum watch_severity severity)
{
    struct watch_alert *oldest = NULL, *least = NULL;
    for (int i = 0; i < WATCH_ALERTS_MAX; i++) {
        struct watch_alert *w = &a->list[i];
        if (w->state == ALERT_NONE)
            return w;
        if (w->state == ALERT_RESOLVED && (oldest == NULL || w->resolved_ms < oldest->resolved_ms))
            oldest = w;
        if (w->state != ALERT_RESOLVED && w->severity < severity &&
            (least == NULL || w->severity < least->severity || (w->severity == least->severity && w->id > least->id)))
            least = w;
    }
    if (oldest != NULL)
        return oldest;
    a->dropped++;
    return least;
}

static struct watch_alert *begin(struct watch_alerts *a, enum watch_rule rule, const char *account, const char *instrument, int64_t now_ms)
{
    const enum watch_severity severity = terms_of(a, rule).severity;
    struct watch_alert *w = place(a, severity);
    if (w == NULL)
        return NULL;
    *w = (struct watch_alert){ .id = ++a->next_id, .state = ALERT_PENDING, .rule = rule, .severity = severity, .since_ms = now_ms };
    snprintf(w->account, sizeof w->account, "%s", account);
    snprintf(w->instrument, sizeof w->instrument, "%s", instrument);
    return w;
}

static void fire(struct watch_alerts *a, struct watch_alert *w, int64_t now_ms)
{
    w->state = ALERT_FIRING;
    w->fired_ms = w->told_ms = now_ms;
    a->fired[w->rule]++;
    a->tell(a->user_data, w);
}

static void resolve(struct watch_alerts *a, struct watch_alert *w, int64_t now_ms)
{
    w->state = ALERT_RESOLVED;
    w->resolved_ms = now_ms;
    a->tell(a->user_data, w);
}

void watch_alert_set(struct watch_alerts *a, enum watch_rule rule, const char *account, const char *instrument, bool holds, int64_t now_ms,
                     const char *text)
{
    const struct terms t = terms_of(a, rule);
    struct watch_alert *w = find(a, rule, account, instrument);
    if (!holds || !t.enabled) {
        if (w != NULL && w->state == ALERT_PENDING) /* nobody was told: nobody needs to hear that it is over */
            w->state = ALERT_NONE;
        else if (w != NULL && w->clear_ms == 0)
            w->clear_ms = now_ms;
        return;
    }
    if (w == NULL)
        w = begin(a, rule, account, instrument, now_ms);
    if (w == NULL)
        return;
    not_later(w, now_ms);
    w->clear_ms = 0;
    snprintf(w->text, sizeof w->text, "%s", text); /* also of one that fires: who is told again is told what is so by now */
    if (w->state == ALERT_PENDING && now_ms - w->since_ms >= t.for_ms)
        fire(a, w, now_ms);
}

void watch_alert_event(struct watch_alerts *a, enum watch_rule rule, const char *account, const char *instrument, int64_t now_ms, const char *text)
{
    if (!terms_of(a, rule).enabled)
        return;
    struct watch_alert *w = find(a, rule, account, instrument);
    const bool new_one = w == NULL;
    if (new_one)
        w = begin(a, rule, account, instrument, now_ms);
    if (w == NULL)
        return;
    snprintf(w->text, sizeof w->text, "%s", text);
    w->resolved_ms = now_ms + EVENT_LASTS_MS; /* while firing: when it will be over */
    if (new_one)
        fire(a, w, now_ms);
}

void watch_alerts_tick(struct watch_alerts *a, int64_t now_ms)
{
    const int64_t repeat_ms = (int64_t)(a->config->alerts.repeat_s * 1000);
    for (int i = 0; i < WATCH_ALERTS_MAX; i++) {
        struct watch_alert *w = &a->list[i];
        not_later(w, now_ms);
        if (w->state == ALERT_PENDING && now_ms - w->since_ms >= terms_of(a, w->rule).for_ms)
            fire(a, w, now_ms);
        else if (w->state == ALERT_FIRING && w->resolved_ms != 0 && now_ms >= w->resolved_ms)
            resolve(a, w, now_ms);
        else if (w->state == ALERT_FIRING && w->clear_ms != 0 && now_ms - w->clear_ms >= CLEAR_MS)
            resolve(a, w, now_ms);
        else if (w->state == ALERT_FIRING && w->resolved_ms == 0 && w->clear_ms == 0 && repeat_ms > 0 && now_ms - w->told_ms >= repeat_ms) {
            w->told_ms = now_ms;
            a->tell(a->user_data, w);
        } else if (w->state == ALERT_RESOLVED && now_ms - w->resolved_ms >= REMEMBERED_MS)
            w->state = ALERT_NONE;
    }
}

bool watch_rule_severity(const struct watch_alerts *a, enum watch_rule rule, enum watch_severity *ret)
{
    const struct terms t = terms_of(a, rule);
    *ret = t.severity;
    return t.enabled;
}

uint32_t watch_alerts_firing(const struct watch_alerts *a, enum watch_rule rule)
{
    uint32_t n = 0;
    for (int i = 0; i < WATCH_ALERTS_MAX; i++)
        n += a->list[i].state == ALERT_FIRING && a->list[i].rule == rule;
    return n;
}
