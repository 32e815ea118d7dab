/* journal/writer_state.h: the writer's inside, shared by writer.c (appending and writing), recover.c
 * (opening) and search.c. */
#ifndef BOT_JOURNAL_WRITER_STATE_H
#define BOT_JOURNAL_WRITER_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "journal/format.h"
#include "journal/index.h"
#include "journal/ring.h"
#include "journal/segment.h"
#include "journal/writer.h"

#define BATCH_RECORDS 1024
#define EXECS_MAX (BATCH_RECORDS * 8)

enum journal_op { OP_NONE, OP_WRITE, OP_SYNC, OP_SEGMENT, OP_MEMORY };

struct sealed {
    uint32_t segment;
    bool     indexed; /* else it must be searched from end to end */
    uint64_t first_record;
};

struct journal {
    struct journal_config config;
    const struct journal_fs *fs;
    char     path[JOURNAL_PATH_MAX], venue[16], account[64];
    int      lock_fd;

    /* Loop thread. */
    struct ring ring;
    uint64_t lost_items;      /* since the last LOST item */
    bot_ts   lost_from, lost_to;
    uint64_t raw_segment_used;
    uint32_t raw_segment_seen; /* the segment that raw_segment_used counts for */
    uint64_t execs_appended;
    uint16_t last_exec_kind;   /* the newest item, if it was one of them; else 0 */
    bot_exec_key last_exec;

    /* Written by the writer's thread, read by any. */
    _Atomic int      failed_op, failed_errno; /* OP_NONE: fine */
    _Atomic int64_t  progress;
    _Atomic uint64_t written, next_record, durable_record, writes, syncs, segments, failures;
    _Atomic uint32_t segment_now;
    /* Written by the loop's thread, read by any. */
    _Atomic uint64_t appended, lost, raw_kept, raw_dropped, ring_used_max;
    _Atomic bool     full;

    /* Waking the thread. */
    pthread_t       thread;
    pthread_mutex_t mutex; /* guards wake for the condition */
    pthread_cond_t  cond;
    _Atomic bool    wake, closing;

    /* A checkpoint now and then, made beside all this. */
    pthread_t       checkpoint_thread;
    bool            checkpoint_started;  /* writer's thread: there is one to join */
    uint64_t        checkpoint_at;       /* writer's thread: the record at which the last was begun, or that of opening */
    _Atomic bool    checkpoint_running;
    _Atomic uint64_t checkpoints, checkpoints_failed;
    char           *rules;               /* index_mutex: the options of this run as appended; NULL: not yet */
    size_t          rules_len;

    /* Searching. */
    pthread_mutex_t    index_mutex;
    struct index_table table;  /* of the active segment; only what has been written */
    struct sealed     *sealed;
    uint32_t           sealed_n, sealed_room;
    uint64_t           execs_written; /* how many of execs_appended can be found */
    uint64_t           table_end;     /* the table knows of all executions that begin before this record */

    /* Writer's thread. */
    int      fd;
    struct journal_header header; /* of the active segment */
    uint64_t file_records;        /* written to it */
    uint32_t crc_last;            /* of the last completed record */
    uint8_t *batch;               /* completed records and, behind them, the one being filled */
    uint32_t batch_n;
    uint64_t items_packed, items_completed; /* of the loop's: into records; of these, all of whose bytes are in completed ones */
    struct journal_record record; /* being filled: first, used, flags, ts */
    bool     eager;               /* it holds something that should not wait */
    bot_ts   lazy_since;
    bool     urgent;              /* a fill waits for its sync */
    bool     run_pending;         /* the run's first item is still to be written */
    int64_t  ts_offset;           /* host's monotonic clock to the journal's */
    bool     must_roll, must_rewrite, sealed_done;
    bot_ts   sync_at, retry_at;
    int64_t  wall_min, wall_max;
    uint64_t exec_keys[EXECS_MAX], exec_records[EXECS_MAX]; /* in the batch */
    uint32_t execs_n;
};

/* recover.c */
int bot__journal_recover(struct journal *j, struct journal_recovery *ret);
/* Makes the file of the segment described by j->header and opens it. BOT_OK or BOT_ERR_IO. */
int bot__journal_begin_segment(struct journal *j);
/* Adds to j->sealed. BOT_OK or BOT_ERR_NOMEM. */
int bot__journal_add_sealed(struct journal *j, struct sealed s);
/* Keys of all executions in one segment file. Damage is passed over: what cannot be read cannot be found. ret_ts_max (may be
 * NULL) is raised to the newest time of an item. */
int bot__journal_index_segment(const struct journal_fs *fs, const char *path, struct index_table *t, bot_ts *ret_ts_max);

#endif
