/* Hyperliquid: rows. */
#include <stdio.h>

#include "base/json_walk.h"
#include "venue/fields_row.h"
#include "venue/hyperliquid/hyperliquid.h"
#include "venue/levels.h"

#define F(text) { text, sizeof(text) - 1 }

static bot_side side_of(const struct fields *f, uint32_t i)
{
    return field_is(f, i, "B") ? BOT_BUY : field_is(f, i, "A") ? BOT_SELL : BOT_SIDE_NONE;
}

/* ---- fills -------------------------------------------------------------------------------------------------- */

enum { T_COIN, T_PX, T_SZ, T_SIDE, T_TIME, T_START, T_DIR, T_OID, T_CROSSED, T_FEE, T_TOKEN, T_TID, T_CLOID, T_HASH,
       T_LIQUIDATION, T_FIELDS };
static const struct slice fill_fields[T_FIELDS] = {
    [T_COIN] = F("coin"),   [T_PX] = F("px"),           [T_SZ] = F("sz"),    [T_SIDE] = F("side"),   [T_TIME] = F("time"),
    [T_START] = F("startPosition"), [T_DIR] = F("dir"), [T_OID] = F("oid"),  [T_CROSSED] = F("crossed"), [T_FEE] = F("fee"),
    [T_TOKEN] = F("feeToken"), [T_TID] = F("tid"),      [T_CLOID] = F("cloid"), [T_HASH] = F("hash"),
    [T_LIQUIDATION] = F("liquidation"),
};

static inline uint32_t fill_find(struct slice key)
{
    switch (key.len) {
    case 2: FIELD_AT(key, "px", T_PX); FIELD_AT(key, "sz", T_SZ); break;
    case 3: FIELD_AT(key, "dir", T_DIR); FIELD_AT(key, "oid", T_OID); FIELD_AT(key, "fee", T_FEE); FIELD_AT(key, "tid", T_TID); break;
    case 4: FIELD_AT(key, "coin", T_COIN); FIELD_AT(key, "side", T_SIDE); FIELD_AT(key, "time", T_TIME); FIELD_AT(key, "hash", T_HASH); break;
    case 5: FIELD_AT(key, "cloid", T_CLOID); break;
    case 7: FIELD_AT(key, "crossed", T_CROSSED); break;
    case 8: FIELD_AT(key, "feeToken", T_TOKEN); break;
    case 11: FIELD_AT(key, "liquidation", T_LIQUIDATION); break;
    case 13: FIELD_AT(key, "startPosition", T_START); break;
    default: break;
    }
    return T_FIELDS;
}

static bool dir_begins(const struct fields *f, const char *word)
{
    const size_t n = strlen(word);
    return f->v[T_DIR].len >= n && memcmp(f->v[T_DIR].p, word, n) == 0;
}

static bot_fill_kind kind_of(const struct fields *f, bool liquidated)
{
    static const char *const trades[] = { "Open Long", "Open Short", "Close Long", "Close Short", "Long > Short", "Short > Long",
                                          "Buy", "Sell" };
    if (liquidated || dir_begins(f, "Liquidated"))
        return BOT_FILL_LIQUIDATION;
    if (dir_begins(f, "Auto-Deleveraging"))
        return BOT_FILL_ADL;
    if (dir_begins(f, "Settlement"))
        return BOT_FILL_SETTLEMENT;
    if (dir_begins(f, "Spot Dust") || dir_begins(f, "Net Child"))
        return BOT_FILL_TRANSFER;
    if (!bot__field_given(f, T_DIR))
        return BOT_FILL_TRADE;
    for (size_t i = 0; i < sizeof trades / sizeof *trades; i++)
        if (f->v[T_DIR].len == strlen(trades[i]) && dir_begins(f, trades[i]))
            return BOT_FILL_TRADE;
    return BOT_FILL_UNKNOWN;
}

