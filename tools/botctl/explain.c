/* botctl explain: what the bot knew, when, and why it did that: a timeline for people. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "botctl.h"
#include "journal_tools.h"

static const char *const sides[] = { "", "buy", "sell" };
static const char *const alerts[] = { "", "drift", "drift healed", "venue's number adopted", "external fill", "fill conflict", "overfill",
                                      "unknown execution", "REST answers old data", "order outcome unknown", "order lost",
                                      "unknown order", "reject storm", "limit exceeded", "loss limit", "position at start", "mode changed",
                                      "a table is full", "the process was away" };
static const char *const statuses[] = { "unconfirmed", "open", "partially filled", "filled", "canceled", "rejected", "expired", "untriggered", "triggered" };

#define WORD(table, i) ((size_t)(i) < sizeof(table) / sizeof *(table) ? (table)[i] : "?")

/* An order refused again for the same reason, or an answer judged the same way again, is one line and a number in the short form. */
struct repeat {
    char     key[160], about[48]; /* about: what it is that repeats, "buy orders of BTCUSDT" */
    uint64_t more;
    bot_ts   last;
    int64_t  age_max;
};

#define INSTRUMENTS_MAX 64

struct timeline {
    struct journal_core *jc;
    bool     brief;
    bool     show;            /* the event lies inside --from .. --to */
    bot_ts   ts;              /* of the event */
    uint64_t known;           /* fills of the read under way that were known already */
    bool     repeated;        /* the event is a fill that was known already */
    int64_t  clock_offset_ns; /* venue's clock minus ours, as last measured */
    struct repeat refused[2], judged[INSTRUMENTS_MAX]; /* by side; by instrument */
};

/* A venue's text may hold anything, and this goes to a terminal. */
static void print_plain(char *text)
{
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    puts(text);
}

__attribute__((format(printf, 2, 0))) static void say_list(const struct timeline *t, const char *format, va_list ap)
{
    char text[2048];
    if (!t->show)
        return;
    bot__iso_format_ms(bot__journal_core_wall(t->jc, t->ts), text);
    const size_t n = strlen(text);
    vsnprintf(text + n + snprintf(text + n, 3, "  "), sizeof text - n - 2, format, ap);
    print_plain(text);
}

__attribute__((format(printf, 2, 3))) static void say(const struct timeline *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say_list(t, format, ap);
    va_end(ap);
}

/* What the short form leaves out. */
__attribute__((format(printf, 2, 3))) static void detail(const struct timeline *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (!t->brief)
        say_list(t, format, ap);
    va_end(ap);
}

/* Tells how many there were; the next one is the first again. */
static void repeat_end(const struct timeline *t, struct repeat *r)
{
    const char *what = strncmp(r->key, "AGREE", 5) == 0 ? "agreed" : strncmp(r->key, "bot", 3) == 0 ? "were refused for the same reason" : "said the same";
    char at[BOT_ISO_MS_SIZE];
    if (r->more > 0) {
        bot__iso_format_ms(bot__journal_core_wall(t->jc, r->last), at);
        if (r->age_max > 0)
            say(t, "           until %s %llu more %s %s, the oldest %.1f s old", at, (unsigned long long)r->more, r->about, what, (double)r->age_max / 1e9);
        else
            say(t, "           until %s %llu more %s %s", at, (unsigned long long)r->more, r->about, what);
    }
    *r = (struct repeat){ 0 };
}

/* Is this one more of the same, so that it need not be said? */
static bool repeats(const struct timeline *t, struct repeat *r, const char *key, const char *about, int64_t age)
{
    if (!t->brief || !t->show)
        return false;
    if (strcmp(r->key, key) != 0) {
        repeat_end(t, r);
        snprintf(r->key, sizeof r->key, "%s", key);
        snprintf(r->about, sizeof r->about, "%s", about);
        return false;
    }
    r->more++;
    r->last = t->ts;
    r->age_max = age > r->age_max ? age : r->age_max;
    return true;
}

static const char *dec_text(bot_dec d)
{
    static char slots[4][BOT_DEC_TEXT_MAX];
    static unsigned next;
    char *buf = slots[next++ % 4];
    bot_dec_format(d, buf);
    return buf;
}

