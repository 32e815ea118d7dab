#include "sim/flow.h"

#include <string.h>

#define LEVELS_MAX 50
#define ORDERS_PER_LEVEL 3 /* one sweep must be able to take several resting orders at one price */
#define WAITING_MAX 64     /* children that have not come yet */

/* What the house has resting at one price. */
struct quote {
    int64_t  price;
    uint64_t id[ORDERS_PER_LEVEL];
    uint32_t n;
};

struct flow {
    struct flow_options opt;
    struct sim_alloc alloc;
    struct sim_rng   rng;
    struct quote     quote[2][LEVELS_MAX];
    uint32_t         quotes_n[2];
    int64_t  fair_milli;        /* price in thousandths of a tick */
    int64_t  start_ticks;
    int64_t  at;                /* of the last step */
    int64_t  parent_at;         /* next parent; INT64_MAX when stopped */
    int64_t  waiting[WAITING_MAX];
    uint32_t waiting_n;
    int64_t  regime_until, trend_until;
    uint32_t regime_ppm;        /* the rate's factor now */
    int32_t  trend, pushed;     /* ticks per second */
    uint32_t scale_ppm;
    const struct flow_row *rows;
    size_t   rows_n, row;
    int64_t  rows_start;
    bool     rows_loop;
};

void bot__flow_options_init(struct flow_options *o)
{
    *o = (struct flow_options){ .sweeps_per_1000s = 1000, .burstiness_pct = 60, .regime_spread_pct = 300, .regime_s = 40,
                                .fills_per_sweep = 3, .lots_mean = 40, .levels = 12, .spread_ticks = 2, .level_ticks = 3,
                                .noise_ticks = 3, .trend_s = 120, .trend_ticks_per_s = 4, .band_pct = 20 };
}

static void next_regime(struct flow *f, int64_t now)
{
    f->regime_until = now + bot__sim_rng_exponential(&f->rng, (int64_t)f->opt.regime_s * BOT_NS_PER_S);
    f->regime_ppm = 1000000;
    /* Log-uniform in [1/spread, spread] by halves: doubling or halving so often, the rest linear. */
    uint64_t high = (uint64_t)f->opt.regime_spread_pct * 10000;
    if (high <= 1000000) return;
    const bool up = bot__sim_rng_below(&f->rng, 2);
    uint64_t factor = 1000000;
    uint64_t doublings = 0;
    while ((UINT64_C(1000000) << (doublings + 1)) <= high) doublings++;
    factor <<= bot__sim_rng_below(&f->rng, doublings + 1);
    factor += bot__sim_rng_below(&f->rng, factor);
    if (factor > high) factor = high;
    f->regime_ppm = (uint32_t)(up ? factor : UINT64_C(1000000000000) / factor);
}

static void next_trend(struct flow *f, int64_t now)
{
    if (f->opt.trend_s == 0) {
        f->trend_until = INT64_MAX;
        return;
    }
    f->trend_until = now + bot__sim_rng_exponential(&f->rng, (int64_t)f->opt.trend_s * BOT_NS_PER_S);
    const int32_t drift = (int32_t)f->opt.trend_ticks_per_s;
    const uint64_t what = bot__sim_rng_below(&f->rng, 3); /* up, down, sideways */
    f->trend = what == 0 ? drift : what == 1 ? -drift : 0;
}

/* The mean of a lognormal-ish regime is above one; this keeps the long-run mean where the option says. */
static uint64_t parents_per_1e9s(const struct flow *f)
{
    uint64_t rate = (uint64_t)f->opt.sweeps_per_1000s * 1000000 * (100 - f->opt.burstiness_pct) / 100;
    rate = rate / 1000 * (f->regime_ppm / 1000);
    return rate / 1000000 * f->scale_ppm;
}

static void next_parent(struct flow *f, int64_t now)
{
    const uint64_t rate = parents_per_1e9s(f);
    if (rate == 0) {
        f->parent_at = INT64_MAX;
        return;
    }
    const uint64_t mean = UINT64_C(1000000000000000000) / rate;
    f->parent_at = now + bot__sim_rng_exponential(&f->rng, (int64_t)mean);
}

