#include "journal/replay.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/json.h"
#include "core/image.h"
#include "journal/exec.h"
#include "journal/index.h"
#include "journal/reader.h"
#include "journal/segment.h"
#include "journal/writer_state.h"

static void note_hole(struct journal_replay_result *r, int64_t venue_ns)
{
    if (!r->hole)
        r->hole_venue_ns = venue_ns;
    if (!r->untold)
        r->untold_venue_ns = venue_ns;
    r->hole = r->untold = true;
}

int bot__journal_replay(bot_journal_reader *reader, uint64_t until_record, bool stop_at_damage, journal_step_fn step,
                        void *user_data, struct journal_replay_result *ret)
{
    bot_journal_item item;
    bot_journal_place place;
    int64_t venue_ns = 0;
    *ret = (struct journal_replay_result){ 0 };
    for (;;) {
        int e = bot_journal_next(reader, &item, &place);
        if (e == 0)
            return BOT_OK;
        if (e == BOT_ERR_IO || e == BOT_ERR_NOMEM || e == BOT_ERR_VERSION)
            return e;
        if (e < 0) {
            if (ret->damages++ == 0)
                ret->damage = place;
            note_hole(ret, venue_ns);
            if (stop_at_damage)
                return e;
            continue;
        }
        if (item.record_end >= until_record)
            return BOT_OK;
        e = step(user_data, &item);
        if (e != 0) /* what it was stopped at was not taken */
            return e < 0 ? e : BOT_OK;
        if (item.kind == BOT_JOURNAL_LOST)
            note_hole(ret, venue_ns);
        if (item.kind == BOT_JOURNAL_EVENT && item.event.kind == BOT_EV_GAP && item.event.source == BOT_SOURCE_JOURNAL)
            ret->told = true, ret->untold = false;
        else if (item.kind == BOT_JOURNAL_EVENT && item.event.venue_ns != 0)
            venue_ns = item.event.venue_ns;
        ret->items++;
        ret->events += item.kind == BOT_JOURNAL_EVENT;
        ret->lost += item.kind == BOT_JOURNAL_LOST ? item.lost.items : 0;
        ret->record_end = item.record_end + 1;
        ret->ts_last = item.ts > ret->ts_last ? item.ts : ret->ts_last;
        if (item.kind == BOT_JOURNAL_RUN)
            ret->run_wall_ns = item.run.wall_ns, ret->run_ts = item.ts;
    }
}

/* ---- options ------------------------------------------------------------------------------------------------ */

/* Every number of bot_core_options but its own size. A field that is missing here would be missing in every replay: the unit
 * test sets each byte of the struct and wants it back. */
#define OPTIONS_LIST(X)                                                                                                   \
    X(venue.has_fills_channel) X(venue.has_client_ids) X(venue.has_amend) X(venue.has_reduce_only) X(venue.has_dead_man)   \
    X(venue.has_position_seq) X(venue.positions_omit_flat) X(venue.fills_per_instrument) X(venue.absence_bound_ns)         \
    X(venue.order_unknown_ns) X(venue.position_time_slack_ns) X(venue.client_id_max) X(instruments_max) X(orders_max)      \
    X(bots_max) X(fills_seen_max) X(path_steps_max) X(effects_max) X(hedge) X(private_lease_ns)                            \
    X(reconciled_lease_ns) X(reconciled_flat_ns) X(rest_lease_ns) X(public_lease_ns) X(clock_lease_ns)                     \
    X(clock_offset_max_ns) X(hold_down_ns) X(agree_reads_min) X(read_every_ns) X(read_every_flat_ns) X(read_after_fill_ns) \
    X(read_retry_ns) X(read_deadline_ns) X(orders_every_ns) X(grace_ns) X(stale_window_ns) X(drift_reads_min)              \
    X(drift_span_ns) X(backfills_max) X(backfill_overlap_ns) X(adopt_reads_min) X(start_adopt) X(drift_policy)             \
    X(manual_policy) X(shut_policy) X(order_unknown_latch_ns) X(order_query_every_ns) X(rejects_max)                       \
    X(reference_age_max_ns) X(dead_man_ns) X(session_id)

