/* journal/index.h: finds the record of an execution id. Derived: it may be deleted and is rebuilt from its segment.
 *
 * Index file, beside each sealed segment, pages of 4096 bytes, little-endian:
 *
 *   page 0    0  8  magic 89 'L' 'J' 'I' 0D 0A 1A 0A        other    0  4  CRC-32C of bytes 4..4095
 *             8  2  version 1                               pages    4  4  entries in use, 1..255
 *            12  4  segment number                                   8  8  zero
 *            16  8  first record                                    16 16*255  entries: u64 key, u64 record
 *            24  8  records                                                    ascending by key, then record,
 *            32  4  crc of the last record                                     over all pages
 *            40  8  earliest, 48 8 latest wall time of a record
 *            56  8  journal id
 *            64  8  entries
 *            4092 4 CRC-32C of bytes 0..4091
 *
 * The key of an execution is FNV-1a (64 bits) over: event kind (1 byte), length and text of the instrument, length and
 * text of the id; then mixed so that the high bits are even (see index.c). Of one key at most 4 records are kept. A key
 * only says where to look: the answer comes from the record itself.
 */
#ifndef BOT_JOURNAL_INDEX_H
#define BOT_JOURNAL_INDEX_H

#include "bot/event.h"
#include "journal/fs.h"

#define INDEX_PAGE 4096
#define INDEX_PER_KEY_MAX 4

struct index_entry {
    uint64_t key, record; /* record is stored plus one in a table, so that zero means empty */
};

/* Entries of the segment being written: a hash table that grows by doubling. */
struct index_table {
    struct index_entry *slots;
    size_t size, used; /* size: 0 or a power of two */
};

struct index_facts {
    uint32_t segment, crc_last;
    uint64_t first_record, records, journal_id, entries;
    int64_t  wall_min, wall_max;
};

uint64_t bot__index_key(uint16_t kind, const bot_symbol *instrument, const bot_id *exec_id);

/* BOT_OK or BOT_ERR_NOMEM, the table as it was. */
int  bot__index_add(const struct journal_fs *fs, struct index_table *t, uint64_t key, uint64_t record);
/* Number of records found, at most INDEX_PER_KEY_MAX. */
int  bot__index_lookup(const struct index_table *t, uint64_t key, uint64_t *ret_records);
void bot__index_clear(struct index_table *t);
void bot__index_release(const struct journal_fs *fs, struct index_table *t);

/* Sorts the table (it is empty afterwards) and writes the file through path_new, renamed to path. facts->entries is set.
 * BOT_OK, BOT_ERR_IO. */
int bot__index_write(const struct journal_fs *fs, const char *path_new, const char *path, struct index_facts *facts,
                     struct index_table *t);
/* Page 0. BOT_OK, BOT_ERR_IO (not there), BOT_ERR_CHECKSUM, BOT_ERR_VERSION. */
int bot__index_facts(const struct journal_fs *fs, const char *path, struct index_facts *ret);
/* As lookup, in the file. Negative: BOT_ERR_IO, BOT_ERR_CHECKSUM. Uses two pages of stack. */
int bot__index_find(const struct journal_fs *fs, const char *path, uint64_t key, uint64_t *ret_records);

#endif
