/* The whole client of bot/account.h through one plain day - open, prove, order, cancel, close - with one call of the system failing: each
 * allocation in turn, each call on the journal's files in turn, and the host's wall clock set forth or back at each of its readings.
 * What must hold, whichever it is: nothing crashes, nothing leaks, no descriptor stays open; what cannot be opened says so by name; no
 * order leaves through a shut gate; and what goes wrong once is got over, or shuts the gate by its own reason.
 *
 * The calls of libbot (not of the libraries below it) go through the wrappers here; the exchange is a process of its own, so that its
 * calls are not counted. Short form: every call of bot_account_open, and some of what follows. TEST_FAULTS=all: every one; TEST_FAULTS_SAY=1
 * says which is about to come. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bot/account.h"
#include "bot/decimal.h"
#include "harness.h"
#include "live.h"
#include "loop.h"
#include "paper_server.h"

/* ---- the wrappers ---- */

enum kind { ALLOCATION, FILE_CALL, WALL_CLOCK, KINDS };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* the journal's writer is a thread */
static enum kind armed = KINDS;
static long countdown, counted[KINDS];
static _Atomic bool disk_hangs;
static bool hangs;           /* a day's disk does, while an order rests */
static enum { ALIVE, KILLS, KILLS_UNRECORDED, KILLED } life; /* a day's last act; or it is the day after */
static _Atomic long slept_s; /* by which the clock that counts a suspended machine's sleep is ahead of the one that does not */
static long sleep_s;         /* how long a day's machine sleeps once its gate has opened */
static int64_t clock_jump_ns; /* what WALL_CLOCK adds from its moment on */
static bool fired, watching;

/* Blocks that libbot holds; every one that it took since `watching` began must be given back. */
#define BLOCKS 8192
static void *blocks[BLOCKS];
static unsigned blocks_n;

static bool fails(enum kind kind)
{
    bool now = false;
    pthread_mutex_lock(&lock);
    if (watching) {
        counted[kind]++;
        if (armed == kind && countdown >= 0 && countdown-- == 0)
            now = fired = true;
    }
    pthread_mutex_unlock(&lock);
    return now;
}

static void *taken(void *p)
{
    pthread_mutex_lock(&lock);
    if (watching && p != NULL && blocks_n < BLOCKS)
        blocks[blocks_n++] = p;
    pthread_mutex_unlock(&lock);
    return p;
}

static void given(void *p)
{
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < blocks_n; i++)
        if (blocks[i] == p) {
            blocks[i] = blocks[--blocks_n];
            break;
        }
    pthread_mutex_unlock(&lock);
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *p);

void *__wrap_malloc(size_t size) { return fails(ALLOCATION) ? NULL : taken(__real_malloc(size)); }
void *__wrap_calloc(size_t n, size_t size) { return fails(ALLOCATION) ? NULL : taken(__real_calloc(n, size)); }
void *__wrap_realloc(void *p, size_t size)
{
    if (fails(ALLOCATION))
        return NULL;
    given(p);
    return taken(__real_realloc(p, size));
}
char *__wrap_strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *p = __wrap_malloc(size);
    return p != NULL ? memcpy(p, text, size) : NULL;
}
void __wrap_free(void *p)
{
    if (p != NULL)
        given(p);
    __real_free(p);
}

/* A disk that is full for one call. */
#define FILE_FAILS(error) (fails(FILE_CALL) && (errno = (error), true))
int __real_open(const char *path, int flags, mode_t mode);
ssize_t __real_pread(int fd, void *buf, size_t len, off_t at);
ssize_t __real_pwrite(int fd, const void *buf, size_t len, off_t at);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_ftruncate(int fd, off_t size);
int __real_mkdir(const char *path, mode_t mode);
int __real_rename(const char *from, const char *to);
int __real_flock(int fd, int how);
int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t len, off_t at);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_rename(const char *from, const char *to);
int __wrap_flock(int fd, int how);

