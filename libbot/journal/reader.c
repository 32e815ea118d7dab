/* Reading a journal is one loop: take the next record, check where it stands and what it follows, cut the stream of
 * payloads into items. What does not fit is reported once, with its place; then the loop goes on at the next record that
 * is whole, at its first item. */
#include "journal/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "journal/format.h"
#include "journal/index.h"
#include "journal/item.h"
#include "journal/segment.h"

#define CHUNK (256 * 1024) /* read at once; a multiple of the record size */

struct bot_journal_reader {
    const struct journal_fs *fs;
    char      path[JOURNAL_PATH_MAX];
    bool      directory;
    uint32_t *segments;         /* numbers; one of 0 for a single file */
    uint32_t  segments_n, at;   /* at: index of the open one */
    int       fd;
    struct journal_header header;
    bool      header_known;     /* numbers of records follow from their place */
    uint64_t  data_at;          /* byte at which records begin: 256, or 0 in a slice without a header */
    bool      header_pending;   /* a damaged header is still to be reported */

    uint8_t  *chunk;            /* CHUNK bytes of the file from chunk_at on */
    size_t    chunk_len;
    uint64_t  chunk_at, offset; /* offset: of the next record in the file */

    struct journal_record rec;  /* the current record */
    const uint8_t *payload;
    uint32_t  pos;              /* next byte of its payload; pos == rec.used: used up */
    bool      synced;           /* rec.crc is what the next record must follow */
    uint64_t  next_number;      /* when synced */

    uint8_t  *pending;          /* an item that began in an earlier record; JOURNAL_ITEM_MAX bytes */
    size_t    pending_len;
    uint64_t  pending_record;
    int64_t   pending_wall;

    bot_journal_place tail;
    struct journal_header first_header;
    uint64_t  record_first, record_end;
};

const char *bot_damage_name(bot_damage damage)
{
    static const char *const names[] = { "none", "checksum", "missing", "order", "item", "header", "torn" };
    return (unsigned)damage < sizeof names / sizeof *names ? names[damage] : "unknown";
}

/* ---- opening ------------------------------------------------------------------------------------------------ */

static void path_of(const bot_journal_reader *r, uint32_t i, char *buf)
{
    if (r->directory)
        bot__segment_path(r->path, r->segments[i], "journal", buf);
    else
        memcpy(buf, r->path, strlen(r->path) + 1);
}

