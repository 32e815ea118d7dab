/* Any bytes through any codec: nothing is read outside the message, nothing half-read is given out, no request is broken.
 *
 * Input: byte 0 picks the venue; byte 1 the socket (0, 1), a REST call (2 ..) or encoding (255); byte 2 the HTTP status or the
 * event at which the sink refuses; the rest is the message, or what the request's fields are made of. A byte 1e in what a socket brings
 * ends one message and begins the next, so that what a codec keeps between them is met by any bytes too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "venue/venue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LEVELS_MAX 512
#define SEPARATOR  '\x1e' /* stands in no JSON */
#define CHECK(condition) \
    do { \
        if (!(condition)) \
            abort(); \
    } while (0)

struct seen {
    const struct venue_context *ctx;
    int  n, money, stop_at;
    bool stopped;
};

static void check_text(const char *s, size_t len, size_t max)
{
    CHECK(len <= max);
    CHECK(s[len] == '\0' && strlen(s) <= len);
}

static void check_id(const bot_id *id) { check_text(id->s, id->len, BOT_ID_MAX); }

static void check_dec(bot_dec d)
{
    char text[BOT_DEC_TEXT_MAX];
    bot_dec back;
    CHECK(d.scale >= 0 && d.scale <= 38);
    const size_t n = bot_dec_format(d, text);
    CHECK(n < sizeof text);
    CHECK(bot_dec_parse(text, n, &back) == BOT_OK && back.coef == d.coef && back.scale == d.scale);
}

static void check_levels(const struct seen *seen, const bot_level *levels, uint32_t n)
{
    if (n == 0)
        return;
    CHECK(levels >= seen->ctx->scratch.levels && levels + n <= seen->ctx->scratch.levels + LEVELS_MAX);
    for (uint32_t i = 0; i < n; i++)
        CHECK(levels[i].price_coef >= 0 && levels[i].qty_coef >= 0 && levels[i].price_scale <= 38 && levels[i].qty_scale <= 38);
}

static int sink(void *user_data, const bot_event *ev)
{
    struct seen *seen = user_data;
    CHECK(!seen->stopped); /* "no" was said */
    CHECK(ev->kind > BOT_EV_NONE && ev->kind < BOT_EV_KIND_COUNT);
    check_text(ev->instrument.s, ev->instrument.len, BOT_SYMBOL_MAX);
    seen->n++;
    switch (ev->kind) {
    case BOT_EV_FILL:
        seen->money++;
        check_id(&ev->fill.exec_id);
        check_id(&ev->fill.order_id);
        check_id(&ev->fill.client_id);
        CHECK(ev->fill.exec_id.len > 0 && ev->fill.side != BOT_SIDE_NONE && ev->fill.kind != BOT_FILL_NONE);
        CHECK((ev->has & BOT_HAS_QTY) && (ev->has & BOT_HAS_PRICE));
        CHECK(bot_dec_sign(ev->fill.qty) > 0);
        check_dec(ev->fill.qty);
        check_dec(ev->fill.price);
        if (ev->has & BOT_HAS_FEE) check_dec(ev->fill.fee);
        break;
    case BOT_EV_POSITION:
        seen->money++;
        CHECK(ev->instrument.len > 0 && ev->position.leg != BOT_LEG_NONE);
        check_dec(ev->position.qty);
        if (ev->has & BOT_HAS_ENTRY_PRICE) check_dec(ev->position.entry_price);
        break;
    case BOT_EV_ORDER:
        check_id(&ev->order.order_id);
        check_id(&ev->order.client_id);
        if (ev->has & BOT_HAS_QTY) check_dec(ev->order.qty);
        if (ev->has & BOT_HAS_CUM_QTY) check_dec(ev->order.cum_qty);
        CHECK(memchr(ev->order.reason, '\0', sizeof ev->order.reason) != NULL);
        break;
    case BOT_EV_BOOK:
        check_levels(seen, ev->book.bids, ev->book.bids_n);
        check_levels(seen, ev->book.asks, ev->book.asks_n);
        break;
    case BOT_EV_TRADE:
        check_dec(ev->trade.qty);
        check_dec(ev->trade.price);
        break;
    case BOT_EV_ERROR: CHECK(memchr(ev->error.detail, '\0', sizeof ev->error.detail) != NULL); break;
    case BOT_EV_CONTROL: CHECK(memchr(ev->control.text, '\0', sizeof ev->control.text) != NULL); break;
    default: break;
    }
    if (ev->kind != BOT_EV_BOOK) {
        char text[2048];
        const int n = bot_event_format(ev, "v", text, sizeof text);
        CHECK(n == BOT_ERR_FULL || n == BOT_ERR_UNSUPPORTED || (n > 0 && (size_t)n == strlen(text)));
        if (n > 0) {
            struct json j;
            bot__json_init(&j, text, (size_t)n);
            bot__json_skip(&j);
            CHECK(bot__json_end(&j) == BOT_OK);
        }
    }
    if (seen->n == seen->stop_at) {
        seen->stopped = true;
        return BOT_ERR_FULL;
    }
    return 0;
}

