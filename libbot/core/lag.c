/* Three numbers decide: the smallest delay of the last half hour (what the distance and the clocks' difference make),
 * the largest excess over it in a normal day (polling, bursts), and the excess now. */
#include "lag.h"

#include <string.h>

#include "base/assert.h"

#define TRAIL_NS (250 * BOT_NS_PER_MS)
#define TRAIL_RISING_MIN 3                 /* quarter seconds in a row, each later than the one before */
#define TRAIL_SPAN_NS_MAX (8 * BOT_NS_PER_S)
#define BATCH_NS (1 * BOT_NS_PER_MS)       /* a page's rows arrive at one time; after this it is complete */
#define PENDING_NS (15 * BOT_NS_PER_S)
#define BLIP_NS (5 * BOT_NS_PER_S)         /* late for less: the feed's own way, to be learned */
#define STEP_BACK_NS (500 * BOT_NS_PER_MS)
#define STEP_HOLD_NS (5 * BOT_NS_PER_S)
#define CLOCK_ERROR_NS_MAX (300 * BOT_NS_PER_MS) /* of two measurements together */
#define CLOCK_AGAIN_NS (30 * BOT_NS_PER_S)
#define CLOCK_OTHER_NS (60 * BOT_NS_PER_S)
#define SUNK_UNASKED_NS (60 * BOT_NS_PER_S) /* so long the clock's word is waited for */
#define SUNK_APART_NS (60 * BOT_NS_PER_S)  /* a polled feed shows its smallest delay once in a few polls */
#define HIGH_MEMORIES 24
#define LATE_MEMORIES 12

void bot__lag_options_init(bot__lag_options *opts)
{
    *opts = (bot__lag_options){
        .floor_ns = 600 * BOT_NS_PER_MS,
        .margin = 2,
        .hold_ns = 3 * BOT_NS_PER_S,
        .memory_ns = 1800 * BOT_NS_PER_S,
        .samples_min = 20,
    };
}

void bot__lag_options_init_ack(bot__lag_options *opts)
{
    bot__lag_options_init(opts);
    opts->floor_ns = 2 * BOT_NS_PER_S;
    opts->hold_ns = 10 * BOT_NS_PER_S;
    opts->samples_min = 5;
    opts->quiet_ns = 30 * BOT_NS_PER_S;
}

static void forget(struct bot__lag *lag)
{
    for (int i = 0; i < BOT__LAG_SLOTS; i++)
        lag->low.v[i] = INT64_MAX;
    lag->low.until = lag->now + lag->opts.memory_ns / BOT__LAG_SLOTS;
    lag->trail.n = 0;
    lag->venue_high = INT64_MIN;
    lag->stepped_n = lag->above_n = 0;
    lag->sunk = lag->clock.low_known = false;
}

void bot__lag_init(struct bot__lag *lag, const bot__lag_options *opts, bot_ts now)
{
    BOT_ASSERT(lag != NULL);
    memset(lag, 0, sizeof *lag);
    if (opts != NULL) lag->opts = *opts;
    else bot__lag_options_init(&lag->opts);
    lag->now = lag->since = now;
    lag->batch.at = -1;
    lag->waiting_since = BOT_TS_NEVER;
    lag->high.until = now + HIGH_MEMORIES * (lag->opts.memory_ns / BOT__LAG_SLOTS);
    lag->calm_since = BOT_TS_NEVER;
    lag->reason = BOT__LAG_LEARNING;
    forget(lag);
}

static int64_t least(const struct bot__lag *lag)
{
    int64_t v = INT64_MAX;
    for (int i = 0; i < BOT__LAG_SLOTS; i++)
        if (lag->low.v[i] < v) v = lag->low.v[i];
    return v;
}

static int64_t high_of(const struct bot__lag *lag)
{
    int64_t v = 0;
    for (int i = 0; i < BOT__LAG_SLOTS; i++)
        if (lag->high.v[i] > v) v = lag->high.v[i];
    return v;
}

static int64_t limit_of(const struct bot__lag *lag)
{
    const double limit = lag->opts.margin * (double)high_of(lag);
    return limit > (double)lag->opts.floor_ns ? (int64_t)limit : lag->opts.floor_ns;
}

static void slots_turn(int64_t v[BOT__LAG_SLOTS], int64_t fresh)
{
    memmove(v + 1, v, (BOT__LAG_SLOTS - 1) * sizeof *v);
    v[0] = fresh;
}

