/* session/books.h: order books of the instruments, kept whole: every message of the public stream is applied, and a book that
 * breaks (sequence, checksum, crossed prices, depth worn away) is replaced by a new snapshot, asked for with back-off.
 *
 * A broken book costs the price collar its best reference, never the gate its leases: trades are there beside it. */
#ifndef BOT_SESSION_BOOKS_H
#define BOT_SESSION_BOOKS_H

#include "session/state.h"

struct books_memory {
    bot_level *levels, *pending_levels;
    struct book_pending *pending;
};
void bot__books_carve(struct arena *a, const struct session_options *o, struct books_memory *ret);
void bot__books_open(struct session *s, const struct books_memory *memory);
void bot__books_event(struct session *s, const bot_event *ev); /* BOOK of the stream or of a snapshot */
void bot__books_lost(struct session *s, bot_stream stream);

/* What a book needs to be whole again and cannot do by itself. */
struct books_wish {
    const bot_symbol *snapshot; /* a snapshot by REST; or, where NULL: */
    bot_stream  stream;         /* a new connection of this socket */
    const char *reason;
};
/* What time has done, book by book from *cursor on (0 at first), up to the next wish; false: that was all. */
bool bot__books_due(struct session *s, uint32_t *cursor, struct books_wish *ret);
bot_ts bot__books_deadline(const struct session *s);

#endif
