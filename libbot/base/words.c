/* Words for the values of the public enums: one spelling for events, journals, the watch and whoever prints. */
#include <string.h>

#include "base/json.h"
#include "bot/core.h"

#define WORD(table, value) ((size_t)(value) < sizeof(table) / sizeof *(table) && (table)[value] != NULL ? (table)[value] : "?")

const char *bot_side_name(bot_side side)
{
    static const char *const words[] = { "none", "buy", "sell" };
    return WORD(words, side);
}

const char *bot_leg_name(bot_leg leg)
{
    static const char *const words[] = { "none", "net", "long", "short" };
    return WORD(words, leg);
}

const char *bot_fill_kind_name(bot_fill_kind kind)
{
    static const char *const words[] = { "none", "trade", "liquidation", "adl", "settlement", "block", "transfer", "unknown" };
    return WORD(words, kind);
}

const char *bot_order_status_name(bot_order_status status)
{
    static const char *const words[] = { "none",     "open",    "partially_filled", "filled",   "canceled",
                                         "rejected", "expired", "untriggered",      "triggered" };
    return WORD(words, status);
}

const char *bot_order_type_name(bot_order_type type)
{
    static const char *const words[] = { "none", "limit", "market" };
    return WORD(words, type);
}

const char *bot_tif_name(bot_tif tif)
{
    static const char *const words[] = { "none", "gtc", "ioc", "fok", "post_only" };
    return WORD(words, tif);
}

const char *bot_verdict_name(bot_verdict verdict)
{
    static const char *const names[] = { "NONE", "AGREE", "STALE", "PARTIAL", "FAILED", "DRIFT", "PENDING" };
    return WORD(names, verdict);
}

const char *bot_alert_name(bot_alert alert)
{
    static const char *const names[] = {
        [BOT_ALERT_NONE] = "NONE",
        [BOT_ALERT_DRIFT] = "DRIFT",
        [BOT_ALERT_DRIFT_HEALED] = "DRIFT_HEALED",
        [BOT_ALERT_ADOPTED] = "ADOPTED",
        [BOT_ALERT_EXTERNAL_FILL] = "EXTERNAL_FILL",
        [BOT_ALERT_FILL_CONFLICT] = "FILL_CONFLICT",
        [BOT_ALERT_OVERFILL] = "OVERFILL",
        [BOT_ALERT_UNKNOWN_EXEC] = "UNKNOWN_EXEC",
        [BOT_ALERT_STALE] = "STALE",
        [BOT_ALERT_ORDER_UNKNOWN] = "ORDER_UNKNOWN",
        [BOT_ALERT_ORDER_LOST] = "ORDER_LOST",
        [BOT_ALERT_UNKNOWN_ORDER] = "UNKNOWN_ORDER",
        [BOT_ALERT_REJECT_STORM] = "REJECT_STORM",
        [BOT_ALERT_LIMIT_EXCEEDED] = "LIMIT_EXCEEDED",
        [BOT_ALERT_LOSS] = "LOSS",
        [BOT_ALERT_START_POSITION] = "START_POSITION",
        [BOT_ALERT_MODE] = "MODE",
        [BOT_ALERT_FULL] = "FULL",
        [BOT_ALERT_GAP] = "GAP",
        [BOT_ALERT_CONTRACT] = "CONTRACT",
        [BOT_ALERT_UNKNOWN_POSITION] = "UNKNOWN_POSITION",
    };
    return WORD(names, alert);
}

bool bot_symbol_from(const char *text, bot_symbol *ret_symbol)
{
    return text != NULL && text[0] != '\0' && ret_symbol != NULL && bot__symbol_set(ret_symbol, text, strlen(text));
}

bool bot_id_equal(const bot_id *a, const bot_id *b) { return a->len != 0 && bot__id_eq(a, b); }
