/* Leaving nothing behind: every bot cancels, and the account closes when the venue has confirmed it. */
#include "io/account_internal.h"

#define LEAVE_WITHIN_NS (5 * BOT_NS_PER_S)
#define LEAVE_LOOK_MS 10
#define LEAVE_AGAIN_NS BOT_NS_PER_S

static void cancel_everything(bot_account *a)
{
    bot_event all = { .kind = BOT_EV_CANCEL_ALL, .cancel = { .bot = UINT32_MAX } }; /* of bots that an earlier run had, too */
    (void)account_command(a, &all);
    a->leave_again = bot__transport_uv_now().now + LEAVE_AGAIN_NS;
}

static void on_leave(uv_timer_t *timer)
{
    bot_account *a = timer->data;
    const bot_ts now = bot__transport_uv_now().now;
    if (bot__account_live_orders(a) == 0 || now >= a->leave_until)
        bot_account_close(a, NULL, NULL);
    else if (now >= a->leave_again)
        cancel_everything(a);
}

void bot_account_cancel_and_close(bot_account *account, int64_t within_ns, void (*closed)(uint32_t orders_left, void *user_data), void *user_data)
{
    bot_account *a = account;
    if (a == NULL || a->closing || a->leaving)
        return;
    a->leaving = true;
    a->left = closed;
    a->left_user_data = user_data;
    const bot_ts now = bot__transport_uv_now().now;
    if (__builtin_add_overflow(now, within_ns > 0 ? within_ns : LEAVE_WITHIN_NS, &a->leave_until))
        a->leave_until = BOT_TS_NEVER;
    cancel_everything(a);
    /* From the loop also when there is nothing to wait for: callbacks never run inside the call that asked for them. */
    (void)uv_timer_start(&a->leave_timer, on_leave, 0, LEAVE_LOOK_MS);
}
