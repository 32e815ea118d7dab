#include "journal_events.h"

#include <stdio.h>
#include <string.h>

static bot_i128 wide(test_rng *rng)
{
    bot_i128 v = (bot_i128)((bot_u128)test_rng_next(rng) << 64 | test_rng_next(rng));
    return v >> test_rng_below(rng, 128); /* all lengths, both signs */
}

static bot_dec dec(test_rng *rng)
{
    static const bot_i128 ten19 = (bot_i128)10000000000000000000u;
    bot_dec d;
    memset(&d, 0, sizeof d);
    d.coef = wide(rng) % (ten19 * ten19);
    d.scale = (int32_t)test_rng_below(rng, 39);
    return d;
}

static int64_t i64(test_rng *rng) { return (int64_t)test_rng_next(rng) >> test_rng_below(rng, 64); }

static void chars(test_rng *rng, char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        s[i] = (char)(33 + test_rng_below(rng, 94));
}

static bot_id id(test_rng *rng)
{
    bot_id v = { .len = (uint8_t)test_rng_below(rng, BOT_ID_MAX + 1) };
    chars(rng, v.s, v.len);
    return v;
}

static bot_symbol symbol(test_rng *rng)
{
    bot_symbol v = { .len = (uint8_t)test_rng_below(rng, BOT_SYMBOL_MAX + 1) };
    chars(rng, v.s, v.len);
    return v;
}

static bot_currency currency(test_rng *rng)
{
    bot_currency v = { .len = (uint8_t)test_rng_below(rng, BOT_CURRENCY_MAX + 1) };
    chars(rng, v.s, v.len);
    return v;
}

#define TEXT(field) chars(rng, (field), test_rng_below(rng, sizeof(field)))
#define ENUM(type, last) ((type)test_rng_below(rng, (last) + 1))
#define FLAG() (test_rng_below(rng, 2) == 1)

bool test_event_is_journaled(bot_event_kind kind)
{
    return kind > BOT_EV_NONE && kind < BOT_EV_KIND_COUNT && kind != BOT_EV_TRADE && kind != BOT_EV_BOOK && kind != BOT_EV_CONTROL;
}

static void fill(test_rng *rng, bot_ev_fill *f)
{
    f->exec_id = id(rng), f->order_id = id(rng), f->client_id = id(rng);
    f->side = ENUM(bot_side, BOT_SELL);
    f->leg = ENUM(bot_leg, BOT_LEG_SHORT);
    f->liquidity = ENUM(bot_liquidity, BOT_TAKER);
    f->kind = ENUM(bot_fill_kind, BOT_FILL_UNKNOWN);
    f->derived = FLAG();
    f->qty = dec(rng), f->price = dec(rng), f->fee = dec(rng), f->cum_qty = dec(rng), f->leaves_qty = dec(rng);
    f->fee_currency = currency(rng);
}

static void order(test_rng *rng, bot_ev_order *o)
{
    o->order_id = id(rng), o->client_id = id(rng);
    o->status = ENUM(bot_order_status, BOT_ORDER_TRIGGERED);
    o->side = ENUM(bot_side, BOT_SELL);
    o->leg = ENUM(bot_leg, BOT_LEG_SHORT);
    o->type = ENUM(bot_order_type, BOT_MARKET);
    o->tif = ENUM(bot_tif, BOT_POST_ONLY);
    o->reduce_only = FLAG(), o->post_only = FLAG();
    o->qty = dec(rng), o->cum_qty = dec(rng), o->leaves_qty = dec(rng);
    o->price = dec(rng), o->avg_price = dec(rng), o->trigger_price = dec(rng);
    o->venue_code = i64(rng);
    TEXT(o->reason);
}

static void limits(test_rng *rng, bot_ev_limits *l)
{
    l->bot = (uint32_t)test_rng_next(rng);
    l->loosen = FLAG();
    l->instrument = symbol(rng);
    l->limits.position_max.v = wide(rng), l->limits.order_qty_max.v = wide(rng);
    l->limits.notional_max.v = wide(rng), l->limits.loss_max.v = wide(rng);
    l->limits.open_orders_max = (uint32_t)test_rng_next(rng);
    l->limits.orders_per_s_max = (uint32_t)i64(rng);
    l->limits.collar_bps = (uint32_t)i64(rng);
}

static void submit(test_rng *rng, bot_ev_submit *s)
{
    s->bot = (uint32_t)test_rng_next(rng);
    s->client_id = id(rng);
    s->order.instrument = symbol(rng);
    s->order.side = ENUM(bot_side, BOT_SELL);
    s->order.leg = ENUM(bot_leg, BOT_LEG_SHORT);
    s->order.type = ENUM(bot_order_type, BOT_MARKET);
    s->order.tif = ENUM(bot_tif, BOT_POST_ONLY);
    s->order.reduce_only = FLAG();
    s->order.qty.v = wide(rng), s->order.price.v = wide(rng), s->order.ref_price.v = wide(rng);
    s->order.ref_at = i64(rng);
}

