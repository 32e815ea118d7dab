/* Opening from a checkpoint gives the state of a whole replay, byte by byte; what does not fit is passed over and said. */
#include "checkpoint_kit.h"

TEST(journal_checkpoint, two_cores_after_the_same_events_are_equal_byte_by_byte)
{
    static struct memfs m;
    for (unsigned kind = 0; kind < 4; kind++) {
        bot_core_options o;
        struct replayed a, b;
        memfs_init(&m);
        options_of(kind, &o);
        journal_make(&m, &o, kind);
        bot_journal_reader *r = reader_of(&m);
        begin(&m, r, &o, 0xaa, &a);
        begin(&m, r, &o, 0x55, &b);
        replay(r, 0, &a);
        ck_assert(!equal(&a, &b));
        replay(r, 0, &b);
        ck_assert(equal(&a, &b));
        end(&a);
        end(&b);
        bot_journal_close_read(r);
        ck_assert_int_eq(m.live_allocs, 0);
        memfs_done(&m);
    }
}

/* Saves at a record, loads it into a new core, and replays the rest: the state there and at the end is that of a whole replay, and
 * so is every step between, as far as effects and numbers tell. */
TEST(journal_checkpoint, from_any_record_on_the_state_is_that_of_a_whole_replay)
{
    static struct memfs m;
    for (unsigned kind = 0; kind < 4; kind++) {
        bot_core_options o, other;
        struct replayed whole, at, from;
        test_rng rng = { 100 + kind };
        memfs_init(&m);
        options_of(kind, &o);
        journal_make(&m, &o, 10 + kind);
        bot_journal_reader *r = reader_of(&m), *r2 = reader_of(&m);
        bot_journal_info info;
        bot_journal_info_get(r, &info);
        begin(&m, r, &o, 1, &whole);
        replay(r, 0, &whole);
        const unsigned tries = test_sanitized() ? 4 : 12;
        for (unsigned k = 0; k < tries; k++) {
            begin(&m, r, &o, 2, &at);
            at.stop = 1 + test_rng_below(&rng, info.record_end - 2);
            replay(r, 0, &at);
            struct checkpoint c = { .record = at.stopped, .events = at.events, .run_wall_ns = at.jc.run_wall_ns, .run_ts = at.jc.run_ts }, back;
            ck_assert_int_eq(bot__checkpoint_save(&at.im, "j", r, &c), BOT_OK);

            other = o;
            other.session_id = o.session_id + 1; /* the next run's */
            begin(&m, r, &other, 3, &from);
            char why[200];
            ck_assert_int_eq(bot__checkpoint_load(&from.im, "j", r, UINT64_MAX, &back, why, sizeof why), 1);
            ck_assert_str_eq(why, "");
            ck_assert_uint_eq(back.record, at.stopped);
            ck_assert_uint_eq(back.events, at.events);
            ck_assert(equal(&at, &from));
            ck_assert_int_eq(bot__checkpoint_same(&at.im, "j", at.stopped), 1);
            const bot_id mine = bot_core_next_client_id(from.jc.core, 0), theirs = bot_core_next_client_id(at.jc.core, 0);
            ck_assert_int_ne(memcmp(&mine, &theirs, sizeof mine), 0); /* ids of a run are its own */

            /* Record by record to the end. */
            ck_assert_int_eq(bot__journal_core_resume(&from.jc, back.record, back.run_wall_ns, back.run_ts), BOT_OK);
            ck_assert_int_eq(bot_journal_seek_record(r, at.stopped), BOT_OK);
            ck_assert_int_eq(bot_journal_seek_record(r2, back.record), BOT_OK);
            bot_journal_item x, y;
            uint64_t record = 0;
            while (bot_journal_next(r, &x, NULL) == 1) {
                ck_assert_int_eq(bot_journal_next(r2, &y, NULL), 1);
                scribble(4);
                const int sx = bot__journal_core_step(&at.jc, &x);
                scribble(5);
                ck_assert_int_eq(bot__journal_core_step(&from.jc, &y), sx);
                ck_assert_int_eq(at.jc.r, from.jc.r);
                const uint32_t n = bot_core_effects_count(at.jc.core);
                ck_assert_uint_eq(bot_core_effects_count(from.jc.core), n);
                ck_assert(bot_core_deadline(at.jc.core) == bot_core_deadline(from.jc.core));
                if (x.record != record && k % 4 == 0)
                    ck_assert_msg(equal(&at, &from), "kind %u, checkpoint %llu, record %llu", kind, (unsigned long long)back.record,
                                  (unsigned long long)x.record);
                record = x.record;
            }
            ck_assert(equal(&at, &from));
            ck_assert(equal(&whole, &from));
            end(&from);
            end(&at);
        }
        end(&whole);
        bot_journal_close_read(r);
        bot_journal_close_read(r2);
        ck_assert_int_eq(m.live_allocs, 0);
        memfs_done(&m);
    }
}

