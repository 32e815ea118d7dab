/* Life and time of the paper exchange: what is due, in its order. */
#include "sim/venue.h"

#include <stdio.h>

#include <openssl/crypto.h>

#include "base/sign.h"
#include "venue_internal.h"

#define KEEPALIVE_NS (30 * BOT_NS_PER_S)   /* how often idle sockets are looked at */

void bot__simvenue_options_init(struct simvenue_options *o)
{
    *o = (struct simvenue_options){ .engine_delay_min_ns = 2 * BOT_NS_PER_MS, .engine_delay_max_ns = 8 * BOT_NS_PER_MS,
                                    .push_delay_ns = BOT_NS_PER_MS, .connections_max = 64, .pending_max = 65536,
                                    .ip_limit = 600, .ip_window_ms = 5000, .order_limit_per_s = 10, .read_limit_per_s = 50,
                                    .ban_ns = 600 * BOT_NS_PER_S, .weight_limit = 2400, .listen_key_ns = 3600 * BOT_NS_PER_S,
                                    .connection_ns = 86400 * BOT_NS_PER_S };
    bot__exchange_options_init(&o->exchange);
}

static const struct dialect *const dialects[] = { &bot__simbybit_dialect, &bot__simbinance_dialect, &bot__simokx_dialect };

static const struct dialect *find(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (name == NULL || strcmp(dialects[i]->name, name) == 0)
            return dialects[i];
    return NULL;
}

const char *bot__simvenue_dialect(uint32_t i) { return i < sizeof dialects / sizeof *dialects ? dialects[i]->name : NULL; }

struct simvenue_paths bot__simvenue_paths(const struct simvenue *b)
{
    return (struct simvenue_paths){ b->dialect->private_path, b->dialect->public_path, b->dialect->trade_path };
}

const char *bot__simvenue_name(const struct simvenue *b) { return b->dialect->name; }
const char *bot__simvenue_passphrase(const struct simvenue *b) { return b->dialect->passphrase; }

static void *take(struct simvenue *b, size_t size)
{
    void *p = b->alloc.alloc(b->alloc.self, size);
    if (p != NULL) memset(p, 0, size);
    return p;
}

struct simvenue *bot__simvenue_new(const struct simvenue_options *o, struct sim_alloc alloc, struct simvenue_host host, int64_t now_ns)
{
    if (o->instruments_n == 0 || o->instruments_n > EXCHANGE_INSTRUMENTS_MAX || o->connections_max == 0 || o->connections_max > 255 ||
        o->ip_limit == 0 || o->order_limit_per_s == 0 || o->order_limit_per_s > LIMIT_RING || o->read_limit_per_s == 0 ||
        o->read_limit_per_s > LIMIT_RING || o->engine_delay_min_ns < 0 || o->engine_delay_max_ns < o->engine_delay_min_ns ||
        o->exchange.accounts_max > ACCOUNTS_MAX)
        return NULL;
    const struct dialect *dialect = find(o->dialect);
    if (dialect == NULL) return NULL;
    struct simvenue *b = alloc.alloc(alloc.self, sizeof *b);
    if (b == NULL) return NULL;
    memset(b, 0, sizeof *b);
    b->opt = *o;
    b->dialect = dialect;
    b->alloc = alloc;
    b->host = host;
    b->now = b->start_ns = now_ns;
    b->rng = bot__sim_rng(o->seed, 1);
    uint32_t from[EXCHANGE_INSTRUMENTS_MAX];
    for (uint32_t i = 0; i < o->instruments_n; i++) {
        if (o->instruments[i].contract == BOT_INVERSE && !dialect->inverse) continue;
        from[b->instruments_n] = i;
        b->instrument[b->instruments_n] = o->instruments[i];
        if (dialect->rename != NULL) dialect->rename(&b->instrument[b->instruments_n]);
        b->instruments_n++;
    }
    b->opt.instruments = b->opt.exchange.instruments = b->instrument;
    b->opt.exchange.instruments_n = b->opt.instruments_n = b->instruments_n;
    b->opt.exchange.seed = o->seed;
    b->opt.exchange.self = b;
    b->opt.exchange.event = bot__simvenue_event;
    b->next_keepalive = now_ns + KEEPALIVE_NS;
    b->own_at = now_ns;
    b->conns_n = o->connections_max;
    b->client = take(b, sizeof *b->client * (ACCOUNTS_MAX + 1));
    b->conn = take(b, sizeof *b->conn * b->conns_n);
    b->feed = take(b, sizeof *b->feed * DEPTHS * b->instruments_n);
    b->rows = take(b, sizeof *b->rows * ROWS_MAX);
    b->trades = take(b, sizeof *b->trades * TRADES_MAX);
    b->scratch = take(b, MESSAGE_MAX);
    b->scratch2 = take(b, MESSAGE_MAX);
    b->answer = take(b, MESSAGE_MAX);
    b->orders = take(b, sizeof *b->orders * 600);
    if (b->client == NULL || b->conn == NULL || b->feed == NULL || b->rows == NULL || b->trades == NULL || b->scratch == NULL ||
        b->scratch2 == NULL || b->answer == NULL || b->orders == NULL || bot__sim_queue_init(&b->queue, alloc, o->pending_max) != 0 ||
        bot__faults_init(&b->faults, alloc, o->seed, now_ns) != 0 ||
        (b->x = bot__exchange_new(&b->opt.exchange, alloc, now_ns)) == NULL)
        goto fail;
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        struct flow_options f;
        if (o->flows != NULL) f = o->flows[from[i]];
        else {
            bot__flow_options_init(&f);
            if (b->instrument[i].contract == BOT_INVERSE) f.lots_mean = 2000; /* contracts of one dollar */
        }
        f.instrument = i;
        if (f.seed == 0) f.seed = o->seed;
        if ((b->flow[i] = bot__flow_new(&f, alloc, now_ns)) == NULL) goto fail;
        bot__flow_open(b->flow[i], b->x, now_ns);
    }
    b->opt.flows = NULL; /* copied: the caller's may go */
    return b;
