/* botctl explain: what the bot knew, when, and why it did that: a timeline for people. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "botctl.h"
#include "journal_tools.h"

static const char *const sides[] = { "", "buy", "sell" };
static const char *const reads[] = { "nothing", "time", "instruments", "positions", "fills", "open orders", "order", "balance", "book",
                                     "status", "mode" };
static const char *const outcomes[] = { "", "ok", "not sent", "rejected", "unknown", "timed out", "rate-limited", "banned",
                                        "in maintenance", "refused for the clock", "refused for the key", "not found", "unreadable" };
static const char *const verdicts[] = { "none", "AGREE", "STALE", "PARTIAL", "FAILED", "DRIFT", "PENDING" };
static const char *const alerts[] = { "", "drift", "drift healed", "venue's number adopted", "external fill", "fill conflict", "overfill",
                                      "unknown execution", "REST answers old data", "order outcome unknown", "order lost",
                                      "unknown order", "reject storm", "limit exceeded", "loss limit", "position at start", "mode changed",
                                      "a table is full", "the process was away" };
static const char *const streams[] = { "private", "public", "trade", "public_2" };
static const char *const statuses[] = { "", "open", "partially filled", "filled", "canceled", "rejected", "expired", "untriggered", "triggered" };

#define WORD(table, i) ((size_t)(i) < sizeof(table) / sizeof *(table) ? (table)[i] : "?")

struct line {
    const struct journal_core *jc;
    bool show;   /* inside --from .. --to */
    bot_ts ts;
};

