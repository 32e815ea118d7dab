#include "watch/config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/json.h"
#include "bot/err.h"
#include "io/url.h"
#include "session/session.h"
#include "venue/venue.h"
#include "watch/alert.h"
#include "watch/watch.h"

#define FILE_MAX (1024 * 1024)
#define ROWS_MAX 256
#define ROUTE_NAME_MAX WATCH_INSTRUMENT_MAX /* an alert of a route that fails carries its name as its instrument */

const char *const watch_route_names[] = { "stderr", "file", "webhook", "slack", "discord", "telegram", "command", NULL };
static const char *const drift_words[] = { "halt", "adopt", NULL };
static const char *const manual_words[] = { "adopt", "pause", "ignore", NULL };

/* ---- the table of keys ---- */

enum kind {
    KIND_STRING,
    KIND_SECRET,  /* {"env": ...} or {"file": ...} only */
    KIND_ADDRESS, /* a string, or like a secret: webhook addresses carry their password */
    KIND_BOOL,
    KIND_INT,
    KIND_NUMBER,
    KIND_STRINGS,
    KIND_WORD,    /* one of words: its index, an int64_t */
    KIND_OBJECT,
    KIND_LIST,    /* of objects */
};

struct section;
struct key {
    const char *name;
    enum kind   kind;
    bool        required;
    bool        may_be_empty;
    size_t      offset, count_offset, element_size;
    double      min, max;
    const char *const *words;
    const struct section *section;
};
struct section {
    const char *path; /* as told to people: "accounts[]" */
    const struct key *keys;
    uint32_t keys_n;
    void   (*defaults)(void *element);
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void account_defaults(void *element)
{
    struct watch_account_config *a = element;
    a->public_data = a->monitors = true;
    a->rate_alarms_per_day = 1;
    a->drift_policy = 1; /* a watcher has nothing to halt: it tells, and goes on from the venue's number */
    a->manual_trades = 2; /* all trades are others' here */
}
static void rule_defaults(void *element)
{
    struct watch_rule_config *r = element;
    r->severity = -1;
    r->for_s = -1;
    r->enabled = true;
}
static void route_defaults(void *element) { ((struct watch_route_config *)element)->min_severity = WATCH_WARNING; }

#define A(field) offsetof(struct watch_account_config, field)
static const struct key account_keys[] = {
    { .name = "name", .kind = KIND_STRING, .offset = A(name) },
    { .name = "venue", .kind = KIND_STRING, .required = true, .offset = A(venue) },
    { .name = "key", .kind = KIND_SECRET, .offset = A(key) },
    { .name = "secret", .kind = KIND_SECRET, .offset = A(secret) },
    { .name = "passphrase", .kind = KIND_SECRET, .offset = A(passphrase) },
    { .name = "instruments", .kind = KIND_STRINGS, .offset = A(instruments), .max = 64 },
    { .name = "test_network", .kind = KIND_BOOL, .offset = A(test_network) },
    { .name = "hedge", .kind = KIND_BOOL, .offset = A(hedge) },
    { .name = "public_data", .kind = KIND_BOOL, .offset = A(public_data) },
    { .name = "monitors", .kind = KIND_BOOL, .offset = A(monitors) },
    { .name = "rate_alarms_per_day", .kind = KIND_NUMBER, .offset = A(rate_alarms_per_day), .min = 0.001, .max = 1000 },
    { .name = "drift_policy", .kind = KIND_WORD, .offset = A(drift_policy), .words = drift_words },
    { .name = "manual_trades", .kind = KIND_WORD, .offset = A(manual_trades), .words = manual_words },
    { .name = "journal", .kind = KIND_STRING, .offset = A(journal) },
    { .name = "rest_url", .kind = KIND_STRING, .offset = A(rest_url) },
    { .name = "ws_private_url", .kind = KIND_STRING, .offset = A(ws_private_url) },
    { .name = "ws_public_url", .kind = KIND_STRING, .offset = A(ws_public_url) },
    { .name = "ca_file", .kind = KIND_STRING, .offset = A(ca_file) },
};
static const struct section account_section = { "accounts[]", account_keys, COUNT(account_keys), account_defaults };

#define R(field) offsetof(struct watch_rule_config, field)
static const struct key rule_keys[] = {
    { .name = "rule", .kind = KIND_WORD, .required = true, .offset = R(rule), .words = watch_rule_names },
    { .name = "severity", .kind = KIND_WORD, .offset = R(severity), .words = watch_severity_names },
    { .name = "for_s", .kind = KIND_NUMBER, .offset = R(for_s), .min = 0, .max = 86400 },
    { .name = "enabled", .kind = KIND_BOOL, .offset = R(enabled) },
};
static const struct section rule_section = { "alerts.rules[]", rule_keys, COUNT(rule_keys), rule_defaults };

#define T(field) offsetof(struct watch_route_config, field)
static const struct key route_keys[] = {
    { .name = "name", .kind = KIND_STRING, .offset = T(name) },
    { .name = "type", .kind = KIND_WORD, .required = true, .offset = T(type), .words = watch_route_names },
    { .name = "min_severity", .kind = KIND_WORD, .offset = T(min_severity), .words = watch_severity_names },
    { .name = "path", .kind = KIND_STRING, .offset = T(path) },
    { .name = "url", .kind = KIND_ADDRESS, .offset = T(url) },
    { .name = "token", .kind = KIND_SECRET, .offset = T(token) },
    { .name = "chat_id", .kind = KIND_STRING, .offset = T(chat_id) },
    { .name = "ca_file", .kind = KIND_STRING, .offset = T(ca_file) },
    { .name = "command", .kind = KIND_STRINGS, .offset = T(command), .max = 32 },
};
static const struct section route_section = { "alerts.routes[]", route_keys, COUNT(route_keys), route_defaults };

#define C(field) offsetof(struct watch_config, field)
static const struct key heartbeat_keys[] = {
    { .name = "url", .kind = KIND_ADDRESS, .required = true, .offset = C(alerts.heartbeat.url) },
    { .name = "every_s", .kind = KIND_NUMBER, .offset = C(alerts.heartbeat.every_s), .min = 1, .max = 86400 },
    { .name = "ca_file", .kind = KIND_STRING, .offset = C(alerts.heartbeat.ca_file) },
};
static const struct section heartbeat_section = { "alerts.heartbeat", heartbeat_keys, COUNT(heartbeat_keys), NULL };
static const struct key alerts_keys[] = {
    { .name = "repeat_s", .kind = KIND_NUMBER, .offset = C(alerts.repeat_s), .min = 0, .max = 604800 },
    { .name = "max_per_minute", .kind = KIND_INT, .offset = C(alerts.max_per_minute), .min = 1, .max = 600 },
    { .name = "rules", .kind = KIND_LIST, .offset = C(alerts.rules), .count_offset = C(alerts.rules_n), .element_size = sizeof(struct watch_rule_config), .section = &rule_section },
    { .name = "routes", .kind = KIND_LIST, .offset = C(alerts.routes), .count_offset = C(alerts.routes_n), .element_size = sizeof(struct watch_route_config), .section = &route_section },
    { .name = "heartbeat", .kind = KIND_OBJECT, .section = &heartbeat_section },
};
static const struct section alerts_section = { "alerts", alerts_keys, COUNT(alerts_keys), NULL };
static const struct key http_keys[] = {
    { .name = "listen", .kind = KIND_STRING, .may_be_empty = true, .offset = C(http.listen) },
    { .name = "token", .kind = KIND_SECRET, .offset = C(http.token) },
    { .name = "cert_file", .kind = KIND_STRING, .offset = C(http.cert_file) },
    { .name = "key_file", .kind = KIND_STRING, .offset = C(http.key_file) },
};
static const struct section http_section = { "http", http_keys, COUNT(http_keys), NULL };
static const struct key top_keys[] = {
    { .name = "accounts", .kind = KIND_LIST, .required = true, .offset = C(accounts), .count_offset = C(accounts_n), .element_size = sizeof(struct watch_account_config), .section = &account_section },
    { .name = "http", .kind = KIND_OBJECT, .section = &http_section },
    { .name = "alerts", .kind = KIND_OBJECT, .section = &alerts_section },
    { .name = "$schema", .kind = KIND_STRING, .may_be_empty = true, .offset = SIZE_MAX }, /* editors like it; not kept */
};
static const struct section top_section = { "", top_keys, COUNT(top_keys), NULL };

static void walk_keys(const struct section *s, watch_config_key each, void *user_data)
{
    for (uint32_t i = 0; i < s->keys_n; i++) {
        each(user_data, s->path, s->keys[i].name, s->keys[i].required);
        if (s->keys[i].section != NULL)
            walk_keys(s->keys[i].section, each, user_data); /* three levels, by the tables above */
    }
}
void watch_config_keys(watch_config_key each, void *user_data) { walk_keys(&top_section, each, user_data); }

/* ---- giving back ---- */

static void wipe(char **text)
{
    if (*text != NULL)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

static void free_section(const struct section *s, void *at)
{
    for (uint32_t i = 0; i < s->keys_n; i++) {
        const struct key *k = &s->keys[i];
        if (k->offset == SIZE_MAX)
            continue;
        char *field = (char *)at + k->offset;
        if (k->kind == KIND_STRING || k->kind == KIND_SECRET || k->kind == KIND_ADDRESS) {
            wipe((char **)(void *)field);
        } else if (k->kind == KIND_STRINGS) {
            struct watch_strings *list = (void *)field;
            for (uint32_t j = 0; j < list->n; j++)
                free(list->list[j]);
            free(list->list);
        } else if (k->kind == KIND_OBJECT) {
            free_section(k->section, at);
        } else if (k->kind == KIND_LIST) {
            char *elements = *(char **)(void *)field;
            const uint32_t n = *(uint32_t *)(void *)((char *)at + k->count_offset);
            for (uint32_t j = 0; j < n; j++)
                free_section(k->section, elements + j * k->element_size);
            free(elements);
        }
    }
}

void watch_config_free(struct watch_config *config)
{
    free_section(&top_section, config);
    memset(config, 0, sizeof *config);
}

/* ---- where something stands in the text ---- */

struct reading {
    const char *name;
    const char *text; /* comments blanked */
    size_t      len;
    const cJSON *root;
    char       *why;
};

/* Comments become blanks, so that every offset stays. False at a comment that does not end. */
static bool blank_comments(char *text, size_t len, size_t *ret_at)
{
    bool string = false;
    for (size_t i = 0; i < len; i++) {
        if (string) {
            if (text[i] == '\\') i++;
            else if (text[i] == '"') string = false;
        } else if (text[i] == '"') {
            string = true;
        } else if (text[i] == '/' && i + 1 < len && text[i + 1] == '/') {
            while (i < len && text[i] != '\n') text[i++] = ' ';
        } else if (text[i] == '/' && i + 1 < len && text[i + 1] == '*') {
            *ret_at = i;
            text[i] = text[i + 1] = ' ';
            for (i += 2; i + 1 < len && !(text[i] == '*' && text[i + 1] == '/'); i++)
                if (text[i] != '\n') text[i] = ' ';
            if (i + 1 >= len) return false;
            text[i] = text[i + 1] = ' ';
            i++;
        }
    }
    return true;
}

static void line_of(const struct reading *r, size_t at, unsigned *ret_line, unsigned *ret_column)
{
    *ret_line = *ret_column = 1;
    for (size_t i = 0; i < at && i < r->len; i++) {
        ++*ret_column;
        if (r->text[i] == '\n') {
            ++*ret_line;
            *ret_column = 1;
        }
    }
}

/* Number of values that stand before `item`; true when it was met. cJSON's tree is at most CJSON_NESTING_LIMIT deep. */
static bool count_before(const cJSON *at, const cJSON *item, uint32_t *n)
{
    for (; at != NULL; at = at->next) {
        if (at == item)
            return true;
        ++*n;
        if (count_before(at->child, item, n))
            return true;
    }
    return false;
}

/* The offset of the n-th value of the (valid) text. */
static size_t value_offset(const struct reading *r, uint32_t n)
{
    for (size_t i = 0; i < r->len; i++) {
        const char c = r->text[i];
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',' || c == ':' || c == '}' || c == ']')
            continue;
        const size_t start = i;
        if (c == '"') {
            for (i++; i < r->len && r->text[i] != '"'; i++)
                if (r->text[i] == '\\') i++;
            size_t j = i + 1;
            while (j < r->len && strchr(" \t\r\n", r->text[j]) != NULL && r->text[j] != '\0') j++;
            if (j < r->len && r->text[j] == ':')
                continue; /* a key */
        } else if (c != '{' && c != '[') {
            while (i + 1 < r->len && strchr(",}] \t\r\n", r->text[i + 1]) == NULL) i++;
        }
        if (n-- == 0)
            return start;
    }
    return r->len;
}

__attribute__((format(printf, 4, 5))) static int refuse(const struct reading *r, const cJSON *item, const char *path, const char *format, ...)
{
    unsigned line = 1, column = 1;
    uint32_t before = 0;
    if (item != NULL && count_before(r->root, item, &before))
        line_of(r, value_offset(r, before), &line, &column);
    int n = snprintf(r->why, WATCH_WHY_MAX, "%s:%u:%u: %s%s", r->name, line, column, path, path[0] != '\0' ? ": " : "");
    if (n < 0 || n >= WATCH_WHY_MAX)
        return BOT_ERR_OPTIONS;
    va_list ap;
    va_start(ap, format);
    vsnprintf(r->why + n, WATCH_WHY_MAX - (size_t)n, format, ap);
    va_end(ap);
    return BOT_ERR_OPTIONS;
}

/* Edits (insert, delete, change) between two short words. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[48];
    const size_t n = strlen(b);
    if (n + 1 > COUNT(row))
        return 99;
    for (size_t j = 0; j <= n; j++)
        row[j] = (unsigned)j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 1; j <= n; j++) {
            const unsigned change = diagonal + (a[i] != b[j - 1]), up = row[j] + 1, left = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = change < up ? (change < left ? change : left) : up < left ? up : left;
        }
    }
    return row[n];
}

/* ---- values ---- */

static int take_copy(const char *text, char **to)
{
    *to = strdup(text);
    return *to != NULL ? BOT_OK : BOT_ERR_NOMEM;
}

/* systemd gives LoadCredential= to the service's user by an ACL, which shows as bits of the group (the mask stands there); nobody else gets
 * into the directory. systemd.exec(5), "Credentials". */
static bool is_credential(const char *file)
{
    const char *const directory = getenv("CREDENTIALS_DIRECTORY");
    const size_t n = directory != NULL ? strlen(directory) : 0;
    return n > 1 && strncmp(file, directory, n) == 0 && file[n] == '/' && strstr(file, "/../") == NULL;
}

static int read_secret_file(const struct reading *r, const cJSON *item, const char *path, const char *file, char **to)
{
    struct stat st;
    const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        const int e = errno;
        if (fd >= 0) close(fd);
        return refuse(r, item, path, "%s: %s", file, strerror(e));
    }
    if (!S_ISREG(st.st_mode) || (st.st_mode & (is_credential(file) ? 007 : 077)) != 0) {
        close(fd);
        return S_ISREG(st.st_mode) ? refuse(r, item, path, "%s: others may read it; run: chmod 600 %s", file, file)
                                   : refuse(r, item, path, "%s: is no regular file", file);
    }
    char line[4096];
    const ssize_t n = read(fd, line, sizeof line - 1);
    const int e = errno;
    close(fd);
    if (n < 0)
        return refuse(r, item, path, "%s: %s", file, strerror(e));
    line[n] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    const int done = line[0] == '\0' ? refuse(r, item, path, "%s: its first line is empty", file) : take_copy(line, to);
    explicit_bzero(line, sizeof line);
    return done;
}

