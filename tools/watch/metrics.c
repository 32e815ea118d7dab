/* OpenMetrics 1.0 text (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md): families with # TYPE and
 * # HELP before their samples, counters end in _total, the end is "# EOF". Doubles here are for display only. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/watch.h"

struct out {
    char  *buf;
    size_t size, len;
    bool   failed;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *o, const char *format, ...)
{
    for (;;) {
        va_list ap;
        va_start(ap, format);
        const int n = vsnprintf(o->buf + o->len, o->size - o->len, format, ap);
        va_end(ap);
        if (n >= 0 && (size_t)n < o->size - o->len) {
            o->len += (size_t)n;
            return;
        }
        char *larger = o->size < 16u * 1024 * 1024 ? realloc(o->buf, o->size * 2) : NULL;
        if (larger == NULL) {
            o->failed = true;
            return;
        }
        o->buf = larger;
        o->size *= 2;
    }
}

static void family(struct out *o, const char *name, const char *type, const char *help)
{
    put(o, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

/* A label's value: backslash, quote and newline escaped. */
static const char *label(const char *text, char *buf, size_t size)
{
    size_t n = 0;
    for (; *text != '\0' && n + 3 < size; text++) {
        if (*text == '\\' || *text == '"') buf[n++] = '\\';
        if (*text == '\n') {
            buf[n++] = '\\';
            buf[n++] = 'n';
            continue;
        }
        buf[n++] = *text;
    }
    buf[n] = '\0';
    return buf;
}

static double number(bot_i128 v) { return (double)v / 1e18; }

struct each {
    const struct watch_account *a;
    bot_gate_state gate;
    bot_account_stats stats;
    char labels[160]; /* account="x",venue="y" */
};

static void load(struct each *e, const struct watch_account *a)
{
    char name[130];
    e->a = a;
    bot_get_gate(a->bot, &e->gate);
    bot_account_stats_get(a->account, &e->stats);
    snprintf(e->labels, sizeof e->labels, "account=\"%s\",venue=\"%s\"", label(a->config->name, name, sizeof name), a->config->venue);
}

static const char *leg_word(bot_leg leg) { return leg == BOT_LEG_LONG ? "long" : leg == BOT_LEG_SHORT ? "short" : "net"; }

/* One family over all rows: fn gives the value, false: none. */
static void rows(struct out *o, const struct each *accounts, uint32_t n, const char *name, const char *type, const char *help,
                 bool (*fn)(const struct each *e, const struct watch_row *r, const bot_position *p, double *ret))
{
    family(o, name, type, help);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < accounts[i].a->rows_n; k++) {
            const struct watch_row *r = accounts[i].a->rows[k];
            const bot_core *core = bot_account_core(accounts[i].a->account);
            const int64_t index = bot_core_find_instrument(core, &r->symbol);
            bot_position p;
            double v;
            if (index < 0)
                continue;
            bot_core_position(core, (uint32_t)index, r->leg, &p);
            char symbol[90];
            if (fn(&accounts[i], r, &p, &v))
                put(o, "%s{%s,instrument=\"%s\",leg=\"%s\"} %.17g\n", name, accounts[i].labels, label(r->symbol.s, symbol, sizeof symbol), leg_word(r->leg), v);
        }
}

static bool self_qty(const struct each *e, const struct watch_row *r, const bot_position *p, double *v) { (void)e, (void)r; *v = number(p->qty.v); return true; }
static bool rest_qty(const struct each *e, const struct watch_row *r, const bot_position *p, double *v) { (void)e, (void)p; *v = number(r->venue.v); return r->venue_known; }
static bool drift(const struct each *e, const struct watch_row *r, const bot_position *p, double *v) { (void)e; *v = number(r->venue.v - p->qty.v); return r->venue_known; }
static bool reserved_buy(const struct each *e, const struct watch_row *r, const bot_position *p, double *v) { (void)e, (void)r; *v = number(p->working_buy.v); return true; }
static bool reserved_sell(const struct each *e, const struct watch_row *r, const bot_position *p, double *v) { (void)e, (void)r; *v = number(p->working_sell.v); return true; }
static bool agreed_age(const struct each *e, const struct watch_row *r, const bot_position *p, double *v)
{
    (void)r;
    const bot_ts agreed = watch_agreed_at(e->a, p);
    *v = (double)(bot_account_now(e->a->account) - (agreed != 0 ? agreed : e->a->opened_at)) / 1e9;
    return true;
}
static bool rate_of(const struct each *e, const struct watch_row *r, int64_t *rate, int64_t *reference)
{
    bot_rate_info i;
    if (r->leg == BOT_LEG_SHORT || bot_account_rate(e->a->account, r->symbol.s, &i) < 0)
        return false;
    *rate = i.rate_milli;
    *reference = i.reference_milli;
    return true;
}
static bool rate_now(const struct each *e, const struct watch_row *r, const bot_position *p, double *v)
{
    int64_t rate, reference;
    (void)p;
    if (!rate_of(e, r, &rate, &reference)) return false;
    *v = (double)rate / 1000;
    return true;
}
static bool rate_reference(const struct each *e, const struct watch_row *r, const bot_position *p, double *v)
{
    int64_t rate, reference;
    (void)p;
    if (!rate_of(e, r, &rate, &reference)) return false;
    *v = (double)reference / 1000;
    return true;
}

