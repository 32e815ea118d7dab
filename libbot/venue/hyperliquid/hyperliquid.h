/* venue/hyperliquid/hyperliquid.h: what the two files of the Hyperliquid codec share. */
#ifndef BOT_VENUE_HYPERLIQUID_H
#define BOT_VENUE_HYPERLIQUID_H

#include "venue/codec.h"

int bot__hl_encode_rest(const struct venue_request *req, const struct venue_keys *keys, int64_t wall_ns, struct venue_http *ret);
int bot__hl_ws_login(bot_stream stream, const struct venue_keys *keys, int64_t wall_ns, char *buf, size_t size);
int bot__hl_ws_subscribe(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, uint32_t index, char *buf,
                         size_t size);
int bot__hl_ws_ping(bot_stream stream, char *buf, size_t size);
int bot__hl_ws_path(bot_stream stream, const bot_symbol *instruments, uint32_t instruments_n, const char *listen_key, char *buf,
                    size_t size);

#endif
