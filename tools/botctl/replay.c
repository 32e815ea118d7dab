/* botctl replay: a journal through the rules once more; the state at its end, at a time or before a record. */
#include <stdlib.h>
#include <string.h>

#include "botctl.h"
#include "journal_tools.h"

static void print_position(const struct journal_core *jc, uint32_t i, bot_leg leg)
{
    static const char *const legs[] = { "", "net", "long", "short" };
    char buf[1024];
    struct json_out o;
    bot_position p;
    bot_core_position(jc->core, i, leg, &p);
    if (p.qty.v == 0 && p.realised.v == 0 && p.funding.v == 0 && p.low.v == 0 && p.high.v == 0 && p.working_buy.v == 0 && p.working_sell.v == 0)
        return;
    bot__jo_init(&o, buf, sizeof buf);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "position", p.instrument.s);
    bot__jo_str(&o, "leg", legs[leg]);
    bot__jo_fixed(&o, "qty", p.qty.v);
    if (p.low.v != p.qty.v || p.high.v != p.qty.v) {
        bot__jo_fixed(&o, "qty_low", p.low.v);
        bot__jo_fixed(&o, "qty_high", p.high.v);
    }
    if (p.qty.v != 0 && p.avg_entry.v != 0) /* 0: a baseline for which the venue told none */
        bot__jo_fixed(&o, "avg_entry", p.avg_entry.v);
    bot__jo_fixed(&o, "realised", p.realised.v);
    bot__jo_fixed(&o, "funding", p.funding.v);
    bot__jo_fixed(&o, "working_buy", p.working_buy.v);
    bot__jo_fixed(&o, "working_sell", p.working_sell.v);
    if (!p.cost_proven)
        bot__jo_bool(&o, "cost_proven", false);
    bot__jo_object_end(&o);
    journal_tool_line(&o);
}

static void print_state(const struct journal_core *jc, bot_ts now, uint64_t record, uint64_t events)
{
    char buf[2048], text[512], at[BOT_ISO_MS_SIZE];
    struct json_out o;
    bot_gate_state gate;
    bot_core_stats stats;
    for (uint32_t i = 0; i < bot_core_instruments(jc->core); i++)
        for (int leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++)
            print_position(jc, i, (bot_leg)leg);
    bot_core_gate_state(jc->core, now, &gate);
    bot_core_stats_get(jc->core, &stats);
    bot_gate_explain(&gate, text, sizeof text);
    bot__iso_format_ms(bot__journal_core_wall(jc, now), at);
    bot__jo_init(&o, buf, sizeof buf);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "gate", gate.reasons == 0 ? "open" : "shut");
    bot__jo_str(&o, "at", at);
    bot__jo_i64(&o, "record", (int64_t)record);
    bot__jo_array(&o, "reasons");
    for (uint32_t bit = 1; bit != 0; bit <<= 1)
        if (gate.reasons & bit)
            bot__jo_str(&o, NULL, bot_gate_reason_name(bit));
    bot__jo_array_end(&o);
    bot__jo_str(&o, "words", text);
    bot__jo_i64(&o, "events", (int64_t)events);
    bot__jo_i64(&o, "fills_applied", (int64_t)stats.fills_applied);
    bot__jo_i64(&o, "fills_duplicate", (int64_t)stats.fills_duplicate);
    bot__jo_i64(&o, "submits", (int64_t)stats.submits);
    bot__jo_i64(&o, "submits_refused", (int64_t)stats.submits_refused);
    bot__jo_i64(&o, "orders_live", stats.orders_live);
    bot__jo_object_end(&o);
    journal_tool_line(&o);
}

/* Where a moment lies: behind so many items; record: the one that the next begins in, and one more, because options belong to runs.
 * Clocks are set between runs, and a run that was ahead hides nothing: the moment is in the last run that began before it. */
struct moment {
    uint64_t record, items;
};

