/* The codec fuzz target as a plain test: messages made by hand (corpus_venue: a first line "VENUE ws" or "VENUE CALL-NUMBER", then
 * the message or body), those of the codec benchmark, and recordings; as they are, cut at every byte, broken by a fixed seed, and with
 * members left out or of another kind than the venue's.
 *
 * FUZZ_SEEDS=DIR writes the unbroken inputs into DIR instead, as seeds for libFuzzer. FUZZ_ROUNDS=N breaks each N times.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/messages.h"
#include "harness.h"
#include "venue/venue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long inputs;

static int call_of(const char *name)
{
    static const struct { const char *begin; enum venue_call call; } calls[] = {
        { "rest_time", VENUE_CALL_TIME }, { "rest_instruments", VENUE_CALL_INSTRUMENTS }, { "rest_positions", VENUE_CALL_POSITIONS },
        { "rest_fills", VENUE_CALL_FILLS }, { "rest_orders", VENUE_CALL_OPEN_ORDERS }, { "rest_orderbook", VENUE_CALL_BOOK },
        { "rest_balance", VENUE_CALL_BALANCE }, { "rest_order_ack", VENUE_CALL_SUBMIT }, { "rest_errors", VENUE_CALL_SUBMIT },
        { "rest_bills", VENUE_CALL_ACCOUNT_LOG }, { "rest_income", VENUE_CALL_ACCOUNT_LOG }, { "rest_funding", VENUE_CALL_ACCOUNT_LOG },
        { "rest_status", VENUE_CALL_STATUS }, { "rest_account_info", VENUE_CALL_MODE }, { "rest_cancel_all_after", VENUE_CALL_DEAD_MAN },
        { "rest_listen_key", VENUE_CALL_LISTEN_KEY },
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strncmp(name, calls[i].begin, strlen(calls[i].begin)) == 0)
            return 1 + (int)calls[i].call;
    return strncmp(name, "ws_", 3) == 0 ? 0 : -1;
}

/* One change of the kinds that wires, proxies and venues make: cut, flip, double, swap a digit, splice a token. */
static size_t break_it(test_rng *rng, uint8_t *p, size_t n, size_t max)
{
    static const char *const tokens[] = { "\"", "{", "}", "[", "]", ",", ":", "-", "1e9", "null", "\\u0000", "\\ud800", "NaN", "0x", "\xff", "\xe2\x82", "true",
                                          "99999999999999999999999999999999999999999999", "\"\"", "0.", "\\\"" };
    const unsigned changes = 1 + (unsigned)test_rng_below(rng, 3);
    for (unsigned i = 0; i < changes && n > 4; i++) {
        const size_t at = 3 + (size_t)test_rng_below(rng, n - 3);
        switch (test_rng_below(rng, 6)) {
        case 0: n = at; break;
        case 1: p[at] ^= (uint8_t)(1u << test_rng_below(rng, 8)); break;
        case 2: {
            size_t len = (size_t)test_rng_below(rng, 64);
            if (len > n - at) len = n - at;
            if (n + len < max) {
                memmove(p + at + len, p + at, n - at);
                n += len;
            }
            break;
        }
        case 3: {
            const char *t = tokens[test_rng_below(rng, sizeof tokens / sizeof *tokens)];
            const size_t len = strlen(t);
            if (n + len < max) {
                memmove(p + at + len, p + at, n - at);
                memcpy(p + at, t, len);
                n += len;
            }
            break;
        }
        case 4: {
            size_t len = (size_t)test_rng_below(rng, 16);
            if (len > n - at) len = n - at;
            memmove(p + at, p + at + len, n - at - len);
            n -= len;
            break;
        }
        default: p[at] = (uint8_t)('0' + test_rng_below(rng, 10)); break;
        }
    }
    return n;
}

static void one(test_rng *rng, uint8_t venue, int call, const char *text, unsigned rounds)
{
    size_t n = strlen(text) + 3;
    if (n > 20000)
        n = 20000;
    const size_t max = n + 512;
    uint8_t *whole = malloc(max), *broken = malloc(max);
    whole[0] = venue;
    whole[1] = (uint8_t)call;
    whole[2] = 4;
    memcpy(whole + 3, text, n - 3);
    const char *seeds = getenv("FUZZ_SEEDS");
    if (seeds != NULL) {
        char path[4200];
        snprintf(path, sizeof path, "%s/%u-%d-%lu", seeds, venue, call, inputs);
        FILE *f = fopen(path, "wb");
        ck_assert_ptr_nonnull(f);
        fwrite(whole, 1, n, f);
        fclose(f);
    }
    LLVMFuzzerTestOneInput(whole, n);
    inputs++;
    for (unsigned i = 0; i < rounds; i++, inputs++) {
        memcpy(broken, whole, n);
        broken[2] = (uint8_t)test_rng_below(rng, 16);
        LLVMFuzzerTestOneInput(broken, break_it(rng, broken, n, max));
    }
    free(whole);
    free(broken);
}

