#include "recordings.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define LEVELS_MAX 20000

void collect_init(struct collect *c)
{
    memset(c, 0, sizeof *c);
    c->ev = calloc(COLLECT_MAX, sizeof *c->ev);
    ck_assert_ptr_nonnull(c->ev);
}

void collect_free(struct collect *c)
{
    free(c->ev);
    c->ev = NULL;
}

void collect_clear(struct collect *c)
{
    c->n = 0;
    memset(c->counts, 0, sizeof c->counts);
}

int collect_sink(void *user_data, const bot_event *ev)
{
    struct collect *c = user_data;
    ck_assert_int_gt(ev->kind, BOT_EV_NONE);
    ck_assert_int_lt(ev->kind, BOT_EV_KIND_COUNT);
    c->counts[ev->kind]++;
    if (c->n < COLLECT_MAX)
        c->ev[c->n] = *ev;
    c->n++;
    return c->stop_at > 0 && c->n >= c->stop_at ? BOT_ERR_FULL : 0;
}

struct venue_context *context_new(const struct venue *v)
{
    struct venue_context *ctx = calloc(1, sizeof *ctx);
    ck_assert_ptr_nonnull(ctx);
    ctx->scratch.levels = calloc(LEVELS_MAX, sizeof *ctx->scratch.levels);
    ctx->scratch.levels_max = LEVELS_MAX;
    ctx->state = v->state_size > 0 ? calloc(1, v->state_size) : NULL;
    return ctx;
}

void context_free(struct venue_context *ctx)
{
    free(ctx->scratch.levels);
    free(ctx->state);
    free(ctx);
}

int decode_ws(const struct venue *v, struct venue_context *ctx, const char *text, struct collect *c)
{
    collect_clear(c);
    return v->decode_ws(ctx, BOT_SOURCE_WS_PRIVATE, (struct slice){ text, strlen(text) }, collect_sink, c);
}

int decode_rest(const struct venue *v, struct venue_context *ctx, enum venue_call call, int http_status, const char *text,
                struct collect *c, struct venue_reply *reply)
{
    collect_clear(c);
    memset(reply, 0xa5, sizeof *reply); /* the codec must fill it */
    return v->decode_rest(ctx, call, http_status, NULL, 0, (struct slice){ text, strlen(text) }, collect_sink, c, reply);
}

const char *dec_text(bot_dec d)
{
    static char text[8][BOT_DEC_TEXT_MAX];
    static unsigned next;
    char *p = text[next++ % 8];
    bot_dec_format(d, p);
    return p;
}

/* ---- decimal text ------------------------------------------------------------------------------------------- */

static void expect_text(const char *file, const char *message, bot_dec d, const char *what)
{
    const char *text = dec_text(d);
    text += *text == '-'; /* signs are turned: fees, short legs */
    ck_assert_msg(strstr(message, text) != NULL, "%s: %s %s does not stand in the message", file, what, text);
}

static void check_decimals(const char *file, const char *message, const bot_event *ev)
{
    switch (ev->kind) {
    case BOT_EV_FILL:
        if (ev->has & BOT_HAS_QTY) expect_text(file, message, ev->fill.qty, "qty");
        if (ev->has & BOT_HAS_PRICE) expect_text(file, message, ev->fill.price, "price");
        if (ev->has & BOT_HAS_FEE) expect_text(file, message, ev->fill.fee, "fee");
        if (ev->has & BOT_HAS_CUM_QTY) expect_text(file, message, ev->fill.cum_qty, "cum_qty");
        break;
    case BOT_EV_ORDER:
        if (ev->has & BOT_HAS_QTY) expect_text(file, message, ev->order.qty, "qty");
        if (ev->has & BOT_HAS_PRICE) expect_text(file, message, ev->order.price, "price");
        if (ev->has & BOT_HAS_CUM_QTY) expect_text(file, message, ev->order.cum_qty, "cum_qty");
        if (ev->has & BOT_HAS_LEAVES_QTY) expect_text(file, message, ev->order.leaves_qty, "leaves_qty");
        if (ev->has & BOT_HAS_AVG_PRICE) expect_text(file, message, ev->order.avg_price, "avg_price");
        break;
    case BOT_EV_POSITION:
        expect_text(file, message, ev->position.qty, "qty");
        if (ev->has & BOT_HAS_ENTRY_PRICE) expect_text(file, message, ev->position.entry_price, "entry_price");
        break;
    case BOT_EV_TRADE:
        expect_text(file, message, ev->trade.qty, "qty");
        expect_text(file, message, ev->trade.price, "price");
        break;
    case BOT_EV_FUNDING: expect_text(file, message, ev->funding.amount, "amount"); break;
    case BOT_EV_WALLET: expect_text(file, message, ev->wallet.balance, "balance"); break;
    default: break;
    }
}

