/* io/sock.h: a TCP connection on the loop with TLS inside, client or server: plain bytes in, plain bytes out.
 *
 * libuv moves the ciphertext, OpenSSL works on memory through a BIO of ours that reads straight from the buffer that
 * libuv has just filled and writes straight into the queue (no copy in between). The server, and the WebSocket client
 * over wslay, are built on it.
 *
 * `closed` comes exactly once, from the loop, whoever ended the connection; the sock is gone when it returns. `data` and
 * `opened` come from the loop only. Inside them every function may be called.
 */
#ifndef BOT_IO_SOCK_H
#define BOT_IO_SOCK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <uv.h>

struct sock;

/* What the socks of one owner share; must outlive them. */
struct sock_env {
    uv_loop_t  *loop;
    BIO_METHOD *bio;
    char       *cipher; /* SOCK_CIPHER_SIZE: filled by libuv, used up before the next read */
    char       *plain;  /* SOCK_PLAIN_SIZE + 1: what one TLS record can hold, and room for a NUL */
};
#define SOCK_CIPHER_SIZE 65536
#define SOCK_PLAIN_SIZE 16384

int bot__sock_env_init(struct sock_env *env, uv_loop_t *loop);
void bot__sock_env_done(struct sock_env *env);

struct sock_callbacks {
    void (*opened)(void *user_data); /* clients only: connected, TLS done, host verified */
    /* Borrowed; data[len] may be written. */
    void (*data)(void *user_data, char *data, size_t len);
    void (*drained)(void *user_data); /* the queue has run empty; may be NULL */
    /* reason NULL: the owner closed it. */
    void (*closed)(void *user_data, const char *reason);
};

/* Tries the addresses in order; one that answers nothing for a second and a half, with another behind it, is given up. ctx NULL: plain. host: for SNI and the certificate check. Addresses are copied. */
#define SOCK_ADDRESSES_MAX 4
int bot__sock_connect(struct sock_env *env, const struct sockaddr_storage *addresses, unsigned addresses_n, SSL_CTX *ctx,
                      const char *host, const struct sock_callbacks *callbacks, void *user_data, struct sock **ret);
int bot__sock_accept(struct sock_env *env, uv_stream_t *listener, SSL_CTX *ctx, const struct sock_callbacks *callbacks,
                     void *user_data, struct sock **ret);

/* Queues bytes; what the kernel takes at once is not queued. BOT_ERR_NOT_CONNECTED, BOT_ERR_NOMEM. The caller bounds
 * the queue by asking first. */
int bot__sock_write(struct sock *sock, const void *data, size_t len);
/* While on, writes are only collected (still one TLS record each); off sends them with one system call. */
void bot__sock_cork(struct sock *sock, bool on);
size_t bot__sock_queued(const struct sock *sock);
/* Of all bytes ever written, TLS's own among them, those that the peer's system has acknowledged. */
uint64_t bot__sock_taken(const struct sock *sock);
/* Stops and resumes reading; what has been read already is still delivered. */
void bot__sock_pause(struct sock *sock, bool on);
/* Ends the connection with this reason: at once, as a failure. */
void bot__sock_fail(struct sock *sock, const char *reason);
/* Sends what is queued and TLS's goodbye, then closes; within a second; an accepted one when its peer has
 * taken all and does not close for half a second, or takes nothing for five. No `data` comes any more. */
void bot__sock_close(struct sock *sock);
/* TCP reset. */
void bot__sock_reset(struct sock *sock);

#endif