static void stale_ages(struct out *o, const struct each *all, uint32_t n)
{
    family(o, "libbot_stale_age_seconds", "histogram", "How old stale answers of the position endpoint were.");
    for (uint32_t i = 0; i < n; i++) {
        const struct watch_account *a = all[i].a;
        for (int b = 0; b < WATCH_AGE_BOUNDS; b++)
            put(o, "libbot_stale_age_seconds_bucket{%s,endpoint=\"positions\",le=\"%d.0\"} %llu\n", all[i].labels, watch_age_bounds_s[b], (unsigned long long)a->stale_within[b]);
        put(o, "libbot_stale_age_seconds_bucket{%s,endpoint=\"positions\",le=\"+Inf\"} %llu\n", all[i].labels, (unsigned long long)a->stale_count);
        put(o, "libbot_stale_age_seconds_count{%s,endpoint=\"positions\"} %llu\n", all[i].labels, (unsigned long long)a->stale_count);
        put(o, "libbot_stale_age_seconds_sum{%s,endpoint=\"positions\"} %.9g\n", all[i].labels, a->stale_sum_s);
    }
}

/* Streams that there are: private, and public where somebody asked for it. */
static int streams_of(const struct watch_account *a) { return watch_has_public(a) ? 2 : 1; }

static void of_accounts(struct out *o, const struct each *all, uint32_t n)
{
    family(o, "libbot_gate_open", "gauge", "1 while nothing speaks against trading.");
    for (uint32_t i = 0; i < n; i++)
        put(o, "libbot_gate_open{%s} %d\n", all[i].labels, all[i].gate.reasons == 0);
    family(o, "libbot_gate_reason", "gauge", "1 while the reason keeps the gate shut.");
    for (uint32_t i = 0; i < n; i++)
        for (int k = 0; k < BOT_GATE_REASON_COUNT; k++)
            put(o, "libbot_gate_reason{%s,reason=\"%s\"} %u\n", all[i].labels, bot_gate_reason_name(1u << k), all[i].gate.reasons >> k & 1);
    family(o, "libbot_gate_shuts", "counter", "Times that a reason came up.");
    for (uint32_t i = 0; i < n; i++)
        for (int k = 0; k < BOT_GATE_REASON_COUNT; k++)
            put(o, "libbot_gate_shuts_total{%s,reason=\"%s\"} %llu\n", all[i].labels, bot_gate_reason_name(1u << k), (unsigned long long)all[i].a->gate_shut[k]);
    family(o, "libbot_refusals", "counter", "Orders refused (none by a watcher: it sends none).");
    for (uint32_t i = 0; i < n; i++)
        put(o, "libbot_refusals_total{%s} %llu\n", all[i].labels, (unsigned long long)all[i].stats.core.submits_refused);
    family(o, "libbot_position_answers", "counter", "Answers of the position endpoint by verdict, one an instrument.");
    for (uint32_t i = 0; i < n; i++)
        for (int v = BOT_VERDICT_AGREE; v <= BOT_VERDICT_DRIFT; v++)
            put(o, "libbot_position_answers_total{%s,verdict=\"%s\"} %llu\n", all[i].labels, bot_verdict_name((bot_verdict)v), (unsigned long long)all[i].stats.core.reads[v]);
    family(o, "libbot_fills", "counter", "Fills applied, by the channel that brought them first.");
    for (uint32_t i = 0; i < n; i++) {
        put(o, "libbot_fills_total{%s,channel=\"stream\"} %llu\n", all[i].labels, (unsigned long long)all[i].a->fills_by_source[BOT_SOURCE_WS_PRIVATE]);
        put(o, "libbot_fills_total{%s,channel=\"rest\"} %llu\n", all[i].labels, (unsigned long long)all[i].a->fills_by_source[BOT_SOURCE_REST]);
        put(o, "libbot_fills_total{%s,channel=\"duplicate\"} %llu\n", all[i].labels, (unsigned long long)all[i].stats.core.fills_duplicate);
    }
    family(o, "libbot_stream_up", "gauge", "1 while the stream is connected and subscribed.");
    for (uint32_t i = 0; i < n; i++)
        for (int k = 0; k < streams_of(all[i].a); k++) {
            bot_stream_info s;
            bot_account_stream(all[i].a->account, (bot_stream)k, &s);
            put(o, "libbot_stream_up{%s,stream=\"%s\"} %d\n", all[i].labels, k == 0 ? "private" : "public", s.up);
        }
    family(o, "libbot_stream_age_seconds", "gauge", "Time since anything was heard on the stream.");
    for (uint32_t i = 0; i < n; i++)
        for (int k = 0; k < streams_of(all[i].a); k++) {
            bot_stream_info s;
            bot_account_stream(all[i].a->account, (bot_stream)k, &s);
            if (s.age_ns >= 0) put(o, "libbot_stream_age_seconds{%s,stream=\"%s\"} %.3f\n", all[i].labels, k == 0 ? "private" : "public", (double)s.age_ns / 1e9);
        }
    family(o, "libbot_stream_lag_seconds", "gauge", "Public: delay of trades above its own minimum. Private: the farthest it ever was behind REST.");
    for (uint32_t i = 0; i < n; i++)
        for (int k = 0; k < streams_of(all[i].a); k++) {
            bot_stream_info s;
            bot_account_stream(all[i].a->account, (bot_stream)k, &s);
            put(o, "libbot_stream_lag_seconds{%s,stream=\"%s\"} %.3f\n", all[i].labels, k == 0 ? "private" : "public", (double)s.lag_ns / 1e9);
        }
    family(o, "libbot_budget_used", "gauge", "Units of the venue's request limit used in its window, others' included.");
    bot_budget_info b;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; bot_account_budget(all[i].a->account, k, &b) == BOT_OK; k++)
            put(o, "libbot_budget_used{%s,scope=\"%s\"} %u\n", all[i].labels, b.scope, b.used);
    family(o, "libbot_budget_limit", "gauge", "Units of the venue's request limit in its window.");
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; bot_account_budget(all[i].a->account, k, &b) == BOT_OK; k++)
            put(o, "libbot_budget_limit{%s,scope=\"%s\"} %u\n", all[i].labels, b.scope, b.limit);
    family(o, "libbot_requests", "counter", "HTTP requests sent.");
    for (uint32_t i = 0; i < n; i++)
        put(o, "libbot_requests_total{%s} %llu\n", all[i].labels, (unsigned long long)all[i].stats.http_requests);
    family(o, "libbot_request_failures", "counter", "HTTP requests that brought no good answer.");
    for (uint32_t i = 0; i < n; i++)
        put(o, "libbot_request_failures_total{%s} %llu\n", all[i].labels, (unsigned long long)all[i].stats.http_failures);
    family(o, "libbot_journal_queued_records", "gauge", "Journal records that are not on the disk yet.");
    for (uint32_t i = 0; i < n; i++)
        put(o, "libbot_journal_queued_records{%s} %llu\n", all[i].labels, (unsigned long long)(all[i].stats.journal.appended - all[i].stats.journal.written));
    family(o, "libbot_clock_offset_seconds", "gauge", "The venue's clock minus ours.");
    for (uint32_t i = 0; i < n; i++)
        if (all[i].stats.clock_error_ns != 0) put(o, "libbot_clock_offset_seconds{%s} %.6f\n", all[i].labels, (double)all[i].stats.clock_offset_ns / 1e9);
}

