#include "journal/writer_state.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "journal/checkpoint.h"
#include "journal/exec.h"
#include "journal/item.h"
#include "journal/reader.h"

#define LAZY_NS BOT_NS_PER_S /* how long ticks and signs of life wait for company */

enum { ENTRY_EXEC = 1, ENTRY_LAZY = 2 }; /* flags in the ring */

void bot_journal_options_init(bot_journal_options *o)
{
    *o = (bot_journal_options){
        .struct_size = sizeof *o,
        .durability = BOT_DURABILITY_INTERVAL,
        .commit_interval_ns = 10 * BOT_NS_PER_MS,
        .sync_interval_ns = 200 * BOT_NS_PER_MS,
        .stall_ns = 2 * BOT_NS_PER_S,
        .retry_interval_ns = BOT_NS_PER_S,
        .segment_bytes = 64u << 20,
        .ring_bytes = 4u << 20,
        .raw_message_max = 4096,
        .raw_segment_max = 1u << 20,
        .market_trades_max = 65536,
        .checkpoint_bytes = 16u << 20,
    };
}

/* ---- loop thread -------------------------------------------------------------------------------------------- */

static void wake(struct journal *j)
{
    if (j->config.inline_rounds || atomic_exchange(&j->wake, true))
        return;
    /* The thread holds this only around its wait, never while it touches the disk. */
    pthread_mutex_lock(&j->mutex);
    pthread_cond_signal(&j->cond);
    pthread_mutex_unlock(&j->mutex);
}

