/* bot/journal.h: the flight recorder: everything the core decided on, in files that explain themselves.
 *
 * A journal is a directory. It holds segments (00000001.journal, ...), an index beside each sealed one
 * (00000001.index, derived: it may be deleted and is then rebuilt), the two newest checkpoints of the state (derived as well;
 * libbot/journal/checkpoint.h) and a file named lock. One process writes at a time;
 * any number may read, also while it is written, also through a web server: record n stands at a computable offset and
 * any slice that is aligned to records reads by itself. The bytes are specified at the top of libbot/journal/format.h.
 *
 * What a crash may cost, by policy:
 *   process killed      what was appended within the last commit_interval_ns (10 ms); ticks and signs of life, which
 *                       wait for company, within the last second
 *   power cut, kernel crash
 *     NONE              everything since the kernel wrote its pages back, usually 30 s
 *     INTERVAL          the last sync_interval_ns (200 ms) and what was being synced
 *     EVERY_FILL        as INTERVAL, but a fill is synced as soon as it is appended: what was being synced. The loop does
 *                       not wait for the disk; bot_journal_stats.durable_record says what is safe
 * What is lost this way is fetched again from the venue at start; the journal resumes, it does not replace that proof.
 *
 * A journal that cannot be written, or makes no progress for stall_ns, shuts the gate (reason JOURNAL) at once.
 */
#ifndef BOT_JOURNAL_H
#define BOT_JOURNAL_H

#include "err.h"
#include "event.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bot_durability {
    BOT_DURABILITY_INTERVAL, /* default */
    BOT_DURABILITY_NONE,
    BOT_DURABILITY_EVERY_FILL,
} bot_durability;

typedef struct bot_journal_options {
    size_t         struct_size;        /* set by bot_journal_options_init */
    const char    *path;               /* directory, made if its parent exists. NULL: no journal. Copied. */
    bot_durability durability;
    int64_t        commit_interval_ns; /* 10 ms: how long appended events may wait to be written together. 1 us..10 s */
    int64_t        sync_interval_ns;   /* 200 ms: INTERVAL and EVERY_FILL. 1 ms..60 s */
    int64_t        stall_ns;           /* 2 s without progress of the disk shut the gate. 10 ms..60 s */
    int64_t        retry_interval_ns;  /* 1 s: after a failure the disk is tried again so often. 1 ms..1 h */
    uint64_t       segment_bytes;      /* 64 MiB: a new file is begun behind this. 4 KiB..1 GiB, a multiple of 256 */
    uint32_t       ring_bytes;         /* 4 MiB between loop and disk; full is a failure, not a wait. Power of two, 64 KiB..1 GiB */
    uint32_t       raw_message_max;    /* 4096: bytes kept of a message that could not be read. 0..32768 */
    uint32_t       raw_segment_max;    /* 1 MiB: of such bytes in one segment; beyond it they are counted only */
    /* Market data: public trades and one-minute candles of every instrument subscribed to. */
    const char    *market_path;        /* directory, must exist; NULL: off. Copied. */
    uint32_t       market_trades_max;  /* 65536 trades of one instrument in one minute; more mark the minute partial */
    /* 16 MiB: a checkpoint of the state is kept about so far behind the end, so that opening replays at most twice that, however
     * long the journal is. Made by a thread of its own from the records; costs about a third of that in disk. 0: none is read or
     * written. Else 64 KiB..1 TiB. */
    uint64_t       checkpoint_bytes;
} bot_journal_options;
BOT_API void bot_journal_options_init(bot_journal_options *options);

/* What was written. Counters only rise, over the life of the handle. */
typedef struct bot_journal_stats {
    uint64_t appended;       /* items taken from the loop */
    uint64_t lost;           /* items refused because the ring was full; a LOST item names them once the disk is back */
    uint64_t written;        /* of those appended: handed to the kernel, so that they survive this process */
    uint64_t next_record;    /* gauge: number of the next record */
    uint64_t durable_record; /* gauge: every record below this survives a power cut */
    uint64_t writes, syncs, segments, failures, raw_kept, raw_dropped;
    uint64_t ring_used_max;  /* gauge: most bytes that ever waited */
    uint64_t checkpoints, checkpoints_failed; /* made while running; tried in vain, which costs time at the next start only */
} bot_journal_stats;

/* ---- reading ------------------------------------------------------------------------------------------------ */

typedef enum bot_journal_item_kind {
    BOT_JOURNAL_EVENT = 1,   /* one bot_event */
    BOT_JOURNAL_RAW = 2,     /* bytes of a message that could not be read, right before the error event that it caused */
    BOT_JOURNAL_RUN = 3,     /* a process began to write: run */
    BOT_JOURNAL_LOST = 4,    /* events are missing here: lost */
    BOT_JOURNAL_OPTIONS = 5, /* the core's options of this run, as text lines "name=value" */
    BOT_JOURNAL_TRADE = 6,   /* market files: one public trade, as an event */
    BOT_JOURNAL_CANDLE = 7,  /* market files: candle */
} bot_journal_item_kind;

typedef struct bot_candle {
    int64_t   minute_ns;     /* venue time at which the minute begins */
    bot_px    open, high, low, close;
    bot_qty   volume, volume_buy; /* of all trades; of those whose taker bought */
    uint32_t  trades;
} bot_candle;

