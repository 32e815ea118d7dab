/* core/budget_reads.h: reads in flight, and who waits for each. A part of the budget: see bot__budget_join there. */
#ifndef BOT_CORE_BUDGET_READS_H
#define BOT_CORE_BUDGET_READS_H

#include "bot/err.h"
#include "bot/types.h"

struct budget_read {
    uint64_t id;      /* 0: free */
    uint64_t key;
    bot_ts   sent_at; /* BOT_TS_NEVER: not sent yet */
};
struct budget_waiter {
    uint64_t read, waiter; /* read 0: free */
};

struct budget_reads {
    struct budget_read   *reads;
    struct budget_waiter *waiters; /* in the order in which they came, without holes */
    uint32_t              reads_max, waiters_max, waiters_n;
    uint64_t              id;
};

struct carve;
void bot__budget_reads_init(struct budget_reads *r, struct carve *c, uint32_t reads_max, uint32_t waiters_max);
int bot__budget_reads_join(struct budget_reads *r, uint64_t key, bot_ts not_before, uint64_t waiter, uint64_t *ret_id);
void bot__budget_reads_sent(struct budget_reads *r, uint64_t id, bot_ts now);
void bot__budget_reads_leave(struct budget_reads *r, uint64_t id, uint64_t waiter);
uint32_t bot__budget_reads_finish(struct budget_reads *r, uint64_t id, uint64_t *ret_waiters, uint32_t max);

#endif
