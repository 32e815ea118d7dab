#include "journal/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/image.h"
#include "journal/crc.h"
#include "journal/format.h"
#include "journal/reader.h"
#include "journal/rules_identity.h"
#include "journal/segment.h"

#define PAGE CHECKPOINT_PAGE
#define PAGE_HEAD 8
#define VERSION 3
#define RULES_AT 152
#define MAKE_BEHIND 512 /* records at the journal's end that a checkpoint leaves alone: longer than the longest item */

static const uint8_t magic[8] = { 0x89, 'L', 'J', 'C', 0x0d, 0x0a, 0x1a, 0x0a };
static const uint8_t identity[32] = RULES_IDENTITY;

static void path_of(const char *dir, uint64_t record, char *buf)
{
    const int n = snprintf(buf, JOURNAL_PATH_MAX, "%s/%020llu.checkpoint", dir, (unsigned long long)record);
    BOT_ASSERT(n > 0 && n < JOURNAL_PATH_MAX);
}

/* ---- a core's memory ---------------------------------------------------------------------------------------- */

static void *aligned(void *raw) { return (void *)(((uintptr_t)raw + 63) & ~(uintptr_t)63); }

static size_t pages_of(const struct core_image *im) { return (im->size + PAGE - 1) / PAGE; }
static uint8_t *page_at(const struct core_image *im, size_t page) { return (uint8_t *)im->core + page * PAGE; }
static size_t page_len(const struct core_image *im, size_t page)
{
    return im->size - page * PAGE < PAGE ? im->size - page * PAGE : PAGE;
}

/* Words in which two cores of the same rules differ right after init, at other places and with other callbacks: they belong to
 * the process, and none of them changes later. Found rather than listed, so that a new pointer in the core cannot be
 * forgotten. The options are compared as text; their memory is the host's too. ret NULL: counts. */
static uint32_t host_words(const struct core_image *im, const void *other, uint32_t *ret)
{
    const size_t options_at = (size_t)((const uint8_t *)bot__core_options(im->core) - (const uint8_t *)im->core);
    const size_t options_end = options_at + sizeof(bot_core_options);
    uint32_t n = 0;
    for (size_t page = 0; page < pages_of(im); page++) {
        const uint8_t *a = page_at(im, page), *b = (const uint8_t *)other + page * PAGE;
        const bool has_options = page * PAGE < options_end && (page + 1) * PAGE > options_at;
        if (!has_options && memcmp(a, b, page_len(im, page)) == 0)
            continue;
        for (size_t at = 0; at < page_len(im, page); at += sizeof(uint64_t))
            if (memcmp(a + at, b + at, sizeof(uint64_t)) != 0 || (page * PAGE + at >= options_at && page * PAGE + at < options_end)) {
                if (ret != NULL)
                    ret[n] = (uint32_t)((page * PAGE + at) / sizeof(uint64_t));
                n++;
            }
    }
    return n;
}

int bot__image_init(struct core_image *im, const struct journal_fs *fs, bot_core *core, const bot_core_options *options, bot_ts begin)
{
    *im = (struct core_image){ .fs = fs != NULL ? fs : &bot__journal_fs, .core = core, .size = bot_core_size(options),
                               .options = *options, .begin = begin };
    BOT_ASSERT(im->size != 0 && im->size % sizeof(uint64_t) == 0 && im->size / sizeof(uint64_t) < UINT32_MAX);
    bot_core_options bare = *options;
    bare.session_id = 0; /* part of the ids that are given out; no rule reads it */
    const int len = bot__core_options_format(&bare, im->rules, sizeof im->rules);
    if (len < 0)
        return BOT_ERR_FULL;
    im->rules_len = (size_t)len;
    bare = *options;
    bare.older_fill = NULL;
    bare.user_data = options->user_data == im ? NULL : im;
    bare.session_id = ~options->session_id; /* the run's own too: ids must not come again */
    im->buf = im->fs->alloc(im->fs->self, PAGE_HEAD + PAGE);
    void *raw = im->buf != NULL ? im->fs->alloc(im->fs->self, im->size + 63) : NULL;
    if (raw != NULL) {
        const bot_core *other = bot_core_init(aligned(raw), &bare, begin);
        im->host_words_n = host_words(im, other, NULL);
        im->host_words = im->fs->alloc(im->fs->self, (im->host_words_n + 1) * sizeof *im->host_words);
        if (im->host_words != NULL)
            host_words(im, other, im->host_words);
        im->fs->release(im->fs->self, raw);
    }
    if (im->host_words != NULL)
        return BOT_OK;
    bot__image_done(im);
    return BOT_ERR_NOMEM;
}

