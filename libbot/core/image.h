/* core/image.h: a core as bytes, for whoever keeps its state (journal/checkpoint.h).
 *
 * All of a core is in the one block of memory that it was given, and two cores of the same options after the same events are
 * equal in it byte by byte, but for pointers and callbacks. Those are set by init and never change; what the last step left
 * behind (effects that point into the core, a key that points to its event, the refusal) can be dropped. */
#ifndef BOT_CORE_IMAGE_H
#define BOT_CORE_IMAGE_H

#include "bot/core.h"

/* The effects of the last step, its refusal and all that it borrowed are gone, and no trace of them is left in the memory. */
void bot__core_drop_effects(bot_core *core);
/* bot_core_step for whoever replays and carries nothing out: the same in all but the effects, of which there are none to be seen. */
int bot__core_step_quietly(bot_core *core, const bot_event *ev);
/* Venue time of the newest fill or proof; 0: none. */
int64_t bot__core_history_end(const bot_core *core);
/* Its own copy of the options it was given, in its memory: what lies between the fields there is the giver's. */
const bot_core_options *bot__core_options(const bot_core *core);

#endif
