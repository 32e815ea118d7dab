#include "session/drive.h"

#include <stdio.h>

#include "session/books.h"
#include "session/clock.h"
#include "session/draws.h"
#include "session/effects.h"
#include "session/funding.h"
#include "session/joins.h"
#include "session/log.h"
#include "session/order_calls.h"
#include "session/public_data.h"
#include "session/reads.h"
#include "session/streams.h"

static void carry_out(struct session *s, const bot_effect *e);

/* Requests that an effect starts never answer before this returns, but a request that cannot even start steps the core again:
 * what that brings is done behind what is on the way already. */
int bot__drive_tell(struct session *s, bot_event *ev)
{
    const int r = bot__effects_step(s, ev);
    if (s->carrying || s->effects.requests_n == 0)
        return r;
    s->carrying = true;
    bot_effect e;
    while (bot__effects_next(s, &e))
        carry_out(s, &e);
    s->carrying = false;
    return r;
}

static void tell_market(struct session *s, const bot_event *ev)
{
    if (s->host.market != NULL)
        s->host.market(s->host.self, ev);
}

/* ---- reads ---- */

static void on_stream(struct session *s, bot_stream stream, struct stream_news news);

static void tick_streams(struct session *s)
{
    for (int i = 0; i < BOT_STREAM_COUNT; i++)
        on_stream(s, (bot_stream)i, bot__streams_tick(s, (bot_stream)i));
}

/* What follows from a read's end, besides that the core is told. */
static void follow_read(struct session *s, const struct read *done, bot_outcome outcome, bool complete)
{
    const bool ok = outcome == BOT_OUTCOME_OK;
    if (done->call == VENUE_CALL_ACCOUNT_LOG) {
        bot__funding_read(s, done, ok && complete);
    } else if (done->call == VENUE_CALL_TIME) {
        bot__clock_read(s, ok);
    } else if (done->call == VENUE_CALL_LISTEN_KEEP) {
        on_stream(s, BOT_STREAM_PRIVATE, bot__streams_listen_kept(s, outcome));
    } else if (done->call == VENUE_CALL_INSTRUMENTS && !s->instruments_loaded) {
        s->instruments_loaded = ok && complete;
        if (!s->instruments_loaded) {
            bot__reads_instruments_again(s);
            return;
        }
        bot__log_unknown_instruments(s);
        bot__streams_start(s);
        tick_streams(s);
    }
}

static void end_read(struct session *s, struct read *r, const struct read_end *end)
{
    const struct read done = *r;
    bot__reads_end(s, r);
    if (end->outcome != BOT_OUTCOME_OK) {
        s->stats.http_failures++;
        bot__log_read_failed(s, done.call, end->outcome, end->detail, end->code);
    }
    bot_event ev;
    if (done.kind == BOT_READ_ORDER && done.id != 0 && end->outcome == BOT_OUTCOME_NOT_FOUND) {
        ev = (bot_event){ .kind = BOT_EV_REPLY, .source = BOT_SOURCE_REST, .seq = BOT_SEQ_NONE };
        ev.reply = (bot_ev_reply){ .request_id = BOT_REQUEST_CANCEL, .outcome = end->outcome, .order_id = done.req.order_id,
                                   .client_id = done.req.client_id, .venue_code = end->code };
        (void)bot__drive_tell(s, &ev);
    }
    follow_read(s, &done, end->outcome, end->complete);
    if (bot__reads_event(s, &done, BOT_EV_READ_END, end, &ev))
        (void)bot__drive_tell(s, &ev);
}

static void begin_read(struct session *s, struct read *r)
{
    static const struct read_end nothing = { .outcome = BOT_OUTCOME_NONE, .detail = "" };
    bot_event ev;
    if (bot__reads_begin(s, r) && bot__reads_event(s, r, BOT_EV_READ_BEGIN, &nothing, &ev))
        (void)bot__drive_tell(s, &ev);
}

