/* The session on a scripted venue: what becomes of public data, of sockets that say nothing, of what a strategy tells. */
#include "session_kit.h"

#include "core/rate.h"

static bot_limits wide(void)
{
    return (bot_limits){ .position_max = { fixed_of("10") } };
}

/* ---- public data ---- */

/* What a venue sends again on subscribing is history: no price of now, no flow, no evidence of lateness. */
TEST(session, trades_that_are_played_again_are_not_flow)
{
    static struct kit k;
    kit_init(&k);
    kit_open(&k);
    const bot_limits limits = wide();
    kit_start(&k, &limits);
    bot_event ev = kit_trade(&k, 0, "100");
    ev.trade.replayed = true;
    ev.venue_ns -= 600 * BOT_NS_PER_S; /* ten minutes ago: taken for news it would be a feed that is late by that */
    for (int i = 0; i < 100; i++)
        kit_message(&k, BOT_STREAM_PUBLIC, &ev);
    bot_px price;
    bot_ts at;
    ck_assert(!bot__session_reference(k.session, &ev.instrument, &price, &at));
    bot__rate_view v;
    ck_assert(bot__session_rate(k.session, &ev.instrument, &v));
    ck_assert_uint_eq(v.trades, 0);
    struct session_stats stats;
    bot__session_stats_get(k.session, &stats);
    ck_assert_uint_eq(stats.public_trades, 0);
    kit_run(&k, 5 * BOT_NS_PER_S);
    ck_assert_uint_eq(kit_reasons(&k), 0);

    ev = kit_trade(&k, 0, "101");
    kit_message(&k, BOT_STREAM_PUBLIC, &ev);
    ck_assert(bot__session_reference(k.session, &ev.instrument, &price, &at));
    ck_assert(price.v == fixed_of("101") && at == k.now);
    kit_run(&k, BOT_NS_PER_S); /* until then it might be the account's own */
    ck_assert(bot__session_rate(k.session, &ev.instrument, &v));
    ck_assert_uint_eq(v.trades, 1);
}

/* Forty trades a second on the first, four on the second, evenly. */
static void flow(struct kit *k, int64_t ns, bool first, bool second)
{
    for (bot_ts until = k->now + ns; k->now < until; kit_run(k, 25 * BOT_NS_PER_MS)) {
        const bot_event a = kit_trade(k, 0, "100"), b = kit_trade(k, 1, "50");
        if (first)
            kit_message(k, BOT_STREAM_PUBLIC, &a);
        if (second && k->now / (25 * BOT_NS_PER_MS) % 10 == 0)
            kit_message(k, BOT_STREAM_PUBLIC, &b);
    }
}

/* All together lose a tenth only, which is nothing: the one that stopped must be seen by itself, whichever it is. */
TEST(session, an_instrument_that_stops_shuts_though_a_busier_one_goes_on)
{
    static struct kit k;
    kit_init(&k);
    kit_open(&k);
    const bot_limits limits = wide();
    kit_start(&k, &limits);
    flow(&k, 420 * BOT_NS_PER_S, true, true);
    ck_assert_uint_eq(kit_reasons(&k), 0);
    flow(&k, 60 * BOT_NS_PER_S, true, false);
    ck_assert_uint_ne(kit_reasons(&k) & BOT_GATE_TRADE_RATE, 0);
    bot__rate_view v;
    const bot_symbol busy = kit_symbol(0), stopped = kit_symbol(1);
    ck_assert(bot__session_rate(k.session, &busy, &v));
    ck_assert_int_eq(v.state, BOT__RATE_NORMAL);
    ck_assert(bot__session_rate(k.session, &stopped, &v));
    ck_assert_int_eq(v.state, BOT__RATE_DROPPED);
    ck_assert_str_eq(k.monitor[BOT_MONITOR_TRADE_RATE].monitor.reason, bot__rate_reason_name(v.reason)); /* told of the one that it is about */
}

