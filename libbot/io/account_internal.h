/* io/account_internal.h: what the files of the public client share: account.c opens, tells and closes; bot.c is what a strategy and
 * a person ask of it. */
#ifndef BOT_IO_ACCOUNT_INTERNAL_H
#define BOT_IO_ACCOUNT_INTERNAL_H

#include <stdatomic.h>
#include <uv.h>

#include "bot/account.h"
#include "io/shared_budget.h"
#include "io/transport_uv.h"
#include "journal/replay.h"
#include "journal/writer.h"
#include "session/session.h"

#define BOTS_MAX 36

struct bot_handle {
    bot_account  *account;
    uint32_t      index;
    bot_callbacks callbacks;
    void         *user_data;
};

struct bot_account {
    struct uv_loop_s *loop;
    const struct venue *venue;
    struct transport_uv *transport;
    struct session *session;
    void   *session_memory;
    struct io_loop *io;
    struct io_release release;
    struct shared_budget *budget;
    uint32_t budget_account;
    struct bot__signer *signer;
    char   *name, *key, *passphrase;
    bot_symbol instruments[SESSION_INSTRUMENTS_MAX];
    uint32_t   instruments_n;
    bot_handle *bots[BOTS_MAX];
    uint32_t   bots_n;
    int64_t    ts_offset;

    struct market_recorder *recorder; /* public trades and candles, where asked for */
    struct journal *journal;
    struct journal_older older;
    char   *journal_path;
    bool    journal_bad;

    uv_async_t wake;         /* kill, journal trouble */
    uv_timer_t journal_watch;
    atomic_bool killed;
    bool    kill_done, closing;
    /* bot_account_cancel_and_close: from then on until the close, and what it tells in the end. */
    uv_timer_t leave_timer;
    bool     leaving;
    bot_ts   leave_until, leave_again; /* the cancels are asked for again then: an answer may have been lost */
    uint32_t orders_left;
    void   (*left)(uint32_t orders_left, void *user_data);
    void    *left_user_data;
    int     handles;         /* of ours still on the loop */
    void  (*log)(void *user_data, bot_log_level level, const char *event, const char *text);
    void   *log_user_data;
    void  (*closed)(void *user_data);
    void   *closed_user_data;
};

/* The shortest that a version of this library had, and more than any will. */
#define OPTIONS_SIZE_MIN (4 * sizeof(void *))
#define OPTIONS_SIZE_MAX 65536

/* A shorter struct of an older caller gets the defaults behind its end; a longer one of a newer caller is taken only if what
 * we do not know is zero: a limit that someone set must never be dropped silently. */
bool bot__account_take_options(void *to, size_t known, const void *from, size_t given);

/* Keeps the words for bot_account_open_why. Returns code. */
int bot__account_refuse(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

uint32_t bot__account_live_orders(const bot_account *a); /* of all its bots, of those of earlier runs too */

/* Has the journal's writer got into trouble, or out of it? The core is told. */
void bot__account_look_at_journal(bot_account *a);
void bot__account_look_at_kill(bot_account *a); /* one that another thread asked for and the loop has not heard of takes effect now */

static inline bot_ts account_now(const bot_account *a) { return bot__transport_uv_now().now + a->ts_offset; }
static inline int account_command(bot_account *a, bot_event *ev) { return bot__session_command(a->session, bot__transport_uv_now(), ev); }

#endif