fail:
    bot__simvenue_free(b);
    return NULL;
}

void bot__simvenue_free(struct simvenue *b)
{
    if (b == NULL) return;
    const struct sim_alloc a = b->alloc;
    for (uint32_t i = 0; i < EXCHANGE_INSTRUMENTS_MAX; i++) bot__flow_free(b->flow[i]);
    bot__exchange_free(b->x);
    bot__faults_done(&b->faults);
    bot__sim_queue_done(&b->queue);
    for (uint32_t i = 0; i < b->ips_n; i++) a.release(a.self, b->ip[i].at);
    for (uint32_t i = 0; i < b->clients_n; i++) bot__signer_free(b->client[i].signer);
    if (b->client != NULL) OPENSSL_cleanse(b->client, sizeof *b->client * (ACCOUNTS_MAX + 1));
    void *const all[] = { b->client, b->conn, b->feed, b->rows, b->trades, b->scratch, b->scratch2, b->answer, b->orders };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) a.release(a.self, all[i]);
    a.release(a.self, b);
}

int bot__simvenue_account_add(struct simvenue *b, const char *key, const char *secret, bot_money balance)
{
    if (key[0] == '\0' || strlen(key) > KEY_MAX || strlen(secret) > KEY_MAX || bot__simvenue_auth(b, key) != 0) return BOT_ERR_INVALID;
    struct bot__signer *signer = bot__signer_new(secret, strlen(secret));
    if (signer == NULL) return BOT_ERR_NOMEM;
    const int account = bot__exchange_account_add(b->x, balance);
    if (account < 0) {
        bot__signer_free(signer);
        return account;
    }
    snprintf(b->client[account].key, KEY_MAX + 1, "%s", key);
    b->client[account].signer = signer;
    if ((uint32_t)account >= b->clients_n) b->clients_n = (uint32_t)account + 1;
    return account;
}

struct exchange *bot__simvenue_exchange(struct simvenue *b) { return b->x; }
struct faults *bot__simvenue_faults(struct simvenue *b) { return &b->faults; }
struct flow *bot__simvenue_flow(struct simvenue *b, uint16_t instrument) { return b->flow[instrument]; }
struct simvenue_stats bot__simvenue_stats(const struct simvenue *b) { return b->stats; }

