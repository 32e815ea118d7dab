#include "session/books.h"

#include "bot/decimal.h"

#define SIDE_MAX 400u             /* levels a side: the deepest that a stream of ours brings (OKX books) */
#define THIN (SIDE_MAX / 4)       /* fewer left of a book that lost levels: the deep ones would be missed */
#define PENDING_MAX 64u           /* deltas kept while a snapshot is fetched: 6 s of the fastest stream */
#define PENDING_LEVELS_MAX 4096u
#define RESYNC_FIRST_NS BOT_NS_PER_S
#define RESYNC_MAX_NS (60 * BOT_NS_PER_S)
#define STEADY_NS (60 * BOT_NS_PER_S) /* whole for so long: the next break starts the back-off anew */
#define PATIENCE_NS (5 * BOT_NS_PER_S) /* crossed, or no snapshot after the subscription, for so long */

static uint32_t books_n(const struct session_options *o) { return o->public_data ? o->instruments_n : 0; }

void bot__books_carve(struct arena *a, const struct session_options *o, struct books_memory *ret)
{
    const uint32_t n = books_n(o), kept = o->venue->book.snapshot_by_rest ? n : 0;
    ret->levels = bot__arena_take(a, (size_t)n * 2 * SIDE_MAX, sizeof *ret->levels);
    ret->pending = bot__arena_take(a, (size_t)kept * PENDING_MAX, sizeof *ret->pending);
    ret->pending_levels = bot__arena_take(a, (size_t)kept * PENDING_LEVELS_MAX, sizeof *ret->pending_levels);
}

void bot__books_open(struct session *s, const struct books_memory *m)
{
    const bool by_rest = s->options.venue->book.snapshot_by_rest;
    for (uint32_t i = 0; i < books_n(&s->options); i++) {
        const struct book_memory memory = {
            .levels = m->levels + (size_t)i * 2 * SIDE_MAX, .side_max = SIDE_MAX,
            .pending = by_rest ? m->pending + (size_t)i * PENDING_MAX : NULL, .pending_max = by_rest ? PENDING_MAX : 0,
            .pending_levels = by_rest ? m->pending_levels + (size_t)i * PENDING_LEVELS_MAX : NULL,
            .pending_levels_max = by_rest ? PENDING_LEVELS_MAX : 0,
        };
        struct live_book *b = &s->books[i];
        bot__book_init(&b->book, &s->options.venue->book, &memory);
        b->resync_at = b->doubted_at = BOT_TS_NEVER;
    }
}

static const struct live_book *find(const struct session *s, const bot_symbol *instrument)
{
    const uint32_t i = session_index(s, instrument);
    return i < books_n(&s->options) ? &s->books[i] : NULL;
}

static const bot_symbol *symbol_of(const struct session *s, const struct live_book *b) { return &s->options.instruments[b - s->books]; }

/* ---- a book that is not to be believed ---- */

/* whole: it was, up to now. */
static void ask_again(struct session *s, struct live_book *b, bool whole)
{
    if (b->resync_at != BOT_TS_NEVER)
        return;
    if (whole && s->t.now - b->synced_at >= STEADY_NS)
        b->tries = 0;
    int64_t wait = RESYNC_FIRST_NS;
    for (uint32_t i = 1; i < b->tries && wait < RESYNC_MAX_NS; i++)
        wait *= 2;
    if (wait > RESYNC_MAX_NS)
        wait = RESYNC_MAX_NS;
    /* The first snapshot of a stream is wanted at once. */
    b->resync_at = b->tries == 0 ? s->t.now : session_after(s->t.now, wait / 2 + (int64_t)(bot__session_random(s) % (uint64_t)(wait / 2 + 1)));
    b->tries++;
}

/* True: with what is wished for. */
static bool resync(struct session *s, struct live_book *b, struct books_wish *ret)
{
    const struct venue *v = s->options.venue;
    b->resync_at = BOT_TS_NEVER;
    b->doubted_at = BOT_TS_NEVER;
    const bot_symbol *symbol = symbol_of(s, b);
    const bot_stream stream = session_public_of(s, symbol, true);
    if (s->streams[stream].phase != STREAM_UP)
        return false; /* a new stream brings a new book */
    s->stats.book_resyncs++;
    bot__session_log(s, 2, "book_resync", "%.*s", (int)symbol->len, symbol->s);
    *ret = (struct books_wish){ .stream = stream };
    if (v->book.snapshot_by_rest) {
        ret->snapshot = symbol;
    } else if (v->ws_resubscribe_book != NULL) {
        char text[1024];
        for (uint32_t i = 0;; i++) {
            const int len = v->ws_resubscribe_book(symbol, i, text, sizeof text);
            if (len <= 0)
                break;
            if (s->transport.ws_send(s->transport.self, stream, text, (size_t)len) < 0) {
                ret->reason = "cannot send";
                return true;
            }
        }
    } else {
        ret->reason = "the order book broke";
        return true;
    }
    b->doubted_at = session_after(s->t.now, PATIENCE_NS); /* if nothing comes of it: again */
    return ret->snapshot != NULL;
}