static void go_on(struct session *s, struct read *r)
{
    struct venue_http http;
    struct read_end end;
    switch (bot__reads_next(s, r, &http, &end)) {
    case READ_WAITS: break;
    case READ_JOINS: begin_read(s, r); break;
    case READ_GOES:
        begin_read(s, r);
        if (!bot__reads_send(s, r, &http, &end))
            end_read(s, r, &end);
        break;
    case READ_ENDS: end_read(s, r, &end); break;
    }
}

static void start_read(struct session *s, struct read *r)
{
    static const struct read_end nothing_to_miss = { .outcome = BOT_OUTCOME_OK, .complete = true, .detail = "" };
    if (bot__reads_plan(s, r)) {
        go_on(s, r);
        return;
    }
    begin_read(s, r);
    end_read(s, r, &nothing_to_miss);
}

void bot__drive_read(struct session *s, enum venue_call call, bot_read_kind kind, uint32_t window_ms)
{
    struct read *r = bot__reads_own(s, call, kind);
    if (r == NULL) {
        bot__session_log(s, 1, "read_lost", "too many reads at once");
        return;
    }
    r->req.window_ms = window_ms;
    start_read(s, r);
}

void bot__drive_read_clock(struct session *s)
{
    bot__clock_asked(s);
    bot__drive_read(s, VENUE_CALL_TIME, BOT_READ_TIME, 0);
}

static void read_for_core(struct session *s, const bot_effect *e)
{
    struct read *r = bot__reads_of_core(s, e);
    if (r != NULL) {
        start_read(s, r);
        return;
    }
    const struct read none = { .id = e->read.id, .kind = e->read.read, .sent_at = s->t.now };
    const struct read_end full = { .outcome = BOT_OUTCOME_NOT_SENT, .detail = "too many reads at once" };
    bot_event ev;
    if (bot__reads_event(s, &none, BOT_EV_READ_END, &full, &ev))
        (void)bot__drive_tell(s, &ev);
}

static void read_funding(struct session *s)
{
    struct read *r = bot__reads_own(s, VENUE_CALL_ACCOUNT_LOG, BOT_READ_NONE);
    bot__funding_asked(s, r != NULL);
    if (r == NULL)
        return;
    r->req.from_ns = s->funding.from_ns;
    start_read(s, r);
}

static void read_book(struct session *s, const bot_symbol *instrument)
{
    struct read *r = bot__reads_own(s, VENUE_CALL_BOOK, BOT_READ_BOOK);
    if (r == NULL)
        return; /* the book asks again */
    r->req.instrument = *instrument;
    start_read(s, r);
}

/* ---- orders ---- */

static void end_order(struct session *s, struct order_call *c, const struct order_end *end)
{
    const struct order_call done = *c;
    bot__order_calls_end(s, c, end);
    if (end->outcome == BOT_OUTCOME_OK && done.req.call == VENUE_CALL_SUBMIT)
        bot__public_acked(s, done.sent_at);
    bot_event ev;
    bot__order_calls_event(&done, end, &ev);
    (void)bot__drive_tell(s, &ev);
}

static void send_order(struct session *s, struct order_call *c)
{
    struct order_end end;
    if (!bot__order_calls_send(s, c, &end))
        end_order(s, c, &end);
}

static void send_for_core(struct session *s, const bot_effect *e)
{
    struct order_call full;
    struct order_end end;
    struct order_call *c = bot__order_calls_add(s, e, &full, &end);
    if (c != NULL) {
        send_order(s, c);
        return;
    }
    bot_event ev;
    bot__order_calls_event(&full, &end, &ev);
    (void)bot__drive_tell(s, &ev);
}

/* ---- streams ---- */