#if defined(__clang__) && defined(__cplusplus) /* as in core.h */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnested-anon-types"
#endif
typedef struct bot_journal_item {
    bot_journal_item_kind kind;
    uint64_t record;         /* the record in which it begins */
    uint64_t record_end;     /* the record in which it ends */
    int64_t  wall_ns;        /* Unix time at which record was written */
    bot_ts   ts;             /* monotonic time of the item itself, in its own run */
    bot_event event;         /* EVENT, TRADE */
    union {
        struct {
            int64_t  wall_ns;   /* at ts: wall time of an item of this run is run.wall_ns + (item.ts - run.ts) */
            uint64_t pid;
            char     library[32]; /* version that wrote it */
        } run;
        struct {
            uint64_t items;
            bot_ts   from, to;
        } lost;
        bot_candle candle;
    };
    const uint8_t *bytes;    /* RAW, OPTIONS: borrowed until the next call on the reader */
    uint32_t       bytes_len;
    uint32_t       bytes_total; /* RAW: length of the message, of which bytes_len are kept */
} bot_journal_item;
#if defined(__clang__) && defined(__cplusplus)
#pragma clang diagnostic pop
#endif

typedef enum bot_damage {
    BOT_DAMAGE_NONE,
    BOT_DAMAGE_CHECKSUM, /* records do not match their checksums */
    BOT_DAMAGE_MISSING,  /* records, or a whole segment, are not there */
    BOT_DAMAGE_ORDER,    /* a record stands in the wrong place, or follows another than the one it was written behind */
    BOT_DAMAGE_ITEM,     /* the record is whole, but what it holds cannot be understood */
    BOT_DAMAGE_HEADER,   /* the header of a segment cannot be read */
    BOT_DAMAGE_TORN,     /* the end of the journal is incomplete: the last write was cut off. Not an error by itself */
} bot_damage;

typedef struct bot_journal_place {
    bot_damage damage;
    uint32_t   segment;      /* number in the file's name */
    uint64_t   offset;       /* byte in that file */
    uint64_t   record;       /* first record concerned */
    uint64_t   records;      /* how many are unreadable or missing; 0 unknown */
    char       text[160];    /* one plain sentence */
} bot_journal_place;

typedef struct bot_journal_reader bot_journal_reader;

/**
 * Opens a journal for reading.
 *
 * @path     A journal's directory, one segment, a market file, or a slice of either that is aligned to records (given
 *           without a header when it does not begin at byte 0).
 * @venue, @account  When not NULL, what the journal must have been written for.
 * @ret_why  NULL, or filled with one plain sentence when the call fails, the remedy included.
 *
 * Returns BOT_OK or
 *   BOT_ERR_IO        a file or directory cannot be opened
 *   BOT_ERR_CONFLICT  it belongs to another venue or account
 *   BOT_ERR_VERSION   it was written by a newer version of the format
 *   BOT_ERR_MALFORMED it is not a journal
 *   BOT_ERR_NOMEM
 */
BOT_API int bot_journal_open_read(const char *path, const char *venue, const char *account,
                                  bot_journal_reader **ret_reader, bot_journal_place *ret_why);
BOT_API void bot_journal_close_read(bot_journal_reader *reader);

/**
 * The next item.
 *
 * Returns 1 with an item; 0 at the end (a journal being written may have more at the next call: that is how to follow
 * it); or negative, once for each damaged place, with the place in *ret_place (may be NULL): BOT_ERR_CHECKSUM,
 * BOT_ERR_CONFLICT (missing or in the wrong order), BOT_ERR_MALFORMED (item, header). The call after it goes on behind
 * the damage. BOT_ERR_IO when the file cannot be read; nothing moves then.
 */
BOT_API int bot_journal_next(bot_journal_reader *reader, bot_journal_item *ret_item, bot_journal_place *ret_place);
/* What stands behind the last whole record once next has returned 0: damage TORN, or NONE. */
BOT_API void bot_journal_tail(const bot_journal_reader *reader, bot_journal_place *ret_place);

/* The next item will be the first that begins in record `record` or later. BOT_ERR_NOT_FOUND: it lies behind the end. */
BOT_API int bot_journal_seek_record(bot_journal_reader *reader, uint64_t record);
/* The next item will be the first that begins in a record written at wall_ns or later. Where the wall clock was set back,
 * the earliest such record counts. */
BOT_API int bot_journal_seek_time(bot_journal_reader *reader, int64_t wall_ns);

/* What the journal says of itself; texts borrowed until close. */
typedef struct bot_journal_info {
    const char *venue, *account, *instrument; /* "" where it has none */
    uint64_t journal_id;
    uint32_t segments;
    uint64_t record_first, record_end; /* record_end: one past the last whole record when it was opened */
    int64_t  created_wall_ns;
} bot_journal_info;
BOT_API void bot_journal_info_get(const bot_journal_reader *reader, bot_journal_info *ret_info);

/* Name of a damage kind, "checksum"; never NULL. Any thread. */
BOT_API const char *bot_damage_name(bot_damage damage);

#ifdef __cplusplus
}
#endif
#endif