static void read_event(test_rng *rng, bot_ev_read *r)
{
    r->id = test_rng_next(rng);
    r->read = ENUM(bot_read_kind, BOT_READ_KIND_COUNT - 1);
    r->outcome = ENUM(bot_outcome, BOT_OUTCOME_MALFORMED);
    r->complete = FLAG();
    r->rows = (uint32_t)i64(rng), r->pages = (uint32_t)i64(rng);
    r->sent_at = i64(rng), r->from_venue_ns = i64(rng), r->to_venue_ns = i64(rng), r->venue_code = i64(rng);
    TEXT(r->detail);
}

static void payload(test_rng *rng, bot_event *ev)
{
    switch (ev->kind) {
    case BOT_EV_INSTRUMENT:
        ev->inst.contract = ENUM(bot_contract, BOT_SPOT);
        ev->inst.tradable = FLAG();
        ev->inst.tick = dec(rng), ev->inst.lot = dec(rng), ev->inst.multiplier = dec(rng);
        ev->inst.qty_min = dec(rng), ev->inst.qty_max = dec(rng), ev->inst.notional_min = dec(rng);
        ev->inst.base = currency(rng), ev->inst.quote = currency(rng), ev->inst.settle = currency(rng);
        break;
    case BOT_EV_FILL: fill(rng, &ev->fill); break;
    case BOT_EV_ORDER: order(rng, &ev->order); break;
    case BOT_EV_POSITION:
        ev->position.leg = ENUM(bot_leg, BOT_LEG_SHORT);
        ev->position.qty = dec(rng), ev->position.entry_price = dec(rng);
        break;
    case BOT_EV_FUNDING:
        ev->funding.exec_id = id(rng), ev->funding.amount = dec(rng), ev->funding.currency = currency(rng);
        break;
    case BOT_EV_WALLET: ev->wallet.currency = currency(rng), ev->wallet.balance = dec(rng); break;
    case BOT_EV_TRADE:
        ev->trade.trade_id = id(rng);
        ev->trade.side = ENUM(bot_side, BOT_SELL);
        ev->trade.qty = dec(rng), ev->trade.price = dec(rng);
        ev->trade.sent_ns = i64(rng), ev->trade.id_first = i64(rng), ev->trade.id_last = i64(rng);
        ev->trade.block = FLAG(), ev->trade.replayed = FLAG();
        break;
    case BOT_EV_ACK:
        ev->ack.order_id = id(rng), ev->ack.client_id = id(rng), ev->ack.request_id = id(rng);
        ev->ack.accepted = FLAG(), ev->ack.venue_code = i64(rng);
        TEXT(ev->ack.reason);
        break;
    case BOT_EV_STATUS: ev->status.status = ENUM(bot_status, BOT_STATUS_STOPPED); TEXT(ev->status.text); break;
    case BOT_EV_ERROR:
        ev->error.code = (int)i64(rng), ev->error.venue_code = i64(rng), ev->error.request_id = id(rng);
        TEXT(ev->error.detail);
        break;
    case BOT_EV_GAP: ev->gap.expected = i64(rng), ev->gap.got = i64(rng), ev->gap.checksum = FLAG(); break;
    case BOT_EV_STREAM:
    case BOT_EV_FRAME:
        ev->stream.stream = ENUM(bot_stream, BOT_STREAM_COUNT - 1);
        ev->stream.state = ENUM(bot_stream_state, BOT_STREAM_READY);
        TEXT(ev->stream.reason);
        break;
    case BOT_EV_READ_BEGIN:
    case BOT_EV_READ_END: read_event(rng, &ev->read); break;
    case BOT_EV_SENT:
    case BOT_EV_REPLY:
        ev->reply.request_id = test_rng_next(rng), ev->reply.outcome = ENUM(bot_outcome, BOT_OUTCOME_MALFORMED);
        ev->reply.order_id = id(rng), ev->reply.client_id = id(rng), ev->reply.venue_code = i64(rng);
        TEXT(ev->reply.reason);
        break;
    case BOT_EV_BUDGET:
        ev->budget.scope = (uint32_t)i64(rng);
        ev->budget.used = (int32_t)i64(rng), ev->budget.remaining = (int32_t)i64(rng), ev->budget.limit = -1;
        ev->budget.reset_wall_ns = i64(rng), ev->budget.banned_for_ns = i64(rng);
        break;
    case BOT_EV_CLOCK: ev->clock.offset_ns = i64(rng), ev->clock.error_ns = i64(rng); break;
    case BOT_EV_MONITOR:
    case BOT_EV_JOURNAL:
    case BOT_EV_LEADER:
        ev->monitor.monitor = ENUM(bot_monitor, BOT_MONITOR_COUNT - 1);
        ev->monitor.ok = FLAG(), ev->monitor.value = i64(rng), ev->monitor.reference = i64(rng);
        TEXT(ev->monitor.reason);
        break;
    case BOT_EV_SUBMIT: submit(rng, &ev->submit); break;
    case BOT_EV_AMEND:
        ev->amend.bot = (uint32_t)i64(rng), ev->amend.client_id = id(rng);
        ev->amend.qty.v = wide(rng), ev->amend.price.v = wide(rng);
        if ((ev->amend.price.v & 1) != 0) /* drawn from what is drawn: the records of tests/data are made by the same draws */
            ev->amend.ref_price.v = ev->amend.price.v / 3, ev->amend.ref_at = (bot_ts)ev->amend.qty.v;
        break;
    case BOT_EV_CANCEL:
    case BOT_EV_CANCEL_ALL: ev->cancel.bot = (uint32_t)i64(rng), ev->cancel.client_id = id(rng); break;
    case BOT_EV_LIMITS: limits(rng, &ev->limits); break;
    case BOT_EV_ATTACH:
        ev->attach.bot = (uint32_t)i64(rng), ev->attach.scope = ENUM(bot_scope, BOT_SCOPE_OWN), ev->attach.sends_orders = FLAG();
        TEXT(ev->attach.name);
        break;
    case BOT_EV_REARM:
    case BOT_EV_KILL: ev->rearm.latch = (uint32_t)i64(rng); TEXT(ev->rearm.reason); break;
    case BOT_EV_CHECKPOINT:
        ev->checkpoint.leg = ENUM(bot_leg, BOT_LEG_SHORT);
        ev->checkpoint.qty.v = wide(rng), ev->checkpoint.cost.v = wide(rng);
        ev->checkpoint.realised.v = wide(rng), ev->checkpoint.funding.v = wide(rng);
        break;
    default: break;
    }
}

