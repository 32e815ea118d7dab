#include "eval_tapes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define S INT64_C(1000000000)
#define LINE_MAX_BYTES (1 << 20)

static char line[LINE_MAX_BYTES];

static FILE *unpack(const char *market, const char *file)
{
    char command[1024];
    snprintf(command, sizeof command, "%s/%s", market, file);
    FILE *there = fopen(command, "rb");
    if (there == NULL) {
        fprintf(stderr, "eval_rate: no %s\n", command);
        return NULL;
    }
    fclose(there);
    snprintf(command, sizeof command, "gzip -dc '%s/%s'", market, file);
    return popen(command, "r");
}

static void row_add(struct tape *t, struct row row)
{
    if ((t->n & (t->n - 1)) == 0) {
        t->rows = realloc(t->rows, (t->n == 0 ? 1 : 2 * t->n) * sizeof *t->rows);
        if (t->rows == NULL) abort();
    }
    t->rows[t->n++] = row;
}

static int by_arrival(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    if (a->received != b->received) return a->received < b->received ? -1 : 1;
    if (a->venue != b->venue) return a->venue < b->venue ? -1 : 1;
    return (a->instrument > b->instrument) - (a->instrument < b->instrument);
}

/* "2018-01-23T00:00:08.246+09:00" as Unix ns; 0 when it is no time. */
static int64_t iso_ns(const char *text)
{
    struct tm tm = { 0 };
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL)
        return 0;
    double fraction = 0;
    if (*rest == '.') {
        char *end;
        fraction = strtod(rest, &end);
        rest = end;
    }
    const int64_t zone = strncmp(rest, "+09:00", 6) == 0 ? 9 * 3600 : 0;
    return ((int64_t)timegm(&tm) - zone) * S + (int64_t)(fraction * 1000 + 0.5) * (S / 1000);
}

/* Field `index` of a CSV line without embedded commas, quotes taken off. */
static const char *field(char *text, int index)
{
    for (; index > 0; index--) {
        text = strchr(text, ',');
        if (text == NULL)
            return "";
        text++;
    }
    return *text == '"' ? text + 1 : text;
}

static void read_bitflyer(FILE *f, struct tape *t, uint32_t instrument, bool receive)
{
    while (fgets(line, sizeof line, f) != NULL) {
        const int64_t loaded = iso_ns(field(line, 2)), venue = iso_ns(field(line, 4));
        if (loaded != 0 && venue != 0) row_add(t, (struct row){ receive ? loaded : venue, venue, instrument });
    }
}

static void read_bitflyer_fx(FILE *f, struct tape *t)
{
    while (fgets(line, sizeof line, f) != NULL) {
        const int64_t venue = iso_ns(line);
        if (venue != 0) row_add(t, (struct row){ venue, venue, 0 });
    }
}

static void read_gemini(FILE *f, struct tape *t)
{
    while (fgets(line, sizeof line, f) != NULL) {
        const double at = strtod(line, NULL);
        if (at > 0) row_add(t, (struct row){ llround(at * 1000) * (S / 1000), llround(at * 1000) * (S / 1000), 0 });
    }
}

static void read_tardis(FILE *f, struct tape *t)
{
    while (fgets(line, sizeof line, f) != NULL) {
        const int64_t venue = atoll(field(line, 2)), received = atoll(field(line, 3));
        if (venue > 0) row_add(t, (struct row){ received * 1000, venue * 1000, 0 });
    }
}

static void read_binance_raw(FILE *f, struct tape *t, uint32_t instrument)
{
    while (fgets(line, sizeof line, f) != NULL) {
        const char *match = strstr(line, "\"T\":");
        if (strstr(line, "\"e\":\"trade\"") == NULL || match == NULL)
            continue;
        int64_t received = atoll(line);
        if (received < INT64_C(100000000000000000)) received *= 1000;
        row_add(t, (struct row){ received, atoll(match + 4) * (S / 1000), instrument });
    }
}

/* [[ms,"id",null,"buy",...],...] on one line: longer than a line buffer, so read by characters. */
static void read_xrpeth(FILE *f, struct tape *t)
{
    int depth = 0, c;
    while ((c = getc(f)) != EOF) {
        if (c == ']') depth--;
        if (c != '[' || ++depth < 2)
            continue;
        long long ms;
        if (fscanf(f, "%lld", &ms) == 1) row_add(t, (struct row){ ms * (S / 1000), ms * (S / 1000), 0 });
    }
}

