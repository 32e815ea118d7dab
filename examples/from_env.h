/* from_env.h: where to connect, out of the environment. `botctl paper` prints lines to copy:
 *   BOT_KEY BOT_SECRET BOT_VENUE (bybit) BOT_INSTRUMENT (BTCUSDT) and, for another place than the venue's own,
 *   BOT_REST_URL BOT_WS_PRIVATE_URL BOT_WS_PUBLIC_URL BOT_CA_FILE
 * and BOT_JOURNAL, a directory for the flight recorder: `botctl explain` tells what happened, and a restart goes on from it;
 * BOT_START_ADOPT=1 takes a position that the account holds at the start at the venue's word (else a person is asked). */
#ifndef FROM_ENV_H
#define FROM_ENV_H

#include <bot/bot.h>
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

#endif
