/* bitFlyer Lightning: rows. */
#include <stdio.h>

#include "venue/fields_row.h"
#include "venue/bitflyer/bitflyer.h"
#include "venue/levels.h"

#define F(text) { text, sizeof(text) - 1 }

static bot_side side_of(const struct fields *f, uint32_t i)
{
    return field_is(f, i, "BUY") ? BOT_BUY : field_is(f, i, "SELL") ? BOT_SELL : BOT_SIDE_NONE;
}

static int64_t iso_of(struct fields *f, uint32_t i)
{
    int64_t ns = 0;
    if (bot__field_given(f, i) && bot__iso_parse(f->v[i].p, f->v[i].len, &ns) < 0)
        bot__fields_fail(f, i, BOT_ERR_MALFORMED);
    return ns;
}

static void instrument_of(struct fields *f, uint32_t i, const struct bf_rows *o, bot_event *ev)
{
    if (!bot__field_symbol(f, i, &ev->instrument) && o->instrument.len > 0 &&
        !bot__symbol_set(&ev->instrument, o->instrument.p, o->instrument.len))
        bot__fields_fail(f, i, BOT_ERR_OVERFLOW);
}

/* The acceptance id; the child order id where there is none. */
static void order_id_of(struct fields *f, uint32_t acceptance, uint32_t child, bot_id *ret)
{
    if (!bot__field_id(f, acceptance, ret) && !bot__field_id(f, child, ret))
        bot__fields_fail(f, acceptance, BOT_ERR_MALFORMED);
}

/* Commission is taken in the base coin on spot ("BTC_JPY": BTC) and is 0 on FX, whose currency nobody states. */
static void commission_of(struct fields *f, uint32_t i, bot_event *ev)
{
    if (!bot__field_dec(f, i, &ev->fill.fee))
        return;
    ev->has |= BOT_HAS_FEE;
    const char *s = ev->instrument.s, *dash = strchr(s, '_');
    if (strncmp(s, "FX_", 3) == 0)
        bot__currency_set(&ev->fill.fee_currency, "JPY", 3);
    else if (dash != NULL && dash - s <= BOT_CURRENCY_MAX)
        bot__currency_set(&ev->fill.fee_currency, s, (size_t)(dash - s));
}

/* ---- child order events ------------------------------------------------------------------------------------- */

enum {
    E_PRODUCT, E_CHILD, E_ACCEPT, E_DATE, E_EVENT, E_TYPE, E_SIDE, E_PRICE, E_SIZE, E_EXEC, E_COMMISSION, E_SFD, E_OUTSTANDING,
    E_REASON, E_FIELDS,
};
static const struct slice event_fields[E_FIELDS] = {
    [E_PRODUCT] = F("product_code"), [E_CHILD] = F("child_order_id"),    [E_ACCEPT] = F("child_order_acceptance_id"),
    [E_DATE] = F("event_date"),      [E_EVENT] = F("event_type"),        [E_TYPE] = F("child_order_type"),
    [E_SIDE] = F("side"),            [E_PRICE] = F("price"),             [E_SIZE] = F("size"),
    [E_EXEC] = F("exec_id"),         [E_COMMISSION] = F("commission"),   [E_SFD] = F("sfd"),
    [E_OUTSTANDING] = F("outstanding_size"), [E_REASON] = F("reason"),
};

static inline uint32_t event_find(struct slice key)
{
    switch (key.len) {
    case 3: FIELD_AT(key, "sfd", E_SFD); break;
    case 4: FIELD_AT(key, "side", E_SIDE); FIELD_AT(key, "size", E_SIZE); break;
    case 5: FIELD_AT(key, "price", E_PRICE); break;
    case 6: FIELD_AT(key, "reason", E_REASON); break;
    case 7: FIELD_AT(key, "exec_id", E_EXEC); break;
    case 10: FIELD_AT(key, "event_date", E_DATE); FIELD_AT(key, "event_type", E_EVENT); FIELD_AT(key, "commission", E_COMMISSION); break;
    case 12: FIELD_AT(key, "product_code", E_PRODUCT); break;
    case 14: FIELD_AT(key, "child_order_id", E_CHILD); break;
    case 16: FIELD_AT(key, "child_order_type", E_TYPE); FIELD_AT(key, "outstanding_size", E_OUTSTANDING); break;
    case 25: FIELD_AT(key, "child_order_acceptance_id", E_ACCEPT); break;
    default: break;
    }
    return E_FIELDS;
}

