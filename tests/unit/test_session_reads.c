/* Public reads that several sessions behind one address want at once: one request, and everybody has its answer. The
 * transport is a list of what was asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sign.h"
#include "harness.h"
#include "session/session.h"
#include "session/venue_budget.h"

#define SESSIONS 3
#define ASKED_MAX 64

struct asked {
    int session; /* -1: answered or cancelled */
    uint64_t id;
    char path[200];
};

struct place {
    struct session *session[SESSIONS];
    struct port { struct place *place; int index; unsigned opened; } ports[SESSIONS];
    struct asked asked[ASKED_MAX];
    unsigned asked_n, lists; /* lists: requests for instruments */
    struct budget *budget;
    bot_ts now;
};

static struct session_time now_of(const struct place *p) { return (struct session_time){ p->now, 1700000000 * BOT_NS_PER_S + p->now }; }

static int ws_open(void *self, bot_stream stream, const char *url)
{
    (void)stream, (void)url;
    ((struct port *)self)->opened++;
    return BOT_OK;
}
static int ws_send(void *self, bot_stream stream, const char *text, size_t len)
{
    (void)self, (void)stream, (void)text, (void)len;
    return BOT_OK;
}
static int ws_ping(void *self, bot_stream stream)
{
    (void)self, (void)stream;
    return BOT_OK;
}
static void ws_close(void *self, bot_stream stream) { (void)self, (void)stream; }
static int http_start(void *self, uint64_t id, const char *base_url, const struct venue_http *http, bot_ts deadline)
{
    (void)base_url, (void)deadline;
    struct port *port = self;
    struct place *p = port->place;
    ck_assert_uint_lt(p->asked_n, ASKED_MAX);
    struct asked *a = &p->asked[p->asked_n++];
    *a = (struct asked){ .session = port->index, .id = id };
    snprintf(a->path, sizeof a->path, "%.*s", (int)sizeof a->path - 1, http->path);
    p->lists += strstr(http->path, "instruments-info") != NULL;
    return BOT_OK;
}
static void http_cancel(void *self, uint64_t id)
{
    struct port *port = self;
    for (unsigned i = 0; i < port->place->asked_n; i++)
        if (port->place->asked[i].session == port->index && port->place->asked[i].id == id)
            port->place->asked[i].session = -1;
}
static void timer(void *self, bot_ts at) { (void)self, (void)at; }
static void on_effect(void *self, const bot_effect *e) { (void)self, (void)e; }
static struct { unsigned orders, replies, gaps; int64_t gap_venue_ns; } told;
static void on_event(void *self, const bot_event *ev)
{
    (void)self;
    told.orders += ev->kind == BOT_EV_ORDER;
    told.replies += ev->kind == BOT_EV_REPLY;
    told.gaps += ev->kind == BOT_EV_GAP;
    if (ev->kind == BOT_EV_GAP) told.gap_venue_ns = ev->venue_ns;
}

static void place_open_of(struct place *p, const char *venue_name, const char *instrument, struct bot__signer *signer, bool public_data)
{
    *p = (struct place){ .now = BOT_NS_PER_S };
    const struct venue *venue = bot__venue_find(venue_name);
    struct budget_options bo;
    bot__budget_options_init(&bo);
    struct budget_scope scopes[BUDGET_SCOPES_MAX];
    const uint32_t n = bot__venue_budget_scopes(venue, scopes);
    p->budget = bot__budget_init(test_memory(bot__budget_size(&bo, scopes, n)), &bo, scopes, n, p->now);
    ck_assert_ptr_nonnull(p->budget);
    for (int i = 0; i < SESSIONS; i++) {
        p->ports[i] = (struct port){ p, i, 0 };
        const struct transport t = { &p->ports[i], ws_open, ws_send, ws_ping, ws_close, http_start, http_cancel, timer };
        struct session_options o = { .venue = venue, .keys = { .key = "k", .signer = signer }, .rest_url = "https://x", .private_url = "wss://x/p",
                                     .public_url = "wss://x/u", .instruments_n = 1, .public_data = public_data, .budget = p->budget };
        bot__symbol_set(&o.instruments[0], instrument, strlen(instrument));
        bot_core_options_init(&o.core);
        o.core.session_id = 1;
        bot__session_venue_rules(venue, &o.core.venue);
        const size_t size = bot__session_size(&o);
        ck_assert_uint_gt(size, 0);
        void *memory = test_memory(size);
        memset(memory, 0, size);
        p->session[i] = bot__session_init(memory, &o, &t, &(struct session_host){ .self = p, .effect = on_effect, .event = on_event }, now_of(p));
        ck_assert_ptr_nonnull(p->session[i]);
    }
}