static int read_secret(const struct reading *r, const struct key *k, const cJSON *item, const char *path, char **to)
{
    if (cJSON_IsString(item) && k->kind == KIND_ADDRESS)
        return take_copy(item->valuestring, to);
    const cJSON *only = item->child;
    if (!cJSON_IsObject(item) || only == NULL || only->next != NULL || !cJSON_IsString(only) ||
        (strcmp(only->string, "env") != 0 && strcmp(only->string, "file") != 0))
        return refuse(r, item, path, "a secret does not stand in this file; write {\"env\": \"NAME\"} or {\"file\": \"PATH\"} (a file of mode 600)");
    if (strcmp(only->string, "file") == 0)
        return read_secret_file(r, item, path, only->valuestring, to);
    const char *value = getenv(only->valuestring);
    if (value == NULL || value[0] == '\0')
        return refuse(r, item, path, "the environment has no %s; set it before the start", only->valuestring);
    return take_copy(value, to);
}

static int read_strings(const struct reading *r, const struct key *k, const cJSON *item, const char *path, struct watch_strings *to)
{
    const int n = cJSON_IsArray(item) ? cJSON_GetArraySize(item) : -1;
    if (n < 0 || n > (int)k->max)
        return refuse(r, item, path, "must be a list of at most %d strings", (int)k->max);
    to->list = calloc((size_t)n + 1, sizeof *to->list);
    if (to->list == NULL)
        return BOT_ERR_NOMEM;
    for (const cJSON *e = item->child; e != NULL; e = e->next) {
        if (!cJSON_IsString(e) || e->valuestring[0] == '\0')
            return refuse(r, e, path, "each must be a string that is not empty");
        const int done = take_copy(e->valuestring, &to->list[to->n]);
        if (done < 0)
            return done;
        to->n++;
    }
    return BOT_OK;
}

