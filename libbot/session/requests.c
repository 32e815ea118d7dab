/* Reads with pages, order requests, the budget. */
#include "session/session_internal.h"
#include "session/venue_budget.h"

#include <stdio.h>
#include <string.h>

#define OWN_DEADLINE_NS (5 * BOT_NS_PER_S)
#define FILLS_BEFORE_START_NS (600 * BOT_NS_PER_S) /* clocks differ, and the first position is read a while after the start */
#define FUNDING_EVERY_NS (1800 * BOT_NS_PER_S)  /* paid every eight hours, by some contracts every hour */
#define FUNDING_RETRY_NS (30 * BOT_NS_PER_S)
#define FUNDING_OVERLAP_NS (600 * BOT_NS_PER_S)
#define START_RETRY_NS (2 * BOT_NS_PER_S) /* doubling to 32 s: an overloaded venue is not helped by more questions */
#define PACE_PERMILLE 250 /* of the requests that are free, for each kind of read that recurs: others want to live, too */

static const enum venue_call call_of[BOT_READ_KIND_COUNT] = {
    [BOT_READ_TIME] = VENUE_CALL_TIME,           [BOT_READ_INSTRUMENTS] = VENUE_CALL_INSTRUMENTS,
    [BOT_READ_POSITIONS] = VENUE_CALL_POSITIONS, [BOT_READ_FILLS] = VENUE_CALL_FILLS,
    [BOT_READ_OPEN_ORDERS] = VENUE_CALL_OPEN_ORDERS, [BOT_READ_ORDER] = VENUE_CALL_ORDER,
    [BOT_READ_BALANCE] = VENUE_CALL_BALANCE,     [BOT_READ_BOOK] = VENUE_CALL_BOOK,
    [BOT_READ_STATUS] = VENUE_CALL_STATUS,       [BOT_READ_MODE] = VENUE_CALL_MODE,
};

/* ---- the budget ---- */

static enum budget_class class_of(enum venue_call call)
{
    switch (call) {
    case VENUE_CALL_CANCEL:
    case VENUE_CALL_CANCEL_ALL:
    case VENUE_CALL_CANCEL_BATCH: return BUDGET_CANCEL;
    case VENUE_CALL_SUBMIT:
    case VENUE_CALL_AMEND:
    case VENUE_CALL_DEAD_MAN: return BUDGET_ORDER;
    case VENUE_CALL_POSITIONS:
    case VENUE_CALL_ORDER:
    case VENUE_CALL_OPEN_ORDERS: return BUDGET_RECONCILE;
    case VENUE_CALL_FILLS: return BUDGET_BACKFILL;
    default: return BUDGET_REST;
    }
}

static struct budget_request draw_of(const struct session *s, enum venue_call call, const struct venue_http *http)
{
    return bot__venue_budget_draw(s->options.venue, http, class_of(call), s->options.budget_account);
}

/* Sessions with journals of different ages share one budget: its clock is the transport's. */
static bot_ts budget_now(const struct session *s) { return s->t.now - s->options.ts_offset; }

static bool take(struct session *s, const struct budget_request *draw, bot_ts *ret_ready_at)
{
    if (s->options.budget == NULL)
        return true;
    if (bot__budget_take(s->options.budget, draw, budget_now(s)) == BOT_OK)
        return true;
    const bot_ts ready = bot__budget_ready_at(s->options.budget, draw, budget_now(s));
    *ret_ready_at = ready == BOT_TS_NEVER ? ready : session_after(ready, s->options.ts_offset);
    return false;
}

static void give_back(struct session *s, const struct budget_request *draw, bool left)
{
    if (s->options.budget == NULL)
        return;
    if (left)
        bot__budget_done(s->options.budget, draw, budget_now(s));
    else
        bot__budget_unsent(s->options.budget, draw, budget_now(s));
}

static void budget_words(struct session *s, const struct venue_reply *reply)
{
    if (s->options.budget == NULL)
        return;
    struct budget *b = s->options.budget;
    const uint32_t account = s->options.budget_account;
    if (reply->used >= 0 || reply->remaining >= 0 || reply->limit >= 0)
        bot__budget_header(b, account, reply->scope, reply->used, reply->remaining, reply->limit, reply->reset_wall_ns, budget_now(s));
    if (reply->outcome == BOT_OUTCOME_LIMITED || reply->outcome == BOT_OUTCOME_BANNED) {
        bot__budget_refused(b, account, reply->scope, reply->outcome == BOT_OUTCOME_BANNED, reply->banned_for_ns, budget_now(s));
        bot__session_log(s, 1, "limited", "%s: %s", s->options.venue->scopes[reply->scope].name, reply->detail);
    } else if (reply->outcome == BOT_OUTCOME_OK) {
        bot__budget_accepted(b, account, reply->scope);
    }
}

