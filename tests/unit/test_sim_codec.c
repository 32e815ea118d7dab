/* The paper exchange's dialect and libbot's codec were written apart from each other, from the venue's documents: here the one
 * reads what the other says. */
#include "sim_client.h"
#include "venue/registry.h"

struct seen {
    uint32_t kind[BOT_EV_KIND_COUNT];
    bot_i128 bought, sold, fees, funding, position;
    bool     position_seen;
    uint32_t open_orders;
};

static int take_event(void *user_data, const bot_event *ev)
{
    struct seen *s = user_data;
    bot_i128 v = 0;
    s->kind[ev->kind]++;
    switch (ev->kind) {
    case BOT_EV_FILL:
        ck_assert_int_eq(bot_dec_to_fixed(ev->fill.qty, &v), BOT_OK);
        *(ev->fill.side == BOT_BUY ? &s->bought : &s->sold) += v;
        ck_assert_int_eq(bot_dec_to_fixed(ev->fill.fee, &v), BOT_OK);
        s->fees += v;
        ck_assert(ev->fill.exec_id.len > 0 && ev->fill.order_id.len > 0 && ev->venue_ns > 0 && ev->seq != BOT_SEQ_NONE);
        ck_assert_int_ne(ev->fill.kind, BOT_FILL_UNKNOWN);
        break;
    case BOT_EV_FUNDING:
        ck_assert_int_eq(bot_dec_to_fixed(ev->funding.amount, &v), BOT_OK);
        s->funding += v;
        break;
    case BOT_EV_POSITION:
        ck_assert_int_eq(bot_dec_to_fixed(ev->position.qty, &s->position), BOT_OK);
        s->position_seen = true;
        break;
    case BOT_EV_ORDER: s->open_orders += ev->order.status == BOT_ORDER_OPEN || ev->order.status == BOT_ORDER_PARTIALLY_FILLED; break;
    case BOT_EV_ERROR: ck_abort_msg("an error event: %s", ev->error.detail);
    default: break;
    }
    return 0;
}

static struct seen read_rest(struct session *s, enum venue_call call, const char *path, struct venue_reply *ret)
{
    static bot_level levels[2000];
    struct venue_context ctx = { .scratch = { levels, 2000 } };
    struct seen seen = { 0 };
    const char *body = sim_get(s, path);
    const int r = bot__venue_find("bybit")->decode_rest(&ctx, call, 200, NULL, 0, (struct slice){ body, strlen(body) }, take_event, &seen, ret);
    ck_assert_msg(r >= 0 && ret->outcome == BOT_OUTCOME_OK, "%s: %s", path, ret->detail);
    return seen;
}

TEST(simcodec, the_codec_reads_everything_that_the_paper_exchange_says_and_comes_to_its_truth)
{
    const struct venue *venue = bot__venue_find("bybit");
    ck_assert_ptr_nonnull(venue);
    struct world *w = sim_world(21, true);
    bot__world_account_add(w, "key", "secret", sim_money(100000));
    struct session *s = calloc(1, sizeof *s);
    sim_client_open(s, w, "key", "secret");
    sim_private(s);
    sim_stream(s, BOT_STREAM_PUBLIC, "wss://paper/v5/public/linear");
    sim_say(s, BOT_STREAM_PUBLIC, "{\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\",\"orderbook.50.BTCUSDT\"]}");
    char error[160];
    ck_assert_int_eq(bot__world_faults(w, "at 60s fund rate=0.0001\nat 70s adl qty=0.003\nat 80s trade side=sell qty=0.05\n", error, sizeof error), 0);
    test_rng rng = { 4 };
    for (int i = 0; i < 60; i++) {
        char body[256];
        const bool limit = test_rng_below(&rng, 2);
        snprintf(body, sizeof body, "{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"side\":\"%s\",\"orderType\":\"%s\",\"qty\":\"0.0%02u\"%s,\"orderLinkId\":\"c-%d\"}",
                 test_rng_below(&rng, 2) ? "Buy" : "Sell", limit ? "Limit" : "Market", 1 + (unsigned)test_rng_below(&rng, 40),
                 limit ? ",\"price\":\"65000.00\",\"timeInForce\":\"GTC\"" : "", i);
        sim_post(s, "/v5/order/create", body);
        sim_run(s, 2 * SIM_S);
    }
    sim_run(s, SIM_S);
    struct exchange_truth truth;
    bot__world_truth(w, 1, 0, &truth);

    static bot_level levels[2000];
    static uint64_t state[4096];
    ck_assert_uint_le(venue->state_size, sizeof state);
    struct seen ws = { 0 };
    for (uint32_t i = 0; i < s->messages; i++) {
        struct venue_context ctx = { .scratch = { levels, 2000 }, .state = state };
        const bot_source source = strstr(s->message[i], "publicTrade") != NULL || strstr(s->message[i], "orderbook") != NULL ? BOT_SOURCE_WS_PUBLIC
                                                                                                                            : BOT_SOURCE_WS_PRIVATE;
        const int r = venue->decode_ws(&ctx, source, (struct slice){ s->message[i], strlen(s->message[i]) }, take_event, &ws);
        ck_assert_msg(r >= 0, "%s: %s", bot_err_name(r), s->message[i]);
    }
    ck_assert_uint_lt(s->messages, SIM_MESSAGES_MAX);
    ck_assert(ws.bought - ws.sold == truth.position.v);
    ck_assert(ws.position == truth.position.v);
    ck_assert(ws.fees == truth.fees.v);
    ck_assert(ws.funding == truth.funding.v && truth.funding.v != 0);
    ck_assert_uint_eq(ws.kind[BOT_EV_FILL], truth.fills);
    ck_assert_uint_gt(ws.kind[BOT_EV_TRADE], 50);
    ck_assert_uint_gt(ws.kind[BOT_EV_BOOK], 50);

    struct venue_reply reply;
    const struct seen positions = read_rest(s, VENUE_CALL_POSITIONS, "/v5/position/list?category=linear&settleCoin=USDT&limit=200", &reply);
    ck_assert(positions.position == truth.position.v && positions.position_seen == (truth.position.v != 0));
    ck_assert_uint_eq(read_rest(s, VENUE_CALL_OPEN_ORDERS, "/v5/order/realtime?category=linear&settleCoin=USDT&limit=50", &reply).open_orders, truth.open_orders);
    const struct seen fills = read_rest(s, VENUE_CALL_FILLS, "/v5/execution/list?category=linear&limit=100", &reply);
    ck_assert_uint_eq(fills.kind[BOT_EV_FILL] + fills.kind[BOT_EV_FUNDING], 100 < truth.fills + 1 ? 100 : truth.fills + 1);
    ck_assert_uint_eq(read_rest(s, VENUE_CALL_INSTRUMENTS, "/v5/market/instruments-info?category=linear&limit=1000", &reply).kind[BOT_EV_INSTRUMENT], 2);
    ck_assert_uint_gt(read_rest(s, VENUE_CALL_BALANCE, "/v5/account/wallet-balance?accountType=UNIFIED", &reply).kind[BOT_EV_WALLET], 0);
    ck_assert_uint_eq(read_rest(s, VENUE_CALL_TIME, "/v5/market/time", &reply).kind[BOT_EV_TIME], 1);
    ck_assert_uint_gt(read_rest(s, VENUE_CALL_BOOK, "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=50", &reply).kind[BOT_EV_BOOK], 0);
    sim_client_free(s);
    free(s);
    bot__world_free(w);
}

