/* What a strategy asks of its account: orders, limits, positions; and what a person asks: how are the streams, the budget? */
#include "io/account_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rate.h"

/* What is wrong with a bot's options, so that the core is not told of half a bot; NULL: nothing. */
static const char *options_wrong(const bot_options *o)
{
    const struct { bot_i128 value; const char *text; } amounts[] = {
        { o->limits.position_max.v, "options.limits.position_max is below zero" }, { o->limits.order_qty_max.v, "options.limits.order_qty_max is below zero" },
        { o->limits.notional_max.v, "options.limits.notional_max is below zero" }, { o->limits.loss_max.v, "options.limits.loss_max is below zero" },
    };
    if (o->scope != BOT_SCOPE_ACCOUNT && o->scope != BOT_SCOPE_OWN)
        return "options.scope is neither BOT_SCOPE_ACCOUNT nor BOT_SCOPE_OWN";
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
        if (amounts[i].value < 0)
            return amounts[i].text;
    return o->limits.orders_per_s_max > BOT_ORDERS_PER_S_MAX ? "options.limits.orders_per_s_max: 0..64" : NULL;
}

int bot_attach(bot_account *account, const bot_options *options, bot_handle **ret_bot)
{
    bot_account *a = account;
    bot_options o;
    bot_options_init(&o);
    if (a == NULL || options == NULL || ret_bot == NULL)
        return bot__account_refuse(BOT_ERR_INVALID, "account, options and ret_bot must not be NULL");
    if (a->closing || a->leaving)
        return bot__account_refuse(BOT_ERR_CLOSED, "the account is being closed");
    if (options->struct_size < OPTIONS_SIZE_MIN || options->struct_size > OPTIONS_SIZE_MAX)
        return bot__account_refuse(BOT_ERR_OPTIONS, "options.struct_size is %zu: call bot_options_init before setting anything", options->struct_size);
    if (!bot__account_take_options(&o, sizeof o, options, options->struct_size))
        return bot__account_refuse(BOT_ERR_OPTIONS, "options were written for a newer library and set something that this one does not know");
    const char *wrong = options_wrong(&o);
    if (wrong != NULL)
        return bot__account_refuse(BOT_ERR_OPTIONS, "%s", wrong);
    const uint32_t bots_max = bot__session_options(a->session)->core.bots_max;
    if (a->bots_n == BOTS_MAX || a->bots_n >= bots_max)
        return bot__account_refuse(BOT_ERR_FULL, "%u bots are attached already: options.core.bots_max of the account is %u, at most %u", a->bots_n, bots_max, BOTS_MAX);
    bot_handle *b = calloc(1, sizeof *b);
    if (b == NULL)
        return bot__account_refuse(BOT_ERR_NOMEM, "out of memory");
    *b = (bot_handle){ .account = a, .index = a->bots_n, .callbacks = o.callbacks, .user_data = o.user_data };
    bot_event ev = { .kind = BOT_EV_ATTACH, .attach = { .bot = b->index, .scope = o.scope, .sends_orders = !o.watch_only } };
    snprintf(ev.attach.name, sizeof ev.attach.name, "%.23s", o.name != NULL ? o.name : "bot");
    int r = account_command(a, &ev);
    for (uint32_t i = 0; i < a->instruments_n && r >= 0; i++) {
        /* What the program says at start is said explicitly: it may be looser than what a journal remembers. */
        bot_event limits = { .kind = BOT_EV_LIMITS, .limits = { .bot = b->index, .loosen = true, .instrument = a->instruments[i], .limits = o.limits } };
        r = account_command(a, &limits);
    }
    if (r < 0) {
        free(b);
        return bot__account_refuse(r == BOT_ERR_INVALID ? BOT_ERR_OPTIONS : r, "the bot cannot be attached: %s", bot_strerror(r));
    }
    a->bots[a->bots_n++] = b;
    *ret_bot = b;
    return BOT_OK;
}

bot_account *bot_account_of(const bot_handle *bot) { return bot != NULL ? bot->account : NULL; }

static int after(const bot_handle *bot, int r, bot_refusal *ret_refusal)
{
    if (ret_refusal != NULL)
        *ret_refusal = *bot_core_last_refusal(bot__session_core(bot->account->session));
    return r;
}

