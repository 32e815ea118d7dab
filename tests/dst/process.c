#include "dst.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/reader.h"
#include "session/venue_budget.h"

#define ROUND_NS (10 * BOT_NS_PER_MS)
#define LOOK_NS (250 * BOT_NS_PER_MS)

/* ---- time ---------------------------------------------------------------------------------------------------------- */

static struct session_time shifted(const struct dst_process *p, struct session_time t)
{
    t.now -= p->mono_base;
    return t;
}
struct session_time dst_process_time(const struct dst_process *p) { return shifted(p, bot__world_time(p->w->world, p->client)); }
bot_ts dst_process_core_now(const struct dst_process *p) { return dst_now(p->w) - p->mono_base + p->ts_offset; }

/* ---- the border: what comes in ------------------------------------------------------------------------------------- */

static struct dst_process *of(struct session *s) { return (struct dst_process *)(void *)s; }

static void after(struct dst_process *p) { dst_process_journal_look(p); }

static void public_heard(struct dst_process *p, struct session_time t, bot_stream stream)
{
    if (stream == BOT_STREAM_PUBLIC || stream == BOT_STREAM_PUBLIC_2) p->public_heard_at[stream == BOT_STREAM_PUBLIC_2] = t.now;
}

static void in_opened(struct session *s, struct session_time t, bot_stream stream)
{
    /* Where the address itself holds the key nobody logs in: the handshake is the venue's word. */
    if (stream == BOT_STREAM_PRIVATE && !bot__venue_find(of(s)->w->plan->venue)->private_plan.login) of(s)->private_heard_at = t.now;
    public_heard(of(s), t, stream);
    bot__session_ws_opened(of(s)->session, shifted(of(s), t), stream);
    after(of(s));
}

/* Gives the message's first execution another id: what a venue never does. False: it holds none. */
static bool other_id(char *text)
{
    char *id = strstr(text, "\"execId\":\"");
    if (id == NULL) return false;
    id += 10;
    *id = *id == '0' ? '1' : '0';
    return true;
}

/* The message's execution twice more, bought and sold, under ids that no venue gave. */
static void invent_pair(struct dst_process *p, struct session_time t, bot_stream stream, const char *text, size_t len)
{
    char *copy = strndup(text, len), *side = strstr(copy, "\"side\":\"Buy\"");
    if (side != NULL && strstr(side + 1, "\"execId\"") != NULL && other_id(copy)) {
        p->w->invented = true;
        bot__session_ws_message(p->session, t, stream, copy, strlen(copy));
        char *sold = malloc(len + 2), *id = strstr(copy, "\"execId\":\"");
        id[11] = id[11] == 'f' ? 'e' : 'f';
        snprintf(sold, len + 2, "%.*s\"side\":\"Sell\"%s", (int)(side - copy), copy, side + 12);
        bot__session_ws_message(p->session, t, stream, sold, strlen(sold));
        free(sold);
    }
    free(copy);
}

/* The message's executions with prices that they did not have, many times. */
static void other_price(struct dst_process *p, struct session_time t, bot_stream stream, const char *text, size_t len)
{
    char *copy = strndup(text, len);
    uint32_t n = 0;
    for (char *at = strstr(copy, "\"execPrice\":\""); at != NULL; at = strstr(at + 13, "\"execPrice\":\""), n++) at[13] = at[13] == '9' ? '8' : '9';
    for (uint32_t i = 0; i < 30 && n != 0; i++) bot__session_ws_message(p->session, t, stream, copy, len);
    free(copy);
}

static void in_message(struct session *s, struct session_time t, bot_stream stream, const char *text, size_t len)
{
    struct dst_process *p = of(s);
    if (stream == BOT_STREAM_PRIVATE) p->private_heard_at = t.now;
    public_heard(p, t, stream);
    bot__session_ws_message(p->session, shifted(p, t), stream, text, len);
    if (p->w->options.defect == DST_DEFECT_FILL_TWICE && stream == BOT_STREAM_PRIVATE && strstr(text, "\"topic\":\"execution") != NULL) {
        char *copy = strndup(text, len);
        if (other_id(copy)) bot__session_ws_message(p->session, shifted(p, t), stream, copy, len);
        free(copy);
    }
    if (p->w->options.defect == DST_DEFECT_CONFLICT && stream == BOT_STREAM_PRIVATE) other_price(p, shifted(p, t), stream, text, len);
    if (p->w->options.defect == DST_DEFECT_FILL_PAIR && p->w->healed && !p->w->invented && stream == BOT_STREAM_PRIVATE &&
        strstr(text, "\"topic\":\"execution") != NULL)
        invent_pair(p, shifted(p, t), stream, text, len);
    after(p);
}

