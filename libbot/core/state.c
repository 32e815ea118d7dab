/* What the other files of the core stand on: effects, positions with what may be added to them, names, closing and opening orders. */
#include "core/state.h"

#include <string.h>

#include "bot/decimal.h"

#define INSTRUMENT_ASK_NS (10 * BOT_NS_PER_S)

/* ---- effects ---- */

static bot_effect *write_effect(bot_effect *e, bot_effect_kind kind, uint32_t bot, uint32_t instrument)
{
    /* What the small ones do not use of the union is not worth wiping a thousand times a second. */
    if (kind == BOT_EFFECT_FILL || kind == BOT_EFFECT_POSITION || kind == BOT_EFFECT_VERDICT || kind == BOT_EFFECT_GATE)
        memset(e, 0, offsetof(bot_effect, verdict) + sizeof e->verdict);
    else
        memset(e, 0, sizeof *e);
    e->kind = kind;
    e->bot = bot;
    e->instrument = instrument;
    return e;
}

/* A step that wants more than the host made room for cannot be carried out whole: nothing may leave any more. */
static __attribute__((noinline)) void lose_effect(bot_core *c)
{
    c->stats.effects_lost++;
    bot__gate_set(&c->gate, BOT_GATE_UNKNOWN_EXEC, BOT_ERR_FULL, c->now);
}

bot_effect *bot__core_effect_add(bot_core *c, bot_effect_kind kind, uint32_t bot, uint32_t instrument)
{
    const uint32_t at = c->effects_n;
    if (at < c->effects_room)
        c->effects_n = at + 1;
    else
        lose_effect(c);
    if (c->quiet)
        return &c->effects[at]; /* counted; what is written into it nobody reads */
    return write_effect(&c->effects[at], kind, bot, instrument);
}

static void copy_text(char *to, size_t size, const char *from)
{
    size_t n = strnlen(from, size - 1);
    memcpy(to, from, n);
    to[n] = '\0';
}

bot_effect *bot__core_alert(bot_core *c, bot_alert alert, uint32_t bot, uint32_t instrument, int64_t value, const char *text)
{
    bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_ALERT, bot, instrument);
    e->alert.alert = alert;
    e->alert.value = value;
    copy_text(e->alert.text, sizeof e->alert.text, text);
    return e;
}

void bot__core_other_mode(bot_core *c, uint32_t instrument)
{
    if ((c->gate.held & BOT_GATE_MODE) == 0)
        bot__core_alert(c, BOT_ALERT_MODE, UINT32_MAX, instrument, 0, "the venue's position mode is not the configured one");
    bot__gate_set(&c->gate, BOT_GATE_MODE, 0, c->now);
}

/* ---- what an alert says besides its words: cut where its room ends ---- */

void bot__core_alert_say(const bot_core *c, bot_effect *e, const char *before, const char *words)
{
    if (c->quiet)
        return;
    size_t n = strnlen(e->alert.text, sizeof e->alert.text - 1);
    copy_text(e->alert.text + n, sizeof e->alert.text - n, before);
    n = strnlen(e->alert.text, sizeof e->alert.text - 1);
    copy_text(e->alert.text + n, sizeof e->alert.text - n, words);
}

void bot__core_alert_number(const bot_core *c, bot_effect *e, const char *before, bot_i128 v)
{
    char number[BOT_DEC_TEXT_MAX];
    if (c->quiet)
        return;
    bot_fixed_format(v, number);
    bot__core_alert_say(c, e, before, number);
}

void bot__core_alert_seconds(const bot_core *c, bot_effect *e, const char *before, int64_t ns)
{
    const bot_i128 ms = ns / BOT_NS_PER_MS;
    bot__core_alert_number(c, e, before, ms * (BOT_NS_PER_S * BOT_NS_PER_S / 1000));
    bot__core_alert_say(c, e, " s", "");
}

void bot__core_alert_order(const bot_core *c, bot_effect *e, const struct order *o)
{
    bot__core_alert_number(c, e, o->side == BOT_BUY ? ": buy " : ": sell ", o->qty);
    if (o->client_id.len != 0 || o->order_id.len != 0)
        bot__core_alert_say(c, e, ", ", o->client_id.len != 0 ? o->client_id.s : o->order_id.s);
}

void bot__core_order_effect(bot_core *c, uint32_t order, int code, int64_t venue_code, const char *reason)
{
    const struct order *o = &c->orders.orders[order];
    bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_ORDER, o->bot, o->instrument);
    e->order.client_id = o->client_id;
    e->order.status = bot__order_status(o);
    e->order.code = code;
    e->order.venue_code = venue_code;
    copy_text(e->order.reason, sizeof e->order.reason, reason);
}