void bot__simvenue_truth(const struct simvenue *b, uint32_t account, uint16_t instrument, struct exchange_truth *ret)
{
    bot__exchange_truth(b->x, account, instrument, ret);
    const struct exchange_instrument *in = &b->instrument[instrument];
    const bool hedge = bot__exchange_hedge(b->x, account, instrument); /* then buys of what was taken in open the long leg, sells the short one */
    for (int side = 0; side < 2; side++) {
        const bot_i128 more = bot__exchange_qty(in, b->client[account].pending[instrument][side]).v;
        *(side == 0 ? &ret->open_buy.v : &ret->open_sell.v) += more;
        if (hedge) *(side == 0 ? &ret->open_long.v : &ret->open_short.v) += more;
    }
    for (uint32_t i = 0; i < b->amending_n; i++) {
        if (b->amending[i].account != account || b->amending[i].instrument != instrument) continue;
        const struct exchange_order *o = bot__exchange_order(b->x, account, b->amending[i].order);
        if (o == NULL || o->leaves_lots == 0) continue;
        const bot_i128 more = bot__exchange_qty(in, b->amending[i].lots).v;
        const bool buys = b->amending[i].side == BOT_BUY;
        *(buys ? &ret->open_buy.v : &ret->open_sell.v) += more;
        if (o->leg == (buys ? BOT_LEG_LONG : BOT_LEG_SHORT)) *(buys ? &ret->open_long.v : &ret->open_short.v) += more;
    }
}

/* ---- time ------------------------------------------------------------------------------------------------------ */

/* What faults set rather than being asked for: the market's mode, rate and drift. */
static void apply_standing_faults(struct simvenue *b)
{
    const bool halted = bot__faults_holds(&b->faults, FAULT_MARKET_HALT, 0, 0, b->now) != NULL;
    const bool cancel_only = bot__faults_holds(&b->faults, FAULT_MARKET_CANCEL_ONLY, 0, 0, b->now) != NULL;
    const enum exchange_mode mode = halted ? EXCHANGE_MODE_HALTED : cancel_only ? EXCHANGE_CANCEL_ONLY : EXCHANGE_OPEN;
    if (mode != bot__exchange_mode(b->x)) {
        b->faults.used[halted ? FAULT_MARKET_HALT : FAULT_MARKET_CANCEL_ONLY] += mode != EXCHANGE_OPEN;
        b->faults.bit[halted ? FAULT_MARKET_HALT : FAULT_MARKET_CANCEL_ONLY] += mode != EXCHANGE_OPEN;
        bot__exchange_mode_set(b->x, mode);
    }
    const struct fault *rate = bot__faults_holds(&b->faults, FAULT_MARKET_RATE, 0, 0, b->now);
    const struct fault *trend = bot__faults_holds(&b->faults, FAULT_MARKET_TREND, 0, 0, b->now);
    for (uint32_t i = 0; i < b->instruments_n; i++) {
        bot__flow_scale(b->flow[i], b->now, halted ? 0 : rate != NULL ? rate->share_ppm : 1000000);
        bot__flow_push(b->flow[i], trend != NULL ? (int32_t)trend->ticks : INT32_MIN);
    }
}

/* A person cancels everything, closes everything at the market and switches: as often as it takes. */
static void switch_mode(struct simvenue *b, uint32_t account)
{
    bool flat = true;
    const bool hedge = bot__exchange_hedge(b->x, account, 0);
    if (bot__exchange_mode(b->x) == EXCHANGE_MODE_HALTED) return;
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        bot__exchange_cancel_all(b->x, b->now, account, i);
        for (bot_leg leg = hedge ? BOT_LEG_LONG : BOT_LEG_NET; leg <= (hedge ? BOT_LEG_SHORT : BOT_LEG_NET); leg++) {
            const int64_t lots = bot__exchange_position(b->x, account, i, leg)->lots;
            const struct exchange_request r = { .account = account, .instrument = i, .side = lots > 0 ? BOT_SELL : BOT_BUY, .type = BOT_MARKET, .tif = BOT_IOC,
                                                .leg = leg, .reduce_only = true, .lots = lots > 0 ? lots : -lots };
            if (lots != 0) (void)bot__exchange_submit(b->x, b->now, &r, NULL);
            flat = flat && bot__exchange_position(b->x, account, i, leg)->lots == 0;
        }
    }
    for (uint16_t i = 0; i < b->instruments_n && flat; i++) flat = bot__exchange_hedge_set(b->x, account, i, !hedge) == EXCHANGE_TAKEN;
    if (!flat) return;
    b->client[account].other_mode = !b->client[account].other_mode;
    if (b->client[account].other_mode) {
        b->faults.used[FAULT_ACCOUNT_MODE]++;
        bot__faults_bit(&b->faults, FAULT_ACCOUNT_MODE);
    }
}

static void switch_modes(struct simvenue *b)
{
    for (uint32_t a = 1; a < b->clients_n; a++)
        if ((bot__faults_holds(&b->faults, FAULT_ACCOUNT_MODE, 0, a, b->now) != NULL) != b->client[a].other_mode) switch_mode(b, a);
}

