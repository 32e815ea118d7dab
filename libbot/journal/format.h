/* journal/format.h: the bytes of a journal, format 1.
 *
 * All numbers are little-endian. A file is one header of 256 bytes and records of 256 bytes, nothing else:
 *
 *     record n of a file whose header says first_record = f stands at byte 256 * (1 + n - f)
 *
 * Header                                        Record
 *   0   8  magic 89 'L' 'J' 'R' 0D 0A 1A 0A       0  4  crc     CRC-32C of bytes 4..255
 *   8   2  version            1                   4  4  chain   crc of the record before it; of the first record of a
 *  10   2  header size        256                               file: chain_in of the header
 *  12   2  record size        256                 8  8  number  counts up by one over all segments
 *  14   1  content  1 journal 2 trades 3 candles 16  8  wall    Unix ns when it was completed (market files: venue time
 *  15   1  0                                                    of its first item)
 *  16   8  first_record                          24  8  ts      monotonic ns of the first item that begins here; 0 none
 *  24   4  segment number, from 1                32  4  unsynced  records behind the last one known to be on the disk
 *  28   4  chain_in: crc of the last record                     when this was completed; saturates
 *          of the segment before, 0 if none      36  1  first   where in the payload the first item begins; FF: none does
 *  32   8  created, Unix ns (market: the         37  1  used    bytes of the payload in use; the rest is zero
 *          venue minute or day)                  38  1  flags   1: a run begins here, an unfinished item before it was
 *  40   8  created, monotonic ns (market: 0)                    cut off by the crash of the one before
 *  48   8  journal id, one for all segments      39  1  0
 *          (market: 0)                           40 216 payload
 *  56  16  venue: length, then text
 *  72  64  account: length, then text
 * 136  32  instrument (market files)
 * 168  32  library that wrote it
 * 200  52  zero
 * 252   4  CRC-32C of bytes 0..251
 *
 * The payloads of the records, one behind the other, form one stream of items. An item may begin in one record and end
 * in a later one, never across files. An item is: length of what follows (2 bytes, 1..65535), type (1), body. Types are
 * those of bot_journal_item_kind; bodies are specified in item.h. A record is valid if its crc matches; the stream is
 * whole if numbers count up by one and chain follows crc. Reading may begin at any record: at its `first`.
 *
 * Torn tail: when no valid record follows an invalid or incomplete one at the end of the last segment, the last write
 * was cut off. Everything from there on is dropped when the journal is opened for writing. If a valid record follows,
 * nothing is dropped: it is damage, it is reported with its place, and writing goes on in a new segment.
 *
 * Candle files: record k is minute k of the day and stands alone: chain 0, number k. A slot of zeros: not recorded.
 */
#ifndef BOT_JOURNAL_FORMAT_H
#define BOT_JOURNAL_FORMAT_H

#include "bot/journal.h"

#define JOURNAL_VERSION 1
#define JOURNAL_HEADER_SIZE 256
#define JOURNAL_RECORD_SIZE 256
#define JOURNAL_PAYLOAD_AT 40
#define JOURNAL_PAYLOAD_SIZE (JOURNAL_RECORD_SIZE - JOURNAL_PAYLOAD_AT)
#define JOURNAL_FIRST_NONE 0xff
#define JOURNAL_RECORD_RUN 1u /* flag */

enum journal_content { JOURNAL_CONTENT_EVENTS = 1, JOURNAL_CONTENT_TRADES = 2, JOURNAL_CONTENT_CANDLES = 3 };

struct journal_header {
    uint8_t  content;
    uint32_t segment, chain_in;
    uint64_t first_record, journal_id;
    int64_t  created_wall_ns;
    bot_ts   created;
    char     venue[16], account[64], instrument[32], library[32]; /* NUL-terminated; longer is cut by the encoder */
};

struct journal_record {
    uint32_t crc, chain, unsynced;
    uint64_t number;
    int64_t  wall_ns;
    bot_ts   ts;
    uint8_t  first, used, flags;
};

void bot__journal_header_encode(const struct journal_header *h, uint8_t *buf);
/* BOT_OK, BOT_ERR_TRUNCATED (len), BOT_ERR_MALFORMED (magic, sizes), BOT_ERR_VERSION (newer), BOT_ERR_CHECKSUM. */
int bot__journal_header_decode(const uint8_t *buf, size_t len, struct journal_header *ret);

/* Completes a record whose payload stands in buf already: fills bytes 0..39 and sets r->crc. */
void bot__journal_record_seal(struct journal_record *r, uint8_t *buf);
/* BOT_OK or BOT_ERR_CHECKSUM. A record whose crc holds but whose fields contradict themselves is BOT_ERR_MALFORMED. */
int bot__journal_record_decode(const uint8_t *buf, struct journal_record *ret);

static inline uint64_t bot__journal_offset(uint64_t first_record, uint64_t number)
{
    return JOURNAL_HEADER_SIZE + (number - first_record) * JOURNAL_RECORD_SIZE;
}

/* Little-endian loads and stores; each becomes one instruction where that is the machine's order. */
static inline void put_u16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)v; p[1] = (uint8_t)(v >> 8); }
static inline void put_u32(uint8_t *p, uint32_t v) { for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (8 * i)); }
static inline void put_u64(uint8_t *p, uint64_t v) { for (int i = 0; i < 8; i++) p[i] = (uint8_t)(v >> (8 * i)); }
static inline uint16_t get_u16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline __attribute__((always_inline)) uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline __attribute__((always_inline)) uint64_t get_u64(const uint8_t *p) { return get_u32(p) | (uint64_t)get_u32(p + 4) << 32; }

#endif
