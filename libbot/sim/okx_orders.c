/* OKX v5: what changes orders and modes. */
#include <stdio.h>
#include <stdlib.h>

#include "okx_internal.h"

#define CLIENT_ID_MAX 32
#define ROWS_OF_BATCH 20

/* ---- reading requests ------------------------------------------------------------------------------------------ */

static bool text_of(struct slice body, const char *name, char *buf, size_t size)
{
    return bot__plain(bot__member(body, name), buf, size) && buf[0] != '\0';
}

static bool no(struct reply *r, int32_t code, const char *message)
{
    bot__simokx_fail(r, code, message);
    return false;
}

bool bot__simokx_instrument(struct simvenue *b, const char *name, int *ret, struct reply *r)
{
    *ret = name[0] != '\0' ? bot__exchange_instrument_find(b->x, name, strlen(name)) : -1;
    return *ret >= 0 || name[0] == '\0' || no(r, 51001, "Instrument ID, Instrument ID code, or Spread ID doesn't exist.");
}

static bool instrument_of(struct simvenue *b, struct slice body, int *ret, struct reply *r)
{
    char name[BOT_SYMBOL_MAX + 1];
    if (!text_of(body, "instId", name, sizeof name)) return no(r, 50014, "Parameter instId cannot be empty.");
    return bot__simokx_instrument(b, name, ret, r);
}

static bool units(struct simvenue *b, int i, struct slice body, const char *name, bool price, int64_t *ret, struct reply *r)
{
    char text[BOT_DEC_TEXT_MAX];
    bot_dec d;
    if (!text_of(body, name, text, sizeof text)) return no(r, 50014, price ? "Parameter px cannot be empty." : "Parameter sz cannot be empty.");
    if (bot_dec_parse(text, strlen(text), &d) != BOT_OK || bot_dec_sign(d) <= 0) return no(r, 51000, price ? "Parameter px error" : "Parameter sz error");
    if ((price ? bot__exchange_ticks(&b->instrument[i], d, ret) : bot__exchange_lots(&b->instrument[i], d, ret)) == BOT_OK) return true;
    return no(r, price ? 51006 : 51121, price ? "Order price is not a multiple of the tick size." : "Order quantity must be a multiple of the lot size.");
}

static bool client_id_fits(const char *id)
{
    return strlen(id) <= CLIENT_ID_MAX && strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(id);
}

/* What one of its orders may close: a reduce-only size above the position is refused, not clipped. */
static bool closes_at_most_held(struct simvenue *b, const struct exchange_request *q, struct reply *r)
{
    const int64_t held = bot__exchange_position(b->x, q->account, q->instrument, q->leg)->lots;
    const int64_t room = q->side == BOT_SELL ? held : -held;
    if (q->leg != BOT_LEG_NET) return q->lots <= room || no(r, 51112, "Close order size exceeds available size for the position.");
    if (room <= 0) return no(r, 51169, "Order failed because you don't have any positions in this direction to reduce or close.");
    return q->lots <= room || no(r, 51170, "Order failed because the reduce-only order size exceeds your position.");
}

