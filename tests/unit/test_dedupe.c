#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/carve.h"
#include "core/dedupe.h"

static bot_id id_of(unsigned long long n)
{
    bot_id id = { 0 };
    id.len = (uint8_t)snprintf(id.s, sizeof id.s, "exec-%llu", n);
    return id;
}

static void make(struct dedupe *d, uint32_t max, dedupe_older older, void *user_data)
{
    struct carve c = { 0 };
    bot__dedupe_init(d, &c, max, older, user_data);
    c = (struct carve){ .base = test_memory(c.used) };
    bot__dedupe_init(d, &c, max, older, user_data);
}

static int find(struct dedupe *d, uint32_t instrument, unsigned long long n, uint64_t fingerprint, int64_t venue_ns)
{
    struct dedupe_entry *e;
    const bot_id id = id_of(n);
    const struct dedupe_key key = dedupe_key(instrument, &id, BOT_BUY, NULL);
    return bot__dedupe_find(d, &key, fingerprint, venue_ns, &e);
}

static void add(struct dedupe *d, uint32_t instrument, unsigned long long n, uint64_t fingerprint, int64_t venue_ns)
{
    const bot_id id = id_of(n);
    const struct dedupe_key key = dedupe_key(instrument, &id, BOT_BUY, NULL);
    bot__dedupe_add(d, &key, fingerprint, venue_ns, 0);
}

TEST(dedupe, an_id_is_known_for_its_instrument_only)
{
    struct dedupe d;
    make(&d, 8, NULL, NULL);
    add(&d, 1, 7, 99, 5);
    ck_assert_int_eq(find(&d, 1, 7, 99, 5), 1);
    ck_assert_int_eq(find(&d, 2, 7, 99, 5), 0);
    ck_assert_int_eq(find(&d, 1, 8, 99, 5), 0);
}

TEST(dedupe, other_content_is_told_once)
{
    struct dedupe d;
    make(&d, 8, NULL, NULL);
    add(&d, 0, 7, 99, 5);
    ck_assert_int_eq(find(&d, 0, 7, 98, 5), BOT_ERR_CONFLICT);
    ck_assert_int_eq(find(&d, 0, 7, 98, 5), 1);
    ck_assert_int_eq(find(&d, 0, 7, 97, 5), 1);
    ck_assert_int_eq(find(&d, 0, 7, 99, 5), 1);
}

static bot_id id_named(const char *text)
{
    bot_id id = { .len = (uint8_t)strlen(text) };
    memcpy(id.s, text, id.len);
    return id;
}

/* Of one id always. content: what side, quantity and price come to, but for the side. */
static int find_side(struct dedupe *d, bot_side side, const char *order, uint64_t content, bool add_new)
{
    struct dedupe_entry *e;
    const bot_id id = id_of(7), order_id = id_named(order);
    const struct dedupe_key key = dedupe_key(1, &id, side, &order_id);
    const uint64_t fingerprint = content * 2 + (side == BOT_SELL);
    const int r = bot__dedupe_find(d, &key, fingerprint, 0, &e);
    if (r == 0 && add_new)
        bot__dedupe_add(d, &key, fingerprint, 0, 0);
    return r;
}

TEST(dedupe, the_sides_of_a_self_trade_are_two_executions_of_one_id)
{
    struct dedupe d;
    make(&d, 4, NULL, NULL);
    ck_assert_int_eq(find_side(&d, BOT_BUY, "o1", 5, true), 0);
    ck_assert_int_eq(find_side(&d, BOT_SELL, "o2", 5, true), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(find_side(&d, BOT_BUY, "o1", 5, false), 1);
        ck_assert_int_eq(find_side(&d, BOT_SELL, "o2", 5, false), 1);
    }
    ck_assert_int_eq(find_side(&d, BOT_SELL, "o2", 6, false), BOT_ERR_CONFLICT); /* each is compared with its own */
    ck_assert_int_eq(find_side(&d, BOT_BUY, "o1", 6, false), BOT_ERR_CONFLICT);
    /* Each leaves in its turn. */
    for (unsigned n = 100; n < 103; n++)
        add(&d, 1, n, 1, 0);
    ck_assert_int_eq(find_side(&d, BOT_SELL, "o2", 5, false), 1);
    add(&d, 1, 103, 1, 0);
    ck_assert_int_eq(find_side(&d, BOT_SELL, "o2", 5, false), 0);
    for (unsigned n = 100; n < 104; n++)
        ck_assert_int_eq(find(&d, 1, n, 1, 0), 1);
}

