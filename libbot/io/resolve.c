#include "io/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "bot/err.h"
#include "io/io_loop_private.h"

struct resolve {
    uv_getaddrinfo_t request;
    struct io_loop  *io;
    void           (*done)(void *user_data, const struct resolved *result);
    void            *user_data;
};

int bot__resolve_numeric(const char *host, uint16_t port, struct resolved *ret)
{
    struct resolved r = { .n = 1 };
    if (uv_ip4_addr(host, port, (struct sockaddr_in *)&r.addresses[0]) != 0 &&
        uv_ip6_addr(host, port, (struct sockaddr_in6 *)&r.addresses[0]) != 0)
        return 0;
    *ret = r;
    return 1;
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct resolve *resolve = request->data;
    struct io_loop *io = resolve->io;
    struct resolved result = { 0 };
    for (struct addrinfo *a = list; status == 0 && a != NULL && result.n < RESOLVE_ADDRESSES_MAX; a = a->ai_next)
        if (a->ai_addrlen <= sizeof result.addresses[0])
            memcpy(&result.addresses[result.n++], a->ai_addr, a->ai_addrlen);
    uv_freeaddrinfo(list);
    if (result.n == 0) result.error = status < 0 ? uv_strerror(status) : "no address";
    if (resolve->done != NULL) resolve->done(resolve->user_data, &result);
    free(resolve);
    bot__io_loop_object_done(io);
}

int bot__resolve_start(struct io_loop *io, const char *host, uint16_t port,
                       void (*done)(void *user_data, const struct resolved *result), void *user_data, struct resolve **ret)
{
    struct resolve *resolve = calloc(1, sizeof *resolve);
    if (resolve == NULL) return BOT_ERR_NOMEM;
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    resolve->request.data = resolve;
    resolve->io = io;
    resolve->done = done;
    resolve->user_data = user_data;
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    if (uv_getaddrinfo(io->uv, &resolve->request, on_resolved, host, service, &hints) != 0) {
        free(resolve);
        return BOT_ERR_IO;
    }
    bot__io_loop_object_begun(io);
    *ret = resolve;
    return BOT_OK;
}

void bot__resolve_cancel(struct resolve *resolve)
{
    resolve->done = NULL;
    uv_cancel((uv_req_t *)&resolve->request); /* succeeds only before a thread has taken it */
}

void bot__resolve_text(const struct sockaddr_storage *address, char *buf)
{
    buf[0] = '\0';
    if (address->ss_family == AF_INET) uv_ip4_name((const struct sockaddr_in *)address, buf, 64);
    else uv_ip6_name((const struct sockaddr_in6 *)address, buf, 64);
}
