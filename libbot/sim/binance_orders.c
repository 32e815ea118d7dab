/* Binance USD-M: what changes orders, modes and keys. */
#include <stdio.h>
#include <stdlib.h>

#include "binance_internal.h"

/* ---- reading requests ------------------------------------------------------------------------------------------ */

static bool units(struct simvenue *b, int i, const struct params *p, const char *name, bool price, int64_t *ret, struct reply *r)
{
    char text[BOT_DEC_TEXT_MAX];
    bot_dec d;
    if (!bot__simbinance_param(p, name, text, sizeof text))
        return bot__simbinance_fail(r, -1102, price ? "Mandatory parameter 'price' was not sent, was empty/null, or malformed."
                                                    : "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed.");
    if (bot_dec_parse(text, strlen(text), &d) != BOT_OK) return bot__simbinance_fail(r, -1102, "Mandatory parameter was malformed.");
    if (bot_dec_sign(d) <= 0) return bot__simbinance_fail(r, price ? -4002 : -4003, price ? "Price less than min price." : "Quantity less than or equal to zero.");
    if ((price ? bot__exchange_ticks(&b->instrument[i], d, ret) : bot__exchange_lots(&b->instrument[i], d, ret)) == BOT_OK) return true;
    return bot__simbinance_fail(r, price ? -4014 : -1111, price ? "Price not increased by tick size." : "Precision is over the maximum defined for this asset.");
}

static bool client_id_fits(const char *id)
{
    return strlen(id) <= EXCHANGE_LINK_ID_MAX &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:/_-") == strlen(id);
}