/* The same cut everywhere; long ones are cut at a thousand places. */
static void cut(uint8_t venue, int call, const char *text)
{
    const size_t n = strlen(text) + 3;
    uint8_t *whole = malloc(n);
    whole[0] = venue;
    whole[1] = (uint8_t)call;
    whole[2] = 4;
    memcpy(whole + 3, text, n - 3);
    for (size_t end = 3; end < n; end += 1 + n / 1000, inputs++)
        LLVMFuzzerTestOneInput(whole, end);
    free(whole);
}

/* ---- what a venue leaves out ---- */

#define PARTS_MAX 96
#define PAIRS_MAX 32 /* of the first so many each two are left out together */

struct part { size_t from, value, end; }; /* a member (from its key) or an item of an array: offsets into the text */

static void add_part(struct part *parts, size_t *n, const char *text, const char *from, struct slice value)
{
    if (*n < PARTS_MAX)
        parts[(*n)++] = (struct part){ (size_t)(from - text), (size_t)(value.p - text), (size_t)(value.p + value.len - text) };
}

/* The first members and items of a text, from outside inwards. */
static size_t parts_of(const char *text, size_t len, struct part parts[PARTS_MAX])
{
    struct slice inside[PARTS_MAX + 1] = { { text, len } };
    size_t n = 0;
    for (size_t at = 0, known = 1; at < known && n < PARTS_MAX; at++) {
        struct json j;
        struct slice key;
        bot__json_init(&j, inside[at].p, inside[at].len);
        const enum json_type type = bot__json_peek(&j);
        if (type == JSON_OBJECT ? !bot__json_object(&j) : type != JSON_ARRAY || !bot__json_array(&j))
            continue;
        while (type == JSON_OBJECT ? bot__json_key(&j, &key) : bot__json_item(&j)) {
            const struct slice value = bot__json_raw(&j);
            if (j.err != 0)
                break;
            add_part(parts, &n, text, type == JSON_OBJECT ? key.p - 1 : value.p, value);
            if ((value.p[0] == '{' || value.p[0] == '[') && known <= PARTS_MAX)
                inside[known++] = value;
        }
    }
    return n;
}

/* The text with that part given another value, or without it and a comma beside it when value is NULL. */
static char *changed(const char *text, struct part part, const char *value)
{
    const size_t len = strlen(text), value_len = value != NULL ? strlen(value) : 0;
    size_t from = value != NULL ? part.value : part.from, end = part.end;
    if (value == NULL && text[end] == ',')
        end++;
    else if (value == NULL && from > 0 && text[from - 1] == ',')
        from--;
    char *out = malloc(len + value_len + 1);
    memcpy(out, text, from);
    if (value_len > 0)
        memcpy(out + from, value, value_len);
    memcpy(out + from + value_len, text + end, len - end + 1);
    return out;
}

static void decode(uint8_t venue, int call, const char *text)
{
    const size_t n = strlen(text) + 3;
    uint8_t *whole = malloc(n);
    whole[0] = venue;
    whole[1] = (uint8_t)call;
    whole[2] = 4;
    memcpy(whole + 3, text, n - 3);
    LLVMFuzzerTestOneInput(whole, n);
    free(whole);
    inputs++;
}

/* Each part left out or of another kind, and where asked each two left out together: the square of the parts. */
static void leave_out(uint8_t venue, int call, const char *text, bool pairs)
{
    static const char *const others[] = { NULL, "\"\"", "null", "0", "\"0\"", "-1", "\"x\"", "{}", "[]", "true" };
    struct part parts[PARTS_MAX], rest[PARTS_MAX];
    if (getenv("FUZZ_SEEDS") != NULL || strlen(text) > 20000)
        return;
    const size_t n = parts_of(text, strlen(text), parts);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
            char *one = changed(text, parts[i], others[k]);
            decode(venue, call, one);
            const size_t left = k == 0 && pairs && i < PAIRS_MAX ? parts_of(one, strlen(one), rest) : 0;
            for (size_t m = i; m < left && m < PAIRS_MAX; m++) {
                char *two = changed(one, rest[m], NULL);
                decode(venue, call, two);
                free(two);
            }
            free(one);
        }
}

static uint8_t index_of(const char *venue)
{
    uint8_t i = 0;
    while (bot__venue_at(i) != NULL && strcmp(bot__venue_at(i)->name, venue) != 0)
        i++;
    ck_assert_msg(bot__venue_at(i) != NULL, "%s: no such venue", venue);
    return i;
}

