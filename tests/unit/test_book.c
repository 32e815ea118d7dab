#include "core/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/botctl/book_rebuild.h"
#include "../../tools/botctl/capture.h"
#include "harness.h"

/* ---- the book by itself ------------------------------------------------------------------------------------- */

#define SIDE 8
static bot_level levels[2 * SIDE], pending_levels[16];
static struct book_pending pending[4];
static struct book book;
static bot_event gap;

static void begin(enum book_chain chain, bool by_rest)
{
    const struct book_rules rules = { .chain = chain, .snapshot_by_rest = by_rest };
    const struct book_memory memory = { levels, SIDE, pending, 4, pending_levels, 16 };
    bot__book_init(&book, &rules, &memory);
}

static bot_level level(int64_t price, uint8_t price_scale, int64_t qty) { return (bot_level){ price, qty, price_scale, 0 }; }

static bot_event message(bool snapshot, int64_t first, int64_t last, int64_t prev, const bot_level *bids, uint32_t bids_n,
                         const bot_level *asks, uint32_t asks_n)
{
    bot_event ev = { .kind = BOT_EV_BOOK };
    ev.book = (bot_ev_book){ .snapshot = snapshot, .seq_first = first, .seq_last = last, .seq_prev = prev, .bids = bids,
                             .bids_n = bids_n, .asks = asks, .asks_n = asks_n };
    return ev;
}

static int send(bool snapshot, int64_t first, int64_t last, int64_t prev, int64_t bid, int64_t qty)
{
    const bot_level b = level(bid, 1, qty), a = level(1000, 1, 1);
    const bot_event ev = message(snapshot, first, last, prev, &b, 1, &a, 1);
    return bot__book_apply(&book, &ev, &gap);
}
#define NONE BOT_SEQ_NONE

static int64_t best_bid(void)
{
    bot_level bid, ask;
    return bot__book_best(&book, &bid, &ask) ? bid.price_coef : -1;
}

TEST(book, prices_of_different_scale_compare_by_value)
{
    const bot_level a = level(100, 1, 1), b = level(10000, 3, 1), c = level(10001, 3, 1), zero = level(0, 18, 1), tiny = level(1, 18, 1);
    const bot_level huge = level(INT64_MAX, 0, 1), fine = level(INT64_MAX, 18, 1);
    ck_assert_int_eq(0, bot__level_price_cmp(&a, &b));
    ck_assert_int_lt(bot__level_price_cmp(&a, &c), 0);
    ck_assert_int_gt(bot__level_price_cmp(&c, &a), 0);
    ck_assert_int_lt(bot__level_price_cmp(&zero, &tiny), 0);
    ck_assert_int_gt(bot__level_price_cmp(&huge, &fine), 0);
    begin(BOOK_CHAIN_NONE, false);
    const bot_level bids[] = { level(101, 1, 5), level(100, 1, 1) }, again[] = { level(1010, 2, 7) };
    bot_event ev = message(true, NONE, NONE, NONE, bids, 2, NULL, 0);
    ck_assert_int_eq(BOOK_APPLIED, bot__book_apply(&book, &ev, &gap));
    ev = message(false, NONE, NONE, NONE, again, 1, NULL, 0);
    ck_assert_int_eq(BOOK_APPLIED, bot__book_apply(&book, &ev, &gap));
    ck_assert_uint_eq(2, book.bids.n);
    ck_assert_int_eq(7, bot__book_level(&book.bids, 0)->qty_coef); /* the same level, in another spelling */
}

TEST(book, levels_keep_the_text_that_came)
{
    char text[LEVEL_TEXT_MAX];
    ck_assert_uint_eq(5, bot__level_format(10, 3, text));
    ck_assert_str_eq("0.010", text);
    bot__level_format(6180020, 2, text);
    ck_assert_str_eq("61800.20", text);
    bot__level_format(0, 0, text);
    ck_assert_str_eq("0", text);
    bot__level_format(INT64_MAX, 18, text);
    ck_assert_str_eq("9.223372036854775807", text);
    bot__level_format(7, 38, text);
    ck_assert_str_eq("0.00000000000000000000000000000000000007", text);
}

