/* io/devcert.h: a certificate authority and a server certificate for tests and the paper exchange, made at run time, so
 * that no key lies in the repository and no openssl program is needed.
 */
#ifndef BOT_IO_DEVCERT_H
#define BOT_IO_DEVCERT_H

#include <stdbool.h>

struct devcert_options {
    const char *directory; /* exists; the caller's */
    const char *prefix;    /* of the file names; NULL: "dev" */
    const char *host;      /* one more name or numeric address beside localhost, 127.0.0.1 and ::1; NULL: none */
    bool        only_host; /* leave localhost and the loopback addresses out (wrong-name tests) */
    bool        expired;   /* valid from two days ago to yesterday */
};

struct devcert {
    char ca_file[512];   /* <directory>/<prefix>-ca.pem: what a client must trust */
    char cert_file[512]; /* <prefix>-cert.pem */
    char key_file[512];  /* <prefix>-key.pem, mode 0600 */
};

/* Writes three files, P-256 keys, valid for 30 days. The CA's key is forgotten. Existing files are replaced.
 * BOT_ERR_IO: a file cannot be written; BOT_ERR_OVERFLOW: the path is too long; BOT_ERR_NOMEM: OpenSSL failed. */
int bot__devcert_make(const struct devcert_options *options, struct devcert *ret);

#endif
