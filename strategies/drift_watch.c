/* drift_watch: sends no orders. Computes the positions of one account from its fills, compares them with what REST says, and
 * raises its voice on standard error when the two do not come together, or when something hides whether they do.
 *
 * What it shows: a bot that only watches; that every reason to stop trading is a reason to tell somebody; and that a trouble
 * worth waking up for is told once when it begins and once when it is over. `botctl watch` is the same with routes, metrics
 * and a page.
 *
 *   RAISE_AFTER_S  3   how long a reason must hold before it is told     SETTLE_S  10   ... and be gone before it is over */
#include "../examples/from_env.h"

#define ROWS_MAX 64

struct trouble {
    uint64_t since_ms, gone_ms; /* 0: not so */
    bool     told;
    char     text[240];
};

/* One instrument and leg: the newest word about it. */
struct row {
    bot_symbol  symbol;
    bot_leg     leg;
    bool        drifting;
    struct trouble trouble;
};

struct drift_watch {
    uv_timer_t   timer;
    struct leave_signals signals;
    bot_account *account;
    bot_handle  *bot;
    uint64_t     raise_after_ms, settle_ms;
    struct trouble reasons[BOT_GATE_REASON_COUNT];
    struct row   rows[ROWS_MAX];
    int          rows_n;
    bool         resumed; /* a journal tells what was held before */
};

/* Whether it holds now; tells what has held for long enough, and once what is over. */
static void look(const struct drift_watch *w, struct trouble *t, bool holds, uint64_t raise_after_ms, const char *name)
{
    const uint64_t now = uv_now(w->timer.loop);
    if (holds) {
        t->gone_ms = 0;
        if (t->since_ms == 0) t->since_ms = now;
        if (!t->told && now - t->since_ms >= raise_after_ms) {
            t->told = true;
            fprintf(stderr, "ALERT %s: %s\n", name, t->text);
        }
        return;
    }
    if (!t->told) {
        t->since_ms = 0; /* nobody heard of it */
    } else if (t->gone_ms == 0) {
        t->gone_ms = now;
    } else if (now - t->gone_ms >= w->settle_ms) { /* what comes and goes is one trouble */
        fprintf(stderr, "OVER  %s: %s (for %.0f s)\n", name, t->text, (double)(t->gone_ms - t->since_ms) / 1000);
        *t = (struct trouble){ 0 };
    }
}

static void look_at_all(struct drift_watch *w)
{
    bot_gate_state gate;
    bot_get_gate(w->bot, &gate);
    for (int i = 0; i < BOT_GATE_REASON_COUNT; i++) {
        if ((1u << i & (BOT_GATE_HOLD_DOWN | BOT_GATE_DRIFT)) != 0)
            continue; /* that it is well again; and what the rows tell with its numbers */
        snprintf(w->reasons[i].text, sizeof w->reasons[i].text, "%s", bot_gate_reason_words(1u << i));
        look(w, &w->reasons[i], (gate.reasons >> i & 1) != 0, w->raise_after_ms, bot_account_name(w->account));
    }
    for (int i = 0; i < w->rows_n; i++) /* our fills cannot explain what the venue says: that is told without waiting */
        look(w, &w->rows[i].trouble, w->rows[i].drifting, 0, w->rows[i].symbol.s);
}

static void on_timer(uv_timer_t *timer) { look_at_all(timer->data); }

static void on_gate(bot_handle *bot, const bot_gate_state *state, void *user_data)
{
    (void)bot, (void)state;
    look_at_all(user_data);
}

