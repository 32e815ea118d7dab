#include "io/http1.h"

#include <openssl/evp.h>
#include <strings.h>

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool same(struct slice s, const char *text)
{
    return s.len == strlen(text) && strncasecmp(s.p, text, s.len) == 0;
}

/* Is `word` one of the comma-separated items? */
static bool lists(struct slice value, const char *word)
{
    size_t n = strlen(word), i = 0;
    while (i < value.len) {
        while (i < value.len && (value.p[i] == ' ' || value.p[i] == '\t' || value.p[i] == ',')) i++;
        size_t begin = i;
        while (i < value.len && value.p[i] != ',') i++;
        size_t end = i;
        while (end > begin && (value.p[end - 1] == ' ' || value.p[end - 1] == '\t')) end--;
        if (end - begin == n && strncasecmp(value.p + begin, word, n) == 0) return true;
    }
    return false;
}

static int content_length(struct slice value, int64_t *ret)
{
    int64_t n = 0;
    if (value.len == 0 || value.len > 15) return BOT_ERR_MALFORMED;
    for (size_t i = 0; i < value.len; i++) {
        if (value.p[i] < '0' || value.p[i] > '9') return BOT_ERR_MALFORMED;
        n = n * 10 + (value.p[i] - '0');
    }
    if (*ret >= 0 && *ret != n) return BOT_ERR_MALFORMED;
    *ret = n;
    return BOT_OK;
}

/* Length with the empty line, 0 if it has not come. */
static size_t find_end(const char *buf, size_t len, size_t *scanned)
{
    const char *end = memmem(buf + *scanned, len - *scanned, "\r\n\r\n", 4);
    if (end != NULL) return (size_t)(end - buf) + 4;
    *scanned = len > 3 ? len - 3 : 0;
    return 0;
}

/* Next line without its end; p stands behind it afterwards. A bare CR or LF or NUL in it is malformed. */
static int next_line(const char **p, const char *end, struct slice *ret)
{
    const char *eol = memmem(*p, (size_t)(end - *p), "\r\n", 2);
    if (eol == NULL) return BOT_ERR_MALFORMED;
    *ret = (struct slice){ *p, (size_t)(eol - *p) };
    *p = eol + 2;
    for (size_t i = 0; i < ret->len; i++) {
        unsigned char c = (unsigned char)ret->p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) return BOT_ERR_MALFORMED;
    }
    return BOT_OK;
}

static int read_header(struct slice line, struct http1_head *h, bool *connection_upgrade, bool *upgrade_ws)
{
    size_t n = 0;
    while (n < line.len && is_token_char(line.p[n])) n++;
    if (n == 0 || n == line.len || line.p[n] != ':') return BOT_ERR_MALFORMED;
    struct slice name = { line.p, n }, value = { line.p + n + 1, line.len - n - 1 };
    while (value.len > 0 && (*value.p == ' ' || *value.p == '\t')) value.p++, value.len--;
    while (value.len > 0 && (value.p[value.len - 1] == ' ' || value.p[value.len - 1] == '\t')) value.len--;
    if (h->headers_n == HTTP1_HEADERS_MAX) return BOT_ERR_FULL;
    h->headers[h->headers_n++] = (struct venue_header){ name, value };

    if (same(name, "content-length")) return content_length(value, &h->content_length);
    if (same(name, "transfer-encoding")) h->chunked = true;
    else if (same(name, "expect")) h->expect_continue = same(value, "100-continue");
    else if (same(name, "upgrade")) *upgrade_ws |= lists(value, "websocket");
    else if (same(name, "connection")) {
        if (lists(value, "close")) h->keep_alive = false;
        else if (lists(value, "keep-alive")) h->keep_alive = true;
        *connection_upgrade |= lists(value, "upgrade");
    }
    return BOT_OK;
}

static int read_headers(const char *p, const char *end, struct http1_head *h)
{
    bool connection_upgrade = false, upgrade_ws = false;
    h->content_length = -1;
    while (end - p > 2) {
        struct slice line;
        int r = next_line(&p, end, &line);
        if (r == BOT_OK) r = read_header(line, h, &connection_upgrade, &upgrade_ws);
        if (r < 0) return r;
    }
    if (h->chunked && h->content_length >= 0) return BOT_ERR_MALFORMED;
    h->upgrade = connection_upgrade && upgrade_ws;
    return BOT_OK;
}