TEST(journal_checkpoint, a_core_that_passes_quietly_ends_as_the_one_that_tells_what_follows)
{
    static struct memfs m;
    for (unsigned kind = 0; kind < 4; kind++) {
        bot_core_options o;
        struct replayed loud, quiet;
        memfs_init(&m);
        options_of(kind, &o);
        o.effects_max = 64; /* some steps want more */
        journal_make(&m, &o, 40 + kind);
        bot_journal_reader *r = reader_of(&m);
        begin(&m, r, &o, 1, &loud);
        begin(&m, r, &o, 2, &quiet);
        bot_journal_item item;
        uint64_t told = 0, items = 0;
        while (bot_journal_next(r, &item, NULL) == 1) {
            scribble(3);
            const int stepped = bot__journal_core_step(&loud.jc, &item);
            scribble(4);
            ck_assert_int_eq(bot__journal_core_pass(&quiet.jc, &item), stepped);
            ck_assert_int_eq(loud.jc.r, quiet.jc.r);
            ck_assert(bot_core_deadline(loud.jc.core) == bot_core_deadline(quiet.jc.core));
            told += bot_core_effects_count(loud.jc.core);
            ck_assert_uint_eq(bot_core_effects_count(quiet.jc.core), 0);
            if (++items % 97 == 0)
                ck_assert_msg(equal(&loud, &quiet), "kind %u, item %llu", kind, (unsigned long long)items);
        }
        ck_assert(equal(&loud, &quiet));
        ck_assert_uint_gt(told, 500); /* it was about something */
        end(&loud);
        end(&quiet);
        bot_journal_close_read(r);
        memfs_done(&m);
    }
}

