/* io/ws_frame.h: WebSocket frames as a server reads and writes them (RFC 6455, section 5). Pure.
 *
 * The server has its own few lines instead of a library because a fault script must be able to send what no library
 * would: half frames, wrong masks, fragments of one byte.
 *
 *   byte 0   FIN 0x80, RSV 0x70 (must be 0), opcode 0x0f
 *   byte 1   MASK 0x80, length 0..125, or 126: 16 bits follow, 127: 64 bits follow, big endian, shortest form only
 *   mask     4 bytes, from clients always, from servers never
 *   payload
 */
#ifndef BOT_IO_WS_FRAME_H
#define BOT_IO_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ws_opcode {
    WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10
};

struct ws_frame {
    bool           fin;
    enum ws_opcode opcode;
    char          *payload; /* unmasked in place */
    size_t         len;
};

#define WS_FRAME_HEAD_MAX 14

/* Reads one client frame from buf. Returns its whole length, 0 when it has not come completely, BOT_ERR_MALFORMED for
 * a breach of the protocol, BOT_ERR_FULL for a payload beyond max. */
int64_t bot__ws_frame_read(char *buf, size_t len, size_t max, struct ws_frame *ret);
/* Writes a server frame's head. Returns its length. */
size_t bot__ws_frame_head(char *buf, bool fin, enum ws_opcode opcode, size_t len);

#endif