int bot__core_options_format(const bot_core_options *o, char *buf, size_t size)
{
    size_t len = 0;
    int n;
#define PRINT(field)                                                                                   \
    n = snprintf(buf + len, size - len, "%s=%lld\n", #field, (long long)o->field);                     \
    if (n < 0 || (size_t)n >= size - len)                                                              \
        return BOT_ERR_FULL;                                                                           \
    len += (size_t)n;
    OPTIONS_LIST(PRINT)
#undef PRINT
    n = snprintf(buf + len, size - len, "venue.client_id_alphabet=%.*s\n", (int)sizeof o->venue.client_id_alphabet - 1,
                 o->venue.client_id_alphabet);
    if (n < 0 || (size_t)n >= size - len)
        return BOT_ERR_FULL;
    return (int)(len + (size_t)n);
}

static bool parse_i64(const char *p, size_t len, int64_t *ret)
{
    const bool minus = len > 0 && p[0] == '-';
    uint64_t v = 0;
    if (len == minus || len > 20)
        return false;
    for (size_t i = minus; i < len; i++) {
        if (p[i] < '0' || p[i] > '9' || __builtin_mul_overflow(v, UINT64_C(10), &v) ||
            __builtin_add_overflow(v, (uint64_t)(p[i] - '0'), &v))
            return false;
    }
    *ret = (int64_t)(minus ? 0 - v : v);
    return true;
}

static int set_option(bot_core_options *o, const char *name, size_t name_len, const char *value, size_t value_len)
{
    static const char alphabet[] = "venue.client_id_alphabet";
    if (name_len == sizeof alphabet - 1 && memcmp(name, alphabet, name_len) == 0) {
        if (value_len >= sizeof o->venue.client_id_alphabet)
            return BOT_ERR_MALFORMED;
        memset(o->venue.client_id_alphabet, 0, sizeof o->venue.client_id_alphabet);
        memcpy(o->venue.client_id_alphabet, value, value_len);
        return BOT_OK;
    }
    int64_t v;
    if (!parse_i64(value, value_len, &v))
        return BOT_ERR_MALFORMED;
#define SET(field)                                                                                     \
    if (name_len == sizeof #field - 1 && memcmp(name, #field, name_len) == 0) {                        \
        o->field = (__typeof__(o->field))v;                                                            \
        return (int64_t)o->field == v ? BOT_OK : BOT_ERR_MALFORMED;                                    \
    }
    OPTIONS_LIST(SET)
#undef SET
    return BOT_ERR_UNSUPPORTED;
}

int bot__core_options_parse(const char *text, size_t len, bot_core_options *ret)
{
    bot_core_options o;
    bot_core_options_init(&o);
    for (const char *p = text, *end = text + len; p < end;) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        const char *equals = line_end != NULL ? memchr(p, '=', (size_t)(line_end - p)) : NULL;
        if (equals == NULL)
            return BOT_ERR_MALFORMED;
        int e = set_option(&o, p, (size_t)(equals - p), equals + 1, (size_t)(line_end - equals - 1));
        if (e != BOT_OK)
            return e;
        p = line_end + 1;
    }
    *ret = o;
    return BOT_OK;
}

int bot__journal_begin(bot_journal_reader *reader, bot_ts *ret_ts)
{
    bot_journal_item item;
    int e = bot_journal_seek_record(reader, 0);
    if (e != BOT_OK)
        return e;
    while ((e = bot_journal_next(reader, &item, NULL)) != 0 && e != BOT_ERR_IO && e != BOT_ERR_NOMEM)
        if (e == 1 && (item.kind == BOT_JOURNAL_OPTIONS || item.kind == BOT_JOURNAL_EVENT)) {
            *ret_ts = item.ts;
            return bot_journal_seek_record(reader, 0);
        }
    (void)bot_journal_seek_record(reader, 0);
    return e == 0 ? BOT_ERR_NOT_FOUND : e;
}

int bot__journal_options_at(bot_journal_reader *reader, uint64_t record, bot_core_options *ret)
{
    bot_journal_item item;
    bool found = false;
    int bad = BOT_OK, e = bot_journal_seek_record(reader, 0);
    if (e != BOT_OK)
        return e;
    while ((e = bot_journal_next(reader, &item, NULL)) != 0 && e != BOT_ERR_IO && e != BOT_ERR_NOMEM) {
        if (e != 1)
            continue;
        if (found && item.record_end >= record)
            break;
        if (item.kind == BOT_JOURNAL_OPTIONS) {
            bad = bot__core_options_parse((const char *)item.bytes, item.bytes_len, ret);
            found = true;
        }
    }
    if (e == BOT_ERR_IO || e == BOT_ERR_NOMEM)
        return e;
    (void)bot_journal_seek_record(reader, 0);
    return found ? bad : BOT_ERR_NOT_FOUND;
}