/* In memory exactly as long as it is: a byte read behind it is one that a sanitizer sees. */
static void socket_message(const struct venue *v, struct venue_context *ctx, struct seen *seen, bot_source source, struct slice msg)
{
    char *exact = malloc(msg.len > 0 ? msg.len : 1);
    memcpy(exact, msg.p, msg.len);
    const int n_before = seen->n, money_before = seen->money;
    const int r = v->decode_ws(ctx, source, (struct slice){ exact, msg.len }, sink, seen);
    CHECK(r < 0 || r == seen->n - n_before);
    CHECK(!seen->stopped || r < 0);
    CHECK(r >= 0 || seen->stopped || seen->money == money_before);
    free(exact);
}

static void fuzz_decode(const struct venue *v, uint8_t what, uint8_t extra, struct slice msg)
{
    struct venue_context ctx = { .scratch = { .levels_max = LEVELS_MAX } };
    ctx.scratch.levels = malloc(LEVELS_MAX * sizeof *ctx.scratch.levels);
    ctx.state = v->state_size > 0 ? calloc(1, v->state_size) : NULL;
    struct seen seen = { .ctx = &ctx, .stop_at = extra < 4 ? extra : 0 };
    if (what < 2) {
        for (const char *end = msg.p + msg.len;;) {
            const char *at = msg.len > 0 ? memchr(msg.p, SEPARATOR, msg.len) : NULL;
            const struct slice piece = { msg.p, at != NULL ? (size_t)(at - msg.p) : msg.len };
            socket_message(v, &ctx, &seen, what == 0 ? BOT_SOURCE_WS_PRIVATE : BOT_SOURCE_WS_PUBLIC, piece);
            if (at == NULL || seen.stopped)
                break;
            msg = (struct slice){ at + 1, (size_t)(end - at - 1) };
        }
    } else {
        static const int statuses[] = { 200, 200, 200, 0, 200, 400, 401, 403, 429, 500, 502 };
        const enum venue_call call = (enum venue_call)(1 + (what - 2) % (VENUE_CALL_COUNT - 1));
        const int status = statuses[extra % (sizeof statuses / sizeof *statuses)];
        struct venue_reply reply;
        memset(&reply, 0xa5, sizeof reply);
        const int r = v->decode_rest(&ctx, call, status, NULL, 0, msg, sink, &seen, &reply);
        if (r != BOT_ERR_UNSUPPORTED && !seen.stopped) {
            CHECK(reply.outcome > BOT_OUTCOME_NONE && reply.outcome <= BOT_OUTCOME_MALFORMED);
            CHECK(memchr(reply.detail, '\0', sizeof reply.detail) != NULL && memchr(reply.cursor, '\0', sizeof reply.cursor) != NULL);
            CHECK(reply.outcome == BOT_OUTCOME_OK || seen.money == 0);
            CHECK(r >= 0 || reply.outcome != BOT_OUTCOME_OK);
            check_id(&reply.order_id);
            check_id(&reply.client_id);
        }
        CHECK(!seen.stopped || r < 0);
    }
    free(ctx.state);
    free(ctx.scratch.levels);
}

/* A text of at most max bytes off the input, cut at a NUL. */
static size_t take(struct slice *in, char *buf, size_t max)
{
    size_t n = in->len > 0 ? (unsigned char)in->p[0] % (max + 1) : 0;
    if (in->len > 0) {
        in->p++;
        in->len--;
    }
    if (n > in->len)
        n = in->len;
    memcpy(buf, in->p, n);
    buf[n] = '\0';
    in->p += n;
    in->len -= n;
    return strlen(buf);
}

static void take_id(struct slice *in, bot_id *id)
{
    char text[BOT_ID_MAX + 1];
    (void)bot__id_set(id, text, take(in, text, BOT_ID_MAX)); /* refuses escapes: left empty */
}

static void take_symbol(struct slice *in, bot_symbol *s)
{
    char text[BOT_SYMBOL_MAX + 1];
    (void)bot__symbol_set(s, text, take(in, text, BOT_SYMBOL_MAX));
}

static uint64_t take_number(struct slice *in)
{
    uint64_t v = 0;
    for (int i = 0; i < 8 && in->len > 0; i++, in->p++, in->len--)
        v = v << 8 | (unsigned char)in->p[0];
    return v;
}