/* By hand: no orderLinkId. */
static struct exchange_request by_hand(const struct simvenue *b, uint32_t account, bot_side side, int64_t lots)
{
    const bool hedge = bot__exchange_hedge(b->x, account, 0);
    return (struct exchange_request){ .account = account, .side = side, .type = BOT_LIMIT, .tif = BOT_GTC, .lots = lots,
                                      .leg = !hedge ? BOT_LEG_NET : side == BOT_BUY ? BOT_LEG_LONG : BOT_LEG_SHORT };
}

/* Two orders of the account meet inside the spread, where nobody else is. */
static bool trade_self(struct simvenue *b, uint32_t account, bot_side side, int64_t lots)
{
    struct exchange_level bid, ask;
    if (bot__exchange_book(b->x, 0, BOT_BUY, &bid, 1) == 0 || bot__exchange_book(b->x, 0, BOT_SELL, &ask, 1) == 0 ||
        ask.price_ticks - bid.price_ticks < 2)
        return false;
    struct exchange_request r = by_hand(b, account, side == BOT_BUY ? BOT_SELL : BOT_BUY, lots);
    r.tif = BOT_POST_ONLY;
    r.price_ticks = bid.price_ticks + 1;
    uint64_t rests;
    if (bot__exchange_submit(b->x, b->now, &r, &rests) != EXCHANGE_TAKEN) return false;
    const uint64_t before = bot__exchange_stats(b->x).self_trades;
    r = by_hand(b, account, side, lots);
    r.tif = BOT_IOC;
    r.price_ticks = bid.price_ticks + 1;
    (void)bot__exchange_submit(b->x, b->now, &r, NULL);
    (void)bot__exchange_cancel(b->x, b->now, account, rests); /* where the other was refused */
    return bot__exchange_stats(b->x).self_trades > before;
}

static void run_event(struct simvenue *b, const struct fault *f)
{
    const uint32_t account = f->account != 0 ? f->account : 1;
    if (f->kind == FAULT_WS_CUT) {
        for (uint32_t s = 0; s < b->conns_n; s++) {
            struct conn *c = &b->conn[s];
            if (c->kind != CONN_FREE && (bot__simvenue_stream(c) & f->on) != 0 && (f->account == 0 || c->account == f->account))
                bot__simvenue_close(b, c, "cut");
        }
        return;
    }
    if (f->kind == FAULT_FUND || f->kind == FAULT_SEQ_RESTART) {
        for (uint16_t i = 0; i < b->instruments_n; i++) {
            if (f->kind == FAULT_FUND) bot__exchange_fund(b->x, b->now, i, f->rate_e8);
            else bot__exchange_seq_restart(b->x, i, 1);
        }
        for (uint32_t a = 1; f->kind == FAULT_FUND && a < bot__exchange_accounts(b->x); a++)
            if (bot__exchange_changed_since(b->x, a, b->now - 1)) bot__faults_bit(&b->faults, f->kind);
        return;
    }
    if (account >= bot__exchange_accounts(b->x)) return;
    if (f->kind == FAULT_KEY_END) {
        if (b->dialect->key_end != NULL && b->dialect->key_end(b, account, f->done, f->deaf)) bot__faults_bit(&b->faults, f->kind);
        return;
    }
    if (f->kind == FAULT_CANCEL_ALL) {
        int n = 0;
        for (uint16_t i = 0; i < b->instruments_n; i++) n += bot__exchange_cancel_all(b->x, b->now, account, i);
        if (n > 0) bot__faults_bit(&b->faults, f->kind);
        return;
    }
    const struct exchange_instrument *in = &b->instrument[0];
    int64_t lots = 0;
    if (f->qty.coef != 0 && bot__exchange_lots(in, f->qty, &lots) < 0) return;
    bool done;
    if (f->kind == FAULT_LIQUIDATE) done = bot__exchange_liquidate(b->x, b->now, account, 0, lots) > 0;
    else if (f->kind == FAULT_ADL) done = bot__exchange_adl(b->x, b->now, account, 0, lots) > 0;
    else if (f->kind == FAULT_TRADE_SELF) done = trade_self(b, account, f->side, lots);
    else {
        struct exchange_request r = by_hand(b, account, f->side, lots);
        if (f->kind == FAULT_TRADE) {
            r.type = BOT_MARKET;
            r.tif = BOT_IOC;
        }
        r.price_ticks = bot__exchange_mark(b->x, 0) + (f->side == BOT_BUY ? -f->ticks : f->ticks);
        done = bot__exchange_submit(b->x, b->now, &r, NULL) == 0;
    }
    if (done) bot__faults_bit(&b->faults, f->kind);
}