static void type_of(const struct fields *f, uint32_t i, bot_event *ev)
{
    ev->order.type = field_is(f, i, "LIMIT") ? BOT_LIMIT : field_is(f, i, "MARKET") ? BOT_MARKET : BOT_TYPE_NONE;
}

/* 0 on market orders. */
static void price_of(struct fields *f, uint32_t i, bot_event *ev, uint32_t bit, bot_dec *ret)
{
    bot_dec d;
    if (bot__field_dec(f, i, &d) && bot_dec_sign(d) > 0) {
        *ret = d;
        ev->has |= bit;
    }
}

/* One match: the fill, what swap-for-difference charged on it, and the order after it. */
static int execution_event(struct fields *f, struct json *j, struct bf_rows *o, bot_dec sfd, bot_event *order)
{
    bot_event own, *const fill = bot__emit_slot(&o->e, 0, &own);
    bot__event_init(fill, BOT_EV_FILL, o->source);
    fill->instrument = order->instrument;
    fill->venue_ns = order->venue_ns;
    if (!bot__field_id(f, E_EXEC, &fill->fill.exec_id) || field_is(f, E_EXEC, "0"))
        bot__fields_fail(f, E_EXEC, BOT_ERR_MALFORMED);
    fill->fill.order_id = order->order.order_id;
    fill->fill.side = side_of(f, E_SIDE);
    if (fill->fill.side == BOT_SIDE_NONE)
        bot__fields_fail(f, E_SIDE, BOT_ERR_MALFORMED);
    fill->fill.leg = BOT_LEG_NET;
    /* Forced closes look like any other execution, of an order that we did not send: the core marks those. */
    fill->fill.kind = BOT_FILL_TRADE;
    if (bot__field_dec_positive(f, E_SIZE, &fill->fill.qty) && bot__field_dec_positive(f, E_PRICE, &fill->fill.price))
        fill->has |= BOT_HAS_QTY | BOT_HAS_PRICE;
    else
        bot__fields_fail(f, E_SIZE, BOT_ERR_MALFORMED);
    commission_of(f, E_COMMISSION, fill);
    if (bot__field_dec_counted(f, E_OUTSTANDING, &fill->fill.leaves_qty))
        fill->has |= BOT_HAS_LEAVES_QTY;
    if (f->err == 0)
        bot__emit(&o->e, fill);

    if (!bot_dec_is_zero(sfd)) {
        bot_event cost;
        bot__event_init(&cost, BOT_EV_FUNDING, o->source);
        cost.instrument = fill->instrument;
        cost.venue_ns = fill->venue_ns;
        char id[BOT_ID_MAX + 1];
        snprintf(id, sizeof id, "sfd:%.40s", fill->fill.exec_id.s);
        bot__id_set(&cost.funding.exec_id, id, strlen(id));
        cost.funding.amount = bot_dec_neg(sfd); /* the docs' -0.5 is a charge */
        bot__currency_set(&cost.funding.currency, "JPY", 3);
        if (f->err == 0)
            bot__emit(&o->e, &cost);
    }
    order->order.side = fill->fill.side;
    if (fill->has & BOT_HAS_LEAVES_QTY) {
        order->order.leaves_qty = fill->fill.leaves_qty;
        order->has |= BOT_HAS_LEAVES_QTY;
        order->order.status = bot_dec_is_zero(fill->fill.leaves_qty) ? BOT_ORDER_FILLED : BOT_ORDER_PARTIALLY_FILLED;
    } else {
        order->order.status = BOT_ORDER_PARTIALLY_FILLED;
    }
    return bot__row_end(f, j, &o->e, order, o->why, sizeof o->why);
}