static int refused(int code, const char *detail, bot_refusal *ret_refusal)
{
    if (ret_refusal != NULL)
        *ret_refusal = (bot_refusal){ .code = code, .detail = detail };
    return code;
}

/* A kill from another thread counts before the loop has heard of it. */
static bool killed(const bot_handle *bot, const bot_symbol *instrument, bot_leg leg, bot_refusal *ret_refusal)
{
    const bot_account *a = bot->account;
    if (!atomic_load(&a->killed) || a->kill_done)
        return false;
    const bot_core *core = bot__session_core(a->session);
    const int64_t i = instrument != NULL ? bot_core_find_instrument(core, instrument) : -1;
    bot_position p = { 0 };
    if (i >= 0)
        bot_core_position(core, (uint32_t)i, leg == BOT_LEG_LONG || leg == BOT_LEG_SHORT ? leg : BOT_LEG_NET, &p);
    if (ret_refusal != NULL)
        *ret_refusal = (bot_refusal){ .code = BOT_ERR_GATE_SHUT, .reasons = BOT_GATE_KILL, .position_low = p.low, .position_high = p.high,
                                      .working_buy = p.working_buy, .working_sell = p.working_sell };
    return true;
}

int bot_submit(bot_handle *bot, const bot_order_request *order, bot_id *ret_client_id, bot_refusal *ret_refusal)
{
    if (bot == NULL || order == NULL)
        return refused(BOT_ERR_INVALID, "no bot, or no order: NULL", ret_refusal);
    if (bot->account->closing || bot->account->leaving)
        return refused(BOT_ERR_CLOSED, NULL, ret_refusal);
    if (order->instrument.len > BOT_SYMBOL_MAX)
        return refused(BOT_ERR_INVALID, "the instrument's name is longer than any", ret_refusal);
    if (killed(bot, &order->instrument, order->leg, ret_refusal))
        return BOT_ERR_GATE_SHUT;
    bot__account_look_at_journal(bot->account);
    bot_event ev = { .kind = BOT_EV_SUBMIT, .submit = { .bot = bot->index, .order = *order } };
    if (ev.submit.order.leg == BOT_LEG_NONE)
        ev.submit.order.leg = BOT_LEG_NET;
    const int r = account_command(bot->account, &ev);
    if (ret_client_id != NULL && r >= 0)
        *ret_client_id = ev.submit.client_id;
    return after(bot, r, ret_refusal);
}

static bool id_good(const bot_id *id) { return id != NULL && id->len <= BOT_ID_MAX; }

int bot_amend(bot_handle *bot, const bot_id *client_id, bot_qty qty, bot_px price, bot_refusal *ret_refusal)
{
    if (bot == NULL || !id_good(client_id))
        return refused(BOT_ERR_INVALID, "no bot, or no client id", ret_refusal);
    if (bot->account->closing || bot->account->leaving)
        return refused(BOT_ERR_CLOSED, NULL, ret_refusal);
    if (killed(bot, NULL, BOT_LEG_NONE, ret_refusal))
        return BOT_ERR_GATE_SHUT;
    bot__account_look_at_journal(bot->account);
    bot_event ev = { .kind = BOT_EV_AMEND, .amend = { .bot = bot->index, .client_id = *client_id, .qty = qty, .price = price } };
    return after(bot, account_command(bot->account, &ev), ret_refusal);
}

int bot_cancel(bot_handle *bot, const bot_id *client_id)
{
    if (bot == NULL || !id_good(client_id))
        return BOT_ERR_INVALID;
    if (bot->account->closing)
        return BOT_ERR_CLOSED;
    bot_event ev = { .kind = BOT_EV_CANCEL, .cancel = { .bot = bot->index, .client_id = *client_id } };
    return account_command(bot->account, &ev);
}

int bot_cancel_all(bot_handle *bot)
{
    if (bot == NULL)
        return BOT_ERR_INVALID;
    if (bot->account->closing)
        return BOT_ERR_CLOSED;
    bot_event ev = { .kind = BOT_EV_CANCEL_ALL, .cancel = { .bot = bot->index } };
    return account_command(bot->account, &ev);
}

