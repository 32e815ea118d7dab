/* botctl rate: a tape of trades in, alarms out, as a live bot would have had them. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "botctl.h"
#include "rate_report.h"
#include "rate_tape.h"

#define INSTRUMENTS_MAX 1024
#define COLUMNS_MAX 32
#define LINE_BYTES_MAX 4096
#define TIME_MS_MAX INT64_C(9000000000000) /* year 2255; more does not fit ns */
#define YEAR_1973_MS INT64_C(100000000000)
#define BACK_NS (60 * BOT_NS_PER_S)

enum column { OTHER, VENUE_TIME, RECV_TIME, INSTRUMENT, MINUTE, COUNT, COLUMN_KINDS };
static const char *const column_name[COLUMN_KINDS] = { "", "venue_time_ms", "recv_time_ms", "instrument", "minute_ms", "count" };

struct run {
    const char *path; /* for messages */
    unsigned long long line;
    enum column columns[COLUMNS_MAX];
    int columns_n;
    bool has[COLUMN_KINDS];
    rate_tape_options opts;
    struct rate_tape *tape;
    struct rate_report *report;
    char *names[INSTRUMENTS_MAX];
    uint32_t names_n, last_name;
    bot__rate_closure closures[BOT__RATE_CLOSURES_MAX];
    unsigned long long rows, rows_back;  /* further back than BACK_NS behind one before them */
    int64_t newest_ns;
};

__attribute__((format(printf, 2, 3))) static int bad(const struct run *run, const char *format, ...)
{
    fprintf(stderr, "botctl rate: %s:%llu: ", run->path, run->line);
    va_list ap;
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    return EXIT_FOUND_WRONG;
}

/* ,"instrument":"name" */
static void put_instrument(const char *name)
{
    static char text[LINE_BYTES_MAX * 6 + 32];
    struct json_out o;
    bot__jo_init(&o, text, sizeof text);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "instrument", name);
    bot__jo_object_end(&o);
    const int n = bot__jo_end(&o);
    printf(",%.*s", n - 2, text + 1);
}

static void on_event(void *user_data, const rate_tape_event *event)
{
    struct run *run = user_data;
    static const char *const states[] = { "learning", "normal", "dropped" };
    const char *reason = event->reason;
    if (event->state == BOT__RATE_DROPPED) reason = strncmp(reason, "lag", 3) == 0 ? "lag" : "rate";
    /* Rounded up: a time at which it was known, not one just before. */
    const int64_t ms = event->time_ns / BOT_NS_PER_MS + (event->time_ns % BOT_NS_PER_MS > 0);
    printf("{\"event\":\"trade_rate\",\"state\":\"%s\",\"time_ms\":%" PRId64 ",\"rate\":%.3f,\"reference\":%.3f,\"reason\":\"%s\",\"detail\":\"%s\"",
           states[event->state], ms, (double)event->rate_milli / 1000, (double)event->reference_milli / 1000, reason, event->reason);
    if (run->has[INSTRUMENT])
        put_instrument(run->names[event->instrument]);
    puts("}");
    fflush(stdout); /* a tape may be a live pipe */
    if (run->report != NULL) rate_report_event(run->report, event);
}

/* Splits in place at commas; quotes around a field and spaces go. Returns how many, -1: more than COLUMNS_MAX. */
static int split(char *line, char **fields)
{
    int n = 0;
    for (char *p = line; p != NULL;) {
        if (n == COLUMNS_MAX)
            return -1;
        char *comma = strchr(p, ',');
        if (comma != NULL) *comma = '\0';
        while (isspace((unsigned char)*p)) p++;
        char *end = p + strlen(p);
        while (end > p && isspace((unsigned char)end[-1])) *--end = '\0';
        if (end - p >= 2 && *p == '"' && end[-1] == '"') {
            *--end = '\0';
            p++;
        }
        fields[n++] = p;
        p = comma != NULL ? comma + 1 : NULL;
    }
    return n;
}

static int read_header(struct run *run, char *line)
{
    char *fields[COLUMNS_MAX];
    run->columns_n = split(line, fields);
    if (run->columns_n < 0)
        return bad(run, "more than %d columns", COLUMNS_MAX);
    for (int i = 0; i < run->columns_n; i++) {
        run->columns[i] = OTHER;
        for (int k = 1; k < COLUMN_KINDS; k++) {
            if (strcmp(fields[i], column_name[k]) != 0)
                continue;
            if (run->has[k])
                return bad(run, "the header names %s twice", column_name[k]);
            run->has[k] = true;
            run->columns[i] = k;
        }
    }
    if (run->has[VENUE_TIME] == run->has[MINUTE] || run->has[MINUTE] != run->has[COUNT])
        return bad(run, "the first line must name the columns: venue_time_ms with recv_time_ms, instrument and qty as you have them, "
                        "or minute_ms and count");
    if (run->has[MINUTE] && run->has[RECV_TIME])
        return bad(run, "counts of minutes have no recv_time_ms");
    return 0;
}

