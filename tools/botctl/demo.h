/* demo.h: the founding incident, played on virtual time to three bots with one strategy in one market.
 *
 *   demo_world.c  runs one bot through the incident and measures it
 *   demo_naive.c  the two ordinary bots: REST before every decision, and a background poll
 *   demo_html.c   the report
 *   demo_live.c   the libbot bot over real sockets
 *   demo.c        the command
 */
#ifndef BOTCTL_DEMO_H
#define BOTCTL_DEMO_H

#include "bot/core.h"
#include "session/session.h"
#include "sim/world.h"

#define DEMO_SECONDS 600
#define DEMO_INSTRUMENT "BTCUSDT"
#define DEMO_LIMIT "1"
#define DEMO_ORDER "0.1"
#define DEMO_KEY "demo-key"
#define DEMO_SECRET "demo-secret"

enum demo_kind { DEMO_REST_POLL, DEMO_ASYNC_POLL, DEMO_LIBBOT, DEMO_BOTS };

struct demo_sample { /* once a second */
    double   truth, belief, price; /* for plots only */
    uint32_t reasons;              /* libbot: why the gate is shut; 0 open */
    uint32_t trades;               /* public ones in that second */
};

struct demo_result {
    const char *name, *title;
    bot_i128 limit, max_true; /* largest absolute true position */
    uint32_t orders, orders_while_wrong, seconds_blind, refused;
    bot_i128 pnl;             /* realised and unrealised less fees and funding, by the exchange */
    struct demo_sample samples[DEMO_SECONDS];
    uint32_t samples_n;
};

/* What a bot of any kind offers the runner. */
struct demo_bot {
    void *self;
    bot_i128 (*belief)(void *self);
    /* Decides and perhaps trades; called once a second. up: the market rises. */
    void (*decide)(void *self, bool up);
    bool (*may_trade)(void *self);
    uint32_t (*reasons)(void *self); /* may be NULL */
};

/* The strategy that all share: towards +limit in a rising market and -limit in a falling one, one order at a time. */
static inline int demo_wanted(bot_i128 belief, bool up, bot_i128 limit, bot_i128 qty)
{
    if (up) return belief + qty <= limit ? 1 : 0;
    return belief - qty >= -limit ? -1 : 0;
}

struct demo_naive;
struct demo_naive *demo_naive_new(struct world *w, enum demo_kind kind);
void demo_naive_free(struct demo_naive *n);
struct demo_bot demo_naive_bot(struct demo_naive *n);
uint32_t demo_naive_orders(const struct demo_naive *n);

/* 0, or an error with a sentence on stderr. */
int demo_run(enum demo_kind kind, uint64_t seed, struct demo_result *ret);
void demo_html(const struct demo_result *results, uint32_t n, uint64_t seed, FILE *f);
int demo_live(unsigned seconds);

#endif
