/* watch/doctor.h: tries a configuration out: what will not work, or not for long, is said before it is needed at night.
 *
 * Looks at the files that the configuration names, at where alerts go and where the page would be served, and makes one call of the
 * heartbeat; then at one account after the other: whether the venue is reached and its
 * certificate holds, how far the clocks are apart, whether the key works and what it may do, position mode, instruments,
 * request limits; at last the streams are opened as the watch will open them, until the position is proven. Orders nothing,
 * writes nothing, keeps no journal. */
#ifndef WATCH_DOCTOR_H
#define WATCH_DOCTOR_H

#include "watch/config.h"

struct uv_loop_s;
struct doctor;

enum doctor_level { DOCTOR_GOOD, DOCTOR_ADVICE, DOCTOR_WRONG };
extern const char *const doctor_level_names[];

struct doctor_finding {
    enum doctor_level level;
    const char *account; /* "" where it belongs to none */
    const char *check;   /* a fixed word: files, reach, clock, key, ... */
    const char *text;    /* what was found */
    const char *advice;  /* what to do; "" when nothing */
};
typedef void (*doctor_tell)(void *user_data, const struct doctor_finding *finding);

/* What several answers together say of the venue's clock: each bounds its distance from ours, all of them together more closely. */
struct doctor_clock {
    int64_t  low_ns, high_ns; /* venue minus ours lies between */
    uint32_t n;
};
/* An answer told venue_ns, by error_ns off at most; sent and received by our wall clock. One that contradicts those before (a clock was
 * set) begins anew. */
void doctor_clock_add(struct doctor_clock *clock, int64_t venue_ns, int64_t error_ns, int64_t sent_ns, int64_t received_ns);

/* Starts on the loop. config and path are borrowed until `over` has run; then nothing of it is left on the loop. tell is called
 * from within, too. BOT_OK, BOT_ERR_NOMEM, BOT_ERR_IO. */
int doctor_start(struct uv_loop_s *loop, const char *path, const struct watch_config *config, doctor_tell tell, void (*over)(void *user_data),
                 void *user_data);

#endif
