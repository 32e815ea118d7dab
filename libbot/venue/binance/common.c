/* Binance USD-M: what the files of the codec share: times, plain notices, what a code means for the call that it answers. */
#include "venue/binance/binance.h"

bool bot__binance_ms(struct slice text, int64_t *ret_ns)
{
    int64_t ms;
    *ret_ns = 0;
    if (text.len == 0)
        return true;
    if (!bot__text_i64(text, &ms) || ms < 0 || ms > INT64_MAX / BOT_NS_PER_MS)
        return false;
    *ret_ns = ms * BOT_NS_PER_MS;
    return true;
}

/* Codes of the documentation ("Error Codes") that refuse: requests (11xx), processing (20xx), filters (4xxx), execution (50xx).
 * Not among them: -4116 and -4115 (an order of that id exists: it may be ours, told of twice), -4117 (a stop that triggers just
 * now), -4083 and -2012 (some of many failed), -1010 (a message without meaning). */
static const struct code_span refusals[] = {
    { -1014, -1013 }, { -1020, -1020 }, { -1023, -1023 }, { -1199, -1100 }, { -2010, -2010 }, { -2028, -2016 }, { -4077, -4000 },
    { -4082, -4079 }, { -4114, -4084 }, { -4199, -4118 }, { -4211, -4200 }, { -4403, -4400 }, { -4531, -4531 }, { -5029, -5021 },
    { -5043, -5037 },
};

static bool holds(struct slice s, const char *text)
{
    return s.p != NULL && s.len > 0 && memmem(s.p, s.len, text, strlen(text)) != NULL;
}

static bool begins(struct slice s, const char *text)
{
    while (s.len > 0 && (*s.p == ' ' || *s.p == '\'')) { /* some are quoted once more */
        s.p++;
        s.len--;
    }
    return s.len >= strlen(text) && memcmp(s.p, text, strlen(text)) == 0;
}

bot_outcome bot__binance_outcome(int64_t code, int http_status, struct slice words, enum venue_call call)
{
    const bot_outcome unknown = bot__call_moves(call) ? BOT_OUTCOME_UNKNOWN : BOT_OUTCOME_MALFORMED;
    /* Three texts under one status: the first leaves the order's fate open, the other two say that nothing was done. They are the
     * venue's own only where they begin the words: a proxy that lost the venue behind it has "503 Service Unavailable" on its page. */
    if (http_status == 503) {
        if (begins(words, "Service Unavailable") || begins(words, "Internal error; unable to process")) return BOT_OUTCOME_MAINTENANCE;
        if (code != -1008) return unknown;
    }
    switch (code) {
    case -1003:
        return http_status == 418 || holds(words, "until ") ? BOT_OUTCOME_BANNED : BOT_OUTCOME_LIMITED;
    case -1004: case -1008: case -1015:
        return BOT_OUTCOME_LIMITED;
    case -1016:
        return BOT_OUTCOME_MAINTENANCE;
    case -1001: case -1006: case -1007: case -1000: /* -1000: "an unknown error occurred while processing" */
        return unknown;
    case -1021: case -5028: /* outside the window of the gateway, of the engine */
        return BOT_OUTCOME_CLOCK;
    case -1002: case -1011: case -1022: case -1099: case -2014: case -2015:
        return BOT_OUTCOME_AUTH;
    case -2011: case -2013: case -1125:
        return BOT_OUTCOME_NOT_FOUND;
    default:
        break;
    }
    if (http_status == 418 || http_status == 403) return BOT_OUTCOME_BANNED;
    if (http_status == 429) return BOT_OUTCOME_LIMITED;
    if (http_status >= 500) return unknown;
    return bot__code_outcome(call, code, refusals, sizeof refusals / sizeof *refusals);
}
