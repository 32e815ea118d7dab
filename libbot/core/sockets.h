/* core/sockets.h: several private sockets that bring the same fills (a primary and a backup, or one a data centre): the union is
 * applied once by the ledger; here stands by how much each socket is behind the one that was first.
 *
 * Measured on our own clock between two arrivals of one execution, and only once a second socket has brought something: an account
 * with one socket pays a comparison. A repeat counts while its execution is among the last SOCKET_FILLS. */
#ifndef BOT_CORE_SOCKETS_H
#define BOT_CORE_SOCKETS_H

#include "bot/core.h"

#define SOCKET_FILLS 64

struct socket_fill {
    bot_id   exec_id;
    bot_ts   at;      /* when the first socket brought it */
    uint64_t brought; /* by which sockets, as bits; 0: an empty place */
};

struct sockets {
    bool     several;
    uint32_t next;
    struct socket_fill fills[SOCKET_FILLS];
};

/* An execution that `socket` (below BOT_SOCKETS_MAX) brought at `at`; known: the ledger had it. stats: BOT_SOCKETS_MAX of them. */
void bot__sockets_fill(struct sockets *s, bot_socket_stats *stats, uint32_t socket, const bot_id *exec_id, bool known, bot_ts at);

#endif
