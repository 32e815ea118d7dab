#include "session/effects.h"

#define READS_KEPT 16 /* of the requests; orders and cancels always have a place */

void bot__effects_carve(struct arena *a, struct effects *ret)
{
    ret->outbox = bot__arena_take(a, OUTBOX_MAX, sizeof *ret->outbox);
    ret->requests = bot__arena_take(a, REQUESTS_KEPT, sizeof *ret->requests);
}

static void to_host(struct session *s, const bot_effect *e)
{
    struct effects *f = &s->effects;
    if (f->outbox_n == OUTBOX_MAX) { /* the host does not take them: the newest state is what it asks the core for */
        bot__session_log(s, 0, "outbox_full", "effects for the host are lost");
        return;
    }
    struct outbox_item *item = &f->outbox[(f->outbox_head + f->outbox_n++) % OUTBOX_MAX];
    item->effect = *e;
    if (e->kind == BOT_EFFECT_FILL) {
        item->event = *e->fill.fill;
        item->effect.fill.fill = &item->event;
    }
}

void bot__effects_deliver(struct session *s)
{
    struct effects *f = &s->effects;
    if (f->delivering || s->host.effect == NULL)
        return;
    f->delivering = true;
    while (f->outbox_n != 0 && !s->stopped) {
        const struct outbox_item *item = &f->outbox[f->outbox_head];
        s->host.effect(s->host.self, &item->effect);
        f->outbox_head = (f->outbox_head + 1) % OUTBOX_MAX;
        f->outbox_n--;
    }
    f->delivering = false;
}

/* A read that finds no room is asked for again by the core. */
static void keep_request(struct session *s, const bot_effect *e)
{
    struct effects *f = &s->effects;
    if (f->requests_n < (e->kind == BOT_EFFECT_READ ? READS_KEPT : REQUESTS_KEPT))
        f->requests[(f->requests_head + f->requests_n++) % REQUESTS_KEPT] = *e;
    else
        bot__session_log(s, 0, "requests_lost", "more requests in one step than can be kept; the core asks again");
}

bool bot__effects_next(struct session *s, bot_effect *ret)
{
    struct effects *f = &s->effects;
    if (f->requests_n == 0)
        return false;
    *ret = f->requests[f->requests_head];
    f->requests_head = (f->requests_head + 1) % REQUESTS_KEPT;
    f->requests_n--;
    return true;
}

int bot__effects_step(struct session *s, bot_event *ev)
{
    ev->ts = s->t.now;
    if (s->host.event != NULL)
        s->host.event(s->host.self, ev);
    const int r = bot_core_step(s->core, ev);
    const uint32_t n = bot_core_effects_count(s->core);
    for (uint32_t i = 0; i < n; i++) {
        const bot_effect *e = bot_core_effect(s->core, i);
        switch (e->kind) {
        case BOT_EFFECT_SEND:
        case BOT_EFFECT_READ:
        case BOT_EFFECT_DEAD_MAN:
        case BOT_EFFECT_RESYNC: keep_request(s, e); break;
        case BOT_EFFECT_ORDER:
        case BOT_EFFECT_GATE:
        case BOT_EFFECT_FILL:
        case BOT_EFFECT_POSITION:
        case BOT_EFFECT_VERDICT:
        case BOT_EFFECT_ALERT: to_host(s, e); break;
        case BOT_EFFECT_NONE: break;
        }
    }
    return r;
}
