#include "silent.h"

#include <string.h>

#include "base/assert.h"

/* ---- the private stream ---- */

static const bot_ts grace_default = 1 * BOT_NS_PER_S;

void bot__private_init(struct bot__private *p, const bot__private_options *opts)
{
    BOT_ASSERT(p != NULL);
    memset(p, 0, sizeof *p);
    p->opts.grace_ns = opts != NULL ? opts->grace_ns : grace_default;
    p->view.since = BOT_TS_NEVER;
}

static bool same_id(const bot_id *a, const bot_id *b)
{
    return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

/* The order's witness, or the slot for a new one: a free one, else the youngest, because the oldest evidence is the
 * first to run out of its grace. */
static unsigned slot_of(const struct bot__private *p, const bot_id *client_id)
{
    unsigned pick = 0;
    for (unsigned i = 0; i < BOT__PRIVATE_WITNESSES; i++) {
        if (p->witness[i].used && same_id(&p->witness[i].client_id, client_id))
            return i;
        if (!p->witness[pick].used)
            continue;
        if (!p->witness[i].used || p->witness[i].at > p->witness[pick].at) pick = i;
    }
    return pick;
}

static void testify(struct bot__private *p, const bot_id *client_id, bool per_rest)
{
    const unsigned i = slot_of(p, client_id);
    if (p->witness[i].used && same_id(&p->witness[i].client_id, client_id)) {
        p->witness[i].per_rest |= per_rest; /* since its first evidence it has had time to answer */
        return;
    }
    p->witness[i].used = true;
    p->witness[i].per_rest = per_rest;
    p->witness[i].client_id = *client_id;
    p->witness[i].at = p->now;
}

static void pass(struct bot__private *p, bot_ts now)
{
    if (now > p->now) p->now = now;
}

bool bot__private_trade(struct bot__private *p, bot_ts now, bot_px price, int64_t venue_ns, const bot_id *client_id,
                        bot_side order_side, bot_px order_price, bot_ts resting_since, int64_t resting_since_venue_ns)
{
    pass(p, now);
    const bool beyond = order_side == BOT_BUY ? price.v < order_price.v : order_side == BOT_SELL && price.v > order_price.v;
    if (!beyond || order_price.v == 0)
        return false;
    /* A trade from before the order came is told late now and then: it went by nobody. */
    if (venue_ns != 0 && resting_since_venue_ns != 0) {
        if (venue_ns <= resting_since_venue_ns)
            return false;
    } else if (p->now - resting_since <= p->opts.grace_ns) {
        return false;
    }
    testify(p, client_id, false);
    return true;
}

void bot__private_rest_fill(struct bot__private *p, bot_ts now, const bot_id *client_id)
{
    pass(p, now);
    testify(p, client_id, true);
}

void bot__private_heard(struct bot__private *p, bot_ts now, const bot_id *client_id)
{
    pass(p, now);
    for (unsigned i = 0; i < BOT__PRIVATE_WITNESSES; i++)
        if (p->witness[i].used && same_id(&p->witness[i].client_id, client_id)) p->witness[i].used = false;
}

void bot__private_reset(struct bot__private *p, bot_ts now)
{
    pass(p, now);
    for (unsigned i = 0; i < BOT__PRIVATE_WITNESSES; i++)
        p->witness[i].used = false;
}

bot_ts bot__private_deadline(const struct bot__private *p)
{
    bot_ts due = BOT_TS_NEVER;
    for (unsigned i = 0; i < BOT__PRIVATE_WITNESSES; i++) {
        const bot_ts at = p->witness[i].at + p->opts.grace_ns;
        /* What is past its grace has been judged at an earlier tick. */
        if (p->witness[i].used && at > p->now && at < due) due = at;
    }
    return due;
}

bool bot__private_tick(struct bot__private *p, bot_ts now)
{
    pass(p, now);
    int worst = -1;
    for (unsigned i = 0; i < BOT__PRIVATE_WITNESSES; i++) {
        if (!p->witness[i].used || p->now - p->witness[i].at < p->opts.grace_ns)
            continue;
        const bool worse = worst < 0 || p->witness[i].per_rest > p->witness[worst].per_rest ||
            (p->witness[i].per_rest == p->witness[worst].per_rest && p->witness[i].at < p->witness[worst].at);
        if (worse) worst = (int)i;
    }
    const bot__private_reason before = p->view.reason;
    if (worst < 0) {
        p->view.reason = BOT__PRIVATE_OK;
        p->view.since = BOT_TS_NEVER;
        p->view.client_id = (bot_id){ 0 };
        p->view.cleared += before != BOT__PRIVATE_OK;
        return before != BOT__PRIVATE_OK;
    }
    p->view.reason = p->witness[worst].per_rest ? BOT__PRIVATE_FILLED_PER_REST : BOT__PRIVATE_TRADED_THROUGH;
    p->view.client_id = p->witness[worst].client_id;
    if (p->view.reason == before)
        return false;
    p->view.since = p->now;
    p->view.suspected += before == BOT__PRIVATE_OK;
    return true;
}

void bot__private_get(const struct bot__private *p, bot__private_view *ret_view)
{
    *ret_view = p->view;
}

const char *bot__private_reason_name(bot__private_reason reason)
{
    switch (reason) {
    case BOT__PRIVATE_OK: return "none";
    case BOT__PRIVATE_TRADED_THROUGH: return "traded_through";
    case BOT__PRIVATE_FILLED_PER_REST: return "filled_per_rest";
    }
    return "none";
}

/* ---- the public feed ---- */

#define PAUSE_SLOTS 4
#define SEEN_MIN 20 /* messages of a kind before its silence means anything */

void bot__feed_init(struct bot__feed *f, const bot__feed_options *opts, bot_ts now)
{
    BOT_ASSERT(f != NULL);
    memset(f, 0, sizeof *f);
    f->opts = opts != NULL ? *opts : (bot__feed_options){
        .book_limit_ns = 3 * BOT_NS_PER_S,
        .margin = 4,
        .memory_ns = 1800 * BOT_NS_PER_S,
        .trades_min = 5,
        .books_min = 10,
    };
    f->now = f->last_trade = f->last_book = f->since = now;
    f->slot_until = now + f->opts.memory_ns / PAUSE_SLOTS;
}

static bot_ts longest(const bot_ts pause[PAUSE_SLOTS])
{
    bot_ts v = 0;
    for (int i = 0; i < PAUSE_SLOTS; i++)
        if (pause[i] > v) v = pause[i];
    return v;
}

static bot_ts limit_of(const struct bot__feed *f, const bot_ts pause[PAUSE_SLOTS], uint64_t seen)
{
    if (seen < SEEN_MIN)
        return BOT_TS_NEVER;
    const double limit = f->opts.margin * (double)longest(pause);
    if (limit >= 1e18)
        return BOT_TS_NEVER;
    return limit > (double)f->opts.book_limit_ns ? (bot_ts)limit : f->opts.book_limit_ns;
}

static bot_ts book_limit(const struct bot__feed *f)
{
    return limit_of(f, f->book_pause, f->books);
}

static bot_ts trade_limit(const struct bot__feed *f)
{
    return limit_of(f, f->trade_pause, f->trades);
}

/* A pause that was called an outage is no natural one and is not learned. */
static void pause_ends(struct bot__feed *f, bot_ts pause[PAUSE_SLOTS], bot_ts length, bool outage)
{
    if (f->now >= f->slot_until) {
        memmove(f->book_pause + 1, f->book_pause, (PAUSE_SLOTS - 1) * sizeof *f->book_pause);
        memmove(f->trade_pause + 1, f->trade_pause, (PAUSE_SLOTS - 1) * sizeof *f->trade_pause);
        f->book_pause[0] = f->trade_pause[0] = 0;
        f->slot_until = f->now + f->opts.memory_ns / PAUSE_SLOTS;
    }
    if (!outage && length > pause[0]) pause[0] = length;
}

void bot__feed_trade(struct bot__feed *f, bot_ts now)
{
    if (now > f->now) f->now = now;
    /* One sweep's fills come at one instant and are one sign of life. */
    if (f->trades == 0 || f->now > f->last_trade) {
        if (f->trades > 0)
            pause_ends(f, f->trade_pause, f->now - f->last_trade, f->reason == BOT__FEED_TRADES_DEAD || f->reason == BOT__FEED_DEAD);
        f->trades_since_book++;
        f->trades++;
    }
    f->last_trade = f->now;
    f->books_since_trade = 0;
}

void bot__feed_book(struct bot__feed *f, bot_ts now)
{
    if (now > f->now) f->now = now;
    if (f->books > 0)
        pause_ends(f, f->book_pause, f->now - f->last_book, f->reason == BOT__FEED_BOOK_DEAD || f->reason == BOT__FEED_DEAD);
    f->books++;
    f->books_since_trade++;
    f->last_book = f->now;
    f->trades_since_book = 0;
}

bot_ts bot__feed_deadline(const struct bot__feed *f)
{
    bot_ts due = BOT_TS_NEVER;
    const bot_ts book = book_limit(f), trade = trade_limit(f);
    if (book != BOT_TS_NEVER && f->last_book + book > f->now) due = f->last_book + book;
    if (trade != BOT_TS_NEVER && f->last_trade + trade > f->now && f->last_trade + trade < due) due = f->last_trade + trade;
    return due;
}

/* A book without trades is common (nobody crosses), so it needs many book messages within the trades' silence; trades
 * without the book moving are impossible for more than an instant, since each takes something from it. */
static bot__feed_reason judge(const struct bot__feed *f)
{
    const bot_ts book = book_limit(f), trade = trade_limit(f);
    const bool book_silent = book != BOT_TS_NEVER && f->now - f->last_book >= book;
    const bool trade_silent = trade != BOT_TS_NEVER && f->now - f->last_trade >= trade;
    if (book_silent && trade_silent)
        return BOT__FEED_DEAD;
    if (book_silent && f->trades_since_book >= f->opts.trades_min)
        return BOT__FEED_BOOK_DEAD;
    if (trade_silent && f->books_since_trade >= f->opts.books_min)
        return BOT__FEED_TRADES_DEAD;
    return book_silent || trade_silent ? BOT__FEED_QUIET : BOT__FEED_OK;
}

bool bot__feed_tick(struct bot__feed *f, bot_ts now)
{
    if (now > f->now) f->now = now;
    const bot__feed_reason reason = judge(f);
    if (reason == f->reason)
        return false;
    f->reason = reason;
    f->since = f->now;
    return true;
}

bot__feed_reason bot__feed_get(const struct bot__feed *f, bot_ts *ret_since)
{
    if (ret_since != NULL) *ret_since = f->since;
    return f->reason;
}

const char *bot__feed_reason_name(bot__feed_reason reason)
{
    switch (reason) {
    case BOT__FEED_OK: return "none";
    case BOT__FEED_QUIET: return "market_quiet";
    case BOT__FEED_TRADES_DEAD: return "trades_dead";
    case BOT__FEED_BOOK_DEAD: return "book_dead";
    case BOT__FEED_DEAD: return "feed_dead";
    }
    return "none";
}
