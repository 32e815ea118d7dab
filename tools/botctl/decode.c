/* botctl decode: venue messages in, normalised events out. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "botctl.h"
#include "capture.h"
#include "venue/venue.h"

#define LEVELS_MAX 20000
#define OUT_MAX (LEVELS_MAX * 110 + 4096)

struct decode {
    const struct venue *venue;
    struct venue_context ctx;
    char  *out;
    size_t line, printed;
    bool   wrong;
};

/* {"event":"error","line":3,"code":"MALFORMED","detail":"..."} */
static void print_error(struct decode *d, int code, int64_t venue_code, const char *request_id, const char *detail)
{
    struct json_out o;
    bot__jo_init(&o, d->out, OUT_MAX);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "event", "error");
    bot__jo_str(&o, "venue", d->venue->name);
    bot__jo_i64(&o, "line", (int64_t)d->line);
    bot__jo_str(&o, "code", bot_err_name(code));
    if (venue_code != 0)
        bot__jo_i64(&o, "venue_code", venue_code);
    if (request_id[0] != '\0')
        bot__jo_str(&o, "request_id", request_id);
    if (detail[0] != '\0')
        bot__jo_str(&o, "detail", detail);
    bot__jo_object_end(&o);
    if (bot__jo_end(&o) > 0)
        puts(d->out);
}

static int print_event(void *user_data, const bot_event *ev)
{
    struct decode *d = user_data;
    if (ev->kind == BOT_EV_ERROR) {
        /* A row that cannot be read, or one of a kind that is not counted here; else the venue's own words. */
        const bool unreadable = bot_err_class(ev->error.code) == BOT_CLASS_INPUT, refused = ev->error.code == BOT_ERR_UNSUPPORTED;
        d->wrong |= unreadable || refused;
        print_error(d, unreadable ? BOT_ERR_MALFORMED : ev->error.code, ev->error.venue_code, ev->error.request_id.s, ev->error.detail);
        d->printed += !unreadable;
        return 0;
    }
    if (bot_event_format(ev, d->venue->name, d->out, OUT_MAX) > 0)
        puts(d->out);
    d->printed++;
    return 0;
}

/* A success without rows: what it says stands in the reply alone. Lists may be empty, and then say nothing. */
static void print_reply(struct decode *d, enum venue_call call, const struct venue_reply *reply)
{
    bot_event ev;
    memset(&ev, 0, sizeof ev);
    ev.seq = BOT_SEQ_NONE;
    ev.kind = BOT_EV_CONTROL;
    ev.control.control = BOT_CONTROL_OTHER;
    switch (call) {
    case VENUE_CALL_SUBMIT: case VENUE_CALL_AMEND: case VENUE_CALL_CANCEL: case VENUE_CALL_CANCEL_ALL: case VENUE_CALL_CANCEL_BATCH:
        ev.kind = BOT_EV_ACK;
        memset(&ev.ack, 0, sizeof ev.ack);
        ev.ack.accepted = true;
        ev.ack.order_id = reply->order_id;
        ev.ack.client_id = reply->client_id;
        break;
    case VENUE_CALL_MODE: snprintf(ev.control.text, sizeof ev.control.text, "position mode: %s", reply->hedge ? "hedge" : "one way"); break;
    case VENUE_CALL_KEY:
        snprintf(ev.control.text, sizeof ev.control.text, "key: %s%s", reply->key.trades ? "trades" : "reads only", reply->key.withdraws ? ", withdraws" : "");
        break;
    case VENUE_CALL_DEAD_MAN: snprintf(ev.control.text, sizeof ev.control.text, "dead-man switch: taken"); break;
    case VENUE_CALL_LISTEN_KEY: case VENUE_CALL_LISTEN_KEEP: snprintf(ev.control.text, sizeof ev.control.text, "listen key: taken"); break;
    default: return;
    }
    print_event(d, &ev);
}