/* When the next read of its kind may go, so that they are spread evenly over what the budget has left. Without this, reads
 * after every fill use a window up in its first seconds, and none is left for the rest of it. */
static bot_ts paced(const struct session *s, const struct read *r)
{
    const struct read_pace *last = &s->paces[r->kind];
    if (s->options.budget == NULL || r->send_by <= s->t.now || last->pages == 0)
        return s->t.now;
    int64_t apart = 0;
    for (uint32_t i = 0; i < r->draw.draws_n; i++) {
        const int64_t ns = bot__budget_cadence(s->options.budget, r->draw.account, r->draw.draws[i].scope, r->draw.draws[i].weight * last->pages,
                                               PACE_PERMILLE, 0, r->send_by - last->sent_at, budget_now(s));
        apart = ns > apart ? ns : apart;
    }
    const bot_ts at = session_after(last->sent_at, apart);
    return at < r->send_by ? at : r->send_by;
}

/* ---- reads ---- */

static struct read *free_read(struct session *s)
{
    for (int i = 0; i < READS_MAX; i++)
        if (!s->reads[i].used)
            return &s->reads[i];
    return NULL;
}

static void read_event(struct session *s, struct read *r, bot_event_kind kind, bot_outcome outcome, bool complete, const char *detail, int64_t code)
{
    if (r->id == 0)
        return;
    bot_event ev = { .kind = (uint16_t)kind, .source = BOT_SOURCE_REST, .seq = BOT_SEQ_NONE, .read_id = r->id,
                     .venue_ns = s->clock_known ? session_venue_wall(s) : 0 };
    ev.read = (bot_ev_read){ .id = r->id, .read = r->kind, .outcome = outcome, .complete = complete, .rows = r->rows, .pages = r->pages,
                             .sent_at = r->sent_at, .from_venue_ns = r->req.from_ns, .to_venue_ns = r->req.to_ns, .venue_code = code };
    snprintf(ev.read.detail, sizeof ev.read.detail, "%s", detail);
    (void)bot__session_feed(s, &ev);
}

static int64_t start_retry(uint32_t *failures)
{
    const uint32_t n = *failures < 4 ? *failures : 4;
    *failures += 1;
    return START_RETRY_NS << n;
}

/* A row may be entered late: what was read is read again. */
static void funding_read(struct session *s, const struct read *done, bool complete)
{
    if (complete)
        s->funding_from_ns = done->sent_wall_ns - FUNDING_OVERLAP_NS > done->req.from_ns ? done->sent_wall_ns - FUNDING_OVERLAP_NS : done->req.from_ns;
    else
        s->funding_at = session_after(s->t.now, FUNDING_RETRY_NS);
}

static void end_read(struct session *s, struct read *r, bot_outcome outcome, bool complete, const char *detail, int64_t code)
{
    const struct read done = *r;
    if (r->drawn)
        give_back(s, &r->draw, r->http != 0);
    bot__joins_abandon(s, r);
    r->used = false;
    if (outcome != BOT_OUTCOME_OK) {
        s->stats.http_failures++;
        bot__session_log(s, 1, "read_failed", "%s", detail);
    }
    if (done.kind == BOT_READ_ORDER && done.id != 0 && outcome == BOT_OUTCOME_NOT_FOUND) {
        bot_event ev = { .kind = BOT_EV_REPLY, .source = BOT_SOURCE_REST, .seq = BOT_SEQ_NONE };
        ev.reply = (bot_ev_reply){ .request_id = BOT_REQUEST_CANCEL, .outcome = outcome, .order_id = done.req.order_id, .client_id = done.req.client_id,
                                   .venue_code = code };
        (void)bot__session_feed(s, &ev);
    }
    if (done.call == VENUE_CALL_INSTRUMENTS) {
        if (outcome == BOT_OUTCOME_OK && complete) {
            const bool first = !s->instruments_loaded;
            s->instruments_loaded = true;
            if (first)
                bot__streams_start(s);
        } else if (!s->instruments_loaded) {
            struct read *again = free_read(s);
            if (again != NULL) {
                *again = (struct read){ .used = true, .waiting = true, .kind = BOT_READ_INSTRUMENTS, .call = VENUE_CALL_INSTRUMENTS,
                                        .at = session_after(s->t.now, start_retry(&s->instruments_failures)), .patience_ns = OWN_DEADLINE_NS, .parts = 1 };
                again->deadline = session_after(again->at, OWN_DEADLINE_NS);
            }
        }
    }
    if (done.call == VENUE_CALL_ACCOUNT_LOG)
        funding_read(s, &done, outcome == BOT_OUTCOME_OK && complete);
    if (done.call == VENUE_CALL_TIME && outcome == BOT_OUTCOME_OK)
        s->clock_failures = 0;
    else if (done.call == VENUE_CALL_TIME)
        s->clock_at = session_after(s->t.now, start_retry(&s->clock_failures));
    if (done.call == VENUE_CALL_LISTEN_KEEP)
        bot__streams_listen_kept(s, outcome);
    struct read copy = done;
    copy.used = true;
    read_event(s, &copy, BOT_EV_READ_END, outcome, complete, detail, code);
}