static void check_json(const char *text, size_t len)
{
    struct json j;
    bot__json_init(&j, text, len);
    bot__json_skip(&j);
    CHECK(bot__json_end(&j) == BOT_OK);
}

static bool json_body(const struct venue_http *http) { return http->body[0] == '{' || http->body[0] == '['; }

static void fuzz_encode(const struct venue *v, struct slice in)
{
    struct venue_request req = { 0 };
    struct venue_http *http = malloc(sizeof *http);
    struct bot__signer *signer = bot__signer_new("secret", 6);
    const struct venue_keys keys = { .key = "0x0000000000000000000000000000000000000001", .passphrase = "pp", .signer = signer };
    struct venue_order_ref batch[3] = { 0 };
    char cursor[100], buf[4096];
    req.call = (enum venue_call)(take_number(&in) % VENUE_CALL_COUNT);
    req.order.side = (bot_side)(take_number(&in) % 3);
    req.order.leg = (bot_leg)(take_number(&in) % 4);
    req.order.type = (bot_order_type)(take_number(&in) % 3);
    req.order.tif = (bot_tif)(take_number(&in) % 5);
    req.order.reduce_only = take_number(&in) & 1;
    req.order.qty.v = (bot_i128)(int64_t)take_number(&in) * (int64_t)(take_number(&in) >> 8);
    req.order.price.v = (bot_i128)(int64_t)take_number(&in) * (int64_t)(take_number(&in) >> 8);
    req.window_ms = (uint32_t)take_number(&in);
    req.from_ns = (int64_t)take_number(&in);
    req.to_ns = (int64_t)take_number(&in);
    req.part = (uint32_t)take_number(&in);
    take_symbol(&in, &req.instrument);
    req.order.instrument = req.instrument;
    take_id(&in, &req.order_id);
    take_id(&in, &req.client_id);
    take_id(&in, &req.request_id);
    take(&in, cursor, sizeof cursor - 1);
    req.cursor = cursor;
    for (int i = 0; i < 3; i++) {
        take_symbol(&in, &batch[i].instrument);
        take_id(&in, &batch[i].order_id);
        take_id(&in, &batch[i].client_id);
    }
    req.batch = batch;
    req.batch_n = (uint32_t)(take_number(&in) % 4);

    memset(http, 0xa5, sizeof *http);
    int r = v->encode_rest(&req, &keys, INT64_C(1700000000000000000), http);
    CHECK(r <= 0);
    if (r == BOT_OK) {
        CHECK(http->scope < v->scopes_n);
        CHECK(memchr(http->path, '\0', sizeof http->path) != NULL && http->path[0] == '/');
        /* Nothing in a path may end the request line or begin another. */
        for (const char *p = http->path; *p != '\0'; p++)
            CHECK((unsigned char)*p > ' ' && (unsigned char)*p < 0x7f);
        CHECK(http->body_len < sizeof http->body && http->headers_n <= VENUE_HEADERS_MAX);
        if (http->body_len > 0 && json_body(http))
            check_json(http->body, http->body_len);
        for (uint32_t i = 0; i < http->headers_n; i++)
            for (const char *p = http->headers[i].value; *p != '\0'; p++)
                CHECK((unsigned char)*p >= ' ');
    }
    if (v->encode_ws != NULL) {
        r = v->encode_ws(&req, &keys, INT64_C(1700000000000000000), buf, sizeof buf);
        if (r > 0) {
            CHECK((size_t)r == strlen(buf));
            check_json(buf, (size_t)r);
        }
    }
    if (req.instrument.len > 0)
        for (uint32_t i = 0; i < 6; i++) {
            r = v->ws_subscribe(i < 3 ? BOT_STREAM_PUBLIC : BOT_STREAM_PUBLIC_2, &req.instrument, 1, i % 3, buf, sizeof buf);
            CHECK(r <= 0 || (size_t)r == strlen(buf));
            if (r > 0)
                check_json(buf, (size_t)r);
        }
    bot__signer_free(signer);
    free(http);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    uint32_t venues = 0;
    while (bot__venue_at(venues) != NULL)
        venues++;
    const struct venue *v = bot__venue_at(data[0] % venues);
    /* Exactly as long as the message: a byte read behind it is one that a sanitizer sees. */
    char *exact = malloc(size - 3 + 1);
    memcpy(exact, data + 3, size - 3);
    exact = realloc(exact, size - 3 > 0 ? size - 3 : 1);
    const struct slice msg = { exact, size - 3 };
    if (data[1] == 255)
        fuzz_encode(v, msg);
    else
        fuzz_decode(v, data[1], data[2], msg);
    free(exact);
    return 0;
}
