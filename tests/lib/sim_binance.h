/* tests/lib/sim_binance.h: the hand-written client of sim_client.h in Binance's dialect: signs parameters as the venue wants. */
#ifndef TESTS_SIM_BINANCE_H
#define TESTS_SIM_BINANCE_H

#include "sim_client.h"

/* How a request is signed; zero is the right way. */
struct bin_how {
    bool unsigned_;      /* no timestamp, no signature */
    bool in_body;        /* parameters in a form body */
    bool keyless;
    const char *window;  /* recvWindow */
};

/* Starts a request; the answer will be in s->answer[id % 512]. params: "a=b&c=d" without what signing adds. */
static inline uint64_t bin_start(struct session *s, const char *method, const char *path, const char *params, struct bin_how how)
{
    struct venue_http *h = calloc(1, sizeof *h);
    const struct session_time t = bot__world_time(s->w, s->client);
    char text[900], hex[65];
    int n = snprintf(text, sizeof text, "%s", params);
    if (!how.unsigned_) {
        n += snprintf(text + n, sizeof text - (size_t)n, "%srecvWindow=%s&timestamp=%lld", n > 0 ? "&" : "", how.window != NULL ? how.window : "5000",
                      (long long)(t.wall_ns / BOT_NS_PER_MS));
        sim_sign(s->secret, text, "", "", "", hex);
        snprintf(text + n, sizeof text - (size_t)n, "&signature=%s", hex);
    }
    h->method = method;
    if (how.in_body) {
        snprintf(h->path, sizeof h->path, "%s", path);
        h->body_len = (size_t)snprintf(h->body, sizeof h->body, "%s", text);
    } else {
        snprintf(h->path, sizeof h->path, "%s%s%s", path, text[0] != '\0' ? "?" : "", text);
    }
    if (!how.keyless) {
        snprintf(h->headers[0].name, 32, "X-MBX-APIKEY");
        snprintf(h->headers[0].value, 160, "%s", s->key);
        h->headers_n = 1;
    }
    return sim_start(s, h, t.now);
}

/* A request and its answer; the body is in the answer. */
static inline const struct sim_answer *bin_ask_how(struct session *s, const char *method, const char *path, const char *params, struct bin_how how)
{
    return sim_await(s, bin_start(s, method, path, params, how), path);
}
static inline const char *bin_ask(struct session *s, const char *method, const char *path, const char *params)
{
    return bin_ask_how(s, method, path, params, (struct bin_how){ 0 })->body;
}
static inline const char *bin_open(struct session *s, const char *path, const char *params)
{
    return bin_ask_how(s, "GET", path, params, (struct bin_how){ .unsigned_ = true })->body;
}
static inline const char *bin_order(struct session *s, const char *params) { return bin_ask(s, "POST", "/fapi/v1/order", params); }

/* The value of a key of the first object that has it, as text in a static buffer: strings without quotes. */
static inline const char *bin_value(const char *json, const char *key)
{
    static char value[4][160];
    static unsigned next;
    char mark[40];
    char *out = value[next++ % 4];
    snprintf(mark, sizeof mark, "\"%s\":", key);
    const char *p = strstr(json, mark);
    ck_assert_msg(p != NULL, "no %s in %s", key, json);
    p += strlen(mark);
    const bool quoted = *p == '"';
    p += quoted;
    const size_t n = strcspn(p, quoted ? "\"" : ",}]");
    snprintf(out, 160, "%.*s", (int)(n < 159 ? n : 159), p);
    return out;
}
static inline long long bin_number(const char *json, const char *key) { return atoll(bin_value(json, key)); }

/* A listen key and the private socket on it. */
static inline void bin_private(struct session *s)
{
    char url[200];
    const char *body = bin_ask_how(s, "POST", "/fapi/v1/listenKey", "", (struct bin_how){ .unsigned_ = true })->body;
    snprintf(url, sizeof url, "wss://paper/private/ws/%s", bin_value(body, "listenKey"));
    sim_stream(s, BOT_STREAM_PRIVATE, url);
}

#endif