static void begin_read(struct session *s, struct read *r)
{
    if (r->pages != 0)
        return;
    r->sent_at = s->t.now;
    r->sent_wall_ns = s->t.wall_ns;
    r->deadline = session_after(s->t.now, r->patience_ns);
    s->paces[r->kind].sent_at = s->t.now;
    read_event(s, r, BOT_EV_READ_BEGIN, BOT_OUTCOME_NONE, false, "", 0);
}

static void send_page(struct session *s, struct read *r)
{
    struct venue_http http;
    const int e = s->options.venue->encode_rest(&r->req, &s->options.keys, session_venue_wall(s), &http);
    if (e < 0) {
        end_read(s, r, BOT_OUTCOME_NOT_SENT, false, bot_strerror(e), 0);
        return;
    }
    if (bot__joins_wait(s, r, &http)) {
        s->stats.reads_joined++;
        r->joined = true;
        r->waiting = false;
        r->http = ++s->next_http;
        begin_read(s, r);
        return;
    }
    r->draw = draw_of(s, r->call, &http);
    bot_ts ready = r->pages == 0 ? paced(s, r) : s->t.now;
    if (ready > s->t.now) {
        s->stats.reads_paced++;
        r->waiting = true;
        r->at = ready;
        return;
    }
    if (!take(s, &r->draw, &ready)) {
        s->stats.reads_waited++;
        if (ready >= r->deadline && r->call != VENUE_CALL_INSTRUMENTS) {
            end_read(s, r, BOT_OUTCOME_NOT_SENT, false, "the request budget has no room before the deadline", 0);
            return;
        }
        r->waiting = true;
        r->at = ready;
        if (r->deadline < ready)
            r->deadline = session_after(ready, OWN_DEADLINE_NS);
        return;
    }
    r->drawn = true;
    r->waiting = false;
    r->http = ++s->next_http;
    begin_read(s, r);
    bot__joins_sent(s, r);
    s->stats.http_requests++;
    const int started = s->transport.http_start(s->transport.self, r->http, s->options.rest_url, &http, r->deadline - s->options.ts_offset);
    if (started < 0) {
        r->http = 0;
        end_read(s, r, BOT_OUTCOME_NOT_SENT, false, bot_strerror(started), 0);
    }
}

/* Account-wide reads of venues that answer for one instrument at a time go over those that the core knows. */
static bool next_instrument(struct session *s, struct read *r)
{
    if (!r->per_instrument)
        return false;
    const bot_symbol *symbol = bot_core_instrument(s->core, r->instrument++);
    if (symbol == NULL)
        return false;
    r->req.instrument = *symbol;
    return true;
}

/* The next call of a read that takes several; false when it is complete. */
static bool next_part(struct session *s, struct read *r)
{
    r->cursor[0] = '\0';
    r->req.cursor = r->cursor;
    if (++r->req.part < r->parts)
        return true;
    r->req.part = 0;
    r->oldest_ns = 0;
    if (next_instrument(s, r))
        return true;
    const int64_t window = s->options.venue->fills_window_max_ns;
    if (r->call == VENUE_CALL_FILLS && r->req.to_ns != 0 && r->req.to_ns < r->to_ns_end) {
        r->req.from_ns = r->req.to_ns;
        r->req.to_ns = r->req.from_ns + window < r->to_ns_end ? r->req.from_ns + window : 0;
        r->instrument = 0;
        return !r->per_instrument || next_instrument(s, r);
    }
    return false;
}

