/* Every field is named once, in event_payload, which serves both directions: what is written and what is read cannot
 * drift apart. The direction is a constant at each of the two places that use it, so the compiler makes two plain
 * functions out of it. */
#include "journal/item.h"

#include <assert.h>
#include <string.h>

#include "base/assert.h"
#include "journal/format.h"

#ifdef __SANITIZE_ADDRESS__ /* instrumented, two functions made of it take a minute and a half to compile */
#define BOTH static inline
#else
#define BOTH static inline __attribute__((always_inline))
#endif

enum way { ENCODE, DECODE };

struct coder {
    uint8_t *p;         /* next byte; decoding only reads through it */
    const uint8_t *end; /* decoding: one past the item */
    bool roomy;         /* decoding: as much may be read as the longest event takes, so that it is enough to end where the item ends */
    int err;
};

enum { /* bits of `present` */
    HEAD_VENUE_NS = 1,
    HEAD_SEQ = 2,
    HEAD_READ_ID = 4,
    HEAD_INSTRUMENT = 8,
    HEAD_HAS = 16,
    HEAD_FLAGS = 32,
    HEAD_ALL = 63,
};

/* ---- words -------------------------------------------------------------------------------------------------- */

BOTH bool room(struct coder *c, size_t n)
{
    if (c->roomy || (size_t)(c->end - c->p) >= n)
        return true;
    c->err = BOT_ERR_MALFORMED;
    c->p = (uint8_t *)(uintptr_t)c->end;
    return false;
}

/* Decoding: n bytes behind the length byte at c->p, max of which are possible. False: damage; nothing is taken. */
BOTH bool holds(struct coder *c, unsigned n, unsigned max)
{
    if (n <= max && (c->roomy || n < (size_t)(c->end - c->p)))
        return true;
    c->err = BOT_ERR_MALFORMED;
    return false;
}

/* A value from 0 to max in one byte. */
BOTH unsigned code_byte(struct coder *c, enum way way, unsigned v, unsigned max)
{
    if (way == ENCODE) {
        if (v > max)
            c->err = BOT_ERR_INVALID;
        *c->p++ = (uint8_t)v;
        return v;
    }
    if (!room(c, 1))
        return 0;
    v = *c->p++;
    if (v > max)
        c->err = BOT_ERR_MALFORMED;
    return v;
}

/* Enums and bools are of different types, so this one cannot be a function. */
#define CODE(field, max)                                                      \
    do {                                                                       \
        const unsigned byte_ = code_byte(c, way, (unsigned)(field), (max));   \
        if (way == DECODE)                                                     \
            (field) = byte_;                                                   \
    } while (0)

BOTH void code_ns(struct coder *c, enum way way, int64_t *v)
{
    if (way == ENCODE) {
        put_u64(c->p, (uint64_t)*v);
        c->p += 8;
    } else if (room(c, 8)) {
        *v = (int64_t)get_u64(c->p);
        c->p += 8;
    }
}

/* Length of the shortest two's complement form: as many bits as the magnitude needs, and one for the sign. */
BOTH unsigned num_len(int64_t v)
{
    const uint64_t bits = (uint64_t)(v ^ (v >> 63));
    return v == 0 ? 0 : bits == 0 ? 1 : (unsigned)(72 - __builtin_clzll(bits)) / 8;
}

BOTH void code_num(struct coder *c, enum way way, int64_t *v)
{
    if (way == ENCODE) {
        const unsigned n = num_len(*v);
        *c->p++ = (uint8_t)n;
        put_u64(c->p, (uint64_t)*v); /* up to 8 bytes too many: the next field overwrites them */
        c->p += n;
        return;
    }
    if (!room(c, 1))
        return;
    const unsigned n = *c->p;
    if (!holds(c, n, 8))
        return;
    if (n != 0) {
        const uint64_t top = get_u64(c->p + 1) << (64 - 8 * n);
        *v = (int64_t)top >> (64 - 8 * n);
        /* As few bytes as hold it: the first nine bits, of which the first is the sign, may not all be equal. */
        if ((uint64_t)((int64_t)top >> 55) + 1 <= 1)
            c->err = BOT_ERR_MALFORMED;
    }
    c->p += n + 1;
}

