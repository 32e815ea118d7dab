/* botctl paper: the paper exchange as a server. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <openssl/rand.h>

#include "base/json.h"
#include "base/sign.h"
#include "botctl.h"
#include "paper_server.h"
#include "sim/tape.h"

#define ACCOUNTS_MAX 8

struct run {
    struct paper *paper;
    uv_signal_t   interrupt, terminate, hangup;
    uv_timer_t    end;
    int64_t       start_ns;
    bool          started; /* its first line was printed: it gets a last one */
    bool          ending;
};

struct arguments {
    uint16_t    port;
    uint64_t    seed;
    const char *host, *directory, *tape, *venue;
    const char *fault[8];
    uint32_t    faults_n;
    uint32_t    accounts, rate, burst;
    int64_t     balance;
    uint64_t    seconds;
    bool        plain, loop, read_only;
};

static bool number(const char *text, uint64_t max, uint64_t *ret)
{
    char *end;
    errno = 0;
    const unsigned long long v = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || v > max) return false;
    *ret = v;
    return true;
}

#define ACCOUNTS_RANGE "from 1 to 8"
_Static_assert(ACCOUNTS_MAX == 8, "ACCOUNTS_RANGE");

/* What a number of that option may be, "" where it takes no number; NULL: there is no such option. */
static const char *range_of(const char *option)
{
    static const char *const options[][2] = {
        { "--port", "from 0 to 65535" }, { "--seed", "of 64 bits" }, { "--accounts", ACCOUNTS_RANGE }, { "--rate", "from 0 to 1000000" },
        { "--burst", "from 0 to 90" }, { "--balance", "from 0 to 1000000000000" }, { "--for", "of seconds, from 1 to 31536000" },
        { "--host", "" }, { "--venue", "" }, { "--dir", "" }, { "--tape", "" }, { "--fault", "" },
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strcmp(option, options[i][0]) == 0) return options[i][1];
    return NULL;
}

static int read_arguments(int argc, char **argv, struct arguments *a)
{
    *a = (struct arguments){ .seed = 1, .accounts = 1, .rate = 1000, .burst = 60, .balance = 100000 };
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        uint64_t v = 0;
        if (strcmp(name, "--plain") == 0) { a->plain = true; continue; }
        if (strcmp(name, "--read-only") == 0) { a->read_only = true; continue; }
        if (strcmp(name, "--loop") == 0) { a->loop = true; continue; }
        if (strncmp(name, "--", 2) != 0) return botctl_usage("paper", "'%s' is not understood", name);
        if (range_of(name) == NULL) return botctl_usage("paper", "there is no option '%s'", name);
        if (i + 1 == argc) return botctl_usage("paper", "%s needs a value", name);
        const char *value = argv[++i];
        bool ok = true;
        if (strcmp(name, "--port") == 0) ok = number(value, 65535, &v), a->port = (uint16_t)v;
        else if (strcmp(name, "--seed") == 0) ok = number(value, UINT64_MAX, &a->seed);
        else if (strcmp(name, "--host") == 0) a->host = value;
        else if (strcmp(name, "--venue") == 0) a->venue = value;
        else if (strcmp(name, "--dir") == 0) a->directory = value;
        else if (strcmp(name, "--tape") == 0) a->tape = value;
        else if (strcmp(name, "--accounts") == 0) ok = number(value, ACCOUNTS_MAX, &v) && v > 0, a->accounts = (uint32_t)v;
        else if (strcmp(name, "--rate") == 0) ok = number(value, 1000000, &v), a->rate = (uint32_t)v;
        else if (strcmp(name, "--burst") == 0) ok = number(value, 90, &v), a->burst = (uint32_t)v;
        else if (strcmp(name, "--balance") == 0) ok = number(value, UINT64_C(1000000000000), &v), a->balance = (int64_t)v;
        else if (strcmp(name, "--for") == 0) ok = number(value, 86400 * 365, &a->seconds) && a->seconds > 0;
        else if (strcmp(name, "--fault") == 0) {
            if (a->faults_n == 8) return botctl_usage("paper", "at most 8 fault files");
            a->fault[a->faults_n++] = value;
        }
        if (!ok) return botctl_usage("paper", "%s: '%s' is no whole number %s", name, value, range_of(name));
    }
    if (a->loop && a->tape == NULL) return botctl_usage("paper", "--loop is for a --tape");
    bool known = a->venue == NULL;
    char dialects[100] = "";
    for (uint32_t i = 0; bot__simvenue_dialect(i) != NULL; i++) {
        known |= a->venue != NULL && strcmp(a->venue, bot__simvenue_dialect(i)) == 0;
        snprintf(dialects + strlen(dialects), sizeof dialects - strlen(dialects), "%s%s", i == 0 ? "" : ", ", bot__simvenue_dialect(i));
    }
    if (!known) return botctl_usage("paper", "--venue: '%s' is no dialect of the paper exchange; it speaks %s", a->venue, dialects);
    return 0;
}

