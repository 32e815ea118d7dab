/* tests/lib/words.h: values from their text, for tests: what is no such value fails the test. */
#ifndef TESTS_WORDS_H
#define TESTS_WORDS_H

#include "harness.h"

#include <string.h>

#include "bot/decimal.h"
#include "bot/event.h"
#include "base/json.h"

static inline bot_dec dec_of(const char *text)
{
    bot_dec d;
    ck_assert_msg(bot_dec_parse(text, strlen(text), &d) == BOT_OK, "%s", text);
    return d;
}

static inline bot_i128 fixed_of(const char *text)
{
    bot_i128 v;
    ck_assert_msg(bot_fixed_parse(text, strlen(text), &v) == BOT_OK, "%s", text);
    return v;
}

static inline bot_id id_of(const char *text)
{
    bot_id id;
    ck_assert_msg(bot__id_set(&id, text, strlen(text)), "%s", text);
    return id;
}

static inline bot_symbol symbol_of(const char *text)
{
    bot_symbol s;
    ck_assert_msg(bot__symbol_set(&s, text, strlen(text)), "%s", text);
    return s;
}

static inline bot_currency currency_of(const char *text)
{
    bot_currency currency;
    ck_assert_msg(bot__currency_set(&currency, text, strlen(text)), "%s", text);
    return currency;
}

/* Of no instrument and without a sequence. */
static inline bot_event event_of(bot_event_kind kind) { return (bot_event){ .kind = (uint16_t)kind, .seq = BOT_SEQ_NONE }; }

#endif
