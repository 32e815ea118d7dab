#include "watch/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "bot/account.h"
#include "io/http.h"
#include "io/io_loop.h"
#include "io/transport_uv.h"
#include "watch/deliver.h"
#include "watch/heartbeat.h"
#include "watch/watch.h"

#define ANSWER_DEADLINE_NS (10 * BOT_NS_PER_S)
#define TIME_PROBES 3
/* Of a clock that is told in whole seconds: asked at so many places of a second. */
#define TIME_PROBES_COARSE 8
#define COARSE_ERROR_NS (100 * BOT_NS_PER_MS)
#define COARSE_EVERY_MS 140
#define OFFSET_ADVICE_NS (250 * BOT_NS_PER_MS)
#define OFFSET_WRONG_NS BOT_NS_PER_S
#define STREAMS_WITHIN_MS 30000
#define DESCRIPTORS_WANTED 256
#define DAYS_LEFT_ADVICE 14
#define USED_ADVICE_PERCENT 70

const char *const doctor_level_names[] = { "good", "advice", "wrong" };

enum step { STEP_TIME, STEP_INSTRUMENTS, STEP_KEY, STEP_MODE, STEP_POSITIONS, STEP_ONE_POSITION, STEP_ORDERS, STEP_BALANCE, STEPS };
static const struct { enum venue_call call; const char *words; } steps[STEPS] = {
    [STEP_TIME] = { VENUE_CALL_TIME, "the venue's time" },
    [STEP_INSTRUMENTS] = { VENUE_CALL_INSTRUMENTS, "the list of instruments" },
    [STEP_KEY] = { VENUE_CALL_KEY, "what the key may do" },
    [STEP_MODE] = { VENUE_CALL_MODE, "the position mode" },
    [STEP_POSITIONS] = { VENUE_CALL_POSITIONS, "positions" },
    /* Some venues leave flat rows out of the list and tell the mode by nothing else. */
    [STEP_ONE_POSITION] = { VENUE_CALL_POSITIONS, "the position of the first instrument" },
    [STEP_ORDERS] = { VENUE_CALL_OPEN_ORDERS, "open orders" },
    [STEP_BALANCE] = { VENUE_CALL_BALANCE, "the balance" },
};

struct doctor {
    uv_loop_t   *loop;
    const char  *path;
    const struct watch_config *config;
    doctor_tell  tell;
    void       (*over)(void *user_data);
    void        *user_data;
    struct io_loop *io;
    struct io_release release;
    uv_timer_t   timer;
    struct heartbeat *heartbeat; /* while its call is under way */
    int          open;           /* timer and io, and what is tried and closes */
    uint32_t     at;             /* the account */

    /* of the account */
    const struct watch_account_config *account;
    const struct venue *venue;
    const char  *rest_url;
    struct http_client *http;
    struct bot__signer *signer;
    struct venue_keys keys;
    struct venue_context context;
    struct venue_request req;
    char         cursor[256];
    uint32_t     step, part, pages;
    uint64_t     id;
    bot_ts       sent_at;
    int64_t      sent_wall_ns;
    struct doctor_clock clock;
    bool         hedge_seen, net_seen, mode_told, reads_well;
    uint64_t     instruments_found, instruments_tradable; /* bits by their place in the configuration */
    uint32_t     positions, orders;
    int          used_percent;
    bot_account *bot_account;
    bot_handle  *bot;
    uint64_t     streams_ms, private_ms, public_ms, proven_ms;
    char         last_log[200];
    uint32_t     told;           /* findings that were not good */
};

__attribute__((format(printf, 5, 6))) static void found(struct doctor *d, enum doctor_level level, const char *check, const char *advice,
                                                         const char *format, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    d->told += level != DOCTOR_GOOD;
    const struct doctor_finding f = { level, d->account != NULL ? d->account->name : "", check, text, advice };
    d->tell(d->user_data, &f);
}

/* ---- files ---- */

