/* Binance USD-M: rows of private data, from the user stream and from REST. */
#include "venue/fields_row.h"
#include "venue/binance/binance.h"

#define F(text) { text, sizeof(text) - 1 }

/* ---- words --------------------------------------------------------------------------------------------------- */

static bot_side side_of(const struct fields *f, uint32_t i)
{
    return field_is(f, i, "BUY") ? BOT_BUY : field_is(f, i, "SELL") ? BOT_SELL : BOT_SIDE_NONE;
}

static bot_leg leg_of(const struct fields *f, uint32_t i)
{
    return field_is(f, i, "BOTH")    ? BOT_LEG_NET
           : field_is(f, i, "LONG")  ? BOT_LEG_LONG
           : field_is(f, i, "SHORT") ? BOT_LEG_SHORT
                                     : BOT_LEG_NONE;
}

static bool begins(struct slice s, const char *with)
{
    const size_t n = strlen(with);
    return s.len >= n && memcmp(s.p, with, n) == 0;
}

/* The venue's own orders are told by their client id, everyone else's by theirs. */
static bot_fill_kind kind_of(struct slice client_id, bool calculated)
{
    if (begins(client_id, "adl_autoclose")) return BOT_FILL_ADL;
    if (begins(client_id, "autoclose-")) return BOT_FILL_LIQUIDATION;
    if (begins(client_id, "settlement_autoclose") || begins(client_id, "delivery_autoclose")) return BOT_FILL_SETTLEMENT;
    return calculated ? BOT_FILL_LIQUIDATION : BOT_FILL_TRADE;
}

static bool is_conditional(const struct fields *f, uint32_t i)
{
    return field_is(f, i, "STOP") || field_is(f, i, "STOP_MARKET") || field_is(f, i, "TAKE_PROFIT") ||
           field_is(f, i, "TAKE_PROFIT_MARKET") || field_is(f, i, "TRAILING_STOP_MARKET");
}

static bot_order_type type_of(const struct fields *f, uint32_t i)
{
    if (field_is(f, i, "LIMIT") || field_is(f, i, "STOP") || field_is(f, i, "TAKE_PROFIT")) return BOT_LIMIT;
    if (field_is(f, i, "MARKET") || is_conditional(f, i)) return BOT_MARKET;
    return BOT_TYPE_NONE;
}

static bot_tif tif_of(const struct fields *f, uint32_t i)
{
    if (field_is(f, i, "GTC") || field_is(f, i, "GTD")) return BOT_GTC;
    if (field_is(f, i, "IOC")) return BOT_IOC;
    if (field_is(f, i, "FOK")) return BOT_FOK;
    return field_is(f, i, "GTX") ? BOT_POST_ONLY : BOT_TIF_NONE;
}

/* NEW_ADL and NEW_INSURANCE name the origin instead of the state, which then follows from the quantities. NONE for a
 * word that is not in the docs. */
static bot_order_status status_of(const struct fields *f, uint32_t i, uint32_t type, bot_dec qty, bot_dec cum)
{
    if (field_is(f, i, "NEW")) return is_conditional(f, type) ? BOT_ORDER_UNTRIGGERED : BOT_ORDER_OPEN;
    if (field_is(f, i, "PARTIALLY_FILLED")) return BOT_ORDER_PARTIALLY_FILLED;
    if (field_is(f, i, "FILLED")) return BOT_ORDER_FILLED;
    if (field_is(f, i, "CANCELED")) return BOT_ORDER_CANCELED;
    if (field_is(f, i, "REJECTED")) return BOT_ORDER_REJECTED;
    if (field_is(f, i, "EXPIRED") || field_is(f, i, "EXPIRED_IN_MATCH")) return BOT_ORDER_EXPIRED;
    if (field_is(f, i, "NEW_ADL") || field_is(f, i, "NEW_INSURANCE"))
        return bot_dec_is_zero(cum)               ? BOT_ORDER_OPEN
               : bot_dec_cmp(cum, qty) >= 0       ? BOT_ORDER_FILLED
                                                  : BOT_ORDER_PARTIALLY_FILLED;
    return BOT_ORDER_NONE;
}

/* Zero stands for "none" in prices and in the quantity of closePosition orders. */
static void positive(struct fields *f, uint32_t i, bot_event *ev, uint32_t bit, bot_dec *ret)
{
    bot_dec d;
    if (!bot__field_dec(f, i, &d) || bot_dec_is_zero(d))
        return;
    if (bot_dec_sign(d) < 0)
        bot__fields_fail(f, i, BOT_ERR_MALFORMED);
    *ret = d;
    ev->has |= bit;
}

static void count(struct fields *f, uint32_t i, bot_event *ev, uint32_t bit, bot_dec *ret)
{
    if (!bot__field_dec(f, i, ret))
        return;
    if (bot_dec_sign(*ret) < 0)
        bot__fields_fail(f, i, BOT_ERR_MALFORMED);
    ev->has |= bit;
}

