/* The public client: session, journal and transport of one account, and its bots. */
#include "bot/account.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "core/rate.h"
#include "io/shared_budget.h"
#include "io/transport_uv.h"
#include "journal/checkpoint.h"
#include "journal/market.h"
#include "journal/writer.h"
#include "session/session.h"

#define BOTS_MAX 36

struct bot_handle {
    bot_account  *account;
    uint32_t      index;
    bot_callbacks callbacks;
    void         *user_data;
};

struct bot_account {
    struct uv_loop_s *loop;
    const struct venue *venue;
    struct transport_uv *transport;
    struct session *session;
    void   *session_memory;
    struct io_loop *io;
    struct io_release release;
    struct shared_budget *budget;
    uint32_t budget_account;
    struct bot__signer *signer;
    char   *name, *key, *passphrase;
    bot_symbol instruments[SESSION_INSTRUMENTS_MAX];
    uint32_t   instruments_n;
    bot_handle *bots[BOTS_MAX];
    uint32_t   bots_n;
    int64_t    ts_offset;

    struct market_recorder *recorder; /* public trades and candles, where asked for */
    struct journal *journal;
    struct journal_older older;
    char   *journal_path;
    bool    journal_bad;

    uv_async_t wake;         /* kill, journal trouble */
    uv_timer_t journal_watch;
    atomic_bool killed;
    bool    kill_done, closing;
    int     handles;         /* of ours still on the loop */
    void  (*log)(void *user_data, bot_log_level level, const char *event, const char *text);
    void   *log_user_data;
    void  (*closed)(void *user_data);
    void   *closed_user_data;
};

static _Thread_local char open_why[240];

const char *bot_account_open_why(void) { return open_why; }

__attribute__((format(printf, 2, 3))) static int refuse(int code, const char *format, ...)
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
    memset(options, 0, size);
    memcpy(options, &o, size < sizeof o ? size : sizeof o);
}

void bot_options_init_sized(bot_options *options, size_t size)
{
    const bot_options o = { .struct_size = size, .name = "bot" };
    memset(options, 0, size);
    memcpy(options, &o, size < sizeof o ? size : sizeof o);
}

/* A shorter struct of an older caller gets the defaults behind its end; a longer one of a newer caller is taken only if what
 * we do not know is zero: a limit that someone set must never be dropped silently. */
