#include "base/sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/core_names.h>

#include "bot/err.h"

struct bot__signer {
    EVP_MAC     *mac;
    EVP_MAC_CTX *ctx; /* keyed once; init with a NULL key starts over with the same one */
};

struct bot__signer *bot__signer_new(const char *secret, size_t len)
{
    static char sha256[] = "SHA256";
    struct bot__signer *s = OPENSSL_zalloc(sizeof *s);
    if (s == NULL)
        return NULL;
    const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0), OSSL_PARAM_construct_end() };
    s->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    s->ctx = s->mac == NULL ? NULL : EVP_MAC_CTX_new(s->mac);
    /* A key of no bytes would mean "keep the key" to OpenSSL: an empty secret is one zero byte, which HMAC pads to the same. */
    if (s->ctx == NULL || EVP_MAC_init(s->ctx, (const unsigned char *)(len != 0 ? secret : ""), len != 0 ? len : 1, params) != 1) {
        bot__signer_free(s);
        return NULL;
    }
    return s;
}

void bot__signer_free(struct bot__signer *s)
{
    if (s == NULL)
        return;
    EVP_MAC_CTX_free(s->ctx); /* OpenSSL cleanses its copy of the key */
    EVP_MAC_free(s->mac);
    OPENSSL_clear_free(s, sizeof *s);
}

int bot__sign(const struct bot__signer *s, const struct bot__part *parts, size_t parts_n, uint8_t ret_mac[32])
{
    if (EVP_MAC_init(s->ctx, NULL, 0, NULL) != 1)
        return BOT_ERR_NOMEM;
    for (size_t i = 0; i < parts_n; i++)
        if (parts[i].len != 0 && EVP_MAC_update(s->ctx, parts[i].p, parts[i].len) != 1)
            return BOT_ERR_NOMEM;
    size_t n = 0;
    return EVP_MAC_final(s->ctx, ret_mac, &n, 32) == 1 && n == 32 ? 0 : BOT_ERR_NOMEM;
}

void bot__hex(const uint8_t *bytes, size_t n, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_text[2 * n] = '\0';
}

void bot__base64(const uint8_t *bytes, size_t n, char *ret_text)
{
    (void)EVP_EncodeBlock((unsigned char *)ret_text, bytes, (int)n);
}

int bot__percent_encode(const char *text, size_t len, char *buf, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (at + (plain ? 1 : 3) >= size)
            return BOT_ERR_FULL;
        if (plain) {
            buf[at++] = (char)c;
        } else {
            buf[at++] = '%';
            buf[at++] = digits[c >> 4];
            buf[at++] = digits[c & 15];
        }
    }
    if (at >= size)
        return BOT_ERR_FULL;
    buf[at] = '\0';
    return (int)at;
}
