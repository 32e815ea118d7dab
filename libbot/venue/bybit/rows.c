#include "venue/bybit/bybit.h"

#include <stdio.h>

#include "venue/fields_row.h"
#include "venue/levels.h"

static bot_side side_of(struct slice s)
{
    return slice_is(s, "Buy") ? BOT_BUY : slice_is(s, "Sell") ? BOT_SELL : BOT_SIDE_NONE;
}

/* A row that cannot be read: what was wrong is kept for the caller's words. */
static int bad(struct bybit_rows *rows, const struct fields *f, struct json *j)
{
    const struct slice name = bot__fields_culprit(f);
    snprintf(rows->error, sizeof rows->error, "%.*s: %s", (int)name.len, name.p, bot_strerror(f->err));
    bot__json_fail(j, f->err);
    return f->err;
}

/* Of a topic of all categories: BTCUSDT is a spot pair as well, and a row that does not say which of the two must not move the other. */
static void must_say(const struct bybit_rows *rows, struct fields *f, uint32_t i)
{
    if (rows->of_all && !bot__field_given(f, i))
        bot__fields_fail(f, i, BOT_ERR_MALFORMED);
}

/* Derivatives pass; other categories become a named error. */
static bool foreign(struct bybit_rows *rows, struct slice category, bot_symbol symbol, bot_event *ev)
{
    if (category.len == 0)
        category = rows->category;
    if (category.len == 0 || slice_is(category, "linear") || slice_is(category, "inverse"))
        return false;
    bot__event_init(ev, BOT_EV_ERROR, rows->source);
    ev->error.code = BOT_ERR_UNSUPPORTED;
    snprintf(ev->error.detail, sizeof ev->error.detail, "%.*s row of %s: not a derivative, not counted", (int)category.len, category.p, symbol.s);
    return true;
}

/* ---- executions ---- */

enum { X_SYMBOL, X_EXEC_ID, X_ORDER_ID, X_LINK_ID, X_SIDE, X_PRICE, X_QTY, X_TYPE, X_FEE, X_FEE_CURRENCY, X_TIME, X_MAKER, X_LEAVES, X_SEQ,
       X_CATEGORY, X_CLOSED, X_FIELDS };
static const struct slice execution_names[X_FIELDS] = {
    { "symbol", 6 },    { "execId", 6 },   { "orderId", 7 },      { "orderLinkId", 11 }, { "side", 4 },
    { "execPrice", 9 }, { "execQty", 7 },  { "execType", 8 },     { "execFee", 7 },      { "feeCurrency", 11 },
    { "execTime", 8 },  { "isMaker", 7 },  { "leavesQty", 9 },    { "seq", 3 },          { "category", 8 },
    { "closedSize", 10 },
};

/* Of forty keys of a row sixteen are wanted. */
static inline uint32_t execution_find(struct slice key)
{
    switch (key.len) {
    case 3: FIELD_AT(key, "seq", X_SEQ); break;
    case 4: FIELD_AT(key, "side", X_SIDE); break;
    case 6: FIELD_AT(key, "symbol", X_SYMBOL); FIELD_AT(key, "execId", X_EXEC_ID); break;
    case 7:
        FIELD_AT(key, "orderId", X_ORDER_ID); FIELD_AT(key, "execQty", X_QTY); FIELD_AT(key, "execFee", X_FEE);
        FIELD_AT(key, "isMaker", X_MAKER);
        break;
    case 8: FIELD_AT(key, "execType", X_TYPE); FIELD_AT(key, "execTime", X_TIME); FIELD_AT(key, "category", X_CATEGORY); break;
    case 9: FIELD_AT(key, "execPrice", X_PRICE); FIELD_AT(key, "leavesQty", X_LEAVES); break;
    case 10: FIELD_AT(key, "closedSize", X_CLOSED); break;
    case 11: FIELD_AT(key, "orderLinkId", X_LINK_ID); FIELD_AT(key, "feeCurrency", X_FEE_CURRENCY); break;
    default: break;
    }
    return X_FIELDS;
}

/* Kinds that change a position. Funding does not: its row repeats the position's size as execQty. */
static bot_fill_kind kind_of(struct slice s)
{
    if (slice_is(s, "Trade") || slice_is(s, "FutureSpread")) return BOT_FILL_TRADE;
    if (slice_is(s, "AdlTrade")) return BOT_FILL_ADL;
    if (slice_is(s, "BustTrade")) return BOT_FILL_LIQUIDATION;
    if (slice_is(s, "Delivery") || slice_is(s, "Settle")) return BOT_FILL_SETTLEMENT;
    if (slice_is(s, "BlockTrade")) return BOT_FILL_BLOCK;
    if (slice_is(s, "MovePosition")) return BOT_FILL_TRANSFER;
    return BOT_FILL_UNKNOWN;
}

