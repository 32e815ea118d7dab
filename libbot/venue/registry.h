/* venue/registry.h: the list of known venues. One line a venue; nothing else in libbot names one. */
#ifndef BOT_VENUE_REGISTRY_H
#define BOT_VENUE_REGISTRY_H

#define BOT_VENUE_LIST(X) \
    X(bybit) \
    X(binance) \
    X(okx) \
    X(bitflyer) \
    X(hyperliquid)

#endif
