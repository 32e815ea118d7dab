#include "journal_memfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not check's macros: the seeded worlds use this file outside of a test runner. */
static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "memfs: %s\n", what);
    abort();
}

/* True when this operation must fail; errno is set. */
static bool fails(struct memfs *m, enum memfs_op op)
{
    m->now += m->step;
    m->wall += m->step;
    m->ops[op]++;
    if (m->dead) {
        errno = EIO;
        return true;
    }
    if (op == m->fail_op && m->fail_nth > 0 && --m->fail_nth == 0) {
        if (m->fail_times > 0 && --m->fail_times > 0)
            m->fail_nth = 1;
        errno = m->fail_errno != 0 ? m->fail_errno : EIO;
        m->failed++;
        return true;
    }
    return false;
}

/* True when the process dies here. */
static bool dies(struct memfs *m)
{
    if (++m->mutations != m->kill_at)
        return false;
    m->dead = true;
    errno = EIO;
    return true;
}

static void grow(unsigned char **p, size_t *room, size_t size)
{
    if (size <= *room)
        return;
    *room = size * 2;
    *p = realloc(*p, *room);
    must(*p != NULL, "out of memory");
}

struct memfs_file *memfs_find(struct memfs *m, const char *name)
{
    for (int i = 0; i < MEMFS_FILES; i++)
        if (strcmp(m->files[i].name, name) == 0 && name[0] != '\0')
            return &m->files[i];
    return NULL;
}

static struct memfs_file *make(struct memfs *m, const char *name)
{
    for (int i = 0; i < MEMFS_FILES; i++) {
        struct memfs_file *f = &m->files[i];
        if (f->name[0] == '\0' && f->name_synced[0] == '\0') {
            f->size = f->size_synced = 0;
            f->locked_by = 0;
            snprintf(f->name, sizeof f->name, "%s", name);
            return f;
        }
    }
    must(false, "memfs holds too many files");
    return NULL;
}

static struct memfs_file *of(struct memfs *m, int fd)
{
    must(fd >= 0 && fd < MEMFS_FDS && m->fds[fd] != 0, "no such fd");
    return &m->files[m->fds[fd] - 1];
}

static int m_open(void *self, const char *path, int flags)
{
    struct memfs *m = self;
    if (fails(m, MEMFS_OPEN))
        return -1;
    struct memfs_file *f = memfs_find(m, path);
    if (f == NULL) {
        if (!(flags & JOURNAL_CREATE)) {
            errno = ENOENT;
            return -1;
        }
        if (dies(m))
            return -1;
        f = make(m, path);
    }
    if (flags & JOURNAL_FRESH)
        f->size = 0;
    for (int fd = 0; fd < MEMFS_FDS; fd++)
        if (m->fds[fd] == 0) {
            m->fds[fd] = (int)(f - m->files) + 1;
            return fd;
        }
    errno = EMFILE;
    return -1;
}

static int m_close(void *self, int fd)
{
    struct memfs *m = self;
    struct memfs_file *f = of(m, fd);
    if (f->locked_by == fd + 1)
        f->locked_by = 0;
    m->fds[fd] = 0;
    return 0;
}

static ssize_t m_pread(void *self, int fd, void *buf, size_t len, uint64_t offset)
{
    struct memfs *m = self;
    if (fails(m, MEMFS_READ))
        return -1;
    struct memfs_file *f = of(m, fd);
    if (offset >= f->size)
        return 0;
    const size_t n = len < f->size - offset ? len : f->size - (size_t)offset;
    memcpy(buf, f->data + offset, n);
    return (ssize_t)n;
}

static void put(struct memfs_file *f, const void *buf, size_t len, uint64_t offset)
{
    const size_t end = (size_t)offset + len;
    if (len == 0)
        return;
    grow(&f->data, &f->room, end);
    if (offset > f->size)
        memset(f->data + f->size, 0, (size_t)offset - f->size);
    memcpy(f->data + offset, buf, len);
    f->dirty_from = (size_t)offset < f->dirty_from ? (size_t)offset : f->dirty_from;
    f->size = end > f->size ? end : f->size;
}

static ssize_t m_pwrite(void *self, int fd, const void *buf, size_t len, uint64_t offset)
{
    struct memfs *m = self;
    if (fails(m, MEMFS_WRITE)) {
        if (!m->dead && errno == ENOSPC && len > 300) { /* a full disk takes a part */
            put(of(m, fd), buf, 300, offset);
            return 300;
        }
        return -1;
    }
    if (dies(m)) {
        put(of(m, fd), buf, m->kill_bytes < len ? m->kill_bytes : len, offset);
        return -1;
    }
    put(of(m, fd), buf, len, offset);
    return (ssize_t)len;
}

static int m_sync(void *self, int fd)
{
    struct memfs *m = self;
    if (fails(m, MEMFS_SYNC) || dies(m))
        return -1;
    struct memfs_file *f = of(m, fd);
    grow(&f->synced, &f->room_synced, f->size);
    /* Only what changed: a world syncs a growing segment five times a second. */
    const size_t from = f->dirty_from < f->size_synced ? f->dirty_from : f->size_synced;
    if (f->size > from)
        memcpy(f->synced + from, f->data + from, f->size - from);
    f->size_synced = f->size;
    f->dirty_from = f->size;
    return 0;
}

static int m_sync_dir(void *self, const char *path)
{
    struct memfs *m = self;
    (void)path;
    if (fails(m, MEMFS_SYNC_DIR) || dies(m))
        return -1;
    for (int i = 0; i < MEMFS_FILES; i++)
        memcpy(m->files[i].name_synced, m->files[i].name, sizeof m->files[i].name);
    return 0;
}

