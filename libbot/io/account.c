/* The public client: session, journal and transport of one account, from open to close. */
#include "io/account_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/transport_uv.h"
#include "io/url.h"
#include "journal/checkpoint.h"
#include "journal/market.h"

static _Thread_local char open_why[240];

const char *bot_account_open_why(void) { return open_why; }

int bot__account_refuse(int code, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(open_why, sizeof open_why, format, ap);
    va_end(ap);
    return code;
}

/* ---- options ---- */

void bot_account_options_init_sized(bot_account_options *options, size_t size)
{
    bot_account_options o = { .struct_size = size, .public_data = true, .monitors = true, .rate_alarms_per_day = 1 };
    bot_journal_options_init(&o.journal);
    bot_core_options_init(&o.core);
    if (options == NULL)
        return;
    memset(options, 0, size);
    memcpy(options, &o, size < sizeof o ? size : sizeof o);
}

void bot_options_init_sized(bot_options *options, size_t size)
{
    const bot_options o = { .struct_size = size, .name = "bot" };
    if (options == NULL)
        return;
    memset(options, 0, size);
    memcpy(options, &o, size < sizeof o ? size : sizeof o);
}

bool bot__account_take_options(void *to, size_t known, const void *from, size_t given)
{
    /* Not set by its init: whatever was set behind it must not be dropped, and what stands there is not its size. */
    if (given < OPTIONS_SIZE_MIN || given > OPTIONS_SIZE_MAX)
        return false;
    memcpy(to, from, given < known ? given : known);
    for (size_t i = known; i < given; i++)
        if (((const unsigned char *)from)[i] != 0)
            return false;
    return true;
}

static bool copy_url(char *to, const char *given, const char *standard)
{
    const char *from = given != NULL ? given : standard != NULL ? standard : "";
    const size_t n = strlen(from);
    if (n >= SESSION_URL_MAX)
        return false;
    memcpy(to, from, n + 1);
    return true;
}

/* ---- what the session tells ---- */

static void unreadable(void *self, bot_source source, const char *text, size_t len)
{
    bot_account *a = self;
    if (a->journal != NULL)
        (void)bot__journal_append_raw(a->journal, bot__transport_uv_now().now + a->ts_offset, source, text, len);
}

static void say(void *self, int level, const char *name, const char *text)
{
    const bot_account *a = self;
    if (a->log != NULL)
        a->log(a->log_user_data, (bot_log_level)level, name, text);
}

static void journal_event(void *self, const bot_event *ev)
{
    bot_account *a = self;
    if (a->recorder != NULL && ev->kind == BOT_EV_STREAM && ev->stream.stream == BOT_STREAM_PUBLIC)
        for (uint32_t i = 0; i < a->instruments_n; i++)
            bot__market_gap(a->recorder, &a->instruments[i]);
    if (a->journal != NULL)
        (void)bot__journal_append(a->journal, ev); /* a full ring shows in the state, which is looked at below */
}

static void market(void *self, const bot_event *ev)
{
    bot_account *a = self;
    if (a->recorder != NULL && ev->kind == BOT_EV_TRADE)
        bot__market_take(a->recorder, ev);
    for (uint32_t i = 0; i < a->bots_n && !a->closing; i++)
        if (a->bots[i]->callbacks.market != NULL)
            a->bots[i]->callbacks.market(a->bots[i], ev, a->bots[i]->user_data);
}

static bot_symbol symbol_of(const bot_account *a, uint32_t instrument)
{
    const bot_symbol *s = bot_core_instrument(bot__session_core(a->session), instrument);
    return s != NULL ? *s : (bot_symbol){ 0 };
}