static unsigned rounds_or(unsigned usual)
{
    const char *env = getenv("FUZZ_ROUNDS");
    return env != NULL ? (unsigned)strtoul(env, NULL, 10) : usual;
}

static void folder(test_rng *rng, uint8_t venue, const char *name, unsigned rounds)
{
    const bool pairs = getenv("FUZZ_ROUNDS") != NULL;
    char relative[64], root[4096];
    snprintf(relative, sizeof relative, "data/wire/%s", name);
    snprintf(root, sizeof root, "%s", test_shared(relative));
    DIR *dir = opendir(root);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        const int call = call_of(e->d_name);
        if (call < 0)
            continue;
        char path[4400], *save = NULL;
        snprintf(path, sizeof path, "%s/%s", root, e->d_name);
        char *text = test_read_file(path, NULL);
        if (strstr(e->d_name, ".json") != NULL && strstr(e->d_name, ".jsonl") == NULL) {
            one(rng, venue, call, text, rounds);
            leave_out(venue, call, text, pairs);
        } else {
            int lines = 0;
            for (char *line = strtok_r(text, "\n", &save); line != NULL && lines < 40; line = strtok_r(NULL, "\n", &save)) {
                char *tab = strstr(e->d_name, ".tsv") != NULL ? strchr(line, '\t') : NULL;
                if (tab == NULL || tab[1] == '<') {
                    one(rng, venue, call, tab != NULL ? tab + 3 : line, rounds / 8 + 1);
                    if (lines < 4)
                        leave_out(venue, call, tab != NULL ? tab + 3 : line, pairs);
                    lines++;
                }
            }
        }
        free(text);
    }
    closedir(dir);
}

TEST(fuzz, broken_recordings_of_every_venue_break_nothing)
{
    const unsigned rounds = rounds_or(60);
    test_rng rng = { 20261121 };
    for (uint32_t i = 0; bot__venue_at(i) != NULL; i++)
        folder(&rng, (uint8_t)i, bot__venue_at(i)->name, rounds);
    fprintf(stderr, "# %lu inputs\n", inputs);
    ck_assert_uint_gt(inputs, 1000);
}

TEST(fuzz, broken_messages_made_by_hand_break_nothing)
{
    const unsigned rounds = rounds_or(500);
    const char *root = test_source("tests/fuzz/corpus_venue");
    test_rng rng = { 42 };
    DIR *dir = opendir(root);
    int files = 0;
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[4400], venue[32], what[32];
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", root, e->d_name);
        char *text = test_read_file(path, NULL), *line = strchr(text, '\n');
        ck_assert_msg(line != NULL && sscanf(text, "%31s %31s", venue, what) == 2, "%s: no first line", e->d_name);
        const int call = strcmp(what, "ws") == 0 ? 0 : 1 + atoi(what);
        one(&rng, index_of(venue), call, line + 1, rounds);
        leave_out(index_of(venue), call, line + 1, true);
        cut(index_of(venue), call, line + 1);
        files++;
        free(text);
    }
    closedir(dir);
    ck_assert_int_ge(files, 17);
}

TEST(fuzz, broken_messages_of_every_kind_break_nothing)
{
    const unsigned rounds = rounds_or(150);
    test_rng rng = { 43 };
    for (const struct bench_kind *k = bench_kinds; k->name != NULL; k++)
        for (unsigned i = 0; i < 3; i++) {
            struct bench_message m;
            k->make(&m, i);
            leave_out(index_of(k->venue), (int)(i % 2), m.text, i == 0);
            one(&rng, index_of(k->venue), (int)(i % 2), m.text, rounds);
            cut(index_of(k->venue), 0, m.text);
            free(m.text);
        }
}

TEST(fuzz, requests_made_of_anything_are_refused_or_whole)
{
    test_rng rng = { 7 };
    uint8_t data[600];
    static const char *const words[] = { "BTC-USDT-SWAP", "FX_BTC_JPY", "BTCUSDT", "a b", "x\"y", "1&limit=1", "\r\nHost: x", "../..", "abcDEF123", "JRF1-2", "\xff" };
    for (uint32_t v = 0; bot__venue_at(v) != NULL; v++) {
        for (int round = 0; round < 20000; round++) {
            size_t n = 3;
            data[0] = (uint8_t)v;
            data[1] = 255;
            data[2] = 0;
            for (int i = 0; i < 14 * 8; i++) /* the numbers: small ones often */
                data[n++] = i % 8 < 6 && round % 2 ? 0 : (uint8_t)test_rng_next(&rng);
            while (n < sizeof data - 64) {
                const char *w = words[test_rng_below(&rng, sizeof words / sizeof *words)];
                data[n++] = (uint8_t)strlen(w);
                memcpy(data + n, w, strlen(w));
                n += strlen(w);
            }
            LLVMFuzzerTestOneInput(data, n);
        }
    }
}