static int read_word(const struct reading *r, const struct key *k, const cJSON *item, const char *path, int64_t *to)
{
    if (cJSON_IsString(item))
        for (int i = 0; k->words[i] != NULL; i++)
            if (strcmp(k->words[i], item->valuestring) == 0) {
                *to = i;
                return BOT_OK;
            }
    char all[240] = "";
    for (int i = 0; k->words[i] != NULL; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i != 0 ? ", " : "", k->words[i]);
    return refuse(r, item, path, "must be one of: %s", all);
}

static int read_section(const struct reading *r, const struct section *s, const cJSON *object, const char *path, void *at);

static int read_list(const struct reading *r, const struct key *k, const cJSON *item, const char *path, void *at)
{
    const int n = cJSON_IsArray(item) ? cJSON_GetArraySize(item) : -1;
    if (n < 0 || n > ROWS_MAX)
        return refuse(r, item, path, "must be a list of at most %d objects", ROWS_MAX);
    char *elements = calloc((size_t)n + 1, k->element_size);
    if (elements == NULL)
        return BOT_ERR_NOMEM;
    *(char **)(void *)((char *)at + k->offset) = elements;
    uint32_t *count = (void *)((char *)at + k->count_offset);
    for (const cJSON *e = item->child; e != NULL; e = e->next) {
        char element_path[200];
        snprintf(element_path, sizeof element_path, "%.180s[%u]", path, *count);
        void *element = elements + *count * k->element_size;
        k->section->defaults(element);
        ++*count; /* given back also when it is only half read */
        const int done = read_section(r, k->section, e, element_path, element);
        if (done < 0)
            return done;
    }
    return BOT_OK;
}