static void start_read(struct session *s, struct read *r)
{
    const struct venue *v = s->options.venue;
    r->parts = r->call == VENUE_CALL_POSITIONS ? v->positions_parts : r->call == VENUE_CALL_FILLS ? v->fills_parts
               : r->call == VENUE_CALL_OPEN_ORDERS ? v->orders_parts : r->call == VENUE_CALL_INSTRUMENTS ? v->instruments_parts : 1;
    if (r->parts == 0)
        r->parts = 1;
    r->req.call = r->call;
    r->req.cursor = r->cursor;
    /* Of all the fills that there ever were, those from before the start are in the first position. */
    if (r->call == VENUE_CALL_FILLS && r->req.from_ns == 0 && v->fills_by_id)
        r->req.from_ns = s->started_wall_ns - FILLS_BEFORE_START_NS;
    if (r->call == VENUE_CALL_FILLS && r->req.from_ns != 0 && v->fills_window_max_ns > 0) {
        r->to_ns_end = session_venue_wall(s) + 60 * BOT_NS_PER_S;
        if (v->fills_history_ns > 0 && r->req.from_ns < r->to_ns_end - v->fills_history_ns)
            r->req.from_ns = r->to_ns_end - v->fills_history_ns + BOT_NS_PER_S;
        if (r->to_ns_end - r->req.from_ns > v->fills_window_max_ns)
            r->req.to_ns = r->req.from_ns + v->fills_window_max_ns;
    }
    r->per_instrument = r->req.instrument.len == 0 &&
                        ((r->call == VENUE_CALL_FILLS && v->fills_per_instrument) ||
                         (r->call == VENUE_CALL_POSITIONS && v->positions_per_instrument) ||
                         (r->call == VENUE_CALL_OPEN_ORDERS && v->orders_per_instrument) ||
                         (r->call == VENUE_CALL_DEAD_MAN && v->dead_man_per_instrument));
    if (r->per_instrument && !next_instrument(s, r)) {
        r->sent_at = s->t.now;
        read_event(s, r, BOT_EV_READ_BEGIN, BOT_OUTCOME_NONE, false, "", 0);
        end_read(s, r, BOT_OUTCOME_OK, true, "", 0); /* no instrument, nothing to miss */
        return;
    }
    send_page(s, r);
}

void bot__requests_read(struct session *s, const bot_effect *e)
{
    struct read *r = free_read(s);
    if (r == NULL) {
        struct read none = { .id = e->read.id, .kind = e->read.read, .sent_at = s->t.now };
        read_event(s, &none, BOT_EV_READ_END, BOT_OUTCOME_NOT_SENT, false, "too many reads at once", 0);
        return;
    }
    *r = (struct read){ .used = true, .id = e->read.id, .kind = e->read.read, .call = call_of[e->read.read], .send_by = e->read.send_by,
                        .patience_ns = e->read.deadline - s->t.now, .deadline = e->read.deadline > e->read.send_by ? e->read.deadline : e->read.send_by };
    r->req.from_ns = e->read.from_venue_ns;
    r->req.instrument = e->read.read == BOT_READ_INSTRUMENTS ? (bot_symbol){ 0 } : e->read.symbol;
    r->req.order_id = e->read.order_id;
    r->req.client_id = e->read.client_id;
    start_read(s, r);
}

void bot__requests_own_read(struct session *s, enum venue_call call, bot_read_kind kind, uint32_t window_ms)
{
    struct read *r = free_read(s);
    if (r == NULL) {
        bot__session_log(s, 1, "read_lost", "too many reads at once");
        return;
    }
    *r = (struct read){ .used = true, .kind = kind, .call = call, .patience_ns = OWN_DEADLINE_NS, .deadline = session_after(s->t.now, OWN_DEADLINE_NS) };
    r->req.window_ms = window_ms;
    start_read(s, r);
}

void bot__requests_funding(struct session *s)
{
    struct read *r = free_read(s);
    s->funding_at = session_after(s->t.now, r != NULL ? FUNDING_EVERY_NS : FUNDING_RETRY_NS);
    if (r == NULL)
        return;
    *r = (struct read){ .used = true, .kind = BOT_READ_NONE, .call = VENUE_CALL_ACCOUNT_LOG, .patience_ns = OWN_DEADLINE_NS,
                        .deadline = session_after(s->t.now, OWN_DEADLINE_NS) };
    r->req.from_ns = s->funding_from_ns;
    start_read(s, r);
}

