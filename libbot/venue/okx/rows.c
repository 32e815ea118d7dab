/* OKX v5: rows of private data, from the socket and from REST. */
#include "venue/fields_row.h"
#include "venue/okx/okx.h"

#define F(text) { text, sizeof(text) - 1 }

/* ---- words -------------------------------------------------------------------------------------------------- */

static bot_side side_of(const struct fields *f, uint32_t i)
{
    return field_is(f, i, "buy") ? BOT_BUY : field_is(f, i, "sell") ? BOT_SELL : BOT_SIDE_NONE;
}

static bot_leg leg_of(const struct fields *f, uint32_t i)
{
    return field_is(f, i, "net") ? BOT_LEG_NET : field_is(f, i, "long") ? BOT_LEG_LONG
                                             : field_is(f, i, "short")  ? BOT_LEG_SHORT
                                                                        : BOT_LEG_NONE;
}

static bool is_derivative(const struct fields *f, uint32_t i)
{
    return field_is(f, i, "SWAP") || field_is(f, i, "FUTURES") || field_is(f, i, "OPTION");
}

/* Orders say by category what matched. twap, ddh and the algo categories are the account's own doing. */
static bot_fill_kind kind_of_category(const struct fields *f, uint32_t i)
{
    static const struct {
        struct slice  word;
        bot_fill_kind kind;
    } words[] = {
        { F("normal"), BOT_FILL_TRADE },
        { F("twap"), BOT_FILL_TRADE },
        { F("ddh"), BOT_FILL_TRADE },
        { F("iceberg"), BOT_FILL_TRADE },
        { F("oco"), BOT_FILL_TRADE },
        { F("conditional"), BOT_FILL_TRADE },
        { F("move_order_stop"), BOT_FILL_TRADE },
        { F("trigger"), BOT_FILL_TRADE },
        { F("full_liquidation"), BOT_FILL_LIQUIDATION },
        { F("partial_liquidation"), BOT_FILL_LIQUIDATION },
        { F("adl"), BOT_FILL_ADL },
        { F("delivery"), BOT_FILL_SETTLEMENT },
        { F("auto_conversion"), BOT_FILL_TRANSFER },
    };
    if (!bot__field_given(f, i))
        return BOT_FILL_TRADE;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (words[k].word.len == f->v[i].len && memcmp(words[k].word.p, f->v[i].p, f->v[i].len) == 0)
            return words[k].kind;
    return BOT_FILL_UNKNOWN;
}

/* The fills list says it by the bill's sub type (docs, "bill subtype"). Rows without one are old recordings of trades;
 * a negative trade id is a liquidation or the like whatever else is missing. */
static bot_fill_kind kind_of_subtype(int64_t sub, bool given, bool negative_trade_id)
{
    if (!given)
        return negative_trade_id ? BOT_FILL_LIQUIDATION : BOT_FILL_TRADE;
    if ((sub >= 1 && sub <= 6) || sub == 131 || sub == 132)
        return negative_trade_id ? BOT_FILL_LIQUIDATION : BOT_FILL_TRADE;
    if ((sub >= 100 && sub <= 107) || (sub >= 108 && sub <= 111))
        return BOT_FILL_LIQUIDATION;
    if (sub >= 125 && sub <= 128)
        return BOT_FILL_ADL;
    if (sub == 112 || sub == 113 || sub == 117 || (sub >= 170 && sub <= 172))
        return BOT_FILL_SETTLEMENT;
    if (sub >= 204 && sub <= 209)
        return BOT_FILL_BLOCK;
    if (sub == 114 || sub == 115 || sub == 118 || sub == 119 || (sub >= 200 && sub <= 203))
        return BOT_FILL_TRANSFER;
    return BOT_FILL_UNKNOWN;
}

/* "0" and "" stand for "no trade id"; a positive one orders the fills of an instrument. */
static bool trade_id_of(struct fields *f, uint32_t i, int64_t *ret_seq)
{
    int64_t id;
    *ret_seq = BOT_SEQ_NONE;
    if (!bot__field_given(f, i) || field_is(f, i, "0"))
        return false;
    if (bot__text_i64(f->v[i], &id) && id > 0)
        *ret_seq = id;
    return true;
}

/* OKX writes what was charged as negative. */
static bool paid_of(struct fields *f, uint32_t i, bot_dec *ret)
{
    bot_dec d;
    if (!bot__field_dec(f, i, &d))
        return false;
    *ret = bot_dec_neg(d);
    return true;
}

/* The coin of a fee: a fee of none would be booked in the wrong one. */
static void paid_in(struct fields *f, uint32_t i, bot_event *ev)
{
    if (!bot__field_currency(f, i, &ev->fill.fee_currency) && !bot_dec_is_zero(ev->fill.fee))
        bot__fields_fail(f, i, BOT_ERR_MALFORMED);
}