static double ms(int64_t ns) { return (double)ns / 1e6; } /* for people; no money */

/* "55 ms after it": how long after the trade we knew. */
static const char *late_text(const struct timeline *l, const bot_event *ev, char *buf, size_t size)
{
    buf[0] = '\0';
    if (ev->venue_ns == 0)
        return buf;
    const int64_t late = bot__journal_core_wall(l->jc, l->ts) + l->clock_offset_ns - ev->venue_ns;
    if (late < 0)
        snprintf(buf, size, ", known at once");
    else if (late < 10 * BOT_NS_PER_S)
        snprintf(buf, size, ", known %.0f ms later", ms(late));
    else
        snprintf(buf, size, ", known %.1f s later", ms(late) / 1000);
    return buf;
}

static void explain_fill(struct timeline *l, const bot_event *ev)
{
    const bot_ev_fill *f = &ev->fill;
    char late[40];
    if (l->repeated && ev->source == BOT_SOURCE_REST) {
        l->known++; /* told with the end of the read */
        return;
    }
    const char *id = f->client_id.len > 0 ? f->client_id.s : f->order_id.len > 0 ? f->order_id.s : "no order";
    if (l->repeated)
        detail(l, "fill       %s (%s, %s): known already", ev->instrument.s, f->exec_id.s, id);
    else
        say(l, "fill       %s %s %s at %s (%s, %s%s%s%s)", ev->instrument.s, WORD(sides, f->side), dec_text(f->qty), dec_text(f->price), f->exec_id.s, id,
            ev->source == BOT_SOURCE_REST ? ", from REST" : "", f->derived ? ", derived" : "", late_text(l, ev, late, sizeof late));
    if (l->jc->r < 0)
        say(l, "           not applied: %s", bot_strerror(l->jc->r));
}

static void explain_submit(struct timeline *l, const bot_event *ev)
{
    const bot_order_request *o = &ev->submit.order;
    char text[400], key[160], about[48];
    struct repeat *r = &l->refused[o->side == BOT_SELL];
    if (l->jc->r >= 0) {
        repeat_end(l, r);
    } else {
        snprintf(key, sizeof key, "bot %u %s %d %u", ev->submit.bot, o->instrument.s, l->jc->r, bot_core_last_refusal(l->jc->core)->reasons);
        snprintf(about, sizeof about, "%s orders of %s", WORD(sides, o->side), o->instrument.s);
        if (repeats(l, r, key, about, 0))
            return;
    }
    say(l, "submit     bot %u %s %s %s at %s%s%s: %s", ev->submit.bot, o->instrument.s, WORD(sides, o->side), journal_tool_fixed(o->qty.v),
        o->type == BOT_MARKET ? "market" : journal_tool_fixed(o->price.v), o->reduce_only ? ", reduce only" : "",
        o->leg == BOT_LEG_LONG ? ", long leg" : o->leg == BOT_LEG_SHORT ? ", short leg" : "", l->jc->r >= 0 ? "passed" : "REFUSED");
    if (l->jc->r < 0) {
        bot_refusal_explain(bot_core_last_refusal(l->jc->core), text, sizeof text);
        say(l, "           %s", text);
    }
}

/* Why a monitor thinks so, in words; what is not known here is said as it stands. */
static const char *monitor_words(const char *reason)
{
    static const char *const words[][2] = {
        { "none", "well again" }, { "traded_through", "the market traded through a resting order of ours and no fill came" },
        { "filled_per_rest", "REST shows a fill that the stream did not bring" }, { "trades_dead", "the book moves but no trades come" },
        { "book_dead", "trades come but the book stands still" }, { "feed_dead", "neither trades nor books come" },
        { "trades_slow", "trades come far more slowly than they should" }, { "trades_stopped", "trades have stopped" },
        { "all_trades_slow", "trades of all instruments together come too slowly" }, { "backlog", "old trades come in a heap" },
        { "late", "data comes later than it did at its best" }, { "ramp", "data comes later and later" },
        { "waiting", "no answer for longer than usual" }, { "clock_step", "a clock was set" }, { "market_quiet", "the market is quiet" },
        { "learning", "too little seen yet" }, { "closed", "the venue is closed" },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(reason, words[i][0]) == 0)
            return words[i][1];
    return reason;
}