void bot__image_done(struct core_image *im)
{
    im->fs->release(im->fs->self, im->host_words);
    im->fs->release(im->fs->self, im->buf);
    im->host_words = NULL;
    im->buf = NULL;
}

/* The words of the process in this page, as offsets in it. *next: how many were before it; pages are asked for in order. */
static bool next_host_word(const struct core_image *im, size_t page, uint32_t *next, size_t *ret_at)
{
    if (*next == im->host_words_n || im->host_words[*next] / (PAGE / sizeof(uint64_t)) != page)
        return false;
    *ret_at = im->host_words[(*next)++] % (PAGE / sizeof(uint64_t)) * sizeof(uint64_t);
    return true;
}

/* A page of the state without what belongs to the process, in to; false: it is zero. */
static bool take_page(const struct core_image *im, size_t page, uint32_t *next, uint8_t *to)
{
    size_t at;
    memset(to, 0, PAGE);
    memcpy(to, page_at(im, page), page_len(im, page));
    while (next_host_word(im, page, next, &at))
        memset(to + at, 0, sizeof(uint64_t));
    return to[0] != 0 || memcmp(to, to + 1, PAGE - 1) != 0;
}

/* The contrary. from is used up. */
static void put_page(struct core_image *im, size_t page, uint32_t *next, uint8_t *from)
{
    size_t at;
    while (next_host_word(im, page, next, &at))
        memcpy(from + at, page_at(im, page) + at, sizeof(uint64_t));
    if (memcmp(page_at(im, page), from, page_len(im, page)) != 0) /* untouched memory stays so */
        memcpy(page_at(im, page), from, page_len(im, page));
}

/* ---- files -------------------------------------------------------------------------------------------------- */

struct header {
    struct checkpoint c;
    uint64_t size;
    uint32_t pages, pages_crc, rules_len;
};

/* What the checksum of the first page begins with: a page of another checkpoint, left where this one was written, is not taken. */
static uint32_t pages_crc_begin(const struct checkpoint *c)
{
    uint8_t p[16];
    put_u64(p, c->record);
    put_u64(p + 8, c->journal_id);
    return bot__crc32c(0, p, sizeof p);
}

static void encode_header(const struct header *h, const struct core_image *im, uint8_t *p)
{
    memset(p, 0, PAGE);
    memcpy(p, magic, sizeof magic);
    put_u16(p + 8, VERSION);
    put_u16(p + 10, (uint16_t)im->rules_len);
    put_u32(p + 12, h->c.crc);
    put_u64(p + 16, h->c.record);
    put_u64(p + 24, h->c.journal_id);
    put_u64(p + 32, (uint64_t)h->c.begin);
    put_u64(p + 40, (uint64_t)h->c.run_wall_ns);
    put_u64(p + 48, (uint64_t)h->c.run_ts);
    put_u64(p + 56, h->c.events);
    put_u64(p + 64, h->c.damages);
    put_u64(p + 72, h->c.lost);
    put_u64(p + 80, h->size);
    put_u32(p + 88, h->pages);
    put_u32(p + 92, h->pages_crc);
    put_u64(p + 96, h->c.records_end);
    memcpy(p + 104, identity, sizeof identity);
    put_u64(p + 136, h->c.hole);
    put_u64(p + 144, (uint64_t)h->c.hole_venue_ns);
    memcpy(p + RULES_AT, im->rules, im->rules_len);
    put_u32(p + 4092, bot__crc32c(0, p, 4092));
}

