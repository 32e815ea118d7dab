/* io/tls.h: our own SSL_CTX for every role, so that what is trusted is decided in one place.
 *
 * Neither libwebsockets' nor libcurl's defaults are relied on: a CA file replaces the system's store instead of
 * standing beside it, and nothing below TLS 1.2 is spoken.
 */
#ifndef BOT_IO_TLS_H
#define BOT_IO_TLS_H

#include <openssl/ssl.h>

/* Verifies peers against ca_file, or the system's store when NULL. The host name is set per connection.
 * BOT_ERR_IO: the file cannot be read or holds no certificate; BOT_ERR_NOMEM. SSL_CTX_free gives it back. */
int bot__tls_client(const char *ca_file, SSL_CTX **ret);
/* BOT_ERR_IO: certificate or key cannot be read or do not fit each other. */
int bot__tls_server(const char *cert_file, const char *key_file, SSL_CTX **ret);
/* Sets SNI and the name (or address) that the peer's certificate must carry. BOT_ERR_INVALID, BOT_ERR_NOMEM. */
int bot__tls_expect_host(SSL *ssl, const char *host);

#endif