/* The middle of the book, as long as the book moves: one that stands still while trades go on is the older of the two. */
TEST(session, the_reference_is_the_book_until_it_stands_still)
{
    static struct kit k;
    kit_init(&k);
    kit_open(&k);
    const bot_limits limits = wide();
    kit_start(&k, &limits);
    const bot_level bid = { .price_coef = 99, .qty_coef = 1 }, ask = { .price_coef = 103, .qty_coef = 1 };
    bot_event book = { .kind = BOT_EV_BOOK, .seq = BOT_SEQ_NONE, .instrument = kit_symbol(0) };
    book.book = (bot_ev_book){ .snapshot = true, .seq_first = 1, .seq_last = 1, .seq_prev = BOT_SEQ_NONE, .bids = &bid, .asks = &ask, .bids_n = 1, .asks_n = 1 };
    kit_message(&k, BOT_STREAM_PUBLIC, &book);
    const bot_ts moved_at = k.now;
    bot_px price;
    bot_ts at;
    for (int i = 0; i < 6; i++) {
        kit_run(&k, 500 * BOT_NS_PER_MS);
        const bot_event trade = kit_trade(&k, 0, "110");
        kit_message(&k, BOT_STREAM_PUBLIC, &trade);
        ck_assert(bot__session_reference(k.session, &book.instrument, &price, &at));
        const bool book_counts = k.now - moved_at < 2 * BOT_NS_PER_S;
        ck_assert(price.v == fixed_of(book_counts ? "101" : "110") && at == (book_counts ? moved_at : k.now));
    }
}

/* The tape trades through an order of ours, and its fill comes on the private stream: by our id, or where the venue has none by its number.
 * Only where nothing comes is the stream suspect. */
TEST(session, a_fill_that_is_told_clears_the_private_stream_with_client_ids_and_without)
{
    for (int told = 0; told < 3; told++) { /* not at all, by our id, by the venue's number */
        static struct kit k;
        kit_init(&k);
        k.venue.has_client_ids = told != 2;
        kit_open(&k);
        const bot_limits limits = wide();
        kit_start(&k, &limits);
        ck_assert_int_eq(kit_submit(&k, 0, BOT_BUY, "1", "100"), BOT_OK);
        kit_run(&k, 3 * BOT_NS_PER_S);
        const bot_event through = kit_trade(&k, 0, "99");
        kit_message(&k, BOT_STREAM_PUBLIC, &through);
        bot_event fill = { .kind = BOT_EV_FILL, .seq = BOT_SEQ_NONE, .has = BOT_HAS_QTY | BOT_HAS_PRICE, .instrument = kit_symbol(0), .venue_ns = kit_time(&k).wall_ns };
        fill.fill = (bot_ev_fill){ .side = BOT_BUY, .leg = BOT_LEG_NET, .kind = BOT_FILL_TRADE, .qty = dec_of("1"), .price = dec_of("100") };
        bot__id_set(&fill.fill.exec_id, "X1", 2);
        bot__id_set(&fill.fill.order_id, "V1", 2);
        if (told == 1)
            fill.fill.client_id = k.submit.submit.client_id;
        kit_run(&k, 300 * BOT_NS_PER_MS);
        if (told != 0)
            kit_message(&k, BOT_STREAM_PRIVATE, &fill);
        kit_run(&k, 2 * BOT_NS_PER_S);
        ck_assert_msg(k.monitors[BOT_MONITOR_PRIVATE_SILENT] == (told == 0), "%d: %u", told, k.monitors[BOT_MONITOR_PRIVATE_SILENT]);
        ck_assert_uint_eq(k.closed[BOT_STREAM_PRIVATE] != 0, told == 0); /* and connected anew */
    }
}

/* ---- sockets ---- */