static void turn(struct bot__lag *lag)
{
    /* While late the minimum is remembered much longer: an hour of lag must not become what the feed is like. */
    const bot_ts slice = lag->opts.memory_ns / BOT__LAG_SLOTS, high_ns = HIGH_MEMORIES * slice;
    const bot_ts low_ns = lag->late ? LATE_MEMORIES * slice : slice;
    for (int i = 0; lag->now >= lag->low.until; i++) {
        if (i == BOT__LAG_SLOTS) { /* long silent: do not count the slices one by one */
            lag->low.until = lag->now + low_ns;
            break;
        }
        /* All slices empty would leave nothing to compare with: the oldest one known is better than none. */
        const int64_t before = least(lag);
        slots_turn(lag->low.v, INT64_MAX);
        if (least(lag) == INT64_MAX) lag->low.v[1] = before;
        lag->low.until += low_ns;
    }
    if (lag->now >= lag->high.until) {
        slots_turn(lag->high.v, 0);
        lag->high.until = lag->now + high_ns;
    }
}

static bool learning(const struct bot__lag *lag)
{
    return lag->samples < lag->opts.samples_min;
}

static void set(struct bot__lag *lag, bool late, bot__lag_reason reason)
{
    if (lag->late != late) lag->since = lag->now;
    if (lag->late != late || lag->reason != reason) lag->changed = true;
    if (late && !lag->late) lag->late_since = lag->late_seen = lag->now;
    if (late != lag->late) lag->calm_since = BOT_TS_NEVER;
    lag->late = late;
    lag->reason = reason;
}

/* Falling behind: the best delay of each quarter second is worse than that of the one before, some times in a row, and
 * all together by six tenths of what counts as late in any case and by more than a delay ever was in normal times. (On
 * recorded feeds natural rises stay below that: bursts pass within a second, so that their rise is one or two steps.) */
static bool rising(const struct bot__lag *lag)
{
    const int64_t normal = high_of(lag), grown_min = lag->opts.floor_ns * 6 / 10;
    for (uint32_t i = 1; i < lag->trail.n; i++) {
        if (lag->trail.v[i - 1] <= lag->trail.v[i] || lag->trail.at[0] - lag->trail.at[i] > TRAIL_SPAN_NS_MAX)
            return false;
        const int64_t grown = lag->trail.v[0] - lag->trail.v[i];
        /* and, where messages are many, not by the last step alone, which may be one stray message */
        const bool spread = lag->trail.v[1] - lag->trail.v[i] >= grown / 8 || lag->trail.at[0] - lag->trail.at[1] >= 3 * TRAIL_NS;
        if (i + 1 >= TRAIL_RISING_MIN && grown > grown_min && grown > normal + normal / 4 && spread)
            return true;
    }
    return false;
}

static void trail_add(struct bot__lag *lag, int64_t excess)
{
    if (lag->trail.n > 0 && lag->now - lag->trail.at[0] < TRAIL_NS) {
        if (excess < lag->trail.v[0]) lag->trail.v[0] = excess;
        return;
    }
    memmove(lag->trail.v + 1, lag->trail.v, sizeof lag->trail.v - sizeof lag->trail.v[0]);
    memmove(lag->trail.at + 1, lag->trail.at, sizeof lag->trail.at - sizeof lag->trail.at[0]);
    lag->trail.v[0] = excess;
    lag->trail.at[0] = lag->now;
    if (lag->trail.n < BOT__LAG_SLOTS) lag->trail.n++;
}

/* What is normal is learned with a delay: otherwise the limit would run ahead of a feed that falls behind. */
static void pending_add(struct bot__lag *lag, int64_t excess)
{
    if (lag->now >= lag->pending.until) {
        if (lag->pending.v[1] > lag->high.v[0]) lag->high.v[0] = lag->pending.v[1];
        lag->pending.v[1] = lag->pending.v[0];
        lag->pending.v[0] = 0;
        lag->pending.until = lag->now + PENDING_NS;
    }
    if (excess > lag->pending.v[0]) lag->pending.v[0] = excess;
}

static void pending_drop(struct bot__lag *lag)
{
    lag->pending.v[0] = lag->pending.v[1] = 0;
}

static void judge(struct bot__lag *lag, int64_t excess)
{
    const int64_t limit = limit_of(lag);
    lag->excess = excess;
    if (!lag->late) {
        lag->above_n = excess > limit ? lag->above_n + 1 : 0;
        /* One message may be anything; two in a row, or one far out, are not. */
        if (lag->above_n >= 2 || excess > 2 * limit) set(lag, true, BOT__LAG_LATE);
        else if (rising(lag)) set(lag, true, BOT__LAG_RAMP);
        else set(lag, false, BOT__LAG_NONE);
        if (lag->late) pending_drop(lag);
        else pending_add(lag, excess);
        return;
    }
    if (excess >= limit / 2) {
        lag->calm_since = BOT_TS_NEVER;
        lag->late_seen = lag->now;
        return;
    }
    if (lag->calm_since == BOT_TS_NEVER) lag->calm_since = lag->now;
    if (lag->now - lag->calm_since < lag->opts.hold_ns)
        return;
    if (lag->calm_since - lag->late_since < BLIP_NS && limit * 3 / 4 > lag->high.v[0]) lag->high.v[0] = limit * 3 / 4;
    lag->above_n = 0;
    set(lag, false, BOT__LAG_NONE);
}

