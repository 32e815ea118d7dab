#include "watch/watch.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "bot/decimal.h"
#include "io/transport_uv.h"

#define TICK_MS 100
#define RATE_EVERY_MS 2000
#define POINT_EVERY_MS 10000
#define STALL_MS 1000
#define UNKNOWN_MS 30000
#define START_PATIENCE_NS (300 * BOT_NS_PER_S)

const int watch_age_bounds_s[WATCH_AGE_BOUNDS] = { 1, 5, 15, 60, 300, 900 };

struct watch_io {
    uv_timer_t tick, evaluate;
    uint64_t   tick_at;
    int64_t    rate_at_ms;
    int        open;          /* handles and parts that are not closed yet */
    void     (*closed)(void *user_data);
    void      *closed_user_data;
    bool       closing, ticking;
};

/* ---- what alerts there are ---- */

static const struct {
    enum watch_rule rule;
    uint32_t reasons;
    bool     from_start; /* also before the position was proven once, which is waited for START_PATIENCE_NS */
} gate_rules[] = {
    { WATCH_RULE_NOT_PROVEN, BOT_GATE_STARTUP, true },
    { WATCH_RULE_DRIFT, BOT_GATE_DRIFT, true },
    { WATCH_RULE_NO_AGREEMENT, BOT_GATE_RECONCILED, false },
    { WATCH_RULE_REST, BOT_GATE_REST, false },
    { WATCH_RULE_PRIVATE_STREAM, BOT_GATE_PRIVATE_STREAM | BOT_GATE_PRIVATE_SILENT, false },
    { WATCH_RULE_PUBLIC_STREAM, BOT_GATE_PUBLIC_STREAM | BOT_GATE_FEED_PARTIAL, false },
    { WATCH_RULE_TRADE_RATE, BOT_GATE_TRADE_RATE, false },
    { WATCH_RULE_FEED_LAG, BOT_GATE_FEED_LAG | BOT_GATE_ACK_TIME, false },
    { WATCH_RULE_VENUE_STATUS, BOT_GATE_VENUE_STATUS, true },
    { WATCH_RULE_CLOCK, BOT_GATE_CLOCK, false },
    { WATCH_RULE_JOURNAL, BOT_GATE_JOURNAL, true },
    { WATCH_RULE_UNKNOWN_EXECUTION, BOT_GATE_UNKNOWN_EXEC | BOT_GATE_HELD_FILLS | BOT_GATE_OVERFILL, true },
    { WATCH_RULE_POSITION_MODE, BOT_GATE_MODE, true },
};

static void reasons_text(const bot_gate_state *state, uint32_t reasons, char *buf, size_t size)
{
    buf[0] = '\0';
    for (int i = 0; i < BOT_GATE_REASON_COUNT; i++) {
        const uint32_t reason = 1u << i;
        if ((reasons & reason) == 0)
            continue;
        char number[40] = "";
        const double held_s = (double)(state->now - state->since[i]) / 1e9;
        if (reason == BOT_GATE_FEED_LAG || reason == BOT_GATE_ACK_TIME)
            snprintf(number, sizeof number, " (by %.1f s)", (double)state->value[i] / 1e9);
        else if (reason == BOT_GATE_TRADE_RATE)
            snprintf(number, sizeof number, " (%.2f a second)", (double)state->value[i] / 1e3);
        else if (held_s >= 0.1)
            snprintf(number, sizeof number, " (for %.1f s)", held_s);
        snprintf(buf + strlen(buf), size - strlen(buf), "%s%s%s", buf[0] != '\0' ? "; " : "", bot_gate_reason_words(reason), number);
    }
}

