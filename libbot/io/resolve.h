/* io/resolve.h: names to addresses without blocking the loop. Numeric hosts are answered at once. */
#ifndef BOT_IO_RESOLVE_H
#define BOT_IO_RESOLVE_H

#include <stdint.h>
#include <sys/socket.h>

struct io_loop;
struct resolve;

#define RESOLVE_ADDRESSES_MAX 4
struct resolved {
    int                     n; /* addresses, or 0: error says why */
    struct sockaddr_storage addresses[RESOLVE_ADDRESSES_MAX];
    const char             *error;
};

/* The host is a numeric address: fills *ret, returns 1. Else 0. */
int bot__resolve_numeric(const char *host, uint16_t port, struct resolved *ret);
/* Asks the system's resolver in libuv's thread pool. done runs once, from the loop, unless cancelled; the resolve is
 * gone then. BOT_ERR_NOMEM, BOT_ERR_IO. */
int bot__resolve_start(struct io_loop *io, const char *host, uint16_t port,
                       void (*done)(void *user_data, const struct resolved *result), void *user_data, struct resolve **ret);
/* No callback follows. The thread that waits for the name server cannot be stopped: the loop stays open until it ends. */
void bot__resolve_cancel(struct resolve *resolve);
/* Text of an address without port, into 64 bytes. */
void bot__resolve_text(const struct sockaddr_storage *address, char *buf);

#endif