static void directory_of(const char *path, char *buf, size_t size)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) snprintf(buf, size, ".");
    else snprintf(buf, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* Whether it can be written, or made where it is to be. False: told that it cannot. */
static bool writable(struct doctor *d, const char *what, const char *path, bool directory_wanted)
{
    char directory[1024];
    directory_of(path, directory, sizeof directory);
    struct stat st;
    const bool there = stat(path, &st) == 0;
    if (there && S_ISDIR(st.st_mode) != directory_wanted) {
        found(d, DOCTOR_WRONG, "files", "choose another path", "%s %s is %s directory", what, path, directory_wanted ? "no" : "a");
        return false;
    }
    const char *subject = there ? path : directory;
    if (access(subject, there && !directory_wanted ? W_OK : W_OK | X_OK) == 0)
        return true;
    found(d, DOCTOR_WRONG, "files", errno == ENOENT ? "make the directory, owned by the user that runs the watch" : "give it to the user that runs the watch",
          "%s %s: %s: %s", what, path, subject, strerror(errno));
    return false;
}

/* One that cannot be gone on with keeps the watch from starting. */
static void look_at_journal(struct doctor *d, const struct watch_account_config *a)
{
    struct stat st;
    bot_journal_reader *reader;
    bot_journal_place why;
    if (!writable(d, "journal", a->journal, true) || stat(a->journal, &st) != 0 || st.st_nlink == 0)
        return;
    const int r = bot_journal_open_read(a->journal, a->venue, a->name, &reader, &why);
    if (r == BOT_OK)
        bot_journal_close_read(reader);
    else if (r != BOT_ERR_IO) /* an empty directory */
        found(d, DOCTOR_WRONG, "files", "give this account another journal", "journal %s: %s", a->journal, why.text);
}

static void look_at_alert_file(struct doctor *d, const struct watch_route_config *r)
{
    struct stat st;
    if (writable(d, "alert file", r->path, false) && stat(r->path, &st) == 0 && S_ISFIFO(st.st_mode))
        found(d, DOCTOR_ADVICE, "files", "", "alert file %s is a pipe: alerts wait while nobody reads it", r->path);
}

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static void executable(struct doctor *d, const char *route, const char *name)
{
    char path[1024];
    if (strchr(name, '/') != NULL) {
        if (is_program(name)) return;
    } else {
        const char *from = getenv("PATH");
        while (from != NULL && *from != '\0') {
            const size_t n = strcspn(from, ":");
            snprintf(path, sizeof path, "%.*s/%s", (int)n, from, name);
            if (is_program(path)) return;
            from += n + (from[n] == ':');
        }
    }
    found(d, DOCTOR_WRONG, "files", "give its whole path, and chmod +x", "route %s: command %s is not there or cannot be run", route, name);
}

static void look_at_files(struct doctor *d)
{
    struct stat st;
    if (stat(d->path, &st) == 0 && (st.st_mode & 022) != 0)
        found(d, DOCTOR_ADVICE, "files", "chmod go-w: a command route in it runs as this user", "%s: others may write it", d->path);
    for (uint32_t i = 0; i < d->config->accounts_n; i++)
        if (d->config->accounts[i].journal != NULL)
            look_at_journal(d, &d->config->accounts[i]);
    for (uint32_t i = 0; i < d->config->alerts.routes_n; i++) {
        const struct watch_route_config *r = &d->config->alerts.routes[i];
        if (r->type == ROUTE_FILE) look_at_alert_file(d, r);
        if (r->type == ROUTE_COMMAND) executable(d, r->name, r->command.list[0]);
    }
    if (d->config->http.key_file != NULL && stat(d->config->http.key_file, &st) == 0 && (st.st_mode & 077) != 0)
        found(d, DOCTOR_ADVICE, "files", "chmod 600", "http.key_file %s: others may read it", d->config->http.key_file);
    if (d->config->alerts.routes_n == 0)
        found(d, DOCTOR_ADVICE, "alerts", "add one to alerts.routes, then try it with `botctl watch --test-alert`", "alerts have no route: they stand on the page and in /metrics alone");
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_WANTED)
        found(d, DOCTOR_ADVICE, "limits", "raise it: ulimit -n 1024, or LimitNOFILE= of the unit", "only %llu open files are allowed", (unsigned long long)limit.rlim_cur);
    if (d->told == 0)
        found(d, DOCTOR_GOOD, "files", "", "%s: %u account%s, %u alert route%s", d->path, d->config->accounts_n, d->config->accounts_n == 1 ? "" : "s",
              d->config->alerts.routes_n, d->config->alerts.routes_n == 1 ? "" : "s");
}

