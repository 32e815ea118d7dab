/* io/http.h: HTTPS requests on a uv loop, over libcurl's multi interface, with honest failures.
 *
 * One client per account: it keeps connections alive, and every request has its own absolute deadline. What a caller
 * of an order entry needs to know about a failure is whether the request may have left:
 *   NOT_SENT   no connection was ready for it: name, TCP or TLS failed, or the deadline passed before that
 *   BROKEN     a connection was ready, so bytes may have left, and then it failed or the answer was unreadable
 *   TIMEOUT    the same, and the deadline passed
 * libcurl silently repeats a request, POST included, on a fresh connection when a kept one turns out to be dead. That
 * would send an order twice, so a request for which a connection was ready once is never given a second one.
 * No redirects are followed, no proxy is used, names are resolved by uv_getaddrinfo (nothing blocks the loop). Only the first request
 * waits for its name: behind that the address is renewed beside the requests, so that a name server that is down or slow costs
 * nothing while the address is good.
 */
#ifndef BOT_IO_HTTP_H
#define BOT_IO_HTTP_H

#include "session/transport.h"

struct io_loop;
struct http_client;

struct http_options {
    const char *ca_file;            /* PEM; NULL: the system's store */
    uint32_t    connect_timeout_ms; /* name, TCP and TLS together, within the deadline; 0: 5,000 */
    uint32_t    body_bytes_max;     /* a longer answer is BROKEN; 0: 16 MiB */
    uint32_t    requests_max;       /* in flight; 0: 64 */
    uint32_t    connections_max;    /* of reads (GET); 0: 8. More reads wait for their turn. Orders and cancels never do. */
    uint32_t    name_kept_ms;       /* an address is looked up again when it is so old; 0: 60,000 */
};

struct http_answer {
    enum transport_result      result;
    int                        status;  /* 0 unless OK */
    const struct venue_header *headers; /* of the final answer */
    uint32_t                   headers_n;
    const char                *body;    /* body[len] is NUL */
    size_t                     len;
    const char                *error;   /* one line for people, without path, query or header; "" when OK */
};

/* Borrowed for the call. Runs once a request unless cancelled, never inside start, cancel or close. */
typedef void (*http_done_callback)(void *user_data, uint64_t id, const struct http_answer *answer);

/* BOT_ERR_IO when the CA file cannot be read, BOT_ERR_NOMEM. */
int bot__http_open(struct io_loop *io, const struct http_options *options, http_done_callback done, void *user_data,
                   struct http_client **ret);
/* Starts one request. id must not be in flight. http is copied. deadline: uv_hrtime's clock; at or before now is
 * answered with NOT_SENT. BOT_ERR_FULL beyond requests_max; BOT_ERR_INVALID: base_url is not https://host[:port] (http
 * too, for tests) or id is in use. */
int bot__http_start(struct http_client *client, uint64_t id, const char *base_url, const struct venue_http *http, bot_ts deadline);
/* Forgets the request: no callback follows. Its connection is dropped. Unknown ids are ignored. */
void bot__http_cancel(struct http_client *client, uint64_t id);
/* Takes NULL. Cancels what is in flight; the handles go back to the loop in the next turns. */
void bot__http_close(struct http_client *client);

#endif