TEST(journal_checkpoint, one_that_does_not_fit_is_passed_over_for_the_one_before_or_the_whole_and_it_is_said)
{
    static struct memfs m;
    bot_core_options o;
    struct opened whole, opened;
    uint64_t record, older[CHECKPOINTS_LISTED];
    char text[8192];
    size_t len;
    memfs_init(&m);
    story_options(&o);
    journal_make(&m, &o, 1);
    bot_journal_reader *r = reader_of(&m);
    bot_journal_info info;
    bot_journal_info_get(r, &info);
    const uint64_t next = info.record_end;

    /* None yet: all is replayed, and one is left behind. */
    open_next(&m, r, &o, next, &whole);
    ck_assert_uint_eq(whole.from.record, 0);
    ck_assert_uint_gt(whole.result.events, STORY);
    ck_assert_str_eq(whole.text, "");
    ck_assert_int_eq(bot__checkpoint_list(&m.fs, "j", older), 1);
    ck_assert_uint_eq(older[0], next);
    open_next(&m, r, &o, next, &opened);
    ck_assert_uint_eq(opened.from.record, next);
    ck_assert_uint_eq(opened.from.events, whole.result.events);
    ck_assert_uint_eq(opened.result.events, 0);
    ck_assert(equal(&whole.p, &opened.p));
    end(&opened.p);

    /* One made beside a running journal stands a little before its end. */
    newest(&m, &record);
    char name[64];
    snprintf(name, sizeof name, "j/%020llu.checkpoint", (unsigned long long)record);
    memfs_remove(&m, name);
    rules_of(&o, text, sizeof text, &len);
    ck_assert_int_eq(bot__checkpoint_make(&m.fs, "j", text, len, UINT64_MAX, NULL), 1);
    newest(&m, &record);
    checkpoint_bytes = 1 << 30; /* opening writes none from here on */
    ck_assert_uint_lt(record, next - 500);
    open_next(&m, r, &o, next, &opened);
    ck_assert_uint_eq(opened.from.record, record);
    ck_assert_uint_eq(opened.from.events + opened.result.events, whole.result.events);
    ck_assert(equal(&whole.p, &opened.p));
    end(&opened.p);
    const uint64_t before = record;
    memfs_remove(&m, newest(&m, &record)->name);
    ck_assert_int_gt(bot__checkpoint_make(&m.fs, "j", text, len, 100, NULL), 1); /* on the way there too */
    ck_assert_int_eq(bot__checkpoint_list(&m.fs, "j", older), CHECKPOINTS_KEPT);
    ck_assert_uint_eq(older[0], before);
    open_next(&m, r, &o, next, &opened);
    ck_assert_uint_eq(opened.from.events + opened.result.events, whole.result.events);
    ck_assert(equal(&whole.p, &opened.p));
    end(&opened.p);

    /* Another stands at the end (the replay was long enough: it is written at opening). Damaged in turn at its header, a page, its
     * length: the one before it is taken. */
    struct checkpoint c = { .record = next, .events = whole.result.events };
    ck_assert_int_eq(bot__checkpoint_save(&whole.p.im, "j", r, &c), BOT_OK);
    struct memfs_file *f = newest(&m, &record);
    ck_assert_uint_eq(record, next);
    const size_t places[] = { 0, 9, 40, 100, 300, CHECKPOINT_PAGE, CHECKPOINT_PAGE + 5, CHECKPOINT_PAGE + 100, f->size - 1 };
    for (size_t i = 0; i <= sizeof places / sizeof *places; i++) {
        const size_t size = f->size;
        if (i < sizeof places / sizeof *places)
            f->data[places[i]] ^= 0x10;
        else
            f->size -= 1;
        open_next(&m, r, &o, next, &opened);
        ck_assert_uint_eq(opened.from.record, before);
        ck_assert_ptr_nonnull(strstr(opened.text, "is not used: it is damaged"));
        ck_assert(equal(&whole.p, &opened.p));
        end(&opened.p);
        if (i < sizeof places / sizeof *places)
            f->data[places[i]] ^= 0x10;
        else
            f->size = size;
    }

    /* Another build of the rules, other options: neither is believed. */
    unsigned char header[CHECKPOINT_PAGE];
    memcpy(header, f->data, sizeof header);
    f->data[110] ^= 1;
    put_u32(f->data + 4092, bot__crc32c(0, f->data, 4092));
    open_next(&m, r, &o, next, &opened);
    ck_assert_uint_eq(opened.from.record, before);
    ck_assert_ptr_nonnull(strstr(opened.text, "another version of the library made it"));
    end(&opened.p);
    memcpy(f->data, header, sizeof header);
    bot_core_options grace = o;
    grace.grace_ns += 1;
    open_next(&m, r, &grace, next, &opened);
    ck_assert_uint_eq(opened.from.record, 0);
    ck_assert_uint_eq(opened.result.events, whole.result.events);
    ck_assert_ptr_nonnull(strstr(opened.text, "it was made under other options"));
    end(&opened.p);
    end(&whole.p);
    bot_journal_close_read(r);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

TEST(journal_checkpoint, one_of_records_that_are_not_there_any_more_is_not_believed)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    bot_core_options o;
    struct opened opened;
    memfs_init(&m);
    story_options(&o);
    journal_make(&m, &o, 2);
    bot_journal_reader *r = reader_of(&m);
    bot_journal_info info;
    bot_journal_info_get(r, &info);
    open_next(&m, r, &o, info.record_end, &opened); /* leaves one */
    end(&opened.p);
    bot_journal_close_read(r);

    /* The power goes before these records are on the disk, and others are written in their place. */
    uint64_t record;
    char name[64];
    newest(&m, &record);
    snprintf(name, sizeof name, "j/%08u.journal", info.segments);
    struct memfs_file *f = memfs_find(&m, name);
    f->size -= 40 * JOURNAL_RECORD_SIZE;
    struct journal_config c = config(&m);
    ck_assert_int_eq(bot__journal_open(&c, &j, &rec), BOT_OK);
    r = reader_of(&m);
    open_next(&m, r, &o, rec.next_record, &opened);
    ck_assert_uint_eq(opened.from.record, 0);
    ck_assert_str_eq(opened.text, ""); /* ahead of the journal: as if it were not there; the new one has taken its place */
    newest(&m, &record);
    ck_assert_uint_eq(record, rec.next_record);
    end(&opened.p);
    bot_journal_close_read(r);
    for (unsigned i = 0; i < 400; i++) {
        bot_event ev;
        test_event_fill(i, m.now, &ev);
        bot__journal_append(j, &ev);
        bot__journal_round(j);
    }
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);

    r = reader_of(&m);
    bot_journal_info_get(r, &info);
    struct memfs_file *mine = newest(&m, &record);
    put_u32(mine->data + 12, get_u32(mine->data + 12) ^ 1); /* follows another record than the one that is there */
    put_u32(mine->data + 4092, bot__crc32c(0, mine->data, 4092));
    open_next(&m, r, &o, info.record_end, &opened);
    ck_assert_uint_eq(opened.from.record, 0);
    ck_assert_ptr_nonnull(strstr(opened.text, "it does not belong to these records"));
    end(&opened.p);
    bot_journal_close_read(r);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

