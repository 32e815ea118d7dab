/* botctl verify: is a journal whole, and do two say the same? */
#include <stdlib.h>
#include <string.h>

#include "botctl.h"
#include "journal/checkpoint.h"
#include "journal/item.h"
#include "journal_tools.h"

struct totals {
    uint64_t items, events, fills, runs, lost, raw, damages, record_end;
    int64_t  wall_min, wall_max;
    bool     torn;
};

static int next_item(bot_journal_reader *r, bot_journal_item *item, struct totals *t)
{
    bot_journal_place place;
    for (;;) {
        int e = bot_journal_next(r, item, &place);
        if (e == BOT_ERR_IO || e == BOT_ERR_NOMEM || e == BOT_ERR_VERSION) {
            fprintf(stderr, "botctl verify: %s\n", bot_strerror(e));
            t->damages++;
            return 0;
        }
        if (e < 0) {
            t->damages++;
            journal_tool_damage(&place);
            continue;
        }
        if (e == 0) {
            bot_journal_tail(r, &place);
            t->torn = place.damage != BOT_DAMAGE_NONE;
            if (t->torn)
                journal_tool_damage(&place);
            return 0;
        }
        t->wall_min = t->items == 0 || item->wall_ns < t->wall_min ? item->wall_ns : t->wall_min;
        t->wall_max = t->items == 0 || item->wall_ns > t->wall_max ? item->wall_ns : t->wall_max;
        t->items++;
        t->events += item->kind == BOT_JOURNAL_EVENT;
        t->fills += item->kind == BOT_JOURNAL_EVENT && item->event.kind == BOT_EV_FILL;
        t->runs += item->kind == BOT_JOURNAL_RUN;
        t->raw += item->kind == BOT_JOURNAL_RAW;
        t->lost += item->kind == BOT_JOURNAL_LOST ? item->lost.items : 0;
        t->record_end = item->record_end + 1;
        return 1;
    }
}

static void print_totals(const char *path, const bot_journal_reader *r, const struct totals *t)
{
    char buf[2048];
    struct json_out o;
    bot_journal_info info;
    bot_journal_info_get(r, &info);
    bot__jo_init(&o, buf, sizeof buf);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "journal", path);
    bot__jo_str(&o, "venue", info.venue);
    if (info.account[0] != '\0')
        bot__jo_str(&o, "account", info.account);
    if (info.instrument[0] != '\0')
        bot__jo_str(&o, "instrument", info.instrument);
    bot__jo_i64(&o, "segments", info.segments);
    bot__jo_i64(&o, "records", (int64_t)(t->record_end - (t->record_end > info.record_first ? info.record_first : 0)));
    bot__jo_i64(&o, "items", (int64_t)t->items);
    bot__jo_i64(&o, "events", (int64_t)t->events);
    bot__jo_i64(&o, "fills", (int64_t)t->fills);
    bot__jo_i64(&o, "runs", (int64_t)t->runs);
    bot__jo_i64(&o, "raw", (int64_t)t->raw);
    bot__jo_i64(&o, "lost", (int64_t)t->lost);
    if (t->items > 0) {
        bot__jo_i64(&o, "first_wall_ms", t->wall_min / BOT_NS_PER_MS);
        bot__jo_i64(&o, "last_wall_ms", t->wall_max / BOT_NS_PER_MS);
    }
    bot__jo_i64(&o, "damages", (int64_t)t->damages);
    bot__jo_bool(&o, "torn", t->torn);
    bot__jo_bool(&o, "whole", t->damages == 0 && t->lost == 0);
    bot__jo_object_end(&o);
    journal_tool_line(&o);
}

/* Two items that say the same: when they were written and by which process is not compared. */
static bool same(const bot_journal_item *a, const bot_journal_item *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == BOT_JOURNAL_EVENT || a->kind == BOT_JOURNAL_TRADE)
        return memcmp(&a->event, &b->event, sizeof a->event) == 0;
    if (a->kind == BOT_JOURNAL_RAW || a->kind == BOT_JOURNAL_OPTIONS)
        return a->bytes_len == b->bytes_len && memcmp(a->bytes, b->bytes, a->bytes_len) == 0;
    if (a->kind == BOT_JOURNAL_LOST)
        return a->lost.items == b->lost.items;
    return true;
}

static bool compare(bot_journal_reader *a, bot_journal_reader *b, struct totals *ta, struct totals *tb)
{
    bot_journal_item x, y;
    bool equal = true;
    for (;;) {
        const int ea = next_item(a, &x, ta), eb = next_item(b, &y, tb);
        if (ea == 0 && eb == 0)
            return equal;
        const bool differs = ea != eb || !same(&x, &y);
        if (differs && equal) {
            char buf[512];
            struct json_out o;
            bot__jo_init(&o, buf, sizeof buf);
            bot__jo_object(&o, NULL);
            bot__jo_str(&o, "differs", ea == 0 ? "the first ends here" : eb == 0 ? "the second ends here" : "other content");
            bot__jo_i64(&o, "item", (int64_t)((ea ? ta : tb)->items - 1));
            if (ea)
                bot__jo_i64(&o, "record", (int64_t)x.record);
            if (eb)
                bot__jo_i64(&o, "record_other", (int64_t)y.record);
            bot__jo_object_end(&o);
            journal_tool_line(&o);
            equal = false;
        }
        if (ea != eb) { /* count the rest of the longer one */
            while (next_item(ea ? a : b, &x, ea ? ta : tb)) {}
            return false;
        }
    }
}

