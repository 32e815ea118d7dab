/* tests/lib/sim_okx.h: the hand-written client of sim_client.h in OKX's dialect: signs requests and logs in as the venue wants. */
#ifndef TESTS_SIM_OKX_H
#define TESTS_SIM_OKX_H

#include "base/time_text.h"
#include "sim_client.h"

/* What is different from the right way; zero is that. */
struct okx_how {
    const char *passphrase, *exp_time;
    int64_t     late_ns; /* how much older than now it says to be */
    bool        missigned, keyless;
};

static inline void okx_sign(const char *secret, const char *a, const char *b, const char *c, const char *d, char ret[48])
{
    struct bot__signer *signer = bot__signer_new(secret, strlen(secret));
    const struct bot__part parts[] = { { a, strlen(a) }, { b, strlen(b) }, { c, strlen(c) }, { d, strlen(d) } };
    uint8_t mac[32];
    ck_assert_int_eq(bot__sign(signer, parts, 4, mac), 0);
    bot__base64(mac, 32, ret);
    bot__signer_free(signer);
}

static inline const struct sim_answer *okx_ask_how(struct session *s, const char *method, const char *path, const char *body, struct okx_how how)
{
    struct venue_http *h = calloc(1, sizeof *h);
    const struct session_time t = bot__world_time(s->w, s->client);
    char stamp[BOT_ISO_MS_SIZE], sign[48];
    h->method = method;
    snprintf(h->path, sizeof h->path, "%s", path);
    h->body_len = (size_t)snprintf(h->body, sizeof h->body, "%s", body);
    bot__iso_format_ms(t.wall_ns - how.late_ns, stamp);
    okx_sign(s->secret, stamp, method, path, how.missigned ? "x" : body, sign);
    const char *pairs[][2] = { { "OK-ACCESS-KEY", s->key }, { "OK-ACCESS-SIGN", sign }, { "OK-ACCESS-TIMESTAMP", stamp },
                               { "OK-ACCESS-PASSPHRASE", how.passphrase != NULL ? how.passphrase : "paper" }, { "expTime", how.exp_time } };
    for (uint32_t i = 0; i < 5 && !how.keyless; i++) {
        if (pairs[i][1] == NULL) continue;
        snprintf(h->headers[h->headers_n].name, 32, "%s", pairs[i][0]);
        snprintf(h->headers[h->headers_n++].value, 160, "%s", pairs[i][1]);
    }
    return sim_await(s, sim_start(s, h, t.now), path);
}
static inline const char *okx_get(struct session *s, const char *path) { return okx_ask_how(s, "GET", path, "", (struct okx_how){ 0 })->body; }
static inline const char *okx_post(struct session *s, const char *path, const char *body) { return okx_ask_how(s, "POST", path, body, (struct okx_how){ 0 })->body; }

/* A private socket that is logged in and has these channels. */
static inline void okx_private(struct session *s, const char *const *channels, unsigned n)
{
    char stamp[24], sign[48], text[400];
    sim_stream(s, BOT_STREAM_PRIVATE, "wss://paper/ws/v5/private");
    snprintf(stamp, sizeof stamp, "%lld", (long long)(bot__world_time(s->w, s->client).wall_ns / BOT_NS_PER_S));
    okx_sign(s->secret, stamp, "GET", "/users/self/verify", "", sign);
    snprintf(text, sizeof text, "{\"op\":\"login\",\"args\":[{\"apiKey\":\"%s\",\"passphrase\":\"paper\",\"timestamp\":\"%s\",\"sign\":\"%s\"}]}", s->key, stamp, sign);
    sim_say(s, BOT_STREAM_PRIVATE, text);
    sim_run(s, SIM_S);
    for (unsigned i = 0; i < n; i++) {
        snprintf(text, sizeof text, "{\"op\":\"subscribe\",\"args\":[{\"channel\":\"%s\",\"instType\":\"ANY\"}]}", channels[i]);
        sim_say(s, BOT_STREAM_PRIVATE, text);
    }
    sim_run(s, SIM_S);
}

#endif
