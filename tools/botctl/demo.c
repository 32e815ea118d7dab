/* botctl demo: the founding incident, side by side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "botctl.h"
#include "demo.h"

static void text_of(bot_i128 v, int digits, char *buf) { bot_fixed_format(bot_fixed_round_half_even(v, digits), buf); }

static void print_json(const struct demo_result *r)
{
    char text[512];
    struct json_out o;
    bot__jo_init(&o, text, sizeof text);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "bot", r->name);
    bot__jo_fixed(&o, "limit", r->limit);
    bot__jo_fixed(&o, "max_true_position", r->max_true);
    bot__jo_bool(&o, "breached", r->max_true > r->limit);
    bot__jo_i64(&o, "orders_while_wrong", r->orders_while_wrong);
    bot__jo_i64(&o, "seconds_blind", r->seconds_blind);
    bot__jo_fixed(&o, "pnl", bot_fixed_round_half_even(r->pnl, 2));
    bot__jo_object_end(&o);
    if (bot__jo_end(&o) > 0)
        puts(text);
}

static void print_table(const struct demo_result *results)
{
    puts("One market, one strategy, one venue that answers `success` with positions minutes old, and later hangs.\n");
    printf("%-11s %-33s %8s %12s %10s %14s %14s %14s\n", "bot", "", "limit", "largest true", "breached", "orders while", "seconds", "profit");
    printf("%-11s %-33s %8s %12s %10s %14s %14s %14s\n", "", "", "", "position", "", "wrong", "traded blind", "(USDT)");
    for (int i = 0; i < DEMO_BOTS; i++) {
        const struct demo_result *r = &results[i];
        char limit[BOT_DEC_TEXT_MAX], most[BOT_DEC_TEXT_MAX], pnl[BOT_DEC_TEXT_MAX];
        text_of(r->limit, 3, limit);
        text_of(r->max_true, 3, most);
        text_of(r->pnl, 2, pnl);
        printf("%-11s %-33s %8s %12s %10s %14u %14u %14s\n", r->name, r->title, limit, most, r->max_true > r->limit ? "YES" : "no", r->orders_while_wrong,
               r->seconds_blind, pnl);
    }
}

static bool number(const char *text, uint64_t *ret)
{
    char *end;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0';
}

static int run(int argc, char **argv)
{
    uint64_t seed = 3, seconds = 20; /* of ten worlds the one whose result is in the middle */
    const char *html = "libbot-demo.html", *of_play = NULL, *of_live = NULL;
    bool json = false, live = false;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        const bool valued = strcmp(name, "--seed") == 0 || strcmp(name, "--html") == 0 || strcmp(name, "--seconds") == 0;
        if (!valued && strcmp(name, "--json") != 0 && strcmp(name, "--live") != 0) return botctl_usage("demo", "'%s' is not understood", name);
        if (valued && ++i == argc) return botctl_usage("demo", "%s needs a value", name);
        if (strcmp(name, "--live") == 0) live = true;
        else if (strcmp(name, "--seconds") == 0) of_live = name;
        else of_play = name;
        if (strcmp(name, "--json") == 0) json = true;
        if (strcmp(name, "--html") == 0) html = argv[i];
        if (strcmp(name, "--seed") == 0 && !number(argv[i], &seed)) return botctl_usage("demo", "--seed: '%s' is no whole number of 64 bits", argv[i]);
        if (of_live == name && (!number(argv[i], &seconds) || seconds < 3 || seconds > 3600))
            return botctl_usage("demo", "--seconds: '%s' is no whole number from 3 to 3600", argv[i]);
    }
    if (live ? of_play != NULL : of_live != NULL) return botctl_usage("demo", "%s does not go with%s --live", live ? of_play : of_live, live ? "" : "out");
    if (live) return demo_live((unsigned)seconds);
    struct botctl_output out;
    if (!botctl_output_open(&out, html)) {
        botctl_perror("demo", html);
        fprintf(stderr, "Choose another place for the report with --html FILE.\n");
        return EXIT_FOUND_WRONG;
    }
    struct demo_result *results = calloc(DEMO_BOTS, sizeof *results);
    int status = 0;
    if (results == NULL) {
        perror("botctl demo");
        status = EXIT_FOUND_WRONG;
    }
    for (int i = 0; i < DEMO_BOTS && status == 0; i++)
        status = demo_run((enum demo_kind)i, seed, &results[i]) < 0 ? EXIT_FOUND_WRONG : 0;
    if (status == 0 && json)
        for (int i = 0; i < DEMO_BOTS; i++)
            print_json(&results[i]);
    else if (status == 0)
        print_table(results);
    if (status == 0) demo_html(results, DEMO_BOTS, seed, out.file);
    if (!botctl_output_close(&out, status == 0)) {
        botctl_perror("demo", html);
        status = EXIT_FOUND_WRONG;
    }
    fflush(stdout); /* the table first, also where both go to one file */
    if (status == 0)
        fprintf(stderr, "\nThe plots are in %s; `botctl demo --live` runs the libbot bot over real sockets.\n", html);
    /* The promise of the product: its own bot is never past the limit. */
    if (status == 0 && results[DEMO_LIBBOT].max_true > results[DEMO_LIBBOT].limit)
        status = EXIT_FOUND_WRONG;
    free(results);
    return status;
}

const struct command command_demo = {
    .name = "demo",
    .synopsis = "[--json] [--seed N] [--html FILE] | --live [--seconds N]",
    .summary = "the founding incident: two ordinary bots and one on libbot, side by side",
    .help = "Plays ten minutes of one market, on virtual time, to three bots with the same strategy. From 1:30\n"
            "the venue answers position reads with success and data one to five minutes old; from 5:50 such a\n"
            "read hangs. Prints a table (--json: one object a bot) and writes a self-contained HTML file with\n"
            "plots (--html, default libbot-demo.html).\n"
            "  seconds traded blind   it could trade while its position had been wrong for more than a second\n"
            "  orders while wrong     orders that it sent in such seconds\n"
            "--live runs the libbot bot over TLS on the loopback against the paper exchange instead. Exit status\n"
            "1 when the bot on libbot went past its limit.\n",
    .run = run,
};
