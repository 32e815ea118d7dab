/* What every dialect pushes alike: rows collected during one call of the exchange, faults on the way, books as told. */
#include "venue_internal.h"

static void row_add(struct simvenue *b, const struct row *row)
{
    if (b->rows_n < ROWS_MAX) b->rows[b->rows_n++] = *row;
}

static void trades_flush(struct simvenue *b)
{
    bool wanted = false;
    for (uint32_t s = 0; s < b->conns_n && !wanted; s++) wanted = b->conn[s].kind != CONN_FREE && (b->conn[s].trades >> b->trades_instrument & 1);
    if (wanted && !bot__simvenue_feed_silent(b, FAULT_TOPIC_TRADES)) b->dialect->trades(b);
    b->trade_price_before = b->trades[b->trades_n - 1].price_ticks;
    b->trades_n = 0;
}

#define HIDDEN UINT32_C(0x80000000) /* in a row's account: nobody's, for the moment */

static bool blind(struct simvenue *b, uint32_t account)
{
    const struct fault *f = bot__faults_holds(&b->faults, FAULT_WS_BLIND, 0, account, b->now);
    bool any = false;
    for (uint32_t i = 0; i < b->rows_n && f != NULL; i++) any |= b->rows[i].account == account && b->rows[i].instrument == f->instrument;
    if (!any || (f = bot__faults_hit(&b->faults, FAULT_WS_BLIND, 0, account, b->now)) == NULL) return false;
    for (uint32_t i = 0; i < b->rows_n; i++)
        if (b->rows[i].account == account && b->rows[i].instrument == f->instrument) b->rows[i].account |= HIDDEN;
    return true;
}

static void flush(struct simvenue *b)
{
    for (uint32_t s = 0; s < b->conns_n; s++) {
        if (b->conn[s].kind != CONN_PRIVATE || b->conn[s].account == 0) continue;
        const bool hides = blind(b, b->conn[s].account);
        b->dialect->rows(b, &b->conn[s]);
        for (uint32_t i = 0; i < b->rows_n && hides; i++) b->rows[i].account &= ~HIDDEN;
    }
    b->rows_n = 0;
}

/* Sends one message of a topic through its faults. */
void bot__simvenue_private_send(struct simvenue *b, struct conn *c, uint32_t topic, const struct text *t)
{
    const uint32_t bit = bot__simvenue_topic_bit(topic);
    if (bot__faults_hit(&b->faults, FAULT_WS_DROP, bit, c->account, b->now) != NULL) {
        b->stats.dropped++;
        return;
    }
    int64_t at = b->now + b->opt.push_delay_ns;
    const struct fault *delay = bot__faults_hit(&b->faults, FAULT_WS_DELAY, bit, c->account, b->now);
    if (delay != NULL) at += bot__fault_draw(&b->faults, delay);
    if (bot__faults_hit(&b->faults, FAULT_WS_REORDER, bit, c->account, b->now) != NULL)
        at += bot__sim_rng_between(&b->rng, 30 * BOT_NS_PER_MS, 300 * BOT_NS_PER_MS); /* those behind it overtake */
    else {
        if (at < c->topic_at[topic]) at = c->topic_at[topic];
        c->topic_at[topic] = at;
    }
    bot__simvenue_send(b, c, at, t->buf, t->len);
    if (bot__faults_hit(&b->faults, FAULT_WS_DUPLICATE, bit, c->account, b->now) != NULL)
        bot__simvenue_send(b, c, at + bot__sim_rng_between(&b->rng, 0, 500 * BOT_NS_PER_MS), t->buf, t->len);
}

uint32_t bot__simvenue_topic_bit(uint32_t topic) { return FAULT_TOPIC_EXECUTION << topic; }