static int read_value(const struct reading *r, const struct key *k, const cJSON *item, const char *path, void *at)
{
    void *field = (char *)at + k->offset;
    switch (k->kind) {
    case KIND_STRING:
        if (!cJSON_IsString(item))
            return refuse(r, item, path, "must be a string");
        if (item->valuestring[0] == '\0' && !k->may_be_empty)
            return refuse(r, item, path, "must not be empty: leave it out");
        for (const char *c = item->valuestring; *c != '\0'; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f) /* it ends in log lines, labels and messages */
                return refuse(r, item, path, "holds a control character");
        return k->offset == SIZE_MAX ? BOT_OK : take_copy(item->valuestring, field);
    case KIND_SECRET:
    case KIND_ADDRESS: return read_secret(r, k, item, path, field);
    case KIND_BOOL:
        if (!cJSON_IsBool(item))
            return refuse(r, item, path, "must be true or false");
        *(bool *)field = cJSON_IsTrue(item);
        return BOT_OK;
    case KIND_INT:
    case KIND_NUMBER:
        if (!cJSON_IsNumber(item) || !(item->valuedouble >= k->min && item->valuedouble <= k->max) ||
            (k->kind == KIND_INT && item->valuedouble != floor(item->valuedouble)))
            return refuse(r, item, path, "must be a %s from %g to %g", k->kind == KIND_INT ? "whole number" : "number", k->min, k->max);
        if (k->kind == KIND_INT) *(int64_t *)field = (int64_t)item->valuedouble;
        else *(double *)field = item->valuedouble;
        return BOT_OK;
    case KIND_STRINGS: return read_strings(r, k, item, path, field);
    case KIND_WORD: return read_word(r, k, item, path, field);
    case KIND_OBJECT: return read_section(r, k->section, item, path, at);
    case KIND_LIST: return read_list(r, k, item, path, at);
    }
    return BOT_ERR_OPTIONS;
}

