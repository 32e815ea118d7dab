#include "journal/market.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/time_text.h"
#include "bot/decimal.h"
#include "journal/format.h"
#include "journal/item.h"
#include "journal/segment.h"

#define MINUTE_NS (60 * BOT_NS_PER_S)
#define MINUTES_PER_DAY 1440
#define JUMP_NS (10 * MINUTE_NS) /* a stamp so far ahead is believed when the next trade stands there, too */
#define OPEN_MINUTES 2 /* the one that goes on, and the one before while late trades may come */

struct minute {
    int64_t  begin_ns;   /* 0: not in use */
    bool     whole;
    uint32_t n, room;
    bot_event *trades;
    bot_symbol instrument;
};

struct track {
    bot_symbol    instrument;
    int64_t       newest_ns;     /* venue time of the newest trade */
    int64_t       whole_from_ns; /* minutes that begin here or later were heard from their beginning */
    int64_t       closed_ns;     /* minutes that begin before this are closed */
    bool          holds;         /* `held` is ahead by more than JUMP_NS: the end of a long silence, or a damaged stamp */
    bot_event     held;
    struct minute minutes[OPEN_MINUTES];
};

struct market_recorder {
    struct market_config config;
    const struct journal_fs *fs;
    char path[JOURNAL_PATH_MAX], venue[16];
    struct track *tracks;
    uint32_t tracks_n;
    _Atomic uint64_t trades, duplicates, late, minutes, partial, dropped, failures;
    struct minute *queue;       /* ring of queue_max */
    uint32_t queue_first, queue_n;
    bool     closing;
    pthread_mutex_t mutex;      /* guards the queue and closing */
    pthread_cond_t  cond;
    pthread_t       thread;
};

/* ---- names -------------------------------------------------------------------------------------------------- */

static void safe_name(const char *name, char *buf, size_t size)
{
    size_t n = 0;
    for (; *name != '\0' && n + 4 < size; name++) {
        const unsigned char c = (unsigned char)*name;
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
        n += (size_t)snprintf(buf + n, size - n, plain ? "%c" : "%%%02X", c);
    }
    buf[n] = '\0';
}

static int path_of(const char *path, const char *venue, const char *instrument, int64_t minute_ns, bool candles, char *buf,
                   size_t size)
{
    char v[64], i[128];
    struct civil t;
    safe_name(venue, v, sizeof v);
    safe_name(instrument, i, sizeof i);
    bot__civil_from_ns(minute_ns, &t);
    int n = candles ? snprintf(buf, size, "%s/%s/%s/candles-%04d%02u%02u.journal", path, v, i, t.year, t.month, t.day)
                    : snprintf(buf, size, "%s/%s/%s/%04d%02u%02u/trades-%02u%02u.journal", path, v, i, t.year, t.month, t.day, t.hour,
                               t.minute);
    return n < 0 || (size_t)n >= size ? BOT_ERR_FULL : n;
}

int bot__market_trades_path(const char *path, const char *venue, const char *instrument, int64_t minute_ns, char *buf, size_t size)
{
    return path_of(path, venue, instrument, minute_ns, false, buf, size);
}

int bot__market_candles_path(const char *path, const char *venue, const char *instrument, int64_t minute_ns, char *buf, size_t size)
{
    return path_of(path, venue, instrument, minute_ns, true, buf, size);
}

static void make_parents(const struct journal_fs *fs, const char *root, char *path)
{
    for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        (void)fs->mkdir(fs->self, path); /* what is wrong shows when the file is opened */
        *p = '/';
    }
}

/* ---- writing one minute ------------------------------------------------------------------------------------- */

static int by_time_and_id(const void *a, const void *b)
{
    const bot_event *x = a, *y = b;
    if (x->venue_ns != y->venue_ns)
        return x->venue_ns < y->venue_ns ? -1 : 1;
    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    if (x->trade.trade_id.len != y->trade.trade_id.len) /* shorter first: numbers as text stay in order */
        return x->trade.trade_id.len < y->trade.trade_id.len ? -1 : 1;
    return memcmp(x->trade.trade_id.s, y->trade.trade_id.s, x->trade.trade_id.len);
}

static int by_id(const void *a, const void *b)
{
    const bot_event *x = a, *y = b;
    if (x->trade.trade_id.len != y->trade.trade_id.len)
        return x->trade.trade_id.len < y->trade.trade_id.len ? -1 : 1;
    int r = memcmp(x->trade.trade_id.s, y->trade.trade_id.s, x->trade.trade_id.len);
    return r != 0 ? r : (x->venue_ns > y->venue_ns) - (x->venue_ns < y->venue_ns);
}