/* ---- orders ------------------------------------------------------------------------------------------------- */

enum {
    O_INST_TYPE, O_INST, O_ORD, O_CL, O_STATE, O_SIDE, O_POS_SIDE, O_TYPE, O_SZ, O_PX, O_AVG, O_ACC, O_REDUCE, O_CATEGORY,
    O_UTIME, O_CTIME, O_TGT, O_TRADE, O_FILL_SZ, O_FILL_PX, O_FILL_TIME, O_FILL_FEE, O_FILL_FEE_CCY, O_FEE, O_FEE_CCY, O_EXEC,
    O_CODE, O_MSG, O_CANCEL, O_ALGO, O_ALGO_CL, O_TRIGGER, O_SL_TRIGGER, O_TP_TRIGGER, O_ORD_PX, O_FIELDS,
};
static const struct slice order_fields[O_FIELDS] = {
    [O_INST_TYPE] = F("instType"), [O_INST] = F("instId"),        [O_ORD] = F("ordId"),          [O_CL] = F("clOrdId"),
    [O_STATE] = F("state"),        [O_SIDE] = F("side"),          [O_POS_SIDE] = F("posSide"),   [O_TYPE] = F("ordType"),
    [O_SZ] = F("sz"),              [O_PX] = F("px"),              [O_AVG] = F("avgPx"),          [O_ACC] = F("accFillSz"),
    [O_REDUCE] = F("reduceOnly"),  [O_CATEGORY] = F("category"),  [O_UTIME] = F("uTime"),        [O_CTIME] = F("cTime"),
    [O_TGT] = F("tgtCcy"),         [O_TRADE] = F("tradeId"),      [O_FILL_SZ] = F("fillSz"),     [O_FILL_PX] = F("fillPx"),
    [O_FILL_TIME] = F("fillTime"), [O_FILL_FEE] = F("fillFee"),   [O_FILL_FEE_CCY] = F("fillFeeCcy"),
    [O_FEE] = F("fee"),            [O_FEE_CCY] = F("feeCcy"),     [O_EXEC] = F("execType"),      [O_CODE] = F("code"),
    [O_MSG] = F("msg"),            [O_CANCEL] = F("cancelSource"), [O_ALGO] = F("algoId"),      [O_ALGO_CL] = F("algoClOrdId"),
    [O_TRIGGER] = F("triggerPx"),  [O_SL_TRIGGER] = F("slTriggerPx"), [O_TP_TRIGGER] = F("tpTriggerPx"), [O_ORD_PX] = F("ordPx"),
};

static inline uint32_t order_find(struct slice key)
{
    switch (key.len) {
    case 2: FIELD_AT(key, "sz", O_SZ); FIELD_AT(key, "px", O_PX); break;
    case 3: FIELD_AT(key, "fee", O_FEE); FIELD_AT(key, "msg", O_MSG); break;
    case 4: FIELD_AT(key, "side", O_SIDE); FIELD_AT(key, "code", O_CODE); break;
    case 5:
        FIELD_AT(key, "ordId", O_ORD); FIELD_AT(key, "state", O_STATE); FIELD_AT(key, "uTime", O_UTIME);
        FIELD_AT(key, "cTime", O_CTIME); FIELD_AT(key, "avgPx", O_AVG);
        break;
    case 6:
        FIELD_AT(key, "instId", O_INST); FIELD_AT(key, "fillPx", O_FILL_PX); FIELD_AT(key, "fillSz", O_FILL_SZ);
        FIELD_AT(key, "feeCcy", O_FEE_CCY); FIELD_AT(key, "tgtCcy", O_TGT);
        break;
    case 7:
        FIELD_AT(key, "clOrdId", O_CL); FIELD_AT(key, "tradeId", O_TRADE); FIELD_AT(key, "posSide", O_POS_SIDE);
        FIELD_AT(key, "ordType", O_TYPE); FIELD_AT(key, "fillFee", O_FILL_FEE);
        break;
    case 8:
        FIELD_AT(key, "instType", O_INST_TYPE); FIELD_AT(key, "execType", O_EXEC); FIELD_AT(key, "category", O_CATEGORY);
        FIELD_AT(key, "fillTime", O_FILL_TIME);
        break;
    case 9: FIELD_AT(key, "accFillSz", O_ACC); break;
    case 10: FIELD_AT(key, "reduceOnly", O_REDUCE); FIELD_AT(key, "fillFeeCcy", O_FILL_FEE_CCY); break;
    case 12: FIELD_AT(key, "cancelSource", O_CANCEL); break;
    default: break;
    }
    return O_FIELDS;
}