void test_event_random(test_rng *rng, bot_event_kind kind, bot_event *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->kind = (uint16_t)kind;
    ret->source = (uint8_t)test_rng_below(rng, BOT_SOURCE_JOURNAL + 1);
    ret->flags = FLAG() ? (uint8_t)test_rng_next(rng) : 0;
    ret->has = FLAG() ? (uint32_t)test_rng_next(rng) : 0;
    ret->ts = i64(rng);
    ret->venue_ns = FLAG() ? i64(rng) : 0;
    ret->seq = FLAG() ? i64(rng) : BOT_SEQ_NONE;
    ret->read_id = FLAG() ? test_rng_next(rng) : 0;
    if (FLAG())
        ret->instrument = symbol(rng);
    payload(rng, ret);
}

void test_event_fill(unsigned long long number, bot_ts ts, bot_event *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->kind = BOT_EV_FILL;
    ret->source = BOT_SOURCE_WS_PRIVATE;
    ret->ts = ts;
    ret->venue_ns = INT64_C(1700000000000000000) + (int64_t)number * BOT_NS_PER_MS;
    ret->seq = (int64_t)number;
    ret->has = BOT_HAS_QTY | BOT_HAS_PRICE | BOT_HAS_FEE;
    memcpy(ret->instrument.s, "BTCUSDT", 7);
    ret->instrument.len = 7;
    bot_ev_fill *f = &ret->fill;
    f->exec_id.len = (uint8_t)snprintf(f->exec_id.s, sizeof f->exec_id.s, "7f3c9a1e-0000-4000-8000-%012llu", number);
    f->order_id.len = (uint8_t)snprintf(f->order_id.s, sizeof f->order_id.s, "a1b2c3d4-0000-4000-8000-%012llu", number / 3);
    f->client_id.len = (uint8_t)snprintf(f->client_id.s, sizeof f->client_id.s, "b0-%llu", number / 3);
    f->side = number % 2 == 0 ? BOT_BUY : BOT_SELL;
    f->leg = BOT_LEG_NET;
    f->kind = BOT_FILL_TRADE;
    f->liquidity = number % 3 == 0 ? BOT_MAKER : BOT_TAKER;
    f->qty = (bot_dec){ .coef = 1 + (bot_i128)(number % 17), .scale = 3 };
    f->price = (bot_dec){ .coef = 650000 + (bot_i128)(number % 1000), .scale = 1 };
    f->fee = (bot_dec){ .coef = 35 + (bot_i128)(number % 7), .scale = 4 };
    memcpy(f->fee_currency.s, "USDT", 4);
    f->fee_currency.len = 4;
}

const bot_exec_key *test_exec(const bot_event *fill)
{
    static bot_exec_key key;
    key = (bot_exec_key){ fill->instrument, fill->fill.exec_id, fill->fill.order_id, fill->fill.side };
    return &key;
}
