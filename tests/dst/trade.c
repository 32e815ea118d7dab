/* The bots: takers, makers, bursts, closers. They know the public API's view only: belief, reference price, gate. */
#include "dst.h"

#include <string.h>

void dst_bot_init(struct dst_process *p, uint32_t bot)
{
    struct dst_bot *b = &p->bot[bot];
    b->plan = &p->w->plan->bot[p->number - 1][bot];
    b->index = bot;
    b->rng = bot__sim_rng(p->w->plan->seed, 200 + p->number * 10 + bot);
    b->next_at = DST_START_NS + b->plan->every_ns;
    for (uint32_t i = 0; i < p->w->plan->instruments; i++) {
        const bot_i128 limit = p->book[i].unit * b->plan->limit_lots;
        bot_i128 *sum = &p->book[i].limit;
        if (b->plan->scope == BOT_SCOPE_OWN) *sum += limit;
        else if (limit > *sum) *sum = limit;
    }
}

void dst_bots_limits(struct dst_process *p)
{
    const bot_i128 factor = p->w->options.defect == DST_DEFECT_LIMIT ? 2 : 1;
    for (uint32_t b = 0; b < p->w->plan->bots; b++)
        for (uint32_t i = 0; i < p->w->plan->instruments; i++) {
            bot_event ev = { .kind = BOT_EV_LIMITS, .limits = { .bot = b, .loosen = true, .instrument = p->book[i].symbol } };
            ev.limits.limits.position_max.v = p->book[i].unit * p->bot[b].plan->limit_lots * factor;
            const int r = dst_process_command(p, &ev);
            if (r < 0) dst_wrong(p->w, DST_INTERNAL, "limits are refused: %s", bot_err_name(r));
        }
}

static void before(struct dst_process *p, bool reduces, bool shrinks)
{
    dst_process_journal_look(p);
    p->submitting = true;
    p->submitting_open = dst_process_open(p) || shrinks;
    p->submitting_reduces = reduces;
    bot_gate_state state;
    bot_core_gate_state(p->core, dst_process_core_now(p), &state);
    p->submitting_killed = (state.reasons & BOT_GATE_KILL) != 0;
}

/* Only lowers the size of what the process believes to hold. */
static bool reduces(const struct dst_process *p, const bot_order_request *o)
{
    for (uint32_t i = 0; i < p->w->plan->instruments; i++)
        if (strcmp(p->book[i].symbol.s, o->instrument.s) == 0) {
            const bot_i128 have = dst_belief(p, &p->book[i], o->leg);
            return o->side == BOT_BUY ? have < 0 && o->qty.v <= -have : have > 0 && o->qty.v <= have;
        }
    return false;
}

int dst_submit(struct dst_process *p, uint32_t bot, const bot_order_request *o, bot_id *ret_id)
{
    bot_event ev = { .kind = BOT_EV_SUBMIT, .submit = { .bot = bot, .order = *o } };
    ev.submit.client_id = bot_core_next_client_id(p->core, bot);
    before(p, reduces(p, o), false);
    const int r = dst_process_command(p, &ev);
    if (r == BOT_ERR_GATE_SHUT && p->w->options.defect == DST_DEFECT_ORDER_PASSES) {
        struct venue_request req = { .call = VENUE_CALL_SUBMIT, .order = *o, .instrument = o->instrument, .client_id = ev.submit.client_id };
        const struct venue_keys keys = { .key = p->key, .passphrase = bot__simvenue_passphrase(bot__world_venue(p->w->world)), .signer = p->signer };
        struct venue_http http;
        if (bot__venue_find(p->w->plan->venue)->encode_rest(&req, &keys, dst_process_time(p).wall_ns, &http) == 0)
            dst_check_border(p, true, http.path, http.body, http.body_len);
    }
    p->submitting = false;
    dst_trace(p->w, "p%u bot %u %s %s %s %s at %s: %s", p->number, bot, ev.submit.client_id.s, o->side == BOT_BUY ? "buys" : "sells", dst_num(o->qty.v), o->instrument.s,
              dst_num(o->price.v), r < 0 ? bot_err_name(r) : "sent");
    if (r < 0) p->w->result->refused++;
    else p->w->result->orders++;
    if (ret_id != NULL) *ret_id = ev.submit.client_id;
    return r;
}

static uint64_t below(struct dst_bot *b, uint64_t n) { return bot__sim_rng_below(&b->rng, n); }

static void cancel(struct dst_process *p, struct dst_bot *b, uint32_t which)
{
    bot_event ev = { .kind = BOT_EV_CANCEL, .cancel = { .bot = b->index, .client_id = b->resting[which].id } };
    b->resting[which] = b->resting[--b->resting_n];
    (void)dst_process_command(p, &ev);
}

static bool reference(const struct dst_process *p, const struct dst_book *k, bot_px *ret)
{
    bot_ts at;
    if (p->w->plan->public_data) return bot__session_reference(p->session, &k->symbol, ret, &at);
    /* A bot without public data from us has a price from elsewhere. */
    const struct exchange *x = bot__world_exchange(p->w->world);
    *ret = bot__exchange_px(bot__exchange_instrument(x, k->exchange_instrument), bot__exchange_mark(x, k->exchange_instrument));
    return true;
}

/* A limit order so many ten-thousandths away from the market. */
static bool limit_at(struct dst_process *p, const struct dst_book *k, bot_side side, int64_t away, bot_px *ret)
{
    bot_px px;
    if (!reference(p, k, &px)) return false;
    const bot_i128 tick = k == &p->book[0] ? (bot_i128)100000000000000000 : (bot_i128)10000000000000000;
    px.v += px.v / 10000 * (side == BOT_BUY ? -away : away);
    px.v -= px.v % tick;
    *ret = px;
    return px.v > 0;
}

