/* tests/lib/sim_client.h: a hand-written Bybit client over sim/world.h's transport: signs, sends, remembers what came. For tests of
 * the paper exchange only; it believes everything. */
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H

#include <stdio.h>
#include <string.h>

#include "base/sign.h"
#include "harness.h"
#include "sim/world.h"
#include "sim_alloc.h"

#define SIM_S BOT_NS_PER_S
#define SIM_MESSAGES_MAX 4096

struct sim_answer {
    bool done;
    enum transport_result result;
    int status;
    int limit_left; /* X-Bapi-Limit-Status, -1 without */
    bot_ts at;
    char headers[400]; /* "Name: value" lines */
    char *body;
};
struct session { /* ours: the real one is not linked into these tests */
    struct world    *w;
    struct transport t;
    int              client;
    const char      *key, *secret;
    bool     open[BOT_STREAM_COUNT];
    uint32_t opened[BOT_STREAM_COUNT], closed[BOT_STREAM_COUNT], alive[BOT_STREAM_COUNT];
    char    *message[SIM_MESSAGES_MAX]; /* of all streams, in order */
    bot_ts   message_at[SIM_MESSAGES_MAX];
    uint32_t messages;
    uint64_t hash, bytes;
    struct sim_answer answer[512]; /* by id */
    uint64_t next_id;
    bot_ts   timer_came;
};

static inline void sim_mix(struct session *s, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++) s->hash = (s->hash ^ ((const uint8_t *)p)[i]) * UINT64_C(1099511628211);
    s->bytes += n;
}
static inline void sim_opened(struct session *s, struct session_time t, bot_stream stream)
{
    (void)t;
    s->open[stream] = true;
    s->opened[stream]++;
}
static inline void sim_message(struct session *s, struct session_time t, bot_stream stream, const char *text, size_t len)
{
    (void)stream;
    sim_mix(s, &t.now, sizeof t.now);
    sim_mix(s, text, len);
    if (s->messages == SIM_MESSAGES_MAX) return;
    s->message_at[s->messages] = t.now;
    s->message[s->messages++] = strndup(text, len);
}
static inline void sim_alive(struct session *s, struct session_time t, bot_stream stream)
{
    (void)t;
    s->alive[stream]++;
}
static inline void sim_closed(struct session *s, struct session_time t, bot_stream stream, const char *reason)
{
    (void)t;
    (void)reason;
    s->open[stream] = false;
    s->closed[stream]++;
}
static inline void sim_http_done(struct session *s, struct session_time t, uint64_t id, enum transport_result result, int status,
                                 const struct venue_header *headers, uint32_t n, const char *body, size_t len, const char *error)
{
    (void)error;
    struct sim_answer *a = &s->answer[id % 512];
    ck_assert_msg(!a->done, "request %llu answered twice", (unsigned long long)id);
    *a = (struct sim_answer){ .done = true, .result = result, .status = status, .limit_left = -1, .at = t.now, .body = strndup(body, len) };
    for (uint32_t i = 0; i < n; i++) {
        if (slice_is(headers[i].name, "X-Bapi-Limit-Status")) a->limit_left = atoi(headers[i].value.p);
        const size_t used = strlen(a->headers);
        snprintf(a->headers + used, sizeof a->headers - used, "%.*s: %.*s\n", (int)headers[i].name.len, headers[i].name.p, (int)headers[i].value.len,
                 headers[i].value.p);
    }
    sim_mix(s, &t.now, sizeof t.now);
    sim_mix(s, body, len);
}
static inline void sim_timer(struct session *s, struct session_time t) { s->timer_came = t.now; }

static inline void sim_client_open(struct session *s, struct world *w, const char *key, const char *secret)
{
    static const struct session_inputs ops = { sim_opened, sim_message, sim_alive, sim_closed, sim_http_done, sim_timer };
    memset(s, 0, sizeof *s);
    s->w = w;
    s->key = key;
    s->secret = secret;
    s->client = bot__world_client_add(w, &ops, &s->t);
    ck_assert_int_gt(s->client, 0);
    bot__world_client_attach(w, s->client, s);
}
static inline void sim_client_free(struct session *s)
{
    for (uint32_t i = 0; i < s->messages; i++) free(s->message[i]);
    for (int i = 0; i < 512; i++) free(s->answer[i].body);
}

static inline void sim_sign(const char *secret, const char *a, const char *b, const char *c, const char *d, char hex[65])
{
    struct bot__signer *signer = bot__signer_new(secret, strlen(secret));
    const struct bot__part parts[] = { { a, strlen(a) }, { b, strlen(b) }, { c, strlen(c) }, { d, strlen(d) } };
    uint8_t mac[32];
    ck_assert_int_eq(bot__sign(signer, parts, 4, mac), 0);
    bot__hex(mac, 32, hex);
    bot__signer_free(signer);
}

/* Sends a request made by calloc and frees it; the answer will be in s->answer[id % 512]. */
static inline uint64_t sim_start(struct session *s, struct venue_http *h, bot_ts now)
{
    const uint64_t id = ++s->next_id;
    free(s->answer[id % 512].body);
    s->answer[id % 512] = (struct sim_answer){ 0 };
    ck_assert_int_eq(s->t.http_start(s->t.self, id, "https://paper", h, now + 3 * SIM_S), 0);
    free(h);
    return id;
}
static inline void sim_run(struct session *s, int64_t ns) { bot__world_run_until(s->w, bot__world_now(s->w) + ns); }

