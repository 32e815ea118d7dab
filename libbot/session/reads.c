#include "session/reads.h"

#include <stdio.h>
#include <string.h>

#include "session/draws.h"
#include "session/joins.h"

#define FILLS_BEFORE_START_NS (600 * BOT_NS_PER_S) /* clocks differ, and the first position is read a while after the start */
#define PACE_PERMILLE 250 /* of the requests that are free, for each kind of read that recurs: others want to live, too */
#define PAGES_MAX 400

static const enum venue_call call_of[BOT_READ_KIND_COUNT] = {
    [BOT_READ_TIME] = VENUE_CALL_TIME,           [BOT_READ_INSTRUMENTS] = VENUE_CALL_INSTRUMENTS,
    [BOT_READ_POSITIONS] = VENUE_CALL_POSITIONS, [BOT_READ_FILLS] = VENUE_CALL_FILLS,
    [BOT_READ_OPEN_ORDERS] = VENUE_CALL_OPEN_ORDERS, [BOT_READ_ORDER] = VENUE_CALL_ORDER,
    [BOT_READ_BALANCE] = VENUE_CALL_BALANCE,     [BOT_READ_BOOK] = VENUE_CALL_BOOK,
    [BOT_READ_STATUS] = VENUE_CALL_STATUS,       [BOT_READ_MODE] = VENUE_CALL_MODE,
};

/* ---- slots ---- */

static struct read *free_read(struct session *s)
{
    for (int i = 0; i < READS_MAX; i++)
        if (!s->reads[i].used)
            return &s->reads[i];
    return NULL;
}

struct read *bot__reads_of_core(struct session *s, const bot_effect *e)
{
    struct read *r = free_read(s);
    if (r == NULL)
        return NULL;
    *r = (struct read){ .used = true, .id = e->read.id, .kind = e->read.read, .call = call_of[e->read.read], .send_by = e->read.send_by,
                        .patience_ns = e->read.deadline - s->t.now, .deadline = e->read.deadline > e->read.send_by ? e->read.deadline : e->read.send_by };
    r->req.from_ns = e->read.from_venue_ns;
    r->req.instrument = e->read.read == BOT_READ_INSTRUMENTS ? (bot_symbol){ 0 } : e->read.symbol;
    r->req.order_id = e->read.order_id;
    r->req.client_id = e->read.client_id;
    return r;
}

struct read *bot__reads_own(struct session *s, enum venue_call call, bot_read_kind kind)
{
    struct read *r = free_read(s);
    if (r != NULL)
        *r = (struct read){ .used = true, .kind = kind, .call = call, .patience_ns = OWN_DEADLINE_NS, .deadline = session_after(s->t.now, OWN_DEADLINE_NS) };
    return r;
}

void bot__reads_instruments_again(struct session *s)
{
    struct read *r = free_read(s);
    if (r == NULL)
        return;
    *r = (struct read){ .used = true, .waiting = true, .kind = BOT_READ_INSTRUMENTS, .call = VENUE_CALL_INSTRUMENTS,
                        .at = session_after(s->t.now, session_retry_ns(&s->instruments_failures)), .patience_ns = OWN_DEADLINE_NS, .parts = 1 };
    r->deadline = session_after(r->at, OWN_DEADLINE_NS);
}

struct read *bot__reads_find(struct session *s, uint64_t http)
{
    for (int i = 0; i < READS_MAX; i++)
        if (s->reads[i].used && s->reads[i].http == http)
            return &s->reads[i];
    return NULL;
}

bool bot__reads_event(const struct session *s, const struct read *r, bot_event_kind kind, const struct read_end *end, bot_event *ret)
{
    if (r->id == 0)
        return false;
    *ret = (bot_event){ .kind = (uint16_t)kind, .source = BOT_SOURCE_REST, .seq = BOT_SEQ_NONE, .read_id = r->id,
                        .venue_ns = s->clock.known ? session_venue_wall(s) : 0 };
    ret->read = (bot_ev_read){ .id = r->id, .read = r->kind, .outcome = end->outcome, .complete = end->complete, .rows = r->rows, .pages = r->pages,
                               .sent_at = r->sent_at, .from_venue_ns = r->req.from_ns, .to_venue_ns = r->req.to_ns, .venue_code = end->code };
    snprintf(ret->read.detail, sizeof ret->read.detail, "%s", end->detail);
    return true;
}

bool bot__reads_begin(struct session *s, struct read *r)
{
    if (r->pages != 0)
        return false;
    r->sent_at = s->t.now;
    r->sent_wall_ns = s->t.wall_ns;
    r->deadline = session_after(s->t.now, r->patience_ns);
    s->paces[r->kind].sent_at = s->t.now;
    return true;
}

void bot__reads_end(struct session *s, struct read *r)
{
    if (r->drawn)
        bot__draws_give_back(s, &r->draw, r->http != 0);
    bot__joins_abandon(s, r);
    r->used = false;
}

void bot__reads_stop(struct session *s)
{
    for (int i = 0; i < READS_MAX; i++) {
        struct read *r = &s->reads[i];
        if (!r->used)
            continue;
        bot__joins_abandon(s, r);
        if (r->drawn)
            bot__draws_give_back(s, &r->draw, true);
    }
    memset(s->reads, 0, sizeof s->reads);
}