static void rest(struct dst_process *p, struct dst_bot *b, const struct dst_book *k, bot_order_request *o, int64_t away)
{
    bot_id id;
    o->type = BOT_LIMIT;
    o->tif = below(b, 4) == 0 ? BOT_POST_ONLY : BOT_GTC;
    if (!limit_at(p, k, o->side, away, &o->price)) return;
    if (b->resting_n == DST_RESTING_MAX) cancel(p, b, (uint32_t)below(b, b->resting_n));
    if (dst_submit(p, b->index, o, &id) >= 0) b->resting[b->resting_n++] = (struct dst_resting){ id, o->qty.v, o->price.v, false };
}

static void amend(struct dst_process *p, struct dst_bot *b, const struct dst_book *k)
{
    const uint32_t which = (uint32_t)below(b, b->resting_n);
    struct dst_resting *r0 = &b->resting[which];
    bot_event ev = { .kind = BOT_EV_AMEND, .amend = { .bot = b->index, .client_id = r0->id } };
    if (below(b, 2) == 0 && !limit_at(p, k, below(b, 2) ? BOT_BUY : BOT_SELL, (int64_t)below(b, 12), &ev.amend.price)) return;
    if (ev.amend.price.v == 0 || below(b, 2) == 0) ev.amend.qty.v = k->unit * (bot_i128)(1 + below(b, b->plan->order_lots * 2));
    /* A smaller quantity at the same price raises nothing and may pass a shut gate. */
    before(p, false, r0->amended || (ev.amend.qty.v <= r0->qty && (ev.amend.price.v == 0 || ev.amend.price.v == r0->price)));
    const int r = dst_process_command(p, &ev);
    p->submitting = false;
    dst_trace(p->w, "p%u bot %u amends %s to %s at %s: %s", p->number, b->index, ev.amend.client_id.s, dst_num(ev.amend.qty.v), dst_num(ev.amend.price.v), r < 0 ? bot_err_name(r) : "sent");
    r0->amended |= r >= 0;
    if (r == BOT_ERR_NOT_FOUND || r == BOT_ERR_ORDER_STATE) b->resting[which] = b->resting[--b->resting_n];
}

/* In hedge mode: a buy opens the long leg or closes the short one. */
static bot_leg leg_of(struct dst_process *p, struct dst_bot *b, const struct dst_book *k, bot_side side, bot_i128 *qty)
{
    if (!p->w->plan->hedge) return BOT_LEG_NET;
    const bot_leg opens = side == BOT_BUY ? BOT_LEG_LONG : BOT_LEG_SHORT, closes = side == BOT_BUY ? BOT_LEG_SHORT : BOT_LEG_LONG;
    bot_i128 have = dst_belief(p, k, closes);
    if (have < 0) have = -have;
    if (have == 0 || below(b, 2) == 0) return opens;
    if (*qty > have) *qty = have;
    return closes;
}

void dst_bot_act(struct dst_process *p, uint32_t bot)
{
    struct dst_bot *b = &p->bot[bot];
    b->next_at = dst_now(p->w) + (int64_t)below(b, (uint64_t)b->plan->every_ns * 2) + BOT_NS_PER_MS;
    const struct dst_book *k = &p->book[below(b, p->w->plan->instruments)];
    const bot_side side = below(b, 2) ? BOT_BUY : BOT_SELL;
    bot_order_request o = { .instrument = k->symbol, .side = side, .leg = BOT_LEG_NET, .type = BOT_MARKET, .tif = BOT_GTC,
                            .qty = { k->unit * (bot_i128)(1 + below(b, b->plan->order_lots)) } };
    o.leg = leg_of(p, b, k, side, &o.qty.v);
    const uint64_t what = below(b, 100);
    if (what < 2) {
        bot_event all = { .kind = BOT_EV_CANCEL_ALL, .cancel = { .bot = bot } };
        (void)dst_process_command(p, &all);
        b->resting_n = 0;
        return;
    }
    switch (b->plan->style) {
    case DST_TAKER:
        if (what < 80) (void)dst_submit(p, bot, &o, NULL);
        else rest(p, b, k, &o, -3); /* crosses */
        return;
    case DST_MAKER:
        if (what < 35 && b->resting_n != 0) cancel(p, b, (uint32_t)below(b, b->resting_n));
        else if (what < 50 && b->resting_n != 0) amend(p, b, k);
        else rest(p, b, k, &o, (int64_t)below(b, 8));
        return;
    case DST_BURST: /* room for one, asked for several times in one instant */
        for (uint64_t n = 1 + below(b, 5); n > 0; n--) {
            if (below(b, 2)) (void)dst_submit(p, bot, &o, NULL);
            else rest(p, b, k, &o, (int64_t)below(b, 3));
        }
        return;
    case DST_CLOSER: {
        if (what < 40) {
            rest(p, b, k, &o, (int64_t)below(b, 4) - 1);
            return;
        }
        const bot_leg leg = !p->w->plan->hedge ? BOT_LEG_NET : below(b, 2) ? BOT_LEG_LONG : BOT_LEG_SHORT;
        const bot_i128 have = dst_belief(p, k, leg);
        if (have == 0) return;
        o.leg = leg;
        o.side = have > 0 ? BOT_SELL : BOT_BUY;
        o.qty.v = have > 0 ? have : -have;
        o.reduce_only = below(b, 2);
        o.type = BOT_MARKET;
        (void)dst_submit(p, bot, &o, NULL);
        return;
    }
    default:
        if (what < 30 && b->resting_n != 0) cancel(p, b, (uint32_t)below(b, b->resting_n));
        else if (what < 60) (void)dst_submit(p, bot, &o, NULL);
        else rest(p, b, k, &o, (int64_t)below(b, 8));
    }
}