/* Connected and dead: no byte, no pong, no error. It is given up after the venue's time for it, and opened anew. */
TEST(session, a_socket_on_which_nothing_comes_is_given_up)
{
    static const bot_stream streams[] = { BOT_STREAM_PRIVATE, BOT_STREAM_PUBLIC };
    for (int i = 0; i < 2; i++) {
        static struct kit k;
        kit_init(&k);
        kit_open(&k);
        const bot_limits limits = wide();
        kit_start(&k, &limits);
        const bot_stream s = streams[i];
        const unsigned opened = k.opened[s], closed = k.closed[s];
        const int64_t dead_ns = (s == BOT_STREAM_PRIVATE ? k.venue.private_plan : k.venue.public_plan).dead_after_ms * BOT_NS_PER_MS;
        k.silent[s] = true;
        kit_run(&k, dead_ns - 2 * BOT_NS_PER_S);
        ck_assert_uint_eq(k.closed[s], closed);
        ck_assert_uint_gt(k.pings[s], 0); /* asked whether it lives */
        kit_run(&k, 4 * BOT_NS_PER_S);
        ck_assert_uint_eq(k.closed[s], closed + 1);
        ck_assert_uint_eq(k.opened[s], opened + 1);
        struct session_stats stats;
        bot__session_stats_get(k.session, &stats);
        ck_assert(!stats.ready[s]);
        ck_assert_uint_ne(kit_reasons(&k) & (s == BOT_STREAM_PRIVATE ? BOT_GATE_PRIVATE_STREAM : BOT_GATE_PUBLIC_STREAM), 0);
    }
}

/* ---- what a strategy tells ---- */

static void with_collar(struct kit *k)
{
    kit_init(k);
    kit_open(k);
    bot_limits limits = wide();
    limits.collar_bps = 100;
    kit_start(k, &limits);
}

/* The collar guards against a strategy's own mistake: its idea of the price cannot be what guards it. */
TEST(session, the_reference_of_the_collar_is_the_markets_and_never_the_strategys)
{
    static struct kit k;
    with_collar(&k);
    bot_event order = { .kind = BOT_EV_SUBMIT, .submit = { .bot = 0 } };
    order.submit.order = (bot_order_request){ .instrument = kit_symbol(0), .side = BOT_BUY, .leg = BOT_LEG_NET, .type = BOT_LIMIT, .tif = BOT_GTC,
                                              .qty = { fixed_of("1") }, .price = { fixed_of("200") }, .ref_price = { fixed_of("200") }, .ref_at = k.now };
    ck_assert_int_eq(kit_command(&k, order), BOT_ERR_NO_REFERENCE); /* nothing has traded yet */
    ck_assert(k.submit.submit.order.ref_price.v == 0);

    const bot_event trade = kit_trade(&k, 0, "100");
    kit_message(&k, BOT_STREAM_PUBLIC, &trade);
    order.submit.order.ref_at = k.now;
    ck_assert_int_eq(kit_command(&k, order), BOT_ERR_PRICE_COLLAR);
    ck_assert(k.submit.submit.order.ref_price.v == fixed_of("100") && k.submit.submit.order.ref_at == k.now);
    order.submit.order.price.v = fixed_of("101");
    ck_assert_int_eq(kit_command(&k, order), BOT_OK);
    ck_assert_uint_eq(k.asked[VENUE_CALL_SUBMIT], 1);
}

/* An amend moves an order to a price as a new one would. */
TEST(session, an_amend_is_held_by_the_collar_like_an_order)
{
    static struct kit k;
    with_collar(&k);
    bot_event trade = kit_trade(&k, 0, "100");
    kit_message(&k, BOT_STREAM_PUBLIC, &trade);
    ck_assert_int_eq(kit_submit(&k, 0, BOT_BUY, "1", "99"), BOT_OK);
    kit_run(&k, BOT_NS_PER_S);
    const bot_id id = k.submit.submit.client_id;
    bot_event amend = { .kind = BOT_EV_AMEND, .amend = { .bot = 0, .client_id = id, .price = { fixed_of("101.1") }, .ref_price = { fixed_of("150") }, .ref_at = k.now } };
    ck_assert_int_eq(kit_command(&k, amend), BOT_ERR_PRICE_COLLAR);
    amend.amend.price.v = fixed_of("101");
    kit_run(&k, 10 * BOT_NS_PER_S);
    ck_assert_int_eq(kit_command(&k, amend), BOT_ERR_NO_REFERENCE); /* of ten seconds ago */
    trade = kit_trade(&k, 0, "100");
    kit_message(&k, BOT_STREAM_PUBLIC, &trade);
    ck_assert_int_eq(kit_command(&k, amend), BOT_OK);
    ck_assert_uint_eq(k.asked[VENUE_CALL_AMEND], 1);
}

