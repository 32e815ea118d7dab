/* tests/io/live.h: the whole client of bot/account.h over TLS on the loopback against the paper exchange, both on one loop, with
 * the exchange's truth looked at after every turn of the loop:
 *   - what the venue may still fill and has filled never carries an account past its limit (unless `outside` says that
 *     something comes from outside);
 *   - a gate that has been open for `quiet_ms` without a fill at the venue stands beside the right position.
 * The first thing found wrong fails the test. Times are multiplied by live_scale(), so that a busy machine or a sanitizer
 * changes no result.
 */
#ifndef TESTS_IO_LIVE_H
#define TESTS_IO_LIVE_H

#include "bot/account.h"
#include "bot/decimal.h"
#include "harness.h"
#include "loop.h"
#include "paper_server.h"

#define LIVE_ACCOUNTS_MAX 2
#define LIVE_BOTS_MAX 10
#define LIVE_INSTRUMENT "BTCUSDT"

/* How much longer everything may take: TEST_TIMEOUT_SCALE, at least 3 under a sanitizer. */
unsigned live_scale(void);
/* Milliseconds, so scaled. */
unsigned live_ms(unsigned ms);

struct live;

struct live_account {
    struct live *live;
    bot_account *account;
    int          paper_account; /* its number at the exchange */
    bot_handle  *bots[LIVE_BOTS_MAX];
    uint32_t     bots_n;
    bot_i128     limit;
    bool         closed;
    char         log[16384];    /* "event: text" lines, the older ones kept */
    size_t       log_len;
    /* Counts of callbacks, of all bots; the order updates by status. */
    unsigned     gates, positions, fills, external, fundings, verdicts[8], alerts[BOT_ALERT_COUNT], orders[16], order_errors;
    int          last_order_code;
    bot_position last_position;
    uint32_t     reasons_seen;  /* every reason that shut the gate, since somebody set it to 0 */
    /* Of the check. */
    bot_ts       quiet_since;
    bot_i128     truth;
    bool         outside, unchecked;
};

struct live {
    uv_loop_t     loop;
    uv_check_t    check;
    struct paper *paper;
    bool          paper_closed;
    uint32_t      quiet_ms;    /* 2000 */
    uint32_t      accounts_n;
    struct live_account accounts[LIVE_ACCOUNTS_MAX];
};

/* A loop, and the paper exchange with the accounts "key-1" and "key-2" on it. */
void live_begin(struct live *l);
/* The same in another dialect of the paper exchange. */
void live_begin_at(struct live *l, const char *venue);
/* Closes whatever is open; the loop must be left clean. */
void live_end(struct live *l);

/* Options for the i-th account with everything faster than in life: reads after 0.3 s, half a second for an answer, leases of
 * 2 s, a hold-down of 0.2 s. */
void live_options(struct live *l, uint32_t i, bot_account_options *ret);
/* Opens it, with so many bots of that limit. NULL options: live_options. */
struct live_account *live_open(struct live *l, uint32_t i, const bot_account_options *options, uint32_t bots, const char *limit);
void live_close(struct live_account *a);

/* Runs the loop until cond says so, or fails the test after ms (scaled) with `what` and the account's log. */
typedef bool live_condition(struct live_account *a);
void live_until(struct live_account *a, live_condition *cond, unsigned ms, const char *what);
#define LIVE_UNTIL(a, cond, ms) live_until((a), (cond), (ms), #cond)
bool live_is_open(struct live_account *a);
bool live_is_shut(struct live_account *a);
bool live_is_right(struct live_account *a); /* the believed position is the venue's */
bool live_is_private_ready(struct live_account *a);

void live_fault(struct live *l, const char *script);
void live_heal(struct live *l);

int live_submit(struct live_account *a, uint32_t bot, bot_side side, const char *qty, const char *price /* NULL: market */, bot_id *ret_id,
                bot_refusal *ret_refusal);
/* As far through the book as is needed; what the book does not hold rests on top of it and is met by the flow. */
int live_take(struct live_account *a, uint32_t bot, bot_side side, const char *qty);
/* A price so many ticks from the middle of the exchange's book, as text in a static buffer. */
const char *live_price(struct live_account *a, int ticks_off);
bot_i128 live_number(const char *text);
bot_i128 live_truth(const struct live_account *a);
bot_i128 live_working(const struct live_account *a); /* what may still fill at the exchange, both sides together */
bot_i128 live_belief(const struct live_account *a);
uint32_t live_reasons(const struct live_account *a);
bot_account_stats live_stats(const struct live_account *a);

#endif
