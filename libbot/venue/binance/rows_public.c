/* Binance: books, trades and instruments. */
#include "venue/binance/binance.h"

#define F(text) { text, sizeof(text) - 1 }

/* Update ids as the venue wrote them; a depth snapshot over REST has only the last one. */
int bot__binance_book(struct binance_rows *o, const struct binance_payload *p, bool snapshot)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_BOOK, o->source);
    ev.book = (bot_ev_book){ .snapshot = snapshot, .seq_first = BOT_SEQ_NONE, .seq_last = BOT_SEQ_NONE, .seq_prev = BOT_SEQ_NONE,
                             .bids = p->bids, .bids_n = p->bids_n, .asks = p->asks, .asks_n = p->asks_n };
    const struct slice first = bot__binance_letter(p, 'U'), last = p->last_id.len > 0 ? p->last_id : bot__binance_letter(p, 'u');
    if (!bot__text_i64(last, &ev.book.seq_last) || (first.len > 0 && !bot__text_i64(first, &ev.book.seq_first)) ||
        (p->pu.len > 0 && !bot__text_i64(p->pu, &ev.book.seq_prev)) || !p->has_bids || !p->has_asks)
        return BOT_ERR_MALFORMED;
    if (!snapshot && first.len == 0)
        return BOT_ERR_MALFORMED;
    ev.seq = ev.book.seq_last;

    struct slice symbol = bot__binance_letter(p, 's');
    if (symbol.len == 0) symbol = p->symbol;
    if (symbol.len > 0) {
        if (!bot__symbol_set(&ev.instrument, symbol.p, symbol.len))
            return BOT_ERR_OVERFLOW;
    } else if (p->stream.len > 0) { /* spot's partial books name it only there, in lower case */
        const char *at = memchr(p->stream.p, '@', p->stream.len);
        if (at == NULL || !bot__symbol_set(&ev.instrument, p->stream.p, (size_t)(at - p->stream.p)))
            return BOT_ERR_MALFORMED;
        for (uint8_t i = 0; i < ev.instrument.len; i++)
            if (ev.instrument.s[i] >= 'a' && ev.instrument.s[i] <= 'z')
                ev.instrument.s[i] = (char)(ev.instrument.s[i] - 'a' + 'A');
    } else {
        ev.instrument = o->ctx->instrument;
    }
    /* Who asked over REST knows what for; on a socket a book without a name belongs to nothing. */
    if (ev.instrument.len == 0 && o->source != BOT_SOURCE_REST)
        return BOT_ERR_MALFORMED;
    /* T is the time of the change, E that of sending; spot has E only. */
    struct slice time = bot__binance_letter(p, 'T');
    if (time.len == 0) time = bot__binance_letter(p, 'E');
    if (!bot__binance_ms(time, &ev.venue_ns))
        return BOT_ERR_MALFORMED;
    bot__emit(&o->e, &ev);
    return BOT_OK;
}