static void place_open(struct place *p) { place_open_of(p, "bybit", "BTCUSDT", NULL, true); }

static void start_all(struct place *p)
{
    for (int i = 0; i < SESSIONS; i++) bot__session_start(p->session[i], now_of(p));
}

/* The open request for instruments. */
static struct asked *list_of(struct place *p)
{
    struct asked *found = NULL;
    for (unsigned i = 0; i < p->asked_n; i++)
        if (p->asked[i].session >= 0 && strstr(p->asked[i].path, "instruments-info") != NULL) {
            ck_assert_msg(found == NULL, "two at once: %s and %s", found->path, p->asked[i].path);
            found = &p->asked[i];
        }
    ck_assert_ptr_nonnull(found);
    return found;
}

static void answer(struct place *p, struct asked *a, enum transport_result result, int status, const char *body)
{
    const int i = a->session;
    const uint64_t id = a->id;
    a->session = -1;
    bot__session_http_done(p->session[i], now_of(p), id, result, status, NULL, 0, body, body == NULL ? 0 : strlen(body), NULL);
}

static void page(struct place *p, struct asked *a, const char *cursor)
{
    char body[800];
    const bool linear = strstr(a->path, "category=linear") != NULL;
    snprintf(body, sizeof body,
             "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"%s\",\"nextPageCursor\":\"%s\",\"list\":[{\"symbol\":\"%s\","
             "\"contractType\":\"%s\",\"status\":\"Trading\",\"baseCoin\":\"BTC\",\"quoteCoin\":\"%s\",\"settleCoin\":\"%s\","
             "\"priceFilter\":{\"minPrice\":\"0.1\",\"maxPrice\":\"199999\",\"tickSize\":\"0.1\"},"
             "\"lotSizeFilter\":{\"maxOrderQty\":\"100\",\"minOrderQty\":\"0.001\",\"qtyStep\":\"0.001\",\"minNotionalValue\":\"5\"}}]},"
             "\"retExtInfo\":{},\"time\":1700000000000}",
             linear ? "linear" : "inverse", cursor, linear ? "BTCUSDT" : "BTCUSD", linear ? "LinearPerpetual" : "InversePerpetual",
             linear ? "USDT" : "USD", linear ? "USDT" : "BTC");
    answer(p, a, TRANSPORT_OK, 200, body);
}

static void tick_all(struct place *p, int64_t ns)
{
    p->now += ns;
    for (int i = 0; i < SESSIONS; i++) bot__session_timer(p->session[i], now_of(p));
}

static bool knows(const struct place *p, int i)
{
    bot_symbol symbol;
    bot__symbol_set(&symbol, "BTCUSDT", 7);
    return bot_core_find_instrument(bot__session_core(p->session[i]), &symbol) >= 0 && p->ports[i].opened > 0;
}

TEST(session_reads, sessions_that_start_together_ask_for_the_instruments_once)
{
    struct place p;
    place_open(&p);
    start_all(&p);
    ck_assert_uint_eq(p.lists, 1);
    page(&p, list_of(&p), "next");
    ck_assert_uint_eq(p.lists, 2); /* the second page: once, too */
    ck_assert_ptr_nonnull(strstr(list_of(&p)->path, "cursor=next"));
    page(&p, list_of(&p), "");
    ck_assert_uint_eq(p.lists, 3); /* inverse */
    for (int i = 0; i < SESSIONS; i++) ck_assert(!p.ports[i].opened);
    page(&p, list_of(&p), "");
    ck_assert_uint_eq(p.lists, 3);
    for (int i = 0; i < SESSIONS; i++) ck_assert_msg(knows(&p, i), "session %d", i);
    uint64_t joined = 0;
    for (int i = 0; i < SESSIONS; i++) {
        struct session_stats st;
        bot__session_stats_get(p.session[i], &st);
        joined += st.reads_joined;
    }
    ck_assert_uint_eq(joined, 3 * (SESSIONS - 1));
    /* One request was drawn from the budget for each page, not three; and the clock for each session. */
    struct budget_view v;
    ck_assert_int_eq(bot__budget_view(p.budget, 0, 0, p.now, &v), BOT_OK);
    ck_assert_uint_eq(v.used, 3 + SESSIONS);
}