static void explain_monitor(const struct timeline *l, const bot_ev_monitor *m)
{
    static const char *const names[] = { "trade rate", "feed lag", "acknowledgement time", "private stream", "public feed", "venue's status" };
    _Static_assert(sizeof names / sizeof *names == BOT_MONITOR_COUNT, "a monitor has no name");
    char numbers[100] = "";
    if (m->monitor == BOT_MONITOR_TRADE_RATE)
        snprintf(numbers, sizeof numbers, " (%.3f sweeps a second, %.3f expected)", (double)m->value / 1000, (double)m->reference / 1000);
    else if (m->monitor == BOT_MONITOR_FEED_LAG || m->monitor == BOT_MONITOR_ACK_TIME)
        snprintf(numbers, sizeof numbers, " (%.0f ms, usually %.0f ms)", ms(m->value), ms(m->reference));
    else if (!m->ok && m->value > 0)
        snprintf(numbers, sizeof numbers, " (for %.1f s)", ms(m->value) / 1000);
    say(l, "monitor    %s %s: %s%s", WORD(names, m->monitor), m->ok ? "well" : "NOT WELL", monitor_words(m->reason), numbers);
}

static void explain_limits(const struct timeline *l, const bot_ev_limits *e)
{
    const bot_limits *m = &e->limits;
    char more[240] = "";
    size_t n = 0;
#define MORE(given, ...) if ((given) && n < sizeof more) n += (size_t)snprintf(more + n, sizeof more - n, __VA_ARGS__)
    MORE(m->notional_max.v != 0, ", worth at most %s", journal_tool_fixed(m->notional_max.v));
    MORE(m->open_orders_max != 0, ", %u open", m->open_orders_max);
    MORE(m->orders_per_s_max != 0, ", %u a second", m->orders_per_s_max);
    MORE(m->collar_bps != 0, ", within %u bps of the market", m->collar_bps);
    MORE(m->loss_max.v != 0, "; loss at most %s", journal_tool_fixed(m->loss_max.v));
#undef MORE
    say(l, "limits     bot %u %s: position at most %s, an order %s%s%s", e->bot, e->instrument.s, journal_tool_fixed(m->position_max.v),
        m->order_qty_max.v != 0 ? journal_tool_fixed(m->order_qty_max.v) : "of any size", more, l->jc->r < 0 ? ": REFUSED" : "");
}

