/* What a strategy or a person asks for. */
#include "core/state.h"

#include "bot/decimal.h"

/* ---- orders ---- */

static struct exposure exposure_of(const bot_core *c, uint32_t bot, uint32_t instrument, bot_leg leg)
{
    struct exposure e;
    bot__core_interval(c, instrument, leg, &e.low, &e.high);
    if (bot == ORDER_BOT_NONE || c->bots[bot].scope == BOT_SCOPE_ACCOUNT) {
        e.working = bot__orders_account_sums(&c->orders, instrument, leg);
        return e;
    }
    /* The bot's own part has the account's uncertainty: a fill that we may have missed may have been its own. */
    const struct position *part = bot__ledger_owner_position(c->ledger, instrument, leg, bot);
    const bot_i128 all = bot__core_qty(c, instrument, leg), own = part == NULL ? 0 : part->qty;
    e.low += own - all;
    e.high += own - all;
    e.working = bot__orders_bot_sums(&c->orders, bot, instrument, leg);
    return e;
}

/* What the bots that trade the instrument may hold together, or the one that measures the account by itself, whichever is more; below 0:
 * no limit. */
static bot_i128 account_limit(const bot_core *c, uint32_t instrument)
{
    bot_i128 sum = 0, most = 0;
    bool own = false;
    for (uint32_t b = 0; b < c->bots_n; b++) {
        const struct core_limits *l = &c->limits[(size_t)b * c->options.instruments_max + instrument];
        if (!l->set)
            continue;
        if (c->bots[b].scope == BOT_SCOPE_OWN) {
            own = true;
            if (!bot_fixed_add(sum, l->limits.position_max.v, &sum))
                return -1;
        } else if (l->limits.position_max.v > most) {
            most = l->limits.position_max.v;
        }
    }
    return own ? (sum > most ? sum : most) : most;
}

static bool too_fast(bot_core *c, uint32_t bot, uint32_t per_s)
{
    const struct core_bot *b = &c->bots[bot];
    if (per_s == 0)
        return false;
    /* The per_s-th newest message must be a second old. */
    const bot_ts then = b->sent[(b->sent_next + SUBMIT_RING - per_s) % SUBMIT_RING];
    if (then == INT64_MIN || c->now - then >= BOT_NS_PER_S)
        return false;
    c->refusal.count = c->refusal.count_limit = per_s;
    c->refusal.wait_ns = BOT_NS_PER_S - (c->now - then);
    return true;
}

static void note_sent(struct core_bot *b, bot_ts now)
{
    b->sent[b->sent_next] = now;
    b->sent_next = (b->sent_next + 1) % SUBMIT_RING;
}

static bool on_grid(bot_i128 v, bot_i128 step) { return step <= 0 || v % step == 0; }

static int refuse(bot_core *c, int code)
{
    c->refusal.code = code;
    c->stats.submits_refused++;
    return code;
}

/* The order itself is wrong: nothing was looked at. grid: the step that it misses, or 0. */
static int refuse_order(bot_core *c, int code, const char *detail, bot_i128 grid)
{
    c->refusal.detail = detail;
    c->refusal.limit.v = grid;
    return refuse(c, code);
}

/* What makes no sense of an order whatever the instrument; NULL: nothing. */
static const char *nonsense(const bot_order_request *o)
{
    if (o->qty.v <= 0)
        return "the quantity is not above zero";
    if (o->side != BOT_BUY && o->side != BOT_SELL)
        return "the side is neither buy nor sell";
    if (o->type != BOT_LIMIT && o->type != BOT_MARKET)
        return "the type is neither limit nor market";
    if (o->type == BOT_LIMIT && o->price.v <= 0)
        return "a limit order without a price above zero";
    if (o->type == BOT_MARKET && o->price.v != 0)
        return "a market order with a price";
    if ((uint32_t)o->tif > BOT_POST_ONLY)
        return "the time in force is none of those there are";
    if (o->type == BOT_MARKET && o->tif == BOT_POST_ONLY)
        return "a market order cannot be post-only";
    return NULL;
}

/* The venue's own bounds of one order, where its answer is known before: it would be a rejection, and enough of those stop a bot. The
 * least value is one of what is paid at the order's price: a market order has none, an inverse contract's is its face. */
