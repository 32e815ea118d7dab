/* Scenarios 1-11, 16 and 17 at the ledger's own level, the worked cases of other people's accounting, a real account's fills,
 * and a comparison with an independent model. */
#include "ledger_kit.h"

#include <cjson/cJSON.h>
#include <sys/resource.h>
#include <unistd.h>

#define NET BOT_LEG_NET

TEST(scenario, s01_flip_through_zero_realises_the_closed_part_only)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    kit_trade(l, BOT_BUY, "0.01", "60000");
    kit_trade(l, BOT_SELL, "0.02", "61000");
    ck_assert_str_eq(kit_position(l, NET), "-0.01 @ 61000, pnl 10");
}

/* ---- 2: random fills against an independent model ---- */

struct random_fill {
    bot_side side;
    char     qty[32], price[32], fee[32]; /* fee "-": none */
};

static void random_decimal(test_rng *rng, unsigned digits_max, unsigned scale_max, char *out)
{
    unsigned long long limit = 10;
    for (unsigned i = 1 + (unsigned)test_rng_below(rng, digits_max); i > 1; i--)
        limit *= 10;
    const bot_dec d = { .coef = (bot_i128)(1 + test_rng_below(rng, limit - 1)), .scale = (int32_t)test_rng_below(rng, scale_max + 1) };
    bot_dec_format(d, out);
}

static void random_fill(test_rng *rng, bot_contract contract, const struct random_fill *last, struct random_fill *ret)
{
    ret->side = test_rng_below(rng, 2) ? BOT_BUY : BOT_SELL;
    random_decimal(rng, 9, 8, ret->qty);
    random_decimal(rng, 8, contract == BOT_INVERSE ? 4 : 8, ret->price);
    strcpy(ret->fee, "-");
    if (last->qty[0] != '\0' && test_rng_below(rng, 6) == 0) { /* exactly flat, again and again */
        strcpy(ret->qty, last->qty);
        ret->side = last->side == BOT_BUY ? BOT_SELL : BOT_BUY;
    }
    if (contract == BOT_SPOT && test_rng_below(rng, 2)) {
        bot_dec d = dec_of(ret->qty);
        d.coef = d.coef / 1000 * (test_rng_below(rng, 5) ? 1 : -1);
        bot_dec_format(d, ret->fee);
        if (d.coef == 0) strcpy(ret->fee, "-");
    }
}

static struct ledger *model_ledger(bot_contract contract, const char *multiplier)
{
    struct ledger_options o = kit_options();
    o.instruments_max = 1;
    o.execs_max = 16;
    o.owners_max = 1;
    struct ledger *l = kit_ledger(&o);
    const struct instrument in = kit_instrument("X", contract, multiplier, contract == BOT_INVERSE ? "BTC" : "USDT");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 0, NULL, NULL), 0);
    return l;
}

TEST(scenario, s02_random_fills_equal_an_independent_model_to_the_last_digit)
{
    if (system("python3 -c 'import fractions' >/dev/null 2>&1") != 0)
        test_skip("python3 is not installed");
    const char *wish = getenv("LIBBOT_MODEL_FILLS");
    const unsigned long long fills = wish != NULL ? strtoull(wish, NULL, 10) : test_sanitized() ? 20000 : 100000, seed = 20260712;
    char in_path[] = "/tmp/libbot-model-XXXXXX", command[8192];
    const int fd = mkstemp(in_path);
    ck_assert_int_ge(fd, 0);
    FILE *in = fdopen(fd, "w");
    const struct { bot_contract contract; const char *name, *multiplier; } kinds[] = {
        { BOT_LINEAR, "linear", "1" }, { BOT_LINEAR, "linear", "0.01" }, { BOT_INVERSE, "inverse", "1" },
        { BOT_INVERSE, "inverse", "100" }, { BOT_SPOT, "spot", "1" },
    };
    enum { KINDS = sizeof kinds / sizeof *kinds, RUN = 250 };
    for (int pass = 0; pass < 2; pass++) {
        test_rng rng = { seed };
        struct ledger *l = NULL;
        FILE *model = NULL;
        if (pass == 1) {
            fclose(in);
            snprintf(command, sizeof command, "python3 '%s' < '%s'", test_source("tests/lib/model.py"), in_path);
            model = popen(command, "r");
            ck_assert_ptr_nonnull(model);
        }
        struct random_fill last = { 0 }, f;
        for (unsigned long long i = 0; i < fills; i++) {
            const unsigned kind = (unsigned)(i / RUN % KINDS);
            if (i % RUN == 0) {
                if (pass == 0) {
                    fprintf(in, "reset %s %s\n", kinds[kind].name, kinds[kind].multiplier);
                } else {
                    test_memory_free(l);
                    l = model_ledger(kinds[kind].contract, kinds[kind].multiplier);
                }
                last.qty[0] = '\0';
            }
            random_fill(&rng, kinds[kind].contract, &last, &f);
            last = f;
            if (pass == 0) {
                fprintf(in, "%s %s %s %s\n", f.side == BOT_BUY ? "buy" : "sell", f.qty, f.price, f.fee);
                continue;
            }
            char id[32], line[512], ours[512], qty[BOT_DEC_TEXT_MAX], cost[BOT_DEC_TEXT_MAX], pnl[BOT_DEC_TEXT_MAX], entry[BOT_DEC_TEXT_MAX];
            snprintf(id, sizeof id, "m%llu", i);
            const bot_event ev = kit_fill(id, f.side, f.qty, f.price, f.fee[0] == '-' && f.fee[1] == '\0' ? NULL : f.fee, "BTC");
            const int r = bot__ledger_apply_fill(l, &ev, i / 7 % 2 ? 0 : LEDGER_EXTERNAL, NET, NULL);
            ck_assert_msg(r == LEDGER_NEW, "seed %llu fill %llu: %d", seed, i, r);
            const struct position *p = bot__ledger_position(l, 0, NET);
            bot_i128 average;
            ck_assert_int_eq(bot__position_entry(p, bot__ledger_instrument(l, 0), &average), BOT_OK);
            bot_fixed_format(p->qty, qty);
            bot_fixed_format(p->cost, cost);
            bot_fixed_format(p->realised, pnl);
            bot_fixed_format(average, entry);
            snprintf(ours, sizeof ours, "%s %s %s %s\n", qty, cost, pnl, entry);
            ck_assert_msg(fgets(line, sizeof line, model) != NULL, "the model stopped at fill %llu", i);
            ck_assert_msg(strcmp(line, ours) == 0, "seed %llu fill %llu (%s)\nmodel %sours  %s", seed, i, kinds[kind].name, line, ours);
            if (i % 50 == 0)
                kit_check_owners(l, 1);
        }
        test_memory_free(l);
        if (model != NULL)
            ck_assert_int_eq(pclose(model), 0);
    }
    unlink(in_path);
}