/* Each id once, in the order that every recorder arrives at. */
static void put_in_order(struct market_recorder *m, struct minute *q)
{
    qsort(q->trades, q->n, sizeof *q->trades, by_id);
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->n; i++) {
        const bool again = n > 0 && q->trades[i].trade.trade_id.len > 0 &&
                           q->trades[i].trade.trade_id.len == q->trades[n - 1].trade.trade_id.len &&
                           memcmp(q->trades[i].trade.trade_id.s, q->trades[n - 1].trade.trade_id.s, q->trades[i].trade.trade_id.len) == 0;
        if (again)
            atomic_fetch_add(&m->duplicates, 1);
        else
            q->trades[n++] = q->trades[i];
    }
    q->n = n;
    qsort(q->trades, q->n, sizeof *q->trades, by_time_and_id);
}

static void record_begin(struct journal_record *r, uint64_t number, uint32_t chain)
{
    *r = (struct journal_record){ .number = number, .chain = chain, .first = JOURNAL_FIRST_NONE };
}

/* The whole file in memory: at most trades_max items. Returns its size, 0 when there is no memory. */
static size_t trades_file(struct market_recorder *m, const struct minute *q, uint8_t **ret)
{
    const size_t room = JOURNAL_HEADER_SIZE + ((size_t)q->n * JOURNAL_EVENT_ITEM_MAX / JOURNAL_PAYLOAD_SIZE + 2) * JOURNAL_RECORD_SIZE;
    uint8_t *buf = m->fs->alloc(m->fs->self, room), item[JOURNAL_EVENT_ITEM_MAX + 16];
    if (buf == NULL)
        return 0;
    struct journal_header h = { .content = JOURNAL_CONTENT_TRADES, .segment = 1, .created_wall_ns = q->begin_ns,
                                .library = "libbot market 1" };
    memcpy(h.venue, m->venue, sizeof m->venue);
    memcpy(h.instrument, q->instrument.s, q->instrument.len);
    bot__journal_header_encode(&h, buf);
    size_t at = JOURNAL_HEADER_SIZE;
    struct journal_record r;
    record_begin(&r, 0, 0);
    for (uint32_t i = 0; i < q->n; i++) {
        int len = bot__item_encode_trade(&q->trades[i], item);
        if (len < 0)
            continue; /* not a trade that our own codecs can have made */
        if (r.first == JOURNAL_FIRST_NONE) {
            r.first = r.used;
            r.wall_ns = q->trades[i].venue_ns;
        }
        for (int done = 0; done < len;) {
            const int left = JOURNAL_PAYLOAD_SIZE - r.used, n = len - done < left ? len - done : left;
            memcpy(buf + at + JOURNAL_PAYLOAD_AT + r.used, item + done, (size_t)n);
            r.used = (uint8_t)(r.used + n);
            done += n;
            if (r.used == JOURNAL_PAYLOAD_SIZE) {
                if (r.wall_ns == 0)
                    r.wall_ns = q->trades[i].venue_ns;
                bot__journal_record_seal(&r, buf + at);
                at += JOURNAL_RECORD_SIZE;
                record_begin(&r, r.number + 1, r.crc);
            }
        }
    }
    if (r.used > 0) {
        if (r.wall_ns == 0)
            r.wall_ns = q->trades[q->n - 1].venue_ns;
        bot__journal_record_seal(&r, buf + at);
        at += JOURNAL_RECORD_SIZE;
    }
    BOT_ASSERT(at <= room);
    *ret = buf;
    return at;
}

static bool write_file(const struct journal_fs *fs, const char *path, const void *data, size_t len)
{
    char path_new[JOURNAL_PATH_MAX + 64];
    snprintf(path_new, sizeof path_new, "%s.new-%llu", path, (unsigned long long)fs->pid(fs->self));
    int fd = fs->open(fs->self, path_new, JOURNAL_WRITE | JOURNAL_CREATE | JOURNAL_FRESH);
    if (fd < 0)
        return false;
    bool good = bot__fs_write_all(fs, fd, data, len, 0) == 0 && fs->sync(fs->self, fd) == 0;
    fs->close(fs->self, fd);
    good = good && fs->rename(fs->self, path_new, path) == 0;
    if (!good)
        (void)fs->unlink(fs->self, path_new);
    return good;
}

