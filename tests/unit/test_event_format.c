/* The printed form of events, name by name, and what goes into signatures. */
#include <string.h>

#include "base/sign.h"
#include "bot/core.h"
#include "bot/decimal.h"
#include "bot/event.h"
#include "harness.h"
#include "words.h"

static const char *print(const bot_event *ev)
{
    static char out[2048];
    ck_assert_int_gt(bot_event_format(ev, "bybit", out, sizeof out), 0);
    return out;
}

TEST(event_format, a_fill_has_its_fields_in_their_words)
{
    bot_event ev = { .kind = BOT_EV_FILL, .seq = 7, .venue_ns = INT64_C(1700000000123456789), .instrument = { 7, "BTCUSDT" },
                     .has = BOT_HAS_QTY | BOT_HAS_PRICE | BOT_HAS_FEE };
    ev.fill = (bot_ev_fill){ .exec_id = { 2, "e1" }, .order_id = { 2, "o1" }, .client_id = { 2, "c1" }, .side = BOT_BUY, .leg = BOT_LEG_LONG,
                             .liquidity = BOT_MAKER, .kind = BOT_FILL_TRADE, .qty = dec_of("0.010"), .price = dec_of("65000.50"), .fee = dec_of("-0.0003"),
                             .fee_currency = { 4, "USDT" } };
    ck_assert_str_eq(print(&ev), "{\"event\":\"fill\",\"venue\":\"bybit\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"e1\",\"order_id\":\"o1\",\"client_order_id\":\"c1\","
                                 "\"side\":\"buy\",\"leg\":\"long\",\"qty\":\"0.010\",\"price\":\"65000.50\",\"fee\":\"-0.0003\",\"fee_currency\":\"USDT\","
                                 "\"liquidity\":\"maker\",\"kind\":\"trade\",\"venue_time_ms\":1700000000123,\"seq\":7}");
}

TEST(event_format, what_is_absent_is_left_out)
{
    const bot_event ev = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .order = { .status = BOT_ORDER_CANCELED } };
    char out[256];
    ck_assert_int_gt(bot_event_format(&ev, NULL, out, sizeof out), 0);
    ck_assert_str_eq(out, "{\"event\":\"order\",\"status\":\"canceled\"}");
    ck_assert_int_eq(bot_event_format(&ev, NULL, out, 10), BOT_ERR_FULL);
    const bot_event tick = { .kind = BOT_EV_TICK };
    ck_assert_int_eq(bot_event_format(&tick, NULL, out, sizeof out), BOT_ERR_UNSUPPORTED);
}

TEST(event_format, the_other_kinds_have_theirs)
{
    bot_event ev = { .kind = BOT_EV_POSITION, .seq = BOT_SEQ_NONE, .has = BOT_HAS_QTY, .position = { .leg = BOT_LEG_SHORT, .qty = dec_of("-2.0") } };
    ck_assert_str_eq(print(&ev), "{\"event\":\"position\",\"venue\":\"bybit\",\"leg\":\"short\",\"qty\":\"-2.0\"}");
    ev = (bot_event){ .kind = BOT_EV_ERROR, .seq = BOT_SEQ_NONE, .has = BOT_HAS_VENUE_CODE, .error = { .code = BOT_ERR_REJECTED, .venue_code = 10001, .detail = "a \"b\"" } };
    ck_assert_str_eq(print(&ev), "{\"event\":\"error\",\"venue\":\"bybit\",\"code\":\"REJECTED\",\"venue_code\":10001,\"detail\":\"a \\\"b\\\"\"}");
    ev = (bot_event){ .kind = BOT_EV_TIME, .seq = BOT_SEQ_NONE, .venue_ns = 5 * BOT_NS_PER_MS };
    ck_assert_str_eq(print(&ev), "{\"event\":\"time\",\"venue\":\"bybit\",\"venue_time_ms\":5}");
    ev = (bot_event){ .kind = BOT_EV_FUNDING, .seq = BOT_SEQ_NONE, .funding = { .exec_id = { 1, "x" }, .amount = dec_of("0.5"), .currency = { 4, "USDT" } } };
    ck_assert_str_eq(print(&ev), "{\"event\":\"funding\",\"venue\":\"bybit\",\"exec_id\":\"x\",\"amount\":\"0.5\",\"currency\":\"USDT\"}");
    ev = (bot_event){ .kind = BOT_EV_CONTROL, .seq = BOT_SEQ_NONE, .control = { .control = BOT_CONTROL_PONG } };
    ck_assert_str_eq(print(&ev), "{\"event\":\"control\",\"venue\":\"bybit\",\"kind\":\"pong\"}");
}