static void tell_bot(bot_account *a, bot_handle *b, const bot_effect *e)
{
    const bot_callbacks *cb = &b->callbacks;
    const bot_core *core = bot__session_core(a->session);
    switch (e->kind) {
    case BOT_EFFECT_GATE:
        if (cb->gate != NULL) {
            bot_gate_state state;
            bot_core_gate_state(core, account_now(a), &state);
            cb->gate(b, &state, b->user_data);
        }
        break;
    case BOT_EFFECT_POSITION:
        if (cb->position != NULL) {
            bot_position p;
            bot_core_position(core, e->instrument, e->position.leg, &p);
            cb->position(b, &p, b->user_data);
        }
        break;
    case BOT_EFFECT_FILL: /* of money alone, too */
        if (e->fill.fill->kind == BOT_EV_FUNDING) {
            if (cb->funding != NULL)
                cb->funding(b, e->fill.fill, b->user_data);
        } else if (cb->fill != NULL && !e->fill.confirms && (e->fill.external || e->bot == b->index)) {
            cb->fill(b, e->fill.fill, e->fill.external, b->user_data);
        }
        break;
    case BOT_EFFECT_ORDER:
        if (cb->order != NULL && e->bot == b->index) {
            const bot_order_update u = { .client_id = e->order.client_id, .instrument = symbol_of(a, e->instrument), .status = e->order.status,
                                         .code = e->order.code, .venue_code = e->order.venue_code, .reason = e->order.reason };
            cb->order(b, &u, b->user_data);
        }
        break;
    case BOT_EFFECT_ALERT:
        if (cb->alert != NULL) {
            const bot_alert_info info = { .alert = e->alert.alert, .instrument = symbol_of(a, e->instrument), .ours = e->alert.ours,
                                          .venue = e->alert.venue, .value = e->alert.value, .text = e->alert.text };
            cb->alert(b, &info, b->user_data);
        }
        break;
    case BOT_EFFECT_VERDICT:
        if (cb->verdict != NULL) {
            const bot_verdict_info info = { .instrument = symbol_of(a, e->instrument), .leg = e->verdict.leg, .verdict = e->verdict.verdict,
                                            .evidence = e->verdict.evidence, .age_ns = e->verdict.age_ns, .ours = e->verdict.ours,
                                            .venue = e->verdict.venue, .outcome = e->verdict.outcome };
            cb->verdict(b, &info, b->user_data);
        }
        break;
    default: break;
    }
}

static void effect(void *self, const bot_effect *e)
{
    bot_account *a = self;
    if (e->kind == BOT_EFFECT_ALERT) {
        char text[240];
        snprintf(text, sizeof text, "%s%s%s: %s", bot_alert_name(e->alert.alert), e->instrument != UINT32_MAX ? " " : "",
                 symbol_of(a, e->instrument).s, e->alert.text);
        say(a, BOT_LOG_WARNING, "alert", text);
    }
    for (uint32_t i = 0; i < a->bots_n && !a->closing; i++)
        tell_bot(a, a->bots[i], e);
}

/* ---- the journal's health, kill ---- */

void bot__account_look_at_journal(bot_account *a)
{
    if (a->journal == NULL || a->closing)
        return;
    const enum journal_state state = bot__journal_state(a->journal, bot__transport_uv_now().now);
    const bool bad = state != JOURNAL_OK;
    if (bad == a->journal_bad)
        return;
    a->journal_bad = bad;
    bot_event ev = { .kind = BOT_EV_JOURNAL, .monitor = { .ok = !bad, .value = (int64_t)state } };
    char text[200] = "the disk is back";
    if (bad)
        bot__journal_state_text(a->journal, bot__transport_uv_now().now, text, sizeof text);
    snprintf(ev.monitor.reason, sizeof ev.monitor.reason, "%.31s", text);
    say(a, bad ? BOT_LOG_ERROR : BOT_LOG_INFO, bad ? "journal_failed" : "journal_ok", text);
    (void)account_command(a, &ev);
    /* Nothing else would bring a kill back that was lost with a full ring: the next run would trade. */
    bot_gate_state gate;
    bot_core_gate_state(bot__session_core(a->session), bot__transport_uv_now().now + a->ts_offset, &gate);
    bot_event kill = { .kind = BOT_EV_KILL };
    if (!bad && (gate.reasons & BOT_GATE_KILL) != 0)
        (void)account_command(a, &kill);
}

