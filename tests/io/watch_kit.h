/* tests/io/watch_kit.h: what the tests of the watch share: a configuration that is written piece by piece, and a webhook that
 * keeps what it hears. */
#ifndef TESTS_IO_WATCH_KIT_H
#define TESTS_IO_WATCH_KIT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "io/server.h"

extern char config_text[16384];
void config_add(const char *format, ...) __attribute__((format(printf, 1, 2)));

extern struct server *hook;  /* NULL before open_hook */
extern char got[200][700];   /* bodies, in the order in which they came */
extern int got_n;
extern int refuse_first;     /* answer so many with 503 */
extern const char *last_path;
extern const char *refuse_text; /* a body with this in it is answered with 404 at /404, and so on, with 503 elsewhere */
extern bool hang;            /* the next request is answered when the test says so, */
extern uint64_t hung;        /* by this token */
void open_hook(uv_loop_t *loop);

#endif
