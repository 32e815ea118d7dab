#include "session/order_calls.h"

#include <stdio.h>
#include <string.h>

#include "session/draws.h"
#include "venue/codec.h"

struct order_call *bot__order_calls_add(struct session *s, const bot_effect *e, struct order_call *ret_full, struct order_end *ret_end)
{
    struct order_call *c = NULL;
    for (uint32_t i = 0; i < REQUESTS_MAX && c == NULL; i++)
        if (!s->calls[i].used) {
            c = &s->calls[i];
            if (i >= s->calls_top)
                s->calls_top = i + 1;
        }
    struct order_call *to = c != NULL ? c : ret_full;
    *to = (struct order_call){ .used = true, .request_id = e->send.request_id };
    to->req.call = e->send.request == BOT_REQUEST_SUBMIT ? VENUE_CALL_SUBMIT : e->send.request == BOT_REQUEST_AMEND ? VENUE_CALL_AMEND
                                                                                                                   : VENUE_CALL_CANCEL;
    to->req.order = e->send.order;
    to->req.instrument = e->send.order.instrument;
    to->req.client_id = e->send.client_id;
    to->req.order_id = e->send.order_id;
    if (c == NULL)
        *ret_end = (struct order_end){ BOT_EV_SENT, BOT_OUTCOME_NOT_SENT, .code = BOT_ERR_FULL, .reason = "too many requests at once" };
    return c;
}

static bool not_sent(struct order_end *ret, int error)
{
    *ret = (struct order_end){ BOT_EV_SENT, BOT_OUTCOME_NOT_SENT, .code = error, .reason = bot_strerror(error) };
    return false;
}

static bool socket_is_up(const struct session *s)
{
    return s->options.orders_over_ws && s->options.venue->encode_ws != NULL && s->streams[BOT_STREAM_TRADE].phase == STREAM_UP;
}

static bool send_over_ws(struct session *s, struct order_call *c)
{
    const struct venue *v = s->options.venue;
    char text[VENUE_BODY_MAX + 1024];
    c->req.request_id.len = (uint8_t)bot__i64_format((int64_t)c->request_id, c->req.request_id.s);
    const int len = v->encode_ws(&c->req, &s->options.keys, session_venue_wall(s), text, sizeof text);
    return len > 0 && s->transport.ws_send(s->transport.self, BOT_STREAM_TRADE, text, (size_t)len) == 0;
}

bool bot__order_calls_send(struct session *s, struct order_call *c, struct order_end *ret_end)
{
    const struct venue *v = s->options.venue;
    const bool by_socket = socket_is_up(s);
    struct venue_http http;
    int e = BOT_OK;
    if (by_socket)
        v->ws_draw(c->req.call, &http.scope, &http.weight);
    else
        e = v->encode_rest(&c->req, &s->options.keys, session_venue_wall(s), &http);
    if (e < 0)
        return not_sent(ret_end, e);
    c->draw = bot__draws_of(s, c->req.call, &http);
    bot_ts ready = s->t.now;
    if (!bot__draws_take(s, &c->draw, &ready)) {
        /* A new order that cannot leave now is refused now: its price will not be right later. A cancel waits. */
        if (c->req.call != VENUE_CALL_CANCEL || ready == BOT_TS_NEVER)
            return not_sent(ret_end, BOT_ERR_BUDGET);
        c->waiting = true;
        c->at = ready;
        return true;
    }
    c->drawn = true;
    c->waiting = false;
    c->sent_at = s->t.now;
    c->deadline = session_after(s->t.now, v->order_unknown_ns > 0 ? v->order_unknown_ns : OWN_DEADLINE_NS);
    c->over_ws = by_socket && send_over_ws(s, c);
    if (by_socket && !c->over_ws)
        e = v->encode_rest(&c->req, &s->options.keys, session_venue_wall(s), &http);
    if (e < 0)
        return not_sent(ret_end, e);
    s->stats.orders_sent++;
    if (c->over_ws)
        return true;
    c->http = ++s->next_http;
    s->stats.http_requests++;
    const int started = s->transport.http_start(s->transport.self, c->http, s->options.rest_url, &http, c->deadline - s->options.ts_offset);
    return started >= 0 || not_sent(ret_end, started);
}

void bot__order_calls_arrived(struct session *s, struct order_call *c, const struct venue_reply *reply, struct order_end *ret_end)
{
    bot__draws_give_back(s, &c->draw, true);
    c->drawn = false;
    bot__draws_words(s, reply);
    /* An answer that cannot be read says nothing about the order. */
    const bot_outcome outcome = reply->outcome == BOT_OUTCOME_MALFORMED ? BOT_OUTCOME_UNKNOWN : reply->outcome;
    *ret_end = (struct order_end){ BOT_EV_REPLY, outcome, reply->venue_code, reply->detail, &reply->order_id };
}