static const struct {
    struct slice     word;
    bot_order_status status;
} states[] = {
    { F("live"), BOT_ORDER_OPEN },           { F("partially_filled"), BOT_ORDER_PARTIALLY_FILLED },
    { F("filled"), BOT_ORDER_FILLED },       { F("canceled"), BOT_ORDER_CANCELED },
    { F("mmp_canceled"), BOT_ORDER_CANCELED },
};

/* Of conditional orders, which have a numbering of their own until they bring forth a real one. */
static const struct {
    struct slice     word;
    bot_order_status status;
} algo_states[] = {
    { F("live"), BOT_ORDER_UNTRIGGERED },        { F("pause"), BOT_ORDER_UNTRIGGERED },
    { F("effective"), BOT_ORDER_TRIGGERED },     { F("partially_effective"), BOT_ORDER_TRIGGERED },
    { F("canceled"), BOT_ORDER_CANCELED },       { F("order_failed"), BOT_ORDER_REJECTED },
    { F("partially_failed"), BOT_ORDER_REJECTED },
};

static bot_order_status status_of(const struct fields *f, bool algo)
{
    const struct slice word = f->v[O_STATE];
    for (size_t i = 0; !algo && i < sizeof states / sizeof *states; i++)
        if (states[i].word.len == word.len && memcmp(states[i].word.p, word.p, word.len) == 0)
            return states[i].status;
    for (size_t i = 0; algo && i < sizeof algo_states / sizeof *algo_states; i++)
        if (algo_states[i].word.len == word.len && memcmp(algo_states[i].word.p, word.p, word.len) == 0)
            return algo_states[i].status;
    return BOT_ORDER_NONE;
}

/* ordType says both what kind of order it is and how long it lives; algo orders' own words give neither. */
static void type_of(const struct fields *f, bot_event *ev)
{
    static const struct {
        struct slice   word;
        bot_order_type type;
        bot_tif        tif;
    } words[] = {
        { F("limit"), BOT_LIMIT, BOT_GTC },         { F("market"), BOT_MARKET, BOT_TIF_NONE },
        { F("post_only"), BOT_LIMIT, BOT_POST_ONLY }, { F("fok"), BOT_LIMIT, BOT_FOK },
        { F("ioc"), BOT_LIMIT, BOT_IOC },           { F("optimal_limit_ioc"), BOT_MARKET, BOT_IOC },
        { F("mmp"), BOT_LIMIT, BOT_GTC },           { F("mmp_and_post_only"), BOT_LIMIT, BOT_POST_ONLY },
        { F("op_fok"), BOT_LIMIT, BOT_FOK },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].word.len == f->v[O_TYPE].len && memcmp(words[i].word.p, f->v[O_TYPE].p, f->v[O_TYPE].len) == 0) {
            ev->order.type = words[i].type;
            ev->order.tif = words[i].tif;
            ev->order.post_only = words[i].tif == BOT_POST_ONLY;
            ev->has |= BOT_HAS_POST_ONLY;
        }
}

/* px is -1 on market orders of some products, "" or "0" on others. */
static void price_of(struct fields *f, uint32_t i, bot_event *ev, uint32_t bit, bot_dec *ret)
{
    bot_dec d;
    if (bot__field_dec(f, i, &d) && bot_dec_sign(d) > 0) {
        *ret = d;
        ev->has |= bit;
    }
}

