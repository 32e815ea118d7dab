/* Client ids: "b", the session, the bot, a counter, in base 36: letters and digits only, 18 characters, within the rules of every
 * venue that has client ids. The session (wall ms at start) makes them unique across restarts. */
#include "core/state.h"

#include <string.h>

#define CLIENT_SESSION_DIGITS 9
#define CLIENT_SEQ_DIGITS 7
#define CLIENT_ID_LEN (1 + CLIENT_SESSION_DIGITS + 1 + CLIENT_SEQ_DIGITS)
static const char BASE36[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static void put_base36(char *end, int digits, uint64_t v)
{
    while (digits-- > 0) {
        *--end = BASE36[v % 36];
        v /= 36;
    }
}

bot_id bot_core_next_client_id(bot_core *core, uint32_t bot)
{
    bot_id id = { .len = CLIENT_ID_LEN };
    id.s[0] = 'b';
    put_base36(id.s + 1 + CLIENT_SESSION_DIGITS, CLIENT_SESSION_DIGITS, core->options.session_id);
    id.s[1 + CLIENT_SESSION_DIGITS] = BASE36[bot % 36];
    put_base36(id.s + CLIENT_ID_LEN, CLIENT_SEQ_DIGITS, core->client_seq);
    return id;
}

static int base36_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : -1;
}

uint32_t bot_core_client_id_bot(const bot_core *core, const bot_id *client_id)
{
    if (client_id->len != CLIENT_ID_LEN || client_id->s[0] != 'b')
        return ORDER_BOT_NONE;
    int bad = 0;
    for (int i = 1; i < CLIENT_ID_LEN; i++)
        bad |= base36_digit(client_id->s[i]);
    const int bot = base36_digit(client_id->s[1 + CLIENT_SESSION_DIGITS]);
    return bad >= 0 && (uint32_t)bot < core->options.bots_max ? (uint32_t)bot : ORDER_BOT_NONE;
}

static uint64_t seq_of(const bot_id *client_id)
{
    uint64_t seq = 0;
    for (int i = CLIENT_ID_LEN - CLIENT_SEQ_DIGITS; i < CLIENT_ID_LEN; i++)
        seq = seq * 36 + (uint64_t)base36_digit(client_id->s[i]);
    return seq;
}

/* By the ids themselves and not by the options: a replay has those of the last run for all of them. */
void bot__client_id_given(bot_core *core, const bot_id *client_id)
{
    struct orders *t = &core->orders;
    if (bot_core_client_id_bot(core, client_id) == ORDER_BOT_NONE)
        return;
    const uint64_t seq = seq_of(client_id);
    if (memcmp(t->session, client_id->s + 1, CLIENT_SESSION_DIGITS) != 0) {
        memcpy(t->session, client_id->s + 1, CLIENT_SESSION_DIGITS);
        t->remembered = seq;
    }
    t->issued = seq + 1;
}

bool bot__client_id_ended(const bot_core *core, const bot_id *client_id)
{
    const struct orders *t = &core->orders;
    if (bot_core_client_id_bot(core, client_id) == ORDER_BOT_NONE || memcmp(t->session, client_id->s + 1, CLIENT_SESSION_DIGITS) != 0)
        return false;
    const uint64_t seq = seq_of(client_id);
    return seq >= t->remembered && seq < t->issued;
}

void bot__client_ids_forgotten(bot_core *core) { core->orders.remembered = core->orders.issued; }