TEST(scenario, s02_order_of_fills_on_one_side_does_not_matter)
{
    enum { N = 3000 };
    static struct random_fill fills[N];
    test_rng rng = { 77 };
    struct random_fill none = { 0 };
    bot_i128 sum = 0;
    for (int i = 0; i < N; i++) {
        random_fill(&rng, BOT_LINEAR, &none, &fills[i]);
        sum += fixed_of(fills[i].qty);
    }
    char first[160];
    for (int round = 0; round < 3; round++) {
        struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
        for (int i = 0; i < N; i++)
            ck_assert_int_eq(kit_trade(l, BOT_BUY, fills[i].qty, fills[i].price), LEDGER_NEW);
        ck_assert(bot__ledger_position(l, 0, NET)->qty == sum);
        if (round == 0) strcpy(first, kit_position(l, NET));
        ck_assert_str_eq(kit_position(l, NET), first);
        test_memory_free(l);
        for (int i = N - 1; i > 0; i--) {
            const int j = (int)test_rng_below(&rng, (unsigned long long)i + 1);
            const struct random_fill swap = fills[i];
            fills[i] = fills[j];
            fills[j] = swap;
        }
    }
}

TEST(scenario, s03_inverse_contract_is_exact_in_coin)
{
    struct ledger *l = kit_ledger_of(BOT_INVERSE, "1", "BTC");
    kit_trade(l, BOT_BUY, "10000", "50000");
    kit_trade(l, BOT_SELL, "4000", "55000");
    /* 4000/50000 - 4000/55000 = 0.08 - 0.0727272... */
    ck_assert_str_eq(kit_position(l, NET), "6000 @ 50000, pnl 0.007272727272727273");
    kit_trade(l, BOT_BUY, "6000", "60000");
    ck_assert_str_eq(kit_position(l, NET), "12000 @ 54545.45454545, pnl 0.007272727272727273");
}

TEST(scenario, s04_spot_fee_in_base_leaves_dust_and_dust_is_not_flat)
{
    struct ledger *l = kit_ledger_of(BOT_SPOT, "1", "USDT");
    kit_apply(l, kit_fill("a", BOT_BUY, "1", "20000", "0.001", "BTC"));
    ck_assert_str_eq(kit_position(l, NET), "0.999 @ 20000, pnl 0");
    kit_apply(l, kit_fill("b", BOT_SELL, "0.999", "21000", "0.000999", "BTC"));
    ck_assert_str_eq(kit_position(l, NET), "-0.000999 @ 21000, pnl 999");
    ck_assert_str_eq(kit_fee(l, "BTC"), "0.001999");
    KIT_IS(bot__ledger_position(l, 0, NET)->fee_value, "40.979");
}

TEST(scenario, s05_fees_in_any_currency_and_sign_do_not_touch_size)
{
    struct ledger *l = kit_ledger_of(BOT_SPOT, "1", "USDT");
    kit_apply(l, kit_fill("a", BOT_BUY, "1", "100", "0.002", "BNB"));
    kit_apply(l, kit_fill("b", BOT_BUY, "1", "100", "-0.01", "USDT"));
    kit_apply(l, kit_fill("c", BOT_BUY, "1", "100", "0", "USDT"));
    kit_apply(l, kit_fill("d", BOT_SELL, "1", "100", "0.003", "BNB"));
    kit_apply(l, kit_fill("e", BOT_SELL, "1", "100", NULL, NULL));
    ck_assert_str_eq(kit_position(l, NET), "1 @ 100, pnl 0");
    ck_assert_str_eq(kit_fee(l, "BNB"), "0.005");
    ck_assert_str_eq(kit_fee(l, "USDT"), "-0.01");
    ck_assert_str_eq(kit_fee(l, "BTC"), "none");
}

