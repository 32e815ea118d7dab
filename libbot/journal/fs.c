#include "journal/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int real_open(void *self, const char *path, int flags)
{
    (void)self;
    int f = O_CLOEXEC | (flags & JOURNAL_WRITE ? O_RDWR : O_RDONLY);
    if (flags & JOURNAL_CREATE) f |= O_CREAT;
    if (flags & JOURNAL_FRESH) f |= O_TRUNC;
    return open(path, f, 0640);
}

static int real_close(void *self, int fd) { (void)self; return close(fd); }

static ssize_t real_pread(void *self, int fd, void *buf, size_t len, uint64_t offset)
{
    (void)self;
    return pread(fd, buf, len, (off_t)offset);
}

static ssize_t real_pwrite(void *self, int fd, const void *buf, size_t len, uint64_t offset)
{
    (void)self;
    return pwrite(fd, buf, len, (off_t)offset);
}

static int real_sync(void *self, int fd) { (void)self; return fdatasync(fd); }

static int real_sync_dir(void *self, const char *path)
{
    (void)self;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int r = fsync(fd), e = errno;
    close(fd);
    errno = e;
    return r;
}

static int real_truncate(void *self, int fd, uint64_t size) { (void)self; return ftruncate(fd, (off_t)size); }

static int64_t real_size(void *self, int fd)
{
    (void)self;
    struct stat st;
    return fstat(fd, &st) == 0 ? (int64_t)st.st_size : -1;
}

static int real_rename(void *self, const char *from, const char *to) { (void)self; return rename(from, to); }
static int real_unlink(void *self, const char *path) { (void)self; return unlink(path); }

static int real_mkdir(void *self, const char *path)
{
    (void)self;
    return mkdir(path, 0750) == 0 || errno == EEXIST ? 0 : -1;
}

static int real_lock(void *self, int fd) { (void)self; return flock(fd, LOCK_EX | LOCK_NB); }

static int real_list(void *self, const char *path, void (*on_name)(void *, const char *), void *user_data)
{
    (void)self;
    DIR *d = opendir(path);
    if (d == NULL)
        return -1;
    struct dirent *e;
    errno = 0;
    while ((e = readdir(d)) != NULL)
        on_name(user_data, e->d_name);
    int err = errno;
    closedir(d);
    errno = err;
    return err == 0 ? 0 : -1;
}

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The clock of bot__transport_uv_now: what it stamps events with is compared with this. */
static int64_t real_now(void *self) { (void)self; return clock_ns(CLOCK_BOOTTIME); }
static int64_t real_wall(void *self) { (void)self; return clock_ns(CLOCK_REALTIME); }
static uint64_t real_pid(void *self) { (void)self; return (uint64_t)getpid(); }
static void *real_alloc(void *self, size_t size) { (void)self; return calloc(1, size); }
static void real_release(void *self, void *p) { (void)self; free(p); }

const struct journal_fs bot__journal_fs = {
    NULL, real_open, real_close, real_pread, real_pwrite, real_sync, real_sync_dir, real_truncate, real_size, real_rename,
    real_unlink, real_mkdir, real_lock, real_list, real_now, real_wall, real_pid, real_alloc, real_release,
};

int bot__fs_write_all(const struct journal_fs *fs, int fd, const void *buf, size_t len, uint64_t offset)
{
    const char *p = buf;
    while (len > 0) {
        ssize_t n = fs->pwrite(fs->self, fd, p, len, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0) {
            errno = ENOSPC;
            return -1;
        }
        p += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

ssize_t bot__fs_read_all(const struct journal_fs *fs, int fd, void *buf, size_t len, uint64_t offset)
{
    char *p = buf;
    size_t done = 0;
    while (done < len) {
        ssize_t n = fs->pread(fs->self, fd, p + done, len - done, offset + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}