static void in_alive(struct session *s, struct session_time t, bot_stream stream)
{
    if (stream == BOT_STREAM_PRIVATE) of(s)->private_heard_at = t.now;
    public_heard(of(s), t, stream);
    bot__session_ws_alive(of(s)->session, shifted(of(s), t), stream);
    after(of(s));
}

static void in_closed(struct session *s, struct session_time t, bot_stream stream, const char *reason)
{
    dst_trace(of(s)->w, "p%u stream %d closed: %s", of(s)->number, (int)stream, reason);
    bot__session_ws_closed(of(s)->session, shifted(of(s), t), stream, reason);
    after(of(s));
}

static void in_http(struct session *s, struct session_time t, uint64_t id, enum transport_result result, int status, const struct venue_header *headers,
                    uint32_t headers_n, const char *body, size_t len, const char *error)
{
    struct dst_process *p = of(s);
    for (size_t i = 0; i < sizeof p->reads / sizeof *p->reads; i++) {
        if (p->reads[i].id != id) continue;
        if (p->w->healed && p->w->options.defect == DST_DEFECT_DEAF) result = TRANSPORT_TIMEOUT;
        const bool invented = p->w->healed && p->w->options.defect == DST_DEFECT_LEASE;
        if (!invented && result == TRANSPORT_OK && status == 200 && p->reads[i].sent_at > p->positions_ok_at) p->positions_ok_at = p->reads[i].sent_at;
        p->reads[i].id = 0;
        p->reads[i].answered_at = t.now;
        p->reading = true;
    }
    bot__session_http_done(p->session, shifted(p, t), id, result, status, headers, headers_n, body, len, error);
    p->reading = false;
    after(p);
}

static void in_timer(struct session *s, struct session_time t)
{
    bot__session_timer(of(s)->session, shifted(of(s), t));
    after(of(s));
}

static const struct session_inputs ops = { in_opened, in_message, in_alive, in_closed, in_http, in_timer };

/* ---- the border: what goes out ------------------------------------------------------------------------------------- */

static int out_open(void *self, bot_stream stream, const char *url)
{
    struct dst_process *p = self;
    return p->inner.ws_open(p->inner.self, stream, url);
}

static int out_send(void *self, bot_stream stream, const char *text, size_t len)
{
    struct dst_process *p = self;
    if (stream == BOT_STREAM_TRADE) dst_check_border(p, true, text, text, len);
    return p->inner.ws_send(p->inner.self, stream, text, len);
}

static int out_ping(void *self, bot_stream stream)
{
    struct dst_process *p = self;
    return p->inner.ws_ping(p->inner.self, stream);
}

static void out_close(void *self, bot_stream stream)
{
    struct dst_process *p = self;
    p->inner.ws_close(p->inner.self, stream);
}

static int out_http(void *self, uint64_t id, const char *base_url, const struct venue_http *http, bot_ts deadline)
{
    struct dst_process *p = self;
    p->requests++;
    const bool create = strcmp(http->method, "POST") == 0, amend = strcmp(http->method, "PUT") == 0;
    if (create || amend) dst_check_border(p, create, http->path, http->body, http->body_len);
    if (strstr(http->path, "/v5/position/list") != NULL || strstr(http->path, "/positionRisk") != NULL || strstr(http->path, "/account/positions") != NULL) {
        p->reads[p->reads_next % DST_READS_MAX].id = id;
        p->reads[p->reads_next++ % DST_READS_MAX].sent_at = dst_now(p->w);
    }
    const int r = p->inner.http_start(p->inner.self, id, base_url, http, deadline + p->mono_base);
    if (create && r == 0 && p->w->options.defect == DST_DEFECT_ORDER_TWICE && strstr(http->path, "/order/create") != NULL) {
        dst_check_border(p, true, http->path, http->body, http->body_len);
        (void)p->inner.http_start(p->inner.self, id + (UINT64_C(1) << 40), base_url, http, deadline + p->mono_base);
    }
    return r;
}

