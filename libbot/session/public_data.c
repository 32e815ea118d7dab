#include "session/public_data.h"

#include "bot/decimal.h"
#include "core/resting.h"
#include "session/books.h"
#include "session/clock.h"
#include "session/streams.h"

#define BOOK_BEHIND_NS (2 * BOT_NS_PER_S)
#define CLOCK_ASK_NS (5 * BOT_NS_PER_S)

static void rate_options(const struct session_options *o, bot__rate_options *ret)
{
    bot__rate_options_init(ret);
    ret->instruments = o->instruments_n;
    if (o->rate_alarms_per_day > 0)
        ret->alarms_per_day = o->rate_alarms_per_day;
}

size_t bot__public_memory(const struct session_options *o)
{
    if (!o->public_data || o->instruments_n == 0)
        return 0;
    bot__rate_options ro;
    rate_options(o, &ro);
    return bot__rate_size(&ro);
}

bool bot__public_open(struct session *s, void *rate_memory, size_t rate_size)
{
    for (uint32_t i = 0; i < s->options.instruments_n; i++)
        bot__feed_init(&s->feeds[i].feed, NULL, s->t.now);
    bot__lag_options lo;
    bot__lag_options_init(&lo);
    bot__lag_init(&s->feed_lag, &lo, s->t.now);
    bot__lag_options_init_ack(&lo);
    bot__lag_init(&s->ack_lag, &lo, s->t.now);
    bot__private_init(&s->private_watch, NULL);
    if (rate_size == 0)
        return true;
    bot__rate_options ro;
    rate_options(&s->options, &ro);
    return bot__rate_init(rate_memory, rate_size, &ro, s->t.now, &s->rate) == BOT_OK;
}

static struct feed_instrument *find(struct session *s, const bot_symbol *symbol)
{
    const uint32_t i = session_index(s, symbol);
    return i < s->options.instruments_n ? &s->feeds[i] : NULL;
}

bool bot__session_reference(const struct session *s, const bot_symbol *instrument, bot_px *ret_price, bot_ts *ret_at)
{
    const uint32_t i = session_index(s, instrument);
    if (i == s->options.instruments_n)
        return false;
    const struct feed_instrument *f = &s->feeds[i];
    bot_px bid, ask;
    bot_ts at;
    /* The middle of the book is where an order would meet others now; but a book that stands still while trades go on is
     * the older of the two. */
    if (bot__session_best(s, instrument, &bid, &ask, &at) && f->last_at - at < BOOK_BEHIND_NS) {
        ret_price->v = bid.v + (ask.v - bid.v) / 2;
        *ret_at = at;
        return true;
    }
    if (f->last.v <= 0)
        return false;
    *ret_price = f->last;
    *ret_at = f->last_at;
    return true;
}

bool bot__session_rate(const struct session *s, const bot_symbol *instrument, struct bot__rate_view *ret)
{
    const uint32_t i = session_index(s, instrument);
    if (s->rate == NULL || i == s->options.instruments_n)
        return false;
    bot__rate_get(s->rate, i, ret);
    return true;
}

/* ---- the private stream by evidence ---- */

/* Resting orders of ours that this trade went through. */
static void traded_through(struct session *s, const bot_event *ev, bot_px price)
{
    uint32_t cursor = 0;
    struct core_resting o;
    while (bot__core_resting_next(s->core, &ev->instrument, &cursor, &o))
        (void)bot__private_trade(&s->private_watch, s->t.now, price, ev->venue_ns, o.client_id, o.side, o.price, o.acked_at, 0);
}

void bot__public_own_event(struct session *s, const bot_event *ev)
{
    const bool fill = ev->kind == BOT_EV_FILL;
    if (fill && s->rate != NULL && ev->fill.liquidity != BOT_MAKER) {
        const uint32_t i = session_index(s, &ev->instrument);
        if (i < s->options.instruments_n)
            bot__own_flow_fill(&s->own_flow, s->t.now, i, ev->venue_ns, ev->fill.side);
    }
    const bot_id *client = fill ? &ev->fill.client_id : &ev->order.client_id;
    if (client->len == 0) /* a venue that has no such ids, or names them not here, numbers its orders */
        client = bot__core_order_client(s->core, &ev->instrument, fill ? &ev->fill.order_id : &ev->order.order_id);
    if (client != NULL && client->len != 0)
        bot__private_heard(&s->private_watch, s->t.now, client);
}

/* ---- public events ---- */