/* ---- one account after the other ---- */

static void next_account(struct doctor *d);
static void send_step(struct doctor *d);
static void open_streams(struct doctor *d);

static void leave_account(struct doctor *d)
{
    bot__http_close(d->http);
    d->http = NULL;
    bot__signer_free(d->signer);
    d->signer = NULL;
    free(d->context.state);
    d->context.state = NULL;
    d->account = NULL;
    d->at++;
    next_account(d);
}

static void next_step(struct doctor *d)
{
    d->cursor[0] = '\0';
    d->part = d->pages = 0;
    if (++d->step < STEPS) send_step(d);
    else open_streams(d);
}

static const char *advice_of(bot_outcome outcome)
{
    switch (outcome) {
    case BOT_OUTCOME_AUTH: return "check key and secret; whether the key is of the test network (test_network), has ended, or is bound to other addresses";
    case BOT_OUTCOME_CLOCK: return "set this machine's clock: chronyd or systemd-timesyncd";
    case BOT_OUTCOME_LIMITED:
    case BOT_OUTCOME_BANNED: return "other programs behind this key or address use up the venue's limit: wait, and slow them down";
    case BOT_OUTCOME_MAINTENANCE: return "the venue is closed: try again later";
    default: return "try again; if it stays, look at the venue's status page";
    }
}

static void not_reached(struct doctor *d, const char *error)
{
    const bool certificate = strstr(error, "ertificate") != NULL || strstr(error, "SSL") != NULL || strstr(error, "TLS") != NULL;
    found(d, DOCTOR_WRONG, "reach", certificate ? "who answers there? ca_file names the only authorities to trust; without it the system's store is used"
                                                : "check rest_url, the network, the firewall, and whether the venue serves this region",
          "%s: %s", d->rest_url, error);
}

void doctor_clock_add(struct doctor_clock *clock, int64_t venue_ns, int64_t error_ns, int64_t sent_ns, int64_t received_ns)
{
    const int64_t low = venue_ns - error_ns - received_ns, high = venue_ns + error_ns - sent_ns;
    if (clock->n++ == 0 || low > clock->high_ns || high < clock->low_ns) {
        clock->low_ns = low;
        clock->high_ns = high;
        return;
    }
    if (low > clock->low_ns) clock->low_ns = low;
    if (high < clock->high_ns) clock->high_ns = high;
}

static int64_t clock_error_ns(const struct doctor *d) { return (d->clock.high_ns - d->clock.low_ns) / 2; }

static void clock_known(struct doctor *d)
{
    const int64_t offset = d->clock.low_ns + clock_error_ns(d), apart = offset < 0 ? -offset : offset, surely = apart - clock_error_ns(d);
    const enum doctor_level level = surely > OFFSET_WRONG_NS ? DOCTOR_WRONG : surely > OFFSET_ADVICE_NS ? DOCTOR_ADVICE : DOCTOR_GOOD;
    found(d, DOCTOR_GOOD, "reach", "", "%s answers, its certificate holds", d->rest_url);
    found(d, level, "clock", level == DOCTOR_GOOD ? "" : "set this machine's clock: chronyd or systemd-timesyncd (signatures hold for a few seconds only)",
          "the venue's clock is %.3f s %s ours, give or take %.3f s", (double)apart / 1e9, offset < 0 ? "behind" : "ahead of", (double)clock_error_ns(d) / 1e9);
}

static void instruments_known(struct doctor *d)
{
    const struct watch_strings *wanted = &d->account->instruments;
    uint32_t well = 0;
    for (uint32_t i = 0; i < wanted->n; i++) {
        if ((d->instruments_found >> i & 1) == 0)
            found(d, DOCTOR_WRONG, "instruments", "spell it as the venue does", "%s is not in the venue's list", wanted->list[i]);
        else if ((d->instruments_tradable >> i & 1) == 0)
            found(d, DOCTOR_ADVICE, "instruments", "", "%s is listed, and not traded now", wanted->list[i]);
        else
            well++;
    }
    if (well != 0 && well == wanted->n)
        found(d, DOCTOR_GOOD, "instruments", "", "%s%s listed and traded", well == 1 ? wanted->list[0] : "all ", well == 1 ? " is" : "are");
}

