/* The example that `botctl config example` writes: complete, with the comments that somebody needs who has read nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/err.h"
#include "venue/venue.h"
#include "watch/config.h"

/* Another place than the venue's own, as `botctl paper` exports it for the examples: the file is then one for that place. */
static void example_places(char *buf, size_t size)
{
    static const char *const names[][2] = { { "BOT_REST_URL", "rest_url" }, { "BOT_WS_PRIVATE_URL", "ws_private_url" },
                                            { "BOT_WS_PUBLIC_URL", "ws_public_url" }, { "BOT_CA_FILE", "ca_file" } };
    size_t n = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i][0]);
        if (value == NULL || value[0] == '\0' || strlen(value) > 200)
            continue;
        bool plain = true;
        for (const char *c = value; *c != '\0'; c++)
            plain = plain && *c > 0x20 && *c < 0x7f && *c != '"' && *c != '\\';
        if (plain && n < size)
            n += (size_t)snprintf(buf + n, size - n, "      \"%s\": \"%s\", // %s of the environment\n", names[i][1], value, names[i][0]);
    }
}

int watch_config_example(const char *venue, char *buf, size_t size)
{
    char places[1200];
    example_places(places, sizeof places);
    const struct venue *v = bot__venue_find(venue);
    if (v == NULL)
        return BOT_ERR_NOT_FOUND;
    const char *instrument = strcmp(venue, "okx") == 0 ? "BTC-USDT-SWAP" : strcmp(venue, "bitflyer") == 0 ? "FX_BTC_JPY"
                             : strcmp(venue, "hyperliquid") == 0 ? "BTC" : "BTCUSDT";
    const bool passphrase = bot__venue_has_passphrase(v), keyed = bot__venue_has_secret(v);
    const int n = snprintf(buf, size,
        "// Configuration of `botctl watch`. Comments are allowed. `botctl config check FILE` looks through it,\n"
        "// `botctl doctor FILE` tries it out. A read-only key is enough: nothing is ever ordered.\n"
        "{\n"
        "  \"accounts\": [\n"
        "    {\n"
        "      \"name\": \"main\",\n"
        "      \"venue\": \"%s\",\n"
        "      // Secrets come from the environment, or from a file that only its owner may read (mode 600).\n"
        "      \"key\": {\"env\": \"BOT_KEY\"},%s\n"
        "%s%s%s"
        "      // Public trades of these are watched for the venue slowing down; positions are watched whatever they are in.\n"
        "      \"instruments\": [\"%s\"],\n"
        "      // \"journal\": \"/var/lib/libbot-watch/main\",  // keeps every event: botctl explain, replay, verify\n"
        "      // When fills do not explain a difference: \"adopt\" tells it and goes on from the venue's number; \"halt\" tells it until the restart.\n"
        "      \"drift_policy\": \"adopt\"\n"
        "    }\n"
        "  ],\n"
        "  \"http\": {\n"
        "    // The page, /metrics, /api/status. Any other address than 127.x wants a \"token\": {\"env\": \"WATCH_TOKEN\"}.\n"
        "    \"listen\": \"127.0.0.1:8723\"\n"
        "  },\n"
        "  \"alerts\": {\n"
        "    \"repeat_s\": 3600,\n"
        "    // A service that raises its own alarm when this watch is heard no more; {\"env\": \"HEARTBEAT_URL\"} hides the address.\n"
        "    // \"heartbeat\": {\"url\": \"https://example.com/ping/me\", \"every_s\": 60},\n"
        "    \"rules\": [\n"
        "      // Each rule has sensible defaults; this is how one is changed.\n"
        "      {\"rule\": \"trade_rate\", \"severity\": \"warning\", \"for_s\": 10}\n"
        "    ],\n"
        "    \"routes\": [\n"
        "      // {\"type\": \"slack\", \"url\": {\"env\": \"SLACK_WEBHOOK_URL\"}, \"min_severity\": \"warning\"},\n"
        "      // {\"type\": \"telegram\", \"token\": {\"env\": \"TELEGRAM_TOKEN\"}, \"chat_id\": \"123456\"},\n"
        "      // {\"type\": \"command\", \"command\": [\"/usr/local/bin/page-me\"]},  // the alert as JSON on its standard input\n"
        "      {\"type\": \"stderr\", \"min_severity\": \"info\"}\n"
        "    ]\n"
        "  }\n"
        "}\n",
        venue, keyed ? "" : " // the address of the account, 0x...", keyed ? "      \"secret\": {\"env\": \"BOT_SECRET\"},\n" : "",
        passphrase ? "      \"passphrase\": {\"env\": \"BOT_PASSPHRASE\"},\n" : "", places, instrument);
    return n >= 0 && (size_t)n < size ? n : BOT_ERR_FULL;
}