/* {"liquidatedUser":"0x..",...} stands on both sides' fills: it is ours only when it names us, or when nobody is named. */
static bool is_liquidated(struct fields *f, struct hl_rows *o)
{
    static const struct slice names[] = { F("liquidatedUser") };
    struct json j;
    struct fields who;
    if ((f->nested & (UINT64_C(1) << T_LIQUIDATION)) == 0 || *f->v[T_LIQUIDATION].p != '{')
        return false;
    if (o->user.p == NULL)
        bot__emit_again(&o->e); /* who we are may stand behind the rows */
    bot__json_init(&j, f->v[T_LIQUIDATION].p, f->v[T_LIQUIDATION].len);
    bot__fields_read(&who, &j, names, 1);
    if (who.err != 0)
        bot__fields_fail(f, T_LIQUIDATION, who.err);
    return o->user.len == 0 || who.v[0].len == 0 || (who.v[0].len == o->user.len && memcmp(who.v[0].p, o->user.p, o->user.len) == 0);
}

#define FNV_START UINT64_C(14695981039346656037)
static uint64_t fnv1a(uint64_t h, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)p[i]) * UINT64_C(1099511628211);
    return h;
}

/* The name of a row without tid: the order, and a hash over what tells its fills apart. Neither the transaction (one has
 * many fills) nor the position before (it comes back: a maker's own buys and sells cross) does so alone. */
static void fill_key(struct fields *f, const bot_id *order, bot_id *ret)
{
    static const uint8_t parts[] = { T_HASH, T_START, T_SZ, T_PX, T_TIME, T_SIDE };
    uint64_t h = FNV_START;
    for (size_t i = 0; i < sizeof parts; i++)
        h = fnv1a(fnv1a(h, f->v[parts[i]].p, f->v[parts[i]].len), "/", 1);
    char key[BOT_ID_MAX + 1];
    const int n = snprintf(key, sizeof key, "%.20s:%016llx", order->s, (unsigned long long)h);
    if (!bot__field_given(f, T_START) || !bot__id_set(ret, key, (size_t)n))
        bot__fields_fail(f, T_TID, BOT_ERR_MALFORMED);
}

/* Rows of 2023 have no tid, all of 2024 and later have one. Whoever leaves it out today would give one fill two names. */
#define TID_SINCE_NS (INT64_C(1735689600) * BOT_NS_PER_S) /* 1 January 2025 */

int bot__hl_fill_row(struct json *j, void *arg)
{
    struct hl_rows *o = arg;
    struct fields f;
    fields_row(&f, j, fill_fields, T_FIELDS, fill_find, UINT64_C(1) << T_LIQUIDATION);

    bot_event own, *const ev = bot__emit_slot(&o->e, 0, &own);
    bot__event_init(ev, BOT_EV_FILL, o->source);
    if (f.err != 0)
        return bot__row_end(&f, j, &o->e, ev, o->why, sizeof o->why);
    if (!bot__field_symbol(&f, T_COIN, &ev->instrument))
        bot__fields_fail(&f, T_COIN, BOT_ERR_MALFORMED);
    if (!bot__field_id(&f, T_OID, &ev->fill.order_id))
        bot__fields_fail(&f, T_OID, BOT_ERR_MALFORMED);
    if (!bot__field_id(&f, T_TID, &ev->fill.exec_id)) {
        if (bot__field_ms(&f, T_TIME) >= TID_SINCE_NS)
            bot__fields_fail(&f, T_TID, BOT_ERR_MALFORMED);
        fill_key(&f, &ev->fill.order_id, &ev->fill.exec_id);
    }
    bot__field_id(&f, T_CLOID, &ev->fill.client_id);
    ev->fill.side = side_of(&f, T_SIDE);
    if (ev->fill.side == BOT_SIDE_NONE)
        bot__fields_fail(&f, T_SIDE, BOT_ERR_MALFORMED);
    ev->fill.leg = BOT_LEG_NET;
    ev->fill.kind = kind_of(&f, is_liquidated(&f, o));
    bool crossed;
    if (bot__field_bool(&f, T_CROSSED, &crossed))
        ev->fill.liquidity = crossed ? BOT_TAKER : BOT_MAKER;
    if (bot__field_dec_positive(&f, T_SZ, &ev->fill.qty) && bot__field_dec_positive(&f, T_PX, &ev->fill.price))
        ev->has |= BOT_HAS_QTY | BOT_HAS_PRICE;
    else
        bot__fields_fail(&f, T_SZ, BOT_ERR_MALFORMED);
    if (bot__field_dec(&f, T_FEE, &ev->fill.fee)) {
        ev->has |= BOT_HAS_FEE;
        if (!bot__field_currency(&f, T_TOKEN, &ev->fill.fee_currency))
            bot__currency_set(&ev->fill.fee_currency, "USDC", 4); /* before tokens were named there was no other */
    }
    ev->venue_ns = bot__field_ms(&f, T_TIME);
    if (o->rows == 0)
        o->first_ms = ev->venue_ns / BOT_NS_PER_MS;
    o->last_ms = ev->venue_ns / BOT_NS_PER_MS;
    o->rows += !o->e.dry;
    return bot__row_end(&f, j, &o->e, ev, o->why, sizeof o->why);
}

