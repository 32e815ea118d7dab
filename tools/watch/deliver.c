#include "watch/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/json.h"
#include "bot/err.h"
#include "io/http.h"
#include "io/io_loop.h"
#include "io/url.h"
#include "watch/heartbeat.h"
#include "watch/watch.h"

#define QUEUE_MAX 64
#define ATTEMPT_DEADLINE_NS (10 * BOT_NS_PER_S)
#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 60000
#define RETRY_FOR_MS 3600000
#define MINUTE_MS 60000
/* Of a receiver that may be down or may only dislike this alert: so often it is tried before the others are. */
#define TRIES_IN_ORDER 3
/* Between an alert that is put aside and the next: a receiver that is down after all is not stormed. */
#define ASIDE_GAP_MS 1000

/* What an attempt came to. */
enum outcome {
    TOLD,
    WAY_SHUT,  /* none could get through now: the route waits */
    NO_ANSWER, /* most likely none could; perhaps only this one cannot */
    REFUSED,   /* somebody is there and did not take this one: it waits by itself */
    HOPELESS,
};

struct item {
    struct watch_alert alert;
    uint64_t first_ms;
    uint64_t next_ms;   /* put aside: loop time of its next attempt */
    uint32_t attempts;
    bool     aside, refused;
};

struct route {
    struct deliver *owner;
    const struct watch_route_config *config;
    struct http_client *http;
    char        base[300], path[900];
    struct item queue[QUEUE_MAX];
    uint32_t    head, n;
    uint64_t    next_ms;      /* loop time before which nothing is tried */
    bool        torn;         /* the file ends in half a line of ours */
    bool        busy;         /* the head is under way */
    uint64_t    http_id;
    uv_process_t process;     /* of a command */
    uv_pipe_t   input;
    uv_write_t  write;
    char        body[2048];
    uint64_t    kill_ms;
    bool        process_open, input_open;
    uint64_t    minute_ms;    /* start of the minute that is counted */
    uint32_t    told[WATCH_CRITICAL + 1], beyond; /* in it, by severity; and of those that were not, */
    enum watch_severity beyond_worst;
    struct deliver_route_view view;
};

struct deliver {
    uv_loop_t *loop;
    struct io_loop *io;
    struct io_release release;
    uv_timer_t timer;
    struct route *routes;
    uint32_t routes_n;
    struct heartbeat *heartbeat;
    int64_t  max_per_minute;
    deliver_result result;
    void    *result_user_data;
    bool     closing, timer_open, io_open;
    void   (*closed)(void *user_data);
    void    *closed_user_data;
};

int deliver_json(const struct watch_alert *a, char *buf, size_t size)
{
    struct json_out o;
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "event", "alert");
    bot__jo_i64(&o, "id", (int64_t)a->id);
    bot__jo_str(&o, "rule", watch_rule_names[a->rule]);
    bot__jo_str(&o, "severity", watch_severity_names[a->severity]);
    bot__jo_str(&o, "state", a->state == ALERT_RESOLVED ? "resolved" : "firing");
    if (a->account[0] != '\0') bot__jo_str(&o, "account", a->account);
    if (a->instrument[0] != '\0') bot__jo_str(&o, "instrument", a->instrument);
    bot__jo_i64(&o, "since_ms", a->since_ms);
    if (a->state == ALERT_RESOLVED) bot__jo_i64(&o, "resolved_ms", a->resolved_ms);
    bot__jo_str(&o, "text", a->text);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}

/* One line for people. */
static void line_of(const struct watch_alert *a, char *buf, size_t size)
{
    const char *word = a->state == ALERT_RESOLVED ? "resolved" : watch_severity_names[a->severity];
    if (a->state == ALERT_RESOLVED)
        snprintf(buf, size, "[%s] %s%s%s%s%s: over after %.1f s: %s", word, a->account, a->account[0] != '\0' ? " " : "", a->instrument,
                 a->instrument[0] != '\0' ? " " : "", watch_rule_names[a->rule], (double)(a->resolved_ms - a->since_ms) / 1000, a->text);
    else
        snprintf(buf, size, "[%s] %s%s%s%s%s: %s", word, a->account, a->account[0] != '\0' ? " " : "", a->instrument,
                 a->instrument[0] != '\0' ? " " : "", watch_rule_names[a->rule], a->text);
}

