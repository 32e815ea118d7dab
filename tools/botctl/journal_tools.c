#include "journal_tools.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "botctl.h"

/* Below it a number is no moment of any journal, but seconds, or a date without its dashes. */
#define UNIX_MS_MIN INT64_C(100000000000)

static bool parse_time(const char *text, int64_t *ret_ns)
{
    char *end;
    char midnight[] = "0000-00-00T00:00:00Z";
    if (strlen(text) == 10 && text[4] == '-')
        memcpy(midnight, text, 10), text = midnight;
    if (bot__iso_parse(text, strlen(text), ret_ns) == BOT_OK)
        return true;
    const long long ms = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || ms < 0 || (ms > 0 && ms < UNIX_MS_MIN) || ms > INT64_C(9000000000000))
        return false;
    *ret_ns = ms * BOT_NS_PER_MS;
    return true;
}

static bool parse_count(const char *text, uint64_t *ret)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0 && *ret != UINT64_MAX;
}

int journal_args_read(const char *name, const char *allowed, int argc, char **argv, struct journal_args *ret)
{
    *ret = (struct journal_args){ .from_ns = INT64_MIN, .to_ns = INT64_MAX, .record = UINT64_MAX, .last = UINT64_MAX };
    static const struct { const char *option; char letter; } valued[] = {
        { "--from", 'f' }, { "--to", 't' }, { "--at", 'a' }, { "--record", 'r' }, { "-n", 'n' },
    };
    const char *form = NULL, *where = NULL;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        char letter = 0;
        for (size_t k = 0; k < sizeof valued / sizeof *valued; k++)
            if (strcmp(a, valued[k].option) == 0)
                letter = valued[k].letter;
        if (letter != 0 && strchr(allowed, letter) != NULL) {
            const bool good = value != NULL && (letter == 'f' ? parse_time(value, &ret->from_ns)
                                                : letter == 't' || letter == 'a' ? parse_time(value, &ret->to_ns)
                                                : parse_count(value, letter == 'r' ? &ret->record : &ret->last));
            if (!good && value != NULL && strchr("fta", letter) != NULL && strspn(value, "0123456789") == strlen(value) && *value != '\0')
                return botctl_usage(name, "%s: as milliseconds '%s' is no time of a journal: are these seconds, or is it a date (2026-09-17)?", a, value);
            if (!good)
                return botctl_usage(name, "%s needs a %s", a, letter == 'r' || letter == 'n' ? "number" :
                                    "time (2026-09-17T06:00:00Z, 2026-09-17 or Unix milliseconds)");
            /* --from and --to make a window; every other pair would name two places to begin. */
            if (where != NULL && !(letter == 't' && strcmp(where, "--from") == 0) && !(letter == 'f' && strcmp(where, "--to") == 0))
                return botctl_usage(name, "%s or %s?", where, a);
            where = a;
            i++;
        } else if ((strcmp(a, "--csv") == 0 || strcmp(a, "--json") == 0) && strchr(allowed, 'c') != NULL) {
            if (form != NULL)
                return botctl_usage(name, "%s or %s?", form, a);
            form = a;
            ret->csv = a[2] == 'c';
        } else if (strcmp(a, "-f") == 0 && strchr(allowed, 'w') != NULL) {
            ret->follow = true;
        } else if (strcmp(a, "--brief") == 0 && strchr(allowed, 'b') != NULL) {
            ret->brief = true;
        } else if (a[0] == '-' && a[1] != '\0') {
            return botctl_usage(name, "there is no option '%s'", a);
        } else if (ret->path == NULL) {
            ret->path = a;
        } else if (ret->path_other == NULL && strchr(allowed, '2') != NULL) {
            ret->path_other = a;
        } else {
            return botctl_usage(name, "one path too many: %s", a);
        }
    }
    if (ret->path == NULL)
        return botctl_usage(name, "which journal?");
    if (ret->from_ns > ret->to_ns)
        return botctl_usage(name, "--from lies behind --to");
    return 0;
}