/* ---- positions, orders, funding ----------------------------------------------------------------------------- */

enum { P_COIN, P_SZI, P_ENTRY, P_FIELDS };
static const struct slice position_fields[P_FIELDS] = { [P_COIN] = F("coin"), [P_SZI] = F("szi"), [P_ENTRY] = F("entryPx") };

static int asset_row(struct json *j, void *arg)
{
    struct hl_rows *o = arg;
    struct slice key;
    bool found = false;
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        if (!slice_is(key, "position")) {
            bot__json_skip(j);
            continue;
        }
        if (found) { /* two in one row: the second would be lost */
            bot__json_fail(j, BOT_ERR_CONFLICT);
            break;
        }
        found = true;
        struct fields f;
        bot_event ev;
        bot__event_init(&ev, BOT_EV_POSITION, o->source);
        /* The row has inner objects (leverage, funding); none of them is wanted. */
        bot__fields_read(&f, j, position_fields, P_FIELDS);
        if (f.err != 0)
            return f.err;
        if (!bot__field_symbol(&f, P_COIN, &ev.instrument))
            bot__fields_fail(&f, P_COIN, BOT_ERR_MALFORMED);
        if (bot__field_dec(&f, P_SZI, &ev.position.qty))
            ev.has |= BOT_HAS_QTY;
        else
            bot__fields_fail(&f, P_SZI, BOT_ERR_MALFORMED);
        if (bot__field_dec_positive(&f, P_ENTRY, &ev.position.entry_price))
            ev.has |= BOT_HAS_ENTRY_PRICE;
        ev.position.leg = BOT_LEG_NET;
        ev.venue_ns = o->state_ns;
        if (bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why) < 0)
            return f.err;
    }
    if (j->err == 0 && !found)
        bot__json_fail(j, BOT_ERR_MALFORMED);
    return j->err;
}

/* {"assetPositions":[...],"withdrawable":..,"time":...}: the time comes last and belongs to every row, so that the rows wait
 * for it. Bodies of 2023 have none. */
int bot__hl_clearinghouse(struct json *j, struct hl_rows *o)
{
    struct slice key, rows = { NULL, 0 };
    enum { ROWS = 1, TIME = 2 };
    int64_t ms = 0;
    uint32_t seen = 0;
    bool whole = false;
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        if (slice_is(key, "assetPositions")) {
            bot__once(j, &seen, ROWS);
            rows = bot__json_raw(j);
        } else if (slice_is(key, "time")) {
            bot__once(j, &seen, TIME);
            whole = bot__json_i64(j, &ms);
        } else {
            whole = whole || slice_is(key, "withdrawable");
            bot__json_skip(j);
        }
    }
    /* Without the list and what stands around it, it is not the state of an account, and must not read as flat. */
    if (j->err == 0 && (rows.p == NULL || !whole || ms < 0 || ms > INT64_MAX / BOT_NS_PER_MS))
        bot__json_fail(j, BOT_ERR_MALFORMED);
    if (j->err != 0)
        return j->err;
    o->state_ns = ms * BOT_NS_PER_MS;
    if (o->reply != NULL)
        o->reply->venue_ns = o->state_ns;
    return bot__rows_each(rows, /* whole= */ true, &o->e, asset_row, o);
}

