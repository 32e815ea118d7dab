/* io/sock.h by itself: what the WebSocket client and the server do not reach in their own tests. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "io/sock.h"
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
