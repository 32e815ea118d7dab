/* Checkpoints that are damaged, cut short, or made and read on a disk that fails at each operation in turn: they cost time at most. */
#include "base/json.h"
#include "checkpoint_kit.h"

TEST(checkpoint_faults, a_bit_flipped_in_any_byte_is_noticed_and_leaves_the_core_as_it_was)
{
    static struct memfs m;
    bot_core_options o;
    struct replayed at, fresh, loaded;
    struct checkpoint c, back;
    uint64_t record;
    char why[200];
    story_options(&o);
    bot_journal_reader *r = saved_at(&m, &o, 800, &at, &c);
    struct memfs_file *f = newest(&m, &record);
    begin(&m, r, &o, 2, &fresh);
    begin(&m, r, &o, 3, &loaded);
    const size_t stride = getenv("LIBBOT_JOURNAL_KILLS") != NULL ? 1 : test_sanitized() ? 977 : 211;
    const size_t head = CHECKPOINT_PAGE + 64;
    test_rng rng = { 4 };
    for (size_t i = 0; i < f->size; i += i < head ? 1 + (size_t)(test_sanitized() ? 7 : 0) : stride) {
        const unsigned char bit = (unsigned char)(1u << test_rng_below(&rng, 8));
        f->data[i] ^= bit;
        ck_assert_msg(bot__checkpoint_load(&loaded.im, "j", r, UINT64_MAX, &back, why, sizeof why) == 0, "byte %zu, bit %02x", i, bit);
        ck_assert_ptr_nonnull(strstr(why, "it is damaged"));
        f->data[i] ^= bit;
    }
    ck_assert(equal(&fresh, &loaded));
    for (size_t size = 0; size < f->size; size += 1 + f->size / 50) { /* and cut short anywhere */
        const size_t whole = f->size;
        f->size = size;
        ck_assert_int_eq(bot__checkpoint_load(&loaded.im, "j", r, UINT64_MAX, &back, why, sizeof why), 0);
        f->size = whole;
    }
    ck_assert(equal(&fresh, &loaded));
    ck_assert_int_eq(bot__checkpoint_load(&loaded.im, "j", r, UINT64_MAX, &back, why, sizeof why), 1);
    ck_assert(equal(&at, &loaded));
    end(&at);
    end(&fresh);
    end(&loaded);
    bot_journal_close_read(r);
    memfs_done(&m);
}

TEST(checkpoint_faults, a_whole_page_of_another_checkpoint_is_not_taken)
{
    static struct memfs m;
    bot_core_options o;
    struct replayed at, loaded;
    struct checkpoint c, later, back;
    uint64_t record;
    char why[200];
    story_options(&o);
    bot_journal_reader *r = saved_at(&m, &o, 400, &at, &c);
    struct memfs_file *old = newest(&m, &record);
    unsigned char *page = NULL;
    at.stop = UINT64_MAX;
    replay(r, at.stopped, &at);
    bot_journal_info info;
    bot_journal_info_get(r, &info);
    later = (struct checkpoint){ .record = info.record_end };
    ck_assert_int_eq(bot__checkpoint_save(&at.im, "j", r, &later), BOT_OK);
    struct memfs_file *f = newest(&m, &record);
    ck_assert_ptr_ne(f, old);
    const size_t unit = CHECKPOINT_PAGE + 8;
    for (size_t i = CHECKPOINT_PAGE; i < f->size && i < old->size && page == NULL; i += unit)
        if (get_u32(f->data + i + 4) == get_u32(old->data + i + 4) && memcmp(f->data + i + 8, old->data + i + 8, CHECKPOINT_PAGE) != 0)
            memcpy(page = f->data + i, old->data + i, unit);
    ck_assert_ptr_nonnull(page);
    begin(&m, r, &o, 3, &loaded);
    ck_assert_int_eq(bot__checkpoint_load(&loaded.im, "j", r, UINT64_MAX, &back, why, sizeof why), 1);
    ck_assert_uint_eq(back.record, c.record); /* the one before */
    ck_assert_ptr_nonnull(strstr(why, "it is damaged"));
    end(&at);
    end(&loaded);
    bot_journal_close_read(r);
    memfs_done(&m);
}

/* The last item before the checkpoint goes on into the record behind it. The power cut takes that record, so a replay never sees the
 * item; a state that holds it is not the journal's. */