static bool read_create(struct simvenue *b, uint32_t account, struct slice body, struct exchange_request *q, struct reply *r)
{
    static const struct { const char *word; bot_order_type type; bot_tif tif; } types[] = {
        { "limit", BOT_LIMIT, BOT_GTC }, { "market", BOT_MARKET, BOT_IOC }, { "post_only", BOT_LIMIT, BOT_POST_ONLY },
        { "fok", BOT_LIMIT, BOT_FOK },   { "ioc", BOT_LIMIT, BOT_IOC },     { "optimal_limit_ioc", BOT_MARKET, BOT_IOC },
    };
    char word[64];
    int i;
    *q = (struct exchange_request){ .account = account };
    if (!instrument_of(b, body, &i, r)) return false;
    q->instrument = (uint16_t)i;
    if (!text_of(body, "tdMode", word, sizeof word) || strcmp(word, "cross") != 0) return no(r, 51000, "Parameter tdMode error");
    text_of(body, "side", word, sizeof word);
    q->side = strcmp(word, "buy") == 0 ? BOT_BUY : strcmp(word, "sell") == 0 ? BOT_SELL : BOT_SIDE_NONE;
    if (q->side == BOT_SIDE_NONE) return no(r, 51000, "Parameter side error");
    text_of(body, "ordType", word, sizeof word);
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        if (strcmp(word, types[k].word) == 0) q->type = types[k].type, q->tif = types[k].tif;
    if (q->type == BOT_TYPE_NONE) return no(r, 51000, "Parameter ordType error");
    const bool hedge = bot__exchange_hedge(b->x, account, q->instrument);
    const bool legged = text_of(body, "posSide", word, sizeof word) && strcmp(word, "net") != 0;
    q->leg = !legged ? BOT_LEG_NET : strcmp(word, "long") == 0 ? BOT_LEG_LONG : BOT_LEG_SHORT;
    if (legged != hedge) return no(r, 51000, "Parameter posSide error");
    q->reduce_only = !hedge && bot__truth(bot__member(body, "reduceOnly")); /* ignored in long/short mode */
    /* There an order against its leg closes it, and cannot overshoot. */
    q->reduce_only |= (q->leg == BOT_LEG_LONG && q->side == BOT_SELL) || (q->leg == BOT_LEG_SHORT && q->side == BOT_BUY);
    if (text_of(body, "clOrdId", word, sizeof word)) {
        if (!client_id_fits(word)) return no(r, 51000, "Parameter clOrdId error");
        memcpy(q->link_id, word, strlen(word) + 1);
    }
    return units(b, i, body, "sz", false, &q->lots, r) && (q->type != BOT_LIMIT || units(b, i, body, "px", true, &q->price_ticks, r)) &&
           (!q->reduce_only || closes_at_most_held(b, q, r));
}

/* The order that a request names; ordId wins. NULL: there is none, or no id was given. */
static const struct exchange_order *named(struct simvenue *b, uint32_t account, struct slice body, int instrument)
{
    char id[64];
    const struct exchange_order *o = NULL;
    if (text_of(body, "ordId", id, sizeof id)) o = bot__exchange_order(b->x, account, bot__simokx_order_read(id));
    else if (text_of(body, "clOrdId", id, sizeof id)) o = bot__exchange_order_by_link(b->x, account, id);
    return o != NULL && o->instrument == instrument ? o : NULL;
}

static bool refused(int refusal, struct reply *r)
{
    static const struct { int32_t code; const char *text; } codes[] = {
        [EXCHANGE_BAD_INSTRUMENT] = { 51001, "Instrument ID does not exist." },
        [EXCHANGE_BAD_QTY] = { 51020, "Order quantity must be greater than or equal to the minimum." },
        [EXCHANGE_BAD_PRICE] = { 51000, "Parameter px error" },
        [EXCHANGE_PRICE_BAND] = { 51006, "Order price is not within the price limit." },
        [EXCHANGE_BELOW_NOTIONAL] = { 51020, "Order amount is below the minimum." },
        [EXCHANGE_NO_BALANCE] = { 51008, "Order failed. Insufficient balance in account." },
        [EXCHANGE_REDUCE_ONLY] = { 51169, "Order failed because you don't have any positions in this direction to reduce or close." },
        [EXCHANGE_BAD_LEG] = { 51000, "Parameter posSide error" },
        [EXCHANGE_DUPLICATE_LINK] = { 51016, "Client order ID already exists." },
        [EXCHANGE_TOO_MANY_ORDERS] = { 51076, "The number of pending orders has reached the limit." },
        [EXCHANGE_NOT_FOUND] = { 51603, "Order does not exist." },
        [EXCHANGE_ALREADY_DONE] = { 51603, "Order does not exist." },
        [EXCHANGE_MODE_IN_USE] = { 59000, "Setting failed. Cancel any open orders, close positions, and stop trading bots first." },
        [EXCHANGE_CLOSED] = { 51027, "Instrument is suspended." },
        [EXCHANGE_HALTED] = { 50001, "Service temporarily unavailable. Please try again later." },
    };
    if (refusal == EXCHANGE_TAKEN || refusal == EXCHANGE_NOTHING_CHANGED) return false;
    if (refusal == EXCHANGE_HALTED) r->status = 503;
    bot__simokx_fail(r, codes[refusal].code, codes[refusal].text);
    return true;
}