int __wrap_open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return FILE_FAILS(EMFILE) ? -1 : __real_open(path, flags, mode);
}
ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t at) { return FILE_FAILS(EIO) ? -1 : __real_pread(fd, buf, len, at); }
ssize_t __wrap_pwrite(int fd, const void *buf, size_t len, off_t at)
{
    while (disk_hangs)
        usleep(1000);
    return FILE_FAILS(ENOSPC) ? -1 : __real_pwrite(fd, buf, len, at);
}
int __wrap_fdatasync(int fd) { return FILE_FAILS(EIO) ? -1 : __real_fdatasync(fd); }
int __wrap_fsync(int fd) { return FILE_FAILS(EIO) ? -1 : __real_fsync(fd); }
int __wrap_ftruncate(int fd, off_t size) { return FILE_FAILS(ENOSPC) ? -1 : __real_ftruncate(fd, size); }
int __wrap_mkdir(const char *path, mode_t mode) { return FILE_FAILS(EACCES) ? -1 : __real_mkdir(path, mode); }
int __wrap_rename(const char *from, const char *to) { return FILE_FAILS(EIO) ? -1 : __real_rename(from, to); }
int __wrap_flock(int fd, int how) { return FILE_FAILS(EINTR) ? -1 : __real_flock(fd, how); }

/* What the C library makes of them where files may be large. */
int __wrap_open64(const char *path, int flags, ...) __attribute__((alias("__wrap_open")));
ssize_t __wrap_pread64(int fd, void *buf, size_t len, off_t at) __attribute__((alias("__wrap_pread")));
ssize_t __wrap_pwrite64(int fd, const void *buf, size_t len, off_t at) __attribute__((alias("__wrap_pwrite")));
int __wrap_ftruncate64(int fd, off_t size) __attribute__((alias("__wrap_ftruncate")));

int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
    const int r = __real_clock_gettime(id, ret);
    if (id == CLOCK_BOOTTIME)
        ret->tv_sec += slept_s;
    if (id == CLOCK_REALTIME) {
        (void)fails(WALL_CLOCK);
        if (fired && armed == WALL_CLOCK)
            ret->tv_sec += clock_jump_ns / BOT_NS_PER_S;
    }
    return r;
}

/* ---- the exchange ---- */

struct place { char venue[32], rest[128], ws_private[128], ws_public[128], ws_trade[128], ca_file[256]; };
static struct place place;
static bot_i128 order_qty, order_price, limit; /* read before the wrappers watch: reading checks, and a check takes memory */
static pid_t exchange;
static bot_ws_transport ws_transport = BOT_WS_DEFAULT;

static void exchange_begin(void)
{
    int pipes[2];
    ck_assert_int_eq(pipe(pipes), 0);
    order_qty = live_number("0.1");
    order_price = live_number("1000");
    limit = live_number("1");
    const char *directory = scratch_directory();
    exchange = fork();
    if (exchange == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        uv_loop_t loop;
        struct paper *paper;
        struct paper_options o;
        uv_loop_init(&loop);
        paper_options_init(&o);
        o.venue.seed = 11;
        o.directory = directory;
        if (paper_open(&loop, &o, &paper) != 0 || paper_account_add(paper, "key-1", "secret-1", (bot_money){ live_number("1000000") }) <= 0)
            _exit(1);
        struct place p = { 0 };
        snprintf(p.venue, sizeof p.venue, "%s", bot__simvenue_name(paper_venue(paper)));
        snprintf(p.rest, sizeof p.rest, "%s", paper_rest_url(paper));
        snprintf(p.ws_private, sizeof p.ws_private, "%s", paper_ws_private_url(paper));
        snprintf(p.ws_public, sizeof p.ws_public, "%s", paper_ws_public_url(paper));
        snprintf(p.ws_trade, sizeof p.ws_trade, "%s", paper_ws_trade_url(paper));
        snprintf(p.ca_file, sizeof p.ca_file, "%s", paper_ca_file(paper));
        if (write(pipes[1], &p, sizeof p) != (ssize_t)sizeof p)
            _exit(1);
        uv_run(&loop, UV_RUN_DEFAULT);
        _exit(0);
    }
    close(pipes[1]);
    ck_assert_int_eq(read(pipes[0], &place, sizeof place), sizeof place);
    close(pipes[0]);
}

static void exchange_end(void)
{
    kill(exchange, SIGKILL);
    waitpid(exchange, NULL, 0);
}

/* ---- the day ---- */

