/* Any lines through botctl book's rebuild: capture forms, codecs, books. Byte 0 picks the venue; the rest are lines. Books stay
 * sorted and within their memory, and the checksum of any state can be computed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/botctl/book_rebuild.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_gap(void *user_data, const bot_event *gap)
{
    (void)user_data;
    if (gap->kind != BOT_EV_GAP) abort();
}
static void on_unreadable(void *user_data, uint64_t line, int err)
{
    (void)user_data, (void)line;
    if (err >= 0) abort();
}

static void check_side(const struct book_side *side)
{
    for (uint32_t i = 0; i < side->n; i++) {
        char text[LEVEL_TEXT_MAX];
        const bot_level *l = &side->levels[i];
        if (l->qty_coef <= 0 || bot__level_format(l->price_coef, l->price_scale, text) >= sizeof text) abort();
        if (i == 0) continue;
        const int c = bot__level_price_cmp(&side->levels[i - 1], l);
        if (side->bids ? c >= 0 : c <= 0) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    uint32_t venues = 0;
    while (bot__venue_at(venues) != NULL) venues++;
    struct rebuild r = { .venue = bot__venue_at(data[0] % venues), .on_gap = on_gap, .on_unreadable = on_unreadable };
    if (!rebuild_init(&r)) abort();
    const char *p = (const char *)data + 1, *end = (const char *)data + size;
    while (p < end && r.books_n < 32) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        if (stop == NULL) stop = end;
        /* A copy of its own, so that a byte read behind the line is caught. */
        char *line = malloc((size_t)(stop - p) + 1);
        if (line == NULL) abort();
        memcpy(line, p, (size_t)(stop - p));
        char *exact = realloc(line, stop > p ? (size_t)(stop - p) : 1);
        if (exact == NULL || !rebuild_line(&r, exact, (size_t)(stop - p))) abort();
        free(exact);
        p = stop + 1;
    }
    rebuild_end(&r);
    for (size_t i = 0; i < r.books_n; i++) {
        int32_t sum;
        check_side(&r.books[i]->book.bids);
        check_side(&r.books[i]->book.asks);
        (void)bot__book_checksum(&r.books[i]->book, &sum);
    }
    rebuild_done(&r);
    return 0;
}