static const char *beyond_the_venue(const struct instrument *in, const bot_order_request *o, bot_i128 *ret_bound)
{
    bot_i128 value;
    if (in->qty_min.v > 0 && o->qty.v < in->qty_min.v) {
        *ret_bound = in->qty_min.v;
        return "the quantity is below the least that the venue takes";
    }
    if (in->qty_max.v > 0 && o->qty.v > in->qty_max.v) {
        *ret_bound = in->qty_max.v;
        return "the quantity is above the most that the venue takes";
    }
    if (in->notional_min.v > 0 && o->type == BOT_LIMIT && in->contract != BOT_INVERSE && bot__instrument_value(in, o->qty.v, o->price.v, &value) == BOT_OK &&
        value < in->notional_min.v) {
        *ret_bound = 0;
        return "the order is worth less than the least that the venue takes";
    }
    return NULL;
}

/* Whether more than exits may leave: a limit counted in contracts of another worth limits nothing. */
static bool may_add(const bot_core *c, uint32_t instrument)
{
    return bot__gate_open(&c->gate, c->now) && !c->instruments[instrument].worth_changed;
}

static bool only_reduces(const bot_core *c, uint32_t bot, uint32_t instrument, const bot_order_request *o)
{
    const struct exposure own = exposure_of(c, bot, instrument, o->leg), all = exposure_of(c, ORDER_BOT_NONE, instrument, o->leg);
    return o->qty.v <= bot__exposure_reducible(&own, o->side) && o->qty.v <= bot__exposure_reducible(&all, o->side);
}

/* In hedge mode a sell of the long leg and a buy of the short one close it, flag or not: where the leg holds nothing, and nothing is on
 * the way to it, every venue refuses that. */
static bool closes_nothing(const bot_core *c, uint32_t instrument, const bot_order_request *o)
{
    if (o->leg != (o->side == BOT_SELL ? BOT_LEG_LONG : BOT_LEG_SHORT))
        return false;
    const struct exposure all = exposure_of(c, ORDER_BOT_NONE, instrument, o->leg);
    return o->side == BOT_SELL ? all.high <= 0 && all.working.buy == 0 : all.low >= 0 && all.working.sell == 0;
}

static int check(bot_core *c, uint32_t bot, uint32_t instrument, const bot_order_request *o, bot_i128 replaces)
{
    const struct core_limits *l = core_limits_of(c, bot, instrument);
    const struct exposure_check x = {
        .order = o, .limits = &l->limits,
        .account_limit = account_limit(c, instrument),
        .bot = exposure_of(c, bot, instrument, o->leg),
        .account = exposure_of(c, ORDER_BOT_NONE, instrument, o->leg),
        .contract = bot__ledger_instrument(c->ledger, instrument)->contract,
        .multiplier = c->instruments[instrument].multiplier,
        .now = c->now, .reference_age_max_ns = c->options.reference_age_max_ns,
        .open_orders = c->orders.bot_open[bot],
        .gate_open = may_add(c, instrument),
        .reduce_allowed = (c->gate.held & BOT_GATE_KILL) == 0 && !c->recon.in_the_dark, /* beside orders that nobody knows of nothing provably reduces */
        .reasons = c->gate.reasons, .replaces = replaces,
    };
    const int r = bot__exposure_check(&x, &c->refusal);
    if (r != BOT_ERR_GATE_SHUT || !bot__gate_open(&c->gate, c->now))
        return r;
    c->refusal.detail = "the venue changed what a contract of it is worth";
    return c->refusal.code = BOT_ERR_INSTRUMENT;
}