TEST(checkpoint_faults, one_that_holds_an_item_which_a_power_cut_has_cut_in_two_is_not_believed)
{
    static struct memfs m;
    struct journal_recovery rec;
    struct journal *j;
    bot_core_options o;
    struct replayed at, loaded;
    struct checkpoint c, back;
    char name[64], why[200];
    story_options(&o);
    bot_journal_info info;
    bot_journal_reader *r = saved_at(&m, &o, 400, &at, &c);
    bot_journal_info_get(r, &info);
    end(&at);
    uint64_t record = info.record_end - 40; /* in the last segment */
    do {
        ck_assert_uint_lt(record, info.record_end - 2);
        bot_journal_close_read(r);
        memfs_done(&m);
        r = saved_at(&m, &o, record++, &at, &c);
        end(&at);
    } while (c.records_end <= c.record);
    bot_journal_close_read(r);
    snprintf(name, sizeof name, "j/%08u.journal", info.segments);
    struct memfs_file *f = memfs_find(&m, name);
    ck_assert_uint_gt(c.record, 0);
    f->size -= (info.record_end - c.record) * JOURNAL_RECORD_SIZE;
    struct journal_config config_here = config(&m);
    ck_assert_msg(bot__journal_open(&config_here, &j, &rec) == BOT_OK, "%s", rec.text);
    ck_assert_uint_eq(rec.next_record, c.record);
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    r = reader_of(&m);
    begin(&m, r, &o, 3, &loaded);
    ck_assert_int_eq(bot__checkpoint_load(&loaded.im, "j", r, UINT64_MAX, &back, why, sizeof why), 0);
    ck_assert_ptr_nonnull(strstr(why, "it does not belong to these records"));
    end(&loaded);
    bot_journal_close_read(r);
    memfs_done(&m);
}

/* The process is killed, or the power goes, at each write, sync and rename with which checkpoints are made: beside a running journal,
 * and at opening. The next start has the state of a whole replay. */
TEST(checkpoint_faults, killed_or_without_power_at_any_write_of_one_the_next_start_has_the_state_of_a_whole_replay)
{
    static struct memfs m, made;
    bot_core_options o;
    struct opened whole;
    char text[8192];
    size_t len;
    unsigned cut = 0, used = 0;
    story_options(&o);
    rules_of(&o, text, sizeof text, &len);
    memfs_init(&made);
    journal_make(&made, &o, 5);
    bot_journal_reader *r = reader_of(&made);
    bot_journal_info info;
    bot_journal_info_get(r, &info);
    begin(&made, r, &o, 1, &whole.p);
    replay(r, 0, &whole.p);
    const bool all = getenv("LIBBOT_JOURNAL_KILLS") != NULL;
    for (int power = 0; power < 2; power++)
        for (int opening = 0; opening < 2; opening++)
            for (unsigned long long k = 1;; k += all || k < 3 ? 1 : test_sanitized() ? 29 : 7) {
                struct opened opened;
                test_rng rng = { k };
                memfs_init(&m);
                for (int i = 0; i < MEMFS_FILES; i++)
                    if (made.files[i].name[0] != '\0')
                        memfs_put(&m, made.files[i].name, made.files[i].data, made.files[i].size);
                for (int i = 0; i < MEMFS_FILES; i++)
                    if (m.files[i].name[0] != '\0') { /* the journal is on the disk */
                        const int fd = m.fs.open(m.fs.self, m.files[i].name, JOURNAL_READ);
                        ck_assert_int_eq(m.fs.sync(m.fs.self, fd), 0);
                        m.fs.close(m.fs.self, fd);
                    }
                ck_assert_int_eq(m.fs.sync_dir(m.fs.self, "j"), 0);
                m.kill_at = m.mutations + k;
                m.kill_bytes = (size_t)(k * 977 % 4200);
                if (opening) {
                    bot_journal_reader *mine = reader_of(&m);
                    begin(&m, mine, &o, 6, &opened.p);
                    const struct journal_resume how = { .fs = &m.fs, .path = "j", .core = opened.p.jc.core, .options = &opened.p.jc.options,
                                                        .begin = opened.p.jc.begin, .older = &opened.p.jc.older, .next_record = info.record_end,
                                                        .checkpoint_bytes = 65536, .step = step, .user_data = &opened.p };
                    (void)bot__journal_resume(&how, mine, &opened.result, &opened.from, opened.text, sizeof opened.text);
                    end(&opened.p);
                    bot_journal_close_read(mine);
                } else {
                    (void)bot__checkpoint_make(&m.fs, "j", text, len, 100, NULL);
                }
                const bool died = m.dead;
                cut += died;
                memfs_restart(&m, power != 0, &rng);
                bot_journal_reader *again = reader_of(&m);
                open_next(&m, again, &o, info.record_end, &opened);
                used += opened.from.record != 0;
                ck_assert_msg(equal(&whole.p, &opened.p), "power %d, opening %d, write %llu", power, opening, k);
                end(&opened.p);
                bot_journal_close_read(again);
                ck_assert_int_eq(m.live_allocs, 0);
                memfs_done(&m);
                if (!died)
                    break;
            }
    ck_assert_uint_gt(cut, test_sanitized() ? 10 : 20);
    ck_assert_uint_gt(used, 4);
    end(&whole.p);
    bot_journal_close_read(r);
    memfs_done(&made);
}

/* Each file operation and allocation of opening with checkpoints fails once: the state is right or the opening says that it is
 * not, and the next opening is as if nothing had been. */
