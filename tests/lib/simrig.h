/* tests/lib/simrig.h: a whole client (session and core) against the paper exchange on virtual time, with a strategy
 * that trades at random and checkers that compare what the client believes with what the exchange knows.
 *
 * Checked after every event of the world:
 *   - what the venue may still fill, and what it has filled, never carries the account past the limit (unless something came
 *     from outside: `outside` says so);
 *   - no order leaves through a shut gate (counted by the exchange's own submits);
 * and, whenever the gate has been open and the account quiet for `quiet_ns`:
 *   - the believed position is the exchange's.
 * The first thing found wrong is written into `wrong`.
 */
#ifndef TESTS_SIMRIG_H
#define TESTS_SIMRIG_H

#include "bot/core.h"
#include "harness.h"
#include "session/session.h"
#include "sim/world.h"

struct simrig_options {
    uint64_t seed;
    const char *venue;         /* "bybit"; any dialect of the paper exchange */
    bool     orders_over_ws;
    const char *faults;        /* script text, or NULL */
    const char *limit;         /* "1" */
    const char *order_qty;     /* "0.1": each order */
    bool     takes_only;       /* market orders only: nothing rests, so that a long run does not fill the venue's table */
    int64_t  trade_every_ns;   /* 1 s: mean time between orders; 0: the strategy sleeps */
    int64_t  trade_until_ns;   /* world time after which it sleeps; 0: never */
    bool     monitors, public_data;
    bool     outside;          /* something comes from outside: the limit check allows for it */
    int64_t  quiet_ns;         /* 3 s: how long a private message may be late without anybody being able to know */
    const char *instrument;    /* "BTCUSDT" */
    uint32_t budget_permille;  /* 1000: what the client may use of the venue's limits */
    const char *watched;       /* NULL, or another one whose public data comes too */
    bool     without_budget;   /* false: the venue's limits are kept, as by the client of bot/account.h */
    bot_core_options core;
    struct world_options world;
};
void simrig_options_init(struct simrig_options *o);

struct simrig {
    struct simrig_options options;
    struct world *world;
    int account, client;
    struct session *session;
    void *memory, *budget_memory;
    struct budget *budget;
    struct bot__signer *signer;
    struct transport transport;
    bot_core *core;
    test_rng rng;
    bot_symbol symbol;
    bot_i128 limit;
    bot_ts next_trade, last_fill_at, open_since;
    int64_t truth_changed_ns;
    bot_id resting[8];
    uint32_t resting_n, orders, refused, sent_while_shut;
    uint32_t alerts[BOT_ALERT_COUNT], gate_shuts, reasons_seen, fills;
    bot_ts open_ns, shut_ns, last_now, first_open;
    bool was_open;
    char wrong[400];
    char trace[32768];
    size_t trace_len;
    bool trace_on;
};
struct simrig *simrig_new(const struct simrig_options *o);
void simrig_free(struct simrig *r);
void simrig_run(struct simrig *r, int64_t ns);
bool simrig_open(const struct simrig *r);
bot_i128 simrig_truth(const struct simrig *r);
bot_i128 simrig_belief(const struct simrig *r);
const char *simrig_tail(const struct simrig *r);
/* Fails the test with the trace when something was found wrong. */
void simrig_check(const struct simrig *r);
int simrig_submit(struct simrig *r, bot_side side, const char *qty, const char *price /* NULL: market */, bot_id *ret_id);

#endif