/* As num, for 128 bits. Most values fit in 64. */
BOTH void code_wide(struct coder *c, enum way way, bot_i128 *v)
{
    if (way == ENCODE) {
        const int64_t high = (int64_t)(*v >> 64), low = (int64_t)*v;
        if (high == low >> 63) {
            int64_t narrow = low;
            code_num(c, way, &narrow);
            return;
        }
        const uint64_t bits = (uint64_t)(high ^ (high >> 63));
        const unsigned n = bits == 0 ? 9 : 8 + (unsigned)(72 - __builtin_clzll(bits)) / 8;
        *c->p++ = (uint8_t)n;
        put_u64(c->p, (uint64_t)low);
        put_u64(c->p + 8, (uint64_t)high);
        c->p += n;
        return;
    }
    if (!room(c, 1))
        return;
    const unsigned n = *c->p;
    if (n <= 8) {
        int64_t narrow = 0;
        code_num(c, way, &narrow);
        *v = narrow;
        return;
    }
    if (!holds(c, n, 16))
        return;
    const unsigned shift = 128 - 8 * n;
    const uint64_t high = get_u64(c->p + 9) << shift; /* n > 8: shift < 64 */
    *v = (bot_i128)((bot_u128)(uint64_t)((int64_t)high >> shift) << 64 | get_u64(c->p + 1));
    c->p += n + 1;
}

BOTH void code_dec(struct coder *c, enum way way, bot_dec *d)
{
    CODE(d->scale, 38);
    code_wide(c, way, &d->coef);
}

typedef int8_t sixteen __attribute__((vector_size(16)));

/* An id, symbol or currency. It stands in an item as it does in memory, length byte first, so that it is read in words of sixteen
 * bytes with what follows it masked out: written byte by byte, it would make whoever looks at it next in words (to hash it, to compare
 * it) wait until they have come together. */
BOTH void code_name(struct coder *c, enum way way, uint8_t *name, size_t size)
{
    static const sixteen first = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    if (way == ENCODE) {
        const unsigned n = code_byte(c, way, *name, (unsigned)size - 2);
        if (c->err != 0)
            return;
        memcpy(c->p, name + 1, n);
        c->p += n;
        return;
    }
    if (!room(c, 1))
        return;
    const unsigned n = *c->p;
    if (!holds(c, n, (unsigned)size - 2))
        return;
    if (c->roomy) {
        const int8_t last = (int8_t)n;
        const sixteen lasts = { last, last, last, last, last, last, last, last, last, last, last, last, last, last, last, last };
        for (size_t k = 0; k < size; k += 16) {
            const sixteen at = first + (int8_t)k;
            sixteen word;
            memcpy(&word, c->p + k, 16);
            word &= (sixteen)(at <= lasts);
            memcpy(name + k, &word, 16);
        }
    } else {
        memcpy(name, c->p, (size_t)n + 1); /* the rest is wiped already */
    }
    c->p += n + 1;
}
#define CODE_NAME(field)                                                                                     \
    do {                                                                                                     \
        static_assert(sizeof (field) % 16 == 0 && sizeof (field).s == sizeof (field) - 1, "a name is whole words"); \
        code_name(c, way, (uint8_t *)&(field), sizeof (field));                                              \
    } while (0)

/* A char array that holds text: everything up to its last byte that is not zero, whatever stands before. */
BOTH void code_text(struct coder *c, enum way way, char *s, size_t size)
{
    if (way == ENCODE) {
        size_t len = size;
        while (len > 0 && s[len - 1] == '\0')
            len--;
        *c->p++ = (uint8_t)len;
        memcpy(c->p, s, len);
        c->p += len;
        return;
    }
    if (!room(c, 1))
        return;
    const unsigned len = *c->p;
    if (holds(c, len, (unsigned)size)) {
        memcpy(s, c->p + 1, len);
        c->p += len + 1;
    }
}
#define CODE_TEXT(field) code_text(c, way, (field), sizeof (field))

BOTH void code_u32(struct coder *c, enum way way, uint32_t *v)
{
    int64_t n = *v;
    code_num(c, way, &n);
    if (way == DECODE) {
        if (n < 0 || n > UINT32_MAX)
            c->err = BOT_ERR_MALFORMED;
        *v = (uint32_t)n;
    }
}