static void read_minutes(FILE *f, struct tape *t, int count_column, int64_t from_s, int64_t to_s)
{
    while (fgets(line, sizeof line, f) != NULL) {
        const int64_t close = atoll(line);
        if (close <= from_s || close > to_s)
            continue;
        if (t->minutes_n == 0) {
            t->minutes_from = (close - 60) * S;
            t->minutes = calloc((size_t)((to_s - close) / 60 + 2), sizeof *t->minutes);
            if (t->minutes == NULL) abort();
        }
        const size_t i = (size_t)((close * S - t->minutes_from) / (60 * S)) - 1;
        t->minutes[i] = (uint32_t)atoll(field(line, count_column));
        t->minutes_n = i + 1;
    }
}

static void mask_add(struct tape *t, const char *from, int seconds, bool stop)
{
    const int64_t at = iso_ns(from);
    t->masks[t->masks_n++] = (struct mask){ at, at + seconds * S, stop };
}

/* Stops over 60 s of the recorded bitFlyer days and BitMEX's months (the recordings' notes list them), and the daily
 * maintenance. */
static void masks_of(struct tape *t)
{
    if (strncmp(t->name, "bitFlyer 2018-01-23", 19) == 0) {
        mask_add(t, "2018-01-23T04:00:00+09:00", 900, false);
        mask_add(t, "2018-01-23T10:34:00+09:00", 780, false);
        mask_add(t, "2018-01-23T10:47:58+09:00", 419, true);
        mask_add(t, "2018-01-23T10:54:00+09:00", 900, false);
        mask_add(t, "2018-01-23T22:13:30+09:00", 150, false);
    } else if (strncmp(t->name, "bitFlyer 2018-01-25", 19) == 0) {
        mask_add(t, "2018-01-25T04:00:00+09:00", 900, false);
    } else if (strncmp(t->name, "bitFlyer 2018-01-27", 19) == 0) {
        mask_add(t, "2018-01-27T04:00:00+09:00", 900, false);
        mask_add(t, "2018-01-27T16:46:30+09:00", 400, false);
    } else if (strncmp(t->name, "bitFlyer ETH_BTC", 16) == 0) {
        mask_add(t, "2018-01-28T04:00:00+09:00", 900, false);
    } else if (strncmp(t->name, "BitMEX", 6) == 0) {
        mask_add(t, "2018-02-02T13:22:00", 18 * 60, true);
        mask_add(t, "2018-03-11T12:16:00", 3 * 60, true);
        mask_add(t, "2018-05-17T12:09:00", 4 * 60, true);
        mask_add(t, "2018-05-17T20:49:00", 95 * 60, true);
        mask_add(t, "2018-08-22T01:00:00", 60 * 60, true);
        mask_add(t, "2020-03-13T02:16:00", 22 * 60, true);
        mask_add(t, "2020-03-13T11:57:00", 23 * 60, true);
    }
}