static int read_section(const struct reading *r, const struct section *s, const cJSON *object, const char *path, void *at)
{
    if (!cJSON_IsObject(object))
        return refuse(r, object, path, "must be an object { }");
    uint64_t seen = 0;
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        uint32_t i = 0, nearest = 0;
        while (i < s->keys_n && strcmp(s->keys[i].name, item->string) != 0)
            i++;
        if (i == s->keys_n) {
            for (i = 1; i < s->keys_n; i++)
                if (distance(item->string, s->keys[i].name) < distance(item->string, s->keys[nearest].name))
                    nearest = i;
            const char *near = s->keys[nearest].name;
            if (distance(item->string, near) <= 3)
                return refuse(r, item, path, "there is no key \"%s\"; did you mean \"%s\"?", item->string, near);
            return refuse(r, item, path, "there is no key \"%s\"; the nearest is \"%s\"", item->string, near);
        }
        char key_path[240];
        snprintf(key_path, sizeof key_path, "%.180s%s%s", path, path[0] != '\0' ? "." : "", item->string);
        if ((seen >> i & 1) != 0)
            return refuse(r, item, key_path, "stands here twice");
        seen |= UINT64_C(1) << i;
        const int done = read_value(r, &s->keys[i], item, key_path, at);
        if (done < 0)
            return done;
    }
    for (uint32_t i = 0; i < s->keys_n; i++)
        if (s->keys[i].required && (seen >> i & 1) == 0)
            return refuse(r, object, path, "\"%s\" is missing", s->keys[i].name);
    return BOT_OK;
}

/* ---- what a table cannot say ---- */

static int check_accounts(const struct reading *r, const cJSON *root, struct watch_config *c)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "accounts");
    if (c->accounts_n == 0)
        return refuse(r, list, "accounts", "at least one account is needed");
    for (uint32_t i = 0; i < c->accounts_n; i++) {
        struct watch_account_config *a = &c->accounts[i];
        const cJSON *item = cJSON_GetArrayItem(list, (int)i);
        char path[64];
        snprintf(path, sizeof path, "accounts[%u]", i);
        if (bot__venue_find(a->venue) == NULL) {
            char all[200] = "";
            for (uint32_t v = 0; bot__venue_at(v) != NULL; v++)
                snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", v != 0 ? ", " : "", bot__venue_at(v)->name);
            return refuse(r, cJSON_GetObjectItemCaseSensitive(item, "venue"), path, "there is no venue \"%s\"; known are: %s", a->venue, all);
        }
        if (a->name == NULL && take_copy(a->venue, &a->name) < 0)
            return BOT_ERR_NOMEM;
        if (strlen(a->name) > 60)
            return refuse(r, item, path, "its name is longer than 60 characters");
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(a->name, c->accounts[j].name) == 0)
                return refuse(r, item, path, "accounts[%u] has the name \"%s\" already; give each a \"name\" of its own", j, a->name);
        for (uint32_t j = 0; j < i && a->journal != NULL; j++)
            if (c->accounts[j].journal != NULL && strcmp(a->journal, c->accounts[j].journal) == 0)
                return refuse(r, item, path, "accounts[%u] writes the journal \"%s\" already; give each one of its own", j, a->journal);
        for (uint32_t k = 0; k < a->instruments.n; k++) {
            const char *const name = a->instruments.list[k];
            const cJSON *at = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(item, "instruments"), (int)k);
            bot_symbol symbol;
            snprintf(path, sizeof path, "accounts[%u].instruments", i);
            if (!bot__symbol_set(&symbol, name, strlen(name)))
                return refuse(r, at, path, "\"%s\" is no instrument name", name);
            for (uint32_t j = 0; j < k; j++)
                if (strcmp(name, a->instruments.list[j]) == 0)
                    return refuse(r, at, path, "\"%s\" stands here twice", name);
        }
        snprintf(path, sizeof path, "accounts[%u]", i);
        const struct { const char *key, *text; bool ws; } urls[] = { { "rest_url", a->rest_url, false }, { "ws_private_url", a->ws_private_url, true },
                                                                     { "ws_public_url", a->ws_public_url, true } };
        for (size_t u = 0; u < COUNT(urls); u++) {
            struct url parsed;
            if (urls[u].text != NULL && (bot__url_parse(urls[u].text, &parsed) < 0 || parsed.ws != urls[u].ws))
                return refuse(r, cJSON_GetObjectItemCaseSensitive(item, urls[u].key), path, "%s: \"%s\" is no %s URL", urls[u].key, urls[u].text,
                              urls[u].ws ? "wss://" : "https://");
        }
    }
    return BOT_OK;
}