static void out_cancel(void *self, uint64_t id)
{
    struct dst_process *p = self;
    p->inner.http_cancel(p->inner.self, id);
}

static void out_timer(void *self, bot_ts at)
{
    struct dst_process *p = self;
    p->inner.timer(p->inner.self, at == BOT_TS_NEVER ? at : at + p->mono_base);
}

/* ---- the host ------------------------------------------------------------------------------------------------------ */

static void on_effect(void *self, const bot_effect *e)
{
    struct dst_process *p = self;
    if (e->kind == BOT_EFFECT_GATE) {
        p->shuts += e->gate.before == 0;
        p->reasons_seen |= e->gate.after;
        char text[400] = "";
        for (int i = 0; i < BOT_GATE_REASON_COUNT; i++)
            if ((e->gate.after & (1u << i)) != 0) {
                strcat(text, " ");
                strcat(text, bot_gate_reason_name(1u << i));
            }
        dst_trace(p->w, "p%u gate %s%s", p->number, e->gate.after == 0 ? "open" : "shut:", text);
    } else if (e->kind == BOT_EFFECT_ALERT) {
        p->alerts++;
        dst_trace(p->w, "p%u alert %d: %s (ours %s venue %s)", p->number, (int)e->alert.alert, e->alert.text, dst_num(e->alert.ours.v), dst_num(e->alert.venue.v));
    } else if (e->kind == BOT_EFFECT_FILL) {
        p->fills_effects++;
        const bot_ev_fill *f = &e->fill.fill->fill;
        dst_trace(p->w, "p%u fill %s %s %s order %s client %s seq %lld%s", p->number, e->fill.fill->instrument.s, f->side == BOT_BUY ? "buy" : "sell", f->exec_id.s, f->order_id.s,
                  f->client_id.s, (long long)e->fill.fill->seq, e->fill.external ? " external" : "");
    } else if (e->kind == BOT_EFFECT_ORDER) {
        dst_trace(p->w, "p%u order %s status %d %s %lld %s", p->number, e->order.client_id.s, (int)e->order.status, bot_err_name(e->order.code),
                  (long long)e->order.venue_code, e->order.reason);
    } else if (e->kind == BOT_EFFECT_POSITION) {
        p->path[p->path_n++ % DST_PATH_MAX] = (struct dst_step){ dst_now(p->w), e->instrument, e->position.leg, e->position.before.v };
        dst_trace(p->w, "p%u position %u/%d %s -> %s", p->number, e->instrument, (int)e->position.leg, dst_num(e->position.before.v), dst_num(e->position.qty.v));
    } else if (e->kind == BOT_EFFECT_VERDICT) {
        p->verdicts++;
        if (e->verdict.verdict == BOT_VERDICT_AGREE) dst_check_agree(p, e->instrument, e->verdict.leg, e->verdict.venue.v);
        static const char *const names[] = { "", "AGREE", "STALE", "PARTIAL", "FAILED", "DRIFT", "PENDING" };
        dst_trace(p->w, "p%u verdict %s instrument %d leg %d ours %s venue %s age %lld ms outcome %d", p->number, names[e->verdict.verdict], (int)e->instrument,
                  (int)e->verdict.leg, dst_num(e->verdict.ours.v), dst_num(e->verdict.venue.v), (long long)(e->verdict.age_ns / BOT_NS_PER_MS), (int)e->verdict.outcome);
    }
}

static void on_event(void *self, const bot_event *ev)
{
    struct dst_process *p = self;
    if (p->journal == NULL) return;
    if (p->w->options.defect == DST_DEFECT_UNWRITTEN && ev->kind == BOT_EV_FILL && p->appended % 3 == 0) return;
    if (bot__journal_append(p->journal, ev) < 0) p->lost_events = true;
    p->appended++;
}

static void on_unreadable(void *self, bot_source source, const char *text, size_t len)
{
    struct dst_process *p = self;
    dst_trace(p->w, "p%u unreadable: %.*s", p->number, (int)len, text);
    if (p->journal != NULL) (void)bot__journal_append_raw(p->journal, dst_process_core_now(p), source, text, len);
}

