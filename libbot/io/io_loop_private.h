/* io/io_loop_private.h: the inside of io_loop.h, for the files of this room. */
#ifndef BOT_IO_IO_LOOP_PRIVATE_H
#define BOT_IO_IO_LOOP_PRIVATE_H

#include <uv.h>

#include "io/io_loop.h"
#include "io/sock.h"

/* What one CA file (or the system's store) stands for. Kept until the loop's last user leaves. */
#define IO_TLS_MAX 64
#define IO_CA_FILE_MAX 512
struct io_tls {
    char     ca_file[IO_CA_FILE_MAX]; /* "": the system's store */
    SSL_CTX *ctx;
    void    *lws_vhost;
};

struct io_loop {
    uv_idle_t          marker; /* never started: only to be found by uv_walk */
    uv_timer_t         turn;   /* runs the releases at the next turn */
    uv_loop_t         *uv;
    struct sock_env    sock_env;
    unsigned           users;
    unsigned           objects; /* socks, lookups, curl's handles, the lws context */
    unsigned           handles; /* our own, not yet closed */
    bool               closing;
    struct io_release *releases;
    struct shared_budget *budgets;
    struct io_tls      tls[IO_TLS_MAX];
    void              *tls_none_vhost; /* for ws:// */
    unsigned           tls_n;
    /* ws_lws.c: made with the first socket that needs it, an object. lws_close begins to destroy it and sets lws to NULL. */
    void              *lws;
    void             (*lws_close)(struct io_loop *io);
};

void bot__shared_budgets_free(struct io_loop *io);
void bot__io_loop_object_begun(struct io_loop *io);
void bot__io_loop_object_done(struct io_loop *io);
/* The shared client SSL_CTX for a CA file. BOT_ERR_IO, BOT_ERR_FULL beyond IO_TLS_MAX different files. */
int bot__io_loop_tls(struct io_loop *io, const char *ca_file, struct io_tls **ret);

#endif
