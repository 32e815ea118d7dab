#include "core/budget.h"

#include <string.h>

#include "base/assert.h"
#include "core/budget_reads.h"
#include "core/carve.h"

#define LIMIT_MAX (1u << 24)
#define WINDOW_MIN_NS BOT_NS_PER_MS
#define WINDOW_MAX_NS (7 * 86400 * BOT_NS_PER_S)

/* A rolling window is kept as so many slices: a request leaves it up to one slice late, never early. */
#define SLICES 1024

struct slice_use {
    uint32_t units[BUDGET_CLASSES];
};

/* One limit as one counter of the venue sees it: of the address, or of one account. */
struct scope_state {
    uint32_t limit; /* the venue's own word replaces ours */
    uint32_t in_flight[BUDGET_CLASSES];
    uint32_t used[BUDGET_CLASSES]; /* answered, in the window */
    /* Rolling: units by the slice in which their answer came. Calendar: NULL. */
    struct slice_use *slices;
    uint64_t slices_used[SLICES / 64]; /* those with any units: few of them */
    int64_t  slice_newest; /* number of the newest slice; slices behind it by SLICES are out of the window */
    /* Calendar: the window that we count, and what may belong to it or to the next: answered so close to its end that the
     * error of the venue's clock decides. */
    int64_t  window;
    uint32_t used_late[BUDGET_CLASSES];
    uint64_t carried;  /* units that were in flight when the window began: their answers may speak of the one before */
    bool     answer_is_old; /* the answer that was booked last is one of those */
    /* What others used: the venue's count above ours. */
    uint32_t foreign;
    bot_ts   foreign_until;
    /* Refusals. */
    bot_ts   shut_until; /* 0: open */
    int64_t  backoff_ns, ban_ns; /* the next ones without a time */
    struct budget_view counters;
};

struct budget {
    struct budget_options opt;
    uint32_t              scopes_n;
    struct budget_scope   scopes[BUDGET_SCOPES_MAX];
    struct scope_state   *states[BUDGET_SCOPES_MAX]; /* one, or one for each account */
    struct budget_reads   reads;
};

void bot__budget_reserve_default(struct budget_scope *s, uint32_t unit_max)
{
    memset(s->reserve, 0, sizeof s->reserve);
    const uint32_t half = s->limit / 2, unit = unit_max == 0 ? 1 : unit_max;
    uint32_t cancel = s->limit * UINT64_C(3) / 100 > unit ? (uint32_t)(s->limit * UINT64_C(3) / 100) : unit;
    uint32_t reconcile = s->limit * UINT64_C(2) / 100 > unit ? (uint32_t)(s->limit * UINT64_C(2) / 100) : unit;
    if (cancel > half)
        cancel = half;
    if (reconcile > half - cancel)
        reconcile = half - cancel;
    s->reserve[BUDGET_CANCEL] = cancel;
    s->reserve[BUDGET_RECONCILE] = reconcile;
}

void bot__budget_options_init(struct budget_options *o)
{
    *o = (struct budget_options){ .accounts_max = 1, .reads_max = 64, .waiters_max = 256, .backoff_ns = BOT_NS_PER_S,
                                  .backoff_max_ns = 300 * BOT_NS_PER_S, .ban_ns = 600 * BOT_NS_PER_S, .ban_max_ns = 3600 * BOT_NS_PER_S,
                                  .utc_error_ns = BOT_NS_PER_S };
}

static bool scope_is_sound(const struct budget_scope *s)
{
    uint64_t reserved = 0;
    for (int c = 0; c < BUDGET_CLASSES; c++)
        reserved += s->reserve[c];
    return s->limit >= 1 && s->limit <= LIMIT_MAX && s->window_ns >= WINDOW_MIN_NS && s->window_ns <= WINDOW_MAX_NS && reserved < s->limit + (s->limit == 1);
}

static bool options_are_sound(const struct budget_options *o, const struct budget_scope *scopes, uint32_t scopes_n)
{
    if (o->accounts_max < 1 || o->accounts_max > 65536 || o->reads_max > 65536 || o->waiters_max > 1048576 || scopes_n > BUDGET_SCOPES_MAX)
        return false;
    if (o->backoff_ns <= 0 || o->backoff_max_ns < o->backoff_ns || o->ban_ns <= 0 || o->ban_max_ns < o->ban_ns || o->utc_error_ns < 0)
        return false;
    for (uint32_t i = 0; i < scopes_n; i++)
        if (!scope_is_sound(&scopes[i]))
            return false;
    return true;
}