TEST(book, a_full_side_keeps_what_is_near_the_market)
{
    begin(BOOK_CHAIN_NONE, false);
    bot_level asks[12];
    for (int i = 0; i < 12; i++) asks[i] = level(100 + i, 0, 1);
    bot_event ev = message(true, NONE, NONE, NONE, NULL, 0, asks, 12);
    bot__book_apply(&book, &ev, &gap);
    ck_assert_uint_eq(SIDE, book.asks.n);
    ck_assert_int_eq(100, bot__book_level(&book.asks, 0)->price_coef);
    const bot_level nearer = level(99, 0, 1), farther = level(200, 0, 1);
    ev = message(false, NONE, NONE, NONE, NULL, 0, &nearer, 1);
    bot__book_apply(&book, &ev, &gap);
    ev = message(false, NONE, NONE, NONE, NULL, 0, &farther, 1);
    bot__book_apply(&book, &ev, &gap);
    ck_assert_uint_eq(SIDE, book.asks.n);
    ck_assert_int_eq(99, bot__book_level(&book.asks, 0)->price_coef);
    ck_assert_int_eq(106, bot__book_level(&book.asks, SIDE - 1)->price_coef);
    ck_assert_ptr_null(bot__book_level(&book.asks, SIDE));
    const bot_level gone[] = { level(99, 0, 0), level(98, 0, 0) }; /* the second never was: that is normal */
    ev = message(false, NONE, NONE, NONE, NULL, 0, gone, 2);
    ck_assert_int_eq(BOOK_APPLIED, bot__book_apply(&book, &ev, &gap));
    ck_assert_int_eq(100, bot__book_level(&book.asks, 0)->price_coef);
}

TEST(book, a_number_left_out_breaks_it_until_a_snapshot)
{
    begin(BOOK_CHAIN_NEXT, false);
    ck_assert_int_eq(BOOK_IGNORED, send(false, NONE, 4, NONE, 10, 1)); /* before any snapshot: no gap */
    ck_assert_int_eq(BOOK_APPLIED, send(true, NONE, 7, NONE, 10, 1));
    ck_assert_int_eq(BOOK_APPLIED, send(false, NONE, 8, NONE, 11, 1));
    ck_assert_int_eq(BOOK_IGNORED, send(false, NONE, 8, NONE, 12, 1)); /* a repeat */
    ck_assert_int_eq(11, best_bid());
    ck_assert_int_eq(BOOK_GAP, send(false, NONE, 10, NONE, 13, 1));
    ck_assert_int_eq(9, gap.gap.expected);
    ck_assert_int_eq(10, gap.gap.got);
    ck_assert_int_eq(-1, best_bid()); /* not to be used */
    ck_assert_int_eq(BOOK_IGNORED, send(false, NONE, 11, NONE, 14, 1));
    ck_assert_int_eq(BOOK_GAP, send(false, NONE, 13, NONE, 14, 1)); /* every break is told */
    ck_assert_int_eq(BOOK_APPLIED, send(true, NONE, 1, NONE, 20, 1)); /* begun anew */
    ck_assert_int_eq(20, best_bid());
    ck_assert_int_eq(BOOK_APPLIED, send(false, NONE, 2, NONE, 21, 1));
    ck_assert_int_eq(BOOK_GAP, send(false, NONE, 1, NONE, 22, 1)); /* a restart whose snapshot was lost */
}

TEST(book, ids_that_name_the_one_before_may_stand_still_and_fall_back)
{
    begin(BOOK_CHAIN_PREV, false);
    ck_assert_int_eq(BOOK_APPLIED, send(true, NONE, 100, -1, 10, 1));
    ck_assert_int_eq(BOOK_APPLIED, send(false, NONE, 110, 100, 11, 1));
    ck_assert_int_eq(BOOK_APPLIED, send(false, NONE, 110, 110, 11, 1)); /* keep-alive */
    ck_assert_int_eq(BOOK_APPLIED, send(false, NONE, 3, 110, 12, 1));   /* maintenance: the numbers begin anew */
    ck_assert_int_eq(BOOK_APPLIED, send(false, NONE, 5, 3, 13, 1));
    ck_assert_int_eq(BOOK_IGNORED, send(false, NONE, 5, 3, 13, 1));
    ck_assert_int_eq(BOOK_GAP, send(false, NONE, 9, 7, 14, 1));
    ck_assert_int_eq(5, gap.gap.expected);
    ck_assert_int_eq(7, gap.gap.got);
}