static void order_event(struct fields *f, struct okx_rows *o, bot_event *ev)
{
    bot__event_init(ev, BOT_EV_ORDER, o->source);
    bot__field_symbol(f, O_INST, &ev->instrument);
    const bool algo = !bot__field_given(f, O_ORD) && bot__field_given(f, O_ALGO);
    bot__field_id(f, algo ? O_ALGO : O_ORD, &ev->order.order_id);
    bot__field_id(f, algo ? O_ALGO_CL : O_CL, &ev->order.client_id);
    ev->order.status = status_of(f, algo);
    ev->order.side = side_of(f, O_SIDE);
    ev->order.leg = leg_of(f, O_POS_SIDE);
    type_of(f, ev);
    /* A spot market order may be sized in money: then sz is no quantity of the instrument. */
    if (!field_is(f, O_TGT, "quote_ccy") && bot__field_dec_positive(f, O_SZ, &ev->order.qty))
        ev->has |= BOT_HAS_QTY;
    if (bot__field_dec_counted(f, O_ACC, &ev->order.cum_qty))
        ev->has |= BOT_HAS_CUM_QTY;
    price_of(f, algo ? O_ORD_PX : O_PX, ev, BOT_HAS_PRICE, &ev->order.price);
    if (algo) {
        const uint32_t trigger = bot__field_given(f, O_TRIGGER) ? O_TRIGGER : bot__field_given(f, O_SL_TRIGGER) ? O_SL_TRIGGER : O_TP_TRIGGER;
        price_of(f, trigger, ev, BOT_HAS_TRIGGER_PRICE, &ev->order.trigger_price);
    }
    price_of(f, O_AVG, ev, BOT_HAS_AVG_PRICE, &ev->order.avg_price);
    if (bot__field_bool(f, O_REDUCE, &ev->order.reduce_only))
        ev->has |= BOT_HAS_REDUCE_ONLY;
    ev->venue_ns = bot__field_ms(f, O_UTIME);
    int64_t code;
    if (bot__field_given(f, O_CODE) && !field_is(f, O_CODE, "0") && bot__okx_code(f->v[O_CODE], &code)) {
        ev->order.venue_code = code;
        ev->has |= BOT_HAS_VENUE_CODE;
        bot__field_text(f, O_MSG, ev->order.reason, sizeof ev->order.reason);
    } else if (bot__field_given(f, O_CANCEL)) {
        static const char prefix[] = "cancelSource ";
        memcpy(ev->order.reason, prefix, sizeof prefix);
        bot__field_text(f, O_CANCEL, ev->order.reason + sizeof prefix - 1, sizeof ev->order.reason - sizeof prefix + 1);
    }
    /* What an order is about must be readable; a state that is not in the docs must not pass for "nothing happened". */
    if (ev->instrument.len == 0)
        bot__fields_fail(f, O_INST, BOT_ERR_MALFORMED);
    if (ev->order.order_id.len == 0)
        bot__fields_fail(f, O_ORD, BOT_ERR_MALFORMED);
    if (ev->order.status == BOT_ORDER_NONE)
        bot__fields_fail(f, O_STATE, BOT_ERR_MALFORMED);
    if (ev->order.side == BOT_SIDE_NONE)
        bot__fields_fail(f, O_SIDE, BOT_ERR_MALFORMED);
}

int bot__okx_order_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, order_fields, O_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    order_event(&f, o, &ev);
    o->last_id = ev.order.order_id;
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

static struct okx_fee *fee_entry(struct okx_state *s, const bot_id *order)
{
    for (uint32_t i = 0; i < OKX_FEES_MAX; i++)
        if (s->fees[i].order.len != 0 && bot__id_eq(&s->fees[i].order, order))
            return &s->fees[i];
    return NULL;
}

/* A push without fillFee: the fill's fee is how far the order's fee grew. Known when this is the order's first fill, or
 * when the push before it was seen and nothing lies between the two. Else the fee stays absent; the fills list has it. */
static bool fee_from_growth(struct fields *f, struct okx_rows *o, const bot_event *fill, bot_dec *ret)
{
    bot_dec paid_text;
    bot_i128 paid, filled, qty, before, last = 0;
    if (!paid_of(f, O_FEE, &paid_text) || !(fill->has & BOT_HAS_CUM_QTY) ||
        bot_dec_to_fixed(paid_text, &paid) < 0 || bot_dec_to_fixed(fill->fill.cum_qty, &filled) < 0 ||
        bot_dec_to_fixed(fill->fill.qty, &qty) < 0 || !bot_fixed_sub(filled, qty, &before))
        return false;

    bool known = false;
    struct okx_fee *entry = o->state != NULL ? fee_entry(o->state, &fill->fill.order_id) : NULL;
    if (before == 0) {
        *ret = paid_text;
        last = paid;
        known = true;
    } else if (entry != NULL && entry->filled == before) {
        known = bot_fixed_sub(paid, entry->paid, &last);
        *ret = bot_dec_from_fixed(last);
    } else if (entry != NULL && entry->filled == filled) { /* the same push again */
        known = entry->last_known;
        last = entry->last;
        *ret = before == 0 ? paid_text : bot_dec_from_fixed(last);
    }
    if (o->state == NULL || o->e.dry) {
        if (o->state != NULL)
            bot__emit_again(&o->e); /* to be remembered once the message is known to be sound */
        return known;
    }
    if (entry == NULL) {
        entry = &o->state->fees[o->state->next];
        o->state->next = (o->state->next + 1) % OKX_FEES_MAX;
        entry->order = fill->fill.order_id;
    }
    *entry = (struct okx_fee){ entry->order, filled, paid, last, known };
    return known;
}

/* Whether the push tells of a match, and the fill's event. The last fill's figures may stand in a row that is about
 * something else (an amendment, a cancel), so that the trade id decides: with one it is a fill, and a repeat is known by
 * the id. Without one it is the end of a spot market order (docs) or a mere state, unless the venue itself matched
 * (liquidation, ADL, ...: order pushes carry no id there, the fills list a negative one). Those are known by order and
 * cumulative quantity, and marked as derived, so that the list's row confirms them instead of counting twice. */
