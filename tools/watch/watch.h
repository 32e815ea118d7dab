/* watch/watch.h: the drift watch: accounts watched without an order ever sent, and what is known of them told as alerts,
 * as a status document, as metrics and as a page. One process, one loop, any number of accounts.
 *
 * watch.c    accounts, histories, and which gate reasons and verdicts are which alerts
 * alert.c    the life of an alert          deliver.c  its way to people
 * status.c   the document of /api/status   metrics.c  the text of /metrics
 * httpd.c    the server                    config.c   the configuration
 * say.c      lines on standard error */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include "bot/account.h"
#include "watch/alert.h"
#include "watch/deliver.h"

#define WATCH_INSTRUMENTS 1024 /* of an account: traded, held, or once held */
#define WATCH_VERDICTS 240
#define WATCH_POINTS 600
#define WATCH_FILLS 50
#define WATCH_AGES 256
#define WATCH_AGE_BOUNDS 6
extern const int watch_age_bounds_s[WATCH_AGE_BOUNDS]; /* watch.c */
#define WATCH_SOURCES (BOT_SOURCE_JOURNAL + 1)

struct watch_verdict_point { int64_t at_ms; uint8_t verdict; };
struct watch_position_point { int64_t at_ms; bot_qty self, venue; bool venue_known; };
struct watch_rate_point { int64_t at_ms, rate_milli, reference_milli; };

/* One instrument and leg. Rings: next points behind the newest. */
struct watch_row {
    bot_symbol symbol;
    bot_leg    leg;
    bot_verdict verdict;      /* of the newest answer that had something to say about it, */
    bot_ts     judged_at;     /* which came then */
    int64_t    stale_age_ns;
    bool       drifting, stale; /* since the newest DRIFT and STALE no answer has proven it over */
    bot_qty    drift_ours, drift_venue; /* as that DRIFT was judged */
    bot_qty    venue;         /* the venue's newest number */
    bool       venue_known;
    int64_t    venue_at_ms;
    struct watch_verdict_point  verdict_ring[WATCH_VERDICTS];
    struct watch_position_point position_ring[WATCH_POINTS];
    struct watch_rate_point     rate_ring[WATCH_POINTS];
    uint32_t verdict_next, verdict_n, position_next, position_n, rate_next, rate_n;
};

struct watch_fill {
    int64_t    at_ms;
    bot_symbol instrument;
    bot_side   side;
    bot_dec    qty, price, fee;
    bool       fee_given;
    bot_liquidity liquidity;
    uint8_t    source;
    bot_id     exec_id;
};

struct watch_account {
    struct watch *watch;
    const struct watch_account_config *config;
    bot_account *account;
    bot_handle  *bot;
    bool     proven;          /* the position was proven once since the start */
    bot_symbol unknown;       /* in which a position is that is compared with nothing; len 0: none */
    int64_t  unknown_ms;      /* since then */
    bool     resumed;         /* a journal knew positions at the start */
    bot_ts   opened_at;       /* on the account's clock, which a journal carries over a restart, but not over the time between */
    uint32_t reasons;         /* newest set */
    bot_verdict failed;       /* FAILED or PARTIAL: what the newest answer was that said nothing, */
    bot_ts   failed_at;       /* which came then, or did not */
    int64_t  changed_ms;
    struct watch_row **rows;
    uint32_t rows_n;
    struct watch_fill fills[WATCH_FILLS];
    uint32_t fills_next, fills_n;
    uint64_t fills_by_source[WATCH_SOURCES];
    int64_t  stale_ages_ns[WATCH_AGES]; /* the newest ones */
    uint32_t stale_ages_n;
    uint64_t stale_count, stale_within[WATCH_AGE_BOUNDS]; /* since the start: all, and those no older than watch_age_bounds_s */
    double   stale_sum_s;     /* for display only */
    uint64_t gate_shut[BOT_GATE_REASON_COUNT]; /* times that a reason came up */
    bool     closed;
};

struct httpd;
struct uv_loop_s;
struct watch {
    struct uv_loop_s *loop;
    const char *path;         /* of the configuration */
    struct watch_config *config, *spare; /* spare: the one before a reload, while its routes close */
    struct watch_account *accounts;
    uint32_t accounts_n, accounts_open;
    struct watch_alerts alerts;
    struct deliver *deliver;
    struct httpd *httpd;
    int64_t  started_ms, loop_lag_ms, loop_lag_max_ms;
    uint64_t version;         /* grows with every change worth showing */
    uint64_t reloads, reloads_refused, lines_lost; /* of the log, that standard error did not take */
    struct watch_io *io;      /* handles: watch.c's own */
};

/* config.c: what an account of the configuration is opened with; log is left to the caller. Strings are borrowed from c. */
void watch_account_options(const struct watch_account_config *c, bot_account_options *ret);

/* Opens everything in config (routes_only: no account and no server, for a test alert) (taken over, freed by close; also when this fails).
 *   BOT_OK; or with a sentence in why (WATCH_WHY_MAX bytes) what failed, nothing left but loop turns to run. */
int  watch_open(struct uv_loop_s *loop, const char *path, struct watch_config *config, bool routes_only, struct watch **ret, char *why);
/* Reads the file again: alerts and their routes change at once; accounts and http with the next start, which is said. A
 * file that is refused changes nothing. The sentence for the log is in why. */
int  watch_reload(struct watch *w, char *why);
void watch_test_alert(struct watch *w);
/* What the account's core says of an answer. */
void watch_feed_verdict(struct watch_account *a, const bot_verdict_info *v);
/* closed runs when nothing is left on the loop. */
void watch_close(struct watch *w, void (*closed)(void *user_data), void *user_data);

/* say.c: one line to standard error, without waiting: 0; EAGAIN, and nothing was written, when nobody takes it now; or another errno. */
int watch_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* facts.c: wall clock, Unix ms. */
int64_t watch_wall_ms(void);
/* Wall time of a moment on the account's clock. */
int64_t watch_wall_of(const struct watch_account *a, bot_ts at);
/* The newest agreement of a position, on the account's clock; 0 when there was none since the watch began: one of a life before it is
 * older than that clock tells. */
bot_ts  watch_agreed_at(const struct watch_account *a, const bot_position *p);
bool    watch_has_public(const struct watch_account *a); /* a public stream: somebody asked for one */
/* Resident memory of the process, 0 when it cannot be known. */
uint64_t watch_rss(void);

/* The status document, for `type` "status". Returns its length; grows *buf (malloc) as needed, or BOT_ERR_NOMEM. */
int watch_status(const struct watch *w, char **buf, size_t *size);
/* One alert of it, as {"type":"alert",...}. */
int watch_alert_json(const struct watch_alert *alert, char *buf, size_t size);
/* OpenMetrics text, likewise. */
int watch_metrics(const struct watch *w, char **buf, size_t *size);

/* The server: open after the rest; NULL when config has none. */
int  httpd_open(struct watch *w, struct httpd **ret, char *why);
/* Whether it could be opened; listens nowhere afterwards. On BOT_OK closed runs when nothing of it is left on the loop. */
int  httpd_try(struct uv_loop_s *loop, const struct watch_config *config, void (*closed)(void *user_data), void *user_data, bool *ret_in_use, char *why);
uint16_t httpd_port(const struct httpd *h);
void httpd_alert(struct httpd *h, const struct watch_alert *alert);
void httpd_tick(struct httpd *h, int64_t now_ms); /* sends the document to those who are connected, when it changed */
void httpd_close(struct httpd *h, void (*closed)(void *user_data), void *user_data);

#endif
