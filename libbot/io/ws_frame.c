#include "io/ws_frame.h"

#include <string.h>

#include "bot/err.h"

static void unmask(char *p, size_t len, const unsigned char mask[4])
{
    uint64_t wide;
    unsigned char twice[8];
    memcpy(twice, mask, 4);
    memcpy(twice + 4, mask, 4);
    memcpy(&wide, twice, 8);
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, 8);
        word ^= wide;
        memcpy(p + i, &word, 8);
    }
    for (; i < len; i++) p[i] = (char)((unsigned char)p[i] ^ mask[i & 3]);
}

int64_t bot__ws_frame_read(char *buf, size_t len, size_t max, struct ws_frame *ret)
{
    const unsigned char *b = (const unsigned char *)buf;
    if (len < 2) return 0;
    unsigned opcode = b[0] & 0x0f;
    bool control = (opcode & 8) != 0, fin = (b[0] & 0x80) != 0;
    uint64_t n = b[1] & 0x7f;
    if ((b[0] & 0x70) != 0 || (b[1] & 0x80) == 0) return BOT_ERR_MALFORMED;
    if (opcode > WS_PONG || (opcode > WS_BINARY && opcode < WS_CLOSE)) return BOT_ERR_MALFORMED;
    if (control && (!fin || n > 125)) return BOT_ERR_MALFORMED;

    size_t head = 2;
    if (n >= 126) {
        size_t bytes = n == 126 ? 2 : 8;
        if (len < head + bytes) return 0;
        n = 0;
        for (size_t i = 0; i < bytes; i++) n = n << 8 | b[head + i];
        if (n < 126 || (bytes == 8 && (n <= 0xffff || n >> 63 != 0))) return BOT_ERR_MALFORMED;
        head += bytes;
    }
    if (n > max) return BOT_ERR_FULL;
    if (len < head + 4 || len - head - 4 < n) return 0;
    unmask(buf + head + 4, (size_t)n, b + head);
    *ret = (struct ws_frame){ fin, (enum ws_opcode)opcode, buf + head + 4, (size_t)n };
    return (int64_t)(head + 4 + n);
}

size_t bot__ws_frame_head(char *buf, bool fin, enum ws_opcode opcode, size_t len)
{
    unsigned char *b = (unsigned char *)buf;
    b[0] = (unsigned char)((fin ? 0x80 : 0) | (unsigned)opcode);
    if (len < 126) {
        b[1] = (unsigned char)len;
        return 2;
    }
    size_t bytes = len <= 0xffff ? 2 : 8;
    b[1] = bytes == 2 ? 126 : 127;
    for (size_t i = 0; i < bytes; i++) b[2 + i] = (unsigned char)((uint64_t)len >> (8 * (bytes - 1 - i)));
    return 2 + bytes;
}
