/* session/state.h: the session's state, for its own files. Each stands on those below it; none calls up: what has to happen
 * elsewhere is told in what it returns, and drive.c sees to it.
 *
 * session.c      life: memory, start, stop, commands; questions
 * drive.c        whatever comes in from outside, and what the core wants done
 * public_data.c  reference prices, and the monitors
 * reads.c        reads with pages            order_calls.c   order requests
 * joins.c        public reads that several sessions share
 * draws.c        what requests take of the budget
 * streams.c      sockets from closed to READY and back
 * books.c        order books kept whole
 * clock.c        the venue's clock           funding.c       payments that only the account's log tells
 * log.c          what fails, in words
 * effects.c      the core's step, and what it wants done until that is done
 */
#ifndef BOT_SESSION_STATE_H
#define BOT_SESSION_STATE_H

#include "core/arena.h"
#include "core/book.h"
#include "core/lag.h"
#include "core/rate.h"
#include "core/silent.h"
#include "session/own_flow.h"
#include "session/session.h"

#define READS_MAX 24
#define REQUESTS_MAX 256 /* a kill over many orders: their cancels wait here for the budget */
#define CONNECTS_KEPT 64
#define OWN_DEADLINE_NS (5 * BOT_NS_PER_S) /* of reads that the core did not ask for */

enum stream_phase {
    STREAM_IDLE,        /* not wanted, or waiting for what it needs (instruments, listen key) */
    STREAM_WAITING,     /* until at: back-off */
    STREAM_OPENING,     /* ws_open called; until at */
    STREAM_LOGIN,       /* login sent; until at */
    STREAM_SUBSCRIBING, /* subscribes sent; until at */
    STREAM_UP,          /* READY was said */
};

struct stream {
    enum stream_phase phase;
    bool     wanted;
    bot_ts   at;            /* deadline of the phase */
    bot_ts   heard_at, framed_at, ping_at, up_at;
    uint32_t failures;      /* in a row */
    uint32_t acks_missing;
    bot_ts   connects[CONNECTS_KEPT];
    uint32_t connects_next;
};

/* A read of the core or of the session's own (clock, listen key, dead-man switch). */
struct read {
    bool     used, waiting;   /* waiting: for the budget, until at */
    uint64_t id;              /* the core's; 0 for our own */
    bot_read_kind kind;
    enum venue_call call;
    struct venue_request req; /* of the page under way */
    char     cursor[256];
    uint64_t http;            /* 0: none under way */
    struct budget_request draw;
    bool     drawn;
    bot_ts   send_by;         /* held back for the budget until then at most; not after now: not at all */
    bot_ts   at, deadline, sent_at; /* deadline: of the whole read; before it is sent, of waiting for room */
    int64_t  patience_ns;     /* from sending to deadline */
    int64_t  sent_wall_ns;
    int64_t  to_ns_end;       /* fills: end of the last window */
    int64_t  oldest_ns;       /* fills: venue time of the oldest row so far of this instrument; 0: none */
    uint32_t parts, instrument, pages, rows;
    bool     per_instrument;
    bool     joined;          /* the page under way is another's: see joins.c */
    uint64_t join;            /* the budget's name for it; 0: nobody shares it */
    struct session *session;  /* where join is not 0: whose it is */
};

/* Of a kind of read that recurs: the last one. */
struct read_pace {
    bot_ts   sent_at;
    uint32_t pages; /* that it took; 0: none came through yet */
};

/* An order request on its way. */
struct order_call {
    bool     used, waiting, over_ws;
    uint64_t http;
    struct venue_request req;
    uint64_t request_id;
    struct budget_request draw;
    bool     drawn;
    bot_ts   at, deadline, sent_at;
};

struct feed_instrument {
    bot_px     last;
    bot_ts     last_at;
    struct bot__feed feed;
    bool       feed_bad;
};

/* The order book of an instrument: books.c. */
struct live_book {
    struct book book;
    bot_ts   at, synced_at; /* last message that left it whole; whole since */
    bot_ts   resync_at;     /* a snapshot is asked for then */
    bot_ts   doubted_at;    /* and if nothing has come right until then, too */
    uint32_t tries;         /* snapshots asked for since it was last steady */
    uint64_t fallen;        /* book.fallen at the last snapshot */
};

struct outbox_item {
    bot_effect effect;
    bot_event  event; /* of a FILL effect */
};

