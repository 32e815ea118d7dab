/* watch/alert.h: which conditions are alerts, and the life of each: pending, firing, resolved. Pure: time is an argument.
 *
 * A condition is told once when it begins (after its rule's for-duration without a break), again every repeat_s while it
 * lasts if that is asked for, and once when it is over: gone for 10 s, so that what comes and goes is one alert. What is over stays in the list for a day. */
#ifndef WATCH_ALERT_H
#define WATCH_ALERT_H

#include "watch/config.h"

/*     name               severity  for s  what it says */
#define WATCH_RULE_LIST(X)                                                                                              \
    X(DRIFT,              "drift",             CRITICAL, 0,  "our position and the venue's differ")                     \
    X(STALE,              "stale",             WARNING,  0,  "REST answers with success and old positions")             \
    X(NO_AGREEMENT,       "no_agreement",      CRITICAL, 0,  "no fresh agreement between our position and the venue's") \
    X(REST,               "rest",              WARNING,  0,  "the venue's REST answers do not come")                    \
    X(PRIVATE_STREAM,     "private_stream",    CRITICAL, 3,  "the private stream is down or silent")                    \
    X(PUBLIC_STREAM,      "public_stream",     WARNING,  10, "the public stream is down, or a part of it is dead")      \
    X(TRADE_RATE,         "trade_rate",        WARNING,  0,  "public trades have fallen away")                          \
    X(FEED_LAG,           "feed_lag",          WARNING,  0,  "public data or acknowledgements arrive late")             \
    X(VENUE_STATUS,       "venue_status",      WARNING,  0,  "the venue says that it is closed, stopped or cancel-only") \
    X(CLOCK,              "clock",             WARNING,  0,  "the venue's clock was not measured, or is far from ours") \
    X(JOURNAL,            "journal",           CRITICAL, 0,  "the journal cannot be written")                           \
    X(UNKNOWN_EXECUTION,  "unknown_execution", CRITICAL, 0,  "an execution of unknown kind or instrument")              \
    X(POSITION_MODE,      "position_mode",     CRITICAL, 0,  "the account's position mode is not the configured one")   \
    X(NOT_PROVEN,         "not_proven",        WARNING,  60, "the position has not been proven since the start")        \
    X(FORCED_TRADE,       "forced_trade",      CRITICAL, 0,  "a liquidation, deleveraging, settlement or block trade")  \
    X(BUDGET,             "budget",            WARNING,  0,  "the venue has shut its request limit for us")             \
    X(PROCESS,            "process",           WARNING,  0,  "this process was held up")                                \
    X(DELIVERY,           "delivery",          WARNING,  0,  "alerts cannot be delivered")                              \
    X(TEST,               "test",              INFO,     0,  "a test alert, sent because someone asked for it")

enum watch_rule {
#define WATCH_RULE_ENUM_(id, name, severity, secs, words) WATCH_RULE_##id,
    WATCH_RULE_LIST(WATCH_RULE_ENUM_)
#undef WATCH_RULE_ENUM_
    WATCH_RULE_COUNT,
};
extern const char *const watch_rule_names[]; /* NULL-terminated */
const char *watch_rule_words(enum watch_rule rule);

#define WATCH_ALERTS_MAX 256
#define WATCH_TEXT_MAX 240
#define WATCH_INSTRUMENT_MAX 39

enum watch_alert_state { ALERT_NONE, ALERT_PENDING, ALERT_FIRING, ALERT_RESOLVED };
enum watch_delivery { DELIVERY_NONE, DELIVERY_DELIVERED, DELIVERY_RETRYING, DELIVERY_FAILED };
extern const char *const watch_delivery_names[];

struct watch_alert {
    uint64_t               id;      /* of this occurrence; of no other one, of a run before neither */
    enum watch_alert_state state;
    enum watch_rule        rule;
    enum watch_severity    severity;
    enum watch_delivery    delivery;
    char    account[64], instrument[WATCH_INSTRUMENT_MAX + 1]; /* "" where it belongs to none */
    char    text[WATCH_TEXT_MAX];
    int64_t since_ms, fired_ms, told_ms, clear_ms, resolved_ms; /* wall clock, Unix ms; clear_ms: firing, but gone since */
};

struct watch_alerts {
    const struct watch_config *config; /* rules; borrowed */
    struct watch_alert list[WATCH_ALERTS_MAX];
    uint64_t next_id, fired[WATCH_RULE_COUNT], dropped; /* dropped: found no place, or lost it to a more severe one */
    /* Told: when it begins, again, and when it is over (state says which). Handed over within the call that found it. */
    void (*tell)(void *user_data, struct watch_alert *alert);
    void  *user_data;
};

void watch_alerts_init(struct watch_alerts *a, const struct watch_config *config, void (*tell)(void *, struct watch_alert *), void *user_data);
/* The condition holds (or not) now. text: what is so, with its numbers; the newest one is kept. */
void watch_alert_set(struct watch_alerts *a, enum watch_rule rule, const char *account, const char *instrument, bool holds, int64_t now_ms,
                     const char *text);
/* Something that happened, not a condition: fires now, and is over after a minute without another. */
void watch_alert_event(struct watch_alerts *a, enum watch_rule rule, const char *account, const char *instrument, int64_t now_ms, const char *text);
/* Time passes: pending ones come due, events end, repeats are told, the old are forgotten. */
void watch_alerts_tick(struct watch_alerts *a, int64_t now_ms);
/* What the configuration makes of a rule; false: it is switched off. */
bool watch_rule_severity(const struct watch_alerts *a, enum watch_rule rule, enum watch_severity *ret);
uint32_t watch_alerts_firing(const struct watch_alerts *a, enum watch_rule rule); /* number of them */

#endif
