#include "io/timer.h"

void bot__io_timer_init(struct io_timer *timer, uv_loop_t *loop, void (*fired)(struct io_timer *timer))
{
    uv_timer_init(loop, &timer->uv);
    timer->uv.data = timer;
    timer->fired = fired;
    timer->closed = NULL;
}

static void on_timer(uv_timer_t *uv)
{
    struct io_timer *timer = uv->data;
    timer->fired(timer);
}

void bot__io_timer_arm(struct io_timer *timer, bot_ts at)
{
    if (at == BOT_TS_NEVER) {
        uv_timer_stop(&timer->uv);
        return;
    }
    /* uv_now() may be stale and is never ahead of uv_hrtime(): a due time in its own milliseconds cannot come early. */
    uint64_t due_ms = at <= 0 ? 0 : (uint64_t)at / BOT_NS_PER_MS + (at % BOT_NS_PER_MS != 0);
    uint64_t now_ms = uv_now(timer->uv.loop);
    uv_timer_start(&timer->uv, on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void on_closed(uv_handle_t *uv)
{
    struct io_timer *timer = uv->data;
    timer->closed(timer);
}

void bot__io_timer_close(struct io_timer *timer, void (*closed)(struct io_timer *timer))
{
    timer->closed = closed;
    uv_close((uv_handle_t *)&timer->uv, on_closed);
}