/* To the core the public sockets are one: ready with the last of them, lost with the first. */
static void tell_stream(struct session *s, bot_stream stream, bot_stream_state state, const char *reason)
{
    const bool ready = state == BOT_STREAM_READY;
    bot__session_log(s, ready ? 2 : 1, ready ? "stream_ready" : "stream_lost", "%s%s%s", bot__streams_name(stream), reason[0] != '\0' ? ": " : "", reason);
    if (!bot__streams_decides(s, stream))
        return;
    bot_event ev = { .kind = BOT_EV_STREAM, .source = BOT_SOURCE_HOST, .seq = BOT_SEQ_NONE,
                     .stream = { .stream = session_is_public(stream) ? BOT_STREAM_PUBLIC : stream, .state = state } };
    snprintf(ev.stream.reason, sizeof ev.stream.reason, "%s", reason);
    (void)bot__drive_tell(s, &ev);
}

static void on_stream(struct session *s, bot_stream stream, struct stream_news news)
{
    bot_event ev;
    switch (news.what) {
    case STREAM_NO_NEWS: break;
    case STREAM_WANTS_KEY: bot__drive_read(s, VENUE_CALL_LISTEN_KEY, BOT_READ_NONE, 0); break;
    case STREAM_CAME_UP:
        if (stream == BOT_STREAM_PRIVATE && bot__public_private_anew(s, &ev))
            (void)bot__drive_tell(s, &ev);
        tell_stream(s, stream, BOT_STREAM_READY, "");
        break;
    case STREAM_WENT_DOWN:
        tell_stream(s, stream, BOT_STREAM_LOST, news.reason);
        if (stream == BOT_STREAM_TRADE) {
            struct order_end end;
            for (struct order_call *c; (c = bot__order_calls_lost(s, &end)) != NULL;)
                end_order(s, c, &end);
        }
        if (session_is_public(stream)) {
            bot__public_lost(s, stream);
            bot__books_lost(s, stream);
        }
        break;
    }
}

static void resync(struct session *s, bot_stream stream, const char *reason) { on_stream(s, stream, bot__streams_resync(s, stream, reason)); }

/* ---- what the core wants ---- */

static void carry_out(struct session *s, const bot_effect *e)
{
    switch (e->kind) {
    case BOT_EFFECT_SEND: send_for_core(s, e); break;
    case BOT_EFFECT_READ:
        if (e->read.read == BOT_READ_INSTRUMENTS)
            bot__session_want(s, &e->read.symbol);
        read_for_core(s, e);
        break;
    case BOT_EFFECT_DEAD_MAN: bot__drive_read(s, VENUE_CALL_DEAD_MAN, BOT_READ_NONE, e->dead_man.window_ms); break;
    case BOT_EFFECT_RESYNC: resync(s, BOT_STREAM_PRIVATE, "silent though our orders must have traded"); break;
    case BOT_EFFECT_ORDER:
    case BOT_EFFECT_GATE:
    case BOT_EFFECT_FILL:
    case BOT_EFFECT_POSITION:
    case BOT_EFFECT_VERDICT:
    case BOT_EFFECT_ALERT:
    case BOT_EFFECT_NONE: break; /* the host's */
    }
}

/* ---- time ---- */

void bot__drive_enter(struct session *s, struct session_time t)
{
    if (t.now + s->options.ts_offset > s->t.now)
        s->t.now = t.now + s->options.ts_offset;
    s->t.wall_ns = t.wall_ns;
}

void bot__drive_arm(struct session *s)
{
    bot_ts at = bot_core_deadline(s->core);
    const bot_ts others[] = { bot__streams_deadline(s), bot__order_calls_deadline(s), bot__reads_deadline(s), bot__public_deadline(s),
                              bot__books_deadline(s), s->clock.at, s->funding.at, s->effects.outbox_n != 0 ? s->t.now : BOT_TS_NEVER };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] < at)
            at = others[i];
    s->transport.timer(s->transport.self, at == BOT_TS_NEVER ? at : at - s->options.ts_offset);
}

void bot__drive_leave(struct session *s)
{
    if (!s->stopped)
        bot__effects_deliver(s);
    if (!s->stopped)
        bot__drive_arm(s);
}