static void need(struct fields *f, uint32_t i, bool there)
{
    if (!there) bot__fields_fail(f, i, BOT_ERR_MALFORMED);
}

/* The coin of a fee, which is as often BNB as that of settlement: a fee of no coin would be booked in the wrong one. */
static void paid_in(struct fields *f, uint32_t i, bot_event *ev)
{
    if (!bot__field_currency(f, i, &ev->fill.fee_currency) && !bot_dec_is_zero(ev->fill.fee))
        bot__fields_fail(f, i, BOT_ERR_MALFORMED);
}

static int finish(struct fields *f, struct json *j, struct binance_rows *o, const bot_event *ev)
{
    if (f->err != 0) {
        bot__json_fail(j, f->err);
        return f->err;
    }
    o->rows++;
    bot__emit(&o->e, ev);
    return BOT_OK;
}

/* ---- ORDER_TRADE_UPDATE --------------------------------------------------------------------------------------- */

enum {
    U_SYMBOL, U_CLIENT, U_SIDE, U_TYPE, U_TIF, U_QTY, U_PRICE, U_AVG, U_STOP, U_WHAT, U_STATUS, U_ORDER, U_LAST_QTY, U_CUM,
    U_LAST_PRICE, U_FEE, U_FEE_CCY, U_TIME, U_TRADE, U_MAKER, U_REDUCE, U_LEG, U_REASON, U_FIELDS,
};
static const struct slice update_fields[U_FIELDS] = {
    [U_SYMBOL] = F("s"),   [U_CLIENT] = F("c"),  [U_SIDE] = F("S"),       [U_TYPE] = F("o"),     [U_TIF] = F("f"),
    [U_QTY] = F("q"),      [U_PRICE] = F("p"),   [U_AVG] = F("ap"),       [U_STOP] = F("sp"),    [U_WHAT] = F("x"),
    [U_STATUS] = F("X"),   [U_ORDER] = F("i"),   [U_LAST_QTY] = F("l"),   [U_CUM] = F("z"),      [U_LAST_PRICE] = F("L"),
    [U_FEE] = F("n"),      [U_FEE_CCY] = F("N"), [U_TIME] = F("T"),       [U_TRADE] = F("t"),    [U_MAKER] = F("m"),
    [U_REDUCE] = F("R"),   [U_LEG] = F("ps"),    [U_REASON] = F("er"),
};

static inline uint32_t update_find(struct slice key)
{
    static const uint8_t letters[128] = { /* index + 1 */
        ['s'] = U_SYMBOL + 1, ['c'] = U_CLIENT + 1,   ['S'] = U_SIDE + 1,     ['o'] = U_TYPE + 1, ['f'] = U_TIF + 1,        ['q'] = U_QTY + 1,
        ['p'] = U_PRICE + 1,  ['x'] = U_WHAT + 1,     ['X'] = U_STATUS + 1,   ['i'] = U_ORDER + 1, ['l'] = U_LAST_QTY + 1,   ['z'] = U_CUM + 1,
        ['L'] = U_LAST_PRICE + 1, ['n'] = U_FEE + 1,  ['N'] = U_FEE_CCY + 1,  ['T'] = U_TIME + 1, ['t'] = U_TRADE + 1,      ['m'] = U_MAKER + 1,
        ['R'] = U_REDUCE + 1,
    };
    if (key.len == 1)
        return (unsigned char)key.p[0] < sizeof letters ? letters[(unsigned char)key.p[0]] - 1u : U_FIELDS; /* 0 - 1: beyond every index */
    if (key.len == 2) {
        FIELD_AT(key, "ap", U_AVG);
        FIELD_AT(key, "sp", U_STOP);
        FIELD_AT(key, "ps", U_LEG);
        FIELD_AT(key, "er", U_REASON);
    }
    return U_FIELDS;
}

/* What the venue matched by itself may come without a trade id: then order and cumulative quantity name it, and the list's row
 * confirms it. A trade always has its id. */
static void name_of(struct fields *f, bot_event *ev)
{
    if (bot__field_id(f, U_TRADE, &ev->fill.exec_id) && !field_is(f, U_TRADE, "0"))
        return;
    const struct slice order = f->v[U_ORDER], cum = f->v[U_CUM];
    const size_t n = order.len + 1 + cum.len;
    char key[BOT_ID_MAX + 1];
    if (ev->fill.kind == BOT_FILL_TRADE || order.len == 0 || cum.len == 0 || n > BOT_ID_MAX) {
        bot__fields_fail(f, U_TRADE, BOT_ERR_MALFORMED);
        return;
    }
    memcpy(key, order.p, order.len);
    key[order.len] = ':';
    memcpy(key + order.len + 1, cum.p, cum.len);
    bot__id_set(&ev->fill.exec_id, key, n);
    ev->fill.derived = true;
}

