/* Opening a journal for appending: whose it is, where it ends, what of its end is whole. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "journal/reader.h"
#include "journal/writer_state.h"

#define SCAN_SIZE (256 * 1024)

static int fail(struct journal_recovery *ret, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fail(struct journal_recovery *ret, int err, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(ret->text, sizeof ret->text, format, ap);
    va_end(ap);
    return err;
}

int bot__journal_add_sealed(struct journal *j, struct sealed s)
{
    if (j->sealed_n == j->sealed_room) {
        const uint32_t room = j->sealed_room == 0 ? 64 : j->sealed_room * 2;
        struct sealed *p = j->fs->alloc(j->fs->self, room * sizeof *p);
        if (p == NULL)
            return BOT_ERR_NOMEM;
        if (j->sealed_n > 0)
            memcpy(p, j->sealed, j->sealed_n * sizeof *p);
        j->fs->release(j->fs->self, j->sealed);
        j->sealed = p;
        j->sealed_room = room;
    }
    j->sealed[j->sealed_n++] = s;
    return BOT_OK;
}

int bot__journal_begin_segment(struct journal *j)
{
    char path[JOURNAL_PATH_MAX], path_new[JOURNAL_PATH_MAX];
    uint8_t buf[JOURNAL_HEADER_SIZE];
    bot__segment_path(j->path, j->header.segment, "journal", path);
    bot__segment_path(j->path, j->header.segment, "new", path_new);
    bot__journal_header_encode(&j->header, buf);
    int fd = j->fs->open(j->fs->self, path_new, JOURNAL_WRITE | JOURNAL_CREATE | JOURNAL_FRESH);
    if (fd < 0)
        return BOT_ERR_IO;
    /* The file gets its name when its header is on the disk: a segment with a name always has a header. */
    if (bot__fs_write_all(j->fs, fd, buf, sizeof buf, 0) != 0 || j->fs->sync(j->fs->self, fd) != 0 ||
        j->fs->rename(j->fs->self, path_new, path) != 0 || j->fs->sync_dir(j->fs->self, j->path) != 0) {
        const int e = errno;
        j->fs->close(j->fs->self, fd);
        errno = e;
        return BOT_ERR_IO;
    }
    if (j->fd >= 0)
        j->fs->close(j->fs->self, j->fd);
    j->fd = fd;
    j->file_records = 0;
    j->wall_min = INT64_MAX;
    j->wall_max = INT64_MIN;
    atomic_store(&j->segment_now, j->header.segment);
    atomic_fetch_add(&j->segments, 1);
    return BOT_OK;
}

int bot__journal_index_segment(const struct journal_fs *fs, const char *path, struct index_table *t, bot_ts *ret_ts_max)
{
    bot_journal_reader *r;
    bot_journal_item item;
    int e = bot__journal_open_read(fs, path, NULL, NULL, &r, NULL);
    if (e == BOT_ERR_MALFORMED) /* nothing in it */
        return BOT_OK;
    if (e != BOT_OK)
        return e;
    while ((e = bot_journal_next(r, &item, NULL)) != 0 && e != BOT_ERR_IO && e != BOT_ERR_NOMEM) {
        if (e == 1 && ret_ts_max != NULL && item.ts > *ret_ts_max)
            *ret_ts_max = item.ts;
        if (e != 1 || item.kind != BOT_JOURNAL_EVENT || (item.event.kind != BOT_EV_FILL && item.event.kind != BOT_EV_FUNDING))
            continue;
        const bot_id *id = item.event.kind == BOT_EV_FILL ? &item.event.fill.exec_id : &item.event.funding.exec_id;
        e = bot__index_add(fs, t, bot__index_key(item.event.kind, &item.event.instrument, id), item.record);
        if (e != BOT_OK)
            break;
    }
    bot_journal_close_read(r);
    return e == 1 ? BOT_OK : e;
}