BOTH void code_i32(struct coder *c, enum way way, int32_t *v)
{
    int64_t n = *v;
    code_num(c, way, &n);
    if (way == DECODE) {
        if (n < INT32_MIN || n > INT32_MAX)
            c->err = BOT_ERR_MALFORMED;
        *v = (int32_t)n;
    }
}

BOTH void code_id64(struct coder *c, enum way way, uint64_t *v)
{
    int64_t n = (int64_t)*v;
    code_num(c, way, &n);
    if (way == DECODE)
        *v = (uint64_t)n;
}

/* ---- events ------------------------------------------------------------------------------------------------- */

BOTH void code_limits(struct coder *c, enum way way, bot_ev_limits *l)
{
    code_u32(c, way, &l->bot);
    CODE(l->loosen, 1);
    CODE_NAME(l->instrument);
    code_wide(c, way, &l->limits.position_max.v);
    code_wide(c, way, &l->limits.order_qty_max.v);
    code_wide(c, way, &l->limits.notional_max.v);
    code_wide(c, way, &l->limits.loss_max.v);
    code_u32(c, way, &l->limits.open_orders_max);
    code_u32(c, way, &l->limits.orders_per_s_max);
    code_u32(c, way, &l->limits.collar_bps);
}

BOTH void code_order(struct coder *c, enum way way, bot_ev_order *o)
{
    CODE_NAME(o->order_id);
    CODE_NAME(o->client_id);
    CODE(o->status, BOT_ORDER_TRIGGERED);
    CODE(o->side, BOT_SELL);
    CODE(o->leg, BOT_LEG_SHORT);
    CODE(o->type, BOT_MARKET);
    CODE(o->tif, BOT_POST_ONLY);
    CODE(o->reduce_only, 1);
    CODE(o->post_only, 1);
    code_dec(c, way, &o->qty);
    code_dec(c, way, &o->cum_qty);
    code_dec(c, way, &o->leaves_qty);
    code_dec(c, way, &o->price);
    code_dec(c, way, &o->avg_price);
    code_dec(c, way, &o->trigger_price);
    code_num(c, way, &o->venue_code);
    CODE_TEXT(o->reason);
}

BOTH void code_fill(struct coder *c, enum way way, bot_ev_fill *f)
{
    CODE_NAME(f->exec_id);
    CODE_NAME(f->order_id);
    CODE_NAME(f->client_id);
    CODE(f->side, BOT_SELL);
    CODE(f->leg, BOT_LEG_SHORT);
    CODE(f->liquidity, BOT_TAKER);
    CODE(f->kind, BOT_FILL_UNKNOWN);
    CODE(f->derived, 1);
    code_dec(c, way, &f->qty);
    code_dec(c, way, &f->price);
    code_dec(c, way, &f->fee);
    CODE_NAME(f->fee_currency);
    code_dec(c, way, &f->cum_qty);
    code_dec(c, way, &f->leaves_qty);
}

BOTH void code_submit(struct coder *c, enum way way, bot_ev_submit *s)
{
    code_u32(c, way, &s->bot);
    CODE_NAME(s->client_id);
    CODE_NAME(s->order.instrument);
    CODE(s->order.side, BOT_SELL);
    CODE(s->order.leg, BOT_LEG_SHORT);
    CODE(s->order.type, BOT_MARKET);
    CODE(s->order.tif, BOT_POST_ONLY);
    CODE(s->order.reduce_only, 1);
    code_wide(c, way, &s->order.qty.v);
    code_wide(c, way, &s->order.price.v);
    code_wide(c, way, &s->order.ref_price.v);
    code_num(c, way, &s->order.ref_at);
}

BOTH void code_read(struct coder *c, enum way way, bot_ev_read *r)
{
    code_id64(c, way, &r->id);
    CODE(r->read, BOT_READ_KIND_COUNT - 1);
    CODE(r->outcome, BOT_OUTCOME_MALFORMED);
    CODE(r->complete, 1);
    code_u32(c, way, &r->rows);
    code_u32(c, way, &r->pages);
    code_num(c, way, &r->sent_at);
    code_num(c, way, &r->from_venue_ns);
    code_num(c, way, &r->to_venue_ns);
    code_num(c, way, &r->venue_code);
    CODE_TEXT(r->detail);
}

