/* tests/io/loop.h: what the tests of the IO room share: a loop that runs until something is true, certificates in a
 * scratch directory, and the proof at the end that the loop was left clean.
 */
#ifndef TESTS_IO_LOOP_H
#define TESTS_IO_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "io/devcert.h"
#include "io/io_loop.h"

/* Runs the loop until *flag, or fails the test after ms. */
void loop_until(uv_loop_t *loop, const bool *flag, unsigned ms, const char *what);
#define UNTIL(loop, flag) loop_until((loop), &(flag), 5000, #flag)
/* Runs the loop for so long. */
void loop_for(uv_loop_t *loop, unsigned ms);
/* Fails the test unless the loop, given 3 s, ends by itself and closes without a handle left. */
void loop_must_close(uv_loop_t *loop);
/* Releases io and waits until everything is given back. */
void loop_release(uv_loop_t *loop, struct io_loop *io);

/* A scratch directory, removed with its files at exit of the (forked) test. */
const char *scratch_directory(void);
/* CA, certificate and key for localhost in the scratch directory. */
struct devcert make_certs(void);
/* A port of the loopback on which nobody listens. */
unsigned free_port(void);

unsigned descriptors_open(void);
size_t resident_kib(void);

#endif