/* ---- reads over several calls ---- */

/* The private socket was lost; what was missed is read. */
static void bounce(struct kit *k)
{
    bot_event fill = { .kind = BOT_EV_FILL, .seq = BOT_SEQ_NONE, .has = BOT_HAS_QTY | BOT_HAS_PRICE, .instrument = kit_symbol(0),
                       .venue_ns = kit_time(k).wall_ns };
    fill.fill = (bot_ev_fill){ .side = BOT_BUY, .leg = BOT_LEG_NET, .kind = BOT_FILL_TRADE, .qty = dec_of("1"), .price = dec_of("100") };
    bot__id_set(&fill.fill.exec_id, "X1", 2);
    bot__id_set(&fill.fill.order_id, "O1", 2);
    kit_message(k, BOT_STREAM_PRIVATE, &fill);
    kit_now = k;
    bot__session_ws_closed(k->session, kit_time(k), BOT_STREAM_PRIVATE, "cut");
    kit_run(k, 5 * BOT_NS_PER_S);
    k->log_n = 0;
    kit_up(k, BOT_STREAM_PRIVATE);
    kit_run(k, 2 * BOT_NS_PER_S);
}

/* A venue gives so much of its history at a time: all of it is asked for, window by window, and nothing lies between two. */
TEST(session, a_history_of_several_windows_is_read_to_its_end)
{
    static struct kit k;
    kit_init(&k);
    const int64_t hour = 3600 * BOT_NS_PER_S;
    k.venue.fills_window_max_ns = hour;
    kit_open(&k);
    const bot_limits limits = wide();
    kit_start(&k, &limits);
    const int64_t then = kit_time(&k).wall_ns - 5 * hour / 2;
    ck_assert_int_eq(kit_submit(&k, 0, BOT_BUY, "1", "100"), BOT_OK);
    kit_run(&k, BOT_NS_PER_S);
    bot_event report = { .kind = BOT_EV_ORDER, .seq = BOT_SEQ_NONE, .has = BOT_HAS_QTY | BOT_HAS_CUM_QTY, .instrument = kit_symbol(0), .venue_ns = then };
    report.order = (bot_ev_order){ .client_id = k.submit.submit.client_id, .status = BOT_ORDER_PARTIALLY_FILLED, .side = BOT_BUY, .qty = dec_of("1"),
                                   .cum_qty = dec_of("0.5") }; /* of long ago, and its fill never came */
    k.log_n = 0;
    kit_message(&k, BOT_STREAM_PRIVATE, &report);
    kit_run(&k, 3 * BOT_NS_PER_S);
    unsigned windows = 0;
    int64_t from = 0, to = 0;
    for (unsigned i = 0; i < k.log_n; i++) {
        if (k.log[i].call != VENUE_CALL_FILLS)
            continue;
        if (windows++ == 0)
            from = k.log[i].from_ns;
        else
            ck_assert_msg(k.log[i].from_ns <= to, "a gap of %lld ns", (long long)(k.log[i].from_ns - to));
        ck_assert(k.log[i].to_ns == 0 || k.log[i].to_ns - k.log[i].from_ns <= hour);
        to = k.log[i].to_ns;
    }
    ck_assert_uint_eq(windows, 3);
    ck_assert(from <= then && then - from <= k.options.core.backfill_overlap_ns);
    ck_assert(to == 0 || to >= kit_time(&k).wall_ns); /* up to now */
}

