#include "journal/segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "journal/exec.h"
#include "journal/item.h"

void bot__segment_path(const char *dir, uint32_t segment, const char *suffix, char *buf)
{
    int n = snprintf(buf, JOURNAL_PATH_MAX, "%s/%08u.%s", dir, segment, suffix);
    BOT_ASSERT(n > 0 && n < JOURNAL_PATH_MAX);
}

/* ---- directory ---------------------------------------------------------------------------------------------- */

struct listing {
    const struct journal_fs *fs;
    uint32_t *numbers;
    uint32_t  count, room;
    bool      failed;
};

static bool parse_name(const char *name, uint32_t *ret)
{
    uint64_t n = 0;
    size_t i = 0;
    for (; name[i] >= '0' && name[i] <= '9' && i < 10; i++)
        n = n * 10 + (uint64_t)(name[i] - '0');
    if (i < 8 || n == 0 || n > UINT32_MAX || strcmp(name + i, ".journal") != 0)
        return false;
    *ret = (uint32_t)n;
    return true;
}

static void on_name(void *user_data, const char *name)
{
    struct listing *l = user_data;
    uint32_t number;
    if (!parse_name(name, &number) || l->failed)
        return;
    if (l->count == l->room) {
        const uint32_t bigger = l->room == 0 ? 64 : l->room * 2;
        uint32_t *p = l->fs->alloc(l->fs->self, bigger * sizeof *p);
        if (p == NULL) {
            l->failed = true;
            return;
        }
        if (l->count > 0)
            memcpy(p, l->numbers, l->count * sizeof *p);
        l->fs->release(l->fs->self, l->numbers);
        l->numbers = p;
        l->room = bigger;
    }
    l->numbers[l->count++] = number;
}

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

int bot__segment_list(const struct journal_fs *fs, const char *dir, uint32_t **ret_numbers, uint32_t *ret_count)
{
    struct listing l = { .fs = fs };
    int r = fs->list(fs->self, dir, on_name, &l);
    if (r != 0 || l.failed) {
        fs->release(fs->self, l.numbers);
        return l.failed ? BOT_ERR_NOMEM : BOT_ERR_IO;
    }
    if (l.count > 1)
        qsort(l.numbers, l.count, sizeof *l.numbers, by_number);
    *ret_numbers = l.numbers;
    *ret_count = l.count;
    return BOT_OK;
}

int bot__segment_facts(const struct journal_fs *fs, const char *dir, uint32_t segment, struct index_facts *ret)
{
    char path[JOURNAL_PATH_MAX];
    bot__segment_path(dir, segment, "index", path);
    int e = bot__index_facts(fs, path, ret);
    if (e != BOT_OK)
        return e;
    bot__segment_path(dir, segment, "journal", path);
    const int fd = fs->open(fs->self, path, JOURNAL_READ);
    if (fd < 0)
        return BOT_ERR_IO;
    const int64_t size = fs->size(fs->self, fd);
    fs->close(fs->self, fd);
    return size < 0 ? BOT_ERR_IO : ret->segment == segment && size == (int64_t)bot__journal_offset(0, ret->records) ? BOT_OK : BOT_ERR_CHECKSUM;
}

/* ---- one file ----------------------------------------------------------------------------------------------- */