enum {
    O_COIN, O_SIDE, O_PX, O_SZ, O_OID, O_TIME, O_ORIG, O_CLOID, O_REDUCE, O_TIF, O_TRIGGER, O_TRIGGER_PX, O_TYPE, O_FIELDS,
};
static const struct slice order_fields[O_FIELDS] = {
    [O_COIN] = F("coin"),        [O_SIDE] = F("side"),    [O_PX] = F("limitPx"),     [O_SZ] = F("sz"),   [O_OID] = F("oid"),
    [O_TIME] = F("timestamp"),   [O_ORIG] = F("origSz"),  [O_CLOID] = F("cloid"),    [O_REDUCE] = F("reduceOnly"),
    [O_TIF] = F("tif"),          [O_TRIGGER] = F("isTrigger"), [O_TRIGGER_PX] = F("triggerPx"), [O_TYPE] = F("orderType"),
};

static inline uint32_t order_find(struct slice key)
{
    switch (key.len) {
    case 2: FIELD_AT(key, "sz", O_SZ); break;
    case 3: FIELD_AT(key, "oid", O_OID); FIELD_AT(key, "tif", O_TIF); break;
    case 4: FIELD_AT(key, "coin", O_COIN); FIELD_AT(key, "side", O_SIDE); break;
    case 5: FIELD_AT(key, "cloid", O_CLOID); break;
    case 6: FIELD_AT(key, "origSz", O_ORIG); break;
    case 7: FIELD_AT(key, "limitPx", O_PX); break;
    case 9: FIELD_AT(key, "timestamp", O_TIME); FIELD_AT(key, "isTrigger", O_TRIGGER); FIELD_AT(key, "triggerPx", O_TRIGGER_PX); FIELD_AT(key, "orderType", O_TYPE); break;
    case 10: FIELD_AT(key, "reduceOnly", O_REDUCE); break;
    default: break;
    }
    return O_FIELDS;
}

static bot_order_status status_of(struct slice word)
{
    if (slice_is(word, "open"))
        return BOT_ORDER_OPEN;
    if (slice_is(word, "filled"))
        return BOT_ORDER_FILLED;
    if (slice_is(word, "triggered"))
        return BOT_ORDER_TRIGGERED;
    /* "canceled", "marginCanceled", "reduceOnlyCanceled", ... and "rejected", "tickRejected", "iocCancelRejected", ... */
    static const struct slice endings[] = { F("anceled"), F("ejected"), F("scheduledCancel") };
    for (size_t i = 0; i < 3; i++)
        if (word.len >= endings[i].len && memcmp(word.p + word.len - endings[i].len, endings[i].p, endings[i].len) == 0)
            return i == 1 ? BOT_ORDER_REJECTED : BOT_ORDER_CANCELED;
    return BOT_ORDER_NONE;
}