void bot__account_look_at_kill(bot_account *a)
{
    if (!atomic_load(&a->killed) || a->kill_done)
        return;
    a->kill_done = true;
    bot_event ev = { .kind = BOT_EV_KILL };
    (void)account_command(a, &ev);
}

static void on_wake(uv_async_t *handle)
{
    bot_account *a = handle->data;
    if (a->closing)
        return;
    bot__account_look_at_kill(a);
    bot__account_look_at_journal(a);
}

static void on_journal_watch(uv_timer_t *handle) { bot__account_look_at_journal(handle->data); }

static void journal_changed(void *user_data) /* the writer's thread */
{
    bot_account *a = user_data;
    (void)uv_async_send(&a->wake);
}

void bot_account_kill(bot_account *account)
{
    if (account == NULL)
        return;
    atomic_store(&account->killed, true);
    (void)uv_async_send(&account->wake);
}

/* ---- open ---- */

static const struct session_inputs session_inputs = SESSION_INPUTS;

static void free_account(bot_account *a)
{
    bot__market_close(a->recorder);
    (void)bot__journal_close(a->journal);
    bot__journal_older_live(&a->older, NULL);
    for (uint32_t i = 0; i < a->bots_n; i++)
        free(a->bots[i]);
    bot__signer_free(a->signer);
    free(a->session_memory);
    free(a->name);
    free(a->key);
    free(a->passphrase);
    free(a->journal_path);
    free(a);
}

/* Zeroed, with room to align to 64: calloc leaves the pages that are never needed untouched, but aligns to 16 only. */
static void *zeroed(size_t size) { return calloc(1, size + 64); }
static void *aligned(void *raw) { return (void *)(((uintptr_t)raw + 63) & ~(uintptr_t)63); }

static int open_budget(bot_account *a, const char *rest_url)
{
    int r = bot__io_loop_acquire(a->loop, &a->io);
    if (r == BOT_OK)
        a->handles++;
    return r < 0 ? r : bot__shared_budget_acquire(a->io, a->venue, rest_url, a->key, bot__transport_uv_now(), &a->budget, &a->budget_account);
}

static int replay_item(void *user_data, const bot_journal_item *item)
{
    bot_account *a = user_data;
    if (item->kind == BOT_JOURNAL_EVENT)
        bot__session_replay(a->session, &item->event);
    return bot__journal_older_see(&a->older, item);
}

/* Opens the journal, and says at which time the core begins: now, or where the journal begins; then path is set and there is
 * something to resume. */
static int open_journal(bot_account *a, const bot_account_options *o, struct journal_resume *ret)
{
    *ret = (struct journal_resume){ .begin = bot__transport_uv_now().now, .older = &a->older, .checkpoint_bytes = o->journal.checkpoint_bytes,
                                    .step = replay_item, .user_data = a };
    if (o->journal.path == NULL)
        return BOT_OK;
    a->journal_path = strdup(o->journal.path);
    if (a->journal_path == NULL)
        return BOT_ERR_NOMEM;
    const struct journal_config config = { .options = o->journal, .venue = a->venue->name, .account = a->name, .on_change = journal_changed, .user_data = a };
    struct journal_recovery recovery;
    int r = bot__journal_open(&config, &a->journal, &recovery);
    if (r < 0)
        return bot__account_refuse(r, "journal: %s", recovery.text);
    if (recovery.damage.damage != BOT_DAMAGE_NONE)
        say(a, BOT_LOG_WARNING, "journal_damage", recovery.damage.text);
    a->ts_offset = recovery.ts_offset;
    ret->begin += a->ts_offset;
    ret->next_record = recovery.next_record;
    if (!recovery.existed)
        return BOT_OK;
    bot_journal_reader *reader;
    bot_journal_place why;
    r = bot_journal_open_read(a->journal_path, a->venue->name, a->name, &reader, &why);
    if (r < 0)
        return bot__account_refuse(r, "journal: %s", why.text);
    bot_ts begin;
    r = bot__journal_begin(reader, &begin);
    bot_journal_close_read(reader);
    if (r == BOT_ERR_NOT_FOUND) /* nothing has happened in it yet */
        return BOT_OK;
    if (r < 0)
        return bot__account_refuse(r, "journal: %s cannot be read: %s", a->journal_path, bot_strerror(r));
    ret->begin = begin;
    ret->path = a->journal_path;
    return BOT_OK;
}

