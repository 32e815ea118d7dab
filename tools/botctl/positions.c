/* botctl positions: normalised fills and fundings in, exact positions out. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "bot/decimal.h"
#include "botctl.h"
#include "core/ledger.h"

#define EXECS_MAX (1u << 22) /* 4 million ids: address space only until they are used */
#define LINE_MAX_BYTES (1u << 20)
#define SPEC_MAX_BYTES (16u << 20)
#define INSTRUMENTS_MAX 100000u
#define ONE ((bot_i128)1000000000000000000)

struct run {
    struct ledger *ledger;
    unsigned long long line;
    bool found_wrong, warned;
};

static void report(struct run *run, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void report(struct run *run, int err, const char *format, ...)
{
    char detail[400], out[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(detail, sizeof detail, format, ap);
    va_end(ap);
    struct json_out o;
    bot__jo_init(&o, out, sizeof out);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "event", "error");
    bot__jo_i64(&o, "line", (int64_t)run->line);
    bot__jo_str(&o, "code", bot_err_name(err));
    bot__jo_str(&o, "detail", detail);
    bot__jo_object_end(&o);
    bot__jo_end(&o);
    puts(out);
    run->found_wrong = true;
}

/* ---- SPEC.json ---- */

static bool fixed_value(struct json *j, bot_i128 *ret)
{
    bot_dec d;
    if (!bot__json_dec(j, &d) || bot_dec_to_fixed(d, ret) < 0) {
        bot__json_fail(j, BOT_ERR_MALFORMED);
        return false;
    }
    return true;
}

/* "BTC-USDT", "BTC/USDT", "BTC_JPY", "BTCUSDT": what stands before the quote coin, when the spec does not say. */
static void base_from_name(struct instrument *in)
{
    const size_t name = in->symbol.len, quote = in->settle.len;
    if (quote == 0 || name <= quote || memcmp(in->symbol.s + name - quote, in->settle.s, quote) != 0)
        return;
    size_t base = name - quote;
    if (strchr("-_/", in->symbol.s[base - 1]) != NULL)
        base--;
    if (base > 0)
        bot__currency_set(&in->base, in->symbol.s, base);
}

static const char *read_instrument(struct json *j, struct instrument *in)
{
    in->multiplier = ONE;
    in->tradable = true;
    if (!bot__json_object(j))
        return "an instrument must be an object";
    struct slice key, text;
    while (bot__json_key(j, &key)) {
        if (slice_is(key, "contract")) {
            text = bot__json_string(j);
            in->contract = slice_is(text, "linear") ? BOT_LINEAR : slice_is(text, "inverse") ? BOT_INVERSE : slice_is(text, "spot") ? BOT_SPOT : BOT_CONTRACT_NONE;
            if (in->contract == BOT_CONTRACT_NONE)
                return "contract must be linear, inverse or spot";
        } else if (slice_is(key, "multiplier")) {
            if (!fixed_value(j, &in->multiplier) || in->multiplier <= 0)
                return "multiplier must be a decimal above 0";
        } else if (slice_is(key, "settle")) {
            if (!bot__json_currency(j, &in->settle))
                return "settle must be a currency";
        } else if (slice_is(key, "base")) {
            if (!bot__json_currency(j, &in->base))
                return "base must be a currency";
        } else if (slice_is(key, "tick")) {
            if (!fixed_value(j, &in->tick.v) || in->tick.v <= 0)
                return "tick must be a decimal above 0";
        } else if (slice_is(key, "lot")) {
            if (!fixed_value(j, &in->lot.v) || in->lot.v <= 0)
                return "lot must be a decimal above 0";
        } else if (slice_is(key, "round_unit")) {
            if (!fixed_value(j, &in->round_unit.v) || in->round_unit.v <= 0)
                return "round_unit must be a decimal above 0";
        } else if (slice_is(key, "round_lot")) {
            if (!fixed_value(j, &in->round_lot.v) || in->round_lot.v <= 0)
                return "round_lot must be a decimal above 0";
        } else {
            static char unknown[160];
            snprintf(unknown, sizeof unknown, "there is no key \"%.*s\"; known are contract, multiplier, settle, base, tick, lot, round_unit, round_lot",
                     (int)(key.len > 40 ? 40 : key.len), key.p);
            return unknown;
        }
    }
    if (in->contract == BOT_CONTRACT_NONE)
        return "contract is missing";
    if (in->contract == BOT_SPOT && in->multiplier != ONE)
        return "spot has no multiplier";
    if (in->round_unit.v != 0 && in->contract != BOT_INVERSE)
        return "round_unit is for inverse contracts";
    if (in->round_unit.v != 0 && in->round_lot.v == 0)
        in->round_lot.v = ONE;
    if (in->contract == BOT_SPOT && in->base.len == 0)
        base_from_name(in);
    in->quote = in->settle;
    return NULL;
}

/* Calls put for each instrument, or only counts them. NULL or what is wrong; *ret_name the instrument in question. */
static const char *read_spec(const char *text, size_t len, struct ledger *ledger, uint32_t *ret_n, bot_symbol *ret_name)
{
    struct json j;
    struct slice key;
    bot__json_init(&j, text, len);
    *ret_n = 0;
    if (!bot__json_object(&j))
        return "is no JSON object of instruments: {\"BTCUSDT\": {\"contract\": \"linear\", ...}}";
    while (bot__json_key(&j, &key)) {
        struct instrument in = { 0 };
        if (j.escaped || key.len == 0 || !bot__symbol_set(&in.symbol, key.p, key.len))
            return "an instrument's name is empty, too long or escaped";
        *ret_name = in.symbol;
        const char *wrong = read_instrument(&j, &in);
        if (wrong != NULL)
            return wrong;
        if (++*ret_n > INSTRUMENTS_MAX)
            return "too many instruments";
        if (ledger != NULL && (bot__ledger_find(ledger, &in.symbol) != INSTRUMENT_NONE ||
                               bot__ledger_instrument_put(ledger, &in, 0, NULL, NULL) < 0))
            return "named twice";
    }
    *ret_name = (bot_symbol){ 0 };
    return bot__json_end(&j) < 0 ? "not JSON" : *ret_n == 0 ? "no instrument" : NULL;
}

/* *ret_memory holds the ledger; the caller's to free, also when this fails. */
static struct ledger *open_ledger(const char *path, void **ret_memory)
{
    size_t len;
    char *text = botctl_read_input("positions", path, SPEC_MAX_BYTES, &len);
    if (text == NULL)
        return NULL;
    struct ledger *ledger = NULL;
    uint32_t n;
    bot_symbol name = { 0 };
    const char *wrong = read_spec(text, len, NULL, &n, &name);
    if (wrong == NULL) {
        struct ledger_options o;
        bot__ledger_options_init(&o);
        o.instruments_max = n;
        o.owners_max = 1;
        o.hedge = true;
        o.path_steps_max = 4096;
        o.execs_max = EXECS_MAX;
        o.held_max = 0;
        void *mem = *ret_memory = calloc(1, bot__ledger_size(&o) + 64);
        if (mem == NULL)
            wrong = "out of memory";
        else
            ledger = bot__ledger_init((void *)(((uintptr_t)mem + 63) & ~(uintptr_t)63), &o);
    }
    if (wrong == NULL)
        wrong = read_spec(text, len, ledger, &n, &name);
    free(text);
    if (wrong == NULL)
        return ledger;
    fprintf(stderr, name.len != 0 ? "botctl positions: %s: %s: %s\n" : "botctl positions: %s: %s%s\n", path, name.s, wrong);
    return NULL;
}

/* ---- events ---- */

/* Members that may stand once in a line. */
enum member { M_EVENT, M_INSTRUMENT, M_EXEC_ID, M_ORDER_ID, M_CLIENT_ID, M_SIDE, M_LEG, M_QTY, M_PRICE, M_FEE, M_FEE_CURRENCY, M_KIND, M_AMOUNT,
              M_CURRENCY, M_TIME, M_SEQ, M_CODE, M_DETAIL, M_COUNT };
static const char *const member_names[M_COUNT] = { "event", "instrument", "exec_id", "order_id", "client_order_id", "side", "leg", "qty", "price", "fee",
                                                   "fee_currency", "kind", "amount", "currency", "venue_time_ms", "seq", "code", "detail" };

struct line {
    struct slice name, side, leg, kind, code, detail;
    bot_event    ev;
    bot_dec      amount;
    bot_currency currency;
    int64_t      time_ms;
    uint32_t     seen;
};

static enum member member_of(struct slice key)
{
    for (int m = 0; m < M_COUNT; m++)
        if (key.len == strlen(member_names[m]) && memcmp(key.p, member_names[m], key.len) == 0)
            return (enum member)m;
    return M_COUNT;
}

static void read_member(struct json *j, enum member m, struct line *l)
{
    bot_ev_fill *f = &l->ev.fill;
    switch (m) {
    case M_EVENT: l->name = bot__json_string(j); break;
    case M_SIDE: l->side = bot__json_string(j); break;
    case M_LEG: l->leg = bot__json_string(j); break;
    case M_KIND: l->kind = bot__json_string(j); break;
    case M_CODE: l->code = bot__json_text(j); break;
    case M_DETAIL: l->detail = bot__json_string(j); break;
    case M_INSTRUMENT: bot__json_symbol(j, &l->ev.instrument); break;
    case M_EXEC_ID: bot__json_id(j, &f->exec_id); break;
    case M_ORDER_ID: bot__json_id(j, &f->order_id); break;
    case M_CLIENT_ID: bot__json_id(j, &f->client_id); break;
    case M_FEE_CURRENCY: bot__json_currency(j, &f->fee_currency); break;
    case M_CURRENCY: bot__json_currency(j, &l->currency); break;
    case M_QTY: l->ev.has |= bot__json_dec(j, &f->qty) ? BOT_HAS_QTY : 0; break;
    case M_PRICE: l->ev.has |= bot__json_dec(j, &f->price) ? BOT_HAS_PRICE : 0; break;
    case M_FEE: l->ev.has |= bot__json_dec(j, &f->fee) ? BOT_HAS_FEE : 0; break;
    case M_AMOUNT: if (!bot__json_dec(j, &l->amount)) l->seen &= ~(1u << M_AMOUNT); break;
    case M_TIME: bot__json_i64(j, &l->time_ms); break;
    case M_SEQ: bot__json_i64(j, &l->ev.seq); break;
    case M_COUNT: bot__json_skip(j); break;
    }
}

/* false after having said what is wrong. */
static bool read_line(struct run *run, const char *text, size_t len, struct line *l)
{
    struct json j;
    struct slice key;
    *l = (struct line){ .ev = { .seq = BOT_SEQ_NONE } };
    bot__json_init(&j, text, len);
    bot__json_object(&j);
    while (bot__json_key(&j, &key)) {
        const enum member m = member_of(key);
        if (m != M_COUNT && (l->seen & 1u << m) != 0) {
            report(run, BOT_ERR_MALFORMED, "'%s' stands twice", member_names[m]);
            return false;
        }
        const bool fine = j.err == 0;
        l->seen |= m != M_COUNT ? 1u << m : 0;
        read_member(&j, m, l);
        if (fine && j.err != 0 && m != M_COUNT) {
            report(run, j.err, "'%s' is not readable (byte %zu)", member_names[m], bot__json_offset(&j));
            return false;
        }
    }
    const int r = bot__json_end(&j);
    if (r < 0) {
        report(run, r, "not a JSON object (byte %zu)", bot__json_offset(&j));
        return false;
    }
    if (l->name.len == 0) {
        report(run, BOT_ERR_MALFORMED, "no 'event'");
        return false;
    }
    if (__builtin_mul_overflow(l->time_ms, BOT_NS_PER_MS, &l->ev.venue_ns)) {
        report(run, BOT_ERR_OVERFLOW, "'venue_time_ms' is out of range");
        return false;
    }
    return true;
}

static const char *const other_events[] = { "order", "position", "trade", "book", "ack", "instrument", "time", "gap", "wallet", "status", "control" };

static bool is_other_event(struct slice name)
{
    for (size_t i = 0; i < sizeof other_events / sizeof *other_events; i++)
        if (name.len == strlen(other_events[i]) && memcmp(name.p, other_events[i], name.len) == 0)
            return true;
    return false;
}

static const char *const kind_names[] = { NULL, "trade", "liquidation", "adl", "settlement", "block", "transfer" };

static bot_fill_kind kind_of(struct slice s)
{
    for (int k = BOT_FILL_TRADE; k <= BOT_FILL_TRANSFER; k++)
        if (s.len == strlen(kind_names[k]) && memcmp(s.p, kind_names[k], s.len) == 0)
            return (bot_fill_kind)k;
    return s.len == 0 ? BOT_FILL_TRADE : BOT_FILL_UNKNOWN;
}

/* The words of a fill, checked so that the error names the field. false after having said what is wrong. */
static bool check_fill(struct run *run, struct line *l, const struct instrument *in)
{
    bot_ev_fill *f = &l->ev.fill;
    f->kind = kind_of(l->kind);
    f->side = slice_is(l->side, "buy") ? BOT_BUY : slice_is(l->side, "sell") ? BOT_SELL : BOT_SIDE_NONE;
    if (f->kind == BOT_FILL_UNKNOWN)
        return report(run, BOT_ERR_UNSUPPORTED, "unknown fill kind '%.*s'", (int)(l->kind.len > 60 ? 60 : l->kind.len), l->kind.p), false;
    if (f->side == BOT_SIDE_NONE)
        return report(run, BOT_ERR_MALFORMED, "'side' must be buy or sell"), false;
    if (f->exec_id.len == 0)
        return report(run, BOT_ERR_MALFORMED, "'exec_id' is missing"), false;
    if ((l->ev.has & BOT_HAS_QTY) == 0 || f->qty.coef <= 0)
        return report(run, BOT_ERR_MALFORMED, "'qty' must be a decimal above 0"), false;
    if ((l->ev.has & BOT_HAS_PRICE) == 0)
        return report(run, BOT_ERR_MALFORMED, "'price' is missing"), false;
    bot_i128 qty, price;
    char number[BOT_DEC_TEXT_MAX], unit[BOT_DEC_TEXT_MAX];
    if (in->lot.v != 0 && (bot_dec_to_fixed(f->qty, &qty) < 0 || qty % in->lot.v != 0)) {
        bot_dec_format(f->qty, number);
        bot_fixed_format(in->lot.v, unit);
        return report(run, BOT_ERR_MALFORMED, "qty %s of %s is off the lot %s", number, in->symbol.s, unit), false;
    }
    /* Venues settle at index prices, which lie off the tick. */
    if (in->tick.v != 0 && f->kind != BOT_FILL_SETTLEMENT && (bot_dec_to_fixed(f->price, &price) < 0 || price % in->tick.v != 0)) {
        bot_dec_format(f->price, number);
        bot_fixed_format(in->tick.v, unit);
        return report(run, BOT_ERR_MALFORMED, "price %s of %s is off the tick %s", number, in->symbol.s, unit), false;
    }
    return true;
}

static void say_refused(struct run *run, int r, const bot_event *ev)
{
    switch (r) {
    case BOT_ERR_CONFLICT: report(run, r, "'%s' was applied with other content: the first is kept", ev->kind == BOT_EV_FILL ? ev->fill.exec_id.s : ev->funding.exec_id.s); break;
    case BOT_ERR_OVERFLOW: report(run, r, "a sum does not fit 128 bits at 18 fractional digits"); break;
    case BOT_ERR_MALFORMED: report(run, r, "a number needs more than 18 fractional digits, is not above 0, or the currency is not the settle currency"); break;
    default: report(run, r, "%s", bot_strerror(r));
    }
}

static void print_position(struct run *run, uint32_t instrument, bot_leg leg)
{
    static char out[16384];
    const struct instrument *in = bot__ledger_instrument(run->ledger, instrument);
    const struct position *p = bot__ledger_position(run->ledger, instrument, leg);
    bot_i128 entry;
    const int r = bot__position_entry(p, in, &entry);
    if (r < 0) {
        report(run, r, "the average entry of %s cannot be shown: %s", in->symbol.s, bot_strerror(r));
        return;
    }
    struct json_out o;
    bot__jo_init(&o, out, sizeof out);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "event", "position");
    bot__jo_str(&o, "instrument", in->symbol.s);
    bot__jo_str(&o, "leg", leg == BOT_LEG_LONG ? "long" : leg == BOT_LEG_SHORT ? "short" : "net");
    bot__jo_fixed(&o, "qty", p->qty);
    bot__jo_fixed(&o, "avg_entry", entry);
    bot__jo_fixed(&o, "realised_pnl", p->realised);
    bot__jo_object(&o, "fees");
    for (uint32_t i = 0; i < bot__ledger_currencies(run->ledger); i++)
        if (bot__ledger_fee_seen(run->ledger, instrument, leg, i))
            bot__jo_fixed(&o, bot__ledger_currency(run->ledger, i)->s, bot__ledger_fee(run->ledger, instrument, leg, LEDGER_ACCOUNT, i));
    bot__jo_object_end(&o);
    bot__jo_fixed(&o, "funding", p->funding);
    bot__jo_object_end(&o);
    bot__jo_end(&o);
    puts(out);
}

