#include "base/time_text.h"

#include <string.h>

#include "base/assert.h"

#define DAY_S 86400

/* Both directions count in eras of 400 years that begin on the first of March, so that the leap day is an era's and a
 * year's last. */
int64_t bot__days_from_civil(int32_t year, unsigned month, unsigned day)
{
    BOT_ASSERT(month >= 1 && month <= 12);
    BOT_ASSERT(day >= 1 && day <= 31);
    const int64_t y = (int64_t)year - (month <= 2);
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t year_of_era = y - era * 400;
    const int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;
    const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void bot__civil_from_days(int64_t days, struct civil *ret)
{
    const int64_t z = days + 719468;
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const int64_t day_of_era = z - era * 146097;
    const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month_from_march = (5 * day_of_year + 2) / 153;
    ret->day = (uint8_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    ret->month = (uint8_t)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    ret->year = (int32_t)(year_of_era + era * 400 + (ret->month <= 2));
}

void bot__civil_from_ns(int64_t unix_ns, struct civil *ret)
{
    int64_t seconds = unix_ns / BOT_NS_PER_S, ns = unix_ns % BOT_NS_PER_S;
    if (ns < 0) {
        ns += BOT_NS_PER_S;
        seconds--;
    }
    int64_t days = seconds / DAY_S, rest = seconds % DAY_S;
    if (rest < 0) {
        rest += DAY_S;
        days--;
    }
    bot__civil_from_days(days, ret);
    ret->hour = (uint8_t)(rest / 3600);
    ret->minute = (uint8_t)(rest / 60 % 60);
    ret->second = (uint8_t)(rest % 60);
    ret->ns = (int32_t)ns;
}

/* n digits at p as a number, or -1. */
static int digits(const char *p, int n)
{
    int v = 0;
    for (int i = 0; i < n; i++) {
        const unsigned d = (unsigned char)p[i] - '0';
        if (d > 9)
            return -1;
        v = v * 10 + (int)d;
    }
    return v;
}

static bool civil_exists(const struct civil *c)
{
    static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (c->month < 1 || c->month > 12 || c->day < 1 || c->hour > 23 || c->minute > 59 || c->second > 59)
        return false;
    const bool leap = c->year % 4 == 0 && (c->year % 100 != 0 || c->year % 400 == 0);
    return c->day <= days[c->month - 1] + (c->month == 2 && leap);
}

static int civil_to_ns(const struct civil *c, int64_t *ret_ns)
{
    /* 1678 and 2261 are the outermost whole years of 64 bits of nanoseconds. */
    if (!civil_exists(c) || c->year < 1678 || c->year > 2261)
        return BOT_ERR_MALFORMED;
    const int64_t seconds = bot__days_from_civil(c->year, c->month, c->day) * DAY_S + c->hour * 3600 + c->minute * 60 + c->second;
    *ret_ns = seconds * BOT_NS_PER_S + c->ns;
    return BOT_OK;
}

int bot__iso_parse(const char *text, size_t len, int64_t *ret_ns)
{
    if (len < 19 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
        return BOT_ERR_MALFORMED;
    const int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2), hour = digits(text + 11, 2),
              minute = digits(text + 14, 2), second = digits(text + 17, 2);
    if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0)
        return BOT_ERR_MALFORMED;

    const char *p = text + 19, *end = text + len;
    int32_t ns = 0;
    if (p != end && *p == '.') {
        int32_t unit = 100000000;
        for (p++; p != end && *p >= '0' && *p <= '9'; p++, unit /= 10) {
            if (unit == 0)
                return BOT_ERR_MALFORMED; /* a tenth digit */
            ns += unit * (*p - '0');
        }
    }
    if (p != end && *p == 'Z')
        p++;
    if (p != end)
        return BOT_ERR_MALFORMED;
    return civil_to_ns(&(struct civil){ year, (uint8_t)month, (uint8_t)day, (uint8_t)hour, (uint8_t)minute, (uint8_t)second, ns },
                       ret_ns);
}

int bot__http_date_parse(const char *text, size_t len, int64_t *ret_ns)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (len != 29 || memcmp(text + 25, " GMT", 4) != 0 || text[3] != ',' || text[4] != ' ' || text[7] != ' ' || text[11] != ' ' ||
        text[16] != ' ' || text[19] != ':' || text[22] != ':')
        return BOT_ERR_MALFORMED;
    unsigned month = 0;
    for (unsigned i = 0; i < 12 && month == 0; i++)
        if (memcmp(text + 8, months + 3 * i, 3) == 0)
            month = i + 1;
    const int day = digits(text + 5, 2), year = digits(text + 12, 4), hour = digits(text + 17, 2), minute = digits(text + 20, 2),
              second = digits(text + 23, 2);
    if (month == 0 || day < 0 || year < 0 || hour < 0 || minute < 0 || second < 0)
        return BOT_ERR_MALFORMED;
    return civil_to_ns(&(struct civil){ year, (uint8_t)month, (uint8_t)day, (uint8_t)hour, (uint8_t)minute, (uint8_t)second, 0 },
                       ret_ns);
}

static char *put_digits(char *p, int v, int n)
{
    for (int i = n - 1; i >= 0; i--, v /= 10)
        p[i] = (char)('0' + v % 10);
    return p + n;
}

void bot__iso_format_ms(int64_t unix_ns, char ret_text[BOT_ISO_MS_SIZE])
{
    struct civil c;
    bot__civil_from_ns(unix_ns, &c);
    char *p = put_digits(ret_text, c.year, 4);
    *p++ = '-';
    p = put_digits(p, c.month, 2);
    *p++ = '-';
    p = put_digits(p, c.day, 2);
    *p++ = 'T';
    p = put_digits(p, c.hour, 2);
    *p++ = ':';
    p = put_digits(p, c.minute, 2);
    *p++ = ':';
    p = put_digits(p, c.second, 2);
    *p++ = '.';
    p = put_digits(p, c.ns / 1000000, 3);
    *p++ = 'Z';
    *p = '\0';
}