static void key_known(struct doctor *d, const struct venue_reply *reply)
{
    if (reply->key.withdraws)
        found(d, DOCTOR_ADVICE, "permissions", "make another key without it: nothing here ever moves money out", "the key may withdraw");
    if (reply->key.trades)
        found(d, DOCTOR_ADVICE, "permissions", "a read-only key is enough for the watch", "the key may trade");
    if (reply->key.anywhere && (reply->key.trades || reply->key.withdraws))
        found(d, DOCTOR_ADVICE, "permissions", "bind it to this machine's address at the venue", "the key works from any address");
    if (reply->key.days_left >= 0 && reply->key.days_left <= DAYS_LEFT_ADVICE)
        found(d, DOCTOR_ADVICE, "permissions", "renew it before", "the key ends in %d day%s", reply->key.days_left, reply->key.days_left == 1 ? "" : "s");
    if (!reply->key.withdraws && !reply->key.trades)
        found(d, DOCTOR_GOOD, "permissions", "", "the key only reads");
}

static void mode_known(struct doctor *d, bool hedge)
{
    if (d->mode_told)
        return;
    d->mode_told = true;
    if (hedge == d->account->hedge)
        found(d, DOCTOR_GOOD, "mode", "", "positions are in %s mode, as the configuration says", hedge ? "hedge" : "one-way");
    else
        found(d, DOCTOR_WRONG, "mode", hedge ? "set \"hedge\": true for this account" : "leave \"hedge\" out for this account", "the account is in %s mode, the configuration says %s",
              hedge ? "hedge" : "one-way", hedge ? "one-way" : "hedge");
}

/* The step is answered in full. */
static void step_over(struct doctor *d, const struct venue_reply *reply)
{
    switch ((enum step)d->step) {
    case STEP_TIME: clock_known(d); break;
    case STEP_INSTRUMENTS: instruments_known(d); break;
    case STEP_KEY: key_known(d, reply); break;
    case STEP_MODE: mode_known(d, reply->hedge); break;
    case STEP_POSITIONS: found(d, DOCTOR_GOOD, "key", "", "positions are read, %u not flat", d->positions); break;
    case STEP_ONE_POSITION: break;
    case STEP_ORDERS: found(d, DOCTOR_GOOD, "key", "", "open orders are read%s", d->orders != 0 ? "; there are some: of another program, or yours" : ""); break;
    case STEP_BALANCE: found(d, DOCTOR_GOOD, "key", "", "the balance is read"); break;
    case STEPS: break;
    }
    if (d->step == STEP_POSITIONS || d->step == STEP_ONE_POSITION)
        if (d->hedge_seen || d->net_seen)
            mode_known(d, d->hedge_seen);
    next_step(d);
}

static int take_row(void *user_data, const bot_event *ev)
{
    struct doctor *d = user_data;
    if (ev->kind == BOT_EV_INSTRUMENT) {
        for (uint32_t i = 0; i < d->account->instruments.n && i < 64; i++)
            if (strcmp(ev->instrument.s, d->account->instruments.list[i]) == 0) {
                d->instruments_found |= UINT64_C(1) << i;
                if (ev->inst.tradable) d->instruments_tradable |= UINT64_C(1) << i;
            }
    } else if (ev->kind == BOT_EV_POSITION) {
        if (ev->position.leg == BOT_LEG_LONG || ev->position.leg == BOT_LEG_SHORT) d->hedge_seen = true;
        if (ev->position.leg == BOT_LEG_NET) d->net_seen = true;
        d->positions += d->step == STEP_POSITIONS && ev->position.qty.coef != 0;
    } else if (ev->kind == BOT_EV_ORDER) {
        d->orders++;
    }
    return 0;
}