static int resume(bot_account *a, const struct journal_resume *how)
{
    bot_journal_reader *reader;
    bot_journal_place why;
    int r = bot_journal_open_read(a->journal_path, a->venue->name, a->name, &reader, &why);
    if (r < 0)
        return bot__account_refuse(r, "journal: %s", why.text);
    struct journal_replay_result result;
    struct checkpoint from;
    char text[400];
    r = bot__journal_resume(how, reader, &result, &from, text, sizeof text);
    bot_journal_close_read(reader);
    if (text[0] != '\0')
        say(a, BOT_LOG_WARNING, "journal_checkpoint", text);
    if (r < 0)
        return bot__account_refuse(r, "journal: %s cannot be read: %s", a->journal_path, bot_strerror(r));
    bot__session_resumed(a->session, result.hole, result.hole_venue_ns);
    const uint64_t damages = from.damages + result.damages;
    int n = snprintf(text, sizeof text, "%llu events replayed", (unsigned long long)result.events);
    if (from.record != 0)
        n += snprintf(text + n, sizeof text - (size_t)n, " onto the checkpoint at record %llu, which holds %llu before them",
                      (unsigned long long)from.record, (unsigned long long)from.events);
    snprintf(text + n, sizeof text - (size_t)n, ", %llu places damaged", (unsigned long long)damages);
    say(a, damages != 0 ? BOT_LOG_WARNING : BOT_LOG_INFO, "journal_resumed", text);
    return BOT_OK;
}

static const char *venue_names(char *buf, size_t size)
{
    for (uint32_t i = 0; bot__venue_at(i) != NULL; i++)
        snprintf(buf + strlen(buf), size - strlen(buf), "%s%s", i == 0 ? "" : ", ", bot__venue_at(i)->name);
    return buf;
}

/* "" is none. */
static bool url_fits(const char *text, bool ws)
{
    struct url url;
    return text[0] == '\0' || (bot__url_parse(text, &url) == BOT_OK && url.ws == ws);
}