static bool read_create(struct simvenue *b, uint32_t account, const struct params *p, struct exchange_request *q, struct reply *r)
{
    char word[64];
    int i;
    *q = (struct exchange_request){ .account = account };
    if (!bot__simbinance_symbol(b, p, true, &i, r)) return false;
    q->instrument = (uint16_t)i;
    bot__simbinance_param(p, "side", word, sizeof word);
    q->side = strcmp(word, "BUY") == 0 ? BOT_BUY : strcmp(word, "SELL") == 0 ? BOT_SELL : BOT_SIDE_NONE;
    if (q->side == BOT_SIDE_NONE) return bot__simbinance_fail(r, -1117, "Invalid side.");
    if (!bot__simbinance_param(p, "type", word, sizeof word)) return bot__simbinance_fail(r, -1102, "Mandatory parameter 'type' was not sent, was empty/null, or malformed.");
    if (strncmp(word, "STOP", 4) == 0 || strncmp(word, "TAKE_PROFIT", 11) == 0 || strncmp(word, "TRAILING", 8) == 0)
        return bot__simbinance_fail(r, -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.");
    q->type = strcmp(word, "LIMIT") == 0 ? BOT_LIMIT : strcmp(word, "MARKET") == 0 ? BOT_MARKET : BOT_TYPE_NONE;
    if (q->type == BOT_TYPE_NONE) return bot__simbinance_fail(r, -1116, "Invalid orderType.");
    const bool tif = bot__simbinance_param(p, "timeInForce", word, sizeof word);
    if (tif && q->type == BOT_MARKET) return bot__simbinance_fail(r, -1106, "Parameter 'timeInForce' sent when not required.");
    if (!tif && q->type == BOT_LIMIT) return bot__simbinance_fail(r, -1102, "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed.");
    q->tif = !tif ? BOT_IOC : strcmp(word, "GTC") == 0 ? BOT_GTC : strcmp(word, "IOC") == 0 ? BOT_IOC : strcmp(word, "FOK") == 0 ? BOT_FOK
             : strcmp(word, "GTX") == 0 ? BOT_POST_ONLY : BOT_TIF_NONE;
    if (q->tif == BOT_TIF_NONE) return bot__simbinance_fail(r, -1115, "Invalid timeInForce.");
    bot__simbinance_param(p, "positionSide", word, sizeof word);
    q->leg = word[0] == '\0' || strcmp(word, "BOTH") == 0 ? BOT_LEG_NET : strcmp(word, "LONG") == 0 ? BOT_LEG_LONG : BOT_LEG_SHORT;
    const bool hedge = bot__exchange_hedge(b->x, account, q->instrument);
    if ((q->leg != BOT_LEG_NET) != hedge) return bot__simbinance_fail(r, -4061, "Order's position side does not match user's setting.");
    if (bot__simbinance_param(p, "reduceOnly", word, sizeof word)) {
        if (hedge) return bot__simbinance_fail(r, -1106, "Parameter 'reduceonly' sent when not required.");
        q->reduce_only = strcmp(word, "true") == 0;
    }
    /* In hedge mode an order against its leg closes it, and cannot overshoot. */
    q->reduce_only |= (q->leg == BOT_LEG_LONG && q->side == BOT_SELL) || (q->leg == BOT_LEG_SHORT && q->side == BOT_BUY);
    if (bot__simbinance_param(p, "newClientOrderId", word, sizeof word)) {
        if (!client_id_fits(word)) return bot__simbinance_fail(r, -4015, "Client order id is not valid.");
        memcpy(q->link_id, word, strlen(word) + 1);
    }
    return units(b, i, p, "quantity", false, &q->lots, r) && (q->type != BOT_LIMIT || units(b, i, p, "price", true, &q->price_ticks, r));
}

/* The order that a request names; orderId wins. NULL with r->code 0: there is none. */
static const struct exchange_order *named(struct simvenue *b, uint32_t account, const struct params *p, int instrument, struct reply *r)
{
    char id[32], client_id[64];
    const struct exchange_order *o = NULL;
    if (bot__simbinance_param(p, "orderId", id, sizeof id)) o = bot__exchange_order(b->x, account, bot__simbinance_order_read(id));
    else if (!bot__simbinance_param(p, "origClientOrderId", client_id, sizeof client_id))
        bot__simbinance_fail(r, -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
    else if (strncmp(client_id, "web_", 4) == 0) o = bot__exchange_order(b->x, account, strtoull(client_id + 4, NULL, 10));
    else o = bot__exchange_order_by_link(b->x, account, client_id);
    return o != NULL && o->instrument == instrument ? o : NULL;
}

static bool refused(int refusal, struct reply *r)
{
    static const struct { int32_t code; const char *text; } codes[] = {
        [EXCHANGE_BAD_INSTRUMENT] = { -1121, "Invalid symbol." },
        [EXCHANGE_BAD_QTY] = { -4005, "Quantity greater than max quantity." },
        [EXCHANGE_BAD_PRICE] = { -4002, "Price less than min price." },
        [EXCHANGE_PRICE_BAND] = { -4016, "Limit price is out of its band." },
        [EXCHANGE_BELOW_NOTIONAL] = { -4164, "Order's notional must be no smaller than 5 (unless you choose reduce only)." },
        [EXCHANGE_NO_BALANCE] = { -2019, "Margin is insufficient." },
        [EXCHANGE_REDUCE_ONLY] = { -2022, "ReduceOnly Order is rejected." },
        [EXCHANGE_BAD_LEG] = { -4061, "Order's position side does not match user's setting." },
        [EXCHANGE_DUPLICATE_LINK] = { -4116, "ClientOrderId is duplicated." },
        [EXCHANGE_TOO_MANY_ORDERS] = { -2025, "Reach max open order limit." },
        [EXCHANGE_NOT_FOUND] = { -2011, "Unknown order sent." },
        [EXCHANGE_ALREADY_DONE] = { -2011, "Unknown order sent." },
        [EXCHANGE_NOTHING_CHANGED] = { -5027, "No need to modify the order." },
        [EXCHANGE_MODE_IN_USE] = { -4068, "Position side cannot be changed if there exists position." },
        [EXCHANGE_CLOSED] = { -4108, "Symbol is on delivering or delivered or settling or closed or pre-trading." },
        [EXCHANGE_HALTED] = { -1001, "Internal error; unable to process your request. Please try again." },
    };
    if (refusal == EXCHANGE_TAKEN) return false;
    if (refusal == EXCHANGE_HALTED) r->status = 503;
    bot__simbinance_fail(r, codes[refusal].code, codes[refusal].text);
    return true;
}

/* ---- what is taken in and not done yet ------------------------------------------------------------------------- */

void bot__simbinance_weigh(struct simvenue *b, uint32_t route, struct slice query, struct slice body, struct simvenue_weight *w)
{
    const struct params p = { query, body };
    struct reply r = { .status = 200 };
    struct exchange_request q;
    int i;
    w->n = 0;
    if (route == ROUTE_CREATE) {
        if (read_create(b, w->account, &p, &q, &r) && !q.reduce_only) bot__simvenue_note(w, q.instrument, (uint8_t)q.side, q.lots, 0);
    } else if (route == ROUTE_AMEND && bot__simbinance_symbol(b, &p, true, &i, &r)) {
        const struct exchange_order *o = named(b, w->account, &p, i, &r);
        int64_t lots;
        if (o != NULL && o->leaves_lots > 0 && units(b, i, &p, "quantity", false, &lots, &r))
            bot__simvenue_note(w, o->instrument, o->side, lots - o->lots, o->id);
    }
}

/* ---- carrying out ---------------------------------------------------------------------------------------------- */

static void show(struct simvenue *b, uint32_t account, uint64_t id, struct reply *r)
{
    const struct exchange_order *o = bot__exchange_order(b->x, account, id);
    if (o != NULL) bot__simbinance_order_row(b, &r->body, o);
}

static void create(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    struct exchange_request q;
    uint64_t id = 0;
    if (!read_create(b, c->account, p, &q, r)) return;
    b->client[c->account].orders++;
    if (!refused(bot__exchange_submit(b->x, b->now, &q, &id), r)) show(b, c->account, id, r);
}

static void amend(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    int i;
    int64_t lots, ticks;
    char side[8];
    if (!bot__simbinance_symbol(b, p, true, &i, r) || !units(b, i, p, "quantity", false, &lots, r) || !units(b, i, p, "price", true, &ticks, r)) return;
    if (!bot__simbinance_param(p, "side", side, sizeof side)) {
        bot__simbinance_fail(r, -1102, "Mandatory parameter 'side' was not sent, was empty/null, or malformed.");
        return;
    }
    const struct exchange_order *o = named(b, c->account, p, i, r);
    if (r->code != 0) return;
    if (o == NULL || bot__faults_hit(&b->faults, FAULT_REST_FORGET, FAULT_ON_AMEND, c->account, b->now) != NULL) {
        if (o != NULL) bot__faults_bit(&b->faults, FAULT_REST_FORGET);
        bot__simbinance_fail(r, -2013, "Order does not exist.");
        return;
    }
    const uint64_t id = o->id;
    if (!refused(bot__exchange_amend(b->x, b->now, c->account, id, lots, ticks), r)) show(b, c->account, id, r);
    else if (r->code == -2011) bot__simbinance_fail(r, -2013, "Order does not exist.");
}

static void cancel(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    int i;
    if (!bot__simbinance_symbol(b, p, true, &i, r)) return;
    const struct exchange_order *o = named(b, c->account, p, i, r);
    if (r->code != 0) return;
    if (o == NULL || bot__faults_hit(&b->faults, FAULT_REST_FORGET, FAULT_ON_CANCEL, c->account, b->now) != NULL) {
        if (o != NULL) bot__faults_bit(&b->faults, FAULT_REST_FORGET);
        bot__simbinance_fail(r, -2011, "Unknown order sent.");
        return;
    }
    const uint64_t id = o->id;
    if (!refused(bot__exchange_cancel(b->x, b->now, c->account, id), r)) show(b, c->account, id, r);
}

static void cancel_all(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    int i;
    if (!bot__simbinance_symbol(b, p, true, &i, r)) return;
    if (bot__exchange_mode(b->x) == EXCHANGE_MODE_HALTED) {
        refused(EXCHANGE_HALTED, r);
        return;
    }
    bot__exchange_cancel_all(b->x, b->now, c->account, (uint16_t)i);
    bot__text_put(&r->body, "{'code':200,'msg':'The operation of cancel all open order is done.'}");
}

static void mode_set(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    char word[8];
    if (!bot__simbinance_param(p, "dualSidePosition", word, sizeof word) || (strcmp(word, "true") != 0 && strcmp(word, "false") != 0)) {
        bot__simbinance_fail(r, -1102, "Mandatory parameter 'dualSidePosition' was not sent, was empty/null, or malformed.");
        return;
    }
    const bool hedge = strcmp(word, "true") == 0;
    if (bot__exchange_hedge(b->x, c->account, 0) == hedge) {
        bot__simbinance_fail(r, -4059, "No need to change position side.");
        return;
    }
    for (uint16_t i = 0; i < b->instruments_n; i++)
        if (refused(bot__exchange_hedge_set(b->x, c->account, i, hedge), r)) return;
    bot__text_put(&r->body, "{'code':200,'msg':'success'}");
}

static void dead_man(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    int i;
    char text[24];
    if (!bot__simbinance_symbol(b, p, true, &i, r)) return;
    if (!bot__simbinance_param(p, "countdownTime", text, sizeof text)) {
        bot__simbinance_fail(r, -1102, "Mandatory parameter 'countdownTime' was not sent, was empty/null, or malformed.");
        return;
    }
    const int64_t ms = atoll(text);
    b->client[c->account].countdown_at[i] = ms > 0 ? b->now + ms * BOT_NS_PER_MS : 0;
    bot__text_put(&r->body, "{'symbol':'%s','countdownTime':'%d'}", b->instrument[i].symbol.s, ms);
}

void bot__simbinance_key_make(struct simvenue *b, uint32_t account)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    struct client *cl = &b->client[account];
    const bool none = cl->listen_key[0] == '\0';
    for (int i = 0; i < 64 && none; i++) cl->listen_key[i] = letters[bot__sim_rng_below(&b->rng, sizeof letters - 1)];
    cl->listen_key[64] = '\0';
    cl->listen_until = b->now + b->opt.listen_key_ns;
}

/* POST gives the key that there is, or makes one; all three need no signature. */
static void listen_key(struct simvenue *b, const struct call *c, struct reply *r)
{
    struct client *cl = &b->client[c->account];
    if (c->route == ROUTE_KEY_NEW && bot__faults_hit(&b->faults, FAULT_WS_NOAUTH, FAULT_STREAM_PRIVATE, c->account, b->now) != NULL) {
        r->status = 401;
        bot__simbinance_fail(r, -2015, "Invalid API-key, IP, or permissions for action.");
        return;
    }
    if (c->route != ROUTE_KEY_NEW && cl->listen_key[0] == '\0') {
        bot__simbinance_fail(r, -1125, "This listenKey does not exist.");
        return;
    }
    if (c->route == ROUTE_KEY_END) {
        bot__simbinance_key_expired(b, c->account);
        bot__text_put(&r->body, "{}");
        return;
    }
    bot__simbinance_key_make(b, c->account);
    bot__text_put(&r->body, "{'listenKey':'%s'}", cl->listen_key);
}

void bot__simbinance_write(struct simvenue *b, const struct call *c, const struct params *p, struct reply *r)
{
    switch (c->route) {
    case ROUTE_CREATE: create(b, c, p, r); break;
    case ROUTE_AMEND: amend(b, c, p, r); break;
    case ROUTE_CANCEL: cancel(b, c, p, r); break;
    case ROUTE_CANCEL_ALL: cancel_all(b, c, p, r); break;
    case ROUTE_MODE_SET: mode_set(b, c, p, r); break;
    case ROUTE_DEAD_MAN: dead_man(b, c, p, r); break;
    default: listen_key(b, c, r); break;
    }
}