/* ---- older fills -------------------------------------------------------------------------------------------- */

/* What has been stepped on is what the files hold before the record of the newest item seen, and in that record the items
 * seen so far. So replaying needs no memory of its own for ids, and pays for them only when it is asked. */
#define SEEN_IN_RECORD_MAX (JOURNAL_PAYLOAD_SIZE / 8)

struct seen {
    uint64_t record;
    bot_exec_key execs[SEEN_IN_RECORD_MAX]; /* in it */
    uint32_t execs_n;
    bool     listed;
    uint32_t *segments, segments_n;    /* those that have an index */
    struct index_table table;          /* the others: mostly the last, of bounded size */
};

void bot__journal_older_init(struct journal_older *o, const struct journal_fs *fs, const char *path)
{
    *o = (struct journal_older){ .fs = fs != NULL ? fs : &bot__journal_fs, .path = path };
}

static struct seen *seen_of(struct journal_older *o)
{
    if (o->seen == NULL)
        o->seen = o->fs->alloc(o->fs->self, sizeof(struct seen));
    return o->seen;
}

int bot__journal_older_from(struct journal_older *o, uint64_t record)
{
    struct seen *s = seen_of(o);
    if (s == NULL)
        return BOT_ERR_NOMEM;
    s->record = record;
    s->execs_n = 0;
    return BOT_OK;
}

int bot__journal_older_see(struct journal_older *o, const bot_journal_item *item)
{
    if (item->kind != BOT_JOURNAL_EVENT || (item->event.kind != BOT_EV_FILL && item->event.kind != BOT_EV_FUNDING))
        return BOT_OK;
    struct seen *s = seen_of(o);
    if (s == NULL)
        return BOT_ERR_NOMEM;
    if (s->record != item->record)
        s->execs_n = 0;
    s->record = item->record;
    BOT_ASSERT(s->execs_n < SEEN_IN_RECORD_MAX);
    s->execs[s->execs_n++] = bot__exec_key_of(&item->event);
    return BOT_OK;
}

void bot__journal_older_live(struct journal_older *o, struct journal *live)
{
    struct seen *s = o->seen;
    if (s != NULL) { /* only then has o->fs been used */
        bot__index_release(o->fs, &s->table);
        o->fs->release(o->fs->self, s->segments);
        o->fs->release(o->fs->self, s);
    }
    o->seen = NULL;
    o->live = live;
}

/* At the first question: which segments have an index, and the ids of those that have none. */
static int list_segments(const struct journal_older *o, struct seen *s)
{
    char path[JOURNAL_PATH_MAX];
    uint32_t *segments = NULL, n = 0, kept = 0;
    bot__index_release(o->fs, &s->table); /* of a try that failed */
    o->fs->release(o->fs->self, s->segments);
    s->segments = NULL;
    s->segments_n = 0;
    int e = bot__segment_list(o->fs, o->path, &segments, &n);
    for (uint32_t i = 0; i < n && e == BOT_OK; i++) {
        struct index_facts facts;
        if (bot__segment_facts(o->fs, o->path, segments[i], &facts) == BOT_OK) {
            segments[kept++] = segments[i];
        } else {
            bot__segment_path(o->path, segments[i], "journal", path);
            e = bot__journal_index_segment(o->fs, path, &s->table, NULL);
        }
    }
    s->segments = segments;
    s->segments_n = kept;
    s->listed = e == BOT_OK;
    return e;
}