BOTH void code_reply(struct coder *c, enum way way, bot_ev_reply *r)
{
    code_id64(c, way, &r->request_id);
    CODE(r->outcome, BOT_OUTCOME_MALFORMED);
    CODE_NAME(r->order_id);
    CODE_NAME(r->client_id);
    code_num(c, way, &r->venue_code);
    CODE_TEXT(r->reason);
}

BOTH void code_trade(struct coder *c, enum way way, bot_ev_trade *t)
{
    CODE_NAME(t->trade_id);
    CODE(t->side, BOT_SELL);
    code_dec(c, way, &t->qty);
    code_dec(c, way, &t->price);
    code_num(c, way, &t->sent_ns);
    code_num(c, way, &t->id_first);
    code_num(c, way, &t->id_last);
    CODE(t->block, 1);
    CODE(t->replayed, 1);
}

BOTH void code_instrument(struct coder *c, enum way way, bot_ev_instrument *i)
{
    CODE(i->contract, BOT_SPOT);
    CODE(i->tradable, 1);
    code_dec(c, way, &i->tick);
    code_dec(c, way, &i->lot);
    code_dec(c, way, &i->multiplier);
    code_dec(c, way, &i->qty_min);
    code_dec(c, way, &i->qty_max);
    code_dec(c, way, &i->notional_min);
    CODE_NAME(i->base);
    CODE_NAME(i->quote);
    CODE_NAME(i->settle);
}

BOTH void event_payload(struct coder *c, enum way way, bot_event *ev)
{
    switch (ev->kind) {
    case BOT_EV_INSTRUMENT: code_instrument(c, way, &ev->inst); break;
    case BOT_EV_FILL: code_fill(c, way, &ev->fill); break;
    case BOT_EV_ORDER: code_order(c, way, &ev->order); break;
    case BOT_EV_POSITION:
        CODE(ev->position.leg, BOT_LEG_SHORT);
        code_dec(c, way, &ev->position.qty);
        code_dec(c, way, &ev->position.entry_price);
        break;
    case BOT_EV_FUNDING:
        CODE_NAME(ev->funding.exec_id);
        code_dec(c, way, &ev->funding.amount);
        CODE_NAME(ev->funding.currency);
        break;
    case BOT_EV_WALLET:
        CODE_NAME(ev->wallet.currency);
        code_dec(c, way, &ev->wallet.balance);
        break;
    case BOT_EV_TRADE: code_trade(c, way, &ev->trade); break;
    case BOT_EV_ACK:
        CODE_NAME(ev->ack.order_id);
        CODE_NAME(ev->ack.client_id);
        CODE_NAME(ev->ack.request_id);
        CODE(ev->ack.accepted, 1);
        code_num(c, way, &ev->ack.venue_code);
        CODE_TEXT(ev->ack.reason);
        break;
    case BOT_EV_STATUS:
        CODE(ev->status.status, BOT_STATUS_STOPPED);
        CODE_TEXT(ev->status.text);
        break;
    case BOT_EV_ERROR:
        code_i32(c, way, &ev->error.code);
        code_num(c, way, &ev->error.venue_code);
        CODE_NAME(ev->error.request_id);
        CODE_TEXT(ev->error.detail);
        break;
    case BOT_EV_GAP:
        code_num(c, way, &ev->gap.expected);
        code_num(c, way, &ev->gap.got);
        CODE(ev->gap.checksum, 1);
        break;
    case BOT_EV_STREAM:
    case BOT_EV_FRAME:
        CODE(ev->stream.stream, BOT_STREAM_COUNT - 1);
        CODE(ev->stream.state, BOT_STREAM_READY);
        CODE_TEXT(ev->stream.reason);
        break;
    case BOT_EV_READ_BEGIN:
    case BOT_EV_READ_END: code_read(c, way, &ev->read); break;
    case BOT_EV_SENT:
    case BOT_EV_REPLY: code_reply(c, way, &ev->reply); break;
    case BOT_EV_BUDGET:
        code_u32(c, way, &ev->budget.scope);
        code_i32(c, way, &ev->budget.used);
        code_i32(c, way, &ev->budget.remaining);
        code_i32(c, way, &ev->budget.limit);
        code_num(c, way, &ev->budget.reset_wall_ns);
        code_num(c, way, &ev->budget.banned_for_ns);
        break;
    case BOT_EV_CLOCK:
        code_num(c, way, &ev->clock.offset_ns);
        code_num(c, way, &ev->clock.error_ns);
        break;
    case BOT_EV_MONITOR:
    case BOT_EV_JOURNAL:
    case BOT_EV_LEADER:
        CODE(ev->monitor.monitor, BOT_MONITOR_COUNT - 1);
        CODE(ev->monitor.ok, 1);
        code_num(c, way, &ev->monitor.value);
        code_num(c, way, &ev->monitor.reference);
        CODE_TEXT(ev->monitor.reason);
        break;
    case BOT_EV_SUBMIT: code_submit(c, way, &ev->submit); break;
    case BOT_EV_AMEND:
        code_u32(c, way, &ev->amend.bot);
        CODE_NAME(ev->amend.client_id);
        code_wide(c, way, &ev->amend.qty.v);
        code_wide(c, way, &ev->amend.price.v);
        /* Records of before the collar held amends end here. */
        if (way == ENCODE ? ev->amend.ref_price.v != 0 || ev->amend.ref_at != 0 : c->p != c->end) {
            code_wide(c, way, &ev->amend.ref_price.v);
            code_num(c, way, &ev->amend.ref_at);
        }
        break;
    case BOT_EV_CANCEL:
    case BOT_EV_CANCEL_ALL:
        code_u32(c, way, &ev->cancel.bot);
        CODE_NAME(ev->cancel.client_id);
        break;
    case BOT_EV_LIMITS: code_limits(c, way, &ev->limits); break;
    case BOT_EV_ATTACH:
        code_u32(c, way, &ev->attach.bot);
        CODE(ev->attach.scope, BOT_SCOPE_OWN);
        CODE(ev->attach.sends_orders, 1);
        CODE_TEXT(ev->attach.name);
        break;
    case BOT_EV_REARM:
    case BOT_EV_KILL:
        code_u32(c, way, &ev->rearm.latch);
        CODE_TEXT(ev->rearm.reason);
        break;
    case BOT_EV_CHECKPOINT:
        CODE(ev->checkpoint.leg, BOT_LEG_SHORT);
        code_wide(c, way, &ev->checkpoint.qty.v);
        code_wide(c, way, &ev->checkpoint.cost.v);
        code_wide(c, way, &ev->checkpoint.realised.v);
        code_wide(c, way, &ev->checkpoint.funding.v);
        break;
    case BOT_EV_TIME:
    case BOT_EV_TICK:
        break;
    default:
        c->err = way == ENCODE ? BOT_ERR_UNSUPPORTED : BOT_ERR_MALFORMED;
        break;
    }
}