static void step_failed(struct doctor *d, bot_outcome outcome, int64_t code, const char *words)
{
    const bool private_read = d->step != STEP_TIME && d->step != STEP_INSTRUMENTS;
    if (d->step == STEP_TIME) {
        found(d, DOCTOR_WRONG, "reach", advice_of(outcome), "%s does not tell the time: %s", d->rest_url, words);
    } else if (d->step == STEP_KEY && outcome != BOT_OUTCOME_AUTH) {
        found(d, DOCTOR_ADVICE, "permissions", "look at the key's permissions on the venue's page", "the venue does not say what the key may do: %s", words);
    } else if (code != 0) {
        found(d, DOCTOR_WRONG, private_read ? "key" : "reach", advice_of(outcome), "%s cannot be read: %s (the venue's code %lld)", steps[d->step].words, words, (long long)code);
    } else {
        found(d, DOCTOR_WRONG, private_read ? "key" : "reach", advice_of(outcome), "%s cannot be read: %s", steps[d->step].words, words);
    }
    if (d->step == STEP_TIME || outcome == BOT_OUTCOME_AUTH || outcome == BOT_OUTCOME_BANNED) {
        leave_account(d); /* the rest would only say the same again */
        return;
    }
    if (d->step != STEP_KEY) /* which is asked for its own sake only */
        d->reads_well = false;
    next_step(d);
}

static void ask_again(uv_timer_t *timer) { send_step(timer->data); }

static void answered(void *user_data, uint64_t id, const struct http_answer *answer)
{
    struct doctor *d = user_data;
    if (id != d->id || d->account == NULL)
        return;
    const struct session_time t = bot__transport_uv_now();
    if (answer->result != TRANSPORT_OK) {
        if (d->step == STEP_TIME) {
            not_reached(d, answer->error);
            leave_account(d);
        } else {
            step_failed(d, BOT_OUTCOME_TIMEOUT, 0, answer->error);
        }
        return;
    }
    struct venue_reply reply;
    (void)d->venue->decode_rest(&d->context, d->req.call, answer->status, answer->headers, answer->headers_n, (struct slice){ answer->body, answer->len },
                                take_row, d, &reply);
    if (reply.outcome != BOT_OUTCOME_OK) {
        step_failed(d, reply.outcome, reply.venue_code, reply.detail);
        return;
    }
    if (reply.limit > 0 && (reply.used >= 0 || reply.remaining >= 0)) {
        const int percent = (int)(INT64_C(100) * (reply.used >= 0 ? reply.used : reply.limit - reply.remaining) / reply.limit);
        if (percent > d->used_percent) d->used_percent = percent;
    }
    if (d->step == STEP_TIME && reply.venue_ns != 0) {
        doctor_clock_add(&d->clock, reply.venue_ns, reply.venue_error_ns, d->sent_wall_ns, d->sent_wall_ns + (t.now - d->sent_at));
        if (d->clock.n < TIME_PROBES) {
            send_step(d);
            return;
        }
        if (reply.venue_error_ns > COARSE_ERROR_NS && d->clock.n < TIME_PROBES_COARSE) {
            (void)uv_timer_start(&d->timer, ask_again, COARSE_EVERY_MS, 0);
            return;
        }
    }
    const uint32_t parts = d->step == STEP_POSITIONS ? d->venue->positions_parts : d->step == STEP_ORDERS ? d->venue->orders_parts
                           : d->step == STEP_INSTRUMENTS ? d->venue->instruments_parts : 1;
    if (reply.cursor[0] != '\0' && d->step != STEP_KEY && ++d->pages < 20) {
        memcpy(d->cursor, reply.cursor, sizeof d->cursor);
        send_step(d);
    } else if (d->step != STEP_ORDERS && ++d->part < parts) {
        d->cursor[0] = '\0';
        send_step(d);
    } else {
        step_over(d, &reply);
    }
}