struct day {
    uv_loop_t loop;
    uv_timer_t tick;
    bot_account *account;
    bot_handle *bot;
    bool closed;
    unsigned orders[16];
    const char *wrong; /* the first thing; said when the wrappers rest, because check takes memory, too */
    char log[8192];
    size_t log_len;
};

static void on_order(bot_handle *bot, const bot_order_update *u, void *user_data)
{
    (void)bot;
    ((struct day *)user_data)->orders[u->status]++;
}
static void on_log(void *user_data, bot_log_level level, const char *event, const char *text)
{
    struct day *d = user_data;
    (void)level;
    if (d->log_len + strlen(event) + strlen(text) + 4 < sizeof d->log)
        d->log_len += (size_t)snprintf(d->log + d->log_len, sizeof d->log - d->log_len, "%s: %s\n", event, text);
}
static void on_closed(void *user_data) { *(bool *)user_data = true; }
static void on_tick(uv_timer_t *timer) { (void)timer; }

typedef bool condition(const struct day *d);
static bool is_open(const struct day *d) { return bot_is_open(d->bot); }
static bool is_killed(const struct day *d)
{
    bot_gate_state state;
    bot_get_gate(d->bot, &state);
    return (state.reasons & BOT_GATE_KILL) != 0;
}
static bool is_recorded(const struct day *d)
{
    bot_gate_state state;
    bot_get_gate(d->bot, &state);
    return (state.reasons & BOT_GATE_JOURNAL) == 0;
}
static bool is_resting(const struct day *d) { return d->orders[BOT_ORDER_OPEN] != 0; }
static bool is_gone(const struct day *d) { return d->orders[BOT_ORDER_CANCELED] + d->orders[BOT_ORDER_REJECTED] + d->orders[BOT_ORDER_EXPIRED] != 0; }

static bool until(struct day *d, condition *holds, unsigned ms)
{
    const uint64_t end = uv_hrtime() + (uint64_t)live_ms(ms) * 1000000;
    while (!holds(d) && uv_hrtime() < end)
        uv_run(&d->loop, UV_RUN_ONCE);
    return holds(d);
}

static void options_of(struct day *d, const char *journal, bot_account_options *o)
{
    static const char *const instruments[] = { LIVE_INSTRUMENT };
    bot_account_options_init(o);
    o->venue = place.venue;
    o->name = o->key = "key-1";
    o->secret = "secret-1";
    o->rest_url = place.rest;
    o->ws_private_url = place.ws_private;
    o->ws_public_url = place.ws_public;
    o->ws_trade_url = place.ws_trade;
    o->ca_file = place.ca_file;
    o->instruments = instruments;
    o->instruments_n = 1;
    o->monitors = false;
    o->ws_transport = ws_transport;
    o->log = on_log;
    o->log_user_data = d;
    o->journal.path = journal;
    const int64_t ms = (int64_t)live_ms(1) * BOT_NS_PER_MS;
    if (life == KILLS_UNRECORDED)
        o->journal.ring_bytes = 65536;
    if (hangs)
        o->journal.stall_ns = 100 * ms;
    o->core.read_every_ns = o->core.read_every_flat_ns = 300 * ms;
    o->core.read_after_fill_ns = o->core.read_retry_ns = 100 * ms;
    o->core.read_deadline_ns = 500 * ms;
    o->core.orders_every_ns = 1000 * ms;
    o->core.reconciled_lease_ns = o->core.reconciled_flat_ns = 2000 * ms;
    o->core.rest_lease_ns = 1500 * ms;
    o->core.hold_down_ns = 50 * ms;
    o->core.fills_seen_max = 4096;
}

/* An order goes exactly when the gate is open, and comes to its end. */
static void trade(struct day *d)
{
    bot_order_request order = { .side = BOT_BUY, .type = BOT_LIMIT, .tif = BOT_GTC, .qty = { order_qty }, .price = { order_price } };
    order.instrument.len = sizeof LIVE_INSTRUMENT - 1;
    memcpy(order.instrument.s, LIVE_INSTRUMENT, order.instrument.len);
    const bool open = bot_is_open(d->bot);
    const int r = bot_submit(d->bot, &order, NULL, NULL);
    if (!open && r >= 0)
        d->wrong = "an order left through a shut gate";
    if (r < 0)
        return;
    (void)until(d, is_resting, 400);
    (void)bot_cancel_all(d->bot);
    (void)until(d, is_gone, 400);
}

