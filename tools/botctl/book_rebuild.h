/* book_rebuild.h: order books of all instruments of a venue, rebuilt from its raw messages in order of arrival. */
#ifndef BOTCTL_BOOK_REBUILD_H
#define BOTCTL_BOOK_REBUILD_H

#include "core/book.h"
#include "venue/venue.h"

struct rebuilt {
    bot_symbol  instrument;
    char        connection[40]; /* "" until known: the same name may be two products on two connections */
    struct book book;
    uint64_t    checksums;      /* non-zero ones that were looked at */
};

struct rebuild {
    const struct venue  *venue;
    struct venue_context ctx;
    struct rebuilt     **books;
    size_t               books_n, books_room;
    uint64_t             lines, gaps, unreadable;
    char                *held;  /* a snapshot that names no instrument, until one is known */
    size_t               held_len, line_of_held;
    bot_symbol           url_instrument; /* of the request before, for the answer without a name */
    char                *scratch;
    size_t               scratch_size;
    const char          *connection; /* of the line at hand; NUL-terminated */
    char                 connection_text[40];
    bool                 answer;
    void               (*on_gap)(void *user_data, const bot_event *gap);
    void               (*on_unreadable)(void *user_data, uint64_t line, int err);
    void                *user_data;
};

/* False when out of memory. Zero-initialise, set venue and the callbacks first. */
bool rebuild_init(struct rebuild *r);
void rebuild_done(struct rebuild *r);
/* One line without its end, in one of the forms of capture.h. False when out of memory. */
bool rebuild_line(struct rebuild *r, const char *line, size_t len);
/* No more lines: what is still held cannot be named. */
void rebuild_end(struct rebuild *r);

#endif