/* When a message of that feed leaves: late while the feed lags, never before an earlier one. */
void bot__simvenue_public_send(struct simvenue *b, struct conn *c, uint32_t feed, const struct text *t)
{
    const uint32_t bit = feed == 0 ? FAULT_TOPIC_TRADES : FAULT_TOPIC_BOOK;
    int64_t at = b->now;
    const struct fault *lag = bot__faults_hit(&b->faults, FAULT_PUB_LAG, bit, 0, b->now);
    if (lag != NULL) {
        int64_t late = bot__fault_draw(&b->faults, lag);
        if (lag->grow_ppm > 0) {
            const int64_t grown = (b->now - bot__fault_since(&b->faults, lag, b->now)) / 1000 * lag->grow_ppm / 1000;
            if (grown < late) late = grown;
        }
        at += late;
    }
    if (at < c->feed_at[feed]) at = c->feed_at[feed];
    c->feed_at[feed] = at;
    bot__simvenue_send(b, c, at, t->buf, t->len);
}

bool bot__simvenue_feed_silent(struct simvenue *b, uint32_t bit)
{
    if (bot__faults_hit(&b->faults, FAULT_PUB_STOP, bit, 0, b->now) != NULL) return true;
    const struct fault *thin = bot__faults_hit(&b->faults, FAULT_PUB_THIN, bit, 0, b->now);
    return thin != NULL && !bot__sim_rng_chance(&b->rng, thin->share_ppm);
}

struct feed *bot__simvenue_feed(struct simvenue *b, uint16_t i, uint32_t depth) { return &b->feed[i * DEPTHS + depth]; }

static const uint32_t depth_levels[DEPTHS] = { 1, 50, 200 };

void bot__simvenue_book_read(struct simvenue *b, uint16_t i, uint32_t depth, struct feed *f)
{
    f->n[0] = bot__exchange_book(b->x, i, BOT_BUY, f->side[0], depth_levels[depth]);
    f->n[1] = bot__exchange_book(b->x, i, BOT_SELL, f->side[1], depth_levels[depth]);
}

/* Both lists are sorted best first: what is in one and not the other, or with another size, goes out. */
uint32_t bot__simvenue_book_diff(struct simvenue *b, struct text *t, uint16_t i, uint32_t s, const struct feed *old, const struct feed *now, bool wrong)
{
    uint32_t a = 0, k = 0, n = 0;
    bot__text_put(t, "%s'%s':[", s == 0 ? "" : ",", b->dialect->side_keys[s]);
    while (a < old->n[s] || k < now->n[s]) {
        const struct exchange_level *o = a < old->n[s] ? &old->side[s][a] : NULL, *w = k < now->n[s] ? &now->side[s][k] : NULL;
        int64_t price, lots;
        const bool old_first = o != NULL && (w == NULL || (s == 0 ? o->price_ticks > w->price_ticks : o->price_ticks < w->price_ticks));
        if (old_first) {
            price = o->price_ticks;
            lots = 0;
            a++;
        } else {
            const bool both = o != NULL && o->price_ticks == w->price_ticks;
            k++;
            a += both;
            if (both && o->lots == w->lots) continue;
            price = w->price_ticks;
            lots = wrong ? w->lots * 3 + 1 : w->lots;
        }
        if (lots == 0) bot__text_put(t, "%s['%p','0'%s]", n > 0 ? "," : "", &b->instrument[i], price, b->dialect->level_end);
        else bot__text_put(t, "%s['%p','%q'%s]", n > 0 ? "," : "", &b->instrument[i], price, &b->instrument[i], lots, b->dialect->level_end);
        n++;
    }
    bot__text_put(t, "]");
    return n;
}

void bot__simvenue_book_told(struct feed *f, const struct feed *now)
{
    for (uint32_t s = 0; s < 2; s++) {
        memcpy(f->side[s], now->side[s], now->n[s] * sizeof now->side[s][0]);
        f->n[s] = now->n[s];
    }
}