int bot__core_submit(bot_core *c, const bot_event *ev)
{
    const bot_ev_submit *s = &ev->submit;
    const bot_order_request *o = &s->order;
    c->refusal = (bot_refusal){ 0 };
    c->stats.submits++;
    c->client_seq++; /* also when refused: an id is never given out twice */
    bot__client_id_given(c, &s->client_id);

    if (s->bot >= c->options.bots_max || !c->bots[s->bot].attached)
        return refuse_order(c, BOT_ERR_INVALID, "no such bot is attached", 0);
    if (!c->bots[s->bot].sends_orders)
        return refuse_order(c, BOT_ERR_INVALID, "the bot was attached to watch only", 0);
    const char *wrong = nonsense(o);
    if (wrong != NULL || s->client_id.len == 0)
        return refuse_order(c, BOT_ERR_INVALID, wrong != NULL ? wrong : "the order has no client id", 0);
    const uint32_t instrument = bot__ledger_find(c->ledger, &o->instrument);
    if (instrument == INSTRUMENT_NONE)
        return refuse_order(c, BOT_ERR_INSTRUMENT, "the instrument is not known: not loaded yet, or spelt in another way than the venue does", 0);
    const struct instrument *spec = bot__ledger_instrument(c->ledger, instrument);
    if (!spec->tradable)
        return refuse_order(c, BOT_ERR_INSTRUMENT, "the venue does not trade the instrument now", 0);
    if (!core_limits_of(c, s->bot, instrument)->set)
        return refuse_order(c, BOT_ERR_INSTRUMENT, "the bot has no limits for the instrument", 0);
    if (!on_grid(o->qty.v, spec->lot.v))
        return refuse_order(c, BOT_ERR_INVALID, "the quantity is not a multiple of the lot", spec->lot.v);
    if (o->type == BOT_LIMIT && !on_grid(o->price.v, spec->tick.v))
        return refuse_order(c, BOT_ERR_INVALID, "the price is not a multiple of the tick", spec->tick.v);
    if ((uint32_t)o->leg > BOT_LEG_SHORT || (o->leg > BOT_LEG_NET) != c->options.hedge)
        return refuse_order(c, BOT_ERR_INVALID, c->options.hedge ? "in hedge mode an order names its leg, long or short" : "only an account in hedge mode has legs", 0);

    int r = check(c, s->bot, instrument, o, 0);
    if (r == BOT_OK && closes_nothing(c, instrument, o))
        return refuse_order(c, BOT_ERR_REDUCE_ONLY, "the leg holds nothing to close", 0);
    bot_i128 bound;
    const char *beyond = r == BOT_OK ? beyond_the_venue(spec, o, &bound) : NULL;
    if (beyond != NULL && !only_reduces(c, s->bot, instrument, o)) /* for exits some bounds do not hold: the venue is asked */
        return refuse_order(c, BOT_ERR_INVALID, beyond, bound);
    if (r == BOT_OK && too_fast(c, s->bot, core_limits_of(c, s->bot, instrument)->limits.orders_per_s_max))
        r = c->refusal.code = BOT_ERR_LIMIT_RATE;
    if (r < 0) {
        c->stats.submits_refused++;
        return r;
    }
    /* It passes a shut gate because it only reduces, as far as we know: the venue, which does know, is told to see to it. */
    const bool reduce_only = o->reduce_only || (c->options.venue.has_reduce_only && !may_add(c, instrument));
    const struct order order = {
        .client_id = s->client_id, .state = ORDER_IN_FLIGHT, .bot = s->bot, .instrument = instrument,
        .side = o->side, .leg = o->leg == BOT_LEG_NONE ? BOT_LEG_NET : o->leg, .type = o->type, .tif = o->tif,
        .reduce_only = reduce_only, .qty = o->qty.v, .price = o->price,
        .request_id = c->next_request++ * 4 + BOT_REQUEST_SUBMIT,
        .submitted_at = c->now, .updated_at = c->now, .unknown_since = BOT_TS_NEVER, .absent_at = BOT_TS_NEVER,
        .query_at = BOT_TS_NEVER, .fills_at = BOT_TS_NEVER,
    };
    const int64_t at = bot__orders_add(&c->orders, &order);
    if (at < 0)
        return refuse(c, (int)at);
    c->orders.bot_open[s->bot]++;
    core_look_at_orders(c, core_after(c->now, c->options.venue.order_unknown_ns));
    note_sent(&c->bots[s->bot], c->now);
    bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_SEND, s->bot, instrument);
    e->send.request_id = order.request_id;
    e->send.request = BOT_REQUEST_SUBMIT;
    e->send.client_id = order.client_id;
    e->send.order = *o;
    e->send.order.reduce_only = reduce_only;
    return BOT_OK;
}