TEST(session_reads, a_page_that_fails_fails_for_all_and_each_asks_again)
{
    struct place p;
    place_open(&p);
    start_all(&p);
    answer(&p, list_of(&p), TRANSPORT_TIMEOUT, 0, NULL);
    ck_assert_uint_eq(p.lists, 1);
    tick_all(&p, 5 * BOT_NS_PER_S);
    ck_assert_uint_eq(p.lists, 2);
    answer(&p, list_of(&p), TRANSPORT_OK, 200, "<html>busy</html>");
    tick_all(&p, 10 * BOT_NS_PER_S);
    page(&p, list_of(&p), "");
    page(&p, list_of(&p), "");
    for (int i = 0; i < SESSIONS; i++) ck_assert_msg(knows(&p, i), "session %d", i);
    ck_assert_uint_eq(p.lists, 4);
}

TEST(session_reads, who_waits_is_not_left_alone_when_the_asker_goes)
{
    struct place p;
    place_open(&p);
    start_all(&p);
    const int leader = list_of(&p)->session;
    bot__session_stop(p.session[leader]);
    for (unsigned i = 0; i < p.asked_n; i++)
        if (p.asked[i].session == leader) p.asked[i].session = -1;
    tick_all(&p, BOT_NS_PER_MS);
    ck_assert_uint_eq(p.lists, 2); /* one of the two that stay asks, the other waits with it */
    /* And one that waits may go: nobody answers into what it was. */
    const int second = list_of(&p)->session, third = 3 - leader - second;
    bot__session_stop(p.session[third]);
    page(&p, list_of(&p), "");
    page(&p, list_of(&p), "");
    ck_assert(knows(&p, second));
    ck_assert(!knows(&p, third) && !knows(&p, leader));
}

TEST(session_reads, a_list_whose_pages_do_not_end_is_not_taken_for_whole)
{
    static struct place p;
    place_open_of(&p, "bybit", "BTCUSDT", NULL, false);
    bot__session_start(p.session[0], now_of(&p));
    unsigned pages = 0;
    for (bool asked = true; asked && pages < 1000; pages += asked) {
        asked = false;
        unsigned kept = 0;
        for (unsigned i = 0; i < p.asked_n; i++)
            if (p.asked[i].session >= 0) p.asked[kept++] = p.asked[i];
        p.asked_n = kept;
        for (unsigned i = 0; i < p.asked_n && !asked; i++)
            if (strstr(p.asked[i].path, "instruments-info") != NULL) {
                asked = true;
                page(&p, &p.asked[i], "next");
            }
    }
    ck_assert_uint_gt(pages, 1);
    ck_assert_uint_lt(pages, 1000);
    ck_assert(!p.ports[0].opened); /* what is traded on what was not read, nobody knows */
    tick_all(&p, 3 * BOT_NS_PER_S);
    page(&p, list_of(&p), ""); /* asked again, and whole */
    page(&p, list_of(&p), "");
    ck_assert(knows(&p, 0));
}

/* ---- Bybit: where an order may be ---- */

static unsigned order_asked[2]; /* among the open ones, in the history */

/* Answers whatever is open: lists are empty, and one order is where it says. */
static void serve_bybit(struct place *p, bool in_history)
{
    static const char none[] = "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"linear\",\"nextPageCursor\":\"\",\"list\":[]},\"time\":1700000000000}";
    static const char ended[] = "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"linear\",\"nextPageCursor\":\"a%3A1\",\"list\":[{\"orderId\":\"o-1\","
        "\"orderLinkId\":\"mine\",\"symbol\":\"BTCUSDT\",\"side\":\"Buy\",\"orderType\":\"Limit\",\"orderStatus\":\"Cancelled\",\"timeInForce\":\"GTC\","
        "\"price\":\"60000\",\"qty\":\"0.01\",\"cumExecQty\":\"0\",\"createdTime\":\"1699999999000\",\"updatedTime\":\"1699999999500\"}]},\"time\":1700000000000}";
    for (unsigned i = 0; i < p->asked_n; i++) {
        struct asked *a = &p->asked[i];
        if (a->session != 0) continue;
        const bool one = strstr(a->path, "o-1") != NULL, history = strstr(a->path, "/v5/order/history") != NULL;
        ck_assert(!history || one);
        if (one) order_asked[history]++;
        answer(p, a, TRANSPORT_OK, 200, history && in_history ? ended : none);
    }
    unsigned kept = 0;
    for (unsigned i = 0; i < p->asked_n; i++)
        if (p->asked[i].session >= 0) p->asked[kept++] = p->asked[i];
    p->asked_n = kept;
}

