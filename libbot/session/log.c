#include "session/log.h"

#include <stdio.h>

static const char *number(int64_t code, char *buf, size_t size)
{
    buf[0] = '\0';
    if (code != 0)
        snprintf(buf, size, " (code %lld)", (long long)code);
    return buf;
}

void bot__log_read_failed(struct session *s, enum venue_call call, bot_outcome outcome, const char *detail, int64_t code)
{
    static const char *const names[VENUE_CALL_COUNT] = {
        [VENUE_CALL_TIME] = "time", [VENUE_CALL_INSTRUMENTS] = "instruments", [VENUE_CALL_POSITIONS] = "positions", [VENUE_CALL_FILLS] = "fills",
        [VENUE_CALL_OPEN_ORDERS] = "open orders", [VENUE_CALL_ORDER] = "one order", [VENUE_CALL_BALANCE] = "balance", [VENUE_CALL_BOOK] = "book",
        [VENUE_CALL_PUBLIC_TRADES] = "public trades", [VENUE_CALL_STATUS] = "status", [VENUE_CALL_MODE] = "position mode", [VENUE_CALL_KEY] = "key",
        [VENUE_CALL_DEAD_MAN] = "dead man's switch", [VENUE_CALL_LISTEN_KEY] = "listen key", [VENUE_CALL_LISTEN_KEEP] = "listen key's life",
        [VENUE_CALL_ACCOUNT_LOG] = "account log",
    };
    char code_text[40];
    /* That the venue does not know an order is an answer. */
    const int level = call == VENUE_CALL_ORDER && outcome == BOT_OUTCOME_NOT_FOUND ? 2 : 1;
    bot__session_log(s, level, "read_failed", "%s from %s: %s%s", names[call] != NULL ? names[call] : "answer", s->options.rest_url, detail,
                     number(code, code_text, sizeof code_text));
}

void bot__log_venue_error(struct session *s, bot_stream stream, const bot_event *ev)
{
    char code_text[40];
    const int64_t code = (ev->has & BOT_HAS_VENUE_CODE) != 0 ? ev->error.venue_code : 0;
    bot__session_log(s, 1, "venue_error", "%s stream: %s%s", stream == BOT_STREAM_TRADE ? "trade" : session_is_public(stream) ? "public" : "private",
                     ev->error.detail, number(code, code_text, sizeof code_text));
}

void bot__log_unknown_instruments(struct session *s)
{
    for (uint32_t i = 0; i < s->options.instruments_n; i++)
        if (bot_core_find_instrument(s->core, &s->options.instruments[i]) < 0)
            bot__session_log(s, 0, "unknown_instrument", "%s is not in the venue's list: no position, order or price of it will ever be seen; is it spelt "
                             "as the venue spells it?", s->options.instruments[i].s);
}