/* One sweep of others into the count, if there is one: those whose time has come, or all. */
static bool count_next(struct session *s, bool all)
{
    struct own_flow_sweep t;
    if (!bot__own_flow_next(&s->own_flow, s->t.now, all, &t))
        return false;
    if (bot__rate_deadline(s->rate) <= s->t.now)
        bot__rate_tick(s->rate, s->t.now);
    for (uint32_t i = 0; i < t.trades; i++)
        bot__rate_trade(s->rate, t.instrument, s->t.now, t.venue_ns, t.side);
    return true;
}

static void count_due(struct session *s)
{
    while (count_next(s, /* all= */ false))
        ;
}

void bot__public_event(struct session *s, const bot_event *ev)
{
    struct feed_instrument *f = find(s, &ev->instrument);
    if (f == NULL)
        return;
    if (ev->kind == BOT_EV_BOOK) {
        bot__feed_book(&f->feed, s->t.now);
        return;
    }
    if (ev->kind != BOT_EV_TRADE || ev->trade.block || ev->trade.replayed)
        return;
    s->stats.public_trades++;
    bot_px price;
    if (bot_dec_to_fixed(ev->trade.price, &price.v) < 0)
        return;
    f->last = price;
    f->last_at = s->t.now;
    bot__feed_trade(&f->feed, s->t.now);
    if (s->rate != NULL) {
        count_due(s);
        if (own_flow_is_full(&s->own_flow))
            (void)count_next(s, /* all= */ true);
        bot__own_flow_trade(&s->own_flow, s->t.now, (uint32_t)(f - s->feeds), ev->venue_ns, ev->trade.side);
    }
    if (ev->venue_ns != 0)
        bot__lag_arrival(&s->feed_lag, s->t.now, ev->venue_ns);
    traded_through(s, ev, price);
}

void bot__public_lost(struct session *s, bot_stream stream)
{
    bool trades = false;
    for (uint32_t i = 0; i < s->options.instruments_n; i++) {
        const bool here = session_public_of(s, &s->options.instruments[i], false) == stream;
        trades |= here;
        if (here || session_public_of(s, &s->options.instruments[i], true) == stream)
            bot__feed_init(&s->feeds[i].feed, NULL, s->t.now);
    }
    if (!trades || s->rate == NULL)
        return;
    while (count_next(s, /* all= */ true))
        ;
    bot__rate_resume(s->rate, s->t.now);
}

void bot__public_clock(struct session *s, bot_ts sent_at, int64_t venue_ns)
{
    const int64_t half = (s->t.now - sent_at) / 2, ahead = venue_ns - (sent_at + half);
    if (s->options.public_data)
        bot__lag_clock(&s->feed_lag, sent_at, ahead, half);
    if (s->rate != NULL)
        bot__rate_set_wall(s->rate, ahead);
}

void bot__public_acked(struct session *s, bot_ts sent_at)
{
    bot__lag_sample(&s->ack_lag, s->t.now, s->t.now - sent_at);
}

/* ---- the monitors ---- */

static void says(bot_monitor monitor, bool ok, int64_t value, int64_t reference, const char *reason, bot_event *ret)
{
    *ret = (bot_event){ .kind = BOT_EV_MONITOR, .source = BOT_SOURCE_HOST, .seq = BOT_SEQ_NONE,
                        .monitor = { .monitor = monitor, .ok = ok, .value = value, .reference = reference } };
    size_t n = 0;
    for (; reason[n] != '\0' && n + 1 < sizeof ret->monitor.reason; n++)
        ret->monitor.reason[n] = reason[n];
}

static bool rate_changed(struct session *s, bot_event *ret)
{
    if (s->rate == NULL || bot__rate_deadline(s->rate) > s->t.now)
        return false;
    bot__rate_change change;
    count_due(s);
    bot__rate_tick(s->rate, s->t.now);
    bool any = false;
    while (bot__rate_next_change(s->rate, &change) == 1)
        any = true;
    if (!any)
        return false;
    /* The worst of all instruments shuts: one of them stopped is enough to doubt the venue. */
    bot__rate_view worst;
    bot__rate_get(s->rate, BOT__RATE_POOL, &worst);
    for (uint32_t i = 0; i < s->options.instruments_n && worst.state != BOT__RATE_DROPPED; i++) {
        bot__rate_view v;
        bot__rate_get(s->rate, i, &v);
        if (v.state == BOT__RATE_DROPPED)
            worst = v;
    }
    const bool bad = worst.state == BOT__RATE_DROPPED, changed = bad != s->rate_bad;
    if (changed)
        says(BOT_MONITOR_TRADE_RATE, !bad, worst.rate_milli, worst.reference_milli, bot__rate_reason_name(worst.reason), ret);
    s->rate_bad = bad;
    return changed;
}

