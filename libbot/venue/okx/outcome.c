/* OKX v5: what a code means for the call that it answers. */
#include "venue/okx/okx.h"

bool bot__okx_code(struct slice text, int64_t *ret_code)
{
    size_t n = 0;
    while (n < text.len && text.p[n] != '_')
        n++;
    return bot__text_i64((struct slice){ text.p, n }, ret_code);
}

bot_outcome bot__okx_outcome(int64_t code, enum venue_call call)
{
    switch (code) {
    case 0:
        return BOT_OUTCOME_OK;
    case 50011: case 50040: case 50061: case 60014:
        return BOT_OUTCOME_LIMITED;
    case 50001: /* matching engine upgrading */
        return BOT_OUTCOME_MAINTENANCE;
    case 50102: case 50112: case 60004: case 60006:
        return BOT_OUTCOME_CLOCK;
    case 50119: case 50120: case 60005: case 60007: case 60008: case 60009: case 60011: case 60024:
        return BOT_OUTCOME_AUTH;
    case 51400: case 51401: case 51402: case 51503: case 51509: case 51510: case 51603:
        return BOT_OUTCOME_NOT_FOUND;
    case 1: case 2: /* all or some rows failed: the rows say how */
        return BOT_OUTCOME_REJECTED;
    /* The venue lost track: 50004 and 51149 are time-outs, 50013 busy, 50026 and 63999 internal errors, 500 a web server's. */
    case 500: case 50000 + 4: case 50013: case 50026: case 51149: case 63999: case 64007:
        return bot__call_moves(call) ? BOT_OUTCOME_UNKNOWN : BOT_OUTCOME_MALFORMED;
    default:
        break;
    }
    if (code >= 50100 && code <= 50114)
        return BOT_OUTCOME_AUTH;
    return BOT_OUTCOME_REJECTED;
}
