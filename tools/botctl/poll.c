/* botctl poll: the account over REST, at the best cadence that the request budget allows. Reads only. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#include "base/json.h"
#include "botctl.h"
#include "io/transport_uv.h"
#include "io/url.h"
#include "session/venue_budget.h"

#define DEADLINE_NS (5 * BOT_NS_PER_S)
#define CADENCE_MAX_NS (10 * BOT_NS_PER_S) /* the guaranteed least: one round in ten seconds */
#define SHARE_PERMILLE 500                 /* of what is free: the bots behind this key want to live too */
#define LINE_SIZE 8192

enum { READ_POSITIONS, READ_ORDERS, READ_BALANCE, READS };
static const enum venue_call read_call[READS] = { VENUE_CALL_POSITIONS, VENUE_CALL_OPEN_ORDERS, VENUE_CALL_BALANCE };
static const char *const read_word[READS] = { "positions", "orders", "balance" };

struct poll {
    uv_loop_t    loop;
    uv_signal_t  interrupt;
    struct transport_uv *uv;
    const struct transport *transport;
    const struct venue *venue;
    struct venue_keys keys;
    char        *key, *secret, *passphrase;
    const char  *rest_url, *ca_file, *instrument;
    struct budget *budget;
    void        *budget_memory;
    struct venue_context context;
    struct venue_request req;
    char         cursor[256];
    struct budget_request draw;
    int64_t      clock_offset_ns, interval_ns;
    uint64_t     http, rounds, rounds_max, failures;
    uint32_t     read, part, rows, requests;
    bool         timing, waiting, round_well, ending;
    bot_ts       began, sent_at;
    int64_t      sent_wall_ns;
    char         line[LINE_SIZE];
};

static uint32_t parts_of(const struct poll *p)
{
    const uint32_t n = p->read == READ_POSITIONS ? p->venue->positions_parts : p->read == READ_ORDERS ? p->venue->orders_parts : 1;
    return n == 0 ? 1 : n;
}

static void end(struct poll *p)
{
    if (p->ending)
        return;
    p->ending = true;
    bot__transport_uv_close(p->uv, NULL, NULL);
    uv_close((uv_handle_t *)&p->interrupt, NULL);
}

static void send_next(struct poll *p);

static void print_line(struct json_out *o)
{
    bot__jo_object_end(o);
    if (bot__jo_end(o) > 0)
        puts(o->buf);
}

static void print_round(struct poll *p, bot_ts now, int64_t wait_ns)
{
    struct json_out o;
    bot__jo_init(&o, p->line, sizeof p->line);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "event", "poll");
    bot__jo_str(&o, "venue", p->venue->name);
    bot__jo_bool(&o, "complete", p->round_well);
    bot__jo_i64(&o, "rows", p->rows);
    bot__jo_i64(&o, "requests", p->requests);
    bot__jo_i64(&o, "took_ms", (now - p->began) / BOT_NS_PER_MS);
    bot__jo_i64(&o, "next_ms", wait_ns / BOT_NS_PER_MS);
    print_line(&o);
    for (uint32_t i = 0; p->budget != NULL && i < p->venue->scopes_n; i++) {
        struct budget_view v;
        if (bot__budget_view(p->budget, 0, i, now, &v) < 0 || v.taken == 0)
            continue;
        bot__jo_init(&o, p->line, sizeof p->line);
        bot__jo_object(&o, NULL);
        bot__jo_str(&o, "event", "budget");
        bot__jo_str(&o, "scope", p->venue->scopes[i].name);
        bot__jo_i64(&o, "limit", v.limit);
        bot__jo_i64(&o, "used", v.used);
        bot__jo_i64(&o, "foreign", v.foreign);
        bot__jo_i64(&o, "shut_ms", v.shut_until > now ? (v.shut_until - now) / BOT_NS_PER_MS : 0);
        print_line(&o);
    }
    fflush(stdout);
}

static void round_over(struct poll *p)
{
    const bot_ts now = bot__transport_uv_now().now;
    p->rounds++;
    p->failures += !p->round_well;
    int64_t wait = p->interval_ns;
    if (p->budget != NULL) /* a round costs what it has just cost, on its dearest scope */
        wait = bot__budget_cadence(p->budget, 0, p->draw.draws[0].scope, p->draw.draws[0].weight * (p->requests != 0 ? p->requests : 1), SHARE_PERMILLE,
                                   p->interval_ns, CADENCE_MAX_NS > p->interval_ns ? CADENCE_MAX_NS : p->interval_ns, now);
    print_round(p, now, wait);
    if (p->rounds_max != 0 && p->rounds >= p->rounds_max) {
        end(p);
        return;
    }
    p->waiting = true;
    p->transport->timer(p->transport->self, now + wait);
}