static void observe(struct simvenue *b)
{
    if (!bot__faults_observes(&b->faults)) return;
    for (uint32_t a = 1; a < bot__exchange_accounts(b->x); a++) {
        struct exchange_truth truth;
        bot__exchange_truth(b->x, a, 0, &truth);
        const bot_qty size = { truth.position.v < 0 ? -truth.position.v : truth.position.v };
        bot__faults_observe(&b->faults, a, size, b->client[a].fills, b->client[a].orders, b->now);
    }
}

static void keepalive(struct simvenue *b)
{
    b->next_keepalive += KEEPALIVE_NS;
    for (uint32_t s = 0; s < b->conns_n; s++)
        if (b->conn[s].kind != CONN_FREE && b->now - b->conn[s].heard_at > b->conn[s].life_max_ns)
            bot__simvenue_close(b, &b->conn[s], "idle");
}

static void run_item(struct simvenue *b, struct sim_item *item)
{
    switch (item->kind) {
    case ITEM_SEND: {
        struct conn *c = bot__simvenue_conn(b, item->a);
        const bool pong = item->len < 200 && strstr(item->bytes, "pong") != NULL;
        if (c == NULL || !bot__simvenue_carries(b, c, pong)) return;
        b->stats.ws_messages_out++;
        b->host.ws_send(b->host.self, item->a, item->bytes, item->len);
        return;
    }
    case ITEM_ANSWER: {
        struct stored_answer head;
        memcpy(&head, item->bytes, sizeof head);
        char value[NUMBER_HEADERS_MAX][24];
        struct simvenue_answer a = { .status = head.status, .body = item->bytes + sizeof head, .body_len = item->len - sizeof head,
                                     .content_type = head.html ? "text/html" : "application/json; charset=utf-8" };
        for (uint32_t i = 0; i < head.headers_n; i++) {
            snprintf(value[i], sizeof value[i], "%lld", (long long)head.header[i].value);
            a.headers[a.headers_n++] = (struct simvenue_header){ head.header[i].name, value[i] };
        }
        b->host.http_answer(b->host.self, item->c, &a);
        return;
    }
    case ITEM_CALL: {
        struct call call;
        memcpy(&call, item->bytes, sizeof call);
        const struct slice query = { item->bytes + sizeof call, item->a }, body = { query.p + item->a, item->len - sizeof call - item->a };
        bot__simvenue_weigh(b, &call.weight, -1);
        b->dialect->run(b, &call, query, body);
        return;
    }
    case ITEM_BOOK: b->dialect->book(b, (uint16_t)item->a, item->b); return;
    default: return;
    }
}

int64_t bot__simvenue_next(const struct simvenue *b)
{
    int64_t next = bot__sim_queue_next(&b->queue);
    for (uint32_t i = 0; i < b->instruments_n; i++) {
        const int64_t at = bot__flow_next(b->flow[i]);
        if (at < next) next = at;
    }
    const int64_t fault = bot__faults_next(&b->faults, b->now);
    if (fault < next) next = fault;
    if (b->dialect->next != NULL) {
        const int64_t own = b->dialect->next(b);
        if (own < next) next = own;
    }
    return next < b->next_keepalive ? next : b->next_keepalive;
}

void bot__simvenue_step(struct simvenue *b, int64_t now_ns)
{
    /* Everything in order of its time, so that one late step does what many punctual ones would have done. */
    for (;;) {
        const int64_t at = bot__simvenue_next(b);
        if (at > now_ns) break;
        if (at > b->now) b->now = at;
        apply_standing_faults(b);
        for (const struct fault *f; (f = bot__faults_due(&b->faults, b->now)) != NULL;) run_event(b, f);
        bot__faults_look(&b->faults, b->now);
        switch_modes(b);
        for (uint32_t i = 0; i < b->instruments_n; i++)
            if (bot__flow_next(b->flow[i]) <= b->now) bot__flow_step(b->flow[i], b->x, b->now);
        for (struct sim_item *item; (item = bot__sim_queue_pop(&b->queue, b->now)) != NULL;) {
            run_item(b, item);
            bot__sim_item_free(&b->queue, item);
        }
        if (b->dialect->step != NULL) b->dialect->step(b);
        if (b->now >= b->next_keepalive) keepalive(b);
        observe(b);
    }
    if (now_ns > b->now) b->now = now_ns;
    bot__faults_look(&b->faults, b->now);
}
