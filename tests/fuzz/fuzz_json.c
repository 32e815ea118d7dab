/* Any bytes through the strict reader: nothing outside of them is touched, both paths agree, and what it accepts cJSON accepts, too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/assert.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    char *text = malloc(size); /* of just this size: a sanitizer sees one byte too far */
    if (text == NULL) return 0;
    memcpy(text, data, size);
    struct json j;
    bot__json_init(&j, text, size);
    bot__json_skip(&j);
    const int r = bot__json_end(&j);
    BOT_ASSERT(r <= 0);
    if (r == BOT_OK) {
        cJSON *doc = cJSON_ParseWithLength(text, size);
        BOT_ASSERT(doc != NULL);
        cJSON_Delete(doc);
    }
    /* A document cut anywhere is never whole. */
    if (r == BOT_OK && (text[0] == '{' || text[0] == '[')) {
        size_t end = size;
        while (end > 0 && strchr(" \t\r\n", text[end - 1]) != NULL && text[end - 1] != '\0') end--;
        const size_t cut = end > 1 ? data[size / 2] % (end - 1) + 1 : 0;
        char *part = malloc(cut + 1);
        if (part != NULL) {
            memcpy(part, text, cut);
            bot__json_init(&j, part, cut);
            bot__json_skip(&j);
            BOT_ASSERT(cut == end || bot__json_end(&j) != BOT_OK);
        }
        free(part);
    }
    free(text);
    return 0;
}