int bot__bf_child_event_row(struct json *j, void *arg)
{
    struct bf_rows *o = arg;
    struct fields f;
    fields_row(&f, j, event_fields, E_FIELDS, event_find, 0);
    if (f.err != 0)
        return f.err;
    const bool matched = field_is(&f, E_EVENT, "EXECUTION");
    bot_dec sfd = { 0, 0 };
    if (matched)
        bot__field_dec(&f, E_SFD, &sfd);
    bot_event own, *const ev = bot__emit_slot(&o->e, !matched ? 0 : bot_dec_is_zero(sfd) ? 1 : 2, &own);
    bot__event_init(ev, BOT_EV_ORDER, o->source);
    instrument_of(&f, E_PRODUCT, o, ev);
    order_id_of(&f, E_ACCEPT, E_CHILD, &ev->order.order_id);
    ev->venue_ns = iso_of(&f, E_DATE);
    ev->order.leg = BOT_LEG_NET;
    if (ev->instrument.len == 0)
        bot__fields_fail(&f, E_PRODUCT, BOT_ERR_MALFORMED);

    if (matched)
        return execution_event(&f, j, o, sfd, ev);
    if (field_is(&f, E_EVENT, "CANCEL_FAILED")) {
        bot_event ack;
        bot__event_init(&ack, BOT_EV_ACK, o->source);
        ack.instrument = ev->instrument;
        ack.venue_ns = ev->venue_ns;
        ack.ack.order_id = ev->order.order_id;
        bot__field_text(&f, bot__field_given(&f, E_REASON) ? E_REASON : E_EVENT, ack.ack.reason, sizeof ack.ack.reason);
        return bot__row_end(&f, j, &o->e, &ack, o->why, sizeof o->why);
    }
    if (field_is(&f, E_EVENT, "ORDER")) {
        ev->order.status = BOT_ORDER_OPEN;
        ev->order.side = side_of(&f, E_SIDE);
        type_of(&f, E_TYPE, ev);
        if (bot__field_dec_positive(&f, E_SIZE, &ev->order.qty))
            ev->has |= BOT_HAS_QTY;
        price_of(&f, E_PRICE, ev, BOT_HAS_PRICE, &ev->order.price);
    } else if (field_is(&f, E_EVENT, "ORDER_FAILED")) {
        ev->order.status = BOT_ORDER_REJECTED;
        bot__field_text(&f, E_REASON, ev->order.reason, sizeof ev->order.reason);
    } else if (field_is(&f, E_EVENT, "CANCEL")) {
        /* Whether size is the order's or the rest's is nowhere stated: it is not taken. */
        ev->order.status = BOT_ORDER_CANCELED;
        price_of(&f, E_PRICE, ev, BOT_HAS_PRICE, &ev->order.price);
    } else if (field_is(&f, E_EVENT, "EXPIRE")) {
        ev->order.status = BOT_ORDER_EXPIRED;
    } else {
        bot__fields_fail(&f, E_EVENT, BOT_ERR_MALFORMED);
    }
    return bot__row_end(&f, j, &o->e, ev, o->why, sizeof o->why);
}

/* ---- REST: executions, orders, lots ------------------------------------------------------------------------- */

enum { X_ID, X_CHILD, X_ACCEPT, X_SIDE, X_PRICE, X_SIZE, X_COMMISSION, X_DATE, X_PRODUCT, X_FIELDS };
static const struct slice execution_fields[X_FIELDS] = {
    [X_ID] = F("id"),       [X_CHILD] = F("child_order_id"), [X_ACCEPT] = F("child_order_acceptance_id"), [X_SIDE] = F("side"),
    [X_PRICE] = F("price"), [X_SIZE] = F("size"),            [X_COMMISSION] = F("commission"),            [X_DATE] = F("exec_date"),
    [X_PRODUCT] = F("product_code"),
};

int bot__bf_execution_row(struct json *j, void *arg)
{
    struct bf_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, execution_fields, X_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_FILL, o->source);
    instrument_of(&f, X_PRODUCT, o, &ev);
    if (!bot__field_id(&f, X_ID, &ev.fill.exec_id) || field_is(&f, X_ID, "0"))
        bot__fields_fail(&f, X_ID, BOT_ERR_MALFORMED);
    order_id_of(&f, X_ACCEPT, X_CHILD, &ev.fill.order_id);
    ev.fill.side = side_of(&f, X_SIDE);
    ev.fill.leg = BOT_LEG_NET;
    ev.fill.kind = BOT_FILL_TRADE;
    if (ev.fill.side == BOT_SIDE_NONE)
        bot__fields_fail(&f, X_SIDE, BOT_ERR_MALFORMED);
    if (bot__field_dec_positive(&f, X_SIZE, &ev.fill.qty) && bot__field_dec_positive(&f, X_PRICE, &ev.fill.price))
        ev.has |= BOT_HAS_QTY | BOT_HAS_PRICE;
    else
        bot__fields_fail(&f, X_SIZE, BOT_ERR_MALFORMED);
    commission_of(&f, X_COMMISSION, &ev);
    ev.venue_ns = iso_of(&f, X_DATE);
    if (o->reply != NULL && ev.fill.exec_id.len > 0)
        memcpy(o->reply->cursor, ev.fill.exec_id.s, ev.fill.exec_id.len + 1u);
    o->rows += !o->e.dry;
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