/* What a chat wants to read. Sources: Slack "Incoming webhooks" (text), Discord "Execute Webhook" (content), Telegram Bot API sendMessage. */
static int chat_body(const struct route *r, const struct watch_alert *a, char *buf, size_t size)
{
    char line[480];
    line_of(a, line, sizeof line);
    struct json_out o;
    bot__jo_init(&o, buf, size);
    bot__jo_object(&o, NULL);
    if (r->config->type == ROUTE_TELEGRAM) bot__jo_str(&o, "chat_id", r->config->chat_id);
    bot__jo_str(&o, r->config->type == ROUTE_DISCORD ? "content" : "text", line);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}

static void next(struct route *r);

static struct item *queued(struct route *r, uint32_t i) { return &r->queue[(r->head + i) % QUEUE_MAX]; }

static void pop(struct route *r)
{
    r->head = (r->head + 1) % QUEUE_MAX;
    r->n--;
}

/* The way is open: whoever was put aside because it seemed shut is back in order. What still has not got through keeps the route failing. */
static void way_open(struct route *r)
{
    r->next_ms = 0;
    r->view.failing = false;
    for (uint32_t i = 0; i < r->n; i++) {
        queued(r, i)->aside = queued(r, i)->refused;
        r->view.failing = r->view.failing || queued(r, i)->attempts != 0;
    }
    if (!r->view.failing)
        r->view.why[0] = '\0';
}

/* The attempt is over. why: what went wrong, NULL for TOLD. wait_ms: the receiver asked for that. */
static void settle(struct route *r, enum outcome outcome, const char *why, uint64_t wait_ms)
{
    struct deliver *d = r->owner;
    r->busy = false;
    if (r->n == 0 || d->closing)
        return;
    struct item *item = &r->queue[r->head];
    const uint64_t id = item->alert.id, now = uv_now(d->loop);
    if (outcome == TOLD) {
        r->view.delivered++;
        pop(r);
        way_open(r);
        d->result(d->result_user_data, id, DELIVERY_DELIVERED);
        return;
    }
    r->view.failing = true;
    snprintf(r->view.why, sizeof r->view.why, "%s", why);
    if (outcome == HOPELESS || now - item->first_ms >= RETRY_FOR_MS) {
        r->view.failed++;
        r->next_ms = 0;
        pop(r);
        d->result(d->result_user_data, id, DELIVERY_FAILED);
        return;
    }
    uint64_t pause = RETRY_FIRST_MS;
    for (uint32_t i = 1; i < item->attempts && pause < RETRY_MAX_MS; i++)
        pause *= 2;
    if (pause > RETRY_MAX_MS) pause = RETRY_MAX_MS;
    item->refused = outcome == REFUSED;
    item->aside = item->refused || (outcome == NO_ANSWER && item->attempts >= TRIES_IN_ORDER);
    item->next_ms = now + pause;
    if (item->aside) pause = ASIDE_GAP_MS;
    r->next_ms = now + (wait_ms > pause ? wait_ms : pause);
    r->view.retried++;
    d->result(d->result_user_data, id, DELIVERY_RETRYING);
}

static void attempted(struct route *r, enum outcome outcome, const char *why, uint64_t wait_ms)
{
    settle(r, outcome, why, wait_ms);
    next(r);
}

/* ---- the ways ---- */

static void write_stderr(struct route *r, const struct watch_alert *a)
{
    char line[480];
    line_of(a, line, sizeof line);
    const int e = watch_say("%s", line);
    settle(r, e == 0 ? TOLD : WAY_SHUT, e == EAGAIN ? "standard error takes nothing: its reader stands still" : e != 0 ? strerror(e) : NULL, 0);
}

