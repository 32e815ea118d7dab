/* journal/writer.h: appends to a journal without ever making the loop wait.
 *
 * append copies an event into a ring of fixed size, on the loop's thread. A thread of the writer's own takes what has
 * gathered, packs it into records and writes them together, then syncs by policy. It owns the files; the loop owns nothing
 * but its end of the ring. What goes wrong there is seen here at once: state() is two loads and a compare.
 *
 *     OK      -> FAILED   a write, sync or new segment failed: nothing is lost yet, the ring fills, the disk is tried again
 *     any     -> FULL     the ring is full: items are being lost, each is counted
 *     any     -> STALLED  the thread has been inside one file operation, or away, for longer than stall_ns
 *     *       -> OK       the disk took what was waiting; a LOST item stands where items are missing
 */
#ifndef BOT_JOURNAL_WRITER_H
#define BOT_JOURNAL_WRITER_H

#include "bot/journal.h"
#include "journal/fs.h"

struct journal;

enum journal_state { JOURNAL_OK, JOURNAL_FAILED, JOURNAL_FULL, JOURNAL_STALLED };

struct journal_config {
    bot_journal_options options;
    const char *venue, *account;       /* copied; who the journal belongs to */
    const struct journal_fs *fs;       /* NULL: the real one */
    bool inline_rounds;                /* no thread: the host calls bot__journal_round. For tests and virtual time. */
    /* The state may have changed. Called on the writer's thread (inside round without one): hop to the loop, then ask
     * bot__journal_state there. NULL: none. */
    void (*on_change)(void *user_data);
    void *user_data;
};

/* What opening found and did. */
struct journal_recovery {
    bool     existed;          /* there was something to resume from */
    uint64_t next_record;      /* the first record of this run: replay what lies before it */
    bot_ts   ts_last;          /* newest time in the journal's end */
    /* What must be added to the host's monotonic clock to get the ts of this run's events: 0, or after a reboot so much that
     * time does not run backwards in the journal. A session adds it to everything that it gives to the core. */
    int64_t  ts_offset;
    uint64_t torn_bytes;       /* cut from the end */
    bot_journal_place damage;  /* first damage found in the last segment; NONE */
    uint32_t indexes_rebuilt;
    char     text[200];        /* on failure: one plain sentence, the remedy included */
};

/**
 * Opens the journal for appending: takes the lock, checks that it is ours, cuts a torn tail. May take long (reads the last
 * segment); call before the loop runs.
 *
 * Returns BOT_OK or BOT_ERR_LOCKED, BOT_ERR_CONFLICT (another account or venue), BOT_ERR_VERSION, BOT_ERR_IO, BOT_ERR_OPTIONS,
 * BOT_ERR_NOMEM; ret_recovery->text says why in words. Damage in old records is no failure: it is in ret_recovery->damage.
 */
int bot__journal_open(const struct journal_config *config, struct journal **ret_journal, struct journal_recovery *ret_recovery);
/* Writes and syncs what is waiting, stops the thread, gives up the lock. Waits for the disk. NULL is allowed.
 * BOT_OK, or BOT_ERR_IO when something could not be written. */
int bot__journal_close(struct journal *j);

/* Loop thread. BOT_OK, or BOT_ERR_FULL (counted as lost; the state says so), BOT_ERR_INVALID and BOT_ERR_UNSUPPORTED as
 * bot__item_encode_event. */
int bot__journal_append(struct journal *j, const bot_event *ev);
/* Bytes that could not be read, cut to raw_message_max; call before appending the error event. Dropped and counted when
 * raw_segment_max is used up. */
int bot__journal_append_raw(struct journal *j, bot_ts ts, bot_source source, const void *bytes, size_t len);
/* The core's options of this run, as text (journal/replay.h makes it). First thing to append after opening. */
int bot__journal_append_options(struct journal *j, bot_ts ts, const char *text, size_t len);

/* Loop thread; now: the host's monotonic clock, without ts_offset. Call at every tick: a stalled disk cannot report itself. */
enum journal_state bot__journal_state(const struct journal *j, bot_ts now);
/* Why, in one plain sentence ("" while OK). Any thread. */
size_t bot__journal_state_text(const struct journal *j, bot_ts now, char *buf, size_t size);
/* Any thread. */
void bot__journal_stats_get(const struct journal *j, bot_journal_stats *ret);

/* Was this fill (BOT_EV_FILL) or payment (BOT_EV_FUNDING) ever journaled? Asked by the core while it steps on an
 * event that was appended just before, that event itself does not count. Exact, in bounded memory: reads the index, so it may
 * wait for the disk; the ledger asks only about ids older than its window, which have left the ring long ago.
 * 1, 0, BOT_ERR_IO. Loop thread. */
int bot__journal_has_exec(struct journal *j, uint16_t kind, const bot_exec_key *exec);
/* The same where so many of its events do not count either. */
int bot__journal_has_exec_but(struct journal *j, uint16_t kind, const bot_exec_key *exec, uint32_t others);
/* Executions appended and written so far, and of what kind the newest event is if it is this one's; 0: it is another's. */
struct journal_execs {
    uint64_t appended, written;
    uint16_t newest_kind;
};
struct journal_execs bot__journal_execs(struct journal *j, const bot_exec_key *exec);

/* One turn of the writer's work, with inline_rounds only. Returns the number of records written. */
int bot__journal_round(struct journal *j);

#endif