/* Where a venue answers for one instrument at a time a read of the account is one of each. */
TEST(session, a_read_that_goes_by_instruments_leaves_none_out)
{
    static struct kit k;
    kit_init(&k);
    k.venue.fills_per_instrument = k.venue.positions_per_instrument = k.venue.orders_per_instrument = true;
    kit_open(&k);
    const bot_limits limits = wide();
    kit_start(&k, &limits);
    bounce(&k);
    static const enum venue_call calls[] = { VENUE_CALL_FILLS, VENUE_CALL_POSITIONS, VENUE_CALL_OPEN_ORDERS };
    for (int c = 0; c < 3; c++) {
        unsigned of[2] = { 0 };
        for (unsigned i = 0; i < k.log_n; i++)
            for (unsigned s = 0; s < 2; s++) {
                const bot_symbol symbol = kit_symbol(s);
                of[s] += k.log[i].call == calls[c] && bot__symbol_eq(&k.log[i].instrument, &symbol);
            }
        ck_assert_msg(of[0] > 0 && of[0] == of[1], "call %d: %u and %u", (int)calls[c], of[0], of[1]);
    }
}

/* What an answer of several calls proves it proves from the sending of the first: what a later one says may be newer than that. */
TEST(session, a_read_of_several_calls_counts_from_the_first)
{
    static struct kit k;
    kit_init(&k);
    k.venue.positions_parts = 3;
    kit_open(&k);
    const bot_limits limits = wide();
    kit_start(&k, &limits);
    k.latency = 400 * BOT_NS_PER_MS;
    const unsigned begun = k.begun, asked = k.asked[VENUE_CALL_POSITIONS];
    const bot_ts before = k.read_end.ts;
    for (int i = 0; i < 400 && k.read_end.ts == before; i++)
        kit_run(&k, 100 * BOT_NS_PER_MS);
    ck_assert_uint_eq(k.begun, begun + 1);
    ck_assert_uint_eq(k.asked[VENUE_CALL_POSITIONS], asked + 3);
    ck_assert(k.read_end.read.complete && k.read_end.read.pages == 3);
    ck_assert(k.read_end.read.sent_at == k.begun_at && k.read_end.ts - k.begun_at >= 3 * k.latency);
}

/* ---- orders over their own socket ---- */

static void answer_over_socket(struct kit *k, bool accepted)
{
    bot_event ev = { .kind = BOT_EV_ACK, .seq = BOT_SEQ_NONE, .ack = { .accepted = accepted, .venue_code = accepted ? 0 : 170131 } };
    ev.ack.request_id = k->ws_request;
    kit_message(k, BOT_STREAM_TRADE, &ev);
}

static void over_socket(struct kit *k)
{
    kit_init(k);
    k->options.orders_over_ws = true;
    kit_open(k);
    const bot_limits limits = wide();
    kit_start(k, &limits);
}

TEST(session, the_order_sockets_no_is_a_no_and_its_silence_is_unknown)
{
    static struct kit k;
    over_socket(&k);
    for (int i = 0; i < 3; i++) {
        const unsigned sent = k.sent[BOT_STREAM_TRADE];
        memset(k.replies, 0, sizeof k.replies);
        ck_assert_int_eq(kit_submit(&k, 0, BOT_BUY, "1", "100"), BOT_OK);
        ck_assert_uint_eq(k.sent[BOT_STREAM_TRADE], sent + 1);
        if (i < 2)
            answer_over_socket(&k, i == 0);
        kit_run(&k, k.venue.order_unknown_ns - BOT_NS_PER_S);
        ck_assert_uint_eq(k.replies[BOT_OUTCOME_TIMEOUT], 0);
        kit_run(&k, 2 * BOT_NS_PER_S);
        ck_assert_uint_eq(k.replies[BOT_OUTCOME_OK], i == 0);
        ck_assert_uint_eq(k.replies[BOT_OUTCOME_REJECTED], i == 1);
        ck_assert_uint_eq(k.replies[BOT_OUTCOME_TIMEOUT], i == 2);
    }
    ck_assert_uint_eq(k.asked[VENUE_CALL_SUBMIT], 0); /* never by both ways, */
    ck_assert_uint_eq(k.encoded[VENUE_CALL_SUBMIT], 0); /* and none is signed that is not sent */
}