/* ---- calls: parts, instruments, windows ---- */

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

bool bot__reads_plan(struct session *s, struct read *r)
{
    const struct venue *v = s->options.venue;
    r->parts = r->call == VENUE_CALL_POSITIONS ? v->positions_parts : r->call == VENUE_CALL_FILLS ? v->fills_parts
               : r->call == VENUE_CALL_OPEN_ORDERS ? v->orders_parts : r->call == VENUE_CALL_INSTRUMENTS ? v->instruments_parts
               : r->call == VENUE_CALL_ORDER ? v->order_parts : 1;
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
    return !r->per_instrument || next_instrument(s, r);
}

/* ---- pages ---- */

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
                                               PACE_PERMILLE, 0, r->send_by - last->sent_at, draws_now(s));
        apart = ns > apart ? ns : apart;
    }
    const bot_ts at = session_after(last->sent_at, apart);
    return at < r->send_by ? at : r->send_by;
}

static enum read_next ends(struct read_end *ret, bot_outcome outcome, const char *detail)
{
    *ret = (struct read_end){ .outcome = outcome, .detail = detail };
    return READ_ENDS;
}

enum read_next bot__reads_next(struct session *s, struct read *r, struct venue_http *ret_http, struct read_end *ret_end)
{
    r->waiting = false;
    const int e = s->options.venue->encode_rest(&r->req, &s->options.keys, session_venue_wall(s), ret_http);
    if (e < 0)
        return ends(ret_end, BOT_OUTCOME_NOT_SENT, bot_strerror(e));
    if (bot__joins_wait(s, r, ret_http)) {
        s->stats.reads_joined++;
        r->joined = true;
        r->http = ++s->next_http;
        return READ_JOINS;
    }
    r->draw = bot__draws_of(s, r->call, ret_http);
    bot_ts ready = r->pages == 0 ? paced(s, r) : s->t.now;
    if (ready > s->t.now) {
        s->stats.reads_paced++;
    } else if (bot__draws_take(s, &r->draw, &ready)) {
        r->drawn = true;
        r->http = ++s->next_http;
        return READ_GOES;
    } else {
        s->stats.reads_waited++;
        if (ready >= r->deadline && r->call != VENUE_CALL_INSTRUMENTS)
            return ends(ret_end, BOT_OUTCOME_NOT_SENT, "the request budget has no room before the deadline");
        if (r->deadline < ready)
            r->deadline = session_after(ready, OWN_DEADLINE_NS);
    }
    r->waiting = true;
    r->at = ready;
    return READ_WAITS;
}

bool bot__reads_send(struct session *s, struct read *r, const struct venue_http *http, struct read_end *ret_end)
{
    bot__joins_sent(s, r);
    s->stats.http_requests++;
    const int started = s->transport.http_start(s->transport.self, r->http, s->options.rest_url, http, r->deadline - s->options.ts_offset);
    if (started >= 0)
        return true;
    r->http = 0;
    (void)ends(ret_end, BOT_OUTCOME_NOT_SENT, bot_strerror(started));
    return false;
}

void bot__reads_arrived(struct session *s, struct read *r, const struct venue_reply *reply)
{
    if (!r->joined) {
        bot__draws_give_back(s, &r->draw, true);
        bot__draws_words(s, reply);
    }
    r->drawn = r->joined = false;
    r->http = 0;
}

bool bot__reads_turn(struct session *s, struct read *r, struct venue_reply *reply, struct read_end *ret_end)
{
    r->pages++;
    if (s->options.venue->fills_by_id && r->call == VENUE_CALL_FILLS && r->oldest_ns != 0 && r->oldest_ns < r->req.from_ns)
        reply->cursor[0] = '\0'; /* what comes behind is older still */
    if (reply->cursor[0] != '\0' && r->call != VENUE_CALL_LISTEN_KEY && r->call != VENUE_CALL_LISTEN_KEEP) {
        if (r->pages >= PAGES_MAX) {
            (void)ends(ret_end, BOT_OUTCOME_OK, "more pages than are read at once");
            return false;
        }
        memcpy(r->cursor, reply->cursor, sizeof r->cursor);
        r->req.cursor = r->cursor;
        return true;
    }
    if (r->call != VENUE_CALL_ORDER && next_part(s, r))
        return true;
    s->paces[r->kind].pages = r->pages;
    *ret_end = (struct read_end){ .outcome = BOT_OUTCOME_OK, .complete = true, .detail = "" };
    return false;
}

bool bot__reads_elsewhere(struct session *s, struct read *r)
{
    if (r->call != VENUE_CALL_ORDER || !next_part(s, r))
        return false;
    r->pages++;
    return true;
}

/* ---- time ---- */

struct read *bot__reads_due(struct session *s, uint32_t *cursor)
{
    while (*cursor < READS_MAX) {
        struct read *r = &s->reads[(*cursor)++];
        if (r->used && r->waiting && s->t.now >= r->at)
            return r;
    }
    return NULL;
}

bot_ts bot__reads_deadline(const struct session *s)
{
    bot_ts at = BOT_TS_NEVER;
    for (int i = 0; i < READS_MAX; i++)
        if (s->reads[i].used && s->reads[i].waiting && s->reads[i].at < at)
            at = s->reads[i].at;
    return at;
}
