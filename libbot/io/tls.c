#include "io/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "bot/err.h"

int bot__tls_client(const char *ca_file, SSL_CTX **ret)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL) return BOT_ERR_NOMEM;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    int ok = ca_file != NULL ? SSL_CTX_load_verify_file(ctx, ca_file) : SSL_CTX_set_default_verify_paths(ctx);
    /* OpenSSL leaves its reasons in a per-thread queue that the host may read later as its own. */
    ERR_clear_error();
    if (ok != 1) {
        SSL_CTX_free(ctx);
        return BOT_ERR_IO;
    }
    *ret = ctx;
    return BOT_OK;
}

int bot__tls_server(const char *cert_file, const char *key_file, SSL_CTX **ret)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL) return BOT_ERR_NOMEM;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    bool ok = SSL_CTX_use_certificate_chain_file(ctx, cert_file) == 1 &&
              SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    ERR_clear_error();
    if (!ok) {
        SSL_CTX_free(ctx);
        return BOT_ERR_IO;
    }
    *ret = ctx;
    return BOT_OK;
}

int bot__tls_expect_host(SSL *ssl, const char *host)
{
    struct in6_addr addr;
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    if (inet_pton(AF_INET, host, &addr) == 1 || inet_pton(AF_INET6, host, &addr) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1 ? BOT_OK : BOT_ERR_INVALID; /* SNI takes no addresses */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(param, host, 0) != 1 || SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)host) != 1) /* clang: the macro casts const away */
        return BOT_ERR_INVALID;
    return BOT_OK;
}
