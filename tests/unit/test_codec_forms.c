/* The same message in other clothes: whatever is quick about a codec, it reads what the general way reads. Messages are those of
 * the benchmark, one of every venue and kind; what they must yield is what they yield as the venue writes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/messages.h"
#include "base/json.h"
#include "harness.h"
#include "venue/venue.h"

/* An assertion of check leaves a mark in a file even when it holds: too slow for what runs a million times. */
#define REQUIRE(condition, ...)                         \
    do {                                                \
        if (!(condition)) ck_abort_msg(__VA_ARGS__);    \
    } while (0)
#define MUST(condition) REQUIRE(condition, "not so: " #condition)

#define TEXT_MAX 65536
#define LEVELS_MAX 2000

/* ---- what a message yields ---------------------------------------------------------------------------------- */

struct yield {
    int    r, events, money;
    size_t len;
    char   text[TEXT_MAX];
};

static void append(struct yield *y, const char *text, size_t len)
{
    MUST(y->len + len < sizeof y->text);
    memcpy(y->text + y->len, text, len);
    y->len += len;
    y->text[y->len] = '\0';
}

static void append_levels(struct yield *y, const bot_level *levels, uint32_t n)
{
    char line[120];
    for (uint32_t i = 0; i < n; i++)
        append(y, line, (size_t)snprintf(line, sizeof line, "%lld/%u %lld/%u\n", (long long)levels[i].price_coef, levels[i].price_scale,
                                         (long long)levels[i].qty_coef, levels[i].qty_scale));
}

static int take(void *user_data, const bot_event *ev)
{
    struct yield *y = user_data;
    char line[2048];
    y->events++;
    y->money += ev->kind == BOT_EV_FILL || ev->kind == BOT_EV_ORDER;
    if (ev->kind == BOT_EV_BOOK) {
        const bot_ev_book *b = &ev->book;
        append(y, line, (size_t)snprintf(line, sizeof line, "book %s %lld %d %d/%d %lld %lld %lld %u %u\n", ev->instrument.s, (long long)ev->venue_ns,
                                         b->snapshot, b->checksum_given, b->checksum, (long long)b->seq_first, (long long)b->seq_last,
                                         (long long)b->seq_prev, b->bids_n, b->asks_n));
        append_levels(y, b->bids, b->bids_n);
        append_levels(y, b->asks, b->asks_n);
        return 0;
    }
    const int n = bot_event_format(ev, "v", line, sizeof line);
    MUST(n > 0);
    append(y, line, (size_t)n);
    append(y, "\n", 1);
    return 0;
}

/* A connection of its own each time, which has heard one message of the kind before. */
static void decode(const struct bench_kind *kind, const char *before, const char *text, size_t len, struct yield *ret)
{
    static bot_level levels[LEVELS_MAX];
    static struct yield ignored;
    const struct venue *v = bot__venue_find(kind->venue);
    MUST(v != NULL);
    struct venue_context ctx = { .scratch = { levels, LEVELS_MAX }, .state = calloc(1, v->state_size + 1) };
    char *exact = malloc(len + 1); /* just this size: a sanitizer sees one byte too far */
    memcpy(exact, text, len);
    ignored.len = 0;
    (void)v->decode_ws(&ctx, BOT_SOURCE_WS_PRIVATE, (struct slice){ before, strlen(before) }, take, &ignored);
    ret->events = ret->money = 0;
    ret->len = 0;
    ret->text[0] = '\0';
    ret->r = v->decode_ws(&ctx, BOT_SOURCE_WS_PRIVATE, (struct slice){ exact, len }, take, ret);
    free(exact);
    free(ctx.state);
}

/* ---- messages rewritten ------------------------------------------------------------------------------------- */

enum form { AS_IT_IS, SPACED, REVERSED, STUFFED };

struct text {
    char   p[TEXT_MAX];
    size_t len;
};

static void put(struct text *t, const char *p, size_t len)
{
    MUST(t->len + len < sizeof t->p);
    memcpy(t->p + t->len, p, len);
    t->len += len;
    t->p[t->len] = '\0';
}
#define PUT(t, literal) put(t, literal, sizeof(literal) - 1)

/* What else happens on the way. */
struct rewrite {
    enum form   form;
    int         twice;      /* the so-manieth member comes twice, the second time with another value; -1: none does */
    int         member;     /* counts */
    unsigned    rows;       /* so many rows for each of a list */
    const char *last_row;   /* one more behind them */
    bool        listed;     /* a list of rows was found */
};

static void rewrite(struct rewrite *w, struct slice in, const char *key, size_t key_len, struct text *out);

