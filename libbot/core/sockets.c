#include "core/sockets.h"

#include "base/assert.h"
#include "base/json.h"

void bot__sockets_fill(struct sockets *s, bot_socket_stats *stats, uint32_t socket, const bot_id *exec_id, bool known, bot_ts at)
{
    BOT_ASSERT(socket < BOT_SOCKETS_MAX);
    if (!s->several) {
        if (socket == 0)
            return;
        s->several = true;
    }
    const uint64_t bit = UINT64_C(1) << socket;
    bot_socket_stats *mine = &stats[socket];
    if (!known) {
        s->fills[s->next] = (struct socket_fill){ *exec_id, at, bit };
        s->next = (s->next + 1) % SOCKET_FILLS;
        mine->first++;
        return;
    }
    for (uint32_t i = 0; i < SOCKET_FILLS; i++) {
        struct socket_fill *f = &s->fills[i];
        if (f->brought == 0 || !bot__id_eq(&f->exec_id, exec_id))
            continue;
        if ((f->brought & bit) != 0)
            return; /* what a socket repeats of its own is no lag */
        f->brought |= bit;
        mine->repeats++;
        mine->behind_ns = (uint64_t)(at - f->at);
        if (mine->behind_ns > mine->behind_max_ns)
            mine->behind_max_ns = mine->behind_ns;
        return;
    }
}