static void write_file(struct route *r, const struct watch_alert *a)
{
    /* Half a line of a full disk is ended first, or it would spoil the whole one behind it. */
    const size_t torn = r->torn;
    r->body[0] = '\n';
    int n = (int)torn + deliver_json(a, r->body + torn, sizeof r->body - 1 - torn);
    /* O_NONBLOCK: a FIFO is a file to many, and nobody may be reading it. */
    const int fd = open(r->config->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (fd < 0) {
        settle(r, WAY_SHUT, errno == ENXIO ? "nobody reads it" : strerror(errno), 0);
        return;
    }
    r->body[n++] = '\n';
    const ssize_t written = write(fd, r->body, (size_t)n);
    const int e = written == n ? 0 : written < 0 ? errno : ENOSPC;
    close(fd);
    if (written > 0)
        r->torn = written != n;
    settle(r, e == 0 ? TOLD : WAY_SHUT, e == 0 ? NULL : e == EAGAIN ? "its reader stands still" : strerror(e), 0);
}

/* Seconds; a date, or what is no number, says nothing. */
static uint64_t retry_after_ms(struct slice value)
{
    uint64_t ms = 0;
    for (size_t i = 0; i < value.len && ms < RETRY_FOR_MS; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return 0;
        ms = ms * 10 + (uint64_t)(value.p[i] - '0') * 1000;
    }
    return ms < RETRY_FOR_MS ? ms : RETRY_FOR_MS;
}

static enum outcome outcome_of(int status)
{
    switch (status) {
    case 429: return WAY_SHUT;
    case 408: case 502: case 503: case 504: return NO_ANSWER; /* of whatever stands before the receiver */
    case 400: case 411: case 413: case 414: case 415: case 422: case 431: return HOPELESS; /* this message: it will be so again */
    default: return REFUSED; /* also 401, 403, 404: where a receiver or its token is changed they are no last word */
    }
}

static void http_done(void *user_data, uint64_t id, const struct http_answer *answer)
{
    struct route *r = user_data;
    if (id != r->http_id)
        return;
    if (answer->result != TRANSPORT_OK) {
        attempted(r, NO_ANSWER, answer->error, 0);
        return;
    }
    const int status = answer->status;
    if (status >= 200 && status < 300) {
        attempted(r, TOLD, NULL, 0);
        return;
    }
    char why[60];
    uint64_t wait = 0;
    for (uint32_t i = 0; i < answer->headers_n; i++)
        if (answer->headers[i].name.len == 11 && strncasecmp(answer->headers[i].name.p, "retry-after", 11) == 0)
            wait = retry_after_ms(answer->headers[i].value);
    snprintf(why, sizeof why, "answered with status %d", status);
    attempted(r, outcome_of(status), why, wait);
}

static void send_http(struct route *r, const struct watch_alert *a)
{
    struct venue_http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        attempted(r, WAY_SHUT, "out of memory", 0);
        return;
    }
    http->method = "POST";
    snprintf(http->path, sizeof http->path, "%s", r->path);
    const int n = r->config->type == ROUTE_WEBHOOK ? deliver_json(a, http->body, sizeof http->body) : chat_body(r, a, http->body, sizeof http->body);
    http->body_len = n > 0 ? (size_t)n : 0;
    snprintf(http->headers[0].name, sizeof http->headers[0].name, "Content-Type");
    snprintf(http->headers[0].value, sizeof http->headers[0].value, "application/json");
    http->headers_n = 1;
    if (r->config->type == ROUTE_WEBHOOK && r->config->token != NULL) {
        snprintf(http->headers[1].name, sizeof http->headers[1].name, "Authorization");
        snprintf(http->headers[1].value, sizeof http->headers[1].value, "Bearer %s", r->config->token);
        http->headers_n = 2;
    }
    const int started = bot__http_start(r->http, ++r->http_id, r->base, http, (bot_ts)uv_hrtime() + ATTEMPT_DEADLINE_NS);
    explicit_bzero(http, sizeof *http);
    free(http);
    if (started < 0)
        attempted(r, WAY_SHUT, bot_strerror(started), 0);
}

static void one_gone(struct deliver *d);

