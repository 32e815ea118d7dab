/* What must hold, judged by the exchange's own truth.
 *
 * POSITION  While the gate is open, believed and true position are equal within `slack` of open time: 3 s while nothing is wrong, 13 s
 *           while something is (a silent socket shuts the gate after 10), 75 s once the private stream or REST has lied (a lost
 *           fill is found by the next honest read, and without one the lease of 60 s runs out). While both lie in the same way
 *           nobody can know: the time counts from the end of it. A crash that forgets (no journal, or the power went) is as if the
 *           private stream had not told.
 * LIMIT     Position and everything that may still fill, on the wire included, never pass the sum of the limits but by what
 *           came from outside; that is forgiven for twenty seconds, and behind them for what it still is. Who starts without
 *           memory while REST lies has nothing to know his position by: forgiven until the lie has ended for 75 s.
 * SHUT      Every create and amend that passes the border is inside a bot's own call; the gate was open before the call, or
 *           the order only reduces; behind a kill none leaves, and a minute after all is well none of ours rests.
 * TWICE     No client order id is sent twice, over all runs of a process.
 * INTERNAL  A journal in which a bit turned over says so when it is read; of a whole one: at the end the journal of a process, stepped through by a core of its own, gives the positions, the gate and the counts
 *           of the one that ran, over all its deaths; no effect is lost.
 * STORM     Reads, verdicts and alerts stay below a rate.
 * LEASE     The gate is open only with a position read answered that was sent within the lease (the shorter one, when something is
 *           held), with a word on the private socket and, where they are watched, on each public one within their leases, and with the
 *           events of three seconds ago written: measured at the border and not by asking the core. A number of the venue's that is
 *           said to be right was believed at some moment since the read was sent.
 */
#include "dst.h"

#include "core/state.h"

#include <stdio.h>
#include <string.h>

#define REPLAYED 4 /* one world in so many: reading a journal again takes as long as a third of the world */
#define SLACK_CALM_NS (3 * BOT_NS_PER_S)
#define SLACK_FAULT_NS (13 * BOT_NS_PER_S)
#define SLACK_LIE_NS (75 * BOT_NS_PER_S)
#define SLACK_AGREE_NS (2200 * BOT_NS_PER_MS) /* grace for an answer that is ahead of the private stream */
#define SLACK_WRITTEN_NS (3300 * BOT_NS_PER_MS)
#define LEASE_RISK_NS (15100 * BOT_NS_PER_MS)

/* The quantity alone: bot_core_position works out the average and the interval besides, for every event of every world. */
bot_i128 dst_belief(const struct dst_process *p, const struct dst_book *k, bot_leg leg)
{
    const int64_t i = bot_core_find_instrument(p->core, &k->symbol);
    return i < 0 ? 0 : bot__core_qty(p->core, (uint32_t)i, leg);
}

static bool equal(const struct dst_process *p, const struct dst_book *k, const struct exchange_truth *t)
{
    if (!p->w->plan->hedge) return dst_belief(p, k, BOT_LEG_NET) == t->position.v;
    return dst_belief(p, k, BOT_LEG_LONG) == t->long_leg.v && dst_belief(p, k, BOT_LEG_SHORT) == t->short_leg.v;
}

/* A death behind which the next run does not know all that this one knew. */
static bool forgets(const struct dst_plan *plan, const struct dst_fault *f)
{
    if (f->what == DST_POWER) return true;
    if (f->what != DST_KILL && f->what != DST_STOP) return false;
    bool rots = false;
    for (uint32_t i = 0; i < plan->faults_n; i++)
        rots |= plan->faults[i].what == DST_ROT && plan->faults[i].process == f->process && plan->faults[i].at_ns <= f->at_ns + f->value_ns;
    return !plan->journal || rots;
}

