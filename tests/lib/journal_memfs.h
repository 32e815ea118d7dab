/* tests/lib/journal_memfs.h: a file system in memory that forgets, fails and dies when told to.
 *
 * It keeps apart what was written and what was synced, for files and for names. A test can make any operation fail, or be
 * the last before the process is killed (what was written stays) or the power is cut (what was synced stays, and of the
 * rest the sectors that luck kept). */
#ifndef TESTS_JOURNAL_MEMFS_H
#define TESTS_JOURNAL_MEMFS_H

#include "harness.h"
#include <stdbool.h>

#include "journal/fs.h"

#define MEMFS_FILES 768
#define MEMFS_FDS 64

enum memfs_op {
    MEMFS_OPEN, MEMFS_READ, MEMFS_WRITE, MEMFS_SYNC, MEMFS_SYNC_DIR, MEMFS_TRUNCATE, MEMFS_RENAME, MEMFS_MKDIR, MEMFS_LOCK,
    MEMFS_LIST, MEMFS_SIZE, MEMFS_ALLOC, MEMFS_OPS,
};

struct memfs_file {
    char  name[512];         /* "" free */
    char  name_synced[512];  /* after a power cut */
    unsigned char *data, *synced;
    size_t size, size_synced, room, room_synced, dirty_from; /* below dirty_from nothing was written since the last sync */
    int   locked_by;         /* fd + 1 */
};

struct memfs {
    struct journal_fs fs;
    struct memfs_file files[MEMFS_FILES];
    int fds[MEMFS_FDS];      /* index of the file + 1 */
    int64_t now, wall, step; /* clocks move by step at every operation */
    unsigned long long ops[MEMFS_OPS], mutations;
    /* Failing: the fail_nth operation of a kind (1: the next), fail_times times. */
    enum memfs_op fail_op;
    unsigned long long fail_nth, fail_times;
    int fail_errno;
    unsigned long long failed; /* so many did */
    /* Dying: at the kill_at-th mutation (write, sync, truncate, rename, ...), of which kill_bytes of a write still happen. */
    unsigned long long kill_at;
    size_t kill_bytes;
    bool dead;
    long live_allocs;
};

void memfs_init(struct memfs *m);
void memfs_done(struct memfs *m);
/* The machine comes back: fds and locks are gone, faults are off. power: what was not synced is gone, except sectors of 512
 * bytes that rng keeps (NULL: none). */
void memfs_restart(struct memfs *m, bool power, test_rng *rng);
struct memfs_file *memfs_find(struct memfs *m, const char *name);
/* A copy of a whole file under a name; replaces it. */
void memfs_put(struct memfs *m, const char *name, const void *data, size_t len);
void memfs_remove(struct memfs *m, const char *name);

#endif
