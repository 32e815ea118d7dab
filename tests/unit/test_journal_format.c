#include <string.h>

#include "harness.h"
#include "journal/crc.h"
#include "journal/format.h"
#include "journal/item.h"
#include "journal_events.h"

TEST(journal_crc, knows_the_check_values_of_the_standard)
{
    unsigned char zeros[32] = { 0 }, ones[32], up[32];
    for (int i = 0; i < 32; i++)
        ones[i] = 0xff, up[i] = (unsigned char)i;
    /* RFC 3720 B.4, and the check value of CRC-32C. */
    ck_assert_uint_eq(bot__crc32c(0, "123456789", 9), 0xe3069283u);
    ck_assert_uint_eq(bot__crc32c(0, zeros, 32), 0x8a9136aau);
    ck_assert_uint_eq(bot__crc32c(0, ones, 32), 0x62a8ab43u);
    ck_assert_uint_eq(bot__crc32c(0, up, 32), 0x46dd794eu);
}

TEST(journal_crc, the_portable_way_agrees_with_the_instruction_at_every_length_and_offset)
{
    unsigned char buf[300];
    test_rng rng = { 7 };
    for (size_t i = 0; i < sizeof buf; i++)
        buf[i] = (unsigned char)test_rng_next(&rng);
    for (size_t at = 0; at < 9; at++)
        for (size_t len = 0; at + len <= sizeof buf; len++)
            ck_assert_uint_eq(bot__crc32c(1, buf + at, len), bot__crc32c_portable(1, buf + at, len));
    ck_assert_uint_eq(bot__crc32c(bot__crc32c(0, buf, 100), buf + 100, 200), bot__crc32c(0, buf, 300));
}

TEST(journal_item, every_event_kind_round_trips_bit_for_bit)
{
    test_rng rng = { 20240917 };
    size_t longest = 0;
    for (int kind = 1; kind < BOT_EV_KIND_COUNT; kind++) {
        if (!test_event_is_journaled((bot_event_kind)kind))
            continue;
        for (int i = 0; i < 3000; i++) {
            bot_event ev;
            bot_journal_item item;
            unsigned char a[JOURNAL_EVENT_ITEM_MAX + 32], b[JOURNAL_EVENT_ITEM_MAX + 32];
            memset(a, 0xa5, sizeof a);
            test_event_random(&rng, (bot_event_kind)kind, &ev);
            int len = bot__item_encode_event(&ev, a);
            ck_assert_int_gt(len, 0);
            longest = (size_t)len > longest ? (size_t)len : longest;
            ck_assert_int_eq(bot__item_decode(a, (size_t)len, &item), BOT_OK);
            ck_assert_int_eq(item.kind, BOT_JOURNAL_EVENT);
            ck_assert_msg(memcmp(&item.event, &ev, sizeof ev) == 0, "kind %d, round %d", kind, i);
            ck_assert_int_eq(bot__item_encode_event(&item.event, b), len);
            ck_assert_int_eq(memcmp(a, b, (size_t)len), 0);
            /* No shorter or longer item is read as one. */
            ck_assert_int_eq(bot__item_decode(a, (size_t)len - 1, &item), BOT_ERR_MALFORMED);
            put_u16(a, (uint16_t)(len - 1));
            ck_assert_int_eq(bot__item_decode(a, (size_t)len + 1, &item), BOT_ERR_MALFORMED);
        }
    }
    ck_assert_uint_le(longest, JOURNAL_EVENT_ITEM_MAX);
    ck_assert_uint_gt(longest, 256); /* the test has seen items that need two records */
}