/* A delay far below any known is a wrong stamp or a clock that was stepped. It counts when it comes again seconds later and, where
 * somebody measures the venue's clock, when that was not what moved: compared with half a second of it, everything that follows would be
 * late for hours. */
static bool low_is_believed(struct bot__lag *lag, int64_t delay_ns)
{
    const int64_t low = least(lag);
    if (low == INT64_MAX || delay_ns >= low - lag->opts.floor_ns / 2)
        return true;
    if (!lag->sunk || lag->now - lag->sunk_at > SUNK_APART_NS) lag->sunk_since = lag->now;
    lag->sunk = true;
    lag->sunk_at = lag->now;
    const bot_ts hold = lag->clock.known && lag->clock.at < lag->sunk_since ? SUNK_UNASKED_NS : STEP_HOLD_NS;
    return lag->now - lag->sunk_since >= hold;
}

/* ---- the venue's clock as the second witness ---- */

void bot__lag_clock(struct bot__lag *lag, bot_ts sent_at, int64_t offset_ns, int64_t error_ns)
{
    if (error_ns > CLOCK_ERROR_NS_MAX)
        return;
    lag->clock.offset = offset_ns;
    lag->clock.error = error_ns;
    lag->clock.at = sent_at;
    lag->clock.known = lag->clock.open = true;
}

bool bot__lag_asks(const struct bot__lag *lag)
{
    if (lag->late)
        return lag->clock.at <= lag->late_since || lag->now - lag->clock.at > CLOCK_AGAIN_NS;
    return lag->sunk && lag->now - lag->sunk_at <= SUNK_APART_NS && lag->clock.at < lag->sunk_since;
}

static void clock_agrees(struct bot__lag *lag)
{
    lag->clock.open = false;
    lag->clock.low_known = true;
    lag->clock.low = least(lag);
    lag->clock.low_offset = lag->clock.offset;
    lag->clock.low_error = lag->clock.error;
}

/* Is a delay what the clock's movement since makes of the ones before? Then these are what is compared with, by the measured amount
 * and not by the seen one, so that what is late besides is seen as before. Any other delay leaves the question open. */
static void ask_clock(struct bot__lag *lag, int64_t delay_ns)
{
    const int64_t near = lag->opts.floor_ns / 2;
    if (!lag->clock.low_known) {
        if (!learning(lag) && !lag->late && least(lag) != INT64_MAX) clock_agrees(lag);
        return;
    }
    if (lag->clock.error + lag->clock.low_error > CLOCK_ERROR_NS_MAX)
        return;
    const int64_t change = lag->clock.offset - lag->clock.low_offset, expected = lag->clock.low - change, low = least(lag);
    if (delay_ns < expected - near) { /* not the clock: the feed itself is faster than it was, once that is believed */
        if (delay_ns >= low - near && (!lag->sunk || lag->clock.at >= lag->sunk_since)) clock_agrees(lag);
        return;
    }
    if (delay_ns - expected >= limit_of(lag) / 2) {
        /* Late; or nothing but the clock of the machine that was asked moved, as a feed shows that is for long as it was before. */
        if (!lag->late && delay_ns >= low - near && delay_ns - low < limit_of(lag) / 2 && lag->now - lag->clock.at > CLOCK_OTHER_NS) clock_agrees(lag);
        return;
    }
    /* Shorter ones between two measurements that are alike: a clock that went ahead and came back, where all is late without them. */
    if (low > expected + near || (low < expected - near && (lag->late || change > near || change < -near))) {
        forget(lag);
        lag->low.v[0] = expected;
        lag->steps++;
    }
    clock_agrees(lag);
}

void bot__lag_sample(struct bot__lag *lag, bot_ts now, int64_t delay_ns)
{
    if (now > lag->now) lag->now = now;
    turn(lag);
    lag->samples++;
    if (lag->clock.open) ask_clock(lag, delay_ns);
    if (delay_ns < lag->low.v[0] && low_is_believed(lag, delay_ns)) lag->low.v[0] = delay_ns;
    const int64_t low = least(lag), excess = delay_ns > low ? delay_ns - low : 0;
    trail_add(lag, excess);
    if (!learning(lag)) judge(lag, excess);
    else if (excess > lag->high.v[0]) lag->high.v[0] = excess;
}