/* A position in an instrument that the venue's list has not got. One that is new is loaded within seconds. */
static void evaluate_unknown(struct watch_account *a, int64_t now_ms)
{
    static const char text[] = "REST lists a position in it, and the venue's list of instruments has it not: it is compared with nothing";
    bot_symbol now = { 0 };
    (void)bot_core_unknown_position(bot_account_core(a->account), &now);
    if (now.len != a->unknown.len || memcmp(now.s, a->unknown.s, now.len) != 0) {
        if (a->unknown.len != 0)
            watch_alert_set(&a->watch->alerts, WATCH_RULE_UNKNOWN_EXECUTION, a->config->name, a->unknown.s, false, now_ms, "");
        a->unknown = now;
        a->unknown_ms = now_ms;
    }
    if (a->unknown_ms > now_ms)
        a->unknown_ms = now_ms;
    if (now.len != 0)
        watch_alert_set(&a->watch->alerts, WATCH_RULE_UNKNOWN_EXECUTION, a->config->name, now.s, now_ms - a->unknown_ms >= UNKNOWN_MS, now_ms, text);
}

static void evaluate_gate(struct watch_account *a, int64_t now_ms)
{
    struct watch *w = a->watch;
    bot_gate_state state;
    bot_get_gate(a->bot, &state);
    if ((state.reasons & BOT_GATE_STARTUP) == 0)
        a->proven = true;
    /* A start that is never proven is as blind as a loss later on: who only hears what is critical must hear of it. */
    const bool looked_at_all = a->proven || bot_account_now(a->account) - a->opened_at >= START_PATIENCE_NS;
    for (size_t i = 0; i < sizeof gate_rules / sizeof *gate_rules; i++) {
        const bool looked_at = gate_rules[i].from_start || looked_at_all;
        const uint32_t set = looked_at ? state.reasons & gate_rules[i].reasons : 0;
        char text[WATCH_TEXT_MAX];
        /* Before the first proof everything that stands in its way is said with it. */
        reasons_text(&state, gate_rules[i].rule == WATCH_RULE_NOT_PROVEN && set != 0 ? state.reasons : set, text, sizeof text);
        watch_alert_set(&w->alerts, gate_rules[i].rule, a->config->name, "", set != 0, now_ms, text);
    }
    if (state.reasons != a->reasons) {
        for (int i = 0; i < BOT_GATE_REASON_COUNT; i++)
            a->gate_shut[i] += ((state.reasons & ~a->reasons) >> i & 1) != 0;
        a->reasons = state.reasons;
        a->changed_ms = now_ms;
        w->version++;
    }
    for (uint32_t i = 0;; i++) {
        bot_budget_info b;
        if (bot_account_budget(a->account, i, &b) < 0)
            break;
        char text[WATCH_TEXT_MAX];
        snprintf(text, sizeof text, "the venue lets no request through its limit \"%s\" for %.0f s more", b.scope, (double)b.shut_ns / 1e9);
        watch_alert_set(&w->alerts, WATCH_RULE_BUDGET, a->config->name, b.scope, b.shut_ns > BOT_NS_PER_S, now_ms, text);
    }
}

static void row_name(const struct watch_row *r, char *buf, size_t size)
{
    snprintf(buf, size, "%s%s", r->symbol.s, r->leg == BOT_LEG_LONG ? " long" : r->leg == BOT_LEG_SHORT ? " short" : "");
}

static void evaluate_row(struct watch_account *a, struct watch_row *r, int64_t now_ms)
{
    struct watch *w = a->watch;
    char name[40], text[WATCH_TEXT_MAX], ours[BOT_DEC_TEXT_MAX], venue[BOT_DEC_TEXT_MAX];
    row_name(r, name, sizeof name);
    bot_position p;
    const int64_t index = bot_core_find_instrument(bot_account_core(a->account), &r->symbol);
    if (index < 0)
        return;
    bot_core_position(bot_account_core(a->account), (uint32_t)index, r->leg, &p);
    bot_fixed_format(r->drift_ours.v, ours); /* not what was adopted since */
    bot_fixed_format(r->drift_venue.v, venue);
    snprintf(text, sizeof text, "our fills give %s, the venue says %s", ours, venue);
    watch_alert_set(&w->alerts, WATCH_RULE_DRIFT, a->config->name, name, r->drifting, now_ms, text);
    bot_fixed_format(p.qty.v, ours);
    bot_fixed_format(r->venue.v, venue);
    snprintf(text, sizeof text, "REST said %s, as it was %.1f s before; our fills give %s", venue, (double)r->stale_age_ns / 1e9, ours);
    watch_alert_set(&w->alerts, WATCH_RULE_STALE, a->config->name, name, r->stale, now_ms, text);
}