static bool fill_event(struct fields *f, struct okx_rows *o, bot_event *ev)
{
    bot__event_init(ev, BOT_EV_FILL, o->source);
    bot_dec qty;
    /* Empty is "no match"; not there at all is no push of an order. */
    if (!bot__field_seen(f, O_FILL_SZ))
        bot__fields_fail(f, O_FILL_SZ, BOT_ERR_MALFORMED);
    if (!bot__field_dec(f, O_FILL_SZ, &qty) || bot_dec_is_zero(qty))
        return false;
    if (!bot__field_seen(f, O_TRADE))
        bot__fields_fail(f, O_TRADE, BOT_ERR_MALFORMED);
    if (qty.coef < 0)
        bot__fields_fail(f, O_FILL_SZ, BOT_ERR_MALFORMED);

    ev->fill.kind = kind_of_category(f, O_CATEGORY);
    const bool named = trade_id_of(f, O_TRADE, &ev->seq);
    if (!named) {
        const bool matched_now = field_is(f, O_STATE, "filled") || field_is(f, O_STATE, "partially_filled");
        if (matched_now && !bot__field_given(f, O_INST_TYPE)) /* a fill, or the end of a spot market order: it does not say */
            bot__fields_fail(f, O_INST_TYPE, BOT_ERR_MALFORMED);
        if (ev->fill.kind == BOT_FILL_TRADE && !(is_derivative(f, O_INST_TYPE) && matched_now))
            return false;
        ev->fill.derived = true;
    } else if (f->v[O_TRADE].p[0] == '-' && ev->fill.kind == BOT_FILL_TRADE) {
        ev->fill.kind = BOT_FILL_LIQUIDATION;
    }

    bot__field_symbol(f, O_INST, &ev->instrument);
    bot__field_id(f, O_ORD, &ev->fill.order_id);
    bot__field_id(f, O_CL, &ev->fill.client_id);
    if (named) {
        bot__field_id(f, O_TRADE, &ev->fill.exec_id);
    } else {
        char key[2 * BOT_ID_MAX + 2];
        const size_t n = f->v[O_ORD].len + 1 + f->v[O_ACC].len;
        if (!bot__field_given(f, O_ORD)) {
            bot__fields_fail(f, O_ORD, BOT_ERR_MALFORMED);
        } else if (n > BOT_ID_MAX) {
            bot__fields_fail(f, O_ACC, BOT_ERR_OVERFLOW);
        } else {
            memcpy(key, f->v[O_ORD].p, f->v[O_ORD].len);
            key[f->v[O_ORD].len] = ':';
            if (f->v[O_ACC].len > 0)
                memcpy(key + f->v[O_ORD].len + 1, f->v[O_ACC].p, f->v[O_ACC].len);
            bot__id_set(&ev->fill.exec_id, key, n);
        }
    }
    ev->fill.side = side_of(f, O_SIDE);
    ev->fill.leg = leg_of(f, O_POS_SIDE);
    ev->fill.liquidity = field_is(f, O_EXEC, "M") ? BOT_MAKER : field_is(f, O_EXEC, "T") ? BOT_TAKER : BOT_LIQUIDITY_NONE;
    ev->fill.qty = qty;
    ev->has |= BOT_HAS_QTY;
    if (bot__field_dec_positive(f, O_FILL_PX, &ev->fill.price))
        ev->has |= BOT_HAS_PRICE;
    else
        bot__fields_fail(f, O_FILL_PX, BOT_ERR_MALFORMED);
    if (bot__field_dec_counted(f, O_ACC, &ev->fill.cum_qty))
        ev->has |= BOT_HAS_CUM_QTY;
    if (paid_of(f, O_FILL_FEE, &ev->fill.fee)) {
        ev->has |= BOT_HAS_FEE;
        paid_in(f, O_FILL_FEE_CCY, ev);
    } else if (f->err == 0 && fee_from_growth(f, o, ev, &ev->fill.fee)) {
        ev->has |= BOT_HAS_FEE;
        paid_in(f, O_FEE_CCY, ev);
    }
    ev->venue_ns = bot__field_ms(f, O_FILL_TIME);
    return true;
}

int bot__okx_order_push_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct fields f;
    fields_row(&f, j, order_fields, O_FIELDS, order_find, 0);
    if (f.err != 0)
        return f.err;
    /* The fill goes first: an order's final state must not be known before its last fill. */
    bot_event own[2], *const fill = bot__emit_slot(&o->e, 0, &own[0]);
    const bool filled = fill_event(&f, o, fill);
    bot_event *const order = bot__emit_slot(&o->e, filled, &own[1]);
    order_event(&f, o, order);
    if (filled && f.err == 0)
        bot__emit(&o->e, fill);
    return bot__row_end(&f, j, &o->e, order, o->why, sizeof o->why);
}

