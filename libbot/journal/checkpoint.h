/* journal/checkpoint.h: the core's state at one place of the journal, so that opening replays only what lies behind it.
 *
 * Derived, as an index is: made by a replay of the records, never from a core that runs, so it says what they say; it may be
 * deleted. It is believed when every part of it fits: the build of the rules, their options, the journal, the records up to
 * it, each page. Else the one before it is tried, and at last the whole journal is replayed; the reason is told. The newest
 * two are kept. Within that it is trusted as the program is: who can write here can write the records too.
 *
 * File "<record, 20 digits>.checkpoint": the state after every item that begins in a record before that one. It is of use on
 * the machine that wrote it only; integers are little-endian, what the pages hold is memory.
 *
 *   Header                                                     then, as often as `pages` says, ascending:
 *      0  8  magic 89 'L' 'J' 'C' 0D 0A 1A 0A                    0  4     CRC-32C of bytes 4..4103, begun with that of the page
 *      8  2  version 3                                                    before; of the first with the CRC-32C of bytes 16..31
 *     10  2  length of the rules' text                                    of the header
 *     12  4  crc of the record before `records end`              4  4     number of the page of the state
 *     16  8  record                                              8  4096  the page
 *     24  8  journal id                                        Pages that are not there are zero, and so is what lies behind
 *     32  8  ts at which the core began                        the state in the last one. Words that belong to the process
 *     40  8  wall ns, 48 8 ts: of the run under way there      (pointers, the host's callbacks) are zero.
 *     56  8  events, 64 8 damaged places, 72 8 events lost: before it
 *     80  8  size of the state
 *     88  4  pages
 *     92  4  crc of the last page: so of all, in their order
 *     96  8  records end: one past the last record that holds a part of what was stepped on; `record`, or behind it where the
 *            last item ends in a later record than it begins
 *    104 32  SHA-256 of the rules' sources (rules_identity.py)
 *    136  8  1: records are missing before it, and the core was not told. Whoever resumes from here must tell it.
 *    144  8  the venue's time in the last event before the first of those that had one; 0: none had
 *    152  ?  the options of the core, as in an OPTIONS item, session_id 0
 *   4092  4  CRC-32C of bytes 0..4091
 */
#ifndef BOT_JOURNAL_CHECKPOINT_H
#define BOT_JOURNAL_CHECKPOINT_H

#include <stdatomic.h>

#include "journal/replay.h"

#define CHECKPOINT_PAGE 4096
#define CHECKPOINTS_KEPT 2
#define CHECKPOINT_RULES_MAX (4092 - 152)

struct checkpoint {
    uint64_t record, journal_id;
    uint64_t records_end;        /* given as 0: the record itself */
    uint32_t crc;                /* of the record before that end, which covers all before it */
    int64_t  run_wall_ns;
    bot_ts   begin, run_ts;
    uint64_t events, damages, lost;
    bool     hole;               /* before it, and the core was not told */
    int64_t  hole_venue_ns;
};

/* A core's memory, with the words in it that belong to the process. */
struct core_image {
    const struct journal_fs *fs;
    bot_core *core;
    size_t    size;
    bot_core_options options;
    bot_ts    begin;
    char      rules[CHECKPOINT_RULES_MAX];
    size_t    rules_len;
    uint32_t *host_words, host_words_n;
    uint8_t  *buf;               /* one page with its head */
};

/* core: just initialised with these options at begin; borrowed. BOT_OK, BOT_ERR_NOMEM, BOT_ERR_FULL (the options' text is too long). */
int  bot__image_init(struct core_image *im, const struct journal_fs *fs, bot_core *core, const bot_core_options *options, bot_ts begin);
void bot__image_done(struct core_image *im);

/* Brings the core, still as it was initialised, to the newest checkpoint at or before record `before` (UINT64_MAX: any) that
 * fits. 1: *ret says where it is; 0: there is none, the core is as it was. why (may be NULL): what was passed over, in plain
 * words, "" if nothing. The reader's place is lost. */
int  bot__checkpoint_load(struct core_image *im, const char *path, bot_journal_reader *reader, uint64_t before,
                          struct checkpoint *ret, char *why, size_t why_size);
/* Writes the core's state down as that at c->record and removes all but the newest. Fills c->crc, records_end, journal_id
 * and begin. BOT_OK, BOT_ERR_IO, BOT_ERR_NOT_FOUND (the record before it is not there, or damaged). */
int  bot__checkpoint_save(struct core_image *im, const char *path, bot_journal_reader *reader, struct checkpoint *c);

/* Numbers of the checkpoints in a journal's directory, newest first; at most CHECKPOINTS_LISTED. Count or BOT_ERR_IO. */
#define CHECKPOINTS_LISTED 8
int  bot__checkpoint_list(const struct journal_fs *fs, const char *path, uint64_t *ret_records);
/* What the header of one says, and the options in it. BOT_OK, or why it cannot be used: BOT_ERR_IO, BOT_ERR_CHECKSUM (damaged),
 * BOT_ERR_VERSION (another version of the format or of the rules), BOT_ERR_CONFLICT (of another journal). */
int  bot__checkpoint_read(const struct journal_fs *fs, const char *path, uint64_t record, bot_journal_reader *reader,
                          struct checkpoint *ret, bot_core_options *ret_options);
/* Does the core, replayed to its place, hold what the checkpoint says, byte by byte? 1, 0, or as read. Its effects are dropped, here
 * and by save. */
int  bot__checkpoint_same(struct core_image *im, const char *path, uint64_t record);

/* Makes a checkpoint close to the journal's end by a replay in a core of its own, from the one before, and on the way there one
 * at each `every` records. rules: as appended by this run. Ends early when *stop (may be NULL) becomes true. How many were made,
 * or negative. For a thread beside the writer's. */
int  bot__checkpoint_make(const struct journal_fs *fs, const char *path, const char *rules, size_t rules_len, uint64_t every,
                          const _Atomic bool *stop);

/* ---- opening ------------------------------------------------------------------------------------------------ */

struct journal_resume {
    const struct journal_fs *fs;       /* NULL: the real one */
    const char *path;
    bot_core   *core;                  /* just initialised with these, and stepped by `step` */
    const bot_core_options *options;
    bot_ts      begin;
    struct journal_older *older;
    uint64_t    next_record;           /* of the run that begins */
    uint64_t    checkpoint_bytes;      /* as in the journal's options; 0: none is read or written */
    journal_step_fn step;
    void       *user_data;
};
/* Brings the core to the journal's end: from a checkpoint if one fits, else from the beginning. When much had to be replayed
 * it leaves a checkpoint behind. *ret counts what was replayed; *ret_from says where it began, record 0: the beginning; text:
 * what was passed over, or "". BOT_OK, or as bot__journal_replay; BOT_ERR_IO, too, when an old fill could not be looked up. */
int bot__journal_resume(const struct journal_resume *c, bot_journal_reader *reader, struct journal_replay_result *ret,
                        struct checkpoint *ret_from, char *text, size_t text_size);

#endif
