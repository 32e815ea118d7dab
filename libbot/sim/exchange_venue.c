/* What the venue does of itself: liquidation, auto-deleveraging, funding; and the end of a call, when all that has changed is told. */
#include "exchange_state.h"

static int64_t close_out(struct exchange *x, uint32_t account, uint16_t instrument, uint8_t leg, int64_t lots)
{
    struct holding *h = &x->account[account].holding[instrument];
    const int64_t held = leg_of(h, leg)->lots, size = min64(lots > 0 ? lots : INT64_MAX, abs64(held));
    if (size == 0) return 0;
    const struct exchange_request r = { .account = account, .instrument = instrument, .side = held > 0 ? BOT_SELL : BOT_BUY,
                                        .type = BOT_MARKET, .tif = BOT_IOC, .leg = leg, .reduce_only = true, .lots = size,
                                        .origin = EXCHANGE_BY_LIQUIDATION };
    uint64_t id = 0;
    if (bot__exchange_place(x, &r, &id) != EXCHANGE_TAKEN) return 0;
    return abs64(held) - abs64(leg_of(h, leg)->lots);
}

/* Liquidates who has to be. True when somebody was: look again. */
static bool check_margins(struct exchange *x, uint16_t instrument)
{
    const uint32_t currency = bot__exchange_currency(x, &x->instrument[instrument].def.settle);
    bool any = false;
    for (uint32_t n = 1; n < x->accounts_n; n++) {
        struct account *a = &x->account[n];
        bool holds = false;
        for (int leg = 0; leg < LEGS; leg++)
            holds |= a->holding[instrument].leg[leg].lots != 0;
        if (!holds || !a->liquidation || !bot__exchange_below_maintenance(x, n, currency)) continue;
        (void)bot__exchange_remove_all(x, n, instrument, EXCHANGE_END_LIQUIDATION, UINT32_MAX); /* resting orders go first */
        for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++)
            any |= close_out(x, n, instrument, leg, 0) > 0; /* an empty book: tried again with the next change */
    }
    return any;
}

void bot__exchange_call_begin(struct exchange *x, int64_t now_ns)
{
    if (now_ns > x->now) x->now = now_ns;
}

void bot__exchange_call_end(struct exchange *x)
{
    for (uint32_t i = 0; i < x->opt.instruments_n; i++) {
        struct instrument *in = &x->instrument[i];
        if (!in->book_changed) continue;
        const struct side *b = &in->side[0], *a = &in->side[1];
        in->mark = b->n > 0 && a->n > 0 ? (b->levels[b->n - 1].price + a->levels[a->n - 1].price) / 2 : in->last_price;
        /* Each liquidation takes an account's position away, so this ends. */
        while (check_margins(x, (uint16_t)i)) {}
    }
    for (uint32_t t = 0; t < x->touched_n; t++) {
        const uint32_t number = x->touched[t];
        struct account *a = &x->account[number];
        for (uint16_t i = 0; i < x->opt.instruments_n; i++)
            bot__exchange_reduce_only_trim(x, number, i);
        for (uint16_t i = 0; i < x->opt.instruments_n; i++)
            for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
                bool *touched = &a->holding[i].touched[leg - BOT_LEG_NET];
                if (!*touched) continue;
                *touched = false;
                bot__exchange_remember_position(x, number, i, leg);
                exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_POSITION, .account = number, .instrument = i,
                                                               .leg = leg, .seq = leg_of(&a->holding[i], leg)->seq });
            }
        for (uint32_t c = 0; c < x->currencies_n; c++)
            if (a->wallet_touched[c]) {
                a->wallet_touched[c] = false;
                uint16_t i = 0;
                while (bot__exchange_currency(x, &x->instrument[i].def.settle) != c) i++;
                exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_WALLET, .account = number, .instrument = i });
            }
    }
    x->touched_n = 0;
    for (uint16_t i = 0; i < x->opt.instruments_n; i++)
        if (x->instrument[i].book_changed) {
            x->instrument[i].book_changed = false;
            exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_BOOK, .instrument = i, .seq = x->instrument[i].seq });
        }
    exchange_emit(x, (struct exchange_event){ .kind = EXCHANGE_EV_END });
}

int64_t bot__exchange_liquidate(struct exchange *x, int64_t now_ns, uint32_t account, uint16_t instrument, int64_t lots)
{
    if (x->mode == EXCHANGE_MODE_HALTED || account == EXCHANGE_HOUSE) return 0;
    bot__exchange_call_begin(x, now_ns);
    int64_t closed = 0;
    for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++)
        closed += close_out(x, account, instrument, leg, lots);
    bot__exchange_call_end(x);
    return closed;
}

/* Both sides by agreement of the venue: at the mark, against the house, without the book. */
int64_t bot__exchange_adl(struct exchange *x, int64_t now_ns, uint32_t account, uint16_t instrument, int64_t lots)
{
    if (account == EXCHANGE_HOUSE) return 0;
    bot__exchange_call_begin(x, now_ns);
    struct instrument *in = &x->instrument[instrument];
    struct holding *h = &x->account[account].holding[instrument];
    int64_t closed = 0;
    for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++) {
        const int64_t held = leg_of(h, leg)->lots, size = min64(lots > 0 ? lots : INT64_MAX, abs64(held));
        if (size == 0) continue;
        in->seq++;
        struct exchange_order mine = { .id = x->next_order++, .account = account, .instrument = instrument, .leg = leg,
                                       .side = held > 0 ? BOT_SELL : BOT_BUY, .type = BOT_LIMIT, .tif = BOT_GTC,
                                       .status = BOT_ORDER_FILLED, .origin = EXCHANGE_BY_ADL, .reduce_only = true,
                                       .price_ticks = in->mark, .lots = size, .cum_lots = size, .created_ns = x->now,
                                       .updated_ns = x->now, .mark_ticks_created = in->mark };
        struct exchange_order theirs = { .account = EXCHANGE_HOUSE, .instrument = instrument, .leg = BOT_LEG_NET,
                                         .side = held > 0 ? BOT_BUY : BOT_SELL };
        const uint64_t id = x->next_trade++;
        bot__exchange_apply(x, &mine, id, in->mark, size, true, BOT_FILL_ADL);
        bot__exchange_apply(x, &theirs, id, in->mark, size, true, BOT_FILL_ADL);
        bot__exchange_tell_order(x, &mine);
        closed += size;
    }
    bot__exchange_call_end(x);
    return closed;
}

void bot__exchange_fund(struct exchange *x, int64_t now_ns, uint16_t instrument, int32_t rate_e8)
{
    bot__exchange_call_begin(x, now_ns);
    x->instrument[instrument].seq++;
    for (uint32_t n = 0; n < x->accounts_n; n++)
        for (uint8_t leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++)
            bot__exchange_pay_funding(x, n, instrument, leg, rate_e8);
    bot__exchange_call_end(x);
}

void bot__exchange_seq_restart(struct exchange *x, uint16_t instrument, int64_t seq) { x->instrument[instrument].seq = seq; }