bool dst_check_rest_lies(const struct dst_world *w, int64_t until_after_ns)
{
    const bot_ts now = dst_now(w);
    for (uint32_t i = 0; i < w->plan->faults_n; i++) {
        const struct dst_fault *f = &w->plan->faults[i];
        if ((f->takes & DST_LIE_REST) != 0 && DST_START_NS + f->at_ns <= now && now < DST_START_NS + f->at_ns + f->for_ns + until_after_ns) return true;
    }
    return false;
}

/* How long the two may have differed, at most. */
static int64_t slack(const struct dst_world *w, bot_ts since)
{
    const bot_ts now = dst_now(w);
    int64_t most = SLACK_CALM_NS;
    bot_ts lied[2] = { INT64_MIN, INT64_MIN }; /* end of the last lie that matters */
    for (uint32_t i = 0; i < w->plan->faults_n; i++) {
        const struct dst_fault *f = &w->plan->faults[i];
        const bot_ts from = DST_START_NS + f->at_ns, to = from + f->for_ns;
        if (from > now || to < since - 30 * BOT_NS_PER_S) continue;
        if (most < SLACK_FAULT_NS) most = SLACK_FAULT_NS;
        if ((f->takes & (DST_LIE_PRIVATE | DST_LIE_REST)) == 0 && !forgets(w->plan, f)) continue;
        most = SLACK_LIE_NS;
        const int kind = (f->takes & DST_LIE_REST) != 0;
        if (to > lied[kind]) lied[kind] = to < now ? to : now;
    }
    /* Both: the later of the two must have ended for so long. */
    if (lied[0] != INT64_MIN && lied[1] != INT64_MIN) {
        const bot_ts end = lied[1] > lied[0] ? lied[1] : lied[0];
        if (end > since) most += end - since;
    }
    return most;
}

/* Most steps of the world change neither. */
static void look_again(struct dst_process *p, struct dst_book *k)
{
    const uint64_t changes = bot__exchange_changes(bot__world_exchange(p->w->world), (uint32_t)p->account, k->exchange_instrument);
    const uint64_t events = p->up ? p->core->stats.events : 0;
    if (changes == k->truth_changes && events == k->core_events) return;
    if (changes != k->truth_changes) bot__world_truth(p->w->world, (uint32_t)p->account, k->exchange_instrument, &k->truth);
    k->truth_changes = changes;
    k->core_events = events;
    k->equal = p->up && equal(p, k, &k->truth);
}

void dst_check_agree(struct dst_process *p, uint32_t instrument, bot_leg leg, bot_i128 venue)
{
    if (!p->reading) return; /* by a fill that was found later: what was held at the answer's sequence, as is known by now */
    const bot_ts now = dst_now(p->w);
    bot_ts from = now;
    for (uint32_t i = 0; i < DST_READS_MAX; i++) /* also one that was ahead of the private stream */
        if (p->reads[i].sent_at != 0 && p->reads[i].id == 0 && now - p->reads[i].answered_at <= SLACK_AGREE_NS && p->reads[i].sent_at < from) from = p->reads[i].sent_at;
    bot_position is;
    bot_core_position(p->core, instrument, leg, &is);
    bot_i128 held = is.qty.v;
    for (uint32_t k = 1; held != venue && k <= DST_PATH_MAX && k <= p->path_n; k++) {
        const struct dst_step *s = &p->path[(p->path_n - k) % DST_PATH_MAX];
        if (s->at < from) break;
        if (s->instrument == instrument && s->leg == leg) held = s->before;
    }
    if (held != venue && p->path_n < DST_PATH_MAX)
        dst_wrong(p->w, DST_LEASE, "p%u: %s is said to be right, which instrument %u was not believed to hold since a read was sent %lld ms ago", p->number,
                  dst_num(venue), instrument, (long long)((now - from) / BOT_NS_PER_MS));
}

void dst_check_carried(struct dst_process *p)
{
    if (!p->carries) return;
    p->carries = false;
    if (p->lost_events) return;
    for (uint32_t i = 0; i < p->w->plan->instruments; i++)
        for (int leg = 0; leg < 3; leg++) {
            const bot_i128 is = dst_belief(p, &p->book[i], (bot_leg)(BOT_LEG_NET + leg));
            if (is != p->carried[i][leg])
                dst_wrong(p->w, DST_LOST, "p%u %s: died believing %s, all of it written, and came back believing %s", p->number, p->book[i].symbol.s,
                          dst_num(p->carried[i][leg]), dst_num(is));
        }
}