static void tick_books(struct session *s)
{
    struct books_wish wish;
    for (uint32_t cursor = 0; bot__books_due(s, &cursor, &wish);)
        if (wish.snapshot != NULL)
            read_book(s, wish.snapshot);
        else
            resync(s, wish.stream, wish.reason);
}

static void tick_requests(struct session *s)
{
    bool late;
    struct order_end end;
    struct order_call *c; /* cancels and orders first */
    for (uint32_t cursor = 0; (c = bot__order_calls_due(s, &cursor, &late, &end)) != NULL;)
        if (late)
            end_order(s, c, &end);
        else
            send_order(s, c);
    struct read *r;
    for (uint32_t cursor = 0; (r = bot__reads_due(s, &cursor)) != NULL;)
        if (r->pages == 0 && r->req.call == VENUE_CALL_NONE)
            start_read(s, r);
        else
            go_on(s, r);
}

void bot__session_timer(struct session *s, struct session_time t)
{
    if (!s->started || s->stopped)
        return;
    bot__drive_enter(s, t);
    if (s->t.now >= s->clock.at)
        bot__drive_read_clock(s);
    if (s->t.now >= s->funding.at)
        read_funding(s);
    bot_event ev;
    for (uint32_t cursor = 0; bot__public_due(s, &cursor, &ev);)
        (void)bot__drive_tell(s, &ev);
    tick_books(s);
    tick_streams(s);
    if (bot__streams_keep_due(s))
        bot__drive_read(s, VENUE_CALL_LISTEN_KEEP, BOT_READ_NONE, 0);
    tick_requests(s);
    if (s->t.now >= bot_core_deadline(s->core)) {
        ev = (bot_event){ .kind = BOT_EV_TICK, .source = BOT_SOURCE_HOST, .seq = BOT_SEQ_NONE };
        (void)bot__drive_tell(s, &ev);
    }
    bot__drive_leave(s);
}

/* ---- what comes over HTTP ---- */

struct rows {
    struct session *s;
    struct read *r;
};

static int read_row(void *user_data, const bot_event *decoded)
{
    struct rows *rows = user_data;
    struct session *s = rows->s;
    rows->r->rows++;
    if (decoded->kind == BOT_EV_INSTRUMENT && !bot__session_wants(s, &decoded->instrument))
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
        tell_market(s, &ev);
        return 0;
    }
    (void)bot__drive_tell(s, &ev);
    return 0;
}

struct http_answer {
    enum transport_result result;
    int http_status;
    const struct venue_header *headers;
    uint32_t headers_n;
    struct slice body;
    const char *error;
};

static void decode(struct session *s, enum venue_call call, struct read *r, const struct http_answer *a, struct venue_reply *ret)
{
    struct rows rows = { s, r };
    (void)s->options.venue->decode_rest(&s->rest_context, call, a->http_status, a->headers, a->headers_n, a->body, read_row, &rows, ret);
    if (ret->outcome == BOT_OUTCOME_CLOCK)
        bot__clock_doubt(s);
}

static bot_outcome outcome_of(enum transport_result result)
{
    return result == TRANSPORT_NOT_SENT ? BOT_OUTCOME_NOT_SENT : result == TRANSPORT_TIMEOUT ? BOT_OUTCOME_TIMEOUT : BOT_OUTCOME_UNKNOWN;
}

static void read_answered(struct session *s, struct read *r, const struct http_answer *a)
{
    struct venue_reply reply;
    s->rest_context.instrument = r->req.instrument;
    decode(s, r->call, r, a, &reply);
    bot__reads_arrived(s, r, &reply);
    struct read_end end = { .outcome = reply.outcome, .detail = reply.detail, .code = reply.venue_code };
    if (reply.outcome == BOT_OUTCOME_NOT_FOUND && bot__reads_elsewhere(s, r)) {
        go_on(s, r);
        return;
    }
    if (reply.outcome != BOT_OUTCOME_OK) {
        end_read(s, r, &end);
        return;
    }
    if (r->call == VENUE_CALL_TIME && reply.venue_ns != 0) {
        bot_event ev;
        bot__public_clock(s, r->sent_at, reply.venue_ns);
        bot__clock_measured(s, r, reply.venue_ns, reply.venue_error_ns, &ev);
        (void)bot__drive_tell(s, &ev);
    }
    if (r->call == VENUE_CALL_LISTEN_KEY)
        on_stream(s, BOT_STREAM_PRIVATE, bot__streams_listen_key(s, reply.cursor));
    if (r->call == VENUE_CALL_LISTEN_KEEP)
        on_stream(s, BOT_STREAM_PRIVATE, bot__streams_listen_now(s, reply.cursor));
    if (bot__reads_turn(s, r, &reply, &end))
        go_on(s, r);
    else
        end_read(s, r, &end);
}