static void rewrite_object(struct rewrite *w, struct slice in, struct text *out)
{
    struct slice keys[128], values[128];
    struct json j;
    int n = 0;
    bot__json_init(&j, in.p, in.len);
    bot__json_object(&j);
    while (bot__json_key(&j, &keys[n])) {
        values[n++] = bot__json_raw(&j);
        MUST(n < 128);
    }
    MUST(bot__json_end(&j) == 0);
    PUT(out, "{");
    if (w->form == STUFFED)
        PUT(out, "\"zz9\":{\"a\":[1,{\"b\":null},[]],\"c\":{}},\"zz8\":\"\\u00e9\xc3\xa9\\\"x\",\"zz7\":-1.5e3,\"zz6\":null,");
    for (int i = 0; i < n; i++) {
        const int k = w->form == REVERSED ? n - 1 - i : i;
        const bool twice = w->member++ == w->twice;
        if (i > 0) PUT(out, ",");
        for (int again = 0; again <= twice; again++) {
            if (again) PUT(out, ",");
            PUT(out, "\"");
            put(out, keys[k].p, keys[k].len);
            PUT(out, "\":");
            if (!again) rewrite(w, values[k], keys[k].p, keys[k].len, out);
            else if (values[k].p[0] == '"') PUT(out, "\"9\"");
            else if (values[k].p[0] == '{') PUT(out, "{}");
            else if (values[k].p[0] == '[') PUT(out, "[]");
            else PUT(out, "9");
        }
    }
    if (w->form == STUFFED)
        PUT(out, ",\"zz5\":[[],{}]");
    PUT(out, "}");
}

static bool is_list_of_rows(const char *key, size_t len, struct slice in)
{
    const struct slice k = { key, len };
    return in.len > 2 && in.p[1] == '{' && (slice_is(k, "data") || slice_is(k, "fills") || slice_is(k, "message"));
}

static void rewrite_array(struct rewrite *w, struct slice in, bool rows, struct text *out)
{
    struct json j;
    bool first = true;
    bot__json_init(&j, in.p, in.len);
    bot__json_array(&j);
    PUT(out, "[");
    while (bot__json_item(&j)) {
        const struct slice item = bot__json_raw(&j);
        for (unsigned k = 0; k < (rows ? w->rows : 1); k++) {
            if (!first) PUT(out, ",");
            first = false;
            rewrite(w, item, NULL, 0, out);
        }
    }
    MUST(bot__json_end(&j) == 0);
    w->listed = w->listed || rows;
    if (rows && w->last_row != NULL) {
        PUT(out, ",");
        put(out, w->last_row, strlen(w->last_row));
    }
    PUT(out, "]");
}

static void rewrite(struct rewrite *w, struct slice in, const char *key, size_t key_len, struct text *out)
{
    if (in.p[0] == '{') rewrite_object(w, in, out);
    else if (in.p[0] == '[') rewrite_array(w, in, is_list_of_rows(key, key_len, in), out);
    else put(out, in.p, in.len);
}

/* Space at every place that has room for it. */
static void space_out(struct text *t)
{
    static struct text wide;
    wide.len = 0;
    bool inside = false;
    for (size_t i = 0; i < t->len; i++) {
        const char c = t->p[i];
        if (!inside && strchr("{}[]:,", c) != NULL) PUT(&wide, " \n");
        put(&wide, &c, 1);
        if (!inside && strchr("{}[]:,", c) != NULL) PUT(&wide, "\t\r ");
        if (c == '"') inside = !inside; /* the messages have no escapes */
    }
    memcpy(t->p, wide.p, wide.len + 1);
    t->len = wide.len;
}

static void make_as(struct rewrite w, const struct bench_message *m, struct text *out, bool *ret_listed)
{
    out->len = 0;
    rewrite(&w, (struct slice){ m->text, m->len }, NULL, 0, out);
    if (w.form == SPACED)
        space_out(out);
    if (ret_listed != NULL)
        *ret_listed = w.listed;
}

#define FOR_EACH_KIND(k) for (const struct bench_kind *k = bench_kinds; k->name != NULL; k++)

static struct yield plain, other;
static struct text text;

/* ---- */

