/* journal/reader.h: bot/journal.h's reader with the file layer given, for the writer's own use and for tests. */
#ifndef BOT_JOURNAL_READER_H
#define BOT_JOURNAL_READER_H

#include "bot/journal.h"
#include "journal/fs.h"

int bot__journal_open_read(const struct journal_fs *fs, const char *path, const char *venue, const char *account,
                           bot_journal_reader **ret_reader, bot_journal_place *ret_why);
/* Checksum of one record, which covers all records before it. BOT_OK, BOT_ERR_NOT_FOUND, BOT_ERR_CHECKSUM (it is not whole),
 * BOT_ERR_IO, BOT_ERR_VERSION. The reader's place is lost. */
int bot__journal_crc_of(bot_journal_reader *reader, uint64_t record, uint32_t *ret_crc);

#endif