static int check_options(bot_account *a, const bot_account_options *o, struct session_options *so, enum ws_impl *ret_ws)
{
    if (o->venue == NULL)
        return bot__account_refuse(BOT_ERR_OPTIONS, "options.venue is not set");
    a->venue = bot__venue_find(o->venue);
    if (a->venue == NULL)
        return bot__account_refuse(BOT_ERR_OPTIONS, "options.venue: there is no venue '%s'; known are %s", o->venue, venue_names((char[120]){ 0 }, 120));
    if (o->key == NULL || o->key[0] == '\0')
        return bot__account_refuse(BOT_ERR_OPTIONS, "options.key is not set: positions cannot be known without the account's own fills");
    if (bot__venue_has_secret(a->venue) && (o->secret == NULL || o->secret[0] == '\0'))
        return bot__account_refuse(BOT_ERR_OPTIONS, "options.secret is not set: '%s' gives one with each key", o->venue);
    if (bot__venue_has_passphrase(a->venue) && (o->passphrase == NULL || o->passphrase[0] == '\0'))
        return bot__account_refuse(BOT_ERR_OPTIONS, "options.passphrase is not set: '%s' has one with each key", o->venue);
    if (o->instruments_n > SESSION_INSTRUMENTS_MAX || (o->instruments_n != 0 && o->instruments == NULL))
        return bot__account_refuse(BOT_ERR_OPTIONS, o->instruments == NULL ? "options.instruments is NULL, instruments_n is not 0" : "options.instruments: at most 64 names");
    for (uint32_t i = 0; i < o->instruments_n; i++)
        if (o->instruments[i] == NULL || o->instruments[i][0] == '\0' || !bot__symbol_set(&a->instruments[i], o->instruments[i], strlen(o->instruments[i])))
            return bot__account_refuse(BOT_ERR_OPTIONS, "options.instruments: '%s' is no instrument name", o->instruments[i] != NULL ? o->instruments[i] : "(null)");
    for (uint32_t i = 0; i < o->instruments_n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (bot__symbol_eq(&a->instruments[i], &a->instruments[k]))
                return bot__account_refuse(BOT_ERR_OPTIONS, "options.instruments: %s stands there twice", o->instruments[i]);
    a->instruments_n = o->instruments_n;
    const struct venue_endpoints *e = o->test_network ? &a->venue->endpoints_test : &a->venue->endpoints;
    if (!copy_url(so->rest_url, o->rest_url, e->rest) || !copy_url(so->private_url, o->ws_private_url, e->ws_private) ||
        !copy_url(so->public_url, o->ws_public_url, e->ws_public) || !copy_url(so->trade_url, o->ws_trade_url, e->ws_trade))
        return bot__account_refuse(BOT_ERR_OPTIONS, "options: a URL is longer than 255 characters");
    if (so->rest_url[0] == '\0')
        return bot__account_refuse(BOT_ERR_OPTIONS, o->rest_url != NULL ? "options.rest_url is empty: '%s' cannot do without" : "options.rest_url: the venue '%s' has no test network of its own",
                      o->venue);
    if (!url_fits(so->rest_url, false))
        return bot__account_refuse(BOT_ERR_OPTIONS, "options.rest_url: '%s' is no http:// or https:// address", so->rest_url);
    const struct { const char *name, *text; } sockets[] = { { "ws_private_url", so->private_url }, { "ws_public_url", so->public_url }, { "ws_trade_url", so->trade_url } };
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++)
        if (!url_fits(sockets[i].text, true))
            return bot__account_refuse(BOT_ERR_OPTIONS, "options.%s: '%s' is no ws:// or wss:// address", sockets[i].name, sockets[i].text);
    if (!(o->rate_alarms_per_day > 0))
        return bot__account_refuse(BOT_ERR_OPTIONS, "options.rate_alarms_per_day must be above 0");
    switch (o->ws_transport) {
    case BOT_WS_DEFAULT: *ret_ws = WS_IMPL_DEFAULT; break;
    case BOT_WS_LIBWEBSOCKETS: *ret_ws = WS_IMPL_LWS; break;
    case BOT_WS_WSLAY: *ret_ws = WS_IMPL_WSLAY; break;
    default: return bot__account_refuse(BOT_ERR_OPTIONS, "options.ws_transport: %d is none", (int)o->ws_transport);
    }
    if (!bot__ws_impl_available(*ret_ws))
        return bot__account_refuse(BOT_ERR_OPTIONS, "options.ws_transport: this libbot was built without wslay");
    bot_core_options core = o->core;
    bot__session_venue_rules(a->venue, &core.venue);
    const char *wrong = bot_core_options_wrong(&core);
    if (wrong != NULL)
        return bot__account_refuse(BOT_ERR_OPTIONS, "options.core is out of its range at %s", wrong);
    return BOT_OK;
}