/* The key of an account and, in a file that only its owner can read, the secret. False after saying why. */
static bool account_make(struct paper *p, const struct arguments *a, const char *directory, uint32_t i, char *ret_key, size_t key_size,
                         char *ret_file, size_t file_size)
{
    uint8_t random[28];
    char secret[41];
    if (RAND_bytes(random, sizeof random) != 1) return false;
    bot__hex(random, 20, secret);
    snprintf(ret_key, key_size, "paper");
    bot__hex(random + 20, 8, ret_key + 5);
    if (snprintf(ret_file, file_size, "%s/secret-%u", directory, i) >= (int)file_size) return false;
    unlink(ret_file);
    const int fd = open(ret_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written = fd >= 0 && write(fd, secret, 40) == 40;
    if (fd < 0 || close(fd) != 0 || !written) {
        botctl_perror("paper", ret_file);
        return false;
    }
    return paper_account_add(p, ret_key, secret, (bot_money){ (bot_i128)a->balance * 1000000000000000000 }) > 0;
}

static void handle_closed(uv_handle_t *handle) { (void)handle; }

static void print_end(const struct run *r)
{
    char line[8192];
    struct json_out o;
    struct simvenue *b = paper_venue(r->paper);
    const struct exchange *x = bot__simvenue_exchange(b);
    const struct simvenue_stats stats = bot__simvenue_stats(b);
    bot__jo_init(&o, line, sizeof line);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "event", "paper_end");
    bot__jo_i64(&o, "ran_ms", (paper_now_ns(r->paper) - r->start_ns) / BOT_NS_PER_MS);
    bot__jo_i64(&o, "requests", (int64_t)stats.requests);
    bot__jo_i64(&o, "ws_messages_out", (int64_t)stats.ws_messages_out);
    bot__jo_i64(&o, "trades", (int64_t)bot__exchange_stats(x).trades);
    bot__jo_array(&o, "accounts");
    /* Of an account its first instrument, and the others where something happened. */
    for (uint32_t n = 1; n < bot__exchange_accounts(x); n++) for (uint16_t i = 0; i < bot__exchange_instruments(x); i++) {
        struct exchange_truth truth;
        bot__exchange_truth(x, n, i, &truth);
        if (i != 0 && truth.fills == 0)
            continue;
        bot__jo_object(&o, NULL);
        bot__jo_i64(&o, "account", n);
        bot__jo_str(&o, "instrument", bot__exchange_instrument(x, i)->symbol.s);
        bot__jo_fixed(&o, "qty", truth.position.v);
        bot__jo_i64(&o, "fills", (int64_t)truth.fills);
        bot__jo_fixed(&o, "realised", truth.realised.v);
        bot__jo_fixed(&o, "fees", truth.fees.v);
        bot__jo_object_end(&o);
    }
    bot__jo_array_end(&o);
    bot__jo_object_end(&o);
    if (bot__jo_end(&o) > 0) puts(line);
}

static void finish(struct run *r)
{
    if (r->ending) return;
    r->ending = true;
    if (r->started) print_end(r);
    uv_close((uv_handle_t *)&r->interrupt, handle_closed);
    uv_close((uv_handle_t *)&r->terminate, handle_closed);
    uv_close((uv_handle_t *)&r->hangup, handle_closed);
    uv_close((uv_handle_t *)&r->end, handle_closed);
    paper_close(r->paper, NULL, NULL);
}