TEST(scenario, s06_external_kinds_move_size_and_are_marked)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    kit_trade(l, BOT_BUY, "10", "100");
    bot_event funding = kit_funding("f", "10", "USDT"); /* an amount equal to the position */
    ck_assert_int_eq(bot__ledger_apply_funding(l, &funding, LEDGER_EXTERNAL, NET, NULL), LEDGER_NEW);
    ck_assert_str_eq(kit_position(l, NET), "10 @ 100, pnl 0");
    const bot_fill_kind kinds[] = { BOT_FILL_LIQUIDATION, BOT_FILL_ADL, BOT_FILL_SETTLEMENT, BOT_FILL_BLOCK, BOT_FILL_TRANSFER };
    for (size_t i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "k%zu", i);
        bot_event ev = kit_fill(id, BOT_SELL, "1", "101", NULL, NULL);
        ev.fill.kind = kinds[i];
        struct ledger_result r;
        ck_assert_int_eq(bot__ledger_apply_fill(l, &ev, LEDGER_EXTERNAL, NET, &r), LEDGER_NEW);
        ck_assert_uint_eq(r.flags, LEDGER_EXTERNAL_KIND);
        KIT_IS(r.moved, "-1");
    }
    ck_assert_str_eq(kit_position(l, NET), "5 @ 100, pnl 5");
    KIT_IS(bot__ledger_position(l, 0, NET)->settlement, "1");
    bot_event unknown = kit_fill("u", BOT_SELL, "1", "101", NULL, NULL);
    unknown.fill.kind = BOT_FILL_UNKNOWN;
    ck_assert_int_eq(kit_apply(l, unknown), BOT_ERR_UNSUPPORTED);
    ck_assert_str_eq(kit_position(l, NET), "5 @ 100, pnl 5");
}

static struct ledger_result leg_trade(struct ledger *l, const char *id, bot_leg leg, bot_side side, const char *qty, const char *price)
{
    struct ledger_result r = { 0 };
    const bot_event ev = kit_fill(id, side, qty, price, NULL, NULL);
    ck_assert_int_eq(bot__ledger_apply_fill(l, &ev, LEDGER_EXTERNAL, leg, &r), LEDGER_NEW);
    return r;
}

TEST(scenario, s07_hedge_legs_stay_two_and_a_switch_of_mode_is_reported)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    ck_assert_uint_eq(leg_trade(l, "a", BOT_LEG_LONG, BOT_BUY, "2", "100").flags, 0);
    ck_assert_uint_eq(leg_trade(l, "b", BOT_LEG_SHORT, BOT_SELL, "2", "110").flags, 0);
    ck_assert_str_eq(kit_position(l, BOT_LEG_LONG), "2 @ 100, pnl 0");
    ck_assert_str_eq(kit_position(l, BOT_LEG_SHORT), "-2 @ 110, pnl 0");
    ck_assert_str_eq(kit_position(l, NET), "0 @ 0, pnl 0");
    leg_trade(l, "c", BOT_LEG_SHORT, BOT_BUY, "1", "105");
    ck_assert_str_eq(kit_position(l, BOT_LEG_SHORT), "-1 @ 110, pnl 5");
    ck_assert_uint_eq(leg_trade(l, "d", BOT_LEG_LONG, BOT_SELL, "3", "100").flags, LEDGER_WRONG_SIDE | LEDGER_FLIPPED);
    ck_assert_uint_eq(leg_trade(l, "e", NET, BOT_BUY, "1", "100").flags, LEDGER_MODE_SWITCH);
    ck_assert_uint_eq(leg_trade(l, "f", NET, BOT_BUY, "1", "100").flags, 0);

    struct ledger_options o = kit_options(); /* an account in one-way mode gets a hedge leg */
    struct ledger *one_way = kit_ledger(&o);
    const struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    bot__ledger_instrument_put(one_way, &in, 0, NULL, NULL);
    bot_event ev = kit_fill("a", BOT_BUY, "1", "100", NULL, NULL);
    ev.fill.leg = BOT_LEG_LONG;
    ck_assert_int_eq(kit_apply(one_way, ev), BOT_ERR_MALFORMED);
}

TEST(scenario, s08_numbers_that_do_not_fit_are_refused_and_the_process_lives)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    kit_trade(l, BOT_BUY, "1", "100");
    bot_dec d;
    const char *const texts[] = { "NaN", "1e8", "-", "Infinity", "1234567890123456789012345678901234567890" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_int_lt(bot_dec_parse(texts[i], strlen(texts[i]), &d), 0);
    ck_assert_int_eq(kit_trade(l, BOT_BUY, "-1", "100"), BOT_ERR_MALFORMED);
    ck_assert_int_eq(kit_trade(l, BOT_BUY, "12345678901234567890123456789012345678", "100"), BOT_ERR_OVERFLOW);
    ck_assert_int_eq(kit_trade(l, BOT_BUY, "100000000000000000000", "2"), BOT_ERR_OVERFLOW);
    ck_assert_int_eq(kit_trade(l, BOT_BUY, "99999999999999999999", "1"), LEDGER_NEW);
    ck_assert_int_eq(kit_trade(l, BOT_BUY, "99999999999999999999", "1"), BOT_ERR_OVERFLOW); /* the sum */
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "100000000000000000000");
}

TEST(scenario, s09_the_same_execution_a_thousand_times_is_applied_once)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    int applied = 0;
    for (int i = 0; i < 1000; i++) {
        bot_event ev = kit_fill("e-1", BOT_BUY, i % 2 ? "0.10" : "0.1", "65000.5", "0.3", "USDT");
        ev.source = (uint8_t[]){ BOT_SOURCE_WS_PRIVATE, BOT_SOURCE_REST, BOT_SOURCE_JOURNAL }[i % 3];
        applied += kit_apply(l, ev) == LEDGER_NEW;
    }
    ck_assert_int_eq(applied, 1);
    ck_assert_str_eq(kit_position(l, NET), "0.1 @ 65000.5, pnl 0");
    ck_assert_str_eq(kit_fee(l, "USDT"), "0.3");
}