static void apply_line(struct run *run, const char *text, size_t len)
{
    struct line l;
    if (!read_line(run, text, len, &l))
        return;
    const bool fill = slice_is(l.name, "fill"), funding = slice_is(l.name, "funding");
    if (!fill && !funding) {
        if (slice_is(l.name, "error"))
            report(run, BOT_ERR_MALFORMED, "the input says: %.*s %.*s", (int)(l.code.len > 40 ? 40 : l.code.len), l.code.p,
                   (int)(l.detail.len > 200 ? 200 : l.detail.len), l.detail.p);
        else if (!is_other_event(l.name))
            report(run, BOT_ERR_MALFORMED, "unknown event '%.*s'", (int)(l.name.len > 60 ? 60 : l.name.len), l.name.p);
        return;
    }
    const uint32_t instrument = bot__ledger_find(run->ledger, &l.ev.instrument);
    const struct instrument *in = bot__ledger_instrument(run->ledger, instrument);
    if (l.ev.instrument.len == 0) {
        report(run, BOT_ERR_MALFORMED, "'instrument' is missing");
        return;
    }
    if (in == NULL) {
        report(run, BOT_ERR_INSTRUMENT, "instrument '%s' is not in the spec", l.ev.instrument.s);
        return;
    }
    const bot_leg leg = slice_is(l.leg, "long") ? BOT_LEG_LONG : slice_is(l.leg, "short") ? BOT_LEG_SHORT : BOT_LEG_NET;
    if (l.leg.len != 0 && leg == BOT_LEG_NET && !slice_is(l.leg, "net")) {
        report(run, BOT_ERR_MALFORMED, "'leg' must be net, long or short");
        return;
    }
    int r;
    if (fill) {
        if (!check_fill(run, &l, in))
            return;
        l.ev.kind = BOT_EV_FILL;
        l.ev.fill.leg = leg;
        r = bot__ledger_apply_fill(run->ledger, &l.ev, LEDGER_EXTERNAL, leg, NULL);
    } else {
        if ((l.seen & 1u << M_AMOUNT) == 0) {
            report(run, BOT_ERR_MALFORMED, "'amount' is missing");
            return;
        }
        if (l.ev.fill.exec_id.len == 0 && l.ev.venue_ns == 0) {
            report(run, BOT_ERR_MALFORMED, "a funding needs 'exec_id' or 'venue_time_ms' to be told from its repeats");
            return;
        }
        const bot_id exec_id = l.ev.fill.exec_id;
        l.ev.kind = BOT_EV_FUNDING;
        l.ev.funding = (bot_ev_funding){ .exec_id = exec_id, .amount = l.amount, .currency = l.currency };
        r = bot__ledger_apply_funding(run->ledger, &l.ev, LEDGER_EXTERNAL, leg, NULL);
    }
    if (r < 0)
        say_refused(run, r, &l.ev);
    else
        print_position(run, instrument, leg);
}

