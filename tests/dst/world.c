#include "dst.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/decimal.h"

#define REARM_AFTER_NS (60 * BOT_NS_PER_S)
#define HEALTHY_NS (120 * BOT_NS_PER_S)
#define REST_NS (90 * BOT_NS_PER_S)

const char *dst_check_name(enum dst_check c)
{
    static const char *const names[DST_CHECK_COUNT] = { "ok", "position", "limit", "shut", "twice", "lease", "lost", "liveness", "storm", "internal" };
    return names[c];
}

const char *dst_defect_name(enum dst_defect d)
{
    static const char *const names[DST_DEFECT_COUNT] = { "none", "fill_twice", "fill_pair", "order_twice", "order_passes", "limit", "lease", "deaf", "conflict", "unwritten" };
    return names[d];
}

const char *dst_num(bot_i128 v)
{
    static char text[8][BOT_DEC_TEXT_MAX];
    static unsigned next;
    char *to = text[next++ % 8];
    bot_fixed_format(v, to);
    return to;
}

void dst_wrong(struct dst_world *w, enum dst_check check, const char *format, ...)
{
    if (w->result->wrong != DST_OK) return; /* the first */
    w->result->wrong = check;
    const int n = snprintf(w->result->text, sizeof w->result->text, "at %lld ms: ", (long long)((dst_now(w) - DST_START_NS) / BOT_NS_PER_MS));
    va_list ap;
    va_start(ap, format);
    vsnprintf(w->result->text + n, sizeof w->result->text - (size_t)n, format, ap);
    va_end(ap);
}

