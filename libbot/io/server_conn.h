/* io/server_conn.h: what the server's files share: a connection, its buffers and its end. server.c accepts, gives each connection its
 * turn and speaks to the owner; server_http.c and server_ws.c read and write what the connection carries; server_conn.c is below them. */
#ifndef BOT_IO_SERVER_CONN_H
#define BOT_IO_SERVER_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "io/server.h"
#include "io/sock.h"
#include "io/ws_frame.h"

#define READ_AHEAD_MAX 65536 /* read from a client that we do not serve at the moment; then it waits in the kernel */
#define TOKEN_INDEX_BITS 16

enum conn_state {
    CONN_READING,   /* a request is awaited or coming in -> ANSWERING, WS, ENDING */
    CONN_ANSWERING, /* the owner has it -> READING (kept alive), ENDING */
    CONN_WS,        /* -> ENDING */
    CONN_ENDING,    /* the sock is closing */
};

struct buffer {
    char  *p;
    size_t len, size;
};

struct conn {
    struct server  *server;
    struct sock    *sock;
    enum conn_state state;
    uint32_t        index;
    uint64_t        token;       /* 0: the owner knows of none */
    uint64_t        deadline_ms; /* uv_now; 0 none */
    struct buffer   in;          /* bytes received; those before pos are used up */
    size_t          pos;
    size_t          scanned;     /* http1.h */
    bool            keep_alive, head_request, continued, processing, stalled;
    bool            corked;      /* by the owner */
    bool            waiting;     /* for the next turn of the loop, with bytes that may be whole */
    uint64_t        taken;       /* when last looked at, and since when it has been no more while there was something to take */
    uint64_t        stood_since_ms;
    uint64_t        whole_ms;    /* accepted, or when the last whole request came */
    bool            ws;          /* token is that of a WebSocket */
    struct buffer   message;     /* WS: fragments so far */
    bool            fragmented;
    struct buffer   held;        /* WS: kept back while stalled */
    int             close_code;  /* of the peer */
};

struct server {
    uv_tcp_t                listener;
    uv_timer_t              sweep;
    uv_idle_t               kick; /* runs while a connection waits for its turn */
    uint32_t                kick_next; /* whose turn it is first */
    uint64_t                turn_ms, turn_end_ns; /* of the loop: uv_now, and when its time for clients is over */
    uv_loop_t              *loop;
    struct sock_env         env;
    SSL_CTX                *ctx;
    struct server_options   options; /* pointers in it are not kept */
    struct server_callbacks callbacks;
    void                   *user_data;
    struct conn           **conns;
    uint32_t                conns_n;
    uint64_t                generation;
    struct buffer           scratch; /* what is about to be written */
    bool                    hang_accept, accept_waits, closing;
    uint16_t                port;
    unsigned                handles; /* of the server itself, not yet closed */
    void                  (*closed)(void *user_data);
    void                   *closed_user_data;
};

/* False: no memory, and nothing has changed. Reserved is one byte more, for a NUL. */
bool bot__buffer_reserve(struct buffer *b, size_t more);
bool bot__buffer_append(struct buffer *b, const void *data, size_t len);
bool bot__buffer_print(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bot__buffer_done(struct buffer *b);

uint64_t bot__conn_after(const struct server *s, uint32_t ms);
uint64_t bot__conn_new_token(struct conn *c);
/* Sends what is queued, then closes; at once, as if the machine had failed. */
void bot__conn_end(struct conn *c);
void bot__conn_reset(struct conn *c);
size_t bot__conn_queued(const struct conn *c);
/* Sends what is in the server's scratch, or keeps it while stalled: BOT_ERR_FULL, BOT_ERR_NOMEM, BOT_ERR_NOT_CONNECTED. */
int bot__conn_send_scratch(struct conn *c);

/* One request, if it is whole. False: nothing more to do for now. */
bool bot__conn_step_http(struct conn *c);
/* In state CONN_ANSWERING, or with no token: writes the answer and goes on to the next request or the end. BOT_ERR_INVALID: a line end
 * in a header; BOT_ERR_FULL, BOT_ERR_NOMEM: as before, may be tried again; BOT_ERR_NOT_FOUND: the connection is lost. */
int bot__conn_answer(struct conn *c, const struct server_answer *answer);
/* The server's own answer to what it does not hand over. */
void bot__conn_refuse(struct conn *c, int status);

/* One frame, if it is whole. False: nothing more to do for now. */
bool bot__conn_step_ws(struct conn *c);
int bot__conn_ws_send(struct conn *c, enum ws_opcode opcode, const void *payload, size_t len);
/* Adds one to the scratch. False: no memory. */
bool bot__conn_ws_frame(struct server *s, bool fin, enum ws_opcode opcode, const void *payload, size_t len);
/* A close frame with this code (0: none), then the end. reason may be NULL. */
void bot__conn_ws_end(struct conn *c, int code, const char *reason);

#endif