/* Orders of the bots have a client id, a person's have none. */
void dst_check_killed(struct dst_process *p)
{
    static struct exchange_order open[64];
    for (uint32_t i = 0; i < p->w->plan->faults_n; i++)
        if ((p->w->plan->faults[i].takes & DST_BAN) != 0 || p->w->plan->faults[i].kind == FAULT_REST_LIMBO) return; /* they take longer */
    for (uint32_t i = 0; i < p->w->plan->instruments; i++) {
        const uint32_t n = bot__exchange_orders_at(bot__world_exchange(p->w->world), (uint32_t)p->account, p->book[i].exchange_instrument, INT64_MAX,
                                                   EXCHANGE_ORDERS_OPEN, open, 64);
        for (uint32_t k = 0; k < n; k++)
            if (open[k].link_id[0] != '\0')
                dst_wrong(p->w, DST_SHUT, "p%u %s: order %s rests behind a kill, a minute after all is well", p->number, p->book[i].symbol.s, open[k].link_id);
    }
}

/* A gate that was shut while they differed did no harm: only open time counts, of several openings together. */
static void check_position(struct dst_process *p, struct dst_book *k, bool open)
{
    const struct exchange_truth *t = &k->truth;
    const bot_ts now = dst_now(p->w);
    if (k->equal) {
        k->wrong_since = BOT_TS_NEVER;
        k->wrong_ns = 0;
        return;
    }
    if (!open) return;
    if (k->wrong_since == BOT_TS_NEVER) k->wrong_since = now;
    else if (p->was_open) k->wrong_ns += now - p->last_now;
    if (k->wrong_ns > SLACK_CALM_NS && k->wrong_ns > slack(p->w, k->wrong_since))
        dst_wrong(p->w, DST_POSITION, "p%u %s: wrong for %lld ms with the gate open: truth %s, believed %s", p->number, k->symbol.s,
                  (long long)(k->wrong_ns / BOT_NS_PER_MS), dst_num(t->position.v),
                  dst_num(dst_belief(p, k, BOT_LEG_NET) + dst_belief(p, k, BOT_LEG_LONG) + dst_belief(p, k, BOT_LEG_SHORT)));
}

static bot_i128 over(bot_i128 worst, bot_i128 limit) { return worst > limit ? worst - limit : 0; }

/* What the venue may fill, on each side: of the net position, or of the long and the short leg. */
static void worst_of(const struct dst_process *p, const struct exchange_truth *t, bot_i128 ret_worst[2])
{
    if (p->w->plan->hedge) {
        ret_worst[0] = t->long_leg.v + t->open_long.v;
        ret_worst[1] = t->open_short.v - t->short_leg.v;
    } else {
        ret_worst[0] = t->position.v + t->open_buy.v;
        ret_worst[1] = t->open_sell.v - t->position.v;
    }
}

/* It began without memory, and REST lied then: what it takes for its position may be anything. */
static void check_blind(struct dst_process *p, struct dst_book *k, const struct exchange_truth *t)
{
    if (!p->blind) return;
    bot_i128 worst[2];
    worst_of(p, t, worst);
    for (int side = 0; side < 2; side++)
        if (over(worst[side], k->limit) > k->allowed[side]) k->allowed[side] = over(worst[side], k->limit);
    k->outside_at = dst_now(p->w);
}

static void check_limit(struct dst_process *p, struct dst_book *k, const struct exchange_truth *t)
{
    bot_i128 worst[2];
    worst_of(p, t, worst);
    for (int side = 0; side < 2; side++)
        if (over(worst[side], k->limit) > k->allowed[side])
            dst_wrong(p->w, DST_LIMIT, "p%u %s: the venue may fill %s on the %s side, limit %s, from outside %s", p->number, k->symbol.s,
                      dst_num(worst[side]), side == 0 ? "buy" : "sell", dst_num(k->limit), dst_num(k->allowed[side]));
}

