/* watch/config.h: the configuration of `botctl watch`: one JSON file with comments.
 *
 * Every key is a row of a table in config.c; watch.schema.json says the same for editors, and a test holds the two together.
 * Nothing is half applied: a file is taken whole or refused with the place of the first fault and what to do about it.
 * Secrets are never in the file: {"env": "NAME"} or {"file": "PATH"}, a file that only its owner may read. */
#ifndef WATCH_CONFIG_H
#define WATCH_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum watch_severity { WATCH_INFO, WATCH_WARNING, WATCH_CRITICAL };
extern const char *const watch_severity_names[]; /* NULL-terminated */

enum watch_route_type { ROUTE_STDERR, ROUTE_FILE, ROUTE_WEBHOOK, ROUTE_SLACK, ROUTE_DISCORD, ROUTE_TELEGRAM, ROUTE_COMMAND };
extern const char *const watch_route_names[];

struct watch_strings {
    char   **list;
    uint32_t n;
};

struct watch_account_config {
    char *name, *venue, *key, *secret, *passphrase, *rest_url, *ws_private_url, *ws_public_url, *ca_file, *journal;
    struct watch_strings instruments; /* for public data; positions are watched in any case */
    bool    test_network, public_data, monitors, hedge;
    double  rate_alarms_per_day;
    int64_t drift_policy, manual_trades; /* bot_drift_policy, bot_manual_policy */
};

struct watch_rule_config {
    int64_t rule, severity; /* enum watch_rule; enum watch_severity, -1: the rule's own */
    double  for_s;          /* below 0: the rule's own */
    bool    enabled;
};

struct watch_route_config {
    char   *name, *path, *url, *token, *chat_id, *ca_file;
    int64_t type, min_severity;
    struct watch_strings command;
};

struct watch_config {
    struct watch_account_config *accounts;
    uint32_t accounts_n;
    struct {
        char *listen, *token, *cert_file, *key_file; /* listen "": no server */
    } http;
    struct {
        double   repeat_s;        /* while firing, told again so often; 0: once */
        int64_t  max_per_minute;  /* of one route; more are told together as one line */
        struct watch_rule_config *rules;
        uint32_t rules_n;
        struct watch_route_config *routes;
        uint32_t routes_n;
        struct {
            char  *url, *ca_file; /* url NULL: none */
            double every_s;
        } heartbeat;
    } alerts;
};

#define WATCH_WHY_MAX 400

/* Reads a configuration. name: for messages. why holds WATCH_WHY_MAX bytes.
 *   BOT_OK; BOT_ERR_OPTIONS with "NAME: PLACE: what is wrong; what to do" in why and *ret untouched; BOT_ERR_NOMEM. */
int  watch_config_parse(const char *name, const char *text, size_t len, struct watch_config *ret, char *why);
/* The same from a file. */
int  watch_config_read(const char *path, struct watch_config *ret, char *why);
/* The same while a loop runs, which must not wait for a pipe that was read to its end at the start: a regular file only. */
int  watch_config_reread(const char *path, struct watch_config *ret, char *why);
/* Gives everything back; secrets are wiped. */
void watch_config_free(struct watch_config *config);
/* Whether two configurations differ in what only a restart can change (accounts, http). */
bool watch_config_needs_restart(const struct watch_config *now, const struct watch_config *next);

/* Walks the table of keys, for the test that holds the schema to it: section "" , "accounts[]", "http", ...; false ends. */
typedef void (*watch_config_key)(void *user_data, const char *section, const char *key, bool required);
void watch_config_keys(watch_config_key each, void *user_data);

/* A complete example for a venue, at another place than its own where the environment names one (BOT_REST_URL, BOT_WS_PRIVATE_URL,
 * BOT_WS_PUBLIC_URL, BOT_CA_FILE). 4 KiB are enough; BOT_ERR_NOT_FOUND: no such venue. */
int watch_config_example(const char *venue, char *buf, size_t size);

#endif