enum {
    C_CHILD, C_ACCEPT, C_PRODUCT, C_SIDE, C_TYPE, C_PRICE, C_AVG, C_SIZE, C_STATE, C_DATE, C_OUTSTANDING, C_EXECUTED, C_TIF,
    C_FIELDS,
};
static const struct slice child_fields[C_FIELDS] = {
    [C_CHILD] = F("child_order_id"), [C_ACCEPT] = F("child_order_acceptance_id"), [C_PRODUCT] = F("product_code"),
    [C_SIDE] = F("side"),            [C_TYPE] = F("child_order_type"),            [C_PRICE] = F("price"),
    [C_AVG] = F("average_price"),    [C_SIZE] = F("size"),                        [C_STATE] = F("child_order_state"),
    [C_DATE] = F("child_order_date"), [C_OUTSTANDING] = F("outstanding_size"),    [C_EXECUTED] = F("executed_size"),
    [C_TIF] = F("time_in_force"),
};

int bot__bf_order_row(struct json *j, void *arg)
{
    struct bf_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, child_fields, C_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_ORDER, o->source);
    instrument_of(&f, C_PRODUCT, o, &ev);
    order_id_of(&f, C_ACCEPT, C_CHILD, &ev.order.order_id);
    ev.order.side = side_of(&f, C_SIDE);
    ev.order.leg = BOT_LEG_NET;
    type_of(&f, C_TYPE, &ev);
    ev.order.tif = field_is(&f, C_TIF, "GTC")   ? BOT_GTC
                   : field_is(&f, C_TIF, "IOC") ? BOT_IOC
                   : field_is(&f, C_TIF, "FOK") ? BOT_FOK
                                                : BOT_TIF_NONE;
    price_of(&f, C_PRICE, &ev, BOT_HAS_PRICE, &ev.order.price);
    price_of(&f, C_AVG, &ev, BOT_HAS_AVG_PRICE, &ev.order.avg_price);
    if (bot__field_dec_positive(&f, C_SIZE, &ev.order.qty))
        ev.has |= BOT_HAS_QTY;
    if (bot__field_dec_counted(&f, C_EXECUTED, &ev.order.cum_qty))
        ev.has |= BOT_HAS_CUM_QTY;
    if (bot__field_dec_counted(&f, C_OUTSTANDING, &ev.order.leaves_qty))
        ev.has |= BOT_HAS_LEAVES_QTY;
    /* child_order_date is when it was sent, not when it changed: no update time. */
    const bool some = (ev.has & BOT_HAS_CUM_QTY) && bot_dec_sign(ev.order.cum_qty) > 0;
    ev.order.status = field_is(&f, C_STATE, "ACTIVE")      ? (some ? BOT_ORDER_PARTIALLY_FILLED : BOT_ORDER_OPEN)
                      : field_is(&f, C_STATE, "COMPLETED") ? BOT_ORDER_FILLED
                      : field_is(&f, C_STATE, "CANCELED")  ? BOT_ORDER_CANCELED
                      : field_is(&f, C_STATE, "EXPIRED")   ? BOT_ORDER_EXPIRED
                      : field_is(&f, C_STATE, "REJECTED")  ? BOT_ORDER_REJECTED
                                                           : BOT_ORDER_NONE;
    if (ev.order.status == BOT_ORDER_NONE)
        bot__fields_fail(&f, C_STATE, BOT_ERR_MALFORMED);
    if (ev.order.side == BOT_SIDE_NONE)
        bot__fields_fail(&f, C_SIDE, BOT_ERR_MALFORMED);
    o->rows += !o->e.dry;
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

enum { L_PRODUCT, L_SIDE, L_PRICE, L_SIZE, L_FIELDS };
static const struct slice lot_fields[L_FIELDS] = {
    [L_PRODUCT] = F("product_code"), [L_SIDE] = F("side"), [L_PRICE] = F("price"), [L_SIZE] = F("size"),
};

/* Adds one lot; bot__bf_lots_finish gives the position. The venue nets oldest first, so that the lots of one product all
 * have one side; should they not, the net is still their sum, and only the entry price is lost. */