/* Twenty seconds to notice it, longer while the private stream does not tell: then the list of open orders does. */
static int64_t outside_slack(const struct dst_world *w, bot_ts since)
{
    const int64_t most = slack(w, since);
    return most > DST_OUTSIDE_NS ? most : DST_OUTSIDE_NS;
}

/* What comes from outside the bots may carry the account past the limit. A liquidation or a trade of one side takes away
 * exposure of that side and leaves resting orders of the other: both are allowed for. */
static void check_outside(struct dst_process *p, struct dst_book *k, const struct exchange_truth *t)
{
    const bot_ts now = dst_now(p->w);
    bot_ts next = BOT_TS_NEVER;
    for (uint32_t i = 0; i < p->w->plan->faults_n && now >= k->outside_next; i++) {
        const struct dst_fault *f = &p->w->plan->faults[i];
        if ((f->takes & DST_OUTSIDE) == 0 || (k != &p->book[0] && f->for_ns == 0)) continue;
        bot_ts at = DST_START_NS + f->at_ns;
        if (at <= p->last_now) at += f->for_ns; /* the end of what lasts: the other mode */
        if (at > now && at < next) next = at;
        if (at > now || at <= p->last_now) continue;
        bot_i128 size = f->qty;
        if (size == 0) { /* the whole position, of which others' orders may have made much */
            size = k->limit * 4;
            for (uint32_t o = 0; o < p->w->plan->faults_n; o++) size += p->w->plan->faults[o].qty;
        }
        k->allowed[0] += size;
        k->allowed[1] += size;
        k->outside_at = at;
    }
    if (now >= k->outside_next) k->outside_next = next;
    if (k->outside_at != BOT_TS_NEVER && now - k->outside_at > outside_slack(p->w, k->outside_at)) {
        bot_i128 worst[2];
        worst_of(p, t, worst);
        bool left = false;
        for (int side = 0; side < 2; side++) {
            const bot_i128 is = over(worst[side], k->limit);
            if (is < k->allowed[side]) k->allowed[side] = is;
            left |= k->allowed[side] != 0;
        }
        if (!left) k->outside_at = BOT_TS_NEVER;
    }
}

/* Of what was appended at some moment everything is written within the time that a disk may stand still, and its wait for company. */
static void check_written(struct dst_process *p, bool open)
{
    const bot_ts now = dst_now(p->w);
    bot_journal_stats stats;
    bot__journal_stats_get(p->journal, &stats);
    if (stats.written >= p->unwritten || (p->disk_stalled && !p->stalled)) { /* the latter: it is frozen as a whole */
        p->unwritten = stats.appended;
        p->unwritten_since = now;
    }
    if (open && now - p->unwritten_since > SLACK_WRITTEN_NS)
        dst_wrong(p->w, DST_LEASE, "p%u: the gate is open, and events of %lld ms ago are not in the journal", p->number,
                  (long long)((now - p->unwritten_since) / BOT_NS_PER_MS));
}

/* The longer lease is for who holds nothing. */
static void check_risk(struct dst_process *p, bool open)
{
    const bot_ts now = dst_now(p->w);
    bool holds = false;
    for (uint32_t i = 0; i < p->w->plan->instruments && !holds; i++)
        for (bot_leg leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) holds |= dst_belief(p, &p->book[i], leg) != 0;
    if (!holds) p->risk_since = BOT_TS_NEVER;
    else if (p->risk_since == BOT_TS_NEVER) p->risk_since = now;
    if (open && holds && now - p->risk_since > LEASE_RISK_NS && now - p->positions_ok_at > LEASE_RISK_NS)
        dst_wrong(p->w, DST_LEASE, "p%u: the gate is open with a position held, and the newest answered position read is %lld ms old", p->number,
                  (long long)((now - p->positions_ok_at) / BOT_NS_PER_MS));
}

