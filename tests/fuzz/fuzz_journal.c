/* One journal file of any bytes through the reader: everything, from the middle, by time. Bit 0 of the first byte mends the
 * checksums first, so that what lies behind them is reached; bit 1 mends numbers and chain as well.
 * What must hold: reading ends, every item that comes out is within bounds, encodes again, and is the same then. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "journal/crc.h"
#include "journal/format.h"
#include "journal/item.h"
#include "journal/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct one_file {
    const uint8_t *data;
    size_t size;
};

static int f_open(void *self, const char *path, int flags) { (void)self, (void)flags; return strcmp(path, "f") == 0 ? 3 : -1; }
static int f_close(void *self, int fd) { (void)self, (void)fd; return 0; }
static ssize_t f_pread(void *self, int fd, void *buf, size_t len, uint64_t offset)
{
    const struct one_file *f = self;
    (void)fd;
    if (offset >= f->size)
        return 0;
    const size_t n = len < f->size - offset ? len : f->size - (size_t)offset;
    memcpy(buf, f->data + offset, n);
    return (ssize_t)n;
}
static int64_t f_size(void *self, int fd) { (void)fd; return (int64_t)((struct one_file *)self)->size; }
static int f_list(void *self, const char *path, void (*on_name)(void *, const char *), void *user_data)
{
    (void)self, (void)path, (void)on_name, (void)user_data;
    return -1; /* not a directory */
}
static void *f_alloc(void *self, size_t size) { (void)self; return malloc(size); }
static void f_release(void *self, void *p) { (void)self; free(p); }

static void mend(uint8_t *p, size_t size, bool links)
{
    uint32_t chain = 0;
    if (size >= JOURNAL_HEADER_SIZE) {
        put_u32(p + 252, bot__crc32c(0, p, 252));
        chain = get_u32(p + 28);
    }
    for (size_t at = JOURNAL_HEADER_SIZE; at + JOURNAL_RECORD_SIZE <= size; at += JOURNAL_RECORD_SIZE) {
        if (links) {
            put_u32(p + at + 4, chain);
            put_u64(p + at + 8, get_u64(p + 16) + at / JOURNAL_RECORD_SIZE - 1);
        }
        chain = bot__crc32c(0, p + at + 4, JOURNAL_RECORD_SIZE - 4);
        put_u32(p + at, chain);
    }
}

static void read_on(bot_journal_reader *r, size_t size)
{
    bot_journal_item item;
    bot_journal_place place;
    size_t turns = 0;
    int e;
    while ((e = bot_journal_next(r, &item, &place)) != 0) {
        BOT_ASSERT(++turns <= size + 8);
        if (e < 0) {
            BOT_ASSERT(place.damage != BOT_DAMAGE_NONE && memchr(place.text, 0, sizeof place.text) != NULL);
            continue;
        }
        BOT_ASSERT(e == 1 && item.record <= item.record_end);
        if (item.kind == BOT_JOURNAL_EVENT || item.kind == BOT_JOURNAL_TRADE) {
            uint8_t buf[JOURNAL_EVENT_ITEM_MAX + 16];
            char text[4096];
            bot_journal_item again;
            int n = item.kind == BOT_JOURNAL_EVENT ? bot__item_encode_event(&item.event, buf) : bot__item_encode_trade(&item.event, buf);
            BOT_ASSERT(n > 0 && n <= JOURNAL_EVENT_ITEM_MAX);
            BOT_ASSERT(bot__item_decode(buf, (size_t)n, &again) == BOT_OK);
            BOT_ASSERT(memcmp(&again.event, &item.event, sizeof again.event) == 0);
            (void)bot_event_format(&item.event, "x", text, sizeof text);
        }
        uint32_t sum = 0; /* what is borrowed can be read */
        for (uint32_t i = 0; i < item.bytes_len; i++)
            sum += item.bytes[i];
        BOT_ASSERT(item.bytes_len <= 65535 && (item.bytes_len == 0 || sum < UINT32_MAX));
    }
    bot_journal_tail(r, &place);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    uint8_t *copy = malloc(size - 1);
    if (copy == NULL)
        return 0;
    memcpy(copy, data + 1, size - 1);
    if (data[0] & 1)
        mend(copy, size - 1, data[0] & 2);
    struct one_file f = { copy, size - 1 };
    const struct journal_fs fs = { .self = &f, .open = f_open, .close = f_close, .pread = f_pread, .size = f_size, .list = f_list,
                                   .alloc = f_alloc, .release = f_release };
    bot_journal_reader *r;
    bot_journal_place why;
    if (bot__journal_open_read(&fs, "f", NULL, NULL, &r, &why) == BOT_OK) {
        read_on(r, size);
        if (bot_journal_seek_record(r, get_u16(data)) == BOT_OK)
            read_on(r, size);
        if (bot_journal_seek_time(r, (int64_t)size * BOT_NS_PER_S) == BOT_OK)
            read_on(r, size);
        bot_journal_close_read(r);
    }
    free(copy);
    return 0;
}