int bot__bf_lot_row(struct json *j, void *arg)
{
    struct bf_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, lot_fields, L_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_symbol product = { 0 };
    bot_dec size = { 0, 0 }, price = { 0, 0 };
    const bot_side side = side_of(&f, L_SIDE);
    if (!bot__field_symbol(&f, L_PRODUCT, &product) &&
        (o->instrument.len == 0 || !bot__symbol_set(&product, o->instrument.p, o->instrument.len)))
        bot__fields_fail(&f, L_PRODUCT, BOT_ERR_MALFORMED);
    if (side == BOT_SIDE_NONE)
        bot__fields_fail(&f, L_SIDE, BOT_ERR_MALFORMED);
    if (!bot__field_dec_positive(&f, L_SIZE, &size))
        bot__fields_fail(&f, L_SIZE, BOT_ERR_MALFORMED);
    if (!bot__field_dec_positive(&f, L_PRICE, &price))
        bot__fields_fail(&f, L_PRICE, BOT_ERR_MALFORMED);
    if (o->lots_n > 0 && !bot__symbol_eq(&product, &o->lots_of))
        bot__fields_fail(&f, L_PRODUCT, BOT_ERR_CONFLICT); /* asked for one product, told of two */
    bot_i128 qty = 0, cost = 0;
    if (f.err == 0 && bot_dec_to_fixed(size, &qty) < 0)
        bot__fields_fail(&f, L_SIZE, BOT_ERR_OVERFLOW);
    if (side == BOT_SELL)
        qty = -qty;
    const bool cost_known = f.err == 0 && bot_dec_mul_fixed(side == BOT_SELL ? bot_dec_neg(size) : size, price, &cost) == BOT_OK;
    const bool same_side = o->lots_n == 0 || (qty > 0) == (o->lots_qty > 0);
    if (f.err == 0 && !bot_fixed_add(o->lots_qty, qty, &o->lots_qty))
        bot__fields_fail(&f, L_SIZE, BOT_ERR_OVERFLOW);
    if (f.err != 0) {
        bot__json_fail(j, f.err);
        return f.err;
    }
    if (o->lots_n == 0) {
        o->lots_of = product;
        o->lots_size = side == BOT_SELL ? bot_dec_neg(size) : size;
        o->lots_price = price;
        o->lots_cost_known = true;
    }
    o->lots_cost_known = o->lots_cost_known && cost_known && same_side && bot_fixed_add(o->lots_cost, cost, &o->lots_cost);
    o->lots_n++;
    return BOT_OK;
}

void bot__bf_lots_finish(struct bf_rows *o)
{
    if (o->lots_n == 0)
        return;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_POSITION, o->source);
    ev.instrument = o->lots_of;
    ev.position.leg = BOT_LEG_NET;
    ev.position.qty = o->lots_n == 1 ? o->lots_size : bot_dec_from_fixed(o->lots_qty);
    ev.has |= BOT_HAS_QTY;
    /* The entry price of several lots is their weighted mean, given only when that is a decimal: nothing is rounded. */
    bot_i128 mean, back;
    const bot_i128 one = (bot_i128)1000000000 * 1000000000;
    if (o->lots_n == 1) {
        ev.position.entry_price = o->lots_price;
        ev.has |= BOT_HAS_ENTRY_PRICE;
    } else if (o->lots_cost_known && o->lots_qty != 0 &&
               bot_fixed_muldiv_half_even(o->lots_cost, one, o->lots_qty, &mean) == BOT_OK &&
               bot_fixed_mul_exact(mean, o->lots_qty, &back) == BOT_OK && back == o->lots_cost) {
        ev.position.entry_price = bot_dec_from_fixed(mean);
        ev.has |= BOT_HAS_ENTRY_PRICE;
    }
    bot__emit(&o->e, &ev);
}

/* ---- public ------------------------------------------------------------------------------------------------- */

int bot__bf_number(struct slice text, bot_dec *ret)
{
    size_t n = 0;
    while (n < text.len && text.p[n] != 'e' && text.p[n] != 'E')
        n++;
    bot_dec d;
    int r = bot_dec_parse(text.p, n, &d);
    if (r < 0 || n == text.len) {
        if (r == BOT_OK)
            *ret = d;
        return r;
    }
    const bool plus = n + 1 < text.len && text.p[n + 1] == '+';
    int64_t exponent;
    if (!bot__text_i64((struct slice){ text.p + n + 1 + plus, text.len - n - 1 - plus }, &exponent) || (plus && exponent < 0))
        return BOT_ERR_MALFORMED;
    if (exponent < -76 || exponent > 76)
        return BOT_ERR_OVERFLOW;
    int64_t scale = d.scale - exponent;
    for (; scale < 0; scale++)
        if (__builtin_mul_overflow(d.coef, 10, &d.coef))
            return BOT_ERR_OVERFLOW;
    for (; scale > 38 && d.coef % 10 == 0; scale--)
        d.coef /= 10;
    if (scale > 38)
        return BOT_ERR_OVERFLOW;
    d.scale = (int32_t)scale;
    *ret = d;
    return BOT_OK;
}