/* Bybit's endpoint of open orders forgets ended ones, all of them when the service restarts: an order that a crash left without its end
 * would be unknown for half an hour. */
TEST(session_reads, an_order_that_is_not_among_the_open_ones_is_asked_for_in_the_history)
{
    static const char *const said[] = {
        "{\"success\":true,\"ret_msg\":\"\",\"op\":\"auth\",\"conn_id\":\"c\"}", "{\"success\":true,\"ret_msg\":\"\",\"op\":\"subscribe\",\"req_id\":\"1\",\"conn_id\":\"c\"}",
        "{\"id\":\"1\",\"topic\":\"order\",\"creationTime\":1700000000000,\"data\":[{\"category\":\"linear\",\"orderId\":\"o-1\",\"orderLinkId\":\"mine\",\"symbol\":\"BTCUSDT\","
        "\"side\":\"Buy\",\"orderType\":\"Limit\",\"orderStatus\":\"New\",\"timeInForce\":\"GTC\",\"price\":\"60000\",\"qty\":\"0.01\",\"cumExecQty\":\"0\","
        "\"createdTime\":\"1700000000000\",\"updatedTime\":\"1700000000000\"}]}",
    };
    struct bot__signer *signer = bot__signer_new("s", 1);
    for (int in_history = 0; in_history < 2; in_history++) {
        static struct place p;
        place_open_of(&p, "bybit", "BTCUSDT", signer, false);
        bot__session_start(p.session[0], now_of(&p));
        page(&p, list_of(&p), "");
        page(&p, list_of(&p), "");
        ck_assert_uint_gt(p.ports[0].opened, 0);
        bot__session_ws_opened(p.session[0], now_of(&p), BOT_STREAM_PRIVATE);
        for (int i = 0; i < 3; i++) bot__session_ws_message(p.session[0], now_of(&p), BOT_STREAM_PRIVATE, said[i], strlen(said[i]));
        told.orders = told.replies = order_asked[0] = order_asked[1] = 0;
        for (int s = 0; s < 60 && order_asked[1] == 0; s++) {
            p.now += BOT_NS_PER_S;
            bot__session_timer(p.session[0], now_of(&p));
            bot__session_ws_alive(p.session[0], now_of(&p), BOT_STREAM_PRIVATE);
            serve_bybit(&p, in_history != 0);
        }
        ck_assert_uint_eq(order_asked[0], 1);
        ck_assert_uint_eq(order_asked[1], 1);
        ck_assert_uint_eq(told.orders, (unsigned)in_history);
        ck_assert_uint_eq(told.replies, (unsigned)!in_history); /* not found, once: half a question is none */
    }
    bot__signer_free(signer);
}

/* As an event of the run, so that its own journal tells the same when it is replayed. */
TEST(session_reads, a_hole_in_the_journal_is_told_to_the_core_when_the_run_begins)
{
    static struct place p;
    for (int hole = 0; hole < 2; hole++) {
        told.gaps = 0;
        place_open_of(&p, "bybit", "BTCUSDT", NULL, false);
        bot__session_resumed(p.session[0], hole != 0, hole != 0 ? 12345 : 0);
        bot__session_start(p.session[0], now_of(&p));
        ck_assert_uint_eq(told.gaps, (unsigned)hole);
    }
    ck_assert_int_eq(told.gap_venue_ns, 12345);
}

/* ---- bitFlyer: a whole session on canned answers ---- */

/* A hundred executions from this id down, half a minute apart, the newest of now. */
static void executions(char *body, size_t size, int newest)
{
    size_t n = (size_t)snprintf(body, size, "[");
    for (int i = 0; i < 100; i++) {
        const int ago = (1000 - newest + i) * 30; /* from 22:13:20 on back */
        const int at = 22 * 3600 + 13 * 60 + 20 - ago;
        n += (size_t)snprintf(body + n, size - n, "%s{\"id\":%d,\"side\":\"BUY\",\"price\":5000000.0,\"size\":0.01,\"commission\":0.0,\"exec_date\":\"2023-11-14T%02d:%02d:%02d\","
                              "\"child_order_id\":\"J%d\",\"child_order_acceptance_id\":\"JRF%d\"}", i > 0 ? "," : "", newest - i, at / 3600, at / 60 % 60, at % 60, newest - i, newest - i);
    }
    snprintf(body + n, size - n, "]");
}