/* Only TRADE and CALCULATED match something; the figures of the last match may stand in other updates as well. A
 * liquidation may report itself with nothing matched yet. */
static bool fill_of(struct fields *f, struct binance_rows *o, bot_event *ev)
{
    bot_dec qty;
    bot__event_init(ev, BOT_EV_FILL, o->source);
    const bool trade = field_is(f, U_WHAT, "TRADE"), calculated = field_is(f, U_WHAT, "CALCULATED");
    if (trade || calculated) { /* without them the fill would be missed in silence, or its kind would */
        need(f, U_LAST_QTY, bot__field_given(f, U_LAST_QTY));
        need(f, U_CLIENT, bot__field_seen(f, U_CLIENT));
    }
    if (!bot__field_dec(f, U_LAST_QTY, &qty) || bot_dec_is_zero(qty))
        return false;
    const bool idle = field_is(f, U_WHAT, "NEW") || field_is(f, U_WHAT, "CANCELED") || field_is(f, U_WHAT, "EXPIRED") ||
                      field_is(f, U_WHAT, "AMENDMENT");
    if (idle)
        return false;
    need(f, U_LAST_QTY, bot_dec_sign(qty) > 0);
    ev->fill.kind = trade || calculated ? kind_of(f->v[U_CLIENT], calculated) : BOT_FILL_UNKNOWN;
    ev->fill.qty = qty;
    ev->has |= BOT_HAS_QTY;
    bot__field_symbol(f, U_SYMBOL, &ev->instrument);
    name_of(f, ev);
    bot__field_id(f, U_ORDER, &ev->fill.order_id);
    bot__field_id(f, U_CLIENT, &ev->fill.client_id);
    ev->fill.side = side_of(f, U_SIDE);
    ev->fill.leg = leg_of(f, U_LEG);
    bool maker;
    if (bot__field_bool(f, U_MAKER, &maker))
        ev->fill.liquidity = maker ? BOT_MAKER : BOT_TAKER;
    if (bot__field_dec_positive(f, U_LAST_PRICE, &ev->fill.price))
        ev->has |= BOT_HAS_PRICE;
    if (bot__field_dec(f, U_FEE, &ev->fill.fee)) { /* the futures stream writes paid as positive */
        ev->has |= BOT_HAS_FEE;
        paid_in(f, U_FEE_CCY, ev);
    }
    count(f, U_CUM, ev, BOT_HAS_CUM_QTY, &ev->fill.cum_qty);
    ev->venue_ns = bot__field_ms(f, U_TIME);
    need(f, U_LAST_PRICE, (ev->has & BOT_HAS_PRICE) != 0);
    return true;
}

int bot__binance_order_update(struct binance_rows *o, struct json *j)
{
    struct fields f;
    fields_row(&f, j, update_fields, U_FIELDS, update_find, 0);
    if (f.err != 0)
        return f.err;
    bot_event own[2], *const fill = bot__emit_slot(&o->e, 0, &own[0]);
    const bool filled = fill_of(&f, o, fill);
    bot_event *const ev = bot__emit_slot(&o->e, filled, &own[1]);

    bot__event_init(ev, BOT_EV_ORDER, o->source);
    bot__field_symbol(&f, U_SYMBOL, &ev->instrument);
    bot__field_id(&f, U_ORDER, &ev->order.order_id);
    bot__field_id(&f, U_CLIENT, &ev->order.client_id);
    ev->order.side = side_of(&f, U_SIDE);
    ev->order.leg = leg_of(&f, U_LEG);
    ev->order.type = type_of(&f, U_TYPE);
    ev->order.tif = tif_of(&f, U_TIF);
    ev->order.post_only = ev->order.tif == BOT_POST_ONLY;
    ev->has |= BOT_HAS_POST_ONLY;
    positive(&f, U_QTY, ev, BOT_HAS_QTY, &ev->order.qty);
    count(&f, U_CUM, ev, BOT_HAS_CUM_QTY, &ev->order.cum_qty);
    positive(&f, U_PRICE, ev, BOT_HAS_PRICE, &ev->order.price);
    positive(&f, U_AVG, ev, BOT_HAS_AVG_PRICE, &ev->order.avg_price);
    positive(&f, U_STOP, ev, BOT_HAS_TRIGGER_PRICE, &ev->order.trigger_price);
    if (bot__field_bool(&f, U_REDUCE, &ev->order.reduce_only))
        ev->has |= BOT_HAS_REDUCE_ONLY;
    ev->order.status = status_of(&f, U_STATUS, U_TYPE, ev->order.qty, ev->order.cum_qty);
    if (bot__field_given(&f, U_REASON) && !field_is(&f, U_REASON, "0"))
        bot__field_text(&f, U_REASON, ev->order.reason, sizeof ev->order.reason);
    ev->venue_ns = bot__field_ms(&f, U_TIME);
    need(&f, U_SYMBOL, ev->instrument.len > 0);
    need(&f, U_ORDER, ev->order.order_id.len > 0);
    need(&f, U_SIDE, ev->order.side != BOT_SIDE_NONE);
    if (f.err != 0)
        return f.err;

    if (filled)
        bot__emit(&o->e, fill);
    if (ev->order.status != BOT_ORDER_NONE) {
        bot__emit(&o->e, ev);
        return BOT_OK;
    }
    /* A state that is not in the docs must not pass for "nothing happened", nor cost us the fill beside it. */
    if (!filled)
        return BOT_ERR_MALFORMED;
    bot_event error;
    bot__event_init(&error, BOT_EV_ERROR, o->source);
    error.instrument = ev->instrument;
    error.error.code = BOT_ERR_MALFORMED;
    memcpy(error.error.detail, "order status unknown: ", 22);
    bot__field_text(&f, U_STATUS, error.error.detail + 22, sizeof error.error.detail - 22);
    bot__emit(&o->e, &error);
    return BOT_OK;
}