static bool take_options(void *to, size_t known, const void *from, size_t given)
{
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

static struct session_time now_of(const bot_account *a)
{
    (void)a;
    return bot__transport_uv_now();
}

static bot_ts core_now(const bot_account *a) { return bot__transport_uv_now().now + a->ts_offset; }

static void tell_bot(bot_account *a, bot_handle *b, const bot_effect *e)
{
    const bot_callbacks *cb = &b->callbacks;
    const bot_core *core = bot__session_core(a->session);
    switch (e->kind) {
    case BOT_EFFECT_GATE:
        if (cb->gate != NULL) {
            bot_gate_state state;
            bot_core_gate_state(core, core_now(a), &state);
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
    case BOT_EFFECT_FILL:
        if (cb->fill != NULL && (e->fill.external || e->bot == b->index))
            cb->fill(b, e->fill.fill, e->fill.external, b->user_data);
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
        char text[160];
        snprintf(text, sizeof text, "%s%s%s", symbol_of(a, e->instrument).s, e->instrument != UINT32_MAX ? ": " : "", e->alert.text);
        say(a, BOT_LOG_WARNING, "alert", text);
    }
    for (uint32_t i = 0; i < a->bots_n && !a->closing; i++)
        tell_bot(a, a->bots[i], e);
}

/* ---- the journal's health, kill ---- */

static int command(bot_account *a, bot_event *ev) { return bot__session_command(a->session, now_of(a), ev); }

static void look_at_journal(bot_account *a)
{
    if (a->journal == NULL || a->closing)
        return;
    const enum journal_state state = bot__journal_state(a->journal, now_of(a).now);
    const bool bad = state != JOURNAL_OK;
    if (bad == a->journal_bad)
        return;
    a->journal_bad = bad;
    bot_event ev = { .kind = BOT_EV_JOURNAL, .monitor = { .ok = !bad, .value = (int64_t)state } };
    char text[200] = "the disk is back";
    if (bad)
        bot__journal_state_text(a->journal, now_of(a).now, text, sizeof text);
    snprintf(ev.monitor.reason, sizeof ev.monitor.reason, "%.31s", text);
    say(a, bad ? BOT_LOG_ERROR : BOT_LOG_INFO, bad ? "journal_failed" : "journal_ok", text);
    (void)command(a, &ev);
}

static void on_wake(uv_async_t *handle)
{
    bot_account *a = handle->data;
    if (a->closing)
        return;
    if (atomic_load(&a->killed) && !a->kill_done) {
        a->kill_done = true;
        bot_event ev = { .kind = BOT_EV_KILL };
        (void)command(a, &ev);
    }
    look_at_journal(a);
}

static void on_journal_watch(uv_timer_t *handle) { look_at_journal(handle->data); }

static void journal_changed(void *user_data) /* the writer's thread */
{
    bot_account *a = user_data;
    (void)uv_async_send(&a->wake);
}

void bot_account_kill(bot_account *account)
{
    atomic_store(&account->killed, true);
    (void)uv_async_send(&account->wake);
}

/* ---- open ---- */

static const struct transport_uv_inputs session_inputs = {
    .ws_opened = bot__session_ws_opened, .ws_message = bot__session_ws_message, .ws_alive = bot__session_ws_alive,
    .ws_closed = bot__session_ws_closed, .http_done = bot__session_http_done, .timer = bot__session_timer,
};

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
        return refuse(r, "journal: %s", recovery.text);
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
        return refuse(r, "journal: %s", why.text);
    bot_ts begin;
    if (bot__journal_begin(reader, &begin) == BOT_OK) {
        ret->begin = begin;
        ret->path = a->journal_path;
    }
    bot_journal_close_read(reader);
    return BOT_OK;
}

static int resume(bot_account *a, const struct journal_resume *how)
{
    bot_journal_reader *reader;
    bot_journal_place why;
    int r = bot_journal_open_read(a->journal_path, a->venue->name, a->name, &reader, &why);
    if (r < 0)
        return refuse(r, "journal: %s", why.text);
    struct journal_replay_result result;
    struct checkpoint from;
    char text[400];
    r = bot__journal_resume(how, reader, &result, &from, text, sizeof text);
    bot_journal_close_read(reader);
    if (text[0] != '\0')
        say(a, BOT_LOG_WARNING, "journal_checkpoint", text);
    bot__session_resumed(a->session);
    const uint64_t damages = from.damages + result.damages;
    int n = snprintf(text, sizeof text, "%llu events replayed", (unsigned long long)result.events);
    if (from.record != 0)
        n += snprintf(text + n, sizeof text - (size_t)n, " onto the checkpoint at record %llu, which holds %llu before them",
                      (unsigned long long)from.record, (unsigned long long)from.events);
    snprintf(text + n, sizeof text - (size_t)n, ", %llu places damaged", (unsigned long long)damages);
    say(a, damages != 0 ? BOT_LOG_WARNING : BOT_LOG_INFO, "journal_resumed", text);
    return r;
}

static int check_options(bot_account *a, const bot_account_options *o, struct session_options *so)
{
    if (o->venue == NULL)
        return refuse(BOT_ERR_OPTIONS, "options.venue is not set");
    a->venue = bot__venue_find(o->venue);
    if (a->venue == NULL)
        return refuse(BOT_ERR_OPTIONS, "options.venue: there is no venue '%s'", o->venue);
    if (o->instruments_n > SESSION_INSTRUMENTS_MAX || (o->instruments_n != 0 && o->instruments == NULL))
        return refuse(BOT_ERR_OPTIONS, "options.instruments: at most 64 names");
    for (uint32_t i = 0; i < o->instruments_n; i++)
        if (o->instruments[i] == NULL || o->instruments[i][0] == '\0' || !bot__symbol_set(&a->instruments[i], o->instruments[i], strlen(o->instruments[i])))
            return refuse(BOT_ERR_OPTIONS, "options.instruments: '%s' is no instrument name", o->instruments[i] != NULL ? o->instruments[i] : "(null)");
    a->instruments_n = o->instruments_n;
    const struct venue_endpoints *e = o->test_network ? &a->venue->endpoints_test : &a->venue->endpoints;
    if (!copy_url(so->rest_url, o->rest_url, e->rest) || !copy_url(so->private_url, o->ws_private_url, e->ws_private) ||
        !copy_url(so->public_url, o->ws_public_url, e->ws_public) || !copy_url(so->trade_url, o->ws_trade_url, e->ws_trade))
        return refuse(BOT_ERR_OPTIONS, "options: a URL is longer than 255 characters");
    if (so->rest_url[0] == '\0')
        return refuse(BOT_ERR_OPTIONS, "options.rest_url: the venue '%s' has no test network of its own", o->venue);
    if (!(o->rate_alarms_per_day > 0))
        return refuse(BOT_ERR_OPTIONS, "options.rate_alarms_per_day must be above 0");
    if (bot_core_size(&o->core) == 0)
        return refuse(BOT_ERR_OPTIONS, "options.core: a bound, lease or count is out of its range");
    return BOT_OK;
}

int bot_account_open(struct uv_loop_s *loop, const bot_account_options *options, bot_account **ret_account)
{
    open_why[0] = '\0';
    bot_account_options o;
    bot_account_options_init(&o);
    if (!take_options(&o, sizeof o, options, options->struct_size))
        return refuse(BOT_ERR_OPTIONS, "options were written for a newer library and set something that this one does not know");
    o.struct_size = sizeof o;

    bot_account *a = calloc(1, sizeof *a);
    if (a == NULL)
        return BOT_ERR_NOMEM;
    a->loop = loop;
    a->log = o.log;
    a->log_user_data = o.log_user_data;
    struct session_options so = { .public_data = o.public_data && o.instruments_n != 0, .monitors = o.monitors, .orders_over_ws = o.orders_over_ws,
                                  .rate_alarms_per_day = o.rate_alarms_per_day, .core = o.core };
    int r = check_options(a, &o, &so);
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
    a->handles = 2;
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
            r = refuse(r, "options.journal.market_path: %s: %s", o.journal.market_path, bot_strerror(r));
    }
    const struct transport_uv_options to = { .ca_file = o.ca_file };
    if (r == BOT_OK && (r = bot__transport_uv_open(loop, &to, &a->transport)) < 0)
        r = refuse(r, r == BOT_ERR_FULL ? "options.ca_file: more different ones than one loop holds: %s" : "options.ca_file: cannot be read: %s", o.ca_file != NULL ? o.ca_file : "the system's store");
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
        r = size == 0 ? refuse(BOT_ERR_OPTIONS, "options.core: a bound is out of its range") : BOT_ERR_NOMEM;
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
    void *user_data = a->closed_user_data;
    free_account(a);
    if (closed != NULL)
        closed(user_data);
}

