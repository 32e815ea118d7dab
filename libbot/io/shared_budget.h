/* io/shared_budget.h: one request budget for all accounts on a loop that talk to the same venue at the same place.
 *
 * A venue counts some limits by address and some by key. Accounts of one process share the address, so they share the budget; two
 * accounts with one key share its part of it as well. The budget is found through the loop (io_loop.h) and lives as long as somebody
 * on the loop uses it. Its clock is the transport's (bot__transport_uv_now), without the offset that a journal gives an account.
 */
#ifndef BOT_IO_SHARED_BUDGET_H
#define BOT_IO_SHARED_BUDGET_H

#include "io/io_loop.h"
#include "session/transport.h"
#include "session/venue_budget.h"

#define SHARED_BUDGET_KEYS_MAX 16 /* different keys; more than that share the last one's part: less for them, never above */

struct shared_budget;

/* *ret is NULL where the venue states no limits. ret_account: the part of this key. BOT_OK, BOT_ERR_NOMEM. */
int bot__shared_budget_acquire(struct io_loop *io, const struct venue *venue, const char *rest_url, const char *key, struct session_time now,
                               struct shared_budget **ret, uint32_t *ret_account);
struct budget *bot__shared_budget_of(struct shared_budget *b); /* takes NULL */
/* Takes NULL. The caller still uses the loop. */
void bot__shared_budget_release(struct io_loop *io, struct shared_budget *b, uint32_t account);

#endif