static void evaluate(struct watch *w)
{
    const int64_t now_ms = watch_wall_ms();
    for (uint32_t i = 0; i < w->accounts_n; i++) {
        struct watch_account *a = &w->accounts[i];
        if (a->account == NULL || w->io->closing)
            continue;
        evaluate_gate(a, now_ms);
        evaluate_unknown(a, now_ms);
        for (uint32_t k = 0; k < a->rows_n; k++)
            evaluate_row(a, a->rows[k], now_ms);
    }
    for (uint32_t i = 0; w->deliver != NULL && i < deliver_routes(w->deliver); i++) {
        struct deliver_route_view v;
        deliver_route_get(w->deliver, i, &v);
        char text[WATCH_TEXT_MAX];
        snprintf(text, sizeof text, "route \"%s\" (%s): %s; %u wait", v.name, v.type, v.why, v.queued);
        watch_alert_set(&w->alerts, WATCH_RULE_DELIVERY, "", v.name, v.failing, now_ms, text);
    }
    watch_alerts_tick(&w->alerts, now_ms);
}

static void on_evaluate(uv_timer_t *timer) { evaluate(timer->data); }

/* From news to alert within this turn of the loop, and once for many news. */
static void soon(struct watch *w)
{
    w->version++;
    if (!w->io->closing)
        (void)uv_timer_start(&w->io->evaluate, on_evaluate, 0, 0);
}

/* ---- what accounts tell ---- */

static struct watch_row *row_of(struct watch_account *a, const bot_symbol *symbol, bot_leg leg)
{
    for (uint32_t i = 0; i < a->rows_n; i++)
        if (a->rows[i]->leg == leg && strcmp(a->rows[i]->symbol.s, symbol->s) == 0)
            return a->rows[i];
    struct watch_row **rows = realloc(a->rows, (a->rows_n + 1) * sizeof *rows);
    if (rows == NULL)
        return NULL;
    a->rows = rows;
    struct watch_row *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->symbol = *symbol;
    r->leg = leg;
    return a->rows[a->rows_n++] = r;
}

static void add_point(struct watch_account *a, struct watch_row *r, int64_t now_ms)
{
    const int64_t index = bot_core_find_instrument(bot_account_core(a->account), &r->symbol);
    if (index < 0)
        return;
    bot_position p;
    bot_core_position(bot_account_core(a->account), (uint32_t)index, r->leg, &p);
    if (r->position_n != 0) {
        const struct watch_position_point *last = &r->position_ring[(r->position_next + WATCH_POINTS - 1) % WATCH_POINTS];
        if (last->self.v == p.qty.v && last->venue_known == r->venue_known && last->venue.v == r->venue.v && now_ms - last->at_ms < POINT_EVERY_MS)
            return;
    }
    r->position_ring[r->position_next] = (struct watch_position_point){ now_ms, p.qty, r->venue, r->venue_known };
    r->position_next = (r->position_next + 1) % WATCH_POINTS;
    if (r->position_n < WATCH_POINTS) r->position_n++;
}

static void on_gate(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    struct watch_account *a = user_data;
    (void)bot, (void)state;
    soon(a->watch);
}

static void on_position(bot_handle *bot, const bot_position *p, void *user_data)
{
    struct watch_account *a = user_data;
    (void)bot;
    struct watch_row *r = row_of(a, &p->instrument, p->leg);
    if (r != NULL)
        add_point(a, r, watch_wall_ms());
    soon(a->watch);
}