static void check_lease(struct dst_process *p)
{
    const bot_ts now = dst_now(p->w);
    for (int i = 0; i < 2 && p->w->plan->monitors && p->w->plan->public_data; i++)
        if (p->public_heard_at[i] != BOT_TS_NEVER && now - p->public_heard_at[i] > 11 * BOT_NS_PER_S)
            dst_wrong(p->w, DST_LEASE, "p%u: the gate is open, and nothing came on public socket %d for %lld ms", p->number, i,
                      (long long)((now - p->public_heard_at[i]) / BOT_NS_PER_MS));
    if (now - p->positions_ok_at > 61 * BOT_NS_PER_S)
        dst_wrong(p->w, DST_LEASE, "p%u: the gate is open, and the newest answered position read is %lld ms old", p->number,
                  (long long)((now - p->positions_ok_at) / BOT_NS_PER_MS));
    if (now - p->private_heard_at > 11 * BOT_NS_PER_S)
        dst_wrong(p->w, DST_LEASE, "p%u: the gate is open, and nothing came on the private socket for %lld ms", p->number,
                  (long long)((now - p->private_heard_at) / BOT_NS_PER_MS));
}

void dst_check_step(void *world)
{
    struct dst_world *w = world;
    for (uint32_t n = 0; n < w->plan->processes; n++) {
        struct dst_process *p = &w->process[n];
        const bot_ts now = dst_now(w);
        const bool open = dst_process_open(p);
        p->blind = p->blind && dst_check_rest_lies(w, SLACK_LIE_NS);
        if (p->up) *(p->was_open ? &w->result->open_ns : &w->result->shut_ns) += now - p->last_now;
        for (uint32_t i = 0; i < w->plan->instruments; i++) {
            struct dst_book *k = &p->book[i];
            look_again(p, k);
            check_outside(p, k, &k->truth);
            check_blind(p, k, &k->truth);
            check_limit(p, k, &k->truth);
            if (p->up) check_position(p, k, open);
        }
        if (open) check_lease(p);
        if (now - p->last_now > BOT_NS_PER_S / 2) p->unwritten_since += now - p->last_now; /* nothing happened, so the writer had no turn either */
        if (p->up) check_risk(p, open);
        p->was_open = open;
        p->last_now = now;
        dst_process_disk(p);
        if (p->up && p->journal != NULL) check_written(p, open);
    }
}

/* ---- the border ---------------------------------------------------------------------------------------------------- */

static uint64_t hash(const char *s, size_t n)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)s[i]) * UINT64_C(1099511628211);
    return h | 1;
}

static bool seen(struct dst_process *p, uint64_t h)
{
    for (uint32_t at = (uint32_t)(h >> 20) % DST_SENT_MAX;; at = (at + 1) % DST_SENT_MAX) {
        if (p->sent[at] == h) return true;
        if (p->sent[at] == 0) {
            p->sent[at] = h;
            p->sent_n++;
            return false;
        }
    }
}

/* Is it this route, and not one that begins like it? */
static bool route_is(const char *path, const char *route)
{
    const char *at = strstr(path, route);
    return at != NULL && (at[strlen(route)] == '\0' || at[strlen(route)] == '?' || at[strlen(route)] == '"');
}

/* Client id of a new order, in any dialect; NULL: it has none. */
static const char *client_id(const char *path, const char *body, size_t *ret_len)
{
    static const char *const names[] = { "\"orderLinkId\":\"", "\"newClientOrderId\":\"", "newClientOrderId=", "\"clOrdId\":\"" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *at = strstr(body, names[i]);
        if (at == NULL) at = strstr(path, names[i]);
        if (at == NULL) continue;
        at += strlen(names[i]);
        *ret_len = strcspn(at, "\"&");
        return at;
    }
    return NULL;
}

