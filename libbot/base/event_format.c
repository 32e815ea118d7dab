/* The normalised form of events: the words that botctl prints. One spelling for all venues; absent values are left out. */
#include "base/json.h"
#include "bot/event.h"

static const char *const liquidity_words[] = { NULL, "maker", "taker" };
static const char *const contract_words[] = { NULL, "linear", "inverse", "spot" };
static const char *const venue_status_words[] = { NULL, "normal", "busy", "cancel_only", "closed", "stopped" };
static const char *const control_words[] = { NULL, "ping", "pong", "auth", "subscribed", "unsubscribed", "listen_key_expired", "disconnect", "other", "funding" };

/* The public words, of which zero and what is no value have none here: absent. */
#define SAID(name_of, value) ((value) == 0 || name_of(value)[0] == '?' ? NULL : name_of(value))
#define WORD(table, value) ((size_t)(value) < sizeof(table) / sizeof *(table) ? (table)[value] : NULL)

static void word(struct json_out *o, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        bot__jo_str(o, key, text);
}

static void dec(struct json_out *o, const bot_event *ev, uint32_t bit, const char *key, bot_dec value)
{
    if ((ev->has & bit) != 0)
        bot__jo_dec(o, key, value);
}

static void fill(struct json_out *o, const bot_event *ev)
{
    const bot_ev_fill *f = &ev->fill;
    word(o, "exec_id", f->exec_id.s);
    word(o, "order_id", f->order_id.s);
    word(o, "client_order_id", f->client_id.s);
    word(o, "side", SAID(bot_side_name, f->side));
    word(o, "leg", SAID(bot_leg_name, f->leg));
    dec(o, ev, BOT_HAS_QTY, "qty", f->qty);
    dec(o, ev, BOT_HAS_PRICE, "price", f->price);
    dec(o, ev, BOT_HAS_FEE, "fee", f->fee);
    word(o, "fee_currency", f->fee_currency.s);
    word(o, "liquidity", WORD(liquidity_words, f->liquidity));
    word(o, "kind", SAID(bot_fill_kind_name, f->kind));
    dec(o, ev, BOT_HAS_CUM_QTY, "cum_qty", f->cum_qty);
    dec(o, ev, BOT_HAS_LEAVES_QTY, "leaves_qty", f->leaves_qty);
    if (f->derived)
        bot__jo_bool(o, "derived", true);
}

static void order(struct json_out *o, const bot_event *ev)
{
    const bot_ev_order *r = &ev->order;
    word(o, "order_id", r->order_id.s);
    word(o, "client_order_id", r->client_id.s);
    word(o, "status", SAID(bot_order_status_name, r->status));
    word(o, "side", SAID(bot_side_name, r->side));
    word(o, "leg", SAID(bot_leg_name, r->leg));
    word(o, "type", SAID(bot_order_type_name, r->type));
    word(o, "time_in_force", SAID(bot_tif_name, r->tif));
    dec(o, ev, BOT_HAS_QTY, "qty", r->qty);
    dec(o, ev, BOT_HAS_CUM_QTY, "cum_qty", r->cum_qty);
    dec(o, ev, BOT_HAS_LEAVES_QTY, "leaves_qty", r->leaves_qty);
    dec(o, ev, BOT_HAS_PRICE, "price", r->price);
    dec(o, ev, BOT_HAS_AVG_PRICE, "avg_price", r->avg_price);
    dec(o, ev, BOT_HAS_TRIGGER_PRICE, "trigger_price", r->trigger_price);
    if ((ev->has & BOT_HAS_REDUCE_ONLY) != 0)
        bot__jo_bool(o, "reduce_only", r->reduce_only);
    if ((ev->has & BOT_HAS_POST_ONLY) != 0)
        bot__jo_bool(o, "post_only", r->post_only);
    if ((ev->has & BOT_HAS_VENUE_CODE) != 0)
        bot__jo_i64(o, "venue_code", r->venue_code);
    word(o, "reason", r->reason);
}

static void instrument(struct json_out *o, const bot_event *ev)
{
    const bot_ev_instrument *in = &ev->inst;
    word(o, "contract", WORD(contract_words, in->contract));
    bot__jo_dec(o, "tick", in->tick);
    bot__jo_dec(o, "lot", in->lot);
    bot__jo_dec(o, "multiplier", in->multiplier);
    if (!bot_dec_is_zero(in->qty_min)) bot__jo_dec(o, "qty_min", in->qty_min);
    if (!bot_dec_is_zero(in->qty_max)) bot__jo_dec(o, "qty_max", in->qty_max);
    if (!bot_dec_is_zero(in->notional_min)) bot__jo_dec(o, "notional_min", in->notional_min);
    word(o, "base", in->base.s);
    word(o, "quote", in->quote.s);
    word(o, "settle", in->settle.s);
    bot__jo_bool(o, "tradable", in->tradable);
}

static void trade(struct json_out *o, const bot_event *ev)
{
    const bot_ev_trade *t = &ev->trade;
    word(o, "trade_id", t->trade_id.s);
    word(o, "side", SAID(bot_side_name, t->side));
    dec(o, ev, BOT_HAS_QTY, "qty", t->qty);
    dec(o, ev, BOT_HAS_PRICE, "price", t->price);
    if (t->block)
        bot__jo_bool(o, "block", true);
    if (t->id_last > t->id_first)
        bot__jo_i64(o, "trades", t->id_last - t->id_first + 1);
}

