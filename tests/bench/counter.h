/* tests/bench/counter.h: instructions of this thread in user space, where the machine counts them for us. Virtual machines and
 * containers often do not: then counter_read gives 0 and counter_note says so, and valgrind --tool=callgrind counts instead. */
#ifndef BENCH_COUNTER_H
#define BENCH_COUNTER_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __linux__
#include <linux/perf_event.h>
#endif

struct counter {
    int fd, err; /* fd -1: not counted, err says why */
};

static inline struct counter counter_open(void)
{
    struct counter c = { -1, ENOSYS };
#if defined __linux__ && defined SYS_perf_event_open
    struct perf_event_attr a;
    memset(&a, 0, sizeof a);
    a.type = PERF_TYPE_HARDWARE;
    a.size = sizeof a;
    a.config = PERF_COUNT_HW_INSTRUCTIONS;
    a.exclude_kernel = 1;
    a.exclude_hv = 1;
    c.fd = (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
    c.err = c.fd < 0 ? errno : 0;
#endif
    return c;
}

/* Instructions so far; 0 where nobody counts. */
static inline uint64_t counter_read(const struct counter *c)
{
    uint64_t n = 0;
    return c->fd >= 0 && read(c->fd, &n, sizeof n) == (ssize_t)sizeof n ? n : 0;
}

static inline void counter_note(const struct counter *c)
{
    if (c->fd < 0)
        printf("instructions are not counted here (perf_event_open: %s); for counts: valgrind --tool=callgrind, see the head of the source\n",
               strerror(c->err));
}

/* "   1446 instructions" behind a row, or nothing. */
static inline void counter_print(const struct counter *c, double instructions)
{
    if (c->fd >= 0)
        printf("   %8.0f instructions", instructions);
}

#endif
