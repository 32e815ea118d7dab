/* The target of fuzz_server.c on requests and frames of our own, as they are and changed at random. FUZZ_SEEDS=DIR writes them there. */
#include "replay.h"

#define SEED(text) { (const uint8_t *)(text), sizeof(text) - 1 }
static const struct { const uint8_t *bytes; size_t len; } seeds[] = {
    SEED("\0" "GET /api/status HTTP/1.1\r\nHost: localhost:1\r\nAuthorization: Bearer t\r\n\r\n"),
    SEED("\6" "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\nHEAD /e HTTP/1.1\r\nHost: a\r\n\r\n"),
    SEED("\4" "POST /order HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhelloPOST /d HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
    SEED("\2" "POST /c HTTP/1.1\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"),
    SEED("\0" "PUT /n HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    SEED("\0" "GET /h HTTP/1.1\r\n\r\n"),
    SEED("\0" "GET /no HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
    SEED("\1\x81\x85" "abcd" "\x09\x07\x0f\x08\x0e" "\x89\x80" "abcd" "\x01\x83" "abcd" "123" "\x80\x83" "abcd" "456"),
    SEED("\5\x82\xfe\x00\x80" "abcd"),
    SEED("\1\x88\x82" "abcd" "\x62\x8a"),
    SEED("\3\x81\x81" "abcd" "\x12" "\x8a\x80" "abcd" "\x81\x81" "abcd" "\x19"),
};

TEST(fuzz_server, clients_and_their_changes_leave_nothing_behind)
{
    for (unsigned i = 0; i < sizeof seeds / sizeof *seeds; i++)
        replay(seeds[i].bytes, seeds[i].len, "server", i, 400);
}