BOTH void event_body(struct coder *c, enum way way, bot_event *ev)
{
    unsigned present = 0;
    if (way == ENCODE)
        present = (ev->venue_ns != 0 ? HEAD_VENUE_NS : 0) | (ev->seq != BOT_SEQ_NONE ? HEAD_SEQ : 0) |
                  (ev->read_id != 0 ? HEAD_READ_ID : 0) | (ev->instrument.len != 0 ? HEAD_INSTRUMENT : 0) |
                  (ev->has != 0 ? HEAD_HAS : 0) | (ev->flags != 0 ? HEAD_FLAGS : 0);
    CODE(ev->kind, BOT_EV_KIND_COUNT - 1);
    CODE(ev->source, BOT_SOURCE_JOURNAL);
    present = code_byte(c, way, present, HEAD_ALL);
    code_ns(c, way, &ev->ts);
    if (present & HEAD_VENUE_NS)
        code_ns(c, way, &ev->venue_ns);
    if (way == DECODE)
        ev->seq = present & HEAD_SEQ ? 0 : BOT_SEQ_NONE;
    if (present & HEAD_SEQ)
        code_num(c, way, &ev->seq);
    if (present & HEAD_READ_ID)
        code_id64(c, way, &ev->read_id);
    if (present & HEAD_INSTRUMENT)
        CODE_NAME(ev->instrument);
    if (present & HEAD_HAS)
        code_u32(c, way, &ev->has);
    if (present & HEAD_FLAGS)
        CODE(ev->flags, 255);
    event_payload(c, way, ev);
}