/* BOT_OK, 1 when the row is of no interest (an error event stands in *ev), or an error. */
static int execution_row(struct json *j, struct bybit_rows *rows, bot_event *ev)
{
    struct fields f;
    fields_row(&f, j, execution_names, X_FIELDS, execution_find, 0);
    if (f.err != 0)
        return bad(rows, &f, j);
    bot__event_init(ev, BOT_EV_FILL, rows->source);
    if (!bot__field_symbol(&f, X_SYMBOL, &ev->instrument))
        bot__fields_fail(&f, X_SYMBOL, BOT_ERR_MALFORMED);
    ev->venue_ns = bot__field_ms(&f, X_TIME);
    if (!bot__field_i64(&f, X_SEQ, &ev->seq) || ev->seq < 0)
        ev->seq = BOT_SEQ_NONE;
    must_say(rows, &f, X_CATEGORY);
    if (f.err == 0 && foreign(rows, f.v[X_CATEGORY], ev->instrument, ev))
        return 1;
    bot_id exec_id = { 0 };
    if (!bot__field_id(&f, X_EXEC_ID, &exec_id))
        bot__fields_fail(&f, X_EXEC_ID, BOT_ERR_MALFORMED);

    if (field_is(&f, X_TYPE, "Funding")) {
        ev->kind = BOT_EV_FUNDING;
        ev->funding.exec_id = exec_id;
        bot__field_currency(&f, X_FEE_CURRENCY, &ev->funding.currency);
        if (!bot__field_dec(&f, X_FEE, &ev->funding.amount)) /* positive: the holder pays */
            bot__fields_fail(&f, X_FEE, BOT_ERR_MALFORMED);
        return f.err != 0 ? bad(rows, &f, j) : BOT_OK;
    }
    bot_ev_fill *x = &ev->fill;
    x->exec_id = exec_id;
    x->kind = bot__field_given(&f, X_TYPE) ? kind_of(f.v[X_TYPE]) : BOT_FILL_UNKNOWN;
    x->side = side_of(f.v[X_SIDE]);
    if (x->side == BOT_SIDE_NONE)
        bot__fields_fail(&f, X_SIDE, BOT_ERR_MALFORMED);
    bot__field_id(&f, X_ORDER_ID, &x->order_id);
    bot__field_id(&f, X_LINK_ID, &x->client_id);
    if (!bot__field_dec_positive(&f, X_QTY, &x->qty))
        bot__fields_fail(&f, X_QTY, BOT_ERR_MALFORMED);
    if (!bot__field_dec_positive(&f, X_PRICE, &x->price))
        bot__fields_fail(&f, X_PRICE, BOT_ERR_MALFORMED);
    ev->has = BOT_HAS_QTY | BOT_HAS_PRICE;
    if (bot__field_dec(&f, X_FEE, &x->fee))
        ev->has |= BOT_HAS_FEE;
    if (bot__field_dec_counted(&f, X_LEAVES, &x->leaves_qty))
        ev->has |= BOT_HAS_LEAVES_QTY;
    bot_dec closed;
    if (bot__field_dec(&f, X_CLOSED, &closed)) /* "" where the venue does not say */
        ev->has |= bot_dec_is_zero(closed) ? BOT_HAS_OPENS : BOT_HAS_CLOSES;
    bot__field_currency(&f, X_FEE_CURRENCY, &x->fee_currency);
    bool maker;
    if (bot__field_bool(&f, X_MAKER, &maker))
        x->liquidity = maker ? BOT_MAKER : BOT_TAKER;
    return f.err != 0 ? bad(rows, &f, j) : BOT_OK;
}

int bot__bybit_execution(struct json *j, void *arg)
{
    struct bybit_rows *rows = arg;
    bot_event own, *const ev = bot__emit_slot(rows->e, 0, &own);
    const int r = execution_row(j, rows, ev);
    if (r < 0)
        return r;
    bot__emit(rows->e, ev);
    return BOT_OK;
}

/* ---- orders ---- */

enum { O_SYMBOL, O_ORDER_ID, O_LINK_ID, O_STATUS, O_SIDE, O_QTY, O_CUM, O_LEAVES, O_PRICE, O_AVG, O_TRIGGER, O_TYPE, O_TIF, O_REDUCE,
       O_IDX, O_REJECT, O_CANCEL, O_UPDATED, O_CATEGORY, O_FIELDS };