/* Two cores of one process share its texts and functions, so a pointer to them would look like a number of the state; the next
 * process has them elsewhere. */
TEST(journal_checkpoint, no_word_of_it_points_into_the_program)
{
    static struct memfs m;
    static struct { unsigned long from, to; } maps[512];
    unsigned maps_n = 0;
    char line[512], mode[8];
    FILE *file = fopen("/proc/self/maps", "r");
    if (file == NULL) {
        test_skip("no /proc/self/maps");
        return;
    }
    while (fgets(line, sizeof line, file) != NULL && maps_n < 512) {
        unsigned long inode;
        if (sscanf(line, "%lx-%lx %7s %*s %*s %lu", &maps[maps_n].from, &maps[maps_n].to, mode, &inode) == 4 && inode != 0 &&
            maps[maps_n].from >> 32 != 0) /* of files: a sanitizer's own cover half of all numbers */
            maps_n++;
    }
    fclose(file);
    ck_assert_uint_gt(maps_n, 4);
    for (unsigned kind = 0; kind < 4; kind++) {
        bot_core_options o;
        struct replayed p;
        uint32_t next = 0;
        memfs_init(&m);
        options_of(kind, &o);
        journal_make(&m, &o, 20 + kind);
        bot_journal_reader *r = reader_of(&m);
        begin(&m, r, &o, 1, &p);
        replay(r, 0, &p);
        bot__core_drop_effects(p.im.core);
        for (size_t at = 0; at < p.im.size; at += 8) {
            if (next < p.im.host_words_n && p.im.host_words[next] == at / 8) {
                next++;
                continue;
            }
            const uint64_t word = get_u64((const uint8_t *)p.im.core + at);
            for (unsigned i = 0; i < maps_n && word != 0; i++)
                if (word >= maps[i].from && word < maps[i].to)
                    ck_abort_msg("kind %u: byte %zu of %zu holds %llx", kind, at, p.im.size, (unsigned long long)word);
        }
        end(&p);
        bot_journal_close_read(r);
        memfs_done(&m);
    }
}