static uint32_t states_of(const struct budget_options *o, const struct budget_scope *s) { return s->per_ip ? 1 : o->accounts_max; }

static void lay_out(struct budget *b, struct carve *c, const struct budget_options *o, const struct budget_scope *scopes, uint32_t scopes_n)
{
    memset(b, 0, sizeof *b);
    b->opt = *o;
    b->scopes_n = scopes_n;
    for (uint32_t i = 0; i < scopes_n; i++) {
        const uint32_t n = states_of(o, &scopes[i]);
        b->scopes[i] = scopes[i];
        b->states[i] = carve_take(c, n, sizeof **b->states);
        for (uint32_t k = 0; k < n; k++) {
            struct slice_use *slices = scopes[i].calendar ? NULL : carve_take(c, SLICES, sizeof *slices);
            if (c->base == NULL)
                continue;
            b->states[i][k] = (struct scope_state){ .limit = scopes[i].limit, .slices = slices, .backoff_ns = o->backoff_ns, .ban_ns = o->ban_ns };
            if (slices != NULL && !o->zeroed)
                memset(slices, 0, SLICES * sizeof *slices);
        }
    }
    bot__budget_reads_init(&b->reads, c, o->reads_max, o->waiters_max);
}

size_t bot__budget_size(const struct budget_options *o, const struct budget_scope *scopes, uint32_t scopes_n)
{
    struct carve c = { 0 };
    struct budget measured;
    if (!options_are_sound(o, scopes, scopes_n))
        return 0;
    carve_take(&c, 1, sizeof measured);
    lay_out(&measured, &c, o, scopes, scopes_n);
    return (c.used + 63) & ~(size_t)63;
}

/* ---- time ---- */

static int64_t slice_length(const struct budget_scope *s) { return (s->window_ns + SLICES - 3) / (SLICES - 2); }

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* The window that we dare to count in: the venue's clock may be behind our idea of it by the error. */
static int64_t window_at(const struct budget *b, const struct budget_scope *s, bot_ts now)
{
    return floor_div(now + b->opt.utc_ns - b->opt.utc_error_ns, s->window_ns);
}

/* Its end as we dare to believe it. */
static bot_ts window_end(const struct budget *b, const struct budget_scope *s, int64_t window)
{
    return (window + 1) * s->window_ns - b->opt.utc_ns + b->opt.utc_error_ns;
}

struct budget *bot__budget_init(void *mem, const struct budget_options *o, const struct budget_scope *scopes, uint32_t scopes_n, bot_ts now)
{
    BOT_ASSERT(mem != NULL && options_are_sound(o, scopes, scopes_n));
    struct carve c = { .base = mem };
    struct budget *b = carve_take(&c, 1, sizeof *b);
    lay_out(b, &c, o, scopes, scopes_n);
    for (uint32_t i = 0; i < scopes_n; i++)
        for (uint32_t k = 0; k < states_of(o, &scopes[i]); k++) {
            b->states[i][k].window = window_at(b, &scopes[i], now);
            b->states[i][k].slice_newest = now / slice_length(&scopes[i]);
        }
    return b;
}

void bot__budget_clock(struct budget *b, int64_t utc_ns, int64_t utc_error_ns)
{
    BOT_ASSERT(utc_error_ns >= 0);
    b->opt.utc_ns = utc_ns;
    b->opt.utc_error_ns = utc_error_ns;
}

/* The first slice from number `from` to number `to`, less than a window apart, with anything in it; behind `to`: none has. */
static int64_t used_slice(const struct scope_state *st, int64_t from, int64_t to)
{
    for (int64_t n = from; n <= to;) {
        const uint32_t at = (uint32_t)(n % SLICES);
        const uint64_t here = st->slices_used[at / 64] >> at % 64;
        if (here != 0)
            return n + __builtin_ctzll(here);
        n += 64 - at % 64;
    }
    return to + 1;
}