static const struct slice order_names[O_FIELDS] = {
    { "symbol", 6 },     { "orderId", 7 },  { "orderLinkId", 11 },  { "orderStatus", 11 },  { "side", 4 },        { "qty", 3 },
    { "cumExecQty", 10 },{ "leavesQty", 9 },{ "price", 5 },         { "avgPrice", 8 },      { "triggerPrice", 12 },{ "orderType", 9 },
    { "timeInForce", 11 },{ "reduceOnly", 10 },{ "positionIdx", 11 },{ "rejectReason", 12 }, { "cancelType", 10 },  { "updatedTime", 11 },
    { "category", 8 },
};

static inline uint32_t order_find(struct slice key)
{
    switch (key.len) {
    case 3: FIELD_AT(key, "qty", O_QTY); break;
    case 4: FIELD_AT(key, "side", O_SIDE); break;
    case 5: FIELD_AT(key, "price", O_PRICE); break;
    case 6: FIELD_AT(key, "symbol", O_SYMBOL); break;
    case 7: FIELD_AT(key, "orderId", O_ORDER_ID); break;
    case 8: FIELD_AT(key, "avgPrice", O_AVG); FIELD_AT(key, "category", O_CATEGORY); break;
    case 9: FIELD_AT(key, "leavesQty", O_LEAVES); FIELD_AT(key, "orderType", O_TYPE); break;
    case 10: FIELD_AT(key, "cumExecQty", O_CUM); FIELD_AT(key, "reduceOnly", O_REDUCE); FIELD_AT(key, "cancelType", O_CANCEL); break;
    case 11:
        FIELD_AT(key, "orderLinkId", O_LINK_ID);
        FIELD_AT(key, "orderStatus", O_STATUS);
        FIELD_AT(key, "timeInForce", O_TIF);
        FIELD_AT(key, "positionIdx", O_IDX);
        FIELD_AT(key, "updatedTime", O_UPDATED);
        break;
    case 12: FIELD_AT(key, "triggerPrice", O_TRIGGER); FIELD_AT(key, "rejectReason", O_REJECT); break;
    default: break;
    }
    return O_FIELDS;
}

static bot_order_status status_of(struct slice s)
{
    if (slice_is(s, "New") || slice_is(s, "Created") || slice_is(s, "Active")) return BOT_ORDER_OPEN;
    if (slice_is(s, "PartiallyFilled")) return BOT_ORDER_PARTIALLY_FILLED;
    if (slice_is(s, "Filled")) return BOT_ORDER_FILLED;
    if (slice_is(s, "Cancelled") || slice_is(s, "Deactivated") || slice_is(s, "PartiallyFilledCanceled")) return BOT_ORDER_CANCELED;
    if (slice_is(s, "Rejected")) return BOT_ORDER_REJECTED;
    if (slice_is(s, "Untriggered")) return BOT_ORDER_UNTRIGGERED;
    if (slice_is(s, "Triggered")) return BOT_ORDER_TRIGGERED;
    return BOT_ORDER_NONE;
}

static bot_tif tif_of(struct slice s)
{
    /* The long words are those of accounts before the unified one, still found in recordings. */
    if (slice_is(s, "GTC") || slice_is(s, "GoodTillCancel")) return BOT_GTC;
    if (slice_is(s, "IOC") || slice_is(s, "ImmediateOrCancel")) return BOT_IOC;
    if (slice_is(s, "FOK") || slice_is(s, "FillOrKill")) return BOT_FOK;
    return slice_is(s, "PostOnly") ? BOT_POST_ONLY : BOT_TIF_NONE;
}

static bool leg_of(struct fields *f, uint32_t i, bot_leg *ret)
{
    int64_t idx;
    if (!bot__field_i64(f, i, &idx))
        return false;
    if (idx < 0 || idx > 2) {
        bot__fields_fail(f, i, BOT_ERR_MALFORMED);
        return false;
    }
    *ret = idx == 0 ? BOT_LEG_NET : idx == 1 ? BOT_LEG_LONG : BOT_LEG_SHORT;
    return true;
}

