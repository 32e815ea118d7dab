/* Standard error may be a pipe that its reader has left full, or a terminal that somebody stopped with Ctrl-S: who writes there waits
 * for as long as that lasts. The loop that compares positions must not. */
#include "watch/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* A pipe that can be written to takes so much without waiting (PIPE_BUF of Linux is four times that). */
#define LINE_MAX_BYTES 1024

int watch_say(const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    if (n < 0)
        return EINVAL;
    if ((size_t)n > sizeof line - 1)
        n = (int)sizeof line - 1;
    line[n++] = '\n'; /* where the NUL was */
    struct pollfd err = { .fd = STDERR_FILENO, .events = POLLOUT };
    if (poll(&err, 1, 0) == 0)
        return EAGAIN;
    const ssize_t written = write(STDERR_FILENO, line, (size_t)n);
    return written == n ? 0 : written < 0 ? errno : ENOSPC;
}
