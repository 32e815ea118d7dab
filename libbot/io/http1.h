/* io/http1.h: the head of an HTTP/1.1 request or response. Pure: bytes in, slices of them out, nothing allocated.
 *
 * Strict where laxness lets two readers disagree about where a message ends: lines end in CRLF, no folded lines, no
 * blank before a colon, one Content-Length and it is digits, never together with Transfer-Encoding.
 */
#ifndef BOT_IO_HTTP1_H
#define BOT_IO_HTTP1_H

#include "venue/venue.h"

#define HTTP1_HEADERS_MAX 64

struct http1_head {
    struct slice        method, target; /* requests */
    int                 status;         /* responses */
    struct venue_header headers[HTTP1_HEADERS_MAX];
    uint32_t            headers_n;
    int64_t             content_length; /* -1: not given */
    bool                chunked;        /* any Transfer-Encoding */
    bool                keep_alive;     /* by version and Connection */
    bool                upgrade;        /* Connection: upgrade and Upgrade: websocket */
    bool                expect_continue;
};

/* Returns the head's length with its empty line, 0 when it is not complete, BOT_ERR_MALFORMED when it never will be
 * good, BOT_ERR_FULL with more than HTTP1_HEADERS_MAX headers. *scanned: where to go on looking for the end, 0 at first. */
int bot__http1_request(const char *buf, size_t len, size_t *scanned, struct http1_head *ret);
int bot__http1_response(const char *buf, size_t len, size_t *scanned, struct http1_head *ret);
/* Value of the first header of that name, compared without case; NULL slice when there is none. */
struct slice bot__http1_header(const struct http1_head *head, const char *name);
/* Sec-WebSocket-Accept for a key, 28 characters and NUL. */
#define HTTP1_WS_ACCEPT_SIZE 29
void bot__http1_ws_accept(struct slice key, char *ret);

#endif
