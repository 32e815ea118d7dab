/* Requests that change orders and modes. */
#include <stdio.h>
#include <stdlib.h>

#include "bybit_internal.h"

bool bot__simbybit_is_write(enum route_id route) { return route >= ROUTE_CREATE && route <= ROUTE_CANCEL_BATCH; }

/* ---- reading requests ------------------------------------------------------------------------------------------ */

struct outcome {
    int32_t     code;
    const char *message;
    char        order_id[37], link_id[64];
};

static bool fail(struct outcome *o, int32_t code, const char *message)
{
    o->code = code;
    o->message = message;
    return false;
}

static bool read_instrument(struct simvenue *b, const char *category, struct slice name, struct outcome *o, uint16_t *ret)
{
    char symbol[BOT_SYMBOL_MAX + 1];
    bot__plain(name, symbol, sizeof symbol);
    const int i = bot__exchange_instrument_find(b->x, symbol, strlen(symbol));
    if (i < 0 || strcmp(bot__simbybit_category(&b->instrument[i]), category) != 0) return fail(o, 10001, "params error: symbol invalid");
    *ret = (uint16_t)i;
    return true;
}

static bool read_units(struct simvenue *b, uint16_t i, struct slice v, bool price, int64_t *ret)
{
    char text[BOT_DEC_TEXT_MAX];
    bot_dec d;
    *ret = 0;
    if (!bot__plain(v, text, sizeof text)) return false;
    if (text[0] == '\0') return true;
    if (bot_dec_parse(text, strlen(text), &d) != BOT_OK) return false;
    return (price ? bot__exchange_ticks(&b->instrument[i], d, ret) : bot__exchange_lots(&b->instrument[i], d, ret)) == BOT_OK;
}

static bool link_id_fits(const char *id)
{
    return strlen(id) <= EXCHANGE_LINK_ID_MAX &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(id);
}

static bool read_create(struct simvenue *b, uint32_t account, const char *category, const struct members *body, struct exchange_request *r, struct outcome *o)
{
    char word[64];
    *r = (struct exchange_request){ .account = account };
    bot__plain(bot__members_get(body, "orderLinkId"), o->link_id, sizeof o->link_id);
    if (!link_id_fits(o->link_id)) return fail(o, 10001, "params error: OrderLinkId is invalid");
    memcpy(r->link_id, o->link_id, strlen(o->link_id) + 1);
    if (!read_instrument(b, category, bot__members_get(body, "symbol"), o, &r->instrument)) return false;
    bot__plain(bot__members_get(body, "side"), word, sizeof word);
    r->side = strcmp(word, "Buy") == 0 ? BOT_BUY : strcmp(word, "Sell") == 0 ? BOT_SELL : BOT_SIDE_NONE;
    if (r->side == BOT_SIDE_NONE) return fail(o, 10001, "params error: side invalid");
    bot__plain(bot__members_get(body, "orderType"), word, sizeof word);
    r->type = strcmp(word, "Limit") == 0 ? BOT_LIMIT : strcmp(word, "Market") == 0 ? BOT_MARKET : BOT_TYPE_NONE;
    if (r->type == BOT_TYPE_NONE) return fail(o, 10001, "params error: orderType invalid");
    bot__plain(bot__members_get(body, "triggerPrice"), word, sizeof word);
    if (word[0] != '\0') return fail(o, 10001, "params error: conditional orders are not offered here");
    bot__plain(bot__members_get(body, "timeInForce"), word, sizeof word);
    r->tif = word[0] == '\0' || strcmp(word, "GTC") == 0 ? BOT_GTC : strcmp(word, "IOC") == 0 ? BOT_IOC : strcmp(word, "FOK") == 0 ? BOT_FOK
             : strcmp(word, "PostOnly") == 0 ? BOT_POST_ONLY : BOT_TIF_NONE;
    if (r->tif == BOT_TIF_NONE) return fail(o, 10001, "params error: timeInForce invalid");
    bot__plain(bot__members_get(body, "positionIdx"), word, sizeof word);
    const int leg = word[0] == '\0' ? 0 : atoi(word);
    if (leg < 0 || leg > 2) return fail(o, 10001, "params error: positionIdx invalid");
    r->leg = (bot_leg)(BOT_LEG_NET + leg);
    r->reduce_only = bot__truth(bot__members_get(body, "reduceOnly")) || bot__truth(bot__members_get(body, "closeOnTrigger"));
    if (!read_units(b, r->instrument, bot__members_get(body, "qty"), false, &r->lots)) return fail(o, 10001, "Qty invalid");
    if (r->type == BOT_LIMIT && !read_units(b, r->instrument, bot__members_get(body, "price"), true, &r->price_ticks))
        return fail(o, 10001, "Price invalid");
    if (r->lots == 0 && r->reduce_only) { /* "0" closes what there is */
        const int64_t held = bot__exchange_position(b->x, account, r->instrument, r->leg)->lots;
        r->lots = held < 0 ? -held : held;
        if (r->lots == 0) return fail(o, 110017, "current position is zero, cannot fix reduce-only order qty");
    }
    return true;
}