static void on_fill(bot_handle *bot, const bot_event *ev, bool external, void *user_data)
{
    struct watch_account *a = user_data;
    (void)bot, (void)external;
    const bot_ev_fill *f = &ev->fill;
    const int64_t now_ms = watch_wall_ms();
    a->fills[a->fills_next] = (struct watch_fill){ .at_ms = ev->venue_ns != 0 ? ev->venue_ns / BOT_NS_PER_MS : now_ms, .instrument = ev->instrument,
        .side = f->side, .qty = f->qty, .price = f->price, .fee = f->fee, .fee_given = f->fee_currency.len != 0, .liquidity = f->liquidity,
        .source = ev->source, .exec_id = f->exec_id };
    a->fills_next = (a->fills_next + 1) % WATCH_FILLS;
    if (a->fills_n < WATCH_FILLS) a->fills_n++;
    if (ev->source < WATCH_SOURCES) a->fills_by_source[ev->source]++;
    if (f->kind != BOT_FILL_TRADE && ev->source != BOT_SOURCE_HOST) {
        char text[WATCH_TEXT_MAX], qty[BOT_DEC_TEXT_MAX], price[BOT_DEC_TEXT_MAX];
        bot_dec_format(f->qty, qty);
        bot_dec_format(f->price, price);
        snprintf(text, sizeof text, "%s of %s at %s, not a trade of ours: %s", f->side == BOT_BUY ? "buy" : "sell", qty, price,
                 f->kind == BOT_FILL_LIQUIDATION ? "liquidation" : f->kind == BOT_FILL_ADL ? "auto-deleveraging"
                 : f->kind == BOT_FILL_SETTLEMENT ? "settlement" : f->kind == BOT_FILL_BLOCK ? "block trade" : "transfer");
        watch_alert_event(&a->watch->alerts, WATCH_RULE_FORCED_TRADE, a->config->name, ev->instrument.s, now_ms, text);
    }
    soon(a->watch);
}

static void add_verdict(struct watch_row *r, int64_t now_ms, bot_verdict verdict)
{
    r->verdict_ring[r->verdict_next] = (struct watch_verdict_point){ now_ms, (uint8_t)verdict };
    r->verdict_next = (r->verdict_next + 1) % WATCH_VERDICTS;
    if (r->verdict_n < WATCH_VERDICTS) r->verdict_n++;
}

/* An answer that was none, or a part of one, says nothing about any row: it stands in the history of all that were ever judged. */
static void answer_failed(struct watch_account *a, bot_verdict verdict)
{
    const int64_t now_ms = watch_wall_ms();
    a->failed = verdict;
    a->failed_at = bot_account_now(a->account);
    for (uint32_t i = 0; i < a->rows_n; i++)
        if (a->rows[i]->verdict != BOT_VERDICT_NONE)
            add_verdict(a->rows[i], now_ms, verdict);
}

