/* The document of /api/status: everything that the page shows. Decimals are strings, times Unix ms, ages ms; what is not
 * known is left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "watch/watch.h"

#define FIRST_SIZE 65536
#define LARGEST (16u * 1024 * 1024)
#define POINTS_SENT 20000 /* of each history, all rows together: a document of a hundred positions is written four times a second, too */

static void reasons(struct json_out *o, const struct watch_account *a, const bot_gate_state *state)
{
    bot__jo_array(o, "reasons");
    for (int i = 0; i < BOT_GATE_REASON_COUNT; i++) {
        const uint32_t bit = 1u << i;
        if ((state->reasons & bit) == 0)
            continue;
        bot__jo_object(o, NULL);
        bot__jo_str(o, "reason", bot_gate_reason_name(bit));
        bot__jo_i64(o, "since_ms", watch_wall_of(a, state->since[i]));
        bot__jo_str(o, "text", bot_gate_reason_words(bit));
        bot__jo_bool(o, "latched", (bot_gate_latches() & bit) != 0);
        bot__jo_object_end(o);
    }
    bot__jo_array_end(o);
}

static void streams(struct json_out *o, const struct watch_account *a)
{
    static const char *const names[] = { "private", "public" };
    bot__jo_array(o, "streams");
    for (int i = 0; i < 2; i++) {
        if (i == 1 && !watch_has_public(a))
            continue;
        bot_stream_info s;
        bot_account_stream(a->account, (bot_stream)i, &s);
        bot__jo_object(o, NULL);
        bot__jo_str(o, "name", names[i]);
        bot__jo_bool(o, "up", s.up);
        if (s.age_ns >= 0) bot__jo_i64(o, "age_ms", s.age_ns / BOT_NS_PER_MS);
        if (s.up) bot__jo_i64(o, "lag_ms", s.lag_ns / BOT_NS_PER_MS);
        bot__jo_object_end(o);
    }
    bot__jo_array_end(o);
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void requests(struct json_out *o, const struct watch_account *a, const bot_account_stats *stats)
{
    bot__jo_array(o, "requests");
    bot__jo_object(o, NULL);
    bot__jo_str(o, "endpoint", "positions");
    bot__jo_i64(o, "agree", (int64_t)stats->core.reads[BOT_VERDICT_AGREE]);
    bot__jo_i64(o, "stale", (int64_t)stats->core.reads[BOT_VERDICT_STALE]);
    bot__jo_i64(o, "partial", (int64_t)stats->core.reads[BOT_VERDICT_PARTIAL]);
    bot__jo_i64(o, "failed", (int64_t)stats->core.reads[BOT_VERDICT_FAILED]);
    bot__jo_i64(o, "drift", (int64_t)stats->core.reads[BOT_VERDICT_DRIFT]);
    if (a->stale_ages_n != 0) {
        int64_t ages[WATCH_AGES];
        memcpy(ages, a->stale_ages_ns, a->stale_ages_n * sizeof *ages);
        qsort(ages, a->stale_ages_n, sizeof *ages, by_value);
        bot__jo_object(o, "stale_age_ms");
        bot__jo_i64(o, "p50", ages[a->stale_ages_n / 2] / BOT_NS_PER_MS);
        bot__jo_i64(o, "p99", ages[(uint32_t)((uint64_t)a->stale_ages_n * 99 / 100)] / BOT_NS_PER_MS);
        bot__jo_i64(o, "max", (int64_t)stats->core.stale_age_max_ns / BOT_NS_PER_MS);
        bot__jo_object_end(o);
    }
    bot__jo_object_end(o);
    bot__jo_object(o, NULL);
    bot__jo_str(o, "endpoint", "all");
    bot__jo_i64(o, "sent", (int64_t)stats->http_requests);
    bot__jo_i64(o, "failed", (int64_t)stats->http_failures);
    bot__jo_i64(o, "timeouts", (int64_t)stats->http_timeouts);
    bot__jo_i64(o, "waited_for_budget", (int64_t)stats->reads_waited);
    bot__jo_object_end(o);
    bot__jo_array_end(o);
}

/* What is known of it now: an answer that failed stands before one that agreed earlier, and a drift stays until one agrees. */
static bot_verdict shown_verdict(const struct watch_account *a, const struct watch_row *r, const bot_position *p)
{
    const bool failed = a->failed_at > r->judged_at && a->failed_at > p->agreed_at && r->verdict != BOT_VERDICT_NONE;
    return r->drifting ? BOT_VERDICT_DRIFT : failed ? a->failed : r->verdict;
}

static uint32_t at_most(uint32_t n, uint32_t most) { return n < most ? n : most; }

static void row(struct json_out *o, const struct watch_account *a, const struct watch_row *r, uint32_t points_max)
{
    const bot_core *core = bot_account_core(a->account);
    const int64_t index = bot_core_find_instrument(core, &r->symbol);
    if (index < 0)
        return;
    bot_position p;
    bot_core_position(core, (uint32_t)index, r->leg, &p);
    bot__jo_object(o, NULL);
    bot__jo_str(o, "symbol", r->symbol.s);
    bot__jo_str(o, "leg", r->leg == BOT_LEG_LONG ? "long" : r->leg == BOT_LEG_SHORT ? "short" : "net");
    bot__jo_fixed(o, "qty", p.qty.v);
    if (p.qty.v != 0) bot__jo_fixed(o, "entry_price", p.avg_entry.v);
    bot__jo_fixed(o, "realised", p.realised.v);
    if (r->venue_known) {
        bot__jo_fixed(o, "rest_qty", r->venue.v);
        bot__jo_i64(o, "rest_at_ms", r->venue_at_ms);
        bot__jo_fixed(o, "drift", r->venue.v - p.qty.v);
    }
    const bot_verdict verdict = shown_verdict(a, r, &p);
    if (watch_agreed_at(a, &p) != 0) bot__jo_i64(o, "agreed_ms", watch_wall_of(a, p.agreed_at)); /* of a flat row that the venue leaves out, too */
    bot__jo_str(o, "verdict", bot_verdict_name(verdict));
    if (verdict == BOT_VERDICT_STALE) bot__jo_i64(o, "stale_age_ms", r->stale_age_ns / BOT_NS_PER_MS);
    bot__jo_object(o, "reserved");
    bot__jo_fixed(o, "buy", p.working_buy.v);
    bot__jo_fixed(o, "sell", p.working_sell.v);
    bot__jo_object_end(o);
    bot__jo_array(o, "verdicts");
    const uint32_t verdicts_n = at_most(r->verdict_n, points_max), positions_n = at_most(r->position_n, points_max), rates_n = at_most(r->rate_n, points_max);
    for (uint32_t i = 0; i < verdicts_n; i++) {
        const struct watch_verdict_point *v = &r->verdict_ring[(r->verdict_next + WATCH_VERDICTS - verdicts_n + i) % WATCH_VERDICTS];
        bot__jo_array(o, NULL);
        bot__jo_i64(o, NULL, v->at_ms);
        bot__jo_str(o, NULL, bot_verdict_name((bot_verdict)v->verdict));
        bot__jo_array_end(o);
    }
    bot__jo_array_end(o);
    bot__jo_array(o, "history");
    for (uint32_t i = 0; i < positions_n; i++) {
        const struct watch_position_point *v = &r->position_ring[(r->position_next + WATCH_POINTS - positions_n + i) % WATCH_POINTS];
        bot__jo_array(o, NULL);
        bot__jo_i64(o, NULL, v->at_ms);
        bot__jo_fixed(o, NULL, v->self.v);
        if (v->venue_known) bot__jo_fixed(o, NULL, v->venue.v);
        else bot__jo_raw(o, NULL, "null", 4);
        bot__jo_array_end(o);
    }
    bot__jo_array_end(o);
    bot_rate_info rate;
    if (bot_account_rate(a->account, r->symbol.s, &rate) == BOT_OK) {
        char text[32];
        bot__jo_object(o, "rate");
        bot__jo_raw(o, "per_s", text, (size_t)snprintf(text, sizeof text, "%.3f", (double)rate.rate_milli / 1000));
        bot__jo_raw(o, "reference_per_s", text, (size_t)snprintf(text, sizeof text, "%.3f", (double)rate.reference_milli / 1000));
        bot__jo_str(o, "state", rate.learning ? "learning" : rate.dropped ? "dropped" : "normal");
        bot__jo_object_end(o);
        bot__jo_array(o, "rates");
        for (uint32_t i = 0; i < rates_n; i++) {
            const struct watch_rate_point *v = &r->rate_ring[(r->rate_next + WATCH_POINTS - rates_n + i) % WATCH_POINTS];
            bot__jo_array(o, NULL);
            bot__jo_i64(o, NULL, v->at_ms);
            bot__jo_raw(o, NULL, text, (size_t)snprintf(text, sizeof text, "%.3f", (double)v->rate_milli / 1000));
            bot__jo_raw(o, NULL, text, (size_t)snprintf(text, sizeof text, "%.3f", (double)v->reference_milli / 1000));
            bot__jo_array_end(o);
        }
        bot__jo_array_end(o);
    }
    bot__jo_object_end(o);
}

static void fills(struct json_out *o, const struct watch_account *a)
{
    bot__jo_array(o, "fills");
    for (uint32_t i = 0; i < a->fills_n; i++) {
        const struct watch_fill *f = &a->fills[(a->fills_next + WATCH_FILLS - 1 - i) % WATCH_FILLS];
        bot__jo_object(o, NULL);
        bot__jo_i64(o, "time_ms", f->at_ms);
        bot__jo_str(o, "instrument", f->instrument.s);
        bot__jo_str(o, "side", f->side == BOT_BUY ? "buy" : "sell");
        bot__jo_dec(o, "qty", f->qty);
        bot__jo_dec(o, "price", f->price);
        if (f->fee_given) bot__jo_dec(o, "fee", f->fee);
        if (f->liquidity == BOT_MAKER || f->liquidity == BOT_TAKER) bot__jo_str(o, "liquidity", f->liquidity == BOT_MAKER ? "maker" : "taker");
        bot__jo_str(o, "channel", f->source == BOT_SOURCE_REST ? "rest" : f->source == BOT_SOURCE_JOURNAL ? "replay" : "stream");
        bot__jo_str(o, "exec_id", f->exec_id.s);
        bot__jo_object_end(o);
    }
    bot__jo_array_end(o);
}

static void account(struct json_out *o, const struct watch_account *a, uint32_t points_max)
{
    bot_gate_state state;
    bot_get_gate(a->bot, &state);
    bot_account_stats stats;
    bot_account_stats_get(a->account, &stats);
    bot__jo_object(o, NULL);
    bot__jo_str(o, "name", a->config->name);
    bot__jo_str(o, "venue", a->config->venue);
    bot__jo_str(o, "state", (state.reasons & BOT_GATE_STARTUP) != 0 ? "starting" : state.reasons == 0 ? "open" : "shut");
    bot__jo_i64(o, "since_ms", a->changed_ms);
    bot__jo_bool(o, "may_trade", state.reasons == 0); /* a bot of this account on libbot, with these limits, might */
    streams(o, a);
    bot__jo_array(o, "budget");
    bot_budget_info b;
    for (uint32_t i = 0; bot_account_budget(a->account, i, &b) == BOT_OK; i++) {
        bot__jo_object(o, NULL);
        bot__jo_str(o, "name", b.scope);
        bot__jo_i64(o, "used", b.used);
        bot__jo_i64(o, "limit", b.limit);
        bot__jo_i64(o, "window_ms", b.window_ns / BOT_NS_PER_MS);
        if (b.shut_ns > 0) bot__jo_i64(o, "shut_ms", b.shut_ns / BOT_NS_PER_MS);
        bot__jo_object_end(o);
    }
    bot__jo_array_end(o);
    if (a->config->journal != NULL) {
        bot__jo_object(o, "journal");
        bot__jo_str(o, "path", a->config->journal);
        bot__jo_i64(o, "records", (int64_t)stats.journal.next_record);
        bot__jo_i64(o, "lag_records", (int64_t)(stats.journal.appended - stats.journal.written));
        bot__jo_object_end(o);
    }
    if (stats.clock_error_ns != 0) /* measured */
        bot__jo_i64(o, "clock_offset_ms", stats.clock_offset_ns / BOT_NS_PER_MS);
    reasons(o, a, &state);
    requests(o, a, &stats);
    bot__jo_array(o, "refusals"); /* of a watcher: what would have been refused, by the reasons that came up */
    for (int i = 0; i < BOT_GATE_REASON_COUNT; i++)
        if (a->gate_shut[i] != 0) {
            bot__jo_object(o, NULL);
            bot__jo_str(o, "reason", bot_gate_reason_name(1u << i));
            bot__jo_i64(o, "count", (int64_t)a->gate_shut[i]);
            bot__jo_object_end(o);
        }
    bot__jo_array_end(o);
    bot__jo_array(o, "instruments");
    for (uint32_t i = 0; i < a->rows_n; i++)
        row(o, a, a->rows[i], points_max);
    bot__jo_array_end(o);
    fills(o, a);
    bot__jo_object_end(o);
}

static void alert(struct json_out *o, const struct watch_alert *w, bool alone)
{
    char id[180];
    snprintf(id, sizeof id, "%llu", (unsigned long long)w->id);
    bot__jo_object(o, NULL);
    if (alone) bot__jo_str(o, "type", "alert");
    bot__jo_str(o, "id", id);
    bot__jo_str(o, "rule", watch_rule_names[w->rule]);
    bot__jo_str(o, "severity", watch_severity_names[w->severity]);
    bot__jo_str(o, "state", w->state == ALERT_RESOLVED ? "resolved" : "firing");
    if (w->account[0] != '\0') bot__jo_str(o, "account", w->account);
    if (w->instrument[0] != '\0') bot__jo_str(o, "instrument", w->instrument);
    bot__jo_i64(o, "since_ms", w->since_ms);
    if (w->state == ALERT_RESOLVED) bot__jo_i64(o, "resolved_ms", w->resolved_ms);
    bot__jo_str(o, "text", w->text);
    bot__jo_str(o, "delivery", watch_delivery_names[w->delivery]);
    bot__jo_object_end(o);
}

int watch_alert_json(const struct watch_alert *w, char *buf, size_t size)
{
    struct json_out o;
    bot__jo_init(&o, buf, size);
    alert(&o, w, true);
    return bot__jo_end(&o);
}

/* Firing ones first, newest first, at most a hundred. */
static void alerts(struct json_out *o, const struct watch_alerts *a)
{
    bot__jo_array(o, "alerts");
    uint32_t told = 0;
    for (int pass = 0; pass < 2; pass++) {
        const enum watch_alert_state state = pass == 0 ? ALERT_FIRING : ALERT_RESOLVED;
        for (uint64_t below = UINT64_MAX; told < 100;) {
            const struct watch_alert *newest = NULL;
            for (int i = 0; i < WATCH_ALERTS_MAX; i++)
                if (a->list[i].state == state && a->list[i].id < below && (newest == NULL || a->list[i].id > newest->id))
                    newest = &a->list[i];
            if (newest == NULL)
                break;
            below = newest->id;
            alert(o, newest, false);
            told++;
        }
    }
    bot__jo_array_end(o);
}

static void document(struct json_out *o, const struct watch *w)
{
    uint32_t rows = 1;
    for (uint32_t i = 0; i < w->accounts_n; i++)
        rows += w->accounts[i].rows_n;
    bot__jo_object(o, NULL);
    bot__jo_str(o, "type", "status");
    bot__jo_i64(o, "version", 1);
    bot__jo_i64(o, "now_ms", watch_wall_ms());
    bot__jo_object(o, "process");
    bot__jo_i64(o, "pid", getpid());
    bot__jo_str(o, "libbot", BOT_VERSION);
    bot__jo_i64(o, "started_ms", w->started_ms);
    bot__jo_i64(o, "rss_bytes", (int64_t)watch_rss());
    bot__jo_i64(o, "loop_lag_ms", w->loop_lag_ms);
    bot__jo_i64(o, "loop_lag_max_ms", w->loop_lag_max_ms);
    bot__jo_object_end(o);
    bot__jo_array(o, "accounts");
    for (uint32_t i = 0; i < w->accounts_n; i++)
        if (w->accounts[i].bot != NULL)
            account(o, &w->accounts[i], POINTS_SENT / rows);
    bot__jo_array_end(o);
    alerts(o, &w->alerts);
    bot__jo_array(o, "routes");
    for (uint32_t i = 0; w->deliver != NULL && i < deliver_routes(w->deliver); i++) {
        struct deliver_route_view v;
        deliver_route_get(w->deliver, i, &v);
        bot__jo_object(o, NULL);
        bot__jo_str(o, "name", v.name);
        bot__jo_str(o, "type", v.type);
        bot__jo_i64(o, "delivered", (int64_t)v.delivered);
        bot__jo_i64(o, "failed", (int64_t)v.failed);
        bot__jo_i64(o, "queued", v.queued);
        bot__jo_bool(o, "failing", v.failing);
        if (v.why[0] != '\0') bot__jo_str(o, "why", v.why);
        bot__jo_object_end(o);
    }
    bot__jo_array_end(o);
    bot__jo_object_end(o);
}

int watch_status(const struct watch *w, char **buf, size_t *size)
{
    for (size_t want = *size != 0 ? *size : FIRST_SIZE; want <= LARGEST; want *= 2) {
        if (want > *size) {
            char *larger = realloc(*buf, want);
            if (larger == NULL)
                return BOT_ERR_NOMEM;
            *buf = larger;
            *size = want;
        }
        struct json_out o;
        bot__jo_init(&o, *buf, *size);
        document(&o, w);
        const int len = bot__jo_end(&o);
        if (len > 0)
            return len;
    }
    return BOT_ERR_FULL;
}