/* ---- items -------------------------------------------------------------------------------------------------- */

static int finish(uint8_t *buf, const struct coder *c, unsigned type)
{
    if (c->err != 0)
        return c->err;
    const size_t len = (size_t)(c->p - buf);
    BOT_ASSERT(len >= JOURNAL_ITEM_HEAD && len - 2 <= UINT16_MAX);
    put_u16(buf, (uint16_t)(len - 2));
    buf[2] = (uint8_t)type;
    return (int)len;
}

static int encode(const bot_event *ev, uint8_t *buf, unsigned type)
{
    struct coder c = { .p = buf + JOURNAL_ITEM_HEAD };
    event_body(&c, ENCODE, (bot_event *)(uintptr_t)ev); /* encoding only reads */
    return finish(buf, &c, type);
}

int bot__item_encode_event(const bot_event *ev, uint8_t *buf)
{
    if (ev->kind == BOT_EV_TRADE)
        return BOT_ERR_UNSUPPORTED;
    return encode(ev, buf, BOT_JOURNAL_EVENT);
}

int bot__item_encode_trade(const bot_event *ev, uint8_t *buf)
{
    if (ev->kind != BOT_EV_TRADE)
        return BOT_ERR_INVALID;
    return encode(ev, buf, BOT_JOURNAL_TRADE);
}

int bot__item_encode_run(bot_ts ts, int64_t wall_ns, uint64_t pid, const char *library, uint8_t *buf)
{
    char text[32] = { 0 };
    struct coder c = { .p = buf + JOURNAL_ITEM_HEAD };
    code_ns(&c, ENCODE, &ts);
    code_ns(&c, ENCODE, &wall_ns);
    code_id64(&c, ENCODE, &pid);
    for (size_t i = 0; i + 1 < sizeof text && library[i] != '\0'; i++)
        text[i] = library[i];
    code_text(&c, ENCODE, text, sizeof text);
    return finish(buf, &c, BOT_JOURNAL_RUN);
}

int bot__item_encode_lost(bot_ts ts, uint64_t items, bot_ts from, bot_ts to, uint8_t *buf)
{
    struct coder c = { .p = buf + JOURNAL_ITEM_HEAD };
    code_ns(&c, ENCODE, &ts);
    code_id64(&c, ENCODE, &items);
    code_num(&c, ENCODE, &from);
    code_num(&c, ENCODE, &to);
    return finish(buf, &c, BOT_JOURNAL_LOST);
}

BOTH void candle_body(struct coder *c, enum way way, bot_candle *k)
{
    code_ns(c, way, &k->minute_ns);
    code_wide(c, way, &k->open.v);
    code_wide(c, way, &k->high.v);
    code_wide(c, way, &k->low.v);
    code_wide(c, way, &k->close.v);
    code_wide(c, way, &k->volume.v);
    code_wide(c, way, &k->volume_buy.v);
    code_u32(c, way, &k->trades);
}

int bot__item_encode_candle(const bot_candle *candle, uint8_t *buf)
{
    bot_candle k = *candle;
    struct coder c = { .p = buf + JOURNAL_ITEM_HEAD };
    candle_body(&c, ENCODE, &k);
    return finish(buf, &c, BOT_JOURNAL_CANDLE);
}

int bot__item_encode_raw(bot_ts ts, bot_source source, const void *bytes, uint32_t len, uint32_t total, uint8_t *buf)
{
    if (len > 65000 || total < len)
        return BOT_ERR_INVALID;
    struct coder c = { .p = buf + JOURNAL_ITEM_HEAD };
    code_ns(&c, ENCODE, &ts);
    code_byte(&c, ENCODE, source, BOT_SOURCE_JOURNAL);
    code_u32(&c, ENCODE, &total);
    if (len > 0)
        memcpy(c.p, bytes, len);
    c.p += len;
    return finish(buf, &c, BOT_JOURNAL_RAW);
}

int bot__item_encode_options(bot_ts ts, const char *text, uint32_t len, uint8_t *buf)
{
    if (len > 65000)
        return BOT_ERR_INVALID;
    struct coder c = { .p = buf + JOURNAL_ITEM_HEAD };
    code_ns(&c, ENCODE, &ts);
    memcpy(c.p, text, len);
    c.p += len;
    return finish(buf, &c, BOT_JOURNAL_OPTIONS);
}