/* What came in. */
static void explain_event(struct timeline *l, const bot_event *ev)
{
    char known[40] = "";
    switch (ev->kind) {
    case BOT_EV_FILL: explain_fill(l, ev); break;
    case BOT_EV_FUNDING: say(l, "funding    %s %s %s", ev->instrument.s, dec_text(ev->funding.amount), ev->funding.currency.s); break;
    case BOT_EV_ORDER:
        detail(l, "order      %s %s %s, filled %s%s%s", ev->instrument.s, ev->order.client_id.len > 0 ? ev->order.client_id.s : ev->order.order_id.s,
            WORD(statuses, ev->order.status), dec_text(ev->order.cum_qty), ev->order.reason[0] != '\0' ? ": " : "", ev->order.reason);
        break;
    case BOT_EV_SUBMIT: explain_submit(l, ev); break;
    case BOT_EV_AMEND:
        say(l, "amend      bot %u %s: %s", ev->amend.bot, ev->amend.client_id.s, l->jc->r >= 0 ? "passed" : bot_strerror(l->jc->r));
        break;
    case BOT_EV_CANCEL:
        detail(l, "cancel     bot %u %s: %s", ev->cancel.bot, ev->cancel.client_id.s, l->jc->r >= 0 ? "passed" : bot_strerror(l->jc->r));
        break;
    case BOT_EV_CANCEL_ALL:
        if (ev->cancel.bot == UINT32_MAX) say(l, "cancel all of every bot");
        else say(l, "cancel all of bot %u", ev->cancel.bot);
        break;
    case BOT_EV_STREAM:
        say(l, "stream     %s %s%s%s", journal_tool_stream(ev->stream.stream), ev->stream.state == BOT_STREAM_READY ? "ready" : "LOST",
            ev->stream.reason[0] != '\0' ? ": " : "", ev->stream.reason);
        break;
    case BOT_EV_READ_BEGIN: detail(l, "read       %s asked (read %llu)", journal_tool_read(ev->read.read), (unsigned long long)ev->read.id); break;
    case BOT_EV_READ_END:
        if (l->known > 0)
            snprintf(known, sizeof known, ", %llu known already", (unsigned long long)l->known);
        l->known = 0;
        (ev->read.outcome == BOT_OUTCOME_OK ? detail : say)(l, "read       %s %s after %.1f ms, %u rows%s%s%s%s (read %llu)", journal_tool_read(ev->read.read),
            journal_tool_outcome(ev->read.outcome), ms(ev->ts - ev->read.sent_at), ev->read.rows, known, ev->read.complete ? "" : ", incomplete",
            ev->read.detail[0] != '\0' ? ": " : "", ev->read.detail, (unsigned long long)ev->read.id);
        break;
    case BOT_EV_SENT:
    case BOT_EV_REPLY:
        (ev->reply.outcome == BOT_OUTCOME_OK ? detail : say)(l, "%s %s: %s%s%s", ev->kind == BOT_EV_SENT ? "sent      " : "answer    ", ev->reply.client_id.s, journal_tool_outcome(ev->reply.outcome),
            ev->reply.reason[0] != '\0' ? ": " : "", ev->reply.reason);
        break;
    case BOT_EV_ACK:
        (ev->ack.accepted ? detail : say)(l, "ack        %s %s%s%s", ev->ack.client_id.len > 0 ? ev->ack.client_id.s : ev->ack.order_id.s, ev->ack.accepted ? "accepted" : "REFUSED",
            ev->ack.reason[0] != '\0' ? ": " : "", ev->ack.reason);
        break;
    case BOT_EV_MONITOR: explain_monitor(l, &ev->monitor); break;
    case BOT_EV_JOURNAL: say(l, "journal    %s %s", ev->monitor.ok ? "works" : "FAILED", ev->monitor.reason); break;
    case BOT_EV_LEADER: say(l, "leader     %s", ev->monitor.ok ? "we lead" : "another process leads"); break;
    case BOT_EV_ERROR: say(l, "error      %s %lld %s", bot_err_name(ev->error.code), (long long)ev->error.venue_code, ev->error.detail); break;
    case BOT_EV_BUDGET:
        if (ev->budget.banned_for_ns > 0)
            say(l, "banned     scope %u for %.0f ms", ev->budget.scope, ms(ev->budget.banned_for_ns));
        break;
    case BOT_EV_CLOCK:
        l->clock_offset_ns = ev->clock.offset_ns;
        detail(l, "clock      venue is %.3f ms ahead (+-%.3f ms)", ms(ev->clock.offset_ns), ms(ev->clock.error_ns)); break;
    case BOT_EV_STATUS: say(l, "status     %s", ev->status.text); break;
    case BOT_EV_REARM: say(l, "re-armed   %s: %s (%s)", bot_gate_reason_name(ev->rearm.latch), ev->rearm.reason, l->jc->r >= 0 ? "done" : bot_strerror(l->jc->r)); break;
    case BOT_EV_KILL: say(l, "KILL       %s", ev->rearm.reason); break;
    case BOT_EV_ATTACH: say(l, "attached   bot %u %s", ev->attach.bot, ev->attach.name); break;
    case BOT_EV_LIMITS: explain_limits(l, &ev->limits); break;
    default: break; /* ticks, signs of life and rows speak through what follows from them */
    }
}