struct source {
    const char *name, *file, *second, *third;
    char kind; /* how it is read, see load_one */
    bool tuning, receive;
};
static const struct source sources[] = {
    { "bitFlyer 2018-01-23", "bitflyer/bitflyer.execution.20180123.BTC_JPY.csv.gz", .kind = 'b', .tuning = true },
    { "bitFlyer 2018-01-25", "bitflyer/bitflyer.execution.20180125.BTC_JPY.csv.gz", .kind = 'b', .tuning = true },
    { "bitFlyer 2018-01-27", "bitflyer/bitflyer.execution.20180127.BTC_JPY.csv.gz", .kind = 'b' },
    { "bitFlyer 2018-01-25 as polled", "bitflyer/bitflyer.execution.20180125.BTC_JPY.csv.gz", .kind = 'b', .tuning = true, .receive = true },
    { "bitFlyer 2018-01-27 as polled", "bitflyer/bitflyer.execution.20180127.BTC_JPY.csv.gz", .kind = 'b', .receive = true },
    { "bitFlyer ETH_BTC", "bitflyer/bitflyer.execution.20180128.ETH_BTC.csv.gz", .kind = 'b' },
    { "bitFlyer BTC_JPY and ETH_BTC", "bitflyer/bitflyer.execution.20180127.BTC_JPY.csv.gz",
      "bitflyer/bitflyer.execution.20180128.ETH_BTC.csv.gz", .kind = 'B' },
    { "bitFlyer FX_BTC_JPY", "bitflyer/bitflyer.executions.fx_btc_jpy.20190204T0300Z.csv.gz", .kind = 'f' },
    { "Gemini ETHUSD", "misc/gemini_ethusd_trades_20210701.csv.gz", .kind = 'g', .tuning = true },
    { "Binance XRPETH", "binance/spot_xrpeth_trades_20191011.json.gz", .kind = 'x' },
    { "Binance BTCUSDT 2020-02", "binance/usdm_btcusdt_trades_20200222.tardis.csv.gz", .kind = 't', .tuning = true, .receive = true },
    { "Binance BTCUSDT 2024-08", "binance/usdm_btcusdt_20240808.raw.gz", .kind = 'r', .tuning = true, .receive = true },
    { "Binance BTCUSD_PERP 2024-08-08", "binance/coinm_btcusd_perp_20240808.raw.gz", .kind = 'r', .tuning = true, .receive = true },
    { "Binance BTCUSD_PERP 2024-08-09", "binance/coinm_btcusd_perp_20240809.raw.gz", .kind = 'r', .receive = true },
    { "Binance ETHUSDT spot 2024-08", "binance/spot_ethusdt_20240808.raw.gz", .kind = 'r', .receive = true },
    { "Binance three instruments", "binance/usdm_btcusdt_20240808.raw.gz", "binance/coinm_btcusd_perp_20240808.raw.gz",
      "binance/spot_ethusdt_20240808.raw.gz", .kind = 'r', .tuning = true, .receive = true },
    { "Binance BTCUSDT 2024-07", "binance/usdm_btcusdt_20240718.raw.gz", .kind = 'r', .receive = true },
    { "BitMEX minutes 2018 to June", "bitmex/xbtusd_1m_2018.csv.gz", .kind = 'm', .tuning = true },
    { "BitMEX minutes 2018 from July", "bitmex/xbtusd_1m_2018.csv.gz", .kind = 'n' },
    { "BitMEX minutes 2020-03", "bitmex/xbtusd_1m_ohlcv_202003.csv.gz", .kind = 'o' },
};

static bool read_part(const char *market, const char *file, const struct source *s, struct tape *t)
{
    FILE *f = unpack(market, file);
    if (f == NULL)
        return false;
    const uint32_t i = t->instruments++;
    switch (s->kind) {
    case 'b': case 'B': read_bitflyer(f, t, i, s->receive); break;
    case 'f': read_bitflyer_fx(f, t); break;
    case 'g': read_gemini(f, t); break;
    case 'x': read_xrpeth(f, t); break;
    case 't': read_tardis(f, t); break;
    case 'r': read_binance_raw(f, t, i); break;
    case 'm': read_minutes(f, t, 1, 0, 1530403200); break;
    case 'n': read_minutes(f, t, 1, 1530403200, INT64_C(1546300800)); break;
    case 'o': read_minutes(f, t, 5, 0, INT64_C(1585699200)); break;
    }
    return pclose(f) == 0 && (t->n > 0 || t->minutes_n > 0);
}

/* Keeps what lies between `from` and `to`. */
static void crop(struct tape *t, int64_t from, int64_t to)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].received >= from && t->rows[i].received < to) t->rows[n++] = t->rows[i];
    t->n = n;
}

size_t tapes_load(const char *market, struct tape *tapes, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < sizeof sources / sizeof *sources && n < max; i++) {
        const struct source *s = &sources[i];
        struct tape *t = &tapes[n];
        memset(t, 0, sizeof *t);
        snprintf(t->name, sizeof t->name, "%s", s->name);
        t->tuning = s->tuning;
        t->receive = s->receive;
        bool ok = read_part(market, s->file, s, t);
        if (ok && s->second != NULL) ok = read_part(market, s->second, s, t);
        if (ok && s->third != NULL) ok = read_part(market, s->third, s, t);
        if (!ok) {
            tape_free(t);
            continue;
        }
        if (t->n > 0) qsort(t->rows, t->n, sizeof *t->rows, by_arrival);
        if (s->kind == 'B') crop(t, iso_ns("2018-01-27T12:21:00"), iso_ns("2018-01-27T14:58:00"));
        masks_of(t);
        n++;
    }
    return n;
}

void tape_free(struct tape *tape)
{
    free(tape->rows);
    free(tape->minutes);
}