struct flow *bot__flow_new(const struct flow_options *o, struct sim_alloc alloc, int64_t now_ns)
{
    if (o->burstiness_pct > 90 || o->levels == 0 || o->levels > LEVELS_MAX || o->lots_mean <= 0 || o->spread_ticks == 0 ||
        o->level_ticks == 0 || o->fills_per_sweep == 0)
        return NULL;
    struct flow *f = alloc.alloc(alloc.self, sizeof *f);
    if (f == NULL) return NULL;
    memset(f, 0, sizeof *f);
    f->opt = *o;
    f->alloc = alloc;
    f->rng = bot__sim_rng(o->seed, 100 + o->instrument);
    f->scale_ppm = 1000000;
    f->pushed = INT32_MIN;
    f->at = now_ns;
    next_regime(f, now_ns);
    next_trend(f, now_ns);
    next_parent(f, now_ns);
    return f;
}

void bot__flow_free(struct flow *f)
{
    if (f != NULL) f->alloc.release(f->alloc.self, f);
}

void bot__flow_tape(struct flow *f, const struct flow_row *rows, size_t rows_n, int64_t start_ns, bool loop)
{
    f->rows = rows;
    f->rows_n = rows_n;
    f->row = 0;
    f->rows_start = start_ns;
    f->rows_loop = loop;
}

void bot__flow_scale(struct flow *f, int64_t now_ns, uint32_t per_million)
{
    if (per_million == f->scale_ppm) return;
    f->scale_ppm = per_million;
    if (per_million == 0) f->waiting_n = 0;
    next_parent(f, now_ns);
}

void bot__flow_push(struct flow *f, int32_t ticks_per_s) { f->pushed = ticks_per_s; }

/* ---- quotes ---------------------------------------------------------------------------------------------------- */

static void quote_pull(struct flow *f, struct exchange *x, int64_t now, uint32_t s, uint32_t i)
{
    struct quote *q = &f->quote[s][i];
    for (uint32_t k = 0; k < q->n; k++)
        bot__exchange_cancel(x, now, EXCHANGE_HOUSE, q->id[k]); /* gone already: it was taken */
    f->quote[s][i] = f->quote[s][--f->quotes_n[s]];
}

static void quote_put(struct flow *f, struct exchange *x, int64_t now, uint32_t s, int64_t price, int64_t lots_at_least)
{
    if (f->quotes_n[s] == LEVELS_MAX || price <= 0) return;
    struct quote *q = &f->quote[s][f->quotes_n[s]++];
    *q = (struct quote){ .price = price };
    const uint32_t n = 1 + (uint32_t)bot__sim_rng_below(&f->rng, ORDERS_PER_LEVEL);
    for (uint32_t k = 0; k < n; k++) {
        int64_t lots = bot__sim_rng_exponential(&f->rng, f->opt.lots_mean);
        if (k == 0 && lots < lots_at_least) lots = lots_at_least;
        const struct exchange_request r = { .account = EXCHANGE_HOUSE, .instrument = f->opt.instrument,
                                            .side = s == 0 ? BOT_BUY : BOT_SELL, .type = BOT_LIMIT, .tif = BOT_GTC,
                                            .leg = BOT_LEG_NET, .lots = lots, .price_ticks = price };
        if (bot__exchange_submit(x, now, &r, &q->id[k]) != EXCHANGE_TAKEN) break;
        q->n = k + 1;
    }
}

static bool quote_lives(const struct exchange *x, const struct quote *q)
{
    for (uint32_t k = 0; k < q->n; k++) {
        const struct exchange_order *o = bot__exchange_order(x, EXCHANGE_HOUSE, q->id[k]);
        if (o != NULL && o->leaves_lots > 0) return true;
    }
    return false;
}

