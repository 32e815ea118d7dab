#include "io/io_loop_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "bot/err.h"
#include "io/tls.h"

/* Its address marks our handle on a loop; nothing is ever written to it. */
static const char tag;

struct search {
    struct io_loop *found;
};

static void look_at(uv_handle_t *handle, void *user_data)
{
    struct search *search = user_data;
    if (handle->type == UV_IDLE && handle->data == (const void *)&tag && !uv_is_closing(handle))
        search->found = (struct io_loop *)((char *)handle - offsetof(struct io_loop, marker));
}

static void run_releases(struct io_release *list)
{
    while (list != NULL) {
        struct io_release *next = list->next; /* read first: the owner may free it */
        list->released(list->user_data);
        list = next;
    }
}

static void on_closed(uv_handle_t *handle)
{
    /* marker's data is the tag, so both come through their place in the struct. */
    struct io_loop *io = handle->type == UV_IDLE ? (struct io_loop *)((char *)handle - offsetof(struct io_loop, marker))
                                                 : (struct io_loop *)((char *)handle - offsetof(struct io_loop, turn));
    if (--io->handles > 0) return;
    for (unsigned i = 0; i < io->tls_n; i++) SSL_CTX_free(io->tls[i].ctx);
    bot__shared_budgets_free(io);
    bot__sock_env_done(&io->sock_env);
    struct io_release *releases = io->releases;
    free(io);
    run_releases(releases);
}

/* Nobody can come back: acquire does not find a closing marker, and makes a new io_loop beside this one. */
static void close_handles(struct io_loop *io)
{
    if (io->closing) return;
    io->closing = true;
    uv_close((uv_handle_t *)&io->marker, on_closed);
    uv_close((uv_handle_t *)&io->turn, on_closed);
}

static void on_turn(uv_timer_t *timer)
{
    struct io_loop *io = timer->data;
    if (io->users > 0) {
        struct io_release *releases = io->releases;
        io->releases = NULL;
        run_releases(releases); /* io may be gone behind this */
        return;
    }
    if (io->lws != NULL && io->objects == 1) io->lws_close(io); /* the context is the last object; not one when it is done */
    else if (io->objects == 0) close_handles(io);
}

int bot__io_loop_acquire(uv_loop_t *loop, struct io_loop **ret)
{
    struct search search = { NULL };
    uv_walk(loop, look_at, &search);
    struct io_loop *io = search.found;
    if (io == NULL) {
        io = calloc(1, sizeof *io);
        if (io == NULL) return BOT_ERR_NOMEM;
        int r = bot__sock_env_init(&io->sock_env, loop);
        if (r < 0) {
            free(io);
            return r;
        }
        io->uv = loop;
        uv_idle_init(loop, &io->marker);
        uv_timer_init(loop, &io->turn);
        io->marker.data = (void *)(uintptr_t)&tag;
        io->turn.data = io;
        io->handles = 2;
    }
    io->users++;
    *ret = io;
    return BOT_OK;
}

void bot__io_loop_release(struct io_loop *io, struct io_release *release)
{
    BOT_ASSERT(io->users > 0);
    io->users--;
    release->next = io->releases;
    io->releases = release;
    uv_timer_start(&io->turn, on_turn, 0, 0);
}

uv_loop_t *bot__io_loop_uv(struct io_loop *io) { return io->uv; }

void bot__io_loop_object_begun(struct io_loop *io) { io->objects++; }

void bot__io_loop_object_done(struct io_loop *io)
{
    BOT_ASSERT(io->objects > 0);
    io->objects--;
    /* A releasing user waits; or, when a new one came while libwebsockets was closing, the old one still does. */
    if (io->releases != NULL && !io->closing) uv_timer_start(&io->turn, on_turn, 0, 0);
}

int bot__io_loop_tls(struct io_loop *io, const char *ca_file, struct io_tls **ret)
{
    const char *name = ca_file != NULL ? ca_file : "";
    for (unsigned i = 0; i < io->tls_n; i++)
        if (strcmp(io->tls[i].ca_file, name) == 0) {
            *ret = &io->tls[i];
            return BOT_OK;
        }
    if (io->tls_n == IO_TLS_MAX) return BOT_ERR_FULL;
    if (strlen(name) >= IO_CA_FILE_MAX) return BOT_ERR_OVERFLOW;
    struct io_tls *tls = &io->tls[io->tls_n];
    int r = bot__tls_client(ca_file, &tls->ctx);
    if (r < 0) return r;
    strcpy(tls->ca_file, name);
    io->tls_n++;
    *ret = tls;
    return BOT_OK;
}
