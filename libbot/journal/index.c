#include "journal/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "journal/crc.h"
#include "journal/format.h"

#define ENTRIES_PER_PAGE ((INDEX_PAGE - 16) / 16)
#define TABLE_MIN 1024

static const uint8_t magic[8] = { 0x89, 'L', 'J', 'I', 0x0d, 0x0a, 0x1a, 0x0a };

static uint64_t fnv(uint64_t h, const void *data, size_t len)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

uint64_t bot__index_key(uint16_t kind, const bot_symbol *instrument, const bot_id *exec_id)
{
    const uint8_t k = (uint8_t)kind;
    uint64_t h = fnv(UINT64_C(0xcbf29ce484222325), &k, 1);
    h = fnv(h, &instrument->len, 1);
    h = fnv(h, instrument->s, instrument->len);
    h = fnv(h, &exec_id->len, 1);
    h = fnv(h, exec_id->s, exec_id->len);
    /* The finaliser of murmur3: FNV's high bits move too little with the last characters, and the search guesses by them. */
    h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ (h >> 33);
}

/* ---- table -------------------------------------------------------------------------------------------------- */

static void insert(struct index_table *t, uint64_t key, uint64_t record_plus)
{
    int same = 0;
    for (size_t i = key & (t->size - 1);; i = (i + 1) & (t->size - 1)) {
        struct index_entry *e = &t->slots[i];
        if (e->record == 0) {
            *e = (struct index_entry){ key, record_plus };
            t->used++;
            return;
        }
        if (e->key == key && (e->record == record_plus || ++same == INDEX_PER_KEY_MAX))
            return;
    }
}

int bot__index_add(const struct journal_fs *fs, struct index_table *t, uint64_t key, uint64_t record)
{
    if (t->used * 2 >= t->size) {
        struct index_table bigger = { .size = t->size == 0 ? TABLE_MIN : t->size * 2 };
        bigger.slots = fs->alloc(fs->self, bigger.size * sizeof *bigger.slots);
        if (bigger.slots == NULL)
            return BOT_ERR_NOMEM;
        for (size_t i = 0; i < t->size; i++)
            if (t->slots[i].record != 0)
                insert(&bigger, t->slots[i].key, t->slots[i].record);
        fs->release(fs->self, t->slots);
        *t = bigger;
    }
    insert(t, key, record + 1);
    return BOT_OK;
}

int bot__index_lookup(const struct index_table *t, uint64_t key, uint64_t *ret_records)
{
    int n = 0;
    if (t->size == 0)
        return 0;
    for (size_t i = key & (t->size - 1); t->slots[i].record != 0; i = (i + 1) & (t->size - 1))
        if (t->slots[i].key == key && n < INDEX_PER_KEY_MAX)
            ret_records[n++] = t->slots[i].record - 1;
    return n;
}

void bot__index_clear(struct index_table *t)
{
    if (t->size != 0)
        memset(t->slots, 0, t->size * sizeof *t->slots);
    t->used = 0;
}

void bot__index_release(const struct journal_fs *fs, struct index_table *t)
{
    fs->release(fs->self, t->slots);
    *t = (struct index_table){ 0 };
}

/* ---- file --------------------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const struct index_entry *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->record > y->record) - (x->record < y->record);
}

static void facts_page(const struct index_facts *f, uint8_t *page)
{
    memset(page, 0, INDEX_PAGE);
    memcpy(page, magic, sizeof magic);
    put_u16(page + 8, JOURNAL_VERSION);
    put_u32(page + 12, f->segment);
    put_u64(page + 16, f->first_record);
    put_u64(page + 24, f->records);
    put_u32(page + 32, f->crc_last);
    put_u64(page + 40, (uint64_t)f->wall_min);
    put_u64(page + 48, (uint64_t)f->wall_max);
    put_u64(page + 56, f->journal_id);
    put_u64(page + 64, f->entries);
    put_u32(page + INDEX_PAGE - 4, bot__crc32c(0, page, INDEX_PAGE - 4));
}

static void entries_page(const struct index_entry *e, size_t n, uint8_t *page)
{
    memset(page, 0, INDEX_PAGE);
    put_u32(page + 4, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        put_u64(page + 16 + 16 * i, e[i].key);
        put_u64(page + 24 + 16 * i, e[i].record - 1);
    }
    put_u32(page, bot__crc32c(0, page + 4, INDEX_PAGE - 4));
}

int bot__index_write(const struct journal_fs *fs, const char *path_new, const char *path, struct index_facts *facts,
                     struct index_table *t)
{
    uint8_t page[INDEX_PAGE];
    size_t n = 0;
    for (size_t i = 0; i < t->size; i++)
        if (t->slots[i].record != 0)
            t->slots[n++] = t->slots[i];
    if (n > 0)
        qsort(t->slots, n, sizeof *t->slots, by_key);
    facts->entries = n;

    int fd = fs->open(fs->self, path_new, JOURNAL_WRITE | JOURNAL_CREATE | JOURNAL_FRESH);
    int r = fd < 0 ? BOT_ERR_IO : BOT_OK;
    if (r == BOT_OK) {
        facts_page(facts, page);
        uint64_t at = 0;
        if (bot__fs_write_all(fs, fd, page, sizeof page, at) != 0)
            r = BOT_ERR_IO;
        for (size_t i = 0; i < n && r == BOT_OK; i += ENTRIES_PER_PAGE) {
            entries_page(t->slots + i, n - i < ENTRIES_PER_PAGE ? n - i : ENTRIES_PER_PAGE, page);
            if (bot__fs_write_all(fs, fd, page, sizeof page, at += INDEX_PAGE) != 0)
                r = BOT_ERR_IO;
        }
        /* Synced before it gets its name: an index that is there is whole, or its checksums say that it is not. */
        if (r == BOT_OK && fs->sync(fs->self, fd) != 0)
            r = BOT_ERR_IO;
        fs->close(fs->self, fd);
        if (r == BOT_OK && fs->rename(fs->self, path_new, path) != 0)
            r = BOT_ERR_IO;
    }
    if (t->size != 0)
        memset(t->slots, 0, t->size * sizeof *t->slots);
    t->used = 0;
    return r;
}

