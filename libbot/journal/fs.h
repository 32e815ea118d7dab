/* journal/fs.h: the few file operations that the journal needs, as a table, so that a test can make each of them fail,
 * stall or be the last one before the process dies. */
#ifndef BOT_JOURNAL_FS_H
#define BOT_JOURNAL_FS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    JOURNAL_READ = 0,   /* must exist */
    JOURNAL_WRITE = 1,  /* read and write */
    JOURNAL_CREATE = 2, /* made when absent */
    JOURNAL_FRESH = 4,  /* emptied when present */
};

/* Zero or positive is success, -1 with errno is failure, as the calls they stand for. `self` comes first. */
struct journal_fs {
    void *self;
    int (*open)(void *self, const char *path, int flags);
    int (*close)(void *self, int fd);
    ssize_t (*pread)(void *self, int fd, void *buf, size_t len, uint64_t offset);
    ssize_t (*pwrite)(void *self, int fd, const void *buf, size_t len, uint64_t offset);
    int (*sync)(void *self, int fd);                 /* data and length */
    int (*sync_dir)(void *self, const char *path);   /* makes names durable */
    int (*truncate)(void *self, int fd, uint64_t size);
    int64_t (*size)(void *self, int fd);
    int (*rename)(void *self, const char *from, const char *to);
    int (*unlink)(void *self, const char *path);
    int (*mkdir)(void *self, const char *path);      /* present already is success */
    int (*lock)(void *self, int fd);                 /* exclusive, does not wait; EWOULDBLOCK when another holds it */
    /* Calls on_name for every file in the directory. */
    int (*list)(void *self, const char *path, void (*on_name)(void *user_data, const char *name), void *user_data);
    int64_t (*now)(void *self);  /* monotonic ns */
    int64_t (*wall)(void *self); /* Unix ns */
    uint64_t (*pid)(void *self);
    void *(*alloc)(void *self, size_t size); /* zeroed, a large one without touching it; NULL with no errno */
    void (*release)(void *self, void *p);    /* NULL is allowed */
};

/* The real one. */
extern const struct journal_fs bot__journal_fs;

/* All of it, or -1 with errno; a short write that makes no progress is ENOSPC. Repeats on EINTR. */
int bot__fs_write_all(const struct journal_fs *fs, int fd, const void *buf, size_t len, uint64_t offset);
/* As much as there is up to len; the count, or -1. Repeats on EINTR and short reads. */
ssize_t bot__fs_read_all(const struct journal_fs *fs, int fd, void *buf, size_t len, uint64_t offset);

#endif
