/* io/server.h: an HTTP/1.1 and WebSocket server on a uv loop, TLS or plain, both on one port.
 *
 * Made for the paper exchange, for /metrics and for the watch page: small, bounded everywhere, and obedient when asked to
 * misbehave. A request is handed over whole and answered by its token, now or in a minute or never; an answer may be
 * cut at any byte; a WebSocket may be stalled or reset. That is how a fault script is played.
 *
 * Requests: GET, POST, PUT, PATCH, DELETE and HEAD with or without Content-Length, keep-alive. One at a time on a connection: a
 * pipelined next one waits in the kernel. Other methods are refused with 501, chunked bodies with 411; `Expect:
 * 100-continue` is answered.
 * Hostile clients meet bounds: header and body bytes, time for a request to become whole, idle time, connections. In one
 * turn of the loop all clients together get a millisecond, in turns, the rest waits for the next: who sends ten thousand
 * requests or pings at once delays himself. Requests behind answers that are not taken wait, too, and who takes nothing for
 * idle_timeout_ms is reset.
 *
 * Loop thread only. No callback runs inside a call made here. Tokens are never used twice; a dead one is refused with
 * BOT_ERR_NOT_FOUND, so that a late answer is harmless.
 */
#ifndef BOT_IO_SERVER_H
#define BOT_IO_SERVER_H

#include <stdbool.h>

#include "venue/venue.h"

struct uv_loop_s;
struct server;

struct server_request {
    const char                *method;  /* "GET" */
    const char                *path;    /* with query, as sent, NUL-terminated */
    const struct venue_header *headers; /* all of them, in order, names as sent: compare without case */
    uint32_t                   headers_n;
    struct slice               body;
};

struct server_header {
    const char *name, *value;
};

struct server_answer {
    int          status;                 /* 200 when 0 */
    const char  *content_type;           /* "application/json" when NULL */
    const struct server_header *headers; /* further ones; may be NULL */
    uint32_t     headers_n;
    struct slice body;
    bool         cut;                    /* fault: announce the whole body, send body_cut_at bytes, then end the connection */
    size_t       body_cut_at;
    bool         close;                  /* end the connection after this answer */
};

struct server_callbacks {
    /* A whole request; borrowed for the call. Answer with bot__server_answer or bot__server_drop at any time. */
    void (*request)(void *user_data, uint64_t token, const struct server_request *request);
    /* The client left before the answer; the token is dead. May be NULL. */
    void (*request_gone)(void *user_data, uint64_t token);
    /* A WebSocket handshake. 0 accepts; an HTTP status refuses. NULL refuses all with 404. ws is a token, usable
     * once this has returned. */
    int (*ws_open)(void *user_data, uint64_t ws, const struct server_request *request);
    /* A whole message; text[len] is NUL. */
    void (*ws_message)(void *user_data, uint64_t ws, char *text, size_t len);
    /* A ping was received (and answered). May be NULL. */
    void (*ws_ping)(void *user_data, uint64_t ws);
    void (*ws_pong)(void *user_data, uint64_t ws);
    /* Gone, whoever ended it; not after bot__server_ws_cut or bot__server_close. code: the peer's, 0 without one. */
    void (*ws_closed)(void *user_data, uint64_t ws, int code);
};

struct server_options {
    const char *host;              /* numeric address; NULL: 127.0.0.1 */
    uint16_t    port;              /* 0: any free one */
    const char *cert_file, *key_file; /* PEM; NULL: plain HTTP and ws */
    uint32_t    connections_max;   /* 0: 256. For one more, one that ends or has not asked for a second is
                                    * ended; without such a one it is closed at once. */
    uint32_t    header_bytes_max;  /* 0: 16 KiB; 431 beyond */
    uint32_t    body_bytes_max;    /* 0: 256 KiB; 413 beyond */
    uint32_t    request_timeout_ms; /* 0: 10 s from connection or first byte to the whole request, TLS included */
    uint32_t    idle_timeout_ms;   /* 0: 120 s between requests of a kept connection */
    uint32_t    ws_message_bytes_max; /* 0: 1 MiB from a client; the socket is closed with 1009 beyond */
    uint32_t    queue_bytes_max;   /* 0: 8 MiB unsent on one connection; sends are refused with FULL beyond */
};

/* BOT_ERR_IO: cannot bind (errno says why), or certificate and key cannot be read; BOT_ERR_INVALID: host; BOT_ERR_NOMEM. */
int bot__server_open(struct uv_loop_s *loop, const struct server_options *options, const struct server_callbacks *callbacks,
                     void *user_data, struct server **ret);
uint16_t bot__server_port(const struct server *server);
uint32_t bot__server_connections(const struct server *server);

/* BOT_ERR_NOT_FOUND: the client is gone. BOT_ERR_FULL: body beyond queue_bytes_max (nothing is sent). */
int bot__server_answer(struct server *server, uint64_t token, const struct server_answer *answer);
/* Fault: resets the connection without an answer. */
void bot__server_drop(struct server *server, uint64_t token);
/* Fault: ends the connection in good order, without an answer. Clients like to repeat a request after that. */
void bot__server_hang_up(struct server *server, uint64_t token);

/* One text message. BOT_ERR_FULL, BOT_ERR_NOT_FOUND. */
int bot__server_ws_send(struct server *server, uint64_t ws, const char *text, size_t len);
/* While on, messages are only collected; off sends them with one system call: for many at once. */
void bot__server_ws_cork(struct server *server, uint64_t ws, bool on);
/* One message in frames of `fragment` bytes, a ping between the first two: legal, and rarely met by clients. */
int bot__server_ws_send_fragments(struct server *server, uint64_t ws, const char *text, size_t len, size_t fragment);
int bot__server_ws_ping(struct server *server, uint64_t ws);
/* Bytes as they are, below the framing: broken frames for tests. */
int bot__server_ws_send_raw(struct server *server, uint64_t ws, const void *bytes, size_t len);
/* Sends a close frame, then ends the connection; ws_closed follows. */
int bot__server_ws_close(struct server *server, uint64_t ws, int code, const char *reason);
/* Fault: resets the connection; no ws_closed. */
void bot__server_ws_cut(struct server *server, uint64_t ws);
/* Fault: half-open. While on, nothing is read from this client, not even pings, and what is sent is kept back
 * (bounded). Off: everything kept goes out. */
void bot__server_ws_stall(struct server *server, uint64_t ws, bool on);
/* Bytes accepted for this client and not yet taken by the kernel. */
size_t bot__server_ws_queued(const struct server *server, uint64_t ws);

/* Fault: while on, new connections are accepted by the kernel and never spoken to. */
void bot__server_hang_accept(struct server *server, bool on);
/* Ends every connection at once (reset) and closes; closed runs when nothing is left on the loop. closed may be NULL. */
void bot__server_close(struct server *server, void (*closed)(void *user_data), void *user_data);

#endif