static int decode_header(const uint8_t *p, size_t len, uint64_t record, struct header *ret)
{
    if (len < PAGE || memcmp(p, magic, sizeof magic) != 0 || get_u32(p + 4092) != bot__crc32c(0, p, 4092))
        return BOT_ERR_CHECKSUM;
    if (get_u16(p + 8) != VERSION || memcmp(p + 104, identity, sizeof identity) != 0)
        return BOT_ERR_VERSION;
    *ret = (struct header){
        .c = { .record = get_u64(p + 16), .journal_id = get_u64(p + 24), .crc = get_u32(p + 12), .run_wall_ns = (int64_t)get_u64(p + 40),
               .begin = (bot_ts)get_u64(p + 32), .run_ts = (bot_ts)get_u64(p + 48), .events = get_u64(p + 56), .damages = get_u64(p + 64),
               .lost = get_u64(p + 72), .records_end = get_u64(p + 96), .hole = get_u64(p + 136) != 0,
               .hole_venue_ns = (int64_t)get_u64(p + 144) },
        .size = get_u64(p + 80), .pages = get_u32(p + 88), .pages_crc = get_u32(p + 92), .rules_len = get_u16(p + 10),
    };
    return ret->c.record == record && ret->c.records_end >= record && ret->rules_len <= CHECKPOINT_RULES_MAX ? BOT_OK : BOT_ERR_CHECKSUM;
}

struct listing {
    uint64_t records[CHECKPOINTS_LISTED];
    int n;
};

static void on_name(void *user_data, const char *name)
{
    struct listing *l = user_data;
    uint64_t record = 0;
    int i = 0, at;
    for (; i < 20 && name[i] >= '0' && name[i] <= '9'; i++)
        record = record * 10 + (uint64_t)(name[i] - '0');
    if (i != 20 || strcmp(name + i, ".checkpoint") != 0)
        return;
    for (at = l->n < CHECKPOINTS_LISTED ? l->n++ : CHECKPOINTS_LISTED - 1; at > 0 && l->records[at - 1] < record; at--)
        l->records[at] = l->records[at - 1];
    if (at < CHECKPOINTS_LISTED - 1 || l->n <= CHECKPOINTS_LISTED)
        l->records[at] = record;
}

int bot__checkpoint_list(const struct journal_fs *fs, const char *path, uint64_t *ret_records)
{
    struct listing l = { .n = 0 };
    if (fs->list(fs->self, path, on_name, &l) != 0)
        return BOT_ERR_IO;
    memcpy(ret_records, l.records, sizeof l.records);
    return l.n;
}

/* Opens one and reads its header; the fd, or an error. */
static int open_checkpoint(const struct journal_fs *fs, const char *path, uint64_t record, uint8_t *page, struct header *ret)
{
    char file[JOURNAL_PATH_MAX];
    path_of(path, record, file);
    const int fd = fs->open(fs->self, file, JOURNAL_READ);
    if (fd < 0)
        return BOT_ERR_IO;
    const ssize_t n = bot__fs_read_all(fs, fd, page, PAGE, 0);
    int e = n < 0 ? BOT_ERR_IO : decode_header(page, (size_t)n, record, ret);
    if (e == BOT_OK && fs->size(fs->self, fd) != PAGE + (int64_t)ret->pages * (PAGE_HEAD + PAGE))
        e = BOT_ERR_CHECKSUM;
    if (e == BOT_OK)
        return fd;
    fs->close(fs->self, fd);
    return e;
}

/* Of this very journal: by its id, and by the last record that the state holds something of, whose checksum covers all before
 * it. That one, not the one before the checkpoint: of an item that a power cut has cut in two nothing may be in the state. */