/* "1516633180017" or "1516633180017.25" as ns. */
static bool parse_time(const char *text, int64_t *ret_ns)
{
    int64_t ms = 0, fraction = 0, unit = BOT_NS_PER_MS / 10;
    const char *p = text;
    if (!isdigit((unsigned char)*p))
        return false;
    for (; isdigit((unsigned char)*p); p++) {
        ms = ms * 10 + (*p - '0');
        if (ms > TIME_MS_MAX)
            return false;
    }
    if (*p == '.') {
        p++;
        if (!isdigit((unsigned char)*p))
            return false;
        for (; isdigit((unsigned char)*p); p++, unit /= 10)
            fraction += (*p - '0') * unit;
    }
    if (*p != '\0' || ms <= 0)
        return false;
    *ret_ns = ms * BOT_NS_PER_MS + fraction;
    return true;
}

static bool parse_count(const char *text, uint64_t *ret_count)
{
    uint64_t n = 0;
    const char *p = text;
    for (; isdigit((unsigned char)*p); p++) {
        n = n * 10 + (uint64_t)(*p - '0');
        if (n > UINT64_C(1000000000000))
            return false;
    }
    /* Some tools write counts as 12.0. */
    if (p > text && *p == '.')
        for (p++; *p == '0'; p++) continue;
    if (p == text || *p != '\0')
        return false;
    *ret_count = n;
    return true;
}

/* Index of an instrument; -1 when there are too many, -2 when memory is short. */
static int instrument_index(struct run *run, const char *name)
{
    if (run->names_n > 0 && strcmp(run->names[run->last_name], name) == 0)
        return (int)run->last_name;
    for (uint32_t i = 0; i < run->names_n; i++)
        if (strcmp(run->names[i], name) == 0)
            return (int)(run->last_name = i);
    if (run->names_n == INSTRUMENTS_MAX)
        return -1;
    char *copy = strdup(name);
    if (copy == NULL)
        return -2;
    run->names[run->names_n] = copy;
    run->last_name = run->names_n;
    return (int)run->names_n++;
}

static int note(struct run *run, uint32_t instrument, int64_t time_ns, double count)
{
    if (run->report == NULL)
        return 0;
    bot__rate_view rate;
    bot__lag_view lag;
    rate_tape_view(run->tape, instrument, &rate, &lag);
    if (!rate_report_add(run->report, instrument, time_ns, count, (double)rate.reference_milli / 1000,
                         run->has[RECV_TIME] && lag.value_ns > 0 ? (double)lag.value_ns / 1e9 : 0))
        return bad(run, "out of memory");
    return 0;
}

/* What a tape can be read with and yet says nothing is told, once: times of another unit, rows that are not in order of arrival. */
static void look_at_order(struct run *run, int64_t time_ns)
{
    if (run->rows++ == 0 && time_ns < YEAR_1973_MS * BOT_NS_PER_MS && time_ns > YEAR_1973_MS / 100 * BOT_NS_PER_MS)
        fprintf(stderr, "botctl rate: %s:%llu: as milliseconds this time lies in %lld: are these seconds?\n", run->path, run->line,
                1970 + (long long)(time_ns / (INT64_C(31556952) * BOT_NS_PER_S)));
    run->rows_back += time_ns < run->newest_ns - BACK_NS;
    if (time_ns > run->newest_ns) run->newest_ns = time_ns;
}

