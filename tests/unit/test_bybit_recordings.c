/* Every recording of Bybit through the codec, and the order books of whole captures. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "recordings.h"

extern const struct venue bot__venue_bybit;
#define V (&bot__venue_bybit)

static const struct recording_kind kinds[] = {
    { "rest_account_info", RECORDING_NOTHING, 0, 0, "margin modes are not asked for" },
    { "rest_balance", RECORDING_REST, VENUE_CALL_BALANCE, YIELDS(BOT_EV_WALLET), NULL },
    { "rest_errors", RECORDING_REST, VENUE_CALL_POSITIONS, 0, NULL },
    { "rest_fee_rate", RECORDING_NOTHING, 0, 0, "fee rates are not asked for" },
    { "rest_fills", RECORDING_REST, VENUE_CALL_FILLS, YIELDS(BOT_EV_FILL), NULL },
    { "rest_fills_funding", RECORDING_REST, VENUE_CALL_FILLS, YIELDS(BOT_EV_FUNDING), NULL },
    { "rest_funding", RECORDING_NOTHING, 0, 0, "funding rates are no payments" },
    { "rest_instruments", RECORDING_REST, VENUE_CALL_INSTRUMENTS, YIELDS(BOT_EV_INSTRUMENT), NULL },
    { "rest_order_ack", RECORDING_REST, VENUE_CALL_CANCEL, YIELDS(BOT_EV_ACK), NULL },
    { "rest_orderbook", RECORDING_REST, VENUE_CALL_BOOK, YIELDS(BOT_EV_BOOK), NULL },
    { "rest_orders", RECORDING_REST, VENUE_CALL_OPEN_ORDERS, YIELDS(BOT_EV_ORDER), NULL },
    { "rest_position_history", RECORDING_NOTHING, 0, 0, "closed positions are not asked for" },
    { "rest_positions", RECORDING_REST, VENUE_CALL_POSITIONS, YIELDS(BOT_EV_POSITION), NULL },
    { "rest_public_trades", RECORDING_REST, VENUE_CALL_PUBLIC_TRADES, YIELDS(BOT_EV_TRADE), NULL },
    { "rest_time", RECORDING_REST, VENUE_CALL_TIME, YIELDS(BOT_EV_TIME), NULL },
    { "rest_transaction_log", RECORDING_REST, VENUE_CALL_ACCOUNT_LOG, YIELDS(BOT_EV_FUNDING), NULL },
    { "ws_control", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), NULL },
    { "ws_execution", RECORDING_WS, 0, YIELDS(BOT_EV_FILL), NULL },
    { "ws_liquidation", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), "other people's liquidations" },
    { "ws_order", RECORDING_WS, 0, YIELDS(BOT_EV_ORDER), NULL },
    { "ws_order_entry", RECORDING_WS, 0, YIELDS(BOT_EV_ACK) | YIELDS(BOT_EV_ERROR), NULL },
    { "ws_orderbook", RECORDING_WS, 0, YIELDS(BOT_EV_BOOK), NULL },
    { "ws_position", RECORDING_WS, 0, YIELDS(BOT_EV_POSITION), NULL },
    { "ws_public_trades", RECORDING_WS, 0, YIELDS(BOT_EV_TRADE), NULL },
    { "ws_ticker", RECORDING_WS, 0, YIELDS(BOT_EV_CONTROL), "prices that are not traded on" },
    { "ws_wallet", RECORDING_WS, 0, YIELDS(BOT_EV_WALLET), NULL },
    { NULL },
};

#define NO_ENVELOPE "holds only the value of result: a body without retCode has not said success"
static const struct recording_exception exceptions[] = {
    { "rest_balance__hb-v5-account-get-wallet-balance.json", true, 0, NO_ENVELOPE },
    { "rest_fills__hb-v5-execution-get-execution-list.json", true, 0, NO_ENVELOPE },
    { "rest_instruments__hb-v5-market-get-instruments-info-inverse.json", true, 0, NO_ENVELOPE },
    { "rest_order_ack__hb-v5-amend-order.json", true, 0, NO_ENVELOPE },
    { "rest_order_ack__hb-v5-cancel-order.json", true, 0, NO_ENVELOPE },
    { "rest_orderbook__hb-v5-market-get-orderbook.json", true, 0, NO_ENVELOPE },
    { "rest_positions__hb-v5-position-get-position-info.json", true, 0, NO_ENVELOPE },
    { "rest_public_trades__hb-v5-market-get-public-trading-history.json", true, 0, NO_ENVELOPE },
    { "rest_order_ack__ccxt-bybit-cancelAllOrders-5234.json", true, 0, "the answer to another call: tested as such" },
    { "rest_errors.jsonl", true, 0, "errors" },
    { "rest_instruments__ccxt-bybit-fetchSpotMarkets-2004.json", false, YIELDS(BOT_EV_ERROR), "spot" },
    { "rest_instruments__docs-account-instrument-1.json", false, YIELDS(BOT_EV_ERROR), "spot" },
    { "ws_execution__docs-websocket-private-fast-execution-1.json", false, YIELDS(BOT_EV_CONTROL), "neither fee nor kind" },
    { "ws_execution__jk-Subscriptions-V5-Private-MinimalUserTrades-5.json", false, YIELDS(BOT_EV_CONTROL), "neither fee nor kind" },
    { "ws_execution__nt-ws_account_execution_fast.json", false, YIELDS(BOT_EV_CONTROL), "neither fee nor kind" },
    { "ws_execution__nt-ws_account_execution_fast_envelope_id.json", false, YIELDS(BOT_EV_CONTROL), "neither fee nor kind" },
    { "ws_order__ccxt-pro-bybit-handleOrder-1918.json", true, 0, "a row of the spot account of old: other keys" },
    { "ws_order__gct-TestWebsocketOrderResponse-720.json", false, YIELDS(BOT_EV_ERROR), "spot" },
    { "ws_order__nt-ws_account_order_partially_filled_rejected.json", false, YIELDS(BOT_EV_ERROR), "spot" },
    { "ws_order_entry__docs-websocket-trade-guideline-4.json", false, YIELDS(BOT_EV_CONTROL), "a request, not an answer" },
    { NULL },
};

TEST(bybit_recordings, every_kind_decodes_to_what_it_says_or_is_refused_with_a_reason)
{
    const struct recording_totals t = recordings_check(V, kinds, exceptions, stderr);
    ck_assert_int_ge(t.files, 90);
    ck_assert_int_ge(t.events, 160);
}

/* Recordings that hold only "result", put back into the envelope that they came in: real rows, and many of them. */
TEST(bybit_recordings, bare_results_decode_inside_their_envelope)
{
    static const struct { const char *file; enum venue_call call; bot_event_kind yields; int at_least; } files[] = {
        { "rest_balance__hb-v5-account-get-wallet-balance", VENUE_CALL_BALANCE, BOT_EV_WALLET, 2 },
        { "rest_fills__hb-v5-execution-get-execution-list", VENUE_CALL_FILLS, BOT_EV_FILL, 1 },
        { "rest_order_ack__hb-v5-amend-order", VENUE_CALL_AMEND, BOT_EV_ACK, 1 },
        { "rest_order_ack__hb-v5-cancel-order", VENUE_CALL_CANCEL, BOT_EV_ACK, 1 },
        { "rest_positions__hb-v5-position-get-position-info", VENUE_CALL_POSITIONS, BOT_EV_POSITION, 1 },
        { "rest_public_trades__hb-v5-market-get-public-trading-history", VENUE_CALL_PUBLIC_TRADES, BOT_EV_TRADE, 5 },
        { "rest_instruments__hb-v5-market-get-instruments-info-inverse", VENUE_CALL_INSTRUMENTS, BOT_EV_INSTRUMENT, 100 },
    };
    struct venue_context *ctx = context_new(V);
    struct collect c;
    collect_init(&c);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char relative[160];
        size_t len;
        snprintf(relative, sizeof relative, "data/wire/bybit/%s.json", files[i].file);
        char *text = test_read_file(test_shared(relative), &len), *result = text;
        if (files[i].call == VENUE_CALL_INSTRUMENTS) { /* {"LinearInverse": {...}, ...}: its first member */
            struct json j;
            struct slice key, raw;
            bot__json_init(&j, text, len);
            ck_assert(bot__json_object(&j) && bot__json_key(&j, &key));
            raw = bot__json_raw(&j);
            result = text + (raw.p - text);
            result[raw.len] = '\0';
        }
        char *body = malloc(len + 100);
        sprintf(body, "{\"retCode\":0,\"retMsg\":\"\",\"result\":%s,\"time\":1700000000000}", result);
        struct venue_reply reply;
        ck_assert_int_eq(decode_rest(V, ctx, files[i].call, 200, body, &c, &reply), BOT_OK);
        ck_assert_msg(reply.outcome == BOT_OUTCOME_OK, "%s: %s", files[i].file, reply.detail);
        ck_assert_msg(c.counts[files[i].yields] >= files[i].at_least, "%s: %d events", files[i].file, c.counts[files[i].yields]);
        free(body);
        free(text);
    }
    collect_free(&c);
    context_free(ctx);
}