static void send_step(struct doctor *d)
{
    const struct session_time t = bot__transport_uv_now();
    d->req = (struct venue_request){ .call = steps[d->step].call, .part = d->part, .cursor = d->cursor };
    const struct watch_strings *names = &d->account->instruments;
    const bool by_instrument = d->step == STEP_ONE_POSITION || (d->step == STEP_POSITIONS && d->venue->positions_per_instrument) ||
                               (d->step == STEP_ORDERS && d->venue->orders_per_instrument);
    if (by_instrument && names->n != 0)
        bot__symbol_set(&d->req.instrument, names->list[0], strlen(names->list[0]));
    if ((d->step == STEP_ONE_POSITION && (!d->reads_well || d->mode_told || names->n == 0 || (d->instruments_found & 1) == 0)) || (d->step == STEP_INSTRUMENTS && names->n == 0)) {
        next_step(d);
        return;
    }
    struct venue_http *http = calloc(1, sizeof *http);
    int r = http == NULL ? BOT_ERR_NOMEM : d->venue->encode_rest(&d->req, &d->keys, t.wall_ns + d->clock.low_ns + clock_error_ns(d), http);
    const bool encoded = r == BOT_OK;
    if (encoded) {
        d->sent_at = t.now;
        d->sent_wall_ns = t.wall_ns;
        r = bot__http_start(d->http, ++d->id, d->rest_url, http, t.now + ANSWER_DEADLINE_NS);
    }
    if (http != NULL)
        explicit_bzero(http, sizeof *http);
    free(http);
    if (r == BOT_OK)
        return;
    if (r == BOT_ERR_UNSUPPORTED) {
        if (d->step == STEP_KEY && d->account->secret != NULL)
            found(d, DOCTOR_ADVICE, "permissions", "look there: it needs no right to withdraw, and none to trade", "what the key may do is only told on the venue's page");
        next_step(d);
    } else if (r == BOT_ERR_INVALID && !encoded && d->step == STEP_TIME) { /* one that asks for an account's state */
        found(d, DOCTOR_WRONG, "key", "copy it from the venue's page once more", "the key has not the form that %s gives keys", d->venue->title);
        leave_account(d);
    } else if (r == BOT_ERR_INVALID && !encoded) {
        found(d, DOCTOR_WRONG, "instruments", "name one in \"instruments\"", "%s: the venue wants an instrument for it, or the key has a wrong form", steps[d->step].words);
        next_step(d);
    } else {
        found(d, DOCTOR_WRONG, "reach", "rest_url must be https://HOST[:PORT]", "%s: %s", d->rest_url, bot_strerror(r));
        leave_account(d);
    }
}

/* ---- streams, as the watch will have them ---- */

static void keep_log(void *user_data, bot_log_level level, const char *event, const char *text)
{
    struct doctor *d = user_data;
    if (level <= BOT_LOG_WARNING)
        snprintf(d->last_log, sizeof d->last_log, "%s: %s", event, text);
}

static void account_gone(void *user_data) { leave_account(user_data); }

static void streams_over(struct doctor *d, bool proven, bool public_wanted)
{
    bot_gate_state gate;
    bot_get_gate(d->bot, &gate);
    const char *why = d->last_log[0] != '\0' ? d->last_log : "nothing was heard";
    if (d->private_ms == 0)
        found(d, DOCTOR_WRONG, "private_stream", "check ws_private_url, and whether the key may be used over sockets", "not up within %d s: %s", STREAMS_WITHIN_MS / 1000, why);
    else
        found(d, DOCTOR_GOOD, "private_stream", "", "logged in and subscribed after %.1f s", (double)(d->private_ms - d->streams_ms) / 1000);
    if (public_wanted && d->public_ms == 0)
        found(d, DOCTOR_WRONG, "public_stream", "check ws_public_url and the names of the instruments", "not up within %d s: %s", STREAMS_WITHIN_MS / 1000, why);
    else if (public_wanted)
        found(d, DOCTOR_GOOD, "public_stream", "", "up after %.1f s", (double)(d->public_ms - d->streams_ms) / 1000);
    if (proven) {
        found(d, DOCTOR_GOOD, "position", "", "fills and REST agree after %.1f s", (double)(d->proven_ms - d->streams_ms) / 1000);
    } else {
        char reasons[300] = "";
        for (int i = 0; i < BOT_GATE_REASON_COUNT; i++)
            if ((gate.reasons >> i & 1) != 0)
                snprintf(reasons + strlen(reasons), sizeof reasons - strlen(reasons), "%s%s", reasons[0] != '\0' ? "; " : "", bot_gate_reason_words(1u << i));
        found(d, DOCTOR_WRONG, "position", "see the findings above; `botctl watch` would alert on this", "not proven within %d s: %s", STREAMS_WITHIN_MS / 1000, reasons);
    }
    if (d->used_percent >= USED_ADVICE_PERCENT)
        found(d, DOCTOR_ADVICE, "limits", "other programs use this key or address: the watch reads less often then", "%d %% of a request limit of the venue was used", d->used_percent);
    else if (d->used_percent >= 0)
        found(d, DOCTOR_GOOD, "limits", "", "at most %d %% of a request limit was used", d->used_percent);
}