TEST(journal_item, says_the_same_of_an_item_whatever_stands_behind_it)
{
    test_rng rng = { 5 };
    unsigned good = 0, bad = 0;
    for (int i = 0; i < 60000; i++) {
        const bot_event_kind kind = (bot_event_kind)(1 + test_rng_below(&rng, BOT_EV_KIND_COUNT - 1));
        bot_event ev;
        bot_journal_item alone, followed;
        unsigned char buf[2 * JOURNAL_EVENT_ROOM], cut[JOURNAL_EVENT_ITEM_MAX];
        if (!test_event_is_journaled(kind))
            continue;
        for (size_t k = 0; k < sizeof buf; k++)
            buf[k] = (unsigned char)(i % 3 == 0 ? 0xff : i % 3 == 1 ? 0 : test_rng_next(&rng));
        test_event_random(&rng, kind, &ev);
        const int len = bot__item_encode_event(&ev, buf);
        ck_assert_int_gt(len, 0);
        for (uint64_t flips = test_rng_below(&rng, 3); flips > 0; flips--)
            buf[JOURNAL_ITEM_HEAD + test_rng_below(&rng, (uint64_t)len - JOURNAL_ITEM_HEAD)] ^= (unsigned char)(1u << test_rng_below(&rng, 8));
        memcpy(cut, buf, (size_t)len);
        const int a = bot__item_decode(cut, (size_t)len, &alone), b = bot__item_decode_in(buf, (size_t)len, sizeof buf, &followed);
        ck_assert_int_eq(a, b);
        ck_assert_msg(a != BOT_OK || memcmp(&alone.event, &followed.event, sizeof ev) == 0, "kind %d, round %d", (int)kind, i);
        *(a == BOT_OK ? &good : &bad) += 1;
    }
    ck_assert(good > 10000 && bad > 5000);
}

TEST(journal_item, the_longest_event_fits_its_bound)
{
    /* Every length at its end: an order with full texts and 128-bit numbers is the longest of all. */
    test_rng rng = { 1 };
    for (int kind = 1; kind < BOT_EV_KIND_COUNT; kind++) {
        bot_event ev;
        unsigned char buf[JOURNAL_EVENT_ITEM_MAX + 16];
        if (!test_event_is_journaled((bot_event_kind)kind))
            continue;
        test_event_random(&rng, (bot_event_kind)kind, &ev);
        ev.venue_ns = ev.seq = INT64_MAX, ev.read_id = UINT64_MAX / 2, ev.has = UINT32_MAX, ev.flags = 255;
        ev.instrument.len = BOT_SYMBOL_MAX;
        if (kind == BOT_EV_ORDER) {
            bot_ev_order *o = &ev.order;
            bot_dec *const all[] = { &o->qty, &o->cum_qty, &o->leaves_qty, &o->price, &o->avg_price, &o->trigger_price };
            for (int i = 0; i < 6; i++)
                *all[i] = (bot_dec){ .coef = (bot_i128)1 << 126, .scale = 38 };
            o->order_id.len = o->client_id.len = BOT_ID_MAX;
            o->venue_code = INT64_MIN;
            memset(o->reason, 'x', sizeof o->reason);
        }
        ck_assert_int_gt(bot__item_encode_event(&ev, buf), 0);
        ck_assert_int_le(bot__item_encode_event(&ev, buf), JOURNAL_EVENT_ITEM_MAX);
    }
}

TEST(journal_item, what_a_journal_does_not_hold_is_refused)
{
    unsigned char buf[JOURNAL_EVENT_ITEM_MAX + 16];
    bot_event ev = { .kind = BOT_EV_BOOK };
    ck_assert_int_eq(bot__item_encode_event(&ev, buf), BOT_ERR_UNSUPPORTED);
    ev.kind = BOT_EV_CONTROL;
    ck_assert_int_eq(bot__item_encode_event(&ev, buf), BOT_ERR_UNSUPPORTED);
    ev.kind = BOT_EV_TRADE;
    ck_assert_int_eq(bot__item_encode_event(&ev, buf), BOT_ERR_UNSUPPORTED);
    ck_assert_int_gt(bot__item_encode_trade(&ev, buf), 0);
    ev.kind = BOT_EV_FILL;
    ev.fill.exec_id.len = BOT_ID_MAX + 1;
    ck_assert_int_eq(bot__item_encode_event(&ev, buf), BOT_ERR_INVALID);
    ev.fill.exec_id.len = 0;
    ev.fill.qty.scale = 39;
    ck_assert_int_eq(bot__item_encode_event(&ev, buf), BOT_ERR_INVALID);
}

