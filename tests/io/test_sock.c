/* A host of several addresses, of which the first leads nowhere: for io/sock.h by itself, and for both implementations of io/ws.h. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "io/server.h"
#include "io/sock.h"
#include "io/ws.h"
#include "loop.h"

struct world {
    uv_loop_t       loop;
    struct sock_env env;
    struct sock    *sock;
    bool            opened, closed;
    char            reason[160];
};

static void on_opened(void *user_data)
{
    struct world *w = user_data;
    w->opened = true;
}

static void on_data(void *user_data, char *data, size_t len) { (void)user_data, (void)data, (void)len; }

static void on_closed(void *user_data, const char *reason)
{
    struct world *w = user_data;
    w->closed = true;
    snprintf(w->reason, sizeof w->reason, "%s", reason != NULL ? reason : "");
}

static const struct sock_callbacks callbacks = { .opened = on_opened, .data = on_data, .closed = on_closed };

static int listen_at(const char *host, int backlog, struct sockaddr_storage *ret)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(inet_pton(AF_INET, host, &at.sin_addr), 1);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, backlog), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *ret = (struct sockaddr_storage){ 0 };
    memcpy(ret, &at, sizeof at);
    return fd;
}

/* An address that is reachable by nothing: what arrives for it is dropped, as behind a route that leads nowhere. */
#define FILLERS 4
static int dead_address(struct sockaddr_storage *ret, int *fillers)
{
    const int fd = listen_at("127.0.0.2", 0, ret);
    for (int i = 0; i < FILLERS; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (const struct sockaddr *)ret, sizeof(struct sockaddr_in));
    }
    return fd;
}

static void connects_behind_a_dead_address(bool close_on_the_way)
{
    struct world w = { 0 };
    struct sockaddr_storage addresses[2];
    int fillers[FILLERS];
    const int dead = dead_address(&addresses[0], fillers), alive = listen_at("127.0.0.1", 4, &addresses[1]);
    ck_assert_int_eq(uv_loop_init(&w.loop), 0);
    ck_assert_int_eq(bot__sock_env_init(&w.env, &w.loop), 0);
    ck_assert_int_eq(bot__sock_connect(&w.env, addresses, 2, NULL, "venue", &callbacks, &w, &w.sock), 0);
    if (close_on_the_way) {
        loop_for(&w.loop, 1500);
    } else {
        loop_until(&w.loop, &w.opened, 6000, w.reason);
        ck_assert(!w.closed);
    }
    bot__sock_close(w.sock);
    loop_until(&w.loop, &w.closed, 2000, w.reason);
    bot__sock_env_done(&w.env);
    loop_must_close(&w.loop);
    for (int i = 0; i < FILLERS; i++) close(fillers[i]);
    close(dead);
    close(alive);
}

/* A host that has an address of each family and no way to one of them would never be reached: every attempt would begin with that one
 * and end with the connect timeout. */
TEST(sock, an_address_that_answers_nothing_leaves_time_for_the_next) { connects_behind_a_dead_address(false); }
/* The system says at once that there is no way, instead of trying. */
TEST(sock, an_address_without_a_route_leaves_the_next)
{
    struct world w = { 0 };
    struct sockaddr_storage addresses[2] = { 0 };
    struct sockaddr_in *nowhere = (struct sockaddr_in *)&addresses[0];
    nowhere->sin_family = AF_INET;
    nowhere->sin_addr.s_addr = INADDR_BROADCAST;
    nowhere->sin_port = htons(443);
    const int alive = listen_at("127.0.0.1", 4, &addresses[1]);
    ck_assert_int_eq(uv_loop_init(&w.loop), 0);
    ck_assert_int_eq(bot__sock_env_init(&w.env, &w.loop), 0);
    ck_assert_int_eq(bot__sock_connect(&w.env, addresses, 2, NULL, "venue", &callbacks, &w, &w.sock), 0);
    loop_until(&w.loop, &w.opened, 1000, w.reason);
    bot__sock_close(w.sock);
    loop_until(&w.loop, &w.closed, 2000, w.reason);
    bot__sock_env_done(&w.env);
    loop_must_close(&w.loop);
    close(alive);
}

TEST(sock, closing_in_the_moment_of_the_next_address_gives_everything_back) { connects_behind_a_dead_address(true); }

/* ---- the same behind a name ---- */

static const char *first_address;

/* The name has that address and the loopback's; libuv asks on a thread. */
__attribute__((visibility("default"))) int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
    int (*system)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&system, &found, sizeof system);
    if (strcmp(host, "two.test") != 0) return system(host, service, hints, ret);
    const int r = system(first_address, service, hints, ret);
    return r != 0 ? r : system("127.0.0.1", service, hints, &(*ret)->ai_next);
}

static void on_request(void *user_data, uint64_t token, const struct server_request *request) { (void)user_data, (void)token, (void)request; }
static int on_ws_open(void *user_data, uint64_t ws, const struct server_request *request)
{
    (void)user_data, (void)ws, (void)request;
    return 0;
}
static void on_ws_message(void *user_data, const char *text, size_t len) { (void)user_data, (void)text, (void)len; }
static void on_ws_alive(void *user_data) { (void)user_data; }

static void stream_of_two(enum ws_impl impl, bool dead)
{
    if (!bot__ws_impl_available(impl)) test_skip("built without wslay");
    struct world w = { 0 };
    struct io_loop *io;
    struct server *server;
    struct ws *ws;
    struct sockaddr_storage at;
    int fillers[FILLERS];
    char url[64];
    const int silent = dead_address(&at, fillers);
    first_address = dead ? "127.0.0.2" : "255.255.255.255";
    ck_assert_int_eq(uv_loop_init(&w.loop), 0);
    ck_assert_int_eq(bot__io_loop_acquire(&w.loop, &io), 0);
    ck_assert_int_eq(bot__server_open(&w.loop, &(struct server_options){ .port = ntohs(((struct sockaddr_in *)&at)->sin_port) },
                                      &(struct server_callbacks){ .request = on_request, .ws_open = on_ws_open }, &w, &server), 0);
    snprintf(url, sizeof url, "ws://two.test:%u/", bot__server_port(server));
    const struct ws_callbacks ws_callbacks = { on_opened, on_ws_message, on_ws_alive, on_closed, &w };
    ck_assert_int_eq(bot__ws_open(io, &(struct ws_options){ .impl = impl, .url = url }, &ws_callbacks, &ws), 0);
    loop_until(&w.loop, &w.opened, 8000, w.reason);
    ck_assert(!w.closed);
    bot__ws_close(ws);
    bot__server_close(server, NULL, NULL);
    loop_release(&w.loop, io);
    loop_must_close(&w.loop);
    for (int i = 0; i < FILLERS; i++) close(fillers[i]);
    close(silent);
}

TEST(ws_wslay, a_stream_opens_at_the_second_address_when_the_first_has_no_route) { stream_of_two(WS_IMPL_WSLAY, false); }
TEST(ws_lws, a_stream_opens_at_the_second_address_when_the_first_has_no_route) { stream_of_two(WS_IMPL_LWS, false); }
TEST(ws_wslay, a_stream_opens_at_the_second_address_when_the_first_says_nothing) { stream_of_two(WS_IMPL_WSLAY, true); }
