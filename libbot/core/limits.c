/* Who is attached, what limits it has, and whether a position or a result is beyond them. */
#include "core/state.h"

int bot__core_attach(bot_core *c, const bot_event *ev)
{
    const bot_ev_attach *a = &ev->attach;
    if (a->bot >= c->options.bots_max)
        return BOT_ERR_FULL;
    if (a->scope != BOT_SCOPE_ACCOUNT && a->scope != BOT_SCOPE_OWN)
        return BOT_ERR_INVALID;
    struct core_bot *b = &c->bots[a->bot];
    if (a->bot >= c->bots_n)
        c->bots_n = a->bot + 1;
    *b = (struct core_bot){ .attached = true, .sends_orders = a->sends_orders, .scope = a->scope };
    for (int i = 0; i < SUBMIT_RING; i++)
        b->sent[i] = INT64_MIN;
    return BOT_OK;
}

bot_i128 bot__core_result(const bot_core *c, uint32_t instrument, uint32_t owner)
{
    bot_i128 sum = 0;
    const struct instrument *in = bot__ledger_instrument(c->ledger, instrument);
    for (bot_leg leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
        const struct position *p = owner == LEDGER_ACCOUNT ? bot__ledger_position(c->ledger, instrument, leg)
                                                           : bot__ledger_owner_position(c->ledger, instrument, leg, owner);
        if (p == NULL)
            continue;
        sum += p->realised - p->funding;
        for (uint32_t i = 0; i < bot__ledger_currencies(c->ledger); i++)
            if (bot__currency_eq(bot__ledger_currency(c->ledger, i), &in->settle))
                sum -= bot__ledger_fee(c->ledger, instrument, leg, owner, i);
    }
    return sum;
}

static bool looser(bot_i128 now, bot_i128 before, bool zero_is_none)
{
    if (!zero_is_none)
        return now > before;
    return before != 0 && (now == 0 || now > before);
}

/* Tighter takes effect at once; looser only when said explicitly, so that it stands in the journal as such. */
static bool loosens(const bot_limits *n, const bot_limits *o)
{
    return looser(n->position_max.v, o->position_max.v, false) || looser(n->order_qty_max.v, o->order_qty_max.v, true) ||
           looser(n->notional_max.v, o->notional_max.v, true) || looser(n->loss_max.v, o->loss_max.v, true) ||
           looser(n->open_orders_max, o->open_orders_max, true) || looser(n->orders_per_s_max, o->orders_per_s_max, true) ||
           looser(n->collar_bps, o->collar_bps, true);
}

static int set_limits(bot_core *c, const bot_ev_limits *e)
{
    const bot_limits *n = &e->limits;
    if (e->bot >= c->options.bots_max || !c->bots[e->bot].attached)
        return BOT_ERR_NOT_FOUND;
    if (n->position_max.v < 0 || n->order_qty_max.v < 0 || n->notional_max.v < 0 || n->loss_max.v < 0 ||
        n->orders_per_s_max > SUBMIT_RING)
        return BOT_ERR_INVALID;
    const int64_t i = bot__core_instrument_of(c, &e->instrument);
    if (i < 0) { /* kept until its row comes, which has been asked for; nothing can be ordered before */
        uint32_t k = 0;
        while (k < c->pending_limits_n && (c->pending_limits[k].bot != e->bot || !bot__symbol_eq(&c->pending_limits[k].instrument, &e->instrument)))
            k++;
        if (k == core_pending_limits_max(&c->options))
            return BOT_ERR_FULL;
        if (k < c->pending_limits_n && !e->loosen && loosens(n, &c->pending_limits[k].limits))
            return BOT_ERR_STATE;
        c->pending_limits[k] = *e; /* the latest word of a bot is the one that holds */
        c->pending_limits_n += k == c->pending_limits_n;
        return BOT_OK;
    }
    struct core_limits *l = core_limits_of(c, e->bot, (uint32_t)i);
    if (l->set && !e->loosen && loosens(n, &l->limits))
        return BOT_ERR_STATE;
    if (!l->set)
        l->loss_base = bot__core_result(c, (uint32_t)i, core_owner(c, e->bot));
    l->set = true;
    l->limits = *n;
    if (!c->instruments[i].traded) {
        c->instruments[i].traded = true;
        bot__verdict_taken_into_use(c, (uint32_t)i);
    }
    return BOT_OK;
}