int bot__bybit_order(struct json *j, void *arg)
{
    struct bybit_rows *rows = arg;
    struct fields f;
    fields_row(&f, j, order_names, O_FIELDS, order_find, 0);
    if (f.err != 0)
        return bad(rows, &f, j);
    bot_event own, *const ev = bot__emit_slot(rows->e, 0, &own);
    bot__event_init(ev, BOT_EV_ORDER, rows->source);
    if (!bot__field_symbol(&f, O_SYMBOL, &ev->instrument))
        bot__fields_fail(&f, O_SYMBOL, BOT_ERR_MALFORMED);
    must_say(rows, &f, O_CATEGORY);
    if (f.err == 0 && foreign(rows, f.v[O_CATEGORY], ev->instrument, ev)) {
        bot__emit(rows->e, ev);
        return BOT_OK;
    }
    bot_ev_order *o = &ev->order;
    ev->venue_ns = bot__field_ms(&f, O_UPDATED);
    if (ev->venue_ns == 0) {
        if (rows->envelope_ns == 0)
            bot__emit_again(rows->e); /* it may stand behind the rows */
        ev->venue_ns = rows->envelope_ns;
    }
    if (!bot__field_id(&f, O_ORDER_ID, &o->order_id))
        bot__fields_fail(&f, O_ORDER_ID, BOT_ERR_MALFORMED);
    bot__field_id(&f, O_LINK_ID, &o->client_id);
    o->status = status_of(f.v[O_STATUS]);
    if (o->status == BOT_ORDER_NONE)
        bot__fields_fail(&f, O_STATUS, BOT_ERR_MALFORMED);
    o->side = side_of(f.v[O_SIDE]);
    if (o->side == BOT_SIDE_NONE)
        bot__fields_fail(&f, O_SIDE, BOT_ERR_MALFORMED);
    (void)leg_of(&f, O_IDX, &o->leg);
    o->type = field_is(&f, O_TYPE, "Limit") ? BOT_LIMIT : field_is(&f, O_TYPE, "Market") ? BOT_MARKET : BOT_TYPE_NONE;
    o->tif = tif_of(f.v[O_TIF]);
    if (o->tif == BOT_POST_ONLY) {
        o->post_only = true;
        ev->has |= BOT_HAS_POST_ONLY;
    }
    const struct { uint32_t field, bit; bot_dec *to; } numbers[] = {
        { O_QTY, BOT_HAS_QTY, &o->qty },           { O_CUM, BOT_HAS_CUM_QTY, &o->cum_qty }, { O_LEAVES, BOT_HAS_LEAVES_QTY, &o->leaves_qty },
        { O_PRICE, BOT_HAS_PRICE, &o->price },     { O_AVG, BOT_HAS_AVG_PRICE, &o->avg_price },
        { O_TRIGGER, BOT_HAS_TRIGGER_PRICE, &o->trigger_price },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!bot__field_dec(&f, numbers[i].field, numbers[i].to))
            continue;
        if (bot_dec_sign(*numbers[i].to) < 0)
            bot__fields_fail(&f, numbers[i].field, BOT_ERR_MALFORMED);
        ev->has |= numbers[i].bit;
    }
    /* "0" stands for "none" in these three. */
    if ((ev->has & BOT_HAS_AVG_PRICE) != 0 && bot_dec_is_zero(o->avg_price)) ev->has &= ~(uint32_t)BOT_HAS_AVG_PRICE;
    if ((ev->has & BOT_HAS_TRIGGER_PRICE) != 0 && bot_dec_is_zero(o->trigger_price)) ev->has &= ~(uint32_t)BOT_HAS_TRIGGER_PRICE;
    if ((ev->has & BOT_HAS_PRICE) != 0 && bot_dec_is_zero(o->price)) ev->has &= ~(uint32_t)BOT_HAS_PRICE;
    if (bot__field_bool(&f, O_REDUCE, &o->reduce_only))
        ev->has |= BOT_HAS_REDUCE_ONLY;
    if (bot__field_given(&f, O_REJECT) && !field_is(&f, O_REJECT, "EC_NoError") && !field_is(&f, O_REJECT, "UNKNOWN"))
        bot__field_text(&f, O_REJECT, o->reason, sizeof o->reason);
    else if (o->status == BOT_ORDER_CANCELED && bot__field_given(&f, O_CANCEL) && !field_is(&f, O_CANCEL, "UNKNOWN"))
        bot__field_text(&f, O_CANCEL, o->reason, sizeof o->reason);
    if (f.err != 0)
        return bad(rows, &f, j);
    bot__emit(rows->e, ev);
    return BOT_OK;
}

/* ---- positions ---- */