static void on_log(void *self, int level, const char *name, const char *text)
{
    if (level <= 2) dst_trace(((struct dst_process *)self)->w, "p%u %s: %s", ((struct dst_process *)self)->number, name, text);
}

int dst_process_command(struct dst_process *p, bot_event *ev) { return bot__session_command(p->session, dst_process_time(p), ev); }

/* ---- the journal --------------------------------------------------------------------------------------------------- */

static void disk_clock(struct dst_process *p)
{
    const struct session_time t = dst_process_time(p);
    p->memfs.now = t.now;
    p->memfs.wall = t.wall_ns;
}

void dst_process_journal_look(struct dst_process *p)
{
    if (p->journal == NULL) return;
    const bool bad = bot__journal_state(p->journal, dst_process_time(p).now) != JOURNAL_OK;
    if (bad == p->journal_bad) return;
    p->journal_bad = bad;
    dst_trace(p->w, "p%u journal %s", p->number, bad ? "failed" : "works again");
    bot_event ev = { .kind = BOT_EV_JOURNAL, .monitor = { .ok = !bad, .value = bad } };
    (void)dst_process_command(p, &ev);
}

void dst_process_disk(struct dst_process *p)
{
    if (p->journal == NULL || dst_now(p->w) < p->round_at) return;
    p->w->result->bit[FAULT_KIND_COUNT + DST_STALL] += p->stalled && p->appended != p->rounded;
    if (p->disk_stalled) return;
    p->rounded = p->appended;
    p->round_at = dst_now(p->w) + ROUND_NS;
    disk_clock(p);
    (void)bot__journal_round(p->journal);
    if (p->disk_fault != DST_VENUE) p->w->result->bit[FAULT_KIND_COUNT + p->disk_fault] += p->memfs.failed - p->disk_failed;
    p->disk_failed = p->memfs.failed;
    dst_process_journal_look(p);
}

void dst_process_journal_end(struct dst_process *p)
{
    disk_clock(p);
    (void)bot__journal_close(p->journal);
    p->journal = NULL;
    bot__journal_older_live(&p->older, NULL);
}

void dst_process_rot(struct dst_process *p, uint64_t seed)
{
    test_rng rng = { seed };
    uint32_t files[MEMFS_FILES], n = 0;
    for (uint32_t i = 0; i < MEMFS_FILES; i++)
        if (p->memfs.files[i].name[0] != '\0' && p->memfs.files[i].size > 0) files[n++] = i;
    if (n == 0) return;
    struct memfs_file *f = &p->memfs.files[files[test_rng_below(&rng, n)]];
    const size_t at = test_rng_below(&rng, f->size);
    const unsigned char bit = (unsigned char)(1u << test_rng_below(&rng, 8));
    f->data[at] ^= bit;
    if (at < f->size_synced) f->synced[at] ^= bit;
    dst_trace(p->w, "p%u a bit of %s turns over at %zu of %zu", p->number, f->name, at, f->size);
    p->rotten = p->lost_events = true;
    p->rotten_record += p->up && strstr(f->name, ".journal") != NULL;
}

void dst_process_rot_seen(struct dst_process *p) { p->w->result->bit[FAULT_KIND_COUNT + DST_ROT] += p->rotten; }

static int replay_item(void *user_data, const bot_journal_item *item)
{
    struct dst_process *p = user_data;
    if (item->kind == BOT_JOURNAL_EVENT) bot__session_replay(p->session, &item->event);
    return bot__journal_older_see(&p->older, item);
}