static void explain_verdict(struct timeline *l, const bot_effect *e, const char *name)
{
    const char *word = bot_verdict_name(e->verdict.verdict), *about = name[0] != '\0' ? name : "the account";
    const bool no_data = e->verdict.verdict == BOT_VERDICT_FAILED || e->verdict.verdict == BOT_VERDICT_PARTIAL;
    const bool agree = e->verdict.verdict == BOT_VERDICT_AGREE;
    struct repeat *r = name[0] != '\0' ? &l->judged[1 + e->instrument % (INSTRUMENTS_MAX - 1)] : &l->judged[0];
    char key[160], answers[48];
    snprintf(answers, sizeof answers, "answers about %s", about);
    snprintf(key, sizeof key, "%s %s %s %d", word, about, agree ? "" : journal_tool_fixed(e->verdict.ours.v - (e->verdict.verdict == BOT_VERDICT_DRIFT ? e->verdict.venue.v : 0)),
             no_data ? (int)e->verdict.outcome : 0);
    if (repeats(l, r, key, answers, e->verdict.verdict == BOT_VERDICT_STALE ? e->verdict.age_ns : 0))
        return;
    if (e->verdict.verdict == BOT_VERDICT_STALE)
        say(l, "  -> %s %s: ours %s, venue %s, which is %.1f s old", word, about, journal_tool_fixed(e->verdict.ours.v),
            journal_tool_fixed(e->verdict.venue.v), ms(e->verdict.age_ns) / 1000);
    else if (no_data)
        say(l, "  -> %s %s: %s", word, about, journal_tool_outcome(e->verdict.outcome));
    else
        say(l, "  -> %s %s: ours %s, venue %s%s%s%s", word, about, journal_tool_fixed(e->verdict.ours.v),
            journal_tool_fixed(e->verdict.venue.v), e->verdict.evidence & BOT_EVIDENCE_SEQ ? ", by sequence" : "",
            e->verdict.evidence & BOT_EVIDENCE_TIME ? ", by time" : "", e->verdict.evidence & BOT_EVIDENCE_ENTRY ? ", by entry price" : "");
}

/* Several reasons are too much for a line: each behind the first gets its own. */
static void say_reasons(const struct timeline *l, char *text)
{
    const char *head = "  -> GATE ";
    for (char *next; text != NULL; text = next) {
        next = strstr(text, "; ");
        if (next != NULL) {
            *next = '\0';
            next += 2;
        }
        say(l, "%s %s%s", head, text, next != NULL ? ";" : "");
        head = "          ";
    }
}

/* What followed. */
static void explain_effect(struct timeline *l, const bot_effect *e)
{
    const bot_symbol *s = bot_core_instrument(l->jc->core, e->instrument);
    const char *name = s != NULL ? s->s : "";
    char text[512];
    bot_gate_state gate;
    switch (e->kind) {
    case BOT_EFFECT_GATE:
        bot_core_gate_state(l->jc->core, l->ts, &gate);
        bot_gate_explain(&gate, text, sizeof text);
        say_reasons(l, text);
        for (uint32_t bit = 1; bit != 0; bit <<= 1)
            if ((e->gate.before ^ e->gate.after) & bit)
                say(l, "           %s %s", e->gate.after & bit ? "+" : "-", bot_gate_reason_name(bit));
        break;
    case BOT_EFFECT_POSITION: say(l, "  -> position %s %s (was %s)", name, journal_tool_fixed(e->position.qty.v), journal_tool_fixed(e->position.before.v)); break;
    case BOT_EFFECT_VERDICT: explain_verdict(l, e, name); break;
    case BOT_EFFECT_ALERT: say(l, "  !! %s %s: %s", WORD(alerts, e->alert.alert), name[0] != '\0' ? name : "of the account", e->alert.text); break;
    case BOT_EFFECT_SEND:
        detail(l, "  -> request %s %s", e->send.request == BOT_REQUEST_SUBMIT ? "submit" : e->send.request == BOT_REQUEST_AMEND ? "amend" : "cancel",
            e->send.client_id.s);
        break;
    case BOT_EFFECT_ORDER:
        ((e->order.status == BOT_ORDER_OPEN || e->order.status == BOT_ORDER_CANCELED) && e->order.code == 0 ? detail : say)(l, "  -> order %s %s%s%s%s%s", e->order.client_id.s,
            WORD(statuses, e->order.status), e->order.code != 0 ? ", " : "", e->order.code != 0 ? bot_err_name(e->order.code) : "",
            e->order.reason[0] != '\0' ? ": " : "", e->order.reason);
        break;
    case BOT_EFFECT_RESYNC: say(l, "  -> the private stream is reconnected"); break;
    default: break;
    }
}