static int take_lock(struct journal *j, struct journal_recovery *ret)
{
    char path[JOURNAL_PATH_MAX], text[32];
    if (j->fs->mkdir(j->fs->self, j->path) != 0)
        return fail(ret, BOT_ERR_IO, "%s cannot be made: %s", j->path, strerror(errno));
    snprintf(path, sizeof path, "%.*s/lock", JOURNAL_PATH_MAX - 8, j->path);
    j->lock_fd = j->fs->open(j->fs->self, path, JOURNAL_WRITE | JOURNAL_CREATE);
    if (j->lock_fd < 0)
        return fail(ret, BOT_ERR_IO, "%s cannot be opened: %s", path, strerror(errno));
    if (j->fs->lock(j->fs->self, j->lock_fd) != 0) {
        if (errno != EWOULDBLOCK)
            return fail(ret, BOT_ERR_IO, "%s cannot be locked: %s", path, strerror(errno));
        ssize_t n = bot__fs_read_all(j->fs, j->lock_fd, text, sizeof text - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return fail(ret, BOT_ERR_LOCKED, "%s is being written by another process (%s); stop it, or give this bot a path of its own",
                    j->path, text[0] != '\0' ? text : "unknown");
    }
    /* Who holds it, for the message above only: a failure here harms nothing. */
    int n = snprintf(text, sizeof text, "pid %llu\n", (unsigned long long)j->fs->pid(j->fs->self));
    if (j->fs->truncate(j->fs->self, j->lock_fd, 0) == 0)
        (void)bot__fs_write_all(j->fs, j->lock_fd, text, (size_t)n, 0);
    return BOT_OK;
}

static int check_owner(struct journal *j, const struct journal_header *h, struct journal_recovery *ret)
{
    if (h->content != JOURNAL_CONTENT_EVENTS)
        return fail(ret, BOT_ERR_CONFLICT, "%s holds market data, not a journal; give the journal a path of its own", j->path);
    if (strcmp(h->venue, j->venue) != 0 || strcmp(h->account, j->account) != 0)
        return fail(ret, BOT_ERR_CONFLICT, "%s belongs to account %s at %s, not to %s at %s; give each account a path of its own",
                    j->path, h->account, h->venue, j->account, j->venue);
    return BOT_OK;
}

/* One segment that is not the last: its index says all that is needed of it; without one it is made again. */
static int recover_sealed(struct journal *j, uint32_t segment, uint8_t *buf, struct journal_recovery *ret, struct index_facts *f)
{
    char path[JOURNAL_PATH_MAX], path_new[JOURNAL_PATH_MAX], path_index[JOURNAL_PATH_MAX];
    if (bot__segment_facts(j->fs, j->path, segment, f) == BOT_OK)
        return bot__journal_add_sealed(j, (struct sealed){ segment, true, f->first_record });
    bot__segment_path(j->path, segment, "journal", path);
    bot__segment_path(j->path, segment, "index", path_index);
    bot__segment_path(j->path, segment, "index.new", path_new);
    int fd = j->fs->open(j->fs->self, path, JOURNAL_READ);
    if (fd < 0)
        return fail(ret, BOT_ERR_IO, "%s cannot be read: %s", path, strerror(errno));
    struct segment_scan scan;
    int e = bot__segment_scan(j->fs, fd, buf, SCAN_SIZE, &scan);
    j->fs->close(j->fs->self, fd);
    if (e != BOT_OK)
        return fail(ret, e, "%s cannot be read: %s", path, strerror(errno));
    if (scan.header_err == BOT_ERR_VERSION)
        return fail(ret, scan.header_err, "%s was written by a newer libbot; run that version or a later one", path);
    *f = (struct index_facts){ segment, scan.crc_end, scan.number_first, scan.number_end - scan.number_first,
                               scan.header.journal_id, 0, scan.wall_min, scan.wall_max };
    if ((scan.header_err != BOT_OK || scan.end != scan.size) && ret->damage.damage == BOT_DAMAGE_NONE) {
        ret->damage = (bot_journal_place){ scan.header_err != BOT_OK ? BOT_DAMAGE_HEADER : BOT_DAMAGE_CHECKSUM, segment,
                                           scan.header_err != BOT_OK ? 0 : scan.end, scan.number_first + scan.records, 0, "" };
        snprintf(ret->damage.text, sizeof ret->damage.text, "segment %u is damaged; `botctl verify` names the places", segment);
    }
    struct index_table t = { 0 };
    e = bot__journal_index_segment(j->fs, path, &t, NULL);
    if (e == BOT_OK) {
        /* Without the index the segment is searched from end to end: slower, not wrong. */
        const bool written = bot__index_write(j->fs, path_new, path_index, f, &t) == BOT_OK;
        ret->indexes_rebuilt += written;
        e = bot__journal_add_sealed(j, (struct sealed){ segment, written, f->first_record });
    }
    bot__index_release(j->fs, &t);
    return e == BOT_OK ? e : fail(ret, e, "%s: %s", path, bot_strerror(e));
}

/* Raises ts_last to the newest time in the newest of these segments of which anything can be read. */
static int find_time(struct journal *j, const uint32_t *segments, uint32_t n, bot_ts *ts_last)
{
    char path[JOURNAL_PATH_MAX];
    bot_ts found = 0;
    int e = BOT_OK;
    while (n-- > 0 && found == 0 && (e == BOT_OK || e == BOT_ERR_VERSION)) {
        struct index_table passed = { 0 };
        bot__segment_path(j->path, segments[n], "journal", path);
        e = bot__journal_index_segment(j->fs, path, &passed, &found);
        bot__index_release(j->fs, &passed);
    }
    *ts_last = found > *ts_last ? found : *ts_last;
    return e == BOT_ERR_VERSION ? BOT_OK : e;
}

/* The last segment: cut its torn tail and go on in it, or, if it is damaged, keep it as it is and begin another. before: the last one
 * with records before it, or NULL. */
static int recover_last(struct journal *j, const uint32_t *segments, uint32_t n, uint8_t *buf, const struct index_facts *before,
                        struct journal_recovery *ret)
{
    const uint32_t segment = segments[n - 1];
    char path[JOURNAL_PATH_MAX];
    struct segment_scan scan;
    bot__segment_path(j->path, segment, "journal", path);
    int fd = j->fs->open(j->fs->self, path, JOURNAL_WRITE);
    if (fd < 0)
        return fail(ret, BOT_ERR_IO, "%s cannot be opened: %s", path, strerror(errno));
    int e = bot__segment_scan(j->fs, fd, buf, SCAN_SIZE, &scan);
    if (e != BOT_OK) {
        j->fs->close(j->fs->self, fd);
        return fail(ret, e, "%s cannot be read: %s", path, strerror(errno));
    }
    if (scan.header_err == BOT_ERR_VERSION) {
        j->fs->close(j->fs->self, fd);
        return fail(ret, scan.header_err, "%s was written by a newer libbot; run that version or a later one", path);
    }
    if (scan.header_err == BOT_OK && (e = check_owner(j, &scan.header, ret)) != BOT_OK) {
        j->fs->close(j->fs->self, fd);
        return e;
    }
    ret->ts_last = scan.ts_max;
    const bool damaged = scan.header_err != BOT_OK || scan.valid_behind;
    if (damaged) {
        j->fs->close(j->fs->self, fd);
        if (ret->damage.damage == BOT_DAMAGE_NONE) {
            ret->damage = (bot_journal_place){ scan.header_err != BOT_OK ? BOT_DAMAGE_HEADER : BOT_DAMAGE_CHECKSUM, segment,
                                               scan.header_err != BOT_OK ? 0 : scan.end, scan.number_first + scan.records, 0, "" };
            snprintf(ret->damage.text, sizeof ret->damage.text,
                     "segment %u is damaged at byte %llu; it is kept as it is, `botctl verify` says more", segment,
                     (unsigned long long)ret->damage.offset);
        }
        /* Nothing readable in it: numbers go on from the segment before. */
        if (scan.header_err != BOT_OK && scan.number_end == 0 && before != NULL)
            scan.number_end = before->first_record + before->records, scan.crc_end = before->crc_last;
        e = bot__journal_add_sealed(j, (struct sealed){ segment, false, scan.number_first });
        if (e != BOT_OK)
            return fail(ret, e, "%s", bot_strerror(e));
        /* What can be read behind the damage is replayed: the new run's time must not begin before it. */
        if ((e = find_time(j, segments, n, &ret->ts_last)) != BOT_OK)
            return fail(ret, e, "%s: %s", path, bot_strerror(e));
        if (scan.header_err == BOT_OK)
            j->header.journal_id = scan.header.journal_id;
        j->header.segment = segment + 1;
        j->header.first_record = scan.number_end;
        j->header.chain_in = j->crc_last = scan.crc_end;
        if (bot__journal_begin_segment(j) != BOT_OK)
            return fail(ret, BOT_ERR_IO, "a new segment cannot be made in %s: %s", j->path, strerror(errno));
        return BOT_OK;
    }
    if (scan.size > scan.end) {
        if (j->fs->truncate(j->fs->self, fd, scan.end) != 0 || j->fs->sync(j->fs->self, fd) != 0) {
            const int err = errno;
            j->fs->close(j->fs->self, fd);
            return fail(ret, BOT_ERR_IO, "the torn end of %s cannot be cut: %s", path, strerror(err));
        }
        ret->torn_bytes = scan.size - scan.end;
    }
    j->fd = fd;
    j->header = scan.header;
    j->file_records = scan.records;
    j->crc_last = scan.crc_last;
    j->wall_min = scan.wall_min;
    j->wall_max = scan.wall_max;
    atomic_store(&j->segment_now, segment);
    e = bot__journal_index_segment(j->fs, path, &j->table, &ret->ts_last);
    if (e == BOT_OK && scan.records == 0) /* its header may be of before the offset was known */
        e = find_time(j, segments, n - 1, &ret->ts_last);
    return e == BOT_OK ? e : fail(ret, e, "%s: %s", path, bot_strerror(e));
}

static int recover_all(struct journal *j, const uint32_t *segments, uint32_t n, uint8_t *buf, struct journal_recovery *ret)
{
    struct index_facts facts, before = { 0 };
    for (uint32_t i = 0; i + 1 < n; i++) {
        int e = recover_sealed(j, segments[i], buf, ret, &facts);
        if (e != BOT_OK)
            return e;
        const bool torn_apart = before.records > 0 && facts.first_record != before.first_record + before.records;
        if ((torn_apart || segments[i + 1] != segments[i] + 1) && ret->damage.damage == BOT_DAMAGE_NONE) {
            ret->damage = (bot_journal_place){ BOT_DAMAGE_MISSING, segments[i], 0, facts.first_record, 0, "" };
            snprintf(ret->damage.text, sizeof ret->damage.text, "records are missing around segment %u", segments[i]);
        }
        before = facts.records > 0 ? facts : before;
    }
    return recover_last(j, segments, n, buf, before.records > 0 ? &before : NULL, ret);
}

int bot__journal_recover(struct journal *j, struct journal_recovery *ret)
{
    uint32_t *segments = NULL, n = 0;
    int e = take_lock(j, ret);
    if (e != BOT_OK)
        return e;
    e = bot__segment_list(j->fs, j->path, &segments, &n);
    if (e != BOT_OK)
        return fail(ret, e, "%s cannot be read: %s", j->path, strerror(errno));

    const int64_t wall = j->fs->wall(j->fs->self), now = j->fs->now(j->fs->self);
    j->header = (struct journal_header){ .content = JOURNAL_CONTENT_EVENTS, .segment = 1, .created_wall_ns = wall, .created = now,
                                         .library = "libbot " BOT_VERSION };
    memcpy(j->header.venue, j->venue, sizeof j->venue);
    memcpy(j->header.account, j->account, sizeof j->account);
    /* Tells two journals apart, nothing more: time and process are enough. */
    j->header.journal_id = ((uint64_t)wall * UINT64_C(0x9e3779b97f4a7c15)) ^ (j->fs->pid(j->fs->self) << 40) ^ (uint64_t)now;
    if (n == 0) {
        if (bot__journal_begin_segment(j) != BOT_OK)
            e = fail(ret, BOT_ERR_IO, "the first segment cannot be made in %s: %s", j->path, strerror(errno));
    } else {
        uint8_t *buf = j->fs->alloc(j->fs->self, SCAN_SIZE);
        ret->existed = true;
        e = buf == NULL ? fail(ret, BOT_ERR_NOMEM, "out of memory") : recover_all(j, segments, n, buf, ret);
        j->fs->release(j->fs->self, buf);
    }
    j->fs->release(j->fs->self, segments);
    if (e != BOT_OK)
        return e;
    ret->ts_offset = ret->existed && ret->ts_last >= now ? ret->ts_last - now + 1 : 0;
    j->ts_offset = ret->ts_offset;
    ret->next_record = j->header.first_record + j->file_records;
    atomic_store(&j->next_record, ret->next_record);
    j->table_end = ret->next_record;
    /* What was found may be in the page cache only, left by a process that was killed. */
    if (j->fs->sync(j->fs->self, j->fd) != 0)
        return fail(ret, BOT_ERR_IO, "%s cannot be synced: %s", j->path, strerror(errno));
    atomic_store(&j->durable_record, ret->next_record);
    memcpy(j->header.library, "libbot " BOT_VERSION, sizeof "libbot " BOT_VERSION);
    return BOT_OK;
}