TEST(checkpoint_faults, every_operation_that_fails_while_opening_costs_time_at_most)
{
    static struct memfs m, copy;
    bot_core_options o;
    struct opened whole;
    memfs_init(&copy);
    story_options(&o);
    journal_make(&copy, &o, 3);
    unsigned refused = 0, passed = 0;
    for (int with = 0; with < 2; with++) /* without a checkpoint there, and with one */
        for (int op = 0; op < MEMFS_OPS; op++)
            for (unsigned long long nth = 1;; nth += nth > 64 ? 37 : 1) {
                memfs_init(&m);
                for (int i = 0; i < MEMFS_FILES; i++)
                    if (copy.files[i].name[0] != '\0')
                        memfs_put(&m, copy.files[i].name, copy.files[i].data, copy.files[i].size);
                bot_journal_reader *r = reader_of(&m);
                bot_journal_info info;
                bot_journal_info_get(r, &info);
                open_next(&m, r, &o, info.record_end, &whole);
                if (!with) {
                    char name[64];
                    snprintf(name, sizeof name, "j/%020llu.checkpoint", (unsigned long long)info.record_end);
                    memfs_remove(&m, name);
                }
                struct opened opened;
                begin(&m, r, &o, 7, &opened.p);
                const struct journal_resume how = { .fs = &m.fs, .path = "j", .core = opened.p.jc.core, .options = &opened.p.jc.options,
                                                    .begin = opened.p.jc.begin, .older = &opened.p.jc.older, .next_record = info.record_end,
                                                    .checkpoint_bytes = 65536, .step = step, .user_data = &opened.p };
                memset(m.ops, 0, sizeof m.ops);
                m.fail_op = (enum memfs_op)op, m.fail_nth = nth, m.fail_errno = EIO;
                const int e = bot__journal_resume(&how, r, &opened.result, &opened.from, opened.text, sizeof opened.text);
                const bool reached = m.fail_nth == 0;
                m.fail_nth = 0;
                refused += e < 0;
                passed += e == BOT_OK && reached;
                if (e == BOT_OK)
                    ck_assert_msg(equal(&whole.p, &opened.p), "op %d, %llu. time", op, nth);
                end(&opened.p);
                if (reached) {
                    struct opened again;
                    open_next(&m, r, &o, info.record_end, &again);
                    ck_assert(equal(&whole.p, &again.p));
                    end(&again.p);
                }
                end(&whole.p);
                bot_journal_close_read(r);
                ck_assert_int_eq(m.live_allocs, 0);
                memfs_done(&m);
                if (!reached)
                    break;
            }
    ck_assert_uint_gt(refused, 3);
    ck_assert_uint_gt(passed, 20);
    memfs_done(&copy);
}

/* The same where the replay asks about old fills: what is not found for a moment is no reason to leave a fill out. */
TEST(checkpoint_faults, a_read_that_fails_while_old_fills_are_looked_up_leaves_none_out)
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
    for (unsigned i = 0; i < 1000; i++) {
        /* Now and then one from before the window, known or new. */
        test_event_fill(i > 600 && i % 100 == 0 ? i - 500 : i, 6000 + i, &ev);
        if (i > 600 && i % 100 == 50) {
            bot__id_set(&ev.fill.exec_id, "late", 4);
            ev.fill.exec_id.s[ev.fill.exec_id.len++] = (char)('a' + i / 100);
            ev.venue_ns -= 500 * BOT_NS_PER_MS;
        }
        ck_assert_int_eq(bot__journal_append(j, &ev), BOT_OK);
        bot__journal_round(j);
    }
    ck_assert_int_eq(bot__journal_close(j), BOT_OK);
    struct opened whole;
    checkpoint_bytes = 0;
    bot_journal_reader *r = reader_of(&m);
    open_next(&m, r, &o, UINT64_MAX, &whole);
    unsigned refused = 0, passed = 0;
    static const enum memfs_op ops[] = { MEMFS_READ, MEMFS_OPEN, MEMFS_SIZE, MEMFS_LIST, MEMFS_ALLOC };
    for (unsigned k = 0; k < sizeof ops / sizeof *ops; k++)
        for (unsigned long long nth = 1, times = 1;; nth += 1 + nth / 3, times = times % 3 + 1) {
            struct opened opened;
            begin(&m, r, &o, 7, &opened.p);
            const struct journal_resume how = { .fs = &m.fs, .path = "j", .core = opened.p.jc.core, .options = &opened.p.jc.options,
                                                .begin = opened.p.jc.begin, .older = &opened.p.jc.older, .next_record = UINT64_MAX, .step = step,
                                                .user_data = &opened.p };
            m.fail_op = ops[k], m.fail_nth = nth, m.fail_times = times, m.fail_errno = EIO;
            const int e = bot__journal_resume(&how, r, &opened.result, &opened.from, opened.text, sizeof opened.text);
            const bool reached = m.fail_nth == 0 || m.failed != 0;
            m.fail_nth = 0;
            m.failed = 0;
            refused += e < 0;
            passed += e == BOT_OK && reached;
            if (e == BOT_OK)
                ck_assert_msg(equal(&whole.p, &opened.p), "op %d, %llu. time", ops[k], nth);
            end(&opened.p);
            if (!reached)
                break;
        }
    ck_assert(refused > 10 && passed > 10);
    end(&whole.p);
    bot_journal_close_read(r);
    ck_assert_int_eq(m.live_allocs, 0);
    memfs_done(&m);
}