static void refuse_over_socket(struct kit *k, int64_t code)
{
    bot_event ev = { .kind = BOT_EV_ERROR, .seq = BOT_SEQ_NONE, .error = { .code = BOT_ERR_REJECTED, .venue_code = code } };
    ev.error.request_id = k->ws_request;
    memset(k->replies, 0, sizeof k->replies);
    kit_message(k, BOT_STREAM_TRADE, &ev);
    for (bot_outcome o = BOT_OUTCOME_OK; o <= BOT_OUTCOME_MALFORMED; o++)
        ck_assert_uint_eq(k->replies[o], o == k->venue.ws_refusal(code, (struct slice){ "", 0 }, VENUE_CALL_SUBMIT));
}

/* As over REST: a closed venue is no fault of the bot's, and a stamp outside the window has the clock measured at once. */
TEST(session, the_order_sockets_no_says_why)
{
    static struct kit k;
    over_socket(&k);
    ck_assert_int_eq(kit_submit(&k, 0, BOT_BUY, "1", "100"), BOT_OK);
    const unsigned asked = k.asked[VENUE_CALL_TIME];
    refuse_over_socket(&k, 10002);
    ck_assert_uint_eq(k.replies[BOT_OUTCOME_CLOCK], 1);
    kit_run(&k, 100 * BOT_NS_PER_MS);
    ck_assert_uint_eq(k.asked[VENUE_CALL_TIME], asked + 1);
    ck_assert_uint_eq(kit_reasons(&k), 0);

    ck_assert_int_eq(kit_submit(&k, 0, BOT_BUY, "1", "100"), BOT_OK);
    refuse_over_socket(&k, 110007); /* not enough balance */
    ck_assert_uint_eq(k.replies[BOT_OUTCOME_REJECTED], 1);
    ck_assert_uint_eq(kit_reasons(&k), 0);

    ck_assert_int_eq(kit_submit(&k, 0, BOT_BUY, "1", "100"), BOT_OK);
    refuse_over_socket(&k, 10019);
    ck_assert_uint_eq(k.replies[BOT_OUTCOME_MAINTENANCE], 1);
    ck_assert_uint_eq(kit_reasons(&k), BOT_GATE_VENUE_STATUS);
}

/* As over REST: what was refused for too many requests is not followed by more of them. */
TEST(session, a_limit_that_the_order_socket_tells_of_is_kept)
{
    static struct kit k;
    kit_init(&k);
    k.options.orders_over_ws = true;
    kit_budget(&k);
    kit_open(&k);
    const bot_limits limits = wide();
    kit_start(&k, &limits);
    ck_assert_int_eq(kit_submit(&k, 0, BOT_BUY, "1", "100"), BOT_OK);
    const unsigned sent = k.sent[BOT_STREAM_TRADE];
    refuse_over_socket(&k, 10006);
    ck_assert_uint_eq(k.replies[BOT_OUTCOME_LIMITED], 1);
    (void)kit_submit(&k, 0, BOT_BUY, "1", "100");
    ck_assert_uint_eq(k.sent[BOT_STREAM_TRADE], sent); /* nothing leaves, */
    ck_assert_uint_eq(k.asked[VENUE_CALL_SUBMIT], 0);
    kit_run(&k, 60 * BOT_NS_PER_S);
    ck_assert_int_eq(kit_submit(&k, 0, BOT_BUY, "1", "100"), BOT_OK);
    ck_assert_uint_eq(k.sent[BOT_STREAM_TRADE], sent + 1); /* until the pause is over */
}

TEST(session, an_order_that_its_socket_has_no_room_for_goes_by_rest)
{
    static struct kit k;
    over_socket(&k);
    k.ws_full = true;
    ck_assert_int_eq(kit_submit(&k, 0, BOT_BUY, "1", "100"), BOT_OK);
    ck_assert_uint_eq(k.sent[BOT_STREAM_TRADE], 1); /* the login */
    ck_assert_uint_eq(k.asked[VENUE_CALL_SUBMIT], 1);
    kit_run(&k, BOT_NS_PER_S);
    ck_assert_uint_eq(k.replies[BOT_OUTCOME_OK], 1);
}

