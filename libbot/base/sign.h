/* base/sign.h: HMAC-SHA256 with a key that cannot be printed and is wiped on free. OpenSSL underneath. */
#ifndef BOT_BASE_SIGN_H
#define BOT_BASE_SIGN_H

#include <stddef.h>
#include <stdint.h>

struct bot__signer; /* opaque: holds the secret */

/* NULL when out of memory. The secret is copied; wipe yours. */
struct bot__signer *bot__signer_new(const char *secret, size_t len);
void                bot__signer_free(struct bot__signer *s); /* takes NULL; wipes */

struct bot__part {
    const void *p;
    size_t      len;
};
/* MAC over the parts in order. 0, or BOT_ERR_NOMEM when OpenSSL fails. One thread at a time for one signer: the kept
 * context is re-initialised without a key set-up (0.25 us instead of 1.1). */
int bot__sign(const struct bot__signer *s, const struct bot__part *parts, size_t parts_n, uint8_t ret_mac[32]);

/* Lower-case hex, NUL-terminated: 65 bytes. */
void bot__hex(const uint8_t *bytes, size_t n, char *ret_text);
/* Base64 with padding, NUL-terminated: 4 * ceil(n / 3) + 1 bytes. */
void bot__base64(const uint8_t *bytes, size_t n, char *ret_text);
/* Percent-encodes all but unreserved characters (RFC 3986). Length or BOT_ERR_FULL. */
int bot__percent_encode(const char *text, size_t len, char *buf, size_t size);

#endif