static void take_rest(struct coder *c, bot_journal_item *ret)
{
    ret->bytes = c->p;
    ret->bytes_len = (uint32_t)(c->end - c->p);
    c->p += ret->bytes_len;
}

static int decode_event(const uint8_t *p, size_t len, size_t readable, bot_event *ret)
{
    uint8_t room[JOURNAL_EVENT_ROOM];
    if (readable < sizeof room) { /* the last ones of a file */
        if (len > JOURNAL_EVENT_ITEM_MAX)
            return BOT_ERR_MALFORMED;
        memcpy(room, p, len);
        memset(room + len, 0, sizeof room - len);
        p = room;
    }
    struct coder c = { .p = (uint8_t *)(uintptr_t)p + JOURNAL_ITEM_HEAD, .end = p + len, .roomy = true };
    memset(ret, 0, sizeof *ret);
    event_body(&c, DECODE, ret);
    return c.err == 0 && c.p == p + len ? BOT_OK : BOT_ERR_MALFORMED;
}

int bot__item_decode_in(const uint8_t *p, size_t len, size_t readable, bot_journal_item *ret)
{
    if (len < JOURNAL_ITEM_HEAD || (size_t)get_u16(p) + 2 != len)
        return BOT_ERR_MALFORMED;
    ret->kind = (bot_journal_item_kind)p[2];
    ret->bytes = NULL;
    ret->bytes_len = ret->bytes_total = 0;
    if (ret->kind == BOT_JOURNAL_EVENT || ret->kind == BOT_JOURNAL_TRADE) {
        const int e = decode_event(p, len, readable, &ret->event);
        ret->ts = ret->event.ts;
        return e == BOT_OK && (ret->event.kind == BOT_EV_TRADE) != (ret->kind == BOT_JOURNAL_TRADE) ? BOT_ERR_MALFORMED : e;
    }
    struct coder c = { .p = (uint8_t *)(uintptr_t)p + JOURNAL_ITEM_HEAD, .end = p + len };
    uint64_t pid = 0, items = 0;
    ret->ts = 0;
    switch (ret->kind) {
    case BOT_JOURNAL_RAW:
        code_ns(&c, DECODE, &ret->ts);
        memset(&ret->event, 0, sizeof ret->event);
        ret->event.source = (uint8_t)code_byte(&c, DECODE, 0, BOT_SOURCE_JOURNAL);
        code_u32(&c, DECODE, &ret->bytes_total);
        take_rest(&c, ret);
        if (ret->bytes_total < ret->bytes_len)
            c.err = BOT_ERR_MALFORMED;
        break;
    case BOT_JOURNAL_RUN:
        memset(&ret->run, 0, sizeof ret->run);
        code_ns(&c, DECODE, &ret->ts);
        code_ns(&c, DECODE, &ret->run.wall_ns);
        code_id64(&c, DECODE, &pid);
        code_text(&c, DECODE, ret->run.library, sizeof ret->run.library);
        ret->run.library[sizeof ret->run.library - 1] = '\0';
        ret->run.pid = pid;
        break;
    case BOT_JOURNAL_LOST:
        memset(&ret->lost, 0, sizeof ret->lost);
        code_ns(&c, DECODE, &ret->ts);
        code_id64(&c, DECODE, &items);
        code_num(&c, DECODE, &ret->lost.from);
        code_num(&c, DECODE, &ret->lost.to);
        ret->lost.items = items;
        break;
    case BOT_JOURNAL_OPTIONS:
        code_ns(&c, DECODE, &ret->ts);
        take_rest(&c, ret);
        break;
    case BOT_JOURNAL_CANDLE:
        memset(&ret->candle, 0, sizeof ret->candle);
        candle_body(&c, DECODE, &ret->candle);
        break;
    default:
        return BOT_ERR_MALFORMED;
    }
    return c.err == 0 && c.p == c.end ? BOT_OK : BOT_ERR_MALFORMED;
}

int bot__item_decode(const uint8_t *p, size_t len, bot_journal_item *ret) { return bot__item_decode_in(p, len, len, ret); }
