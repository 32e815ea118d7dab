/* from_env.h: where to connect, out of the environment. `botctl paper` prints lines to copy:
 *   BOT_KEY BOT_SECRET BOT_VENUE (bybit) BOT_INSTRUMENT (BTCUSDT), BOT_PASSPHRASE where the venue wants one, and, for another place than
 *   the venue's own,
 *   BOT_REST_URL BOT_WS_PRIVATE_URL BOT_WS_PUBLIC_URL BOT_CA_FILE
 * and BOT_JOURNAL, a directory for the flight recorder: `botctl explain` tells what happened, and a restart goes on from it;
 * BOT_START_ADOPT=1 takes a position that the account holds at the start at the venue's word (else a person is asked). */
#ifndef FROM_ENV_H
#define FROM_ENV_H

#include <bot/bot.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static inline const char *env_or(const char *name, const char *otherwise)
{
    return getenv(name) != NULL ? getenv(name) : otherwise;
}

static const char *instrument; /* of this example */

static inline void log_to_stderr(void *user_data, bot_log_level level, const char *event, const char *text)
{
    (void)user_data;
    if (level <= BOT_LOG_INFO)
        fprintf(stderr, "%s: %s\n", event, text);
}

static inline void options_from_env(bot_account_options *o)
{
    bot_account_options_init(o);
    instrument = env_or("BOT_INSTRUMENT", "BTCUSDT");
    o->venue = env_or("BOT_VENUE", "bybit");
    o->key = getenv("BOT_KEY");
    o->secret = getenv("BOT_SECRET");
    o->passphrase = getenv("BOT_PASSPHRASE");
    o->rest_url = getenv("BOT_REST_URL");
    o->ws_private_url = getenv("BOT_WS_PRIVATE_URL");
    o->ws_public_url = getenv("BOT_WS_PUBLIC_URL");
    o->ca_file = getenv("BOT_CA_FILE");
    o->journal.path = getenv("BOT_JOURNAL");
    o->core.start_adopt = strcmp(env_or("BOT_START_ADOPT", "0"), "1") == 0;
    o->instruments = &instrument;
    o->instruments_n = 1;
    o->log = log_to_stderr;
}

static inline bot_i128 number(const char *text)
{
    bot_i128 v = 0;
    if (bot_fixed_parse(text, strlen(text), &v) < 0)
        fprintf(stderr, "'%s' is no number\n", text);
    return v;
}

/* Ctrl-C, and what a supervisor sends: a bot that dies of it leaves its quotes behind. Once it leaves, another one ends it at once. */
struct leave_signals { uv_signal_t handles[2]; };

static inline void leave_on_signals(struct leave_signals *s, uv_loop_t *loop, uv_signal_cb leave, void *data)
{
    for (int i = 0; i < 2; i++) {
        uv_signal_init(loop, &s->handles[i]);
        s->handles[i].data = data;
        uv_signal_start(&s->handles[i], leave, i == 0 ? SIGINT : SIGTERM);
    }
}

static inline void leave_signals_close(struct leave_signals *s)
{
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&s->handles[i], NULL);
}

#endif
