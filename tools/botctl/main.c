#include "botctl.h"

#include <stdarg.h>
#include <string.h>

#include "bot/types.h"

extern const struct command command_demo;
extern const struct command command_decode;
extern const struct command command_book;
extern const struct command command_positions;
extern const struct command command_paper;
extern const struct command command_poll;
extern const struct command command_watch;
extern const struct command command_status;
extern const struct command command_config;
extern const struct command command_doctor;
extern const struct command command_rate;
extern const struct command command_verify;
extern const struct command command_replay;
extern const struct command command_explain;
extern const struct command command_export;
extern const struct command command_tail;

const struct command *const botctl_commands[] = {
    &command_demo,
    &command_decode,
    &command_book,
    &command_positions,
    &command_paper,
    &command_poll,
    &command_watch,
    &command_status,
    &command_config,
    &command_doctor,
    &command_rate,
    &command_verify,
    &command_replay,
    &command_explain,
    &command_export,
    &command_tail,
    NULL,
};

static const struct command *find(const char *name)
{
    for (const struct command *const *c = botctl_commands; *c != NULL; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}

int botctl_usage(const char *name, const char *format, ...)
{
    va_list ap;
    fprintf(stderr, "botctl %s: ", name);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    const struct command *c = find(name);
    if (c != NULL)
        fprintf(stderr, "\nusage: botctl %s %s\n`botctl help %s` says more.\n", c->name, c->synopsis, c->name);
    else
        fputc('\n', stderr);
    return EXIT_USAGE;
}

FILE *botctl_open_input(const char *name, const char *path)
{
    if (path == NULL || strcmp(path, "-") == 0)
        return stdin;
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fprintf(stderr, "botctl %s: ", name);
        perror(path);
    }
    return f;
}

static int help(FILE *out, const char *name)
{
    if (name != NULL) {
        const struct command *c = find(name);
        if (c == NULL) {
            fprintf(stderr, "botctl: there is no command '%s'; `botctl help` lists them\n", name);
            return EXIT_USAGE;
        }
        fprintf(out, "botctl %s %s\n\n%s\n", c->name, c->synopsis, c->summary);
        if (c->help[0] != '\0')
            fprintf(out, "\n%s", c->help);
        return 0;
    }
    fprintf(out, "botctl %s: the command-line side of libbot\n\n", BOT_VERSION);
    for (const struct command *const *c = botctl_commands; *c != NULL; c++)
        fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
    fprintf(out, "  %-10s %s\n  %-10s %s\n", "help", "this list, or `botctl help COMMAND`", "version", "the version");
    fprintf(out, "\nExit status: 0 fine, 1 something was found wrong, 2 wrong command line.\n");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr, NULL), EXIT_USAGE;
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(stdout, argc > 2 ? argv[2] : NULL);
    if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0)
        return puts("botctl " BOT_VERSION), 0;
    const struct command *c = find(argv[1]);
    if (c == NULL) {
        fprintf(stderr, "botctl: there is no command '%s'; `botctl help` lists them\n", argv[1]);
        return EXIT_USAGE;
    }
    if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
        return help(stdout, argv[1]);
    int status = c->run(argc - 1, argv + 1);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("botctl: standard output");
        return EXIT_FOUND_WRONG;
    }
    return status;
}