struct chain { /* update ids of one book */
    bot_symbol symbol;
    int64_t    last;
};
struct chains {
    struct chain chain[32];
    int n, snapshots, deltas, broken, trades;
};

static int follow(void *user_data, const bot_event *ev)
{
    struct chains *all = user_data;
    all->trades += ev->kind == BOT_EV_TRADE;
    if (ev->kind != BOT_EV_BOOK)
        return 0;
    int i = 0;
    while (i < all->n && !bot__symbol_eq(&all->chain[i].symbol, &ev->instrument))
        i++;
    if (i == all->n) {
        ck_assert_int_lt(i, 32);
        all->chain[all->n++].symbol = ev->instrument;
    }
    all->snapshots += ev->book.snapshot;
    all->deltas += !ev->book.snapshot;
    if (!ev->book.snapshot)
        all->broken += ev->book.seq_prev != all->chain[i].last;
    all->chain[i].last = ev->book.seq_last;
    return 0;
}

TEST(bybit_recordings, the_books_of_captures_have_unbroken_chains)
{
    static const struct { const char *file; int messages, trades; } files[] = {
        { "data/market/books/bybit_v5_20260809.cryptofeed.jsonl.gz", 500, 1 },
        { "data/market/books/bybit_v5_ob500_xrpusdt_20241201.jsonl.gz", 49, 0 },
    };
    struct venue_context *ctx = context_new(V);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *text = test_read_gz(test_shared(files[i].file), NULL), *save = NULL;
        struct chains all = { 0 };
        int messages = 0;
        for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
            char *message = line;
            if (strncmp(line, "{\"topic\"", 8) != 0) { /* a capture's own line: {"t":"ws","data":"<escaped message>"} */
                struct json j;
                struct slice key, t = { 0 }, data = { 0 }, conn = { 0 };
                bot__json_init(&j, line, strlen(line));
                bot__json_object(&j);
                while (bot__json_key(&j, &key)) {
                    if (slice_is(key, "t")) t = bot__json_text(&j);
                    else if (slice_is(key, "conn")) conn = bot__json_text(&j);
                    else if (slice_is(key, "data") && bot__json_peek(&j) == JSON_STRING) data = bot__json_string(&j);
                    else bot__json_skip(&j);
                }
                ck_assert_int_eq(bot__json_end(&j), BOT_OK);
                /* One connection: spot has symbols of the same names. */
                if (data.len == 0 || slice_is(t, "http") || slice_is(t, "send") || !slice_is(conn, "BYBIT.ws.2"))
                    continue;
                const int n = bot__json_unescape(data, line, data.len);
                ck_assert_int_gt(n, 0);
                message[n] = '\0';
            }
            ctx->why[0] = '\0';
            const int r = V->decode_ws(ctx, BOT_SOURCE_WS_PUBLIC, (struct slice){ message, strlen(message) }, follow, &all);
            ck_assert_msg(r >= 0, "%s: %s: %.200s", files[i].file, ctx->why, message);
            messages++;
        }
        fprintf(stderr, "# %s: %d messages, %d snapshots, %d deltas, %d trades\n", files[i].file, messages, all.snapshots, all.deltas, all.trades);
        ck_assert_int_ge(messages, files[i].messages);
        ck_assert_int_gt(all.snapshots, 0);
        ck_assert_int_gt(all.deltas, 40);
        ck_assert_int_ge(all.trades, files[i].trades);
        ck_assert_int_eq(all.broken, 0);
        free(text);
    }
    context_free(ctx);
}
