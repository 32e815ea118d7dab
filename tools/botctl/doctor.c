/* botctl doctor: tries a configuration of `botctl watch` out. */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/json.h"
#include "bot/err.h"
#include "botctl.h"
#include "watch/doctor.h"

struct run {
    bool json, colour;
    unsigned found[3];
};

static void tell_words(const struct run *r, const struct doctor_finding *f)
{
    static const char *const marks[] = { "ok   ", "note ", "WRONG" };
    static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };
    printf("%s%s%s %s%s%s: %s\n", r->colour ? colours[f->level] : "", marks[f->level], r->colour ? "\033[0m" : "", f->account,
           f->account[0] != '\0' ? " " : "", f->check, f->text);
    if (f->advice[0] != '\0')
        printf("      -> %s\n", f->advice);
}

static void tell(void *user_data, const struct doctor_finding *f)
{
    struct run *r = user_data;
    r->found[f->level]++;
    if (!r->json) {
        tell_words(r, f);
    } else {
        char line[2048];
        struct json_out o;
        bot__jo_init(&o, line, sizeof line);
        bot__jo_object(&o, NULL);
        bot__jo_str(&o, "event", "finding");
        bot__jo_str(&o, "level", doctor_level_names[f->level]);
        if (f->account[0] != '\0') bot__jo_str(&o, "account", f->account);
        bot__jo_str(&o, "check", f->check);
        bot__jo_str(&o, "text", f->text);
        if (f->advice[0] != '\0') bot__jo_str(&o, "advice", f->advice);
        bot__jo_object_end(&o);
        if (bot__jo_end(&o) > 0) puts(line);
    }
    fflush(stdout);
}

static void over(void *user_data) { (void)user_data; }

static int doctor(int argc, char **argv)
{
    struct run r = { .colour = isatty(STDOUT_FILENO) == 1 };
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) r.json = true;
        else if (argv[i][0] == '-' || path != NULL) return botctl_usage("doctor", "'%s' is not understood", argv[i]);
        else path = argv[i];
    }
    if (path == NULL) return botctl_usage("doctor", "which configuration? `botctl config example --venue bybit > watch.json` writes one");
    struct watch_config config;
    char why[WATCH_WHY_MAX];
    if (watch_config_read(path, &config, why) < 0) {
        fprintf(stderr, "botctl doctor: %s\n", why);
        return EXIT_USAGE;
    }
    uv_loop_t loop;
    (void)uv_loop_init(&loop);
    const int started = doctor_start(&loop, path, &config, tell, over, &r);
    if (started < 0) {
        fprintf(stderr, "botctl doctor: %s\n", bot_strerror(started));
        r.found[DOCTOR_WRONG]++;
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    watch_config_free(&config);
    if (!r.json && started == 0) {
        if (r.found[DOCTOR_WRONG] != 0) printf("%u thing%s wrong.\n", r.found[DOCTOR_WRONG], r.found[DOCTOR_WRONG] == 1 ? " is" : "s are");
        else printf("Nothing is wrong%s.\n", r.found[DOCTOR_ADVICE] != 0 ? "; see the notes" : "");
    }
    return r.found[DOCTOR_WRONG] != 0 ? EXIT_FOUND_WRONG : 0;
}

const struct command command_doctor = {
    .name = "doctor",
    .synopsis = "CONFIG [--json]",
    .summary = "tries a configuration of `botctl watch` out, and says what to mend",
    .help = "Looks at the files that CONFIG names and at where the page would be served, makes one call of the\n"
            "heartbeat, then looks at each account: reachability and certificate, clock\n"
            "offset, whether the key works and what it may do (a key that can withdraw is warned of), position\n"
            "mode, instruments, request limits; at last opens the streams until fills and REST agree. Orders\n"
            "nothing and writes nothing; takes a few seconds an account, 30 at most.\n\n"
            "Exit status 0 when nothing is wrong (notes may remain), 1 when something is, 2 when CONFIG cannot be\n"
            "read.\n",
    .run = doctor,
};
