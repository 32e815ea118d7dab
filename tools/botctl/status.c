/* botctl status: what a running `botctl watch` knows, as text or JSON. */
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include <cjson/cJSON.h>

#include "botctl.h"
#include "io/http.h"
#include "io/url.h"
#include "io/io_loop.h"

struct fetch {
    uv_loop_t loop;
    struct io_loop *io;
    struct io_release release;
    struct http_client *http;
    char *body;
    size_t len;
    int  status;
    char error[200];
};

static void nothing(void *user_data) { (void)user_data; }

static void done(void *user_data, uint64_t id, const struct http_answer *a)
{
    struct fetch *f = user_data;
    (void)id;
    if (a->result != TRANSPORT_OK) {
        snprintf(f->error, sizeof f->error, "%s", a->error);
    } else {
        f->status = a->status;
        f->body = malloc(a->len + 1);
        if (f->body != NULL) memcpy(f->body, a->body, a->len + 1);
        f->len = a->len;
    }
    bot__http_close(f->http);
    bot__io_loop_release(f->io, &f->release);
}

static void fetch(struct fetch *f, const char *url, const char *ca_file, const char *token)
{
    (void)uv_loop_init(&f->loop);
    f->release.released = nothing;
    const struct http_options o = { .ca_file = ca_file, .body_bytes_max = 32u << 20 };
    int r = bot__io_loop_acquire(&f->loop, &f->io);
    if (r == 0 && (r = bot__http_open(f->io, &o, done, f, &f->http)) < 0)
        bot__io_loop_release(f->io, &f->release);
    if (r == 0) {
        struct venue_http *http = calloc(1, sizeof *http);
        if (http == NULL) abort();
        http->method = "GET";
        snprintf(http->path, sizeof http->path, "/api/status");
        if (token != NULL) {
            http->headers_n = 1;
            snprintf(http->headers[0].name, sizeof http->headers[0].name, "Authorization");
            snprintf(http->headers[0].value, sizeof http->headers[0].value, "Bearer %s", token);
        }
        r = bot__http_start(f->http, 1, url, http, (bot_ts)uv_hrtime() + 5 * BOT_NS_PER_S);
        free(http);
        if (r < 0) {
            bot__http_close(f->http);
            bot__io_loop_release(f->io, &f->release);
        }
    }
    if (r < 0) snprintf(f->error, sizeof f->error, "%s", r == BOT_ERR_INVALID ? "that is no http:// or https:// address" : bot_strerror(r));
    uv_run(&f->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&f->loop);
}

static const char *text(const cJSON *object, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(v) ? v->valuestring : "-";
}
static double number(const cJSON *object, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

/* Anything may answer with JSON; what is no document of ours must not read as "nothing is wrong". */
static bool is_status(const cJSON *root)
{
    return strcmp(text(root, "type"), "status") == 0 && (int)number(root, "version") == 1 &&
           cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(root, "accounts")) && cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(root, "alerts"));
}

/* True when something is wrong. */
static bool print(const cJSON *root)
{
    bool wrong = false;
    const double now = number(root, "now_ms");
    const cJSON *a, *x;
    cJSON_ArrayForEach(a, cJSON_GetObjectItemCaseSensitive(root, "accounts"))
    {
        printf("%s (%s): %s for %.0f s\n", text(a, "name"), text(a, "venue"), text(a, "state"), (now - number(a, "since_ms")) / 1000);
        cJSON_ArrayForEach(x, cJSON_GetObjectItemCaseSensitive(a, "reasons"))
        {
            printf("  shut: %s (%s, for %.0f s)\n", text(x, "text"), text(x, "reason"), (now - number(x, "since_ms")) / 1000);
            wrong = true;
        }
        cJSON_ArrayForEach(x, cJSON_GetObjectItemCaseSensitive(a, "instruments"))
        {
            printf("  %-16s %-5s self %-14s REST %-14s %s\n", text(x, "symbol"), text(x, "leg"), text(x, "qty"), text(x, "rest_qty"), text(x, "verdict"));
            wrong = wrong || strcmp(text(x, "verdict"), "DRIFT") == 0; /* also where no rule makes an alert of it */
        }
        cJSON_ArrayForEach(x, cJSON_GetObjectItemCaseSensitive(a, "streams"))
            printf("  stream %-9s %s\n", text(x, "name"), cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(x, "up")) ? "up" : "down");
        cJSON_ArrayForEach(x, cJSON_GetObjectItemCaseSensitive(a, "budget"))
            printf("  budget %-9s %.0f of %.0f in %.0f s\n", text(x, "name"), number(x, "used"), number(x, "limit"), number(x, "window_ms") / 1000);
    }
    cJSON_ArrayForEach(x, cJSON_GetObjectItemCaseSensitive(root, "alerts"))
    {
        const bool firing = strcmp(text(x, "state"), "firing") == 0;
        wrong = wrong || firing;
        if (firing)
            printf("alert [%s] %s %s: %s\n", text(x, "severity"), cJSON_GetObjectItemCaseSensitive(x, "account") != NULL ? text(x, "account") : "", text(x, "rule"), text(x, "text"));
    }
    return wrong;
}

static int run(int argc, char **argv)
{
    const char *url = "http://127.0.0.1:8723", *ca_file = NULL;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) json = true;
        else if (strcmp(argv[i], "--url") == 0 && i + 1 < argc) url = argv[++i];
        else if (strcmp(argv[i], "--ca-file") == 0 && i + 1 < argc) ca_file = argv[++i];
        else return botctl_usage("status", "'%s' is not understood, or its value is missing", argv[i]);
    }
    char base[300];
    const size_t n = strlen(url);
    snprintf(base, sizeof base, "%.*s", (int)(n > 0 && url[n - 1] == '/' ? n - 1 : n), url);
    struct url parsed;
    if (n >= sizeof base || bot__url_parse(base, &parsed) != BOT_OK || parsed.ws || parsed.path[0] != '\0')
        return botctl_usage("status", "--url: '%s' is no address such as http://127.0.0.1:8723, without a path", url);
    struct fetch f = { 0 };
    fetch(&f, base, ca_file, getenv("WATCH_TOKEN"));
    int status = EXIT_FOUND_WRONG;
    cJSON *root = NULL;
    if (f.error[0] != '\0')
        fprintf(stderr, "botctl status: %s: %s; is `botctl watch` running there?\n", base, f.error);
    else if (f.status == 401)
        fprintf(stderr, "botctl status: %s wants a token: set WATCH_TOKEN\n", base);
    else if (f.status != 200 || f.body == NULL || (root = cJSON_Parse(f.body)) == NULL || !is_status(root))
        fprintf(stderr, "botctl status: %s answered with status %d and no document that this version reads: is it a `botctl watch`?\n", base, f.status);
    else if (json)
        status = printf("%s\n", f.body) > 0 ? 0 : EXIT_FOUND_WRONG;
    else
        status = print(root) ? EXIT_FOUND_WRONG : 0;
    cJSON_Delete(root);
    free(f.body);
    return status;
}

const struct command command_status = {
    .name = "status",
    .synopsis = "[--url URL] [--json] [--ca-file FILE]",
    .summary = "what a running `botctl watch` knows: accounts, positions, reasons, alerts",
    .help = "--url is http://127.0.0.1:8723 when not given. A token is taken from the environment, WATCH_TOKEN.\n"
            "--json prints the document of /api/status as it is. As text, exit status 1 when an alert fires, a\n"
            "reason keeps an account shut or a position differs.\n",
    .run = run,
};