/* Is one of these records, all of this id, of the execution itself, or only of the other side of its self-trade? 1, 0, or an error. */
static int told_in(const struct journal_older *o, const uint64_t *records, int n, uint64_t before, uint16_t kind, const bot_exec_key *exec)
{
    bot_journal_reader *r = NULL;
    bot_journal_item item;
    int e = bot__journal_open_read(o->fs, o->path, NULL, NULL, &r, NULL), told = 0;
    for (int i = 0; i < n && e == BOT_OK && told == 0; i++) {
        /* A segment keeps so many records of one id: behind the last of a full list more may stand. */
        const uint64_t end = n == INDEX_PER_KEY_MAX && i == n - 1 ? before : records[i] + 1;
        if (records[i] >= before)
            continue;
        e = bot_journal_seek_record(r, records[i]);
        bool there = false; /* what its index has named and what is damaged or gone is so for ever: it may have been either side */
        while (e == BOT_OK && told == 0) {
            const int got = bot_journal_next(r, &item, NULL);
            if (got == BOT_ERR_IO || got == BOT_ERR_NOMEM) {
                e = got;
            } else if (got == 0 || (got == 1 && item.record >= end)) {
                told = !there;
                break;
            } else {
                there |= got == 1;
                told = got < 0 ? end == records[i] + 1 : item.kind == BOT_JOURNAL_EVENT && bot__exec_is(exec, kind, &item.event);
            }
        }
        if (e == BOT_ERR_NOT_FOUND) {
            told = 1;
            e = BOT_OK;
        }
    }
    if (r != NULL)
        bot_journal_close_read(r);
    return e < 0 ? e : told;
}

/* What cannot be read says yes: a fill counted twice is worse than one that is asked about. */
static bool any_before(struct journal_older *o, const uint64_t *records, int n, uint64_t before, uint16_t kind, const bot_exec_key *exec)
{
    bool any = n < 0;
    o->guessed |= n < 0;
    for (int i = 0; i < n; i++)
        any |= records[i] < before;
    if (!any || n < 0 || exec->side == BOT_SIDE_NONE || exec->order_id.len == 0)
        return any;
    const int told = told_in(o, records, n, before, kind, exec);
    o->guessed |= told < 0;
    return told != 0;
}

static bool in_files(struct journal_older *o, struct seen *s, uint16_t kind, const bot_exec_key *exec)
{
    const uint64_t key = bot__index_key(kind, &exec->instrument, &exec->exec_id);
    char path[JOURNAL_PATH_MAX];
    uint64_t records[INDEX_PER_KEY_MAX];
    if (!s->listed && list_segments(o, s) != BOT_OK) {
        o->guessed = true;
        return true;
    }
    if (any_before(o, records, bot__index_lookup(&s->table, key, records), s->record, kind, exec))
        return true;
    for (uint32_t i = s->segments_n; i-- > 0;) {
        bot__segment_path(o->path, s->segments[i], "index", path);
        int n = bot__index_find(o->fs, path, key, records);
        if (n < 0) { /* damaged after all, or not to be read: its segment is read once, from end to end */
            bot__segment_path(o->path, s->segments[i], "journal", path);
            n = bot__journal_index_segment(o->fs, path, &s->table, NULL);
            s->segments[i] = s->segments[--s->segments_n];
            if (n == BOT_OK)
                n = bot__index_lookup(&s->table, key, records);
        }
        if (any_before(o, records, n, s->record, kind, exec))
            return true;
    }
    return false;
}

static struct journal_doubt *doubt_of(struct journal_older *o, const bot_exec_key *exec)
{
    for (int i = 0; i < JOURNAL_DOUBTS_MAX; i++)
        if (o->doubts[i].exec.exec_id.len != 0 && bot__exec_same(&o->doubts[i].exec, exec))
            return &o->doubts[i];
    return NULL;
}

/* The event that asks stands in the journal already and is not applied: it must not answer for itself when it comes again. */
static void doubt(struct journal_older *o, struct journal_doubt *d, const struct journal_execs *execs, const bot_exec_key *exec)
{
    o->guessed = true;
    for (int i = 0; i < JOURNAL_DOUBTS_MAX && d == NULL; i++)
        if (o->doubts[i].exec.exec_id.len == 0) {
            d = &o->doubts[i];
            *d = (struct journal_doubt){ .exec = *exec };
        }
    if (d == NULL)
        return;
    d->fills += execs->newest_kind == BOT_EV_FILL;
    d->fundings += execs->newest_kind == BOT_EV_FUNDING;
    d->appended = execs->appended;
}

