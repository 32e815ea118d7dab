/* botctl tail: a journal's items as JSON lines, the last ones or as they come. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "botctl.h"
#include "journal_tools.h"

#define POLL_NS (100 * BOT_NS_PER_MS)

static const char *kind_name(uint16_t kind)
{
    static const char *const names[] = {
        "none", "instrument", "fill", "order", "position", "funding", "wallet", "trade", "book", "ack", "time", "status", "control",
        "error", "gap", "tick", "stream", "frame", "read_begin", "read_end", "sent", "reply", "budget", "clock", "monitor", "journal",
        "leader", "submit", "amend", "cancel", "cancel_all", "limits", "rearm", "kill", "attach", "checkpoint",
    };
    _Static_assert(sizeof names / sizeof *names == BOT_EV_KIND_COUNT, "a kind has no name");
    return kind < BOT_EV_KIND_COUNT ? names[kind] : "?";
}

/* What the shell observed and a strategy asked for has no form of a venue: the main fields. */
static void own_fields(struct json_out *o, const bot_event *ev)
{
    switch (ev->kind) {
    case BOT_EV_STREAM:
        bot__jo_str(o, "stream", journal_tool_stream(ev->stream.stream));
        bot__jo_str(o, "state", ev->stream.state == BOT_STREAM_READY ? "ready" : "lost");
        bot__jo_str(o, "reason", ev->stream.reason);
        break;
    case BOT_EV_READ_BEGIN:
    case BOT_EV_READ_END:
        bot__jo_i64(o, "read_id", (int64_t)ev->read.id);
        bot__jo_str(o, "read", journal_tool_read(ev->read.read));
        if (ev->kind == BOT_EV_READ_END) {
            bot__jo_str(o, "outcome", journal_tool_outcome(ev->read.outcome));
            bot__jo_bool(o, "complete", ev->read.complete);
            bot__jo_i64(o, "rows", ev->read.rows);
            bot__jo_str(o, "detail", ev->read.detail);
        }
        break;
    case BOT_EV_SENT:
    case BOT_EV_REPLY:
        bot__jo_i64(o, "request_id", (int64_t)ev->reply.request_id);
        bot__jo_str(o, "outcome", journal_tool_outcome(ev->reply.outcome));
        bot__jo_str(o, "client_order_id", ev->reply.client_id.s);
        bot__jo_str(o, "reason", ev->reply.reason);
        break;
    case BOT_EV_MONITOR:
    case BOT_EV_JOURNAL:
    case BOT_EV_LEADER:
        bot__jo_bool(o, "ok", ev->monitor.ok);
        bot__jo_i64(o, "value", ev->monitor.value);
        bot__jo_str(o, "reason", ev->monitor.reason);
        break;
    case BOT_EV_SUBMIT:
        bot__jo_i64(o, "bot", ev->submit.bot);
        bot__jo_str(o, "client_order_id", ev->submit.client_id.s);
        bot__jo_str(o, "instrument", ev->submit.order.instrument.s);
        bot__jo_str(o, "side", ev->submit.order.side == BOT_BUY ? "buy" : "sell");
        bot__jo_fixed(o, "qty", ev->submit.order.qty.v);
        if (ev->submit.order.type == BOT_LIMIT)
            bot__jo_fixed(o, "price", ev->submit.order.price.v);
        break;
    case BOT_EV_CANCEL_ALL:
        if (ev->cancel.bot != UINT32_MAX) /* else every bot's */
            bot__jo_i64(o, "bot", ev->cancel.bot);
        break;
    case BOT_EV_ATTACH:
        bot__jo_i64(o, "bot", ev->attach.bot);
        bot__jo_str(o, "name", ev->attach.name);
        bot__jo_bool(o, "sends_orders", ev->attach.sends_orders);
        break;
    case BOT_EV_LIMITS:
        bot__jo_i64(o, "bot", ev->limits.bot);
        bot__jo_str(o, "instrument", ev->limits.instrument.s);
        bot__jo_fixed(o, "position_max", ev->limits.limits.position_max.v);
        break;
    case BOT_EV_AMEND:
        bot__jo_i64(o, "bot", ev->amend.bot);
        bot__jo_str(o, "client_order_id", ev->amend.client_id.s);
        break;
    case BOT_EV_CANCEL: bot__jo_str(o, "client_order_id", ev->cancel.client_id.s); break;
    case BOT_EV_CLOCK: bot__jo_i64(o, "offset_ns", ev->clock.offset_ns); break;
    case BOT_EV_REARM:
    case BOT_EV_KILL: bot__jo_str(o, "reason", ev->rearm.reason); break;
    default: break;
    }
}