/* The strategy keeps the loop busy for longer than a disk may hang: its next call knows it all the same. */
static void amend_behind_a_hanging_disk(struct day *d)
{
    bot_order_request order = { .side = BOT_BUY, .type = BOT_LIMIT, .tif = BOT_GTC, .qty = { order_qty }, .price = { order_price } };
    order.instrument.len = sizeof LIVE_INSTRUMENT - 1;
    memcpy(order.instrument.s, LIVE_INSTRUMENT, order.instrument.len);
    bot_id id;
    if (bot_submit(d->bot, &order, &id, NULL) < 0 || !until(d, is_resting, 2000)) {
        d->wrong = "no order rests";
        return;
    }
    disk_hangs = true;
    (void)bot_submit(d->bot, &order, NULL, NULL); /* something to write */
    usleep(live_ms(400) * 1000);
    bot_refusal why = { 0 };
    const int r = bot_amend(d->bot, &id, (bot_qty){ 2 * order_qty }, (bot_px){ order_price }, &why);
    if (r != BOT_ERR_GATE_SHUT || (why.reasons & BOT_GATE_JOURNAL) == 0)
                d->wrong = "an amend left while nothing could be recorded";
    disk_hangs = false;
}

/* While the disk hangs so much is asked for that the journal's ring is full, and then comes the kill. The disk comes back. */
static void kill_behind_a_full_ring(struct day *d)
{
    bot_order_request order = { .side = BOT_BUY, .type = BOT_LIMIT, .tif = BOT_GTC, .qty = { 1000 * limit }, .price = { order_price } };
    order.instrument.len = sizeof LIVE_INSTRUMENT - 1;
    memcpy(order.instrument.s, LIVE_INSTRUMENT, order.instrument.len);
    disk_hangs = true;
    for (unsigned i = 0; i < 3000; i++) /* beyond its limit: refused, and recorded */
        (void)bot_submit(d->bot, &order, NULL, NULL);
    bot_account_kill(d->account);
    if (!until(d, is_killed, 1000))
        d->wrong = "not killed";
    disk_hangs = false;
    if (!until(d, is_recorded, 5000))
        d->wrong = "the journal does not come back";
}

struct outcome {
    int opened;          /* what bot_account_open returned */
    long opening[KINDS]; /* calls until it did */
    bool was_open;
    uint32_t reasons;
};

