/* journal/replay.h: a journal through the core, and the core's options as text. */
#ifndef BOT_JOURNAL_REPLAY_H
#define BOT_JOURNAL_REPLAY_H

#include "bot/core.h"
#include "bot/journal.h"

/* Takes one item. Below zero stops the replay and is returned by it; above zero stops it and returns BOT_OK. */
typedef int (*journal_step_fn)(void *user_data, const bot_journal_item *item);

struct journal_replay_result {
    uint64_t items, events, lost, damages;
    uint64_t record_end;           /* one past the last record seen */
    bot_journal_place damage;      /* the first */
};

/* Hands every item before record until_record (UINT64_MAX: all) to step. Damage is counted, the first is kept, and the
 * replay goes on behind it unless stop_at_damage: then its error is returned. */
int bot__journal_replay(bot_journal_reader *reader, uint64_t until_record, bool stop_at_damage, journal_step_fn step,
                        void *user_data, struct journal_replay_result *ret_result);

/* Every number of the options as lines "name=value"; pointers are left out. Length or BOT_ERR_FULL. 4 KiB is enough. */
int bot__core_options_format(const bot_core_options *options, char *buf, size_t size);
/* Starts from the defaults. A name that this version does not know is BOT_ERR_UNSUPPORTED: a rule must not be dropped. */
int bot__core_options_parse(const char *text, size_t len, bot_core_options *ret_options);

#endif