int bot__core_amend(bot_core *c, const bot_event *ev)
{
    const bot_ev_amend *a = &ev->amend;
    c->refusal = (bot_refusal){ 0 };
    c->stats.amends++;
    if (a->qty.v < 0 || a->price.v < 0)
        return refuse_order(c, BOT_ERR_INVALID, "a quantity or price below zero", 0);
    if (a->qty.v == 0 && a->price.v == 0)
        return refuse_order(c, BOT_ERR_INVALID, "neither a quantity nor a price to change to", 0);
    const uint32_t at = bot__orders_by_client(&c->orders, &a->client_id);
    if (at == ORDER_NONE || c->orders.orders[at].bot != a->bot)
        return refuse(c, BOT_ERR_NOT_FOUND);
    struct order *o = bot__orders_at(&c->orders, at);
    if (!c->options.venue.has_amend)
        return refuse(c, BOT_ERR_UNSUPPORTED);
    if (o->state != ORDER_OPEN || o->amend_qty != 0 || o->cancel_asked || o->cancel_stands)
        return refuse(c, BOT_ERR_ORDER_STATE);
    const struct instrument *spec = bot__ledger_instrument(c->ledger, o->instrument);
    const bot_i128 qty = a->qty.v != 0 ? a->qty.v : o->qty;
    const bot_px price = a->price.v != 0 ? a->price : o->price;
    if (!on_grid(qty, spec->lot.v))
        return refuse_order(c, BOT_ERR_INVALID, "the quantity is not a multiple of the lot", spec->lot.v);
    if (!on_grid(price.v, spec->tick.v))
        return refuse_order(c, BOT_ERR_INVALID, "the price is not a multiple of the tick", spec->tick.v);
    if (qty <= o->filled)
        return refuse_order(c, BOT_ERR_INVALID, "the quantity is filled already: cancel the rest instead", 0);

    /* The new remainder takes the place of the old one; what was filled is in the position already. Making an order
     * smaller at the same price cannot raise the exposure and passes like a cancel. */
    const bool shrinks = qty <= o->qty && price.v == o->price.v;
    bot_order_request request = { .instrument = *core_symbol(c, o->instrument), .side = o->side, .leg = o->leg, .type = o->type,
                                  .tif = o->tif, .reduce_only = o->reduce_only, .qty = { qty }, .price = price };
    if (!shrinks) {
        bot_order_request rest = request;
        rest.qty.v = qty - o->filled;
        rest.ref_price = a->ref_price;
        rest.ref_at = a->ref_at;
        int r = check(c, o->bot, o->instrument, &rest, o->counted);
        if (r == BOT_OK && too_fast(c, o->bot, core_limits_of(c, o->bot, o->instrument)->limits.orders_per_s_max))
            r = c->refusal.code = BOT_ERR_LIMIT_RATE;
        if (r < 0) {
            c->stats.submits_refused++;
            return r;
        }
    }
    o->amend_old = o->qty;
    o->amend_qty = qty;
    o->amend_at = c->now;
    if (qty > o->qty)
        o->qty = qty;
    o->request_id = c->next_request++ * 4 + BOT_REQUEST_AMEND;
    o->query_at = core_after(c->now, c->options.venue.order_unknown_ns);
    core_look_at_orders(c, o->query_at);
    bot__orders_recount(&c->orders, at);
    note_sent(&c->bots[o->bot], c->now);
    bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_SEND, o->bot, o->instrument);
    e->send.request_id = o->request_id;
    e->send.request = BOT_REQUEST_AMEND;
    e->send.client_id = o->client_id;
    e->send.order_id = o->order_id;
    e->send.order = request;
    return BOT_OK;
}

static void send_cancel(bot_core *c, uint32_t order)
{
    struct order *o = bot__orders_at(&c->orders, order);
    BOT_ASSERT(bot__order_live(o));
    o->cancel_wanted = false;
    o->cancel_asked = true;
    c->stats.cancels++;
    bot_effect *e = bot__core_effect_add(c, BOT_EFFECT_SEND, o->bot, o->instrument);
    e->send.request_id = c->next_request++ * 4 + BOT_REQUEST_CANCEL;
    e->send.request = BOT_REQUEST_CANCEL;
    e->send.client_id = o->client_id;
    e->send.order_id = o->order_id;
    e->send.order = (bot_order_request){ .instrument = *core_symbol(c, o->instrument), .side = o->side, .leg = o->leg };
    if (o->query_at == BOT_TS_NEVER)
        o->query_at = core_after(c->now, core_patience(o, c->options.venue.order_unknown_ns));
    core_look_at_orders(c, o->query_at);
}

int bot__core_cancel(bot_core *c, const bot_event *ev)
{
    const uint32_t at = bot__orders_by_client(&c->orders, &ev->cancel.client_id);
    if (at == ORDER_NONE || c->orders.orders[at].bot != ev->cancel.bot)
        return BOT_ERR_NOT_FOUND;
    if (!bot__order_live(&c->orders.orders[at]))
        return 1; /* final already: nothing to cancel, nothing wrong */
    send_cancel(c, at);
    return BOT_OK;
}

/* Of many orders: as many as one step has room for, the rest in the steps that follow at once. */
static void want_cancel(bot_core *c, struct order *o) { o->cancel_wanted = o->cancel_stands = c->cancels_wanted = true; }

/* The venue says that it lives. A cancel can overtake its order, be refused in an overload, or be lost: what a kill, a cancel-all or the
 * shut gate ended is ended again, and under a kill what nobody knew of. asked: in an answer to a question of ours. */
