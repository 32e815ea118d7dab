/* OKX v5: rows of public data, acknowledgements, and the small answers. */
#include "venue/levels.h"
#include "venue/fields_row.h"
#include "venue/okx/okx.h"

#define F(text) { text, sizeof(text) - 1 }

/* ---- instruments -------------------------------------------------------------------------------------------- */

enum {
    I_TYPE, I_INST, I_BASE, I_QUOTE, I_SETTLE, I_FAMILY, I_ULY, I_TICK, I_LOT, I_MIN, I_MAX, I_CT_VAL, I_CT_MULT, I_CT_CCY,
    I_CT_TYPE, I_STATE, I_FIELDS,
};
static const struct slice instrument_fields[I_FIELDS] = {
    [I_TYPE] = F("instType"),   [I_INST] = F("instId"),   [I_BASE] = F("baseCcy"),   [I_QUOTE] = F("quoteCcy"),
    [I_SETTLE] = F("settleCcy"), [I_FAMILY] = F("instFamily"), [I_ULY] = F("uly"),   [I_TICK] = F("tickSz"),
    [I_LOT] = F("lotSz"),       [I_MIN] = F("minSz"),     [I_MAX] = F("maxLmtSz"),   [I_CT_VAL] = F("ctVal"),
    [I_CT_MULT] = F("ctMult"),  [I_CT_CCY] = F("ctValCcy"), [I_CT_TYPE] = F("ctType"), [I_STATE] = F("state"),
};

/* Derivatives leave baseCcy and quoteCcy empty; their family is "BTC-USD". */
static void currencies_of(struct fields *f, bot_ev_instrument *inst)
{
    bot__field_currency(f, I_BASE, &inst->base);
    bot__field_currency(f, I_QUOTE, &inst->quote);
    bot__field_currency(f, I_SETTLE, &inst->settle);
    const struct slice family = bot__field_given(f, I_FAMILY) ? f->v[I_FAMILY] : f->v[I_ULY];
    const char *dash = family.len > 0 ? memchr(family.p, '-', family.len) : NULL;
    if (dash == NULL)
        return;
    const size_t base = (size_t)(dash - family.p);
    if (inst->base.len == 0 && !bot__currency_set(&inst->base, family.p, base))
        bot__fields_fail(f, I_FAMILY, BOT_ERR_OVERFLOW);
    /* "BTC-USD_UM" names a margin model behind the currency. */
    size_t quote = 0;
    while (quote < family.len - base - 1 && dash[1 + quote] != '_' && dash[1 + quote] != '-')
        quote++;
    if (inst->quote.len == 0 && !bot__currency_set(&inst->quote, dash + 1, quote))
        bot__fields_fail(f, I_FAMILY, BOT_ERR_OVERFLOW);
}

int bot__okx_instrument_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, instrument_fields, I_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_INSTRUMENT, o->source);
    bot__field_symbol(&f, I_INST, &ev.instrument);
    /* Options have no lots and ticks of the kind the ledger counts in; they are listed as not tradable. */
    const bool derivative = field_is(&f, I_TYPE, "SWAP") || field_is(&f, I_TYPE, "FUTURES") || field_is(&f, I_TYPE, "OPTION");
    if (derivative)
        ev.inst.contract = field_is(&f, I_CT_TYPE, "inverse") ? BOT_INVERSE
                           : field_is(&f, I_CT_TYPE, "linear") ? BOT_LINEAR
                                                               : BOT_CONTRACT_NONE;
    else if (field_is(&f, I_TYPE, "SPOT") || field_is(&f, I_TYPE, "MARGIN"))
        ev.inst.contract = BOT_SPOT;
    currencies_of(&f, &ev.inst);
    bot__field_dec(&f, I_TICK, &ev.inst.tick);
    bot__field_dec(&f, I_LOT, &ev.inst.lot);
    bot__field_dec(&f, I_MIN, &ev.inst.qty_min);
    bot__field_dec(&f, I_MAX, &ev.inst.qty_max);

    ev.inst.multiplier = (bot_dec){ 1, 0 };
    bot_dec value, times = { 1, 0 };
    if (derivative && bot__field_dec(&f, I_CT_VAL, &value)) {
        bot__field_dec(&f, I_CT_MULT, &times);
        bot_i128 product;
        const int r = bot_dec_mul_fixed(value, times, &product);
        if (r < 0 || product <= 0)
            bot__fields_fail(&f, I_CT_VAL, r < 0 ? r : BOT_ERR_MALFORMED);
        else
            ev.inst.multiplier = bot_dec_from_fixed(product);
    } else if (derivative) { /* what a contract is worth stands nowhere else: not listed yet, or not ours to trade */
        ev.inst.contract = BOT_CONTRACT_NONE;
    }
    ev.inst.tradable = field_is(&f, I_STATE, "live") && ev.inst.contract != BOT_CONTRACT_NONE &&
                       !field_is(&f, I_TYPE, "OPTION") && bot_dec_sign(ev.inst.tick) > 0 && bot_dec_sign(ev.inst.lot) > 0;
    if (ev.instrument.len == 0)
        bot__fields_fail(&f, I_INST, BOT_ERR_MALFORMED);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

