/* botctl: one program, subcommands. Each lives in a file of its own and is listed in main.c's table.
 *
 * Exit status: 0 fine, 1 something was found wrong, 2 the command line is wrong (nothing was done).
 * JSON lines on standard output, words for people on standard error. */
#ifndef BOTCTL_H
#define BOTCTL_H

#include <stdbool.h>
#include <stdio.h>

#define EXIT_FOUND_WRONG 1
#define EXIT_USAGE 2

struct venue;

struct command {
    const char *name;
    const char *synopsis; /* arguments, one line */
    const char *summary;  /* one line for `botctl help` */
    const char *help;     /* the rest, for `botctl help NAME` */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
    const char *repeatable; /* the one option that may be given more than once; NULL none */
};

extern const struct command *const botctl_commands[]; /* NULL-terminated */

/* Prints "botctl NAME: MESSAGE" and the synopsis to stderr; returns EXIT_USAGE. */
int botctl_usage(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The venue of that name; NULL after saying as botctl_usage that there is none, and which there are. */
const struct venue *botctl_venue(const char *name, const char *venue);

/* Text to read: FILE argument, or "-" or NULL for standard input; gz files are not unpacked. A byte order mark is passed over. NULL
 * after printing why; a directory is refused here. */
FILE *botctl_open_input(const char *name, const char *path);
/* Prints "botctl NAME: PATH: " and the words of errno to stderr; path NULL or "-" is called standard input. */
void botctl_perror(const char *name, const char *path);
/* The whole of it, NUL-terminated, to be freed. NULL after printing why. bytes_max 0: no bound. */
char *botctl_read_input(const char *name, const char *path, size_t bytes_max, size_t *ret_len);

/* A file that is written whole or not at all: what stood there stays until the end. */
struct botctl_output {
    FILE *file;
    char  path[1024], unfinished[1040]; /* unfinished: "" when it is written in place (a pipe, a device) */
};
/* False, with errno. */
bool botctl_output_open(struct botctl_output *o, const char *path);
/* keep: puts it in its place; else drops it. False, with errno, when it could not be written; nothing of it is left then. */
bool botctl_output_close(struct botctl_output *o, bool keep);

#endif
