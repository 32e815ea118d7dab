#include "io/server_conn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bot__buffer_reserve(struct buffer *b, size_t more)
{
    if (b->size - b->len > more) return true; /* one spare byte for a NUL */
    size_t size = b->size != 0 ? b->size : 4096;
    while (size - b->len <= more) size *= 2;
    char *p = realloc(b->p, size);
    if (p == NULL) return false;
    b->p = p;
    b->size = size;
    return true;
}

bool bot__buffer_append(struct buffer *b, const void *data, size_t len)
{
    if (!bot__buffer_reserve(b, len)) return false;
    if (len > 0) memcpy(b->p + b->len, data, len);
    b->len += len;
    return true;
}

void bot__buffer_done(struct buffer *b)
{
    free(b->p);
    *b = (struct buffer){ 0 };
}

bool bot__buffer_print(struct buffer *b, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0 || !bot__buffer_reserve(b, (size_t)n + 1)) return false;
    va_start(ap, format);
    vsnprintf(b->p + b->len, (size_t)n + 1, format, ap);
    va_end(ap);
    b->len += (size_t)n;
    return true;
}

uint64_t bot__conn_after(const struct server *s, uint32_t ms) { return uv_now(s->loop) + ms; }

uint64_t bot__conn_new_token(struct conn *c) { return ++c->server->generation << TOKEN_INDEX_BITS | c->index; }

void bot__conn_end(struct conn *c)
{
    c->state = CONN_ENDING;
    c->deadline_ms = 0;
    bot__sock_close(c->sock);
}

void bot__conn_reset(struct conn *c)
{
    c->state = CONN_ENDING;
    c->deadline_ms = 0;
    c->token = 0;
    bot__sock_reset(c->sock);
}

size_t bot__conn_queued(const struct conn *c) { return bot__sock_queued(c->sock) + c->held.len; }

int bot__conn_send_scratch(struct conn *c)
{
    struct server *s = c->server;
    if (bot__conn_queued(c) + s->scratch.len > s->options.queue_bytes_max) return BOT_ERR_FULL;
    if (c->stalled) return bot__buffer_append(&c->held, s->scratch.p, s->scratch.len) ? BOT_OK : BOT_ERR_NOMEM;
    return bot__sock_write(c->sock, s->scratch.p, s->scratch.len);
}
