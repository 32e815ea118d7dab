/* bench_rate: what a public trade costs the trade-rate monitor, with a hundred instruments.
 *
 * Two figures: the call itself, and the call with its part of the ticks (ten a second, which weigh all instruments),
 * at a hundred trades a second and instrument. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/rate.h"

#define INSTRUMENTS 100
#define TRADES 10000000

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double measure(bool ticks, double per_s)
{
    bot__rate_options o;
    bot__rate_options_init(&o);
    o.instruments = INSTRUMENTS;
    void *memory = malloc(bot__rate_size(&o));
    struct bot__rate *rate = NULL;
    if (memory == NULL || bot__rate_init(memory, bot__rate_size(&o), &o, 0, &rate) != 0) exit(1);
    const bot_ts step = (bot_ts)(1e9 / (INSTRUMENTS * per_s));
    bot_ts now = 0;
    unsigned random = 1;
    bot__rate_change change;
    const double from = seconds();
    for (int i = 0; i < TRADES; i++) {
        now += step;
        random = random * 1664525u + 1013904223u;
        bot__rate_trade(rate, (random >> 8) % INSTRUMENTS, now, now, random & 1 ? BOT_BUY : BOT_SELL);
        if (ticks && now >= bot__rate_deadline(rate)) {
            bot__rate_tick(rate, now);
            while (bot__rate_next_change(rate, &change)) continue;
        }
    }
    const double took = seconds() - from;
    free(memory);
    return took / TRADES * 1e9;
}

int main(void)
{
    bot__rate_options o;
    bot__rate_options_init(&o);
    o.instruments = INSTRUMENTS;
    printf("memory for %d instruments: %zu bytes\n", INSTRUMENTS, bot__rate_size(&o));
    printf("a trade: %.1f ns\n", measure(false, 100));
    printf("a trade and its part of the ticks, 100 trades a second and instrument: %.1f ns\n", measure(true, 100));
    printf("the same at 10 a second and instrument: %.1f ns\n", measure(true, 10));
    return 0;
}
