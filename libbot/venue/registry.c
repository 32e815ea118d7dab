#include "venue/registry.h"

#include <string.h>

#include "venue/venue.h"

/* X(name): the folder venue/<name>/ exports bot__venue_<name>. */
#define X(name) extern const struct venue bot__venue_##name;
BOT_VENUE_LIST(X)
#undef X

static const struct venue *const venues[] = {
#define X(name) &bot__venue_##name,
    BOT_VENUE_LIST(X)
#undef X
    NULL,
};

const struct venue *bot__venue_at(uint32_t i) { return i < sizeof venues / sizeof *venues ? venues[i] : NULL; }

const struct venue *bot__venue_find(const char *name)
{
    for (const struct venue *const *v = venues; *v != NULL; v++)
        if (strcmp((*v)->name, name) == 0)
            return *v;
    return NULL;
}

/* An address stands for the account, and reads are not signed. */
bool bot__venue_has_secret(const struct venue *v) { return strcmp(v->name, "hyperliquid") != 0; }
bool bot__venue_has_passphrase(const struct venue *v) { return strcmp(v->name, "okx") == 0; }
