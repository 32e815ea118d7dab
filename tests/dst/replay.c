/* The journal through a core of its own: the same positions, the same gate for the same reasons, the same counts. */
#include "dst.h"

#include <string.h>

#include "core/state.h"
#include "journal/reader.h"
#include "journal/replay.h"

static bool same_position(const struct dst_process *p, const bot_core *again, uint32_t i, bot_leg leg)
{
    bot_position a, b;
    bot_core_position(p->core, i, leg, &a);
    bot_core_position(again, i, leg, &b);
    return a.qty.v == b.qty.v && a.cost.v == b.cost.v && a.realised.v == b.realised.v && a.funding.v == b.funding.v && a.low.v == b.low.v &&
           a.high.v == b.high.v && a.working_buy.v == b.working_buy.v && a.working_sell.v == b.working_sell.v && a.agreed_at == b.agreed_at;
}

static void compare(struct dst_process *p, const bot_core *again)
{
    if (bot_core_instruments(again) != bot_core_instruments(p->core)) {
        dst_wrong(p->w, DST_INTERNAL, "p%u: replayed, the core knows %u instruments and not %u", p->number, bot_core_instruments(again), bot_core_instruments(p->core));
        return;
    }
    for (uint32_t i = 0; i < bot_core_instruments(again); i++)
        for (bot_leg leg = BOT_LEG_NET; leg <= BOT_LEG_SHORT; leg++)
            if (!same_position(p, again, i, leg))
                dst_wrong(p->w, DST_INTERNAL, "p%u %s: replayed, the position of leg %d is another one", p->number, bot_core_instrument(again, i)->s, (int)leg);
    bot_gate_state a, b;
    bot_core_gate_state(p->core, p->core->now, &a);
    bot_core_gate_state(again, p->core->now, &b);
    if (a.reasons != b.reasons || a.open_until != b.open_until)
        dst_wrong(p->w, DST_INTERNAL, "p%u: replayed, the gate has reasons %x and not %x", p->number, b.reasons, a.reasons);
    if (p->core->stats.events != again->stats.events || p->core->stats.fills_applied != again->stats.fills_applied ||
        p->core->stats.submits != again->stats.submits || p->core->stats.submits_refused != again->stats.submits_refused)
        dst_wrong(p->w, DST_INTERNAL, "p%u: replayed, %llu events, %llu fills, %llu refused, and not %llu, %llu, %llu", p->number,
                  (unsigned long long)again->stats.events, (unsigned long long)again->stats.fills_applied, (unsigned long long)again->stats.submits_refused,
                  (unsigned long long)p->core->stats.events, (unsigned long long)p->core->stats.fills_applied, (unsigned long long)p->core->stats.submits_refused);
}

static int pass(void *user_data, const bot_journal_item *item)
{
    (void)user_data, (void)item;
    return 0;
}

/* Whoever reads it is told. */
static void check_rotten(struct dst_process *p)
{
    dst_process_journal_end(p);
    bot_journal_reader *reader;
    struct journal_replay_result result = { 0 };
    bot_journal_place place;
    int r = bot__journal_open_read(&p->memfs.fs, "j", p->w->plan->venue, "dst", &reader, &place);
    if (r >= 0) {
        r = bot__journal_replay(reader, UINT64_MAX, false, pass, NULL, &result);
        bot_journal_close_read(reader);
    }
    if (r < 0 || result.damages != 0) dst_process_rot_seen(p);
    else if (p->rotten_record != 0) dst_wrong(p->w, DST_INTERNAL, "p%u: a bit of its journal turned over, and nobody was told", p->number);
}

void dst_check_replay(struct dst_process *p)
{
    if (p->journal != NULL && p->rotten) check_rotten(p);
    if (p->journal == NULL || p->lost_events) return;
    if (p->older.guessed) return; /* it took a fill for known while the disk failed and applied it later: a replay can read, and does at once */
    dst_process_journal_end(p);
    bot_journal_reader *reader;
    struct journal_core jc;
    bot_journal_item item;
    bot_journal_place place;
    if (bot__journal_open_read(&p->memfs.fs, "j", p->w->plan->venue, "dst", &reader, &place) != BOT_OK) {
        dst_wrong(p->w, DST_INTERNAL, "p%u: its journal cannot be read: %s", p->number, place.text);
        return;
    }
    if (bot__journal_core_open(&jc, &p->memfs.fs, "j", reader, UINT64_MAX) == BOT_OK) {
        int r;
        while ((r = bot_journal_next(reader, &item, &place)) == 1) (void)bot__journal_core_step(&jc, &item);
        if (r < 0) dst_wrong(p->w, DST_INTERNAL, "p%u: its journal is damaged: %s", p->number, place.text);
        else compare(p, jc.core);
        bot__journal_core_close(&jc);
    } else {
        dst_wrong(p->w, DST_INTERNAL, "p%u: its journal cannot be decided again", p->number);
    }
    bot_journal_close_read(reader);
}
