/* journal/reader.h: bot/journal.h's reader with the file layer given, for the writer's own use and for tests. */
#ifndef BOT_JOURNAL_READER_H
#define BOT_JOURNAL_READER_H

#include "bot/journal.h"
#include "journal/fs.h"

int bot__journal_open_read(const struct journal_fs *fs, const char *path, const char *venue, const char *account,
                           bot_journal_reader **ret_reader, bot_journal_place *ret_why);

#endif
