#include "sim/tape.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define COLUMNS_MAX 32

enum column { COLUMN_TIME, COLUMN_SIDE, COLUMN_PRICE, COLUMN_QTY, COLUMNS };

static bool same_word(struct slice s, const char *word)
{
    if (s.len != strlen(word)) return false;
    for (size_t i = 0; i < s.len; i++)
        if ((s.p[i] | 0x20) != word[i])
            return false;
    return true;
}

static uint32_t split(struct slice line, struct slice *ret)
{
    uint32_t n = 0;
    size_t begin = 0;
    for (size_t i = 0; i <= line.len && n < COLUMNS_MAX; i++)
        if (i == line.len || line.p[i] == ',') {
            ret[n++] = (struct slice){ line.p + begin, i - begin };
            begin = i + 1;
        }
    return n;
}

/* True when the line names columns. */
static bool read_names(const struct slice *cell, uint32_t n, uint32_t *ret_at)
{
    static const char *const names[COLUMNS][4] = { { "timestamp", "time", "exec_date", NULL }, { "side", NULL }, { "price", NULL },
                                                   { "amount", "qty", "size", "quantity" } };
    uint32_t found = 0;
    for (int c = 0; c < COLUMNS; c++)
        for (int k = 0; k < 4 && names[c][k] != NULL && (found >> c & 1) == 0; k++)
            for (uint32_t i = 0; i < n; i++)
                if (same_word(cell[i], names[c][k])) {
                    ret_at[c] = i;
                    found |= 1u << c;
                    break;
                }
    return found == (1u << COLUMNS) - 1;
}

static bool read_time(struct slice s, int64_t *ret_ns)
{
    bot_dec d;
    if (bot_dec_parse(s.p, s.len, &d) != BOT_OK || d.scale > 9 || d.coef < 0) return false;
    bot_i128 whole = d.coef, unit = 1;
    for (int i = 0; i < d.scale; i++) {
        whole /= 10;
        unit *= 10;
    }
    const int64_t per = whole < INT64_C(100000000000) ? BOT_NS_PER_S : whole < INT64_C(100000000000000) ? BOT_NS_PER_MS
                        : whole < INT64_C(100000000000000000) ? BOT_NS_PER_US : 1;
    const bot_i128 ns = d.coef * per / unit;
    if (ns > INT64_MAX / 2) return false;
    *ret_ns = (int64_t)ns;
    return true;
}

/* A number in whole units, rounded down. */
static bool read_units(struct slice s, bot_dec unit, int64_t *ret)
{
    bot_i128 v, one;
    if (bot_fixed_parse(s.p, s.len, &v) != BOT_OK || bot_dec_to_fixed(unit, &one) != BOT_OK || v <= 0) return false;
    if (v / one > INT64_C(1) << 40) return false;
    *ret = (int64_t)(v / one);
    return true;
}

size_t bot__tape_rows_max(const char *text, size_t len)
{
    size_t n = 1;
    for (size_t i = 0; i < len; i++) n += text[i] == '\n';
    return n;
}

long bot__tape_read(const char *text, size_t len, const struct exchange_instrument *in, struct flow_row *rows, size_t max, char *error,
                    size_t error_size)
{
    uint32_t at[COLUMNS] = { 0, 1, 2, 3 };
    size_t n = 0, line_number = 0;
    int64_t first = 0, last = 0;
    const char *what = NULL;
    for (size_t i = 0; i < len && n < max;) {
        size_t end = i;
        while (end < len && text[end] != '\n') end++;
        struct slice line = { text + i, end - i }, cell[COLUMNS_MAX];
        i = end + 1;
        line_number++;
        if (line.len > 0 && line.p[line.len - 1] == '\r') line.len--;
        if (line.len == 0) continue;
        const uint32_t cells = split(line, cell);
        if (line_number == 1 && read_names(cell, cells, at)) continue;
        struct flow_row row = { .side = BOT_SIDE_NONE };
        int64_t ns = 0;
        for (int c = 0; c < COLUMNS; c++)
            if (at[c] >= cells) what = "too few columns";
        if (what == NULL) {
            row.side = same_word(cell[at[COLUMN_SIDE]], "buy") ? BOT_BUY : same_word(cell[at[COLUMN_SIDE]], "sell") ? BOT_SELL : BOT_SIDE_NONE;
            if (!read_time(cell[at[COLUMN_TIME]], &ns)) what = "the time is not readable";
            else if (row.side == BOT_SIDE_NONE) what = "the side is neither buy nor sell";
            else if (!read_units(cell[at[COLUMN_PRICE]], in->tick, &row.price_ticks) || row.price_ticks == 0) what = "the price is not readable";
            else if (!read_units(cell[at[COLUMN_QTY]], in->lot, &row.lots)) what = "the quantity is not readable";
        }
        if (what != NULL) {
            if (error != NULL && error_size > 0) snprintf(error, error_size, "line %zu: %s", line_number, what);
            return BOT_ERR_MALFORMED;
        }
        if (row.lots == 0) row.lots = 1;
        if (n == 0) first = last = ns;
        if (ns > last) last = ns; /* tapes run back by milliseconds now and then */
        row.at_ns = last - first;
        rows[n++] = row;
    }
    return (long)n;
}
