#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

#include "bot/err.h"

static void (*fatal_handler)(const char *what, void *user_data);
static void *fatal_user_data;

void bot_set_on_fatal(void (*on_fatal)(const char *what, void *user_data), void *user_data)
{
    fatal_user_data = user_data;
    fatal_handler = on_fatal;
}

void bot__assert_failed(const char *expression, const char *file, int line)
{
    char text[256];
    snprintf(text, sizeof text, "libbot: %s:%d: broken invariant: %s", file, line, expression);
    if (fatal_handler != NULL)
        fatal_handler(text, fatal_user_data);
    else
        (void)dprintf(2, "%s\n", text); /* past stdio's buffers and locks: somebody may hold them */
    abort();
}