void bot__core_cancel_again(bot_core *c, uint32_t order, bool asked)
{
    struct order *o = bot__orders_at(&c->orders, order);
    const bool killed = (c->gate.held & BOT_GATE_KILL) != 0;
    if (o->bot == ORDER_BOT_NONE || o->cancel_wanted || (!o->cancel_stands && !killed) || (o->cancel_asked && !asked))
        return;
    if (o->cancels_again < CANCEL_PATIENCE_MAX)
        o->cancels_again++;
    want_cancel(c, o);
    bot__core_cancels_tick(c);
}

void bot__core_cancels_tick(bot_core *c)
{
    if (!c->cancels_wanted)
        return;
    c->cancels_wanted = false;
    for (uint32_t i = 0; i < c->orders.used; i++) {
        struct order *o = bot__orders_at(&c->orders, i);
        if (!o->cancel_wanted)
            continue;
        if (!bot__order_live(o)) {
            o->cancel_wanted = false;
        } else if (core_has_room(c)) {
            send_cancel(c, i);
        } else {
            c->cancels_wanted = true;
            return;
        }
    }
}

/* bot UINT32_MAX: every order of ours. A person's orders are never touched. */
int bot__core_cancel_all(bot_core *c, const bot_event *ev)
{
    int n = 0;
    for (uint32_t i = 0; i < c->orders.used; i++) {
        struct order *o = bot__orders_at(&c->orders, i);
        if (bot__order_live(o) && o->bot != ORDER_BOT_NONE && (ev->cancel.bot == ORDER_BOT_NONE || o->bot == ev->cancel.bot)) {
            want_cancel(c, o);
            n++;
        }
    }
    bot__core_cancels_tick(c);
    return n;
}

void bot__core_kill(bot_core *c)
{
    bot__gate_set(&c->gate, BOT_GATE_KILL, 0, c->now);
    const bot_event all = { .kind = BOT_EV_CANCEL_ALL, .cancel = { .bot = ORDER_BOT_NONE } };
    (void)bot__core_cancel_all(c, &all);
}

int bot__core_rearm(bot_core *c, const bot_event *ev)
{
    const uint32_t latch = ev->rearm.latch;
    if (latch == 0 || (latch & ~(bot_gate_latches() | BOT_GATE_STARTUP)) != 0 || (latch & (latch - 1)) != 0 ||
        ev->rearm.reason[0] == '\0')
        return BOT_ERR_INVALID;
    if ((c->gate.held & latch) == 0)
        return 0;
    /* A person who re-arms after a drift, a change of mode, or at a start with a position, has looked and accepts the venue's number; it is
     * still taken from a quiet read only, and must then agree like any other. */
    if (latch == BOT_GATE_DRIFT || latch == BOT_GATE_STARTUP || latch == BOT_GATE_MODE)
        c->recon.adopt_once = true;
    if (latch != BOT_GATE_STARTUP)
        bot__gate_clear(&c->gate, latch, c->now);
    if (latch == BOT_GATE_REJECT_STORM)
        for (uint32_t b = 0; b < c->bots_n; b++)
            c->bots[b].rejects_in_row = 0;
    if (latch == BOT_GATE_LOSS)
        for (uint32_t b = 0; b < c->bots_n; b++)
            for (uint32_t i = 0; i < bot__ledger_instruments(c->ledger); i++)
                if (core_limits_of(c, b, i)->set)
                    core_limits_of(c, b, i)->loss_base = bot__core_result(c, i, core_owner(c, b));
    c->recon.positions.due = c->now; /* prove at once */
    return 1;
}

void bot__core_on_shut(bot_core *c)
{
    if (c->options.shut_policy == BOT_SHUT_LEAVE)
        return;
    for (uint32_t i = 0; i < c->orders.used; i++) {
        struct order *o = bot__orders_at(&c->orders, i);
        if (!bot__order_live(o) || o->bot == ORDER_BOT_NONE)
            continue;
        if (c->options.shut_policy == BOT_SHUT_CANCEL_INCREASING) {
            struct exposure e = exposure_of(c, o->bot, o->instrument, o->leg);
            *(o->side == BOT_BUY ? &e.working.buy : &e.working.sell) -= o->counted;
            if (o->counted <= bot__exposure_reducible(&e, o->side))
                continue;
        }
        if (o->cancel_asked)
            o->cancel_stands = true; /* it is on its way; should the order live all the same, it is repeated */
        else
            want_cancel(c, o);
    }
    bot__core_cancels_tick(c);
}