/* ---- ACCOUNT_UPDATE ------------------------------------------------------------------------------------------- */

enum { A_SYMBOL, A_AMOUNT, A_ENTRY, A_LEG, A_FIELDS };
static const struct slice account_position_fields[A_FIELDS] = {
    [A_SYMBOL] = F("s"), [A_AMOUNT] = F("pa"), [A_ENTRY] = F("ep"), [A_LEG] = F("ps"),
};

/* Amounts are signed, those of SHORT legs below zero. The entry price of a flat row is 0, which is none. */
static void position_of(struct fields *f, struct binance_rows *o, bot_event *ev)
{
    bot__event_init(ev, BOT_EV_POSITION, o->source);
    bot__field_symbol(f, A_SYMBOL, &ev->instrument);
    ev->position.leg = leg_of(f, A_LEG); /* always given: without it the legs of hedge mode would be two nets of one instrument */
    if (bot__field_dec(f, A_AMOUNT, &ev->position.qty)) ev->has |= BOT_HAS_QTY;
    bot_dec entry;
    if (bot__field_dec(f, A_ENTRY, &entry) && bot_dec_sign(entry) > 0 && !bot_dec_is_zero(ev->position.qty)) {
        ev->position.entry_price = entry;
        ev->has |= BOT_HAS_ENTRY_PRICE;
    }
    need(f, A_SYMBOL, ev->instrument.len > 0);
    need(f, A_AMOUNT, (ev->has & BOT_HAS_QTY) != 0);
    need(f, A_LEG, ev->position.leg != BOT_LEG_NONE);
    const int sign = bot_dec_sign(ev->position.qty);
    need(f, A_AMOUNT, !(ev->position.leg == BOT_LEG_LONG && sign < 0) && !(ev->position.leg == BOT_LEG_SHORT && sign > 0));
}

static int account_position_row(struct json *j, void *arg)
{
    struct binance_rows *o = arg;
    struct fields f;
    bot_event ev;
    bot__fields_read(&f, j, account_position_fields, A_FIELDS);
    if (f.err != 0)
        return f.err;
    position_of(&f, o, &ev);
    ev.venue_ns = o->time_ns;
    o->instrument = ev.instrument;
    return finish(&f, j, o, &ev);
}

enum { B_ASSET, B_BALANCE, B_CHANGE, B_FIELDS };
static const struct slice account_balance_fields[B_FIELDS] = { [B_ASSET] = F("a"), [B_BALANCE] = F("wb"), [B_CHANGE] = F("bc") };

static int account_balance_row(struct json *j, void *arg)
{
    struct binance_rows *o = arg;
    struct fields f;
    bot_event ev, funding;
    bot__fields_read(&f, j, account_balance_fields, B_FIELDS);
    if (f.err != 0)
        return f.err;
    bot__event_init(&ev, BOT_EV_WALLET, o->source);
    bot__field_currency(&f, B_ASSET, &ev.wallet.currency);
    need(&f, B_ASSET, ev.wallet.currency.len > 0);
    need(&f, B_BALANCE, bot__field_dec(&f, B_BALANCE, &ev.wallet.balance));
    ev.venue_ns = o->time_ns;

    bot__event_init(&funding, BOT_EV_FUNDING, o->source);
    bot_dec change = { 0, 0 };
    const bool paid = bot__field_dec(&f, B_CHANGE, &change) && o->funding && !bot_dec_is_zero(change);
    if (f.err == 0 && paid) {
        /* The change says what the wallet got. A crossed position is not named: then the row has no instrument. The
         * stream gives no id; time and currency name the payment. */
        funding.instrument = o->instrument;
        funding.venue_ns = o->time_ns;
        funding.funding.amount = bot_dec_neg(change);
        funding.funding.currency = ev.wallet.currency;
        bot__emit(&o->e, &funding);
    }
    return finish(&f, j, o, &ev);
}

