/* The target of fuzz_http1.c on our own seeds, as they are and changed at random. */
#include <stdint.h>
#include <string.h>

#include "harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEED(text) { text, sizeof(text) - 1 }
static const struct { const char *bytes; size_t len; } seeds[] = {
    SEED("\0" "GET /v5/position/list?category=linear HTTP/1.1\r\nHost: a:1\r\nX-BAPI-SIGN: ab\r\nConnection: keep-alive\r\n\r\n"),
    SEED("\0" "POST /v5/order/create HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}"),
    SEED("\0" "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    SEED("\0" "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
    SEED("\1" "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"),
    SEED("\1" "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"),
    SEED("\2\x81\x85" "abcd" "hello" "\x89\x80" "abcd" "\x01\x83" "abcd" "123" "\x80\x83" "abcd" "456"),
    SEED("\2\x82\xfe\x00\x80" "abcd"),
    SEED("\3" "wss://stream.example.com:443/v5/private?max_active_time=1m"),
    SEED("\3" "https://[::1]:8080/x"),
};

TEST(fuzz_http1, seeds_and_their_changes_break_nothing)
{
    test_rng rng = { 1 };
    for (unsigned i = 0; i < sizeof seeds / sizeof *seeds; i++)
        for (unsigned round = 0; round < 20000; round++) {
            uint8_t bytes[512];
            size_t len = seeds[i].len;
            memcpy(bytes, seeds[i].bytes, len);
            for (unsigned k = round == 0 ? 0 : 1 + (unsigned)test_rng_below(&rng, 3); k > 0; k--) {
                size_t at = 1 + test_rng_below(&rng, len - 1);
                switch (test_rng_below(&rng, 4)) {
                case 0: bytes[at] = (uint8_t)test_rng_below(&rng, 256); break;
                case 1: bytes[at] = (uint8_t)"\r\n: ,\0/["[test_rng_below(&rng, 8)]; break;
                case 2: len = at + 1; break;
                default: memmove(bytes + at, bytes + len / 2, len - (at > len / 2 ? at : len / 2)); break;
                }
            }
            LLVMFuzzerTestOneInput(bytes, len);
        }
}