/* The codec's own requests, signature and all, are taken by the exchange. */
TEST(simcodec, the_exchange_takes_the_requests_that_the_codec_writes)
{
    const struct venue *venue = bot__venue_find("bybit");
    struct world *w = sim_world(22, false);
    bot__world_account_add(w, "key", "secret", sim_money(100000));
    struct session *s = calloc(1, sizeof *s);
    sim_client_open(s, w, "key", "secret");
    struct bot__signer *signer = bot__signer_new("secret", 6);
    const struct venue_keys keys = { .key = "key", .signer = signer };
    static const enum venue_call calls[] = { VENUE_CALL_TIME, VENUE_CALL_INSTRUMENTS, VENUE_CALL_POSITIONS, VENUE_CALL_FILLS, VENUE_CALL_OPEN_ORDERS,
                                             VENUE_CALL_BALANCE, VENUE_CALL_SUBMIT, VENUE_CALL_ORDER, VENUE_CALL_AMEND, VENUE_CALL_CANCEL,
                                             VENUE_CALL_CANCEL_ALL };
    struct venue_http *http = calloc(1, sizeof *http);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct venue_request req = { .call = calls[i] };
        bot__symbol_set(&req.instrument, "BTCUSDT", 7);
        bot__id_set(&req.client_id, "codec-1", 7);
        req.order = (bot_order_request){ .instrument = req.instrument, .side = BOT_BUY, .leg = BOT_LEG_NET, .type = BOT_LIMIT, .tif = BOT_GTC };
        ck_assert_int_eq(bot_fixed_parse(calls[i] == VENUE_CALL_AMEND ? "0.02" : "0.01", 4, &req.order.qty.v), 0);
        ck_assert_int_eq(bot_fixed_parse("60000.5", 7, &req.order.price.v), 0);
        const struct session_time t = bot__world_time(w, s->client);
        ck_assert_int_eq(venue->encode_rest(&req, &keys, t.wall_ns, http), 0);
        const uint64_t id = ++s->next_id;
        ck_assert_int_eq(s->t.http_start(s->t.self, id, "https://paper", http, t.now + 3 * SIM_S), 0);
        sim_run(s, SIM_S);
        const struct sim_answer *a = &s->answer[id % 512];
        ck_assert_msg(a->done && strstr(a->body, "\"retCode\":0") != NULL, "%s %s: %s", http->path, http->body, a->done ? a->body : "no answer");
        struct venue_context ctx = { 0 };
        struct venue_reply reply;
        struct seen seen = { 0 };
        ck_assert_int_ge(venue->decode_rest(&ctx, calls[i], a->status, NULL, 0, (struct slice){ a->body, strlen(a->body) }, take_event, &seen, &reply), 0);
        ck_assert_int_eq(reply.outcome, BOT_OUTCOME_OK);
        struct exchange_truth truth;
        bot__world_truth(w, 1, 0, &truth);
        if (calls[i] == VENUE_CALL_SUBMIT) ck_assert(truth.open_orders == 1 && truth.open_buy.v == (bot_i128)10000000000000000);
        if (calls[i] == VENUE_CALL_ORDER) ck_assert_uint_eq(seen.open_orders, 1);
        if (calls[i] == VENUE_CALL_AMEND) ck_assert(truth.open_buy.v == (bot_i128)20000000000000000);
        if (calls[i] == VENUE_CALL_CANCEL) ck_assert_uint_eq(truth.open_orders, 0);
    }
    free(http);
    bot__signer_free(signer);
    sim_client_free(s);
    free(s);
    bot__world_free(w);
}
