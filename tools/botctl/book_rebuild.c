#include "book_rebuild.h"

#include <stdio.h>
#include <stdlib.h>

#include "capture.h"

#define LEVELS_MAX 20000   /* of a message */
#define SIDE_MAX 20000     /* of a book */
#define PENDING_MAX 8192
#define PENDING_LEVELS_MAX 200000

static const char unnamed[] = "?";

bool rebuild_init(struct rebuild *r)
{
    r->ctx.scratch.levels = malloc(LEVELS_MAX * sizeof *r->ctx.scratch.levels);
    r->ctx.scratch.levels_max = LEVELS_MAX;
    r->ctx.state = calloc(1, r->venue->state_size + 1);
    if (r->ctx.scratch.levels != NULL && r->ctx.state != NULL)
        return true;
    rebuild_done(r);
    return false;
}

static void book_free(struct rebuilt *b)
{
    if (b == NULL) return;
    free(b->book.mem.levels);
    free(b->book.mem.pending);
    free(b->book.mem.pending_levels);
    free(b);
}

void rebuild_done(struct rebuild *r)
{
    for (size_t i = 0; i < r->books_n; i++) book_free(r->books[i]);
    free(r->books);
    free(r->held);
    free(r->scratch);
    free(r->ctx.scratch.levels);
    free(r->ctx.state);
    r->books = NULL;
    r->held = r->scratch = NULL;
    r->ctx.scratch.levels = NULL;
    r->ctx.state = NULL;
    r->books_n = 0;
}

static struct rebuilt *book_new(const struct venue *venue, const bot_symbol *instrument)
{
    struct rebuilt *b = calloc(1, sizeof *b);
    if (b == NULL) return NULL;
    struct book_memory m = { .levels = malloc(2 * SIDE_MAX * sizeof *m.levels), .side_max = SIDE_MAX };
    const bool pending = venue->book.snapshot_by_rest;
    if (pending) {
        m.pending_max = PENDING_MAX;
        m.pending_levels_max = PENDING_LEVELS_MAX;
        m.pending = malloc(PENDING_MAX * sizeof *m.pending);
        m.pending_levels = malloc(PENDING_LEVELS_MAX * sizeof *m.pending_levels);
    }
    b->book.mem = m;
    b->instrument = *instrument;
    if (m.levels == NULL || (pending && (m.pending == NULL || m.pending_levels == NULL))) {
        book_free(b);
        return NULL;
    }
    bot__book_init(&b->book, &venue->book, &m);
    return b;
}

/* Books belong to a connection. Answers come by no connection of theirs and fit any book of the name. */
static struct rebuilt *book_of(struct rebuild *r, const bot_symbol *instrument)
{
    const char *connection = r->answer ? "" : r->connection;
    for (size_t i = 0; i < r->books_n; i++) {
        struct rebuilt *b = r->books[i];
        if (!bot__symbol_eq(&b->instrument, instrument)) continue;
        if (b->connection[0] == '\0') snprintf(b->connection, sizeof b->connection, "%s", connection);
        if (connection[0] == '\0' || strcmp(b->connection, connection) == 0) return b;
    }
    if (r->books_n == r->books_room) {
        const size_t room = r->books_room == 0 ? 16 : 2 * r->books_room;
        struct rebuilt **more = realloc(r->books, room * sizeof(struct rebuilt *));
        if (more == NULL) return NULL;
        r->books = more;
        r->books_room = room;
    }
    struct rebuilt *b = book_new(r->venue, instrument);
    if (b == NULL) return NULL;
    snprintf(b->connection, sizeof b->connection, "%s", connection);
    return r->books[r->books_n++] = b;
}

static int on_event(void *user_data, const bot_event *ev)
{
    struct rebuild *r = user_data;
    if (ev->kind == BOT_EV_ERROR && bot_err_class(ev->error.code) == BOT_CLASS_INPUT)
        return ev->error.code;
    if (ev->kind != BOT_EV_BOOK)
        return 0;
    if (ev->instrument.len == 1 && ev->instrument.s[0] == unnamed[0])
        return BOT_ERR_NOT_FOUND;
    struct rebuilt *b = book_of(r, &ev->instrument);
    if (b == NULL)
        return BOT_ERR_NOMEM;
    bot_event gap;
    const int x = bot__book_apply(&b->book, ev, &gap);
    if (x < 0)
        return x;
    if (ev->book.checksum_given && ev->book.checksum != 0 && x != BOOK_IGNORED)
        b->checksums++;
    if (x == BOOK_GAP) {
        r->gaps++;
        r->on_gap(r->user_data, &gap);
    }
    return 0;
}