static int of_journal(bot_journal_reader *reader, const struct checkpoint *c)
{
    bot_journal_info info;
    uint32_t crc;
    bot_journal_info_get(reader, &info);
    if (info.journal_id != c->journal_id || c->record == 0)
        return BOT_ERR_CONFLICT;
    const int e = bot__journal_crc_of(reader, c->records_end - 1, &crc);
    if (e == BOT_ERR_IO)
        return e;
    return e == BOT_OK && crc == c->crc ? BOT_OK : BOT_ERR_CONFLICT;
}

int bot__checkpoint_read(const struct journal_fs *fs, const char *path, uint64_t record, bot_journal_reader *reader,
                         struct checkpoint *ret, bot_core_options *ret_options)
{
    uint8_t page[PAGE];
    struct header h;
    const int fd = open_checkpoint(fs, path, record, page, &h);
    if (fd < 0)
        return fd;
    fs->close(fs->self, fd);
    int e = of_journal(reader, &h.c);
    if (e == BOT_OK)
        e = bot__core_options_parse((const char *)page + RULES_AT, h.rules_len, ret_options);
    *ret = h.c;
    return e;
}

typedef int (*page_fn)(struct core_image *im, size_t page, uint32_t *next, uint8_t *data);

/* The pages of the file in order, the missing ones as zero, each handed to on_page. BOT_OK, what on_page says below zero,
 * BOT_ERR_IO, BOT_ERR_CHECKSUM. */
static int each_page(struct core_image *im, int fd, const struct header *h, page_fn on_page)
{
    uint8_t zero[PAGE];
    uint32_t next = 0, taken = 0, crc = pages_crc_begin(&h->c);
    size_t coming = SIZE_MAX; /* the page of the file that is in buf; SIZE_MAX: none */
    for (size_t page = 0; page < pages_of(im); page++) {
        if (coming == SIZE_MAX && taken < h->pages) {
            const ssize_t n = bot__fs_read_all(im->fs, fd, im->buf, PAGE_HEAD + PAGE, PAGE + (uint64_t)taken++ * (PAGE_HEAD + PAGE));
            if (n < 0)
                return BOT_ERR_IO;
            coming = get_u32(im->buf + 4);
            crc = bot__crc32c(crc, im->buf + 4, PAGE_HEAD + PAGE - 4);
            if (n != PAGE_HEAD + PAGE || get_u32(im->buf) != crc || coming < page)
                return BOT_ERR_CHECKSUM;
        }
        const bool there = coming == page;
        if (!there)
            memset(zero, 0, sizeof zero);
        const int e = on_page(im, page, &next, there ? im->buf + PAGE_HEAD : zero);
        if (e < 0)
            return e;
        coming = there ? SIZE_MAX : coming;
    }
    return coming == SIZE_MAX && taken == h->pages && crc == h->pages_crc ? BOT_OK : BOT_ERR_CHECKSUM;
}

static int load_page(struct core_image *im, size_t page, uint32_t *next, uint8_t *data)
{
    put_page(im, page, next, data);
    return BOT_OK;
}

static int compare_page(struct core_image *im, size_t page, uint32_t *next, uint8_t *data)
{
    uint8_t ours[PAGE];
    (void)take_page(im, page, next, ours);
    return memcmp(ours, data, PAGE) == 0 ? BOT_OK : BOT_ERR_CONFLICT;
}

static const char *why_not(int e)
{
    switch (e) {
    case BOT_ERR_CHECKSUM: return "it is damaged";
    case BOT_ERR_VERSION: return "another version of the library made it";
    case BOT_ERR_CONFLICT: return "it does not belong to these records";
    case BOT_ERR_OPTIONS: return "it was made under other options";
    default: return bot_strerror(e);
    }
}

