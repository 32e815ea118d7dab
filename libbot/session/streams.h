/* session/streams.h: sockets from closed to READY and back.
 *
 * IDLE -> WAITING (back-off, connection limit) -> OPENING -> LOGIN -> SUBSCRIBING -> UP. Any failure or silence leads back
 * to WAITING. A stream comes up only when every subscription has been acknowledged: nothing after it is missed. */
#ifndef BOT_SESSION_STREAMS_H
#define BOT_SESSION_STREAMS_H

#include "session/state.h"

/* What came of a call, for others to act on. */
struct stream_news {
    enum {
        STREAM_NO_NEWS,
        STREAM_CAME_UP,
        STREAM_WENT_DOWN, /* it was up */
        STREAM_WANTS_KEY, /* a listen key, before it can open */
    } what;
    const char *reason; /* of having gone down */
};

void bot__streams_start(struct session *s); /* sockets that are wanted wait for their turn at once */
struct stream_news bot__streams_opened(struct session *s, bot_stream stream);
struct stream_news bot__streams_closed(struct session *s, bot_stream stream, const char *reason);
struct stream_news bot__streams_control(struct session *s, bot_stream stream, const bot_event *ev);
/* Anew, from the connection on, if there is one. */
struct stream_news bot__streams_resync(struct session *s, bot_stream stream, const char *reason);
/* Something came over it. True: the core is to be told that the peer lives; ret is that event. */
bool bot__streams_heard(struct session *s, bot_stream stream, bot_event *ret);
struct stream_news bot__streams_tick(struct session *s, bot_stream stream);
bool bot__streams_keep_due(struct session *s); /* the listen key wants to be prolonged: once for each time that it does */
bot_ts bot__streams_deadline(const struct session *s);

struct stream_news bot__streams_listen_key(struct session *s, const char *key);
/* The key that was prolonged, "" where the venue does not say: another than ours is one that somebody made when ours was gone. */
struct stream_news bot__streams_listen_now(struct session *s, const char *key);
/* What came of prolonging it: NOT_FOUND means that the private socket is deaf, whatever else it says. */
struct stream_news bot__streams_listen_kept(struct session *s, bot_outcome outcome);

const char *bot__streams_name(bot_stream stream);
bool bot__streams_public_up(const struct session *s); /* every public socket that is wanted; one at least */
/* A socket that is up, or was, and not public; or public, and the only one that is not up. */
bool bot__streams_decides(const struct session *s, bot_stream stream);
bot_ts bot__streams_public_heard(const struct session *s); /* that of them which was heard longest ago */

#endif