static void start_round(struct poll *p)
{
    p->began = bot__transport_uv_now().now;
    p->read = p->part = p->rows = p->requests = 0;
    p->round_well = true;
    p->cursor[0] = '\0';
    send_next(p);
}

/* On to the next part, read, or round. */
static void advance(struct poll *p)
{
    p->cursor[0] = '\0';
    if (++p->part < parts_of(p)) {
        send_next(p);
        return;
    }
    p->part = 0;
    if (++p->read < READS)
        send_next(p);
    else
        round_over(p);
}

static void failed(struct poll *p, const char *what, int64_t code)
{
    struct json_out o;
    bot__jo_init(&o, p->line, sizeof p->line);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "event", "error");
    bot__jo_str(&o, "venue", p->venue->name);
    bot__jo_str(&o, "read", p->timing ? "time" : read_word[p->read]);
    if (code != 0)
        bot__jo_i64(&o, "venue_code", code);
    bot__jo_str(&o, "detail", what);
    print_line(&o);
    p->round_well = false;
    if (p->timing) {
        p->timing = false;
        start_round(p);
        return;
    }
    advance(p); /* the rest of the round may still be had */
}

static void send_next(struct poll *p)
{
    const struct session_time t = bot__transport_uv_now();
    p->req = (struct venue_request){ .call = p->timing ? VENUE_CALL_TIME : read_call[p->read], .part = p->part, .cursor = p->cursor };
    if (p->instrument != NULL)
        bot__symbol_set(&p->req.instrument, p->instrument, strlen(p->instrument));
    struct venue_http http;
    const int r = p->venue->encode_rest(&p->req, &p->keys, t.wall_ns + p->clock_offset_ns, &http);
    if (r < 0) {
        failed(p, r == BOT_ERR_INVALID ? "the venue wants an instrument for this: give --instrument" : bot_strerror(r), 0);
        return;
    }
    p->draw = bot__venue_budget_draw(p->venue, &http, BUDGET_RECONCILE, 0);
    if (p->budget != NULL && bot__budget_take(p->budget, &p->draw, t.now) < 0) {
        p->waiting = false;
        p->transport->timer(p->transport->self, bot__budget_ready_at(p->budget, &p->draw, t.now)); /* "when may I?" */
        return;
    }
    p->requests++;
    p->sent_at = t.now;
    p->sent_wall_ns = t.wall_ns;
    const int started = p->transport->http_start(p->transport->self, ++p->http, p->rest_url, &http, t.now + DEADLINE_NS);
    if (started < 0) {
        if (p->budget != NULL)
            bot__budget_unsent(p->budget, &p->draw, t.now);
        failed(p, bot_strerror(started), 0);
    }
}

static int print_event(void *user_data, const bot_event *ev)
{
    struct poll *p = user_data;
    if (ev->kind == BOT_EV_TIME || ev->kind == BOT_EV_CONTROL)
        return 0;
    p->rows++;
    if (bot_event_format(ev, p->venue->name, p->line, sizeof p->line) > 0)
        puts(p->line);
    return 0;
}

static void http_done(struct session *s, struct session_time t, uint64_t id, enum transport_result result, int status,
                      const struct venue_header *headers, uint32_t headers_n, const char *body, size_t len, const char *error)
{
    struct poll *p = (struct poll *)s;
    if (id != p->http || p->ending)
        return;
    if (p->budget != NULL)
        (result == TRANSPORT_NOT_SENT ? bot__budget_unsent : bot__budget_done)(p->budget, &p->draw, t.now);
    if (result != TRANSPORT_OK) {
        failed(p, error, 0);
        return;
    }
    struct venue_reply reply;
    (void)p->venue->decode_rest(&p->context, p->req.call, status, headers, headers_n, (struct slice){ body, len }, print_event, p, &reply);
    if (p->budget != NULL) {
        if (reply.used >= 0 || reply.remaining >= 0 || reply.limit >= 0)
            bot__budget_header(p->budget, 0, reply.scope, reply.used, reply.remaining, reply.limit, reply.reset_wall_ns, t.now);
        if (reply.outcome == BOT_OUTCOME_LIMITED || reply.outcome == BOT_OUTCOME_BANNED)
            bot__budget_refused(p->budget, 0, reply.scope, reply.outcome == BOT_OUTCOME_BANNED, reply.banned_for_ns, t.now);
        else if (reply.outcome == BOT_OUTCOME_OK)
            bot__budget_accepted(p->budget, 0, reply.scope);
    }
    if (reply.outcome != BOT_OUTCOME_OK) {
        failed(p, reply.detail, reply.venue_code);
        return;
    }
    if (p->timing) {
        p->timing = false;
        if (reply.venue_ns != 0)
            p->clock_offset_ns = reply.venue_ns - (p->sent_wall_ns + (t.now - p->sent_at) / 2);
        start_round(p);
        return;
    }
    if (reply.cursor[0] != '\0') {
        memcpy(p->cursor, reply.cursor, sizeof p->cursor);
        send_next(p);
        return;
    }
    advance(p);
}