TEST(book, deltas_wait_for_the_snapshot_and_the_covering_one_comes_first)
{
    begin(BOOK_CHAIN_IDS, true);
    ck_assert_int_eq(BOOK_IGNORED, send(false, 90, 95, 89, 10, 1));
    ck_assert_int_eq(BOOK_IGNORED, send(false, 97, 105, 95, 11, 1)); /* covers 100 */
    ck_assert_int_eq(BOOK_IGNORED, send(false, 108, 110, 105, 12, 1));
    ck_assert_int_eq(BOOK_APPLIED, send(true, NONE, 100, NONE, 9, 1));
    ck_assert_int_eq(110, book.seq);
    ck_assert_int_eq(12, best_bid());
    ck_assert_uint_eq(3, book.bids.n); /* 9, 11 and 12: what was older than the snapshot stayed out */
    ck_assert_int_eq(BOOK_APPLIED, send(false, 113, 115, 110, 13, 1)); /* ids are not dense: pu counts */
    ck_assert_int_eq(BOOK_GAP, send(false, 120, 125, 118, 14, 1));
    ck_assert_int_eq(115, gap.gap.expected);
    ck_assert_int_eq(118, gap.gap.got);
    ck_assert_int_eq(BOOK_IGNORED, send(false, 126, 130, 125, 15, 1));
    ck_assert_int_eq(BOOK_APPLIED, send(true, NONE, 123, NONE, 8, 1)); /* heals from what was kept */
    ck_assert_int_eq(15, best_bid());
    ck_assert_int_eq(BOOK_IGNORED, send(true, NONE, 101, NONE, 7, 1)); /* an old snapshot takes nothing back */
    ck_assert_int_eq(15, best_bid());
}

TEST(book, a_snapshot_older_than_what_was_kept_is_a_gap)
{
    begin(BOOK_CHAIN_IDS, true);
    ck_assert_int_eq(BOOK_IGNORED, send(false, 200, 205, 199, 10, 1));
    ck_assert_int_eq(BOOK_GAP, send(true, NONE, 150, NONE, 9, 1));
    ck_assert_int_eq(-1, best_bid());
    ck_assert_int_eq(BOOK_APPLIED, send(true, NONE, 203, NONE, 9, 1));
    ck_assert_int_eq(10, best_bid());
}

TEST(book, ranges_without_a_name_for_the_one_before_must_touch)
{
    begin(BOOK_CHAIN_IDS, true); /* spot */
    ck_assert_int_eq(BOOK_APPLIED, send(true, NONE, 100, NONE, 9, 1));
    ck_assert_int_eq(BOOK_IGNORED, send(false, 95, 100, NONE, 1, 1));
    ck_assert_int_eq(BOOK_APPLIED, send(false, 99, 103, NONE, 10, 1));
    ck_assert_int_eq(BOOK_APPLIED, send(false, 104, 104, NONE, 11, 1));
    ck_assert_int_eq(BOOK_GAP, send(false, 106, 107, NONE, 12, 1));
}

TEST(book, more_deltas_than_there_is_room_for_wait_for_a_later_snapshot)
{
    begin(BOOK_CHAIN_IDS, true);
    for (int i = 0; i < 6; i++) /* four fit */
        ck_assert_int_eq(BOOK_IGNORED, send(false, 10 + i, 10 + i, 9 + i, 20 + i, 1));
    ck_assert_int_eq(BOOK_GAP, send(true, NONE, 11, NONE, 9, 1));
    ck_assert_int_eq(BOOK_APPLIED, send(true, NONE, 14, NONE, 9, 1));
    ck_assert_int_eq(25, best_bid());
}

TEST(book, a_checksum_that_differs_breaks_it_and_zero_says_nothing)
{
    const struct book_rules rules = { .checksum = BOOK_CHECKSUM_OKX };
    const struct book_memory memory = { .levels = levels, .side_max = SIDE };
    bot__book_init(&book, &rules, &memory);
    /* The documentation's own example: "3366.1:7:3366.8:9:3366:6:3368:8" */
    const bot_level bids[] = { { 33661, 7, 1, 0 }, { 3366, 6, 0, 0 } }, asks[] = { { 33668, 9, 1, 0 }, { 3368, 8, 0, 0 } };
    bot_event ev = message(true, NONE, NONE, NONE, bids, 2, asks, 2);
    int32_t ours;
    ck_assert_int_eq(BOOK_APPLIED, bot__book_apply(&book, &ev, &gap));
    ck_assert(bot__book_checksum(&book, &ours));
    ck_assert_int_eq(-1881014294, ours);
    ev.book.checksum_given = true;
    ck_assert_int_eq(BOOK_APPLIED, bot__book_apply(&book, &ev, &gap)); /* 0 */
    ev.book.checksum = ours;
    ck_assert_int_eq(BOOK_APPLIED, bot__book_apply(&book, &ev, &gap));
    ev.book.checksum = ours + 1;
    ck_assert_int_eq(BOOK_GAP, bot__book_apply(&book, &ev, &gap));
    ck_assert(gap.gap.checksum);
    ck_assert_int_eq(BOOK_BROKEN, book.state);
}

