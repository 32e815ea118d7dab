#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "journal/format.h"
#include "journal/market.h"
#include "journal/reader.h"
#include "journal_memfs.h"

#define MINUTE (60 * BOT_NS_PER_S)
#define BEGIN INT64_C(1700000040000000000) /* 2023-11-14T22:14:00Z */

static bot_event trade(unsigned number, int64_t venue_ns)
{
    bot_event ev;
    memset(&ev, 0, sizeof ev);
    ev.kind = BOT_EV_TRADE;
    ev.seq = BOT_SEQ_NONE;
    ev.has = BOT_HAS_QTY | BOT_HAS_PRICE;
    ev.venue_ns = venue_ns;
    memcpy(ev.instrument.s, "BTC/USDT", 8);
    ev.instrument.len = 8;
    ev.trade.trade_id.len = (uint8_t)snprintf(ev.trade.trade_id.s, sizeof ev.trade.trade_id.s, "%u", number);
    ev.trade.side = number % 2 == 0 ? BOT_BUY : BOT_SELL;
    ev.trade.qty = (bot_dec){ .coef = 1 + (bot_i128)(number % 9), .scale = 3 };
    ev.trade.price = (bot_dec){ .coef = 650000 + (bot_i128)(number * 7919 % 1000), .scale = 1 };
    return ev;
}

static struct market_config config(struct memfs *m, const char *path)
{
    return (struct market_config){ .path = path, .venue = "bybit", .instruments_max = 4, .trades_max = 4096, .queue_max = 16,
                                   .grace_ns = 5 * BOT_NS_PER_S, .fs = &m->fs, .inline_rounds = true };
}

/* Ten minutes of trades, 40 a minute, from `from` on. shuffle: neighbours change places, some come twice, as another
 * recorder of the same feed may see them. */
static void feed(struct market_recorder *r, unsigned from, unsigned to, bool shuffle)
{
    for (unsigned i = from; i < to; i++) {
        unsigned k = shuffle && i / 4 * 4 + 4 <= to && i / 4 * 4 >= from ? i / 4 * 4 + 3 - i % 4 : i;
        bot_event ev = trade(k, BEGIN + (int64_t)k * 1500 * BOT_NS_PER_MS);
        ev.ts = (bot_ts)i * (shuffle ? 11 : 7); /* when it arrived is nobody's business */
        ev.source = shuffle ? BOT_SOURCE_WS_PUBLIC : BOT_SOURCE_REST;
        bot__market_take(r, &ev);
        if (shuffle && i % 5 == 0)
            bot__market_take(r, &ev);
    }
}

static struct memfs_file *file_of(struct memfs *m, const char *root, int minute, bool candles)
{
    char path[256];
    (candles ? bot__market_candles_path : bot__market_trades_path)(root, "bybit", "BTC/USDT", BEGIN + minute * MINUTE, path, sizeof path);
    return memfs_find(m, path);
}

TEST(journal_market, names_say_venue_instrument_and_minute)
{
    char path[256];
    ck_assert_int_gt(bot__market_trades_path("d", "bybit", "BTC/USDT", BEGIN, path, sizeof path), 0);
    ck_assert_str_eq(path, "d/bybit/BTC%2FUSDT/20231114/trades-2214.journal");
    ck_assert_int_gt(bot__market_candles_path("d", "bybit", "BTC/USDT", BEGIN, path, sizeof path), 0);
    ck_assert_str_eq(path, "d/bybit/BTC%2FUSDT/candles-20231114.journal");
    ck_assert_int_gt(bot__market_trades_path("d", "bybit", "../x", BEGIN, path, sizeof path), 0);
    ck_assert_ptr_null(strstr(path, ".."));
}

