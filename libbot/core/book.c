#include "core/book.h"

#include <string.h>

#include "base/assert.h"

void bot__book_init(struct book *book, const struct book_rules *rules, const struct book_memory *memory)
{
    BOT_ASSERT(memory->levels != NULL && memory->side_max > 0);
    BOT_ASSERT(!rules->snapshot_by_rest || (memory->pending != NULL && memory->pending_levels != NULL));
    *book = (struct book){ .rules = *rules, .mem = *memory, .seq = BOT_SEQ_NONE };
    book->bids = (struct book_side){ .levels = memory->levels, .bids = true };
    book->asks = (struct book_side){ .levels = memory->levels + memory->side_max };
}

static const int64_t pow10_i64[] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
    1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
    1000000000000000000,
};

/* 10^38 times 10^19 does not fit 128 bits, but coefficients hold 63 bits: scales at most 18 apart are exact; farther
 * apart the one with more digits behind the point is smaller unless it is zero. */
int bot__level_price_cmp(const bot_level *a, const bot_level *b)
{
    if (a->price_scale == b->price_scale)
        return (a->price_coef > b->price_coef) - (a->price_coef < b->price_coef);
    bool swapped = a->price_scale > b->price_scale;
    const bot_level *low = swapped ? b : a, *high = swapped ? a : b;
    unsigned apart = (unsigned)(high->price_scale - low->price_scale);
    int r;
    if (apart > 18) {
        r = (low->price_coef > 0) - (low->price_coef < 0);
        if (r == 0) r = (high->price_coef < 0) - (high->price_coef > 0);
    } else {
        bot_i128 scaled = (bot_i128)low->price_coef * pow10_i64[apart];
        r = (scaled > high->price_coef) - (scaled < high->price_coef);
    }
    return swapped ? -r : r;
}

/* How good a price is for its side: positive when a stands nearer to the market than b. */
static int better(const struct book_side *side, const bot_level *a, const bot_level *b)
{
    int c = bot__level_price_cmp(a, b);
    return side->bids ? c : -c;
}