int bot__binance_account_update(struct binance_rows *o, const struct binance_payload *p)
{
    struct json j;
    struct slice key, reason = { NULL, 0 }, balances = { NULL, 0 }, positions = { NULL, 0 };
    bot__json_init(&j, p->account.p, p->account.len);
    bot__json_object(&j);
    while (bot__json_key(&j, &key)) {
        if (slice_is(key, "m")) reason = bot__json_text(&j);
        else if (slice_is(key, "B") && balances.p == NULL) balances = bot__json_raw(&j);
        else if (slice_is(key, "P") && positions.p == NULL) positions = bot__json_raw(&j);
        else if (slice_is(key, "B") || slice_is(key, "P")) bot__json_fail(&j, BOT_ERR_CONFLICT);
        else bot__json_skip(&j);
    }
    int r = bot__json_end(&j);
    struct slice time = bot__binance_letter(p, 'T');
    if (r == BOT_OK && !bot__binance_ms(time, &o->time_ns)) r = BOT_ERR_MALFORMED;
    if (r < 0)
        return r;
    o->funding = slice_is(reason, "FUNDING_FEE");
    /* Both lists are read before anything of either is given out. Balances come last: an isolated position's funding
     * takes its name from the position beside it. */
    for (int dry = 1; dry >= 0; dry--) {
        const int n = o->e.n;
        o->e.dry = dry != 0;
        memset(&o->instrument, 0, sizeof o->instrument);
        if (positions.p != NULL) r = bot__rows_each(positions, false, &o->e, account_position_row, o);
        if (r == BOT_OK && balances.p != NULL) r = bot__rows_each(balances, false, &o->e, account_balance_row, o);
        if (o->e.dry) o->e.n = n;
        o->e.dry = false;
        if (r < 0)
            return r;
    }
    if (o->e.n == 0)
        bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, SLICE("ACCOUNT_UPDATE"));
    return BOT_OK;
}

/* ---- conditional orders ---------------------------------------------------------------------------------------- */

enum {
    G_SYMBOL, G_CLIENT, G_ID, G_TYPE, G_SIDE, G_LEG, G_TIF, G_QTY, G_STATUS, G_AVG, G_CUM, G_TRIGGER, G_PRICE, G_REDUCE, G_REASON,
    G_FIELDS,
};
static const struct slice algo_push_fields[G_FIELDS] = {
    [G_SYMBOL] = F("s"),  [G_CLIENT] = F("caid"), [G_ID] = F("aid"),   [G_TYPE] = F("o"),     [G_SIDE] = F("S"),
    [G_LEG] = F("ps"),    [G_TIF] = F("f"),       [G_QTY] = F("q"),    [G_STATUS] = F("X"),   [G_AVG] = F("ap"),
    [G_CUM] = F("aq"),    [G_TRIGGER] = F("tp"),  [G_PRICE] = F("p"),  [G_REDUCE] = F("R"),   [G_REASON] = F("rm"),
};

static bot_order_status algo_status(const struct fields *f, uint32_t i, bot_dec qty, bot_dec cum)
{
    if (field_is(f, i, "NEW")) return BOT_ORDER_UNTRIGGERED;
    if (field_is(f, i, "TRIGGERING") || field_is(f, i, "TRIGGERED")) return BOT_ORDER_TRIGGERED;
    if (field_is(f, i, "CANCELED")) return BOT_ORDER_CANCELED;
    if (field_is(f, i, "REJECTED")) return BOT_ORDER_REJECTED;
    if (field_is(f, i, "EXPIRED")) return BOT_ORDER_EXPIRED;
    /* Done, by a fill or without one. */
    if (field_is(f, i, "FINISHED")) return !bot_dec_is_zero(cum) && bot_dec_cmp(cum, qty) >= 0 ? BOT_ORDER_FILLED : BOT_ORDER_CANCELED;
    return BOT_ORDER_NONE;
}