/* As bot_account_open does it. */
static bool journal_open(struct dst_process *p, bot_ts *ret_begin, bool *ret_resume)
{
    struct journal_config c = { .venue = p->w->plan->venue, .account = "dst", .fs = &p->memfs.fs, .inline_rounds = true };
    struct journal_recovery recovery;
    bot_journal_options_init(&c.options);
    c.options.path = "j";
    c.options.durability = (bot_durability)p->w->plan->durability;
    c.options.segment_bytes = p->w->plan->segment_bytes;
    c.options.ring_bytes = 1 << 18;
    disk_clock(p);
    int r = bot__journal_open(&c, &p->journal, &recovery);
    if (r < 0) {
        dst_trace(p->w, "p%u journal: %s", p->number, recovery.text);
        p->journal = NULL;
        return false;
    }
    p->ts_offset = recovery.ts_offset;
    *ret_begin += p->ts_offset;
    p->journal_next = recovery.next_record;
    if (recovery.damage.damage != BOT_DAMAGE_NONE) {
        p->lost_events = true;
        dst_process_rot_seen(p);
        dst_trace(p->w, "p%u journal damage: %s", p->number, recovery.damage.text);
    }
    if (!recovery.existed) return true;
    bot_journal_reader *reader;
    r = bot__journal_open_read(&p->memfs.fs, "j", p->w->plan->venue, "dst", &reader, NULL);
    if (r < 0) return false;
    bot_ts begin;
    if (bot__journal_begin(reader, &begin) == BOT_OK) {
        *ret_begin = begin;
        *ret_resume = true;
    }
    bot_journal_close_read(reader);
    return true;
}

static bool resume(struct dst_process *p, bot_ts begin)
{
    bot_journal_reader *reader;
    if (bot__journal_open_read(&p->memfs.fs, "j", p->w->plan->venue, "dst", &reader, NULL) < 0) return false;
    struct journal_replay_result result;
    struct checkpoint from;
    char passed_over[400];
    const struct journal_resume how = { .fs = &p->memfs.fs, .path = "j", .core = p->core, .options = &bot__session_options(p->session)->core,
                                        .begin = begin, .older = &p->older, .next_record = p->journal_next, .checkpoint_bytes = 65536,
                                        .step = replay_item, .user_data = p };
    const int r = bot__journal_resume(&how, reader, &result, &from, passed_over, sizeof passed_over);
    bot_journal_close_read(reader);
    bot__session_resumed(p->session, result.hole, result.hole_venue_ns);
    dst_trace(p->w, "p%u resumed from record %llu: %llu events, %llu damaged places, %llu lost%s%s", p->number,
              (unsigned long long)from.record, (unsigned long long)result.events, (unsigned long long)(from.damages + result.damages),
              (unsigned long long)(from.lost + result.lost), passed_over[0] != '\0' ? "; " : "", passed_over);
    if (from.damages + result.damages != 0 || passed_over[0] != '\0') dst_process_rot_seen(p);
    p->lost_events |= from.damages + result.damages != 0 || from.lost + result.lost != 0;
    return r >= 0;
}

/* ---- life ---------------------------------------------------------------------------------------------------------- */

static void budget_open(struct dst_process *p)
{
    struct budget_options bo;
    bot__budget_options_init(&bo);
    const struct session_time t = dst_process_time(p);
    bo.utc_ns = t.wall_ns - t.now; /* the budget counts in the host's own time */
    struct budget_scope scopes[BUDGET_SCOPES_MAX];
    const uint32_t n = bot__venue_budget_scopes(bot__venue_find(p->w->plan->venue), scopes);
    const size_t size = bot__budget_size(&bo, scopes, n);
    p->budget_memory = calloc(1, size + 64);
    p->budget = bot__budget_init((void *)(((uintptr_t)p->budget_memory + 63) & ~(uintptr_t)63), &bo, scopes, n, t.now);
}

static void drop_memory(struct dst_process *p)
{
    free(p->memory);
    free(p->budget_memory);
    p->memory = p->budget_memory = NULL;
    p->session = NULL;
    p->core = NULL;
    p->budget = NULL;
    p->up = false;
    for (uint32_t i = 0; i < DST_INSTRUMENTS_MAX; i++) p->book[i].core_events = UINT64_MAX;
}