enum { P_SYMBOL, P_SIDE, P_SIZE, P_AVG, P_ENTRY, P_IDX, P_SEQ, P_UPDATED, P_CATEGORY, P_FIELDS };
static const struct slice position_names[P_FIELDS] = {
    { "symbol", 6 }, { "side", 4 }, { "size", 4 }, { "avgPrice", 8 }, { "entryPrice", 10 }, { "positionIdx", 11 }, { "seq", 3 },
    { "updatedTime", 11 }, { "category", 8 },
};

int bot__bybit_position(struct json *j, void *arg)
{
    struct bybit_rows *rows = arg;
    struct fields f;
    bot__fields_read(&f, j, position_names, P_FIELDS);
    if (f.err != 0)
        return bad(rows, &f, j);
    bot_event ev;
    bot__event_init(&ev, BOT_EV_POSITION, rows->source);
    if (!bot__field_symbol(&f, P_SYMBOL, &ev.instrument))
        bot__fields_fail(&f, P_SYMBOL, BOT_ERR_MALFORMED);
    if (f.err == 0 && foreign(rows, f.v[P_CATEGORY], ev.instrument, &ev)) {
        bot__emit(rows->e, &ev);
        return BOT_OK;
    }
    bot_ev_position *p = &ev.position;
    if (!bot__field_dec(&f, P_SIZE, &p->qty) || bot_dec_sign(p->qty) < 0)
        bot__fields_fail(&f, P_SIZE, BOT_ERR_MALFORMED);
    if (!leg_of(&f, P_IDX, &p->leg)) /* always given: without it the legs of hedge mode would be two nets of one instrument */
        bot__fields_fail(&f, P_IDX, BOT_ERR_MALFORMED);
    const bot_side side = side_of(f.v[P_SIDE]);
    if ((p->leg == BOT_LEG_LONG && side == BOT_SELL) || (p->leg == BOT_LEG_SHORT && side == BOT_BUY))
        bot__fields_fail(&f, P_SIDE, BOT_ERR_CONFLICT);
    if (side == BOT_SELL) {
        p->qty = bot_dec_neg(p->qty);
    } else if (side == BOT_SIDE_NONE && !bot_dec_is_zero(p->qty)) {
        bot__fields_fail(&f, P_SIDE, BOT_ERR_MALFORMED); /* a size without a direction is no position */
    }
    ev.has = BOT_HAS_QTY;
    const uint32_t entry = bot__field_given(&f, P_ENTRY) ? P_ENTRY : P_AVG;
    if (bot__field_dec_counted(&f, entry, &p->entry_price) && !bot_dec_is_zero(p->entry_price))
        ev.has |= BOT_HAS_ENTRY_PRICE;
    if (!bot__field_i64(&f, P_SEQ, &ev.seq) || ev.seq < 0)
        ev.seq = BOT_SEQ_NONE;
    ev.venue_ns = bot__field_ms(&f, P_UPDATED);
    if (f.err != 0)
        return bad(rows, &f, j);
    bot__emit(rows->e, &ev);
    return BOT_OK;
}

/* ---- wallet ---- */

enum { W_COIN, W_BALANCE, W_FIELDS };
static const struct slice coin_names[W_FIELDS] = { { "coin", 4 }, { "walletBalance", 13 } };

int bot__bybit_wallet(struct json *j, void *arg)
{
    struct bybit_rows *rows = arg;
    struct slice key;
    bool coins = false;
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        if (!slice_is(key, "coin")) {
            bot__json_skip(j);
            continue;
        }
        coins = true;
        bot__json_array(j);
        while (bot__json_item(j)) {
            struct fields f;
            bot__fields_read(&f, j, coin_names, W_FIELDS);
            bot_event ev;
            bot__event_init(&ev, BOT_EV_WALLET, rows->source);
            ev.venue_ns = rows->envelope_ns;
            if (!bot__field_currency(&f, W_COIN, &ev.wallet.currency))
                bot__fields_fail(&f, W_COIN, BOT_ERR_MALFORMED);
            const bool given = bot__field_dec(&f, W_BALANCE, &ev.wallet.balance);
            if (f.err != 0)
                return bad(rows, &f, j);
            if (given)
                bot__emit(rows->e, &ev);
        }
    }
    /* Rows of another list (the transaction log has the same envelope) would read as accounts that hold nothing. */
    const struct fields none = { .names = coin_names, .n = W_FIELDS, .err = BOT_ERR_MALFORMED, .err_at = W_COIN };
    return coins || j->err != BOT_OK ? j->err : bad(rows, &none, j);
}

/* ---- the account's log ---- */