int bot_get_orders(const bot_handle *bot, bot_order_info *ret, uint32_t n)
{
    if (bot == NULL || (ret == NULL && n != 0))
        return BOT_ERR_INVALID;
    return (int)bot_core_orders(bot__session_core(bot->account->session), bot->index, ret, n);
}

static int64_t find(const bot_handle *bot, const char *instrument)
{
    bot_symbol s;
    if (instrument == NULL || !bot__symbol_set(&s, instrument, strlen(instrument)))
        return BOT_ERR_NOT_FOUND;
    return bot_core_find_instrument(bot__session_core(bot->account->session), &s);
}

int bot_set_limits(bot_handle *bot, const char *instrument, const bot_limits *limits, bool loosen)
{
    if (bot == NULL || instrument == NULL || limits == NULL)
        return BOT_ERR_INVALID;
    if (bot->account->closing)
        return BOT_ERR_CLOSED;
    bot_event ev = { .kind = BOT_EV_LIMITS, .limits = { .bot = bot->index, .loosen = loosen, .limits = *limits } };
    if (!bot__symbol_set(&ev.limits.instrument, instrument, strlen(instrument)))
        return BOT_ERR_INVALID;
    /* The account's own may still be loading; any other must be known, or a limit with a slip in its name would limit nothing. */
    bool own = find(bot, instrument) >= 0;
    for (uint32_t i = 0; i < bot->account->instruments_n; i++)
        own = own || bot__symbol_eq(&bot->account->instruments[i], &ev.limits.instrument);
    if (!own)
        return BOT_ERR_NOT_FOUND;
    return account_command(bot->account, &ev);
}

int bot_get_position(const bot_handle *bot, const char *instrument, bot_leg leg, bot_position *ret)
{
    if (bot == NULL || ret == NULL || leg < BOT_LEG_NET || leg > BOT_LEG_SHORT)
        return BOT_ERR_INVALID;
    const int64_t i = find(bot, instrument);
    if (i < 0)
        return (int)i;
    bot_core_position(bot__session_core(bot->account->session), (uint32_t)i, leg, ret);
    return BOT_OK;
}

int bot_get_own_position(const bot_handle *bot, const char *instrument, bot_leg leg, bot_position *ret)
{
    if (bot == NULL || ret == NULL || leg < BOT_LEG_NET || leg > BOT_LEG_SHORT)
        return BOT_ERR_INVALID;
    const int64_t i = find(bot, instrument);
    if (i < 0)
        return (int)i;
    bot_core_bot_position(bot__session_core(bot->account->session), bot->index, (uint32_t)i, leg, ret);
    return BOT_OK;
}

int bot_get_instrument(const bot_handle *bot, const char *instrument, bot_instrument *ret)
{
    if (bot == NULL || ret == NULL)
        return BOT_ERR_INVALID;
    const int64_t i = find(bot, instrument);
    return i >= 0 && bot_core_instrument_get(bot__session_core(bot->account->session), (uint32_t)i, ret) ? BOT_OK : BOT_ERR_NOT_FOUND;
}

bool bot_is_open(const bot_handle *bot)
{
    return bot != NULL && !bot->account->leaving && !atomic_load(&bot->account->killed) && bot_core_gate_open(bot__session_core(bot->account->session), account_now(bot->account));
}

void bot_get_gate(const bot_handle *bot, bot_gate_state *ret)
{
    if (bot != NULL && ret != NULL)
        bot_core_gate_state(bot__session_core(bot->account->session), account_now(bot->account), ret);
}

bool bot_reference_price(const bot_handle *bot, const char *instrument, bot_px *ret_price)
{
    bot_symbol s;
    bot_ts at;
    if (bot == NULL || instrument == NULL || ret_price == NULL || !bot__symbol_set(&s, instrument, strlen(instrument)) ||
        !bot__session_reference(bot->account->session, &s, ret_price, &at))
        return false;
    return account_now(bot->account) - at <= bot__session_options(bot->account->session)->core.reference_age_max_ns;
}

bool bot_best_prices(const bot_handle *bot, const char *instrument, bot_px *ret_bid, bot_px *ret_ask)
{
    bot_symbol s;
    bot_ts at;
    return bot != NULL && instrument != NULL && ret_bid != NULL && ret_ask != NULL && bot__symbol_set(&s, instrument, strlen(instrument)) &&
           bot__session_best(bot->account->session, &s, ret_bid, ret_ask, &at);
}