static void on_signal(uv_signal_t *signal, int number_)
{
    (void)number_;
    finish(signal->data);
}

static void on_end(uv_timer_t *timer) { finish(timer->data); }

static bool print_start(struct run *r, const char *directory, char keys[][32], char files[][512], uint32_t n)
{
    char line[8192];
    struct json_out o;
    bot__jo_init(&o, line, sizeof line);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "event", "paper");
    bot__jo_str(&o, "venue", bot__simvenue_name(paper_venue(r->paper)));
    bot__jo_str(&o, "rest", paper_rest_url(r->paper));
    bot__jo_str(&o, "ws_private", paper_ws_private_url(r->paper));
    bot__jo_str(&o, "ws_public", paper_ws_public_url(r->paper));
    bot__jo_str(&o, "ws_trade", paper_ws_trade_url(r->paper));
    if (paper_ca_file(r->paper)[0] != '\0') bot__jo_str(&o, "ca_file", paper_ca_file(r->paper));
    bot__jo_str(&o, "dir", directory);
    const char *passphrase = bot__simvenue_passphrase(paper_venue(r->paper));
    const struct exchange *x = bot__simvenue_exchange(paper_venue(r->paper));
    if (passphrase != NULL) bot__jo_str(&o, "passphrase", passphrase);
    bot__jo_array(&o, "instruments");
    for (uint16_t i = 0; i < bot__exchange_instruments(x); i++) bot__jo_str(&o, NULL, bot__exchange_instrument(x, i)->symbol.s);
    bot__jo_array_end(&o);
    bot__jo_str(&o, "key", keys[0]);
    bot__jo_str(&o, "secret_file", files[0]);
    bot__jo_array(&o, "accounts");
    for (uint32_t i = 0; i < n; i++) {
        bot__jo_object(&o, NULL);
        bot__jo_i64(&o, "account", i + 1);
        bot__jo_str(&o, "key", keys[i]);
        bot__jo_str(&o, "secret_file", files[i]);
        bot__jo_object_end(&o);
    }
    bot__jo_array_end(&o);
    bot__jo_object_end(&o);
    if (bot__jo_end(&o) < 0) return false;
    puts(line);
    /* Quoted: a directory may have blanks in its name. */
    fprintf(stderr, "To copy, for the examples and strategies:\n  export BOT_VENUE=%s BOT_KEY=%s BOT_SECRET=\"$(cat '%s')\" BOT_REST_URL='%s'\n"
                    "  export BOT_WS_PRIVATE_URL='%s' BOT_WS_PUBLIC_URL='%s' BOT_CA_FILE='%s'\n  export BOT_INSTRUMENT=%s%s%s\n",
            bot__simvenue_name(paper_venue(r->paper)), keys[0], files[0], paper_rest_url(r->paper), paper_ws_private_url(r->paper), paper_ws_public_url(r->paper), paper_ca_file(r->paper),
            bot__exchange_instrument(x, 0)->symbol.s, passphrase != NULL ? " BOT_PASSPHRASE=" : "", passphrase != NULL ? passphrase : "");
    return fflush(stdout) == 0;
}

/* Everything before the loop runs. 0, or an exit status after saying why. */
static int prepare(struct run *r, const struct arguments *a, const char *directory, struct flow_row *rows, size_t rows_n)
{
    struct simvenue *b = paper_venue(r->paper);
    r->start_ns = paper_now_ns(r->paper);
    if (rows_n > 0) {
        bot__flow_tape(bot__simvenue_flow(b, 0), rows, rows_n, r->start_ns + BOT_NS_PER_S, a->loop);
        bot__flow_open(bot__simvenue_flow(b, 0), bot__simvenue_exchange(b), r->start_ns);
    }
    for (uint32_t i = 0; i < a->faults_n; i++) {
        size_t len;
        char error[200] = "", *text = botctl_read_input("paper", a->fault[i], 0, &len);
        if (text == NULL) return EXIT_USAGE;
        const int e = paper_faults(r->paper, text, len, error, sizeof error);
        free(text);
        if (e < 0) {
            for (char *c = error; *c != '\0'; c++) /* it quotes the file, which may be anything */
                if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f) *c = '?';
            fprintf(stderr, "botctl paper: %s: %s\n", a->fault[i], error);
            return EXIT_USAGE;
        }
    }
    static char keys[ACCOUNTS_MAX][32], files[ACCOUNTS_MAX][512];
    for (uint32_t i = 0; i < a->accounts; i++)
        if (!account_make(r->paper, a, directory, i + 1, keys[i], sizeof keys[i], files[i], sizeof files[i])) return EXIT_FOUND_WRONG;
    r->started = print_start(r, directory, keys, files, a->accounts);
    return r->started ? 0 : EXIT_FOUND_WRONG;
}

