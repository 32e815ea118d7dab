/* io/ws.h: one WebSocket client connection, whatever library carries it: bytes in, bytes out, closed.
 *
 * Two implementations stand behind it and pass the same tests (tests/io/test_ws.c): ws_lws.c on libwebsockets, and
 * ws_wslay.c on uv_tcp, OpenSSL and wslay. A connection is used once; reconnecting is the session's business, and so
 * are keep-alive and the decision that a silent peer is dead: nothing here times out after `opened`.
 *
 * Loop thread only. No callback runs inside a call that is made here, and none after bot__ws_close().
 */
#ifndef BOT_IO_WS_H
#define BOT_IO_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct io_loop;
struct ws;

enum ws_impl {
    WS_IMPL_DEFAULT, /* the fastest that this build has */
    WS_IMPL_LWS,
    WS_IMPL_WSLAY,
};

/* TCP, TLS (peer and host name verified, 1.2 or later) and the upgrade were good: messages may be sent. */
typedef void (*ws_opened_callback)(void *user_data);
/* One whole text or binary message, fragments joined. text[len] is readable, nothing more. Borrowed for the call. */
typedef void (*ws_message_callback)(void *user_data, const char *text, size_t len);
/* A ping or pong frame, or, for a while, a part of a message that is not yet whole: the peer lives. */
typedef void (*ws_alive_callback)(void *user_data);
/* The connection could not be made, or has ended. reason: one line for people, without secrets (never a path or a
 * query), borrowed. Last callback; bot__ws_close() must still be called, here or later. */
typedef void (*ws_closed_callback)(void *user_data, const char *reason);

struct ws_callbacks {
    ws_opened_callback  opened;
    ws_message_callback message;
    ws_alive_callback   alive;
    ws_closed_callback  closed;
    void               *user_data;
};

struct ws_options {
    enum ws_impl impl;
    const char  *url;                /* wss://host[:port][/path][?query]; ws:// too, for tests. Borrowed for the call. */
    const char  *ca_file;            /* PEM; NULL: the system's store. With a file, only the file is trusted. */
    uint32_t     connect_timeout_ms; /* from open to `opened`; 0: 10,000 */
    uint32_t     message_bytes_max;  /* a longer message closes the connection; 0: 4 MiB */
    uint32_t     queue_bytes_max;    /* accepted and not yet taken by the kernel; 0: 256 KiB */
    uint32_t     part_alive_ms;      /* parts of a message are signs of life for so long after its first; 0: 5,000 */
};

/* True if this build has the implementation. */
bool bot__ws_impl_available(enum ws_impl impl);
/* "libwebsockets", "wslay"; for DEFAULT the name of what it stands for. */
const char *bot__ws_impl_name(enum ws_impl impl);

/* Starts to connect. Later `opened` or `closed`.
 * BOT_ERR_INVALID (url), BOT_ERR_UNSUPPORTED (impl), BOT_ERR_IO (the CA file cannot be read), BOT_ERR_NOMEM. */
int bot__ws_open(struct io_loop *io, const struct ws_options *options, const struct ws_callbacks *callbacks, struct ws **ret);

/* Queues one text message; text is copied. BOT_ERR_NOT_CONNECTED before opened and after closed; BOT_ERR_FULL when it
 * would not fit the queue's bound: nothing of it is sent then. */
int bot__ws_send(struct ws *ws, const char *text, size_t len);
/* Queues a ping frame; the answer comes as `alive`. Errors as above; a ping that is still queued is not doubled. */
int bot__ws_ping(struct ws *ws);
/* Takes NULL. Says goodbye to an open peer (code 1000, waits for nothing) and forgets the connection: no callback
 * follows, the pointer is dead. Its handles go back to the loop within a second. */
void bot__ws_close(struct ws *ws);

#endif
