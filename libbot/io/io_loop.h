/* io/io_loop.h: what all accounts on one uv loop share: the libwebsockets context, TLS profiles, buffers,
 * request budgets.
 *
 * The first user creates it, the others find it, the last one gives everything back. It is found through the loop
 * itself: a never-started uv_idle_t whose data is our tag's address, met by uv_walk. So there is no registry in the
 * process, two loops on two threads share nothing, and the host's loop->data stays the host's.
 *
 * Two things belong to the process and cannot be kept to the loop. SIGPIPE, when its disposition is the default one, is
 * set to ignored (writing to a peer that is gone would end the process; a handler of the host's stays). And the first
 * connection over libwebsockets switches its log off, which goes to standard error otherwise.
 *
 * Objects (sockets, requests, lookups) hold the loop open until they have given their handles back; users (accounts)
 * take and release it. Loop thread only.
 */
#ifndef BOT_IO_IO_LOOP_H
#define BOT_IO_IO_LOOP_H

#include <stddef.h>

struct uv_loop_s;
struct io_loop;

/* Kept by the releasing user until its callback has run. */
struct io_release {
    void (*released)(void *user_data);
    void *user_data;
    struct io_release *next; /* private */
};

/* Finds or makes the shared part of this loop and counts the caller as a user. BOT_ERR_NOMEM, BOT_ERR_IO. */
int bot__io_loop_acquire(struct uv_loop_s *loop, struct io_loop **ret);

/* One user less. `released` runs exactly once, from the loop and not from within this call: for the last user when
 * everything has been given back (nothing of ours is on the loop any more), for others at the next turn. */
void bot__io_loop_release(struct io_loop *io, struct io_release *release);

struct uv_loop_s *bot__io_loop_uv(struct io_loop *io);

#endif