TEST(scenario, s10_the_same_id_at_another_price_keeps_the_first_and_alerts_once)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    kit_apply(l, kit_fill("e", BOT_BUY, "1", "100", NULL, NULL));
    ck_assert_int_eq(kit_apply(l, kit_fill("e", BOT_BUY, "1", "101", NULL, NULL)), BOT_ERR_CONFLICT);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(kit_apply(l, kit_fill("e", BOT_BUY, "1", "101", NULL, NULL)), LEDGER_KNOWN);
    ck_assert_str_eq(kit_position(l, NET), "1 @ 100, pnl 0");
    struct ledger_stats stats;
    bot__ledger_stats(l, &stats);
    ck_assert_uint_eq(stats.conflicts, 1);
}

TEST(scenario, s11_other_ids_for_the_same_trade_show_in_what_an_order_moved)
{
    /* The ledger cannot know that "agg-1" is "x-1" and "x-2". What it hands out suffices to see it: the order's own cumulative
     * quantity, set against what its fills moved (the orders module latches OVERFILL on this sum). */
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    const struct { const char *id, *qty, *cum; } rows[] = { { "x-1", "1", "1" }, { "x-2", "2", "3" }, { "agg-1", "3", "3" } };
    bot_i128 moved = 0;
    bool overfill = false;
    for (size_t i = 0; i < 3; i++) {
        bot_event ev = kit_fill(rows[i].id, BOT_BUY, rows[i].qty, "100", NULL, NULL);
        ev.fill.cum_qty = dec_of(rows[i].cum);
        ev.has |= BOT_HAS_CUM_QTY;
        struct ledger_result r;
        ck_assert_int_eq(bot__ledger_apply_fill(l, &ev, LEDGER_EXTERNAL, NET, &r), LEDGER_NEW);
        moved += r.moved;
        ck_assert(!overfill);
        overfill = moved > fixed_of(rows[i].cum);
    }
    ck_assert(overfill);
}

TEST(scenario, s16_fills_that_share_a_sequence_number_are_all_applied)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    for (int i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "s%d", i);
        bot_event ev = kit_fill(id, BOT_BUY, "1", "100", NULL, NULL);
        ev.seq = 4711;
        ev.ts = 1000;
        ev.venue_ns = 99;
        ck_assert_int_eq(kit_apply(l, ev), LEDGER_NEW);
    }
    ck_assert_str_eq(kit_position(l, NET), "5 @ 100, pnl 0");
    const struct path *p = bot__ledger_path(l, 0, NET);
    bot_i128 qty;
    ck_assert_int_eq(bot__path_at_seq(p, 4711, &qty), BOT_OK);
    KIT_IS(qty, "5");
    ck_assert_int_eq(p->newest_seq, 4711);
    ck_assert_int_eq(bot__path_held(p, fixed_of("3"), 1000, 1000, NULL), 1);
}

/* ---- 17 ---- */

static int index_answers(void *user_data, const struct dedupe_key *key, uint64_t fingerprint)
{
    const unsigned long long *recorded = user_data;
    (void)fingerprint;
    return strtoull(key->id->s + 1, NULL, 10) < *recorded;
}