int bot_account_open(struct uv_loop_s *loop, const bot_account_options *options, bot_account **ret_account)
{
    open_why[0] = '\0';
    if (loop == NULL || options == NULL || ret_account == NULL)
        return bot__account_refuse(BOT_ERR_INVALID, "loop, options and ret_account must not be NULL");
    bot_account_options o;
    bot_account_options_init(&o);
    if (options->struct_size < OPTIONS_SIZE_MIN || options->struct_size > OPTIONS_SIZE_MAX)
        return bot__account_refuse(BOT_ERR_OPTIONS, "options.struct_size is %zu: call bot_account_options_init before setting anything", options->struct_size);
    if (!bot__account_take_options(&o, sizeof o, options, options->struct_size))
        return bot__account_refuse(BOT_ERR_OPTIONS, "options were written for a newer library and set something that this one does not know");
    o.struct_size = sizeof o;

    bot_account *a = calloc(1, sizeof *a);
    if (a == NULL)
        return BOT_ERR_NOMEM;
    a->loop = loop;
    a->log = o.log;
    a->log_user_data = o.log_user_data;
    struct session_options so = { .public_data = o.public_data && o.instruments_n != 0, .monitors = o.monitors, .orders_over_ws = o.orders_over_ws,
                                  .rate_alarms_per_day = o.rate_alarms_per_day, .core = o.core };
    enum ws_impl ws = WS_IMPL_DEFAULT;
    int r = check_options(a, &o, &so, &ws);
    if (r < 0)
        goto fail;
    a->name = strdup(o.name != NULL ? o.name : o.venue);
    a->key = strdup(o.key != NULL ? o.key : "");
    a->passphrase = strdup(o.passphrase != NULL ? o.passphrase : "");
    a->signer = bot__signer_new(o.secret != NULL ? o.secret : "", o.secret != NULL ? strlen(o.secret) : 0);
    if (a->name == NULL || a->key == NULL || a->passphrase == NULL || a->signer == NULL) {
        r = BOT_ERR_NOMEM;
        goto fail;
    }
    /* From here on handles stand on the loop and are given back by its turns, also on failure. */
    if (uv_async_init(loop, &a->wake, on_wake) != 0) {
        r = BOT_ERR_IO;
        goto fail;
    }
    a->wake.data = a;
    a->handles = 3;
    (void)uv_timer_init(loop, &a->leave_timer);
    a->leave_timer.data = a;
    (void)uv_timer_init(loop, &a->journal_watch);
    a->journal_watch.data = a;
    uv_unref((uv_handle_t *)&a->journal_watch);

    struct journal_resume from;
    r = open_journal(a, &o, &from);
    if (r == BOT_OK)
        r = open_budget(a, so.rest_url);
    if (r == BOT_OK && o.journal.market_path != NULL && o.instruments_n != 0) {
        const struct market_config mc = { .path = o.journal.market_path, .venue = a->venue->name, .instruments_max = o.instruments_n,
                                          .trades_max = o.journal.market_trades_max, .queue_max = 256, .grace_ns = 5 * BOT_NS_PER_S };
        if ((r = bot__market_open(&mc, &a->recorder)) < 0)
            r = bot__account_refuse(r, "options.journal.market_path: %s: %s", o.journal.market_path, bot_strerror(r));
    }
    const struct transport_uv_options to = { .ca_file = o.ca_file, .ws_impl = ws };
    if (r == BOT_OK && (r = bot__transport_uv_open(loop, &to, &a->transport)) < 0)
        r = bot__account_refuse(r, r == BOT_ERR_FULL ? "options.ca_file: more different ones than one loop holds: %s" : "options.ca_file: no certificate (PEM) can be read from %s", o.ca_file != NULL ? o.ca_file : "the system's store");
    if (r < 0)
        goto fail_handles;

    const struct session_time t = bot__transport_uv_now();
    so.venue = a->venue;
    so.keys = (struct venue_keys){ .key = a->key, .passphrase = a->passphrase, .signer = a->signer, .test = o.test_network };
    memcpy(so.instruments, a->instruments, sizeof a->instruments);
    so.instruments_n = a->instruments_n;
    so.budget = bot__shared_budget_of(a->budget);
    so.budget_account = a->budget_account;
    so.seed = (uint64_t)t.wall_ns ^ (uint64_t)(uintptr_t)a;
    so.ts_offset = a->ts_offset;
    so.core.session_id = (uint64_t)(t.wall_ns / BOT_NS_PER_MS);
    bot__session_venue_rules(a->venue, &so.core.venue);
    if (a->journal != NULL) {
        bot__journal_older_init(&a->older, NULL, a->journal_path);
        so.core.older_fill = bot__journal_older_fill;
        so.core.user_data = &a->older;
    }
    const size_t size = bot__session_size(&so);
    a->session_memory = size == 0 ? NULL : zeroed(size);
    if (a->session_memory == NULL) {
        r = size == 0 ? bot__account_refuse(BOT_ERR_OPTIONS, "options.core: a bound is out of its range") : BOT_ERR_NOMEM;
        goto fail_handles;
    }
    const struct session_host host = { .self = a, .effect = effect, .event = journal_event, .market = market, .unreadable = unreadable, .log = say };
    a->session = bot__session_init(aligned(a->session_memory), &so, bot__transport_uv_table(a->transport), &host,
                                   (struct session_time){ from.begin - a->ts_offset, t.wall_ns });
    if (a->session == NULL) {
        r = BOT_ERR_OPTIONS;
        goto fail_handles;
    }
    if (a->journal != NULL) {
        from.core = bot__session_core(a->session);
        from.options = &bot__session_options(a->session)->core;
        if (from.path != NULL && (r = resume(a, &from)) < 0)
            goto fail_handles;
        bot__journal_older_live(&a->older, a->journal);
        char text[4096];
        const int len = bot__core_options_format(&bot__session_options(a->session)->core, text, sizeof text);
        if (len > 0)
            (void)bot__journal_append_options(a->journal, from.path != NULL ? t.now + a->ts_offset : from.begin, text, (size_t)len);
        (void)uv_timer_start(&a->journal_watch, on_journal_watch, 250, 250);
    }
    bot__transport_uv_bind(a->transport, &session_inputs, a->session);
    bot__session_start(a->session, bot__transport_uv_now());
    *ret_account = a;
    return BOT_OK;

fail_handles:
    bot_account_close(a, NULL, NULL);
    return r;
fail:
    free_account(a);
    return r;
}