void bot__requests_book(struct session *s, const bot_symbol *instrument)
{
    struct read *r = free_read(s);
    if (r == NULL)
        return; /* the book asks again */
    *r = (struct read){ .used = true, .kind = BOT_READ_BOOK, .call = VENUE_CALL_BOOK, .patience_ns = OWN_DEADLINE_NS,
                        .deadline = session_after(s->t.now, OWN_DEADLINE_NS) };
    r->req.instrument = *instrument;
    start_read(s, r);
}

struct rows {
    struct session *s;
    struct read *r;
};

static bool wanted(const struct session *s, const bot_symbol *symbol)
{
    for (uint32_t i = 0; i < s->wanted_n; i++)
        if (bot__symbol_eq(&s->wanted[i], symbol))
            return true;
    return false;
}

static int read_row(void *user_data, const bot_event *decoded)
{
    struct rows *rows = user_data;
    struct session *s = rows->s;
    rows->r->rows++;
    if (decoded->kind == BOT_EV_INSTRUMENT && !wanted(s, &decoded->instrument))
        return 0; /* hundreds are listed, a few are ours */
    if (decoded->kind == BOT_EV_TIME || decoded->kind == BOT_EV_CONTROL)
        return 0;
    if (decoded->kind == BOT_EV_FILL && decoded->venue_ns != 0 && (rows->r->oldest_ns == 0 || decoded->venue_ns < rows->r->oldest_ns))
        rows->r->oldest_ns = decoded->venue_ns;
    bot_event ev = *decoded;
    ev.source = BOT_SOURCE_REST;
    ev.read_id = rows->r->id;
    ev.ts = s->t.now;
    if (ev.kind == BOT_EV_BOOK)
        bot__books_event(s, &ev);
    if (ev.kind == BOT_EV_BOOK || ev.kind == BOT_EV_WALLET) {
        if (s->host.market != NULL)
            s->host.market(s->host.self, &ev);
        return 0;
    }
    (void)bot__session_feed(s, &ev);
    return 0;
}

static void clock_measured(struct session *s, const struct read *r, int64_t venue_ns)
{
    const int64_t round_trip = s->t.now - r->sent_at;
    /* The venue read its clock somewhere between sending and receiving. */
    s->clock_offset_ns = venue_ns - (r->sent_wall_ns + round_trip / 2);
    bot__feed_clock(s, r->sent_at, venue_ns - (r->sent_at + round_trip / 2), round_trip / 2);
    s->stats.clock_error_ns = round_trip / 2;
    s->clock_known = true;
    if (s->options.budget != NULL)
        bot__budget_clock(s->options.budget, venue_ns - (r->sent_at - s->options.ts_offset + round_trip / 2), round_trip / 2 + 50 * BOT_NS_PER_MS);
    if (s->rate != NULL)
        bot__rate_set_wall(s->rate, venue_ns - (r->sent_at + round_trip / 2));
    bot_event ev = { .kind = BOT_EV_CLOCK, .source = BOT_SOURCE_REST, .seq = BOT_SEQ_NONE, .venue_ns = venue_ns,
                     .clock = { .offset_ns = s->clock_offset_ns, .error_ns = round_trip / 2 } };
    (void)bot__session_feed(s, &ev);
}

static void read_answered(struct session *s, struct read *r, int http_status, const struct venue_header *headers, uint32_t headers_n,
                          struct slice body)
{
    struct venue_reply reply;
    struct rows rows = { s, r };
    s->rest_context.instrument = r->req.instrument;
    (void)s->options.venue->decode_rest(&s->rest_context, r->call, http_status, headers, headers_n, body, read_row, &rows, &reply);
    if (!r->joined) {
        give_back(s, &r->draw, true);
        budget_words(s, &reply);
    }
    r->drawn = r->joined = false;
    r->http = 0;
    if (reply.outcome == BOT_OUTCOME_CLOCK)
        s->clock_at = s->t.now;
    if (reply.outcome != BOT_OUTCOME_OK) {
        end_read(s, r, reply.outcome, false, reply.detail, reply.venue_code);
        return;
    }
    if (r->call == VENUE_CALL_TIME && reply.venue_ns != 0)
        clock_measured(s, r, reply.venue_ns);
    if (r->call == VENUE_CALL_LISTEN_KEY)
        bot__streams_listen_key(s, reply.cursor);
    r->pages++;
    if (s->options.venue->fills_by_id && r->call == VENUE_CALL_FILLS && r->oldest_ns != 0 && r->oldest_ns < r->req.from_ns)
        reply.cursor[0] = '\0'; /* what comes behind is older still */
    if (reply.cursor[0] != '\0' && r->call != VENUE_CALL_LISTEN_KEY) {
        if (r->pages >= PAGES_MAX) {
            end_read(s, r, BOT_OUTCOME_OK, false, "more pages than are read at once", 0);
            return;
        }
        memcpy(r->cursor, reply.cursor, sizeof r->cursor);
        r->req.cursor = r->cursor;
        send_page(s, r);
    } else if (next_part(s, r)) {
        send_page(s, r);
    } else {
        s->paces[r->kind].pages = r->pages;
        end_read(s, r, BOT_OUTCOME_OK, true, "", 0);
    }
}

