/* session/session.h: one account's whole client without a socket in it.
 *
 * Brings the streams up (login, subscriptions, liveness, back-off), carries out the core's effects as requests, pages
 * through reads, keeps the clock measured, feeds the monitors, and hands everything that the core decides on to the host's
 * tap in the order in which it was decided: that sequence of events is the journal. Sans-IO: see transport.h. Its files: state.h.
 */
#ifndef BOT_SESSION_SESSION_H
#define BOT_SESSION_SESSION_H

#include "bot/core.h"
#include "core/budget.h"
#include "session/transport.h"

#define SESSION_INSTRUMENTS_MAX 64
#define SESSION_URL_MAX 256
#define SESSION_PUBLIC_LEASE_NS (10 * BOT_NS_PER_S) /* of the public stream where monitors need it and nothing else is asked */

/* What the session tells. effect: a copy, valid for the call; never called inside a call of ours that the host made. */
struct session_host {
    void *self;
    void (*effect)(void *self, const bot_effect *effect);
    /* Every event right before the core takes it: the journal. May be NULL. */
    void (*event)(void *self, const bot_event *ev);
    /* Public data, for bots that want it (TRADE, BOOK) and wallet rows; borrowed for the call. May be NULL. */
    void (*market)(void *self, const bot_event *ev);
    /* A message that could not be read, right before the error event that it causes. May be NULL. */
    void (*unreadable)(void *self, bot_source source, const char *text, size_t len);
    /* level: 0 error, 1 warning, 2 info, 3 debug. name: a fixed event name. Never a secret. May be NULL. */
    void (*log)(void *self, int level, const char *name, const char *text);
};

struct session_options {
    const struct venue *venue;
    struct venue_keys   keys;
    char rest_url[SESSION_URL_MAX], private_url[SESSION_URL_MAX], public_url[SESSION_URL_MAX], trade_url[SESSION_URL_MAX];
    bot_symbol instruments[SESSION_INSTRUMENTS_MAX]; /* traded or watched */
    uint32_t   instruments_n;
    bool       all_instruments; /* watcher: whatever the account holds */
    bool       public_data;     /* subscribe trades and books of the instruments; monitors run on them */
    bool       monitors;        /* let the monitors shut the gate */
    bool       orders_over_ws;  /* where the venue has it */
    double     rate_alarms_per_day;
    struct budget *budget;      /* borrowed; may be shared by sessions of one address; its time is session_time.now, without
                                 * ts_offset. NULL: none */
    uint32_t   budget_account;
    uint64_t   seed;            /* of the back-off jitter */
    int64_t    ts_offset;       /* added to the host's clock: a journal's time never runs backwards, also after a reboot */
    bot_core_options core;      /* venue rules are filled in by session_init */
};

/* Copies the venue's facts into the core's rules. */
void bot__session_venue_rules(const struct venue *v, bot_venue_rules *ret);

size_t bot__session_size(const struct session_options *o); /* 0: an option is out of its range */
/* memory: size zeroed bytes aligned to 64, the caller's. transport and host are copied. Nothing is sent before start. */
struct session *bot__session_init(void *memory, const struct session_options *o, const struct transport *transport,
                                  const struct session_host *host, struct session_time t);
/* One journaled event, before start: brings the core to where it was. */
void bot__session_replay(struct session *s, const bot_event *ev);
/* The core has been brought there, by replaying or otherwise; before start. hole: events were missing, from that venue time on as far as
 * is known (0: it is not): orders of that time are unknown, and the venue's history is read from there. */
void bot__session_resumed(struct session *s, bool hole, int64_t hole_venue_ns);
void bot__session_start(struct session *s, struct session_time t);
/* Closes every stream and cancels every request; no effect or input follows. */
void bot__session_stop(struct session *s);

/* A command (SUBMIT, AMEND, CANCEL, CANCEL_ALL, LIMITS, ATTACH, REARM, KILL, JOURNAL, LEADER): fills what the session
 * knows (reference price) and steps the core. Returns what the core says. */
int bot__session_command(struct session *s, struct session_time t, bot_event *ev);
bot_core *bot__session_core(struct session *s);
const struct session_options *bot__session_options(const struct session *s);
/* Price that the collar compares with (middle of the best bid and ask, else the last trade), and when it was last
 * confirmed; false: none. */
bool bot__session_reference(const struct session *s, const bot_symbol *instrument, bot_px *ret_price, bot_ts *ret_at);
/* Best bid and ask, and when the book last moved; false: the book is not whole, or one side of it is empty. */
bool bot__session_best(const struct session *s, const bot_symbol *instrument, bot_px *ret_bid, bot_px *ret_ask, bot_ts *ret_at);
/* Up to *bids_n and *asks_n levels, best first; the numbers become those written. false, writing nothing: not whole. */
bool bot__session_book(const struct session *s, const bot_symbol *instrument, bot_level *bids, uint32_t *bids_n, bot_level *asks,
                       uint32_t *asks_n);

struct session_stats { /* counters only rise */
    uint64_t ws_messages, ws_bytes, ws_undecodable, ws_connects, ws_losses;
    uint64_t http_requests, http_failures, http_timeouts, reads_waited, reads_paced, reads_joined, orders_sent, public_trades, book_gaps, book_resyncs;
    int64_t  clock_offset_ns, clock_error_ns; /* gauges */
    bool     ready[BOT_STREAM_COUNT];
};
/* What the monitors see, for people. False: the instrument has no monitor. */
struct bot__rate_view;
bool bot__session_rate(const struct session *s, const bot_symbol *instrument, struct bot__rate_view *ret);
struct session_stream_view {
    bool    up;
    int64_t age_ns; /* since anything was heard; -1: not up */
    int64_t lag_ns; /* public: how much later than at its best a trade arrives now; private: our socket behind REST at most */
};
void bot__session_stream(const struct session *s, bot_stream stream, bot_ts now, struct session_stream_view *ret);
void bot__session_stats_get(const struct session *s, struct session_stats *ret);

#endif