void watch_feed_verdict(struct watch_account *a, const bot_verdict_info *v)
{
    if (v->instrument.len == 0 || v->verdict == BOT_VERDICT_PENDING || v->verdict == BOT_VERDICT_NONE) {
        if (v->verdict == BOT_VERDICT_FAILED || v->verdict == BOT_VERDICT_PARTIAL)
            answer_failed(a, v->verdict);
        soon(a->watch);
        return;
    }
    struct watch_row *r = row_of(a, &v->instrument, v->leg);
    if (r == NULL)
        return;
    const int64_t now_ms = watch_wall_ms();
    if (v->verdict == BOT_VERDICT_DRIFT && !a->proven && !a->resumed) {
        /* What the account holds when we first look is no drift: we have no fills that it could differ from. */
        r->venue = v->venue;
        r->venue_known = true;
        r->venue_at_ms = now_ms;
        soon(a->watch);
        return;
    }
    r->verdict = v->verdict;
    r->judged_at = bot_account_now(a->account);
    if (v->verdict == BOT_VERDICT_AGREE || v->verdict == BOT_VERDICT_STALE || v->verdict == BOT_VERDICT_DRIFT) {
        r->venue = v->venue;
        r->venue_known = true;
        r->venue_at_ms = now_ms;
    }
    if (v->verdict == BOT_VERDICT_AGREE) /* nothing less is the end of a drift: a list without the row, or an old one, proves nothing */
        r->drifting = r->stale = false;
    if (v->verdict == BOT_VERDICT_DRIFT) {
        r->drifting = true;
        r->stale = false;
        r->drift_ours = v->ours;
        r->drift_venue = v->venue;
    }
    if (v->verdict == BOT_VERDICT_STALE) {
        r->stale = true;
        r->stale_age_ns = v->age_ns;
        a->stale_ages_ns[a->stale_count++ % WATCH_AGES] = v->age_ns;
        a->stale_sum_s += (double)v->age_ns / 1e9;
        for (int i = 0; i < WATCH_AGE_BOUNDS; i++)
            a->stale_within[i] += v->age_ns <= (int64_t)watch_age_bounds_s[i] * BOT_NS_PER_S;
        if (a->stale_ages_n < WATCH_AGES) a->stale_ages_n++;
    }
    add_verdict(r, now_ms, v->verdict);
    add_point(a, r, now_ms);
    soon(a->watch);
}

static void on_verdict(bot_handle *bot, const bot_verdict_info *v, void *user_data)
{
    (void)bot;
    watch_feed_verdict(user_data, v);
}

/* ---- time ---- */

static void sample_rates(struct watch_account *a, int64_t now_ms)
{
    for (uint32_t i = 0; i < a->rows_n; i++) {
        struct watch_row *r = a->rows[i];
        add_point(a, r, now_ms);
        bot_rate_info rate;
        if (r->leg == BOT_LEG_SHORT || bot_account_rate(a->account, r->symbol.s, &rate) < 0)
            continue;
        r->rate_ring[r->rate_next] = (struct watch_rate_point){ now_ms, rate.rate_milli, rate.reference_milli };
        r->rate_next = (r->rate_next + 1) % WATCH_POINTS;
        if (r->rate_n < WATCH_POINTS) r->rate_n++;
    }
}

/* Instruments that are watched are rows from the start, flat or not. */
static void find_rows(struct watch_account *a)
{
    const bot_core *core = bot_account_core(a->account);
    for (uint32_t i = 0; i < bot_core_instruments(core); i++) {
        const bot_symbol *s = bot_core_instrument(core, i);
        if (a->config->hedge) {
            (void)row_of(a, s, BOT_LEG_LONG);
            (void)row_of(a, s, BOT_LEG_SHORT);
        } else {
            (void)row_of(a, s, BOT_LEG_NET);
        }
    }
}

/* systemd's sd_notify(3) in a datagram: "the loop turns". Only when it is asked for. */
static void notify(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    if (path == NULL || (path[0] != '/' && path[0] != '@'))
        return;
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, strlen(path));
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
    close(fd);
}

