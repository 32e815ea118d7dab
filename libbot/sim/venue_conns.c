/* Who is connected: keys and their signatures, sockets. */
#include "sim/venue.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/sign.h"
#include "venue_internal.h"

#define IDLE_MAX_NS (600 * BOT_NS_PER_S) /* the venue cuts a socket that says nothing for so long */

uint32_t bot__simvenue_auth(const struct simvenue *b, const char *key)
{
    for (uint32_t i = 1; i < b->clients_n; i++)
        if (strcmp(b->client[i].key, key) == 0)
            return i;
    return 0;
}

void bot__simvenue_hmac(const struct simvenue *b, uint32_t account, const struct slice *parts, uint32_t n, char ret_hex[65])
{
    uint8_t mac[32] = { 0 };
    struct bot__part all[SIGNED_PARTS_MAX];
    BOT_ASSERT(n <= SIGNED_PARTS_MAX);
    for (uint32_t i = 0; i < n; i++) all[i] = (struct bot__part){ parts[i].p, parts[i].len };
    if (b->client[account].signer != NULL) (void)bot__sign(b->client[account].signer, all, n, mac);
    bot__hex(mac, sizeof mac, ret_hex);
}

int64_t bot__simvenue_ms(const struct simvenue *b, int64_t ns)
{
    const struct fault *skew = bot__faults_holds(&b->faults, FAULT_CLOCK_SKEW, 0, 0, b->now);
    return (ns + (skew != NULL ? skew->low_ns : 0)) / BOT_NS_PER_MS;
}

/* ---- sockets --------------------------------------------------------------------------------------------------- */

struct conn *bot__simvenue_conn(struct simvenue *b, uint32_t number)
{
    const uint32_t slot = (number & 255) - 1;
    if (number == 0 || slot >= b->conns_n || b->conn[slot].kind == CONN_FREE || b->conn[slot].number != number) return NULL;
    return &b->conn[slot];
}

uint32_t bot__simvenue_stream(const struct conn *c)
{
    return c->kind == CONN_PRIVATE ? FAULT_STREAM_PRIVATE : c->kind == CONN_TRADE ? FAULT_STREAM_TRADE :
           c->kind == CONN_PUBLIC || c->kind == CONN_INVERSE ? FAULT_STREAM_PUBLIC_2 : FAULT_STREAM_PUBLIC;
}

uint32_t bot__simvenue_ws_stream(struct simvenue *b, uint32_t conn)
{
    const struct conn *c = bot__simvenue_conn(b, conn);
    return c != NULL ? bot__simvenue_stream(c) : 0;
}

uint32_t bot__simvenue_ws_open(struct simvenue *b, int64_t now_ns, uint32_t ip, const char *path)
{
    if (now_ns > b->now) b->now = now_ns;
    for (uint32_t s = 0; s < b->conns_n; s++) {
        struct conn *c = &b->conn[s];
        if (c->kind != CONN_FREE) continue;
        const uint32_t generation = c->generation + 1;
        *c = (struct conn){ .generation = generation, .number = generation << 8 | (s + 1), .ip = ip, .heard_at = b->now, .opened_at = b->now,
                            .life_max_ns = IDLE_MAX_NS };
        c->kind = b->dialect->open(b, c, path);
        if (c->kind == CONN_FREE) return 0;
        if (bot__faults_hit(&b->faults, FAULT_WS_REFUSE, bot__simvenue_stream(c), 0, b->now) != NULL) {
            c->kind = CONN_FREE;
            return 0;
        }
        b->watched += c->kind == CONN_PRIVATE && c->account != 0; /* known by its path */
        snprintf(c->id, sizeof c->id, "d%08llx%06xsim-%x", (unsigned long long)(bot__sim_rng_next(&b->rng) & 0xffffffff), generation, s + 1);
        return c->number;
    }
    return 0;
}

void bot__simvenue_ws_closed(struct simvenue *b, int64_t now_ns, uint32_t conn)
{
    if (now_ns > b->now) b->now = now_ns;
    struct conn *c = bot__simvenue_conn(b, conn);
    if (c == NULL) return;
    b->watched -= c->kind == CONN_PRIVATE && c->account != 0;
    c->kind = CONN_FREE;
}

void bot__simvenue_close(struct simvenue *b, struct conn *c, const char *reason)
{
    const uint32_t number = c->number;
    bot__simvenue_ws_closed(b, b->now, number);
    b->host.ws_close(b->host.self, number, reason);
}

void bot__simvenue_send(struct simvenue *b, struct conn *c, int64_t at, const char *text, size_t len)
{
    struct sim_item *item = bot__sim_item_new(&b->queue, ITEM_SEND, len);
    if (item == NULL) return;
    memcpy(item->bytes, text, len);
    item->a = c->number;
    if (!bot__sim_queue_push(&b->queue, at, item)) { /* nothing may be lost in silence: the socket dies instead */
        bot__sim_item_free(&b->queue, item);
        b->stats.dropped++;
        bot__simvenue_close(b, c, "queue full");
    }
}

void bot__simvenue_say(struct simvenue *b, struct conn *c, const struct text *t)
{
    if (!t->full) bot__simvenue_send(b, c, b->now, t->buf, t->len);
}

void bot__simvenue_ws_message(struct simvenue *b, int64_t now_ns, uint32_t conn, const char *text, size_t len)
{
    if (now_ns > b->now) b->now = now_ns;
    struct conn *c = bot__simvenue_conn(b, conn);
    if (c == NULL || bot__faults_hit(&b->faults, FAULT_WS_HALFOPEN, bot__simvenue_stream(c), c->account, b->now) != NULL) return;
    b->stats.ws_messages_in++;
    c->heard_at = b->now;
    b->dialect->message(b, c, (struct slice){ text, len });
}

bool bot__simvenue_carries(struct simvenue *b, const struct conn *c, bool pong)
{
    const uint32_t stream = bot__simvenue_stream(c);
    if (bot__faults_hit(&b->faults, FAULT_WS_HALFOPEN, stream, c->account, b->now) != NULL) return false;
    return pong || bot__faults_hit(&b->faults, FAULT_WS_MUTE, stream, c->account, b->now) == NULL;
}

bool bot__simvenue_ws_ping(struct simvenue *b, int64_t now_ns, uint32_t conn)
{
    if (now_ns > b->now) b->now = now_ns;
    struct conn *c = bot__simvenue_conn(b, conn);
    if (c == NULL || !bot__simvenue_carries(b, c, true)) return false;
    c->heard_at = b->now;
    return true;
}
