/* tests/io/byte_proxy.h: a TCP proxy on the loop that knows nothing of what passes, and does to the bytes what networks do:
 * holds them, lets them drip, ends or resets connections, takes no new ones. TLS breaks where the bytes say, not where a
 * protocol would.
 */
#ifndef TESTS_IO_BYTE_PROXY_H
#define TESTS_IO_BYTE_PROXY_H

#include <stdbool.h>
#include <uv.h>

enum byte_proxy_pace {
    BYTES_PASS,
    BYTES_DRIP, /* 120 bytes every 10 ms */
    BYTES_STALL /* none; read and held up to 256 KiB, then the sender feels it */
};
enum byte_proxy_way { TO_VENUE, TO_CLIENT };

struct byte_proxy;

/* Listens on a port of 127.0.0.1 and connects to `port` there for each who comes. */
struct byte_proxy *byte_proxy_open(uv_loop_t *loop, unsigned port);
unsigned byte_proxy_port(const struct byte_proxy *p);
void byte_proxy_pace(struct byte_proxy *p, enum byte_proxy_way way, enum byte_proxy_pace pace);
/* While true, whoever connects is reset at once. */
void byte_proxy_refuse(struct byte_proxy *p, bool refuse);
/* Ends every connection on both sides; what is held is lost. reset: by RST rather than FIN. */
void byte_proxy_cut(struct byte_proxy *p, bool reset);
unsigned byte_proxy_pairs(const struct byte_proxy *p);   /* open now */
unsigned long byte_proxy_bytes(const struct byte_proxy *p); /* passed on so far */
/* Cuts what is open and sets *closed from the loop when all is given back; p is gone then. */
void byte_proxy_close(struct byte_proxy *p, bool *closed);

#endif
