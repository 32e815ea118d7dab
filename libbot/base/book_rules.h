/* base/book_rules.h: what must be known of a venue to rebuild its order book. A fact of the venue's table, read by the
 * book; base because venue and core do not know each other. */
#ifndef BOT_BASE_BOOK_RULES_H
#define BOT_BASE_BOOK_RULES_H

#include <stdbool.h>
#include <stdint.h>

enum book_chain {
    BOOK_CHAIN_NONE, /* nothing to check (bitFlyer) */
    BOOK_CHAIN_NEXT, /* seq_last is the one before plus one (Bybit's u) */
    BOOK_CHAIN_PREV, /* seq_prev is the seq_last before; the number may fall back (OKX seqId, Deribit change_id) */
    BOOK_CHAIN_IDS,  /* ranges that only rise: seq_prev is the seq_last before (Binance futures U/u/pu) or, without
                        seq_prev, the range goes on where the one before ended (Binance spot U/u) */
};

enum book_checksum {
    BOOK_CHECKSUM_NONE,
    BOOK_CHECKSUM_OKX, /* CRC32 of "bid:qty:ask:qty..." of the best 25 a side, texts as received; 0 means not given */
};

struct book_rules {
    enum book_chain    chain;
    enum book_checksum checksum;
    bool               snapshot_by_rest; /* the stream brings deltas only: they are kept until a snapshot comes */
};

#endif