static int load_one(struct core_image *im, const char *path, uint64_t record, bot_journal_reader *reader, struct checkpoint *ret)
{
    struct header h;
    const int fd = open_checkpoint(im->fs, path, record, im->buf, &h);
    if (fd < 0)
        return fd;
    int e = h.size != im->size || h.c.begin != im->begin || h.rules_len != im->rules_len ||
            memcmp(im->buf + RULES_AT, im->rules, im->rules_len) != 0 ? BOT_ERR_OPTIONS : of_journal(reader, &h.c);
    if (e == BOT_OK) {
        e = each_page(im, fd, &h, load_page);
        if (e != BOT_OK) { /* half of it is in */
            memset(im->core, 0, im->size);
            BOT_ASSERT(bot_core_init(im->core, &im->options, im->begin) == im->core);
        }
    }
    im->fs->close(im->fs->self, fd);
    *ret = h.c;
    return e;
}

int bot__checkpoint_load(struct core_image *im, const char *path, bot_journal_reader *reader, uint64_t before,
                         struct checkpoint *ret, char *why, size_t why_size)
{
    uint64_t records[CHECKPOINTS_LISTED];
    const int n = bot__checkpoint_list(im->fs, path, records);
    size_t len = 0;
    if (why_size > 0)
        why[0] = '\0';
    for (int i = 0; i < n; i++) {
        if (records[i] > before)
            continue;
        const int e = load_one(im, path, records[i], reader, ret);
        if (e == BOT_OK)
            return 1;
        if (len < why_size) {
            const int k = snprintf(why + len, why_size - len, "%sthe checkpoint at record %llu is not used: %s", len > 0 ? "; " : "",
                                   (unsigned long long)records[i], why_not(e));
            len += k > 0 ? (size_t)k : 0;
        }
    }
    return 0;
}

int bot__checkpoint_same(struct core_image *im, const char *path, uint64_t record)
{
    struct header h;
    bot__core_drop_effects(im->core);
    const int fd = open_checkpoint(im->fs, path, record, im->buf, &h);
    if (fd < 0)
        return fd;
    const int e = h.size != im->size ? BOT_ERR_CONFLICT : each_page(im, fd, &h, compare_page);
    im->fs->close(im->fs->self, fd);
    return e == BOT_OK ? 1 : e == BOT_ERR_CONFLICT ? 0 : e;
}

static int write_pages(struct core_image *im, int fd, struct header *h)
{
    uint32_t next = 0;
    h->pages_crc = pages_crc_begin(&h->c);
    for (size_t page = 0; page < pages_of(im); page++) {
        if (!take_page(im, page, &next, im->buf + PAGE_HEAD))
            continue;
        put_u32(im->buf + 4, (uint32_t)page);
        h->pages_crc = bot__crc32c(h->pages_crc, im->buf + 4, PAGE_HEAD + PAGE - 4);
        put_u32(im->buf, h->pages_crc);
        if (bot__fs_write_all(im->fs, fd, im->buf, PAGE_HEAD + PAGE, PAGE + (uint64_t)h->pages++ * (PAGE_HEAD + PAGE)) != 0)
            return BOT_ERR_IO;
    }
    return BOT_OK;
}

