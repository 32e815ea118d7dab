/* tests/lib/checkpoint_kit.h: a story in a journal, cores replayed from it, and the comparison of their states byte by byte. */
#ifndef TESTS_CHECKPOINT_KIT_H
#define TESTS_CHECKPOINT_KIT_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/image.h"
#include "harness.h"
#include "journal/checkpoint.h"
#include "journal/crc.h"
#include "journal/format.h"
#include "journal/reader.h"
#include "journal_events.h"
#include "journal_memfs.h"
#include "journal_story.h"

#define STORY 2600
static bot_event story[STORY];

static inline struct journal_config config(struct memfs *m)
{
    struct journal_config c = { .venue = "bybit", .account = "main", .fs = &m->fs, .inline_rounds = true };
    bot_journal_options_init(&c.options);
    c.options.path = "j";
    c.options.segment_bytes = 65536;
    return c;
}

static inline void rules_of(const bot_core_options *o, char *text, size_t size, size_t *ret_len)
{
    const int len = bot__core_options_format(o, text, size);
    ck_assert_int_gt(len, 0);
    *ret_len = (size_t)len;
}

/* Garbage where the next calls will have their locals: padding that is copied from there would make two equal states differ. */
static void __attribute__((noinline)) scribble(int value)
{
    unsigned char local[8192];
    memset(local, value, sizeof local);
    __asm__ volatile("" : : "r"(local) : "memory");
}

#define OPTIONS_TEXT_MAX 8192

/* A journal with o's options in it, which checkpoints ask for as text, and the story's instrument. */
static inline struct journal *journal_begin(const struct journal_config *c, const bot_core_options *o, char text[static OPTIONS_TEXT_MAX], size_t *ret_len)
{
    struct journal_recovery rec;
    struct journal *j;
    story_make(story, 8, 5000);
    ck_assert_int_eq(bot__journal_open(c, &j, &rec), BOT_OK);
    rules_of(o, text, OPTIONS_TEXT_MAX, ret_len);
    ck_assert_int_eq(bot__journal_append_options(j, 5000, text, *ret_len), BOT_OK);
    ck_assert_int_eq(bot__journal_append(j, &story[0]), BOT_OK);
    return j;
}

/* The story, and between its events events of every kind that a seed draws. */
static inline unsigned long long journal_make(struct memfs *m, const bot_core_options *o, unsigned long long seed)
{
    struct journal_recovery rec;
    struct journal *j;
    char text[OPTIONS_TEXT_MAX];
    size_t len;
    test_rng rng = { seed };
    struct journal_config c = config(m);
    const unsigned n = story_make(story, STORY, 5000);
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    rules_of(o, text, sizeof text, &len);
    ck_assert_int_eq(bot__journal_append_options(j, 5000, text, len), BOT_OK);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_int_eq(bot__journal_append(j, &story[i]), BOT_OK);
        if (test_rng_below(&rng, 4) == 0) {
            bot_event ev;
            bot_event_kind kind = (bot_event_kind)(1 + test_rng_below(&rng, BOT_EV_KIND_COUNT - 1));
            if (!test_event_is_journaled(kind))
                continue;
            test_event_random(&rng, kind, &ev);
            ev.ts = story[i].ts;
            if (test_rng_below(&rng, 2) == 0)
                ev.instrument = story[0].instrument;
            ck_assert_int_eq(bot__journal_append(j, &ev), BOT_OK);
        }
        if (i % 8 == 0)
            bot__journal_round(j);
    }
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    return n;
}

static inline bot_journal_reader *reader_of(struct memfs *m)
{
    bot_journal_reader *r;
    ck_assert_int_eq(bot__journal_open_read(&m->fs, "j", "bybit", "main", &r, NULL), BOT_OK);
    return r;
}

struct replayed {
    struct journal_core jc;
    struct core_image im;
    uint64_t events;
    int fill;                /* garbage for the stack */
    uint64_t stop;           /* before the first item that begins in this record or later */
    uint64_t stopped;
};

static inline int step(void *user_data, const bot_journal_item *item)
{
    struct replayed *p = user_data;
    if (item->record >= p->stop) {
        p->stopped = item->record;
        return 1;
    }
    scribble(p->fill);
    const int r = bot__journal_core_step(&p->jc, item);
    p->events += r == 1;
    return r < 0 ? r : 0;
}