static int snapshot(struct rebuild *r, struct slice body, const bot_symbol *instrument)
{
    struct venue_reply reply;
    r->ctx.instrument = *instrument;
    const bool answer = r->answer;
    r->answer = true;
    const int x = r->venue->decode_rest(&r->ctx, VENUE_CALL_BOOK, 200, NULL, 0, body, on_event, r, &reply);
    r->answer = answer;
    memset(&r->ctx.instrument, 0, sizeof r->ctx.instrument);
    if (x < 0)
        return x;
    return reply.outcome == BOT_OUTCOME_OK ? BOT_OK : BOT_ERR_MALFORMED;
}

/* The one instrument of the stream so far, if it is one. */
static bool only_instrument(const struct rebuild *r, bot_symbol *ret)
{
    if (r->books_n == 0)
        return false;
    for (size_t i = 1; i < r->books_n; i++)
        if (!bot__symbol_eq(&r->books[0]->instrument, &r->books[i]->instrument))
            return false;
    *ret = r->books[0]->instrument;
    return true;
}

static void name_from_url(struct slice url, bot_symbol *ret)
{
    static const char *const names[] = { "symbol", "instId", "product_code", "instrument_name" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct slice v = capture_query(url, names[i]);
        if (v.len > 0 && bot__symbol_set(ret, v.p, v.len))
            return;
    }
}

/* A body that may be a snapshot: named by its own content, by the URL beside it, or by being the only one. */
static int answer(struct rebuild *r, struct slice body, const bot_symbol *by_url)
{
    bot_symbol name = *by_url;
    if (name.len == 0 && !only_instrument(r, &name))
        bot__symbol_set(&name, unnamed, 1);
    int x = snapshot(r, body, &name);
    if (x != BOT_ERR_NOT_FOUND || r->books_n > 0 || r->held != NULL)
        return x;
    r->held = malloc(body.len + 1);
    if (r->held == NULL)
        return BOT_ERR_NOMEM;
    memcpy(r->held, body.p, body.len);
    r->held_len = body.len;
    r->line_of_held = r->lines;
    return BOT_OK;
}

static void unreadable(struct rebuild *r, uint64_t line, int err)
{
    r->unreadable++;
    r->on_unreadable(r->user_data, line, err);
}

static int received(struct rebuild *r, struct slice message)
{
    int x = r->venue->decode_ws(&r->ctx, BOT_SOURCE_WS_PUBLIC, message, on_event, r);
    if (x < 0 && x != BOT_ERR_NOMEM) {
        /* Bare captures put answers between the messages. */
        const int y = answer(r, message, &r->url_instrument);
        if (y >= 0 || y == BOT_ERR_NOT_FOUND) x = y;
        if (y >= 0) memset(&r->url_instrument, 0, sizeof r->url_instrument);
    }
    bot_symbol name;
    if (r->held != NULL && only_instrument(r, &name)) {
        const int y = snapshot(r, (struct slice){ r->held, r->held_len }, &name);
        if (y < 0) unreadable(r, r->line_of_held, y);
        free(r->held);
        r->held = NULL;
    }
    return x;
}

bool rebuild_line(struct rebuild *r, const char *line, size_t len)
{
    r->lines++;
    if (len > r->scratch_size) {
        char *more = realloc(r->scratch, 2 * len);
        if (more == NULL) return false;
        r->scratch = more;
        r->scratch_size = 2 * len;
    }
    struct capture c;
    bot_symbol by_url = { 0 };
    int x = capture_read(line, len, r->scratch, &c);
    if (x == BOT_OK) {
        const size_t n = c.connection.len < sizeof r->connection_text ? c.connection.len : sizeof r->connection_text - 1;
        if (n > 0) memcpy(r->connection_text, c.connection.p, n);
        r->connection_text[n] = '\0';
        r->connection = r->connection_text;
        r->answer = c.kind == CAPTURE_ANSWER;
        name_from_url(c.url, &by_url);
        if (c.kind == CAPTURE_RECEIVED && c.message.len > 0) {
            x = received(r, c.message);
        } else if (c.kind == CAPTURE_ANSWER) {
            x = answer(r, c.message, &by_url);
            if (x != BOT_ERR_NOMEM) x = BOT_OK; /* an answer about something else */
        } else if (by_url.len > 0) {
            r->url_instrument = by_url;
        }
    }
    if (x == BOT_ERR_NOMEM)
        return false;
    if (x < 0)
        unreadable(r, r->lines, x);
    return true;
}

void rebuild_end(struct rebuild *r)
{
    if (r->held == NULL)
        return;
    unreadable(r, r->line_of_held, BOT_ERR_NOT_FOUND);
    free(r->held);
    r->held = NULL;
}
