/* tests/lib/journal_events.h: events of every kind with every field filled, from a seed. */
#ifndef TESTS_JOURNAL_EVENTS_H
#define TESTS_JOURNAL_EVENTS_H

#include "bot/core.h"
#include "harness.h"

/* Zeroed first, so that two equal events are equal bytes. */
void test_event_random(test_rng *rng, bot_event_kind kind, bot_event *ret);
/* False for TRADE, BOOK and CONTROL, which a journal does not hold. */
bool test_event_is_journaled(bot_event_kind kind);
/* A fill of `qty` * 0.001 at price, exec id "x<number>". */
void test_event_fill(unsigned long long number, bot_ts ts, bot_event *ret);
/* What a fill is known by; good until the next call. */
const bot_exec_key *test_exec(const bot_event *fill);

#endif