TEST(dedupe, the_other_side_of_the_same_order_or_of_none_is_a_damaged_repetition)
{
    struct dedupe d;
    make(&d, 4, NULL, NULL);
    ck_assert_int_eq(find_side(&d, BOT_BUY, "o1", 5, true), 0);
    ck_assert_int_eq(find_side(&d, BOT_SELL, "o1", 5, false), BOT_ERR_CONFLICT);
    ck_assert_int_eq(find_side(&d, BOT_SELL, "", 5, false), 1); /* told */
    make(&d, 4, NULL, NULL);
    ck_assert_int_eq(find_side(&d, BOT_BUY, "", 5, true), 0);
    ck_assert_int_eq(find_side(&d, BOT_SELL, "o2", 5, false), BOT_ERR_CONFLICT);
    make(&d, 4, NULL, NULL);
    ck_assert_int_eq(find_side(&d, BOT_BUY, "o1", 5, true), 0);
    ck_assert_int_eq(find_side(&d, BOT_BUY, "o2", 5, false), 1); /* of the same side it is the same, whatever order it names */
    ck_assert_int_eq(find_side(&d, BOT_BUY, "o2", 6, false), BOT_ERR_CONFLICT);
}

static int find_id(struct dedupe *d, const bot_id *id)
{
    struct dedupe_entry *e;
    const struct dedupe_key key = dedupe_key(0, id, BOT_BUY, NULL);
    return bot__dedupe_find(d, &key, 1, 0, &e);
}

TEST(dedupe, ids_that_differ_in_the_last_byte_or_in_length_differ)
{
    struct dedupe d;
    make(&d, 8, NULL, NULL);
    bot_id id = { .len = 46 };
    memset(id.s, 'a', 46);
    const struct dedupe_key key = dedupe_key(0, &id, BOT_BUY, NULL);
    bot__dedupe_add(&d, &key, 1, 0, 0);
    ck_assert_int_eq(find_id(&d, &id), 1);
    id.s[45] = 'b';
    ck_assert_int_eq(find_id(&d, &id), 0);
    id.s[45] = '\0';
    id.len = 45;
    ck_assert_int_eq(find_id(&d, &id), 0);
}

TEST(dedupe, fingerprints_compare_by_value_and_see_every_part)
{
    const uint64_t f = bot__dedupe_fingerprint(BOT_BUY, 5, 7);
    ck_assert(f == bot__dedupe_fingerprint(BOT_BUY, 5, 7));
    ck_assert(f != bot__dedupe_fingerprint(BOT_SELL, 5, 7));
    ck_assert(f != bot__dedupe_fingerprint(BOT_BUY, 7, 5));
    ck_assert(f != bot__dedupe_fingerprint(BOT_BUY, 5, 8));
    ck_assert(f != bot__dedupe_fingerprint(BOT_BUY, (bot_i128)5 << 64, 7));
}

/* Everything that was ever added, as the journal's index would know it. */
struct index {
    unsigned long long below; /* exec-0 .. exec-(below-1) were recorded */
    unsigned           asked;
    int                answer; /* instead, when not 0 */
};

static int older(void *user_data, const struct dedupe_key *key, uint64_t fingerprint)
{
    struct index *x = user_data;
    (void)fingerprint;
    x->asked++;
    if (x->answer != 0)
        return x->answer;
    return strtoull(key->id->s + 5, NULL, 10) < x->below;
}

