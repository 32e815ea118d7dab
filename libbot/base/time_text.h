/* base/time_text.h: civil dates and the time texts of venues. Pure arithmetic on the proleptic Gregorian calendar in UTC;
 * no time zone, no leap second, no clock. Instants are Unix nanoseconds in 64 bits: years 1678 to 2261. */
#ifndef BOT_BASE_TIME_TEXT_H
#define BOT_BASE_TIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct civil {
    int32_t year;
    uint8_t month, day;            /* 1.. */
    uint8_t hour, minute, second;
    int32_t ns;                    /* 0 .. 999999999 */
};

/* Days since 1970-01-01 of a date that exists, and back. */
int64_t bot__days_from_civil(int32_t year, unsigned month, unsigned day);
void    bot__civil_from_days(int64_t days, struct civil *ret);
/* An instant as date and time of day. */
void bot__civil_from_ns(int64_t unix_ns, struct civil *ret);

/* Reads "2015-07-07T08:45:53", with up to nine fractional digits and with or without a final "Z"; a text without zone is
 * taken as UTC (bitFlyer's REST writes so). Nothing else: no offsets, no space for the T, no 24:00, no second 60, and no
 * date that does not exist. BOT_OK, or BOT_ERR_MALFORMED with *ret_ns untouched. */
int bot__iso_parse(const char *text, size_t len, int64_t *ret_ns);

/* Reads the one HTTP date form that senders may use: "Sun, 06 Nov 1994 08:49:37 GMT". The weekday is not checked. */
int bot__http_date_parse(const char *text, size_t len, int64_t *ret_ns);

#define BOT_ISO_MS_SIZE 25 /* "2020-12-08T09:08:57.715Z" and the NUL */
/* Writes milliseconds and "Z"; what is below a millisecond is cut off (never into the future). Years 0 to 9999. */
void bot__iso_format_ms(int64_t unix_ns, char ret_text[BOT_ISO_MS_SIZE]);

#endif