static bool public_number(struct fields *f, uint32_t i, bot_dec *ret)
{
    if (!bot__field_given(f, i))
        return false;
    const int r = bot__bf_number(f->v[i], ret);
    if (r < 0)
        bot__fields_fail(f, i, r);
    return r >= 0;
}

enum { R_ID, R_SIDE, R_PRICE, R_SIZE, R_DATE, R_PRODUCT, R_FIELDS };
static const struct slice trade_fields[R_FIELDS] = {
    [R_ID] = F("id"), [R_SIDE] = F("side"), [R_PRICE] = F("price"), [R_SIZE] = F("size"), [R_DATE] = F("exec_date"),
    [R_PRODUCT] = F("product_code"),
};

static inline uint32_t trade_find(struct slice key)
{
    switch (key.len) {
    case 2: FIELD_AT(key, "id", R_ID); break;
    case 4: FIELD_AT(key, "side", R_SIDE); FIELD_AT(key, "size", R_SIZE); break;
    case 5: FIELD_AT(key, "price", R_PRICE); break;
    case 9: FIELD_AT(key, "exec_date", R_DATE); break;
    case 12: FIELD_AT(key, "product_code", R_PRODUCT); break;
    default: break;
    }
    return R_FIELDS;
}

int bot__bf_trade_row(struct json *j, void *arg)
{
    struct bf_rows *o = arg;
    struct fields f;
    fields_row(&f, j, trade_fields, R_FIELDS, trade_find, 0);
    if (f.err != 0)
        return f.err;
    bot_event own, *const ev = bot__emit_slot(&o->e, 0, &own);
    bot__event_init(ev, BOT_EV_TRADE, o->source);
    instrument_of(&f, R_PRODUCT, o, ev);
    if (!bot__field_id(&f, R_ID, &ev->trade.trade_id))
        bot__fields_fail(&f, R_ID, BOT_ERR_MALFORMED);
    ev->trade.side = side_of(&f, R_SIDE); /* "" in auctions */
    if (public_number(&f, R_SIZE, &ev->trade.qty) && public_number(&f, R_PRICE, &ev->trade.price) && ev->trade.qty.coef > 0 &&
        ev->trade.price.coef > 0)
        ev->has |= BOT_HAS_QTY | BOT_HAS_PRICE;
    else
        bot__fields_fail(&f, R_SIZE, BOT_ERR_MALFORMED);
    ev->venue_ns = iso_of(&f, R_DATE);
    ev->trade.replayed = o->source == BOT_SOURCE_REST;
    return bot__row_end(&f, j, &o->e, ev, o->why, sizeof o->why);
}

/* Price 0 stands for market orders waiting in an auction: they are on no level. */
static const struct level_shape level_shape = { .price = F("price"), .qty = F("size"), .zero = LEVEL_ZERO_PASSED_OVER, .number = bot__bf_number };

int bot__bf_board(struct json *j, struct bf_rows *o, bool snapshot)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_BOOK, o->source);
    if (o->instrument.len > 0 && !bot__symbol_set(&ev.instrument, o->instrument.p, o->instrument.len))
        return BOT_ERR_OVERFLOW;
    ev.book.snapshot = snapshot;
    ev.book.seq_first = ev.book.seq_last = ev.book.seq_prev = BOT_SEQ_NONE;
    bool asks = false, bids = false;
    uint32_t used = 0;
    struct slice key;
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        if (slice_is(key, "asks") && !asks) {
            ev.book.asks = bot__levels_read(j, &level_shape, o->scratch, &used, &ev.book.asks_n);
            asks = true;
        } else if (slice_is(key, "bids") && !bids) {
            ev.book.bids = bot__levels_read(j, &level_shape, o->scratch, &used, &ev.book.bids_n);
            bids = true;
        } else if (slice_is(key, "asks") || slice_is(key, "bids")) {
            bot__json_fail(j, BOT_ERR_CONFLICT);
        } else {
            bot__json_skip(j);
        }
    }
    if (j->err == 0 && (!asks || !bids))
        bot__json_fail(j, BOT_ERR_MALFORMED);
    if (j->err != 0)
        return j->err;
    bot__emit(&o->e, &ev);
    return BOT_OK;
}