/* ---- trades ------------------------------------------------------------------------------------------------- */

enum { R_INST, R_TRADE, R_PX, R_SZ, R_SIDE, R_TS, R_COUNT, R_FIELDS };
static const struct slice trade_fields[R_FIELDS] = {
    [R_INST] = F("instId"), [R_TRADE] = F("tradeId"), [R_PX] = F("px"), [R_SZ] = F("sz"), [R_SIDE] = F("side"),
    [R_TS] = F("ts"),       [R_COUNT] = F("count"),
};

static inline uint32_t trade_find(struct slice key)
{
    switch (key.len) {
    case 2: FIELD_AT(key, "px", R_PX); FIELD_AT(key, "sz", R_SZ); FIELD_AT(key, "ts", R_TS); break;
    case 4: FIELD_AT(key, "side", R_SIDE); break;
    case 5: FIELD_AT(key, "count", R_COUNT); break;
    case 6: FIELD_AT(key, "instId", R_INST); break;
    case 7: FIELD_AT(key, "tradeId", R_TRADE); break;
    default: break;
    }
    return R_FIELDS;
}

int bot__okx_trade_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct fields f;
    fields_row(&f, j, trade_fields, R_FIELDS, trade_find, 0);
    if (f.err != 0)
        return f.err;
    bot_event own, *const ev = bot__emit_slot(&o->e, 0, &own);
    bot__event_init(ev, BOT_EV_TRADE, o->source);
    bot__field_symbol(&f, R_INST, &ev->instrument);
    bot__field_id(&f, R_TRADE, &ev->trade.trade_id);
    ev->trade.side = field_is(&f, R_SIDE, "buy") ? BOT_BUY : field_is(&f, R_SIDE, "sell") ? BOT_SELL : BOT_SIDE_NONE;
    if (bot__field_dec_positive(&f, R_PX, &ev->trade.price))
        ev->has |= BOT_HAS_PRICE;
    else
        bot__fields_fail(&f, R_PX, BOT_ERR_MALFORMED);
    if (bot__field_dec_positive(&f, R_SZ, &ev->trade.qty))
        ev->has |= BOT_HAS_QTY;
    else
        bot__fields_fail(&f, R_SZ, BOT_ERR_MALFORMED);
    ev->venue_ns = bot__field_ms(&f, R_TS);
    ev->trade.replayed = o->source == BOT_SOURCE_REST;
    /* The trades channel may put several matches of one taker order at one price into a row: tradeId is the last of
     * `count` consecutive ones. */
    int64_t count, last;
    if (bot__field_i64(&f, R_COUNT, &count) && count > 1 && bot__text_i64(f.v[R_TRADE], &last) && last >= count) {
        ev->trade.id_first = last - count + 1;
        ev->trade.id_last = last;
    }
    if (ev->instrument.len == 0)
        bot__fields_fail(&f, R_INST, BOT_ERR_MALFORMED);
    return bot__row_end(&f, j, &o->e, ev, o->why, sizeof o->why);
}

/* ---- books -------------------------------------------------------------------------------------------------- */