/* ---- close ---- */

static void one_gone(bot_account *a)
{
    if (--a->handles != 0)
        return;
    void (*closed)(void *) = a->closed;
    void (*left)(uint32_t, void *) = a->left;
    void *user_data = a->closed_user_data, *left_user_data = a->left_user_data;
    const uint32_t orders_left = a->orders_left;
    free_account(a);
    if (left != NULL)
        left(orders_left, left_user_data);
    if (closed != NULL)
        closed(user_data);
}

static void handle_closed(uv_handle_t *handle) { one_gone(handle->data); }
static void transport_closed(void *user_data) { one_gone(user_data); }
static void loop_released(void *user_data) { one_gone(user_data); }

uint32_t bot__account_live_orders(const bot_account *a)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < bot__session_options(a->session)->core.bots_max; i++)
        n += bot_core_orders(bot__session_core(a->session), i, NULL, 0);
    return n;
}

void bot_account_close(bot_account *account, void (*closed)(void *user_data), void *user_data)
{
    bot_account *a = account;
    if (a == NULL || a->closing)
        return;
    if (a->leaving)
        a->orders_left = bot__account_live_orders(a);
    a->closing = true;
    a->closed = closed;
    a->closed_user_data = user_data;
    if (a->session != NULL)
        bot__session_stop(a->session);
    if (a->transport != NULL) {
        a->handles++;
        bot__transport_uv_close(a->transport, transport_closed, a);
    }
    if (a->io != NULL) {
        bot__shared_budget_release(a->io, a->budget, a->budget_account);
        a->release = (struct io_release){ loop_released, a, NULL };
        bot__io_loop_release(a->io, &a->release);
    }
    /* The writer's thread may still wake us: it ends before the handle does. */
    (void)bot__journal_close(a->journal);
    a->journal = NULL;
    uv_close((uv_handle_t *)&a->wake, handle_closed);
    uv_close((uv_handle_t *)&a->journal_watch, handle_closed);
    uv_close((uv_handle_t *)&a->leave_timer, handle_closed);
}