/* The order that a request names; orderId wins over orderLinkId. */
static const struct exchange_order *named(struct simvenue *b, uint32_t account, struct slice body, struct outcome *o)
{
    char id[64];
    bot__plain(bot__member(body, "orderId"), id, sizeof id);
    bot__plain(bot__member(body, "orderLinkId"), o->link_id, sizeof o->link_id);
    const struct exchange_order *found = NULL;
    if (id[0] != '\0') found = bot__exchange_order(b->x, account, bot__simbybit_uuid_read(b, SALT_ORDER, id));
    else if (o->link_id[0] != '\0') found = bot__exchange_order_by_link(b->x, account, o->link_id);
    else fail(o, 10001, "params error: OrderLinkId or orderId is required");
    if (found != NULL) {
        bot__simbybit_uuid(b, SALT_ORDER, found->id, o->order_id);
        memcpy(o->link_id, found->link_id, sizeof found->link_id);
    }
    return found;
}

static int32_t code_of(int refusal, bool amend, const char **ret_message)
{
    static const struct { int32_t code; const char *text; } codes[] = {
        [EXCHANGE_TAKEN] = { 0, "OK" },
        [EXCHANGE_BAD_INSTRUMENT] = { 10001, "params error: symbol invalid" },
        [EXCHANGE_BAD_QTY] = { 10001, "The number of contracts exceeds maximum limit allowed or is below the minimum limit" },
        [EXCHANGE_BAD_PRICE] = { 10001, "params error: Price invalid" },
        [EXCHANGE_PRICE_BAND] = { 110003, "Order price exceeds the allowable range." },
        [EXCHANGE_BELOW_NOTIONAL] = { 110094, "Order does not meet minimum order value 5USDT" },
        [EXCHANGE_NO_BALANCE] = { 110007, "ab not enough for new order" },
        [EXCHANGE_REDUCE_ONLY] = { 110017, "current position is zero, cannot fix reduce-only order qty" },
        [EXCHANGE_BAD_LEG] = { 10001, "position idx not match position mode" },
        [EXCHANGE_DUPLICATE_LINK] = { 110072, "OrderLinkedID is duplicate" },
        [EXCHANGE_TOO_MANY_ORDERS] = { 110020, "You can't have more than 500 active orders under this symbol" },
        [EXCHANGE_NOT_FOUND] = { 110001, "order not exists or too late to cancel" },
        [EXCHANGE_ALREADY_DONE] = { 110001, "order not exists or too late to cancel" },
        [EXCHANGE_NOTHING_CHANGED] = { 10001, "The order remains unchanged as the parameters entered match the existing ones." },
        [EXCHANGE_MODE_IN_USE] = { 110024, "You have an existing position or open orders, so position mode cannot be switched." },
        [EXCHANGE_CLOSED] = { 110023, "Currently you can only reduce your positions." },
        [EXCHANGE_HALTED] = { 10016, "Server error, please try again later." },
    };
    *ret_message = amend && codes[refusal].code == 110001 ? "order not exists or too late to replace" : codes[refusal].text;
    return codes[refusal].code;
}