static void page_answered(struct session *s, struct session_time t, struct read *r, const struct http_answer *a)
{
    bot__drive_enter(s, t);
    if (a->result == TRANSPORT_TIMEOUT)
        s->stats.http_timeouts++;
    if (a->result == TRANSPORT_OK)
        read_answered(s, r, a);
    else
        end_read(s, r, &(struct read_end){ .outcome = outcome_of(a->result), .detail = a->error });
    bot__drive_leave(s);
}

static void order_answered(struct session *s, struct session_time t, struct order_call *c, const struct http_answer *a)
{
    bot__drive_enter(s, t);
    if (a->result == TRANSPORT_TIMEOUT)
        s->stats.http_timeouts++;
    struct order_end end = { .kind = a->result == TRANSPORT_NOT_SENT ? BOT_EV_SENT : BOT_EV_REPLY, .outcome = outcome_of(a->result), .reason = a->error };
    struct venue_reply reply; /* end may point into it */
    if (a->result == TRANSPORT_OK) {
        struct read none = { 0 };
        decode(s, c->req.call, &none, a, &reply);
        bot__order_calls_arrived(s, c, &reply, &end);
    }
    end_order(s, c, &end);
    bot__drive_leave(s);
}

void bot__session_http_done(struct session *s, struct session_time t, uint64_t id, enum transport_result result, int http_status,
                            const struct venue_header *headers, uint32_t headers_n, const char *body, size_t len, const char *error)
{
    if (s->stopped || id == 0)
        return;
    const struct http_answer a = { result, http_status, headers, headers_n, { body != NULL ? body : "", body != NULL ? len : 0 },
                                   error != NULL ? error : "no answer" };
    struct read *r = bot__reads_find(s, id);
    if (r == NULL) {
        struct order_call *c = bot__order_calls_find(s, id);
        if (c != NULL)
            order_answered(s, t, c, &a);
        return;
    }
    struct read *others[JOINED_MAX];
    const uint32_t n = bot__joins_finish(s, r, others, JOINED_MAX);
    for (uint32_t k = 0; k < n; k++)
        if (others[k]->used && others[k]->joined) /* else the host has closed it meanwhile */
            page_answered(others[k]->session, t, others[k], &a);
    if (!s->stopped)
        page_answered(s, t, r, &a);
}

/* ---- what comes over a socket ---- */

void bot__session_ws_opened(struct session *s, struct session_time t, bot_stream stream)
{
    if (s->stopped || s->streams[stream].phase != STREAM_OPENING)
        return;
    bot__drive_enter(s, t);
    on_stream(s, stream, bot__streams_opened(s, stream));
    bot__drive_leave(s);
}

void bot__session_ws_closed(struct session *s, struct session_time t, bot_stream stream, const char *reason)
{
    if (s->stopped || s->streams[stream].phase < STREAM_OPENING)
        return;
    bot__drive_enter(s, t);
    on_stream(s, stream, bot__streams_closed(s, stream, reason));
    bot__drive_leave(s);
}

struct receiver {
    struct session *s;
    bot_stream stream;
};

