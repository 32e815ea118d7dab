/* dead_man: the switch for venues that have none (Bybit for most accounts, bitFlyer). A bot that is frozen, or dies, cannot cancel what it
 * rests; this small process beside it does.
 *
 *     dead_man SECONDS PROGRAM [ARGUMENT...]
 *
 * starts PROGRAM with the write end of a pipe, its number in BOT_DEAD_MAN_FD. PROGRAM writes a byte there now and then while all is well:
 * from its loop, so that a loop that stands still is silent. When nothing came for SECONDS, or PROGRAM has ended, every order that any bot
 * of the key rests is cancelled (told by the client ids of libbot; a person's orders stay) until the venue lists none. Orders of a frozen
 * program that wakes are no surprise to it: its gate is shut, and it asks what became of them. Then the bytes of one that woke are waited
 * for again; after one that ended dead_man ends, with its status. Signals are PROGRAM's to answer: Ctrl-C reaches it by itself, SIGTERM is
 * passed on, and what it leaves behind is looked after here; once it has ended, either signal ends dead_man, too. The connection is that of
 * examples/from_env.h. */
#include "../examples/from_env.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOTS 16          /* as many as the program may have attached */
#define CANCEL_MS 500
#define GIVE_UP_MS 60000 /* a venue that does not answer: say so, and try again */
#define PAUSE_MS 5000    /* before that: what cannot be opened fails at once */

struct rescue {
    uv_timer_t   timer;
    bot_account *account;
    bot_handle  *bots[BOTS];
    unsigned     waited_ms, most;
    bool         clean;
};

static void on_timer(uv_timer_t *timer)
{
    struct rescue *r = timer->data;
    bot_gate_state gate;
    unsigned left = 0;
    for (int i = 0; i < BOTS; i++) {
        left += (unsigned)bot_get_orders(r->bots[i], NULL, 0);
        (void)bot_cancel_all(r->bots[i]);
    }
    r->most = left > r->most ? left : r->most;
    bot_get_gate(r->bots[0], &gate);
    r->waited_ms += CANCEL_MS;
    /* Proven once: the list of orders has been read, so that none left means none. */
    r->clean = left == 0 && (gate.reasons & (BOT_GATE_STARTUP | BOT_GATE_PRIVATE_STREAM)) == 0;
    if (!r->clean && r->waited_ms < GIVE_UP_MS)
        return;
    uv_close((uv_handle_t *)timer, NULL);
    bot_account_close(r->account, NULL, NULL);
}

/* Its own connection, made now: one that was kept ready might be as dead as the program's. */
static bool cancel_everything(void)
{
    struct rescue r = { .waited_ms = 0 };
    uv_loop_t loop;
    bot_account_options options;
    options_from_env(&options);
    options.public_data = options.monitors = false;
    options.journal.path = NULL; /* the program's */
    options.core.start_adopt = true;
    options.core.bots_max = BOTS;
    uv_loop_init(&loop);
    bool attached = bot_account_open(&loop, &options, &r.account) == BOT_OK;
    for (int i = 0; i < BOTS && attached; i++) {
        bot_options o;
        bot_options_init(&o);
        o.scope = BOT_SCOPE_OWN;
        attached = bot_attach(r.account, &o, &r.bots[i]) == BOT_OK;
    }
    if (!attached) {
        fprintf(stderr, "dead_man: %s\n", bot_account_open_why());
        bot_account_close(r.account, NULL, NULL);
    } else {
        uv_timer_init(&loop, &r.timer);
        r.timer.data = &r;
        uv_timer_start(&r.timer, on_timer, CANCEL_MS, CANCEL_MS);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    printf("{\"event\":\"dead_man\",\"canceled\":%u,\"clean\":%s}\n", r.most, r.clean ? "true" : "false");
    return r.clean;
}

static volatile pid_t child;

static void pass_on(int number_) { (void)kill(child, number_); }

int main(int argc, char **argv)
{
    const int seconds = argc > 2 ? atoi(argv[1]) : 0;
    int beat[2];
    char number_[16];
    if (seconds < 1)
        return fprintf(stderr, "dead_man SECONDS PROGRAM [ARGUMENT...]\n"), 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (pipe(beat) != 0 || fcntl(beat[0], F_SETFD, FD_CLOEXEC) != 0)
        return perror("dead_man"), 1;
    child = fork();
    if (child == 0) {
        snprintf(number_, sizeof number_, "%d", beat[1]);
        setenv("BOT_DEAD_MAN_FD", number_, 1);
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    close(beat[1]);
    if (child < 0)
        return perror("dead_man"), 1;
    signal(SIGINT, SIG_IGN);
    sigaction(SIGTERM, &(struct sigaction){ .sa_handler = pass_on, .sa_flags = SA_RESTART }, NULL);
    for (bool silent = false;;) {
        char bytes[256];
        struct pollfd p = { .fd = beat[0], .events = POLLIN };
        const int r = poll(&p, 1, silent ? -1 : seconds * 1000);
        if (r < 0 && errno == EINTR)
            continue; /* a signal is no silence */
        const ssize_t n = r > 0 ? read(beat[0], bytes, sizeof bytes) : 0;
        if (r > 0 && n > 0) {
            silent = false;
            continue;
        }
        if (r > 0) {
            signal(SIGINT, SIG_DFL);
            signal(SIGTERM, SIG_DFL);
        }
        fprintf(stderr, r > 0 ? "dead_man: the program has ended: cancelling what it rests\n" : "dead_man: nothing for %d s: cancelling what rests\n", seconds);
        silent = cancel_everything();
        if (!silent)
            (void)poll(NULL, 0, PAUSE_MS);
        int status;
        if (r > 0 && silent)
            return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
}