/* ---- order requests ---- */

static void reply_event(struct session *s, const struct order_call *c, bot_event_kind kind, bot_outcome outcome, const bot_id *order_id,
                        int64_t code, const char *reason)
{
    bot_event ev = { .kind = (uint16_t)kind, .source = BOT_SOURCE_REST, .seq = BOT_SEQ_NONE };
    ev.reply = (bot_ev_reply){ .request_id = c->request_id, .outcome = outcome, .client_id = c->req.client_id, .venue_code = code,
                               .order_id = order_id != NULL && order_id->len != 0 ? *order_id : c->req.order_id };
    snprintf(ev.reply.reason, sizeof ev.reply.reason, "%s", reason);
    (void)bot__session_feed(s, &ev);
}

static void end_call(struct session *s, struct order_call *c, bot_event_kind kind, bot_outcome outcome, const bot_id *order_id, int64_t code,
                     const char *reason)
{
    const struct order_call done = *c;
    if (c->drawn)
        give_back(s, &c->draw, outcome != BOT_OUTCOME_NOT_SENT);
    c->used = false;
    while (s->calls_top > 0 && !s->calls[s->calls_top - 1].used)
        s->calls_top--;
    if (outcome == BOT_OUTCOME_OK && done.req.call == VENUE_CALL_SUBMIT)
        bot__feed_acked(s, done.sent_at);
    reply_event(s, &done, kind, outcome, order_id, code, reason);
}

static void send_call(struct session *s, struct order_call *c)
{
    const struct venue *v = s->options.venue;
    struct venue_http http;
    const int e = v->encode_rest(&c->req, &s->options.keys, session_venue_wall(s), &http);
    if (e < 0) {
        end_call(s, c, BOT_EV_SENT, BOT_OUTCOME_NOT_SENT, NULL, e, bot_strerror(e));
        return;
    }
    c->draw = draw_of(s, c->req.call, &http);
    bot_ts ready = s->t.now;
    if (!take(s, &c->draw, &ready)) {
        /* A new order that cannot leave now is refused now: its price will not be right later. A cancel waits. */
        if (c->req.call != VENUE_CALL_CANCEL || ready == BOT_TS_NEVER) {
            end_call(s, c, BOT_EV_SENT, BOT_OUTCOME_NOT_SENT, NULL, BOT_ERR_BUDGET, bot_strerror(BOT_ERR_BUDGET));
            return;
        }
        c->waiting = true;
        c->at = ready;
        return;
    }
    c->drawn = true;
    c->waiting = false;
    c->sent_at = s->t.now;
    c->deadline = session_after(s->t.now, v->order_unknown_ns > 0 ? v->order_unknown_ns : OWN_DEADLINE_NS);
    s->stats.orders_sent++;
    if (s->options.orders_over_ws && v->encode_ws != NULL && s->streams[BOT_STREAM_TRADE].phase == STREAM_UP) {
        char text[VENUE_BODY_MAX + 1024];
        snprintf(c->req.request_id.s, sizeof c->req.request_id.s, "%llu", (unsigned long long)c->request_id);
        c->req.request_id.len = (uint8_t)strlen(c->req.request_id.s);
        const int len = v->encode_ws(&c->req, &s->options.keys, session_venue_wall(s), text, sizeof text);
        if (len > 0 && s->transport.ws_send(s->transport.self, BOT_STREAM_TRADE, text, (size_t)len) == 0) {
            c->over_ws = true;
            return;
        }
    }
    c->http = ++s->next_http;
    s->stats.http_requests++;
    const int started = s->transport.http_start(s->transport.self, c->http, s->options.rest_url, &http, c->deadline - s->options.ts_offset);
    if (started < 0)
        end_call(s, c, BOT_EV_SENT, BOT_OUTCOME_NOT_SENT, NULL, started, bot_strerror(started));
}

