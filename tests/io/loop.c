#include "loop.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

struct watchdog {
    uv_timer_t timer;
    bool       fired;
};

static void on_watchdog(uv_timer_t *timer)
{
    struct watchdog *w = timer->data;
    w->fired = true;
}

static unsigned scaled(unsigned ms)
{
    const char *scale = getenv("TEST_TIMEOUT_SCALE");
    return scale != NULL ? (unsigned)(ms * atof(scale)) : ms;
}

/* The watchdog lives on the same loop and is gone, closed, when this returns. */
static bool run(uv_loop_t *loop, const bool *flag, unsigned ms)
{
    struct watchdog w = { .fired = false };
    uv_update_time(loop); /* a loop that has not run for a while would let the timer fire at once, then block */
    uv_timer_init(loop, &w.timer);
    w.timer.data = &w;
    uv_timer_start(&w.timer, on_watchdog, ms, 0);
    while (!w.fired && (flag == NULL || !*flag)) uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&w.timer, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    return !w.fired;
}

void loop_until(uv_loop_t *loop, const bool *flag, unsigned ms, const char *what)
{
    bool ok = run(loop, flag, scaled(ms));
    ck_assert_msg(ok || *flag, "%s did not come within %u ms", what, ms);
}

void loop_for(uv_loop_t *loop, unsigned ms) { run(loop, NULL, ms); }

static void name_handle(uv_handle_t *handle, void *user_data)
{
    (void)user_data;
    fprintf(stderr, "left on the loop: %s%s\n", uv_handle_type_name(handle->type), uv_is_closing(handle) ? " (closing)" : "");
}

void loop_must_close(uv_loop_t *loop)
{
    uint64_t end = uv_hrtime() + (uint64_t)scaled(3000) * 1000000;
    while (uv_loop_alive(loop) && uv_hrtime() < end) {
        uv_run(loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    int r = uv_loop_close(loop);
    if (r != 0) uv_walk(loop, name_handle, NULL);
    ck_assert_msg(r == 0, "uv_loop_close: %s", uv_strerror(r));
}

static void set_flag(void *user_data) { *(bool *)user_data = true; }

void loop_release(uv_loop_t *loop, struct io_loop *io)
{
    bool released = false;
    struct io_release release = { set_flag, &released, NULL };
    bot__io_loop_release(io, &release);
    UNTIL(loop, released);
}

static char scratch[64];

static void remove_scratch(void)
{
    DIR *dir = opendir(scratch);
    if (dir == NULL) return;
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", scratch, entry->d_name);
        unlink(path);
    }
    closedir(dir);
    rmdir(scratch);
}

const char *scratch_directory(void)
{
    if (scratch[0] == '\0') {
        snprintf(scratch, sizeof scratch, "/tmp/libbot-io-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(scratch));
        atexit(remove_scratch);
    }
    return scratch;
}

struct devcert make_certs(void)
{
    struct devcert certs;
    ck_assert_int_eq(bot__devcert_make(&(struct devcert_options){ .directory = scratch_directory() }, &certs), 0);
    return certs;
}

unsigned free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof addr;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    close(fd);
    return ntohs(addr.sin_port);
}

unsigned descriptors_open(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL) n++;
    closedir(dir);
    return n;
}

size_t resident_kib(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    unsigned long size = 0, resident = 0;
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%lu %lu", &size, &resident), 2);
    fclose(f);
    return resident * (size_t)(sysconf(_SC_PAGESIZE) / 1024);
}
