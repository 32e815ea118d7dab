/* io/transport_uv.h: struct transport of session/transport.h over the host's uv loop, for one account.
 *
 * Order of life: open (gives the table), make the session with it, bind the session's inputs, and only then let the
 * session act; at the end close, which cancels and drops everything, and after whose callback nothing of this account
 * is on the loop. The session must stay valid until bot__transport_uv_close() was called, not longer: no input is
 * called after that.
 */
#ifndef BOT_IO_TRANSPORT_UV_H
#define BOT_IO_TRANSPORT_UV_H

#include "io/ws.h"
#include "session/transport.h"

struct uv_loop_s;
struct transport_uv;

struct transport_uv_options {
    const char  *ca_file;                 /* PEM for all hosts of the account; NULL: the system's store. Copied. */
    enum ws_impl ws_impl;
    uint32_t     ws_connect_timeout_ms;   /* as in ws.h and http.h; 0: their defaults */
    uint32_t     ws_message_bytes_max;
    uint32_t     ws_queue_bytes_max;
    uint32_t     http_connect_timeout_ms;
    uint32_t     http_body_bytes_max;
    uint32_t     http_requests_max;
};

/* BOT_ERR_NOMEM, BOT_ERR_IO (the CA file cannot be read). */
int bot__transport_uv_open(struct uv_loop_s *loop, const struct transport_uv_options *options, struct transport_uv **ret);
/* The table to give to the session; valid until close. */
const struct transport *bot__transport_uv_table(struct transport_uv *t);
/* inputs must be static. */
void bot__transport_uv_bind(struct transport_uv *t, const struct session_inputs *inputs, struct session *session);
/* Both clocks, read now. Any thread. The first goes on while the machine is suspended, as the loop's own does not: leases must
 * run out then. The table's deadlines and timers are of it. */
struct session_time bot__transport_uv_now(void);
/* closed runs from the loop, once, when nothing of this account is left on it; t is freed by then. */
void bot__transport_uv_close(struct transport_uv *t, void (*closed)(void *user_data), void *user_data);

#endif