static const struct level_shape level_shape = { .zero = LEVEL_ZERO_REFUSED }; /* ["price","size","0","orders"] */

int bot__okx_book_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    bot_event ev;
    if (o->e.held != NULL && o->e.held->n > 0)
        bot__emit_again(&o->e); /* the book before this one borrows the scratch */
    bot__event_init(&ev, BOT_EV_BOOK, o->source);
    ev.book.snapshot = o->snapshot;
    ev.book.seq_first = ev.book.seq_last = ev.book.seq_prev = BOT_SEQ_NONE;
    if (o->instrument.len > 0)
        bot__symbol_set(&ev.instrument, o->instrument.p, o->instrument.len);
    enum { ASKS = 1, BIDS = 2, TS = 4, CHECKSUM = 8, SEQ = 16, PREV = 32, INST = 64 };
    struct slice key;
    uint32_t used = 0, seen = 0;
    bot__json_object(j);
    while (bot__json_key(j, &key)) {
        if (slice_is(key, "asks")) {
            bot__once(j, &seen, ASKS);
            ev.book.asks = bot__levels_read(j, &level_shape, o->scratch, &used, &ev.book.asks_n);
        } else if (slice_is(key, "bids")) {
            bot__once(j, &seen, BIDS);
            ev.book.bids = bot__levels_read(j, &level_shape, o->scratch, &used, &ev.book.bids_n);
        } else if (slice_is(key, "ts")) {
            bot__once(j, &seen, TS);
            int64_t ms;
            if (bot__json_i64(j, &ms) && ms > 0 && ms < INT64_MAX / BOT_NS_PER_MS)
                ev.venue_ns = ms * BOT_NS_PER_MS;
        } else if (slice_is(key, "checksum")) {
            bot__once(j, &seen, CHECKSUM);
            /* Dead since 2026-06-23: always 0. Before that a real checksum, which is 0 once in 2^32 books. */
            int64_t sum;
            if (bot__json_i64(j, &sum) && sum != 0) {
                if (sum < INT32_MIN || sum > INT32_MAX)
                    bot__json_fail(j, BOT_ERR_MALFORMED);
                ev.book.checksum_given = true;
                ev.book.checksum = (int32_t)sum;
            }
        } else if (slice_is(key, "seqId")) {
            bot__once(j, &seen, SEQ);
            if (bot__json_i64(j, &ev.book.seq_last))
                ev.seq = ev.book.seq_first = ev.book.seq_last;
        } else if (slice_is(key, "prevSeqId")) {
            bot__once(j, &seen, PREV);
            bot__json_i64(j, &ev.book.seq_prev);
        } else if (slice_is(key, "instId")) {
            bot_symbol named = { 0 };
            bot__once(j, &seen, INST);
            if (bot__json_symbol(j, &named) && ev.instrument.len == 0)
                ev.instrument = named;
        } else {
            bot__json_skip(j);
        }
    }
    if (j->err == 0 && (seen & (ASKS | BIDS)) != (ASKS | BIDS))
        bot__json_fail(j, BOT_ERR_MALFORMED);
    if (j->err != 0)
        return j->err;
    bot__emit(&o->e, &ev);
    return BOT_OK;
}

/* ---- acknowledgements --------------------------------------------------------------------------------------- */

enum { A_ORD, A_CL, A_CODE, A_MSG, A_SUB, A_TS, A_RESULT, A_ALGO, A_ALGO_CL, A_FIELDS };
static const struct slice ack_fields[A_FIELDS] = {
    [A_ORD] = F("ordId"), [A_CL] = F("clOrdId"), [A_CODE] = F("sCode"), [A_MSG] = F("sMsg"), [A_SUB] = F("subCode"),
    [A_TS] = F("ts"),     [A_RESULT] = F("result"), [A_ALGO] = F("algoId"), [A_ALGO_CL] = F("algoClOrdId"),
};

