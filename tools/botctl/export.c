/* botctl export: fills, fees, funding and realised profit, for accounting. */
#include <stdlib.h>
#include <string.h>

#include "botctl.h"
#include "journal_tools.h"

struct row {
    char at[BOT_ISO_MS_SIZE], venue_at[BOT_ISO_MS_SIZE];
    const bot_event *ev;
    bot_dec  qty, price, fee;
    bool     external;
    bool     confirms; /* moved nothing: it is one that was told by its order before, without a name of its own */
    bot_i128 position, realised, realised_total;
    uint64_t record;
};

static const char *const sides[] = { "", "buy", "sell" };
static const char *const liquidity[] = { "", "maker", "taker" };
static const char *const kinds[] = { "", "trade", "liquidation", "adl", "settlement", "block", "transfer", "unknown" };
#define WORD(table, i) ((size_t)(i) < sizeof(table) / sizeof *(table) ? (table)[i] : "")

static const char *dec_text(bot_dec d, bool present)
{
    static char slots[4][BOT_DEC_TEXT_MAX];
    static unsigned next;
    char *buf = slots[next++ % 4];
    if (!present)
        return "";
    bot_dec_format(d, buf);
    return buf;
}

/* A venue's text as a CSV field: quoted where it must be, and never read as a formula by a spreadsheet. */
static void csv_text(const char *s)
{
    const bool formula = s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@';
    if (!formula && strpbrk(s, ",\"\r\n") == NULL) {
        fputs(s, stdout);
        return;
    }
    putchar('"');
    if (formula)
        putchar('\'');
    for (; *s != '\0'; s++) {
        if (*s == '"')
            putchar('"');
        putchar(*s);
    }
    putchar('"');
}

static void print_csv(const struct row *r)
{
    const bot_event *ev = r->ev;
    const bool fill = ev->kind == BOT_EV_FILL;
    printf("%s,%s,%s,", fill ? "fill" : "funding", r->at, r->venue_at);
    csv_text(ev->instrument.s);
    putchar(',');
    csv_text(fill ? ev->fill.exec_id.s : ev->funding.exec_id.s);
    putchar(',');
    csv_text(fill ? ev->fill.order_id.s : "");
    putchar(',');
    csv_text(fill ? ev->fill.client_id.s : "");
    printf(",%s,%s,%s,%s,", fill ? WORD(sides, ev->fill.side) : "", dec_text(r->confirms ? (bot_dec){ 0 } : ev->fill.qty, fill && (ev->has & BOT_HAS_QTY)),
           dec_text(ev->fill.price, fill && (ev->has & BOT_HAS_PRICE)),
           fill ? dec_text(ev->fill.fee, ev->has & BOT_HAS_FEE) : dec_text(ev->funding.amount, true));
    csv_text(fill ? ev->fill.fee_currency.s : ev->funding.currency.s);
    printf(",%s,%s,%s,%s,%s,%s,%llu\n", fill ? WORD(liquidity, ev->fill.liquidity) : "", fill ? WORD(kinds, ev->fill.kind) : "",
           r->external ? "external" : "", journal_tool_fixed(r->position), journal_tool_fixed(r->realised),
           journal_tool_fixed(r->realised_total), (unsigned long long)r->record);
}

static void print_json(const struct row *r)
{
    char buf[2048];
    struct json_out o;
    const bot_event *ev = r->ev;
    bot__jo_init(&o, buf, sizeof buf);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "row", ev->kind == BOT_EV_FILL ? "fill" : "funding");
    bot__jo_str(&o, "time", r->at);
    if (ev->venue_ns != 0)
        bot__jo_str(&o, "venue_time", r->venue_at);
    bot__jo_str(&o, "instrument", ev->instrument.s);
    if (ev->kind == BOT_EV_FILL) {
        const bot_ev_fill *f = &ev->fill;
        bot__jo_str(&o, "exec_id", f->exec_id.s);
        if (f->order_id.len > 0)
            bot__jo_str(&o, "order_id", f->order_id.s);
        if (f->client_id.len > 0)
            bot__jo_str(&o, "client_order_id", f->client_id.s);
        bot__jo_str(&o, "side", WORD(sides, f->side));
        bot__jo_dec(&o, "qty", r->confirms ? (bot_dec){ 0 } : f->qty);
        bot__jo_dec(&o, "price", f->price);
        if (ev->has & BOT_HAS_FEE) {
            bot__jo_dec(&o, "fee", f->fee);
            bot__jo_str(&o, "fee_currency", f->fee_currency.s);
        }
        if (f->liquidity != BOT_LIQUIDITY_NONE)
            bot__jo_str(&o, "liquidity", WORD(liquidity, f->liquidity));
        bot__jo_str(&o, "kind", WORD(kinds, f->kind));
        bot__jo_bool(&o, "external", r->external);
        if (r->confirms)
            bot__jo_bool(&o, "confirms", true);
    } else {
        bot__jo_str(&o, "exec_id", ev->funding.exec_id.s);
        bot__jo_dec(&o, "amount", ev->funding.amount);
        bot__jo_str(&o, "currency", ev->funding.currency.s);
    }
    bot__jo_fixed(&o, "position", r->position);
    bot__jo_fixed(&o, "realised", r->realised);
    bot__jo_fixed(&o, "realised_total", r->realised_total);
    bot__jo_i64(&o, "record", (int64_t)r->record);
    bot__jo_object_end(&o);
    journal_tool_line(&o);
}

