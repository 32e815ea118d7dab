/* watch/heartbeat.h: who watches the watch? A service that expects a call every so often, and alerts by its own means when none comes
 * (healthchecks.io, Uptime Kuma, Cronitor and the like take one GET). A watch that is dead, cut off from the network, or that cannot bring its
 * alerts to anybody, has no other way to be missed.
 *
 * The call is made when the watch starts and every every_s, as long as `well`: the owner says whether alerts get through. What fails is tried
 * again with the next one; the first failure of a row goes to standard error, where nobody else
 * asked for results. */
#ifndef WATCH_HEARTBEAT_H
#define WATCH_HEARTBEAT_H

#include "watch/config.h"

struct io_loop;
struct heartbeat;

/* What became of a call. where: the address without its path, which may be a secret; why: NULL when it was heard. May close. */
typedef void (*heartbeat_result)(void *user_data, const char *where, const char *why);
/* *ret is NULL where the configuration has none; config is borrowed until closed. result may be NULL. BOT_OK, or with a sentence in why
 * (WATCH_WHY_MAX bytes) BOT_ERR_OPTIONS, BOT_ERR_IO, BOT_ERR_NOMEM. */
int  heartbeat_open(struct io_loop *io, const struct watch_config *config, heartbeat_result result, void *user_data, struct heartbeat **ret, char *why);
/* now_ms: of any clock that does not run backwards. Takes NULL. */
void heartbeat_tick(struct heartbeat *h, uint64_t now_ms, bool well);
/* Takes NULL. No call follows; one under way is dropped. */
void heartbeat_close(struct heartbeat *h);

#endif