int bot__binance_trade(struct binance_rows *o, const struct binance_payload *p)
{
    bot_event ev;
    bot__event_init(&ev, BOT_EV_TRADE, o->source);
    const struct slice symbol = bot__binance_letter(p, 's'), price = bot__binance_letter(p, 'p'), qty = bot__binance_letter(p, 'q');
    const struct slice maker = bot__binance_letter(p, 'm'), origin = bot__binance_letter(p, 'X');
    const struct slice first = bot__binance_letter(p, 'f'), last = bot__binance_letter(p, 'l');
    struct slice id = bot__binance_letter(p, slice_is(bot__binance_letter(p, 'e'), "trade") ? 't' : 'a');
    if (id.len == 0) id = last;
    if (symbol.len == 0 || !bot__symbol_set(&ev.instrument, symbol.p, symbol.len) || id.len == 0 ||
        !bot__id_set(&ev.trade.trade_id, id.p, id.len) || (!slice_is(maker, "true") && !slice_is(maker, "false")))
        return BOT_ERR_MALFORMED;
    int r = bot_dec_parse(price.p, price.len, &ev.trade.price);
    if (r == BOT_OK) r = bot_dec_parse(qty.p, qty.len, &ev.trade.qty);
    if (r < 0)
        return r;
    if (bot_dec_sign(ev.trade.price) <= 0 || bot_dec_sign(ev.trade.qty) <= 0) {
        /* Rows of origin NA come with zeros; anything else with zeros is no trade either, but is not said to be none. */
        if (!slice_is(origin, "NA"))
            return BOT_ERR_MALFORMED;
        bot__emit_control(&o->e, o->source, BOT_CONTROL_OTHER, SLICE("trade of origin NA"));
        return BOT_OK;
    }
    ev.has |= BOT_HAS_PRICE | BOT_HAS_QTY;
    ev.trade.side = slice_is(maker, "true") ? BOT_SELL : BOT_BUY; /* m: the buyer was the maker */
    ev.trade.block = origin.len > 0 && !slice_is(origin, "MARKET"); /* INSURANCE_FUND, ADL: nobody's flow */
    if (first.len > 0 && last.len > 0 && (!bot__text_i64(first, &ev.trade.id_first) || !bot__text_i64(last, &ev.trade.id_last)))
        return BOT_ERR_MALFORMED;
    if (!bot__binance_ms(bot__binance_letter(p, 'T'), &ev.venue_ns) || !bot__binance_ms(bot__binance_letter(p, 'E'), &ev.trade.sent_ns))
        return BOT_ERR_MALFORMED;
    bot__emit(&o->e, &ev);
    return BOT_OK;
}

enum { R_ID, R_AGG, R_PRICE, R_PRICE_SHORT, R_QTY, R_QTY_SHORT, R_TIME, R_TIME_SHORT, R_MAKER, R_MAKER_SHORT, R_FIRST, R_LAST, R_FIELDS };
static const struct slice trade_fields[R_FIELDS] = {
    [R_ID] = F("id"),             [R_AGG] = F("a"),         [R_PRICE] = F("price"), [R_PRICE_SHORT] = F("p"), [R_QTY] = F("qty"),
    [R_QTY_SHORT] = F("q"),       [R_TIME] = F("time"),     [R_TIME_SHORT] = F("T"), [R_MAKER] = F("isBuyerMaker"),
    [R_MAKER_SHORT] = F("m"),     [R_FIRST] = F("f"),       [R_LAST] = F("l"),
};

int bot__binance_trade_row(struct json *j, void *arg)
{
    struct binance_rows *o = arg;
    struct fields f;
    bot_event ev;
    bool maker = false;
    bot__fields_read(&f, j, trade_fields, R_FIELDS);
    if (f.err != 0)
        return f.err;
    const bool agg = bot__field_given(&f, R_AGG);
    bot__event_init(&ev, BOT_EV_TRADE, o->source);
    ev.instrument = o->ctx->instrument;
    bot__field_id(&f, agg ? R_AGG : R_ID, &ev.trade.trade_id);
    if (bot__field_dec_positive(&f, agg ? R_PRICE_SHORT : R_PRICE, &ev.trade.price)) ev.has |= BOT_HAS_PRICE;
    if (bot__field_dec_positive(&f, agg ? R_QTY_SHORT : R_QTY, &ev.trade.qty)) ev.has |= BOT_HAS_QTY;
    ev.venue_ns = bot__field_ms(&f, agg ? R_TIME_SHORT : R_TIME);
    bot__field_i64(&f, R_FIRST, &ev.trade.id_first);
    bot__field_i64(&f, R_LAST, &ev.trade.id_last);
    if (!bot__field_bool(&f, agg ? R_MAKER_SHORT : R_MAKER, &maker) || ev.trade.trade_id.len == 0 ||
        (ev.has & (BOT_HAS_PRICE | BOT_HAS_QTY)) != (BOT_HAS_PRICE | BOT_HAS_QTY))
        bot__fields_fail(&f, R_FIELDS, BOT_ERR_MALFORMED);
    ev.trade.side = maker ? BOT_SELL : BOT_BUY;
    ev.trade.replayed = true;
    if (f.err != 0) {
        bot__json_fail(j, f.err);
        return f.err;
    }
    o->rows++;
    bot__emit(&o->e, &ev);
    return BOT_OK;
}

