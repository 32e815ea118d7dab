#include "io/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "bot/err.h"

static bool starts(const char *text, const char *with, const char **ret_rest)
{
    size_t n = strlen(with);
    if (strncmp(text, with, n) != 0) return false;
    *ret_rest = text + n;
    return true;
}

static uint16_t default_port(const struct url *url) { return url->tls ? 443 : 80; }

int bot__url_parse(const char *text, struct url *ret)
{
    struct url url = { 0 };
    const char *p;
    if (text == NULL) return BOT_ERR_INVALID;
    if (starts(text, "wss://", &p)) url.ws = url.tls = true;
    else if (starts(text, "ws://", &p)) url.ws = true;
    else if (starts(text, "https://", &p)) url.tls = true;
    else if (!starts(text, "http://", &p)) return BOT_ERR_INVALID;

    for (const char *c = p; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || *c == '#' || *c == '\\') return BOT_ERR_INVALID;

    size_t n;
    if (*p == '[') {
        n = strcspn(++p, "]");
        if (p[n] != ']') return BOT_ERR_INVALID;
    } else {
        n = strcspn(p, ":/?@");
    }
    if (n == 0 || n > URL_HOST_MAX) return BOT_ERR_INVALID;
    memcpy(url.host, p, n);
    bool bracket = p[n] == ']';
    p += n + bracket;

    struct in6_addr addr;
    bool v6 = inet_pton(AF_INET6, url.host, &addr) == 1;
    if (v6 != bracket) return BOT_ERR_INVALID;
    url.numeric = v6 || inet_pton(AF_INET, url.host, &addr) == 1;

    url.port = default_port(&url);
    if (*p == ':') {
        uint32_t port = 0;
        const char *digits = ++p;
        for (; *p >= '0' && *p <= '9' && p - digits < 5; p++) port = port * 10 + (uint32_t)(*p - '0');
        if (p == digits || port == 0 || port > 65535) return BOT_ERR_INVALID;
        url.port = (uint16_t)port;
        url.port_given = true;
    }
    if (*p != '\0' && *p != '/' && *p != '?') return BOT_ERR_INVALID;
    url.path = p;
    *ret = url;
    return BOT_OK;
}

void bot__url_authority(const struct url *url, char *buf, unsigned long size)
{
    bool v6 = strchr(url->host, ':') != NULL;
    if (url->port == default_port(url)) snprintf(buf, size, "%s%s%s", v6 ? "[" : "", url->host, v6 ? "]" : "");
    else snprintf(buf, size, "%s%s%s:%u", v6 ? "[" : "", url->host, v6 ? "]" : "", url->port);
}