/* Times that went back, and delays that are longer by as much ever since: the venue's clock was stepped. What is merely late comes
 * in order. (Of several publishers in one feed one may be late behind another: then its lateness has been noticed before, or delays
 * as they were before come between.) */
static void notice_clock_step(struct bot__lag *lag, int64_t venue_ns)
{
    const int64_t delay = lag->now - venue_ns;
    const bool went_back = lag->venue_high != INT64_MIN && venue_ns < lag->venue_high - STEP_BACK_NS;
    if (!went_back && (lag->stepped_n == 0 || delay < lag->stepped_delay)) {
        if (venue_ns > lag->venue_high) {
            lag->venue_high = venue_ns;
            lag->venue_high_delay = delay;
        }
        lag->stepped_n = 0;
        return;
    }
    if (lag->stepped_n++ == 0) {
        lag->stepped_since = lag->now;
        lag->stepped_delay = lag->late ? INT64_MAX : lag->venue_high_delay + (delay - lag->venue_high_delay) / 2;
    }
    if (lag->stepped_n < lag->opts.samples_min || lag->now - lag->stepped_since < STEP_HOLD_NS)
        return;
    forget(lag);
    lag->venue_high = venue_ns;
    lag->venue_high_delay = delay;
    lag->steps++;
    lag->above_n = 0;
    set(lag, false, BOT__LAG_NONE);
}

static void batch_close(struct bot__lag *lag)
{
    if (lag->batch.at < 0)
        return;
    lag->batch.at = -1;
    notice_clock_step(lag, lag->batch.venue_ns);
    bot__lag_sample(lag, lag->now, lag->batch.delay);
}

void bot__lag_arrival(struct bot__lag *lag, bot_ts now, int64_t venue_ns)
{
    if (now < lag->now) now = lag->now;
    if (lag->batch.at >= 0 && now != lag->batch.at) batch_close(lag);
    lag->now = now;
    const int64_t delay = now - venue_ns;
    if (lag->batch.at < 0 || delay < lag->batch.delay) {
        lag->batch.at = now;
        lag->batch.delay = delay;
        lag->batch.venue_ns = venue_ns;
    }
}

void bot__lag_waiting(struct bot__lag *lag, bot_ts now, bot_ts oldest_sent_at)
{
    if (now > lag->now) lag->now = now;
    lag->waiting_since = oldest_sent_at;
}

/* How long an unanswered order may wait: before anything is learned, the floor counts from zero. */
static bot_ts wait_limit(const struct bot__lag *lag)
{
    const int64_t low = least(lag);
    return limit_of(lag) + (low == INT64_MAX ? 0 : low);
}

/* When lateness ends by itself. */
static bot_ts quiet_at(const struct bot__lag *lag)
{
    return lag->late && lag->opts.quiet_ns != 0 && lag->waiting_since == BOT_TS_NEVER ? lag->late_seen + lag->opts.quiet_ns : BOT_TS_NEVER;
}

bot_ts bot__lag_deadline(const struct bot__lag *lag)
{
    bot_ts due = lag->batch.at >= 0 ? lag->batch.at + BATCH_NS : BOT_TS_NEVER;
    if (quiet_at(lag) < due) due = quiet_at(lag);
    if (lag->waiting_since != BOT_TS_NEVER && !lag->late) {
        const bot_ts late_at = lag->waiting_since + wait_limit(lag);
        if (late_at < due) due = late_at;
    }
    return due;
}

bool bot__lag_tick(struct bot__lag *lag, bot_ts now)
{
    if (lag->batch.at >= 0 && now >= lag->batch.at + BATCH_NS) batch_close(lag);
    if (now > lag->now) lag->now = now;
    if (lag->waiting_since != BOT_TS_NEVER && lag->now - lag->waiting_since >= wait_limit(lag) && !lag->late) {
        lag->excess = lag->now - lag->waiting_since;
        set(lag, true, BOT__LAG_WAITING);
    }
    if (lag->now >= quiet_at(lag)) {
        lag->above_n = 0;
        set(lag, false, BOT__LAG_NONE);
    }
    const bool changed = lag->changed;
    lag->changed = false;
    return changed;
}

void bot__lag_get(const struct bot__lag *lag, bot__lag_view *ret_view)
{
    *ret_view = (bot__lag_view){
        .ok = !lag->late,
        .reason = lag->reason,
        .value_ns = lag->excess,
        .reference_ns = limit_of(lag),
        .since = lag->since,
    };
}

const char *bot__lag_reason_name(bot__lag_reason reason)
{
    switch (reason) {
    case BOT__LAG_NONE: return "none";
    case BOT__LAG_LEARNING: return "learning";
    case BOT__LAG_LATE: return "late";
    case BOT__LAG_RAMP: return "ramp";
    case BOT__LAG_WAITING: return "waiting";
    }
    return "none";
}