static int read_facts(const struct journal_fs *fs, int fd, struct index_facts *ret)
{
    uint8_t page[INDEX_PAGE];
    ssize_t n = bot__fs_read_all(fs, fd, page, sizeof page, 0);
    if (n < 0)
        return BOT_ERR_IO;
    if (n != INDEX_PAGE || memcmp(page, magic, sizeof magic) != 0 ||
        get_u32(page + INDEX_PAGE - 4) != bot__crc32c(0, page, INDEX_PAGE - 4))
        return BOT_ERR_CHECKSUM;
    if (get_u16(page + 8) != JOURNAL_VERSION)
        return BOT_ERR_VERSION;
    *ret = (struct index_facts){
        .segment = get_u32(page + 12), .crc_last = get_u32(page + 32), .first_record = get_u64(page + 16),
        .records = get_u64(page + 24), .journal_id = get_u64(page + 56), .entries = get_u64(page + 64),
        .wall_min = (int64_t)get_u64(page + 40), .wall_max = (int64_t)get_u64(page + 48),
    };
    const int64_t size = fs->size(fs->self, fd);
    const uint64_t pages = 1 + (ret->entries + ENTRIES_PER_PAGE - 1) / ENTRIES_PER_PAGE;
    return size < 0 ? BOT_ERR_IO : (uint64_t)size == pages * INDEX_PAGE ? BOT_OK : BOT_ERR_CHECKSUM;
}

int bot__index_facts(const struct journal_fs *fs, const char *path, struct index_facts *ret)
{
    int fd = fs->open(fs->self, path, JOURNAL_READ);
    if (fd < 0)
        return BOT_ERR_IO;
    int r = read_facts(fs, fd, ret);
    fs->close(fs->self, fd);
    return r;
}

static int read_page(const struct journal_fs *fs, int fd, uint64_t number, uint8_t *page)
{
    ssize_t n = bot__fs_read_all(fs, fd, page, INDEX_PAGE, (1 + number) * INDEX_PAGE);
    if (n < 0)
        return BOT_ERR_IO;
    if (n != INDEX_PAGE || get_u32(page) != bot__crc32c(0, page + 4, INDEX_PAGE - 4) || get_u32(page + 4) == 0 ||
        get_u32(page + 4) > ENTRIES_PER_PAGE)
        return BOT_ERR_CHECKSUM;
    return BOT_OK;
}

/* First page whose last key is not below key. Keys are even over their 64 bits, so the first guess is close. */
static int find_page(const struct journal_fs *fs, int fd, uint64_t pages, uint64_t key, uint8_t *page, uint64_t *ret_page)
{
    uint64_t low = 0, high = pages; /* the answer lies in [low, high] */
    uint64_t guess = (uint64_t)((bot_u128)key * pages >> 64);
    for (int step = 0; low < high; step++) {
        int r = read_page(fs, fd, guess, page);
        if (r < 0)
            return r;
        const uint32_t n = get_u32(page + 4);
        const uint64_t key_first = get_u64(page + 16), key_last = get_u64(page + 16 * n);
        if (key_last < key) {
            low = guess + 1;
            guess = low;
        } else {
            high = guess;
            if (key_first < key) /* it begins before the key: no earlier page can hold it */
                break;
            guess = high > low ? high - 1 : low;
        }
        if (step >= 3 || guess >= high) /* the neighbours were no help: halve */
            guess = low + (high - low) / 2;
    }
    *ret_page = high;
    return BOT_OK;
}

int bot__index_find(const struct journal_fs *fs, const char *path, uint64_t key, uint64_t *ret_records)
{
    uint8_t page[INDEX_PAGE];
    struct index_facts facts;
    int fd = fs->open(fs->self, path, JOURNAL_READ);
    if (fd < 0)
        return BOT_ERR_IO;
    int found = 0, r = read_facts(fs, fd, &facts);
    const uint64_t pages = r == BOT_OK ? (facts.entries + ENTRIES_PER_PAGE - 1) / ENTRIES_PER_PAGE : 0;
    uint64_t p = 0;
    if (r == BOT_OK)
        r = find_page(fs, fd, pages, key, page, &p);
    for (bool past = false; r == BOT_OK && !past && p < pages; p++) {
        r = read_page(fs, fd, p, page);
        for (uint32_t i = 0; r == BOT_OK && i < get_u32(page + 4) && !past; i++) {
            const uint64_t k = get_u64(page + 16 + 16 * i);
            if (k == key && found < INDEX_PER_KEY_MAX)
                ret_records[found++] = get_u64(page + 24 + 16 * i);
            past = k > key;
        }
    }
    fs->close(fs->self, fd);
    return r < 0 ? r : found;
}