bot_journal_reader *journal_tool_open(const char *name, const char *path)
{
    bot_journal_reader *reader;
    bot_journal_place why;
    int e = bot_journal_open_read(path, NULL, NULL, &reader, &why);
    if (e == BOT_OK)
        return reader;
    fprintf(stderr, "botctl %s: %s\n", name, why.text[0] != '\0' ? why.text : bot_strerror(e));
    return NULL;
}

uint64_t journal_tool_header(const char *name, bot_journal_reader *reader)
{
    bot_journal_item item;
    bot_journal_place place;
    if (bot_journal_next(reader, &item, &place) >= 0 || place.damage != BOT_DAMAGE_HEADER)
        return 0;
    fprintf(stderr, "botctl %s: %s\n", name, place.text);
    return 1;
}

bool journal_tool_core(const char *name, const char *path, bot_journal_reader *reader, uint64_t record, struct journal_core *ret)
{
    int e = bot__journal_core_open(ret, NULL, path, reader, record);
    if (e == BOT_OK)
        return true;
    const char *what = e == BOT_ERR_NOT_FOUND ? "it holds no options of a run, so its decisions cannot be made again; `botctl tail` prints its events"
                     : e == BOT_ERR_UNSUPPORTED ? "it was written under a rule that this version does not know; use the version that wrote it or a later one"
                     : bot_strerror(e);
    fprintf(stderr, "botctl %s: %s: %s\n", name, path, what);
    return false;
}

uint64_t journal_tool_guessed(const char *name, const struct journal_core *jc)
{
    if (!jc->older.guessed)
        return 0;
    fprintf(stderr, "botctl %s: whether some fills had been known before could not be looked up in the journal's files: they were taken for known, "
                    "and if they were not, they are missing here\n", name);
    return 1;
}

void journal_tool_line(struct json_out *o)
{
    if (bot__jo_end(o) < 0) {
        fprintf(stderr, "botctl: a line was too long to print\n");
        return;
    }
    puts(o->buf);
}

void journal_tool_damage(const bot_journal_place *place)
{
    char buf[1024];
    struct json_out o;
    bot__jo_init(&o, buf, sizeof buf);
    bot__jo_object(&o, NULL);
    bot__jo_str(&o, "damage", bot_damage_name(place->damage));
    bot__jo_i64(&o, "segment", place->segment);
    bot__jo_i64(&o, "offset", (int64_t)place->offset);
    bot__jo_i64(&o, "record", (int64_t)place->record);
    if (place->records > 0)
        bot__jo_i64(&o, "records", (int64_t)place->records);
    bot__jo_str(&o, "detail", place->text);
    bot__jo_object_end(&o);
    journal_tool_line(&o);
}

const char *journal_tool_fixed(bot_i128 v)
{
    static char slots[8][BOT_DEC_TEXT_MAX];
    static unsigned next;
    char *buf = slots[next++ % 8];
    bot_fixed_format(v, buf);
    return buf;
}

#define WORD(table, i) ((size_t)(i) < sizeof(table) / sizeof *(table) ? (table)[i] : "?")

const char *journal_tool_read(bot_read_kind read)
{
    static const char *const words[] = { "nothing", "time", "instruments", "positions", "fills", "open orders", "order", "balance", "book", "status", "mode" };
    _Static_assert(sizeof words / sizeof *words == BOT_READ_KIND_COUNT, "a read has no name");
    return WORD(words, read);
}

const char *journal_tool_outcome(bot_outcome outcome)
{
    static const char *const words[] = { "", "ok", "not sent", "rejected", "unknown", "timed out", "rate-limited", "banned", "in maintenance",
                                         "refused for the clock", "refused for the key", "not found", "unreadable" };
    return WORD(words, outcome);
}

const char *journal_tool_stream(bot_stream stream)
{
    static const char *const words[] = { "private", "public", "trade", "public_2" };
    _Static_assert(sizeof words / sizeof *words == BOT_STREAM_COUNT, "a stream has no name");
    return WORD(words, stream);
}