static void decode_message(struct decode *d, const char *text, size_t len)
{
    d->ctx.why[0] = '\0';
    const int r = d->venue->decode_ws(&d->ctx, BOT_SOURCE_NONE, (struct slice){ text, len }, print_event, d);
    if (r < 0) {
        char detail[200];
        struct json j;
        bot__json_init(&j, text, len);
        bot__json_skip(&j);
        /* A codec that names no place: where the JSON ends to be one, or else that it is no message of the venue's. */
        if (d->ctx.why[0] == '\0' && bot__json_end(&j) < 0)
            snprintf(d->ctx.why, sizeof d->ctx.why, "byte %zu", bot__json_offset(&j));
        else if (d->ctx.why[0] == '\0' && r == BOT_ERR_MALFORMED)
            snprintf(d->ctx.why, sizeof d->ctx.why, "no message of %s that is known", d->venue->name);
        if (d->ctx.why[0] == '\0' || strstr(d->ctx.why, bot_strerror(r)) != NULL)
            snprintf(detail, sizeof detail, "%s", d->ctx.why[0] != '\0' ? d->ctx.why : bot_strerror(r));
        else
            snprintf(detail, sizeof detail, "%s: %s", d->ctx.why, bot_strerror(r));
        print_error(d, BOT_ERR_MALFORMED, 0, "", detail);
        d->wrong = true;
    }
}

/* Has every bracket that was opened been closed, and every string? Kept while lines are added. */
struct brackets {
    long depth;
    bool in_string, escaped;
};

static void brackets_add(struct brackets *b, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (b->escaped) b->escaped = false;
        else if (b->in_string && p[i] == '\\') b->escaped = true;
        else if (p[i] == '"') b->in_string = !b->in_string;
        else if (b->in_string) continue;
        else if (p[i] == '{' || p[i] == '[') b->depth++;
        else if (p[i] == '}' || p[i] == ']') b->depth--;
    }
}

/* Does a message begin here that cannot be the middle of another? Nested values are indented where messages span lines. */
static bool begins(const char *p)
{
    return *p == '{' && p[1 + strspn(p + 1, " \t")] == '"';
}

/* Recorded captures: "time TAB direction TAB message". Only what the venue sent is decoded. */
static const char *capture_payload(const char *line, bool *ret_skip)
{
    *ret_skip = false;
    char *end;
    (void)strtod(line, &end);
    if (end == line || *end != '\t' || (end[1] != '<' && end[1] != '>') || end[2] != '\t')
        return line;
    *ret_skip = end[1] == '>';
    return end + 3;
}

/* The message of a line in whichever form a recorder kept it (capture.h); false: nothing that a socket of the venue's sent. */
static bool payload_of(const char *line, size_t len, char **scratch, size_t *scratch_size, struct slice *ret)
{
    bool skip;
    const char *text = capture_payload(line, &skip);
    *ret = (struct slice){ text, len - (size_t)(text - line) };
    if (skip || text != line)
        return !skip;
    if (len > *scratch_size) {
        char *more = realloc(*scratch, 2 * len);
        if (more == NULL)
            return true; /* read as it stands */
        *scratch = more;
        *scratch_size = 2 * len;
    }
    struct capture c;
    if (capture_read(line, len, *scratch, &c) < 0)
        return true; /* decoding says what is wrong with it */
    *ret = c.message;
    return c.kind == CAPTURE_RECEIVED;
}

/* What an object that spans lines may grow to before it is taken for garbage. */
#define MESSAGE_MAX (16u << 20)

