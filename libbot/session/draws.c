#include "session/draws.h"

#include "session/venue_budget.h"

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

struct budget_request bot__draws_of(const struct session *s, enum venue_call call, const struct venue_http *http)
{
    return bot__venue_budget_draw(s->options.venue, http, class_of(call), s->options.budget_account);
}

bool bot__draws_take(struct session *s, const struct budget_request *draw, bot_ts *ret_ready_at)
{
    if (s->options.budget == NULL)
        return true;
    if (bot__budget_take(s->options.budget, draw, draws_now(s)) == BOT_OK)
        return true;
    const bot_ts ready = bot__budget_ready_at(s->options.budget, draw, draws_now(s));
    *ret_ready_at = ready == BOT_TS_NEVER ? ready : session_after(ready, s->options.ts_offset);
    return false;
}

void bot__draws_give_back(struct session *s, const struct budget_request *draw, bool left)
{
    if (s->options.budget == NULL)
        return;
    if (left)
        bot__budget_done(s->options.budget, draw, draws_now(s));
    else
        bot__budget_unsent(s->options.budget, draw, draws_now(s));
}

void bot__draws_words(struct session *s, const struct venue_reply *reply)
{
    if (s->options.budget == NULL)
        return;
    struct budget *b = s->options.budget;
    const uint32_t account = s->options.budget_account;
    if (reply->used >= 0 || reply->remaining >= 0 || reply->limit >= 0)
        bot__budget_header(b, account, reply->scope, reply->used, reply->remaining, reply->limit, reply->reset_wall_ns, draws_now(s));
    if (reply->outcome == BOT_OUTCOME_LIMITED || reply->outcome == BOT_OUTCOME_BANNED) {
        bot__budget_refused(b, account, reply->scope, reply->outcome == BOT_OUTCOME_BANNED, reply->banned_for_ns, draws_now(s));
        bot__session_log(s, 1, "limited", "%s: %s", s->options.venue->scopes[reply->scope].name, reply->detail);
    } else if (reply->outcome == BOT_OUTCOME_OK) {
        bot__budget_accepted(b, account, reply->scope);
    }
}

void bot__draws_refused(struct session *s, const struct budget_request *draw, bot_outcome outcome, const char *words)
{
    const bool ban = outcome == BOT_OUTCOME_BANNED;
    if (s->options.budget == NULL || (!ban && outcome != BOT_OUTCOME_LIMITED))
        return;
    for (uint32_t i = 0; i < (ban ? draw->draws_n : 1u); i++)
        bot__budget_refused(s->options.budget, s->options.budget_account, draw->draws[i].scope, ban, 0, draws_now(s));
    bot__session_log(s, 1, "limited", "%s: %s", s->options.venue->scopes[draw->draws[0].scope].name, words);
}
