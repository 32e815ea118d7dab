#include "io/shared_budget.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/io_loop_private.h"

struct part {
    char    *key; /* kept after its last user has gone: the venue still counts what it sent */
    unsigned users;
};

struct shared_budget {
    struct shared_budget *next;
    const struct venue   *venue;
    char                 *rest_url;
    void                 *memory;
    struct budget        *budget;
    struct part           parts[SHARED_BUDGET_KEYS_MAX];
    unsigned              users;
};

static void *aligned(void *raw) { return (void *)(((uintptr_t)raw + 63) & ~(uintptr_t)63); }

void bot__shared_budgets_free(struct io_loop *io)
{
    while (io->budgets != NULL) {
        struct shared_budget *b = io->budgets;
        BOT_ASSERT(b->users == 0);
        io->budgets = b->next;
        for (size_t i = 0; i < SHARED_BUDGET_KEYS_MAX; i++)
            free(b->parts[i].key);
        free(b->memory);
        free(b->rest_url);
        free(b);
    }
}

static struct shared_budget *make(const struct venue *venue, const char *rest_url, struct session_time now)
{
    struct budget_options o;
    bot__budget_options_init(&o);
    o.accounts_max = SHARED_BUDGET_KEYS_MAX;
    o.zeroed = true;
    o.utc_ns = now.wall_ns - now.now;
    struct budget_scope scopes[BUDGET_SCOPES_MAX];
    const uint32_t n = bot__venue_budget_scopes(venue, scopes);
    const size_t size = bot__budget_size(&o, scopes, n);
    BOT_ASSERT(size != 0);
    struct shared_budget *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->venue = venue;
    b->rest_url = strdup(rest_url);
    b->memory = calloc(1, size + 64); /* 2.3 MB, of which one account uses a sixteenth */
    if (b->rest_url == NULL || b->memory == NULL) {
        free(b->memory);
        free(b->rest_url);
        free(b);
        return NULL;
    }
    b->budget = bot__budget_init(aligned(b->memory), &o, scopes, n, now.now);
    return b;
}

/* The part of that key: its own, else a free one, else one whose users have gone, else the last. NULL: no memory. */
static struct part *part_of(struct shared_budget *b, const char *key)
{
    struct part *unused = NULL, *left = NULL;
    for (size_t i = 0; i < SHARED_BUDGET_KEYS_MAX; i++) {
        struct part *p = &b->parts[i];
        if (p->key != NULL && strcmp(p->key, key) == 0)
            return p;
        if (p->key == NULL && unused == NULL)
            unused = p;
        if (p->key != NULL && p->users == 0 && left == NULL)
            left = p;
    }
    struct part *p = unused != NULL ? unused : left;
    if (p == NULL)
        return &b->parts[SHARED_BUDGET_KEYS_MAX - 1];
    char *copy = strdup(key);
    if (copy == NULL)
        return NULL;
    free(p->key);
    p->key = copy;
    return p;
}

int bot__shared_budget_acquire(struct io_loop *io, const struct venue *venue, const char *rest_url, const char *key, struct session_time now,
                               struct shared_budget **ret, uint32_t *ret_account)
{
    *ret = NULL;
    *ret_account = 0;
    if (venue->scopes_n == 0)
        return BOT_OK;
    struct shared_budget *b = io->budgets;
    while (b != NULL && (b->venue != venue || strcmp(b->rest_url, rest_url) != 0))
        b = b->next;
    if (b == NULL) {
        b = make(venue, rest_url, now);
        if (b == NULL)
            return BOT_ERR_NOMEM;
        b->next = io->budgets;
        io->budgets = b;
    }
    struct part *p = part_of(b, key);
    if (p == NULL)
        return BOT_ERR_NOMEM;
    p->users++;
    b->users++;
    *ret = b;
    *ret_account = (uint32_t)(p - b->parts);
    return BOT_OK;
}

struct budget *bot__shared_budget_of(struct shared_budget *b) { return b != NULL ? b->budget : NULL; }

void bot__shared_budget_release(struct io_loop *io, struct shared_budget *b, uint32_t account)
{
    (void)io; /* what was sent still counts at the venue: it stays until the loop's last user leaves */
    if (b == NULL)
        return;
    BOT_ASSERT(b->users > 0 && b->parts[account].users > 0);
    b->users--;
    b->parts[account].users--;
}