static bool read_version(struct slice text, struct http1_head *h)
{
    if (slice_is(text, "HTTP/1.1")) h->keep_alive = true;
    else if (!slice_is(text, "HTTP/1.0")) return false;
    return true;
}

int bot__http1_request(const char *buf, size_t len, size_t *scanned, struct http1_head *ret)
{
    /* A first line that cannot be one is not waited for to the end: a TLS hello on a plain port, say. */
    for (size_t i = 0; i < len && i < 8 && buf[i] != ' '; i++)
        if (!is_token_char(buf[i])) return BOT_ERR_MALFORMED;
    size_t total = find_end(buf, len, scanned);
    if (total == 0) return 0;

    struct http1_head h = { 0 };
    const char *p = buf, *end = buf + total;
    struct slice line;
    int r = next_line(&p, end, &line);
    if (r < 0) return r;
    size_t n = 0;
    while (n < line.len && is_token_char(line.p[n])) n++;
    if (n == 0 || n > 16 || n == line.len || line.p[n] != ' ') return BOT_ERR_MALFORMED;
    h.method = (struct slice){ line.p, n };
    struct slice rest = { line.p + n + 1, line.len - n - 1 };
    const char *blank = memchr(rest.p, ' ', rest.len);
    if (blank == NULL || rest.p[0] != '/') return BOT_ERR_MALFORMED;
    h.target = (struct slice){ rest.p, (size_t)(blank - rest.p) };
    /* A zero byte would end the path early for whoever compares it, a control byte would write into a log. */
    for (size_t i = 0; i < h.target.len; i++)
        if ((unsigned char)h.target.p[i] < ' ' || h.target.p[i] == 0x7f) return BOT_ERR_MALFORMED;
    if (!read_version((struct slice){ blank + 1, rest.len - h.target.len - 1 }, &h)) return BOT_ERR_MALFORMED;
    r = read_headers(p, end, &h);
    if (r < 0) return r;
    *ret = h;
    return (int)total;
}

int bot__http1_response(const char *buf, size_t len, size_t *scanned, struct http1_head *ret)
{
    if (memcmp(buf, "HTTP/1.1", len < 8 ? len : 8) != 0 && memcmp(buf, "HTTP/1.0", len < 8 ? len : 8) != 0)
        return BOT_ERR_MALFORMED;
    size_t total = find_end(buf, len, scanned);
    if (total == 0) return 0;

    struct http1_head h = { 0 };
    const char *p = buf, *end = buf + total;
    struct slice line;
    int r = next_line(&p, end, &line);
    if (r < 0) return r;
    if (line.len < 12 || line.p[8] != ' ' || !read_version((struct slice){ line.p, 8 }, &h)) return BOT_ERR_MALFORMED;
    for (size_t i = 9; i < 12; i++) {
        if (line.p[i] < '0' || line.p[i] > '9') return BOT_ERR_MALFORMED;
        h.status = h.status * 10 + (line.p[i] - '0');
    }
    r = read_headers(p, end, &h);
    if (r < 0) return r;
    *ret = h;
    return (int)total;
}

struct slice bot__http1_header(const struct http1_head *head, const char *name)
{
    for (uint32_t i = 0; i < head->headers_n; i++)
        if (same(head->headers[i].name, name)) return head->headers[i].value;
    return (struct slice){ NULL, 0 };
}

void bot__http1_ws_accept(struct slice key, char *ret)
{
    /* RFC 6455, 1.3: base64(sha1(key + this)). */
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[EVP_MAX_MD_SIZE], text[256];
    unsigned n = 0;
    size_t len = key.len < sizeof text - sizeof guid ? key.len : sizeof text - sizeof guid;
    if (len > 0) memcpy(text, key.p, len);
    memcpy(text + len, guid, sizeof guid - 1);
    EVP_Digest(text, len + sizeof guid - 1, digest, &n, EVP_sha1(), NULL);
    EVP_EncodeBlock((unsigned char *)ret, digest, 20);
}