/* Is there, made when it was not, and takes files. False, with errno. */
static bool directory_ready(const char *path)
{
    struct stat st;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) return false;
    if (stat(path, &st) != 0) return false;
    errno = S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
    return errno == 0 && access(path, W_OK | X_OK) == 0;
}

/* A directory that we made for this run goes with it: the certificates and secrets in it are good for nothing any more. */
static void directory_remove(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL) closedir(d);
    rmdir(path);
}

static void say_not_open(const struct arguments *a, int status)
{
    const int e = errno;
    const char *host = a->host != NULL ? a->host : "127.0.0.1";
    if (status == BOT_ERR_INVALID) fprintf(stderr, "botctl paper: --host: '%s' is no numeric address, such as 127.0.0.1 or ::1\n", host);
    else if (status == BOT_ERR_IO)
        fprintf(stderr, "botctl paper: cannot listen on %s port %u: %s; %s\n", host, a->port, strerror(e),
                e == EADDRNOTAVAIL ? "--host must be an address of this machine" : "without --port any free one is taken");
    else fprintf(stderr, "botctl paper: cannot open the server: %s\n", bot_strerror(status));
}

static int serve(const struct arguments *arguments, const char *directory);

static int run(int argc, char **argv)
{
    struct arguments a;
    const int bad = read_arguments(argc, argv, &a);
    if (bad != 0) return bad;
    char made[] = "/tmp/botctl-paper-XXXXXX";
    const char *directory = a.directory;
    if (directory == NULL && (directory = mkdtemp(made)) == NULL) {
        perror("botctl paper: /tmp");
        return EXIT_FOUND_WRONG;
    }
    if (a.directory != NULL && !directory_ready(directory)) {
        botctl_perror("paper", directory);
        return EXIT_FOUND_WRONG;
    }
    /* Another exchange's certificate and secrets are not written over while it runs: its clients could not come back. */
    const int held = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (held < 0 || flock(held, LOCK_EX | LOCK_NB) != 0) {
        if (held >= 0 && errno == EWOULDBLOCK) fprintf(stderr, "botctl paper: %s: another paper exchange runs in it; give it a --dir of its own\n", directory);
        else botctl_perror("paper", directory);
        if (held >= 0) close(held);
        return EXIT_FOUND_WRONG;
    }
    /* What is copied out of it is used in other places than this one. */
    char *absolute = realpath(directory, NULL);
    const int status = serve(&a, absolute != NULL ? absolute : directory);
    free(absolute);
    close(held);
    if (a.directory == NULL) directory_remove(made);
    return status;
}