static void levels(struct json_out *o, const char *key, const bot_level *levels_, uint32_t n)
{
    bot__jo_array(o, key);
    for (uint32_t i = 0; i < n; i++) {
        bot__jo_array(o, NULL);
        bot__jo_dec(o, NULL, (bot_dec){ levels_[i].price_coef, levels_[i].price_scale });
        bot__jo_dec(o, NULL, (bot_dec){ levels_[i].qty_coef, levels_[i].qty_scale });
        bot__jo_array_end(o);
    }
    bot__jo_array_end(o);
}

static void book(struct json_out *o, const bot_event *ev)
{
    const bot_ev_book *b = &ev->book;
    bot__jo_str(o, "kind", b->snapshot ? "snapshot" : "delta");
    levels(o, "bids", b->bids, b->bids_n);
    levels(o, "asks", b->asks, b->asks_n);
    if (b->seq_last != BOT_SEQ_NONE)
        bot__jo_i64(o, "update_id", b->seq_last);
}

static const char *kind_word(bot_event_kind kind)
{
    switch (kind) {
    case BOT_EV_INSTRUMENT: return "instrument";
    case BOT_EV_FILL: return "fill";
    case BOT_EV_ORDER: return "order";
    case BOT_EV_POSITION: return "position";
    case BOT_EV_FUNDING: return "funding";
    case BOT_EV_WALLET: return "wallet";
    case BOT_EV_TRADE: return "trade";
    case BOT_EV_BOOK: return "book";
    case BOT_EV_ACK: return "ack";
    case BOT_EV_TIME: return "time";
    case BOT_EV_STATUS: return "status";
    case BOT_EV_CONTROL: return "control";
    case BOT_EV_ERROR: return "error";
    case BOT_EV_GAP: return "gap";
    default: return NULL;
    }
}

int bot_event_format(const bot_event *ev, const char *venue, char *buf, size_t buf_size)
{
    const char *kind = kind_word((bot_event_kind)ev->kind);
    if (kind == NULL)
        return BOT_ERR_UNSUPPORTED;
    struct json_out o;
    bot__jo_init(&o, buf, buf_size);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "event", kind);
    if (venue != NULL)
        bot__jo_str(&o, "venue", venue);
    word(&o, "instrument", ev->instrument.s);
    switch ((bot_event_kind)ev->kind) {
    case BOT_EV_INSTRUMENT: instrument(&o, ev); break;
    case BOT_EV_FILL: fill(&o, ev); break;
    case BOT_EV_ORDER: order(&o, ev); break;
    case BOT_EV_POSITION:
        word(&o, "leg", SAID(bot_leg_name, ev->position.leg));
        dec(&o, ev, BOT_HAS_QTY, "qty", ev->position.qty);
        dec(&o, ev, BOT_HAS_ENTRY_PRICE, "entry_price", ev->position.entry_price);
        break;
    case BOT_EV_FUNDING:
        word(&o, "exec_id", ev->funding.exec_id.s);
        bot__jo_dec(&o, "amount", ev->funding.amount);
        word(&o, "currency", ev->funding.currency.s);
        break;
    case BOT_EV_WALLET:
        word(&o, "currency", ev->wallet.currency.s);
        bot__jo_dec(&o, "balance", ev->wallet.balance);
        break;
    case BOT_EV_TRADE: trade(&o, ev); break;
    case BOT_EV_BOOK: book(&o, ev); break;
    case BOT_EV_ACK:
        word(&o, "order_id", ev->ack.order_id.s);
        word(&o, "client_order_id", ev->ack.client_id.s);
        word(&o, "request_id", ev->ack.request_id.s);
        bot__jo_bool(&o, "accepted", ev->ack.accepted);
        if ((ev->has & BOT_HAS_VENUE_CODE) != 0)
            bot__jo_i64(&o, "venue_code", ev->ack.venue_code);
        word(&o, "reason", ev->ack.reason);
        break;
    case BOT_EV_STATUS:
        word(&o, "status", WORD(venue_status_words, ev->status.status));
        word(&o, "text", ev->status.text);
        break;
    case BOT_EV_CONTROL:
        word(&o, "kind", WORD(control_words, ev->control.control));
        word(&o, "text", ev->control.text);
        break;
    case BOT_EV_ERROR:
        bot__jo_str(&o, "code", bot_err_name(ev->error.code));
        if ((ev->has & BOT_HAS_VENUE_CODE) != 0)
            bot__jo_i64(&o, "venue_code", ev->error.venue_code);
        word(&o, "request_id", ev->error.request_id.s);
        word(&o, "detail", ev->error.detail);
        break;
    case BOT_EV_GAP:
        bot__jo_i64(&o, "expected", ev->gap.expected);
        bot__jo_i64(&o, "got", ev->gap.got);
        if (ev->gap.checksum)
            bot__jo_bool(&o, "checksum", true);
        break;
    default: break;
    }
    /* Rounded down: a time in milliseconds never claims to be later than it was. */
    if (ev->venue_ns != 0)
        bot__jo_i64(&o, "venue_time_ms", ev->venue_ns / BOT_NS_PER_MS);
    if (ev->seq != BOT_SEQ_NONE)
        bot__jo_i64(&o, "seq", ev->seq);
    bot__jo_object_end(&o);
    return bot__jo_end(&o);
}