/* ---- files -------------------------------------------------------------------------------------------------- */

struct file_result {
    int      messages, refused, events;
    uint64_t kinds;
    int      counts[BOT_EV_KIND_COUNT];
    char     first_error[160];
};

static void one_message(const struct venue *v, struct venue_context *ctx, const struct recording_kind *kind, const char *file,
                        const char *text, struct collect *c, struct file_result *res)
{
    struct venue_reply reply;
    int r;
    if (kind->how == RECORDING_WS) {
        r = decode_ws(v, ctx, text, c);
        if (r >= 0)
            ck_assert_msg(r == c->n, "%s: returned %d, gave %d events", file, r, c->n);
    } else {
        r = decode_rest(v, ctx, kind->call, 200, text, c, &reply);
        ck_assert_msg(reply.outcome > BOT_OUTCOME_NONE && reply.outcome <= BOT_OUTCOME_MALFORMED, "%s: outcome %d", file, reply.outcome);
        /* What is not a clean success gives no row that could be believed. */
        if (reply.outcome != BOT_OUTCOME_OK)
            ck_assert_msg(c->counts[BOT_EV_POSITION] + c->counts[BOT_EV_FILL] == 0, "%s: rows out of a failure", file);
        if (r >= 0 && reply.outcome != BOT_OUTCOME_OK && c->n == 0) {
            r = BOT_ERR_REJECTED;
            snprintf(res->first_error, sizeof res->first_error, "%s", reply.detail);
        }
    }
    res->messages++;
    if (r < 0) {
        res->refused++;
        if (res->first_error[0] == '\0')
            snprintf(res->first_error, sizeof res->first_error, "%s", bot_strerror(r));
        if (kind->how == RECORDING_WS)
            ck_assert_msg(c->counts[BOT_EV_FILL] + c->counts[BOT_EV_POSITION] == 0, "%s: money out of a refused message", file);
    }
    for (int i = 0; i < c->n && i < COLLECT_MAX; i++) {
        res->kinds |= YIELDS(c->ev[i].kind);
        check_decimals(file, text, &c->ev[i]);
    }
    for (int i = 0; i < BOT_EV_KIND_COUNT; i++)
        res->counts[i] += c->counts[i];
    res->events += c->n;
}

/* *.tsv: time TAB direction TAB message, ours not decoded; *.jsonl: one a line; else the whole file. */
static void one_file(const struct venue *v, const struct recording_kind *kind, const char *path, const char *file, struct file_result *res)
{
    struct venue_context *ctx = context_new(v);
    struct collect c;
    collect_init(&c);
    char *text = test_read_file(path, NULL);
    const char *dot = strrchr(file, '.');
    const bool tsv = strcmp(dot, ".tsv") == 0;
    if (tsv || strcmp(dot, ".jsonl") == 0) {
        char *save = NULL;
        for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
            if (tsv) {
                char *tab = strchr(line, '\t');
                ck_assert_ptr_nonnull(tab);
                if (tab[1] != '<')
                    continue;
                line = strchr(tab + 1, '\t') + 1;
            }
            one_message(v, ctx, kind, file, line, &c, res);
        }
    } else {
        one_message(v, ctx, kind, file, text, &c, res);
    }
    free(text);
    collect_free(&c);
    context_free(ctx);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