static struct moment moment_at(bot_journal_reader *r, int64_t wall_ns)
{
    bot_journal_item item;
    int64_t run_wall = 0;
    bot_ts run_ts = 0;
    struct moment first = { UINT64_MAX, UINT64_MAX }, at = first;
    bool began = false; /* a run did, before it */
    uint64_t items = 0;
    (void)bot_journal_seek_record(r, 0);
    for (int e; (e = bot_journal_next(r, &item, NULL)) != 0 && e != BOT_ERR_IO && e != BOT_ERR_NOMEM;) {
        if (e != 1)
            continue;
        if (item.kind == BOT_JOURNAL_RUN) {
            run_wall = item.run.wall_ns, run_ts = item.ts;
            if (run_wall <= wall_ns)
                began = true, at = (struct moment){ UINT64_MAX, UINT64_MAX };
        }
        if (run_wall != 0 && run_wall + (item.ts - run_ts) > wall_ns) {
            if (at.items == UINT64_MAX)
                at = (struct moment){ item.record + 1, items };
            if (first.items == UINT64_MAX)
                first = at;
        }
        items++;
    }
    return began ? at : first;
}

static int run(int argc, char **argv)
{
    struct journal_args args;
    int e = journal_args_read("replay", "ar", argc, argv, &args);
    if (e != 0)
        return e;
    bot_journal_reader *r = journal_tool_open("replay", args.path);
    if (r == NULL)
        return EXIT_FOUND_WRONG;
    uint64_t record = args.record, damages = journal_tool_header("replay", r);
    bot_journal_info info;
    bot_journal_info_get(r, &info);
    if (args.record != UINT64_MAX && args.record > info.record_end) {
        fprintf(stderr, "botctl replay: --record: the journal ends before record %llu\n", (unsigned long long)info.record_end);
        bot_journal_close_read(r);
        return EXIT_FOUND_WRONG;
    }
    struct moment moment = { UINT64_MAX, UINT64_MAX };
    if (args.to_ns != INT64_MAX)
        record = (moment = moment_at(r, args.to_ns)).record;
    struct journal_core jc;
    if (!journal_tool_core("replay", args.path, r, record, &jc)) {
        bot__journal_core_close(&jc);
        bot_journal_close_read(r);
        return EXIT_FOUND_WRONG;
    }
    bot_journal_item item;
    bot_journal_place place;
    uint64_t events = 0, last = 0, items = 0;
    bot_ts now = 0;
    while ((e = bot_journal_next(r, &item, &place)) != 0) {
        if (e == BOT_ERR_IO || e == BOT_ERR_NOMEM || e == BOT_ERR_VERSION)
            break;
        if (e < 0) {
            damages++;
            journal_tool_damage(&place);
            continue;
        }
        if (item.record_end >= record && args.to_ns == INT64_MAX)
            break;
        if (items++ == moment.items)
            break;
        damages += item.kind == BOT_JOURNAL_LOST;
        events += bot__journal_core_pass(&jc, &item) == 1;
        now = item.ts > now ? item.ts : now;
        last = item.record_end;
    }
    const bool before = args.to_ns != INT64_MAX && events == 0 && e == 1;
    if (before) {
        char at[BOT_ISO_MS_SIZE];
        bot__iso_format_ms(item.wall_ns, at);
        fprintf(stderr, "botctl replay: nothing is known of that time: the journal's first event is of %s\n", at);
    }
    if (args.to_ns != INT64_MAX && jc.run_wall_ns != 0 && bot__journal_core_wall(&jc, now) < args.to_ns && e != 0)
        now = jc.run_ts + (args.to_ns - jc.run_wall_ns); /* leases run on between two events */
    damages += journal_tool_guessed("replay", &jc);
    if (!before)
        print_state(&jc, now, last, events);
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);
    return damages == 0 && e >= 0 && !before ? 0 : EXIT_FOUND_WRONG;
}

const struct command command_replay = {
    "replay", "JOURNAL [--at TIME | --record N]", "positions and gate of a journal at its end, at a time or before a record",
    "Feeds every event of the journal to the rules again, under the options of the run that wrote it, and\n"
    "prints one line for each position and one for the gate: what the bot knew then. TIME is\n"
    "2026-09-17T06:00:00Z, 2026-09-17 or Unix milliseconds. Exit status 1: the journal is damaged or\n"
    "events are missing, so the state may be another, or it begins later than TIME.\n",
    run,
};