/* The order that a trigger brings forth has its own id and its own ORDER_TRADE_UPDATEs: fills come from there alone. */
int bot__binance_algo_update(struct binance_rows *o, const struct binance_payload *p)
{
    struct json j;
    struct fields f;
    bot_event ev;
    bot__json_init(&j, p->order.p, p->order.len);
    bot__fields_read(&f, &j, algo_push_fields, G_FIELDS);
    if (f.err != 0)
        return f.err;
    bot__event_init(&ev, BOT_EV_ORDER, o->source);
    bot__field_symbol(&f, G_SYMBOL, &ev.instrument);
    bot__field_id(&f, G_ID, &ev.order.order_id);
    bot__field_id(&f, G_CLIENT, &ev.order.client_id);
    ev.order.side = side_of(&f, G_SIDE);
    ev.order.leg = leg_of(&f, G_LEG);
    ev.order.type = type_of(&f, G_TYPE);
    ev.order.tif = tif_of(&f, G_TIF);
    positive(&f, G_QTY, &ev, BOT_HAS_QTY, &ev.order.qty);
    count(&f, G_CUM, &ev, BOT_HAS_CUM_QTY, &ev.order.cum_qty);
    positive(&f, G_PRICE, &ev, BOT_HAS_PRICE, &ev.order.price);
    positive(&f, G_AVG, &ev, BOT_HAS_AVG_PRICE, &ev.order.avg_price);
    positive(&f, G_TRIGGER, &ev, BOT_HAS_TRIGGER_PRICE, &ev.order.trigger_price);
    if (bot__field_bool(&f, G_REDUCE, &ev.order.reduce_only)) ev.has |= BOT_HAS_REDUCE_ONLY;
    ev.order.status = algo_status(&f, G_STATUS, ev.order.qty, ev.order.cum_qty);
    bot__field_text(&f, G_REASON, ev.order.reason, sizeof ev.order.reason);
    need(&f, G_SYMBOL, ev.instrument.len > 0);
    need(&f, G_ID, ev.order.order_id.len > 0);
    need(&f, G_STATUS, ev.order.status != BOT_ORDER_NONE);
    if (!bot__binance_ms(bot__binance_letter(p, 'T'), &ev.venue_ns)) bot__fields_fail(&f, G_FIELDS, BOT_ERR_MALFORMED);
    return finish(&f, &j, o, &ev);
}

int bot__binance_trigger_reject(struct binance_rows *o, const struct binance_payload *p)
{
    static const struct slice names[] = { F("s"), F("i"), F("r") };
    struct json j;
    struct fields f;
    bot_event ev;
    bot__json_init(&j, p->trigger.p, p->trigger.len);
    bot__fields_read(&f, &j, names, 3);
    if (f.err != 0)
        return f.err;
    bot__event_init(&ev, BOT_EV_ORDER, o->source);
    bot__field_symbol(&f, 0, &ev.instrument);
    bot__field_id(&f, 1, &ev.order.order_id);
    bot__field_text(&f, 2, ev.order.reason, sizeof ev.order.reason);
    ev.order.status = BOT_ORDER_REJECTED;
    need(&f, 0, ev.instrument.len > 0);
    need(&f, 1, ev.order.order_id.len > 0);
    if (!bot__binance_ms(bot__binance_letter(p, 'T'), &ev.venue_ns)) bot__fields_fail(&f, 3, BOT_ERR_MALFORMED);
    return finish(&f, &j, o, &ev);
}

/* ---- REST rows ------------------------------------------------------------------------------------------------- */

enum { P_UPDATED = A_FIELDS, P_FIELDS };
static const struct slice position_fields[P_FIELDS] = {
    [A_SYMBOL] = F("symbol"), [A_AMOUNT] = F("positionAmt"), [A_ENTRY] = F("entryPrice"), [A_LEG] = F("positionSide"),
    [P_UPDATED] = F("updateTime"),
};

int bot__binance_position_row(struct json *j, void *arg)
{
    struct binance_rows *o = arg;
    struct fields f;
    bot_event ev;
    bot__fields_read(&f, j, position_fields, P_FIELDS);
    if (f.err != 0)
        return f.err;
    position_of(&f, o, &ev);
    ev.venue_ns = bot__field_ms(&f, P_UPDATED); /* 0: never traded */
    return finish(&f, j, o, &ev);
}

enum { T_SYMBOL, T_ID, T_ORDER, T_SIDE, T_PRICE, T_QTY, T_FEE, T_FEE_CCY, T_TIME, T_MAKER, T_LEG, T_BUYER, T_FIELDS };
static const struct slice fill_fields[T_FIELDS] = {
    [T_SYMBOL] = F("symbol"),      [T_ID] = F("id"),              [T_ORDER] = F("orderId"), [T_SIDE] = F("side"),
    [T_PRICE] = F("price"),        [T_QTY] = F("qty"),            [T_FEE] = F("commission"), [T_FEE_CCY] = F("commissionAsset"),
    [T_TIME] = F("time"),          [T_MAKER] = F("maker"),        [T_LEG] = F("positionSide"), [T_BUYER] = F("buyer"),
};