static void on_tick(uv_timer_t *timer)
{
    struct watch *w = timer->data;
    struct watch_io *io = w->io;
    const uint64_t now = (uint64_t)bot__transport_uv_now().now; /* which a suspended machine does not stop */
    const int64_t late_ms = io->tick_at != 0 && now > io->tick_at ? (int64_t)((now - io->tick_at) / 1000000) - TICK_MS : 0;
    io->tick_at = now;
    w->loop_lag_ms = late_ms > 0 ? late_ms : 0;
    if (w->loop_lag_ms > w->loop_lag_max_ms) w->loop_lag_max_ms = w->loop_lag_ms;
    const int64_t now_ms = watch_wall_ms();
    if (late_ms > STALL_MS) {
        char text[WATCH_TEXT_MAX];
        snprintf(text, sizeof text, "nothing ran here for %.1f s (suspended, swapped out, or the machine is overloaded)", (double)late_ms / 1e3);
        watch_alert_event(&w->alerts, WATCH_RULE_PROCESS, "", "", now_ms, text);
    }
    if (now_ms - io->rate_at_ms >= RATE_EVERY_MS || now_ms < io->rate_at_ms) {
        io->rate_at_ms = now_ms;
        for (uint32_t i = 0; i < w->accounts_n; i++)
            if (w->accounts[i].account != NULL) {
                find_rows(&w->accounts[i]);
                sample_rates(&w->accounts[i], now_ms);
            }
        notify("WATCHDOG=1");
    }
    evaluate(w);
    if (w->httpd != NULL)
        httpd_tick(w->httpd, now_ms);
}

/* ---- telling ---- */

static void tell(void *user_data, struct watch_alert *alert)
{
    struct watch *w = user_data;
    w->version++;
    if (w->deliver != NULL)
        deliver_alert(w->deliver, alert);
    if (w->httpd != NULL)
        httpd_alert(w->httpd, alert);
}

static void delivered(void *user_data, uint64_t id, enum watch_delivery delivery)
{
    struct watch *w = user_data;
    for (int i = 0; i < WATCH_ALERTS_MAX; i++)
        if (w->alerts.list[i].id == id && w->alerts.list[i].delivery != DELIVERY_DELIVERED) /* one way that got through is enough */
            w->alerts.list[i].delivery = delivery;
    w->version++;
}

void watch_test_alert(struct watch *w)
{
    watch_alert_event(&w->alerts, WATCH_RULE_TEST, "", "", watch_wall_ms(), "a test: if you can read this, alerts reach you");
}

/* What an alert of the watch tells on the same stream anyway. */
static bool told_by_an_alert(const struct watch *w, const char *event, const char *text)
{
    static const struct { const char *name; enum watch_rule rule; } told[] = {
        { "DRIFT ", WATCH_RULE_DRIFT }, { "DRIFT_HEALED ", WATCH_RULE_DRIFT }, { "STALE ", WATCH_RULE_STALE }, { "EXTERNAL_FILL ", WATCH_RULE_FORCED_TRADE },
        { "GAP", WATCH_RULE_PROCESS },
    };
    for (size_t k = 0; strcmp(event, "alert") == 0 && k < sizeof told / sizeof *told; k++) {
        enum watch_severity severity;
        if (strncmp(text, told[k].name, strlen(told[k].name)) != 0 || !watch_rule_severity(&w->alerts, told[k].rule, &severity))
            continue;
        for (uint32_t i = 0; i < w->config->alerts.routes_n; i++)
            if (w->config->alerts.routes[i].type == ROUTE_STDERR && w->config->alerts.routes[i].min_severity <= (int64_t)severity)
                return true;
    }
    return false;
}

static void log_line(void *user_data, bot_log_level level, const char *event, const char *text)
{
    struct watch_account *a = user_data;
    static const char *const words[] = { "error", "warning", "info", "debug" };
    if (level <= BOT_LOG_INFO && !told_by_an_alert(a->watch, event, text))
        a->watch->lines_lost += watch_say("%s %s %s: %s", words[level], a->config->name, event, text) != 0;
}

/* ---- life ---- */