static void process_closed(uv_handle_t *handle)
{
    struct route *r = handle->data;
    r->process_open = false;
    one_gone(r->owner);
}
static void input_closed(uv_handle_t *handle)
{
    struct route *r = handle->data;
    r->input_open = false;
    one_gone(r->owner);
}
static void close_input(struct route *r)
{
    if (r->input_open && !uv_is_closing((uv_handle_t *)&r->input))
        uv_close((uv_handle_t *)&r->input, input_closed);
}

static void command_over(uv_process_t *process, int64_t status, int signal_number)
{
    struct route *r = process->data;
    char why[80];
    if (r->kill_ms == 0) snprintf(why, sizeof why, "the command took longer than 10 s");
    else if (signal_number != 0) snprintf(why, sizeof why, "the command was ended by signal %d", signal_number);
    else snprintf(why, sizeof why, "the command ended with status %lld", (long long)status);
    uv_close((uv_handle_t *)process, process_closed);
    close_input(r);
    const bool told = status == 0 && signal_number == 0;
    attempted(r, told ? TOLD : REFUSED, told ? NULL : why, 0);
}

static void input_written(uv_write_t *write, int status)
{
    (void)status; /* a command need not read: its exit status says what counts */
    close_input(write->data);
}

static void run_command(struct route *r, const struct watch_alert *a)
{
    if (r->process_open || r->input_open) { /* the handles of the one before are not back yet */
        r->busy = false;
        r->queue[r->head].attempts--;
        r->next_ms = uv_now(r->owner->loop) + 10;
        return;
    }
    int n = deliver_json(a, r->body, sizeof r->body - 1);
    r->body[n++] = '\n';
    (void)uv_pipe_init(r->owner->loop, &r->input, 0);
    r->input.data = r->process.data = r->write.data = r;
    r->input_open = true;
    uv_stdio_container_t io[3] = { { .flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_READABLE_PIPE), .data.stream = (uv_stream_t *)&r->input },
                                   { .flags = UV_INHERIT_FD, .data.fd = 2 }, { .flags = UV_INHERIT_FD, .data.fd = 2 } };
    const uv_process_options_t o = { .file = r->config->command.list[0], .args = r->config->command.list, .stdio = io, .stdio_count = 3, .exit_cb = command_over };
    r->process_open = true;
    const int e = uv_spawn(r->owner->loop, &r->process, &o);
    if (e < 0) {
        uv_close((uv_handle_t *)&r->process, process_closed);
        close_input(r);
        attempted(r, WAY_SHUT, uv_strerror(e), 0);
        return;
    }
    r->kill_ms = uv_now(r->owner->loop) + 10000;
    const uv_buf_t buf = uv_buf_init(r->body, (unsigned)n);
    if (uv_write(&r->write, (uv_stream_t *)&r->input, &buf, 1, input_written) < 0)
        close_input(r);
}

/* ---- the queue ---- */

/* An alert of the same occurrence stands before it: its end is not told before its beginning. */
static bool is_behind_its_own(struct route *r, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (queued(r, k)->alert.id == queued(r, i)->alert.id && queued(r, k)->alert.rule == queued(r, i)->alert.rule)
            return true;
    return false;
}

/* The first in order that was not put aside, else the first whose time has come; r->n if none is due. */
static uint32_t due(struct route *r, uint64_t now)
{
    uint32_t later = r->n;
    for (uint32_t i = 0; i < r->n; i++) {
        const struct item *item = queued(r, i);
        if (is_behind_its_own(r, i) || (item->aside && (later != r->n || item->next_ms > now)))
            continue;
        if (!item->aside)
            return i;
        later = i;
    }
    return later;
}

static void move_to_head(struct route *r, uint32_t i)
{
    const struct item item = *queued(r, i);
    for (; i > 0; i--)
        *queued(r, i) = *queued(r, i - 1);
    *queued(r, 0) = item;
}