/* ---- checkpoints: does a replay of the records end where they say? ---------------------------------------------- */

struct to_record {
    struct journal_core core;
    uint64_t record, events;
};

static int to_record_step(void *user_data, const bot_journal_item *item)
{
    struct to_record *p = user_data;
    if (item->record >= p->record)
        return 1;
    const int r = bot__journal_core_pass(&p->core, item);
    p->events += r == 1;
    return r < 0 ? r : 0;
}

/* 1, 0 or an error: does the state after the replay equal the checkpoint's? */
static int replay_and_compare(const char *path, bot_journal_reader *r, const struct checkpoint *c, const bot_core_options *options,
                              struct journal_replay_result *ret_result)
{
    struct to_record p = { .record = c->record };
    struct core_image im;
    int e = bot__journal_core_open_as(&p.core, NULL, path, r, options);
    if (e == BOT_OK && (e = bot__image_init(&im, NULL, p.core.core, &p.core.options, p.core.begin)) == BOT_OK) {
        e = bot__journal_replay(r, UINT64_MAX, false, to_record_step, &p, ret_result);
        if (e == BOT_OK)
            e = bot__checkpoint_same(&im, path, c->record);
        bot__image_done(&im);
    }
    bot__journal_core_close(&p.core);
    return e;
}

/* One line for each; false: one says something else than its records. One that cannot be used is told, and is no error: it will
 * not be used. */
static bool verify_checkpoints(const char *path, bot_journal_reader *r)
{
    uint64_t records[CHECKPOINTS_LISTED];
    const int n = bot__checkpoint_list(&bot__journal_fs, path, records); /* a file has none */
    bool good = true;
    for (int i = 0; i < n; i++) {
        char buf[512];
        struct json_out o;
        struct checkpoint c = { 0 };
        bot_core_options options;
        struct journal_replay_result result = { 0 };
        int e = bot__checkpoint_read(&bot__journal_fs, path, records[i], r, &c, &options);
        if (e == BOT_OK)
            e = replay_and_compare(path, r, &c, &options, &result);
        const bool over_damage = e == 0 && result.damages != c.damages; /* it was made when they could still be read */
        const char *says = e == 1 ? "equals the records" : over_damage ? "cannot be checked: records before it are damaged since"
                         : e == 0 ? "differs from the records" : e == BOT_ERR_VERSION ? "not used: another version of the library made it"
                         : e == BOT_ERR_CONFLICT ? "not used: it does not belong to these records"
                         : e == BOT_ERR_CHECKSUM ? "not used: it is damaged" : bot_strerror(e);
        good &= e != 0 || over_damage;
        bot__jo_init(&o, buf, sizeof buf);
        bot__jo_object(&o, NULL);
        bot__jo_i64(&o, "checkpoint", (int64_t)records[i]);
        bot__jo_str(&o, "says", says);
        if (e >= 0)
            bot__jo_i64(&o, "events", (int64_t)c.events);
        bot__jo_object_end(&o);
        journal_tool_line(&o);
    }
    return good;
}

static int run(int argc, char **argv)
{
    struct journal_args args;
    struct totals t[2] = { 0 };
    int e = journal_args_read("verify", "2", argc, argv, &args);
    if (e != 0)
        return e;
    bot_journal_reader *r = journal_tool_open("verify", args.path), *other = NULL;
    if (r == NULL)
        return EXIT_FOUND_WRONG;
    if (args.path_other != NULL && (other = journal_tool_open("verify", args.path_other)) == NULL) {
        bot_journal_close_read(r);
        return EXIT_FOUND_WRONG;
    }
    bool good = true;
    bot_journal_item item;
    if (other != NULL)
        good = compare(r, other, &t[0], &t[1]);
    else
        while (next_item(r, &item, &t[0])) {}
    good &= verify_checkpoints(args.path, r);
    print_totals(args.path, r, &t[0]);
    if (other != NULL)
        print_totals(args.path_other, other, &t[1]);
    for (int i = 0; i < 2; i++)
        good &= t[i].damages == 0 && t[i].lost == 0;
    bot_journal_close_read(r);
    bot_journal_close_read(other);
    return good ? 0 : EXIT_FOUND_WRONG;
}

const struct command command_verify = {
    "verify", "JOURNAL [OTHER]", "checks a journal's checksums, order and totals, or compares two",
    "JOURNAL is a journal's directory, one of its segments, a market file, or a slice of either that is\n"
    "aligned to records. Each damaged place is one line:\n"
    "  {\"damage\":\"checksum\",\"segment\":3,\"offset\":5376,\"record\":20,...}\n"
    "and the last line holds the totals. A torn end (the last write was cut off) is told, and is no\n"
    "error: opening the journal for writing drops it. A checkpoint of the state is one line: does a\n"
    "replay of the records give the same? One that does not fit (damage, another version) is not used\n"
    "when the journal is opened, and is no error; delete it, or let the next one push it out.\n"
    "With OTHER the two are compared item by item; the first difference is one line.\n"
    "Exit status 1: damage, events lost, a checkpoint that says something else than its records, or a\n"
    "difference.\n",
    run,
};