static void print_item(const bot_journal_item *item, const char *venue)
{
    char buf[8192], inner[4096], at[BOT_ISO_MS_SIZE];
    struct json_out o;
    bot__iso_format_ms(item->wall_ns, at);
    bot__jo_init(&o, buf, sizeof buf);
    bot__jo_object(&o, NULL);
    bot__jo_i64(&o, "record", (int64_t)item->record);
    bot__jo_str(&o, "written", at);
    switch (item->kind) {
    case BOT_JOURNAL_EVENT:
    case BOT_JOURNAL_TRADE: {
        int n = bot_event_format(&item->event, venue, inner, sizeof inner);
        bot__jo_i64(&o, "ts_ns", item->ts);
        if (n > 0) {
            bot__jo_raw(&o, "event", inner, (size_t)n);
        } else {
            bot__jo_str(&o, "event", kind_name(item->event.kind));
            own_fields(&o, &item->event);
        }
        break;
    }
    case BOT_JOURNAL_RUN:
        bot__jo_str(&o, "run", item->run.library);
        bot__jo_i64(&o, "pid", (int64_t)item->run.pid);
        break;
    case BOT_JOURNAL_LOST: bot__jo_i64(&o, "lost", (int64_t)item->lost.items); break;
    case BOT_JOURNAL_RAW:
        bot__jo_i64(&o, "raw_bytes", item->bytes_total);
        bot__jo_strn(&o, "raw", (const char *)item->bytes, item->bytes_len < 512 ? item->bytes_len : 512);
        break;
    case BOT_JOURNAL_OPTIONS: bot__jo_i64(&o, "options_bytes", item->bytes_len); break;
    case BOT_JOURNAL_CANDLE:
        bot__jo_i64(&o, "minute_ms", item->candle.minute_ns / BOT_NS_PER_MS);
        bot__jo_fixed(&o, "open", item->candle.open.v);
        bot__jo_fixed(&o, "high", item->candle.high.v);
        bot__jo_fixed(&o, "low", item->candle.low.v);
        bot__jo_fixed(&o, "close", item->candle.close.v);
        bot__jo_fixed(&o, "volume", item->candle.volume.v);
        bot__jo_fixed(&o, "volume_buy", item->candle.volume_buy.v);
        bot__jo_i64(&o, "trades", item->candle.trades);
        break;
    }
    bot__jo_object_end(&o);
    journal_tool_line(&o);
}

/* Stands before the last n items; -1: cannot be read. */
static int go_to_last(bot_journal_reader *r, uint64_t n)
{
    bot_journal_item item;
    uint64_t items = 0;
    int e;
    while ((e = bot_journal_next(r, &item, NULL)) != 0 && e != BOT_ERR_IO && e != BOT_ERR_NOMEM)
        items += e == 1;
    (void)bot_journal_seek_record(r, 0);
    for (uint64_t skip = items > n ? items - n : 0; skip > 0 && (e = bot_journal_next(r, &item, NULL)) != 0;)
        skip -= e == 1;
    return e == BOT_ERR_IO || e == BOT_ERR_NOMEM ? -1 : 0;
}

static int run(int argc, char **argv)
{
    struct journal_args args;
    int e = journal_args_read("tail", "wnfr", argc, argv, &args);
    if (e != 0)
        return e;
    bot_journal_reader *r = journal_tool_open("tail", args.path);
    if (r == NULL)
        return EXIT_FOUND_WRONG;
    bot_journal_info info;
    bot_journal_info_get(r, &info);
    char venue[16] = "";
    snprintf(venue, sizeof venue, "%s", info.venue);
    const bool there = args.record == UINT64_MAX || bot_journal_seek_record(r, args.record) == BOT_OK;
    if (!there && !args.follow) {
        fprintf(stderr, "botctl tail: --record: %s has no record %llu\n", args.path, (unsigned long long)args.record);
        bot_journal_close_read(r);
        return EXIT_FOUND_WRONG;
    }
    if (args.record == UINT64_MAX && args.from_ns == INT64_MIN && go_to_last(r, args.last != UINT64_MAX ? args.last : 10) != 0)
        fprintf(stderr, "botctl tail: %s cannot be read to its end\n", args.path);
    if (args.from_ns != INT64_MIN)
        (void)bot_journal_seek_time(r, args.from_ns);
    bot_journal_item item;
    bot_journal_place place;
    uint64_t damages = 0;
    for (;;) {
        e = bot_journal_next(r, &item, &place);
        if (e == BOT_ERR_IO || e == BOT_ERR_NOMEM || e == BOT_ERR_VERSION)
            break;
        if (e < 0) {
            damages++;
            journal_tool_damage(&place);
        } else if (e == 1) {
            print_item(&item, venue[0] != '\0' ? venue : NULL);
        } else if (args.follow && fflush(stdout) == 0) {
            nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
        } else {
            break;
        }
    }
    bot_journal_close_read(r);
    return damages == 0 && e >= 0 ? 0 : EXIT_FOUND_WRONG;
}

const struct command command_tail = {
    "tail", "JOURNAL [-f] [-n N | --record N | --from TIME]", "a journal's items as JSON lines",
    "Prints the last N items (10), or all from record N or from TIME on. -f goes on as the journal grows.\n"
    "Market files can be read the same way.\n",
    run,
};