TEST(book, a_negative_quantity_changes_nothing)
{
    begin(BOOK_CHAIN_NEXT, false);
    send(true, NONE, 7, NONE, 10, 1);
    ck_assert_int_eq(BOT_ERR_MALFORMED, send(false, NONE, 8, NONE, 11, -1));
    ck_assert_int_eq(7, book.seq);
    ck_assert_int_eq(10, best_bid());
}

/* ---- forms of captures ---------------------------------------------------------------------------------------- */

TEST(book, recorded_lines_are_read_in_all_their_forms)
{
    static const struct { const char *line; enum capture_kind kind; const char *message; } forms[] = {
        { "{\"e\":\"trade\",\"t\":5}", CAPTURE_RECEIVED, "{\"e\":\"trade\",\"t\":5}" },
        { "1723161256172216566 {\"a\":1}", CAPTURE_RECEIVED, "{\"a\":1}" },
        { "1617643729.12: {\"a\":1}", CAPTURE_RECEIVED, "{\"a\":1}" },
        { "1626992741.062170\t<\t{\"a\":1}", CAPTURE_RECEIVED, "{\"a\":1}" },
        { "1626992741.062170\t>\t{\"op\":1}", CAPTURE_SENT, "{\"op\":1}" },
        { "wss://x/y <- 1617643728.77: {\"op\":1}", CAPTURE_SENT, "{\"op\":1}" },
        { "wss://x/y <-> 1617643728.77", CAPTURE_NOTHING, "" },
        { "https://x/y?a=1&symbol=BTC -> 1617643728.77: {\"a\":1}", CAPTURE_ANSWER, "{\"a\":1}" },
        { "{\"t\":\"recv\",\"ts\":1,\"data\":\"{\\\"a\\\":\\\"\\u00e9\\\"}\"}", CAPTURE_RECEIVED, "{\"a\":\"\xc3\xa9\"}" },
        { "{\"t\":\"http\",\"url\":\"https://x/y?symbol=BTC\",\"data\":\"[]\"}", CAPTURE_ANSWER, "[]" },
        { "{\"t\":\"connect\",\"conn\":\"a\"}", CAPTURE_NOTHING, "" },
        { "configuration: {}", CAPTURE_NOTHING, "" },
        { "", CAPTURE_NOTHING, "" },
    };
    char scratch[256];
    struct capture c;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        ck_assert_msg(capture_read(forms[i].line, strlen(forms[i].line), scratch, &c) == BOT_OK, "%s", forms[i].line);
        ck_assert_msg(c.kind == forms[i].kind, "%s", forms[i].line);
        ck_assert_msg(c.message.len == strlen(forms[i].message) && (c.message.len == 0 || memcmp(c.message.p, forms[i].message, c.message.len) == 0), "%s", forms[i].line);
    }
    capture_read(forms[7].line, strlen(forms[7].line), scratch, &c);
    ck_assert(slice_is(capture_query(c.url, "symbol"), "BTC"));
    ck_assert_uint_eq(0, capture_query(c.url, "sym").len);
    ck_assert_int_lt(capture_read("{\"t\":\"recv\",\"data\":", 19, scratch, &c), 0);
}

/* ---- recordings -------------------------------------------------------------------------------------------------- */

struct capture_file {
    const char *venue, *file;
    unsigned    books, checksums;
    bool        unsynced; /* goes on where another file stopped: no snapshot */
};
static const struct capture_file captures[] = {
    { "binance-usdm", "data/market/books/binance_usdm_20210722.cryptofeed.jsonl.gz", 4, 0, false },
    { "binance-usdm", "data/market/binance/usdm_btcusdt_20220811.raw.gz", 1, 0, false },
    { "binance-usdm", "data/market/binance/usdm_btcusdt_20230404.raw.gz", 1, 0, false },
    { "binance-usdm", "data/market/binance/usdm_btcusdt_20240718.raw.gz", 1, 0, false },
    { "binance-usdm", "data/market/binance/usdm_btcusdt_20240808.raw.gz", 1, 0, false },
    { "binance-usdm", "data/market/binance/coinm_btcusd_perp_20240808.raw.gz", 1, 0, false },
    { "binance-usdm", "data/market/binance/coinm_btcusd_perp_20240809.raw.gz", 1, 0, true },
    { "binance-usdm", "data/market/binance/spot_ethusdt_20240808.raw.gz", 1, 0, false },
    { "bybit", "data/market/books/bybit_v5_20260809.cryptofeed.jsonl.gz", 6, 0, false },
    { "bybit", "data/market/books/bybit_v5_ob500_xrpusdt_20241201.jsonl.gz", 1, 0, false },
    { "okx", "data/market/books/okx_20220513.cryptofeed.jsonl.gz", 3, 290, false },
    { "bitflyer", "data/market/books/bitflyer_20210405.cryptofeed.raw.gz", 10, 0, false },
};