static int serve(const struct arguments *arguments, const char *directory)
{
    const struct arguments a = *arguments;
    struct exchange_instrument instruments[3];
    const uint32_t instruments_n = bot__exchange_instruments_default(instruments, 3);
    struct flow_row *rows = NULL;
    long rows_n = 0;
    if (a.tape != NULL) {
        size_t len;
        char error[200] = "", *text = botctl_read_input("paper", a.tape, 0, &len);
        if (text == NULL) return EXIT_USAGE;
        const size_t max = bot__tape_rows_max(text, len);
        rows = malloc(max * sizeof *rows);
        rows_n = rows == NULL ? BOT_ERR_NOMEM : bot__tape_read(text, len, &instruments[0], rows, max, error, sizeof error);
        free(text);
        if (rows_n <= 0) {
            fprintf(stderr, "botctl paper: %s: %s\n", a.tape, rows_n == 0 ? "no rows" : error);
            free(rows);
            return EXIT_USAGE;
        }
    }
    struct flow_options flows[3];
    for (uint32_t i = 0; i < instruments_n; i++) {
        bot__flow_options_init(&flows[i]);
        flows[i].sweeps_per_1000s = a.rate;
        flows[i].burstiness_pct = a.burst;
        if (instruments[i].contract == BOT_INVERSE) flows[i].lots_mean = 2000;
    }
    struct paper_options o;
    paper_options_init(&o);
    o.venue.dialect = a.venue;
    o.venue.seed = a.seed;
    o.venue.instruments = instruments;
    o.venue.instruments_n = instruments_n;
    o.venue.flows = flows;
    o.host = a.host;
    o.port = a.port;
    o.directory = a.plain ? NULL : directory;
    o.venue.read_only = a.read_only;
    uv_loop_t loop;
    struct run r = { 0 };
    uv_loop_init(&loop);
    int status = paper_open(&loop, &o, &r.paper);
    if (status < 0) {
        say_not_open(&a, status);
        free(rows);
        uv_run(&loop, UV_RUN_DEFAULT); /* what was begun takes a turn of it to leave */
        uv_loop_close(&loop);
        return EXIT_FOUND_WRONG;
    }
    r.interrupt.data = r.terminate.data = r.hangup.data = r.end.data = &r;
    uv_signal_init(&loop, &r.interrupt);
    uv_signal_init(&loop, &r.terminate);
    uv_signal_init(&loop, &r.hangup);
    uv_timer_init(&loop, &r.end);
    uv_signal_start(&r.interrupt, on_signal, SIGINT);
    uv_signal_start(&r.terminate, on_signal, SIGTERM);
    uv_signal_start(&r.hangup, on_signal, SIGHUP);
    if (a.seconds > 0) uv_timer_start(&r.end, on_end, a.seconds * 1000, 0);
    status = prepare(&r, &a, directory, rows, (size_t)rows_n);
    if (status != 0) finish(&r);
    uv_run(&loop, UV_RUN_DEFAULT);
    free(rows);
    uv_loop_close(&loop);
    return status;
}

const struct command command_paper = {
    .name = "paper",
    .synopsis = "[--venue NAME] [--port N] [--fault FILE]... [--tape FILE] [--dir DIR] ...",
    .summary = "a paper exchange that speaks Bybit v5, Binance USD-M or OKX v5 over TLS",
    .help = "Starts a small exchange with a market of its own and prints one JSON object when it is ready: URLs,\n"
            "instruments, the CA file that a client must trust, an API key and the file that holds its secret; on\n"
            "standard error the same as lines to copy. Ctrl-C ends it and prints what came of the accounts.\n\n"
            "  --venue NAME    bybit (default), binance-usdm or okx (whose passphrase is `paper`)\n"
            "  --port N        port; any free one by default\n"
            "  --host ADDRESS  numeric address; 127.0.0.1 by default\n"
            "  --dir DIR       where the CA, certificate and secret files go; a new one under /tmp by default,\n"
            "                  which goes with the exchange\n"
            "  --seed N        of the market; 1 by default\n"
            "  --for SECONDS   end by itself\n"
            "  --fault FILE    fault script, up to 8 times: `man libbot-fault` for the format, examples in\n"
            "                  share/libbot/faults (in the source: tools/faults)\n"
            "  --tape FILE     trades of the first instrument from a file instead: CSV with time, side, price,\n"
            "                  amount (- for standard input); --loop begins anew behind its end\n"
            "  --rate N        mean number of sweeps per 1000 s; 1000 by default\n"
            "  --burst PCT     burstiness, 0 to 90; 60 by default\n"
            "  --accounts N    1 to 8 accounts\n"
            "  --balance N     of each in every coin; 100000 by default\n"
            "  --read-only     keys that may look and not order, as a watch should have\n"
            "  --plain         no TLS\n",
    .run = run,
    .repeatable = "--fault",
};