/* ---- what is taken in and not done yet ------------------------------------------------------------------------- */

static void note_one(struct simvenue *b, enum route_id route, const char *category, const struct members *body, struct simvenue_weight *w)
{
    struct outcome o = { 0 };
    if (route == ROUTE_CREATE || route == ROUTE_CREATE_BATCH) {
        struct exchange_request r;
        if (read_create(b, w->account, category, body, &r, &o) && !r.reduce_only && r.leg != (r.side == BOT_BUY ? BOT_LEG_SHORT : BOT_LEG_LONG)) bot__simvenue_note(w, r.instrument, (uint8_t)r.side, r.lots, 0);
        return;
    }
    if (route != ROUTE_AMEND && route != ROUTE_AMEND_BATCH) return;
    const struct exchange_order *order = named(b, w->account, body->object, &o);
    int64_t lots;
    if (order != NULL && order->leaves_lots > 0 && read_units(b, order->instrument, bot__members_get(body, "qty"), false, &lots))
        bot__simvenue_note(w, order->instrument, order->side, lots - order->lots, order->id);
}

void bot__simbybit_weigh_call(struct simvenue *b, enum route_id route, struct slice body, struct simvenue_weight *w)
{
    char category[16];
    struct members m;
    bot__members(body, &m);
    bot__plain(bot__members_get(&m, "category"), category, sizeof category);
    const struct slice list = bot__members_get(&m, "request");
    struct slice one;
    w->n = 0;
    if (list.p == NULL) note_one(b, route, category, &m, w);
    for (size_t at = 0; bot__items(list, &at, &one);) {
        bot__members(one, &m);
        note_one(b, route, category, &m, w);
    }
}

/* ---- carrying out ---------------------------------------------------------------------------------------------- */

static void do_create(struct simvenue *b, const struct call *c, const char *category, struct slice body, struct outcome *o)
{
    struct exchange_request r;
    struct members m;
    uint64_t id = 0;
    bot__members(body, &m);
    if (!read_create(b, c->account, category, &m, &r, o)) return;
    b->client[c->account].orders++;
    o->code = code_of(bot__exchange_submit(b->x, b->now, &r, &id), false, &o->message);
    if (o->code == 0) bot__simbybit_uuid(b, SALT_ORDER, id, o->order_id);
}

static void do_amend(struct simvenue *b, const struct call *c, struct slice body, struct outcome *o)
{
    const struct exchange_order *order = named(b, c->account, body, o);
    if (o->code != 0) return;
    if (order == NULL || bot__faults_hit(&b->faults, FAULT_REST_FORGET, FAULT_ON_AMEND, c->account, b->now) != NULL) {
        if (order != NULL) bot__faults_bit(&b->faults, FAULT_REST_FORGET);
        o->code = code_of(EXCHANGE_NOT_FOUND, true, &o->message);
        return;
    }
    int64_t lots, ticks;
    if (!read_units(b, order->instrument, bot__member(body, "qty"), false, &lots) ||
        !read_units(b, order->instrument, bot__member(body, "price"), true, &ticks)) {
        fail(o, 10001, "Qty or price invalid");
        return;
    }
    o->code = code_of(bot__exchange_amend(b->x, b->now, c->account, order->id, lots, ticks), true, &o->message);
}