static void no_gap(void *user_data, const bot_event *ev) { (void)user_data, (void)ev; }
static void no_line(void *user_data, uint64_t line, int err) { (void)user_data, (void)line, (void)err; }

struct lines {
    char   *text;
    char  **at;
    size_t *len;
    size_t  n;
};

static struct lines read_lines(const char *file)
{
    struct lines l = { 0 };
    size_t len;
    l.text = test_read_gz(test_shared(file), &len);
    for (size_t i = 0; i < len; i++) l.n += l.text[i] == '\n';
    l.at = calloc(l.n + 1, sizeof(char *));
    l.len = calloc(l.n + 1, sizeof *l.len);
    l.n = 0;
    for (char *p = l.text, *end = l.text + len; p < end;) {
        char *stop = memchr(p, '\n', (size_t)(end - p));
        if (stop == NULL) stop = end;
        l.at[l.n] = p;
        l.len[l.n++] = (size_t)(stop - p);
        p = stop + 1;
    }
    return l;
}

static void free_lines(struct lines *l)
{
    free(l->text);
    free(l->at);
    free(l->len);
}

static struct rebuild open_rebuild(const char *venue)
{
    struct rebuild r = { .venue = bot__venue_find(venue), .on_gap = no_gap, .on_unreadable = no_line };
    ck_assert_ptr_nonnull(r.venue);
    ck_assert(rebuild_init(&r));
    return r;
}

#define NO_SUCH ((size_t)-1)
static struct rebuild rebuild_without(const char *venue, const struct lines *l, size_t without)
{
    struct rebuild r = open_rebuild(venue);
    for (size_t i = 0; i < l->n; i++)
        if (i != without) ck_assert(rebuild_line(&r, l->at[i], l->len[i]));
    rebuild_end(&r);
    return r;
}

TEST(book, complete_captures_have_no_gap_and_every_checksum_agrees)
{
    for (size_t k = 0; k < sizeof captures / sizeof *captures; k++) {
        const struct capture_file *f = &captures[k];
        struct lines l = read_lines(f->file);
        struct rebuild r = rebuild_without(f->venue, &l, NO_SUCH);
        uint64_t sums = 0;
        ck_assert_msg(r.gaps == 0 && r.unreadable == 0, "%s: %d gaps, %d unreadable", f->file, (int)r.gaps, (int)r.unreadable);
        ck_assert_msg(r.books_n == f->books, "%s: %d books", f->file, (int)r.books_n);
        for (size_t i = 0; i < r.books_n; i++) {
            const struct book *b = &r.books[i]->book;
            sums += r.books[i]->checksums;
            ck_assert_int_eq(f->unsynced ? BOOK_EMPTY : BOOK_SYNCED, b->state);
            bot_level bid, ask;
            if (!f->unsynced) {
                ck_assert_msg(bot__book_best(b, &bid, &ask), "%s %s", f->file, r.books[i]->instrument.s);
                ck_assert_msg(bot__level_price_cmp(&bid, &ask) < 0, "%s %s is crossed", f->file, r.books[i]->instrument.s);
            }
            for (uint32_t n = 1; n < b->bids.n; n++)
                ck_assert_int_lt(bot__level_price_cmp(&b->bids.levels[n - 1], &b->bids.levels[n]), 0);
            for (uint32_t n = 1; n < b->asks.n; n++)
                ck_assert_int_gt(bot__level_price_cmp(&b->asks.levels[n - 1], &b->asks.levels[n]), 0);
        }
        ck_assert_msg(sums == f->checksums, "%s: %d checksums", f->file, (int)sums);
        fprintf(stderr, "# %-62s %6d lines, %d books, %d checksums\n", f->file, (int)l.n, (int)r.books_n, (int)sums);
        rebuild_done(&r);
        free_lines(&l);
    }
}