void dst_check_border(struct dst_process *p, bool post, const char *path, const char *body, size_t len)
{
    if (strstr(path, "order") == NULL) return; /* nearly all that passes */
    static const char *const creates[] = { "order/create", "order.create", "order.place", "\"op\":\"order\"" };
    static const char *const amends[] = { "order/amend", "order.amend", "order.modify", "amend-order" };
    const bool both = route_is(path, "/fapi/v1/order"); /* POST and PUT */
    bool create = post && (both || route_is(path, "/api/v5/trade/order")), amend = !post && both;
    for (size_t i = 0; i < sizeof creates / sizeof *creates; i++) create |= strstr(path, creates[i]) != NULL;
    for (size_t i = 0; i < sizeof amends / sizeof *amends; i++) amend |= strstr(path, amends[i]) != NULL;
    if (!create && !amend) return;
    if (body[0] == '\0') {
        body = path;
        len = strlen(path);
    }
    if (!p->submitting)
        dst_wrong(p->w, DST_SHUT, "p%u: a request leaves that no bot has just asked for: %.*s", p->number, (int)(len < 200 ? len : 200), body);
    else if (create && p->submitting_killed)
        dst_wrong(p->w, DST_SHUT, "p%u: an order leaves behind a kill: %.*s", p->number, (int)(len < 200 ? len : 200), body);
    else if (!p->submitting_open && !p->submitting_reduces)
        dst_wrong(p->w, DST_SHUT, "p%u: an order leaves through a shut gate: %.*s", p->number, (int)(len < 200 ? len : 200), body);
    if (!create) return;
    size_t id_len = 0;
    const char *id = client_id(path, body, &id_len);
    if (id == NULL) {
        dst_wrong(p->w, DST_INTERNAL, "p%u: an order without a client id", p->number);
        return;
    }
    if (seen(p, hash(id, id_len)))
        dst_wrong(p->w, DST_TWICE, "p%u: order %.*s is sent twice", p->number, (int)id_len, id);
    if (p->sent_n > DST_SENT_MAX / 2) dst_wrong(p->w, DST_STORM, "p%u: %u orders sent", p->number, p->sent_n);
}

/* ---- the end --------------------------------------------------------------------------------------------------------- */

/* For the trace: the orders whose room is held. */
static void tell_orders(const struct dst_process *p)
{
    for (uint32_t i = 0; i < p->core->orders.used; i++) {
        const struct order *o = &p->core->orders.orders[i];
        if (o->counted != 0)
            dst_trace(p->w, "p%u order %s (%s) state %d status %d counts %s: quantity %s, filled %s, reported %s, leg %d", p->number, o->client_id.s, o->order_id.s,
                      (int)o->state, (int)o->status, dst_num(o->counted), dst_num(o->qty), dst_num(o->filled), dst_num(o->reported), (int)o->leg);
    }
}

static void end_book(struct dst_process *p, struct dst_book *k)
{
    struct exchange_truth t;
    bot__world_truth(p->w->world, (uint32_t)p->account, k->exchange_instrument, &t);
    const int64_t i = bot_core_find_instrument(p->core, &k->symbol);
    if (i < 0) {
        dst_wrong(p->w, DST_LOST, "p%u: %s was never loaded", p->number, k->symbol.s);
        return;
    }
    if (!equal(p, k, &t))
        dst_wrong(p->w, DST_LOST, "p%u %s: at the end truth %s, believed %s", p->number, k->symbol.s, dst_num(t.position.v), dst_num(dst_belief(p, k, BOT_LEG_NET)));
    bot_i128 buy = 0, sell = 0;
    for (bot_leg leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
        bot_position position;
        bot_core_position(p->core, (uint32_t)i, leg, &position);
        buy += position.working_buy.v;
        sell += position.working_sell.v;
    }
    if (buy != t.open_buy.v || sell != t.open_sell.v) {
        tell_orders(p);
        dst_wrong(p->w, DST_LOST, "p%u %s: at the end the venue works %s and %s, believed %s and %s", p->number, k->symbol.s, dst_num(t.open_buy.v),
                  dst_num(t.open_sell.v), dst_num(buy), dst_num(sell));
    }
}