/* Tick sizes and minimum orders are nowhere in the API: from the venue's product pages; sizes count to 8 digits. */
int bot__bf_market_row(struct json *j, void *arg)
{
    static const struct {
        const char  *product;
        bot_contract contract;
        bot_dec      tick, qty_min;
        const char  *base, *quote;
    } known[] = {
        { "FX_BTC_JPY", BOT_LINEAR, { 1, 0 }, { 1, 3 }, "BTC", "JPY" },
        { "BTC_JPY", BOT_SPOT, { 1, 0 }, { 1, 3 }, "BTC", "JPY" },
        { "ETH_JPY", BOT_SPOT, { 1, 0 }, { 1, 2 }, "ETH", "JPY" },
        { "XRP_JPY", BOT_SPOT, { 1, 2 }, { 1, 1 }, "XRP", "JPY" },
        { "XLM_JPY", BOT_SPOT, { 1, 3 }, { 1, 1 }, "XLM", "JPY" },
        { "MONA_JPY", BOT_SPOT, { 1, 3 }, { 1, 1 }, "MONA", "JPY" },
        { "ETH_BTC", BOT_SPOT, { 1, 5 }, { 1, 2 }, "ETH", "BTC" },
        { "BCH_BTC", BOT_SPOT, { 1, 5 }, { 1, 2 }, "BCH", "BTC" },
        { "BTC_USD", BOT_SPOT, { 1, 2 }, { 1, 3 }, "BTC", "USD" },
        { "BTC_EUR", BOT_SPOT, { 1, 2 }, { 1, 3 }, "BTC", "EUR" },
    };
    static const struct slice names[] = { F("product_code") };
    struct bf_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, names, 1);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (f.v[0].len != strlen(known[i].product) || memcmp(f.v[0].p, known[i].product, f.v[0].len) != 0)
            continue;
        bot__event_init(&ev, BOT_EV_INSTRUMENT, o->source);
        bot__field_symbol(&f, 0, &ev.instrument);
        ev.inst.contract = known[i].contract;
        ev.inst.tradable = true;
        ev.inst.tick = known[i].tick;
        ev.inst.lot = (bot_dec){ 1, 8 };
        ev.inst.multiplier = (bot_dec){ 1, 0 };
        ev.inst.qty_min = known[i].qty_min;
        bot__currency_set(&ev.inst.base, known[i].base, strlen(known[i].base));
        bot__currency_set(&ev.inst.quote, known[i].quote, strlen(known[i].quote));
        if (known[i].contract == BOT_LINEAR)
            bot__currency_set(&ev.inst.settle, known[i].quote, strlen(known[i].quote));
        return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
    }
    /* Dated futures of the past and what came after this table: listed, and said to be of no use. */
    if (!bot__field_given(&f, 0))
        bot__fields_fail(&f, 0, BOT_ERR_MALFORMED);
    bot__event_init(&ev, BOT_EV_CONTROL, o->source);
    ev.control.control = BOT_CONTROL_OTHER;
    bot__field_text(&f, 0, ev.control.text, sizeof ev.control.text);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

/* ---- money, status ------------------------------------------------------------------------------------------ */

enum { B_CODE, B_AMOUNT, B_COLLATERAL, B_FIELDS };
static const struct slice money_fields[B_FIELDS] = {
    [B_CODE] = F("currency_code"), [B_AMOUNT] = F("amount"), [B_COLLATERAL] = F("collateral"),
};

int bot__bf_balance_row(struct json *j, void *arg)
{
    struct bf_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, money_fields, B_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_WALLET, o->source);
    if (!bot__field_currency(&f, B_CODE, &ev.wallet.currency) || !bot__field_dec(&f, B_AMOUNT, &ev.wallet.balance))
        bot__fields_fail(&f, B_CODE, BOT_ERR_MALFORMED);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