int bot_get_book(const bot_handle *bot, const char *instrument, bot_level *bids, uint32_t *bids_n, bot_level *asks, uint32_t *asks_n)
{
    bot_symbol s;
    if (bot == NULL || instrument == NULL || bids_n == NULL || asks_n == NULL || (bids == NULL && *bids_n != 0) || (asks == NULL && *asks_n != 0))
        return BOT_ERR_INVALID;
    const struct session_options *o = bot__session_options(bot->account->session);
    if (!bot__symbol_set(&s, instrument, strlen(instrument)))
        return BOT_ERR_NOT_FOUND;
    for (uint32_t i = 0; i < o->instruments_n; i++)
        if (bot__symbol_eq(&o->instruments[i], &s))
            return bot__session_book(bot->account->session, &s, bids, bids_n, asks, asks_n) ? BOT_OK : BOT_ERR_STATE;
    return BOT_ERR_NOT_FOUND;
}

int bot_account_rearm(bot_account *account, uint32_t latch, const char *reason)
{
    if (account == NULL)
        return BOT_ERR_INVALID;
    if (account->closing)
        return BOT_ERR_CLOSED;
    bot_event ev = { .kind = BOT_EV_REARM, .rearm = { .latch = latch } };
    snprintf(ev.rearm.reason, sizeof ev.rearm.reason, "%.55s", reason != NULL ? reason : "");
    if (latch == BOT_GATE_KILL) {
        bot__account_look_at_kill(account); /* first the kill, with its cancels, then its end */
        /* Before the command: a kill that another thread asks for meanwhile is the next one. Until then the core keeps the gate shut. */
        account->kill_done = false;
        atomic_store(&account->killed, false);
    }
    return account_command(account, &ev);
}

void bot_account_stream(const bot_account *account, bot_stream stream, bot_stream_info *ret)
{
    struct session_stream_view v;
    if (ret == NULL)
        return;
    *ret = (bot_stream_info){ .age_ns = -1 };
    if (account == NULL || (unsigned)stream >= BOT_STREAM_COUNT)
        return;
    bot__session_stream(account->session, stream, account_now(account), &v);
    *ret = (bot_stream_info){ .up = v.up, .age_ns = v.age_ns, .lag_ns = v.lag_ns };
}

int bot_account_rate(const bot_account *account, const char *instrument, bot_rate_info *ret)
{
    bot_symbol s;
    bot__rate_view v;
    if (account == NULL || instrument == NULL || ret == NULL)
        return BOT_ERR_INVALID;
    if (!bot__symbol_set(&s, instrument, strlen(instrument)) || !bot__session_rate(account->session, &s, &v))
        return BOT_ERR_NOT_FOUND;
    *ret = (bot_rate_info){ .rate_milli = v.rate_milli, .reference_milli = v.reference_milli, .learning = v.state == BOT__RATE_LEARNING,
                            .dropped = v.state == BOT__RATE_DROPPED };
    return BOT_OK;
}

int bot_account_budget(const bot_account *account, uint32_t i, bot_budget_info *ret)
{
    struct budget_view v;
    if (account == NULL || ret == NULL)
        return BOT_ERR_INVALID;
    if (account->budget == NULL || i >= account->venue->scopes_n)
        return BOT_ERR_NOT_FOUND;
    const bot_ts now = bot__transport_uv_now().now;
    if (bot__budget_view(bot__shared_budget_of(account->budget), account->budget_account, i, now, &v) < 0)
        return BOT_ERR_NOT_FOUND;
    *ret = (bot_budget_info){ .scope = account->venue->scopes[i].name, .limit = v.limit, .used = v.used, .window_ns = account->venue->scopes[i].window_ns,
                              .shut_ns = v.shut_until > now ? v.shut_until - now : 0 };
    return BOT_OK;
}

static int64_t scope_of(const bot_account *a, const char *name)
{
    for (uint32_t i = 0; name != NULL && a->budget != NULL && i < a->venue->scopes_n; i++)
        if (strcmp(a->venue->scopes[i].name, name) == 0)
            return i;
    return BOT_ERR_NOT_FOUND;
}