static void handle_closed(uv_handle_t *handle) { one_gone(handle->data); }
static void transport_closed(void *user_data) { one_gone(user_data); }
static void loop_released(void *user_data) { one_gone(user_data); }

void bot_account_close(bot_account *account, void (*closed)(void *user_data), void *user_data)
{
    bot_account *a = account;
    if (a->closing)
        return;
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
}

/* ---- bots ---- */

int bot_attach(bot_account *account, const bot_options *options, bot_handle **ret_bot)
{
    bot_account *a = account;
    bot_options o;
    bot_options_init(&o);
    if (a->closing)
        return BOT_ERR_CLOSED;
    if (!take_options(&o, sizeof o, options, options->struct_size))
        return BOT_ERR_OPTIONS;
    if (a->bots_n == BOTS_MAX || a->bots_n >= bot__session_options(a->session)->core.bots_max)
        return BOT_ERR_FULL;
    bot_handle *b = calloc(1, sizeof *b);
    if (b == NULL)
        return BOT_ERR_NOMEM;
    *b = (bot_handle){ .account = a, .index = a->bots_n, .callbacks = o.callbacks, .user_data = o.user_data };
    bot_event ev = { .kind = BOT_EV_ATTACH, .attach = { .bot = b->index, .scope = o.scope, .sends_orders = !o.watch_only } };
    snprintf(ev.attach.name, sizeof ev.attach.name, "%.23s", o.name != NULL ? o.name : "bot");
    int r = command(a, &ev);
    for (uint32_t i = 0; i < a->instruments_n && r >= 0; i++) {
        /* What the program says at start is said explicitly: it may be looser than what a journal remembers. */
        bot_event limits = { .kind = BOT_EV_LIMITS, .limits = { .bot = b->index, .loosen = true, .instrument = a->instruments[i], .limits = o.limits } };
        r = command(a, &limits);
    }
    if (r < 0) {
        free(b);
        return r == BOT_ERR_INVALID ? BOT_ERR_OPTIONS : r;
    }
    a->bots[a->bots_n++] = b;
    *ret_bot = b;
    return BOT_OK;
}