/* Two files of one recording are one stream. */
TEST(book, a_capture_goes_on_over_its_rotation)
{
    struct rebuild r = open_rebuild("binance-usdm");
    for (int k = 0; k < 2; k++) {
        struct lines l = read_lines(k == 0 ? "data/market/binance/coinm_btcusd_perp_20240808.raw.gz"
                                           : "data/market/binance/coinm_btcusd_perp_20240809.raw.gz");
        for (size_t i = 0; i < l.n; i++) ck_assert(rebuild_line(&r, l.at[i], l.len[i]));
        free_lines(&l);
    }
    ck_assert_uint_eq(0, r.gaps);
    ck_assert_uint_eq(0, r.unreadable);
    rebuild_done(&r);
}

/* For each line: the book that a delta in it was applied to, or -1. */
static int *deltas_of(const char *venue, const struct lines *l, size_t books_max, size_t *ret_last)
{
    int *book_of = malloc(l->n * sizeof *book_of);
    struct rebuild r = open_rebuild(venue);
    for (size_t b = 0; b < books_max; b++) ret_last[b] = 0;
    for (size_t i = 0; i < l->n; i++) {
        uint64_t before[16] = { 0 };
        for (size_t b = 0; b < r.books_n; b++) before[b] = r.books[b]->book.applied;
        ck_assert(rebuild_line(&r, l->at[i], l->len[i]));
        book_of[i] = -1;
        const bool snapshot = memmem(l->at[i], l->len[i], "lastUpdateId", 12) != NULL || memmem(l->at[i], l->len[i], "snapshot", 8) != NULL;
        for (size_t b = 0; b < r.books_n && b < books_max; b++)
            if (!snapshot && r.books[b]->book.applied > before[b]) {
                book_of[i] = (int)b;
                ret_last[b] = i;
            }
    }
    rebuild_done(&r);
    return book_of;
}

static void drop_each(const char *venue, const char *file, size_t step, int *ret_one, int *ret_none)
{
    struct lines l = read_lines(file);
    size_t last[16], seen = 0;
    int *book_of = deltas_of(venue, &l, 16, last);
    *ret_one = *ret_none = 0;
    for (size_t i = 0; i < l.n; i++) {
        if (book_of[i] < 0 || last[book_of[i]] == i || seen++ % step != 0) continue;
        struct rebuild r = rebuild_without(venue, &l, i);
        ck_assert_msg(r.gaps <= 1 && r.unreadable == 0, "%s without line %d: %d gaps", file, (int)i + 1, (int)r.gaps);
        if (r.gaps == 1) {
            ++*ret_one;
            for (size_t b = 0; b < r.books_n; b++) ck_assert_uint_eq((int)b == book_of[i] ? 1 : 0, r.books[b]->book.gaps);
        } else {
            ++*ret_none;
        }
        rebuild_done(&r);
    }
    free(book_of);
    free_lines(&l);
}

TEST(book, a_line_left_out_is_exactly_one_gap_where_messages_are_numbered)
{
    static const struct { const char *venue, *file; size_t step; } files[] = {
        { "bybit", "data/market/books/bybit_v5_ob500_xrpusdt_20241201.jsonl.gz", 1 },
        { "bybit", "data/market/books/bybit_v5_20260809.cryptofeed.jsonl.gz", 97 },
        { "binance-usdm", "data/market/books/binance_usdm_20210722.cryptofeed.jsonl.gz", 29 },
        { "binance-usdm", "data/market/binance/usdm_btcusdt_20220811.raw.gz", 7 },
        { "binance-usdm", "data/market/binance/spot_ethusdt_20240808.raw.gz", 499 },
    };
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        int one, none;
        drop_each(files[k].venue, files[k].file, files[k].step, &one, &none);
        fprintf(stderr, "# %s: %d lines left out one at a time\n", files[k].file, one);
        ck_assert_msg(none == 0 && one >= 5, "%s: %d found, %d missed", files[k].file, one, none);
    }
}

/* Of the OKX capture, which has no numbers, only what the checksum covers can be missed: the best 25 a side. */
TEST(book, a_line_left_out_is_found_by_the_checksum)
{
    int one, none;
    drop_each("okx", "data/market/books/okx_20220513.cryptofeed.jsonl.gz", 6, &one, &none);
    fprintf(stderr, "# okx: %d of %d lines left out were found\n", one, one + none);
    ck_assert_int_ge(one * 10, (one + none) * 9);
}