/* Index < 0: nothing fails. */
static struct outcome day(enum kind kind, long index, const char *journal, unsigned open_ms)
{
    static struct day d;
    d = (struct day){ 0 };
    if (getenv("TEST_FAULTS_SAY") != NULL)
        fprintf(stderr, "kind %d, call %ld\n", (int)kind, index);
    struct outcome out = { 0 };
    static unsigned descriptors; /* after the first day: libuv keeps two for the process */
    uv_loop_init(&d.loop);
    bot_account_options o;
    options_of(&d, journal, &o);
    blocks_n = 0;
    fired = false;
    memset(counted, 0, sizeof counted);
    countdown = index;
    armed = kind;
    watching = true;
    out.opened = bot_account_open(&d.loop, &o, &d.account);
    memcpy(out.opening, counted, sizeof counted);
    if (out.opened < 0) {
        if (d.account != NULL || !fired || bot_strerror(out.opened)[0] == '\0')
            d.wrong = "not opened, and not said why";
    } else {
        uv_timer_init(&d.loop, &d.tick);
        uv_timer_start(&d.tick, on_tick, 5, 5);
        bot_options bo;
        bot_options_init(&bo);
        bo.limits.position_max.v = limit;
        bo.callbacks.order = on_order;
        bo.user_data = &d;
        int r = bot_attach(d.account, &bo, &d.bot);
        if (r == BOT_ERR_NOMEM && fired)
            r = bot_attach(d.account, &bo, &d.bot);
        if (r != BOT_OK) {
            fprintf(stderr, "bot_attach: %s\n", bot_strerror(r));
            abort();
        }
        trade(&d); /* refused: nothing is proven */
        if (d.orders[BOT_ORDER_OPEN] != 0)
            d.wrong = "an order before anything was proven";
        out.was_open = until(&d, is_open, open_ms);
        bot_gate_state state;
        bot_get_gate(d.bot, &state);
        out.reasons = state.reasons;
        if (out.was_open && hangs) {
            amend_behind_a_hanging_disk(&d);
            out.was_open = until(&d, is_open, open_ms);
        }
        if (out.was_open && sleep_s != 0) {
            slept_s += sleep_s;
            if (bot_is_open(d.bot))
                d.wrong = "the machine slept, and what was proven before is proven still";
            trade(&d); /* refused, in the very turn of waking */
            out.was_open = until(&d, is_open, open_ms);
        }
        trade(&d);
        if (life == KILLS) {
            bot_account_kill(d.account);
            (void)until(&d, is_killed, 1000);
        }
        if (life == KILLS_UNRECORDED)
            kill_behind_a_full_ring(&d);
        bot_account_close(d.account, on_closed, &d.closed);
        const uint64_t end = uv_hrtime() + (uint64_t)live_ms(5000) * 1000000;
        while (!d.closed && uv_hrtime() < end)
            uv_run(&d.loop, UV_RUN_ONCE);
        uv_close((uv_handle_t *)&d.tick, NULL);
        if (!d.closed)
            d.wrong = "not closed";
    }
    armed = KINDS; /* what comes when its time has come, and fails: closing has no second try */
    loop_must_close(&d.loop);
    watching = false;
    ck_assert_msg(d.wrong == NULL, "call %ld of kind %d: %s\n%s", index, (int)kind, d.wrong, d.log);
    ck_assert_msg(blocks_n == 0, "call %ld of kind %d: %u blocks leaked\n%s", index, (int)kind, blocks_n, d.log);
    if (descriptors == 0)
        descriptors = descriptors_open();
    ck_assert_msg(descriptors_open() == descriptors, "call %ld of kind %d: %u descriptors, %u before\n%s", index, (int)kind, descriptors_open(), descriptors, d.log);
    if (life == KILLED && out.opened == BOT_OK)
        ck_assert_msg((out.reasons & BOT_GATE_KILL) != 0, "call %ld of kind %d: the kill of the day before is forgotten\n%s", index, (int)kind, d.log);
    else if (index >= 0 && fired && out.opened == BOT_OK && !out.was_open)
        ck_assert_msg((kind == FILE_CALL && (out.reasons & BOT_GATE_JOURNAL) != 0) || (kind == WALL_CLOCK && out.reasons == BOT_GATE_CLOCK), "call %ld of kind %d: shut for good, reasons %x\n%s", index, (int)kind, out.reasons, d.log);
    return out;
}

static bool all(void)
{
    const char *text = getenv("TEST_FAULTS");
    return text != NULL && strcmp(text, "all") == 0;
}

static const char *journal_path(void)
{
    static char path[300];
    static unsigned n;
    snprintf(path, sizeof path, "%s/journal-%u", scratch_directory(), n++);
    return path;
}

static void remove_tree(const char *path)
{
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    ck_assert_int_eq(system(command), 0);
}

/* Each call in turn; of what follows the opening every `stride`-th in the short form. */
static void each(enum kind kind, unsigned stride)
{
    exchange_begin();
    const char *journal = journal_path();
    const struct outcome plain = day(KINDS, -1, journal, 5000);
    remove_tree(journal);
    ck_assert_int_eq(plain.opened, BOT_OK);
    ck_assert_msg(plain.was_open, "reasons %x", plain.reasons);
    const long in_all = counted[kind], opening = plain.opening[kind];
    long refused = 0, tried = 0, shut = 0;
    for (long i = 0; i < in_all; i += i < opening || all() ? 1 : stride) {
        journal = journal_path();
        const struct outcome out = day(kind, i, journal, 8000);
        ck_assert_msg(i >= opening || !fired || kind == FILE_CALL || out.opened == BOT_ERR_NOMEM || out.was_open, "call %ld: %s", i, bot_strerror(out.opened));
        remove_tree(journal);
        tried++;
        refused += out.opened < 0;
        shut += out.opened == BOT_OK && !out.was_open;
    }
    printf("# %ld calls, %ld of them while opening: %ld made to fail, %ld accounts not opened, %ld stayed shut by their reason\n", in_all, opening, tried,
           refused, shut);
    exchange_end();
}