bool bot__simvenue_book_lost(struct simvenue *b)
{
    return bot__faults_holds(&b->faults, FAULT_PUB_GAP, 0, 0, b->now) != NULL && bot__sim_rng_below(&b->rng, 10) == 0 &&
           bot__faults_hit(&b->faults, FAULT_PUB_GAP, 0, 0, b->now) != NULL;
}

void bot__simvenue_event(void *self, const struct exchange_event *ev)
{
    struct simvenue *b = self;
    switch (ev->kind) {
    case EXCHANGE_EV_TRADE:
        if (b->trades_n == TRADES_MAX || (b->trades_n > 0 && b->trades_instrument != ev->instrument)) trades_flush(b);
        b->trades_instrument = ev->instrument;
        b->trades[b->trades_n++] = *ev->trade;
        b->recent[ev->instrument][b->recent_n[ev->instrument]++ % 64] = *ev->trade;
        return;
    case EXCHANGE_EV_BOOK:
        for (uint32_t d = 0; d < DEPTHS; d++) {
            struct feed *f = bot__simvenue_feed(b, ev->instrument, d);
            if (!f->told || f->scheduled || b->dialect->book_every_ns[d] == 0) continue;
            struct sim_item *item = bot__sim_item_new(&b->queue, ITEM_BOOK, 0);
            if (item == NULL) continue;
            item->a = ev->instrument;
            item->b = d;
            const int64_t every = b->dialect->book_every_ns[d], at = (b->now / every + 1) * every;
            f->scheduled = bot__sim_queue_push(&b->queue, at, item);
            if (!f->scheduled) bot__sim_item_free(&b->queue, item);
        }
        return;
    case EXCHANGE_EV_END:
        if (b->trades_n > 0) trades_flush(b);
        if (b->rows_n > 0) flush(b);
        return;
    default: break;
    }
    if (ev->kind == EXCHANGE_EV_FILL) b->client[ev->account].fills++;
    if (b->watched == 0) return;
    if (b->rows_n + 2 >= ROWS_MAX) flush(b);
    struct row row = { .account = ev->account, .instrument = ev->instrument, .leg = (uint8_t)ev->leg };
    if (ev->kind == EXCHANGE_EV_FILL) {
        row.kind = ROW_FILL;
        row.fill = *ev->fill;
    } else if (ev->kind == EXCHANGE_EV_ORDER) {
        row.kind = ROW_ORDER;
        row.order = *ev->order;
    } else row.kind = ev->kind == EXCHANGE_EV_POSITION ? ROW_POSITION : ROW_WALLET;
    for (uint32_t k = 0; k < b->rows_n && row.kind == ROW_POSITION; k++)
        if (b->rows[k].kind == ROW_POSITION && b->rows[k].account == row.account && b->rows[k].instrument == row.instrument &&
            b->rows[k].leg == row.leg)
            return;
    row_add(b, &row);
    if (row.kind == ROW_ORDER && b->dialect->orders_move_positions) { /* the venue repeats the position with every change of an order */
        row.kind = ROW_POSITION;
        for (uint32_t k = 0; k < b->rows_n; k++)
            if (b->rows[k].kind == ROW_POSITION && b->rows[k].account == row.account && b->rows[k].instrument == row.instrument &&
                b->rows[k].leg == row.leg)
                return;
        row_add(b, &row);
    }
}

/* The balance then: what later fills and funding brought is taken off again. */
bot_i128 bot__simvenue_balance_at(struct simvenue *b, uint32_t account, const bot_currency *currency, int64_t as_of_ns)
{
    bot_i128 v = bot__exchange_balance(b->x, account, currency).v;
    struct exchange_fill f;
    for (uint32_t i = 0; as_of_ns < b->now && bot__exchange_fill_at(b->x, account, INT64_MAX, i, &f) && f.ns > as_of_ns; i++) {
        const bot_currency *settle = &b->instrument[f.instrument].settle;
        if (settle->len == currency->len && memcmp(settle->s, currency->s, settle->len) == 0) v -= f.pnl.v - f.fee.v;
    }
    return v;
}