enum { L_SYMBOL, L_TYPE, L_FUNDING, L_CURRENCY, L_TIME, L_TRADE_ID, L_FIELDS };
static const struct slice log_names[L_FIELDS] = { { "symbol", 6 }, { "type", 4 }, { "funding", 7 }, { "currency", 8 }, { "transactionTime", 15 },
                                                  { "tradeId", 7 } };

/* Funding stands here as type SETTLEMENT with the sign of the balance change: the opposite of the execution's fee. Its
 * tradeId is that execution's id. Trades stand in the fills call, and everything else is no matter of positions. */
int bot__bybit_log(struct json *j, void *arg)
{
    struct bybit_rows *rows = arg;
    struct fields f;
    bot__fields_read(&f, j, log_names, L_FIELDS);
    if (f.err != 0)
        return bad(rows, &f, j);
    bot_event ev;
    /* A row that does not say what it is, or a settlement without a word on funding ("" where it is none), may be a payment. */
    if (!bot__field_given(&f, L_TYPE) || (field_is(&f, L_TYPE, "SETTLEMENT") && !bot__field_seen(&f, L_FUNDING))) {
        bot__fields_fail(&f, bot__field_given(&f, L_TYPE) ? L_FUNDING : L_TYPE, BOT_ERR_MALFORMED);
        return bad(rows, &f, j);
    }
    if (!field_is(&f, L_TYPE, "SETTLEMENT") || !bot__field_given(&f, L_FUNDING)) {
        bot__event_init(&ev, BOT_EV_CONTROL, rows->source);
        ev.control.control = BOT_CONTROL_OTHER;
        bot__field_text(&f, L_TYPE, ev.control.text, sizeof ev.control.text);
        bot__emit(rows->e, &ev);
        return BOT_OK;
    }
    bot__event_init(&ev, BOT_EV_FUNDING, rows->source);
    if (!bot__field_symbol(&f, L_SYMBOL, &ev.instrument))
        bot__fields_fail(&f, L_SYMBOL, BOT_ERR_MALFORMED);
    if (!bot__field_id(&f, L_TRADE_ID, &ev.funding.exec_id)) /* without its name it would be paid again by each reading */
        bot__fields_fail(&f, L_TRADE_ID, BOT_ERR_MALFORMED);
    bot__field_currency(&f, L_CURRENCY, &ev.funding.currency);
    bot__field_dec(&f, L_FUNDING, &ev.funding.amount);
    ev.funding.amount = bot_dec_neg(ev.funding.amount);
    ev.venue_ns = bot__field_ms(&f, L_TIME);
    if (f.err != 0)
        return bad(rows, &f, j);
    bot__emit(rows->e, &ev);
    return BOT_OK;
}

/* ---- instruments ---- */

enum { I_SYMBOL, I_CONTRACT, I_STATUS, I_BASE, I_QUOTE, I_SETTLE, I_PRICES, I_LOTS, I_FIELDS };
static const struct slice instrument_names[I_FIELDS] = {
    { "symbol", 6 }, { "contractType", 12 }, { "status", 6 }, { "baseCoin", 8 }, { "quoteCoin", 9 }, { "settleCoin", 10 }, { "priceFilter", 11 },
    { "lotSizeFilter", 13 },
};
enum { F_TICK, F_FIELDS };
static const struct slice price_names[F_FIELDS] = { { "tickSize", 8 } };
enum { L_STEP, L_MIN, L_MAX, L_NOTIONAL, L_LOT_FIELDS };
static const struct slice lot_names[L_LOT_FIELDS] = { { "qtyStep", 7 }, { "minOrderQty", 11 }, { "maxOrderQty", 11 }, { "minNotionalValue", 16 } };

/* The members of an object in a row: as its fields, none of which is nested. */
static void filter(struct fields *f, uint32_t i, struct fields *ret, const struct slice *names, uint32_t n)
{
    struct json j;
    const struct slice text = bot__field_given(f, i) ? f->v[i] : SLICE("{}");
    bot__json_init(&j, text.p, text.len);
    bot__fields_read(ret, &j, names, n);
}