bool dst_process_start(struct dst_process *p)
{
    const struct dst_plan *plan = p->w->plan;
    p->start_at = BOT_TS_NEVER;
    p->ts_offset = 0;
    bot_ts begin = dst_process_time(p).now;
    bool resuming = false;
    if (plan->journal && !journal_open(p, &begin, &resuming)) goto again;
    if (plan->budget) budget_open(p);

    const struct simvenue_paths paths = bot__simvenue_paths(bot__world_venue(p->w->world));
    struct session_options so = { .venue = bot__venue_find(plan->venue), .rest_url = "https://paper", .instruments_n = plan->instruments,
                                  .public_data = plan->public_data, .monitors = plan->monitors, .orders_over_ws = plan->orders_over_ws,
                                  .rate_alarms_per_day = 1, .budget = p->budget, .seed = plan->seed + p->number * 1000 + p->runs, .ts_offset = p->ts_offset };
    snprintf(so.private_url, sizeof so.private_url, "wss://paper%s", paths.ws_private);
    snprintf(so.public_url, sizeof so.public_url, "wss://paper%s", paths.ws_public);
    snprintf(so.trade_url, sizeof so.trade_url, "wss://paper%s", paths.ws_trade);
    so.keys = (struct venue_keys){ .key = p->key, .passphrase = bot__simvenue_passphrase(bot__world_venue(p->w->world)), .signer = p->signer };
    for (uint32_t i = 0; i < plan->instruments; i++) so.instruments[i] = p->book[i].symbol;
    bot_core_options_init(&so.core);
    so.core.instruments_max = 4;
    so.core.orders_max = 512;
    so.core.fills_seen_max = plan->fills_seen_max;
    so.core.path_steps_max = plan->path_steps_max;
    so.core.hedge = plan->hedge;
    so.core.drift_policy = plan->drift_policy;
    so.core.shut_policy = plan->shut_policy;
    so.core.public_lease_ns = plan->public_data && plan->monitors ? 10 * BOT_NS_PER_S : 0; /* as the client of bot/account.h has it */
    so.core.session_id = (uint64_t)(dst_process_time(p).wall_ns / BOT_NS_PER_MS);
    if (p->journal != NULL) {
        bot__journal_older_init(&p->older, &p->memfs.fs, "j");
        so.core.older_fill = bot__journal_older_fill;
        so.core.user_data = &p->older;
    }
    const size_t size = bot__session_size(&so);
    p->memory = size == 0 ? NULL : calloc(1, size + 64);
    if (p->memory == NULL) {
        dst_wrong(p->w, DST_INTERNAL, "a session of %zu bytes cannot be made", size);
        return false;
    }
    const struct session_host host = { .self = p, .effect = on_effect, .event = on_event, .unreadable = on_unreadable, .log = on_log };
    const struct transport out = { .self = p, .ws_open = out_open, .ws_send = out_send, .ws_ping = out_ping, .ws_close = out_close,
                                   .http_start = out_http, .http_cancel = out_cancel, .timer = out_timer };
    p->session = bot__session_init((void *)(((uintptr_t)p->memory + 63) & ~(uintptr_t)63), &so, &out, &host,
                                   (struct session_time){ begin - p->ts_offset, dst_process_time(p).wall_ns });
    if (p->session == NULL) {
        dst_wrong(p->w, DST_INTERNAL, "the session was refused");
        return false;
    }
    p->core = bot__session_core(p->session);
    if (p->journal != NULL) {
        if (resuming && !resume(p, begin)) goto again;
        bot__journal_older_live(&p->older, p->journal);
        char text[4096];
        const int len = bot__core_options_format(&bot__session_options(p->session)->core, text, sizeof text);
        (void)bot__journal_append_options(p->journal, resuming ? dst_process_core_now(p) : begin, text, (size_t)len);
    }
    p->up = true;
    dst_check_carried(p);
    p->blind |= p->forgot && dst_check_rest_lies(p->w, 0);
    for (uint32_t i = 0; i < plan->instruments; i++) p->book[i].core_events = UINT64_MAX;
    p->runs++;
    p->journal_bad = false;
    p->was_open = false;
    p->positions_ok_at = p->private_heard_at = INT64_MIN / 2;
    p->public_heard_at[0] = p->public_heard_at[1] = p->risk_since = BOT_TS_NEVER;
    p->path_n = 0;
    p->unwritten = 0;
    memset(p->reads, 0, sizeof p->reads);
    if (!resuming) p->started_with_position |= p->runs > 1;
    bot__world_client_attach(p->w->world, p->client, (struct session *)(void *)p);
    bot__session_start(p->session, dst_process_time(p));
    for (uint32_t b = 0; b < plan->bots; b++) {
        p->bot[b].resting_n = 0;
        bot_event ev = { .kind = BOT_EV_ATTACH, .attach = { .bot = b, .scope = p->bot[b].plan->scope, .sends_orders = true, .name = "dst" } };
        if (dst_process_command(p, &ev) < 0) dst_wrong(p->w, DST_INTERNAL, "bot %u cannot be attached", b);
    }
    dst_bots_limits(p);
    return true;
again: /* the supervisor tries again */
    if (p->journal != NULL) (void)bot__journal_close(p->journal);
    p->journal = NULL;
    bot__journal_older_live(&p->older, NULL);
    drop_memory(p);
    p->start_at = dst_now(p->w) + 5 * BOT_NS_PER_S;
    return false;
}