static void next(struct route *r)
{
    struct deliver *d = r->owner;
    while (r->n != 0 && !r->busy && !d->closing && uv_now(d->loop) >= r->next_ms) {
        const uint32_t which = due(r, uv_now(d->loop));
        if (which == r->n)
            return;
        move_to_head(r, which);
        struct item *item = &r->queue[r->head];
        item->attempts++;
        r->busy = true;
        switch ((enum watch_route_type)r->config->type) {
        case ROUTE_STDERR: write_stderr(r, &item->alert); break; /* these two are over when they return */
        case ROUTE_FILE: write_file(r, &item->alert); break;
        case ROUTE_COMMAND: run_command(r, &item->alert); return;
        case ROUTE_WEBHOOK:
        case ROUTE_SLACK:
        case ROUTE_DISCORD:
        case ROUTE_TELEGRAM: send_http(r, &item->alert); return;
        }
    }
}

static void push(struct route *r, const struct watch_alert *a, uint64_t first_ms)
{
    if (r->n == QUEUE_MAX) { /* the least severe goes, and of those the oldest; not the one under way */
        uint32_t least = r->busy ? 1 : 0;
        for (uint32_t i = least + 1; i < r->n; i++)
            if (queued(r, i)->alert.severity < queued(r, least)->alert.severity)
                least = i;
        const bool itself = a->severity < queued(r, least)->alert.severity;
        const uint64_t id = itself ? a->id : queued(r, least)->alert.id;
        r->view.failed++;
        r->view.failing = true;
        snprintf(r->view.why, sizeof r->view.why, "its queue is full: alerts were lost");
        r->owner->result(r->owner->result_user_data, id, DELIVERY_FAILED);
        if (itself)
            return;
        for (uint32_t i = least; i + 1 < r->n; i++)
            *queued(r, i) = *queued(r, i + 1);
        r->n--;
    }
    *queued(r, r->n++) = (struct item){ .alert = *a, .first_ms = first_ms };
}

static void summarise(struct route *r)
{
    struct watch_alert a = { .state = ALERT_FIRING, .rule = WATCH_RULE_DELIVERY, .severity = r->beyond_worst, .since_ms = watch_wall_ms() };
    snprintf(a.instrument, sizeof a.instrument, "%s", r->config->name);
    snprintf(a.text, sizeof a.text, "%u more alerts came in this minute than are told one by one; see the page or the file", r->beyond);
    r->beyond = 0;
    r->beyond_worst = WATCH_INFO;
    push(r, &a, uv_now(r->owner->loop));
}

/* Whether the minute has room for one more of this severity; lesser ones do not count. */
static bool may_tell(struct route *r, enum watch_severity severity, uint64_t now)
{
    if (now - r->minute_ms >= MINUTE_MS) {
        if (r->beyond != 0)
            summarise(r);
        r->minute_ms = now;
        memset(r->told, 0, sizeof r->told);
    }
    int64_t told = 0;
    for (unsigned s = severity; s <= WATCH_CRITICAL; s++)
        told += r->told[s];
    if (told < r->owner->max_per_minute || r->config->type == ROUTE_FILE) {
        r->told[severity]++;
        return true;
    }
    r->beyond++;
    if (severity > r->beyond_worst)
        r->beyond_worst = severity;
    return false;
}