static void do_cancel(struct simvenue *b, const struct call *c, struct slice body, struct outcome *o)
{
    const struct exchange_order *order = named(b, c->account, body, o);
    if (o->code != 0) return;
    if (order == NULL || bot__faults_hit(&b->faults, FAULT_REST_FORGET, FAULT_ON_CANCEL, c->account, b->now) != NULL) {
        if (order != NULL) bot__faults_bit(&b->faults, FAULT_REST_FORGET);
        o->code = code_of(EXCHANGE_NOT_FOUND, false, &o->message);
        return;
    }
    const bool canceled = order->status == BOT_ORDER_CANCELED;
    const int refusal = bot__exchange_cancel(b->x, b->now, c->account, order->id);
    o->code = code_of(refusal, false, &o->message);
    if (refusal == EXCHANGE_ALREADY_DONE && canceled) fail(o, 110010, "The order has been cancelled");
}

static void do_cancel_all(struct simvenue *b, const struct call *c, const char *category, struct slice body, struct reply *r)
{
    struct outcome o = { .message = "OK" };
    char symbol[BOT_SYMBOL_MAX + 1], settle[16], base[16];
    bot__plain(bot__member(body, "symbol"), symbol, sizeof symbol);
    bot__plain(bot__member(body, "settleCoin"), settle, sizeof settle);
    bot__plain(bot__member(body, "baseCoin"), base, sizeof base);
    uint16_t only = 0;
    if (symbol[0] != '\0') {
        if (!read_instrument(b, category, bot__member(body, "symbol"), &o, &only)) {
            r->code = o.code;
            r->message = o.message;
            return;
        }
    } else if (settle[0] == '\0' && base[0] == '\0') {
        r->code = 10001;
        r->message = "params error: symbol, settleCoin or baseCoin is required";
        return;
    }
    if (bot__exchange_mode(b->x) == EXCHANGE_MODE_HALTED) {
        r->code = code_of(EXCHANGE_HALTED, false, &r->message);
        return;
    }
    bot__text_put(&r->result, "{'list':[");
    uint32_t listed = 0;
    for (uint16_t i = 0; i < b->instruments_n; i++) {
        const struct exchange_instrument *in = &b->instrument[i];
        if (strcmp(bot__simbybit_category(in), category) != 0 || (symbol[0] != '\0' && i != only) ||
            (settle[0] != '\0' && strcmp(settle, in->settle.s) != 0) || (base[0] != '\0' && strcmp(base, in->base.s) != 0))
            continue;
        const uint32_t n = bot__exchange_orders_at(b->x, c->account, i, INT64_MAX, EXCHANGE_ORDERS_OPEN, b->orders, 500);
        for (uint32_t k = 0; k < n; k++) {
            char id[37];
            bot__simbybit_uuid(b, SALT_ORDER, b->orders[k].id, id);
            bot__text_put(&r->result, "%s{'orderId':'%s','orderLinkId':'%s'}", listed++ > 0 ? "," : "", id, b->orders[k].link_id);
        }
        bot__exchange_cancel_all(b->x, b->now, c->account, i);
    }
    bot__text_put(&r->result, "],'success':'1'}");
}

static void do_batch(struct simvenue *b, const struct call *c, const char *category, struct slice body, struct reply *r)
{
    const struct slice list = bot__member(body, "request");
    struct slice one;
    uint32_t n = 0;
    for (size_t at = 0; bot__items(list, &at, &one);) n++;
    if (n == 0 || n > BATCH_MAX) {
        r->code = 10001;
        r->message = "params error: request must hold 1 to 20 orders";
        return;
    }
    n = 0;
    bot__text_put(&r->result, "{'list':[");
    bot__text_put(&r->extra, "{'list':[");
    for (size_t at = 0; bot__items(list, &at, &one); n++) {
        struct outcome o = { .message = "OK" };
        if (c->route == ROUTE_CREATE_BATCH) do_create(b, c, category, one, &o);
        else if (c->route == ROUTE_AMEND_BATCH) do_amend(b, c, one, &o);
        else do_cancel(b, c, one, &o);
        char symbol[BOT_SYMBOL_MAX + 1];
        bot__plain(bot__member(one, "symbol"), symbol, sizeof symbol);
        bot__text_put(&r->result, "%s{'category':'%s','symbol':'%s','orderId':'%s','orderLinkId':'%s'}", n > 0 ? "," : "", category, symbol,
                      o.order_id, link_id_fits(o.link_id) ? o.link_id : "");
        bot__text_put(&r->extra, "%s{'code':%d,'msg':'%s'}", n > 0 ? "," : "", (int64_t)o.code, o.message);
    }
    bot__text_put(&r->result, "]}");
    bot__text_put(&r->extra, "]}");
}