static int run_positions(int argc, char **argv)
{
    const char *spec = NULL, *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--spec") == 0) {
            if (++i == argc) return botctl_usage("positions", "--spec needs a value");
            spec = argv[i];
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') return botctl_usage("positions", "there is no option '%s'", argv[i]);
        else if (path != NULL) return botctl_usage("positions", "one file at a time; '%s' is too many", argv[i]);
        else path = argv[i];
    }
    if (spec == NULL)
        return botctl_usage("positions", "--spec SPEC.json is missing");
    if (strcmp(spec, "-") == 0)
        return botctl_usage("positions", "the spec must be a file");
    void *memory = NULL;
    struct run run = { .ledger = open_ledger(spec, &memory) };
    FILE *in = run.ledger == NULL ? NULL : botctl_open_input("positions", path);
    if (in == NULL) {
        free(memory);
        return run.ledger == NULL ? EXIT_USAGE : EXIT_FOUND_WRONG;
    }

    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    while ((len = getline(&line, &size, in)) >= 0) {
        run.line++;
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        if (strspn(line, " \t\r\n") >= (size_t)len)
            continue;
        if ((size_t)len > LINE_MAX_BYTES)
            report(&run, BOT_ERR_OVERFLOW, "a line of more than %u bytes", LINE_MAX_BYTES);
        else
            apply_line(&run, line, (size_t)len);
        if (!run.warned && run.line > EXECS_MAX) {
            fprintf(stderr, "botctl positions: more than %u lines: a repeated exec id is known only within the last %u\n", EXECS_MAX, EXECS_MAX);
            run.warned = true;
        }
    }
    const bool failed = ferror(in) != 0;
    if (failed)
        botctl_perror("positions", path);
    free(line);
    free(memory);
    if (in != stdin)
        fclose(in);
    return run.found_wrong || failed ? EXIT_FOUND_WRONG : 0;
}