int bot__bybit_instrument(struct json *j, void *arg)
{
    struct bybit_rows *rows = arg;
    struct fields f, prices, lots;
    bot_event ev;
    bot__fields_read_raw(&f, j, instrument_names, I_FIELDS, NULL, UINT64_C(1) << I_PRICES | UINT64_C(1) << I_LOTS);
    if (f.err != 0)
        return bad(rows, &f, j);
    bot__event_init(&ev, BOT_EV_INSTRUMENT, rows->source);
    bot_ev_instrument *in = &ev.inst;
    bot__field_symbol(&f, I_SYMBOL, &ev.instrument);
    bot__field_currency(&f, I_BASE, &in->base);
    bot__field_currency(&f, I_QUOTE, &in->quote);
    bot__field_currency(&f, I_SETTLE, &in->settle);
    if (f.err != 0)
        return bad(rows, &f, j);
    if (!bot__field_given(&f, I_CONTRACT)) { /* spot and options have none */
        bot_event other;
        if (foreign(rows, (struct slice){ 0 }, ev.instrument, &other)) {
            bot__emit(rows->e, &other);
            return BOT_OK;
        }
    }
    in->contract = field_is(&f, I_CONTRACT, "LinearPerpetual") || field_is(&f, I_CONTRACT, "LinearFutures")     ? BOT_LINEAR
                   : field_is(&f, I_CONTRACT, "InversePerpetual") || field_is(&f, I_CONTRACT, "InverseFutures") ? BOT_INVERSE
                                                                                                                : BOT_CONTRACT_NONE;
    filter(&f, I_PRICES, &prices, price_names, F_FIELDS);
    filter(&f, I_LOTS, &lots, lot_names, L_LOT_FIELDS);
    const bool tick = bot__field_dec_positive(&prices, F_TICK, &in->tick), lot = bot__field_dec_positive(&lots, L_STEP, &in->lot);
    bot__field_dec(&lots, L_MIN, &in->qty_min);
    bot__field_dec(&lots, L_MAX, &in->qty_max);
    bot__field_dec(&lots, L_NOTIONAL, &in->notional_min);
    if (prices.err != 0 || lots.err != 0)
        return bad(rows, prices.err != 0 ? &prices : &lots, j);
    if (ev.instrument.len == 0 || in->contract == BOT_CONTRACT_NONE || !tick || !lot) {
        snprintf(rows->error, sizeof rows->error, "instrument %s: name, contract, tick or lot missing", ev.instrument.s);
        return BOT_ERR_MALFORMED;
    }
    in->tradable = field_is(&f, I_STATUS, "Trading");
    in->multiplier = (bot_dec){ 1, 0 }; /* linear counts coins, inverse contracts of 1 USD */
    bot__emit(rows->e, &ev);
    return BOT_OK;
}

/* ---- public ---- */

enum { T_TIME, T_SYMBOL, T_SIDE, T_QTY, T_PRICE, T_ID, T_BLOCK, T_SEQ, T_FIELDS };
static const struct slice trade_names[T_FIELDS] = { { "T", 1 }, { "s", 1 }, { "S", 1 }, { "v", 1 }, { "p", 1 }, { "i", 1 }, { "BT", 2 }, { "seq", 3 } };
static const struct slice public_trade_names[T_FIELDS] = { { "time", 4 }, { "symbol", 6 }, { "side", 4 }, { "size", 4 }, { "price", 5 },
                                                           { "execId", 6 }, { "isBlockTrade", 12 }, { "seq", 3 } };

/* trade_names by length and letter. */
static inline uint32_t trade_find(struct slice key)
{
    if (key.len == 1) {
        switch (key.p[0]) {
        case 'T': return T_TIME;
        case 's': return T_SYMBOL;
        case 'S': return T_SIDE;
        case 'v': return T_QTY;
        case 'p': return T_PRICE;
        case 'i': return T_ID;
        default: return T_FIELDS;
        }
    }
    return slice_is(key, "BT") ? T_BLOCK : slice_is(key, "seq") ? T_SEQ : T_FIELDS;
}

/* f: a row as read by one of the two tables. */
static int trade(struct json *j, struct bybit_rows *rows, struct fields *f, bot_event *ev)
{
    if (f->err != 0)
        return bad(rows, f, j);
    bot__event_init(ev, BOT_EV_TRADE, rows->source);
    bot_ev_trade *t = &ev->trade;
    if (!bot__field_symbol(f, T_SYMBOL, &ev->instrument))
        bot__fields_fail(f, T_SYMBOL, BOT_ERR_MALFORMED);
    if (!bot__field_dec_positive(f, T_QTY, &t->qty))
        bot__fields_fail(f, T_QTY, BOT_ERR_MALFORMED);
    if (!bot__field_dec_positive(f, T_PRICE, &t->price))
        bot__fields_fail(f, T_PRICE, BOT_ERR_MALFORMED);
    bot__field_id(f, T_ID, &t->trade_id);
    bot__field_bool(f, T_BLOCK, &t->block);
    t->side = side_of(f->v[T_SIDE]);
    t->sent_ns = rows->envelope_ns;
    t->replayed = rows->replayed;
    ev->venue_ns = bot__field_ms(f, T_TIME);
    if (!bot__field_i64(f, T_SEQ, &ev->seq) || ev->seq < 0)
        ev->seq = BOT_SEQ_NONE;
    ev->has = BOT_HAS_QTY | BOT_HAS_PRICE;
    return f->err != 0 ? bad(rows, f, j) : BOT_OK;
}