static unsigned fills_pages;

/* Answers whatever is open, once each; executions page by page. */
static void serve(struct place *p)
{
    static char body[40000];
    static const struct venue_header date = { { "Date", 4 }, { "Tue, 14 Nov 2023 22:13:20 GMT", 29 } };
    static const struct { const char *path, *body; } canned[] = {
        { "gethealth", "{\"status\":\"NORMAL\"}" }, { "getmarkets", "[{\"product_code\":\"FX_BTC_JPY\",\"market_type\":\"FX\"}]" },
        { "getpositions", "[]" }, { "getchildorders", "[]" }, { "getboardstate", "{\"health\":\"NORMAL\",\"state\":\"RUNNING\"}" },
    };
    for (unsigned i = 0; i < p->asked_n; i++) {
        struct asked *a = &p->asked[i];
        if (a->session != 0)
            continue;
        const char *text = NULL;
        for (size_t k = 0; k < sizeof canned / sizeof *canned; k++)
            if (strstr(a->path, canned[k].path) != NULL) text = canned[k].body;
        const char *before = strstr(a->path, "&before=");
        if (strstr(a->path, "getexecutions") != NULL) {
            executions(body, sizeof body, before != NULL ? atoi(before + 8) - 1 : 1000);
            text = body;
            fills_pages++;
        }
        ck_assert_msg(text != NULL, "%s: not expected", a->path);
        a->session = -1;
        bot__session_http_done(p->session[0], now_of(p), a->id, TRANSPORT_OK, 200, &date, 1, text, strlen(text), NULL);
    }
    if (p->asked_n > ASKED_MAX / 2) { /* forget what is answered */
        unsigned kept = 0;
        for (unsigned i = 0; i < p->asked_n; i++)
            if (p->asked[i].session >= 0) p->asked[kept++] = p->asked[i];
        p->asked_n = kept;
    }
}

static void private_up(struct place *p)
{
    static const char *const answers[] = { "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}", "{\"jsonrpc\":\"2.0\",\"id\":100,\"result\":true}" };
    bot__session_ws_opened(p->session[0], now_of(p), BOT_STREAM_PRIVATE);
    for (int i = 0; i < 2; i++) bot__session_ws_message(p->session[0], now_of(p), BOT_STREAM_PRIVATE, answers[i], strlen(answers[i]));
}

static void live(struct place *p, int64_t ns)
{
    for (int64_t t = 0; t < ns; t += BOT_NS_PER_S) {
        tick_all(p, BOT_NS_PER_S);
        bot__session_ws_alive(p->session[0], now_of(p), BOT_STREAM_PRIVATE);
        serve(p);
    }
}

/* Its executions are paged by id, from the newest to the first there ever was: an account of years must not be read to its end each
 * time, and what is from before the start is in the first position. */
TEST(session_reads, fills_paged_by_id_are_read_back_to_where_they_are_wanted_from)
{
    static struct place p;
    struct bot__signer *signer = bot__signer_new("s", 1);
    place_open_of(&p, "bitflyer", "FX_BTC_JPY", signer, false);
    bot__session_start(p.session[0], now_of(&p));
    fills_pages = 0;
    live(&p, 3 * BOT_NS_PER_S);
    ck_assert_uint_gt(p.ports[0].opened, 0);
    private_up(&p);
    live(&p, 10 * BOT_NS_PER_S);
    /* Cut and back: what was missed is asked for. Ten minutes before the start are twenty rows of the first page. */
    bot__session_ws_closed(p.session[0], now_of(&p), BOT_STREAM_PRIVATE, "cut");
    live(&p, 3 * BOT_NS_PER_S);
    private_up(&p);
    live(&p, 20 * BOT_NS_PER_S);
    ck_assert_uint_ge(fills_pages, 1);
    ck_assert_msg(fills_pages <= 4, "%u pages", fills_pages);
    struct session_stats st;
    bot__session_stats_get(p.session[0], &st);
    ck_assert_uint_lt(st.http_requests, 60);
    bot__signer_free(signer);
}
