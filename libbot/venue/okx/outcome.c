/* OKX v5: what a code means for the call that it answers. */
#include "venue/okx/okx.h"

bool bot__okx_code(struct slice text, int64_t *ret_code)
{
    size_t n = 0;
    while (n < text.len && text.p[n] != '_')
        n++;
    return bot__text_i64((struct slice){ text.p, n }, ret_code);
}

/* Codes of the documentation that refuse: parameters and accounts (50xxx), orders (51xxx: placing, canceling, amending), trading
 * modes (54xxx), requests over the socket (60xxx). Not among them: 51011 and 51016 (an order of that id exists: it may be ours,
 * told of twice), 51054 ("timed out"), 51410 ("being canceled"). */
static const struct code_span refusals[] = {
    { 50000, 50000 }, { 50002, 50002 }, { 50006, 50010 }, { 50012, 50012 }, { 50014, 50016 }, { 50024, 50025 }, { 50027, 50039 },
    { 50041, 50041 }, { 50115, 50115 }, { 51000, 51010 }, { 51012, 51015 }, { 51017, 51053 }, { 51055, 51148 }, { 51150, 51299 },
    { 51300, 51399 }, { 51403, 51409 }, { 51411, 51412 }, { 51500, 51502 }, { 51504, 51508 }, { 51511, 51515 }, { 54000, 54011 },
    { 60012, 60013 }, { 60018, 60018 },
};

bot_outcome bot__okx_outcome(int64_t code, enum venue_call call)
{
    switch (code) {
    case 0:
        return BOT_OUTCOME_OK;
    case 50011: case 50040: case 50061: case 60014:
        return BOT_OUTCOME_LIMITED;
    case 50005: /* API off line */
        return BOT_OUTCOME_MAINTENANCE;
    case 50001: /* "Service temporarily unavailable", with HTTP 503: what had gone through by then is not said */
        return bot__call_moves(call) ? BOT_OUTCOME_UNKNOWN : BOT_OUTCOME_MAINTENANCE;
    case 50102: case 50112: case 60004: case 60006:
        return BOT_OUTCOME_CLOCK;
    case 50119: case 50120: case 60005: case 60007: case 60008: case 60009: case 60011: case 60024:
        return BOT_OUTCOME_AUTH;
    case 51400: case 51401: case 51402: case 51503: case 51509: case 51510: case 51603:
        return BOT_OUTCOME_NOT_FOUND;
    /* The venue lost track: 50004 and 51149 are time-outs, 50013 busy, 50026 and 63999 internal errors, 500 a web server's. */
    case 500: case 50000 + 4: case 50013: case 50026: case 51149: case 63999: case 64007:
        return bot__call_moves(call) ? BOT_OUTCOME_UNKNOWN : BOT_OUTCOME_MALFORMED;
    default:
        break;
    }
    if (code >= 50100 && code <= 50114)
        return BOT_OUTCOME_AUTH;
    /* 1 and 2, all or some rows failed, are none of the list: the rows say how, and where there are none nothing is said. */
    return bot__code_outcome(call, code, refusals, sizeof refusals / sizeof *refusals);
}

uint32_t bot__okx_scope(enum venue_call call)
{
    switch (call) {
    case VENUE_CALL_SUBMIT: return OKX_SCOPE_PLACE;
    case VENUE_CALL_AMEND: return OKX_SCOPE_AMEND;
    case VENUE_CALL_CANCEL:
    case VENUE_CALL_CANCEL_BATCH: return OKX_SCOPE_CANCEL;
    case VENUE_CALL_DEAD_MAN: return OKX_SCOPE_DEAD_MAN;
    case VENUE_CALL_FILLS: return OKX_SCOPE_FILLS;
    case VENUE_CALL_OPEN_ORDERS:
    case VENUE_CALL_ORDER: return OKX_SCOPE_ORDERS;
    case VENUE_CALL_TIME:
    case VENUE_CALL_INSTRUMENTS:
    case VENUE_CALL_BOOK:
    case VENUE_CALL_PUBLIC_TRADES:
    case VENUE_CALL_STATUS: return OKX_SCOPE_PUBLIC;
    default: return OKX_SCOPE_ACCOUNT;
    }
}