static bool lag_changed(struct session *s, struct bot__lag *lag, bot_monitor monitor, bool *bad, bot_event *ret)
{
    if (!bot__lag_tick(lag, s->t.now))
        return false;
    bot__lag_view v;
    bot__lag_get(lag, &v);
    const bool changed = *bad != !v.ok;
    if (changed)
        says(monitor, v.ok, v.value_ns, v.reference_ns, bot__lag_reason_name(v.reason), ret);
    *bad = !v.ok;
    return changed;
}

static bool feed_lag_changed(struct session *s, bot_event *ret)
{
    const bool changed = lag_changed(s, &s->feed_lag, BOT_MONITOR_FEED_LAG, &s->lag_bad, ret);
    if (bot__lag_asks(&s->feed_lag))
        bot__clock_doubt_seldom(s, CLOCK_ASK_NS);
    return changed;
}

static bool ack_lag_changed(struct session *s, bot_event *ret) { return lag_changed(s, &s->ack_lag, BOT_MONITOR_ACK_TIME, &s->ack_bad, ret); }

static bool feed_changed(struct session *s, bot_event *ret)
{
    bool was = false, is = false;
    bot__feed_reason reason = BOT__FEED_OK;
    bot_ts since = s->t.now;
    for (uint32_t i = 0; i < s->options.instruments_n; i++) {
        struct feed_instrument *f = &s->feeds[i];
        was |= f->feed_bad;
        (void)bot__feed_tick(&f->feed, s->t.now);
        bot_ts from;
        const bot__feed_reason r = bot__feed_get(&f->feed, &from);
        f->feed_bad = r == BOT__FEED_TRADES_DEAD || r == BOT__FEED_BOOK_DEAD;
        if (f->feed_bad && !is) {
            is = true;
            reason = r;
            since = from;
        }
    }
    if (was != is)
        says(BOT_MONITOR_FEED_PARTIAL, !is, s->t.now - since, 0, bot__feed_reason_name(reason), ret);
    return was != is;
}

static bool private_changed(struct session *s, bot_event *ret)
{
    if (!bot__private_tick(&s->private_watch, s->t.now))
        return false;
    bot__private_view v;
    bot__private_get(&s->private_watch, &v);
    const bool bad = v.reason != BOT__PRIVATE_OK, changed = bad != s->private_bad;
    if (changed)
        says(BOT_MONITOR_PRIVATE_SILENT, !bad, bad ? s->t.now - v.since : 0, 0, bot__private_reason_name(v.reason), ret);
    s->private_bad = bad;
    return changed;
}

bool bot__public_due(struct session *s, uint32_t *cursor, bot_event *ret)
{
    static const struct {
        bool (*changed)(struct session *s, bot_event *ret);
        bool public_up; /* means something only then */
    } monitors[] = { { rate_changed, true }, { feed_changed, true }, { feed_lag_changed, true }, { ack_lag_changed, false }, { private_changed, false } };
    if (!s->options.public_data)
        return false;
    const bool up = bot__streams_public_up(s);
    while (*cursor < sizeof monitors / sizeof *monitors) {
        const uint32_t i = (*cursor)++;
        if ((up || !monitors[i].public_up) && monitors[i].changed(s, ret) && s->options.monitors)
            return true;
    }
    return false;
}

bool bot__public_private_anew(struct session *s, bot_event *ret)
{
    bot__private_reset(&s->private_watch, s->t.now);
    return private_changed(s, ret) && s->options.monitors;
}

bot_ts bot__public_deadline(const struct session *s)
{
    if (!s->options.public_data)
        return BOT_TS_NEVER;
    bot_ts at = BOT_TS_NEVER;
    if (bot__streams_public_up(s)) {
        if (s->rate != NULL && bot__rate_deadline(s->rate) < at)
            at = bot__rate_deadline(s->rate);
        if (bot__lag_deadline(&s->feed_lag) < at)
            at = bot__lag_deadline(&s->feed_lag);
        for (uint32_t i = 0; i < s->options.instruments_n; i++)
            if (bot__feed_deadline(&s->feeds[i].feed) < at)
                at = bot__feed_deadline(&s->feeds[i].feed);
    }
    if (bot__lag_deadline(&s->ack_lag) < at)
        at = bot__lag_deadline(&s->ack_lag);
    if (bot__private_deadline(&s->private_watch) < at)
        at = bot__private_deadline(&s->private_watch);
    return at;
}