int bot__segment_scan(const struct journal_fs *fs, int fd, uint8_t *buf, size_t buf_size, struct segment_scan *ret)
{
    *ret = (struct segment_scan){ .wall_min = INT64_MAX, .wall_max = INT64_MIN, .end = JOURNAL_HEADER_SIZE };
    const int64_t size = fs->size(fs->self, fd);
    if (size < 0)
        return BOT_ERR_IO;
    ret->size = (uint64_t)size;
    ssize_t n = bot__fs_read_all(fs, fd, buf, JOURNAL_HEADER_SIZE, 0);
    if (n < 0)
        return BOT_ERR_IO;
    ret->header_err = bot__journal_header_decode(buf, (size_t)n, &ret->header);
    ret->crc_last = ret->crc_end = ret->header.chain_in;
    ret->number_first = ret->number_end = ret->header.first_record;
    ret->ts_max = ret->header.created;
    bool any = ret->header_err == BOT_OK;

    bool whole = true;
    for (uint64_t at = JOURNAL_HEADER_SIZE; at < ret->size; at += (uint64_t)n) {
        n = bot__fs_read_all(fs, fd, buf, buf_size, at);
        if (n < 0)
            return BOT_ERR_IO;
        for (ssize_t i = 0; i + JOURNAL_RECORD_SIZE <= n; i += JOURNAL_RECORD_SIZE) {
            struct journal_record rec;
            const uint64_t number = ret->header.first_record + (at + (uint64_t)i - JOURNAL_HEADER_SIZE) / JOURNAL_RECORD_SIZE;
            const bool valid = bot__journal_record_decode(buf + i, &rec) == BOT_OK &&
                               (ret->header_err != BOT_OK || rec.number == number);
            if (valid) {
                ret->number_first = any ? ret->number_first : rec.number;
                ret->number_end = rec.number + 1;
                ret->crc_end = rec.crc;
                ret->ts_max = rec.ts > ret->ts_max ? rec.ts : ret->ts_max;
                ret->wall_min = rec.wall_ns < ret->wall_min ? rec.wall_ns : ret->wall_min;
                ret->wall_max = rec.wall_ns > ret->wall_max ? rec.wall_ns : ret->wall_max;
                any = true;
            }
            /* A record of an older use of the same disk block would be in order but of another chain. */
            if (whole && valid && (ret->header_err != BOT_OK || rec.chain == ret->crc_last)) {
                ret->records++;
                ret->crc_last = rec.crc;
                ret->end = at + (uint64_t)i + JOURNAL_RECORD_SIZE;
            } else {
                whole = false;
                ret->valid_behind |= valid;
            }
        }
        if (n < (ssize_t)buf_size)
            break;
    }
    return BOT_OK;
}

int bot__segment_count_exec(const struct journal_fs *fs, int fd, uint64_t first_record, uint64_t record, uint16_t kind,
                            const bot_exec_key *exec)
{
    /* An execution's item is at most JOURNAL_EVENT_ITEM_MAX long and begins in this record: four records hold it. */
    enum { RECORDS = 5 };
    uint8_t buf[RECORDS * JOURNAL_RECORD_SIZE], stream[RECORDS * JOURNAL_PAYLOAD_SIZE + 16];
    ssize_t n = bot__fs_read_all(fs, fd, buf, sizeof buf, bot__journal_offset(first_record, record));
    if (n < 0)
        return BOT_ERR_IO;
    size_t len = 0, first = 0, begin_max = 0;
    for (ssize_t i = 0; i + JOURNAL_RECORD_SIZE <= n; i += JOURNAL_RECORD_SIZE) {
        struct journal_record rec;
        if (bot__journal_record_decode(buf + i, &rec) != BOT_OK || rec.number != record + (uint64_t)i / JOURNAL_RECORD_SIZE)
            break;
        if (i == 0) {
            if (rec.first == JOURNAL_FIRST_NONE)
                return 0;
            first = rec.first;
            begin_max = rec.used;
        }
        memcpy(stream + len, buf + i + JOURNAL_PAYLOAD_AT, rec.used);
        len += rec.used;
    }
    memset(stream + len, 0, 16);
    int count = 0;
    for (size_t at = first; at < begin_max && at + JOURNAL_ITEM_HEAD <= len;) {
        const size_t item_len = (size_t)get_u16(stream + at) + 2;
        if (item_len < JOURNAL_ITEM_HEAD || item_len > len - at)
            break;
        bot_journal_item item;
        count += stream[at + 2] == BOT_JOURNAL_EVENT && bot__item_decode(stream + at, item_len, &item) == BOT_OK && bot__exec_is(exec, kind, &item.event);
        at += item_len;
    }
    return count;
}