static bool crossed(const struct book *book)
{
    bot_level bid, ask;
    return bot__book_best(book, &bid, &ask) && bot__level_price_cmp(&bid, &ask) >= 0;
}

static bool worn(const struct live_book *b)
{
    return b->book.fallen != b->fallen && (b->book.bids.n < THIN || b->book.asks.n < THIN);
}

/* ---- events ---- */

void bot__books_event(struct session *s, const bot_event *ev)
{
    const uint32_t i = session_index(s, &ev->instrument);
    if (i >= books_n(&s->options))
        return;
    struct live_book *b = &s->books[i];
    const bool was = b->book.state == BOOK_SYNCED;
    bot_event gap;
    const int r = bot__book_apply(&b->book, ev, &gap);
    if (r == BOOK_GAP) {
        s->stats.book_gaps++;
        bot__session_log(s, 1, "book_gap", "%.*s: %s: expected %lld, got %lld", (int)ev->instrument.len, ev->instrument.s,
                         gap.gap.checksum ? "checksum" : "sequence", (long long)gap.gap.expected, (long long)gap.gap.got);
        if (s->host.market != NULL)
            s->host.market(s->host.self, &gap);
    }
    if (r == BOOK_APPLIED && ev->book.snapshot) {
        b->fallen = b->book.fallen; /* what did not fit of the snapshot itself is no loss */
        b->resync_at = b->doubted_at = BOT_TS_NEVER;
        b->synced_at = s->t.now;
    }
    if (b->book.state == BOOK_SYNCED) {
        b->at = s->t.now;
        if (!was)
            b->synced_at = s->t.now;
        const bool doubt = crossed(&b->book) || worn(b);
        if (!doubt)
            b->doubted_at = BOT_TS_NEVER;
        else if (b->doubted_at == BOT_TS_NEVER)
            b->doubted_at = session_after(s->t.now, PATIENCE_NS);
    } else if (b->book.state == BOOK_BROKEN || s->options.venue->book.snapshot_by_rest) {
        if (b->doubted_at == BOT_TS_NEVER) /* not while an answer to the last asking may still come */
            ask_again(s, b, was);
    } else if (b->doubted_at == BOT_TS_NEVER) {
        b->doubted_at = session_after(s->t.now, PATIENCE_NS); /* changes without the snapshot that a subscription brings */
    }
}

void bot__books_lost(struct session *s, bot_stream stream)
{
    for (uint32_t i = 0; i < books_n(&s->options); i++) {
        struct live_book *b = &s->books[i];
        if (session_public_of(s, symbol_of(s, b), true) != stream)
            continue;
        const struct book_memory memory = b->book.mem;
        bot__book_init(&b->book, &s->options.venue->book, &memory);
        b->resync_at = b->doubted_at = BOT_TS_NEVER;
        b->fallen = 0;
    }
}

bool bot__books_due(struct session *s, uint32_t *cursor, struct books_wish *ret)
{
    while (*cursor < books_n(&s->options)) {
        struct live_book *b = &s->books[(*cursor)++];
        if (s->t.now >= b->doubted_at) {
            b->doubted_at = BOT_TS_NEVER;
            ask_again(s, b, b->book.state == BOOK_SYNCED);
        }
        if (s->t.now >= b->resync_at && resync(s, b, ret))
            return true;
    }
    return false;
}

bot_ts bot__books_deadline(const struct session *s)
{
    bot_ts at = BOT_TS_NEVER;
    for (uint32_t i = 0; i < books_n(&s->options); i++) {
        if (s->books[i].resync_at < at)
            at = s->books[i].resync_at;
        if (s->books[i].doubted_at < at)
            at = s->books[i].doubted_at;
    }
    return at;
}

/* ---- for the host ---- */

static bool level_price(const bot_level *l, bot_px *ret)
{
    const bot_dec d = { .coef = l->price_coef, .scale = l->price_scale };
    return bot_dec_to_fixed(d, &ret->v) == BOT_OK;
}

bool bot__session_best(const struct session *s, const bot_symbol *instrument, bot_px *ret_bid, bot_px *ret_ask, bot_ts *ret_at)
{
    const struct live_book *b = find(s, instrument);
    bot_level bid, ask;
    if (b == NULL || !bot__book_best(&b->book, &bid, &ask) || bot__level_price_cmp(&bid, &ask) >= 0)
        return false;
    *ret_at = b->at;
    return level_price(&bid, ret_bid) && level_price(&ask, ret_ask) && ret_bid->v > 0;
}

bool bot__session_book(const struct session *s, const bot_symbol *instrument, bot_level *bids, uint32_t *bids_n, bot_level *asks, uint32_t *asks_n)
{
    const struct live_book *b = find(s, instrument);
    if (b == NULL || b->book.state != BOOK_SYNCED)
        return false;
    const bot_level *l;
    uint32_t n = 0, m = 0;
    while (n < *bids_n && (l = bot__book_level(&b->book.bids, n)) != NULL)
        bids[n++] = *l;
    while (m < *asks_n && (l = bot__book_level(&b->book.asks, m)) != NULL)
        asks[m++] = *l;
    *bids_n = n;
    *asks_n = m;
    return true;
}