static void why(bot_journal_place *ret_why, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void why(bot_journal_place *ret_why, const char *format, ...)
{
    va_list ap;
    if (ret_why == NULL)
        return;
    va_start(ap, format);
    vsnprintf(ret_why->text, sizeof ret_why->text, format, ap);
    va_end(ap);
}

static void close_segment(bot_journal_reader *r)
{
    if (r->fd >= 0)
        r->fs->close(r->fs->self, r->fd);
    r->fd = -1;
    r->chunk_len = 0;
    r->chunk_at = r->offset = 0;
}

/* Opens segment i and stands before its first record. The damage of a header is remembered, not returned. */
static int open_segment(bot_journal_reader *r, uint32_t i)
{
    char path[JOURNAL_PATH_MAX];
    uint8_t buf[JOURNAL_HEADER_SIZE];
    path_of(r, i, path);
    int fd = r->fs->open(r->fs->self, path, JOURNAL_READ);
    if (fd < 0)
        return BOT_ERR_IO;
    ssize_t n = bot__fs_read_all(r->fs, fd, buf, sizeof buf, 0);
    if (n < 0) {
        r->fs->close(r->fs->self, fd);
        return BOT_ERR_IO;
    }
    close_segment(r);
    r->fd = fd;
    r->at = i;
    struct journal_header h;
    int e = bot__journal_header_decode(buf, (size_t)n, &h);
    struct journal_record rec;
    if (e == BOT_ERR_VERSION)
        return e;
    r->header_known = e == BOT_OK;
    r->header_pending = false;
    r->data_at = JOURNAL_HEADER_SIZE;
    if (e == BOT_OK) {
        r->header = h;
    } else if (n == JOURNAL_HEADER_SIZE && !r->directory && bot__journal_record_decode(buf, &rec) == BOT_OK) {
        r->data_at = 0; /* a slice */
    } else {
        r->header_pending = true;
    }
    r->chunk_at = r->offset = r->data_at;
    return BOT_OK;
}

static int open_all(bot_journal_reader *r, const char *venue, const char *account, bot_journal_place *ret_why)
{
    int e = bot__segment_list(r->fs, r->path, &r->segments, &r->segments_n);
    if (e == BOT_ERR_NOMEM)
        return e;
    r->directory = e == BOT_OK;
    if (!r->directory) {
        r->segments = r->fs->alloc(r->fs->self, sizeof *r->segments);
        if (r->segments == NULL)
            return BOT_ERR_NOMEM;
        r->segments[0] = 0;
        r->segments_n = 1;
    }
    if (r->segments_n == 0) {
        why(ret_why, "%s holds no journal: no file is named 00000001.journal or the like", r->path);
        return BOT_ERR_MALFORMED;
    }
    e = open_segment(r, 0);
    if (e == BOT_ERR_IO) {
        why(ret_why, "%s cannot be read: %s", r->path, strerror(errno));
        return e;
    }
    if (e == BOT_ERR_VERSION) {
        why(ret_why, "%s was written by a newer libbot; read it with that version or a later one", r->path);
        return e;
    }
    /* Whose it is: by the first header that can be read. */
    while (r->header_pending && r->at + 1 < r->segments_n && open_segment(r, r->at + 1) == BOT_OK) {}
    if (r->header_known)
        r->first_header = r->header;
    const bool known = r->header_known, slice = r->data_at == 0;
    if (!known && !slice) {
        struct segment_scan scan;
        if (bot__segment_scan(r->fs, r->fd, r->chunk, CHUNK, &scan) != BOT_OK || (scan.records == 0 && !scan.valid_behind)) {
            why(ret_why, "%s is not a journal, or nothing of it is left", r->path);
            return BOT_ERR_MALFORMED;
        }
    }
    if (known && venue != NULL && strcmp(venue, r->first_header.venue) != 0) {
        why(ret_why, "%s belongs to venue %s, not %s; give each account a path of its own", r->path, r->first_header.venue, venue);
        return BOT_ERR_CONFLICT;
    }
    if (known && account != NULL && strcmp(account, r->first_header.account) != 0) {
        why(ret_why, "%s belongs to account %s, not %s; give each account a path of its own", r->path,
            r->first_header.account, account);
        return BOT_ERR_CONFLICT;
    }
    /* Where it ends now. */
    e = r->at == r->segments_n - 1 ? BOT_OK : open_segment(r, r->segments_n - 1);
    if (e == BOT_ERR_VERSION)
        why(ret_why, "its newest segment was written by a newer libbot; read it with that version or a later one");
    if (e != BOT_OK)
        return e;
    /* A segment copied in from elsewhere would be read as the end of this journal, and told with confidence. */
    if (known && r->header_known && r->segments_n > 1 &&
        (strcmp(r->header.venue, r->first_header.venue) != 0 || strcmp(r->header.account, r->first_header.account) != 0 ||
         r->header.first_record < r->first_header.first_record ||
         (r->header.journal_id != r->first_header.journal_id && r->header.first_record == r->first_header.first_record))) {
        why(ret_why, "segment %u of %s is of another journal (%s at %s, from record %llu on); move it away", r->segments[r->at], r->path,
            r->header.account, r->header.venue, (unsigned long long)r->header.first_record);
        return BOT_ERR_CONFLICT;
    }
    const int64_t size = r->fs->size(r->fs->self, r->fd);
    r->record_end = r->header_known && size > 0 ? r->header.first_record +
                    ((uint64_t)size - JOURNAL_HEADER_SIZE) / JOURNAL_RECORD_SIZE : 0;
    if (r->at != 0 && (e = open_segment(r, 0)) != BOT_OK)
        return e;
    r->record_first = r->header_known ? r->header.first_record : 0;
    return BOT_OK;
}

int bot__journal_open_read(const struct journal_fs *fs, const char *path, const char *venue, const char *account,
                           bot_journal_reader **ret_reader, bot_journal_place *ret_why)
{
    if (ret_why != NULL)
        *ret_why = (bot_journal_place){ 0 };
    if (strlen(path) + 64 > JOURNAL_PATH_MAX) {
        why(ret_why, "the path is longer than %d bytes", JOURNAL_PATH_MAX - 64);
        return BOT_ERR_INVALID;
    }
    bot_journal_reader *r = fs->alloc(fs->self, sizeof *r);
    if (r == NULL)
        return BOT_ERR_NOMEM;
    *r = (bot_journal_reader){ .fs = fs, .fd = -1 };
    memcpy(r->path, path, strlen(path) + 1);
    r->chunk = fs->alloc(fs->self, CHUNK);
    r->pending = fs->alloc(fs->self, JOURNAL_ITEM_MAX);
    if (r->pending != NULL)
        memset(r->pending, 0, JOURNAL_EVENT_ROOM);
    int e = r->chunk == NULL || r->pending == NULL ? BOT_ERR_NOMEM : open_all(r, venue, account, ret_why);
    if (e != BOT_OK) {
        bot_journal_close_read(r);
        return e;
    }
    *ret_reader = r;
    return BOT_OK;
}

int bot_journal_open_read(const char *path, const char *venue, const char *account, bot_journal_reader **ret_reader,
                          bot_journal_place *ret_why)
{
    return bot__journal_open_read(&bot__journal_fs, path, venue, account, ret_reader, ret_why);
}

void bot_journal_close_read(bot_journal_reader *r)
{
    if (r == NULL)
        return;
    const struct journal_fs *fs = r->fs;
    close_segment(r);
    fs->release(fs->self, r->segments);
    fs->release(fs->self, r->chunk);
    fs->release(fs->self, r->pending);
    fs->release(fs->self, r);
}

void bot_journal_info_get(const bot_journal_reader *r, bot_journal_info *ret)
{
    *ret = (bot_journal_info){
        .venue = r->first_header.venue, .account = r->first_header.account, .instrument = r->first_header.instrument,
        .journal_id = r->first_header.journal_id, .segments = r->segments_n, .record_first = r->record_first,
        .record_end = r->record_end, .created_wall_ns = r->first_header.created_wall_ns,
    };
}

/* ---- records ------------------------------------------------------------------------------------------------ */

/* n bytes at r->offset, in the chunk; fewer at the end of the file. */
static ssize_t view(bot_journal_reader *r, size_t want, const uint8_t **ret)
{
    if (r->offset < r->chunk_at || r->offset + want > r->chunk_at + r->chunk_len) {
        ssize_t n = bot__fs_read_all(r->fs, r->fd, r->chunk, CHUNK, r->offset);
        if (n < 0)
            return -1;
        r->chunk_at = r->offset;
        r->chunk_len = (size_t)n;
    }
    *ret = r->chunk + (r->offset - r->chunk_at);
    const size_t left = r->chunk_len - (size_t)(r->offset - r->chunk_at);
    return (ssize_t)(left < want ? left : want);
}

static bool zero_slot(const bot_journal_reader *r, const uint8_t *p)
{
    static const uint8_t zeros[JOURNAL_RECORD_SIZE];
    return r->header.content == JOURNAL_CONTENT_CANDLES && r->header_known && memcmp(p, zeros, sizeof zeros) == 0;
}

static uint64_t number_here(const bot_journal_reader *r, uint64_t offset)
{
    return r->header.first_record + (offset - r->data_at) / JOURNAL_RECORD_SIZE;
}

/* Whole, and where it belongs. */
static bool fits(const bot_journal_reader *r, const uint8_t *p, uint64_t offset, struct journal_record *ret)
{
    return bot__journal_record_decode(p, ret) == BOT_OK && (!r->header_known || ret->number == number_here(r, offset));
}

static int report(bot_journal_reader *r, bot_journal_place *ret, bot_damage damage, uint64_t offset, uint64_t record,
                  uint64_t records, const char *what)
{
    static const int codes[] = { 0, BOT_ERR_CHECKSUM, BOT_ERR_CONFLICT, BOT_ERR_CONFLICT, BOT_ERR_MALFORMED, BOT_ERR_MALFORMED,
                                 BOT_ERR_TRUNCATED };
    r->pending_len = 0;
    if (ret != NULL) {
        *ret = (bot_journal_place){ damage, r->segments[r->at], offset, record, records, "" };
        char text[320]; /* only what is too long for the place is cut: the remedy stands at the end */
        snprintf(text, sizeof text, "segment %u, byte %llu, record %llu: %s", r->segments[r->at], (unsigned long long)offset, (unsigned long long)record, what);
        snprintf(ret->text, sizeof ret->text, "%.159s", text);
    }
    return codes[damage];
}

static void accept(bot_journal_reader *r, const struct journal_record *rec, const uint8_t *p)
{
    r->rec = *rec;
    r->payload = p + JOURNAL_PAYLOAD_AT;
    r->pos = 0;
    r->offset += JOURNAL_RECORD_SIZE;
    r->synced = true;
    r->next_number = rec->number + 1;
    if ((rec->flags & JOURNAL_RECORD_RUN) || r->header.content == JOURNAL_CONTENT_CANDLES)
        r->pending_len = 0; /* cut off by the crash of the run before: expected, and nothing of it was ever whole */
    if (r->pending_len == 0)
        r->pos = rec->first == JOURNAL_FIRST_NONE ? rec->used : rec->first;
}

/* The record at r->offset does not fit. Goes to the next one that does; 0 when there is none in this file. */
static int skip_bad(bot_journal_reader *r, const uint8_t *p, bot_journal_place *ret_place, bool last_segment)
{
    const uint64_t begin = r->offset;
    struct journal_record rec;
    const bool whole = bot__journal_record_decode(p, &rec) == BOT_OK;
    const uint64_t number = r->header_known ? number_here(r, begin) : r->synced ? r->next_number : 0;
    ssize_t n;
    for (;;) {
        r->offset += JOURNAL_RECORD_SIZE;
        n = view(r, JOURNAL_RECORD_SIZE, &p);
        if (n < 0) {
            r->offset = begin;
            return BOT_ERR_IO;
        }
        if (n < JOURNAL_RECORD_SIZE || fits(r, p, r->offset, &rec))
            break;
    }
    if (n < JOURNAL_RECORD_SIZE && last_segment && !whole) {
        r->tail = (bot_journal_place){ BOT_DAMAGE_TORN, r->segments[r->at], begin, number, 0, "" };
        const uint64_t bytes = r->offset + (uint64_t)n - begin;
        snprintf(r->tail.text, sizeof r->tail.text, "segment %u, byte %llu: the last %llu bytes are not whole records",
                 r->segments[r->at], (unsigned long long)begin, (unsigned long long)bytes);
        r->offset = begin;
        r->chunk_len = 0; /* it may be being written: look again next time */
        return 0;
    }
    const uint64_t bad = (r->offset - begin) / JOURNAL_RECORD_SIZE;
    r->synced = false;
    return report(r, ret_place, whole ? BOT_DAMAGE_ORDER : BOT_DAMAGE_CHECKSUM, begin, number, bad,
                  whole ? "a whole record that belongs elsewhere" : "does not match its checksum");
}

/* A segment that was copied in among ours: of another account, or of another journal of this one. Ids may change behind a header
 * that could not be read; then it is what the records follow that tells. */
static bool foreign(const bot_journal_reader *r, const struct journal_header *ours, bool ours_known)
{
    const struct journal_header *h = &r->header, *first = &r->first_header;
    if (strcmp(h->venue, first->venue) != 0 || strcmp(h->account, first->account) != 0 || h->content != first->content)
        return true;
    return ours_known && r->synced && h->journal_id != ours->journal_id && (h->first_record != r->next_number || h->chain_in != r->rec.crc);
}

/* Tells of it and stands at its end: not one of its records is ours, whole as they may be. */
static int skip_foreign(bot_journal_reader *r, const struct journal_header *ours, bot_journal_place *ret_place)
{
    char what[140];
    const struct journal_header h = r->header;
    const int64_t size = r->fs->size(r->fs->self, r->fd);
    if (size < 0)
        return BOT_ERR_IO;
    const uint64_t records = size > JOURNAL_HEADER_SIZE ? ((uint64_t)size - JOURNAL_HEADER_SIZE) / JOURNAL_RECORD_SIZE : 0;
    snprintf(what, sizeof what, "it is of another journal (%.20s at %.15s, from record %llu on), passed over; move it away", h.account, h.venue,
             (unsigned long long)h.first_record);
    r->header = *ours; /* what comes next must follow on ours */
    r->offset = (uint64_t)size;
    return report(r, ret_place, BOT_DAMAGE_HEADER, 0, r->next_number, records, what);
}

/* After the last record of a segment: 1 when the next was opened, 0 at the end. */
static int next_segment(bot_journal_reader *r, bot_journal_place *ret_place)
{
    char path[JOURNAL_PATH_MAX];
    if (!r->directory)
        return 0;
    if (r->at + 1 == r->segments_n) {
        /* A live journal: has its writer begun another? */
        bot__segment_path(r->path, r->segments[r->at] + 1, "journal", path);
        int fd = r->fs->open(r->fs->self, path, JOURNAL_READ);
        if (fd < 0)
            return 0;
        const int64_t size = r->fs->size(r->fs->self, fd);
        r->fs->close(r->fs->self, fd);
        if (size < JOURNAL_HEADER_SIZE)
            return 0; /* its header is not there yet */
        uint32_t *bigger = r->fs->alloc(r->fs->self, (r->segments_n + 1) * sizeof *bigger);
        if (bigger == NULL)
            return BOT_ERR_NOMEM;
        memcpy(bigger, r->segments, r->segments_n * sizeof *bigger);
        bigger[r->segments_n] = r->segments[r->at] + 1;
        r->fs->release(r->fs->self, r->segments);
        r->segments = bigger;
        r->segments_n++;
        r->chunk_len = 0; /* what was written here before it began the other must be read first */
        return 1;
    }
    const uint64_t offset = r->offset;
    const struct journal_header before = r->header;
    const bool before_known = r->header_known;
    int e = open_segment(r, r->at + 1);
    if (e != BOT_OK)
        return e;
    if (!r->header_known)
        return 1;
    if (foreign(r, &before, before_known))
        return skip_foreign(r, &before, ret_place);
    if (r->synced && r->header.first_record != r->next_number) {
        r->synced = false;
        const uint64_t missing = r->header.first_record > r->next_number ? r->header.first_record - r->next_number : 0;
        return report(r, ret_place, missing > 0 ? BOT_DAMAGE_MISSING : BOT_DAMAGE_ORDER, offset, r->next_number, missing,
                      "records between two segments are not there");
    }
    if (r->synced && r->header.chain_in != r->rec.crc) {
        r->synced = false;
        return report(r, ret_place, BOT_DAMAGE_ORDER, 0, r->header.first_record, 0,
                      "the segment follows another than the one before it");
    }
    r->rec.crc = r->header.chain_in;
    r->next_number = r->header.first_record;
    r->synced = true;
    return 1;
}

/* 1: r->rec is the next record; 0: the end; negative: damage, reported. */
static int next_record(bot_journal_reader *r, bot_journal_place *ret_place)
{
    const uint8_t *p;
    struct journal_record rec;
    for (;;) {
        if (r->header_pending) {
            r->header_pending = false;
            r->synced = false;
            return report(r, ret_place, BOT_DAMAGE_HEADER, 0, r->next_number, 0, "the segment's header cannot be read");
        }
        const bool last = r->at + 1 == r->segments_n;
        ssize_t n = view(r, JOURNAL_RECORD_SIZE, &p);
        if (n < 0)
            return BOT_ERR_IO;
        if (n < JOURNAL_RECORD_SIZE) {
            r->chunk_len = 0;
            if (n > 0 && last)
                r->tail = (bot_journal_place){ BOT_DAMAGE_TORN, r->segments[r->at], r->offset, r->next_number, 0,
                                               "the last record is incomplete" };
            const uint64_t number = r->next_number;
            const uint32_t known = r->segments_n;
            if (n > 0 && !last) { /* only the last segment may be torn */
                r->offset += JOURNAL_RECORD_SIZE;
                r->synced = false;
                return report(r, ret_place, BOT_DAMAGE_CHECKSUM, r->offset - JOURNAL_RECORD_SIZE, number, 1,
                              "an incomplete record at the end of a segment that is not the last");
            }
            int e = next_segment(r, ret_place);
            if (e == 0 && r->segments_n == known && n == 0 && r->tail.damage != BOT_DAMAGE_NONE)
                r->tail = (bot_journal_place){ 0 };
            if (e != 1)
                return e;
            continue;
        }
        if (zero_slot(r, p)) {
            r->offset += JOURNAL_RECORD_SIZE;
            r->synced = false;
            continue;
        }
        if (!fits(r, p, r->offset, &rec)) {
            int e = skip_bad(r, p, ret_place, last);
            if (e == 0 && last && r->directory) { /* torn: but is it the last? */
                const uint32_t known = r->segments_n;
                e = next_segment(r, ret_place);
                if (e == 1 && r->segments_n > known)
                    continue;
            }
            return e;
        }
        if (r->tail.damage != BOT_DAMAGE_NONE)
            r->tail = (bot_journal_place){ 0 };
        const bool linked = r->header.content != JOURNAL_CONTENT_CANDLES || !r->header_known;
        const bool first_of_file = r->header_known && r->offset == r->data_at;
        if (linked && !r->header_known && r->synced && rec.number != r->next_number) {
            const uint64_t gap = rec.number > r->next_number ? rec.number - r->next_number : 0, number = r->next_number;
            r->synced = false; /* the same record is taken at the next call */
            return report(r, ret_place, gap > 0 ? BOT_DAMAGE_MISSING : BOT_DAMAGE_ORDER, r->offset, number, gap,
                          "records are missing or out of order");
        }
        const uint32_t before = r->synced ? r->rec.crc : first_of_file ? r->header.chain_in : rec.chain;
        if (linked && rec.chain != before) {
            /* This record or the one before it comes from another journal. Its content is whole, so it is kept. */
            int e = report(r, ret_place, BOT_DAMAGE_ORDER, r->offset, rec.number, 1,
                           "follows another record than the one before it");
            accept(r, &rec, p);
            return e;
        }
        const bool run = rec.flags & JOURNAL_RECORD_RUN;
        if (linked && !run && (r->synced || first_of_file) && r->pending_len == 0 && rec.first != 0) {
            /* Whole, linked, and yet it begins inside an item that is not there. */
            int e = report(r, ret_place, BOT_DAMAGE_ITEM, r->offset, rec.number, 1, "the beginning of its first item is missing");
            accept(r, &rec, p);
            return e;
        }
        accept(r, &rec, p);
        return 1;
    }
}

/* ---- items -------------------------------------------------------------------------------------------------- */

static int take_item(bot_journal_reader *r, const uint8_t *p, size_t len, size_t readable, uint64_t record, int64_t wall_ns, uint64_t offset,
                     bot_journal_item *ret_item, bot_journal_place *ret_place)
{
    if (bot__item_decode_in(p, len, readable, ret_item) != BOT_OK) {
        r->pos = r->rec.used; /* lengths behind it are not to be trusted either */
        r->synced = true;
        return report(r, ret_place, BOT_DAMAGE_ITEM, offset, record, 1, "the record is whole, but an item in it is not understood");
    }
    ret_item->record = record;
    ret_item->record_end = r->rec.number;
    ret_item->wall_ns = wall_ns;
    return 1;
}

int bot_journal_next(bot_journal_reader *r, bot_journal_item *ret_item, bot_journal_place *ret_place)
{
    for (;;) {
        if (r->pos >= r->rec.used || r->payload == NULL) {
            int e = next_record(r, ret_place);
            if (e != 1)
                return e;
            continue;
        }
        const uint64_t here = r->offset - JOURNAL_RECORD_SIZE;
        const size_t left = (size_t)r->rec.used - r->pos;
        if (r->pending_len == 0) {
            /* The usual case: the item lies in this record whole and is read where it stands. */
            const uint8_t *p = r->payload + r->pos;
            const size_t len = left >= JOURNAL_ITEM_HEAD ? (size_t)get_u16(p) + 2 : SIZE_MAX;
            if (len <= left) {
                r->pos += (uint32_t)len;
                return take_item(r, p, len, (size_t)(r->chunk + r->chunk_len - p), r->rec.number, r->rec.wall_ns, here, ret_item, ret_place);
            }
            r->pending_record = r->rec.number;
            r->pending_wall = r->rec.wall_ns;
        }
        size_t want = r->pending_len == 0 ? left : r->pending_len < 2 ? 2 - r->pending_len : (size_t)get_u16(r->pending) + 2 - r->pending_len;
        want = want < left ? want : left;
        memcpy(r->pending + r->pending_len, r->payload + r->pos, want);
        r->pending_len += want;
        r->pos += (uint32_t)want;
        if (r->pending_len >= JOURNAL_ITEM_HEAD && r->pending_len == (size_t)get_u16(r->pending) + 2) {
            const size_t len = r->pending_len;
            r->pending_len = 0;
            return take_item(r, r->pending, len, len < JOURNAL_EVENT_ROOM ? JOURNAL_EVENT_ROOM : len, r->pending_record, r->pending_wall, here, ret_item, ret_place);
        }
        if (r->pending_len >= 2 && get_u16(r->pending) == 0) {
            r->pos = r->rec.used;
            return report(r, ret_place, BOT_DAMAGE_ITEM, here, r->rec.number, 1, "an item of no length");
        }
    }
}

void bot_journal_tail(const bot_journal_reader *r, bot_journal_place *ret_place)
{
    *ret_place = r->tail;
    if (r->tail.damage == BOT_DAMAGE_NONE && r->pending_len > 0) {
        *ret_place = (bot_journal_place){ BOT_DAMAGE_TORN, r->segments[r->at], r->offset, r->pending_record, 0, "" };
        snprintf(ret_place->text, sizeof ret_place->text, "segment %u: the last item, from record %llu on, is not complete",
                 r->segments[r->at], (unsigned long long)r->pending_record);
    }
}

/* ---- seeking ------------------------------------------------------------------------------------------------ */

static void stand_at(bot_journal_reader *r, uint64_t offset)
{
    r->offset = offset;
    r->payload = NULL;
    r->rec = (struct journal_record){ 0 };
    r->pos = 0;
    r->pending_len = 0;
    r->synced = false;
    r->tail = (bot_journal_place){ 0 };
}

int bot_journal_seek_record(bot_journal_reader *r, uint64_t record)
{
    /* The last segment that begins at or before it. Headers are read from the back: what is sought is mostly recent. */
    for (uint32_t i = r->segments_n; i-- > 0;) {
        int e = open_segment(r, i);
        if (e != BOT_OK)
            return e;
        stand_at(r, r->data_at);
        uint64_t first = r->header.first_record;
        if (!r->header_known) {
            const uint8_t *p;
            struct journal_record rec;
            if (view(r, JOURNAL_RECORD_SIZE, &p) != JOURNAL_RECORD_SIZE || bot__journal_record_decode(p, &rec) != BOT_OK)
                continue;
            first = rec.number;
        }
        if (first > record && i > 0)
            continue;
        r->header_pending = false;
        const uint64_t skip = record > first ? record - first : 0;
        const int64_t size = r->fs->size(r->fs->self, r->fd);
        if (size < 0)
            return BOT_ERR_IO;
        const uint64_t offset = r->data_at + skip * JOURNAL_RECORD_SIZE;
        if (skip > (uint64_t)size / JOURNAL_RECORD_SIZE || offset + JOURNAL_RECORD_SIZE > (uint64_t)size) {
            stand_at(r, (uint64_t)size / JOURNAL_RECORD_SIZE * JOURNAL_RECORD_SIZE);
            return i + 1 < r->segments_n ? BOT_OK : BOT_ERR_NOT_FOUND;
        }
        stand_at(r, offset);
        return BOT_OK;
    }
    return BOT_ERR_NOT_FOUND;
}

int bot__journal_crc_of(bot_journal_reader *r, uint64_t record, uint32_t *ret_crc)
{
    const uint8_t *p;
    struct journal_record rec;
    int e = bot_journal_seek_record(r, record);
    if (e != BOT_OK)
        return e;
    const ssize_t n = view(r, JOURNAL_RECORD_SIZE, &p);
    if (n < 0)
        return BOT_ERR_IO;
    if (n < JOURNAL_RECORD_SIZE || !r->header_known || number_here(r, r->offset) != record)
        return BOT_ERR_NOT_FOUND;
    if (!fits(r, p, r->offset, &rec))
        return BOT_ERR_CHECKSUM;
    *ret_crc = rec.crc;
    return BOT_OK;
}

int bot_journal_seek_time(bot_journal_reader *r, int64_t wall_ns)
{
    for (uint32_t i = 0; i < r->segments_n; i++) {
        struct index_facts facts;
        if (r->directory && i + 1 < r->segments_n && bot__segment_facts(r->fs, r->path, r->segments[i], &facts) == BOT_OK && facts.wall_max < wall_ns)
            continue;
        int e = open_segment(r, i);
        if (e != BOT_OK)
            return e;
        stand_at(r, r->data_at);
        r->header_pending = false;
        const uint8_t *p;
        ssize_t n;
        while ((n = view(r, JOURNAL_RECORD_SIZE, &p)) == JOURNAL_RECORD_SIZE) {
            struct journal_record rec;
            if (fits(r, p, r->offset, &rec) && rec.wall_ns >= wall_ns) {
                stand_at(r, r->offset);
                return BOT_OK;
            }
            r->offset += JOURNAL_RECORD_SIZE;
        }
        if (n < 0)
            return BOT_ERR_IO;
    }
    return BOT_ERR_NOT_FOUND;
}
