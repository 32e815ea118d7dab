/* base/assert.h: what only a bug in libbot could break. Stays on in release: a bot in a state that we cannot explain
 * must stop. A failing assertion calls the host's handler (bot_set_on_fatal in bot/err.h), or writes to standard error if there is
 * none, then aborts. */
#ifndef BOT_BASE_ASSERT_H
#define BOT_BASE_ASSERT_H

_Noreturn void bot__assert_failed(const char *expression, const char *file, int line);

#define BOT_ASSERT(expr) ((expr) ? (void)0 : bot__assert_failed(#expr, __FILE__, __LINE__))

#endif