/* ---- what is taken in and not done yet ------------------------------------------------------------------------- */

void bot__simokx_weigh(struct simvenue *b, uint32_t route, struct slice query, struct slice body, struct simvenue_weight *w)
{
    struct reply r = { .status = 200 };
    struct exchange_request q;
    int i;
    (void)query;
    w->n = 0;
    if (route == ROUTE_CREATE) {
        if (read_create(b, w->account, body, &q, &r) && !q.reduce_only) bot__simvenue_note(w, q.instrument, (uint8_t)q.side, q.lots, 0);
    } else if (route == ROUTE_AMEND && instrument_of(b, body, &i, &r)) {
        const struct exchange_order *o = named(b, w->account, body, i);
        int64_t lots;
        if (o != NULL && o->leaves_lots > 0 && units(b, i, body, "newSz", false, &lots, &r))
            bot__simvenue_note(w, o->instrument, o->side, lots - o->lots, o->id);
    }
}

/* ---- carrying out ---------------------------------------------------------------------------------------------- */

/* How one order went. What was wrong with it is in r, which is cleared for the next. */
static void tell(struct simvenue *b, struct slice body, uint64_t id, struct reply *r)
{
    char client_id[64] = "", given[32] = "";
    text_of(body, "clOrdId", client_id, sizeof client_id);
    text_of(body, "ordId", given, sizeof given);
    bot__text_put(&r->data, "%s{'clOrdId':'%s','ordId':'", r->done + r->failed > 0 ? "," : "", client_id);
    if (id != 0) bot__text_put(&r->data, "%d", (int64_t)bot__simokx_order_id(id));
    else bot__text_put(&r->data, "%s", given);
    bot__text_put(&r->data, "','sCode':'%d','sMsg':'%s','tag':'','ts':'%d'}", (int64_t)r->code, r->code != 0 ? r->message : "", bot__simvenue_ms(b, b->now));
    (r->code == 0 ? &r->done : &r->failed)[0]++;
    r->code = 0;
}

static void create(struct simvenue *b, const struct call *c, struct slice body, struct reply *r)
{
    struct exchange_request q;
    uint64_t id = 0;
    if (read_create(b, c->account, body, &q, r)) {
        b->client[c->account].orders++;
        refused(bot__exchange_submit(b->x, b->now, &q, &id), r);
    }
    if (r->status == 200) tell(b, body, id, r);
}

static bool forgotten(struct simvenue *b, const struct call *c, uint32_t on)
{
    if (bot__faults_hit(&b->faults, FAULT_REST_FORGET, on, c->account, b->now) == NULL) return false;
    bot__faults_bit(&b->faults, FAULT_REST_FORGET);
    return true;
}

static void amend(struct simvenue *b, const struct call *c, struct slice body, struct reply *r)
{
    char text[BOT_DEC_TEXT_MAX];
    int64_t lots = 0, ticks = 0;
    uint64_t id = 0;
    int i;
    if (instrument_of(b, body, &i, r) && (!text_of(body, "newSz", text, sizeof text) || units(b, i, body, "newSz", false, &lots, r)) &&
        (!text_of(body, "newPx", text, sizeof text) || units(b, i, body, "newPx", true, &ticks, r))) {
        const struct exchange_order *o = named(b, c->account, body, i);
        if (o == NULL || forgotten(b, c, FAULT_ON_AMEND)) bot__simokx_fail(r, 51503, "Order modification failed as the order has been filled, canceled or does not exist.");
        else if (refused(bot__exchange_amend(b->x, b->now, c->account, id = o->id, lots, ticks), r) && r->code == 51603)
            bot__simokx_fail(r, 51503, "Order modification failed as the order has been filled, canceled or does not exist.");
    }
    if (r->status == 200) tell(b, body, id, r);
}