static void of_process(struct out *o, const struct watch *w)
{
    family(o, "libbot_alerts_firing", "gauge", "Alerts that fire now, by rule.");
    for (int i = 0; i < WATCH_RULE_COUNT; i++)
        put(o, "libbot_alerts_firing{rule=\"%s\"} %u\n", watch_rule_names[i], watch_alerts_firing(&w->alerts, (enum watch_rule)i));
    family(o, "libbot_alerts", "counter", "Alerts that began, by rule.");
    for (int i = 0; i < WATCH_RULE_COUNT; i++)
        put(o, "libbot_alerts_total{rule=\"%s\"} %llu\n", watch_rule_names[i], (unsigned long long)w->alerts.fired[i]);
    family(o, "libbot_alerts_dropped", "counter", "Times that an alert found no place among those that fire.");
    put(o, "libbot_alerts_dropped_total %llu\n", (unsigned long long)w->alerts.dropped);
    family(o, "libbot_log_lines_lost", "counter", "Lines of the log that standard error did not take.");
    put(o, "libbot_log_lines_lost_total %llu\n", (unsigned long long)w->lines_lost);
    family(o, "libbot_reloads", "counter", "Times that the configuration was read again, by what became of it.");
    put(o, "libbot_reloads_total{result=\"taken\"} %llu\nlibbot_reloads_total{result=\"refused\"} %llu\n", (unsigned long long)w->reloads, (unsigned long long)w->reloads_refused);
    family(o, "libbot_alert_deliveries", "counter", "Alerts by route and what became of them.");
    for (uint32_t i = 0; w->deliver != NULL && i < deliver_routes(w->deliver); i++) {
        struct deliver_route_view v;
        char name[130];
        deliver_route_get(w->deliver, i, &v);
        label(v.name, name, sizeof name);
        put(o, "libbot_alert_deliveries_total{route=\"%s\",result=\"delivered\"} %llu\n", name, (unsigned long long)v.delivered);
        put(o, "libbot_alert_deliveries_total{route=\"%s\",result=\"failed\"} %llu\n", name, (unsigned long long)v.failed);
        put(o, "libbot_alert_deliveries_total{route=\"%s\",result=\"retried\"} %llu\n", name, (unsigned long long)v.retried);
    }
    family(o, "libbot_loop_lag_seconds", "gauge", "How late the loop's last turn was.");
    put(o, "libbot_loop_lag_seconds %.3f\n", (double)w->loop_lag_ms / 1e3);
    family(o, "process_resident_memory_bytes", "gauge", "Resident memory.");
    put(o, "process_resident_memory_bytes %llu\n", (unsigned long long)watch_rss());
    family(o, "process_start_time_seconds", "gauge", "Start of the process, Unix time.");
    put(o, "process_start_time_seconds %.3f\n", (double)w->started_ms / 1e3);
    put(o, "# EOF\n");
}