static void timer(struct session *s, struct session_time t)
{
    struct poll *p = (struct poll *)s;
    (void)t;
    if (p->ending)
        return;
    if (p->waiting) {
        p->waiting = false;
        start_round(p);
    } else {
        send_next(p);
    }
}

static void no_ws(struct session *s, struct session_time t, bot_stream stream) { (void)s, (void)t, (void)stream; }
static void no_message(struct session *s, struct session_time t, bot_stream stream, const char *text, size_t len) { (void)s, (void)t, (void)stream, (void)text, (void)len; }
static void no_close(struct session *s, struct session_time t, bot_stream stream, const char *reason) { (void)s, (void)t, (void)stream, (void)reason; }
static const struct session_inputs inputs = { .ws_opened = no_ws, .ws_message = no_message, .ws_alive = no_ws, .ws_closed = no_close,
                                                   .http_done = http_done, .timer = timer };

static void on_interrupt(uv_signal_t *signal, int number)
{
    (void)number;
    end(signal->data);
}

/* ---- secrets: the environment, or a file that nobody else may read ---- */

static void wipe(char *text)
{
    if (text != NULL) explicit_bzero(text, strlen(text));
    free(text);
}

static bool read_secrets(struct poll *p, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) { /* a FIFO would be waited for */
        fprintf(stderr, "botctl poll: %s: is no file\n", path);
        return false;
    }
    FILE *f = fopen(path, "r");
    if (f == NULL || fstat(fileno(f), &st) != 0) {
        fprintf(stderr, "botctl poll: ");
        perror(path);
        if (f != NULL) fclose(f);
        return false;
    }
    if ((st.st_mode & 077) != 0) {
        fprintf(stderr, "botctl poll: %s: others may read it; run: chmod 600 %s\n", path, path);
        fclose(f);
        return false;
    }
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    unsigned number = 0;
    bool good = true;
    while (good && (n = getline(&line, &size, f)) >= 0) {
        number++;
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) line[--n] = '\0';
        char **to = strncmp(line, "key=", 4) == 0 ? &p->key : strncmp(line, "secret=", 7) == 0 ? &p->secret : strncmp(line, "passphrase=", 11) == 0 ? &p->passphrase : NULL;
        if (line[0] == '\0' || line[0] == '#') continue;
        if (to == NULL) {
            fprintf(stderr, "botctl poll: %s: line %u: expected key=..., secret=... or passphrase=...\n", path, number);
            good = false;
        } else {
            wipe(*to);
            *to = strdup(strchr(line, '=') + 1);
        }
    }
    if (line != NULL) explicit_bzero(line, size);
    free(line);
    fclose(f);
    if (good && (p->key == NULL || p->key[0] == '\0')) {
        fprintf(stderr, "botctl poll: %s: has no line key=...\n", path);
        good = false;
    }
    return good;
}

static char *from_env(const char *name)
{
    const char *v = name != NULL ? getenv(name) : NULL;
    return strdup(v != NULL ? v : "");
}

static bool open_budget(struct poll *p)
{
    struct budget_options bo;
    bot__budget_options_init(&bo);
    const struct session_time t = bot__transport_uv_now();
    bo.utc_ns = t.wall_ns - t.now;
    struct budget_scope scopes[BUDGET_SCOPES_MAX];
    const uint32_t n = bot__venue_budget_scopes(p->venue, scopes);
    const size_t size = n == 0 ? 0 : bot__budget_size(&bo, scopes, n);
    if (size == 0)
        return true;
    p->budget_memory = calloc(1, size + 64);
    if (p->budget_memory == NULL)
        return false;
    p->budget = bot__budget_init((void *)(((uintptr_t)p->budget_memory + 63) & ~(uintptr_t)63), &bo, scopes, n, t.now);
    return true;
}