TEST(book, a_snapshot_without_a_name_is_that_of_the_only_instrument_or_nobodys)
{
    static const char snap[] = "{\"lastUpdateId\":100,\"bids\":[[\"1.0\",\"2\"]],\"asks\":[[\"1.1\",\"2\"]]}";
    static const char delta_a[] = "{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"A\",\"U\":99,\"u\":101,\"pu\":98,\"b\":[[\"1.05\",\"1\"]],\"a\":[]}";
    static const char delta_b[] = "{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"B\",\"U\":99,\"u\":101,\"pu\":98,\"b\":[],\"a\":[]}";
    struct rebuild r = open_rebuild("binance-usdm");
    rebuild_line(&r, snap, sizeof snap - 1); /* held until a name is known */
    rebuild_line(&r, delta_a, sizeof delta_a - 1);
    ck_assert_uint_eq(0, r.unreadable);
    ck_assert_int_eq(BOOK_SYNCED, r.books[0]->book.state);
    ck_assert_uint_eq(2, r.books[0]->book.bids.n);
    rebuild_line(&r, delta_b, sizeof delta_b - 1);
    rebuild_line(&r, snap, sizeof snap - 1);
    ck_assert_uint_eq(1, r.unreadable);
    static const char url[] = "https://fapi.binance.com/fapi/v1/depth?symbol=B -> 1617643728.77: "
                              "{\"lastUpdateId\":100,\"bids\":[[\"1.0\",\"2\"]],\"asks\":[[\"1.1\",\"2\"]]}";
    rebuild_line(&r, url, sizeof url - 1);
    ck_assert_int_eq(BOOK_SYNCED, r.books[1]->book.state);
    rebuild_line(&r, "{\"e\":\"depthUp", 13);
    ck_assert_uint_eq(2, r.unreadable);
    rebuild_done(&r);
}

/* ---- the command -------------------------------------------------------------------------------------------------- */

static int run_botctl(const char *lines_of, size_t from, size_t to, const struct lines *l, char *out, size_t size)
{
    char dir[] = "/tmp/bookXXXXXX", path[64], command[4400];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/lines", dir);
    FILE *f = fopen(path, "wb");
    for (size_t i = 0; i < l->n; i++)
        if (i < from || i >= to) fprintf(f, "%.*s\n", (int)l->len[i], l->at[i]);
    fclose(f);
    snprintf(command, sizeof command, "'%s' book --venue %s --depth 2 '%s'", test_build("tools/botctl/botctl"), lines_of, path);
    FILE *p = popen(command, "r");
    const size_t n = fread(out, 1, size - 1, p);
    out[n] = '\0';
    const int status = pclose(p);
    unlink(path);
    rmdir(dir);
    return WEXITSTATUS(status);
}

TEST(book, the_command_prints_books_and_gaps_and_says_so_by_its_status)
{
    struct lines l = read_lines("data/market/books/bybit_v5_ob500_xrpusdt_20241201.jsonl.gz");
    char out[4096];
    ck_assert_int_eq(0, run_botctl("bybit", 0, 0, &l, out, sizeof out));
    ck_assert_str_eq("{\"event\":\"book\",\"venue\":\"bybit\",\"instrument\":\"XRPUSDT\",\"bids\":[[\"1.9537\",\"10605\"],[\"1.9536\",\"3515\"]],"
                     "\"asks\":[[\"1.9538\",\"6702\"],[\"1.9539\",\"18558\"]],\"gaps\":0}\n", out);
    ck_assert_int_eq(1, run_botctl("bybit", 20, 21, &l, out, sizeof out));
    const char *first = strstr(out, "\"event\":\"gap\"");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(strstr(first + 1, "\"event\":\"gap\""));
    ck_assert_ptr_nonnull(strstr(out, "\"gaps\":1"));
    ck_assert_int_eq(2, run_botctl("nowhere", 0, 0, &l, out, sizeof out));
    free_lines(&l);
}

/* ---- at the edges ---- */

TEST(book, numbers_far_apart_in_scale_and_below_zero_compare_by_value)
{
    const bot_level whole = level(5, 0, 1), fine = level(5, 30, 1), none = level(0, 0, 1), below = level(-5, 30, 1), minus = level(-5, 0, 1);
    ck_assert_int_gt(bot__level_price_cmp(&whole, &fine), 0);
    ck_assert_int_lt(bot__level_price_cmp(&fine, &whole), 0);
    ck_assert_int_lt(bot__level_price_cmp(&none, &fine), 0);
    ck_assert_int_gt(bot__level_price_cmp(&none, &below), 0);
    ck_assert_int_lt(bot__level_price_cmp(&minus, &fine), 0);
    char text[LEVEL_TEXT_MAX];
    ck_assert_uint_eq(bot__level_format(-5, 2, text), 5);
    ck_assert_str_eq(text, "-0.05");
    bot__level_format(INT64_MIN, 0, text);
    ck_assert_str_eq(text, "-9223372036854775808");
}