void deliver_alert(struct deliver *d, const struct watch_alert *alert)
{
    if (d->closing)
        return;
    const uint64_t now = uv_now(d->loop);
    for (uint32_t i = 0; i < d->routes_n; i++) {
        struct route *r = &d->routes[i];
        if ((int64_t)alert->severity < r->config->min_severity && alert->rule != WATCH_RULE_TEST)
            continue;
        if (alert->rule == WATCH_RULE_DELIVERY && strcmp(alert->instrument, r->config->name) == 0)
            continue; /* that it does not get through is not told through it */
        if (may_tell(r, alert->severity, now))
            push(r, alert, now);
        next(r);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct deliver *d = timer->data;
    const uint64_t now = uv_now(d->loop);
    bool well = true; /* a route that fails is a reason to be missed */
    for (uint32_t i = 0; i < d->routes_n; i++) {
        struct route *r = &d->routes[i];
        well = well && !r->view.failing;
        if (r->process_open && r->busy && r->kill_ms != 0 && now >= r->kill_ms) {
            r->kill_ms = 0;
            (void)uv_process_kill(&r->process, SIGKILL);
        }
        if (r->beyond != 0 && now - r->minute_ms >= MINUTE_MS)
            summarise(r);
        next(r);
    }
    heartbeat_tick(d->heartbeat, now, well);
}

/* ---- life ---- */

static bool split_url(struct route *r, const char *text)
{
    struct url u;
    if (bot__url_parse(text, &u) < 0 || u.ws || strlen(u.path) + 1 >= sizeof r->path)
        return false;
    char authority[280];
    bot__url_authority(&u, authority, sizeof authority);
    snprintf(r->base, sizeof r->base, "%s://%s", u.tls ? "https" : "http", authority);
    snprintf(r->path, sizeof r->path, "%s%s", u.path[0] == '/' ? "" : "/", u.path);
    return true;
}

/* Of a run before this one, whose disk was full. */
static bool ends_in_half_a_line(const char *path)
{
    struct stat st;
    char last = '\n';
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
        return false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    const ssize_t n = pread(fd, &last, 1, st.st_size - 1);
    close(fd);
    return n == 1 && last != '\n';
}

static int open_route(struct deliver *d, struct route *r, const struct watch_route_config *config, char *why)
{
    r->owner = d;
    r->config = config;
    r->view.name = config->name;
    r->view.type = watch_route_names[config->type];
    r->minute_ms = uv_now(d->loop);
    r->torn = config->type == ROUTE_FILE && ends_in_half_a_line(config->path);
    if (config->type == ROUTE_STDERR || config->type == ROUTE_FILE || config->type == ROUTE_COMMAND)
        return BOT_OK;
    bool good = split_url(r, config->type == ROUTE_TELEGRAM && config->url == NULL ? "https://api.telegram.org" : config->url);
    if (good && config->type == ROUTE_TELEGRAM) { /* behind the path of one's own server */
        size_t n = strlen(r->path);
        while (n > 0 && r->path[n - 1] == '/') n--;
        good = snprintf(r->path + n, sizeof r->path - n, "/bot%s/sendMessage", config->token) < (int)(sizeof r->path - n);
    }
    if (!good) {
        snprintf(why, WATCH_WHY_MAX, "route %s: its address is too long or no https:// URL", config->name);
        return BOT_ERR_OPTIONS;
    }
    const struct http_options o = { .ca_file = config->ca_file, .requests_max = 2, .connections_max = 1, .body_bytes_max = 65536 };
    const int e = bot__http_open(d->io, &o, http_done, r, &r->http);
    if (e < 0)
        snprintf(why, WATCH_WHY_MAX, "route %s: ca_file %s: %s", config->name, config->ca_file != NULL ? config->ca_file : "(the system's)", bot_strerror(e));
    return e;
}

int deliver_open(struct uv_loop_s *loop, const struct watch_config *config, deliver_result result, void *user_data, struct deliver **ret, char *why)
{
    struct deliver *d = calloc(1, sizeof *d);
    if (d == NULL || (d->routes = calloc(config->alerts.routes_n + 1, sizeof *d->routes)) == NULL) {
        free(d);
        snprintf(why, WATCH_WHY_MAX, "out of memory");
        return BOT_ERR_NOMEM;
    }
    d->loop = loop;
    d->max_per_minute = config->alerts.max_per_minute;
    d->result = result;
    d->result_user_data = user_data;
    int r = bot__io_loop_acquire(loop, &d->io);
    if (r < 0) {
        snprintf(why, WATCH_WHY_MAX, "%s", bot_strerror(r));
        free(d->routes);
        free(d);
        return r;
    }
    d->io_open = true;
    (void)uv_timer_init(loop, &d->timer);
    d->timer.data = d;
    d->timer_open = true;
    (void)uv_timer_start(&d->timer, on_timer, 100, 100);
    for (uint32_t i = 0; i < config->alerts.routes_n && r == BOT_OK; i++) {
        r = open_route(d, &d->routes[i], &config->alerts.routes[i], why);
        d->routes_n++;
    }
    if (r == BOT_OK)
        r = heartbeat_open(d->io, config, NULL, NULL, &d->heartbeat, why);
    if (r < 0) {
        deliver_close(d, NULL, NULL, NULL);
        return r;
    }
    *ret = d;
    return BOT_OK;
}

static void one_gone(struct deliver *d)
{
    if (!d->closing || d->timer_open || d->io_open)
        return;
    for (uint32_t i = 0; i < d->routes_n; i++)
        if (d->routes[i].process_open || d->routes[i].input_open)
            return;
    void (*closed)(void *) = d->closed;
    void *user_data = d->closed_user_data;
    free(d->routes);
    free(d);
    if (closed != NULL)
        closed(user_data);
}

static void timer_closed(uv_handle_t *handle)
{
    struct deliver *d = handle->data;
    d->timer_open = false;
    one_gone(d);
}
static void io_released(void *user_data)
{
    struct deliver *d = user_data;
    d->io_open = false;
    one_gone(d);
}

static bool same_text(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }

/* Both end at the same people. */
static bool same_way(const struct watch_route_config *a, const struct watch_route_config *b)
{
    if (a->type != b->type || a->command.n != b->command.n || !same_text(a->path, b->path) || !same_text(a->url, b->url) ||
        !same_text(a->token, b->token) || !same_text(a->chat_id, b->chat_id))
        return false;
    for (uint32_t i = 0; i < a->command.n; i++)
        if (!same_text(a->command.list[i], b->command.list[i]))
            return false;
    return true;
}

static struct route *heir_of(struct deliver *heir, const struct route *r)
{
    for (uint32_t k = 0; k < heir->routes_n; k++)
        if (strcmp(heir->routes[k].config->name, r->config->name) == 0)
            return &heir->routes[k];
    for (uint32_t k = 0; k < heir->routes_n; k++)
        if (same_way(heir->routes[k].config, r->config))
            return &heir->routes[k];
    return NULL;
}

/* What r still had to tell. Returns how many of it nobody will hear. */
static uint32_t hand_over(struct route *r, struct deliver *heir)
{
    struct route *to = heir != NULL ? heir_of(heir, r) : NULL;
    uint32_t lost = 0;
    const bool waited = r->n != 0;
    for (; r->n != 0; pop(r)) {
        const struct item *item = queued(r, 0);
        if (to != NULL) {
            push(to, &item->alert, item->first_ms);
        } else {
            r->owner->result(r->owner->result_user_data, item->alert.id, DELIVERY_FAILED);
            lost++;
        }
    }
    if (to == NULL)
        return lost + r->beyond;
    to->beyond += r->beyond;
    if (r->beyond_worst > to->beyond_worst)
        to->beyond_worst = r->beyond_worst;
    if (r->view.failing && waited && same_way(r->config, to->config)) { /* what it tries still has not got through */
        to->view.failing = true;
        memcpy(to->view.why, r->view.why, sizeof to->view.why);
    }
    return 0;
}

uint32_t deliver_close(struct deliver *d, struct deliver *heir, void (*closed)(void *user_data), void *user_data)
{
    uint32_t lost = 0;
    d->closing = true;
    d->closed = closed;
    d->closed_user_data = user_data;
    for (uint32_t i = 0; i < d->routes_n; i++) {
        struct route *r = &d->routes[i];
        lost += hand_over(r, heir);
        bot__http_close(r->http);
        r->http = NULL;
        if (r->process_open && !uv_is_closing((uv_handle_t *)&r->process))
            (void)uv_process_kill(&r->process, SIGKILL); /* its end comes through command_over */
        close_input(r);
    }
    heartbeat_close(d->heartbeat);
    d->heartbeat = NULL;
    uv_close((uv_handle_t *)&d->timer, timer_closed);
    d->release = (struct io_release){ .released = io_released, .user_data = d };
    bot__io_loop_release(d->io, &d->release);
    return lost;
}

uint32_t deliver_routes(const struct deliver *d) { return d->routes_n; }
void deliver_route_get(const struct deliver *d, uint32_t i, struct deliver_route_view *ret)
{
    *ret = d->routes[i].view;
    ret->queued = d->routes[i].n;
}
bool deliver_idle(const struct deliver *d)
{
    for (uint32_t i = 0; i < d->routes_n; i++)
        if (d->routes[i].n != 0)
            return false;
    return true;
}