bot_account *bot_account_of(const bot_handle *bot) { return bot->account; }

static int after(const bot_handle *bot, int r, bot_refusal *ret_refusal)
{
    if (ret_refusal != NULL)
        *ret_refusal = *bot_core_last_refusal(bot__session_core(bot->account->session));
    return r;
}

/* A kill from another thread counts before the loop has heard of it. */
static bool killed(const bot_handle *bot, bot_refusal *ret_refusal)
{
    if (!atomic_load(&bot->account->killed))
        return false;
    if (ret_refusal != NULL)
        *ret_refusal = (bot_refusal){ .code = BOT_ERR_GATE_SHUT, .reasons = BOT_GATE_KILL };
    return !bot->account->kill_done;
}

int bot_submit(bot_handle *bot, const bot_order_request *order, bot_id *ret_client_id, bot_refusal *ret_refusal)
{
    if (bot->account->closing)
        return BOT_ERR_CLOSED;
    if (killed(bot, ret_refusal))
        return BOT_ERR_GATE_SHUT;
    look_at_journal(bot->account);
    bot_event ev = { .kind = BOT_EV_SUBMIT, .submit = { .bot = bot->index, .order = *order } };
    if (ev.submit.order.leg == BOT_LEG_NONE)
        ev.submit.order.leg = BOT_LEG_NET;
    const int r = command(bot->account, &ev);
    if (ret_client_id != NULL)
        *ret_client_id = ev.submit.client_id;
    return after(bot, r, ret_refusal);
}

int bot_amend(bot_handle *bot, const bot_id *client_id, bot_qty qty, bot_px price, bot_refusal *ret_refusal)
{
    if (bot->account->closing)
        return BOT_ERR_CLOSED;
    if (killed(bot, ret_refusal))
        return BOT_ERR_GATE_SHUT;
    bot_event ev = { .kind = BOT_EV_AMEND, .amend = { .bot = bot->index, .client_id = *client_id, .qty = qty, .price = price } };
    return after(bot, command(bot->account, &ev), ret_refusal);
}

int bot_cancel(bot_handle *bot, const bot_id *client_id)
{
    if (bot->account->closing)
        return BOT_ERR_CLOSED;
    bot_event ev = { .kind = BOT_EV_CANCEL, .cancel = { .bot = bot->index, .client_id = *client_id } };
    return command(bot->account, &ev);
}

int bot_cancel_all(bot_handle *bot)
{
    if (bot->account->closing)
        return BOT_ERR_CLOSED;
    bot_event ev = { .kind = BOT_EV_CANCEL_ALL, .cancel = { .bot = bot->index } };
    return command(bot->account, &ev);
}

int bot_set_limits(bot_handle *bot, const char *instrument, const bot_limits *limits, bool loosen)
{
    bot_event ev = { .kind = BOT_EV_LIMITS, .limits = { .bot = bot->index, .loosen = loosen, .limits = *limits } };
    if (!bot__symbol_set(&ev.limits.instrument, instrument, strlen(instrument)))
        return BOT_ERR_INVALID;
    return command(bot->account, &ev);
}

static int64_t find(const bot_handle *bot, const char *instrument)
{
    bot_symbol s;
    if (!bot__symbol_set(&s, instrument, strlen(instrument)))
        return BOT_ERR_NOT_FOUND;
    return bot_core_find_instrument(bot__session_core(bot->account->session), &s);
}

int bot_get_position(const bot_handle *bot, const char *instrument, bot_leg leg, bot_position *ret)
{
    const int64_t i = find(bot, instrument);
    if (i < 0)
        return (int)i;
    bot_core_position(bot__session_core(bot->account->session), (uint32_t)i, leg, ret);
    return BOT_OK;
}

