#include "botctl.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/types.h"
#include "venue/venue.h"

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

static const char *venue_names(char *buf, size_t size)
{
    buf[0] = '\0';
    for (uint32_t i = 0; bot__venue_at(i) != NULL; i++)
        snprintf(buf + strlen(buf), size - strlen(buf), "%s%s", i == 0 ? "" : ", ", bot__venue_at(i)->name);
    return buf;
}

const struct venue *botctl_venue(const char *name, const char *venue)
{
    const struct venue *v = bot__venue_find(venue);
    if (v == NULL)
        botctl_usage(name, "there is no venue '%s'; known are %s", venue, venue_names((char[200]){ 0 }, 200));
    return v;
}

/* Every command reads "--name value"; "--name=value" is taken apart for it. NULL: out of memory. */
static char **take_apart(int argc, char **argv, int *ret_argc)
{
    char **parts = calloc((size_t)argc * 2 + 1, sizeof *parts);
    int n = 0;
    for (int i = 0; parts != NULL && i < argc; i++) {
        char *equals = i > 0 && strncmp(argv[i], "--", 2) == 0 ? strchr(argv[i], '=') : NULL;
        parts[n++] = argv[i];
        if (equals != NULL) {
            *equals = '\0';
            parts[n++] = equals + 1;
        }
    }
    *ret_argc = n;
    return parts;
}

/* An option that stands twice says two things, and whichever were taken could be the wrong one. */
static const char *given_twice(const struct command *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        for (int k = 1; k < i; k++)
            if (strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0' && strcmp(argv[i], argv[k]) == 0 &&
                (c->repeatable == NULL || strcmp(c->repeatable, argv[i]) != 0))
                return argv[i];
    return NULL;
}

static int help(FILE *out, const char *name)
{
    if (name != NULL) {
        const struct command *c = find(name);
        if (c == NULL && (strcmp(name, "help") == 0 || strcmp(name, "version") == 0))
            return help(out, NULL);
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
    fprintf(out, "\nVenues: %s\n", venue_names((char[200]){ 0 }, 200));
    fprintf(out, "Exit status: 0 fine, 1 something was found wrong, 2 wrong command line,\n"
                 "or for watch and doctor a configuration that is wrong.\n");
    return 0;
}

static int run(int argc, char **argv)
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
    int parts_n;
    char **parts = take_apart(argc - 1, argv + 1, &parts_n);
    if (parts == NULL) {
        perror("botctl");
        return EXIT_FOUND_WRONG;
    }
    const char *twice = given_twice(c, parts_n, parts);
    const int status = twice != NULL ? botctl_usage(c->name, "%s stands there twice", twice) : c->run(parts_n, parts);
    free(parts);
    return status;
}

/* A descriptor that was closed at the start is taken by the next file or socket, which then gets what was meant for the standard
 * streams, and libuv aborts on it. Opened the wrong way round its use is the error that it was. */
static void fill_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(EXIT_FOUND_WRONG);
}

int main(int argc, char **argv)
{
    fill_standard_streams();
    const int status = run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("botctl: standard output");
        return EXIT_FOUND_WRONG;
    }
    return status;
}
