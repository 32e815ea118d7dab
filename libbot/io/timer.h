/* io/timer.h: one deadline on the loop, in monotonic nanoseconds.
 *
 * uv counts whole milliseconds of a clock that it reads once per turn. The deadline is rounded up to that clock's next
 * whole millisecond, so the callback never finds that nothing is due yet (it would arm again and spin).
 */
#ifndef BOT_IO_TIMER_H
#define BOT_IO_TIMER_H

#include <uv.h>

#include "bot/types.h"

struct io_timer {
    uv_timer_t uv; /* data points here */
    void     (*fired)(struct io_timer *timer);
    void     (*closed)(struct io_timer *timer);
};

/* Cannot fail. */
void bot__io_timer_init(struct io_timer *timer, uv_loop_t *loop, void (*fired)(struct io_timer *timer));
/* BOT_TS_NEVER disarms. `fired` comes from the loop at or after `at`, once. */
void bot__io_timer_arm(struct io_timer *timer, bot_ts at);
/* closed: when the memory is the caller's again. */
void bot__io_timer_close(struct io_timer *timer, void (*closed)(struct io_timer *timer));

#endif