int bot_get_own_position(const bot_handle *bot, const char *instrument, bot_leg leg, bot_position *ret)
{
    const int64_t i = find(bot, instrument);
    if (i < 0)
        return (int)i;
    bot_core_bot_position(bot__session_core(bot->account->session), bot->index, (uint32_t)i, leg, ret);
    return BOT_OK;
}

bool bot_is_open(const bot_handle *bot)
{
    return !atomic_load(&bot->account->killed) && bot_core_gate_open(bot__session_core(bot->account->session), core_now(bot->account));
}

void bot_get_gate(const bot_handle *bot, bot_gate_state *ret)
{
    bot_core_gate_state(bot__session_core(bot->account->session), core_now(bot->account), ret);
}

bool bot_reference_price(const bot_handle *bot, const char *instrument, bot_px *ret_price)
{
    bot_symbol s;
    bot_ts at;
    if (!bot__symbol_set(&s, instrument, strlen(instrument)) || !bot__session_reference(bot->account->session, &s, ret_price, &at))
        return false;
    return core_now(bot->account) - at <= bot__session_options(bot->account->session)->core.reference_age_max_ns;
}

bool bot_best_prices(const bot_handle *bot, const char *instrument, bot_px *ret_bid, bot_px *ret_ask)
{
    bot_symbol s;
    bot_ts at;
    return bot__symbol_set(&s, instrument, strlen(instrument)) && bot__session_best(bot->account->session, &s, ret_bid, ret_ask, &at);
}

int bot_get_book(const bot_handle *bot, const char *instrument, bot_level *bids, uint32_t *bids_n, bot_level *asks, uint32_t *asks_n)
{
    bot_symbol s;
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
    bot_event ev = { .kind = BOT_EV_REARM, .rearm = { .latch = latch } };
    snprintf(ev.rearm.reason, sizeof ev.rearm.reason, "%.55s", reason != NULL ? reason : "");
    const int r = command(account, &ev);
    if (r >= 0 && latch == BOT_GATE_KILL) {
        atomic_store(&account->killed, false);
        account->kill_done = false;
    }
    return r;
}

void bot_account_stream(const bot_account *account, bot_stream stream, bot_stream_info *ret)
{
    struct session_stream_view v;
    bot__session_stream(account->session, stream, core_now(account), &v);
    *ret = (bot_stream_info){ .up = v.up, .age_ns = v.age_ns, .lag_ns = v.lag_ns };
}

int bot_account_rate(const bot_account *account, const char *instrument, bot_rate_info *ret)
{
    bot_symbol s;
    bot__rate_view v;
    if (!bot__symbol_set(&s, instrument, strlen(instrument)) || !bot__session_rate(account->session, &s, &v))
        return BOT_ERR_NOT_FOUND;
    *ret = (bot_rate_info){ .rate_milli = v.rate_milli, .reference_milli = v.reference_milli, .learning = v.state == BOT__RATE_LEARNING,
                            .dropped = v.state == BOT__RATE_DROPPED };
    return BOT_OK;
}

int bot_account_budget(const bot_account *account, uint32_t i, bot_budget_info *ret)
{
    struct budget_view v;
    if (account->budget == NULL || i >= account->venue->scopes_n)
        return BOT_ERR_NOT_FOUND;
    const bot_ts now = now_of(account).now;
    if (bot__budget_view(bot__shared_budget_of(account->budget), account->budget_account, i, now, &v) < 0)
        return BOT_ERR_NOT_FOUND;
    *ret = (bot_budget_info){ .scope = account->venue->scopes[i].name, .limit = v.limit, .used = v.used, .window_ns = account->venue->scopes[i].window_ns,
                              .shut_ns = v.shut_until > now ? v.shut_until - now : 0 };
    return BOT_OK;
}

bot_ts bot_account_now(const bot_account *account) { return core_now(account); }
const bot_core *bot_account_core(const bot_account *account) { return bot__session_core(account->session); }
const char *bot_account_name(const bot_account *account) { return account->name; }

void bot_account_stats_get(const bot_account *account, bot_account_stats *ret)
{
    memset(ret, 0, sizeof *ret);
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