void bot__requests_send(struct session *s, const bot_effect *e)
{
    struct order_call *c = NULL;
    for (uint32_t i = 0; i < REQUESTS_MAX && c == NULL; i++)
        if (!s->calls[i].used) {
            c = &s->calls[i];
            if (i >= s->calls_top)
                s->calls_top = i + 1;
        }
    struct order_call full = { 0 };
    struct order_call *to = c != NULL ? c : &full;
    *to = (struct order_call){ .used = true, .request_id = e->send.request_id };
    to->req.call = e->send.request == BOT_REQUEST_SUBMIT ? VENUE_CALL_SUBMIT : e->send.request == BOT_REQUEST_AMEND ? VENUE_CALL_AMEND
                                                                                                                   : VENUE_CALL_CANCEL;
    to->req.order = e->send.order;
    to->req.instrument = e->send.order.instrument;
    to->req.client_id = e->send.client_id;
    to->req.order_id = e->send.order_id;
    if (c == NULL) {
        reply_event(s, &full, BOT_EV_SENT, BOT_OUTCOME_NOT_SENT, NULL, BOT_ERR_FULL, "too many requests at once");
        return;
    }
    send_call(s, c);
}

static void call_answered(struct session *s, struct order_call *c, int http_status, const struct venue_header *headers, uint32_t headers_n,
                          struct slice body)
{
    struct venue_reply reply;
    struct read none = { 0 };
    struct rows rows = { s, &none };
    (void)s->options.venue->decode_rest(&s->rest_context, c->req.call, http_status, headers, headers_n, body, read_row, &rows, &reply);
    if (reply.outcome == BOT_OUTCOME_CLOCK)
        s->clock_at = s->t.now;
    give_back(s, &c->draw, true);
    c->drawn = false;
    budget_words(s, &reply);
    /* An answer that cannot be read says nothing about the order. */
    const bot_outcome outcome = reply.outcome == BOT_OUTCOME_MALFORMED ? BOT_OUTCOME_UNKNOWN : reply.outcome;
    end_call(s, c, BOT_EV_REPLY, outcome, &reply.order_id, reply.venue_code, reply.detail);
}

void bot__requests_ws_answer(struct session *s, const bot_event *ev)
{
    const bot_id *id = ev->kind == BOT_EV_ACK ? &ev->ack.request_id : &ev->error.request_id;
    for (uint32_t i = 0; i < s->calls_top; i++) {
        struct order_call *c = &s->calls[i];
        if (!c->used || !c->over_ws || !bot__id_eq(&c->req.request_id, id))
            continue;
        if (ev->kind == BOT_EV_ACK && ev->ack.accepted)
            end_call(s, c, BOT_EV_REPLY, BOT_OUTCOME_OK, &ev->ack.order_id, 0, "");
        else if (ev->kind == BOT_EV_ACK)
            end_call(s, c, BOT_EV_REPLY, BOT_OUTCOME_REJECTED, &ev->ack.order_id, ev->ack.venue_code, ev->ack.reason);
        else
            end_call(s, c, BOT_EV_REPLY, ev->error.code == BOT_ERR_REJECTED ? BOT_OUTCOME_REJECTED : BOT_OUTCOME_UNKNOWN, NULL,
                     ev->error.venue_code, ev->error.detail);
        return;
    }
    if (ev->kind == BOT_EV_ERROR)
        bot__session_log(s, 1, "venue_error", "trade stream: %lld %s", (long long)ev->error.venue_code, ev->error.detail);
}

void bot__requests_trade_lost(struct session *s)
{
    for (uint32_t i = 0; i < s->calls_top; i++)
        if (s->calls[i].used && s->calls[i].over_ws)
            end_call(s, &s->calls[i], BOT_EV_REPLY, BOT_OUTCOME_UNKNOWN, NULL, 0, "the order socket was lost");
}

/* ---- answers and time ---- */

static bot_outcome outcome_of(enum transport_result result)
{
    return result == TRANSPORT_NOT_SENT ? BOT_OUTCOME_NOT_SENT : result == TRANSPORT_TIMEOUT ? BOT_OUTCOME_TIMEOUT : BOT_OUTCOME_UNKNOWN;
}

