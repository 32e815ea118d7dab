/* journal/market.h: records public trades and one-minute candles, so that any two recorders of a feed write the same bytes.
 *
 *   <path>/<venue>/<instrument>/<yyyymmdd>/trades-<hhmm>.journal   the trades of one minute of venue time
 *   <path>/<venue>/<instrument>/candles-<yyyymmdd>.journal         record k: the candle of minute k of the day, or zeros
 *
 * The bytes are those of journal/format.h; nothing in them depends on who recorded or when: order is by venue time, then
 * trade id, each id once. A minute is written when a trade of the instrument comes from grace_ns behind its end, and only if
 * it was heard from its beginning on; what was heard in part (started late, stream lost, too many trades) is written
 * under trades-<hhmm>.partial-<pid> and gets no candle. So files of one name are the same file, and merging two recorders
 * is copying. A trade that is stamped more than ten minutes ahead of all before it waits for the next: alone it is a damaged stamp, is left
 * out as late and makes the minutes under way partial. A character of a name that a file system may not like is written %XX.
 *
 * take copies a trade into memory on the loop's thread. Files are written by a thread of the recorder's own; if it falls
 * behind by more than queue_max minutes, minutes are dropped and counted: market data never shuts the gate.
 */
#ifndef BOT_JOURNAL_MARKET_H
#define BOT_JOURNAL_MARKET_H

#include "bot/journal.h"
#include "journal/fs.h"

struct market_recorder;

struct market_config {
    const char *path;            /* directory, made if its parent exists */
    const char *venue;
    uint32_t instruments_max;    /* 1..1024 */
    uint32_t trades_max;         /* of one instrument in one minute */
    uint32_t queue_max;          /* finished minutes that wait for the disk; 1..1024 */
    int64_t  grace_ns;           /* how late a trade may come: 5 s */
    const struct journal_fs *fs; /* NULL: the real one */
    bool     inline_rounds;      /* no thread: files are written by bot__market_round */
};

struct market_stats { /* counters only rise */
    uint64_t trades, duplicates, late, minutes, partial, dropped, failures;
};

int  bot__market_open(const struct market_config *config, struct market_recorder **ret);
/* Writes what is complete; minutes under way become partial files. NULL is allowed. */
void bot__market_close(struct market_recorder *m);

/* Loop thread. A TRADE event with venue_ns and trade_id; replayed and block trades are recorded as such. Others are ignored. */
void bot__market_take(struct market_recorder *m, const bot_event *ev);
/* Trades may have been missed: the minutes under way are partial, and the next whole one is the first that begins after the
 * next trade. instrument NULL: all. */
void bot__market_gap(struct market_recorder *m, const bot_symbol *instrument);
void bot__market_stats_get(const struct market_recorder *m, struct market_stats *ret);
/* inline_rounds: writes what waits. Returns files written. */
int  bot__market_round(struct market_recorder *m);

/* Path of the trade file of the minute that begins at minute_ns, or of the candle file of its day. Length or BOT_ERR_FULL. */
int bot__market_trades_path(const char *path, const char *venue, const char *instrument, int64_t minute_ns, char *buf, size_t size);
int bot__market_candles_path(const char *path, const char *venue, const char *instrument, int64_t minute_ns, char *buf, size_t size);
/* Candles from..to (venue ns, to excluded) out of a candle file: read by offset, nothing else of the file is touched. Calls
 * on_candle for each recorded one. Count, or BOT_ERR_IO, BOT_ERR_CHECKSUM. */
int bot__market_candles(const struct journal_fs *fs, const char *file, int64_t from_ns, int64_t to_ns,
                        void (*on_candle)(void *user_data, const bot_candle *candle), void *user_data);

#endif
