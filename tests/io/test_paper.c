/* The paper exchange behind real TLS sockets: what `botctl paper` serves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sign.h"
#include "harness.h"
#include "io/transport_uv.h"
#include "loop.h"
#include "paper_server.h"

struct session {
    const struct transport *io;
    struct transport_uv    *t;
    char    *messages; /* all of them, a line each */
    size_t   len;
    char     awaited[64]; /* text that sets `came` */
    bool     came, opened, closed, done, all_closed;
    enum transport_result result;
    int      status;
    char     body[16384];
    uint64_t id;
};

static void ws_opened(struct session *s, struct session_time t, bot_stream stream)
{
    (void)t, (void)stream;
    s->opened = true;
}
static void ws_message(struct session *s, struct session_time t, bot_stream stream, const char *text, size_t len)
{
    (void)t, (void)stream;
    s->messages = realloc(s->messages, s->len + len + 2);
    memcpy(s->messages + s->len, text, len);
    memcpy(s->messages + s->len + len, "\n", 2);
    if (s->awaited[0] != '\0' && strstr(s->messages + s->len, s->awaited) != NULL) s->came = true;
    s->len += len + 1;
}
static void ws_alive(struct session *s, struct session_time t, bot_stream stream) { (void)s, (void)t, (void)stream; }
static void ws_closed(struct session *s, struct session_time t, bot_stream stream, const char *reason)
{
    (void)t, (void)stream, (void)reason;
    s->closed = true;
}
static void http_done(struct session *s, struct session_time t, uint64_t id, enum transport_result result, int status,
                      const struct venue_header *headers, uint32_t n, const char *body, size_t len, const char *error)
{
    (void)t, (void)id, (void)headers, (void)n, (void)error;
    s->done = true;
    s->result = result;
    s->status = status;
    snprintf(s->body, sizeof s->body, "%.*s", (int)len, body);
}
static void timer(struct session *s, struct session_time t) { (void)s, (void)t; }
static const struct session_inputs inputs = { ws_opened, ws_message, ws_alive, ws_closed, http_done, timer };

static uv_loop_t loop;
static struct paper *paper;
static struct session s;
static bool paper_closed;

static void set_flag(void *user_data) { *(bool *)user_data = true; }

static void begin(void)
{
    uv_loop_init(&loop);
    struct paper_options o;
    paper_options_init(&o);
    o.venue.seed = 3;
    o.directory = scratch_directory();
    ck_assert_int_eq(paper_open(&loop, &o, &paper), 0);
    ck_assert_int_eq(paper_account_add(paper, "key", "secret", (bot_money){ (bot_i128)100000 * 1000000000000000000 }), 1);
    ck_assert_int_eq(bot__transport_uv_open(&loop, &(struct transport_uv_options){ .ca_file = paper_ca_file(paper) }, &s.t), 0);
    s.io = bot__transport_uv_table(s.t);
    bot__transport_uv_bind(s.t, &inputs, &s);
}

static void end(void)
{
    bot__transport_uv_close(s.t, set_flag, &s.all_closed);
    UNTIL(&loop, s.all_closed);
    paper_close(paper, set_flag, &paper_closed);
    UNTIL(&loop, paper_closed);
    loop_must_close(&loop);
    free(s.messages);
}

static void sign(const char *a, const char *b, const char *c, const char *d, char hex[65])
{
    struct bot__signer *signer = bot__signer_new("secret", 6);
    const struct bot__part parts[] = { { a, strlen(a) }, { b, strlen(b) }, { c, strlen(c) }, { d, strlen(d) } };
    uint8_t mac[32];
    bot__sign(signer, parts, 4, mac);
    bot__hex(mac, 32, hex);
    bot__signer_free(signer);
}

/* A signed request and its end, at the deadline of a second at the latest. */
static const char *ask(const char *method, const char *path, const char *body)
{
    struct venue_http *h = calloc(1, sizeof *h);
    char stamp[32], hex[65];
    const struct session_time now = bot__transport_uv_now();
    snprintf(stamp, sizeof stamp, "%lld", (long long)(now.wall_ns / BOT_NS_PER_MS));
    const char *query = strchr(path, '?');
    sign(stamp, "key", "5000", method[0] == 'G' ? (query != NULL ? query + 1 : "") : body, hex);
    h->method = method;
    snprintf(h->path, sizeof h->path, "%s", path);
    h->body_len = (size_t)snprintf(h->body, sizeof h->body, "%s", body);
    const char *pairs[][2] = { { "X-BAPI-API-KEY", "key" }, { "X-BAPI-TIMESTAMP", stamp }, { "X-BAPI-RECV-WINDOW", "5000" }, { "X-BAPI-SIGN", hex } };
    for (; h->headers_n < 4; h->headers_n++) {
        snprintf(h->headers[h->headers_n].name, 32, "%s", pairs[h->headers_n][0]);
        snprintf(h->headers[h->headers_n].value, 160, "%s", pairs[h->headers_n][1]);
    }
    s.done = false;
    ck_assert_int_eq(s.io->http_start(s.io->self, ++s.id, paper_rest_url(paper), h, now.now + BOT_NS_PER_S), 0);
    free(h);
    UNTIL(&loop, s.done);
    return s.body;
}