/* False: nothing of the minute traded on the book, or a sum does not fit. */
static bool candle_of(const struct minute *q, bot_candle *ret)
{
    *ret = (bot_candle){ .minute_ns = q->begin_ns };
    for (uint32_t i = 0; i < q->n; i++) {
        const bot_ev_trade *t = &q->trades[i].trade;
        bot_i128 price, qty;
        if (t->block)
            continue;
        if (bot_dec_to_fixed(t->price, &price) != BOT_OK || bot_dec_to_fixed(t->qty, &qty) != BOT_OK ||
            !bot_fixed_add(ret->volume.v, qty, &ret->volume.v) ||
            (t->side == BOT_BUY && !bot_fixed_add(ret->volume_buy.v, qty, &ret->volume_buy.v)))
            return false;
        if (ret->trades++ == 0)
            ret->open.v = ret->high.v = ret->low.v = price;
        ret->high.v = price > ret->high.v ? price : ret->high.v;
        ret->low.v = price < ret->low.v ? price : ret->low.v;
        ret->close.v = price;
    }
    return ret->trades > 0;
}

static bool write_candle(struct market_recorder *m, const struct minute *q, const bot_candle *candle)
{
    char path[JOURNAL_PATH_MAX];
    uint8_t header[JOURNAL_HEADER_SIZE], record[JOURNAL_RECORD_SIZE] = { 0 };
    const int64_t day_ns = q->begin_ns - q->begin_ns % (MINUTES_PER_DAY * MINUTE_NS);
    if (bot__market_candles_path(m->path, m->venue, q->instrument.s, q->begin_ns, path, sizeof path) < 0)
        return false;
    struct journal_header h = { .content = JOURNAL_CONTENT_CANDLES, .segment = 1, .created_wall_ns = day_ns,
                                .library = "libbot market 1" };
    memcpy(h.venue, m->venue, sizeof m->venue);
    memcpy(h.instrument, q->instrument.s, q->instrument.len);
    bot__journal_header_encode(&h, header);
    const uint64_t minute = (uint64_t)((q->begin_ns - day_ns) / MINUTE_NS);
    int len = bot__item_encode_candle(candle, record + JOURNAL_PAYLOAD_AT);
    if (len < 0 || len > JOURNAL_PAYLOAD_SIZE)
        return false;
    struct journal_record r = { .number = minute, .wall_ns = q->begin_ns, .first = 0, .used = (uint8_t)len };
    bot__journal_record_seal(&r, record);
    int fd = m->fs->open(m->fs->self, path, JOURNAL_WRITE | JOURNAL_CREATE);
    if (fd < 0)
        return false;
    /* The header is always the same bytes, so writing it again harms nothing, and mends a file whose beginning was cut short. The last
     * slot fixes the file's length. */
    const uint64_t end = bot__journal_offset(0, MINUTES_PER_DAY);
    const bool fresh = m->fs->size(m->fs->self, fd) < (int64_t)end;
    static const uint8_t zero[1];
    const bool good = (!fresh || bot__fs_write_all(m->fs, fd, zero, 1, end - 1) == 0) &&
                      bot__fs_write_all(m->fs, fd, header, sizeof header, 0) == 0 &&
                      bot__fs_write_all(m->fs, fd, record, sizeof record, bot__journal_offset(0, minute)) == 0 &&
                      m->fs->sync(m->fs->self, fd) == 0;
    m->fs->close(m->fs->self, fd);
    return good;
}

static void write_minute(struct market_recorder *m, struct minute *q)
{
    char path[JOURNAL_PATH_MAX];
    uint8_t *file;
    bot_candle candle;
    put_in_order(m, q);
    int n = bot__market_trades_path(m->path, m->venue, q->instrument.s, q->begin_ns, path, sizeof path - 40);
    bool good = n > 0;
    if (good && !q->whole)
        snprintf(path + n - (int)sizeof "journal" + 1, 48, "partial-%llu", (unsigned long long)m->fs->pid(m->fs->self));
    const size_t len = good ? trades_file(m, q, &file) : 0;
    if (len > 0) {
        make_parents(m->fs, m->path, path);
        good = write_file(m->fs, path, file, len);
        m->fs->release(m->fs->self, file);
    }
    if (good && len > 0 && q->whole && candle_of(q, &candle))
        good = write_candle(m, q, &candle);
    atomic_fetch_add(good && len > 0 ? (q->whole ? &m->minutes : &m->partial) : &m->failures, 1);
    m->fs->release(m->fs->self, q->trades);
}