int bot__checkpoint_save(struct core_image *im, const char *path, bot_journal_reader *reader, struct checkpoint *c)
{
    char file[JOURNAL_PATH_MAX], file_new[JOURNAL_PATH_MAX];
    bot_journal_info info;
    const struct journal_fs *fs = im->fs;
    bot__core_drop_effects(im->core);
    bot_journal_info_get(reader, &info);
    c->journal_id = info.journal_id;
    c->begin = im->begin;
    c->records_end = c->records_end > c->record ? c->records_end : c->record;
    int e = c->record == 0 ? BOT_ERR_NOT_FOUND : bot__journal_crc_of(reader, c->records_end - 1, &c->crc);
    if (e != BOT_OK)
        return e == BOT_ERR_IO ? e : BOT_ERR_NOT_FOUND;
    path_of(path, c->record, file);
    snprintf(file_new, sizeof file_new, "%.*s/checkpoint.new", JOURNAL_PATH_MAX - 20, path);
    const int fd = fs->open(fs->self, file_new, JOURNAL_WRITE | JOURNAL_CREATE | JOURNAL_FRESH);
    if (fd < 0)
        return BOT_ERR_IO;
    struct header h = { .c = *c, .size = im->size };
    e = write_pages(im, fd, &h);
    encode_header(&h, im, im->buf);
    if (e == BOT_OK && (bot__fs_write_all(fs, fd, im->buf, PAGE, 0) != 0 || fs->sync(fs->self, fd) != 0))
        e = BOT_ERR_IO;
    fs->close(fs->self, fd);
    if (e == BOT_OK && (fs->rename(fs->self, file_new, file) != 0 || fs->sync_dir(fs->self, path) != 0))
        e = BOT_ERR_IO;
    if (e != BOT_OK) {
        (void)fs->unlink(fs->self, file_new);
        return e;
    }
    /* Those before it, and those ahead of it: of records that a power cut has taken. */
    uint64_t records[CHECKPOINTS_LISTED];
    const int n = bot__checkpoint_list(fs, path, records);
    int kept = 0;
    for (int i = 0; i < n; i++) {
        if (records[i] <= c->record && kept++ < CHECKPOINTS_KEPT)
            continue;
        path_of(path, records[i], file);
        (void)fs->unlink(fs->self, file);
    }
    return BOT_OK;
}

/* ---- making one beside a running journal ---------------------------------------------------------------------- */

struct making {
    struct journal_core core;
    struct checkpoint at;
    uint64_t target;
    const _Atomic bool *stop;
    bool reached;
    int  saved;
};

static int make_step(void *user_data, const bot_journal_item *item)
{
    struct making *m = user_data;
    if (item->record >= m->target) { /* everything that begins before it has been stepped on */
        m->at.record = item->record;
        m->reached = true;
        return 1;
    }
    if (m->stop != NULL && atomic_load_explicit(m->stop, memory_order_relaxed))
        return 1;
    const int e = bot__journal_core_pass(&m->core, item);
    return e < 0 ? e : 0;
}

/* From the core's place on, a checkpoint at each `every` records, the last near `end`: what was done is not lost when the process
 * is stopped on the way. */
static int make_all(struct making *m, struct core_image *im, const char *path, bot_journal_reader *reader, uint64_t every, uint64_t end)
{
    struct journal_replay_result result;
    while (m->at.record < end) {
        m->target = end - m->at.record > every ? m->at.record + every : end;
        m->reached = false;
        const int64_t known_ns = bot__core_history_end(m->core.core);
        int e = bot_journal_seek_record(reader, m->at.record);
        if (e == BOT_OK)
            e = bot__journal_replay(reader, UINT64_MAX, false, make_step, m, &result);
        if (e != BOT_OK || !m->reached || m->core.older.guessed)
            return e == BOT_OK && m->core.older.guessed ? BOT_ERR_IO : e;
        m->at.run_wall_ns = m->core.run_wall_ns;
        m->at.run_ts = m->core.run_ts;
        m->at.records_end = result.record_end;
        m->at.events += result.events;
        m->at.damages += result.damages;
        m->at.lost += result.lost;
        m->at.hole &= !result.told;
        if (result.untold && !m->at.hole) {
            m->at.hole = true;
            m->at.hole_venue_ns = result.untold_venue_ns != 0 ? result.untold_venue_ns : known_ns;
        }
        e = bot__checkpoint_save(im, path, reader, &m->at);
        if (e != BOT_OK)
            return e;
        m->saved++;
    }
    return BOT_OK;
}