static int decode_stream(struct decode *d, const char *path)
{
    FILE *in = botctl_open_input("decode", path);
    if (in == NULL)
        return EXIT_FOUND_WRONG;
    char *line = NULL, *message = NULL, *scratch = NULL;
    size_t size = 0, at = 0, room = 0, started = 0, scratch_size = 0;
    ssize_t n;
    size_t number = 0;
    struct brackets open = { 0 };
    while ((n = getline(&line, &size, in)) >= 0) {
        number++;
        size_t len = (size_t)n;
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            line[--len] = '\0';
        struct slice of_line = { line, len };
        if (at == 0 && (len == 0 || !payload_of(line, len, &scratch, &scratch_size, &of_line) || of_line.len == 0))
            continue;
        const char *text = of_line.p;
        len = of_line.len;
        /* A new message begins while the last is still open: the last one was cut. */
        if (at != 0 && begins(text)) {
            d->line = started;
            decode_message(d, message, at);
            at = 0;
        }
        if (at == 0) {
            started = number;
            open = (struct brackets){ 0 };
        }
        if (at + len + 2 > room) {
            room = (at + len + 2) * 2;
            char *more = realloc(message, room);
            if (more == NULL) {
                perror("botctl decode");
                break;
            }
            message = more;
        }
        if (at != 0)
            message[at++] = '\n';
        memcpy(message + at, text, len);
        at += len;
        message[at] = '\0';
        brackets_add(&open, text, len);
        const char first = message[strspn(message, " \t")];
        if ((first == '{' || first == '[') && at < MESSAGE_MAX && (open.depth > 0 || open.in_string))
            continue; /* pretty-printed over several lines */
        d->line = started;
        decode_message(d, message, at);
        at = 0;
    }
    if (at != 0) {
        d->line = started;
        decode_message(d, message, at);
    }
    const bool failed = ferror(in) != 0;
    free(line);
    free(message);
    free(scratch);
    if (failed)
        botctl_perror("decode", path);
    if (in != stdin)
        fclose(in);
    return failed || d->wrong ? EXIT_FOUND_WRONG : 0;
}

static int decode_body(struct decode *d, const char *path, enum venue_call call)
{
    size_t len;
    char *body = botctl_read_input("decode", path, 0, &len);
    if (body == NULL)
        return EXIT_FOUND_WRONG;
    struct venue_reply reply;
    d->line = 1;
    int r = d->venue->decode_rest(&d->ctx, call, 200, NULL, 0, (struct slice){ body, len }, print_event, d, &reply);
    /* "An acknowledgement" may be that of many. */
    static const enum venue_call of_many[] = { VENUE_CALL_CANCEL_BATCH, VENUE_CALL_CANCEL_ALL };
    const bool unread = call == VENUE_CALL_SUBMIT && (r < 0 || reply.outcome == BOT_OUTCOME_MALFORMED || reply.outcome == BOT_OUTCOME_UNKNOWN);
    for (size_t i = 0; unread && i < sizeof of_many / sizeof *of_many && d->printed == 0; i++) {
        struct venue_reply many;
        const int r_many = d->venue->decode_rest(&d->ctx, of_many[i], 200, NULL, 0, (struct slice){ body, len }, print_event, d, &many);
        if (r_many >= 0 && (many.outcome == BOT_OUTCOME_OK || d->printed > 0)) {
            reply = many;
            r = r_many;
            break;
        }
    }
    const bool venues_own = r >= 0 && reply.outcome != BOT_OUTCOME_OK && reply.venue_code != 0;
    if (!venues_own && (r < 0 || reply.outcome == BOT_OUTCOME_MALFORMED)) {
        print_error(d, BOT_ERR_MALFORMED, 0, "", reply.detail[0] != '\0' ? reply.detail : r < 0 ? bot_strerror(r) : "not an answer to this call");
        d->wrong = true;
    } else if (reply.outcome != BOT_OUTCOME_OK && d->printed == 0) {
        /* The venue's own words: readable, not wrong. */
        print_error(d, reply.outcome == BOT_OUTCOME_UNKNOWN ? BOT_ERR_UNKNOWN_OUTCOME : BOT_ERR_REJECTED, reply.venue_code, "", reply.detail);
    } else if (d->printed == 0) {
        print_reply(d, call, &reply);
    }
    free(body);
    return d->wrong ? EXIT_FOUND_WRONG : 0;
}

static const struct {
    const char *name;
    enum venue_call call;
} rest_kinds[] = {
    { "positions", VENUE_CALL_POSITIONS }, { "fills", VENUE_CALL_FILLS },     { "orders", VENUE_CALL_OPEN_ORDERS },
    { "order", VENUE_CALL_ORDER },         { "order_ack", VENUE_CALL_SUBMIT },{ "cancel_ack", VENUE_CALL_CANCEL },
    { "amend_ack", VENUE_CALL_AMEND },     { "cancel_all", VENUE_CALL_CANCEL_ALL }, { "instruments", VENUE_CALL_INSTRUMENTS },
    { "time", VENUE_CALL_TIME },           { "balance", VENUE_CALL_BALANCE }, { "book", VENUE_CALL_BOOK },
    { "trades", VENUE_CALL_PUBLIC_TRADES },{ "status", VENUE_CALL_STATUS },   { "mode", VENUE_CALL_MODE },
    { "log", VENUE_CALL_ACCOUNT_LOG },
    { "batch_ack", VENUE_CALL_CANCEL_BATCH }, { "dead_man", VENUE_CALL_DEAD_MAN }, { "key", VENUE_CALL_KEY },
    { "listen_key", VENUE_CALL_LISTEN_KEY },
};

