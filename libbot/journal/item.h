/* journal/item.h: what the stream of a journal is made of: items, byte by byte.
 *
 * An item is u16 length of what follows, u8 type, body. In bodies:
 *
 *   u8, u64     little-endian numbers of that many bits
 *   num         one length byte n (0..16) and n bytes, little-endian two's complement, as few as hold the value; n = 0 is 0
 *   dec         u8 scale (0..38), num coefficient
 *   text        u8 length, bytes; what the struct holds behind them is zero
 *   bool, enum  u8
 *
 * EVENT, TRADE:  u8 kind, u8 source, u8 present, u64 ts, then what the bits of `present` say: 1 u64 venue_ns, 2 num seq (else
 *                none), 4 num read_id, 8 text instrument, 16 num has, 32 u8 flags; then the payload of the kind, its
 *                fields in the order in which item.c (event_payload) names them.
 * RAW:           u64 ts, u8 source, num total length, the bytes kept
 * RUN:           u64 ts, u64 wall ns, num pid, text library
 * LOST:          u64 ts, num items, num from, num to
 * OPTIONS:       u64 ts, the text
 * CANDLE:        u64 minute, num open, high, low, close, volume, volume_buy (fixed point, 18 digits), num trades
 *
 * Format 1 knows no optional tail: a body that is longer or shorter than its type says is damage. A new field or kind
 * makes format 2, and format 1 stays readable.
 */
#ifndef BOT_JOURNAL_ITEM_H
#define BOT_JOURNAL_ITEM_H

#include "bot/journal.h"

#define JOURNAL_ITEM_HEAD 3           /* length and type */
#define JOURNAL_EVENT_ITEM_MAX 640    /* every event fits, head included; encoders may scribble up to 16 bytes past the end */
#define JOURNAL_ITEM_MAX (2 + 65535)
#define JOURNAL_EVENT_ROOM (JOURNAL_EVENT_ITEM_MAX + 48) /* the decoder of events may look so far behind one's beginning, and makes
                                       * nothing of what it sees behind its end */

/* Writes one whole item; buf holds JOURNAL_EVENT_ITEM_MAX + 16 bytes. Returns its length, or BOT_ERR_INVALID (an id longer
 * than its bound, an enum or scale out of its range) or BOT_ERR_UNSUPPORTED (BOOK, TRADE, CONTROL: not journaled). */
int bot__item_encode_event(const bot_event *ev, uint8_t *buf);
/* The same for the market files: TRADE only. */
int bot__item_encode_trade(const bot_event *ev, uint8_t *buf);
int bot__item_encode_run(bot_ts ts, int64_t wall_ns, uint64_t pid, const char *library, uint8_t *buf);
int bot__item_encode_lost(bot_ts ts, uint64_t items, bot_ts from, bot_ts to, uint8_t *buf);
int bot__item_encode_candle(const bot_candle *candle, uint8_t *buf);
/* buf holds len + 64 bytes; len at most 65000 (BOT_ERR_INVALID). */
int bot__item_encode_raw(bot_ts ts, bot_source source, const void *bytes, uint32_t len, uint32_t total, uint8_t *buf);
int bot__item_encode_options(bot_ts ts, const char *text, uint32_t len, uint8_t *buf);

/* Reads the item at p, whose head says that it is len bytes long. Fills kind, ts, event, the union and bytes (borrowed from
 * p). BOT_OK, or BOT_ERR_MALFORMED when anything in it is not as specified. */
int bot__item_decode(const uint8_t *p, size_t len, bot_journal_item *ret);
/* The same, quicker where `readable` bytes (not below len) from p on may be read and it is at least JOURNAL_EVENT_ROOM. */
int bot__item_decode_in(const uint8_t *p, size_t len, size_t readable, bot_journal_item *ret);

/* Events that may wait for company before a record is written: losing the last second of them costs nothing. */
static inline bool bot__item_is_lazy(uint16_t kind) { return kind == BOT_EV_TICK || kind == BOT_EV_FRAME; }

#endif