TEST(journal_item, run_lost_raw_options_and_candle_round_trip)
{
    unsigned char buf[4096];
    bot_journal_item item;
    int len = bot__item_encode_run(5, -6, 7, "libbot 0.1.0", buf);
    ck_assert_int_eq(bot__item_decode(buf, (size_t)len, &item), BOT_OK);
    ck_assert(item.kind == BOT_JOURNAL_RUN && item.ts == 5 && item.run.wall_ns == -6 && item.run.pid == 7);
    ck_assert_str_eq(item.run.library, "libbot 0.1.0");

    len = bot__item_encode_lost(5, 1000000, 6, 7, buf);
    ck_assert_int_eq(bot__item_decode(buf, (size_t)len, &item), BOT_OK);
    ck_assert(item.kind == BOT_JOURNAL_LOST && item.lost.items == 1000000 && item.lost.from == 6 && item.lost.to == 7);

    len = bot__item_encode_raw(9, BOT_SOURCE_REST, "<html>\0x", 8, 99, buf);
    ck_assert_int_eq(bot__item_decode(buf, (size_t)len, &item), BOT_OK);
    ck_assert(item.kind == BOT_JOURNAL_RAW && item.bytes_len == 8 && item.bytes_total == 99);
    ck_assert(item.event.source == BOT_SOURCE_REST && memcmp(item.bytes, "<html>\0x", 8) == 0);

    len = bot__item_encode_options(1, "a=1\n", 4, buf);
    ck_assert_int_eq(bot__item_decode(buf, (size_t)len, &item), BOT_OK);
    ck_assert(item.kind == BOT_JOURNAL_OPTIONS && item.bytes_len == 4 && memcmp(item.bytes, "a=1\n", 4) == 0);

    const bot_candle c = { 60, { 1 }, { (bot_i128)1 << 100 }, { -1 }, { 0 }, { 5 }, { 6 }, 7 };
    len = bot__item_encode_candle(&c, buf);
    ck_assert_int_eq(bot__item_decode(buf, (size_t)len, &item), BOT_OK);
    ck_assert(item.kind == BOT_JOURNAL_CANDLE && memcmp(&item.candle.minute_ns, &c.minute_ns, 8) == 0);
    ck_assert(item.candle.high.v == (bot_i128)1 << 100 && item.candle.low.v == -1 && item.candle.trades == 7);
}

TEST(journal_header, round_trips_and_refuses_what_it_is_not)
{
    unsigned char buf[JOURNAL_HEADER_SIZE], copy[JOURNAL_HEADER_SIZE];
    struct journal_header h = { JOURNAL_CONTENT_EVENTS, 3, 0xdeadbeef, 12345, 42, -7, 8, "bybit", "main", "BTCUSDT", "libbot 0.1.0" }, g;
    bot__journal_header_encode(&h, buf);
    ck_assert_int_eq(bot__journal_header_decode(buf, sizeof buf, &g), BOT_OK);
    ck_assert(g.segment == 3 && g.chain_in == 0xdeadbeef && g.first_record == 12345 && g.journal_id == 42);
    ck_assert(g.created_wall_ns == -7 && g.created == 8);
    ck_assert_str_eq(g.venue, "bybit");
    ck_assert_str_eq(g.account, "main");
    ck_assert_str_eq(g.instrument, "BTCUSDT");
    ck_assert_int_eq(bot__journal_header_decode(buf, 255, &g), BOT_ERR_TRUNCATED);
    for (size_t bit = 0; bit < 8 * sizeof buf; bit++) {
        memcpy(copy, buf, sizeof buf);
        copy[bit / 8] ^= (unsigned char)(1u << bit % 8);
        int e = bot__journal_header_decode(copy, sizeof copy, &g);
        ck_assert_int_eq(e, bit < 64 ? BOT_ERR_MALFORMED : BOT_ERR_CHECKSUM);
    }
    put_u16(buf + 8, 2);
    put_u32(buf + 252, bot__crc32c(0, buf, 252));
    ck_assert_int_eq(bot__journal_header_decode(buf, sizeof buf, &g), BOT_ERR_VERSION);
}

TEST(journal_record, a_record_of_zeros_is_not_valid)
{
    unsigned char zeros[JOURNAL_RECORD_SIZE] = { 0 };
    struct journal_record r;
    ck_assert_int_eq(bot__journal_record_decode(zeros, &r), BOT_ERR_CHECKSUM);
}