int watch_metrics(const struct watch *w, char **buf, size_t *size)
{
    struct each *all = calloc(w->accounts_n + 1, sizeof *all);
    if (*size == 0 && all != NULL && (*buf = malloc(32768)) != NULL)
        *size = 32768;
    struct out o = { .buf = *buf, .size = *size, .failed = all == NULL || *size == 0 };
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->accounts_n && !o.failed; i++)
        if (w->accounts[i].bot != NULL)
            load(&all[n++], &w->accounts[i]);
    if (!o.failed) {
        rows(&o, all, n, "libbot_position_self", "gauge", "Position by our own fills, in the venue's quantity unit.", self_qty);
        rows(&o, all, n, "libbot_position_rest", "gauge", "Position as REST said last.", rest_qty);
        rows(&o, all, n, "libbot_position_drift", "gauge", "REST minus self.", drift);
        rows(&o, all, n, "libbot_agreement_age_seconds", "gauge", "Time since the sending of the newest answer that agreed; since the start of the watch where none has.", agreed_age);
        rows(&o, all, n, "libbot_reserved_buy", "gauge", "Quantity that may still be bought by open orders.", reserved_buy);
        rows(&o, all, n, "libbot_reserved_sell", "gauge", "Quantity that may still be sold by open orders.", reserved_sell);
        rows(&o, all, n, "libbot_trade_rate", "gauge", "Public sweeps a second now.", rate_now);
        rows(&o, all, n, "libbot_trade_rate_reference", "gauge", "Public sweeps a second expected.", rate_reference);
        stale_ages(&o, all, n);
        of_accounts(&o, all, n);
        of_process(&o, w);
    }
    *buf = o.buf;
    *size = o.size;
    free(all);
    return o.failed ? BOT_ERR_NOMEM : (int)o.len;
}