/* Wanted prices lie on a grid, so that most quotes stay where they are when the price moves a little. */
static int64_t wanted(const struct flow *f, uint32_t s, int64_t best, uint32_t i)
{
    const int64_t step = f->opt.level_ticks;
    if (i == 0) return best;
    const int64_t grid = s == 0 ? best - 1 - ((best - 1) % step) : best + step - best % step;
    return s == 0 ? grid - (int64_t)(i - 1) * step : grid + (int64_t)(i - 1) * step;
}

static void requote(struct flow *f, struct exchange *x, int64_t now, int64_t bid, int64_t ask)
{
    const int64_t best[2] = { bid, ask };
    for (uint32_t s = 0; s < 2; s++) {
        const int64_t far = wanted(f, s, best[s], f->opt.levels + 2);
        for (uint32_t i = f->quotes_n[s]; i-- > 0;) {
            const int64_t p = f->quote[s][i].price;
            const bool inside = s == 0 ? p <= bid && p >= far : p >= ask && p <= far;
            if (!inside || !quote_lives(x, &f->quote[s][i])) quote_pull(f, x, now, s, i);
        }
    }
    for (uint32_t s = 0; s < 2; s++)
        for (uint32_t i = 0; i < f->opt.levels; i++) {
            const int64_t price = wanted(f, s, best[s], i);
            bool there = false;
            for (uint32_t k = 0; k < f->quotes_n[s] && !there; k++)
                there = f->quote[s][k].price == price;
            if (!there) quote_put(f, x, now, s, price, 0);
        }
}

static void requote_fair(struct flow *f, struct exchange *x, int64_t now)
{
    const int64_t fair = f->fair_milli / 1000, half = f->opt.spread_ticks / 2;
    const int64_t bid = fair - half;
    requote(f, x, now, bid > 0 ? bid : 1, bid + f->opt.spread_ticks);
}

void bot__flow_open(struct flow *f, struct exchange *x, int64_t now_ns)
{
    f->start_ticks = f->rows_n > 0 ? f->rows[0].price_ticks : bot__exchange_instrument(x, f->opt.instrument)->price_ticks;
    f->fair_milli = f->start_ticks * 1000;
    requote_fair(f, x, now_ns);
}

/* ---- drawn flow ------------------------------------------------------------------------------------------------ */

static void drift(struct flow *f, int64_t now)
{
    while (now >= f->trend_until) next_trend(f, f->trend_until);
    const int32_t speed = f->pushed != INT32_MIN ? f->pushed : f->trend;
    const int64_t ms = (now - f->at) / BOT_NS_PER_MS;
    f->fair_milli += ms * speed + bot__sim_rng_normal(&f->rng, (int64_t)f->opt.noise_ticks * 1000);
    const int64_t start = f->start_ticks * 1000, band = start / 100 * f->opt.band_pct, off = f->fair_milli - start;
    if (off > band || off < -band) f->fair_milli -= off / 50;
    if (f->fair_milli < 10000) f->fair_milli = 10000;
}

static void sweep(struct flow *f, struct exchange *x, int64_t now)
{
    drift(f, now);
    requote_fair(f, x, now);
    const int32_t speed = f->pushed != INT32_MIN ? f->pushed : f->trend;
    /* Takers go with the trend somewhat more often than against it. */
    const uint64_t buys = speed > 0 ? 58 : speed < 0 ? 42 : 50;
    const bool buy = bot__sim_rng_below(&f->rng, 100) < buys;
    const int64_t orders = bot__sim_rng_exponential(&f->rng, f->opt.fills_per_sweep);
    int64_t lots = orders * f->opt.lots_mean / 2 + bot__sim_rng_exponential(&f->rng, f->opt.lots_mean / 2);
    const struct exchange_instrument *in = bot__exchange_instrument(x, f->opt.instrument);
    if (lots > in->lots_max_market) lots = in->lots_max_market;
    const struct exchange_request r = { .account = EXCHANGE_HOUSE, .instrument = f->opt.instrument, .side = buy ? BOT_BUY : BOT_SELL,
                                        .type = BOT_MARKET, .tif = BOT_IOC, .leg = BOT_LEG_NET, .lots = lots };
    bot__exchange_submit(x, now, &r, NULL);
    f->fair_milli += (buy ? 300 : -300) * (orders < 5 ? orders : 5);
    f->at = now;
}

