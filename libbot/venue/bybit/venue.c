#include "venue/bybit/bybit.h"

/* Per endpoint limits are counted by account in a rolling second; the address has 600 requests in five seconds. */
#define PER_SECOND(name_, limit_) { .name = (name_), .window = VENUE_WINDOW_ROLLING, .limit = (limit_), .window_ns = BOT_NS_PER_S, .one_class = true }

static bot_outcome ws_refusal(int64_t code, struct slice words, enum venue_call call)
{
    (void)words;
    return bot__bybit_outcome(code, call);
}

const struct venue bot__venue_bybit = {
    .name = "bybit",
    .title = "Bybit v5 (unified account, linear and inverse)",
    .endpoints = { .rest = "https://api.bybit.com", .ws_private = "wss://stream.bybit.com/v5/private",
                   .ws_public = "wss://stream.bybit.com/v5/public", .ws_trade = "wss://stream.bybit.com/v5/trade" },
    .endpoints_test = { .rest = "https://api-testnet.bybit.com", .ws_private = "wss://stream-testnet.bybit.com/v5/private",
                        .ws_public = "wss://stream-testnet.bybit.com/v5/public", .ws_trade = "wss://stream-testnet.bybit.com/v5/trade" },
    .private_plan = { .login = true, .subscribe_acked = true, .ping_every_ms = 20000, .dead_after_ms = 10000, .connects_max = 500,
                      .connects_window_ms = 300000 },
    .public_plan = { .subscribe_acked = true, .ping_every_ms = 20000, .dead_after_ms = 10000, .connects_max = 500, .connects_window_ms = 300000 },
    .trade_plan = { .login = true, .ping_every_ms = 20000, .dead_after_ms = 10000, .connects_max = 500, .connects_window_ms = 300000 },
    .scopes = {
        [BYBIT_SCOPE_IP] = { .name = "ip", .window = VENUE_WINDOW_ROLLING, .limit = 600, .window_ns = 5 * BOT_NS_PER_S, .per_ip = true },
        [BYBIT_SCOPE_CREATE] = PER_SECOND("create", 10),
        [BYBIT_SCOPE_AMEND] = PER_SECOND("amend", 10),
        [BYBIT_SCOPE_CANCEL] = PER_SECOND("cancel", 10),
        [BYBIT_SCOPE_POSITION] = PER_SECOND("position", 50),
        [BYBIT_SCOPE_EXECUTION] = PER_SECOND("execution", 50),
        [BYBIT_SCOPE_ORDERS] = PER_SECOND("orders", 50),
        [BYBIT_SCOPE_WALLET] = PER_SECOND("wallet", 50),
    },
    .scopes_n = BYBIT_SCOPES,
    .has_fills_channel = true,
    .has_client_ids = true,
    .has_amend = true,
    .has_reduce_only = true,
    .has_dead_man = false, /* disconnect protection is for institutional clients, on request: a bot cancels by itself */
    .has_ws_orders = true,
    .has_position_seq = true,
    .has_position_time = true,
    .positions_omit_flat = true, /* with settleCoin only rows with a size come */
    .book = { .chain = BOOK_CHAIN_NEXT },
    .hedge_possible = true,
    .absence_bound_ns = 60 * BOT_NS_PER_S, /* venues have placed orders 40 to 50 s late: a lost order is believed lost only after that */
    .order_unknown_ns = 5 * BOT_NS_PER_S,
    .fills_window_max_ns = INT64_C(7) * 86400 * BOT_NS_PER_S,
    .fills_history_ns = INT64_C(730) * 86400 * BOT_NS_PER_S,
    .positions_parts = 3,
    .fills_parts = 2,
    .orders_parts = 3,
    .instruments_parts = 2,
    .order_parts = 2, /* order/realtime forgets what ended: all but the last 500, and all of it when the service restarts */
    .client_id_max = BYBIT_CLIENT_ID_MAX,
    .client_id_alphabet = BYBIT_CLIENT_ID_ALPHABET,
    .decode_ws = bot__bybit_decode_ws,
    .decode_rest = bot__bybit_decode_rest,
    .encode_rest = bot__bybit_encode_rest,
    .encode_ws = bot__bybit_encode_ws,
    .ws_draw = bot__bybit_draw,
    .ws_refusal = ws_refusal,
    .ws_login = bot__bybit_login,
    .ws_subscribe = bot__bybit_subscribe,
    .ws_resubscribe_book = bot__bybit_resubscribe_book,
    .ws_ping = bot__bybit_ping,
    .ws_public_of = bot__bybit_public_of,
    .ws_path = bot__bybit_path,
};