/* ---- loop thread -------------------------------------------------------------------------------------------- */

static void finish(struct market_recorder *m, struct minute *q)
{
    if (q->begin_ns == 0)
        return;
    if (q->n == 0) {
        m->fs->release(m->fs->self, q->trades);
        *q = (struct minute){ 0 };
        return;
    }
    pthread_mutex_lock(&m->mutex);
    const bool room = m->queue_n < m->config.queue_max;
    if (room) {
        m->queue[(m->queue_first + m->queue_n) % m->config.queue_max] = *q;
        m->queue_n++;
        pthread_cond_signal(&m->cond);
    }
    pthread_mutex_unlock(&m->mutex);
    if (!room) {
        atomic_fetch_add(&m->dropped, 1);
        m->fs->release(m->fs->self, q->trades);
    }
    *q = (struct minute){ 0 };
}

static struct track *track_of(struct market_recorder *m, const bot_symbol *s)
{
    for (uint32_t i = 0; i < m->tracks_n; i++)
        if (m->tracks[i].instrument.len == s->len && memcmp(m->tracks[i].instrument.s, s->s, s->len) == 0)
            return &m->tracks[i];
    if (m->tracks_n == m->config.instruments_max)
        return NULL;
    m->tracks[m->tracks_n] = (struct track){ .instrument = *s, .whole_from_ns = INT64_MAX };
    return &m->tracks[m->tracks_n++];
}

static struct minute *minute_of(struct market_recorder *m, struct track *t, int64_t begin_ns)
{
    struct minute *empty = NULL, *oldest = &t->minutes[0];
    for (int i = 0; i < OPEN_MINUTES; i++) {
        struct minute *q = &t->minutes[i];
        if (q->begin_ns == begin_ns)
            return q;
        if (q->begin_ns == 0)
            empty = q;
        else if (q->begin_ns < oldest->begin_ns)
            oldest = q;
    }
    if (empty == NULL) {
        if (oldest->begin_ns > begin_ns)
            return NULL; /* later than all that is still open */
        t->closed_ns = oldest->begin_ns + MINUTE_NS > t->closed_ns ? oldest->begin_ns + MINUTE_NS : t->closed_ns;
        finish(m, oldest);
        empty = oldest;
    }
    *empty = (struct minute){ .begin_ns = begin_ns, .whole = begin_ns >= t->whole_from_ns, .instrument = t->instrument };
    return empty;
}

static bool keep(struct market_recorder *m, struct minute *q, const bot_event *ev)
{
    if (q->n == q->room) {
        const uint32_t wanted = q->room == 0 ? 64 : q->room * 2;
        const uint32_t room = wanted < m->config.trades_max ? wanted : m->config.trades_max;
        bot_event *p = room > q->n ? m->fs->alloc(m->fs->self, room * sizeof *p) : NULL;
        if (p == NULL)
            return false;
        if (q->n > 0)
            memcpy(p, q->trades, q->n * sizeof *p);
        m->fs->release(m->fs->self, q->trades);
        q->trades = p;
        q->room = room;
    }
    bot_event *t = &q->trades[q->n++];
    *t = *ev;
    t->ts = 0; /* when it reached us, and by which way, is not the market's */
    t->source = t->flags = 0;
    t->read_id = 0;
    t->trade.replayed = false;
    return true;
}

static void take(struct market_recorder *m, struct track *t, const bot_event *ev)
{
    const int64_t begin = ev->venue_ns - ev->venue_ns % MINUTE_NS;
    if (begin < t->closed_ns) {
        /* A snapshot sent on subscribe reaches back into minutes that are written: no loss. A live trade is one. */
        atomic_fetch_add(ev->trade.replayed ? &m->duplicates : &m->late, 1);
        return;
    }
    if (t->whole_from_ns == INT64_MAX && !ev->trade.replayed)
        t->whole_from_ns = begin + MINUTE_NS;
    struct minute *q = minute_of(m, t, begin);
    if (q == NULL) {
        atomic_fetch_add(&m->late, 1);
        return;
    }
    atomic_fetch_add(&m->trades, 1);
    if (!keep(m, q, ev))
        q->whole = false;
    t->newest_ns = ev->venue_ns > t->newest_ns ? ev->venue_ns : t->newest_ns;
    for (int i = 0; i < OPEN_MINUTES; i++) {
        struct minute *o = &t->minutes[i];
        if (o->begin_ns != 0 && t->newest_ns >= o->begin_ns + MINUTE_NS + m->config.grace_ns) {
            t->closed_ns = o->begin_ns + MINUTE_NS > t->closed_ns ? o->begin_ns + MINUTE_NS : t->closed_ns;
            finish(m, o);
        }
    }
}