/* *f: the order's own members. */
static int order_event(struct fields *f, struct json *j, struct hl_rows *o, struct slice status, int64_t status_ms)
{
    bot_event own, *const ev = bot__emit_slot(&o->e, 0, &own);
    bot__event_init(ev, BOT_EV_ORDER, o->source);
    if (!bot__field_symbol(f, O_COIN, &ev->instrument))
        bot__fields_fail(f, O_COIN, BOT_ERR_MALFORMED);
    if (!bot__field_id(f, O_OID, &ev->order.order_id))
        bot__fields_fail(f, O_OID, BOT_ERR_MALFORMED);
    bot__field_id(f, O_CLOID, &ev->order.client_id);
    ev->order.side = side_of(f, O_SIDE);
    if (ev->order.side == BOT_SIDE_NONE)
        bot__fields_fail(f, O_SIDE, BOT_ERR_MALFORMED);
    ev->order.leg = BOT_LEG_NET;
    if (bot__field_dec_counted(f, O_ORIG, &ev->order.qty))
        ev->has |= BOT_HAS_QTY;
    if (bot__field_dec_counted(f, O_SZ, &ev->order.leaves_qty))
        ev->has |= BOT_HAS_LEAVES_QTY;
    if (bot__field_dec(f, O_PX, &ev->order.price) && ev->order.price.coef > 0)
        ev->has |= BOT_HAS_PRICE;
    if (bot__field_bool(f, O_REDUCE, &ev->order.reduce_only))
        ev->has |= BOT_HAS_REDUCE_ONLY;
    ev->order.type = field_is(f, O_TYPE, "Market") || field_is(f, O_TYPE, "Stop Market") || field_is(f, O_TYPE, "Take Profit Market")
                        ? BOT_MARKET
                        : BOT_LIMIT;
    ev->order.tif = field_is(f, O_TIF, "Gtc")   ? BOT_GTC
                   : field_is(f, O_TIF, "Ioc") ? BOT_IOC
                   : field_is(f, O_TIF, "Alo") ? BOT_POST_ONLY
                                                : BOT_TIF_NONE;
    if (bot__field_given(f, O_TIF)) {
        ev->order.post_only = ev->order.tif == BOT_POST_ONLY;
        ev->has |= BOT_HAS_POST_ONLY;
    }
    bool trigger = false;
    bot__field_bool(f, O_TRIGGER, &trigger);
    if (trigger && bot__field_dec_positive(f, O_TRIGGER_PX, &ev->order.trigger_price))
        ev->has |= BOT_HAS_TRIGGER_PRICE;
    ev->order.status = status.len == 0 ? (trigger ? BOT_ORDER_UNTRIGGERED : BOT_ORDER_OPEN) : status_of(status);
    if (ev->order.status == BOT_ORDER_OPEN && trigger)
        ev->order.status = BOT_ORDER_UNTRIGGERED;
    if (ev->order.status == BOT_ORDER_OPEN && (ev->has & BOT_HAS_QTY) && (ev->has & BOT_HAS_LEAVES_QTY) &&
        bot_dec_cmp(ev->order.leaves_qty, ev->order.qty) < 0)
        ev->order.status = BOT_ORDER_PARTIALLY_FILLED;
    if (ev->order.status == BOT_ORDER_NONE)
        bot__fields_fail(f, O_TYPE, BOT_ERR_MALFORMED);
    if (ev->order.status == BOT_ORDER_REJECTED || ev->order.status == BOT_ORDER_CANCELED)
        bot__text_copy(status, ev->order.reason, sizeof ev->order.reason);
    ev->venue_ns = status_ms > 0 ? status_ms * BOT_NS_PER_MS : bot__field_ms(f, O_TIME);
    return bot__row_end(f, j, &o->e, ev, o->why, sizeof o->why);
}

/* {"order":{..},"status":"open","statusTimestamp":..} */
int bot__hl_order_update_row(struct json *j, void *arg)
{
    struct slice status = { NULL, 0 };
    struct fields f;
    struct json_found m;
    enum { ORDER = 1, STATUS = 2, TIME = 4 };
    int64_t ms = 0;
    uint32_t seen = 0;
    if (!bot__json_object(j))
        return j->err;
    struct json_walk w = json_walk_in(j);
    while (j->err == 0 && json_walk_member(j, &w, &m)) {
        const bool order = slice_is(m.key, "order"), word = slice_is(m.key, "status"), time = slice_is(m.key, "statusTimestamp");
        bot__once(j, &seen, order ? ORDER : word ? STATUS : time ? TIME : 0);
        if (j->err != 0 || (order && m.type != JSON_OBJECT) || (word && m.type != JSON_STRING) || (time && !bot__text_i64(m.value, &ms))) {
            bot__json_fail(j, BOT_ERR_MALFORMED);
        } else if (m.type == JSON_OBJECT || m.type == JSON_ARRAY) {
            json_walk_out(j, &w);
            if (order) fields_row(&f, j, order_fields, O_FIELDS, order_find, 0);
            else bot__json_skip(j);
            w = json_walk_in(j);
        } else if (word) {
            status = m.value;
        }
    }
    if (j->err == 0)
        json_walk_out(j, &w);
    if (j->err == 0 && ((seen & ORDER) == 0 || status.len == 0 || ms < 0 || ms > INT64_MAX / BOT_NS_PER_MS))
        bot__json_fail(j, BOT_ERR_MALFORMED);
    return j->err != 0 ? j->err : order_event(&f, j, arg, status, ms);
}