int bot__bybit_trade(struct json *j, void *arg)
{
    struct bybit_rows *rows = arg;
    struct fields f;
    bot_event own, *const ev = bot__emit_slot(rows->e, 0, &own);
    fields_row(&f, j, trade_names, T_FIELDS, trade_find, 0);
    const int r = trade(j, rows, &f, ev);
    if (r == BOT_OK)
        bot__emit(rows->e, ev);
    return r;
}

int bot__bybit_public_trade(struct json *j, void *rows)
{
    struct fields f;
    bot_event ev;
    bot__fields_read(&f, j, public_trade_names, T_FIELDS);
    const int r = trade(j, rows, &f, &ev);
    if (r == BOT_OK)
        bot__emit(((struct bybit_rows *)rows)->e, &ev);
    return r;
}

int64_t bot__bybit_ms(struct json *j)
{
    int64_t ms, ns;
    if (!bot__json_i64(j, &ms))
        return 0;
    if (ms < 0 || __builtin_mul_overflow(ms, BOT_NS_PER_MS, &ns)) {
        bot__json_fail(j, BOT_ERR_OVERFLOW);
        return 0;
    }
    return ns;
}

static const struct level_shape level_shape = { .zero = LEVEL_ZERO_TAKEN };

int bot__bybit_book_read(struct venue_context *ctx, struct json *j, bool snapshot, int64_t *venue_ns, bot_source source, bot_event *ev)
{
    bot__event_init(ev, BOT_EV_BOOK, source);
    bot_ev_book *b = &ev->book;
    b->snapshot = snapshot;
    b->seq_first = b->seq_last = b->seq_prev = BOT_SEQ_NONE;
    uint32_t used = 0, seen = 0;
    enum { S = 1, B = 2, A = 4, U = 8, SEQ = 16, CTS = 32, TS = 64 };
    struct slice key;
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        if (slice_is(key, "s")) {
            bot__once(j, &seen, S);
            bot__json_symbol(j, &ev->instrument);
        } else if (slice_is(key, "b")) {
            bot__once(j, &seen, B);
            b->bids = bot__levels_read(j, &level_shape, &ctx->scratch, &used, &b->bids_n);
        } else if (slice_is(key, "a")) {
            bot__once(j, &seen, A);
            b->asks = bot__levels_read(j, &level_shape, &ctx->scratch, &used, &b->asks_n);
        } else if (slice_is(key, "u")) {
            bot__once(j, &seen, U);
            bot__json_i64(j, &b->seq_last);
        } else if (slice_is(key, "seq")) {
            bot__once(j, &seen, SEQ);
            bot__json_i64(j, &ev->seq);
        } else if (slice_is(key, "cts") || slice_is(key, "ts")) {
            const bool matched = slice_is(key, "cts");
            bot__once(j, &seen, matched ? CTS : TS);
            const int64_t ns = bot__bybit_ms(j);
            if (matched || *venue_ns == 0)
                *venue_ns = ns;
        } else {
            bot__json_skip(j);
        }
    }
    if (j->err != 0)
        return j->err;
    if (ev->instrument.len == 0 || b->seq_last == BOT_SEQ_NONE)
        return BOT_ERR_MALFORMED;
    /* u grows by one with each delta; u = 1 is a restart of the service: the book is whole again. */
    b->seq_first = b->seq_last;
    if (!snapshot && b->seq_last == 1)
        b->snapshot = true;
    if (!b->snapshot)
        b->seq_prev = b->seq_last - 1;
    ev->venue_ns = *venue_ns;
    return BOT_OK;
}

int bot__bybit_book(struct venue_context *ctx, struct slice data, bool snapshot, int64_t venue_ns, bot_source source, struct emit *e)
{
    struct json j;
    bot_event ev;
    bot__json_init(&j, data.p, data.len);
    const int read = bot__bybit_book_read(ctx, &j, snapshot, &venue_ns, source, &ev), r = bot__json_end(&j);
    if (r < 0 || read < 0)
        return r < 0 ? r : read;
    bot__emit(e, &ev);
    return BOT_OK;
}