static void look_at_streams(uv_timer_t *timer)
{
    struct doctor *d = timer->data;
    const uint64_t now = uv_now(d->loop);
    bot_stream_info info;
    bot_gate_state gate;
    const bool public_wanted = d->account->public_data && d->account->instruments.n != 0;
    bot_account_stream(d->bot_account, BOT_STREAM_PRIVATE, &info);
    if (info.up && d->private_ms == 0) d->private_ms = now;
    bot_account_stream(d->bot_account, BOT_STREAM_PUBLIC, &info);
    if (info.up && d->public_ms == 0) d->public_ms = now;
    bot_get_gate(d->bot, &gate);
    const bool proven = (gate.reasons & (BOT_GATE_STARTUP | BOT_GATE_RECONCILED)) == 0;
    if (proven && d->proven_ms == 0) d->proven_ms = now;
    if (!(proven && d->private_ms != 0 && (d->public_ms != 0 || !public_wanted)) && now - d->streams_ms < STREAMS_WITHIN_MS)
        return;
    (void)uv_timer_stop(timer);
    streams_over(d, proven, public_wanted);
    bot_account_close(d->bot_account, account_gone, d);
    d->bot_account = NULL;
}

static void open_streams(struct doctor *d)
{
    if (!d->reads_well) {
        leave_account(d); /* what does not read will not be proven */
        return;
    }
    bot__http_close(d->http);
    d->http = NULL;
    const struct watch_account_config *c = d->account;
    bot_account_options o;
    watch_account_options(c, &o);
    o.monitors = false;    /* a visit is too short for them, */
    o.journal.path = NULL; /* and leaves no trace */
    o.log = keep_log;
    o.log_user_data = d;
    bot_options b;
    bot_options_init(&b);
    b.name = "doctor";
    b.watch_only = true;
    int r = bot_account_open(d->loop, &o, &d->bot_account);
    if (r < 0) {
        found(d, DOCTOR_WRONG, "account", "mend the configuration", "%s", bot_account_open_why()[0] != '\0' ? bot_account_open_why() : bot_strerror(r));
        leave_account(d);
        return;
    }
    r = bot_attach(d->bot_account, &b, &d->bot);
    if (r < 0) {
        found(d, DOCTOR_WRONG, "account", "", "%s", bot_strerror(r));
        bot_account_close(d->bot_account, account_gone, d);
        return;
    }
    d->streams_ms = uv_now(d->loop);
    (void)uv_timer_start(&d->timer, look_at_streams, 50, 50);
}

/* ---- life ---- */

static void part_gone(struct doctor *d)
{
    if (--d->open != 0)
        return;
    void (*over)(void *) = d->over;
    void *user_data = d->user_data;
    free(d);
    over(user_data);
}
static void timer_closed(uv_handle_t *handle) { part_gone(handle->data); }
static void io_released(void *user_data) { part_gone(user_data); }

