/* Bybit v5: what a return code means for the call that it answers (documentation, "Error Codes"). */
#include "venue/bybit/bybit.h"

/* Answers of the order system and the checks before it. Not among them: 110030 and 110072 (an order of that id exists: it may be
 * ours, told of twice), 10014 and 20006 (a request that came before), 110079 ("being processed"). */
static const struct code_span refusals[] = {
    { 10001, 10001 }, { 10008, 10008 }, { 10017, 10017 }, { 10027, 10027 },   { 10404, 10404 },   { 100028, 100028 },
    { 110001, 110029 }, { 110031, 110071 }, { 110073, 110078 }, { 110080, 110126 },
    { 170115, 170138 }, { 170140, 170140 }, { 170148, 170148 }, { 170193, 170199 }, /* of spot */
};

bot_outcome bot__bybit_outcome(int64_t code, enum venue_call call)
{
    switch (code) {
    case 0: return BOT_OUTCOME_OK;
    case 10002: return BOT_OUTCOME_CLOCK;
    case 10003: case 10004: case 10005: case 10007: case 10009: case 10010: case 10024: case 10028: case 10029: case 33004:
        return BOT_OUTCOME_AUTH;
    case 10006: case 10018: case 10403: case 10429: case 429: case 20003: return BOT_OUTCOME_LIMITED;
    case 10000: case 10016: case 5004: /* timeout, server error: an order's state is not known by this */
        return BOT_OUTCOME_UNKNOWN;
    case 10019: return BOT_OUTCOME_MAINTENANCE; /* the socket's service restarts: takes no new request */
    case 110023: return BOT_OUTCOME_MAINTENANCE; /* "Currently you can only reduce your positions" */
    case 110001: case 170213: return call == VENUE_CALL_SUBMIT ? BOT_OUTCOME_REJECTED : BOT_OUTCOME_NOT_FOUND;
    default: return bot__code_outcome(call, code, refusals, sizeof refusals / sizeof *refusals);
    }
}