/* Sends, and runs until a message holds that text. */
static void say_until(const char *text, const char *awaited)
{
    s.came = false;
    snprintf(s.awaited, sizeof s.awaited, "%s", awaited);
    if (text != NULL) ck_assert_int_eq(s.io->ws_send(s.io->self, BOT_STREAM_PRIVATE, text, strlen(text)), 0);
    loop_until(&loop, &s.came, 5000, awaited);
}

static void private_stream(void)
{
    char text[256], expires[32], hex[65];
    s.opened = s.closed = false;
    ck_assert_int_eq(s.io->ws_open(s.io->self, BOT_STREAM_PRIVATE, paper_ws_private_url(paper)), 0);
    UNTIL(&loop, s.opened);
    snprintf(expires, sizeof expires, "%lld", (long long)(bot__transport_uv_now().wall_ns / BOT_NS_PER_MS + 5000));
    sign("GET/realtime", expires, "", "", hex);
    snprintf(text, sizeof text, "{\"op\":\"auth\",\"args\":[\"key\",%s,\"%s\"]}", expires, hex);
    say_until(text, "\"op\":\"auth\"");
    say_until("{\"op\":\"subscribe\",\"args\":[\"execution\",\"order\",\"position\",\"wallet\"]}", "\"op\":\"subscribe\"");
}

#define BUY "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Market\",\"qty\":\"0.010\"}"
#define POSITIONS "/v5/position/list?category=linear&settleCoin=USDT"

static void fault(const char *text)
{
    char error[160] = "";
    ck_assert_msg(paper_faults(paper, text, strlen(text), error, sizeof error) == 0, "%s", error);
}

TEST(paper, an_order_over_tls_is_filled_and_told_on_the_private_socket)
{
    begin();
    private_stream();
    ck_assert_ptr_nonnull(strstr(ask("POST", "/v5/order/create", BUY), "\"retCode\":0"));
    if (strstr(s.messages, "\"topic\":\"execution\"") == NULL) say_until(NULL, "\"topic\":\"execution\"");
    if (strstr(s.messages, "\"size\":\"0.010\"") == NULL) say_until(NULL, "\"size\":\"0.010\"");
    ck_assert_ptr_nonnull(strstr(ask("GET", POSITIONS, ""), "\"side\":\"Buy\",\"size\":\"0.010\""));
    struct exchange_truth truth;
    bot__simvenue_truth(paper_venue(paper), 1, 0, &truth);
    ck_assert(truth.position.v == (bot_i128)10000000000000000);
    say_until("{\"op\":\"ping\"}", "\"op\":\"pong\"");
    end();
}

TEST(paper, plays_its_fault_script_over_the_sockets)
{
    begin();
    private_stream();
    ask("POST", "/v5/order/create", BUY);
    loop_for(&loop, 50);
    ck_assert_ptr_nonnull(strstr(ask("GET", POSITIONS, ""), "\"size\":\"0.010\""));
    fault("always rest.stale on=positions age=60s\nalways rest.hang on=balance\nalways rest.error on=fills status=502\n"
          "always rest.reset on=orders\nalways rest.ghost on=create code=10016\n");
    ck_assert_ptr_nonnull(strstr(ask("GET", POSITIONS, ""), "\"retCode\":0"));
    ck_assert_ptr_nonnull(strstr(s.body, "\"list\":[]")); /* success, and older than the fill */
    ask("GET", "/v5/account/wallet-balance?accountType=UNIFIED", "");
    ck_assert_int_eq(s.result, TRANSPORT_TIMEOUT);
    ask("GET", "/v5/execution/list?category=linear", "");
    ck_assert(s.result == TRANSPORT_OK && s.status == 502 && strstr(s.body, "<html>") != NULL);
    ask("GET", "/v5/order/realtime?category=linear&settleCoin=USDT", "");
    ck_assert_int_eq(s.result, TRANSPORT_BROKEN);
    ck_assert_ptr_nonnull(strstr(ask("POST", "/v5/order/create", BUY), "10016"));
    loop_for(&loop, 50);
    struct exchange_truth truth;
    bot__simvenue_truth(paper_venue(paper), 1, 0, &truth);
    ck_assert(truth.position.v == (bot_i128)20000000000000000); /* the error was a lie */
    end();
}

TEST(paper, cuts_and_stalls_sockets)
{
    begin();
    private_stream();
    fault("at 0s ws.cut stream=private\n");
    UNTIL(&loop, s.closed);
    bot__faults_clear(bot__simvenue_faults(paper_venue(paper)));
    private_stream();
    fault("always ws.halfopen stream=private\n");
    const char *ping = "{\"op\":\"ping\"}";
    const size_t before = s.len;
    ck_assert_int_eq(s.io->ws_send(s.io->self, BOT_STREAM_PRIVATE, ping, strlen(ping)), 0);
    ask("POST", "/v5/order/create", BUY);
    ck_assert_int_eq(s.result, TRANSPORT_OK);
    loop_for(&loop, 400);
    ck_assert_msg(s.len == before && !s.closed, "a half-open socket says nothing and does not close");
    end();
}
