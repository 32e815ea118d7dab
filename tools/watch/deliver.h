/* watch/deliver.h: brings alerts to people: standard error, a file, webhooks, a command.
 *
 * An alert is handed to its routes within the call; what does not get through is tried again in the background with growing
 * pauses, for an hour, in order. One that the receiver refuses, or three times did not answer to, steps aside for the others (of its own
 * occurrence none is told before it). One that cannot be delivered is said so to the owner, who makes an alert of that.
 * A route tells at most max_per_minute of a severity and those above it, so that a critical alert never waits for lesser ones; what is
 * beyond is counted and told in one line when the minute is over. A queue that is full loses the oldest of the least severity first.
 * The heartbeat goes with them: it stops while a route fails. */
#ifndef WATCH_DELIVER_H
#define WATCH_DELIVER_H

#include "watch/alert.h"

struct uv_loop_s;
struct deliver;

struct deliver_route_view {
    const char *name, *type;
    uint64_t delivered, failed, retried;
    uint32_t queued;
    bool     failing;   /* its newest attempt did not get through, or one that failed still waits */
    char     why[120];
};

/* What became of the alert of that id: DELIVERED by one route at least; RETRYING; FAILED on all. */
typedef void (*deliver_result)(void *user_data, uint64_t alert_id, enum watch_delivery delivery);

/* BOT_OK, or with a sentence in why (WATCH_WHY_MAX bytes) BOT_ERR_IO, BOT_ERR_NOMEM. config: its routes are borrowed until closed. */
int  deliver_open(struct uv_loop_s *loop, const struct watch_config *config, deliver_result result, void *user_data, struct deliver **ret, char *why);
void deliver_alert(struct deliver *d, const struct watch_alert *alert);
uint32_t deliver_routes(const struct deliver *d);
void deliver_route_get(const struct deliver *d, uint32_t i, struct deliver_route_view *ret);
bool deliver_idle(const struct deliver *d); /* nothing queued or under way */
/* What is still queued goes to the route of `heir` (may be NULL) of the same name, or else of the same kind and address; what finds none
 * is FAILED. Returns how many alerts those were. closed may be NULL. */
uint32_t deliver_close(struct deliver *d, struct deliver *heir, void (*closed)(void *user_data), void *user_data);

/* The alert as one JSON object; the length. Also what a command reads and a file holds. */
int deliver_json(const struct watch_alert *alert, char *buf, size_t size);

#endif