__attribute__((format(printf, 2, 3))) static void say(const struct line *l, const char *format, ...)
{
    char at[BOT_ISO_MS_SIZE];
    va_list ap;
    if (!l->show)
        return;
    bot__iso_format_ms(bot__journal_core_wall(l->jc, l->ts), at);
    printf("%s  ", at);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
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

static void explain_fill(const struct line *l, const bot_event *ev)
{
    const bot_ev_fill *f = &ev->fill;
    say(l, "fill       %s %s %s at %s (%s, %s%s%s)", ev->instrument.s, WORD(sides, f->side), dec_text(f->qty), dec_text(f->price),
        f->exec_id.s, f->client_id.len > 0 ? f->client_id.s : f->order_id.len > 0 ? f->order_id.s : "no order",
        ev->source == BOT_SOURCE_REST ? ", from REST" : "", f->derived ? ", derived" : "");
    if (l->jc->r < 0)
        say(l, "           not applied: %s", bot_strerror(l->jc->r));
}

static void explain_submit(const struct line *l, const bot_event *ev)
{
    const bot_order_request *o = &ev->submit.order;
    char text[400];
    say(l, "submit     bot %u %s %s %s at %s%s: %s", ev->submit.bot, o->instrument.s, WORD(sides, o->side), journal_tool_fixed(o->qty.v),
        o->type == BOT_MARKET ? "market" : journal_tool_fixed(o->price.v), o->reduce_only ? ", reduce only" : "",
        l->jc->r >= 0 ? "passed" : "REFUSED");
    if (l->jc->r < 0) {
        bot_refusal_explain(bot_core_last_refusal(l->jc->core), text, sizeof text);
        say(l, "           %s", text);
    }
}

/* What came in. */
static void explain_event(const struct line *l, const bot_event *ev)
{
    switch (ev->kind) {
    case BOT_EV_FILL: explain_fill(l, ev); break;
    case BOT_EV_FUNDING: say(l, "funding    %s %s %s", ev->instrument.s, dec_text(ev->funding.amount), ev->funding.currency.s); break;
    case BOT_EV_ORDER:
        say(l, "order      %s %s %s, filled %s%s%s", ev->instrument.s, ev->order.client_id.len > 0 ? ev->order.client_id.s : ev->order.order_id.s,
            WORD(statuses, ev->order.status), dec_text(ev->order.cum_qty), ev->order.reason[0] != '\0' ? ": " : "", ev->order.reason);
        break;
    case BOT_EV_SUBMIT: explain_submit(l, ev); break;
    case BOT_EV_AMEND:
        say(l, "amend      bot %u %s: %s", ev->amend.bot, ev->amend.client_id.s, l->jc->r >= 0 ? "passed" : bot_strerror(l->jc->r));
        break;
    case BOT_EV_CANCEL:
        say(l, "cancel     bot %u %s: %s", ev->cancel.bot, ev->cancel.client_id.s, l->jc->r >= 0 ? "passed" : bot_strerror(l->jc->r));
        break;
    case BOT_EV_CANCEL_ALL: say(l, "cancel all bot %u", ev->cancel.bot); break;
    case BOT_EV_STREAM:
        say(l, "stream     %s %s%s%s", WORD(streams, ev->stream.stream), ev->stream.state == BOT_STREAM_READY ? "ready" : "LOST",
            ev->stream.reason[0] != '\0' ? ": " : "", ev->stream.reason);
        break;
    case BOT_EV_READ_BEGIN: say(l, "read       %s asked (read %llu)", WORD(reads, ev->read.read), (unsigned long long)ev->read.id); break;
    case BOT_EV_READ_END:
        say(l, "read       %s %s after %.1f ms, %u rows%s%s%s (read %llu)", WORD(reads, ev->read.read), WORD(outcomes, ev->read.outcome),
            ms(ev->ts - ev->read.sent_at), ev->read.rows, ev->read.complete ? "" : ", incomplete", ev->read.detail[0] != '\0' ? ": " : "",
            ev->read.detail, (unsigned long long)ev->read.id);
        break;
    case BOT_EV_SENT:
    case BOT_EV_REPLY:
        say(l, "%s %s: %s%s%s", ev->kind == BOT_EV_SENT ? "sent      " : "answer    ", ev->reply.client_id.s, WORD(outcomes, ev->reply.outcome),
            ev->reply.reason[0] != '\0' ? ": " : "", ev->reply.reason);
        break;
    case BOT_EV_ACK:
        say(l, "ack        %s %s%s%s", ev->ack.client_id.len > 0 ? ev->ack.client_id.s : ev->ack.order_id.s, ev->ack.accepted ? "accepted" : "REFUSED",
            ev->ack.reason[0] != '\0' ? ": " : "", ev->ack.reason);
        break;
    case BOT_EV_MONITOR:
        say(l, "monitor    %d %s, value %lld, reference %lld%s%s", ev->monitor.monitor, ev->monitor.ok ? "well" : "NOT WELL",
            (long long)ev->monitor.value, (long long)ev->monitor.reference, ev->monitor.reason[0] != '\0' ? ": " : "", ev->monitor.reason);
        break;
    case BOT_EV_JOURNAL: say(l, "journal    %s %s", ev->monitor.ok ? "works" : "FAILED", ev->monitor.reason); break;
    case BOT_EV_LEADER: say(l, "leader     %s", ev->monitor.ok ? "we lead" : "another process leads"); break;
    case BOT_EV_ERROR: say(l, "error      %s %lld %s", bot_err_name(ev->error.code), (long long)ev->error.venue_code, ev->error.detail); break;
    case BOT_EV_BUDGET:
        if (ev->budget.banned_for_ns > 0)
            say(l, "banned     scope %u for %.0f ms", ev->budget.scope, ms(ev->budget.banned_for_ns));
        break;
    case BOT_EV_CLOCK: say(l, "clock      venue is %.3f ms ahead (+-%.3f ms)", ms(ev->clock.offset_ns), ms(ev->clock.error_ns)); break;
    case BOT_EV_STATUS: say(l, "status     %s", ev->status.text); break;
    case BOT_EV_REARM: say(l, "re-armed   %s: %s (%s)", bot_gate_reason_name(ev->rearm.latch), ev->rearm.reason, l->jc->r >= 0 ? "done" : bot_strerror(l->jc->r)); break;
    case BOT_EV_KILL: say(l, "KILL       %s", ev->rearm.reason); break;
    case BOT_EV_ATTACH: say(l, "attached   bot %u %s", ev->attach.bot, ev->attach.name); break;
    case BOT_EV_LIMITS:
        say(l, "limits     bot %u %s: position at most %s, an order %s", ev->limits.bot, ev->limits.instrument.s,
            journal_tool_fixed(ev->limits.limits.position_max.v),
            ev->limits.limits.order_qty_max.v != 0 ? journal_tool_fixed(ev->limits.limits.order_qty_max.v) : "of any size");
        break;
    default: break; /* ticks, signs of life and rows speak through what follows from them */
    }
}

/* What followed. */
static void explain_effect(const struct line *l, const bot_effect *e)
{
    const bot_symbol *s = bot_core_instrument(l->jc->core, e->instrument);
    const char *name = s != NULL ? s->s : "";
    char text[512];
    bot_gate_state gate;
    switch (e->kind) {
    case BOT_EFFECT_GATE:
        bot_core_gate_state(l->jc->core, l->ts, &gate);
        bot_gate_explain(&gate, text, sizeof text);
        say(l, "  -> GATE  %s", text);
        for (uint32_t bit = 1; bit != 0; bit <<= 1)
            if ((e->gate.before ^ e->gate.after) & bit)
                say(l, "           %s %s", e->gate.after & bit ? "+" : "-", bot_gate_reason_name(bit));
        break;
    case BOT_EFFECT_POSITION: say(l, "  -> position %s %s (was %s)", name, journal_tool_fixed(e->position.qty.v), journal_tool_fixed(e->position.before.v)); break;
    case BOT_EFFECT_VERDICT:
        if (e->verdict.verdict == BOT_VERDICT_STALE)
            say(l, "  -> %s %s: ours %s, venue %s, which is %.1f s old", WORD(verdicts, e->verdict.verdict), name, journal_tool_fixed(e->verdict.ours.v),
                journal_tool_fixed(e->verdict.venue.v), ms(e->verdict.age_ns) / 1000);
        else if (e->verdict.verdict == BOT_VERDICT_FAILED || e->verdict.verdict == BOT_VERDICT_PARTIAL)
            say(l, "  -> %s %s: %s", WORD(verdicts, e->verdict.verdict), name, WORD(outcomes, e->verdict.outcome));
        else
            say(l, "  -> %s %s: ours %s, venue %s%s%s%s", WORD(verdicts, e->verdict.verdict), name, journal_tool_fixed(e->verdict.ours.v),
                journal_tool_fixed(e->verdict.venue.v), e->verdict.evidence & BOT_EVIDENCE_SEQ ? ", by sequence" : "",
                e->verdict.evidence & BOT_EVIDENCE_TIME ? ", by time" : "", e->verdict.evidence & BOT_EVIDENCE_ENTRY ? ", by entry price" : "");
        break;
    case BOT_EFFECT_ALERT: say(l, "  !! %s %s: %s", WORD(alerts, e->alert.alert), name, e->alert.text); break;
    case BOT_EFFECT_SEND:
        say(l, "  -> request %s %s", e->send.request == BOT_REQUEST_SUBMIT ? "submit" : e->send.request == BOT_REQUEST_AMEND ? "amend" : "cancel",
            e->send.client_id.s);
        break;
    case BOT_EFFECT_ORDER:
        say(l, "  -> order %s %s%s%s", e->order.client_id.s, WORD(statuses, e->order.status), e->order.reason[0] != '\0' ? ": " : "", e->order.reason);
        break;
    case BOT_EFFECT_RESYNC: say(l, "  -> the private stream is reconnected"); break;
    default: break;
    }
}

static void explain_item(const struct line *l, const bot_journal_item *item)
{
    switch (item->kind) {
    case BOT_JOURNAL_RUN: say(l, "RUN        process %llu, %s", (unsigned long long)item->run.pid, item->run.library); break;
    case BOT_JOURNAL_LOST: say(l, "LOST       %llu events are not recorded here", (unsigned long long)item->lost.items); break;
    case BOT_JOURNAL_RAW: say(l, "raw        %u bytes that could not be read: %.*s", item->bytes_total, (int)(item->bytes_len < 60 ? item->bytes_len : 60), (const char *)item->bytes); break;
    default: break;
    }
}

static int run(int argc, char **argv)
{
    struct journal_args args;
    int e = journal_args_read("explain", "ft", argc, argv, &args);
    if (e != 0)
        return e;
    bot_journal_reader *r = journal_tool_open("explain", args.path);
    if (r == NULL)
        return EXIT_FOUND_WRONG;
    struct journal_core jc;
    if (!journal_tool_core("explain", args.path, r, UINT64_MAX, &jc)) {
        bot__journal_core_close(&jc);
        bot_journal_close_read(r);
        return EXIT_FOUND_WRONG;
    }
    bot_journal_item item;
    bot_journal_place place;
    uint64_t damages = 0;
    while ((e = bot_journal_next(r, &item, &place)) != 0) {
        if (e == BOT_ERR_IO || e == BOT_ERR_NOMEM || e == BOT_ERR_VERSION)
            break;
        if (e < 0) {
            damages++;
            printf("                          DAMAGE     %s\n", place.text);
            continue;
        }
        damages += item.kind == BOT_JOURNAL_LOST;
        const bool stepped = bot__journal_core_step(&jc, &item) == 1;
        const int64_t wall = bot__journal_core_wall(&jc, item.ts);
        if (wall > args.to_ns && jc.run_wall_ns != 0)
            break;
        const struct line l = { &jc, wall >= args.from_ns, item.ts };
        if (!stepped) {
            explain_item(&l, &item);
            continue;
        }
        explain_event(&l, &item.event);
        for (uint32_t i = 0; i < bot_core_effects_count(jc.core); i++)
            explain_effect(&l, bot_core_effect(jc.core, i));
    }
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);
    return damages == 0 && e >= 0 ? 0 : EXIT_FOUND_WRONG;
}

const struct command command_explain = {
    "explain", "JOURNAL [--from TIME] [--to TIME]", "a readable timeline: what was known when, and why the gate shut",
    "One line for each thing that happened, and below it, with an arrow, what followed: positions, verdicts with ages, reasons\n"
    "of the gate that came (+) and went (-), requests; refusals with their numbers. The rules run over the whole journal, the\n"
    "window only chooses what is printed. TIME is 2026-09-17T06:00:00Z or Unix milliseconds.\n",
    run,
};