static int run(int argc, char **argv)
{
    const char *venue_name = NULL, *rest = NULL, *path = NULL, *instrument = NULL;
    for (int i = 1; i < argc; i++) {
        const char **to = strcmp(argv[i], "--venue") == 0 ? &venue_name : strcmp(argv[i], "--rest") == 0 ? &rest
                          : strcmp(argv[i], "--instrument") == 0 ? &instrument : NULL;
        if (to != NULL) {
            if (++i == argc)
                return botctl_usage("decode", "%s needs a value", argv[i - 1]);
            *to = argv[i];
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            return botctl_usage("decode", "there is no option '%s'", argv[i]);
        } else if (path != NULL) {
            return botctl_usage("decode", "one file at a time; '%s' is too many", argv[i]);
        } else {
            path = argv[i];
        }
    }
    if (venue_name == NULL)
        return botctl_usage("decode", "which venue? give --venue NAME");
    struct decode d = { .venue = botctl_venue("decode", venue_name) };
    if (d.venue == NULL)
        return EXIT_USAGE;
    enum venue_call call = VENUE_CALL_NONE;
    for (size_t i = 0; rest != NULL && i < sizeof rest_kinds / sizeof *rest_kinds; i++)
        if (strcmp(rest, rest_kinds[i].name) == 0)
            call = rest_kinds[i].call;
    if (rest != NULL && call == VENUE_CALL_NONE)
        return botctl_usage("decode", "there is no REST kind '%s': positions fills orders order order_ack cancel_ack amend_ack cancel_all instruments time "
                            "balance book trades status mode log", rest);
    if (instrument != NULL && !bot__symbol_set(&d.ctx.instrument, instrument, strlen(instrument)))
        return botctl_usage("decode", "'%s' is no instrument name", instrument);
    d.ctx.scratch.levels = malloc(LEVELS_MAX * sizeof *d.ctx.scratch.levels);
    d.ctx.scratch.levels_max = LEVELS_MAX;
    d.ctx.state = calloc(1, d.venue->state_size + 1);
    d.out = malloc(OUT_MAX);
    int status = EXIT_FOUND_WRONG;
    if (d.ctx.scratch.levels == NULL || d.ctx.state == NULL || d.out == NULL)
        perror("botctl decode");
    else
        status = call == VENUE_CALL_NONE ? decode_stream(&d, path) : decode_body(&d, path, call);
    free(d.ctx.scratch.levels);
    free(d.ctx.state);
    free(d.out);
    return status;
}

const struct command command_decode = {
    .name = "decode",
    .synopsis = "--venue NAME [--rest KIND] [--instrument NAME] [FILE|-]",
    .summary = "venue messages -> normalised events, one JSON object a line",
    .help = "Without --rest: raw socket messages, one a line (a message may span lines; its number is that of its\n"
            "first line). The forms in which recorders keep messages are read too, as by botctl book (`TIME\n"
            "MESSAGE`, `TIME: MESSAGE`, `TIME TAB < TAB MESSAGE`, {\"t\":\"recv\",\"data\":\"...\"}); what the client\n"
            "sent, and answers, are passed over. With --rest: the file is one HTTP body. KIND: positions fills\n"
            "orders order order_ack cancel_ack amend_ack cancel_all batch_ack instruments time balance book\n"
            "trades status mode log dead_man key listen_key. --instrument names what a body leaves out. A success\n"
            "that has no rows to show is an ack or a control event.\n\n"
            "What cannot be decoded gives {\"event\":\"error\",\"line\":N,\"code\":\"MALFORMED\",...} and exit status 1.\n"
            "What the venue itself says in error is an error event with its venue_code; that is readable, and no\n"
            "reason for status 1.\n",
    .run = run,
};
