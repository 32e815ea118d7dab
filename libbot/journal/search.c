/* Was an execution journaled before? The question that the ledger asks about ids older than its window. */
#include "journal/writer_state.h"

#include <string.h>

#include "journal/exec.h"
#include "journal/reader.h"

struct exec_question {
    uint16_t kind;
    const bot_exec_key *exec;
    uint64_t key;
};

/* How often the execution stands in these records of a segment. */
static int count_in(struct journal *j, uint32_t segment, uint64_t first_record, const uint64_t *records, int n,
                    const struct exec_question *q)
{
    char path[JOURNAL_PATH_MAX];
    if (n <= 0)
        return n;
    bot__segment_path(j->path, segment, "journal", path);
    int fd = j->fs->open(j->fs->self, path, JOURNAL_READ);
    if (fd < 0)
        return BOT_ERR_IO;
    int count = 0, r = 0;
    for (int i = 0; i < n && r >= 0; i++) {
        r = bot__segment_count_exec(j->fs, fd, first_record, records[i], q->kind, q->exec);
        count += r > 0 ? r : 0;
    }
    j->fs->close(j->fs->self, fd);
    return r < 0 ? r : count;
}

/* The same from end to end: where there is no index, or where it says "so many records, and perhaps more". */
static int count_all(struct journal *j, uint32_t segment, uint64_t end, const struct exec_question *q)
{
    char path[JOURNAL_PATH_MAX];
    bot_journal_reader *r;
    bot_journal_item item;
    bot__segment_path(j->path, segment, "journal", path);
    int count = 0, e = bot__journal_open_read(j->fs, path, NULL, NULL, &r, NULL);
    if (e == BOT_ERR_MALFORMED) /* nothing in it */
        return 0;
    if (e != BOT_OK)
        return e;
    while ((e = bot_journal_next(r, &item, NULL)) != 0 && e != BOT_ERR_IO && e != BOT_ERR_NOMEM)
        count += e == 1 && item.record < end && item.kind == BOT_JOURNAL_EVENT && bot__exec_is(q->exec, q->kind, &item.event);
    bot_journal_close_read(r);
    return e == 0 ? count : BOT_ERR_IO;
}

static int count_sealed(struct journal *j, const struct sealed *s, const struct exec_question *q)
{
    char path[JOURNAL_PATH_MAX];
    uint64_t records[INDEX_PER_KEY_MAX];
    int n = BOT_ERR_CHECKSUM;
    if (s->indexed) {
        bot__segment_path(j->path, s->segment, "index", path);
        n = bot__index_find(j->fs, path, q->key, records);
    }
    return n >= 0 && n < INDEX_PER_KEY_MAX ? count_in(j, s->segment, s->first_record, records, n, q) : count_all(j, s->segment, UINT64_MAX, q);
}

int bot__journal_has_exec(struct journal *j, uint16_t kind, const bot_exec_key *exec) { return bot__journal_has_exec_but(j, kind, exec, 0); }

struct journal_execs bot__journal_execs(struct journal *j, const bot_exec_key *exec)
{
    pthread_mutex_lock(&j->index_mutex);
    const struct journal_execs execs = { .appended = j->execs_appended, .written = j->execs_written,
                                         .newest_kind = bot__exec_same(&j->last_exec, exec) ? j->last_exec_kind : 0 };
    pthread_mutex_unlock(&j->index_mutex);
    return execs;
}

int bot__journal_has_exec_but(struct journal *j, uint16_t kind, const bot_exec_key *exec, uint32_t others)
{
    uint64_t records[INDEX_PER_KEY_MAX];
    const struct exec_question q = { kind, exec, bot__index_key(kind, &exec->instrument, &exec->exec_id) };
    /* One moment: what the table holds, how many segments stood behind it, and whether the event that is being decided on, if
     * it asks about itself, is among it already. */
    pthread_mutex_lock(&j->index_mutex);
    const uint32_t segment = j->header.segment, sealed_n = j->sealed_n;
    const uint64_t first = j->header.first_record, end = j->table_end;
    const bool newest_written = j->execs_written == j->execs_appended;
    const int n = bot__index_lookup(&j->table, q.key, records);
    pthread_mutex_unlock(&j->index_mutex);
    const bool itself = j->last_exec_kind == kind && bot__exec_same(&j->last_exec, exec);
    const int enough = (itself && newest_written ? 2 : 1) + (int)others;
    int count = n < INDEX_PER_KEY_MAX ? count_in(j, segment, first, records, n, &q) : count_all(j, segment, end, &q);
    for (uint32_t i = sealed_n; i-- > 0 && count >= 0 && count < enough;) {
        pthread_mutex_lock(&j->index_mutex);
        const struct sealed s = j->sealed[i];
        pthread_mutex_unlock(&j->index_mutex);
        const int r = count_sealed(j, &s, &q);
        count = r < 0 ? r : count + r;
    }
    return count < 0 ? count : count >= enough;
}
