/* botctl: one program, subcommands. Each lives in a file of its own and is listed in main.c's table.
 *
 * Exit status: 0 fine, 1 something was found wrong, 2 the command line is wrong (nothing was done).
 * JSON lines on standard output, words for people on standard error. */
#ifndef BOTCTL_H
#define BOTCTL_H

#include <stdio.h>

#define EXIT_FOUND_WRONG 1
#define EXIT_USAGE 2

struct command {
    const char *name;
    const char *synopsis; /* arguments, one line */
    const char *summary;  /* one line for `botctl help` */
    const char *help;     /* the rest, for `botctl help NAME` */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

extern const struct command *const botctl_commands[]; /* NULL-terminated */

/* Prints "botctl NAME: MESSAGE" and the synopsis to stderr; returns EXIT_USAGE. */
int botctl_usage(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* FILE argument or "-" or NULL for standard input; gz files are not unpacked. NULL after printing why. */
FILE *botctl_open_input(const char *name, const char *path);

#endif