static int poll_account(struct poll *p)
{
    struct bot__signer *signer = bot__signer_new(p->secret, strlen(p->secret));
    p->keys = (struct venue_keys){ .key = p->key, .passphrase = p->passphrase, .signer = signer };
    p->context.state = calloc(1, p->venue->state_size + 1);
    const struct transport_uv_options to = { .ca_file = p->ca_file };
    (void)uv_loop_init(&p->loop);
    int status = EXIT_FOUND_WRONG;
    int r = signer == NULL || p->context.state == NULL || !open_budget(p) ? BOT_ERR_NOMEM : bot__transport_uv_open(&p->loop, &to, &p->uv);
    if (r < 0) {
        if (p->ca_file != NULL && r != BOT_ERR_NOMEM) fprintf(stderr, "botctl poll: --ca-file %s: cannot be read as PEM certificates\n", p->ca_file);
        else fprintf(stderr, "botctl poll: %s\n", bot_strerror(r));
    } else {
        p->transport = bot__transport_uv_table(p->uv);
        bot__transport_uv_bind(p->uv, &inputs, (struct session *)p);
        uv_signal_init(&p->loop, &p->interrupt);
        p->interrupt.data = p;
        uv_signal_start(&p->interrupt, on_interrupt, SIGINT);
        p->timing = true;
        send_next(p);
        uv_run(&p->loop, UV_RUN_DEFAULT);
        status = p->failures != 0 && p->failures == p->rounds ? EXIT_FOUND_WRONG : 0;
    }
    uv_run(&p->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&p->loop);
    bot__signer_free(signer);
    free(p->context.state);
    free(p->budget_memory);
    return status;
}

static int run(int argc, char **argv)
{
    struct poll p = { .interval_ns = BOT_NS_PER_S };
    const char *venue = NULL, *secrets = NULL;
    bool once = false;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--once") == 0) {
            once = true;
            continue;
        }
        const char **to = strcmp(name, "--venue") == 0 ? &venue : strcmp(name, "--secrets") == 0 ? &secrets : strcmp(name, "--rest-url") == 0 ? &p.rest_url
                          : strcmp(name, "--ca-file") == 0 ? &p.ca_file : strcmp(name, "--instrument") == 0 ? &p.instrument : NULL;
        const bool numeric = strcmp(name, "--interval") == 0 || strcmp(name, "--count") == 0;
        if (to == NULL && !numeric) return botctl_usage("poll", "'%s' is not understood", name);
        if (++i == argc) return botctl_usage("poll", "%s needs a value", name);
        if (to != NULL) {
            *to = argv[i];
            continue;
        }
        char *stop;
        const unsigned long long v = strtoull(argv[i], &stop, 10);
        if (*stop != '\0' || argv[i][0] == '-' || v == 0 || v > 86400) return botctl_usage("poll", "%s: '%s' is not a whole number from 1 to 86400", name, argv[i]);
        if (strcmp(name, "--count") == 0) p.rounds_max = v;
        else p.interval_ns = (int64_t)v * BOT_NS_PER_S;
    }
    if (once && p.rounds_max != 0) return botctl_usage("poll", "--once or --count?");
    if (once) p.rounds_max = 1;
    if (venue == NULL) return botctl_usage("poll", "which venue? give --venue NAME");
    p.venue = botctl_venue("poll", venue);
    if (p.venue == NULL) return EXIT_USAGE;
    if (p.rest_url == NULL) p.rest_url = p.venue->endpoints.rest;
    struct url url;
    if (bot__url_parse(p.rest_url, &url) != BOT_OK || url.ws) return botctl_usage("poll", "--rest-url: '%s' is no http:// or https:// address", p.rest_url);
    /* One place or the other: a key from here with a secret from there would be refused in words that lead astray. */
    p.key = from_env(secrets == NULL ? "BOT_KEY" : NULL);
    p.secret = from_env(secrets == NULL ? "BOT_SECRET" : NULL);
    p.passphrase = from_env(secrets == NULL ? "BOT_PASSPHRASE" : NULL);
    int status = EXIT_USAGE;
    if (secrets == NULL || read_secrets(&p, secrets)) {
        if (p.key == NULL || p.key[0] == '\0')
            fprintf(stderr, "botctl poll: no key: set BOT_KEY and BOT_SECRET, or give --secrets FILE\n");
        else
            status = poll_account(&p);
    }
    wipe(p.key);
    wipe(p.secret);
    wipe(p.passphrase);
    return status;
}

const struct command command_poll = {
    .name = "poll",
    .synopsis = "--venue NAME [--secrets FILE] [--interval S] [--once | --count N] ...",
    .summary = "positions, open orders and balance over REST, as often as the request budget allows",
    .help = "Reads only: a read-only key is enough. JSON lines out: `position`, `order` and `wallet` events, then\n"
            "for each round a `poll` line (complete, rows, requests, took_ms, next_ms) and a `budget` line for\n"
            "each scope that was drawn on. The pause between rounds is --interval (1 s) or longer: at most half\n"
            "of what is free in the venue's budget is used, and at the least one round in ten seconds. Limits,\n"
            "bans and headers of the venue are obeyed.\n\n"
            "The key comes from BOT_KEY, BOT_SECRET and BOT_PASSPHRASE, or from --secrets FILE with lines key=,\n"
            "secret= and passphrase=, which nobody else may be able to read. --instrument names one for venues\n"
            "that have no account-wide reads. --rest-url and --ca-file: another place than the venue's own, and\n"
            "the only authorities to trust there. Exit status 1 when no round was complete.\n",
    .run = run,
};