const struct command command_positions = {
    .name = "positions",
    .synopsis = "--spec SPEC.json [FILE|-]",
    .summary = "fills and fundings (JSON lines) -> exact positions",
    .help = "Reads normalised events, as `botctl decode` prints them, and prints one `position` line for each\n"
            "`fill` and each `funding`: instrument, leg, qty (signed), avg_entry (rounded half to even: 12\n"
            "fractional digits, inverse 8; 0 when flat), realised_pnl (price PnL: fees and funding are not in\n"
            "it), fees {currency: amount} and funding (paid is positive). A repeated exec_id is applied once.\n"
            "Other kinds of events are passed over.\n\n"
            "SPEC.json says what each instrument is:\n"
            "  {\"BTCUSDT\": {\"contract\": \"linear\", \"multiplier\": \"1\", \"settle\": \"USDT\",\n"
            "               \"tick\": \"0.1\", \"lot\": \"0.001\"}}\n"
            "  contract    linear, inverse or spot\n"
            "  multiplier  default 1; settle: the currency of PnL (spot: the quote coin)\n"
            "  tick, lot   optional: a fill off this grid is an error\n"
            "  base        spot: the coin in which a fee changes the holding; default: the name without settle\n"
            "  round_unit, round_lot  inverse: the venue settles in whole units for so many contracts\n"
            "                         (BitMEX: 0.00000001 and 1)\n\n"
            "A line that cannot be applied prints {\"event\":\"error\",\"line\":N,\"code\":...,\"detail\":...}, changes\n"
            "nothing, and makes the exit status 1.\n",
    .run = run_positions,
};