TEST(journal_market, two_recorders_of_one_feed_write_the_same_bytes)
{
    static struct memfs m;
    struct market_recorder *a, *b;
    struct market_stats sa, sb;
    memfs_init(&m);
    struct market_config ca = config(&m, "a"), cb = config(&m, "b");
    ck_assert_int_eq(bot__market_open(&ca, &a), BOT_OK);
    ck_assert_int_eq(bot__market_open(&cb, &b), BOT_OK);
    feed(a, 0, 400, false);
    feed(b, 100, 400, true); /* began later: what both have whole is equal */
    bot__market_round(a);
    bot__market_round(b);
    bot__market_stats_get(a, &sa);
    bot__market_stats_get(b, &sb);
    ck_assert_uint_eq(sa.minutes, 8);
    ck_assert_uint_gt(sb.duplicates, 20);
    unsigned both = 0;
    for (int k = 0; k < 10; k++) {
        struct memfs_file *fa = file_of(&m, "a", k, false), *fb = file_of(&m, "b", k, false);
        if (fa == NULL || fb == NULL)
            continue;
        both++;
        ck_assert_uint_eq(fa->size, fb->size);
        ck_assert_int_eq(memcmp(fa->data, fb->data, fa->size), 0);
    }
    ck_assert_uint_ge(both, 5);
    ck_assert_ptr_null(file_of(&m, "a", 0, false)); /* the first minute was not heard from its beginning */
    ck_assert_ptr_nonnull(file_of(&m, "a", 1, false));
    ck_assert_ptr_null(file_of(&m, "b", 2, false));

    /* Candles: the slots that both have are equal; what only one heard is zeros in the other. */
    struct memfs_file *fa = file_of(&m, "a", 0, true), *fb = file_of(&m, "b", 0, true);
    ck_assert_uint_eq(fa->size, bot__journal_offset(0, 1440));
    ck_assert_uint_eq(fb->size, fa->size);
    unsigned slots = 0;
    static const unsigned char zeros[256];
    for (size_t at = 256; at < fa->size; at += 256)
        if (memcmp(fa->data + at, zeros, 256) != 0 && memcmp(fb->data + at, zeros, 256) != 0) {
            ck_assert_int_eq(memcmp(fa->data + at, fb->data + at, 256), 0);
            slots++;
        }
    ck_assert_uint_eq(slots, both);
    ck_assert_int_eq(memcmp(fa->data, fb->data, 256), 0);
    bot__market_close(a);
    bot__market_close(b);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

static void sum(void *user_data, const bot_candle *c)
{
    unsigned *n = user_data;
    n[0]++;
    n[1] += c->trades;
    ck_assert(c->low.v <= c->open.v && c->open.v <= c->high.v && c->low.v <= c->close.v && c->close.v <= c->high.v);
    ck_assert(c->volume_buy.v > 0 && c->volume_buy.v < c->volume.v);
}

TEST(journal_market, trades_and_candles_read_back_by_time)
{
    static struct memfs m;
    struct market_recorder *r;
    char path[256];
    memfs_init(&m);
    struct market_config c = config(&m, "a");
    ck_assert_int_eq(bot__market_open(&c, &r), BOT_OK);
    feed(r, 0, 400, false);
    bot__market_round(r);
    unsigned n[2] = { 0, 0 };
    bot__market_candles_path("a", "bybit", "BTC/USDT", BEGIN, path, sizeof path);
    ck_assert_int_eq(bot__market_candles(&m.fs, path, BEGIN + 2 * MINUTE, BEGIN + 5 * MINUTE, sum, n), 3);
    ck_assert(n[0] == 3 && n[1] == 120);
    ck_assert_int_eq(bot__market_candles(&m.fs, path, 0, INT64_MAX, sum, n), 8);

    bot_journal_reader *reader;
    bot_journal_item item;
    bot_journal_place why;
    bot__market_trades_path("a", "bybit", "BTC/USDT", BEGIN + 3 * MINUTE, path, sizeof path);
    ck_assert_int_eq(bot__journal_open_read(&m.fs, path, "bybit", NULL, &reader, &why), BOT_OK);
    unsigned trades = 0;
    int e;
    while ((e = bot_journal_next(reader, &item, &why)) == 1) {
        bot_event want = trade(120 + trades, BEGIN + (int64_t)(120 + trades) * 1500 * BOT_NS_PER_MS);
        ck_assert_int_eq(item.kind, BOT_JOURNAL_TRADE);
        ck_assert_int_eq(memcmp(&item.event, &want, sizeof want), 0);
        trades++;
    }
    ck_assert_int_eq(e, 0);
    ck_assert_uint_eq(trades, 40);
    ck_assert_int_eq(bot_journal_seek_time(reader, BEGIN + 3 * MINUTE + 30 * BOT_NS_PER_S), BOT_OK);
    ck_assert_int_eq(bot_journal_next(reader, &item, &why), 1);
    ck_assert_int_ge(item.event.venue_ns, BEGIN + 3 * MINUTE + 30 * BOT_NS_PER_S);
    bot_journal_close_read(reader);

    /* The candle file reads as a journal file, too: what is not recorded is passed over. */
    bot__market_candles_path("a", "bybit", "BTC/USDT", BEGIN, path, sizeof path);
    ck_assert_int_eq(bot__journal_open_read(&m.fs, path, NULL, NULL, &reader, &why), BOT_OK);
    unsigned candles = 0;
    while ((e = bot_journal_next(reader, &item, &why)) == 1)
        candles += item.kind == BOT_JOURNAL_CANDLE;
    ck_assert_msg(e == 0, "%s", why.text);
    ck_assert_uint_eq(candles, 8);
    bot_journal_close_read(reader);
    bot__market_close(r);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

TEST(journal_market, what_was_heard_in_part_never_takes_the_name_of_the_whole)
{
    static struct memfs m;
    struct market_recorder *r;
    struct market_stats s;
    memfs_init(&m);
    struct market_config c = config(&m, "a");
    ck_assert_int_eq(bot__market_open(&c, &r), BOT_OK);
    feed(r, 0, 130, false);
    bot__market_gap(r, NULL); /* in minute 3 */
    feed(r, 130, 300, false);
    bot__market_round(r);
    ck_assert_ptr_null(file_of(&m, "a", 0, false));
    ck_assert_ptr_nonnull(file_of(&m, "a", 1, false));
    ck_assert_ptr_nonnull(file_of(&m, "a", 2, false));
    ck_assert_ptr_null(file_of(&m, "a", 3, false));
    ck_assert_ptr_nonnull(memfs_find(&m, "a/bybit/BTC%2FUSDT/20231114/trades-2217.partial-4711"));
    ck_assert_ptr_nonnull(file_of(&m, "a", 4, false));
    bot_event late = trade(45, BEGIN + 45 * 1500 * BOT_NS_PER_MS); /* minute 1 is written and stays as it is */
    bot__market_take(r, &late);
    bot__market_stats_get(r, &s);
    ck_assert_uint_eq(s.late, 1);
    bot__market_close(r);
    memfs_done(&m);
}

TEST(journal_market, more_trades_than_the_bound_make_the_minute_partial)
{
    static struct memfs m;
    struct market_recorder *r;
    struct market_stats s;
    memfs_init(&m);
    struct market_config c = config(&m, "a");
    c.trades_max = 30;
    ck_assert_int_eq(bot__market_open(&c, &r), BOT_OK);
    feed(r, 0, 200, false);
    bot__market_round(r);
    bot__market_stats_get(r, &s);
    ck_assert_uint_eq(s.minutes, 0);
    ck_assert_uint_ge(s.partial, 3);
    bot__market_close(r);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

/* A day is not lost with the write that began its file. */
TEST(journal_market, a_write_that_fails_costs_its_own_minute_only)
{
    for (unsigned long long nth = 1;; nth++) {
        static struct memfs m;
        struct market_recorder *r;
        struct market_stats s;
        char path[256];
        unsigned n[2] = { 0, 0 };
        memfs_init(&m);
        struct market_config c = config(&m, "a");
        ck_assert_int_eq(bot__market_open(&c, &r), BOT_OK);
        m.fail_op = MEMFS_WRITE, m.fail_nth = nth, m.fail_times = 1;
        feed(r, 0, 400, false);
        bot__market_round(r);
        const bool reached = m.failed > 0;
        bot__market_stats_get(r, &s);
        ck_assert_uint_eq(s.minutes + s.partial + s.failures, 9); /* the first is one that was heard in part */
        ck_assert_uint_eq(s.failures, reached);
        bot__market_candles_path("a", "bybit", "BTC/USDT", BEGIN, path, sizeof path);
        ck_assert_msg(bot__market_candles(&m.fs, path, 0, INT64_MAX, sum, n) == (int)s.minutes, "write %llu", nth);
        bot__market_close(r);
        ck_assert_int_eq(m.live_allocs, 0);
        memfs_done(&m);
        if (!reached) break;
    }
}

static volatile sig_atomic_t handled;
static void on_signal(int number)
{
    (void)number;
    handled = 1;
}

/* The host's handlers run on the host's threads. */
TEST(journal_market, its_thread_takes_no_signals_of_the_hosts)
{
    char dir[] = "/tmp/libbot-market-XXXXXX";
    struct market_recorder *r;
    sigset_t one;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    struct market_config c = { .path = dir, .venue = "bybit", .instruments_max = 1, .trades_max = 16, .queue_max = 4, .grace_ns = BOT_NS_PER_S };
    signal(SIGUSR1, on_signal);
    ck_assert_int_eq(bot__market_open(&c, &r), BOT_OK);
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &one, NULL); /* here; is it taken elsewhere? */
    kill(getpid(), SIGUSR1);
    usleep(50000);
    ck_assert_int_eq(handled, 0);
    bot__market_close(r);
    rmdir(dir);
}

TEST(journal_market, one_stamp_from_the_future_does_not_make_it_deaf)
{
    static struct memfs m;
    struct market_recorder *r;
    struct market_stats s;
    memfs_init(&m);
    struct market_config c = config(&m, "a");
    ck_assert_int_eq(bot__market_open(&c, &r), BOT_OK);
    feed(r, 0, 100, false);
    bot_event ev = trade(5000, BEGIN + 24 * 60 * MINUTE);
    bot__market_take(r, &ev);
    bot__market_take(r, &ev); /* by another way */
    feed(r, 100, 400, false);
    bot__market_round(r);
    bot__market_stats_get(r, &s);
    ck_assert_uint_eq(s.late, 1);
    ck_assert_uint_eq(s.minutes, 7); /* but for the first, the last, and the one in which it came */
    ck_assert_ptr_null(file_of(&m, "a", 2, false));
    ck_assert_ptr_nonnull(file_of(&m, "a", 3, false));
    /* A silence of an hour ends with two trades, and both are kept. */
    for (unsigned k = 0; k < 3; k++) {
        ev = trade(6000 + k, BEGIN + 70 * MINUTE + (int64_t)k * BOT_NS_PER_S);
        bot__market_take(r, &ev);
    }
    bot__market_stats_get(r, &s);
    ck_assert_uint_eq(s.trades, 403);
    ck_assert_uint_eq(s.late, 1);
    bot__market_close(r);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}