static long resident_kb(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

TEST(scenario, s17_memory_of_seen_ids_is_bounded_and_older_ones_are_known_by_the_index)
{
    const char *wish = getenv("LIBBOT_DEDUPE_FILLS");
    const unsigned long long fills = wish != NULL ? strtoull(wish, NULL, 10) : 1000000;
    unsigned long long recorded = 0;
    struct ledger_options o = kit_options();
    o.execs_max = 4096;
    o.older = index_answers;
    o.user_data = &recorded;
    struct ledger *l = kit_ledger(&o);
    const struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    bot__ledger_instrument_put(l, &in, 0, NULL, NULL);
    bot_event ev = kit_fill("x", BOT_BUY, "0.001", "100", NULL, NULL);
    long warm = 0;
    for (unsigned long long i = 0; i < fills; i++) {
        ev.fill.exec_id = (bot_id){ 0 };
        ev.fill.exec_id.len = (uint8_t)snprintf(ev.fill.exec_id.s, BOT_ID_MAX, "x%llu", i);
        ev.venue_ns = (int64_t)(i + 1) * 100 * BOT_NS_PER_MS;
        ev.ts = ev.venue_ns;
        ck_assert_int_eq(kit_apply(l, ev), LEDGER_NEW);
        recorded = i + 1;
        if (i == 20000) warm = resident_kb();
    }
    ck_assert(test_sanitized() || resident_kb() - warm <= 256);
    struct ledger_stats stats;
    bot__ledger_stats(l, &stats);
    ck_assert_uint_eq(stats.older_asked, 0); /* a fresh fill never pays for the index */
    for (unsigned long long i = 0; i < fills; i += fills / 50) {
        ev.fill.exec_id = (bot_id){ 0 };
        ev.fill.exec_id.len = (uint8_t)snprintf(ev.fill.exec_id.s, BOT_ID_MAX, "x%llu", i);
        ev.venue_ns = (int64_t)(i + 1) * 100 * BOT_NS_PER_MS;
        ck_assert_int_eq(kit_apply(l, ev), LEDGER_KNOWN);
    }
    bot__ledger_stats(l, &stats);
    ck_assert_uint_ge(stats.older_asked, 45);
    ck_assert_uint_eq(stats.fills, fills);
}

/* ---- other people's figures ---- */

static const char *text_of(const cJSON *object, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

struct vector {
    const cJSON   *json, *tolerance;
    const char    *id;
    bot_contract   contract;
    bool           net;      /* "realised" there is net of fees and funding */
    struct ledger *ledger;
    bot_leg        leg;
    unsigned       rows;
    bot_i128       closed;   /* realised at the end of the position before the last flip */
};

static const struct position *held(const struct vector *v) { return bot__ledger_position(v->ledger, 0, v->leg); }

/* All fees of the leg; the cases charge in one currency each. */
static bot_i128 fees_of(const struct vector *v)
{
    bot_i128 sum = 0;
    for (uint32_t i = 0; i < bot__ledger_currencies(v->ledger); i++)
        sum += bot__ledger_fee(v->ledger, 0, v->leg, LEDGER_ACCOUNT, i);
    return sum;
}

static void expect(const struct vector *v, const char *key, const char *expected, bot_i128 got)
{
    const char *tolerance = text_of(v->tolerance, key);
    const bot_i128 e = fixed_of(expected), t = tolerance != NULL ? fixed_of(tolerance) : 0, difference = got > e ? got - e : e - got;
    char ours[BOT_DEC_TEXT_MAX];
    bot_fixed_format(got, ours);
    ck_assert_msg(difference <= t, "%s row %u: %s is %s, the source says %s", v->id, v->rows, key, ours, expected);
}

static bot_i128 entry_of(const struct vector *v)
{
    bot_i128 price;
    ck_assert_int_eq(bot__position_entry(held(v), bot__ledger_instrument(v->ledger, 0), &price), BOT_OK);
    return price;
}

static bot_i128 unrealised(const struct vector *v, const char *mark)
{
    bot_i128 money;
    ck_assert_int_eq(bot__position_unrealised(held(v), bot__ledger_instrument(v->ledger, 0), fixed_of(mark), &money), BOT_OK);
    return money;
}

static bot_i128 magnitude(bot_i128 x) { return x < 0 ? -x : x; }

/* What "fees folded into cost" (bbgo) makes of our ledgers: the base fee was paid for, too. */
static bot_i128 folded_entry(const struct vector *v)
{
    bot_i128 price, cost = held(v)->cost + held(v)->fee_value;
    ck_assert_int_eq(bot_fixed_muldiv_half_even(cost, fixed_of("1"), held(v)->qty, &price), BOT_OK);
    return price;
}

static void check_expectations(const struct vector *v, const cJSON *expectations, const char *mark, bot_i128 exit_average)
{
    const struct position *p = held(v);
    const bool folded = strcmp(v->id, "bbgo-base-fee") == 0;
    const bot_i128 sat = fixed_of("100000000");
    bot_i128 wallet;
    const cJSON *e;
    cJSON_ArrayForEach(e, expectations) {
        const char *key = e->string, *value = e->valuestring;
        const bot_i128 net = p->realised - (v->net ? fees_of(v) + p->funding : 0);
        if (strcmp(key, "position") == 0) expect(v, key, value, p->qty);
        else if (strcmp(key, "avg_entry") == 0) expect(v, key, value, folded ? folded_entry(v) : entry_of(v));
        else if (strcmp(key, "price_pnl") == 0) expect(v, key, value, p->realised);
        else if (strcmp(key, "realised") == 0) expect(v, key, value, net);
        else if (strcmp(key, "fee_total") == 0) expect(v, key, value, fees_of(v));
        else if (strcmp(key, "unrealised") == 0) expect(v, key, value, unrealised(v, mark));
        else if (strcmp(key, "total") == 0) expect(v, key, value, net + unrealised(v, mark));
        else if (strcmp(key, "position_value") == 0) expect(v, key, value, magnitude(p->cost));
        else if (strcmp(key, "value_xbt") == 0) expect(v, key, value, p->cost);
        /* Quote coins gained or spent: minus the cash flow. Base fees cost no quote. */
        else if (strcmp(key, "quote") == 0) expect(v, key, value, p->realised - p->cost - p->fee_value);
        else if (strcmp(key, "avg_exit") == 0) expect(v, key, value, exit_average);
        else if (strcmp(key, "realised_of_closed") == 0) expect(v, key, value, p->realised - fees_of(v) + fixed_of("10")); /* its half of the crossing fee is the new position's */
        else if (strcmp(key, "realised_of_new") == 0) expect(v, key, value, -fixed_of("10"));
        else if (strcmp(key, "price_pnl_sat") == 0 || strcmp(key, "wallet_realised_sat") == 0) {
            const bool all = key[0] == 'w';
            ck_assert_int_eq(bot_fixed_mul_exact(p->realised, sat, &wallet), BOT_OK);
            /* In the row's window: 783 - 709 of funding received; the opening fill's rebate of 3031 was before it. */
            expect(v, key, value, wallet - (all ? fees_of(v) + fixed_of("3031") + fixed_of("-74") : 0));
        } else ck_abort_msg("%s: nobody checks '%s'", v->id, key);
    }
}

static void run_steps(struct vector *v, const cJSON *steps)
{
    bot_i128 exit_value = 0, exit_qty = 0, exit_average = 0;
    const cJSON *step;
    cJSON_ArrayForEach(step, steps) {
        v->rows++;
        char id[16];
        snprintf(id, sizeof id, "r%u", v->rows);
        const cJSON *fill = cJSON_GetObjectItem(step, "fill"), *event = cJSON_GetObjectItem(step, "event");
        if (fill != NULL) {
            const char *currency = text_of(fill, "fee_ccy");
            if (currency != NULL && strcmp(currency, "base") == 0) currency = "BTC";
            const bot_side side = strcmp(text_of(fill, "side"), "buy") == 0 ? BOT_BUY : BOT_SELL;
            const bot_i128 before = held(v)->qty;
            ck_assert_int_eq(kit_apply(v->ledger, kit_fill(id, side, text_of(fill, "qty"), text_of(fill, "price"), text_of(fill, "fee"), currency)), LEDGER_NEW);
            if ((before > 0) == (side == BOT_SELL) && before != 0) {
                bot_i128 value;
                ck_assert_int_eq(bot_fixed_mul_exact(fixed_of(text_of(fill, "qty")), fixed_of(text_of(fill, "price")), &value), BOT_OK);
                exit_value += value;
                exit_qty += fixed_of(text_of(fill, "qty"));
                ck_assert_int_eq(bot_fixed_muldiv_half_even(exit_value, fixed_of("1"), exit_qty, &exit_average), BOT_OK);
            }
        }
        if (event != NULL && strcmp(text_of(event, "ccy"), "sat") != 0) {
            ck_assert_str_eq(text_of(event, "type"), "funding");
            bot_event ev = kit_funding(id, text_of(event, "amount"), text_of(event, "ccy"));
            ev.funding.amount = bot_dec_neg(ev.funding.amount); /* there: received is positive */
            ck_assert_int_eq(bot__ledger_apply_funding(v->ledger, &ev, LEDGER_EXTERNAL, NET, NULL), LEDGER_NEW);
        }
        check_expectations(v, cJSON_GetObjectItem(step, "expect"), text_of(step, "mark_price"), exit_average);
    }
}

/* Bitget's own order messages: quantities are cumulative per order, profit and fee are of the one update. */
static void run_orders(struct vector *v, const cJSON *orders)
{
    const char *last_order = "";
    bot_i128 cum_before = 0;
    const cJSON *o;
    bool first = true;
    cJSON_ArrayForEach(o, orders) {
        v->rows++;
        const bool is_long = strcmp(text_of(o, "position_side"), "long") == 0, buy = strcmp(text_of(o, "side"), "buy") == 0;
        v->leg = is_long ? BOT_LEG_LONG : BOT_LEG_SHORT;
        const char *order = text_of(o, "order");
        if (strcmp(order, last_order) != 0) cum_before = 0;
        last_order = order;
        const bot_i128 qty = fixed_of(text_of(o, "qty_cum")) - cum_before;
        cum_before = fixed_of(text_of(o, "qty_cum"));
        if (first && is_long != buy) { /* the record begins inside a position: take it over at the entry that its profit implies */
            bot_i128 profit;
            ck_assert_int_eq(bot_fixed_muldiv_half_even(fixed_of(text_of(o, "profit")), fixed_of("1"), is_long ? qty : -qty, &profit), BOT_OK);
            ck_assert_int_eq(bot__ledger_baseline(v->ledger, 0, v->leg, is_long ? qty : -qty, fixed_of(text_of(o, "price")) - profit, 0, 0, BOT_SEQ_NONE), BOT_OK);
        }
        first = false;
        char id[16], text[BOT_DEC_TEXT_MAX], price[BOT_DEC_TEXT_MAX];
        snprintf(id, sizeof id, "r%u", v->rows);
        bot_fixed_format(qty, text);
        /* price is the update's own average: quote over quantity, exactly where the two are stated. */
        bot_i128 exact;
        ck_assert_int_eq(bot_fixed_muldiv_half_even(fixed_of(text_of(o, "quote")), fixed_of("1"), qty, &exact), BOT_OK);
        bot_fixed_format(exact, price);
        bot_i128 product;
        if (bot_fixed_mul_exact(qty, exact, &product) != BOT_OK)
            strcpy(price, text_of(o, "price"));
        bot_event ev = kit_fill(id, buy ? BOT_BUY : BOT_SELL, text, price, text_of(o, "fee"), "USDT");
        ev.fill.fee = bot_dec_neg(ev.fill.fee); /* there: paid is negative */
        ev.fill.leg = v->leg;
        struct ledger_result r;
        ck_assert_int_eq(bot__ledger_apply_fill(v->ledger, &ev, LEDGER_EXTERNAL, NET, &r), LEDGER_NEW);
        expect(v, "profit", text_of(o, "profit"), r.realised);
        if (strcmp(text_of(o, "status"), "filled") != 0) continue; /* their position message trails a partial fill */
        const cJSON *row = cJSON_GetArrayItem(cJSON_GetObjectItem(o, "position_after"), 0);
        expect(v, "qty", row != NULL ? text_of(row, "qty") : "0", magnitude(held(v)->qty));
        if (row != NULL) expect(v, "avg_entry", text_of(row, "avg_entry"), entry_of(v));
    }
}

TEST(accounting, every_worked_case_by_its_own_convention)
{
    char *text = test_read_file(test_shared("data/accounting/positions.json"), NULL);
    cJSON *root = cJSON_Parse(text);
    ck_assert_ptr_nonnull(root);
    unsigned cases = 0;
    const cJSON *c;
    cJSON_ArrayForEach(c, cJSON_GetObjectItem(root, "cases")) {
        const char *contract = text_of(c, "contract"), *convention = text_of(c, "convention");
        struct vector v = { .json = c, .tolerance = cJSON_GetObjectItem(c, "tolerance"), .id = text_of(c, "id"), .leg = NET };
        v.contract = strcmp(contract, "inverse") == 0 ? BOT_INVERSE : strcmp(contract, "spot") == 0 ? BOT_SPOT : BOT_LINEAR;
        v.net = strncmp(convention, "realised is net", 15) == 0;
        struct ledger_options o = kit_options();
        o.hedge = true;
        v.ledger = kit_ledger(&o);
        const char *settle = text_of(c, "settle_ccy");
        struct instrument in = kit_instrument("X", v.contract, text_of(c, "multiplier"), settle != NULL ? settle : "USD");
        if (strncmp(v.id, "bitmex-", 7) == 0) {
            in.round_unit.v = fixed_of("0.00000001");
            in.round_lot.v = fixed_of(strcmp(v.id, "bitmex-support-entry-price-lot100") == 0 ? "100" : "1");
        }
        ck_assert_int_eq(bot__ledger_instrument_put(v.ledger, &in, 0, NULL, NULL), 0);
        const cJSON *orders = cJSON_GetObjectItem(c, "orders");
        if (orders != NULL) run_orders(&v, orders);
        else run_steps(&v, cJSON_GetObjectItem(c, "steps"));
        kit_check_owners(v.ledger, 8);
        test_memory_free(v.ledger);
        cases++;
    }
    ck_assert_uint_eq(cases, 29);
    cJSON_Delete(root);
    free(text);
}

/* Worked by hand: value = qty * multiplier * price (inverse: / price), average = value over quantity, what closes realises against
 * it; the numbers beside each step are the whole derivation. */
TEST(accounting, cases_worked_by_hand_agree_to_the_last_digit)
{
    enum { T = BOT_FILL_TRADE, LIQ = BOT_FILL_LIQUIDATION, ADL = BOT_FILL_ADL, SET = BOT_FILL_SETTLEMENT, FUND = 99 };
    static const struct {
        const char  *begins; /* a new case: "contract multiplier settle" */
        int          kind;
        bot_side     side;
        const char  *qty, *price, *fee, *fee_currency; /* FUND: qty is the amount */
        const char  *expected;                         /* "qty @ entry, pnl realised" */
    } steps[] = {
        /* Short by three fills, partly closed, through zero: (3*100.1 + 7*100.2) / 10 = 100.17; 4 * 1.17; 6 * -0.83. */
        { "linear 1 USDT", T, BOT_SELL, "3", "100.1", NULL, NULL, "-3 @ 100.1, pnl 0" },
        { NULL, T, BOT_SELL, "7", "100.2", NULL, NULL, "-10 @ 100.17, pnl 0" },
        { NULL, T, BOT_BUY, "4", "99", NULL, NULL, "-6 @ 100.17, pnl 4.68" },
        { NULL, T, BOT_BUY, "9", "101", NULL, NULL, "3 @ 101, pnl -0.3" },
        { NULL, T, BOT_SELL, "3", "101", NULL, NULL, "0 @ 0, pnl -0.3" },
        /* 5/3 does not end: what rounding takes from one close it gives to the next, and the three make exactly 1. */
        { "linear 1 USDT", T, BOT_BUY, "1", "1", NULL, NULL, "1 @ 1, pnl 0" },
        { NULL, T, BOT_BUY, "2", "2", NULL, NULL, "3 @ 1.666666666667, pnl 0" },
        { NULL, T, BOT_SELL, "1", "2", NULL, NULL, "2 @ 1.666666666667, pnl 0.333333333333333333" },
        { NULL, T, BOT_SELL, "1", "2", NULL, NULL, "1 @ 1.666666666667, pnl 0.666666666666666667" },
        { NULL, T, BOT_SELL, "1", "2", NULL, NULL, "0 @ 0, pnl 1" },
        /* Inverse, through zero, funding and a rebate apart, liquidated: 100/8 - 100/10; 20/12.5 - 20/10; 30/20 - 30/10. */
        { "inverse 1 BTC", T, BOT_BUY, "100", "8", "0.01", "BTC", "100 @ 8, pnl 0" },
        { NULL, T, BOT_SELL, "150", "10", "-0.002", "BTC", "-50 @ 10, pnl 2.5" },
        { NULL, FUND, BOT_BUY, "0.1", NULL, NULL, NULL, "-50 @ 10, pnl 2.5" },
        { NULL, T, BOT_BUY, "20", "12.5", NULL, NULL, "-30 @ 10, pnl 2.1" },
        { NULL, LIQ, BOT_BUY, "30", "20", "0.015", "BTC", "0 @ 0, pnl 0.6" },
        /* Contracts of 100 USD: 200/40000 + 100/50000 = 0.007 for 300 USD, 300/0.007 = 42857.142857...; 0.007 - 300/60000. */
        { "inverse 100 BTC", T, BOT_BUY, "2", "40000", NULL, NULL, "2 @ 40000, pnl 0" },
        { NULL, T, BOT_BUY, "1", "50000", NULL, NULL, "3 @ 42857.14285714, pnl 0" },
        { NULL, T, BOT_SELL, "3", "60000", NULL, NULL, "0 @ 0, pnl 0.002" },
        /* Contracts of a tenth; ADL takes two of five, settlement at an index price the rest: 2*0.1*10; 3*0.1*(50-48.75). */
        { "linear 0.1 USDT", T, BOT_SELL, "5", "50", NULL, NULL, "-5 @ 50, pnl 0" },
        { NULL, ADL, BOT_BUY, "2", "40", NULL, NULL, "-3 @ 50, pnl 2" },
        { NULL, SET, BOT_BUY, "3", "48.75", NULL, NULL, "0 @ 0, pnl 2.375" },
        /* Settled at nothing: the whole cost is lost. */
        { "linear 1 USDT", T, BOT_BUY, "2", "5", NULL, NULL, "2 @ 5, pnl 0" },
        { NULL, SET, BOT_SELL, "2", "0", NULL, NULL, "0 @ 0, pnl -10" },
        /* Spot: a fee in the coin goes off the holding at its price, one in the quote coin does not, a rebate in the coin adds. */
        { "spot 1 USDT", T, BOT_BUY, "2", "10", "0.002", "BTC", "1.998 @ 10, pnl 0" },
        { NULL, T, BOT_SELL, "1", "12", "0.012", "USDT", "0.998 @ 10, pnl 2" },
        { NULL, T, BOT_SELL, "0.5", "11", "-0.0005", "BTC", "0.4985 @ 10, pnl 2.4995" },
        { NULL, T, BOT_BUY, "0.5015", "12", "0.0015", "BTC", "0.9985 @ 11.00150225338, pnl 2.4995" },
    };
    struct ledger *l = NULL;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char contract[16], multiplier[16], settle[16], id[16];
        if (steps[i].begins != NULL) {
            ck_assert_int_eq(sscanf(steps[i].begins, "%15s %15s %15s", contract, multiplier, settle), 3);
            l = kit_ledger_of(contract[0] == 'l' ? BOT_LINEAR : contract[0] == 'i' ? BOT_INVERSE : BOT_SPOT, multiplier, settle);
        }
        snprintf(id, sizeof id, "h%zu", i);
        if (steps[i].kind == FUND) {
            const bot_event ev = kit_funding(id, steps[i].qty, settle);
            ck_assert_int_eq(bot__ledger_apply_funding(l, &ev, LEDGER_EXTERNAL, NET, NULL), LEDGER_NEW);
            KIT_IS(bot__ledger_position(l, 0, NET)->funding, steps[i].qty);
        } else {
            bot_event ev = kit_fill(id, steps[i].side, steps[i].qty, steps[i].price, steps[i].fee, steps[i].fee_currency);
            ev.fill.kind = (bot_fill_kind)steps[i].kind;
            const int r = kit_apply(l, ev);
            ck_assert_msg(r == LEDGER_NEW, "step %zu: %d", i, r);
        }
        ck_assert_msg(strcmp(kit_position(l, NET), steps[i].expected) == 0, "step %zu: %s, not %s", i, kit_position(l, NET), steps[i].expected);
        kit_check_owners(l, 8);
    }
}

/* The venue changes the step of quantities under an open position: what is held stays what it is and fills of either step count. What a
 * contract is worth cannot change under it. */
TEST(accounting, a_changed_quantity_step_leaves_what_is_held)
{
    struct ledger *l = kit_ledger_of(BOT_LINEAR, "1", "USDT");
    struct instrument in = kit_instrument("X", BOT_LINEAR, "1", "USDT");
    in.lot.v = fixed_of("0.001");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 1, NULL, NULL), 0);
    kit_trade(l, BOT_BUY, "0.537", "100");
    in.lot.v = fixed_of("0.1");
    in.tick.v = fixed_of("0.5");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 2, NULL, NULL), 0);
    ck_assert_str_eq(kit_position(l, NET), "0.537 @ 100, pnl 0");
    kit_trade(l, BOT_SELL, "0.1", "101");
    ck_assert_str_eq(kit_position(l, NET), "0.437 @ 100, pnl 0.1");
    kit_trade(l, BOT_SELL, "0.437", "99"); /* venues let the odd rest go */
    ck_assert_str_eq(kit_position(l, NET), "0 @ 0, pnl -0.337");
    in.multiplier = fixed_of("10");
    ck_assert_int_eq(bot__ledger_instrument_put(l, &in, 3, NULL, NULL), BOT_ERR_CONFLICT);
}