static void on_verdict(bot_handle *bot, const bot_verdict_info *v, void *user_data)
{
    struct drift_watch *w = user_data;
    (void)bot;
    if (v->instrument.len == 0 || v->verdict == BOT_VERDICT_PENDING)
        return; /* about an answer as a whole: the gate's reasons say that; or not decided yet */
    bot_gate_state gate;
    bot_get_gate(w->bot, &gate);
    if (v->verdict == BOT_VERDICT_DRIFT && !w->resumed && (gate.reasons & BOT_GATE_STARTUP) != 0)
        return; /* what is held at the first look: no fills of ours could differ from it */
    int i = 0;
    while (i < w->rows_n && (w->rows[i].leg != v->leg || strcmp(w->rows[i].symbol.s, v->instrument.s) != 0)) i++;
    if (i == ROWS_MAX)
        return;
    if (i == w->rows_n) w->rows[w->rows_n++] = (struct row){ .symbol = v->instrument, .leg = v->leg };
    struct row *r = &w->rows[i];
    if (v->verdict == BOT_VERDICT_AGREE) /* nothing less is the end of a drift: an old list, or half of one, proves nothing */
        r->drifting = false;
    if (v->verdict == BOT_VERDICT_DRIFT) {
        r->drifting = true;
        char ours[BOT_DEC_TEXT_MAX], venue[BOT_DEC_TEXT_MAX];
        bot_fixed_format(v->ours.v, ours);
        bot_fixed_format(v->venue.v, venue);
        snprintf(r->trouble.text, sizeof r->trouble.text, "our fills give %s, the venue says %s", ours, venue);
    }
    look_at_all(w);
}

static void on_alert(bot_handle *bot, const bot_alert_info *a, void *user_data)
{
    (void)bot, (void)user_data;
    fprintf(stderr, "NOTE  %s%s%s\n", a->instrument.s, a->instrument.len != 0 ? ": " : "", a->text);
}

/* Of the log only what says why a reason above holds: a key that is refused, an address that does not answer. Each once in a row. */
static void log_venue_errors(void *user_data, bot_log_level level, const char *event, const char *text)
{
    static char last[200];
    (void)user_data;
    if (level > BOT_LOG_WARNING || strcmp(event, "alert") == 0 || strncmp(text, last, sizeof last - 1) == 0)
        return;
    snprintf(last, sizeof last, "%s", text);
    fprintf(stderr, "NOTE  %s: %s\n", event, text);
}

static void on_position(bot_handle *bot, const bot_position *p, void *user_data)
{
    (void)bot, (void)user_data;
    char qty[BOT_DEC_TEXT_MAX];
    bot_fixed_format(p->qty.v, qty);
    printf("%s %s\n", p->instrument.s, qty);
}

static void on_interrupt(uv_signal_t *signal, int number_)
{
    struct drift_watch *w = signal->data;
    (void)number_;
    bot_account_close(w->account, NULL, NULL);
    uv_close((uv_handle_t *)&w->timer, NULL);
    leave_signals_close(&w->signals);
}

int main(void)
{
    static struct drift_watch w;
    w.raise_after_ms = (uint64_t)(atof(env_or("RAISE_AFTER_S", "3")) * 1000);
    w.settle_ms = (uint64_t)(atof(env_or("SETTLE_S", "10")) * 1000);
    bot_account_options options;
    options_from_env(&options);
    options.core.drift_policy = BOT_DRIFT_ADOPT; /* told, and then it goes on from the venue's number */
    options.core.manual_policy = BOT_MANUAL_IGNORE; /* every trade is somebody else's here */
    options.core.start_adopt = true;
    options.log = log_venue_errors;
    w.resumed = options.journal.path != NULL;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (bot_account_open(uv_default_loop(), &options, &w.account) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    bot_options bot_opts;
    bot_options_init(&bot_opts);
    bot_opts.name = "drift_watch";
    bot_opts.watch_only = true;
    bot_opts.callbacks = (bot_callbacks){ .gate = on_gate, .verdict = on_verdict, .alert = on_alert, .position = on_position };
    bot_opts.user_data = &w;
    if (bot_attach(w.account, &bot_opts, &w.bot) < 0)
        return fprintf(stderr, "%s\n", bot_account_open_why()), 1;
    uv_timer_init(uv_default_loop(), &w.timer);
    w.timer.data = &w;
    uv_timer_start(&w.timer, on_timer, 500, 500);
    leave_on_signals(&w.signals, uv_default_loop(), on_interrupt, &w);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
