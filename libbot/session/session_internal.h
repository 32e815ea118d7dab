/* session/session_internal.h: the session's state, for its own files. */
#ifndef BOT_SESSION_INTERNAL_H
#define BOT_SESSION_INTERNAL_H

#include "core/arena.h"
#include "core/book.h"
#include "core/lag.h"
#include "core/rate.h"
#include "core/silent.h"
#include "session/session.h"

#define READS_MAX 24
#define REQUESTS_MAX 256 /* a kill over many orders: their cancels wait here for the budget */
#define JOINED_MAX 256 /* as many as the budget keeps */
#define OUTBOX_MAX 512
#define READS_KEPT 16
#define REQUESTS_KEPT 512 /* effects that send something, between the core and their being sent */
#define LEVELS_MAX 10000
#define CONNECTS_KEPT 64
#define FRAME_EVERY_NS (200 * BOT_NS_PER_MS)
#define PAGES_MAX 400

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

struct books_memory {
    bot_level *levels, *pending_levels;
    struct book_pending *pending;
};

struct outbox_item {
    bot_effect effect;
    bot_event  event; /* of a FILL effect */
};

struct session {
    struct session_options options;
    struct transport transport;
    struct session_host host;
    bot_core *core;
    struct session_time t;
    bool started, stopped, instruments_loaded, delivering;
    uint64_t rng, next_http;

    struct stream streams[BOT_STREAM_COUNT];
    struct venue_context contexts[BOT_STREAM_COUNT], rest_context;
    char listen_key[128];
    char public_2_url[SESSION_URL_MAX];
    bot_ts listen_keep_at;

    struct read reads[READS_MAX];
    struct read_pace paces[BOT_READ_KIND_COUNT];
    uint32_t calls_top; /* one past the last one in use: mostly none or one is */
    struct order_call calls[REQUESTS_MAX];
    int64_t started_wall_ns;
    bot_ts clock_at, clock_asked_at;
    bot_ts funding_at;       /* when the account's log is read for it; NEVER where the stream tells all */
    int64_t funding_from_ns; /* venue time from which on it is */
    uint32_t clock_failures, instruments_failures; /* in a row */
    int64_t clock_offset_ns;
    bool clock_known;

    struct feed_instrument feeds[SESSION_INSTRUMENTS_MAX];
    struct live_book books[SESSION_INSTRUMENTS_MAX];
    struct bot__rate *rate;
    struct bot__lag feed_lag, ack_lag;
    struct bot__private private_watch;
    bool rate_bad, lag_bad, ack_bad, private_bad;

    bot_effect *requests; /* a ring */
    uint32_t requests_head, requests_n;
    bool carrying;        /* the ring is being emptied */
    struct outbox_item *outbox;
    uint32_t outbox_head, outbox_n;
    struct session_stats stats;
    bot_symbol wanted[SESSION_INSTRUMENTS_MAX * 2]; /* instruments whose rows the core wants */
    uint32_t wanted_n;
};

/* session.c */
/* Around every input from outside: time comes in; effects go out to the host and the timer is armed. */
void bot__session_enter(struct session *s, struct session_time t);
void bot__session_leave(struct session *s);
void bot__session_rearm(struct session *s); /* something waits in it that was not there before */
int  bot__session_feed(struct session *s, bot_event *ev);
void bot__session_log(struct session *s, int level, const char *name, const char *format, ...) __attribute__((format(printf, 4, 5)));
uint64_t bot__session_random(struct session *s);
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
static inline bool session_is_public(bot_stream stream) { return stream == BOT_STREAM_PUBLIC || stream == BOT_STREAM_PUBLIC_2; }
static inline int64_t session_venue_wall(const struct session *s) { return s->t.wall_ns + s->clock_offset_ns; }

/* streams.c */
void bot__streams_start(struct session *s);
void bot__streams_tick(struct session *s);
bot_ts bot__streams_deadline(const struct session *s);
void bot__streams_resync(struct session *s, bot_stream stream, const char *reason);
bool bot__streams_public_up(const struct session *s); /* every public socket that is wanted; one at least */
bot_ts bot__streams_public_heard(const struct session *s); /* that of them which was heard longest ago */
void bot__streams_control(struct session *s, bot_stream stream, const bot_event *ev);
void bot__streams_listen_key(struct session *s, const char *key);
/* What came of prolonging it: NOT_FOUND means that the private socket is deaf, whatever else it says. */
void bot__streams_listen_kept(struct session *s, bot_outcome outcome);

/* requests.c */
void bot__requests_read(struct session *s, const bot_effect *e);
/* Reads the account's log from funding_from_ns on. */
void bot__requests_funding(struct session *s);
void bot__requests_own_read(struct session *s, enum venue_call call, bot_read_kind kind, uint32_t window_ms);
void bot__requests_book(struct session *s, const bot_symbol *instrument); /* a snapshot of its order book */
void bot__requests_send(struct session *s, const bot_effect *e);
void bot__requests_ws_answer(struct session *s, const bot_event *ev); /* ACK or ERROR of the order-entry socket */
void bot__requests_trade_lost(struct session *s);
void bot__requests_stop(struct session *s); /* no answer will be waited for: what was drawn is given back */
void bot__requests_tick(struct session *s);
bot_ts bot__requests_deadline(const struct session *s);

/* joins.c */
/* Whether the page is on its way for somebody else already: then it comes with his answer. Else it is ours to send. */
bool bot__joins_wait(struct session *s, struct read *r, const struct venue_http *http);
void bot__joins_sent(struct session *s, struct read *r);
/* The page is answered: who else waited for it, at most max; all are on their own again. */
uint32_t bot__joins_finish(struct session *s, struct read *r, struct read **ret_others, uint32_t max);
/* It will not be answered, or we do not wait any longer. */
void bot__joins_abandon(struct session *s, struct read *r);

/* feed.c */
bool bot__feed_open(struct session *s, void *rate_memory, size_t rate_size);
size_t bot__feed_memory(const struct session_options *o);
void bot__feed_event(struct session *s, const bot_event *ev);
void bot__feed_private_event(struct session *s, const bot_event *ev);
void bot__feed_private_fresh(struct session *s); /* a new private stream: old suspicions are void */
void bot__feed_lost(struct session *s, bot_stream stream);
/* A measurement of the venue's clock less ours. */
void bot__feed_clock(struct session *s, bot_ts sent_at, int64_t offset_ns, int64_t error_ns);
void bot__feed_acked(struct session *s, bot_ts sent_at);
void bot__feed_ticks(struct session *s);
bot_ts bot__feeds_deadline(const struct session *s);

/* books.c */
void bot__books_carve(struct arena *a, const struct session_options *o, struct books_memory *ret);
void bot__books_open(struct session *s, const struct books_memory *memory);
void bot__books_event(struct session *s, const bot_event *ev); /* BOOK of the stream or of a snapshot */
void bot__books_lost(struct session *s, bot_stream stream);
void bot__books_tick(struct session *s);
bot_ts bot__books_deadline(const struct session *s);

#endif