TEST(book, scales_beyond_what_a_number_has_change_nothing)
{
    begin(BOOK_CHAIN_NONE, false);
    ck_assert_int_eq(send(true, NONE, NONE, NONE, 900, 1), BOOK_APPLIED);
    bot_level odd = level(900, LEVEL_SCALE_MAX + 1, 1), fine = level(1000, 1, 1);
    bot_event ev = message(false, NONE, NONE, NONE, &odd, 1, &fine, 1);
    ck_assert_int_eq(bot__book_apply(&book, &ev, &gap), BOT_ERR_MALFORMED);
    odd = level(900, 1, 1);
    odd.qty_scale = LEVEL_SCALE_MAX + 1;
    ev = message(false, NONE, NONE, NONE, &fine, 1, &odd, 1); /* on the other side */
    ck_assert_int_eq(bot__book_apply(&book, &ev, &gap), BOT_ERR_MALFORMED);
    ck_assert_int_eq(best_bid(), 900);
}

TEST(book, a_break_among_what_waits_for_the_snapshot_is_told_and_the_book_stays_empty)
{
    begin(BOOK_CHAIN_NEXT, true);
    ck_assert_int_eq(send(false, 5, 5, 4, 900, 1), BOOK_IGNORED);
    ck_assert_int_eq(send(false, 8, 8, 7, 901, 1), BOOK_GAP);
    ck_assert(gap.gap.expected == 6 && gap.gap.got == 8);
    ck_assert_int_eq(book.state, BOOK_EMPTY); /* nothing that could be wrong yet */
    ck_assert_int_eq(send(true, NONE, 7, NONE, 899, 1), BOOK_APPLIED);
    ck_assert_int_eq(book.state, BOOK_SYNCED);
    ck_assert_int_eq(best_bid(), 901); /* what came behind the break is on it */
}

TEST(book, a_delta_larger_than_the_room_is_not_kept)
{
    begin(BOOK_CHAIN_PREV, true);
    static bot_level many[17];
    for (int i = 0; i < 17; i++)
        many[i] = level(900 - i, 1, 1);
    const bot_event ev = message(false, 5, 5, 4, many, 17, NULL, 0);
    ck_assert_int_eq(bot__book_apply(&book, &ev, &gap), BOOK_IGNORED);
    ck_assert_uint_eq(book.pending_n, 0);
    ck_assert_int_eq(send(false, 6, 6, NONE, 905, 1), BOOK_IGNORED); /* one that names no one before it follows on any */
    ck_assert_uint_eq(book.pending_n, 1);
    ck_assert_int_eq(send(true, NONE, 5, NONE, 899, 1), BOOK_APPLIED);
    ck_assert_int_eq(send(true, NONE, 4, NONE, 100, 1), BOOK_IGNORED); /* older than what we have */
    ck_assert_int_eq(best_bid(), 905);
    int32_t sum;
    ck_assert(!bot__book_checksum(&book, &sum)); /* such rules have none */
}

TEST(book, a_range_that_overlaps_or_is_not_named_at_all_breaks_the_chain_of_ranges)
{
    begin(BOOK_CHAIN_IDS, true);
    ck_assert_int_eq(BOOK_APPLIED, send(true, NONE, 100, NONE, 9, 1));
    ck_assert_int_eq(BOOK_APPLIED, send(false, 99, 103, NONE, 10, 1)); /* the one that covers the snapshot may overlap */
    ck_assert_int_eq(BOOK_GAP, send(false, 103, 106, NONE, 11, 1));    /* the next may not: 103 would count twice */
    ck_assert_int_eq(gap.gap.expected, 104);
    begin(BOOK_CHAIN_IDS, true);
    ck_assert_int_eq(BOOK_APPLIED, send(true, NONE, 100, NONE, 9, 1));
    ck_assert_int_eq(BOOK_GAP, send(false, NONE, 101, NONE, 11, 1)); /* from where is not said */
}

TEST(book, a_change_without_a_number_follows_on_any_and_leaves_the_number)
{
    begin(BOOK_CHAIN_NEXT, false);
    ck_assert_int_eq(BOOK_APPLIED, send(true, NONE, 7, NONE, 9, 1));
    ck_assert_int_eq(BOOK_APPLIED, send(false, NONE, NONE, NONE, 10, 1));
    ck_assert_int_eq(best_bid(), 10);
    ck_assert_int_eq(BOOK_APPLIED, send(false, NONE, 8, NONE, 11, 1));
    ck_assert_int_eq(BOOK_GAP, send(false, NONE, 10, NONE, 12, 1));
}
