#include "watch_kit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

struct server *hook;
char got[200][700];
int got_n, refuse_first;
const char *last_path, *refuse_text;
bool hang;
uint64_t hung;
char config_text[16384];

void config_add(const char *format, ...)
{
    va_list ap;
    const size_t n = strlen(config_text);
    va_start(ap, format);
    const int more = vsnprintf(config_text + n, sizeof config_text - n, format, ap);
    va_end(ap);
    ck_assert(more >= 0 && (size_t)more < sizeof config_text - n);
}

static void on_request(void *user_data, uint64_t token, const struct server_request *rq)
{
    (void)user_data;
    static char path[200];
    snprintf(path, sizeof path, "%s", rq->path);
    last_path = path;
    if (hang) {
        hang = false;
        hung = token;
        return;
    }
    if (refuse_first > 0) {
        refuse_first--;
        (void)bot__server_answer(hook, token, &(struct server_answer){ .status = 503 });
        return;
    }
    if (refuse_text != NULL && rq->body.len > 0 && memmem(rq->body.p, rq->body.len, refuse_text, strlen(refuse_text)) != NULL) {
        (void)bot__server_answer(hook, token, &(struct server_answer){ .status = path[1] == '4' || path[1] == '5' ? atoi(path + 1) : 503 });
        return;
    }
    ck_assert_int_lt(got_n, 200);
    snprintf(got[got_n++], sizeof got[0], "%.*s", (int)rq->body.len, rq->body.p);
    (void)bot__server_answer(hook, token, &(struct server_answer){ .status = 200, .body = { "{}", 2 } });
}

void open_hook(uv_loop_t *loop)
{
    static const struct server_callbacks callbacks = { .request = on_request };
    ck_assert_int_eq(bot__server_open(loop, &(struct server_options){ .port = 0 }, &callbacks, NULL, &hook), 0);
}