TEST(account_faults, each_allocation_in_turn) { each(ALLOCATION, 40); }
TEST(account_faults, each_allocation_in_turn_over_libwebsockets)
{
    ws_transport = BOT_WS_LIBWEBSOCKETS;
    each(ALLOCATION, 40);
}
TEST(account_faults, each_call_on_the_journals_files_in_turn) { each(FILE_CALL, 1); }

/* A journal that cannot be read is none to start without: what it says of yesterday holds. */
static void each_on_the_day_after(enum kind kind, long stride)
{
    char command[800], journal[300];
    exchange_begin();
    snprintf(journal, sizeof journal, "%s", journal_path());
    life = KILLS;
    (void)day(KINDS, -1, journal, 5000);
    life = KILLED;
    snprintf(command, sizeof command, "cp -r '%s' '%s-0'", journal, journal);
    long refused = 0, tried = 0, opening = 1;
    for (long i = -1; i < opening; i += i < 0 || all() ? 1 : stride) {
        ck_assert_int_eq(system(command), 0);
        char copy[320];
        snprintf(copy, sizeof copy, "%s-0", journal);
        const struct outcome out = day(i < 0 ? KINDS : kind, i, copy, 30);
        if (i < 0)
            opening = out.opening[kind];
        refused += out.opened < 0;
        tried++;
        remove_tree(copy);
    }
    printf("# %ld calls while opening: %ld made to fail, %ld accounts not opened\n", opening, tried - 1, refused);
    remove_tree(journal);
    exchange_end();
}

TEST(account_faults, each_call_on_the_files_of_the_day_before) { each_on_the_day_after(FILE_CALL, 1); }
TEST(account_faults, each_allocation_on_the_day_after) { each_on_the_day_after(ALLOCATION, 3); }

TEST(account_faults, a_kill_that_could_not_be_recorded_is_when_the_disk_comes_back)
{
    char journal[300];
    exchange_begin();
    snprintf(journal, sizeof journal, "%s", journal_path());
    life = KILLS_UNRECORDED;
    (void)day(KINDS, -1, journal, 5000);
    life = KILLED;
    ck_assert_int_eq(day(KINDS, -1, journal, 30).opened, BOT_OK);
    remove_tree(journal);
    exchange_end();
}

static void each_clock(int64_t jump_ns)
{
    clock_jump_ns = jump_ns;
    exchange_begin();
    const char *journal = journal_path();
    (void)day(KINDS, -1, journal, 5000);
    remove_tree(journal);
    const long in_all = counted[WALL_CLOCK];
    long shut = 0, tried = 0;
    for (long i = 0; i < in_all; i += all() ? 1 : in_all / 2 + 1) { /* beyond the window of signatures the gate shuts: orders would be refused */
        journal = journal_path();
        shut += !day(WALL_CLOCK, i, journal, 1500).was_open;
        remove_tree(journal);
        tried++;
    }
    printf("# %ld readings of the wall clock: %ld tried, %ld times shut by CLOCK\n", in_all, tried, shut);
    exchange_end();
}

TEST(account_faults, the_wall_clock_set_back_an_hour_at_each_reading) { each_clock(-3600 * BOT_NS_PER_S); }
TEST(account_faults, the_wall_clock_set_forth_an_hour_at_each_reading) { each_clock(3600 * BOT_NS_PER_S); }

TEST(account_faults, a_machine_that_was_suspended_wakes_shut_and_proves_itself_again)
{
    exchange_begin();
    const char *journal = journal_path();
    sleep_s = 3600;
    const struct outcome out = day(KINDS, -1, journal, 8000);
    ck_assert_int_eq(out.opened, BOT_OK);
    ck_assert_msg(out.was_open, "not open again, reasons before %x", out.reasons);
    remove_tree(journal);
    exchange_end();
}

TEST(account_faults, an_amend_waits_for_the_disk_like_an_order)
{
    exchange_begin();
    const char *journal = journal_path();
    hangs = true;
    const struct outcome out = day(KINDS, -1, journal, 8000);
    ck_assert_int_eq(out.opened, BOT_OK);
    ck_assert_msg(out.was_open, "not open again, reasons before %x", out.reasons);
    remove_tree(journal);
    exchange_end();
}
