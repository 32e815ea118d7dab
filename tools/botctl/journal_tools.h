/* What verify, replay, explain, export and tail share: opening a journal and saying why not, times on the command line. */
#ifndef BOTCTL_JOURNAL_TOOLS_H
#define BOTCTL_JOURNAL_TOOLS_H

#include "base/json.h"
#include "base/time_text.h"
#include "bot/journal.h"
#include "journal/replay.h"

struct journal_args {
    const char *path, *path_other;
    int64_t  from_ns, to_ns;   /* INT64_MIN, INT64_MAX when not given */
    uint64_t record;           /* UINT64_MAX when not given */
    uint64_t last;             /* tail -n; UINT64_MAX when not given */
    bool     csv, follow, brief;
};

/* Reads "--from T --to T --at T --record N --csv --json --brief -f -n N PATH [PATH]"; `allowed` lists the option letters that the
 * command takes: f(rom) t(o) a(t) r(ecord) c(sv/json) b(rief) w(-f) n, 2 (a second path). 0 or EXIT_USAGE after saying why.
 * T is "2026-09-17T06:00:00[.123]Z", "2026-09-17" or Unix milliseconds. */
int journal_args_read(const char *name, const char *allowed, int argc, char **argv, struct journal_args *ret);

/* NULL after saying why on standard error. */
bot_journal_reader *journal_tool_open(const char *name, const char *path);
/* Right after opening: 1 when the header of the first segment cannot be read, after saying so; what follows reads on behind it. */
uint64_t journal_tool_header(const char *name, bot_journal_reader *reader);
/* As bot__journal_core_open, with the words. */
bool journal_tool_core(const char *name, const char *path, bot_journal_reader *reader, uint64_t record, struct journal_core *ret);

/* At the end: 1, after saying so, when files were missing that would have told whether fills had been known before. */
uint64_t journal_tool_guessed(const char *name, const struct journal_core *jc);

/* The damage as a JSON line on standard output. */
void journal_tool_damage(const bot_journal_place *place);
/* One JSON line of what has been written into o: ends it and prints it. */
void journal_tool_line(struct json_out *o);

/* In words, "?" for what there is not; static. */
const char *journal_tool_read(bot_read_kind read);
const char *journal_tool_outcome(bot_outcome outcome);
const char *journal_tool_stream(bot_stream stream);

/* Text of a fixed-point number; static buffers, eight deep. */
const char *journal_tool_fixed(bot_i128 v);

#endif
