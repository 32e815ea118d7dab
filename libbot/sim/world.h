/* sim/world.h: one process, no sockets, virtual time: clients of libbot/session/transport.h joined to the paper exchange.
 *
 * The world is an event queue. What a client sends reaches the exchange after a seeded latency and the answer comes back
 * after another; messages of one socket keep their order. Nothing happens between two events, so a simulated month takes
 * minutes, and the same seed gives the same bytes at the same nanosecond.
 *
 *     struct world *w = bot__world_new(&options, alloc);
 *     int account = bot__world_account_add(w, "key", "secret", money("10000"));
 *     struct transport transport;
 *     int client = bot__world_client_add(w, &session_ops, &transport);     // transport is the session's to use
 *     ... open a session over the transport ...
 *     bot__world_client_attach(w, client, session);
 *     bot__world_run_until(w, bot__world_now(w) + 60 * BOT_NS_PER_S);
 *
 * The session is called through a table, so that this library does not link against it. All times that a client sees are
 * its own: monotonic `now` since the world's start plus one second, and a wall clock that may be off.
 */
#ifndef BOT_SIM_WORLD_H
#define BOT_SIM_WORLD_H

#include "venue.h"
#include "session/transport.h"

struct world_options {
    uint64_t seed;
    struct simvenue_options venue;       /* its seed is derived from this one when 0 */
    int64_t  wall_start_ns;              /* Unix time at the start: 2024-01-01T00:00:00Z */
    int64_t  latency_min_ns, latency_mean_ns; /* one way; 2 ms, and 5 ms on top exponentially distributed (mean) */
    int64_t  latency_max_ns;             /* 300 ms: cut there */
    int64_t  connect_ns;                 /* 30 ms: TCP, TLS and upgrade */
    uint32_t queue_max;                  /* 65536 */
};
/* Also sets options->venue to its defaults. */
void bot__world_options_init(struct world_options *o);

struct world;
struct world *bot__world_new(const struct world_options *o, struct sim_alloc alloc); /* NULL: options or memory */
void bot__world_free(struct world *w); /* takes NULL; sessions must not use their transports any more */

int bot__world_account_add(struct world *w, const char *key, const char *secret, bot_money balance); /* number from 1 */
/* Statements of sim/faults.h; times count from the world's start. */
int bot__world_faults(struct world *w, const char *text, char *error, size_t error_size);

/* A client at an address of its own. *ret_transport is filled in; its self belongs to the world. Number from 1. */
#define WORLD_CLIENTS_MAX 32
int  bot__world_client_add(struct world *w, const struct session_inputs *ops, struct transport *ret_transport);
/* The first argument of the ops. Inputs that come before it are dropped. */
void bot__world_client_attach(struct world *w, int client, struct session *session);
/* The process dies (kill -9): its sockets close at the exchange, answers to it vanish, the timer is forgotten, and
 * nothing is delivered until it is attached again. */
void bot__world_client_kill(struct world *w, int client);
/* The process is frozen until then (SIGSTOP, a stalled loop): everything is delivered late, at once, in order. */
void bot__world_client_freeze(struct world *w, int client, bot_ts until);
/* Its network stands still until then: what it sends and what is sent to it arrives late, at once, in order. The process runs. */
void bot__world_client_backlog(struct world *w, int client, bot_ts until);
uint64_t bot__world_client_held(const struct world *w, int client); /* so many messages have been held up in that way */
/* Its wall clock is off by that much. */
void bot__world_client_skew(struct world *w, int client, int64_t skew_ns);
/* Its network is down (nothing passes; requests are BOT_NOT_SENT or time out) or up again. */
void bot__world_client_offline(struct world *w, int client, bool offline);

bot_ts bot__world_now(const struct world *w);
struct session_time bot__world_time(const struct world *w, int client); /* client 0: an exact clock */
/* Runs until then; the number of events. Equal calls make equal worlds: stopping in between changes nothing. */
uint64_t bot__world_run_until(struct world *w, bot_ts until);
/* The next event only; false when nothing is due before `until` (then now = until). */
bool bot__world_step(struct world *w, bot_ts until);

/* fn runs at that time (now if it is past), before anything else that is due then. BOT_ERR_FULL. */
int bot__world_call_at(struct world *w, bot_ts at, void (*fn)(void *user_data), void *user_data);
/* fn runs after every event: a checker. Up to 8. It may read everything and change nothing of the world. */
int bot__world_hook(struct world *w, void (*fn)(void *user_data), void *user_data);
/* fn sees every byte that passes, as it is delivered (direction '>' from client, '<' to client): for traces. */
void bot__world_tap(struct world *w, void (*fn)(void *user_data, bot_ts at, int client, char direction, const char *what,
                                                const char *text, size_t len), void *user_data);

struct simvenue *bot__world_venue(struct world *w);
struct exchange *bot__world_exchange(struct world *w);
/* bot__simvenue_truth, and open_buy / open_sell with what is on the wire from any client of that account's key. */
/* How often each fault had an effect: FAULT_KIND_COUNT numbers. */
const uint64_t *bot__world_faults_used(const struct world *w);
const uint64_t *bot__world_faults_bit(const struct world *w); /* and how often that changed something */
void bot__world_truth(const struct world *w, uint32_t account, uint16_t instrument, struct exchange_truth *ret);

struct world_stats {
    uint64_t events, http_requests, ws_in, ws_out; /* in: to clients */
};
struct world_stats bot__world_stats(const struct world *w);

#endif