/* ---- instruments --------------------------------------------------------------------------------------------- */

enum { L_TYPE, L_TICK, L_STEP, L_MIN, L_MAX, L_NOTIONAL, L_FIELDS };
static const struct slice filter_fields[L_FIELDS] = {
    [L_TYPE] = F("filterType"), [L_TICK] = F("tickSize"), [L_STEP] = F("stepSize"),
    [L_MIN] = F("minQty"),      [L_MAX] = F("maxQty"),    [L_NOTIONAL] = F("notional"),
};

static void filters(struct json *j, bot_ev_instrument *inst)
{
    bot__json_array(j);
    while (bot__json_item(j)) {
        struct fields f;
        bot__fields_read(&f, j, filter_fields, L_FIELDS);
        if (field_is(&f, L_TYPE, "PRICE_FILTER")) {
            bot__field_dec(&f, L_TICK, &inst->tick);
        } else if (field_is(&f, L_TYPE, "LOT_SIZE")) {
            bot__field_dec(&f, L_STEP, &inst->lot);
            bot__field_dec(&f, L_MIN, &inst->qty_min);
            bot__field_dec(&f, L_MAX, &inst->qty_max);
        } else if (field_is(&f, L_TYPE, "MIN_NOTIONAL")) {
            bot__field_dec(&f, L_NOTIONAL, &inst->notional_min);
        }
        if (f.err != 0)
            bot__json_fail(j, f.err);
    }
}

int bot__binance_instrument_row(struct json *j, void *arg)
{
    struct binance_rows *o = arg;
    bot_event ev;
    struct slice key, status = { NULL, 0 };
    enum { SYMBOL = 1, STATUS = 2, BASE = 4, QUOTE = 8, MARGIN = 16, SIZE = 32, FILTERS = 64 };
    uint32_t seen = 0;
    bot__event_init(&ev, BOT_EV_INSTRUMENT, o->source);
    ev.inst.contract = BOT_LINEAR;
    ev.inst.multiplier = (bot_dec){ 1, 0 };
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        const uint32_t what = slice_is(key, "symbol")                                              ? SYMBOL
                              : slice_is(key, "status") || slice_is(key, "contractStatus")        ? STATUS
                              : slice_is(key, "baseAsset")                                         ? BASE
                              : slice_is(key, "quoteAsset")                                        ? QUOTE
                              : slice_is(key, "marginAsset")                                       ? MARGIN
                              : slice_is(key, "contractSize")                                      ? SIZE
                              : slice_is(key, "filters")                                           ? FILTERS
                                                                                                   : 0;
        bot__once(j, &seen, what);
        switch (what) {
        case SYMBOL: bot__json_symbol(j, &ev.instrument); break;
        case STATUS: status = bot__json_text(j); break;
        case BASE: bot__json_currency(j, &ev.inst.base); break;
        case QUOTE: bot__json_currency(j, &ev.inst.quote); break;
        case MARGIN: bot__json_currency(j, &ev.inst.settle); break;
        case SIZE: /* COIN-M counts contracts of so many dollars */
            bot__json_dec(j, &ev.inst.multiplier);
            ev.inst.contract = BOT_INVERSE;
            break;
        case FILTERS: filters(j, &ev.inst); break;
        default: bot__json_skip(j); break;
        }
    }
    /* pricePrecision and quantityPrecision are digits shown, not steps: an instrument without filters is not traded. */
    ev.inst.tradable = slice_is(status, "TRADING") && bot_dec_sign(ev.inst.tick) > 0 && bot_dec_sign(ev.inst.lot) > 0;
    if (j->err == 0 && ev.instrument.len == 0)
        bot__json_fail(j, BOT_ERR_MALFORMED);
    if (j->err != 0)
        return j->err;
    o->rows++;
    bot__emit(&o->e, &ev);
    return BOT_OK;
}