/* A value that somebody adds to an enum and forgets here would be printed as "?". */
TEST(event_format, every_value_has_its_word_and_what_is_none_has_a_question_mark)
{
#define WORDS(name_of, type, last)                                                                 \
    for (int i = 0; i <= (int)(last) + 1; i++)                                                     \
        ck_assert_msg((strcmp(name_of((type)i), "?") == 0) == (i > (int)(last)), #name_of "(%d): %s", i, name_of((type)i))
    WORDS(bot_side_name, bot_side, BOT_SELL);
    WORDS(bot_leg_name, bot_leg, BOT_LEG_SHORT);
    WORDS(bot_fill_kind_name, bot_fill_kind, BOT_FILL_UNKNOWN);
    WORDS(bot_order_status_name, bot_order_status, BOT_ORDER_TRIGGERED);
    WORDS(bot_order_type_name, bot_order_type, BOT_MARKET);
    WORDS(bot_tif_name, bot_tif, BOT_POST_ONLY);
    WORDS(bot_verdict_name, bot_verdict, BOT_VERDICT_PENDING);
    WORDS(bot_alert_name, bot_alert, BOT_ALERT_COUNT - 1);
    ck_assert_str_eq(bot_order_status_name(BOT_ORDER_PARTIALLY_FILLED), "partially_filled");
    ck_assert_str_eq(bot_alert_name(BOT_ALERT_GAP), "GAP");
    for (int s = BOT_ORDER_NONE; s <= BOT_ORDER_TRIGGERED; s++)
        ck_assert(bot_order_status_final((bot_order_status)s) ==
                  (s == BOT_ORDER_FILLED || s == BOT_ORDER_CANCELED || s == BOT_ORDER_REJECTED || s == BOT_ORDER_EXPIRED));
}

/* RFC 4231, cases 1 and 2, the second twice over and in parts: the kept context starts over each time. */
TEST(sign, hmac_matches_its_rfc_and_the_kept_context_starts_over)
{
    char key[20], hex[65];
    uint8_t mac[32];
    memset(key, 0x0b, sizeof key);
    struct bot__signer *one = bot__signer_new(key, sizeof key), *two = bot__signer_new("Jefe", 4);
    ck_assert(one != NULL && two != NULL);
    ck_assert_int_eq(bot__sign(one, &(struct bot__part){ "Hi There", 8 }, 1, mac), 0);
    bot__hex(mac, 32, hex);
    ck_assert_str_eq(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    for (int i = 0; i < 2; i++) {
        const struct bot__part parts[] = { { "what do ya want ", 16 }, { "", 0 }, { "for nothing?", 12 } };
        ck_assert_int_eq(bot__sign(two, parts, 3, mac), 0);
        bot__hex(mac, 32, hex);
        ck_assert_str_eq(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
    bot__signer_free(one);
    bot__signer_free(two);
    bot__signer_free(NULL);
    char text[32];
    bot__base64((const uint8_t *)"ab", 2, text);
    ck_assert_str_eq(text, "YWI=");
    ck_assert_int_eq(bot__percent_encode("a%3A b", 6, text, sizeof text), 10);
    ck_assert_str_eq(text, "a%253A%20b");
    ck_assert_int_eq(bot__percent_encode("abcdef", 6, text, 6), BOT_ERR_FULL);
}
