/* session/transport.h: the border between the client and the outside world.
 *
 * A session is one account's whole client without a socket in it: it brings streams up, pages through reads, feeds the
 * core and carries out its effects. What it needs from outside is this table; what happens outside comes in through
 * the bot__session_* functions. libbot/io implements the table over libuv, libwebsockets and libcurl; the tests and
 * the demo implement it over the paper exchange on virtual time. Both sides are single-threaded; no function of the
 * table may call back into the session before it has returned.
 */
#ifndef BOT_SESSION_TRANSPORT_H
#define BOT_SESSION_TRANSPORT_H

#include "venue/venue.h"

struct session;

/* Why a request has no HTTP answer. */
enum transport_result {
    TRANSPORT_OK,        /* an answer came: status, headers, body */
    TRANSPORT_NOT_SENT,  /* provably nothing of the request reached the peer: resolve, connect or TLS failed */
    TRANSPORT_BROKEN,    /* the connection failed after bytes may have left */
    TRANSPORT_TIMEOUT,   /* the deadline passed after bytes may have left */
};

struct transport {
    void *self;
    /* Opens the stream's socket; url is wss://host[:port]/path. Later: ws_opened, or ws_closed with the reason. An open
     * socket of that stream is dropped first without a ws_closed. Negative: it cannot even try. */
    int (*ws_open)(void *self, bot_stream stream, const char *url);
    /* Queues one text message. BOT_ERR_NOT_CONNECTED, BOT_ERR_FULL (bounded queue). */
    int (*ws_send)(void *self, bot_stream stream, const char *text, size_t len);
    /* Queues a WebSocket ping frame; the pong comes as ws_alive. */
    int (*ws_ping)(void *self, bot_stream stream);
    /* Closes and forgets the socket; no ws_closed follows. Closing a closed one is allowed. */
    void (*ws_close)(void *self, bot_stream stream);
    /* Starts an HTTP request. base_url is https://host[:port]. id is the session's; exactly one http_done follows, at the
     * deadline (monotonic) at the latest, unless http_cancel came first. http is borrowed for the call. */
    int (*http_start)(void *self, uint64_t id, const char *base_url, const struct venue_http *http, bot_ts deadline);
    void (*http_cancel)(void *self, uint64_t id);
    /* Arms the one timer: bot__session_timer comes at or after `at`. BOT_TS_NEVER disarms. Replaces the earlier one. */
    void (*timer)(void *self, bot_ts at);
};

/* Inputs. now: monotonic; wall_ns: Unix clock read at the same moment. */
struct session_time {
    bot_ts  now;
    int64_t wall_ns;
};
void bot__session_ws_opened(struct session *s, struct session_time t, bot_stream stream);
/* One whole message; text[len] is writable-as-NUL or simply readable. Borrowed for the call. */
void bot__session_ws_message(struct session *s, struct session_time t, bot_stream stream, const char *text, size_t len);
/* A pong or ping frame, or a part of a message: the peer lives. */
void bot__session_ws_alive(struct session *s, struct session_time t, bot_stream stream);
void bot__session_ws_closed(struct session *s, struct session_time t, bot_stream stream, const char *reason);
void bot__session_http_done(struct session *s, struct session_time t, uint64_t id, enum transport_result result, int http_status,
                            const struct venue_header *headers, uint32_t headers_n, const char *body, size_t len,
                            const char *error);
void bot__session_timer(struct session *s, struct session_time t);

/* The same as a table, for transports that are given to more kinds of client than one. */
struct session_inputs {
    void (*ws_opened)(struct session *s, struct session_time t, bot_stream stream);
    void (*ws_message)(struct session *s, struct session_time t, bot_stream stream, const char *text, size_t len);
    void (*ws_alive)(struct session *s, struct session_time t, bot_stream stream);
    void (*ws_closed)(struct session *s, struct session_time t, bot_stream stream, const char *reason);
    void (*http_done)(struct session *s, struct session_time t, uint64_t id, enum transport_result result, int http_status,
                      const struct venue_header *headers, uint32_t headers_n, const char *body, size_t len, const char *error);
    void (*timer)(struct session *s, struct session_time t);
};
#define SESSION_INPUTS                                                                                                    \
    { .ws_opened = bot__session_ws_opened, .ws_message = bot__session_ws_message, .ws_alive = bot__session_ws_alive,      \
      .ws_closed = bot__session_ws_closed, .http_done = bot__session_http_done, .timer = bot__session_timer }

#endif