static int read_row(struct run *run, char *line)
{
    char *fields[COLUMNS_MAX];
    const char *value[COLUMN_KINDS] = { "", "", "", "", "", "" };
    const int n = split(line, fields);
    if (n != run->columns_n)
        return bad(run, "%d fields where the header has %d", n < 0 ? COLUMNS_MAX + 1 : n, run->columns_n);
    for (int i = 0; i < n; i++)
        value[run->columns[i]] = fields[i];
    value[OTHER] = "";

    int64_t venue = 0, received = 0;
    uint64_t count = 1;
    if (run->has[MINUTE]) {
        if (!parse_time(value[MINUTE], &venue))
            return bad(run, "minute_ms is no time in milliseconds: '%s'", value[MINUTE]);
        if (!parse_count(value[COUNT], &count))
            return bad(run, "count is no count: '%s'", value[COUNT]);
    } else {
        /* Venues drop times now and then; with a receive time the trade counts all the same. */
        const bool blank = run->has[RECV_TIME] && value[VENUE_TIME][0] == '\0';
        if (!blank && !parse_time(value[VENUE_TIME], &venue))
            return bad(run, "venue_time_ms is no time in milliseconds: '%s'", value[VENUE_TIME]);
        received = venue;
        if (run->has[RECV_TIME] && !parse_time(value[RECV_TIME], &received))
            return bad(run, "recv_time_ms is no time in milliseconds: '%s'", value[RECV_TIME]);
    }
    if (run->has[INSTRUMENT] && value[INSTRUMENT][0] == '\0')
        return bad(run, "no instrument");
    const int i = instrument_index(run, value[INSTRUMENT]);
    if (i < 0)
        return i == -1 ? bad(run, "more than %d instruments", INSTRUMENTS_MAX) : bad(run, "out of memory");
    if (run->has[MINUTE]) {
        rate_tape_minute(run->tape, (uint32_t)i, venue, count);
        return note(run, (uint32_t)i, venue, (double)count);
    }
    look_at_order(run, received);
    rate_tape_trade(run->tape, (uint32_t)i, received, venue);
    return note(run, (uint32_t)i, received, 1);
}

/* As fgets, but says how long it is: what stands behind a NUL would not be seen. 0 at the end. */
static size_t read_line(FILE *in, char *line)
{
    size_t len = 0;
    for (int c = 0; c != '\n' && len < LINE_BYTES_MAX - 1 && (c = getc_unlocked(in)) != EOF;)
        line[len++] = (char)c;
    line[len] = '\0';
    return len;
}

static int read_tape(struct run *run, FILE *in)
{
    static char line[LINE_BYTES_MAX];
    bool header = false;
    size_t len;
    while ((len = read_line(in, line)) != 0) {
        run->line++;
        if (memchr(line, '\0', len) != NULL)
            return bad(run, "holds a NUL byte: this is no text");
        if (len == sizeof line - 1 && line[len - 1] != '\n')
            return bad(run, "longer than %d bytes", LINE_BYTES_MAX - 2);
        if (line[strspn(line, " \t\r\n")] == '\0')
            continue;
        int r;
        if (!header) {
            r = read_header(run, line);
            header = true;
            run->opts.minutes = run->has[MINUTE];
            run->opts.receive_times = run->has[RECV_TIME];
            if (r == 0 && (run->tape = rate_tape_new(&run->opts)) == NULL) r = bad(run, "out of memory");
        } else {
            r = read_row(run, line);
        }
        if (r != 0)
            return r;
    }
    if (ferror(in)) {
        fprintf(stderr, "botctl rate: %s: %s\n", run->path, strerror(errno));
        return EXIT_FOUND_WRONG;
    }
    if (!header)
        return bad(run, "empty: not even a header such as venue_time_ms,qty");
    rate_tape_end(run->tape);
    if (run->rows_back > run->rows / 10)
        fprintf(stderr, "botctl rate: %s: %llu of %llu rows are a minute and more older than one before them, and say nothing: rows belong in order "
                "of arrival (newest first? `tac` behind the header turns them round)\n", run->path, run->rows_back, run->rows);
    return 0;
}

/* "HH:MM-HH:MM" in UTC, every day; over midnight too. */
static bool parse_closure(const char *text, bot__rate_closure *ret_closure)
{
    unsigned h1, m1, h2, m2;
    int end = 0;
    if (sscanf(text, "%2u:%2u-%2u:%2u%n", &h1, &m1, &h2, &m2, &end) != 4 || text[end] != '\0' || h1 > 23 || h2 > 24 || m1 > 59 || m2 > 59)
        return false;
    const uint32_t from = (h1 * 60 + m1) * 60, to = (h2 * 60 + m2) * 60;
    *ret_closure = (bot__rate_closure){ .from_s = from, .length_s = to > from ? to - from : to + 86400 - from, .period_s = 86400 };
    return ret_closure->length_s < 86400;
}

