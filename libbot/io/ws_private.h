/* io/ws_private.h: what ws.c does for every implementation, and what an implementation does for ws.c.
 *
 * ws.c resolves the name, keeps the connect timeout, the state and the owner's callbacks. An implementation connects to
 * given addresses and moves messages. It reports with the bot__ws_on_* functions, always from the loop. After stop()
 * it reports nothing but bot__ws_on_gone, which it owes exactly once after every successful start().
 */
#ifndef BOT_IO_WS_PRIVATE_H
#define BOT_IO_WS_PRIVATE_H

#include "io/io_loop_private.h"
#include "io/resolve.h"
#include "io/url.h"
#include "io/ws.h"

struct ws_ops {
    const char *name;
    int  (*start)(struct ws *ws, const struct resolved *where); /* sets ws->impl; negative: nothing was begun */
    int  (*send)(struct ws *ws, const char *text, size_t len);  /* only while open; the bound is kept here */
    int  (*ping)(struct ws *ws);
    void (*stop)(struct ws *ws); /* polite when open; at once, but reports nothing inside */
};

enum ws_state {
    WS_STARTING,   /* the next turn of the loop goes on -> RESOLVING, CONNECTING */
    WS_RESOLVING,  /* -> CONNECTING, ENDED */
    WS_CONNECTING, /* TCP, TLS, upgrade -> OPEN, ENDED */
    WS_OPEN,       /* -> ENDED */
    WS_ENDED,      /* the owner has been told, or has closed */
};

struct ws {
    const struct ws_ops *ops;
    void               *impl;
    bool                impl_live; /* between start() and gone */
    struct io_loop     *io;
    struct io_tls      *tls; /* NULL for ws:// */
    enum ws_state       state;
    bool                forgotten, timer_closed;
    uv_timer_t          timer;
    struct resolve     *resolve;
    struct ws_callbacks callbacks;
    struct ws_options   options; /* pointers in it are not kept */
    struct url          url;
    char               *url_text;
    const char         *path;           /* never empty */
    char                authority[URL_HOST_MAX + 16];
    uint64_t            part_since_ms;  /* 0: nothing has begun that is not whole */
};

void bot__ws_on_opened(struct ws *ws);
void bot__ws_on_message(struct ws *ws, const char *text, size_t len);
void bot__ws_on_alive(struct ws *ws);
/* Bytes of something that is not yet whole. */
void bot__ws_on_part(struct ws *ws);

/* It ended by itself; gone follows. */
void bot__ws_on_ended(struct ws *ws, const char *reason);
void bot__ws_on_gone(struct ws *ws);
/* Text for a close frame's code and words. */
void bot__ws_close_text(char *buf, size_t size, const unsigned char *payload, size_t len);

extern const struct ws_ops bot__ws_lws;
#ifdef BOT_HAVE_WSLAY
extern const struct ws_ops bot__ws_wslay;
#endif

#endif
