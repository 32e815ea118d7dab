/* tests/lib/journal_story.h: a few minutes of a bot's life as events, made by a core and a venue that answers it. */
#ifndef TESTS_JOURNAL_STORY_H
#define TESTS_JOURNAL_STORY_H

#include "bot/core.h"
#include "bot/decimal.h"
#include "harness.h"

/* What the story's core is told to be. */
void story_options(bot_core_options *ret);
/* Memory for a core, aligned and zeroed; free with free(*ret_block). */
bot_core *story_core(const bot_core_options *o, bot_ts now, void **ret_block);
/* Events of the story, at most max, first ts `begin`. Returns how many. In it orders are sent, filled in part, refused; reads
 * agree, come late, come old; the private stream is lost once. At its end there is a position and a working order. */
unsigned story_make(bot_event *events, unsigned max, bot_ts begin);

/* All that a restart must bring back, as text to compare and to read. */
void story_state(const bot_core *core, bot_ts now, char *buf, size_t size);

#endif
