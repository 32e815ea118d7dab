/* Any bytes into the HTTP and WebSocket server of libbot/io, over a socket of the loopback: what botctl watch and the paper
 * exchange listen with. Byte 0: bit 0 shakes hands for a WebSocket first, bits 1 to 3 cut the input into pieces; the rest is
 * what the client says.
 * What must hold: what is handed over is whole and readable, answers begin like answers, and a client that has left leaves
 * no connection behind. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/assert.h"
#include "bot/err.h"
#include "io/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uv_loop_t loop;
static struct server *server;

static void check_headers(const struct server_request *rq)
{
    unsigned sum = 0;
    for (uint32_t i = 0; i < rq->headers_n; i++) {
        const struct slice name = rq->headers[i].name, value = rq->headers[i].value;
        BOT_ASSERT(name.len > 0);
        for (size_t k = 0; k < name.len; k++) BOT_ASSERT((unsigned char)name.p[k] > ' ' && name.p[k] != ':');
        for (size_t k = 0; k < value.len; k++) BOT_ASSERT(value.p[k] != '\n');
    }
    for (size_t i = 0; i < rq->body.len; i++) sum += (unsigned char)rq->body.p[i];
    BOT_ASSERT(sum != UINT32_MAX);
    for (const char *p = rq->path; *p != '\0'; p++) BOT_ASSERT((unsigned char)*p > ' ');
}

static void on_request(void *user_data, uint64_t token, const struct server_request *rq)
{
    (void)user_data;
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD" };
    bool known = false;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) known |= strcmp(rq->method, methods[i]) == 0;
    BOT_ASSERT(known);
    check_headers(rq);
    switch (rq->path[1]) { /* a path is never empty, so that this is its NUL at the furthest */
    case 'd': bot__server_drop(server, token); break;
    case 'h': bot__server_hang_up(server, token); break;
    case 'n': break; /* never answered */
    case 'c': (void)bot__server_answer(server, token, &(struct server_answer){ .body = rq->body, .cut = true, .body_cut_at = rq->body.len / 2 }); break;
    default: BOT_ASSERT(bot__server_answer(server, token, &(struct server_answer){ .body = rq->body, .close = rq->path[1] == 'e' }) == BOT_OK);
    }
    BOT_ASSERT(rq->path[1] == 'n' || bot__server_answer(server, token, &(struct server_answer){ .status = 500 }) == BOT_ERR_NOT_FOUND);
}
static int on_ws_open(void *user_data, uint64_t ws, const struct server_request *rq)
{
    (void)user_data, (void)ws;
    check_headers(rq);
    return strcmp(rq->path, "/no") == 0 ? 403 : 0;
}
static void on_ws_message(void *user_data, uint64_t ws, char *text, size_t len)
{
    (void)user_data;
    BOT_ASSERT(text[len] == '\0' && len <= 4096);
    if (len > 0 && text[0] == 'x') (void)bot__server_ws_close(server, ws, 1000, "bye");
    else if (len > 0 && text[0] == 's') bot__server_ws_cut(server, ws);
    else (void)bot__server_ws_send(server, ws, text, len);
}
static void on_ws_pong(void *user_data, uint64_t ws) { (void)user_data, (void)ws; }
static void on_ws_closed(void *user_data, uint64_t ws, int code)
{
    (void)user_data, (void)ws;
    BOT_ASSERT(code >= 0 && code <= 65535);
}

static void turn(unsigned n)
{
    while (n-- > 0) uv_run(&loop, UV_RUN_NOWAIT);
}

static void begin(void)
{
    if (server != NULL) return;
    static const struct server_callbacks callbacks = { .request = on_request, .ws_open = on_ws_open, .ws_message = on_ws_message,
                                                       .ws_pong = on_ws_pong, .ws_closed = on_ws_closed };
    BOT_ASSERT(uv_loop_init(&loop) == 0);
    BOT_ASSERT(bot__server_open(&loop, &(struct server_options){ .header_bytes_max = 2048, .body_bytes_max = 4096, .ws_message_bytes_max = 4096 },
                                &callbacks, NULL, &server) == BOT_OK);
}

static int connect_client(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(bot__server_port(server)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    /* Each from an address of its own: connections that the server ends first would use up the ports of one. */
    static uint32_t from;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + from++ % 65536) };
    BOT_ASSERT(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    /* The fuzzer's own alarm may come in the middle: then the connection goes on by itself. */
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        struct pollfd ready = { .fd = fd, .events = POLLOUT };
        BOT_ASSERT(errno == EINTR);
        while (poll(&ready, 1, 1000) < 0) BOT_ASSERT(errno == EINTR);
        BOT_ASSERT(ready.revents == POLLOUT);
    }
    BOT_ASSERT(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char handshake[] = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    if (size < 2) return 0;
    begin();
    const int fd = connect_client();
    if (data[0] & 1) { /* it does not block: there is nothing in its way yet */
        BOT_ASSERT(send(fd, handshake, sizeof handshake - 1, MSG_NOSIGNAL) == sizeof handshake - 1);
        turn(3);
    }
    const size_t pieces = 1 + (data[0] >> 1) % 8, piece = (size - 1 + pieces - 1) / pieces;
    for (size_t at = 1; at < size; at += piece) {
        if (send(fd, data + at, piece < size - at ? piece : size - at, MSG_NOSIGNAL) < 0) break; /* it has had enough of us */
        turn(2);
    }
    char back[65536];
    const ssize_t n = recv(fd, back, sizeof back, 0);
    if (n >= 9) BOT_ASSERT(memcmp(back, "HTTP/1.1 ", 9) == 0);
    /* Leaves by a reset, so that no port lingers. */
    BOT_ASSERT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)) == 0);
    close(fd);
    for (unsigned i = 0; bot__server_connections(server) != 0; i++) {
        BOT_ASSERT(i < 1000);
        turn(1);
    }
    return 0;
}