/* ---- bringing sockets up ---- */

TEST(session, a_stream_is_ready_when_its_last_subscription_is_acknowledged)
{
    static struct kit k;
    kit_init(&k);
    k.subscriptions = 3;
    kit_open(&k);
    bot__session_start(k.session, kit_time(&k));
    kit_run(&k, BOT_NS_PER_S);
    bot__session_ws_opened(k.session, kit_time(&k), BOT_STREAM_PRIVATE);
    struct session_stats stats;
    ck_assert_uint_eq(k.sent[BOT_STREAM_PRIVATE], 1); /* the login, and nothing before it is accepted */
    kit_control(&k, BOT_STREAM_PRIVATE, BOT_CONTROL_AUTH);
    ck_assert_uint_eq(k.sent[BOT_STREAM_PRIVATE], 4);
    for (unsigned i = 0; i < 3; i++) {
        bot__session_stats_get(k.session, &stats);
        ck_assert(!stats.ready[BOT_STREAM_PRIVATE]);
        kit_control(&k, BOT_STREAM_PRIVATE, BOT_CONTROL_SUBSCRIBED);
    }
    bot__session_stats_get(k.session, &stats);
    ck_assert(stats.ready[BOT_STREAM_PRIVATE]);
}

/* A venue that refuses is tried more and more seldom, up to half a minute. */
TEST(session, a_socket_that_is_refused_is_tried_at_growing_pauses)
{
    static struct kit k;
    kit_init(&k);
    kit_open(&k);
    bot__session_start(k.session, kit_time(&k));
    kit_run(&k, BOT_NS_PER_S);
    bot_ts refused_at = 0, pause = 0, longest = 0;
    for (int i = 0; i < 12; i++) {
        const unsigned opened = k.opened[BOT_STREAM_PRIVATE];
        refused_at = k.now;
        kit_now = &k;
        bot__session_ws_closed(k.session, kit_time(&k), BOT_STREAM_PRIVATE, "refused");
        for (int t = 0; t < 4000 && k.opened[BOT_STREAM_PRIVATE] == opened; t++)
            kit_run(&k, 10 * BOT_NS_PER_MS);
        ck_assert_uint_eq(k.opened[BOT_STREAM_PRIVATE], opened + 1);
        pause = k.now - refused_at;
        longest = pause > longest ? pause : longest;
        ck_assert_msg(pause >= (100 * BOT_NS_PER_MS << (i < 7 ? i : 7)), "try %d after %lld ms", i, (long long)(pause / BOT_NS_PER_MS));
    }
    ck_assert_int_le(longest, 31 * BOT_NS_PER_S);
}

/* The venue closes what connects too often, for minutes: its own limit is kept, whatever drops the connections. */
TEST(session, the_venues_limit_on_connects_is_kept)
{
    static struct kit k;
    kit_init(&k);
    k.venue.private_plan.connects_max = 4;
    k.venue.private_plan.connects_window_ms = 600000;
    kit_open(&k);
    const bot_limits limits = wide();
    kit_start(&k, &limits);
    bot_ts at[16];
    unsigned n = 0;
    at[n++] = BOT_NS_PER_S;
    for (int i = 0; i < 8; i++) {
        const unsigned opened = k.opened[BOT_STREAM_PRIVATE];
        kit_run(&k, 40 * BOT_NS_PER_S); /* steady: the back-off begins anew each time */
        kit_now = &k;
        bot__session_ws_closed(k.session, kit_time(&k), BOT_STREAM_PRIVATE, "cut");
        for (int t = 0; t < 1000 && k.opened[BOT_STREAM_PRIVATE] == opened; t++)
            kit_run(&k, BOT_NS_PER_S);
        ck_assert_uint_eq(k.opened[BOT_STREAM_PRIVATE], opened + 1);
        at[n++] = k.now;
        kit_up(&k, BOT_STREAM_PRIVATE);
        if (n > 4)
            ck_assert_msg(at[n - 1] - at[n - 5] >= 598 * BOT_NS_PER_S, "five connects within %lld s", (long long)((at[n - 1] - at[n - 5]) / BOT_NS_PER_S));
    }
}