static int open_account(struct watch *w, struct watch_account *a, const struct watch_account_config *c, char *why)
{
    a->watch = w;
    a->config = c;
    a->changed_ms = w->started_ms;
    bot_account_options o;
    watch_account_options(c, &o);
    o.log = log_line;
    o.log_user_data = a;
    int r = bot_account_open(w->loop, &o, &a->account);
    if (r < 0) {
        snprintf(why, WATCH_WHY_MAX, "account %s: %s", c->name, bot_account_open_why()[0] != '\0' ? bot_account_open_why() : bot_strerror(r));
        return r;
    }
    w->accounts_open++;
    a->opened_at = bot_account_now(a->account);
    bot_options b;
    bot_options_init(&b);
    b.name = "watch";
    b.watch_only = true;
    b.callbacks = (bot_callbacks){ .gate = on_gate, .position = on_position, .fill = on_fill, .verdict = on_verdict };
    b.user_data = a;
    r = bot_attach(a->account, &b, &a->bot);
    if (r < 0)
        snprintf(why, WATCH_WHY_MAX, "account %s: %s", c->name, bot_account_open_why());
    a->resumed = r == BOT_OK && bot_core_instruments(bot_account_core(a->account)) != 0; /* known already: by a journal */
    return r;
}

int watch_open(struct uv_loop_s *loop, const char *path, struct watch_config *config, bool routes_only, struct watch **ret, char *why)
{
    struct watch *w = calloc(1, sizeof *w);
    struct watch_config *own = calloc(1, sizeof *own);
    struct watch_io *io = calloc(1, sizeof *io);
    struct watch_account *accounts = calloc(config->accounts_n + 1, sizeof *accounts);
    if (w == NULL || own == NULL || io == NULL || accounts == NULL) {
        free(w), free(own), free(io), free(accounts);
        watch_config_free(config);
        snprintf(why, WATCH_WHY_MAX, "out of memory");
        return BOT_ERR_NOMEM;
    }
    *own = *config;
    memset(config, 0, sizeof *config);
    *w = (struct watch){ .loop = loop, .path = path, .config = own, .accounts = accounts, .io = io, .started_ms = watch_wall_ms() };
    watch_alerts_init(&w->alerts, own, tell, w);
    w->alerts.next_id = (uint64_t)w->started_ms; /* who puts firing and resolved together by it must not meet one of a run before */
    (void)uv_timer_init(loop, &io->tick);
    (void)uv_timer_init(loop, &io->evaluate);
    io->tick.data = io->evaluate.data = w;
    io->open = 2;
    int r = deliver_open(loop, own, delivered, w, &w->deliver, why);
    for (uint32_t i = 0; i < own->accounts_n && r == BOT_OK && !routes_only; i++) {
        w->accounts_n++;
        r = open_account(w, &accounts[i], &own->accounts[i], why);
    }
    if (r == BOT_OK && !routes_only)
        r = httpd_open(w, &w->httpd, why);
    if (r < 0) {
        watch_close(w, NULL, NULL);
        return r;
    }
    io->ticking = uv_timer_start(&io->tick, on_tick, TICK_MS, TICK_MS) == 0;
    notify("READY=1");
    *ret = w;
    return BOT_OK;
}

static void free_spare(void *user_data)
{
    struct watch_config *old = user_data;
    watch_config_free(old);
    free(old);
}

/* A route that is gone fails no more; what it had not told is said by those that are there. */
static void routes_changed(struct watch *w, uint32_t lost)
{
    const int64_t now_ms = watch_wall_ms();
    for (int i = 0; i < WATCH_ALERTS_MAX; i++) {
        const struct watch_alert *a = &w->alerts.list[i];
        if ((a->state != ALERT_FIRING && a->state != ALERT_PENDING) || a->rule != WATCH_RULE_DELIVERY || a->instrument[0] == '\0')
            continue;
        bool there = false;
        for (uint32_t k = 0; k < w->config->alerts.routes_n; k++)
            there |= strcmp(w->config->alerts.routes[k].name, a->instrument) == 0;
        if (!there)
            watch_alert_set(&w->alerts, WATCH_RULE_DELIVERY, "", a->instrument, false, now_ms, "");
    }
    char text[WATCH_TEXT_MAX];
    snprintf(text, sizeof text, "%u alert%s had not got through when the configuration was read again without %s route: see the page", lost, lost == 1 ? "" : "s",
             lost == 1 ? "its" : "their");
    if (lost != 0)
        watch_alert_event(&w->alerts, WATCH_RULE_DELIVERY, "", "", now_ms, text);
}

