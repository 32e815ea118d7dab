/* bot/bot.h: everything. See account.h to write a bot, core.h to bring your own transport. */
#ifndef BOT_BOT_H
#define BOT_BOT_H

#include "account.h"
#include "core.h"
#include "decimal.h"
#include "err.h"
#include "event.h"
#include "gate.h"
#include "journal.h"
#include "types.h"

#endif