static bool route_name_taken(const struct watch_config *c, const char *name)
{
    for (uint32_t i = 0; i < c->alerts.routes_n; i++)
        if (c->alerts.routes[i].name != NULL && strcmp(c->alerts.routes[i].name, name) == 0)
            return true;
    return false;
}

/* Each has one of its own: by it a failing one is told of, and its queue finds its way over a reload. */
static int name_routes(const struct reading *r, const cJSON *list, struct watch_config *c)
{
    for (uint32_t i = 0; i < c->alerts.routes_n; i++) {
        const char *const name = c->alerts.routes[i].name;
        char path[64];
        snprintf(path, sizeof path, "alerts.routes[%u]", i);
        if (name != NULL && strlen(name) > ROUTE_NAME_MAX)
            return refuse(r, cJSON_GetArrayItem(list, (int)i), path, "its name is longer than %d characters", ROUTE_NAME_MAX);
        for (uint32_t j = 0; j < i && name != NULL; j++)
            if (c->alerts.routes[j].name != NULL && strcmp(name, c->alerts.routes[j].name) == 0)
                return refuse(r, cJSON_GetArrayItem(list, (int)i), path, "alerts.routes[%u] has the name \"%s\" already; give each a \"name\" of its own", j, name);
    }
    for (uint32_t i = 0; i < c->alerts.routes_n; i++) {
        struct watch_route_config *t = &c->alerts.routes[i];
        char name[ROUTE_NAME_MAX + 1];
        snprintf(name, sizeof name, "%s", watch_route_names[t->type]);
        for (unsigned n = 2; t->name == NULL && route_name_taken(c, name); n++)
            snprintf(name, sizeof name, "%s-%u", watch_route_names[t->type], n);
        if (t->name == NULL && take_copy(name, &t->name) < 0)
            return BOT_ERR_NOMEM;
    }
    return BOT_OK;
}

static int check_rules(const struct reading *r, const cJSON *root, const struct watch_config *c)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, "alerts"), "rules");
    for (uint32_t i = 0; i < c->alerts.rules_n; i++)
        for (uint32_t j = 0; j < i; j++)
            if (c->alerts.rules[i].rule == c->alerts.rules[j].rule) {
                char path[64];
                snprintf(path, sizeof path, "alerts.rules[%u]", i);
                return refuse(r, cJSON_GetArrayItem(list, (int)i), path, "alerts.rules[%u] is about \"%s\" already: put both into one", j,
                              watch_rule_names[c->alerts.rules[i].rule]);
            }
    return BOT_OK;
}

/* What was given to a route that has no use for it was meant for another type. */
static int check_keys_of_route(const struct reading *r, const cJSON *item, const char *path, const struct watch_route_config *t)
{
    static const struct { const char *key; uint32_t types; } uses[] = {
        { "path", 1u << ROUTE_FILE }, { "command", 1u << ROUTE_COMMAND }, { "chat_id", 1u << ROUTE_TELEGRAM },
        { "url", 1u << ROUTE_WEBHOOK | 1u << ROUTE_SLACK | 1u << ROUTE_DISCORD | 1u << ROUTE_TELEGRAM }, { "token", 1u << ROUTE_WEBHOOK | 1u << ROUTE_TELEGRAM },
        { "ca_file", 1u << ROUTE_WEBHOOK | 1u << ROUTE_SLACK | 1u << ROUTE_DISCORD | 1u << ROUTE_TELEGRAM },
    };
    for (size_t k = 0; k < COUNT(uses); k++) {
        const cJSON *at = cJSON_GetObjectItemCaseSensitive(item, uses[k].key);
        char key_path[96];
        snprintf(key_path, sizeof key_path, "%s.%s", path, uses[k].key);
        if (at != NULL && (uses[k].types >> t->type & 1) == 0)
            return refuse(r, at, key_path, "a route of type %s has none", watch_route_names[t->type]);
    }
    return BOT_OK;
}

