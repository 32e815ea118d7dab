/* botctl book: order books from recorded messages. */
#include <stdlib.h>
#include <string.h>

#include "book_rebuild.h"
#include "botctl.h"

static void print_object(struct json_out *o)
{
    bot__jo_object_end(o);
    if (bot__jo_end(o) > 0)
        puts(o->buf);
}

static void print_gap(void *user_data, const bot_event *gap)
{
    char buf[512];
    struct json_out o;
    const struct rebuild *r = user_data;
    bot__jo_init(&o, buf, sizeof buf);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "event", "gap");
    bot__jo_str(&o, "venue", r->venue->name);
    bot__jo_strn(&o, "instrument", gap->instrument.s, gap->instrument.len);
    bot__jo_i64(&o, "expected", gap->gap.expected);
    bot__jo_i64(&o, "got", gap->gap.got);
    if (gap->gap.checksum) bot__jo_bool(&o, "checksum", true);
    bot__jo_i64(&o, "line", (int64_t)r->lines);
    print_object(&o);
}

static void print_unreadable(void *user_data, uint64_t line, int err)
{
    char buf[512];
    struct json_out o;
    const struct rebuild *r = user_data;
    bot__jo_init(&o, buf, sizeof buf);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "event", "error");
    bot__jo_str(&o, "venue", r->venue->name);
    bot__jo_i64(&o, "line", (int64_t)line);
    bot__jo_str(&o, "code", bot_err_name(err));
    bot__jo_str(&o, "detail", err == BOT_ERR_NOT_FOUND ? "a snapshot that names no instrument, among several" : bot_strerror(err));
    print_object(&o);
}

static void print_side(struct json_out *o, const char *key, const struct book_side *side, uint32_t depth)
{
    bot__jo_array(o, key);
    for (uint32_t i = 0; i < depth; i++) {
        const bot_level *l = bot__book_level(side, i);
        char text[LEVEL_TEXT_MAX];
        if (l == NULL)
            break;
        bot__jo_array(o, NULL);
        bot__jo_strn(o, NULL, text, bot__level_format(l->price_coef, l->price_scale, text));
        bot__jo_strn(o, NULL, text, bot__level_format(l->qty_coef, l->qty_scale, text));
        bot__jo_array_end(o);
    }
    bot__jo_array_end(o);
}

static bool named_twice(const struct rebuild *r, const struct rebuilt *b)
{
    for (size_t i = 0; i < r->books_n; i++)
        if (r->books[i] != b && bot__symbol_eq(&r->books[i]->instrument, &b->instrument))
            return true;
    return false;
}

static bool print_books(const struct rebuild *r, uint32_t depth)
{
    const size_t size = 1024 + (size_t)depth * 2 * 64;
    char *buf = malloc(size);
    if (buf == NULL)
        return false;
    for (size_t i = 0; i < r->books_n; i++) {
        const struct rebuilt *b = r->books[i];
        struct json_out o;
        bot__jo_init(&o, buf, size);
        bot__jo_object(&o, NULL);
        bot__jo_str(&o, "event", "book");
        bot__jo_str(&o, "venue", r->venue->name);
        bot__jo_strn(&o, "instrument", b->instrument.s, b->instrument.len);
        if (named_twice(r, b)) bot__jo_str(&o, "connection", b->connection);
        print_side(&o, "bids", &b->book.bids, depth);
        print_side(&o, "asks", &b->book.asks, depth);
        bot__jo_i64(&o, "gaps", (int64_t)b->book.gaps);
        if (b->checksums > 0) bot__jo_i64(&o, "checksums", (int64_t)b->checksums);
        if (b->book.state != BOOK_SYNCED) bot__jo_bool(&o, "synced", false);
        print_object(&o);
    }
    free(buf);
    return true;
}

static int rebuild_all(struct rebuild *r, FILE *in, const char *path, uint32_t depth)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    bool fine = true;
    while (fine && (n = getline(&line, &size, in)) >= 0) {
        size_t len = (size_t)n;
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r')) len--;
        fine = rebuild_line(r, line, len);
    }
    free(line);
    rebuild_end(r);
    if (!fine || !print_books(r, depth)) {
        fprintf(stderr, "botctl book: out of memory\n");
        return EXIT_FOUND_WRONG;
    }
    if (ferror(in)) {
        botctl_perror("book", path);
        return EXIT_FOUND_WRONG;
    }
    return r->gaps > 0 || r->unreadable > 0 ? EXIT_FOUND_WRONG : 0;
}

static int run(int argc, char **argv)
{
    const char *path = NULL, *depth_text = "10", *venue_name = NULL;
    for (int i = 1; i < argc; i++) {
        const char **to = strcmp(argv[i], "--venue") == 0 ? &venue_name : strcmp(argv[i], "--depth") == 0 ? &depth_text : NULL;
        if (to != NULL) {
            if (++i == argc)
                return botctl_usage("book", "%s needs a value", argv[i - 1]);
            *to = argv[i];
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            return botctl_usage("book", "there is no option '%s'", argv[i]);
        } else if (path != NULL) {
            return botctl_usage("book", "one file at a time; '%s' is too many", argv[i]);
        } else {
            path = argv[i];
        }
    }
    if (venue_name == NULL)
        return botctl_usage("book", "which venue? give --venue NAME");
    char *end;
    const unsigned long depth = strtoul(depth_text, &end, 10);
    if (*end != '\0' || depth_text[0] < '0' || depth_text[0] > '9' || depth == 0 || depth > 20000)
        return botctl_usage("book", "--depth is a number from 1 to 20000");
    struct rebuild r = { .venue = botctl_venue("book", venue_name), .on_gap = print_gap, .on_unreadable = print_unreadable };
    if (r.venue == NULL)
        return EXIT_USAGE;
    r.user_data = &r;
    FILE *in = botctl_open_input("book", path);
    if (in == NULL)
        return EXIT_FOUND_WRONG;
    int status = EXIT_FOUND_WRONG;
    if (!rebuild_init(&r))
        fprintf(stderr, "botctl book: out of memory\n");
    else
        status = rebuild_all(&r, in, path, (uint32_t)depth);
    rebuild_done(&r);
    if (in != stdin)
        fclose(in);
    return status;
}

const struct command command_book = {
    .name = "book",
    .synopsis = "--venue NAME [--depth 10] [FILE|-]",
    .summary = "raw book messages -> the books at the end, and the gaps on the way",
    .help = "Reads a venue's messages, one a line in order of arrival: snapshots and deltas of any number of\n"
            "instruments, REST snapshots among them, other messages passed over. Besides bare messages it reads\n"
            "`TIME MESSAGE`, `TIME: MESSAGE`, `TIME TAB < TAB MESSAGE`, `URL -> TIME: BODY`, and objects\n"
            "{\"t\":\"recv\",\"data\":\"...\"}. A snapshot that names no instrument takes it from the URL, or is that of\n"
            "the only instrument there is.\n\n"
            "Prints {\"event\":\"gap\",...} where the venue's sequence or a non-zero checksum breaks, at the end one\n"
            "{\"event\":\"book\",...} an instrument with the venue's own price texts, best first. \"synced\":false\n"
            "marks a book that had no snapshot, or none since its last gap. Exit status 1: a gap or an unreadable\n"
            "line was found.\n",
    .run = run,
};