int bot__core_set_limits(bot_core *c, const bot_event *ev) { return set_limits(c, &ev->limits); }

void bot__core_limits_known(bot_core *c, uint32_t instrument)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->pending_limits_n; i++) {
        const bot_ev_limits e = c->pending_limits[i];
        if (bot__symbol_eq(&e.instrument, core_symbol(c, instrument)))
            (void)set_limits(c, &e);
        else
            c->pending_limits[kept++] = e;
    }
    c->pending_limits_n = kept;
}

void bot__core_disown_result(bot_core *c, uint32_t instrument, bot_i128 realised)
{
    for (uint32_t b = 0; b < c->bots_n; b++) {
        struct core_limits *l = &c->limits[(size_t)b * c->options.instruments_max + instrument];
        if (l->set && c->bots[b].scope == BOT_SCOPE_ACCOUNT)
            (void)bot_fixed_add(l->loss_base, realised, &l->loss_base);
    }
}

/* Size without sign, of the larger leg in hedge mode: that the other one is small ends nothing. */
static bot_i128 largest_leg(const bot_core *c, uint32_t instrument)
{
    static const bot_leg legs[] = { BOT_LEG_NET, BOT_LEG_LONG, BOT_LEG_SHORT };
    bot_i128 largest = 0;
    for (int i = c->options.hedge ? 1 : 0; i < (c->options.hedge ? 3 : 1); i++) {
        const bot_i128 qty = bot__core_qty(c, instrument, legs[i]), size = qty < 0 ? -qty : qty;
        largest = size > largest ? size : largest;
    }
    return largest;
}

void bot__core_check_limits(bot_core *c, uint32_t instrument)
{
    if (c->bots_n == 0)
        return;
    const bot_i128 size = largest_leg(c, instrument);
    for (uint32_t b = 0; b < c->bots_n; b++) {
        struct core_limits *l = &c->limits[(size_t)b * c->options.instruments_max + instrument];
        if (!l->set || !c->bots[b].sends_orders) /* who only watches is held by no limit */
            continue;
        if (c->bots[b].scope == BOT_SCOPE_ACCOUNT && size > l->limits.position_max.v) {
            if (!l->exceeded) {
                bot_effect *e = bot__core_alert(c, BOT_ALERT_LIMIT_EXCEEDED, b, instrument, 0, "the position is beyond the bot's limit");
                e->alert.ours.v = size;
                bot__core_alert_number(c, e, ": ", size);
                bot__core_alert_number(c, e, ", limit ", l->limits.position_max.v);
            }
            l->exceeded = true;
        } else {
            l->exceeded = false;
        }
        if (l->limits.loss_max.v != 0) {
            const bot_i128 loss = l->loss_base - bot__core_result(c, instrument, core_owner(c, b));
            if (loss >= l->limits.loss_max.v) {
                if ((c->gate.held & BOT_GATE_LOSS) == 0) {
                    bot_effect *e = bot__core_alert(c, BOT_ALERT_LOSS, b, instrument, (int64_t)(loss / (bot_i128)BOT_NS_PER_S), "the loss limit is reached");
                    bot__core_alert_number(c, e, ": ", loss);
                    bot__core_alert_number(c, e, " lost, limit ", l->limits.loss_max.v);
                }
                bot__gate_set(&c->gate, BOT_GATE_LOSS, (int64_t)(loss / (bot_i128)BOT_NS_PER_S), c->now); /* value in 1e-9 */
            }
        }
    }
}