static void do_switch_mode(struct simvenue *b, const struct call *c, const char *category, struct slice body, struct reply *r)
{
    char mode[8], symbol[BOT_SYMBOL_MAX + 1], coin[16];
    bot__plain(bot__member(body, "mode"), mode, sizeof mode);
    bot__plain(bot__member(body, "symbol"), symbol, sizeof symbol);
    bot__plain(bot__member(body, "coin"), coin, sizeof coin);
    if ((strcmp(mode, "0") != 0 && strcmp(mode, "3") != 0) || strcmp(category, "linear") != 0 || (symbol[0] == '\0' && coin[0] == '\0')) {
        r->code = 10001;
        r->message = "params error: category, mode or symbol invalid";
        return;
    }
    uint32_t done = 0;
    for (uint16_t i = 0; i < b->instruments_n && r->code == 0; i++) {
        const struct exchange_instrument *in = &b->instrument[i];
        if (in->contract != BOT_LINEAR || strcmp(symbol[0] != '\0' ? in->symbol.s : in->settle.s, symbol[0] != '\0' ? symbol : coin) != 0) continue;
        const bool hedge = mode[0] == '3';
        if (bot__exchange_hedge(b->x, c->account, i) != hedge)
            r->code = code_of(bot__exchange_hedge_set(b->x, c->account, i, hedge), false, &r->message), done++;
    }
    if (done == 0 && r->code == 0) {
        r->code = 110025;
        r->message = "Position mode is not modified";
    }
}

void bot__simbybit_write(struct simvenue *b, const struct call *c, struct slice body, struct reply *r)
{
    char category[16];
    if (!bot__is_object(body)) {
        r->code = 10001;
        r->message = "Request parameter error.";
        return;
    }
    if (b->opt.read_only) {
        r->code = 10005;
        r->message = "Permission denied, please check your API key permissions.";
        return;
    }
    bot__plain(bot__member(body, "category"), category, sizeof category);
    if (c->route != ROUTE_DEAD_MAN && strcmp(category, "linear") != 0 && strcmp(category, "inverse") != 0) {
        r->code = 10001;
        r->message = category[0] == '\0' ? "params error: category is required" : "params error: category invalid";
        return;
    }
    struct outcome o = { .message = "OK" };
    switch (c->route) {
    case ROUTE_CREATE: do_create(b, c, category, body, &o); break;
    case ROUTE_AMEND: do_amend(b, c, body, &o); break;
    case ROUTE_CANCEL: do_cancel(b, c, body, &o); break;
    case ROUTE_CANCEL_ALL: do_cancel_all(b, c, category, body, r); return;
    case ROUTE_SWITCH_MODE: do_switch_mode(b, c, category, body, r); return;
    case ROUTE_LEVERAGE:
        r->code = 110043;
        r->message = "Set leverage has not been modified.";
        return;
    case ROUTE_DEAD_MAN: /* only for institutional clients */
        r->code = 10005;
        r->message = "Permission denied, please check your API key permissions.";
        return;
    default: do_batch(b, c, category, body, r); return;
    }
    r->code = o.code;
    r->message = o.message;
    bot__text_put(&r->result, "{'orderId':'%s','orderLinkId':'%s'}", o.order_id, link_id_fits(o.link_id) ? o.link_id : "");
}