struct http_answer {
    enum transport_result result;
    int http_status;
    const struct venue_header *headers;
    uint32_t headers_n;
    struct slice body;
    const char *error;
};

static void page_answered(struct session *s, struct session_time t, struct read *r, const struct http_answer *a)
{
    bot__session_enter(s, t);
    if (a->result == TRANSPORT_TIMEOUT)
        s->stats.http_timeouts++;
    if (a->result == TRANSPORT_OK)
        read_answered(s, r, a->http_status, a->headers, a->headers_n, a->body);
    else
        end_read(s, r, outcome_of(a->result), false, a->error, 0);
    bot__session_leave(s);
}

void bot__session_http_done(struct session *s, struct session_time t, uint64_t id, enum transport_result result, int http_status,
                            const struct venue_header *headers, uint32_t headers_n, const char *body, size_t len, const char *error)
{
    if (s->stopped || id == 0)
        return;
    const struct http_answer a = { result, http_status, headers, headers_n, { body != NULL ? body : "", body != NULL ? len : 0 },
                                   error != NULL ? error : "no answer" };
    for (int i = 0; i < READS_MAX; i++) {
        struct read *r = &s->reads[i];
        if (!r->used || r->http != id)
            continue;
        struct read *others[JOINED_MAX];
        const uint32_t n = bot__joins_finish(s, r, others, JOINED_MAX);
        for (uint32_t k = 0; k < n; k++)
            if (others[k]->used && others[k]->joined) /* else the host has closed it meanwhile */
                page_answered(others[k]->session, t, others[k], &a);
        if (!s->stopped)
            page_answered(s, t, r, &a);
        return;
    }
    bot__session_enter(s, t);
    if (result == TRANSPORT_TIMEOUT)
        s->stats.http_timeouts++;
    for (uint32_t i = 0; i < s->calls_top; i++) {
        struct order_call *c = &s->calls[i];
        if (!c->used || c->http != id)
            continue;
        if (result == TRANSPORT_OK)
            call_answered(s, c, http_status, headers, headers_n, a.body);
        else
            end_call(s, c, result == TRANSPORT_NOT_SENT ? BOT_EV_SENT : BOT_EV_REPLY, outcome_of(result), NULL, 0, a.error);
        break;
    }
    bot__session_leave(s);
}

void bot__requests_stop(struct session *s)
{
    for (int i = 0; i < READS_MAX; i++) {
        if (!s->reads[i].used)
            continue;
        bot__joins_abandon(s, &s->reads[i]);
        if (s->reads[i].drawn)
            give_back(s, &s->reads[i].draw, true);
    }
    for (uint32_t i = 0; i < s->calls_top; i++)
        if (s->calls[i].used && s->calls[i].drawn)
            give_back(s, &s->calls[i].draw, true);
    memset(s->reads, 0, sizeof s->reads);
    memset(s->calls, 0, s->calls_top * sizeof *s->calls);
    s->calls_top = 0;
}

void bot__requests_tick(struct session *s)
{
    for (uint32_t i = 0; i < s->calls_top; i++) { /* cancels and orders first */
        struct order_call *c = &s->calls[i];
        if (c->used && c->waiting && s->t.now >= c->at)
            send_call(s, c);
        else if (c->used && c->over_ws && s->t.now >= c->deadline)
            end_call(s, c, BOT_EV_REPLY, BOT_OUTCOME_TIMEOUT, NULL, 0, "no answer over the order socket");
    }
    for (int i = 0; i < READS_MAX; i++) {
        struct read *r = &s->reads[i];
        if (!r->used || !r->waiting || s->t.now < r->at)
            continue;
        r->waiting = false;
        if (r->pages == 0 && r->req.call == VENUE_CALL_NONE)
            start_read(s, r);
        else
            send_page(s, r);
    }
}

bot_ts bot__requests_deadline(const struct session *s)
{
    bot_ts at = BOT_TS_NEVER;
    for (uint32_t i = 0; i < s->calls_top; i++) {
        const struct order_call *c = &s->calls[i];
        if (c->used && c->waiting && c->at < at)
            at = c->at;
        if (c->used && c->over_ws && c->deadline < at)
            at = c->deadline;
    }
    for (int i = 0; i < READS_MAX; i++)
        if (s->reads[i].used && s->reads[i].waiting && s->reads[i].at < at)
            at = s->reads[i].at;
    return at;
}