static int request_of(const bot_account *a, const bot_budget_draw *draws, uint32_t n, struct budget_request *ret)
{
    if (a == NULL || draws == NULL || n == 0 || n > BUDGET_DRAWS_MAX)
        return BOT_ERR_INVALID;
    if (a->closing)
        return BOT_ERR_CLOSED;
    *ret = (struct budget_request){ .cls = BUDGET_REST, .account = a->budget_account, .draws_n = n };
    for (uint32_t i = 0; i < n; i++) {
        const int64_t scope = scope_of(a, draws[i].scope);
        if (scope < 0)
            return (int)scope;
        for (uint32_t k = 0; k < i; k++)
            if (ret->draws[k].scope == (uint32_t)scope)
                return BOT_ERR_INVALID;
        ret->draws[i] = (struct budget_draw){ (uint32_t)scope, draws[i].units };
    }
    return BOT_OK;
}

int bot_account_budget_take(bot_account *account, const bot_budget_draw *draws, uint32_t n, int64_t *ret_wait_ns)
{
    struct budget_request rq;
    int r = request_of(account, draws, n, &rq);
    if (r < 0)
        return r;
    struct budget *b = bot__shared_budget_of(account->budget);
    const bot_ts now = bot__transport_uv_now().now;
    r = bot__budget_take(b, &rq, now);
    if (r == BOT_ERR_BUDGET && ret_wait_ns != NULL) {
        const bot_ts at = bot__budget_ready_at(b, &rq, now);
        /* What is in flight may be all that stands in the way: then it is worth asking soon, and never at once. */
        *ret_wait_ns = at == BOT_TS_NEVER ? INT64_MAX : at - now > BOT_NS_PER_MS ? at - now : BOT_NS_PER_MS;
    }
    return r;
}

int bot_account_budget_done(bot_account *account, const bot_budget_draw *draws, uint32_t n, bool sent)
{
    struct budget_request rq;
    const int r = request_of(account, draws, n, &rq);
    if (r == BOT_OK)
        (sent ? bot__budget_done : bot__budget_unsent)(bot__shared_budget_of(account->budget), &rq, bot__transport_uv_now().now);
    return r;
}

int bot_account_budget_refused(bot_account *account, const char *scope, bool ban, int64_t for_ns)
{
    if (account == NULL || for_ns < 0)
        return BOT_ERR_INVALID;
    if (account->closing)
        return BOT_ERR_CLOSED;
    const int64_t i = scope_of(account, scope);
    if (i < 0)
        return (int)i;
    bot__budget_refused(bot__shared_budget_of(account->budget), account->budget_account, (uint32_t)i, ban, for_ns, bot__transport_uv_now().now);
    return BOT_OK;
}

bot_ts bot_account_now(const bot_account *account) { return account != NULL ? account_now(account) : 0; }
const bot_core *bot_account_core(const bot_account *account) { return account != NULL ? bot__session_core(account->session) : NULL; }
const char *bot_account_name(const bot_account *account) { return account != NULL ? account->name : ""; }

void bot_account_stats_get(const bot_account *account, bot_account_stats *ret)
{
    if (ret == NULL)
        return;
    memset(ret, 0, sizeof *ret);
    if (account == NULL)
        return;
    bot_core_stats_get(bot__session_core(account->session), &ret->core);
    if (account->journal != NULL)
        bot__journal_stats_get(account->journal, &ret->journal);
    struct session_stats s;
    bot__session_stats_get(account->session, &s);
    ret->ws_messages = s.ws_messages;
    ret->ws_bytes = s.ws_bytes;
    ret->ws_undecodable = s.ws_undecodable;
    ret->ws_connects = s.ws_connects;
    ret->ws_losses = s.ws_losses;
    ret->http_requests = s.http_requests;
    ret->http_failures = s.http_failures;
    ret->http_timeouts = s.http_timeouts;
    ret->reads_waited = s.reads_waited;
    ret->orders_sent = s.orders_sent;
    ret->public_trades = s.public_trades;
    ret->book_gaps = s.book_gaps;
    ret->book_resyncs = s.book_resyncs;
    ret->clock_offset_ns = s.clock_offset_ns;
    ret->clock_error_ns = s.clock_error_ns;
    ret->private_ready = s.ready[BOT_STREAM_PRIVATE];
    ret->public_ready = s.ready[BOT_STREAM_PUBLIC];
}
