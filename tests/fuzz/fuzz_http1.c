/* Heads of HTTP requests and responses, WebSocket frames and URLs: the first byte says which, the rest is the input.
 * What must hold: nothing outside the input is touched or handed out, and a head that arrives in two parts reads like
 * one that arrives whole. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "bot/err.h"
#include "io/http1.h"
#include "io/url.h"
#include "io/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slice(struct slice s, const char *buf, size_t len)
{
    if (s.p != NULL) BOT_ASSERT(s.p >= buf && s.p + s.len <= buf + len);
}

static void fuzz_head(const char *buf, size_t len, int (*read)(const char *buf, size_t len, size_t *scanned, struct http1_head *ret))
{
    struct http1_head head, again;
    size_t scanned = 0;
    int n = read(buf, len, &scanned, &head);
    BOT_ASSERT(n <= (int)len && scanned <= len);
    scanned = 0;
    int half = len > 1 ? read(buf, len / 2, &scanned, &again) : 0;
    if (half == 0) BOT_ASSERT(read(buf, len, &scanned, &again) == n);
    if (half > 0) BOT_ASSERT(half == n);
    if (n <= 0) return;
    check_slice(head.method, buf, len);
    check_slice(head.target, buf, len);
    for (uint32_t i = 0; i < head.headers_n; i++) {
        check_slice(head.headers[i].name, buf, len);
        check_slice(head.headers[i].value, buf, len);
        BOT_ASSERT(memchr(head.headers[i].value.p, '\n', head.headers[i].value.len) == NULL);
    }
    BOT_ASSERT(!(head.chunked && head.content_length >= 0));
}

static void fuzz_frames(char *buf, size_t len)
{
    for (size_t at = 0; at < len;) {
        struct ws_frame frame;
        int64_t n = bot__ws_frame_read(buf + at, len - at, 4096, &frame);
        if (n <= 0) return;
        BOT_ASSERT((size_t)n <= len - at && frame.len <= 4096);
        BOT_ASSERT(frame.payload >= buf + at && frame.payload + frame.len == buf + at + n);
        at += (size_t)n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    size_t len = size - 1;
    char *buf = malloc(len + 1); /* its own block, so that a sanitizer sees one byte too far */
    if (buf == NULL) return 0;
    if (len > 0) memcpy(buf, data + 1, len);
    buf[len] = '\0';
    struct url url;
    switch (data[0] % 4) {
    case 0: fuzz_head(buf, len, bot__http1_request); break;
    case 1: fuzz_head(buf, len, bot__http1_response); break;
    case 2: fuzz_frames(buf, len); break;
    default:
        if (bot__url_parse(buf, &url) == BOT_OK) {
            BOT_ASSERT(url.path >= buf && url.path <= buf + len && url.host[0] != '\0' && url.port != 0);
            BOT_ASSERT(strpbrk(buf, "\r\n ") == NULL);
        }
    }
    free(buf);
    return 0;
}