static bool same_file(FILE *in, const char *path)
{
    struct stat a, b;
    return fstat(fileno(in), &a) == 0 && stat(path, &b) == 0 && S_ISREG(b.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int run_rate(int argc, char **argv)
{
    static struct run run;
    const char *report = NULL, *path = NULL;
    run.opts = (rate_tape_options){ .alarms_per_day = 1, .instruments_max = INSTRUMENTS_MAX, .closures = run.closures, .on_event = on_event,
                                    .user_data = &run };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--budget") == 0 || strcmp(argv[i], "--report") == 0 || strcmp(argv[i], "--closed") == 0) {
            if (i + 1 == argc)
                return botctl_usage("rate", "%s needs a value", argv[i]);
            const char *value = argv[++i];
            if (argv[i - 1][2] == 'b') {
                char *end;
                run.opts.alarms_per_day = strtod(value, &end);
                if (end == value || *end != '\0' || !(run.opts.alarms_per_day >= 1e-6 && run.opts.alarms_per_day <= 1e6))
                    return botctl_usage("rate", "--budget is a number of alarms a day, 0.000001 to 1000000, not '%s'", value);
            } else if (argv[i - 1][2] == 'r') {
                report = value;
            } else if (run.opts.closures_n == BOT__RATE_CLOSURES_MAX || !parse_closure(value, &run.closures[run.opts.closures_n++])) {
                return botctl_usage("rate", "--closed is HH:MM-HH:MM in UTC, at most %u times, not '%s'", BOT__RATE_CLOSURES_MAX, value);
            }
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            return botctl_usage("rate", "there is no option '%s'", argv[i]);
        } else if (path != NULL) {
            return botctl_usage("rate", "one file at a time: '%s' and '%s'", path, argv[i]);
        } else {
            path = argv[i];
        }
    }
    FILE *in = botctl_open_input("rate", path);
    if (in == NULL)
        return EXIT_FOUND_WRONG;
    if (report != NULL && same_file(in, report)) {
        if (in != stdin) fclose(in);
        return botctl_usage("rate", "--report %s is the tape itself", report);
    }
    run.path = in == stdin ? "standard input" : path;
    struct botctl_output out;
    int status = 0;
    if (report != NULL && !botctl_output_open(&out, report)) {
        botctl_perror("rate", report);
        status = EXIT_FOUND_WRONG;
    } else if (report != NULL && (run.report = rate_report_new()) == NULL) {
        fprintf(stderr, "botctl rate: out of memory\n");
        botctl_output_close(&out, false);
        status = EXIT_FOUND_WRONG;
    }
    if (status == 0) status = read_tape(&run, in);
    if (run.report != NULL) {
        rate_report_write(run.report, out.file, (const char *const *)run.names, run.names_n, run.opts.alarms_per_day);
        if (!botctl_output_close(&out, status == 0)) {
            botctl_perror("rate", report);
            status = EXIT_FOUND_WRONG;
        } else if (status != 0) {
            fprintf(stderr, "botctl rate: no report was written\n");
        }
    }
    if (in != stdin) fclose(in);
    rate_report_free(run.report);
    rate_tape_free(run.tape);
    for (uint32_t i = 0; i < run.names_n; i++)
        free(run.names[i]);
    return status;
}

const struct command command_rate = {
    .name = "rate",
    .synopsis = "[--budget ALARMS_PER_DAY] [--closed HH:MM-HH:MM]... [--report FILE.html] [FILE|-]",
    .summary = "trade tape -> alarms: does the venue's trade rate fall away, is its feed late?",
    .help =
        "Reads CSV with a header, columns in any order, further ones ignored:\n"
        "  venue_time_ms[,recv_time_ms][,instrument][,qty]   one row a trade, in order of arrival\n"
        "  minute_ms,count[,instrument]                      one row a minute; minute_ms is its start\n"
        "and writes a JSON line whenever a live bot would have changed its mind:\n"
        "  {\"event\":\"trade_rate\",\"state\":\"dropped\",\"time_ms\":...,\"rate\":...,\"reason\":\"rate\",...}\n"
        "state: learning (too little seen), normal, dropped. time_ms: when it would have been known, on the\n"
        "clock of recv_time_ms where there is one, else of venue_time_ms; never going back per instrument.\n"
        "rate and reference: sweeps (distinct venue times) a second. reason of a drop: rate or lag; detail\n"
        "says more. A silence is told with the time at which a timer would have fired; it is written when\n"
        "the next row shows that this time has come.\n"
        "\n"
        "  --budget N      false alarms allowed a day and instrument (default 1)\n"
        "  --closed H-H    known daily closure in UTC, such as 19:00-19:15 for bitFlyer's maintenance; may be\n"
        "                  repeated\n"
        "  --report FILE   writes a self-contained HTML page with the tape, the reference and the alarms\n"
        "\n"
        "Exit status 0 when the tape was read to its end, alarms or not; 1 when it could not be; 2 for a\n"
        "wrong command line.\n",
    .run = run_rate,
    .repeatable = "--closed",
};
