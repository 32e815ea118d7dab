/* journal/segment.h: the files of a journal's directory by name and number, and a look at one of them. */
#ifndef BOT_JOURNAL_SEGMENT_H
#define BOT_JOURNAL_SEGMENT_H

#include "bot/core.h"
#include "journal/format.h"
#include "journal/fs.h"
#include "journal/index.h"

#define JOURNAL_PATH_MAX 512 /* a directory's path may be 64 shorter */

/* "<dir>/00000001.journal"; suffix "journal", "index" or "index.new". */
void bot__segment_path(const char *dir, uint32_t segment, const char *suffix, char *buf);

/* Numbers of the segments in dir, ascending, taken from fs->alloc. BOT_OK, BOT_ERR_IO, BOT_ERR_NOMEM. */
int bot__segment_list(const struct journal_fs *fs, const char *dir, uint32_t **ret_numbers, uint32_t *ret_count);

/* What the index of a segment says, if it is the index of all that the segment holds. Else BOT_ERR_CHECKSUM: one that was written for
 * an earlier end, say; or as bot__index_facts. */
int bot__segment_facts(const struct journal_fs *fs, const char *dir, uint32_t segment, struct index_facts *ret);

/* What stands in one segment, record by record, without looking into items. */
struct segment_scan {
    struct journal_header header;
    int      header_err;       /* BOT_OK, or why the header cannot be used */
    uint64_t records;          /* whole ones before the first that is not */
    uint32_t crc_last;         /* of the last of them; chain_in when there is none */
    int64_t  wall_min, wall_max; /* of all that are valid */
    uint64_t end;              /* byte behind them */
    uint64_t size;             /* of the file */
    uint64_t number_first, number_end; /* of the first record and one past the last that is valid, wherever it stands */
    bot_ts   ts_max;           /* newest monotonic time named by the header or a record */
    uint32_t crc_end;          /* of that last one; chain_in when there is none */
    bool     valid_behind;     /* a valid record stands behind the first bad one: damage, not a torn tail */
};
/* BOT_OK or BOT_ERR_IO. buf: scratch of buf_size bytes, a multiple of 256. */
int bot__segment_scan(const struct journal_fs *fs, int fd, uint8_t *buf, size_t buf_size, struct segment_scan *ret);

/* How many items that begin in record `record` carry this execution? fd: its segment. Or BOT_ERR_IO. */
int bot__segment_count_exec(const struct journal_fs *fs, int fd, uint64_t first_record, uint64_t record, uint16_t kind,
                            const bot_exec_key *exec);

#endif