static inline void begin(struct memfs *m, bot_journal_reader *r, const bot_core_options *o, int fill, struct replayed *p)
{
    *p = (struct replayed){ .fill = fill, .stop = UINT64_MAX };
    scribble(fill);
    ck_assert_int_eq(bot__journal_core_open_as(&p->jc, &m->fs, "j", r, o), BOT_OK);
    ck_assert_int_eq(bot__image_init(&p->im, &m->fs, p->jc.core, &p->jc.options, p->jc.begin), BOT_OK);
}

static inline void end(struct replayed *p)
{
    bot__image_done(&p->im);
    bot__journal_core_close(&p->jc);
}

static inline void replay(bot_journal_reader *r, uint64_t from, struct replayed *p)
{
    struct journal_replay_result result;
    ck_assert_int_eq(bot_journal_seek_record(r, from), BOT_OK);
    ck_assert_int_eq(bot__journal_replay(r, UINT64_MAX, false, step, p, &result), BOT_OK);
}

/* Equal byte by byte, the words of the process aside. */
static inline bool equal(const struct replayed *a, const struct replayed *b)
{
    const unsigned char *x = (const unsigned char *)a->im.core, *y = (const unsigned char *)b->im.core;
    uint32_t next = 0;
    bot__core_drop_effects(a->im.core);
    bot__core_drop_effects(b->im.core);
    ck_assert_uint_eq(a->im.size, b->im.size);
    ck_assert_uint_eq(a->im.host_words_n, b->im.host_words_n);
    for (size_t at = 0; at < a->im.size; at += 8) {
        if (next < a->im.host_words_n && a->im.host_words[next] == at / 8) {
            ck_assert_uint_eq(a->im.host_words[next], b->im.host_words[next]);
            next++;
        } else if (memcmp(x + at, y + at, 8) != 0) {
            fprintf(stderr, "# they differ at byte %zu of %zu: %016llx, %016llx\n", at, a->im.size, (unsigned long long)get_u64(x + at),
                   (unsigned long long)get_u64(y + at));
            return false;
        }
    }
    return true;
}

static const struct { bool hedge, no_fills; } kinds[] = { { false, false }, { true, false }, { false, true }, { true, true } };

static inline void options_of(unsigned kind, bot_core_options *o)
{
    story_options(o);
    o->hedge = kinds[kind].hedge;
    o->venue.has_fills_channel = !kinds[kind].no_fills;
}

struct opened {
    struct replayed p;
    struct journal_replay_result result;
    struct checkpoint from;
    char text[400];
};

static uint64_t checkpoint_bytes = 65536;

static inline void open_next(struct memfs *m, bot_journal_reader *r, const bot_core_options *o, uint64_t next_record, struct opened *ret)
{
    begin(m, r, o, 6, &ret->p);
    const struct journal_resume how = { .fs = &m->fs, .path = "j", .core = ret->p.jc.core, .options = &ret->p.jc.options, .begin = ret->p.jc.begin,
                                        .older = &ret->p.jc.older, .next_record = next_record, .checkpoint_bytes = checkpoint_bytes, .step = step,
                                        .user_data = &ret->p };
    ck_assert_int_eq(bot__journal_resume(&how, r, &ret->result, &ret->from, ret->text, sizeof ret->text), BOT_OK);
}

static inline struct memfs_file *newest(struct memfs *m, uint64_t *ret_record)
{
    uint64_t records[CHECKPOINTS_LISTED];
    char name[64];
    ck_assert_int_ge(bot__checkpoint_list(&m->fs, "j", records), 1);
    snprintf(name, sizeof name, "j/%020llu.checkpoint", (unsigned long long)records[0]);
    *ret_record = records[0];
    return memfs_find(m, name);
}

/* A journal of seed 4 and a checkpoint of it at the first record not before `record`; ret_at: the core that was saved. */
static inline bot_journal_reader *saved_at(struct memfs *m, const bot_core_options *o, uint64_t record, struct replayed *ret_at, struct checkpoint *ret)
{
    memfs_init(m);
    journal_make(m, o, 4);
    bot_journal_reader *r = reader_of(m);
    struct journal_replay_result result;
    begin(m, r, o, 1, ret_at);
    ret_at->stop = record;
    ck_assert_int_eq(bot_journal_seek_record(r, 0), BOT_OK);
    ck_assert_int_eq(bot__journal_replay(r, UINT64_MAX, false, step, ret_at, &result), BOT_OK);
    *ret = (struct checkpoint){ .record = ret_at->stopped, .records_end = result.record_end };
    ck_assert_int_eq(bot__checkpoint_save(&ret_at->im, "j", r, ret), BOT_OK);
    return r;
}

#endif
