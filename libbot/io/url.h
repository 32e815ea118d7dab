/* io/url.h: the few URLs that we use: scheme://host[:port][/path][?query]. Pure. */
#ifndef BOT_IO_URL_H
#define BOT_IO_URL_H

#include <stdbool.h>
#include <stdint.h>

#define URL_HOST_MAX 255

struct url {
    bool        tls;                     /* wss, https */
    bool        ws;                      /* wss, ws; else https, http */
    bool        numeric;                 /* host is an address */
    uint16_t    port;                    /* the scheme's own when not given */
    bool        port_given;
    char        host[URL_HOST_MAX + 1];  /* without the brackets of an IPv6 address */
    const char *path;                    /* into the text, from "/" or "?", or "" */
};

/* BOT_ERR_INVALID: other schemes, user names, fragments, blanks and control characters, ports out of range. */
int bot__url_parse(const char *text, struct url *ret);
/* What the Host header says: host[:port], the port only where it is not the scheme's own. */
void bot__url_authority(const struct url *url, char *buf, unsigned long size);

#endif
