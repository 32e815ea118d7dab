/* Any bytes as a configuration of the watch, or as a fault script of the paper exchange: refused with a place, or taken whole. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "bot/err.h"
#include "sim/faults.h"
#include "watch/config.h"

static void *take(void *self, size_t size) { (void)self; return calloc(1, size); }
static void give(void *self, void *p) { (void)self; free(p); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    char why[WATCH_WHY_MAX] = "";
    char *text = malloc(size);
    if (text == NULL) return 0;
    memcpy(text, data + 1, size - 1);
    if ((data[0] & 1) == 0) {
        struct watch_config c = { 0 };
        const int r = watch_config_parse("f", text, size - 1, &c, why);
        BOT_ASSERT(r == BOT_OK || r == BOT_ERR_OPTIONS);
        if (r == BOT_OK) {
            BOT_ASSERT(c.accounts_n > 0 && c.http.listen != NULL);
            BOT_ASSERT(!watch_config_needs_restart(&c, &c));
            watch_config_free(&c);
        } else {
            BOT_ASSERT(strncmp(why, "f:", 2) == 0 && c.accounts == NULL);
        }
    } else {
        struct faults f;
        const struct sim_alloc alloc = { .alloc = take, .release = give };
        if (bot__faults_init(&f, alloc, 1, 0) == 0) {
            const int r = bot__faults_parse(&f, text, size - 1, why, sizeof why);
            BOT_ASSERT(r == 0 || (f.n == 0 && why[0] != '\0'));
            for (int64_t t = 0; t < 100 * BOT_NS_PER_S; t += 7 * BOT_NS_PER_S)
                (void)bot__faults_next(&f, t);
            bot__faults_done(&f);
        }
    }
    free(text);
    return 0;
}
