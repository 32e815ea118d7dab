/* bot/err.h: error values, their names, texts and classes.
 *
 * A call returns zero or a positive value on success and a negative enum bot_err on failure. What a caller acts on is
 * the class: bot_err_class() says what may be done next. One list gives value, name, class and text, so that
 * bot_strerror cannot fall behind.
 */
#ifndef BOT_ERR_H
#define BOT_ERR_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bot_err_class_id {
    BOT_CLASS_OK,
    BOT_CLASS_USAGE,    /* the call or the options are wrong: fix the program; nothing happened */
    BOT_CLASS_INPUT,    /* venue, disk or network gave something unreadable: counted, dropped, perhaps reconnect */
    BOT_CLASS_NOT_SENT, /* refused here: safe to try again when the gate says so */
    BOT_CLASS_REJECTED, /* the venue said no: final */
    BOT_CLASS_UNKNOWN,  /* it left and no answer came: never resend; reconciliation will tell */
    BOT_CLASS_FATAL,    /* this handle is finished: close it */
} bot_err_class_id;

/*      name                value  class     text */
#define BOT_ERR_LIST(X)                                                                                       \
    X(INVALID,               -1, USAGE,    "an argument is out of its range")                                 \
    X(STATE,                 -2, USAGE,    "the call does not fit the handle's state")                        \
    X(OPTIONS,               -3, USAGE,    "an option is unknown, missing or out of its range")               \
    X(NOT_FOUND,             -4, USAGE,    "no such object")                                                  \
    X(UNSUPPORTED,           -5, USAGE,    "the venue or this build does not offer that")                     \
    X(MALFORMED,            -20, INPUT,    "not readable as what it should be")                               \
    X(OVERFLOW,             -21, INPUT,    "a number does not fit its type")                                  \
    X(TRUNCATED,            -22, INPUT,    "ends before it is complete")                                      \
    X(TOO_DEEP,             -23, INPUT,    "nested deeper than allowed")                                      \
    X(CONFLICT,             -24, INPUT,    "contradicts what is known already")                               \
    X(CHECKSUM,             -25, INPUT,    "a checksum does not match")                                       \
    X(VERSION,              -26, INPUT,    "written by a newer format version")                               \
    X(TRANSPORT,            -27, INPUT,    "the connection failed")                                           \
    X(IO,                   -28, INPUT,    "a file operation failed")                                         \
    X(GATE_SHUT,            -40, NOT_SENT, "the gate is shut")                                                \
    X(LIMIT_POSITION,       -41, NOT_SENT, "the order could carry the position past its limit")               \
    X(LIMIT_ORDER_SIZE,     -42, NOT_SENT, "the order is larger than the maximum order size")                 \
    X(LIMIT_NOTIONAL,       -43, NOT_SENT, "the order could carry the notional past its limit")               \
    X(LIMIT_OPEN_ORDERS,    -44, NOT_SENT, "too many open orders")                                            \
    X(LIMIT_RATE,           -45, NOT_SENT, "too many orders in the time window")                              \
    X(PRICE_COLLAR,         -46, NOT_SENT, "the price is too far from the reference price")                   \
    X(NO_REFERENCE,         -47, NOT_SENT, "no fresh reference price")                                        \
    X(REDUCE_ONLY,          -48, NOT_SENT, "the order does not provably reduce the position")                 \
    X(INSTRUMENT,           -49, NOT_SENT, "the instrument is not known or not tradable")                     \
    X(BUDGET,               -50, NOT_SENT, "the request budget is used up for now")                           \
    X(FULL,                 -51, NOT_SENT, "a bounded queue or table is full")                                \
    X(NOT_CONNECTED,        -52, NOT_SENT, "not connected")                                                   \
    X(LIMIT_ACCOUNT,        -53, NOT_SENT, "the order could carry the account past its limit")                \
    X(ORDER_STATE,          -54, NOT_SENT, "the order is not in a state that allows this")                    \
    X(LOCKED,               -55, NOT_SENT, "another process holds it")                                        \
    X(REJECTED,             -60, REJECTED, "the venue rejected it")                                           \
    X(TIMEOUT,              -70, UNKNOWN,  "no answer within the deadline")                                   \
    X(UNKNOWN_OUTCOME,      -71, UNKNOWN,  "it may have been executed")                                       \
    X(NOMEM,                -80, FATAL,    "out of memory")                                                   \
    X(CLOSED,               -81, FATAL,    "the handle is closed")

typedef enum bot_err {
    BOT_OK = 0,
#define BOT_ERR_ENUM_(name, value, class_, text) BOT_ERR_##name = (value),
    BOT_ERR_LIST(BOT_ERR_ENUM_)
#undef BOT_ERR_ENUM_
} bot_err;

/* Any thread. Static text, never NULL; "unknown error" for a value not in the list. */
BOT_API const char *bot_strerror(int err);
/* Any thread. The name without its prefix ("GATE_SHUT"), never NULL. */
BOT_API const char *bot_err_name(int err);
/* Any thread. BOT_CLASS_OK for zero and positive values, BOT_CLASS_FATAL for an unknown negative one. */
BOT_API bot_err_class_id bot_err_class(int err);

/**
 * What happens when an invariant of the library itself is broken, which only a bug in it can do: on_fatal is called with one sentence
 * (file, line, what should have held), then the process aborts: a bot in a state that nobody can explain must stop. Resting
 * orders stay at the venue.
 *
 * @on_fatal  Must neither allocate, lock, nor call the library; may write a last line, tell a supervisor, or leave the process. what is
 *            borrowed for the call. NULL, the default: the sentence is written to standard error, the one thing that the library
 *            ever prints.
 *
 * For the whole process, as the end is. Any thread, before the first account is opened.
 */
BOT_API void bot_set_on_fatal(void (*on_fatal)(const char *what, void *user_data), void *user_data);

#ifdef __cplusplus
}
#endif
#endif
