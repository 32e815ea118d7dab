/* journal/replay.h: a journal through the core: after a crash, and for questions about the past.
 *
 * The rule that makes a replay exact, for whoever writes a journal:
 *
 *   - The core's options are the first item of a run (bot__journal_append_options), and their ts is the `now` that the core was
 *     initialised with in the journal's first run. Later runs initialise their core with that same ts (bot__journal_begin)
 *     and replay everything, with their own options, before they step on anything new.
 *   - Every event is appended in the order in which the core steps on it, its ts ts_offset included.
 *   - older_fill is bot__journal_older_fill.
 *
 * The state at a record is then: a core with the options of the run that the record belongs to, initialised at the
 * journal's beginning, stepped through every event that ends before it.
 */
#ifndef BOT_JOURNAL_REPLAY_H
#define BOT_JOURNAL_REPLAY_H

#include "bot/core.h"
#include "bot/journal.h"
#include "journal/fs.h"
#include "journal/writer.h"

/* Takes one item. Below zero stops the replay and is returned by it; above zero stops it and returns BOT_OK. */
typedef int (*journal_step_fn)(void *user_data, const bot_journal_item *item);

struct journal_replay_result {
    uint64_t items, events, lost, damages;
    uint64_t record_end;           /* one past the last record seen */
    bot_ts   ts_last;
    int64_t  run_wall_ns;          /* of the last run that begins in it; run_ts 0: none does */
    bot_ts   run_ts;
    bot_journal_place damage;      /* the first */
    bool     hole;                 /* something was not there to be stepped on: damaged, or never written (lost) */
    int64_t  hole_venue_ns;        /* the venue's time in the last event before the first hole that had one; 0: none had */
    bool     told;                 /* a BOT_EV_GAP of the journal came: the core was told of all holes before it */
    bool     untold;               /* there is a hole behind the last of those, */
    int64_t  untold_venue_ns;      /* and that is its time */
};

/* Hands every item that ends before record until_record (UINT64_MAX: all) to step. Damage is counted, the first is kept, and
 * the replay goes on behind it unless stop_at_damage: then its error is returned. */
int bot__journal_replay(bot_journal_reader *reader, uint64_t until_record, bool stop_at_damage, journal_step_fn step,
                        void *user_data, struct journal_replay_result *ret_result);

/* The journal's beginning: ts of its first OPTIONS item, or, where that is damaged, of the first event. BOT_ERR_NOT_FOUND: none. Leaves the reader at its start. */
int bot__journal_begin(bot_journal_reader *reader, bot_ts *ret_ts);
/* Options of the run that writes record `record` (the last OPTIONS item that ends before it, or the first there is), defaults for
 * what they do not name. BOT_ERR_NOT_FOUND: none. Leaves the reader at its start. */
int bot__journal_options_at(bot_journal_reader *reader, uint64_t record, bot_core_options *ret_options);

#define JOURNAL_DOUBTS_MAX 32 /* while a disk fails; behind that a fill is found missing by reconciliation alone */

/* Was this fill journaled before the event that is being stepped on? For bot_core_options.older_fill, with a journal_older as
 * user_data, in a replay and live alike. */
struct journal_older {
    const struct journal_fs *fs;
    const char     *path;   /* of the journal; borrowed */
    struct journal *live;   /* NULL while replaying; set once the replay is done */
    void           *seen;   /* replay: how far it has come */
    bool            guessed; /* it said yes because files could not be read: a replay's state then is none to keep */
    /* Live: fills of which that was said, and how many events of each stand in the journal since. They were not applied: when the venue's
     * history brings one again and the files can be read, only what lies before counts. */
    struct journal_doubt {
        bot_exec_key exec;  /* without an id: a free place */
        uint32_t   fills, fundings;
        uint64_t   appended; /* executions until the newest of them: written, before there is an answer */
    } doubts[JOURNAL_DOUBTS_MAX];
};
void bot__journal_older_init(struct journal_older *o, const struct journal_fs *fs, const char *path);
/* Replay: it does not begin at the beginning but at the first item of this record: what lies before counts as seen. BOT_OK or
 * BOT_ERR_NOMEM. */
int  bot__journal_older_from(struct journal_older *o, uint64_t record);
/* Replay: after the core has stepped on the item. BOT_OK or BOT_ERR_NOMEM. */
int  bot__journal_older_see(struct journal_older *o, const bot_journal_item *item);
/* The replay is over; from here on the journal that is being written answers. live may be NULL. Frees what replaying took. */
void bot__journal_older_live(struct journal_older *o, struct journal *live);
bool bot__journal_older_fill(void *older, const bot_exec_key *exec);

/* A core of its own for a journal: what `botctl replay` and its sisters ask. */
struct journal_core {
    bot_core *core;
    struct journal_older older;
    const struct journal_fs *fs;
    void     *memory;
    bot_core_options options; /* that it has, older_fill included */
    bot_ts    begin;
    int       r;          /* what the last step returned */
    int64_t   run_wall_ns;
    bot_ts    run_ts;
};
/* A core as the run of record `record` had it, at the journal's beginning; the reader stands there too. fs NULL: the real one;
 * path is borrowed. BOT_OK; BOT_ERR_NOT_FOUND: the journal holds no options, so nothing can be decided again;
 * BOT_ERR_UNSUPPORTED: it was written under a rule that this version does not know; BOT_ERR_NOMEM, BOT_ERR_IO. */
int  bot__journal_core_open(struct journal_core *jc, const struct journal_fs *fs, const char *path, bot_journal_reader *reader,
                            uint64_t record);
/* The same with options that are given; their older_fill is ours. */
int  bot__journal_core_open_as(struct journal_core *jc, const struct journal_fs *fs, const char *path, bot_journal_reader *reader,
                               const bot_core_options *options);
/* The core has been brought to the state before this record otherwise (journal/checkpoint.h). BOT_OK or BOT_ERR_NOMEM. */
int  bot__journal_core_resume(struct journal_core *jc, uint64_t record, int64_t run_wall_ns, bot_ts run_ts);
/* Steps on the item if it is an event (1: it did, jc->r and the core's effects say what followed), notes it in any case (0). */
int  bot__journal_core_step(struct journal_core *jc, const bot_journal_item *item);
/* The same for the state alone: effects are not made, which is quicker. */
int  bot__journal_core_pass(struct journal_core *jc, const bot_journal_item *item);
void bot__journal_core_close(struct journal_core *jc);
/* Wall time of a moment of the run that was stepped on last. */
static inline int64_t bot__journal_core_wall(const struct journal_core *jc, bot_ts ts) { return jc->run_wall_ns + (ts - jc->run_ts); }

/* Every number of the options as lines "name=value"; pointers are left out. Length or BOT_ERR_FULL. 4 KiB is enough. */
int bot__core_options_format(const bot_core_options *options, char *buf, size_t size);
/* Starts from the defaults. A name that this version does not know is BOT_ERR_UNSUPPORTED: a rule must not be dropped.
 * BOT_ERR_MALFORMED. */
int bot__core_options_parse(const char *text, size_t len, bot_core_options *ret_options);

#endif