/* ---- fills list --------------------------------------------------------------------------------------------- */

enum {
    T_INST, T_TRADE, T_ORD, T_CL, T_BILL, T_SUB, T_SIDE, T_POS_SIDE, T_SZ, T_PX, T_EXEC, T_FEE, T_FEE_CCY, T_FILL_TIME, T_TS,
    T_FIELDS,
};
static const struct slice fill_fields[T_FIELDS] = {
    [T_INST] = F("instId"),   [T_TRADE] = F("tradeId"),  [T_ORD] = F("ordId"),   [T_CL] = F("clOrdId"),
    [T_BILL] = F("billId"),   [T_SUB] = F("subType"),    [T_SIDE] = F("side"),   [T_POS_SIDE] = F("posSide"),
    [T_SZ] = F("fillSz"),     [T_PX] = F("fillPx"),      [T_EXEC] = F("execType"), [T_FEE] = F("fee"),
    [T_FEE_CCY] = F("feeCcy"), [T_FILL_TIME] = F("fillTime"), [T_TS] = F("ts"),
};

int bot__okx_fill_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, fill_fields, T_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_FILL, o->source);
    bot__field_symbol(&f, T_INST, &ev.instrument);
    /* Without a trade id the bill is what names the row; both lists are of bills. That there is none has to be said: else one fill
     * would have two names, this one and the push's. */
    if (!bot__field_seen(&f, T_TRADE))
        bot__fields_fail(&f, T_TRADE, BOT_ERR_MALFORMED);
    if (trade_id_of(&f, T_TRADE, &ev.seq))
        bot__field_id(&f, T_TRADE, &ev.fill.exec_id);
    else
        bot__field_id(&f, T_BILL, &ev.fill.exec_id);
    bot__field_id(&f, T_ORD, &ev.fill.order_id);
    bot__field_id(&f, T_CL, &ev.fill.client_id);
    bot__field_id(&f, T_BILL, &o->last_id);
    int64_t sub = 0;
    const bool sub_given = bot__field_i64(&f, T_SUB, &sub);
    ev.fill.kind = kind_of_subtype(sub, sub_given, f.v[T_TRADE].len > 0 && f.v[T_TRADE].p[0] == '-');
    ev.fill.side = side_of(&f, T_SIDE);
    ev.fill.leg = leg_of(&f, T_POS_SIDE);
    ev.fill.liquidity = field_is(&f, T_EXEC, "M") ? BOT_MAKER : field_is(&f, T_EXEC, "T") ? BOT_TAKER : BOT_LIQUIDITY_NONE;
    if (bot__field_dec_positive(&f, T_SZ, &ev.fill.qty))
        ev.has |= BOT_HAS_QTY;
    else
        bot__fields_fail(&f, T_SZ, BOT_ERR_MALFORMED);
    if (bot__field_dec_positive(&f, T_PX, &ev.fill.price))
        ev.has |= BOT_HAS_PRICE;
    else
        bot__fields_fail(&f, T_PX, BOT_ERR_MALFORMED);
    if (paid_of(&f, T_FEE, &ev.fill.fee)) {
        ev.has |= BOT_HAS_FEE;
        paid_in(&f, T_FEE_CCY, &ev);
    }
    ev.venue_ns = bot__field_ms(&f, T_FILL_TIME);
    if (ev.venue_ns == 0)
        ev.venue_ns = bot__field_ms(&f, T_TS);
    if (ev.instrument.len == 0)
        bot__fields_fail(&f, T_INST, BOT_ERR_MALFORMED);
    if (ev.fill.exec_id.len == 0)
        bot__fields_fail(&f, T_TRADE, BOT_ERR_MALFORMED);
    if (ev.fill.side == BOT_SIDE_NONE)
        bot__fields_fail(&f, T_SIDE, BOT_ERR_MALFORMED);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

/* ---- positions, money --------------------------------------------------------------------------------------- */

enum { P_INST_TYPE, P_INST, P_POS, P_POS_SIDE, P_AVG, P_UTIME, P_UTIME_TYPO, P_PTIME, P_TRADE, P_POS_CCY, P_FIELDS };
static const struct slice position_fields[P_FIELDS] = {
    [P_INST_TYPE] = F("instType"), [P_INST] = F("instId"), [P_POS] = F("pos"),     [P_POS_SIDE] = F("posSide"),
    [P_AVG] = F("avgPx"),          [P_UTIME] = F("uTime"), [P_UTIME_TYPO] = F("uTIme"), [P_PTIME] = F("pTime"),
    [P_TRADE] = F("tradeId"),      [P_POS_CCY] = F("posCcy"),
};