/* The list does not say what a fill came from; the stream does, by the client id. */
int bot__binance_fill_row(struct json *j, void *arg)
{
    struct binance_rows *o = arg;
    struct fields f;
    bot_event ev;
    bot__fields_read(&f, j, fill_fields, T_FIELDS);
    if (f.err != 0)
        return f.err;
    bot__event_init(&ev, BOT_EV_FILL, o->source);
    bot__field_symbol(&f, T_SYMBOL, &ev.instrument);
    bot__field_id(&f, T_ID, &ev.fill.exec_id);
    bot__field_id(&f, T_ORDER, &ev.fill.order_id);
    ev.fill.side = side_of(&f, T_SIDE);
    bool maker, buyer;
    if (ev.fill.side == BOT_SIDE_NONE && bot__field_bool(&f, T_BUYER, &buyer)) ev.fill.side = buyer ? BOT_BUY : BOT_SELL;
    ev.fill.leg = leg_of(&f, T_LEG);
    if (bot__field_bool(&f, T_MAKER, &maker)) ev.fill.liquidity = maker ? BOT_MAKER : BOT_TAKER;
    ev.fill.kind = BOT_FILL_TRADE;
    if (bot__field_dec_positive(&f, T_QTY, &ev.fill.qty)) ev.has |= BOT_HAS_QTY;
    if (bot__field_dec_positive(&f, T_PRICE, &ev.fill.price)) ev.has |= BOT_HAS_PRICE;
    if (bot__field_dec(&f, T_FEE, &ev.fill.fee)) {
        ev.has |= BOT_HAS_FEE;
        paid_in(&f, T_FEE_CCY, &ev);
    }
    ev.venue_ns = bot__field_ms(&f, T_TIME);
    int64_t id = 0;
    need(&f, T_ID, bot__field_i64(&f, T_ID, &id) && id > 0);
    need(&f, T_SYMBOL, ev.instrument.len > 0);
    need(&f, T_SIDE, ev.fill.side != BOT_SIDE_NONE);
    need(&f, T_QTY, (ev.has & BOT_HAS_QTY) != 0);
    need(&f, T_PRICE, (ev.has & BOT_HAS_PRICE) != 0);
    if (id > o->last_id) o->last_id = id;
    return finish(&f, j, o, &ev);
}

enum {
    O_SYMBOL, O_ID, O_CLIENT, O_STATUS, O_SIDE, O_LEG, O_TYPE, O_TIF, O_QTY, O_CUM, O_PRICE, O_AVG, O_STOP, O_REDUCE, O_TIME, O_UPDATED,
    O_ALGO, O_ALGO_CLIENT, O_ALGO_STATUS, O_ALGO_QTY, O_ALGO_TRIGGER, O_CODE, O_MSG, O_FIELDS,
};
static const struct slice order_fields[O_FIELDS] = {
    [O_SYMBOL] = F("symbol"),     [O_ID] = F("orderId"),         [O_CLIENT] = F("clientOrderId"), [O_STATUS] = F("status"),
    [O_SIDE] = F("side"),         [O_LEG] = F("positionSide"),   [O_TYPE] = F("type"),            [O_TIF] = F("timeInForce"),
    [O_QTY] = F("origQty"),       [O_CUM] = F("executedQty"),    [O_PRICE] = F("price"),          [O_AVG] = F("avgPrice"),
    [O_STOP] = F("stopPrice"),    [O_REDUCE] = F("reduceOnly"),  [O_TIME] = F("time"),            [O_UPDATED] = F("updateTime"),
    [O_ALGO] = F("algoId"),       [O_ALGO_CLIENT] = F("clientAlgoId"), [O_ALGO_STATUS] = F("algoStatus"),
    [O_ALGO_QTY] = F("quantity"), [O_ALGO_TRIGGER] = F("triggerPrice"), [O_CODE] = F("code"),     [O_MSG] = F("msg"),
};

/* Rows of batches may be {code,msg} instead: an error of that row alone. */
static int refused_row(struct fields *f, struct json *j, struct binance_rows *o)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_ERROR, o->source);
    ev.error.code = BOT_ERR_REJECTED;
    bot__field_i64(f, O_CODE, &ev.error.venue_code);
    ev.has |= BOT_HAS_VENUE_CODE;
    bot__field_text(f, O_MSG, ev.error.detail, sizeof ev.error.detail);
    return finish(f, j, o, &ev);
}