/* An index that cannot be read makes every old fill suspect: a state that came of it goes on, but is not kept. */
TEST(journal_checkpoint, none_is_made_of_a_replay_that_could_not_look_up_old_fills)
{
    static struct memfs m;
    bot_core_options o;
    char text[OPTIONS_TEXT_MAX];
    size_t len;
    memfs_init(&m);
    story_options(&o); /* remembers 256 ids */
    o.manual_policy = BOT_MANUAL_IGNORE;
    struct journal_config c = config(&m);
    struct journal *j = journal_begin(&c, &o, text, &len);
    bot_event ev;
    for (unsigned i = 0; i < 1600; i++) {
        test_event_fill(i > 600 && i % 100 == 0 ? i - 500 : i, 6000 + i, &ev); /* now and then one from before the window */
        ck_assert_int_eq(bot__journal_append(j, &ev), BOT_OK);
        bot__journal_round(j);
    }
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    uint64_t records[CHECKPOINTS_LISTED];
    unsigned refused = 0;
    int made = 0;
    for (unsigned long long nth = 1; made == 0; nth += 1 + nth / 2) {
        m.fail_op = MEMFS_READ, m.fail_nth = nth, m.fail_errno = EIO;
        made = bot__checkpoint_make(&m.fs, "j", text, len, UINT64_MAX, NULL);
        const bool reached = m.fail_nth == 0;
        m.fail_nth = 0;
        const int n = bot__checkpoint_list(&m.fs, "j", records);
        ck_assert_int_eq(n, made > 0 ? 1 : 0);
        if (made < 0) {
            refused++;
            made = 0;
        } else if (reached) { /* what failed was of no weight: it says the same as one that was made without failing */
            bot_journal_reader *r = reader_of(&m);
            struct replayed p;
            begin(&m, r, &o, 1, &p);
            p.stop = records[0];
            replay(r, 0, &p);
            ck_assert_msg(bot__checkpoint_same(&p.im, "j", records[0]) == 1, "read %llu", nth);
            end(&p);
            bot_journal_close_read(r);
            char name[64];
            snprintf(name, sizeof name, "j/%020llu.checkpoint", (unsigned long long)records[0]);
            memfs_remove(&m, name);
            made = 0;
        }
    }
    ck_assert_uint_gt(refused, 3);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

TEST(journal_checkpoint, a_fill_from_before_it_is_recognised_after_it)
{
    static struct memfs m;
    bot_core_options o;
    struct opened opened;
    char text[OPTIONS_TEXT_MAX];
    size_t len;
    memfs_init(&m);
    story_options(&o); /* remembers 256 ids */
    o.manual_policy = BOT_MANUAL_IGNORE;
    struct journal_config c = config(&m);
    struct journal *j = journal_begin(&c, &o, text, &len);
    bot_event ev;
    for (unsigned i = 0; i < 3000; i++) {
        test_event_fill(i, 6000 + i, &ev);
        ck_assert_int_eq(bot__journal_append(j, &ev), BOT_OK);
        bot__journal_round(j);
    }
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    ck_assert_int_eq(bot__checkpoint_make(&m.fs, "j", text, len, UINT64_MAX, NULL), 1);
    bot_journal_reader *r = reader_of(&m);
    bot_journal_info info;
    bot_journal_info_get(r, &info);
    open_next(&m, r, &o, info.record_end, &opened);
    ck_assert_uint_gt(opened.from.record, 0);
    bot_core_stats before, after;
    bot_core_stats_get(opened.p.jc.core, &before);
    ck_assert_uint_eq(before.fills_applied, 3000);
    for (unsigned i = 0; i < 3000; i += 500) { /* long out of the window, and long before the checkpoint */
        test_event_fill(i, 10000000, &ev);
        bot_core_step(opened.p.jc.core, &ev);
    }
    bot_core_stats_get(opened.p.jc.core, &after);
    ck_assert_uint_eq(after.fills_applied, 3000);
    end(&opened.p);
    bot_journal_close_read(r);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}

TEST(journal_checkpoint, a_running_journal_leaves_them_behind_by_itself_and_keeps_two)
{
    char dir[] = "/tmp/libbot-checkpoint-XXXXXX", path[64], command[96], text[8192];
    size_t len;
    bot_core_options o;
    bot_journal_stats stats = { 0 };
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/j", dir);
    struct journal_config c = { .venue = "bybit", .account = "main" };
    bot_journal_options_init(&c.options);
    c.options.path = path;
    c.options.commit_interval_ns = BOT_NS_PER_MS;
    c.options.durability = BOT_DURABILITY_NONE;
    c.options.checkpoint_bytes = 512 << 10;
    story_options(&o);
    o.fills_seen_max = 4096;
    o.manual_policy = BOT_MANUAL_IGNORE;
    struct journal *j = journal_begin(&c, &o, text, &len);
    unsigned long long fills = 0;
    for (unsigned wanted = 1; wanted <= 4; wanted++) {
        for (unsigned i = 0; i < 4000; i++) { /* 2,700 records */
            bot_event ev;
            test_event_fill(fills, (bot_ts)(6000 + fills), &ev);
            ck_assert_int_eq(bot__journal_append(j, &ev), BOT_OK);
            fills++;
        }
        for (unsigned waited = 0; stats.checkpoints < wanted && waited < 20000; waited++) {
            usleep(1000);
            bot__journal_stats_get(j, &stats);
        }
    }
    ck_assert_uint_ge(stats.checkpoints, 4);
    ck_assert_uint_eq(stats.checkpoints_failed, 0);
    bot__journal_close(j);

    uint64_t records[CHECKPOINTS_LISTED];
    ck_assert_int_eq(bot__checkpoint_list(&bot__journal_fs, path, records), CHECKPOINTS_KEPT);
    bot_journal_reader *r;
    ck_assert_int_eq(bot_journal_open_read(path, "bybit", "main", &r, NULL), BOT_OK);
    bot_journal_info info;
    bot_journal_info_get(r, &info);
    for (int i = 0; i < CHECKPOINTS_KEPT; i++) {
        struct replayed p = { .fill = 8, .stop = records[i] };
        ck_assert_int_eq(bot__journal_core_open_as(&p.jc, NULL, path, r, &o), BOT_OK);
        ck_assert_int_eq(bot__image_init(&p.im, NULL, p.jc.core, &p.jc.options, p.jc.begin), BOT_OK);
        replay(r, 0, &p);
        ck_assert_uint_eq(p.stopped, records[i]);
        ck_assert_int_eq(bot__checkpoint_same(&p.im, path, records[i]), 1);
        end(&p);
    }
    bot_journal_close_read(r);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

static void append_fills(struct journal *j, unsigned from, unsigned n)
{
    for (unsigned i = from; i < from + n; i++) {
        bot_event ev;
        test_event_fill(i, 6000 + i, &ev);
        (void)bot__journal_append(j, &ev);
        bot__journal_round(j);
    }
}

static void opens_with(struct memfs *m, const bot_core_options *o, bool hole, int64_t hole_venue_ns)
{
    struct opened opened;
    bot_journal_reader *r = reader_of(m);
    open_next(m, r, o, UINT64_MAX, &opened);
    ck_assert_uint_ne(opened.from.record, 0);
    ck_assert_int_eq(opened.result.hole, hole);
    if (hole) ck_assert_int_eq(opened.result.hole_venue_ns, hole_venue_ns);
    end(&opened.p);
    bot_journal_close_read(r);
}

/* The bot that lost them to a full ring has them in its core, the journal has not: whoever starts from a state that was made of the
 * journal must ask the venue for them, from before the hole on. Once a run was told, its state knows that it is owed. */
TEST(journal_checkpoint, one_made_behind_lost_events_says_so_until_the_core_was_told)
{
    static struct memfs m;
    bot_core_options o;
    char text[OPTIONS_TEXT_MAX];
    size_t len;
    bot_event before;
    memfs_init(&m);
    story_options(&o);
    o.manual_policy = BOT_MANUAL_IGNORE;
    struct journal_config c = config(&m);
    c.options.ring_bytes = 65536;
    c.options.retry_interval_ns = BOT_NS_PER_MS;
    struct journal *j = journal_begin(&c, &o, text, &len);
    append_fills(j, 0, 700);
    ck_assert_int_ge(bot__checkpoint_make(&m.fs, "j", text, len, 100, NULL), 1); /* before it: the time of the hole comes from its state */
    opens_with(&m, &o, false, 0);
    bot_journal_stats stats;
    m.fail_op = MEMFS_WRITE, m.fail_nth = 1, m.fail_times = 1000000;
    unsigned n = 700;
    do {
        append_fills(j, n++, 1);
        bot__journal_stats_get(j, &stats);
    } while (stats.lost == 0);
    test_event_fill(n - 2, 0, &before);
    append_fills(j, n, 100);
    m.fail_nth = 0;
    m.now += 10 * BOT_NS_PER_MS;
    for (unsigned i = 0; i < 4; i++)
        bot__journal_round(j);
    append_fills(j, n + 100, 1000);
    ck_assert_int_ge(bot__checkpoint_make(&m.fs, "j", text, len, UINT64_MAX, NULL), 1);
    opens_with(&m, &o, true, before.venue_ns);
    append_fills(j, n + 1100, 1000); /* and in the one that is made from it */
    ck_assert_int_eq(bot__checkpoint_make(&m.fs, "j", text, len, UINT64_MAX, NULL), 1);
    opens_with(&m, &o, true, before.venue_ns);

    const bot_event told = { .kind = BOT_EV_GAP, .source = BOT_SOURCE_JOURNAL, .ts = 20000, .venue_ns = before.venue_ns, .seq = BOT_SEQ_NONE };
    ck_assert_int_eq(bot__journal_append(j, &told), BOT_OK);
    append_fills(j, n + 2100, 1000);
    ck_assert_int_eq(bot__checkpoint_make(&m.fs, "j", text, len, UINT64_MAX, NULL), 1);
    opens_with(&m, &o, false, 0);
    (void)bot__journal_close(j);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}