/* Lets go of what is out of the window by now. Of a copy that only answers a question the slices stay as they are: they are the
 * live one's, and 20 kB. */
static void roll_of(const struct budget *b, const struct budget_scope *s, struct scope_state *st, bool copy, bot_ts now)
{
    if (st->foreign != 0 && now >= st->foreign_until)
        st->foreign = 0;
    if (!s->calendar) {
        const int64_t newest = now / slice_length(s), gone = newest - st->slice_newest;
        uint64_t used = 0;
        for (int c = 0; c < BUDGET_CLASSES; c++)
            used += st->used[c];
        const int64_t last = st->slice_newest + (gone < SLICES ? gone : SLICES);
        for (int64_t n = used_slice(st, st->slice_newest + 1, last); n <= last && used != 0; n = used_slice(st, n + 1, last)) {
            struct slice_use *u = &st->slices[n % SLICES];
            if (!copy)
                st->slices_used[n % SLICES / 64] &= ~(UINT64_C(1) << n % 64);
            for (int c = 0; c < BUDGET_CLASSES; c++) {
                BOT_ASSERT(st->used[c] >= u->units[c]);
                st->used[c] -= u->units[c];
                used -= u->units[c];
                if (!copy)
                    u->units[c] = 0;
            }
        }
        if (gone > 0)
            st->slice_newest = newest;
        return;
    }
    const int64_t window = window_at(b, s, now);
    if (window <= st->window) /* a better clock may say that we are in the window before: it stays as counted */
        return;
    /* What was answered in the last moments may have arrived in the next window; what was answered before did not. */
    for (int c = 0; c < BUDGET_CLASSES; c++) {
        st->used[c] = window == st->window + 1 ? st->used_late[c] : 0;
        st->used_late[c] = 0;
    }
    st->carried = 0;
    for (int c = 0; c < BUDGET_CLASSES; c++)
        st->carried += st->in_flight[c];
    st->window = window;
}

static void roll(const struct budget *b, const struct budget_scope *s, struct scope_state *st, bot_ts now) { roll_of(b, s, st, false, now); }

/* ---- counting ---- */