/* Every fill applied, and the money to the last digit: where no baseline hides history. */
static void end_money(struct dst_process *p)
{
    bot_core_stats stats;
    bot_core_stats_get(p->core, &stats);
    p->w->result->backfills += stats.backfilled_fills;
    p->w->result->drifts += stats.drifts;
    p->w->result->adoptions += stats.adoptions;
    if (stats.effects_lost != 0) dst_wrong(p->w, DST_INTERNAL, "p%u: %llu effects lost", p->number, (unsigned long long)stats.effects_lost);
    uint64_t fills = 0;
    for (uint32_t i = 0; i < p->w->plan->instruments; i++) {
        struct exchange_truth t;
        bot__world_truth(p->w->world, (uint32_t)p->account, p->book[i].exchange_instrument, &t);
        fills += t.fills;
    }
    p->w->result->fills += fills;
    if (stats.adoptions != 0 || p->started_with_position || p->lost_events) return;
    if ((p->reasons_seen & BOT_GATE_MODE) != 0) return; /* what was traded in the other mode cannot be counted: it latched, and a person has looked */
    if (stats.fills_applied != fills)
        dst_wrong(p->w, DST_LOST, "p%u: %llu fills happened, %llu were applied", p->number, (unsigned long long)fills, (unsigned long long)stats.fills_applied);
    for (uint32_t i = 0; i < p->w->plan->instruments; i++) {
        const struct dst_book *k = &p->book[i];
        const int64_t at = bot_core_find_instrument(p->core, &k->symbol);
        /* Cash: what was received less what was paid. Which part of it is realised depends on the order in which fills became
         * known; this does not. */
        bot_i128 cash = 0, truth = 0;
        for (bot_leg leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT && at >= 0; leg++) {
            bot_position position;
            bot_core_position(p->core, (uint32_t)at, leg, &position);
            cash += position.realised.v - (position.qty.v < 0 && position.cost.v > 0 ? -position.cost.v : position.cost.v);
            const struct exchange_position *e = bot__exchange_position(bot__world_exchange(p->w->world), (uint32_t)p->account, k->exchange_instrument, leg);
            truth += e->realised.v - e->cost.v;
        }
        if (cash != truth)
            dst_wrong(p->w, DST_LOST, "p%u %s: cash %s, believed %s", p->number, k->symbol.s, dst_num(truth), dst_num(cash));
    }
}

bool dst_check_settled(const struct dst_world *w)
{
    for (uint32_t n = 0; n < w->plan->processes; n++)
        for (uint32_t i = 0; i < w->plan->instruments; i++) {
            const struct dst_process *p = &w->process[n];
            struct exchange_truth t;
            bot__world_truth(w->world, (uint32_t)p->account, p->book[i].exchange_instrument, &t);
            if (!p->up || !equal(p, &p->book[i], &t)) return false;
        }
    return true;
}

void dst_check_end(struct dst_world *w)
{
    for (uint32_t n = 0; n < w->plan->processes; n++) {
        struct dst_process *p = &w->process[n];
        if (!p->up) {
            dst_wrong(w, DST_LIVENESS, "p%u is down at the end", p->number);
            continue;
        }
        for (uint32_t i = 0; i < w->plan->instruments; i++) end_book(p, &p->book[i]);
        end_money(p);
        if (w->plan->seed % REPLAYED == 0 || p->rotten) dst_check_replay(p);
        w->result->gate_shuts += p->shuts;
        /* Per simulated second: nothing runs in a loop. */
        const uint64_t seconds = (uint64_t)(dst_now(w) / BOT_NS_PER_S);
        if (p->verdicts > 60 + seconds * 4 * w->plan->instruments * (w->plan->hedge ? 2 : 1))
            dst_wrong(w, DST_STORM, "p%u: %llu verdicts in %llu s", p->number, (unsigned long long)p->verdicts, (unsigned long long)seconds);
        if (p->alerts > 100 + seconds)
            dst_wrong(w, DST_STORM, "p%u: %llu alerts in %llu s", p->number, (unsigned long long)p->alerts, (unsigned long long)seconds);
    }
}