TEST(forms, space_order_and_strangers_change_nothing)
{
    static const char *const names[] = { "as it is", "spaced", "reversed", "with strangers" };
    FOR_EACH_KIND(k) {
        for (unsigned i = 0; i < 6; i++) {
            struct bench_message m;
            k->make(&m, i);
            decode(k, m.text, m.text, m.len, &plain);
            REQUIRE(plain.r > 0 && plain.events == plain.r, "%s: %d", k->name, plain.r);
            for (enum form form = AS_IT_IS; form <= STUFFED; form++) {
                make_as((struct rewrite){ .form = form, .twice = -1, .rows = 1 }, &m, &text, NULL);
                decode(k, m.text, text.p, text.len, &other);
                REQUIRE(other.r == plain.r && strcmp(other.text, plain.text) == 0, "%s %s: %d\n%.1500s\n%.900s\nnot\n%.900s", k->name, names[form], other.r, text.p,
                              other.text, plain.text);
            }
            free(m.text);
        }
    }
}

/* However many rows wait for the end of their message, and wherever they are too many to. */
TEST(forms, many_rows_yield_what_each_of_them_does)
{
    FOR_EACH_KIND(k) {
        struct bench_message m;
        k->make(&m, 0);
        decode(k, m.text, m.text, m.len, &plain);
        for (unsigned rows = 2; rows <= 20; rows++) {
            bool listed;
            make_as((struct rewrite){ .twice = -1, .rows = rows }, &m, &text, &listed);
            if (!listed)
                break;
            decode(k, m.text, text.p, text.len, &other);
            REQUIRE(other.r == plain.r * (int)rows, "%s, %u rows: %d", k->name, rows, other.r);
            for (unsigned i = 0; i < rows; i++)
                REQUIRE(memcmp(other.text + i * plain.len, plain.text, plain.len) == 0, "%s, row %u of %u:\n%.1500s", k->name, i, rows, other.text);
        }
        free(m.text);
    }
}

TEST(forms, a_bad_row_behind_good_ones_lets_none_of_our_money_out)
{
    static const char *const bad[] = { "{}", "{", "1", "{\"side\":[]}", "{\"side\":\"BUY\",\"side\":\"SELL\"}", "\"\xff\"" };
    FOR_EACH_KIND(k) {
        struct bench_message m;
        k->make(&m, 0);
        decode(k, m.text, m.text, m.len, &plain);
        for (unsigned rows = 1; plain.money > 0 && rows <= 12; rows++) {
            for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                bool listed;
                make_as((struct rewrite){ .twice = -1, .rows = rows, .last_row = bad[i] }, &m, &text, &listed);
                if (!listed)
                    continue;
                decode(k, m.text, text.p, text.len, &other);
                REQUIRE(other.r < 0 && other.events == 0, "%s, %u rows and %s: %d, %d events", k->name, rows, bad[i], other.r, other.events);
            }
        }
        free(m.text);
    }
}

/* A key given twice is a contradiction: refused, or of a member that means nothing to us. Never is the second value taken. */
TEST(forms, a_member_given_twice_is_refused_or_means_nothing)
{
    FOR_EACH_KIND(k) {
        struct bench_message m;
        k->make(&m, 0);
        decode(k, m.text, m.text, m.len, &plain);
        int refused = 0;
        for (enum form form = AS_IT_IS; form <= REVERSED; form++) {
            for (int twice = 0; twice < 150; twice++) {
                make_as((struct rewrite){ .form = form, .twice = twice, .rows = 1 }, &m, &text, NULL);
                decode(k, m.text, text.p, text.len, &other);
                REQUIRE(other.r < 0 || (other.r == plain.r && strcmp(other.text, plain.text) == 0), "%s, form %d, member %d: %.1500s\n%.700s", k->name, form, twice, text.p,
                              other.text);
                REQUIRE(other.r > 0 || other.events == 0, "%s, member %d: %d events and %d", k->name, twice, other.events, other.r);
                refused += other.r == BOT_ERR_CONFLICT;
            }
        }
        REQUIRE(refused >= 15, "%s: only %d", k->name, refused);
        free(m.text);
    }
}

/* Cut anywhere, or with a byte that is no UTF-8 anywhere in a string: nothing comes out. */
TEST(forms, a_message_cut_or_spoilt_anywhere_yields_nothing)
{
    FOR_EACH_KIND(k) {
        struct bench_message m;
        k->make(&m, 0);
        const size_t step = m.len / 400 + 1;
        for (size_t i = 0; i < m.len; i += step) {
            decode(k, m.text, m.text, i, &other);
            REQUIRE(other.r < 0 && other.events == 0, "%s cut at %zu: %d", k->name, i, other.r);
            const char kept = m.text[i];
            m.text[i] = (char)0xff;
            decode(k, "", m.text, m.len, &other);
            REQUIRE(other.r < 0 && other.events == 0, "%s spoilt at %zu: %d", k->name, i, other.r);
            m.text[i] = kept;
        }
        free(m.text);
    }
}