/* One damaged stamp of the future must not end all minutes until then: time goes there when a second trade has. */
void bot__market_take(struct market_recorder *m, const bot_event *ev)
{
    if (ev->kind != BOT_EV_TRADE || ev->venue_ns <= 0 || ev->instrument.len == 0)
        return;
    struct track *t = track_of(m, &ev->instrument);
    if (t == NULL) {
        atomic_fetch_add(&m->dropped, 1);
        return;
    }
    if (t->holds && ev->venue_ns == t->held.venue_ns && memcmp(&ev->trade.trade_id, &t->held.trade.trade_id, sizeof ev->trade.trade_id) == 0) {
        atomic_fetch_add(&m->duplicates, 1); /* itself again is no second one */
        return;
    }
    if (t->holds && ev->venue_ns < t->held.venue_ns - JUMP_NS) {
        atomic_fetch_add(&m->late, 1);
        for (int k = 0; k < OPEN_MINUTES; k++)
            t->minutes[k].whole = false; /* it belonged to one of them */
    } else if (t->holds) {
        take(m, t, &t->held);
    }
    t->holds = t->newest_ns != 0 && ev->venue_ns > t->newest_ns + JUMP_NS;
    if (t->holds)
        t->held = *ev;
    else
        take(m, t, ev);
}

void bot__market_gap(struct market_recorder *m, const bot_symbol *instrument)
{
    for (uint32_t i = 0; i < m->tracks_n; i++) {
        struct track *t = &m->tracks[i];
        if (instrument != NULL && (t->instrument.len != instrument->len || memcmp(t->instrument.s, instrument->s, instrument->len) != 0))
            continue;
        t->whole_from_ns = INT64_MAX;
        for (int k = 0; k < OPEN_MINUTES; k++)
            t->minutes[k].whole = false;
    }
}

void bot__market_stats_get(const struct market_recorder *m, struct market_stats *ret)
{
    *ret = (struct market_stats){ atomic_load(&m->trades), atomic_load(&m->duplicates), atomic_load(&m->late), atomic_load(&m->minutes),
                                  atomic_load(&m->partial), atomic_load(&m->dropped), atomic_load(&m->failures) };
}

/* ---- thread, open, close ------------------------------------------------------------------------------------ */

static bool next_minute(struct market_recorder *m, struct minute *ret, bool wait)
{
    pthread_mutex_lock(&m->mutex);
    while (wait && m->queue_n == 0 && !m->closing)
        pthread_cond_wait(&m->cond, &m->mutex);
    const bool got = m->queue_n > 0;
    if (got) {
        *ret = m->queue[m->queue_first];
        m->queue_first = (m->queue_first + 1) % m->config.queue_max;
        m->queue_n--;
    }
    pthread_mutex_unlock(&m->mutex);
    return got;
}

int bot__market_round(struct market_recorder *m)
{
    struct minute q;
    int n = 0;
    for (; next_minute(m, &q, false); n++)
        write_minute(m, &q);
    return n;
}

static void *thread_main(void *arg)
{
    struct market_recorder *m = arg;
    struct minute q;
    while (next_minute(m, &q, true))
        write_minute(m, &q);
    return NULL;
}

/* The host's signals are the host's: its handlers do not run on our threads. */
static bool start_thread(struct market_recorder *m)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int e = pthread_create(&m->thread, NULL, thread_main, m);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e == 0;
}

static void release(struct market_recorder *m)
{
    const struct journal_fs *fs = m->fs;
    for (uint32_t i = 0; m->tracks != NULL && i < m->tracks_n; i++)
        for (int k = 0; k < OPEN_MINUTES; k++)
            fs->release(fs->self, m->tracks[i].minutes[k].trades);
    fs->release(fs->self, m->tracks);
    fs->release(fs->self, m->queue);
    pthread_mutex_destroy(&m->mutex);
    pthread_cond_destroy(&m->cond);
    fs->release(fs->self, m);
}