int bot__okx_ack_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, ack_fields, A_FIELDS);
    if (f.err != 0)
        return f.err;
    int64_t code = 0;
    const bool coded = bot__okx_code(f.v[A_CODE], &code);
    /* mass-cancel answers {"result":true} instead of a code. */
    const bool accepted = coded ? code == 0 : field_is(&f, A_RESULT, "true");
    if (!coded && !bot__field_given(&f, A_CODE) && !bot__field_given(&f, A_RESULT))
        bot__fields_fail(&f, A_CODE, BOT_ERR_MALFORMED);
    const bot_outcome outcome = accepted ? BOT_OUTCOME_OK : coded ? bot__okx_outcome(code, o->call) : BOT_OUTCOME_REJECTED;

    bot_event ev;
    bot__event_init(&ev, BOT_EV_ACK, o->source);
    const bool algo = !bot__field_given(&f, A_ORD) && bot__field_given(&f, A_ALGO);
    bot__field_id(&f, algo ? A_ALGO : A_ORD, &ev.ack.order_id);
    bot__field_id(&f, algo ? A_ALGO_CL : A_CL, &ev.ack.client_id);
    if (o->reply != NULL && !o->e.dry) {
        if (o->reply->rows == 0) {
            o->reply->order_id = ev.ack.order_id;
            o->reply->client_id = ev.ack.client_id;
        }
        /* A batch is as bad as its worst row; the rows tell which. */
        if (!accepted && (o->reply->outcome == BOT_OUTCOME_OK || outcome == BOT_OUTCOME_UNKNOWN)) {
            bot__reply_fail(o->reply, outcome, code, f.v[A_MSG]);
        }
        o->reply->rows++;
    }
    ev.venue_ns = bot__field_ms(&f, A_TS);
    /* "It timed out" is no refusal: the order may stand. Such a row must not release anything. */
    if (outcome == BOT_OUTCOME_UNKNOWN) {
        bot_event error;
        bot__event_init(&error, BOT_EV_ERROR, o->source);
        error.error.code = BOT_ERR_UNKNOWN_OUTCOME;
        error.error.venue_code = code;
        error.has |= BOT_HAS_VENUE_CODE;
        error.error.request_id = o->request_id;
        bot__field_text(&f, A_MSG, error.error.detail, sizeof error.error.detail);
        return bot__row_end(&f, j, &o->e, &error, o->why, sizeof o->why);
    }
    ev.ack.request_id = o->request_id;
    ev.ack.accepted = accepted;
    if (coded && code != 0) {
        ev.ack.venue_code = code;
        ev.has |= BOT_HAS_VENUE_CODE;
    }
    if (!accepted)
        bot__field_text(&f, A_MSG, ev.ack.reason, sizeof ev.ack.reason);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

/* ---- time, status ------------------------------------------------------------------------------------------- */

enum { S_TS, S_STATE, S_TITLE, S_FIELDS };
static const struct slice small_fields[S_FIELDS] = { [S_TS] = F("ts"), [S_STATE] = F("state"), [S_TITLE] = F("title") };

int bot__okx_time_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, small_fields, S_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_TIME, o->source);
    ev.venue_ns = bot__field_ms(&f, S_TS);
    if (ev.venue_ns == 0)
        bot__fields_fail(&f, S_TS, BOT_ERR_MALFORMED);
    if (o->reply != NULL)
        o->reply->venue_ns = ev.venue_ns;
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}

/* A row is one planned or running maintenance. Only a running one says something about now. */
int bot__okx_status_row(struct json *j, void *arg)
{
    struct okx_rows *o = arg;
    struct fields f;
    bot__fields_read(&f, j, small_fields, S_FIELDS);
    if (f.err != 0)
        return f.err;
    bot_event ev;
    bot__event_init(&ev, BOT_EV_STATUS, o->source);
    ev.status.status = field_is(&f, S_STATE, "ongoing")    ? BOT_STATUS_CLOSED
                       : field_is(&f, S_STATE, "pre_open") ? BOT_STATUS_CANCEL_ONLY
                                                           : BOT_STATUS_NORMAL;
    bot__field_text(&f, S_STATE, ev.status.text, sizeof ev.status.text);
    ev.venue_ns = bot__field_ms(&f, S_TS);
    return bot__row_end(&f, j, &o->e, &ev, o->why, sizeof o->why);
}
