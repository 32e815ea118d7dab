/* paper_server.h: the paper exchange of libbot/sim behind a TLS server on a uv loop. `botctl paper`, the live demo and the tests
 * over sockets use it. */
#ifndef BOTCTL_PAPER_SERVER_H
#define BOTCTL_PAPER_SERVER_H

#include "sim/venue.h"

struct uv_loop_s;

struct paper_options {
    struct simvenue_options venue; /* instruments_n 0: the three of sim/exchange.h */
    const char *host;              /* NULL: 127.0.0.1 */
    uint16_t    port;              /* 0: any free one */
    const char *directory;         /* exists: CA, certificate and key files are written there. NULL: no TLS */
};
void paper_options_init(struct paper_options *o);

struct paper;
/* 0, or an error of the server or the options. Loop thread only, as everything here. */
int paper_open(struct uv_loop_s *loop, const struct paper_options *o, struct paper **ret);
/* Number of the account, from 1. */
int paper_account_add(struct paper *p, const char *key, const char *secret, bot_money balance);
/* Statements of sim/faults.h; times count from paper_open. */
int paper_faults(struct paper *p, const char *text, size_t len, char *error, size_t error_size);

const char *paper_rest_url(const struct paper *p);           /* https://127.0.0.1:PORT */
const char *paper_ws_private_url(const struct paper *p);     /* wss://127.0.0.1:PORT/v5/private */
const char *paper_ws_public_url(const struct paper *p);      /* .../v5/public/linear */
const char *paper_ws_trade_url(const struct paper *p);       /* .../v5/trade */
const char *paper_ca_file(const struct paper *p);            /* "" without TLS */
struct simvenue *paper_venue(struct paper *p);
int64_t paper_now_ns(const struct paper *p);                 /* the exchange's clock: Unix time that never jumps */

/* closed runs from the loop when nothing of it is left there; p is gone then. closed may be NULL. */
void paper_close(struct paper *p, void (*closed)(void *user_data), void *user_data);

#endif