/* A row of the open orders, or of the order history, which has the shape of an update. */
int bot__hl_order_row(struct json *j, void *arg)
{
    struct json ahead = *j;
    struct slice key;
    if (bot__json_object(&ahead) && bot__json_key(&ahead, &key) &&
        (slice_is(key, "order") || slice_is(key, "status") || slice_is(key, "statusTimestamp")))
        return bot__hl_order_update_row(j, arg);
    struct fields f;
    fields_row(&f, j, order_fields, O_FIELDS, order_find, 0);
    return f.err != 0 ? f.err : order_event(&f, j, arg, (struct slice){ NULL, 0 }, 0);
}

enum { U_COIN, U_USDC, U_TIME, U_FIELDS };
static const struct slice funding_fields[U_FIELDS] = { [U_COIN] = F("coin"), [U_USDC] = F("usdc"), [U_TIME] = F("time") };

/* One funding payment; when: the time of a REST row stands outside its delta. It has no id of its own: coin and hour. */
static int funding_event(struct json *j, struct hl_rows *o, int64_t when_ms)
{
    struct fields f;
    bot_event ev;
    bot__fields_read(&f, j, funding_fields, U_FIELDS);
    if (f.err != 0)
        return f.err;
    bot__event_init(&ev, BOT_EV_FUNDING, o->source);
    if (!bot__field_symbol(&f, U_COIN, &ev.instrument))
        bot__fields_fail(&f, U_COIN, BOT_ERR_MALFORMED);
    bot_dec usdc;
    if (bot__field_dec(&f, U_USDC, &usdc))
        ev.funding.amount = bot_dec_neg(usdc); /* negative is paid */
    else
        bot__fields_fail(&f, U_USDC, BOT_ERR_MALFORMED);
    bot__currency_set(&ev.funding.currency, "USDC", 4);
    ev.venue_ns = when_ms > 0 ? when_ms * BOT_NS_PER_MS : bot__field_ms(&f, U_TIME);
    char id[BOT_ID_MAX + 1];
    snprintf(id, sizeof id, "%.25s:%lld", ev.instrument.s, (long long)(ev.venue_ns / BOT_NS_PER_MS));
    if (ev.venue_ns == 0 || !bot__id_set(&ev.funding.exec_id, id, strlen(id)))
        bot__fields_fail(&f, U_TIME, BOT_ERR_MALFORMED);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

int bot__hl_funding_row(struct json *j, void *arg)
{
    struct slice key, delta = { NULL, 0 };
    enum { DELTA = 1, TIME = 2 };
    int64_t ms = 0;
    uint32_t seen = 0;
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        const bool inner = slice_is(key, "delta"), time = slice_is(key, "time");
        bot__once(j, &seen, inner ? DELTA : time ? TIME : 0);
        if (inner)
            delta = bot__json_raw(j);
        else if (time)
            bot__json_i64(j, &ms);
        else
            bot__json_skip(j);
    }
    if (j->err == 0 && (delta.p == NULL || ms <= 0 || ms > INT64_MAX / BOT_NS_PER_MS))
        bot__json_fail(j, BOT_ERR_MALFORMED);
    if (j->err != 0)
        return j->err;
    struct json inner;
    bot__json_init(&inner, delta.p, delta.len);
    const int r = funding_event(&inner, arg, ms);
    if (r < 0)
        bot__json_fail(j, r);
    return r;
}