/* A margin position held in the quote coin is a short whose pos is money: it has no quantity to compare fills with. */
static bool is_money_position(const struct fields *f)
{
    const struct slice inst = f->v[P_INST], ccy = f->v[P_POS_CCY];
    return field_is(f, P_INST_TYPE, "MARGIN") && ccy.len > 0 &&
           !(inst.len > ccy.len && inst.p[ccy.len] == '-' && memcmp(inst.p, ccy.p, ccy.len) == 0);
}

static bool same_text(struct slice a, struct slice b) { return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0); }

/* An instrument may be held cross and isolated at once, in two rows (docs: posId by margin mode): its fills do not say for which, so
 * that the position is both. *ret_told: a row before this one has told it. Of two entry prices none is the position's. */
static void add_other_modes(struct fields *f, const struct okx_rows *o, bot_event *ev, bool *ret_told)
{
    struct json j;
    bot_i128 sum;
    bot__json_init(&j, o->positions.p, o->positions.len);
    bot__json_array(&j);
    while (f->err == 0 && bot__json_item(&j)) {
        struct fields other;
        bot_dec qty;
        bot_i128 more;
        int64_t seq;
        bot__fields_read(&other, &j, position_fields, P_FIELDS);
        if (other.err != 0 || other.v[P_INST].p == f->v[P_INST].p || !same_text(other.v[P_INST], f->v[P_INST]) ||
            !same_text(other.v[P_POS_SIDE], f->v[P_POS_SIDE]) || is_money_position(&other) || !bot__field_dec(&other, P_POS, &qty))
            continue;
        if (other.v[P_INST].p < f->v[P_INST].p) {
            *ret_told = true;
            return;
        }
        if (ev->position.leg == BOT_LEG_SHORT)
            qty = bot_dec_neg(qty);
        if (bot_dec_is_zero(qty))
            continue;
        if (bot_dec_to_fixed(ev->position.qty, &sum) < 0 || bot_dec_to_fixed(qty, &more) < 0 || !bot_fixed_add(sum, more, &sum)) {
            bot__fields_fail(f, P_POS, BOT_ERR_OVERFLOW);
            return;
        }
        ev->position.qty = bot_dec_from_fixed(sum);
        ev->has &= ~(uint32_t)BOT_HAS_ENTRY_PRICE;
        trade_id_of(&other, P_TRADE, &seq);
        if (seq != BOT_SEQ_NONE && (ev->seq == BOT_SEQ_NONE || seq > ev->seq))
            ev->seq = seq;
        const int64_t at = bot__field_ms(&other, P_UTIME);
        if (at > ev->venue_ns)
            ev->venue_ns = at;
    }
}

int bot__okx_position_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, position_fields, P_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    if (is_money_position(&f)) {
        bot__event_init(&ev, BOT_EV_ERROR, o->source);
        bot__field_symbol(&f, P_INST, &ev.instrument);
        ev.error.code = BOT_ERR_UNSUPPORTED;
        bot__text_copy(SLICE("margin position held in the quote currency"), ev.error.detail, sizeof ev.error.detail);
        return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
    }
    bot__event_init(&ev, BOT_EV_POSITION, o->source);
    bot__field_symbol(&f, P_INST, &ev.instrument);
    ev.position.leg = leg_of(&f, P_POS_SIDE);
    if (bot__field_dec(&f, P_POS, &ev.position.qty)) {
        ev.has |= BOT_HAS_QTY;
        /* On a leg pos counts up from zero; the sign is the leg's. */
        if (ev.position.leg != BOT_LEG_NET && ev.position.qty.coef < 0)
            bot__fields_fail(&f, P_POS, BOT_ERR_MALFORMED);
        if (ev.position.leg == BOT_LEG_SHORT)
            ev.position.qty = bot_dec_neg(ev.position.qty);
    } else {
        bot__fields_fail(&f, P_POS, BOT_ERR_MALFORMED);
    }
    bot_dec entry;
    if (bot__field_dec(&f, P_AVG, &entry) && bot_dec_sign(entry) > 0) {
        ev.position.entry_price = entry;
        ev.has |= BOT_HAS_ENTRY_PRICE;
    }
    trade_id_of(&f, P_TRADE, &ev.seq);
    ev.venue_ns = bot__field_ms(&f, P_UTIME);
    if (ev.venue_ns == 0)
        ev.venue_ns = bot__field_ms(&f, P_UTIME_TYPO); /* balance_and_position in the docs' own examples */
    if (ev.instrument.len == 0)
        bot__fields_fail(&f, P_INST, BOT_ERR_MALFORMED);
    if (ev.position.leg == BOT_LEG_NONE)
        bot__fields_fail(&f, P_POS_SIDE, BOT_ERR_MALFORMED);
    bool told = false;
    if (f.err == 0 && o->positions.len > 0)
        add_other_modes(&f, o, &ev, &told);
    if (told)
        return BOT_OK;
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