int bot__binance_order_row(struct json *j, void *arg)
{
    struct binance_rows *o = arg;
    struct fields f;
    bot_event ev;
    bot__fields_read(&f, j, order_fields, O_FIELDS);
    if (f.err != 0)
        return f.err;
    if (bot__field_given(&f, O_CODE) && !bot__field_given(&f, O_ID) && !bot__field_given(&f, O_ALGO))
        return refused_row(&f, j, o);
    bot__event_init(&ev, BOT_EV_ORDER, o->source);
    const bool algo = !bot__field_given(&f, O_ID) && bot__field_given(&f, O_ALGO);
    bot__field_symbol(&f, O_SYMBOL, &ev.instrument);
    bot__field_id(&f, algo ? O_ALGO : O_ID, &ev.order.order_id);
    bot__field_id(&f, algo ? O_ALGO_CLIENT : O_CLIENT, &ev.order.client_id);
    ev.order.side = side_of(&f, O_SIDE);
    ev.order.leg = leg_of(&f, O_LEG);
    ev.order.type = type_of(&f, O_TYPE);
    ev.order.tif = tif_of(&f, O_TIF);
    ev.order.post_only = ev.order.tif == BOT_POST_ONLY;
    ev.has |= BOT_HAS_POST_ONLY;
    positive(&f, algo ? O_ALGO_QTY : O_QTY, &ev, BOT_HAS_QTY, &ev.order.qty);
    count(&f, O_CUM, &ev, BOT_HAS_CUM_QTY, &ev.order.cum_qty);
    positive(&f, O_PRICE, &ev, BOT_HAS_PRICE, &ev.order.price);
    positive(&f, O_AVG, &ev, BOT_HAS_AVG_PRICE, &ev.order.avg_price);
    positive(&f, algo ? O_ALGO_TRIGGER : O_STOP, &ev, BOT_HAS_TRIGGER_PRICE, &ev.order.trigger_price);
    if (bot__field_bool(&f, O_REDUCE, &ev.order.reduce_only)) ev.has |= BOT_HAS_REDUCE_ONLY;
    ev.order.status = algo ? algo_status(&f, O_ALGO_STATUS, ev.order.qty, ev.order.cum_qty)
                           : status_of(&f, O_STATUS, O_TYPE, ev.order.qty, ev.order.cum_qty);
    ev.venue_ns = bot__field_ms(&f, O_UPDATED);
    if (ev.venue_ns == 0) ev.venue_ns = bot__field_ms(&f, O_TIME);
    need(&f, O_SYMBOL, ev.instrument.len > 0);
    need(&f, O_ID, ev.order.order_id.len > 0);
    need(&f, O_SIDE, ev.order.side != BOT_SIDE_NONE);
    need(&f, O_STATUS, ev.order.status != BOT_ORDER_NONE);
    return finish(&f, j, o, &ev);
}

int bot__binance_balance_row(struct json *j, void *arg)
{
    static const struct slice names[] = { F("asset"), F("balance"), F("updateTime"), F("walletBalance") };
    struct binance_rows *o = arg;
    struct fields f;
    bot_event ev;
    bot__fields_read(&f, j, names, 4);
    if (f.err != 0)
        return f.err;
    bot__event_init(&ev, BOT_EV_WALLET, o->source);
    bot__field_currency(&f, 0, &ev.wallet.currency);
    need(&f, 0, ev.wallet.currency.len > 0);
    need(&f, 1, bot__field_dec(&f, bot__field_given(&f, 1) ? 1 : 3, &ev.wallet.balance));
    ev.venue_ns = bot__field_ms(&f, 2);
    return finish(&f, j, o, &ev);
}

enum { N_SYMBOL, N_TYPE, N_AMOUNT, N_ASSET, N_TIME, N_TRAN, N_FIELDS };
static const struct slice income_fields[N_FIELDS] = {
    [N_SYMBOL] = F("symbol"), [N_TYPE] = F("incomeType"), [N_AMOUNT] = F("income"),
    [N_ASSET] = F("asset"),   [N_TIME] = F("time"),       [N_TRAN] = F("tranId"),
};

/* FUNDING_FEE rows are payments. All others are told only by type and instrument: that is how one learns what traded. */
int bot__binance_income_row(struct json *j, void *arg)
{
    struct binance_rows *o = arg;
    struct fields f;
    bot_event ev;
    bot__fields_read(&f, j, income_fields, N_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_dec income;
    need(&f, N_TYPE, bot__field_given(&f, N_TYPE));
    need(&f, N_AMOUNT, bot__field_dec(&f, N_AMOUNT, &income));
    if (field_is(&f, N_TYPE, "FUNDING_FEE") && f.err == 0) {
        bot__event_init(&ev, BOT_EV_FUNDING, o->source);
        ev.funding.amount = bot_dec_neg(income); /* income is what came in */
        bot__field_currency(&f, N_ASSET, &ev.funding.currency);
        bot__field_id(&f, N_TRAN, &ev.funding.exec_id);
    } else {
        bot__event_init(&ev, BOT_EV_CONTROL, o->source);
        ev.control.control = BOT_CONTROL_OTHER;
        bot__field_text(&f, N_TYPE, ev.control.text, sizeof ev.control.text);
    }
    bot__field_symbol(&f, N_SYMBOL, &ev.instrument);
    ev.venue_ns = bot__field_ms(&f, N_TIME);
    if (o->rows == 0 || ev.venue_ns < o->first_ns) o->first_ns = ev.venue_ns;
    if (ev.venue_ns > o->last_ns) o->last_ns = ev.venue_ns;
    return finish(&f, j, o, &ev);
}