static int m_truncate(void *self, int fd, uint64_t size)
{
    struct memfs *m = self;
    if (fails(m, MEMFS_TRUNCATE) || dies(m))
        return -1;
    struct memfs_file *f = of(m, fd);
    f->size = size < f->size ? (size_t)size : f->size;
    return 0;
}

static int64_t m_size(void *self, int fd)
{
    struct memfs *m = self;
    return fails(m, MEMFS_SIZE) ? -1 : (int64_t)of(m, fd)->size;
}

static int m_rename(void *self, const char *from, const char *to)
{
    struct memfs *m = self;
    if (fails(m, MEMFS_RENAME) || dies(m))
        return -1;
    struct memfs_file *f = memfs_find(m, from), *old = memfs_find(m, to);
    if (f == NULL) {
        errno = ENOENT;
        return -1;
    }
    if (old != NULL)
        old->name[0] = '\0';
    snprintf(f->name, sizeof f->name, "%s", to);
    return 0;
}

static int m_unlink(void *self, const char *path)
{
    memfs_remove(self, path);
    return 0;
}

static int m_mkdir(void *self, const char *path)
{
    (void)path;
    return fails(self, MEMFS_MKDIR) ? -1 : 0;
}

static int m_lock(void *self, int fd)
{
    struct memfs *m = self;
    if (fails(m, MEMFS_LOCK))
        return -1;
    struct memfs_file *f = of(m, fd);
    if (f->locked_by != 0) {
        errno = EWOULDBLOCK;
        return -1;
    }
    f->locked_by = fd + 1;
    return 0;
}

static int m_list(void *self, const char *path, void (*on_name)(void *, const char *), void *user_data)
{
    struct memfs *m = self;
    if (fails(m, MEMFS_LIST))
        return -1;
    const size_t len = strlen(path);
    if (memfs_find(m, path) != NULL) { /* a file, not a directory */
        errno = ENOTDIR;
        return -1;
    }
    for (int i = 0; i < MEMFS_FILES; i++)
        if (strncmp(m->files[i].name, path, len) == 0 && m->files[i].name[len] == '/')
            on_name(user_data, m->files[i].name + len + 1);
    return 0;
}

static int64_t m_now(void *self) { struct memfs *m = self; return m->now; }
static int64_t m_wall(void *self) { struct memfs *m = self; return m->wall; }
static uint64_t m_pid(void *self) { (void)self; return 4711; }

static void *m_alloc(void *self, size_t size)
{
    struct memfs *m = self;
    if (fails(m, MEMFS_ALLOC))
        return NULL;
    m->live_allocs++;
    return calloc(1, size);
}

static void m_release(void *self, void *p)
{
    struct memfs *m = self;
    m->live_allocs -= p != NULL;
    free(p);
}

void memfs_init(struct memfs *m)
{
    memset(m, 0, sizeof *m);
    m->fs = (struct journal_fs){ m, m_open, m_close, m_pread, m_pwrite, m_sync, m_sync_dir, m_truncate, m_size, m_rename, m_unlink,
                                 m_mkdir, m_lock, m_list, m_now, m_wall, m_pid, m_alloc, m_release };
    m->now = 1000000;
    m->wall = INT64_C(1700000000000000000);
    m->step = 1000;
}

void memfs_done(struct memfs *m)
{
    for (int i = 0; i < MEMFS_FILES; i++) {
        free(m->files[i].data);
        free(m->files[i].synced);
    }
}

static void cut_power(struct memfs *m, test_rng *rng)
{
    for (int i = 0; i < MEMFS_FILES; i++) {
        struct memfs_file *f = &m->files[i];
        memcpy(f->name, f->name_synced, sizeof f->name);
        if (f->name[0] == '\0')
            continue;
        const size_t written = f->size;
        size_t kept = f->size_synced;
        grow(&f->synced, &f->room_synced, written);
        if (written > f->size_synced)
            memset(f->synced + f->size_synced, 0, written - f->size_synced);
        for (size_t at = f->size_synced; rng != NULL && at < written;) {
            const size_t end = (at / 512 + 1) * 512 < written ? (at / 512 + 1) * 512 : written;
            if (test_rng_below(rng, 2) == 0) {
                memcpy(f->synced + at, f->data + at, end - at);
                kept = end;
            }
            at = end;
        }
        grow(&f->data, &f->room, kept);
        if (kept > 0)
            memcpy(f->data, f->synced, kept);
        f->size = f->size_synced = kept;
    }
}

void memfs_restart(struct memfs *m, bool power, test_rng *rng)
{
    memset(m->fds, 0, sizeof m->fds);
    for (int i = 0; i < MEMFS_FILES; i++)
        m->files[i].locked_by = 0;
    m->dead = false;
    m->kill_at = m->fail_nth = m->fail_times = 0;
    m->mutations = 0;
    memset(m->ops, 0, sizeof m->ops);
    if (power)
        cut_power(m, rng);
}

void memfs_put(struct memfs *m, const char *name, const void *data, size_t len)
{
    struct memfs_file *f = memfs_find(m, name);
    if (f == NULL)
        f = make(m, name);
    f->size = 0;
    put(f, data, len, 0);
}

void memfs_remove(struct memfs *m, const char *name)
{
    struct memfs_file *f = memfs_find(m, name);
    if (f != NULL)
        f->name[0] = f->name_synced[0] = '\0';
}