int bot__bf_collateral(struct json *j, struct bf_rows *o)
{
    struct fields f;
    bot__fields_read(&f, j, money_fields, B_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_WALLET, o->source);
    bot__currency_set(&ev.wallet.currency, "JPY", 3);
    if (!bot__field_dec(&f, B_COLLATERAL, &ev.wallet.balance))
        bot__fields_fail(&f, B_COLLATERAL, BOT_ERR_MALFORMED);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

enum { H_HEALTH, H_STATE, H_PRODUCT, H_STATUS, H_TIME, H_FIELDS };
static const struct slice state_fields[H_FIELDS] = {
    [H_HEALTH] = F("health"), [H_STATE] = F("state"), [H_PRODUCT] = F("product_code"), [H_STATUS] = F("status"),
    [H_TIME] = F("timestamp"),
};

/* health is how loaded the venue is, state is whether the board trades; the worse of the two counts. A word that is not
 * in the table is taken for a stop: it was not there when we learned what is safe. */
static bot_status worse(bot_status a, bot_status b) { return a > b ? a : b; }

static bot_status health_of(const struct fields *f, uint32_t i)
{
    return !bot__field_given(f, i) || field_is(f, i, "NORMAL")                                     ? BOT_STATUS_NORMAL
           : field_is(f, i, "BUSY") || field_is(f, i, "VERY BUSY") || field_is(f, i, "SUPER BUSY") ? BOT_STATUS_BUSY
           : field_is(f, i, "NO ORDER")                                                            ? BOT_STATUS_CANCEL_ONLY
                                                                                                   : BOT_STATUS_STOPPED;
}

static bot_status state_of(const struct fields *f, uint32_t i)
{
    return !bot__field_given(f, i) || field_is(f, i, "RUNNING") ? BOT_STATUS_NORMAL
           : field_is(f, i, "CLOSED") || field_is(f, i, "STARTING") || field_is(f, i, "PREOPEN") || field_is(f, i, "AWAITING SQ") ||
                   field_is(f, i, "MATURED")
               ? BOT_STATUS_CLOSED
               : BOT_STATUS_STOPPED; /* CIRCUIT BREAK */
}

static int status_event(struct fields *f, struct json *j, struct bf_rows *o, bot_status status, uint32_t a, uint32_t b)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_STATUS, o->source);
    instrument_of(f, H_PRODUCT, o, &ev);
    ev.status.status = status;
    char first[24], second[24];
    bot__field_text(f, a, first, sizeof first);
    bot__field_text(f, b, second, sizeof second);
    snprintf(ev.status.text, sizeof ev.status.text, "%.15s%s%.15s", first, first[0] != '\0' && second[0] != '\0' ? "/" : "", second);
    ev.venue_ns = iso_of(f, H_TIME);
    return bot__row_end(f, j, &o->e, &ev, o->why, sizeof o->why);
}

int bot__bf_ticker(struct json *j, struct bf_rows *o)
{
    struct fields f;
    bot__fields_read(&f, j, state_fields, H_FIELDS);
    if (f.err != 0)
        return f.err;
    if (bot__field_given(&f, H_STATE))
        return status_event(&f, j, o, state_of(&f, H_STATE), H_HEALTH, H_STATE);
    bot_event ev; /* REST's ticker and old ones say nothing of the board's state */
    bot__event_init(&ev, BOT_EV_CONTROL, o->source);
    ev.control.control = BOT_CONTROL_OTHER;
    bot__text_copy(SLICE("ticker"), ev.control.text, sizeof ev.control.text);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

int bot__bf_board_state(struct json *j, struct bf_rows *o)
{
    struct fields f;
    bot__fields_read(&f, j, state_fields, H_FIELDS);
    if (f.err != 0)
        return f.err;
    const uint32_t health = bot__field_given(&f, H_HEALTH) ? H_HEALTH : H_STATUS; /* gethealth says "status" */
    if (!bot__field_given(&f, health))
        bot__fields_fail(&f, health, BOT_ERR_MALFORMED);
    if (health == H_HEALTH && !bot__field_given(&f, H_STATE)) /* getboardstate says both: a board that does not say so is not running */
        bot__fields_fail(&f, H_STATE, BOT_ERR_MALFORMED);
    return status_event(&f, j, o, worse(health_of(&f, health), state_of(&f, H_STATE)), health, H_STATE);
}

int bot__bf_accepted(struct json *j, struct bf_rows *o)
{
    static const struct slice names[] = { F("child_order_acceptance_id") };
    struct fields f;
    bot__fields_read(&f, j, names, 1);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_ACK, o->source);
    if (!bot__field_id(&f, 0, &ev.ack.order_id))
        bot__fields_fail(&f, 0, BOT_ERR_MALFORMED);
    ev.ack.accepted = true;
    if (o->reply != NULL && f.err == 0)
        o->reply->order_id = ev.ack.order_id;
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}