static uint32_t own_total(const struct scope_state *st)
{
    uint64_t n = 0;
    for (int c = 0; c < BUDGET_CLASSES; c++)
        n += (uint64_t)st->used[c] + st->in_flight[c];
    return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

/* Units kept for other classes that those have not used. */
static uint32_t kept_for_others(const struct budget_scope *s, const struct scope_state *st, enum budget_class cls)
{
    uint32_t kept = 0;
    for (int c = 0; c < BUDGET_CLASSES; c++) {
        const uint32_t used = st->used[c] + st->in_flight[c];
        if (c != (int)cls && s->reserve[c] > used)
            kept += s->reserve[c] - used;
    }
    /* A venue that lowers the limit lowers the shares with it: at most half. */
    return kept < st->limit / 2 ? kept : st->limit / 2;
}

static bool fits(const struct budget_scope *s, const struct scope_state *st, enum budget_class cls, uint32_t weight)
{
    return (uint64_t)own_total(st) + st->foreign + weight + kept_for_others(s, st, cls) <= st->limit;
}

/* Can it ever, with an empty window? */
static bool ever_fits(const struct budget_scope *s, const struct scope_state *st, enum budget_class cls, uint32_t weight)
{
    struct scope_state empty = { .limit = st->limit };
    return fits(s, &empty, cls, weight);
}

static struct scope_state *state_of(const struct budget *b, uint32_t account, uint32_t scope)
{
    if (scope >= b->scopes_n || account >= b->opt.accounts_max)
        return NULL;
    return &b->states[scope][b->scopes[scope].per_ip ? 0 : account];
}

static bot_ts later(bot_ts a, bot_ts b) { return a > b ? a : b; }

/* newest_used: slices behind it are empty, whatever stands in the places that they will take. */
static bot_ts ready_rolling(const struct budget_scope *s, const struct scope_state *rolled, int64_t newest_used, enum budget_class cls, uint32_t weight,
                            bot_ts now)
{
    struct scope_state st = *rolled;
    const int64_t length = slice_length(s);
    /* Slices leave in order of age; others' use leaves at its own time. */
    for (int64_t n = st.slice_newest - SLICES + 1; n <= st.slice_newest; n++) {
        const bot_ts leaves = (n + SLICES) * length;
        if (n < 0)
            continue;
        if (st.foreign != 0 && st.foreign_until <= leaves) {
            st.foreign = 0;
            if (fits(s, &st, cls, weight))
                return later(st.foreign_until, now);
        }
        if (n > newest_used)
            continue;
        const struct slice_use *u = &rolled->slices[n % SLICES];
        uint32_t left = 0;
        for (int c = 0; c < BUDGET_CLASSES; c++) {
            st.used[c] -= u->units[c];
            left += u->units[c];
        }
        if (left != 0 && fits(s, &st, cls, weight))
            return later(leaves, now);
    }
    /* The rest is in flight or others': it counts for a window from its answer on, which has not come. */
    const bot_ts window = now + s->window_ns;
    return st.foreign != 0 ? later(st.foreign_until, window) : window;
}

static bot_ts ready_scope(const struct budget *b, uint32_t scope, const struct scope_state *live, enum budget_class cls, uint32_t weight, bot_ts now)
{
    const struct budget_scope *s = &b->scopes[scope];
    if (!ever_fits(s, live, cls, weight))
        return BOT_TS_NEVER;
    const bot_ts open = later(now, live->shut_until);
    struct scope_state st = *live; /* asking changes nothing */
    roll_of(b, s, &st, true, open);
    if (fits(s, &st, cls, weight))
        return open;
    if (!s->calendar)
        return ready_rolling(s, &st, live->slice_newest, cls, weight, open);
    const bool late = open >= window_end(b, s, st.window) - 2 * b->opt.utc_error_ns;
    for (int c = 0; c < BUDGET_CLASSES; c++) { /* as if answered now */
        st.used[c] += st.in_flight[c];
        st.used_late[c] += late ? st.in_flight[c] : 0;
        st.in_flight[c] = 0;
    }
    for (int i = 0; i < 2; i++) { /* the next window may begin with late ones; the one after is empty */
        const bot_ts end = window_end(b, s, st.window);
        if (st.foreign != 0 && st.foreign_until < end) {
            struct scope_state without = st;
            without.foreign = 0;
            if (fits(s, &without, cls, weight))
                return later(open, st.foreign_until);
        }
        roll(b, s, &st, later(open, end));
        if (fits(s, &st, cls, weight))
            return later(open, end);
    }
    return st.foreign != 0 ? later(st.foreign_until, window_end(b, s, st.window)) : window_end(b, s, st.window);
}

bot_ts bot__budget_ready_at(const struct budget *b, const struct budget_request *req, bot_ts now)
{
    bot_ts ready = now;
    if (req->cls < 0 || req->cls >= BUDGET_CLASSES || req->draws_n > BUDGET_DRAWS_MAX || req->account >= b->opt.accounts_max)
        return BOT_TS_NEVER;
    for (uint32_t i = 0; i < req->draws_n; i++) {
        const struct scope_state *st = state_of(b, req->account, req->draws[i].scope);
        if (st == NULL)
            return BOT_TS_NEVER;
        if (req->draws[i].weight != 0)
            ready = later(ready, ready_scope(b, req->draws[i].scope, st, req->cls, req->draws[i].weight, now));
    }
    return ready;
}

int bot__budget_take(struct budget *b, const struct budget_request *req, bot_ts now)
{
    if (req->cls < 0 || req->cls >= BUDGET_CLASSES || req->draws_n > BUDGET_DRAWS_MAX || req->account >= b->opt.accounts_max)
        return BOT_ERR_BUDGET;
    for (uint32_t i = 0; i < req->draws_n; i++) {
        const struct budget_draw *d = &req->draws[i];
        struct scope_state *st = state_of(b, req->account, d->scope);
        if (st == NULL)
            return BOT_ERR_BUDGET;
        roll(b, &b->scopes[d->scope], st, now);
        if (d->weight != 0 && (now < st->shut_until || !fits(&b->scopes[d->scope], st, req->cls, d->weight))) {
            st->counters.refused_here++;
            return BOT_ERR_BUDGET;
        }
    }
    for (uint32_t i = 0; i < req->draws_n; i++) {
        struct scope_state *st = state_of(b, req->account, req->draws[i].scope);
        st->in_flight[req->cls] += req->draws[i].weight;
        st->counters.taken += req->draws[i].weight;
    }
    return BOT_OK;
}

/* The in-flight units of the request, given back. */
static void land(struct scope_state *st, enum budget_class cls, uint32_t weight)
{
    BOT_ASSERT(st->in_flight[cls] >= weight);
    st->in_flight[cls] -= weight;
    st->answer_is_old = st->carried > 0;
    st->carried -= st->carried < weight ? st->carried : weight;
}

void bot__budget_done(struct budget *b, const struct budget_request *req, bot_ts now)
{
    for (uint32_t i = 0; i < req->draws_n; i++) {
        const struct budget_draw *d = &req->draws[i];
        const struct budget_scope *s = &b->scopes[d->scope];
        struct scope_state *st = state_of(b, req->account, d->scope);
        BOT_ASSERT(st != NULL);
        if (d->weight == 0)
            continue;
        roll(b, s, st, now);
        land(st, req->cls, d->weight);
        st->used[req->cls] += d->weight;
        if (!s->calendar) {
            st->slices[st->slice_newest % SLICES].units[req->cls] += d->weight;
            st->slices_used[st->slice_newest % SLICES / 64] |= UINT64_C(1) << st->slice_newest % 64;
        }
        /* From the moment at which the venue's clock may have passed the end of the window. */
        else if (now >= window_end(b, s, st->window) - 2 * b->opt.utc_error_ns)
            st->used_late[req->cls] += d->weight;
    }
}

void bot__budget_unsent(struct budget *b, const struct budget_request *req, bot_ts now)
{
    (void)now;
    for (uint32_t i = 0; i < req->draws_n; i++) {
        struct scope_state *st = state_of(b, req->account, req->draws[i].scope);
        BOT_ASSERT(st != NULL);
        land(st, req->cls, req->draws[i].weight);
        st->counters.taken -= req->draws[i].weight;
    }
}

/* ---- what the venue says ---- */

void bot__budget_header(struct budget *b, uint32_t account, uint32_t scope, int32_t used, int32_t remaining, int32_t limit,
                        int64_t reset_wall_ns, bot_ts now)
{
    struct scope_state *st = state_of(b, account, scope);
    if (st == NULL)
        return;
    const struct budget_scope *s = &b->scopes[scope];
    roll(b, s, st, now);
    if (limit > 0 && (uint32_t)limit <= LIMIT_MAX)
        st->limit = (uint32_t)limit;
    if (used < 0 && remaining >= 0 && (uint32_t)remaining <= st->limit)
        used = (int32_t)(st->limit - (uint32_t)remaining);
    /* The reset as our time, if it says something about this window or the next. */
    const bot_ts reset = reset_wall_ns != 0 ? reset_wall_ns - b->opt.utc_ns + b->opt.utc_error_ns : 0;
    const bool reset_is_near = reset > now && reset - now <= 2 * s->window_ns + 2 * b->opt.utc_error_ns;
    if (used >= 0 && !(s->calendar && st->answer_is_old)) {
        /* Of ours the venue has seen at least the answered ones; what is in flight may or may not be in its number. Taking it
         * as not seen errs to the safe side, and the next answer puts it right. */
        uint32_t ours = 0;
        for (int c = 0; c < BUDGET_CLASSES; c++)
            ours += st->used[c];
        const uint32_t foreign = (uint32_t)used > ours ? (uint32_t)used - ours : 0;
        if (foreign != st->foreign)
            st->counters.corrections++;
        st->foreign = foreign;
        st->foreign_until = s->calendar ? window_end(b, s, st->window) : reset_is_near ? reset : now + s->window_ns;
    }
    if (remaining == 0 && reset_is_near)
        st->shut_until = later(st->shut_until, reset);
}

void bot__budget_refused(struct budget *b, uint32_t account, uint32_t scope, bool ban, int64_t for_ns, bot_ts now)
{
    struct scope_state *st = state_of(b, account, scope);
    if (st == NULL)
        return;
    if (ban)
        st->counters.bans++;
    else
        st->counters.refused_there++;
    if (for_ns <= 0) {
        /* Answers to requests that left before the shutting are one refusal, not many. */
        if (now < st->shut_until)
            return;
        int64_t *next = ban ? &st->ban_ns : &st->backoff_ns;
        const int64_t max = ban ? b->opt.ban_max_ns : b->opt.backoff_max_ns;
        for_ns = *next;
        *next = *next > max / 2 ? max : *next * 2;
    }
    const bot_ts until = for_ns > BOT_TS_NEVER - now ? BOT_TS_NEVER : now + for_ns;
    st->shut_until = later(st->shut_until, until);
}

void bot__budget_accepted(struct budget *b, uint32_t account, uint32_t scope)
{
    struct scope_state *st = state_of(b, account, scope);
    if (st == NULL)
        return;
    st->backoff_ns = b->opt.backoff_ns;
    st->ban_ns = b->opt.ban_ns;
}

void bot__budget_event(struct budget *b, uint32_t account, const bot_event *ev)
{
    BOT_ASSERT(ev->kind == BOT_EV_BUDGET);
    const bot_ev_budget *e = &ev->budget;
    if (e->used >= 0 || e->remaining >= 0 || e->limit > 0)
        bot__budget_header(b, account, e->scope, e->used, e->remaining, e->limit, e->reset_wall_ns, ev->ts);
    if (e->banned_for_ns > 0)
        bot__budget_refused(b, account, e->scope, true, e->banned_for_ns, ev->ts);
}

/* ---- seeing ---- */

int bot__budget_view(const struct budget *b, uint32_t account, uint32_t scope, bot_ts now, struct budget_view *ret)
{
    const struct scope_state *live = state_of(b, account, scope);
    if (live == NULL)
        return BOT_ERR_NOT_FOUND;
    struct scope_state st = *live; /* asking changes nothing */
    roll_of(b, &b->scopes[scope], &st, true, now);
    *ret = st.counters;
    ret->limit = st.limit;
    ret->foreign = st.foreign;
    ret->used = own_total(&st) + st.foreign;
    for (int c = 0; c < BUDGET_CLASSES; c++) {
        ret->in_flight += st.in_flight[c];
        const uint32_t used = st.used[c] + st.in_flight[c];
        ret->reserved_free += b->scopes[scope].reserve[c] > used ? b->scopes[scope].reserve[c] - used : 0;
    }
    ret->shut_until = st.shut_until > now ? st.shut_until : 0;
    return BOT_OK;
}

int64_t bot__budget_cadence(const struct budget *b, uint32_t account, uint32_t scope, uint32_t weight, uint32_t share_permille,
                            int64_t interval_min_ns, int64_t interval_max_ns, bot_ts now)
{
    struct budget_view v;
    if (bot__budget_view(b, account, scope, now, &v) < 0 || v.shut_until != 0 || v.used >= v.limit)
        return interval_max_ns;
    /* weight each interval <= share of the free units each window */
    const uint64_t units = (uint64_t)(v.limit - v.used) * share_permille;
    if (units == 0)
        return interval_max_ns;
    const bot_i128 interval = (bot_i128)b->scopes[scope].window_ns * weight * 1000 / (bot_i128)units;
    return interval < interval_min_ns ? interval_min_ns : interval > interval_max_ns ? interval_max_ns : (int64_t)interval;
}

/* ---- reads ---- */

int bot__budget_join(struct budget *b, uint64_t key, bot_ts not_before, uint64_t waiter, uint64_t *ret_id)
{
    return bot__budget_reads_join(&b->reads, key, not_before, waiter, ret_id);
}

void bot__budget_read_sent(struct budget *b, uint64_t id, bot_ts now) { bot__budget_reads_sent(&b->reads, id, now); }

void bot__budget_read_leave(struct budget *b, uint64_t id, uint64_t waiter) { bot__budget_reads_leave(&b->reads, id, waiter); }

uint32_t bot__budget_read_finish(struct budget *b, uint64_t id, uint64_t *ret_waiters, uint32_t max)
{
    return bot__budget_reads_finish(&b->reads, id, ret_waiters, max);
}
