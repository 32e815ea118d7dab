#include "session/state.h"

#include <stdarg.h>
#include <stdio.h>

void bot__session_log(struct session *s, int level, const char *name, const char *format, ...)
{
    if (s->host.log == NULL)
        return;
    char text[256];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    s->host.log(s->host.self, level, name, text);
}

uint64_t bot__session_random(struct session *s)
{
    uint64_t z = (s->rng += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

bool bot__session_wants(const struct session *s, const bot_symbol *symbol)
{
    for (uint32_t i = 0; i < s->wanted_n; i++)
        if (bot__symbol_eq(&s->wanted[i], symbol))
            return true;
    return false;
}

void bot__session_want(struct session *s, const bot_symbol *symbol)
{
    if (symbol->len != 0 && !bot__session_wants(s, symbol) && s->wanted_n < sizeof s->wanted / sizeof *s->wanted)
        s->wanted[s->wanted_n++] = *symbol;
}