/* The recording writes small fees as "1e-8"; the ledger's reader rightly does not take that. */
static void plain_decimal(const char *text, char *out)
{
    const size_t mantissa = strcspn(text, "e");
    bot_dec d;
    ck_assert_int_eq(bot_dec_parse(text, mantissa, &d), BOT_OK);
    if (text[mantissa] == 'e')
        d.scale -= atoi(text + mantissa + 1);
    ck_assert_int_ge(d.scale, 0);
    bot_dec_format(d, out);
}

TEST(accounting, a_real_spot_account_of_3432_fills_ends_at_the_stated_holding)
{
    char *text = test_read_gz(test_shared("data/accounting/binance_btcusdt_account_fills.csv.gz"), NULL);
    struct ledger *l = kit_ledger_of(BOT_SPOT, "1", "USDT");
    unsigned rows = 0;
    bot_i128 traded = 0, lowest = 0;
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, "trade_id", 8) == 0) continue;
        char *field[9], *at = line;
        for (int i = 0; i < 9; i++) {
            field[i] = at;
            at += strcspn(at, ",");
            if (*at != '\0') *at++ = '\0';
        }
        field[8][strcspn(field[8], "\r")] = '\0';
        const bot_side side = strcmp(field[2], "BUY") == 0 ? BOT_BUY : BOT_SELL;
        bot_i128 quote;
        ck_assert_int_eq(bot_fixed_mul_exact(fixed_of(field[3]), fixed_of(field[4]), &quote), BOT_OK);
        char fee[BOT_DEC_TEXT_MAX];
        plain_decimal(field[7], fee);
        ck_assert_int_eq(kit_apply(l, kit_fill(field[0], side, field[4], field[3], fee, field[8])), LEDGER_NEW);
        traded += side == BOT_BUY ? fixed_of(field[4]) : -fixed_of(field[4]);
        if (bot__ledger_position(l, 0, NET)->qty < lowest) lowest = bot__ledger_position(l, 0, NET)->qty;
        rows++;
    }
    ck_assert_uint_eq(rows, 3432);
    KIT_IS(traded, "0.821861");
    KIT_IS(bot__ledger_position(l, 0, NET)->qty, "0.72970242");
    KIT_IS(bot__ledger_position(l, 0, NET)->qty + fixed_of(kit_fee(l, "BTC")), "0.821861");
    kit_check_owners(l, 8);
    ck_assert(lowest < 0);
    free(text);
}
