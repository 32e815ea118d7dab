/* What the commands read and write: text with its place in every error, and files that are never half written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "botctl.h"

void botctl_perror(const char *name, const char *path)
{
    const int e = errno;
    fprintf(stderr, "botctl %s: %s: %s\n", name, path == NULL || strcmp(path, "-") == 0 ? "standard input" : path, strerror(e));
}

/* Editors of another system put three bytes before a text: they are no part of it. */
static void pass_byte_order_mark(FILE *f)
{
    static const unsigned char mark[3] = { 0xef, 0xbb, 0xbf };
    int n = 0, c = EOF;
    while (n < 3 && (c = getc(f)) == mark[n]) n++;
    if (n == 3) return;
    if (c != EOF) ungetc(c, f);
    while (n > 0) ungetc(mark[--n], f);
}

FILE *botctl_open_input(const char *name, const char *path)
{
    FILE *f = path == NULL || strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    struct stat st;
    if (f != NULL && fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode)) {
        if (f != stdin) fclose(f);
        f = NULL;
        errno = EISDIR;
    }
    if (f == NULL) {
        botctl_perror(name, path);
        return NULL;
    }
    pass_byte_order_mark(f);
    if (!ferror(f)) return f;
    botctl_perror(name, path); /* standard input is closed, or the file cannot be read */
    if (f != stdin) fclose(f);
    return NULL;
}

char *botctl_read_input(const char *name, const char *path, size_t bytes_max, size_t *ret_len)
{
    FILE *f = botctl_open_input(name, path);
    if (f == NULL) return NULL;
    size_t size = 1 << 16, len = 0, n;
    char *text = malloc(size);
    while (text != NULL && (n = fread(text + len, 1, size - 1 - len, f)) > 0) {
        len += n;
        if (len < size - 1) continue;
        char *more = realloc(text, size *= 2);
        if (more == NULL) free(text);
        text = more;
    }
    const bool failed = ferror(f) != 0;
    if (text == NULL || failed) botctl_perror(name, path);
    else if (bytes_max != 0 && len > bytes_max) fprintf(stderr, "botctl %s: %s: longer than %zu bytes\n", name, path, bytes_max);
    if (f != stdin) fclose(f);
    if (text != NULL && (failed || (bytes_max != 0 && len > bytes_max))) {
        free(text);
        text = NULL;
    }
    if (text != NULL) text[len] = '\0';
    *ret_len = len;
    return text;
}

bool botctl_output_open(struct botctl_output *o, const char *path)
{
    struct stat st;
    o->unfinished[0] = '\0';
    if ((size_t)snprintf(o->path, sizeof o->path, "%s", path) >= sizeof o->path) {
        errno = ENAMETOOLONG;
        return false;
    }
    const bool there = stat(path, &st) == 0;
    if (there && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (there && !S_ISREG(st.st_mode)) return (o->file = fopen(path, "wb")) != NULL;
    if (there && access(path, W_OK) != 0) return false;
    snprintf(o->unfinished, sizeof o->unfinished, "%s.XXXXXX", path);
    const int fd = mkstemp(o->unfinished);
    if (fd < 0) return false;
    const mode_t mask = umask(0);
    umask(mask);
    (void)fchmod(fd, there ? st.st_mode & 0777 : 0666 & ~mask);
    if ((o->file = fdopen(fd, "wb")) != NULL) return true;
    close(fd);
    unlink(o->unfinished);
    return false;
}

bool botctl_output_close(struct botctl_output *o, bool keep)
{
    errno = 0;
    bool good = fflush(o->file) == 0 && !ferror(o->file);
    int e = errno != 0 ? errno : EIO;
    if (fclose(o->file) != 0 && good) good = false, e = errno;
    if (o->unfinished[0] != '\0' && (!good || !keep)) unlink(o->unfinished);
    else if (o->unfinished[0] != '\0' && rename(o->unfinished, o->path) != 0) {
        e = errno;
        good = false;
        unlink(o->unfinished);
    }
    errno = good ? 0 : e;
    return good;
}