static void explain_item(const struct timeline *l, const bot_journal_item *item)
{
    switch (item->kind) {
    case BOT_JOURNAL_RUN: say(l, "RUN        process %llu, %s", (unsigned long long)item->run.pid, item->run.library); break;
    case BOT_JOURNAL_LOST: say(l, "LOST       %llu events are not recorded here", (unsigned long long)item->lost.items); break;
    case BOT_JOURNAL_RAW: say(l, "raw        %u bytes that could not be read: %.*s", item->bytes_total, (int)(item->bytes_len < 200 ? item->bytes_len : 200), (const char *)item->bytes); break;
    default: break;
    }
}

static int run(int argc, char **argv)
{
    struct journal_args args;
    int e = journal_args_read("explain", "ftb", argc, argv, &args);
    if (e != 0)
        return e;
    bot_journal_reader *r = journal_tool_open("explain", args.path);
    if (r == NULL)
        return EXIT_FOUND_WRONG;
    struct journal_core jc;
    uint64_t damages = journal_tool_header("explain", r);
    if (!journal_tool_core("explain", args.path, r, UINT64_MAX, &jc)) {
        bot__journal_core_close(&jc);
        bot_journal_close_read(r);
        return EXIT_FOUND_WRONG;
    }
    bot_journal_item item;
    bot_journal_place place;
    bot_core_stats before, after;
    struct timeline t = { .jc = &jc, .brief = args.brief };
    while ((e = bot_journal_next(r, &item, &place)) != 0) {
        if (e == BOT_ERR_IO || e == BOT_ERR_NOMEM || e == BOT_ERR_VERSION)
            break;
        if (e < 0) {
            damages++;
            printf("%-*s  DAMAGE     %s\n", BOT_ISO_MS_SIZE - 1, "", place.text);
            continue;
        }
        damages += item.kind == BOT_JOURNAL_LOST;
        bot_core_stats_get(jc.core, &before);
        const bool stepped = bot__journal_core_step(&jc, &item) == 1;
        bot_core_stats_get(jc.core, &after);
        const int64_t wall = bot__journal_core_wall(&jc, item.ts);
        t.show = wall >= args.from_ns && wall <= args.to_ns; /* behind it another run may be of before, its clock having been set */
        t.ts = item.ts;
        t.repeated = after.fills_duplicate > before.fills_duplicate;
        if (!stepped) {
            explain_item(&t, &item);
            continue;
        }
        explain_event(&t, &item.event);
        for (uint32_t i = 0; i < bot_core_effects_count(jc.core); i++)
            explain_effect(&t, bot_core_effect(jc.core, i));
    }
    for (int i = 0; i < 2; i++)
        repeat_end(&t, &t.refused[i]);
    for (int i = 0; i < INSTRUMENTS_MAX; i++)
        repeat_end(&t, &t.judged[i]);
    damages += journal_tool_guessed("explain", &jc);
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);
    return damages == 0 && e >= 0 ? 0 : EXIT_FOUND_WRONG;
}

const struct command command_explain = {
    .name = "explain",
    .synopsis = "JOURNAL [--brief] [--from TIME] [--to TIME]",
    .summary = "a readable timeline: what was known when, and why the gate shut",
    .help = "One line for each thing that happened, and below it, with an arrow, what followed: positions,\n"
            "verdicts with ages, reasons of the gate that came (+) and went (-), requests; refusals with their\n"
            "numbers; fills with how long after the trade they were known. The rules run over the whole journal,\n"
            "the window only chooses what is printed. TIME is 2026-09-17T06:00:00Z, 2026-09-17 or Unix\n"
            "milliseconds.\n\n"
            "--brief leaves out what went well (acknowledgements, cancels, reads that agree again) and counts\n"
            "what repeats. Exit status 1: the journal is damaged or events are missing, so that what follows may\n"
            "have been another way.\n",
    .run = run,
};
