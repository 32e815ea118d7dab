#include "capture.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Length of a leading time: digits with an optional fraction, at least ten digits before it. */
static size_t time_len(const char *p, size_t len)
{
    size_t n = 0;
    while (n < len && is_digit(p[n])) n++;
    if (n < 10)
        return 0;
    if (n < len && p[n] == '.')
        for (n++; n < len && is_digit(p[n]);) n++;
    return n;
}

static struct slice rest_of(const char *p, size_t len, size_t from)
{
    while (from < len && (p[from] == ' ' || p[from] == '\t')) from++;
    return (struct slice){ p + from, len - from };
}

static int read_jsonl(const char *line, size_t len, char *scratch, struct capture *ret)
{
    struct json j;
    struct slice key, kind = { NULL, 0 }, data = { NULL, 0 };
    bool escaped = false;
    bot__json_init(&j, line, len);
    bot__json_object(&j);
    while (bot__json_key(&j, &key)) {
        const bool text = bot__json_peek(&j) == JSON_STRING;
        if (slice_is(key, "t") && text) kind = bot__json_string(&j);
        else if (slice_is(key, "conn") && text) ret->connection = bot__json_string(&j);
        else if (slice_is(key, "url") && text) ret->url = bot__json_string(&j);
        else if (slice_is(key, "data") && text) { data = bot__json_string(&j); escaped = j.escaped; }
        else bot__json_skip(&j);
    }
    int r = bot__json_end(&j);
    if (r < 0)
        return r;
    ret->kind = slice_is(kind, "recv")   ? CAPTURE_RECEIVED
                : slice_is(kind, "http") ? CAPTURE_ANSWER
                : slice_is(kind, "send") ? CAPTURE_SENT
                                         : CAPTURE_NOTHING;
    ret->message = data;
    if (escaped) {
        r = bot__json_unescape(data, scratch, len);
        if (r < 0)
            return r;
        ret->message = (struct slice){ scratch, (size_t)r };
    }
    return BOT_OK;
}

/* "<url> <- t: m", "<url> -> t: m", "<url> <-> t" */
static int read_arrow(const char *line, size_t len, struct capture *ret)
{
    const char *space = memchr(line, ' ', len);
    if (space == NULL)
        return BOT_ERR_MALFORMED;
    ret->url = (struct slice){ line, (size_t)(space - line) };
    const char *arrow = space + 1;
    const size_t left = len - (size_t)(arrow - line);
    if (left >= 3 && memcmp(arrow, "<->", 3) == 0)
        return BOT_OK;
    if (left < 3 || (memcmp(arrow, "<- ", 3) != 0 && memcmp(arrow, "-> ", 3) != 0))
        return BOT_ERR_MALFORMED;
    const size_t n = time_len(arrow + 3, left - 3);
    if (n == 0 || 3 + n >= left || arrow[3 + n] != ':')
        return BOT_ERR_MALFORMED;
    ret->kind = arrow[0] == '<' ? CAPTURE_SENT : CAPTURE_ANSWER;
    ret->message = rest_of(arrow, left, 3 + n + 1);
    return BOT_OK;
}

int capture_read(const char *line, size_t len, char *scratch, struct capture *ret)
{
    static const char jsonl[] = "{\"t\":\"", configuration[] = "configuration:";
    *ret = (struct capture){ .kind = CAPTURE_NOTHING };
    if (len == 0 || (len >= sizeof configuration - 1 && memcmp(line, configuration, sizeof configuration - 1) == 0))
        return BOT_OK;
    if (len >= sizeof jsonl - 1 && memcmp(line, jsonl, sizeof jsonl - 1) == 0)
        return read_jsonl(line, len, scratch, ret);
    if ((len >= 6 && memcmp(line, "wss://", 6) == 0) || (len >= 8 && memcmp(line, "https://", 8) == 0))
        return read_arrow(line, len, ret);
    const size_t n = time_len(line, len);
    ret->kind = CAPTURE_RECEIVED;
    if (n == 0 || n >= len) {
        ret->message = (struct slice){ line, len };
    } else if (line[n] == '\t') {
        if (n + 3 > len || (line[n + 1] != '<' && line[n + 1] != '>') || line[n + 2] != '\t')
            return BOT_ERR_MALFORMED;
        if (line[n + 1] == '>') ret->kind = CAPTURE_SENT;
        ret->message = (struct slice){ line + n + 3, len - n - 3 };
    } else {
        if (line[n] != ' ' && line[n] != ':')
            return BOT_ERR_MALFORMED;
        ret->message = rest_of(line, len, n + 1);
    }
    return BOT_OK;
}

struct slice capture_query(struct slice url, const char *name)
{
    const size_t name_len = strlen(name);
    const char *p = url.len > 0 ? memchr(url.p, '?', url.len) : NULL, *end = url.p + url.len;
    while (p != NULL && ++p < end) {
        const char *next = memchr(p, '&', (size_t)(end - p));
        const char *stop = next != NULL ? next : end;
        if ((size_t)(stop - p) > name_len && memcmp(p, name, name_len) == 0 && p[name_len] == '=')
            return (struct slice){ p + name_len + 1, (size_t)(stop - p) - name_len - 1 };
        p = next;
    }
    return (struct slice){ NULL, 0 };
}