/* Between the core and their being carried out: effects.c. */
struct effects {
    bot_effect *requests; /* those that send something; a ring */
    uint32_t requests_head, requests_n;
    struct outbox_item *outbox; /* those for the host; a ring */
    uint32_t outbox_head, outbox_n;
    bool     delivering;
};

/* The venue's clock against ours. */
struct venue_clock {
    bool     known;
    int64_t  offset_ns;
    bot_ts   at, asked_at; /* when it is asked next, and was last */
    uint32_t failures;     /* in a row */
};

struct funding {
    bot_ts  at;      /* when the account's log is read for it; NEVER where the stream tells all */
    int64_t from_ns; /* venue time from which on it is */
};

struct session {
    struct session_options options;
    struct transport transport;
    struct session_host host;
    bot_core *core;
    struct session_time t;
    bool started, stopped, instruments_loaded;
    bool carrying; /* what the core wants done is being done */
    int64_t started_wall_ns;
    uint64_t rng, next_http;
    struct session_stats stats;
    bot_symbol wanted[SESSION_INSTRUMENTS_MAX * 2]; /* instruments whose rows the core wants */
    uint32_t wanted_n;

    struct effects effects;
    struct venue_clock clock;
    struct funding funding;

    struct stream streams[BOT_STREAM_COUNT];
    struct venue_context contexts[BOT_STREAM_COUNT], rest_context;
    char listen_key[128];
    char public_2_url[SESSION_URL_MAX];
    bot_ts listen_keep_at;

    struct read reads[READS_MAX];
    struct read_pace paces[BOT_READ_KIND_COUNT];
    uint32_t instruments_failures; /* in a row */
    uint32_t calls_top; /* one past the last one in use: mostly none or one is */
    struct order_call calls[REQUESTS_MAX];
    bool resumed_over_hole;  /* the journal that was resumed lacked events, */
    int64_t hole_venue_ns;   /* from that venue time on; 0: not known */

    struct feed_instrument feeds[SESSION_INSTRUMENTS_MAX];
    struct live_book books[SESSION_INSTRUMENTS_MAX];
    struct bot__rate *rate;
    struct own_flow own_flow; /* what it is to count */
    struct bot__lag feed_lag, ack_lag;
    struct bot__private private_watch;
    bool rate_bad, lag_bad, ack_bad, private_bad;
};

static inline bot_ts session_after(bot_ts at, int64_t ns)
{
    bot_ts sum;
    return __builtin_add_overflow(at, ns, &sum) ? BOT_TS_NEVER : sum;
}
/* Index of an instrument of the options (of feeds and books, too); instruments_n when it is none of them. */
static inline uint32_t session_index(const struct session *s, const bot_symbol *instrument)
{
    uint32_t i = 0;
    while (i < s->options.instruments_n && !bot__symbol_eq(&s->options.instruments[i], instrument))
        i++;
    return i;
}
/* The public socket that brings an instrument's books, or its trades. */
static inline bot_stream session_public_of(const struct session *s, const bot_symbol *instrument, bool book)
{
    return s->options.venue->ws_public_of != NULL ? s->options.venue->ws_public_of(instrument, book) : BOT_STREAM_PUBLIC;
}
static inline bot_source session_source_of(bot_stream stream)
{
    return stream == BOT_STREAM_PRIVATE ? BOT_SOURCE_WS_PRIVATE : stream == BOT_STREAM_TRADE ? BOT_SOURCE_WS_TRADE : BOT_SOURCE_WS_PUBLIC;
}
static inline bool session_is_public(bot_stream stream) { return stream == BOT_STREAM_PUBLIC || stream == BOT_STREAM_PUBLIC_2; }
/* Doubling from 2 s to 32 s: an overloaded venue is not helped by more questions. */
static inline int64_t session_retry_ns(uint32_t *failures)
{
    const uint32_t n = *failures < 4 ? *failures : 4;
    *failures += 1;
    return 2 * BOT_NS_PER_S << n;
}
static inline int64_t session_venue_wall(const struct session *s) { return s->t.wall_ns + s->clock.offset_ns; }

void bot__session_log(struct session *s, int level, const char *name, const char *format, ...) __attribute__((format(printf, 4, 5)));
uint64_t bot__session_random(struct session *s);
/* An instrument whose rows the core wants, when the venue lists them. */
void bot__session_want(struct session *s, const bot_symbol *symbol);
bool bot__session_wants(const struct session *s, const bot_symbol *symbol);

#endif