int watch_reload(struct watch *w, char *why)
{
    struct watch_config *next = calloc(1, sizeof *next);
    if (next == NULL) {
        snprintf(why, WATCH_WHY_MAX, "out of memory");
        return BOT_ERR_NOMEM;
    }
    int r = watch_config_reread(w->path, next, why);
    struct deliver *deliver = NULL;
    if (r == BOT_OK)
        r = deliver_open(w->loop, next, delivered, w, &deliver, why);
    if (r < 0) {
        w->reloads_refused++;
        watch_config_free(next);
        free(next);
        return r;
    }
    /* The alerts' part of the new file, the rest of the old one: accounts and server run on by it. */
    const bool restart = watch_config_needs_restart(w->config, next);
    struct watch_config *old = calloc(1, sizeof *old);
    if (old == NULL) {
        (void)deliver_close(deliver, NULL, free_spare, next);
        snprintf(why, WATCH_WHY_MAX, "out of memory");
        return BOT_ERR_NOMEM;
    }
    old->alerts = w->config->alerts;
    w->config->alerts = next->alerts;
    memset(&next->alerts, 0, sizeof next->alerts);
    watch_config_free(next);
    free(next);
    struct deliver *before = w->deliver;
    w->deliver = deliver;
    const uint32_t lost = deliver_close(before, deliver, free_spare, old);
    routes_changed(w, lost);
    w->reloads++;
    w->version++;
    char more[80] = "";
    if (lost != 0)
        snprintf(more, sizeof more, "; %u undelivered alert%s of routes that are gone %s dropped", lost, lost == 1 ? "" : "s", lost == 1 ? "was" : "were");
    snprintf(why, WATCH_WHY_MAX, "%s read again: alerts changed%s%s", w->path, more, restart ? "; accounts or http differ, too: that needs a restart" : "");
    return BOT_OK;
}

static void all_gone(struct watch *w)
{
    for (uint32_t i = 0; i < w->accounts_n; i++) {
        for (uint32_t k = 0; k < w->accounts[i].rows_n; k++)
            free(w->accounts[i].rows[k]);
        free(w->accounts[i].rows);
    }
    void (*closed)(void *) = w->io->closed;
    void *user_data = w->io->closed_user_data;
    watch_config_free(w->config);
    free(w->config);
    free(w->accounts);
    free(w->io);
    free(w);
    if (closed != NULL)
        closed(user_data);
}

static void part_closed(void *user_data)
{
    struct watch *w = user_data;
    if (--w->io->open == 0)
        all_gone(w);
}
static void handle_closed(uv_handle_t *handle) { part_closed(handle->data); }

void watch_close(struct watch *w, void (*closed)(void *user_data), void *user_data)
{
    struct watch_io *io = w->io;
    if (io->closing)
        return;
    io->closing = true;
    io->closed = closed;
    io->closed_user_data = user_data;
    notify("STOPPING=1");
    for (uint32_t i = 0; i < w->accounts_n; i++)
        if (w->accounts[i].account != NULL) {
            io->open++;
            bot_account_close(w->accounts[i].account, part_closed, w);
        }
    if (w->httpd != NULL) {
        io->open++;
        httpd_close(w->httpd, part_closed, w);
        w->httpd = NULL;
    }
    if (w->deliver != NULL) {
        io->open++;
        const uint32_t lost = deliver_close(w->deliver, NULL, part_closed, w);
        if (lost != 0)
            (void)watch_say("warning watch: %u alert%s had not got through at the end", lost, lost == 1 ? "" : "s");
        w->deliver = NULL;
    }
    uv_close((uv_handle_t *)&io->tick, handle_closed);
    uv_close((uv_handle_t *)&io->evaluate, handle_closed);
}