static bool in_live(struct journal_older *o, const bot_exec_key *exec)
{
    struct journal_doubt *d = doubt_of(o, exec);
    const struct journal_execs execs = bot__journal_execs(o->live, exec);
    int fill = BOT_ERR_IO, funding = BOT_ERR_IO;
    if (d == NULL || execs.written >= d->appended) { /* else some of those that do not count are not among what is counted */
        fill = bot__journal_has_exec_but(o->live, BOT_EV_FILL, exec, d != NULL ? d->fills : 0);
        funding = fill > 0 ? 0 : bot__journal_has_exec_but(o->live, BOT_EV_FUNDING, exec, d != NULL ? d->fundings : 0);
    }
    if (fill > 0 || funding > 0 || (fill == 0 && funding == 0)) {
        if (d != NULL) d->exec.exec_id = (bot_id){ 0 };
        return fill > 0 || funding > 0;
    }
    doubt(o, d, &execs, exec);
    return true;
}

bool bot__journal_older_fill(void *older, const bot_exec_key *exec)
{
    struct journal_older *o = older;
    if (o->live != NULL)
        return in_live(o, exec);
    struct seen *s = o->seen;
    if (s == NULL)
        return false;
    for (uint32_t i = 0; i < s->execs_n; i++)
        if (bot__exec_same(&s->execs[i], exec))
            return true;
    return in_files(o, s, BOT_EV_FILL, exec) || in_files(o, s, BOT_EV_FUNDING, exec);
}

/* ---- a core of its own -------------------------------------------------------------------------------------- */

int bot__journal_core_open_as(struct journal_core *jc, const struct journal_fs *fs, const char *path, bot_journal_reader *reader,
                              const bot_core_options *options)
{
    *jc = (struct journal_core){ .fs = fs != NULL ? fs : &bot__journal_fs, .options = *options };
    int e = bot__journal_begin(reader, &jc->begin);
    if (e != BOT_OK)
        return e;
    bot__journal_older_init(&jc->older, jc->fs, path);
    jc->options.older_fill = bot__journal_older_fill;
    jc->options.user_data = &jc->older;
    const size_t size = bot_core_size(&jc->options);
    if (size == 0)
        return BOT_ERR_UNSUPPORTED;
    jc->memory = jc->fs->alloc(jc->fs->self, size + 63);
    if (jc->memory == NULL)
        return BOT_ERR_NOMEM;
    jc->core = bot_core_init((void *)(((uintptr_t)jc->memory + 63) & ~(uintptr_t)63), &jc->options, jc->begin);
    BOT_ASSERT(jc->core != NULL);
    return BOT_OK;
}

int bot__journal_core_open(struct journal_core *jc, const struct journal_fs *fs, const char *path, bot_journal_reader *reader,
                           uint64_t record)
{
    bot_core_options o;
    *jc = (struct journal_core){ .fs = fs != NULL ? fs : &bot__journal_fs };
    const int e = bot__journal_options_at(reader, record, &o);
    return e == BOT_OK ? bot__journal_core_open_as(jc, fs, path, reader, &o) : e;
}

int bot__journal_core_resume(struct journal_core *jc, uint64_t record, int64_t run_wall_ns, bot_ts run_ts)
{
    jc->run_wall_ns = run_wall_ns;
    jc->run_ts = run_ts;
    return bot__journal_older_from(&jc->older, record);
}

static int core_take(struct journal_core *jc, const bot_journal_item *item, bool quietly)
{
    if (item->kind == BOT_JOURNAL_RUN) {
        jc->run_wall_ns = item->run.wall_ns;
        jc->run_ts = item->ts;
    }
    if (item->kind != BOT_JOURNAL_EVENT)
        return 0;
    jc->r = quietly ? bot__core_step_quietly(jc->core, &item->event) : bot_core_step(jc->core, &item->event);
    int e = bot__journal_older_see(&jc->older, item);
    return e < 0 ? e : 1;
}

int bot__journal_core_step(struct journal_core *jc, const bot_journal_item *item) { return core_take(jc, item, false); }
int bot__journal_core_pass(struct journal_core *jc, const bot_journal_item *item) { return core_take(jc, item, true); }

void bot__journal_core_close(struct journal_core *jc)
{
    bot__journal_older_live(&jc->older, NULL);
    if (jc->fs != NULL)
        jc->fs->release(jc->fs->self, jc->memory);
    jc->memory = NULL;
    jc->core = NULL;
}