static inline const struct sim_answer *sim_await(struct session *s, uint64_t id, const char *path)
{
    const struct sim_answer *a = &s->answer[id % 512];
    for (int i = 0; i < 4000 && !a->done; i++) sim_run(s, BOT_NS_PER_MS);
    ck_assert_msg(a->done, "%s was never answered", path);
    return a;
}

/* Starts a signed request. */
static inline uint64_t sim_http(struct session *s, const char *method, const char *path, const char *body)
{
    struct venue_http *h = calloc(1, sizeof *h);
    const struct session_time t = bot__world_time(s->w, s->client);
    char stamp[32], hex[65];
    h->method = method;
    snprintf(h->path, sizeof h->path, "%s", path);
    h->body_len = (size_t)snprintf(h->body, sizeof h->body, "%s", body);
    snprintf(stamp, sizeof stamp, "%lld", (long long)(t.wall_ns / BOT_NS_PER_MS));
    const char *query = strchr(path, '?');
    sim_sign(s->secret, stamp, s->key, "5000", strcmp(method, "GET") == 0 ? (query != NULL ? query + 1 : "") : body, hex);
    const char *pairs[][2] = { { "X-BAPI-API-KEY", s->key }, { "X-BAPI-TIMESTAMP", stamp }, { "X-BAPI-RECV-WINDOW", "5000" }, { "X-BAPI-SIGN", hex } };
    for (; h->headers_n < 4; h->headers_n++) {
        snprintf(h->headers[h->headers_n].name, 32, "%s", pairs[h->headers_n][0]);
        snprintf(h->headers[h->headers_n].value, 160, "%s", pairs[h->headers_n][1]);
    }
    return sim_start(s, h, t.now);
}

/* A request and its answer's body. */
static inline const char *sim_ask(struct session *s, const char *method, const char *path, const char *body)
{
    return sim_await(s, sim_http(s, method, path, body), path)->body;
}
static inline const char *sim_get(struct session *s, const char *path) { return sim_ask(s, "GET", path, ""); }
static inline const char *sim_post(struct session *s, const char *path, const char *body) { return sim_ask(s, "POST", path, body); }

static inline void sim_say(struct session *s, bot_stream stream, const char *text)
{
    ck_assert_int_eq(s->t.ws_send(s->t.self, stream, text, strlen(text)), 0);
}
static inline void sim_stream(struct session *s, bot_stream stream, const char *url)
{
    ck_assert_int_eq(s->t.ws_open(s->t.self, stream, url), 0);
    sim_run(s, SIM_S);
}
static inline void sim_login(struct session *s, bot_stream stream)
{
    char expires[32], hex[65], text[256];
    snprintf(expires, sizeof expires, "%lld", (long long)(bot__world_time(s->w, s->client).wall_ns / BOT_NS_PER_MS + 5000));
    sim_sign(s->secret, "GET/realtime", expires, "", "", hex);
    snprintf(text, sizeof text, "{\"op\":\"auth\",\"args\":[\"%s\",%s,\"%s\"]}", s->key, expires, hex);
    sim_say(s, stream, text);
    sim_run(s, SIM_S);
}
static inline void sim_private(struct session *s)
{
    sim_stream(s, BOT_STREAM_PRIVATE, "wss://paper/v5/private");
    sim_login(s, BOT_STREAM_PRIVATE);
    sim_say(s, BOT_STREAM_PRIVATE, "{\"op\":\"subscribe\",\"args\":[\"execution\",\"order\",\"position\",\"wallet\"]}");
    sim_run(s, SIM_S);
}

/* How many of the messages from `from` on hold that text. */
static inline uint32_t sim_count(const struct session *s, uint32_t from, const char *text)
{
    uint32_t n = 0;
    for (uint32_t i = from; i < s->messages; i++) n += strstr(s->message[i], text) != NULL;
    return n;
}
static inline const char *sim_find(const struct session *s, uint32_t from, const char *text)
{
    for (uint32_t i = from; i < s->messages; i++)
        if (strstr(s->message[i], text) != NULL) return s->message[i];
    return NULL;
}
static inline uint32_t sim_times(const char *text, const char *what)
{
    uint32_t n = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what)) n++;
    return n;
}

static inline bot_money sim_money(int64_t whole) { return (bot_money){ (bot_i128)whole * 1000000000000000000 }; }

/* A world without drawn flow in it unless asked for: only clients and the house's quotes. dialect NULL: Bybit's. */
static inline struct world *sim_world_of(const char *dialect, uint64_t seed, bool flow)
{
    static struct flow_options flows[3];
    static struct exchange_instrument all[3];
    struct world_options o;
    bot__world_options_init(&o);
    o.seed = seed;
    o.venue.instruments_n = bot__exchange_instruments_default(all, 3);
    o.venue.instruments = all;
    for (int i = 0; i < 3; i++) {
        bot__flow_options_init(&flows[i]);
        if (!flow || i > 0) flows[i].sweeps_per_1000s = 0;
    }
    o.venue.flows = flows;
    o.venue.dialect = dialect;
    struct world *w = bot__world_new(&o, test_sim_alloc());
    ck_assert_ptr_nonnull(w);
    return w;
}
static inline struct world *sim_world(uint64_t seed, bool flow) { return sim_world_of(NULL, seed, flow); }

#endif