void dst_process_die(struct dst_process *p, enum dst_what how, int64_t down_ns)
{
    if (!p->up) {
        if (how == DST_POWER && p->start_at != BOT_TS_NEVER) p->start_at += down_ns;
        return;
    }
    dst_trace(p->w, "p%u dies (%d)", p->number, (int)how);
    p->forgot = how == DST_POWER || p->journal == NULL || p->rotten;
    p->rotten_record = 0;
    if (how == DST_STOP) bot__session_stop(p->session);
    if (p->journal != NULL) {
        bot_journal_stats written;
        bot__journal_stats_get(p->journal, &written);
        p->carries = how != DST_POWER && !p->rotten && !p->lost_events && written.written == written.appended;
        for (uint32_t i = 0; i < p->w->plan->instruments; i++)
            for (int leg = 0; leg < 3; leg++) p->carried[i][leg] = dst_belief(p, &p->book[i], (bot_leg)(BOT_LEG_NET + leg));
    }
    bot__world_client_kill(p->w->world, p->client);
    if (p->journal != NULL) {
        disk_clock(p);
        if (how != DST_STOP) p->memfs.dead = true; /* what waits in the ring is gone */
        (void)bot__journal_close(p->journal);
        p->journal = NULL;
        bot__journal_older_live(&p->older, NULL);
        test_rng rng = { p->w->plan->seed * 31 + p->runs };
        if (how != DST_STOP) memfs_restart(&p->memfs, how == DST_POWER, &rng);
    }
    drop_memory(p);
    if (how == DST_POWER) p->mono_base = dst_now(p->w) + down_ns - BOT_NS_PER_S * 40; /* up for forty seconds when it starts */
    p->start_at = dst_now(p->w) + down_ns;
    p->w->result->restarts++;
}

void dst_process_init(struct dst_world *w, uint32_t number)
{
    struct dst_process *p = &w->process[number - 1];
    *p = (struct dst_process){ .w = w, .number = number, .start_at = DST_START_NS };
    snprintf(p->key, sizeof p->key, "test-key-%u", number);
    p->account = bot__world_account_add(w->world, p->key, "test-secret", (bot_money){ (bot_i128)10000000 * 1000000000000000000 });
    p->client = bot__world_client_add(w->world, &ops, &p->inner);
    p->signer = bot__signer_new("test-secret", 11);
    p->sent = calloc(DST_SENT_MAX, sizeof *p->sent);
    memfs_init(&p->memfs);
    p->memfs.step = 0;
    for (uint32_t i = 0; i < w->plan->instruments; i++) {
        struct dst_book *k = &p->book[i];
        k->exchange_instrument = (uint16_t)i; /* BTCUSDT and ETHUSDT, as the venue names them */
        k->symbol = bot__exchange_instrument(bot__world_exchange(w->world), k->exchange_instrument)->symbol;
        k->unit = i == 0 ? (bot_i128)10000000000000000 : (bot_i128)100000000000000000; /* 0.01 BTC, 0.1 ETH */
        k->wrong_since = BOT_TS_NEVER;
        k->outside_at = BOT_TS_NEVER;
        k->outside_next = 0;
        k->truth_changes = k->core_events = UINT64_MAX;
        if (w->plan->hedge) bot__exchange_hedge_set(bot__world_exchange(w->world), (uint32_t)p->account, k->exchange_instrument, true);
    }
    for (uint32_t b = 0; b < w->plan->bots; b++) dst_bot_init(p, b);
}

void dst_process_free(struct dst_process *p)
{
    if (p->session != NULL) bot__session_stop(p->session);
    if (p->journal != NULL) (void)bot__journal_close(p->journal);
    bot__journal_older_live(&p->older, NULL);
    drop_memory(p);
    bot__signer_free(p->signer);
    free(p->sent);
    memfs_done(&p->memfs);
}
