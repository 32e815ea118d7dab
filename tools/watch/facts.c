/* Small facts that every part of the watch asks for. */
#include "watch/watch.h"

#include <time.h>
#include <uv.h>

int64_t watch_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t watch_wall_of(const struct watch_account *a, bot_ts at)
{
    return watch_wall_ms() - (bot_account_now(a->account) - at) / BOT_NS_PER_MS;
}

bot_ts watch_agreed_at(const struct watch_account *a, const bot_position *p) { return p->agreed_at >= a->opened_at ? p->agreed_at : 0; }

bool watch_has_public(const struct watch_account *a) { return a->config->public_data && a->config->instruments.n != 0; }

uint64_t watch_rss(void)
{
    size_t rss;
    return uv_resident_set_memory(&rss) == 0 ? rss : 0;
}