static void next_account(struct doctor *d)
{
    if (d->at == d->config->accounts_n) {
        uv_close((uv_handle_t *)&d->timer, timer_closed);
        d->release = (struct io_release){ .released = io_released, .user_data = d };
        bot__io_loop_release(d->io, &d->release);
        return;
    }
    const struct watch_account_config *c = &d->config->accounts[d->at];
    d->account = c;
    d->venue = bot__venue_find(c->venue);
    d->rest_url = c->rest_url != NULL ? c->rest_url : c->test_network ? d->venue->endpoints_test.rest : d->venue->endpoints.rest;
    d->step = d->part = d->pages = d->positions = d->orders = 0;
    d->clock = (struct doctor_clock){ 0 };
    d->instruments_found = d->instruments_tradable = 0;
    d->hedge_seen = d->net_seen = d->mode_told = false;
    d->reads_well = true;
    d->used_percent = -1;
    d->private_ms = d->public_ms = d->proven_ms = 0;
    d->cursor[0] = d->last_log[0] = '\0';
    d->signer = bot__signer_new(c->secret != NULL ? c->secret : "", c->secret != NULL ? strlen(c->secret) : 0);
    d->keys = (struct venue_keys){ .key = c->key != NULL ? c->key : "", .passphrase = c->passphrase, .signer = d->signer, .test = c->test_network };
    d->context = (struct venue_context){ .state = calloc(1, d->venue->state_size + 1) };
    const struct http_options o = { .ca_file = c->ca_file, .requests_max = 2, .connections_max = 1 };
    const int r = d->signer == NULL || d->context.state == NULL ? BOT_ERR_NOMEM : bot__http_open(d->io, &o, answered, d, &d->http);
    if (r < 0) {
        found(d, DOCTOR_WRONG, "files", "ca_file must be a readable PEM file", "%s: %s", c->ca_file != NULL ? c->ca_file : "the client", bot_strerror(r));
        leave_account(d);
    } else if (d->rest_url[0] == '\0') {
        found(d, DOCTOR_WRONG, "reach", "leave \"test_network\" out", "%s has no test network", d->venue->title);
        leave_account(d);
    } else {
        send_step(d);
    }
}

static void part_closed(void *user_data) { part_gone(user_data); }

static void no_result(void *user_data, uint64_t id, enum watch_delivery delivery) { (void)user_data, (void)id, (void)delivery; }

/* What keeps the watch from starting, besides accounts: opened as it would be, and closed at once. */
static void try_to_open(struct doctor *d)
{
    char why[WATCH_WHY_MAX];
    struct deliver *deliver;
    bool in_use;
    if (deliver_open(d->loop, d->config, no_result, NULL, &deliver, why) < 0) {
        found(d, DOCTOR_WRONG, "alerts", "ca_file must be a readable PEM file, an address a short https:// URL", "%s", why);
    } else {
        d->open++;
        (void)deliver_close(deliver, NULL, part_closed, d);
    }
    if (d->config->http.listen[0] == '\0')
        return;
    if (httpd_try(d->loop, d->config, part_closed, d, &in_use, why) == BOT_OK)
        d->open++;
    else if (in_use) /* perhaps by the watch that is to run */
        found(d, DOCTOR_ADVICE, "http", "nothing, when that is this watch: it runs already", "%s", why);
    else
        found(d, DOCTOR_WRONG, "http", "give an address of this machine, and a certificate and key that this user can read", "%s", why);
}

static void heartbeat_heard(void *user_data, const char *where, const char *why)
{
    struct doctor *d = user_data;
    if (why == NULL)
        found(d, DOCTOR_GOOD, "heartbeat", "", "%s has heard the call", where);
    else
        found(d, DOCTOR_WRONG, "heartbeat", "check alerts.heartbeat.url: who waits for its calls would raise the alarm", "%s: %s", where, why);
    heartbeat_close(d->heartbeat);
    d->heartbeat = NULL;
    next_account(d);
}

static void begin(uv_timer_t *timer)
{
    struct doctor *d = timer->data;
    char why[WATCH_WHY_MAX];
    look_at_files(d);
    try_to_open(d);
    /* What it cannot be opened by was told with the routes. */
    if (d->config->alerts.heartbeat.url != NULL && heartbeat_open(d->io, d->config, heartbeat_heard, d, &d->heartbeat, why) == BOT_OK)
        heartbeat_tick(d->heartbeat, 0, true);
    else
        next_account(d);
}

int doctor_start(struct uv_loop_s *loop, const char *path, const struct watch_config *config, doctor_tell tell, void (*over)(void *user_data),
                 void *user_data)
{
    struct doctor *d = calloc(1, sizeof *d);
    if (d == NULL)
        return BOT_ERR_NOMEM;
    *d = (struct doctor){ .loop = loop, .path = path, .config = config, .tell = tell, .over = over, .user_data = user_data, .open = 2 };
    const int r = bot__io_loop_acquire(loop, &d->io);
    if (r < 0) {
        free(d);
        return r;
    }
    (void)uv_timer_init(loop, &d->timer);
    d->timer.data = d;
    (void)uv_timer_start(&d->timer, begin, 0, 0);
    return BOT_OK;
}
