#include "io/devcert.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bot/err.h"

#define DAY_S 86400L

static int set_serial(X509 *cert)
{
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1) return 0;
    bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and 16 bytes long */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    int ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return ok;
}

static int add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    int ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

/* issuer NULL: signs itself. */
static X509 *make_cert(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key, const char *names, bool expired)
{
    X509 *cert = X509_new();
    if (cert == NULL) return NULL;
    X509 *by = issuer != NULL ? issuer : cert;
    X509_NAME *subject = X509_get_subject_name(cert);
    /* A day of slack before: the client's clock may be a little behind ours. */
    bool ok = X509_set_version(cert, 2) == 1 && set_serial(cert) &&
              X509_gmtime_adj(X509_getm_notBefore(cert), expired ? -2 * DAY_S : -DAY_S) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(cert), expired ? -DAY_S : 30 * DAY_S) != NULL &&
              X509_set_pubkey(cert, key) == 1 &&
              X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) == 1 &&
              X509_set_issuer_name(cert, X509_get_subject_name(by)) == 1;
    if (issuer == NULL)
        ok = ok && add_extension(cert, by, NID_basic_constraints, "critical,CA:TRUE") &&
             add_extension(cert, by, NID_key_usage, "critical,keyCertSign,cRLSign");
    else
        ok = ok && add_extension(cert, by, NID_basic_constraints, "critical,CA:FALSE") &&
             add_extension(cert, by, NID_key_usage, "critical,digitalSignature") &&
             add_extension(cert, by, NID_ext_key_usage, "serverAuth") && add_extension(cert, by, NID_subject_alt_name, names);
    if (!ok || X509_sign(cert, issuer_key, EVP_sha256()) == 0) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

static int write_pem(const char *path, mode_t mode, X509 *cert, EVP_PKEY *key)
{
    /* Removed first: a file that stands there with wider permissions would keep them. */
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) return BOT_ERR_IO;
    FILE *file = fdopen(fd, "w");
    if (file == NULL) {
        close(fd);
        return BOT_ERR_IO;
    }
    int ok = cert != NULL ? PEM_write_X509(file, cert) : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    if (fclose(file) != 0) ok = 0;
    return ok == 1 ? BOT_OK : BOT_ERR_IO;
}

int bot__devcert_make(const struct devcert_options *options, struct devcert *ret)
{
    struct devcert paths;
    const char *prefix = options->prefix != NULL ? options->prefix : "dev";
    char names[512];
    const char *base = options->only_host ? "" : "DNS:localhost,IP:127.0.0.1,IP:::1";
    const bool host = options->host != NULL;
    unsigned char binary[16];
    const bool numeric = host && (inet_pton(AF_INET, options->host, binary) == 1 || inet_pton(AF_INET6, options->host, binary) == 1);
    if ((size_t)snprintf(paths.ca_file, sizeof paths.ca_file, "%s/%s-ca.pem", options->directory, prefix) >= sizeof paths.ca_file ||
        (size_t)snprintf(paths.cert_file, sizeof paths.cert_file, "%s/%s-cert.pem", options->directory, prefix) >= sizeof paths.cert_file ||
        (size_t)snprintf(paths.key_file, sizeof paths.key_file, "%s/%s-key.pem", options->directory, prefix) >= sizeof paths.key_file ||
        (size_t)snprintf(names, sizeof names, "%s%s%s%s", base, *base != '\0' && host ? "," : "", numeric ? "IP:" : host ? "DNS:" : "",
                         host ? options->host : "") >= sizeof names)
        return BOT_ERR_OVERFLOW;

    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *ca = NULL, *cert = NULL;
    int r = BOT_ERR_NOMEM;
    if (ca_key == NULL || key == NULL) goto done;
    ca = make_cert(ca_key, "libbot development CA", NULL, ca_key, NULL, false);
    if (ca == NULL) goto done;
    cert = make_cert(key, host ? options->host : "localhost", ca, ca_key, names, options->expired);
    if (cert == NULL) goto done;
    r = write_pem(paths.key_file, 0600, NULL, key);
    if (r == BOT_OK) r = write_pem(paths.cert_file, 0644, cert, NULL);
    if (r == BOT_OK) r = write_pem(paths.ca_file, 0644, ca, NULL);
    if (r == BOT_OK) *ret = paths;
done:
    X509_free(cert);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    ERR_clear_error();
    return r;
}
