#include "base/assert.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/err.h"
#include "harness.h"

static void last_words(const char *what, void *user_data)
{
    dprintf(2, "%s: %s\n", (const char *)user_data, what);
}

static char host[] = "the host";

/* Breaks an invariant in a child and returns what it wrote to standard error; it must have aborted. */
static const char *broken(bool with_handler)
{
    static char text[512];
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        if (with_handler) bot_set_on_fatal(last_words, host);
        BOT_ASSERT(1 + 1 == 3);
        _exit(0);
    }
    close(ends[1]);
    size_t n = 0;
    ssize_t got;
    while (n < sizeof text - 1 && (got = read(ends[0], text + n, sizeof text - 1 - n)) > 0) n += (size_t)got;
    text[n] = '\0';
    close(ends[0]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    return text;
}

TEST(assert, a_broken_invariant_names_its_place_on_standard_error_and_aborts)
{
    const char *text = broken(false);
    ck_assert_msg(strstr(text, "libbot: ") == text && strstr(text, "test_assert.c:") != NULL && strstr(text, "1 + 1 == 3") != NULL, "'%s'", text);
    ck_assert_msg(text[strlen(text) - 1] == '\n' && strchr(text, '\n') == text + strlen(text) - 1, "one line: '%s'", text);
}

TEST(assert, a_hosts_handler_has_the_last_word)
{
    const char *text = broken(true);
    ck_assert_msg(strncmp(text, "the host: libbot: ", 18) == 0, "'%s'", text);
    ck_assert_msg(strchr(text, '\n') == text + strlen(text) - 1, "the library adds nothing: '%s'", text);
}