int bot__hl_funding_push_row(struct json *j, void *arg) { return funding_event(j, arg, 0); }

/* ---- instruments, public ------------------------------------------------------------------------------------ */

enum { I_NAME, I_DECIMALS, I_DELISTED, I_FIELDS };
static const struct slice instrument_fields[I_FIELDS] = { [I_NAME] = F("name"), [I_DECIMALS] = F("szDecimals"), [I_DELISTED] = F("isDelisted") };

static int instrument_row(struct json *j, void *arg)
{
    struct hl_rows *o = arg;
    struct fields f;
    bot_event ev;
    bot__fields_read(&f, j, instrument_fields, I_FIELDS);
    if (f.err != 0)
        return f.err;
    bot__event_init(&ev, BOT_EV_INSTRUMENT, o->source);
    if (!bot__field_symbol(&f, I_NAME, &ev.instrument))
        bot__fields_fail(&f, I_NAME, BOT_ERR_MALFORMED);
    int64_t decimals = 0;
    if (!bot__field_i64(&f, I_DECIMALS, &decimals) || decimals < 0 || decimals > 6)
        bot__fields_fail(&f, I_DECIMALS, BOT_ERR_MALFORMED);
    bool delisted = false;
    bot__field_bool(&f, I_DELISTED, &delisted);
    ev.inst.contract = BOT_LINEAR;
    ev.inst.tradable = !delisted;
    /* Prices have at most 5 significant digits besides: a grid that widens with the price, of which this is the finest. */
    ev.inst.tick = (bot_dec){ 1, 6 - (int32_t)decimals };
    ev.inst.lot = (bot_dec){ 1, (int32_t)decimals };
    ev.inst.multiplier = (bot_dec){ 1, 0 };
    ev.inst.notional_min = (bot_dec){ 10, 0 };
    bot__currency_set(&ev.inst.base, ev.instrument.s, ev.instrument.len <= BOT_CURRENCY_MAX ? ev.instrument.len : 0);
    bot__currency_set(&ev.inst.quote, "USD", 3);
    bot__currency_set(&ev.inst.settle, "USDC", 4);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

int bot__hl_universe(struct json *j, struct hl_rows *o)
{
    struct slice key, rows = { NULL, 0 };
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        const bool universe = slice_is(key, "universe");
        if (universe && rows.p != NULL)
            bot__json_fail(j, BOT_ERR_CONFLICT);
        if (universe)
            rows = bot__json_raw(j);
        else
            bot__json_skip(j);
    }
    if (j->err == 0 && rows.p == NULL)
        bot__json_fail(j, BOT_ERR_MALFORMED);
    return j->err != 0 ? j->err : bot__rows_each(rows, true, &o->e, instrument_row, o);
}

enum { R_COIN, R_SIDE, R_PX, R_SZ, R_TIME, R_TID, R_FIELDS };
static const struct slice trade_fields[R_FIELDS] = {
    [R_COIN] = F("coin"), [R_SIDE] = F("side"), [R_PX] = F("px"), [R_SZ] = F("sz"), [R_TIME] = F("time"), [R_TID] = F("tid"),
};

static inline uint32_t trade_find(struct slice key)
{
    switch (key.len) {
    case 2: FIELD_AT(key, "px", R_PX); FIELD_AT(key, "sz", R_SZ); break;
    case 3: FIELD_AT(key, "tid", R_TID); break;
    case 4: FIELD_AT(key, "coin", R_COIN); FIELD_AT(key, "side", R_SIDE); FIELD_AT(key, "time", R_TIME); break;
    default: break;
    }
    return R_FIELDS;
}