/* Quantity and realised profit of an instrument, all legs together. */
static void sums(const bot_core *core, const bot_symbol *symbol, bot_i128 *ret_qty, bot_i128 *ret_realised)
{
    *ret_qty = *ret_realised = 0;
    const int64_t i = bot_core_find_instrument(core, symbol);
    for (int leg = BOT_LEG_NET; i >= 0 && leg <= BOT_LEG_SHORT; leg++) {
        bot_position p;
        bot_core_position(core, (uint32_t)i, (bot_leg)leg, &p);
        *ret_qty += p.qty.v;
        *ret_realised += p.realised.v;
    }
}

/* The rows of what one event applied: its own fill or funding, or those that had waited for it, the row of their instrument. What
 * several realised together stands with the last of them. */
static void print_rows(const struct journal_core *jc, const bot_journal_item *item, const struct journal_args *args, bot_i128 qty, bot_i128 realised)
{
    const uint32_t n = bot_core_effects_count(jc->core);
    const int64_t wall = bot__journal_core_wall(jc, item->ts);
    uint32_t last = n;
    for (uint32_t i = 0; i < n; i++)
        last = bot_core_effect(jc->core, i)->kind == BOT_EFFECT_FILL ? i : last;
    if (last == n || wall < args->from_ns || wall > args->to_ns)
        return;
    for (uint32_t i = 0; i <= last; i++) {
        const bot_effect *e = bot_core_effect(jc->core, i), *next = i + 1 < n ? bot_core_effect(jc->core, i + 1) : NULL;
        if (e->kind != BOT_EFFECT_FILL)
            continue;
        const bot_event *ev = e->fill.fill;
        struct row row = { .ev = ev, .record = item->record, .external = e->fill.external && ev->kind == BOT_EV_FILL, .realised_total = realised };
        bot__iso_format_ms(wall, row.at);
        if (ev->venue_ns != 0)
            bot__iso_format_ms(ev->venue_ns, row.venue_at);
        row.confirms = e->fill.confirms;
        if (next != NULL && next->kind == BOT_EFFECT_POSITION)
            qty += next->position.qty.v - next->position.before.v;
        row.position = qty;
        if (i == last) {
            sums(jc->core, &ev->instrument, &row.position, &row.realised_total);
            row.realised = row.realised_total - realised;
        }
        (args->csv ? print_csv : print_json)(&row);
    }
}

static int run(int argc, char **argv)
{
    struct journal_args args;
    int e = journal_args_read("export", "ftc", argc, argv, &args);
    if (e != 0)
        return e;
    bot_journal_reader *r = journal_tool_open("export", args.path);
    if (r == NULL)
        return EXIT_FOUND_WRONG;
    struct journal_core jc;
    uint64_t wrong = journal_tool_header("export", r);
    if (!journal_tool_core("export", args.path, r, UINT64_MAX, &jc)) {
        bot__journal_core_close(&jc);
        bot_journal_close_read(r);
        return EXIT_FOUND_WRONG;
    }
    if (args.csv)
        puts("row,time,venue_time,instrument,exec_id,order_id,client_order_id,side,qty,price,fee,fee_currency,liquidity,kind,external,"
             "position,realised,realised_total,record");
    bot_journal_item item;
    bot_journal_place place;
    while ((e = bot_journal_next(r, &item, &place)) != 0) {
        if (e == BOT_ERR_IO || e == BOT_ERR_NOMEM || e == BOT_ERR_VERSION)
            break;
        if (e < 0) {
            wrong++;
            fprintf(stderr, "botctl export: %s\n", place.text);
            continue;
        }
        wrong += item.kind == BOT_JOURNAL_LOST;
        /* Only what moved the books: repeats, conflicts and what could not be applied are not rows. */
        bot_i128 qty = 0, realised = 0;
        if (item.kind == BOT_JOURNAL_EVENT)
            sums(jc.core, &item.event.instrument, &qty, &realised);
        if (bot__journal_core_step(&jc, &item) == 1)
            print_rows(&jc, &item, &args, qty, realised);
    }
    wrong += journal_tool_guessed("export", &jc);
    bot__journal_core_close(&jc);
    bot_journal_close_read(r);
    return wrong == 0 && e >= 0 ? 0 : EXIT_FOUND_WRONG;
}

const struct command command_export = {
    "export", "JOURNAL [--csv|--json] [--from TIME] [--to TIME]", "applied fills and funding with position and profit, for accounting",
    "One row for each fill and funding that moved the books, once, in the order in which the bot learned\n"
    "of them, with the position after it, the profit that it realised (price only: fees are columns of\n"
    "their own, paid is positive) and the instrument's sum so far. Amounts are exact decimals. A match by\n"
    "the venue itself may be told by its order first and by its execution later: the second is a row of\n"
    "quantity 0 that confirms the first, so that the quantities add up to the position.\n"
    "JSON lines, unless --csv is given.\n",
    run,
};
