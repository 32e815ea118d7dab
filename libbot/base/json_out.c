#include "base/json.h"

void bot__jo_init(struct json_out *o, char *buf, size_t size)
{
    *o = (struct json_out){ .buf = buf, .size = size };
}

static void put(struct json_out *o, const char *p, size_t n)
{
    if (o->overflow || n >= o->size - o->len) { /* one byte stays for the NUL */
        o->overflow = true;
        return;
    }
    memcpy(o->buf + o->len, p, n);
    o->len += n;
}

static void put_escaped(struct json_out *o, const char *p, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    put(o, "\"", 1);
    for (size_t i = 0; i < n;) {
        const unsigned char c = (unsigned char)p[i];
        if (c == '"' || c == '\\') {
            put(o, (const char[]){ '\\', (char)c }, 2);
            i++;
        } else if (c < 0x20 || c == 0x7f) {
            put(o, (const char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
            i++;
        } else if (c < 0x80) {
            size_t end = i + 1;
            while (end < n && (unsigned char)p[end] >= 0x20 && (unsigned char)p[end] < 0x7f && p[end] != '"' && p[end] != '\\')
                end++;
            put(o, p + i, end - i);
            i = end;
        } else {
            /* What is no UTF-8 becomes the replacement character, so that what we write can always be read. */
            size_t len = c >= 0xf0 && c <= 0xf4 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc2 && c < 0xe0 ? 2 : 0;
            bool good = len != 0 && i + len <= n;
            for (size_t k = 1; good && k < len; k++)
                good = ((unsigned char)p[i + k] & 0xc0) == 0x80;
            if (good && ((c == 0xe0 && (unsigned char)p[i + 1] < 0xa0) || (c == 0xed && (unsigned char)p[i + 1] >= 0xa0) ||
                         (c == 0xf0 && (unsigned char)p[i + 1] < 0x90) || (c == 0xf4 && (unsigned char)p[i + 1] >= 0x90)))
                good = false;
            if (good)
                put(o, p + i, len);
            else
                put(o, "\xef\xbf\xbd", 3);
            i += good ? len : 1;
        }
    }
    put(o, "\"", 1);
}

static void key_of(struct json_out *o, const char *key)
{
    if (o->need_comma)
        put(o, ",", 1);
    o->need_comma = true;
    if (key != NULL) {
        put_escaped(o, key, strlen(key));
        put(o, ":", 1);
    }
}

void bot__jo_object(struct json_out *o, const char *key)
{
    key_of(o, key);
    put(o, "{", 1);
    o->need_comma = false;
}
void bot__jo_object_end(struct json_out *o)
{
    put(o, "}", 1);
    o->need_comma = true;
}
void bot__jo_array(struct json_out *o, const char *key)
{
    key_of(o, key);
    put(o, "[", 1);
    o->need_comma = false;
}
void bot__jo_array_end(struct json_out *o)
{
    put(o, "]", 1);
    o->need_comma = true;
}
void bot__jo_strn(struct json_out *o, const char *key, const char *value, size_t len)
{
    key_of(o, key);
    put_escaped(o, value, len);
}
void bot__jo_str(struct json_out *o, const char *key, const char *value) { bot__jo_strn(o, key, value, strlen(value)); }

void bot__jo_i64(struct json_out *o, const char *key, int64_t value)
{
    char text[24], *end = text + sizeof text, *p = end;
    uint64_t v = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do *--p = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    if (value < 0) *--p = '-';
    key_of(o, key);
    put(o, p, (size_t)(end - p));
}

void bot__jo_bool(struct json_out *o, const char *key, bool value)
{
    key_of(o, key);
    if (value) put(o, "true", 4);
    else put(o, "false", 5);
}

static void decimal(struct json_out *o, const char *key, bot_dec value, const char *quote)
{
    char text[BOT_DEC_TEXT_MAX];
    const size_t n = bot_dec_format(value, text);
    key_of(o, key);
    put(o, quote, strlen(quote));
    put(o, text, n);
    put(o, quote, strlen(quote));
}
void bot__jo_dec(struct json_out *o, const char *key, bot_dec value) { decimal(o, key, value, "\""); }
void bot__jo_dec_bare(struct json_out *o, const char *key, bot_dec value) { decimal(o, key, value, ""); }
void bot__jo_fixed(struct json_out *o, const char *key, bot_i128 value) { decimal(o, key, bot_dec_from_fixed(value), "\""); }

void bot__jo_raw(struct json_out *o, const char *key, const char *json, size_t len)
{
    key_of(o, key);
    put(o, json, len);
}

int bot__jo_end(struct json_out *o)
{
    if (o->overflow || o->size == 0)
        return BOT_ERR_FULL;
    o->buf[o->len] = '\0';
    return (int)o->len;
}