static void count(_Atomic uint64_t *counter)
{
    /* One writer: no read-modify-write is needed. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

static int lose(struct journal *j, bot_ts ts)
{
    if (j->lost_items++ == 0)
        j->lost_from = ts;
    j->lost_to = ts;
    count(&j->lost);
    atomic_store(&j->full, true);
    wake(j);
    return BOT_ERR_FULL;
}

/* Room for an item, after the LOST item that may be owed: the hole is marked where it is, before anything follows it. */
static uint8_t *reserve(struct journal *j, bot_ts ts, uint32_t len)
{
    if (j->lost_items > 0) {
        uint8_t *p = ring_reserve(&j->ring, JOURNAL_EVENT_ITEM_MAX);
        if (p == NULL)
            return NULL;
        ring_commit(&j->ring, (uint32_t)bot__item_encode_lost(ts, j->lost_items, j->lost_from, j->lost_to, p), 0);
        j->lost_items = 0;
        atomic_store(&j->full, false);
    }
    return ring_reserve(&j->ring, len);
}

static void commit(struct journal *j, int len, uint32_t flags)
{
    ring_commit(&j->ring, (uint32_t)len, flags);
    count(&j->appended);
    atomic_store_explicit(&j->ring_used_max, j->ring.used_max, memory_order_relaxed);
    const bool fill_waits = (flags & ENTRY_EXEC) && j->config.options.durability == BOT_DURABILITY_EVERY_FILL;
    if (fill_waits || j->ring.head_local - j->ring.tail_seen > j->ring.size / 2)
        wake(j);
}

int bot__journal_append(struct journal *j, const bot_event *ev)
{
    uint8_t *p = reserve(j, ev->ts, JOURNAL_EVENT_ITEM_MAX + 16);
    if (p == NULL)
        return lose(j, ev->ts);
    int len = bot__item_encode_event(ev, p);
    if (len < 0)
        return len;
    const uint32_t exec = ev->kind == BOT_EV_FILL || ev->kind == BOT_EV_FUNDING ? ENTRY_EXEC : 0;
    if (exec != 0) {
        j->execs_appended++;
        j->last_exec_kind = ev->kind;
        j->last_exec = bot__exec_key_of(ev);
    } else {
        j->last_exec_kind = 0;
    }
    commit(j, len, exec | (bot__item_is_lazy(ev->kind) ? ENTRY_LAZY : 0));
    return BOT_OK;
}

int bot__journal_append_raw(struct journal *j, bot_ts ts, bot_source source, const void *bytes, size_t len)
{
    const bot_journal_options *o = &j->config.options;
    const uint32_t segment = atomic_load_explicit(&j->segment_now, memory_order_relaxed);
    if (segment != j->raw_segment_seen) {
        j->raw_segment_seen = segment;
        j->raw_segment_used = 0;
    }
    const uint32_t kept = (uint32_t)(len < o->raw_message_max ? len : o->raw_message_max);
    const uint32_t total = (uint32_t)(len < UINT32_MAX ? len : UINT32_MAX);
    if (kept == 0 || j->raw_segment_used + kept > o->raw_segment_max) {
        count(&j->raw_dropped);
        return BOT_OK;
    }
    uint8_t *p = reserve(j, ts, kept + 64);
    if (p == NULL)
        return lose(j, ts);
    int n = bot__item_encode_raw(ts, source, bytes, kept, total, p);
    if (n < 0)
        return n;
    commit(j, n, 0);
    j->raw_segment_used += kept;
    count(&j->raw_kept);
    return BOT_OK;
}

int bot__journal_append_options(struct journal *j, bot_ts ts, const char *text, size_t len)
{
    if (len > 32768)
        return BOT_ERR_INVALID;
    uint8_t *p = reserve(j, ts, (uint32_t)len + 64);
    if (p == NULL)
        return lose(j, ts);
    int n = bot__item_encode_options(ts, text, (uint32_t)len, p);
    if (n < 0)
        return n;
    commit(j, n, 0);
    char *rules = j->fs->alloc(j->fs->self, len + 1);
    if (rules == NULL)
        return BOT_OK; /* without them no checkpoint is made; the next start replays more */
    memcpy(rules, text, len);
    pthread_mutex_lock(&j->index_mutex);
    j->fs->release(j->fs->self, j->rules);
    j->rules = rules;
    j->rules_len = len;
    pthread_mutex_unlock(&j->index_mutex);
    return BOT_OK;
}

enum journal_state bot__journal_state(const struct journal *j, bot_ts now)
{
    if (atomic_load_explicit(&j->full, memory_order_relaxed))
        return JOURNAL_FULL;
    if (atomic_load_explicit(&j->failed_op, memory_order_acquire) != OP_NONE)
        return JOURNAL_FAILED;
    const int64_t still = now - atomic_load_explicit(&j->progress, memory_order_relaxed);
    return still > j->config.options.stall_ns + j->config.options.commit_interval_ns ? JOURNAL_STALLED : JOURNAL_OK;
}

size_t bot__journal_state_text(const struct journal *j, bot_ts now, char *buf, size_t size)
{
    static const char *const ops[] = { "", "writing", "syncing", "beginning a segment", "taking memory" };
    int n = 0;
    switch (bot__journal_state(j, now)) {
    case JOURNAL_OK: n = snprintf(buf, size, "%s", ""); break;
    case JOURNAL_FULL:
        n = snprintf(buf, size, "the journal's ring is full: %llu events are not recorded; the disk is too slow or has failed",
                     (unsigned long long)atomic_load(&j->lost));
        break;
    case JOURNAL_STALLED:
        n = snprintf(buf, size, "the journal's disk has made no progress for %lld ms",
                     (long long)((now - atomic_load(&j->progress)) / BOT_NS_PER_MS));
        break;
    case JOURNAL_FAILED: {
        const int op = atomic_load(&j->failed_op);
        char text[96];
        n = snprintf(buf, size, "the journal cannot be written: %s failed: %s", ops[op >= 0 && op <= OP_MEMORY ? op : 0],
                     strerror_r(atomic_load(&j->failed_errno), text, sizeof text));
        break;
    }
    }
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

void bot__journal_stats_get(const struct journal *j, bot_journal_stats *ret)
{
    *ret = (bot_journal_stats){
        .appended = atomic_load(&j->appended), .lost = atomic_load(&j->lost), .written = atomic_load(&j->written), .next_record = atomic_load(&j->next_record),
        .durable_record = atomic_load(&j->durable_record), .writes = atomic_load(&j->writes), .syncs = atomic_load(&j->syncs),
        .segments = atomic_load(&j->segments), .failures = atomic_load(&j->failures), .raw_kept = atomic_load(&j->raw_kept),
        .raw_dropped = atomic_load(&j->raw_dropped), .ring_used_max = atomic_load(&j->ring_used_max),
        .checkpoints = atomic_load(&j->checkpoints), .checkpoints_failed = atomic_load(&j->checkpoints_failed),
    };
}

/* ---- writer's thread: failing and recovering ------------------------------------------------------------------ */

static void progress(struct journal *j)
{
    atomic_store_explicit(&j->progress, j->fs->now(j->fs->self), memory_order_relaxed);
}

static void changed(struct journal *j)
{
    if (j->config.on_change != NULL)
        j->config.on_change(j->config.user_data);
}

static void failed(struct journal *j, enum journal_op op)
{
    const int err = errno;
    progress(j);
    atomic_store(&j->failed_errno, op == OP_MEMORY ? ENOMEM : err);
    const int before = atomic_exchange(&j->failed_op, op);
    atomic_fetch_add(&j->failures, 1);
    j->retry_at = atomic_load(&j->progress) + j->config.options.retry_interval_ns;
    if (before == OP_NONE)
        changed(j);
}

static void works(struct journal *j)
{
    if (atomic_exchange(&j->failed_op, OP_NONE) != OP_NONE)
        changed(j);
}

/* ---- writer's thread: records --------------------------------------------------------------------------------- */

static uint8_t *record_now(struct journal *j) { return j->batch + (size_t)j->batch_n * JOURNAL_RECORD_SIZE; }

/* Records of the segment, those still in memory included. */
static uint64_t segment_records(const struct journal *j) { return j->file_records + j->batch_n + (j->record.used > 0); }

static uint64_t record_number(const struct journal *j) { return j->header.first_record + j->file_records + j->batch_n; }

static void complete_record(struct journal *j)
{
    if (j->record.used == 0)
        return;
    const uint64_t durable = atomic_load_explicit(&j->durable_record, memory_order_relaxed);
    j->record.number = record_number(j);
    j->record.chain = j->crc_last;
    j->record.wall_ns = j->fs->wall(j->fs->self);
    j->record.unsynced = (uint32_t)(j->record.number - durable < UINT32_MAX ? j->record.number - durable : UINT32_MAX);
    bot__journal_record_seal(&j->record, record_now(j));
    j->crc_last = j->record.crc;
    j->wall_min = j->record.wall_ns < j->wall_min ? j->record.wall_ns : j->wall_min;
    j->wall_max = j->record.wall_ns > j->wall_max ? j->record.wall_ns : j->wall_max;
    j->batch_n++;
    j->items_completed = j->items_packed;
    j->record = (struct journal_record){ .first = JOURNAL_FIRST_NONE };
    j->eager = false;
}

static void pack(struct journal *j, const uint8_t *bytes, size_t len, bot_ts ts, uint8_t flags)
{
    const bool counted = bytes[2] != BOT_JOURNAL_RUN && bytes[2] != BOT_JOURNAL_LOST; /* ours, not the loop's */
    if (j->record.first == JOURNAL_FIRST_NONE && j->record.used < JOURNAL_PAYLOAD_SIZE) {
        j->record.first = j->record.used;
        j->record.ts = ts;
        j->record.flags |= flags;
    }
    while (len > 0) {
        const size_t room = (size_t)JOURNAL_PAYLOAD_SIZE - j->record.used, n = len < room ? len : room;
        memcpy(record_now(j) + JOURNAL_PAYLOAD_AT + j->record.used, bytes, n);
        j->record.used = (uint8_t)(j->record.used + n);
        bytes += n;
        len -= n;
        if (j->record.used == JOURNAL_PAYLOAD_SIZE) {
            const bool eager = j->eager;
            complete_record(j);
            j->eager = eager && len > 0;
            j->items_completed += len == 0 && counted;
        }
    }
    j->items_packed += counted;
}

static void remember_exec(struct journal *j, const struct ring_entry *e)
{
    bot_journal_item item;
    uint8_t copy[JOURNAL_EVENT_ITEM_MAX + 16]; /* decoding reads up to 16 bytes too many, and those may be of an entry that is being written */
    BOT_ASSERT(e->len <= JOURNAL_EVENT_ITEM_MAX);
    memcpy(copy, e->bytes, e->len);
    memset(copy + e->len, 0, 16);
    if (bot__item_decode(copy, e->len, &item) != BOT_OK)
        return; /* it was encoded by us a moment ago; reading it back is how the key is taken from one place */
    const bot_event *ev = &item.event;
    const bot_id *id = ev->kind == BOT_EV_FILL ? &ev->fill.exec_id : &ev->funding.exec_id;
    BOT_ASSERT(j->execs_n < EXECS_MAX);
    j->exec_keys[j->execs_n] = bot__index_key(ev->kind, &ev->instrument, id);
    j->exec_records[j->execs_n++] = record_number(j);
    j->urgent |= j->config.options.durability == BOT_DURABILITY_EVERY_FILL;
}

/* ---- writer's thread: disk ------------------------------------------------------------------------------------ */

/* Writes the completed records. What is being filled moves to the front. A failed write is repeated with the same bytes at
 * the same place, so a write that stopped half way leaves nothing to clean up. */
static bool write_batch(struct journal *j)
{
    if (j->batch_n == 0)
        return true;
    const size_t len = (size_t)j->batch_n * JOURNAL_RECORD_SIZE;
    progress(j);
    if (bot__fs_write_all(j->fs, j->fd, j->batch, len, bot__journal_offset(0, j->file_records)) != 0) {
        failed(j, OP_WRITE);
        return false;
    }
    progress(j);
    pthread_mutex_lock(&j->index_mutex);
    uint32_t i = 0;
    while (i < j->execs_n && j->exec_records[i] < j->header.first_record + j->file_records + j->batch_n &&
           bot__index_add(j->fs, &j->table, j->exec_keys[i], j->exec_records[i]) == BOT_OK)
        i++;
    j->execs_written += i;
    const uint64_t end = j->header.first_record + j->file_records + j->batch_n;
    const bool remembered = i == j->execs_n || j->exec_records[i] >= end;
    j->table_end = remembered ? end : j->exec_records[i];
    pthread_mutex_unlock(&j->index_mutex);
    memmove(j->exec_keys, j->exec_keys + i, (j->execs_n - i) * sizeof *j->exec_keys);
    memmove(j->exec_records, j->exec_records + i, (j->execs_n - i) * sizeof *j->exec_records);
    j->execs_n -= i;
    if (!remembered) { /* written, but it could not be found again: the batch stays until there is memory */
        failed(j, OP_MEMORY);
        return false;
    }
    atomic_fetch_add(&j->writes, 1);
    atomic_store(&j->written, j->items_completed);
    j->file_records += j->batch_n;
    atomic_store(&j->next_record, j->header.first_record + j->file_records);
    if (j->record.used > 0)
        memcpy(j->batch + JOURNAL_PAYLOAD_AT, record_now(j) + JOURNAL_PAYLOAD_AT, j->record.used);
    j->batch_n = 0;
    return true;
}

/* After a failed sync: what is not known to be on the disk is read back, checked, and written once more, so that the next
 * sync has something to do. Where the file system has dropped it, the file is left as it is (a reader will name the place)
 * and writing goes on in a new one. */
static bool rewrite_unsynced(struct journal *j)
{
    uint8_t buf[16 * JOURNAL_RECORD_SIZE];
    const uint64_t durable = atomic_load(&j->durable_record);
    uint64_t i = durable > j->header.first_record ? durable - j->header.first_record : 0;
    while (i < j->file_records) {
        const uint64_t at = bot__journal_offset(0, i);
        uint64_t n = j->file_records - i < 16 ? j->file_records - i : 16;
        struct journal_record rec;
        bool whole = bot__fs_read_all(j->fs, j->fd, buf, n * JOURNAL_RECORD_SIZE, at) == (ssize_t)(n * JOURNAL_RECORD_SIZE);
        for (uint64_t k = 0; k < n && whole; k++)
            whole = bot__journal_record_decode(buf + k * JOURNAL_RECORD_SIZE, &rec) == BOT_OK;
        if (!whole) {
            j->must_roll = true;
            break;
        }
        if (bot__fs_write_all(j->fs, j->fd, buf, n * JOURNAL_RECORD_SIZE, at) != 0) {
            failed(j, OP_WRITE);
            return false;
        }
        progress(j);
        i += n;
    }
    j->must_rewrite = false;
    return true;
}

static bool sync_now(struct journal *j)
{
    progress(j);
    if (j->must_rewrite && !rewrite_unsynced(j))
        return false;
    if (j->fs->sync(j->fs->self, j->fd) != 0) {
        /* The kernel may have marked the pages clean and forgotten: a second sync alone would lie. */
        j->must_rewrite = true;
        failed(j, OP_SYNC);
        return false;
    }
    progress(j);
    atomic_fetch_add(&j->syncs, 1);
    atomic_store(&j->durable_record, j->header.first_record + j->file_records);
    j->urgent = j->execs_n > 0;
    j->sync_at = atomic_load(&j->progress) + j->config.options.sync_interval_ns;
    return true;
}

/* Closes the active segment and begins the next. Everything completed has been written. May be called again after it
 * failed. */
static bool roll(struct journal *j)
{
    BOT_ASSERT(j->batch_n == 0 && j->record.used == 0);
    if (!j->sealed_done && !j->must_roll && !sync_now(j))
        return false;
    const uint64_t end = j->header.first_record + j->file_records;
    if (!j->sealed_done && j->file_records > 0) {
        struct index_table t;
        struct index_facts f = { j->header.segment, j->crc_last, j->header.first_record, j->file_records, j->header.journal_id, 0,
                                 j->wall_min, j->wall_max };
        pthread_mutex_lock(&j->index_mutex);
        const uint32_t at = j->sealed_n;
        int e = bot__journal_add_sealed(j, (struct sealed){ j->header.segment, false, j->header.first_record });
        if (e == BOT_OK) {
            t = j->table;
            j->table = (struct index_table){ 0 };
        }
        pthread_mutex_unlock(&j->index_mutex);
        if (e != BOT_OK) {
            failed(j, OP_MEMORY);
            return false;
        }
        j->sealed_done = true;
        char path[JOURNAL_PATH_MAX], path_new[JOURNAL_PATH_MAX];
        bot__segment_path(j->path, j->header.segment, "index", path);
        bot__segment_path(j->path, j->header.segment, "index.new", path_new);
        /* Not needed to be right, only to be fast: until there is one, that segment is searched from end to end. */
        const bool indexed = bot__index_write(j->fs, path_new, path, &f, &t) == BOT_OK;
        bot__index_release(j->fs, &t);
        pthread_mutex_lock(&j->index_mutex);
        j->sealed[at].indexed = indexed;
        pthread_mutex_unlock(&j->index_mutex);
        progress(j);
    }
    const struct journal_header before = j->header;
    pthread_mutex_lock(&j->index_mutex);
    j->header.segment++;
    j->header.first_record = end;
    j->header.chain_in = j->crc_last;
    j->header.created_wall_ns = j->fs->wall(j->fs->self);
    j->header.created = j->fs->now(j->fs->self) + j->ts_offset;
    pthread_mutex_unlock(&j->index_mutex);
    const uint64_t records = j->file_records;
    if (bot__journal_begin_segment(j) != BOT_OK) {
        const int e = errno;
        pthread_mutex_lock(&j->index_mutex);
        j->header = before;
        pthread_mutex_unlock(&j->index_mutex);
        j->file_records = records;
        errno = e;
        failed(j, OP_SEGMENT);
        return false;
    }
    j->sealed_done = j->must_roll = false;
    return true;
}

/* Room in the batch and in the segment for an item. False: something failed. */
static bool make_room(struct journal *j, size_t len)
{
    const uint64_t records = len / JOURNAL_PAYLOAD_SIZE + 2;
    const uint64_t limit = j->config.options.segment_bytes / JOURNAL_RECORD_SIZE - 1;
    if (segment_records(j) > 0 && segment_records(j) + records > limit) {
        complete_record(j);
        return write_batch(j) && roll(j);
    }
    if (j->batch_n + records >= BATCH_RECORDS || j->execs_n == EXECS_MAX)
        return write_batch(j);
    return true;
}

static bool begin_run(struct journal *j)
{
    uint8_t buf[JOURNAL_EVENT_ITEM_MAX + 16];
    const bot_ts now = j->fs->now(j->fs->self) + j->ts_offset;
    int len = bot__item_encode_run(now, j->fs->wall(j->fs->self), j->fs->pid(j->fs->self), "libbot " BOT_VERSION, buf);
    BOT_ASSERT(len > 0);
    if (!make_room(j, (size_t)len))
        return false;
    pack(j, buf, (size_t)len, now, JOURNAL_RECORD_RUN);
    j->eager = true;
    j->run_pending = false;
    return true;
}

static bool drain(struct journal *j)
{
    struct ring_entry e;
    if (j->run_pending && !begin_run(j))
        return false;
    /* Bounded by what is there now: under a flood the batch still reaches the disk in time. */
    const uint64_t head = atomic_load_explicit(&j->ring.head, memory_order_acquire);
    while (atomic_load_explicit(&j->ring.tail, memory_order_relaxed) < head && ring_peek(&j->ring, &e)) {
        if (!make_room(j, e.len))
            return false;
        /* Every body begins with its time, EVENT's after three bytes. */
        const bot_ts ts = (bot_ts)get_u64(e.bytes + JOURNAL_ITEM_HEAD + (e.bytes[2] == BOT_JOURNAL_EVENT ? 3 : 0));
        if (j->record.used == 0)
            j->lazy_since = j->fs->now(j->fs->self);
        if (e.flags & ENTRY_EXEC)
            remember_exec(j, &e);
        j->eager |= !(e.flags & ENTRY_LAZY);
        pack(j, e.bytes, e.len, ts, 0);
        ring_take(&j->ring, &e);
    }
    return true;
}

int bot__journal_round(struct journal *j)
{
    const uint64_t before = j->header.first_record + j->file_records;
    const bool closing = atomic_load(&j->closing);
    progress(j);
    const bot_ts now = atomic_load(&j->progress);
    if (atomic_load(&j->failed_op) != OP_NONE && now < j->retry_at && !closing)
        return 0;
    if (j->must_roll) {
        complete_record(j);
        if (!write_batch(j) || !roll(j))
            return 0;
    }
    if (!drain(j))
        return 0;
    if (j->eager || closing || (j->record.used > 0 && now - j->lazy_since >= LAZY_NS))
        complete_record(j);
    if (!write_batch(j))
        return 0;
    const bool unsynced = atomic_load(&j->next_record) > atomic_load(&j->durable_record);
    const bool due = j->config.options.durability != BOT_DURABILITY_NONE && (j->urgent || now >= j->sync_at);
    if (unsynced && (due || closing) && !sync_now(j))
        return 0;
    works(j);
    return (int)(j->header.first_record + j->file_records - before);
}

/* ---- checkpoints ---------------------------------------------------------------------------------------------- */

static void *checkpoint_main(void *arg)
{
    struct journal *j = arg;
    char *rules = NULL;
    size_t len = 0;
    pthread_mutex_lock(&j->index_mutex);
    if (j->rules != NULL && (rules = j->fs->alloc(j->fs->self, j->rules_len + 1)) != NULL)
        memcpy(rules, j->rules, len = j->rules_len);
    pthread_mutex_unlock(&j->index_mutex);
    /* Nothing waits for it: whoever trades comes first. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
    const uint64_t every = j->config.options.checkpoint_bytes / JOURNAL_RECORD_SIZE * 4;
    const int r = rules == NULL ? BOT_ERR_NOMEM : bot__checkpoint_make(j->fs, j->path, rules, len, every, &j->closing);
    j->fs->release(j->fs->self, rules);
    if (r > 0)
        atomic_fetch_add(&j->checkpoints, (uint64_t)r);
    else if (r < 0)
        atomic_fetch_add(&j->checkpoints_failed, 1);
    atomic_store(&j->checkpoint_running, false);
    return NULL;
}

/* The host's signals are the host's: its handlers do not run on our threads. */
static bool start_thread(pthread_t *thread, void *(*thread_fn)(void *), struct journal *j)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int e = pthread_create(thread, NULL, thread_fn, j);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e == 0;
}

static void checkpoint_if_due(struct journal *j)
{
    const uint64_t next = atomic_load_explicit(&j->next_record, memory_order_relaxed);
    if (j->config.options.checkpoint_bytes == 0 || atomic_load(&j->checkpoint_running) ||
        (next - j->checkpoint_at) * JOURNAL_RECORD_SIZE < j->config.options.checkpoint_bytes)
        return;
    if (j->checkpoint_started)
        pthread_join(j->checkpoint_thread, NULL);
    j->checkpoint_at = next;
    atomic_store(&j->checkpoint_running, true);
    j->checkpoint_started = start_thread(&j->checkpoint_thread, checkpoint_main, j);
    if (!j->checkpoint_started) {
        atomic_store(&j->checkpoint_running, false);
        atomic_fetch_add(&j->checkpoints_failed, 1);
    }
}

static void *thread_main(void *arg)
{
    struct journal *j = arg;
    while (!atomic_load(&j->closing)) {
        bot__journal_round(j);
        checkpoint_if_due(j);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        const int64_t ns = until.tv_nsec + j->config.options.commit_interval_ns;
        until.tv_sec += (time_t)(ns / BOT_NS_PER_S);
        until.tv_nsec = (long)(ns % BOT_NS_PER_S);
        pthread_mutex_lock(&j->mutex);
        while (!atomic_load(&j->wake) && !atomic_load(&j->closing))
            if (pthread_cond_timedwait(&j->cond, &j->mutex, &until) == ETIMEDOUT)
                break;
        atomic_store(&j->wake, false);
        pthread_mutex_unlock(&j->mutex);
    }
    bot__journal_round(j);
    return NULL;
}

/* ---- open, close ---------------------------------------------------------------------------------------------- */

static const char *bad_option(const bot_journal_options *o)
{
    if (o->path == NULL || o->path[0] == '\0' || strlen(o->path) + 64 > JOURNAL_PATH_MAX) return "path: 1..448 bytes";
    if ((unsigned)o->durability > BOT_DURABILITY_EVERY_FILL) return "durability";
    if (o->commit_interval_ns < BOT_NS_PER_US || o->commit_interval_ns > 10 * BOT_NS_PER_S) return "commit_interval_ns: 1 us..10 s";
    if (o->sync_interval_ns < BOT_NS_PER_MS || o->sync_interval_ns > 60 * BOT_NS_PER_S) return "sync_interval_ns: 1 ms..60 s";
    if (o->stall_ns < 10 * BOT_NS_PER_MS || o->stall_ns > 60 * BOT_NS_PER_S) return "stall_ns: 10 ms..60 s";
    if (o->retry_interval_ns < BOT_NS_PER_MS || o->retry_interval_ns > 3600 * BOT_NS_PER_S) return "retry_interval_ns: 1 ms..1 h";
    if (o->segment_bytes < 4096 || o->segment_bytes > 1u << 30 || o->segment_bytes % JOURNAL_RECORD_SIZE != 0)
        return "segment_bytes: 4 KiB..1 GiB, a multiple of 256";
    if (o->ring_bytes < 65536 || o->ring_bytes > 1u << 30 || (o->ring_bytes & (o->ring_bytes - 1)) != 0)
        return "ring_bytes: a power of two, 64 KiB..1 GiB";
    if (o->raw_message_max > 32768) return "raw_message_max: 0..32768";
    if (o->checkpoint_bytes != 0 && (o->checkpoint_bytes < 65536 || o->checkpoint_bytes > UINT64_C(1) << 40))
        return "checkpoint_bytes: 0, or 64 KiB..1 TiB";
    return NULL;
}

static void release(struct journal *j)
{
    const struct journal_fs *fs = j->fs;
    if (j->fd >= 0)
        fs->close(fs->self, j->fd);
    if (j->lock_fd >= 0)
        fs->close(fs->self, j->lock_fd); /* gives up the lock */
    bot__index_release(fs, &j->table);
    fs->release(fs->self, j->sealed);
    fs->release(fs->self, j->rules);
    fs->release(fs->self, j->ring.memory);
    fs->release(fs->self, j->batch);
    pthread_cond_destroy(&j->cond);
    pthread_mutex_destroy(&j->mutex);
    pthread_mutex_destroy(&j->index_mutex);
    fs->release(fs->self, j);
}

int bot__journal_open(const struct journal_config *config, struct journal **ret_journal, struct journal_recovery *ret)
{
    const struct journal_fs *fs = config->fs != NULL ? config->fs : &bot__journal_fs;
    *ret = (struct journal_recovery){ 0 };
    const char *bad = bad_option(&config->options);
    if (bad == NULL && (strlen(config->venue) > 14 || strlen(config->account) > 62))
        bad = "venue: up to 14 bytes, account: up to 62";
    if (bad != NULL) {
        snprintf(ret->text, sizeof ret->text, "journal option out of its range: %s", bad);
        return BOT_ERR_OPTIONS;
    }
    struct journal *j = fs->alloc(fs->self, sizeof *j);
    if (j == NULL) {
        snprintf(ret->text, sizeof ret->text, "out of memory");
        return BOT_ERR_NOMEM;
    }
    j->config = *config;
    j->fs = fs;
    j->fd = j->lock_fd = -1;
    j->record.first = JOURNAL_FIRST_NONE;
    j->run_pending = true;
    memcpy(j->path, config->options.path, strlen(config->options.path) + 1);
    memcpy(j->venue, config->venue, strlen(config->venue) + 1);
    memcpy(j->account, config->account, strlen(config->account) + 1);
    j->config.options.path = j->config.options.market_path = NULL; /* the caller's; ours is j->path */
    pthread_mutex_init(&j->mutex, NULL);
    pthread_mutex_init(&j->index_mutex, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&j->cond, &attr);
    pthread_condattr_destroy(&attr);
    j->ring.size = config->options.ring_bytes;
    j->ring.memory = fs->alloc(fs->self, j->ring.size);
    j->batch = fs->alloc(fs->self, (size_t)(BATCH_RECORDS + 1) * JOURNAL_RECORD_SIZE);

    if (j->ring.memory != NULL)
        memset(j->ring.memory, 0, j->ring.size); /* its pages are there before the first event, not at each one's cost */

    int e = j->ring.memory == NULL || j->batch == NULL ? BOT_ERR_NOMEM : bot__journal_recover(j, ret);
    if (e == BOT_ERR_NOMEM && ret->text[0] == '\0')
        snprintf(ret->text, sizeof ret->text, "out of memory");
    if (e == BOT_OK) {
        progress(j);
        j->sync_at = atomic_load(&j->progress) + config->options.sync_interval_ns;
        j->checkpoint_at = ret->next_record;
        if (!config->inline_rounds && !start_thread(&j->thread, thread_main, j)) {
            snprintf(ret->text, sizeof ret->text, "the journal's thread cannot be started");
            e = BOT_ERR_NOMEM;
        }
    }
    if (e != BOT_OK) {
        release(j);
        return e;
    }
    *ret_journal = j;
    return BOT_OK;
}

int bot__journal_close(struct journal *j)
{
    if (j == NULL)
        return BOT_OK;
    if (j->lost_items > 0)
        (void)reserve(j, j->lost_to, 0); /* the hole is marked if there is room by now */
    atomic_store(&j->closing, true);
    if (j->config.inline_rounds) {
        bot__journal_round(j);
    } else {
        pthread_mutex_lock(&j->mutex);
        pthread_cond_signal(&j->cond);
        pthread_mutex_unlock(&j->mutex);
        pthread_join(j->thread, NULL);
        if (j->checkpoint_started)
            pthread_join(j->checkpoint_thread, NULL);
    }
    const bool whole = atomic_load(&j->failed_op) == OP_NONE && atomic_load(&j->lost) == 0;
    release(j);
    return whole ? BOT_OK : BOT_ERR_IO;
}