int bot__checkpoint_make(const struct journal_fs *fs, const char *path, const char *rules, size_t rules_len, uint64_t every,
                         const _Atomic bool *stop)
{
    bot_journal_reader *reader;
    bot_core_options o;
    bot_journal_info info;
    struct core_image im;
    struct making m = { .stop = stop };
    fs = fs != NULL ? fs : &bot__journal_fs;
    int e = bot__core_options_parse(rules, rules_len, &o);
    if (e == BOT_OK)
        e = bot__journal_open_read(fs, path, NULL, NULL, &reader, NULL);
    if (e != BOT_OK)
        return e;
    bot_journal_info_get(reader, &info);
    e = bot__journal_core_open_as(&m.core, fs, path, reader, &o);
    if (e == BOT_OK)
        e = bot__image_init(&im, fs, m.core.core, &m.core.options, m.core.begin);
    if (e == BOT_OK) {
        struct checkpoint from = { 0 };
        if (bot__checkpoint_load(&im, path, reader, UINT64_MAX, &from, NULL, 0) == 1) {
            m.at = from;
            e = bot__journal_core_resume(&m.core, from.record, from.run_wall_ns, from.run_ts);
        }
        if (e == BOT_OK && info.record_end > MAKE_BEHIND)
            e = make_all(&m, &im, path, reader, every, info.record_end - MAKE_BEHIND);
        bot__image_done(&im);
    }
    bot__journal_core_close(&m.core);
    bot_journal_close_read(reader);
    return e == BOT_OK ? m.saved : e;
}

/* ---- opening ------------------------------------------------------------------------------------------------ */

int bot__journal_resume(const struct journal_resume *c, bot_journal_reader *reader, struct journal_replay_result *ret,
                        struct checkpoint *ret_from, char *text, size_t text_size)
{
    struct core_image im;
    *ret_from = (struct checkpoint){ 0 };
    if (text_size > 0)
        text[0] = '\0';
    /* Without room for an image there is no checkpoint; the journal replays all the same. */
    const bool imaged = c->checkpoint_bytes != 0 && bot__image_init(&im, c->fs, c->core, c->options, c->begin) == BOT_OK;
    struct checkpoint from = { 0 };
    int e = BOT_OK;
    if (imaged && bot__checkpoint_load(&im, c->path, reader, c->next_record, &from, text, text_size) == 1) {
        *ret_from = from;
        e = bot__journal_older_from(c->older, from.record);
    }
    *ret = (struct journal_replay_result){ .record_end = ret_from->record };
    const int64_t known_ns = bot__core_history_end(c->core);
    if (e == BOT_OK)
        e = bot_journal_seek_record(reader, ret_from->record);
    if (e == BOT_OK)
        e = bot__journal_replay(reader, UINT64_MAX, false, c->step, c->user_data, ret);
    else if (e == BOT_ERR_NOT_FOUND) /* nothing lies behind it */
        e = BOT_OK;
    if (e == BOT_OK && c->older->guessed) /* a fill that was taken for known, and is not, would be missing for good */
        e = BOT_ERR_IO;
    if (ret->hole && ret->hole_venue_ns == 0)
        ret->hole_venue_ns = known_ns;
    if (from.hole) /* it was there first */
        ret->hole = true, ret->hole_venue_ns = from.hole_venue_ns;
    /* Not upon a hole: the next start would pass it over, and what this one is told of it is not on disk yet. */
    if (e == BOT_OK && imaged && !ret->hole && (c->next_record - ret_from->record) * JOURNAL_RECORD_SIZE >= c->checkpoint_bytes) {
        struct checkpoint at = { .record = c->next_record, .records_end = ret->record_end, .run_wall_ns = ret->run_ts != 0 ? ret->run_wall_ns : ret_from->run_wall_ns,
                                 .run_ts = ret->run_ts != 0 ? ret->run_ts : ret_from->run_ts, .events = ret_from->events + ret->events,
                                 .damages = ret_from->damages + ret->damages, .lost = ret_from->lost + ret->lost };
        (void)bot__checkpoint_save(&im, c->path, reader, &at); /* its absence costs time at the next start, nothing else */
    }
    if (imaged)
        bot__image_done(&im);
    return e;
}