static void cancel(struct simvenue *b, const struct call *c, struct slice body, struct reply *r)
{
    uint64_t id = 0;
    int i;
    if (instrument_of(b, body, &i, r)) {
        const struct exchange_order *o = named(b, c->account, body, i);
        if (o == NULL || forgotten(b, c, FAULT_ON_CANCEL)) bot__simokx_fail(r, 51400, "Cancellation failed as the order has been filled, canceled or does not exist.");
        else if (refused(bot__exchange_cancel(b->x, b->now, c->account, id = o->id), r) && r->code == 51603)
            bot__simokx_fail(r, 51400, "Cancellation failed as the order has been filled, canceled or does not exist.");
    }
    if (r->status == 200) tell(b, body, id, r);
}

static void cancel_batch(struct simvenue *b, const struct call *c, struct slice body, struct reply *r)
{
    struct slice v;
    size_t at = 0;
    uint32_t n = 0;
    while (bot__items(body, &at, &v)) n++;
    if (n == 0 || n > ROWS_OF_BATCH) {
        bot__simokx_fail(r, n == 0 ? 50014 : 51157, n == 0 ? "Parameter cannot be empty." : "Too many orders in one request.");
        return;
    }
    for (at = 0; r->status == 200 && bot__items(body, &at, &v);) cancel(b, c, v, r);
}

/* Of the whole account; 0 disarms. */
static void dead_man(struct simvenue *b, const struct call *c, struct slice body, struct reply *r)
{
    char text[16];
    if (!text_of(body, "timeOut", text, sizeof text)) {
        bot__simokx_fail(r, 50014, "Parameter timeOut cannot be empty.");
        return;
    }
    const int64_t seconds = atoll(text);
    if (seconds != 0 && (seconds < 10 || seconds > 120)) {
        bot__simokx_fail(r, 51000, "Parameter timeOut error");
        return;
    }
    b->client[c->account].countdown_at[0] = seconds > 0 ? b->now + seconds * BOT_NS_PER_S : 0;
    bot__text_put(&r->data, "{'triggerTime':'%d','tag':'','ts':'%d'}", seconds > 0 ? bot__simvenue_ms(b, b->now) / 1000 + seconds : 0, bot__simvenue_ms(b, b->now));
}

static void mode_set(struct simvenue *b, const struct call *c, struct slice body, struct reply *r)
{
    char word[24] = "";
    text_of(body, "posMode", word, sizeof word);
    if (strcmp(word, "net_mode") != 0 && strcmp(word, "long_short_mode") != 0) {
        bot__simokx_fail(r, 51000, "Parameter posMode error");
        return;
    }
    for (uint16_t i = 0; i < b->instruments_n; i++)
        if (refused(bot__exchange_hedge_set(b->x, c->account, i, word[0] == 'l'), r)) return;
    bot__text_put(&r->data, "{'posMode':'%s'}", word);
}

/* expTime: what reaches the engine later is dropped. */
static bool expired(struct simvenue *b, struct slice query)
{
    char text[24];
    return bot__query(query, "expTime", text, sizeof text) && text[0] != '\0' && atoll(text) < bot__simvenue_ms(b, b->now);
}

void bot__simokx_write(struct simvenue *b, const struct call *c, struct slice query, struct slice body, struct reply *r)
{
    if ((c->route == ROUTE_CREATE || c->route == ROUTE_AMEND) && expired(b, query)) {
        bot__simokx_fail(r, 50036, "expTime can't be earlier than the current system time.");
        tell(b, body, 0, r);
        return;
    }
    switch (c->route) {
    case ROUTE_CREATE: create(b, c, body, r); break;
    case ROUTE_AMEND: amend(b, c, body, r); break;
    case ROUTE_CANCEL: cancel(b, c, body, r); break;
    case ROUTE_CANCEL_BATCH: cancel_batch(b, c, body, r); break;
    case ROUTE_DEAD_MAN: dead_man(b, c, body, r); break;
    default: mode_set(b, c, body, r); break;
    }
}