void dst_trace_say(const struct dst_world *w, const char *format, ...)
{
    const bot_ts t = dst_now(w) - DST_START_NS;
    fprintf(stderr, "[%lld.%03lld] ", (long long)(t / BOT_NS_PER_S), (long long)(t % BOT_NS_PER_S / BOT_NS_PER_MS));
    va_list ap;
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

/* ---- faults of processes -------------------------------------------------------------------------------------------- */

static bool holds(const struct dst_fault *f, int64_t at) { return at >= f->at_ns && at < f->at_ns + f->for_ns; }

/* A fault of a process struck, or found it down; bites: whoever strikes is felt. */
static void count(struct dst_world *w, enum dst_what what, bool up, bool bites)
{
    w->result->used[FAULT_KIND_COUNT + what] += up;
    w->result->bit[FAULT_KIND_COUNT + what] += up && bites;
}

/* What holds now, as a whole: several may overlap. */
static void apply_standing(struct dst_world *w)
{
    const int64_t at = dst_now(w) - DST_START_NS;
    for (uint32_t n = 0; n < w->plan->processes; n++) {
        struct dst_process *p = &w->process[n];
        bool offline = false, stalled = false, full = false;
        int64_t skew = 0, frozen = 0, held = 0;
        char op = 0;
        for (uint32_t i = 0; i < w->plan->faults_n; i++) {
            const struct dst_fault *f = &w->plan->faults[i];
            if (f->what == DST_VENUE || f->process != p->number || !holds(f, at)) continue;
            count(w, f->what, p->up, f->what != DST_DISK && f->what != DST_FULL && f->what != DST_STALL && f->what != DST_BACKLOG);
            if (f->what == DST_OFFLINE) offline = true;
            else if (f->what == DST_STALL) stalled = true;
            else if (f->what == DST_FULL) full = true;
            else if (f->what == DST_SKEW) skew += f->value_ns;
            else if (f->what == DST_DISK) op = f->op;
            else if (f->what == DST_BACKLOG && DST_START_NS + f->at_ns + f->for_ns > held) held = DST_START_NS + f->at_ns + f->for_ns;
            else if (f->what == DST_FREEZE && DST_START_NS + f->at_ns + f->for_ns > frozen) frozen = DST_START_NS + f->at_ns + f->for_ns;
        }
        bot__world_client_offline(w->world, p->client, offline);
        bot__world_client_skew(w->world, p->client, skew);
        bot__world_client_backlog(w->world, p->client, held);
        if (frozen != 0 && p->up) bot__world_client_freeze(w->world, p->client, frozen);
        p->disk_stalled = stalled || frozen != 0;
        p->stalled = stalled;
        p->disk_fault = full ? DST_FULL : op != 0 ? DST_DISK : DST_VENUE;
        if (full || op != 0) {
            p->memfs.fail_op = full || op == 'w' ? MEMFS_WRITE : op == 's' ? MEMFS_SYNC : MEMFS_OPEN;
            p->memfs.fail_errno = full ? 28 /* ENOSPC */ : 5 /* EIO */;
            p->memfs.fail_nth = 1;
            p->memfs.fail_times = UINT32_MAX;
        } else {
            p->memfs.fail_nth = 0;
        }
    }
}

static void apply_events(struct dst_world *w)
{
    const bot_ts now = dst_now(w);
    for (uint32_t i = 0; i < w->plan->faults_n; i++) {
        const struct dst_fault *f = &w->plan->faults[i];
        const bot_ts at = DST_START_NS + f->at_ns;
        if (f->for_ns != 0 || at > now || at <= w->applied_until || f->process > w->plan->processes) continue;
        struct dst_process *p = &w->process[f->process - 1];
        count(w, f->what, p->up, f->what != DST_ROT);
        if (f->what == DST_ROT) dst_process_rot(p, w->plan->seed ^ (uint64_t)f->at_ns);
        if (f->what == DST_KILL || f->what == DST_POWER || f->what == DST_STOP) dst_process_die(p, f->what, f->value_ns);
        if (f->what == DST_SWITCH && p->up) {
            bot_event ev = { .kind = BOT_EV_KILL };
            (void)dst_process_command(p, &ev);
        }
    }
    w->applied_until = now;
}

/* When a fault of a process begins or ends next. */
static bot_ts next_change(const struct dst_world *w, bot_ts until)
{
    const bot_ts now = dst_now(w);
    for (uint32_t i = 0; i < w->plan->faults_n; i++) {
        const struct dst_fault *f = &w->plan->faults[i];
        if (f->what == DST_VENUE) continue;
        const bot_ts from = DST_START_NS + f->at_ns, to = from + f->for_ns;
        if (from > now && from < until) until = from;
        if (to > now && to < until) until = to;
    }
    return until;
}

/* ---- running ---------------------------------------------------------------------------------------------------------- */

static bool frozen(const struct dst_process *p)
{
    const int64_t at = dst_now(p->w) - DST_START_NS;
    for (uint32_t i = 0; i < p->w->plan->faults_n; i++) {
        const struct dst_fault *f = &p->w->plan->faults[i];
        if (f->what == DST_FREEZE && f->process == p->number && holds(f, at)) return true;
    }
    return false;
}

static void run_until(struct dst_world *w, bot_ts until)
{
    while (dst_now(w) < until && w->result->wrong == DST_OK) {
        bot_ts next = next_change(w, until);
        for (uint32_t n = 0; n < w->plan->processes; n++) {
            struct dst_process *p = &w->process[n];
            if (!p->up && p->start_at < next) next = p->start_at;
            for (uint32_t b = 0; b < w->plan->bots && p->up && !w->stopped; b++)
                if (p->bot[b].next_at < next) next = p->bot[b].next_at;
        }
        while (dst_now(w) < next && w->result->wrong == DST_OK)
            if (!bot__world_step(w->world, next)) break;
        apply_events(w);
        apply_standing(w);
        for (uint32_t n = 0; n < w->plan->processes; n++) {
            struct dst_process *p = &w->process[n];
            if (!p->up && dst_now(w) >= p->start_at) (void)dst_process_start(p);
            for (uint32_t b = 0; b < w->plan->bots && p->up && !w->stopped; b++) {
                if (dst_now(w) < p->bot[b].next_at) continue;
                if (frozen(p)) p->bot[b].next_at = dst_now(w) + BOT_NS_PER_S;
                else dst_bot_act(p, b);
            }
        }
    }
}

/* The person: a minute after everything is well again whatever is latched is looked at and re-armed. */
static void rearm(struct dst_process *p)
{
    bot_gate_state state;
    bot_core_gate_state(p->core, dst_process_core_now(p), &state);
    if ((state.reasons & BOT_GATE_KILL) != 0) dst_check_killed(p);
    const uint32_t latched = state.reasons & (bot_gate_latches() | BOT_GATE_STARTUP);
    for (int i = 0; i < BOT_GATE_REASON_COUNT; i++) {
        if ((latched & (1u << i)) == 0) continue;
        bot_event ev = { .kind = BOT_EV_REARM, .rearm = { .latch = 1u << i, .reason = "looked at it" } };
        (void)dst_process_command(p, &ev);
        p->w->result->rearms++;
        dst_trace(p->w, "p%u re-armed %s", p->number, bot_gate_reason_name(1u << i));
    }
}

static void heal(struct dst_world *w)
{
    w->healed = true;
    w->healed_at = dst_now(w);
    dst_trace(w, "healed");
    uint32_t takes = 0;
    for (uint32_t i = 0; i < w->plan->faults_n; i++) takes |= w->plan->faults[i].takes;
    /* A ban lasts for ten minutes and may have doubled; a monitor releases with hysteresis, on a slow market late. */
    const int64_t bound = (takes & DST_BAN) != 0 ? 3900 * BOT_NS_PER_S : w->plan->monitors ? 1800 * BOT_NS_PER_S : 240 * BOT_NS_PER_S;
    bool all = false;
    bot_ts rearm_at = w->healed_at + REARM_AFTER_NS;
    while (!all && dst_now(w) - w->healed_at < bound && w->result->wrong == DST_OK) {
        run_until(w, dst_now(w) + BOT_NS_PER_S);
        all = true;
        for (uint32_t n = 0; n < w->plan->processes; n++) {
            struct dst_process *p = &w->process[n];
            if (dst_now(w) >= rearm_at && p->up && !dst_process_open(p)) rearm(p);
            p->opened_after |= dst_process_open(p);
            all = all && p->opened_after;
        }
        if (dst_now(w) >= rearm_at) rearm_at += REARM_AFTER_NS;
    }
    for (uint32_t n = 0; n < w->plan->processes && !all; n++) {
        struct dst_process *p = &w->process[n];
        if (p->opened_after) continue;
        char text[600] = "down";
        bot_gate_state state;
        if (p->up) {
            bot_core_gate_state(p->core, dst_process_core_now(p), &state);
            bot_gate_explain(&state, text, sizeof text);
        }
        dst_wrong(w, DST_LIVENESS, "p%u: %lld s after healing: %.250s", p->number, (long long)((dst_now(w) - w->healed_at) / BOT_NS_PER_S), text);
    }
    w->result->opened_after_ns = dst_now(w) - w->healed_at;
}

static void *take(void *self, size_t size) { (void)self; return calloc(1, size); }
static void give(void *self, void *p) { (void)self; free(p); }

static bool make(struct dst_world *w)
{
    const struct dst_plan *plan = w->plan;
    struct world_options o;
    bot__world_options_init(&o);
    o.seed = plan->seed;
    o.venue.dialect = plan->venue;
    o.venue.exec_ids_shared = plan->exec_ids_shared;
    o.latency_min_ns = plan->latency_min_ns;
    o.latency_mean_ns = plan->latency_mean_ns;
    o.latency_max_ns = plan->latency_max_ns;
    struct exchange_instrument all[3];
    o.venue.instruments_n = bot__exchange_instruments_default(all, 3);
    o.venue.instruments_n = plan->instruments;
    o.venue.instruments = all;
    struct flow_options flows[3];
    for (uint32_t i = 0; i < plan->instruments; i++) {
        bot__flow_options_init(&flows[i]);
        flows[i].sweeps_per_1000s = plan->sweeps_per_1000s;
        flows[i].burstiness_pct = plan->burstiness_pct;
        flows[i].trend_ticks_per_s = plan->trend_ticks;
    }
    o.venue.flows = flows;
    w->world = bot__world_new(&o, (struct sim_alloc){ NULL, take, give });
    if (w->world == NULL) return false;
    for (uint32_t n = 1; n <= plan->processes; n++) dst_process_init(w, n);
    for (uint32_t i = 0; i < plan->faults_n; i++) {
        char error[200] = "";
        if (plan->faults[i].what == DST_VENUE && bot__world_faults(w->world, plan->faults[i].text, error, sizeof error) < 0)
            dst_wrong(w, DST_INTERNAL, "fault '%s': %s", plan->faults[i].text, error);
    }
    return bot__world_hook(w->world, dst_check_step, w) == 0;
}

static void cancel_all(struct dst_world *w)
{
    for (uint32_t n = 0; n < w->plan->processes; n++)
        for (uint32_t b = 0; b < w->plan->bots && w->process[n].up; b++) {
            bot_event all = { .kind = BOT_EV_CANCEL_ALL, .cancel = { .bot = b } };
            (void)dst_process_command(&w->process[n], &all);
        }
}

void dst_run(const struct dst_plan *plan, const struct dst_run_options *o, struct dst_result *ret)
{
    struct dst_world *w = calloc(1, sizeof *w);
    *ret = (struct dst_result){ .faults = plan->faults_n, .hedge = plan->hedge, .bots = plan->bots > 1, .processes = plan->processes > 1,
                                .instruments = plan->instruments > 1, .journal = plan->journal };
    *w = (struct dst_world){ .plan = plan, .options = *o, .result = ret };
    if (!make(w)) {
        fprintf(stderr, "no memory for a world\n");
        exit(2);
    }
    run_until(w, DST_START_NS + plan->unsafe_ns);
    if (ret->wrong == DST_OK) heal(w);
    run_until(w, dst_now(w) + HEALTHY_NS);
    w->stopped = true;
    for (int i = 0; i < 6; i++) { /* what answered late, and what the venue's rate limit refused */
        cancel_all(w);
        run_until(w, dst_now(w) + REST_NS / 6);
    }
    run_until(w, dst_now(w) + REST_NS / 3);
    /* An order of a person's may trade at any moment, and the news of it takes its time. */
    for (int i = 0; i < 5 && !dst_check_settled(w); i++) run_until(w, dst_now(w) + BOT_NS_PER_S);
    if (ret->wrong == DST_OK) dst_check_end(w);
    ret->simulated_ns = dst_now(w) - DST_START_NS;
    ret->events = bot__world_stats(w->world).events;
    for (int k = 0; k < FAULT_KIND_COUNT; k++) {
        ret->used[k] = bot__world_faults_used(w->world)[k];
        ret->bit[k] = bot__world_faults_bit(w->world)[k];
    }
    for (uint32_t n = 0; n < plan->processes; n++) ret->bit[FAULT_KIND_COUNT + DST_BACKLOG] += bot__world_client_held(w->world, w->process[n].client);
    for (uint32_t n = 0; n < plan->processes; n++) dst_process_free(&w->process[n]);
    bot__world_free(w->world);
    free(w);
}