/* Whether this coin's trades are heard for the first time on this connection; remembers it, unless it reads ahead. */
static bool first_of_coin(struct hl_rows *o, const bot_symbol *coin)
{
    uint64_t h = fnv1a(FNV_START, coin->s, coin->len);
    h += h == 0;
    for (uint32_t i = 0; i < HL_COINS_MAX; i++) {
        if (o->state->coins[i] == h)
            return false;
        if (o->state->coins[i] == 0) {
            if (o->e.dry)
                bot__emit_again(&o->e);
            else
                o->state->coins[i] = h;
            return true;
        }
    }
    return false;
}

int bot__hl_trade_row(struct json *j, void *arg)
{
    struct hl_rows *o = arg;
    struct fields f;
    fields_row(&f, j, trade_fields, R_FIELDS, trade_find, 0);
    if (f.err != 0)
        return f.err;
    bot_event own, *const ev = bot__emit_slot(&o->e, 0, &own);
    bot__event_init(ev, BOT_EV_TRADE, o->source);
    if (!bot__field_symbol(&f, R_COIN, &ev->instrument))
        bot__fields_fail(&f, R_COIN, BOT_ERR_MALFORMED);
    bot__field_id(&f, R_TID, &ev->trade.trade_id);
    ev->trade.side = side_of(&f, R_SIDE);
    if (bot__field_dec_positive(&f, R_PX, &ev->trade.price) && bot__field_dec_positive(&f, R_SZ, &ev->trade.qty))
        ev->has |= BOT_HAS_QTY | BOT_HAS_PRICE;
    else
        bot__fields_fail(&f, R_PX, BOT_ERR_MALFORMED);
    ev->venue_ns = bot__field_ms(&f, R_TIME);
    if (o->e.n == 0 && o->state != NULL && f.err == 0) /* of the message */
        o->replayed = first_of_coin(o, &ev->instrument);
    ev->trade.replayed = o->replayed;
    return bot__row_end(&f, j, &o->e, ev, o->why, sizeof o->why);
}

static const struct level_shape level_shape = { .price = F("px"), .qty = F("sz"), .zero = LEVEL_ZERO_REFUSED };

/* {"coin":..,"time":..,"levels":[[bids],[asks]]}: the whole of what is shown, every time. */
int bot__hl_book(struct json *j, struct hl_rows *o)
{
    struct slice key;
    bot_event ev;
    int64_t ms = 0;
    uint32_t sides = 0, used = 0, seen = 0;
    enum { COIN = 1, TIME = 2, LEVELS = 4 };
    bot__event_init(&ev, BOT_EV_BOOK, o->source);
    ev.book.snapshot = true;
    ev.book.seq_first = ev.book.seq_last = ev.book.seq_prev = BOT_SEQ_NONE;
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        if (slice_is(key, "coin")) {
            bot__once(j, &seen, COIN);
            bot__json_symbol(j, &ev.instrument);
        } else if (slice_is(key, "time")) {
            bot__once(j, &seen, TIME);
            if (bot__json_i64(j, &ms) && ms > 0 && ms < INT64_MAX / BOT_NS_PER_MS)
                ev.venue_ns = ms * BOT_NS_PER_MS;
        } else if (slice_is(key, "levels")) {
            bot__once(j, &seen, LEVELS);
            bot__json_array(j);
            while (bot__json_item(j) && sides < 3) {
                if (sides == 0)
                    ev.book.bids = bot__levels_read(j, &level_shape, o->scratch, &used, &ev.book.bids_n);
                else if (sides == 1)
                    ev.book.asks = bot__levels_read(j, &level_shape, o->scratch, &used, &ev.book.asks_n);
                else
                    bot__json_fail(j, BOT_ERR_MALFORMED);
                sides++;
            }
        } else {
            bot__json_skip(j);
        }
    }
    if (j->err == 0 && (sides != 2 || ev.instrument.len == 0))
        bot__json_fail(j, BOT_ERR_MALFORMED);
    if (j->err != 0)
        return j->err;
    bot__emit(&o->e, &ev);
    return BOT_OK;
}