/* ---- the budget ---- */

/* One scope of so many requests a minute for everything. */
static void scarce(struct kit *k, uint32_t limit)
{
    kit_init(k);
    k->venue.scopes_n = 1;
    k->venue.scopes[0] = (struct venue_scope){ .name = "all", .window = VENUE_WINDOW_ROLLING, .limit = limit, .window_ns = 60 * BOT_NS_PER_S };
    kit_budget(k);
    kit_open(k);
    const bot_limits limits = wide();
    kit_start(k, &limits);
}

/* A new order that finds no room is refused at once: its price will not be right later. A cancel has a share of its own, and where that is
 * used up it waits for room. */
TEST(session, without_room_an_order_is_refused_now_and_a_cancel_leaves_later)
{
    static struct kit k;
    scarce(&k, 60);
    int sent = 0;
    for (int i = 0; i < 100 && k.replies[BOT_OUTCOME_NOT_SENT] == 0; i++)
        sent += kit_submit(&k, 0, BOT_BUY, "0.01", "100") == BOT_OK;
    ck_assert_uint_eq(k.replies[BOT_OUTCOME_NOT_SENT], 1); /* there and then */
    const unsigned submits = k.asked[VENUE_CALL_SUBMIT];
    ck_assert_uint_eq(submits, (unsigned)sent - 1);
    ck_assert_uint_gt(submits, 10);
    kit_run(&k, BOT_NS_PER_S);
    const bot_event all = { .kind = BOT_EV_CANCEL_ALL, .cancel = { .bot = 0 } };
    ck_assert_int_eq(kit_command(&k, all), (int)submits);
    const unsigned at_once = k.asked[VENUE_CALL_CANCEL];
    ck_assert_uint_ge(at_once, 1);
    ck_assert_uint_lt(at_once, submits);
    kit_run(&k, 180 * BOT_NS_PER_S);
    ck_assert_uint_ge(k.asked[VENUE_CALL_CANCEL], submits); /* none was given up */
    ck_assert_uint_eq(k.asked[VENUE_CALL_SUBMIT], submits);  /* and no order left behind its time */
}

TEST(session, a_ban_that_an_answer_tells_of_is_kept)
{
    static struct kit k;
    scarce(&k, 600);
    k.fail[VENUE_CALL_POSITIONS] = true;
    k.outcome = BOT_OUTCOME_BANNED;
    k.banned_for_ns = 120 * BOT_NS_PER_S;
    const unsigned reads = k.asked[VENUE_CALL_POSITIONS];
    for (int i = 0; i < 100 && k.asked[VENUE_CALL_POSITIONS] == reads; i++)
        kit_run(&k, BOT_NS_PER_S);
    kit_run(&k, BOT_NS_PER_S);
    const bot_ts banned_at = k.now;
    const unsigned asked = k.asked[VENUE_CALL_POSITIONS] + k.asked[VENUE_CALL_OPEN_ORDERS];
    k.fail[VENUE_CALL_POSITIONS] = false;
    kit_run(&k, 115 * BOT_NS_PER_S);
    ck_assert_uint_eq(k.asked[VENUE_CALL_POSITIONS] + k.asked[VENUE_CALL_OPEN_ORDERS], asked);
    ck_assert_uint_ne(kit_reasons(&k), 0);
    kit_run(&k, 60 * BOT_NS_PER_S);
    ck_assert_uint_gt(k.asked[VENUE_CALL_POSITIONS], 0);
    ck_assert_int_ge(k.last_asked[VENUE_CALL_POSITIONS], banned_at + 115 * BOT_NS_PER_S);
    ck_assert_uint_eq(kit_reasons(&k), 0);
}