struct recording_totals recordings_check(const struct venue *v, const struct recording_kind *kinds,
                                         const struct recording_exception *exceptions, FILE *table)
{
    static const char *const names[BOT_EV_KIND_COUNT] = {
        [BOT_EV_INSTRUMENT] = "instrument", [BOT_EV_FILL] = "fill",       [BOT_EV_ORDER] = "order",   [BOT_EV_POSITION] = "position",
        [BOT_EV_FUNDING] = "funding",       [BOT_EV_WALLET] = "wallet",   [BOT_EV_TRADE] = "trade",   [BOT_EV_BOOK] = "book",
        [BOT_EV_ACK] = "ack",               [BOT_EV_TIME] = "time",       [BOT_EV_STATUS] = "status", [BOT_EV_CONTROL] = "control",
        [BOT_EV_ERROR] = "error",
    };
    struct recording_totals totals = { 0 };
    char relative[128], *files[512];
    int n = 0;
    snprintf(relative, sizeof relative, "data/wire/%s", v->name);
    const char *root = test_shared(relative);
    DIR *dir = opendir(root);
    ck_assert_msg(dir != NULL, "cannot list %s", root);
    for (struct dirent *e; (e = readdir(dir)) != NULL && n < 512;)
        if (strstr(e->d_name, "__") != NULL || strstr(e->d_name, "errors.jsonl") != NULL)
            if (strstr(e->d_name, ".expected.") == NULL)
                files[n++] = strdup(e->d_name);
    closedir(dir);
    qsort(files, (size_t)n, sizeof *files, by_name);
    ck_assert_int_gt(n, 0);

    for (int i = 0; i < n; i++) {
        const size_t len = strstr(files[i], "__") != NULL ? (size_t)(strstr(files[i], "__") - files[i]) : strcspn(files[i], ".");
        const struct recording_kind *kind = kinds;
        while (kind->kind != NULL && !(strlen(kind->kind) == len && strncmp(kind->kind, files[i], len) == 0))
            kind++;
        ck_assert_msg(kind->kind != NULL, "%s: a kind that the table does not know", files[i]);
        totals.files++;
        if (kind->how == RECORDING_NOTHING) {
            if (table != NULL)
                fprintf(table, "# %-14s %-66s - %s\n", v->name, files[i], kind->why);
            free(files[i]);
            continue;
        }
        const struct recording_exception *x = exceptions;
        while (x->file != NULL && strcmp(x->file, files[i]) != 0)
            x++;
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", root, files[i]);
        struct file_result res = { 0 };
        one_file(v, kind, path, files[i], &res);
        const uint64_t wants = x->file != NULL ? x->yields : kind->yields;
        if (x->file != NULL && x->refused)
            ck_assert_msg(res.refused > 0, "%s should be refused: %s", files[i], x->why);
        else
            ck_assert_msg(res.refused == 0 || kind->yields == 0, "%s: %d of %d refused: %s", files[i], res.refused, res.messages, res.first_error);
        if (wants != 0)
            ck_assert_msg((res.kinds & wants) != 0, "%s yields nothing of what its kind promises (kinds %llx)", files[i],
                          (unsigned long long)res.kinds);
        if (table != NULL) {
            char what[200] = "";
            for (int k = 0; k < BOT_EV_KIND_COUNT; k++)
                if (res.counts[k] > 0)
                    snprintf(what + strlen(what), sizeof what - strlen(what), "%s %d, ", names[k] != NULL ? names[k] : "?", res.counts[k]);
            if (res.refused > 0)
                snprintf(what + strlen(what), sizeof what - strlen(what), "refused %d (%s), ", res.refused,
                         x->file != NULL && x->why != NULL ? x->why : res.first_error);
            if (what[0] == '\0')
                snprintf(what, sizeof what, "nothing (%s)  ", x->file != NULL ? x->why : kind->why != NULL ? kind->why : "empty list");
            what[strlen(what) - 2] = '\0';
            fprintf(table, "# %-14s %-66s %s\n", v->name, files[i], what);
        }
        totals.messages += res.messages;
        totals.refused += res.refused;
        totals.events += res.events;
        free(files[i]);
    }
    return totals;
}