enum { W_CCY, W_CASH, W_UTIME, W_FIELDS };
static const struct slice wallet_fields[W_FIELDS] = { [W_CCY] = F("ccy"), [W_CASH] = F("cashBal"), [W_UTIME] = F("uTime") };

static int wallet_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, wallet_fields, W_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_WALLET, o->source);
    bot__field_currency(&f, W_CCY, &ev.wallet.currency);
    if (!bot__field_dec(&f, W_CASH, &ev.wallet.balance))
        bot__fields_fail(&f, W_CASH, BOT_ERR_MALFORMED);
    ev.venue_ns = bot__field_ms(&f, W_UTIME);
    if (ev.wallet.currency.len == 0)
        bot__fields_fail(&f, W_CCY, BOT_ERR_MALFORMED);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

/* Rows within a row: the outer reading is dry or not already, so the inner one must not start over. */
static int inner_rows(struct json *j, struct okx_rows *o, int (*row)(struct json *, void *))
{
    const struct slice rows = bot__json_raw(j);
    if (j->err != 0)
        return j->err;
    const int r = bot__rows_each(rows, /* whole= */ false, &o->e, row, o);
    if (r < 0)
        bot__json_fail(j, r);
    return r;
}

int bot__okx_balance_row(struct json *j, void *arg)
{
    struct slice key;
    bool found = false;
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        if (!slice_is(key, "details")) {
            bot__json_skip(j);
            continue;
        }
        found = true;
        const int r = inner_rows(j, arg, wallet_row);
        if (r < 0)
            return r;
    }
    if (j->err == 0 && !found)
        bot__json_fail(j, BOT_ERR_MALFORMED);
    return j->err;
}

/* Of a payment it tells only that there was one, and the balance behind it. */
int bot__okx_balance_position_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct slice key;
    bool funding = false;
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        int r = BOT_OK;
        if (slice_is(key, "eventType")) {
            const struct slice reason = bot__json_text(j);
            funding = slice_is(reason, "funding_fee");
        } else if (slice_is(key, "balData")) {
            r = inner_rows(j, arg, wallet_row);
        } else if (slice_is(key, "posData")) {
            r = inner_rows(j, arg, bot__okx_position_row);
        } else {
            bot__json_skip(j);
        }
        if (r < 0)
            return r;
    }
    if (j->err == 0 && funding)
        bot__emit_control(&o->e, o->source, BOT_CONTROL_FUNDING, SLICE("funding_fee"));
    return j->err;
}

enum { B_BILL, B_TYPE, B_INST, B_CCY, B_CHANGE, B_TS, B_FIELDS };
static const struct slice bill_fields[B_FIELDS] = {
    [B_BILL] = F("billId"), [B_TYPE] = F("type"), [B_INST] = F("instId"), [B_CCY] = F("ccy"), [B_CHANGE] = F("balChg"),
    [B_TS] = F("ts"),
};

/* Bills: funding is type 8. The other rows repeat what fills and transfers say and are told by type and instrument alone. */
int bot__okx_bill_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, bill_fields, B_FIELDS);
    if (f.err != 0)
        return f.err;
    bot__field_id(&f, B_BILL, &o->last_id);
    bot_event ev;
    if (!field_is(&f, B_TYPE, "8")) {
        static const char prefix[] = "bill type ";
        bot__event_init(&ev, BOT_EV_CONTROL, o->source);
        ev.control.control = BOT_CONTROL_OTHER;
        memcpy(ev.control.text, prefix, sizeof prefix);
        bot__field_text(&f, B_TYPE, ev.control.text + sizeof prefix - 1, sizeof ev.control.text - sizeof prefix + 1);
        bot__field_symbol(&f, B_INST, &ev.instrument);
        ev.venue_ns = bot__field_ms(&f, B_TS);
        return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
    }
    bot__event_init(&ev, BOT_EV_FUNDING, o->source);
    bot__field_symbol(&f, B_INST, &ev.instrument);
    bot__field_id(&f, B_BILL, &ev.funding.exec_id);
    bot__field_currency(&f, B_CCY, &ev.funding.currency);
    if (!paid_of(&f, B_CHANGE, &ev.funding.amount))
        bot__fields_fail(&f, B_CHANGE, BOT_ERR_MALFORMED);
    ev.venue_ns = bot__field_ms(&f, B_TS);
    if (ev.funding.exec_id.len == 0)
        bot__fields_fail(&f, B_BILL, BOT_ERR_MALFORMED);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}