static void children(struct flow *f, int64_t now)
{
    int64_t at = now;
    while (f->waiting_n < WAITING_MAX && bot__sim_rng_below(&f->rng, 100) < f->opt.burstiness_pct) {
        at += bot__sim_rng_exponential(&f->rng, 150 * BOT_NS_PER_MS);
        uint32_t i = f->waiting_n++;
        for (; i > 0 && f->waiting[i - 1] < at; i--) /* sorted, the next one last */
            f->waiting[i] = f->waiting[i - 1];
        f->waiting[i] = at;
    }
}

/* ---- tape ------------------------------------------------------------------------------------------------------ */

static int64_t row_at(const struct flow *f) { return f->rows_start + f->rows[f->row].at_ns; }

static void play(struct flow *f, struct exchange *x, int64_t now)
{
    const struct flow_row *row = &f->rows[f->row++];
    if (f->row == f->rows_n && f->rows_loop) {
        f->row = 0;
        f->rows_start += f->rows[f->rows_n - 1].at_ns + BOT_NS_PER_S;
    }
    if (f->scale_ppm == 0 || (f->scale_ppm < 1000000 && !bot__sim_rng_chance(&f->rng, f->scale_ppm))) return;
    /* The book is put so that the row's price is the best on the far side, with its size there. */
    const bool buy = row->side == BOT_BUY;
    const int64_t bid = buy ? row->price_ticks - f->opt.spread_ticks : row->price_ticks;
    const int64_t ask = buy ? row->price_ticks : row->price_ticks + f->opt.spread_ticks;
    requote(f, x, now, bid > 0 ? bid : 1, ask);
    const uint32_t s = buy ? 1 : 0;
    for (uint32_t i = f->quotes_n[s]; i-- > 0;)
        if (f->quote[s][i].price == row->price_ticks) quote_pull(f, x, now, s, i);
    quote_put(f, x, now, s, row->price_ticks, row->lots);
    const struct exchange_request r = { .account = EXCHANGE_HOUSE, .instrument = f->opt.instrument, .side = row->side,
                                        .type = BOT_LIMIT, .tif = BOT_IOC, .leg = BOT_LEG_NET, .lots = row->lots,
                                        .price_ticks = row->price_ticks };
    bot__exchange_submit(x, now, &r, NULL);
    f->at = now;
}

/* ---- steps ----------------------------------------------------------------------------------------------------- */

int64_t bot__flow_next(const struct flow *f)
{
    if (f->rows_n > 0) return f->row < f->rows_n ? row_at(f) : INT64_MAX;
    int64_t next = f->parent_at < f->regime_until ? f->parent_at : f->regime_until;
    if (f->waiting_n > 0 && f->waiting[f->waiting_n - 1] < next) next = f->waiting[f->waiting_n - 1];
    return next;
}

void bot__flow_step(struct flow *f, struct exchange *x, int64_t now_ns)
{
    if (bot__exchange_mode(x) == EXCHANGE_MODE_HALTED && f->rows_n == 0 && f->at < now_ns) f->at = now_ns; /* no drift while stopped */
    while (f->rows_n > 0 && bot__flow_next(f) <= now_ns) play(f, x, row_at(f));
    for (int64_t next; f->rows_n == 0 && (next = bot__flow_next(f)) <= now_ns;) {
        if (next == f->regime_until) {
            next_regime(f, next);
            next_parent(f, next);
        } else if (f->waiting_n > 0 && f->waiting[f->waiting_n - 1] == next) {
            f->waiting_n--;
            sweep(f, x, next);
        } else {
            next_parent(f, next);
            sweep(f, x, next);
            children(f, next);
        }
    }
}
