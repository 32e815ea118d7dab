/* The two ordinary bots. Both believe what REST says, as most bots do: one asks before every decision, the other has a
 * poll in the background with the usual 30 s of patience and decides by its latest answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/decimal.h"
#include "demo.h"

#define PATIENCE_NS (30 * BOT_NS_PER_S)

struct demo_naive {
    struct world *world;
    enum demo_kind kind;
    int client;
    struct transport transport;
    struct bot__signer *signer;
    const struct venue *venue;
    struct session_time t;
    uint64_t next_id, reading; /* the read under way; 0 none */
    bot_i128 belief, limit, qty;
    bool known, up, deciding;
    uint32_t orders;
};

static void request(struct demo_naive *n, struct venue_request *req, bool read)
{
    const struct venue_keys keys = { .key = DEMO_KEY, .signer = n->signer };
    struct venue_http http;
    n->t = bot__world_time(n->world, n->client);
    bot__symbol_set(&req->instrument, DEMO_INSTRUMENT, strlen(DEMO_INSTRUMENT));
    if (n->venue->encode_rest(req, &keys, n->t.wall_ns, &http) < 0)
        return;
    const uint64_t id = ++n->next_id;
    if (read)
        n->reading = id;
    (void)n->transport.http_start(n->transport.self, id, "https://paper", &http, n->t.now + PATIENCE_NS);
}

static void read_position(struct demo_naive *n)
{
    struct venue_request req = { .call = VENUE_CALL_POSITIONS };
    request(n, &req, true);
}

static void trade(struct demo_naive *n)
{
    const int want = demo_wanted(n->belief, n->up, n->limit, n->qty);
    if (want == 0 || !n->known)
        return;
    struct venue_request req = { .call = VENUE_CALL_SUBMIT };
    req.order = (bot_order_request){ .side = want > 0 ? BOT_BUY : BOT_SELL, .type = BOT_MARKET, .leg = BOT_LEG_NET, .qty = { n->qty } };
    char id[32];
    snprintf(id, sizeof id, "naive%u", ++n->orders);
    bot__id_set(&req.client_id, id, strlen(id));
    request(n, &req, false);
}

static int row(void *user_data, const bot_event *ev)
{
    struct demo_naive *n = user_data;
    if (ev->kind == BOT_EV_POSITION && strcmp(ev->instrument.s, DEMO_INSTRUMENT) == 0)
        (void)bot_dec_to_fixed(ev->position.qty, &n->belief);
    return 0;
}

static void http_done(struct session *s, struct session_time t, uint64_t id, enum transport_result result, int status,
                      const struct venue_header *headers, uint32_t headers_n, const char *body, size_t len, const char *error)
{
    struct demo_naive *n = (struct demo_naive *)s;
    (void)error;
    n->t = t;
    if (id != n->reading)
        return; /* orders are sent and forgotten: the next read will tell */
    n->reading = 0;
    if (result == TRANSPORT_OK) {
        struct venue_context ctx = { 0 };
        struct venue_reply reply;
        (void)n->venue->decode_rest(&ctx, VENUE_CALL_POSITIONS, status, headers, headers_n, (struct slice){ body, len }, row, n, &reply);
        n->known |= reply.outcome == BOT_OUTCOME_OK; /* it said success */
    }
    if (n->deciding) {
        n->deciding = false;
        trade(n);
    }
}

static void ws_event(struct session *s, struct session_time t, bot_stream stream) { (void)s, (void)t, (void)stream; }
static void ws_message(struct session *s, struct session_time t, bot_stream stream, const char *text, size_t len) { (void)s, (void)t, (void)stream, (void)text, (void)len; }
static void ws_closed(struct session *s, struct session_time t, bot_stream stream, const char *reason) { (void)s, (void)t, (void)stream, (void)reason; }
static void timer(struct session *s, struct session_time t) { (void)s, (void)t; }

static bot_i128 belief(void *self) { return ((struct demo_naive *)self)->belief; }
static bool may_trade(void *self) { return ((struct demo_naive *)self)->known && !((struct demo_naive *)self)->deciding; }

static void decide(void *self, bool up)
{
    struct demo_naive *n = self;
    n->up = up;
    if (n->kind == DEMO_REST_POLL) { /* waits for the answer, then trades by it */
        if (n->reading == 0) {
            n->deciding = true;
            read_position(n);
        }
        return;
    }
    if (n->reading == 0) /* the background loop; the decision does not wait for it */
        read_position(n);
    trade(n);
}

struct demo_naive *demo_naive_new(struct world *w, enum demo_kind kind)
{
    static const struct session_inputs ops = { .ws_opened = ws_event, .ws_message = ws_message, .ws_alive = ws_event, .ws_closed = ws_closed,
                                                 .http_done = http_done, .timer = timer };
    struct demo_naive *n = calloc(1, sizeof *n);
    if (n == NULL)
        return NULL;
    n->world = w;
    n->kind = kind;
    n->venue = bot__venue_find("bybit");
    n->signer = bot__signer_new(DEMO_SECRET, strlen(DEMO_SECRET));
    n->client = bot__world_client_add(w, &ops, &n->transport);
    (void)bot_fixed_parse(DEMO_LIMIT, strlen(DEMO_LIMIT), &n->limit);
    (void)bot_fixed_parse(DEMO_ORDER, strlen(DEMO_ORDER), &n->qty);
    bot__world_client_attach(w, n->client, (struct session *)n);
    return n;
}

void demo_naive_free(struct demo_naive *n)
{
    if (n == NULL)
        return;
    bot__signer_free(n->signer);
    free(n);
}

struct demo_bot demo_naive_bot(struct demo_naive *n)
{
    return (struct demo_bot){ .self = n, .belief = belief, .decide = decide, .may_trade = may_trade };
}

uint32_t demo_naive_orders(const struct demo_naive *n) { return n->orders; }