int bot__market_open(const struct market_config *config, struct market_recorder **ret)
{
    const struct journal_fs *fs = config->fs != NULL ? config->fs : &bot__journal_fs;
    if (config->path == NULL || strlen(config->path) + 250 > JOURNAL_PATH_MAX || strlen(config->venue) > 14 ||
        config->instruments_max == 0 || config->instruments_max > 1024 || config->queue_max == 0 || config->queue_max > 1024 ||
        config->trades_max == 0 || config->trades_max > 1u << 24 || config->grace_ns < 0)
        return BOT_ERR_OPTIONS;
    struct market_recorder *m = fs->alloc(fs->self, sizeof *m);
    if (m == NULL)
        return BOT_ERR_NOMEM;
    memset(m, 0, sizeof *m);
    m->config = *config;
    m->fs = fs;
    memcpy(m->path, config->path, strlen(config->path) + 1);
    memcpy(m->venue, config->venue, strlen(config->venue) + 1);
    m->config.path = m->config.venue = NULL;
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->cond, NULL);
    m->tracks = fs->alloc(fs->self, config->instruments_max * sizeof *m->tracks);
    m->queue = fs->alloc(fs->self, config->queue_max * sizeof *m->queue);
    int e = m->tracks == NULL || m->queue == NULL ? BOT_ERR_NOMEM : BOT_OK;
    if (e == BOT_OK && fs->mkdir(fs->self, m->path) != 0)
        e = BOT_ERR_IO;
    if (e == BOT_OK && !config->inline_rounds && !start_thread(m))
        e = BOT_ERR_NOMEM;
    if (e != BOT_OK) {
        release(m);
        return e;
    }
    *ret = m;
    return BOT_OK;
}

void bot__market_close(struct market_recorder *m)
{
    if (m == NULL)
        return;
    for (uint32_t i = 0; i < m->tracks_n; i++)
        if (m->tracks[i].holds)
            take(m, &m->tracks[i], &m->tracks[i].held);
    for (uint32_t i = 0; i < m->tracks_n; i++)
        for (int k = 0; k < OPEN_MINUTES; k++) {
            m->tracks[i].minutes[k].whole = false; /* the next process may hear the rest */
            finish(m, &m->tracks[i].minutes[k]);
        }
    if (m->config.inline_rounds) {
        bot__market_round(m);
    } else {
        pthread_mutex_lock(&m->mutex);
        m->closing = true;
        pthread_cond_signal(&m->cond);
        pthread_mutex_unlock(&m->mutex);
        pthread_join(m->thread, NULL);
    }
    release(m);
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

int bot__market_candles(const struct journal_fs *fs, const char *file, int64_t from_ns, int64_t to_ns,
                        void (*on_candle)(void *user_data, const bot_candle *candle), void *user_data)
{
    uint8_t header[JOURNAL_HEADER_SIZE], buf[JOURNAL_RECORD_SIZE + 16] = { 0 };
    static const uint8_t zeros[JOURNAL_RECORD_SIZE];
    struct journal_header h;
    int count = 0;
    int fd = fs->open(fs->self, file, JOURNAL_READ);
    if (fd < 0)
        return BOT_ERR_IO;
    ssize_t n = bot__fs_read_all(fs, fd, header, sizeof header, 0);
    int e = n < 0 ? BOT_ERR_IO : bot__journal_header_decode(header, (size_t)n, &h);
    if (e == BOT_OK && h.content != JOURNAL_CONTENT_CANDLES)
        e = BOT_ERR_MALFORMED;
    const int64_t day = e == BOT_OK ? h.created_wall_ns : 0;
    int64_t first = from_ns <= day ? 0 : (from_ns - day + MINUTE_NS - 1) / MINUTE_NS;
    for (int64_t k = first; e == BOT_OK && k < MINUTES_PER_DAY && day + k * MINUTE_NS < to_ns; k++) {
        struct journal_record r;
        bot_journal_item item;
        n = bot__fs_read_all(fs, fd, buf, JOURNAL_RECORD_SIZE, bot__journal_offset(0, (uint64_t)k));
        if (n == JOURNAL_RECORD_SIZE && memcmp(buf, zeros, sizeof zeros) == 0)
            continue;
        if (n != JOURNAL_RECORD_SIZE)
            e = n < 0 ? BOT_ERR_IO : BOT_ERR_CHECKSUM;
        else if (bot__journal_record_decode(buf, &r) != BOT_OK || r.number != (uint64_t)k ||
                 bot__item_decode(buf + JOURNAL_PAYLOAD_AT, r.used, &item) != BOT_OK || item.kind != BOT_JOURNAL_CANDLE)
            e = BOT_ERR_CHECKSUM;
        else
            on_candle(user_data, &item.candle), count++;
    }
    fs->close(fs->self, fd);
    return e < 0 ? e : count;
}