static int check_routes(const struct reading *r, const cJSON *root, struct watch_config *c)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, "alerts"), "routes");
    for (uint32_t i = 0; i < c->alerts.routes_n; i++) {
        struct watch_route_config *t = &c->alerts.routes[i];
        const cJSON *item = cJSON_GetArrayItem(list, (int)i);
        char path[64];
        snprintf(path, sizeof path, "alerts.routes[%u]", i);
        const char *const type = watch_route_names[t->type];
        const int keys = check_keys_of_route(r, item, path, t);
        if (keys < 0)
            return keys;
        if (t->type == ROUTE_FILE && t->path == NULL)
            return refuse(r, item, path, "a route of type file needs a \"path\"");
        if (t->type == ROUTE_COMMAND && t->command.n == 0)
            return refuse(r, item, path, "a route of type command needs a \"command\": [\"/path/to/program\", \"argument\", ...]");
        if (t->type == ROUTE_TELEGRAM && (t->token == NULL || t->chat_id == NULL))
            return refuse(r, item, path, "a route of type telegram needs a \"token\" (of the bot) and a \"chat_id\"");
        if ((t->type == ROUTE_WEBHOOK || t->type == ROUTE_SLACK || t->type == ROUTE_DISCORD) && t->url == NULL)
            return refuse(r, item, path, "a route of type %s needs a \"url\"", type);
        struct url parsed;
        if (t->url != NULL && (bot__url_parse(t->url, &parsed) < 0 || parsed.ws)) /* not shown: it may be a password */
            return refuse(r, item, path, "its \"url\" is no https:// URL");
    }
    return name_routes(r, list, c);
}

static int check_http(const struct reading *r, const cJSON *root, struct watch_config *c)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, "http");
    if (c->http.listen == NULL && take_copy(item != NULL ? "127.0.0.1:8723" : "", &c->http.listen) < 0)
        return BOT_ERR_NOMEM;
    if (c->http.listen[0] == '\0')
        return BOT_OK;
    const char *colon = strrchr(c->http.listen, ':');
    char *end = NULL;
    const long port = colon != NULL ? strtol(colon + 1, &end, 10) : -1;
    if (colon == NULL || end == colon + 1 || *end != '\0' || port < 0 || port > 65535 || colon - c->http.listen > 60)
        return refuse(r, cJSON_GetObjectItemCaseSensitive(item, "listen"), "http.listen", "must be ADDRESS:PORT, as in \"127.0.0.1:8723\"");
    const bool local = strncmp(c->http.listen, "127.", 4) == 0 || strncmp(c->http.listen, "[::1]", 5) == 0;
    if (!local && c->http.token == NULL)
        return refuse(r, cJSON_GetObjectItemCaseSensitive(item, "listen"), "http.listen",
                      "others can reach this address: give a \"token\", or listen on 127.0.0.1");
    if ((c->http.cert_file == NULL) != (c->http.key_file == NULL))
        return refuse(r, item, "http", "\"cert_file\" and \"key_file\" go together");
    return BOT_OK;
}

static int check_heartbeat(const struct reading *r, const cJSON *root, const struct watch_config *c)
{
    struct url parsed;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, "alerts"), "heartbeat");
    if (c->alerts.heartbeat.url != NULL && (bot__url_parse(c->alerts.heartbeat.url, &parsed) < 0 || parsed.ws))
        return refuse(r, cJSON_GetObjectItemCaseSensitive(item, "url"), "alerts.heartbeat.url", "is no https:// URL"); /* not repeated: it may be a secret */
    return BOT_OK;
}

/* Stricter than cJSON, which takes any bytes in a string: they would end in labels and documents that nobody else takes. */
static bool is_json(const char *text, size_t len, size_t *ret_at)
{
    struct json j;
    bot__json_init(&j, text, len);
    bot__json_skip(&j);
    const int r = bot__json_end(&j);
    *ret_at = bot__json_offset(&j);
    return r == BOT_OK;
}

int watch_config_parse(const char *name, const char *text, size_t len, struct watch_config *ret, char *why)
{
    struct reading r = { .name = name, .why = why, .len = len };
    why[0] = '\0';
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return BOT_ERR_NOMEM;
    memcpy(copy, text, len);
    copy[len] = '\0';
    r.text = copy;
    if (len >= 3 && memcmp(copy, "\xef\xbb\xbf", 3) == 0)
        memset(copy, ' ', 3); /* the mark of an editor */
    size_t at = 0;
    struct watch_config c = { 0 };
    c.alerts.max_per_minute = 20;
    c.alerts.heartbeat.every_s = 60;
    cJSON *root = NULL;
    int done;
    unsigned line, column;
    if (memchr(copy, '\0', len) != NULL) {
        done = refuse(&r, NULL, "", "holds a NUL byte: this is no text");
    } else if (!blank_comments(copy, len, &at)) {
        line_of(&r, at, &line, &column);
        snprintf(why, WATCH_WHY_MAX, "%s:%u:%u: this comment does not end; add */", name, line, column);
        done = BOT_ERR_OPTIONS;
    } else if (!is_json(copy, len, &at) || (root = cJSON_ParseWithLength(copy, len + 1)) == NULL) {
        line_of(&r, at, &line, &column);
        snprintf(why, WATCH_WHY_MAX, "%s:%u:%u: %s", name, line, column,
                 at < len && (unsigned char)copy[at] >= 0x80 ? "no UTF-8 from here on: save the file in that encoding"
                                                             : "no JSON from here on: look for a missing or surplus comma, quote or bracket just before");
        done = BOT_ERR_OPTIONS;
    } else {
        r.root = root;
        done = read_section(&r, &top_section, root, "", &c);
        if (done == BOT_OK) done = check_accounts(&r, root, &c);
        if (done == BOT_OK) done = check_http(&r, root, &c);
        if (done == BOT_OK) done = check_rules(&r, root, &c);
        if (done == BOT_OK) done = check_routes(&r, root, &c);
        if (done == BOT_OK) done = check_heartbeat(&r, root, &c);
    }
    cJSON_Delete(root);
    explicit_bzero(copy, len);
    free(copy);
    if (done < 0) {
        watch_config_free(&c);
        if (done == BOT_ERR_NOMEM) snprintf(why, WATCH_WHY_MAX, "%s: out of memory", name);
        return done;
    }
    *ret = c;
    return BOT_OK;
}