/* Index of the first level that is not worse than `level`; n when all are. */
static uint32_t position_of(const struct book_side *side, const bot_level *level)
{
    uint32_t lo = 0, hi = side->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (better(side, &side->levels[mid], level) < 0) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

static void set_level(struct book *book, struct book_side *side, const bot_level *level)
{
    uint32_t at = position_of(side, level);
    bool found = at < side->n && better(side, &side->levels[at], level) == 0;
    bot_level *p = &side->levels[at];
    if (level->qty_coef == 0) {
        /* Deleting what is not there is normal: it lay below the snapshot. */
        if (found) {
            memmove(p, p + 1, (side->n - at - 1) * sizeof *p);
            side->n--;
        }
        return;
    }
    if (found) {
        *p = *level;
        return;
    }
    if (side->n == book->mem.side_max) {
        book->fallen++;
        if (at == 0) return;
        memmove(side->levels, side->levels + 1, (at - 1) * sizeof *p);
        side->levels[at - 1] = *level;
        return;
    }
    memmove(p + 1, p, (side->n - at) * sizeof *p);
    *p = *level;
    side->n++;
}

static void apply_levels(struct book *book, const bot_level *bids, uint32_t bids_n, const bot_level *asks, uint32_t asks_n)
{
    /* Backwards: venues send best first, and the arrays hold the best last. */
    for (uint32_t i = bids_n; i-- > 0;) set_level(book, &book->bids, &bids[i]);
    for (uint32_t i = asks_n; i-- > 0;) set_level(book, &book->asks, &asks[i]);
}

static int broken(struct book *book, const bot_event *ev, int64_t expected, int64_t got, bool checksum, bot_event *ret_gap)
{
    book->state = BOOK_BROKEN;
    book->gaps++;
    *ret_gap = (bot_event){ .kind = BOT_EV_GAP, .source = ev->source, .venue_ns = ev->venue_ns, .seq = BOT_SEQ_NONE,
                            .instrument = ev->instrument,
                            .gap = { .expected = expected, .got = got, .checksum = checksum } };
    return BOOK_GAP;
}

enum link { LINK_FITS, LINK_OLD, LINK_BREAKS };

/* Does a delta follow on `seq`? *ret_expected, *ret_got say what broke. */
static enum link follows(const struct book *book, const bot_ev_book *d, int64_t *ret_expected, int64_t *ret_got)
{
    if (book->rules.chain == BOOK_CHAIN_NONE || book->seq == BOT_SEQ_NONE || d->seq_last == BOT_SEQ_NONE)
        return LINK_FITS;
    switch (book->rules.chain) {
    case BOOK_CHAIN_NEXT:
        if (d->seq_last == book->seq) return LINK_OLD;
        *ret_expected = book->seq + 1;
        *ret_got = d->seq_last;
        /* One that is smaller is no repeat: the venue may have begun anew, and its snapshot is lost. */
        return d->seq_last == book->seq + 1 ? LINK_FITS : LINK_BREAKS;
    case BOOK_CHAIN_PREV:
        if (d->seq_prev == BOT_SEQ_NONE || d->seq_prev == book->seq) return LINK_FITS;
        if (d->seq_last == book->seq) return LINK_OLD;
        *ret_expected = book->seq;
        *ret_got = d->seq_prev;
        return LINK_BREAKS;
    case BOOK_CHAIN_IDS:
        if (d->seq_last < book->seq) return LINK_OLD;
        if (d->seq_prev != BOT_SEQ_NONE && d->seq_prev == book->seq) return LINK_FITS;
        if (d->seq_last == book->seq) return LINK_OLD;
        if (d->seq_prev != BOT_SEQ_NONE && !book->uncovered) {
            *ret_expected = book->seq;
            *ret_got = d->seq_prev;
            return LINK_BREAKS;
        }
        if (d->seq_first != BOT_SEQ_NONE && d->seq_first <= book->seq + 1 && (book->uncovered || d->seq_first == book->seq + 1))
            return LINK_FITS;
        *ret_expected = book->seq + 1;
        *ret_got = d->seq_first;
        return LINK_BREAKS;
    default: return LINK_FITS;
    }
}

/* Keeps a delta for the snapshot to come. Without room the older ones go: a later snapshot will do. */
static void keep(struct book *book, const bot_ev_book *d)
{
    uint32_t levels_n = d->bids_n + d->asks_n;
    if (book->pending_n == book->mem.pending_max || levels_n > book->mem.pending_levels_max - book->pending_levels_n)
        book->pending_n = book->pending_levels_n = 0;
    if (levels_n > book->mem.pending_levels_max || book->mem.pending_max == 0)
        return;
    book->mem.pending[book->pending_n++] = (struct book_pending){ d->seq_first, d->seq_last, d->seq_prev, d->bids_n, d->asks_n,
                                                                  book->pending_levels_n };
    bot_level *to = book->mem.pending_levels + book->pending_levels_n;
    if (d->bids_n > 0) memcpy(to, d->bids, d->bids_n * sizeof *to);
    if (d->asks_n > 0) memcpy(to + d->bids_n, d->asks, d->asks_n * sizeof *to);
    book->pending_levels_n += levels_n;
}

static void take(struct book *book, const bot_ev_book *d)
{
    apply_levels(book, d->bids, d->bids_n, d->asks, d->asks_n);
    if (d->seq_last != BOT_SEQ_NONE) book->seq = d->seq_last;
    book->uncovered = false;
    book->applied++;
}

static int apply_snapshot(struct book *book, const bot_event *ev, bot_event *ret_gap)
{
    const bot_ev_book *d = &ev->book;
    bool by_rest = book->rules.snapshot_by_rest;
    /* What lies between an older snapshot and us is gone already. */
    if (by_rest && book->state == BOOK_SYNCED && d->seq_last <= book->seq)
        return BOOK_IGNORED;
    int64_t newest = book->seq;
    if (by_rest && book->pending_n > 0) {
        const struct book_pending *p = &book->mem.pending[0];
        if (p->first > d->seq_last + 1 && p->prev != d->seq_last) {
            int r = broken(book, ev, d->seq_last + 1, p->first, false, ret_gap);
            book->seq = newest;
            return r;
        }
    }
    book->bids.n = book->asks.n = 0;
    book->state = BOOK_SYNCED;
    book->seq = d->seq_last;
    book->uncovered = true;
    uint32_t side_max = book->mem.side_max;
    apply_levels(book, d->bids, d->bids_n < side_max ? d->bids_n : side_max, d->asks, d->asks_n < side_max ? d->asks_n : side_max);
    book->applied++;
    for (uint32_t i = 0; i < book->pending_n; i++) {
        const struct book_pending *p = &book->mem.pending[i];
        const bot_level *levels = book->mem.pending_levels + p->at;
        bot_ev_book kept = { .seq_first = p->first, .seq_last = p->last, .seq_prev = p->prev, .bids = levels, .bids_n = p->bids_n,
                             .asks = levels + p->bids_n, .asks_n = p->asks_n };
        int64_t expected, got;
        if (follows(book, &kept, &expected, &got) == LINK_FITS) /* breaks among the kept were told when they came */
            take(book, &kept);
    }
    book->pending_n = book->pending_levels_n = 0;
    return BOOK_APPLIED;
}

static int check(struct book *book, const bot_event *ev, bot_event *ret_gap)
{
    int32_t ours;
    if (!ev->book.checksum_given || ev->book.checksum == 0 || !bot__book_checksum(book, &ours) || ours == ev->book.checksum)
        return BOOK_APPLIED;
    return broken(book, ev, ours, ev->book.checksum, true, ret_gap);
}

static bool levels_sane(const bot_level *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (levels[i].qty_coef < 0 || levels[i].price_scale > LEVEL_SCALE_MAX || levels[i].qty_scale > LEVEL_SCALE_MAX)
            return false;
    return true;
}

int bot__book_apply(struct book *book, const bot_event *ev, bot_event *ret_gap)
{
    BOT_ASSERT(ev->kind == BOT_EV_BOOK);
    const bot_ev_book *d = &ev->book;
    if (!levels_sane(d->bids, d->bids_n) || !levels_sane(d->asks, d->asks_n))
        return BOT_ERR_MALFORMED;

    if (d->snapshot) {
        int r = apply_snapshot(book, ev, ret_gap);
        return r == BOOK_APPLIED ? check(book, ev, ret_gap) : r;
    }
    int64_t expected = 0, got = 0;
    switch (follows(book, d, &expected, &got)) {
    case LINK_OLD: return BOOK_IGNORED;
    case LINK_BREAKS: {
        /* A broken book keeps looking at the sequence, so that every break is told. */
        bool based = book->state != BOOK_EMPTY;
        int r = broken(book, ev, expected, got, false, ret_gap);
        if (!based) book->state = BOOK_EMPTY;
        if (based) take(book, d);
        book->seq = d->seq_last;
        book->uncovered = false;
        if (book->rules.snapshot_by_rest) {
            book->pending_n = book->pending_levels_n = 0;
            keep(book, d);
        }
        return r;
    }
    case LINK_FITS: break;
    }
    if (book->state != BOOK_SYNCED) {
        if (book->rules.snapshot_by_rest) keep(book, d);
        if (book->state == BOOK_BROKEN) take(book, d); /* for eyes only: better near the truth than frozen */
        else if (d->seq_last != BOT_SEQ_NONE) book->seq = d->seq_last;
        return BOOK_IGNORED;
    }
    take(book, d);
    return check(book, ev, ret_gap);
}

const bot_level *bot__book_level(const struct book_side *side, uint32_t i)
{
    return i < side->n ? &side->levels[side->n - 1 - i] : NULL;
}

bool bot__book_best(const struct book *book, bot_level *ret_bid, bot_level *ret_ask)
{
    if (book->state != BOOK_SYNCED || book->bids.n == 0 || book->asks.n == 0)
        return false;
    *ret_bid = *bot__book_level(&book->bids, 0);
    *ret_ask = *bot__book_level(&book->asks, 0);
    return true;
}

size_t bot__level_format(int64_t coef, uint8_t scale, char *buf)
{
    char digits[LEVEL_TEXT_MAX];
    uint64_t v = coef < 0 ? 0 - (uint64_t)coef : (uint64_t)coef;
    size_t n = 0, len = 0;
    BOT_ASSERT(scale <= LEVEL_SCALE_MAX);
    do digits[n++] = (char)('0' + v % 10); while ((v /= 10) > 0);
    while (n <= scale) digits[n++] = '0';
    if (coef < 0) buf[len++] = '-';
    while (n > 0) {
        if (n == scale) buf[len++] = '.';
        buf[len++] = digits[--n];
    }
    buf[len] = '\0';
    return len;
}

/* CRC-32 of zlib and Ethernet (reflected 0xEDB88320), four bits at a time: the checksum covers about a kilobyte. */
static uint32_t crc32_add(uint32_t crc, const char *p, size_t len)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)p[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return crc;
}

static uint32_t crc32_add_level(uint32_t crc, const bot_level *level, bool *first)
{
    char text[2 * LEVEL_TEXT_MAX + 2];
    size_t n = 0;
    if (!*first) text[n++] = ':';
    *first = false;
    n += bot__level_format(level->price_coef, level->price_scale, text + n);
    text[n++] = ':';
    n += bot__level_format(level->qty_coef, level->qty_scale, text + n);
    return crc32_add(crc, text, n);
}

bool bot__book_checksum(const struct book *book, int32_t *ret_checksum)
{
    if (book->rules.checksum != BOOK_CHECKSUM_OKX)
        return false;
    uint32_t crc = 0xffffffff;
    bool first = true;
    for (uint32_t i = 0; i < 25; i++) {
        const bot_level *bid = bot__book_level(&book->bids, i), *ask = bot__book_level(&book->asks, i);
        if (bid != NULL) crc = crc32_add_level(crc, bid, &first);
        if (ask != NULL) crc = crc32_add_level(crc, ask, &first);
    }
    *ret_checksum = (int32_t)~crc;
    return true;
}