/* ---- positions ---- */

bot_i128 bot__core_qty(const bot_core *c, uint32_t instrument, bot_leg leg)
{
    const struct position *p = bot__ledger_position(c->ledger, instrument, leg == BOT_LEG_NONE ? BOT_LEG_NET : leg);
    return p == NULL ? 0 : p->qty;
}

void bot__core_interval(const bot_core *c, uint32_t instrument, bot_leg leg, bot_i128 *ret_low, bot_i128 *ret_high)
{
    const struct recon_leg *l = &c->instruments[instrument].leg[bot__leg_index(leg)];
    bot_i128 low = bot__core_qty(c, instrument, leg), high = low;
    if (l->drifting || l->pending) {
        const bot_i128 venue = l->drifting ? l->drift_qty : l->pending_qty;
        if (venue < low) low = venue;
        if (venue > high) high = venue;
    }
    *ret_low = low;
    *ret_high = high;
}

bool bot__core_flat(const bot_core *c)
{
    for (uint32_t i = 0; i < bot__ledger_instruments(c->ledger); i++)
        for (bot_leg leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
            const struct order_sums sums = bot__orders_account_sums(&c->orders, i, leg);
            if (bot__core_qty(c, i, leg) != 0 || sums.buy != 0 || sums.sell != 0)
                return false;
        }
    return true;
}

bool bot__core_in_use(const bot_core *c, uint32_t instrument)
{
    if (c->instruments[instrument].traded)
        return true;
    for (bot_leg leg = core_first_leg(c); leg <= core_last_leg(c); leg++) {
        const struct order_sums sums = bot__orders_account_sums(&c->orders, instrument, leg);
        if (bot__core_qty(c, instrument, leg) != 0 || sums.buy != 0 || sums.sell != 0)
            return true;
    }
    return false;
}

/* ---- orders ---- */

void bot__core_close_order(bot_core *c, uint32_t order, bot_order_status status, int code, int64_t venue_code, const char *reason)
{
    struct order *o = bot__orders_at(&c->orders, order);
    const bool was_live = bot__order_live(o);
    o->state = ORDER_CLOSED;
    o->status = status;
    o->updated_at = c->now;
    o->unknown_since = o->absent_at = o->query_at = BOT_TS_NEVER;
    o->amend_qty = 0;
    if (was_live && o->bot != ORDER_BOT_NONE)
        c->orders.bot_open[o->bot]--;
    bot__orders_recount(&c->orders, order);
    bot__core_order_effect(c, order, code, venue_code, reason);
}

/* A closed order that shows signs of life (an error answer for an order that was taken; a stale "not found"). */
void bot__core_reopen_order(bot_core *c, uint32_t order)
{
    struct order *o = bot__orders_at(&c->orders, order);
    if (bot__order_live(o))
        return;
    o->state = ORDER_OPEN;
    bot__orders_revived(&c->orders, order);
    o->status = BOT_ORDER_OPEN;
    o->query_at = core_after(c->now, c->options.order_query_every_ns);
    core_look_at_orders(c, o->query_at);
    if (o->bot != ORDER_BOT_NONE)
        c->orders.bot_open[o->bot]++;
    bot_effect *e = bot__core_alert(c, BOT_ALERT_UNKNOWN_ORDER, o->bot, o->instrument, 0, "an order that was taken for gone is alive");
    bot__core_alert_order(c, e, o);
}

/* ---- what is asked of the venue besides ---- */

int64_t bot__core_instrument_of(bot_core *c, const bot_symbol *symbol)
{
    const uint32_t i = bot__ledger_find(c->ledger, symbol);
    if (i != INSTRUMENT_NONE)
        return i;
    if (c->now >= c->recon.instruments_due) {
        c->recon.instruments_due = core_after(c->now, INSTRUMENT_ASK_NS);
        bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_READ, UINT32_MAX, UINT32_MAX);
        e->read.id = ++c->next_read;
        e->read.read = BOT_READ_INSTRUMENTS;
        e->read.deadline = core_after(c->now, INSTRUMENT_ASK_NS);
        e->read.symbol = *symbol;
    }
    return BOT_ERR_INSTRUMENT;
}

void bot__core_owe_fills(bot_core *c, int64_t from_venue_ns)
{
    struct recon *r = &c->recon;
    if (from_venue_ns != 0 && (r->fills_from_ns == 0 || from_venue_ns < r->fills_from_ns))
        r->fills_from_ns = from_venue_ns;
}

void bot__core_want_fills(bot_core *c)
{
    if (c->recon.cold)
        return;
    c->recon.fills_wanted = true;
    c->recon.fills.due = core_min(c->recon.fills.due, c->now);
}