int watch_config_read(const char *path, struct watch_config *ret, char *why)
{
    FILE *f = fopen(path, "rb");
    char *text = f != NULL ? malloc(FILE_MAX + 1) : NULL;
    if (text == NULL) {
        snprintf(why, WATCH_WHY_MAX, "%s: %s", path, f == NULL ? strerror(errno) : "out of memory");
        if (f != NULL) fclose(f);
        return f == NULL ? BOT_ERR_OPTIONS : BOT_ERR_NOMEM;
    }
    errno = 0;
    const size_t n = fread(text, 1, FILE_MAX + 1, f);
    int done;
    if (ferror(f) || n > FILE_MAX) {
        snprintf(why, WATCH_WHY_MAX, "%s: %s", path, n > FILE_MAX ? "is larger than 1 MiB: no configuration is" : strerror(errno));
        done = BOT_ERR_OPTIONS;
    } else {
        done = watch_config_parse(path, text, n, ret, why);
    }
    fclose(f);
    explicit_bzero(text, n);
    free(text);
    return done;
}

int watch_config_reread(const char *path, struct watch_config *ret, char *why)
{
    struct stat st;
    if (stat(path, &st) != 0 || S_ISREG(st.st_mode))
        return watch_config_read(path, ret, why); /* where it says what is wrong */
    snprintf(why, WATCH_WHY_MAX, "%s: is no regular file: it cannot be read again while the watch runs", path);
    return BOT_ERR_OPTIONS;
}

/* ---- two of them ---- */

static bool same_text(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }

static bool same_section(const struct section *s, const void *a, const void *b)
{
    for (uint32_t i = 0; i < s->keys_n; i++) {
        const struct key *k = &s->keys[i];
        if (k->offset == SIZE_MAX)
            continue;
        const void *x = (const char *)a + k->offset, *y = (const char *)b + k->offset;
        switch (k->kind) {
        case KIND_STRING:
        case KIND_SECRET:
        case KIND_ADDRESS:
            if (!same_text(*(char *const *)x, *(char *const *)y)) return false;
            break;
        case KIND_BOOL:
            if (*(const bool *)x != *(const bool *)y) return false;
            break;
        case KIND_INT:
        case KIND_WORD:
            if (*(const int64_t *)x != *(const int64_t *)y) return false;
            break;
        case KIND_NUMBER:
            if (*(const double *)x < *(const double *)y || *(const double *)x > *(const double *)y) return false;
            break;
        case KIND_STRINGS: {
            const struct watch_strings *p = x, *q = y;
            if (p->n != q->n) return false;
            for (uint32_t j = 0; j < p->n; j++)
                if (!same_text(p->list[j], q->list[j])) return false;
            break;
        }
        case KIND_OBJECT:
        case KIND_LIST: break; /* none stands in the sections that are compared */
        }
    }
    return true;
}

bool watch_config_needs_restart(const struct watch_config *now, const struct watch_config *next)
{
    if (now->accounts_n != next->accounts_n || !same_section(&http_section, now, next))
        return true;
    for (uint32_t i = 0; i < now->accounts_n; i++)
        if (!same_section(&account_section, &now->accounts[i], &next->accounts[i]))
            return true;
    return false;
}

void watch_account_options(const struct watch_account_config *c, bot_account_options *ret)
{
    bot_account_options_init(ret);
    ret->venue = c->venue;
    ret->name = c->name;
    ret->key = c->key;
    ret->secret = c->secret;
    ret->passphrase = c->passphrase;
    ret->test_network = c->test_network;
    ret->rest_url = c->rest_url;
    ret->ws_private_url = c->ws_private_url;
    ret->ws_public_url = c->ws_public_url;
    ret->ws_trade_url = ""; /* nothing is ever ordered */
    ret->ca_file = c->ca_file;
    ret->instruments = (const char *const *)c->instruments.list;
    ret->instruments_n = c->instruments.n;
    ret->public_data = c->public_data;
    ret->monitors = c->monitors;
    ret->rate_alarms_per_day = c->rate_alarms_per_day;
    ret->journal.path = c->journal;
    ret->core.instruments_max = WATCH_INSTRUMENTS;
    ret->core.hedge = c->hedge;
    ret->core.drift_policy = (bot_drift_policy)c->drift_policy;
    ret->core.manual_policy = (bot_manual_policy)c->manual_trades;
    ret->core.start_adopt = true; /* a watcher begins with what the account holds */
    if (c->public_data && c->instruments.n != 0)
        ret->core.public_lease_ns = SESSION_PUBLIC_LEASE_NS; /* no bot asks for it here, and its loss is an alert all the same */
}