TEST(dedupe, what_left_the_window_is_asked_from_the_index_and_fresh_fills_are_not)
{
    struct index index = { 0 };
    struct dedupe d;
    make(&d, 1000, older, &index);
    const int64_t second = BOT_NS_PER_S;
    for (unsigned long long n = 0; n < 50000; n++) {
        ck_assert_int_eq(find(&d, 0, n, n, (int64_t)(n + 1) * second), 0);
        add(&d, 0, n, n, (int64_t)(n + 1) * second);
        index.below = n + 1;
    }
    ck_assert_uint_eq(index.asked, 0); /* 1,000 seconds of window against 60 of slack */
    for (unsigned long long n = 0; n < 50000; n += 97)
        ck_assert_int_eq(find(&d, 0, n, n, (int64_t)(n + 1) * second), 1);
    ck_assert_uint_gt(index.asked, 400);
    /* An old execution that was never recorded is new: the index says so. */
    ck_assert_int_eq(find(&d, 0, 60000, 1, 5 * second), 0);
    /* Without a time nothing is assumed. */
    const unsigned asked = index.asked;
    ck_assert_int_eq(find(&d, 0, 61000, 1, 0), 0);
    ck_assert_uint_eq(index.asked, asked + 1);
    index.answer = BOT_ERR_IO;
    ck_assert_int_eq(find(&d, 0, 3, 3, second), BOT_ERR_IO);
}

TEST(dedupe, agrees_with_a_plain_list_through_every_eviction)
{
    test_rng rng = { 41 };
    enum { MAX = 37, IDS = 200 };
    struct dedupe d;
    make(&d, MAX, NULL, NULL);
    unsigned long long list[MAX];
    unsigned n = 0, at = 0;
    for (int round = 0; round < 200000; round++) {
        const unsigned long long id = test_rng_below(&rng, IDS);
        int known = 0;
        for (unsigned i = 0; i < n; i++)
            known |= list[i] == id;
        ck_assert_msg(find(&d, 0, id, id, 1) == known, "round %d", round);
        if (!known) {
            add(&d, 0, id, id, 1);
            list[at] = id;
            at = (at + 1) % MAX;
            if (n < MAX) n++;
        }
    }
}

/* Hashes as no venue's ids have them: all of few groups, then all of one, so that groups overflow, hand on and get back. */
TEST(dedupe, ids_whose_hashes_fall_together_are_known_as_long_as_any_others)
{
    static const struct { uint32_t max, hashes, spread; } cases[] = { { 8, 5, 1 }, { 64, 40, 1 }, { 64, 3, 3 }, { 300, 1, 1 }, { 2000, 1, 1 }, { 500, 7, 0x01000001 } };
    test_rng rng = { 9 };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct dedupe d;
        make(&d, cases[k].max, NULL, NULL);
        const unsigned long long n = 4 * (unsigned long long)cases[k].max + 7;
        uint32_t *hashes = test_memory(n * sizeof *hashes);
        for (unsigned long long i = 0; i < n; i++) {
            const bot_id id = id_of(i);
            hashes[i] = (uint32_t)test_rng_below(&rng, cases[k].hashes) * cases[k].spread;
            const struct dedupe_key key = { .id = &id, .instrument = 3, .hash = hashes[i] };
            struct dedupe_entry *e;
            ck_assert_int_eq(bot__dedupe_find(&d, &key, 1, 0, &e), 0);
            bot__dedupe_add(&d, &key, 1, 0, 0);
            for (int look = 0; look < 20; look++) {
                const unsigned long long of = test_rng_below(&rng, i + 1);
                const bot_id other = id_of(of);
                const struct dedupe_key known = { .id = &other, .instrument = 3, .hash = hashes[of] };
                ck_assert_int_eq(bot__dedupe_find(&d, &known, 1, 0, &e), of + cases[k].max > i);
            }
        }
    }
}