static void order_answered_ws(struct session *s, const bot_event *ev)
{
    struct order_end end;
    struct order_call *c = bot__order_calls_ws_answer(s, ev, &end);
    if (c != NULL && end.outcome == BOT_OUTCOME_CLOCK)
        bot__clock_doubt(s);
    if (c != NULL) {
        bot__draws_refused(s, &c->draw, end.outcome, end.reason);
        end_order(s, c, &end);
    } else if (ev->kind == BOT_EV_ERROR)
        bot__log_venue_error(s, BOT_STREAM_TRADE, ev);
}

static int received(void *user_data, const bot_event *decoded)
{
    struct receiver *rx = user_data;
    struct session *s = rx->s;
    bot_event ev = *decoded;
    ev.source = (uint8_t)session_source_of(rx->stream);
    ev.ts = s->t.now;
    switch ((bot_event_kind)ev.kind) {
    case BOT_EV_CONTROL:
        if (ev.control.control == BOT_CONTROL_FUNDING)
            bot__funding_entered(s);
        on_stream(s, rx->stream, bot__streams_control(s, rx->stream, &ev));
        return 0;
    case BOT_EV_TRADE:
    case BOT_EV_BOOK:
    case BOT_EV_GAP:
        bot__public_event(s, &ev);
        if (ev.kind == BOT_EV_BOOK)
            bot__books_event(s, &ev);
        tell_market(s, &ev);
        return 0;
    case BOT_EV_WALLET:
        tell_market(s, &ev);
        return 0;
    case BOT_EV_FUNDING:
        if (!s->options.venue->funding_by_log)
            break;
        bot__funding_entered(s); /* its row in the log has the instrument and an id: that one counts */
        return 0;
    case BOT_EV_ACK:
    case BOT_EV_ERROR:
        if (rx->stream == BOT_STREAM_TRADE) {
            order_answered_ws(s, &ev);
            return 0;
        }
        if (ev.kind == BOT_EV_ERROR)
            bot__log_venue_error(s, rx->stream, &ev);
        if (ev.kind == BOT_EV_ERROR && s->streams[rx->stream].phase != STREAM_UP) {
            resync(s, rx->stream, "refused by the venue");
            return 0;
        }
        break;
    case BOT_EV_FILL:
    case BOT_EV_ORDER:
        bot__public_own_event(s, &ev);
        break;
    case BOT_EV_POSITION: /* rows of the stream follow every order message and say nothing that fills do not */
        return 0;
    default:
        break;
    }
    (void)bot__drive_tell(s, &ev);
    return 0;
}

static void heard(struct session *s, bot_stream stream)
{
    bot_event frame;
    if (bot__streams_heard(s, stream, &frame))
        (void)bot__drive_tell(s, &frame);
}

void bot__session_ws_message(struct session *s, struct session_time t, bot_stream stream, const char *text, size_t len)
{
    if (s->stopped || s->streams[stream].phase < STREAM_OPENING)
        return;
    bot__drive_enter(s, t);
    s->stats.ws_messages++;
    s->stats.ws_bytes += len;
    heard(s, stream);
    struct receiver rx = { s, stream };
    const bot_source source = session_source_of(stream);
    const int r = s->options.venue->decode_ws(&s->contexts[stream], source, (struct slice){ text, len }, received, &rx);
    if (r < 0) {
        s->stats.ws_undecodable++;
        if (s->host.unreadable != NULL)
            s->host.unreadable(s->host.self, source, text, len);
        bot_event bad = { .kind = BOT_EV_ERROR, .source = (uint8_t)source, .seq = BOT_SEQ_NONE, .error = { .code = r } };
        snprintf(bad.error.detail, sizeof bad.error.detail, "%s: %.*s", bot_strerror(r), (int)(len < 80 ? len : 80), text);
        bot__session_log(s, 1, "undecodable", "%s", bad.error.detail);
        (void)bot__drive_tell(s, &bad);
    }
    bot__drive_leave(s);
}

void bot__session_ws_alive(struct session *s, struct session_time t, bot_stream stream)
{
    if (s->stopped)
        return;
    bot__drive_enter(s, t);
    heard(s, stream);
    bot__drive_leave(s);
}