/* The venue's no, as much of it as the answer to the same request over REST would say. */
static bot_outcome refusal(const struct session *s, const struct order_call *c, int64_t code, const char *words)
{
    const struct venue *v = s->options.venue;
    if (v->ws_refusal == NULL)
        return BOT_OUTCOME_REJECTED;
    const bot_outcome outcome = v->ws_refusal(code, (struct slice){ words, strlen(words) }, c->req.call);
    return outcome == BOT_OUTCOME_MALFORMED ? BOT_OUTCOME_UNKNOWN : outcome == BOT_OUTCOME_OK ? BOT_OUTCOME_REJECTED : outcome;
}

struct order_call *bot__order_calls_ws_answer(struct session *s, const bot_event *ev, struct order_end *ret_end)
{
    const bot_id *id = ev->kind == BOT_EV_ACK ? &ev->ack.request_id : &ev->error.request_id;
    for (uint32_t i = 0; i < s->calls_top; i++) {
        struct order_call *c = &s->calls[i];
        if (!c->used || !c->over_ws || !bot__id_eq(&c->req.request_id, id))
            continue;
        if (ev->kind == BOT_EV_ACK && ev->ack.accepted)
            *ret_end = (struct order_end){ BOT_EV_REPLY, BOT_OUTCOME_OK, .reason = "", .order_id = &ev->ack.order_id };
        else if (ev->kind == BOT_EV_ACK)
            *ret_end = (struct order_end){ BOT_EV_REPLY, refusal(s, c, ev->ack.venue_code, ev->ack.reason), ev->ack.venue_code, ev->ack.reason,
                                           &ev->ack.order_id };
        else
            *ret_end = (struct order_end){ BOT_EV_REPLY, .code = ev->error.venue_code, .reason = ev->error.detail,
                                           .outcome = ev->error.code == BOT_ERR_REJECTED ? refusal(s, c, ev->error.venue_code, ev->error.detail)
                                                                                         : BOT_OUTCOME_UNKNOWN };
        return c;
    }
    return NULL;
}

struct order_call *bot__order_calls_lost(struct session *s, struct order_end *ret_end)
{
    for (uint32_t i = 0; i < s->calls_top; i++)
        if (s->calls[i].used && s->calls[i].over_ws) {
            *ret_end = (struct order_end){ BOT_EV_REPLY, BOT_OUTCOME_UNKNOWN, .reason = "the order socket was lost" };
            return &s->calls[i];
        }
    return NULL;
}

void bot__order_calls_end(struct session *s, struct order_call *c, const struct order_end *end)
{
    if (c->drawn)
        bot__draws_give_back(s, &c->draw, end->outcome != BOT_OUTCOME_NOT_SENT);
    c->used = false;
    while (s->calls_top > 0 && !s->calls[s->calls_top - 1].used)
        s->calls_top--;
}

void bot__order_calls_event(const struct order_call *c, const struct order_end *end, bot_event *ret)
{
    *ret = (bot_event){ .kind = (uint16_t)end->kind, .source = BOT_SOURCE_REST, .seq = BOT_SEQ_NONE };
    ret->reply = (bot_ev_reply){ .request_id = c->request_id, .outcome = end->outcome, .client_id = c->req.client_id, .venue_code = end->code,
                                 .order_id = end->order_id != NULL && end->order_id->len != 0 ? *end->order_id : c->req.order_id };
    snprintf(ret->reply.reason, sizeof ret->reply.reason, "%s", end->reason);
}

struct order_call *bot__order_calls_find(struct session *s, uint64_t http)
{
    for (uint32_t i = 0; i < s->calls_top; i++)
        if (s->calls[i].used && s->calls[i].http == http)
            return &s->calls[i];
    return NULL;
}

struct order_call *bot__order_calls_due(struct session *s, uint32_t *cursor, bool *ret_late, struct order_end *ret_end)
{
    while (*cursor < s->calls_top) {
        struct order_call *c = &s->calls[(*cursor)++];
        const bool turn = c->used && c->waiting && s->t.now >= c->at;
        *ret_late = !turn && c->used && c->over_ws && s->t.now >= c->deadline;
        if (*ret_late)
            *ret_end = (struct order_end){ BOT_EV_REPLY, BOT_OUTCOME_TIMEOUT, .reason = "no answer over the order socket" };
        if (turn || *ret_late)
            return c;
    }
    return NULL;
}

bot_ts bot__order_calls_deadline(const struct session *s)
{
    bot_ts at = BOT_TS_NEVER;
    for (uint32_t i = 0; i < s->calls_top; i++) {
        const struct order_call *c = &s->calls[i];
        if (c->used && c->waiting && c->at < at)
            at = c->at;
        if (c->used && c->over_ws && c->deadline < at)
            at = c->deadline;
    }
    return at;
}

void bot__order_calls_stop(struct session *s)
{
    for (uint32_t i = 0; i < s->calls_top; i++)
        if (s->calls[i].used && s->calls[i].drawn)
            bot__draws_give_back(s, &s->calls[i].draw, true);
    memset(s->calls, 0, s->calls_top * sizeof *s->calls);
    s->calls_top = 0;
}
